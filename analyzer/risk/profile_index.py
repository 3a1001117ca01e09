"""An index of profiles: for each feature, the candidates that hold it, in blocks.

Blocks are of candidates whose scores fit into a processor's cache; how long the lists are says what
matching takes.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.risk.profile_weights import Weighted

BLOCK = 8192
"""Candidates whose scores are summed at once."""


class Index(NamedTuple):
    """Candidates by feature, in blocks.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (blocks × features + 1,)
        Where the list of each feature begins, block by block.
    entries : numpy.ndarray of uint32
        A candidate, counted from the first of its block, in the upper half, and its weight in the
        lower.
    """

    starts: np.ndarray
    entries: np.ndarray


def make_index(weighted: Weighted, block: int = BLOCK) -> Index:
    """List the candidates that hold each feature, block by block."""
    n_candidates = len(weighted.candidate_offsets) - 1
    return Index(
        *_index(
            weighted.candidate_offsets,
            weighted.candidate_features,
            weighted.candidate_weights,
            weighted.n_features,
            max(1, -(-n_candidates // block)),
            block,
        )
    )


def count_additions(weighted: Weighted) -> int:
    """Count the additions that matching takes: for each query, the lengths of its features' lists.

    Examples
    --------
    >>> from analyzer.risk.profile_weights import weigh
    >>> from analyzer.risk.profiles import Profiles
    >>> two = Profiles(np.arange(2), np.array([0, 1, 3]), np.array([3, 3, 8]), np.ones(3, int))
    >>> count_additions(weigh("cosine", two, two))
    5
    """
    asked, held = (
        np.bincount(features, minlength=weighted.n_features).astype(np.float64)
        for features in (weighted.query_features, weighted.candidate_features)
    )
    return int(asked @ held)


def count_work(weighted: Weighted) -> float:
    """Count the steps that matching takes: its additions, and to look at each sum."""
    n_queries, n_candidates = len(weighted.query_offsets) - 1, len(weighted.candidate_offsets) - 1
    return count_additions(weighted) + n_queries * n_candidates / 4


@numba.njit(cache=True, nogil=True)
def _index(
    offsets: np.ndarray,
    features: np.ndarray,
    weights: np.ndarray,
    n_features: int,
    n_blocks: int,
    block: int,
) -> tuple[np.ndarray, np.ndarray]:
    starts = np.zeros(n_blocks * n_features + 1, np.int64)
    for row in range(len(offsets) - 1):
        base = row // block * n_features
        for i in range(offsets[row], offsets[row + 1]):
            starts[base + features[i] + 1] += 1
    for i in range(len(starts) - 1):
        starts[i + 1] += starts[i]
    following = starts[:-1].copy()
    entries = np.empty(len(features), np.uint32)
    for row in range(len(offsets) - 1):
        base = row // block * n_features
        for i in range(offsets[row], offsets[row + 1]):
            at = following[base + features[i]]
            following[base + features[i]] += 1
            entries[at] = (row % block) << 16 | weights[i]
    return starts, entries
