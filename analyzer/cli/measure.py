"""The verb that finds patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.engines import engine_option
from analyzer.cli.options import (
    examples,
    format_option,
    reading_options,
    seed_option,
    sources,
    threshold_option,
)
from analyzer.cli.output import show
from analyzer.cli.reading import plain_warnings, progress, read


@click.command(
    epilog=examples(
        "platerisk patterns store",
        "platerisk patterns store -o patterns/",
        "platerisk patterns store --internal -o internal/",
    )
)
@sources
@click.option("-o", "--output", metavar="DIR", help="Folder for the tables.")
@click.option(
    "--internal",
    is_flag=True,
    help="Write the tables of single vehicles too (INTERNAL-…, readable by you alone). They say "
    "where people live and work: never publish them.",
)
@threshold_option
@seed_option
@engine_option
@reading_options
@format_option
def patterns(
    sources: tuple[str, ...],
    output: str | None,
    internal: bool,
    threshold: int,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Find trips, places, routines, commutes and companions.

    What is printed, and what -o writes, is about the population: how many vehicles have a home, a
    commute, a companion that can be inferred. Tables of single vehicles need --internal.
    """
    from analyzer.patterns.overview import find_patterns
    from analyzer.report.folder import check_folder, write_internal, write_tables
    from analyzer.report.origin import origin_of
    from analyzer.report.sentences import (
        population_sentences,
        published_figures,
        published_table,
    )

    if internal and output is None:
        raise click.UsageError("--internal writes tables of single vehicles: add -o DIR")
    if output is not None:
        check_folder(output, internal=internal)
    sightings = read(sources, output=output, **options)
    with progress("looking") as done:
        found = find_patterns(
            sightings, engine=engine, memory=options["memory"], seed=seed, progress=done
        )
    written = []
    made = {"origin": origin_of(sightings, {"seed": seed}), "synthetic": sightings.synthetic}
    if internal:
        show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())
        written = write_internal(found.tables(), Path(output), **made)
    else:
        figures = {
            of: {name: each and each.to_dict() for name, each in shown.items()}
            for of, shown in published_figures(found, threshold).items()
        }
        data = {**figures["all"], "regular": figures["regular"]}
        table = published_table(found, threshold)
        text = population_sentences(found, threshold)
        if sightings.synthetic:
            text += "\nThe data are synthetic."
            data["synthetic"] = True
        show(output_format, text=text, data=data, table=table)
        if output is not None:
            tables = {"inferred": table, "flows": found.flows()}
            with plain_warnings():
                written = write_tables(tables, Path(output), k=threshold, **made)
    for path in written:
        click.echo(f"wrote {path}", err=True)
