"""Writing one part of a store: its columns completed, repeats merged, its file written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.sealing import Seal, encryption
from analyzer.schema import CORE, DTYPES, FRAMES, LABELS, MISSING, Rows, n_rows, take

GROUP_ROWS = 1 << 15
"""Rows of one group within a part: as many are read to show one vehicle."""


@dataclass(frozen=True)
class WrittenPart:
    """What is known of a part that was written.

    Attributes
    ----------
    entry : dict
        What the manifest says of it.
    cameras : list of int
        Codes of the cameras in it.
    vehicles : int
        How many vehicles it holds; a vehicle is in one part only.
    """

    entry: dict[str, Any]
    cameras: list[int]
    vehicles: int


def complete_rows(rows: Rows, columns: Sequence[str]) -> Rows:
    """Give the columns in their order and types; what is not there is missing in each row.

    Examples
    --------
    >>> complete_rows({"vehicle": np.array([1, 2])}, ["vehicle", "make"])["make"].tolist()
    [-1, -1]
    """
    return {
        name: np.asarray(rows[name], DTYPES[name]) if name in rows else missing(name, n_rows(rows))
        for name in columns
    }


def missing(name: str, count: int) -> np.ndarray:
    """Give what stands in a column of which nothing is known."""
    if name in LABELS:
        return np.full(count, MISSING, DTYPES[name])
    if name == "confidence":
        return np.full(count, np.nan, DTYPES[name])
    if name == "file":
        return np.zeros(count, DTYPES[name])
    if name == FRAMES:
        return np.ones(count, DTYPES[name])
    raise KeyError(name)


def merge_rows(
    rows: Rows, into: np.ndarray, reason: np.ndarray
) -> tuple[Rows, Counter[tuple[int, int]]]:
    """Merge rows into others; give those that stay, and count the others by file and reason."""
    gone = into != np.arange(len(into))
    if not gone.any():
        return rows, Counter()
    counted = Counter(zip(rows["file"][gone].tolist(), reason[gone].tolist(), strict=True))
    frames = np.bincount(into, rows.get(FRAMES), minlength=len(into))
    rows = take(rows, ~gone)
    return {**rows, FRAMES: frames[~gone].astype(DTYPES[FRAMES])}, counted


def has_repeats(rows: Rows) -> bool:
    """Say whether any row stands for more than one."""
    return bool(n_rows(rows) and FRAMES in rows and rows[FRAMES].max() > 1)


def write_part(
    folder: Path, number: int, rows: Rows, columns: Sequence[str], seal: Seal | None = None
) -> WrittenPart:
    """Write the sorted rows of a part into the folder of a generation."""
    if not n_rows(rows):
        rows = {name: np.empty(0, DTYPES[name]) for name in columns}
    name = f"part-{number:05d}.parquet"
    write_part_file(folder / name, rows, columns, seal)
    times = rows["seen_at"]
    entry = {
        "file": name,
        "rows": n_rows(rows),
        "first_seen_ms": int(times.min()) if len(times) else None,
        "last_seen_ms": int(times.max()) if len(times) else None,
    }
    cameras = np.flatnonzero(np.bincount(rows["camera"])).tolist()
    vehicles = int(np.count_nonzero(np.diff(rows["vehicle"]))) + bool(len(times))
    return WrittenPart(entry, cameras, vehicles)


def write_part_file(
    path: Path, rows: Rows, columns: Sequence[str], seal: Seal | None = None
) -> None:
    """Write columns as the file of a part."""
    arrays = {}
    for column in columns:
        array = pa.array(rows[column])
        arrays[column] = (
            array.cast(pa.timestamp("ms", tz="UTC")) if column == "seen_at" else array
        )
    pq.write_table(
        pa.table(arrays),
        path,
        compression="zstd",
        use_dictionary=[column for column in columns if column not in CORE],
        column_encoding={
            "vehicle": "DELTA_BINARY_PACKED",
            "seen_at": "DELTA_BINARY_PACKED",
            "camera": "PLAIN",
        },
        row_group_size=GROUP_ROWS,
        write_page_checksum=True,
        **encryption(seal, path),
    )
