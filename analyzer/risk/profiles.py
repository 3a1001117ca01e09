"""Profiles: where and when a pseudonym is usually seen, as sparse counts at several grains.

A sighting's key is ``place × number of hours + hour``, hours being local and counted from the
beginning of what is compared. The parts count keys for each vehicle once; profiles of every grain,
of fewer days, or of odd and even days are then cut from these counts without reading anything
again. Profiles stand in the order of pseudonyms, which is drawn anew for each period, so that
nothing that sorts or breaks ties by position can tell who is who.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.local_time import to_local
from analyzer.risk.draw import PSEUDONYMS, mix, vehicle_hashes
from analyzer.risk.points import sort_keys
from analyzer.schema import Rows, concatenate
from analyzer.units import HOUR_MS

PLACE, PLACE_HOUR, PLACE_HOUR_OF_WEEK, PLACE_AND_HOUR, PLACE_TIME, PLACE_DAY = range(6)
GRAINS = {
    "place": PLACE,
    "place × hour": PLACE_HOUR,
    "place × hour of week": PLACE_HOUR_OF_WEEK,
    "place + place × hour": PLACE_AND_HOUR,
}
"""Grains of a profile that repeats: what is counted. The last counts both in one profile."""

SAME_TIME_GRAINS = {"place × time": PLACE_TIME, "place × day": PLACE_DAY}
"""Grains for two collections of one time: the very hour, or the very day, at the very place."""

ENTRIES_A_KEY = {PLACE_AND_HOUR: 2}
"""Entries that a key makes in a profile at most, where it is not one."""

_WEEK = 168
_MOST_KEYS = 2**31 - 1


class Counts(NamedTuple):
    """How often each vehicle was seen at each place in each hour.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (v,)
        Vehicle codes, in any order, each once.
    offsets : numpy.ndarray of int64, shape (v + 1,)
        Where the keys of each vehicle begin.
    keys, counts : numpy.ndarray of int32
        ``place × hours + hour``, ascending within a vehicle; sightings of that key.
    hours : int
        Number of hours.
    first_hour : int
        Local hour, counted from 1970, of hour 0.
    """

    vehicles: np.ndarray
    offsets: np.ndarray
    keys: np.ndarray
    counts: np.ndarray
    hours: int
    first_hour: int


class Pseudonyms(NamedTuple):
    """Pseudonyms of one period, in their order.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (n,)
        Whose each is.
    segments : numpy.ndarray of int64, shape (n,)
        Where that vehicle stands in the `Counts`.
    keys : numpy.ndarray of int64, shape (n,)
        How many of its keys lie in the hours that are looked at.
    """

    vehicles: np.ndarray
    segments: np.ndarray
    keys: np.ndarray

    def take(self, which: np.ndarray | slice) -> Pseudonyms:
        """Give some of them, in the order asked for."""
        return Pseudonyms(*(column[which] for column in self))


class Profiles(NamedTuple):
    """Sparse profiles of pseudonyms.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (n,)
        Whose pseudonym each is: the answers, which no matcher is given.
    offsets : numpy.ndarray of int64, shape (n + 1,)
        Where each profile begins.
    features, counts : numpy.ndarray of int32
        What was counted, ascending within a profile, and how often it was seen.
    """

    vehicles: np.ndarray
    offsets: np.ndarray
    features: np.ndarray
    counts: np.ndarray


def count_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the keys of each vehicle of a part: vehicle, key, count, sorted by the first two.

    Parameters
    ----------
    rows : Rows
        ``vehicle, seen_at, camera``, sorted by all three.
    broadcast : dict
        ``places``: place of each camera, -1 for one that does not count; ``first_hour`` and
        ``hours``: the local hours that count; ``clock_starts``, ``clock_offsets``.
    """
    local = to_local(rows["seen_at"], broadcast["clock_starts"], broadcast["clock_offsets"])
    vehicle, key, count = _count_keys(
        rows["vehicle"],
        local,
        rows["camera"],
        broadcast["places"],
        broadcast["first_hour"],
        broadcast["hours"],
    )
    return {"vehicle": vehicle, "key": key, "count": count}


def check_keys(n_places: int, hours: int) -> None:
    """Refuse periods so long, or places so many, that keys would not fit.

    Raises
    ------
    UsageError
        With what to ask instead.

    Examples
    --------
    >>> check_keys(1_000, 14 * 24)
    """
    if n_places * hours > _MOST_KEYS:
        raise UsageError(
            f"{n_places:,} places over {hours // 24:,} days are too many to compare; take a "
            "shorter rotation, for example rotation='30D', or a part of the data with between()"
        )


def gather_counts(frames: list[Rows], first_hour: int, hours: int) -> Counts:
    """Lay the counts of all parts together; a vehicle is in one part alone."""
    rows = concatenate(frames)
    vehicle = rows["vehicle"]
    starts = np.flatnonzero(np.diff(vehicle, prepend=-1)) if len(vehicle) else np.zeros(0, int)
    offsets = np.append(starts, len(vehicle)).astype(np.int64)
    return Counts(vehicle[starts], offsets, rows["key"], rows["count"], hours, first_hour)


def make_profiles(
    counts: Counts, wanted: np.ndarray, grain: int, *, period: int, seed: int,
    among: np.ndarray | None = None,
) -> Profiles:  # fmt: skip
    """Make the profiles of all vehicles that were seen in some of the hours.

    Parameters
    ----------
    counts : Counts
        Of all vehicles.
    wanted : numpy.ndarray of bool, shape (hours,)
        Hours that are looked at.
    grain : int
        One of the grains of this module.
    period, seed : int
        Pseudonyms are drawn by a hash of these and of the vehicle code.
    among : numpy.ndarray of int32, optional
        Only these vehicles, ascending.

    Returns
    -------
    Profiles
        In the order of the pseudonyms.

    Examples
    --------
    >>> rows = {"vehicle": [4, 4], "key": [2, 27], "count": [1, 3]}
    >>> rows = {name: np.array(column, np.int32) for name, column in rows.items()}
    >>> counts = gather_counts([rows], first_hour=0, hours=24)
    >>> profiles = make_profiles(counts, np.ones(24, bool), PLACE, period=0, seed=0)
    >>> profiles.features.tolist(), profiles.counts.tolist()
    ([0, 1], [1, 3])
    """
    order = order_pseudonyms(counts, wanted, period=period, seed=seed, among=among)
    return cut_profiles(counts, wanted, grain, order)


def order_pseudonyms(
    counts: Counts, wanted: np.ndarray, *, period: int, seed: int, among: np.ndarray | None = None
) -> Pseudonyms:
    """Order the vehicles that were seen in some of the hours by their pseudonyms.

    Parameters
    ----------
    counts, wanted, period, seed, among
        As `make_profiles` takes them.
    """
    n_wanted = _count_wanted(counts.offsets, counts.keys, counts.hours, wanted)
    present = n_wanted > 0
    if among is not None:
        present &= np.isin(counts.vehicles, among)
    segments = np.flatnonzero(present)
    vehicles = counts.vehicles[segments]
    purpose = np.uint64(mix(PSEUDONYMS ^ np.uint64(period % 2**63)))
    order = np.lexsort([vehicles, vehicle_hashes(purpose, seed, vehicles.astype(np.int64))])
    return Pseudonyms(vehicles[order], segments[order], n_wanted[segments[order]])


def cut_profiles(
    counts: Counts, wanted: np.ndarray, grain: int, pseudonyms: Pseudonyms
) -> Profiles:
    """Make the profiles of these pseudonyms, in their order.

    Parameters
    ----------
    counts, wanted, grain
        As `make_profiles` takes them.
    pseudonyms : Pseudonyms
        From `order_pseudonyms` with the same counts and hours: all, or some.
    """
    room = pseudonyms.keys * ENTRIES_A_KEY.get(grain, 1)
    offsets, features, found = _make_profiles(
        counts.offsets,
        counts.keys,
        counts.counts,
        counts.hours,
        counts.first_hour,
        wanted,
        pseudonyms.segments,
        int(room.sum()),
        int(room.max(initial=0)),
        grain,
    )
    return Profiles(pseudonyms.vehicles, offsets, features, found)


@numba.njit(cache=True, nogil=True)
def _count_keys(
    vehicle: np.ndarray,
    local: np.ndarray,
    camera: np.ndarray,
    places: np.ndarray,
    first_hour: int,
    hours: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = 0
    for i in range(len(vehicle)):
        hour = local[i] // HOUR_MS - first_hour
        n += 0 <= hour < hours and places[camera[i]] >= 0
    vehicles, keys = np.empty(n, np.int32), np.empty(n, np.int32)
    counts = np.empty(n, np.int32)
    own = np.empty(64, np.int64)
    found = start = 0
    while start < len(vehicle):
        stop = start
        n_own = 0
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            hour = local[stop] // HOUR_MS - first_hour
            place = places[camera[stop]]
            if 0 <= hour < hours and place >= 0:
                if n_own == len(own):
                    own = np.append(own, np.empty(len(own), np.int64))
                own[n_own] = np.int64(place) * hours + hour
                n_own += 1
            stop += 1
        sort_keys(own[:n_own])
        for i in range(n_own):
            if i and own[i] == own[i - 1]:
                counts[found - 1] += 1
            else:
                vehicles[found] = vehicle[start]
                keys[found] = own[i]
                counts[found] = 1
                found += 1
        start = stop
    return vehicles[:found].copy(), keys[:found].copy(), counts[:found].copy()


@numba.njit(cache=True, nogil=True)
def _count_wanted(
    offsets: np.ndarray, keys: np.ndarray, hours: int, wanted: np.ndarray
) -> np.ndarray:
    n = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(n)):
        for i in range(offsets[row], offsets[row + 1]):
            n[row] += wanted[keys[i] % hours]
    return n


@numba.njit(cache=True, nogil=True)
def _make_profiles(
    offsets: np.ndarray,
    keys: np.ndarray,
    counts: np.ndarray,
    hours: int,
    first_hour: int,
    wanted: np.ndarray,
    segments: np.ndarray,
    room: int,
    longest: int,
    grain: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # 1970 began on a Thursday, the fourth day of the week.
    monday = first_hour + 3 * 24
    made = np.zeros(len(segments) + 1, np.int64)
    features, found_counts = np.empty(room, np.int32), np.empty(room, np.int32)
    # A feature and its count in one number: sorting brings equal features together.
    own = np.empty(longest, np.int64)
    found = 0
    for row in range(len(segments)):
        n_own = 0
        for i in range(offsets[segments[row]], offsets[segments[row] + 1]):
            hour = np.int64(keys[i] % hours)
            if not wanted[hour]:
                continue
            place = np.int64(keys[i] // hours)
            count = np.int64(counts[i])
            if grain == PLACE:
                feature = place
            elif grain == PLACE_HOUR:
                feature = place * 24 + (first_hour + hour) % 24
            elif grain == PLACE_HOUR_OF_WEEK:
                feature = place * _WEEK + (monday + hour) % _WEEK
            elif grain == PLACE_AND_HOUR:
                feature = place * 25 + 1 + (first_hour + hour) % 24
                own[n_own] = ((place * 25) << 32) | count
                n_own += 1
            elif grain == PLACE_DAY:
                feature = place * (hours // 24 + 1) + hour // 24
            else:
                feature = np.int64(keys[i])
            own[n_own] = (feature << 32) | count
            n_own += 1
        sort_keys(own[:n_own])
        begun = found
        for i in range(n_own):
            feature, count = own[i] >> 32, own[i] & 0xFFFFFFFF
            if found > begun and features[found - 1] == feature:
                found_counts[found - 1] += count
            else:
                features[found] = feature
                found_counts[found] = count
                found += 1
        made[row + 1] = found
    return made, features[:found].copy(), found_counts[:found].copy()
