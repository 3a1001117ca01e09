"""Plate formats: what the plates of a country look like, as an optional check.

A plate of another form is reported and kept: it may be foreign, custom or misread, and which of
these, its form does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from analyzer.errors import UsageError


@dataclass(frozen=True)
class PlateFormat:
    """The plates of one country.

    Attributes
    ----------
    name, country : str
        What the user types, and what is shown.
    pattern : re.Pattern
        The normalised plate: Latin capitals and digits.
    """

    name: str
    country: str
    pattern: re.Pattern[str]

    def fits(self, plate: str) -> bool:
        """Say whether a normalised plate has the form.

        Examples
        --------
        >>> PLATE_FORMATS["uz"].fits("01A123BC"), PLATE_FORMATS["uz"].fits("00A123BC")
        (True, False)
        """
        return self.pattern.fullmatch(plate) is not None


# Regions run in groups: 01-09 and 10-19 are Tashkent city and region, 95 Karakalpakstan.
_REGION = "(?:0[1-9]|[1-9][0-9])"
PLATE_FORMATS = {
    entry.name: entry
    for entry in (
        PlateFormat(
            "uz",
            "Uzbekistan (series of 2008)",
            re.compile(rf"{_REGION}(?:[A-Z]\d{{3}}[A-Z]{{2}}|\d{{3}}[A-Z]{{3}}|[A-Z]\d{{6}})"),
        ),
        PlateFormat("ru", "Russia", re.compile(r"[ABEKMHOPCTYX]\d{3}[ABEKMHOPCTYX]{2}\d{2,3}")),
        PlateFormat("kz", "Kazakhstan", re.compile(r"\d{3}[A-Z]{2,3}\d{2}")),
        PlateFormat("gb", "United Kingdom (series of 2001)", re.compile(r"[A-Z]{2}\d{2}[A-Z]{3}")),
        PlateFormat("cn", "China", re.compile(r"[\u4e00-\u9fff][A-Z][A-Z0-9]{5,6}")),
    )
}


def plate_check(name: str | None) -> Callable[[str], bool] | None:
    """Find the check of a format by its name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name is None:
        return None
    if name not in PLATE_FORMATS:
        known = ", ".join(f"{key} ({entry.country})" for key, entry in PLATE_FORMATS.items())
        raise UsageError(f"there is no plate format {name!r}; known are {known}")
    return PLATE_FORMATS[name].fits
