"""Crowd sizes: how large the anonymity sets of many targets are, as figures with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analyzer.estimate import Z_95, Estimate, wilson

BELOW = (2, 5, 10)
"""Sizes under which a crowd is counted: alone; small; under the usual threshold to publish."""

CLASSES = (1, 2, 5, 10, 20, 50, 100, 1_000, 10_000)
"""Where the classes of a published distribution begin."""


@dataclass(frozen=True)
class CrowdSizes:
    """The sizes k of the anonymity sets of targets, each counting its target.

    Attributes
    ----------
    sizes : tuple of (int, int)
        k, ascending, and the number of targets with an anonymity set of this size.
    below : tuple of Estimate
        Share of targets with k under 2, 5 and 10 (see `BELOW`). Baseline: naming 1, 4 or 9 of all
        candidates at random.
    median : Estimate
        Median k; its interval by order statistics. Baseline: all candidates.
    entropy : Estimate
        Mean of log2 k in bits: how uncertain an adversary is left who holds all of the set for
        equally likely. Baseline: log2 of all candidates.
    """

    sizes: tuple[tuple[int, int], ...]
    below: tuple[Estimate, ...]
    median: Estimate
    entropy: Estimate

    def to_pandas(self) -> pd.DataFrame:
        """Give the distribution: k, vehicles, share, share_up_to."""
        k, vehicles = _columns(self.sizes)
        total = max(int(vehicles.sum()), 1)
        return pd.DataFrame(
            {
                "k": k,
                "vehicles": vehicles,
                "share": vehicles / total,
                "share_up_to": np.cumsum(vehicles) / total,
            }
        )

    def classes(self) -> pd.DataFrame:
        """Give the distribution in classes: k_from, k_to (both included; the last is open)."""
        return in_classes(*_columns(self.sizes), "vehicles")

    def figures(self) -> dict[str, Estimate]:
        """Give the figures by name.

        Examples
        --------
        >>> list(crowd_sizes(np.array([1, 1, 7]), 9, "exact").figures())
        ['k_below_2', 'k_below_5', 'k_below_10', 'median_k', 'entropy_bits']
        """
        below = {f"k_below_{k}": share for k, share in zip(BELOW, self.below, strict=True)}
        return {**below, "median_k": self.median, "entropy_bits": self.entropy}

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON-able fields, and the distribution in classes."""
        return {
            **{name: figure.to_dict() for name, figure in self.figures().items()},
            "classes": [
                {"k_from": int(row.k_from), "k_to": None if pd.isna(row.k_to) else int(row.k_to),
                 "vehicles": int(row.vehicles)}
                for row in self.classes().itertuples()
            ],
        }  # fmt: skip


def _columns(sizes: Sequence[tuple[int, int]]) -> np.ndarray:
    return np.array(sizes, np.int64).reshape(-1, 2).T


def in_classes(
    k: np.ndarray, counts: np.ndarray, name: str, starts: Sequence[int] = CLASSES
) -> pd.DataFrame:
    """Sum up a distribution in classes.

    Parameters
    ----------
    k, counts : numpy.ndarray of int64
        Sizes, and how many have them.
    name : str
        Column of the counts.
    starts : sequence of int
        Where classes begin.

    Returns
    -------
    pandas.DataFrame
        ``k_from``, ``k_to`` (both included; the last is open), and the counts.

    Examples
    --------
    >>> in_classes(np.array([1, 3, 4]), np.array([5, 1, 2]), "n", (1, 2)).values.tolist()
    [[1, 1, 5], [2, <NA>, 3]]
    """
    of = np.searchsorted(starts, k, side="right") - 1
    sums = np.bincount(of, counts, minlength=len(starts)).astype(np.int64)
    ends = pd.array([*(start - 1 for start in starts[1:]), None], dtype="Int64")
    return pd.DataFrame({"k_from": starts, "k_to": ends, name: sums})


def crowd_sizes(k: np.ndarray, candidates: int, method: str) -> CrowdSizes:
    """Describe the sizes of anonymity sets.

    Parameters
    ----------
    k : numpy.ndarray of int, shape (targets,)
        Size of each target's anonymity set, at least 1.
    candidates : int
        Vehicles among whom somebody who knows nothing would have to choose.
    method : str
        How the sizes were found; kept with the figures.

    Returns
    -------
    CrowdSizes
        Figures are NaN where there is no target.

    Examples
    --------
    >>> sizes = crowd_sizes(np.array([1, 1, 2, 8]), 100, "exact")
    >>> sizes.below[0].value, sizes.median.value, sizes.entropy.value
    (0.5, 1.5, 1.0)
    >>> sizes.sizes
    ((1, 2), (2, 1), (8, 1))
    """
    values, counts = np.unique(np.asarray(k, np.int64), return_counts=True)
    n = len(k)
    below = tuple(
        wilson(
            int(counts[values < size].sum()),
            n,
            method=f"{method}; Wilson, 95 %, over targets",
            baseline=min(1.0, (size - 1) / candidates) if candidates else None,
        )
        for size in BELOW
    )
    return CrowdSizes(
        sizes=tuple(zip(values.tolist(), counts.tolist(), strict=True)),
        below=below,
        median=_median(values, counts, candidates, method),
        entropy=_entropy(values, counts, candidates, method),
    )


def _median(values: np.ndarray, counts: np.ndarray, candidates: int, method: str) -> Estimate:
    method = f"{method}; interval by order statistics, 95 %, over targets"
    n = int(counts.sum())
    baseline = float(candidates)
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    up_to = np.cumsum(counts)

    def ordered(rank: float) -> float:
        """The value of a rank from 1; ranks outside are those at the ends."""
        return float(values[np.searchsorted(up_to, min(max(rank, 1), n))])

    half = Z_95 * math.sqrt(n) / 2
    middle = (ordered((n + 1) // 2) + ordered(n // 2 + 1)) / 2
    low, high = ordered(math.floor(n / 2 - half)), ordered(math.ceil(n / 2 + half) + 1)
    return Estimate(middle, low, high, n, method, baseline)


def _entropy(values: np.ndarray, counts: np.ndarray, candidates: int, method: str) -> Estimate:
    method = f"{method}; mean of log2 k, normal interval, 95 %, over targets"
    n = int(counts.sum())
    baseline = math.log2(candidates) if candidates else None
    if not n:
        return Estimate(math.nan, math.nan, math.nan, 0, method, baseline)
    bits = np.log2(values)
    mean = math.fsum(bits * counts) / n
    spread = math.sqrt(math.fsum(counts * (bits - mean) ** 2) / max(n - 1, 1))
    half = Z_95 * spread / math.sqrt(n)
    return Estimate(mean, max(0.0, mean - half), mean + half, n, method, baseline)
