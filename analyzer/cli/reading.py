"""How files or a store become the sightings that a verb works on."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.file_work import current_file_run
from analyzer.cli.options import READING
from analyzer.cli.running import after_reading, before_reading, current_run

if TYPE_CHECKING:
    from analyzer.engine import Engine
    from analyzer.sightings import Sightings

READ = "reading"
"""The label of what comes before a verb's own work."""


def read(
    paths: tuple[str, ...],
    *,
    store: str | None = None,
    rejects: str | None = None,
    output: str | None = None,
    engine: str | Engine = "local",
    **options: Any,
) -> Sightings:
    """Turn what a user named into sightings: open a store, or read files (on an engine).

    Raises
    ------
    KeyFileError
        If the key would lie in the folder of the output.
    click.UsageError
        If the source is a store, and an option says how files are to be read.
    """
    from analyzer.fitting import fit_to_engine
    from analyzer.ingest.reader import read_sightings

    refuse_key_in(output, options["key"])
    if store is None and len(paths) == 1:
        refuse_reading_of_store(paths[0], options)

    before_reading(paths)
    with progress(READ) as report, plain_warnings():
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
            since=options["since"],
            until=options["until"],
            engine=engine,
            progress=report,
        )
    run = current_run()
    if run is not None and run.engine == "local":
        # Measures do it too; but what is counted before them is counted in such parts as well.
        _, sightings = fit_to_engine(sightings, memory=options["memory"])
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
    """Show how far long work is, on standard error, and only on a terminal.

    The run of the verb is told too, which says what is left.
    """
    files = current_file_run()
    if files is not None and label == READ:
        yield files.read
        files.begin_again()
        return
    run = None if label == READ else current_run()
    told = run.whole_done if run is not None else lambda done, total: None
    told(0, 1)
    if not sys.stderr.isatty():
        yield told
        return
    with click.progressbar(length=1_000, label=label, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            told(done, total)
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
