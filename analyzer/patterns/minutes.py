"""Minutes of the day, on the circle: clusters of them, their middle and their spread.

Midnight is no border: 23:50 and 00:10 are twenty minutes apart.
"""

from __future__ import annotations

import numba
import numpy as np

DAY_MINUTES = 1440.0

REACH_MINUTES = 30.0
"""Departures this near to each other may belong to one routine."""

LEAST_DAYS = 3
"""A routine has been seen on at least this many days."""


@numba.njit(cache=True, nogil=True)
def cluster_minutes(minute: np.ndarray, reach: float, least: int) -> np.ndarray:
    """Cluster minutes of the day by density on the circle (DBSCAN in one dimension).

    Parameters
    ----------
    minute : numpy.ndarray of float64, shape (n,)
        Minutes after midnight in [0, 1440), sorted.
    reach : float
        Radius of a neighbourhood in minutes, less than 360.
    least : int
        Points within reach, the point itself included, that make a core point.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Cluster of each minute, -1 for noise.

    Examples
    --------
    >>> cluster_minutes(np.array([5.0, 480.0, 490.0, 700.0, 1435.0]), 15.0, 2).tolist()
    [0, 1, 1, -1, 0]
    """
    n = len(minute)
    label = np.full(n, -1, np.int64)
    core = np.zeros(n, np.bool_)
    after = before = 0
    for i in range(n):
        # On the circle, row n + i is row i one day later; the ends of the window only move on.
        after = max(after, i)
        while after + 1 < n + i and _unrolled(minute, after + 1) - minute[i] <= reach:
            after += 1
        before = max(before, i + 1)
        while before < n + i and minute[i] + DAY_MINUTES - _unrolled(minute, before) > reach:
            before += 1
        core[i] = (after - i) + (n + i - before) + 1 >= least
    clusters = 0
    first_core = last_core = -1
    for i in range(n):
        if not core[i]:
            continue
        if last_core < 0:
            first_core = i
            clusters = 1
        elif minute[i] - minute[last_core] > reach:
            clusters += 1
        label[i] = clusters - 1
        last_core = i
    if clusters > 1 and minute[first_core] + DAY_MINUTES - minute[last_core] <= reach:
        # The last cluster runs over midnight into the first.
        for i in range(n):
            if core[i] and label[i] == clusters - 1:
                label[i] = 0
    for i in range(n):
        if core[i] or first_core < 0:
            continue
        nearest = reach
        for step in range(1, n):
            j = (i + step) % n
            gap = (minute[j] - minute[i]) % DAY_MINUTES
            if gap > reach:
                break
            if core[j]:
                if gap <= nearest:
                    nearest, label[i] = gap, label[j]
                break
        for step in range(1, n):
            j = (i - step) % n
            gap = (minute[i] - minute[j]) % DAY_MINUTES
            if gap > reach:
                break
            if core[j]:
                if gap < nearest or (gap == nearest and label[i] < 0):
                    nearest, label[i] = gap, label[j]
                break
    return label


@numba.njit(cache=True, nogil=True, inline="always")
def _unrolled(minute: np.ndarray, row: int) -> float:
    n = len(minute)
    return minute[row] if row < n else minute[row - n] + DAY_MINUTES


@numba.njit(cache=True, nogil=True)
def cluster_departures(
    group: np.ndarray, minute: np.ndarray, reach: float, least: int
) -> np.ndarray:
    """Cluster the minutes of each group; rows are sorted by group and minute.

    Examples
    --------
    >>> cluster_departures(np.array([3, 3, 8]), np.array([1.0, 2.0, 1.0]), 5.0, 2).tolist()
    [0, 0, -1]
    """
    label = np.empty(len(group), np.int64)
    first = 0
    while first < len(group):
        last = first + 1
        while last < len(group) and group[last] == group[first]:
            last += 1
        label[first:last] = cluster_minutes(minute[first:last], reach, least)
        first = last
    return label


def circular_median(
    group: np.ndarray, minute: np.ndarray, groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the median minute of each group on the circle, and the circular standard deviation.

    The circle is cut opposite to the circular mean, and the median taken on the line.

    Parameters
    ----------
    group : numpy.ndarray of int64, shape (n,)
        Group of each minute, below `groups`; none is empty.
    minute : numpy.ndarray of float64, shape (n,)
        Minutes after midnight.

    Returns
    -------
    median, spread : numpy.ndarray of float64, shape (groups,)
        Minutes.

    References
    ----------
    Mardia, K. V., Jupp, P. E. (2000). Directional Statistics. Wiley. doi:10.1002/9780470316979

    Examples
    --------
    >>> median, spread = circular_median(np.zeros(3, int), np.array([1430.0, 0.0, 12.0]), 1)
    >>> median.tolist(), bool(8 < spread[0] < 10)
    ([0.0], True)
    """
    angle = minute * (2 * np.pi / DAY_MINUTES)
    size = np.bincount(group, minlength=groups)
    east = np.bincount(group, np.cos(angle), groups) / size
    north = np.bincount(group, np.sin(angle), groups) / size
    mean = np.arctan2(north, east) * (DAY_MINUTES / (2 * np.pi))
    offset = (minute - mean[group] + DAY_MINUTES / 2) % DAY_MINUTES - DAY_MINUTES / 2
    ordered = offset[np.lexsort((offset, group))]
    first = np.cumsum(size) - size
    middle = (ordered[first + (size - 1) // 2] + ordered[first + size // 2]) / 2
    # One minus the mean length, by sines: exact where all minutes are equal.
    variance = np.bincount(group, 2 * np.sin(offset * (np.pi / DAY_MINUTES)) ** 2, groups) / size
    spread = np.sqrt(-2 * np.log1p(-np.minimum(variance, 1 - 1e-12)))
    # Rounding to a millionth of a minute keeps a whole minute whole.
    return (
        np.round((mean + middle) % DAY_MINUTES, 6) % DAY_MINUTES,
        np.round(spread * (DAY_MINUTES / (2 * np.pi)), 6),
    )
