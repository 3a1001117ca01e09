"""Rows that wait on disk: bucketed spill files in Arrow's format, in a private temporary folder.

Only integer codes and pseudonymous values are ever written here; plates stop at the reader. Rows of
an encrypted store wait in encrypted files, whose key is made for them and lives in memory only.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.base import reduce_rows, sort_rows
from analyzer.engine.full_disk import saying_where_disk_is_full
from analyzer.engine.scratch import ScratchFolder, remove_abandoned
from analyzer.engine.sealing import Seal, decryption, encryption
from analyzer.errors import EngineError, StoreError, UsageError
from analyzer.schema import Rows, n_rows

_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?\s*", re.IGNORECASE)

LEAST_BARE = 1_000_000
"""An amount without a unit is taken as bytes from so many on; what is less was meant otherwise."""


def parse_memory(value: str | int) -> int:
    """Turn an amount of memory into bytes.

    Raises
    ------
    UsageError
        If the text is not an amount of memory, or a small number without a unit: "2" meant 2 GB.

    Examples
    --------
    >>> parse_memory("2GB"), parse_memory("512MB")
    (2000000000, 512000000)
    """
    # A truth value is a number to Python, and no amount.
    size = value if isinstance(value, int) and not isinstance(value, bool) else 0
    match = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        if not value.strip()[-1].isalpha():
            _refuse_bare(value, float(match.group(1)))
        size = round(float(match.group(1)) * 1_000 ** " KMGT".index(match.group(2).upper() or " "))
    if size <= 0:
        raise UsageError(f"memory {value!r} is not an amount; write for example '2GB' or '512MB'")
    return size


def refuse_small_number(value: str | int | None) -> None:
    """Refuse a small whole number that a user gives as memory: 5 meant 5 GB.

    `parse_memory` takes it for bytes: an engine may be made with so few to see it spill.

    Raises
    ------
    UsageError
        If it is one.

    Examples
    --------
    >>> refuse_small_number(5)
    Traceback (most recent call last):
    ...
    analyzer.errors.UsageError: memory 5 has no unit and would be 5 bytes; write 5GB or 5MB
    """
    if isinstance(value, int) and not isinstance(value, bool):
        _refuse_bare(value, value)


def _refuse_bare(value: str | int, size: float) -> None:
    if 0 < size < LEAST_BARE:
        number = str(value).strip()
        raise UsageError(
            f"memory {value!r} has no unit and would be {number} bytes; write {number}GB or "
            f"{number}MB"
        )


def to_table(rows: Rows) -> pa.Table:
    """Wrap columns as an Arrow table without copying."""
    return pa.table({name: pa.array(column) for name, column in rows.items()})


def to_rows(table: pa.Table) -> Rows:
    """Unwrap an Arrow table into columns."""
    return {name: table.column(name).to_numpy() for name in table.column_names}


def _read(path: Path, seal: Seal | None) -> Rows:
    if seal is None:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            return to_rows(reader.read_all())
    with pa.OSFile(str(path)) as file, pq.ParquetFile(file, **decryption(seal, path)) as reader:
        return to_rows(reader.read(use_threads=False))


class SpilledPart:
    """A part whose rows lie in a spill file; sorted by every column when it is loaded."""

    def __init__(self, path: Path, owner: object = None, seal: Seal | None = None):
        self._path = path
        self._owner = owner
        self._seal = seal

    @property
    def sealed(self) -> bool:
        """Whether the rows come from an encrypted store."""
        return self._seal is not None

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory: they lie in the file as they are."""
        return self._path.stat().st_size

    def load(self) -> Rows:
        """Read the rows back."""
        rows = _read(self._path, self._seal)
        return sort_rows(rows, list(rows))

    def __getstate__(self) -> dict[str, object]:
        if self._seal is not None:
            raise StoreError(
                "the store is encrypted, and its key stays in this process: an engine that sends "
                "parts to other processes cannot read it; use engine='local'"
            )
        return {"_path": self._path, "_owner": None, "_seal": None}


class Spill:
    """A folder of spill files, one a bucket, which goes when it is no longer used."""

    def __init__(self, buckets: int, folder: Path | None = None, *, sealed: bool = False):
        self._seal = Seal.new() if sealed else None
        # Rows of vehicles that killed runs left: nothing to be left lying, or to take the room.
        remove_abandoned(folder)
        self._folder = ScratchFolder("platerisk-", folder)
        self._writers: list[pa.ipc.RecordBatchStreamWriter | pq.ParquetWriter | None] = [
            None
        ] * buckets

    def _path(self, bucket: int) -> Path:
        return self._folder.path / f"bucket-{bucket:05d}.arrows"

    def append(self, bucket: int, frames: list[Rows]) -> None:
        """Write rows to a bucket's file."""
        rows = reduce_rows(frames) if frames else {}
        if not n_rows(rows):
            return
        table = to_table(rows)
        with self._saying_where():
            if self._writers[bucket] is None:
                self._writers[bucket] = self._writer(self._path(bucket), table.schema)
            self._writers[bucket].write_table(table)

    def _saying_where(self) -> AbstractContextManager[None]:
        return saying_where_disk_is_full(
            self._folder.path.parent,
            "what does not fit into memory waits there",
            "free some, name another folder with TMPDIR, or allow more with --memory",
        )

    def _writer(self, path: Path, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        if self._seal is None:
            return pa.ipc.new_stream(str(path), schema)
        return pq.ParquetWriter(
            path, schema, compression="none", use_dictionary=False, write_statistics=False,
            **encryption(self._seal, path),
        )  # fmt: skip

    def close(self) -> None:
        """End the files, so that they can be read."""
        with self._saying_where():
            for writer in self._writers:
                if writer is not None:
                    writer.close()

    def parts(self) -> Iterator[SpilledPart]:
        """Give the buckets that hold rows, as parts; the folder lives as long as one of them."""
        self.close()
        for bucket, writer in enumerate(self._writers):
            if writer is not None:
                yield SpilledPart(self._path(bucket), owner=self._folder, seal=self._seal)

    def rows(self, bucket: int) -> Rows:
        """Read a bucket's rows in the order in which they were written; {} if there are none."""
        if self._writers[bucket] is None:
            return {}
        return _read(self._path(bucket), self._seal)

    def drop(self, bucket: int) -> None:
        """Remove a bucket's file."""
        self._path(bucket).unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove everything."""
        # On a full disk files cannot be ended; they go all the same.
        with contextlib.suppress(OSError, EngineError):
            self.close()
        self._folder.remove()
