"""Scores of routines: which of the recurring trips that were truly made came out, and when.

True routines are counted in the true trips as `find_routines` defines them: the same way between
two places, at the same hour of the day, on three days or more.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import wilson
from analyzer.patterns.minutes import (
    LEAST_DAYS,
    REACH_MINUTES,
    circular_median,
    cluster_departures,
)
from analyzer.scoring.commutes import NEAR_M
from analyzer.scoring.score import Score, f1_estimate, median_estimate
from analyzer.scoring.truth import distance_m, minutes_apart, table_of

HOUR_SLACK_MIN = 45.0
"""A routine is right if it leaves this near to a true one: cameras see a departure later."""

BREAK_MINUTES = 45.0
"""A stop shorter than this is on the way, as for trips."""

NEEDED = (
    "vehicle", "started_at", "ended_at", "origin_lat", "origin_lon", "destination_lat",
    "destination_lon",
)  # fmt: skip


def true_routines(trips: pd.DataFrame) -> pd.DataFrame:
    """Count the routines in true trips.

    Parameters
    ----------
    trips : pandas.DataFrame
        ``vehicle, started_at, ended_at, origin_lat, origin_lon, destination_lat, destination_lon``.

    Returns
    -------
    pandas.DataFrame
        ``vehicle, origin_lat, origin_lon, destination_lat, destination_lon, minute`` (local, of
        leaving), ``days``.

    Raises
    ------
    InputError
        If a column is lacking.

    Examples
    --------
    >>> start = pd.date_range("2026-03-02 08:00", periods=3, freq="D", tz="UTC")
    >>> trips = pd.DataFrame({"vehicle": "a", "started_at": start,
    ...     "ended_at": start + pd.Timedelta("30min"), "origin_lat": 41.0, "origin_lon": 69.0,
    ...     "destination_lat": 41.2, "destination_lon": 69.0})
    >>> true_routines(trips)[["minute", "days"]].values.tolist()
    [[480.0, 3.0]]
    """
    missing = [name for name in NEEDED if name not in trips]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    trips = trips.sort_values(["vehicle", "started_at"], kind="stable").reset_index(drop=True)
    vehicle = trips["vehicle"].to_numpy()
    stop = trips["started_at"].to_numpy()[1:] - trips["ended_at"].to_numpy()[:-1]
    # A new journey begins after a stop that is long enough to be a stay.
    long_stop = stop > np.timedelta64(int(BREAK_MINUTES * 60), "s")
    new = np.r_[True, (vehicle[1:] != vehicle[:-1]) | long_stop][: len(trips)]
    first = np.flatnonzero(new)
    last = np.r_[first[1:], len(trips)][: len(first)] - 1
    local = pd.DatetimeIndex(trips["started_at"])[first]
    ends = {
        f"{end}_{axis}": trips[f"{end}_{axis}"].to_numpy()[row]
        for end, row in (("origin", first), ("destination", last))
        for axis in ("lat", "lon")
    }
    # Four decimals are eleven metres: positions of one place differ by rounding only.
    table = pd.DataFrame({"vehicle": vehicle[first], **ends}).round(4)
    keys = ["vehicle", *ends]
    pair = table.groupby(keys, sort=False, dropna=False).ngroup().to_numpy()
    minute = (local.hour * 60 + local.minute + local.second / 60).to_numpy(float)
    day = local.tz_localize(None).normalize().to_numpy().astype("datetime64[D]").astype(np.int64)
    moved = (table["origin_lat"] != table["destination_lat"]) | (
        table["origin_lon"] != table["destination_lon"]
    )
    rows = np.flatnonzero(moved.to_numpy())
    order = rows[np.lexsort((minute[rows], pair[rows]))]
    label = cluster_departures(pair[order], minute[order], REACH_MINUTES, LEAST_DAYS)
    order, label = order[label >= 0], label[label >= 0]
    _, at, of = np.unique(
        pair[order].astype(np.int64) << 16 | label, return_index=True, return_inverse=True
    )
    n = len(at)
    days = np.unique(of.astype(np.int64) << 24 | day[order]) >> 24
    days = np.bincount(days, minlength=n)
    middle = circular_median(of, minute[order], n)[0] if n else np.zeros(0)
    found = table.iloc[order[at]].reset_index(drop=True).assign(minute=middle, days=days)
    return found[found["days"] >= LEAST_DAYS].reset_index(drop=True)


def score_routines(
    routines: pd.DataFrame, places: pd.DataFrame, truth: object, seen: pd.Index
) -> Score:
    """Score routines against the truth.

    A routine is right if the vehicle truly has one that leaves within `HOUR_SLACK_MIN` of it, and
    both of its places lie within two kilometres, or within their radius if that is larger, of
    where that one leads from and to. A true routine is found if a right one is about it.

    Parameters
    ----------
    routines : pandas.DataFrame
        As `Routines.to_pandas` gives them.
    places : pandas.DataFrame
        As `Places.to_pandas` gives them.
    truth : object
        With ``trips``, or the table of trips.
    seen : pandas.Index
        Vehicles in the sightings.

    Returns
    -------
    Score
        ``precision``, ``recall``, ``f1``; ``recall_often`` (of the true routines kept on ten days
        or more); ``minute_error_min`` (median over the right ones).

    Raises
    ------
    InputError
        If the truth lacks a column, or knows none of the vehicles.
    """
    trips = table_of(truth, "trips")
    trips = trips[trips["vehicle"].isin(seen)] if "vehicle" in trips else trips
    if "vehicle" in trips and not len(trips):
        raise InputError(
            "the truth knows none of these vehicles; were the sightings read with another key?"
        )
    true = true_routines(trips)
    known = routines[routines["vehicle"].isin(trips["vehicle"].unique())].reset_index(drop=True)
    where = places.set_index(["vehicle", "place"])[["lat", "lon", "radius_m"]]
    found = known[["vehicle", "minute"]].copy()
    for end in ("origin", "destination"):
        at = where.reindex(pd.MultiIndex.from_frame(known[["vehicle", end]]))
        for name in at:
            found[f"{end}_{name}"] = at[name].to_numpy()
    pairs = found.reset_index().merge(
        true.reset_index(), on="vehicle", suffixes=("_found", "_true")
    )
    apart = minutes_apart(pairs["minute_found"], pairs["minute_true"])
    right = apart <= HOUR_SLACK_MIN
    for end in ("origin", "destination"):
        error = distance_m(
            pairs[f"{end}_lat_found"], pairs[f"{end}_lon_found"],
            pairs[f"{end}_lat_true"], pairs[f"{end}_lon_true"],
        )  # fmt: skip
        right &= error <= np.maximum(NEAR_M, pairs[f"{end}_radius_m"].to_numpy(float))
    good = pairs[right].assign(error=apart[right])
    hits, met = good["index_found"].nunique(), good["index_true"].nunique()
    often = true.index[true["days"] >= OFTEN_DAYS]
    met_often = int(np.isin(often, good["index_true"].unique()).sum())
    figures = {
        "precision": wilson(hits, len(found)),
        "recall": wilson(met, len(true)),
        "f1": f1_estimate(min(hits, met), len(found), len(true)),
        "recall_often": wilson(met_often, len(often)),
        "minute_error_min": median_estimate(
            good.groupby("index_found")["error"].min().to_numpy(float)
        ),
    }
    cases = known.assign(right=np.isin(found.index, good["index_found"].unique()))
    return Score("Routines", figures, cases)


OFTEN_DAYS = 10
"""Days from which on a routine is one that cameras should show in four weeks."""
