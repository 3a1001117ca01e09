"""The people behind the wheels: households, homes, jobs, shifts and habits (part of the truth)."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.cameras import haversine_m
from analyzer.synthetic.land_use import (
    CHOICES,
    SCHOOL,
    UNIVERSITY,
    LandUse,
    access_seconds,
    nearest_node,
    scatter,
)
from analyzer.synthetic.randomness import bell, pick, stream, uniform
from analyzer.synthetic.roads import Roads
from analyzer.synthetic.settings import Difficulty
from analyzer.synthetic.towns import CHIRCHIQ, ESHONGUZAR, TASHKENT, Towns

KINDS = (
    "commuter",
    "shift",
    "student",
    "pensioner",
    "homekeeper",
    "taxi",
    "van",
    "through",
)
COMMUTER, SHIFT, STUDENT, PENSIONER, HOMEKEEPER, TAXI, VAN, THROUGH = range(8)

STORY = 0
"""Number of the vehicle that commutes from Chirchiq through Tashkent to Eshonguzar."""

LEAST_COMMUTE_M = 1_000.0
"""A work place nearer to home than this is no commute."""

MONDAY_TO_FRIDAY = 0b0011111
MONDAY_TO_SATURDAY = 0b0111111
SUNDAY_TO_THURSDAY = 0b1001111

_PAIR, _PERSON, _HOME, _WORK, _HABIT = 940, 941, 942, 943, 944


PERSON = np.dtype(
    [
        ("kind", np.int64),
        ("household", np.int64),
        ("partner", np.int64),
        ("town", np.int64),
        ("home_node", np.int64),
        ("work_town", np.int64),
        ("work_node", np.int64),
        ("child_site", np.int64),
        ("workdays", np.int64),
        ("nights", np.int64),
        ("worship", np.int64),
        ("phase", np.int64),
        ("period", np.int64),
        ("habit", np.uint64),
        ("home_lat", np.float64),
        ("home_lon", np.float64),
        ("home_access", np.float64),
        ("work_lat", np.float64),
        ("work_lon", np.float64),
        ("work_access", np.float64),
        ("leave_home", np.float64),
        ("leave_work", np.float64),
        ("spread", np.float64),
    ],
    align=True,
)
"""One driver with a vehicle.

* kind: what the driver does, a place in `KINDS`;
* household: its number; partner: the other vehicle of the household, its neighbour in the array, or
  -1;
* town, home_node, work_town, work_node: town and junction of home and work, or -1; through-traffic
  has its gates in home_node and work_node, and no town;
* child_site: the school to which a child is brought, or -1;
* workdays: bit *i* is set when the driver works on weekday *i* (Monday 0; for night shifts, the day
  on which the night begins);
* nights: for shift workers, 1 always by night, 0 in turns (day, night, two days off);
* worship: 1 for those who go to a mosque on most Fridays;
* phase: where in a cycle of days somebody stands; period: days between two crossings of
  through-traffic, 0 for others;
* habit: key of the draws that are the same every day (tastes, starting hours);
* home_access, work_access: seconds from the door to the junction;
* leave_home, leave_work: usual minute of the day, NaN where there is none; spread: the standard
  deviation of leaving, in minutes.
"""

_WHOLE = [name for name in PERSON.names if PERSON[name].kind == "i"]
_REAL = [name for name in PERSON.names if PERSON[name].kind == "f"]


def has_commute(people: np.ndarray) -> np.ndarray:
    """Tell who works three days a week or more at one place away from home.

    Parameters
    ----------
    people : numpy.ndarray of PERSON, shape (n,)

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    away = _distances(
        people["home_lat"], people["home_lon"], people["work_lat"], people["work_lon"]
    )
    days = sum((people["workdays"] >> day) & 1 for day in range(7))
    works = np.isin(people["kind"], (COMMUTER, SHIFT, STUDENT))
    return works & (days >= 3) & (away >= LEAST_COMMUTE_M)


@numba.njit(cache=True)
def _distances(lat1, lon1, lat2, lon2):
    distance = np.empty(len(lat1))
    for i in range(len(lat1)):
        distance[i] = haversine_m(lat1[i], lon1[i], lat2[i], lon2[i])
    return distance


def make_people(
    count: int, towns: Towns, roads: Roads, land_use: LandUse, free_s: np.ndarray,
    settings: Difficulty, seed: int,
) -> np.ndarray:  # fmt: skip
    """Draw the people of a region.

    Parameters
    ----------
    count : int
        Number of vehicles.
    towns, roads, land_use
        The region.
    free_s : numpy.ndarray of float64, shape (n, n)
        Travel time between junctions in seconds, without congestion.
    settings : Difficulty
    seed : int

    Returns
    -------
    numpy.ndarray of PERSON, shape (count,)
    """
    people = np.zeros(count, PERSON)
    for name in _WHOLE:
        people[name] = -1
    for name in _REAL:
        people[name] = np.nan
    tashkent = towns.code(TASHKENT)
    street_weight = np.cumsum(np.where(roads.city | (np.arange(len(roads)) == tashkent), 1.0, 0.0))
    _draw_households(
        people, seed, settings.pair_share, np.cumsum(np.array(settings.kind_shares)),
    )  # fmt: skip
    _draw_homes(
        people, seed, np.cumsum(towns.population), towns.lat, towns.lon, towns.spread_m, tashkent,
        street_weight, roads.lat, roads.lon, roads.gates,
    )  # fmt: skip
    if count:
        _place_story(people, towns)
    _draw_work(
        people, seed, land_use.job_choice, land_use.sites, roads.lat, roads.lon, roads.town, free_s,
        settings.punctuality_min, settings.child_share, settings.worship_share,
    )  # fmt: skip
    if count:
        _tell_story(people, towns)
    return people


@numba.njit(cache=True)
def _draw_households(people, seed, pair_share, kind_shares):
    count, household = len(people), 0
    for v in range(count):
        draw = uniform(stream(seed, v, 0, _PERSON), 0)
        kind = COMMUTER
        for other in range(len(kind_shares)):
            if draw >= (kind_shares[other - 1] if other else 0.0) and draw < kind_shares[other]:
                kind = other + 1
        # Vehicle 0 tells the story of one commuter; it and its neighbour are no pair.
        first = v - v % 2
        paired = (
            first > 0
            and first + 1 < count
            and uniform(stream(seed, first, 0, _PAIR), 0) < pair_share
        )
        if paired:
            if kind not in (COMMUTER, HOMEKEEPER, PENSIONER):
                kind = COMMUTER
            people[v].partner = first if v % 2 else first + 1
        if v > 0 and not (paired and v % 2):
            household += 1
        people[v].kind = COMMUTER if v == STORY else kind
        people[v].household = household
        people[v].habit = stream(seed, v, 0, _HABIT)


@numba.njit(cache=True)
def _draw_homes(
    people, seed, population, town_lat, town_lon, spread_m, tashkent, street_weight,
    node_lat, node_lon, gates,
):  # fmt: skip
    for v in range(len(people)):
        owner = min(v, people[v].partner) if people[v].partner >= 0 else v
        key = stream(seed, owner, 0, _HOME)
        if people[v].kind == THROUGH:
            gate = int(uniform(key, 0) * len(gates))
            other = (gate + 1 + int(uniform(key, 1) * (len(gates) - 1))) % len(gates)
            people[v].home_node, people[v].work_node = gates[gate], gates[other]
            people[v].home_access = people[v].work_access = 0.0
            people[v].period = 3 + int(uniform(key, 2) * 9)
            people[v].phase = int(uniform(key, 3) * people[v].period)
            continue
        town = pick(population, uniform(key, 0))
        lat, lon, spread = town_lat[town], town_lon[town], spread_m[town]
        if town == tashkent:
            street = pick(street_weight, uniform(key, 1))
            lat, lon, spread = node_lat[street], node_lon[street], 900.0
        lat, lon = scatter(lat, lon, spread, key, 2)
        _set_home(people, v, town, lat, lon, node_lat, node_lon)


@numba.njit(cache=True)
def _set_home(people, v, town, lat, lon, node_lat, node_lon):
    node = nearest_node(lat, lon, node_lat, node_lon)
    people[v].town, people[v].home_node = town, node
    people[v].home_lat, people[v].home_lon = lat, lon
    people[v].home_access = access_seconds(lat, lon, node_lat[node], node_lon[node])


@numba.njit(cache=True)
def _set_work(people, v, node, lat, lon, access, node_town):
    people[v].work_node, people[v].work_town = node, node_town[node]
    people[v].work_lat, people[v].work_lon, people[v].work_access = lat, lon, access


@numba.njit(cache=True)
def _draw_work(
    people, seed, job_choice, sites, node_lat, node_lon, node_town, free_s,
    punctuality, child_share, worship_share,
):  # fmt: skip
    for v in range(len(people)):
        kind = people[v].kind
        key = stream(seed, v, 0, _WORK)
        people[v].spread = punctuality * (0.5 + uniform(key, 0))
        people[v].worship = 1 if kind < TAXI and uniform(key, 1) < worship_share else 0
        people[v].nights = 1 if kind == SHIFT and uniform(key, 2) < 0.4 else 0
        people[v].workdays = 0
        if kind == THROUGH:
            continue
        people[v].phase = int(uniform(key, 3) * 4)
        people[v].period = 0
        home = people[v].home_node
        if kind in (COMMUTER, HOMEKEEPER) and uniform(key, 4) < child_share:
            choice = int(uniform(key, 5) * uniform(key, 6) * CHOICES)
            people[v].child_site = sites.nearest[SCHOOL, home, choice]
        if kind == STUDENT:
            choice = int(uniform(key, 7) * CHOICES)
            site = sites.nearest[UNIVERSITY, home, choice]
            _set_work(
                people, v, sites.of[site].node, sites.of[site].lat, sites.of[site].lon,
                sites.of[site].access, node_town,
            )  # fmt: skip
            _set_hours(people, v, key, free_s, 8 * 60 + 30 * int(uniform(key, 8) * 4), 5 * 60.0)
            people[v].workdays = MONDAY_TO_FRIDAY
        elif kind in (COMMUTER, SHIFT):
            for attempt in range(6):
                node = pick(job_choice[home], uniform(key, 10 + attempt))
                lat, lon = scatter(node_lat[node], node_lon[node], 650.0, key, 20 + 2 * attempt)
                away = haversine_m(lat, lon, people[v].home_lat, people[v].home_lon)
                if away >= LEAST_COMMUTE_M:
                    break
            access = access_seconds(lat, lon, node_lat[node], node_lon[node])
            _set_work(people, v, node, lat, lon, access, node_town)
            _set_workdays(people, v, key, free_s)


@numba.njit(cache=True)
def _set_workdays(people, v, key, free_s):
    draw = uniform(key, 40)
    if people[v].kind == SHIFT:
        people[v].workdays = SUNDAY_TO_THURSDAY if people[v].nights else 0b1111111
        if people[v].nights:
            _set_hours(people, v, key, free_s, 20 * 60 + 30 * int(uniform(key, 41) * 5), 10.5 * 60)
        return
    if draw < 0.70:
        people[v].workdays = MONDAY_TO_FRIDAY
    elif draw < 0.90:
        people[v].workdays = MONDAY_TO_SATURDAY
    else:
        # Part-time: two to four fixed days.
        days, wanted = 0, 2 + int(uniform(key, 42) * 3)
        first = int(uniform(key, 43) * 5)
        for step in range(wanted):
            days |= 1 << ((first + 2 * step) % 5)
        people[v].workdays = days
    start = 8 * 60 + 30 * int(uniform(key, 44) * 5)
    _set_hours(people, v, key, free_s, start, 8.5 * 60 + 45 * uniform(key, 45))


@numba.njit(cache=True)
def _set_hours(people, v, key, free_s, start, duration):
    """Set when somebody usually leaves, from when work begins and how long the way takes."""
    way = free_s[people[v].home_node, people[v].work_node] * 1.45
    way += people[v].home_access + people[v].work_access
    leave = start - way / 60.0 - 8.0 + 4.0 * bell(key, 50)
    if people[v].child_site >= 0 and people[v].kind == COMMUTER:
        # School begins at eight: who brings a child leaves by then at the latest.
        leave = min(leave - 10.0, 7 * 60 + 45.0)
    people[v].leave_home = max(leave, 5 * 60 + 15.0)
    people[v].leave_work = (start + duration) % (24 * 60)


def _place_story(people: np.ndarray, towns: Towns) -> None:
    story, home = people[STORY], towns.code(CHIRCHIQ)
    story["town"] = story["home_node"] = home
    story["home_lat"] = towns.lat[home] + 0.002
    story["home_lon"] = towns.lon[home] - 0.003
    story["home_access"] = access_seconds(
        story["home_lat"], story["home_lon"], towns.lat[home], towns.lon[home]
    )


def _tell_story(people: np.ndarray, towns: Towns) -> None:
    story, work = people[STORY], towns.code(ESHONGUZAR)
    story["work_town"] = story["work_node"] = work
    story["work_lat"] = towns.lat[work] + 0.001
    story["work_lon"] = towns.lon[work] + 0.002
    story["work_access"] = access_seconds(
        story["work_lat"], story["work_lon"], towns.lat[work], towns.lon[work]
    )
    story["workdays"] = MONDAY_TO_FRIDAY
    story["leave_home"], story["leave_work"] = 6 * 60 + 50, 18 * 60
    story["spread"] = 6.0
    story["child_site"], story["worship"] = -1, 0
