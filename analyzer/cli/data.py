"""Verbs about the data themselves: ingest, check, info, synthesize."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from analyzer.cli.options import examples, format_option, read, reading_options, sources
from analyzer.cli.output import show


@click.command(
    epilog=examples(
        "platerisk ingest 'reads-*.csv' --timezone Asia/Tashkent --key plates.key -o store",
        "platerisk ingest more.csv --timezone Asia/Tashkent --key plates.key -o store",
    )
)
@sources
@click.option("-o", "--output", required=True, metavar="STORE", help="Folder of the store.")
@click.option("--rejects", metavar="FILE", help="Also write the rejected rows' places here.")
@reading_options
def ingest(sources: tuple[str, ...], output: str, rejects: str | None, **options: Any) -> None:
    """Read sightings once into a store that can be asked many questions.

    Plates are replaced by keyed pseudonyms on the way in and are never written. A store made with
    a key file accepts further files; the same file again adds nothing.
    """
    sightings = read(sources, store=output, rejects=rejects, **options)
    click.echo(sightings.summary())
    click.echo(quality_text(sightings.quality))
    click.echo(f"Store: {output}", err=True)


@click.command(
    epilog=examples(
        "platerisk check reads.csv --timezone Asia/Tashkent",
        "platerisk check reads.csv --timezone Asia/Tashkent --format json",
        "platerisk check store",
    )
)
@sources
@click.option("--rejects", metavar="FILE", help="Write the rejected rows' places here.")
@reading_options
@format_option
def check(
    sources: tuple[str, ...], rejects: str | None, output_format: str, **options: Any
) -> None:
    """Say what was read, kept, rejected and merged, and why.

    Every row is accounted for: read = kept + rejected + merged. The rejects file names file, line,
    byte offset and reason of each rejected row, never its text.
    """
    import pandas as pd

    sightings = read(sources, rejects=rejects, **options)
    quality = dict(sightings.quality)
    table = pd.DataFrame(
        [
            {"what": what, "reason": reason, "rows": rows}
            for what, counts in (
                ("rejected", quality["rejected_by_reason"]),
                ("merged", quality.get("merged_by_reason", {})),
            )
            for reason, rows in counts.items()
        ],
        columns=["what", "reason", "rows"],
    )
    text = "\n".join([sightings.summary(), quality_text(quality)])
    show(output_format, text=text, data=quality, table=table)


def quality_text(quality: dict[str, Any]) -> str:
    """Say the accounting of a reading in sentences."""
    lines = [
        f"{quality['rows_read']:,} rows read = {quality['rows_kept']:,} kept + "
        f"{quality['rows_rejected']:,} rejected + {quality['rows_merged']:,} merged "
        "(exact repeats and repeat frames)."
    ]
    return "\n".join([*lines, *quality.get("notes", ())])


@click.command(epilog=examples("platerisk info store", "platerisk info store --format json"))
@click.argument("store", metavar="STORE")
@format_option
def info(store: str, output_format: str) -> None:
    """Say what a store holds, how it was read, and where it came from."""
    import pandas as pd

    from analyzer.sightings import Sightings
    from analyzer.store import open_store

    sightings = Sightings(open_store(store))
    manifest = sightings.store.manifest
    data = {name: value for name, value in manifest.items() if name != "parts"}
    data["parts"] = len(manifest["parts"])
    table = pd.DataFrame(
        [(name, data[name]) for name in ("timezone", "columns", "parts", "key", "provenance")],
        columns=["what", "value"],
    )
    show(output_format, text=sightings.summary(), data=data, table=table)


@click.command(
    epilog=examples(
        "platerisk synthesize region --vehicles 5000 --days 28 --seed 1",
        "platerisk synthesize region --vehicles 500000 --days 180 --regime sparse --as parquet",
    )
)
@click.argument("output", metavar="OUT")
@click.option("--vehicles", type=click.IntRange(min=1), default=5_000, show_default=True)
@click.option("--days", type=click.IntRange(min=1), default=28, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--regime",
    type=click.Choice(["dense", "sparse"]),
    default="dense",
    show_default=True,
    help="dense: a vehicle is seen about five times a day; sparse: 40 times in 180 days.",
)
@click.option("--cameras", type=click.IntRange(20, 2_000), default=100, show_default=True)
@click.option(
    "--as", "file_format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True
)
def synthesize(
    output: str,
    vehicles: int,
    days: int,
    seed: int,
    regime: str,
    cameras: int,
    file_format: str,
) -> None:
    """Make a synthetic region: sightings, cameras, and the truth about every vehicle.

    Nobody in it exists. The same numbers give the same bytes.
    """
    from analyzer.synthetic import make_region

    click.echo(f"Making a synthetic region: {vehicles:,} vehicles, {days} days…", err=True)
    region = make_region(vehicles=vehicles, days=days, seed=seed, regime=regime, cameras=cameras)
    region.write(Path(output), format=file_format)
    click.echo(f"A synthetic region of {vehicles:,} vehicles and {days} days is in {output}.")
