"""Further risks: what a report measures beside its curves, each as one figure beside chance.

What cannot be measured (no attributes, no list of sites, too much work, too few destinations) has
no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import unless_too_much
from analyzer.estimate import Estimate
from analyzer.fitting import fit_to_engine
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips
from analyzer.report.crowds import published_anonymity, published_plateless
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.figures import hold_back
from analyzer.report.sentences import known_text
from analyzer.report.tables import clean_text
from analyzer.report.texts import ENGLISH, Texts
from analyzer.risk.adversary import Adversary
from analyzer.risk.anonymity import Anonymity, measure_anonymity
from analyzer.risk.inference import DEFAULT_DRAWS
from analyzer.risk.plateless import Plateless, measure_plateless
from analyzer.risk.predictability import Predictability, measure_predictability
from analyzer.risk.site_exposure import SiteExposure, measure_site_exposure
from analyzer.risk.sites import Sites
from analyzer.risk.worst_case import WorstCase, measure_worst_case
from analyzer.schema import ATTRIBUTES
from analyzer.sightings import Sightings

WORST_POINTS = 2
"""Places that the most telling knowledge holds."""

COLUMNS = ("risk", "criterion", "value", "low", "high", "n", "method", "baseline")


@dataclass(frozen=True)
class FurtherRisks:
    """Results of further measures; None where one could not be made.

    Attributes
    ----------
    anonymity : Anonymity
        How many vehicles fit what is known.
    worst_case : WorstCase or None
        What the two most telling places give away; None where it would take too much work.
    predictability : Predictability
        How well the next destination can be told.
    plateless : Plateless or None
        What attributes tell apart without any plate; None where there are none.
    sites : tuple of SiteExposure
        Vehicles plausibly at sensitive sites; empty where no list was given.
    """

    anonymity: Anonymity
    worst_case: WorstCase | None
    predictability: Predictability
    plateless: Plateless | None
    sites: tuple[SiteExposure, ...]

    def table(self, texts: Texts = ENGLISH, k: int = DEFAULT_K) -> pd.DataFrame:
        """Give all figures as they may be published.

        Parameters
        ----------
        texts : Texts
            In which language each risk is told.
        k : int
            Smallest count of vehicles that is shown.

        Returns
        -------
        pandas.DataFrame
            ``risk`` (in words), ``criterion``, ``value, low, high`` (shares of 1), ``n``,
            ``baseline``; held-back figures have no row.
        """
        rows: list[dict[str, Any]] = []

        def add(risk: str, criterion: str, figure: Estimate | None) -> None:
            if figure is not None and figure.is_measured:
                shown = {name: getattr(figure, name) for name in COLUMNS[2:]}
                rows.append({"risk": risk, "criterion": criterion, **shown})

        figures, _ = published_anonymity(self.anonymity, k)
        known = known_text(self.anonymity.adversary, texts)
        for limit in (5, 10):
            said = texts("further.anonymity", k=limit, known=known)
            add(said, "singling out", figures["points"][f"k_below_{limit}"])
        pairs = figures.get("home and work, zone")
        if pairs is not None:
            add(texts("further.home_work", k=5), "singling out", pairs["k_below_5"])
        if self.worst_case is not None:
            worst = hold_back(self.worst_case.figures, means={"mean_risk"}, guesses=True, k=k)
            said = texts("further.worst_case", points=self.worst_case.points)
            add(said, "singling out", worst["singled_out"])
        if self.plateless is not None:
            without, _ = published_plateless(self.plateless, k)
            names = [texts(f"attribute.{name}") for name in self.plateless.attributes]
            said = texts("further.plateless", attributes=texts.listed(names))
            add(said, "singling out", without["k_below_2"])
        told = self.predictability.figures
        means = set(told) - {"excluded"}
        add(texts("further.next_place"), "inference", hold_back(told, means=means, k=k)["chosen"])
        for exposure in self.sites:
            if exposure.days == 1 and not exposure.withheld:
                said = texts("further.site", category=clean_text(exposure.category, limit=60))
                add(said, "inference", hold_back({"": exposure.share}, k=k)[""])
        return pd.DataFrame(rows, columns=list(COLUMNS))


def measure_further(
    sightings: Sightings,
    adversary: Adversary,
    *,
    sites: Sites | None = None,
    sample: int | None = None,
    seed: int = 0,
    max_gap: str,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> FurtherRisks:
    """Measure the further risks of a report.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    adversary : Adversary
        Who knows what.
    sites : Sites, optional
        Sensitive sites.
    sample, seed
        How many targets anonymity is measured on, and the seed of every draw.
    max_gap : str
        Longest gap inside a trip.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    FurtherRisks
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    attributes = [name for name in ATTRIBUTES if name in sightings.columns]
    worst = unless_too_much(
        measure_worst_case, sightings, "location", WORST_POINTS, engine=runner
    )
    exposures: tuple[SiteExposure, ...] = ()
    if sites is not None:
        places = find_places(find_trips(sightings, max_gap, engine=runner), engine=runner)
        exposures = measure_site_exposure(places, sites, DEFAULT_DRAWS, int(seed))
    return FurtherRisks(
        anonymity=measure_anonymity(sightings, adversary, sample, seed, engine=runner),
        worst_case=worst,
        predictability=measure_predictability(sightings, max_gap=max_gap, engine=runner),
        plateless=unless_too_much(measure_plateless, sightings, attributes, engine=runner)
        if attributes else None,
        sites=exposures,
    )
