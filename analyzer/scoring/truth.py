"""The truth side of a score: its columns, and the distances and minutes between it and finds."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from analyzer.cameras import EARTH_RADIUS_M
from analyzer.errors import InputError, UsageError


class Truth(Protocol):
    """What a known truth must offer (a synthetic region does).

    ``vehicles`` is a table with one row a vehicle: ``vehicle`` (name as in the sightings),
    ``home_lat, home_lon, work_lat, work_lon`` (degrees, NaN where there is none), ``has_commute``
    (bool), ``leave_home_minute, leave_work_minute`` (local minute of the day, NaN where none).
    """

    vehicles: pd.DataFrame


NEEDED = ("home_lat", "home_lon", "work_lat", "work_lon", "has_commute")


def table_of(truth: object, name: str) -> pd.DataFrame:
    """Give a table of a truth, or the table that was given in its stead.

    Parameters
    ----------
    truth : object or pandas.DataFrame
        A truth, or just the table.
    name : str
        Which of its tables.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> len(table_of(pd.DataFrame({"vehicle": ["a"]}), "vehicles"))
    1
    """
    table = truth if isinstance(truth, pd.DataFrame) else getattr(truth, name, None)
    if not isinstance(table, pd.DataFrame):
        raise UsageError(
            f"a truth is expected, with a table of {name}, and a {type(truth).__name__} was given; "
            "of a synthetic region write .score(region.truth)"
        )
    return table


def true_vehicles(truth: Truth | pd.DataFrame, seen: pd.Index) -> pd.DataFrame:
    """Give the truth about the vehicles that were seen, indexed by vehicle.

    Parameters
    ----------
    truth : Truth or pandas.DataFrame
        A truth, or its table of vehicles.
    seen : pandas.Index
        Names of the vehicles in the sightings: nobody can find what no camera saw.

    Raises
    ------
    InputError
        If the truth lacks a column, or knows none of the vehicles.
    """
    table = table_of(truth, "vehicles")
    missing = [name for name in ("vehicle", *NEEDED) if name not in table]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    table = table.set_index("vehicle")
    table = table[table.index.isin(seen)]
    if not len(table):
        raise InputError(
            "the truth knows none of these vehicles; were the sightings read with another key?"
        )
    return table


def distance_m(lat1, lon1, lat2, lon2) -> np.ndarray:
    """Give great-circle distances in metres between points in degrees; NaN where one is NaN."""
    lat1, lon1, lat2, lon2 = (np.radians(np.asarray(v, float)) for v in (lat1, lon1, lat2, lon2))
    half = (
        np.sin((lat2 - lat1) / 2) ** 2
        + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def minutes_apart(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Give the minutes between two minutes of the day, the short way round the clock.

    Examples
    --------
    >>> minutes_apart(np.array([1430.0]), np.array([5.0])).tolist()
    [15.0]
    """
    gap = np.abs(np.asarray(found, float) - np.asarray(true, float)) % 1440
    return np.minimum(gap, 1440 - gap)
