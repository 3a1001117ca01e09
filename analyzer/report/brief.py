"""The brief: one or two printed pages for somebody who must write a number into a law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.open_store import OpenStoreSweep
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.rules import Rule
from analyzer.policy.window_risk import WindowRisk
from analyzer.report.brief_chart import draw_charts
from analyzer.report.brief_shares import common_n, figure_text, is_nested
from analyzer.report.brief_tables import curve_table, rules_table, until_table
from analyzer.report.disclosure import DEFAULT_K
from analyzer.report.pages import content_policy, environment, template_text, tidy
from analyzer.report.sections import trusted
from analyzer.report.sentences import known_text, window_text
from analyzer.report.texts import ENGLISH, Texts


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
        "charts": draw_charts(opened, brief.rules, title, texts),
        "rules": rules_table(sweep, brief.rules, texts),
        "curve": curve_table(opened, texts),
        "until": until_table(sweep, texts),
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
    targets, seen = (common_n(step.share for step in sweep.of(risk))
                     for risk in ("unicity", "homes"))  # fmt: skip
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
            nested, withheld = is_nested(steps, sweep), texts("figure.share.withheld")
            return figure_text(steps, at[risk, days], texts, nested=nested, withheld=withheld)

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
