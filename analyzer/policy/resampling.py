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
    n_days = states.shape[1]
    powers = 4 ** np.arange(n_days, dtype=np.int64)
    codes, counts = np.unique(states.astype(np.int64) @ powers, return_counts=True)
    patterns = (codes[:, None] // powers) % 4
    hits, bases = has[patterns].astype(np.int64), among[patterns].astype(np.int64)
    value = float((counts @ hits).sum() / (counts @ bases).sum())
    drawn = rng.multinomial(len(states), counts / len(states), size=REPLICATES)
    days = np.ones((REPLICATES, n_days), np.int64)
    if days_vary:
        days = rng.multinomial(n_days, np.full(n_days, 1 / n_days), size=REPLICATES)
    above, below = ((drawn @ hits) * days).sum(axis=1), ((drawn @ bases) * days).sum(axis=1)
    shares = above[below > 0] / below[below > 0]
    low, high = np.quantile(shares, [0.025, 0.975], method="inverted_cdf")
    if value in (0.0, 1.0):
        border = wilson(round(value * n), n)
        low, high = border.low, border.high
    return Estimate(value, min(float(low), value), max(float(high), value), n, method, baseline)
