"""Where vehicles truly were: the true stay behind each stay that was found.

A place on a map can be off by kilometres where cameras are few, and the habit still be known: each
night at one place, each working day at another. Found stays are therefore held against true ones by
time as well, whatever the distance.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.scoring.truth import distance_m

SLACK_MS = 5 * 60_000
"""Clocks of cameras may be off by this much."""

_FAR = np.int64(1) << 50

SAME_M = 30.0
"""Positions of one place in a truth differ by rounding only."""

NEEDED = ("vehicle", "started_at", "ended_at", "destination_lat", "destination_lon")


def true_positions(stays: pd.DataFrame, trips: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Find where each vehicle truly was for the longest part of each stay.

    Parameters
    ----------
    stays : pandas.DataFrame
        ``vehicle, started_at, ended_at``.
    trips : pandas.DataFrame
        The true trips: ``vehicle, started_at, ended_at, destination_lat, destination_lon``.

    Returns
    -------
    lat, lon : numpy.ndarray of float64, shape (stays,)
        NaN where no true stay lies in the time of a found one.

    Raises
    ------
    InputError
        If the truth lacks a column.
    """
    missing = [name for name in NEEDED if name not in trips]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    names = pd.Index(trips["vehicle"].unique())
    vehicle = names.get_indexer(trips["vehicle"])
    start, end = (milliseconds(trips[name]) for name in ("started_at", "ended_at"))
    order = np.lexsort((start, vehicle))
    vehicle, start, end = vehicle[order], start[order], end[order]
    # A true stay lies between a trip and the next one of the same vehicle.
    of = names.get_indexer(stays["vehicle"])
    begin, finish = (milliseconds(stays[name]) for name in ("started_at", "ended_at"))
    base = min(start.min(initial=_FAR), begin.min(initial=_FAR)) - 2 * SLACK_MS
    start, end, begin, finish = (times - base for times in (start, end, begin, finish))
    room = 2 * max(end.max(initial=0), finish.max(initial=0)) + 4 * SLACK_MS
    last = np.r_[vehicle[1:] != vehicle[:-1], True]
    left = np.where(last, room // 2 + SLACK_MS, np.r_[start[1:], 0])
    at = np.searchsorted(vehicle * room + left, of * room + begin - SLACK_MS, "right")
    until = np.searchsorted(vehicle * room + end, of * room + finish + SLACK_MS, "left")
    best, longest = np.full(len(of), -1), np.zeros(len(of), np.int64)
    for step in range(int(np.max(until - at, initial=0))):
        row = at + step
        rows = np.flatnonzero((row < until) & (of >= 0))
        row = row[rows]
        inside = np.minimum(left[row], finish[rows]) - np.maximum(end[row], begin[rows])
        better = (vehicle[row] == of[rows]) & (inside > longest[rows])
        best[rows[better]], longest[rows[better]] = row[better], inside[better]
    position = [
        np.where(best >= 0, trips[f"destination_{name}"].to_numpy()[order][best], np.nan)
        for name in ("lat", "lon")
    ]
    return position[0], position[1]


def milliseconds(times: pd.Series) -> np.ndarray:
    """Give instants as ms since 1970, UTC."""
    return pd.DatetimeIndex(times).tz_convert("UTC").as_unit("ms").asi8


def spent_truly(stays: pd.DataFrame, trips: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Tell for each vehicle and role how much of the stays named so was truly spent there.

    Parameters
    ----------
    stays : pandas.DataFrame
        As `analyzer.patterns.places.Places.stays` gives them.
    trips : pandas.DataFrame
        The true trips.
    table : pandas.DataFrame
        ``home_lat, home_lon, work_lat, work_lon``, indexed by vehicle.

    Returns
    -------
    pandas.DataFrame
        ``home``, ``work``: share of the stays at the place of that role that were truly spent at
        home (at work), indexed by vehicle; NaN where no place has the role.
    """
    named = stays[stays["role"].isin(["home", "work"])]
    named = named[named["vehicle"].isin(table.index)]
    lat, lon = true_positions(named, trips[trips["vehicle"].isin(table.index)])
    shares = {}
    for role in ("home", "work"):
        of = (named["role"] == role).to_numpy()
        true = table.loc[named["vehicle"][of], [f"{role}_lat", f"{role}_lon"]].to_numpy(float)
        right = distance_m(lat[of], lon[of], true[:, 0], true[:, 1]) <= SAME_M
        shares[role] = pd.Series(right).groupby(named["vehicle"][of].to_numpy()).mean()
    return pd.DataFrame(shares).reindex(table.index)
