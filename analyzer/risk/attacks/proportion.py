"""The proportion attack: how often a vehicle is at some places is known relative to one another.

Both sides are divided by their own largest count over the places that are known, so whether a
candidate agrees about one place depends on the others. A node is the place that the target visits
most among those known (of equal counts the rarer place); relative to it, each further place has a
ratio, and a row is a place with a ratio. Without tolerance a candidate agrees exactly if its counts
have these ratios. With tolerance, rows hold who may agree, and every combination is verified.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.risk.attacks import nodes
from analyzer.risk.attacks.bits import lowest_bit
from analyzer.risk.attacks.items import Entries
from analyzer.risk.attacks.nodes import binomial, search_node, set_bit
from analyzer.risk.attacks.tolerance import Tolerance, is_enough, is_not_too_much
from analyzer.risk.attacks.work import LOOK_FROM, Search, in_chunks, refuse_too_much
from analyzer.schema import Rows

_SLACK = 1e-9
"""Room for rounding in who may agree; what is let in too much is verified away."""

_FIRST_LOOK = 20
"""Combinations of each vehicle at each place that a first look tries."""


def plan_search(entries: Entries, points: int, tolerance: Tolerance) -> Search:
    """Plan to find the fewest matches that `points` places and their proportions leave of each.

    Parameters
    ----------
    entries : Entries
        Of the whole population.
    points : int
        Number of places known.
    tolerance : Tolerance
        How far the proportions may be off.

    Returns
    -------
    Search

    Raises
    ------
    TooMuchWorkError
        If it would take too long.
    """
    n_vehicles = len(entries.vehicles)
    points = min(points, int(np.diff(entries.starts).max(initial=1)))
    exact = tolerance.numerator == 0
    fewest = np.full(n_vehicles, n_vehicles, np.int32)
    order = np.arange(len(entries.rank_starts) - 1)
    combinations, steps = _count_steps(fewest > 1, entries, points, exact)
    if steps > LOOK_FROM:
        _search_all(order, entries, points, tolerance, _FIRST_LOOK, fewest)
        is_open = fewest > 1
        combinations, steps = _count_steps(is_open, entries, points, exact)
        everybody = np.ones(n_vehicles, np.bool_)
        refuse_too_much(
            "proportion", points, steps, combinations, int(is_open.sum()),
            lambda fewer: _count_steps(everybody, entries, fewer, exact)[1],
        )  # fmt: skip
    broadcast = {"entries": entries, "points": points, "tolerance": tolerance, "fewest": fewest}
    return Search(
        fewest, steps, lambda: combinations, in_chunks(order, steps), search_in_part, broadcast
    )


def search_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Search the nodes of some places; gives the fewest matches of every vehicle."""
    fewest = broadcast["fewest"].copy()
    entries, points, tolerance = (broadcast[name] for name in ("entries", "points", "tolerance"))
    _search_all(rows["root"], entries, points, tolerance, 0, fewest)
    return {"matches": fewest}


def _search_all(
    roots: np.ndarray,
    entries: Entries,
    points: int,
    tolerance: Tolerance,
    tries: int,
    fewest: np.ndarray,
) -> None:
    size = np.diff(entries.starts)
    for known in range(1, points + 1):
        wanted = size == known if known < points else size >= points
        if wanted.any():
            _search(roots, known, wanted, entries, tolerance, tries, fewest)


@numba.njit(cache=True, nogil=True)
def _search(
    roots: np.ndarray,
    known: int,
    wanted: np.ndarray,
    entries: Entries,
    tolerance: Tolerance,
    tries: int,
    fewest: np.ndarray,
) -> None:
    """Search the nodes of some places; with `tries`, only so many combinations of a vehicle."""
    starts, vehicle, rank, visits = entries.starts, entries.vehicle, entries.rank, entries.visits
    listed = _list_by_rank(rank, entries.rank_starts)
    n_ranks = len(entries.rank_starts) - 1
    rest = known - 1
    for root in roots:
        entry = listed[entries.rank_starts[root] : entries.rank_starts[root + 1]]
        n = len(entry)
        column_fewest, column_least = np.zeros(n, np.int32), np.ones(n, np.int32)
        own_starts = np.zeros(n + 1, np.int64)
        is_open = False
        for column in range(n):
            e = entry[column]
            v = vehicle[e]
            own_starts[column + 1] = own_starts[column]
            if not wanted[v] or fewest[v] <= 1:
                continue
            own = 0
            for f in range(starts[v], starts[v + 1]):
                own += _is_below(visits[f], rank[f], visits[e], root)
            if own >= rest:
                is_open = True
                column_fewest[column] = fewest[v]
                own_starts[column + 1] += own
        if not is_open:
            continue
        if rest == 0 or n == 1:
            for column in range(n):
                v = vehicle[entry[column]]
                if column_fewest[column] > 0:
                    fewest[v] = min(fewest[v], n)
            continue
        # The ratios that occur at each place, ascending.
        own_rank = np.empty(own_starts[n], np.int32)
        own_ratio = np.empty(own_starts[n])
        own_entry = np.empty(own_starts[n], np.int64)
        for column in range(n):
            at = own_starts[column]
            if at == own_starts[column + 1]:
                continue
            e = entry[column]
            for f in range(starts[vehicle[e]], starts[vehicle[e] + 1]):
                if _is_below(visits[f], rank[f], visits[e], root):
                    own_rank[at], own_ratio[at] = rank[f], visits[f] / visits[e]
                    own_entry[at] = f
                    at += 1
        ratio, first = _list_ratios(own_rank, own_ratio, n_ranks)
        n_rows = len(ratio)
        own_bases = np.empty(len(own_rank), np.int32)
        known_visits, known_of = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
        row_rank, following = np.empty(n_rows, np.int32), np.empty(n_rows, np.int32)
        for r in range(n_ranks):
            row_rank[first[r] : first[r + 1]] = r
            following[first[r] : first[r + 1]] = first[r + 1]
        for column in range(n):
            for i in range(own_starts[column], own_starts[column + 1]):
                r = own_rank[i]
                row = first[r] + np.searchsorted(ratio[first[r] : first[r + 1]], own_ratio[i])
                own_bases[i] = row
                known_visits[row], known_of[row] = visits[own_entry[i]], visits[entry[column]]
        bits = np.zeros((n_rows, (n + 63) >> 6), np.uint64)
        share = tolerance.numerator / tolerance.denominator
        for column in range(n):
            e = entry[column]
            for f in range(starts[vehicle[e]], starts[vehicle[e] + 1]):
                if f == e:
                    continue
                value = visits[f] / visits[e]
                low, high = value, value
                if tolerance.numerator > 0:
                    low = value * (1 - share) / (1 + share) * (1 - _SLACK)
                    high = value * (1 + share) * (1 + _SLACK)
                row = first[rank[f]]
                row += np.searchsorted(ratio[row : first[rank[f] + 1]], low)
                while row < first[rank[f] + 1] and ratio[row] <= high:
                    set_bit(bits, row, column)
                    row += 1
        every = np.arange(n_rows + 1).astype(np.int32)
        rows = nodes.Rows(
            bits, np.ones(n_rows, np.int32), following, every[:n_rows], every, own_starts,
            own_bases, np.ones(len(own_bases), np.int32),
        )  # fmt: skip
        if tolerance.numerator == 0:
            search_node(rows, True, False, rest, tries > 0, column_fewest, column_least)
        else:
            counts = np.zeros((n_ranks, n), np.int32)
            for column in range(n):
                v = vehicle[entry[column]]
                for f in range(starts[v], starts[v + 1]):
                    counts[rank[f], column] = visits[f]
            for column in range(n):
                if column_fewest[column] > 1:
                    column_fewest[column] = _try_verified(
                        rows, column, rest, column_fewest[column], counts, row_rank,
                        known_visits, known_of, root, tolerance, tries,
                    )  # fmt: skip
        for column in range(n):
            if column_fewest[column] > 0:
                v = vehicle[entry[column]]
                fewest[v] = min(fewest[v], column_fewest[column])


@numba.njit(cache=True, nogil=True)
def _is_below(visits: int, rank: int, most: int, root: int) -> bool:
    """Tell whether a place is visited less than the root's, or as often and comes later."""
    return visits < most or (visits == most and rank > root)


@numba.njit(cache=True, nogil=True)
def _list_by_rank(rank: np.ndarray, rank_starts: np.ndarray) -> np.ndarray:
    following = rank_starts[:-1].copy()
    listed = np.empty(len(rank), np.int64)
    for e in range(len(rank)):
        listed[following[rank[e]]] = e
        following[rank[e]] += 1
    return listed


@numba.njit(cache=True, nogil=True)
def _list_ratios(
    rank: np.ndarray, ratio: np.ndarray, n_ranks: int
) -> tuple[np.ndarray, np.ndarray]:
    """List the different ratios of each place, ascending, and where each place's begin."""
    begin = np.zeros(n_ranks + 1, np.int64)
    for i in range(len(rank)):
        begin[rank[i] + 1] += 1
    for r in range(n_ranks):
        begin[r + 1] += begin[r]
    at = begin[:-1].copy()
    grouped = np.empty(len(ratio))
    for i in range(len(rank)):
        grouped[at[rank[i]]] = ratio[i]
        at[rank[i]] += 1
    first = np.zeros(n_ranks + 1, np.int64)
    count = 0
    for r in range(n_ranks):
        grouped[begin[r] : begin[r + 1]].sort()
        start = count
        for i in range(begin[r], begin[r + 1]):
            if count == start or grouped[i] != grouped[count - 1]:
                grouped[count] = grouped[i]
                count += 1
        first[r + 1] = count
    return grouped[:count], first


@numba.njit(cache=True, nogil=True)
def _try_verified(
    rows: nodes.Rows,
    column: int,
    rest: int,
    fewest: int,
    counts: np.ndarray,
    row_rank: np.ndarray,
    known_visits: np.ndarray,
    known_of: np.ndarray,
    root: int,
    tolerance: Tolerance,
    tries: int,
) -> int:
    """Try the combinations of one vehicle's rows, and look at every candidate's proportions."""
    own = rows.own_bases[rows.own_starts[column] : rows.own_starts[column + 1]]
    n_own, words = len(own), rows.bits.shape[1]
    held = np.empty((rest, words), np.uint64)
    held[0] = ~np.uint64(0)
    chosen = np.empty(rest, np.int64)
    at = np.zeros(rest, np.int64)
    depth = 0
    while depth >= 0:
        m = at[depth]
        if m >= n_own - (rest - depth - 1):
            depth -= 1
            continue
        at[depth] = m + 1
        chosen[depth] = own[m]
        if depth + 1 < rest:
            held[depth + 1] = held[depth] & rows.bits[own[m]]
            depth += 1
            at[depth] = m + 1
            continue
        matches = 0
        row = rows.bits[own[m]]
        for w in range(words):
            word = held[depth, w] & row[w]
            while word and matches < fewest:
                candidate = 64 * w + np.int64(lowest_bit(word))
                word &= word - np.uint64(1)
                matches += _agrees(
                    candidate, chosen, counts, row_rank, known_visits, known_of, root, tolerance
                )
        fewest = min(fewest, matches)
        tries -= 1
        if fewest == 1 or tries == 0:
            break
    return fewest


@numba.njit(cache=True, nogil=True)
def _agrees(
    candidate: int,
    chosen: np.ndarray,
    counts: np.ndarray,
    row_rank: np.ndarray,
    known_visits: np.ndarray,
    known_of: np.ndarray,
    root: int,
    tolerance: Tolerance,
) -> bool:
    most = counts[root, candidate]
    for row in chosen:
        most = max(most, counts[row_rank[row], candidate])
    most = np.int64(most)
    value = np.int64(counts[root, candidate])
    if not (is_enough(1, 1, value, most, tolerance)
            and is_not_too_much(1, 1, value, most, tolerance)):  # fmt: skip
        return False
    for row in chosen:
        value = np.int64(counts[row_rank[row], candidate])
        if not (
            is_enough(known_visits[row], known_of[row], value, most, tolerance)
            and is_not_too_much(known_visits[row], known_of[row], value, most, tolerance)
        ):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _count_steps(
    is_open: np.ndarray, entries: Entries, points: int, exact: bool
) -> tuple[float, float]:
    """Count the combinations of places of open vehicles, and bound the steps to try them."""
    combinations, steps = 0.0, 0.0
    for v in range(len(is_open)):
        length = entries.starts[v + 1] - entries.starts[v]
        # Building the nodes, and then candidates by the word, or one by one.
        steps += 4 * length * length
        if not is_open[v]:
            continue
        own = binomial(length, min(points, length))
        combinations += own
        holders = 0.0
        for e in range(entries.starts[v], entries.starts[v + 1]):
            r = entries.rank[e]
            holders += entries.rank_starts[r + 1] - entries.rank_starts[r]
        steps += own * holders / max(length, 1) * (1 / 64 if exact else points)
    return combinations, steps
