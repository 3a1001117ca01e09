"""Look crowds: how many vehicles at one camera and time agree with each look seen there.

Comparing each look with each would take a step a pair. Here sixty-four vehicles are asked at once:
for each value of each attribute one word tells which of them have it or have none noted, and the
words of a look's values leave, where they overlap, those that agree.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.bits import ones, trailing_zeros

WORD = 64
"""Vehicles that are asked at once."""


def count_agreeing(
    key: np.ndarray, look: np.ndarray, vehicle: np.ndarray, fields: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Count, for each sighting, the vehicles of its key that agree with its look, and all there.

    Parameters
    ----------
    key : numpy.ndarray of int64, shape (n,)
        Camera and time bin. Rows are sorted by key, look, vehicle.
    look : numpy.ndarray of int64, shape (n,)
        As `analyzer.risk.looks.looks_of` gives them.
    vehicle : numpy.ndarray of int32, shape (n,)
        Vehicle codes.
    fields : numpy.ndarray of int64, shape (number of attributes,)
        As `analyzer.risk.looks.fields_of` gives them.

    Returns
    -------
    agreeing, there : numpy.ndarray of int64, shape (n,)
        The vehicle of the sighting is counted in both.

    Examples
    --------
    Red, blue, and one whose colour was not noted, which fits both.

    >>> rows = np.zeros(3, np.int64), np.array([0, 1, 2]), np.array([5, 6, 7], np.int32)
    >>> [counts.tolist() for counts in count_agreeing(*rows, np.array([3]))]
    [[3, 2, 2], [3, 3, 3]]
    """
    shifts, starts = _lay_out(fields)
    return _count_agreeing(key, look, vehicle, fields, shifts, starts)


def count_words(key: np.ndarray, look: np.ndarray, fields: np.ndarray) -> int:
    """Count the words that `count_agreeing` looks at: what it costs.

    Examples
    --------
    >>> count_words(np.zeros(3, np.int64), np.array([0, 1, 2]), np.array([3]))
    3
    """
    return int(_count_words(key, look, fields))


def _lay_out(fields: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give where each field's bits begin in a look, and where its values begin among all values."""
    low = (fields & -fields).tolist()
    shifts = np.array([max(bit.bit_length() - 1, 0) for bit in low], np.int64)
    return shifts, np.concatenate([[0], np.cumsum((fields >> shifts) + 1)])


@numba.njit(cache=True, nogil=True)
def is_noted(look: int, fields: np.ndarray) -> bool:
    """Tell whether a look has a value in every field that has any."""
    lacking = False
    for field in fields:
        lacking |= field != 0 and look & field == 0
    return not lacking


@numba.njit(cache=True, nogil=True)
def _end_of_key(key: np.ndarray, start: int) -> int:
    stop = start
    while stop < len(key) and key[stop] == key[start]:
        stop += 1
    return stop


@numba.njit(cache=True, nogil=True)
def _count_words(key: np.ndarray, look: np.ndarray, fields: np.ndarray) -> int:
    words = np.int64(0)
    start = 0
    while start < len(key):
        stop = _end_of_key(key, start)
        looks = np.int64(0)
        is_partial = False
        for i in range(start, stop):
            if i == start or look[i] != look[i - 1]:
                looks += 1
                is_partial |= not is_noted(look[i], fields)
        if is_partial:
            words += looks * ((stop - start + WORD - 1) // WORD)
        start = stop
    return words


@numba.njit(cache=True, nogil=True)
def _count_agreeing(
    key: np.ndarray,
    look: np.ndarray,
    vehicle: np.ndarray,
    fields: np.ndarray,
    shifts: np.ndarray,
    starts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    agreeing = np.empty(len(key), np.int64)
    there = np.empty(len(key), np.int64)
    longest = start = 0
    while start < len(key):
        stop = _end_of_key(key, start)
        longest = max(longest, stop - start)
        start = stop
    holders = np.zeros(starts[-1], np.uint64)
    begins = np.empty(longest + 1, np.int64)
    values = np.empty((longest, len(fields)), np.int64)
    members = np.empty(longest, np.int32)
    looks = np.empty(longest, np.int64)
    counts = np.empty(longest, np.int64)
    start = 0
    while start < len(key):
        stop = _end_of_key(key, start)
        # Distinct pairs of look and vehicle, and where each look begins among rows.
        n_looks = n_members = 0
        is_partial = False
        for i in range(start, stop):
            is_new = i == start or look[i] != look[i - 1]
            if is_new:
                begins[n_looks] = i
                for f in range(len(fields)):
                    value = (look[i] & fields[f]) >> shifts[f]
                    values[n_looks, f] = 0 if value == 0 else starts[f] + value
                is_partial |= not is_noted(look[i], fields)
                counts[n_looks] = 0
                n_looks += 1
            if is_new or vehicle[i] != vehicle[i - 1]:
                members[n_members] = vehicle[i]
                looks[n_members] = n_looks - 1
                counts[n_looks - 1] += 1
                n_members += 1
        begins[n_looks] = stop
        # A vehicle with several looks stands several times: together, so that it is counted once.
        order = np.argsort(members[:n_members])
        n_there = 0
        for m in range(n_members):
            n_there += m == 0 or members[order[m]] != members[order[m - 1]]
        there[start:stop] = n_there
        if is_partial:
            _ask_by_words(
                order, members, looks[:n_members], values[:n_looks], holders, counts[:n_looks]
            )
        for own in range(n_looks):
            agreeing[begins[own] : begins[own + 1]] = counts[own]
        start = stop
    return agreeing, there


@numba.njit(cache=True, nogil=True)
def _ask_by_words(
    order: np.ndarray,
    members: np.ndarray,
    looks: np.ndarray,
    values: np.ndarray,
    holders: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Write into `counts` how many vehicles agree with each look."""
    n_looks, n_fields = values.shape
    counts[:] = 0
    last = np.full(n_looks, -1, np.int64)
    unknown = np.empty(n_fields, np.uint64)
    n_members = len(order)
    for begin in range(0, n_members, WORD):
        end = min(begin + WORD, n_members)
        unknown[:] = 0
        singles = everybody = np.uint64(0)
        for m in range(begin, end):
            bit = np.uint64(1) << np.uint64(m - begin)
            everybody |= bit
            code = members[order[m]]
            is_single = (m == 0 or members[order[m - 1]] != code) and (
                m + 1 == n_members or members[order[m + 1]] != code
            )
            if is_single:
                singles |= bit
            for f in range(n_fields):
                value = values[looks[order[m]], f]
                if value == 0:
                    unknown[f] |= bit
                else:
                    holders[value] |= bit
        for own in range(n_looks):
            word = everybody
            for f in range(n_fields):
                value = values[own, f]
                if value != 0:
                    word &= holders[value] | unknown[f]
            counts[own] += ones(word & singles)
            several = word & ~singles
            while several:
                code = members[order[begin + trailing_zeros(several)]]
                counts[own] += code != last[own]
                last[own] = code
                several &= several - np.uint64(1)
        for m in range(begin, end):
            for f in range(n_fields):
                holders[values[looks[order[m]], f]] = 0
