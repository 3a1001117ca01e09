"""Habit: what a pair's joint journeys would be if one of the two lived in another week.

One vehicle's days are exchanged for other days of the same kind, circularly over the span, and
joint journeys are counted again. Where every weekday occurs at least four times, a Monday becomes a
later Monday (a shift by whole weeks); in shorter data a working day becomes another working day and
a day of the weekend another day of the weekend. Times of day stay, so a pair that meets because
both leave at eight meets in the shifted data just as often; a pair that travels together does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from analyzer.patterns.closeness import MOST_CAMERAS, closeness_of, count_camera
from analyzer.patterns.encounters import longer
from analyzer.schema import MISSING, Rows
from analyzer.units import DAY_MS

MAX_SHIFTS = 26
"""Shifts beyond half a year tell little more and cost in proportion."""


@dataclass(frozen=True)
class ShiftCalendar:
    """Which day takes which day's place in each shift.

    Attributes
    ----------
    first_day : int
        The first local day (days since 1970-01-01); days below are counted from it.
    kind, position : numpy.ndarray of int64, shape (days,)
        Kind of each day, and which of its kind it is.
    sizes : numpy.ndarray of int64, shape (kinds,)
        How many days of a kind there are.
    days_of : numpy.ndarray of int64, shape (kinds, longest)
        The days of a kind in order.
    rotations : numpy.ndarray of int64, shape (shifts, kinds)
        By how many positions each shift moves the days of a kind; never zero.
    """

    first_day: int
    kind: np.ndarray
    position: np.ndarray
    sizes: np.ndarray
    days_of: np.ndarray
    rotations: np.ndarray

    @property
    def shifts(self) -> int:
        """Number of shifts, S."""
        return len(self.rotations)

    @property
    def weekly(self) -> bool:
        """Whether shifts are by whole weeks."""
        return len(self.sizes) == 7

    def to_broadcast(self) -> Rows:
        """Give the arrays as a part function takes them."""
        inverse_starts, inverse = self._inverse()
        return {
            "first_day": np.array([self.first_day], np.int64),
            "kind": self.kind,
            "position": self.position,
            "sizes": self.sizes,
            "days_of": self.days_of,
            "rotations": self.rotations,
            "inverse_starts": inverse_starts,
            "inverse": inverse,
        }

    def _inverse(self) -> tuple[np.ndarray, np.ndarray]:
        # For a kind and a rotation: the shifts that turn it so far.
        longest = self.days_of.shape[1]
        slot = np.arange(len(self.sizes)) * longest + self.rotations
        order = np.argsort(slot.ravel(), kind="stable")
        starts = np.searchsorted(slot.ravel()[order], np.arange(len(self.sizes) * longest + 1))
        return starts, order // max(len(self.sizes), 1)


def shift_calendar(first_day: int, last_day: int, max_shifts: int = MAX_SHIFTS) -> ShiftCalendar:
    """Lay out the shifts that a span of local days allows.

    Parameters
    ----------
    first_day, last_day : int
        Days since 1970-01-01, both within the span.
    max_shifts : int
        At most so many shifts, spread evenly.

    Returns
    -------
    ShiftCalendar
        With no shifts where the span is a single day.

    Examples
    --------
    >>> monday = 4
    >>> shift_calendar(monday, monday + 27).rotations[:, 0].tolist()  # four weeks
    [1, 2, 3]
    >>> shift_calendar(monday, monday + 6).rotations.tolist()  # five working days, two others
    [[1, 1], [2, 1], [3, 1], [4, 1]]
    """
    days = np.arange(first_day, last_day + 1)
    weekday = (days + 3) % 7
    kind = weekday
    if np.bincount(weekday, minlength=7).min() < 4:
        kind = (weekday >= 5).astype(np.int64)
        # A day alone of its kind has no other to change with: then all days are of one kind.
        if 1 in np.bincount(kind, minlength=2) or not kind.any() or kind.all():
            kind = np.zeros(len(days), np.int64)
    sizes = np.bincount(kind).astype(np.int64)
    days_of = np.full((len(sizes), int(sizes.max())), -1, np.int64)
    position = np.empty(len(days), np.int64)
    for k in range(len(sizes)):
        of_kind = np.flatnonzero(kind == k)
        days_of[k, : len(of_kind)] = of_kind
        position[of_kind] = np.arange(len(of_kind))
    # By weeks, one that all weekdays can make; by days, the rarer kind goes round more than once.
    longest = int(sizes.min() if len(sizes) == 7 else sizes.max())
    count = min(longest - 1, max_shifts)
    steps = 1 + np.arange(count) * (longest - 1) // max(count, 1)
    rotations = 1 + (steps[:, None] - 1) % np.maximum(sizes - 1, 1)[None, :]
    return ShiftCalendar(
        first_day, kind.astype(np.int64), position, sizes, days_of, rotations.astype(np.int64)
    )


@numba.njit(cache=True, nogil=True)
def shifted_times(
    local: np.ndarray,
    rotation: np.ndarray,
    first_day: int,
    kind: np.ndarray,
    position: np.ndarray,
    sizes: np.ndarray,
    days_of: np.ndarray,
) -> np.ndarray:
    """Move local times to the days that one shift puts in their days' place.

    Parameters
    ----------
    local : numpy.ndarray of int64, shape (n,)
        Local time in ms.
    rotation : numpy.ndarray of int64, shape (kinds,)
        One row of `ShiftCalendar.rotations`; the other arguments are its fields.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
    """
    moved = np.empty(len(local), np.int64)
    for row in range(len(local)):
        day = local[row] // DAY_MS - first_day
        k = kind[day]
        new = days_of[k, (position[day] + rotation[k]) % sizes[k]]
        moved[row] = local[row] + (new - day) * DAY_MS
    return moved


@numba.njit(cache=True, nogil=True)
def shifted_journeys(
    pairs_a: np.ndarray,
    pairs_b: np.ndarray,
    starts_a: np.ndarray,
    cameras_a: np.ndarray,
    clock_a: np.ndarray,
    days_a: np.ndarray,
    directions_a: np.ndarray,
    trip_cameras_a: np.ndarray,
    starts_b: np.ndarray,
    cameras_b: np.ndarray,
    clock_b: np.ndarray,
    days_b: np.ndarray,
    directions_b: np.ndarray,
    trip_cameras_b: np.ndarray,
    kind: np.ndarray,
    position: np.ndarray,
    sizes: np.ndarray,
    days_of: np.ndarray,
    inverse_starts: np.ndarray,
    inverse: np.ndarray,
    n_cameras: int,
    within: int,
    max_gap: int,
    min_cameras: int,
    thresholds: np.ndarray,
) -> np.ndarray:
    """Count the joint journeys of pairs in all shifts of the first vehicle, together.

    Instead of shifting S times, sightings of the two at one camera and time of day are matched
    once; the days on which they fall tell the shifts in which they meet.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Where the pair's vehicles stand in `starts_a` and `starts_b`.
    starts_a, cameras_a, clock_a, days_a, directions_a, trip_cameras_a : numpy.ndarray
        Where each vehicle's rows begin; its sightings sorted by (camera, time of day): camera code,
        local time of day (ms), day of the span, direction code (or an empty array), cameras of its
        trip.
    starts_b, cameras_b, clock_b, days_b, directions_b, trip_cameras_b : numpy.ndarray
        The same of the second vehicles.
    kind, position, sizes, days_of, inverse_starts, inverse : numpy.ndarray
        See `ShiftCalendar.to_broadcast`.
    n_cameras, within, max_gap, min_cameras, thresholds
        See `joint_journeys`.

    Returns
    -------
    numpy.ndarray of int64, shape (pairs, levels)
        Σ h_s: joint journeys summed over the shifts, by the level that they reach.
    """
    has_directions = len(directions_a) > 0 and len(directions_b) > 0
    n_days, longest = len(kind), days_of.shape[1]
    # A shift's times stay within [-1, n_days + 1] days; two more keep the shifts apart by a gap.
    stride = (n_days + 4) * DAY_MS + max_gap
    keys = np.empty(1024, np.int64)
    apart, passed = np.empty(1024, np.int64), np.empty(1024, np.int64)
    seen, nearest = np.empty(MOST_CAMERAS, np.int64), np.empty(MOST_CAMERAS, np.int64)
    totals = np.zeros((len(pairs_a), len(thresholds) + 1), np.int64)
    for pair in range(len(pairs_a)):
        met = 0
        row, stop_a = starts_a[pairs_a[pair]], starts_a[pairs_a[pair] + 1]
        base, stop_b = starts_b[pairs_b[pair]], starts_b[pairs_b[pair] + 1]
        while row < stop_a and base < stop_b:
            camera = cameras_a[row]
            if cameras_b[base] != camera:
                if cameras_b[base] < camera:
                    base += 1
                else:
                    row += 1
                continue
            end = base
            while end < stop_b and cameras_b[end] == camera:
                end += 1
            low = base
            while row < stop_a and cameras_a[row] == camera:
                time = clock_a[row]
                k = kind[days_a[row]]
                while low < end and clock_b[low] < time - within:
                    low += 1
                # Near midnight the other may pass on the day before or after.
                for offset in range(-1, 2):
                    aim = time + offset * DAY_MS
                    if aim + within < 0 or aim - within >= DAY_MS:
                        continue
                    other = low if offset == 0 else base
                    while other < end and clock_b[other] < aim - within:
                        other += 1
                    while other < end and clock_b[other] <= aim + within:
                        day = days_b[other] + offset
                        if (
                            0 <= day < n_days
                            and kind[day] == k
                            and (
                                not has_directions
                                or directions_a[row] == directions_b[other]
                                or directions_a[row] == MISSING
                                or directions_b[other] == MISSING
                            )
                        ):
                            turn = (position[day] - position[days_a[row]]) % sizes[k]
                            slot = k * longest + turn
                            at = max(day * DAY_MS + time, days_b[other] * DAY_MS + clock_b[other])
                            for i in range(inverse_starts[slot], inverse_starts[slot + 1]):
                                if met == len(keys):
                                    keys, apart = longer(keys), longer(apart)
                                    passed = longer(passed)
                                keys[met] = (
                                    inverse[i] * stride + at + DAY_MS
                                ) * n_cameras + camera
                                apart[met] = abs(aim - clock_b[other])
                                passed[met] = trip_cameras_a[row] + trip_cameras_b[other]
                                met += 1
                        other += 1
                row += 1
            base = end
        if met < min_cameras:
            continue
        order = np.argsort(keys[:met], kind="mergesort")
        first, distinct = 0, 0
        for i in range(met):
            key = keys[order[i]]
            distinct = count_camera(seen, nearest, distinct, key % n_cameras, apart[order[i]])
            # Shifts lie further apart than a gap, so a new shift begins a new run by itself.
            if i + 1 < met and keys[order[i + 1]] // n_cameras - key // n_cameras <= max_gap:
                continue
            if distinct >= min_cameras:
                closeness = closeness_of(nearest, distinct, passed[order[first]])
                level = 0
                while level < len(thresholds) and closeness >= thresholds[level]:
                    level += 1
                totals[pair, level] += 1
            first, distinct = i + 1, 0
    return totals


@numba.njit(cache=True, nogil=True)
def order_by_camera_and_clock(
    starts: np.ndarray, cameras: np.ndarray, clock: np.ndarray
) -> np.ndarray:
    """Order each vehicle's rows by camera, then time of day."""
    order = np.empty(starts[-1], np.int64)
    for vehicle in range(len(starts) - 1):
        first, stop = starts[vehicle], starts[vehicle + 1]
        keys = np.empty(stop - first, np.int64)
        for row in range(first, stop):
            keys[row - first] = cameras[row] * DAY_MS + clock[row]
        order[first:stop] = first + np.argsort(keys, kind="mergesort")
    return order


def daily_rows(rows: Rows, starts: np.ndarray, local: np.ndarray, first_day: int) -> Rows:
    """Arrange the rows of vehicles for `shifted_journeys`.

    Parameters
    ----------
    rows : Rows
        Sightings sorted by vehicle, with ``trip_cameras``.
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    local : numpy.ndarray of int64, shape (n,)
        Local times in ms.
    first_day : int
        The calendar's first day.

    Returns
    -------
    dict
        ``cameras``, ``clock``, ``days``, ``directions``, ``trip_cameras``.
    """
    clock = (local % DAY_MS).astype(np.int32)
    order = order_by_camera_and_clock(starts, rows["camera"], clock)
    return {
        "cameras": rows["camera"][order],
        "clock": clock[order],
        "days": (local // DAY_MS - first_day).astype(np.int32)[order],
        "directions": rows["direction"][order] if "direction" in rows else np.empty(0, np.int32),
        "trip_cameras": rows["trip_cameras"][order],
    }
