"""Names of months in dates: English, Russian and Uzbek, whole or cut to three letters.

Words are told apart by a hash of their letters, so that one pass over the bytes finds them.
"""

from __future__ import annotations

import numba
import numpy as np

_MONTHS = """
    jan january январь января янв yanvar yanv январ
    feb february февраль февраля фев февр fevral fev феврал
    mar march март марта мар mart
    apr april апрель апреля апр aprel апрел
    may май мая may
    jun june июнь июня июн iyun
    jul july июль июля июл iyul
    aug august август августа авг avgust avg
    sep sept september сентябрь сентября сен сент sentabr sentyabr сентябр
    oct october октябрь октября окт oktabr oktyabr okt октябр
    nov november ноябрь ноября ноя нояб noyabr noy ноябр
    dec december декабрь декабря дек dekabr dek декабр
"""
_WEEKDAYS = """
    mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun
    sunday пн вт ср чт пт сб вс понедельник вторник среда четверг пятница суббота воскресенье
    dushanba seshanba chorshanba payshanba juma shanba yakshanba
    st nd rd th г года год at
"""
"""Words beside a date that say nothing more about it."""

WEEKDAY = 13


def _hash(word: str) -> int:
    value = 0
    for letter in word:
        value = (value * 1_000_003 + ord(letter)) & 0x1FFFFFFFFFFF
    return value


def _table() -> tuple[np.ndarray, np.ndarray]:
    words = {}
    for month, line in enumerate(_MONTHS.strip().splitlines(), 1):
        words |= {_hash(word): month for word in line.split()}
    words |= {_hash(word): WEEKDAY for word in _WEEKDAYS.split()}
    hashes = np.array(sorted(words), np.int64)
    return hashes, np.array([words[value] for value in hashes.tolist()], np.int64)


_HASHES, _MEANINGS = _table()


@numba.njit(cache=True, nogil=True)
def letter_at(data, position, end):
    """Read a letter as a small code point: the letter (0 for none), and where it stops."""
    c = np.int64(data[position])
    if 65 <= c <= 90:
        return c + 32, position + 1
    if 97 <= c <= 122:
        return c, position + 1
    if (c == 0xD0 or c == 0xD1) and position + 1 < end:
        point = ((c & 0x1F) << 6) | (np.int64(data[position + 1]) & 0x3F)
        if 0x410 <= point <= 0x42F:
            return point + 32, position + 2
        if 0x430 <= point <= 0x44F:
            return point, position + 2
    return 0, position


@numba.njit(cache=True, nogil=True)
def read_word(data, position, end):
    """Read a word: its month (1 to 12), `WEEKDAY`, or 0 for any other; and where it stops."""
    value, here = np.int64(0), position
    while here < end:
        letter, after = letter_at(data, here, end)
        if letter == 0:
            break
        value = (value * 1_000_003 + letter) & 0x1FFFFFFFFFFF
        here = after
    slot = np.searchsorted(_HASHES, value)
    if here > position and slot < len(_HASHES) and _HASHES[slot] == value:
        return _MEANINGS[slot], here
    return 0, here
