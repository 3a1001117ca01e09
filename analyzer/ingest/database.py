"""Databases: a table of an SQLite file or of a GeoPackage, read row by row.

The file is opened for reading only and as it lies there; nothing stored in it is run. A table is
chosen when it is the only one that can hold sightings, else the user names it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.documents import text_column
from analyzer.ingest.header_words import DATE_WORDS, HEADER_WORDS, TIME_WORDS, header_word
from analyzer.ingest.kinds import shown_name, shown_names
from analyzer.ingest.records import MAX_RECORD
from analyzer.ingest.sources import Chunk
from analyzer.ingest.streams import hash_file
from analyzer.ingest.values import text_of

MAGIC = b"SQLite format 3\x00"
_BATCH_BYTES = 1 << 24
"""Text that a batch holds, about."""

_ROWS = 20_000
_BROKEN = (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError)
"""What the library raises on damaged files; names and messages in them may be no text."""
_DEGREES = frozenset((4326, 4258, 4269))
"""Coordinate systems in degrees that differ by less than a camera's place."""
_PLATES = frozenset(word for tier in HEADER_WORDS["plate"] for word in tier)
_TIMES = frozenset(w for tier in HEADER_WORDS["seen_at"] for w in tier) | DATE_WORDS | TIME_WORDS


class DatabaseSource:
    """A table of an SQLite file; of a GeoPackage with its points as lat and lon."""

    def __init__(self, path: Path, *, table: str | None = None, block_bytes: int = 1 << 24):
        self.path = path
        self.name = path.name
        self.size = path.stat().st_size
        self.sha256: str | None = None
        self._rows_at_once = max(1, min(_ROWS, block_bytes // 256))
        database = self._open()
        try:
            tables = self._tables(database)
            self._table = self._choose(tables, table)
            names = tables[self._table]
            self._geometry = self._points(database, names)
            self._rows = self._one(database, f"SELECT count(*) FROM {_quoted(self._table)}")
        except _BROKEN:
            raise self._damaged() from None
        finally:
            database.close()
        self._names = [name for name in names if name != self._geometry]
        self.columns = (*self._names, *(("lat", "lon") if self._geometry else ()))
        self.has_header, self.width, self.head = True, len(self.columns), []
        if not self._rows:
            raise InputError(f"{path}: the table has no rows")
        kind = "GeoPackage" if self._geometry else "SQLite"
        chosen = "named by the user" if table else "the only one that can hold sightings"
        self.notes = [f"{kind}; table {shown_name(self._table)!r}, {chosen}"]

    def digest(self) -> str:
        """Give the SHA-256 of the file."""
        if self.sha256 is None:
            self.sha256 = hash_file(self.path)
        return self.sha256

    def chunks(self, wanted: Sequence[int]) -> Iterator[Chunk]:
        """Yield the rows, some at a time."""
        names = {position: self.columns[position] for position in wanted}
        places = self._geometry and {"lat", "lon"} & set(names.values())
        stored = [name for name in dict.fromkeys(names.values()) if name in self._names]
        selected = [*stored, *([self._geometry] if places else [])]
        # Without a column there is still a row.
        listed = ", ".join(map(_quoted, selected)) or "NULL"
        row = 0
        database = self._open()
        try:
            cursor = database.execute(f"SELECT {listed} FROM {_quoted(self._table)}")
            for rows in self._batches(cursor):
                columns = dict(zip(selected, zip(*rows, strict=True), strict=False))
                if places:
                    points = [read_point(cell) for cell in columns[self._geometry]]
                    columns["lon"] = [point[0] for point in points]
                    columns["lat"] = [point[1] for point in points]
                arrays: dict[int, pa.Array] = {}
                undecodable = {}
                for position, name in names.items():
                    texts, bad = _texts(columns[name])
                    arrays[position], worse = text_column(texts)
                    if bad.any() or worse is not None:
                        undecodable[position] = bad if worse is None else bad | worse
                count = len(rows)
                lines = np.arange(row + 1, row + 1 + count, dtype=np.int64)
                row += count
                done = self.size * row // self._rows
                offsets = np.full(count, -1, np.int64)
                yield Chunk(arrays, lines, offsets, undecodable=undecodable, done=done)
        except _BROKEN:
            raise self._damaged() from None
        finally:
            database.close()
        self.digest()

    def _batches(self, cursor: sqlite3.Cursor) -> Iterator[list[tuple]]:
        """Yield some rows at a time, fewer where their texts are long."""
        rows: list[tuple] = []
        held = 0
        for row in cursor:
            rows.append(row)
            for cell in row:
                if type(cell) is bytes:
                    held += len(cell)
            if len(rows) == self._rows_at_once or held > _BATCH_BYTES:
                yield rows
                rows, held = [], 0
        if rows:
            yield rows

    def _open(self) -> sqlite3.Connection:
        beside = self.path.with_name(self.path.name + "-wal")
        if beside.exists() and beside.stat().st_size:
            raise InputError(
                f"{self.path}: another program has not finished writing it (a -wal file lies "
                "beside it); close that program, or export the table as CSV"
            )
        try:
            # Immutable: no lock, no journal, nothing written beside it.
            database = sqlite3.connect(
                f"file:{quote(str(self.path.resolve()))}?mode=ro&immutable=1", uri=True
            )
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 16 * MAX_RECORD)
            database.execute("PRAGMA trusted_schema=OFF")
            database.execute("PRAGMA cell_size_check=ON")
            # Text is decoded here, so that a broken one is a fault of its row.
            database.text_factory = bytes
        except _BROKEN:
            raise self._damaged() from None
        return database

    def _damaged(self) -> InputError:
        return InputError(f"{self.path}: the database is damaged or encrypted")

    @staticmethod
    def _one(database: sqlite3.Connection, query: str, *values: Any) -> Any:
        row = database.execute(query, values).fetchone()
        return None if row is None else row[0]

    def _tables(self, database: sqlite3.Connection) -> dict[str, list[str]]:
        # Views and virtual tables would run what the file says; only tables hold rows.
        found = database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
            "ESCAPE '\\' AND name NOT LIKE 'gpkg\\_%' ESCAPE '\\' AND name NOT LIKE 'rtree\\_%' "
            "ESCAPE '\\' AND upper(ltrim(sql)) NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
        ).fetchall()
        tables = {}
        for (raw,) in found[:1_000]:
            name = raw.decode("utf-8", "replace")
            info = database.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
            tables[name] = [column[1].decode("utf-8", "replace") for column in info]
        if not tables:
            raise InputError(f"{self.path}: the database has no tables")
        return tables

    def _choose(self, tables: dict[str, list[str]], named: str | None) -> str:
        listed = shown_names(list(tables))
        if named is not None:
            if named not in tables:
                raise InputError(f"{self.path}: there is no table {named!r}; it has {listed}")
            return named
        if len(tables) == 1:
            return next(iter(tables))
        likely = [
            name for name, columns in tables.items()
            if {header_word(c) for c in columns} & _PLATES
            and {header_word(c) for c in columns} & _TIMES
        ]  # fmt: skip
        if len(likely) == 1:
            return likely[0]
        raise AmbiguousInputError(
            f"{self.path}: which table holds the sightings? It has {listed}; "
            f"say it, for example --table {shown_name((likely or list(tables))[0])}"
        )

    def _points(self, database: sqlite3.Connection, names: list[str]) -> str | None:
        known = self._one(
            database,
            "SELECT count(*) FROM sqlite_schema WHERE name = 'gpkg_geometry_columns'",
        )
        if not known:
            return None
        row = database.execute(
            "SELECT column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns "
            "WHERE table_name = ?", (self._table,),
        ).fetchone()  # fmt: skip
        if row is None:
            return None
        column, kind, system = row[0].decode(), row[1].decode().upper(), row[2]
        if column not in names:
            return None
        if kind not in ("POINT", "GEOMETRY"):
            raise InputError(f"{self.path}: the places are not points but of the kind {kind}")
        if system not in _DEGREES:
            raise InputError(
                f"{self.path}: positions are in EPSG:{system}; reproject the file to EPSG:4326"
            )
        return column


def read_point(cell: Any) -> tuple[str | None, str | None]:
    """Read a point of a GeoPackage: longitude and latitude as texts, None where there is none.

    Examples
    --------
    >>> header = b"GP" + bytes([0, 1]) + (4326).to_bytes(4, "little")
    >>> read_point(header + b"\x01" + struct.pack("<Idd", 1, 69.2, 41.3))
    ('69.2', '41.3')
    """  # noqa: D301
    if not isinstance(cell, bytes) or len(cell) < 8 or cell[:2] != b"GP":
        return None, None
    flags = cell[3]
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}.get(flags >> 1 & 7)
    if envelope is None or flags & 0x10:
        return None, None
    shape = cell[8 + envelope :]
    if len(shape) < 21:
        return None, None
    order = "<" if shape[0] == 1 else ">"
    kind, x, y = struct.unpack(order + "Idd", shape[1:21])
    if kind % 1_000 != 1 or x != x or y != y:
        return None, None
    return repr(x), repr(y)


def _texts(cells: Sequence[Any]) -> tuple[list[str | None], np.ndarray]:
    bad = np.zeros(len(cells), bool)
    texts: list[str | None] = []
    for row, cell in enumerate(cells):
        if isinstance(cell, bytes):
            try:
                texts.append(cell.decode().strip())
            except UnicodeDecodeError:
                bad[row] = True
                texts.append(None)
        else:
            texts.append(text_of(cell))
    return texts, bad


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
