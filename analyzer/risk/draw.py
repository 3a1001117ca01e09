"""Drawing by hash: which vehicles are targets, and which of a vehicle's points are known.

A draw must be the same on one machine or twenty, whatever the number of parts, so it uses no
stream of random numbers: every candidate gets a 64-bit hash of what it is and of the seed, and
the smallest hashes are drawn. Hashes behave like independent uniform numbers, so each subset of a
given size is drawn with the same probability, and the first q of p drawn points are themselves
such a draw.

References
----------
Steele, G. L., Lea, D., Flood, C. H. (2014). Fast splittable pseudorandom number generators. OOPSLA
2014, 453–472. doi:10.1145/2660193.2660195 (the mixing function, splitmix64).
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.errors import UsageError

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)

POINTS, TARGETS = np.uint64(0x706F696E74), np.uint64(0x746172676574)
LOOKS, PSEUDONYMS = np.uint64(0x6C6F6F6B73), np.uint64(0x70736575646F)
"""Purposes: a draw of points must tell nothing about that of targets, looks or pseudonyms."""


@numba.njit(cache=True, nogil=True)
def mix(bits: np.uint64) -> np.uint64:
    """Mix 64 bits so that every bit of the result depends on every bit of the input."""
    bits = np.uint64(bits) + _GOLDEN
    bits = (bits ^ (bits >> _30)) * _FIRST
    bits = (bits ^ (bits >> _27)) * _SECOND
    return bits ^ (bits >> _31)


@numba.njit(cache=True, nogil=True)
def vehicle_state(purpose: np.uint64, seed: int, vehicle: int) -> np.uint64:
    """Hash (purpose, seed, vehicle code); the state from which the vehicle's hashes come."""
    return mix(mix(np.uint64(purpose) ^ mix(np.uint64(seed))) ^ np.uint64(vehicle))


@numba.njit(cache=True, nogil=True)
def point_hash(state: np.uint64, place: int, time_bin: int) -> np.uint64:
    """Hash a point of the vehicle with this state."""
    return mix(mix(state ^ np.uint64(time_bin)) ^ np.uint64(place))


@numba.njit(cache=True, nogil=True)
def vehicle_hashes(purpose: np.uint64, seed: int, vehicles: np.ndarray) -> np.ndarray:
    """Hash vehicle codes, for drawing some of them.

    Returns
    -------
    numpy.ndarray of uint64, shape (n,)

    Examples
    --------
    >>> hashes = vehicle_hashes(TARGETS, 0, np.arange(3))
    >>> len(set(hashes.tolist()))
    3
    """
    hashes = np.empty(len(vehicles), np.uint64)
    for i in range(len(vehicles)):
        hashes[i] = vehicle_state(purpose, seed, vehicles[i])
    return hashes


def draw_vehicles(vehicles: np.ndarray, sample: int | None, seed: int) -> np.ndarray:
    """Draw vehicles uniformly without replacement; the draw depends on codes and seed alone.

    Parameters
    ----------
    vehicles : numpy.ndarray of int, shape (n,)
        Candidates, each once.
    sample : int or None
        How many to draw; None, or more than there are, takes all.
    seed : int
        Not negative.

    Returns
    -------
    numpy.ndarray of int64
        Positions of the drawn vehicles, ascending.

    Examples
    --------
    >>> draw_vehicles(np.array([7, 8, 9]), None, 0).tolist()
    [0, 1, 2]
    >>> len(draw_vehicles(np.array([7, 8, 9]), 2, 0))
    2
    """
    if sample is None or sample >= len(vehicles):
        return np.arange(len(vehicles))
    hashes = vehicle_hashes(TARGETS, seed, np.asarray(vehicles, np.int64))
    return np.sort(np.lexsort([vehicles, hashes])[:sample])


def check_draw(sample: int | None, seed: int) -> None:
    """Refuse a sample or a seed that is not a number of vehicles, or not a seed.

    Raises
    ------
    UsageError
        With what to write instead.

    Examples
    --------
    >>> check_draw(None, 0)
    """
    whole = (int, np.integer)
    if sample is not None and (
        isinstance(sample, bool) or not isinstance(sample, whole) or sample < 1
    ):
        raise UsageError(
            f"sample={sample!r}: write how many vehicles to draw, for example sample=10_000, "
            "or None for all"
        )
    if isinstance(seed, bool) or not isinstance(seed, whole) or not 0 <= seed < 2**63:
        raise UsageError(f"seed={seed!r}: write a whole number, zero or more")
