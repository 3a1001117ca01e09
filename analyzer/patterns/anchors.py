"""Anchor areas: where the stays of one vehicle gather, found by density clustering.

A stay is seen as a *bracket*: the camera before it and the camera after it. Brackets of one vehicle
are clustered with weighted DBSCAN (Ester et al. 1996), where distances are measured in units of the
local spacing of cameras: two kilometres are near in open country and far in a city centre.
"""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def dbscan(
    x: np.ndarray,
    y: np.ndarray,
    scale: np.ndarray,
    weight: np.ndarray,
    eps: float,
    min_weight: float,
) -> np.ndarray:
    """Cluster weighted points by density, with distances relative to each point's scale.

    Two points are neighbours if their distance, divided by the mean of their scales, is at most
    `eps`. A point is a core point if the weight within its neighbourhood, itself included, reaches
    `min_weight`. Core points that are neighbours share a cluster; any other point with a core
    neighbour joins the nearest one (the first of equally near ones); the rest is noise.

    Parameters
    ----------
    x, y : numpy.ndarray of float64, shape (n,)
        Planar positions in metres.
    scale : numpy.ndarray of float64, shape (n,)
        Metres that count as one unit of distance at each point.
    weight : numpy.ndarray of float64, shape (n,)
        How often each point occurs.
    eps : float
        Reach of a neighbourhood in units of scale.
    min_weight : float
        Weight that makes a core point.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Cluster numbers in the order of their first core point; -1 for noise.

    References
    ----------
    Ester, M., Kriegel, H.-P., Sander, J., Xu, X. (1996). A density-based algorithm for discovering
    clusters in large spatial databases with noise. KDD-96, 226–231.

    Examples
    --------
    >>> points = np.array([0.0, 1.0, 50.0])
    >>> dbscan(points, np.zeros(3), np.ones(3), np.array([2.0, 1, 1]), 1.5, 3).tolist()
    [0, 0, -1]
    """
    n = len(x)
    label = np.full(n, -1, np.int64)
    core = np.zeros(n, np.bool_)
    for i in range(n):
        total = 0.0
        for j in range(n):
            if _near(x, y, scale, i, j) <= eps:
                total += weight[j]
        core[i] = total >= min_weight
    queue = np.empty(n, np.int64)
    clusters = 0
    for seed in range(n):
        if not core[seed] or label[seed] >= 0:
            continue
        label[seed] = clusters
        queue[0] = seed
        head, tail = 0, 1
        while head < tail:
            i = queue[head]
            head += 1
            for j in range(n):
                if core[j] and label[j] < 0 and _near(x, y, scale, i, j) <= eps:
                    label[j] = clusters
                    queue[tail] = j
                    tail += 1
        clusters += 1
    for i in range(n):
        if core[i]:
            continue
        nearest = math.inf
        for j in range(n):
            if core[j]:
                distance = _near(x, y, scale, i, j)
                if distance <= eps and distance < nearest:
                    nearest = distance
                    label[i] = label[j]
    return label


@numba.njit(cache=True, nogil=True, inline="always")
def _near(x: np.ndarray, y: np.ndarray, scale: np.ndarray, i: int, j: int) -> float:
    dx, dy = x[i] - x[j], y[i] - y[j]
    return 2.0 * math.sqrt(dx * dx + dy * dy) / (scale[i] + scale[j])


@numba.njit(cache=True, nogil=True)
def cluster_brackets(
    group: np.ndarray,
    bracket: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    scale: np.ndarray,
    eps: float,
    min_weight: float,
) -> np.ndarray:
    """Cluster the stays of each group; equal brackets are one point with their number as weight.

    Parameters
    ----------
    group, bracket : numpy.ndarray of int64, shape (n,)
        Group of each stay (a vehicle, say) and its pair of cameras as one number; rows sorted by
        both. Stays of one bracket have equal positions and scales.
    x, y, scale : numpy.ndarray of float64, shape (n,)
        As in `dbscan`.
    eps, min_weight : float
        As in `dbscan`.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Cluster number within the group, -1 for noise.

    Examples
    --------
    >>> x = np.array([0.0, 0.0, 0.0, 9.0])
    >>> group, bracket = np.array([0, 0, 1, 1]), np.array([4, 4, 4, 7])
    >>> cluster_brackets(group, bracket, x, x, np.ones(4), 1.0, 2.0).tolist()
    [0, 0, -1, -1]
    """
    n = len(group)
    label = np.empty(n, np.int64)
    first = 0
    while first < n:
        last = first
        points = 0
        while last < n and group[last] == group[first]:
            if last == first or bracket[last] != bracket[last - 1]:
                points += 1
            last += 1
        begin = np.empty(points + 1, np.int64)
        points = 0
        for row in range(first, last):
            if row == first or bracket[row] != bracket[row - 1]:
                begin[points] = row
                points += 1
        begin[points] = last
        weight = (begin[1:] - begin[:-1]).astype(np.float64)
        rows = begin[:-1]
        found = dbscan(x[rows], y[rows], scale[rows], weight, eps, min_weight)
        for point in range(points):
            label[begin[point] : begin[point + 1]] = found[point]
        first = last
    return label


@numba.njit(cache=True, nogil=True)
def merge_clusters(
    vehicle: np.ndarray, x: np.ndarray, y: np.ndarray, scale: np.ndarray, reach: np.ndarray
) -> np.ndarray:
    """Join clusters of one vehicle that lie on one spot; the first of each spot stands for it.

    Parameters
    ----------
    vehicle : numpy.ndarray of int, shape (n,)
        Vehicle of each cluster; clusters of a vehicle stand together, the weightiest first.
    x, y, scale : numpy.ndarray of float64, shape (n,)
        As in `dbscan`.
    reach : numpy.ndarray of float64, shape (n,)
        A cluster belongs to a spot if its distance from the spot's first cluster, in units of
        scale, is at most the reach of both.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Place number within the vehicle, counted in the order of the clusters.

    Examples
    --------
    >>> x = np.array([0.0, 9.0, 0.2])
    >>> merge_clusters(np.zeros(3, int), x, np.zeros(3), np.ones(3), np.full(3, 0.5)).tolist()
    [0, 1, 0]
    """
    n = len(vehicle)
    place = np.empty(n, np.int64)
    founder = np.empty(n, np.int64)
    places = 0
    for i in range(n):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            places = 0
        nearest, found = math.inf, -1
        for k in range(places):
            first = founder[k]
            distance = _near(x, y, scale, i, first)
            if distance <= min(reach[i], reach[first]) and distance < nearest:
                nearest, found = distance, k
        if found < 0:
            founder[places] = i
            found = places
            places += 1
        place[i] = found
    return place


@numba.njit(cache=True, nogil=True)
def nearest_place(
    vehicle: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    scale: np.ndarray,
    place_vehicle: np.ndarray,
    place_x: np.ndarray,
    place_y: np.ndarray,
    place_scale: np.ndarray,
    reach: float,
) -> np.ndarray:
    """Find for each stay the nearest place of its vehicle, if one is within reach.

    Parameters
    ----------
    vehicle : numpy.ndarray of int, shape (n,)
        Vehicle of each stay, sorted; ``x, y, scale`` as in `dbscan`.
    place_vehicle : numpy.ndarray of int, shape (places,)
        Vehicle of each place, sorted; places of a vehicle in the order of their numbers.
    reach : float
        Farthest distance, in units of scale.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Place number within the vehicle, -1 where none is within reach.

    Examples
    --------
    >>> at = np.array([0.0, 5.0])
    >>> one, zero = np.ones(2), np.zeros(2)
    >>> nearest_place(np.zeros(2, int), at, zero, one, np.array([0]), at[1:], zero[1:], one[1:], 2)
    array([-1,  0])
    """
    found = np.full(len(vehicle), -1, np.int64)
    first = 0
    for i in range(len(vehicle)):
        while first < len(place_vehicle) and place_vehicle[first] < vehicle[i]:
            first += 1
        nearest = math.inf
        k = first
        while k < len(place_vehicle) and place_vehicle[k] == vehicle[i]:
            dx, dy = x[i] - place_x[k], y[i] - place_y[k]
            distance = 2.0 * math.sqrt(dx * dx + dy * dy) / (scale[i] + place_scale[k])
            if distance <= reach and distance < nearest:
                nearest = distance
                found[i] = k - first
            k += 1
    return found
