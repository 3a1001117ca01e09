"""Cameras: where they stand, the zones they form, and how far they are from each other.

Inside, cameras are a table indexed by camera code with ``name``, ``lat``, ``lon`` (NaN where the
position is not known), ``zone`` (code) and ``zone_name``.
"""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

import numba
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the Earth in metres."""

ZONE_DIAMETER_M = 1_000.0
"""Cameras of one zone are at most this far apart, unless zones are given."""

CAMERA_TABLE = ("name", "lat", "lon", "zone", "zone_name")


@numba.njit(cache=True, nogil=True)
def haversine_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Give the great-circle distance between two points, in metres.

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : float
        Degrees.

    Returns
    -------
    float
        Metres on a sphere of the Earth's mean radius; NaN where a coordinate is.

    Examples
    --------
    >>> round(haversine_m(41.469, 69.582, 41.265, 69.216) / 1000, 1)  # Chirchiq to Tashkent
    38.0
    """
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi = (phi2 - phi1) / 2
    half_lambda = math.radians(lon2 - lon1) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    root = math.sqrt(h)
    # Not min(1.0, root): it would turn an unknown position into half the way round the Earth.
    return 2 * EARTH_RADIUS_M * math.asin(1.0 if root > 1.0 else root)


@numba.njit(cache=True, nogil=True)
def grid_cells(lat: np.ndarray, lon: np.ndarray, size_m: float) -> np.ndarray:
    """Number the cells of an equal-area grid with a fixed global origin.

    The globe is cut into bands of latitude, `size_m` high, counted from the South Pole; each band
    into equal columns, counted from 180° W, as many as give a cell the area of `size_m` squared (to
    within one column in the band). The origin never moves with the data.

    Parameters
    ----------
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees; NaN where unknown.
    size_m : float
        Side of a cell in metres.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Cell numbers; -1 where the position is unknown.

    Examples
    --------
    >>> cells = grid_cells(np.array([41.2646, 41.2647, np.nan]), np.array([69.216, 69.216, 0]), 250)
    >>> bool(cells[0] == cells[1]), int(cells[2])
    (True, -1)
    """
    cells = np.empty(len(lat), np.int64)
    for i in range(len(lat)):
        if math.isnan(lat[i]) or math.isnan(lon[i]):
            cells[i] = -1
            continue
        band = math.floor((math.radians(lat[i]) + math.pi / 2) * EARTH_RADIUS_M / size_m)
        cells[i] = band * _BAND + _column(band, lon[i], size_m)
    return cells


_BAND = 1 << 31
"""Room for the columns of one band in a cell number."""


@numba.njit(cache=True, nogil=True)
def _columns_of_band(band: int, size_m: float) -> int:
    """Count the cells of a band: as many as give each the area of ``size_m`` squared."""
    south = -math.pi / 2 + band * size_m / EARTH_RADIUS_M
    north = min(math.pi / 2, south + size_m / EARTH_RADIUS_M)
    area = 2 * math.pi * EARTH_RADIUS_M**2 * (math.sin(north) - math.sin(south))
    return max(1, round(area / size_m**2))


@numba.njit(cache=True, nogil=True)
def _column(band: int, lon: float, size_m: float) -> int:
    columns = _columns_of_band(band, size_m)
    return math.floor(((lon + 180.0) % 360.0) / 360.0 * columns) % columns


@numba.njit(cache=True, nogil=True)
def cell_centres(cells: np.ndarray, size_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the middle of grid cells.

    Parameters
    ----------
    cells : numpy.ndarray of int64, shape (n,)
        Numbers from `grid_cells` (none of them -1).
    size_m : float
        Side of a cell in metres, as given to `grid_cells`.

    Returns
    -------
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees.

    Examples
    --------
    >>> lat, lon = cell_centres(grid_cells(np.array([41.2646]), np.array([69.216]), 250), 250)
    >>> haversine_m(41.2646, 69.216, lat[0], lon[0]) < 250
    True
    """
    lat, lon = np.empty(len(cells)), np.empty(len(cells))
    for i in range(len(cells)):
        band, column = cells[i] // _BAND, cells[i] % _BAND
        lat[i] = min(90.0, math.degrees((band + 0.5) * size_m / EARTH_RADIUS_M) - 90.0)
        lon[i] = (column + 0.5) / _columns_of_band(band, size_m) * 360.0 - 180.0
    return lat, lon


def make_zones(lat: np.ndarray, lon: np.ndarray, within_m: float = ZONE_DIAMETER_M) -> np.ndarray:
    """Group cameras into zones: complete-linkage clusters no wider than `within_m`.

    Parameters
    ----------
    lat, lon : numpy.ndarray of float64, shape (n,)
        Camera positions in degrees; a camera without position is a zone of its own.
    within_m : float
        Largest distance between two cameras of one zone, in metres.

    Returns
    -------
    numpy.ndarray of int32, shape (n,)
        Zone codes, numbered by the first camera of each zone.

    Examples
    --------
    >>> make_zones(np.array([41.0, 41.001, 41.5]), np.array([69.0, 69.0, 69.0])).tolist()
    [0, 0, 1]
    """
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    groups = -np.ones(len(lat), np.int64)
    placed = np.flatnonzero(~(np.isnan(lat) | np.isnan(lon)))
    if len(placed):
        groups[placed] = _complete_linkage(np.radians(np.c_[lat[placed], lon[placed]]), within_m)
    alone = np.flatnonzero(groups < 0)
    groups[alone] = len(lat) + alone
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]


def _complete_linkage(radians: np.ndarray, within_m: float) -> np.ndarray:
    """Merge the two groups that are nearest (by their farthest members) until none may merge."""
    from scipy.spatial import cKDTree

    # Groups whose members are not all near each other never merge, so only near pairs are held:
    # the cells of a moving reader's grid are too many for a table of all distances.
    lat, lon = radians.T
    points = np.c_[np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    chord = 2 * math.sin(min(within_m / EARTH_RADIUS_M, math.pi) / 2)
    pairs = cKDTree(points).query_pairs(chord * (1 + 1e-9), output_type="ndarray")
    chords = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    # To the millimetre: cells of a grid are equally far apart, and such ties go by number.
    metres = np.round(2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chords / 2, 1)), 3)
    near: list[dict[int, float]] = [{} for _ in radians]
    for (i, j), distance in zip(pairs.tolist(), metres.tolist(), strict=True):
        if distance <= within_m:
            near[i][j] = near[j][i] = distance
    queue = [(distance, i, j) for i, row in enumerate(near) for j, distance in row.items() if i < j]
    heapq.heapify(queue)
    groups = np.arange(len(radians))
    members: list[list[int]] = [[i] for i in range(len(radians))]
    while queue:
        _, i, j = heapq.heappop(queue)
        if not (members[i] and members[j]):
            continue
        merged = len(members)
        members.append(members[i] + members[j])
        both = near[i].keys() & near[j].keys()
        near.append({k: max(near[i][k], near[j][k]) for k in both})
        for k, distance in near[merged].items():
            near[k][merged] = distance
            heapq.heappush(queue, (distance, k, merged))
        for old in (i, j):
            for k in near[old]:
                near[k].pop(old, None)
            near[old], members[old] = {}, []
    for group in filter(None, members):
        groups[group] = min(group)
    return groups


def camera_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Complete a table of cameras: positions as numbers, zones made where none are given.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a camera in the order of the camera codes, with ``name`` and, if known, ``lat``,
        ``lon`` and ``zone`` (a name).

    Returns
    -------
    pandas.DataFrame
        Columns ``name, lat, lon, zone, zone_name``, indexed by camera code.

    Examples
    --------
    >>> camera_table(pd.DataFrame({"name": ["a", "b"]}))["zone"].tolist()
    [0, 1]
    """
    table = pd.DataFrame({"name": frame["name"].astype(str).to_numpy()})
    for column in ("lat", "lon"):
        table[column] = (
            frame[column].to_numpy(float, na_value=np.nan)
            if column in frame
            else np.full(len(frame), np.nan)
        )
    given = frame["zone"].to_numpy(object) if "zone" in frame else np.full(len(frame), None)
    named = ~pd.isna(given)
    if named.any():
        # A camera without a zone among cameras that have one stands alone, under its own name.
        labels = np.where(named, given, table["name"].to_numpy(object)).astype(str)
        codes, names = pd.factorize(labels)
        table["zone"] = codes.astype(np.int32)
        table["zone_name"] = names[codes]
    else:
        table["zone"] = make_zones(table["lat"].to_numpy(), table["lon"].to_numpy())
        table["zone_name"] = [f"zone {code + 1}" for code in table["zone"]]
    return table


def geo_cameras(table: pd.DataFrame) -> GeoDataFrame:
    """Show a camera table as points on the map (EPSG:4326)."""
    import geopandas

    return geopandas.GeoDataFrame(
        {"camera": table["name"], "name": table["name"], "zone": table["zone_name"]},
        geometry=camera_points(table),
    )


def geo_zones(table: pd.DataFrame) -> GeoDataFrame:
    """Show the zones of a camera table, each in the middle of its cameras (EPSG:4326)."""
    import geopandas

    groups = table.groupby("zone").agg(
        zone=("zone_name", "first"),
        cameras=("name", "size"),
        lat=("lat", "mean"),
        lon=("lon", "mean"),
    )
    return geopandas.GeoDataFrame(groups[["zone", "cameras"]], geometry=camera_points(groups))


def camera_points(table: pd.DataFrame) -> GeoSeries:
    """Make points of the columns ``lat`` and ``lon`` (EPSG:4326); None where either is unknown."""
    import geopandas

    points = geopandas.GeoSeries(
        geopandas.points_from_xy(table["lon"], table["lat"]), index=table.index, crs="EPSG:4326"
    )
    # A camera without a position has no geometry; a point with NaN in it would break maps.
    return points.where(table["lat"].notna() & table["lon"].notna())
