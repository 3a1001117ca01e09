"""How shares of vehicles are drawn: values, intervals, bounds, what chance gives, the per cents."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.chart_style import ACCENT, MUTED
from analyzer.estimate import ALL_BUT_FEW, bound_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def are_bounds(rows: pd.DataFrame) -> np.ndarray:
    """Say of each row whether its value is a bound from below, because those left out are few.

    Examples
    --------
    >>> are_bounds(pd.DataFrame({"value": [0.5]})).tolist()
    [False]
    """
    if "method" not in rows:
        return np.zeros(len(rows), bool)
    return np.array([str(method).startswith(ALL_BUT_FEW) for method in rows["method"]], bool)


def draw_measured(
    axes: Axes, x: np.ndarray, rows: pd.DataFrame, labels: Mapping[str, str]
) -> None:
    """Draw the measured shares with their intervals; the last one is written out."""
    value, low, high = (rows[name].to_numpy(float) for name in ("value", "low", "high"))
    bound = are_bounds(rows)
    # All that is above a bound is no interval.
    low, high = np.where(bound, np.nan, low), np.where(bound, np.nan, high)
    if len(x) > 1:
        axes.fill_between(x, low, high, color=ACCENT, alpha=0.16, lw=0)
    axes.vlines(x[~bound], low[~bound], high[~bound], color=ACCENT, lw=1.4)
    axes.plot(x, value, "o-", color=ACCENT, lw=2.2, ms=5.5, label=labels["measured"])
    draw_bounds(axes, x, value, bound, ACCENT, labels["bound"])
    if len(x):
        # Only the last point is written out: the table behind the chart has them all.
        written = f"{100 * value[-1]:.0f} %"
        if bound[-1]:
            floor, digits = bound_percent(value[-1])
            written = labels["over"].format(share=f"{floor:.{digits}f}")
        axes.annotate(written, (x[-1], value[-1]), xytext=(9, 0), ha="left",
                      textcoords="offset points", va="center", color=ACCENT, fontweight="bold",
                      annotation_clip=False)


def draw_bounds(
    axes: Axes,
    x: np.ndarray,
    value: np.ndarray,
    bound: np.ndarray,
    colour: str,
    label: str | None = None,
) -> None:
    """Draw arrows up from the values that are bounds from below."""
    if bound.any():
        reach = np.minimum(0.07, 1.03 - value[bound])
        axes.errorbar(x[bound], value[bound], yerr=reach, lolims=True, fmt="none", color=colour,
                      lw=1.8, capsize=3)
        if label is not None:
            # In a legend an arrow would look like an interval.
            axes.plot([], [], "^", color=colour, ms=6, label=label)


def draw_chance(axes: Axes, x: np.ndarray, rows: pd.DataFrame, labels: Mapping[str, str]) -> None:
    """Draw what chance alone would give, where that is known."""
    chance = pd.to_numeric(rows["baseline"], errors="coerce").to_numpy(float)
    if np.isfinite(chance).any():
        axes.plot(x, chance, "--", color=MUTED, lw=1.4, label=labels["chance"])


def finish_shares(axes: Axes, label: str, x: np.ndarray) -> None:
    """Give axes of shares their per cents, their margins, and a legend where several are drawn."""
    axes.set_ylim(0, 1.04)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_yticks(ticks, [f"{100 * tick:.0f} %" for tick in ticks])
    axes.set_ylabel(label)
    axes.grid(False, axis="x")
    span = (x.max() - x.min()) if len(x) > 1 else 1.0
    if len(x):
        axes.set_xlim(x.min() - 0.05 * span, x.max() + 0.11 * span)
    if len(axes.get_legend_handles_labels()[1]) > 1:
        narrow = axes.figure.get_figwidth() < 5
        legend = axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=1 if narrow else 2, borderpad=0,
            fontsize=9.5, borderaxespad=0.3, handlelength=2.0, columnspacing=1.4,
        )  # fmt: skip
        for text in legend.get_texts():
            # What does not fit in one line would be cut off.
            text.set_text(textwrap.fill(text.get_text(), 28 if narrow else 36))
