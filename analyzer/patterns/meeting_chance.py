"""Chance for meetings: what pairs would have in common by habit, and anyhow.

Counted pair by pair, from the stays of the two, wherever these were: so the work grows with the
pairs, and a pair is looked at once. As in the passes over pairs that travel together
(`pair_passes`), the parts of the first vehicles are joined with blocks of second ones.

A vehicle arrives again and again in the same few ways, so its stays are grouped by approach. With
which approaches its own can meet is worked out once for all its pairs; of the other's stays only
those are then looked at that may be meetings, and for habit only those at the same time of day.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from analyzer.engine import Engine, Part
from analyzer.engine.base import Broadcast
from analyzer.engine.turns import map_in_turns
from analyzer.patterns.encounters import longer
from analyzer.patterns.meeting_groups import GROUPS, block_of_stays, grouped, stays_by_approach
from analyzer.patterns.meeting_pairs import MetPairs
from analyzer.patterns.meeting_spots import (
    Approaches,
    approaches_of_keys,
    are_together,
    can_meet,
)
from analyzer.schema import Rows
from analyzer.units import DAY_MS

BYTES_A_STAY = 40
"""Memory that a stay takes in a block, while that is being laid together."""

SHARE_OF_BLOCK = 4
"""What share of the memory a block takes."""

BYTES_A_PAIR = 16
"""What the counts of a pair take, as a part gives them."""

MOST_LISTED = 10_000_000
"""Approaches that can meet others are listed beforehand up to so many pairs of them."""


def count_chance(
    pairs: MetPairs, parts: Sequence[Part], stays: int, broadcast: Broadcast, engine: Engine
) -> tuple[np.ndarray, np.ndarray]:
    """Count what pairs would have in common by habit, and their opportunities.

    Parameters
    ----------
    pairs : MetPairs
        The pairs.
    parts : sequence of Part
        The stays (`Places.stay_parts`).
    stays : int
        How many of them may be meetings.
    broadcast : Broadcast
        What the functions of meetings take.
    engine : Engine
        Where the parts are worked on.

    Returns
    -------
    shifted : numpy.ndarray of int32, shape (pairs,)
        Σh: meetings if one of the two had come on another day of the same kind, over all such days.
    opportunities : numpy.ndarray of int32, shape (pairs,)
        Pairs of stays of the two that would be meetings but for the time.
    """
    shifted, opportunities = np.zeros((2, len(pairs)), np.int32)
    if not len(pairs):
        return shifted, opportunities
    a_part = max(stays // len(parts), 1) * BYTES_A_STAY
    fitting = max(engine.resources.memory // SHARE_OF_BLOCK // a_part, 1)
    blocks = -(-len(parts) // fitting)
    a_block = -(-len(parts) // blocks)
    near_starts, near = _both_ways(broadcast["neighbour_starts"], broadcast["neighbours"])
    known = {
        **broadcast, "pair_starts": pairs.starts, "second": pairs.second,
        "near_starts": near_starts, "near": near,
    }  # fmt: skip
    a_result = len(pairs) // len(parts) * BYTES_A_PAIR
    for first in range(0, len(parts), a_block):
        frames = engine.map(parts[first : first + a_block], stays_by_approach, broadcast)
        shared = {**known, **block_of_stays(frames, len(pairs.starts) - 1)}
        for counts in map_in_turns(engine, parts, chance_of_part, shared, bytes_each=a_result):
            # No pair stands twice in what a part gives.
            shifted[counts["pair"]] += counts["shifted"]
            opportunities[counts["pair"]] += counts["opportunities"]
        del shared
    return shifted, opportunities


def _both_ways(starts: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the neighbours of each site, of lower number and of higher, and the site itself.

    Examples
    --------
    >>> [array.tolist() for array in _both_ways(np.array([0, 0, 1, 1]), np.array([0]))]
    [[0, 2, 4, 5], [0, 1, 0, 1, 2]]
    """
    sites = np.arange(len(starts) - 1)
    one = np.repeat(sites, np.diff(starts))
    both = np.concatenate([np.stack([one, others]), np.stack([others, one]), [sites, sites]], 1)
    both = both[:, np.lexsort(both[::-1])]
    return np.searchsorted(both[0], np.arange(len(starts))), both[1]


def chance_of_part(stays: Rows, broadcast: Broadcast) -> Rows:
    """Count habit and opportunities of the pairs whose second vehicle is in this block."""
    own, vehicles, keys = grouped(stays_by_approach(stays, broadcast))
    there, plane = broadcast["block_keys"], broadcast["plane"]
    # One table for both: those of this part stand behind those of the block, which are by site.
    approaches = approaches_of_keys(np.append(there, keys), plane)
    by_site = approaches.site[: len(there)]
    site_starts = np.searchsorted(by_site, np.arange(len(broadcast["near_starts"])))
    sites = site_starts, broadcast["near_starts"], broadcast["near"]
    listed = list_who_can_meet(len(keys), approaches, *sites, MOST_LISTED)
    pair, shifted, opportunities = habit_and_traffic(
        vehicles, broadcast["pair_starts"], broadcast["second"],
        *(own[name] for name in GROUPS),
        broadcast["block_places"], *(broadcast[f"block_{name}"] for name in GROUPS),
        approaches, *sites, *listed, int(broadcast["within"][0]), broadcast["kind"],
    )  # fmt: skip
    return {"pair": pair, "shifted": shifted, "opportunities": opportunities}


@numba.njit(cache=True, nogil=True)
def list_who_can_meet(
    n_own: int,
    approaches: Approaches,
    site_starts: np.ndarray,
    near_starts: np.ndarray,
    near: np.ndarray,
    most: int,
) -> tuple[np.ndarray, np.ndarray]:
    """List, for each approach of one's own, the others that can meet it.

    Parameters
    ----------
    n_own : int
        How many approaches, the last in the table, are one's own.
    approaches : Approaches
        The others, by site, and one's own.
    site_starts : numpy.ndarray of int64, shape (sites + 1,)
        Where the others of each site begin.
    near_starts, near : numpy.ndarray of int64
        The sites near each, itself among them.
    most : int
        No more are listed than so many.

    Returns
    -------
    starts : numpy.ndarray of int64, shape (listed + 1,)
        Where the list of each begins: of all, or of the first as far as there is room.
    listed : numpy.ndarray of int32
        Numbers of the others.
    """
    n_others = len(approaches.site) - n_own
    starts = np.zeros(n_own + 1, np.int64)
    listed = np.empty(1024, np.int32)
    n = 0
    for own in range(n_own):
        site = approaches.site[n_others + own]
        for k in range(near_starts[site], near_starts[site + 1]):
            for other in range(site_starts[near[k]], site_starts[near[k] + 1]):
                if can_meet(n_others + own, other, approaches):
                    if n == most:
                        return starts[: own + 1].copy(), listed[: starts[own]].copy()
                    if n == len(listed):
                        listed = longer(listed)
                    listed[n] = other
                    n += 1
        starts[own + 1] = n
    return starts, listed[:n].copy()


@numba.njit(cache=True, nogil=True)
def habit_and_traffic(
    vehicles: np.ndarray,
    pair_starts: np.ndarray,
    second: np.ndarray,
    starts_a: np.ndarray,
    kinds_a: np.ndarray,
    stay_starts_a: np.ndarray,
    days_a: np.ndarray,
    clock_a: np.ndarray,
    lasted_a: np.ndarray,
    places_b: np.ndarray,
    starts_b: np.ndarray,
    kinds_b: np.ndarray,
    stay_starts_b: np.ndarray,
    days_b: np.ndarray,
    clock_b: np.ndarray,
    lasted_b: np.ndarray,
    approaches: Approaches,
    site_starts: np.ndarray,
    near_starts: np.ndarray,
    near: np.ndarray,
    list_starts: np.ndarray,
    listed: np.ndarray,
    within: int,
    kind: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count what pairs would have in common by habit, and anyhow.

    Parameters
    ----------
    vehicles : numpy.ndarray of int, shape (k,)
        Codes of first vehicles.
    pair_starts, second : numpy.ndarray
        See `MetPairs`.
    starts_a, kinds_a, stay_starts_a, days_a, clock_a, lasted_a : numpy.ndarray
        Their stays; see `grouped`.
    places_b : numpy.ndarray of int, shape (n_codes,)
        Where a second vehicle stands in `starts_b`; -1 if it does not.
    starts_b, kinds_b, stay_starts_b, days_b, clock_b, lasted_b : numpy.ndarray
        The stays of second vehicles.
    approaches, site_starts, near_starts, near
        See `list_who_can_meet`; the others are those of `kinds_b`.
    list_starts, listed : numpy.ndarray
        What it gives.
    within : int
        Longest time between the two arrivals (ms); inclusive.
    kind : numpy.ndarray of int64
        Kind of each day of the span.

    Returns
    -------
    pair : numpy.ndarray of int64, shape (found,)
        Positions of the pairs that have an opportunity; others have no habit either.
    shifted, opportunities : numpy.ndarray of int32, shape (found,)
        See `count_chance`.
    """
    possible = 0
    for code in vehicles:
        possible += pair_starts[code + 1] - pair_starts[code]
    found = np.empty(possible, np.int64)
    shifted, opportunities = np.empty(possible, np.int32), np.empty(possible, np.int32)
    n, n_others = 0, site_starts[-1]
    # By approach of the other vehicle: stays of this one that can meet it, and their groups, as a
    # chain of links.
    stays_there = np.zeros(n_others, np.int64)
    chain = np.full(n_others, -1, np.int64)
    link_group, link_next = np.empty(1024, np.int64), np.empty(1024, np.int64)
    for k in range(len(vehicles)):
        if pair_starts[vehicles[k]] == pair_starts[vehicles[k] + 1]:
            continue
        links = 0
        for group in range(starts_a[k], starts_a[k + 1]):
            own, stays = kinds_a[group], stay_starts_a[group + 1] - stay_starts_a[group]
            known = own < len(list_starts) - 1
            site = approaches.site[n_others + own]
            # What there was no room to list is found anew.
            for part in range(1 if known else near_starts[site + 1] - near_starts[site]):
                if known:
                    first, stop = list_starts[own], list_starts[own + 1]
                else:
                    there = near[near_starts[site] + part]
                    first, stop = site_starts[there], site_starts[there + 1]
                for i in range(first, stop):
                    other = np.int64(listed[i]) if known else i
                    if not known and not can_meet(n_others + own, other, approaches):
                        continue
                    if links == len(link_next):
                        link_group, link_next = longer(link_group), longer(link_next)
                    link_group[links], link_next[links] = group, chain[other]
                    chain[other] = links
                    stays_there[other] += stays
                    links += 1
        for pair in range(pair_starts[vehicles[k]], pair_starts[vehicles[k] + 1]):
            place = places_b[second[pair]]
            if place < 0:
                continue
            habit, alike = 0, np.int64(0)
            for group in range(starts_b[place], starts_b[place + 1]):
                there = stays_there[kinds_b[group]]
                if there == 0:
                    continue
                alike += there * (stay_starts_b[group + 1] - stay_starts_b[group])
                link = chain[kinds_b[group]]
                while link >= 0:
                    mine = link_group[link]
                    habit += _on_other_days(
                        stay_starts_a[mine], stay_starts_a[mine + 1], days_a, clock_a, lasted_a,
                        stay_starts_b[group], stay_starts_b[group + 1], days_b, clock_b, lasted_b,
                        within, kind,
                    )  # fmt: skip
                    link = link_next[link]
            if alike:
                found[n], shifted[n], opportunities[n] = pair, habit, alike
                n += 1
        for group in range(starts_a[k], starts_a[k + 1]):
            own = kinds_a[group]
            if own < len(list_starts) - 1:
                for i in range(list_starts[own], list_starts[own + 1]):
                    stays_there[listed[i]], chain[listed[i]] = 0, -1
            else:
                site = approaches.site[n_others + own]
                for part in range(near_starts[site], near_starts[site + 1]):
                    first, stop = site_starts[near[part]], site_starts[near[part] + 1]
                    stays_there[first:stop], chain[first:stop] = 0, -1
    return found[:n].copy(), shifted[:n].copy(), opportunities[:n].copy()


@numba.njit(cache=True, nogil=True)
def _on_other_days(
    first_a: int, stop_a: int, days_a: np.ndarray, clock_a: np.ndarray, lasted_a: np.ndarray,
    first_b: int, stop_b: int, days_b: np.ndarray, clock_b: np.ndarray, lasted_b: np.ndarray,
    within: int, kind: np.ndarray,
) -> int:  # fmt: skip
    # Stays that can be meetings, in order of the time of day: how many would be, over all days of
    # a's kind. It is moved to the day of b, or to one beside it where midnight lies between.
    total = 0
    low = first_b
    for i in range(first_a, stop_a):
        time, day = clock_a[i], days_a[i]
        while low < stop_b and clock_b[low] < time - within:
            low += 1
        for beside in range(-1, 2):
            aim = time + beside * DAY_MS
            if aim - within >= DAY_MS or aim + within < 0:
                continue
            j = low if beside == 0 else first_b
            while j < stop_b and clock_b[j] < aim - within:
                j += 1
            while j < stop_b and clock_b[j] <= aim + within:
                to = days_b[j] + beside
                if to != day and 0 <= to < len(kind) and kind[to] == kind[day]:
                    total += are_together(clock_b[j] - aim, within, lasted_a[i], lasted_b[j])
                j += 1
    return total
