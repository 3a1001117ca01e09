"""Scores of inference: how often homes, works, commutes, social links and visits are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import wilson
from analyzer.risk.site_visits import (
    guess_stays,
    place_sites,
    plausible_categories,
    spread_sites,
)
from analyzer.schema import Rows
from analyzer.scoring.score import Score

if TYPE_CHECKING:
    from analyzer.patterns.overview import PatternsOverview
    from analyzer.risk.sites import Sites

SLACK_MS = 120_000
"""Camera clocks are off by as much; a visit may stick out of its stay by this."""

KEPT = {
    "places": ("home_found", "home_right", "work_found", "work_right"),
    "commutes": ("precision", "recall", "f1"),
    "companions": ("precision", "recall"),
}


def score_inference(patterns: PatternsOverview, sites: Sites | None, truth: Any) -> Score:
    """Score everything that was inferred against the truth.

    Parameters
    ----------
    patterns : PatternsOverview
        Homes, works, commutes, companions.
    sites : Sites or None
        Sensitive sites, categories named as in the truth's visits.
    truth : Truth
        ``vehicles``, ``companions`` and ``visits`` of a synthetic region.

    Returns
    -------
    Score
        ``home_found``, ``home_right`` (found and within the radius), the same for works;
        ``commutes_…``, ``companions_…``; and for each category ``…_visits_precision`` (share of
        the inferred visits that hold a true one), ``…_visits_recall``, ``…_vehicles_precision``
        (share of the exposed vehicles that truly were there, at any time), ``…_vehicles_recall``,
        each with the baseline of naming vehicles at random. No case is listed.
    """
    figures = {}
    for name, kept in KEPT.items():
        result = getattr(patterns, name)
        if result is not None:
            score = result.score(truth)
            prefix = "" if name == "places" else f"{name}_"
            figures |= {f"{prefix}{figure}": score[figure] for figure in kept}
    if sites is not None:
        figures |= _score_sites(patterns, sites, truth)
    return Score("What was inferred", figures, pd.DataFrame())


def _score_sites(patterns: PatternsOverview, sites: Sites, truth: Any) -> dict[str, Any]:
    places, sightings = patterns.places, patterns.trips.sightings
    plane = patterns.trips.plane
    # By position in this index: the code.
    names = pd.Index(sightings.vehicle_names(np.arange(sightings.n_codes)))
    seen = sightings.vehicles.isin(truth.vehicles["vehicle"]).sum()
    visits = truth.visits
    missing = [column for column in ("vehicle", "category", "arrived_at", "left_at")
               if column not in visits]  # fmt: skip
    if missing:
        raise InputError(f"the truth's visits have no column {', '.join(missing)}")
    code = names.get_indexer(visits["vehicle"])
    category = pd.Index(sites.categories).get_indexer(visits["category"])
    kept = (code >= 0) & (category >= 0)
    ends = [
        sightings.clock.local(
            pd.DatetimeIndex(visits[name][kept]).tz_convert("UTC").as_unit("ms").asi8
        )
        for name in ("arrived_at", "left_at")
    ]
    vehicle, category = code[kept], category[kept]
    order = np.lexsort((ends[0], vehicle))
    shared = {
        "plane": plane,
        "sites": spread_sites(sites, *place_sites(sites, plane)),
        "categories": len(sites.categories),
        "vehicle": vehicle[order],
        "category": category[order],
        "arrived": ends[0][order],
        "left": ends[1][order],
    }
    frames = places.engine.map(places.stay_parts, score_visits_of_part, shared)
    counts = sum(frame["counts"] for frame in frames).reshape(len(sites.categories), 4)
    figures = {}
    for row, name in enumerate(sites.categories):
        inferred, right, exposed, truly = (int(count) for count in counts[row])
        of = category == row
        true_visits, true_vehicles = int(of.sum()), len(np.unique(vehicle[of]))
        if not true_visits:
            continue
        figures[f"{name}_visits_precision"] = wilson(right, inferred)
        figures[f"{name}_visits_recall"] = wilson(min(right, true_visits), true_visits)
        by_chance = true_vehicles / seen
        figures[f"{name}_vehicles_precision"] = wilson(truly, exposed, baseline=by_chance)
        figures[f"{name}_vehicles_recall"] = wilson(truly, true_vehicles, baseline=exposed / seen)
    return figures


def score_visits_of_part(stays: Rows, broadcast: dict) -> Rows:
    """Count, by category, inferred visits, right ones, exposed vehicles, and truly exposed ones.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    broadcast : dict
        ``plane``, ``sites`` (SpreadSites), ``categories``, and the true visits, sorted by vehicle
        and arrival: ``vehicle, category, arrived, left`` (local ms).

    Returns
    -------
    Rows
        ``counts``: int64, four for each category.
    """
    sites, categories = broadcast["sites"], broadcast["categories"]
    rows, guesses = guess_stays(stays, broadcast["plane"], int(sites.longest.max()))
    vehicle = stays["vehicle"][rows]
    plausible = plausible_categories(guesses, sites, categories)
    counts = np.zeros((categories, 4), np.int64)
    for number in range(categories):
        true = np.flatnonzero(broadcast["category"] == number)
        at = np.flatnonzero(plausible[:, number])
        held = _holds_visit(
            vehicle[at],
            guesses.start[at],
            guesses.end[at],
            *(broadcast[name][true] for name in ("vehicle", "arrived", "left")),
        )
        exposed = np.unique(vehicle[at])
        truly = np.isin(exposed, broadcast["vehicle"][true])
        counts[number] = len(at), held.sum(), len(exposed), truly.sum()
    return {"counts": counts.ravel()}


def _holds_visit(
    vehicle: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    true_vehicle: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
) -> np.ndarray:
    """Tell which stays hold a true visit of their vehicle (visits sorted by vehicle and time)."""
    room = np.int64(2) * (max(end.max(initial=0), left.max(initial=0)) + SLACK_MS)
    first = np.searchsorted(
        true_vehicle.astype(np.int64) * room + arrived,
        vehicle.astype(np.int64) * room + start - SLACK_MS,
    )
    # Visits of one vehicle follow each other: if any lies within, the first that begins there does.
    found = np.minimum(first, max(len(left) - 1, 0))
    if not len(left):
        return np.zeros(len(vehicle), bool)
    return (
        (first < len(left)) & (true_vehicle[found] == vehicle) & (left[found] <= end + SLACK_MS)
    )
