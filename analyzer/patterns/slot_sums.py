"""Sums of units by slot: of one set of moves, and of many, of which few are held at once."""

from __future__ import annotations

import numba
import numpy as np

SPARSE = 4
"""Slots are sorted where there are more than so many times the values to sum."""


@numba.njit(cache=True, nogil=True)
def _add_up(slot: np.ndarray, units: np.ndarray, n_slots: int) -> np.ndarray:
    sums = np.zeros(n_slots, np.int64)
    for i in range(len(slot)):
        sums[slot[i]] += units[i]
    return sums


def sum_slots(slot: np.ndarray, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum units, which are more than nothing, by slot.

    Examples
    --------
    >>> [array.tolist() for array in sum_slots(np.array([7, 3, 7]), np.array([1, 2, 4]))]
    [[3, 7], [2, 5]]
    """
    if not len(slot):
        return slot, units.astype(np.int64)
    n_slots = int(slot.max()) + 1
    if n_slots <= SPARSE * len(slot):
        sums = _add_up(slot, units, n_slots)
        used = np.flatnonzero(sums)
        return used, sums[used]
    order = np.argsort(slot)
    slot = slot[order]
    first = np.flatnonzero(np.diff(slot, prepend=-1))
    return slot[first], np.add.reduceat(units[order], first, dtype=np.int64)


@numba.njit(cache=True, nogil=True)
def add_sums(
    slot: np.ndarray, units: np.ndarray, other_slot: np.ndarray, other_units: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Add two sums by slot, each in the order of slots, as `sum_slots` gives them.

    Examples
    --------
    >>> one, other = (np.array([3, 7]), np.array([2, 5])), (np.array([7, 9]), np.array([1, 1]))
    >>> [array.tolist() for array in add_sums(*one, *other)]
    [[3, 7, 9], [2, 6, 1]]
    """
    found, i, j = 0, 0, 0
    while i < len(slot) and j < len(other_slot):
        step_i, step_j = slot[i] <= other_slot[j], other_slot[j] <= slot[i]
        i += step_i
        j += step_j
        found += 1
    n = found + len(slot) - i + len(other_slot) - j
    sum_slot, sums = np.empty(n, np.int64), np.empty(n, np.int64)
    i, j = 0, 0
    for at in range(n):
        mine = j == len(other_slot) or (i < len(slot) and slot[i] <= other_slot[j])
        others = i == len(slot) or (j < len(other_slot) and other_slot[j] <= slot[i])
        sum_slot[at] = slot[i] if mine else other_slot[j]
        sums[at] = 0
        if mine:
            sums[at] += units[i]
            i += 1
        if others:
            sums[at] += other_units[j]
            j += 1
    return sum_slot, sums


class Sums:
    """A sum by slot of many sums, of which few are held at once.

    Those that wait are each less than half as large as the one before: so every value is added
    about as often as sizes can double, and what waits takes no more than twice the largest.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, slot: np.ndarray, units: np.ndarray) -> None:
        """Add one, as `sum_slots` gives it."""
        self._waiting.append((slot, units))
        while len(self._waiting) > 1 and len(self._waiting[-2][0]) < 2 * len(self._waiting[-1][0]):
            self._add_last()

    def total(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the slots, in order, and the sum of units in each.

        Examples
        --------
        >>> sums = Sums()
        >>> for slot in (3, 9, 3):
        ...     sums.add(np.array([slot]), np.array([1]))
        >>> [array.tolist() for array in sums.total()]
        [[3, 9], [2, 1]]
        """
        while len(self._waiting) > 1:
            self._add_last()
        return self._waiting[0] if self._waiting else (np.empty(0, np.int64),) * 2

    def _add_last(self) -> None:
        other = self._waiting.pop()
        self._waiting.append(add_sums(*self._waiting.pop(), *other))
