"""Chance: how many joint journeys a pair would have if the two did not travel together.

A pair's rate of joint journeys under chance has a gamma prior with the mean that traffic gives it
(τ) and the weight of κ shifts; the joint journeys of its shifted data (habit, Σh) update it, so
that expected = (κτ + Σh) / (κ + S), and the joint journeys seen have a negative-binomial tail. κ is
fitted once for a data set. S counts shifts by what they are worth. Platoons, and days on which
everybody drives or nobody does, do not survive a shift, so that the joint journeys of a shift are
fewer than those of the data by a factor that is measured over the whole population. And two
vehicles that are in the data only for the same few weeks are in them together in few shifts
(`common_life`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

MIN_WEIGHT, MAX_WEIGHT = 1e-3, 1e3
"""Bounds of κ, in shifts."""

EXTREME = 1e-4
"""Tail beyond which a pair's joint journeys count only up to that point when S is measured."""

SPREADS = (0.0, *(0.01 * 2.0 ** (step / 2) for step in range(17)))
"""Values of δ that are tried."""

MAX_ROUNDS = 20

UNUSUAL = 0.03
"""Tail beyond which it does not tell any more how many joint journeys a pair has."""

OFTEN = (10, 3, 1)
"""Joint journeys in the shifts of a pair from which on it tells how unequal pairs are; the first of
these that enough pairs reach."""

ENOUGH_PAIRS = 30
"""Pairs that met often from which on they tell how unequal pairs are."""

FEW = 10
"""Joint journeys that are added on both sides, so that little data leave S near what was done."""


@dataclass(frozen=True)
class Chance:
    """The model of chance of one data set.

    Attributes
    ----------
    weight : float
        κ: how many shifts the traffic counts for.
    worth : float
        S of a pair that is in the data all the time: how many repetitions of the data the shifts
        are worth. Other pairs have their `share` of it.
    shifts : int
        How many shifts were made.
    spread : float
        δ: squared coefficient of variation, between pairs, of the factor that divides S. Platoons
        do not favour all pairs alike, and no number of shifts makes up for that.
    """

    weight: float
    worth: float
    shifts: int
    spread: float = 0.0

    def expected(self, traffic: np.ndarray, shifted: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Expect joint journeys from traffic τ, the joint journeys of the shifts Σh, and S.

        Examples
        --------
        >>> Chance(2.0, 3.0, 3).expected(np.array([0.5]), np.array([4]), np.ones(1)).tolist()
        [1.0]
        """
        return (self.weight * traffic + shifted) / (self.weight + self.worth * share)

    def tail(
        self, journeys: np.ndarray, traffic: np.ndarray, shifted: np.ndarray, share: np.ndarray
    ) -> np.ndarray:
        """Find the probability of at least so many joint journeys: the p-value.

        Parameters
        ----------
        journeys : numpy.ndarray of int, shape (n,)
            Joint journeys seen.
        traffic : numpy.ndarray of float, shape (n,)
            τ.
        shifted : numpy.ndarray of int, shape (n,)
            Σh.
        share : numpy.ndarray of float, shape (n,)
            The pair's S as a share of `worth`.

        Returns
        -------
        numpy.ndarray of float, shape (n,)
            Negative-binomial tail of mean `expected` and size 1 / (1 / (κτ + Σh) + δ).

        Examples
        --------
        >>> one, none = np.ones(2), np.zeros(2)
        >>> Chance(1.0, 3.0, 3).tail(np.array([0, 1]), one, none, one).round(6).tolist()
        [1.0, 0.2]
        """
        from scipy.special import betainc

        some = journeys > 0
        size, probability = self._shape(traffic[some], shifted[some], share[some])
        tail = np.ones(len(journeys))
        tail[some] = betainc(journeys[some], size, 1.0 - probability)
        return tail

    def reach(
        self, tail: float, traffic: np.ndarray, shifted: np.ndarray, share: np.ndarray
    ) -> np.ndarray:
        """Find the joint journeys beyond which chance has only this tail left; at least one."""
        from scipy.stats import nbinom

        return np.maximum(nbinom.isf(tail, *self._shape(traffic, shifted, share)), 1.0)

    def within_reach(
        self, tail: float, journeys: np.ndarray, traffic: np.ndarray, shifted: np.ndarray,
        share: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """Give joint journeys, those beyond the reach of chance cut to it."""
        cut = journeys.astype(float)
        # The tail itself is found much faster than where it ends, and few lie beyond.
        beyond = np.flatnonzero(self.tail(journeys, traffic, shifted, share) < tail)
        known = traffic[beyond], shifted[beyond], share[beyond]
        cut[beyond] = np.minimum(cut[beyond], self.reach(tail, *known))
        return cut

    def usual_likelihood(
        self,
        journeys: np.ndarray,
        traffic: np.ndarray,
        shifted: np.ndarray,
        share: np.ndarray,
        limit: np.ndarray,
    ) -> float:
        """Find the log-likelihood of joint journeys, of those above a limit only that they are so.

        How far above may be company, and is not to be explained by chance.
        """
        from scipy.special import betainc, gammaln

        size, probability = self._shape(traffic, shifted, share)
        value = size * np.log(probability)
        # Of most pairs this is all: they have no joint journey, and none above the limit.
        some = np.flatnonzero(journeys)
        met, known = journeys[some], size[some]
        combinations = gammaln(known + met) - gammaln(known) - gammaln(met + 1)
        value[some] = combinations + (value[some] + met * np.log1p(-probability[some]))
        above = np.flatnonzero(journeys > limit)
        tail = betainc(limit[above] + 1, size[above], 1.0 - probability[above])
        value[above] = np.log(np.maximum(tail, 1e-300))
        return float(value.sum())

    def _shape(
        self, traffic: np.ndarray, shifted: np.ndarray, share: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        known = self.weight * traffic + shifted
        size = known / (1.0 + self.spread * known)
        return size, size / (size + self.expected(traffic, shifted, share))


def fit_weight(
    shifted: np.ndarray, traffic: np.ndarray, repeats: np.ndarray, rest: float, worth: float
) -> float:
    """Fit κ by the marginal likelihood of the joint journeys of shifted data.

    Given its rate, a pair's Σh is Poisson; with the gamma prior on the rate it is negative
    binomial. Pairs that never met in any shift enter through the sum of their traffic.

    Parameters
    ----------
    shifted, traffic : numpy.ndarray, shape (pairs,)
        Σh and τ of the pairs that met.
    repeats : numpy.ndarray, shape (pairs,)
        S of each.
    rest : float
        Sum of τ over the pairs that are not listed.
    worth : float
        S of those.

    Returns
    -------
    float
        κ, between `MIN_WEIGHT` and `MAX_WEIGHT`; 1 where there is nothing to fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rates = rng.gamma(0.5 * 4.0, 1 / 0.5, 20_000)  # κ = 0.5, τ = 4
    >>> counts = rng.poisson(rates * 3)
    >>> 0.45 < fit_weight(counts, np.full(20_000, 4.0), np.full(20_000, 3.0), 0.0, 3.0) < 0.55
    True
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    known = repeats > 0
    shifted, traffic, repeats = shifted[known], traffic[known], repeats[known]
    if not shifted.any():
        return 1.0
    # Of the others, only how much traffic there is with each S.
    every, of = np.unique(repeats, return_inverse=True)
    with_each = np.bincount(of, traffic)
    met = shifted > 0
    shifted, traffic, repeats = shifted[met], traffic[met], repeats[met]

    def likelihood(log_weight: float) -> float:
        weight = math.exp(log_weight)
        size = weight * traffic
        value = (gammaln(size + shifted) - gammaln(size)).sum()
        value += (shifted * np.log(repeats / (weight + repeats))).sum()
        value += weight * (with_each * np.log(weight / (weight + every))).sum()
        return float(value) + weight * rest * math.log(weight / (weight + worth))

    bounds = math.log(MIN_WEIGHT), math.log(MAX_WEIGHT)
    best = minimize_scalar(
        lambda x: -likelihood(x), bounds=bounds, method="bounded", options={"xatol": 1e-2}
    )
    return math.exp(float(best.x))


def fit_chance(
    journeys: np.ndarray,
    shifted: np.ndarray,
    traffic: np.ndarray,
    share: np.ndarray,
    rest: float,
    shifts: int,
    spread: float = 0.0,
) -> Chance:
    """Fit the model of chance on pairs that were not chosen by how often they met.

    Parameters
    ----------
    journeys, shifted, traffic, share : numpy.ndarray, shape (pairs,)
        Joint journeys seen, Σh, τ and share of S of all pairs (of some vehicles with all others)
        that met in the data or in a shift.
    rest : float
        Sum of τ over the pairs of those vehicles that never met.
    shifts : int
        How many shifts were made.
    spread : float
        δ where pairs that met often are too few to tell it, and at least.

    Returns
    -------
    Chance
        Pairs that met far more often than the rest (companions, perhaps) count only as far as
        chance would reach; else they would pass for platoons.
    """
    if shifts == 0:
        return Chance(1.0, 0.0, 0)
    worth = float(shifts)
    # Those that never met are taken to live as those that did.
    usual_share = float((traffic * share).sum() / max(traffic.sum(), 1e-300))
    weight = fit_weight(shifted, traffic, share * worth, rest, usual_share * worth)
    chance = Chance(weight, worth, shifts, spread)
    for _ in range(MAX_ROUNDS):
        usual = chance.within_reach(EXTREME, journeys, traffic, shifted, share)
        before = worth
        worth = float(shifted.sum() + FEW * shifts) / float((usual * share).sum() + FEW)
        weight = fit_weight(shifted, traffic, share * worth, rest, usual_share * worth)
        chance = _fit_spread(Chance(weight, worth, shifts, spread), usual, shifted, traffic, share)
        if abs(worth - before) < 1e-3 * worth:
            break
    return chance


def _fit_spread(
    chance: Chance,
    journeys: np.ndarray,
    shifted: np.ndarray,
    traffic: np.ndarray,
    share: np.ndarray,
) -> Chance:
    # Pairs that met in shifts were not chosen by whether they met in the data; those that met often
    # have a rate well enough known to tell spread from chance.
    enough = [often for often in OFTEN if np.count_nonzero(shifted >= often) >= ENOUGH_PAIRS]
    if not enough:
        return chance
    met = shifted >= enough[0]
    known = traffic[met], shifted[met], share[met]
    limit = chance.reach(UNUSUAL, *known)
    return max(
        (replace(chance, spread=max(spread, chance.spread)) for spread in SPREADS),
        key=lambda tried: tried.usual_likelihood(journeys[met], *known, limit),
    )


def common_life(
    first_a: np.ndarray,
    last_a: np.ndarray,
    first_b: np.ndarray,
    last_b: np.ndarray,
    days: int,
    shifts: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Find by how much two lives in the data coincide, and what shifts are worth for the pair.

    A vehicle lives in the data from the day of its first sighting to that of its last. Two lives of
    a and b days overlap on a·b / days of them in the mean of all shifts and the data. A pair with a
    greater overlap has that much more traffic, and shifted data are so much poorer.

    Parameters
    ----------
    first_a, last_a, first_b, last_b : numpy.ndarray of int, shape (pairs,)
        Days of the first and the last sighting.
    days : int
        Days of the span.
    shifts : int
        Shifts made.

    Returns
    -------
    coincidence : numpy.ndarray of float, shape (pairs,)
        Overlap over its mean.
    share : numpy.ndarray of float, shape (pairs,)
        Overlap in the mean shift over the overlap in the data; from 0 to 1.

    Examples
    --------
    >>> day = np.array([0, 0])
    >>> end = np.array([27, 6])
    >>> coincidence, share = common_life(day, end, day, end, 28, 3)
    >>> coincidence.tolist(), share.tolist()
    ([1.0, 4.0], [1.0, 0.0])
    """
    overlap = np.minimum(last_a, last_b) - np.maximum(first_a, first_b) + 1
    expected = (last_a - first_a + 1) * (last_b - first_b + 1) / days
    coincidence = np.maximum(overlap, 0) / expected
    together = np.maximum(coincidence, 1e-9)
    share = ((shifts + 1) / together - 1) / max(shifts, 1)
    return coincidence, np.clip(share, 0.0, 1.0)


def adjust(
    p_values: np.ndarray, tests: int, times: np.ndarray | None = None
) -> np.ndarray:
    """Turn p-values into q-values by Benjamini and Hochberg, over more tests than are listed.

    Parameters
    ----------
    p_values : numpy.ndarray, shape (n,)
        Those that are listed; all others are 1.
    tests : int
        How many there are in all.
    times : numpy.ndarray of int64, shape (n,), optional
        How many tests gave each p-value; one by default.

    Returns
    -------
    numpy.ndarray, shape (n,)

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
    Statistical Society B 57, 289–300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> adjust(np.array([0.01, 0.04]), 4).round(12).tolist()
    [0.04, 0.08]
    """
    if times is None:
        times = np.ones(len(p_values), np.int64)
    order = np.argsort(p_values, kind="stable")
    ranks = np.cumsum(times[order])
    ranked = p_values[order] * max(tests, int(times.sum())) / ranks
    q_values = np.empty(len(p_values))
    q_values[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return q_values
