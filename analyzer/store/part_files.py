"""The files of a store's parts: reading whole columns, or the few groups of rows one needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.sealing import Seal, decryption
from analyzer.errors import StoreError
from analyzer.schema import DTYPES, Rows

# A flipped bit must not become another camera.
VERIFIED = {"page_checksum_verification": True}

GROUPS_APART = 8
"""Groups of rows that are read at once where a part is not wanted as a whole."""


@dataclass(frozen=True)
class VehicleGroups:
    """Which vehicles the groups of rows of a part hold, as their statistics tell.

    Attributes
    ----------
    low, high : numpy.ndarray of int64, shape (groups,)
        Least and greatest vehicle code; a part is sorted by vehicle.
    metadata : pyarrow.parquet.FileMetaData
        The footer of the part, so that it is not read again.
    """

    low: np.ndarray
    high: np.ndarray
    metadata: pq.FileMetaData

    def holding(self, vehicles: np.ndarray) -> GroupsOfPart:
        """Choose the groups that may hold some vehicles."""
        first = np.searchsorted(self.high, vehicles)
        stop = np.searchsorted(self.low, vehicles, "right")
        chosen = np.zeros(len(self.low) + 1, np.int64)
        # Where two vehicles' groups overlap, they are counted twice and read once.
        np.add.at(chosen, first[first < stop], 1)
        np.add.at(chosen, stop[first < stop], -1)
        return GroupsOfPart(np.flatnonzero(np.cumsum(chosen)[:-1]).tolist(), self.metadata)


@dataclass(frozen=True)
class GroupsOfPart:
    """Groups of rows of one part, by number, and the part's footer."""

    numbers: list[int]
    metadata: pq.FileMetaData


def vehicle_groups(path: Path, seal: Seal | None = None) -> VehicleGroups:
    """Find which vehicles the groups of rows of a part hold.

    Raises
    ------
    StoreError
        As `read_rows`.
    """
    with _reading(path), pq.ParquetFile(path, **VERIFIED, **decryption(seal, path)) as file:
        metadata = file.metadata
    column = metadata.schema.names.index("vehicle")
    low, high = np.empty((2, metadata.num_row_groups), np.int64)
    for group in range(metadata.num_row_groups):
        known = metadata.row_group(group).column(column).statistics
        there = known is not None and known.has_min_max
        # A group that says nothing may hold any vehicle between its neighbours'.
        low[group] = known.min if there else low[group - 1] if group else 0
        high[group] = known.max if there else np.iinfo(np.int64).max
    return VehicleGroups(low, np.minimum.accumulate(high[::-1])[::-1], metadata)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise StoreError(
            f"{path}: a part of the store is gone; another run may have replaced it: open it again"
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{path}: a part of the store cannot be read ({type(error).__name__}); "
            "make the store again with `platerisk ingest`"
        ) from None


def read_rows(
    path: Path, columns: Sequence[str], seal: Seal | None = None, groups: GroupsOfPart | None = None
) -> Rows:
    """Read columns of one part file as integer arrays.

    Parameters
    ----------
    path : Path
    columns : sequence of str
    seal : Seal, optional
        What decrypts the file.
    groups : GroupsOfPart, optional
        Read only these groups of rows.

    Raises
    ------
    StoreError
        If the file is gone or damaged.
    """
    with _reading(path):
        if groups is None:
            table = pq.read_table(
                path, columns=list(columns), use_threads=False, **VERIFIED, **decryption(seal, path)
            )
        else:
            with (
                pa.OSFile(str(path)) as source,
                pq.ParquetFile(
                    source, metadata=groups.metadata, **VERIFIED, **decryption(seal, path)
                ) as file,
            ):
                table = file.read_row_groups(
                    groups.numbers, columns=list(columns), use_threads=False
                )
    return _arrays(table, columns)


def read_rows_apart(
    path: Path, columns: Sequence[str], seal: Seal | None = None, groups: int = GROUPS_APART
) -> Iterator[Rows]:
    """Read columns of one part file some groups of rows at a time, in order; at least once.

    Raises
    ------
    StoreError
        As `read_rows`.
    """
    with _reading(path), pq.ParquetFile(path, **VERIFIED, **decryption(seal, path)) as file:
        number = file.metadata.num_row_groups
        for start in range(0, max(number, 1), groups):
            some = range(start, min(start + groups, number))
            table = file.read_row_groups(list(some), columns=list(columns), use_threads=False)
            yield _arrays(table, columns)


def _arrays(table: pa.Table, columns: Sequence[str]) -> Rows:
    rows = {}
    for name in columns:
        column = table.column(name)
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        rows[name] = np.ascontiguousarray(column.to_numpy(), DTYPES[name])
    return rows


def footer_of(path: Path) -> bytes:
    """Read the size and the footer of a part file, which differ wherever data differ."""
    with _reading(path), open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        footer = min(int.from_bytes(file.read(4), "little"), max(size - 8, 0))
        file.seek(size - 8 - footer)
        return size.to_bytes(8, "little") + file.read(footer)
