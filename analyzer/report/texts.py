"""Texts: every word a page says of its own, in a catalogue that can be translated.

An entry is a plain `str.format` template, or a mapping from plural category ("one", "few",
"many", "other") to one. Values put into a template are never templates themselves. A language
that lacks an entry shows the English one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analyzer.errors import UsageError
from analyzer.report.tables import is_missing

Entry = str | Mapping[str, str]

ENGLISH: dict[str, Entry] = {
    "skip": "Skip to the findings",
    "contents": "On this page",
    "banner.synthetic": "Synthetic data: no vehicle and no person on this page exists.",
    "banner.internal": (
        "INTERNAL: not for publication. Tables per vehicle were written beside this page."
    ),
    "synthetic.short": "Synthetic data",
    "lead.title": "What the data show",
    "lead.none": "There are no findings: nothing could be measured in these data.",
    "lead.withheld": "A figure is withheld: it rests on fewer than {k} units.",
    "lead.criterion": "Criterion: {criterion}",
    "subtitle.data": "{sightings} of {vehicles} at {cameras}, {first} to {last}",
    "vehicles": {"one": "{n} vehicle", "other": "{n} vehicles"},
    "sightings": {"one": "{n} sighting", "other": "{n} sightings"},
    "cameras": {"one": "{n} camera", "other": "{n} cameras"},
    "rows": {"one": "{n} row", "other": "{n} rows"},
    "days": {"one": "{n} day", "other": "{n} days"},
    "zones": {"one": "{n} zone", "other": "{n} zones"},
    "flows": {"one": "{n} flow", "other": "{n} flows"},
    "under": "fewer than {n}",
    "unicity.title": "How few sightings single a vehicle out",
    "unicity.text": (
        "Somebody knows when and where a vehicle was seen a few times. How often does only one "
        "vehicle in the data fit? The line is the share of vehicles for which that is so; the "
        "bars are the 95 % interval; the dashed line is what chance alone would give."
    ),
    "unicity.none": "There is no curve: too few vehicles were seen often enough to measure it.",
    "unicity.alt": "Line chart. {points} single out {first}; {last_points} single out {last}.",
    "unicity.alt.one": "Chart with one point: {points} single out {first}.",
    "known": {"one": "{n} known sighting", "other": "{n} known sightings"},
    "retention.title": "What keeping sightings longer exposes",
    "retention.text": (
        "Sightings are deleted after some days. If the store leaks, what is left exposes its "
        "vehicles. What an observer knows does not shrink with the store: the same known "
        "sightings are tried on every window, and those already deleted help nobody."
    ),
    "retention.none": "There is no curve: no window could be measured in these data.",
    "retention.alt": (
        "Line chart. Kept for {first_window}, sightings single out {first}; kept for "
        "{last_window}, {last}."
    ),
    "retention.alt.one": (
        "Chart with one point: kept for {first_window}, sightings single out {first}."
    ),
    "retention.unmeasurable": "{windows}: not measurable, because the data cover {days}.",
    "retention.unmeasurable.unknown": "{windows}: not measurable, because the data cover less.",
    "retention.one_day": (
        "{windows}: one leak day only, so the interval leaves out how leaks on other days would "
        "differ."
    ),
    "map.title": "Where the cameras stand, and who drives between them",
    "map.text": (
        "Circles are zones (groups of near cameras), larger where more vehicles pass. Lines are "
        "commutes between zones, thicker where more vehicles make them, bent to the right of "
        "the way. Positions are rounded to about one kilometre; a zone or line of fewer than "
        "{k} vehicles is not drawn."
    ),
    "map.none.position": "There is no map: the cameras have no positions in these data.",
    "map.none.zones": "There is no map: no zone was passed by at least {k} vehicles.",
    "map.none.flows": (
        "No commutes are drawn: no pair of zones has at least {k} commuting vehicles."
    ),
    "map.areas": (
        "Commutes are drawn between areas up to {width} km wide, each named after its largest "
        "zone: between single zones too few vehicles travel for the flows to be shown."
    ),
    "map.label": "Map of camera zones and commutes. The table below holds the same figures.",
    "map.keys": "Drag to move; with the keyboard, arrow keys move and + and − zoom.",
    "map.noscript": "The map needs JavaScript. The tables below hold the same figures.",
    "map.zone": "{name}: {vehicles}, {cameras}",
    "map.flow": "{origin} → {destination}: {vehicles}",
    "map.thinned": "The map draws {drawn} of {all}; the table has all.",
    "map.hidden.zones": "Not shown, or totals would give small counts away: {zones}.",
    "map.hidden.flows": "Flows of fewer than {k} vehicles are left out.",
    "map.legend.zone": "zone of cameras",
    "map.legend.flow": "commute between zones",
    "quality.title": "What was read, and what became of it",
    "quality.text": (
        "Nothing is lost in silence: {read} = {kept} kept + {rejected} rejected + {merged} "
        "merged (exact repeats, and repeat frames of one passage)."
    ),
    "quality.none": "No account of the rows came with these data.",
    "quality.unbalanced": (
        "These numbers do not add up; treat every figure on this page with caution."
    ),
    "quality.alt": "Bar chart. {kept} rows kept, {merged} merged, {rejected} rejected.",
    "quality.kept": "kept",
    "quality.merged": "merged",
    "quality.rejected": "rejected: {reason}",
    "quality.rejected.plain": "rejected",
    "quality.facts": "The data in short",
    "limits.title": "What these data can and cannot show",
    "limits.none": (
        "Nobody has written down the limits of these data. Ask before quoting a figure."
    ),
    "read.title": "How to read this page",
    "read.1": (
        "“93 % (91–95 %)” is a share and its 95 % interval: were the draw repeated many times, "
        "95 of 100 such intervals would hold the true share."
    ),
    "read.2": (
        "“Singled out” means that only one vehicle in the whole data set fits what is known. It "
        "does not mean that a name is known; but who knows where somebody was a few times can "
        "find the rest."
    ),
    "read.3": (
        "“By chance alone” is the same figure for somebody who knows nothing and guesses. A "
        "risk that does not rise above it is no finding."
    ),
    "read.4": (
        "A sighting says that a vehicle passed a camera. It does not say who drove, nor where "
        "the vehicle was before or after; homes and places of work are inferred, and can be "
        "wrong."
    ),
    "read.5": (
        "Counts of fewer than {k} vehicles are not shown, nor counts from which one could be "
        "worked out."
    ),
    "method.title": "Method",
    "method.criteria": (
        "The Article 29 Working Party’s Opinion 05/2014 names three ways in which data that "
        "carry no names can still harm: singling out (finding one person’s records), "
        "linkability (joining two records of one person) and inference (deducing something new "
        "about a person). Each finding above says which of the three it measures."
    ),
    "method.none": "No definitions came with these results.",
    "provenance.title": "Provenance",
    "provenance.claims": "What the data claim to be",
    "provenance.disputed_by": "Who disputes it",
    "provenance.reply": "Right of reply",
    "provenance.unstated": "not stated",
    "provenance.none": "Nothing is recorded about where the data come from.",
    "provenance.licence": (
        "Map outlines: Natural Earth, public domain. Map software: Leaflet, BSD-2-Clause, © "
        "Volodymyr Agafonkin, CloudMade. Both are inside this file; it loads nothing from the "
        "network."
    ),
    "table.show": "The figures as a table",
    "table.file": "also in {file}",
    "table.zones": "Zones as a table",
    "table.flows": "Commutes as a table",
    "missing": "–",
    "table.cut": "The first {shown} of {all} rows.",
    "criterion.singling out": "Singling out",
    "criterion.linkability": "Linkability",
    "criterion.inference": "Inference",
    "criterion.data": "Data",
    "status.measured": "measured",
    "status.one leak day": "one leak day",
    "status.not measurable": "not measurable",
    "column.points": "Known sightings",
    "column.share": "Singled out",
    "column.interval": "95 % interval",
    "column.n": "Vehicles tested",
    "column.baseline": "By chance",
    "column.window": "Kept for",
    "column.status": "Status",
    "column.value_in_window": "Among those left",
    "column.zone": "Zone",
    "column.vehicles": "Vehicles",
    "column.sightings": "Sightings",
    "column.cameras": "Cameras",
    "column.origin": "From",
    "column.destination": "To",
    "column.what": "What",
    "column.rows": "Rows",
    "data.rows_read": "Rows read",
    "data.rows_kept": "Rows kept",
    "data.rows_merged": "Rows merged",
    "data.rows_rejected": "Rows rejected",
    "data.vehicles": "Vehicles",
    "data.cameras": "Cameras",
    "data.first_seen": "First sighting",
    "data.last_seen": "Last sighting",
    "data.timezone": "Time zone",
    "data.days": "Days covered",
    "chart.points": "Sightings of a vehicle that are known",
    "chart.singled_out": "Vehicles singled out",
    "chart.measured": "measured",
    "chart.chance": "by chance alone",
    "chart.left": "among vehicles left in the window",
    "chart.window": "Days for which sightings are kept",
    "chart.one_leak_day": "one leak day only",
    "chart.rows": "Rows",
    "chart.interval": "95 % interval",
    "date": "{day} {month} {year}",
    "months": (
        "January February March April May June July August September October November December"
    ),
}

CATALOGUES: dict[str, Mapping[str, Entry]] = {"en": ENGLISH}

PLURAL_RULES: dict[str, Callable[[int], str]] = {"en": lambda n: "one" if n == 1 else "other"}

SEPARATORS: dict[str, str] = {"en": ","}
"""What stands between thousands."""


@dataclass(frozen=True)
class Texts:
    """The words of one language.

    Attributes
    ----------
    language : str
        A key of `CATALOGUES`; also the page's ``lang``.

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
        if self.language not in CATALOGUES:
            known = ", ".join(sorted(CATALOGUES))
            raise UsageError(f"there are no texts in {self.language!r}; choose one of: {known}")

    def __call__(self, key: str, **values: Any) -> str:
        """Fill the template of a key; a missing key is an error, not a blank."""
        entry = self._entry(key)
        if not isinstance(entry, str):
            raise KeyError(f"{key} needs a number: use count()")
        return entry.format(**values) if values else entry

    def has(self, key: str) -> bool:
        """Whether the catalogue knows a key."""
        return key in CATALOGUES[self.language] or key in ENGLISH

    def count(self, key: str, n: float) -> str:
        """Say a number of things in the right plural."""
        if is_missing(n):
            return self.count_text(key, self("missing"), 0)
        return self.count_text(key, self.number(n), int(n))

    def count_text(self, key: str, written: str, n: int) -> str:
        """Say a number of things whose number is already written, such as “fewer than 10”."""
        entry = self._entry(key)
        forms = {"other": entry} if isinstance(entry, str) else entry
        category = PLURAL_RULES.get(self.language, PLURAL_RULES["en"])(n)
        return forms.get(category, forms["other"]).format(n=written)

    def number(self, value: Any, digits: int = 0) -> str:
        """Write a number with separated thousands."""
        if is_missing(value):
            return self("missing")
        return f"{float(value):,.{digits}f}".replace(",", SEPARATORS.get(self.language, ","))

    def percent(self, share: Any) -> str:
        """Write a share of 1 in percent, with digits where it is small."""
        if is_missing(share):
            return self("missing")
        value = 100 * float(share)
        if value != 0 and abs(value) < 0.01:
            return "< 0.01 %"
        return f"{value:.{self._digits(value)}f} %"

    def interval(self, low: Any, high: Any) -> str:
        """Write the two ends of an interval of shares."""
        if is_missing(low) or is_missing(high):
            return self("missing")
        ends = (100 * float(low), 100 * float(high))
        digits = max(self._digits(end) for end in ends)
        return f"{ends[0]:.{digits}f}–{ends[1]:.{digits}f} %"

    def date(self, moment: Any) -> str:
        """Write the day of a moment (a Timestamp or ISO 8601 text) in words."""
        if is_missing(moment):
            return self("missing")
        day = pd.Timestamp(moment)
        month = self("months").split()[day.month - 1]
        return self("date", day=day.day, month=month, year=day.year)

    def labels(self) -> dict[str, str]:
        """The words on charts, as `analyzer.charts` takes them."""
        start = "chart."
        keys = [key for key in ENGLISH if key.startswith(start)]
        return {key.removeprefix(start): self(key) for key in keys}

    def _entry(self, key: str) -> Entry:
        own = CATALOGUES[self.language]
        return own[key] if key in own else ENGLISH[key]

    @staticmethod
    def _digits(value: float) -> int:
        if value == 0 or abs(value) >= 10 or math.isinf(value):
            return 0
        return 1 if abs(value) >= 1 else 2
