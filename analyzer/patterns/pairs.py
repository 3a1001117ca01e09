"""Pairs of vehicles: what is asked of them, and the joint journeys that each of them made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Terms:
    """What is asked for: times in ms, and how many cameras make a joint journey."""

    within: int
    max_gap: int
    min_cameras: int


@dataclass(frozen=True)
class Pairs:
    """Pairs by code, sorted; with each pair's joint journeys by cell and level of closeness.

    Attributes
    ----------
    a, b : numpy.ndarray of int64, shape (pairs,)
        Vehicle codes, a < b.
    starts : numpy.ndarray of int64, shape (pairs + 1,)
        Where each pair's journeys begin; pairs that met in shifted data only have none.
    cells, levels : numpy.ndarray of int, shape (journeys,)
        The cell in which each journey began (`traffic.cell_of`), and its level.
    """

    a: np.ndarray
    b: np.ndarray
    starts: np.ndarray
    cells: np.ndarray
    levels: np.ndarray

    def __len__(self) -> int:
        return len(self.a)

    @cached_property
    def journeys(self) -> np.ndarray:
        """Joint journeys of each pair."""
        return np.diff(self.starts)

    def reaching(self, level: int) -> np.ndarray:
        """Count each pair's joint journeys of a level or a higher one."""
        return np.diff(np.append(0, np.cumsum(self.levels >= level))[self.starts])

    def take(self, chosen: np.ndarray) -> Pairs:
        """Select pairs, given by position in increasing order."""
        lengths = self.journeys[chosen]
        starts = np.append(0, np.cumsum(lengths))
        rows = np.repeat(self.starts[chosen] - starts[:-1], lengths) + np.arange(starts[-1])
        return Pairs(
            self.a[chosen], self.b[chosen], starts, self.cells[rows], self.levels[rows]
        )
