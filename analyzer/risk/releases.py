"""Two releases of one collection, each under its own pseudonyms, joined again by what both hold.

What one release withholds (makes and colours, say) the other may hold; whoever joins them has both.
The adversary that counts is chosen without an answer: each pseudonym of the first release is cut
into two halves (odd and even days), and the adversary by which both halves most often point to the
same candidate is the one to be trusted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.estimate import wilson
from analyzer.local_time import Clock, clock
from analyzer.risk.assignment import learn_margin
from analyzer.risk.draw import draw_vehicles
from analyzer.risk.linkage_result import RANKS, Tried, median_of_ranks
from analyzer.risk.profile_groups import ProfileGroups, entries_at_once
from analyzer.risk.profile_matching import Matches
from analyzer.risk.profile_weights import (
    MATCHERS,
    STEP,
    UNIT_COSINE,
    UNIT_LIKELIHOOD,
    Traffic,
    count_traffic,
    join_traffic,
)
from analyzer.risk.profiles import (
    GRAINS,
    PLACE,
    SAME_TIME_GRAINS,
    Counts,
    Profiles,
    check_keys,
    count_in_part,
    gather_counts,
    make_profiles,
    order_pseudonyms,
)
from analyzer.risk.release_result import ReleaseLinkage
from analyzer.risk.rotation import (
    BEFORE_ALL,
    Name,
    assign_matches,
    halves,
    match_among,
    refuse_too_much,
)
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS

TOGETHER = 0.5
"""From this share of the shorter release's time on, the releases are of one time."""

_UNITS = {"cosine": UNIT_COSINE**2, "likelihood": UNIT_LIKELIHOOD}


class Release(NamedTuple):
    """One release, counted on the places and hours of both."""

    sightings: Sightings
    counts: Counts

    def profiles(
        self, grain: int, number: int, seed: int, *, hours: np.ndarray | None = None,
        among: np.ndarray | None = None,
    ) -> Profiles:  # fmt: skip
        """Make the profiles of the release's pseudonyms, from all hours or from some."""
        wanted = np.ones(self.counts.hours, bool) if hours is None else hours
        return make_profiles(self.counts, wanted, grain, period=number, seed=seed, among=among)

    def groups(self, grain: int, number: int, seed: int, engine: Engine) -> ProfileGroups:
        """Give the profiles of all its pseudonyms, as many at once as the engine may hold."""
        wanted = np.ones(self.counts.hours, bool)
        pseudonyms = order_pseudonyms(self.counts, wanted, period=number, seed=seed)
        return ProfileGroups(self.counts, wanted, grain, pseudonyms, entries_at_once(engine))


class Attempt(NamedTuple):
    """What one adversary did.

    Attributes
    ----------
    matches : Matches
        Of the whole profiles.
    agreed, asked : int
        Pseudonyms of which both halves point to the same candidate, and of which there are two
        halves.
    margin : int or None
        Lead from which a match is claimed; None where there are no halves.
    """

    matches: Matches
    agreed: int
    asked: int
    margin: int | None


def link_releases(
    first: Sightings, second: Sightings, engine: Engine, *, seed: int, sample: int | None
) -> ReleaseLinkage:
    """Join two releases: link the pseudonyms of the first with those of the second.

    Parameters
    ----------
    first, second : Sightings
        Under their own pseudonyms, over cameras of the same names. Names of vehicles that agree are
        taken for the truth by which success is counted; matching never looks at them.
    engine : Engine
        Where the work runs.
    seed, sample
        As for `analyzer.risk.linkage.measure_linkage`.

    Returns
    -------
    ReleaseLinkage

    Raises
    ------
    UsageError
        If no camera has the same name in both.
    TooMuchWorkError
        If the matching would take hours.
    """
    one, other = _count_both(first, second, engine)
    overlap = _overlap(first.span_ms, second.span_ms)
    shorter = min(last - begin for begin, last in (first.span_ms, second.span_ms))
    grains = dict(GRAINS)
    if overlap >= TOGETHER * max(shorter, 1):
        grains = {**SAME_TIME_GRAINS, **grains}
    among = None
    if sample is not None:
        there = np.sort(one.profiles(PLACE, 0, seed).vehicles)
        among = there[draw_vehicles(there, sample, seed)]
    old, new = one.profiles(PLACE, 0, seed, among=among), other.groups(PLACE, 1, seed, engine)
    refuse_too_much(old, new, 3, sampled=sample is not None)
    answers, known = _answers(first, second, old.vehicles, new.vehicles)
    attempts: dict[Name, Attempt] = {}
    for grain, code in grains.items():
        whole = one.profiles(code, 0, seed, among=among)
        parts = _halves(one, code, seed, among)
        candidates = other.groups(code, 1, seed, engine)
        traffic = count_traffic(candidates)
        for matcher in MATCHERS:
            attempts[grain, matcher] = _attempt(
                engine, matcher, whole, parts, candidates, traffic, answers
            )
    if any(attempt.asked for attempt in attempts.values()):
        chosen = max(attempts, key=lambda name: attempts[name].agreed)
    else:
        chosen = BEFORE_ALL
    return _result(
        first, second, (old.vehicles, new.vehicles), answers, attempts, chosen, known=known,
        overlap_days=overlap / DAY_MS, sample=sample, seed=seed,
    )  # fmt: skip


def _count_both(first: Sightings, second: Sightings, engine: Engine) -> tuple[Release, Release]:
    names = [sightings.camera_table["name"].to_numpy(object) for sightings in (first, second)]
    common = pd.Index(names[0]).intersection(pd.Index(names[1]))
    if not len(common):
        raise UsageError(
            "no camera has the same name in both releases, so they share no place; give cameras "
            "the same names in both"
        )
    ends = [end for sightings in (first, second) for end in sightings.span_ms]
    # One clock for both: the hours of the one must be those of the other.
    wall = clock(first.timezone, min(ends), max(ends))
    local = wall.local(np.array([min(ends), max(ends)]))
    first_hour = int(local[0]) // DAY_MS * 24
    hours = int(local[1]) // HOUR_MS + 1 - first_hour
    check_keys(len(common), hours)
    releases = []
    for sightings, own in zip((first, second), names, strict=True):
        shared = {
            "places": common.get_indexer(own).astype(np.int64),
            "first_hour": first_hour,
            "hours": hours,
            **_clock_fields(wall),
        }
        frames = engine.map(sightings.parts(), count_in_part, shared)
        releases.append(Release(sightings, gather_counts(frames, first_hour, hours)))
    return releases[0], releases[1]


def _clock_fields(wall: Clock) -> dict[str, np.ndarray]:
    return {"clock_starts": wall.starts, "clock_offsets": wall.offsets}


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _halves(
    release: Release, grain: int, seed: int, among: np.ndarray | None
) -> tuple[Profiles, Profiles] | None:
    """Cut each pseudonym in two; only pseudonyms that have both halves, in one order."""
    split = halves(0, release.counts.hours)
    if split is None:
        return None
    there = [
        np.sort(release.profiles(PLACE, 0, seed, hours=hours, among=among).vehicles)
        for hours in split
    ]
    both = np.intersect1d(*there)
    one, other = (release.profiles(grain, 0, seed, hours=hours, among=both) for hours in split)
    return one, other


def _attempt(
    engine: Engine, matcher: str, whole: Profiles, parts: tuple[Profiles, Profiles] | None,
    candidates: ProfileGroups, traffic: Traffic, answers: np.ndarray,
) -> Attempt:  # fmt: skip
    def match(queries: Profiles, known: np.ndarray) -> Matches:
        both = join_traffic(count_traffic([queries]), traffic)
        return match_among(engine, matcher, queries, candidates, known, both)

    matches = match(whole, answers)
    if parts is None or not len(parts[0].vehicles):
        return Attempt(matches, 0, 0, None)
    nobody = np.full(len(parts[0].vehicles), -1, np.int64)
    one, other = (match(part, nobody) for part in parts)
    # A tie at the top points nowhere: which of the two stands first is a toss.
    pointed = [found.scores[:, 0] > found.scores[:, 1] for found in (one, other)]
    agree = (one.best[:, 0] == other.best[:, 0]) & pointed[0] & pointed[1]
    lead = one.scores[:, 0].astype(np.int64) - one.scores[:, 1]
    return Attempt(matches, int(np.count_nonzero(agree)), len(agree), learn_margin(lead, agree))


def _answers(
    first: Sightings, second: Sightings, old: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Find who is who by equal names, for all of the first release's queries."""
    names = pd.Index(second.vehicle_names(new))
    answers = names.get_indexer(first.vehicle_names(old)).astype(np.int64)
    return answers, bool((answers >= 0).any())


def _result(
    first: Sightings, second: Sightings, vehicles: tuple[np.ndarray, np.ndarray],
    answers: np.ndarray, attempts: dict[Name, Attempt], chosen: Name, *, known: bool,
    overlap_days: float, sample: int | None, seed: int,
) -> ReleaseLinkage:  # fmt: skip
    candidates = len(vehicles[1])
    present = answers >= 0
    n = int(np.count_nonzero(present))
    attempt = attempts[chosen]
    assigned = assign_matches(attempt.matches, candidates, attempt.margin, STEP[chosen[1]])
    claimed = assigned.claimed >= 0
    right = int(np.count_nonzero(claimed & (assigned.claimed == answers)))
    chance = 1 / candidates if candidates else None
    told = "names that agree are the truth; Wilson, 95 %, over vehicles in both"
    of_claims = "claims where halves with such a lead more often agreed than not; Wilson, 95 %"

    def success(name: Name) -> dict[int, object]:
        rank = attempts[name].matches.rank[present]
        return {
            k: wilson(
                int(np.count_nonzero(rank <= k)), n, method=f"among the {k} best; {told}",
                baseline=min(1.0, k / candidates) if candidates else None,
            )
            for k in RANKS
        }  # fmt: skip

    tried = sorted(attempts, key=lambda name: -attempts[name].agreed)
    scores = attempt.matches.scores.astype(np.int64)
    best = attempt.matches.best[:, 0]
    found = np.flatnonzero(best >= 0)
    unit = _UNITS[chosen[1]]
    matches = pd.DataFrame(
        {
            "vehicle_a": first.vehicle_names(vehicles[0][found]),
            "vehicle_b": second.vehicle_names(vehicles[1][best[found]]),
            "score": scores[found, 0] / unit,
            "lead": (scores[found, 0] - scores[found, 1]) / unit,
            "claimed": assigned.claimed[found] == best[found],
        }
    )
    return ReleaseLinkage(
        success=success(chosen),
        median_rank=median_of_ranks(
            attempt.matches.rank[present], candidates,
            method="median over vehicles in both; ties take the mean rank; order statistics",
        ),
        assignment=wilson(
            int(np.count_nonzero(present & (assigned.everybody == answers))), n, baseline=chance,
            method=f"linked rightly by the best one-to-one assignment; {told}",
        ),
        precision=wilson(
            right, int(np.count_nonzero(claimed)) if known else 0, baseline=chance,
            method=f"right {of_claims}, over claims",
        ),
        recall=wilson(right, n, baseline=chance, method=f"right {of_claims}, over vehicles"),
        claimed=wilson(int(np.count_nonzero(claimed)), len(claimed), method=of_claims),
        agreement=wilson(
            attempt.agreed, attempt.asked, baseline=chance,
            method="pseudonyms whose odd and even days point to one candidate; Wilson, 95 %",
        ),
        absent=wilson(
            len(present) - n, len(present) if known else 0,
            method="vehicles of the first release whose name is not in the second; Wilson, 95 %",
        ),
        chosen=chosen,
        tried=tuple(Tried(*name, success(name), int(name == chosen)) for name in tried),
        known=known,
        overlap_days=overlap_days,
        gained=tuple(sorted(set(second.columns) - set(first.columns))),
        pseudonyms=len(answers),
        candidates=candidates,
        sample=sample,
        seed=seed,
        synthetic=first.synthetic or second.synthetic,
        _matches=matches.sort_values("vehicle_a", ignore_index=True),
    )  # fmt: skip
