"""Time as scikit-mobility 1.3.1 truncates it, with its faults, for the compatibility mode.

A time becomes a text of the parts of its date, without padding. The hour never enters: where it
belongs stands the month. So ``"Hour"`` means a day; and by ``"Day"``, 11 January and 1 November are
the same.
"""

from __future__ import annotations

import numpy as np

from analyzer.errors import UsageError
from analyzer.units import DAY_MS, parse_duration

_PARTS = {
    "Year": ("year",),
    "Month": ("year", "month"),
    "Day": ("year", "month", "day"),
    "Hour": ("year", "month", "day", "month"),
    "Minute": ("year", "month", "day", "month", "minute"),
    "Second": ("year", "month", "day", "month", "minute", "second"),
}
_LENGTHS = {
    "365D": "Year",
    "366D": "Year",
    "28D": "Month",
    "29D": "Month",
    "30D": "Month",
    "31D": "Month",
    "1D": "Day",
    "1h": "Hour",
    "1min": "Minute",
    "1s": "Second",
}


def precision_of(time: str) -> str:
    """Find the precision of scikit-mobility that a length of time stands for.

    Raises
    ------
    UsageError
        If there is none.

    Examples
    --------
    >>> precision_of("1h"), precision_of("30D"), precision_of("Month")
    ('Hour', 'Month', 'Month')
    """
    if isinstance(time, str) and time.strip().capitalize() in _PARTS:
        return time.strip().capitalize()
    length = parse_duration(time, name="time")
    for text, precision in _LENGTHS.items():
        if parse_duration(text) == length:
            return precision
    raise UsageError(
        f"time={time!r}: scikit-mobility knows the precisions {', '.join(_PARTS)}; write one of "
        "them, or '1s', '1min', '1h', '1D', '30D' (a month), '365D' (a year)"
    )


def most_time_code(precision: str) -> int:
    """Give a number that no code of the precision reaches."""
    return 10 ** (4 + 2 * (len(_PARTS[precision]) - 1))


def time_codes(local: np.ndarray, precision: str) -> np.ndarray:
    """Truncate local times (ms) as scikit-mobility does.

    Returns
    -------
    numpy.ndarray of int64
        The digits of its text, as a number.

    Examples
    --------
    >>> eleventh, first = (np.datetime64(day, "ms").astype(np.int64)
    ...                    for day in ("2025-01-11T09", "2025-11-01T17"))
    >>> time_codes(np.array([eleventh, first]), "Day").tolist()
    [2025111, 2025111]
    """
    days = local // DAY_MS
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    within = local - days * DAY_MS
    parts = {
        "year": dates.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (dates - months).astype(np.int64) + 1,
        "minute": within // 60_000 % 60,
        "second": within // 1_000 % 60,
    }
    codes = np.zeros(len(local), np.int64)
    for name in _PARTS[precision]:
        codes = codes * np.where(parts[name] < 10, 10, 100) + parts[name]
    return codes
