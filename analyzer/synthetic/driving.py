"""Driving: the places of a day, one after another, and the trips between them.

A day is an array of `STOP`. Whoever plans it writes the next place behind the last one and then
drives there; the trip takes the way and the time that roads, hour and driver give it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from analyzer.synthetic.camera_sites import Ways
from analyzer.synthetic.companions import Convoys
from analyzer.synthetic.kernels import kernel
from analyzer.synthetic.land_use import Sites
from analyzer.synthetic.people import STUDENT
from analyzer.synthetic.randomness import bell, bits, share, uniform
from analyzer.synthetic.roads import METRES_PER_DEGREE, Roads
from analyzer.synthetic.traffic import (
    ACCESS_SPEED_MS,
    ACCESS_WINDING,
    HURRY,
    SHORTEST_TRIP_MS,
    rural_slowness,
    slowness,
)
from analyzer.units import MINUTE_MS

PLACES = ("home", "work", "school", "shop", "worship", "clinic", "visit", "other")
"""Kinds of place, in the order of their codes."""

AT_HOME, AT_WORK, AT_SCHOOL, AT_SHOP, AT_WORSHIP, AT_CLINIC, AT_VISIT, ELSEWHERE = np.arange(8)

MAX_TRIPS = 40
"""Trips of one day for which there is room."""

POINT_SPREAD_M = 600.0
"""Spread of destinations about their junction, along each axis."""

DEGREES_PER_METRE = 1.0 / METRES_PER_DEGREE

LEAST_STAY_MS = 2 * MINUTE_MS
"""Time between two trips, at least."""

ALONE = np.int64(0)
"""Number of those who travel together, where nobody does."""

AT_ONCE = np.int64(0)
"""Lag behind the first of those who travel together."""

# Numbers of numpy, not of Python: numba compiles a function anew for every constant of Python's
# that it is called with.


NODE = np.dtype(
    [("lat", np.float64), ("lon", np.float64), ("degrees_east", np.float64)], align=True
)
"""A junction, and how many degrees of longitude a metre to the east is there."""


def node_table(roads: Roads) -> np.ndarray:
    """Give the junctions as an array of `NODE`."""
    nodes = np.empty(len(roads), NODE)
    nodes["lat"], nodes["lon"] = roads.lat, roads.lon
    nodes["degrees_east"] = DEGREES_PER_METRE / np.cos(np.radians(roads.lat))
    return nodes


class Rates(NamedTuple):
    """The settings that schedules need, as numbers a kernel can take."""

    car_use: float
    convoy_days: float
    pair_outings_weekend: float
    pair_outings_weekday: float
    signal_cycle_ms: int


class World(NamedTuple):
    """Everything that a day depends on."""

    seed: int
    people: np.ndarray
    convoys: Convoys
    ways: Ways
    sites: Sites
    nodes: np.ndarray
    job_choice: np.ndarray
    leisure_choice: np.ndarray
    free_s: np.ndarray
    slowness: np.ndarray
    rates: Rates


STOP = np.dtype(
    [
        ("kind", np.int64),
        ("node", np.int64),
        ("depart", np.int64),
        ("arrive", np.int64),
        ("way", np.int64),
        ("joint", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("access", np.float64),
        ("streets", np.float64),
        ("rural", np.float64),
    ],
    align=True,
)
"""One place of a day, with the trip that leaves it for the next one.

* kind: kind of place, a number in `PLACES`; node, access: its junction, and seconds from there;
* depart, arrive: milliseconds since local midnight of the day; way: number of the way in `Ways`;
* joint: number of those who travel together, 0 when alone;
* streets, rural: travel time over free travel time, for this trip.
"""


@numba.njit(cache=True, nogil=True)
def make_plan() -> np.ndarray:
    """Make room for one day: an array of `STOP`."""
    return np.empty(MAX_TRIPS + 1, STOP)


@kernel
def put(plan, n, kind, lat, lon, node, access):
    """Write a place of the day; give its number."""
    stop = plan[n]
    stop.kind, stop.node = kind, node
    stop.lat, stop.lon, stop.access = lat, lon, access
    return n


@kernel
def put_home(world, plan, n, v):
    """Write the home of a driver as a place of the day."""
    person = world.people[v]
    return put(
        plan, n, AT_HOME, person.home_lat, person.home_lon, person.home_node, person.home_access
    )


@kernel
def put_work(world, plan, n, v):
    """Write the work place (for students, the university) as a place of the day."""
    person = world.people[v]
    kind = AT_SCHOOL if person.kind == STUDENT else AT_WORK
    return put(
        plan, n, kind, person.work_lat, person.work_lon, person.work_node, person.work_access
    )


@kernel
def put_site(world, plan, n, kind, site):
    """Write a school, shop, mosque or clinic as a place of the day."""
    place = world.sites.of[site]
    return put(plan, n, kind, place.lat, place.lon, place.node, place.access)


@kernel
def put_point(world, plan, n, kind, node, point):
    """Choose a point near a junction; the same `point` bits give the same point."""
    place = world.nodes[node]
    north, east = POINT_SPREAD_M * bell(point, 0), POINT_SPREAD_M * bell(point, 1)
    lat, lon = place.lat + north * DEGREES_PER_METRE, place.lon + east * place.degrees_east
    access = math.sqrt(north * north + east * east) * (ACCESS_WINDING / ACCESS_SPEED_MS)
    return put(plan, n, kind, lat, lon, node, access)


@kernel
def drive(world, plan, n, when, word, habit, free_day, joint, lag):
    """Make the trip from stop `n` to the next, at `when` or as soon as it can be; count it.

    `word` are the trip's own random bits, `habit` the key of the driver's taste in ways. Those who
    travel together share both, and drive `lag` ms behind the first of them.
    """
    ways = world.ways
    here, there = plan[n], plan[n + 1]
    depart = when
    if n > 0:
        depart = max(depart, plan[n - 1].arrive + LEAST_STAY_MS)
    cycle = world.rates.signal_cycle_ms
    if cycle > 0 and here.node != there.node:
        # Held at the first signal, and released with the others who wait there.
        reaches = depart + np.int64(1_000.0 * here.access)
        released = -((-reaches) // cycle) * cycle
        depart += released - reaches + np.int64(0.25 * cycle * share(word))
    variant = 1 if bits(habit, here.node * 4_096 + there.node) % np.uint64(4) == np.uint64(0) else 0
    if word % np.uint64(8) == np.uint64(0):
        variant = 1 - variant
    way = (variant * ways.n + here.node) * ways.n + there.node
    hurry = HURRY[0] + (HURRY[1] - HURRY[0]) * uniform(word, 0)
    streets = slowness(world.slowness, free_day, depart)
    rural = rural_slowness(streets) * hurry
    streets *= hurry
    seconds = here.access + there.access
    seconds += streets * ways.of[way].streets_s + rural * ways.of[way].rural_s
    here.depart = depart + lag
    here.arrive = depart + lag + max(SHORTEST_TRIP_MS, np.int64(1_000.0 * seconds) + 1)
    here.way, here.joint = way, joint
    here.streets, here.rural = streets, rural
    return n + 1
