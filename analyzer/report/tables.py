"""Tables: frames as CSV that a spreadsheet cannot mistake for formulas, and as rows for a page."""

from __future__ import annotations

import csv
import io
import math
from numbers import Integral, Number
from typing import Any

import pandas as pd

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Full-width forms are folded to ASCII by some spreadsheets before they look for a formula.
_FULL_WIDTH_STARTS = ("\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: Any) -> Any:
    """Make one cell that no spreadsheet runs as a formula; numbers stay as they are.

    Parameters
    ----------
    value : object
        The cell's value.

    Returns
    -------
    object
        An empty string for a missing value, the number for a number, else text; text that could
        start a formula begins with an apostrophe.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell(-3.5), safe_cell("Chirchiq"), safe_cell(None)
    ("'=1+1", -3.5, 'Chirchiq', '')
    """
    if is_missing(value):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Number):
        return float(value) if not isinstance(value, complex) else safe_cell(str(value))
    text = clean_text(value, limit=None)
    if str(value).lstrip(" ").startswith(_FORMULA_STARTS + _FULL_WIDTH_STARTS):
        return "'" + text
    return text


def to_csv(frame: pd.DataFrame) -> str:
    r"""Write a frame as CSV text: UTF-8 characters, a header, ``\n`` line ends, no index.

    Examples
    --------
    >>> print(to_csv(pd.DataFrame({"zone": ["@home"], "vehicles": [12]})), end="")
    zone,vehicles
    '@home,12
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_cell(str(column)) for column in frame.columns])
    columns = [frame[column].tolist() for column in frame.columns]
    for row in zip(*columns, strict=True):
        writer.writerow([safe_cell(value) for value in row])
    return buffer.getvalue()


def clean_text(value: Any, *, limit: int | None = 120) -> str:
    r"""Make text that can be shown: no control or direction-changing characters, not too long.

    Parameters
    ----------
    value : object
        What to show.
    limit : int or None
        Longest text in characters.

    Examples
    --------
    >>> clean_text("A\x00B\u202eC"), clean_text("abcdef", limit=4)
    ('ABC', 'abc…')
    """
    text = "".join(_shown(character) for character in str(value))
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT or NA.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing(0), is_missing(pd.NA)
    (True, False, True)
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, Number) and not isinstance(value, complex) and math.isnan(value)


def _shown(character: str) -> str:
    code = ord(character)
    if character in "\t\n\r":
        return " "
    if code < 32 or 127 <= code < 160:
        return ""
    if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
        return "\N{REPLACEMENT CHARACTER}"
    # Marks that turn the direction of what follows could make a name read as another one.
    if code in (0x200E, 0x200F, 0x061C) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return ""
    return character
