"""Where people live, work and go: weights of junctions, and sites such as schools and mosques."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import pandas as pd

from analyzer.cameras import haversine_m
from analyzer.synthetic.randomness import bell, stream
from analyzer.synthetic.roads import CENTRE, METRES_PER_DEGREE, Roads
from analyzer.synthetic.towns import ESHONGUZAR, TASHKENT, Towns
from analyzer.synthetic.traffic import ACCESS_SPEED_MS, ACCESS_WINDING

CATEGORIES = ("school", "shop", "worship", "clinic", "university")
SCHOOL, SHOP, WORSHIP, CLINIC, UNIVERSITY = np.arange(5)

PEOPLE_PER_SITE = (9_000.0, 8_000.0, 14_000.0, 30_000.0, 150_000.0)
"""One site of each category for so many people living at a junction. Assumption."""

CHOICES = 3
"""How many near sites of a category somebody chooses from."""

JOB_MINUTES = 18.0
LEISURE_MINUTES = 14.0
"""How fast the weight of a destination falls with travel time (exponential). Assumption."""

SITES = 910


SITE = np.dtype(
    [
        ("category", np.int64),
        ("node", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("access", np.float64),
    ],
    align=True,
)
"""One site: a number in `CATEGORIES`, its junction, position, and seconds from the junction."""


class Sites(NamedTuple):
    """Sites, ordered by category.

    Attributes
    ----------
    of : numpy.ndarray of SITE
    nearest : numpy.ndarray of int64, shape (categories, n, CHOICES)
        The nearest sites of each category from each junction, nearest first.
    """

    of: np.ndarray
    nearest: np.ndarray


def site_table(sites: Sites) -> pd.DataFrame:
    """Give the sites as a frame: site, category, lat, lon."""
    return pd.DataFrame(
        {
            "site": [
                f"{CATEGORIES[category]} {number + 1}"
                for number, category in enumerate(sites.of["category"])
            ],
            "category": [CATEGORIES[category] for category in sites.of["category"]],
            "lat": sites.of["lat"].round(5),
            "lon": sites.of["lon"].round(5),
        }
    )


@dataclass(frozen=True)
class LandUse:
    """Weights of the junctions and the sites.

    Attributes
    ----------
    people, jobs : numpy.ndarray of float64, shape (n,)
        People living at a junction; weight of its jobs.
    job_choice, leisure_choice : numpy.ndarray of float64, shape (n, n)
        Cumulative weights of destinations from each junction.
    sites : Sites
    """

    people: np.ndarray
    jobs: np.ndarray
    job_choice: np.ndarray
    leisure_choice: np.ndarray
    sites: Sites


def make_land_use(towns: Towns, roads: Roads, free_s: np.ndarray, seed: int) -> LandUse:
    """Spread people, jobs and sites over the junctions.

    Parameters
    ----------
    towns : Towns
    roads : Roads
    free_s : numpy.ndarray of float64, shape (n, n)
        Travel time between junctions in seconds, without congestion.
    seed : int

    Returns
    -------
    LandUse
    """
    n = len(roads)
    people = np.zeros(n)
    for code in range(len(towns.name)):
        nodes = np.flatnonzero(roads.town == code)
        people[nodes] = towns.population[code] / len(nodes)
    to_centre = np.array(
        [haversine_m(*CENTRE, *point) for point in zip(roads.lat, roads.lon, strict=True)]
    )
    # Jobs lean to the middle of the capital; Eshonguzar stands for the wholesale yards west of it.
    factor = np.where(to_centre < 5_000, 2.5, np.where(to_centre < 13_000, 1.2, 0.8))
    factor[towns.code(ESHONGUZAR)] = 4.0
    jobs = people * factor
    minutes = free_s / 60
    job_choice = np.cumsum(jobs * np.exp(-minutes / JOB_MINUTES), axis=1)
    leisure_choice = np.cumsum(people * np.exp(-minutes / LEISURE_MINUTES), axis=1)
    sites = _make_sites(roads, people, towns.code(TASHKENT), free_s, seed)
    return LandUse(people, jobs, job_choice, leisure_choice, sites)


def _make_sites(
    roads: Roads, people: np.ndarray, tashkent: int, free_s: np.ndarray, seed: int
) -> Sites:
    category, node = [], []
    for code, each in enumerate(PEOPLE_PER_SITE):
        wanted = people / each
        count = np.floor(wanted + 0.5).astype(int)
        if code == UNIVERSITY:
            count = np.where(
                roads.town == tashkent, (np.arange(len(people)) % 9 == 0).astype(int), 0
            )
        elif code in (SCHOOL, SHOP):
            count = np.where(people > 500, np.maximum(count, 1), count)
        node.extend(np.repeat(np.arange(len(people)), count).tolist())
        category.extend([code] * int(count.sum()))
    sites = np.zeros(len(node), SITE)
    sites["category"], sites["node"] = category, node
    _scatter_sites(seed, sites, roads.lat, roads.lon)
    nearest = np.empty((len(CATEGORIES), len(roads), CHOICES), np.int64)
    for code in range(len(CATEGORIES)):
        members = np.flatnonzero(sites["category"] == code)
        time = free_s[:, sites["node"][members]] + sites["access"][members]
        nearest[code] = members[np.argsort(time, axis=1, kind="stable")[:, :CHOICES]]
    return Sites(sites, nearest)


@numba.njit(cache=True)
def _scatter_sites(seed, sites, node_lat, node_lon):
    for number in range(len(sites)):
        site = sites[number]
        lat, lon = node_lat[site.node], node_lon[site.node]
        site.lat, site.lon = scatter(lat, lon, 450.0, stream(seed, number, 0, SITES), 0)
        site.access = access_seconds(site.lat, site.lon, lat, lon)


@numba.njit(cache=True, nogil=True)
def scatter(
    lat: float, lon: float, spread_m: float, key: np.uint64, counter: int
) -> tuple[float, float]:
    """Move a point at random: bell-shaped on both axes, `spread_m` the standard deviation."""
    north = bell(key, counter) * spread_m
    east = bell(key, counter + 1) * spread_m
    return (
        lat + north / METRES_PER_DEGREE,
        lon + east / (METRES_PER_DEGREE * np.cos(np.radians(lat))),
    )


@numba.njit(cache=True, nogil=True)
def access_seconds(lat: float, lon: float, node_lat: float, node_lon: float) -> float:
    """Give the time from a door to its junction."""
    return haversine_m(lat, lon, node_lat, node_lon) * ACCESS_WINDING / ACCESS_SPEED_MS


@numba.njit(cache=True, nogil=True)
def nearest_node(lat: float, lon: float, node_lat: np.ndarray, node_lon: np.ndarray) -> int:
    """Find the nearest junction (on a plane, which is near enough within a town)."""
    squeeze = np.cos(np.radians(lat))
    best, found = np.inf, 0
    for node in range(len(node_lat)):
        north = node_lat[node] - lat
        east = (node_lon[node] - lon) * squeeze
        distance = north * north + east * east
        if distance < best:
            best, found = distance, node
    return found
