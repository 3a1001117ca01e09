"""Scores of trips: how many of those really made come out as one trip each, and when they begin."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import wilson
from analyzer.scoring.score import Score, f1_estimate, median_estimate
from analyzer.scoring.truth import table_of
from analyzer.units import MINUTE_MS

SLACK_MS = 5 * MINUTE_MS
"""Clocks of cameras may be off by this much."""

NEEDED = ("vehicle", "started_at", "ended_at")


class TripTruth(Protocol):
    """What a known truth must offer: ``trips`` with ``vehicle``, ``started_at``, ``ended_at``."""

    trips: pd.DataFrame


def score_trips(trips: pd.DataFrame, truth: TripTruth | pd.DataFrame, seen: pd.Index) -> Score:
    """Score trips: a trip is right if it overlaps one true trip, which overlaps no other trip.

    Parameters
    ----------
    trips : pandas.DataFrame
        As `Trips.to_pandas` gives them.
    truth : TripTruth or pandas.DataFrame
        A truth, or its table of trips.
    seen : pandas.Index
        Names of the vehicles in the sightings.

    Returns
    -------
    Score
        ``precision`` (over trips of vehicles that the truth knows: a misread plate's are left out),
        ``recall`` (over all true trips of vehicles that were seen, also those that passed no
        camera), ``f1``; ``started_error_min``, the median minutes between the true start and the
        first camera.

    Raises
    ------
    InputError
        If the truth lacks a column, or knows none of the vehicles.

    Examples
    --------
    >>> times = pd.to_datetime(["2026-03-02 08:00", "2026-03-02 18:00"], utc=True)
    >>> true = pd.DataFrame(
    ...     {"vehicle": "a", "started_at": times, "ended_at": times + pd.Timedelta("30min")}
    ... )
    >>> found = true.head(1).assign(started_at=times[:1] + pd.Timedelta("4min"))
    >>> score = score_trips(found, true, pd.Index(["a"]))
    >>> score["precision"].value, score["recall"].value, score["started_error_min"].value
    (1.0, 0.5, 4.0)
    """
    table = table_of(truth, "trips")
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    table = table[table["vehicle"].isin(seen)]
    if not len(table):
        raise InputError(
            "the truth knows none of these vehicles; were the sightings read with another key?"
        )
    known = pd.Index(table["vehicle"].unique())
    true, found = (_spans(each, known) for each in (table, trips))
    first_true, n_true = _overlapping(found, true)
    _, n_found = _overlapping(true, found)
    right = (n_true == 1) & (n_found[np.minimum(first_true, len(true) - 1)] == 1)
    error = (found[right, 1] - true[first_true[right], 1]) / MINUTE_MS
    cases = pd.DataFrame({"vehicle": known[found[:, 0]], "overlaps": n_true, "right": right})
    figures = {
        "precision": wilson(int(right.sum()), len(found)),
        "recall": wilson(int(right.sum()), len(true)),
        "f1": f1_estimate(int(right.sum()), len(found), len(true)),
        "started_error_min": median_estimate(np.abs(error)),
    }
    return Score("Trips", figures, cases)


def _spans(table: pd.DataFrame, known: pd.Index) -> np.ndarray:
    """Give vehicle number, start and end (ms) of each trip, sorted."""
    vehicle = known.get_indexer(table["vehicle"])
    ends = [
        pd.DatetimeIndex(table[name]).tz_convert("UTC").as_unit("ms").asi8 for name in NEEDED[1:]
    ]
    spans = np.c_[vehicle, ends[0], ends[1]]
    spans = spans[spans[:, 0] >= 0]
    return spans[np.lexsort((spans[:, 1], spans[:, 0]))]


def _overlapping(spans: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each span, find the first of the others that it overlaps, and how many.

    Trips of one vehicle do not overlap each other, so both their starts and their ends are sorted.
    """
    room = 2 * (max(spans[:, 2].max(initial=0), others[:, 2].max(initial=0)) + SLACK_MS)
    key = others[:, 0] * room
    low = np.searchsorted(key + others[:, 2], spans[:, 0] * room + spans[:, 1] - SLACK_MS, "left")
    high = np.searchsorted(key + others[:, 1], spans[:, 0] * room + spans[:, 2] + SLACK_MS, "right")
    return low, np.maximum(high - low, 0)
