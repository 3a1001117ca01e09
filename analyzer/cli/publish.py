"""Verbs that write what is published, report and demo, and that check it: disclosure, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.engines import engine_option
from analyzer.cli.options import (
    examples,
    format_option,
    language_option,
    provenance_option,
    reading_options,
    seed_option,
    sources,
    threshold_option,
)
from analyzer.cli.output import show
from analyzer.cli.reading import plain_warnings, progress, read


@click.command(
    epilog=examples(
        "platerisk report reads.csv --timezone Asia/Tashkent -o out/",
        "platerisk report store -o out/",
        "platerisk report store -o out/ --provenance provenance.toml --threshold 20",
        "platerisk report store --language ru -o out/",
    )
)
@sources
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder for the report.")
@click.option(
    "--internal",
    is_flag=True,
    help="Add tables of single vehicles and the names and hashes of the input files. The page is "
    "marked and called INTERNAL-report.html; never publish it.",
)
@provenance_option
@click.option(
    "--sites",
    metavar="FILE",
    help="Sensitive sites (CSV with lat, lon, category, or GeoJSON): how many vehicles were "
    "plausibly there, by category.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help="Measure singling out by known points and anonymity on this many vehicles, drawn by "
    "chance, against all others: for stores of hundreds of millions of sightings.",
)
@language_option
@threshold_option
@seed_option
@engine_option
@reading_options
def report(
    sources: tuple[str, ...],
    output: str,
    internal: bool,
    provenance: str | None,
    sites: str | None,
    sample: int | None,
    language: str,
    threshold: int,
    seed: int,
    engine: Any,
    **options: Any,
) -> None:
    """Assess sightings and write the report.

    The folder holds report.html (one file, opens offline), findings.json, tables/*.csv and
    info.json. By default everything in it can be published: no figure about fewer than ten
    vehicles, no home or work of anybody. The figures are attacked together before they are
    written; what would give a small group away is withheld, and a message says so.
    """
    from analyzer.assessing import assess
    from analyzer.report.folder import check_folder, page_name
    from analyzer.report.origin import read_provenance
    from analyzer.risk.sites import read_sites

    check_folder(output, internal=internal)
    stated = read_provenance(provenance) if provenance else None
    listed = read_sites(sites) if sites else None
    sightings = read(sources, output=output, **options)
    with progress("assessing") as done:
        assessment = assess(
            sightings, sites=listed, sample=sample, seed=seed, engine=engine,
            memory=options["memory"], progress=done,
        )  # fmt: skip
    with plain_warnings():
        assessment.write(
            Path(output), internal=internal, language=language, provenance=stated, k=threshold
        )
    click.echo(f"Report: {Path(output) / page_name(internal)}")
    click.echo(assessment.summary(language, threshold))


@click.command(epilog=examples("platerisk demo", "platerisk demo -o demo/ --vehicles 2000"))
@click.option(
    "-o",
    "--output",
    default="platerisk-demo",
    show_default=True,
    metavar="DIR",
    help="Folder for the report.",
)
@click.option(
    "--vehicles",
    type=click.IntRange(min=100),
    default=5_000,
    show_default=True,
    help="Vehicles of residents; who passes through comes on top.",
)
@click.option(
    "--days", type=click.IntRange(min=3), default=28, show_default=True, help="Days of sightings."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of every random draw.")
def demo(output: str, vehicles: int, days: int, seed: int) -> None:
    """Make a synthetic region, assess it, write the report, and say where it is.

    The region is the surroundings of Tashkent with about a hundred camera clusters; the people in
    it are invented. The first run compiles the program, which takes about a minute more.
    """
    from analyzer.assessing import assess
    from analyzer.report.folder import check_folder
    from analyzer.risk.draw import mix
    from analyzer.synthetic import make_region

    check_folder(output)
    if not any(Path(mix.stats.cache_path).glob("*.nbi")):
        click.echo("The first run compiles the program: about a minute more than later.", err=True)
    click.echo(f"Making a synthetic region: {vehicles:,} vehicles, {days} days…", err=True)
    region = make_region(vehicles=vehicles, days=days, seed=seed)
    with progress("assessing") as done:
        assessment = assess(region.sightings, seed=seed, progress=done)
    with plain_warnings():
        assessment.write(Path(output))
    click.echo(f"Report: {Path(output) / 'report.html'}")
    click.echo(assessment.summary())


@click.command(
    epilog=examples(
        "platerisk disclosure out/",
        "platerisk disclosure out/ --threshold 20 --format json",
    )
)
@click.argument("folder", metavar="OUT/")
@threshold_option
@format_option
def disclosure(folder: str, threshold: int, output_format: str) -> None:
    """Attack what is about to be published: try to work out small groups from it.

    Reads all tables, findings and pages of a folder as a stranger does, and computes the smallest
    and largest size of each group that they do not show. Exit status 1 if a group of fewer than
    ten vehicles (or --threshold) is given away, or the folder holds internal files.
    """
    from analyzer.report.publication import check_publication

    found = check_publication(folder, threshold)
    show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())
    if not found.holds:
        raise SystemExit(1)


def _check_report(context: click.Context, parameter: click.Parameter, folder: str) -> str:
    """Find out that a folder is no report before anything is counted or read."""
    from analyzer.verification import read_report

    read_report(Path(folder))
    return folder


@click.command(
    epilog=examples(
        "platerisk verify out/ store",
        "platerisk verify out/ store --format json",
    )
)
@click.argument("folder", metavar="OUT/", callback=_check_report)
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
