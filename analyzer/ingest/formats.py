"""Formats: which kind of file this is, by its first bytes; Parquet files and frames as sources."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.database import MAGIC, DatabaseSource
from analyzer.ingest.delimited import BLOCK_BYTES, HeaderTest, TextSource
from analyzer.ingest.documents import DocumentReader, DocumentSource
from analyzer.ingest.encodings import declared_encoding, detect_encoding, head_text, read_head
from analyzer.ingest.event_text import EventReader, is_event_log
from analyzer.ingest.json_text import JsonReader
from analyzer.ingest.profiles import PROFILES, Profile, named_profile
from analyzer.ingest.sources import Chunk, RowRange, Source
from analyzer.ingest.spreadsheet import WorkbookSource
from analyzer.ingest.streams import (
    FREE_BYTES,
    MAX_RATIO,
    ByteStream,
    Place,
    hash_file,
    open_file,
)
from analyzer.ingest.xml_text import XmlReader

CHUNK_ROWS = 250_000

FEW_ROWS = 1_000
"""Rows that are read at once at least where nothing tells how long their texts are."""

FREE_ROWS = 1_000_000
"""Rows that a Parquet file may hold whatever its size."""

_HEAD_BYTES = 1 << 20
_NOT_READ = {
    b"%PDF": "a PDF document",
    b"\xff\xd8\xff": "a picture",
    b"\x89PNG": "a picture",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\xd0\xcf\x11\xe0": "an old Excel or Access file",
    b"\x89HDF": "an HDF file",
    b"Rar!": "a rar archive",
    b"7z\xbc\xaf": "a 7z archive",
    **{bytes([0x80, version]): "a pickle (which could run programs)" for version in range(2, 6)},
}


def open_source(
    place: Place,
    is_header: HeaderTest,
    *,
    block_bytes: int = BLOCK_BYTES,
    profile: str | Profile = "auto",
    table: str | None = None,
    encoding: str | None = None,
) -> Source:
    """Open a file in the format that its first bytes show, whatever its name says.

    Parameters
    ----------
    place : pathlib.Path or Member
        The file, or the member of an archive.
    is_header : callable
        Says of the first rows of a table whether the first of them is a header.
    block_bytes : int
        How much is parsed at a time.
    profile : str or Profile
        What the user says about the format; nested records need it to find their rows.
    table : str, optional
        Which table, sheet, list or element holds the sightings, where there are more.
    encoding : str, optional
        Encoding of a text; found out by default.

    Raises
    ------
    InputError
        If the file is missing, empty, unreadable, or of a kind that is not read.
    """
    if isinstance(place, Path):
        # Says what is wrong with the path before its content is looked at.
        open_file(place).close()
    stream = ByteStream(place)
    head = read_head(stream, _HEAD_BYTES)
    if not head:
        raise InputError(f"{place}: the file is empty")
    plain = isinstance(place, Path) and stream.packing is None
    for magic, kind in ((b"PAR1", "Parquet"), (MAGIC, "a database"), (b"PK\x03\x04", "a zip")):
        if head.startswith(magic) and not plain:
            raise InputError(f"{place}: {kind} file inside a packed one; unpack it first")
    if head.startswith(b"PAR1"):
        return ParquetSource(place, chunk_rows=max(1, block_bytes // 64))
    if head.startswith(MAGIC):
        return DatabaseSource(place, table=table, block_bytes=block_bytes)
    if head.startswith(b"PK\x03\x04"):
        return WorkbookSource(place, is_header, table=table, block_bytes=block_bytes)
    for start, kind in _NOT_READ.items():
        if head.startswith(start):
            raise InputError(
                f"{place} is {kind}, which is not read; export the sightings as CSV or Parquet"
            )
    try:
        # What an XML file says of itself is no guess.
        found = detect_encoding(head, encoding or declared_encoding(head))
    except AmbiguousInputError as error:
        raise AmbiguousInputError(f"{place}: {error}") from None
    return _open_text(place, head, is_header, block_bytes, profile, table, stream.packing, *found)


def _open_text(
    place: Place,
    head: bytes,
    is_header: HeaderTest,
    block_bytes: int,
    profile: str | Profile,
    table: str | None,
    packing: str | None,
    encoding: str,
    bom: int,
) -> Source:
    text, is_text = head_text(head, encoding, bom)
    if not is_text:
        raise InputError(
            f"{place}: this is not text; a CSV, JSON, XML, Excel, SQLite or Parquet file is "
            "expected"
        )
    whole = len(head) < _HEAD_BYTES
    begin = text.lstrip()[:200]
    reader: DocumentReader | None = None
    if begin.startswith("<"):
        if re.match(r"<(!doctype\s+)?html", begin, re.IGNORECASE):
            raise InputError(
                f"{place} is a web page (HTML), which is not read; export the sightings as CSV"
            )
        element = table
        if element is None and profile != "auto":
            chosen = profile if isinstance(profile, Profile) else named_profile(profile)
            element = chosen.element
        reader = XmlReader(
            place, head, encoding, bom, whole=whole, block_bytes=block_bytes, element=element,
            known=[known.element for known in PROFILES.values() if known.element],
        )  # fmt: skip
    elif is_event_log(text[:65_536]) and not begin.startswith(("{", "[")):
        reader = EventReader(place, text, encoding, bom, whole=whole, block_bytes=block_bytes)
    elif re.match(r"\{|\[\s*[{\]]", begin):
        reader = JsonReader(
            place, text, encoding, bom, whole=whole, block_bytes=block_bytes, table=table
        )
    elif re.match(r"\[\s*\[", begin):
        raise InputError(
            f"{place}: a JSON list of lists does not name its columns; export it as CSV or as a "
            "list of objects"
        )
    if reader is None:
        source: Source = TextSource(
            place, is_header, block_bytes=block_bytes, encoding=encoding
        )
    else:
        source = DocumentSource(place, reader, profile=profile)
    if packing is not None:
        source.notes.append(f"packed with {packing}")
    return source


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
        except (pa.ArrowException, OSError, UnicodeError, OverflowError):
            raise InputError(f"{path}: the Parquet file is damaged or encrypted") from None
        if self._rows > max(FREE_ROWS, self.size):
            # A plate, a camera and a time take some bytes, however well they are packed.
            raise InputError(
                f"{path}: {self._rows:,} rows in {self.size:,} bytes are the same few over and "
                "over, no sightings; the file is not read"
            )
        self.columns = tuple(schema.names)
        self.types = tuple(schema.types)
        self.has_header, self.width, self.head = True, len(self.columns), []
        self.notes = ["Parquet"]

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self.sha256 = hash_file(self.path)
        return self.sha256

    def chunks(self, wanted: Sequence[int], span: RowRange | None = None) -> Iterator[Chunk]:
        """Yield the rows, batch by batch; of the whole file, or of a stretch of it."""
        names = {position: self.columns[position] for position in wanted}
        row, text = 0 if span is None else span.first, 0
        try:
            at_once = span.at_once if span else self._rows_at_once(list(names.values()))
            with pq.ParquetFile(self.path) as file:
                for batch in _batches(file, list(names.values()), at_once, span):
                    columns, undecodable = {}, {}
                    for position, name in names.items():
                        columns[position], bad = _checked(plain(batch.column(name)))
                        if bad is not None:
                            undecodable[position] = bad
                    row += len(batch)
                    text += sum(column.nbytes for column in columns.values())
                    if text > max(FREE_BYTES, MAX_RATIO * self.size):
                        raise InputError(self._bomb)
                    done = self.size * row // max(1, self._rows)
                    chunk = _numbered(columns, row - len(batch), len(batch), done)
                    chunk.undecodable = undecodable
                    yield chunk
        except (pa.ArrowException, OSError, UnicodeError, OverflowError):
            raise InputError(f"{self.path}: the Parquet file is damaged") from None
        if span is None:
            self.digest()

    def spans(self, wanted: Sequence[int], blocks: int) -> list[RowRange | None]:
        """Cut the file into stretches of so many batches or more, near the ends of row groups."""
        try:
            at_once = self._rows_at_once([self.columns[position] for position in wanted])
            with pq.ParquetFile(self.path) as file:
                groups = _ends_of_groups(file)
        except (pa.ArrowException, OSError, UnicodeError, OverflowError):
            raise InputError(f"{self.path}: the Parquet file is damaged") from None
        self.digest()
        spans, first = [], 0
        for end in groups:
            # A stretch begins where a batch would, so that it is read as in the whole file.
            stop = min(-(-end // at_once) * at_once, self._rows)
            if stop - first >= blocks * at_once or (stop == self._rows and stop > first):
                spans.append(RowRange(first, stop - first, at_once))
                first = stop
        return spans

    def __reduce__(self) -> tuple[Callable[..., ParquetSource], tuple[object, ...]]:
        return _parquet_again, (self.path, self.name, self._chunk_rows)

    @property
    def _bomb(self) -> str:
        return (
            f"{self.path}: its texts grow more than {MAX_RATIO}-fold in reading, as no sightings "
            "do; the file is not read"
        )

    def _rows_at_once(self, names: Sequence[str]) -> int:
        """Give the rows of a batch, fewer where long texts are kept once and used many times."""
        longest = 1
        with pq.ParquetFile(self.path, read_dictionary=list(names)) as file:
            for number in range(file.num_row_groups):
                group, shared = file.metadata.row_group(number), []
                for i in range(group.num_columns):
                    column = group.column(i)
                    if column.path_in_schema not in names or column.physical_type != "BYTE_ARRAY":
                        continue
                    unpacked = column.total_uncompressed_size
                    if unpacked > max(FREE_BYTES, MAX_RATIO * column.total_compressed_size):
                        raise InputError(self._bomb)
                    if any("DELTA" in encoding for encoding in column.encodings):
                        # Each text may go on where the last one ended: no length is known.
                        longest = max(longest, min(unpacked, FREE_BYTES // FEW_ROWS))
                    elif column.has_dictionary_page and unpacked * self._chunk_rows > FREE_BYTES:
                        shared.append(column.path_in_schema)
                if shared:
                    # One row brings all the words of a group.
                    batches = file.iter_batches(
                        1, row_groups=[number], columns=shared, use_threads=False
                    )
                    for words in next(batches, pa.record_batch({})).columns:
                        lengths = pc.binary_length(words.dictionary)
                        longest = max(longest, pc.max(lengths).as_py() or 1)
        return max(1, min(self._chunk_rows, FREE_BYTES // longest))


def _parquet_again(path: Path, name: str, chunk_rows: int) -> ParquetSource:
    source = ParquetSource(path, chunk_rows=chunk_rows)
    source.name = name
    return source


def _ends_of_groups(file: pq.ParquetFile) -> list[int]:
    groups = range(file.metadata.num_row_groups)
    return list(accumulate(file.metadata.row_group(group).num_rows for group in groups))


def _batches(
    file: pq.ParquetFile, names: list[str], at_once: int, span: RowRange | None
) -> Iterator[pa.RecordBatch | pa.Table]:
    """Read rows in batches of one size; of a stretch, only the groups in which it lies."""
    if span is None:
        yield from file.iter_batches(at_once, columns=names)
        return
    ends = [0, *_ends_of_groups(file)]
    groups = [
        group for group, (begin, end) in enumerate(pairwise(ends))
        if begin < span.first + span.count and end > span.first
    ]  # fmt: skip
    skip, left = span.first - ends[groups[0]], span.count
    waiting: list[pa.RecordBatch] = []
    for batch in file.iter_batches(at_once, row_groups=groups, columns=names):
        waiting.append(batch.slice(skip))
        skip = max(skip - len(batch), 0)
        held = sum(map(len, waiting))
        while left and held >= min(at_once, left):
            table = pa.Table.from_batches(waiting)
            count = min(at_once, left)
            yield table.slice(0, count)
            waiting = table.slice(count).to_batches()
            held, left = held - count, left - count
        if not left:
            return


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


def _checked(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Make cells of text that are no text null, and mark them: writers do not always look."""
    if not pa.types.is_string(column.type):
        return column, None
    try:
        column.validate(full=True)
        return column, None
    except pa.ArrowInvalid:
        pass
    texts: list[str | None] = []
    bad = np.zeros(len(column), bool)
    for row, value in enumerate(column.cast(pa.binary()).to_pylist()):
        try:
            texts.append(None if value is None else value.decode())
        except UnicodeDecodeError:
            texts.append(None)
            bad[row] = True
    return pa.array(texts, pa.string()), bad


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Undo dictionaries, views and chunks, so that few types are left to handle."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column
