"""Trips as the truth tells them: they chain, take the time they need, follow the calendar."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analyzer.synthetic import make_region
from analyzer.synthetic.holidays import is_holiday, make_calendar

EARTH_RADIUS_M = 6_371_008.8


def straight_m(trips):
    """Distance as the crow flies, written again so that it shares nothing with the generator."""
    lat1, lat2 = np.radians(trips["origin_lat"]), np.radians(trips["destination_lat"])
    half_lon = np.radians(trips["destination_lon"] - trips["origin_lon"]) / 2
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(h))


def test_trips_chain_without_overlap(dense):
    trips = dense.truth.trips
    after = trips.shift(-1)
    same = trips["vehicle"] == after["vehicle"]
    here, there = trips[same], after[same]
    assert (here["destination"] == there["origin"]).all()
    assert (here["destination_lat"] == there["origin_lat"]).all()
    assert (here["destination_lon"] == there["origin_lon"]).all()
    assert (there["started_at"] >= here["ended_at"] + pd.Timedelta("2min")).all()


def test_no_trip_is_faster_than_a_speed_limit(dense):
    trips = dense.truth.trips
    hours = (trips["ended_at"] - trips["started_at"]) / pd.Timedelta("1h")
    speed = straight_m(trips) / 1_000 / hours
    assert (hours > 0).all()
    assert speed.max() < 90
    # Within town it is far slower.
    near = straight_m(trips) < 8_000
    assert speed[near].median() < 35


def test_rush_hour_is_slower_than_the_night(dense):
    trips = dense.truth.trips
    trips = trips[(straight_m(trips) > 3_000) & (straight_m(trips) < 15_000)]
    trips = trips[
        (trips["origin_lat"].between(41.2, 41.4)) & trips["origin_lon"].between(69.1, 69.4)
    ]
    speed = straight_m(trips) / ((trips["ended_at"] - trips["started_at"]) / pd.Timedelta("1s"))
    hour, workday = trips["started_at"].dt.hour, trips["started_at"].dt.day_of_week < 5
    assert speed[workday & hour.isin([17, 18])].mean() < 0.85 * speed[hour.isin([21, 22])].mean()


def test_each_day_begins_and_ends_at_home_but_for_nights_and_through_traffic(dense):
    truth = dense.truth
    kind = truth.vehicles.set_index("vehicle")["kind"]
    trips = truth.trips.assign(kind=kind[truth.trips["vehicle"]].to_numpy())
    trips = trips[~trips["kind"].isin(["shift", "through"])]
    # A day lasts until the small hours.
    day = (trips["started_at"] - pd.Timedelta("4h")).dt.date
    groups = trips.groupby([trips["vehicle"], day])
    assert (groups["origin"].first() == "home").all()
    assert (groups["destination"].last() == "home").all()


def test_through_traffic_comes_and_goes_in_turn(dense):
    truth = dense.truth
    through = truth.vehicles.loc[truth.vehicles["kind"] == "through"]
    assert through["home_town"].isna().all()
    trips = truth.trips[truth.trips["vehicle"].isin(through["vehicle"])]
    assert len(trips)
    assert (straight_m(trips) > 40_000).all()


def test_people_work_less_on_free_days(dense):
    trips = dense.truth.trips
    to_work = trips[trips["destination"] == "work"]
    by_day = to_work.groupby(to_work["started_at"].dt.date).size()
    # 1 September is Independence Day, a Monday.
    assert by_day[date(2025, 9, 1)] < 0.25 * by_day[date(2025, 9, 2)]
    assert by_day[date(2025, 9, 7)] < 0.25 * by_day[date(2025, 9, 2)]
    assert by_day[date(2025, 9, 6)] < 0.6 * by_day[date(2025, 9, 2)]


def test_worship_is_on_fridays_at_noon(dense):
    visits = dense.truth.visits
    worship = visits[visits["category"] == "worship"]
    assert len(worship) > 100
    assert set(worship["arrived_at"].dt.day_of_week) == {4}
    assert worship["arrived_at"].dt.hour.median() == 12


def test_visits_are_stays_between_two_trips(dense):
    truth = dense.truth
    visits = truth.visits
    assert set(visits["category"]) == {"school", "shop", "worship", "clinic"}
    assert (visits["left_at"] > visits["arrived_at"]).all()
    ends = set(zip(truth.trips["vehicle"], truth.trips["ended_at"], strict=True))
    starts = set(zip(truth.trips["vehicle"], truth.trips["started_at"], strict=True))
    assert set(zip(visits["vehicle"], visits["arrived_at"], strict=True)) <= ends
    assert set(zip(visits["vehicle"], visits["left_at"], strict=True)) <= starts


def test_schools_rest_in_summer_and_on_holidays():
    calendar = make_calendar(date(2025, 5, 24), 4)
    assert calendar[1:, 3].tolist() == [1, 0, 0, 0]
    assert is_holiday(date(2025, 9, 1))
    region = make_region(vehicles=150, days=5, seed=1, start="2025-07-07")
    assert not (region.truth.visits["category"] == "school").any()


@pytest.mark.parametrize("seed", range(3))
def test_any_day_can_be_made_alone(seed):
    """Days do not depend on how many there are, nor on where the data begin."""
    long = make_region(vehicles=80, days=9, seed=seed, start="2025-10-06").truth.trips
    late = make_region(vehicles=80, days=4, seed=seed, start="2025-10-11").truth.trips
    expected = long[long["started_at"] >= pd.Timestamp("2025-10-11 04:00", tz="Asia/Tashkent")]
    # Trips of the small hours of the 11th belong to the plan of the 10th.
    pd.testing.assert_frame_equal(expected.reset_index(drop=True), late.reset_index(drop=True))
