"""Bits: sets of up to 64 members in one word, counted and gone through."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def trailing_zeros(word: np.uint64) -> int:
    """Give the place of the lowest bit that is set, of a word that is not zero."""
    zeros = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)) == 0:
            word >>= np.uint64(width)
            zeros += width
    return zeros


@numba.njit(cache=True, nogil=True)
def ones(word: np.uint64) -> int:
    """Count the bits of a word that are set, neighbours first."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
