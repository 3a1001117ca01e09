"""The day on which a vehicle is singled out, against looking at the store after every day."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import numpy as np
import pytest

from analyzer.engine import get_engine
from analyzer.risk.adversary import Adversary
from analyzer.risk.days_until import days_until_singled_out
from analyzer.risk.knowledge import draw_targets
from tests.risk.oracle import bin_number, local_date, time_bin
from tests.risk.regions import AUTUMN, SPRING, random_rows, sightings_of

ZONE = "America/New_York"
LENGTHS = {"1h": timedelta(hours=1), "7h": timedelta(hours=7), "1D": timedelta(days=1)}


def days_by_looking(rows, targets, time, n_places):
    """For every vehicle: on which day its known points, as far as stored, fit it alone."""
    length = LENGTHS[time]
    start = min(local_date(ms, ZONE) for _, ms, _ in rows)
    last = (max(local_date(ms, ZONE) for _, ms, _ in rows) - start).days + 1
    held = defaultdict(set)
    for vehicle, ms, camera in rows:
        label = time_bin(ms, ZONE, length)
        held[vehicle].add((bin_number(label, length), camera, (label[0] - start).days + 1))
    days = {}
    for vehicle, keys in zip(targets.known.vehicle.tolist(), targets.known.keys, strict=True):
        known = {(int(key) // n_places, int(key) % n_places) for key in keys}
        days[vehicle] = None
        for day in range(1, last + 1):
            stored = {
                other: {(b, c) for b, c, d in points if d <= day} for other, points in held.items()
            }
            there = known & stored[vehicle]
            if there and sum(there <= points for points in stored.values()) == 1:
                days[vehicle] = day
                break
    return days, last


@pytest.mark.parametrize("time", LENGTHS)
@pytest.mark.parametrize(("start", "seed"), [(SPRING, 0), (AUTUMN, 1), (SPRING, 2)])
def test_days_are_those_of_looking_every_day(time, start, seed):
    rows = random_rows(np.random.default_rng(seed), start=start, busy=0.6)
    sightings = sightings_of(rows, timezone=ZONE)
    adversary = Adversary(points=3, time=time)
    found = days_until_singled_out(sightings, adversary, seed, get_engine())
    targets = draw_targets(sightings, adversary, None, seed, get_engine())
    expected, last = days_by_looking(rows, targets, time, targets.shared["n_places"])
    assert found.targets == len(expected) > 3 and found.days == last
    met = sorted(day for day in expected.values() if day is not None)
    assert sorted(np.repeat(found.curve.time, found.curve.events).tolist()) == met
    assert found.curve.n == len(expected)


def test_twins_are_never_singled_out():
    hours = np.arange(8) * 36_000_000
    twins = [(vehicle, SPRING + int(ms), 0) for vehicle in (0, 1) for ms in hours]
    found = days_until_singled_out(sightings_of(twins), Adversary(points=2), 0, get_engine())
    assert found.targets == 2
    assert not found.curve.until(0.5).is_measured
    assert found.curve.met_by(found.days).value == 0.0
