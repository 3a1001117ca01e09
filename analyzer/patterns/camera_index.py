"""An index of sightings by (camera, time), in which the neighbours of a sighting are looked up."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.schema import Rows

SHORTEST_BIN_MS = 60_000

CROWD = 64
"""A bin with more sightings than this is sorted by merging."""

NO_DIRECTIONS = np.empty(0, np.int32)


@numba.njit(cache=True, nogil=True)
def _deal_to_bins(
    cameras: np.ndarray, times: np.ndarray, first: int, length: int, bins: int, n_cameras: int
) -> tuple[np.ndarray, np.ndarray]:
    # A counting sort: rows of one bin keep their order. Rows and bins are fewer than 2³¹.
    bin_of = np.empty(len(times), np.int32)
    # Until rows are dealt out, a bin begins one place further on: where it begins moves on with
    # each of its rows, to where the next one does.
    starts = np.zeros(n_cameras * bins + 2, np.int32)
    for row in range(len(times)):
        bin_of[row] = np.int64(cameras[row]) * bins + (times[row] - first) // length
        starts[bin_of[row] + 2] += 1
    for b in range(2, len(starts)):
        starts[b] += starts[b - 1]
    order = np.empty(len(times), np.int32)
    for row in range(len(times)):
        order[starts[bin_of[row] + 1]] = row
        starts[bin_of[row] + 1] += 1
    return order, starts[:-1]


@numba.njit(cache=True, nogil=True)
def _sort_bins(order: np.ndarray, times: np.ndarray, starts: np.ndarray) -> None:
    # Bins are short, and rows nearly in order. Times stand in the order of `order`.
    for b in range(len(starts) - 1):
        first, stop = starts[b], starts[b + 1]
        if stop - first > CROWD:
            turn = np.argsort(times[first:stop], kind="mergesort")
            order[first:stop] = order[first:stop][turn]
            times[first:stop] = times[first:stop][turn]
            continue
        for i in range(first + 1, stop):
            row, time = order[i], times[i]
            j = i
            while j > first and times[j - 1] > time:
                order[j], times[j] = order[j - 1], times[j - 1]
                j -= 1
            order[j], times[j] = row, time


def order_by_camera(
    cameras: np.ndarray, times: np.ndarray, n_cameras: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Order sightings by (camera, time), through bins of time.

    Parameters
    ----------
    cameras, times : numpy.ndarray, shape (n,)
        Camera codes, and times in ms.
    n_cameras : int
        Camera codes run from 0 to below this.

    Returns
    -------
    order : numpy.ndarray of int32, shape (n,)
        Rows of equal camera and time keep their order.
    times : numpy.ndarray of int64, shape (n,)
        Times in that order.
    starts : numpy.ndarray of int32, shape (n_cameras × bins + 1,)
        Where each bin of each camera begins.
    bins : numpy.ndarray of int64, shape (3,)
        First time, length of a bin (ms) and number of bins.

    Examples
    --------
    >>> order_by_camera(np.array([1, 0, 1]), np.array([7, 9, 5]), 2)[0].tolist()
    [1, 2, 0]
    """
    first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    # About as many bins as rows: a bin then leads to within a row or two of what is looked for.
    bins = max(1, min((last - first) // SHORTEST_BIN_MS, len(times) // max(n_cameras, 1)))
    length = (last - first) // bins + 1
    order, starts = _deal_to_bins(cameras, times, first, length, bins, n_cameras)
    ordered = times[order]
    _sort_bins(order, ordered, starts)
    return order, ordered, starts, np.array([first, length, bins], np.int64)


def index_by_camera(rows: Rows, times: np.ndarray, n_cameras: int) -> Rows:
    """Arrange sightings by (camera, time) for looking neighbours up.

    Parameters
    ----------
    rows : Rows
        ``vehicle``, ``camera``, ``trip_cameras`` and, where known, ``direction``.
    times : numpy.ndarray of int64, shape (n,)
        The times to index by (instants, or local time), in ms.
    n_cameras : int
        Camera codes run from 0 to below this.

    Returns
    -------
    dict
        ``index_bins``, ``index_starts``, ``index_times``, ``index_vehicles``,
        ``index_directions``, ``index_trip_cameras``, as `joint_journeys` takes them. Rows of equal
        camera and time keep their order.
    """
    order, ordered, starts, bins = order_by_camera(rows["camera"], times, n_cameras)
    return {
        "index_bins": bins,
        "index_starts": starts,
        "index_times": ordered,
        "index_vehicles": rows["vehicle"][order],
        "index_directions": rows["direction"][order] if "direction" in rows else NO_DIRECTIONS,
        "index_trip_cameras": rows["trip_cameras"][order],
    }
