"""What clocks are compared on: sightings of a share of the vehicles, and eras of cameras."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from analyzer.ingest.clock_search import MIN_SIGHTINGS
from analyzer.schema import Rows, concatenate, n_rows, take
from analyzer.store.sorting import sort_sightings
from analyzer.units import DAY_MS

MAX_ROWS = 1_000_000
"""Rows that are looked at; of more, those of a share of the vehicles."""

_ERA_MARGIN_MS = 2 * DAY_MS


class ClockSample:
    """The sightings of some vehicles, gathered part by part.

    Parameters
    ----------
    rows : int
        Rows that are to come; of many, a share of the vehicles is kept.
    """

    def __init__(self, rows: int):
        self._every = max(1, -(-rows // MAX_ROWS))
        self._pieces: list[Rows] = []

    def add(self, rows: Rows) -> None:
        """Add sorted rows."""
        core = {name: rows[name] for name in ("vehicle", "seen_at", "camera")}
        if self._every > 1:
            core = take(core, _drawn(rows["vehicle"], 40, self._every))
        self._pieces.append(core)

    def rows(self) -> tuple[Rows, Rows]:
        """Give the sightings of two thirds of the vehicles, and of those that decide at the end."""
        rows = concatenate(self._pieces)
        if not n_rows(rows):
            return rows, rows
        aside = _drawn(rows["vehicle"], 24, 3)
        return sort_sightings(take(rows, ~aside)), sort_sightings(take(rows, aside))


@numba.njit(cache=True, nogil=True)
def _drawn(vehicle, shift, every):
    """Say of each row whether its vehicle is drawn, one of so many, by 16 bits of a hash."""
    drawn = np.empty(len(vehicle), np.bool_)
    for i in range(len(vehicle)):
        spread = np.uint64(vehicle[i]) * np.uint64(0x9E3779B97F4A7C15)
        drawn[i] = ((spread >> np.uint64(shift)) & np.uint64(0xFFFF)) % np.uint64(every) == 0
    return drawn


@dataclass(frozen=True)
class Eras:
    """Stretches of time in which a camera's clock can be something else altogether.

    A camera that shows last year, for some time or always, is a clock of its own there. The first
    clocks are those of the cameras in the time that most cameras share.
    """

    first: int
    last: int
    cameras: int
    extra: dict[tuple[int, int], int]

    @classmethod
    def of(cls, rows: Rows, cameras: int) -> Eras:
        """Find the time that most cameras share, and the cameras that show another one."""
        few = slice(None, None, max(1, n_rows(rows) // 200_000))
        camera, seen_at = rows["camera"][few], rows["seen_at"][few]
        order = np.lexsort((seen_at, camera))
        starts = np.flatnonzero(np.r_[True, np.diff(camera[order]) != 0])
        sizes = np.diff(np.r_[starts, len(order)])
        shown = seen_at[order]
        first = np.percentile(shown[starts + sizes // 100], 10, method="lower")
        last = np.percentile(shown[starts + sizes - 1 - sizes // 100], 90, method="higher")
        eras = cls(int(first), int(last), cameras, {})
        era = eras.era_of(rows["seen_at"])
        away = np.flatnonzero(era)
        keys, counts = np.unique(rows["camera"][away] * 3 + era[away], return_counts=True)
        for key in keys[counts >= MIN_SIGHTINGS].tolist():
            eras.extra[divmod(key, 3)] = cameras + len(eras.extra)
        return eras

    def era_of(self, shown: np.ndarray) -> np.ndarray:
        """Give 0 for times that cameras share, 1 for earlier and 2 for later ones."""
        early, late = shown < self.first - _ERA_MARGIN_MS, shown > self.last + _ERA_MARGIN_MS
        return early + 2 * late

    def borders(self, era: int) -> tuple[int | None, int | None]:
        """Give the first and the last instant of an era; None where it has no end."""
        early, late = self.first - _ERA_MARGIN_MS, self.last + _ERA_MARGIN_MS
        return ((early, late), (None, early - 1), (late + 1, None))[era]

    def units(self, rows: Rows) -> np.ndarray:
        """Give the clock of each row; -1 for the few rows that lie somewhere else alone."""
        unit = rows["camera"].astype(np.int32)
        era = self.era_of(rows["seen_at"])
        for row in np.flatnonzero(era).tolist():
            unit[row] = self.extra.get((int(unit[row]), int(era[row])), -1)
        return unit

    @property
    def camera_of(self) -> np.ndarray:
        """Give the camera of each clock."""
        return np.r_[np.arange(self.cameras), [camera for camera, _ in self.extra]].astype(np.int32)
