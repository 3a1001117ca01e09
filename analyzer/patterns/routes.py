"""Route variants: how many ways somebody drives from home to work, as far as cameras tell.

Cameras miss passages, so no two drives along one way are seen alike. Two cameras tell of two ways
if each sees many of the drives, and never both see one drive: the more of them exclude each other,
the more ways there are.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from analyzer.engine.base import sort_rows
from analyzer.patterns.placing import placed_stays_of_part
from analyzer.patterns.stays import stay_rows
from analyzer.patterns.trips import starts_of_part, trips_of_part
from analyzer.schema import Rows, concatenate

LEAST_DRIVES = 3
"""Drives on which a camera site must have seen the vehicle to tell of a way."""

EXPECTED_BOTH = 3.0
"""Two sites exclude each other if none of the drives was seen by both where, were they independent,
at least so many would have been (by chance none is with a probability of about 5 %)."""


@numba.njit(cache=True, nogil=True)
def count_variants(
    commute: np.ndarray, drive: np.ndarray, site: np.ndarray, commutes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count the ways of each commute, and how much the commonest of them is driven.

    Parameters
    ----------
    commute : numpy.ndarray of int64, shape (n,)
        Commute of each sighting, below `commutes`; sorted.
    drive : numpy.ndarray of int64, shape (n,)
        Drive of each sighting; those of a commute stand together, sorted.
    site : numpy.ndarray of int32, shape (n,)
        Camera site of each sighting.
    commutes : int
        Number of commutes.

    Returns
    -------
    variants : numpy.ndarray of int64, shape (commutes,)
        Ways that are told apart; 1 where no site excludes another, 0 where no drive was seen.
    share : numpy.ndarray of float64, shape (commutes,)
        Of the drives that can be told to a way, the share on the commonest; NaN without drives.

    Examples
    --------
    >>> drive = np.repeat(np.arange(12), 2)
    >>> site = np.where(np.arange(24) % 2 == 0, 5, np.where(drive % 2 == 0, 7, 8))
    >>> count_variants(np.zeros(24, int), drive, site, 1)
    (array([2]), array([0.5]))
    """
    variants = np.zeros(commutes, np.int64)
    share = np.full(commutes, np.nan)
    first = 0
    while first < len(commute):
        last = first
        while last < len(commute) and commute[last] == commute[first]:
            last += 1
        sites = np.unique(site[first:last])
        drives = 0
        for row in range(first, last):
            if row == first or drive[row] != drive[row - 1]:
                drives += 1
        seen = np.zeros((drives, len(sites)), np.bool_)
        number = -1
        for row in range(first, last):
            if row == first or drive[row] != drive[row - 1]:
                number += 1
            seen[number, np.searchsorted(sites, site[row])] = True
        count = np.zeros(len(sites), np.int64)
        for number in range(drives):
            for k in range(len(sites)):
                if seen[number, k]:
                    count[k] += 1
        # The most frequent site first, then each that excludes all those taken.
        order = np.argsort(-count, kind="mergesort")
        taken = np.empty(len(sites), np.int64)
        ways = 0
        for k in order:
            if count[k] < LEAST_DRIVES:
                break
            excludes = True
            for way in range(ways):
                other = taken[way]
                if count[k] * count[other] < EXPECTED_BOTH * drives:
                    excludes = False
                for number in range(drives):
                    if seen[number, k] and seen[number, other]:
                        excludes = False
            if excludes:
                taken[ways] = k
                ways += 1
        # A site that all ways share excludes none: then start from the best excluding pair.
        if ways < 2:
            best = 0
            for a in range(len(sites)):
                for b in range(a):
                    if count[a] < LEAST_DRIVES or count[b] < LEAST_DRIVES:
                        continue
                    if count[a] * count[b] < EXPECTED_BOTH * drives:
                        continue
                    both = False
                    for number in range(drives):
                        if seen[number, a] and seen[number, b]:
                            both = True
                    if not both and count[a] + count[b] > best:
                        best = count[a] + count[b]
                        taken[0], taken[1] = (a, b) if count[a] >= count[b] else (b, a)
                        ways = 2
            if ways == 2:
                for k in order:
                    excludes = count[k] >= LEAST_DRIVES
                    for way in range(ways):
                        other = taken[way]
                        if k == other or count[k] * count[other] < EXPECTED_BOTH * drives:
                            excludes = False
                        for number in range(drives):
                            if seen[number, k] and seen[number, other]:
                                excludes = False
                    if excludes:
                        taken[ways] = k
                        ways += 1
        of = commute[first]
        variants[of] = max(ways, 1)
        share[of] = 1.0
        if ways > 1:
            total, most = 0, 0
            for way in range(ways):
                total += count[taken[way]]
                most = max(most, count[taken[way]])
            share[of] = most / total
        first = last
    return variants, share


def routes_of_part(rows: Rows, broadcast: dict[str, Any]) -> Rows:
    """Count the route variants of the commuters of one part, each way.

    Parameters
    ----------
    rows : Rows
        The sightings of the part.
    broadcast : dict
        What `trips_of_part` needs; ``plane`` and ``clock`` as for
        `placed_stays_of_part`; ``vehicle`` (sorted), ``home``, ``work``: the commuters and their
        place numbers.

    Returns
    -------
    Rows
        ``vehicle, way`` (0 out, 1 back), ``drives, variants, share``; sorted.
    """
    kept = np.isin(rows["vehicle"], broadcast["vehicle"])
    rows = {name: column[kept] for name, column in rows.items()}
    starts = starts_of_part(rows, broadcast)
    trips = trips_of_part(rows, broadcast)
    stays = placed_stays_of_part(trips, broadcast)
    before = stay_rows(trips["vehicle"])
    of = np.searchsorted(broadcast["vehicle"], stays["vehicle"])
    place, following = stays["place"][:-1], stays["place"][1:]
    same = stays["vehicle"][1:] == stays["vehicle"][:-1]
    stops = np.append(starts[1:], len(rows["vehicle"]))[: len(starts)]
    found = []
    for way, (origin, destination) in enumerate((("home", "work"), ("work", "home"))):
        at = of[:-1]
        drives = np.flatnonzero(
            same & (place == broadcast[origin][at]) & (following == broadcast[destination][at])
        )
        trip = before[drives] + 1
        length = stops[trip] - starts[trip]
        number = np.repeat(np.arange(len(drives)), length)
        row = np.repeat(starts[trip] - np.r_[0, np.cumsum(length)[:-1]], length) + np.arange(
            length.sum()
        )
        vehicles, commute = np.unique(stays["vehicle"][drives], return_inverse=True)
        site = broadcast["site"][rows["camera"][row]]
        variants, share = count_variants(commute[number], number, site, len(vehicles))
        found.append(
            {
                "vehicle": vehicles.astype(np.int32),
                "way": np.full(len(vehicles), way, np.int8),
                "drives": np.bincount(commute, minlength=len(vehicles)),
                "variants": variants,
                "share": share,
            }
        )
    return sort_rows(concatenate(found), ("vehicle", "way"))
