"""Durations and distances as people write them: ``"45min"``, ``"7D"``, ``"250m"``, ``"2km"``."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from numbers import Real

from analyzer.errors import UsageError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
LONGEST_MS = 3_000 * 365 * DAY_MS
"""No duration is longer: sums of instants and durations must stay far inside 64 bits."""

_DURATION_UNITS = {
    "ms": 1,
    "s": SECOND_MS,
    "sec": SECOND_MS,
    "min": MINUTE_MS,
    "m": MINUTE_MS,
    "h": HOUR_MS,
    "d": DAY_MS,
    "day": DAY_MS,
    "days": DAY_MS,
    "w": 7 * DAY_MS,
}
_DISTANCE_UNITS = {"m": 1.0, "km": 1_000.0}
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)?\s*([A-Za-z]+)\s*")


def parse_duration(value: str | timedelta, *, name: str = "duration") -> int:
    """Turn a duration into whole milliseconds.

    Parameters
    ----------
    value : str or datetime.timedelta
        A number and a unit (``ms``, ``s``, ``min``, ``h``, ``D``, ``W``), as in pandas.
    name : str
        What the duration is for; named in the error.

    Returns
    -------
    int
        Milliseconds, zero or more.

    Raises
    ------
    UsageError
        If the text is not a duration.

    Examples
    --------
    >>> parse_duration("45min")
    2700000
    >>> parse_duration("7D") == parse_duration("1W")
    True
    """
    if isinstance(value, timedelta):
        milliseconds = value / timedelta(milliseconds=1)
        if milliseconds < 0:
            raise UsageError(f"{name} must not be negative; write for example '45min' or '7D'")
        return round(milliseconds)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    # "M" means months elsewhere; taking it for minutes would keep a month of data for a minute.
    unit = match.group(2).lower() if match and match.group(2) != "M" else None
    number = float(match.group(1) or 1) if match else math.nan
    if unit not in _DURATION_UNITS or number * _DURATION_UNITS[unit] > LONGEST_MS:
        raise UsageError(
            f"{name} {value!r} is not a duration; write a number and a unit, "
            "for example '15min', '1h', '1D' or '7D'"
        )
    return round(number * _DURATION_UNITS[unit])


def format_duration(milliseconds: int) -> str:
    """Write a duration in the largest unit that holds it as a whole number.

    Examples
    --------
    >>> format_duration(604_800_000), format_duration(5_400_000), format_duration(3_600_000)
    ('7D', '90min', '1h')
    """
    for unit, size in (("D", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("s", SECOND_MS)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms" if milliseconds else "0D"


def parse_distance(value: str | float, *, name: str = "distance") -> float:
    """Turn a distance into metres.

    Parameters
    ----------
    value : str or float
        A number and a unit (``m`` or ``km``); a bare number is metres.
    name : str
        What the distance is for; named in the error.

    Returns
    -------
    float
        Metres, more than zero.

    Raises
    ------
    UsageError
        If the text is not a positive distance.

    Examples
    --------
    >>> parse_distance("250m"), parse_distance("2km")
    (250.0, 2000.0)
    """
    metres = math.nan
    if isinstance(value, Real) and not isinstance(value, bool):
        metres = float(value)
    elif isinstance(value, str):
        match = _QUANTITY.fullmatch(value)
        if match and match.group(1) and match.group(2).lower() in _DISTANCE_UNITS:
            metres = float(match.group(1)) * _DISTANCE_UNITS[match.group(2).lower()]
    if not (math.isfinite(metres) and metres > 0):
        raise UsageError(
            f"{name} {value!r} is not a distance; write for example '250m' or '2km'"
        )
    return metres


def check_max_fdr(max_fdr: object) -> None:
    """Refuse what is no false discovery rate.

    Raises
    ------
    UsageError
        If it is no number above 0 and not above 1.

    Examples
    --------
    >>> check_max_fdr(0.05)
    """
    if not isinstance(max_fdr, Real) or not 0 < max_fdr <= 1:
        raise UsageError(
            f"max_fdr must be a number above 0 and not above 1, not {max_fdr!r}; write for example "
            "0.05"
        )
