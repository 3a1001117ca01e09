"""Meetings held against the truth: which pairs really were at one address at one time.

True meetings are those of the truth's visits: two vehicles at the same address (a school, a shop, a
mosque, a clinic), arriving within the time asked for and together there for twenty minutes. Nobody
arranged them, so a finder is right to call few of them more than chance; how many it lists at all,
and how many of those listed were really together, tells how far cameras reach.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import wilson
from analyzer.scoring.score import Score, f1_estimate
from analyzer.scoring.truth import table_of

LEAST_TOGETHER_MS = 20 * 60_000

NEEDED = ("vehicle", "arrived_at", "left_at", "lat", "lon")


class VisitTruth(Protocol):
    """What a known truth must offer: ``visits``, a table with the columns `NEEDED`."""

    visits: pd.DataFrame


def true_meetings(visits: pd.DataFrame, within: int) -> pd.DataFrame:
    """Derive who met whom from visits.

    Parameters
    ----------
    visits : pandas.DataFrame
        ``vehicle``, ``arrived_at``, ``left_at``, ``lat``, ``lon``.
    within : int
        Longest time between two arrivals (ms); inclusive.

    Returns
    -------
    pandas.DataFrame
        ``vehicle_a``, ``vehicle_b`` (in the order of their names), ``meetings`` (days with one).

    Examples
    --------
    >>> at = pd.to_datetime(["2026-03-02 10:00", "2026-03-02 10:10", "2026-03-02 12:00"])
    >>> visits = pd.DataFrame({"vehicle": ["b", "a", "c"], "arrived_at": at,
    ...     "left_at": at + pd.Timedelta("1h"), "lat": 41.0, "lon": 69.0})
    >>> true_meetings(visits, 1_800_000).values.tolist()
    [['a', 'b', 1]]
    """
    table = visits.sort_values(["lat", "lon", "arrived_at"], kind="stable")
    here = table.groupby(["lat", "lon"]).ngroup().to_numpy()
    arrived = _milliseconds(table["arrived_at"])
    left = _milliseconds(table["left_at"])
    day = table["arrived_at"].dt.date.to_numpy()
    vehicle = table["vehicle"].to_numpy(object)
    found: set[tuple] = set()
    step = 1
    # Compare each visit with the one that came `step` places later, until none is near enough.
    while step < len(here):
        near = (here[step:] == here[:-step]) & (arrived[step:] - arrived[:-step] <= within)
        if not near.any():
            break
        together = np.minimum(left[step:], left[:-step]) - arrived[step:]
        for at in np.flatnonzero(near & (together >= LEAST_TOGETHER_MS)):
            a, b = sorted((vehicle[at], vehicle[at + step]))
            if a != b:
                found.add((a, b, day[at + step]))
        step += 1
    frame = pd.DataFrame(sorted(found), columns=["vehicle_a", "vehicle_b", "day"])
    return frame.groupby(["vehicle_a", "vehicle_b"]).size().reset_index(name="meetings")


def _milliseconds(times: pd.Series) -> np.ndarray:
    return times.astype("int64").to_numpy() // (1_000_000 if times.dt.unit == "ns" else {
        "us": 1_000, "ms": 1, "s": 1}[times.dt.unit])  # fmt: skip


def score_meetings(
    pairs: pd.DataFrame, truth: VisitTruth | pd.DataFrame, seen: pd.Index, within: int
) -> Score:
    """Score pairs that meet: precision and recall against the visits of a truth.

    Parameters
    ----------
    pairs : pandas.DataFrame
        What was listed: ``vehicle_a``, ``vehicle_b``, ``meetings``.
    truth : VisitTruth or pandas.DataFrame
        A truth, or its table of visits.
    seen : pandas.Index
        Names of all vehicles that were seen.
    within : int
        Longest time between two arrivals (ms).

    Returns
    -------
    Score
        Figures ``precision`` (share of the pairs listed that really met), ``recall`` (share of the
        pairs that met that are listed), ``f1``. ``cases``: one row a pair that is true or found.

    Raises
    ------
    InputError
        If the truth lacks a column.
    """
    visits = table_of(truth, "visits")
    missing = [name for name in NEEDED if name not in visits]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    true = true_meetings(visits[visits["vehicle"].isin(seen)], within)
    true = true.rename(columns={"meetings": "true_meetings"}).set_index(["vehicle_a", "vehicle_b"])
    found = pairs[["vehicle_a", "vehicle_b", "meetings"]].copy()
    ordered = np.sort(found[["vehicle_a", "vehicle_b"]].to_numpy(str), axis=1)
    found["vehicle_a"], found["vehicle_b"] = ordered.T.astype(object)
    cases = true.join(found.set_index(["vehicle_a", "vehicle_b"]), how="outer")
    is_true, is_found = cases["true_meetings"].notna(), cases["meetings"].notna()
    right = int((is_true & is_found).sum())
    figures = {
        "precision": wilson(right, len(found)),
        "recall": wilson(right, len(true)),
        "f1": f1_estimate(right, len(found), len(true)),
    }
    return Score("Meetings", figures, cases.reset_index())
