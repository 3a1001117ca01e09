"""The charts of a report as files: SVG and PNG to print, CSV for Datawrapper and Flourish.

The CSV is tidy: one row a point, headers in the language of the page, shares in percent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer import charts
from analyzer.chart_shares import are_bounds
from analyzer.chart_style import MUTED
from analyzer.chart_writing import png_file, svg_file
from analyzer.report.publishable import Publishable
from analyzer.report.sections import row_name, window_name
from analyzer.report.tables import to_csv
from analyzer.report.texts import Texts

_SHARES = ("value", "low", "high", "baseline", "value_in_window")


def chart_files(shown: Publishable, texts: Texts, *, synthetic: bool) -> dict[str, str | bytes]:
    """Write the charts of what may be shown.

    Parameters
    ----------
    shown : Publishable
        The tables as they may be shown.
    texts : Texts
        The words on charts and in headers.
    synthetic : bool
        Whether the data are; charts and tables then say so.

    Returns
    -------
    dict of str to str or bytes
        ``charts/NAME.svg``, ``.png``, ``.csv``; none for a chart that would be empty.
    """
    files: dict[str, str | bytes] = {}
    curve = shown.unicity_curve.dropna(subset=["value"]).sort_values("points")
    sweep = shown.retention
    sweep = sweep[sweep["status"] != charts.NOT_MEASURABLE].dropna(subset=["value"])
    sweep = sweep.sort_values("days")
    quality = shown.quality
    bars = pd.DataFrame(
        {
            "name": [row_name(row, texts, 28) for row in quality.itertuples(index=False)],
            "rows": quality["rows"],
        }
    )
    windows = [
        window_name(row.days, row.window, texts) for row in sweep.itertuples(index=False)
    ]
    for name, draw, frame, tidy in (
        ("unicity", charts.unicity_curve, curve, _tidy(curve, ["points"], texts)),
        (
            "retention",
            charts.retention_curve,
            sweep,
            _tidy(sweep.assign(window=windows), ["window", "days", "status"], texts),
        ),
        ("rows", charts.row_account, bars, _tidy(bars, ["name"], texts)),
    ):
        if frame.empty:
            continue
        figure = draw(frame, labels=texts.labels())
        if synthetic:
            figure.supxlabel(texts("synthetic.short"), fontsize=8, color=MUTED, x=0.98,
                             ha="right")  # fmt: skip
            tidy[texts("synthetic.short")] = True
        files[f"charts/{name}.svg"] = svg_file(figure)
        files[f"charts/{name}.png"] = png_file(figure)
        files[f"charts/{name}.csv"] = to_csv(tidy)
    return files


def _tidy(frame: pd.DataFrame, keys: list[str], texts: Texts) -> pd.DataFrame:
    columns = {name: frame[name].reset_index(drop=True) for name in keys}
    for name in _SHARES:
        if name in frame and frame[name].notna().any():
            columns[name] = (100 * frame[name].astype(float)).round(4).reset_index(drop=True)
    if "value" in frame and (bound := are_bounds(frame)).any():
        # What else would be taken for the share itself, and the band above it for its interval.
        columns["bound"] = np.where(bound, texts("tidy.bound.yes"), "")
    for name in ("n", "rows"):
        if name in frame:
            columns[name] = frame[name].astype(int).reset_index(drop=True)
    if "status" in columns:
        columns["status"] = [texts(f"status.{status}") for status in columns["status"]]
    return pd.DataFrame(columns).rename(columns={name: texts(f"tidy.{name}") for name in columns})
