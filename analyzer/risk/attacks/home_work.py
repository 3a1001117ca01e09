"""The attack by home and work: the two places where a vehicle is seen most are known."""

from __future__ import annotations

import numpy as np


def fewest_matches(
    vehicle: np.ndarray,
    place: np.ndarray,
    visits: np.ndarray,
    order: np.ndarray,
    *,
    least_visited: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Count who has a vehicle's two most visited places as two most visited places.

    A vehicle seen at one place only is known by that place, and matches whoever has it among the
    two.

    Parameters
    ----------
    vehicle, place, visits : numpy.ndarray, shape (e,)
        Each pair of vehicle and place once.
    order : numpy.ndarray of int64, shape (number of places,)
        Of two places with equal counts, the one with the smaller number here comes first.
    least_visited : bool
        Take the two least visited places instead, as scikit-mobility does.

    Returns
    -------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes, ascending.
    matches : numpy.ndarray of int64, shape (v,)

    Examples
    --------
    >>> vehicle, place = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 1, 0, 2])
    >>> fewest_matches(vehicle, place, np.array([9, 5, 1, 3, 3, 1]), np.arange(3))[1].tolist()
    [2, 2, 1]
    """
    rank = visits if least_visited else -visits.astype(np.int64)
    sorting = np.lexsort([order[place], rank, vehicle])
    vehicle, place = vehicle[sorting], place[sorting]
    vehicles, first = np.unique(vehicle, return_index=True)
    several = np.diff(np.append(first, len(vehicle))) > 1
    one = place[first]
    two = np.where(several, place[np.minimum(first + 1, len(place) - 1)], one)
    pair = np.minimum(one, two).astype(np.int64) * len(order) + np.maximum(one, two)
    _, which, count = np.unique(pair, return_inverse=True, return_counts=True)
    having = np.bincount(one, minlength=len(order))
    having += np.bincount(two[several], minlength=len(order))
    return vehicles, np.where(several, count[which], having[one])
