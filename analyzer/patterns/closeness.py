"""Closeness: how much of their trips two vehicles made together, and how near each other.

Chance lets two vehicles share a stretch of road, a minute apart; company goes the same way from
camera to camera, seconds apart. A joint journey's closeness is the share of the cameras on either
vehicle's trip at which both were seen together, divided by the time between them there. Journeys
are counted at some levels of closeness, each of which a known share of the joint journeys under
habit reaches; chance is worked out for every level by itself, so that neighbours whose journeys are
close by habit are expected to be close.
"""

from __future__ import annotations

import numba
import numpy as np

MOST_CAMERAS = 64
"""Distinct cameras of one journey that are told apart."""

NEAR_MS = 10_000
"""Being nearer than this tells little more: nobody follows another by less than some seconds."""

SCALE = 1_000_000_000
"""Closeness is a whole number, from 0 to this."""

LEVEL_SHARES = (0.25, 0.0625, 0.015625)
"""Share of the joint journeys under habit that reach each level above the lowest."""

LEAST_IN_LEVEL = 16
"""Joint journeys under habit without which a level is not used: too few to know its chance."""


@numba.njit(cache=True, nogil=True)
def count_camera(
    seen: np.ndarray, apart: np.ndarray, distinct: int, camera: int, gap: int
) -> int:
    """Add an encounter to the distinct cameras of a journey; each keeps the shortest gap there."""
    for known in range(distinct):
        if seen[known] == camera:
            apart[known] = min(apart[known], gap)
            return distinct
    if distinct == len(seen):
        return distinct
    seen[distinct], apart[distinct] = camera, gap
    return distinct + 1


@numba.njit(cache=True, nogil=True)
def closeness_of(apart: np.ndarray, together: int, passed: int) -> int:
    """Give the closeness of a joint journey.

    Parameters
    ----------
    apart : numpy.ndarray of int64
        Time between the two vehicles at each camera where they were together (ms).
    together : int
        Number of those cameras, c.
    passed : int
        Cameras on the trip of the one plus those on the trip of the other.

    Returns
    -------
    int
        10⁹ · c / (u + 1) · 10 s / (10 s + mean time apart), u being the cameras on either trip.

    Examples
    --------
    >>> closeness_of(np.array([0, 0, 0]), 3, 6), closeness_of(np.array([10_000]), 1, 4)
    (750000000, 125000000)
    """
    total = 0
    for camera in range(together):
        total += apart[camera]
    either = max(passed - together, together)
    share = SCALE * together // (either + 1)
    return share * NEAR_MS // (NEAR_MS + total // together)


@numba.njit(cache=True, nogil=True)
def trip_cameras(
    starts: np.ndarray, times: np.ndarray, cameras: np.ndarray, max_gap: int
) -> np.ndarray:
    """Count the distinct cameras of the trip to which each sighting belongs.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    times, cameras : numpy.ndarray, shape (n,)
        Times in ms, sorted within a vehicle, and camera codes.
    max_gap : int
        Longest gap inside a trip (ms).

    Returns
    -------
    numpy.ndarray of int16, shape (n,)
        At most `MOST_CAMERAS`.

    Examples
    --------
    >>> trip_cameras(np.array([0, 4]), np.array([0, 5, 9, 60]), np.array([3, 4, 3, 4]), 10).tolist()
    [2, 2, 2, 1]
    """
    counts = np.empty(len(times), np.int16)
    seen, apart = np.empty(MOST_CAMERAS, np.int64), np.empty(MOST_CAMERAS, np.int64)
    for vehicle in range(len(starts) - 1):
        first, distinct = starts[vehicle], 0
        for row in range(starts[vehicle], starts[vehicle + 1]):
            if row > first and times[row] - times[row - 1] > max_gap:
                counts[first:row] = distinct
                first, distinct = row, 0
            distinct = count_camera(seen, apart, distinct, cameras[row], 0)
        counts[first : starts[vehicle + 1]] = distinct
    return counts


def level_thresholds(closeness: np.ndarray) -> np.ndarray:
    """Find the closeness from which on a journey belongs to each level above the lowest.

    Parameters
    ----------
    closeness : numpy.ndarray of int64
        Of joint journeys under habit, in any order.

    Returns
    -------
    numpy.ndarray of int64
        Increasing; one for each of `LEVEL_SHARES` that enough journeys reach.

    Examples
    --------
    >>> level_thresholds(np.arange(400)).tolist()
    [300, 375]
    """
    ordered = np.sort(closeness)
    counts = [int(share * len(ordered)) for share in LEVEL_SHARES]
    found = [ordered[len(ordered) - n] for n in counts if n >= LEAST_IN_LEVEL]
    return np.unique(np.array(found, np.int64))


def levels_of(closeness: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Give the level of journeys: how many thresholds they reach.

    Examples
    --------
    >>> levels_of(np.array([299, 300, 999]), np.array([300, 375])).tolist()
    [0, 1, 2]
    """
    return np.searchsorted(thresholds, closeness, side="right")
