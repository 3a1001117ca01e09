"""Formats: which kind of file this is, by its first bytes; Parquet files and frames as sources."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.errors import InputError
from analyzer.ingest.delimited import BLOCK_BYTES, HeaderTest, TextSource
from analyzer.ingest.sources import Chunk, Source
from analyzer.ingest.streams import hash_file, open_file

CHUNK_ROWS = 250_000

_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\xfd7zXZ": "an xz archive",
    b"%PDF": "a PDF document",
    b"\xff\xd8\xff": "a picture",
    b"\x89PNG": "a picture",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"\x7fELF": "a program",
}


def open_source(path: Path, is_header: HeaderTest, *, block_bytes: int = BLOCK_BYTES) -> Source:
    """Open a file in the format that its first bytes show.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    is_header : callable
        Says of the first rows of a delimited file whether the first of them is a header.
    block_bytes : int
        How much is parsed at a time.

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable, or of a kind that is not read.
    """
    with open_file(path) as file:
        try:
            magic = file.read(16)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    if not magic:
        raise InputError(f"{path}: the file is empty")
    if magic.startswith(b"PAR1"):
        return ParquetSource(path, chunk_rows=max(1, block_bytes // 64))
    for start, kind in _MAGIC.items():
        if magic.startswith(start):
            raise InputError(
                f"{path} is {kind}, which is not read; export the sightings as CSV or Parquet"
            )
    return TextSource(path, is_header, block_bytes=block_bytes)


class ParquetSource:
    """A Parquet file."""

    def __init__(self, path: Path, *, chunk_rows: int = CHUNK_ROWS):
        self.path = path
        self.name = path.name
        self.size = path.stat().st_size
        self.sha256: str | None = None
        self._chunk_rows = chunk_rows
        try:
            with pq.ParquetFile(path) as file:
                schema, self._rows = file.schema_arrow, file.metadata.num_rows
        except (pa.ArrowException, OSError):
            raise InputError(f"{path}: the Parquet file is damaged or encrypted") from None
        self.columns = tuple(schema.names)
        self.types = tuple(schema.types)
        self.has_header, self.width, self.head = True, len(self.columns), []
        self.notes = ["Parquet"]

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self.sha256 = hash_file(self.path)
        return self.sha256

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, batch by batch."""
        names = {position: self.columns[position] for position in wanted}
        row = 0
        try:
            with pq.ParquetFile(self.path) as file:
                for batch in file.iter_batches(self._chunk_rows, columns=list(names.values())):
                    columns = {
                        position: plain(batch.column(name)) for position, name in names.items()
                    }
                    row += len(batch)
                    done = self.size * row // max(1, self._rows)
                    yield _numbered(columns, row - len(batch), len(batch), done)
        except (pa.ArrowException, OSError):
            raise InputError(f"{self.path}: the Parquet file is damaged") from None
        self.digest()


class FrameSource:
    """A pandas DataFrame; it is never changed."""

    def __init__(self, frame: pd.DataFrame, *, name: str = "DataFrame"):
        self._frame = frame
        self.name = name
        self.columns = tuple(str(column) for column in frame.columns)
        self.has_header, self.width, self.head = True, len(self.columns), []
        self.size = len(frame)
        self.sha256: str | None = None
        self.notes = ["DataFrame"]
        if not len(frame):
            raise InputError("the DataFrame has no rows")

    def digest(self) -> str:
        """Give a SHA-256 over names and values."""
        if self.sha256 is None:
            digest = hashlib.sha256("\0".join(self.columns).encode("utf-8", "surrogatepass"))
            for start in range(0, len(self._frame), CHUNK_ROWS):
                rows = self._frame.iloc[start : start + CHUNK_ROWS]
                try:
                    hashes = pd.util.hash_pandas_object(rows, index=False)
                except TypeError:
                    # Cells that cannot be hashed, such as lists.
                    hashes = pd.util.hash_pandas_object(rows.map(str), index=False)
                digest.update(hashes.to_numpy().tobytes())
            self.sha256 = digest.hexdigest()
        return self.sha256

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, slice by slice."""
        for start in range(0, len(self._frame), CHUNK_ROWS):
            columns = {position: self._column(position, start) for position in wanted}
            count = min(CHUNK_ROWS, len(self._frame) - start)
            yield _numbered(columns, start, count, start + count)
        self.digest()

    def _column(self, position: int, start: int) -> pa.Array:
        cells = self._frame.iloc[start : start + CHUNK_ROWS, position]
        try:
            return plain(pa.array(cells, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            texts = [None if missing else str(cell) for cell, missing in
                     zip(cells, pd.isna(cells), strict=True)]  # fmt: skip
            return pa.array(texts, pa.string())


def _numbered(columns: dict[int, pa.Array], row: int, count: int, done: int) -> Chunk:
    lines = np.arange(row + 1, row + 1 + count, dtype=np.int64)
    return Chunk(columns, lines, np.full(count, -1, np.int64), done=done)


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Undo dictionaries, views and chunks, so that few types are left to handle."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column
