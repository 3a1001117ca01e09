"""Tolerant matching: how many vehicles of a part fit knowledge that has attributes or errors.

A vehicle fits if it holds all but `missed` of the known points; it holds a point if one of its
sightings there and then has a look that agrees with the known one. Who misses at most m of some
points holds one of any m + 1 of them, so the rarest m + 1 lists hold all that can fit. Counts of
parts add up. They end at a cap: to know that a vehicle is not alone, a second one is enough; the
first time it is not reached, the few that were found are all that further points can leave.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.errors import TooMuchWorkError
from analyzer.risk.looks import agree
from analyzer.risk.matching import has_bit, lower_bound
from analyzer.risk.postings import HolderLooks, Postings

MOST_LOOKED_AT = 100_000_000_000
"""Vehicles that are looked at in one part; more would take longer than anybody waits."""

NO_LOOKS = HolderLooks(np.zeros(0, np.int64), np.zeros(0, np.int64))
NO_FIELDS = np.zeros(0, np.int64)


def count_tolerant_matches(
    known: np.ndarray,
    known_looks: np.ndarray,
    postings: Postings,
    holder_looks: HolderLooks = NO_LOOKS,
    fields: np.ndarray = NO_FIELDS,
    *,
    missed: int = 0,
    cap: int = 2,
    last_only: bool = False,
) -> np.ndarray:
    """Count the vehicles of a part that fit the first 1, 2, … known points of each target.

    Parameters
    ----------
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
    last_only : bool
        Whether only the last column is counted, for targets that have all points.

    Returns
    -------
    numpy.ndarray of int32, shape (n, p)
        Column q counts the vehicles that fit the first q + 1 points; all of them do as long as
        these are no more than `missed`; zero behind the last point.

    Raises
    ------
    TooMuchWorkError
        If so many vehicles hold the points that looking at them would not end.

    Examples
    --------
    Of three vehicles, one holds both points, one the first, one the second.

    >>> from analyzer.risk.postings import post
    >>> rows = np.array([0, 0, 1, 2], np.int32), np.array([0, 1, 0, 1], np.int32)
    >>> known, looks = np.array([[0, 1]], np.int32), np.zeros((1, 2), np.int64)
    >>> count_tolerant_matches(known, looks, post(*rows, 2), missed=1, cap=9).tolist()
    [[3, 3]]
    """
    work = _vehicles_to_look_at(known, postings.offsets, missed)
    if work > MOST_LOOKED_AT:
        raise TooMuchWorkError(
            f"{work:.1e} times a vehicle would have to be compared with what is known, since so "
            "many pass each place within each time bin; draw fewer targets with sample=1_000, or "
            "write a shorter time, a finer place, or missed=0 without attributes"
        )
    return _count_tolerant_matches(
        known,
        known_looks,
        len(postings.vehicles),
        *postings[1:],
        *holder_looks,
        fields,
        missed,
        cap,
        last_only,
    )


@numba.njit(cache=True, nogil=True)
def _vehicles_to_look_at(known: np.ndarray, offsets: np.ndarray, missed: int) -> int:
    """Count the vehicles in the rarest lists that hold all that can fit, over all targets."""
    work = np.int64(0)
    lengths = np.empty(known.shape[1], np.int64)
    for t in range(len(known)):
        n = 0
        while n < known.shape[1] and known[t, n] >= 0:
            lengths[n] = offsets[known[t, n] + 1] - offsets[known[t, n]]
            n += 1
        work += np.sort(lengths[:n])[: missed + 1].sum()
    return work


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
def _first_fitting(
    slots: np.ndarray,
    own_looks: np.ndarray,
    rarest_first: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    look_offsets: np.ndarray,
    looks: np.ndarray,
    fields: np.ndarray,
    missed: int,
    cap: int,
    found: np.ndarray,
    lacks: np.ndarray,
) -> int:
    """Write up to `cap` vehicles that fit the slots, and how many each lacks; count them.

    `rarest_first` holds positions in `slots`; there are more of them than may be missed.
    """
    count = 0
    for first in range(missed + 1):
        asked = rarest_first[first]
        for at in range(offsets[slots[asked]], offsets[slots[asked] + 1]):
            if not _agrees_at(at, own_looks[asked], look_offsets, looks, fields):
                continue
            lacking = 0
            for q in range(len(rarest_first)):
                if q == first:
                    continue
                other = rarest_first[q]
                held = _holds(
                    holders[at],
                    slots[other],
                    own_looks[other],
                    offsets,
                    holders,
                    row_of_bits,
                    bits,
                    look_offsets,
                    looks,
                    fields,
                )
                lacking += not held
                # Who holds an earlier list was looked at with that one.
                if lacking > missed or (held and q < first):
                    lacking = missed + 1
                    break
            if lacking <= missed:
                found[count] = holders[at]
                lacks[count] = lacking
                count += 1
                if count == cap:
                    return count
    return count


@numba.njit(cache=True, nogil=True)
def _count_tolerant_matches(
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
    last_only: bool,
) -> np.ndarray:
    n_targets, n_points = known.shape
    counts = np.zeros((n_targets, n_points), np.int32)
    room = min(cap, n_vehicles) + 1
    found, lacks = np.empty(room, np.int32), np.empty(room, np.int8)
    rarest_first = np.empty(n_points, np.int64)
    for t in range(n_targets):
        length = cap
        for q in range(n_points):
            slot, look = known[t, q], known_looks[t, q]
            if slot < 0:
                break
            holding = offsets[slot + 1] - offsets[slot]
            j = q
            while j > 0:
                before = known[t, rarest_first[j - 1]]
                if offsets[before + 1] - offsets[before] <= holding:
                    break
                rarest_first[j] = rarest_first[j - 1]
                j -= 1
            rarest_first[j] = q
            if q < missed:
                counts[t, q] = min(cap, n_vehicles)
                continue
            if last_only and q < n_points - 1:
                continue
            if q == missed or length == cap:
                length = _first_fitting(
                    known[t],
                    known_looks[t],
                    rarest_first[: q + 1],
                    offsets,
                    holders,
                    row_of_bits,
                    bits,
                    look_offsets,
                    looks,
                    fields,
                    missed,
                    cap,
                    found,
                    lacks,
                )
            else:
                left = 0
                for i in range(length):
                    lacking = lacks[i] + (
                        not _holds(
                            found[i],
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
                    if lacking <= missed:
                        found[left], lacks[left] = found[i], lacking
                        left += 1
                length = left
            counts[t, q] = length
    return counts
