"""Items: what can be known of an element, each with the vehicles that agree with it.

An item is an element with a value: "at least twice at this place" (location, time), "exactly this
often", "this share of all visits" (frequency, probability). Elements are ranked by how many
vehicles have them, the rarest first; an element's items stand together, by value. The vehicles
that agree with an item are then neighbours in the list of the element's entries sorted by value,
and the items that an entry agrees with are neighbours too.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.risk.attacks.elements import starts_of
from analyzer.risk.attacks.tolerance import Tolerance, is_enough, is_not_too_much
from analyzer.risk.points import sort_keys


class Entries(NamedTuple):
    """The elements of each vehicle, the rarest first.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes; all other arrays use the vehicle's position here.
    starts : numpy.ndarray of int64, shape (v + 1,)
        Where the entries of each vehicle begin.
    vehicle : numpy.ndarray of int32, shape (e,)
        Vehicle of each entry.
    rank : numpy.ndarray of int32, shape (e,)
        Rank of its element.
    visits : numpy.ndarray of int32, shape (e,)
        How often the vehicle has it.
    total : numpy.ndarray of int64, shape (v,)
        Visits of the vehicle.
    rank_starts : numpy.ndarray of int64, shape (n + 1,)
        Where the entries of each element begin in a list by rank.
    """

    vehicles: np.ndarray
    starts: np.ndarray
    vehicle: np.ndarray
    rank: np.ndarray
    visits: np.ndarray
    total: np.ndarray
    rank_starts: np.ndarray


class Items(NamedTuple):
    """What can be known, and who agrees with it.

    Attributes
    ----------
    low, high : numpy.ndarray of int32, shape (e,)
        First and last item that each entry agrees with.
    own : numpy.ndarray of int32, shape (e,)
        The item by which an entry's vehicle is known; where items are nested ("at least once, at
        least twice"), a vehicle can be known by every item it agrees with.
    listed : numpy.ndarray of int32, shape (e,)
        Entries by element and value.
    first, stop : numpy.ndarray of int64, shape (n,)
        Which of `listed` agree with each item.
    own_first, own_stop : numpy.ndarray of int64, shape (n,)
        Which of `listed` can be known by it.
    rank : numpy.ndarray of int32, shape (n,)
        Rank of the item's element.
    weight : numpy.ndarray of int32, shape (n,)
        How many of the adversary's points the item takes.
    rank_items : numpy.ndarray of int64, shape (number of elements + 1,)
        Where the items of each element begin.
    """

    low: np.ndarray
    high: np.ndarray
    own: np.ndarray
    listed: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    own_first: np.ndarray
    own_stop: np.ndarray
    rank: np.ndarray
    weight: np.ndarray
    rank_items: np.ndarray


def make_entries(vehicle: np.ndarray, element: np.ndarray, visits: np.ndarray) -> Entries:
    """Rank the elements and sort each vehicle's by rank.

    Parameters
    ----------
    vehicle, element, visits : numpy.ndarray, shape (e,)
        Each pair of vehicle and element once, the rows of a vehicle standing together.

    Examples
    --------
    >>> entries = make_entries(np.array([4, 4, 6], np.int32), np.array([10, 20, 10]),
    ...                        np.array([1, 2, 1], np.int32))
    >>> entries.rank.tolist(), entries.visits.tolist(), entries.total.tolist()
    ([0, 1, 1], [2, 1, 1], [3, 1])
    """
    vehicles, starts = starts_of(vehicle)
    if len(element) and element.min() >= 0 and element.max() < 4 * len(element) + 1_000:
        number = element
    else:
        number = np.unique(element, return_inverse=True)[1]
    holders = np.bincount(number)
    ranked = np.argsort(holders, kind="stable")
    # Places that nobody visited have no rank.
    ranked = ranked[np.count_nonzero(holders == 0) :]
    rank_of = np.empty(len(holders), np.int32)
    rank_of[ranked] = np.arange(len(ranked), dtype=np.int32)
    rank_starts = np.concatenate([[0], np.cumsum(holders[ranked])]).astype(np.int64)
    arrays = _sort_by_rank(starts, rank_of[number], visits)
    return Entries(vehicles, starts, *arrays, rank_starts)


@numba.njit(cache=True, nogil=True)
def _sort_by_rank(
    starts: np.ndarray, rank: np.ndarray, visits: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_entries = len(rank)
    vehicle, ranks = np.empty(n_entries, np.int32), np.empty(n_entries, np.int32)
    counts, total = np.empty(n_entries, np.int32), np.zeros(len(starts) - 1, np.int64)
    for v in range(len(starts) - 1):
        own = np.empty(starts[v + 1] - starts[v], np.int64)
        for i in range(len(own)):
            e = starts[v] + i
            own[i] = np.int64(rank[e]) << 32 | np.int64(visits[e])
            total[v] += visits[e]
        sort_keys(own)
        for i in range(len(own)):
            e = starts[v] + i
            vehicle[e], ranks[e], counts[e] = v, own[i] >> 32, own[i] & 0xFFFFFFFF
    return vehicle, ranks, counts, total


def make_levels(entries: Entries, most: int) -> Items:
    """Make the items "at least once", "at least twice", … up to `most` times at an element."""
    return Items(*_make_levels(entries.vehicle, entries.rank, entries.visits,
                               entries.rank_starts, most))  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _make_levels(
    vehicle: np.ndarray,
    rank: np.ndarray,
    visits: np.ndarray,
    rank_starts: np.ndarray,
    most: int,
) -> tuple[np.ndarray, ...]:
    n_entries, n_ranks = len(rank), len(rank_starts) - 1
    # How many entries of each element have exactly one, two, … visits.
    exactly = np.zeros((n_ranks, most + 1), np.int32)
    for e in range(n_entries):
        exactly[rank[e], min(visits[e], most)] += 1
    rank_items = np.zeros(n_ranks + 1, np.int64)
    for r in range(n_ranks):
        highest = 0
        for level in range(1, most + 1):
            if exactly[r, level]:
                highest = level
        rank_items[r + 1] = rank_items[r] + highest
    n_items = rank_items[n_ranks]
    first, stop = np.empty(n_items, np.int64), np.empty(n_items, np.int64)
    item_rank, weight = np.empty(n_items, np.int32), np.empty(n_items, np.int32)
    following = np.empty((n_ranks, most + 1), np.int32)
    for r in range(n_ranks):
        at = rank_starts[r]
        for level in range(1, most + 1):
            following[r, level] = at
            item = rank_items[r] + level - 1
            if item < rank_items[r + 1]:
                first[item], stop[item] = at, rank_starts[r + 1]
                item_rank[item], weight[item] = r, level
            at += exactly[r, level]
    low, high = np.empty(n_entries, np.int32), np.empty(n_entries, np.int32)
    listed = np.empty(n_entries, np.int32)
    for e in range(n_entries):
        r, level = rank[e], min(visits[e], most)
        low[e] = rank_items[r]
        high[e] = rank_items[r] + level - 1
        listed[following[r, level]] = e
        following[r, level] += 1
    return low, high, low, listed, first, stop, first, stop, item_rank, weight, rank_items


def make_values(entries: Entries, of: np.ndarray, tolerance: Tolerance) -> Items:
    """Make the items "visits to an element / `of` of the vehicle have this value".

    Parameters
    ----------
    entries : Entries
        Of all vehicles.
    of : numpy.ndarray of int64, shape (v,)
        What each vehicle's visits are divided by: one for counts, all its visits for shares.
    tolerance : Tolerance
        How far known values may be off.
    """
    # Counts stay far below 2**26, so that different fractions are different floats, in order.
    value = entries.visits / of[entries.vehicle]
    listed = np.lexsort([value, entries.rank]).astype(np.int32)
    return Items(*_make_values(listed, entries.vehicle, entries.rank, entries.visits, value, of,
                               len(entries.rank_starts) - 1, tolerance))  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _make_values(
    listed: np.ndarray,
    vehicle: np.ndarray,
    rank: np.ndarray,
    visits: np.ndarray,
    value: np.ndarray,
    of: np.ndarray,
    n_ranks: int,
    tolerance: Tolerance,
) -> tuple[np.ndarray, ...]:
    n_entries = len(listed)
    own, sample = np.empty(n_entries, np.int32), np.empty(n_entries, np.int32)
    own_first, own_stop = np.empty(n_entries, np.int64), np.empty(n_entries, np.int64)
    rank_items = np.zeros(n_ranks + 1, np.int64)
    n_items = 0
    for i in range(n_entries):
        e = listed[i]
        before = listed[i - 1]
        if i == 0 or rank[e] != rank[before] or value[e] != value[before]:
            sample[n_items], own_first[n_items] = e, i
            n_items += 1
            rank_items[rank[e] + 1] += 1
        own[e] = n_items - 1
        own_stop[n_items - 1] = i + 1
    for r in range(n_ranks):
        rank_items[r + 1] += rank_items[r]
    low, high = np.empty(n_entries, np.int32), np.empty(n_entries, np.int32)
    first, stop = np.full(n_items, n_entries, np.int64), np.zeros(n_items, np.int64)
    for i in range(n_entries):
        e = listed[i]
        r = rank[e]
        if i > 0 and own[listed[i - 1]] == own[e]:
            # Of equal values one is enough.
            low[e], high[e] = low[listed[i - 1]], high[listed[i - 1]]
        else:
            c, c_of = visits[e], of[vehicle[e]]
            low[e] = high[e] = own[e]
            begin, end = rank_items[r], np.int64(own[e])
            while begin < end:
                middle = (begin + end) >> 1
                s = sample[middle]
                if is_enough(visits[s], of[vehicle[s]], c, c_of, tolerance):
                    end = middle
                else:
                    begin = middle + 1
            low[e] = begin
            begin, end = np.int64(own[e]), rank_items[r + 1] - 1
            while begin < end:
                middle = (begin + end + 1) >> 1
                s = sample[middle]
                if is_not_too_much(visits[s], of[vehicle[s]], c, c_of, tolerance):
                    begin = middle
                else:
                    end = middle - 1
            high[e] = begin
    for i in range(n_entries):
        e = listed[i]
        # Both limits rise with the value: the first entry whose upper limit reaches an item, and
        # the last whose lower limit does, are the ends of those that agree with it.
        if i == 0 or rank[listed[i - 1]] != rank[e]:
            reached = rank_items[rank[e]]
            passed = rank_items[rank[e]]
        while reached <= high[e]:
            first[reached] = i
            reached += 1
        while passed < low[e]:
            stop[passed] = i
            passed += 1
        if i + 1 == n_entries or rank[listed[i + 1]] != rank[e]:
            while passed < rank_items[rank[e] + 1]:
                stop[passed] = i + 1
                passed += 1
    item_rank, weight = np.empty(n_items, np.int32), np.ones(n_items, np.int32)
    for item in range(n_items):
        item_rank[item] = rank[sample[item]]
    return (
        low, high, own, listed, first, stop, own_first[:n_items].copy(),
        own_stop[:n_items].copy(), item_rank, weight, rank_items,
    )  # fmt: skip
