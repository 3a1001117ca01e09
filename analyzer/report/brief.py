"""The brief: one or two printed pages for somebody who must write a number into a law."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer import charts
from analyzer.chart_style import MUTED
from analyzer.chart_writing import svg
from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.open_store import OpenStoreSweep
from analyzer.policy.published_windows import NESTED, tells_all_of
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.rules import MARKS, Rule, place_rules
from analyzer.policy.window_risk import WindowRisk
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.pages import content_policy, environment, template_text, tidy
from analyzer.report.sections import PageTable, trusted
from analyzer.report.sentences import known_text, window_text
from analyzer.report.tables import clean_text
from analyzer.report.texts import ENGLISH, Texts
from analyzer.units import DAY_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNACCEPTABLE = 0.5
"""The share beyond which the brief says that most vehicles are exposed."""

@dataclass(frozen=True)
class Brief:
    """What the brief shows.

    Attributes
    ----------
    opened : OpenStoreSweep
        With ``"unicity"`` first, and ``"homes"``, ``"works"``, ``"commutes"`` if they were
        measured; its first sweep is the store that nobody watched.
    rules : tuple of Rule
        To be placed on the curve.
    """

    opened: OpenStoreSweep
    rules: tuple[Rule, ...]


def render_brief(brief: Brief, *, k: int = DEFAULT_K, texts: Texts = ENGLISH) -> str:
    """Write the brief as one HTML document that opens offline and prints on one or two pages.

    Parameters
    ----------
    brief : Brief
        What it shows.
    k : int
        Smallest count of vehicles that may be shown.
    texts : Texts
        The page's words.

    Returns
    -------
    str
        The same bytes for the same input.
    """
    opened = brief.opened.published(k)
    sweep = opened.closed
    title = texts("brief.title.synthetic" if sweep.synthetic else "brief.title")
    styles = [template_text("report.css"), template_text("brief.css")]
    beyond = [step.window for step in sweep.of("unicity") if step.days > sweep.data_days]
    longest = texts.count("days", sweep.data_days)
    beyond_text = ", ".join(window_text(window, texts) for window in beyond) or longest
    context = {
        "t": texts,
        "title": title,
        "synthetic": sweep.synthetic,
        "internal": False,
        "banner_internal": "",
        "sentences": list(_sentences(sweep, opened.sweeps[1:], texts)),
        "charts": _charts(opened, brief.rules, title, texts),
        "rules": _rules_table(sweep, brief.rules, texts),
        "curve": _curve_table(opened, texts),
        "until": _until_table(sweep, texts),
        "method": [
            texts(
                "brief.method",
                n=texts.count("vehicles", sweep.vehicles),
                vehicles=texts.number(sweep.vehicles),
                days=texts.count("days", sweep.data_days),
                known=known_text(sweep.adversary, texts),
                history=texts.count("days", sweep.knowledge_days),
                leaks=", ".join(map(texts.date, sweep.leak_dates)) or texts("brief.none"),
            ),
            *_denominators(sweep, texts),
        ],
        "limits": [texts(f"brief.limit.{at}", beyond=beyond_text) for at in range(1, 4)],
        "styles": [trusted(style) for style in styles],
        "scripts": [],
        "policy": content_policy([], styles),
    }
    return tidy(environment().get_template("brief.html.j2").render(context))


def _denominators(sweep: RetentionSweep, texts: Texts) -> list[str]:
    """Say of which vehicles each figure is a share: three numbers that must not be mixed."""
    targets, seen = (_counted(sweep.of(risk)) for risk in ("unicity", "homes"))
    regular = {each.days.n for each in sweep.until_half if each.days.n}
    if targets is None or seen is None or len(regular) != 1:
        return []
    return [
        texts(
            "brief.denominators",
            targets=texts.number(targets),
            seen=texts.number(seen),
            regular=texts.number(regular.pop()),
            points=texts.number(sweep.adversary.points),
            history=texts.count("days", sweep.knowledge_days),
        )
    ]


def _headed(name: str, n: int | None, texts: Texts) -> str:
    """Head a column of shares with the number of vehicles that they are of."""
    return name if n is None else texts("brief.column.of", name=name, n=texts.number(n))


def _is_nested(steps: Sequence[WindowRisk], sweep: RetentionSweep) -> bool:
    """Whether a longer window gives away all that a shorter one does."""
    risk = steps[0].risk if steps else ""
    return risk in NESTED and (risk != "unicity" or sweep.adversary.time_ms <= DAY_MS)


def _figure(
    steps: Sequence[WindowRisk], at: int, texts: Texts, *, nested: bool, withheld: str = ""
) -> str:
    """Write a share; one that is withheld lies between those of the windows beside it.

    What a shorter window gives away, a longer one does too: to say so tells nothing new. In a
    sentence, one of which nothing can be said is called by the words of `withheld`.
    """
    share = steps[at].share
    is_withheld = not share.is_measured and share.method.startswith(WITHHELD)
    nothing = withheld if is_withheld and withheld else texts.figure(share)
    if not is_withheld or not nested:
        return nothing
    told = [step for step in steps if step.share.is_measured]
    longer = next((step.share for step in told
                   if step.days > steps[at].days and tells_all_of(step, steps[at])), None)
    shorter = next((step.share for step in reversed(told)
                    if step.days < steps[at].days and tells_all_of(steps[at], step)), None)
    least = 0.0 if shorter is None else 100 * shorter.value
    most = math.inf if longer is None or longer.is_bound else 100 * longer.value
    digits = 0 if min(most, 100.0) >= 10 else 1
    low = math.floor(round(least * 10**digits, 6)) / 10**digits
    high = math.ceil(round(most * 10**digits, 6)) / 10**digits if most <= 100 else most
    ends = {"low": texts.number(low, digits)}
    if high <= 100:
        ends["high"] = texts.number(high, digits)
        return texts("percent.range", **ends) if low else (
            texts("figure.at_most", share=ends["high"]))  # fmt: skip
    return texts("figure.at_least", share=ends["low"]) if low else nothing


def _measured(sweep: RetentionSweep, risk: str) -> list[WindowRisk]:
    return [
        step
        for step in sweep.of(risk)
        if step.status != NOT_MEASURABLE and step.share.is_measured
    ]


def _sentences(sweep: RetentionSweep, opened: Sequence[RetentionSweep], texts: Texts):
    curve = _measured(sweep, "unicity")
    if not curve:
        yield texts("brief.lead.none")
        return
    short, long = curve[0], curve[-1]
    windows = {"short": window_text(short.window, texts), "long": window_text(long.window, texts)}
    lead = texts(
        "brief.lead.one" if len(curve) == 1 else "brief.lead.curve",
        low=texts.figure(short.share),
        high=texts.figure(long.share),
        n=texts.number(long.share.n),
        **windows,
    )
    yield " ".join(filter(None, [lead, _rests_on(sweep, (short, long), texts)]))
    at = {(risk, step.days): number for risk in ("homes", "commutes")
          for number, step in enumerate(sweep.of(risk))}  # fmt: skip
    if {(risk, days) for risk in ("homes", "commutes") for days in (long.days, short.days)} <= (
        at.keys()
    ):

        def said(risk: str, days: int) -> str:
            steps = sweep.of(risk)
            nested, withheld = _is_nested(steps, sweep), texts("figure.share.withheld")
            return _figure(steps, at[risk, days], texts, nested=nested, withheld=withheld)

        yield texts(
            "brief.lead.inferred",
            homes=said("homes", long.days),
            commutes=said("commutes", long.days),
            homes_short=said("homes", short.days),
            commutes_short=said("commutes", short.days),
            n=texts.number(sweep.of("homes")[at["homes", long.days]].share.n),
            **windows,
        )
    watched = [
        (each, step)
        for each in opened
        for step in _measured(each, "unicity")
        if step.days == short.days
    ]
    if not watched:
        yield texts("brief.lead.open.unmeasured")
        return
    within = [pair for pair in watched if pair[1].exposed_days <= sweep.data_days]
    each, step = within[-1] if within else watched[0]
    yield texts(
        "brief.lead.open" if within else "brief.lead.open.all",
        short=windows["short"],
        open=window_text(f"{each.open_days}D", texts),
        both=window_text(f"{min(step.exposed_days, sweep.data_days)}D", texts),
        share=texts.figure(step.share),
    )


def _rests_on(sweep: RetentionSweep, steps: Sequence[WindowRisk], texts: Texts) -> str:
    """Say which figures rest on so few leak days that intervals leave out how days differ."""
    few = {step.window: step for step in steps if step.status == ONE_LEAK_DAY}
    if not few:
        return ""
    count = max(step.leak_days for step in few.values())
    return texts.count_text(
        "brief.lead.leaks",
        texts.number(count),
        count,
        windows=texts.listed([window_text(window, texts) for window in few]),
        leaks=", ".join(map(texts.date, sweep.leak_dates)),
    )


def _short(row: Any, texts: Texts) -> str:
    """Write a share of a table without its interval; a bound says that it is one."""
    share = Estimate(row.value, row.low, row.high, int(row.n), row.method)
    if share.is_exact:
        return texts("percent", n=texts.number(100 * share.value))
    return texts.figure(share)


def _charts(
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
        share=_short(last, texts),
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


def rule_name(jurisdiction: str, texts: Texts) -> str:
    """Name a rule that comes along in the page's words; others as their file has them.

    Examples
    --------
    >>> rule_name("France (LAPI)", Texts("ru")), rule_name("Our town", Texts("ru"))
    ('Франция (LAPI)', 'Our town')
    """
    key = "rule." + re.sub(r"\W+", "_", jurisdiction.lower()).strip("_")
    return texts(key) if texts.has(key) else jurisdiction


def _mark_rules(axes: Axes, rules: Sequence[Rule], curve: pd.DataFrame, texts: Texts) -> None:
    at: dict[float, list[str]] = {}
    for rule in rules:
        if curve["days"].min() <= rule.days <= curve["days"].max():
            # What stands in brackets is in the table; a longer name would be cut here.
            name = rule_name(rule.jurisdiction, texts).partition(" (")[0]
            at.setdefault(rule.days, []).append(clean_text(name, limit=28))
    for days, names in at.items():
        # Names stand where the curve is not.
        below = np.interp(np.log(days), np.log(curve["days"]), curve["value"]) > UNACCEPTABLE
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


def _rules_table(sweep: RetentionSweep, rules: Sequence[Rule], texts: Texts) -> PageTable | None:
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
            share = _short(row, texts)
        days = f"{row.days:g}" if row.days == 0 or row.days >= 1 else "< 1"
        mark = texts(f"brief.mark.{marks[row.mark]}")
        rows.append([clean_text(rule_name(row.jurisdiction, texts)), days, share, mark])
    n = _counted(sweep.of(sweep.risks[0]))
    names = [texts(f"brief.row.{name}") for name in ("jurisdiction", "days", "share", "mark")]
    names[2] = _headed(names[2], n, texts)
    title = texts("brief.rules.title")
    return PageTable(
        title, title, names, [False, True, True, False], rows, note=texts("brief.rules.note"),
        of=[None, None, n, None],
    )  # fmt: skip


def _curve_table(opened: OpenStoreSweep, texts: Texts) -> PageTable:
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
            _figure(own, at, texts, nested=_is_nested(own, sweep)) for own in columns
        )]
        for at, days in enumerate(told)
    ]
    names = [texts(f"brief.column.{risk}") for risk in (sweep.risks[0], *rest)]
    counted = [_counted(curve.values()) for curve in curves]
    names = [
        texts("column.window"),
        *(_headed(name, n, texts)
          for name, n in zip([names[0], *others, *names[1:]], counted, strict=True)),
    ]  # fmt: skip
    note = texts("brief.curve.note") if others else ""
    return PageTable(
        texts("table.show"), texts("retention.title"), names,
        [False] + [True] * len(curves), rows, note=note,
        of=[None, *counted],
    )  # fmt: skip


def _counted(steps: Iterable[WindowRisk]) -> int | None:
    """Of how many vehicles the shares of a column are, if all are of as many."""
    numbers = {step.share.n for step in steps if step.share.is_measured}
    return numbers.pop() if len(numbers) == 1 else None


def _until_table(sweep: RetentionSweep, texts: Texts) -> PageTable | None:
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
    numbers = {each.by_end.n for each in sweep.until_half if each.by_end.is_measured}
    n = numbers.pop() if len(numbers) == 1 else None
    heads[2] = _headed(heads[2], n, texts)
    title = texts("brief.until.title")
    return PageTable(
        title, title, heads, [False, True, True], rows, note=texts("brief.until.note")
    )
