"""No plate: what readers, databases and spreadsheets write where there is none, or a part of it."""

from __future__ import annotations

import re

_WORDS = """
    null nil none na nan nat n/a undefined unknown unknow unk empty blank false error invalid
    missing deleted redacted hidden masked removed
    no_plate plateless unlicensed unlicenced without_plate plate_not_detected no_plate_detected
    not_detected not_found no_read not_read unread unreadable not_readable unrecognized
    unrecognised not_recognized not_recognised unidentified not_identified not_available
    nomersiz raqamsiz aniqlanmadi noma'lum yo'q
    нет без_номера нет_номера номера_нет без_грз не_распознан не_распознано не_определен
    не_определён не_определено не_читается нечитаемый неизвестно неизвестный пусто
    номерсиз рақамсиз аниқланмади номаълум йўқ
    无 无车牌 无牌 无牌车 无号牌 未识别 未知 未检测 车牌 空
"""
_SHEET_ERRORS = "#REF! #N/A #NA #VALUE! #NAME? #NUM! #NULL! #DIV/0!"
_EXACT = frozenset(("\\N", *_SHEET_ERRORS.split()))

UNREAD_MARKS = frozenset("*?#…•█�")
"""What stands for a character that was not read or was hidden."""

_FILLED = re.compile(r"-?0+|-1|X{3,}")
"""Cells filled with one sign, and the number that means none."""


def plain_characters(text: str) -> str:
    """Keep letters and digits only.

    Examples
    --------
    >>> plain_characters("[NO_PLATE]")
    'NOPLATE'
    """
    return text if text.isalnum() else "".join(c for c in text if c.isalnum())


ENGLISH = frozenset(plain_characters(w).upper() for w in _WORDS.split() if w.isascii())
"""Words in Latin letters that say that there is no plate, their letters and digits alone."""

_OTHER = frozenset(plain_characters(w).upper() for w in _WORDS.split() if not w.isascii())


def says_no_plate(text: str) -> bool:
    """Say whether a cell says, in one of many ways, that there is no plate or no id.

    Parameters
    ----------
    text : str
        The cell, before look-alike letters are made Latin.

    Examples
    --------
    >>> [says_no_plate(text) for text in ("<null>", "без номера", "#REF!", "01A123BC")]
    [True, True, True, False]
    """
    text = text.strip().upper()
    word = plain_characters(text)
    if not word or text in _EXACT or word in ENGLISH:
        return True
    return not word.isascii() and word in _OTHER


def is_filled(text: str) -> bool:
    """Say whether a plate is zeros or crosses only, which an id may be.

    Examples
    --------
    >>> [is_filled(text) for text in ("0000", "-1", "XXXXXX", "777")]
    [True, True, True, False]
    """
    return _FILLED.fullmatch(text.strip().upper()) is not None


def is_incomplete(text: str) -> bool:
    """Say whether a cell holds a plate of which some characters were not read or are hidden.

    Examples
    --------
    >>> is_incomplete("01***BC"), is_incomplete("01A123BC"), is_incomplete("***")
    (True, False, False)
    """
    return not UNREAD_MARKS.isdisjoint(text) and not says_no_plate(text)
