"""Held: sightings whose rows stay in memory after they were read once.

Policies and windows are views of one collection, looked at dozens of times: reading the store each
time would cost more than what is done with the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Part, bytes_of, is_sealed
from analyzer.schema import CORE, DTYPES, Rows, take
from analyzer.sightings import Sightings

SHARE = 4
"""Rows are held if they take no more than one part in so many of the memory that is allowed."""


class HeldPart:
    """A part that keeps its rows once it was loaded; only how to load them travels."""

    def __init__(self, base: Part):
        self._base = base
        self._rows: Rows | None = None

    @property
    def sealed(self) -> bool:
        """Whether the rows come from an encrypted store."""
        return is_sealed(self._base)

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory."""
        return bytes_of(self._base)

    def load(self) -> Rows:
        """Read the rows, or give those that were read."""
        if self._rows is None:
            self._rows = self._base.load()
        return self._rows

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_rows": None}


class SpanPart:
    """The rows of a held part that lie in a span of time, and some of its columns."""

    def __init__(self, held: HeldPart, columns: tuple[str, ...], span: tuple[int, int] | None):
        self._held = held
        self._columns = columns
        self._span = span

    @property
    def sealed(self) -> bool:
        """Whether the rows come from an encrypted store."""
        return is_sealed(self._held)

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory, before they are cut to the span."""
        return bytes_of(self._held)

    def load(self) -> Rows:
        """Give the rows, sorted as those of the held part."""
        rows = self._held.load()
        wanted = {name: rows[name] for name in self._columns}
        if self._span is None:
            return wanted
        keep = rows["seen_at"] >= self._span[0]
        keep &= rows["seen_at"] < self._span[1]
        return wanted if keep.all() else take(wanted, np.flatnonzero(keep))


@dataclass(frozen=True, repr=False)
class Held(Sightings):
    """Sightings whose rows stay in memory; made by `hold`."""

    _held: dict[tuple, list[HeldPart]] = field(default_factory=dict, repr=False, compare=False)

    def parts(self, *columns: str) -> list[Part]:
        """Give the partitions, each sorted by (vehicle, seen_at, camera), with these columns."""
        columns = columns or CORE
        wanted = (*CORE, *(name for name in columns if name not in CORE))
        key = (self._n_parts, self._vehicle, wanted)
        if key not in self._held:
            whole = Sightings(self.store, None, self._n_parts, self._vehicle)
            self._held[key] = [HeldPart(part) for part in whole.parts(*wanted)]
        return [SpanPart(part, columns, self._view) for part in self._held[key]]


def hold(sightings: Sightings, engine: Engine) -> Sightings:
    """Give the same sightings, held in memory if they take little of what is allowed.

    Parameters
    ----------
    sightings : Sightings
        Any; what a policy left is not held itself, but what it is made from may be.
    engine : Engine
        Its memory is the bound; rows are held where parts share it, in this process.

    Returns
    -------
    Sightings

    Examples
    --------
    >>> from analyzer.engine import get_engine
    >>> from analyzer.array_sightings import from_arrays
    >>> len(hold(from_arrays([0, 1], [0, 0], [0, 0]), get_engine()))
    2
    """
    row = sum(np.dtype(DTYPES[name]).itemsize for name in CORE)
    rows = sightings.store.manifest["rows"]
    memory = engine.resources.shared_memory
    if type(sightings) is not Sightings or memory is None:
        return sightings
    if rows * row > memory // SHARE:
        return sightings
    return Held(*(getattr(sightings, each.name) for each in fields(Sightings)))
