"""Encounters and joint journeys: which vehicles pass the same cameras at the same time, repeatedly.

Two vehicles encounter each other when one camera sees both within a short time (in one direction,
where directions are known). Encounters of one pair whose consecutive gaps are no longer than the
trip gap form a run; a run at enough distinct cameras is a joint journey. Encounters are counted
where they are needed and never stored: each part's vehicles look their neighbours up in an index of
a block of vehicles by (camera, time), so that all encounters of a pair meet in one place, and
memory is bounded by the block and by the joint journeys found, not by the (far more numerous)
encounters.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.camera_index import NO_DIRECTIONS
from analyzer.patterns.closeness import MOST_CAMERAS, closeness_of, count_camera
from analyzer.schema import MISSING, Rows


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
def longer(array: np.ndarray) -> np.ndarray:
    """Copy an array to one of twice its length."""
    longer = np.empty(2 * len(array), array.dtype)
    longer[: len(array)] = array
    return longer


@numba.njit(cache=True, nogil=True)
def _sort_together(run: np.ndarray, times: np.ndarray, cameras: np.ndarray, n: int) -> None:
    # Encounters of one pair are few and nearly in order: insertion beats any call.
    for i in range(1, n):
        met = run[i]
        time, camera = times[met], cameras[met]
        j = i - 1
        while j >= 0 and (
            times[run[j]] > time or (times[run[j]] == time and cameras[run[j]] > camera)
        ):
            run[j + 1] = run[j]
            j -= 1
        run[j + 1] = met


@numba.njit(cache=True, nogil=True)
def joint_journeys(
    starts: np.ndarray,
    vehicles: np.ndarray,
    times: np.ndarray,
    cameras: np.ndarray,
    directions: np.ndarray,
    trip_cameras: np.ndarray,
    cells: np.ndarray,
    index_bins: np.ndarray,
    index_starts: np.ndarray,
    index_times: np.ndarray,
    index_vehicles: np.ndarray,
    index_directions: np.ndarray,
    index_trip_cameras: np.ndarray,
    within: int,
    max_gap: int,
    min_cameras: int,
    later_only: bool,
    kept: np.ndarray,
    least: int,
    thresholds: np.ndarray,
    n_cells: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the joint journeys of some vehicles with the vehicles of an index.

    An encounter is a pair of sightings, at one camera, at most `within` apart, whose directions
    do not contradict each other; its time is the later of the two. Encounters of a pair are taken
    in order of (time, camera).

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (k + 1,)
        Where the rows of each of k vehicles begin.
    vehicles : numpy.ndarray of int, shape (k,)
        Their codes.
    times, cameras, directions : numpy.ndarray, shape (n,)
        Their sightings: ms, camera codes, direction codes (or an empty array: none known).
    trip_cameras : numpy.ndarray of int, shape (n,)
        Cameras passed on the trip to which each sighting belongs (`closeness.trip_cameras`).
    cells : numpy.ndarray of int, shape (n,)
        What a journey that begins with this sighting is tallied under, below `n_cells`.
    index_bins : numpy.ndarray of int64, shape (3,)
        First time, length of a time bin (ms) and number of bins.
    index_starts : numpy.ndarray of int64, shape (cameras × bins + 1,)
        Where each bin of each camera begins in the index.
    index_times, index_vehicles, index_directions, index_trip_cameras : numpy.ndarray, shape (m,)
        Sightings of the indexed vehicles, sorted by (camera, time).
    within, max_gap : int
        Longest time between the two sightings of an encounter, and between consecutive encounters
        of a journey, in ms; both inclusive.
    min_cameras : int
        Distinct cameras that make a run of encounters a joint journey; at least two.
    later_only : bool
        Whether to pair a vehicle only with those of a higher code.
    kept : numpy.ndarray of bool
        By vehicle code: whose pairs are listed however few journeys they made.
    least : int
        Journeys from which on a pair of others is listed: 1 or 2.
    thresholds : numpy.ndarray of int64
        Increasing closeness from which on a journey belongs to the next level.
    n_cells : int
        Number of cells.

    Returns
    -------
    journeys : numpy.ndarray of int64, shape (journeys, 4)
        One row a joint journey of a listed pair, by vehicle in the order given, by other and by
        time: vehicle, other, cell and closeness.
    unlisted : numpy.ndarray of int64, shape (levels, cells)
        Joint journeys of the pairs that are not listed (one each), by level and cell.
    """
    first_time, bin_length, bins = index_bins
    has_directions = len(directions) > 0
    keys = np.empty(1024, np.int64)
    met_at, met_camera = np.empty(1024, np.int64), np.empty(1024, np.int64)
    met_row, met_low = np.empty(1024, np.int64), np.empty(1024, np.int64)
    run = np.empty(1024, np.int64)
    seen, apart = np.empty(MOST_CAMERAS, np.int64), np.empty(MOST_CAMERAS, np.int64)
    out = np.empty((1024, 4), np.int64)
    unlisted = np.zeros((len(thresholds) + 1, n_cells), np.int64)
    n_out = 0
    for k in range(len(vehicles)):
        vehicle = vehicles[k]
        met = 0
        for row in range(starts[k], starts[k + 1]):
            camera, time = cameras[row], times[row]
            near = min(max((time - within - first_time) // bin_length, 0), bins - 1)
            low, end = index_starts[camera * bins + near], index_starts[(camera + 1) * bins]
            while low < end and index_times[low] < time - within:
                low += 1
            while low < end and index_times[low] <= time + within:
                other = index_vehicles[low]
                if (other > vehicle or (not later_only and other != vehicle)) and (
                    not has_directions
                    or directions[row] == index_directions[low]
                    or directions[row] == MISSING
                    or index_directions[low] == MISSING
                ):
                    if met == len(keys):
                        keys = longer(keys)
                        met_at, met_camera = longer(met_at), longer(met_camera)
                        met_row, met_low = longer(met_row), longer(met_low)
                    keys[met] = (np.int64(other) << 32) | met
                    met_at[met] = max(time, index_times[low])
                    met_camera[met] = camera
                    met_row[met], met_low[met] = row, low
                    met += 1
                low += 1
        if met < min_cameras:
            continue
        ordered = np.sort(keys[:met])
        begin = 0
        while begin < met:
            other = ordered[begin] >> 32
            stop = begin + 1
            while stop < met and ordered[stop] >> 32 == other:
                stop += 1
            n = stop - begin
            if n < min_cameras:
                begin = stop
                continue
            while n > len(run):
                run = longer(run)
            for i in range(n):
                run[i] = ordered[begin + i] & 0xFFFFFFFF
            _sort_together(run, met_at, met_camera, n)
            before_pair = n_out
            first, distinct = 0, 0
            for i in range(n):
                at = run[i]
                gap = abs(times[met_row[at]] - index_times[met_low[at]])
                distinct = count_camera(seen, apart, distinct, met_camera[at], gap)
                if i + 1 < n and met_at[run[i + 1]] - met_at[at] <= max_gap:
                    continue
                if distinct >= min_cameras:
                    if n_out == len(out):
                        grown = np.empty((2 * n_out, 4), np.int64)
                        grown[:n_out] = out
                        out = grown
                    head = run[first]
                    out[n_out, 0] = vehicle
                    out[n_out, 1] = other
                    out[n_out, 2] = cells[met_row[head]]
                    out[n_out, 3] = closeness_of(
                        apart, distinct,
                        trip_cameras[met_row[head]] + index_trip_cameras[met_low[head]],
                    )
                    n_out += 1
                first, distinct = i + 1, 0
            if 0 < n_out - before_pair < least and not kept[vehicle] and not kept[other]:
                for i in range(before_pair, n_out):
                    level = 0
                    while level < len(thresholds) and out[i, 3] >= thresholds[level]:
                        level += 1
                    unlisted[level, out[i, 2]] += 1
                n_out = before_pair
            begin = stop
    return out[:n_out].copy(), unlisted


def directions_of(rows: Rows) -> np.ndarray:
    """Give the direction codes of rows, or an empty array where no directions are known."""
    return rows.get("direction", NO_DIRECTIONS)
