"""Kinds of value: what may be said about a cell whose text must not be shown."""

from __future__ import annotations

import re

_KINDS = (
    (re.compile(r"[+-]?\d+"), "a whole number"),
    (re.compile(r"[+-]?\d*[.,]\d+"), "a decimal number"),
    (re.compile(r"\d{1,4}([-/.:])\d{1,2}\1\d{1,4}([ T,-].*)?"), "a date"),
    (re.compile(r"[^\W\d_]+"), "letters"),
    (re.compile(r"(?:[^\W_]|[ \-.])+"), "letters and digits"),
)


def kind_of(text: str | None) -> str:
    """Describe a cell by its kind and length, never by its text.

    Examples
    --------
    >>> kind_of("01A123BC"), kind_of(""), kind_of("2026-03-01 10:00:00")
    ('letters and digits, 8 characters', 'empty', 'a date, 19 characters')
    """
    text = "" if text is None else text.strip()
    if not text:
        return "empty"
    if len(text) > 64:
        return "text of more than 64 characters"
    for pattern, name in _KINDS:
        if pattern.fullmatch(text):
            return f"{name}, {len(text)} character{'s' if len(text) > 1 else ''}"
    return f"other text, {len(text)} character{'s' if len(text) > 1 else ''}"


_WITH_DIGITS = re.compile(r"(?=.*[^\W\d_])(?=.*\d\D*\d)|\d{3,}")


def shown_name(name: str) -> str:
    """Give the name of a column, table or sheet for messages; one that may be a plate is covered.

    Nested records may be keyed by plates, and workbooks may have a sheet a vehicle.

    Examples
    --------
    >>> shown_name("reads.01A123BC.camera"), shown_name("Data.Seat.0.SafeBelt")
    ('reads.(name with digits).camera', 'Data.Seat.0.SafeBelt')
    """
    return ".".join(
        "(name with digits)" if _WITH_DIGITS.match(part) else part for part in name.split(".")
    )
