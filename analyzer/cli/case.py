"""The verb ``case``: one vehicle's story as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.engines import engine_option
from analyzer.cli.options import (
    examples,
    language_option,
    provenance_option,
    reading_options,
    seed_option,
    sources,
)
from analyzer.cli.reading import progress, read

if TYPE_CHECKING:
    from analyzer.sightings import Sightings


@click.command(
    epilog=examples(
        "platerisk case store --typical -o case.html",
        "platerisk case store --typical --language uz -o case.html",
        "platerisk case store --plate-prompt --key plates.key -o case.html",
        "platerisk case store --vehicle ID --internal -o INTERNAL-case.html",
    )
)
@sources
@click.option(
    "--typical",
    is_flag=True,
    help="A vehicle of median exposure among those seen regularly; the page explains the choice.",
)
@click.option("--vehicle", metavar="ID", help="The vehicle with this pseudonym.")
@click.option(
    "--plate-prompt",
    is_flag=True,
    help="The vehicle of an owner who agrees: the plate is typed at a hidden prompt, and is kept "
    "nowhere. Needs --key with the key of the store.",
)
@click.option("-o", "--output", required=True, metavar="FILE", help="The page: case.html.")
@click.option(
    "--internal",
    is_flag=True,
    help="The precise page: every camera and hour, home and work place. Its file is called "
    "INTERNAL-… and readable by you alone. It needs its owner's consent, or must never be "
    "published.",
)
@provenance_option
@language_option
@seed_option
@engine_option
@reading_options
def case(
    sources: tuple[str, ...],
    typical: bool,
    vehicle: str | None,
    plate_prompt: bool,
    output: str,
    internal: bool,
    provenance: str | None,
    language: str,
    seed: int,
    engine: str,
    **options: Any,
) -> None:
    """Write the story of one vehicle: what is known of it when sightings are kept for N days.

    One file that opens offline: a map and the week as a clock, with a slider over the days kept.
    By default it can be published: it shows only zones, hours and routes that ten vehicles share,
    all of them together, inferences in classes that ten share too, and no home or work place.
    """
    from analyzer.report.case import build_case, check_population
    from analyzer.report.folder import check_file
    from analyzer.report.origin import read_provenance

    if typical + (vehicle is not None) + plate_prompt != 1:
        raise click.UsageError(
            "say which vehicle: one of --typical, --vehicle ID, --plate-prompt"
        )
    check_file(output)
    key = options["key"]
    if plate_prompt and key is None:
        raise click.UsageError(
            "--plate-prompt finds a vehicle by its plate, which takes the key of the store: add "
            "--key FILE"
        )
    stated = read_provenance(provenance) if provenance else None
    sightings = read(sources, **_reading(sources, options, plate_prompt))
    if not internal:
        check_population(sightings)
    if plate_prompt:
        vehicle = _owned(sightings, key)
    with progress("building") as done:
        found = build_case(
            sightings,
            vehicle,
            owner=plate_prompt,
            seed=seed,
            engine=engine,
            memory=options["memory"],
            progress=done,
        )
    path = found.to_html(
        Path(output),
        internal=internal,
        language=language,
        provenance=stated,
    )
    click.echo(found.summary())
    click.echo(f"Case: {path}", err=True)


def _reading(sources: tuple[str, ...], options: dict[str, Any], prompt: bool) -> dict[str, Any]:
    """Leave the key out where a store is opened only to find an owner's vehicle in it."""
    from analyzer.store import is_store

    of_store = prompt and len(sources) == 1 and is_store(sources[0])
    return {**options, "key": None} if of_store else options


def _owned(sightings: Sightings, key: str) -> str:
    from analyzer.errors import UsageError
    from analyzer.ingest.owner import vehicle_of_owner

    own = vehicle_of_owner(sightings, key)
    if own.vehicle is None:
        raise UsageError("the vehicle is not in the store, so it has no story to tell")
    return own.vehicle
