"""What may be published of the profile of a data set: by the rules of the verbs that it gathers."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analyzer.estimate import HELD, Estimate
from analyzer.report.crowds import published_unicity, withheld
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.figures import hold_back, hold_back_commuters
from analyzer.report.linkage import published_linkage
from analyzer.risk.dataset_profile import (
    Criterion,
    DatasetProfile,
    inferred,
    linkable,
    singled_out,
)
from analyzer.risk.inference import Inference
from analyzer.risk.linkage_result import HELD_BACK, RotationLinkage
from analyzer.risk.unicity import Unicity
from analyzer.survival import kaplan_meier

if TYPE_CHECKING:
    from analyzer.risk.days_until import DaysUntilSingledOut


def published_profile(
    found: DatasetProfile, k: int = DEFAULT_K
) -> tuple[dict[str, Estimate | None], list[str]]:
    """Give a profile as it may be published, each criterion as the verb that measures it gives it.

    Parameters
    ----------
    found : DatasetProfile
        What was measured.
    k : int
        Smallest count of vehicles that is shown; 5 or more.

    Returns
    -------
    figures : dict of str to Estimate or None
        By criterion and name; None where a figure is held back.
    sentences : list of str
        What they say.

    Raises
    ------
    UsageError
        If k is under 5.
    """
    check_threshold(k)
    criteria = [_published(criterion, k) for criterion in found.criteria]
    shown = replace(found, criteria=tuple(criteria), until_singled_out=_until(found, k))
    at_end, half = shown.singled_out_at_end, shown.half_singled_out
    end_shown = withheld(at_end, k)
    figures = {
        f"{criterion.name.replace(' ', '_')}_{name}": figure
        for criterion in criteria
        for name, figure in {"share": criterion.figure, **criterion.others}.items()
    }
    figures |= {
        "singled_out_after_all_days": end_shown,
        "days_until_half_singled_out": hold_back({"": half}, means={""}, k=k)[""] or _held(k),
    }
    told = {name: None if _is_held(figure) else figure for name, figure in figures.items()}
    said = [criterion.summary() for criterion in criteria if not _is_held(criterion.figure)]
    if None not in (told["singled_out_after_all_days"], told["days_until_half_singled_out"]):
        days = shown.days_sentence()
        said.append(days.replace(at_end.percent("vehicles"), end_shown.percent("vehicles")))
    if found.synthetic:
        said.append("The data are synthetic.")
    return told, said


def _published(criterion: Criterion, k: int) -> Criterion:
    source = criterion.source
    if isinstance(source, Unicity):
        return singled_out(published_unicity(source, k))
    if isinstance(source, RotationLinkage):
        return _measured(criterion, linkable(published_linkage(source, k)))
    if isinstance(source, Inference):
        return _published_inference(source, k)
    return criterion


def _measured(criterion: Criterion, shown: Criterion) -> Criterion:
    """What was not measured is not held back."""
    others = {
        name: shown.others[name] if figure.is_measured else figure
        for name, figure in criterion.others.items()
    }
    if criterion.figure.is_measured:
        return replace(shown, others=others)
    return replace(shown, figure=criterion.figure, sentence=criterion.sentence, others=others)


def _published_inference(source: Inference, k: int) -> Criterion:
    facts = hold_back_commuters(hold_back(source.facts, means={"next_place"}, k=k), k)
    return inferred(replace(source, facts={name: fact or _held(k) for name, fact in facts.items()}))


def _until(found: DatasetProfile, k: int) -> DaysUntilSingledOut:
    """Where all vehicles but a few have enough points, count all: the few are never singled out."""
    until = found.until_singled_out
    if not 0 < until.vehicles - until.targets < k:
        return until
    curve = until.curve
    met = np.repeat(curve.time, curve.events)
    waiting = np.full(until.vehicles - len(met), float(until.days))
    known = np.repeat([True, False], [len(met), len(waiting)])
    curve = kaplan_meier(np.concatenate([met, waiting]), known)
    return replace(until, curve=curve, targets=until.vehicles)


def _held(k: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, 0, f"{HELD_BACK} {k} vehicles")


def _is_held(figure: Estimate) -> bool:
    return not figure.is_measured and figure.method.startswith(HELD)
