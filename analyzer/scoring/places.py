"""Scores of homes and works: how many were found, how far off, and whether the radius holds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.estimate import wilson
from analyzer.scoring.score import Score, median_estimate
from analyzer.scoring.stays import spent_truly
from analyzer.scoring.truth import Truth, distance_m, true_vehicles

MOSTLY = 0.5
"""Share of the stays named home (work) that must truly have been spent there."""


def score_places(
    places: pd.DataFrame,
    truth: Truth | pd.DataFrame,
    seen: pd.Index,
    stays: pd.DataFrame | None = None,
) -> Score:
    """Score homes and works against the truth.

    Parameters
    ----------
    places : pandas.DataFrame
        ``vehicle, role, lat, lon, radius_m, confidence``; at most one home and one work a vehicle.
    truth : Truth or pandas.DataFrame
        What is true.
    seen : pandas.Index
        Vehicles in the sightings.
    stays : pandas.DataFrame, optional
        As `Places.stays` gives them; needed, with true trips, to tell whether a place is what it is
        said to be, wherever it lies.

    Returns
    -------
    Score
        For each role: ``…_found`` (share, of the seen vehicles that have one, for which a place was
        named: unknown counts as not found), ``…_in_radius`` (share of the places named, with a
        radius, that hold the truth in it), ``…_right`` (share, of those that have one, found and in
        the radius), ``…_error_km``, ``…_radius_km`` (medians), ``…_invented`` (share, of the
        vehicles without one, for which one was named); with `stays` ``…_role_right`` (share, of all
        that were named, where at least half of the stays were truly spent at home, or at work).

    Examples
    --------
    >>> truth = pd.DataFrame({"vehicle": ["a", "b"], "home_lat": [41.0, 41.1],
    ...     "home_lon": [69.0, 69.0], "work_lat": np.nan, "work_lon": np.nan, "has_commute": False})
    >>> found = pd.DataFrame({"vehicle": ["a"], "role": "home", "lat": 41.01, "lon": 69.0,
    ...     "radius_m": 2000.0, "confidence": 0.9})
    >>> score = score_places(found, truth, pd.Index(["a", "b"]))
    >>> score["home_found"].value, score["home_in_radius"].value, score["work_found"].n
    (0.5, 1.0, 0)
    """
    table = true_vehicles(truth, seen)
    trips = getattr(truth, "trips", None)
    spent = None
    if stays is not None and trips is not None:
        spent = spent_truly(stays, trips, table)
    figures, cases = {}, []
    for role in ("home", "work"):
        case = place_cases(places, table, role)
        figures |= _figures(case, role)
        if spent is not None:
            case["role_right"] = case["named"] & (spent[role] >= MOSTLY)
            figures[f"{role}_role_right"] = wilson(
                int(case["role_right"].sum()), int(case["named"].sum())
            )
        cases.append(case.assign(role=role))
    cases = pd.concat(cases).reset_index()
    return Score("Homes and work places", figures, cases)


def place_cases(places: pd.DataFrame, table: pd.DataFrame, role: str) -> pd.DataFrame:
    """Put what was found beside what is true, one row a vehicle of the truth."""
    found = places[places["role"] == role].set_index("vehicle")
    found = found[["lat", "lon", "radius_m", "confidence"]].reindex(table.index)
    true_lat, true_lon = table[f"{role}_lat"], table[f"{role}_lon"]
    error = distance_m(found["lat"], found["lon"], true_lat, true_lon)
    named = found["confidence"].notna()
    return found.assign(
        true_lat=true_lat,
        true_lon=true_lon,
        exists=true_lat.notna(),
        named=named,
        error_m=error,
        inside=(error <= found["radius_m"].to_numpy()),
    )


def _figures(case: pd.DataFrame, role: str) -> dict:
    exists, named = case["exists"].to_numpy(), case["named"].to_numpy()
    both = exists & named
    inside = case["inside"].to_numpy() & both
    return {
        f"{role}_found": wilson(int(both.sum()), int(exists.sum())),
        f"{role}_right": wilson(int(inside.sum()), int(exists.sum())),
        f"{role}_in_radius": wilson(
            int(inside.sum()), int((both & case["radius_m"].notna().to_numpy()).sum())
        ),
        f"{role}_error_km": median_estimate(case["error_m"].to_numpy()[both] / 1000),
        f"{role}_radius_km": median_estimate(case["radius_m"].to_numpy()[both] / 1000),
        f"{role}_invented": wilson(int((named & ~exists).sum()), int((~exists).sum())),
    }


def reliability(cases: pd.DataFrame, bins: int = 5) -> pd.DataFrame:
    """Hold confidence against how often a place named with it is right.

    Parameters
    ----------
    cases : pandas.DataFrame
        ``confidence, named, role_right``: the cases of a score of places; where it is not known
        whether the role is right, ``inside`` and ``exists`` stand for it.
    bins : int
        Number of equal bins of confidence between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        ``confidence`` (mean), ``right`` (share), ``low``, ``high``, ``n`` for each bin in use.
    """
    named = cases[cases["named"]]
    inside = named["inside"].to_numpy() & named["exists"].to_numpy()
    if "role_right" in named:
        inside = named["role_right"].to_numpy(bool)
    level = named["confidence"].to_numpy(float)
    of = np.minimum((level * bins).astype(int), bins - 1)
    rows = []
    for number in np.unique(of):
        share = wilson(int(inside[of == number].sum()), int((of == number).sum()))
        rows.append((level[of == number].mean(), share.value, share.low, share.high, share.n))
    return pd.DataFrame(rows, columns=["confidence", "right", "low", "high", "n"])
