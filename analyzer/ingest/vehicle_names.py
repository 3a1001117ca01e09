"""Names of vehicles and their codes: a code is the order in which a name first came."""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from typing import Protocol

import numba
import numpy as np
import pyarrow as pa

from analyzer.errors import StoreError
from analyzer.ingest.no_plate import is_incomplete
from analyzer.ingest.plates import PSEUDONYM_BYTES, existing_id, normalise_plate, pseudonym_bytes

NO_PLATE, INCOMPLETE = -1, -2
_STRIDE = 1 << 16


class VehicleNames(Protocol):
    """Gives names to vehicles and codes to the names."""

    def __len__(self) -> int: ...

    def learn(self, texts: Sequence[str | None]) -> tuple[np.ndarray, dict[int, str]]:
        """Give the codes of some cells, and what stood in the cells of new codes."""
        ...

    def adopt(self, names: pa.Array) -> np.ndarray:
        """Give the codes of names that were made elsewhere, in the order in which they came."""
        ...

    def to_arrow(self) -> pa.Array:
        """Give the names in the order of the codes."""
        ...


class Pseudonyms:
    """Keyed pseudonyms of normalised plates.

    They are held as bytes: some 30 of them for each vehicle, an eighth of what a dictionary needs.

    Parameters
    ----------
    key : bytes
        Makes the pseudonyms.
    names : pyarrow.Array or ChunkedArray, optional
        Pseudonyms that have codes already, in the order of the codes.

    Examples
    --------
    >>> names = Pseudonyms(b"a public key for an example only")
    >>> names.learn(["01 A 123 BC", "--", "01a123bc"])[0].tolist(), names.to_arrow().to_pylist()
    ([0, -1, 0], ['d2472fd30f84928a6349affd0b20632d'])
    """

    def __init__(self, key: bytes, names: pa.Array | pa.ChunkedArray | None = None):
        self._key = key
        self._digests = np.empty((1 << 10, 2), np.uint64)
        # Where a digest stands in the list, by its first bits: they are even as they are.
        self._index = np.full(1 << 11, -1, np.int32)
        self._count = 0
        for start in range(0, 0 if names is None else len(names), _STRIDE):
            text = "".join(names[start : start + _STRIDE].to_pylist())
            try:
                self._number(_as_words(binascii.unhexlify(text)))
            except ValueError:
                raise StoreError(
                    "vehicles.parquet: damaged: these are no pseudonyms made with a key; make the "
                    "store again with `platerisk ingest`"
                ) from None

    def __len__(self) -> int:
        return self._count

    def learn(self, texts: Sequence[str | None]) -> tuple[np.ndarray, dict[int, str]]:
        """Give the codes of some cells, and the normalised plates of new codes."""
        plates = [normalise_plate(text or "") for text in texts]
        held = [plate for plate in plates if plate is not None]
        known = self._count
        some = self._number(_as_words(b"".join(pseudonym_bytes(self._key, p) for p in held)))
        fresh = dict(zip(some.tolist(), held, strict=True)) if self._count > known else {}
        if len(held) == len(plates):
            codes = some
        else:
            codes = np.array(
                [INCOMPLETE if text and is_incomplete(text) else NO_PLATE for text in texts],
                np.int32,
            )
            codes[[plate is not None for plate in plates]] = some
        return codes, {code: plate for code, plate in fresh.items() if code >= known}

    def adopt(self, names: pa.Array) -> np.ndarray:
        """Give the codes of pseudonyms made elsewhere with the same key."""
        codes = [
            self._number(_as_words(binascii.unhexlify("".join(some.to_pylist()))))
            for some in (names[start : start + _STRIDE] for start in range(0, len(names), _STRIDE))
        ]
        return np.concatenate([np.empty(0, np.int32), *codes])

    def _number(self, digests: np.ndarray) -> np.ndarray:
        room = self._count + len(digests)
        if room > len(self._digests):
            larger = np.empty((max(room, 2 * len(self._digests)), 2), np.uint64)
            larger[: self._count] = self._digests[: self._count]
            self._digests = larger
        if 2 * len(self._digests) > len(self._index):
            size = len(self._index)
            while size < 2 * len(self._digests):
                size *= 2
            self._index = np.full(size, -1, np.int32)
            _place(self._digests[: self._count], self._index)
        codes, self._count = _number(digests, self._digests, self._index, self._count)
        return codes

    def to_arrow(self) -> pa.Array:
        """Give the pseudonyms in the order of the codes."""
        width = 2 * PSEUDONYM_BYTES
        text = binascii.hexlify(np.ascontiguousarray(self._digests[: self._count]))
        ends = np.arange(self._count + 1, dtype=np.int64) * width
        large = pa.Array.from_buffers(
            pa.large_string(), self._count, [None, pa.py_buffer(ends), pa.py_buffer(text)]
        )
        return large if len(text) >= 1 << 31 else large.cast(pa.string())


class ExistingIds:
    """Ids that are pseudonyms already and stay the names.

    Parameters
    ----------
    names : pyarrow.Array or ChunkedArray, optional
        Ids that have codes already, in the order of the codes.

    Examples
    --------
    >>> names = ExistingIds()
    >>> names.learn(["b", "NULL", "a", " b "])[0].tolist(), names.to_arrow().to_pylist()
    ([0, -1, 1, 0], ['b', 'a'])
    """

    def __init__(self, names: pa.Array | pa.ChunkedArray | None = None):
        held = () if names is None else names.to_pylist()
        self._codes = {name: code for code, name in enumerate(held)}

    def __len__(self) -> int:
        return len(self._codes)

    def learn(self, texts: Sequence[str | None]) -> tuple[np.ndarray, dict[int, str]]:
        """Give the codes of some cells, and the ids of new codes."""
        codes, known = self._codes, len(self._codes)
        learned = np.empty(len(texts), np.int32)
        fresh: dict[int, str] = {}
        for i, text in enumerate(texts):
            name = existing_id(text or "")
            learned[i] = NO_PLATE if name is None else codes.setdefault(name, len(codes))
            if learned[i] >= known:
                fresh[int(learned[i])] = name
        return learned, fresh

    def adopt(self, names: pa.Array) -> np.ndarray:
        """Give the codes of ids that were met elsewhere."""
        codes = self._codes
        return np.array(
            [codes.setdefault(name, len(codes)) for name in names.to_pylist()], np.int32
        )

    def to_arrow(self) -> pa.Array:
        """Give the ids in the order of the codes."""
        return pa.array(list(self._codes), pa.string())


def _as_words(digests: bytes) -> np.ndarray:
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)


@numba.njit(cache=True, nogil=True)
def _place(digests, index):
    """Enter digests, all different, into an empty index."""
    mask = np.uint64(len(index) - 1)
    for code in range(len(digests)):
        slot = np.int64(digests[code, 0] & mask)
        while index[slot] >= 0:
            slot = (slot + 1) & np.int64(mask)
        index[slot] = code


@numba.njit(cache=True, nogil=True)
def _number(new, digests, index, count):
    """Give the codes of digests, those not met before entered; also how many there are now."""
    mask = np.uint64(len(index) - 1)
    codes = np.empty(len(new), np.int32)
    for i in range(len(new)):
        slot = np.int64(new[i, 0] & mask)
        while True:
            code = index[slot]
            if code < 0:
                digests[count] = new[i]
                index[slot] = codes[i] = count
                count += 1
                break
            if digests[code, 0] == new[i, 0] and digests[code, 1] == new[i, 1]:
                codes[i] = code
                break
            slot = (slot + 1) & np.int64(mask)
    return codes, count
