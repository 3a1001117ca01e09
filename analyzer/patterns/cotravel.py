"""Co-travel of a whole population: its pairs, what chance does to any two, and its traffic.

Beside the passes over pairs (`pair_passes`), what concerns everybody: how many encounters there
are, what shifts do to vehicles that were not chosen by how often they met, and all opportunities to
travel together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.turns import map_in_turns
from analyzer.patterns import camera_index, closeness, habit, moves, traffic
from analyzer.patterns.cotravel_parts import (
    CAMERA_ITSELF,
    HOUR_ITSELF,
    SLOT_UNITS,
    WAY_ITSELF,
    distinct,
    is_probed,
    local_times,
    meetings_of_cameras,
    on_trips,
    passages_of_part,
    probe_of_part,
    repeats_of_part,
    traffic_with_all_of_part,
    units_of_part,
)
from analyzer.patterns.pair_blocks import join_rows
from analyzer.patterns.pair_passes import Frame, Opportunities, PairPasses
from analyzer.patterns.pairs import Pairs, Terms
from analyzer.patterns.slot_sums import Sums, sum_slots
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

PROBED_SIGHTINGS = 2_000_000
"""Shifted sightings that are probed to find out what chance does to vehicles in general."""

BYTES_OF_UNITS = 34
"""What the sums of a part take for each of its rows: two slots, with key, units and what it is."""

ROWS_A_BUCKET = 500_000
"""Sightings that are counted at once."""

MAX_BUCKETS = 256
"""Files that an exchange may have open."""


def columns_of(sightings: Sightings) -> tuple[str, ...]:
    """Give the columns that companions are found by."""
    return (*CORE, *(name for name in ("direction",) if name in sightings.columns))


def frame_of(sightings: Sightings, terms: Terms) -> Frame:
    """Give what the passes must know of the sightings."""
    ends = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    calendar = habit.shift_calendar(int(ends[0]), int(ends[1]))
    n_cameras = len(sightings.camera_table)
    return Frame(terms, sightings.clock, calendar, sightings.n_codes, n_cameras)


class CoTravel(PairPasses):
    """The passes over one set of sightings."""

    def __init__(self, sightings: Sightings, terms: Terms, engine: Engine, seed: int):
        self.seed, self.n_sightings = seed, len(sightings)
        parts = sightings.parts(*columns_of(sightings))
        super().__init__(parts, self.n_sightings, frame_of(sightings, terms), engine)

    @cached_property
    def _sums(self) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        sums = {what: Sums() for what in (SLOT_UNITS, HOUR_ITSELF, WAY_ITSELF, CAMERA_ITSELF)}
        rows_a_part = -(-self.n_sightings // max(len(self.parts), 1))
        # As many as the parts have where no two vehicles are on one way at one hour.
        for rows in map_in_turns(
            self.engine, self.parts, units_of_part, self.terms_and_clock,
            bytes_each=rows_a_part * BYTES_OF_UNITS,
        ):  # fmt: skip
            for what, of in sums.items():
                here = slice(*np.searchsorted(rows["what"], [what, what + 1]))
                of.add(rows["key"][here], rows["value"][here])
        return {what: of.total() for what, of in sums.items()}

    @cached_property
    def units(self) -> Rows:
        """Moves of all vehicles, in units: by slot and by way, those in use, and by camera."""
        used, units = self._sums[SLOT_UNITS]
        ways, way_units = sum_slots(used // (self.frame.slots * moves.KINDS), units)
        camera_units = np.zeros(self.n_cameras, np.int64)
        np.add.at(camera_units, ways // self.n_cameras, way_units)
        return {
            "used": used, "used_units": units, "ways": ways, "way_units": way_units,
            "camera_units": camera_units,
        }  # fmt: skip

    @cached_property
    def opportunities(self) -> Opportunities:
        """Opportunities of two vehicles to travel together, whether or not they did."""
        units, slots = self.units, self.frame.slots
        kind = units["used"] // slots % moves.KINDS
        cell = units["used"] // (slots * moves.KINDS * self.n_cameras) * moves.KINDS + kind

        def opportunities(at: np.ndarray, units: np.ndarray, size: int, what: int) -> np.ndarray:
            itself = np.zeros(size, np.int64)
            keys, values = self._sums[what]
            itself[keys] = values
            # In floating point by a sum of whole numbers: exact up to 2⁵³, and in one order.
            squares = np.bincount(at, units.astype(float) ** 2, minlength=size)
            return (squares - itself) / (2.0 * moves.UNITS**2)

        n = self.n_cameras
        return Opportunities(
            opportunities(cell, units["used_units"], n * moves.KINDS, HOUR_ITSELF),
            opportunities(units["ways"] // n, units["way_units"], n, WAY_ITSELF),
            opportunities(np.arange(n), units["camera_units"], n, CAMERA_ITSELF),
        )

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
        share = PROBED_SIGHTINGS / max(self.frame.calendar.shifts, 1) / max(self.n_sightings, 1)
        return {"seed": np.array([self.seed]), "probed_share": np.array([share])}

    def probes(self, vehicles: np.ndarray) -> np.ndarray:
        """Tell which vehicles are probed: by an explicit hash of code and seed."""
        return is_probed(vehicles, self._probing)

    @cached_property
    def probe(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs (as one number) that probed vehicles met in shifts, and levels of closeness.

        The thresholds of closeness are those of the joint journeys under habit, which no company
        has made any closer.
        """
        calendar = self.frame.calendar
        if not calendar.shifts:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        extra = {
            **calendar.to_broadcast(),
            **self._probing,
            "kept": np.zeros(self.n_codes, bool),
            "least": np.array([1]),
            "thresholds": np.empty(0, np.int64),
        }
        found = self._join(self._by_local_time(), probe_of_part, extra)
        keys = distinct(found["vehicle_a"] * self.n_codes + found["vehicle_b"])
        return keys, closeness.level_thresholds(found["closeness"])

    def _by_local_time(self) -> Iterator[Rows]:
        offsets = self.frame.clock.offsets
        if len(offsets) == 1:
            # Where clocks were never put forward or back, local time has the order of instants.
            for index in self._by_instant():
                yield {
                    **index,
                    "index_times": index["index_times"] + offsets[0],
                    "index_bins": index["index_bins"] + np.array([offsets[0], 0, 0]),
                }
            return
        for frames in self._map_blocks(on_trips, self.terms_and_clock):
            yield self._index_by_local_time(frames)

    def _index_by_local_time(self, frames: list[Rows]) -> Rows:
        rows = join_rows(frames)
        local = local_times(rows, self.terms_and_clock)
        return camera_index.index_by_camera(rows, local, self.n_cameras)

    @property
    def thresholds(self) -> np.ndarray:
        """Closeness from which on a joint journey belongs to each level above the lowest."""
        return self.probe[1]

    def find_pairs(self, least: int) -> tuple[Pairs, np.ndarray]:
        """Find the pairs with enough joint journeys, and those of probed vehicles with any.

        Parameters
        ----------
        least : int
            Joint journeys from which on a pair is listed: 1 or 2.

        Returns
        -------
        pairs : Pairs
            With the pairs that probed vehicles met in a shift.
        unlisted : numpy.ndarray of int64, shape (levels, cells)
            Joint journeys of the other pairs, which made one each.
        """
        kept = self.probes(np.arange(self.n_codes))
        pairs, unlisted = self.find_journeys(kept, least, self.thresholds)
        met = pairs.a * self.n_codes + pairs.b
        every = distinct(np.concatenate([met, self.probe[0]]))
        journeys = np.zeros(len(every), np.int64)
        journeys[np.searchsorted(every, met)] = pairs.journeys
        n_codes = max(self.n_codes, 1)
        starts = np.append(0, np.cumsum(journeys))
        return Pairs(every // n_codes, every % n_codes, starts, pairs.cells, pairs.levels), unlisted

    def sum_traffic_with_all(self, journeys: np.ndarray) -> np.ndarray:
        """Sum the traffic of the probed vehicles with all others, for joint journeys by cell.

        Returns
        -------
        numpy.ndarray of float64, shape (components,)
        """
        extra = {
            **self._probing, "journeys": journeys, **self.opportunities.to_broadcast(),
            **self.units,
        }  # fmt: skip
        sums = self.engine.map(
            self.parts, traffic_with_all_of_part, {**self.terms_and_clock, **extra}
        )
        found = self.engine.reduce(sums, key=("vehicle",))
        return np.array([found[f"traffic{k}"].sum() for k in range(traffic.COMPONENTS)])
