"""Coding: names of cameras and labels become small integers, text becomes numbers.

Codes are given in the order in which the kept rows bring new names, so they depend neither on the
size of the chunks nor on rows that were rejected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.cameras import cell_centres, grid_cells, haversine_m
from analyzer.schema import MISSING

MOVED_M = 500.0
"""Cameras whose rows lie further apart than this are readers that move."""

_NOTHING = "na n/a null none nan nat unknown unknow undefined -- - ? #n/a неизвестно номаълум 未知"
MISSING_WORDS = frozenset((*_NOTHING.split(), ""))
"""What stands in cells that hold no value (without case)."""

LONGEST_NAME = 200
"""What is longer names no camera and no make; it is a cell that swallowed others."""

_DEGREE = 10_000_000


def as_text(column: pa.Array) -> pa.Array:
    """Give a column as text: numbers and truth values are written out."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_floating(column.type):
        # 7.0 that stands for the name "7": a column of whole numbers with gaps.
        whole = pc.all(pc.equal(column, pc.floor(column)), min_count=0).as_py()
        if whole:
            column = column.cast(pa.int64(), safe=False)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.array(texts, pa.string())


def read_numbers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Read a column of numbers.

    Returns
    -------
    values : numpy.ndarray of float64
        NaN where there is none.
    bad : numpy.ndarray of bool
        Where there is something that is not a number.

    Examples
    --------
    >>> values, bad = read_numbers(pa.array(["41.3", "41,3", "NA", "x"]))
    >>> values.tolist(), bad.tolist()
    ([41.3, 41.3, nan, nan], [False, False, False, True])
    """
    if pa.types.is_string(column.type):
        try:
            values = column.cast(pa.float64())
        except pa.ArrowInvalid:
            return _numbers_one_by_one(column)
        numbers = values.fill_null(np.nan).to_numpy(zero_copy_only=False)
    elif (
        pa.types.is_floating(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_decimal(column.type)
    ):
        numbers = column.cast(pa.float64(), safe=False).fill_null(np.nan)
        numbers = numbers.to_numpy(zero_copy_only=False)
    else:
        return _numbers_one_by_one(as_text(column))
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    return numbers, np.zeros(len(numbers), bool)


def _numbers_one_by_one(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    coded = column.fill_null("").dictionary_encode()
    values = np.full(len(coded.dictionary), np.nan)
    bad = np.zeros(len(coded.dictionary), bool)
    for i, text in enumerate(coded.dictionary.to_pylist()):
        text = text.strip()
        if text.casefold() in MISSING_WORDS:
            continue
        try:
            # Underscores are Python's, not a number's.
            values[i] = float("x" if "_" in text else text.replace(",", "."))
        except ValueError:
            bad[i] = True
    values[~np.isfinite(values)] = np.nan
    rows = coded.indices.to_numpy(zero_copy_only=False)
    return values[rows], bad[rows]


class NameCoder:
    """Gives names their codes, by order of first appearance among the rows that are kept.

    Examples
    --------
    >>> coder = NameCoder()
    >>> cells = coder.look(pa.array(["b", " a ", "NULL", "b"]))
    >>> cells.missing.tolist(), cells.code(np.array([1, 3])).tolist(), coder.names
    ([False, False, True, False], [0, 1], ['a', 'b'])
    """

    def __init__(self, names: Iterable[str] = ()):
        self.codes = {name: code for code, name in enumerate(names)}

    @property
    def names(self) -> list[str]:
        """Names in the order of the codes."""
        return list(self.codes)

    def adopt(self, names: Sequence[str]) -> np.ndarray:
        """Give the codes of names that were coded elsewhere, in the order in which they came."""
        codes = self.codes
        return np.array([codes.setdefault(name, len(codes)) for name in names], np.int32)

    def look(self, column: pa.Array) -> Names:
        """Look at a column; codes are given when it is known which rows are kept."""
        return Names(self, as_text(column))


class Names:
    """A column of names, looked at by a `NameCoder`."""

    def __init__(self, coder: NameCoder, column: pa.Array):
        self._coder = coder
        coded = column.fill_null("").dictionary_encode()
        self._texts = [text.strip() for text in coded.dictionary.to_pylist()]
        long = np.array([len(text) > LONGEST_NAME for text in self._texts], bool)
        self._texts = [text if len(text) <= LONGEST_NAME else "" for text in self._texts]
        self._rows = coded.indices.to_numpy(zero_copy_only=False)
        absent = np.array([text.casefold() in MISSING_WORDS for text in self._texts], bool)
        self.missing = absent[self._rows] if len(absent) else np.zeros(len(column), bool)
        self.too_long = long[self._rows] if len(long) else np.zeros(len(column), bool)

    def are(self, test: Callable[[str], bool]) -> np.ndarray:
        """Say of each row whether its name passes a test."""
        passed = np.array([test(text) for text in self._texts], bool)
        return passed[self._rows] if len(passed) else np.zeros(len(self._rows), bool)

    def code(self, keep: np.ndarray) -> np.ndarray:
        """Give the codes of some rows (positions, ascending); `MISSING` where there is no name."""
        codes = self._coder.codes
        rows = self._rows[keep]
        known = np.array(
            [
                MISSING if text.casefold() in MISSING_WORDS else codes.get(text, -2)
                for text in self._texts
            ],
            np.int32,
        )
        if not len(known):
            return np.empty(0, np.int32)
        coded = known[rows]
        if (coded == -2).any():
            distinct, first = np.unique(rows[coded == -2], return_index=True)
            for entry in distinct[np.argsort(first)]:
                # Two spellings (blanks around) may be one name.
                known[entry] = codes.setdefault(self._texts[entry], len(codes))
            coded = known[rows]
        return coded


class Positions:
    """Where the cameras stand, gathered from the rows.

    Sums are of whole ten-millionths of a degree, so they are exact in any order.
    """

    def __init__(self):
        self._sums = np.zeros((0, 2), np.int64)
        self._counts = np.zeros(0, np.int64)
        self._low = np.zeros((0, 2))
        self._high = np.zeros((0, 2))

    def add(self, camera: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> None:
        """Add the positions of some rows (NaN: none)."""
        known = ~(np.isnan(lat) | np.isnan(lon))
        if not known.any():
            return
        camera, lat, lon = camera[known], lat[known], lon[known]
        self._reserve(int(camera.max()) + 1)
        count = len(self._counts)
        self._counts += np.bincount(camera, minlength=count)
        for axis, degrees in enumerate((lat, lon)):
            whole = np.round(degrees * _DEGREE)
            # Below 2**53 a sum of whole numbers is exact in floating point too.
            self._sums[:, axis] += np.bincount(camera, whole, minlength=count).astype(np.int64)
            np.minimum.at(self._low[:, axis], camera, degrees)
            np.maximum.at(self._high[:, axis], camera, degrees)

    def adopt(self, other: Positions, codes: np.ndarray) -> None:
        """Add the positions gathered elsewhere; `codes` are the codes of its cameras here."""
        known = np.flatnonzero(other._counts)
        if not len(known):
            return
        here = codes[known]
        self._reserve(int(here.max()) + 1)
        self._counts[here] += other._counts[known]
        self._sums[here] += other._sums[known]
        self._low[here] = np.minimum(self._low[here], other._low[known])
        self._high[here] = np.maximum(self._high[here], other._high[known])

    def _reserve(self, count: int) -> None:
        more = count - len(self._counts)
        if more > 0:
            self._sums = np.concatenate([self._sums, np.zeros((more, 2), np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros(more, np.int64)])
            self._low = np.concatenate([self._low, np.full((more, 2), np.inf)])
            self._high = np.concatenate([self._high, np.full((more, 2), -np.inf)])

    def moving(self) -> int:
        """Count the cameras whose rows lie more than `MOVED_M` apart."""
        return sum(
            haversine_m(*self._low[camera], *self._high[camera]) > MOVED_M
            for camera in np.flatnonzero(self._counts > 1)
        )

    def table(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the mean position of each of `count` cameras (NaN where unknown)."""
        self._reserve(count)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._sums[:count] / self._counts[:count, None] / _DEGREE
        return np.round(mean[:, 0], 7), np.round(mean[:, 1], 7)


class CellCoder:
    """Gives cells of a grid of places their codes, by order of first appearance.

    Parameters
    ----------
    size_m : float
        Side of a cell in metres; zero makes every exact position a cell of its own.
    cameras : pandas.DataFrame, optional
        Cells that have codes already: ``lat`` and ``lon`` of their centres, by code.
    """

    def __init__(self, size_m: float, cameras: pd.DataFrame | None = None):
        self.size_m = size_m
        self._codes: dict[int | complex, int] = {}
        if cameras is not None:
            cells = self._cells(cameras["lat"].to_numpy(float), cameras["lon"].to_numpy(float))
            self._codes = {cell.item(): code for code, cell in enumerate(cells)}

    def _cells(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        # A complex number is an exact pair that can be sorted.
        return grid_cells(lat, lon, self.size_m) if self.size_m else lat + 1j * lon

    def code(self, lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
        """Give the codes of the cells in which positions lie (all known)."""
        cells, first, rows = np.unique(
            self._cells(lat, lon), return_index=True, return_inverse=True
        )
        codes = np.empty(len(cells), np.int32)
        for entry in np.argsort(first):
            codes[entry] = self._codes.setdefault(cells[entry].item(), len(self._codes))
        return codes[rows]

    @property
    def cells(self) -> list[int | complex]:
        """The cells in the order of the codes."""
        return list(self._codes)

    def adopt(self, cells: Sequence[int | complex]) -> np.ndarray:
        """Give the codes of cells that were coded elsewhere, in the order in which they came."""
        codes = self._codes
        return np.array([codes.setdefault(cell, len(codes)) for cell in cells], np.int32)

    def table(self) -> pd.DataFrame:
        """Give the cells as cameras: name, lat, lon of the centre."""
        if not self.size_m:
            positions = np.fromiter(self._codes, complex, len(self._codes))
            lat, lon = positions.real, positions.imag
            names = [f"{a},{b}" for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]
            return pd.DataFrame({"name": names, "lat": lat, "lon": lon})
        cells = np.fromiter(self._codes, np.int64, len(self._codes))
        lat, lon = cell_centres(cells, self.size_m)
        # Decimals enough that neighbouring cells differ: a thousandth of a degree is 111 m.
        decimals = max(3, int(np.ceil(np.log10(111_000 / self.size_m))) + 1)
        names = [f"cell {a:.{decimals}f},{b:.{decimals}f}" for a, b in zip(lat, lon, strict=True)]
        return pd.DataFrame({"name": names, "lat": lat, "lon": lon})
