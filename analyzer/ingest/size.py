"""How many rows files hold, by their sizes and beginnings, without reading them."""

from __future__ import annotations

import glob
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.ingest.streams import ByteStream, Place, size_of

HEAD_BYTES = 1 << 18
LOOKED_AT_BYTES = 1 << 22
"""How much of the beginning of a file is looked at before work on it is predicted."""

PACKED_ROW_BYTES = 25
"""What a row of packed text takes, more or less."""

OTHER_ROW_BYTES = 150
"""What a record takes in formats that are neither lines of text nor Parquet."""

_PACKED = (".gz", ".zip", ".xz", ".zst", ".xlsx")
_LINES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", "")
_UNPACKED_ONE_BY_ONE = (".gz", ".xz", ".zst", ".bz2")
_KINDS = {".csv": "csv", ".tsv": "csv", ".psv": "csv", ".txt": "csv", "": "csv",
          ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}  # fmt: skip
_TABLES = (".csv", ".tsv", ".psv")
"""What is a table for certain; other text may be blocks of several lines an event."""


@dataclass(frozen=True)
class FileSize:
    """What can be said of a file without reading it.

    Attributes
    ----------
    ending : str
        How its name ends, in small letters.
    kind : str
        ``csv``, ``jsonl``, ``parquet``; ``other`` where rows show only in reading.
    bytes : int
        Its size as it lies there.
    rows : int or None
        How many rows it holds; None where that shows only in reading.
    exact : bool
        Whether they were counted.
    unpacked : int
        Bytes of text that come out of it, about; its size where it is not packed.
    """

    ending: str
    kind: str
    bytes: int
    rows: int | None
    exact: bool
    unpacked: int


def look_at_file(place: Place) -> FileSize:
    """Say how many rows a file holds: from its metadata, or the mean length of its first lines.

    Parameters
    ----------
    place : Place
        A file, or a member of an archive, whose first four megabytes are unpacked.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    name = Path(place.name if isinstance(place, Path) else place.entry)
    ending = name.suffix.lower()
    size = size_of(place) if not isinstance(place, Path) or place.is_file() else 0
    inner = Path(name.stem).suffix.lower() if ending in _UNPACKED_ONE_BY_ONE else ending
    kind = _KINDS.get(inner, "other")
    unknown = FileSize(ending, "other", size, None, False, size)
    if kind == "parquet":
        rows = _rows_of_parquet(place) if ending == ".parquet" and isinstance(place, Path) else None
        return unknown if rows is None else FileSize(ending, kind, size, rows, True, size)
    if kind == "other":
        return unknown
    head, done = _beginning(place)
    if not head:
        return FileSize(ending, kind, size, 0, True, 0)
    whole = done >= size
    if inner not in _TABLES and kind == "csv" and not _is_table(head):
        return unknown
    lines = head.count(b"\n")
    if whole:
        lines += not head.endswith(b"\n")
    if not lines:
        return unknown
    unpacked = len(head) if whole else round(len(head) * size / done)
    rows = lines if whole else round(unpacked / len(head) * lines)
    # A table begins with its header.
    rows = max(rows - (kind == "csv"), 0)
    return FileSize(ending, kind, size, rows, False, unpacked)


def _beginning(place: Place) -> tuple[bytes, int]:
    """Give the first bytes, unpacked, and how many of the file they were."""
    stream = ByteStream(place)
    blocks = stream.blocks(LOOKED_AT_BYTES)
    try:
        head = next(blocks, b"")
        # A last block that is shorter shows that there is no more.
        return head, size_of(place) if len(head) < LOOKED_AT_BYTES else stream.done
    finally:
        blocks.close()


def _is_table(head: bytes) -> bool:
    lines = head.decode("latin-1").splitlines()[:20]
    lines = lines[:-1] or lines
    return any(min(line.count(mark) for line in lines) > 0 for mark in ",;\t|")


def _rows_of_parquet(path: Path) -> int | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_metadata(path).num_rows
    except (OSError, pa.ArrowException):
        return None


def describe_unknown(files: Sequence[FileSize]) -> list[str]:
    """Name files whose rows show only in reading, by their endings.

    Examples
    --------
    >>> describe_unknown([FileSize(".xml", "other", 31_000_000, None, False, 31_000_000)])
    ['1 file of .xml (31 MB)']
    """
    endings: dict[str, list[FileSize]] = {}
    for file in files:
        if file.rows is None:
            endings.setdefault(file.ending or "no ending", []).append(file)
    return [
        f"{len(some)} file{'' if len(some) == 1 else 's'} of {ending} "
        f"({size_text(sum(file.bytes for file in some))})"
        for ending, some in sorted(endings.items())
    ]


def size_text(size: float) -> str:
    """Say a number of bytes in a unit that one can imagine.

    Examples
    --------
    >>> size_text(31_000_000), size_text(1_110_000_000), size_text(900)
    ('31 MB', '1.1 GB', '1 KB')
    """
    if size >= 1e9:
        return f"{size / 1e9:,.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{math.ceil(size / 1e3)} KB"


def estimate_rows(paths: Sequence[str]) -> int:
    """Guess how many rows there are in files.

    Parameters
    ----------
    paths : sequence of str
        Files and globs; what is not there counts nothing.

    Returns
    -------
    int
        Rows; exact for Parquet, else from the mean length of the first lines.

    Examples
    --------
    >>> estimate_rows(["no/such/file.csv"])
    0
    """
    found = [Path(name) for text in paths for name in (glob.glob(str(text)) or [str(text)])]
    return sum(_rows_of(path) for path in found if path.is_file())


def _rows_of(path: Path) -> int:
    size = path.stat().st_size
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return _rows_of_parquet(path) or 0
    if suffix in _PACKED:
        return size // PACKED_ROW_BYTES
    if suffix not in _LINES:
        return size // OTHER_ROW_BYTES
    with open(path, "rb") as file:
        head = os.read(file.fileno(), HEAD_BYTES)
    lines = head.count(b"\n")
    return round(size / len(head) * lines) if lines else min(size, 1)
