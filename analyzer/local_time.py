"""Local time of the place the data come from: offsets, days, weekdays and time bins.

Instants are stored in UTC; people live by the clock on the wall. A `Clock` holds the offsets of one
time zone over a span, so that kernels can turn instants into local time without a calendar library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numba
import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.units import DAY_MS

MONDAY_1970 = 4
"""Monday 5 January 1970 as a day number: bins of several days are counted from here."""

_YEAR_FIRST = re.compile(r"\s*\d{4}")


@dataclass(frozen=True)
class Clock:
    """Offsets of a time zone from UTC over a span.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n,)
        Instants (ms, UTC) from which each offset holds; the first is the start of time.
    offsets : numpy.ndarray of int64, shape (n,)
        Local time minus UTC, in ms.
    """

    starts: np.ndarray
    offsets: np.ndarray

    def local(self, times: np.ndarray) -> np.ndarray:
        """Turn instants (ms, UTC) into local milliseconds."""
        return to_local(np.ascontiguousarray(times, np.int64), self.starts, self.offsets)

    def utc(self, local: int) -> int:
        """Turn one local time (ms) into its (earlier) instant."""
        return int(to_utc(np.array([local], np.int64), self.starts, self.offsets)[0])


def time_zone(name: str) -> ZoneInfo:
    """Look a time zone up by its IANA name.

    Raises
    ------
    UsageError
        If there is no such zone.

    Examples
    --------
    >>> time_zone("Asia/Tashkent").key
    'Asia/Tashkent'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise UsageError(
            f"time zone {name!r} is not known; write an IANA name such as 'Asia/Tashkent', "
            "'America/Los_Angeles' or 'UTC'"
        ) from None


def read_instant(time: str | datetime, timezone: str) -> int:
    """Read a time that a user gives as an instant (ms, UTC).

    Parameters
    ----------
    time : str or datetime
        Without an offset it is local time.
    timezone : str
        IANA name of the zone of local times.

    Raises
    ------
    UsageError
        If it is not a time, or does not begin with its year.

    Examples
    --------
    >>> read_instant("1970-01-02", "UTC"), read_instant("1970-01-02 06:00+05:00", "Asia/Tashkent")
    (86400000, 90000000)
    """
    # A text must begin with its year: which of "03/04/2026" is the month would be a guess.
    readable = not isinstance(time, str) or _YEAR_FIRST.match(time)
    try:
        stamp = pd.Timestamp(time) if readable else pd.NaT
    except (ValueError, TypeError):
        stamp = pd.NaT
    if stamp is pd.NaT:
        raise UsageError(
            f"{time!r} is not a time; write year, month, day, for example '2026-03-01' or "
            "'2026-03-01 07:30'"
        )
    if stamp.tzinfo is None:
        stamp = stamp.tz_localize(
            time_zone(timezone), ambiguous=True, nonexistent="shift_forward"
        )
    # Rounded up to the ms of the store: seen_at >= t0 then means the same for both.
    return -((pd.Timestamp(0, tz="UTC") - stamp) // pd.Timedelta(1, "ms"))


def clock(timezone: str, first_ms: int, last_ms: int) -> Clock:
    """Find the offsets that a time zone has between two instants.

    Parameters
    ----------
    timezone : str
        IANA name.
    first_ms, last_ms : int
        Span in ms since 1970, UTC; a margin of two days is added on both sides.

    Returns
    -------
    Clock

    Raises
    ------
    UsageError
        If there is no such zone.

    Examples
    --------
    >>> clock("Asia/Tashkent", 0, 0).offsets.tolist()[-1] // 3_600_000
    6
    >>> clock("Asia/Tashkent", 1_767_225_600_000, 1_767_225_600_000).offsets.tolist()
    [18000000]
    """
    zone = time_zone(timezone)

    def offset_at(instant_ms: int) -> int:
        moment = datetime.fromtimestamp(instant_ms / 1000, tz=UTC).astimezone(zone)
        return round(moment.utcoffset().total_seconds() * 1000)

    first, last = int(first_ms) - 2 * DAY_MS, int(last_ms) + 2 * DAY_MS
    starts, offsets = [int(np.iinfo(np.int64).min)], [offset_at(first)]
    for day in range(first, last, DAY_MS):
        if offset_at(day + DAY_MS) == offsets[-1]:
            continue
        # Offsets change on whole seconds: halve the day until one second is left.
        low, high = day // 1_000, day // 1_000 + DAY_MS // 1_000
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(middle * 1_000) == offsets[-1]:
                low = middle
            else:
                high = middle
        starts.append(high * 1_000)
        offsets.append(offset_at(high * 1_000))
    return Clock(np.array(starts, np.int64), np.array(offsets, np.int64))


@numba.njit(cache=True, nogil=True)
def to_local(times: np.ndarray, starts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Turn instants (ms, UTC) into local milliseconds by the offsets of a `Clock`."""
    local = np.empty(len(times), np.int64)
    current = 0
    for i in range(len(times)):
        time = times[i]
        # Rows come nearly sorted, so the offset of the row before is almost always right.
        if time < starts[current] or (current + 1 < len(starts) and time >= starts[current + 1]):
            current = np.searchsorted(starts, time, side="right") - 1
        local[i] = time + offsets[current]
    return local


def to_utc(local: np.ndarray, starts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Turn local times (ms) into the earliest instants (ms, UTC) at which the wall showed them.

    A time that the wall never showed, because clocks were put forward, becomes the instant of the
    change.
    """
    instants = np.empty(len(local), np.int64)
    missing = np.ones(len(local), bool)
    for offset in sorted(set(offsets.tolist()), reverse=True):
        tried = local - offset
        shown = missing & (to_local(tried, starts, offsets) == local)
        instants[shown] = tried[shown]
        missing &= ~shown
    if missing.any():
        latest = local[missing] - offsets.max()
        instants[missing] = starts[np.searchsorted(starts, latest, side="right")]
    return instants


@numba.njit(cache=True, nogil=True)
def local_day(local: np.ndarray) -> np.ndarray:
    """Number the local days since 1970-01-01; ``(day + 3) % 7`` is the weekday, Monday 0."""
    return local // DAY_MS


@numba.njit(cache=True, nogil=True)
def time_bins(local: np.ndarray, bin_ms: int) -> np.ndarray:
    """Number the time bins of local milliseconds.

    Bins shorter than a day start anew at every local midnight; bins of several days are counted
    from Monday 5 January 1970, so that seven days are a calendar week.
    """
    bins = np.empty(len(local), np.int64)
    if bin_ms >= DAY_MS:
        days = bin_ms // DAY_MS
        for i in range(len(local)):
            bins[i] = (local[i] // DAY_MS - MONDAY_1970) // days
    else:
        per_day = -(-DAY_MS // bin_ms)
        for i in range(len(local)):
            day = local[i] // DAY_MS
            bins[i] = day * per_day + (local[i] - day * DAY_MS) // bin_ms
    return bins


def check_bin(bin_ms: int, *, name: str = "time") -> int:
    """Refuse a time bin that cannot be aligned to local days.

    Raises
    ------
    UsageError
        If the bin is empty, or longer than a day and not a whole number of days.

    Examples
    --------
    >>> check_bin(3_600_000)
    3600000
    """
    if bin_ms <= 0:
        raise UsageError(f"{name} must be longer than zero; write for example '1h'")
    if bin_ms > DAY_MS and bin_ms % DAY_MS:
        raise UsageError(
            f"{name} longer than a day must be whole days, so that bins begin at midnight; "
            "write for example '1D' or '7D'"
        )
    return bin_ms
