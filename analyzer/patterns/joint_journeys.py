"""Encounters and joint journeys: which vehicles pass the same cameras at the same time, repeatedly.

Two vehicles encounter each other when one camera sees both within a short time (in one direction,
where directions are known). Encounters of one pair whose consecutive gaps are no longer than the
trip gap form a run; a run at enough distinct cameras is a joint journey. Encounters are listed for
some vehicles at a time and never stored: their sightings are looked up in an index of a block of
vehicles by (camera, time), in that order, so that memory is read from front to back; all encounters
of a pair meet in one place, and memory is bounded by the block and by the joint journeys found, not
by the (far more numerous) encounters.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.camera_index import order_by_camera
from analyzer.patterns.closeness import MOST_CAMERAS, closeness_of, count_camera
from analyzer.patterns.encounters import longer
from analyzer.schema import MISSING

MOST_ROWS = 1 << 22
"""Sightings that are looked up at once, unless one vehicle has more."""

MOST_NEAR = 1 << 24
"""Encounters that are listed at once, unless one vehicle has more."""

SEATS = 1 << 13
"""Seats in which the vehicles met on one trip are noted; a power of two."""


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
        Their sightings, each vehicle's in order of time: ms, camera codes, direction codes (or an
        empty array: none known).
    trip_cameras : numpy.ndarray of int, shape (n,)
        Cameras passed on the trip to which each sighting belongs (`closeness.trip_cameras`).
    cells : numpy.ndarray of int, shape (n,)
        What a journey that begins with this sighting is tallied under, below `n_cells`.
    index_bins : numpy.ndarray of int64, shape (3,)
        First time, length of a time bin (ms) and number of bins.
    index_starts : numpy.ndarray of int, shape (cameras × bins + 1,)
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
    index = index_bins, index_starts, index_times, index_vehicles, index_directions
    n_cameras = (len(index_starts) - 1) // int(index_bins[2])
    found = [np.empty((0, 4), np.int64)]
    unlisted = np.zeros((len(thresholds) + 1, n_cells), np.int64)
    first = 0
    while first < len(vehicles):
        stop = max(int(np.searchsorted(starts, starts[first] + MOST_ROWS, "right")) - 1, first + 1)
        some = slice(starts[first], starts[stop])
        codes = np.repeat(vehicles[first:stop], np.diff(starts[first : stop + 1]))
        order, ordered, _, _ = order_by_camera(cameras[some], times[some], n_cameras)
        # Laid out in that order at once: that is many times faster than one by one.
        mine = [cameras[some][order], ordered, codes[order]]
        mine.append(directions[some][order] if len(directions) else directions)
        counts = np.empty(len(order), np.int64)
        counts[order] = _count_near(*mine, *index, within, later_only)
        near_starts = np.append(0, np.cumsum(counts))
        bounds = starts[first : stop + 1] - starts[first]
        fit = int(np.searchsorted(near_starts[bounds], MOST_NEAR, "right")) - 1
        if fit < stop - first:
            stop = first + max(fit, 1)
            some = slice(starts[first], starts[stop])
            here = order < starts[stop] - starts[first]
            order, mine = order[here], [column[here] if len(column) else column for column in mine]
        room = near_starts[order], counts[order], near_starts[len(order)]
        others, there = _list_near(*room, *mine, *index, within, later_only)
        journeys, tally = _journeys(
            starts[first : stop + 1] - starts[first], vehicles[first:stop], times[some],
            cameras[some], trip_cameras[some], cells[some], near_starts, others, there,
            index_times, index_trip_cameras,
            within, max_gap, min_cameras, kept, least, thresholds, n_cells,
        )  # fmt: skip
        found.append(journeys)
        unlisted += tally
        first = stop
    return np.concatenate(found), unlisted


@numba.njit(cache=True, nogil=True)
def first_near(
    camera: int, time: int, index_bins: np.ndarray, index_starts: np.ndarray,
    index_times: np.ndarray,
) -> tuple[int, int]:
    """Find the first sighting of a camera at or after a time in the index, and the camera's end."""
    first_time, bin_length, bins = index_bins
    there = min(max((time - first_time) // bin_length, 0), bins - 1)
    low, end = index_starts[camera * bins + there], index_starts[(camera + 1) * bins]
    while low < end and index_times[low] < time:
        low += 1
    return low, end


@numba.njit(cache=True, nogil=True)
def _is_met(
    vehicle: int, other: int, direction: int, other_direction: int, later_only: bool
) -> bool:
    return ((other > vehicle) | ((not later_only) & (other != vehicle))) & (
        (direction == other_direction) | (direction == MISSING) | (other_direction == MISSING)
    )


@numba.njit(cache=True, nogil=True)
def _count_near(
    cameras: np.ndarray, times: np.ndarray, codes: np.ndarray, directions: np.ndarray,
    index_bins: np.ndarray, index_starts: np.ndarray, index_times: np.ndarray,
    index_vehicles: np.ndarray, index_directions: np.ndarray, within: int, later_only: bool,
) -> np.ndarray:
    """Count the encounters of each of some sightings, which are sorted by (camera, time)."""
    has_directions = len(directions) > 0
    counts = np.empty(len(times), np.int64)
    for row in range(len(times)):
        last, vehicle = times[row] + within, codes[row]
        low, end = first_near(
            cameras[row], times[row] - within, index_bins, index_starts, index_times
        )
        n = 0
        while low < end and index_times[low] <= last:
            n += _is_met(
                vehicle, index_vehicles[low],
                directions[row] if has_directions else MISSING,
                index_directions[low] if has_directions else MISSING, later_only,
            )  # fmt: skip
            low += 1
        counts[row] = n
    return counts


@numba.njit(cache=True, nogil=True)
def _list_near(
    begins: np.ndarray, counts: np.ndarray, total: int,
    cameras: np.ndarray, times: np.ndarray, codes: np.ndarray, directions: np.ndarray,
    index_bins: np.ndarray, index_starts: np.ndarray, index_times: np.ndarray,
    index_vehicles: np.ndarray, index_directions: np.ndarray, within: int, later_only: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """List the encounters of each sighting: the vehicle met, and where it stands in the index."""
    has_directions = len(directions) > 0
    others, there = np.empty(total, np.int32), np.empty(total, np.int32)
    for row in range(len(times)):
        last, vehicle = times[row] + within, codes[row]
        at, stop = begins[row], begins[row] + counts[row]
        if at == stop:
            continue
        low, end = first_near(
            cameras[row], times[row] - within, index_bins, index_starts, index_times
        )
        while at < stop and low < end and index_times[low] <= last:
            # What is no encounter is written as well, and written over by the next.
            others[at], there[at] = index_vehicles[low], low
            at += _is_met(
                vehicle, index_vehicles[low],
                directions[row] if has_directions else MISSING,
                index_directions[low] if has_directions else MISSING, later_only,
            )  # fmt: skip
            low += 1
    return others, there


@numba.njit(cache=True, nogil=True)
def _note_who_is_met_again(
    first: int, stop: int, near_starts: np.ndarray, others: np.ndarray, cameras: np.ndarray,
    taken: np.ndarray, seen_at: np.ndarray, again: np.ndarray,
) -> bool:
    # Most encounters are with vehicles that are met at one camera only: they make no journey, and
    # it is not worth sorting them. A vehicle's seat is its code modulo SEATS; two that share one
    # may be noted though neither is met again, and are told apart where journeys are looked for.
    found = False
    for row in range(first, stop):
        for i in range(near_starts[row], near_starts[row + 1]):
            seat = others[i] & (SEATS - 1)
            if taken[seat] != first:
                taken[seat], seen_at[seat] = first, cameras[row]
            elif seen_at[seat] != cameras[row]:
                again[seat] = first
                found = True
    return found


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
def _journeys(
    starts: np.ndarray,
    vehicles: np.ndarray,
    times: np.ndarray,
    cameras: np.ndarray,
    trip_cameras: np.ndarray,
    cells: np.ndarray,
    near_starts: np.ndarray,
    others: np.ndarray,
    there: np.ndarray,
    index_times: np.ndarray,
    index_trip_cameras: np.ndarray,
    within: int,
    max_gap: int,
    min_cameras: int,
    kept: np.ndarray,
    least: int,
    thresholds: np.ndarray,
    n_cells: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Find the joint journeys among the encounters of vehicles."""
    keys = np.empty(1024, np.int64)
    met_at, met_camera = np.empty(1024, np.int64), np.empty(1024, np.int64)
    met_row, met_low = np.empty(1024, np.int64), np.empty(1024, np.int64)
    run = np.empty(1024, np.int64)
    seen, apart = np.empty(MOST_CAMERAS, np.int64), np.empty(MOST_CAMERAS, np.int64)
    out = np.empty((1024, 4), np.int64)
    unlisted = np.zeros((len(thresholds) + 1, n_cells), np.int64)
    taken, seen_at = np.full(SEATS, -1, np.int32), np.empty(SEATS, np.int32)
    again = np.full(SEATS, -1, np.int32)
    n_out = 0
    for k in range(len(vehicles)):
        vehicle = vehicles[k]
        met = 0
        trip, end_of_rows = starts[k], starts[k + 1]
        while trip < end_of_rows:
            # An encounter is as late as the later of its sightings, so those of one journey lie
            # between sightings of this vehicle that are no further apart than this.
            after = trip + 1
            while after < end_of_rows and times[after] - times[after - 1] <= max_gap + within:
                after += 1
            if near_starts[after] - near_starts[trip] >= min_cameras and _note_who_is_met_again(
                trip, after, near_starts, others, cameras, taken, seen_at, again
            ):
                for row in range(trip, after):
                    for i in range(near_starts[row], near_starts[row + 1]):
                        if again[others[i] & (SEATS - 1)] != trip:
                            continue
                        if met == len(keys):
                            keys = longer(keys)
                            met_at, met_camera = longer(met_at), longer(met_camera)
                            met_row, met_low = longer(met_row), longer(met_low)
                        keys[met] = (np.int64(others[i]) << 32) | met
                        met_at[met] = max(times[row], index_times[there[i]])
                        met_camera[met] = cameras[row]
                        met_row[met], met_low[met] = row, there[i]
                        met += 1
            trip = after
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
