"""Who travels together: couples with two cars, and convoys that meet and drive as a group."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.synthetic.land_use import LandUse, access_seconds, scatter
from analyzer.synthetic.people import COMMUTER, HOMEKEEPER, PENSIONER, STORY
from analyzer.synthetic.randomness import pick, stream, uniform, uniforms
from analyzer.synthetic.roads import Roads
from analyzer.synthetic.settings import Difficulty

COMPANION_KINDS = ("convoy", "couple")

CONVOY_SIZES = (3, 4, 5)
LEAST_FOR_A_CONVOY = 25
"""From so many vehicles on there is at least one convoy, unless its share is 0."""

LEAST_JOURNEY_S = 15 * 60.0
"""A convoy's way takes at least this long without congestion."""

_CHOICE, _CONVOY = 950, 951


CONVOY = np.dtype(
    [
        ("weekday", np.int64),
        ("leave", np.float64),
        ("meet_node", np.int64),
        ("meet_lat", np.float64),
        ("meet_lon", np.float64),
        ("meet_access", np.float64),
        ("end_node", np.int64),
        ("end_lat", np.float64),
        ("end_lon", np.float64),
        ("end_access", np.float64),
    ],
    align=True,
)
"""One group.

* weekday: its day of the week (Monday 0); leave: the usual minute at which it leaves;
* meet_…, end_…: the meeting place, and where the group goes.
"""


class Convoys(NamedTuple):
    """Groups that travel together.

    Attributes
    ----------
    of, rank : numpy.ndarray of int64, shape (vehicles,)
        Group of a vehicle (-1 for none), and its place in the column.
    groups : numpy.ndarray of CONVOY
    """

    of: np.ndarray
    rank: np.ndarray
    groups: np.ndarray


def make_convoys(
    people: np.ndarray, roads: Roads, land_use: LandUse, free_s: np.ndarray, settings: Difficulty,
    seed: int,
) -> Convoys:  # fmt: skip
    """Form groups of drivers who live near each other and do not share a household.

    Parameters
    ----------
    people, roads, land_use
        The region.
    free_s : numpy.ndarray of float64, shape (n, n)
        Travel time between junctions in seconds, without congestion.
    settings : Difficulty
    seed : int

    Returns
    -------
    Convoys
    """
    count = len(people)
    eligible = np.isin(people["kind"], (COMMUTER, HOMEKEEPER, PENSIONER)) & (people["partner"] < 0)
    eligible[STORY : STORY + 1] = False
    draws = np.where(eligible, uniforms(seed, count, _CHOICE), 2.0)
    wanted = int(settings.convoy_share * count + 0.5)
    if settings.convoy_share and count >= LEAST_FOR_A_CONVOY:
        wanted = max(wanted, CONVOY_SIZES[0])
    chosen = np.argsort(draws, kind="stable")[: min(wanted, int(eligible.sum()))]
    # Neighbours: by their junction, so that a group has a meeting place near all of them.
    chosen = chosen[np.lexsort((chosen, people["home_node"][chosen]))]
    sizes = _sizes(len(chosen))
    of, rank = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    members = chosen[: sum(sizes)]
    of[members] = np.repeat(np.arange(len(sizes)), sizes)
    rank[members] = np.concatenate([np.arange(size) for size in sizes] or [np.empty(0, int)])
    first = members[np.cumsum([0, *sizes[:-1]])] if sizes else np.empty(0, np.int64)
    groups = _draw_convoys(
        seed, people["home_node"][first], land_use.leisure_choice, land_use.jobs, free_s,
        roads.lat, roads.lon,
    )  # fmt: skip
    return Convoys(of, rank, groups)


def _sizes(count: int) -> list[int]:
    sizes: list[int] = []
    while count >= CONVOY_SIZES[0]:
        sizes.append(min(CONVOY_SIZES[len(sizes) % 3], count))
        count -= sizes[-1]
    return sizes


@numba.njit(cache=True)
def _draw_convoys(seed, home_node, leisure_choice, jobs, free_s, node_lat, node_lon):
    count = len(home_node)
    groups = np.empty(count, CONVOY)
    weights = np.empty(len(jobs))
    for number in range(count):
        key = stream(seed, number, 0, _CONVOY)
        group = groups[number]
        # Saturday is market day; the others have any day of the week.
        group.weekday = 5 if uniform(key, 0) < 0.4 else int(uniform(key, 1) * 7)
        group.leave = 8 * 60 + 150 * uniform(key, 2)
        home = home_node[number]
        near = pick(leisure_choice[home], uniform(key, 3))
        meet = near if free_s[home, near] < 600.0 else home
        total = 0.0
        for node in range(len(jobs)):
            if LEAST_JOURNEY_S <= free_s[meet, node] < 6_000.0:
                total += jobs[node] + 1.0
            weights[node] = total
        end = pick(weights, uniform(key, 4))
        group.meet_node, group.end_node = meet, end
        lat, lon = scatter(node_lat[meet], node_lon[meet], 400.0, key, 6)
        group.meet_lat, group.meet_lon = lat, lon
        group.meet_access = access_seconds(lat, lon, node_lat[meet], node_lon[meet])
        lat, lon = scatter(node_lat[end], node_lon[end], 400.0, key, 9)
        group.end_lat, group.end_lon = lat, lon
        group.end_access = access_seconds(lat, lon, node_lat[end], node_lon[end])
    return groups
