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

from analyzer.schema import MISSING, Rows

SHORTEST_BIN_MS = 60_000

NO_DIRECTIONS = np.empty(0, np.int32)


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
def _sort_together(times: np.ndarray, cameras: np.ndarray, n: int) -> None:
    # Encounters of one pair are few and nearly in order: insertion beats any call.
    for i in range(1, n):
        time, camera = times[i], cameras[i]
        j = i - 1
        while j >= 0 and (times[j] > time or (times[j] == time and cameras[j] > camera)):
            times[j + 1], cameras[j + 1] = times[j], cameras[j]
            j -= 1
        times[j + 1], cameras[j + 1] = time, camera


@numba.njit(cache=True, nogil=True)
def joint_journeys(
    starts: np.ndarray,
    vehicles: np.ndarray,
    times: np.ndarray,
    cameras: np.ndarray,
    directions: np.ndarray,
    index_bins: np.ndarray,
    index_starts: np.ndarray,
    index_times: np.ndarray,
    index_vehicles: np.ndarray,
    index_directions: np.ndarray,
    within: int,
    max_gap: int,
    min_cameras: int,
    later_only: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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
    index_bins : numpy.ndarray of int64, shape (3,)
        First time, length of a time bin (ms) and number of bins.
    index_starts : numpy.ndarray of int64, shape (cameras × bins + 1,)
        Where each bin of each camera begins in the index.
    index_times, index_vehicles, index_directions : numpy.ndarray, shape (m,)
        Sightings of the indexed vehicles, sorted by (camera, time).
    within, max_gap : int
        Longest time between the two sightings of an encounter, and between consecutive encounters
        of a journey, in ms; both inclusive.
    min_cameras : int
        Distinct cameras that make a run of encounters a joint journey; at least two.
    later_only : bool
        Whether to pair a vehicle only with those of a higher code.

    Returns
    -------
    vehicle, other : numpy.ndarray of int64, shape (journeys,)
        Codes of the pair, one row a joint journey, by vehicle in the order given and by `other`.
    camera, time : numpy.ndarray of int64, shape (journeys,)
        The journey's first encounter.
    encounters : numpy.ndarray of int64, shape (journeys,)
        All encounters of the pair, inside joint journeys or not.
    """
    first_time, bin_length, bins = index_bins
    has_directions = len(directions) > 0
    keys = np.empty(1024, np.int64)
    met_at, met_camera = np.empty(1024, np.int64), np.empty(1024, np.int64)
    run_times, run_cameras = np.empty(1024, np.int64), np.empty(1024, np.int64)
    seen = np.empty(min_cameras, np.int64)
    out = np.empty((1024, 5), np.int64)
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
                    keys[met] = (np.int64(other) << 32) | met
                    met_at[met] = max(time, index_times[low])
                    met_camera[met] = camera
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
            while n > len(run_times):
                run_times, run_cameras = longer(run_times), longer(run_cameras)
            for i in range(n):
                at = ordered[begin + i] & 0xFFFFFFFF
                run_times[i], run_cameras[i] = met_at[at], met_camera[at]
            _sort_together(run_times, run_cameras, n)
            first, distinct = 0, 0
            for i in range(n):
                if i and run_times[i] - run_times[i - 1] > max_gap:
                    first, distinct = i, 0
                before = distinct
                distinct = count_distinct(seen, distinct, run_cameras[i])
                if distinct == min_cameras and before < min_cameras:
                    if n_out == len(out):
                        grown = np.empty((2 * n_out, 5), np.int64)
                        grown[:n_out] = out
                        out = grown
                    out[n_out, 0] = vehicle
                    out[n_out, 1] = other
                    out[n_out, 2] = run_cameras[first]
                    out[n_out, 3] = run_times[first]
                    out[n_out, 4] = n
                    n_out += 1
            begin = stop
    return (
        out[:n_out, 0].copy(),
        out[:n_out, 1].copy(),
        out[:n_out, 2].copy(),
        out[:n_out, 3].copy(),
        out[:n_out, 4].copy(),
    )


@numba.njit(cache=True, nogil=True)
def count_meetings(
    cameras: np.ndarray, times: np.ndarray, directions: np.ndarray, within: int
) -> int:
    """Count the pairs of sightings at one camera, near in time, in directions that agree.

    Parameters
    ----------
    cameras, times : numpy.ndarray, shape (n,)
        Sorted by (camera, time); times in ms.
    directions : numpy.ndarray of int, shape (n,) or (0,)
        Direction codes, or an empty array where none are known.
    within : int
        Longest time between the two sightings, in ms; inclusive.

    Returns
    -------
    int
        Encounters, those of a vehicle with itself among them (`count_repeats`).

    Examples
    --------
    >>> count_meetings(np.array([0, 0, 0, 1]), np.array([0, 5, 20, 20]), np.empty(0, int), 15)
    2
    """
    has_directions = len(directions) > 0
    # How many of the sightings that are near enough go in each direction; those unknown first.
    near = np.zeros(directions.max() + 2 if has_directions else 1, np.int64)
    total, first = 0, 0
    for row in range(len(times)):
        while cameras[first] != cameras[row] or times[first] < times[row] - within:
            near[directions[first] + 1 if has_directions else 0] -= 1
            first += 1
        towards = directions[row] + 1 if has_directions else 0
        if has_directions and towards > 0:
            total += near[0] + near[towards]
        else:
            total += row - first
        near[towards] += 1
    return total


@numba.njit(cache=True, nogil=True)
def count_repeats(
    vehicles: np.ndarray,
    cameras: np.ndarray,
    times: np.ndarray,
    directions: np.ndarray,
    within: int,
) -> int:
    """Count what `count_meetings` counts of a vehicle with itself; rows sorted by vehicle, time."""
    has_directions = len(directions) > 0
    total = 0
    for row in range(len(times)):
        other = row - 1
        while (
            other >= 0
            and vehicles[other] == vehicles[row]
            and times[other] >= times[row] - within
        ):
            total += cameras[other] == cameras[row] and (
                not has_directions
                or directions[other] == directions[row]
                or directions[other] == MISSING
                or directions[row] == MISSING
            )
            other -= 1
    return total


def index_by_camera(rows: Rows, times: np.ndarray, n_cameras: int) -> Rows:
    """Arrange sightings by (camera, time) for looking neighbours up.

    Parameters
    ----------
    rows : Rows
        ``vehicle``, ``camera`` and, where known, ``direction``.
    times : numpy.ndarray of int64, shape (n,)
        The times to index by (instants, or local time), in ms.
    n_cameras : int
        Camera codes run from 0 to below this.

    Returns
    -------
    dict
        ``index_bins``, ``index_starts``, ``index_times``, ``index_vehicles``,
        ``index_directions``, as `joint_journeys` takes them.
    """
    first, last = (int(times.min()), int(times.max())) if len(times) else (0, 0)
    # About as many bins as rows: a bin then leads to within a row or two of what is looked for.
    bins = max(1, min((last - first) // SHORTEST_BIN_MS, len(times) // max(n_cameras, 1)))
    length = (last - first) // bins + 1
    camera = rows["camera"].astype(np.int64)
    order = np.argsort(camera * (last - first + 1) + (times - first), kind="stable")
    counts = np.bincount(camera * bins + (times - first) // length, minlength=n_cameras * bins)
    return {
        "index_bins": np.array([first, length, bins], np.int64),
        "index_starts": np.append(0, np.cumsum(counts)),
        "index_times": times[order],
        "index_vehicles": rows["vehicle"][order],
        "index_directions": rows["direction"][order] if "direction" in rows else NO_DIRECTIONS,
    }


def directions_of(rows: Rows) -> np.ndarray:
    """Give the direction codes of rows, or an empty array where no directions are known."""
    return rows.get("direction", NO_DIRECTIONS)
