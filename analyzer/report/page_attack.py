"""What pages and printed sentences say about few vehicles, read as a stranger reads them.

Tables are known by their heads, in every language of the catalogues; a head may say of how many
vehicles the shares under it are (``data-of``). Of sentences, counts of vehicles and shares of a
stated number are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from html.parser import HTMLParser

import numpy as np

from analyzer.report.texts import LANGUAGES, Texts, catalogue

_COUNTS = ("column.vehicles",)
_WHOLES = ("column.n", "column.n_units")
_SHARES = (
    "column.share", "column.value", "brief.row.share", "brief.row.by_end",
    "brief.column.unicity", "brief.column.homes", "brief.column.works", "brief.column.commutes",
)  # fmt: skip
"""Keys of the heads that say: how many vehicles; of how many; a share of them."""

_PERCENT = re.compile(r"^(\d+(?:[.,]\d+)?)[\s\u00a0\u202f]*%")
_NUMBER = r"\d(?:[\d,.\u00a0\u202f]*\d)?"
_SHARE_OF = re.compile(rf"({_NUMBER}) %(?: \([^()]*\))? of (?:the )?({_NUMBER}) vehicles")
_BOUNDED = re.compile(
    r"(fewer than|less than|under|over|at most|at least|up to|меньше|менее|более|больше|"
    r"kamida|bilan)[\s\u00a0]*$",
    re.IGNORECASE,
)
_TIP = re.compile(r"`<div>(.*?)</div>`", re.DOTALL)
"""What folium writes into a script for each dot and line of a map."""

_FORMATTED = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


class _Page(HTMLParser):
    """Collects the rows of a page's tables as text, what its heads are of, and its sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.of: list[dict[int, int]] = []
        self.said: list[str] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
            self.of.append({})
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._cell = []
            whole = dict(attrs).get("data-of") or ""
            if whole.isdigit():
                self.of[-1][len(self.tables[-1][-1])] = int(whole)

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.said.append(data)
        if self._cell is not None:
            self._cell.append(data)


def small_in_page(text: str, k: int) -> Iterator[str]:
    """Name the counts of vehicles under k on a page, and the shares that pin such a count down.

    Examples
    --------
    >>> head = "<tr><th>Зона</th><th>Автомобили</th></tr>"
    >>> list(small_in_page(f"<table>{head}<tr><td>Порт</td><td>7</td></tr></table>", 10))
    ['Порт: vehicles']
    >>> list(small_in_page("<p>Seen by 3 vehicles, fewer than 5 vehicles.</p>", 10))
    ['a sentence: vehicles']
    """
    page = _Page()
    page.feed(_FORMATTED.sub(" ", text))
    for rows, of in zip(page.tables, page.of, strict=True):
        if len(rows) < 2:
            continue
        kinds = ["share" if at in of else _kind(head) for at, head in enumerate(rows[0])]
        for row in rows[1:]:
            cells = list(enumerate(zip(kinds, row, strict=False)))
            wholes = [read_count(cell) for _, (kind, cell) in cells if kind == "whole"]
            for at, (kind, cell) in cells:
                count = read_count(cell)
                if kind == "count" and count is not None and 0 < count < k:
                    yield f"{row[0]}: vehicles"
                whole = of.get(at) or next(iter(wholes), None)
                share = _PERCENT.match(cell) if kind == "share" else None
                if whole and share and pins_few(share[1], whole, k):
                    yield f"{row[0]}: share"
    yield from small_in_text(" ".join(" ".join(page.said).split()), k)
    for tip in _TIP.findall(text):
        # What a map says of a dot or a line is written twice over: for the script, and for the tip.
        yield from small_in_text(" ".join(unescape(tip).split()), k)


def small_in_text(text: str, k: int) -> Iterator[str]:
    """Name the counts under k, and shares of stated numbers of vehicles, that sentences give.

    Examples
    --------
    >>> list(small_in_text("99 % (97–100 %) of 400 vehicles", 10))
    ['a sentence: share']
    >>> list(small_in_text("93 % (91–95 %) of 400 vehicles; over 99 % of 400 vehicles", 10))
    []
    """
    for match in _counted_vehicles().finditer(text):
        count = read_count(next(filter(None, match.groups())))
        if count is not None and 0 < count < k and not _BOUNDED.search(text[: match.start()]):
            yield "a sentence: vehicles"
    for match in _SHARE_OF.finditer(text):
        whole = read_count(match[2])
        bounded = _BOUNDED.search(text[: match.start()])
        if whole and not bounded and pins_few(match[1], whole, k):
            yield "a sentence: share"


def pins_few(percent: str, whole: int, k: int) -> bool:
    """Whether a rounded share proves that 1 to k - 1 of a number, or all but so few, have it.

    Examples
    --------
    >>> pins_few("99.5", 400, 10), pins_few("0", 400, 10), pins_few("50", 400, 10)
    (True, False, False)
    """
    digits = percent.replace(",", ".")
    half = 0.5 * 10.0 ** -len(digits.partition(".")[2])
    ends = [(float(digits) + sign * half) * whole / 100 for sign in (-1, 1)]
    return any(
        np.ceil(low - 1e-9) >= 1 and np.floor(high + 1e-9) < k
        for low, high in (ends, [whole - ends[1], whole - ends[0]])
    )


def read_count(text: str) -> int | None:
    """Read a whole number with separated thousands; None where it is none.

    Examples
    --------
    >>> read_count("4 800"), read_count("12,345"), read_count("withheld")
    (4800, 12345, None)
    """
    digits = re.sub(r"[\s,.\u202f\u00a0]", "", text)
    return int(digits) if digits.isdigit() else None


@cache
def _heads() -> dict[str, str]:
    kinds = {"count": _COUNTS, "whole": _WHOLES, "share": _SHARES}
    return {
        Texts(language)(key).lower(): kind
        for language in LANGUAGES
        for kind, keys in kinds.items()
        for key in keys
        if Texts(language).has(key)
    }


def _kind(head: str) -> str:
    return _heads().get(" ".join(head.split()).lower(), "")


@cache
def _counted_vehicles() -> re.Pattern[str]:
    """How a number of vehicles is written, in every language and plural."""
    forms = []
    for language in LANGUAGES:
        said = catalogue(language).translations
        for number in (1, 2, 5, 100):
            form = said.ngettext("vehicles", "vehicles", number)
            forms.append(rf"\b{re.escape(form).replace(re.escape('{n}'), f'({_NUMBER})')}\b")
    return re.compile("|".join(dict.fromkeys(forms)))
