"""The verb worst-case: how far the most telling knowledge narrows vehicles down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.engines import engine_option
from analyzer.cli.options import examples, format_option, reading_options
from analyzer.cli.options import sources as sources_argument
from analyzer.cli.output import show
from analyzer.cli.reading import read

_ATTACKS = (
    "location",
    "sequence",
    "time",
    "unique_location",
    "frequency",
    "probability",
    "proportion",
    "home_work",
)


@click.command(
    "worst-case",
    epilog=examples(
        "platerisk worst-case store --attack location --points 2",
        "platerisk worst-case store --attack time --time 1h --format json",
        "platerisk worst-case store --attack frequency --tolerance 0.1",
        "platerisk worst-case store --internal -o internal/",
    ),
)
@sources_argument
@click.option(
    "--attack",
    type=click.Choice(_ATTACKS),
    default="location",
    show_default=True,
    help="What is known of a vehicle: places, their order, their times, how often it was there.",
)
@click.option(
    "--points",
    type=click.IntRange(min=1),
    default=2,
    show_default=True,
    help="How many sightings or places are known.",
)
@click.option(
    "--time",
    default="1h",
    show_default=True,
    help="How exactly the times are known, for --attack time.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="How far known counts may be off, for frequency, probability and proportion: 0.1.",
)
@click.option(
    "--compatible-with",
    type=click.Choice(["scikit-mobility"]),
    help="Reckon as this program does, with its faults, to compare with published figures.",
)
@click.option("-o", "--output", metavar="DIR", help="Folder for the tables.")
@click.option(
    "--internal",
    is_flag=True,
    help="Write the risk of every single vehicle too (INTERNAL-…, readable by you alone).",
)
@engine_option
@reading_options
@format_option
def worst_case(
    sources: tuple[str, ...],
    attack: str,
    points: int,
    time: str,
    tolerance: float,
    compatible_with: str | None,
    output: str | None,
    internal: bool,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure how far the most telling sightings narrow each vehicle down.

    Of all combinations of so many sightings (or places) of a vehicle, the one that fewest vehicles
    match gives its risk. It is found exactly; work that would not end is counted and refused.
    """
    from analyzer.report.crowds import published_worst_case
    from analyzer.report.figures import figure_table, held_back_sentence
    from analyzer.report.folder import check_folder, write_internal, write_tables
    from analyzer.report.origin import origin_of
    from analyzer.risk.worst_case import measure_worst_case

    if internal and output is None:
        raise click.UsageError("--internal writes a table of single vehicles: add -o DIR")
    if output is not None:
        check_folder(output, internal=internal)
    sightings = read(sources, output=output, **options)
    found = measure_worst_case(
        sightings,
        attack,
        points,
        time,
        tolerance,
        compatible_with,
        engine=engine,
        memory=options["memory"],
    )
    few = False
    if not internal:
        found, few = published_worst_case(found)
    figures = {name: figure if not few or figure.is_measured else None
               for name, figure in found.figures.items()}  # fmt: skip
    data = {
        **found.to_dict(),
        **{name: figure and figure.to_dict() for name, figure in figures.items()},
    }
    text = held_back_sentence(figures) if few else found.summary()
    table = figure_table(figures)
    show(output_format, text=text, data=data, table=table)
    written = []
    used = {"attack": attack, "points": points, "time": time, "tolerance": tolerance,
            "compatible_with": compatible_with}  # fmt: skip
    made = {"origin": origin_of(sightings, used), "synthetic": sightings.synthetic}
    if internal:
        tables = {"worst_case": table, "risk": found.risk}
        written = write_internal(tables, Path(output), **made)
    elif output is not None:
        written = write_tables({"worst_case": table}, Path(output), **made)
    for path in written:
        click.echo(f"wrote {path}", err=True)
