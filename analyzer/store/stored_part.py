"""Rows of a store as they are asked for: which files, columns, time, vehicles; `load` reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.engine.base import sort_rows
from analyzer.engine.sealing import Seal
from analyzer.errors import StoreError
from analyzer.schema import CORE, DTYPES, Rows, concatenate, n_rows, take
from analyzer.store.part_files import GroupsOfPart, read_rows, read_rows_apart, vehicle_groups


@dataclass(frozen=True)
class StoredPart:
    """Rows of a store, as a view: which files, which columns, which time, which vehicles.

    Attributes
    ----------
    paths : tuple of Path
        Part files.
    columns : tuple of str
        Columns to load.
    span : (int, int) or None
        Only sightings with ``first <= seen_at < last`` (ms, UTC).
    split : (int, int) or None
        ``(n, k)``: only vehicles whose code leaves `k` when divided by `n`.
    vehicle : int or None
        Only this vehicle; no more is read of a file than the groups of rows that may hold it.
    rows : int
        About how many rows it has, before it is cut to the time: those of the files, as the
        manifest counts them, or the share of them that a split takes.
    """

    paths: tuple[Path, ...]
    columns: tuple[str, ...] = CORE
    span: tuple[int, int] | None = None
    split: tuple[int, int] | None = None
    owner: object = field(default=None, repr=False, compare=False)
    """Kept alive as long as the part (a temporary folder, say); stays behind when it travels."""
    seal: Seal | None = field(default=None, repr=False, compare=False)
    vehicle: int | None = None
    rows: int = field(default=0, compare=False)

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory, with the columns that are read."""
        names = set(self.columns + self._needed())
        return 0 if self.vehicle is not None else self.rows * sum(
            DTYPES[name].itemsize for name in names
        )

    @property
    def sealed(self) -> bool:
        """Whether what is made from this part must not lie on a disk unencrypted."""
        return self.seal is not None

    def __getstate__(self) -> dict[str, Any]:
        if self.seal is not None:
            raise StoreError(
                "the store is encrypted, and its key stays in this process: an engine that sends "
                "parts to other processes cannot read it; use engine='local'"
            )
        return {**self.__dict__, "owner": None}

    def load(self) -> Rows:
        """Read the rows, sorted by (vehicle, seen_at, camera)."""
        wanted = list(dict.fromkeys(self.columns + self._needed()))
        frames = [self._kept(rows) for path in self.paths for rows in self._read(path, wanted)]
        rows = frames[0] if len(frames) == 1 else concatenate(frames)
        if len(self.paths) > 1:
            rows = sort_rows(rows, CORE)
        return {name: rows[name] for name in self.columns}

    def _read(self, path: Path, wanted: list[str]) -> Iterator[Rows]:
        if self.split is None:
            yield read_rows(path, wanted, self.seal, self._groups(path))
        else:
            # Where little is taken of much, what is left out is never held as a whole.
            yield from read_rows_apart(path, wanted, self.seal)

    def _kept(self, rows: Rows) -> Rows:
        keep = np.ones(n_rows(rows), bool)
        if self.vehicle is not None:
            keep &= rows["vehicle"] == self.vehicle
        if self.span is not None:
            keep &= (rows["seen_at"] >= self.span[0]) & (rows["seen_at"] < self.span[1])
        if self.split is not None:
            keep &= rows["vehicle"] % self.split[0] == self.split[1]
        return rows if keep.all() else take(rows, keep)

    def _groups(self, path: Path) -> GroupsOfPart | None:
        if self.vehicle is None:
            return None
        return vehicle_groups(path, self.seal).holding(np.array([self.vehicle]))

    def _needed(self) -> tuple[str, ...]:
        """Columns that the view itself must see."""
        if len(self.paths) > 1:
            return CORE
        by_vehicle = self.split is not None or self.vehicle is not None
        return (("seen_at",) if self.span else ()) + (("vehicle",) if by_vehicle else ())
