"""An open-addressed table of whole numbers, for kernels that count what they meet."""

from __future__ import annotations

import numba
import numpy as np

_FIBONACCI = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(33)


@numba.njit(cache=True, nogil=True)
def table_room(entries: int) -> int:
    """Give the power of two, at least 16, that the entries fill to one half at most.

    Examples
    --------
    >>> table_room(3), table_room(100)
    (16, 256)
    """
    room = 16
    while room < 2 * entries:
        room *= 2
    return room


@numba.njit(cache=True, nogil=True)
def find_key(table: np.ndarray, key: int) -> int:
    """Find where a key stands in a table.

    Parameters
    ----------
    table : numpy.ndarray of int64
        Keys; a power of two long, never full, -1 where it is empty.
    key : int
        Zero or more.

    Returns
    -------
    int
        Position of the key, or of the empty place where it belongs.

    Examples
    --------
    >>> table = np.full(16, -1)
    >>> at = find_key(table, 70)
    >>> table[at] = 70
    >>> find_key(table, 70) == at, table[find_key(table, 71)]
    (True, np.int64(-1))
    """
    mask = len(table) - 1
    at = np.int64((np.uint64(key) * _FIBONACCI) >> _SHIFT) & mask
    while table[at] >= 0 and table[at] != key:
        at = (at + 1) & mask
    return at
