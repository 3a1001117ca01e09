"""Charts: tidy frames in, matplotlib figures out, in one calm style.

One accent colour carries the measured figure; everything it is compared with is grey and differs in
line and marker too, so that no chart depends on telling two hues apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.chart_shares import (
    are_bounds,
    draw_bounds,
    draw_chance,
    draw_measured,
    finish_shares,
)
from analyzer.chart_style import ACCENT, INK, LINES, MUTED, NARROW, PAPER, SERIES, WIDE, in_style
from analyzer.chart_writing import png_file
from analyzer.result import draw_in_notebooks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UNICITY_COLUMNS = ("points", "value", "low", "high", "n", "baseline")
RETENTION_COLUMNS = ("window", "days", "status", "value", "low", "high", "n", "baseline")
MEASURED, ONE_LEAK_DAY, NOT_MEASURABLE = "measured", "one leak day", "not measurable"

ENGLISH = {
    "points": "Sightings of a vehicle that are known",
    "singled_out": "Vehicles singled out",
    "measured": "measured",
    "chance": "by chance alone",
    "left": "among vehicles left in the window",
    "window": "Days for which sightings are kept",
    "one_leak_day": "fewer than three separate leak days",
    "bound": "more than this",
    "over": "over {share} %",
    "open_for": "open for {days} days",
    "rows": "Rows",
    "interval": "95 % interval",
    "separator": ",",
}
"""Words on the charts; pass another mapping as `labels` to draw in another language."""

OTHERS = (("s", "--"), ("^", ":"), ("D", "-."))
"""Marker and line of what a measured curve is compared with."""


def unicity_curve(
    frame: pd.DataFrame,
    *,
    axes: Axes | None = None,
    narrow: bool = False,
    labels: Mapping[str, str] = ENGLISH,
) -> Figure:
    """Draw the share of vehicles singled out against the number of sightings known.

    Parameters
    ----------
    frame : DataFrame
        Columns ``points``, ``value``, ``low``, ``high`` (shares of 1), ``n`` (targets),
        ``baseline`` (share of 1 or missing); one row for each number of points. Where ``method``
        stands there too, shares that are bounds from below are drawn as arrows, without interval.
    axes : Axes, optional
        Where to draw; a new figure is made otherwise.
    narrow : bool
        Make the figure for a telephone.
    labels : mapping
        Words on the chart.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> curve = pd.DataFrame({"points": [1, 2], "value": [0.1, 0.5], "low": [0.05, 0.4],
    ...                       "high": [0.2, 0.6], "n": [100, 100], "baseline": [0.01, 0.01]})
    >>> unicity_curve(curve).axes[0].get_xlabel()
    'Sightings of a vehicle that are known'
    """
    _require(frame, UNICITY_COLUMNS)
    rows = frame.dropna(subset=["value"]).sort_values("points")
    with in_style():
        axes = _new_axes(narrow) if axes is None else axes
        x = rows["points"].to_numpy(float)
        draw_measured(axes, x, rows, labels)
        draw_chance(axes, x, rows, labels)
        axes.set_xticks(x, [f"{points:g}" for points in x])
        axes.set_xlabel(labels["points"])
        finish_shares(axes, labels["singled_out"], x)
    return axes.figure


def retention_curve(
    frame: pd.DataFrame,
    *,
    axes: Axes | None = None,
    narrow: bool = False,
    labels: Mapping[str, str] = ENGLISH,
) -> Figure:
    """Draw the share of vehicles singled out against how long sightings are kept.

    Windows longer than the data are left out, never extrapolated; windows with one leak day only
    are drawn with a hollow marker.

    Parameters
    ----------
    frame : DataFrame
        Columns ``window`` (text), ``days``, ``status`` ("measured", "one leak day", "not
        measurable"), ``value``, ``low``, ``high``, ``n``, ``baseline`` and, if known,
        ``value_in_window`` and ``method``.
    axes, narrow, labels
        As for `unicity_curve`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> sweep = pd.DataFrame({"window": ["1D", "7D"], "days": [1.0, 7.0], "status": "measured",
    ...     "value": [0.0, 0.4], "low": [0.0, 0.3], "high": [0.1, 0.5], "n": [50, 50],
    ...     "baseline": [None, None]})
    >>> [tick.get_text() for tick in retention_curve(sweep).axes[0].get_xticklabels()]
    ['1', '7']
    """
    _require(frame, RETENTION_COLUMNS)
    rows = frame[frame["status"] != NOT_MEASURABLE].dropna(subset=["value"]).sort_values("days")
    with in_style():
        axes = _new_axes(narrow) if axes is None else axes
        # Windows grow by factors (1, 7, 30, 180 days): on a linear axis all but two would be one
        # blot.
        x = np.log(rows["days"].to_numpy(float))
        draw_measured(axes, x, rows, labels)
        hollow = (rows["status"] == ONE_LEAK_DAY).to_numpy()
        if hollow.any():
            axes.plot(x[hollow], rows["value"].to_numpy(float)[hollow], "o", color=ACCENT, ms=6.5,
                      markerfacecolor=PAPER, markeredgewidth=1.6, label=labels["one_leak_day"])
        if "value_in_window" in rows and rows["value_in_window"].notna().any():
            axes.plot(x, rows["value_in_window"].to_numpy(float), "s:", color=MUTED, lw=1.2, ms=4,
                      label=labels["left"])
        draw_chance(axes, x, rows, labels)
        axes.set_xticks(x, [f"{days:g}" for days in rows["days"]])
        axes.set_xlabel(labels["window"])
        finish_shares(axes, labels["singled_out"], x)
    return axes.figure


def open_store_curves(
    frame: pd.DataFrame,
    *,
    axes: Axes | None = None,
    narrow: bool = False,
    labels: Mapping[str, str] = ENGLISH,
) -> Figure:
    """Draw retention curves of a store that stood open for several lengths of time.

    The store that stood open for the shortest time carries the accent and its intervals; the others
    are grey, each with a line and marker of its own.

    Parameters
    ----------
    frame : DataFrame
        ``open_days``, and the columns of `retention_curve`.
    axes, narrow, labels
        As for `unicity_curve`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> curve = pd.DataFrame({"window": ["1D", "7D"], "days": [1.0, 7.0], "status": "measured",
    ...     "value": [0.0, 0.4], "low": [0.0, 0.3], "high": [0.1, 0.5], "n": [50, 50],
    ...     "baseline": [None, None]})
    >>> both = pd.concat([curve.assign(open_days=0), curve.assign(open_days=30, value=0.9)])
    >>> [text.get_text() for text in open_store_curves(both).axes[0].get_legend().get_texts()]
    ['measured', 'open for 30 days']
    """
    _require(frame, ("open_days", *RETENTION_COLUMNS))
    lengths = sorted(frame["open_days"].unique())
    closed = frame[frame["open_days"] == lengths[0]].drop(
        columns="value_in_window", errors="ignore"
    )
    figure = retention_curve(closed, axes=axes, narrow=narrow, labels=labels)
    axes = figure.axes[0] if axes is None else axes
    with in_style():
        for number, days in enumerate(lengths[1:]):
            rows = frame[(frame["open_days"] == days) & (frame["status"] != NOT_MEASURABLE)]
            rows = rows.dropna(subset=["value"]).sort_values("days")
            marker, line = OTHERS[number % len(OTHERS)]
            axes.plot(
                np.log(rows["days"].to_numpy(float)),
                rows["value"].to_numpy(float),
                marker=marker, linestyle=line, color=MUTED, lw=1.3, ms=4.5,
                label=labels["open_for"].format(days=f"{days:g}"),
            )  # fmt: skip
            x = np.log(rows["days"].to_numpy(float))
            draw_bounds(axes, x, rows["value"].to_numpy(float), are_bounds(rows), MUTED)
        x = np.log(closed.dropna(subset=["value"])["days"].to_numpy(float))
        finish_shares(axes, labels["singled_out"], x)
    return figure


def risk_curves(frame: pd.DataFrame, names: Mapping[str, str]) -> Figure:
    """Draw several risks against how long sightings are kept, each with its interval.

    Parameters
    ----------
    frame : DataFrame
        ``risk``, and the columns of `retention_curve`.
    names : mapping
        What to call each risk, in the order in which they are drawn.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> curve = pd.DataFrame({"risk": "homes", "window": ["1D", "7D"], "days": [1.0, 7.0],
    ...     "status": "measured", "value": [0.0, 0.4], "low": [0.0, 0.3], "high": [0.1, 0.5],
    ...     "n": [50, 50], "baseline": [None, None]})
    >>> both = pd.concat([curve, curve.assign(risk="works", value=0.2)])
    >>> drawn = risk_curves(both, {"homes": "home inferred", "works": "work place inferred"})
    >>> [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    ['home inferred', 'work place inferred']
    """
    _require(frame, ("risk", *RETENTION_COLUMNS))
    shown = frame[frame["status"] != NOT_MEASURABLE].dropna(subset=["value"])
    few = False
    with in_style():
        axes = _new_axes(narrow=False)
        for number, (risk, name) in enumerate(names.items()):
            rows = shown[shown["risk"] == risk].sort_values("days")
            x = np.log(rows["days"].to_numpy(float))
            value, low, high = (rows[each].to_numpy(float) for each in ("value", "low", "high"))
            colour, bound = SERIES[number % len(SERIES)], are_bounds(rows)
            hollow = (rows["status"] == ONE_LEAK_DAY).to_numpy()
            few |= bool(hollow.any())
            axes.vlines(x[~bound], low[~bound], high[~bound], color=colour, lw=1.4)
            axes.plot(x, value, color=colour, ls=LINES[number % len(LINES)], lw=1.8, marker="o",
                      ms=5.5, label=_literal(name))
            axes.plot(x[hollow], value[hollow], "o", color=colour, ms=5.5, markerfacecolor=PAPER,
                      markeredgewidth=1.6)
            draw_bounds(axes, x, value, bound, colour)
        if few:
            axes.plot([], [], "o", color=INK, ms=5.5, markerfacecolor=PAPER, markeredgewidth=1.6,
                      label=ENGLISH["one_leak_day"])
        days = np.sort(shown["days"].unique()).astype(float)
        axes.set_xticks(np.log(days), [f"{each:g}" for each in days])
        axes.set_xlabel(ENGLISH["window"])
        finish_shares(axes, "Vehicles", np.log(days))
    return axes.figure


def row_account(
    frame: pd.DataFrame,
    *,
    axes: Axes | None = None,
    narrow: bool = False,
    labels: Mapping[str, str] = ENGLISH,
) -> Figure:
    """Draw how many rows were kept, merged and rejected, as bars.

    Parameters
    ----------
    frame : DataFrame
        Columns ``name`` (text) and ``rows`` (count); the first row takes the accent colour.
    axes, narrow, labels
        As for `unicity_curve`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> row_account(pd.DataFrame({"name": ["kept"], "rows": [7]})).axes[0].get_xlabel()
    'Rows'
    """
    _require(frame, ("name", "rows"))
    with in_style():
        height = 0.75 + 0.36 * max(len(frame), 1)
        axes = _new_axes(narrow, height=height) if axes is None else axes
        positions = np.arange(len(frame))
        counts = frame["rows"].to_numpy(float)
        colours = [ACCENT if at == 0 else MUTED for at in positions]
        axes.barh(positions, counts, color=colours, height=0.62)
        for at, count in zip(positions, counts, strict=True):
            written = f"{count:,.0f}".replace(",", labels["separator"])
            axes.annotate(written, (count, at), xytext=(5, 0), textcoords="offset points",
                          va="center", color=INK, fontsize=9.5)
        axes.set_yticks(positions, [_literal(name) for name in frame["name"]])
        axes.invert_yaxis()
        axes.set_xlim(0, max(counts.max(initial=0.0), 1.0) * 1.22)
        axes.set_xticks([])
        axes.grid(False)
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel(labels["rows"])
    return axes.figure


def new_axes() -> Axes:
    """Make axes in the style of all charts, for a result to draw itself.

    Lines drawn one after the other differ in colour and in line.

    Examples
    --------
    >>> [line.get_linestyle() for line in new_axes().plot([0, 1], [[0, 1], [1, 2]])]
    ['-', '--']
    """
    with in_style():
        return _new_axes(narrow=False)


def _new_axes(narrow: bool, height: float | None = None) -> Axes:
    from matplotlib.figure import Figure

    width, default = NARROW if narrow else WIDE
    figure = Figure(figsize=(width, height or default), layout="constrained")
    draw_in_notebooks(png_file)
    return figure.subplots()


def _literal(text: object) -> str:
    # A dollar sign in the data would switch matplotlib to its formula language, and fail there.
    return str(text).replace("$", r"\$")


def _require(frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"the frame to draw lacks {', '.join(missing)}")
