"""What a case says: the story, what of it others share, and its caption in a sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.shared import Element
from analyzer.report.shared_facts import SharedStep
from analyzer.report.texts import ENGLISH, Texts
from analyzer.risk.typical_vehicle import Typical
from analyzer.risk.vehicle_story import VehicleStory
from analyzer.sightings import Sightings


@dataclass(frozen=True)
class CaseContent:
    """One vehicle's story, and what of it may be shown.

    Attributes
    ----------
    story : VehicleStory
        All that is known (internal).
    elements : tuple of Element
        The zones, periods and routes that may be shown.
    shared_by : int
        Of how many vehicles all of them together are true; 0 where there are none.
    known : tuple of SharedStep
        What is known at each step, as far as k of these vehicles share it.
    typical : Typical or None
        How the vehicle was chosen, if as a typical one.
    owner : bool
        Whether its owner asked for it.
    sightings : Sightings
        The population.
    k : int
        Smallest number of vehicles that everything shown is true of.
    seed : int
        Of every random draw.
    """

    story: VehicleStory = field(repr=False)
    elements: tuple[Element, ...]
    shared_by: int
    known: tuple[SharedStep, ...]
    typical: Typical | None
    owner: bool
    sightings: Sightings = field(repr=False)
    k: int = DEFAULT_K
    seed: int = 0

    @property
    def synthetic(self) -> bool:
        """Whether the data are synthetic."""
        return self.story.synthetic

    def caption(self, texts: Texts = ENGLISH) -> str:
        """Say in a sentence what the data give away about the vehicle; it may be published."""
        return public_caption(self, texts)


def precise_caption(story: VehicleStory, texts: Texts = ENGLISH) -> str:
    """Say in a sentence what is known of a vehicle in the end (internal)."""
    last = story.steps[-1]
    share = last.singled_out
    said = []
    if not np.isnan(share):
        told = texts("percent", n=texts.number(100 * share))
        said.append(_singled_out(story, told, texts))
    said += _inferred([asdict(step) for step in _known_steps(story)], texts)
    if last.companions:
        said.append(texts.count("case.caption.companions", last.companions))
    return " ".join(said) or texts(
        "case.caption.nothing", days=texts.count("days.words", last.days)
    )


def public_caption(case: CaseContent, texts: Texts = ENGLISH) -> str:
    """Say in a sentence what is known of a vehicle in the end, as far as k vehicles share it."""
    last = case.known[-1]
    said = []
    told = share_bounds(last, texts)
    if told:
        said.append(_singled_out(case.story, told, texts))
    said += _inferred([asdict(step) for step in case.known], texts)
    if said:
        return " ".join(said)
    days = texts.count("days.words", last.days)
    if last.home is False and last.work is False and last.few_points:
        return texts("case.caption.nothing", days=days)
    return texts("case.caption.left_out", days=days, k=case.k)


def share_bounds(step: SharedStep, texts: Texts) -> str:
    """Write the share of draws that single a vehicle out as a bound; empty if left out."""
    for key, bound in (("case.at_least", step.at_least), ("case.at_most", step.at_most)):
        if bound is not None:
            return texts(key, share=texts("percent", n=texts.number(100 * bound)))
    return ""


def _known_steps(story: VehicleStory) -> list[SharedStep]:
    return [
        SharedStep(step.days, step.home is not None, step.work is not None,
                   step.commute is not None)
        for step in story.steps
    ]  # fmt: skip


def _singled_out(story: VehicleStory, share: str, texts: Texts) -> str:
    return texts.count_text(
        "case.caption.singled_out",
        texts.number(story.adversary.points),
        story.adversary.points,
        days=texts.count("days.words", story.steps[-1].days),
        share=share,
        vehicles=texts.number(story.vehicles),
    )


def _inferred(steps: list[dict[str, Any]], texts: Texts) -> list[str]:
    """Say what is inferred in the end, and the shortest keeping from which it all stays so."""
    last = steps[-1]
    names = [name for name in ("home", "work", "commute") if last[name]]
    if not names:
        return []
    what = texts.listed([texts(f"case.caption.{name}") for name in names])
    days = texts.count("days.words", last["days"])
    said = [texts("case.caption.inferred", days=days, what=what)]
    since = last["days"]
    for step in reversed(steps):
        if not all(step[name] for name in names):
            break
        since = step["days"]
    if since < last["days"]:
        said.append(texts("case.caption.since", days=texts.count("days.words", since)))
    return said
