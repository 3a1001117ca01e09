"""Sharing: what two operators' stores give away together, beside what each does alone.

The adversary is the same for all three: what is known are sightings at the cameras of either
operator, and those that a store does not hold help nobody with that store alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.fitting import fit_to_engine
from analyzer.policy.inferred import IN_STRETCHES, WITHIN, is_visit
from analyzer.policy.joining import join_stores
from analyzer.policy.outcomes import OF_ALL, check_risks
from analyzer.policy.policy import Policy
from analyzer.policy.resampling import (
    ABSENT,
    ALONE,
    IS_ALONE,
    IS_TARGET,
    SHOWN,
    estimate_difference,
    estimate_share,
)
from analyzer.policy.setting import SAMPLE, make_setting
from analyzer.policy.shared_risk import (
    ALL,
    BOTH,
    FIRST,
    HOLDERS,
    SECOND,
    SEEN_BY_BOTH,
    SharedRisk,
    Sharing,
)
from analyzer.policy.stretches import find_outcomes_within
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.site_exposure import LEAST_SHOWN
from analyzer.risk.sites import SitesSource, read_sites
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    pass

METHOD = "all data; bootstrap of vehicles, 95 %"


def compare_sharing(
    sightings: Sightings,
    other: Sightings,
    adversary: Adversary | None = None,
    seed: int = 0,
    *,
    risks: Sequence[str] = ("unicity", "homes", "works", "commutes"),
    sites: SitesSource | None = None,
    sample: int | None = SAMPLE,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Sharing:
    """Compare what two operators' stores give away together with what each does alone.

    Parameters
    ----------
    sightings, other : Sightings
        The two stores, with pseudonyms made with one key.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    seed : int
        Of every draw.
    risks : sequence of str
        ``"unicity"``, ``"homes"``, ``"works"``, ``"commutes"``, ``"companions"``, ``"visits"``.
    sites : path, frame or Sites, optional
        Sensitive sites: visits to each category of them are a risk of their own.
    sample : int or None
        Vehicles among which companions are looked for.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Sharing

    Raises
    ------
    UsageError
        If the pseudonyms were not made with one key, the time zones differ, a store is empty, or a
        risk is not known.

    Notes
    -----
    The stores are joined, and all three are views of that: the cameras of the first operator, those
    of the second, and all. What is known of a vehicle are points of all of its sightings, drawn
    once; those at cameras that a store does not have help nobody with it, and a vehicle of which
    none is left is not singled out. Shares are of all vehicles that either operator saw, and of
    those that both did. The leak shows all days.

    Examples
    --------
    Two vehicles pass a camera of the town together, and part at two cameras of the county.

    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> town = from_arrays([0, 1], [0, 0], [0, 0])
    >>> county = from_arrays([0, 1], [hour, hour], [0, 1])
    >>> shared = compare_sharing(town, county, Adversary(points=2), risks=["unicity"])
    >>> {who: share.value for who, share in shared.of("unicity").shares.items()}
    {'first': 0.0, 'second': 1.0, 'both': 1.0}
    """
    for given in (sightings, other):
        check_sightings(given)
    adversary = Adversary() if adversary is None else adversary
    check_draw(sample, seed)
    sites = None if sites is None else read_sites(sites)
    risks = check_risks(risks, sites)
    whole = [risk for risk in risks if risk in OF_ALL]
    if whole:
        raise UsageError(f"risks: {whole[0]!r} is no risk of single vehicles; leave it out here")
    runner, sightings = fit_to_engine(sightings, engine, memory)
    _, other = fit_to_engine(other, runner)
    joined = join_stores(sightings, other)
    setting = make_setting(
        joined.sightings,
        [Policy(None)],
        adversary,
        sample=sample,
        seed=seed,
        engine=runner,
        memory=memory,
        sites=sites,
    )
    cameras = (*joined.cameras, joined.cameras[0] + joined.cameras[1])
    found = [
        find_outcomes_within(setting, Policy(None, cameras=names, attributes="keep"), risks)
        for names in cameras
    ]
    both = np.intersect1d(*joined.codes)
    of_both = np.isin(setting.codes, both)
    shared = []
    for number, risk in enumerate(risks):
        states = [each.states[risk] for each in found]
        reason = next((each.unmeasured[risk] for each in found if risk in each.unmeasured), "")
        for among in (ALL, SEEN_BY_BOTH):
            if among == SEEN_BY_BOTH:
                states = [np.where(of_both[:, None], each, ABSENT) for each in states]
            one = _shared_risk(
                risk, among, states, [each.baselines[risk] for each in found], reason,
                [int(seed), number, len(among)],
            )  # fmt: skip
            if among == ALL:
                one = replace(one, reported={
                    who: each.estimate(
                        risk, days_vary=False, seed=[int(seed)], method=METHOD, of_whole=True
                    )
                    for who, each in zip(HOLDERS, found, strict=True) if risk in each.whole
                })  # fmt: skip
            # How many were at sensitive sites is never said of fewer than ten.
            shared.append(one.published(LEAST_SHOWN) if is_visit(risk) else one)
    return Sharing(
        risks=tuple(shared),
        vehicles={
            FIRST: len(joined.codes[0]) - len(both),
            SECOND: len(joined.codes[1]) - len(both),
            BOTH: len(both),
        },
        cameras={FIRST: sightings.n_cameras_seen, SECOND: other.n_cameras_seen},
        sightings={FIRST: len(sightings), SECOND: len(other)},
        adversary=adversary,
        seed=int(seed),
        synthetic=joined.sightings.synthetic,
    )


def _shared_risk(
    risk: str,
    among: str,
    states: list[np.ndarray],
    baselines: list[float],
    reason: str,
    seed: list[int],
) -> SharedRisk:
    """Turn what each store tells of each vehicle into figures."""
    how = f"{WITHIN}; {METHOD}" if risk in IN_STRETCHES else METHOD
    method = f"not measured: {reason}" if reason else how
    how = {"days_vary": False, "method": method}

    def share(of: np.ndarray, baseline: float | None, salt: int) -> Estimate:
        rng = np.random.default_rng([*seed, salt])
        return estimate_share(of, IS_ALONE, IS_TARGET, rng=rng, baseline=baseline, **how)

    shares = {
        who: share(of, None if math.isnan(baseline) else baseline, salt)
        for salt, (who, of, baseline) in enumerate(zip(HOLDERS, states, baselines, strict=True))
    }
    added = {
        who: estimate_difference(
            states[2], of, rng=np.random.default_rng([*seed, 3 + salt]), **how
        )
        for salt, (who, of) in enumerate(zip(HOLDERS[:2], states[:2], strict=True))
    }
    alone = (states[0] == ALONE) | (states[1] == ALONE)
    together = np.where((states[2] == ALONE) & alone, np.int8(SHOWN), states[2])
    return SharedRisk(risk, among, shares, added, share(together, None, 5))
