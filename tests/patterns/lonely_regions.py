"""Small regions in which nobody travels together, though everything else invites the error.

Neighbours leave at the same minutes for the same work by the same road, day after day; lights and
level crossings pass traffic on in tight platoons, at phases that differ from day to day; strangers
use the same roads. `plant` adds vehicles that do travel together. Imports no analysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.array_sightings import from_arrays
from analyzer.sightings import Sightings

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MONDAY = 4
ROAD = 5
"""Cameras on each of the roads to work."""


@dataclass(frozen=True)
class Setting:
    """How a lonely region is made; times in minutes."""

    days: int = 28
    streets: int = 8
    neighbours: int = 10
    strangers: int = 60
    cameras: int = 12
    roads: int = 4
    punctual: float = 3.0
    platoon: float = 2.0
    weather: float = 0.0
    missed: float = 0.1
    weeks_present: int | None = None
    couples: int = 0
    convoy: int = 0
    timezone: str = "Asia/Tashkent"


@dataclass(frozen=True)
class _People:
    leave: np.ndarray
    back: np.ndarray
    road: np.ndarray
    spread: np.ndarray
    works: np.ndarray


def _people(rng: np.random.Generator, setting: Setting) -> _People:
    street = np.repeat(np.arange(setting.streets), setting.neighbours)
    s = setting.strangers
    return _People(
        leave=np.append(
            rng.normal(7.75, 0.5, setting.streets)[street], rng.uniform(6, 11, s)
        ) * HOUR,
        back=np.append(
            rng.normal(17.5, 0.7, setting.streets)[street], rng.uniform(14, 21, s)
        ) * HOUR,
        road=np.append(
            rng.integers(setting.roads, size=setting.streets)[street],
            rng.integers(setting.roads, size=s),
        ),
        spread=np.append(np.full(len(street), setting.punctual), np.full(s, 30.0)) * MINUTE,
        works=np.append(np.full(len(street), 0.95), np.full(s, 0.7)),
    )


def lonely_region(seed: int, setting: Setting | None = None) -> tuple[Sightings, set]:
    """Make a region; gives its sightings and the true pairs (codes) that were planted."""
    setting = setting or Setting()
    rng = np.random.default_rng([seed, 77])
    people = _people(rng, setting)
    roads = np.stack([rng.permutation(setting.cameras)[:ROAD] for _ in range(setting.roads)])
    n = len(people.leave)
    day, vehicle = (grid.ravel() for grid in np.mgrid[: setting.days, :n])
    if setting.weeks_present:
        first = rng.integers(0, max(setting.days // 7 - setting.weeks_present, 0) + 1, n) * 7
        here = (day >= first[vehicle]) & (day < first[vehicle] + 7 * setting.weeks_present)
        day, vehicle = day[here], vehicle[here]
    working = (day % 7 < 5) & (rng.random(len(day)) < people.works[vehicle])
    outing = (day % 7 >= 5) & (rng.random(len(day)) < 0.3)
    trips = [
        (vehicle[working], day[working], people.leave, False),
        (vehicle[working], day[working], people.back, True),
    ]
    pulses = rng.uniform(0, 1, (setting.days, 2, setting.cameras))
    delay = rng.normal(0, setting.weather, setting.days) * MINUTE
    found = [
        _drive(rng, setting, roads[people.road[who]], pulses, who, when,
               hour[who] + rng.normal(0, people.spread[who]) + delay[when], back)
        for who, when, hour, back in trips
    ]
    who, when = vehicle[outing], day[outing]
    found.append(
        _drive(rng, setting, roads[people.road[who]], pulses, who, when,
               rng.uniform(9, 20, len(who)) * HOUR, False)
    )
    sightings = np.concatenate(found, axis=1)
    true: set[tuple[int, int]] = set()
    for _ in range(setting.couples):
        sightings = _follow(rng, sightings, int(rng.integers(n)), 1, true)
    if setting.convoy:
        sightings = _follow(rng, sightings, int(rng.integers(n)), setting.convoy - 1, true)
    # Codes are by order of first appearance, as in a store that was read.
    order = np.lexsort((sightings[0], sightings[1]))
    sightings = sightings[:, order]
    _, first, code = np.unique(sightings[0], return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    names = dict(zip(np.unique(sightings[0]).tolist(), rank.tolist(), strict=True))
    region = from_arrays(
        rank[code], sightings[1], sightings[2], timezone=setting.timezone
    )
    return region, {tuple(sorted((names[a], names[b]))) for a, b in true}


def _drive(rng, setting, road, pulses, who, when, leave, back) -> np.ndarray:
    at = (MONDAY + when) * DAY + leave - 5 * HOUR
    seen = []
    for step in range(ROAD):
        camera = road[:, ROAD - 1 - step if back else step]
        at = at + 4 * MINUTE
        if setting.platoon:
            period = setting.platoon * MINUTE
            phase = pulses[when, int(back), camera] * period
            # The light opens for all that wait; they follow each other within ten seconds.
            at = np.ceil((at - phase) / period) * period + phase + rng.uniform(0, 10_000, len(at))
        kept = rng.random(len(at)) >= setting.missed
        seen.append(np.stack([who, at.astype(np.int64), camera])[:, kept])
    return np.concatenate(seen, axis=1)


def _follow(rng, sightings, leader, followers, true) -> np.ndarray:
    # Followers go wherever the leader goes, some seconds behind; so do those that follow already.
    group = [leader, *(b if a == leader else a for a, b in sorted(true) if leader in (a, b))]
    for _ in range(followers):
        own = sightings[:, sightings[0] == leader].copy()
        own[0] = sightings[0].max() + 1
        own[1] += rng.integers(3_000, 30_000, own.shape[1])
        true |= {(member, int(own[0, 0])) for member in group}
        group.append(int(own[0, 0]))
        sightings = np.concatenate([sightings, own], axis=1)
    return sightings
