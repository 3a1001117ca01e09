"""Vehicles: the spellings in a column of plates become small integer codes.

A raw plate lives no longer than the chunk it came in. What stays in memory is a table of keyed
hashes of the spellings met so far, so that each spelling is normalised and pseudonymised once, and
the names. A code is the order of first appearance and never depends on the key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import numba
import numpy as np
import pyarrow as pa

from analyzer.ingest.near_plates import NearPlates
from analyzer.ingest.siphash import siphash
from analyzer.ingest.times import text_buffers
from analyzer.ingest.vehicle_names import VehicleNames

_STRIDE = 1 << 16


class VehicleCoder:
    """Gives vehicles their codes: integers by order of first appearance.

    Parameters
    ----------
    names : VehicleNames
        What makes names of cells, and codes of names.
    near : NearPlates, optional
        Takes note of the plates of new codes, to find near-equal ones.
    valid : callable, optional
        Says whether a normalised plate has the form of its country.

    Examples
    --------
    >>> from analyzer.ingest.vehicle_names import ExistingIds
    >>> coder = VehicleCoder(ExistingIds())
    >>> coder.encode(pa.array(["b", "a", "b "])).tolist(), coder.names.to_arrow().to_pylist()
    ([0, 1, 0], ['b', 'a'])
    """

    def __init__(
        self,
        names: VehicleNames,
        *,
        near: NearPlates | None = None,
        valid: Callable[[str], bool] | None = None,
    ):
        self.names = names
        self.near = near
        self._valid = valid
        self._ill_formed: set[int] = set()
        # The table must not tell the spellings even to one who reads the process's memory later.
        self._seed = np.frombuffer(secrets.token_bytes(16), np.uint64)
        self._table = np.zeros((1 << 12, 4), np.uint64)
        self._code_of_spelling = np.empty(1 << 12, np.int32)
        self._spellings = 0

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, column: pa.Array) -> np.ndarray:
        """Give the codes of a column of plates; `NO_PLATE` where there is none."""
        offsets, data = text_buffers(column)
        codes = np.empty(len(column), np.int32)
        for start in range(0, len(column), _STRIDE):
            stop = min(start + _STRIDE, len(column))
            # Grown by what could come next and not by the whole column: a small table is fast.
            while (self._spellings + stop - start) * 3 > 2 * len(self._table):
                self._table = _grow(self._table)
            ids, new_rows = _spellings(
                offsets[start : stop + 1], data, *self._seed, self._table, self._spellings
            )
            if len(new_rows):
                self._learn(column, new_rows + start)
            codes[start:stop] = self._code_of_spelling[ids]
        return codes

    def adopt(self, names: pa.Array, ill_formed: np.ndarray) -> np.ndarray:
        """Give the codes of vehicles that were coded elsewhere, in the order in which they came.

        Parameters
        ----------
        names : pyarrow.Array
            Their names, in the order of their codes there.
        ill_formed : numpy.ndarray
            Codes, there, of the plates that do not have the form that was asked for.
        """
        codes = self.names.adopt(names)
        self._ill_formed.update(codes[ill_formed].tolist())
        return codes

    @property
    def ill_formed(self) -> np.ndarray:
        """Codes of the plates that do not have the form that was asked for."""
        return np.array(sorted(self._ill_formed), np.int32)

    def _learn(self, column: pa.Array, rows: np.ndarray) -> None:
        learned, fresh = self.names.learn(column.take(pa.array(rows)).to_pylist())
        self._look_at(fresh)
        count = self._spellings + len(learned)
        if count > len(self._code_of_spelling):
            larger = np.empty(2 * count, np.int32)
            larger[: self._spellings] = self._code_of_spelling[: self._spellings]
            self._code_of_spelling = larger
        self._code_of_spelling[self._spellings : count] = learned
        self._spellings = count

    def _look_at(self, plates: dict[int, str]) -> None:
        """Take note of what the plates of new codes are like; the plates are not kept."""
        if self.near is not None:
            self.near.add(list(plates.values()), np.fromiter(plates, np.int32, len(plates)))
        if self._valid is not None:
            valid = self._valid
            self._ill_formed.update(code for code, plate in plates.items() if not valid(plate))


@numba.njit(cache=True, nogil=True)
def _spellings(offsets, data, k0, k1, table, known):
    """Number the spellings of a column; new ones are entered, and their first rows given.

    A row of the table is (hash, hash, number + 1, unused): 32 bytes, so that one look-up touches
    one cache line.
    """
    n = len(offsets) - 1
    mask = len(table) - 1
    hashes = np.empty((n, 2), np.uint64)
    # All hashes first: then the look-ups do not wait for each other.
    for i in range(n):
        hashes[i, 0], hashes[i, 1] = siphash(data, offsets[i], offsets[i + 1], k0, k1)
    ids = np.empty(n, np.int32)
    new_rows = np.empty(n, np.int64)
    n_new = 0
    for i in range(n):
        first, second = hashes[i, 0], hashes[i, 1]
        slot = np.int64(first & np.uint64(mask))
        while True:
            entry = np.int64(table[slot, 2])
            if entry == 0:
                table[slot, 0], table[slot, 1] = first, second
                table[slot, 2] = np.uint64(known + n_new + 1)
                ids[i] = known + n_new
                new_rows[n_new] = i
                n_new += 1
                break
            if table[slot, 0] == first and table[slot, 1] == second:
                ids[i] = entry - 1
                break
            slot = (slot + 1) & mask
    return ids, new_rows[:n_new]


@numba.njit(cache=True, nogil=True)
def _grow(table):
    """Double the table."""
    size = 2 * len(table)
    larger = np.zeros((size, 4), np.uint64)
    for old in range(len(table)):
        if table[old, 2] == 0:
            continue
        slot = np.int64(table[old, 0] & np.uint64(size - 1))
        while larger[slot, 2] != 0:
            slot = (slot + 1) & (size - 1)
        larger[slot] = table[old]
    return larger
