"""The passes over parts that gather what is known of pairs: joint journeys, habit and traffic.

A pair is two vehicles, the one with the lower code first. Each pass joins the parts (first
vehicles) with blocks of parts (second vehicles), so that everything about a pair is counted in one
place; blocks are as large as memory allows, and no result depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analyzer.engine import Engine, Part
from analyzer.engine.base import PartFunction
from analyzer.patterns import chance, encounters, habit, traffic
from analyzer.patterns.cotravel_parts import (
    arrange_by_cell,
    arrange_by_day,
    cells_of_part,
    distinct,
    is_probed,
    journeys_of_part,
    lives_of_part,
    local_times,
    meetings_of_cameras,
    of_vehicles,
    passages_of_part,
    probe_of_part,
    repeats_of_part,
    rows_of_part,
    shifted_of_part,
    traffic_of_part,
    traffic_with_all_of_part,
)
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

CERTAIN_FDR = 0.05
"""Pairs found at this rate are companions, not traffic, when chance is measured again."""

MAX_ROUNDS = 2
"""How often chance is measured."""

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
    """Pairs by code, sorted; with each pair's joint journeys by the cell in which they began.

    Attributes
    ----------
    a, b : numpy.ndarray of int64, shape (pairs,)
        Vehicle codes, a < b.
    encounters, journeys : numpy.ndarray of int64, shape (pairs,)
        Encounters and joint journeys; zero for pairs that met in shifted data only.
    starts, cells : numpy.ndarray of int64, shapes (pairs + 1,), (journeys,)
        Where each pair's journeys begin in `cells`.
    """

    a: np.ndarray
    b: np.ndarray
    encounters: np.ndarray
    journeys: np.ndarray
    starts: np.ndarray
    cells: np.ndarray

    def __len__(self) -> int:
        return len(self.a)


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
        self.terms_and_clock = {
            "within": np.array([terms.within]),
            "max_gap": np.array([terms.max_gap]),
            "min_cameras": np.array([terms.min_cameras]),
            "n_cameras": np.array([self.n_cameras]),
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
    def cells(self) -> Rows:
        """Sightings, and opportunities of two vehicles to meet, by cell and then by camera."""
        found = self.engine.map(self.parts, cells_of_part, self.terms_and_clock)
        size = self.n_cameras * (traffic.HOURS + 1)
        sightings, squares = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for rows in found:
            sightings[rows["cell"]] += rows["sightings"]
            squares[rows["cell"]] += rows["squares"]
        return {"sightings": sightings, "opportunities": (sightings**2 - squares) // 2}

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

    def find_pairs(self) -> Pairs:
        """Find the pairs with a joint journey, or (of probed vehicles) one in a shift."""

        def by_instant(rows: Rows) -> Rows:
            return encounters.index_by_camera(rows, rows["seen_at"], self.n_cameras)

        def by_local_time(rows: Rows) -> Rows:
            local = local_times(rows, self.terms_and_clock)
            return encounters.index_by_camera(rows, local, self.n_cameras)

        real = self._join(by_instant, journeys_of_part, {})
        keys = real["vehicle_a"].astype(np.int64) * self.n_codes + real["vehicle_b"]
        # Equal keys come from one part and one block, where they stand in order of time.
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        met, cells = keys[first], real["cell"][order].astype(np.int64)
        count = np.diff(first, append=len(keys))
        probed = np.empty(0, np.int64)
        if self.calendar.shifts:
            extra = {**self.calendar.to_broadcast(), **self._probing}
            found = self._join(by_local_time, probe_of_part, extra)
            probed = distinct(found["vehicle_a"] * self.n_codes + found["vehicle_b"])
        every = distinct(np.concatenate([met, probed]))
        at = np.searchsorted(every, met)
        journeys, meetings = np.zeros(len(every), np.int64), np.zeros(len(every), np.int64)
        journeys[at] = count
        meetings[at] = real["encounters"][order][first]
        starts = np.append(0, np.cumsum(journeys))
        a, b = every // max(self.n_codes, 1), every % max(self.n_codes, 1)
        return Pairs(a, b, meetings, journeys, starts, cells)

    def count_shifted(self, pairs: Pairs) -> np.ndarray:
        """Count each pair's joint journeys over all shifts, Σh."""
        totals = np.zeros(len(pairs), np.int64)
        if not self.calendar.shifts or not len(pairs):
            return totals
        extra = {**self.calendar.to_broadcast(), "pairs_a": pairs.a, "pairs_b": pairs.b}

        def by_day(rows: Rows) -> Rows:
            rows = of_vehicles(rows, distinct(pairs.b))
            daily = arrange_by_day(rows, {**self.terms_and_clock, **extra})
            return {f"block_{name}": column for name, column in daily.items()}

        found = self._join(by_day, shifted_of_part, extra)
        totals[found["pair"]] = found["shifted"]
        return totals

    def common_life(self, pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
        """Find how far the lives of pairs coincide, and the share of S that is theirs."""
        first, last = np.zeros((2, self.n_codes), np.int64)
        first[self.lives["vehicle"]] = self.lives["first_day"]
        last[self.lives["vehicle"]] = self.lives["last_day"]
        return chance.common_life(
            first[pairs.a], last[pairs.a], first[pairs.b], last[pairs.b],
            len(self.calendar.kind), self.calendar.shifts,
        )

    def sum_traffic(self, pairs: Pairs, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sum the traffic τ of pairs, and of each probed vehicle with all others.

        Parameters
        ----------
        pairs : Pairs
            The pairs.
        counted : numpy.ndarray of bool, shape (pairs,)
            Whose joint journeys count as traffic (not those of companions already found).

        Returns
        -------
        traffic : numpy.ndarray of float64, shape (pairs,)
        with_all : numpy.ndarray of float64, shape (probed vehicles,)
            By vehicle code.
        """
        cells = pairs.cells[np.repeat(counted, pairs.journeys)]
        size = self.n_cameras * traffic.HOURS
        journeys = np.concatenate(
            [
                np.bincount(cells, minlength=size),
                np.bincount(cells // traffic.HOURS, minlength=self.n_cameras),
            ]
        )
        opportunities = self.cells["opportunities"]
        extra = {
            "pairs_a": pairs.a,
            "pairs_b": pairs.b,
            "counted": counted,
            "own_starts": pairs.starts,
            "own_cells": pairs.cells,
            "journeys": journeys,
            "opportunities": opportunities,
        }

        def by_cell(rows: Rows) -> Rows:
            rows = of_vehicles(rows, distinct(pairs.b))
            counts = arrange_by_cell(rows, self.terms_and_clock)
            return {f"block_{name}": column for name, column in counts.items()}

        found = self._join(by_cell, traffic_of_part, extra)
        values = np.zeros(len(pairs))
        values[found["pair"]] = found["traffic"]
        rates = {
            name: extra[name] for name in ("journeys", "opportunities")
        } | {"sightings": self.cells["sightings"]}
        sums = self.engine.map(
            self.parts, traffic_with_all_of_part,
            {**self.terms_and_clock, **self._probing, **rates},
        )
        return values, self.engine.reduce(sums, key=("vehicle",))["traffic"]


@dataclass(frozen=True)
class Judgement:
    """What chance gives each pair, and the model of chance behind it.

    Attributes
    ----------
    chance : Chance
        The model.
    traffic, repeats, expected, p_values : numpy.ndarray of float64, shape (pairs,)
        τ, S, expected joint journeys and the tail beyond those seen.
    """

    chance: chance.Chance
    traffic: np.ndarray
    repeats: np.ndarray
    expected: np.ndarray
    p_values: np.ndarray


def judge_pairs(
    passes: CoTravel, pairs: Pairs, shifted: np.ndarray, tests: int
) -> Judgement:
    """Fit chance to the pairs, and find how far each goes beyond it.

    Parameters
    ----------
    passes : CoTravel
        The passes over the sightings.
    pairs : Pairs
        The pairs.
    shifted : numpy.ndarray of int64, shape (pairs,)
        Σh.
    tests : int
        Number of pairs that could have been found.
    """
    # Companions are not traffic: those found are left out of it, and chance is measured again.
    counted = np.ones(len(pairs), bool)
    times = passes.probes(pairs.a).astype(np.int64) + passes.probes(pairs.b)
    coincidence, share = passes.common_life(pairs)
    for _ in range(MAX_ROUNDS):
        traffic, with_all = passes.sum_traffic(pairs, counted)
        traffic = traffic * coincidence
        rest = max(float(with_all.sum()) - float((traffic * times).sum()), 0.0)
        # Vehicles that were never in the data together cannot tell how often they would have met.
        usual = np.repeat(np.arange(len(pairs)), times * (coincidence > 0))
        model = chance.fit_chance(
            pairs.journeys[usual], shifted[usual], traffic[usual], share[usual], rest,
            passes.calendar.shifts,
        )
        p_values = model.tail(pairs.journeys, traffic, shifted, share)
        expected = model.expected(traffic, shifted, share)
        found = (chance.adjust(p_values, tests) <= CERTAIN_FDR) & (pairs.journeys > 0)
        if np.array_equal(counted, ~found):
            break
        counted = ~found
    return Judgement(model, traffic, model.worth * share, expected, p_values)
