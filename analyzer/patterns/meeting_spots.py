"""Spots at which vehicles may meet: camera sites, and which ways of arriving come together there.

A spot is the camera site at which a vehicle was last seen before a stay. Where the stay was, beyond
that camera, is a guess (`CameraPlane.beyond`) that is off by about its scale, so two stays may have
been at one place if both were last seen at one site, whatever the guesses say, or at neighbouring
sites with guesses no farther apart than their scales. No grid is laid over the cameras: what a
camera far away does to it would decide who can meet.

A stay stands in the list of its own spot, and as a guest in the lists of neighbouring spots of
lower number; own stays are compared with each other and with guests, guests with nobody else. So
each two stays are compared once.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.roles import HOME, WORK
from analyzer.schema import Rows, take
from analyzer.units import HOUR_MS, MINUTE_MS

LEAST_TOGETHER_MS = 20 * MINUTE_MS
"""Two vehicles that were at one spot together for less did not meet."""

LONGEST_MS = 24 * HOUR_MS
"""In a longer stay too much can have gone unseen."""

REACH = 1.0
"""Guesses farther apart than this many of their mean scale are two places."""

NEARER, FARTHER = 1 - 1e-9, 1 + 1e-9
"""Of the square of a distance: what rounding cannot bring to the other side of it."""

_ALIKE = 1.001

DENSE = 4
"""Ways of arriving are told apart by a table where it is no longer than so many times the rows."""


class Approaches(NamedTuple):
    """Ways of arriving: the last site, the site before it, and whether at home or at work.

    ``site``, ``via`` (-1 where none is known), ``x``, ``y`` (metres; the guess where the vehicle
    stayed), ``reach`` (metres), ``anchored`` (at home or at work); arrays of one length.
    """

    site: np.ndarray
    via: np.ndarray
    x: np.ndarray
    y: np.ndarray
    reach: np.ndarray
    anchored: np.ndarray


@numba.njit(cache=True, nogil=True)
def can_meet(one: int, other: int, approaches: Approaches) -> bool:
    """Tell whether who arrives in two ways may be at one place, having come from different sides.

    Who is last seen at one site comes from different sides if the sites before it are known and
    differ. Who is last seen at two sites does if neither has just passed the other's: else one may
    have followed the other past a camera that missed it.

    Examples
    --------
    >>> sites, vias, none = np.array([0, 0, 1]), np.array([1, 2, 2]), np.zeros(3)
    >>> of = Approaches(sites, vias, np.array([-9.0, 9, 0]), none, none + 9, none > 0)
    >>> can_meet(0, 1, of), can_meet(0, 2, of), can_meet(1, 2, of), can_meet(0, 0, of)
    (True, False, True, False)
    """
    if approaches.anchored[one] and approaches.anchored[other]:
        return False
    site_a, site_b = approaches.site[one], approaches.site[other]
    via_a, via_b = approaches.via[one], approaches.via[other]
    if site_a == site_b:
        return via_a >= 0 and via_b >= 0 and via_a != via_b
    if via_a == site_b or via_b == site_a:
        return False
    east = approaches.x[one] - approaches.x[other]
    north = approaches.y[one] - approaches.y[other]
    reach = (approaches.reach[one] + approaches.reach[other]) / 2
    # Most are clearly nearer or farther: what is exact there takes many times as long.
    apart = east * east + north * north
    if apart < NEARER * reach * reach:
        return True
    if apart > FARTHER * reach * reach:
        return False
    return np.hypot(east, north) <= reach


@numba.njit(cache=True, nogil=True)
def are_together(gap: int, within: int, stay_a: int, stay_b: int) -> bool:
    """Tell whether two stays are at one time.

    `gap` is the arrival of b less that of a, `stay_a` and `stay_b` how long they stayed (ms).

    Examples
    --------
    >>> are_together(0, 60_000, 3_600_000, 3_600_000), are_together(0, 60_000, 3_600_000, 60_000)
    (True, False)
    """
    if abs(gap) > within:
        return False
    return min(stay_a, gap + stay_b) - max(0, gap) >= LEAST_TOGETHER_MS


def neighbouring_sites(plane: CameraPlane) -> tuple[np.ndarray, np.ndarray]:
    """Find, for each site, the neighbours of lower number: one is among the other's eight nearest.

    Returns
    -------
    starts : numpy.ndarray of int64, shape (sites + 1,)
    others : numpy.ndarray of int64, shape (neighbours,)
        Those of site s stand at ``starts[s]:starts[s + 1]``.

    Examples
    --------
    >>> import pandas as pd
    >>> from analyzer.patterns.plane import camera_plane
    >>> table = pd.DataFrame({"lat": [41.0, 41.1, np.nan], "lon": [69.0, 69.0, np.nan]})
    >>> [column.tolist() for column in neighbouring_sites(camera_plane(table))]
    [[0, 0, 1, 1], [0]]
    """
    from scipy.spatial import cKDTree

    n_sites = int(plane.site.max()) + 1 if len(plane.site) else 0
    sites, first = np.unique(plane.site[plane.placed], return_index=True)
    none = np.empty(0, np.int64)
    if not len(sites):
        return np.zeros(n_sites + 1, np.int64), none
    at = np.flatnonzero(plane.placed)[first]
    points = np.c_[plane.x[at], plane.y[at]]
    # As far as the eighth nearest, and a little: which of equals is the eighth is chance.
    near = cKDTree(points).query_ball_point(points, plane.wide[at] * _ALIKE)
    one = np.repeat(sites, [len(found) for found in near]).astype(np.int64)
    other = sites[np.concatenate([none, *near]).astype(np.int64)].astype(np.int64)
    pairs = np.unique(np.c_[np.maximum(one, other), np.minimum(one, other)], axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.searchsorted(pairs[:, 0], np.arange(n_sites + 1)), pairs[:, 1]


def possible_meetings(stays: Rows, plane: CameraPlane) -> Rows:
    """Give the stays of a part that may be meetings, in their order.

    The columns by which the approach is known come last.
    """
    length = stays["local_end"] - stays["local_start"]
    used = np.flatnonzero((length >= LEAST_TOGETHER_MS) & (length <= LONGEST_MS))
    via, role = stays["arrival_via"][used], stays["role"][used]
    return {
        "arrived": stays["local_start"][used],
        "left": stays["local_end"][used],
        "vehicle": stays["vehicle"][used].astype(np.int64),
        "site": plane.site[stays["arrival"][used]].astype(np.int32),
        "via": np.where(via >= 0, plane.site[via], -1).astype(np.int32),
        "anchored": (role == HOME) | (role == WORK),
    }


def visits_of_part(stays: Rows, broadcast: Rows) -> Rows:
    """Give the stays of a part that may be meetings, listed at each of their spots.

    The columns by which they are sorted come first; those by which the approach is known, last.
    """
    rows = possible_meetings(stays, broadcast["plane"])
    site = rows["site"].astype(np.int64)
    starts, others = broadcast["neighbour_starts"], broadcast["neighbours"]
    # Each stay as often as it is listed: the first time at its own spot, then as a guest.
    times = 1 + starts[site + 1] - starts[site]
    row = np.repeat(np.arange(len(site)), times)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    spot = site[row]
    guest = rank > 0
    spot[guest] = others[starts[spot[guest]] + rank[guest] - 1]
    return {"spot": spot, "guest": guest, **take(rows, row)}


def approach_keys(rows: Rows, plane: CameraPlane) -> np.ndarray:
    """Write each row's way of arriving as one number.

    Parameters
    ----------
    rows : Rows
        ``site``, ``via``, ``anchored``.
    plane : CameraPlane
        The cameras.

    Returns
    -------
    numpy.ndarray of int, shape (rows,)
        Of 32 bits where there are not too many sites for that.
    """
    n_sites = int(plane.site.max()) + 1
    via, anchored = rows["via"].astype(np.int64), rows["anchored"].astype(np.int64)
    keys = (rows["site"].astype(np.int64) * (n_sites + 1) + via + 1) * 2 + anchored
    return keys.astype(np.int32) if 2 * (n_sites + 1) ** 2 < 2**31 else keys


def number_approaches(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the ways of arriving that there are among some.

    Examples
    --------
    >>> [array.tolist() for array in number_approaches(np.array([7, 2, 7]))]
    [[1, 0, 1], [2, 7]]
    """
    most = int(keys.max(initial=0)) + 1
    if most > DENSE * max(len(keys), 1):
        kinds, approach = np.unique(keys, return_inverse=True)
        return approach.astype(np.int32), kinds
    used = np.zeros(most, bool)
    used[keys] = True
    return (np.cumsum(used, dtype=np.int32) - np.int32(1))[keys], np.flatnonzero(used)


def approaches_of_keys(keys: np.ndarray, plane: CameraPlane) -> Approaches:
    """Say what ways of arriving are; the first camera of a site stands for it."""
    n_sites = int(plane.site.max()) + 1
    keys = keys.astype(np.int64)
    site, via = keys // 2 // (n_sites + 1), keys // 2 % (n_sites + 1) - 1
    camera = np.zeros(n_sites, np.int64)
    sites, first = np.unique(plane.site, return_index=True)
    camera[sites] = first
    x, y, scale = plane.beyond(camera[site], np.where(via >= 0, camera[via], -1))
    return Approaches(site, via, x, y, REACH * scale, keys % 2 == 1)


def approaches_of(rows: Rows, plane: CameraPlane) -> tuple[np.ndarray, Approaches]:
    """Number the ways of arriving among rows, and say what each is.

    Parameters
    ----------
    rows : Rows
        ``site``, ``via``, ``anchored``.
    plane : CameraPlane
        The cameras.

    Returns
    -------
    approach : numpy.ndarray of int32, shape (rows,)
    approaches : Approaches
    """
    approach, kinds = number_approaches(approach_keys(rows, plane))
    return approach, approaches_of_keys(kinds, plane)


@numba.njit(cache=True, nogil=True)
def count_opportunities(
    spot: np.ndarray,
    vehicle: np.ndarray,
    guest: np.ndarray,
    approach: np.ndarray,
    stays: np.ndarray,
    probed: np.ndarray,
    approaches: Approaches,
) -> tuple[int, int]:
    """Count the pairs of stays of two vehicles that would be meetings but for the time.

    Parameters
    ----------
    spot, vehicle, guest, approach, stays, probed : numpy.ndarray, shape (n,)
        How many stays a vehicle has at a spot by an approach; sorted by (spot, vehicle).
    approaches : Approaches

    Returns
    -------
    every, of_probed : int
        Of all pairs of vehicles; of those with a probed one, twice where both are.
    """
    n = len(approaches.site)
    total, partners = np.zeros(n, np.int64), np.zeros(n, np.int64)
    is_guest = np.zeros(n, np.bool_)
    present = np.empty(n, np.int64)
    every, of_probed = 0, 0
    begin = 0
    while begin < len(spot):
        stop, kinds = begin, 0
        while stop < len(spot) and spot[stop] == spot[begin]:
            kind = approach[stop]
            if total[kind] == 0:
                present[kinds] = kind
                is_guest[kind] = guest[stop]
                kinds += 1
            total[kind] += stays[stop]
            stop += 1
        for i in range(kinds):
            one = present[i]
            for j in range(i):
                other = present[j]
                if not (is_guest[one] and is_guest[other]) and can_meet(one, other, approaches):
                    partners[one] += total[other]
                    partners[other] += total[one]
        first = begin
        while first < stop:
            last = first
            with_others = 0
            while last < stop and vehicle[last] == vehicle[first]:
                with_others += stays[last] * partners[approach[last]]
                for row in range(first, last):
                    if not (guest[row] and guest[last]) and can_meet(
                        approach[row], approach[last], approaches
                    ):
                        with_others -= 2 * stays[row] * stays[last]
                last += 1
            every += with_others
            of_probed += with_others * probed[first]
            first = last
        for i in range(kinds):
            total[present[i]] = 0
            partners[present[i]] = 0
        begin = stop
    return every // 2, of_probed
