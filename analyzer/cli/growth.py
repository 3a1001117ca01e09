"""Verbs about systems that grow: more cameras, and stores that are shared."""

from __future__ import annotations

from typing import Any

import click

from analyzer.cli.adversary import take_adversary
from analyzer.cli.options import examples, sources
from analyzer.cli.output import show
from analyzer.cli.reading import read
from analyzer.cli.risk_options import (
    RISKS,
    comparing_options,
    risk_option,
    sites_option,
    take_sites,
)

OF_CAMERAS = tuple(risk for risk in RISKS if risk != "visits")
"""Risks for each number of cameras: no list of sites is read there."""


@click.command(
    epilog=examples(
        "platerisk camera-count store",
        "platerisk camera-count store --share 0.1 --share 0.5 --share 1 --order busiest",
    )
)
@sources
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=float,
    default=(0.1, 0.25, 0.5, 1.0),
    show_default=True,
    help="Share of the cameras that record; give it several times.",
)
@click.option(
    "--order",
    type=click.Choice(["random", "busiest"]),
    default="random",
    show_default=True,
    help="Which cameras come first.",
)
@risk_option(OF_CAMERAS)
@comparing_options
def camera_count(
    sources: tuple[str, ...],
    shares: tuple[float, ...],
    order: str,
    risks: tuple[str, ...],
    sample: int,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure how risk grows with the number of cameras: what the 100th camera adds."""
    from analyzer.policy.cameras import check_shares, sweep_cameras
    from analyzer.report.disclosure import DEFAULT_K

    adversary = take_adversary(options)
    shares = check_shares(shares)
    sightings = read(sources, **options)
    found = sweep_cameras(
        sightings,
        shares,
        adversary,
        seed,
        order=order,
        risks=risks or ("unicity",),
        sample=sample,
        engine=engine,
        memory=options["memory"],
    ).published(DEFAULT_K)
    show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())


@click.command(
    epilog=examples(
        "platerisk sharing town-store county-store",
        "platerisk sharing town.csv county.csv --key plates.key --timezone Asia/Tashkent",
    )
)
@click.argument("source", metavar="STORE")
@click.argument("other", metavar="OTHER_STORE")
@risk_option()
@sites_option
@comparing_options
def sharing(
    source: str,
    other: str,
    risks: tuple[str, ...],
    sites: str | None,
    sample: int,
    seed: int,
    engine: str,
    output_format: str,
    **options: Any,
) -> None:
    """Measure what two operators' stores give away together, beside what each does alone.

    Both must carry pseudonyms made with one key (--key FILE when they were read), or names of
    their own that mean the same vehicles.
    """
    from analyzer.policy.sharing import compare_sharing
    from analyzer.report.disclosure import DEFAULT_K

    adversary = take_adversary(options)
    listed = take_sites(sites, risks)
    one, two = (read((each,), **options) for each in (source, other))
    found = compare_sharing(
        one,
        two,
        adversary,
        seed,
        risks=risks or ("unicity", "homes", "works", "commutes"),
        sites=listed,
        sample=sample,
        engine=engine,
        memory=options["memory"],
    ).published(DEFAULT_K)
    table = found.to_pandas()
    if output_format == "table":
        table = table[["risk", "among", "first", "second", "both", "only_together"]].round(3)
    show(output_format, text=found.summary(), data=found.to_dict(), table=table)
