"""Postings: for each slot, the vehicles of a part that hold it, ascending.

Vehicles are numbered by their rank in the part. The longest lists stand a second time as bits,
one a vehicle: where places and times are coarse, lists hold a good share of all vehicles, and two
of them are then intersected 64 vehicles at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.risk.points import count_vehicles

LEAST_SHARE = 256
"""Lists with fewer than one in so many vehicles get no bits: scanning them is quicker."""

MOST_BYTES = 1 << 28
"""Room for bits in one part; the longest lists get them first."""


class Postings(NamedTuple):
    """The vehicles that hold each slot in one part.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes of the part's vehicles, in the order of its rows: ascending in one part.
    offsets : numpy.ndarray of int64, shape (slots + 1,)
        Where the list of each slot begins in `holders`.
    holders : numpy.ndarray of int32
        Ranks of vehicles, ascending within a slot, each once.
    row_of_bits : numpy.ndarray of int32, shape (slots,)
        Row of the slot in `bits`; -1 if it has none.
    bits : numpy.ndarray of uint64, shape (r, words)
        Bit `rank % 64` of word `rank // 64` says whether the vehicle holds the slot.
    """

    vehicles: np.ndarray
    offsets: np.ndarray
    holders: np.ndarray
    row_of_bits: np.ndarray
    bits: np.ndarray


class HolderDays(NamedTuple):
    """On which days each holder of a slot was seen to make it; beside `Postings`.

    Attributes
    ----------
    offsets : numpy.ndarray of int64, shape (len(holders) + 1,)
        Where the days of each holder begin in `days`.
    days : numpy.ndarray of int32
        Local days, in any order, with repeats.
    """

    offsets: np.ndarray
    days: np.ndarray


class HolderLooks(NamedTuple):
    """With which looks each holder of a slot was seen to make it; beside `Postings`.

    Attributes
    ----------
    offsets : numpy.ndarray of int64, shape (len(holders) + 1,)
        Where the looks of each holder begin in `looks`.
    looks : numpy.ndarray of int64
        In any order, with repeats.
    """

    offsets: np.ndarray
    looks: np.ndarray


def post(
    vehicle: np.ndarray, slot: np.ndarray, n_slots: int, *, most_bytes: int = MOST_BYTES
) -> Postings:
    """List the vehicles that hold each slot.

    Parameters
    ----------
    vehicle : numpy.ndarray of int32, shape (n,)
        Sorted; or parts that are, one behind the other, that share no vehicle.
    slot : numpy.ndarray of int32, shape (n,)
        Slot of each sighting's point, -1 where it has none.
    n_slots : int
        Number of slots.
    most_bytes : int
        Room for bits.

    Examples
    --------
    >>> postings = post(np.array([3, 3, 7], np.int32), np.array([1, 1, 1], np.int32), 2)
    >>> postings.vehicles[postings.holders].tolist()
    [3, 7]
    """
    vehicles, offsets, holders = _post(vehicle, slot, n_slots)
    words = -(-len(vehicles) // 64)
    lengths = np.diff(offsets)
    long = np.flatnonzero(lengths * LEAST_SHARE >= max(len(vehicles), 1))
    room = most_bytes // max(8 * words, 1)
    if len(long) > room:
        long = long[np.argsort(-lengths[long], kind="stable")[:room]]
    row_of_bits = np.full(n_slots, -1, np.int32)
    row_of_bits[long] = np.arange(len(long), dtype=np.int32)
    bits = _set_bits(long, offsets, holders, words)
    return Postings(vehicles, offsets, holders, row_of_bits, bits)


@numba.njit(cache=True, nogil=True)
def _post(
    vehicle: np.ndarray, slot: np.ndarray, n_slots: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    vehicles = np.empty(count_vehicles(vehicle), np.int32)
    offsets = np.zeros(n_slots + 1, np.int64)
    last = np.full(n_slots, -1, np.int32)
    rank = -1
    for i in range(len(vehicle)):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            rank += 1
            vehicles[rank] = vehicle[i]
        s = slot[i]
        if s >= 0 and last[s] != rank:
            offsets[s + 1] += 1
            last[s] = rank
    for s in range(n_slots):
        offsets[s + 1] += offsets[s]
        last[s] = -1
    holders = np.empty(offsets[n_slots], np.int32)
    following = offsets[:-1].copy()
    rank = -1
    for i in range(len(vehicle)):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            rank += 1
        s = slot[i]
        if s >= 0 and last[s] != rank:
            holders[following[s]] = rank
            following[s] += 1
            last[s] = rank
    return vehicles, offsets, holders


@numba.njit(cache=True, nogil=True)
def _set_bits(
    slots: np.ndarray, offsets: np.ndarray, holders: np.ndarray, words: int
) -> np.ndarray:
    bits = np.zeros((len(slots), words), np.uint64)
    for row in range(len(slots)):
        for i in range(offsets[slots[row]], offsets[slots[row] + 1]):
            bits[row, holders[i] >> 6] |= np.uint64(1) << np.uint64(holders[i] & 63)
    return bits


def post_days(
    vehicle: np.ndarray, slot: np.ndarray, day: np.ndarray, postings: Postings
) -> HolderDays:
    """List the days of the sightings by which each holder holds a slot.

    Parameters
    ----------
    vehicle, slot
        As given to `post`.
    day : numpy.ndarray of int64, shape (n,)
        Local day of each sighting.
    postings : Postings
        From the same sightings.
    """
    return HolderDays(
        *_post_values(vehicle, slot, day.astype(np.int32), postings.offsets, len(postings.holders))
    )


def post_looks(
    vehicle: np.ndarray, slot: np.ndarray, look: np.ndarray, postings: Postings
) -> HolderLooks:
    """List the looks of the sightings by which each holder holds a slot.

    Parameters
    ----------
    vehicle, slot
        As given to `post`.
    look : numpy.ndarray of int64, shape (n,)
        Look of each sighting; see `analyzer.risk.looks`.
    postings : Postings
        From the same sightings.
    """
    return HolderLooks(
        *_post_values(vehicle, slot, look, postings.offsets, len(postings.holders))
    )


@numba.njit(cache=True, nogil=True)
def _post_values(
    vehicle: np.ndarray, slot: np.ndarray, value: np.ndarray, offsets: np.ndarray, n_holders: int
) -> tuple[np.ndarray, np.ndarray]:
    n_slots = len(offsets) - 1
    following_value = np.zeros(n_slots + 1, np.int64)
    for i in range(len(slot)):
        if slot[i] >= 0:
            following_value[slot[i] + 1] += 1
    for s in range(n_slots):
        following_value[s + 1] += following_value[s]
    values = np.empty(following_value[n_slots], value.dtype)
    value_offsets = np.empty(n_holders + 1, np.int64)
    value_offsets[n_holders] = len(values)
    following = offsets[:-1].copy()
    last = np.full(n_slots, -1, np.int32)
    for i in range(len(vehicle)):
        s = slot[i]
        if s >= 0:
            if last[s] != vehicle[i]:
                value_offsets[following[s]] = following_value[s]
                following[s] += 1
                last[s] = vehicle[i]
            values[following_value[s]] = value[i]
            following_value[s] += 1
    return value_offsets, values
