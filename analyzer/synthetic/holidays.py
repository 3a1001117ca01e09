"""The calendar that people keep: weekends, public holidays of Uzbekistan, school terms."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

FIXED_HOLIDAYS = ((1, 1), (3, 8), (3, 21), (5, 9), (9, 1), (10, 1), (12, 8))
"""New Year, Women's Day, Navroʻz, Remembrance, Independence, Teachers' Day, Constitution."""

MOVING_HOLIDAYS = (
    date(2024, 4, 10), date(2024, 6, 16), date(2025, 3, 31), date(2025, 6, 6),
    date(2026, 3, 20), date(2026, 5, 27), date(2027, 3, 9), date(2027, 5, 16),
)  # fmt: skip
"""Ramazon hayit and Qurbon hayit by the astronomical calendar; the day kept may differ by one."""

EPOCH = date(1970, 1, 1)


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday.

    Examples
    --------
    >>> is_holiday(date(2025, 9, 1)), is_holiday(date(2025, 9, 2))
    (True, False)
    """
    return (day.month, day.day) in FIXED_HOLIDAYS or day in MOVING_HOLIDAYS


def school_is_open(day: date) -> bool:
    """Tell whether schools teach: 2 September to 25 May, without winter and spring breaks.

    Examples
    --------
    >>> school_is_open(date(2025, 9, 2)), school_is_open(date(2025, 7, 1))
    (True, False)
    """
    if day.weekday() == 6 or is_holiday(day):
        return False
    month_day = (day.month, day.day)
    if (5, 25) < month_day < (9, 2):
        return False
    return not (month_day >= (12, 28) or month_day <= (1, 10) or (3, 21) <= month_day <= (3, 31))


def make_calendar(start: date, days: int) -> np.ndarray:
    """Describe each day of a span, with the day before it.

    Parameters
    ----------
    start : datetime.date
        First day.
    days : int
        Number of days.

    Returns
    -------
    numpy.ndarray of int64, shape (days + 1, 4)
        Day number since 1970, weekday (Monday 0), 1 on public holidays, 1 when schools teach; the
        first row is the day before `start`.

    Examples
    --------
    >>> make_calendar(date(2025, 9, 2), 1).tolist()
    [[20332, 0, 1, 0], [20333, 1, 0, 1]]
    """
    rows = []
    for step in range(-1, days):
        day = start + timedelta(days=step)
        rows.append(
            ((day - EPOCH).days, day.weekday(), int(is_holiday(day)), int(school_is_open(day)))
        )
    return np.array(rows, np.int64).reshape(-1, 4)
