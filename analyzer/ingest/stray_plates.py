"""Stray plates: plates in the columns of cameras and labels, and in names of files.

What stands there is kept as it is, so a plate in a shifted row would be stored and shown. A row
with one is rejected, and a file whose columns of plates and cameras look exchanged is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from analyzer.errors import InputError
from analyzer.ingest.plates import look_like_plates, normalise_plate

_STRICT = (
    r"\d{2}[A-Z]\d{3}[A-Z]{2}|\d{5}[A-Z]{3}"  # Uzbekistan
    r"|[A-Z]\d{3}[A-Z]{2}\d{2,3}"  # Russia
    r"|[A-Z]{2}\d{2}[A-Z]{3}"  # United Kingdom
    r"|[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}"  # China
)
_SURE = re.compile(_STRICT)
# Names of models (E220D) and of places on a road (KM120A) have the form of many a European plate.
_IN_NAMES = re.compile(_STRICT + r"|[A-Z]{1,3}(?!19\d\d|20\d\d)\d{3,4}[A-Z]{1,3}")
_INSIDE = re.compile(r"(?<!\d)(?:\d{2}[A-Z]\d{3}[A-Z]{2}|[A-Z]\d{3}[A-Z]{2}\d{2,3})(?!\d)")
_LONGEST = 16
_WINDOW = 4
"""Blanks, dashes or underscores may cut a plate into so many pieces."""

FEW_ALIKE = 0.02
"""Share of ids that may look like plates by chance."""

_HASH = re.compile(r"[0-9a-f]{8,}|[0-9A-F]{8,}")
"""Where all ids are such, of one length, they are hashes, however many look like plates."""

FEW = 3
"""So many different cameras are needed to say what their names look like."""


def is_surely_plate(text: str) -> bool:
    """Say whether a label or the name of a camera is a plate: in a form that names do not have.

    Examples
    --------
    >>> is_surely_plate("01 A 123 BC"), is_surely_plate("E220D"), is_surely_plate("KM120A")
    (True, False, False)
    """
    return _fits(_SURE, text)


def is_plate_in_name(text: str) -> bool:
    """Say whether an id, or a name of a file, is written like a plate.

    Examples
    --------
    >>> is_plate_in_name("А123ВС77"), is_plate_in_name("CAM001")
    (True, False)
    """
    return _fits(_IN_NAMES, text)


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    if len(text) > _LONGEST or not any(c.isdigit() for c in text):
        return False
    plate = normalise_plate(text)
    return plate is not None and pattern.fullmatch(plate) is not None


def look_exchanged(cameras: Sequence[str], plates: Sequence[str]) -> bool:
    """Say whether what is read as cameras looks like plates, and what is read as plates does not.

    Examples
    --------
    >>> look_exchanged(["01A123BC", "10B456CD", "20C789DE"], ["gate 1", "gate 2", "gate 1"])
    True
    """
    names = list(dict.fromkeys(cameras))
    return len(names) >= FEW and look_like_plates(names) and not look_like_plates(plates)


def may_name_plate(path: Path) -> bool:
    """Say whether the name of a file or of a folder on the way to it may hold a plate.

    Examples
    --------
    >>> [may_name_plate(Path(name)) for name in ("in/01 A 123 BC.csv", "reads_2026-03-01.csv")]
    [True, False]
    """
    return any(_holds_plate(part) for part in path.parts)


def _holds_plate(name: str) -> bool:
    tokens = [token for token in re.split(r"[\W_]+", name) if token]
    if any(look_like_plates([token]) for token in tokens):
        return True
    for start in range(len(tokens)):
        for stop in range(start + 1, min(start + _WINDOW, len(tokens)) + 1):
            if is_plate_in_name("".join(tokens[start:stop])):
                return True
    return any(_INSIDE.search(normalise_plate(token) or "") for token in tokens)


def check_ids(ids: Sequence[str]) -> str:
    """Look whether ids that are kept as they are, as pseudonyms, are written like plates.

    Returns
    -------
    str
        What is to be noted; empty if nothing is.

    Raises
    ------
    InputError
        If so many are that they are plates.

    Examples
    --------
    >>> check_ids(["vehicle one", "vehicle two"])
    ''
    """
    alike = sum(map(is_plate_in_name, ids))
    hashes = all(map(_HASH.fullmatch, ids)) and len(set(map(len, ids))) == 1
    if alike > FEW_ALIKE * len(ids) and not hashes:
        raise InputError(
            f"{alike:,} of {len(ids):,} ids are written like plates, and as pseudonyms they "
            "would be kept and shown as they are; read the files with --plates raw (what was "
            "a pseudonym already then gets another one)"
        )
    if not alike:
        return ""
    return (
        f"{alike:,} of {len(ids):,} ids are written like plates and are kept as they are; "
        "if they are plates, read the files again with --plates raw"
    )
