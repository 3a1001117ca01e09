"""Roles: which place of a vehicle is its home, which its work, by the hours spent there.

Nights tell homes and working hours tell works, with two exceptions that the hours settle: who works
by night spends most nights, but not most hours, at work; and who stays at home all day is at home
in working hours too, but has no second place. What is too thin or too scattered stays unknown.
"""

from __future__ import annotations

import numpy as np

from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS

OTHER, HOME, WORK = 0, 1, 2
ROLES = ("other", "home", "work")

HOME_NIGHTS = 2
"""Nights that make a home, at least."""

HOME_SHARE = 0.15
"""Nights that make a home, at least, as a share of the vehicle's days: who is seen once a week
shows where cameras stand, not where home is."""

HOME_HOURS = 0.5
"""Or hours, as a share of all hours of these days: who works by night has few nights at home, and
several of them in one stay."""

HOME_STAYS = 0.4
"""Hours speak for a home if there are so many stays a day: who passes through every few days is
somewhere in between, too."""

WORK_DAYS = 3
"""Days that make a work place, at least."""

WORK_SHARE = 0.25
"""Share of the vehicle's weekdays that make a work place, at least."""

WORK_HOURS = 3.0
"""Hours of working time, or of the night, in a stay that make it a day at work."""

SHIFT_HOURS = 14.0
"""A night away from home that is no longer than this may be a night at work."""

LONG_DAY_HOURS = 6.0
"""By the home, shorter days than this are days at home."""

SPOT = 1.5
"""Stays that scatter farther than this about their middle, in units of scale, are no one spot."""


def gather_evidence(stays: Rows, used: np.ndarray, place: np.ndarray, vehicle: np.ndarray) -> Rows:
    """Sum up the stays at each place.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.stays.stays_of_trips` makes them; all stays of the vehicles.
    used, place : numpy.ndarray of int64, shape (k,)
        Rows of the stays to use, and the place, an index into `vehicle`, of each.
    vehicle : numpy.ndarray of int, shape (n,)
        Vehicle of each place.

    Returns
    -------
    Rows
        ``vehicle``; ``stays``; ``hours``; ``nights`` (stays over night; one of several nights
        counts once, for all that was seen of it are its ends); ``workdays`` (days at work, if it is
        a work place); ``weekdays`` (Monday to Friday) and ``days`` between the first and the last
        stay of the vehicle.
    """
    length = (stays["local_end"][used] - stays["local_start"][used]) / HOUR_MS
    night = stays["night"][used]
    worked = (stays["working"][used] >= WORK_HOURS * HOUR_MS) | (
        (night >= WORK_HOURS * HOUR_MS) & (length <= SHIFT_HOURS)
    )

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(place, values, minlength=len(vehicle))

    weekdays, days = _days_observed(stays, vehicle)
    return {
        "vehicle": vehicle,
        "stays": total(np.ones(len(used))),
        "hours": total(length),
        "nights": total(night >= WORK_HOURS * HOUR_MS),
        "workdays": total(worked),
        "weekdays": weekdays,
        "days": days,
    }


def choose_homes(evidence: Rows, one_spot: np.ndarray) -> np.ndarray:
    """Choose the home of each vehicle: of the places where nights were spent, that of most hours.

    Parameters
    ----------
    evidence : Rows
        As `gather_evidence` gives it, sorted by vehicle.
    one_spot : numpy.ndarray of bool, shape (n,)
        Whether the stays at a place lie together; where they do not, it has no role.

    Returns
    -------
    numpy.ndarray of int64
        Rows of the homes; at most one a vehicle.

    Examples
    --------
    >>> evidence = {"vehicle": np.zeros(2, int), "hours": np.array([160.0, 300.0]),
    ...     "nights": np.array([20.0, 8.0]), "days": np.full(2, 28), "stays": np.full(2, 20.0)}
    >>> choose_homes(evidence, np.ones(2, bool)).tolist()
    [1]
    """
    often = evidence["nights"] >= HOME_SHARE * evidence["days"]
    long = (evidence["hours"] >= HOME_HOURS * 24 * evidence["days"]) & (
        evidence["stays"] >= HOME_STAYS * evidence["days"]
    )
    nights = np.flatnonzero(one_spot & (evidence["nights"] >= HOME_NIGHTS) & (often | long))
    return _best(evidence["vehicle"], nights, evidence["hours"])


def choose_works(evidence: Rows, one_spot: np.ndarray, by_home: np.ndarray) -> np.ndarray:
    """Choose the work place of each vehicle: the place of most working days that is not home.

    Parameters
    ----------
    evidence, one_spot
        As for `choose_homes`.
    by_home : numpy.ndarray of bool, shape (n,)
        Whether a place lies by the home of its vehicle, as far as cameras can tell. Short days
        there are days at home.

    Returns
    -------
    numpy.ndarray of int64
        Rows of the work places; at most one a vehicle.

    Examples
    --------
    >>> evidence = {"vehicle": np.zeros(3, int), "stays": np.array([20.0, 20, 4]),
    ...     "hours": np.array([60.0, 160, 9]), "workdays": np.array([20.0, 18, 4]),
    ...     "weekdays": np.full(3, 20)}
    >>> choose_works(evidence, np.ones(3, bool), np.array([True, True, False])).tolist()
    [1]
    """
    needed = np.maximum(WORK_DAYS, WORK_SHARE * evidence["weekdays"])
    long_days = evidence["hours"] >= LONG_DAY_HOURS * evidence["stays"]
    days = np.flatnonzero(one_spot & (evidence["workdays"] >= needed) & (long_days | ~by_home))
    return _best(evidence["vehicle"], days, evidence["workdays"])


def _best(vehicle: np.ndarray, rows: np.ndarray, merit: np.ndarray) -> np.ndarray:
    """Give, of these rows, the one of highest merit for each vehicle, the first of equal ones."""
    order = rows[np.lexsort((rows, -merit[rows], vehicle[rows]))]
    return order[np.diff(vehicle[order], prepend=-1) != 0]


def _days_observed(stays: Rows, vehicle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the weekdays, and all days, between the first and the last stay of each vehicle."""
    begin = np.searchsorted(stays["vehicle"], vehicle, side="left")
    end = np.searchsorted(stays["vehicle"], vehicle, side="right") - 1
    first, last = stays["local_start"][begin] // DAY_MS, stays["local_end"][end] // DAY_MS

    def workdays_before(day: np.ndarray) -> np.ndarray:
        weeks, weekday = np.divmod(day + 3, 7)
        return 5 * weeks + np.minimum(weekday, 5)

    return workdays_before(last + 1) - workdays_before(first), last + 1 - first
