"""Checking a correction on vehicles that were set aside: it must make their trips more likely."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.units import MINUTE_MS

MISFIT_MS = 15 * MINUTE_MS
"""A sighting that is further than this from all travel times fits into no trip."""

FASTEST_M_PER_MS = 140 / 3_600
"""Faster than 140 km/h between two cameras is no drive."""

LATE_MS = 10 * MINUTE_MS
"""What misses the travel time by more is no passage, and tells nothing about seconds."""

ORDINARY_IMPOSSIBLE = 0.02
"""Share of sightings that ask for an impossible drive though all clocks are right: plates are
misread, and not everybody keeps to the limit."""

MOST_IMPOSSIBLE = 0.1
"""Share that a correction may leave: of a camera that is moved onto another, many remain."""

MIN_CHECKED = 20
"""Sightings that a check needs."""


@numba.njit(cache=True, nogil=True)
def examine_sightings(vehicle, seen_at, unit, which, usual, fastest):
    """Say of each sighting by one clock how badly it fits between the others of its vehicle.

    Parameters
    ----------
    vehicle, seen_at, unit : numpy.ndarray
        Sorted by vehicle and time.
    which : int
        The clock.
    usual, fastest : numpy.ndarray of float64, shape (units,)
        Travel times between its camera and the others, ms; NaN where not known.

    Returns
    -------
    misfit : numpy.ndarray of float64
        Of each sighting by the clock, in their order: by how much it misses the travel time to the
        nearest fitting sighting, ms; at most `MISFIT_MS`.
    lateness : numpy.ndarray of float64
        By how much it is later than the sightings just before and after it say, ms; NaN where
        neither says.
    impossible : numpy.ndarray of bool
        Whether the vehicle would have had to drive faster than anybody.
    """
    rows = np.flatnonzero(unit == which)
    misfit = np.full(len(rows), np.float64(MISFIT_MS))
    lateness = np.full(len(rows), np.nan)
    impossible = np.zeros(len(rows), np.bool_)
    for number, i in enumerate(rows):
        late, sides = 0.0, 0
        for way in (-1, 1):
            for step in range(1, 9):
                j = i + way * step
                if j < 0 or j >= len(vehicle) or vehicle[j] != vehicle[i]:
                    break
                lag = abs(seen_at[i] - seen_at[j])
                other = unit[j]
                if other == which:
                    continue
                if lag < fastest[other]:
                    impossible[number] = True
                misses = abs(lag - usual[other])
                if step == 1 and misses < LATE_MS:
                    late -= way * (lag - usual[other])
                    sides += 1
                if misses < misfit[number]:
                    misfit[number] = misses
        if sides:
            lateness[number] = late / sides
    return misfit, lateness, impossible


def fastest_times(usual: np.ndarray, metres: np.ndarray) -> np.ndarray:
    """Give the shortest times in which one can drive between cameras, ms.

    Positions and roads are what they are: what many drive in some time is possible.
    """
    return np.fmin(metres / FASTEST_M_PER_MS, 0.6 * usual)


def is_improved(
    before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...], ahead: np.ndarray
) -> bool | None:
    """Say whether sightings fit better after a correction than before.

    Parameters
    ----------
    before, after : tuple of numpy.ndarray
        What `examine_sightings` says of the same sightings, in the same order.
    ahead : numpy.ndarray
        How far the clock is said to be ahead at each, ms.

    Returns
    -------
    bool or None
        Whether they fit better by three standard errors, or, by as much, are later where the clock
        is said to be ahead, and no more after the correction. None where too few are there to tell.
    """
    gain = before[0] - after[0]
    told = int(np.count_nonzero((before[0] < MISFIT_MS) | (after[0] < MISFIT_MS)))
    if told < MIN_CHECKED:
        return None
    error = gain.std(ddof=1) / np.sqrt(len(gain))
    if gain.mean() > 3 * error:
        return True
    if gain.mean() < -2 * error:
        return False
    was_late, late = _share_shown(before[1], ahead), _share_shown(after[1], ahead)
    return bool(was_late[0] > 3 * was_late[1] and abs(late[0]) < was_late[0] / 2)


def is_possible(before: tuple[np.ndarray, ...], after: tuple[np.ndarray, ...]) -> bool:
    """Say whether a correction leaves few impossible drives, and, beyond chance, no more than were.

    Counted among the sightings that fit into some trip: one that lies far from all is never
    impossible.
    """
    told = [int(np.count_nonzero(found[0] < MISFIT_MS)) for found in (before, after)]
    was, remains = int(before[2].sum()), int(after[2].sum())
    share = max(was / max(1, told[0]), ORDINARY_IMPOSSIBLE)
    no_more = max(was + 2 * np.sqrt(was), told[1] * share + 2 * np.sqrt(told[1] * share))
    return remains <= no_more and is_plausible(after)


def is_plausible(after: tuple[np.ndarray, ...]) -> bool:
    """Say whether few of the sightings that fit into some trip ask for an impossible drive."""
    told = np.count_nonzero(after[0] < MISFIT_MS)
    return bool(after[2].sum() <= MOST_IMPOSSIBLE * told)


def _share_shown(lateness: np.ndarray, ahead: np.ndarray) -> tuple[float, float]:
    """Give which share of what is said the lateness shows, and its standard error."""
    told = ~np.isnan(lateness)
    square = float(np.sum(ahead[told] ** 2.0))
    if not square:
        return 0.0, np.inf
    share = float(np.sum(lateness[told] * ahead[told])) / square
    rest = lateness[told] - share * ahead[told]
    return share, float(np.sqrt(np.sum((rest * ahead[told]) ** 2)) / square)
