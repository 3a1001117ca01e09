"""What may be published of a linkage: what stands for fewer than k vehicles is held back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from analyzer.estimate import Estimate
from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.figures import hold_back, hold_back_nested
from analyzer.risk.linkage_result import HELD_BACK, Linkage, ShareOfCases

Published = TypeVar("Published", bound=Linkage)


def published_linkage(linkage: Published, k: int = DEFAULT_K) -> Published:
    """Give the same result with every figure held back that stands for 1 to k − 1 vehicles.

    Parameters
    ----------
    linkage : RotationLinkage or ReleaseLinkage
        What was measured.
    k : int
        Smallest count of vehicles that is shown; 5 or more.

    Returns
    -------
    RotationLinkage or ReleaseLinkage
        Without matches of single vehicles; held-back figures are NaN and say so in their method.

    Raises
    ------
    UsageError
        If k is under 5.
    """
    return _hold_back(linkage, check_threshold(k), getattr(linkage, "vehicles", None))


def _hold_back(value: Any, k: int, vehicles: int | None) -> Any:
    if isinstance(value, Estimate):
        return _figure(value, k, vehicles)
    if isinstance(value, Mapping):
        held = {name: _hold_back(each, k, vehicles) for name, each in value.items()}
        ranks = sorted(name for name in held if isinstance(name, int))
        # Who is found among the five best is found among the ten best.
        apart = hold_back_nested([held[rank] for rank in ranks], k)
        nested = zip(ranks, apart, strict=True)
        return held | {
            rank: _held(held[rank].n, k) if share is None else share for rank, share in nested
        }
    if isinstance(value, tuple):
        return tuple(_hold_back(each, k, vehicles) for each in value)
    if is_dataclass(value):
        changed = {
            field.name: None
            if field.name.startswith("_")
            else _hold_back(getattr(value, field.name), k, vehicles)
            for field in fields(value)
        }
        return replace(value, **changed)
    return value


def _figure(estimate: Estimate, k: int, vehicles: int | None) -> Estimate:
    if isinstance(estimate, ShareOfCases):
        few = 0 < estimate.vehicles < k
        shown = estimate.withheld(k)
        return shown if shown.is_measured else _held(0 if few else estimate.n, k)
    # A vehicle counts once for each pair of periods: there are no more of them than there are.
    most = estimate.n if vehicles is None else min(estimate.n, vehicles)
    # Chance is k in the number of candidates: it counts no vehicles and gives none away. A median
    # rank, which may be above 1, counts them by its n alone.
    means = {"it"} if estimate.value > 1 else set()
    counted = replace(estimate, n=most, baseline=None)
    shown = hold_back({"it": counted}, means=means, k=k)["it"]
    if shown is not None:
        return estimate if shown == counted else replace(shown, baseline=estimate.baseline)
    return _held(estimate.n if most >= k else 0, k)


def _held(n: int, k: int) -> Estimate:
    return Estimate(math.nan, math.nan, math.nan, n, f"{HELD_BACK} {k} vehicles", None)
