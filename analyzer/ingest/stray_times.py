"""Stray times: a few sightings that lie years, or many weeks, away from all others.

One row dated 2099 makes a month of data last for decades: leak days and lengths of keeping are then
laid over time in which nothing was seen, and every share is nought. Such rows are not rejected, as
they may be right; they are counted and told, with the option that leaves them out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyzer.engine import LocalEngine
from analyzer.engine.base import Broadcast
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

APART_DAYS = 35
"""Days without a sighting part two stretches: more than a month, so that the first of a month lies
between them."""

FAR_DAYS = 365
"""So far from all others a stretch is stray, however long the others last; nearer, if it is as far
as they last."""

FEW_ROWS = 1_000
FEW_SHARE = 0.01
"""A stretch is stray only if it holds fewer sightings than this, and no larger share of all."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with few sightings, far from all others.

    Attributes
    ----------
    sightings : int
        How many.
    first_month, last_month : str
        Where it lies, ``"2099-09"``.
    side : str
        ``"before"`` or ``"after"`` all others.
    days_apart : int
        From the nearest of the others.
    """

    sightings: int
    first_month: str
    last_month: str
    side: str
    days_apart: int


@dataclass(frozen=True)
class StrayTimes:
    """Stretches with few sightings, and where all others lie.

    Attributes
    ----------
    stretches : tuple of Stretch
        In the order of time.
    sightings : int
        All of them, the stray ones too.
    first_month, last_month : str
        Of all others.
    since, until : str or None
        The dates between which all others lie, where something lies before or after.
    """

    stretches: tuple[Stretch, ...]
    sightings: int
    first_month: str
    last_month: str
    since: str | None
    until: str | None

    def describe(self) -> str:
        """Say what lies apart, what may be wrong, and what leaves it out."""
        found = "; ".join(
            f"{_count(each.sightings)} in {_months(each.first_month, each.last_month)}, "
            f"{each.days_apart:,} days {each.side} all others"
            for each in self.stretches
        )
        cuts = [("--from", "since", self.since), ("--until", "until", self.until)]
        typed = " ".join(f"{option} {date}" for option, _, date in cuts if date)
        python = ", ".join(f'{name}="{date}"' for _, name, date in cuts if date)
        return (
            f"{found} (of {_count(self.sightings)}, the others in "
            f"{_months(self.first_month, self.last_month)}): a clock may have been wrong, and "
            "lengths of keeping and leaks are counted over time in which nothing was seen. To "
            f"leave out what lies apart, write {typed} (in Python {python})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        return {**asdict(self), "stretches": [asdict(each) for each in self.stretches]}

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> StrayTimes:
        """Make it again from `to_dict`."""
        stretches = tuple(Stretch(**each) for each in entry["stretches"])
        return cls(**{**entry, "stretches": stretches})


class DayCounts:
    """How many sightings there are on each day (UTC), added up over parts."""

    def __init__(self) -> None:
        self._rows: Counter[int] = Counter()

    def add(self, times: np.ndarray) -> None:
        """Count instants (ms, UTC)."""
        self.add_counted(*count_days(times))

    def add_counted(self, days: np.ndarray, rows: np.ndarray) -> None:
        """Add what was counted already."""
        self._rows.update(dict(zip(days.tolist(), rows.tolist(), strict=True)))

    def find(self, timezone: str) -> StrayTimes | None:
        """Find what lies apart, told in months of a time zone."""
        days = sorted(self._rows)
        rows = np.array([self._rows[day] for day in days], np.int64)
        return find_stray_times(np.array(days, np.int64), rows, timezone)


def count_days(times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count instants (ms, UTC) by day since 1970; days without any are left out.

    Examples
    --------
    >>> days, rows = count_days(np.array([0, 5, 3 * 86_400_000]))
    >>> days.tolist(), rows.tolist()
    ([0, 3], [2, 1])
    """
    if not len(times):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    days = times // DAY_MS
    first = int(days.min())
    rows = np.bincount(days - first)
    found = np.flatnonzero(rows)
    return found + first, rows[found]


def find_stray_times(days: np.ndarray, rows: np.ndarray, timezone: str) -> StrayTimes | None:
    """Find stretches with few sightings, far from all others.

    Parameters
    ----------
    days : array of int
        Days since 1970 (UTC) on which something was seen, ascending.
    rows : array of int
        Sightings on each.
    timezone : str
        IANA name, for the months that are told.

    Returns
    -------
    StrayTimes or None
        None if there are none.

    Examples
    --------
    >>> found = find_stray_times(np.array([0, 1, 2, 9_000]), np.array([500, 400, 600, 1]), "UTC")
    >>> found.stretches[0].first_month, found.stretches[0].days_apart, found.until
    ('1994-08', 8998, '1970-02-01')
    """
    if not len(days):
        return None
    total = int(rows.sum())
    begins = np.flatnonzero(np.diff(days, prepend=days[0] - APART_DAYS - 1) > APART_DAYS)
    ends = np.append(begins[1:], len(days)) - 1
    held = np.add.reduceat(rows, begins)
    few = (held < FEW_ROWS) & (held <= FEW_SHARE * total)
    if few.all() or not few.any():
        return None
    first, last = int(days[begins[~few][0]]), int(days[ends[~few][-1]])
    far = max(APART_DAYS, min(last - first + 1, FAR_DAYS))
    stray = few & ((first - days[ends] > far) | (days[begins] - last > far))
    if not stray.any():
        return None
    # What is few and near is one of the others: it lies between them and what is stray.
    first, last = int(days[begins[~stray][0]]), int(days[ends[~stray][-1]])
    stretches = []
    for begin, end, count in zip(begins[stray], ends[stray], held[stray], strict=True):
        before, after = first - int(days[end]), int(days[begin]) - last
        stretches.append(
            Stretch(
                int(count),
                _month(days[begin], timezone),
                _month(days[end], timezone),
                "before" if before > after else "after",
                max(before, after),
            )
        )
    sides = {each.side for each in stretches}
    # A day of UTC may lie in two months here: the first of the month before, or after, both.
    since = f"{_month(first, timezone)}-01" if "before" in sides else None
    until = pd.Period(_month(last, timezone, at_end=True), "M") + 1
    return StrayTimes(
        tuple(stretches),
        total,
        _month(first, timezone),
        _month(last, timezone),
        since,
        f"{until}-01" if "after" in sides else None,
    )


def stray_times_of(sightings: Sightings) -> StrayTimes | None:
    """Find what lies apart in sightings: as the reader noted it, or by counting days.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> stray_times_of(from_arrays([0, 0], [0, 1], [0, 1])) is None
    True
    """
    if not sightings.is_view and "stray_times" in sightings.quality:
        noted = sightings.quality["stray_times"]
        return None if noted is None else StrayTimes.from_dict(noted)
    if not len(sightings):
        return None
    first, last = sightings.span_ms
    if last - first <= APART_DAYS * DAY_MS:
        return None
    counts = DayCounts()
    for found in LocalEngine().map(sightings.parts("seen_at"), count_days_of_part):
        counts.add_counted(found["day"], found["rows"])
    return counts.find(sightings.timezone)


def count_days_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings of a part by day."""
    days, counted = count_days(rows["seen_at"])
    return {"day": days, "rows": counted}


def _month(day: int, timezone: str, *, at_end: bool = False) -> str:
    instant = (int(day) + at_end) * DAY_MS - at_end
    return f"{pd.Timestamp(instant, unit='ms', tz='UTC').tz_convert(timezone):%Y-%m}"


def _months(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _count(sightings: int) -> str:
    return f"{sightings:,} sighting{'s' * (sightings != 1)}"
