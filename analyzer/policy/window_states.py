"""Window states: what each leak tells about each vehicle, for all risks and lengths of exposure.

Windows are told apart by the days that a leak shows: a store kept for a day that stood open for a
week shows what one kept for eight days does, and is looked at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from analyzer.estimate import Estimate
from analyzer.policy.exposure import states_before_leaks
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.outcomes import OF_ALL, find_outcomes, linkage_of, window_linkage
from analyzer.policy.policy import Policy
from analyzer.policy.resampling import ALONE
from analyzer.policy.setting import Setting
from analyzer.policy.stretches import stretches_within, united_baseline
from analyzer.risk.knowledge import knowledge_of


@dataclass(frozen=True)
class WindowStates:
    """What each leak tells about each vehicle.

    Attributes
    ----------
    shown_days : dict of str to tuple of int
        Days that a leak shows, ascending, by risk.
    states : dict of str to numpy.ndarray of int8, shape (vehicles, leak days, days shown)
        For each risk of vehicles, states as in `analyzer.policy.resampling`.
    baselines : dict of str to list of float
        For each of these risks, what chance gives, by days shown.
    reasons : dict of str to list of str
        Why it is not measured; empty where it is.
    figures : dict of str to list of Estimate
        The risks that are figures of the whole, by days shown.
    stretches : dict of (str, int) to numpy.ndarray of bool, shape (vehicles, leak days)
        Of whom `IN_STRETCHES` are found in the last days before each leak, by risk and length.
    chances : dict of (str, int) to float
        What chance gives in each.
    """

    shown_days: dict[str, tuple[int, ...]]
    states: dict[str, np.ndarray]
    baselines: dict[str, list[float]]
    reasons: dict[str, list[str]]
    figures: dict[str, list[Estimate]]
    stretches: dict[tuple[str, int], np.ndarray]
    chances: dict[tuple[str, int], float]

    def united(
        self, risk: str, shown: int, within: tuple[int, ...]
    ) -> tuple[np.ndarray, float]:
        """Give the states of a risk, and chance, in all that is shown or in stretches of it."""
        states = self.states[risk][:, :, self.shown_days[risk].index(shown)]
        looked = (*within, shown)
        alone = np.logical_or.reduce([self.stretches[risk, days] for days in looked])
        united = np.where(alone, ALONE, states).astype(np.int8)
        found = [int(self.stretches[risk, days].sum()) for days in looked]
        chances = [self.chances[risk, days] for days in looked]
        return united, united_baseline(chances, found, int(alone.sum()))


def find_window_states(
    setting: Setting,
    shown_days: dict[str, tuple[int, ...]],
    *,
    rotation: str,
    vehicles: int,
    stretches: tuple[int, ...],
) -> WindowStates:
    """Find what leaks tell, for all risks and lengths of exposure.

    Parameters
    ----------
    setting : Setting
        What is equal for all windows; `open_days` is 0.
    shown_days : dict of str to tuple of int
        Days that a leak shows, ascending, by risk (as `analyzer.policy.outcomes.check_risks` gives
        them); empty where no window is measurable.
    rotation : str
        How often pseudonyms change, for linkage.
    vehicles : int
        All vehicles.
    stretches : tuple of int
        Lengths at which `IN_STRETCHES` are looked for besides.

    Returns
    -------
    WindowStates
    """
    inferred = tuple(risk for risk in shown_days if risk not in (*OF_ALL, "unicity"))
    whole = tuple(risk for risk in shown_days if risk in OF_ALL)
    codes = len(setting.codes) if inferred and setting.history else 0
    lengths = {risk: len(days) for risk, days in shown_days.items()}
    states = {
        risk: np.zeros((codes, len(setting.leak_days), lengths[risk]), np.int8)
        for risk in inferred
    }
    baselines = {risk: [math.nan] * lengths[risk] for risk in inferred}
    reasons = {risk: [""] * lengths[risk] for risk in inferred}
    figures: dict[str, list[Estimate]] = {risk: [] for risk in whole}
    found_in: dict[tuple[str, int], np.ndarray] = {}
    chances: dict[tuple[str, int], float] = {}
    if "unicity" in shown_days:
        n = lengths["unicity"]
        states["unicity"] = _singled_out(setting, shown_days["unicity"])
        baselines["unicity"], reasons["unicity"] = [1 / vehicles] * n, [""] * n
    linked = window_linkage(setting, rotation)
    # Those stretches alone count that are shorter than what a leak shows.
    looked = {
        risk: {*days, *(
            stretches_within(stretches, max(days, default=0)) if risk in IN_STRETCHES else ()
        )}
        for risk, days in shown_days.items()
        if risk != "unicity"
    }  # fmt: skip
    for days in sorted(set().union(*looked.values())):
        policy = Policy(f"{days}D", attributes="keep")
        here = tuple(risk for risk in inferred if days in looked[risk])
        found = find_outcomes(setting, policy, here) if here else None
        for risk in here:
            if risk in IN_STRETCHES:
                found_in[risk, days] = found.states[risk] == ALONE
                chances[risk, days] = found.baselines[risk]
            if days in shown_days[risk]:
                at = shown_days[risk].index(days)
                states[risk][:, :, at] = found.states[risk]
                baselines[risk][at] = found.baselines[risk]
                reasons[risk][at] = found.unmeasured.get(risk, "")
        for risk in (risk for risk in whole if days in looked[risk]):
            if risk == "linkage":
                changed = replace(policy, rotation=rotation)
                figures[risk].append(linkage_of(setting, changed, linked))
            else:
                figures[risk].append(OF_ALL[risk](setting, policy))
    return WindowStates(shown_days, states, baselines, reasons, figures, found_in, chances)


def _singled_out(setting: Setting, shown_days: tuple[int, ...]) -> np.ndarray:
    if not shown_days:
        return np.zeros((0, len(setting.leak_days), 0), np.int8)
    shared = {
        **knowledge_of(setting.sightings, setting.adversary, setting.seed, setting.runner),
        "history": setting.history,
        "leak_days": np.array(setting.leak_days, np.int64),
        "reach": np.array(shown_days, np.int64),
    }
    return states_before_leaks(setting.sightings, setting.runner, shared)
