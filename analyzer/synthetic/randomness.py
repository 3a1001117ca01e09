"""Counter-based randomness: every draw is a hash of what it is for, never of what was drawn before.

A draw is named by (seed, entity, day, purpose, counter) and mixed into 64 bits by the finaliser of
splitmix64. So any vehicle's any day can be made alone, in any order and in blocks of any size, and
the bytes are the same.

Signatures are written out, because numba would otherwise compile a draw anew for every constant
that it is called with.
"""

from __future__ import annotations

import numba
import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ENTITY = np.uint64(0xD1B54A32D192ED03)
_DAY = np.uint64(0x8CB92BA72F3D8DD7)
_PURPOSE = np.uint64(0xABC98388FB8FAC03)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_MASK16 = np.uint64(0xFFFF)


@numba.njit("uint64(uint64)", cache=True, nogil=True)
def mix(bits: np.uint64) -> np.uint64:
    """Scramble 64 bits (the finaliser of splitmix64).

    References
    ----------
    Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators,
    https://doi.org/10.1145/2660193.2660195
    """
    bits = (bits ^ (bits >> _S30)) * _FIRST
    bits = (bits ^ (bits >> _S27)) * _SECOND
    return bits ^ (bits >> _S31)


@numba.njit("uint64(int64, int64, int64, int64)", cache=True, nogil=True)
def stream(seed: int, entity: int, day: int, purpose: int) -> np.uint64:
    """Give the key of the draws that one entity needs on one day for one purpose.

    Examples
    --------
    >>> stream(1, 2, 3, 4) == stream(1, 2, 3, 4), stream(1, 2, 3, 4) == stream(1, 2, 4, 3)
    (True, False)
    """
    key = mix(np.uint64(seed) + _GOLDEN)
    key = mix(key ^ (np.uint64(entity) * _ENTITY + _GOLDEN))
    key = mix(key + np.uint64(day) * _DAY)
    return mix(key ^ (np.uint64(purpose) * _PURPOSE))


@numba.njit("uint64(uint64, int64)", cache=True, nogil=True)
def bits(key: np.uint64, counter: int) -> np.uint64:
    """Draw 64 bits: number `counter` of a stream."""
    return mix(key + np.uint64(counter + 1) * _GOLDEN)


@numba.njit("float64(uint64)", cache=True, nogil=True)
def share(word: np.uint64) -> float:
    """Turn 64 bits into a number from 0 to below 1."""
    return float(word >> _S11) * (1.0 / 9007199254740992.0)


@numba.njit("float64(uint64, int64)", cache=True, nogil=True)
def uniform(key: np.uint64, counter: int) -> float:
    """Draw a number from 0 to below 1: number `counter` of a stream."""
    return share(mix(key + np.uint64(counter + 1) * _GOLDEN))


@numba.njit("float64(uint64, int64)", cache=True, nogil=True)
def bell(key: np.uint64, counter: int) -> float:
    """Draw a number with mean 0 and variance 1, bell-shaped and within ±3.5.

    The sum of four uniforms of 16 bits: no transcendental function, so that it is the same on every
    machine, and no far outliers.
    """
    word = mix(key + np.uint64(counter + 1) * _GOLDEN)
    total = (
        float(word & _MASK16)
        + float((word >> np.uint64(16)) & _MASK16)
        + float((word >> np.uint64(32)) & _MASK16)
        + float(word >> np.uint64(48))
    )
    return (total / 65536.0 - 2.0 + 2.0 / 65536.0) * 1.7320508075688772


@numba.njit(cache=True, nogil=True)
def pick(cumulative: np.ndarray, draw: float) -> int:
    """Choose an index by a draw from 0 to 1 and cumulative weights (the last is their sum)."""
    wanted = draw * cumulative[-1]
    low, high = 0, len(cumulative) - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > wanted:
            high = middle
        else:
            low = middle + 1
    return low


@numba.njit("float64[::1](int64, int64, int64)", cache=True, nogil=True)
def uniforms(seed: int, count: int, purpose: int) -> np.ndarray:
    """Draw one number from 0 to below 1 for each of `count` entities.

    Examples
    --------
    >>> first, second = uniforms(1, 2, 3), uniforms(1, 1, 3)
    >>> bool(first[0] == second[0]), bool(first[0] == first[1])
    (True, False)
    """
    draws = np.empty(count)
    for entity in range(count):
        draws[entity] = uniform(stream(seed, entity, 0, purpose), 0)
    return draws
