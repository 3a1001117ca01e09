"""Shown rows: of how many vehicles the sightings are that one window shows and another does not.

The share that one window shows more than a shorter one is of the vehicles that were seen on the
days between. Where these are few, the two shares would tell of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.estimate import some_but_few
from analyzer.policy.setting import STRETCHES
from analyzer.risk.points import local_times
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

EVERYTHING = 2**31
"""Days that stand for all of the data."""


@dataclass(frozen=True)
class ShownRows:
    """Of how many vehicles the sightings are that one window shows and a shorter one does not.

    Attributes
    ----------
    usual : dict of int to int
        Between the windows that all documents of one store show: by days, the vehicles seen on the
        days that this window shows and the one before it does not; under `EVERYTHING`, those seen
        on the days that none shows. Of the leak before which they are most.
    every : dict of int to int
        The same between all windows that are looked at.
    """

    usual: dict[int, int]
    every: dict[int, int]

    def told(self, days: Sequence[int], k: int) -> set[int]:
        """Give the windows of which the share of sightings may be told.

        The usual windows come first, so that all documents tell the same of them.

        Examples
        --------
        >>> usual = {1: 50, 7: 3, 30: 60, EVERYTHING: 0}
        >>> rows = ShownRows(usual, {1: 50, 3: 2, 7: 3, 28: 40, 30: 20, EVERYTHING: 0})
        >>> sorted(rows.told((1, 3, 28, 30), 10))
        [1, 28, 30]
        """
        told = set(_apart(self.usual, [each for each in self.usual if each < EVERYTHING], [], k))
        others = [each for each in days if each not in self.usual]
        return {*told, *_apart(self.every, others, sorted(told), k)}


def _apart(between: dict[int, int], days: Sequence[int], told: list[int], k: int) -> list[int]:
    """Add windows to those that are told, as long as each shows many more vehicles, or nobody."""
    told = list(told)
    for each in sorted(days):
        below = max((other for other in told if other < each), default=0)
        above = min((other for other in told if other > each), default=EVERYTHING)
        ends = ((below, each), (each, above))
        if not any(some_but_few(_most(between, *end), k) for end in ends):
            told.append(each)
    return told


def _most(between: dict[int, int], low: int, high: int) -> int:
    """Give a bound from below: of the days between two windows, those on which most were seen."""
    return max((count for days, count in between.items() if low < days <= high), default=0)


def find_shown_rows(
    sightings: Sightings, leak_days: Sequence[int], days: Sequence[int], runner: Engine
) -> ShownRows:
    """Count the vehicles that windows show beyond shorter ones.

    Parameters
    ----------
    sightings : Sightings
        The store.
    leak_days : sequence of int
        Local days with which the leaks happen.
    days : sequence of int
        Days that are shown.
    runner : Engine
        Where the parts run.
    """
    if not len(leak_days):
        return ShownRows({}, {})
    local = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    covered = int(local[1] - local[0]) + 1
    usual = [each for each in STRETCHES if each <= covered]
    counted = []
    for edges in (usual, sorted({*usual, *days})):
        shared = {
            "clock_starts": sightings.clock.starts,
            "clock_offsets": sightings.clock.offsets,
            "leak_days": np.array(leak_days, np.int64),
            "edges": np.array(edges, np.int64),
        }
        found = runner.map(sightings.parts("vehicle", "seen_at"), count_between, shared)
        most = sum(rows["vehicles"] for rows in found).reshape(len(leak_days), -1).max(axis=0)
        counted.append(dict(zip((*edges, EVERYTHING), most.tolist(), strict=True)))
    return ShownRows(*counted)


def count_between(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count a part's vehicles between the edges of windows, leak by leak."""
    local_days = local_times(rows, broadcast) // DAY_MS
    seen = _count_between(
        rows["vehicle"], local_days, broadcast["leak_days"], broadcast["edges"]
    )
    return {"vehicles": seen.reshape(-1)}


@numba.njit(cache=True, nogil=True)
def _count_between(
    vehicle: np.ndarray, day: np.ndarray, leak_days: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    shape = (len(leak_days), len(edges) + 1)
    vehicles = np.zeros(shape, np.int64)
    last = np.full(shape, -1, np.int64)
    for i in range(len(vehicle)):
        for leak in range(len(leak_days)):
            back = leak_days[leak] - day[i]
            if back < 1:
                continue
            at = np.searchsorted(edges, back)
            if last[leak, at] != vehicle[i]:
                last[leak, at] = vehicle[i]
                vehicles[leak, at] += 1
    return vehicles
