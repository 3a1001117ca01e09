"""Options that many verbs share."""

from __future__ import annotations

import functools
from collections.abc import Callable

import click

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
            "--from",
            "since",
            metavar="DATE",
            help="Look only at what was seen from this date on, in local time: 2026-03-01.",
        ),
        click.option(
            "--until",
            metavar="DATE",
            help="Look only at what was seen before this date: 2026-06-01.",
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
            help="About how much memory may be used, beside the 300 MB of the program itself: 2GB. "
            "No figure depends on it; less than 100MB is used as 100MB.",
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
