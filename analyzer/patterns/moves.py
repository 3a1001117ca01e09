"""Moves: vehicles' passing from one camera to the next within a trip, dealt out to slots of a day.

Moves of two vehicles between the same cameras are what `analyzer.patterns.traffic` counts as the
opportunities for a joint journey.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.units import DAY_MS, MINUTE_MS

KINDS = 2
"""Working day and weekend."""

SLOT_MS = 10 * MINUTE_MS
"""Times of day agree the less, the nearer they are to this far apart (or to Δt, if longer)."""

UNITS = 16
"""A move is dealt out in so many equal shares, so that all sums are whole numbers."""


def slots_of_day(within: int) -> int:
    """Give the number of slots of a day for encounters within some time (ms).

    Examples
    --------
    >>> slots_of_day(120_000), slots_of_day(3_600_000)
    (144, 24)
    """
    return max(1, DAY_MS // max(SLOT_MS, within))


def cell_of(camera: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Number the cell of sightings: camera and kind of day.

    Examples
    --------
    >>> monday, saturday = 4 * DAY_MS, 9 * DAY_MS
    >>> cell_of(np.array([0, 2]), np.array([monday, saturday])).tolist()
    [0, 5]
    """
    return camera.astype(np.int64) * KINDS + ((local // DAY_MS + 3) % 7 >= 5)


@numba.njit(cache=True, nogil=True)
def find_moves(
    starts: np.ndarray,
    times: np.ndarray,
    local: np.ndarray,
    cameras: np.ndarray,
    max_gap: int,
    n_cameras: int,
    slots: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Find the moves of vehicles: two sightings in a row on one trip, at different cameras.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    times, local, cameras : numpy.ndarray, shape (n,)
        Instants, sorted within a vehicle, and local times (ms); camera codes.
    max_gap, n_cameras, slots : int
        Longest gap inside a trip (ms); camera codes run from 0 to below `n_cameras`; see
        `slots_of_day`.

    Returns
    -------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's moves begin.
    slot : numpy.ndarray of int64, shape (moves,)
        The first of the two slots of a move, numbered over (camera, next camera, kind of day,
        slot).
    later : numpy.ndarray of int8, shape (moves,)
        How many of the `UNITS` belong to the slot after it.
    day : numpy.ndarray of int32, shape (moves,)
        Local day.
    """
    found = np.zeros(len(starts), np.int64)
    slot, later = np.empty(len(times), np.int64), np.empty(len(times), np.int8)
    day = np.empty(len(times), np.int32)
    n = 0
    for vehicle in range(len(starts) - 1):
        for row in range(starts[vehicle], starts[vehicle + 1] - 1):
            if cameras[row] == cameras[row + 1] or times[row + 1] - times[row] > max_gap:
                continue
            day[n] = local[row] // DAY_MS
            weekend = np.int64((day[n] + 3) % 7 >= 5)
            # In units of a slot, counted from the middle of the first one.
            at = (local[row] % DAY_MS) * slots * UNITS // DAY_MS - UNITS // 2
            link = (np.int64(cameras[row]) * n_cameras + cameras[row + 1]) * KINDS + weekend
            slot[n] = link * slots + (at // UNITS) % slots
            later[n] = at % UNITS
            n += 1
        found[vehicle + 1] = n
    return found, slot[:n].copy(), later[:n].copy(), day[:n].copy()


@numba.njit(cache=True, nogil=True)
def next_slot(slot: int, slots: int) -> int:
    """Give the slot after one: of a day's last slot, the first one of the same day."""
    return slot + 1 if slot % slots + 1 < slots else slot + 1 - slots


@numba.njit(cache=True, nogil=True)
def deal_moves(
    starts: np.ndarray, slot: np.ndarray, later: np.ndarray, slots: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deal the moves of each vehicle out to slots.

    Returns
    -------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's slots begin.
    slot : numpy.ndarray of int64, shape (found,)
        Slots in increasing order within a vehicle.
    units : numpy.ndarray of int32, shape (found,)
        The units there.
    """
    found_starts = np.zeros(len(starts), np.int64)
    dealt, units = np.empty(2 * len(slot), np.int64), np.empty(2 * len(slot), np.int32)
    found = 0
    for vehicle in range(len(starts) - 1):
        first, stop = starts[vehicle], starts[vehicle + 1]
        keys = np.empty(2 * (stop - first), np.int64)
        for i in range(first, stop):
            keys[2 * (i - first)] = slot[i] * (UNITS + 1) + UNITS - later[i]
            keys[2 * (i - first) + 1] = next_slot(slot[i], slots) * (UNITS + 1) + later[i]
        keys.sort()
        begin = found
        for key in keys:
            if key % (UNITS + 1) == 0:
                continue
            if found > begin and dealt[found - 1] == key // (UNITS + 1):
                units[found - 1] += key % (UNITS + 1)
            else:
                dealt[found], units[found] = key // (UNITS + 1), key % (UNITS + 1)
                found += 1
        found_starts[vehicle + 1] = found
    return found_starts, dealt[:found].copy(), units[:found].copy()


@numba.njit(cache=True, nogil=True)
def sum_squares(
    starts: np.ndarray, slot: np.ndarray, units: np.ndarray, n_cameras: int, slots: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum what vehicles have with themselves, which are no opportunities.

    Returns
    -------
    by_hour : numpy.ndarray of int64, shape (n_cameras × 2,)
        Squares of the vehicles' units in a slot, summed by camera and kind of day.
    by_way, by_camera : numpy.ndarray of int64, shape (n_cameras,)
        Squares of their units on a way, and from a camera, summed by camera.
    """
    by_hour = np.zeros(n_cameras * KINDS, np.int64)
    by_way, by_camera = np.zeros(n_cameras, np.int64), np.zeros(n_cameras, np.int64)
    for vehicle in range(len(starts) - 1):
        on_way, from_camera = np.int64(0), np.int64(0)
        stop = starts[vehicle + 1]
        for i in range(starts[vehicle], stop):
            way = slot[i] // (KINDS * slots)
            camera = way // n_cameras
            by_hour[camera * KINDS + slot[i] // slots % KINDS] += units[i] * units[i]
            on_way += units[i]
            next_way = slot[i + 1] // (KINDS * slots) if i + 1 < stop else np.int64(-1)
            if next_way != way:
                by_way[camera] += on_way * on_way
                from_camera += on_way
                on_way = np.int64(0)
                if next_way < 0 or next_way // n_cameras != camera:
                    by_camera[camera] += from_camera * from_camera
                    from_camera = np.int64(0)
    return by_hour, by_way, by_camera
