"""Nested policies: which keep a part of what another one keeps, and figures too near for that.

What a leak under the smaller one gives away, one under the larger does too, so that the difference
of two published shares is a group of vehicles as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analyzer.apart import count_of, find_near
from analyzer.estimate import Estimate
from analyzer.policy.outcomes import OF_ALL
from analyzer.policy.policy import Policy
from analyzer.units import parse_duration


def covers(more: Policy, less: Policy) -> bool:
    """Whether all that one policy keeps of a vehicle can be made of what another one keeps of it.

    Attributes do not count: no risk here rests on them.

    Examples
    --------
    >>> month, week = Policy("30D", cameras=0.5), Policy("7D", time="1h", cameras=0.2)
    >>> covers(month, week), covers(week, month), covers(month, Policy("7D"))
    (True, False, False)
    """
    return (
        (math.inf if more.days is None else more.days)
        >= (math.inf if less.days is None else less.days)
        and _divides(more.rotation, less.rotation, longer_is_more=True)
        and _divides(more.time, less.time, longer_is_more=False)
        and more.space in (None, less.space)
        and has_cameras(more.cameras, less.cameras)
        and (more.hits is None or (less.hits is not None and set(less.hits) <= set(more.hits)))
        and (more.min_k or 0) <= (less.min_k or 0)
    )


def _divides(more: str | None, less: str | None, *, longer_is_more: bool) -> bool:
    if more is None or less is None:
        return more is None
    lengths = parse_duration(more), parse_duration(less)
    return max(lengths) % min(lengths) == 0 and (
        lengths[0] == lengths[1] or (lengths[0] > lengths[1]) == longer_is_more
    )


def has_cameras(more: float | tuple[str, ...], less: float | tuple[str, ...]) -> bool:
    """Whether all cameras that one policy keeps are among those that another one keeps.

    Examples
    --------
    >>> has_cameras(0.5, 0.25), has_cameras(("a", "b"), ("b",)), has_cameras(0.5, ("b",))
    (True, True, False)
    """
    if more == 1:
        return True
    if isinstance(more, tuple) and isinstance(less, tuple):
        return set(less) <= set(more)
    return not isinstance(more, tuple) and not isinstance(less, tuple) and less <= more


def too_near(
    policies: Sequence[Policy],
    shares: Sequence[Mapping[str, Estimate]],
    k: int,
    beside: Sequence[tuple[Policy, Mapping[str, Estimate]]] = (),
) -> list[set[str]]:
    """Find the shares that lie 1 to k - 1 vehicles beside that of a policy above or below.

    Parameters
    ----------
    policies : sequence of Policy
        The first keeps its shares; of others that are too near, the smaller share gives way.
    shares : sequence of mapping of str to Estimate
        Of each policy, the share of vehicles of each risk, as it would be published; those that
        are not of one and the same vehicles (`analyzer.policy.outcomes.OF_ALL`) are left alone.
    k : int
        Smallest count of vehicles that is shown.
    beside : sequence of (Policy, mapping of str to Estimate)
        Policies and their shares in other documents, which come first.

    Returns
    -------
    list of set of str
        For each policy, the risks whose share must not be shown.
    """
    before = len(beside)
    policies = [*(policy for policy, _ in beside), *policies]
    shares = [*({risk: each.withheld(k) for risk, each in own.items()} for _, own in beside),
              *shares]  # fmt: skip
    hidden: list[set[str]] = [set() for _ in policies]

    def rank(at: int) -> tuple[int, float]:
        # Those of other documents as they stand there, then the first policy, then larger shares.
        return (0, at) if at < before else (1 if at == before else 2, -counts[at])

    def related(one: int, other: int) -> bool:
        pair = policies[one], policies[other]
        return covers(*pair) or covers(*reversed(pair))

    for risk in dict.fromkeys(risk for each in shares for risk in each if risk not in OF_ALL):
        counts = [count_of(each[risk]) if risk in each else None for each in shares]
        told = [at for at, count in enumerate(counts) if count is not None]
        near = find_near(counts, k, order=sorted(told, key=rank), related=related)
        for at in np.flatnonzero(near):
            hidden[at].add(risk)
    return hidden[before:]
