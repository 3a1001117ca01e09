"""Verbs about the data themselves: ingest, check, info, synthesize."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.engines import reading_engine_option
from analyzer.cli.file_work import (
    cost_of_check,
    cost_of_ingest,
    cost_of_synthesis,
    dry_run_option,
    file_work_options,
)
from analyzer.cli.options import encrypt_option, examples, format_option, reading_options, sources
from analyzer.cli.output import show
from analyzer.cli.reading import read

if TYPE_CHECKING:
    from analyzer.store import Store


@click.command(
    epilog=examples(
        "platerisk ingest 'reads-*.csv' --timezone Asia/Tashkent -o store --dry-run",
        "platerisk ingest 'reads-*.csv' --timezone Asia/Tashkent --key plates.key -o store",
        "platerisk ingest reads-2026-04.csv --timezone Asia/Tashkent --key plates.key -o store",
        "platerisk ingest 'month-*.parquet' --timezone Asia/Tashkent -o store --engine spark",
    )
)
@sources
@click.option("-o", "--output", required=True, metavar="STORE", help="Folder of the store.")
@click.option("--rejects", metavar="FILE", help="Also write the rejected rows' places here.")
@file_work_options(cost_of_ingest)
@reading_options
@reading_engine_option
def ingest(sources: tuple[str, ...], output: str, rejects: str | None, **options: Any) -> None:
    """Read sightings once into a store that can be asked many questions.

    Plates are replaced by keyed pseudonyms on the way in and are never written. A store made with
    a key file accepts further files; the same file again adds nothing. With --engine spark, workers
    read CSV and Parquet files and write the same store; files and store must lie on paths that all
    of them see.

    A run that is interrupted leaves the store that was there before, or none. Typed again, it
    removes what was left and starts over: plates are in memory only, and without them there is
    nothing to go on from. Where reading takes long, add month by month to one store, with --key:
    the store is the same, and what was added stays.
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
@file_work_options(cost_of_check)
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


@click.command(
    epilog=examples(
        "platerisk info store",
        "platerisk info store --format json",
        "platerisk info store --plate-prompt --key plates.key",
    )
)
@click.argument("store", metavar="STORE")
@encrypt_option
@click.option(
    "--plate-prompt",
    is_flag=True,
    help="Ask for the plate of a consenting owner (hidden input), and say whether it is there.",
)
@click.option("--key", metavar="FILE", help="The key file that the store was made with.")
@format_option
def info(
    store: str, encrypt: str | None, plate_prompt: bool, key: str | None, output_format: str
) -> None:
    """Say what a store holds, how it was read, and where it came from."""
    import pandas as pd

    from analyzer.ingest.keys import open_secret
    from analyzer.sightings import Sightings
    from analyzer.store import open_store

    if plate_prompt != (key is not None):
        raise click.UsageError("--plate-prompt and --key FILE go together")
    sightings = Sightings(open_store(store, secret=open_secret(encrypt)))
    if plate_prompt:
        _show_own_vehicle(sightings, Path(key), output_format)
        return
    manifest = sightings.store.manifest
    data = {name: value for name, value in manifest.items() if name != "parts"}
    data["parts"] = len(manifest["parts"])
    table = pd.DataFrame(
        [(name, data[name]) for name in ("timezone", "columns", "parts")],
        columns=["what", "value"],
    )
    text = "\n".join([sightings.summary(), *_origin(manifest), *_interrupted(sightings.store)])
    show(output_format, text=text, data=data, table=table)


def _origin(manifest: dict[str, Any]) -> list[str]:
    """Say in sentences where a store came from."""
    provenance, key = manifest["provenance"], manifest["key"]
    kinds = {
        "file": "pseudonyms are made with a key file",
        "throw-away": "pseudonyms were made with a throw-away key; no file can be added",
        "pseudonymous": "the ids were pseudonyms already",
    }
    lines = [
        f"{entry['number']}. {entry['name']} (SHA-256 {entry['sha256']})"
        for entry in provenance.get("inputs", ())
    ]
    if lines:
        lines.insert(0, f"Read from {len(lines)} inputs by version {provenance.get('version')}:")
    if key.get("kind") in kinds:
        lines.append(f"Key: {kinds[key['kind']]}.")
    if manifest["version"] > 1:
        lines.append("The store is encrypted.")
    for clock in provenance.get("clocks_fixed", ()):
        lines.append(
            f"Times of camera {clock['camera']} were set right by {-clock['offset_start_min']:+} "
            f"min (start) to {-clock['offset_end_min']:+} min (end)."
        )
    if provenance.get("misreads_merged"):
        lines.append(
            f"{provenance['misreads_merged']:,} sightings of misread plates were given to the "
            "vehicle whose trip they complete."
        )
    return lines


def _interrupted(store: Store) -> list[str]:
    """Say whether a run that was changing a store has not ended."""
    from analyzer.store.store import newer_generations

    if not newer_generations(store.path, store.manifest["generation"]):
        return []
    return [
        "A run that was adding to this store was interrupted, or is still at work; this is the "
        "store as it was before. If none is at work, type its command again."
    ]


def _show_own_vehicle(sightings: Any, key: Path, output_format: str) -> None:
    import pandas as pd

    from analyzer.ingest.owner import vehicle_of_owner

    found = vehicle_of_owner(sightings, key)
    data = {
        "in_store": found.vehicle is not None,
        "vehicle": found.vehicle,
        "sightings": found.sightings,
        "cameras": found.cameras,
    }
    table = pd.DataFrame([data]) if output_format == "csv" else pd.DataFrame()
    show(output_format, text=found.summary(), data=data, table=table)


@click.command(
    epilog=examples(
        "platerisk synthesize region --vehicles 5000 --days 28 --seed 1",
        "platerisk synthesize region --vehicles 500000 --days 180 --regime sparse --as parquet",
        "platerisk synthesize region --vehicles 500000 --days 180 --regime sparse --dry-run",
    )
)
@click.argument("output", metavar="OUT")
@click.option(
    "--vehicles",
    type=click.IntRange(min=1),
    default=5_000,
    show_default=True,
    help="Vehicles of residents; who passes through comes on top.",
)
@click.option(
    "--days", type=click.IntRange(min=1), default=28, show_default=True, help="Days of sightings."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of every random draw.")
@click.option(
    "--regime",
    type=click.Choice(["dense", "sparse"]),
    default="dense",
    show_default=True,
    help="dense: a vehicle is seen about five times a day; sparse: 40 times in 180 days.",
)
@click.option(
    "--cameras",
    type=click.IntRange(20, 2_000),
    default=100,
    show_default=True,
    help="Camera sites, with one, two or four readers each.",
)
@click.option(
    "--as",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Form of the files.",
)
@click.option(
    "--memory",
    metavar="AMOUNT",
    help="About how much the truth may take while it is written, beside the program and the "
    "sightings: 1GB. By default that of 20,000 vehicles is held at once.",
)
@dry_run_option(cost_of_synthesis)
def synthesize(
    output: str,
    vehicles: int,
    days: int,
    seed: int,
    regime: str,
    cameras: int,
    file_format: str,
    memory: str | None,
) -> None:
    """Make a synthetic region: sightings, cameras, and the truth about every vehicle.

    Nobody in it exists. The same numbers give the same bytes.
    """
    from analyzer.engine.spill import parse_memory
    from analyzer.synthetic import make_region
    from analyzer.synthetic.writing import vehicles_at_once

    at_once = vehicles_at_once(days, None if memory is None else parse_memory(memory))
    click.echo(f"Making a synthetic region: {vehicles:,} vehicles, {days} days…", err=True)
    region = make_region(vehicles=vehicles, days=days, seed=seed, regime=regime, cameras=cameras)
    region.write(Path(output), format=file_format, truth_vehicles=at_once)
    click.echo(f"A synthetic region of {vehicles:,} vehicles and {days} days is in {output}.")
