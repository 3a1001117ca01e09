"""Verbs for who writes rules: retention, compare, recommend, verify, brief."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.adversary import adversary_options, take_adversary
from analyzer.cli.engines import engine_option
from analyzer.cli.options import (
    examples,
    format_option,
    language_option,
    reading_options,
    seed_option,
    sources,
)
from analyzer.cli.output import show
from analyzer.cli.reading import progress, read

RISKS = (
    "unicity", "homes", "works", "commutes", "companions", "linkage", "predictability", "visits",
)  # fmt: skip
USUAL = RISKS[:6]
"""Risks that are compared unless others are named."""

WINDOWS = ("1D", "3D", "7D", "14D", "21D", "30D", "90D", "180D")
"""Those of `analyzer.policy.retention`, which takes long to import; a test holds both equal."""

OFF_CURVE = {
    "no window measured": "longer than the longest window measured",
    "longer than the data": "longer than the data",
}
"""Why a rule is on no curve, by how it was placed."""

risk_option = click.option(
    "--risk",
    "risks",
    multiple=True,
    type=click.Choice(RISKS),
    help="Which risk; give it several times.",
)
open_option = click.option(
    "--open-for",
    default="0D",
    show_default=True,
    help="How long the store stood open: a watcher copied what passed through.",
)
sites_option = click.option(
    "--sites",
    metavar="FILE",
    help="Sensitive sites (CSV with lat, lon, category, or GeoJSON): visits to each category are a "
    "risk of their own.",
)
sample_option = click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Look for companions among so many vehicles, drawn by chance, and for as many at each "
    "change of pseudonyms, among all.",
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
@click.option(
    "--window",
    "windows",
    multiple=True,
    default=WINDOWS,
    show_default=True,
    help="Length of keeping; give it several times.",
)
@click.option(
    "--open-for",
    "open_for",
    multiple=True,
    default=("0D",),
    show_default=True,
    help="How long the store stood open: a watcher copied what passed through. Several stand side "
    "by side.",
)
@risk_option
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
@sample_option
@adversary_options
@seed_option
@engine_option
@reading_options
@format_option
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


def take_sites(source: str | None, risks: tuple[str, ...]) -> Any:
    """Read the sensitive sites, if any are given.

    Raises
    ------
    click.UsageError
        If visits are asked for and no sites are given.
    """
    from analyzer.risk.sites import read_sites

    if source is None and "visits" in risks:
        raise click.UsageError("--risk visits needs the sensitive sites: --sites FILE")
    return None if source is None else read_sites(source)


@click.command(
    epilog=examples(
        "platerisk compare store policies.toml",
        "platerisk compare store policies.toml --risk unicity --risk homes --format json",
        "platerisk compare store policies.toml --uses uses.csv --hits searched.txt",
    )
)
@click.argument("source", metavar="STORE")
@click.argument("policies", metavar="POLICIES.toml")
@risk_option
@sites_option
@open_option
@click.option(
    "--uses",
    metavar="FILE",
    help="How old records are when they are used: a CSV with age_days, or with used_at and "
    "recorded_at, or an audit export.",
)
@click.option(
    "--hits",
    metavar="FILE",
    help="Vehicles that were searched for, one name (pseudonym) a line: how much of what is kept "
    "is about them.",
)
@sample_option
@adversary_options
@seed_option
@engine_option
@reading_options
@format_option
def compare(
    source: str,
    policies: str,
    risks: tuple[str, ...],
    sites: str | None,
    open_for: str,
    uses: str | None,
    hits: str | None,
    sample: int,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Compare what a leak gives away under several policies, on the same leaks and vehicles.

    The file has one table a policy:

    \b
    [maine]
    retention = "21D"
    [rounded]
    retention = "90D"
    time = "1D"
    space = "zone"

    Others: rotation = "7D", cameras = 0.5, attributes = "keep", min_k = 5, hits = ["..."];
    retention = "none" keeps all. The first policy is the one the others are held against.
    """  # noqa: D301 - click's mark for "do not rewrap" is a backspace, not the two letters
    from analyzer.policy.benefit import read_uses
    from analyzer.policy.compare import compare_policies
    from analyzer.policy.hits import read_hits
    from analyzer.policy.policy import read_policies
    from analyzer.report.disclosure import DEFAULT_K

    adversary = take_adversary(options)
    listed = take_sites(sites, risks)
    named = read_policies(policies)
    used = read_uses(uses) if uses else None
    searched = read_hits(hits) if hits else None
    sightings = read((source,), **options)
    with progress("comparing") as done:
        compared = compare_policies(
            sightings,
            named,
            adversary,
            seed,
            risks=risks or USUAL,
            sites=listed,
            open_for=open_for,
            uses=used,
            hits=searched,
            sample=sample,
            engine=engine,
            memory=options["memory"],
            progress=done,
        ).published(DEFAULT_K)
    table = compared.to_pandas()
    if output_format == "table":
        wanted = ["policy", "status", *compared.risks, "kept", "traffic", "served", "hits"]
        table = table[[name for name in wanted if name in table]].round(3)
    show(output_format, text=compared.summary(), data=compared.to_dict(), table=table)


@click.command(
    epilog=examples(
        "platerisk recommend store --target unicity=0.05",
        "platerisk recommend store --target unicity=0.05 --target homes=0.10 --format json",
    )
)
@sources
@click.option(
    "--target",
    "targets",
    multiple=True,
    default=("unicity=0.05",),
    show_default=True,
    metavar="RISK=SHARE",
    help="The largest share of vehicles for which a risk may come true; give it several times.",
)
@sample_option
@adversary_options
@seed_option
@engine_option
@reading_options
@format_option
def recommend(
    sources: tuple[str, ...],
    targets: tuple[str, ...],
    sample: int,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Find the least restrictive policies whose risks stay at or under targets, if any does."""
    from analyzer.policy.recommend import check_targets, recommend_policy
    from analyzer.report.disclosure import DEFAULT_K

    adversary = take_adversary(options)
    asked = check_targets(dict(_target(text) for text in targets))
    sightings = read(sources, **options)
    with progress("searching") as done:
        found = recommend_policy(
            sightings,
            asked,
            seed,
            adversary=adversary,
            sample=sample,
            engine=engine,
            memory=options["memory"],
            progress=done,
        ).published(DEFAULT_K)
    table = found.to_pandas()
    if output_format == "table":
        table = table[["means", *asked, "meets", "recommended"]].round(3)
    show(output_format, text=found.summary(), data=found.to_dict(), table=table)


def _target(text: str) -> tuple[str, float]:
    risk, _, share = text.partition("=")
    try:
        return risk, float(share)
    except ValueError:
        raise click.UsageError(
            f"--target {text!r}: write a risk and a share, for example --target unicity=0.05"
        ) from None


@click.command(
    epilog=examples(
        "platerisk verify out/ store",
        "platerisk verify out/ store --format json",
    )
)
@click.argument("folder", metavar="OUT/")
@click.argument("source", metavar="STORE")
@click.option(
    "--sites", metavar="FILE", help="The sensitive sites, if the report was made with a list."
)
@engine_option
@reading_options
@format_option
def verify(
    folder: str,
    source: str,
    sites: str | None,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Recompute every published figure of a report from its store, and report differences.

    Exit status 1 if a figure differs, or a file is not the one that was written.
    """
    from analyzer.verification import verify_report

    sightings = read((source,), **options)
    with progress("recomputing") as done:
        found = verify_report(
            Path(folder), sightings, sites=sites, engine=engine, memory=options["memory"],
            progress=done,
        )
    show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())
    if not found.holds:
        raise SystemExit(1)


@click.command(
    epilog=examples(
        "platerisk brief store -o brief.html",
        "platerisk brief store -o brief.html --rules-file rules.csv",
    )
)
@sources
@click.option("-o", "--output", required=True, metavar="FILE", help="The page: brief.html.")
@click.option(
    "--window",
    "windows",
    multiple=True,
    default=WINDOWS,
    show_default=True,
    help="Length of keeping; give it several times.",
)
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
