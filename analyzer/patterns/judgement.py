"""Judging pairs: chance is fitted to a data set, and pairs are held against it.

Chance is fitted on the pairs of probed vehicles, which were not chosen by how often they met, for
each level of closeness by itself: κ, S and δ (`chance`), and the share of the traffic that is so
close; levels at which platoons, not company, keep vehicles close are left out. A pair's p-value is
the smallest of its levels times their number. Companions are not traffic: those found are left out
of it, and chance is measured again.

Where most joint journeys of the data do not survive a shift, tight platoons bring vehicles together
on a day that no other day can stand for. That a pair never met in a shift then says little. So a
pair must go beyond its traffic alone as well, as far as joint journeys scatter about that in the
whole population, companions among it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.patterns.chance import Chance, adjust, fit_chance, fit_weight
from analyzer.patterns.closeness import LEVEL_SHARES
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.pair_passes import Opportunities, PairPasses
from analyzer.patterns.pairs import Pairs
from analyzer.patterns.traffic import fit_mixture

CERTAIN_FDR = 0.05
"""Pairs found at this rate are companions, not traffic, when chance is measured again."""

LEAST_SURVIVING = 0.5
"""A level is used if at least this share of its joint journeys, against that of the lowest level,
survives a shift; and shifts are enough to tell chance if of all joint journeys this share survives
one."""

LEAST_MET = 30
"""Pairs that met, from which on it is asked whether their meetings survive a shift."""


MAX_ROUNDS = 2
"""How often chance is measured."""


@dataclass(frozen=True)
class Model:
    """Chance in one data set.

    Attributes
    ----------
    levels : tuple of Chance
        The model of each level of closeness, the lowest first.
    shares : numpy.ndarray of float64, shape (levels,)
        Share of the joint journeys of traffic that reach each level; 1 for the lowest.
    mixture : numpy.ndarray of float64, shape (components + 1,)
        Weights of the components of traffic, and of meeting just anybody.
    by_traffic : tuple of Chance
        The same without shifts, where too few joint journeys survive one for that to be enough.
    """

    levels: tuple[Chance, ...]
    shares: np.ndarray
    mixture: np.ndarray
    by_traffic: tuple[Chance, ...] = ()

    def tail(
        self, pairs: Pairs, traffic: np.ndarray, shifted: np.ndarray, share: np.ndarray
    ) -> np.ndarray:
        """Find the p-values of pairs.

        Parameters
        ----------
        pairs : Pairs
            The pairs.
        traffic : numpy.ndarray of float64, shape (pairs,)
            τ.
        shifted : numpy.ndarray of int64, shape (pairs, levels)
            Σh.
        share : numpy.ndarray of float64, shape (pairs,)
            Share of S that is the pair's.

        Returns
        -------
        numpy.ndarray of float64, shape (pairs,)
        """
        least, none = np.ones(len(pairs)), np.zeros(len(pairs))
        for level, chance in enumerate(self.levels):
            met, usual = pairs.reaching(level), traffic * self.shares[level]
            tail = chance.tail(met, usual, shifted[:, level], share)
            if self.by_traffic:
                alone = self.by_traffic[level].tail(met, usual, none, none)
                tail = np.maximum(tail, alone)
            least = np.minimum(least, tail)
        return np.minimum(least * len(self.levels), 1.0)


@dataclass(frozen=True)
class Usual:
    """What the population does, apart from the companions found in it.

    Attributes
    ----------
    journeys : numpy.ndarray of int64, shape (cells,)
        Joint journeys by cell.
    anybody : float
        Joint journeys of two vehicles that share nothing.
    left_out : numpy.ndarray of int64, shape (companions, 2)
        The pairs whose journeys are not among these.
    """

    journeys: np.ndarray
    anybody: float
    left_out: np.ndarray

    def traffic(
        self, passes: PairPasses, pairs: Pairs, there: Opportunities, coincidence: np.ndarray
    ) -> np.ndarray:
        """Sum the components of the traffic of pairs, meeting just anybody the last of them."""
        out = self.left_out[:, 0] * passes.n_codes + self.left_out[:, 1]
        counted = ~np.isin(pairs.a * passes.n_codes + pairs.b, out)
        components = passes.sum_traffic(pairs, counted, self.journeys, there)
        components *= coincidence[:, None]
        # Chance meetings of two vehicles that share nothing: the same for all pairs.
        return np.column_stack([components, np.full(len(pairs), self.anybody)])


@dataclass(frozen=True)
class Judgement:
    """What chance gives each pair, and the model of chance behind it.

    Attributes
    ----------
    model : Model
        The model.
    usual : Usual
        What the population does, companions left out.
    judged : numpy.ndarray of bool, shape (pairs,)
        Whose habit was counted; the others cannot be found whatever it is.
    traffic, repeats, expected, p_values : numpy.ndarray of float64, shape (pairs,)
        τ, S, expected joint journeys, and the p-value (1 for those not judged).
    shifted : numpy.ndarray of int64, shape (pairs,)
        Σh.
    """

    model: Model
    usual: Usual
    judged: np.ndarray
    traffic: np.ndarray
    repeats: np.ndarray
    expected: np.ndarray
    p_values: np.ndarray
    shifted: np.ndarray


def judge_pairs(
    passes: CoTravel,
    pairs: Pairs,
    unlisted: np.ndarray,
    tests: int,
    max_fdr: float,
) -> Judgement:
    """Fit chance to the pairs, and find how far each goes beyond it.

    Parameters
    ----------
    passes : CoTravel
        The passes over the sightings.
    pairs : Pairs
        The pairs that are listed.
    unlisted : numpy.ndarray of int64, shape (levels, cells)
        Joint journeys of the others.
    tests : int
        Number of pairs that could have been found.
    max_fdr : float
        No pair with a larger q-value will be asked for.
    """
    counted = np.ones(len(pairs), bool)
    times = passes.probes(pairs.a).astype(np.int64) + passes.probes(pairs.b)
    coincidence, share = passes.common_life(pairs)
    # Vehicles that were never in the data together cannot tell how often they would have met.
    usual = np.repeat(np.arange(len(pairs)), times * (coincidence > 0))
    judged = times > 0
    shifted = np.zeros((len(pairs), len(unlisted)), np.int64)
    _count_habit(passes, pairs, judged, shifted)
    met = pairs.journeys > 0
    probed = int(passes.probes(passes.travellers).sum())
    for _ in range(MAX_ROUNDS):
        shares, journeys = _usual_journeys(pairs, counted, unlisted)
        out = np.column_stack([pairs.a[~counted], pairs.b[~counted]])
        known = Usual(journeys, float(journeys.sum() / max(tests, 1)), out)
        components = known.traffic(passes, pairs, passes.opportunities, coincidence)
        with_all = passes.sum_traffic_with_all(journeys)
        with_all = np.append(with_all, known.anybody * probed * (len(passes.travellers) - 1))
        usual_counted = usual[counted[usual]]
        mixture = fit_mixture(pairs.journeys[usual_counted], components[usual_counted])
        traffic = weigh(components, mixture)
        rest = max(float(with_all @ mixture) - float((traffic * times).sum()), 0.0)
        levels: tuple[Chance, ...] = ()
        for level, part in enumerate(shares):
            # What favours some pairs favours them at every level; the lowest knows it best.
            fitted = fit_chance(
                pairs.reaching(level)[usual], shifted[usual, level], traffic[usual] * part,
                share[usual], rest * part, passes.frame.calendar.shifts,
                levels[0].spread if levels else 0.0,
            )  # fmt: skip
            # Platoons keep vehicles close on a day, but not in a shift: where much of the closeness
            # does not survive, it is no evidence of company, and habit cannot tell how much is.
            if levels and fitted.worth < LEAST_SURVIVING * levels[0].worth:
                break
            levels += (fitted,)
        by_traffic: tuple[Chance, ...] = ()
        # A few pairs that met say nothing about platoons: companions are all that there is.
        many = np.count_nonzero(met) >= LEAST_MET
        if many and levels[0].worth < LEAST_SURVIVING * levels[0].shifts:
            by_traffic = tuple(
                _chance_without_shifts(pairs.reaching(level)[usual], traffic[usual] * part,
                                       rest * part)
                for level, part in enumerate(shares[: len(levels)])
            )  # fmt: skip
        model = Model(levels, shares, mixture, by_traffic)
        # Habit only makes chance greater: who is not found without it is not found with it.
        p_values = model.tail(pairs, traffic, np.where(judged[:, None], shifted, 0), share)
        wanted = met & _may_be_found(p_values, tests, max(max_fdr, CERTAIN_FDR))
        more = wanted & ~judged
        _count_habit(passes, pairs, more, shifted)
        judged |= more
        p_values = np.where(judged, model.tail(pairs, traffic, shifted, share), 1.0)
        found = (adjust(p_values, tests) <= CERTAIN_FDR) & met
        if np.array_equal(counted, ~found):
            break
        counted = ~found
    lowest = levels[0]
    return Judgement(
        model,
        known,
        judged,
        traffic,
        lowest.worth * share,
        lowest.expected(traffic, shifted[:, 0], share),
        p_values,
        shifted[:, 0],
    )


def weigh(components: np.ndarray, mixture: np.ndarray) -> np.ndarray:
    """Weigh the components of traffic; a pair's sum does not depend on how many pairs there are."""
    total = components[:, 0] * mixture[0]
    for k in range(1, len(mixture)):
        total += components[:, k] * mixture[k]
    return total


def _chance_without_shifts(journeys: np.ndarray, traffic: np.ndarray, rest: float) -> Chance:
    # The data stand where its shifts would: one repetition, which tells how far rates scatter.
    weight = fit_weight(journeys, traffic, np.ones(len(journeys)), rest, 1.0)
    return Chance(weight, 0.0, 0)


def _count_habit(passes: CoTravel, pairs: Pairs, chosen: np.ndarray, shifted: np.ndarray) -> None:
    at = np.flatnonzero(chosen)
    shifted[at] = passes.count_shifted(pairs.take(at), passes.thresholds)


def _usual_journeys(
    pairs: Pairs, counted: np.ndarray, unlisted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give the share of the usual joint journeys that reach each level, and all by cell."""
    every = unlisted.copy()
    of_counted = np.repeat(counted, pairs.journeys)
    np.add.at(every, (pairs.levels[of_counted], pairs.cells[of_counted]), 1)
    reaching = np.cumsum(every.sum(axis=1)[::-1])[::-1]
    expected = np.array([1.0, *LEVEL_SHARES])[: len(every)]
    return (reaching + expected) / (reaching[0] + 1.0), every.sum(axis=0)


def _may_be_found(p_values: np.ndarray, tests: int, fdr: float) -> np.ndarray:
    """Tell which pairs could have a q-value up to `fdr` if these are their least p-values."""
    if fdr >= 1:
        return np.ones(len(p_values), bool)
    ordered = np.sort(p_values)
    possible = len(ordered)
    while possible:
        remaining = int(np.searchsorted(ordered, fdr * possible / max(tests, 1), side="right"))
        if remaining == possible:
            break
        possible = remaining
    return p_values <= fdr * possible / max(tests, 1)
