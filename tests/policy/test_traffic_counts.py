"""Traffic is counted as well as what is released allows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from analyzer.engine import get_engine
from analyzer.policy.policy import Policy
from analyzer.policy.traffic_counts import count_accuracy, hourly_profile, spread_hours
from tests.risk.oracle import local_moment
from tests.risk.regions import random_rows, sightings_of

NEW_YORK = "America/New_York"
RUNNER = get_engine("local")


@pytest.fixture(scope="module")
def rows():
    return random_rows(np.random.default_rng(4), days=14, vehicles=25, most=60)


def test_profile_equals_counting_by_hand(rows):
    expected = np.zeros((6, 168), int)
    for _, ms, camera in rows:
        moment = local_moment(ms, NEW_YORK)
        expected[camera, 24 * moment.weekday() + moment.hour] += 1
    found = hourly_profile(sightings_of(rows).with_parts(3), RUNNER)
    # Exact repeats stand in the store once each here: nothing merges rows given as arrays.
    assert found.tolist() == expected.tolist()


def accuracy(rows, policy, days=14):
    sightings = sightings_of(rows)
    return count_accuracy(
        hourly_profile(sightings, RUNNER), 14, policy.apply(sightings), days, RUNNER
    )


def test_all_kept_counts_exactly_and_nothing_kept_not_at_all(rows):
    assert accuracy(rows, Policy(None)) == 1
    assert accuracy(rows, Policy(None, rotation="1D")) == 1
    assert accuracy(rows, Policy(None, time="1h")) == 1
    assert accuracy(rows, Policy("0D"), days=0) == 0


def test_what_is_rounded_away_is_missing_from_counts(rows):
    whole = [
        accuracy(rows, Policy(None, time="6h")),
        accuracy(rows, Policy(None, time="1D", space="zone")),
        accuracy(rows, Policy(None, time="7D", space="2km")),
    ]
    assert 1 > whole[0] > whole[1] > whole[2] > 0
    half = accuracy(rows, Policy(None, cameras=0.5))
    assert 0.2 < half < 0.8


def test_spreading_keeps_the_sum():
    counts = np.random.default_rng(0).random((3, 168))
    for hours in (1, 6, 24, 72, 168, 240):
        spread = spread_hours(counts, hours * 3_600_000)
        assert spread.sum() == pytest.approx(counts.sum())
    # Several days go round the week.
    late = np.zeros((1, 168))
    late[0, 160] = 24
    spread = spread_hours(late, timedelta(days=1) // timedelta(milliseconds=1))
    assert spread[0, :16].tolist() == [1] * 16
