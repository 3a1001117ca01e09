"""Tables: frames as CSV that a spreadsheet cannot mistake for formulas, and as rows for a page."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from numbers import Integral, Number
from typing import Any

import numpy as np
import pandas as pd

ROWS_A_PIECE = 1 << 16
"""Rows of a table that are text at once."""

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
    return "".join(csv_pieces(frame))


def csv_pieces(frame: pd.DataFrame, rows: int = ROWS_A_PIECE) -> Iterator[str]:
    r"""Give the text of `to_csv` in pieces, so that a large table's is never held whole.

    Parameters
    ----------
    frame : DataFrame
        What to write.
    rows : int
        Rows of a piece.

    Examples
    --------
    >>> list(csv_pieces(pd.DataFrame({"vehicles": [12, 5, 7]}), rows=2))
    ['vehicles\n', '12\n5\n', '7\n']
    """
    yield _lines([[safe_cell(str(column)) for column in frame.columns]])
    columns = [_cells_of(frame[column]) for column in frame.columns]
    for start in range(0, len(frame), rows):
        some = slice(start, start + rows)
        yield _lines(zip(*(cells(some) for cells in columns), strict=True))


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _cells_of(column: pd.Series) -> Callable[[slice], list[Any]]:
    """Find how the cells of a column are made: those of rows that follow each other at once.

    They are what `safe_cell` makes of each, which takes microseconds a cell. Numbers, times and
    truth values hold nothing to clean, and a text is cleaned once for all its rows.
    """
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else None
    if kind in ("i", "u"):
        return lambda some: column.iloc[some].tolist()
    if kind == "b":
        return lambda some: ["true" if value else "false" for value in column.iloc[some].tolist()]
    if kind == "f":
        return lambda some: ["" if x != x else float(x) for x in column.iloc[some].tolist()]
    if kind == "M" or isinstance(column.dtype, pd.DatetimeTZDtype):
        return lambda some: _times(column.iloc[some])
    if isinstance(column.dtype, pd.CategoricalDtype):
        if column.cat.categories.inferred_type != "string":
            # Whole numbers among which one is missing are read as fractions: of all rows or none.
            column = pd.Series(column.tolist(), dtype=object)
        else:
            names = np.array([*map(safe_cell, column.cat.categories), ""], object)
            codes = column.cat.codes.to_numpy()
            return lambda some: names[codes[some]].tolist()
    return lambda some: _cleaned(column.iloc[some].tolist())


class _CleanedOnce(dict):
    """Texts, each with the cell that it makes."""

    def __missing__(self, text: str) -> str:
        self[text] = cell = safe_cell(text)
        return cell


def _cleaned(values: list[Any]) -> list[Any]:
    cell = _CleanedOnce()
    # Only texts are looked up: 1, 1.0 and True are equal, and are written differently.
    return [
        cell[value] if type(value) is str else value if type(value) is int else safe_cell(value)
        for value in values
    ]


def _times(column: pd.Series) -> list[str]:
    """Write time stamps as ``str`` writes each: what they have in common once."""
    has_zone = isinstance(column.dtype, pd.DatetimeTZDtype)
    wall = (column.dt.tz_localize(None) if has_zone else column).to_numpy()
    seconds = wall.astype("datetime64[s]")
    ends = _by_value((wall - seconds).astype("timedelta64[ns]").astype(np.int64), _fraction)
    if has_zone:
        offset = (wall - column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()).astype(
            "timedelta64[s]"
        )
        ends = ends + _by_value(offset.astype(np.int64), _zone)
    return [
        "" if text == "NaT" else text.replace("T", " ") + end
        for text, end in zip(np.datetime_as_string(seconds).tolist(), ends.tolist(), strict=True)
    ]


def _by_value(numbers: np.ndarray, text_of: Callable[[int], str]) -> np.ndarray:
    distinct, which = np.unique(numbers, return_inverse=True)
    return np.array([text_of(number) for number in distinct.tolist()], object)[which]


def _fraction(nanoseconds: int) -> str:
    micro, nano = divmod(nanoseconds, 1_000)
    # NaT is the least of all numbers; nothing is written for it.
    if nanoseconds <= 0:
        return ""
    return f".{micro:06d}{nano:03d}" if nano else f".{micro:06d}"


def _zone(seconds: int) -> str:
    sign, (minutes, rest) = "-" if seconds < 0 else "+", divmod(abs(seconds), 60)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}" + (f":{rest:02d}" if rest else "")


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
    text = str(value)
    # All that is changed below is not printable, and hardly a text holds any.
    if not text.isprintable():
        text = "".join(_shown(character) for character in text)
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
