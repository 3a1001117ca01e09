"""Profiles of many pseudonyms, made group by group, so that few of them are held at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from analyzer.engine import Engine
from analyzer.risk.profiles import (
    ENTRIES_A_KEY,
    Counts,
    Profiles,
    Pseudonyms,
    cut_profiles,
)

BYTES_AN_ENTRY = 200
"""Of the memory allowed, for each entry of a group. Weighing and listing a group takes a third of
it; counts of two periods and the queries need the rest."""

LEAST_ENTRIES = 100_000
"""Smaller groups save nothing: what is kept for each feature outweighs them."""


class ProfileGroups:
    """Profiles of some pseudonyms, in their order, made when they are looked at.

    Iterating gives `Profiles` of one group after the other; they may be gone through again.

    Parameters
    ----------
    counts : Counts
        From which profiles are cut.
    wanted : numpy.ndarray of bool, shape (hours,)
        Hours that are looked at.
    grain : int
        A grain of `analyzer.risk.profiles`.
    pseudonyms : Pseudonyms
        All of them, in their order.
    most : int
        Entries of a group; it may have more by those of one pseudonym, since none is cut.

    Examples
    --------
    >>> from analyzer.risk.profiles import PLACE, gather_counts, order_pseudonyms
    >>> rows = {"vehicle": [0, 1, 1], "key": [2, 3, 27], "count": [1, 1, 3]}
    >>> rows = {name: np.array(column, np.int32) for name, column in rows.items()}
    >>> counts, day = gather_counts([rows], first_hour=0, hours=24), np.ones(24, bool)
    >>> pseudonyms = order_pseudonyms(counts, day, period=0, seed=0)
    >>> groups = ProfileGroups(counts, day, PLACE, pseudonyms, most=2)
    >>> [group.features.tolist() for group in groups]
    [[0], [0, 1]]
    """

    def __init__(
        self, counts: Counts, wanted: np.ndarray, grain: int, pseudonyms: Pseudonyms, most: int
    ):
        self._counts = counts
        self._wanted = wanted
        self._grain = grain
        self._pseudonyms = pseudonyms
        entries = np.cumsum(pseudonyms.keys * ENTRIES_A_KEY.get(grain, 1))
        number = (entries - 1) // most
        borders = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
        self._slices = [slice(first, last) for first, last in pairwise(borders.tolist())]
        self._only: Profiles | None = None

    @property
    def vehicles(self) -> np.ndarray:
        """Whose pseudonyms they are: the answers, which no matcher is given."""
        return self._pseudonyms.vehicles

    @property
    def is_one_group(self) -> bool:
        """Whether all of them are held at once."""
        return len(self._slices) <= 1

    def __iter__(self) -> Iterator[Profiles]:
        if not self.is_one_group:
            for which in self._slices:
                yield self.pick(which)
            return
        # One group is asked for again and again, and fits into memory.
        if self._only is None:
            self._only = self.pick(slice(None))
        yield self._only

    def pick(self, which: np.ndarray | slice) -> Profiles:
        """Make the profiles of some of the pseudonyms alone."""
        return cut_profiles(self._counts, self._wanted, self._grain, self._pseudonyms.take(which))


def entries_at_once(engine: Engine) -> int:
    """Say how many entries of profiles fit into what an engine may hold."""
    return max(engine.resources.memory // BYTES_AN_ENTRY, LEAST_ENTRIES)
