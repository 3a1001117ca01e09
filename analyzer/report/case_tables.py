"""The tables of a case, and the hours on its clock: as they may be published, or as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.report import case_map
from analyzer.report.case_content import CaseContent, share_bounds
from analyzer.report.sections import MOST_ROWS, PageTable
from analyzer.report.shared import PERIOD_HOURS, PERIODS
from analyzer.report.shared_facts import RADII_KM
from analyzer.report.tables import clean_text
from analyzer.report.texts import Texts
from analyzer.report.week_clock import Cell
from analyzer.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from analyzer.report.shared_facts import SharedStep
    from analyzer.risk.vehicle_story import Place

_MONDAY = 4


def public_known(case: CaseContent, texts: Texts) -> PageTable:
    """What becomes known at each step, as far as k vehicles share it."""
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


def known_table(case: CaseContent, texts: Texts) -> PageTable:
    """What becomes known at each step (internal)."""
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


def public_week(case: CaseContent, texts: Texts) -> tuple[list[Cell], PageTable]:
    """The periods of the week that are shared: cells of the clock, and their table."""
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


def precise_week(case: CaseContent, texts: Texts) -> tuple[list[Cell], PageTable]:
    """The hours of the week, step by step: cells of the clock, and their table (internal)."""
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


def places_table(case: CaseContent, texts: Texts) -> PageTable | None:
    """The zones and ways that are shared; None where there are none."""
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


def cameras_table(case: CaseContent, texts: Texts) -> PageTable | None:
    """The cameras that saw the vehicle, the most frequent first (internal)."""
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


def _radius(place: Place, texts: Texts) -> str:
    if np.isnan(place.radius_m):
        return texts("case.inferred")
    return texts("case.km", n=texts.number(max(place.radius_m / 1_000, 1)))
