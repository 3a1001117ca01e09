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
from analyzer.policy.outcomes import OF_ALL, find_outcomes, linkage_of, window_linkage
from analyzer.policy.policy import Policy
from analyzer.policy.setting import Setting
from analyzer.risk.knowledge import knowledge_of


@dataclass(frozen=True)
class WindowStates:
    """What each leak tells about each vehicle.

    Attributes
    ----------
    shown_days : tuple of int
        Days that a leak shows, ascending.
    states : dict of str to numpy.ndarray of int8, shape (vehicles, leak days, len(shown_days))
        For each risk of vehicles, states as in `analyzer.policy.resampling`.
    baselines : dict of str to list of float
        For each of these risks, what chance gives, by days shown.
    reasons : dict of str to list of str
        Why it is not measured; empty where it is.
    figures : dict of str to list of Estimate
        The risks that are figures of the whole, by days shown.
    """

    shown_days: tuple[int, ...]
    states: dict[str, np.ndarray]
    baselines: dict[str, list[float]]
    reasons: dict[str, list[str]]
    figures: dict[str, list[Estimate]]


def find_window_states(
    setting: Setting,
    shown_days: tuple[int, ...],
    risks: tuple[str, ...],
    *,
    rotation: str,
    vehicles: int,
) -> WindowStates:
    """Find what leaks tell, for all risks and lengths of exposure.

    Parameters
    ----------
    setting : Setting
        What is equal for all windows; `open_days` is 0.
    shown_days : tuple of int
        Days that a leak shows, ascending; empty where no window is measurable.
    risks : tuple of str
        As `analyzer.policy.outcomes.check_risks` gives them.
    rotation : str
        How often pseudonyms change, for linkage.
    vehicles : int
        All vehicles.

    Returns
    -------
    WindowStates
    """
    inferred = tuple(risk for risk in risks if risk not in (*OF_ALL, "unicity"))
    whole = tuple(risk for risk in risks if risk in OF_ALL)
    n = len(shown_days)
    codes = len(setting.codes) if inferred and setting.history else 0
    states = {
        risk: np.zeros((codes, len(setting.leak_days), n), np.int8) for risk in inferred
    }
    baselines = {risk: [math.nan] * n for risk in inferred}
    reasons = {risk: [""] * n for risk in inferred}
    figures: dict[str, list[Estimate]] = {risk: [] for risk in whole}
    if "unicity" in risks:
        states["unicity"] = _singled_out(setting, shown_days)
        baselines["unicity"], reasons["unicity"] = [1 / vehicles] * n, [""] * n
    linked = window_linkage(setting, rotation)
    for at, days in enumerate(shown_days):
        policy = Policy(f"{days}D", attributes="keep")
        found = find_outcomes(setting, policy, inferred) if inferred else None
        for risk in inferred:
            states[risk][:, :, at] = found.states[risk]
            baselines[risk][at] = found.baselines[risk]
            reasons[risk][at] = found.unmeasured.get(risk, "")
        for risk in whole:
            if risk == "linkage":
                changed = replace(policy, rotation=rotation)
                figures[risk].append(linkage_of(setting, changed, linked))
            else:
                figures[risk].append(OF_ALL[risk](setting, policy))
    return WindowStates(shown_days, states, baselines, reasons, figures)


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
