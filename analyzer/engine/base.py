"""Parts and engines: what a partition of rows is, and what an engine must be able to do."""

from __future__ import annotations

import math
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from analyzer.schema import Rows, concatenate, n_rows, take

Broadcast: TypeAlias = Mapping[str, Any]
PartFunction: TypeAlias = Callable[[Rows, Broadcast], Rows]

KEPT_ROWS = 250_000
"""A derived part with at most this many rows is kept after it was made once."""

KEPT_BYTES = 100_000_000
"""Derived parts that are kept take at most so much, however many and small the parts are."""

KEPT_SHARE = 8
"""And no more than one part in so many of the memory of the engine that works on them."""

_kept_bytes = 0
_keeping = threading.Lock()
_room: ContextVar[int] = ContextVar("room for derived parts that are kept", default=sys.maxsize)


@contextmanager
def keeping_within(memory: int) -> Iterator[None]:
    """Keep derived parts that are made here only where a share of some memory has room."""
    token = _room.set(memory // KEPT_SHARE)
    try:
        yield
    finally:
        _room.reset(token)


def _keep(size: int) -> bool:
    """Take room for rows that are kept (or give it back), if there is."""
    global _kept_bytes
    with _keeping:
        if size > 0 and _kept_bytes + size > min(KEPT_BYTES, _room.get()):
            return False
        _kept_bytes += size
        return True


class Part(Protocol):
    """A partition of rows that can be loaded wherever it is sent (it must pickle)."""

    def load(self) -> Rows:
        """Give the rows."""
        ...


def is_sealed(part: Part) -> bool:
    """Say whether a part's rows come from an encrypted store, so no plain copy may be spilled."""
    return bool(getattr(part, "sealed", False))


def bytes_of(part: Part) -> int:
    """Tell what a part's rows take in memory once they are loaded; 0 where that is not known."""
    return int(getattr(part, "bytes_held", 0))


def root_of(part: Part) -> Part:
    """Give the part from which a part is made in the end.

    Examples
    --------
    >>> rows = RowsPart({"a": np.array([1])})
    >>> root_of(DerivedPart(DerivedPart(rows, dict), dict)) is rows
    True
    """
    while (base := getattr(part, "base", None)) is not None:
        part = base
    return part


class RowsPart:
    """A part whose rows are in memory."""

    def __init__(self, rows: Rows, *, sealed: bool = False):
        self._rows = rows
        self.sealed = sealed

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory."""
        return sum(column.nbytes for column in self._rows.values())

    def load(self) -> Rows:
        """Give the rows."""
        return self._rows


class DerivedPart:
    """A part made from another by a function, when it is asked for.

    Results that are parts of parts (sightings → trips → places) so hold no memory; small ones are
    kept (up to `keep` rows, and `KEPT_BYTES` in all), because they are asked for again and again.
    """

    def __init__(
        self,
        base: Part,
        function: PartFunction,
        broadcast: Broadcast | None = None,
        *,
        keep: int = KEPT_ROWS,
    ):
        self._base = base
        self._function = function
        self._broadcast = broadcast or {}
        self._keep = keep
        self._kept: Rows | None = None

    @property
    def base(self) -> Part:
        """The part from which this one is made."""
        return self._base

    @property
    def sealed(self) -> bool:
        """Whether the rows come from an encrypted store."""
        return is_sealed(self._base)

    @property
    def bytes_held(self) -> int:
        """What the rows from which it is made take in memory."""
        return bytes_of(self._base)

    def load(self) -> Rows:
        """Make the rows, or give the kept ones."""
        if self._kept is not None:
            return self._kept
        rows = self._function(self._base.load(), self._broadcast)
        size = sum(column.nbytes for column in rows.values())
        if n_rows(rows) <= self._keep and self._kept is None and _keep(size):
            self._kept = rows
            weakref.finalize(self, _keep, -size)
        return rows

    def __getstate__(self) -> dict[str, Any]:
        # What was made here can be made there: only the recipe travels.
        return {**self.__dict__, "_kept": None}


@dataclass(frozen=True)
class Resources:
    """What an engine has to work with: all that those who divide work may ask of it.

    Attributes
    ----------
    memory : int
        Bytes that may be held where the results of parts come together.
    at_once : int or None
        How many parts are worked on at once in that same memory; None where they are worked on
        elsewhere, as each worker has a memory of its own.
    """

    memory: int
    at_once: int | None

    @property
    def shared_memory(self) -> int | None:
        """Bytes that the parts share which are worked on at once; None where they share none."""
        return None if self.at_once is None else self.memory


@runtime_checkable
class Engine(Protocol):
    """Where partitions run. No engine may change a digit of a result.

    Attributes
    ----------
    on_part : callable or None
        Is told how many parts are done, and of how many, now and then.
    """

    on_part: Callable[[int, int], None] | None

    @property
    def resources(self) -> Resources:
        """What the engine has to work with; no figure may follow from it."""
        ...

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        """Apply a module-level function to each part; results stand in the order of the parts."""
        ...

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Broadcast | None = None,
    ) -> list[Part]:
        """Map, then bring rows with equal `key` into one part, sorted by all columns."""
        ...

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        """Bring rows together, sorted by `key` (stable)."""
        ...


def reduce_rows(frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
    """Concatenate rows and sort them by the key columns.

    Examples
    --------
    >>> reduce_rows([{"a": np.array([2])}, {"a": np.array([1])}], key=["a"])["a"].tolist()
    [1, 2]
    """
    # An empty part may lack the right types: it has nothing to say.
    frames = [rows for rows in frames if n_rows(rows)] or list(frames[:1])
    if not key or not frames or not n_rows(frames[0]) or set(key) == set(frames[0]):
        rows = concatenate(frames)
        return sort_rows(rows, key) if key and n_rows(rows) else rows
    # Column by column: what is not sorted yet is never held whole beside what is.
    order = np.lexsort([
        np.concatenate([rows[name] for rows in frames]) for name in reversed(key)
    ])
    return {
        name: np.concatenate([rows[name] for rows in frames])[order] for name in frames[0]
    }


def sort_rows(rows: Rows, columns: Sequence[str]) -> Rows:
    """Sort rows by columns, the first the most significant; equal rows keep their order."""
    packed = _pack(rows, columns) if set(columns) == set(rows) else None
    if packed is not None:
        # Rows that are equal in all columns cannot be told apart: sorting numbers does, and that
        # is several times faster than sorting places.
        packed.sort()
        return _unpack(packed, rows, columns)
    return take(rows, np.lexsort([rows[name] for name in reversed(columns)]))


def _ranges(rows: Rows, columns: Sequence[str]) -> list[tuple[str, int, int]]:
    """Give each column's least value and how many values there are from it to the greatest."""
    found = []
    for name in columns:
        low = int(rows[name].min())
        found.append((name, low, int(rows[name].max()) - low + 1))
    return found


def _pack(rows: Rows, columns: Sequence[str]) -> np.ndarray | None:
    """Write each row as one number, ordered as the rows are; None where it would not fit."""
    if not n_rows(rows) or any(rows[name].dtype.kind != "i" for name in columns):
        return None
    ranges = _ranges(rows, columns)
    if math.prod(size for _, _, size in ranges) >= 2**63:
        return None
    packed = np.zeros(n_rows(rows), np.int64)
    for name, low, size in ranges:
        packed *= size
        packed += rows[name]
        packed -= low
    return packed


def _unpack(packed: np.ndarray, rows: Rows, columns: Sequence[str]) -> Rows:
    """Read the rows from their numbers; `rows` are those that were packed, in any order."""
    found = {}
    for name, low, size in reversed(_ranges(rows, columns)):
        packed, rest = np.divmod(packed, size)
        found[name] = (rest + low).astype(rows[name].dtype)
    return {name: found[name] for name in rows}


def bucket_of(keys: np.ndarray, buckets: int) -> np.ndarray:
    """Spread integer keys evenly over buckets by an explicit mixing of their bits (splitmix64).

    Examples
    --------
    >>> bool((bucket_of(np.arange(100), 7) < 7).all())
    True
    """
    bits = keys.astype(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((bits ^ (bits >> np.uint64(31))) % np.uint64(buckets)).astype(np.int64)


def split_rows(rows: Rows, bucket: np.ndarray, buckets: int) -> list[Rows]:
    """Split rows by bucket number, each in its old order."""
    # Numbers of 16 bits are sorted by counting, in a tenth of the time.
    narrow = bucket.astype(np.uint16) if buckets <= 1 << 16 else bucket
    rows = take(rows, np.argsort(narrow, kind="stable"))
    borders = np.concatenate([[0], np.cumsum(np.bincount(bucket, minlength=buckets))])
    return [
        {name: column[start:stop] for name, column in rows.items()}
        for start, stop in pairwise(borders.tolist())
    ]
