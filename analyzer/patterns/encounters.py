"""The sightings of each vehicle: where they begin, whether it travels, their order in time."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.camera_index import NO_DIRECTIONS
from analyzer.schema import Rows


@numba.njit(cache=True, nogil=True)
def run_starts(codes: np.ndarray) -> np.ndarray:
    """Find where each run of equal codes begins, and the end: one more than there are runs.

    Examples
    --------
    >>> run_starts(np.array([4, 4, 9])).tolist()
    [0, 2, 3]
    """
    starts = np.empty(len(codes) + 1, np.int64)
    found = 0
    for row in range(len(codes)):
        if row == 0 or codes[row] != codes[row - 1]:
            starts[found] = row
            found += 1
    starts[found] = len(codes)
    return starts[: found + 1].copy()


@numba.njit(cache=True, nogil=True)
def travels(
    starts: np.ndarray, times: np.ndarray, cameras: np.ndarray, max_gap: int, min_cameras: int
) -> np.ndarray:
    """Tell for each vehicle whether one of its trips passes enough distinct cameras.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    times, cameras : numpy.ndarray, shape (n,)
        Times in ms, sorted within a vehicle, and camera codes.
    max_gap, min_cameras : int
        Longest gap inside a trip (ms), and the distinct cameras asked for.

    Returns
    -------
    numpy.ndarray of bool, shape (vehicles,)
    """
    enough = np.zeros(len(starts) - 1, np.bool_)
    seen = np.empty(min_cameras, np.int64)
    for vehicle in range(len(starts) - 1):
        distinct = 0
        for row in range(starts[vehicle], starts[vehicle + 1]):
            if row == starts[vehicle] or times[row] - times[row - 1] > max_gap:
                distinct = 0
            distinct = count_distinct(seen, distinct, cameras[row])
            if distinct == min_cameras:
                enough[vehicle] = True
                break
    return enough


@numba.njit(cache=True, nogil=True)
def count_distinct(seen: np.ndarray, distinct: int, camera: int) -> int:
    """Add a camera to the distinct ones seen; no more are remembered than `seen` can hold."""
    if distinct == len(seen):
        return distinct
    for known in range(distinct):
        if seen[known] == camera:
            return distinct
    seen[distinct] = camera
    return distinct + 1


@numba.njit(cache=True, nogil=True)
def order_by_time(starts: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Order the rows of each vehicle by time; rows of one time keep their order.

    Examples
    --------
    >>> order_by_time(np.array([0, 3, 4]), np.array([7, 5, 7, 1])).tolist()
    [1, 0, 2, 3]
    """
    order = np.empty(len(times), np.int64)
    for vehicle in range(len(starts) - 1):
        first, stop = starts[vehicle], starts[vehicle + 1]
        order[first:stop] = first + np.argsort(times[first:stop], kind="mergesort")
    return order


@numba.njit(cache=True, nogil=True)
def longer(array: np.ndarray) -> np.ndarray:
    """Copy an array to one of twice its length."""
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


def directions_of(rows: Rows) -> np.ndarray:
    """Give the direction codes of rows, or an empty array where no directions are known."""
    return rows.get("direction", NO_DIRECTIONS)
