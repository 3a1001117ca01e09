"""The passes over parts that gather what is known of pairs: joint journeys, habit and traffic.

A pair is two vehicles, the one with the lower code first. Each pass joins the parts (first
vehicles) with blocks of parts (second vehicles), so that everything about a pair is counted in one
place; blocks are as large as memory allows, and no result depends on their number. What is held is
a block, the rows being worked on, and the pairs that are listed, never all encounters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.engine import Engine, Part
from analyzer.engine.base import PartFunction
from analyzer.patterns import camera_index, chance, closeness, encounters, habit, traffic
from analyzer.patterns.cotravel_parts import (
    CAMERA_ITSELF,
    HOUR_ITSELF,
    SLOT_UNITS,
    UNLISTED,
    WAY_ITSELF,
    arrange_by_day,
    arrange_by_slot,
    distinct,
    encounters_of_part,
    is_probed,
    journeys_of_part,
    lives_of_part,
    local_times,
    meetings_of_cameras,
    of_vehicles,
    on_trips,
    passages_of_part,
    probe_of_part,
    repeats_of_part,
    rows_of_part,
    shifted_of_part,
    traffic_of_part,
    traffic_with_all_of_part,
    units_of_part,
)
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

BYTES_A_ROW = 100
"""Memory that one row of a block takes at most, while it is being arranged."""

PROBED_SIGHTINGS = 2_000_000
"""Shifted sightings that are probed to find out what chance does to vehicles in general."""

ROWS_A_BUCKET = 500_000
"""Sightings that are counted at once."""

MAX_BUCKETS = 256
"""Files that an exchange may have open."""


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


@dataclass(frozen=True)
class Opportunities:
    """What there is of moves that two vehicles could make together; see `traffic`.

    Attributes
    ----------
    by_hour, by_way, by_camera : numpy.ndarray of float64
        Opportunities by cell, and by camera.
    used, used_units, ways, way_units, camera_units : numpy.ndarray of int64
        Slots and ways in use, and the units of all vehicles there and by camera.
    """

    by_hour: np.ndarray
    by_way: np.ndarray
    by_camera: np.ndarray
    used: np.ndarray
    used_units: np.ndarray
    ways: np.ndarray
    way_units: np.ndarray
    camera_units: np.ndarray

    def to_broadcast(self) -> Rows:
        """Give the arrays as a part function takes them."""
        return dict(vars(self))


class CoTravel:
    """The passes over one set of sightings."""

    def __init__(self, sightings: Sightings, terms: Terms, engine: Engine, seed: int):
        self.terms, self.engine, self.seed = terms, engine, seed
        columns = (*CORE, *(name for name in ("direction",) if name in sightings.columns))
        self.parts: list[Part] = list(sightings.parts(*columns))
        self.n_codes, self.n_cameras = sightings.n_codes, len(sightings.camera_table)
        self.n_sightings = len(sightings)
        clock = sightings.clock
        ends = clock.local(np.array(sightings.span_ms)) // DAY_MS
        self.calendar = habit.shift_calendar(int(ends[0]), int(ends[1]))
        self.slots = traffic.slots_of_day(terms.within)
        kinds = traffic.cell_of(
            np.zeros(len(self.calendar.kind), np.int64),
            (self.calendar.first_day + np.arange(len(self.calendar.kind))) * DAY_MS,
        )
        self.days = np.bincount(kinds, minlength=traffic.KINDS)
        self.terms_and_clock = {
            "within": np.array([terms.within]),
            "max_gap": np.array([terms.max_gap]),
            "min_cameras": np.array([terms.min_cameras]),
            "n_cameras": np.array([self.n_cameras]),
            "slots": np.array([self.slots]),
            "clock_starts": clock.starts,
            "clock_offsets": clock.offsets,
        }

    # What does not concern pairs

    @cached_property
    def lives(self) -> Rows:
        """First and last day of each vehicle, and whether it makes a trip at enough cameras."""
        found = self.engine.map(self.parts, lives_of_part, self.terms_and_clock)
        return self.engine.reduce(found, key=("vehicle",))

    @cached_property
    def travellers(self) -> np.ndarray:
        """Codes of the vehicles that travel."""
        return self.lives["vehicle"][self.lives["travels"]]

    @cached_property
    def opportunities(self) -> Opportunities:
        """Opportunities of two vehicles to travel together, whether or not they did."""
        found = self.engine.map(self.parts, units_of_part, self.terms_and_clock)
        rows = self.engine.reduce(found)

        def sums(what: int) -> tuple[np.ndarray, np.ndarray]:
            of = rows["what"] == what
            return traffic.sum_slots(rows["key"][of], rows["value"][of])

        def dense(keys: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
            every = np.zeros(size, np.int64)
            every[keys] = values
            return every

        used, units = sums(SLOT_UNITS)
        ways, way_units = traffic.sum_slots(used // (self.slots * traffic.KINDS), units)
        camera_units = np.zeros(self.n_cameras, np.int64)
        np.add.at(camera_units, ways // self.n_cameras, way_units)
        kind = used // self.slots % traffic.KINDS
        cell = used // (self.slots * traffic.KINDS * self.n_cameras) * traffic.KINDS + kind

        def opportunities(at: np.ndarray, units: np.ndarray, size: int, what: int) -> np.ndarray:
            # In floating point by a sum of whole numbers: exact up to 2⁵³, and in one order.
            squares = np.bincount(at, units.astype(float) ** 2, minlength=size)
            return (squares - dense(*sums(what), size)) / (2.0 * traffic.UNITS**2)

        cameras = np.arange(self.n_cameras)
        return Opportunities(
            opportunities(cell, units, self.n_cameras * traffic.KINDS, HOUR_ITSELF),
            opportunities(ways // self.n_cameras, way_units, self.n_cameras, WAY_ITSELF),
            opportunities(cameras, camera_units, self.n_cameras, CAMERA_ITSELF),
            used, units, ways, way_units, camera_units,
        )  # fmt: skip

    @cached_property
    def encounters(self) -> int:
        """How many encounters there are: what the search for joint journeys costs, counted first.

        No encounter is looked at for that: a camera's sightings in order of time tell how many are
        near each.
        """
        buckets = min(-(-self.n_sightings // ROWS_A_BUCKET), MAX_BUCKETS)
        by_camera = self.engine.exchange(self.parts, passages_of_part, "camera", max(buckets, 1))
        met = self.engine.map(by_camera, meetings_of_cameras, self.terms_and_clock)
        itself = self.engine.map(self.parts, repeats_of_part, self.terms_and_clock)
        return sum(int(rows["encounters"][0]) for rows in met) - sum(
            int(rows["encounters"][0]) for rows in itself
        )

    @cached_property
    def _probing(self) -> Rows:
        share = PROBED_SIGHTINGS / max(self.calendar.shifts, 1) / max(self.n_sightings, 1)
        return {"seed": np.array([self.seed]), "probed_share": np.array([share])}

    def probes(self, vehicles: np.ndarray) -> np.ndarray:
        """Tell which vehicles are probed: by an explicit hash of code and seed."""
        return is_probed(vehicles, self._probing)

    # Passes over pairs

    def _blocks(self) -> Iterator[Rows]:
        memory = getattr(self.engine, "memory", 2_000_000_000)
        rows_a_part = -(-self.n_sightings // max(len(self.parts), 1))
        size = max(1, int(memory // BYTES_A_ROW // max(rows_a_part, 1)))
        for first in range(0, len(self.parts), size):
            block = self.engine.map(self.parts[first : first + size], rows_of_part)
            yield self.engine.reduce(block)

    def _join(self, arrange: Callable[[Rows], Rows], function: PartFunction, extra: Rows) -> Rows:
        found: list[Rows] = []
        for block in self._blocks():
            broadcast = {**self.terms_and_clock, **extra, **arrange(block)}
            found += self.engine.map(self.parts, function, broadcast)
        return self.engine.reduce(found)

    @cached_property
    def probe(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (as one number) that probed vehicles met in shifts, and levels of closeness.

        The thresholds of closeness are those of the joint journeys under habit, which no company
        has made any closer.
        """
        if not self.calendar.shifts:
            return np.empty(0, np.int64), np.empty(0, np.int64)

        def by_local_time(rows: Rows) -> Rows:
            rows = on_trips(rows, self.terms_and_clock)
            local = local_times(rows, self.terms_and_clock)
            return camera_index.index_by_camera(rows, local, self.n_cameras)

        extra = {
            **self.calendar.to_broadcast(),
            **self._probing,
            **self._listing(np.zeros(self.n_codes, bool), 1, np.empty(0, np.int64)),
        }
        found = self._join(by_local_time, probe_of_part, extra)
        keys = distinct(found["vehicle_a"] * self.n_codes + found["vehicle_b"])
        return keys, closeness.level_thresholds(found["closeness"])

    @property
    def thresholds(self) -> np.ndarray:
        """Closeness from which on a joint journey belongs to each level above the lowest."""
        return self.probe[1]

    def _listing(self, kept: np.ndarray, least: int, thresholds: np.ndarray) -> Rows:
        return {"kept": kept, "least": np.array([least]), "thresholds": thresholds}

    def find_pairs(self, least: int, asked: int | None = None) -> tuple[Pairs, np.ndarray]:
        """Find the pairs with enough joint journeys, and those of probed vehicles with any.

        Parameters
        ----------
        least : int
            Joint journeys from which on a pair is listed: 1 or 2.
        asked : int, optional
            A vehicle whose pairs are listed from one joint journey on.

        Returns
        -------
        pairs : Pairs
            With the pairs that probed vehicles met in a shift.
        unlisted : numpy.ndarray of int64, shape (levels, cells)
            Joint journeys of the other pairs, which made one each.
        """

        def by_instant(rows: Rows) -> Rows:
            rows = on_trips(rows, self.terms_and_clock)
            return camera_index.index_by_camera(rows, rows["seen_at"], self.n_cameras)

        kept = self.probes(np.arange(self.n_codes))
        if asked is not None:
            kept[asked] = True
        real = self._join(by_instant, journeys_of_part, self._listing(kept, least, self.thresholds))
        unlisted = np.zeros(
            (len(self.thresholds) + 1, self.n_cameras * traffic.KINDS), np.int64
        )
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
        met = keys[first]
        every = distinct(np.concatenate([met, self.probe[0]]))
        journeys = np.zeros(len(every), np.int64)
        journeys[np.searchsorted(every, met)] = np.diff(first, append=len(keys))
        pairs = Pairs(
            every // max(self.n_codes, 1),
            every % max(self.n_codes, 1),
            np.append(0, np.cumsum(journeys)),
            real["cell"][listed].astype(np.int64),
            real["level"][listed],
        )
        return pairs, unlisted

    def count_shifted(self, pairs: Pairs) -> np.ndarray:
        """Count each pair's joint journeys over all shifts, Σh.

        Returns
        -------
        numpy.ndarray of int64, shape (pairs, levels)
            Those that reach each level.
        """
        totals = np.zeros((len(pairs), len(self.thresholds) + 1), np.int64)
        if not self.calendar.shifts or not len(pairs):
            return totals

        def by_day(rows: Rows, broadcast: Rows) -> Rows:
            return arrange_by_day(on_trips(rows, broadcast), broadcast)

        extra = {**self.calendar.to_broadcast(), "thresholds": self.thresholds}
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
        broadcast = {**extra, "pairs_a": pairs.a, "pairs_b": pairs.b}
        seconds = distinct(pairs.b)

        def arranged(rows: Rows) -> Rows:
            rows = of_vehicles(rows, seconds)
            found = arrange(rows, {**self.terms_and_clock, **broadcast})
            return {f"block_{name}": column for name, column in found.items()}

        return self._join(arranged, function, broadcast)

    def common_life(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Find how far the lives of pairs coincide, and the share of S that is theirs."""
        first, last = np.zeros((2, self.n_codes), np.int64)
        first[self.lives["vehicle"]] = self.lives["first_day"]
        last[self.lives["vehicle"]] = self.lives["last_day"]
        return chance.common_life(
            first[pairs.a], last[pairs.a], first[pairs.b], last[pairs.b],
            len(self.calendar.kind), self.calendar.shifts,
        )

    def sum_traffic(self, pairs: Pairs, counted: np.ndarray, journeys: np.ndarray) -> np.ndarray:
        """Sum the components of the traffic of pairs.

        Parameters
        ----------
        pairs : Pairs
            The pairs.
        counted : numpy.ndarray of bool, shape (pairs,)
            Whose joint journeys are among `journeys` (those of companions already found are not).
        journeys : numpy.ndarray of int64, shape (cells,)
            Joint journeys by cell.

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
            "days": self.days,
            **self.opportunities.to_broadcast(),
        }
        found = self._join_pairs(pairs, arrange_by_slot, traffic_of_part, extra)
        for k in range(traffic.COMPONENTS):
            values[found["pair"], k] = found[f"traffic{k}"]
        return values

    def sum_traffic_with_all(self, journeys: np.ndarray) -> np.ndarray:
        """Sum the traffic of the probed vehicles with all others, for joint journeys by cell.

        Returns
        -------
        numpy.ndarray of float64, shape (components,)
        """
        extra = {**self._probing, "journeys": journeys, **self.opportunities.to_broadcast()}
        sums = self.engine.map(
            self.parts, traffic_with_all_of_part, {**self.terms_and_clock, **extra}
        )
        found = self.engine.reduce(sums, key=("vehicle",))
        return np.array([found[f"traffic{k}"].sum() for k in range(traffic.COMPONENTS)])
