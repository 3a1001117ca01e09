"""What may be shown: a report's tables and findings with what tells of few vehicles gone.

One decision for page, findings and tables: whatever of them is written, the same figures are
withheld everywhere.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analyzer import charts
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.report.areas import join_zones
from analyzer.report.content import FLOW_COLUMNS, ZONE_COLUMNS, Finding, ReportInput
from analyzer.report.disclosure import coarsen_positions, suppress
from analyzer.report.findings import publishable_data
from analyzer.report.publication import make_safe
from analyzer.report.tables import clean_text, is_missing

PER_VEHICLE_COLUMNS = frozenset({"vehicle", "vehicle_a", "vehicle_b", "plate"})

_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Publishable:
    """A report as it may be shown: small counts gone, positions coarse.

    Attributes
    ----------
    tables : dict of str to DataFrame
        All that is written as CSV, the ones above among them.
    withheld_findings : frozenset of str
        Names of findings whose figure may not be shown.
    withheld : tuple of str
        What was taken out because it would give few vehicles away together with the rest.
    """

    unicity_curve: pd.DataFrame
    retention: pd.DataFrame
    zones: pd.DataFrame
    flows: pd.DataFrame
    flow_ends: pd.DataFrame
    flow_width_m: int
    quality: pd.DataFrame
    hidden_zones: int
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    withheld_findings: frozenset[str] = frozenset()
    withheld: tuple[str, ...] = ()


def publishable(report: ReportInput, *, k: int) -> Publishable:
    """Take out of a report's tables what may not be shown.

    Parameters
    ----------
    report : ReportInput
        What was measured.
    k : int
        Smallest count of vehicles that may be shown.

    Returns
    -------
    Publishable

    Raises
    ------
    UsageError
        If k is under 5 or a count is not whole.
    """
    zones = frame_or_empty(report.zones, ZONE_COLUMNS)
    shown = _zones_to_show(zones, k)
    lat, lon = coarsen_positions(shown["lat"], shown["lon"])
    curve = frame_or_empty(report.unicity_curve, charts.UNICITY_COLUMNS)
    sweep = frame_or_empty(report.retention, charts.RETENTION_COLUMNS)
    zones_shown = shown.assign(lat=lat, lon=lon)
    areas = join_zones(zones, zones_shown, frame_or_empty(report.flows, FLOW_COLUMNS), k)
    shares = {"unicity_curve": without_small(curve, k), "retention": without_small(sweep, k)}
    # The tables whose counts everything else is held against come first.
    tables = {
        **{name: frame for name, frame in shares.items() if len(frame)},
        **_further_tables(report.tables, k),
    }
    if report.further is not None and len(report.further):
        if "further_risks" in tables:
            raise UsageError("the table 'further_risks' is written by the report; rename it")
        # What is withheld has no row: in this table each row is a sentence with its figure.
        further = without_small(report.further, k)
        further = further[further["value"].notna()].reset_index(drop=True)
        if len(further):
            tables["further_risks"] = further
    if len(zones_shown):
        tables["zones"] = zones_shown[list(ZONE_COLUMNS)]
    if len(areas.flows):
        tables["flows"] = name_flows(areas.flows, areas.ends)
    tables, cells = make_safe(tables, publishable_data(report.data, k), k)
    gone = [_figure_of(shares.get(cell.table), cell, report.tables) for cell in cells]
    kept = tables.get("zones", zones_shown)
    quality = _quality_rows(report.data)
    if len(quality):
        tables["quality"] = quality
    return Publishable(
        unicity_curve=tables.get("unicity_curve", shares["unicity_curve"]),
        retention=tables.get("retention", shares["retention"]),
        zones=zones_shown[zones_shown["zone"].isin(kept["zone"])].reset_index(drop=True),
        flows=tables.get("flows", areas.flows)[list(FLOW_COLUMNS)],
        flow_ends=areas.ends,
        flow_width_m=areas.width_m,
        quality=quality,
        hidden_zones=len(zones) - len(kept),
        tables={name: frame.reset_index(drop=True) for name, frame in tables.items()},
        withheld_findings=_withheld_findings(report.findings, gone, k),
        withheld=tuple(f"{cell.table}, {_row_name(tables, cell)}" for cell in cells),
    )


def warn_of_withheld(shown: Publishable, k: int) -> None:
    """Say which figures are withheld for the sake of others."""
    if shown.withheld:
        warnings.warn(withheld_sentence(shown.withheld, k), UserWarning, stacklevel=3)


def withheld_sentence(withheld: Sequence[str], k: int) -> str:
    """Say which figures are withheld for the sake of others.

    Examples
    --------
    >>> withheld_sentence(["zones, row 3"], 10)
    '1 figure is withheld: with others it would give fewer than 10 vehicles away (zones, row 3).'
    """
    number = len(withheld)
    subject, they = ("1 figure is", "it") if number == 1 else (f"{number} figures are", "they")
    return (
        f"{subject} withheld: with others {they} would give fewer than {k} vehicles away "
        f"({'; '.join(withheld)})."
    )


def _row_name(tables: Mapping[str, pd.DataFrame], cell: Any) -> str:
    frame = tables[cell.table]
    if cell.row not in frame.index:
        return f"row {cell.row}"
    row = frame.loc[cell.row]
    words = {"unicity_curve": ["points"], "retention": ["risk", "window"], "inferred":
             ["inferred", "of"]}.get(cell.table, [])  # fmt: skip
    said = [f"{name} {row[name]}" for name in words if name in row]
    return " ".join([*said, cell.column]) if said else f"row {cell.row} {cell.column}"


def _figure_of(frame: pd.DataFrame | None, cell: Any, others: Mapping) -> Estimate | None:
    """The figure that was withheld, as it stood before."""
    frame = others.get(cell.table) if frame is None else frame
    if frame is None or cell.row not in frame.index or not {"value", "n"} <= set(frame.columns):
        return None
    row = frame.loc[cell.row]
    if is_missing(row["value"]) or cell.column != "value":
        return None
    return Estimate(*(float(row[name]) for name in ("value", "low", "high")), int(row["n"]), "")


def _withheld_findings(
    findings: Sequence[Finding], gone: Sequence[Estimate | None], k: int
) -> frozenset[str]:
    """Name the findings that tell of few, or spell a figure that is withheld in a table."""
    spelt = {figure.percent() for figure in gone if figure is not None}
    spelt |= {figure.percent("vehicles") for figure in gone if figure is not None}
    known = {(figure.value, figure.n) for figure in gone if figure is not None}
    return frozenset(
        each.id
        for each in findings
        if any(text in each.sentence for text in spelt)
        or (each.estimate is not None and (
            0 < each.estimate.n < k
            or each.estimate.tells_of_few(k)
            or (each.estimate.value, each.estimate.n) in known))
    )  # fmt: skip


def _zones_to_show(zones: pd.DataFrame, k: int) -> pd.DataFrame:
    """The zones whose vehicles may be shown, with their sightings.

    All sightings less those of the zones that are shown are those of the hidden ones; a vehicle in
    a hidden zone is seen there once at least. So more zones are hidden, the emptiest first, until
    what is left for each is k sightings or none.
    """
    shown = suppress(zones, "vehicles", k)
    hidden = shown["vehicles"].isna().to_numpy(copy=True)
    sightings = zones["sightings"].fillna(0).to_numpy()
    while hidden.any() and not hidden.all() and sightings[hidden].sum() - hidden.sum() + 1 < k:
        hidden[min((sightings[at], at) for at in range(len(zones)) if not hidden[at])[1]] = True
    return shown[~hidden].reset_index(drop=True)


def _further_tables(tables: Mapping[str, pd.DataFrame], k: int) -> dict[str, pd.DataFrame]:
    shown = {}
    for name, frame in tables.items():
        if name in ("unicity_curve", "retention", "quality", "zones", "flows"):
            raise UsageError(f"the table {name!r} is written by the report itself; rename it")
        shown[checked_name(name)] = publishable_table(name, frame, k)
    return shown


def checked_name(name: str) -> str:
    """Return the name of a table if it can be a file name.

    Raises
    ------
    UsageError
        If it cannot.
    """
    if not _TABLE_NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a table; use lower case letters, digits and '_'")
    return name


def publishable_table(name: str, frame: pd.DataFrame, k: int) -> pd.DataFrame:
    """Give an aggregated table as it may be shown: no row of few vehicles, no such share.

    Raises
    ------
    UsageError
        If the table has one row a vehicle.
    """
    private = PER_VEHICLE_COLUMNS.intersection(map(str, frame.columns))
    if private:
        raise UsageError(
            f"the table {name!r} has one row a vehicle (column {sorted(private)[0]!r}); "
            "give it as an internal table and write the report with internal=True"
        )
    if "vehicles" in frame:
        frame = suppress(frame, "vehicles", k)
        frame = frame[frame["vehicles"].notna()].reset_index(drop=True)
    if {"value", "n"} <= set(frame.columns):
        frame = without_small(frame, k)
    if {"lat", "lon"} <= set(frame.columns):
        lat, lon = coarsen_positions(frame["lat"], frame["lon"])
        frame = frame.assign(lat=lat, lon=lon)
    return frame


def name_flows(flows: pd.DataFrame, zones: pd.DataFrame) -> pd.DataFrame:
    """Put zones' names beside their numbers, largest flow first.

    Examples
    --------
    >>> flows = pd.DataFrame({"origin": [1], "destination": [2], "vehicles": [12]})
    >>> zones = pd.DataFrame({"zone": [1, 2], "name": ["A", "B"]})
    >>> name_flows(flows, zones)["destination_name"].tolist()
    ['B']
    """
    names = {int(zone): clean_text(name) for zone, name in zip(zones["zone"], zones["name"],
                                                               strict=True)}
    ordered = flows.sort_values(["vehicles", "origin", "destination"],
                                ascending=[False, True, True])
    named = {
        f"{end}_name": [names.get(int(zone), str(zone)) for zone in ordered[end]]
        for end in ("origin", "destination")
    }
    return ordered.assign(**named).reset_index(drop=True)


def _quality_rows(data: Any) -> pd.DataFrame:
    columns = ["outcome", "reason", "rows"]
    if is_missing(data.get("rows_read")):
        return pd.DataFrame(columns=columns)
    rows = [("kept", "", data.get("rows_kept")), ("merged", "", data.get("rows_merged"))]
    reasons = dict(data.get("rejected_by_reason") or {})
    if reasons:
        ordered = sorted(reasons.items(), key=lambda item: (-item[1], str(item[0])))
        rows += [("rejected", clean_text(reason), count) for reason, count in ordered]
    else:
        rows.append(("rejected", "", data.get("rows_rejected")))
    return pd.DataFrame(
        [(outcome, reason, int(count or 0)) for outcome, reason, count in rows], columns=columns
    )


def without_small(frame: pd.DataFrame, k: int) -> pd.DataFrame:
    """Give a table of shares without those that stand for few, or for all but few.

    Parameters
    ----------
    frame : DataFrame
        ``value``, ``n``, and, where there are, ``low``, ``high``, ``baseline``, ``method``, the
        same with ``_in_window``, ``exposed_vehicles`` (a share of the same n), ``added_per_day``.
    k : int
        Smallest count of vehicles that may be shown.

    Examples
    --------
    >>> frame = pd.DataFrame({"value": [0.5, 0.995, 0.005], "n": 400})
    >>> without_small(frame, 10)["value"].tolist()
    [0.5, 0.975, nan]
    """
    frame = frame.copy()
    numbers = [
        name for name in ("value", "low", "high", "baseline", "value_in_window", "low_in_window",
                          "high_in_window", "exposed_vehicles", "added_per_day")
        if name in frame
    ]  # fmt: skip
    frame[numbers] = frame[numbers].astype(float)
    few = _stands_for_few(frame["n"], k)
    for name in [*numbers, "n"]:
        frame[name] = frame[name].mask(few)
    in_window = [name for name in numbers if name.endswith("_in_window")]
    for at, row in enumerate(frame.to_dict("records")):
        label = frame.index[at]
        if is_missing(row["n"]) or is_missing(row["value"]) or not 0 <= row["value"] <= 1:
            continue
        ends = [row.get(name, row["value"]) for name in ("low", "high")]
        method = "" if is_missing(row.get("method")) else str(row["method"])
        given = Estimate(float(row["value"]), *ends, int(row["n"]), method)
        shown = given.withheld(k)
        if shown is not given:
            for name in ("value", "low", "high", "method"):
                if name in frame:
                    frame.loc[label, name] = getattr(shown, name)
            frame.loc[label, in_window] = float("nan")
            if "added_per_day" in frame:
                # A step up to a withheld value, or from it, tells the value.
                frame.loc[frame.index[at : at + 2], "added_per_day"] = float("nan")
        if _in_window_tells(row, k):
            frame.loc[label, in_window] = float("nan")
        exposed = row.get("exposed_vehicles")
        if not is_missing(exposed) and _few_or_all_but(exposed * row["n"], row["n"], k):
            frame.loc[label, "exposed_vehicles"] = float("nan")
            frame.loc[label, in_window] = float("nan")
    if "n_in_window" in frame:
        inside = frame["n_in_window"].astype(float)
        rest = frame["n"].astype(float) - inside
        frame["n_in_window"] = inside.mask(_stands_for_few(inside, k) | _stands_for_few(rest, k))
    return frame


def _in_window_tells(row: Mapping[str, Any], k: int) -> bool:
    value = row.get("value_in_window")
    if is_missing(value) or is_missing(row.get("n_in_window")):
        return False
    exposed = row.get("exposed_vehicles")
    whole = row["n_in_window"] if is_missing(exposed) else exposed * row["n"]
    return _few_or_all_but(value * whole, whole, k)


def _few_or_all_but(count: float, whole: float, k: int) -> bool:
    return 0 < round(count) < k or 0 < round(whole - count) < k


def _stands_for_few(count: pd.Series, k: int) -> pd.Series:
    return (count.fillna(0) > 0) & (count.fillna(0) < k)


def frame_or_empty(frame: pd.DataFrame | None, columns: Sequence[str]) -> pd.DataFrame:
    """The frame, or an empty one with its columns; a frame that lacks a column is an error."""
    if frame is None or frame.empty:
        return pd.DataFrame({name: pd.Series(dtype="float64") for name in columns})
    missing = [name for name in columns if name not in frame]
    if missing:
        raise ValueError(f"a table of the report lacks {', '.join(missing)}")
    return frame
