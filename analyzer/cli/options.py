"""Options that many verbs share, and how files or a store become sightings."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.running import after_reading, before_reading
from analyzer.cli.running import engine_option as engine_option

if TYPE_CHECKING:
    from analyzer.sightings import Sightings

READING = (
    "cameras",
    "column",
    "profile",
    "table",
    "encoding",
    "timezone",
    "times_in",
    "plates",
    "key",
    "place_grid",
    "fix_clocks",
    "merge_misreads",
    "plate_format",
)
"""Options that say how files are read; they mean nothing for a store."""


def examples(*lines: str) -> str:
    """Write the examples that end a verb's help, kept as they are typed."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def sources(command: Callable) -> Callable:
    """Take files, globs, or a store."""
    return click.argument("sources", nargs=-1, required=True, metavar="FILES…|STORE")(command)


encrypt_option = click.option(
    "--encrypt",
    metavar="KEYFILE",
    help="Encrypt the store with this key file (made if it is not there), or open one that is.",
)


def reading_options(command: Callable) -> Callable:
    """Options that say how files are to be read."""
    decorators = [
        click.option(
            "--cameras", metavar="FILE", help="Where the cameras stand: camera, lat, lon."
        ),
        click.option(
            "--column",
            multiple=True,
            metavar="HEADER=NAME",
            help="What a column is, where it is not recognised: --column seen=seen_at. Names: "
            "plate, camera, seen_at, lat, lon, direction, confidence, make, model, color, "
            "body_type, seat_belt, driver_appearance.",
        ),
        click.option(
            "--profile",
            default="auto",
            show_default=True,
            help="Format of the export, or a mapping (.toml); `platerisk profiles` lists them.",
        ),
        click.option(
            "--table",
            metavar="NAME",
            help="Which table, sheet, list or element holds the sightings, where there are more.",
        ),
        click.option(
            "--encoding",
            metavar="NAME",
            help="Encoding of text files, where it is not found out: cp1251, koi8-r, gb18030.",
        ),
        click.option(
            "--timezone",
            metavar="ZONE",
            help="Time zone of times without an offset, and of the places: Asia/Tashkent.",
        ),
        click.option(
            "--times-in",
            metavar="ZONE",
            help="Zone of times without an offset, where it is not that of the places: UTC.",
        ),
        click.option(
            "--plates",
            type=click.Choice(["raw", "pseudonymous"]),
            default="raw",
            show_default=True,
            help="raw: plates become keyed pseudonyms. pseudonymous: the ids in the file are "
            "pseudonyms already and are kept.",
        ),
        click.option(
            "--key",
            metavar="FILE",
            help="Key file for the pseudonyms, made if it is not there. Whoever holds it can "
            "try all plates and find out who is who: keep it apart from the data. Without it a "
            "throw-away key is used, and nobody can look a plate up afterwards.",
        ),
        click.option(
            "--place-grid",
            metavar="DISTANCE",
            help="For moving readers: snap positions to a grid that plays the camera (250m). For "
            "rows with positions and no camera: exact.",
        ),
        click.option(
            "--memory",
            metavar="AMOUNT",
            help="About how much memory may be used for reading and sorting, beside the 300 MB of "
            "the program itself: 2GB.",
        ),
        encrypt_option,
        click.option(
            "--fix-clocks",
            is_flag=True,
            help="Set right the times of cameras whose clocks are found wrong, if confirmed.",
        ),
        click.option(
            "--merge-misreads",
            is_flag=True,
            help="Give sightings of misread plates to the vehicle whose trip they complete.",
        ),
        click.option(
            "--plate-format",
            metavar="COUNTRY",
            help="Count the plates that do not have the form of this country: uz, ru, kz, gb, cn.",
        ),
    ]
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(decorators), command)


def seed_option(command: Callable) -> Callable:
    """Take the seed of all random draws."""
    return click.option(
        "--seed", type=int, default=0, show_default=True, help="Seed of every random draw."
    )(command)


threshold_option = click.option(
    "--threshold",
    type=click.IntRange(min=5),
    default=10,
    show_default=True,
    metavar="K",
    help="Show nothing that tells of fewer than K vehicles; never under 5.",
)
provenance_option = click.option(
    "--provenance",
    metavar="FILE",
    help="What the data claim to be, who disputes it, and what those concerned replied: a TOML "
    "file with claims, disputed_by and reply. Pages show it.",
)


def language_option(command: Callable) -> Callable:
    """Take the language of a page."""
    return click.option(
        "--language",
        default="en",
        show_default=True,
        callback=_language,
        metavar="CODE",
        help="Language of the page: en, ru, uz.",
    )(command)


def _language(context: click.Context, option: click.Parameter, code: str) -> str:
    if code == "en":
        return code
    from analyzer.report.texts import check_language

    return check_language(code)


def format_option(command: Callable) -> Callable:
    """Take the form in which results are printed."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(["table", "json", "csv"]),
        default="table",
        show_default=True,
        help="Form of the results on standard output.",
    )(command)


def read(
    paths: tuple[str, ...],
    *,
    store: str | None = None,
    rejects: str | None = None,
    output: str | None = None,
    **options: Any,
) -> Sightings:
    """Turn what a user named into sightings: open a store, or read files.

    Raises
    ------
    KeyFileError
        If the key would lie in the folder of the output.
    click.UsageError
        If the source is a store, and an option says how files are to be read.
    """
    from analyzer.ingest.reader import read_sightings

    refuse_key_in(output, options["key"])
    if store is None and len(paths) == 1:
        refuse_reading_of_store(paths[0], options)

    before_reading(paths)
    with progress("reading") as report, plain_warnings():
        sightings = read_sightings(
            paths[0] if len(paths) == 1 else list(paths),
            cameras=options["cameras"],
            timezone=options["timezone"],
            columns=columns_of(options["column"]),
            profile=options["profile"],
            plates=options["plates"],
            key=Path(options["key"]) if options["key"] else None,
            place_grid=options["place_grid"],
            store=store,
            rejects=rejects,
            memory=options["memory"],
            encrypt=Path(options["encrypt"]) if options["encrypt"] else None,
            fix_clocks=options["fix_clocks"],
            merge_misreads=options["merge_misreads"],
            plate_format=options["plate_format"],
            table=options["table"],
            encoding=options["encoding"],
            times_in=options["times_in"],
            progress=report,
        )
    after_reading(sightings)
    return sightings


def refuse_key_in(output: str | None, key: str | None) -> None:
    """Refuse a key file that would be published with the output."""
    from analyzer.errors import KeyFileError

    if output and key and Path(key).resolve().is_relative_to(Path(output).resolve()):
        raise KeyFileError(
            f"{key}: the key would lie in the output folder {output} and be given away with it; "
            "keep it in another place"
        )


def refuse_reading_of_store(path: str, options: dict[str, Any]) -> None:
    """Refuse options that say how files are to be read when a store is opened."""
    from analyzer.store import is_store

    if not is_store(path):
        return
    usual = {"profile": "auto", "plates": "raw", "column": ()}
    for name in READING:
        if options[name] not in (usual.get(name), None, False):
            raise click.UsageError(
                f"{path} is a store, which was read already: --{name.replace('_', '-')} has no "
                "effect on it; leave it out, or ingest the files again"
            )


def columns_of(pairs: tuple[str, ...]) -> dict[str, str] | None:
    """Split ``HEADER=NAME`` options into a mapping."""
    mapping = {}
    for pair in pairs:
        header, equals, name = pair.rpartition("=")
        if not (equals and header and name):
            raise click.UsageError("--column takes HEADER=NAME, for example --column seen=seen_at")
        mapping[header] = name
    return mapping or None


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far long work is, on standard error, and only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    with click.progressbar(length=1_000, label=label, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.update(int(1_000 * min(done, total) / max(total, 1)) - bar.pos)

        yield report


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Say warnings as messages of this program, without file names and line numbers."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, UserWarning):
            click.echo(f"platerisk: {warning.message}", err=True)
