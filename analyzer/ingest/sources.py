"""Sources: one input of whatever format, read as a stream of chunks of wanted columns.

A source knows its name, its column names and how wide it is; `chunks` yields Arrow columns together
with the line number and byte offset of every row. Columns are asked for by position, because names
may be missing or double.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from analyzer.ingest.records import Faults


@dataclass
class Chunk:
    """Some rows of a source.

    Attributes
    ----------
    columns : dict of int to pyarrow.Array
        The wanted columns by position; text from delimited files, typed from others.
    lines, offsets : numpy.ndarray of int64
        Line number (row number in frames and Parquet, from 1) and byte offset (-1: none).
    faults : Faults
        Rows that have no usable fields.
    undecodable : dict of int to numpy.ndarray of bool
        Cells that are not text in the file's encoding (null in `columns`).
    done : int
        Bytes (or rows) of the source read so far.
    merged : Counter
        Records that the source itself joined into others, by reason.
    """

    columns: dict[int, pa.Array]
    lines: np.ndarray
    offsets: np.ndarray
    faults: Faults = field(default_factory=Faults)
    undecodable: dict[int, np.ndarray] = field(default_factory=dict)
    done: int = 0
    merged: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class Blocks:
    """A stretch of a text file: some of the blocks in which it is read.

    Attributes
    ----------
    first, count : int
        Number of the first block, and how many there are.
    offset, line : int
        Where the first record that belongs to them begins, in bytes and lines.
    skipping : bool
        Whether they begin inside a record that was given up.
    """

    first: int
    count: int
    offset: int
    line: int
    skipping: bool


@dataclass(frozen=True)
class RowRange:
    """A stretch of a Parquet file: rows from the first on, and how many are read at once."""

    first: int
    count: int
    at_once: int


class Source(Protocol):
    """One input, whatever its format."""

    name: str
    columns: tuple[str, ...]
    has_header: bool
    width: int
    size: int
    notes: list[str]
    head: list[list[str]]
    sha256: str | None

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, with the columns at the wanted positions."""
        ...

    def digest(self) -> str:
        """Give the SHA-256 of the input without parsing it."""
        ...
