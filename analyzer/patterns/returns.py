"""Returns: for each routine, the routine that leads back and belongs to the same schedule.

Who changes hours, or works in turns, has several routines there and several back. The way back that
belongs to a way out is the one that was kept on the same days, not the one kept most often.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def find_returns(
    vehicle: np.ndarray, origin: np.ndarray, destination: np.ndarray, minute: np.ndarray,
    days: np.ndarray, begin: np.ndarray, end: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Find the way back of each routine: most round trips, then most days in the same period.

    Parameters
    ----------
    vehicle, origin, destination : numpy.ndarray of int, shape (routines,)
        Vehicle and place numbers; routines of a vehicle stand together.
    minute : numpy.ndarray of float64, shape (routines,)
        Usual minute of the day.
    days : numpy.ndarray of int64, shape (n,)
        Days on which routines were kept; those of a routine stand together, sorted, no repeats.
    begin, end : numpy.ndarray of int64, shape (routines,)
        Where the days of each routine begin and end.

    Returns
    -------
    back : numpy.ndarray of int64, shape (routines,)
        Routine that leads back; -1 where none was kept in the same period.
    round_trips : numpy.ndarray of int64, shape (routines,)
        Days on which the routine was kept and so was its way back, on the same day or, where its
        usual minute is earlier, on the next.
    together : numpy.ndarray of int64, shape (routines,)
        Days that either of the two, whichever has fewer, was kept in the period between the first
        and the last day of both.

    Examples
    --------
    Out early in one week; out late, and back, in the next.

    >>> back, round_trips, _ = find_returns(
    ...     np.zeros(3, int), np.array([0, 0, 1]), np.array([1, 1, 0]),
    ...     np.array([450.0, 600.0, 1140.0]), np.array([0, 1, 2, 7, 8, 7, 8, 9]),
    ...     np.array([0, 3, 5]), np.array([3, 5, 8]))
    >>> back.tolist(), round_trips.tolist()
    ([-1, 2, 1], [0, 2, 1])
    """
    n = len(vehicle)
    back = np.full(n, -1, np.int64)
    round_trips, together = np.zeros(n, np.int64), np.zeros(n, np.int64)
    first = 0
    while first < n:
        last = first
        while last < n and vehicle[last] == vehicle[first]:
            last += 1
        for out in range(first, last):
            for other in range(first, last):
                if origin[out] != destination[other] or destination[out] != origin[other]:
                    continue
                kept = _kept_in_one_period(days, begin, end, out, other)
                if kept == 0:
                    continue
                later = 0 if minute[other] > minute[out] else 1
                both = _kept_on_both(days, begin, end, out, other, later)
                # Routines come by place and minute, so that equal ones keep that order.
                if (both, kept) > (round_trips[out], together[out]):
                    back[out], round_trips[out], together[out] = other, both, kept
        first = last
    return back, round_trips, together


@numba.njit(cache=True, nogil=True)
def _kept_on_both(
    days: np.ndarray, begin: np.ndarray, end: np.ndarray, out: int, back: int, later: int
) -> int:
    """Count the days of one routine that, moved by `later`, are days of the other."""
    both, row, other = 0, begin[out], begin[back]
    while row < end[out] and other < end[back]:
        day = days[row] + later
        if day == days[other]:
            both += 1
        if day <= days[other]:
            row += 1
        else:
            other += 1
    return both


@numba.njit(cache=True, nogil=True)
def _kept_in_one_period(
    days: np.ndarray, begin: np.ndarray, end: np.ndarray, one: int, other: int
) -> int:
    """Count the days of each in the period of both, and give the smaller number."""
    start = max(days[begin[one]], days[begin[other]])
    stop = min(days[end[one] - 1], days[end[other] - 1])
    fewest = len(days)
    for routine in (one, other):
        kept = 0
        for row in range(begin[routine], end[routine]):
            if start <= days[row] <= stop:
                kept += 1
        fewest = min(fewest, kept)
    return fewest
