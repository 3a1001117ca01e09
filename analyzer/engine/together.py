"""Parts that are worked on together: what is made of each is small, and one index serves them all.

Work that looks every target up in every part costs targets times parts, and both grow with the
data. Where a part's rows shrink to a few bytes each before they are looked through, many parts fit
into memory at once, and the number of look-ups falls with the number of groups.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyzer.engine.base import (
    Broadcast,
    DerivedPart,
    Engine,
    Part,
    PartFunction,
    bytes_of,
    is_sealed,
)
from analyzer.schema import Rows

SHARE_OF_GROUPS = 4
"""Rows of the groups that are worked on at once take, as they are stored, one part in so many of
the memory; what is made of them, with an index of it, takes about as much."""


class PartsTogether:
    """Several parts as one: what a function makes of each of them, one behind the other."""

    def __init__(self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast):
        self._parts = list(parts)
        self._function = function
        self._broadcast = broadcast

    @property
    def sealed(self) -> bool:
        """Whether some of the rows come from an encrypted store."""
        return any(is_sealed(part) for part in self._parts)

    @property
    def bytes_held(self) -> int:
        """What the rows of one part take in memory: they are read one part after the other."""
        return max(map(bytes_of, self._parts), default=0)

    def load(self) -> Rows:
        """Make the rows, part by part."""
        made = [dict(self._function(part.load(), self._broadcast)) for part in self._parts]
        # Column by column: what stands together is not held a second time.
        return {name: np.concatenate([rows.pop(name) for rows in made]) for name in list(made[0])}


def together(
    engine: Engine, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast
) -> list[Part]:
    """Group parts, so that as few groups as memory allows hold what a function makes of them all.

    Parameters
    ----------
    engine : Engine
        Where the groups will be worked on. Where workers have a memory of their own, each part
        stays by itself.
    parts : sequence of Part
        What is grouped.
    function : callable
        Module-level; makes of a part's rows what is worked on, which takes at most half as much.
    broadcast : mapping
        What the function needs.

    Returns
    -------
    list of Part
        Together they hold what the function makes of all parts, each part's in one of them. There
        are as many as are worked on at once, or a multiple of it.

    Examples
    --------
    >>> import numpy as np
    >>> from analyzer.engine import RowsPart, get_engine
    >>> parts = [RowsPart({"a": np.array([n, n])}) for n in range(9)]
    >>> def once(rows, broadcast):
    ...     return {"a": rows["a"][:1]}
    >>> groups = together(get_engine(), parts, once, {})
    >>> len(groups) <= 9, sorted(int(a) for group in groups for a in group.load()["a"])
    (True, [0, 1, 2, 3, 4, 5, 6, 7, 8])
    """
    threads = engine.resources.at_once
    if threads is None:
        return [DerivedPart(part, function, broadcast, keep=0) for part in parts]
    room = max(engine.resources.memory // SHARE_OF_GROUPS // threads, 1)
    # A part of which nobody knows the size may be as large as a whole group.
    needed = -(-sum(bytes_of(part) or room for part in parts) // room)
    count = min(-(-needed // threads) * threads, len(parts))
    return [PartsTogether(parts[first::count], function, broadcast) for first in range(count)]
