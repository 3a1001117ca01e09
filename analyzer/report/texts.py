"""Texts: every word a page says of its own, in catalogues that can be translated.

The catalogues are gettext's (``catalogues/en.po``, ``ru.po``, ``uz.po``), which every translation
tool opens; a message is named by its key and is a `str.format` template, with a form for each
plural of the language. Values put into a template are never templates themselves. Numbers, dates
and plurals follow the Unicode locale data (Babel).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyzer.errors import UsageError
from analyzer.estimate import HELD, bound_percent
from analyzer.report.tables import is_missing

if TYPE_CHECKING:
    from gettext import GNUTranslations

    from analyzer.estimate import Estimate

LANGUAGES: Mapping[str, str] = {"en": "en_GB", "ru": "ru_RU", "uz": "uz_Latn_UZ"}
"""Languages with a catalogue, and the locale whose numbers and dates they use."""

_NUMBERED_ZONE = re.compile(r"zone (\d+)")
"""What `analyzer.cameras` calls zones that have no name."""

NAMES: Mapping[str, str] = {"en": "English", "ru": "русский", "uz": "o‘zbekcha"}


def check_language(language: str) -> str:
    """Return a language if there are texts in it.

    Raises
    ------
    UsageError
        If there are none.

    Examples
    --------
    >>> check_language("uz")
    'uz'
    """
    if language not in LANGUAGES:
        known = ", ".join(f"{code} ({NAMES[code]})" for code in LANGUAGES)
        raise UsageError(f"there are no texts in {language!r}; choose one of: {known}")
    return language


@dataclass(frozen=True)
class Catalogue:
    """The messages of one language: what is there, and what gettext makes of them."""

    keys: frozenset[str]
    plurals: frozenset[str]
    translations: GNUTranslations


@cache
def catalogue(language: str) -> Catalogue:
    """Read the catalogue of a language."""
    import io
    from gettext import GNUTranslations

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = files("analyzer.report").joinpath(f"catalogues/{language}.po")
    with path.open("rb") as file:
        read = read_po(file, locale=language)
    packed = io.BytesIO()
    write_mo(packed, read)
    packed.seek(0)
    said = [message for message in read if message.id and message.string]
    plurals = {message.id[0] for message in said if message.pluralizable}
    single = {message.id for message in said if not message.pluralizable}
    return Catalogue(frozenset(single | plurals), frozenset(plurals), GNUTranslations(packed))


@dataclass(frozen=True)
class Texts:
    """The words of one language.

    Attributes
    ----------
    language : str
        A key of `LANGUAGES`; also the page's ``lang``.

    Raises
    ------
    UsageError
        If there are no texts in the language.

    Examples
    --------
    >>> say = Texts()
    >>> say.count("vehicles", 1), say.count("vehicles", 12345), say.percent(0.934)
    ('1 vehicle', '12,345 vehicles', '93 %')
    >>> say("map.zone", name="{x}", vehicles="1 vehicle", cameras="2 cameras")
    '{x}: 1 vehicle, 2 cameras'
    """

    language: str = "en"

    def __post_init__(self) -> None:
        check_language(self.language)

    def __call__(self, key: str, **values: Any) -> str:
        """Fill the template of a key; a missing key is an error, not a blank."""
        own = catalogue(self.language)
        if key in own.plurals:
            raise KeyError(f"{key} needs a number: use count()")
        if key not in own.keys:
            raise KeyError(key)
        text = own.translations.gettext(key)
        return text.format(**values) if values else text

    def has(self, key: str) -> bool:
        """Whether there is a text for a key."""
        return key in catalogue(self.language).keys

    def count(self, key: str, n: float) -> str:
        """Say a number of things in the right plural."""
        if is_missing(n):
            return self.count_text(key, self("missing"), 0)
        return self.count_text(key, self.number(n), int(n))

    def count_text(self, key: str, written: str, n: int, **values: Any) -> str:
        """Say a number of things whose number is already written, such as “fewer than 10”."""
        own = catalogue(self.language)
        if key not in own.plurals:
            raise KeyError(key)
        return own.translations.ngettext(key, key, n).format(n=written, **values)

    def reason(self, code: str) -> str:
        """Say why rows were rejected; a code without a text stands for itself.

        Examples
        --------
        >>> Texts().reason("plate_missing"), Texts().reason("some_fault")
        ('no plate', 'some fault')
        """
        key = f"reason.{code}"
        return self(key) if self.has(key) else code.replace("_", " ")

    def zone(self, name: Any) -> str:
        """Name a zone: numbered ones in the page's words, names from the data as they are.

        Examples
        --------
        >>> Texts("ru").zone("zone 5"), Texts("ru").zone("Mill Road")
        ('зона 5', 'Mill Road')
        """
        numbered = _NUMBERED_ZONE.fullmatch(str(name))
        return self("zone.numbered", n=numbered[1]) if numbered else str(name)

    def country(self, name: str) -> str:
        """Name a country, given in English as the outlines name it.

        Examples
        --------
        >>> Texts("ru").country("Kazakhstan"), Texts("ru").country("Nowhere")
        ('Казахстан', 'Nowhere')
        """
        return _countries(self.language).get(name, name)

    def rule(self, jurisdiction: str) -> str:
        """Name a rule that comes along in the page's words; others as their file has them.

        Examples
        --------
        >>> Texts("ru").rule("France (LAPI)"), Texts("ru").rule("Our town")
        ('Франция (LAPI)', 'Our town')
        """
        key = "rule." + re.sub(r"\W+", "_", jurisdiction.lower()).strip("_")
        return self(key) if self.has(key) else jurisdiction

    def listed(self, words: list[str] | tuple[str, ...], last: str = "and") -> str:
        """Write words as a sentence lists them, with “and” or “or” before the last.

        Examples
        --------
        >>> Texts().listed(["1 day", "3 days", "a week"], "or")
        '1 day, 3 days or a week'
        """
        if len(words) < 2:
            return "".join(words)
        return ", ".join(words[:-1]) + self(f"list.{last}") + words[-1]

    def number(self, value: Any, digits: int = 0) -> str:
        """Write a number with separated thousands."""
        if is_missing(value):
            return self("missing")
        from babel.numbers import format_decimal

        # Rounded as Python rounds, so that a figure is the same in every language.
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        written = Decimal(f"{float(value):.{digits}f}")
        return format_decimal(written, format=pattern, locale=LANGUAGES[self.language])

    def percent(self, share: Any) -> str:
        """Write a share of 1 in percent, with digits where it is small."""
        if is_missing(share):
            return self("missing")
        value = 100 * float(share)
        if value != 0 and abs(value) < 0.01:
            return self("percent", n=f"< {self.number(0.01, 2)}")
        return self("percent", n=self.number(value, self._digits(value)))

    def interval(self, low: Any, high: Any) -> str:
        """Write the two ends of an interval of shares."""
        if is_missing(low) or is_missing(high):
            return self("missing")
        ends = (100 * float(low), 100 * float(high))
        digits = max(self._digits(end) for end in ends)
        low, high = (self.number(end, digits) for end in ends)
        return self("percent.range", low=low, high=high)

    def figure(self, estimate: Estimate, key: str = "figure") -> str:
        """Write a share and its interval, as `Estimate.percent` does.

        Parameters
        ----------
        estimate : Estimate
            A share of 1.
        key : str
            ``"figure"``, or ``"figure.vehicles"`` to say of what it is a share.

        Examples
        --------
        >>> from analyzer.estimate import Estimate
        >>> Texts().figure(Estimate(0.934, 0.912, 0.951, 500, "Wilson"), "figure.vehicles")
        '93 % of vehicles (91–95 %)'
        """
        if not estimate.is_measured:
            held = estimate.method.startswith(HELD)
            return self("figure.withheld" if held else "figure.unmeasured")
        if estimate.is_bound:
            bound = self.number(*bound_percent(estimate.value))
            return self(key.replace("figure", "figure.bound", 1), share=bound)
        ends = (100 * estimate.low, 100 * estimate.high)
        digits = 0
        while digits < 3 and f"{ends[0]:.{digits}f}" == f"{ends[1]:.{digits}f}":
            digits += 1
        low, high = (self.number(end, digits) for end in ends)
        return self(key, share=self.number(100 * estimate.value, digits), low=low, high=high)

    def date(self, moment: Any) -> str:
        """Write the day of a moment (a Timestamp or ISO 8601 text) in words."""
        if is_missing(moment):
            return self("missing")
        from babel.dates import format_date

        day = pd.Timestamp(moment).date()
        return format_date(day, format="long", locale=LANGUAGES[self.language])

    def weekdays(self) -> tuple[str, ...]:
        """Give the short names of the days of the week, from Monday.

        Examples
        --------
        >>> Texts().weekdays()[:2]
        ('Mon', 'Tue')
        """
        from babel.dates import get_day_names

        names = get_day_names("abbreviated", "stand-alone", locale=LANGUAGES[self.language])
        return tuple(names[day] for day in range(7))

    def labels(self) -> dict[str, str]:
        """The words on charts, as `analyzer.charts` takes them."""
        start = "chart."
        keys = sorted(key for key in catalogue("en").keys if key.startswith(start))
        separator = self.number(1_000)[1:-3]
        return {"separator": separator, **{key.removeprefix(start): self(key) for key in keys}}

    @staticmethod
    def _digits(value: float) -> int:
        if value == 0 or abs(value) >= 10 or math.isinf(value):
            return 0
        return 1 if abs(value) >= 1 else 2


_SHORTENED = {
    "Bosnia and Herz.": "BA", "Cabo Verde": "CV", "Central African Rep.": "CF", "Congo": "CG",
    "Côte d'Ivoire": "CI", "Dem. Rep. Congo": "CD", "Dominican Rep.": "DO", "Eq. Guinea": "GQ",
    "Falkland Is.": "FK", "Hong Kong": "HK", "Macao": "MO", "Macedonia": "MK", "Myanmar": "MM",
    "Palestine": "PS", "S. Sudan": "SS", "Saint Lucia": "LC", "Solomon Is.": "SB",
    "Trinidad and Tobago": "TT", "Turkey": "TR", "United States of America": "US",
    "Vatican": "VA", "W. Sahara": "EH", "eSwatini": "SZ",
}  # fmt: skip
"""Countries that Natural Earth shortens or calls otherwise than Unicode does."""


@cache
def _countries(language: str) -> dict[str, str]:
    """Names of countries in a language, by their English ones."""
    from babel import Locale

    if language == "en":
        return {}
    own = Locale.parse(LANGUAGES[language]).territories
    codes = {name: code for code, name in Locale.parse("en").territories.items()} | _SHORTENED
    return {name: own[code] for name, code in codes.items() if code in own}


ENGLISH = Texts()
"""The words of the language in which things are said by default."""
