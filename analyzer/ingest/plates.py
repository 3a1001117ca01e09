"""Plates: the spellings of one plate made one, and replaced by a keyed pseudonym."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Sequence

from analyzer.ingest.no_plate import ENGLISH, UNREAD_MARKS, is_filled, says_no_plate

PSEUDONYM_BYTES = 16

_LOOKALIKES = {
    **dict(zip("АВЕКМНОРСТУХІЈЅԚԜ", "ABEKMHOPCTYXIJSQW", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
}
_LOOKALIKE_TABLE = str.maketrans(_LOOKALIKES)
_STRIPPED = str.maketrans(
    dict.fromkeys(" \t\r\n\v\f-._/|()[]{}<>'\"\\\u00b7\u2212\u3164\u2800\ufe0f")
)
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

    Compatibility forms are resolved (NFKC), letters made capital, spaces, hyphens, dots and
    brackets dropped; a whole number that was written as a fraction (``1000.0``) is one. Cyrillic
    and Greek letters become Latin ones only where all of a plate's letters look Latin.

    Parameters
    ----------
    text : str
        A plate as a reader wrote it.

    Returns
    -------
    str or None
        None where the text says that there is no plate, or not all of it was read.

    Examples
    --------
    >>> normalise_plate(" 01 a-123.bc "), normalise_plate("А123ВС"), normalise_plate("unlicensed")
    ('01A123BC', 'A123BC', None)
    """
    if text.isascii() and "." not in text and "\\" not in text:
        # Nearly all plates: nothing to resolve, and nothing that could mean something else.
        plate = text.upper().translate(_STRIPPED)
        if plate.isalnum():
            return None if plate in ENGLISH or is_filled(text) or is_filled(plate) else plate
    return _normalise_unusual(text)


def _normalise_unusual(text: str) -> str | None:
    if says_no_plate(text) or is_filled(text) or not UNREAD_MARKS.isdisjoint(text):
        return None
    if text.rstrip().endswith(".0") and text.strip()[:-2].isdecimal():
        text = text.strip()[:-2]
    if not text.isascii():
        text = _resolve(text)
    plate = text.upper().translate(_STRIPPED)
    # What was full of marks or wide letters may say it only now.
    return None if says_no_plate(plate) or is_filled(plate) else plate


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
    return pseudonym_bytes(key, plate).hex()


def pseudonym_bytes(key: bytes, plate: str) -> bytes:
    """Give the bytes of `pseudonym`."""
    digest = hmac.digest(key, plate.encode("utf-8", "surrogatepass"), "sha256")
    return digest[:PSEUDONYM_BYTES]


def existing_id(text: str) -> str | None:
    """Keep an id that is a pseudonym already; None where the text says that there is none.

    Examples
    --------
    >>> existing_id(" a1b2 "), existing_id("NULL")
    ('a1b2', None)
    """
    name = text.strip()
    return None if says_no_plate(name) else name


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
