"""Company: how many of a target's known points, in their order, some other vehicle holds too.

To tell from when on a target is alone, nobody need be counted: it is enough to know how many of the
first points some other vehicle shares. Of what other parts have told, no more is asked than whether
somebody here shares further ones, and as soon as all are shared, the target is asked no more.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.matching import (
    BLOCK,
    GALLOP,
    become_known,
    first_holders,
    has_bit,
    lower_bound,
)
from analyzer.risk.postings import Postings

_AHEAD = 16
"""Lists of so many targets are fetched into the processor's cache before they are needed."""


def find_company(
    targets: np.ndarray, known: np.ndarray, shared: np.ndarray, postings: Postings
) -> np.ndarray:
    """Find how many of the first known points of each target some other vehicle holds.

    Parameters
    ----------
    targets : numpy.ndarray of int32, shape (n,)
        Vehicle codes, in these postings or not.
    known : numpy.ndarray of int32, shape (n, p)
        Slots of the known points, in the order in which they become known; distinct in a row; -1
        behind the last point where fewer are known. Targets with the same first slot are quicker
        to look for one after the other.
    shared : numpy.ndarray of int16, shape (n,)
        How many are known to be shared with some other vehicle, of these postings or not.
    postings : Postings
        Of the vehicles among which company is looked for.

    Returns
    -------
    numpy.ndarray of int16, shape (n,)
        At least `shared`.

    Examples
    --------
    >>> from analyzer.risk.postings import post
    >>> rows = np.array([0, 0, 1, 2], np.int32), np.array([0, 1, 0, 1], np.int32)
    >>> nothing = np.zeros(1, np.int16)
    >>> find_company(np.array([0]), np.array([[0, 1]]), nothing, post(*rows, 2)).tolist()
    [1]
    """
    return _find_company(targets, known, shared, *postings)


@numba.njit(cache=True, nogil=True)
def _find_company(
    targets: np.ndarray,
    known: np.ndarray,
    shared: np.ndarray,
    vehicles: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
) -> np.ndarray:
    n_targets, n_points = known.shape
    found = shared.copy()
    marks = np.zeros((len(vehicles) + 63) >> 6, np.uint64)
    marked = -1
    at, rarest_first = np.empty(n_points, np.int64), np.empty(n_points, np.int32)
    block, two = np.empty(BLOCK, np.uint64), np.empty(2, np.int32)
    for t in range(n_targets):
        # Never below zero; but what nobody asks for would not be fetched.
        if t % _AHEAD == 0 and _touch(known, t + _AHEAD, offsets, holders) < 0:
            break
        n = 0
        while n < n_points and known[t, n] >= 0:
            n += 1
        depth = found[t]
        if depth >= n:
            continue
        target, first = targets[t], known[t, 0]
        start, stop = offsets[first], offsets[first + 1]
        if start == stop or (stop - start == 1 and vehicles[holders[start]] == target):
            continue
        depth = max(depth, 1)
        # Who shares one more holds the first point, and all others up to that: the rarest of these.
        other, fewest = first, np.int64(np.iinfo(np.int64).max)
        for q in range(1, min(depth + 1, n)):
            holding = offsets[known[t, q] + 1] - offsets[known[t, q]]
            if holding < fewest:
                other, fewest = known[t, q], holding
        if n == 1 or fewest == 0:
            found[t] = depth
            continue
        if row_of_bits[first] >= 0 and row_of_bits[other] >= 0:
            found[t] = _share_of_many(
                target, known[t, :n], depth, vehicles, offsets, holders, row_of_bits, bits,
                rarest_first, at, block, two,
            )  # fmt: skip
            continue
        walked, asked = other, first
        if fewest > GALLOP * (stop - start) or row_of_bits[other] >= 0:
            walked, asked = first, other
        elif row_of_bits[first] < 0 and fewest * GALLOP >= stop - start and marked != first:
            # Of many it is asked whether they hold the first point: its holders are marked.
            if marked >= 0:
                _clear(holders, offsets[marked], offsets[marked + 1], marks)
            _mark(holders, start, stop, marks)
            marked = first
        if asked != marked:
            found[t] = _share_of_few(
                target, known[t, :n], depth, walked, asked, vehicles, offsets, holders,
                row_of_bits, bits,
            )  # fmt: skip
            continue
        # Nearly all of the work is done here, so it is not left to a function.
        for i in range(offsets[walked], offsets[walked + 1]):
            rank = holders[i]
            if (marks[rank >> 6] >> np.uint64(rank & 63)) & np.uint64(1) == 0:
                continue
            if vehicles[rank] == target:
                continue
            held = _count_held(
                rank, known[t, :n], walked, asked, offsets, holders, row_of_bits, bits
            )
            depth = max(depth, held)
            if depth == n:
                break
        found[t] = depth
    return found


@numba.njit(cache=True, nogil=True)
def _touch(known: np.ndarray, start: int, offsets: np.ndarray, holders: np.ndarray) -> int:
    """Fetch lists that are soon looked through, so that they are in the processor's cache then."""
    touched = 0
    if len(holders) and known.shape[1] > 1:
        for t in range(start, min(start + _AHEAD, len(known))):
            slot = max(known[t, 1], 0)
            touched += holders[min(offsets[slot], len(holders) - 1)]
    return touched


@numba.njit(cache=True, nogil=True)
def _mark(holders: np.ndarray, start: int, stop: int, marks: np.ndarray) -> None:
    for i in range(start, stop):
        marks[holders[i] >> 6] |= np.uint64(1) << np.uint64(holders[i] & 63)


@numba.njit(cache=True, nogil=True)
def _clear(holders: np.ndarray, start: int, stop: int, marks: np.ndarray) -> None:
    for i in range(start, stop):
        marks[holders[i] >> 6] = np.uint64(0)


@numba.njit(cache=True, nogil=True)
def _share_of_few(
    target: int,
    slots: np.ndarray,
    depth: int,
    walked: int,
    asked: int,
    vehicles: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
) -> int:
    """Look through the holders of one slot for those who hold another, and share more points."""
    low, high = offsets[asked], offsets[asked + 1]
    row = row_of_bits[asked]
    for i in range(offsets[walked], offsets[walked + 1]):
        rank = holders[i]
        if row >= 0:
            if not has_bit(bits, row, rank):
                continue
        else:
            low = lower_bound(holders, low, high, rank)
            if low == high:
                break
            if holders[low] != rank:
                continue
        if vehicles[rank] == target:
            continue
        held = _count_held(rank, slots, walked, asked, offsets, holders, row_of_bits, bits)
        depth = max(depth, held)
        if depth == len(slots):
            break
    return depth


@numba.njit(cache=True, nogil=True)
def _count_held(
    rank: int,
    slots: np.ndarray,
    walked: int,
    asked: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
) -> int:
    """Count how many of the first slots a vehicle holds that holds two of them."""
    held = 0
    while held < len(slots):
        slot = slots[held]
        if slot != walked and slot != asked:
            row = row_of_bits[slot]
            if row >= 0:
                if not has_bit(bits, row, rank):
                    break
            else:
                end = offsets[slot + 1]
                place = lower_bound(holders, offsets[slot], end, rank)
                if place == end or holders[place] != rank:
                    break
        held += 1
    return held


@numba.njit(cache=True, nogil=True)
def _share_of_many(
    target: int,
    slots: np.ndarray,
    depth: int,
    vehicles: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    rarest_first: np.ndarray,
    at: np.ndarray,
    block: np.ndarray,
    two: np.ndarray,
) -> int:
    """Ask point by point whether anybody else holds all so far: with long lists, soon somebody."""
    for q in range(len(slots)):
        become_known(slots[q], q, offsets, rarest_first)
        if q < depth:
            continue
        count = first_holders(
            rarest_first[: q + 1], offsets, holders, row_of_bits, bits, 2, at, block, two
        )
        if count == 0 or (count == 1 and vehicles[two[0]] == target):
            break
        depth = q + 1
    return depth
