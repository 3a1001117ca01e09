"""The verb linkage: changed pseudonyms, two releases, a traveller's trace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.engines import engine_option
from analyzer.cli.options import examples, format_option, reading_options, seed_option, sources
from analyzer.cli.output import show
from analyzer.cli.reading import read

if TYPE_CHECKING:
    from analyzer.sightings import Sightings

SHOWN = ["rotation", "days", "matching", "rank", "value", "low", "high", "n", "baseline"]
"""Columns of the table on a terminal; CSV and JSON hold all."""


@click.command(
    epilog=examples(
        "platerisk linkage store --rotation 7D",
        "platerisk linkage store --rotation 1D --rotation 7D --rotation 30D --format csv",
        "platerisk linkage store --other second-release",
        "platerisk linkage store --trace phone.csv --internal -o internal/",
    )
)
@sources
@click.option(
    "--rotation",
    "rotations",
    multiple=True,
    default=("7D",),
    show_default=True,
    help="How long a pseudonym lasts; give it several times.",
)
@click.option(
    "--other",
    metavar="FILE|STORE",
    help="Join with a second release under other pseudonyms instead. Cameras have the same names.",
)
@click.option(
    "--trace",
    metavar="FILE",
    help="Match a traveller's own points (CSV: seen_at, lat, lon) with a vehicle instead. The "
    "result is about single vehicles and needs --internal and -o.",
)
@click.option(
    "--internal",
    is_flag=True,
    help="Write the matches of single vehicles (INTERNAL-…, readable by you alone). Never publish "
    "them.",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for the matches.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help="Link this many vehicles, drawn by chance, with all others.",
)
@seed_option
@engine_option
@reading_options
@format_option
def linkage(
    sources: tuple[str, ...],
    rotations: tuple[str, ...],
    other: str | None,
    trace: str | None,
    internal: bool,
    output: str | None,
    sample: int | None,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure how often a vehicle is known again under another pseudonym (linkability).

    Every vehicle gets a new pseudonym in each period; profiles of adjacent periods are matched.
    What is printed is about the population: figures that stand for fewer than ten vehicles are held
    back.
    """
    from analyzer.risk.linkage import measure_linkage

    _check(other, trace, internal, output)
    if output is not None:
        from analyzer.report.folder import check_folder

        check_folder(output, internal=True)
    sightings = read(sources, output=output, **options)
    shared = {"seed": seed, "sample": sample, "engine": engine, "memory": options["memory"]}
    if trace is not None:
        found = measure_linkage(sightings, other=Path(trace), **shared)
        show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())
        _write({"trace_matches": found.matches}, output, sightings, seed)
    elif other is not None:
        found = measure_linkage(sightings, other=_second(other, options), **shared)
        _show_release(found, output_format)
        if internal:
            _write({"release_matches": found.matches}, output, sightings, seed)
    else:
        _show_rotations(
            [measure_linkage(sightings, rotation, **shared) for rotation in rotations],
            output_format,
        )


def _check(other: str | None, trace: str | None, internal: bool, output: str | None) -> None:
    if other is not None and trace is not None:
        raise click.UsageError("--other and --trace are two questions: ask one at a time")
    if internal and other is None and trace is None:
        raise click.UsageError(
            "--internal writes matches of single vehicles, which only --other and --trace have"
        )
    if trace is not None and not internal:
        raise click.UsageError(
            "which vehicle fits a trace is about single vehicles: add --internal -o DIR, and never "
            "publish what is written there"
        )
    if internal and output is None:
        raise click.UsageError("--internal writes matches of single vehicles: add -o DIR")
    if output is not None and not internal:
        raise click.UsageError("-o is for matches of single vehicles: add --internal")


def _second(other: str, options: dict[str, Any]) -> Sightings:
    from analyzer.cli.options import READING
    from analyzer.store import is_store

    if is_store(other):
        # How files are read says nothing about a store; the first release may still be files.
        unread = {name: None for name in READING}
        options = {**options, **unread, "profile": "auto", "plates": "raw", "column": ()}
    return read((other,), **options)


def _show_rotations(found: list[Any], output_format: str) -> None:
    import pandas as pd

    from analyzer.report.linkage import published_linkage

    published = [published_linkage(each) for each in found]
    table = pd.concat([each.to_pandas() for each in published], ignore_index=True)
    if output_format == "table":
        table = table.loc[table["chosen"], SHOWN]
    show(
        output_format,
        text="\n\n".join(each.summary() for each in published),
        data={"rotations": [each.to_dict() for each in published]},
        table=table,
    )


def _show_release(found: Any, output_format: str) -> None:
    from analyzer.report.linkage import published_linkage

    published = published_linkage(found)
    table = published.to_pandas()
    if output_format == "table":
        table = table.drop(columns="method")
    show(output_format, text=published.summary(), data=published.to_dict(), table=table)


def _write(tables: dict[str, Any], output: str, sightings: Sightings, seed: int) -> None:
    from analyzer.report.folder import write_internal
    from analyzer.report.origin import origin_of

    made = {"origin": origin_of(sightings, {"seed": seed}), "synthetic": sightings.synthetic}
    for path in write_internal(tables, Path(output), **made):
        click.echo(f"wrote {path}", err=True)
