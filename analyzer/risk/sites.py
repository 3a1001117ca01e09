"""Sensitive sites: where a visit alone tells something about a person, as the user lists them.

Names of sites are never kept: no output needs them. Categories are text of the user's, so what is
not printable is taken out of them, and whoever shows them on a page escapes them.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from analyzer.camera_lists import read_degrees
from analyzer.cameras import EARTH_RADIUS_M
from analyzer.errors import InputError
from analyzer.patterns.routines import WEEKDAYS
from analyzer.units import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

EXPECTED = (
    "a list of sites has the columns lat, lon, category (and radius_m, days, hours, min_minutes, "
    "max_minutes if there are any), or is GeoJSON, GeoPackage or a GeoDataFrame with a category"
)

STAY_MINUTES = (20.0, 240.0)
"""How long one stays at a site, where the list does not say."""

MOST_CATEGORIES = 50
MOST_SITES = 100_000
LONGEST_CATEGORY = 60

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True)
class Sites:
    """Sites by category, each with the hours and the length of a visit.

    Attributes
    ----------
    categories : tuple of str
        In alphabetic order.
    category : numpy.ndarray of int64, shape (n,)
        Number of each site's category.
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees; of an area the middle.
    radius_m : numpy.ndarray of float64, shape (n,)
        Metres about the middle that belong to the site.
    weekdays : numpy.ndarray of int64, shape (n,)
        Days of visits, bit 0 Monday.
    opens, closes : numpy.ndarray of int64, shape (n,)
        Hours of visits: local ms after midnight.
    shortest, longest : numpy.ndarray of int64, shape (n,)
        Length of a visit in ms.
    """

    categories: tuple[str, ...]
    category: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    radius_m: np.ndarray
    weekdays: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    shortest: np.ndarray
    longest: np.ndarray

    def __len__(self) -> int:
        return len(self.category)


SitesSource: TypeAlias = "str | Path | pd.DataFrame | Sites"
"""What `read_sites` takes."""


def read_sites(source: SitesSource) -> Sites:
    """Read where sensitive sites lie.

    Parameters
    ----------
    source : path or pandas.DataFrame or geopandas.GeoDataFrame
        A CSV file or a frame with columns ``lat, lon, category`` and, if there are any,
        ``radius_m`` (how far the site reaches), ``days`` (``"Fri"``, ``"Mon-Fri"``,
        ``"Sat Sun"``), ``hours`` (``"12:00-14:30"``, local), ``min_minutes`` and ``max_minutes``
        (length of a visit, 20 minutes to 4 hours by default). Or GeoJSON, GeoPackage or a
        GeoDataFrame of points or areas with a column ``category`` and the same others; an area
        counts as a circle of its size about its middle.

    Returns
    -------
    Sites

    Raises
    ------
    InputError
        If the file is missing or holds no site, a column or a category is missing, a position is
        not on the globe, the reference system of the coordinates is not known, or a number, day or
        hour cannot be read.

    Examples
    --------
    >>> sites = read_sites(pd.DataFrame({"lat": [41.3], "lon": [69.2], "category": ["medical"]}))
    >>> sites.categories, len(sites)
    (('medical',), 1)
    """
    if isinstance(source, Sites):
        return source
    frame, where = _load(source)
    frame = frame.rename(columns={name: str(name).strip().lower() for name in frame.columns})
    if "geometry" in frame:
        frame = _with_positions(frame, where)
    missing = [name for name in ("lat", "lon", "category") if name not in frame]
    if missing:
        raise InputError(f"{where}: no column {', '.join(missing)}; {EXPECTED}")
    if not len(frame):
        raise InputError(f"{where}: holds no site; {EXPECTED}")
    if len(frame) > MOST_SITES:
        raise InputError(
            f"{where}: {len(frame):,} sites are too many ({MOST_SITES:,} at most); keep those near "
            "the cameras"
        )
    names = _categories(frame["category"], where)
    categories, category = np.unique(names, return_inverse=True)
    if len(categories) > MOST_CATEGORIES:
        raise InputError(
            f"{where}: {len(categories)} categories are too many ({MOST_CATEGORIES} at most); is "
            "that the column of the names? A category is a word such as 'medical'"
        )
    lat, lon = _positions(frame, where)
    hours = _column(frame, "hours", where, _read_hours, (0, DAY_MS), "write 12:00-14:30")
    stay = [
        _numbers(frame, name, where, default)
        for name, default in zip(("min_minutes", "max_minutes"), STAY_MINUTES, strict=True)
    ]
    if (stay[0] > stay[1]).any():
        row = int(np.flatnonzero(stay[0] > stay[1])[0]) + 1
        raise InputError(f"{where}: row {row} has min_minutes above max_minutes; swap them")
    return Sites(
        categories=tuple(str(name) for name in categories),
        category=category.astype(np.int64),
        lat=lat,
        lon=lon,
        radius_m=_numbers(frame, "radius_m", where, 0.0),
        weekdays=np.array(
            _column(frame, "days", where, _read_days, 0b1111111, "write Fri, Mon-Fri or Sat Sun"),
            np.int64,
        ),
        opens=np.array([first for first, _ in hours], np.int64),
        closes=np.array([last for _, last in hours], np.int64),
        shortest=np.round(stay[0] * MINUTE_MS).astype(np.int64),
        longest=np.round(stay[1] * MINUTE_MS).astype(np.int64),
    )


def _load(source: Any) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.DataFrame):
        where = "the table of sites"
        if "geometry" in source and getattr(source, "crs", None) is None:
            raise InputError(
                f"{where}: the reference system of its coordinates is not known; say it first, for "
                "example with sites.set_crs('EPSG:4326')"
            )
        return source, where
    if not isinstance(source, str | Path):
        raise InputError(f"sites must be a file or a table, not {type(source).__name__}")
    path = Path(source)
    if not path.is_file():
        raise InputError(f"{path}: no such file; {EXPECTED}")
    ending = path.suffix.lower()
    try:
        if ending in (".geojson", ".json", ".gpkg"):
            import geopandas

            frame = geopandas.read_file(path)
            if not isinstance(frame, geopandas.GeoDataFrame):
                raise InputError(f"{path}: holds no positions; {EXPECTED}")
            if frame.crs is None:
                raise InputError(
                    f"{path}: the reference system of its coordinates is not known; write it again "
                    "with one, such as EPSG:4326"
                )
            return frame, str(path)
        if ending == ".parquet":
            return pd.read_parquet(path), str(path)
        frame = pd.read_csv(path, sep=None, engine="python", dtype=str, encoding="utf-8-sig")
        return frame, str(path)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path}: holds no site; {EXPECTED}") from None
    except (OSError, ValueError, RuntimeError, csv.Error) as error:
        # What a library says of a file may hold a piece of it.
        raise InputError(
            f"{path}: cannot be read as a list of sites ({type(error).__name__}); {EXPECTED}"
        ) from None


def _with_positions(frame: GeoDataFrame, where: str) -> pd.DataFrame:
    """Put the middle of each geometry in columns, and the radius of a circle of its size."""
    shapes = frame.set_geometry("geometry").geometry
    lacking = (shapes.isna() | shapes.is_empty).to_numpy()
    if lacking.any():
        row = int(np.flatnonzero(lacking)[0]) + 1
        raise InputError(f"{where}: row {row} has no position; give it one or leave the row out")
    equal_area = shapes.to_crs("EPSG:6933")
    middle = equal_area.centroid.to_crs("EPSG:4326")
    radius = np.sqrt(equal_area.area.to_numpy(float) / math.pi)
    frame = pd.DataFrame(frame.drop(columns="geometry")).assign(
        lat=middle.y.to_numpy(), lon=middle.x.to_numpy()
    )
    given = "radius_m" in frame
    wider = _numbers(frame, "radius_m", where, 0.0) if given else np.zeros(len(frame))
    return frame.assign(radius_m=radius + wider)


def _categories(column: pd.Series, where: str) -> np.ndarray:
    empty = column.isna().to_numpy()
    text = [
        "" if lacks else " ".join("".join(c for c in str(cell) if c.isprintable()).split())
        for cell, lacks in zip(column, empty, strict=True)
    ]
    for row, name in enumerate(text, start=1):
        if not name:
            raise InputError(
                f"{where}: row {row} has no category; every site needs one, such as 'religious', "
                "'medical', 'political' or 'union'"
            )
        if len(name) > LONGEST_CATEGORY:
            raise InputError(
                f"{where}: row {row} has a category of {len(name)} characters; a word such as "
                f"'medical' is meant, {LONGEST_CATEGORY} characters at most"
            )
    return np.array(text, object)


def _positions(frame: pd.DataFrame, where: str) -> tuple[np.ndarray, np.ndarray]:
    lat, lon = (read_degrees(frame[name], f"{where}: column {name}") for name in ("lat", "lon"))
    unknown = np.flatnonzero(~(np.isfinite(lat) & np.isfinite(lon)))
    if len(unknown):
        raise InputError(f"{where}: row {unknown[0] + 1} has no position; lat and lon are needed")
    outside = np.flatnonzero((np.abs(lat) > 90) | (np.abs(lon) > 180))
    if len(outside):
        raise InputError(
            f"{where}: row {outside[0] + 1} lies outside the globe; are lat and lon swapped? "
            "lat is north (−90 to 90), lon is east (−180 to 180), in degrees"
        )
    return lat, lon


def _numbers(frame: pd.DataFrame, name: str, where: str, default: float) -> np.ndarray:
    def read(text: str) -> float:
        number = float(text)
        if not (math.isfinite(number) and 0 <= number <= EARTH_RADIUS_M):
            raise ValueError
        return number

    return np.array(_column(frame, name, where, read, default, "write a number, 0 or more"), float)


def _column(
    frame: pd.DataFrame, name: str, where: str, read: Callable[[str], Any], default: Any, hint: str
) -> list[Any]:
    """Read the cells of a column that need not be there; empty cells take the default."""
    if name not in frame:
        return [default] * len(frame)
    values = []
    for row, cell in enumerate(frame[name].to_numpy(object), start=1):
        text = "" if pd.isna(cell) else str(cell).strip()
        try:
            values.append(read(text) if text else default)
        except ValueError:
            raise InputError(f"{where}: row {row}, column {name}: {hint}") from None
    return values


def _read_hours(text: str) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    if not match:
        raise ValueError
    first, last = (
        60 * int(match[at]) + int(match[at + 1]) for at in (1, 3)
    )
    if not 0 <= first < last <= 24 * 60:
        raise ValueError
    return first * MINUTE_MS, last * MINUTE_MS


def _read_days(text: str) -> int:
    """Read days of the week as bits, Monday the first.

    Examples
    --------
    >>> _read_days("Mon-Fri"), _read_days("Sat, Sun"), _read_days("Fri-Mon")
    (31, 96, 113)
    """
    bits = 0
    for word in re.split(r"[\s,;]+", text.strip()):
        ends = [WEEKDAYS.index(end[:3].title()) for end in word.split("-")]
        if len(ends) > 2:
            raise ValueError
        day = ends[0]
        bits |= 1 << day
        while day != ends[-1]:
            day = (day + 1) % 7
            bits |= 1 << day
    return bits
