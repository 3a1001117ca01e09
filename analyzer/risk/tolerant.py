"""Tolerant matching: how many vehicles of a part fit knowledge that has attributes or errors.

A vehicle fits if it holds all but `missed` of the known points; it holds a point if one of its
sightings there and then has a look that agrees with the known one. Who misses at most m of some
points holds one of any m + 1 of them, so the rarest m + 1 lists hold all that can fit. As in
`analyzer.risk.matching`, counts end at a cap, the deepest level is asked first, and counts of parts
add up.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.looks import agree
from analyzer.risk.matching import has_bit, longest_list, lower_bound
from analyzer.risk.postings import HolderLooks, Postings

NO_LOOKS = HolderLooks(np.zeros(0, np.int64), np.zeros(0, np.int64))
NO_FIELDS = np.zeros(0, np.int64)


def count_tolerant_matches(
    targets: np.ndarray,
    known: np.ndarray,
    known_looks: np.ndarray,
    postings: Postings,
    holder_looks: HolderLooks = NO_LOOKS,
    fields: np.ndarray = NO_FIELDS,
    *,
    missed: int = 0,
    cap: int = 2,
) -> np.ndarray:
    """Count the vehicles of a part that fit the first 1, 2, … known points of each target.

    Parameters
    ----------
    targets : numpy.ndarray of int32, shape (n,)
        Vehicle codes, in this part or not.
    known : numpy.ndarray of int32, shape (n, p)
        Slots of the known points, in the order in which they become known; distinct in a row; -1
        behind the last point where fewer are known.
    known_looks : numpy.ndarray of int64, shape (n, p)
        Look that is known with each point; without fields, of no matter.
    postings, holder_looks
        Of the part.
    fields : numpy.ndarray of int64
        Of the looks; empty where they do not matter.
    missed : int
        How many of the points a vehicle may lack.
    cap : int
        Counts end here.

    Returns
    -------
    numpy.ndarray of int32, shape (n, p)
        Column q counts the vehicles that fit the first q + 1 points; all of them do as long as
        these are no more than `missed`; zero behind the last point.

    Examples
    --------
    Of three vehicles, one holds both points, one the first, one the second.

    >>> from analyzer.risk.postings import post
    >>> rows = np.array([0, 0, 1, 2], np.int32), np.array([0, 1, 0, 1], np.int32)
    >>> known, looks = np.array([[0, 1]], np.int32), np.zeros((1, 2), np.int64)
    >>> of = np.array([0], np.int32), known, looks, post(*rows, 2)
    >>> count_tolerant_matches(*of, missed=1, cap=9).tolist()
    [[3, 3]]
    """
    vehicles = postings.vehicles
    ranks = np.searchsorted(vehicles, targets)
    if len(vehicles):
        ranks[vehicles[np.minimum(ranks, len(vehicles) - 1)] != targets] = -1
    return _count_tolerant_matches(
        ranks, known, known_looks, len(vehicles), *postings[1:], *holder_looks, fields, missed, cap
    )


@numba.njit(cache=True, nogil=True)
def _agrees_at(
    at: int, look: int, look_offsets: np.ndarray, looks: np.ndarray, fields: np.ndarray
) -> bool:
    """Tell whether a holder made the slot with a look that agrees."""
    if len(fields) == 0:
        return True
    i, stop = look_offsets[at], look_offsets[at + 1]
    while i < stop and not agree(looks[i], look, fields):
        i += 1
    return i < stop


@numba.njit(cache=True, nogil=True)
def _holds(
    rank: int,
    slot: int,
    look: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    look_offsets: np.ndarray,
    looks: np.ndarray,
    fields: np.ndarray,
) -> bool:
    row = row_of_bits[slot]
    if row >= 0:
        if not has_bit(bits, row, rank):
            return False
        if len(fields) == 0:
            return True
    stop = offsets[slot + 1]
    at = lower_bound(holders, offsets[slot], stop, rank)
    return (
        at < stop
        and holders[at] == rank
        and _agrees_at(at, look, look_offsets, looks, fields)
    )


@numba.njit(cache=True, nogil=True)
def _enough_fit(
    slots: np.ndarray,
    own_looks: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    look_offsets: np.ndarray,
    looks: np.ndarray,
    fields: np.ndarray,
    missed: int,
    cap: int,
    order: np.ndarray,
) -> bool:
    """Tell whether at least `cap` vehicles fit all the slots; the rarest are looked through."""
    n = len(slots)
    for q in range(n):
        length = offsets[slots[q] + 1] - offsets[slots[q]]
        j = q
        while j > 0 and offsets[slots[order[j - 1]] + 1] - offsets[slots[order[j - 1]]] > length:
            order[j] = order[j - 1]
            j -= 1
        order[j] = q
    found = 0
    for first in range(missed + 1):
        slot, look = slots[order[first]], own_looks[order[first]]
        for at in range(offsets[slot], offsets[slot + 1]):
            if not _agrees_at(at, look, look_offsets, looks, fields):
                continue
            rank = holders[at]
            lacks = 0
            for q in range(n):
                if q == first:
                    continue
                held = _holds(
                    rank,
                    slots[order[q]],
                    own_looks[order[q]],
                    offsets,
                    holders,
                    row_of_bits,
                    bits,
                    look_offsets,
                    looks,
                    fields,
                )
                if q < first and held:
                    # It was looked at when the earlier list was.
                    lacks = n
                lacks += not held
                if lacks > missed:
                    break
            if lacks <= missed:
                found += 1
                if found == cap:
                    return True
    return False


@numba.njit(cache=True, nogil=True)
def _join(
    candidates: np.ndarray,
    lacks: np.ndarray,
    length: int,
    slot: int,
    look: int,
    asked: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    look_offsets: np.ndarray,
    looks: np.ndarray,
    fields: np.ndarray,
    joined: np.ndarray,
    joined_lacks: np.ndarray,
) -> int:
    """Join the holders of a slot to the candidates, ascending; count what each lacks so far."""
    at, stop = offsets[slot], offsets[slot + 1]
    i = count = 0
    while i < length or at < stop:
        while at < stop and not _agrees_at(at, look, look_offsets, looks, fields):
            at += 1
        if i == length and at == stop:
            break
        if at == stop or (i < length and candidates[i] < holders[at]):
            joined[count] = candidates[i]
            joined_lacks[count] = lacks[i] + 1
            i += 1
        elif i == length or holders[at] < candidates[i]:
            joined[count] = holders[at]
            joined_lacks[count] = asked
            at += 1
        else:
            joined[count] = candidates[i]
            joined_lacks[count] = lacks[i]
            i += 1
            at += 1
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _count_tolerant_matches(
    ranks: np.ndarray,
    known: np.ndarray,
    known_looks: np.ndarray,
    n_vehicles: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    look_offsets: np.ndarray,
    looks: np.ndarray,
    fields: np.ndarray,
    missed: int,
    cap: int,
) -> np.ndarray:
    n_targets, n_points = known.shape
    counts = np.zeros((n_targets, n_points), np.int32)
    room = min(n_vehicles, (missed + 1) * longest_list(offsets)) + 1
    candidates, joined = np.empty(room, np.int32), np.empty(room, np.int32)
    lacks, joined_lacks = np.empty(room, np.int8), np.empty(room, np.int8)
    order = np.empty(n_points, np.int64)
    for t in range(n_targets):
        n = 0
        while n < n_points and known[t, n] >= 0:
            n += 1
        counts[t, : min(n, missed)] = min(cap, n_vehicles)
        if n <= missed:
            continue
        if cap < n_vehicles and _enough_fit(
            known[t, :n],
            known_looks[t, :n],
            offsets,
            holders,
            row_of_bits,
            bits,
            look_offsets,
            looks,
            fields,
            missed,
            cap,
            order,
        ):
            counts[t, missed:n] = cap
            continue
        length = 0
        for q in range(n):
            slot, look = known[t, q], known_looks[t, q]
            if q <= missed:
                length = _join(
                    candidates,
                    lacks,
                    length,
                    slot,
                    look,
                    q,
                    offsets,
                    holders,
                    look_offsets,
                    looks,
                    fields,
                    joined,
                    joined_lacks,
                )
                candidates, joined = joined, candidates
                lacks, joined_lacks = joined_lacks, lacks
            else:
                left = 0
                for i in range(length):
                    lack = lacks[i] + (
                        not _holds(
                            candidates[i],
                            slot,
                            look,
                            offsets,
                            holders,
                            row_of_bits,
                            bits,
                            look_offsets,
                            looks,
                            fields,
                        )
                    )
                    if lack <= missed:
                        candidates[left] = candidates[i]
                        lacks[left] = lack
                        left += 1
                length = left
            if q < missed:
                continue
            counts[t, q] = min(cap, length)
            # Once nobody but the target is left, no further point changes anything.
            if length == 0 or (length == 1 and candidates[0] == ranks[t]):
                counts[t, q:n] = length
                break
    return counts
