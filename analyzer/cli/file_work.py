"""Options of verbs that read, write or make files: what that would take, and how far it is."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.progress_line import ProgressLine, clock, progress_option

if TYPE_CHECKING:
    from analyzer.cost_files import FileCost

_RUN = "platerisk.file_run"
TICK_SECONDS = 0.5

_dry_run = click.option(
    "--dry-run",
    is_flag=True,
    help="Say what the work would take (rows, seconds, memory, disk, how that is known), and stop.",
)


class FileRun:
    """One run of a verb that reads files, or writes one: how far it is, and what is left."""

    def __init__(self, verb: str, shown: bool, kind: str = "csv"):
        self._verb = verb
        self._kind = kind
        """Format of what is read: of some the reading takes most of the time."""
        self._line = ProgressLine(shown)
        self._share: float | None = None
        self._ended = threading.Event()
        """Set when nothing is to be said any more of what comes after reading."""
        self._ticking: threading.Thread | None = None
        self._reading = True

    @property
    def shown(self) -> bool:
        """Whether anything is shown."""
        return self._line.shown

    def read(self, done: int, total: int) -> None:
        """Show how much is read; once all is, that it is sorted and written."""
        if not self.shown or not self._reading:
            return
        if done >= total:
            self._reading = False
            whole = self._line.since_begun() / self._reading_share(total)
            # Nobody tells how far sorting and writing are: the clock does.
            self._ticking = threading.Thread(
                target=self._say_writing, args=(whole,), daemon=True
            )
            self._ticking.start()
            return
        gone = self._line.gone()
        if gone is None or not done:
            return
        share = done / total
        left = gone / share / self._reading_share(total) - gone
        self._line.write(
            f"{self._verb}: {clock(gone)} gone, {share:.0%} read, about {clock(left)} left with "
            "sorting and writing"
        )

    def _say_writing(self, whole: float) -> None:
        while not self._ended.wait(TICK_SECONDS):
            self.say_writing(whole)

    def say_writing(self, whole: float) -> None:
        """Show what is left of so many seconds, once all is read."""
        gone = self._line.gone()
        if gone is None:
            return
        left = f"about {clock(whole - gone)} left"
        if gone >= whole:
            left = f"longer than the {clock(whole)} expected"
        self._line.write(
            f"{self._verb}: {clock(gone)} gone, all read, sorting and writing, {left}"
        )

    def wrote(self, done: int, total: int) -> None:
        """Show how many rows of a file are written."""
        gone = self._line.gone()
        if gone is None:
            return
        left = gone * (total / max(done, 1) - 1)
        self._line.write(
            f"{self._verb}: {clock(gone)} gone, {done:,} of {total:,} rows written, about "
            f"{clock(left)} left"
        )

    def begin_again(self) -> None:
        """Count the seconds from now on: other work begins."""
        self.end()
        self._line = ProgressLine(self._line.shown)

    def end(self) -> None:
        """Clear the line, and say nothing more."""
        self._ended.set()
        if self._ticking is not None:
            self._ticking.join(10 * TICK_SECONDS)
        self._line.end()

    def _reading_share(self, size: int) -> float:
        if self._share is None:
            from analyzer.cost_files import reading_share

            self._share = reading_share(self._kind, size)
        return self._share


def current_file_run() -> FileRun | None:
    """Give the run of the verb at work, if it is one that reads or writes files."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_RUN)


def file_work_options(predict: Callable[[dict[str, Any]], FileCost]) -> Callable:
    """Take --dry-run and --progress; the first says what `predict` finds, and ends."""

    def decorate(command: Callable) -> Callable:
        @_dry_run
        @progress_option
        @functools.wraps(command)
        def with_work(dry_run: bool, show_progress: bool, **options: Any) -> Any:
            context = click.get_current_context()
            if dry_run:
                say(predict(options), options.get("output_format"))
                context.exit(0)
            run = FileRun(context.info_name or "", show_progress, _kind_of(options["sources"]))
            context.meta[_RUN] = run
            context.call_on_close(run.end)
            return command(**options)

        return with_work

    return decorate


def dry_run_option(predict: Callable[[dict[str, Any]], FileCost]) -> Callable:
    """Take --dry-run alone."""

    def decorate(command: Callable) -> Callable:
        @_dry_run
        @functools.wraps(command)
        def with_dry_run(dry_run: bool, **options: Any) -> Any:
            if dry_run:
                say(predict(options), options.get("output_format"))
                click.get_current_context().exit(0)
            return command(**options)

        return with_dry_run

    return decorate


def say(cost: FileCost, output_format: str | None) -> None:
    """Print what work would take."""
    if output_format == "json":
        click.echo(json.dumps(cost.to_dict(), indent=2))
    else:
        click.echo(cost.summary())


def _kind_of(sources: tuple[str, ...]) -> str:
    """Say as which measured format files are read; other documents are like JSON Lines."""
    name = sources[0].lower()
    if name.endswith(".parquet"):
        return "parquet"
    return "jsonl" if name.endswith((".jsonl", ".ndjson", ".json", ".geojson", ".xml")) else "csv"


def cost_of_ingest(options: dict[str, Any]) -> FileCost:
    """Predict what reading into a store takes, one that is there already or a new one."""
    from analyzer.cost_files import estimate_reading
    from analyzer.ingest.keys import open_secret
    from analyzer.store import is_store, open_store

    _refuse_store(options["sources"])
    earlier = None
    if is_store(options["output"]):
        earlier = open_store(options["output"], secret=open_secret(options["encrypt"]))
    return estimate_reading("ingest", list(options["sources"]), options, earlier)


def cost_of_check(options: dict[str, Any]) -> FileCost:
    """Predict what checking files takes; of a store only its manifest is read."""
    from analyzer.cost_files import FileCost, estimate_reading
    from analyzer.sightings import Sightings

    sightings = _sightings_of(options)
    if isinstance(sightings, Sightings):
        return FileCost(
            "check", {"rows": len(sightings)}, 0.0, None, None, 0,
            "The store says what was read when it was made: nothing is read again.", exact=True,
        )  # fmt: skip
    return estimate_reading("check", list(options["sources"]), options)


def cost_of_export(options: dict[str, Any]) -> FileCost:
    """Predict what writing one file takes, with the reading of files before it."""
    from analyzer.cost_files import estimate_export, estimate_export_of_files
    from analyzer.export import ENDINGS

    output = options["output"]
    if not output.lower().endswith(ENDINGS):
        raise click.UsageError(f"-o FILE ends with one of {', '.join(ENDINGS)}")
    sightings = _sightings_of(options)
    if sightings is None:
        return estimate_export_of_files(list(options["sources"]), output, options)
    return estimate_export(sightings, output)


def cost_of_synthesis(options: dict[str, Any]) -> FileCost:
    """Predict what making a region takes."""
    from analyzer.cost_files import estimate_synthesis

    names = ("vehicles", "days", "seed", "regime", "cameras", "file_format", "memory")
    return estimate_synthesis(**{name: options[name] for name in names})


def _sightings_of(options: dict[str, Any]) -> Any:
    """Open a store, if the source is one, to see how many rows the verb would look at."""
    from analyzer.ingest.reader import read_sightings
    from analyzer.store import is_store

    sources = options["sources"]
    if len(sources) != 1 or not is_store(sources[0]):
        _refuse_store(sources)
        return None
    return read_sightings(
        sources[0], encrypt=options["encrypt"], since=options["since"], until=options["until"]
    )


def _refuse_store(sources: tuple[str, ...]) -> None:
    from analyzer.store import is_store

    for source in sources:
        if is_store(source):
            raise click.UsageError(f"{source} is a store, which was read already; name files")
