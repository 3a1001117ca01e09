"""Pairs of vehicles that met, or would have on another day: many, so each is held in few bytes.

There are about as many as encounters, most of them alike: one meeting, some opportunities. What is
worked out of a pair's counts is worked out once for each kind of pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from analyzer.errors import TooMuchWorkError
from analyzer.patterns.encounters import longer

ON_ANOTHER_DAY = -1
"""Stands for the day of a meeting that there would have been, had one of the two come then."""


@dataclass(frozen=True)
class MetPairs:
    """Pairs by vehicle code, the lower first, in order.

    Attributes
    ----------
    starts : numpy.ndarray of int64, shape (n_codes + 1,)
        Where the pairs of each first vehicle begin.
    second : numpy.ndarray of int32, shape (pairs,)
        The other vehicle.
    met : numpy.ndarray of uint16, shape (pairs,)
        Days on which the two met.
    """

    starts: np.ndarray
    second: np.ndarray
    met: np.ndarray

    def __len__(self) -> int:
        return len(self.second)

    def first_of(self, pairs: np.ndarray) -> np.ndarray:
        """Give the codes of the first vehicles of pairs, by position."""
        return np.searchsorted(self.starts, pairs, side="right") - 1

    def times_chosen(self, chosen: np.ndarray) -> np.ndarray:
        """Count how many of each pair's vehicles were chosen (bool by code): uint8."""
        times = chosen[self.second].astype(np.uint8)
        times += np.repeat(chosen, np.diff(self.starts))
        return times


def pack_meetings(
    a: np.ndarray, b: np.ndarray, day: np.ndarray, n_codes: int, n_days: int
) -> np.ndarray:
    """Write meetings as one number each, ordered by (a, b, day).

    Parameters
    ----------
    a, b : numpy.ndarray of int64
        Vehicle codes.
    day : numpy.ndarray of int64
        Day of the span, from 0; or `ON_ANOTHER_DAY`.
    n_codes, n_days : int
        Codes and days run from 0 to below these.

    Examples
    --------
    >>> pack_meetings(np.array([0]), np.array([1]), np.array([2]), 2, 9).tolist()
    [13]
    """
    return (a * n_codes + b) * (n_days + 1) + day + 1


def check_packing(n_codes: int, n_days: int) -> None:
    """Refuse what `pack_meetings` cannot write."""
    most = math.isqrt((2**63 - 1) // (n_days + 1))
    if n_codes > most:
        raise TooMuchWorkError(
            f"meetings of {n_codes:,} vehicles on {n_days:,} days are more than can be told apart; "
            f"ask for fewer days with sightings.between(t0, t1)"
        )


def pairs_of(packed: list[np.ndarray], n_codes: int, n_days: int) -> MetPairs:
    """Count the days on which each pair met; none for those who would have met on other days.

    Parameters
    ----------
    packed : list of numpy.ndarray of int64
        From `pack_meetings`, with repeats; the arrays are taken out.
    n_codes, n_days : int
        As they were packed.

    Examples
    --------
    >>> pairs = pairs_of([pack_meetings(np.array([0, 0, 1]), np.array([1, 1, 2]),
    ...                                 np.array([5, 5, ON_ANOTHER_DAY]), 3, 9)], 3, 9)
    >>> pairs.starts.tolist(), pairs.second.tolist(), pairs.met.tolist()
    ([0, 1, 2, 2], [1, 2], [1, 0])
    """
    every = np.empty(sum(map(len, packed)), np.int64)
    end = len(every)
    while packed:
        piece = packed.pop()
        every[end - len(piece) : end] = piece
        end -= len(piece)
    every.sort()
    return MetPairs(*_count_days(every, n_codes, n_days))


@numba.njit(cache=True, nogil=True)
def _count_days(
    packed: np.ndarray, n_codes: int, n_days: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pairs, last = 0, np.int64(-1)
    for key in packed:
        pair = key // (n_days + 1)
        pairs += pair != last
        last = pair
    starts = np.zeros(n_codes + 1, np.int64)
    second, met = np.empty(pairs, np.int32), np.empty(pairs, np.uint16)
    at, last, before = -1, np.int64(-1), np.int64(-1)
    for key in packed:
        pair = key // (n_days + 1)
        if pair != last:
            at += 1
            second[at], met[at] = pair % n_codes, 0
            starts[pair // n_codes + 1] += 1
            last = pair
        if key != before and key - pair * (n_days + 1) > 0:
            met[at] += 1
        before = key
    for code in range(n_codes):
        starts[code + 1] += starts[code]
    return starts, second, met


@dataclass(frozen=True)
class Kinds:
    """Kinds of pairs: those of one kind have the same counts.

    Attributes
    ----------
    of : numpy.ndarray of int32, shape (pairs,)
        Number of each pair's kind.
    met, shifted, opportunities, pairs : numpy.ndarray of int64, shape (kinds,)
        The counts of a kind, and how many pairs are of it.
    """

    of: np.ndarray
    met: np.ndarray
    shifted: np.ndarray
    opportunities: np.ndarray
    pairs: np.ndarray

    def __len__(self) -> int:
        return len(self.met)

    @cached_property
    def meetings(self) -> int:
        """Meetings of all pairs."""
        return int((self.met * self.pairs).sum())

    @cached_property
    def by_meetings(self) -> np.ndarray:
        """How many pairs met on 0 (not counted), 1, 2, … days."""
        counts = np.zeros(max(int(self.met.max(initial=0)) + 1, 2), np.int64)
        real = self.met > 0
        np.add.at(counts, self.met[real], self.pairs[real])
        return counts


def kinds_of(met: np.ndarray, shifted: np.ndarray, opportunities: np.ndarray) -> Kinds:
    """Sort pairs by kind.

    Examples
    --------
    >>> kinds = kinds_of(np.array([1, 2, 1]), np.array([0, 0, 0]), np.array([3, 3, 3]))
    >>> kinds.of.tolist(), kinds.met.tolist(), kinds.pairs.tolist()
    ([0, 1, 0], [1, 2], [2, 1])
    """
    return Kinds(*_number_kinds(met, shifted, opportunities))


@numba.njit(cache=True, nogil=True)
def _seat_of(met: int, shifted: int, opportunities: int, seats: int) -> int:
    bits = np.uint64(met) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(shifted)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(
        opportunities
    )
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((bits ^ (bits >> np.uint64(31))) & np.uint64(seats - 1))


@numba.njit(cache=True, nogil=True)
def _number_kinds(
    met: np.ndarray, shifted: np.ndarray, opportunities: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    # A table of kinds by a mixture of their counts; numbered by first appearance.
    table = np.full(1 << 12, -1, np.int64)
    kind_met, kind_shifted = np.empty(1024, np.int64), np.empty(1024, np.int64)
    kind_there, pairs = np.empty(1024, np.int64), np.empty(1024, np.int64)
    of, n = np.empty(len(met), np.int32), 0
    for pair in range(len(met)):
        a, b, c = np.int64(met[pair]), np.int64(shifted[pair]), np.int64(opportunities[pair])
        seat = _seat_of(a, b, c, len(table))
        kind = table[seat]
        while kind >= 0 and (
            kind_met[kind] != a or kind_shifted[kind] != b or kind_there[kind] != c
        ):
            seat = (seat + 1) & (len(table) - 1)
            kind = table[seat]
        if kind < 0:
            if n == len(pairs):
                kind_met, kind_shifted = longer(kind_met), longer(kind_shifted)
                kind_there, pairs = longer(kind_there), longer(pairs)
            kind = n
            kind_met[n], kind_shifted[n], kind_there[n], pairs[n] = a, b, c, 0
            table[seat] = n
            n += 1
            if 2 * n > len(table):
                table = np.full(2 * len(table), -1, np.int64)
                for known in range(n):
                    at = _seat_of(
                        kind_met[known], kind_shifted[known], kind_there[known], len(table)
                    )
                    while table[at] >= 0:
                        at = (at + 1) & (len(table) - 1)
                    table[at] = known
        of[pair] = kind
        pairs[kind] += 1
    return (
        of, kind_met[:n].copy(), kind_shifted[:n].copy(), kind_there[:n].copy(), pairs[:n].copy(),
    )  # fmt: skip
