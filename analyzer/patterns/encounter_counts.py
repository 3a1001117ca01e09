"""Counting encounters: how many there are in all before any is looked at, and those of pairs."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.schema import MISSING


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


@numba.njit(cache=True, nogil=True)
def encounters_of_pairs(
    pairs_a: np.ndarray,
    pairs_b: np.ndarray,
    starts_a: np.ndarray,
    times_a: np.ndarray,
    cameras_a: np.ndarray,
    directions_a: np.ndarray,
    starts_b: np.ndarray,
    times_b: np.ndarray,
    cameras_b: np.ndarray,
    directions_b: np.ndarray,
    within: int,
    n_cameras: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Count all encounters of pairs, inside joint journeys or not.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Where the pair's vehicles stand in `starts_a` and `starts_b`.
    starts_a, times_a, cameras_a, directions_a : numpy.ndarray
        Where each vehicle's rows begin; its sightings in order of time.
    starts_b, times_b, cameras_b, directions_b : numpy.ndarray
        The same of the second vehicles.
    within : int
        Longest time between the two sightings, in ms; inclusive.
    n_cameras : int
        Camera codes run from 0 to below this.

    Returns
    -------
    of_pair : numpy.ndarray of int64, shape (pairs,)
    at_camera : numpy.ndarray of int64, shape (n_cameras,)
        The same encounters by camera.
    """
    has_directions = len(directions_a) > 0 and len(directions_b) > 0
    counts = np.zeros(len(pairs_a), np.int64)
    at_camera = np.zeros(n_cameras, np.int64)
    for pair in range(len(pairs_a)):
        low, stop = starts_b[pairs_b[pair]], starts_b[pairs_b[pair] + 1]
        for row in range(starts_a[pairs_a[pair]], starts_a[pairs_a[pair] + 1]):
            while low < stop and times_b[low] < times_a[row] - within:
                low += 1
            other = low
            while other < stop and times_b[other] <= times_a[row] + within:
                if cameras_a[row] == cameras_b[other] and (
                    not has_directions
                    or directions_a[row] == directions_b[other]
                    or directions_a[row] == MISSING
                    or directions_b[other] == MISSING
                ):
                    counts[pair] += 1
                    at_camera[cameras_a[row]] += 1
                other += 1
    return counts, at_camera
