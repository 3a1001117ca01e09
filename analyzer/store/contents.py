"""What parts hold, where no manifest tells it: how many rows, since when, which codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyzer.engine.base import Broadcast, Part
from analyzer.engine.local import LocalEngine
from analyzer.schema import Rows


def rows_and_ends(parts: Sequence[Part]) -> tuple[int, tuple[int, int] | None]:
    """Count the rows of parts with ``seen_at``, and find their first and last instant (ms, UTC).

    Returns
    -------
    rows : int
    ends : (int, int) or None
        None if there are no rows.
    """
    found = [rows for rows in LocalEngine().map(parts, _ends_of_part) if rows["rows"][0]]
    if not found:
        return 0, None
    first, last = min(int(r["first"][0]) for r in found), max(int(r["last"][0]) for r in found)
    return sum(int(r["rows"][0]) for r in found), (first, last)


def codes_in(parts: Sequence[Part], column: str) -> np.ndarray:
    """List the codes that stand in a column of parts, ascending."""
    found = LocalEngine().map(parts, _codes_of_part, {"column": column})
    return np.unique(np.concatenate([rows[column] for rows in found]))


def _ends_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    times = rows["seen_at"]
    return {
        "rows": np.array([len(times)]),
        "first": times.min(keepdims=True) if len(times) else np.zeros(1, np.int64),
        "last": times.max(keepdims=True) if len(times) else np.zeros(1, np.int64),
    }


def _codes_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    column = broadcast["column"]
    return {column: np.unique(rows[column])}
