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
def _order_by_bins(
    times: np.ndarray, bin_of: np.ndarray, n_bins: int
) -> tuple[np.ndarray, np.ndarray]:
    # A counting sort by bin, then each bin by time: bins are short, and rows nearly in order.
    starts = np.zeros(n_bins + 1, np.int64)
    for row in range(len(bin_of)):
        starts[bin_of[row] + 1] += 1
    for b in range(n_bins):
        starts[b + 1] += starts[b]
    place = starts[:-1].copy()
    order = np.empty(len(bin_of), np.int32)
    for row in range(len(bin_of)):
        order[place[bin_of[row]]] = row
        place[bin_of[row]] += 1
    for b in range(n_bins):
        first, stop = starts[b], starts[b + 1]
        if stop - first > CROWD:
            part = order[first:stop].copy()
            order[first:stop] = part[np.argsort(times[part], kind="mergesort")]
            continue
        for i in range(first + 1, stop):
            row = order[i]
            j = i
            while j > first and times[order[j - 1]] > times[row]:
                order[j] = order[j - 1]
                j -= 1
            order[j] = row
    return order, starts


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
    first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    # About as many bins as rows: a bin then leads to within a row or two of what is looked for.
    bins = max(1, min((last - first) // SHORTEST_BIN_MS, len(times) // max(n_cameras, 1)))
    length = (last - first) // bins + 1
    bin_of = rows["camera"] * np.int64(bins) + (times - first) // length
    order, starts = _order_by_bins(times, bin_of, n_cameras * bins)
    return {
        "index_bins": np.array([first, length, bins], np.int64),
        "index_starts": starts,
        "index_times": times[order],
        "index_vehicles": rows["vehicle"][order],
        "index_directions": rows["direction"][order] if "direction" in rows else NO_DIRECTIONS,
        "index_trip_cameras": rows["trip_cameras"][order],
    }
