"""Verbs about how long sightings are kept: retention, and the brief that tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.adversary import adversary_options, take_adversary
from analyzer.cli.engines import engine_option
from analyzer.cli.options import (
    examples,
    language_option,
    reading_options,
    seed_option,
    sources,
)
from analyzer.cli.output import show
from analyzer.cli.reading import read
from analyzer.cli.risk_options import (
    measuring_options,
    risk_option,
    sites_option,
    take_sites,
)

WINDOWS = ("1D", "3D", "7D", "14D", "21D", "30D", "90D", "180D")
"""Those of `analyzer.policy.retention`, which takes long to import; a test holds both equal."""

OFF_CURVE = {
    "no window measured": "longer than the longest window measured",
    "longer than the data": "longer than the data",
}
"""Why a rule is on no curve, by how it was placed."""

window_option = click.option(
    "--window",
    "windows",
    multiple=True,
    default=WINDOWS,
    show_default=True,
    help="Length of keeping; give it several times.",
)


@click.command(
    epilog=examples(
        "platerisk retention store --window 1D --window 7D --window 30D",
        "platerisk retention store --risk unicity --risk homes --risk commutes",
        "platerisk retention store --rules",
        "platerisk retention store --open-for 0D --open-for 30D --open-for 180D",
        "platerisk retention store --risk homes --sites sites.csv",
        "platerisk retention reads.csv --timezone Asia/Tashkent --format csv",
    )
)
@sources
@window_option
@click.option(
    "--open-for",
    "open_for",
    multiple=True,
    default=("0D",),
    show_default=True,
    help="How long the store stood open: a watcher copied what passed through. Several stand side "
    "by side.",
)
@risk_option()
@sites_option
@click.option(
    "--rules",
    is_flag=True,
    help="Measure at the lengths that laws and agencies allow, and say what each would have meant.",
)
@click.option(
    "--rules-file",
    metavar="FILE",
    help="Your own rules instead: a CSV with jurisdiction, days (and citation, verified, note).",
)
@measuring_options
def retention(
    sources: tuple[str, ...],
    windows: tuple[str, ...],
    open_for: tuple[str, ...],
    risks: tuple[str, ...],
    sites: str | None,
    rules: bool,
    rules_file: str | None,
    sample: int,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure what a leak would expose for each length of keeping.

    What the adversary knows does not shrink with the store: the same sightings are known for every
    window, and those already deleted help nobody.
    """
    import pandas as pd

    from analyzer.policy.open_store import sweep_open_store
    from analyzer.policy.rules import place_rules, read_rules, rule_windows
    from analyzer.report.disclosure import DEFAULT_K

    adversary = take_adversary(options)
    listed = take_sites(sites, risks)
    placed_rules = read_rules(rules_file) if rules or rules_file else ()
    sightings = read(sources, **options)
    windows, also = with_rules(windows, rule_windows(placed_rules, days_of(sightings)))
    opened = sweep_open_store(
        sightings,
        windows=windows,
        adversary=adversary,
        open_for=open_for,
        seed=seed,
        also=also,
        risks=risks or ("unicity",),
        sites=listed,
        sample=sample,
        engine=engine,
        memory=options["memory"],
    ).published(DEFAULT_K)
    sweep = opened.closed
    found = sweep if len(opened.sweeps) == 1 else opened
    text, data, table = found.summary(), found.to_dict(), found.to_pandas()
    if placed_rules:
        placed = pd.concat(
            [place_rules(sweep, placed_rules, risk=risk).assign(risk=risk) for risk in sweep.risks]
        )
        of_first = placed[placed["risk"] == sweep.risks[0]]
        said = [text, *placed["sentence"]]
        for placement, why in OFF_CURVE.items():
            off = of_first[of_first["placed"] == placement]
            longer = ", ".join(f"{row.jurisdiction} ({row.days:g})" for row in off.itertuples())
            said.append(f"Off the curve, {why}: {longer}." if longer else "")
        text = "\n".join(filter(None, said))
        data["rules"] = [
            {name: None if value != value else value for name, value in row.items()}
            for row in placed.to_dict("records")
        ]
        if output_format == "table":
            on_curve = placed["placed"].isin(("measured", "between", "nothing kept"))
            table = placed[on_curve].drop(columns=["sentence", "citation"]).round(3)
    show(output_format, text=text, data=data, table=table)


def days_of(sightings: Any) -> int:
    """Count the calendar days from the first sighting to the last."""
    first, last = sightings.span
    return (last.normalize() - first.normalize()).days + 1


def with_rules(
    windows: tuple[str, ...], rules: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say which lengths decide on leaks and knowledge, and which are looked at besides.

    Documents of one store tell the same of the same lengths: what rules allow must not change that.
    Whoever names lengths compares these and the rules' lengths with each other.
    """
    if windows == WINDOWS:
        return windows, rules
    return (*windows, *rules), ()


@click.command(
    epilog=examples(
        "platerisk brief store -o brief.html",
        "platerisk brief store -o brief.html --rules-file rules.csv",
    )
)
@sources
@click.option("-o", "--output", required=True, metavar="FILE", help="The page: brief.html.")
@window_option
@click.option(
    "--rules-file",
    metavar="FILE",
    help="Your own rules instead of those that come along: a CSV with jurisdiction, days.",
)
@language_option
@adversary_options
@seed_option
@engine_option
@reading_options
def brief(
    sources: tuple[str, ...],
    output: str,
    windows: tuple[str, ...],
    rules_file: str | None,
    language: str,
    seed: int,
    engine: Any,
    **options: Any,
) -> None:
    """Write one or two pages for policymakers: the curve, the rules on it, three sentences.

    One file that opens offline and can be printed; no figure in it stands for fewer than ten
    vehicles.
    """
    from analyzer.policy.open_store import sweep_open_store
    from analyzer.policy.rules import read_rules, rule_windows
    from analyzer.report.brief import Brief, render_brief
    from analyzer.report.disclosure import DEFAULT_K
    from analyzer.report.folder import check_file
    from analyzer.report.texts import Texts

    check_file(output)
    adversary = take_adversary(options)
    rules = read_rules(rules_file)
    sightings = read(sources, output=output, **options)
    windows, also = with_rules(windows, rule_windows(rules, days_of(sightings)))
    opened = sweep_open_store(
        sightings,
        windows,
        adversary,
        seed=seed,
        also=also,
        risks=("unicity", "homes", "works", "commutes"),
        engine=engine,
        memory=options["memory"],
    )
    page = render_brief(Brief(opened, rules), texts=Texts(language))
    Path(output).write_text(page, encoding="utf-8")
    click.echo(opened.closed.published(DEFAULT_K).summary())
    click.echo(f"Brief: {output}", err=True)
