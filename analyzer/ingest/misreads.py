"""Misreads: plates that differ in one character and complete another vehicle's trip.

Whether such a pair is a misread is decided by times and places: the rare plate must be seen where
and when the common one was on its way. Near-equal plates are many in a dense country, so the chance
of fitting is measured with the common plates exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np

from analyzer.cameras import haversine_m
from analyzer.schema import Rows
from analyzer.units import MINUTE_MS

TRIP_MS = 45 * MINUTE_MS
SAME_PASSAGE_MS = 10_000
FASTEST_M_PER_MS = 140 / 3_600
"""Faster than 140 km/h between two cameras is no drive."""

RARE = 2
"""A misread repeats itself seldom: plates seen more often than this are vehicles."""

MANY_MOVES = 20
"""A vehicle with fewer moves than this may look scattered because of one wrong clock."""

NONE, SAME_PASSAGE, IN_TRIP = 0, 1, 2


@dataclass(frozen=True)
class Misreads:
    """What was found about misread plates.

    Attributes
    ----------
    rows : int
        Sightings that fit into a trip, or beside a sighting, of a near-equal plate.
    by_chance : float
        How many of them would fit if the plates had nothing to do with each other.
    look_alike : int
        Those that differ in look-alike characters only.
    by_speed : int
        Those among the sightings of a vehicle to which no drive of its own leads.
    impossible : int
        All sightings to which no drive leads, from the one before and to the one after.
    scattered : int
        Vehicles for which that is so of most of their moves: no one vehicle, but one plate for
        many.
    sightings : int
        All sightings.
    findable : float
        Share of sightings that, misread, would be found this way.
    vehicle, seen_at, camera, true_vehicle, kind : numpy.ndarray
        The sightings that fit, and the vehicle that each may be.
    """

    rows: int
    by_chance: float
    look_alike: int
    by_speed: int
    impossible: int
    scattered: int
    sightings: int
    findable: float
    vehicle: np.ndarray = field(repr=False)
    seen_at: np.ndarray = field(repr=False)
    camera: np.ndarray = field(repr=False)
    true_vehicle: np.ndarray = field(repr=False)
    kind: np.ndarray = field(repr=False)

    @property
    def rate(self) -> float:
        """Estimated share of sightings that are misread; NaN where nothing could be found."""
        if not self.sightings or self.findable <= 0:
            return float("nan")
        return max(0.0, self.rows - self.by_chance) / self.sightings / self.findable

    def describe(self) -> str:
        """Say it in one sentence."""
        share = (
            "how many of the sightings are misread cannot be told from so few"
            if np.isnan(self.rate)
            else f"about {self.rate:.1%} of the sightings are misread"
        )
        return (
            f"{self.rows:,} sightings, {self.rows - self.by_speed:,} of rare plates and "
            f"{self.by_speed:,} where no drive of the vehicle leads, fit into a trip of a plate "
            f"that differs in one character ({self.by_chance:.0f} would by chance; "
            f"{self.look_alike:,} differ in look-alike characters such as O and 0 only): {share}"
        )

    def to_dict(self, merged: int) -> dict[str, Any]:
        """Give the figures in types that JSON knows."""
        return {
            "found": self.rows,
            "by_chance": round(self.by_chance, 1),
            "look_alike": self.look_alike,
            "by_speed": self.by_speed,
            "impossible": self.impossible,
            "scattered_vehicles": self.scattered,
            "findable_share": round(self.findable, 4),
            "estimated_rate": None if np.isnan(self.rate) else round(self.rate, 5),
            "merged": merged,
        }


def find_misreads(
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray],
    counts: np.ndarray,
    parts: Iterable[Rows],
    again: Iterable[Rows],
    lat: np.ndarray,
    lon: np.ndarray,
) -> Misreads:
    """Decide which near-equal plates are misreads.

    Parameters
    ----------
    pairs : tuple of numpy.ndarray
        From `analyzer.ingest.near_plates.NearPlates.pairs`.
    counts : numpy.ndarray of int64
        Sightings of each vehicle.
    parts, again : iterable of Rows
        The sorted parts, twice.
    lat, lon : numpy.ndarray
        Positions of the cameras.
    """
    one, two, alike_all = pairs
    alike = alike_all
    swap = counts[one] < counts[two]
    common, rare = np.where(swap, two, one), np.where(swap, one, two)
    usable = (counts[rare] > 0) & (counts[rare] <= RARE) & (counts[common] > 2 * counts[rare])
    common, rare, alike = common[usable], rare[usable], alike[usable]
    order = np.argsort(rare, kind="stable")
    common, rare, alike = common[order], rare[order], alike[order]
    metres = _metres(lat, lon)
    wanted = np.unique(rare)
    queries = [np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int32)]
    findable, judged, impossible = 0, 0, 0
    moves = np.zeros((len(counts), 2), np.int64)
    # Any near-equal plate may be the true one of a sighting that its own vehicle cannot have.
    near = np.unique(np.concatenate([one, two]))
    outliers = [np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int32)]
    for rows in parts:
        here = np.isin(rows["vehicle"], wanted)
        away = find_impossible(rows["vehicle"], rows["seen_at"], rows["camera"], metres, moves)
        impossible += int(np.count_nonzero(away))
        away &= ~here & np.isin(rows["vehicle"], near)
        for k, name in enumerate(("vehicle", "seen_at", "camera")):
            queries[k] = np.concatenate([queries[k], rows[name][here]])
            outliers[k] = np.concatenate([outliers[k], rows[name][away]])
        found, of = count_findable(rows["vehicle"], rows["seen_at"], rows["camera"], metres)
        findable, judged = findable + found, judged + of
    n_rare = len(queries[0])
    strange = np.unique(outliers[0])
    of = np.concatenate([one, two]), np.concatenate([two, one]), np.concatenate([alike_all] * 2)
    mine = np.isin(of[0], strange)
    common = np.concatenate([common, of[1][mine]])
    alike = np.concatenate([alike, of[2][mine]])
    rare = np.concatenate([rare, of[0][mine]])
    order = np.argsort(rare, kind="stable")
    common, rare, alike = common[order], rare[order], alike[order]
    # In one order, whatever the parts.
    queries, outliers = (
        [column[np.lexsort(columns[::-1])] for column in columns] for columns in (queries, outliers)
    )
    queries = [np.concatenate(both) for both in zip(queries, outliers, strict=True)]
    # One query a sighting and near-equal plate.
    begin = np.searchsorted(rare, queries[0])
    times = np.searchsorted(rare, queries[0], side="right") - begin
    row = np.repeat(np.arange(len(begin)), times)
    pair = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times) + begin[row]
    seen, camera = queries[1][row], queries[2][row]
    true = common[pair]
    # Control: every sighting asks for the common plate of a query far away in the list.
    exchanged = np.roll(true, len(true) // 2)
    kind, placebo = np.zeros(len(row), np.int8), np.zeros(len(row), np.int8)
    for rows in again:
        judge(rows["vehicle"], rows["seen_at"], rows["camera"], metres, true, seen, camera, kind)
        judge(
            rows["vehicle"], rows["seen_at"], rows["camera"], metres, exchanged, seen, camera,
            placebo,
        )  # fmt: skip
    # A sighting that fits two vehicles is of one: that with look-alike characters before others.
    fits = np.flatnonzero(kind)
    fits = fits[np.lexsort((~alike[pair[fits]], row[fits]))]
    _, first = np.unique(row[fits], return_index=True)
    fits = fits[first]
    return Misreads(
        rows=len(fits),
        by_chance=float(len(np.unique(row[placebo > 0]))),
        look_alike=int(np.count_nonzero(alike[pair[fits]])),
        by_speed=int(np.count_nonzero(row[fits] >= n_rare)),
        impossible=impossible,
        scattered=int(
            np.count_nonzero((moves[:, 0] >= MANY_MOVES) & (2 * moves[:, 1] > moves[:, 0]))
        ),
        sightings=int(counts.sum()),
        findable=findable / judged if judged else 0.0,
        vehicle=queries[0][row[fits]],
        seen_at=seen[fits],
        camera=camera[fits],
        true_vehicle=true[fits],
        kind=kind[fits],
    )


def _metres(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    count = len(lat)
    metres = np.zeros((count, count))
    for i in range(count):
        for j in range(i + 1, count):
            metres[i, j] = metres[j, i] = haversine_m(lat[i], lon[i], lat[j], lon[j])
    return metres


@numba.njit(cache=True, nogil=True)
def _on_the_way(metres, c0, t0, c, t, c1, t1):
    """Say whether a sighting lies on a drive between two others: place, speed and detour."""
    if c in (c0, c1) or c0 == c1 or t - t0 > TRIP_MS or t1 - t > TRIP_MS:
        return False
    there, on = metres[c0, c], metres[c, c1]
    # Unknown distances compare as false.
    if not (there <= (t - t0) * FASTEST_M_PER_MS and on <= (t1 - t) * FASTEST_M_PER_MS):
        return False
    return there + on <= 1.4 * metres[c0, c1] + 1_000.0


@numba.njit(cache=True, nogil=True)
def find_impossible(vehicle, seen_at, camera, metres, moves):
    """Mark the rows that no drive joins to the rows before and after, which a drive does join.

    The moves of each vehicle between cameras, and those that no drive makes, are counted in
    `moves` (shape (vehicles, 2)).
    """
    n = len(vehicle)
    marked = np.zeros(n, np.bool_)
    for i in range(1, n):
        v = vehicle[i]
        if vehicle[i - 1] != v or camera[i - 1] == camera[i]:
            continue
        moves[v, 0] += 1
        if not _too_fast(metres, camera[i - 1], seen_at[i - 1], camera[i], seen_at[i]):
            continue
        moves[v, 1] += 1
        if i + 1 == n or vehicle[i + 1] != v:
            continue
        there = _too_fast(metres, camera[i], seen_at[i], camera[i + 1], seen_at[i + 1])
        past = _too_fast(metres, camera[i - 1], seen_at[i - 1], camera[i + 1], seen_at[i + 1])
        marked[i] = there and not past
    return marked


@numba.njit(cache=True, nogil=True)
def _too_fast(metres, c0, t0, c1, t1):
    # A place is no point, and clocks are not right to the second; unknown distances prove nothing.
    return metres[c0, c1] - 1_000.0 > (t1 - t0) * FASTEST_M_PER_MS


@numba.njit(cache=True, nogil=True)
def count_findable(vehicle, seen_at, camera, metres):
    """Count the sightings that lie on the way between their neighbours, and all."""
    n, found = len(vehicle), 0
    for i in range(1, n - 1):
        if vehicle[i - 1] == vehicle[i] and vehicle[i + 1] == vehicle[i]:
            found += _on_the_way(
                metres, camera[i - 1], seen_at[i - 1], camera[i], seen_at[i], camera[i + 1],
                seen_at[i + 1],
            )  # fmt: skip
    return found, n


@numba.njit(cache=True, nogil=True)
def judge(vehicle, seen_at, camera, metres, asked, times, places, kind):
    """Mark the queries that fit a vehicle of this part (see `NONE`, `SAME_PASSAGE`, `IN_TRIP`)."""
    n = len(vehicle)
    for q in range(len(asked)):
        begin = np.searchsorted(vehicle, asked[q])
        if begin == n or vehicle[begin] != asked[q]:
            continue
        end = np.searchsorted(vehicle, asked[q], side="right")
        after = begin + np.searchsorted(seen_at[begin:end], times[q])
        for k in range(max(begin, after - 1), min(end, after + 1)):
            near = abs(seen_at[k] - times[q]) <= SAME_PASSAGE_MS
            if near and camera[k] == places[q]:
                kind[q] = SAME_PASSAGE
        if kind[q] != NONE or after in (begin, end):
            continue
        if _on_the_way(
            metres, camera[after - 1], seen_at[after - 1], places[q], times[q], camera[after],
            seen_at[after],
        ):  # fmt: skip
            kind[q] = IN_TRIP
