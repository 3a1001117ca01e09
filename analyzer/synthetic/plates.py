"""Uzbek licence plates: formats, region codes, what a misread makes of them, and their pseudonyms.

A plate is handled as one integer (its place in the keyspace), so that a million of them cost
little: private plates are a region, a letter, three digits and two letters (``01 A 123 BC``),
company plates a region, three digits and three letters (``01 123 ABC``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable

import numpy as np

from analyzer.synthetic.randomness import uniforms

PUBLIC_KEY = b"platerisk: public key, synthetic"
"""Key of the pseudonyms of synthetic regions. It is public: behind it stand no real plates."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SERIALS = 26**3 * 999
"""Plates of one region and format: three letters, and digits from 001 to 999."""

OTHER_REGIONS = (20, 25, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95)
"""Region codes of cars from elsewhere (through-traffic)."""

LOOK_ALIKE_DIGIT = (8, 7, 7, 8, 1, 6, 5, 1, 3, 8)
"""What each digit is misread as (0 as 8, 1 as 7, …)."""

LOOK_ALIKE_LETTER = tuple(LETTERS.index(letter) for letter in "HRGOFEQNLIXINMDROPZYVUVKVS")
"""What each letter is misread as (A as H, B as R, …): a reader knows which places hold letters."""

MISREAD_PLACES = 6
"""Characters that may be misread: three letters, three digits."""

_PLATES = 930


def make_plates(region: np.ndarray, company: np.ndarray, seed: int) -> np.ndarray:
    """Give every vehicle a plate of its own.

    Parameters
    ----------
    region : numpy.ndarray of int64, shape (n,)
        Region codes, 1 to 99.
    company : numpy.ndarray of bool, shape (n,)
        Whether the plate has the company format.
    seed : int

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Plates as integers, all different.
    """
    group = region * 2 + company
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.r_[0, np.flatnonzero(np.diff(ordered)) + 1] if len(order) else np.empty(0, int)
    rank = np.empty(len(group), np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(first, np.diff(np.r_[first, len(group)]))
    start, stride = (int(share * SERIALS) for share in uniforms(seed, 2, _PLATES))
    # A stride without a common factor visits every serial once, so ranks never collide.
    while np.gcd(stride, SERIALS) != 1:
        stride += 1
    return group * SERIALS + (start * (group + 1) + rank * stride) % SERIALS


def misread(plates: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Replace one character of each plate by the one it is mistaken for.

    Parameters
    ----------
    plates : numpy.ndarray of int64, shape (n,)
    place : numpy.ndarray of int, shape (n,)
        Which character: 0 to 2 a letter, 3 to 5 a digit.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)

    Examples
    --------
    >>> plate = make_plates(np.array([1]), np.array([False]), 1)
    >>> a, b = format_plates(np.r_[plate, misread(plate, np.array([4]))])
    >>> sum(x != y for x, y in zip(a, b, strict=True))
    1
    """
    place = np.asarray(place)
    group, serial = plates // SERIALS, plates % SERIALS
    letters, digits = serial // 999, serial % 999 + 1
    power = np.array([676, 26, 1])[place % 3]
    letter = letters // power % 26
    changed = letters + (np.array(LOOK_ALIKE_LETTER)[letter] - letter) * power
    power = np.array([100, 10, 1])[place % 3]
    digit = digits // power % 10
    # Digits cannot become 000: no digit is misread as 0.
    other = digits + (np.array(LOOK_ALIKE_DIGIT)[digit] - digit) * power
    is_letter = place < 3
    serial = np.where(is_letter, changed * 999 + digits - 1, letters * 999 + other - 1)
    return group * SERIALS + serial


def format_plates(plates: np.ndarray) -> list[str]:
    """Write plates as they stand on cars.

    Examples
    --------
    >>> format_plates(np.array([2 * SERIALS + 122, 3 * SERIALS + 122]))
    ['01 A 123 AA', '01 123 AAA']
    """
    triples = [a + b + c for a in LETTERS for b in LETTERS for c in LETTERS]
    group, serial = np.divmod(np.asarray(plates, np.int64), SERIALS)
    letters, digits = np.divmod(serial, 999)
    texts = []
    for g, triple, number in zip(group.tolist(), letters.tolist(), digits.tolist(), strict=True):
        text = triples[triple]
        if g % 2:
            texts.append(f"{g // 2:02d} {number + 1:03d} {text}")
        else:
            texts.append(f"{g // 2:02d} {text[0]} {number + 1:03d} {text[1:]}")
    return texts


def pseudonyms(plates: Iterable[str], key: bytes = PUBLIC_KEY) -> list[str]:
    """Give the keyed pseudonyms of plates: HMAC-SHA256 of the normalised plate, 32 hex digits.

    Examples
    --------
    >>> pseudonyms(["01 A 123 BC"]) == pseudonyms(["01a123-bc"])
    True
    """
    return [
        hmac.digest(key, plate.upper().replace(" ", "").replace("-", "").encode(), "sha256").hex()[
            :32
        ]
        for plate in plates
    ]
