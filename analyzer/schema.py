"""The columns of a sighting: their names, types and units, inside and outside the store.

Inside, a sighting is a row of integers: vehicle and camera are codes, ``seen_at`` is milliseconds
since 1970 in UTC, and every attribute is the number of its label. Outside (in frames and files) the
same columns hold names and time stamps.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

Rows: TypeAlias = dict[str, np.ndarray]
"""Columns of equal length by name."""

MISSING = -1
"""Code of a label that is not known."""

SYNTHETIC = "synthetic"
"""Name of the column by which made data say what they are, wherever the file is carried to."""

CORE = ("vehicle", "seen_at", "camera")
LABELS = (
    "direction",
    "make",
    "model",
    "color",
    "body_type",
    "seat_belt",
    "driver_appearance",
)
MEASURES = ("confidence",)
OPTIONAL = MEASURES + LABELS
ATTRIBUTES = LABELS[1:]
"""What a sighting tells about the vehicle and its driver (the direction belongs to the camera)."""

FRAMES = "frames"
"""How many input rows became this sighting: exact repeats and repeat frames merge into the first.

1 where nothing merged. The column is there only if some sighting has more, so that what counts
visits before merging can ask for it, and data without repeats does not carry it. Over a store that
the reader wrote, it adds up to the rows read less those rejected; updates of one event (a vendor's
record sent again, fuller) are one row.
"""

DTYPES = {
    "vehicle": np.dtype(np.int32),
    "seen_at": np.dtype(np.int64),
    "camera": np.dtype(np.int32),
    "file": np.dtype(np.int16),
    "confidence": np.dtype(np.float32),
    **{label: np.dtype(np.int32) for label in LABELS},
    FRAMES: np.dtype(np.int32),
}


def n_rows(rows: Rows) -> int:
    """Count the rows of a set of columns.

    Examples
    --------
    >>> n_rows({"vehicle": np.arange(3)})
    3
    """
    return len(next(iter(rows.values()))) if rows else 0


def concatenate(frames: list[Rows]) -> Rows:
    """Lay rows under each other, in the order given.

    Examples
    --------
    >>> concatenate([{"a": np.array([1])}, {"a": np.array([2])}])["a"].tolist()
    [1, 2]
    """
    if not frames:
        return {}
    return {name: np.concatenate([rows[name] for rows in frames]) for name in frames[0]}


def take(rows: Rows, index: np.ndarray) -> Rows:
    """Select rows by position or by mask, in every column.

    Examples
    --------
    >>> take({"a": np.array([5, 6, 7])}, np.array([2, 0]))["a"].tolist()
    [7, 5]
    """
    return {name: column[index] for name, column in rows.items()}
