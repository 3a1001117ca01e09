"""A score: what was found, held against what is known to be true, figure by figure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.estimate import Z_95, Estimate
from analyzer.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Score(Result):
    """How right a result is, by a known truth.

    Attributes
    ----------
    subject : str
        What was scored.
    figures : dict of str to Estimate
        Named figures: shares are of 1, names ending in ``_km``, ``_m`` or ``_min`` have that unit.
    cases : pandas.DataFrame
        One row a vehicle that was scored, with what was true and what was found.
    """

    subject: str
    figures: dict[str, Estimate]
    cases: pd.DataFrame = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> Estimate:
        return self.figures[name]

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures as a table: ``figure, value, low, high, n, method``."""
        return pd.DataFrame(
            [
                {"figure": name, **{key: figure.to_dict()[key] for key in _COLUMNS}}
                for name, figure in self.figures.items()
            ],
            columns=["figure", *_COLUMNS],
        ).astype(dict.fromkeys(("value", "low", "high"), float))

    def summary(self) -> str:
        """Tell each figure with its interval."""
        lines = [f"{self.subject}, held against the truth:"]
        for name, figure in self.figures.items():
            label, unit = name.replace("_", " "), ""
            for ending in ("km", "m", "min"):
                if name.endswith(f"_{ending}"):
                    label, unit = label.removesuffix(f" {ending}"), f" {ending}"
            if not figure.is_measured:
                said = "not measurable"
            elif unit:
                said = f"{figure.value:.2f}{unit} ({figure.low:.2f}–{figure.high:.2f})"
            else:
                said = figure.percent()
            lines.append(f"{label}: {said}, n = {figure.n:,}")
        return "\n".join(lines)

    def plot(self) -> Axes:
        """Draw the shares among the figures with their intervals."""
        from analyzer.charts import new_axes

        shares = {
            name: figure
            for name, figure in self.figures.items()
            if figure.is_measured and not name.endswith(("_km", "_m", "_min"))
        }
        axes = new_axes()
        for row, figure in enumerate(shares.values()):
            axes.plot([figure.low, figure.high], [row, row], color="0.5")
            axes.plot(figure.value, row, "o")
        axes.set_yticks(range(len(shares)), [name.replace("_", " ") for name in shares])
        axes.set(xlim=(0, 1), xlabel="share")
        axes.invert_yaxis()
        return axes


_COLUMNS = ("value", "low", "high", "n", "method")


def median_estimate(values: np.ndarray) -> Estimate:
    """Estimate a median with the interval that its order statistics give.

    Parameters
    ----------
    values : numpy.ndarray of float64
        NaN values are left out.

    Returns
    -------
    Estimate

    Notes
    -----
    The number of values below the true median is binomial (n, 1/2); its normal approximation gives
    the ranks of the ends of the interval.

    Examples
    --------
    >>> estimate = median_estimate(np.arange(1.0, 102.0))
    >>> estimate.value, estimate.low, estimate.high
    (51.0, 41.0, 61.0)
    """
    values = np.sort(np.asarray(values, float))
    values = values[~np.isnan(values)]
    n = len(values)
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, "median")
    half = Z_95 * math.sqrt(n) / 2
    low = max(0, math.floor((n - 1) / 2 - half))
    high = min(n - 1, math.ceil((n - 1) / 2 + half))
    return Estimate(
        float(np.median(values)),
        float(values[low]),
        float(values[high]),
        n,
        "median, 95 % by order statistics",
    )


def f1_estimate(right: int, found: int, true: int, *, seed: int = 0) -> Estimate:
    """Estimate the harmonic mean of precision and recall, with a bootstrap interval.

    Parameters
    ----------
    right, found, true : int
        Cases found rightly, cases found, cases there are.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> round(f1_estimate(8, 10, 10).value, 3)
    0.8
    """
    # A found case that is wrong can be a true case as well (wrong place): it counts on both sides.
    wrong, missed = found - right, true - right
    n = right + wrong + missed
    method = "bootstrap over cases, 95 %"
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, method)
    draws = np.random.default_rng(seed).multinomial(n, np.array([right, wrong, missed]) / n, 2_000)
    resampled = 2 * draws[:, 0] / (2 * draws[:, 0] + draws[:, 1] + draws[:, 2])
    low, high = np.quantile(resampled, [0.025, 0.975])
    value = 2 * right / (found + true)
    return Estimate(value, min(float(low), value), max(float(high), value), n, method)
