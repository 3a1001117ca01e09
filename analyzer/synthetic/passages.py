"""All that the readers of a scene write, block by block in the order of time."""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np

from analyzer.schema import Rows, concatenate, take
from analyzer.synthetic.attributes import NOTED
from analyzer.synthetic.driving import MAX_TRIPS, make_plan
from analyzer.synthetic.plates import misread
from analyzer.synthetic.readers import (
    N_COUNTS,
    Block,
    make_block,
    order_by_time,
    read_block,
)
from analyzer.synthetic.scene import Scene
from analyzer.units import DAY_MS

CHUNK_ROWS = 1 << 19

BLOCK_ROWS = 2_000_000
"""Rows that a block should hold, roughly; nothing but memory depends on it."""

ROWS_PER_VEHICLE_DAY = 6.0


class PlateBook:
    """Numbers for everything that readers take for a vehicle: real vehicles, and ghosts.

    A misread plate belongs to another real vehicle, or to a ghost. Codes are given in the order of
    first appearance, as a reader of the files gives them.
    """

    def __init__(self, plates: np.ndarray):
        self._real = len(plates)
        self._order = np.argsort(plates, kind="stable")
        self._sorted = plates[self._order]
        self._plates = plates
        self._ghosts: dict[int, int] = {}
        self._ghost_plates: list[int] = []
        self._code = np.full(len(plates), -1, np.int32)
        self._seen: list[np.ndarray] = []
        self._n_codes = 0

    def entities(self, vehicle: np.ndarray, misread_place: np.ndarray) -> np.ndarray:
        """Tell what each row names: the vehicle that passed, or the bearer of the misread plate."""
        entity = vehicle.astype(np.int64)
        wrong = np.flatnonzero(misread_place >= 0)
        plates = misread(self._plates[vehicle[wrong]], misread_place[wrong])
        at = np.minimum(np.searchsorted(self._sorted, plates), self._real - 1)
        known = self._sorted[at] == plates
        found = self._order[at]
        for i in np.flatnonzero(~known):
            plate = int(plates[i])
            if plate not in self._ghosts:
                self._ghosts[plate] = self._real + len(self._ghost_plates)
                self._ghost_plates.append(plate)
            found[i] = self._ghosts[plate]
        entity[wrong] = found
        return entity

    def codes(self, entity: np.ndarray) -> np.ndarray:
        """Give the codes of entities, new ones in the order of their rows."""
        missing = self._real + len(self._ghost_plates) - len(self._code)
        if missing:
            self._code = np.r_[self._code, np.full(missing, -1, np.int32)]
        new, codes = _number_by_appearance(entity, self._code, self._n_codes)
        self._seen.append(new)
        self._n_codes += len(new)
        return codes

    def plates_of(self, entity: np.ndarray) -> np.ndarray:
        """Give the plates (as integers) of entities."""
        return np.r_[self._plates, np.array(self._ghost_plates, np.int64)][entity]

    @property
    def seen(self) -> np.ndarray:
        """Entities in the order of their codes."""
        return np.concatenate(self._seen) if self._seen else np.empty(0, np.int64)


@numba.njit(cache=True, nogil=True)
def _number_by_appearance(entity, code, next_code):
    codes = np.empty(len(entity), np.int32)
    new = np.empty(len(entity), np.int64)
    n = 0
    for i in range(len(entity)):
        if code[entity[i]] < 0:
            code[entity[i]] = next_code + n
            new[n] = entity[i]
            n += 1
        codes[i] = code[entity[i]]
    return new[:n].copy(), codes


def read_scene(
    scene: Scene, counts: np.ndarray | None = None, block_rows: int = BLOCK_ROWS
) -> Iterator[Rows]:
    """Drive all vehicles through all days, and give what readers write, in the order of passing.

    Parameters
    ----------
    scene : Scene
    counts : numpy.ndarray of int64, shape (N_COUNTS,), optional
        Counters, added to (see `readers.COUNTED`).
    block_rows : int
        Rows that a block should hold, roughly. The rows do not depend on it.

    Yields
    ------
    Rows
        vehicle (number of the true one), passed_at, seen_at, camera, misread, confidence, and the
        label columns (int8).
    """
    counts = np.zeros(N_COUNTS, np.int64) if counts is None else counts
    per_day = max(1.0, scene.vehicles * ROWS_PER_VEHICLE_DAY)
    block_days = max(1, min(scene.days, int(block_rows / per_day)))
    longest = max(1, scene.longest_way)
    room = make_block(min(CHUNK_ROWS, int(per_day * block_days) + 1) + 2 * longest * MAX_TRIPS)
    plan = make_plan()
    carried: list[Rows] = []
    for first in range(0, scene.days, block_days):
        last = min(scene.days, first + block_days)
        position, stop = first * scene.vehicles, last * scene.vehicles
        frames = carried
        while position < stop:
            rows, position = read_block(
                scene.world, scene.looks, scene.readers, scene.calendar, plan, position, stop, room,
                counts, longest,
            )  # fmt: skip
            frames.append(_copy(room, rows))
        block = concatenate(frames)
        carried = []
        if last < scene.days:
            # What passes after midnight belongs to the next block.
            later = block["passed_at"] >= scene.readers.start_ms + last * DAY_MS
            carried = [take(block, later)]
            block = take(block, ~later)
        yield take(block, order_by_time(block["passed_at"]))


def _copy(room: Block, rows: int) -> Rows:
    columns = {
        name: getattr(room, name)[:rows].copy() for name in Block._fields if name != "labels"
    }
    return columns | {name: room.labels[i, :rows].copy() for i, name in enumerate(NOTED)}
