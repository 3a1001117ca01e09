"""Inference: what the sightings let somebody deduce, about how many vehicles, and against chance.

One of the three criteria of the Article 29 Working Party (Opinion 05/2014). Everything here counts
vehicles; nothing names one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.fitting import fit_to_engine
from analyzer.patterns.overview import PatternsOverview, find_patterns
from analyzer.patterns.places import HOME, WORK, Places
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.result import Result
from analyzer.risk.draw import check_draw
from analyzer.risk.predictability import Predictability, measure_predictability
from analyzer.risk.site_exposure import (
    DEFAULT_DRAWS,
    LEAST_SHOWN,
    SiteExposure,
    check_draws,
    days_text,
    measure_site_exposure,
)
from analyzer.risk.sites import Sites, read_sites
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.engine import Engine

NEXT_PLACE = (
    "mean share of destinations in held-out weeks told by the predictor chosen on the weeks "
    "before; normal, 95 %; baseline: the most frequent place of the vehicle"
)

FACTS = {
    "homes": "The area of the home is named for {share}",
    "works": "The area of the work place is named for {share}",
    "commutes": "A commute is named for {share}",
    "companions": "Companions (social links) are named for {share}",
    "next_place": "The next place is told rightly for {share}",
}
CHANCE = {
    "homes": "the commonest zone, named for everybody, would be the same for {chance}",
    "works": "the commonest zone, named for everybody, would be the same for {chance}",
    "commutes": "the commonest one would be the same for {chance}",
    "companions": "false discoveries make up at most {chance}",
    "next_place": "always saying the most frequent place of the vehicle is right for {chance}",
}
UNCHECKED = (
    "Named is not right: nothing here is checked against a truth. Methods and radii are calibrated "
    "on synthetic data; for the other vehicles the evidence is too thin."
)


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
    radius_km : dict of str to float
        Median radius of the homes and works that are named, where there are ten or more.
    """

    facts: dict[str, Estimate]
    sites: tuple[SiteExposure, ...]
    predictability: Predictability
    draws: int
    seed: int
    not_looked_for: str = ""
    synthetic: bool = False
    radius_km: dict[str, float] = field(default_factory=dict)
    _patterns: PatternsOverview | None = field(default=None, repr=False, compare=False)
    _sites: Sites | None = field(default=None, repr=False, compare=False)

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        lines = []
        for name, fact in self.facts.items():
            if fact.is_measured:
                of = "destinations" if name == "next_place" else "vehicles"
                said = FACTS[name].format(share=fact.percent(of))
                if name in self.radius_km:
                    said += f", half of them within {self.radius_km[name]:.1f} km"
                if fact.baseline is not None:
                    chance = CHANCE[name].format(chance=f"{100 * fact.baseline:.1f} %")
                    said += f"; {chance}"
                lines.append(f"{said}.")
        if any(self.facts[name].is_measured for name in ("homes", "works") if name in self.facts):
            lines.append(UNCHECKED)
        lines += [exposure.summary() for exposure in self.sites]
        if self.sites:
            lines.append(
                "Plausible is not proven: moved sites show how many would be named by chance, and "
                "more than those are no proof of visits either, since people live, work and shop "
                "near such sites for other reasons."
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
        from analyzer.charts import new_axes

        drawn = {name.replace("_", " "): fact for name, fact in self.facts.items()}
        drawn |= {
            f"{each.category}, {days_text(each.days)}": each.share
            for each in self.sites
            if not each.withheld
        }
        axes = new_axes()
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


def measure_inference(
    sightings: Sightings,
    sites: Any = None,
    seed: int = 0,
    *,
    draws: int = DEFAULT_DRAWS,
    max_gap: str = DEFAULT_MAX_GAP,
    engine: str | Engine = "local",
    memory: str | int | None = None,
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
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
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
    the figure says where cameras stand, not where people go. Each category and number of
    days has its own p-value; among twenty of them one is small by chance.

    Counts that would tell 1 to 9 vehicles apart are withheld, and no list of vehicles is made.

    References
    ----------
    Article 29 Data Protection Working Party (2014). Opinion 05/2014 on Anonymisation Techniques,
    WP216.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> found = measure_inference(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]))
    >>> found.facts["homes"].value, found.sites
    (0.0, ())
    """
    check_sightings(sightings)
    check_draw(None, seed)
    check_draws(draws)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if not len(sightings):
        raise UsageError("there are no sightings here, so nothing can be inferred")
    listed = None if sites is None else read_sites(sites)
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
        () if listed is None else measure_site_exposure(patterns.places, listed, draws, int(seed))
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
        radius_km=_median_radii(patterns.places),
        _patterns=patterns,
        _sites=listed,
    )


def _median_radii(places: Places) -> dict[str, float]:
    """Give the median radius of homes and works, in km; of fewer than ten it is not told."""
    rows, radii = places.rows, {}
    for role, name in ((HOME, "homes"), (WORK, "works")):
        radius = rows["radius_m"][rows["role"] == role]
        radius = radius[~np.isnan(radius)]
        if len(radius) >= LEAST_SHOWN:
            radii[name] = float(np.median(radius) / 1_000)
    return radii
