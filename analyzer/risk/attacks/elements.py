"""Elements: what an adversary may know of a vehicle (a place, or a place at a time), counted.

An element is one integer that means the same in every part of the data: the number of a place, or
``time × number of places + place``. By default a place is a camera and times are bins of local time
(see `analyzer.risk.points`); in the compatibility mode a place is an exact position, times are
scikit-mobility's, and repeat frames that the reader merged are visits of their own again.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.attacks.precision import most_time_code, time_codes
from analyzer.risk.points import count_vehicles, keys_of, local_times, resolution_of, sort_keys
from analyzer.schema import CORE, FRAMES, Rows
from analyzer.sightings import Sightings


def exact_places(sightings: Sightings) -> np.ndarray:
    """Number the exact position of each camera; cameras at one position are one place.

    Returns
    -------
    numpy.ndarray of int64, shape (number of cameras,)
        A camera without a position is a place of its own.
    """
    table = sightings.camera_table
    lat, lon = (table[name].to_numpy(float) for name in ("lat", "lon"))
    apart = np.where(np.isnan(lat) | np.isnan(lon), np.arange(len(table)), -1)
    # A minus zero is the same place as zero.
    positions = np.column_stack([np.nan_to_num(lat) + 0.0, np.nan_to_num(lon) + 0.0, apart])
    return np.unique(positions, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def what_is_known(
    sightings: Sightings, *, time: str | None, precision: str | None, compatible: bool
) -> dict[str, object]:
    """Gather what a part needs to count the elements of its vehicles, ready to be broadcast.

    Parameters
    ----------
    sightings : Sightings
        Whose cameras and clock.
    time : str or None
        Length of the time bins that belong to an element; None for places alone.
    precision : str or None
        Precision of scikit-mobility that belongs to an element, in the compatibility mode.
    compatible : bool
        Whether places are exact positions.
    """
    adversary = Adversary(points=1, time=time or "1h", space="camera")
    known = resolution_of(sightings, adversary)
    if compatible:
        known["places"] = exact_places(sightings)
        known["n_places"] = int(known["places"].max(initial=0)) + 1
        if precision and known["n_places"] * most_time_code(precision) >= 2**62:
            raise UsageError(
                f"time={precision!r}: there are too many places to tell them apart so finely; "
                "write time='Day'"
            )
    return {**known, "timed": time is not None or precision is not None, "precision": precision}


def columns_of(sightings: Sightings, *, timed: bool, compatible: bool) -> tuple[str, ...]:
    """Name the columns that the elements are counted from."""
    columns = CORE if timed else ("vehicle", "camera")
    return (*columns, FRAMES) if compatible and FRAMES in sightings.columns else columns


def count_elements_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count how often each vehicle of a part has each element (vehicle, element, visits).

    Rows of a vehicle stand together; the elements of a vehicle are in no particular order.
    """
    vehicle, element = _elements_of(rows, broadcast)
    if broadcast["timed"]:
        vehicles, elements, visits = _count_sorted(vehicle, element)
    else:
        vehicles, elements, visits = _count_places(vehicle, element, broadcast["n_places"])
    return {"vehicle": vehicles, "element": elements, "visits": visits}


def list_visits_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """List the places that each vehicle of a part visited, in the order of time."""
    vehicle, element = _elements_of(rows, broadcast)
    return {"vehicle": vehicle, "element": element.astype(np.int32)}


def _elements_of(rows: Rows, broadcast: Broadcast) -> tuple[np.ndarray, np.ndarray]:
    vehicle = rows["vehicle"]
    places = broadcast["places"][rows["camera"]]
    if not broadcast["timed"]:
        element = places
    elif broadcast["precision"]:
        codes = time_codes(local_times(rows, broadcast), broadcast["precision"])
        element = codes * broadcast["n_places"] + places
    else:
        element = keys_of(rows, local_times(rows, broadcast), broadcast)
    if FRAMES in rows:
        frames = rows[FRAMES]
        vehicle, element = np.repeat(vehicle, frames), np.repeat(element, frames)
    return vehicle, element


@numba.njit(cache=True, nogil=True)
def _count_places(
    vehicle: np.ndarray, place: np.ndarray, n_places: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vehicles = np.empty(len(place), np.int32)
    elements = np.empty(len(place), np.int64)
    visits = np.empty(len(place), np.int32)
    row_of = np.full(n_places, -1, np.int64)
    first = count = 0
    for i in range(len(place)):
        if i > 0 and vehicle[i] != vehicle[i - 1]:
            first = count
        row = row_of[place[i]]
        # A row before `first` belongs to an earlier vehicle.
        if row < first:
            row = row_of[place[i]] = count
            vehicles[count], elements[count], visits[count] = vehicle[i], place[i], 0
            count += 1
        visits[row] += 1
    return vehicles[:count].copy(), elements[:count].copy(), visits[:count].copy()


@numba.njit(cache=True, nogil=True)
def _count_sorted(
    vehicle: np.ndarray, element: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vehicles = np.empty(len(element), np.int32)
    elements = np.empty(len(element), np.int64)
    visits = np.empty(len(element), np.int32)
    count = start = 0
    while start < len(element):
        stop = start
        while stop < len(element) and vehicle[stop] == vehicle[start]:
            stop += 1
        own = element[start:stop].copy()
        sort_keys(own)
        for i in range(len(own)):
            if i == 0 or own[i] != own[i - 1]:
                vehicles[count], elements[count], visits[count] = vehicle[start], own[i], 0
                count += 1
            visits[count - 1] += 1
        start = stop
    return vehicles[:count].copy(), elements[:count].copy(), visits[:count].copy()


def starts_of(vehicle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find where the rows of each vehicle begin, in rows that stand together by vehicle.

    Returns
    -------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes in the order of the rows.
    starts : numpy.ndarray of int64, shape (v + 1,)

    Examples
    --------
    >>> [found.tolist() for found in starts_of(np.array([7, 7, 3], np.int32))]
    [[7, 3], [0, 2, 3]]
    """
    return _starts_of(vehicle)


@numba.njit(cache=True, nogil=True)
def _starts_of(vehicle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = count_vehicles(vehicle)
    vehicles, starts = np.empty(n, np.int32), np.empty(n + 1, np.int64)
    rank = 0
    for i in range(len(vehicle)):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            vehicles[rank], starts[rank] = vehicle[i], i
            rank += 1
    starts[n] = len(vehicle)
    return vehicles, starts
