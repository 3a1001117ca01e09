"""Changes of routine: the split by brute force, how seldom chance has one, and planted changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import xlogy

from analyzer.patterns.changes import LEAST_GAIN, LEAST_SIDE, LEAST_STEP, find_changes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from tests.process_engine import ProcessEngine

from . import lives

MONDAY = 4


def changes_of(rows, weekdays=0b1111111):
    """Find the change of one routine from its row of zeros and ones, a day each."""
    kept = MONDAY + np.flatnonzero(rows)
    return find_changes(
        kept, np.array([0, len(kept)]), np.array([MONDAY]), np.array([MONDAY + len(rows) - 1]),
        np.array([weekdays]),
    )  # fmt: skip


def split_by_hand(rows):
    """Try every split with the likelihood of two rates, written out."""
    best = (LEAST_GAIN, -1)
    whole = np.sum(xlogy(rows, rows.mean()) + xlogy(1 - rows, 1 - rows.mean()))
    for at in range(LEAST_SIDE, len(rows) - LEAST_SIDE + 1):
        parts = [rows[:at], rows[at:]]
        rates = [part.mean() for part in parts]
        gain = -whole + sum(
            np.sum(xlogy(part, rate) + xlogy(1 - part, 1 - rate))
            for part, rate in zip(parts, rates, strict=True)
        )
        if gain > best[0] + 1e-9 and abs(rates[0] - rates[1]) >= LEAST_STEP:
            best = (gain, at)
    return best[1]


@pytest.mark.parametrize("seed", range(40))
def test_the_split_is_that_of_trying_all(seed):
    random = np.random.default_rng(seed)
    n, at = int(random.integers(5, 90)), random.uniform()
    rate = np.where(np.arange(n) < at * n, *random.uniform(0, 1, 2))
    rows = (random.uniform(size=n) < rate).astype(float)
    changed, before, after = changes_of(rows)
    expected = split_by_hand(rows)
    assert changed[0] == (MONDAY + expected if expected >= 0 else -1)
    if expected >= 0:
        assert before[0] == pytest.approx(rows[:expected].mean())
        assert after[0] == pytest.approx(rows[expected:].mean())


@pytest.mark.parametrize("rate", [0.3, 0.6, 0.9])
def test_a_routine_that_does_not_change_seldom_seems_to(rate):
    random = np.random.default_rng(int(10 * rate))
    seemed = sum(
        changes_of(random.uniform(size=n) < rate)[0][0] >= 0
        for n in (20, 60, 130)
        for _ in range(300)
    )
    assert seemed <= 0.01 * 900


def test_days_off_are_no_change():
    rows = np.ones(56, bool)
    rows[np.arange(56) % 7 >= 5] = False
    assert changes_of(rows, weekdays=0b0011111)[0][0] == -1
    # Two weeks of holidays in the middle are none either.
    rows[21:35] = False
    assert changes_of(rows, weekdays=0b0011111)[0][0] == -1


def worker(days, leaves, work):
    life = []
    for day in days:
        if day % 7 < 5:
            way = [0, 2, work - 2, work] if work > 4 else [0, 1, 2, work]
            life += lives.drive(day, leaves, way) + lives.drive(day, leaves + 9.5, way[::-1])
        else:
            life += lives.drive(day, 11, [0]) + lives.drive(day, 15, [0])
    return life


def changes_found(life):
    trips = find_trips(lives.sightings_of([life]))
    return find_routines(trips, find_places(trips)).changes()


def test_a_planted_change_of_hour_comes_out():
    found = changes_found(worker(range(35), 7.5, 6) + worker(range(35, 70), 9.5, 6))
    assert set(found["kind"]) == {"hour"}
    out = found[found["origin_before"] == 0].iloc[0]
    assert (out["minute_before"], out["minute_after"]) == (450.0, 570.0)
    planted = np.datetime64(lives.MONDAY // lives.DAY + 35, "D")
    assert abs((found["changed_at"] - planted).dt.days).max() <= 3


def test_a_planted_change_of_work_place_comes_out():
    found = changes_found(worker(range(35), 7.5, 7) + worker(range(35, 70), 7.5, 3))
    assert "place" in set(found["kind"])
    assert (found.loc[found["kind"] == "place", "origin_before"] >= 0).all()


def test_a_life_without_change_has_none():
    assert len(changes_found(worker(range(70), 7.5, 6))) == 0


def test_parts_and_processes_change_no_digit():
    people = [
        worker(range(35), 7.5, 6) + worker(range(35, 70), 9.5, 6),
        worker(range(70), 7.5, 6),
        worker(range(28), 8.0, 7) + worker(range(28, 70), 8.0, 3),
    ]
    sightings = lives.sightings_of(people)

    def changes(of, engine="local"):
        trips = find_trips(of, engine=engine)
        places = find_places(trips, engine=engine)
        return find_routines(trips, places, engine=engine).changes()

    whole = changes(sightings)
    assert len(whole) >= 2
    pd.testing.assert_frame_equal(
        changes(sightings.with_parts(3), ProcessEngine(seed=1)), whole, check_exact=True
    )
