"""Delimited text: encoding, delimiter and header found out, then rows read block by block.

Nothing is assumed that the file does not show: the encoding is detected and reported, the delimiter
is the one that splits the first rows evenly, and a file may have no header at all.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from analyzer.errors import InputError
from analyzer.ingest.encodings import (
    LEAST_BLOCK,
    TextBlocks,
    detect_encoding,
    head_text,
    is_one_byte,
    read_head,
)
from analyzer.ingest.header_words import KNOWN_WORDS, header_word
from analyzer.ingest.records import CUT_OFF, WRONG_FIELDS, Records, column_of, find_records
from analyzer.ingest.sources import Blocks, Chunk
from analyzer.ingest.streams import ByteStream, Place, hash_file, open_file, size_of
from analyzer.ingest.times import looks_like_time

BLOCK_BYTES = 1 << 24
DELIMITERS = ",;\t|^~\x01\x1f"
"""Tried in this order; a colon or a blank would split times."""

_HEAD_BYTES = 1 << 16
_HEAD_ROWS = 50
_TITLE_LINES = 20

HeaderTest = Callable[[list[list[str]]], bool]
"""Says of the first rows of a file whether the first of them names the columns."""


class TextSource:
    """A delimited text file, plain or packed."""

    def __init__(
        self,
        path: Place,
        is_header: HeaderTest,
        *,
        block_bytes: int = BLOCK_BYTES,
        encoding: str | None = None,
    ):
        self.path = path
        self.name = path.name
        self.size = size_of(path)
        self.sha256: str | None = None
        self._block_bytes = block_bytes
        self._given_encoding = encoding
        self._is_plain = False
        head = read_head(ByteStream(path), _HEAD_BYTES)
        if not head:
            raise InputError(f"{path}: the file is empty")
        self.encoding, self._bom = detect_encoding(head, encoding)
        text, is_text = head_text(head, self.encoding, self._bom)
        if not is_text:
            raise InputError(f"{path}: this is not text; a CSV or Parquet file is expected")
        self._returns_only = "\n" not in text and "\r" in text
        if self._returns_only:
            text = text.replace("\r", "\n")
        self._skip_lines, self.delimiter = _separator_line(text)
        titles = title_lines(text, self.delimiter) if not self._skip_lines else 0
        self._skip_lines += titles
        text = text.split("\n", self._skip_lines)[-1]
        if self.delimiter is None:
            self.delimiter = sniff_delimiter(text)
        rows, self._header_lines = _head_rows(text, self.delimiter)
        if not rows:
            raise InputError(f"{path}: the file has no rows")
        self.head = rows
        self.has_header = is_header(rows)
        self.width = len(rows[0])
        # Some programs end each row, but not the header, with a delimiter.
        longer = [len(row) == self.width + 1 and not row[-1].strip() for row in rows[1:]]
        self._ends_empty = self.has_header and bool(longer) and 2 * sum(longer) > len(longer)
        self.width += self._ends_empty
        self.columns = tuple(cell.strip() for cell in rows[0]) if self.has_header else ()
        delimiter = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}.get(
            self.delimiter, "other"
        )
        self.notes = [f"text in {self.encoding}, fields separated by {delimiter}"]
        if titles:
            self.notes.append(f"{titles} lines above the header were passed over")
        if self._ends_empty:
            self.columns = (*self.columns, "")
            self.notes.append("rows end with a delimiter more than the header has")
        if not self.has_header:
            self.notes.append("no header line: columns are known by position only")

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self.sha256 = hash_file(self.path)
        return self.sha256

    def _is_cut_off(self, record: bytes) -> bool:
        """Say whether the last record ends without a line end and shorter than all others do.

        A file that was cut off may end in a time or a plate that is shorter and still readable.
        """
        # What has a line end inside may be followed by a fault, or be quoted.
        if b"\n" in record or record.endswith(b"\r"):
            return False
        last = record.decode("utf-8", "replace").rsplit(self.delimiter, 1)[-1].strip(' "')
        ends = [row[-1].strip() for row in self.head[self.has_header :] if len(row) == self.width]
        widths = {len(end) for end in ends if end != last}
        return len(ends) > 2 and len(widths) == 1 and len(last) < min(widths)

    def chunks(self, wanted: Sequence[int], span: Blocks | None = None) -> Iterator[Chunk]:
        """Yield the rows, block by block; of the whole file, or of a stretch of it."""
        # What stands in the field that must be empty says that a row is shifted.
        ending = [self.width - 1] if self._ends_empty else []
        positions = list(dict.fromkeys([*wanted, *ending]))
        for read in self._read(positions, span):
            data, found = read.data, read.found
            buffer = np.frombuffer(data, np.uint8)
            if read.final and len(found) and self._is_cut_off(data[int(found.starts[-1]) :]):
                found.give_up(np.arange(len(found)) == len(found) - 1, CUT_OFF, self.width)
            if ending:
                slot = positions.index(ending[0])
                full = found.last[slot] > found.first[slot]
                full[full] = [
                    bool(bytes(buffer[begin:end]).strip())
                    for begin, end in zip(
                        found.first[slot][full], found.last[slot][full], strict=True
                    )
                ]
                found.give_up(full, WRONG_FIELDS, self.width)
            columns, undecodable = {}, {}
            for slot, position in enumerate(positions):
                column, bad = decode_column(column_of(buffer, found, slot), self.encoding)
                columns[position] = column
                if bad is not None:
                    undecodable[position] = bad
            found.faults.offsets = read.text.offsets(data, found.faults.offsets)
            yield Chunk(
                columns,
                found.lines,
                read.text.offsets(data, found.starts),
                found.faults,
                undecodable,
                read.done,
            )

    def _read(self, positions: list[int], span: Blocks | None = None) -> Iterator[_Block]:
        """Read blocks, and find the records in them."""
        stream = ByteStream(self.path)
        text = TextBlocks(stream, self.encoding, self._bom, self._returns_only)
        carry, line, skipping = b"", 1, False
        lines_to_skip = self._skip_lines + (self._header_lines if self.has_header else 0)
        blocks = text.blocks(self._block_bytes)
        first = 0
        if span is not None:
            blocks = self._blocks_of(span)
            first, line, skipping, lines_to_skip = span.first, span.line, span.skipping, 0
            text.start_at(span.offset)
        for number, (block, final) in enumerate(blocks, first):
            data = carry + block if carry else block
            while lines_to_skip:
                end = data.find(b"\n")
                if end < 0:
                    break
                text.advance(data, end + 1)
                data, line, lines_to_skip = data[end + 1 :], line + 1, lines_to_skip - 1
            if lines_to_skip:
                carry = b"" if final else data
                continue
            found = find_records(
                np.frombuffer(data, np.uint8),
                delimiter=ord(self.delimiter),
                width=self.width,
                wanted=positions,
                line=line,
                final=final,
                skipping=skipping,
            )
            start = Blocks(number, 1, text.base, line, skipping)
            yield _Block(data, found, text, final, stream.done, start)
            text.advance(data, found.consumed)
            carry, line, skipping = data[found.consumed :], found.next_line, found.skipping
        if span is None:
            self.sha256 = stream.sha256
            self._is_plain = stream.packing is None and text.is_as_it_lies

    def _blocks_of(self, span: Blocks) -> Iterator[tuple[bytes, bool]]:
        size = max(self._block_bytes, LEAST_BLOCK)
        with open_file(self.path) as file:
            file.seek(span.offset)
            for number in range(span.first + 1, span.first + span.count + 1):
                yield file.read(number * size - file.tell()), number * size >= self.size

    def spans(self, wanted: Sequence[int], blocks: int) -> list[Blocks | None]:
        """Cut the file into stretches of so many blocks that can be read apart.

        The whole file is read once to find out where records begin, and its hash with it. What is
        packed, or not encoded byte by byte, is one stretch (None).
        """
        starts = [read.start for read in self._read([])]
        if not self._is_plain or not isinstance(self.path, Path):
            return [None]
        cut = starts[::blocks]
        counts = [min(blocks, len(starts) - blocks * i) for i in range(len(cut))]
        return [replace(start, count=count) for start, count in zip(cut, counts, strict=True)]

    def __reduce__(self) -> tuple[Callable[..., TextSource], tuple[object, ...]]:
        # Opened again where it arrives: the first rows hold plates, which do not travel.
        given = (self.path, self.name, self.has_header, self._block_bytes, self._given_encoding)
        return _opened_again, given


@dataclass(frozen=True)
class _Block:
    """A block of a file: its bytes, the records in it, and where it begins."""

    data: bytes
    found: Records
    text: TextBlocks
    final: bool
    done: int
    start: Blocks


def _opened_again(
    path: Place, name: str, has_header: bool, block_bytes: int, encoding: str | None
) -> TextSource:
    source = TextSource(path, lambda rows: has_header, block_bytes=block_bytes, encoding=encoding)
    source.name = name
    return source


def sniff_delimiter(text: str) -> str:
    r"""Find the delimiter that splits the first rows evenly and into the most fields.

    Examples
    --------
    >>> sniff_delimiter('plate|"a, b"|seen, at\n1|2|3\n')
    '|'
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        rows, _ = _head_rows(text, delimiter)
        if not rows or len(rows[0]) < 2:
            continue
        even = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        score = (round(even, 1), len(rows[0]))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def title_lines(text: str, delimiter: str | None = None) -> int:
    r"""Count the lines above the header: titles, comments, blank lines.

    A header is a line with two known words; above it no line may hold a time, which would be a row.

    Examples
    --------
    >>> title_lines("# export\nReport;;\n\nplate;camera;time\n"), title_lines("plate;camera\n")
    (3, 0)
    """
    lines = text.split("\n")[:_TITLE_LINES]
    for number, line in enumerate(lines):
        for mark in (delimiter,) if delimiter else DELIMITERS:
            cells = [cell.strip(' "\r') for cell in line.split(mark)]
            if sum(header_word(cell) in KNOWN_WORDS for cell in cells) > 1:
                return number
            if any(looks_like_time(cell) for cell in cells):
                return 0
    return 0


def _separator_line(text: str) -> tuple[int, str | None]:
    """Spreadsheets may write ``sep=;`` as the first line."""
    match = re.match(r"sep=(.)\r?\n", text)
    return (1, match.group(1)) if match else (0, None)


def _head_rows(text: str, delimiter: str) -> tuple[list[list[str]], int]:
    """Split the first rows; also the number of lines up to the end of the first row."""
    cut = text.rfind("\n") + 1
    # An unfinished last row would look like a row with too few fields.
    if len(text) > _HEAD_BYTES // 4 and cut:
        text = text[:cut]
    rows: list[list[str]] = []
    first_lines = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if not any(cell.strip() for cell in row) and len(row) < 2:
                continue
            if not rows:
                first_lines = reader.line_num
            rows.append(row)
            if len(rows) == _HEAD_ROWS:
                break
    except csv.Error:
        pass
    return rows, first_lines


def decode_column(column: pa.Array, encoding: str) -> tuple[pa.Array, np.ndarray | None]:
    """Turn a column of bytes into text; cells that are no text become null and are marked."""
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    if not len(data) or data.max() < 128:
        return column, None
    if not is_one_byte(encoding):
        try:
            column.validate(full=True)
            return column, None
        except pa.ArrowInvalid:
            pass
    raw = pa.Array.from_buffers(pa.binary(), len(column), column.buffers()).dictionary_encode()
    decoder = encoding if is_one_byte(encoding) else "utf-8"
    texts = [_decode(value, decoder) for value in raw.dictionary.to_pylist()]
    column = pa.array(texts, pa.string()).take(raw.indices)
    bad = np.asarray(column.is_null())
    return column, bad if bad.any() else None


def _decode(value: bytes, encoding: str) -> str | None:
    if encoding != "utf-8" and not value.isascii():
        # Files are glued together from several: accented letters that are UTF-8 are nothing else.
        with contextlib.suppress(UnicodeDecodeError):
            return value.decode("utf-8").strip()
    try:
        return value.decode(encoding).strip()
    except UnicodeDecodeError:
        return None
