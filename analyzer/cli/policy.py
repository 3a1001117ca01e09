"""Verbs for who writes rules: compare, recommend."""

from __future__ import annotations

from typing import Any

import click

from analyzer.cli.adversary import take_adversary
from analyzer.cli.options import (
    examples,
    sources,
)
from analyzer.cli.output import show
from analyzer.cli.reading import plain_warnings, progress, read
from analyzer.cli.risk_options import (
    USUAL,
    comparing_options,
    open_option,
    risk_option,
    sites_option,
    take_sites,
)


@click.command(
    epilog=examples(
        "platerisk compare store policies.toml",
        "platerisk compare store policies.toml --risk unicity --risk homes --format json",
        "platerisk compare store policies.toml --uses uses.csv --hits searched.txt",
    )
)
@click.argument("source", metavar="STORE")
@click.argument("policies", metavar="POLICIES.toml")
@risk_option()
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
@comparing_options
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
    with plain_warnings(), progress("comparing") as done:
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
@comparing_options
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


