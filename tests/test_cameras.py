"""Cameras: distances, the equal-area grid, and zones."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from analyzer.cameras import (
    EARTH_RADIUS_M,
    camera_table,
    cell_centres,
    geo_cameras,
    grid_cells,
    haversine_m,
    make_zones,
)

LAT, LON = st.floats(-90, 90), st.floats(-180, 180)


def chord_distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance from the angle between two vectors (not the haversine formula)."""
    one, two = (
        np.array([math.cos(p) * math.cos(q), math.cos(p) * math.sin(q), math.sin(p)])
        for p, q in ((math.radians(a), math.radians(b)) for a, b in ((lat1, lon1), (lat2, lon2)))
    )
    angle = math.atan2(np.linalg.norm(np.cross(one, two)), one @ two)
    return EARTH_RADIUS_M * angle


# Distances


@given(LAT, LON, LAT, LON)
@example(0.0, 0.0, 0.0, 180.0)
@example(90.0, 0.0, -90.0, 55.0)
@example(41.3, 179.9999, 41.3, -179.9999)
@example(41.3, 69.2, 41.3, 69.2)
def test_haversine_is_the_great_circle(lat1: float, lon1: float, lat2: float, lon2: float):
    found = haversine_m(lat1, lon1, lat2, lon2)
    # Half the way round the globe, the sine is flat: a rounding error is then worth decimetres.
    assert found == pytest.approx(chord_distance(lat1, lon1, lat2, lon2), rel=1e-9, abs=0.5)
    assert found == haversine_m(lat2, lon2, lat1, lon1)


def test_near_points_are_exact_to_the_millimetre():
    random = np.random.default_rng(1)
    for _ in range(500):
        lat, lon = random.uniform(-70, 70), random.uniform(-180, 180)
        north, east = random.uniform(-0.02, 0.02, 2)
        found = haversine_m(lat, lon, lat + north, lon + east)
        assert found == pytest.approx(chord_distance(lat, lon, lat + north, lon + east), abs=1e-3)


def test_a_degree_of_the_meridian():
    assert haversine_m(41.0, 69.0, 42.0, 69.0) == pytest.approx(math.radians(1) * EARTH_RADIUS_M)


def test_the_distance_from_nowhere_is_unknown():
    nowhere = math.nan
    for where in itertools.product((nowhere, 41.0), repeat=4):
        assert math.isnan(haversine_m(*where)) == any(map(math.isnan, where))


# The grid


def band_and_columns(lat: float, size: float) -> tuple[float, float, int]:
    """South and north end of the band of a latitude (radians), and how many cells it has."""
    height = size / EARTH_RADIUS_M
    band = math.floor((math.radians(lat) + math.pi / 2) / height)
    south = -math.pi / 2 + band * height
    north = min(math.pi / 2, south + height)
    cells = np.unique(
        grid_cells(np.full(2_000_000, lat), np.linspace(-180, 180, 2_000_000, endpoint=False), size)
    )
    return south, north, len(cells)


@pytest.mark.parametrize("lat", [-89.9, -60.0, -0.1, 0.0, 41.3, 69.0, 88.0])
@pytest.mark.parametrize("size", [2_000.0, 25_000.0])
def test_cells_have_equal_areas(lat: float, size: float):
    south, north, columns = band_and_columns(lat, size)
    area = 2 * math.pi * EARTH_RADIUS_M**2 * (math.sin(north) - math.sin(south)) / columns
    # The band is cut into whole cells: it is off by at most half a cell, shared by all of them.
    assert area == pytest.approx(size**2, rel=0.51 / columns)


@given(LAT, LON, st.sampled_from([100.0, 250.0, 2_000.0, 33_333.0, 500_000.0]))
@example(90.0, 0.0, 250.0)
@example(-90.0, 0.0, 250.0)
@example(90.0, 0.0, math.pi * EARTH_RADIUS_M / 1000)
@example(0.0, 180.0, 250.0)
@example(0.0, -180.0, 250.0)
@example(0.0, math.nextafter(180.0, 0.0), 250.0)
def test_the_middle_of_a_cell_lies_in_it(lat: float, lon: float, size: float):
    cells = grid_cells(np.array([lat]), np.array([lon]), size)
    lats, lons = cell_centres(cells, size)
    assert cells[0] >= 0
    assert -90 <= lats[0] <= 90 and -180 <= lons[0] <= 180
    np.testing.assert_array_equal(grid_cells(lats, lons, size), cells)


@given(st.floats(-85, 85), LON, st.sampled_from([100.0, 250.0, 2_000.0]))
def test_a_point_is_near_the_middle_of_its_cell(lat: float, lon: float, size: float):
    lats, lons = cell_centres(grid_cells(np.array([lat]), np.array([lon]), size), size)
    # Half the diagonal of a square, and a little for cells near the pole, which are no squares.
    assert chord_distance(lat, lon, lats[0], lons[0]) < 0.8 * size


def test_cells_do_not_move_with_the_data():
    random = np.random.default_rng(2)
    lat, lon = random.uniform(-90, 90, 500), random.uniform(-180, 180, 500)
    together = grid_cells(lat, lon, 250.0)
    alone = [int(grid_cells(lat[i : i + 1], lon[i : i + 1], 250.0)[0]) for i in range(500)]
    assert together.tolist() == alone
    # One published cell, so that a change of the grid is noticed: results would not compare.
    (cell,) = grid_cells(np.array([41.2646]), np.array([69.216]), 250.0)
    assert divmod(int(cell), 2**31) == (58_383, 83_321)


def test_whole_numbers_and_decimals_give_the_same_grid():
    lat, lon = np.array([41.2646, -12.5]), np.array([69.216, 170.0])
    np.testing.assert_array_equal(grid_cells(lat, lon, 250), grid_cells(lat, lon, 250.0))


def test_the_antimeridian_is_one_place():
    east, west = grid_cells(np.array([10.0, 10.0]), np.array([180.0, -180.0]), 250.0)
    assert east == west
    near = grid_cells(np.array([10.0, 10.0]), np.array([179.9999999, -179.9999999]), 250.0)
    assert near[0] != near[1] == west


def test_different_bands_share_no_cell():
    lat = np.linspace(-90, 90, 40_001)
    for lon in (-180.0, 0.0, 179.999):
        cells = grid_cells(lat, np.full(len(lat), lon), 5_000.0)
        assert (np.diff(cells) >= 0).all()
        bands = math.ceil(math.pi * EARTH_RADIUS_M / 5_000.0)
        assert len(np.unique(cells)) == bands


def test_unknown_positions_have_no_cell():
    cells = grid_cells(np.array([np.nan, 41.0, np.nan]), np.array([69.0, np.nan, np.nan]), 250.0)
    assert cells.tolist() == [-1, -1, -1]


# Zones


def partition(codes: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(codes == code).tolist()) for code in np.unique(codes)}


def distances_between(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    return np.array(
        [[chord_distance(*one, *two) for two in zip(lat, lon, strict=True)]
         for one in zip(lat, lon, strict=True)]
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_zones_are_complete_linkage(seed: int):
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 60))
    spread = random.choice([0.01, 0.03, 0.1])
    lat, lon = 41.3 + spread * random.random(count), 69.2 + spread * random.random(count)
    distances = distances_between(lat, lon)
    tree = linkage(squareform(distances, checks=False), method="complete")
    expected = fcluster(tree, 1_000.0, criterion="distance")
    found = make_zones(lat, lon)
    assert partition(found) == partition(expected)
    for zone in partition(found):
        assert distances[np.ix_(sorted(zone), sorted(zone))].max() <= 1_000.001


def test_zones_by_hand_where_linkage_matters():
    # Four cameras in a row, 0, 400, 800 and 1,300 m: single linkage would make one zone of them.
    # The first two merge (400 m; the tie goes by number); the last two are nearer to each other
    # (500 m) than the third is to the first two (800 m, by their farthest member).
    degrees = np.degrees(np.array([0, 400, 800, 1_300]) / EARTH_RADIUS_M)
    assert make_zones(41 + degrees, np.full(4, 69.0)).tolist() == [0, 0, 1, 1]
    # Counted from the other end, the middle two merge first, and then take the last (800 m).
    assert make_zones(41 + degrees[::-1], np.full(4, 69.0)).tolist() == [0, 1, 1, 1]
    assert make_zones(41 + degrees, np.full(4, 69.0), within_m=300).tolist() == [0, 1, 2, 3]
    assert make_zones(41 + degrees, np.full(4, 69.0), within_m=5_000).tolist() == [0, 0, 0, 0]


def test_cameras_at_one_spot_are_one_zone():
    assert make_zones(np.full(5, 41.0), np.full(5, 69.0)).tolist() == [0] * 5


def test_zones_are_numbered_by_their_first_camera():
    random = np.random.default_rng(3)
    zones = make_zones(41 + random.random(80) * 0.05, 69 + random.random(80) * 0.05)
    _, first = np.unique(zones, return_index=True)
    assert zones[0] == 0 and (np.diff(first) > 0).all()
    assert zones.dtype == np.int32


def test_zones_reach_over_the_antimeridian():
    zones = make_zones(np.array([10.0, 10.0, 10.0]), np.array([179.999, -179.999, 0.0]))
    assert zones.tolist() == [0, 0, 1]


def test_a_camera_without_position_stands_alone():
    lat = np.array([np.nan, 41.0, 41.0, np.nan, 41.0])
    lon = np.array([np.nan, 69.0, 69.0, np.nan, np.nan])
    assert make_zones(lat, lon).tolist() == [0, 1, 1, 2, 3]
    assert make_zones(lat[[0, 3]], lon[[0, 3]]).tolist() == [0, 1]
    assert make_zones(lat[:0], lon[:0]).tolist() == []
    assert make_zones(lat[1:2], lon[1:2]).tolist() == [0]


def test_zones_of_many_cells_need_no_table_of_all_distances():
    # A grid of 40 × 40 cells of 250 m is one connected field: its 2.5 million distances do not
    # matter, only that no zone is wider than a kilometre and none is left needlessly alone.
    steps = np.degrees(250 * np.arange(40) / EARTH_RADIUS_M)
    lat, lon = (axis.ravel() for axis in np.meshgrid(steps, steps))
    zones = make_zones(lat, lon)
    distances = np.hypot(lat[:, None] - lat, lon[:, None] - lon) * math.radians(EARTH_RADIUS_M)
    same = zones[:, None] == zones
    assert distances[same].max() <= 1_000.01
    # Complete linkage has ended: no two zones could still merge.
    for one, two in itertools.combinations(range(zones.max() + 1), 2):
        assert distances[np.ix_(zones == one, zones == two)].max() > 1_000
    np.testing.assert_array_equal(zones, make_zones(lat, lon))


# Tables


def test_a_table_is_completed():
    table = camera_table(pd.DataFrame({"name": ["a", "b", "c"], "lat": [41.0, 41.001, None],
                                       "lon": [69.0, 69.0, None]}))  # fmt: skip
    assert list(table.columns) == ["name", "lat", "lon", "zone", "zone_name"]
    assert table["zone"].tolist() == [0, 0, 1]
    assert table["zone_name"].tolist() == ["zone 1", "zone 1", "zone 2"]
    assert table["lat"].dtype == float and math.isnan(table["lat"][2])


def test_given_zones_are_kept():
    frame = pd.DataFrame({"name": ["a", "b", "c"], "zone": ["north", None, "north"]})
    table = camera_table(frame)
    assert table["zone_name"].tolist() == ["north", "b", "north"]
    assert table["zone"].tolist() == [0, 1, 0]


def test_a_camera_without_position_has_no_point():
    frame = pd.DataFrame({"name": ["a", "b"], "lat": [41.0, None], "lon": [69.0, None]})
    table = camera_table(frame)
    points = geo_cameras(table).geometry
    assert points[1] is None and (points[0].y, points[0].x) == (41.0, 69.0)
    assert geo_cameras(table).crs == "EPSG:4326"
