"""Clocks of cameras that are off, drift, or jump, found by the travel times between cameras.

Most clocks are right, or none can be called wrong: the others are the reference. Large faults are
searched for first (`clock_search`), until every camera's sightings lie in trips again. Then travel
times there and back tell how far each clock is ahead (`travel_times`), in several spans of time,
through which a constant, a line or one step is laid. Vehicles that took no part in any of this
decide at last whether the times would be better for a correction (`clock_check`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from analyzer.ingest.clock_check import (
    examine_sightings,
    fastest_times,
    is_improved,
    is_plausible,
    is_possible,
)
from analyzer.ingest.clock_faults import ClockFault
from analyzer.ingest.clock_sample import ClockSample, Eras
from analyzer.ingest.clock_search import (
    MIN_SIGHTINGS,
    Sightings,
    centre_lags,
    coarse_lags,
    distant_lags,
    voted_lags,
)
from analyzer.ingest.clock_shapes import (
    MIN_SPANS,
    WORTH_MS,
    Piece,
    Spans,
    ahead_of,
    likely_shapes,
    place_step,
    settle_shape,
)
from analyzer.ingest.travel_times import (
    NEAR_MS,
    SAME_SITE_M,
    Offsets,
    Passages,
    distances_between,
    measure_changes,
    measure_offsets,
    pairs_of,
    passages_between,
    times_by_distance,
    usual_times,
)
from analyzer.schema import Rows, n_rows, take
from analyzer.store.sorting import sort_sightings
from analyzer.units import DAY_MS, MINUTE_MS

ONE_WAY_WORTH_MS = 10 * MINUTE_MS
"""The same for a camera that sees one direction only, where distances must serve."""

COARSE_ERROR_MS = 10 * MINUTE_MS
"""How uncertain a lag is that nothing but the search has found."""

MOST_SPANS = 16
MOST_TABLE = 3_000
"""Clocks times spans, at most: tables hold thousands of lags for each."""

SPAN_ROWS = 60
"""Sightings that a clock should have in a span, in the mean."""

SUSPECT = 0.9
"""Where sightings have fewer others near them than this share of what is usual, the clock may be
off by more than a day."""

MOST_VOTES = 60
"""Cameras that see one direction only and whose lag is looked for by distances, at most."""

MOST_LOST = 50
"""Clocks that are looked for so far, at most: those that fit worst."""


@dataclass(frozen=True)
class ClockReport:
    """What was found about the clocks.

    Attributes
    ----------
    faults : list of ClockFault
        By camera.
    judged : int
        Cameras about whose clock anything can be said: with travel times to at least three others,
        or sightings that only fit at another lag. An empty list says nothing about the rest.
    """

    faults: list[ClockFault] = field(default_factory=list)
    judged: int = 0


def find_clock_faults(sample: ClockSample, lat: np.ndarray, lon: np.ndarray) -> ClockReport:
    """Find the cameras whose clocks are wrong.

    Parameters
    ----------
    sample : ClockSample
        Sightings.
    lat, lon : numpy.ndarray, shape (cameras,)
        Where the cameras stand, in degrees; NaN where unknown.

    Returns
    -------
    ClockReport
        With no faults where all clocks agree, or too few vehicles pass to say.

    Notes
    -----
    Clocks are compared with each other: a fault that most of them share does not show. Drift is
    Theil's line (1950), the median of the slopes between spans.
    """
    rows, aside = sample.rows()
    if not n_rows(rows):
        return ClockReport()
    return _Search(rows, lat, lon).report(aside)


class _Search:
    """One search for wrong clocks, on one sample."""

    def __init__(self, rows: Rows, lat: np.ndarray, lon: np.ndarray):
        self.eras = Eras.of(rows, len(lat))
        self.camera_of = self.eras.camera_of
        self.units = len(self.camera_of)
        self.lat, self.lon = lat[self.camera_of], lon[self.camera_of]
        self.metres = distances_between(self.lat, self.lon)
        self.base = np.zeros(self.units)
        self.rows = self._prepared(rows)
        days = (self.eras.last - self.eras.first) // DAY_MS
        rows_each = n_rows(rows) // self.units
        wanted = min(days, MOST_TABLE // self.units, rows_each // SPAN_ROWS, MOST_SPANS)
        self.spans = Spans(self.eras.first, self.eras.last, int(max(1, wanted)))

    def _prepared(self, rows: Rows) -> Rows:
        unit = self.eras.units(rows)
        rows = {**rows, "unit": unit, "shown": rows["seen_at"]}
        return take(rows, unit >= 0) if (unit < 0).any() else rows

    def _based(self) -> np.ndarray:
        """Give times with the lags of lost clocks taken off."""
        if not self.base.any():
            return self.rows["shown"]
        return self.rows["shown"] - np.round(self.base[self.rows["unit"]]).astype(np.int64)

    def _corrected(self, ahead: np.ndarray) -> Sightings:
        """Take from each time what its clock was ahead, and sort."""
        based = self._based()
        moved = {
            "vehicle": self.rows["vehicle"],
            "seen_at": based - np.round(ahead).astype(np.int64),
            "camera": self.rows["camera"],
            "unit": self.rows["unit"],
            "span": self.spans.of(based),
        }
        if not np.array_equal(moved["seen_at"], self.rows["seen_at"]):
            moved = sort_sightings(moved)
        return Sightings(*(moved[name] for name in Sightings._fields))

    def report(self, aside: Rows) -> ClockReport:
        """Find the faults, and confirm them on the vehicles set aside."""
        coarse, lags = self._guess()
        based, unit = self._based(), self.rows["unit"]
        found, changes = self._measure(lags[unit, self.spans.of(based)])
        doubtful = self._without_worse(lags, usual_times(found.pairs, self.metres))
        one_way = ~found.both_ways & ~(np.abs(found.offset) < ONE_WAY_WORTH_MS / 2)
        one_way &= np.bincount(unit, minlength=self.units) >= 3 * MIN_SIGHTINGS
        doubtful |= set(np.flatnonzero(one_way).tolist())
        if doubtful:
            self._vote(lags, coarse, sorted(doubtful), found)
            found, changes = self._measure(lags[unit, self.spans.of(based)])
        likely = [likely_shapes(self.spans, lags[one], found.offset[one], changes[one])
                  for one in range(self.units)]  # fmt: skip
        shapes = self._fitting(likely, usual_times(found.pairs, self.metres))
        if any(len(pieces) > 1 or pieces[0].offset or pieces[0].slope for pieces in shapes):
            found, changes = self._measure(ahead_of(shapes, based, unit))
        shapes = [settle_shape(self.spans, pieces, found.offset[one], changes[one])
                  for one, pieces in enumerate(shapes)]  # fmt: skip
        faults = self._faults(shapes, found)
        if faults:
            usual = usual_times(found.pairs, self.metres)
            aside = self._prepared(aside)
            checked = [self._confirms(aside, *fault, faults, usual) for fault in faults]
            faults = [
                (one, replace(fault, confirmed=bool(confirmed)))
                for (one, fault), confirmed in zip(faults, checked, strict=True)
                # What the vehicles set aside speak against is none.
                if confirmed is not False
            ]
        judged = ~np.isnan(found.offset) | lags.any(axis=1) | (self.base != 0)
        faults.sort(key=lambda found: (found[1].camera, found[1].since_ms))
        return ClockReport(
            [fault for _, fault in faults], len(np.unique(self.camera_of[judged]))
        )

    def _guess(self) -> tuple[np.ndarray, np.ndarray]:
        """Find how far clocks are ahead in each span: to an hour, then to some minutes.

        Both of shape (units, spans).
        """
        now = self._corrected(np.zeros(1))
        lags, fitting = coarse_lags(now, self.units, self.spans.number)
        order = np.argsort(fitting, kind="stable")
        suspects = [one for one in order.tolist() if fitting[one] < SUSPECT][:MOST_LOST]
        # All that show the time that cameras share are looked at in one go.
        together = [one for one in suspects if one < self.eras.cameras]
        for which in ([together] if together else []) + [
            [one] for one in suspects if one >= self.eras.cameras
        ]:
            for one, lag in zip(which, distant_lags(now, which).tolist(), strict=True):
                if not np.isnan(lag):
                    self.base[one], lags[one] = lag, 0.0
        span = self.spans.of(self._based())
        coarse, moving = lags.copy(), None
        for _ in range(4):
            now = self._corrected(lags[self.rows["unit"], span])
            step = centre_lags(now, self.units, self.spans.number, moving)
            lags += step
            moving = np.flatnonzero(step.any(axis=1))
            if not len(moving):
                break
        return coarse, lags

    def _without_worse(self, lags: np.ndarray, usual: np.ndarray) -> set[int]:
        """Give up lags by which sightings do not fit better; say which."""
        based = self._based()
        ahead = lags[self.rows["unit"], self.spans.of(based)]
        worse = set()
        for one in np.flatnonzero(lags.any(axis=1)).tolist():
            there = self._beside(one)
            if not self._is_better(one, there, based[there], ahead[there], usual):
                worse.add(one)
        lags[sorted(worse)] = 0.0
        return worse

    def _vote(
        self, lags: np.ndarray, coarse: np.ndarray, which: list[int], found: Offsets
    ) -> None:
        """Look for lags of cameras that see one direction, by travel times that distances tell."""
        based = self._based()
        by_distance = times_by_distance(found.pairs, self.metres)
        usual = usual_times(found.pairs, self.metres)
        usual = np.where(np.isnan(by_distance), usual, by_distance)
        for one in which[:MOST_VOTES]:
            there = self._beside(one)
            rows = take(self.rows, there)
            ahead = lags[rows["unit"], self.spans.of(based[there])]
            mine = rows["unit"] == one
            ahead[mine] = coarse[one][self.spans.of(based[there][mine])]
            moved = sort_sightings(
                {
                    "vehicle": rows["vehicle"], "camera": rows["camera"], "unit": rows["unit"],
                    "seen_at": based[there] - np.round(ahead).astype(np.int64),
                }
            )  # fmt: skip
            now = Sightings(**moved, span=moved["unit"])
            tried = [coarse[one] + more for more in voted_lags(now, one, usual[one])]
            # Distances do not tell little.
            tried = [lag for lag in tried if np.abs(lag).max() > 1.5 * ONE_WAY_WORTH_MS]
            best = np.inf
            for lag in [lags[one].copy(), *tried]:
                ahead[mine] = lag[self.spans.of(based[there][mine])]
                times = based[there] - np.round(ahead).astype(np.int64)
                found_at = self._examine(rows, times, one, usual)
                misfit = float(found_at[0].mean())
                if misfit < 0.9 * best and (is_plausible(found_at) or best == np.inf):
                    best, lags[one] = misfit, lag

    def _beside(self, one: int) -> np.ndarray:
        """Give the rows of the vehicles that a clock has seen."""
        return np.isin(self.rows["vehicle"], self.rows["vehicle"][self.rows["unit"] == one])

    def _is_better(
        self, one: int, there: np.ndarray, based: np.ndarray, ahead: np.ndarray, usual: np.ndarray
    ) -> bool:
        """Say whether the sightings of a clock fit better if it was so far ahead than if not."""
        rows = take(self.rows, there)
        mine = rows["unit"] == one
        found = [
            self._examine(rows, based - np.round(moved).astype(np.int64), one, usual)
            for moved in (np.where(mine, 0.0, ahead), ahead)
        ]
        return is_improved(*found, ahead[mine]) is not False and is_plausible(found[1])

    def _measure(self, ahead: np.ndarray) -> tuple[Offsets, np.ndarray]:
        """Measure the offsets that remain, and how far each span differs from the whole."""
        now = self._corrected(ahead)
        found = passages_between(now.vehicle, now.seen_at, now.unit, NEAR_MS)
        passages = Passages(*found).sorted()
        whole = measure_offsets(passages, self.metres)
        changes = np.full((self.units, self.spans.number), np.nan)
        if self.spans.number >= MIN_SPANS:
            span, rest = self.spans.of(passages.at), np.nan_to_num(whole.offset)
            for number in range(self.spans.number):
                there = pairs_of(passages.where(span == number), self.metres, rest)
                changes[:, number] = measure_changes(there, whole.pairs, self.units)
        return whole, changes

    def _fitting(
        self, likely: list[list[list[Piece]]], usual: np.ndarray
    ) -> list[list[Piece]]:
        """Find the instants of steps, and choose the shapes by which sightings fit best."""
        shapes = [of_one[0] for of_one in likely]
        for one, of_one in enumerate(likely):
            if len(of_one) == 1 and len(of_one[0]) == 1:
                continue
            rows = take({**self.rows, "based": self._based()}, self._beside(one))
            ahead = ahead_of(shapes, rows["based"], rows["unit"])
            mine = rows["unit"] == one
            shown = rows["based"][mine]

            def misfits(
                offset: np.ndarray | float, rows=rows, ahead=ahead, mine=mine, one=one
            ) -> np.ndarray:
                moved = ahead.copy()
                moved[mine] = offset
                times = rows["based"] - np.round(moved).astype(np.int64)
                return self._examine(rows, times, one, usual)[0]

            fits = []
            for pieces in of_one:
                if len(pieces) > 1:
                    each = [misfits(piece.offset) for piece in pieces]
                    pieces = place_step(self.spans, pieces, shown, each[0] - each[1])
                moved = ahead_of([pieces], shown, np.zeros(len(shown)))
                fits.append((misfits(moved).mean(), pieces))
            shapes[one] = min(fits, key=lambda fit: fit[0])[1]
        return shapes

    def _examine(
        self, rows: Rows, times: np.ndarray, one: int, usual: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """Examine the sightings of one clock at some times, in the order of the rows."""
        moved = sort_sightings(
            {
                "vehicle": rows["vehicle"], "seen_at": times, "camera": rows["camera"],
                "unit": rows["unit"], "row": np.arange(n_rows(rows)),
            }
        )  # fmt: skip
        fastest = fastest_times(usual[one], self.metres[one])
        found = examine_sightings(
            moved["vehicle"], moved["seen_at"], moved["unit"], one, usual[one], fastest
        )
        order = np.argsort(moved["row"][moved["unit"] == one])
        return tuple(column[order] for column in found)

    def _faults(
        self, shapes: list[list[Piece]], found: Offsets
    ) -> list[tuple[int, ClockFault]]:
        """Give the faults of worth, each with its clock."""
        era_of = {unit: era for (_, era), unit in self.eras.extra.items()}
        lasting = {camera for camera, _ in self.eras.extra}
        middles = np.array([np.mean([piece.offset for piece in pieces]) for pieces in shapes])
        # Roads are not the same both ways: what right clocks show of that, none is free of.
        sure = found.both_ways & (found.error < WORTH_MS / 2)
        floor = np.quantile(np.abs(found.offset[sure]), 0.9) if sure.any() else 0.0
        faults = []
        for one, pieces in enumerate(shapes):
            era = era_of.get(one, 0)
            for number, piece in enumerate(pieces):
                error, measured = found.error[one], not np.isnan(found.offset[one])
                if not measured:
                    error, worth = COARSE_ERROR_MS, 2 * COARSE_ERROR_MS
                elif found.both_ways[one]:
                    error = np.hypot(error, floor)
                    worth = max(WORTH_MS, 2 * error)
                else:
                    worth = max(ONE_WAY_WORTH_MS, 4 * error)
                ends = [self.base[one] + piece.at(end) for end in (piece.since, piece.until)]
                if np.abs(ends).max() < worth:
                    continue
                if len(pieces) == 1 and not piece.slope and self._is_opposed(one, middles):
                    continue
                base = self.base[one]
                since, until = piece.since + base, piece.until + base
                from_start, to_end = number == 0, number == len(pieces) - 1
                if era or int(self.camera_of[one]) in lasting:
                    # Other eras of this camera are described by themselves.
                    low, high = self.eras.borders(era)
                    if from_start and low is not None:
                        since, from_start = low, False
                    if to_end and high is not None:
                        until, to_end = high, False
                faults.append(
                    (one, ClockFault(
                        int(self.camera_of[one]), int(since), float(base + piece.at(since - base)),
                        piece.slope * 1e6, int(until), float(error),
                        int(found.passages[one]) if measured else self._seen(one),
                        from_start=from_start, to_end=to_end,
                    ))
                )  # fmt: skip
        return faults

    def _seen(self, one: int) -> int:
        return int(np.count_nonzero(self.rows["unit"] == one))

    def _is_opposed(self, one: int, offsets: np.ndarray) -> bool:
        """Say whether a camera of the same site errs the other way.

        Two cameras of a road's two directions see the same slow street, one before and one after
        it; of two clocks, one would hardly be as much ahead as the other is behind.
        """
        near = (self.metres[one] < SAME_SITE_M) & (self.camera_of != self.camera_of[one])
        return bool((-offsets[near] / offsets[one] > 0.4).any()) if offsets[one] else False

    def _confirms(
        self,
        aside: Rows,
        one: int,
        fault: ClockFault,
        faults: list[tuple[int, ClockFault]],
        usual: np.ndarray,
    ) -> bool | None:
        """Say whether vehicles set aside fit better into their trips; None where they are few."""
        there = np.isin(aside["vehicle"], aside["vehicle"][aside["unit"] == one])
        rows = take(aside, there)
        meant = fault.covers(rows["shown"][rows["unit"] == one])
        found = []
        for applied in (False, True):
            times = rows["shown"].copy()
            for other, beside in faults:
                if beside is not fault or applied:
                    mine = np.flatnonzero(rows["unit"] == other)
                    mine = mine[beside.covers(rows["shown"][mine])]
                    times[mine] = rows["shown"][mine] - beside.offset_at(rows["shown"][mine])
            examined = self._examine(rows, times, one, usual)
            found.append(tuple(column[meant] for column in examined))
        shown = rows["shown"][rows["unit"] == one][meant]
        if not is_possible(*found):
            return False
        return is_improved(*found, fault.offset_at(shown).astype(float))
