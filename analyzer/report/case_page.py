"""The page of a case: caption, map and clock with a slider over the days kept, and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.patterns.commutes import hour_text
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.report import case_map, maps
from analyzer.report.case import Case, precise_caption, share_bounds
from analyzer.report.origin import Provenance, origin_of
from analyzer.report.pages import (
    content_policy,
    environment,
    provenance_rows,
    stated_rows,
    template_text,
    tidy,
)
from analyzer.report.sections import MOST_ROWS, PageTable, trusted
from analyzer.report.sentences import duration_text
from analyzer.report.shared import PERIOD_HOURS, PERIODS
from analyzer.report.shared_facts import RADII_KM
from analyzer.report.tables import clean_text
from analyzer.report.texts import Texts
from analyzer.report.week_clock import Cell, draw_clock
from analyzer.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from analyzer.report.shared_facts import SharedStep
    from analyzer.risk.vehicle_story import Place, StoryStep

_MONDAY = 4


@dataclass(frozen=True)
class StepText:
    """What the page says at one step: its length, and a sentence for each thing known."""

    label: str
    lines: Sequence[str]


def render_case(
    case: Case, *, internal: bool, texts: Texts, provenance: Provenance | None = None
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
    cells, week = (_precise_week if internal else _public_week)(case, texts)
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
    leaflet = [maps.leaflet_script()] if drawn else []
    scripts = [*leaflet, *([drawn[1]] if drawn else []), slider_script()]
    styles = [
        *([maps.leaflet_style()] if drawn else []),
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
        "places": _cameras_table(case, texts) if internal else _places_table(case, texts),
        "known": (_known_table if internal else _public_known)(case, texts),
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


def step_rules(steps: int) -> str:
    """Write the style rules by which the slider shows and hides what belongs to other steps.

    Examples
    --------
    >>> step_rules(2).splitlines()[0]
    '[data-step="0"] .from-1, [data-step="0"] .at-1 { display: none; }'
    """
    rules = []
    for shown in range(steps):
        here = f'[data-step="{shown}"]'
        hidden = [f"{here} .from-{step}" for step in range(shown + 1, steps)]
        hidden += [f"{here} .at-{step}" for step in range(steps) if step != shown]
        if hidden:
            rules.append(f"{', '.join(hidden)} {{ display: none; }}")
    return "\n".join(rules)


def slider_script() -> str:
    """Give the script by which a slider shows the steps of a page."""
    path = files("analyzer.report").joinpath("assets/slider.js")
    return path.read_text(encoding="utf-8").strip()


def _options(case: Case) -> dict[str, Any]:
    adversary = case.story.adversary
    return {
        "points": adversary.points,
        "time": adversary.time,
        "space": adversary.space,
        "k": case.k,
        "seed": case.seed,
    }


def _public_lines(case: Case, step: SharedStep, texts: Texts) -> list[str]:
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


def _lines(case: Case, step: StoryStep, texts: Texts) -> list[str]:
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


def _radius(place: Place, texts: Texts) -> str:
    if np.isnan(place.radius_m):
        return texts("case.inferred")
    return texts("case.km", n=texts.number(max(place.radius_m / 1_000, 1)))


def _public_known(case: Case, texts: Texts) -> PageTable:
    def inferred(step: SharedStep, name: str) -> str:
        found, km = getattr(step, name), getattr(step, f"{name}_km", None)
        if found is None:
            return texts("figure.withheld")
        if not found:
            return texts("missing")
        return texts("case.km", n=texts.number(km)) if km else texts("case.inferred")

    names = ["days", "singled_out", "home", "work", "commute"]
    rows = [
        [
            texts.number(step.days),
            texts("missing")
            if step.few_points
            else share_bounds(step, texts) or texts("figure.withheld"),
            *(inferred(step, name) for name in names[2:]),
        ]
        for step in case.known
    ]
    radii = texts.listed([texts.number(km) for km in RADII_KM], "or")
    notes = (
        texts("case.known.note"),
        texts("case.known.shared", k=case.k),
        texts("case.known.radii", radii=radii),
    )
    return _known(names, rows, " ".join(notes), texts)


def _known(names: list[str], rows: list[list[str]], note: str, texts: Texts) -> PageTable:
    return PageTable(
        texts("case.known.title"),
        texts("case.known.caption"),
        [texts(f"case.column.{name}") for name in names],
        [name != "commute" for name in names],
        rows,
        note=note,
    )


def _known_table(case: Case, texts: Texts) -> PageTable:
    names = ["days", "sightings", "singled_out", "home", "work", "commute", "companions"]
    rows = []
    for step in case.story.steps:
        share = step.singled_out
        rows.append(
            [
                texts.number(step.days),
                texts.number(step.sightings),
                texts("missing")
                if np.isnan(share)
                else texts("percent", n=texts.number(100 * share)),
                *(
                    texts("missing") if place is None else _radius(place, texts)
                    for place in (step.home, step.work)
                ),
                texts("missing") if step.commute is None else texts("case.inferred"),
                texts("missing") if step.companions is None else texts.number(step.companions),
            ]
        )
    return _known(names, rows, texts("case.known.note"), texts)


def _public_week(case: Case, texts: Texts) -> tuple[list[Cell], PageTable]:
    cells, rows = [], []
    half = PERIODS // 2
    kinds = (texts("case.week.working_days"), texts("case.week.weekend"))
    for element in sorted(
        (each for each in case.elements if each.kind == "period"), key=lambda each: each.value
    ):
        ring, begin = element.value // half, element.value % half * PERIOD_HOURS
        hours = f"{begin:02d}:00–{begin + PERIOD_HOURS:02d}:00"
        since = texts.count("days", case.story.steps[element.step].days)
        title = texts("case.week.cell", kind=kinds[ring], hours=hours)
        cells.append(
            Cell(ring, begin, begin + PERIOD_HOURS, 0.85, f"from-{element.step}", title)
        )
        rows.append([kinds[ring], hours, since])
    columns = [texts(f"case.column.{name}") for name in ("kind", "hours", "since")]
    table = PageTable(
        texts("case.week.table"), texts("case.week.title"), columns, [False, False, True], rows
    )
    return cells, table


def _precise_week(case: Case, texts: Texts) -> tuple[list[Cell], PageTable]:
    story = case.story
    local = case.sightings.clock.local(story.rows["seen_at"])
    weekday = (local // DAY_MS - _MONDAY) % 7
    hour = local % DAY_MS // HOUR_MS
    names = texts.weekdays()
    cells = []
    seen = np.zeros((7, 24), np.int64)
    for at, step in enumerate(story.steps):
        kept = story.rows["seen_at"] < step.until_ms
        seen[:] = 0
        np.add.at(seen, (weekday[kept], hour[kept]), 1)
        most = max(int(seen.max()), 1)
        for day, begin in zip(*np.nonzero(seen), strict=True):
            count = int(seen[day, begin])
            title = texts(
                "case.week.cell",
                kind=names[day],
                hours=f"{begin:02d}:00–{begin + 1:02d}:00",
            )
            title = f"{title}: {texts.count('sightings', count)}"
            opacity = 0.25 + 0.75 * count / most
            cells.append(Cell(int(day), int(begin), int(begin) + 1, opacity, f"at-{at}", title))
    rows = [
        [f"{begin:02d}:00–{begin + 1:02d}:00", *(texts.number(count) for count in seen[:, begin])]
        for begin in range(24)
        if seen[:, begin].any()
    ]
    columns = [texts("case.column.hours"), *names]
    table = PageTable(
        texts("case.week.table"), texts("case.week.title"), columns, [False] + [True] * 7, rows
    )
    return cells, table


def _places_table(case: Case, texts: Texts) -> PageTable | None:
    table = case.sightings.camera_table
    zones = table.groupby("zone")["zone_name"].first()
    areas = case_map.area_names(case.sightings)
    rows = []
    for each in case.elements:
        if each.kind == "zone":
            name = clean_text(texts.zone(zones[each.value]), limit=60)
            said = texts("case.places.zone", name=name)
        elif each.kind == "route":
            ends = (clean_text(texts.zone(areas[end]), limit=60) for end in (each.value, each.to))
            said = texts("case.places.route", **dict(zip(("origin", "destination"), ends,
                                                         strict=True)))  # fmt: skip
        else:
            continue
        rows.append([said, texts.count("days", case.story.steps[each.step].days)])
    columns = [texts("case.column.what"), texts("case.column.since")]
    return _listed(rows, columns, texts)


def _cameras_table(case: Case, texts: Texts) -> PageTable | None:
    names = case.sightings.camera_table["name"]
    cameras, counts = np.unique(case.story.rows["camera"], return_counts=True)
    rows = [
        [clean_text(names.iloc[cameras[at]], limit=60), texts.number(counts[at])]
        for at in np.argsort(-counts, kind="stable")[:MOST_ROWS]
    ]
    return _listed(rows, [texts("case.column.what"), texts("case.column.sightings")], texts)


def _listed(rows: list[list[str]], columns: list[str], texts: Texts) -> PageTable | None:
    if not rows:
        return None
    return PageTable(
        texts("case.places.table"), texts("case.places.caption"), columns, [False, True], rows
    )


def _chosen(case: Case, texts: Texts) -> str:
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


def _shared(case: Case, internal: bool, texts: Texts) -> str:
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


def _method(case: Case, internal: bool, texts: Texts) -> list[tuple[str, str]]:
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
    case: Case, provenance: Provenance | None, texts: Texts
) -> list[tuple[str, str]]:
    info = origin_of(case.sightings, _options(case), provenance)
    return [*stated_rows(info, case.synthetic, texts), *provenance_rows(info, texts)]
