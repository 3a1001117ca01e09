"""Weekly profiles: hours of the week by hand, and a worker's week."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.patterns.places import find_places
from analyzer.patterns.profiles import STATES, find_weekly_profile, week_hours
from analyzer.patterns.trips import find_trips

from . import lives
from .lives import HOUR, MONDAY


def test_hours_of_the_week_are_those_counted_minute_by_minute():
    random = np.random.default_rng(3)
    start = MONDAY + random.integers(0, 9 * 24 * 60, 20) * 60_000
    end = start + random.integers(0, 3 * 24 * 60, 20) * 60_000
    state = random.integers(0, 3, 20)
    expected = np.zeros((3, 168), np.int64)
    for one, two, of in zip(start.tolist(), end.tolist(), state.tolist(), strict=True):
        for minute in range(one, two, 60_000):
            expected[of, (minute - MONDAY) // HOUR % 168] += 60_000
    assert (week_hours(start, end, state, 3) == expected).all()


def test_a_worker_is_at_home_by_night_and_at_work_by_day():
    profile = find_weekly_profile(find_places(find_trips(lives.sightings_of([lives.day_worker()]))))
    table = profile.to_pandas().set_index(["weekday", "hour"])
    assert table.loc[("Wed", 3), "home"] == 1.0
    assert table.loc[("Wed", 12), "work"] == 1.0
    assert table.loc[("Wed", 7), "on_the_road"] == pytest.approx(0.5)
    assert table.loc[("Sun", 20), "home"] == 1.0
    shares = table[[name.replace(" ", "_") for name in STATES]].sum(axis=1)
    assert shares.to_numpy() == pytest.approx(np.ones(168))
    assert "100 % of the time observed is spent at a known home" in profile.summary()
    assert profile.plot().get_xlabel()


def test_all_time_observed_is_told():
    sightings = lives.sightings_of(lives.everybody())
    places = find_places(find_trips(sightings))
    profile = find_weekly_profile(places)
    stays = places.stays()
    seen = stays.groupby("vehicle").agg(first=("started_at", "min"), last=("ended_at", "max"))
    hours = (seen["last"] - seen["first"]).dt.total_seconds().sum() / 3600
    assert profile.to_pandas()["observed_h"].sum() == pytest.approx(hours)
    split = find_weekly_profile(find_places(find_trips(sightings.with_parts(5))))
    assert (split.spent == profile.spent).all()


def test_nobody_has_no_profile():
    places = find_places(find_trips(lives.sightings_of([lives.drive(0, 8, [0])])))
    assert find_weekly_profile(places).summary().startswith("No stay")
