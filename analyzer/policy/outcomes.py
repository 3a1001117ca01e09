"""Outcomes: what each leak under a policy tells about each vehicle, risk by risk.

For each risk, vehicle and leak day: whether it came true. In one setting, vehicles and days are the
same for every policy, so that differences between policies are paired.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.estimate import Estimate
from analyzer.policy.inferred import (
    INFERRED,
    OF_PAIRS,
    VISITS,
    WITHIN,
    Inferred,
    ShownPatterns,
    with_visits,
)
from analyzer.policy.policy import Policy
from analyzer.policy.released import Released
from analyzer.policy.released_exposure import states_under_policy
from analyzer.policy.resampling import (
    ABSENT,
    ALONE,
    DELETED,
    IS_ALONE,
    IS_TARGET,
    SHOWN,
    estimate_share,
)
from analyzer.policy.setting import Setting
from analyzer.risk.linkage_windows import WindowLinkage
from analyzer.risk.predictability import measure_predictability
from analyzer.risk.sites import Sites


@dataclass(frozen=True)
class Outcomes:
    """What leaks under a policy tell.

    Attributes
    ----------
    states : dict of str to numpy.ndarray of int8, shape (vehicles, leak days)
        For each risk, states as in `analyzer.policy.resampling`: ``ALONE`` where it came true,
        ``ABSENT`` where the vehicle does not count.
    baselines : dict of str to float
        For each risk, the share for which a guess would be right.
    unmeasured : dict of str to str
        For risks that cannot be measured under the policy, why not.
    figures : dict of str to Estimate
        The risks that are no matter of single vehicles (`OF_ALL`), as the last leak shows them.
    whole, whole_baselines : dict
        States and baselines as all that is shown tells them at once, of risks that are looked for
        in shorter stretches too (`analyzer.policy.stretches`).
    """

    states: dict[str, np.ndarray]
    baselines: dict[str, float]
    unmeasured: dict[str, str]
    figures: dict[str, Estimate]
    whole: dict[str, np.ndarray] = field(default_factory=dict)
    whole_baselines: dict[str, float] = field(default_factory=dict)

    def estimate(
        self,
        risk: str,
        *,
        days_vary: bool,
        seed: Sequence[int],
        method: str,
        of_whole: bool = False,
    ) -> Estimate:
        """Give a risk as a share of vehicles with its interval.

        Parameters
        ----------
        risk : str
            Which.
        days_vary : bool
            Whether leak days are drawn again too.
        seed : sequence of int
            Of the resampling.
        method : str
            Text kept with the figure.
        of_whole : bool
            Whether what is shown is looked at as a whole alone.
        """
        if risk in self.figures:
            return self.figures[risk]
        reason = self.unmeasured.get(risk)
        if risk in self.whole and not of_whole:
            method = f"{WITHIN}; {method}"
        return estimate_share(
            self.whole[risk] if of_whole else self.states[risk],
            IS_ALONE,
            IS_TARGET,
            days_vary=days_vary,
            rng=np.random.default_rng(seed),
            method=f"not measured: {reason}" if reason else method,
            baseline=(self.whole_baselines if of_whole else self.baselines)[risk],
        )


def find_outcomes(setting: Setting, policy: Policy, risks: Sequence[str]) -> Outcomes:
    """Find what each leak under a policy tells about each vehicle.

    Parameters
    ----------
    setting : Setting
        What is equal for all policies.
    policy : Policy
        What is kept.
    risks : sequence of str
        As `check_risks` gives them.

    Returns
    -------
    Outcomes
    """
    whole = {risk: OF_ALL[risk](setting, policy) for risk in risks if risk in OF_ALL}
    risks = [risk for risk in risks if risk not in OF_ALL]
    inferred_risks = [risk for risk in risks if risk != "unicity"]
    shape = (len(setting.codes), len(setting.leak_days))
    states = {risk: np.full(shape, ABSENT, np.int8) for risk in risks}
    by_chance = dict.fromkeys(risks, 0.0)
    unmeasured: dict[str, str] = {}
    for leak in range(len(setting.leak_days) if risks else 0):
        released = setting.released(policy, leak)
        shown = _shown(setting, released) if inferred_risks else None
        patterns = ShownPatterns(
            released,
            setting.runner,
            setting.memory,
            of_sample=_of_sample(setting, released) if inferred_risks else None,
            sites=setting.sites,
            seed=setting.seed,
        )
        for risk in risks:
            if risk == "unicity":
                vehicles, seen_at, camera = setting.known(leak)
                states[risk][setting.position_of(vehicles), leak] = states_under_policy(
                    released, vehicles, seen_at, camera, setting.adversary, setting.runner
                )
                continue
            if risk in unmeasured:
                continue
            try:
                inferred = patterns.find(risk)
            except TooMuchWorkError as error:
                unmeasured[risk] = str(error)
                continue
            counted = setting.counts[:, leak]
            if risk in OF_PAIRS and setting.sampled is not None:
                counted = counted & setting.sampled[setting.codes]
            states[risk][counted, leak] = np.where(shown[counted], SHOWN, DELETED)
            mark_found(states[risk], setting, leak, released, inferred, counted)
            by_chance[risk] += inferred.by_chance
    for risk in unmeasured:
        states[risk][:] = ABSENT
    baselines = {
        risk: 1 / max(setting.sightings.n_vehicles, 1)
        if risk == "unicity"
        else min(1.0, by_chance[risk] / max(int((states[risk] != ABSENT).sum()), 1))
        for risk in risks
    }
    return Outcomes(states, baselines, unmeasured, whole)


def mark_found(
    states: np.ndarray,
    setting: Setting,
    leak: int,
    released: Released,
    inferred: Inferred,
    counted: np.ndarray,
) -> None:
    """Mark the vehicles of which something is inferred, among those that are counted."""
    # Under rotation, what is inferred of any of a vehicle's pseudonyms is inferred of it.
    at = setting.position_of(inferred.vehicles.astype(np.int64) // released.recipe.periods)
    states[at[counted[at]], leak] = ALONE


def _shown(setting: Setting, released: Released) -> np.ndarray:
    """Tell whether a leak shows anything of each vehicle that counts."""
    shown = np.zeros(len(setting.codes), bool)
    if len(released):
        codes = released.codes_seen.astype(np.int64) // released.recipe.periods
        shown[setting.position_of(codes)] = True
    return shown


def _of_sample(setting: Setting, released: Released) -> Released:
    """Give what the leak shows of the vehicles that were drawn for risks of pairs."""
    kept = setting.sampled
    if kept is None:
        return released
    recipe = released.recipe
    if recipe.kept_vehicles is not None:
        kept = kept & recipe.kept_vehicles
    return replace(released, recipe=replace(recipe, kept_vehicles=kept))


def linkage_of(
    setting: Setting, policy: Policy, windows: WindowLinkage | None = None
) -> Estimate:
    """Measure the share of new pseudonyms that are known again in what the last leak shows.

    Parameters
    ----------
    setting : Setting
        What is equal for all policies.
    policy : Policy
        What is kept.
    windows : WindowLinkage, optional
        Of policies that differ by nothing but the days kept.

    Returns
    -------
    Estimate
        With ``not measured`` and why in its method where it cannot be.
    """
    released = setting.released(replace(policy, rotation=None), len(setting.leak_days) - 1)
    n_vehicles = setting.sightings.n_vehicles
    if not len(released):
        return Estimate(0.0, 0.0, 0.0, n_vehicles, "by definition: nothing is kept", 0.0)
    if policy.rotation is None:
        return Estimate(
            1.0, 1.0, 1.0, n_vehicles, "by definition: pseudonyms never change", 1 / n_vehicles
        )
    windows = windows or window_linkage(setting, policy.rotation)
    return _measured(lambda: windows.measure(released))


def window_linkage(setting: Setting, rotation: str) -> WindowLinkage:
    """Make what links the windows of a setting, on its sample."""
    return WindowLinkage(rotation, setting.seed, setting.sample, setting.runner)


def _predictability(setting: Setting, policy: Policy) -> Estimate:
    released = setting.released(policy, len(setting.leak_days) - 1)
    on = {"engine": setting.runner, "memory": setting.memory}
    return _measured(lambda: measure_predictability(released, **on).accuracy["chosen"])


def _measured(measure: Callable[[], Estimate]) -> Estimate:
    """Give what can be measured in what a leak shows, or why it cannot."""
    try:
        return measure()
    except UsageError as error:
        return Estimate(math.nan, math.nan, math.nan, 0, f"not measured: {error}")


OF_ALL: dict[str, Callable[[Setting, Policy], Estimate]] = {
    "linkage": linkage_of,
    "predictability": _predictability,
}
"""Risks that are figures of the whole: the share of new pseudonyms that are known again, and the
share of destinations in held-out weeks that are told rightly."""

RISKS = ("unicity", *INFERRED)
"""Risks that come true for a vehicle or do not; visits besides, where sites are given."""


def check_risks(risks: Sequence[str], sites: Sites | None = None) -> tuple[str, ...]:
    """Refuse a risk that is not known; give one risk of visits for each category of sites.

    Raises
    ------
    UsageError
        With those that are.

    Examples
    --------
    >>> check_risks("unicity")
    ('unicity',)
    """
    risks = (risks,) if isinstance(risks, str) else tuple(risks)
    known = (*RISKS, VISITS, *OF_ALL)
    unknown = [risk for risk in risks if risk not in known]
    if unknown or not risks:
        problem = f"{unknown[0]!r} is not known" if unknown else "none is given"
        raise UsageError(f"risks: {problem}; write some of {', '.join(known)}")
    return with_visits(dict.fromkeys(risks), sites)
