"""Leaks: on which days the store is imagined to get out, and what an adversary knows by then.

A leak on day t happens at the local midnight with which day t begins, and shows the days before it.
What the adversary knows was learnt elsewhere and does not shrink with the store: points of each
vehicle from a fixed stretch of days before the leak, the same for every window that is compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from analyzer.risk.choosing import ANY, Chooser, choose_points
from analyzer.risk.points import count_vehicles, draw_smallest, sort_keys

MEASURED, ONE_LEAK_DAY, NOT_MEASURABLE = "measured", "one leak day", "not measurable"

MOST_LEAK_DAYS = 4
"""More leak days cost time in proportion and, this close to each other, tell little more."""

FEWEST_LEAK_DAYS = 3
"""With fewer leak days a window apart, nothing can be said about how leak days differ."""


@dataclass(frozen=True)
class LeakPlan:
    """Leak days for a comparison of windows.

    Attributes
    ----------
    history : int
        Days before a leak from which the adversary's knowledge comes: the longest window that the
        data can show; 0 if there is none.
    leak_days : tuple of int
        Local days (since 1970-01-01) on which the store leaks, ascending, equally spaced.
    statuses : tuple of str
        Of each window: ``"measured"``, ``"one leak day"`` or ``"not measurable"``.
    """

    history: int
    leak_days: tuple[int, ...]
    statuses: tuple[str, ...]

    def status_of(self, days: int) -> str:
        """Say how well days that were not planned for can be measured with these leaks.

        Examples
        --------
        >>> plan = plan_leaks(0, 27, (1, 7, 14, 30))
        >>> [plan.status_of(days) for days in (3, 10, 15)]
        ['measured', 'one leak day', 'not measurable']
        """
        if days > self.history:
            return NOT_MEASURABLE
        apart = min(np.diff(self.leak_days), default=0)
        enough = len(self.leak_days) >= FEWEST_LEAK_DAYS and days <= apart
        return MEASURED if enough else ONE_LEAK_DAY


def plan_leaks(first_day: int, last_day: int, windows: tuple[int, ...]) -> LeakPlan:
    """Choose leak days that serve all windows alike.

    Parameters
    ----------
    first_day, last_day : int
        Local days of the first and the last sighting. Both count as whole days of data.
    windows : tuple of int
        Days kept.

    Returns
    -------
    LeakPlan

    Notes
    -----
    A window longer than the days from first to last is not measurable. With H the longest one
    that is, a leak can fall on any day that has H days of data before it; the last of these is
    the day after the last sighting. Up to four are taken, equally spaced from there backwards as
    far apart as the data allow, so that as many windows as possible get three leak days that
    share none of the window's days. Where it costs no window that, the spacing is not a multiple
    of seven, so that leaks fall on several days of the week.

    Examples
    --------
    >>> plan = plan_leaks(0, 27, (1, 7, 14, 30))
    >>> plan.history, plan.leak_days
    (14, (14, 21, 28))
    >>> plan.statuses
    ('measured', 'measured', 'one leak day', 'not measurable')
    """
    covered = last_day - first_day + 1
    history = max((days for days in windows if days <= covered), default=0)
    if not history:
        return LeakPlan(0, (), (NOT_MEASURABLE,) * len(windows))
    room = covered - history
    measurable = [days for days in windows if days <= covered]

    def apart(count: int) -> int:
        return room // (count - 1) if count > 1 else 0

    def served(count: int) -> int:
        return sum(count >= FEWEST_LEAK_DAYS and days <= apart(count) for days in measurable)

    count = max(range(1, min(MOST_LEAK_DAYS, room + 1) + 1), key=lambda n: (served(n), n))
    spacing = apart(count)
    needed = max((days for days in measurable if days <= spacing), default=1)
    if spacing % 7 == 0 and spacing - 1 >= needed:
        spacing -= 1
    leak_days = tuple(last_day + 1 - spacing * back for back in reversed(range(count)))
    statuses = tuple(
        NOT_MEASURABLE
        if days > covered
        else MEASURED
        if count >= FEWEST_LEAK_DAYS and days <= spacing
        else ONE_LEAK_DAY
        for days in windows
    )
    return LeakPlan(history, leak_days, statuses)


@numba.njit(cache=True, nogil=True)
def _sort_with_days(keys: np.ndarray, days: np.ndarray) -> None:
    if len(keys) > 48:
        order = np.argsort(keys)
        keys[:] = keys[order]
        days[:] = days[order]
        return
    for i in range(1, len(keys)):
        key, day = keys[i], days[i]
        j = i - 1
        while j >= 0 and keys[j] > key:
            keys[j + 1], days[j + 1] = keys[j], days[j]
            j -= 1
        keys[j + 1], days[j + 1] = key, day


def draw_before_leaks(
    vehicle: np.ndarray,
    keys: np.ndarray,
    day: np.ndarray,
    leak_days: np.ndarray,
    history: int,
    n_places: int,
    n_points: int,
    seed: int,
    chooser: Chooser = ANY,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw what the adversary knows of each vehicle before each leak.

    For each vehicle and leak day t, the distinct points of its sightings in the `history` days
    before t are the candidates; of a vehicle that has at least `n_points` of them, those with the
    smallest hashes of (seed, vehicle, point) are drawn, as
    `analyzer.risk.points.draw_known_points` does.

    Parameters
    ----------
    vehicle : numpy.ndarray of int32, shape (n,)
        Sorted.
    keys, day : numpy.ndarray of int64, shape (n,)
        Key of each sighting's point, and its local day.
    leak_days : numpy.ndarray of int64, shape (k,)
        Leak days.
    history, n_places, n_points, seed : int
        Days of knowledge, number of places, points known, seed of the draw.
    chooser : Chooser
        Which points come first.

    Returns
    -------
    vehicles : numpy.ndarray of int32, shape (m,)
        One entry for each vehicle and leak day with enough points.
    leaks : numpy.ndarray of int8, shape (m,)
        Number of the leak day.
    known : numpy.ndarray of int64, shape (m, n_points)
        Keys of the drawn points, those seen latest before the leak first.
    seen : numpy.ndarray of int32, shape (m, n_points)
        Day before the leak on which the vehicle was last seen to make each of them.
    """
    return _draw_before_leaks(
        vehicle, keys, day, leak_days, history, n_places, n_points, seed, *chooser
    )


@numba.njit(cache=True, nogil=True)
def _draw_before_leaks(
    vehicle: np.ndarray,
    keys: np.ndarray,
    day: np.ndarray,
    leak_days: np.ndarray,
    history: int,
    n_places: int,
    n_points: int,
    seed: int,
    choice: int,
    per_day: int,
    home: np.ndarray,
    work: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    most = count_vehicles(vehicle) * len(leak_days)
    vehicles, leaks = np.empty(most, np.int32), np.empty(most, np.int8)
    known, seen = np.empty((most, n_points), np.int64), np.empty((most, n_points), np.int32)
    hashes = np.empty(n_points, np.uint64)
    room = 64
    own_keys, own_days = np.empty(room, np.int64), np.empty(room, np.int64)
    distinct, latest = np.empty(room, np.int64), np.empty(room, np.int64)
    found = 0
    start = 0
    while start < len(vehicle):
        stop = start + 1
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            stop += 1
        length = stop - start
        if length > room:
            room = 2 * length
            own_keys, own_days = np.empty(room, np.int64), np.empty(room, np.int64)
            distinct, latest = np.empty(room, np.int64), np.empty(room, np.int64)
        own_keys[:length] = keys[start:stop]
        own_days[:length] = day[start:stop]
        _sort_with_days(own_keys[:length], own_days[:length])
        for leak in range(len(leak_days)):
            count = 0
            for i in range(length):
                if own_days[i] >= leak_days[leak] or own_days[i] < leak_days[leak] - history:
                    continue
                if count and distinct[count - 1] == own_keys[i]:
                    latest[count - 1] = max(latest[count - 1], own_days[i])
                else:
                    distinct[count] = own_keys[i]
                    latest[count] = own_days[i]
                    count += 1
            if count < n_points:
                continue
            vehicles[found] = vehicle[start]
            leaks[found] = leak
            drawn = known[found]
            if choice == 0:
                draw_smallest(distinct[:count], vehicle[start], n_places, seed, hashes, drawn)
            else:
                eligible = choose_points(
                    distinct[:count],
                    vehicle[start],
                    n_places,
                    choice,
                    per_day,
                    home,
                    work,
                    seed,
                    drawn,
                )
                if eligible < n_points:
                    continue
            sort_keys(drawn)
            for q in range(n_points):
                key = drawn[q]
                last = latest[np.searchsorted(distinct[:count], key)]
                j = q
                while j > 0 and seen[found, j - 1] < last:
                    seen[found, j] = seen[found, j - 1]
                    drawn[j] = drawn[j - 1]
                    j -= 1
                seen[found, j] = last
                drawn[j] = key
            found += 1
        start = stop
    return vehicles[:found], leaks[:found], known[:found], seen[:found]
