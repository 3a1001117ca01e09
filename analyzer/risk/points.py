"""Points: the distinct (place, time bin) pairs of a vehicle, at an adversary's resolution.

A point is written as one integer, its key: ``time bin × number of places + place``. Bins are
counted in local time of the data (see `analyzer.local_time.time_bins`), places come from a table
by camera code, so a key means the same in every part of the data.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.cameras import grid_cells
from analyzer.errors import UsageError
from analyzer.local_time import time_bins, to_local
from analyzer.risk.adversary import Adversary
from analyzer.risk.choosing import ANY, Chooser, choose_points
from analyzer.risk.draw import POINTS, point_hash, vehicle_state
from analyzer.schema import Rows
from analyzer.sightings import Sightings

_SMALL = 48
"""Up to this many keys, insertion beats a general sort (they come nearly sorted)."""


def places_of_cameras(sightings: Sightings, space: str, cell_m: float | None) -> np.ndarray:
    """Number the place of each camera.

    Parameters
    ----------
    sightings : Sightings
        Whose cameras.
    space : str
        ``"camera"``, ``"zone"``, or anything else for cells of `cell_m` metres.
    cell_m : float or None
        Side of a cell in metres.

    Returns
    -------
    numpy.ndarray of int64, shape (number of cameras,)
        Places from 0, numbered by the first camera of each; a camera without a position is a place
        of its own in a grid of cells.
    """
    table = sightings.camera_table
    count = len(table)
    if space == "camera":
        return np.arange(count, dtype=np.int64)
    if space == "zone":
        labels = table["zone"].to_numpy(np.int64)
    else:
        labels = grid_cells(table["lat"].to_numpy(float), table["lon"].to_numpy(float), cell_m)
        unknown = np.flatnonzero(labels < 0)
        labels[unknown] = -1 - unknown
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def resolution_of(sightings: Sightings, adversary: Adversary) -> dict[str, object]:
    """Gather what a part needs to turn its sightings into keys, ready to be broadcast.

    Raises
    ------
    UsageError
        If the bins are so short that keys would not fit into 64 bits.
    """
    places = places_of_cameras(sightings, adversary.space, adversary.cell_m)
    n_places = int(places.max()) + 1 if len(places) else 1
    first, last = (sightings.clock.local(np.array([end]))[0] for end in sightings.span_ms)
    # One day of margin: at a change of the clock the ends need not be the extremes.
    ends = np.array([first - 86_400_000, last + 86_400_000], np.int64)
    farthest = int(np.abs(time_bins(ends, adversary.time_ms)).max()) + 1
    if farthest * n_places >= 2**62:
        raise UsageError(f"time={adversary.time!r} is too short for these data; write '1s' or more")
    return {
        "places": places,
        "n_places": n_places,
        "bin_ms": adversary.time_ms,
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
    }


def local_times(rows: Rows, resolution: dict[str, object]) -> np.ndarray:
    """Give the local time (ms) of each sighting."""
    return to_local(rows["seen_at"], resolution["clock_starts"], resolution["clock_offsets"])


def keys_of(rows: Rows, local: np.ndarray, resolution: dict[str, object]) -> np.ndarray:
    """Give the key of the point that each sighting makes."""
    bins = time_bins(local, resolution["bin_ms"])
    return _join_keys(bins, rows["camera"], resolution["places"], resolution["n_places"])


@numba.njit(cache=True, nogil=True)
def _join_keys(
    bins: np.ndarray, camera: np.ndarray, places: np.ndarray, n_places: int
) -> np.ndarray:
    for i in range(len(bins)):
        bins[i] = bins[i] * n_places + places[camera[i]]
    return bins


@numba.njit(cache=True, nogil=True)
def count_vehicles(vehicle: np.ndarray) -> int:
    """Count the vehicles in rows sorted by vehicle."""
    count = 0
    for i in range(len(vehicle)):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def sort_keys(keys: np.ndarray) -> None:
    """Sort a vehicle's keys in place."""
    if len(keys) > _SMALL:
        keys.sort()
        return
    for i in range(1, len(keys)):
        key = keys[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1] = keys[j]
            j -= 1
        keys[j + 1] = key


def draw_known_points(
    vehicle: np.ndarray,
    keys: np.ndarray,
    n_places: int,
    n_points: int,
    seed: int,
    chooser: Chooser = ANY,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find how many points each vehicle has, and draw those that the adversary knows.

    Of each vehicle, the distinct points with the smallest hashes of (seed, vehicle, point) are
    drawn, in the order of their hashes: a uniform draw without replacement, in uniform order, so
    that the first q are a uniform draw of q. A chooser may put its points into another order.

    Parameters
    ----------
    vehicle : numpy.ndarray of int32, shape (n,)
        Sorted.
    keys : numpy.ndarray of int64, shape (n,)
        Key of each sighting's point; a vehicle may repeat keys, in any order.
    n_places : int
        Number of places, to take keys apart.
    n_points, seed : int
        How many points are known; seed of the draw.
    chooser : Chooser
        Which points come first.

    Returns
    -------
    vehicles : numpy.ndarray of int32, shape (m,)
        The vehicles.
    n_distinct : numpy.ndarray of int64, shape (m,)
        Distinct points of each among which the adversary's are.
    known : numpy.ndarray of int64, shape (m, n_points)
        Keys of the drawn points, in the order of drawing; zero where a vehicle has no more.
    """
    return _draw_known_points(vehicle, keys, n_places, n_points, seed, *chooser)


@numba.njit(cache=True, nogil=True)
def _draw_known_points(
    vehicle: np.ndarray,
    keys: np.ndarray,
    n_places: int,
    n_points: int,
    seed: int,
    choice: int,
    per_day: int,
    home: np.ndarray,
    work: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_vehicles = count_vehicles(vehicle)
    vehicles = np.empty(n_vehicles, np.int32)
    n_distinct = np.zeros(n_vehicles, np.int64)
    known = np.zeros((n_vehicles, n_points), np.int64)
    hashes = np.empty(n_points, np.uint64)
    own = np.empty(64, np.int64)
    start = 0
    for row in range(n_vehicles):
        stop = start + 1
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            stop += 1
        vehicles[row] = vehicle[start]
        if stop - start > len(own):
            own = np.empty(2 * (stop - start), np.int64)
        segment = own[: stop - start]
        segment[:] = keys[start:stop]
        sort_keys(segment)
        distinct = 0
        for i in range(len(segment)):
            if i == 0 or segment[i] != segment[i - 1]:
                segment[distinct] = segment[i]
                distinct += 1
        if choice == 0:
            n_distinct[row] = distinct
            least = min(distinct, n_points)
            draw_smallest(
                segment[:distinct], vehicle[start], n_places, seed, hashes, known[row, :least]
            )
        else:
            n_distinct[row] = choose_points(
                segment[:distinct],
                vehicle[start],
                n_places,
                choice,
                per_day,
                home,
                work,
                seed,
                known[row],
            )
        start = stop
    return vehicles, n_distinct, known


@numba.njit(cache=True, nogil=True)
def draw_smallest(
    distinct: np.ndarray,
    vehicle: int,
    n_places: int,
    seed: int,
    hashes: np.ndarray,
    known: np.ndarray,
) -> None:
    """Draw ``len(known)`` of a vehicle's distinct keys into `known`, by the order of their hashes.

    `hashes` is room for as many hashes. Equal hashes keep the order of the keys.
    """
    state = vehicle_state(POINTS, seed, vehicle)
    held = 0
    for i in range(len(distinct)):
        key = distinct[i]
        found = point_hash(state, key % n_places, key // n_places)
        if held == len(known):
            if found >= hashes[held - 1]:
                continue
            held -= 1
        j = held
        while j > 0 and hashes[j - 1] > found:
            hashes[j] = hashes[j - 1]
            known[j] = known[j - 1]
            j -= 1
        hashes[j] = found
        known[j] = key
        held += 1
