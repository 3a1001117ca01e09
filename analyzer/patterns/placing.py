"""Placing: from the trips of a part to its stays, each with the place it was spent at.

Nights and days are clustered apart, for home and work can stand behind neighbouring cameras, and
their stays differ in hour before they differ in position. Then roles are given, and places without
one that lie by the home or the work of their vehicle join it.
"""

from __future__ import annotations

import numpy as np

from analyzer.patterns.anchors import cluster_brackets, merge_clusters, nearest_place
from analyzer.patterns.numbering import number_through
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.roles import (
    HOME,
    SHIFT_HOURS,
    SPOT,
    WORK,
    choose_homes,
    choose_works,
    gather_evidence,
)
from analyzer.patterns.stays import stays_of_trips
from analyzer.schema import Rows
from analyzer.units import HOUR_MS

SETTLED_HOURS = (2.0, 120.0)
"""A shorter stay is an errand; in a longer one too much can have gone unseen."""

NIGHT_HOURS = 3.0
"""A stay with this much of the night in it is a night spent."""

BRACKET_REACH = 5.0
"""If both ends of a stay point to spots farther apart, in units of scale, it was no single stay."""

CLUSTER_REACH = 1.5
"""Stays this near to each other, in units of scale, may lie in one anchor area."""

CLUSTER_STAYS = 2.0
"""Stays within reach that make a place."""

MAIN_REACH = 0.05
"""Before roles are known, days are spent where most nights are only if both lie on one spot."""

ACROSS = 1 << 12
"""Numbers of places across the camera from the main nights begin here, until all are numbered."""

OTHER_REACH = 0.75
"""Days and the rarer nights this near, in units of scale, are spent at one place: the home of who
works by night, the work place of who works in turns. Places without a role this near to home or
work belong to it."""

ONCE_THERE_AND_BACK = 0.5
"""Chance that a vehicle which passes a camera there and back within one trip is seen there once."""

NOT_ONCE = 0.05
"""Chance that a vehicle which passes a camera once is seen there other than once."""

OTHER_SIDE = 4.0
"""Log-likelihood ratio from which two spots lie on the two sides of a camera (odds of 55)."""


def placed_stays_of_part(trips: Rows, broadcast: dict) -> Rows:
    """Derive the stays of one part, each with the number of the place it was spent at.

    Parameters
    ----------
    trips : Rows
        As `analyzer.patterns.trips.trips_of_part` makes them.
    broadcast : dict
        ``plane`` (CameraPlane) and ``clock`` (Clock).

    Returns
    -------
    Rows
        As `stays_of_trips`, and ``settled`` (bool: took part in the clustering), ``place`` (int32,
        -1 for none; places of a vehicle are numbered by the hours spent there) and ``role`` (int8,
        of the place).
    """
    plane: CameraPlane = broadcast["plane"]
    stays = stays_of_trips(trips, broadcast["clock"])
    hours = (stays["local_end"] - stays["local_start"]) / HOUR_MS
    ends = [plane.beyond(stays[end], stays[f"{end}_via"]) for end in ("arrival", "departure")]
    x, y, scale = ((one + other) / 2 for one, other in zip(*ends, strict=True))
    apart = np.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1])
    told = apart <= BRACKET_REACH * scale
    settled = told & (hours >= SETTLED_HOURS[0]) & (hours <= SETTLED_HOURS[1])
    place, role = np.full(len(hours), -1, np.int32), np.zeros(len(hours), np.int8)
    stays |= {"settled": settled, "place": place, "role": role}

    rows, cluster, vehicle, by_night = _cluster(stays, np.flatnonzero(settled), x, y, scale)
    if not len(rows):
        return stays
    spot = (x[rows], y[rows], scale[rows], hours[rows])
    cluster, vehicle, by_night, half = _split_nights(
        stays, rows, cluster, vehicle, by_night, hours[rows] > SHIFT_HOURS
    )
    main = _main_nights(cluster, vehicle, by_night)
    across = _across(stays, rows, cluster, main) & (~by_night | half)
    of = _join_days_and_nights(cluster, vehicle, main, across, *spot)[cluster]
    vehicle, _, of = number_through(stays["vehicle"][rows], of)
    across = np.bincount(of, across[cluster], minlength=len(vehicle)) > 0
    centre = _centres(of, *spot[:3])
    scatter = (spot[0] - centre[0][of]) ** 2 + (spot[1] - centre[1][of]) ** 2
    one_spot = np.bincount(of, scatter) / np.bincount(of) <= (SPOT * centre[2]) ** 2
    evidence = gather_evidence(stays, rows, of, vehicle)
    role_of = np.zeros(len(vehicle), np.int64)
    role_of[choose_homes(evidence, one_spot)] = HOME
    by_home = role_of[_join_known(vehicle, role_of, *centre)] == HOME
    by_home &= ~across
    role_of[choose_works(evidence, one_spot & (role_of != HOME), by_home)] = WORK

    of = _join_known(vehicle, role_of, *centre)[of]
    # Numbers by hours: the largest place of a vehicle is its place 0.
    spent = np.bincount(of, spot[3], minlength=len(vehicle))
    kept = np.flatnonzero(np.bincount(of, minlength=len(vehicle)))
    kept = kept[np.lexsort((kept, -spent[kept], vehicle[kept]))]
    begin = np.searchsorted(vehicle[kept], vehicle[kept])
    number = np.full(len(vehicle), -1)
    number[kept] = np.arange(len(kept)) - begin
    place[rows], role[rows] = number[of], role_of[of]

    # Errands and stray stays belong to a place if they lie on it.
    rest = np.flatnonzero((place < 0) & told)
    nearest = nearest_place(
        stays["vehicle"][rest],
        x[rest],
        y[rest],
        scale[rest],
        vehicle[kept],
        *(values[kept] for values in centre),
        CLUSTER_REACH,
    )
    rest, nearest = rest[nearest >= 0], nearest[nearest >= 0]
    place[rest] = nearest
    role[rest] = role_of[kept[np.searchsorted(vehicle[kept], stays["vehicle"][rest]) + nearest]]
    return stays


def _cluster(
    stays: Rows, rows: np.ndarray, x: np.ndarray, y: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cluster settled stays by vehicle, nights and days apart; noise is left out."""
    night = stays["night"][rows] >= NIGHT_HOURS * HOUR_MS
    group = stays["vehicle"][rows].astype(np.int64) * 2 + ~night
    cameras = np.int64(1 + max(stays["arrival"].max(initial=0), stays["departure"].max(initial=0)))
    bracket = [
        stays[end][rows] * (cameras + 1) + stays[f"{end}_via"][rows]
        for end in ("arrival", "departure")
    ]
    order = np.lexsort((*bracket, group))
    rows, group = rows[order], group[order]
    change = [np.diff(end[order], prepend=-2) != 0 for end in bracket]
    label = cluster_brackets(
        group,
        np.cumsum(change[0] | change[1]),
        x[rows],
        y[rows],
        scale[rows],
        CLUSTER_REACH,
        CLUSTER_STAYS,
    )
    found = label >= 0
    groups, _, cluster = number_through(group[found], label[found])
    return rows[found], cluster, groups >> 1, groups & 1 == 0


def _main_nights(cluster: np.ndarray, vehicle: np.ndarray, by_night: np.ndarray) -> np.ndarray:
    """Give, for each cluster, that of most nights of its vehicle; -1 where there is none."""
    by_nights = np.lexsort((-np.bincount(cluster), ~by_night, vehicle))
    first = by_nights[np.diff(vehicle[by_nights], prepend=-1) != 0]
    main = first[np.searchsorted(vehicle[first], vehicle)]
    return np.where(by_night[main], main, -1)


def _split_nights(
    stays: Rows, rows: np.ndarray, cluster: np.ndarray, vehicle: np.ndarray, by_night: np.ndarray,
    long: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Part nights at work from nights at home where both are seen behind one camera.

    Who works by night spends the short nights on one side of the camera and the long ones, with the
    days about them, on the other. Long nights so become a cluster of their own where the trips
    between them and the short ones pass the camera once.

    Returns
    -------
    cluster, vehicle, by_night
        As before, with the new clusters behind the old ones.
    half : numpy.ndarray of bool
        Whether a cluster was parted.
    """
    cluster_of = np.full(len(stays["vehicle"]) + 2, -1)
    cluster_of[rows[~long]] = cluster[~long]
    gain = _gain(stays, rows[long], cluster_of, cluster[long], cluster[long], len(vehicle))
    parted = by_night & (gain >= OTHER_SIDE)
    moved = long & parted[cluster]
    of, new = np.unique(cluster[moved], return_inverse=True)
    cluster = cluster.copy()
    cluster[moved] = len(vehicle) + new
    half = np.r_[parted, np.ones(len(of), bool)]
    return cluster, np.r_[vehicle, vehicle[of]], np.r_[by_night, by_night[of]], half


def _gain(
    stays: Rows, rows: np.ndarray, cluster_of: np.ndarray, cluster: np.ndarray,
    other: np.ndarray, n: int,
) -> np.ndarray:  # fmt: skip
    """Weigh, for each cluster, the trips between its stays and those of another one.

    Returns the log-likelihood ratio of passing the camera once on the way to another place against
    passing it there and back.
    """
    gain = np.zeros(n)
    for neighbour, seen in ((rows - 1, "seen_before"), (rows + 1, "seen_after")):
        comes = (other >= 0) & (cluster_of[neighbour] == other)
        once = stays[seen][rows] == 1
        told = np.where(
            once, -np.log(ONCE_THERE_AND_BACK), np.log(NOT_ONCE / (1 - ONCE_THERE_AND_BACK))
        )
        gain += np.bincount(cluster, comes * told, minlength=n)
    return gain


def _across(
    stays: Rows, rows: np.ndarray, cluster: np.ndarray, main: np.ndarray
) -> np.ndarray:
    """Tell which clusters lie across the camera from where most nights are spent.

    Where home and work have one camera between them, both are seen behind it. Who drives from one
    to the other passes it once; who drives out and comes home again passes it twice, and is seen
    once about as often as twice.
    """
    cluster_of = np.full(len(stays["vehicle"]) + 2, -1)
    cluster_of[rows] = cluster
    gain = _gain(stays, rows, cluster_of, cluster, main[cluster], len(main))
    return gain >= OTHER_SIDE


def _join_days_and_nights(
    cluster: np.ndarray,
    vehicle: np.ndarray,
    main: np.ndarray,
    across: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    scale: np.ndarray,
    hours: np.ndarray,
) -> np.ndarray:
    """Give each cluster the number of its place within the vehicle."""
    # The heaviest cluster of a vehicle comes first, and stands for the spot.
    order = np.lexsort((-np.bincount(cluster, hours), vehicle))
    centre = [values[order] for values in _centres(cluster, x, y, scale)]
    reach = np.full(len(vehicle), OTHER_REACH)
    reach[main[main >= 0]] = MAIN_REACH
    number = np.empty(len(vehicle), np.int64)
    # What lies across from the main nights joins nothing on their side.
    for side, first in ((~across, 0), (across, ACROSS)):
        of = side[order]
        rows = order[of]
        number[rows] = first + merge_clusters(
            vehicle[rows], *(values[of] for values in centre), reach[rows]
        )
    return number


def _centres(of: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
    return [np.bincount(of, column) / np.bincount(of) for column in values]


def _join_known(
    vehicle: np.ndarray, role: np.ndarray, x: np.ndarray, y: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Let places without a role join the home or work they lie by; give what each becomes."""
    becomes = np.arange(len(vehicle))
    known, other = np.flatnonzero(role), np.flatnonzero(role == 0)
    spots = [values[known] for values in (vehicle, x, y, scale)]
    near = nearest_place(vehicle[other], x[other], y[other], scale[other], *spots, OTHER_REACH)
    first = np.searchsorted(vehicle[known], vehicle[other])
    becomes[other[near >= 0]] = known[(first + near)[near >= 0]]
    return becomes
