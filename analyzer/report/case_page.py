"""The page of a case: caption, map and clock with a slider over the days kept, and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.patterns.commutes import hour_text
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.report import case_map
from analyzer.report.case_content import CaseContent, precise_caption, share_bounds
from analyzer.report.case_tables import (
    cameras_table,
    known_table,
    places_table,
    precise_week,
    public_known,
    public_week,
)
from analyzer.report.leaflet import leaflet_script, leaflet_style
from analyzer.report.origin import Provenance, origin_of
from analyzer.report.pages import (
    content_policy,
    environment,
    provenance_rows,
    stated_rows,
    template_text,
    tidy,
)
from analyzer.report.sections import trusted
from analyzer.report.sentences import duration_text
from analyzer.report.slider import slider_script, step_rules
from analyzer.report.texts import Texts
from analyzer.report.week_clock import draw_clock

if TYPE_CHECKING:
    from analyzer.report.shared_facts import SharedStep
    from analyzer.risk.vehicle_story import Place, StoryStep

@dataclass(frozen=True)
class StepText:
    """What the page says at one step: its length, and a sentence for each thing known."""

    label: str
    lines: Sequence[str]


def render_case(
    case: CaseContent, *, internal: bool, texts: Texts, provenance: Provenance | None = None
) -> str:
    """Write the page of a case.

    Parameters
    ----------
    case : Case
        What it shows.
    internal : bool
        Whether it is the precise page.
    texts : Texts
        The page's words.
    provenance : Provenance, optional
        What the data claim to be, who disputes it, and what was replied.

    Returns
    -------
    str
        One HTML document that loads nothing; the same bytes for the same input.
    """
    drawn = (case_map.precise_map if internal else case_map.public_map)(case, texts)
    cells, week = (precise_week if internal else public_week)(case, texts)
    rings = (
        texts.weekdays()
        if internal
        else (texts("case.week.working_days"), texts("case.week.weekend"))
    )
    steps = [
        StepText(
            texts.count("days", step.days),
            _lines(case, step, texts) if internal else _public_lines(case, shared, texts),
        )
        for step, shared in zip(case.story.steps, case.known, strict=True)
    ]
    leaflet = [leaflet_script(texts)] if drawn else []
    scripts = [*leaflet, *([drawn[1]] if drawn else []), slider_script()]
    styles = [
        *([leaflet_style()] if drawn else []),
        template_text("report.css"),
        template_text("case.css"),
        step_rules(len(steps)),
    ]
    span = case.story.steps[-1].days
    context = {
        "t": texts,
        "title": texts(
            "case.title.synthetic" if case.synthetic else "case.title",
            days=texts.count("days", span),
        ),
        "synthetic": case.synthetic,
        "internal": internal,
        "banner_internal": texts("case.banner.owner" if case.owner else "case.banner.internal"),
        "caption": precise_caption(case.story, texts) if internal else case.caption(texts),
        "steps": steps,
        "labels": "|".join(step.label for step in steps),
        "map": drawn[0] if drawn else None,
        "map_note": texts("case.map.text.internal" if internal else "case.map.text", k=case.k),
        "clock": draw_clock(rings, cells),
        "clock_alt": texts("case.week.alt"),
        "week": week,
        "places": cameras_table(case, texts) if internal else places_table(case, texts),
        "known": (known_table if internal else public_known)(case, texts),
        "chosen": _chosen(case, texts),
        "shared": _shared(case, internal, texts),
        "read": [texts(f"case.read.{at}", k=case.k) for at in range(1, 5)],
        "method": _method(case, internal, texts),
        "provenance": _provenance(case, provenance, texts),
        "k": case.k,
        "styles": [trusted(style) for style in styles],
        "scripts": [trusted(script) for script in scripts],
        "policy": content_policy(scripts, styles),
    }
    return tidy(environment().get_template("case.html.j2").render(context))


def _options(case: CaseContent) -> dict[str, Any]:
    adversary = case.story.adversary
    return {
        "points": adversary.points,
        "time": adversary.time,
        "space": adversary.space,
        "k": case.k,
        "seed": case.seed,
    }


def _public_lines(case: CaseContent, step: SharedStep, texts: Texts) -> list[str]:
    lines = []
    told = share_bounds(step, texts)
    if step.few_points:
        lines.append(texts("case.step.few"))
    elif told:
        points = case.story.adversary.points
        lines.append(
            texts.count_text("case.step.singled_out", texts.number(points), points, share=told)
        )
    for name, km in (("home", step.home_km), ("work", step.work_km)):
        if getattr(step, name):
            within = texts("case.within", km=texts.number(km)) if km else ""
            if not case.sightings.camera_table["lat"].notna().any():
                within = texts("case.within.unknown")
            key = f"case.step.{name}" if within else f"case.step.{name}.somewhere"
            lines.append(texts(key, within=within))
    if step.commute:
        lines.append(texts("case.step.commute"))
    if step.home is False and step.work is False:
        lines.append(texts("case.step.nothing"))
    return lines or [texts("case.step.left_out", k=case.k)]


def _lines(case: CaseContent, step: StoryStep, texts: Texts) -> list[str]:
    lines = [texts.count("case.step.seen", step.sightings)]
    if np.isnan(step.singled_out):
        lines.append(texts("case.step.few"))
    else:
        share = texts("percent", n=texts.number(100 * step.singled_out))
        points = case.story.adversary.points
        lines.append(
            texts.count_text("case.step.singled_out", texts.number(points), points, share=share)
        )
    for name in ("home", "work"):
        place = getattr(step, name)
        if place is not None:
            lines.append(texts(f"case.step.{name}", within=_within(place, texts)))
    if step.commute is not None:
        lines.append(
            texts(
                "case.step.commute.times",
                out=hour_text(step.commute.outbound_minute),
                back=hour_text(step.commute.return_minute),
            )
        )
    if step.home is None and step.work is None:
        lines.append(texts("case.step.nothing"))
    if step.companions:
        lines.append(texts.count("case.step.companions", step.companions))
    return lines


def _within(place: Place, texts: Texts) -> str:
    if np.isnan(place.radius_m):
        return texts("case.within.unknown")
    return texts("case.within", km=texts.number(max(place.radius_m / 1_000, 1)))


def _chosen(case: CaseContent, texts: Texts) -> str:
    if case.owner:
        return texts("case.chosen.owner")
    if case.typical is None:
        return texts("case.chosen.given")
    typical = case.typical
    key = "case.chosen.typical" if typical.least > 1 else "case.chosen.typical.all"
    return texts(
        key,
        least=texts.number(typical.least),
        among=_bounded(typical.among, typical.vehicles, case.k, texts)
        if typical.among >= case.k
        else texts("under", n=case.k),
        vehicles=texts.number(typical.vehicles)
        if typical.vehicles >= case.k
        else texts("under", n=case.k),
    )


def _bounded(count: int, whole: int, k: int, texts: Texts) -> str:
    """Write a part of all vehicles; as a bound where it would tell that the others are few."""
    if 0 < whole - count < k:
        return texts("case.at_least", share=texts.number(whole - k))
    return texts.number(count)


def _shared(case: CaseContent, internal: bool, texts: Texts) -> str:
    """Say of how many vehicles all that is shown is true, and how much that tells."""
    if internal:
        return texts("case.shared.internal")
    kinds = {each.kind for each in case.elements}
    seen = [each.value for each in case.elements if each.kind == "seen" and each.value > 1]
    said = []
    if kinds <= {"seen"}:
        said.append(texts("case.shared.none", k=case.k))
    else:
        vehicles = case.story.vehicles
        number = _bounded(case.shared_by, vehicles, case.k, texts)
        said.append(texts("case.shared", k=case.k, n=number))
        if 2 * case.shared_by > vehicles:
            said.append(texts("case.shared.weak"))
        if not kinds & {"zone", "route"}:
            said.append(texts("case.shared.no_places"))
    if seen:
        said.append(texts.count("case.shared.seen", seen[0]))
    return " ".join(said)


def _method(case: CaseContent, internal: bool, texts: Texts) -> list[tuple[str, str]]:
    adversary = case.story.adversary
    fields = {
        "points": adversary.points,
        "time": duration_text(adversary.time, texts),
        "k": case.k,
        "max_gap": duration_text(DEFAULT_MAX_GAP, texts),
    }
    terms = [
        (texts(f"case.term.{name}"), texts(f"case.term.{name}.text", **fields))
        for name in ("kept", "singled_out", "shared")
    ]
    terms += [
        (texts(f"term.{name}"), texts(f"term.{name}.text", **fields))
        for name in (("places", "companions") if internal else ("places",))
    ]
    return terms


def _provenance(
    case: CaseContent, provenance: Provenance | None, texts: Texts
) -> list[tuple[str, str]]:
    info = origin_of(case.sightings, _options(case), provenance)
    return [*stated_rows(info, case.synthetic, texts), *provenance_rows(info, texts)]
