"""Containment attacks: the candidate has all that is known, whatever else it has.

Location, time, unique location, frequency and probability differ in their items alone (see
`analyzer.risk.attacks.items`). The search goes through the items, those with the fewest vehicles
first; each is the root of a node in which the rest of the knowledge is sought.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.attacks.items import Entries, Items
from analyzer.risk.attacks.nodes import Rows, search_node, set_bit, try_shared

_LOOK_ROWS = 4_096
"""A first look is not worth it in larger nodes."""


def search(
    order: np.ndarray,
    entries: Entries,
    items: Items,
    *,
    nested: bool,
    exact: bool,
    points: int,
    size: np.ndarray,
    fewest: np.ndarray,
    least: np.ndarray,
    look: bool = False,
    together: bool = False,
) -> None:
    """Find the fewest matches that knowledge of the given size leaves of each vehicle.

    Parameters
    ----------
    order : numpy.ndarray of int32
        Items whose nodes are searched.
    entries, items
        The index of the whole population.
    nested : bool
        Whether a vehicle can be known by every item it agrees with, rather than by its own.
    exact : bool
        Whether nobody agrees with an item but those who can be known by it.
    points : int
        What the adversary knows; of a vehicle that has less, everything.
    size : numpy.ndarray of int64, shape (v,)
        How much there is to know of each vehicle.
    fewest : numpy.ndarray of int32, shape (v,)
        Fewest matches so far; changed in place.
    least : numpy.ndarray of int32, shape (v,)
        So few are possible at best.
    look : bool
        Take one good combination of each vehicle instead of all.
    together : bool
        Search all items in one node, for few items that many vehicles have; `order` then says with
        which items combinations may begin.
    """
    for known in range(1, points + 1):
        wanted = size == known if known < points else size >= points
        if not wanted.any():
            continue
        if together:
            _search_together(order, known, wanted, entries, items, nested, exact, fewest, least)
        else:
            _search(order, known, wanted, entries, items, nested, exact, fewest, least, look)


@numba.njit(cache=True, nogil=True)
def _search(
    order: np.ndarray,
    known: int,
    wanted: np.ndarray,
    entries: Entries,
    items: Items,
    nested: bool,
    exact: bool,
    fewest: np.ndarray,
    least: np.ndarray,
    look: bool,
) -> None:
    starts, vehicle = entries.starts, entries.vehicle
    low, high, own, listed = items.low, items.high, items.own, items.listed
    first, stop, own_first, own_stop = items.first, items.stop, items.own_first, items.own_stop
    n_items = len(first)
    row_of = np.full(n_items, -1, np.int32)
    tally = np.zeros(n_items, np.int32)
    row_items = np.empty(1_024, np.int32)
    for item in order:
        rest = known - items.weight[item]
        n = stop[item] - first[item]
        if rest < 0 or (look and n > _LOOK_ROWS):
            continue
        n_open, after_open = 0, 0
        for i in range(own_first[item], own_stop[item]):
            e = listed[i]
            v = vehicle[e]
            if wanted[v] and fewest[v] > least[v]:
                n_open += 1
                after_open += starts[v + 1] - e - 1
        if n_open == 0:
            continue
        if rest == 0 or n == 1:
            # Whoever is alone with one item stays alone whatever else is known.
            for i in range(own_first[item], own_stop[item]):
                v = vehicle[listed[i]]
                if wanted[v]:
                    fewest[v] = min(fewest[v], n)
            continue
        if rest == 1 and exact:
            node = listed[first[item] : stop[item]]
            _tally_pairs(node, entries, low if nested else own, wanted, tally, fewest, least)
            continue
        if len(row_items) < after_open * (rest if nested else 1):
            row_items = np.empty(after_open * (rest if nested else 1), np.int32)
        entry = listed[first[item] : stop[item]].astype(np.int64)
        column_fewest, column_least = np.zeros(n, np.int32), np.zeros(n, np.int32)
        for column in range(own_first[item] - first[item], own_stop[item] - first[item]):
            v = vehicle[entry[column]]
            if wanted[v]:
                column_fewest[column], column_least[column] = fewest[v], least[v]
        # Rows: the further items of the open vehicles.
        n_rows = 0
        for column in range(n):
            if column_fewest[column] <= column_least[column]:
                continue
            for f in range(entry[column] + 1, starts[vehicle[entry[column]] + 1]):
                a = low[f] if nested else own[f]
                b = min(high[f], low[f] + rest - 1) if nested else own[f]
                for other in range(a, b + 1):
                    if row_of[other] < 0:
                        row_of[other] = 0
                        row_items[n_rows] = other
                        n_rows += 1
        row_items[:n_rows].sort()
        for r in range(n_rows):
            row_of[row_items[r]] = r
        rows = _make_rows(
            row_items[:n_rows], row_of, entry + 1, starts[vehicle[entry] + 1], column_fewest,
            column_least, rest, items, nested,
        )  # fmt: skip
        search_node(rows, exact, nested, rest, look, column_fewest, column_least)
        for column in range(n):
            if column_fewest[column] > 0:
                v = vehicle[entry[column]]
                fewest[v] = min(fewest[v], column_fewest[column])
        for r in range(n_rows):
            row_of[row_items[r]] = -1


@numba.njit(cache=True, nogil=True)
def _make_rows(
    row_items: np.ndarray,
    row_of: np.ndarray,
    begin: np.ndarray,
    end: np.ndarray,
    fewest: np.ndarray,
    least: np.ndarray,
    rest: int,
    items: Items,
    nested: bool,
) -> Rows:
    """Make the rows of a node from each column's entries from `begin` to before `end`."""
    low, high, own, item_rank = items.low, items.high, items.own, items.rank
    n_rows, n = len(row_items), len(begin)
    bits = np.zeros((n_rows, (n + 63) >> 6), np.uint64)
    own_starts = np.zeros(n + 1, np.int64)
    for column in range(n):
        own_starts[column + 1] = own_starts[column]
        if fewest[column] > least[column]:
            own_starts[column + 1] += end[column] - begin[column]
        for f in range(begin[column], end[column]):
            b = min(high[f], low[f] + rest - 1) if nested else high[f]
            if b - low[f] <= 8:
                for other in range(low[f], b + 1):
                    if row_of[other] >= 0:
                        set_bit(bits, row_of[other], column)
            else:
                r = np.searchsorted(row_items, low[f])
                while r < n_rows and row_items[r] <= b:
                    set_bit(bits, r, column)
                    r += 1
    weight, following = np.empty(n_rows, np.int32), np.empty(n_rows, np.int32)
    bases, base_of = np.empty(n_rows, np.int32), np.empty(n_rows + 1, np.int32)
    n_bases = 0
    for r in range(n_rows):
        weight[r] = items.weight[row_items[r]]
        base_of[r] = n_bases
        if weight[r] == 1:
            bases[n_bases] = r
            n_bases += 1
    base_of[n_rows] = n_bases
    for r in range(n_rows - 1, -1, -1):
        last = r + 1 == n_rows or item_rank[row_items[r + 1]] != item_rank[row_items[r]]
        following[r] = r + 1 if last else following[r + 1]
    own_bases = np.empty(own_starts[n], np.int32)
    own_levels = np.ones(own_starts[n], np.int32)
    for column in range(n):
        at, f = own_starts[column], np.int64(begin[column])
        while at < own_starts[column + 1]:
            own_bases[at] = base_of[row_of[low[f] if nested else own[f]]]
            if nested:
                own_levels[at] = min(high[f] - low[f] + 1, rest)
            at += 1
            f += 1
    return Rows(bits, weight, following, bases[:n_bases], base_of, own_starts, own_bases,
                own_levels)  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _search_together(
    roots: np.ndarray,
    known: int,
    wanted: np.ndarray,
    entries: Entries,
    items: Items,
    nested: bool,
    exact: bool,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    """Search all items in one node: all vehicles, nothing known yet."""
    starts, n = entries.starts, len(entries.starts) - 1
    column_fewest, column_least = np.zeros(n, np.int32), np.zeros(n, np.int32)
    column_fewest[wanted], column_least[wanted] = fewest[wanted], least[wanted]
    every = np.arange(len(items.rank)).astype(np.int32)
    rows = _make_rows(
        every, every, starts[:-1], starts[1:], column_fewest, column_least, known, items, nested
    )
    own_bits = rows.bits
    if not exact:
        own_bits = np.zeros(rows.bits.shape, np.uint64)
        for e in range(len(items.own)):
            set_bit(own_bits, items.own[e], entries.vehicle[e])
    try_shared(rows, own_bits, exact, roots, known, column_fewest, column_least)
    for v in range(n):
        if wanted[v]:
            fewest[v] = column_fewest[v]


@numba.njit(cache=True, nogil=True)
def _tally_pairs(
    node: np.ndarray,
    entries: Entries,
    further: np.ndarray,
    wanted: np.ndarray,
    tally: np.ndarray,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    """Try one more item, by counting how many vehicles of the node have each further one."""
    starts, vehicle = entries.starts, entries.vehicle
    for e in node:
        for f in range(e + 1, starts[vehicle[e] + 1]):
            tally[further[f]] += 1
    for e in node:
        v = vehicle[e]
        if wanted[v] and fewest[v] > least[v]:
            found = fewest[v]
            for f in range(e + 1, starts[v + 1]):
                found = min(found, tally[further[f]])
            fewest[v] = found
    for e in node:
        for f in range(e + 1, starts[vehicle[e] + 1]):
            tally[further[f]] = 0


@numba.njit(cache=True, nogil=True)
def count_dominators(
    targets: np.ndarray, entries: Entries, items: Items, nested: bool, least: np.ndarray
) -> None:
    """Count those who agree with all that there is to know of a target: they always match.

    Parameters
    ----------
    targets : numpy.ndarray of int64, shape (t,)
        Vehicles by position.
    entries, items, nested
        As for `search`.
    least : numpy.ndarray of int32, shape (v,)
        Raised to the count, in place.
    """
    starts, vehicle, rank = entries.starts, entries.vehicle, entries.rank
    top = items.high if nested else items.own
    for t in targets:
        item = top[starts[t]]
        count = 0
        for i in range(items.first[item], items.stop[item]):
            f = np.int64(items.listed[i])
            end = starts[vehicle[f] + 1]
            agrees = True
            for e in range(starts[t], starts[t + 1]):
                while f < end and rank[f] < rank[e]:
                    f += 1
                if f == end or rank[f] != rank[e]:
                    agrees = False
                    break
                if not items.low[f] <= top[e] <= items.high[f]:
                    agrees = False
                    break
            count += agrees
        least[t] = max(least[t], count)
