"""Trips and stays against brute force, and the rule of the gap to the millisecond."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.local_time import clock
from analyzer.patterns.stays import overlap_ms, stay_rows, stays_of_trips
from analyzer.patterns.trips import (
    find_trips,
    road_trip_starts,
    trip_starts,
    trips_of_part,
    via_cameras,
)

from . import lives

MINUTE = 60_000


def trips_by_hand(points, max_gap):
    """Trips of (vehicle, time, camera) triples by walking over a sorted list of them."""
    trips = []
    for vehicle, time, camera in sorted(points):
        if trips and trips[-1][0] == vehicle and time - trips[-1][2] <= max_gap:
            trips[-1] = (vehicle, trips[-1][1], time, trips[-1][3], camera, trips[-1][5] + 1)
        else:
            trips.append((vehicle, time, time, camera, camera, 1))
    return trips


COLUMNS = ("vehicle", "started_at", "ended_at", "origin", "destination", "sightings")


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 4)), max_size=60),
    st.integers(1, 12),
)
@settings(max_examples=200, deadline=None)
def test_trips_are_those_found_by_hand(points, max_gap):
    points = sorted(points)
    columns = np.array(points, np.int64).reshape(-1, 3).T
    rows = {
        "vehicle": columns[0].astype(np.int32),
        "seen_at": columns[1],
        "camera": columns[2].astype(np.int32),
    }
    broadcast = {"max_gap": np.array([max_gap]), "site": np.arange(5)}
    found = trips_of_part(rows, broadcast)
    assert list(zip(*(found[name].tolist() for name in COLUMNS), strict=True)) == trips_by_hand(
        points, max_gap
    )


def test_a_gap_equal_to_the_longest_does_not_split():
    times = np.array([0, 45 * MINUTE, 90 * MINUTE + 1])
    assert trip_starts(np.zeros(3, int), times, 45 * MINUTE).tolist() == [0, 2]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_the_cameras_by_the_ends_of_a_trip_stand_at_other_sites(rows, site):
    cameras = [camera for camera, _ in rows]
    starts = [row for row, (_, begins) in enumerate(rows) if begins or row == 0]
    after, before = via_cameras(np.array(cameras), np.array(starts), np.array(site))
    for trip, (first, last) in enumerate(zip(starts, [*starts[1:], len(rows)], strict=True)):
        run = cameras[first:last]
        later = [camera for camera in run if site[camera] != site[run[0]]]
        earlier = [camera for camera in run if site[camera] != site[run[-1]]]
        assert after[trip] == (later[0] if later else -1)
        assert before[trip] == (earlier[-1] if earlier else -1)


def test_no_sightings_make_no_trips():
    assert len(trip_starts(np.zeros(0, int), np.zeros(0, int), 1)) == 0


def test_equal_times_are_ordered_by_camera():
    trips = find_trips(from_arrays([0, 0, 0], [0, 0, 0], [2, 0, 1])).to_pandas()
    assert trips[["origin", "destination", "sightings"]].values.tolist() == [["c0", "c2", 3]]


def test_trips_show_names_and_local_time():
    sightings = from_arrays([0, 0], [0, MINUTE], [1, 0], timezone="America/Los_Angeles")
    trip = find_trips(sightings).to_pandas().iloc[0]
    assert trip["vehicle"] == "v0"
    assert str(trip["started_at"]) == "1969-12-31 16:00:00-08:00"
    assert (trip["ended_at"] - trip["started_at"]).total_seconds() == 60


@pytest.mark.parametrize("max_gap", ["0min", "soon", "-5min"])
def test_a_wrong_gap_is_refused(max_gap):
    with pytest.raises(UsageError, match=r"45min|15min"):
        find_trips(from_arrays([0], [0], [0]), max_gap=max_gap)


def test_parts_do_not_change_trips():
    random = np.random.default_rng(3)
    sightings = from_arrays(
        random.integers(0, 40, 800),
        random.integers(0, 7 * 86_400_000, 800),
        random.integers(0, 5, 800),
    )
    whole = find_trips(sightings)
    split = find_trips(sightings.with_parts(7))
    assert whole.to_pandas().equals(split.to_pandas())
    assert len(whole) == len(split) == len(whole.to_pandas())
    assert whole.summary() == split.summary()


def test_summary_counts():
    trips = find_trips(from_arrays([0, 0, 0, 1], [0, MINUTE, 90 * MINUTE, 5], [0, 1, 0, 0]))
    assert len(trips) == 3
    assert trips.summary().startswith("3 trips of 2 vehicles")
    assert "1.3 sightings on average; 67 % of trips are a single sighting" in trips.summary()


@given(st.lists(st.integers(0, 4), max_size=30))
@settings(deadline=None)
def test_stays_lie_between_neighbouring_trips(vehicles):
    vehicles = sorted(vehicles)
    expected = [i for i in range(len(vehicles) - 1) if vehicles[i] == vehicles[i + 1]]
    assert stay_rows(np.array(vehicles, np.int64)).tolist() == expected


def test_stays_take_their_cameras_from_both_trips():
    trips = {
        "vehicle": np.array([1, 1, 2], np.int32),
        "started_at": np.array([0, 100, 0]),
        "ended_at": np.array([10, 120, 5]),
        "origin": np.array([7, 8, 9], np.int32),
        "destination": np.array([4, 5, 6], np.int32),
        "after_origin": np.array([0, 1, 2], np.int32),
        "before_destination": np.array([3, -1, -1], np.int32),
        "sightings": np.array([2, 3, 1], np.int32),
    }
    stays = stays_of_trips(trips, clock("UTC", 0, 200))
    assert (stays["arrival"].tolist(), stays["departure"].tolist()) == ([4], [8])
    assert (stays["arrival_via"].tolist(), stays["departure_via"].tolist()) == ([3], [1])
    assert (stays["local_start"].tolist(), stays["local_end"].tolist()) == ([10], [100])
    assert (stays["seen_before"].tolist(), stays["seen_after"].tolist()) == ([2], [3])


@given(
    st.integers(0, 20 * 1440),
    st.integers(0, 16 * 1440),
    st.integers(0, 1440),
    st.integers(0, 1440),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_overlap_counts_minutes(start, length, one, other, weekdays_only):
    from_minute, to_minute = sorted((one, other))
    expected = sum(
        from_minute <= minute % 1440 < to_minute
        and not (weekdays_only and (minute // 1440 + 3) % 7 > 4)
        for minute in range(start, start + length)
    )
    found = overlap_ms(
        np.array([start * MINUTE]),
        np.array([(start + length) * MINUTE]),
        from_minute * MINUTE,
        to_minute * MINUTE,
        weekdays_only,
    )
    assert found[0] == expected * MINUTE


def road_trips(hours_and_cameras, **options):
    life = [(lives.MONDAY + hour * lives.HOUR, camera) for hour, camera in hours_and_cameras]
    sightings = lives.sightings_of([life])
    return find_trips(sightings, **options).to_pandas()


def test_a_long_road_without_a_camera_ends_no_trip():
    # 39 km between K0 and K7: an hour at forty.
    drive = [(8, 0), (9.5, 7), (10.5, 7)]
    assert road_trips(drive)["sightings"].tolist() == [1, 1, 1]
    assert road_trips(drive, road_speed_kmh=40)["sightings"].tolist() == [2, 1]


def test_a_stop_of_half_an_hour_ends_a_trip_wherever_cameras_stand():
    drive = [(8, 0), (8.6, 1), (8.75, 2), (9.4, 5)]
    assert road_trips(drive)["sightings"].tolist() == [4]
    assert road_trips(drive, max_gap="15min", road_speed_kmh=40)["sightings"].tolist() == [1, 3]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_road_trips_by_hand(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 40))
    vehicle, camera = np.sort(random.integers(0, 4, n)), random.integers(0, 5, n)
    seen_at = np.sort(random.integers(0, 2_000, n))
    seen_at = seen_at[np.lexsort((seen_at, vehicle))]
    points, placed = random.uniform(0, 500, (5, 2)), random.uniform(size=5) < 0.8
    expected = [0]
    for row in range(1, n):
        ends = camera[[row - 1, row]]
        driven = 0.5 * np.linalg.norm(points[ends[0]] - points[ends[1]]) * placed[ends].all()
        if vehicle[row] != vehicle[row - 1] or seen_at[row] - seen_at[row - 1] - driven > 60:
            expected.append(row)
    order = np.lexsort((seen_at, vehicle))
    found = road_trip_starts(
        vehicle[order], seen_at, camera, *np.ascontiguousarray(points.T), placed, 60, 0.5
    )
    assert found.tolist() == expected


def test_a_speed_must_be_one():
    with pytest.raises(UsageError, match="road_speed_kmh"):
        road_trips([(8, 0)], road_speed_kmh=0)
