"""Weights of profiles: what it tells about two profiles that both hold a feature.

Both matchers score a pair of profiles by a sum over the features that both hold, query weight times
candidate weight. Weights are whole numbers (of a 32,768th of the cosine's unit, or a 2,048th of a
nat), so that sums do not depend on their order, and a tie is a tie.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from analyzer.risk.profiles import Profiles

KEPT_SHARE = 0.5
"""Of the likelihood: how far a vehicle is believed to follow its profile, and not the traffic."""

UNIT_COSINE = 2**15
"""A weight of 1 of the cosine; two profiles that point the same way score its square."""

UNIT_LIKELIHOOD = 2**11
"""One nat of the likelihood."""

LARGEST_WEIGHT = 2**16 - 1
"""Of a candidate; with `MOST_COUNTED` sightings a query, sums stay within 32 bits."""

MOST_COUNTED = 2**15
"""Sightings of a query that the likelihood counts; larger counts are scaled down."""

STEP = {"cosine": UNIT_COSINE**2 // 2_048, "likelihood": UNIT_LIKELIHOOD // 32}
"""By how much a score of each matcher may be missed where only their sum matters."""

_LARGEST_SPACE = 1 << 24
"""Up to so many possible features, they are counted, and their numbers found, by a table."""


class Traffic(NamedTuple):
    """What profiles hold of each feature, all together.

    Attributes
    ----------
    features : numpy.ndarray of int32, shape (f,)
        Those that occur, ascending.
    holders : numpy.ndarray of int64, shape (f,)
        Profiles with the feature.
    sightings : numpy.ndarray of int64, shape (f,)
        How often it was seen.
    profiles : int
        How many profiles there are.
    """

    features: np.ndarray
    holders: np.ndarray
    sightings: np.ndarray
    profiles: int


class Weighted(NamedTuple):
    """Two sides of profiles on one numbering of features, each entry with its weight.

    Attributes
    ----------
    n_features : int
        Features are numbered from 0.
    query_offsets, candidate_offsets : numpy.ndarray of int64
        Where each profile begins.
    query_features, candidate_features : numpy.ndarray of int32
        Ascending within a profile.
    query_weights, candidate_weights : numpy.ndarray of int32
        Not negative.
    """

    n_features: int
    query_offsets: np.ndarray
    query_features: np.ndarray
    query_weights: np.ndarray
    candidate_offsets: np.ndarray
    candidate_features: np.ndarray
    candidate_weights: np.ndarray


def count_traffic(groups: Iterable[Profiles]) -> Traffic:
    """Count what the profiles of all groups hold of each feature.

    Examples
    --------
    >>> one = Profiles(np.arange(2), np.array([0, 1, 2]), np.array([3, 8]), np.array([1, 1]))
    >>> count_traffic([one, one]).holders.tolist()
    [2, 2]
    """
    nothing = np.zeros(0, np.int64)
    total = Traffic(np.zeros(0, np.int32), nothing, nothing, 0)
    for group in groups:
        total = join_traffic(total, _traffic_of(group))
    return total


def join_traffic(one: Traffic, other: Traffic) -> Traffic:
    """Lay together what was counted of two sides."""
    features = np.union1d(one.features, other.features)
    holders, sightings = (np.zeros(len(features), np.int64) for _ in range(2))
    for side in (one, other):
        at = np.searchsorted(features, side.features)
        holders[at] += side.holders
        sightings[at] += side.sightings
    return Traffic(features, holders, sightings, one.profiles + other.profiles)


def _traffic_of(group: Profiles) -> Traffic:
    features, space = group.features, int(group.features.max(initial=-1)) + 1
    if space > _LARGEST_SPACE:
        features, number = np.unique(features, return_inverse=True)
        space = len(features)
    else:
        number, features = features, np.arange(space, dtype=np.int32)
    holders = np.bincount(number, minlength=space)
    # As floating numbers, which hold such sums exactly.
    sightings = np.bincount(number, group.counts, minlength=space).astype(np.int64)
    there = holders > 0
    return Traffic(features[there], holders[there], sightings[there], len(group.vehicles))


def weigh(
    matcher: str, queries: Profiles, candidates: Profiles, traffic: Traffic | None = None
) -> Weighted:
    """Give the entries of two sides of profiles their weights.

    Parameters
    ----------
    matcher : {"cosine", "likelihood"}
        ``cosine``: counts dampened by their logarithm, times the inverse document frequency of the
        feature among all profiles of both sides; a pair scores the cosine of its angle.
        ``likelihood``: a pair scores by how much likelier the query's sightings are if each comes,
        with probability `KEPT_SHARE`, from the candidate's profile and else from the traffic of
        all, than if all come from the traffic (Jelinek–Mercer smoothing).
    queries, candidates : Profiles
        The two sides; of the candidates a group, if there are several.
    traffic : Traffic, optional
        Of both sides, with all groups of candidates.

    Returns
    -------
    Weighted

    References
    ----------
    Salton, G., Buckley, C. (1988). Term-weighting approaches in automatic text retrieval.
    Information Processing & Management 24(5), 513–523. doi:10.1016/0306-4573(88)90021-0

    Zhai, C., Lafferty, J. (2004). A study of smoothing methods for language models applied to
    information retrieval. ACM Transactions on Information Systems 22(2), 179–214.
    doi:10.1145/984321.984322

    Examples
    --------
    >>> one = Profiles(np.arange(2), np.array([0, 1, 2]), np.array([3, 8]), np.array([1, 1]))
    >>> weighted = weigh("cosine", one, one)
    >>> weighted.query_features.tolist(), (weighted.query_weights == UNIT_COSINE).all().item()
    ([0, 1], True)
    """
    traffic = traffic or count_traffic([queries, candidates])
    query_features, candidate_features = (
        _number(side.features, traffic.features) for side in (queries, candidates)
    )
    weights = _MATCHERS[matcher](
        queries._replace(features=query_features),
        candidates._replace(features=candidate_features),
        traffic,
    )
    return Weighted(
        len(traffic.features),
        queries.offsets,
        query_features,
        weights[0],
        candidates.offsets,
        candidate_features,
        weights[1],
    )


def _number(features: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give the place of each feature among those that occur."""
    space = int(known.max(initial=-1)) + 1
    if space > _LARGEST_SPACE:
        return np.searchsorted(known, features).astype(np.int32)
    number = np.zeros(space, np.int32)
    number[known] = np.arange(len(known), dtype=np.int32)
    return number[features]


def _cosine(
    queries: Profiles, candidates: Profiles, traffic: Traffic
) -> tuple[np.ndarray, np.ndarray]:
    rarity = np.log(traffic.profiles / np.maximum(traffic.holders, 1))
    return _unit(queries, rarity), _unit(candidates, rarity)


def _unit(side: Profiles, rarity: np.ndarray) -> np.ndarray:
    weights = (1 + np.log(side.counts)) * rarity[side.features]
    owner = np.repeat(np.arange(len(side.vehicles)), np.diff(side.offsets))
    length = np.sqrt(np.bincount(owner, weights * weights, minlength=len(side.vehicles)))
    # A profile of nothing but features that everybody has points nowhere.
    length[length == 0] = np.inf
    return np.rint(UNIT_COSINE * (weights / length[owner])).astype(np.int32)


def _likelihood(
    queries: Profiles, candidates: Profiles, traffic: Traffic
) -> tuple[np.ndarray, np.ndarray]:
    share = traffic.sightings / max(traffic.sightings.sum(), 1)
    owner = np.repeat(np.arange(len(candidates.vehicles)), np.diff(candidates.offsets))
    seen = np.bincount(owner, candidates.counts, minlength=len(candidates.vehicles))
    habit = candidates.counts / seen[owner] if len(owner) else np.zeros(0)
    times_likelier = KEPT_SHARE / (1 - KEPT_SHARE) * habit / share[candidates.features]
    nats = np.log1p(times_likelier)
    weights = np.minimum(np.rint(UNIT_LIKELIHOOD * nats), LARGEST_WEIGHT).astype(np.int32)
    return _bounded(queries), weights


def _bounded(queries: Profiles) -> np.ndarray:
    totals = np.add.reduceat(queries.counts, queries.offsets[:-1], dtype=np.int64)
    if not len(totals) or totals.max() < MOST_COUNTED:
        return queries.counts
    scale = np.minimum(1.0, (MOST_COUNTED - np.diff(queries.offsets)) / totals)
    scaled = np.maximum(1, queries.counts * np.repeat(scale, np.diff(queries.offsets)))
    return scaled.astype(np.int32)


_MATCHERS = {"cosine": _cosine, "likelihood": _likelihood}
MATCHERS = tuple(_MATCHERS)
