"""Resampling: intervals for shares of vehicles that were looked at on several leak days.

A vehicle that is singled out on one leak day is likely to be on the next, so its leak days are no
independent observations: whole vehicles are drawn again, with all their leak days. Vehicles with
the same states on all leak days are alike, so the draw is one multinomial draw of how often each
pattern of states occurs, which is the same thing and costs no more for a million vehicles than
for ten.
"""

from __future__ import annotations

import math

import numpy as np

from analyzer.estimate import Estimate, wilson

ABSENT, DELETED, SHOWN, ALONE = 0, 1, 2, 3
"""States of a vehicle on a leak day: too few points to be counted; none of its known points left;
some
left, but others match; some left, and nobody else matches."""

REPLICATES = 1_000

IS_TARGET = np.array([False, True, True, True])
IS_SHOWN = np.array([False, False, True, True])
IS_ALONE = np.array([False, False, False, True])


def estimate_share(
    states: np.ndarray,
    has: np.ndarray,
    among: np.ndarray,
    *,
    days_vary: bool,
    rng: np.random.Generator,
    method: str,
    baseline: float | None = None,
) -> Estimate:
    """Estimate a share over all vehicles and leak days, with an interval that resamples vehicles.

    Parameters
    ----------
    states : numpy.ndarray of int8, shape (vehicles, leak days)
        State of each vehicle on each leak day.
    has, among : numpy.ndarray of bool, shape (4,)
        Which states count for the share, and which belong to its denominator.
    days_vary : bool
        Whether leak days are drawn again too; sensible only where they are far apart.
    rng : numpy.random.Generator
        Source of the draws.
    method : str
        Text kept with the figure.
    baseline : float, optional
        What chance alone gives.

    Returns
    -------
    Estimate
        `n` is the number of vehicles that belong to the denominator on any leak day. Where all of
        them or none have the property, every resample is the same, and Wilson's interval over the
        `n` vehicles stands in.

    Notes
    -----
    Percentile bootstrap, 95 %, of a ratio of sums.

    References
    ----------
    Efron, B., Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    doi:10.1201/9780429246593

    Examples
    --------
    >>> states = np.array([[3], [2], [1], [0]], np.int8)
    >>> share = estimate_share(states, IS_ALONE, IS_TARGET, days_vary=False,
    ...                        rng=np.random.default_rng(0), method="bootstrap")
    >>> round(share.value, 3), share.n
    (0.333, 3)
    """
    n = int(np.count_nonzero(among[states].any(axis=1)))
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    patterns, counts = _patterns(states)
    hits, bases = has[patterns].astype(np.int64), among[patterns].astype(np.int64)
    value = float((counts @ hits).sum() / (counts @ bases).sum())
    drawn, days = _draws(counts, states.shape[1], days_vary, rng)
    above, below = ((drawn @ hits) * days).sum(axis=1), ((drawn @ bases) * days).sum(axis=1)
    shares = above[below > 0] / below[below > 0]
    low, high = np.quantile(shares, [0.025, 0.975], method="inverted_cdf")
    if value in (0.0, 1.0):
        border = wilson(round(value * n), n)
        low, high = border.low, border.high
    return Estimate(value, min(float(low), value), max(float(high), value), n, method, baseline)


def estimate_difference(
    one: np.ndarray,
    other: np.ndarray,
    *,
    days_vary: bool,
    rng: np.random.Generator,
    method: str,
) -> Estimate:
    """Estimate by how much a share differs between two policies, paired by vehicle and leak day.

    Parameters
    ----------
    one, other : numpy.ndarray of int8, shape (vehicles, leak days)
        States of the same vehicles on the same leak days under the two policies.
    days_vary, rng, method
        As for `estimate_share`.

    Returns
    -------
    Estimate
        Share that is ``ALONE`` under `one` minus that under `other`, over the vehicles and days
        that count under both; `n` vehicles. The difference lies between -1 and 1, and its baseline,
        where policies do not matter, is 0. Where no vehicle differs, all resamples are the same,
        and the interval is that of no difference seen among `n`.

    Examples
    --------
    >>> one, other = np.array([[3], [3], [2]], np.int8), np.array([[3], [2], [2]], np.int8)
    >>> difference = estimate_difference(one, other, days_vary=False,
    ...                                  rng=np.random.default_rng(0), method="bootstrap")
    >>> round(difference.value, 3), difference.n
    (0.333, 3)
    """
    both = IS_TARGET[one] & IS_TARGET[other]
    n = int(np.count_nonzero(both.any(axis=1)))
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0, method, 0.0)
    # 0 does not count, then what a vehicle adds to the difference: nothing, one less, one more.
    change = IS_ALONE[one].astype(np.int8) - IS_ALONE[other]
    patterns, counts = _patterns(np.where(both, np.where(change < 0, 2, change * 2 + 1), 0))
    gains = np.array([0, 0, -1, 1])[patterns]
    bases = (patterns > 0).astype(np.int64)
    value = float((counts @ gains).sum() / (counts @ bases).sum())
    if not gains.any():
        border = wilson(0, n).high
        return Estimate(0.0, -border, border, n, method, 0.0)
    drawn, days = _draws(counts, one.shape[1], days_vary, rng)
    above, below = ((drawn @ gains) * days).sum(axis=1), ((drawn @ bases) * days).sum(axis=1)
    low, high = np.quantile(
        above[below > 0] / below[below > 0], [0.025, 0.975], method="inverted_cdf"
    )
    return Estimate(value, min(float(low), value), max(float(high), value), n, method, 0.0)


def _patterns(states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the different rows of states, and how often each occurs."""
    powers = 4 ** np.arange(states.shape[1], dtype=np.int64)
    codes, counts = np.unique(states.astype(np.int64) @ powers, return_counts=True)
    return (codes[:, None] // powers) % 4, counts


def _draws(
    counts: np.ndarray, n_days: int, days_vary: bool, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw again how often each pattern, and each leak day, occurs."""
    vehicles = int(counts.sum())
    drawn = rng.multinomial(vehicles, counts / vehicles, size=REPLICATES)
    days = np.ones((REPLICATES, n_days), np.int64)
    if days_vary:
        days = rng.multinomial(n_days, np.full(n_days, 1 / n_days), size=REPLICATES)
    return drawn, days
