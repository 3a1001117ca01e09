"""Memory that was freed, and is held for later by what allocates: given back to the system.

A step of work frees hundreds of megabytes, of which the C library keeps most, between arrays that
live on. The next step would begin with them, and a process would take far more than it holds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache

import pyarrow as pa

from analyzer.engine.base import Part, bytes_of

WORTH_BYTES = 8_000_000
"""Work on parts of fewer bytes frees little, and is done before the system has taken it back."""


def give_back_after(parts: Sequence[Part]) -> None:
    """Give back what work on these parts has freed, if it is much."""
    if sum(map(bytes_of, parts)) >= WORTH_BYTES:
        give_back()


def give_back() -> None:
    """Give back what was freed: takes milliseconds."""
    pa.default_memory_pool().release_unused()
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """Find the function for it, which glibc has (Linux); others give back by themselves, or not."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
