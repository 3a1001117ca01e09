"""Sets of vehicles as bits, 64 to a word."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic


@intrinsic
def popcount(typing_context: Any, word: Any) -> Any:
    """Count the bits that are set in a word, by the processor's own instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def lowest_bit(typing_context: Any, word: Any) -> Any:
    """Find the position of the lowest bit that is set in a word, which must not be zero."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.uint64(types.uint64), generate


@numba.njit(cache=True, nogil=True)
def count_bits(row: np.ndarray) -> int:
    """Count the bits of a row."""
    count = np.uint64(0)
    for word in range(len(row)):
        count += popcount(row[word])
    return np.int64(count)


@numba.njit(cache=True, nogil=True)
def count_common(one: np.ndarray, other: np.ndarray) -> int:
    """Count the bits that two rows share."""
    count = np.uint64(0)
    for word in range(len(one)):
        count += popcount(one[word] & other[word])
    return np.int64(count)
