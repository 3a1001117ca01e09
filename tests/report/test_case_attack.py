"""A case read by an attacker: all that a frame or the whole page says is true of ten together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyzer.report import case_page
from analyzer.report.case import build_case
from analyzer.report.shared import areas_of_cameras
from analyzer.report.texts import Texts
from analyzer.risk.vehicle_story import tell_vehicle
from analyzer.synthetic import make_region
from tests.report.test_case import apart, region


def passes_of(sightings):
    """All sightings by vehicle name, as (instant, local time, zone, area)."""
    table = sightings.to_pandas()
    cameras = sightings.camera_table
    code = {name: at for at, name in enumerate(cameras["name"])}
    at = table["camera"].map(code).to_numpy()
    local = table["seen_at"].dt.tz_convert(sightings.timezone or "UTC")
    area = areas_of_cameras(sightings)
    table = pd.DataFrame(
        {"vehicle": table["vehicle"], "local": local,
         "ms": table["seen_at"].dt.as_unit("ms").astype("int64"),
         "zone": cameras["zone"].to_numpy()[at], "area": area[at]}
    )  # fmt: skip
    return dict(list(table.sort_values("ms", kind="stable").groupby("vehicle", sort=False)))


def is_true(rows, element, begin, until):
    rows = rows[(rows["ms"] >= begin) & (rows["ms"] < until[-1])]
    kept = rows[rows["ms"] < until[element.step]]
    if element.kind == "seen":
        return len(kept) >= element.value
    if element.kind == "zone":
        return (kept["zone"] == element.value).any()
    if element.kind == "period":
        local = kept["local"]
        period = 8 * (local.dt.day_of_week >= 5) + local.dt.hour // 3
        return (period == element.value).any()
    gap = rows["ms"].diff().gt(45 * 60_000).cumsum()
    trips = rows.groupby(gap).agg(a=("area", "first"), b=("area", "last"), end=("ms", "last"))
    fits = (trips["a"] == element.value) & (trips["b"] == element.to)
    return (fits & (trips["end"] < until[element.step])).sum() >= 2


def fits(step, shared):
    """Whether what is told of one step is true of another vehicle's."""
    told = [
        shared.few_points in (None, bool(np.isnan(step.singled_out))),
        shared.home in (None, step.home is not None),
        shared.work in (None, step.work is not None),
        shared.commute in (None, step.commute is not None),
        shared.at_least is None or step.singled_out >= shared.at_least,
        shared.at_most is None or step.singled_out <= shared.at_most,
    ]
    for place, km in ((step.home, shared.home_km), (step.work, shared.work_km)):
        told.append(km is None or (place is not None and place.radius_m <= 1000 * km))
    return all(told)


@pytest.fixture(scope="module")
def synthetic():
    return make_region(vehicles=200, days=9, seed=6).sightings


@pytest.mark.parametrize("number", [0, 1, 2])
def test_all_that_is_shown_is_true_of_ten_vehicles_together_in_every_frame(synthetic, number):
    busy = pd.Series(synthetic.to_pandas()["vehicle"]).value_counts()
    attack(build_case(synthetic, busy.index[number * 12]))


def test_so_it_is_in_a_small_region():
    attack(build_case(region(), "veh-000000"))


def attack(case):
    story = case.story
    until = [step.until_ms for step in story.steps]
    passes = passes_of(case.sightings)
    true = {
        name: np.array([is_true(rows, each, story.begin_ms, until) for each in case.elements])
        for name, rows in passes.items()
    }
    steps = np.array([each.step for each in case.elements])
    together = [name for name, each in true.items() if each.all()]
    assert len(together) == case.shared_by
    # The frame of a step shows its elements and the step's facts; a table shows all facts.
    known = {name: tell_vehicle(case.sightings, name).steps for name in together[:60]}
    facts = {
        name: np.array([fits(*both) for both in zip(steps, case.known, strict=True)])
        for name, steps in known.items()
    }
    assert sum(each.all() for each in facts.values()) >= case.k
    shown = 0
    for frame in range(len(until)):
        names = [name for name, each in true.items() if each[steps <= frame].all()]
        assert len(names) >= case.k
        # What appears from one frame to the next is shared by as many, with all before it.
        assert (steps <= frame).sum() >= shown
        shown = (steps <= frame).sum()
        assert sum(facts[name][frame] for name in facts) >= case.k


def test_an_element_that_few_share_is_found_by_the_attack():
    """Otherwise the test above could not fail."""
    case = build_case(region(), "veh-000000")
    alone = replace(case.elements[0], kind="zone", value=2, to=-1)
    with pytest.raises(AssertionError):
        attack(replace(case, elements=(*case.elements, alone)))


def shared_text(case):
    return case_page._shared(case, False, Texts())


def test_a_class_that_most_vehicles_are_in_is_called_weak():
    case = build_case(region(), "veh-000000")
    assert 2 * case.shared_by > case.story.vehicles
    assert "says little about this one" in shared_text(case)
    assert "says little about this one" in case.summary()
    rare = replace(case, shared_by=12)
    assert "says little" not in shared_text(rare) and "of 12 vehicles" in shared_text(rare)
    hours = replace(rare, elements=tuple(e for e in case.elements if e.kind in ("period", "seen")))
    assert "only hours are shown" in shared_text(hours)
    assert "only hours" not in shared_text(rare)


def test_the_few_that_share_less_are_not_counted():
    """26 of 30 share it all: the number of the four others stands nowhere."""
    case = replace(build_case(region(), "veh-000000"), shared_by=26)
    assert "at least 20 vehicles" in shared_text(case) and "26" not in shared_text(case)
    assert "at least 20 vehicles" in case.summary() and "26" not in case.summary()


def test_a_number_of_sightings_alone_is_no_place_and_no_hour():
    case = build_case(apart(), "veh-000000")
    assert {each.kind for each in case.elements} <= {"seen"}
    assert "no zone, hour or way of it is shared" in shared_text(case)
    assert "shares" in case.summary() or "is shared by 10" in case.summary()


def test_the_page_says_which_radii_are_left_out(tmp_path):
    page = build_case(region(), "veh-000000").to_html(tmp_path / "case.html")
    assert "Radii are 1, 2, 5, 10 or 20 km" in page.read_text(encoding="utf-8")
