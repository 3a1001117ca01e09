"""Survival: after how long half of the units have met an event, though some still wait.

Data end before everything has happened, so the share that waits is estimated by Kaplan and Meier,
and never extrapolated.

References
----------
Kaplan, E. L., Meier, P. (1958). Nonparametric estimation from incomplete observations. Journal of
the American Statistical Association 53, 457–481. doi:10.1080/01621459.1958.10501452

Brookmeyer, R., Crowley, J. (1982). A confidence interval for the median survival time. Biometrics
38, 29–41. doi:10.2307/2530286
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analyzer.estimate import Z_95, Estimate

METHOD = "Kaplan–Meier; log(−log), 95 %; waiting units are censored at the end of the data"


@dataclass(frozen=True)
class Survival:
    """How long units wait for an event.

    Attributes
    ----------
    time : numpy.ndarray of float64, shape (m,)
        Times at which something happened, rising.
    at_risk, events : numpy.ndarray of int64, shape (m,)
        Units that still waited just before, and those that met the event then.
    waiting, low, high : numpy.ndarray of float64, shape (m,)
        Share that waits longer than this time, and its interval at 95 %.
    n : int
        Units.
    """

    time: np.ndarray = field(repr=False)
    at_risk: np.ndarray = field(repr=False)
    events: np.ndarray = field(repr=False)
    waiting: np.ndarray = field(repr=False)
    low: np.ndarray = field(repr=False)
    high: np.ndarray = field(repr=False)
    n: int

    def until(self, share: float = 0.5) -> Estimate:
        """Estimate the time until a share of the units has met the event.

        Returns
        -------
        Estimate
            Value NaN where so many never did within the data; the upper end is infinite where the
            data cannot bound it. The interval holds the times at which the share is not rejected.
        """
        left = 1.0 - share

        def first(values: np.ndarray) -> float:
            at = np.flatnonzero(values <= left + 1e-12)
            return float(self.time[at[0]]) if len(at) else math.inf

        value, low, high = first(self.waiting), first(self.low), first(self.high)
        if math.isinf(value):
            return Estimate(math.nan, low if math.isfinite(low) else math.nan, math.inf, self.n,
                            METHOD)  # fmt: skip
        return Estimate(value, low, high, self.n, METHOD)

    def met_by(self, time: float) -> Estimate:
        """Estimate the share of units that have met the event by a time."""
        at = int(np.searchsorted(self.time, time, side="right")) - 1
        if not self.n or at < 0:
            value = 0.0 if self.n else math.nan
            return Estimate(value, value, value, self.n, METHOD)
        met, low, high = (float(1 - c[at]) for c in (self.waiting, self.high, self.low))
        return Estimate(met, low, high, self.n, METHOD)

    def to_pandas(self) -> pd.DataFrame:
        """Give the curve: time, at_risk, events, waiting, low, high."""
        names = ("time", "at_risk", "events", "waiting", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def kaplan_meier(time: np.ndarray, met: np.ndarray) -> Survival:
    """Estimate how long units wait for an event, from those that met it and those still waiting.

    Parameters
    ----------
    time : array of float, shape (n,)
        When each unit met the event, or when it was last known to wait.
    met : array of bool, shape (n,)
        Whether it met the event. Units that stop waiting at a time at which others meet the event
        count as waiting then.

    Returns
    -------
    Survival
        Variance by Greenwood's formula, intervals on the scale log(−log), so that they stay between
        0 and 1.

    Raises
    ------
    ValueError
        If there is not one event for each time.

    Examples
    --------
    The remission times of 21 patients of Freireich et al. (1963), of whom 12 were censored.

    >>> weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    >>> curve = kaplan_meier(weeks, [True] * 9 + [False] * 12)
    >>> curve.waiting.round(3).tolist()
    [0.857, 0.807, 0.753, 0.69, 0.627, 0.538, 0.448]
    >>> curve.until(0.5).value
    23.0
    """
    time, met = np.asarray(time, float), np.asarray(met, bool)
    if time.shape != met.shape or time.ndim != 1:
        raise ValueError("one event for each time is needed")
    order = np.argsort(time, kind="stable")
    time, met = time[order], met[order]
    times = np.unique(time[met])
    at_risk = len(time) - np.searchsorted(time, times, side="left")
    events = np.searchsorted(time[met], times, side="right") - np.searchsorted(
        time[met], times, side="left"
    )
    waiting = np.cumprod(1 - events / at_risk) if len(times) else np.empty(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Greenwood's sum; where nobody is left it has no end, and neither has the doubt.
        greenwood = np.cumsum(events / (at_risk * (at_risk - events)))
        spread = Z_95 * np.sqrt(greenwood) / np.abs(np.log(waiting))
        low, high = waiting ** np.exp(spread), waiting ** np.exp(-spread)
    nobody = waiting <= 0
    low, high = np.where(nobody, 0.0, low), np.where(nobody, _last(high, nobody), high)
    return Survival(
        times, at_risk.astype(np.int64), events.astype(np.int64), waiting, low, high, len(time)
    )


def _last(high: np.ndarray, nobody: np.ndarray) -> float:
    """Give the upper end before nobody was left (1 where there is none)."""
    before = high[~nobody]
    return float(before[-1]) if len(before) else 1.0
