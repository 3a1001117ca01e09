"""Numbering: what vehicles have several of (clusters, places), numbered through over all vehicles.

Rows stand by vehicle, so no sort over all of them is needed.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def number_through(
    group: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number the different (group, number) through, in their order.

    Parameters
    ----------
    group : numpy.ndarray of int, shape (n,)
        Ascending.
    number : numpy.ndarray of int, shape (n,)
        From 0; a table as long as the largest is held.

    Returns
    -------
    groups, numbers : numpy.ndarray of int64, shape (k,)
        Of each different pair.
    of : numpy.ndarray of int64, shape (n,)
        Which pair each row has.

    Examples
    --------
    >>> groups, numbers, of = number_through(np.array([3, 3, 3, 8]), np.array([5, 1, 5, 1]))
    >>> groups.tolist(), numbers.tolist(), of.tolist()
    ([3, 3, 8], [1, 5, 1], [1, 0, 1, 2])
    """
    n = len(group)
    largest = -1
    for i in range(n):
        largest = max(largest, number[i])
    place = np.full(largest + 1, -1, np.int64)
    groups, numbers = np.empty(n, np.int64), np.empty(n, np.int64)
    of = np.empty(n, np.int64)
    found = start = 0
    while start < n:
        first, stop = found, start
        while stop < n and group[stop] == group[start]:
            if place[number[stop]] < 0:
                place[number[stop]] = 0
                groups[found], numbers[found] = group[start], number[stop]
                found += 1
            stop += 1
        numbers[first:found].sort()
        for each in range(first, found):
            place[numbers[each]] = each
        for i in range(start, stop):
            of[i] = place[number[i]]
        for each in range(first, found):
            place[numbers[each]] = -1
        start = stop
    return groups[:found].copy(), numbers[:found].copy(), of
