"""Matching: how many vehicles of a part hold all the points that an adversary knows of a target.

A target's matches are the intersection of the posting lists of its known points. How many
vehicles match in the whole population is the sum over parts, so no index of the whole data is
ever built, and as counts are integers, no number or order of parts changes a digit.

Where it matters only whether somebody else matches, nobody is counted (`analyzer.risk.company`).
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.bits import ones, trailing_zeros
from analyzer.risk.postings import Postings

UNCAPPED = int(np.iinfo(np.int32).max)
"""Cap for an exact count."""

BLOCK = 128
"""Words that are intersected at once: the processor does several of them in one step."""

GALLOP = 8
"""From this ratio of lengths on, looking up beats merging."""


def count_all_matches(known: np.ndarray, postings: Postings) -> np.ndarray:
    """Count the vehicles of a part that hold all of the known points of each target.

    Parameters
    ----------
    known : numpy.ndarray of int32, shape (n, p)
        Slots of the known points, in any order; distinct in a row; -1 behind the last point where
        fewer are known.
    postings : Postings
        Of the part.

    Returns
    -------
    numpy.ndarray of int32, shape (n,)
        Zero where no point is known.

    Examples
    --------
    >>> from analyzer.risk.postings import post
    >>> rows = np.array([0, 0, 1, 2], np.int32), np.array([0, 1, 0, 1], np.int32)
    >>> count_all_matches(np.array([[0, 1], [1, -1]], np.int32), post(*rows, 2)).tolist()
    [1, 2]
    """
    return _count_all_matches(known, *postings[1:])


@numba.njit(cache=True, nogil=True)
def lower_bound(values: np.ndarray, low: int, high: int, value: int) -> int:
    """First position in ``low..high`` whose value is not below `value`."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def has_bit(bits: np.ndarray, row: int, rank: int) -> bool:
    """Tell whether the vehicle of a rank holds the slot of a row of bits."""
    return (bits[row, rank >> 6] >> np.uint64(rank & 63)) & np.uint64(1) != 0


@numba.njit(cache=True, nogil=True)
def _intersect(
    few: np.ndarray, n_few: int, many: np.ndarray, start: int, stop: int, common: np.ndarray
) -> int:
    """Write what two ascending lists share into `common` (which may be `few`); count it."""
    count = 0
    if stop - start > GALLOP * n_few:
        for i in range(n_few):
            value = few[i]
            start = lower_bound(many, start, stop, value)
            if start == stop:
                break
            if many[start] == value:
                common[count] = value
                count += 1
        return count
    i = 0
    while i < n_few and start < stop:
        value, other = few[i], many[start]
        if value == other:
            common[count] = value
            count += 1
        i += value <= other
        start += other <= value
    return count


@numba.njit(cache=True, nogil=True)
def narrow(
    few: np.ndarray,
    n_few: int,
    slot: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    common: np.ndarray,
) -> int:
    """Write those of an ascending list that hold the slot into `common`; count them."""
    row = row_of_bits[slot]
    if row < 0:
        return _intersect(few, n_few, holders, offsets[slot], offsets[slot + 1], common)
    count = 0
    for i in range(n_few):
        rank = few[i]
        common[count] = rank
        count += has_bit(bits, row, rank)
    return count


@numba.njit(cache=True, nogil=True)
def hold_both(
    one: int,
    other: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    common: np.ndarray,
) -> int:
    """Write the vehicles that hold both slots into `common`; count them."""
    if offsets[other + 1] - offsets[other] < offsets[one + 1] - offsets[one]:
        one, other = other, one
    row, second = row_of_bits[one], row_of_bits[other]
    # From one bit a word on, going by words is quicker than going by holders.
    if row >= 0 and second >= 0 and offsets[one + 1] - offsets[one] > bits.shape[1]:
        count = 0
        for word in range(bits.shape[1]):
            both = bits[row, word] & bits[second, word]
            while both:
                rest = both & (both - np.uint64(1))
                common[count] = 64 * word + trailing_zeros(both)
                count += 1
                both = rest
        return count
    few = holders[offsets[one] : offsets[one + 1]]
    return narrow(few, len(few), other, offsets, holders, row_of_bits, bits, common)


@numba.njit(cache=True, nogil=True)
def first_holders(
    rarest_first: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    cap: int,
    at: np.ndarray,
    block: np.ndarray,
    found: np.ndarray,
) -> int:
    """Write up to `cap` vehicles that hold all the slots into `found`; count them.

    With no room in `found`, all of them are counted.
    """
    n = len(rarest_first)
    to_count = len(found) == 0
    rarest = rarest_first[0]
    start, stop = offsets[rarest], offsets[rarest + 1]
    count = 0
    # Blocks of words are quick: one costs about as much as looking at eight holders.
    by_words = 8 * (stop - start) > bits.shape[1]
    for q in range(n):
        at[q] = offsets[rarest_first[q]]
        by_words = by_words and row_of_bits[rarest_first[q]] >= 0
    if by_words:
        for begin in range(0, bits.shape[1], len(block)):
            end = min(begin + len(block), bits.shape[1])
            common = block[: end - begin]
            common[:] = bits[row_of_bits[rarest], begin:end]
            for q in range(1, n):
                row = bits[row_of_bits[rarest_first[q]], begin:end]
                for w in range(len(common)):
                    common[w] &= row[w]
            any_left = np.uint64(0)
            for w in range(len(common)):
                any_left |= common[w]
            if any_left == 0:
                continue
            for w in range(len(common)):
                word = common[w]
                if to_count:
                    count += ones(word)
                    continue
                while word:
                    found[count] = 64 * (begin + w) + trailing_zeros(word)
                    count += 1
                    if count == cap:
                        return count
                    word &= word - np.uint64(1)
        return count
    # Two lists of about one length are merged: that needs no guess, and looking up does.
    to_merge = n > 1 and row_of_bits[rarest_first[1]] < 0
    if to_merge:
        end = offsets[rarest_first[1] + 1]
        to_merge = end - at[1] < GALLOP * (stop - start)
    while start < stop:
        rank = holders[start]
        if to_merge:
            if at[1] == end:
                break
            other = holders[at[1]]
            start += rank <= other
            at[1] += other <= rank
            if rank != other:
                continue
        else:
            start += 1
        first = 2 if to_merge else 1
        if _hold_all(rank, rarest_first, first, offsets, holders, row_of_bits, bits, at):
            if not to_count:
                found[count] = rank
            count += 1
            if count == cap:
                break
    return count


@numba.njit(cache=True, nogil=True)
def _hold_all(
    rank: int,
    slots: np.ndarray,
    first: int,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    at: np.ndarray,
) -> bool:
    """Tell whether a vehicle holds the slots from the first on; ranks are asked ascending."""
    for q in range(first, len(slots)):
        row = row_of_bits[slots[q]]
        if row >= 0:
            if not has_bit(bits, row, rank):
                return False
        else:
            end = offsets[slots[q] + 1]
            at[q] = lower_bound(holders, at[q], end, rank)
            if at[q] == end or holders[at[q]] != rank:
                return False
    return True


@numba.njit(cache=True, nogil=True)
def become_known(
    slot: int, length: int, offsets: np.ndarray, rarest_first: np.ndarray
) -> None:
    """Put a slot among those known before, `length` of them, ordered by their number of holders."""
    holding = offsets[slot + 1] - offsets[slot]
    j = length
    while j > 0:
        before = rarest_first[j - 1]
        if offsets[before + 1] - offsets[before] <= holding:
            break
        rarest_first[j] = before
        j -= 1
    rarest_first[j] = slot


@numba.njit(cache=True, nogil=True)
def _count_all_matches(
    known: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
) -> np.ndarray:
    n_targets, n_points = known.shape
    counts = np.zeros(n_targets, np.int32)
    at, rarest_first = np.empty(n_points, np.int64), np.empty(n_points, np.int32)
    block, nobody = np.empty(BLOCK, np.uint64), np.empty(0, np.int32)
    for t in range(n_targets):
        n = 0
        while n < n_points and known[t, n] >= 0:
            become_known(known[t, n], n, offsets, rarest_first)
            n += 1
        if n:
            counts[t] = first_holders(
                rarest_first[:n], offsets, holders, row_of_bits, bits, UNCAPPED, at, block, nobody
            )
    return counts


@numba.njit(cache=True, nogil=True)
def longest_list(offsets: np.ndarray) -> int:
    """Give the length of the longest list of holders."""
    longest = 0
    for s in range(len(offsets) - 1):
        longest = max(longest, offsets[s + 1] - offsets[s])
    return longest
