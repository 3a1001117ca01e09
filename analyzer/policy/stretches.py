"""Stretches: the shorter parts of what a leak shows, in which homes and commutes are found besides.

The finders name a home where a share of the nights says so: older days that contradict it can hide
what a few weeks alone would show. Whoever holds ninety days can look at the last twenty-one of
them, so what a window gives away is what it or any shorter stretch of it gives away that is looked
at: a vehicle's home, work place or commute counts as found if it is found in the whole, or in the
last days of one of the usual lengths. Which these are is fixed, whatever lengths are compared, so
that one length tells the same in all documents: a usual length tells all that the shorter usual
ones do, and any other length does too; what is found at such an odd length alone, a longer one need
not tell, so that shares may fall there. Being singled out needs no such thing (more days never hide
it), companions are a test, which looking again and again would spoil, and visits rest on a rate of
their own at places moved at random.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from analyzer.policy.inferred import IN_STRETCHES, ShownPatterns
from analyzer.policy.outcomes import Outcomes, find_outcomes, mark_found
from analyzer.policy.policy import Policy
from analyzer.policy.resampling import ABSENT, ALONE
from analyzer.policy.setting import Setting


def stretches_within(stretches: Iterable[int], shown_days: int | None) -> tuple[int, ...]:
    """Give the stretches that are shorter than what a leak shows (None: everything).

    Examples
    --------
    >>> stretches_within((1, 7, 21, 30), 21)
    (1, 7)
    """
    return tuple(days for days in stretches if shown_days is None or days < shown_days)


def find_outcomes_within(
    setting: Setting,
    policy: Policy,
    risks: Sequence[str],
) -> Outcomes:
    """Find what each leak under a policy tells, in all it shows or in a shorter stretch of it.

    Parameters
    ----------
    setting : Setting
        What is equal for all policies; its `stretches` are looked at.
    policy : Policy
        What is kept.
    risks : sequence of str
        As `analyzer.policy.outcomes.check_risks` gives them.

    Returns
    -------
    Outcomes
        With ``whole``: the states of `IN_STRETCHES` as the whole alone tells them.
    """
    found = find_outcomes(setting, policy, risks)
    asked = tuple(risk for risk in risks if risk in IN_STRETCHES)
    if not asked:
        return found
    shown_days = setting.shown_days(policy)
    # What was found in a stretch serves all policies that differ in nothing but retention.
    base = replace(policy.without_retention(), attributes="keep")
    if base not in setting.looked_at:
        setting.looked_at.clear()
    looked = setting.looked_at.setdefault(base, {})
    for risk in asked:
        looked[risk, shown_days] = (
            np.packbits(found.states[risk] == ALONE), found.baselines[risk],
        )  # fmt: skip
    within = stretches_within(setting.stretches, shown_days)
    for days in within:
        lacking = [risk for risk in asked if (risk, days) not in looked]
        if lacking:
            looked |= _found_in(setting, policy, lacking, days)
    states, baselines = dict(found.states), dict(found.baselines)
    for risk in asked:
        whole = found.states[risk]
        stretches = [looked[risk, days] for days in (*within, shown_days)]
        alone = np.bitwise_or.reduce([bits for bits, _ in stretches])
        counted = np.unpackbits(alone, count=whole.size).reshape(whole.shape).astype(bool)
        states[risk] = np.where(counted & (whole != ABSENT), ALONE, whole).astype(np.int8)
        shares = [int(np.bitwise_count(bits).sum()) for bits, _ in stretches]
        baselines[risk] = united_baseline(
            [chance for _, chance in stretches], shares, int((states[risk] == ALONE).sum())
        )
    return Outcomes(
        states, baselines, found.unmeasured, found.figures,
        {risk: found.states[risk] for risk in asked},
        {risk: found.baselines[risk] for risk in asked},
    )  # fmt: skip


def _found_in(
    setting: Setting, policy: Policy, risks: Sequence[str], days: int
) -> dict[tuple[str, int], tuple[np.ndarray, float]]:
    """Find what the last days of what leaks show tell: bits by vehicle and leak, and chance."""
    alone = {risk: np.zeros(setting.counts.shape, bool) for risk in risks}
    by_chance = dict.fromkeys(risks, 0.0)
    for leak in range(len(setting.leak_days)):
        released = setting.released(policy, leak, days)
        patterns = ShownPatterns(released, setting.runner, setting.memory)
        for risk in risks:
            inferred = patterns.find(risk)
            by_chance[risk] += inferred.by_chance
            mark_found(alone[risk], setting, leak, released, inferred, setting.counts[:, leak])
    counted = max(int(setting.counts.sum()), 1)
    return {
        (risk, days): (np.packbits(alone[risk]), min(1.0, by_chance[risk] / counted))
        for risk in risks
    }


def united_baseline(baselines: Sequence[float], found: Sequence[float], united: float) -> float:
    """Give what a guess gets right where what several stretches tell is united.

    Of those found, a guess is right for as large a part as in the stretches on the whole.

    Examples
    --------
    >>> united_baseline([0.02, 0.01], [20, 10], 25)
    0.025
    """
    of = sum(found)
    return min(1.0, sum(baselines) / of * united) if of else max(baselines, default=0.0)
