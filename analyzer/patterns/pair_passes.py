"""Passes over parts that gather what is known of pairs: joint journeys, habit and traffic.

A pair is two vehicles, the one with the lower code first. Each pass joins the parts (first
vehicles) with blocks of parts (second vehicles), so that everything about a pair is counted in one
place; blocks are as large as memory allows, and no result depends on their number. What is held is
a block, the rows being worked on, and the pairs that are listed, never all encounters. Where a
block holds everything, rows and their arrangement are kept from pass to pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.engine import DerivedPart, Engine, Part
from analyzer.engine.base import PartFunction
from analyzer.local_time import Clock
from analyzer.patterns import camera_index, chance, encounters, moves, traffic
from analyzer.patterns.cotravel_parts import (
    UNLISTED,
    arrange_by_day,
    arrange_by_slot,
    distinct,
    encounters_of_part,
    journeys_of_part,
    lives_of_part,
    on_trips,
    rows_of_part,
    seconds_of_part,
    shifted_of_part,
    traffic_of_part,
)
from analyzer.patterns.habit import ShiftCalendar
from analyzer.patterns.pair_blocks import join_arranged, join_rows, with_rows
from analyzer.patterns.pairs import Pairs, Terms
from analyzer.schema import Rows
from analyzer.units import DAY_MS

BYTES_A_ROW = 80
"""Memory that one row of a block takes at most, while it is being arranged."""


@dataclass(frozen=True)
class Frame:
    """What the passes must know beside the rows.

    Attributes
    ----------
    terms : Terms
        What is asked for.
    clock : Clock
        Local time over the span of the data.
    calendar : ShiftCalendar
        The shifts of habit.
    n_codes, n_cameras : int
        Codes of vehicles and cameras run from 0 to below these.
    """

    terms: Terms
    clock: Clock
    calendar: ShiftCalendar
    n_codes: int
    n_cameras: int

    @property
    def slots(self) -> int:
        """Slots of a day."""
        return moves.slots_of_day(self.terms.within)

    @property
    def days(self) -> np.ndarray:
        """Days of each kind."""
        kinds = moves.cell_of(
            np.zeros(len(self.calendar.kind), np.int64),
            (self.calendar.first_day + np.arange(len(self.calendar.kind))) * DAY_MS,
        )
        return np.bincount(kinds, minlength=moves.KINDS)

    def to_broadcast(self) -> Rows:
        """Give what every part function takes, but for the calendar."""
        return {
            "within": np.array([self.terms.within]),
            "max_gap": np.array([self.terms.max_gap]),
            "min_cameras": np.array([self.terms.min_cameras]),
            "n_cameras": np.array([self.n_cameras]),
            "slots": np.array([self.slots]),
            "clock_starts": self.clock.starts,
            "clock_offsets": self.clock.offsets,
        }


@dataclass(frozen=True)
class Opportunities:
    """What there is of moves that two vehicles could make together; see `traffic`.

    Attributes
    ----------
    by_hour, by_way, by_camera : numpy.ndarray of float64
        Opportunities by cell, and by camera.
    """

    by_hour: np.ndarray
    by_way: np.ndarray
    by_camera: np.ndarray

    def to_broadcast(self) -> Rows:
        """Give the arrays as a part function takes them."""
        return dict(vars(self))


class PairPasses:
    """The passes over parts, for pairs among the vehicles in them."""

    def __init__(self, parts: Sequence[Part], n_rows: int, frame: Frame, engine: Engine):
        rows_a_part = -(-n_rows // max(len(parts), 1))
        fitting = max(1, int(engine.resources.memory // BYTES_A_ROW // max(rows_a_part, 1)))
        # As many in each block: a small last one is gone through as often as a large one.
        blocks = max(-(-len(parts) // fitting), 1)
        self._parts_a_block = max(-(-len(parts) // blocks), 1)
        self._in_one_block = blocks == 1
        keep = n_rows if self._in_one_block else 0
        self.parts: list[Part] = [DerivedPart(part, rows_of_part, keep=keep) for part in parts]
        self.frame, self.engine = frame, engine
        self.n_codes, self.n_cameras = frame.n_codes, frame.n_cameras
        self.terms_and_clock = frame.to_broadcast()

    @cached_property
    def lives(self) -> Rows:
        """First and last day of each vehicle, and whether it makes a trip at enough cameras."""
        found = self.engine.map(self.parts, lives_of_part, self.terms_and_clock)
        return self.engine.reduce(found, key=("vehicle",))

    @cached_property
    def travellers(self) -> np.ndarray:
        """Codes of the vehicles that travel."""
        return self.lives["vehicle"][self.lives["travels"]]

    def _map_blocks(self, function: PartFunction, broadcast: Rows) -> Iterator[list[Rows]]:
        """Give, block by block, what a function makes of each part of it."""
        for first in range(0, len(self.parts), self._parts_a_block):
            block = self.parts[first : first + self._parts_a_block]
            # Not kept here while the block is worked on.
            yield self.engine.map(block, function, broadcast)

    def _by_instant(self) -> Iterator[Rows]:
        """Arrange each block by (camera, instant); what is arranged once for all is kept."""
        if self._in_one_block:
            yield self._arranged
            return
        yield from map(self._index, self._map_blocks(on_trips, self.terms_and_clock))

    @cached_property
    def _arranged(self) -> Rows:
        (block,) = self._map_blocks(on_trips, self.terms_and_clock)
        return self._index(block)

    def _index(self, frames: list[Rows]) -> Rows:
        rows = join_rows(frames)
        return camera_index.index_by_camera(rows, rows.pop("seen_at"), self.n_cameras)

    def _join(self, blocks: Iterator[Rows], function: PartFunction, extra: Rows) -> Rows:
        found: list[Rows] = []
        while (block := next(blocks, None)) is not None:
            broadcast = {**self.terms_and_clock, **extra, **block}
            found += self.engine.map(self.parts, function, broadcast)
            # Before the next block is made.
            del block, broadcast
        return self.engine.reduce(found)

    def find_journeys(
        self, kept: np.ndarray, least: int, thresholds: np.ndarray
    ) -> tuple[Pairs, np.ndarray]:
        """Find the joint journeys of all pairs.

        Parameters
        ----------
        kept : numpy.ndarray of bool, shape (n_codes,)
            Vehicles whose pairs are listed from one joint journey on.
        least : int
            Joint journeys from which on others are listed: 1 or 2.
        thresholds : numpy.ndarray of int64
            Closeness from which on a journey belongs to each level above the lowest.

        Returns
        -------
        pairs : Pairs
        unlisted : numpy.ndarray of int64, shape (levels, cells)
            Joint journeys of the other pairs, which made one each.
        """
        extra = {"kept": kept, "least": np.array([least]), "thresholds": thresholds}
        real = self._join(self._by_instant(), journeys_of_part, extra)
        # No other pass asks for it, and it is as large as the rows.
        self.__dict__.pop("_arranged", None)
        unlisted = np.zeros((len(thresholds) + 1, self.n_cameras * moves.KINDS), np.int64)
        others = real["vehicle_a"] == UNLISTED
        where = real["level"][others], real["cell"][others]
        np.add.at(unlisted, where, real["vehicle_b"][others])
        listed = np.flatnonzero(~others)
        keys = real["vehicle_a"][listed].astype(np.int64) * self.n_codes
        keys += real["vehicle_b"][listed]
        # Equal keys come from one part and one block, where they stand in order of time.
        order = np.argsort(keys, kind="stable")
        keys, listed = keys[order], listed[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        pairs = Pairs(
            keys[first] // max(self.n_codes, 1),
            keys[first] % max(self.n_codes, 1),
            np.append(first, len(keys)),
            real["cell"][listed].astype(np.int64),
            real["level"][listed],
        )
        return pairs, unlisted

    def count_shifted(self, pairs: Pairs, thresholds: np.ndarray) -> np.ndarray:
        """Count each pair's joint journeys over all shifts, Σh.

        Parameters
        ----------
        pairs : Pairs
            The pairs.
        thresholds : numpy.ndarray of int64
            See `find_journeys`.

        Returns
        -------
        numpy.ndarray of int64, shape (pairs, levels)
            Those that reach each level.
        """
        totals = np.zeros((len(pairs), len(thresholds) + 1), np.int64)
        if not self.frame.calendar.shifts or not len(pairs):
            return totals

        def by_day(rows: Rows, broadcast: Rows) -> Rows:
            return arrange_by_day(on_trips(rows, broadcast), broadcast)

        extra = {**self.frame.calendar.to_broadcast(), "thresholds": thresholds}
        found = self._join_pairs(pairs, by_day, shifted_of_part, extra)
        for level in range(totals.shape[1]):
            totals[found["pair"], level] = found[f"level{level}"]
        return np.cumsum(totals[:, ::-1], axis=1)[:, ::-1]

    def count_encounters(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Count the pairs' encounters, inside joint journeys or not: by pair, and by camera."""
        totals, at_camera = np.zeros(len(pairs), np.int64), np.zeros(self.n_cameras, np.int64)
        if not len(pairs):
            return totals, at_camera

        def by_vehicle(rows: Rows, broadcast: Rows) -> Rows:
            starts = encounters.run_starts(rows["vehicle"])
            return {
                "vehicles": rows["vehicle"][starts[:-1]], "starts": starts,
                "times": rows["seen_at"], "cameras": rows["camera"],
                "directions": encounters.directions_of(rows),
            }

        found = self._join_pairs(pairs, by_vehicle, encounters_of_part, {})
        of_pair = found["pair"] >= 0
        totals[found["pair"][of_pair]] = found["encounters"][of_pair]
        np.add.at(at_camera, -1 - found["pair"][~of_pair], found["encounters"][~of_pair])
        return totals, at_camera

    def _join_pairs(
        self, pairs: Pairs, arrange: Callable[[Rows, Rows], Rows], function: PartFunction,
        extra: Rows,
    ) -> Rows:
        broadcast = {
            **extra, "pairs_a": pairs.a, "pairs_b": pairs.b, "firsts": distinct(pairs.a),
        }  # fmt: skip
        shared = {**self.terms_and_clock, **extra}

        def arranged(frames: list[Rows]) -> Rows:
            made = []
            for rows in with_rows(frames):
                made.append(arrange(rows, shared))
                # What the rows became is held instead of them.
                rows.clear()
            return {f"block_{name}": column for name, column in join_arranged(made).items()}

        seconds = {"seconds": distinct(pairs.b)}
        blocks = self._map_blocks(seconds_of_part, seconds)
        return self._join(map(arranged, blocks), function, broadcast)

    def first_seen(self, vehicles: np.ndarray) -> np.ndarray:
        """Give the instants (ms) at which vehicles were first seen."""
        at = np.searchsorted(self.lives["vehicle"], vehicles)
        return self.lives["first_seen"][at]

    def common_life(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Find how far the lives of pairs coincide, and the share of S that is theirs."""
        first, last = np.zeros((2, self.n_codes), np.int64)
        first[self.lives["vehicle"]] = self.lives["first_day"]
        last[self.lives["vehicle"]] = self.lives["last_day"]
        return chance.common_life(
            first[pairs.a], last[pairs.a], first[pairs.b], last[pairs.b],
            len(self.frame.calendar.kind), self.frame.calendar.shifts,
        )

    def sum_traffic(
        self, pairs: Pairs, counted: np.ndarray, journeys: np.ndarray, there: Opportunities
    ) -> np.ndarray:
        """Sum the components of the traffic of pairs.

        Parameters
        ----------
        pairs : Pairs
            The pairs.
        counted : numpy.ndarray of bool, shape (pairs,)
            Whose joint journeys are among `journeys` (those of companions already found are not).
        journeys : numpy.ndarray of int64, shape (cells,)
            Joint journeys by cell.
        there : Opportunities
            Those of the whole population.

        Returns
        -------
        numpy.ndarray of float64, shape (pairs, components)
        """
        values = np.zeros((len(pairs), traffic.COMPONENTS))
        if not len(pairs):
            return values
        own = np.where(counted, pairs.journeys, 0)
        extra = {
            "own_starts": np.append(0, np.cumsum(own)),
            "own_cells": pairs.cells[np.repeat(counted, pairs.journeys)],
            "journeys": journeys,
            "days": self.frame.days,
            **there.to_broadcast(),
        }
        found = self._join_pairs(pairs, arrange_by_slot, traffic_of_part, extra)
        for k in range(traffic.COMPONENTS):
            values[found["pair"], k] = found[f"traffic{k}"]
        return values
