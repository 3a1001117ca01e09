"""What of the inferences about one vehicle others share: homes, commutes, singling out, in classes.

That a home is inferred after seven days and a commute after fourteen is a fact about a vehicle,
and several such facts together single it out as places do. So facts are taken one by one, as
`analyzer.report.shared` takes zones and hours, among vehicles of which those are true as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.report.disclosure import check_threshold
from analyzer.risk.draw import vehicle_hashes
from analyzer.risk.vehicle_story import StepKnowledge, VehicleStory, know_vehicles
from analyzer.sightings import Sightings

POOL = 4
"""Facts are looked for in so many times k vehicles; all of a city would take hours."""

RADII_KM = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Radii are rounded up to one of these; wider ones are left out."""

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Shares of draws are given as at least, or at most, one of these."""

POOLED = np.uint64(0x706F6F6C)


@dataclass(frozen=True)
class SharedStep:
    """What is known after a length of keeping, as far as k vehicles share it; None is left out.

    Attributes
    ----------
    days : int
        The length.
    home, work, commute : bool or None
        Whether inferred.
    home_km, work_km : float or None
        A radius that holds the place, rounded up.
    at_least, at_most : float or None
        Share of draws that single the vehicle out.
    few_points : bool or None
        Whether it has too few sightings for that.
    """

    days: int
    home: bool | None = None
    work: bool | None = None
    commute: bool | None = None
    home_km: float | None = None
    work_km: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    few_points: bool | None = None


def shared_steps(
    sightings: Sightings,
    story: VehicleStory,
    sharing: np.ndarray,
    k: int,
    *,
    seed: int,
    engine: Engine,
) -> tuple[SharedStep, ...]:
    """Choose what of the inferences may be shown: facts that k vehicles share, all together.

    Parameters
    ----------
    sightings : Sightings
        The population.
    story : VehicleStory
        Of one vehicle of it.
    sharing : numpy.ndarray of int
        Codes of the vehicles of which all that is shown beside it is true; of these, `POOL` times k
        are drawn.
    k : int
        Smallest number of vehicles of which everything must be true; 5 or more.
    seed : int
        Of the draw.
    engine : Engine
        Where the parts run.

    Returns
    -------
    tuple of SharedStep
        One for each step of the story.
    """
    k = check_threshold(k)
    others = sharing[sharing != story.code]
    hashes = vehicle_hashes(POOLED, int(seed), others)
    drawn = others[np.lexsort((others, hashes))[: POOL * k - 1]]
    own = [
        StepKnowledge(step.singled_out, step.home, step.work, step.commute) for step in story.steps
    ]
    known = [own, *know_vehicles(sightings, np.sort(drawn), story, seed=seed, engine=engine)]
    return choose_facts([step.days for step in story.steps], known, k)


def choose_facts(
    days: Sequence[int], known: Sequence[Sequence[StepKnowledge]], k: int
) -> tuple[SharedStep, ...]:
    """Take the facts of the first vehicle one by one, the last step first, while k share them all.

    Parameters
    ----------
    days : sequence of int
        The steps.
    known : sequence of sequences of StepKnowledge
        For each vehicle, what is known at each step.
    k : int
        How many must be left.
    """
    steps = [SharedStep(length) for length in days]
    left = np.ones(len(known), bool)
    for at in reversed(range(len(steps))):
        for name, values in _told(known[0][at]):
            for value in values:
                fewer = left & [_is_true(each[at], name, value) for each in known]
                if fewer.sum() >= k:
                    left = fewer
                    steps[at] = replace(steps[at], **{name: value})
                    break
    return tuple(steps)


def _told(known: StepKnowledge) -> Iterator[tuple[str, Sequence[Any]]]:
    """List what can be said of one vehicle at one step, each the most exact first."""
    share = known.singled_out
    yield "few_points", [bool(np.isnan(share))]
    yield "home", [known.home is not None]
    yield "work", [known.work is not None]
    yield "commute", [known.commute is not None]
    if not np.isnan(share):
        yield "at_least", [bound for bound in reversed(SHARES) if bound <= share]
        yield "at_most", [bound for bound in SHARES if share <= bound <= 0.5]
    for name, place in (("home_km", known.home), ("work_km", known.work)):
        if place is not None:
            yield name, [wide for wide in RADII_KM if place.radius_m <= 1_000 * wide]


def _is_true(known: StepKnowledge, name: str, value: Any) -> bool:
    share = known.singled_out
    if name == "few_points":
        return bool(np.isnan(share)) == value
    if name == "at_least":
        return bool(share >= value)
    if name == "at_most":
        return bool(share <= value)
    if name in ("home_km", "work_km"):
        place = known.home if name == "home_km" else known.work
        return place is not None and bool(place.radius_m <= 1_000 * value)
    return (getattr(known, name) is not None) == value
