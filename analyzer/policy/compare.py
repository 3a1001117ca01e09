"""Compare policies: all risks of each, on the same leaks and vehicles, beside what use is left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.fitting import fit_to_engine
from analyzer.policy.benefit import Uses
from analyzer.policy.comparison import PolicyComparison
from analyzer.policy.hits import find_hits, read_hits, share_known, share_of_hits
from analyzer.policy.inferred import is_visit
from analyzer.policy.kept_counts import fewest_in_sums, kept_counts, vehicles_apart
from analyzer.policy.leaks import MEASURED, NOT_MEASURABLE
from analyzer.policy.outcomes import RISKS, Outcomes, check_risks
from analyzer.policy.policy import Policy, read_policies, whole_days
from analyzer.policy.policy_outcome import PolicyOutcome, mark_undominated
from analyzer.policy.populations import count_populations
from analyzer.policy.resampling import estimate_difference
from analyzer.policy.setting import SAMPLE, Setting, make_setting
from analyzer.policy.stretches import find_outcomes_within
from analyzer.policy.traffic_counts import count_accuracy, hourly_profile
from analyzer.policy.usual_windows import find_usual_shares
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.site_exposure import LEAST_SHOWN
from analyzer.risk.sites import SitesSource, read_sites
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS


def compare_policies(
    sightings: Sightings,
    policies: Mapping[str, Policy] | Sequence[Policy] | str | Path,
    adversary: Adversary | None = None,
    seed: int = 0,
    *,
    risks: Sequence[str] = (*RISKS, "linkage"),
    sites: SitesSource | None = None,
    open_for: str = "0D",
    uses: Uses | None = None,
    hits: str | Path | Sequence[str] | None = None,
    sample: int | None = SAMPLE,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PolicyComparison:
    """Compare what a leak gives away under several policies, and what use they leave.

    Parameters
    ----------
    sightings : Sightings
        The population, before any policy.
    policies : mapping of str to Policy, sequence of Policy, or path
        The policies by name; a sequence is named by what each says; a path is a TOML file (see
        `analyzer.policy.policy.read_policies`). The first is the one the others are held against.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    seed : int
        Of every draw.
    risks : sequence of str
        Which: ``"unicity"``, ``"homes"``, ``"works"``, ``"commutes"``, ``"companions"``, and, as
        the last leak shows them, ``"linkage"`` (new pseudonyms that are known again; 1 where they
        never change) and ``"predictability"`` (destinations that are told rightly).
    sites : path, frame or Sites, optional
        Sensitive sites: visits to each category of them are a risk of their own (see
        `analyzer.policy.retention.sweep_retention`).
    open_for : str
        Days for which the store stood open before each leak ended.
    uses : Uses, optional
        How old records are when they are used (`analyzer.policy.benefit.read_uses`); without them
        no benefit of keeping is shown.
    hits : path or sequence of str, optional
        Vehicles that were searched for (names, or a file with one a line): the share of what each
        policy keeps that is of one of them stands beside the rest of the use.
    sample : int or None
        Vehicles among which companions are looked for, drawn by chance; None takes all. Linkage
        looks for as many at each change of pseudonyms, among all new ones.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the policies done and the policies in all.

    Returns
    -------
    PolicyComparison

    Raises
    ------
    UsageError
        If there is no policy, none that the data are long enough for, or none of the hits is a
        vehicle of the data.

    Notes
    -----
    *Same leaks, same vehicles, same knowledge.* H is the longest retention compared that the data
    can hold. A vehicle counts if it was seen (for unicity: at p distinct points) in the H days
    before the leak, and what is known of it are p of those points, drawn once
    (`analyzer.policy.retention`). The policy is then done to the store and to each known sighting:
    one that is gone helps nobody, one that is rounded is known as finely as the store shows it, and
    one under another pseudonym cannot be joined with the rest.

    *Differences* are paired: the same vehicles on the same leak days, vehicles drawn again.

    *Inferred* homes, works, commutes and companions are what the finders name in what the leak
    shows: of any pseudonym of the vehicle. Homes, works and commutes count too where a shorter
    stretch of it up to the leak tells them: the last 1, 3, 7, 14, 21, 30, 90 and 180 days
    (`analyzer.policy.stretches`), so that shares never fall from one of these lengths to a longer
    one, and can from another; what all that is shown tells at once stands beside them. How often
    they are right is shown by their scores.

    *The rest of the use*: share of the sightings before a leak that the store still holds; how well
    the traffic of an ordinary week can be counted in it (which needs no plates: counts may be kept
    where sightings are not); and the share of a user's file of uses that are served.

    Examples
    --------
    Two vehicles, each seen once a day by its own camera, for three days.

    >>> from analyzer.array_sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 3 + [1] * 3, [0, day, 2 * day] * 2, [0] * 3 + [1] * 3)
    >>> compared = compare_policies(
    ...     two, {"long": Policy("2D"), "short": Policy("0D")}, Adversary(points=1),
    ...     risks=["unicity"])
    >>> compared.to_pandas()[["policy", "unicity", "unicity_difference"]].values.tolist()
    [['long', 1.0, 0.0], ['short', 0.0, -1.0]]
    """
    check_sightings(sightings)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    sites = None if sites is None else read_sites(sites)
    risks = check_risks(risks, sites)
    named = name_policies(policies)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    say = progress or (lambda done, total: None)
    setting = make_setting(
        sightings,
        tuple(named.values()),
        adversary,
        open_days=whole_days(open_for, "open_for", least=0),
        sample=sample,
        seed=seed,
        engine=runner,
        memory=memory,
        sites=sites,
    )
    everything = Policy(retention=None, attributes="keep")
    names = None if hits is None else read_hits(hits)
    searched = None if names is None else find_hits(sightings, names)
    last = len(setting.leak_days) - 1
    shown = setting.released(everything, last)
    profile = hourly_profile(shown, setting.runner)
    n_codes = sightings.n_codes
    # Beside nothing and all that was seen, each policy is held against those before it.
    counts: list[np.ndarray | None] = [
        np.zeros(n_codes, np.int32), kept_counts(shown, n_codes, setting.runner),
    ]  # fmt: skip
    judged, reference = [], None
    for number, (name, policy) in enumerate(named.items()):
        found = None
        if setting.status_of(policy) != NOT_MEASURABLE:
            found = find_outcomes_within(setting, policy, risks)
            reference = found if reference is None else reference
        outcome = _judge(setting, name, policy, found, reference, uses, profile, risks)
        kept = None
        if found is not None:
            released = setting.released(policy, last)
            kept = kept_counts(released, n_codes, setting.runner)
            outcome = replace(
                outcome,
                kept_of=vehicles_apart(kept, counts),
                kept_sums=fewest_in_sums(kept, counts),
            )
            if searched is not None:
                share, vehicles = share_of_hits(released, searched, setting.runner)
                apart = vehicles_apart(kept, counts, searched)
                outcome = replace(outcome, hits=share, hit_vehicles=vehicles, hits_of=apart)
        counts.append(kept)
        judged.append(outcome)
        say(number + 1, len(named))
    comparison = PolicyComparison(
        outcomes=tuple(mark_undominated(judged)),
        adversary=adversary,
        knowledge_days=setting.history,
        open_days=setting.open_days,
        leak_dates=tuple(
            (date(1970, 1, 1) + timedelta(days=day)).isoformat() for day in setting.leak_days
        ),
        vehicles=sightings.n_vehicles,
        sample=None if setting.sampled is None else sample,
        uses=uses,
        seed=int(seed),
        synthetic=sightings.synthetic,
        populations=count_populations(setting.sightings, adversary, setting.runner),
        beside=find_usual_shares(setting, risks),
        searched=None if searched is None else share_known(searched, names),
    )
    # How many were at sensitive sites is never said of fewer than ten, published or not.
    return comparison.published(LEAST_SHOWN, of=is_visit, use=False)


def name_policies(
    policies: Mapping[str, Policy] | Sequence[Policy] | str | Path,
) -> dict[str, Policy]:
    """Give policies by name.

    Raises
    ------
    UsageError
        If there is none, or something that is no policy.
    """
    if isinstance(policies, (str, Path)):
        policies = read_policies(policies)
    if not isinstance(policies, Mapping):
        policies = {
            policy.describe() if isinstance(policy, Policy) else "": policy for policy in policies
        }
    wrong = [name for name, policy in policies.items() if not isinstance(policy, Policy)]
    if wrong or not policies:
        raise UsageError(
            "policies: write one or more, for example {'maine': Policy(retention='21D')}"
        )
    return dict(policies)


def _judge(
    setting: Setting,
    name: str,
    policy: Policy,
    found: Outcomes | None,
    reference: Outcomes | None,
    uses: Uses | None,
    profile: np.ndarray,
    risks: Sequence[str],
) -> PolicyOutcome:
    """Turn what leaks under a policy tell into figures."""
    status = setting.status_of(policy)
    if found is None:
        nothing = {
            risk: Estimate(math.nan, math.nan, math.nan, 0, NOT_MEASURABLE) for risk in risks
        }
        return PolicyOutcome(name, policy, status, nothing, nothing, math.nan, math.nan)
    resampled = "vehicles and leak days" if status == MEASURED else "vehicles"
    method = f"mean over leak days; bootstrap of {resampled}, 95 %"
    shares, differences, whole = {}, {}, {}
    for number, risk in enumerate(risks):
        how = {"days_vary": status == MEASURED, "method": method}
        seed = [setting.seed, number]
        shares[risk] = found.estimate(risk, seed=seed, **how)
        if risk in found.whole:
            whole[risk] = found.estimate(risk, seed=seed, of_whole=True, **how)
        if risk in found.figures:
            differences[risk] = _unpaired(shares[risk], reference.figures[risk])
            continue
        differences[risk] = estimate_difference(
            found.states[risk],
            reference.states[risk],
            days_vary=how["days_vary"],
            rng=np.random.default_rng(seed),
            method=f"{method}; paired",
        )
    kept, traffic = _use_left(setting, policy, profile)
    return PolicyOutcome(
        name=name,
        policy=policy,
        status=status,
        risks=shares,
        differences=differences,
        kept=kept,
        traffic=traffic,
        served=None if uses is None else uses.served(policy.days),
        whole_window=whole,
    )


def _unpaired(one: Estimate, other: Estimate) -> Estimate:
    """Give the difference of two figures of the whole, which have no cases that could be paired."""
    value = one.value - other.value
    reach = math.hypot(one.high - one.low, other.high - other.low) / 2
    return Estimate(
        value, value - reach, value + reach, min(one.n, other.n), "intervals added in squares", 0.0
    )


def _use_left(setting: Setting, policy: Policy, profile: np.ndarray) -> tuple[float, float]:
    """Say which share of the sightings is left, and how well traffic can be counted in it."""
    released = setting.released(policy, len(setting.leak_days) - 1)
    last = setting.leak_days[-1]
    first = int(setting.sightings.clock.local(np.array(setting.sightings.span_ms[:1]))[0]) // DAY_MS
    before = int(profile.sum())
    covered = last - first
    days = covered if policy.days is None else min(policy.days, covered)
    traffic = count_accuracy(profile, covered, released, days, setting.runner)
    return len(released) / before if before else 0.0, traffic
