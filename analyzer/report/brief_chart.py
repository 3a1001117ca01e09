"""The chart of the brief: the curves, with the rules as marks on their axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer import charts
from analyzer.chart_style import MUTED
from analyzer.chart_writing import svg
from analyzer.policy.open_store import OpenStoreSweep
from analyzer.policy.rules import Rule
from analyzer.report.brief_shares import short_text
from analyzer.report.sections import trusted
from analyzer.report.sentences import window_text
from analyzer.report.tables import clean_text
from analyzer.report.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HALF = 0.5
"""A curve above this leaves room under it, and one below over it, for the names of rules."""


def draw_charts(
    opened: OpenStoreSweep, rules: Sequence[Rule], title: str, texts: Texts
) -> dict[str, Any]:
    """Draw the curves with the rules as marks on their axis, for a page and for a telephone."""
    table = opened.to_pandas()
    table = table[table["risk"] == "unicity"]
    measured = table[table["open_days"] == opened.closed.open_days].dropna(subset=["value"])
    if measured.empty:
        return {}
    last = measured.iloc[-1]
    alt = texts(
        "brief.alt",
        window=window_text(last["window"], texts),
        share=short_text(last, texts),
    )
    drawn = {}
    for width in ("wide", "narrow"):
        narrow = width == "narrow"
        figure = charts.open_store_curves(table, narrow=narrow, labels=texts.labels())
        _thin_ticks(figure.axes[0], 0.08 if narrow else 0.05)
        _mark_rules(figure.axes[0], rules, measured, texts)
        name = f"brief-{width}"
        drawn[width] = trusted(svg(figure, name=name, title=title, description=alt))
    return drawn


def _thin_ticks(axes: Axes, least: float) -> None:
    """Leave out the ticks that would stand on each other, the later ones first kept."""
    at, labels = axes.get_xticks(), [tick.get_text() for tick in axes.get_xticklabels()]
    span = max(at[-1] - at[0], 1e-9) if len(at) else 1.0
    kept: list[int] = []
    for number in reversed(range(len(at))):
        if not kept or at[kept[-1]] - at[number] > least * span:
            kept.append(number)
    axes.set_xticks(at[kept], [labels[number] for number in kept])


def _mark_rules(axes: Axes, rules: Sequence[Rule], curve: pd.DataFrame, texts: Texts) -> None:
    at: dict[float, list[str]] = {}
    for rule in rules:
        if curve["days"].min() <= rule.days <= curve["days"].max():
            # What stands in brackets is in the table; a longer name would be cut here.
            name = texts.rule(rule.jurisdiction).partition(" (")[0]
            at.setdefault(rule.days, []).append(clean_text(name, limit=28))
    for days, names in at.items():
        # Names stand where the curve is not.
        below = np.interp(np.log(days), np.log(curve["days"]), curve["value"]) > HALF
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        axes.axvline(np.log(days), color=MUTED, lw=0.8, ls=":", zorder=0)
        axes.annotate(
            f"{names[0].replace('$', '')}{more}",
            (np.log(days), 0.03 if below else 0.9),
            xytext=(3, 0),
            textcoords="offset points",
            rotation=90,
            color=MUTED,
            fontsize=8,
            va="bottom" if below else "top",
        )
