"""Sections: the parts of a report's page, each with its words, pictures and tables.

A part that could not be measured says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analyzer import charts
from analyzer.chart_writing import svg
from analyzer.estimate import ALL_BUT_FEW, Estimate
from analyzer.report import maps
from analyzer.report.content import ZONE_COLUMNS, ReportInput
from analyzer.report.findings import publishable_data
from analyzer.report.publishable import Publishable, frame_or_empty, name_flows
from analyzer.report.tables import clean_text, is_missing
from analyzer.report.texts import Texts

MOST_ROWS = 400
"""Longest table in a page; the CSV beside it has all rows."""


@dataclass(frozen=True)
class PageTable:
    """A table in a page: labels, whether a column holds numbers, and cells as text.

    `of` says of how many vehicles the shares of a column are, where no column says it: a check of
    what is published reads it.
    """

    summary: str
    caption: str
    columns: Sequence[str]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[str]]
    file: str = ""
    note: str = ""
    of: Sequence[int | None] = ()


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, heading, paragraphs, pictures and tables."""

    id: str
    title: str
    paragraphs: Sequence[str] = ()
    wide: str = ""
    narrow: str = ""
    notes: Sequence[str] = ()
    tables: Sequence[PageTable] = field(default_factory=tuple)


def unicity_section(shown: Publishable, texts: Texts) -> Section:
    """How few sightings single a vehicle out: the curve and its table."""
    curve = shown.unicity_curve.sort_values("points")
    measured = curve.dropna(subset=["value"])
    title = texts("unicity.title")
    if measured.empty:
        return Section("unicity", title, [texts("unicity.none")])
    first, last = measured.iloc[0], measured.iloc[-1]
    alt = texts(
        "unicity.alt.one" if len(measured) == 1 else "unicity.alt",
        points=texts.count("known", first["points"]), first=_share(first, texts),
        last_points=texts.count("known", last["points"]), last=_share(last, texts),
    )
    rows = [
        [texts.number(row.points), _share(row._asdict(), texts), texts.interval(row.low, row.high),
         texts.percent(row.baseline), texts.number(row.n)]
        for row in curve.itertuples(index=False)
    ]
    names = ("points", "share", "interval", "baseline", "n")
    table = _table(texts, title, names, rows, "unicity_curve")
    return Section("unicity", title, [texts("unicity.text")],
                   *_pictures(charts.unicity_curve, curve, "unicity", title, alt, texts),
                   tables=[table])


def retention_section(data: Any, shown: Publishable, texts: Texts) -> Section:
    """What keeping sightings longer exposes: the curve, what is not measurable, the table."""
    sweep = shown.retention.sort_values("days")
    measured = sweep[sweep["status"] != charts.NOT_MEASURABLE].dropna(subset=["value"])
    title = texts("retention.title")
    notes = _retention_notes(data, sweep, texts)
    rows = [_retention_row(row, sweep, texts) for row in sweep.to_dict("records")]
    names = ["window", "status", "share", "interval", "baseline", "n"]
    if "value_in_window" in sweep:
        names.append("value_in_window")
    tables = [_table(texts, title, names, rows, "retention")] if rows else []
    if measured.empty:
        return Section("retention", title, [texts("retention.none")], notes=notes, tables=tables)
    first, last = measured.iloc[0], measured.iloc[-1]
    alt = texts(
        "retention.alt.one" if len(measured) == 1 else "retention.alt",
        first_window=window_name(first["days"], first["window"], texts),
        first=_share(first, texts),
        last_window=window_name(last["days"], last["window"], texts),
        last=_share(last, texts),
    )
    return Section("retention", title, [texts("retention.text")],
                   *_pictures(charts.retention_curve, sweep, "retention", title, alt, texts),
                   notes=notes, tables=tables)


def _retention_row(row: dict[str, Any], sweep: pd.DataFrame, texts: Texts) -> list[str]:
    status = f"status.{row['status']}"
    cells = [
        window_name(row["days"], row["window"], texts),
        texts(status) if texts.has(status) else clean_text(row["status"]),
        _share(row, texts), texts.interval(row["low"], row["high"]),
        texts.percent(row["baseline"]), texts.number(row["n"]),
    ]
    return [*cells, texts.percent(row["value_in_window"])] if "value_in_window" in sweep else cells


def _share(row: Mapping[str, Any] | pd.Series, texts: Texts) -> str:
    method = str(row.get("method", ""))
    if is_missing(row["value"]) or not method.startswith(ALL_BUT_FEW):
        return texts.percent(row["value"])
    # A bound from below is rounded down.
    value = Estimate(row["value"], row["low"], row["high"], int(row["n"]), method)
    return texts.figure(value)


def _retention_notes(data: Any, sweep: pd.DataFrame, texts: Texts) -> list[str]:
    notes = []
    for status, key in (
        (charts.NOT_MEASURABLE, "retention.unmeasurable"),
        (charts.ONE_LEAK_DAY, "retention.one_day"),
    ):
        rows = sweep[sweep["status"] == status]
        if rows.empty:
            continue
        windows = ", ".join(
            window_name(days, window, texts)
            for days, window in zip(rows["days"], rows["window"], strict=True)
        )
        days = _days_covered(data)
        if status == charts.NOT_MEASURABLE and days is None:
            key = "retention.unmeasurable.unknown"
        covered = texts.count("days", days) if days is not None else ""
        notes.append(texts(key, windows=windows, days=covered))
    return notes


def further_section(shown: Publishable, texts: Texts) -> Section | None:
    """Further risks as a table that is open, since no chart stands before it."""
    frame = shown.tables.get("further_risks")
    if frame is None or frame.empty:
        return None
    title = texts("further.title")
    rows = [
        [clean_text(row.risk, limit=160), texts(f"criterion.{row.criterion}"),
         _share(row._asdict(), texts), texts.interval(row.low, row.high),
         texts.percent(row.baseline), texts.number(row.n)]
        for row in frame.itertuples(index=False)
        if not is_missing(row.value)
    ]  # fmt: skip
    names = ("risk", "criterion", "value", "interval", "baseline", "n_units")
    table = _table(texts, title, names, rows, "further_risks")
    return Section("further", title, [texts("further.text")], tables=[table])


def map_section(
    report: ReportInput,
    shown: Publishable,
    embedded: maps.EmbeddedMap | None,
    k: int,
    texts: Texts,
) -> Section:
    """What stands around the map: its words, its notes, and the tables behind it."""
    title = texts("map.title")
    given = frame_or_empty(report.zones, ZONE_COLUMNS)
    notes = []
    if embedded is None:
        # Which sentence is true depends on what is missing: positions, or zones that may be shown.
        placed = bool((given["lat"].notna() & given["lon"].notna()).any())
        reason = "map.none.zones" if placed else "map.none.position"
        paragraphs = [texts(reason, k=k)]
    else:
        paragraphs = [texts("map.text", k=k)]
        if embedded.flows_drawn and shown.flow_width_m:
            notes.append(texts("map.areas", width=texts.number(shown.flow_width_m / 1_000)))
        if not embedded.flows_drawn:
            notes.append(texts("map.none.flows", k=k))
        between = int((shown.flows["origin"] != shown.flows["destination"]).sum())
        for drawn, all_of, what in (
            (embedded.flows_drawn, between, "flows"),
            (embedded.zones_drawn, len(shown.zones), "zones"),
        ):
            if 0 < drawn < all_of:
                notes.append(texts("map.thinned", drawn=texts.number(drawn),
                                   all=texts.count(what, all_of)))
    if shown.hidden_zones:
        notes.append(texts("map.hidden.zones", zones=texts.count("zones", shown.hidden_zones)))
    tables = []
    if len(shown.zones):
        ordered = shown.zones.sort_values(["vehicles", "zone"], ascending=[False, True])
        rows = [
            [clean_text(texts.zone(row.name), limit=60), texts.number(row.vehicles),
            texts.number(row.sightings),
             texts.number(row.cameras)]
            for row in ordered.itertuples(index=False)
        ]
        names = ("zone", "vehicles", "sightings", "cameras")
        tables.append(_table(texts, title, names, rows, "zones", texts("table.zones")))
    if len(shown.flows):
        rows = [
            [*(clean_text(texts.zone(end), limit=60) for end in
               (row.origin_name, row.destination_name)), texts.number(row.vehicles)]
            for row in name_flows(shown.flows, shown.flow_ends).itertuples(index=False)
        ]
        names = ("origin", "destination", "vehicles")
        tables.append(_table(texts, title, names, rows, "flows", texts("table.flows"),
                             note=texts("map.hidden.flows", k=k)))
    return Section("map", title, paragraphs, notes=notes, tables=tables)


def quality_section(data: Any, shown: Publishable, k: int, texts: Texts) -> Section:
    """What was read and what became of it: read = kept + rejected + merged."""
    title = texts("quality.title")
    if shown.quality.empty:
        return Section("quality", title, [texts("quality.none")])
    counts = {name: int(data.get(f"rows_{name}", 0) or 0)
              for name in ("read", "kept", "rejected", "merged")}
    written = {name: texts.number(count) for name, count in counts.items()}
    paragraphs = [texts("quality.text", **written)]
    if counts["read"] != counts["kept"] + counts["rejected"] + counts["merged"]:
        paragraphs.append(texts("quality.unbalanced"))
    bars = pd.DataFrame({
        "name": [row_name(row, texts, 28) for row in shown.quality.itertuples(index=False)],
        "rows": shown.quality["rows"],
    })
    alt = texts("quality.alt", **{name: written[name] for name in ("kept", "merged", "rejected")})
    rows = [
        [row_name(row, texts, 120), texts.number(row.rows)]
        for row in shown.quality.itertuples(index=False)
    ]
    facts = []
    for name, value in publishable_data(data, k).items():
        if f"data.{name}" not in FACTS:
            continue
        facts.append([texts(f"data.{name}"), _fact(name, value, data, k, texts)])
    tables = [
        _table(texts, title, ("what", "rows"), rows, "quality"),
        _table(texts, texts("quality.facts"), ("what", "n"), facts, "", texts("quality.facts")),
    ]
    return Section("quality", title, paragraphs,
                   *_pictures(charts.row_account, bars, "quality", title, alt, texts),
                   tables=tables)


FACTS = tuple(
    f"data.{name}"
    for name in ("rows_read", "rows_kept", "rows_merged", "rows_rejected", "vehicles", "cameras",
                 "first_seen", "last_seen", "timezone", "days")
)


def _fact(name: str, value: Any, data: Any, k: int, texts: Texts) -> str:
    if name == "vehicles" and value is None and data.get("vehicles"):
        return texts("under", n=k)
    if isinstance(value, (int, float)):
        return texts.number(value)
    return clean_text(value) if not is_missing(value) else texts("missing")


def row_name(row: Any, texts: Texts, limit: int) -> str:
    """Say what became of some rows: kept, merged, or rejected and why."""
    if row.outcome == "rejected" and row.reason:
        return clean_text(texts("quality.rejected", reason=texts.reason(row.reason)), limit=limit)
    key = "quality.rejected.plain" if row.outcome == "rejected" else f"quality.{row.outcome}"
    return texts(key)


def _table(
    texts: Texts,
    caption: str,
    names: Sequence[str],
    rows: list[list[str]],
    file: str,
    summary: str = "",
    note: str = "",
) -> PageTable:
    words = {"window", "status", "zone", "origin", "destination", "what", "risk", "criterion"}
    summary = summary or texts("table.show")
    headed = [texts(f"column.{name}") for name in names]
    if file == "":
        headed[-1] = ""
    if len(rows) > MOST_ROWS:
        note = " ".join([note, texts("table.cut", shown=texts.number(MOST_ROWS),
                                     all=texts.number(len(rows)))]).strip()
    return PageTable(summary, caption, headed, [name not in words for name in names],
                     rows[:MOST_ROWS], f"tables/{file}.csv" if file else "", note)


def _pictures(
    draw: Any, frame: pd.DataFrame, name: str, title: str, alt: str, texts: Texts
) -> tuple[Any, Any]:
    # One picture cannot serve a desk and a telephone: shrunk letters are unreadable.
    pictures = []
    for narrow in (False, True):
        figure = draw(frame, narrow=narrow, labels=texts.labels())
        text = svg(figure, name=f"{name}-{'narrow' if narrow else 'wide'}", title=title,
                          description=alt)
        pictures.append(trusted(text))
    return pictures[0], pictures[1]


def window_name(days: Any, window: Any, texts: Texts) -> str:
    """Write a length of keeping, in whole days where it is."""
    if not is_missing(days) and float(days) == int(days):
        return texts.count("days", int(days))
    return clean_text(window)


def _days_covered(data: Any) -> int | None:
    if not is_missing(data.get("days")):
        return int(data["days"])
    if is_missing(data.get("first_seen")) or is_missing(data.get("last_seen")):
        return None
    first, last = pd.Timestamp(data["first_seen"]), pd.Timestamp(data["last_seen"])
    return (last.normalize() - first.normalize()).days + 1


def trusted(text: str) -> Any:
    """Mark text of the package's own making as markup; never text from the data."""
    from markupsafe import Markup

    return Markup(text)
