"""Policy outcome: what a leak under one policy gives away, and what use the policy leaves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from analyzer.estimate import Estimate
from analyzer.policy.leaks import NOT_MEASURABLE
from analyzer.policy.policy import Policy


@dataclass(frozen=True)
class PolicyOutcome:
    """What a leak under one policy gives away, and what use the policy leaves.

    Attributes
    ----------
    name : str
        Of the policy.
    policy : Policy
        What is kept.
    status : str
        ``"measured"``, ``"one leak day"`` or ``"not measurable"``.
    risks : dict of str to Estimate
        Share of the vehicles for which each risk comes true.
    differences : dict of str to Estimate
        The same minus that of the first policy, paired by vehicle and leak day.
    kept : float
        Share of the sightings before a leak that the store still holds; NaN where it is withheld.
    traffic : float
        How well the traffic of an ordinary week can be counted, from 0 to 1; NaN where it is
        withheld.
    served : Estimate or None
        Share of the user's uses that are served.
    hits : Estimate or None
        Share of the kept sightings that are of a vehicle that was searched for.
    hit_vehicles : int
        Vehicles that were searched for and of which something is kept.
    kept_of, hits_of : tuple of int
        Of how many vehicles is what the store holds, what it has deleted, and what it holds more or
        less than under each policy before; all vehicles, and those that were searched for.
    kept_sums : dict of (int, int) to int
        Of how few vehicles sums of what three policies hold come down to, for each two of all that
        there is (1) and the policies before (from 2 on).
    whole_window : dict of str to Estimate
        Of homes, works and commutes, the shares for which they are found in all that a leak shows;
        `risks` count those too that are found in a shorter stretch of it up to the leak.
    undominated : bool
        Whether no other policy is at least as good in everything and better in something.
    """

    name: str
    policy: Policy
    status: str
    risks: dict[str, Estimate]
    differences: dict[str, Estimate]
    kept: float
    traffic: float
    served: Estimate | None = None
    hits: Estimate | None = None
    hit_vehicles: int = 0
    kept_of: tuple[int, ...] = ()
    hits_of: tuple[int, ...] = ()
    kept_sums: dict[tuple[int, int], int] = field(default_factory=dict, repr=False)
    whole_window: dict[str, Estimate] = field(default_factory=dict)
    undominated: bool = False


def mark_undominated(outcomes: list[PolicyOutcome]) -> list[PolicyOutcome]:
    """Mark the policies that no other one beats: the Pareto front of risks against use."""
    measured = [outcome for outcome in outcomes if outcome.status != NOT_MEASURABLE]
    goods = {outcome.name: _goodness(outcome) for outcome in measured}

    def beaten(name: str) -> bool:
        own = goods[name]
        return any(
            (other >= own).all() and (other > own).any()
            for at, other in goods.items()
            if at != name
        )

    return [
        replace(outcome, undominated=outcome.name in goods and not beaten(outcome.name))
        for outcome in outcomes
    ]


def _goodness(outcome: PolicyOutcome) -> np.ndarray:
    """Everything that is better when larger; a risk that cannot be measured counts as none."""
    risks = [-np.nan_to_num(estimate.value) for estimate in outcome.risks.values()]
    served = [] if outcome.served is None else [outcome.served.value]
    return np.array([*risks, outcome.kept, outcome.traffic, *served])
