"""Assignment: one candidate at most for each query, so that all claims together score best.

Each query may take one of its best candidates, or stay unmatched at a price. How far ahead of the
second best a candidate must be before a match is claimed is learned on earlier periods, where the
answers are known.
"""

from __future__ import annotations

import numpy as np


def assign(
    best: np.ndarray, scores: np.ndarray, n_candidates: int, unmatched: np.ndarray
) -> np.ndarray:
    """Match queries with candidates one to one, so that the sum of the scores is largest.

    Parameters
    ----------
    best : numpy.ndarray of int32, shape (queries, k)
        Candidates that each query may take; -1 where there is none.
    scores : numpy.ndarray of int64, shape (queries, k)
        Their scores, not negative.
    n_candidates : int
        Number of candidates.
    unmatched : numpy.ndarray of int64, shape (queries,)
        Score of each query's staying unmatched, not negative.

    Returns
    -------
    numpy.ndarray of int64, shape (queries,)
        The candidate of each query; -1 for those left unmatched.

    Notes
    -----
    The optimum is exact (to the 53 bits of a double) by the shortest augmenting paths of Jonker and
    Volgenant for sparse graphs, as SciPy has it; each query's own edge "unmatched" makes a full
    matching possible. A candidate that scores no more than `unmatched` adds nothing to an optimum:
    such edges are left out. Equal optima are told apart by position, which says nothing where
    positions were drawn at random.

    References
    ----------
    Jonker, R., Volgenant, A. (1987). A shortest augmenting path algorithm for dense and sparse
    linear assignment problems. Computing 38, 325–340. doi:10.1007/BF02278710

    Examples
    --------
    Both queries like candidate 0 best; the second loses less by taking candidate 1.

    >>> best, scores = np.array([[0, 1], [0, 1]]), np.array([[9, 2], [8, 6]])
    >>> assign(best, scores, 2, unmatched=np.array([1, 1])).tolist()
    [0, 1]
    >>> assign(best, scores, 2, unmatched=np.array([7, 7])).tolist()
    [0, -1]
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    n_queries = len(best)
    allowed = (best >= 0) & (scores > unmatched[:, None])
    matched = np.full(n_queries, -1, np.int64)
    asked = np.flatnonzero(allowed.any(axis=1))
    if not len(asked):
        return matched
    allowed, best, scores = allowed[asked], best[asked], scores[asked].astype(np.float64)
    row, at = np.nonzero(allowed)
    own = np.arange(len(asked))
    # Costs must not be zero, which would mean no edge at all; the smallest becomes 1.
    highest = scores[allowed].max()
    cost = np.concatenate(
        [1 + (highest - scores[row, at]), 1 + (highest - unmatched[asked])]
    )
    rows = np.concatenate([row, own])
    columns = np.concatenate([best[row, at].astype(np.int64), n_candidates + own])
    graph = csr_array((cost, (rows, columns)), shape=(len(asked), n_candidates + len(asked)))
    rows, columns = min_weight_full_bipartite_matching(graph)
    matched[asked[rows]] = np.where(columns < n_candidates, columns, -1)
    return matched


def learn_margin(lead: np.ndarray, right: np.ndarray) -> int:
    """Find from which lead on claims were more often right than wrong.

    Parameters
    ----------
    lead : numpy.ndarray of int64, shape (n,)
        By how much the best candidate of each query of earlier periods scored more than the second.
    right : numpy.ndarray of bool, shape (n,)
        Whether the best candidate was the right one.

    Returns
    -------
    int
        The lead above which a match should be claimed: right claims less wrong ones are most there;
        among equal ones the lowest. The largest lead of all, if claims never pay.

    Examples
    --------
    >>> learn_margin(np.array([5, 9, 7, 2]), np.array([True, True, False, False]))
    4
    """
    order = np.argsort(-lead, kind="stable")
    gain = np.cumsum(np.where(right[order], 1, -1))
    # Only where the next lead is smaller can the border lie.
    ends = np.flatnonzero(np.append(np.diff(lead[order]) != 0, True)) if len(lead) else order
    if not len(ends) or gain[ends].max() <= 0:
        return int(lead.max(initial=0))
    last = ends[len(ends) - 1 - int(np.argmax(gain[ends][::-1]))]
    return int(lead[order[last]]) - 1
