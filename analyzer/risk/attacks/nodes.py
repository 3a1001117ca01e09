"""A node of the search: something may be known already, and the rest of the knowledge is sought.

What is left to find stands in a table of bits: one column for each vehicle that agrees with what is
known, one row for each further item that somebody with an open case has. The rows of an element
stand together, by level ("once", "twice", …). Two ways lead through the table. Either all
combinations of rows are tried once, for all vehicles together (many vehicles, few items), or each
open vehicle's own combinations are (few vehicles, many items), with bounds: a case is closed at the
smallest number of matches that is possible.

Every combination belongs to one node, that of its rarest element, so none is tried twice.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.risk.attacks.bits import count_bits, count_common, lowest_bit

MOST_SHARED = 4_096
"""Rows that may be tried together: their table of pairs takes 64 MB."""

_NEVER = np.int32(np.iinfo(np.int32).max)
"""Matches of what is no combination."""


class Rows(NamedTuple):
    """The rows of a node, and who owns which.

    Attributes
    ----------
    bits : numpy.ndarray of uint64, shape (r, words)
        Vehicles that agree with each row.
    weight : numpy.ndarray of int32, shape (r,)
        Points that each row takes: its level.
    following : numpy.ndarray of int32, shape (r,)
        First row of the next element.
    bases : numpy.ndarray of int32, shape (b,)
        Rows of the first level, ascending.
    base_of : numpy.ndarray of int32, shape (r + 1,)
        How many bases stand before each row, and in all.
    own_starts : numpy.ndarray of int64, shape (columns + 1,)
        Where each vehicle's own bases begin.
    own_bases : numpy.ndarray of int32
        Positions in `bases`, ascending: by what each open vehicle can be known.
    own_levels : numpy.ndarray of int32
        Up to which level.
    """

    bits: np.ndarray
    weight: np.ndarray
    following: np.ndarray
    bases: np.ndarray
    base_of: np.ndarray
    own_starts: np.ndarray
    own_bases: np.ndarray
    own_levels: np.ndarray


@numba.njit(cache=True, nogil=True)
def binomial(n: int, k: int) -> float:
    """Count the combinations of k out of n."""
    if k > n:
        return 0.0
    count = 1.0
    for i in range(k):
        count = count * (n - i) / (i + 1)
    return count


@numba.njit(cache=True, nogil=True)
def set_bit(bits: np.ndarray, row: int, column: int) -> None:
    """Set one bit of a table."""
    bits[row, column >> 6] |= np.uint64(1) << np.uint64(column & 63)


@numba.njit(cache=True, nogil=True)
def try_shared(
    rows: Rows,
    own_bits: np.ndarray,
    same: bool,
    roots: np.ndarray,
    rest: int,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    """Try all combinations of rows once, for all vehicles of a node together.

    The last two rows are tried as a table of pairs, in which each vehicle looks its own up.

    Parameters
    ----------
    rows : Rows
        Of the node.
    own_bits : numpy.ndarray of uint64, shape (r, words)
        Vehicles that can be known by each row.
    same : bool
        Whether these are the vehicles that agree with it.
    roots : numpy.ndarray of int32
        Rows with which a combination may begin.
    rest : int
        Points to be found.
    fewest : numpy.ndarray of int32, shape (columns,)
        Fewest matches of each vehicle so far; changed in place. Zero where there is no case.
    least : numpy.ndarray of int32, shape (columns,)
        At so few a case is closed.
    """
    n_rows, words = rows.bits.shape
    open_bits = np.zeros(words, np.uint64)
    find_open(fewest, least, open_bits)
    table = np.empty((len(rows.bases) if rest > 1 else 0, len(rows.bases)), np.int32)
    everybody = np.full(words, ~np.uint64(0), np.uint64)
    if rest == 1:
        _add_one(rows, everybody, open_bits, 0, fewest, least)
        return
    if rest == 2:
        _add_two(rows, everybody, open_bits, 0, table, fewest, least)
        return
    held = np.empty((rest, words), np.uint64)
    own_held = held if same else np.empty((rest, words), np.uint64)
    known = np.empty(words, np.uint64)
    row, left = np.zeros(rest + 1, np.int64), np.zeros(rest + 1, np.int64)
    for root in roots:
        find_open(fewest, least, open_bits)
        depth, left[0], row[0] = 0, rest, root
        while depth >= 0:
            r = row[depth]
            if r >= n_rows or (depth == 0 and r > root):
                depth -= 1
                continue
            row[depth] = r + 1
            weight, wanted = rows.weight[r], left[depth]
            if weight > wanted:
                continue
            before = everybody if depth == 0 else held[depth - 1]
            own_before = everybody if depth == 0 else own_held[depth - 1]
            anybody = np.uint64(0)
            for w in range(words):
                held[depth, w] = before[w] & rows.bits[r, w]
                if not same:
                    own_held[depth, w] = own_before[w] & own_bits[r, w]
                known[w] = own_held[depth, w] & open_bits[w]
                anybody |= known[w]
            if not anybody:
                continue
            start, wanted = rows.following[r], wanted - weight
            if wanted == 0:
                _add_none(held[depth], known, fewest)
            elif wanted == 1:
                _add_one(rows, held[depth], known, start, fewest, least)
            elif wanted == 2:
                _add_two(rows, held[depth], known, start, table, fewest, least)
            else:
                depth += 1
                row[depth], left[depth] = start, wanted


@numba.njit(cache=True, nogil=True)
def find_open(fewest: np.ndarray, least: np.ndarray, open_bits: np.ndarray) -> None:
    """Mark the vehicles whose case is open."""
    open_bits[:] = 0
    for vehicle in range(len(fewest)):
        if fewest[vehicle] > least[vehicle]:
            open_bits[vehicle >> 6] |= np.uint64(1) << np.uint64(vehicle & 63)


@numba.njit(cache=True, nogil=True)
def _add_none(held: np.ndarray, known: np.ndarray, fewest: np.ndarray) -> None:
    matches = count_bits(held)
    for w in range(len(known)):
        word = known[w]
        while word:
            vehicle = 64 * w + np.int64(lowest_bit(word))
            fewest[vehicle] = min(fewest[vehicle], matches)
            word &= word - np.uint64(1)


@numba.njit(cache=True, nogil=True)
def _add_one(
    rows: Rows,
    held: np.ndarray,
    known: np.ndarray,
    start: int,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    first, n_bases = rows.base_of[start], len(rows.bases)
    matches = np.empty(n_bases, np.int32)
    lowest = _NEVER
    for b in range(first, n_bases):
        matches[b] = count_common(held, rows.bits[rows.bases[b]])
        lowest = min(lowest, matches[b])
    for w in range(len(known)):
        word = known[w]
        while word:
            vehicle = 64 * w + np.int64(lowest_bit(word))
            word &= word - np.uint64(1)
            found = fewest[vehicle]
            if found <= lowest or found <= least[vehicle]:
                continue
            for i in range(rows.own_starts[vehicle + 1] - 1, rows.own_starts[vehicle] - 1, -1):
                if rows.own_bases[i] < first:
                    break
                found = min(found, matches[rows.own_bases[i]])
            fewest[vehicle] = found


@numba.njit(cache=True, nogil=True)
def _add_two(
    rows: Rows,
    held: np.ndarray,
    known: np.ndarray,
    start: int,
    table: np.ndarray,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    words = rows.bits.shape[1]
    first, n_bases = rows.base_of[start], len(rows.bases)
    # Matches of each pair of bases, and of each row that takes both points.
    lowest_of, twice = np.full(n_bases, _NEVER, np.int32), np.full(n_bases, _NEVER, np.int32)
    lowest = _NEVER
    both = np.empty(words, np.uint64)
    for b in range(first, n_bases):
        r = rows.bases[b]
        if r + 1 < rows.following[r] and rows.weight[r + 1] == 2:
            twice[b] = count_common(held, rows.bits[r + 1])
            lowest = min(lowest, twice[b])
        for w in range(words):
            both[w] = held[w] & rows.bits[r, w]
        for other in range(rows.base_of[rows.following[r]], n_bases):
            matches = np.int32(count_common(both, rows.bits[rows.bases[other]]))
            table[b, other] = matches
            lowest_of[b] = min(lowest_of[b], matches)
        lowest = min(lowest, lowest_of[b])
    for w in range(words):
        word = known[w]
        while word:
            vehicle = 64 * w + np.int64(lowest_bit(word))
            word &= word - np.uint64(1)
            found = fewest[vehicle]
            if found <= lowest or found <= least[vehicle]:
                continue
            stop = rows.own_starts[vehicle + 1]
            for i in range(stop - 1, rows.own_starts[vehicle] - 1, -1):
                b = rows.own_bases[i]
                if b < first:
                    break
                if rows.own_levels[i] > 1:
                    found = min(found, twice[b])
                if lowest_of[b] < found:
                    for j in range(i + 1, stop):
                        found = min(found, table[b, rows.own_bases[j]])
            fewest[vehicle] = found


@numba.njit(cache=True, nogil=True)
def _list_own(rows: Rows, column: int) -> np.ndarray:
    """List all rows by which a vehicle can be known, ascending."""
    begin, stop = rows.own_starts[column], rows.own_starts[column + 1]
    own = np.empty(rows.own_levels[begin:stop].sum(), np.int32)
    n = 0
    for i in range(begin, stop):
        base = rows.bases[rows.own_bases[i]]
        for level in range(rows.own_levels[i]):
            own[n] = base + level
            n += 1
    return own


@numba.njit(cache=True, nogil=True)
def try_own(rows: Rows, column: int, rest: int, fewest: int, least: int) -> int:
    """Try the combinations of one vehicle's rows; give the fewest matches.

    Parameters
    ----------
    rows : Rows
        Of the node.
    column : int
        The vehicle.
    rest : int
        Points to be found.
    fewest, least : int
        Of the vehicle, as for `try_shared`.
    """
    own = _list_own(rows, column)
    n_own, words = len(own), rows.bits.shape[1]
    following = np.empty(n_own, np.int64)
    # Of all from a position on: those who agree with every element at its highest level, and the
    # points that can be had.
    after = np.empty((n_own + 1, words), np.uint64)
    points = np.zeros(n_own + 1, np.int64)
    after[n_own] = ~np.uint64(0)
    for m in range(n_own - 1, -1, -1):
        last = m + 1 == n_own or own[m + 1] >= rows.following[own[m]]
        following[m] = m + 1 if last else following[m + 1]
        highest = own[following[m] - 1]
        points[m] = points[following[m]] + rows.weight[highest]
        after[m] = after[following[m]] & rows.bits[highest]
    if n_own == 0 or points[0] < rest or count_bits(after[0]) >= fewest:
        return fewest
    held = np.empty((rest, words), np.uint64)
    at, left = np.zeros(rest + 1, np.int64), np.zeros(rest + 1, np.int64)
    left[0] = rest
    depth = 0
    while depth >= 0:
        m = at[depth]
        if m >= n_own or points[m] < left[depth]:
            depth -= 1
            continue
        at[depth] = m + 1
        row = rows.bits[own[m]]
        weight, wanted = rows.weight[own[m]], left[depth]
        if weight > wanted:
            continue
        if weight == wanted:
            matches = count_bits(row) if depth == 0 else count_common(held[depth - 1], row)
            if matches < fewest:
                fewest = matches
                if fewest <= least:
                    return fewest
            continue
        if points[following[m]] < wanted - weight:
            continue
        held[depth] = row if depth == 0 else held[depth - 1] & row
        if count_common(held[depth], after[following[m]]) < fewest:
            depth += 1
            at[depth], left[depth] = following[m], wanted - weight
    return fewest


@numba.njit(cache=True, nogil=True)
def look_once(rows: Rows, column: int, rest: int) -> int:
    """Find one good combination of a vehicle's rows: take the best row, again and again."""
    begin, stop = rows.own_starts[column], rows.own_starts[column + 1]
    words = rows.bits.shape[1]
    if stop - begin < rest:
        return 64 * words + 1
    held = np.full(words, ~np.uint64(0), np.uint64)
    used = np.zeros(stop - begin, np.bool_)
    matches = 64 * words + 1
    for _ in range(rest):
        best, matches = -1, 64 * words + 1
        for i in range(stop - begin):
            if not used[i]:
                count = count_common(held, rows.bits[rows.bases[rows.own_bases[begin + i]]])
                if count < matches:
                    best, matches = i, count
        used[best] = True
        held &= rows.bits[rows.bases[rows.own_bases[begin + best]]]
    return matches


@numba.njit(cache=True, nogil=True)
def search_node(
    rows: Rows,
    same: bool,
    nested: bool,
    rest: int,
    look: bool,
    fewest: np.ndarray,
    least: np.ndarray,
) -> None:
    """Find the rest of the knowledge in a node, by the way that takes fewer steps.

    Parameters
    ----------
    rows : Rows
        Of the node.
    same : bool
        Whether all who agree with a row can be known by it.
    nested : bool
        Whether elements have levels.
    rest : int
        Points to be found.
    look : bool
        Take one good combination of each vehicle instead of all.
    fewest, least : numpy.ndarray of int32, shape (columns,)
        As for `try_shared`.
    """
    n_rows, n = len(rows.bits), len(fewest)
    n_elements = 0
    for r in range(n_rows):
        n_elements += rows.following[r] == r + 1
    shared = binomial(n_elements + rest - 1 if nested else n_rows, rest)
    apart = 0.0
    for column in range(n):
        length = rows.own_starts[column + 1] - rows.own_starts[column]
        apart += binomial(length + rest - 1 if nested else length, rest)
    if shared <= apart and n_rows <= MOST_SHARED and not look:
        own_bits = rows.bits
        if not same:
            own_bits = np.zeros(rows.bits.shape, np.uint64)
            for column in range(n):
                for i in range(rows.own_starts[column], rows.own_starts[column + 1]):
                    set_bit(own_bits, rows.own_bases[i], column)
        try_shared(rows, own_bits, same, np.arange(n_rows), rest, fewest, least)
        return
    for column in range(n):
        if fewest[column] <= least[column]:
            continue
        if look:
            fewest[column] = min(fewest[column], look_once(rows, column, rest))
        else:
            fewest[column] = try_own(rows, column, rest, fewest[column], least[column])
