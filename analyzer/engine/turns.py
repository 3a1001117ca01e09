"""Results of many parts that are brought together a few at a time, so that few of them are held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from analyzer.engine.base import Broadcast, Engine, Part, PartFunction
from analyzer.schema import Rows

SHARE_OF_RESULTS = 8
"""What share of the memory results take that wait to be brought together."""

FEWEST = 4
"""Fewer parts in a turn would leave processors idle."""


def map_in_turns(
    engine: Engine,
    parts: Sequence[Part],
    function: PartFunction,
    broadcast: Broadcast | None = None,
    *,
    bytes_each: int,
) -> Iterator[Rows]:
    """Apply a function to each part, and give the results in order, few of them at once.

    Parameters
    ----------
    engine : Engine
        Where the parts are worked on.
    parts, function, broadcast
        As `Engine.map` takes them.
    bytes_each : int
        What the result of one part takes.

    Examples
    --------
    >>> import numpy as np
    >>> from analyzer.engine import RowsPart, get_engine
    >>> parts = [RowsPart({"a": np.array([n])}) for n in range(9)]
    >>> def double(rows, broadcast):
    ...     return {"a": 2 * rows["a"]}
    >>> doubled = map_in_turns(get_engine(memory="100MB"), parts, double, bytes_each=10**7)
    >>> [int(rows["a"][0]) for rows in doubled]
    [0, 2, 4, 6, 8, 10, 12, 14, 16]
    """
    at_once = max(engine.resources.memory // SHARE_OF_RESULTS // max(bytes_each, 1), FEWEST)
    for first in range(0, len(parts), at_once):
        yield from engine.map(parts[first : first + at_once], function, broadcast)


def add_in_turns(
    engine: Engine,
    parts: Sequence[Part],
    function: PartFunction,
    broadcast: Broadcast | None = None,
    *,
    columns: Sequence[str],
    rows: int,
    dtype: np.dtype | type,
) -> np.ndarray:
    """Add up the counts that all parts give of the same things, few of them held at once.

    Parameters
    ----------
    engine, parts, function, broadcast
        As for `map_in_turns`.
    columns : sequence of str
        Columns to add up, each of `rows` counts.
    rows : int
        How many things are counted.
    dtype : numpy dtype
        Of the counts of one part.

    Returns
    -------
    numpy.ndarray of int64, shape (rows, columns)

    Examples
    --------
    >>> from analyzer.engine import RowsPart, get_engine
    >>> parts = [RowsPart({"a": np.array([n, 1], np.uint8)}) for n in range(9)]
    >>> def same(rows, broadcast):
    ...     return rows
    >>> add_in_turns(get_engine(), parts, same, columns=["a"], rows=2, dtype=np.uint8).tolist()
    [[36], [9]]
    """
    totals = np.zeros((rows, len(columns)), np.int64)
    each = totals.size * np.dtype(dtype).itemsize
    for counts in map_in_turns(engine, parts, function, broadcast, bytes_each=each):
        for at, column in enumerate(columns):
            totals[:, at] += counts[column]
    return totals
