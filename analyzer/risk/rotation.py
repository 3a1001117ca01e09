"""Rotation: periods of pseudonyms, the adversaries that link two of them, and how one is chosen.

An adversary is a grain of the profile and a matcher. All of them are tried on every pair of
adjacent periods, but the one whose success counts is named before the pair is looked at: by
success on earlier pairs; before the first pair by linking the odd and even days (or weeks) of the
earlier period, within which pseudonyms do not change; where that is too short, by a fixed guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.engine import Engine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.local_time import check_bin, time_bins
from analyzer.risk.assignment import assign, learn_margin
from analyzer.risk.draw import draw_vehicles
from analyzer.risk.profile_groups import ProfileGroups, entries_at_once
from analyzer.risk.profile_index import count_work
from analyzer.risk.profile_matching import Matches, match_groups, match_profiles, score_answers
from analyzer.risk.profile_weights import (
    MATCHERS,
    STEP,
    Traffic,
    count_traffic,
    join_traffic,
    weigh,
)
from analyzer.risk.profiles import GRAINS, Counts, Profiles, cut_profiles, order_pseudonyms
from analyzer.units import DAY_MS, HOUR_MS, parse_duration

BEFORE_ALL = ("place + place × hour", "likelihood")
"""The adversary where nothing earlier can choose one: the strongest on the synthetic regions with
seed 1, fixed before any other data were looked at."""

EARLIER, HALVES, GUESS = "earlier periods", "halves of the earlier period", "a fixed guess"

MOST_PAIRS = 12
"""Pairs of adjacent periods that are measured; of more, so many are spread over the data."""

MOST_ADDITIONS = 1e13
"""Work that is begun: about an hour on two processors."""

Name = tuple[str, str]
ADVERSARIES: tuple[Name, ...] = tuple((grain, matcher) for grain in GRAINS for matcher in MATCHERS)


class Pair(NamedTuple):
    """Two adjacent periods, in local hours since 1970 (the last of each not included)."""

    number: int
    begins: int
    change: int
    ends: int


@dataclass(frozen=True)
class Trial:
    """All adversaries on two sides of profiles.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (queries,)
        Whose the queries are, in the order of their pseudonyms.
    answers : numpy.ndarray of int64, shape (queries,)
        The right candidates, -1 where the vehicle is absent.
    candidates : int
        Number of candidates.
    ranks : dict
        For each adversary, the rank of the right candidate of each query (NaN if absent).
    lead, right : dict
        For each adversary, by how much the best candidate of each query scores more than the
        second, and whether it is the right one.
    """

    vehicles: np.ndarray
    answers: np.ndarray
    candidates: int
    ranks: dict[Name, np.ndarray]
    lead: dict[Name, np.ndarray]
    right: dict[Name, np.ndarray]


class Assigned(NamedTuple):
    """One-to-one assignments: the candidate of each query, -1 for none.

    Attributes
    ----------
    everybody : numpy.ndarray of int64
        Where staying unmatched is worth nothing.
    claimed : numpy.ndarray of int64
        Where it is worth the second-best score and the margin that was learned.
    """

    everybody: np.ndarray
    claimed: np.ndarray


@dataclass(frozen=True)
class Choice:
    """Which adversary counts for a pair, from which lead on it claims (None: never), and why."""

    adversary: Name
    margin: int | None
    chosen_on: str


@dataclass
class History:
    """What earlier pairs have shown; the only thing that a choice may look at."""

    trials: list[tuple[Trial, np.ndarray]] = field(default_factory=list)

    def add(self, trial: Trial, counted: np.ndarray) -> None:
        """Remember a pair after it was measured; `counted` says which queries count."""
        self.trials.append((trial, counted))

    def choose(self, chosen_on: str = EARLIER) -> Choice:
        """Choose the adversary with the most right first guesses on what was seen so far.

        Ties go by success within ten guesses, then by the order of the adversaries.
        """
        if not any(counted.any() for _, counted in self.trials):
            return Choice(BEFORE_ALL, None, GUESS)

        def success(name: Name) -> tuple[int, int]:
            ranks = [trial.ranks[name][counted] for trial, counted in self.trials]
            return tuple(sum(int((rank <= k).sum()) for rank in ranks) for k in (1, 10))

        adversary = max(ADVERSARIES, key=success)
        margin = learn_margin(
            np.concatenate([trial.lead[adversary] for trial, _ in self.trials]),
            np.concatenate([trial.right[adversary] for trial, _ in self.trials]),
        )
        return Choice(adversary, margin, chosen_on)


def rotation_hours(rotation: str) -> int:
    """Turn a rotation into whole local hours.

    Raises
    ------
    UsageError
        If periods of that length cannot begin on whole local hours.

    Examples
    --------
    >>> rotation_hours("7D")
    168
    """
    length = check_bin(parse_duration(rotation, name="rotation"), name="rotation")
    if length % HOUR_MS:
        raise UsageError(
            f"rotation={rotation!r}: pseudonyms change on whole hours; write for example '1D', "
            "'7D' or '30D'"
        )
    return length // HOUR_MS


def pairs_of(first_ms: int, last_ms: int, hours: int) -> list[Pair]:
    """Find the pairs of adjacent periods that the data cover.

    Parameters
    ----------
    first_ms, last_ms : int
        Local ms of the first and the last sighting.
    hours : int
        Length of a period in hours.

    Returns
    -------
    list of Pair
        Of periods that the data cover whole, to the day (for periods shorter than a day to the
        hour); where there are no two such, of periods covered for at least half.

    Examples
    --------
    From Monday 5 January 1970, three weeks less one day.

    >>> [pair.number for pair in pairs_of(4 * DAY_MS, 24 * DAY_MS - 1, 168)]
    [0]
    """
    length = hours * HOUR_MS
    unit = HOUR_MS if length < DAY_MS else DAY_MS
    begins, ends = first_ms // unit * unit, (last_ms // unit + 1) * unit
    every = np.arange(begins // HOUR_MS, -(-ends // HOUR_MS), dtype=np.int64)
    numbers = time_bins(every * HOUR_MS, length)
    # A period may begin before the data and end after them: look as far as it reaches.
    around = np.arange(every[0] - hours, every[-1] + hours + 1, dtype=np.int64)
    around_numbers = time_bins(around * HOUR_MS, length)
    periods, starts, whole = np.unique(around_numbers, return_index=True, return_counts=True)
    covered = np.array([np.count_nonzero(numbers == period) for period in periods])
    for share in (1.0, 0.5):
        enough = (covered >= share * whole) & (covered > 0)
        found = [
            Pair(
                int(periods[i]),
                int(around[starts[i]]),
                int(around[starts[i + 1]]),
                int(around[starts[i + 1]]) + int(whole[i + 1]),
            )
            for i in range(len(periods) - 1)
            if enough[i] and enough[i + 1]
        ]
        if found:
            return found
    return []


def spread(pairs: Sequence[Pair], most: int = MOST_PAIRS) -> list[Pair]:
    """Take at most so many pairs, evenly spread, the first and the last among them."""
    if len(pairs) <= most:
        return list(pairs)
    return [pairs[i] for i in np.linspace(0, len(pairs) - 1, most).round().astype(int)]


def link(
    engine: Engine, queries: Counts, candidates: Counts, sides: tuple[np.ndarray, np.ndarray],
    *, period: int, seed: int, sample: int | None = None, chosen: Choice | None = None,
) -> tuple[Trial, Assigned | None]:  # fmt: skip
    """Try every adversary on two sides of the same vehicles.

    Parameters
    ----------
    engine : Engine
        Where the queries are worked on.
    queries, candidates : Counts
        From which the profiles of the two sides are made.
    sides : tuple of numpy.ndarray of bool, shape (hours,)
        Hours from which each side's profiles come.
    period, seed : int
        For the pseudonyms.
    sample : int, optional
        Number of vehicles drawn as queries.
    chosen : Choice, optional
        The adversary whose matches are also assigned one to one.

    Returns
    -------
    trial : Trial
    assigned : Assigned or None
        Of the chosen adversary.
    """
    asked = order_pseudonyms(queries, sides[0], period=period, seed=seed)
    if sample is not None:
        there = np.sort(asked.vehicles)
        drawn = there[draw_vehicles(there, sample, seed)]
        asked = asked.take(np.flatnonzero(np.isin(asked.vehicles, drawn)))
    among = order_pseudonyms(candidates, sides[1], period=period + 1, seed=seed)
    trial = Trial(
        asked.vehicles, find_answers(asked.vehicles, among.vehicles), len(among.vehicles),
        {}, {}, {},
    )  # fmt: skip
    assigned = None
    for grain, code in GRAINS.items():
        old = cut_profiles(queries, sides[0], code, asked)
        new = ProfileGroups(candidates, sides[1], code, among, entries_at_once(engine))
        traffic = join_traffic(count_traffic([old]), count_traffic(new))
        for matcher in MATCHERS:
            name = (grain, matcher)
            matches = match_among(engine, matcher, old, new, trial.answers, traffic)
            # Half ranks of millions are exact in 32 bits; trials of all pairs are kept.
            trial.ranks[name] = matches.rank.astype(np.float32)
            trial.lead[name] = matches.scores[:, 0] - matches.scores[:, 1]
            trial.right[name] = (matches.best[:, 0] == trial.answers) & (trial.answers >= 0)
            if chosen is not None and name == chosen.adversary:
                assigned = assign_matches(matches, trial.candidates, chosen.margin, STEP[matcher])
    return trial, assigned


def match_among(
    engine: Engine, matcher: str, queries: Profiles, candidates: ProfileGroups,
    answers: np.ndarray, traffic: Traffic,
) -> Matches:  # fmt: skip
    """Match queries with all candidates, of whom one group is held at a time.

    Parameters
    ----------
    engine : Engine
        Where the queries are worked on.
    matcher : str
        One of `MATCHERS`.
    queries, candidates
        The two sides.
    answers : numpy.ndarray of int64, shape (queries,)
        The right candidate of each query, -1 if there is none; for the rank alone.
    traffic : Traffic
        Of both sides.
    """
    if candidates.is_one_group:
        (group,) = candidates
        return match_profiles(engine, weigh(matcher, queries, group, traffic), answers)
    present = answers >= 0
    right = weigh(matcher, queries, candidates.pick(answers[present]), traffic)
    true_scores = score_answers(right, np.where(present, np.cumsum(present) - 1, -1))
    groups = (weigh(matcher, queries, group, traffic) for group in candidates)
    return match_groups(engine, groups, true_scores)


def assign_matches(matches: Matches, candidates: int, margin: int | None, step: int) -> Assigned:
    """Assign candidates one to one, for everybody and for those with a lead above the margin."""
    nothing = np.zeros(len(matches.best), np.int64)
    everybody = assign(matches.best, matches.scores, candidates, nothing, step)
    if margin is None:
        return Assigned(everybody, np.full(len(nothing), -1, np.int64))
    unmatched = matches.scores[:, 1].astype(np.int64) + margin
    return Assigned(everybody, assign(matches.best, matches.scores, candidates, unmatched, step))


def find_answers(queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Find the position of each query's vehicle among the candidates' vehicles; -1 if absent.

    Examples
    --------
    >>> find_answers(np.array([7, 5, 1]), np.array([5, 9, 7])).tolist()
    [2, 0, -1]
    """
    if not len(candidates):
        return np.full(len(queries), -1, np.int64)
    order = np.argsort(candidates)
    at = np.minimum(np.searchsorted(candidates[order], queries), len(order) - 1)
    return np.where(candidates[order][at] == queries, order[at], -1)


def halves(begins: int, ends: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Split a period into its even and odd weeks, or days where there are no two weeks.

    Returns
    -------
    tuple of numpy.ndarray of bool, or None
        Over the hours of the period; None where it has no two days.

    Examples
    --------
    >>> even, odd = halves(0, 48)
    >>> even.sum().item(), odd.sum().item(), bool((even & odd).any())
    (24, 24, False)
    """
    hours = np.arange(begins, ends)
    if ends - begins < 48:
        return None
    length = 168 if ends - begins >= 336 else 24
    odd = (hours - begins) // length % 2 == 1
    return ~odd, odd


def first_days(pair: Pair, days: float) -> tuple[np.ndarray, np.ndarray]:
    """Mark the first days of both periods of a pair, over the hours of both."""
    hours = np.arange(pair.begins, pair.ends)
    length = round(days * 24)
    return (
        (hours < pair.change) & (hours < pair.begins + length),
        (hours >= pair.change) & (hours < pair.change + length),
    )


def refuse_too_much(
    old: Profiles, new: ProfileGroups, repeats: int, *, sampled: bool
) -> None:
    """Count the work of all matches by that of one, and refuse what would take hours.

    Raises
    ------
    TooMuchWorkError
        With what to ask instead.
    """
    traffic = join_traffic(count_traffic([old]), count_traffic(new))
    one = sum(count_work(weigh("likelihood", old, group, traffic)) for group in new)
    # Finer grains share less: the coarsest bounds them; the last holds two grains.
    work = one * len(MATCHERS) * len(GRAINS) * repeats
    if work > MOST_ADDITIONS:
        instead = "a smaller sample" if sampled else "sample=5_000 vehicles as targets"
        raise TooMuchWorkError(
            f"linking {len(old.vehicles):,} pseudonyms with {len(new.vehicles):,}, {repeats} "
            f"times, takes about {work:.1g} additions, more than {MOST_ADDITIONS:.0e}; ask for "
            f"{instead}, or for fewer days with between()"
        )
