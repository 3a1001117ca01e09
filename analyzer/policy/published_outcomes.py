"""Published outcomes: what may be told of policies, each by itself and side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from analyzer.apart import count_of, few_apart
from analyzer.estimate import Estimate
from analyzer.policy.nested import too_near
from analyzer.policy.policy_outcome import PolicyOutcome
from analyzer.policy.populations import among_told
from analyzer.policy.usual_windows import Beside


def publish_outcomes(
    outcomes: Sequence[PolicyOutcome],
    told: Sequence[int],
    k: int,
    of: Callable[[str], bool],
    *,
    use: bool,
    beside: Beside = (),
    reported: Sequence[bool] | None = None,
) -> tuple[PolicyOutcome, ...]:
    """Withhold what stands for few vehicles, or lies few beside what is shown.

    Parameters
    ----------
    outcomes : sequence of PolicyOutcome
        The first is the one the others are held against.
    told : sequence of int
        Numbers of vehicles that documents of the same store tell.
    k : int
        Smallest count of vehicles that is shown.
    of : callable
        Which risks are held to that.
    use : bool
        Whether shares of the sightings are.
    beside : tuple of (Policy, dict of str to Estimate)
        What other documents of the same store tell, of the same leaks and knowledge.
    reported : sequence of bool, optional
        Whether a leak under each policy shows all of the data as they are, so that reports tell
        what is found in the whole of it.
    """
    uses = _published_use(outcomes, k) if use else [{}] * len(outcomes)
    given = [
        replace(
            outcome,
            risks=_among_told(outcome.risks, told, k, of),
            differences=_among_told(outcome.differences, told, k, of),
            whole_window=_among_told(outcome.whole_window, told, k, of),
        )
        for outcome in outcomes
    ]
    risks = [
        {risk: each.withheld(k) for risk, each in outcome.risks.items() if of(risk)}
        for outcome in given
    ]
    for outcome, shares, is_reported in zip(
        given, risks, reported or [False] * len(given), strict=True
    ):
        # The report's figure stands: one that also counts what shorter stretches tell gives way.
        for risk, whole in outcome.whole_window.items() if is_reported else ():
            count, other = count_of(whole.withheld(k)), shares.get(risk)
            own = other and count_of(other)
            if count is not None and own is not None and few_apart(own, [count], k):
                shares[risk] = other.hidden(k)
    near = too_near([outcome.policy for outcome in outcomes], risks, k, beside)
    for shares, own in zip(risks, near, strict=True):
        shares.update({risk: shares[risk].hidden(k) for risk in own})
    held = [
        {risk for risk, each in shares.items() if each != outcome.risks[risk]}
        for outcome, shares in zip(given, risks, strict=True)
    ]
    wholes = [
        _published_whole(
            outcome.whole_window,
            set() if is_reported else own,
            [] if is_reported else [*risks, *(shares for _, shares in beside)],
            k,
            of,
        )
        for outcome, own, is_reported in zip(
            given, held, reported or [False] * len(given), strict=True
        )
    ]
    return tuple(
        replace(
            outcome,
            risks=outcome.risks | shares,
            differences={
                risk: each.hidden(k) if risk in own | held[0] else each
                for risk, each in outcome.differences.items()
            },
            whole_window=whole,
            **left,
        )
        for outcome, shares, own, whole, left in zip(given, risks, held, wholes, uses, strict=True)
    )


def _published_whole(
    wholes: dict[str, Estimate],
    held: set[str],
    risks: Sequence[dict[str, Estimate]],
    k: int,
    of: Callable[[str], bool],
) -> dict[str, Estimate]:
    """Withhold shares of all that is shown that stand for few, or lie beside one that does not.

    Which of two policies' shares hold each other is not looked at: all are kept apart.
    """
    published = {}
    for risk, whole in wholes.items():
        count = count_of(whole)
        told = (count_of(shares[risk]) for shares in risks if risk in shares)
        beside = [each for each in told if each is not None]
        near = risk in held or (count is not None and few_apart(count, beside, k))
        hidden = whole.hidden(k) if near else whole.withheld(k)
        published[risk] = hidden if of(risk) else whole
    return published


def _among_told(
    figures: dict[str, Estimate], told: Sequence[int], k: int, of: Callable[[str], bool]
) -> dict[str, Estimate]:
    """Count shares among a number that documents tell, where all but a few were counted."""
    return {
        risk: among_told(each, told, k) if of(risk) else each for risk, each in figures.items()
    }


def _published_use(outcomes: Sequence[PolicyOutcome], k: int) -> list[dict[str, Any]]:
    """Withhold shares of the sightings, and differences of two, that are of 1 to k - 1 vehicles."""
    shown: dict[str, list[int]] = {"kept": [], "hits": []}
    left: list[dict[str, Any]] = []
    for at, outcome in enumerate(outcomes):
        of, searched = outcome.kept_of, outcome.hits_of
        kept, deleted, *apart = of or (0, 0, *[0] * at)
        use: dict[str, Any] = {}
        told = {1, *(it + 2 for it in shown["kept"])}
        sums = (count for pair, count in outcome.kept_sums.items() if told.issuperset(pair))
        beside = (apart[it] for it in shown["kept"])
        if any(0 < count < k for count in (kept, deleted, *beside, *sums)):
            use |= {"kept": math.nan, "traffic": math.nan}
        else:
            shown["kept"].append(at)
        if outcome.hits is not None:
            pairs = [pair for it, pair in enumerate(zip(searched, of, strict=True))
                     if it == 0 or it - 2 in shown["hits"]]  # fmt: skip
            few = any(0 < count < k for hit, every in pairs for count in (hit, every - hit))
            if few or 0 < outcome.hit_vehicles < k:
                use["hits"] = outcome.hits.hidden(k)
            else:
                shown["hits"].append(at)
            if "kept" in use:
                # The number of the sightings that are kept is their share, times all.
                use["hits"] = replace(outcome.hits.hidden(k), n=0)
        left.append(use)
    return left
