"""Ahead: how far it is from a camera to the next one, in each direction.

Who passes a camera and then no other either stopped before the next one ahead or went where no
camera watches. At the edge of what is watched there is no next one, and the vehicle may have gone
on for long: that, and not how densely cameras stand, bounds what is known there.
"""

from __future__ import annotations

import math

import numba
import numpy as np

SECTORS = 16
"""Directions that are told apart."""

CONE_SECTORS = 2.0
"""A site is ahead if its direction is no farther off than so many sectors: 45 degrees."""

EDGE_M = 15_000.0
"""Where the next site on is no nearer than this, the way on is not watched."""

AHEAD_M = 60_000.0
"""Where no site is ahead, or none nearer than this, nothing bounds the way any more."""


@numba.njit(cache=True, nogil=True)
def nearest_ahead(x: np.ndarray, y: np.ndarray, least_m: float) -> np.ndarray:
    """Measure the distance to the nearest other site in each direction.

    Parameters
    ----------
    x, y : numpy.ndarray of float64, shape (sites,)
        Metres on a plane.
    least_m : float
        A nearer site counts as this far.

    Returns
    -------
    numpy.ndarray of float64, shape (sites, SECTORS)
        Metres, at most `AHEAD_M`; sector 0 is east, the others follow anticlockwise.

    Examples
    --------
    >>> nearest_ahead(np.array([0.0, 900.0]), np.zeros(2), 500.0)[0, [0, 2, 3, 8]].tolist()
    [900.0, 900.0, 60000.0, 60000.0]
    """
    n = len(x)
    ahead = np.full((n, SECTORS), AHEAD_M)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            distance = max(math.hypot(x[j] - x[i], y[j] - y[i]), least_m)
            direction = math.atan2(y[j] - y[i], x[j] - x[i]) * (SECTORS / (2 * math.pi))
            first = math.ceil(direction - CONE_SECTORS - 1e-9)
            last = math.floor(direction + CONE_SECTORS + 1e-9)
            for sector in range(first, last + 1):
                at = sector % SECTORS
                ahead[i, at] = min(ahead[i, at], distance)
    return ahead


def sector_of(dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Give the sector of each direction.

    Examples
    --------
    >>> sector_of(np.array([1.0, 0.0, -1.0, 1.0]), np.array([0.0, 1.0, 0.0, -0.1])).tolist()
    [0, 4, 8, 0]
    """
    turn = np.arctan2(dy, dx) * (SECTORS / (2 * np.pi))
    return np.rint(turn).astype(np.int64) % SECTORS
