"""Plates: made comparable, then replaced by keyed pseudonyms and small integer codes.

A raw plate lives no longer than the chunk it came in. What stays in memory is a table of keyed
hashes of the spellings met so far, so that each spelling is normalised and pseudonymised once, and
the pseudonyms themselves. A code is the order of first appearance and never depends on the key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numba
import numpy as np
import pyarrow as pa

from analyzer.ingest.misreads import NearPlates
from analyzer.ingest.siphash import siphash
from analyzer.ingest.times import text_buffers

PSEUDONYM_LENGTH = 32
NO_PLATE = -1
_STRIDE = 1 << 16

SENTINELS = frozenset(
    word
    for line in (
        "UNLICENSED UNLICENCED NULL NONE N/A NAN UNKNOWN NOPLATE NOTREAD UNREAD UNREADABLE",
        "UNDEFINED 无车牌 无牌 无牌车 未识别 未知 车牌",
    )
    for word in line.split()
)
"""What readers write when they saw no plate (normalised)."""

_LOOKALIKES = {
    **dict(zip("АВЕКМНОРСТУХІЈЅԚԜ", "ABEKMHOPCTYXIJSQW", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
}
_LOOKALIKE_TABLE = str.maketrans(_LOOKALIKES)
_STRIPPED = str.maketrans(dict.fromkeys(" \t\r\n\v\f-.\u00b7\u2212"))
_LAYOUT = frozenset(("Zs", "Zl", "Zp", "Pd", "Cc", "Cf"))
"""Unicode categories of blanks, dashes and invisible marks."""

_NATIONAL_FORMATS = re.compile(
    r"\d{2}[A-Z]\d{3}[A-Z]{2}|\d{5}[A-Z]{3}"  # Uzbekistan
    r"|[A-Z]\d{3}[A-Z]{2}\d{2,3}"  # Russia
    r"|[A-Z]{2}\d{2}[A-Z]{3}"  # United Kingdom
    r"|\d[A-Z]{3}\d{3}|[A-Z]{3}\d{3,4}"  # United States
    r"|[A-Z]{1,3}\d{3,4}[A-Z]{1,3}"  # much of Europe
    r"|[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}"  # China
)


def normalise_plate(text: str) -> str | None:
    """Bring the spellings of one plate to one form.

    Compatibility forms are resolved (NFKC), letters made capital, spaces, hyphens and dots dropped.
    Cyrillic and Greek letters become Latin ones only where all of a plate's letters look Latin.

    Parameters
    ----------
    text : str
        A plate as a reader wrote it.

    Returns
    -------
    str or None
        None where the text says that there is no plate.

    Examples
    --------
    >>> normalise_plate(" 01 a-123.bc "), normalise_plate("А123ВС"), normalise_plate("unlicensed")
    ('01A123BC', 'A123BC', None)
    """
    if not text.isascii():
        text = _resolve(text)
    plate = text.upper().translate(_STRIPPED)
    if plate in SENTINELS or not (plate.isalnum() or any(c.isalnum() for c in plate)):
        return None
    return plate


def _resolve(text: str) -> str:
    """Resolve compatibility forms and look-alike letters, and drop what only sets a plate."""
    before = None
    # What is dropped may have kept characters apart that now combine.
    while text != before:
        before = text
        text = unicodedata.normalize("NFKC", text).upper()
        text = "".join(c for c in text if unicodedata.category(c) not in _LAYOUT)
    letters = [c for c in text if c.isalpha()]
    if all(c in _LOOKALIKES or c.isascii() for c in letters):
        text = text.translate(_LOOKALIKE_TABLE)
    return text


def pseudonym(key: bytes, plate: str) -> str:
    """Replace a normalised plate by a keyed pseudonym (HMAC-SHA256, 128 bits, in hex).

    Examples
    --------
    >>> pseudonym(b"a public key for an example only", "01A123BC")
    'd2472fd30f84928a6349affd0b20632d'
    """
    return hmac.digest(key, plate.encode("utf-8", "surrogatepass"), "sha256").hex()[
        :PSEUDONYM_LENGTH
    ]


def pseudonym_of(key: bytes) -> Callable[[str], str | None]:
    """Give the function from a raw plate to its pseudonym under a key (None: no plate)."""

    def replace(text: str) -> str | None:
        plate = normalise_plate(text)
        return None if plate is None else pseudonym(key, plate)

    return replace


def existing_id(text: str) -> str | None:
    """Keep an id that is a pseudonym already; None where the text says that there is none.

    Examples
    --------
    >>> existing_id(" a1b2 "), existing_id("NULL")
    ('a1b2', None)
    """
    name = text.strip()
    if not name or name.upper() in SENTINELS or not any(c.isalnum() for c in name):
        return None
    return name


def look_like_plates(names: Sequence[str]) -> bool:
    """Say whether most ids are written like plates of some country.

    Examples
    --------
    >>> look_like_plates(["01A123BC", "10B456CD"]), look_like_plates(["veh001", "veh002"])
    (True, False)
    """
    plates = [normalise_plate(name) or "" for name in names]
    if not plates:
        return False
    prefixes = {re.match(r"[A-Z]*", plate).group() for plate in plates}
    if len(plates) > 1 and len(prefixes) == 1 and prefixes != {""}:
        # Numbered ids share their letters; plates do not.
        return False
    matching = sum(_NATIONAL_FORMATS.fullmatch(plate) is not None for plate in plates)
    return matching * 2 > len(plates)


class VehicleCoder:
    """Gives vehicles their codes: integers by order of first appearance.

    Parameters
    ----------
    name_of : callable
        From a cell's text to the vehicle's name (a pseudonym), or None where there is no plate.
    names : iterable of str
        Names that have codes already, in the order of the codes.
    key : bytes, optional
        Makes the names, in the place of `name_of`, pseudonyms of normalised plates.
    near : NearPlates, optional
        Takes note of the plates of new codes, to find near-equal ones.
    valid : callable, optional
        Says whether a normalised plate has the form of its country.

    Examples
    --------
    >>> coder = VehicleCoder(str.upper)
    >>> coder.encode(pa.array(["b", "a", "B"])).tolist(), coder.names
    ([0, 1, 0], ['B', 'A'])
    """

    def __init__(
        self,
        name_of: Callable[[str], str | None],
        names: Iterable[str] = (),
        *,
        key: bytes | None = None,
        near: NearPlates | None = None,
        valid: Callable[[str], bool] | None = None,
    ):
        self._name_of = name_of
        self._key = key
        self._near = near
        self._valid = valid
        self._ill_formed: set[int] = set()
        self._codes = {name: code for code, name in enumerate(names)}
        # The table must not tell the spellings even to one who reads the process's memory later.
        self._seed = np.frombuffer(secrets.token_bytes(16), np.uint64)
        self._table = np.zeros((1 << 12, 4), np.uint64)
        self._code_of_spelling = np.empty(1 << 12, np.int32)
        self._spellings = 0

    @property
    def names(self) -> list[str]:
        """Names in the order of the codes."""
        return list(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

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

    @property
    def ill_formed(self) -> np.ndarray:
        """Codes of the plates that do not have the form that was asked for."""
        return np.array(sorted(self._ill_formed), np.int32)

    def _look_at(self, plates: dict[int, str]) -> None:
        """Take note of what the plates of new codes are like; the plates are not kept."""
        if self._near is not None:
            self._near.add(list(plates.values()), np.fromiter(plates, np.int32, len(plates)))
        if self._valid is not None:
            valid = self._valid
            self._ill_formed.update(code for code, plate in plates.items() if not valid(plate))

    def _learn(self, column: pa.Array, rows: np.ndarray) -> None:
        texts = column.take(pa.array(rows)).to_pylist()
        codes = self._codes
        known = len(codes)
        learned = np.empty(len(texts), np.int32)
        fresh: dict[int, str] = {}
        for i, text in enumerate(texts):
            if self._key is None:
                name = plate = self._name_of(text or "")
            else:
                plate = normalise_plate(text or "")
                name = None if plate is None else pseudonym(self._key, plate)
            if name is None:
                learned[i] = NO_PLATE
                continue
            code = codes.setdefault(name, len(codes))
            learned[i] = code
            if code >= known:
                fresh[code] = plate
        if self._near is not None or self._valid is not None:
            self._look_at(fresh)
        count = self._spellings + len(learned)
        if count > len(self._code_of_spelling):
            larger = np.empty(2 * count, np.int32)
            larger[: self._spellings] = self._code_of_spelling[: self._spellings]
            self._code_of_spelling = larger
        self._code_of_spelling[self._spellings : count] = learned
        self._spellings = count


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
