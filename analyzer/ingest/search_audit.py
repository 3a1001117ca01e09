"""Search audits: lists of who searched for what, which no setting makes into sightings.

Newer exports name themselves by their header (see ``vendors/flock-audit.toml``). Older ones have
fewer columns or no header at all: then it is told by the cell that holds the span of time that was
searched, from and to, which no sighting has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from analyzer.errors import InputError
from analyzer.ingest.header_words import header_word

_WORDS = frozenset(map(header_word, (
    "Total Networks Searched", "Time Frame", "Search Time", "Search Type", "Org Name", "Case #",
    "Text Prompt", "Moderation", "Total Devices Searched", "Search Reason",
)))  # fmt: skip
_ENOUGH_WORDS = 3
_MOMENT = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[^\n]{0,24}?"
_SPAN = re.compile(rf"\s*{_MOMENT}(?:\n|\s(?:-|to|–|—)\s){_MOMENT}\s*")
_WHY = (
    "is a search audit: it lists searches that officers made, not sightings of vehicles, so no "
    "place or time in it is one of a vehicle, and it cannot be read as sightings. It can say how "
    "old records are when they are used"
)


def refuse_search_audit(where: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    r"""Refuse a file that lists searches.

    Parameters
    ----------
    where : str
        Name of the file, for the message.
    header : sequence of str
        Its column names; empty where it has none.
    rows : sequence of sequence of str
        Its first rows.

    Raises
    ------
    InputError
        If it is one.

    Examples
    --------
    >>> refuse_search_audit("a.csv", [], [["83", "03/01/2026, 00:00\n03/02/2026, 00:00", "inv"]])
    Traceback (most recent call last):
    analyzer.errors.InputError: a.csv is a search audit: ...
    """
    words = {header_word(name) for name in header}
    spans = sum(any(_SPAN.fullmatch(cell) for cell in row) for row in rows)
    if len(words & _WORDS) >= _ENOUGH_WORDS or (spans and 2 * spans >= len(rows)):
        raise InputError(f"{where} {_WHY}")
