"""Recipes: how a role is made of columns, where no column is the role as it stands.

The first filled of several columns, two columns joined, a value inside a cell, a part of a text, an
epoch that is really a clock on the wall, degrees with minutes and seconds, a value looked up in a
table: each is a few vectorised steps over the texts of a chunk.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import UsageError
from analyzer.ingest.coding import MISSING_WORDS, as_text, read_numbers

MAX_CELL = 1 << 14
_MAX_NESTING = 20
_STEPS = ("from", "inside", "pattern", "epoch", "millis", "lookup")
FORMS = (
    '"HEADER", ["FIRST", "SECOND"], {join = […]}, {first = […]}, {text = "…"}, '
    '{degrees = […], side = "…"}, or {from = "HEADER"} with inside, pattern, epoch, millis, lookup'
)


@dataclass(frozen=True)
class Cell:
    """One way to make a value.

    Attributes
    ----------
    column : str
        Name of the column.
    inside : str
        Dotted path to a value in a cell that holds JSON or a Python literal.
    pattern : str
        Regular expression (RE2) whose one group is the value.
    epoch : str
        ``"local"``: the number counts seconds of the clock on the wall, not of UTC.
    millis : str
        Column with the milliseconds that belong to seconds.
    lookup : tuple of str
        Table and column in which the value is looked up.
    text : str
        The value itself; there is no column.
    degrees : tuple of str
        Columns of degrees, minutes and seconds.
    side : str
        Column that says E, W, N or S.
    """

    column: str = ""
    inside: str = ""
    pattern: str = ""
    epoch: str = ""
    millis: str = ""
    lookup: tuple[str, str] | None = None
    text: str = ""
    degrees: tuple[str, ...] = ()
    side: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns without which there is no value."""
        return self.degrees if self.degrees else (self.column,) if self.column else ()

    @property
    def may_need(self) -> tuple[str, ...]:
        """Columns that are read too where they are there."""
        return tuple(name for name in (self.millis, self.side) if name)

    @property
    def is_plain(self) -> bool:
        """Whether the value is a column as it stands."""
        return bool(self.column) and self == Cell(self.column)


@dataclass(frozen=True)
class Recipe:
    """How a role is made: the first cell that holds something, or all of them joined."""

    cells: tuple[Cell, ...]
    joined: bool = False

    def label(self, names: Mapping[str, str]) -> str:
        """Say the recipe in the names of the columns."""
        words = [
            " ".join(names.get(name, name) for name in cell.needs) or f"'{cell.text}'"
            for cell in self.cells
        ]
        return (" + " if self.joined else ", else ").join(words)


@dataclass(frozen=True)
class Made:
    """A recipe with the positions of its columns in a source."""

    recipe: Recipe
    places: Mapping[str, int]
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def positions(self) -> tuple[int, ...]:
        """Columns of the source that are read."""
        return tuple(self.places.values())

    def of(self, columns: Mapping[int, pa.Array], count: int) -> pa.Array:
        """Make the values of a chunk; a recipe of nothing makes nothing."""
        if not self.recipe.cells:
            return pa.nulls(count, pa.string())
        parts = [self._cell(cell, columns, count) for cell in self.recipe.cells]
        if self.recipe.joined and len(parts) > 1:
            filled = [part.fill_null("") for part in parts]
            return pc.utf8_trim_whitespace(pc.binary_join_element_wise(*filled, " "))
        value = parts[0]
        for other in parts[1:]:
            value = pc.if_else(_is_missing(value), other, value)
        return value

    def _cell(self, cell: Cell, columns: Mapping[int, pa.Array], count: int) -> pa.Array:
        def column(name: str) -> pa.Array:
            return as_text(columns[self.places[name]])

        if cell.text:
            return pa.array([cell.text] * count, pa.string())
        if cell.degrees:
            return _degrees(
                [column(name) for name in cell.degrees],
                column(cell.side) if cell.side in self.places else None,
            )
        value = column(cell.column)
        if cell.millis or cell.epoch:
            # A device that does not know the time writes zero.
            value = pc.if_else(pc.equal(value, "0"), pa.scalar(None, pa.string()), value)
        if cell.inside:
            value = _each(value, lambda text: _inside(text, cell.inside))
        if cell.pattern:
            found = pc.extract_regex(value.fill_null(""), cell.pattern.replace("(", "(?P<v>", 1))
            value = pc.struct_field(found, "v")
        if cell.millis in self.places and cell.millis:
            value = _with_millis(value, column(cell.millis))
        if cell.epoch == "local":
            value = _wall_clock(value)
        if cell.lookup:
            table, name = cell.lookup
            keys, values = self.tables[table]["key"], self.tables[table][name]
            value = values.take(pc.index_in(value, keys))
        return value


def read_recipe(value: Any, where: str) -> Recipe:
    """Read a recipe as a mapping writes it.

    Raises
    ------
    UsageError
        If it has none of the forms of a recipe.

    Examples
    --------
    >>> read_recipe(["a", {"from": "b", "epoch": "local"}], "plate").label({})
    'a, else b'
    """
    joined = False
    if isinstance(value, dict) and ("first" in value or "join" in value):
        if len(value) != 1:
            raise UsageError(f"{where}: first and join stand alone; write {FORMS}")
        joined = "join" in value
        value = value["join" if joined else "first"]
    items = value if isinstance(value, list) else [value]
    if not items:
        raise UsageError(f"{where}: names no column; write {FORMS}")
    return Recipe(tuple(_read_cell(item, where) for item in items), joined)


def _read_cell(item: Any, where: str) -> Cell:
    if isinstance(item, str) and item:
        return Cell(item)
    if not isinstance(item, dict):
        raise UsageError(f"{where}: write {FORMS}")
    if set(item) == {"text"} and isinstance(item["text"], str) and item["text"].strip():
        return Cell(text=item["text"].strip())
    if "degrees" in item and set(item) <= {"degrees", "side"}:
        parts = item["degrees"]
        if not isinstance(parts, list) or not 1 <= len(parts) <= 3:
            raise UsageError(f"{where}: degrees takes one to three columns")
        return Cell(degrees=tuple(map(str, parts)), side=str(item.get("side", "")))
    unknown = [key for key in item if key not in _STEPS]
    if unknown or not all(isinstance(text, str) and text for text in item.values()):
        raise UsageError(f"{where}: write {FORMS}")
    if "from" not in item:
        raise UsageError(f"{where}: 'from' is missing; write {FORMS}")
    if item.get("epoch", "local") != "local":
        raise UsageError(f"{where}: epoch can only be \"local\"; other epochs need no word")
    pattern = item.get("pattern", "")
    if pattern:
        _check_pattern(pattern, where)
    table, dot, name = item.get("lookup", "").partition(".")
    if "lookup" in item and not (table and dot and name):
        raise UsageError(f"{where}: lookup is written \"TABLE.COLUMN\"")
    return Cell(
        item["from"], item.get("inside", ""), pattern, item.get("epoch", ""),
        item.get("millis", ""), (table, name) if dot else None,
    )  # fmt: skip


def _check_pattern(pattern: str, where: str) -> None:
    groups = pattern.count("(") - pattern.count("(?") - pattern.count("\\(")
    first = pattern.find("(")
    try:
        if groups != 1 or pattern[first : first + 2] == "(?" or pattern[:first].endswith("\\"):
            raise ValueError
        pc.extract_regex(pa.array([""]), pattern.replace("(", "(?P<v>", 1))
    except (ValueError, pa.ArrowInvalid):
        raise UsageError(
            f"{where}: the pattern must be a regular expression (RE2) whose first bracket is its "
            "one group, for example \"^([^/]+)/\""
        ) from None


def _is_missing(column: pa.Array) -> pa.Array:
    text = pc.utf8_lower(pc.utf8_trim_whitespace(column.fill_null("")))
    return pc.is_in(text, pa.array([*MISSING_WORDS, "0"]))


def _each(column: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """Change each distinct text once."""
    coded = column.dictionary_encode()
    changed = [None if text is None else change(text) for text in coded.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(coded.indices)


def read_literal(text: str) -> Any:
    """Read a cell that holds JSON or a Python literal; None where it holds neither.

    Nothing is evaluated: only literals are read, of bounded length and depth.

    Examples
    --------
    >>> read_literal("{'code': 'uz', 'score': 0.9}"), read_literal("__import__('os')")
    ({'code': 'uz', 'score': 0.9}, None)
    """
    text = text.strip()
    if not text or len(text) > MAX_CELL or text[0] not in "[{(":
        return None
    if _nesting(text) > _MAX_NESTING:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _nesting(text: str) -> int:
    depth = deepest = 0
    for c in text:
        if c in "[{(":
            depth += 1
            deepest = max(deepest, depth)
        elif c in "]})":
            depth -= 1
    return deepest


def _inside(text: str, path: str) -> str | None:
    value = read_literal(text)
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return None if value is None or isinstance(value, dict | list | tuple) else str(value)


def _with_millis(seconds: pa.Array, millis: pa.Array) -> pa.Array:
    def whole(column: pa.Array, width: int) -> pa.Array:
        return pc.match_substring_regex(column.fill_null(""), rf"^\d{{1,{width}}}$")

    padded = pc.utf8_lpad(millis.fill_null("0"), 3, "0")
    joined = pc.binary_join_element_wise(seconds.fill_null(""), padded, ".")
    return pc.if_else(pc.and_(whole(seconds, 11), whole(millis, 3)), joined, seconds)


def _wall_clock(column: pa.Array) -> pa.Array:
    """Write epochs as the local times that they really are."""
    numbers, _ = read_numbers(column)
    milliseconds = np.where(np.abs(numbers) < 1e11, numbers * 1_000, numbers)
    usable = np.isfinite(milliseconds) & (np.abs(milliseconds) < 4e12)
    whole = np.where(usable, np.round(np.where(usable, milliseconds, 0)), 0).astype(np.int64)
    texts = np.datetime_as_string(whole.astype("datetime64[ms]"))
    # What is no number stays as it is, and is rejected as a time.
    made = pa.array(texts.astype(object), pa.string())
    return pc.if_else(pa.array(usable), made, column)


def _degrees(parts: Sequence[pa.Array], side: pa.Array | None) -> pa.Array:
    total = np.zeros(len(parts[0]))
    for number, part in enumerate(parts):
        values, _ = read_numbers(part)
        total = total + (values if number == 0 else np.nan_to_num(values)) / 60.0**number
    if side is not None:
        west = pc.is_in(pc.utf8_upper(side.fill_null("")), pa.array(["W", "S"]))
        total = np.where(np.asarray(west), -total, total)
    return pa.array([None if np.isnan(v) else repr(round(float(v), 7)) for v in total], pa.string())
