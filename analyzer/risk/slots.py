"""Slots: numbers for the keys that matter, so that what nobody asks about costs nothing.

Of all points in the data only those matter that an adversary knows of somebody. They are numbered
by the order of their keys, and a table of buckets finds a key's number in a few steps, whether
keys lie dense (hours and cameras) or far apart (minutes, years, thousands of cells).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

_TABLE = 1 << 20
"""A table of so many buckets stays in the processor's cache."""


class Slots(NamedTuple):
    """Numbers of the keys that matter, with a table that finds them.

    Attributes
    ----------
    keys : numpy.ndarray of int64, shape (n,)
        Ascending; the slot of a key is its position.
    first : int
        Smallest key.
    shift : int
        Keys that agree but for their last `shift` bits share a bucket.
    buckets : numpy.ndarray of int32
        Where each bucket begins in `keys`, and the end.
    """

    keys: np.ndarray
    first: int
    shift: int
    buckets: np.ndarray


def make_slots(keys: np.ndarray) -> Slots:
    """Number distinct keys.

    Parameters
    ----------
    keys : numpy.ndarray of int64
        Any order, any repeats.

    Examples
    --------
    >>> find_slots(np.array([30, 10, 20]), make_slots(np.array([30, 10, 30]))).tolist()
    [1, 0, -1]
    """
    # To sort takes a small part of the time that numpy's own search for distinct values does.
    keys = np.sort(keys, axis=None)
    keys = keys[np.r_[True, keys[1:] != keys[:-1]]] if len(keys) else keys
    if not len(keys):
        return Slots(keys, 0, 0, np.zeros(2, np.int32))
    span = int(keys[-1]) - int(keys[0])
    shift = 0
    while (span >> shift) >= max(_TABLE, 4 * len(keys)):
        shift += 1
    starts = np.arange((span >> shift) + 2, dtype=np.int64)
    buckets = np.searchsorted((keys - keys[0]) >> shift, starts).astype(np.int32)
    return Slots(keys, int(keys[0]), shift, buckets)


def find_slots(keys: np.ndarray, slots: Slots) -> np.ndarray:
    """Find the slots of keys; -1 where nobody knows the key.

    Returns
    -------
    numpy.ndarray of int32, shape of `keys`
    """
    found = _find_slots(np.ascontiguousarray(keys).reshape(-1), *slots)
    return found.reshape(np.shape(keys))


@numba.njit(cache=True, nogil=True)
def _find_slots(
    wanted: np.ndarray, keys: np.ndarray, first: int, shift: int, buckets: np.ndarray
) -> np.ndarray:
    found = np.full(len(wanted), -1, np.int32)
    n_buckets = len(buckets) - 1
    for i in range(len(wanted)):
        key = wanted[i]
        if key < first:
            continue
        bucket = (key - first) >> shift
        if bucket >= n_buckets:
            continue
        low, high = buckets[bucket], buckets[bucket + 1]
        while low < high:
            middle = (low + high) >> 1
            if keys[middle] < key:
                low = middle + 1
            else:
                high = middle
        if low < len(keys) and keys[low] == key:
            found[i] = low
    return found
