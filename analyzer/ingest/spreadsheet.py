"""Spreadsheets: one sheet of an Excel workbook, streamed row by row.

A workbook is a zip archive of XML. What it says of its own sizes is checked before anything is
unpacked; openpyxl then reads it row by row, with defusedxml beneath, which refuses entities.
"""

from __future__ import annotations

import contextlib
import itertools
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.delimited import HeaderTest
from analyzer.ingest.documents import text_column
from analyzer.ingest.header_words import KNOWN_WORDS, header_word
from analyzer.ingest.kinds import shown_name, shown_names
from analyzer.ingest.records import WRONG_FIELDS, Faults
from analyzer.ingest.sources import Chunk
from analyzer.ingest.streams import hash_file
from analyzer.ingest.values import text_of

_MAX_UNPACKED = 1 << 30
_MAX_SHARED = 1 << 28
_MAX_RATIO = 200
_FREE_BYTES = 1 << 24
_MAX_WIDTH = 1_000
_HEAD_ROWS = 50
_TITLE_ROWS = 20
_ROWS = 5_000
_BROKEN = (
    zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, IndexError, AttributeError,
    EOFError, OSError, SyntaxError, NotImplementedError, RuntimeError,
)  # fmt: skip


class WorkbookSource:
    """A sheet of an .xlsx workbook."""

    def __init__(
        self, path: Path, is_header: HeaderTest, *, table: str | None = None,
        block_bytes: int = 1 << 24,
    ):  # fmt: skip
        self.path = path
        self.name = path.name
        self.size = path.stat().st_size
        self.sha256: str | None = None
        self._rows_at_once = max(1, min(_ROWS, block_bytes // 512))
        _refuse_bomb(path)
        self._sheet, sheets = self._choose(table)
        rows = [row for _, row in itertools.islice(self._read(), _HEAD_ROWS)]
        if not rows:
            raise InputError(f"{path}: the sheet has no rows")
        self._skip = _titles(rows)
        rows = rows[self._skip :]
        self.width = max(_filled(row) for row in rows)
        rows = [[cell or "" for cell in (*row, *[None] * self.width)][: self.width] for row in rows]
        self.head = rows
        self.has_header = is_header(rows)
        self.columns = tuple(cell.strip() for cell in rows[0]) if self.has_header else ()
        if self.has_header and len(rows) == 1:
            raise InputError(f"{path}: the sheet has a header and no rows")
        self.notes = [f"Excel workbook, sheet {sheets.index(self._sheet) + 1} of {len(sheets)}"]
        if self._skip:
            self.notes.append(f"{self._skip} lines above the header were passed over")
        if not self.has_header:
            self.notes.append("no header line: columns are known by position only")

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self.sha256 = hash_file(self.path)
        return self.sha256

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, some at a time."""
        with contextlib.closing(self._read()) as rows:
            body = itertools.islice(rows, self._skip + self.has_header, None)
            while some := list(itertools.islice(body, self._rows_at_once)):
                yield self._chunk(some, wanted)
        self.digest()

    def _chunk(self, rows: list[tuple[int, list[str | None]]], wanted: Sequence[int]) -> Chunk:
        good = [(line, row) for line, row in rows if _filled(row) <= self.width]
        bad = [(line, _filled(row)) for line, row in rows if _filled(row) > self.width]
        columns, undecodable = {}, {}
        for position in wanted:
            cells = [row[position] if position < len(row) else None for _, row in good]
            columns[position], lost = text_column(cells)
            if lost is not None:
                undecodable[position] = lost
        lines = np.array([line for line, _ in good], np.int64)
        faults = Faults(
            np.array([line for line, _ in bad], np.int64),
            np.full(len(bad), -1, np.int64),
            np.full(len(bad), WRONG_FIELDS, np.int64),
            np.array([count for _, count in bad], np.int64),
        )
        return Chunk(
            columns, lines, np.full(len(lines), -1, np.int64), faults, undecodable, self.size
        )

    def _read(self) -> Iterator[tuple[int, list[str | None]]]:
        """Yield the rows that hold something, with their numbers in the sheet."""
        book = self._load()
        try:
            sheet = book[self._sheet]
            # The size that a sheet claims for itself may be wrong, and is not needed.
            sheet.reset_dimensions()
            for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                row = [text_of(cell) for cell in cells[: _MAX_WIDTH]]
                if _filled(row):
                    yield number, row
        except _BROKEN:
            raise self._damaged() from None
        finally:
            book.close()

    def _choose(self, named: str | None) -> tuple[str, list[str]]:
        book = self._load()
        try:
            names = [sheet.title for sheet in book.worksheets]
            filled = []
            for sheet in book.worksheets:
                sheet.reset_dimensions()
                rows = itertools.islice(sheet.iter_rows(values_only=True), _HEAD_ROWS)
                if any(cell is not None for row in rows for cell in row[:_MAX_WIDTH]):
                    filled.append(sheet.title)
        except _BROKEN:
            raise self._damaged() from None
        finally:
            book.close()
        shown = shown_names(filled if named is None else names)
        if named is not None:
            if named not in names:
                raise InputError(
                    f"{self.path}: there is no sheet {named!r}; it has {shown}"
                )
            return named, names
        if not filled:
            raise InputError(f"{self.path}: the workbook has no rows")
        if len(filled) > 1:
            raise AmbiguousInputError(
                f"{self.path}: more than one sheet holds data ({shown}); "
                f"say which holds the sightings, for example --table {shown_name(filled[0])!r}"
            )
        return filled[0], names

    def _load(self) -> Any:
        import openpyxl

        try:
            with warnings.catch_warnings():
                # Lost conditional formats and the like say nothing about the data.
                warnings.simplefilter("ignore")
                return openpyxl.load_workbook(self.path, read_only=True, data_only=True)
        except MemoryError:
            raise
        except Exception as error:
            # The library lets every fault of its parsers through.
            if type(error).__name__ in ("EntitiesForbidden", "DTDForbidden"):
                raise InputError(
                    f"{self.path}: the workbook declares entities, which are never read"
                ) from None
            raise self._damaged() from None

    def _damaged(self) -> InputError:
        return InputError(
            f"{self.path}: the Excel workbook is damaged or encrypted; open it in a spreadsheet "
            "program and save it anew, or export it as CSV"
        )


def _refuse_bomb(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(f"{path}: the Excel workbook is damaged or encrypted") from None
    unpacked = sum(member.file_size for member in members)
    shared = sum(m.file_size for m in members if m.filename.endswith("sharedStrings.xml"))
    # zipfile never unpacks more of a member than it claims, so the claims are a bound.
    grows = unpacked > _FREE_BYTES and unpacked > _MAX_RATIO * path.stat().st_size
    if grows or unpacked > _MAX_UNPACKED or shared > _MAX_SHARED or len(members) > 10_000:
        raise InputError(
            f"{path}: the workbook unpacks to more than a sheet of sightings can hold; export it "
            "as CSV"
        )


def _filled(row: Sequence[str | None]) -> int:
    """Count the cells up to the last that holds something."""
    return max((number for number, cell in enumerate(row, 1) if cell), default=0)


def _titles(rows: Sequence[Sequence[str | None]]) -> int:
    """Count the lines above the header: titles and dates of a report."""
    for number, row in enumerate(rows[:_TITLE_ROWS]):
        if sum(header_word(cell) in KNOWN_WORDS for cell in row if cell) > 1:
            return number
    return 0
