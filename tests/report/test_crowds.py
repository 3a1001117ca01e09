from dataclasses import replace

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.estimate import ROUNDED_UP
from analyzer.report.crowds import (
    apart_from_wholes,
    published_anonymity,
    published_gain,
    published_grid,
    published_plateless,
    published_sizes,
)
from analyzer.report.disclosure import DEFAULT_K
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import measure_anonymity
from analyzer.risk.choosing import Anchors
from analyzer.risk.crowd_sizes import BELOW, crowd_sizes
from analyzer.risk.gain import measure_attribute_gain
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.home_work import pairs_at_level
from analyzer.risk.plateless import measure_plateless
from analyzer.risk.published import published


@pytest.mark.parametrize("seed", range(60))
def test_no_class_under_ten_is_shown_nor_follows_from_what_is(seed):
    rng = np.random.default_rng(seed)
    k = np.repeat([1, 3, 7, 12, 30, 200], rng.choice([0, 1, 4, 9, 10, 40], 6))
    if len(k) < DEFAULT_K:
        return
    sizes = crowd_sizes(k, 1_000, "exact")
    figures, classes = published_sizes(sizes)
    shown = classes["vehicles"].dropna()
    assert not ((shown > 0) & (shown < DEFAULT_K)).any()
    hidden = classes["vehicles"].isna()
    # The total is known, so a class hidden alone would follow from the others; and a share under a
    # limit may add nothing to what the classes say.
    assert hidden.sum() != 1
    for limit in BELOW:
        inside = classes["k_from"] < limit
        known = figures[f"k_below_{limit}"] is not None
        assert known <= (not hidden[inside].any())
        if known:
            share = figures[f"k_below_{limit}"]
            assert round(share.value * share.n) == classes.loc[inside, "vehicles"].sum()
    assert figures["median_k"] is not None


def test_fewer_than_ten_targets_are_not_told():
    figures, classes = published_sizes(crowd_sizes(np.full(7, 40), 1_000, "exact"))
    assert set(figures.values()) == {None}
    assert classes["vehicles"].fillna(0).sum() == 0


def test_home_and_work_and_sightings_are_held_back_too():
    # Three vehicles; nobody has a home.
    sightings = from_arrays([0, 1, 2], [0, 0, 0], [0, 0, 1], color=["red", "red", "black"])
    figures, _ = published_anonymity(measure_anonymity(sightings, Adversary(1)))
    assert len(figures) == 10
    assert set(figures["points"].values()) == {None}
    held, classes = published_plateless(measure_plateless(sightings, ["color"]))
    assert set(held.values()) == {None}
    assert classes["sightings"].fillna(0).sum() == 0


def of_anchors(both, homes, works, vehicles=190):
    """Anonymity of vehicles of which so many have both; each pair of places belongs to many."""
    home, work = np.full(vehicles, -1), np.full(vehicles, -1)
    home[:homes] = np.arange(homes) % both % 5
    work[np.r_[:both, vehicles - works + both : vehicles]] = np.arange(works) % both % 5
    anchors = Anchors(home, work)
    pairs = pairs_at_level(anchors, np.arange(vehicles), "camera", published("home and work")[0])
    assert (pairs.pair.median.n, pairs.homes, pairs.works) == (both, homes, works)
    codes = np.arange(vehicles)
    found = measure_anonymity(from_arrays(codes, np.zeros(vehicles), codes), Adversary(1))
    return replace(found, home_work=(pairs,))


@pytest.mark.parametrize(
    ("both", "homes", "works", "told"),
    [
        (57, 100, 80, 57), (57, 100, 62, 60), (60, 69, 80, 60), (57, 65, 62, 60),
        (57, 100, 57, 57), (8, 100, 12, None), (178, 183, 185, 180),
    ],
)  # fmt: skip
def test_homes_and_works_together_do_not_tell_who_has_one_of_them(both, homes, works, told):
    anonymity = of_anchors(both, homes, works)
    figures, _ = published_anonymity(anonymity)
    for what in ("home and work", "home", "work"):
        for name, figure in figures[f"{what}, camera"].items():
            assert (figure and figure.n) in ((told,) if told else (None,)), (what, name)
            if figure is not None:
                near = any(0 < whole - both < 10 for whole in (homes, works))
                assert (ROUNDED_UP in figure.method) == near
    summary = apart_from_wholes(anonymity).summary()
    assert told is None or f", of {told:,};" in summary


@pytest.mark.parametrize(("homes", "works", "value"), [(77, 68, None), (100, 80, 1.0)])
def test_a_share_few_fewer_than_all_works_is_not_told_either(homes, works, value):
    # All 60 with both are alone; of 77 they are far from all, but 68 have a work place.
    found = of_anchors(60, homes, works)
    alone = crowd_sizes(np.ones(60, int), 60, "exact")
    shown = replace(found, home_work=(replace(found.home_work[0], pair=alone),))
    share = published_anonymity(shown)[0]["home and work, camera"]["k_below_2"]
    assert (share and share.value) == value


def test_cells_and_gains_of_few_have_no_value():
    # Vehicles 0 to 29 are alone in the hours of their own; 30 to 99 share one, 100 to 104 a camera.
    hour = 3_600_000
    ms = np.r_[np.arange(30) * hour, np.full(75, 40 * hour)]
    camera = np.r_[np.zeros(100), np.arange(1, 6)]
    color = ["red"] * 30 + ["red"] * 66 + ["black", "white", "grey", "blue"] + ["red"] * 5
    sightings = from_arrays(np.arange(105), ms, camera, color=color)
    grid = measure_unicity_grid(sightings, [1], ["1h", "7D"], ["camera"])
    assert [round(cell.share.value * 105) for cell in grid.cells] == [35, 5]
    shown = published_grid(grid)
    assert [cell.share.is_measured for cell in shown.cells] == [True, False]
    assert "fewer than 10" in shown.cells[1].share.method
    assert shown.to_dict()["cells"][1]["value"] is None
    assert shown.law == grid.law
    assert "35 of" not in shown.summary() and "5 %" not in shown.summary().split("Published")[0]
    gain = measure_attribute_gain(sightings, Adversary(1, attributes=("color",)))
    assert round(gain.gain.value * 105) == 4
    held = published_gain(gain)
    assert not held.gain.is_measured
    assert held.steps[0].shares[0] == gain.steps[0].shares[0]
    # The share with attributes would give the gain away.
    assert not held.steps[1].shares[0].is_measured
    assert "cannot be told: held back" in held.summary()


def test_what_all_attributes_add_to_one_is_held_back_where_it_is_few():
    # Colour tells 20 of 60 apart, make 4 others: together 24 of 60.
    color = [f"c{number}" for number in range(20)] + ["red"] * 40
    make = ["Kia"] * 20 + [f"m{number}" for number in range(4)] + ["Kia"] * 36
    sightings = from_arrays(np.arange(60), np.zeros(60), np.zeros(60), color=color, make=make)
    known = Adversary(1, attributes=("color", "make"))
    gain = measure_attribute_gain(sightings, known)
    assert [round(step.gains[0].value * 60) for step in gain.steps] == [0, 20, 4, 24]
    shown = published_gain(gain)
    assert [step.gains[0].is_measured for step in shown.steps] == [True, False, False, True]
    assert [step.shares[0].is_measured for step in shown.steps] == [True, False, False, True]
