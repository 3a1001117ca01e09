"""Pages: what a report says, put into one HTML file that opens offline and loads nothing.

Every text from the data passes through the template's escaping; scripts and styles are the
package's own and named by their hash in the page's content policy, so that markup that slipped in
could still not run. Figures that may not be published are gone before the template sees them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from analyzer.report import maps, sections
from analyzer.report.content import ReportInput
from analyzer.report.findings import finding_object
from analyzer.report.leaflet import leaflet_script, leaflet_style
from analyzer.report.publishable import Publishable, publishable
from analyzer.report.tables import clean_text, is_missing
from analyzer.report.texts import Texts
from analyzer.schema import SYNTHETIC


def render_report(
    report: ReportInput, *, k: int, internal: bool, texts: Texts, shown: Publishable | None = None
) -> str:
    """Write the page of a report.

    Parameters
    ----------
    report : ReportInput
        What to show.
    k : int
        Smallest count of vehicles that may be shown.
    internal : bool
        Mark the page as internal.
    texts : Texts
        The page's words.
    shown : Publishable, optional
        The tables as they may be shown, if they are at hand.

    Returns
    -------
    str
        One HTML document; the same bytes for the same input.
    """
    shown = shown or publishable(report, k=k)
    embedded = maps.embed_map(shown.zones, shown.flows, texts, ends=shown.flow_ends)
    scripts = [leaflet_script(texts), embedded.script] if embedded else []
    styles = ([leaflet_style()] if embedded else []) + [template_text("report.css")]
    context = {
        "t": texts,
        "title": clean_text(report.title),
        "synthetic": report.synthetic,
        "internal": internal,
        "banner_internal": texts("banner.internal"),
        "subtitle": _subtitle(report.data, k, texts),
        "findings": [
            finding_object(each, k=k, texts=texts, withheld=each.id in shown.withheld_findings)
            for each in report.findings
        ],
        "unicity": sections.unicity_section(shown, texts),
        "retention": sections.retention_section(report.data, shown, texts),
        "further": sections.further_section(shown, texts),
        "map": embedded,
        "map_section": sections.map_section(report, shown, embedded, k, texts),
        "quality": sections.quality_section(report.data, shown, k, texts),
        "limits": [
            clean_text(limit, limit=None)
            for limit in (*report.limits, *_withheld_for_others(shown, k, texts))
        ],
        "method": [(clean_text(a), clean_text(b, limit=None)) for a, b in report.method],
        "provenance": stated_rows(report.info, report.synthetic, texts)
        + provenance_rows(report.info, texts),
        "k": k,
        "styles": [sections.trusted(style) for style in styles],
        "scripts": [sections.trusted(script) for script in scripts],
        "policy": content_policy(scripts, styles),
    }
    return tidy(environment().get_template("report.html.j2").render(context))


def tidy(page: str) -> str:
    """Take the empty lines out of a page."""
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"


def _withheld_for_others(shown: Publishable, k: int, texts: Texts) -> list[str]:
    if not shown.withheld:
        return []
    number = len(shown.withheld)
    return [texts.count_text("limits.withheld", texts.number(number), number, k=k)]


def _subtitle(data: Any, k: int, texts: Texts) -> str:
    if is_missing(data.get("rows_kept")) or is_missing(data.get("first_seen")):
        return ""
    vehicles = data.get("vehicles")
    small = vehicles is not None and 0 < vehicles < k
    said = texts("under", n=k) if small else texts.number(vehicles)
    return texts(
        "subtitle.data",
        sightings=texts.count("sightings", data["rows_kept"]),
        vehicles=texts.count_text("vehicles", said, 0 if is_missing(vehicles) else int(vehicles)),
        cameras=texts.count("cameras", data.get("cameras")),
        first=texts.date(data["first_seen"]), last=texts.date(data.get("last_seen")),
    )


def stated_rows(
    info: Mapping[str, Any], synthetic: bool, texts: Texts
) -> list[tuple[str, str]]:
    """Say what the data claim to be, who disputes it, and what those concerned replied.

    About real data a silence must be seen; nobody disputes what a generator made.
    """
    rows = []
    for name, stated in (
        ("claims", info.get("claims")),
        ("disputed_by", "; ".join(info.get("disputed_by") or ())),
        ("reply", info.get("reply")),
    ):
        if synthetic and stated == SYNTHETIC:
            rows.append((texts("provenance.claims"), texts("provenance.claims.synthetic")))
        elif stated or not synthetic:
            said = clean_text(stated, limit=2_000) if stated else texts("provenance.unstated")
            rows.append((texts(f"provenance.{name}"), said))
    return rows


OPTIONS = frozenset({
    "timezone", "profile", "columns", "plates", "place_grid_m", "encoding", "times_in", "cameras",
    "fix_clocks", "merge_misreads", "plate_format", "points", "time", "space", "windows", "max_gap",
    "rotation", "sample", "sites", "k", "seed",
})  # fmt: skip
"""Options that the catalogues name."""


def provenance_rows(info: Mapping[str, Any], texts: Texts) -> list[tuple[str, str]]:
    """List versions, options and seed of a run, as `analyzer.report.origin` gives them.

    Options are called what they are called on the command line, in other languages beside what they
    mean; those that were not taken (off, or without a value) are left out.
    """
    rows = []
    for group in ("versions", "options"):
        for name, value in sorted(dict(info.get(group) or {}).items()):
            if isinstance(value, Mapping):
                value = [f"{key}={to}" for key, to in sorted(value.items())]
            if isinstance(value, (list, tuple)):
                value = ", ".join(map(str, value))
            if value is True:
                value = texts("brief.mark.yes")
            if value is False or value == "" or is_missing(value):
                continue
            said = clean_text(name.replace("_", "-"))
            if group == "options" and name in OPTIONS:
                said = texts(f"provenance.option.{name}")
            rows.append((said, clean_text(value, limit=300)))
    if info.get("seed") is not None and "seed" not in dict(info.get("options") or {}):
        rows.append((texts("provenance.seed"), clean_text(info["seed"])))
    return rows


def content_policy(scripts: list[str], styles: list[str]) -> str:
    """Write the content policy that allows these scripts and styles, by their hash, alone."""
    allowed = {"script-src": scripts, "style-src": styles}
    rules = ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]
    for directive, texts in allowed.items():
        hashes = " ".join(f"'sha256-{_digest(text)}'" for text in texts)
        rules.append(f"{directive} {hashes or chr(39) + 'none' + chr(39)}")
    return "; ".join(rules)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def template_text(name: str) -> str:
    """Read a template or style of the package, without its empty lines."""
    from importlib.resources import files

    path = files("analyzer.report").joinpath(f"templates/{name}")
    return "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


def _whole_figures(value: Any) -> Any:
    """Keep a number and its per cent sign in one line."""
    return re.sub(r"(?<=\d) %", "\u00a0%", value) if type(value) is str else value


def environment() -> Any:
    """Make the environment in which templates are filled: everything is escaped."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_whole_figures,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["unbroken"] = _unbroken
    return made


def _unbroken(cell: str) -> str:
    """Keep the two ends of an interval in one line of a narrow cell."""
    return re.sub(r"(?<=\d)–(?=\d)", "\u2060–\u2060", cell)
