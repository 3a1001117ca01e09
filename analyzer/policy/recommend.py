"""Recommend: the least restrictive policies whose risks stay under targets, if there are any.

How long sightings may be kept is searched for each way of rounding them: where a risk cannot fall
with longer keeping, by halving on the risk and going down from there on the upper end of its
interval (which can fall: longer windows have fewer leaks to compare, so that their intervals leave
out how leaks differ); by trying every length where the risk itself can fall. Where no rounding will
do, sightings where few drive, and cameras, are given up too, as few as will do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.leaks import MEASURED
from analyzer.policy.nested import has_cameras
from analyzer.policy.outcomes import OF_ALL, RISKS
from analyzer.policy.policy import Policy
from analyzer.policy.populations import count_populations
from analyzer.policy.recommendation import Recommendation, Trial
from analyzer.policy.setting import SAMPLE, STRETCHES, Setting, make_setting
from analyzer.policy.stretches import find_outcomes_within
from analyzer.policy.usual_windows import find_usual_shares
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS, parse_duration

LENGTHS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 30, 60, 90, 120, 180, 365)
"""Days kept that are tried, as far as the data hold them."""

ROUNDINGS = (
    Policy(attributes="keep"),
    Policy(time="1h", attributes="keep"),
    Policy(space="zone", attributes="keep"),
    Policy(time="1h", space="zone", attributes="keep"),
    Policy(time="1D", space="zone", attributes="keep"),
    Policy(time="1D", space="5km", attributes="keep"),
)
"""Ways of rounding that are tried, the least restrictive first."""

ROTATIONS = (
    Policy(rotation="7D", attributes="keep"),
    Policy(rotation="1D", attributes="keep"),
    Policy(rotation="1D", time="1h", space="zone", attributes="keep"),
    Policy(rotation="1D", time="1D", space="5km", attributes="keep"),
)
"""What is tried instead where linkage has a target: who keeps one pseudonym is always known."""

FEWER = (
    Policy(min_k=5, attributes="keep"),
    Policy(min_k=10, attributes="keep"),
    Policy(min_k=20, attributes="keep"),
    Policy(cameras=0.5, attributes="keep"),
    Policy(cameras=0.25, attributes="keep"),
    Policy(cameras=0.1, attributes="keep"),
    Policy(cameras=0.5, min_k=10, time="1h", space="zone", attributes="keep"),
    Policy(cameras=0.25, min_k=10, time="1h", space="zone", attributes="keep"),
    Policy(cameras=0.1, min_k=10, time="1D", space="5km", attributes="keep"),
)
"""What is tried where no rounding meets the targets, the least restrictive first, until one does:
sightings are kept only where so many vehicles pass a camera in an hour (or a bin of time), or only
a part of the cameras records."""

NEVER_FALLS = ("unicity", *IN_STRETCHES)
"""Risks that cannot fall when more days are kept; of being singled out this holds in bins of a day
or shorter, under one pseudonym, of homes, works and commutes from usual lengths (`STRETCHES`)."""


def recommend_policy(
    sightings: Sightings,
    targets: Mapping[str, float] | None = None,
    seed: int = 0,
    *,
    adversary: Adversary | None = None,
    roundings: Sequence[Policy] | None = None,
    sample: int | None = SAMPLE,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Recommendation:
    """Recommend the least restrictive policies whose risks stay at or under targets.

    Parameters
    ----------
    sightings : Sightings
        The population.
    targets : mapping of str to float
        The largest share allowed of each risk, ``{"unicity": 0.05, "homes": 0.10}``; by default
        5 % singled out.
    seed : int
        Of every draw.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    roundings : sequence of Policy, optional
        What is done to sightings besides deleting them, the least restrictive first; their
        retention is what is searched for. By default `ROUNDINGS`, or `ROTATIONS` where linkage has
        a target; and, where none of these meets the targets, `FEWER` (with new pseudonyms each day
        where linkage has a target), until one does.
    sample : int or None
        Vehicles among which companions are looked for.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the roundings done and the roundings in all.

    Returns
    -------
    Recommendation
        A target is met if the upper end of the risk's 95 % interval is not above it.

    Raises
    ------
    UsageError
        If a target is no share, or of a risk that is not known.

    Notes
    -----
    Knowledge is fixed over all policies, as in `compare_policies`: H is the longest keeping tried.
    Being singled out cannot become rarer with more days kept (in bins of a day or shorter, without
    rotation), nor can homes, works and commutes that are found in all that is kept or a usual
    stretch of it from one usual length (`STRETCHES`) to a longer one, so the longest of these
    lengths with a risk at or under the target is found by halving. The upper end of the interval
    can be lower for a longer keeping, where leaks are too near each other to count as several: from
    the longest on, odd lengths before the next usual one too, each shorter keeping is looked at
    until one meets the targets. Other risks can become rarer, so that every length is tried.
    Cameras that are kept are drawn by `seed`. A policy is left out of the answer if another one
    that meets the targets takes no more out and keeps at least as long.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 9 + [1] * 9, [i * day for i in range(9)] * 2, [0] * 9 + [1] * 9)
    >>> found = recommend_policy(two, {"unicity": 0.7}, adversary=Adversary(points=1),
    ...                          roundings=[Policy()])
    >>> found.policies
    ()
    """
    check_sightings(sightings)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    targets = check_targets({"unicity": 0.05} if targets is None else targets)
    fewer: Sequence[Policy] = ()
    if roundings is None:
        linked = "linkage" in targets
        roundings = ROTATIONS if linked else ROUNDINGS
        fewer = [replace(each, rotation="1D") for each in FEWER] if linked else FEWER
    runner, sightings = fit_to_engine(sightings, engine, memory)
    say = progress or (lambda done, total: None)
    local = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    covered = int(local[1] - local[0]) + 1
    # Half of the data at most, so that there are leak days to compare.
    lengths = [days for days in LENGTHS if days <= max(1, covered // 2)]
    setting = make_setting(
        sightings,
        [Policy(f"{days}D") for days in lengths],
        adversary,
        sample=sample,
        seed=seed,
        engine=runner,
        memory=memory,
    )
    monotone = set(targets) <= set(NEVER_FALLS)
    days_long = parse_duration(adversary.time) > DAY_MS
    trials: list[Trial] = []
    steps = len(roundings) + len(fewer)
    for number, rounding in enumerate((*roundings, *fewer)):
        if number >= len(roundings) and any(trial.meets for trial in trials):
            break

        def measure(days: int, rounding: Policy = rounding) -> Trial:
            policy = replace(rounding, retention=f"{days}D")
            trial = _try(setting, policy, targets)
            trials.append(trial)
            return trial

        rounds_days = rounding.time is not None and parse_duration(rounding.time) > DAY_MS
        can_fall = "unicity" in targets and (
            days_long or rounds_days or rounding.rotation is not None
        )
        if monotone and not can_fall:
            # What the shortest keeping does not meet, no longer one does.
            given_up = number >= len(roundings)
            if not given_up or _is_possible(first := measure(lengths[0]), targets):
                _search(lengths, measure, targets, [first] if given_up else [])
        else:
            for days in lengths:
                measure(days)
        say(number + 1, steps)
    say(steps, steps)
    return Recommendation(
        policies=tuple(_longest(trials, (*roundings, *fewer))),
        trials=tuple(trials),
        targets=dict(targets),
        adversary=adversary,
        knowledge_days=setting.history,
        longest=lengths[-1],
        vehicles=sightings.n_vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
        populations=count_populations(setting.sightings, adversary, setting.runner),
        beside=find_usual_shares(setting, tuple(targets)),
    )


def check_targets(targets: Mapping[str, float]) -> dict[str, float]:
    """Refuse targets that are no shares, or of risks that are not known.

    Raises
    ------
    UsageError
        With what to write instead.

    Examples
    --------
    >>> check_targets({"unicity": 0.05})
    {'unicity': 0.05}
    """
    if not isinstance(targets, Mapping) or not targets:
        raise UsageError("targets: write one or more, for example {'unicity': 0.05}")
    for risk, share in targets.items():
        if risk not in (*RISKS, *OF_ALL):
            known = ", ".join((*RISKS, *OF_ALL))
            raise UsageError(f"target {risk!r} is not known; write some of {known}")
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise UsageError(f"target {risk}={share!r}: write a share from 0 to 1, such as 0.05")
    return {risk: float(share) for risk, share in targets.items()}


def _try(setting: Setting, policy: Policy, targets: Mapping[str, float]) -> Trial:
    found = find_outcomes_within(setting, policy, tuple(targets))
    risks = {
        risk: found.estimate(
            risk,
            days_vary=setting.status_of(policy) == MEASURED,
            seed=[setting.seed, number],
            method="mean over leak days; bootstrap, 95 %",
        )
        for number, risk in enumerate(targets)
    }
    # What cannot be measured is not shown to be met (the comparison with NaN is false).
    meets = all(risks[risk].high <= target for risk, target in targets.items())
    return Trial(policy, risks, meets)


def _is_possible(trial: Trial, targets: Mapping[str, float]) -> bool:
    """Whether the risks themselves are at most the targets, so that longer keeping may meet them.

    No interval of so many vehicles ends at nought: a target of nought is met by none.
    """
    return all(
        trial.risks[risk].value <= target and (target > 0 or trial.risks[risk].high <= 0)
        for risk, target in targets.items()
    )


def _search(
    lengths: Sequence[int],
    measure: Callable[[int], Trial],
    targets: Mapping[str, float],
    measured: Sequence[Trial] = (),
) -> None:
    """Find the longest keeping that meets the targets, where a risk never falls with more days.

    What an odd length alone tells of homes, works and commutes, a longer one need not: there, usual
    lengths alone are halved, and one that will not do rules out all longer ones. These have a risk
    above a target, whatever its interval. From there down each length is measured until one meets
    the targets: ends of intervals may fall.
    """
    known = {trial.policy.days: trial for trial in measured}

    def at(days: int) -> Trial:
        if days not in known:
            known[days] = measure(days)
        return known[days]

    every = set(targets).isdisjoint(IN_STRETCHES)
    halved = [days for days in lengths if every or days in STRETCHES]
    low, high = 0, len(halved)
    while low < high:
        middle = (low + high) // 2
        if _is_possible(at(halved[middle]), targets):
            low = middle + 1
        else:
            high = middle
    possible = [days for days in lengths if low == len(halved) or days < halved[low]]
    for days in reversed(possible):
        if at(days).meets:
            return


def _longest(trials: Sequence[Trial], roundings: Sequence[Policy]) -> list[Trial]:
    """Give for each rounding the longest keeping that meets the targets, without what is beaten."""
    found: list[Trial] = []
    for rounding in roundings:
        of = [
            trial
            for trial in trials
            if trial.meets and replace(trial.policy, retention=rounding.retention) == rounding
        ]
        if not of:
            continue
        best = max(of, key=lambda trial: trial.policy.days)
        if not any(_beats(other.policy, best.policy) for other in found):
            found.append(best)
    return found


def _beats(one: Policy, other: Policy) -> bool:
    """Whether one policy keeps at least as long and takes no more out than another."""

    def no_coarser(first: str | None, second: str | None) -> bool:
        return first is None or first == second

    return (
        one.days >= other.days
        and no_coarser(one.time, other.time)
        and no_coarser(one.space, other.space)
        and has_cameras(one.cameras, other.cameras)
        and (one.min_k or 0) <= (other.min_k or 0)
        and (one.rotation, one.hits) == (other.rotation, other.hits)
    )
