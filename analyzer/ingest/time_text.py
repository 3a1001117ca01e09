"""Times written as text: ISO, local forms, month names, epochs, serials; one pass over the bytes.

Whatever a text leaves open (its zone, the order of day and month) is said in the status, not
guessed.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.ingest.month_names import WEEKDAY, letter_at, read_word
from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS

FIRST_MS, LAST_MS = 631_152_000_000, 4_102_444_800_000
"""Times before 1990 or from 2100 on are faults of a clock."""

(
    READ_UTC, READ_LOCAL, EMPTY, UNREADABLE, OUT_OF_RANGE, NO_TIME, OTHER_ORDER, OPEN_ORDER, GAP,
    OPEN_YEAR, READ_SERIAL,
) = range(11)  # fmt: skip
"""What became of a text."""

FIRST_SERIAL, LAST_SERIAL = 32_874, 73_051
"""Spreadsheets count days since 30 December 1899: these are 1990 and 2100."""
SERIAL_DAY_0 = -25_569


@numba.njit(cache=True, nogil=True)
def parse_texts(offsets, data, order):
    """Read times from text: ISO, local forms with the year first or last, epochs.

    Parameters
    ----------
    offsets : numpy.ndarray of int32, shape (n + 1,)
        Where each text begins in `data`.
    data : numpy.ndarray of uint8
        The texts.
    order : int
        0 not known, 1 day first, 2 month first; for dates that end with the year.

    Returns
    -------
    values : numpy.ndarray of int64
        Milliseconds, UTC for `READ_UTC`, on the wall for `READ_LOCAL`.
    status : numpy.ndarray of uint8
    """
    n = len(offsets) - 1
    values = np.zeros(n, np.int64)
    status = np.empty(n, np.uint8)
    for i in range(n):
        begin, end = offsets[i], offsets[i + 1]
        if end - begin == 19:
            value = _plain_iso(data, begin)
            if value >= 0:
                values[i], status[i] = value, READ_LOCAL
                continue
        while begin < end and data[begin] <= 32:
            begin += 1
        while end > begin and data[end - 1] <= 32:
            end -= 1
        values[i], status[i] = _parse_one(data, begin, end, order)
    return values, status


@numba.njit(cache=True, nogil=True)
def _plain_iso(data, begin):
    """Read ``2026-03-01 10:00:00``, the form of most files; below zero for any other text."""
    for place in (4, 7):
        if data[begin + place] != 45:
            return -1
    if data[begin + 10] not in (32, 84) or data[begin + 13] != 58 or data[begin + 16] != 58:
        return -1
    for place in (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18):
        if not 48 <= data[begin + place] <= 57:
            return -1
    year = _pair(data, begin) * 100 + _pair(data, begin + 2)
    month, day = _pair(data, begin + 5), _pair(data, begin + 8)
    hour, minute = _pair(data, begin + 11), _pair(data, begin + 14)
    second = _pair(data, begin + 17)
    if not 1990 <= year < 2100 or not 1 <= month <= 12 or not 1 <= day <= _days_of_month(
        year, month
    ):
        return -1
    if hour > 23 or minute > 59 or second > 60:
        return -1
    return _days_since_1970(year, month, day) * DAY_MS + (
        hour * HOUR_MS + minute * MINUTE_MS + second * 1_000
    )


@numba.njit(cache=True, nogil=True)
def _pair(data, begin):
    """Read two digits."""
    return np.int64(data[begin] - 48) * 10 + np.int64(data[begin + 1] - 48)


@numba.njit(cache=True, nogil=True)
def _number(data, begin, end):
    """Read the digits from `begin` on: their value, and where they stop."""
    value = 0
    position = begin
    while position < end and 48 <= data[position] <= 57 and position - begin < 18:
        value = value * 10 + (data[position] - 48)
        position += 1
    return value, position


@numba.njit(cache=True, nogil=True)
def _days_of_month(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@numba.njit(cache=True, nogil=True)
def _days_since_1970(year, month, day):
    """Count days by the proleptic Gregorian calendar (years that begin in March)."""
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    year_of_era = shifted - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


@numba.njit(cache=True, nogil=True)
def _fraction(data, begin, end):
    """Read digits after a point as milliseconds, cut and not rounded."""
    value, scale, position = 0, 100, begin
    while position < end and 48 <= data[position] <= 57:
        value += (data[position] - 48) * scale
        scale //= 10
        position += 1
    return value, position


@numba.njit(cache=True, nogil=True)
def _parse_epoch(data, begin, end, digits):
    """Read an epoch; between 1990 and 2100 the number of digits tells the unit."""
    finer = 0 if digits <= 14 else (3 if digits <= 17 else 6)
    value, _ = _number(data, begin, begin + digits - finer)
    if digits <= 11:
        value *= 1_000
    position = begin + digits
    if position < end:
        millis, position = _fraction(data, position + 1, end)
        if position < end:
            return 0, UNREADABLE
        if digits <= 11:
            value += millis
    if value < FIRST_MS or value >= LAST_MS:
        return 0, OUT_OF_RANGE
    return value, READ_UTC


@numba.njit(cache=True, nogil=True)
def _date_parts(data, begin, end, order):
    """Read a date: year, month, day, where it stops, and 0 or the status that ends the reading."""
    a, position = _number(data, begin, end)
    digits = position - begin
    if digits >= 8:
        # 20211007 or 20211007163051: one run of digits.
        year, month, day = 0, 0, 0
        for k in range(4):
            year = year * 10 + (data[begin + k] - 48)
        for k in range(2):
            month = month * 10 + (data[begin + 4 + k] - 48)
            day = day * 10 + (data[begin + 6 + k] - 48)
        return year, month, day, begin + 8, 0
    if digits not in (1, 2, 4) or position >= end:
        return 0, 0, 0, position, UNREADABLE
    separator = data[position]
    if separator != 45 and separator != 47 and separator != 46 and separator != 58:
        return 0, 0, 0, position, UNREADABLE
    b, after = _number(data, position + 1, end)
    if not 1 <= after - position - 1 <= 2 or after >= end or data[after] != separator:
        return 0, 0, 0, after, UNREADABLE
    c, stop = _number(data, after + 1, end)
    last_digits = stop - after - 1
    if digits == 4:
        if not 1 <= last_digits <= 2:
            return 0, 0, 0, stop, UNREADABLE
        return a, b, c, stop, 0
    # A colon parts hours from minutes; only a year in front makes it a date.
    if separator == 58 or last_digits not in (2, 4) or digits + after - position - 1 > 4:
        return 0, 0, 0, stop, UNREADABLE
    if last_digits == 2:
        # Which of three short numbers is the year, nothing in the text tells.
        if order == 0:
            return c, b, a, stop, OPEN_YEAR
        c = full_year(c)
    if order == 0:
        return c, b, a, stop, OPEN_ORDER
    day, month = (a, b) if order == 1 else (b, a)
    if month > 12 and 1 <= day <= 12 and month <= 31:
        return c, month, day, stop, OTHER_ORDER
    return c, month, day, stop, 0


@numba.njit(cache=True, nogil=True)
def full_year(year):
    """Give the year that two digits mean, once it is known that they are a year: 1990 to 2089."""
    return year + (1900 if year >= 90 else 2000)


@numba.njit(cache=True, nogil=True)
def _parse_serial(data, begin, end):
    """Read days since 30 December 1899 with a fraction, as spreadsheets write times."""
    days, position = _number(data, begin, end)
    if days < FIRST_SERIAL or days >= LAST_SERIAL:
        return 0, OUT_OF_RANGE
    if position == end:
        return 0, NO_TIME
    if position + 1 == end:
        return 0, UNREADABLE
    share, scale = 0.0, 0.1
    position += 1
    while position < end:
        if not 48 <= data[position] <= 57:
            return 0, UNREADABLE
        share += (data[position] - 48) * scale
        scale /= 10
        position += 1
    return (days + SERIAL_DAY_0) * DAY_MS + round(share * DAY_MS), READ_SERIAL


@numba.njit(cache=True, nogil=True)
def _skip_marks(data, position, end):
    """Skip what stands between the parts of a date: blanks, commas, points, dashes, slashes."""
    while position < end and data[position] in (32, 44, 45, 46, 47, 9):
        position += 1
    return position


@numba.njit(cache=True, nogil=True)
def _named_date(data, begin, end, order):
    """Read a date with the name of its month: as `_date_parts`."""
    first, second = -1, -1
    first_digits, second_digits = 0, 0
    month, position = 0, begin
    while position < end:
        position = _skip_marks(data, position, end)
        if position >= end:
            break
        if 48 <= data[position] <= 57:
            value, stop = _number(data, position, end)
            if stop < end and data[stop] == 58:
                break
            if first < 0:
                first, first_digits = value, stop - position
            else:
                second, second_digits = value, stop - position
            position = stop
        else:
            letter, _ = letter_at(data, position, end)
            if letter == 0:
                return 0, 0, 0, position, UNREADABLE
            meaning, stop = read_word(data, position, end)
            if meaning == 0 or (meaning != WEEKDAY and month > 0):
                return 0, 0, 0, position, UNREADABLE
            if meaning != WEEKDAY:
                month = meaning
            position = stop
        if month > 0 and second >= 0:
            break
    # "1 марта 2026 г. 10:00": what stands behind the year may be a word that says nothing.
    mark = _skip_marks(data, position, end)
    if mark < end and letter_at(data, mark, end)[0] != 0:
        meaning, stop = read_word(data, mark, end)
        if meaning == WEEKDAY:
            position = stop
            if position < end and data[position] == 46:
                position += 1
    if month == 0 or second < 0:
        return 0, 0, 0, position, UNREADABLE
    if first_digits == 4 and second_digits <= 2:
        return first, month, second, position, 0
    if first_digits <= 2 and second_digits == 4:
        return second, month, first, position, 0
    if first_digits <= 2 and second_digits == 2:
        if order == 0 and not (first > 31 or second > 31):
            return 0, 0, 0, position, OPEN_YEAR
        if first > 31:
            return full_year(first), month, second, position, 0
        return full_year(second), month, first, position, 0
    return 0, 0, 0, position, UNREADABLE


@numba.njit(cache=True, nogil=True)
def _has_word(data, begin, end):
    """Say whether a text has a word of three letters or more, or begins with one."""
    run, position = 0, begin
    while position < end:
        letter, after = letter_at(data, position, end)
        run = run + 1 if letter != 0 else 0
        if run == 3:
            return True
        position = after if letter != 0 else position + 1
    return False


@numba.njit(cache=True, nogil=True)
def _parse_one(data, begin, end, order):
    if begin == end:
        return 0, EMPTY
    digits = 0
    while begin + digits < end and 48 <= data[begin + digits] <= 57:
        digits += 1
    if digits == 5 and (begin + digits == end or data[begin + digits] in (44, 46)):
        return _parse_serial(data, begin, end)
    if digits >= 9 and (begin + digits == end or data[begin + digits] == 46):
        century = (data[begin] - 48) * 10 + data[begin + 1] - 48
        if digits != 14 or (century != 19 and century != 20):
            return _parse_epoch(data, begin, end, digits) if digits <= 19 else (0, UNREADABLE)
    if digits > 8 and digits != 14:
        return 0, UNREADABLE
    year, month, day, position, fault = _date_parts(data, begin, end, order)
    if fault == UNREADABLE and _has_word(data, begin, end):
        year, month, day, position, fault = _named_date(data, begin, end, order)
    if fault in (UNREADABLE, OTHER_ORDER):
        return 0, fault
    if fault == 0:
        if not 1 <= month <= 12 or not 1 <= day <= _days_of_month(year, month):
            return 0, UNREADABLE
        if year < 1990 or year >= 2100:
            return 0, OUT_OF_RANGE
    clock_ms, offset_ms, zoned, problem = _parse_clock(data, position, end)
    if problem != 0:
        return 0, problem
    if fault == OPEN_YEAR:
        return 0, OPEN_YEAR
    if fault == OPEN_ORDER:
        # One that proves an order is read when the order is known; out-of-range ones never prove.
        return 0, OPEN_ORDER
    value = _days_since_1970(year, month, day) * DAY_MS + clock_ms
    if zoned:
        return value - offset_ms, READ_UTC
    return value, READ_LOCAL


@numba.njit(cache=True, nogil=True)
def _two(data, position, end):
    """Read one or two digits."""
    value, stop = _number(data, position, min(end, position + 2))
    return (value if stop > position else -1), stop


@numba.njit(cache=True, nogil=True)
def _parse_clock(data, position, end):
    """Read the time of day and an offset: ms, offset in ms, whether there was one, status."""
    start = position
    while position < end and position - start < 4:
        c = data[position]
        if c != 32 and c != 84 and c != 116 and c != 45 and c != 44 and c != 95:
            break
        position += 1
    if position == end:
        return 0, 0, False, NO_TIME
    run, stop = _number(data, position, end)
    second, millis = 0, 0
    if stop - position in (4, 6):
        # 1630 or 163051 without colons.
        if stop - position == 4:
            run *= 100
        hour, minute, second = run // 10_000, run // 100 % 100, run % 100
        position = stop
    else:
        hour, position = _two(data, position, end)
        if hour < 0 or position >= end or data[position] != 58:
            return 0, 0, False, UNREADABLE
        minute, stop = _two(data, position + 1, end)
        if stop - position - 1 != 2:
            return 0, 0, False, UNREADABLE
        position = stop
        if position < end and data[position] == 58:
            second, stop = _two(data, position + 1, end)
            if stop - position - 1 != 2:
                return 0, 0, False, UNREADABLE
            position = stop
    if position < end and (data[position] == 46 or data[position] == 44):
        millis, position = _fraction(data, position + 1, end)
    while position < end and data[position] == 32:
        position += 1
    if position + 1 < end and (data[position + 1] | 32) == 109:
        letter = data[position] | 32
        if (letter == 97 or letter == 112) and 1 <= hour <= 12:
            hour = hour % 12 + (12 if letter == 112 else 0)
            position += 2
    while position < end and data[position] == 32:
        position += 1
    if hour > 23 or minute > 59 or second > 60:
        return 0, 0, False, UNREADABLE
    value = hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + millis
    if position == end:
        return value, 0, False, 0
    return _parse_offset(data, position, end, value)


@numba.njit(cache=True, nogil=True)
def _parse_offset(data, position, end, value):
    c = data[position]
    length = end - position
    if length == 1 and (c | 32) == 122:
        return value, 0, True, 0
    if length == 3 and (c == 85 or c == 71):
        # UTC and GMT.
        utc = c == 85 and data[position + 1] == 84 and data[position + 2] == 67
        gmt = c == 71 and data[position + 1] == 77 and data[position + 2] == 84
        if utc or gmt:
            return value, 0, True, 0
    if c != 43 and c != 45:
        return 0, 0, False, UNREADABLE
    hours, stop = _two(data, position + 1, end)
    if stop - position != 3:
        return 0, 0, False, UNREADABLE
    minutes = 0
    if stop < end:
        if data[stop] == 58:
            stop += 1
        minutes, after = _two(data, stop, end)
        if after - stop != 2 or after != end:
            return 0, 0, False, UNREADABLE
    if hours > 14 or minutes > 59:
        return 0, 0, False, UNREADABLE
    sign = 1 if c == 43 else -1
    return value, sign * (hours * HOUR_MS + minutes * MINUTE_MS), True, 0


@numba.njit(cache=True, nogil=True)
def count_orders(offsets, data):
    """Count dates that end with the year, those that prove day first, and month first."""
    needed, day_first, month_first = 0, 0, 0
    for i in range(len(offsets) - 1):
        begin, end = offsets[i], offsets[i + 1]
        while begin < end and data[begin] <= 32:
            begin += 1
        while end > begin and data[end - 1] <= 32:
            end -= 1
        if begin == end or end - begin < 8:
            continue
        _, stop = _number(data, begin, end)
        if stop - begin > 2:
            continue
        _, month, day, position, fault = _date_parts(data, begin, end, 0)
        if fault != OPEN_ORDER:
            continue
        needed += 1
        if _parse_clock(data, position, end)[3] not in (0, NO_TIME):
            # What cannot be read proves nothing.
            continue
        # With the order open, the first number stands as the day and the second as the month.
        if 12 < day <= 31 and 1 <= month <= 12:
            day_first += 1
        elif 12 < month <= 31 and 1 <= day <= 12:
            month_first += 1
    return needed, day_first, month_first
