"""The brief: one or two printed pages for somebody who must write a number into a law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer import charts
from analyzer.policy.leaks import NOT_MEASURABLE
from analyzer.policy.open_store import OpenStoreSweep
from analyzer.policy.retention_sweep import RetentionSweep, WindowRisk, days_text
from analyzer.policy.rules import Rule, place_rules
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.pages import content_policy, environment, template_text, tidy
from analyzer.report.sections import PageTable, trusted
from analyzer.report.sentences import window_text
from analyzer.report.tables import clean_text
from analyzer.report.texts import Texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNACCEPTABLE = 0.5
"""The share beyond which the brief says that most vehicles are exposed."""

WORDS = {
    "title": "How long may plate reads be kept?",
    "title.synthetic": "How long may plate reads be kept? (synthetic data)",
    "lead.curve": (
        "Kept for {short}, a leak of this system singles out {low} of the vehicles seen often "
        "enough; kept for {long}, {high}."
    ),
    "lead.one": "Kept for {long}, a leak of this system singles out {high} of the vehicles.",
    "lead.none": "These data are too short, or too thin, to say what keeping them longer costs.",
    "lead.inferred": (
        "From what is kept for {long}, the area of the home is inferred for {homes} of the "
        "vehicles and a commute for {commutes}; from {short}, for {homes_short} and "
        "{commutes_short}."
    ),
    "lead.open": (
        "No retention limit bounds a breach that nobody notices: a store kept for {short} that "
        "stood open for {open} exposes as much as one kept for {both}: {share}."
    ),
    "lead.open.all": (
        "No retention limit bounds a breach that nobody notices: a store kept for {short} that "
        "stood open for {open} exposes more than all {both} of these data, from which {share} are "
        "singled out."
    ),
    "lead.open.unmeasured": (
        "No retention limit bounds a breach that nobody notices: a store that stands open for "
        "months exposes those months, however short its limit."
    ),
    "curve.note": (
        "“Open” columns: vehicles singled out had somebody watched the store for so long before "
        "anybody noticed."
    ),
    "curve.open": "Open {days}",
    "until.title": "How soon half of the vehicles are known, in a store that keeps all",
    "until.days": "{days} ({low}–{high})",
    "until.beyond": "{days} ({low} or more)",
    "until.never": "not within {days}",
    "until.note": "Days of collecting, from the first; Kaplan–Meier, 95 %.",
    "row.known": "Known of a vehicle",
    "row.until": "Half of them after days",
    "row.by_end": "By the end of the data",
    "rules.title": "Rules of others, held to this system",
    "rules.note": (
        "A rule longer than the data cannot be placed; nothing is extrapolated. Rules whose "
        "duration was not verified are marked."
    ),
    "method.title": "How this was measured",
    "method": (
        "{vehicles} vehicles were seen over {days} days. An adversary knows {known}, of the "
        "{history} days before a leak; the same sightings are tried on every length of keeping, "
        "and those already deleted help nobody. A vehicle is singled out if no other one in the "
        "whole data fits. Bars are 95 % intervals over resampled vehicles. Leaks: {leaks}. A guess "
        "would be right for one in {vehicles}. Homes and commutes are inferred by methods "
        "calibrated on synthetic data, and can be wrong."
    ),
    "limits.title": "What these data cannot show",
    "limits": [
        "How old a record is when it helps an investigation: that needs a file of uses. Benefit is "
        "not drawn here, and none is invented.",
        "What happens outside the view of the cameras, who drove, and what a watcher does with it.",
        "Lengths of keeping beyond the data: {beyond}.",
    ],
    "row.jurisdiction": "Rule",
    "row.days": "Days",
    "row.share": "Singled out",
    "row.mark": "Verified",
}
"""The words of the brief, in one place for translation."""


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


def render_brief(brief: Brief, *, k: int = DEFAULT_K, texts: Texts | None = None) -> str:
    """Write the brief as one HTML document that opens offline and prints on one or two pages.

    Parameters
    ----------
    brief : Brief
        What it shows.
    k : int
        Smallest count of vehicles that may be shown.
    texts : Texts, optional
        The words it shares with the other pages.

    Returns
    -------
    str
        The same bytes for the same input.
    """
    texts = texts or Texts("en")
    opened = brief.opened.published(k)
    sweep = opened.closed
    title = WORDS["title.synthetic" if sweep.synthetic else "title"]
    styles = [template_text("report.css"), template_text("brief.css")]
    beyond = [step.window for step in sweep.of("unicity") if step.days > sweep.data_days]
    context = {
        "t": texts,
        "words": WORDS,
        "title": title,
        "synthetic": sweep.synthetic,
        "internal": False,
        "sentences": list(_sentences(sweep, opened.sweeps[1:])),
        "chart": _chart(opened, brief.rules, title),
        "rules": _rules_table(sweep, brief.rules, texts),
        "curve": _curve_table(opened, texts),
        "until": _until_table(sweep),
        "method": WORDS["method"].format(
            vehicles=f"{sweep.vehicles:,}",
            days=f"{sweep.data_days:,}",
            known=sweep.adversary.describe(),
            history=f"{sweep.knowledge_days:,}",
            leaks=", ".join(sweep.leak_dates) or "none",
        ),
        "limits": [
            text.format(beyond=", ".join(map(window_text, beyond)) or f"{sweep.data_days:,} days")
            for text in WORDS["limits"]
        ],
        "styles": [trusted(style) for style in styles],
        "scripts": [],
        "policy": content_policy([], styles),
    }
    return tidy(environment().get_template("brief.html.j2").render(context))


def _measured(sweep: RetentionSweep, risk: str) -> list[WindowRisk]:
    return [
        step
        for step in sweep.of(risk)
        if step.status != NOT_MEASURABLE and step.share.is_measured
    ]


def _sentences(sweep: RetentionSweep, opened: Sequence[RetentionSweep]):
    curve = _measured(sweep, "unicity")
    if not curve:
        yield WORDS["lead.none"]
        return
    short, long = curve[0], curve[-1]
    yield WORDS["lead.one" if len(curve) == 1 else "lead.curve"].format(
        short=window_text(short.window),
        long=window_text(long.window),
        low=short.share.percent(),
        high=long.share.percent(),
    )
    homes, commutes = ({step.days: step.share for step in sweep.of(risk)}
                       for risk in ("homes", "commutes"))  # fmt: skip
    if long.days in homes and long.days in commutes and short.days in homes:
        yield WORDS["lead.inferred"].format(
            short=window_text(short.window),
            long=window_text(long.window),
            homes=homes[long.days].percent(),
            commutes=commutes[long.days].percent(),
            homes_short=homes[short.days].percent(),
            commutes_short=commutes[short.days].percent(),
        )
    watched = [
        (each, step)
        for each in opened
        for step in _measured(each, "unicity")
        if step.days == short.days
    ]
    if not watched:
        yield WORDS["lead.open.unmeasured"]
        return
    within = [pair for pair in watched if pair[1].exposed_days <= sweep.data_days]
    each, step = within[-1] if within else watched[0]
    yield WORDS["lead.open" if within else "lead.open.all"].format(
        short=window_text(short.window),
        open=window_text(f"{each.open_days}D"),
        both=window_text(f"{min(step.exposed_days, sweep.data_days)}D"),
        share=step.share.percent(),
    )


def _chart(opened: OpenStoreSweep, rules: Sequence[Rule], title: str):
    """Draw the curves with the rules as marks on their axis."""
    table = opened.to_pandas()
    table = table[table["risk"] == "unicity"]
    measured = table[table["open_days"] == opened.closed.open_days].dropna(subset=["value"])
    if measured.empty:
        return None
    figure = charts.open_store_curves(table)
    _thin_ticks(figure.axes[0])
    _mark_rules(figure.axes[0], rules, measured["days"].min(), measured["days"].max())
    last = measured.iloc[-1]
    alt = (
        f"Line chart: kept for {window_text(last['window'])}, "
        f"{100 * last['value']:.0f} % of vehicles are singled out. The table holds all values."
    )
    return trusted(charts.svg(figure, name="brief", title=title, description=alt))


def _thin_ticks(axes: Axes) -> None:
    """Leave out the ticks that would stand on each other, the later ones first kept."""
    at, labels = axes.get_xticks(), [tick.get_text() for tick in axes.get_xticklabels()]
    span = max(at[-1] - at[0], 1e-9) if len(at) else 1.0
    kept: list[int] = []
    for number in reversed(range(len(at))):
        if not kept or at[kept[-1]] - at[number] > 0.05 * span:
            kept.append(number)
    axes.set_xticks(at[kept], [labels[number] for number in kept])


def _mark_rules(axes: Axes, rules: Sequence[Rule], first: float, last: float) -> None:
    at: dict[float, list[str]] = {}
    for rule in rules:
        if first <= rule.days <= last:
            at.setdefault(rule.days, []).append(clean_text(rule.jurisdiction, limit=28))
    for days, names in at.items():
        more = f" +{len(names) - 1}" if len(names) > 1 else ""
        axes.axvline(np.log(days), color=charts.MUTED, lw=0.8, ls=":", zorder=0)
        axes.annotate(
            f"{names[0].replace('$', '')}{more}",
            (np.log(days), 0.03),
            xytext=(3, 0),
            textcoords="offset points",
            rotation=90,
            color=charts.MUTED,
            fontsize=8,
            va="bottom",
        )


def _rules_table(sweep: RetentionSweep, rules: Sequence[Rule], texts: Texts) -> PageTable | None:
    placed = place_rules(sweep, rules)
    placed = placed[placed["placed"].isin(("measured", "between", "nothing kept"))]
    if placed.empty:
        return None
    rows = []
    for row in placed.itertuples():
        if row.placed == "between":
            share = f"{100 * row.low:.0f}–{100 * row.high:.0f} %"
        elif pd.isna(row.value):
            share = "withheld"
        else:
            share = f"{100 * row.value:.0f} %"
        days = f"{row.days:g}" if row.days == 0 or row.days >= 1 else "< 1"
        rows.append([clean_text(row.jurisdiction), days, share, row.mark or "yes"])
    names = [WORDS[f"row.{name}"] for name in ("jurisdiction", "days", "share", "mark")]
    return PageTable(
        WORDS["rules.title"], WORDS["rules.title"], names, [False, True, True, False], rows,
        note=WORDS["rules.note"],
    )  # fmt: skip


def _curve_table(opened: OpenStoreSweep, texts: Texts) -> PageTable:
    sweep = opened.closed
    steps = {risk: {step.days: step for step in sweep.of(risk)} for risk in sweep.risks}
    others = {
        WORDS["curve.open"].format(days=days_text(each.open_days)): {
            step.days: step for step in each.of(sweep.risks[0])
        }
        for each in opened.sweeps[1:]
    }
    first = steps[sweep.risks[0]]
    # When work places are known stands in the table below; here they would be a column too many.
    rest = [steps[risk] for risk in steps if risk not in (sweep.risks[0], "works")]
    curves = [first, *others.values(), *rest]
    rows = [
        [window_text(step.window), *(curve[days].share.percent() for curve in curves)]
        for days, step in first.items()
        if step.days <= sweep.data_days
    ]
    heads = {
        "unicity": "Singled out", "homes": "Home inferred", "commutes": "Commute inferred",
    }  # fmt: skip
    names = [heads.get(risk, risk) for risk in steps if risk != "works"]
    names = [texts("column.window"), names[0], *others, *names[1:]]
    return PageTable(
        texts("table.show"), texts("retention.title"), names,
        [False] + [True] * len(curves), rows, note=WORDS["curve.note"] if others else "",
    )  # fmt: skip


def _until_table(sweep: RetentionSweep) -> PageTable | None:
    """List after how many days of collecting half of the vehicles are known."""
    rows = []
    names = {
        "unicity": "singled out", "homes": "home inferred", "works": "work place inferred",
        "commutes": "commute inferred",
    }  # fmt: skip
    for each in sweep.until_half:
        days = each.days
        if days.is_measured:
            bounded = np.isfinite(days.high)
            said = WORDS["until.days" if bounded else "until.beyond"].format(
                days=f"{days.value:g}", low=f"{days.low:g}", high=f"{days.high:g}"
            )
        elif each.by_end.is_measured:
            said = WORDS["until.never"].format(days=each.data_days)
        else:
            continue
        rows.append([names[each.risk], said, each.by_end.percent()])
    if not rows:
        return None
    heads = [WORDS[f"row.{name}"] for name in ("known", "until", "by_end")]
    return PageTable(
        WORDS["until.title"], WORDS["until.title"], heads, [False, True, True], rows,
        note=WORDS["until.note"],
    )  # fmt: skip
