"""Scores of commutes: precision and recall, and the minutes by which departures are off."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.estimate import wilson
from analyzer.scoring.places import MOSTLY
from analyzer.scoring.score import Score, f1_estimate, median_estimate
from analyzer.scoring.stays import spent_truly
from analyzer.scoring.truth import Truth, distance_m, minutes_apart, true_vehicles

NEAR_M = 2_000.0
"""A place this near to the truth is right, whatever its radius."""

def score_commutes(
    commutes: pd.DataFrame,
    truth: Truth | pd.DataFrame,
    seen: pd.Index,
    stays: pd.DataFrame | None = None,
) -> Score:
    """Score commutes against the truth, on the map and as habits.

    On the map, a commute is right if the vehicle has one, and home and work both lie within two
    kilometres, or within their radius if that is larger, of where they truly are. Radii that hold
    the truth for nine in ten homes and nine in ten works, and are wider than that, bound this
    precision at 0.81 if errors at both ends are independent, whoever finds the commutes. As a habit
    it is right if the vehicle has one, and at least half of the stays at the place named home were
    truly spent at home, and at work likewise: that the vehicle goes there and back is known, though
    where that is may not be.

    Parameters
    ----------
    commutes : pandas.DataFrame
        As `Commutes.to_pandas` gives them.
    truth : Truth or pandas.DataFrame
        What is true.
    seen : pandas.Index
        Vehicles in the sightings; vehicles never seen are not in the denominator, vehicles seen too
        seldom are.
    stays : pandas.DataFrame, optional
        As `Places.stays` gives them; needed, with true trips, to score habits.

    Returns
    -------
    Score
        ``precision``, ``recall``, ``f1`` (on the map); with `stays` ``habit_precision``,
        ``habit_recall``, ``habit_f1``; ``outbound_error_min``, ``return_error_min`` (medians
        over the right commutes; cameras see a departure only after it, so some error is certain).

    Examples
    --------
    >>> truth = pd.DataFrame({"vehicle": ["a", "b"], "home_lat": 41.0, "home_lon": 69.0,
    ...     "work_lat": 41.2, "work_lon": 69.0, "has_commute": True,
    ...     "leave_home_minute": 480.0, "leave_work_minute": 1080.0})
    >>> found = pd.DataFrame({"vehicle": ["a"], "home_lat": 41.01, "home_lon": 69.0,
    ...     "home_radius_m": 500.0, "work_lat": 41.2, "work_lon": 69.0, "work_radius_m": 500.0,
    ...     "outbound_minute": 484.0, "return_minute": 1090.0})
    >>> score = score_commutes(found, truth, pd.Index(["a", "b"]))
    >>> score["precision"].value, score["recall"].value, score["outbound_error_min"].value
    (1.0, 0.5, 4.0)
    """
    table = true_vehicles(truth, seen)
    case = commutes.set_index("vehicle").reindex(table.index)
    case = case.assign(named=case["home_lat"].notna(), exists=table["has_commute"].astype(bool))
    right = case["named"].to_numpy() & case["exists"].to_numpy()
    for role in ("home", "work"):
        error = distance_m(
            case[f"{role}_lat"], case[f"{role}_lon"], table[f"{role}_lat"], table[f"{role}_lon"]
        )
        allowed = np.maximum(NEAR_M, case[f"{role}_radius_m"].to_numpy(float))
        case[f"{role}_error_m"] = error
        right &= error <= allowed
    case["right"] = right
    found, true = int(case["named"].sum()), int(case["exists"].sum())
    figures = {
        "precision": wilson(int(right.sum()), found),
        "recall": wilson(int(right.sum()), true),
        "f1": f1_estimate(int(right.sum()), found, true),
    }
    trips = getattr(truth, "trips", None)
    if stays is not None and trips is not None:
        spent = spent_truly(stays, trips, table)
        habit = case["named"].to_numpy() & case["exists"].to_numpy()
        for role in ("home", "work"):
            habit &= spent[role].to_numpy() >= MOSTLY
        case["habit"] = habit
        figures |= {
            "habit_precision": wilson(int(habit.sum()), found),
            "habit_recall": wilson(int(habit.sum()), true),
            "habit_f1": f1_estimate(int(habit.sum()), found, true),
        }
    for way, minute in (("outbound", "leave_home_minute"), ("return", "leave_work_minute")):
        if minute in table:
            error = minutes_apart(case[f"{way}_minute"], table[minute])
            case[f"{way}_error_min"] = error
            figures[f"{way}_error_min"] = median_estimate(error[right])
    return Score("Commutes", figures, case.reset_index())
