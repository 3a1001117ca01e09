"""What may be shown: a report's tables with small counts gone and positions coarse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analyzer import charts
from analyzer.report.areas import join_zones
from analyzer.report.content import FLOW_COLUMNS, ZONE_COLUMNS, ReportInput
from analyzer.report.disclosure import coarsen_positions, suppress
from analyzer.report.tables import clean_text, is_missing


@dataclass(frozen=True)
class Publishable:
    """A report's tables as they may be shown: small counts gone, positions coarse."""

    unicity_curve: pd.DataFrame
    retention: pd.DataFrame
    zones: pd.DataFrame
    flows: pd.DataFrame
    flow_ends: pd.DataFrame
    flow_width_m: int
    quality: pd.DataFrame
    hidden_zones: int


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
    shown = suppress(zones, "vehicles", k)
    shown = shown[shown["vehicles"].notna()].reset_index(drop=True)
    lat, lon = coarsen_positions(shown["lat"], shown["lon"])
    curve = frame_or_empty(report.unicity_curve, charts.UNICITY_COLUMNS)
    sweep = frame_or_empty(report.retention, charts.RETENTION_COLUMNS)
    zones_shown = shown.assign(lat=lat, lon=lon)
    areas = join_zones(zones, zones_shown, frame_or_empty(report.flows, FLOW_COLUMNS), k)
    return Publishable(
        unicity_curve=_without_small(curve, k),
        retention=_without_small(sweep, k),
        zones=zones_shown,
        flows=areas.flows,
        flow_ends=areas.ends,
        flow_width_m=areas.width_m,
        quality=_quality_rows(report.data),
        hidden_zones=len(zones) - len(shown),
    )


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


def _without_small(frame: pd.DataFrame, k: int) -> pd.DataFrame:
    few = _stands_for_few(frame["n"], k)
    held = ["value", "low", "high", "n", "baseline", "value_in_window"]
    frame = frame.assign(**{name: frame[name].mask(few) for name in held if name in frame})
    # A share of many vehicles can still stand for few of them.
    for ending in ("", "_in_window"):
        value, n = f"value{ending}", f"n{ending}"
        if value in frame and n in frame:
            few = _stands_for_few((frame[value] * frame[n]).round(), k)
            ends = [name for name in (value, f"low{ending}", f"high{ending}") if name in frame]
            frame = frame.assign(**{name: frame[name].mask(few) for name in ends})
    return frame


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
