"""Exposure at sensitive sites: how many vehicles, beside the same sites moved at random."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.patterns.places import Places
from analyzer.risk.site_visits import (
    LEAST_DAYS,
    count_exposed_of_part,
    find_visitors_of_part,
    move_sites,
    place_sites,
    spread_sites,
)
from analyzer.risk.sites import Sites
from analyzer.schema import concatenate

LEAST_SHOWN = 10
"""Vehicles exposed at sensitive sites are counted from so many on; fewer are never given."""

DEFAULT_DRAWS = 39
"""Placebo draws: with so many, one rank in forty is a p-value of 0.025."""

MOST_DRAWS = 999

EXPOSED = (
    "vehicles with a stay of which a site of the category is the plausible place, on {days} or "
    "more; Wilson, 95 %, over all vehicles; baseline: mean over {draws} draws of moved sites"
)

@dataclass(frozen=True)
class SiteExposure:
    """How many vehicles are exposed at the sites of one category.

    Attributes
    ----------
    category : str
        As the user named it.
    sites : int
        Sites of the category.
    days : int
        A vehicle is exposed if it was plausibly there on so many days.
    share : Estimate
        Share of all vehicles; the baseline is the mean share when the sites are moved at random.
        Not measured where it, its complement, or its difference to the share on fewer days stands
        for 1 to 9 vehicles.
    withheld : bool
        Whether it is not given for that reason.
    placebo_low, placebo_high : float
        Share of vehicles between which the moved sites lie in 95 % of the draws.
    p_value : float
        Rank of the true sites among the moved ones: (1 + moved ones with as many vehicles or more)
        / (1 + draws); NaN where the share is withheld.
    """

    category: str
    sites: int
    days: int
    share: Estimate
    withheld: bool
    placebo_low: float
    placebo_high: float
    p_value: float

    @property
    def excess(self) -> float:
        """Share of vehicles beyond what moved sites give."""
        return self.share.value - (self.share.baseline or 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Give the exposure as JSON-able fields."""
        rest = {
            name: None if math.isnan(value) else value
            for name, value in (
                ("excess", self.excess),
                ("placebo_low", self.placebo_low),
                ("placebo_high", self.placebo_high),
                ("p_value", self.p_value),
            )
        }
        return {
            "category": self.category,
            "sites": self.sites,
            "days": self.days,
            "withheld": self.withheld,
            **self.share.to_dict(),
            **rest,
        }

    def summary(self) -> str:
        """Say how many vehicles are exposed, and how many at moved sites."""
        where = f"a site of the category “{self.category}”"
        when = f"on {days_text(self.days)} or more"
        if self.withheld:
            return (
                f"How many were plausibly at {where} {when} is withheld: fewer than {LEAST_SHOWN} "
                "vehicles could be told apart by it."
            )
        if not self.share.value:
            return f"No vehicle was plausibly at {where} {when}."
        beyond = "more than" if self.p_value <= 0.05 else "no more than"
        return (
            f"{self.share.percent('vehicles')} were plausibly at {where} {when}: {beyond} at sites "
            f"moved at random ({100 * self.placebo_low:.1f}–{100 * self.placebo_high:.1f} %, "
            f"p = {self.p_value:.2g})."
        )


def days_text(days: int) -> str:
    """Write a number of days, e.g. ``"3 days"``."""
    return "one day" if days == 1 else f"{days} days"


def check_draws(draws: int) -> None:
    """Refuse a number of draws that tells no p-value, or takes too long.

    Raises
    ------
    UsageError
        With what to write instead.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or not 20 <= draws <= MOST_DRAWS:
        raise UsageError(
            f"draws={draws!r}: write how often the sites are moved, from 20 to {MOST_DRAWS}"
        )


def measure_site_exposure(
    places: Places, sites: Sites, draws: int, seed: int
) -> tuple[SiteExposure, ...]:
    """Count, by category, the vehicles that were plausibly at sites, and at moved ones.

    Parameters
    ----------
    places : Places
        Of all vehicles; their stays are looked at.
    sites : Sites
    draws, seed : int
        How often the sites are moved, and the seed of the moves.

    Returns
    -------
    tuple of SiteExposure
        For each category one a number of days (`analyzer.risk.site_visits.LEAST_DAYS`).

    Raises
    ------
    InputError
        If no camera is near the sites.
    """
    shared = _spread(places, sites, draws, seed)
    frames = places.engine.map(places.stay_parts, count_exposed_of_part, shared)
    shape = (draws + 1, len(LEAST_DAYS), len(sites.categories))
    counts = sum(
        (frame["vehicles"] for frame in frames), np.zeros(math.prod(shape), np.int64)
    ).reshape(shape)
    n = places.trips.sightings.n_vehicles
    exposures = []
    for category, name in enumerate(sites.categories):
        size = int(np.count_nonzero(sites.category == category))
        wider = n
        for row, days in enumerate(LEAST_DAYS):
            found = counts[:, row, category]
            exposures.append(exposure_of(name, size, days, found, n, wider=wider))
            if not exposures[-1].withheld:
                wider = int(found[0])
    return tuple(exposures)


def _spread(places: Places, sites: Sites, draws: int, seed: int) -> dict[str, Any]:
    """Put the sites on the plane of the cameras: the true ones, then each draw of moved ones."""
    plane = places.trips.plane
    x, y = place_sites(sites, plane)
    spread = [spread_sites(sites, x, y)]
    spread += [
        spread_sites(sites, *move_sites(x, y, plane, seed, draw)) for draw in range(draws)
    ]
    return {"plane": plane, "draws": spread, "categories": len(sites.categories)}


def find_visitors(
    places: Places, sites: Sites, draws: int, seed: int
) -> tuple[list[np.ndarray], list[float]]:
    """Find, by category, the vehicles that were plausibly at sites on a day or more.

    For shares that are resampled by vehicle; what is shown are shares of `LEAST_SHOWN` and more.

    Parameters
    ----------
    places, sites, draws, seed
        As for `measure_site_exposure`.

    Returns
    -------
    visitors : list of numpy.ndarray of int64
        Codes of vehicles, one array a category.
    moved : list of float
        Of each category, how many vehicles are found at moved sites, in the mean over the draws.

    Raises
    ------
    InputError
        If no camera is near the sites.
    """
    shared = _spread(places, sites, draws, seed)
    frames = places.engine.map(places.stay_parts, find_visitors_of_part, shared)
    found = concatenate(frames)
    visitors, moved = [], []
    for category in range(len(sites.categories)):
        of = found["category"] == category
        visitors.append(np.sort(found["vehicle"][of & (found["vehicle"] >= 0)]))
        moved.append(float(found["moved"][of].sum() / draws))
    return visitors, moved


def exposure_of(
    category: str, sites: int, days: int, counts: np.ndarray, n: int, *, wider: int | None = None
) -> SiteExposure:
    """Hold the vehicles at the true sites against those at moved ones.

    Parameters
    ----------
    category, sites, days
        See `SiteExposure`.
    counts : numpy.ndarray of int64, shape (1 + draws,)
        Vehicles at the true sites, then at those of each draw.
    n : int
        All vehicles.
    wider : int, optional
        The last count shown of which this one is a part: of vehicles on fewer days, or all.

    Examples
    --------
    >>> found = exposure_of("medical", 3, 1, np.array([30, *range(10, 30)]), 100)
    >>> found.share.value, found.share.baseline, round(found.p_value, 3)
    (0.3, 0.195, 0.048)
    """
    found, moved = int(counts[0]), counts[1:]
    low, high = np.quantile(moved / n, [0.025, 0.975])
    method = EXPOSED.format(days=days_text(days), draws=len(moved))
    share = wilson(found, n, method=method, baseline=float(moved.mean() / n))
    wider = n if wider is None else wider
    withheld = any(0 < few < LEAST_SHOWN for few in (found, wider - found))
    if withheld:
        share = replace(share, value=math.nan, low=math.nan, high=math.nan)
    rank = (1 + np.count_nonzero(moved >= found)) / (1 + len(moved))
    return SiteExposure(
        category=category,
        sites=sites,
        days=days,
        share=share,
        withheld=withheld,
        placebo_low=float(low),
        placebo_high=float(high),
        p_value=math.nan if withheld else float(rank),
    )
