from collections import defaultdict
from datetime import timedelta

import numpy as np
import pytest

from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.points import (
    draw_known_points,
    keys_of,
    local_times,
    places_of_cameras,
    resolution_of,
    sort_keys,
)
from tests.risk import oracle
from tests.risk.regions import AUTUMN, CAMERAS, SPRING, random_rows, sightings_of

LENGTHS = {
    "7min": timedelta(minutes=7),
    "15min": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "5h": timedelta(hours=5),
    "1D": timedelta(days=1),
    "3D": timedelta(days=3),
    "7D": timedelta(days=7),
}
SPACES = {"camera": "camera", "zone": "zone", "2km": 2_000, "250m": 250}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("time", LENGTHS)
@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_points_equal_the_oracle(space, time, start):
    rows = random_rows(np.random.default_rng(5), start=start)
    sightings = sightings_of(rows)
    resolution = resolution_of(sightings, Adversary(time=time, space=space))
    part = sightings.parts()[0].load()
    keys = keys_of(part, local_times(part, resolution), resolution)
    found = defaultdict(set)
    for vehicle, key in zip(part["vehicle"].tolist(), keys.tolist(), strict=True):
        number, place = divmod(key, resolution["n_places"])
        found[vehicle].add((place, number))
    place = oracle.places(SPACES[space], CAMERAS)
    points = oracle.points_of(rows, "America/New_York", LENGTHS[time], place)
    expected = {
        vehicle: {(at, oracle.bin_number(label, LENGTHS[time])) for at, label in own}
        for vehicle, own in points.items()
    }
    assert found == expected


def test_cells_join_cameras_and_those_without_position_stand_alone():
    sightings = sightings_of(random_rows(np.random.default_rng(0)))
    for side in (100, 250, 2_000, 20_000, 5_000_000):
        expected = oracle.places(side, CAMERAS)
        assert places_of_cameras(sightings, f"{side}m", float(side)).tolist() == expected
    assert expected == [0, 0, 0, 0, 0, 1]
    assert places_of_cameras(sightings, "zone", None).tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("time", ["15min", "1h", "7D"])
@pytest.mark.parametrize("n_points", [1, 3, 6])
def test_drawn_points_equal_the_oracle(time, n_points):
    rows = random_rows(np.random.default_rng(9), start=AUTUMN)
    sightings = sightings_of(rows)
    resolution = resolution_of(sightings, Adversary(time=time))
    part = sightings.parts()[0].load()
    keys = keys_of(part, local_times(part, resolution), resolution)
    vehicles, n_distinct, known = draw_known_points(
        part["vehicle"], keys, resolution["n_places"], n_points, 4
    )
    place = oracle.places("camera", CAMERAS)
    points = oracle.points_of(rows, "America/New_York", LENGTHS[time], place)
    assert vehicles.tolist() == sorted(points)
    for row, vehicle in enumerate(vehicles.tolist()):
        own = points[vehicle]
        assert n_distinct[row] == len(own)
        if len(own) >= n_points:
            drawn = oracle.order_of_draw(vehicle, own, 4, LENGTHS[time])[:n_points]
            assert known[row].tolist() == [
                oracle.bin_number(label, LENGTHS[time]) * resolution["n_places"] + at
                for at, label in drawn
            ]


@pytest.mark.parametrize("length", [0, 1, 2, 48, 49, 500])
def test_keys_sort(length):
    keys = np.random.default_rng(length).integers(0, 50, length)
    expected = sorted(keys.tolist())
    sort_keys(keys)
    assert keys.tolist() == expected


def test_refuses_bins_whose_keys_would_not_fit():
    rows = random_rows(np.random.default_rng(0))
    sightings = sightings_of(rows)
    assert resolution_of(sightings, Adversary(time="1ms"))["bin_ms"] == 1
    object.__setattr__(sightings.store, "camera_table", sightings.camera_table.loc[[0] * 3_000_000])
    with pytest.raises(UsageError, match="too short"):
        resolution_of(sightings, Adversary(time="1ms"))
