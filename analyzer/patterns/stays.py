"""Stays: what lies between two trips of one vehicle.

A stay is inferred, never observed: the vehicle left the sight of one camera (``arrival``) and came
into the sight of another (``departure``), and was somewhere in between. How much of a stay falls
into nights and into working hours is measured on the clock of the place, never in UTC.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.local_time import Clock
from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS

NIGHT = (0 * HOUR_MS, 5 * HOUR_MS)
"""Local hours in which most people are at home: from midnight to five."""

WORKING = (9 * HOUR_MS, 17 * HOUR_MS)
"""Local hours, Monday to Friday, in which most work is done: from nine to five."""


@numba.njit(cache=True, nogil=True)
def stay_rows(vehicle: np.ndarray) -> np.ndarray:
    """Find the trips that end in a stay: those followed by another trip of the same vehicle.

    Parameters
    ----------
    vehicle : numpy.ndarray of int, shape (trips,)
        Vehicle of each trip; trips sorted by vehicle and start.

    Returns
    -------
    numpy.ndarray of int64, shape (stays,)
        Row of the trip before each stay; the trip after it is the next row.

    Examples
    --------
    >>> stay_rows(np.array([4, 4, 4, 7, 9, 9])).tolist()
    [0, 1, 4]
    """
    found = np.empty(len(vehicle), np.int64)
    count = 0
    for row in range(len(vehicle) - 1):
        if vehicle[row] == vehicle[row + 1]:
            found[count] = row
            count += 1
    return found[:count].copy()


@numba.njit(cache=True, nogil=True)
def overlap_ms(
    start: np.ndarray, end: np.ndarray, from_ms: int, to_ms: int, weekdays_only: bool
) -> np.ndarray:
    """Measure how much of each interval falls between two hours of the local day.

    Parameters
    ----------
    start, end : numpy.ndarray of int64, shape (n,)
        Local milliseconds; ``start <= end``.
    from_ms, to_ms : int
        Hours of the day, in ms after midnight.
    weekdays_only : bool
        Count Monday to Friday alone.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Milliseconds.

    Examples
    --------
    >>> evening, noon = 20 * HOUR_MS, 36 * HOUR_MS
    >>> overlap_ms(np.array([evening]), np.array([noon]), 0, 5 * HOUR_MS, False)[0] // HOUR_MS
    np.int64(5)
    """
    overlap = np.zeros(len(start), np.int64)
    for i in range(len(start)):
        begun, over = start[i] // DAY_MS, end[i] // DAY_MS
        for day in range(begun, over + 1, max(over - begun, 1)):
            if weekdays_only and (day + 3) % 7 >= 5:
                continue
            first = max(start[i], day * DAY_MS + from_ms)
            last = min(end[i], day * DAY_MS + to_ms)
            if last > first:
                overlap[i] += last - first
        # The days between are whole.
        whole = max(over - begun - 1, 0)
        if weekdays_only and whole:
            whole = _weekdays_before(over) - _weekdays_before(begun + 1)
        overlap[i] += whole * (to_ms - from_ms)
    return overlap


@numba.njit(cache=True, nogil=True)
def _weekdays_before(day: int) -> int:
    """Count the days from Monday to Friday before a day, from a fixed Monday on."""
    weeks, over = (day + 3) // 7, (day + 3) % 7
    return weeks * 5 + min(over, 5)


def stays_of_trips(trips: Rows, clock: Clock) -> Rows:
    """Derive the stays of one part from its trips.

    Parameters
    ----------
    trips : Rows
        As `analyzer.patterns.trips.trips_of_part` makes them.
    clock : Clock
        Local time of the data.

    Returns
    -------
    Rows
        ``vehicle``; ``started_at`` and ``ended_at`` (ms, UTC); ``local_start`` and
        ``local_end`` (local ms); ``arrival`` and ``departure``
        (camera codes); ``arrival_via`` and ``departure_via`` (the cameras before and after them, -1
        where there is none); ``seen_before`` and ``seen_after`` (int32: sightings of the trips
        before and after); ``night`` and ``working`` (ms of the stay in nights and in working
        hours); sorted by vehicle and start.
    """
    before = stay_rows(trips["vehicle"])
    start = clock.local(trips["ended_at"][before])
    # Where clocks are put back a stay could end before it began, on the wall.
    end = np.maximum(start, clock.local(trips["started_at"][before + 1]))
    return {
        "vehicle": trips["vehicle"][before],
        "started_at": trips["ended_at"][before],
        "ended_at": trips["started_at"][before + 1],
        "local_start": start,
        "local_end": end,
        "arrival": trips["destination"][before],
        "departure": trips["origin"][before + 1],
        "arrival_via": trips["before_destination"][before],
        "departure_via": trips["after_origin"][before + 1],
        "seen_before": trips["sightings"][before],
        "seen_after": trips["sightings"][before + 1],
        "night": overlap_ms(start, end, NIGHT[0], NIGHT[1], False),
        "working": overlap_ms(start, end, WORKING[0], WORKING[1], True),
    }
