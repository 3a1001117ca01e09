"""Camera sites: clusters of readers on the busiest edges, and which of them each way passes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.synthetic.land_use import LandUse
from analyzer.synthetic.randomness import uniforms
from analyzer.synthetic.roads import Paths, Roads, offset
from analyzer.synthetic.towns import CHIRCHIQ, ESHONGUZAR, Towns

MIN_SITES, MAX_SITES = 20, 2_000

READERS = (1, 2, 4)
READER_SHARES = (0.6, 0.9, 1.0)
"""Readers at a site (one for all, one a direction, two a direction) and their cumulative shares."""

READER_SPACING_M = 15.0

AT_TOWN = 0.1
"""How far along the edge the sites at Chirchiq and Eshonguzar stand."""

DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Labels of the direction of travel, in the order of their codes."""

_READERS_PURPOSE = 920


class CameraSites(NamedTuple):
    """Sites and readers.

    Attributes
    ----------
    edge : numpy.ndarray of int64, shape (c,)
        Edge on which a site stands.
    fraction : numpy.ndarray of float64, shape (c,)
        How far along it, from its first end.
    first : numpy.ndarray of int64, shape (c,)
        Code of a site's first reader.
    readers : numpy.ndarray of int64, shape (c,)
        Number of readers.
    cameras : pandas.DataFrame
        One row a reader: name, lat, lon, zone (name of the site).
    drifting : int
        Code of the reader whose clock drifts.
    """

    edge: np.ndarray
    fraction: np.ndarray
    first: np.ndarray
    readers: np.ndarray
    cameras: pd.DataFrame
    drifting: int


def place_cameras(
    towns: Towns, roads: Roads, paths: Paths, land_use: LandUse, count: int, seed: int
) -> CameraSites:
    """Put camera sites where most traffic passes.

    Sites are dealt to edges one after another, always to the edge with the largest expected traffic
    for each site it would then have (d'Hondt on the square root of the load, so that long corridors
    are not left without); on an edge they stand at equal distances. The roads at Chirchiq and at
    Eshonguzar always get one.

    Parameters
    ----------
    towns, roads, paths, land_use
        The region.
    count : int
        Number of sites (clusters), 20 to 2,000.
    seed : int

    Returns
    -------
    CameraSites

    Raises
    ------
    UsageError
        If the number is out of range.
    """
    if not MIN_SITES <= count <= MAX_SITES:
        raise UsageError(f"cameras must be {MIN_SITES} to {MAX_SITES:,} sites")
    n = len(roads)
    trips = np.diff(land_use.job_choice, axis=1, prepend=0.0)
    trips *= (land_use.people / trips.sum(axis=1))[:, None]
    load = _edge_load(paths.start[: n * n + 1], paths.steps, trips.ravel(), len(roads.ends))
    at_towns = _must_have(towns, roads)
    on_edge = _deal_sites(load, list(at_towns), count)
    edge = np.repeat(np.arange(len(on_edge)), on_edge)
    order = np.concatenate([np.arange(k) for k in on_edge if k])
    fraction = (order + 0.5) / on_edge[edge]
    for special, end in at_towns.items():
        # One stands at the edge of the town itself, not half-way to the next.
        sites = np.flatnonzero(edge == special)
        from_town = AT_TOWN + (1 - AT_TOWN) * order[sites] / len(sites)
        fraction[sites] = np.sort(1 - from_town if end else from_town)
    readers = np.array(READERS)[
        np.searchsorted(READER_SHARES, uniforms(seed, count, _READERS_PURPOSE), side="right")
    ]
    first = np.r_[0, np.cumsum(readers)[:-1]]
    cameras = _describe(towns, roads, edge, fraction, readers)
    # The clock of the busiest reader would be seen and set; that of the tenth busiest is not.
    drifting = int(first[np.argsort(-load[edge], kind="stable")[9]])
    return CameraSites(edge, fraction, first, readers, cameras, drifting)


def _must_have(towns: Towns, roads: Roads) -> dict[int, int]:
    """Find the edge that leaves each end of the long commute, and which of its ends the town is."""
    edges = {}
    for name, towards in ((CHIRCHIQ, "Qibray"), (ESHONGUZAR, "Chilanzar")):
        pair = [towns.code(name), towns.code(towards)]
        for edge, ends in enumerate(roads.ends.tolist()):
            if sorted(ends) == sorted(pair):
                edges[edge] = ends.index(pair[0])
    return edges


def _deal_sites(load: np.ndarray, must_have: list[int], count: int) -> np.ndarray:
    on_edge = np.zeros(len(load), np.int64)
    on_edge[must_have] = 1
    weight = np.sqrt(load)
    for _ in range(count - len(must_have)):
        on_edge[np.argmax(weight / (on_edge + 1.0))] += 1
    return on_edge


@numba.njit(cache=True)
def _edge_load(start: np.ndarray, steps: np.ndarray, trips: np.ndarray, n_edges: int) -> np.ndarray:
    load = np.zeros(n_edges)
    for way in range(len(trips)):
        for at in range(start[way], start[way + 1]):
            load[steps[at] // 2] += trips[way]
    return load


def _describe(
    towns: Towns, roads: Roads, edge: np.ndarray, fraction: np.ndarray, readers: np.ndarray
) -> pd.DataFrame:
    rows = []
    for site in range(len(edge)):
        a, b = roads.ends[edge[site]]
        lat = roads.lat[a] + (roads.lat[b] - roads.lat[a]) * fraction[site]
        lon = roads.lon[a] + (roads.lon[b] - roads.lon[a]) * fraction[site]
        town = roads.town[a if fraction[site] < 0.5 else b]
        if town < 0:
            town = max(roads.town[a], roads.town[b])
        zone = f"{towns.name[town]} {site + 1:03d}"
        for reader in range(readers[site]):
            letter = "ABCD"[reader] if readers[site] > 1 else ""
            point = offset(
                lat, lon, READER_SPACING_M * (reader // 2), READER_SPACING_M * (reader % 2)
            )
            rows.append((zone + letter, round(point[0], 5), round(point[1], 5), zone))
    return pd.DataFrame(rows, columns=["name", "lat", "lon", "zone"])


PASSAGE = np.dtype(
    [
        ("camera", np.int32),
        ("lanes", np.int16),
        ("direction", np.int16),
        ("streets_s", np.float32),
        ("rural_s", np.float32),
    ],
    align=True,
)
"""One camera site on a way.

* camera: code of the first reader that may see the passage; lanes: readers side by side;
* direction: code of the direction of travel;
* streets_s, rural_s: seconds without congestion since the first junction, in streets and on other
  roads.
"""

WAY = np.dtype([("start", np.int64), ("streets_s", np.float64), ("rural_s", np.float64)])
"""One way: its first entry in the passages (the next way begins where it ends), its whole time."""


class Ways(NamedTuple):
    """What is passed on each way between two junctions.

    Attributes
    ----------
    of : numpy.ndarray of WAY, shape (VARIANTS * n * n + 1,)
        Way ``(variant * n + origin) * n + destination``.
    passages : numpy.ndarray of PASSAGE
    n : int
        Number of junctions.
    """

    of: np.ndarray
    passages: np.ndarray
    n: int


def find_ways(roads: Roads, paths: Paths, sites: CameraSites) -> Ways:
    """List the cameras on each way between two junctions.

    Parameters
    ----------
    roads : Roads
    paths : Paths
    sites : CameraSites

    Returns
    -------
    Ways
    """
    on_edge = np.bincount(sites.edge, minlength=len(roads.ends))
    site_start = np.r_[0, np.cumsum(on_edge)]
    directions = np.empty(2 * len(roads.ends), np.int8)
    for edge, (a, b) in enumerate(roads.ends):
        north = roads.lat[b] - roads.lat[a]
        east = (roads.lon[b] - roads.lon[a]) * math.cos(math.radians(roads.lat[a]))
        eighth = round(math.atan2(east, north) / (math.pi / 4)) % 8
        directions[2 * edge], directions[2 * edge + 1] = eighth, (eighth + 4) % 8
    ways, passages = _unroll_ways(
        paths.start, paths.steps, site_start, sites.fraction, sites.first, sites.readers,
        directions, roads.seconds, roads.urban,
    )  # fmt: skip
    return Ways(ways, passages, len(roads))


@numba.njit(cache=True)
def _unroll_ways(start, steps, site_start, fraction, first, readers, directions, seconds, urban):
    ways = np.zeros(len(start), WAY)
    for way in range(len(start) - 1):
        passed = 0
        for at in range(start[way], start[way + 1]):
            edge = steps[at] // 2
            passed += site_start[edge + 1] - site_start[edge]
        ways[way + 1].start = ways[way].start + passed
    passages = np.empty(ways[len(start) - 1].start, PASSAGE)
    for way in range(len(start) - 1):
        streets, rural, entry = 0.0, 0.0, ways[way].start
        for at in range(start[way], start[way + 1]):
            edge, backward = steps[at] // 2, steps[at] % 2
            count = site_start[edge + 1] - site_start[edge]
            for order in range(count):
                site = site_start[edge] + (count - 1 - order if backward else order)
                part = (1.0 - fraction[site] if backward else fraction[site]) * seconds[edge]
                other_way = readers[site] // 2 if backward else 0
                passage = passages[entry]
                passage.camera = first[site] + other_way
                passage.lanes = 2 if readers[site] == 4 else 1
                passage.direction = directions[steps[at]]
                passage.streets_s = streets + (part if urban[edge] else 0.0)
                passage.rural_s = rural + (0.0 if urban[edge] else part)
                entry += 1
            if urban[edge]:
                streets += seconds[edge]
            else:
                rural += seconds[edge]
        ways[way].streets_s, ways[way].rural_s = streets, rural
    return ways, passages
