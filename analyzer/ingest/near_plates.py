"""Near plates: which plates differ in one character, found without keeping any.

A raw plate is never kept. For each distinct plate the reader keeps keyed digests of the plate with
one character masked (8 bytes each, under a key that lives as long as the reading): plates that
differ in one character share one of them. One digest more is of the plate with O and 0, B and 8, I
and 1 and the like made one.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import numba
import numpy as np
import pyarrow as pa

from analyzer.ingest.siphash import siphash
from analyzer.ingest.times import text_buffers

LONGEST_PLATE = 24
"""No plate has more characters; a longer text is not compared with others."""

PLATE_BYTES = 120
"""About what is kept in memory of each distinct plate."""

_ALIKE = np.arange(256, dtype=np.uint8)
for _letter, _digit in ("O0", "Q0", "D0", "B8", "I1", "L1", "Z2", "S5", "G6"):
    _ALIKE[ord(_letter)] = ord(_digit)


@dataclass
class NearPlates:
    """Finds plates that differ in one character, from digests only.

    Attributes
    ----------
    limit : int
        Plates that are kept at most; when there are more, none are and nothing is found.
    too_long : int
        Plates longer than `LONGEST_PLATE`, which are not compared.
    key : numpy.ndarray of uint64
        Key of the digests; digests made under one key can be compared.

    Examples
    --------
    >>> near = NearPlates()
    >>> near.add(["01A123BC", "01A128BC", "99Z999ZZ", "O1A123BC"], np.arange(4))
    >>> one, two, alike = near.pairs()
    >>> list(zip(one.tolist(), two.tolist(), alike.tolist()))
    [(0, 1, False), (0, 3, True)]
    """

    limit: int = 5_000_000
    too_long: int = 0
    overflown: bool = False
    _plates: int = 0
    _pieces: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list, repr=False)
    _long: list[np.ndarray] = field(default_factory=list, repr=False)
    key: np.ndarray = field(
        default_factory=lambda: np.frombuffer(secrets.token_bytes(16), np.uint64), repr=False
    )

    def add(self, plates: list[str], codes: np.ndarray) -> None:
        """Keep the digests of some plates (normalised) and forget the plates."""
        self._plates += len(plates)
        if self.overflown or not plates:
            return
        if self._plates > self.limit:
            self.overflown = True
            self._pieces.clear()
            return
        short = [number for number, plate in enumerate(plates) if len(plate) <= LONGEST_PLATE]
        if len(short) < len(plates):
            # Masking each of a million characters in turn has no end.
            self.too_long += len(plates) - len(short)
            self._long.append(np.delete(np.asarray(codes, np.int32), short))
            plates, codes = [plates[number] for number in short], np.asarray(codes)[short]
        offsets, data = text_buffers(pa.array(plates, pa.string()))
        self._pieces.append(
            masked_digests(offsets, data, np.asarray(codes, np.int32), _ALIKE, *self.key)
        )

    def adopt(self, other: NearPlates, codes: np.ndarray, known: int) -> None:
        """Take over the digests made elsewhere under the same key.

        Parameters
        ----------
        other : NearPlates
            Of some vehicles, coded by themselves.
        codes : numpy.ndarray
            The codes of these vehicles here.
        known : int
            Codes below this one were met here before.
        """
        self._plates += int(np.count_nonzero(codes >= known))
        if self.overflown or other.overflown or self._plates > self.limit:
            self.overflown = True
            self._pieces.clear()
            return
        for long in other._long:
            self.too_long += int(np.count_nonzero(codes[long] >= known))
        for digests, owners in other._pieces:
            fresh = codes[owners] >= known
            self._pieces.append((digests[fresh], codes[owners][fresh]))

    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the pairs of codes of near-equal plates, and whether the characters look alike."""
        if not self._pieces:
            return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, bool)
        found = []
        for share in range(int(_SHARES)):
            chosen = [digests % _SHARES == share for digests, _ in self._pieces]
            some = zip(self._pieces, chosen, strict=True)
            digests = np.concatenate([piece[0][mask] for piece, mask in some])
            some = zip(self._pieces, chosen, strict=True)
            codes = np.concatenate([piece[1][mask] for piece, mask in some])
            order = np.argsort(digests)
            found.append(pairs_of_runs(digests[order], codes[order]))
        self._pieces.clear()
        one, two, alike = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        # The highest bit of a digest says which kind it is; a pair may be found by both.
        key = (one.astype(np.int64) << 32) | two
        order = np.lexsort((~alike, key))
        first = np.r_[True, key[order][1:] != key[order][:-1]][: len(order)]
        order = order[first]
        return one[order], two[order], alike[order]


_SHARES = np.uint64(16)
"""Digests are compared in so many shares, so that little is held twice."""

_KIND = np.uint64(1 << 63)


@numba.njit(cache=True, nogil=True)
def masked_digests(offsets, data, codes, alike, k0, k1):
    """Hash each plate with one character masked, and once with look-alikes made one."""
    n = len(codes)
    total = n + offsets[n] - offsets[0]
    digests, owners = np.empty(total, np.uint64), np.empty(total, np.int32)
    at = 0
    for i in range(n):
        plate = data[offsets[i] : offsets[i + 1]].copy()
        for k in range(len(plate)):
            kept = plate[k]
            plate[k] = 0
            digests[at] = siphash(plate, 0, len(plate), k0, k1)[0] & ~_KIND
            owners[at] = codes[i]
            plate[k] = kept
            at += 1
        for k in range(len(plate)):
            plate[k] = alike[plate[k]]
        digests[at] = siphash(plate, 0, len(plate), k0, k1)[0] | _KIND
        owners[at] = codes[i]
        at += 1
    return digests[:at], owners[:at]


@numba.njit(cache=True, nogil=True)
def pairs_of_runs(digests, codes):
    """Pair the codes that share a digest (sorted); the smaller code first."""
    n = len(digests)
    count = 0
    for turn in range(2):
        if turn == 1:
            one, two = np.empty(count, np.int32), np.empty(count, np.int32)
            alike = np.empty(count, np.bool_)
        count = 0
        begin = 0
        while begin < n:
            end = begin + 1
            while end < n and digests[end] == digests[begin]:
                end += 1
            for i in range(begin, end):
                for k in range(i + 1, end):
                    if codes[i] == codes[k]:
                        continue
                    if turn == 1:
                        one[count] = min(codes[i], codes[k])
                        two[count] = max(codes[i], codes[k])
                        alike[count] = digests[i] >= _KIND
                    count += 1
            begin = end
    return one, two, alike
