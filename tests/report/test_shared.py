"""What is shown of one vehicle is true of k vehicles together, counted another way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.engine import get_engine
from analyzer.errors import UsageError
from analyzer.report.shared import ROUTE_TRIPS, shared_elements
from analyzer.risk import vehicle_story
from analyzer.risk.vehicle_story import tell_vehicle

HOUR = 3_600_000
DAY = 24 * HOUR
MONDAY = 1_772_409_600_000
"""2 March 2026, a Monday, at midnight UTC."""


@pytest.fixture(autouse=True)
def no_companions(monkeypatch):
    monkeypatch.setattr(vehicle_story, "FIRST_COMPANIONS", 10**6)


def made(rows, cameras=6):
    vehicle, hours, camera = (np.array(column) for column in zip(*rows, strict=True))
    order = np.lexsort((camera, hours, vehicle))
    sites = pd.DataFrame(
        {
            "name": [f"c{at}" for at in range(cameras)],
            "lat": 41 + 0.3 * np.arange(cameras),
            "lon": 69.0,
        }
    )
    return from_arrays(
        vehicle[order], MONDAY + hours[order] * HOUR // 4, camera[order], cameras=sites
    )


def holds(rows, element, begin, until):
    """Whether an element is true of one vehicle, by plain loops over its (ms, camera)."""
    rows = [(at, camera) for at, camera in sorted(rows) if begin <= at < until[-1]]
    kept = [(at, camera) for at, camera in rows if at < until[element.step]]
    if element.kind == "seen":
        return len(kept) >= element.value
    if element.kind == "zone":
        return any(camera == element.value for _, camera in kept)
    if element.kind == "period":
        periods = set()
        for at, _ in kept:
            moment = pd.Timestamp(at, unit="ms")
            periods.add(8 * (moment.day_of_week >= 5) + moment.hour // 3)
        return element.value in periods
    trips, last = [], None
    for at, camera in rows:
        if last is None or at - last > 45 * 60_000:
            trips.append([])
        trips[-1].append((at, camera))
        last = at
    driven = [
        trip for trip in trips
        if trip[0][1] == element.value and trip[-1][1] == element.to
        and trip[-1][0] < until[element.step]
    ]  # fmt: skip
    return len(driven) >= ROUTE_TRIPS


# Drives of twelve vehicles between three cameras on four days: at eight, at seventeen or by night.
drives = st.lists(
    st.tuples(
        st.integers(0, 11),
        st.integers(0, 3),
        st.sampled_from([2, 8, 17]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    min_size=60,
    max_size=160,
)


@settings(max_examples=30, deadline=None)
@given(drives, st.integers(5, 7))
def test_all_that_is_shown_is_true_of_k_vehicles_together(drives, k):
    rows = [
        row
        for vehicle, day, hour, start, end in dict.fromkeys(drives)
        for row in (
            (vehicle, 4 * (24 * day + hour), start),
            (vehicle, 4 * (24 * day + hour) + 2, end),
        )
    ]
    sightings = made(rows)
    story = tell_vehicle(sightings, "v0") if any(row[0] == 0 for row in rows) else None
    if story is None:
        return
    elements, sharing = shared_elements(sightings, story, k, get_engine("local"))
    until = [step.until_ms for step in story.steps]
    by_vehicle = {}
    for vehicle, quarter, camera in rows:
        by_vehicle.setdefault(vehicle, []).append((MONDAY + quarter * HOUR // 4, camera))
    true_of = {
        vehicle
        for vehicle, own in by_vehicle.items()
        if all(holds(own, each, story.begin_ms, until) for each in elements)
    }
    if elements:
        assert 0 in true_of
        assert true_of == set(sharing.tolist())
        assert len(sharing) >= k


def everybody(vehicles=12, days=5):
    """All drive from camera 0 to camera 1 at eight and back at seventeen hours."""
    return [
        (vehicle, 4 * (24 * day + hour) + late, camera)
        for vehicle in range(vehicles)
        for day in range(days)
        for hour, late, camera in ((8, 0, 0), (8, 2, 1), (17, 0, 1), (17, 2, 0))
    ]


def test_what_all_do_is_shown_and_what_one_does_is_not():
    lone = [(0, 4 * (24 * day + 3), 5) for day in range(5)]
    sightings = made(everybody() + lone)
    elements, sharing = shared_elements(
        sightings, tell_vehicle(sightings, "v0"), 10, get_engine("local")
    )
    assert len(sharing) == 12
    assert {each.value for each in elements if each.kind == "zone"} == {0, 1}
    assert {each.value for each in elements if each.kind == "period"} == {2, 5}
    assert {(each.value, each.to) for each in elements if each.kind == "route"} == {(0, 1), (1, 0)}
    # Five sightings more than the others have are rounded away.
    assert [each.value for each in elements if each.kind == "seen"] == [20]


def test_elements_that_ten_share_but_not_together_are_not_shown_together():
    """Each half of the others shares one of two zones: both would single the vehicle out."""
    rows = [(0, 4 * 24 * day + 32, 1 + day % 2) for day in range(4)]
    rows += [(vehicle, 32, 1) for vehicle in range(1, 10)]
    rows += [(vehicle, 4 * 24 + 32, 2) for vehicle in range(10, 19)]
    sightings = made(rows)
    elements, sharing = shared_elements(
        sightings, tell_vehicle(sightings, "v0"), 10, get_engine("local")
    )
    assert len([each for each in elements if each.kind == "zone"]) == 1
    assert len(sharing) == 10


def test_the_order_does_not_tell_where_a_vehicle_is_most_often():
    """Who comes back by another way more often is shown the same elements in the same order."""
    orders = []
    for often in ((0, 1), (1, 0)):
        more = [
            (0, 4 * (24 * day + hour) + late, camera)
            for day in range(5)
            for hour in (12, 14)
            for late, camera in zip((0, 2), often, strict=True)
        ]
        sightings = made([*everybody(), *more])
        story = tell_vehicle(sightings, "v0")
        elements, _ = shared_elements(sightings, story, 10, get_engine("local"))
        orders.append([(each.value, each.to) for each in elements if each.kind == "route"])
    assert orders == [[(0, 1), (1, 0)]] * 2


def test_parts_change_nothing():
    sightings = made([*everybody(15), (0, 12, 4), (3, 12, 4)])
    story = tell_vehicle(sightings, "v0")
    one = shared_elements(sightings, story, 10, get_engine("local"))
    again = shared_elements(sightings.with_parts(7), story, 10, get_engine("local"))
    assert again[0] == one[0]
    assert again[1].tolist() == one[1].tolist()


def test_k_under_five_is_refused():
    sightings = made(everybody())
    with pytest.raises(UsageError, match="too low"):
        shared_elements(sightings, tell_vehicle(sightings, "v0"), 4, get_engine("local"))
