"""Verbs that speak with other programs: export, profiles."""

from __future__ import annotations

from typing import Any

import click

from analyzer.cli.file_work import cost_of_export, current_file_run, file_work_options
from analyzer.cli.options import examples, format_option, reading_options, sources
from analyzer.cli.output import show
from analyzer.cli.reading import read


@click.command(
    epilog=examples(
        "platerisk export store -o INTERNAL-sightings.parquet --internal",
        "platerisk export reads.xml --timezone Asia/Tashkent -o INTERNAL-reads.csv --internal",
        "platerisk export store -o INTERNAL-sightings.gpkg --internal --force",
        "platerisk export store -o INTERNAL-sightings.csv --internal --dry-run",
    )
)
@sources
@click.option(
    "-o", "--output", required=True, metavar="FILE",
    help="What is written: .parquet, .csv, .geojson or .gpkg. The name gets the prefix INTERNAL-.",
)
@click.option(
    "--internal", is_flag=True,
    help="Needed: every row is about one vehicle. The file is readable by you alone; never "
    "publish it.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
@file_work_options(cost_of_export)
@reading_options
def export(
    sources: tuple[str, ...], output: str, internal: bool, force: bool, **options: Any
) -> None:
    """Write the cleaned sightings, with pseudonyms for plates, as one file.

    Cells of CSV cannot become formulas in a spreadsheet. The file appears whole or not at all.
    """
    from analyzer.export import ENDINGS, export_sightings
    from analyzer.report.folder import check_file

    if not output.lower().endswith(ENDINGS):
        raise click.UsageError(f"-o FILE ends with one of {', '.join(ENDINGS)}")
    if not internal:
        raise click.UsageError(
            "every row of an export is about one vehicle: write --internal to say that you know"
        )
    check_file(output)
    sightings = read(sources, **options)
    run = current_file_run()
    path = export_sightings(
        sightings, output, internal=internal, force=force,
        progress=None if run is None else run.wrote,
    )  # fmt: skip
    click.echo(f"{len(sightings):,} sightings of {sightings.n_vehicles:,} vehicles: {path}")
    unplaced = int(sightings.camera_table["lat"].isna().sum())
    if unplaced:
        click.echo(f"platerisk: {unplaced:,} cameras have no position", err=True)


@click.command(
    epilog=examples(
        "platerisk profiles",
        "platerisk profiles --format json",
        "platerisk check export.json --profile rekor",
        "platerisk check export.csv --profile mapping.toml",
    )
)
@format_option
def profiles(output_format: str) -> None:
    r"""List the formats of vendors that are known, and what each of them settles.

    With --profile auto (the default) the header decides, and `check` says what was chosen and why.
    Where no profile fits, name the columns with --column, or write a mapping and give its path:

    \b
      rows = "results"                  # a list inside each record that holds the rows
      timezone = "UTC"                  # zone of times without an offset
      order = "day-first"               # or "month-first"
      [columns]
      plate = "REG_NO"                  # a column (or a dotted name in JSON and XML)
      camera = {text = "Gate 1"}        # the same for all rows
      seen_at = {join = ["D", "T"]}     # two columns; ["A", "B"] takes the first that is filled
      make = {from = "car", inside = "make"}            # a value in a cell of JSON
      color = {from = "desc", pattern = "colour (\\w+)"}  # part of a text
      [only]
      type = "read"                     # other records are counted as other events
    """
    import pandas as pd

    from analyzer.ingest.profiles import PROFILES

    listed = [
        {
            "name": profile.name,
            "format": profile.title,
            "known": profile.evidence or "built in",
            "settles": profile.facts,
            "header": sorted(profile.signature),
            "read": not profile.refuse,
        }
        for profile in PROFILES.values()
    ]
    text = "\n\n".join(
        f"{entry['name']}: {entry['format']} ({entry['known']})\n  {entry['settles']}"
        for entry in listed
    )
    table = pd.DataFrame(listed)[["name", "format", "known", "read"]]
    show(output_format, text=text, data={"profiles": listed}, table=table)
