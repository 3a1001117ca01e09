"""Days until half are known: held against looking at every day, one by one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import get_engine
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.policy.days_until import LOOKED_AT, find_days_until_half
from analyzer.policy.retention import sweep_retention
from analyzer.risk.adversary import Adversary
from analyzer.synthetic import make_region
from tests.process_engine import ProcessEngine

RISKS = ("unicity", "homes", "works", "commutes")
DAYS = 17


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=150, days=DAYS, seed=8).sightings


@pytest.fixture(scope="module")
def found(region):
    return find_days_until_half(region, RISKS, Adversary(), 3, get_engine())


@pytest.fixture(scope="module")
def known_after(region):
    """Vehicles with a home, a work place, a commute at the end of each day, by name."""
    start = region.span[0].normalize()
    known = []
    for day in range(1, DAYS + 1):
        seen = region.between(
            str(start.date()), str(start.date() + timedelta(days=day))
        )
        trips = find_trips(seen)
        places = find_places(trips)
        table = places.to_pandas()
        commutes = find_commutes(find_routines(trips, places), places).to_pandas()
        known.append(
            {
                "homes": set(table["vehicle"][table["role"] == "home"]),
                "works": set(table["vehicle"][table["role"] == "work"]),
                "commutes": set(commutes["vehicle"]),
            }
        )
    return known


def test_is_the_first_day_on_which_half_have_been_known(region, found, known_after):
    frame = region.to_pandas()
    points = {
        vehicle: len(set(zip(rows["camera"], rows["seen_at"].dt.floor("h"), strict=True)))
        for vehicle, rows in frame.groupby("vehicle")
    }
    often = {vehicle for vehicle, count in points.items() if count >= 4}
    for each in found[1:]:
        assert each.days.n == len(often)
        assert each.vehicles == region.n_vehicles
        looked_at = sorted(
            int(day) for day in each.days.method.split("looked at on days ")[1].split(", ")
        )
        assert looked_at[-1] == DAYS
        assert set(looked_at) >= {day for day in LOOKED_AT if day <= each.days.value}
        so_far, reached = set(), math.nan
        for day in looked_at:
            so_far |= known_after[day - 1][each.risk] & often
            if 2 * len(so_far) >= len(often) and math.isnan(reached):
                reached = day
                # To the day: the day before was looked at, and half were not known then.
                assert day == 1 or day - 1 in looked_at
        assert each.days.value == reached or (math.isnan(reached) and not each.days.is_measured)
        assert each.by_end.value == pytest.approx(len(so_far) / len(often))
        assert each.data_days == DAYS
    homes = found[1]
    assert 1 < homes.days.value < DAYS
    assert homes.days.low <= homes.days.value <= homes.days.high


def test_singled_out_is_that_of_the_risk_profile(region, found):
    from analyzer.risk.days_until import days_until_singled_out

    alone = days_until_singled_out(region, Adversary(), 3, get_engine())
    assert found[0].days.value == alone.curve.until(0.5).value
    assert found[0].days.n == alone.targets


def test_parts_and_processes_change_no_digit(region, found):
    apart = find_days_until_half(
        region.with_parts(5), RISKS, Adversary(), 3, ProcessEngine(seed=2)
    )
    assert [each.to_dict() for each in apart] == [each.to_dict() for each in found]


def test_what_is_never_reached_is_not_extrapolated():
    # Everybody is seen at the same hours by the same cameras: nobody is ever alone.
    hours = 3_600_000 * np.add.outer(24 * np.arange(5), [8, 18]).ravel()
    crowd = from_arrays(
        np.repeat(np.arange(30), 10), np.tile(hours, 30), np.tile([0, 1], 150)
    )
    (until,) = find_days_until_half(crowd, ("unicity", "companions"), Adversary(), 0, get_engine())
    assert math.isnan(until.days.value)
    assert until.by_end.value == 0
    json.dumps(until.to_dict(), allow_nan=False)


def test_stands_on_the_sweep_and_is_withheld_of_few(region):
    risks = ("unicity", "homes")
    sweep = sweep_retention(region, ["1D", "7D"], risks=risks, seed=3)
    assert [each.risk for each in sweep.until_half] == list(risks)
    assert f"after {sweep.until_half[1].days.value:g} days" in sweep.summary()
    assert sweep.to_dict()["days_until_half"][1] == sweep.until_half[1].to_dict()
    json.dumps(sweep.to_dict(), allow_nan=False)
    hidden = sweep.published(10_000)
    assert not any(each.days.is_measured for each in hidden.until_half)
    assert "In a store that keeps all" not in hidden.summary()
    assert sweep_retention(region, ["1D"], until_half=False).until_half == ()


def test_no_vehicle_with_enough_points():
    few = from_arrays([0, 1], [0, 90_000_000], [0, 1])
    for until in find_days_until_half(few, RISKS, Adversary(), 0, get_engine()):
        assert until.days.n == 0
        assert not until.by_end.is_measured


def test_numbers_of_vehicles_side_by_side_tell_of_no_few(region):
    sweep = sweep_retention(region, ("3D", "7D"))
    n = sweep.windows[-1].share.n

    def beside(until_n, vehicles):
        until = tuple(
            replace(each, days=replace(each.days, n=until_n), vehicles=vehicles)
            for each in sweep.until_half
        )
        alone = replace(sweep, until_half=until, vehicles=vehicles, populations=())
        return alone.published(10)

    # 7 vehicles have the known sightings, but not before a leak: they would be told apart.
    near = beside(n + 7, n + 100)
    assert {step.share.n for step in near.of("unicity")} == {n + 7}
    assert {each.days.n for each in near.until_half} == {n + 7}
    apart = beside(n + 20, n + 100)
    assert {step.share.n for step in apart.of("unicity")} == {n}
    # All but 7 have them: their number is not said.
    all_but_few = beside(n + 30, n + 37)
    assert {each.days.n for each in all_but_few.until_half} == {0}
    assert not any(each.days.is_measured for each in all_but_few.until_half)
