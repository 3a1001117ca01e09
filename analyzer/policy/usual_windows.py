"""Usual windows: what the retention sweep of all documents tells, beside what a comparison tells.

Where policies are compared on the very leaks and with the very knowledge of that sweep, a policy
that keeps fifteen days stands beside its fourteen, in another document.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analyzer.estimate import Estimate
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.leaks import plan_leaks
from analyzer.policy.policy import Policy
from analyzer.policy.resampling import IS_ALONE, IS_TARGET
from analyzer.policy.setting import STRETCHES, Setting
from analyzer.policy.stretches import find_outcomes_within
from analyzer.units import DAY_MS

Beside = tuple[tuple[Policy, dict[str, Estimate]], ...]
"""Policies that keep so many days and do nothing else, the longest first, and their shares."""


def find_usual_shares(setting: Setting, risks: Sequence[str]) -> Beside:
    """Find the shares of the usual windows, where they are of the same leaks and knowledge.

    Parameters
    ----------
    setting : Setting
        Of the comparison.
    risks : sequence of str
        Which of them nested windows tell of: being singled out, homes, works, commutes.

    Returns
    -------
    tuple of (Policy, dict of str to Estimate)
        Without intervals, which nobody asks for here; empty where leaks or knowledge differ.
    """
    local = setting.sightings.clock.local(np.array(setting.sightings.span_ms)) // DAY_MS
    plan = plan_leaks(int(local[0]), int(local[1]), STRETCHES)
    asked = [risk for risk in risks if risk == "unicity" or risk in IN_STRETCHES]
    same = (plan.leak_days, plan.history) == (setting.leak_days, setting.history)
    if not asked or not same or setting.open_days:
        return ()
    found = []
    for days in sorted((each for each in STRETCHES if each <= plan.history), reverse=True):
        policy = Policy(f"{days}D", attributes="keep")
        states = find_outcomes_within(setting, policy, asked).states
        found.append((policy, {risk: _share_of(states[risk]) for risk in asked}))
    return tuple(found)


def _share_of(states: np.ndarray) -> Estimate:
    """Give the share of vehicles and leaks for which a risk comes true, as the sweep does."""
    counted = IS_TARGET[states]
    n, total = int(counted.any(axis=1).sum()), int(counted.sum())
    value = float(IS_ALONE[states].sum() / total) if total else float("nan")
    return Estimate(value, value, value, n, "beside others")
