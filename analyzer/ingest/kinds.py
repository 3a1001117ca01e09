"""Kinds of value: what may be said about a cell whose text must not be shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from analyzer.ingest.header_words import KNOWN_WORDS, header_word

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


MOST_SHOWN = 12
"""So many names stand in a message; of more, how many there are."""
_ALIKE = 3
_SHORT_CODE = re.compile(r"[^\Wa-z_]{2,10}")


def shown_names(names: Sequence[str]) -> str:
    """List names for a message; several short ones of one shape, which may be plates, are counted.

    Examples
    --------
    >>> shown_names(["seen_at", "ZQXAA", "ZQXAB", "ZQXAC", "01A123BC"])
    'seen_at, (name with digits), 3 names of letters, 5 characters'
    """
    last = [name.strip().split(".") for name in names]
    # Of a dotted name any part may be a code: all names that have one of a shape are alike.
    shapes = [
        next((f"letters, {len(part)} characters" for part in parts if _SHORT_CODE.fullmatch(part)
              and header_word(part) not in KNOWN_WORDS), "")
        for parts in last
    ]  # fmt: skip
    counts = Counter(shapes)
    covered = {shape for shape, count in counts.items() if shape and count >= _ALIKE}
    shown = [
        shown_name(name) for name, shape in zip(names, shapes, strict=True) if shape not in covered
    ]
    listed = shown[:MOST_SHOWN]
    if len(shown) > MOST_SHOWN:
        listed.append(f"and {len(shown) - MOST_SHOWN:,} more")
    listed += [f"{counts[shape]:,} names of {shape}" for shape in sorted(covered)]
    return ", ".join(listed)
