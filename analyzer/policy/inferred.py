"""Inferred: what the finders name about vehicles in what a leak shows, risk by risk.

Each pattern is found when it is first asked for, and once: homes, works, commutes and visits rest
on the same trips and places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.patterns.commutes import Commutes, find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.places import HOME, WORK, Places, find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import Trips, find_trips
from analyzer.risk.site_exposure import find_visitors
from analyzer.risk.sites import Sites
from analyzer.sightings import Sightings
from analyzer.units import MINUTE_MS

if TYPE_CHECKING:
    from analyzer.engine import Engine

COMPANY_MS = 2 * MINUTE_MS
"""Vehicles that pass a camera within this time of each other may be companions."""

VISITS = "visits"
"""The risk that somebody was plausibly at a sensitive site; one risk for each category of sites."""

PLACEBO_DRAWS = 3
"""How often the sites are moved at random; the mean over them and the leaks is what chance gives.
Inference (`analyzer.risk.inference`) draws more often, and gives a p-value."""


HELD_BYTES = 128
"""What is shown may take so many bytes a row, of the memory allowed, for its stays to be kept."""


class Inferred(NamedTuple):
    """What is inferred from one leak.

    Attributes
    ----------
    vehicles : numpy.ndarray of int
        Codes of the vehicles about which it is, each once or more.
    by_chance : float
        About how many of them a guess would be right.
    """

    vehicles: np.ndarray
    by_chance: float


NOTHING = Inferred(np.zeros(0, np.int64), 0.0)


class ShownPatterns:
    """The patterns of what a leak shows.

    Parameters
    ----------
    shown : Sightings
        What the leak shows.
    runner, memory
        Where the work is done.
    of_sample : Sightings, optional
        What it shows of the vehicles that were drawn for risks of pairs.
    sites : Sites, optional
        Sensitive sites, for visits.
    seed : int
        Of the moves of the sites.
    """

    def __init__(
        self,
        shown: Sightings,
        runner: Engine,
        memory: str | int | None = None,
        *,
        of_sample: Sightings | None = None,
        sites: Sites | None = None,
        seed: int = 0,
    ):
        self.shown = shown
        self.on: dict[str, Any] = {"engine": runner, "memory": memory}
        self._of_sample = shown if of_sample is None else of_sample
        self._sites = sites
        self._seed = seed

    def find(self, risk: str) -> Inferred:
        """Find of which vehicles something can be inferred.

        Raises
        ------
        TooMuchWorkError
            If it cannot be told, or would take hours.
        """
        if not len(self.shown):
            return NOTHING
        category = category_of(risk)
        if category is None:
            return _FINDERS[risk](self)
        return self._visitors[self._sites.categories.index(category)]

    @cached_property
    def _trips(self) -> Trips:
        return find_trips(self.shown, **self.on)

    @cached_property
    def _places(self) -> Places:
        places = find_places(self._trips, **self.on)
        if len(self.shown) * HELD_BYTES <= self.on["engine"].resources.memory:
            # Homes, works, routines and visits all ask for the stays, which are soon forgotten.
            return replace(places, kept_rows=len(self.shown))
        return places

    @cached_property
    def _visitors(self) -> list[Inferred]:
        visitors, moved = find_visitors(self._places, self._sites, PLACEBO_DRAWS, self._seed)
        return [Inferred(*each) for each in zip(visitors, moved, strict=True)]

    def _with_role(self, role: int) -> Inferred:
        rows = self._places.rows
        of_role = rows["role"] == role
        # A guess says that everybody lives, or works, in the zone where most do.
        zone = self.shown.camera_table["zone"].to_numpy()[rows["camera"][of_role]]
        return Inferred(rows["vehicle"][of_role], float(np.bincount(zone, minlength=1).max()))

    def _homes(self) -> Inferred:
        return self._with_role(HOME)

    def _works(self) -> Inferred:
        return self._with_role(WORK)

    def _commutes(self) -> Inferred:
        commutes: Commutes = find_commutes(
            find_routines(self._trips, self._places, **self.on), self._places
        )
        flows = commutes.od_matrix["vehicles"]
        return Inferred(commutes.rows["vehicle"], float(flows.max()) if len(flows) else 0.0)

    def _companions(self) -> Inferred:
        recipe = getattr(self.shown, "recipe", None)
        if recipe is not None and recipe.round_ms > COMPANY_MS:
            raise TooMuchWorkError(
                "times are rounded to more than two minutes: who passed a camera together cannot "
                "be told"
            )
        companions = find_companions(self._of_sample, **self.on)
        vehicles = np.union1d(companions.rows["vehicle_a"], companions.rows["vehicle_b"])
        return Inferred(vehicles, companions.max_fdr * len(vehicles))


_FINDERS: dict[str, Callable[[ShownPatterns], Inferred]] = {
    "homes": ShownPatterns._homes,
    "works": ShownPatterns._works,
    "commutes": ShownPatterns._commutes,
    "companions": ShownPatterns._companions,
}

INFERRED = tuple(_FINDERS)
"""Risks that are inferred, besides visits."""

OF_PAIRS = ("companions",)
"""Risks that are looked for among a sample of the vehicles, where there are many."""


IN_STRETCHES = ("homes", "works", "commutes")
"""Risks that are looked for in shorter stretches of what is shown too."""

WITHIN = "in these days or in a shorter stretch of them up to the leak"
"""With which the method of their figures begins; see `analyzer.policy.stretches`."""

WITHIN_TEXT = (
    "Homes, works and commutes count that are found in what a leak shows, or in a shorter stretch "
    "of it up to the leak."
)
"""What is said where they are told."""


def category_of(risk: str) -> str | None:
    """Give the category of sites that a risk of visits is about; None of other risks.

    Examples
    --------
    >>> category_of("visits: medical"), category_of("homes")
    ('medical', None)
    """
    before, colon, category = risk.partition(": ")
    return category if colon and before == VISITS else None


def is_visit(risk: str) -> bool:
    """Say whether a risk is about sensitive sites."""
    return category_of(risk) is not None


def with_visits(risks: Sequence[str], sites: Sites | None) -> tuple[str, ...]:
    """Put one risk for each category of sites where visits are asked for, and where sites are.

    Raises
    ------
    UsageError
        If visits are asked for without sites.

    Examples
    --------
    >>> with_visits(["unicity"], None)
    ('unicity',)
    """
    risks = (risks,) if isinstance(risks, str) else tuple(risks)
    if sites is None:
        if VISITS in risks:
            raise UsageError("risk 'visits' needs the sensitive sites; give them with sites=…")
        return risks
    asked = risks if VISITS in risks else (*risks, VISITS)
    named = tuple(f"{VISITS}: {category}" for category in sites.categories)
    at = asked.index(VISITS)
    return (*asked[:at], *named, *asked[at + 1 :])
