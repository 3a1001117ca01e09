"""Changes of routine: the day from which a routine is kept more often, or less often, than before.

The days on which a routine could be kept are a row of zeros and ones. A change is the split of that
row into two rates that explains it best, where that is so much better than one rate that chance
hardly ever does it.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pandas as pd

LEAST_SIDE = 4
"""Days that a routine could be kept, before a change and after it, at least."""

LEAST_GAIN = 8.0
"""Gain in log-likelihood that makes a change; by chance fewer than one routine in a hundred has
it (tests draw routines that do not change)."""

LEAST_STEP = 0.5
"""Share of the days by which the routine must be kept more or less often: illness is no change."""

SUCCESSION_DAYS = 14
"""A routine that began so few days before or after another one ended took its place."""


@numba.njit(cache=True, nogil=True)
def find_changes(
    days: np.ndarray, begin: np.ndarray, first_day: np.ndarray, last_day: np.ndarray,
    weekdays: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Find, for each routine, the day from which it is kept at another rate.

    Parameters
    ----------
    days : numpy.ndarray of int64, shape (n,)
        Days (since 1970) on which routines were kept; those of a routine stand together, sorted,
        without repeats, on its weekdays only.
    begin : numpy.ndarray of int64, shape (routines + 1,)
        Where the days of each routine begin.
    first_day, last_day : numpy.ndarray of int64, shape (routines,)
        Days between which the vehicle was observed.
    weekdays : numpy.ndarray of int64, shape (routines,)
        Weekdays of the routine; bit 0 is Monday.

    Returns
    -------
    changed : numpy.ndarray of int64, shape (routines,)
        First day at the new rate; -1 where there is no change.
    before, after : numpy.ndarray of float64, shape (routines,)
        Share of the eligible days on which the routine was kept; NaN where there is no change.

    References
    ----------
    Hinkley, D. V., Hinkley, E. A. (1970). Inference about the change-point in a sequence of
    binomial variables. Biometrika 57(3), 477–488. doi:10.1093/biomet/57.3.477

    Examples
    --------
    >>> monday = 4
    >>> kept = monday + 7 * np.arange(10)
    >>> changed, before, after = find_changes(
    ...     kept, np.array([0, 10]), np.array([monday]), np.array([monday + 139]), np.array([1]))
    >>> (int(changed[0]) - monday) // 7, float(before[0]), float(after[0])
    (10, 1.0, 0.0)
    """
    n = len(begin) - 1
    changed = np.full(n, -1, np.int64)
    before, after = np.full(n, np.nan), np.full(n, np.nan)
    for routine in range(n):
        eligible, kept = 0, begin[routine + 1] - begin[routine]
        for day in range(first_day[routine], last_day[routine] + 1):
            if weekdays[routine] >> ((day + 3) % 7) & 1:
                eligible += 1
        if eligible < 2 * LEAST_SIDE:
            continue
        one_rate = _likelihood(kept, eligible)
        best = LEAST_GAIN
        row, passed, done = begin[routine], 0, 0
        for day in range(first_day[routine], last_day[routine] + 1):
            if not weekdays[routine] >> ((day + 3) % 7) & 1:
                continue
            if passed >= LEAST_SIDE and eligible - passed >= LEAST_SIDE:
                rate, rest = done / passed, (kept - done) / (eligible - passed)
                gain = (
                    _likelihood(done, passed)
                    + _likelihood(kept - done, eligible - passed)
                    - one_rate
                )
                if gain > best and abs(rate - rest) >= LEAST_STEP:
                    best = gain
                    changed[routine], before[routine], after[routine] = day, rate, rest
            passed += 1
            while row < begin[routine + 1] and days[row] <= day:
                row += 1
                done += 1
    return changed, before, after


@numba.njit(cache=True, nogil=True, inline="always")
def _likelihood(kept: int, days: int) -> float:
    """Log-likelihood of so many kept days at the best rate."""
    total = 0.0
    if kept > 0:
        total += kept * math.log(kept / days)
    if kept < days:
        total += (days - kept) * math.log((days - kept) / days)
    return total


def pair_changes(routines: pd.DataFrame) -> pd.DataFrame:
    """Pair the routines that ended with those of the same vehicle that took their place.

    Parameters
    ----------
    routines : pandas.DataFrame
        Routines that changed, as `analyzer.patterns.routines.Routines.to_pandas` gives them.

    Returns
    -------
    pandas.DataFrame
        ``vehicle, changed_at, kind`` and ``origin_, destination_, minute_`` ``before`` and
        ``after``; sorted by vehicle, day and routine. The same way at another hour is paired
        first, then ways that share an end, each with the one nearest in time.
    """
    rose = routines["regularity_after"] > routines["regularity_before"]
    names = ["origin", "destination", "minute"]
    ended = routines.loc[~rose, ["vehicle", "changed_at", *names]].reset_index(drop=True)
    began = routines.loc[rose, ["vehicle", "changed_at", *names]].reset_index(drop=True)
    both = ended.reset_index().merge(
        began.reset_index(), on="vehicle", suffixes=("_before", "_after")
    )
    gap = (both["changed_at_after"] - both["changed_at_before"]).dt.days.abs()
    shared = (both["origin_before"] == both["origin_after"]).astype(int) + (
        both["destination_before"] == both["destination_after"]
    )
    both = both.assign(gap=gap, shared=shared)
    both = both[(gap <= SUCCESSION_DAYS) & (shared > 0)].sort_values(
        ["shared", "gap", "index_before", "index_after"], ascending=[False, True, True, True]
    )
    taken = _greedy(both["index_before"].tolist(), both["index_after"].tolist())
    pairs = both[np.array(taken, bool)].assign(changed_at=lambda t: t["changed_at_after"])
    pairs["kind"] = np.where(pairs["shared"] == 2, "hour", "place")
    alone_ended = ended.drop(index=pairs["index_before"]).add_suffix("_before").assign(kind="ended")
    alone_began = began.drop(index=pairs["index_after"]).add_suffix("_after").assign(kind="began")
    for alone, side in ((alone_ended, "before"), (alone_began, "after")):
        for name in ("vehicle", "changed_at"):
            alone[name] = alone[f"{name}_{side}"]
    columns = ["vehicle", "changed_at", "kind"]
    columns += [f"{name}_{side}" for side in ("before", "after") for name in names]
    table = pd.concat([pairs, alone_ended, alone_began], ignore_index=True).reindex(columns=columns)
    order = ["vehicle", "changed_at", "minute_before", "minute_after"]
    return table.sort_values(order, ignore_index=True)


def _greedy(ended: list[int], began: list[int]) -> list[bool]:
    """Take pairs in their order, each routine once."""
    taken: list[bool] = []
    used_ended: set[int] = set()
    used_began: set[int] = set()
    for one, other in zip(ended, began, strict=True):
        free = one not in used_ended and other not in used_began
        taken.append(free)
        if free:
            used_ended.add(one)
            used_began.add(other)
    return taken
