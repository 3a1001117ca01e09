"""Scores of trips against a comparison of every trip with every other."""

import numpy as np
import pandas as pd
import pytest

from analyzer.errors import InputError
from analyzer.scoring.trips import SLACK_MS, score_trips

SLACK = pd.Timedelta(SLACK_MS, "ms")


def random_trips(rng, vehicles, n):
    rows = []
    for vehicle in range(vehicles):
        at = pd.Timestamp("2026-03-02", tz="UTC")
        for _ in range(n):
            at += pd.Timedelta(int(rng.integers(11, 200)), "min")
            end = at + pd.Timedelta(int(rng.integers(0, 60)), "min")
            rows.append((f"v{vehicle}", at, end))
            at = end
    return pd.DataFrame(rows, columns=["vehicle", "started_at", "ended_at"])


def overlaps(one, other):
    return (
        one.vehicle == other.vehicle
        and one.started_at - SLACK <= other.ended_at
        and other.started_at <= one.ended_at + SLACK
    )


@pytest.mark.parametrize("seed", range(6))
def test_right_trips_are_those_that_pair_one_to_one(seed):
    rng = np.random.default_rng(seed)
    true, found = random_trips(rng, 4, 12), random_trips(rng, 5, 9)
    truths, finds = list(true.itertuples()), list(found.itertuples())
    finds = [f for f in finds if f.vehicle in set(true["vehicle"])]
    right = 0
    for find in finds:
        partners = [t for t in truths if overlaps(find, t)]
        if len(partners) == 1 and sum(overlaps(partners[0], f) for f in finds) == 1:
            right += 1
    assert right > 0
    score = score_trips(found.sample(frac=1, random_state=1), true, pd.Index(found["vehicle"]))
    assert score["precision"].value == right / len(finds)
    assert score["recall"].value == right / len(truths)


def test_vehicles_unknown_to_the_truth_say_so():
    trips = random_trips(np.random.default_rng(0), 1, 3)
    with pytest.raises(InputError, match="another key"):
        score_trips(trips, trips.assign(vehicle="x"), pd.Index(["v0"]))
