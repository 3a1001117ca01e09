"""The own density clustering against scikit-learn's DBSCAN."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.patterns.anchors import cluster_brackets, dbscan


def relative_distances(x, y, scale):
    """Distances in units of the mean scale of both points, without a loop or the kernel."""
    points = np.c_[x, y]
    metres = np.linalg.norm(points[:, None, :] - points[None, :, :], axis=-1)
    return metres / ((scale[:, None] + scale[None, :]) / 2)


def assert_same_clustering(labels, distances, weight, eps, min_weight):
    """Core points are grouped as scikit-learn groups them; others join their nearest core point."""
    from sklearn.cluster import DBSCAN

    oracle = DBSCAN(eps=eps, min_samples=int(min_weight), metric="precomputed").fit(
        distances, sample_weight=weight
    )
    core = np.zeros(len(labels), bool)
    core[oracle.core_sample_indices_] = True
    assert ((labels >= 0) == (oracle.labels_ >= 0)).all()
    pairs = set(zip(labels[core].tolist(), oracle.labels_[core].tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    for i in np.flatnonzero(~core & (labels >= 0)):
        to_core = np.where(core, distances[i], np.inf)
        assert labels[i] == labels[to_core.argmin()]


@pytest.mark.parametrize("seed", range(40))
def test_dbscan_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 60))
    centres = random.uniform(0, 20_000, (4, 2))
    points = centres[random.integers(0, 4, n)] + random.normal(0, 1_500, (n, 2))
    scale = random.uniform(500, 4_000, n)
    weight = random.integers(1, 5, n).astype(float)
    x, y = np.ascontiguousarray(points.T)
    labels = dbscan(x, y, scale, weight, 0.8, 4.0)
    assert_same_clustering(labels, relative_distances(x, y, scale), weight, 0.8, 4.0)


@pytest.mark.parametrize("seed", range(10))
def test_brackets_are_clustered_vehicle_by_vehicle(seed):
    random = np.random.default_rng(seed)
    n = 300
    group = np.sort(random.integers(0, 8, n))
    bracket = random.integers(0, 12, n)
    order = np.lexsort([bracket, group])
    group, bracket = group[order], bracket[order]
    x_of, y_of = random.uniform(0, 6_000, (2, 12))
    scale_of = random.uniform(800, 2_000, 12)
    x, y, scale = x_of[bracket], y_of[bracket], scale_of[bracket]
    labels = cluster_brackets(group, bracket, x, y, scale, 0.7, 5.0)
    for one in np.unique(group):
        of = group == one
        # Every stay is a point of its own here, with weight one: the oracle knows no brackets.
        distances = relative_distances(x[of], y[of], scale[of])
        assert_same_clustering(labels[of], distances, np.ones(of.sum()), 0.7, 5.0)


def test_points_far_apart_are_noise():
    labels = dbscan(np.array([0.0, 1e5]), np.zeros(2), np.ones(2), np.array([2.0, 3.0]), 1.0, 3.0)
    assert labels.tolist() == [-1, 0]
