"""Matching of profiles: the best candidates for each query, and the rank of the right one.

The candidates stand in an inverted index (for each feature, who holds it and with which weight),
cut into blocks of candidates whose scores fit into a processor's cache. A query adds up its
features' lists block by block, so no table of all pairs is ever made; a block's lists stay in the
cache while all queries of a part go through them. Scores are sums of whole numbers, so they depend
neither on the order of features nor on how queries are divided.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, RowsPart
from analyzer.risk.profile_index import BLOCK, Index, count_work, make_index
from analyzer.risk.profile_weights import Weighted
from analyzer.schema import Rows, concatenate

KEPT_BEST = 20
"""How many of the best candidates of each query are kept."""

_SPARSE = 128
"""With fewer hits than one in so many candidates of a block, only those hit are looked at."""

_CHUNK = 64
"""So many sums are asked at once whether one of them matters; compilers make it a few steps. A
block has a multiple of them."""

_NOTHING = 2**31 - 1
"""True score of a query without an answer: no sum reaches it."""

_PARTS = 16
_WORK = 1 << 24
"""Queries go out in at most so many parts, of at least about so much work each (see
`count_work`): few queries among many candidates are worth sharing, too."""


class Matches(NamedTuple):
    """What a matcher found for each query.

    Attributes
    ----------
    rank : numpy.ndarray of float64, shape (queries,)
        Rank of the right candidate; ties take the mean rank; NaN where there is none.
    best : numpy.ndarray of int32, shape (queries, KEPT_BEST)
        Best candidates, the best first, ties by position; -1 where no more have anything in common.
    scores : numpy.ndarray of int32, shape (queries, KEPT_BEST)
        Their scores; 0 where there is none.
    """

    rank: np.ndarray
    best: np.ndarray
    scores: np.ndarray


def match_profiles(engine: Engine, weighted: Weighted, answers: np.ndarray) -> Matches:
    """Score all candidates for each query, and keep the best and the rank of the right one.

    Parameters
    ----------
    engine : Engine
        Where the queries are worked on.
    weighted : Weighted
        From `analyzer.risk.profile_weights.weigh`.
    answers : numpy.ndarray of int64, shape (queries,)
        The right candidate of each query, -1 if there is none: for the rank alone; neither score
        nor order of the best depends on it.

    Returns
    -------
    Matches

    Examples
    --------
    >>> from analyzer.engine import get_engine
    >>> from analyzer.risk.profile_weights import weigh
    >>> from analyzer.risk.profiles import Profiles
    >>> old = Profiles(np.arange(2), np.array([0, 1, 2]), np.array([3, 8]), np.array([1, 1]))
    >>> new = Profiles(np.arange(2), np.array([0, 1, 2]), np.array([8, 3]), np.array([2, 1]))
    >>> found = match_profiles(get_engine("local"), weigh("cosine", old, new), np.array([1, 1]))
    >>> found.best[:, 0].tolist(), found.rank.tolist()
    ([1, 0], [1.0, 2.0])
    """
    return match_groups(engine, [weighted], score_answers(weighted, answers))


def score_answers(weighted: Weighted, answers: np.ndarray) -> np.ndarray:
    """Score the right candidate of each query; what no sum reaches for -1, where there is none.

    Examples
    --------
    >>> from analyzer.risk.profile_weights import weigh
    >>> from analyzer.risk.profiles import Profiles
    >>> one = Profiles(np.arange(2), np.array([0, 1, 2]), np.array([3, 8]), np.array([1, 1]))
    >>> score_answers(weigh("cosine", one, one), np.array([0, 0])).tolist()
    [1073741824, 0]
    """
    return _score_answers(*weighted[1:], answers)


def match_groups(
    engine: Engine, groups: Iterable[Weighted], true_scores: np.ndarray
) -> Matches:
    """Match queries with candidates that come group by group.

    Parameters
    ----------
    engine : Engine
        Where the queries are worked on.
    groups : iterable of Weighted
        The same queries with one group of candidates after the other, weighed by the traffic of
        all of them.
    true_scores : numpy.ndarray of int32, shape (queries,)
        From `score_answers`: of the right candidates, in whichever group they are.

    Returns
    -------
    Matches
        Candidates are numbered through all groups.
    """
    n_queries, n_candidates = len(true_scores), 0
    above, equal = np.zeros(n_queries, np.int64), np.zeros(n_queries, np.int64)
    best = np.full((n_queries, KEPT_BEST), -1, np.int32)
    scores = np.zeros((n_queries, KEPT_BEST), np.int32)
    for weighted in groups:
        found = _match_group(engine, weighted, true_scores)
        query = found["query"]
        above[query] += found["above"]
        equal[query] += found["equal"]
        more = np.stack([found[f"best_{at}"] for at in range(KEPT_BEST)], axis=1)
        more[more >= 0] += n_candidates
        more_scores = np.stack([found[f"score_{at}"] for at in range(KEPT_BEST)], axis=1)
        if n_candidates:
            # Stable: of equal scores the earlier candidate stays before.
            more = np.concatenate([best[query], more], axis=1)
            more_scores = np.concatenate([scores[query], more_scores], axis=1)
            order = np.argsort(-more_scores, axis=1, kind="stable")[:, :KEPT_BEST]
            more = np.take_along_axis(more, order, axis=1)
            more_scores = np.take_along_axis(more_scores, order, axis=1)
        best[query], scores[query] = more, more_scores
        n_candidates += len(weighted.candidate_offsets) - 1
    # A true score of nought is a tie with all that have nothing in common: the sums above it were
    # counted, the ties follow from them.
    nothing = true_scores == 0
    above[nothing] += equal[nothing]
    equal[nothing] = n_candidates - above[nothing]
    rank = (2 * above + equal + 1) / 2
    rank[true_scores == _NOTHING] = np.nan
    return Matches(rank, best, scores)


def _match_group(engine: Engine, weighted: Weighted, true_scores: np.ndarray) -> Rows:
    """Share the queries out, and match each share with all candidates of the group."""
    n_queries = len(weighted.query_offsets) - 1
    parts = max(1, min(_PARTS, int(count_work(weighted)) // _WORK))
    borders = np.linspace(0, n_queries, parts + 1).astype(np.int64)
    pieces = []
    for first, last in pairwise(borders.tolist()):
        entries = slice(weighted.query_offsets[first], weighted.query_offsets[last])
        lengths = np.diff(weighted.query_offsets[first : last + 1])
        pieces.append(
            RowsPart(
                {
                    "query": np.repeat(np.arange(first, last, dtype=np.int32), lengths),
                    "feature": weighted.query_features[entries],
                    "weight": weighted.query_weights[entries],
                }
            )
        )
    shared = {
        "index": make_index(weighted),
        "n_features": weighted.n_features,
        "n_candidates": len(weighted.candidate_offsets) - 1,
        "true_scores": true_scores,
    }
    return concatenate(engine.map(pieces, match_in_part, shared))


def match_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Match the queries of one part: query, candidates above and equal, best and their scores."""
    query, above, equal, best, scores = _match(
        rows["query"],
        rows["feature"],
        rows["weight"],
        broadcast["true_scores"],
        broadcast["index"],
        broadcast["n_features"],
        broadcast["n_candidates"],
        BLOCK,
        KEPT_BEST,
    )
    found = {"query": query, "above": above, "equal": equal}
    for at in range(KEPT_BEST):
        found[f"best_{at}"] = np.ascontiguousarray(best[:, at])
        found[f"score_{at}"] = np.ascontiguousarray(scores[:, at])
    return found


@numba.njit(cache=True, nogil=True)
def _offer(best: np.ndarray, scores: np.ndarray, candidate: int, score: int) -> None:
    """Put a candidate in its place among the best, if it has one.

    Candidates come in their order, so of equal scores the earlier candidate stays before.
    """
    at = len(best) - 1
    if score <= scores[at]:
        return
    while at > 0 and scores[at - 1] < score:
        scores[at] = scores[at - 1]
        best[at] = best[at - 1]
        at -= 1
    scores[at] = score
    best[at] = candidate


@numba.njit(cache=True, nogil=True)
def _look(
    sums: np.ndarray, first: int, true_score: np.int32, best: np.ndarray, scores: np.ndarray
) -> tuple[int, int]:
    """Count the sums above and equal to the true score, and offer the large ones."""
    above = equal = 0
    last = len(scores) - 1
    chunks = sums.reshape(-1, _CHUNK)
    for c in range(len(chunks)):
        bar = min(true_score, np.int32(scores[last] + 1))
        matters = np.uint8(0)
        for j in range(_CHUNK):
            matters |= np.uint8(chunks[c, j] >= bar)
        if not matters:
            continue
        reached = exceeded = 0
        for j in range(_CHUNK):
            reached += chunks[c, j] >= true_score
            exceeded += chunks[c, j] > true_score
        above += exceeded
        equal += reached - exceeded
        for j in range(_CHUNK):
            if chunks[c, j] > scores[last]:
                _offer(best, scores, first + c * _CHUNK + j, chunks[c, j])
    return above, equal


@numba.njit(cache=True, nogil=True)
def _score(
    features: np.ndarray,
    weights: np.ndarray,
    other_features: np.ndarray,
    other_weights: np.ndarray,
) -> int:
    """Score one pair of profiles."""
    total = i = j = 0
    while i < len(features) and j < len(other_features):
        if features[i] == other_features[j]:
            total += np.int64(weights[i]) * other_weights[j]
            i += 1
            j += 1
        elif features[i] < other_features[j]:
            i += 1
        else:
            j += 1
    return total


@numba.njit(cache=True, nogil=True)
def _score_answers(
    offsets: np.ndarray,
    features: np.ndarray,
    weights: np.ndarray,
    candidate_offsets: np.ndarray,
    candidate_features: np.ndarray,
    candidate_weights: np.ndarray,
    answers: np.ndarray,
) -> np.ndarray:
    found = np.full(len(answers), np.int32(_NOTHING))
    for row in range(len(answers)):
        answer = answers[row]
        if answer >= 0:
            own = slice(offsets[row], offsets[row + 1])
            its = slice(candidate_offsets[answer], candidate_offsets[answer + 1])
            found[row] = _score(
                features[own], weights[own], candidate_features[its], candidate_weights[its]
            )
    return found


@numba.njit(cache=True, nogil=True)
def _match(
    query: np.ndarray,
    features: np.ndarray,
    weights: np.ndarray,
    known_scores: np.ndarray,
    index: Index,
    n_features: int,
    n_candidates: int,
    block: int,
    kept: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_queries = 0
    for i in range(len(query)):
        n_queries += i == 0 or query[i] != query[i - 1]
    asked, begins = np.empty(n_queries, np.int32), np.empty(n_queries + 1, np.int64)
    n_queries = 0
    for i in range(len(query)):
        if i == 0 or query[i] != query[i - 1]:
            asked[n_queries] = query[i]
            begins[n_queries] = i
            n_queries += 1
    begins[n_queries] = len(query)
    true_scores = known_scores[asked]
    starts, entries = index
    above, equal = np.zeros(n_queries, np.int64), np.zeros(n_queries, np.int64)
    best = np.full((n_queries, kept), -1, np.int32)
    scores = np.zeros((n_queries, kept), np.int32)
    sums = np.zeros(block, np.int32)
    hit = np.empty(block, np.int32)
    for first in range(0, n_candidates, block):
        base = first // block * n_features
        for row in range(n_queries):
            hits = 0
            for i in range(begins[row], begins[row + 1]):
                slot = base + features[i]
                hits += starts[slot + 1] - starts[slot]
            if hits == 0:
                continue
            if hits * _SPARSE > block:
                for i in range(begins[row], begins[row + 1]):
                    weight = weights[i]
                    slot = base + features[i]
                    for at in range(starts[slot], starts[slot + 1]):
                        entry = entries[at]
                        # Unsigned, it needs no check for positions from the end.
                        sums[entry >> np.uint32(16)] += weight * np.int32(entry & 0xFFFF)
                # No sum of nought is counted: who has nothing in common is many, and follows.
                bar = max(true_scores[row], np.int32(1))
                more, same = _look(sums, first, bar, best[row], scores[row])
                above[row] += more
                equal[row] += same
                sums[:] = 0
                continue
            n_hit = 0
            for i in range(begins[row], begins[row + 1]):
                weight = weights[i]
                slot = base + features[i]
                for at in range(starts[slot], starts[slot + 1]):
                    holder = entries[at] >> np.uint32(16)
                    gain = weight * np.int32(entries[at] & 0xFFFF)
                    if gain:
                        hit[n_hit] = holder
                        n_hit += sums[holder] == 0
                        sums[holder] += gain
            # In the order of the candidates, so that ties are decided as in a full look.
            hit[:n_hit].sort()
            bar = max(true_scores[row], np.int32(1))
            for j in range(n_hit):
                score = sums[hit[j]]
                above[row] += score > bar
                equal[row] += score == bar
                _offer(best[row], scores[row], first + hit[j], score)
                sums[hit[j]] = 0
    return asked, above, equal, best, scores
