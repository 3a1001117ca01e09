"""The tables of the brief: what each rule means, the curve, and when half are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyzer.policy.open_store import OpenStoreSweep
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.rules import MARKS, Rule, place_rules
from analyzer.report.brief_shares import common_n, figure_text, headed, is_nested, short_text
from analyzer.report.sections import PageTable
from analyzer.report.sentences import window_text
from analyzer.report.tables import clean_text
from analyzer.report.texts import Texts


def rules_table(sweep: RetentionSweep, rules: Sequence[Rule], texts: Texts) -> PageTable | None:
    """List what each rule would have meant, as far as its length stands on the curve."""
    placed = place_rules(sweep, rules)
    placed = placed[placed["placed"].isin(("measured", "between", "nothing kept"))]
    if placed.empty:
        return None
    marks = {mark: verified for verified, mark in MARKS.items()}
    rows = []
    for row in placed.itertuples():
        if row.placed == "between":
            low, high = (texts.number(100 * end) for end in (row.low, row.high))
            if pd.isna(row.high):
                share = texts("figure.withheld")
            elif low == high:
                share = texts("percent", n=low)
            else:
                share = texts("percent.range", low=low, high=high)
        else:
            share = short_text(row, texts)
        days = f"{row.days:g}" if row.days == 0 or row.days >= 1 else "< 1"
        mark = texts(f"brief.mark.{marks[row.mark]}")
        rows.append([clean_text(texts.rule(row.jurisdiction)), days, share, mark])
    n = common_n(step.share for step in sweep.of(sweep.risks[0]))
    names = [texts(f"brief.row.{name}") for name in ("jurisdiction", "days", "share", "mark")]
    names[2] = headed(names[2], n, texts)
    title = texts("brief.rules.title")
    return PageTable(
        title, title, names, [False, True, True, False], rows, note=texts("brief.rules.note"),
        of=[None, None, n, None],
    )  # fmt: skip


def curve_table(opened: OpenStoreSweep, texts: Texts) -> PageTable:
    """List what the curves show: a row a length of keeping, a column a risk or a store open."""
    sweep = opened.closed
    steps = {risk: {step.days: step for step in sweep.of(risk)} for risk in sweep.risks}
    others = {
        texts("brief.curve.open", days=texts.count("days", each.open_days)): {
            step.days: step for step in each.of(sweep.risks[0])
        }
        for each in opened.sweeps[1:]
    }
    first = steps[sweep.risks[0]]
    # When work places are known stands in the table below; here they would be a column too many.
    rest = [risk for risk in steps if risk not in (sweep.risks[0], "works")]
    curves = [first, *others.values(), *(steps[risk] for risk in rest)]
    # Lengths of rules at which being singled out alone was looked at stand in their own table.
    told = [
        days for days in first if days <= sweep.data_days and all(days in each for each in curves)
    ]
    columns = [[curve[days] for days in told] for curve in curves]
    rows = [
        [window_text(first[days].window, texts), *(
            figure_text(own, at, texts, nested=is_nested(own, sweep)) for own in columns
        )]
        for at, days in enumerate(told)
    ]
    names = [texts(f"brief.column.{risk}") for risk in (sweep.risks[0], *rest)]
    counted = [common_n(step.share for step in curve.values()) for curve in curves]
    names = [
        texts("column.window"),
        *(headed(name, n, texts)
          for name, n in zip([names[0], *others, *names[1:]], counted, strict=True)),
    ]  # fmt: skip
    note = texts("brief.curve.note") if others else ""
    return PageTable(
        texts("table.show"), texts("retention.title"), names,
        [False] + [True] * len(curves), rows, note=note,
        of=[None, *counted],
    )  # fmt: skip


def until_table(sweep: RetentionSweep, texts: Texts) -> PageTable | None:
    """List after how many days of collecting half of the vehicles are known."""
    rows = []
    for each in sweep.until_half:
        days = each.days
        if days.is_measured:
            bounded = np.isfinite(days.high)
            said = texts(
                "brief.until.days" if bounded else "brief.until.beyond",
                days=f"{days.value:g}",
                low=f"{days.low:g}",
                high=f"{days.high:g}",
            )
        elif each.by_end.is_measured:
            said = texts("brief.until.never", days=each.data_days)
        else:
            continue
        rows.append([texts(f"brief.known.{each.risk}"), said, texts.figure(each.by_end)])
    if not rows:
        return None
    heads = [texts(f"brief.row.{name}") for name in ("known", "until", "by_end")]
    n = common_n(each.by_end for each in sweep.until_half)
    heads[2] = headed(heads[2], n, texts)
    title = texts("brief.until.title")
    return PageTable(
        title, title, heads, [False, True, True], rows, note=texts("brief.until.note")
    )
