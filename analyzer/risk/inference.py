"""Inference: what the sightings let somebody deduce, about how many vehicles, and against chance.

One of the three criteria of the Article 29 Working Party (Opinion 05/2014). Everything here counts
vehicles; nothing names one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import get_engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.patterns.overview import PatternsOverview, find_patterns
from analyzer.patterns.places import Places
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.result import Result
from analyzer.risk.draw import check_draw
from analyzer.risk.predictability import Predictability, measure_predictability
from analyzer.risk.site_visits import (
    LEAST_DAYS,
    count_exposed_of_part,
    move_sites,
    place_sites,
    spread_sites,
)
from analyzer.risk.sites import Sites, read_sites
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.engine import Engine

LEAST_SHOWN = 10
"""Vehicles exposed at sensitive sites are counted from so many on; fewer are never given."""

DEFAULT_DRAWS = 39
"""Placebo draws: with so many, one rank in forty is a p-value of 0.025."""

MOST_DRAWS = 999

EXPOSED = (
    "vehicles with a stay of which a site of the category is the plausible place, on {days} or "
    "more; Wilson, 95 %, over all vehicles; baseline: mean over {draws} draws of moved sites"
)
NEXT_PLACE = (
    "mean share of destinations in held-out weeks told by the predictor chosen on the weeks "
    "before; normal, 95 %; baseline: the most frequent place of the vehicle"
)

FACTS = {
    "homes": "The area of the home is inferred for {share}; saying the commonest zone of all "
    "would be right for {chance}.",
    "works": "The area of the work place is inferred for {share}; saying the commonest zone "
    "would be right for {chance}.",
    "commutes": "A commute is inferred for {share}; saying the commonest one would be right for "
    "{chance}.",
    "companions": "Companions (social links) are inferred for {share}; false discoveries make up "
    "at most {chance}.",
    "next_place": "The next place is told rightly for {share}; always saying the most frequent "
    "place of the vehicle is right for {chance}.",
}


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


@dataclass(frozen=True)
class Inference(Result):
    """What is inferred about how many vehicles.

    Attributes
    ----------
    facts : dict of str to Estimate
        Shares of all vehicles for which ``homes``, ``works``, ``commutes`` and ``companions`` are
        inferred, and the share of destinations told (``next_place``), each with its baseline.
    sites : tuple of SiteExposure
        Exposure at sensitive sites by category; empty where no sites were given.
    predictability : Predictability
        Behind ``next_place``.
    draws : int
        How often the sites were moved.
    seed : int
        Of the draws.
    not_looked_for : str
        Why companions were not looked for; empty where they were.
    synthetic : bool
        Whether the data are synthetic.
    """

    facts: dict[str, Estimate]
    sites: tuple[SiteExposure, ...]
    predictability: Predictability
    draws: int
    seed: int
    not_looked_for: str = ""
    synthetic: bool = False
    _patterns: PatternsOverview | None = field(default=None, repr=False, compare=False)
    _sites: Sites | None = field(default=None, repr=False, compare=False)

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        lines = []
        for name, fact in self.facts.items():
            if fact.is_measured:
                of = "destinations" if name == "next_place" else "vehicles"
                chance = f"{100 * fact.baseline:.1f} %"
                lines.append(FACTS[name].format(share=fact.percent(of), chance=chance))
        lines += [_exposure_text(exposure) for exposure in self.sites]
        if self.sites:
            lines.append(
                "Plausible is not proven: moved sites show how many would be named by chance."
            )
        if self.not_looked_for:
            lines.append(self.not_looked_for)
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures: inferred, category, days, value, low, high, n, …, p_value."""
        rows: list[dict[str, Any]] = [
            {"inferred": name, **fact.to_dict()} for name, fact in self.facts.items()
        ]
        rows += [{"inferred": "site visits", **exposure.to_dict()} for exposure in self.sites]
        columns = ["inferred", "category", "sites", "days", "value", "low", "high", "n", "method"]
        columns += ["baseline", "placebo_low", "placebo_high", "p_value", "withheld"]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            **{name: fact.to_dict() for name, fact in self.facts.items()},
            "sites": [exposure.to_dict() for exposure in self.sites],
            "draws": self.draws,
            "seed": self.seed,
            "not_looked_for": self.not_looked_for,
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw what is inferred for which share, with what chance gives."""
        from matplotlib.figure import Figure

        drawn = {name.replace("_", " "): fact for name, fact in self.facts.items()}
        drawn |= {
            f"{each.category}, {_days(each.days)}": each.share
            for each in self.sites
            if not each.withheld
        }
        axes = Figure(layout="constrained").subplots()
        for row, figure in enumerate(drawn.values()):
            if figure.is_measured:
                axes.plot([100 * figure.low, 100 * figure.high], [row, row], color="0.5")
                axes.plot(100 * figure.value, row, "o", color="C0")
            if figure.baseline is not None:
                axes.plot(100 * figure.baseline, row, "|", color="C3", markersize=14)
        # Categories are text of the user's: a dollar must not begin a formula.
        names = [name.replace("$", r"\$") for name in drawn]
        axes.set_yticks(range(len(drawn)), names)
        axes.set(xlim=(0, 100), xlabel="share (%); red: chance alone")
        axes.invert_yaxis()
        return axes

    def score(self, truth: Any) -> Any:
        """Compare with a known truth; see `analyzer.scoring.inference.score_inference`.

        Returns
        -------
        Score
        """
        from analyzer.scoring.inference import score_inference

        return score_inference(self._patterns, self._sites, truth)


def _days(days: int) -> str:
    return "one day" if days == 1 else f"{days} days"


def _exposure_text(exposure: SiteExposure) -> str:
    """Say how many vehicles are exposed at the sites of a category."""
    where = f"a site of the category “{exposure.category}”"
    when = f"on {_days(exposure.days)} or more"
    if exposure.withheld:
        return (
            f"How many were plausibly at {where} {when} is withheld: fewer than {LEAST_SHOWN} "
            "vehicles could be told apart by it."
        )
    if not exposure.share.value:
        return f"No vehicle was plausibly at {where} {when}."
    beyond = "more than" if exposure.p_value <= 0.05 else "no more than"
    return (
        f"{exposure.share.percent('vehicles')} were plausibly at {where} {when}: {beyond} at sites "
        f"moved at random ({100 * exposure.placebo_low:.1f}–{100 * exposure.placebo_high:.1f} %, "
        f"p = {exposure.p_value:.2g})."
    )


def measure_inference(
    sightings: Sightings,
    sites: Any = None,
    seed: int = 0,
    *,
    draws: int = DEFAULT_DRAWS,
    max_gap: str = DEFAULT_MAX_GAP,
    engine: str | Engine = "local",
    memory: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Inference:
    """Measure about how many vehicles facts can be inferred: homes, works, social links, sites.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    sites : path or frame or Sites, optional
        Sensitive sites with a category; see `analyzer.risk.sites.read_sites`.
    seed : int
        Of every random draw.
    draws : int
        How often the sites are moved at random; 20 or more.
    max_gap : str
        Longest gap inside a trip.
    engine, memory
        Where the parts run, and how much may be held at once.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    Inference

    Raises
    ------
    UsageError
        If a number is impossible, or there are no sightings.
    InputError
        If the sites cannot be read, or no camera is near them.

    Notes
    -----
    A *visit* is a stay whose cameras and length make a site the plausible place
    (`analyzer.risk.site_visits`): there is time to drive there from the camera before, to stay as
    long as one does at such a site, and to reach the camera after; the hour is one at which one
    goes there; and with weights exp(−d²/2), d the distance in units of how far off the guess of the
    stay can be, the sites of the category outweigh all others, the vehicle's home or work, and
    anywhere else (which weighs as a spot at d = 1).

    The *placebo* moves every site to another camera, as far from it as the true one is from its
    nearest camera, and counts again. Where the true sites expose no more vehicles than moved ones,
    the figure says where cameras stand, not where people go.

    Counts that would tell 1 to 9 vehicles apart are withheld, and no list of vehicles is made.

    References
    ----------
    Article 29 Data Protection Working Party (2014). Opinion 05/2014 on Anonymisation Techniques,
    WP216.

    Examples
    --------
    >>> from analyzer.sightings import from_arrays
    >>> found = measure_inference(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]))
    >>> found.facts["homes"].value, found.sites
    (0.0, ())
    """
    check_draw(None, seed)
    if isinstance(draws, bool) or not isinstance(draws, int) or not 20 <= draws <= MOST_DRAWS:
        raise UsageError(
            f"draws={draws!r}: write how often the sites are moved, from 20 to {MOST_DRAWS}"
        )
    if not len(sightings):
        raise UsageError("there are no sightings here, so nothing can be inferred")
    listed = None if sites is None else read_sites(sites)
    runner = get_engine(engine, memory=memory)
    say = progress or (lambda done, total: None)
    patterns = find_patterns(
        sightings,
        max_gap=max_gap,
        engine=runner,
        memory=memory,
        seed=seed,
        progress=lambda done, total: say(done, 2 * total),
    )
    predictability = measure_predictability(sightings, max_gap=max_gap, engine=runner)
    told = predictability.accuracy
    next_place = replace(
        told["chosen"], method=NEXT_PLACE, baseline=told["most_frequent"].value
    )
    say(3, 4)
    exposures = (
        () if listed is None else _measure_exposures(patterns.places, listed, draws, int(seed))
    )
    say(4, 4)
    return Inference(
        facts={**patterns.estimates, "next_place": next_place},
        sites=exposures,
        predictability=predictability,
        draws=draws if listed is not None else 0,
        seed=int(seed),
        not_looked_for=patterns.not_looked_for,
        synthetic=sightings.synthetic,
        _patterns=patterns,
        _sites=listed,
    )


def _measure_exposures(
    places: Places, sites: Sites, draws: int, seed: int
) -> tuple[SiteExposure, ...]:
    plane = places.trips.plane
    x, y = place_sites(sites, plane)
    spread = [spread_sites(sites, x, y)]
    spread += [
        spread_sites(sites, *move_sites(x, y, plane, seed, draw)) for draw in range(draws)
    ]
    shared = {"plane": plane, "draws": spread, "categories": len(sites.categories)}
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
    method = EXPOSED.format(days=_days(days), draws=len(moved))
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
