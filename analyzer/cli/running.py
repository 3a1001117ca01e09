"""Options that say how a verb runs: where, how far it is, what it would take, how it goes on."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analyzer.cost import Cost
    from analyzer.engine import Engine
    from analyzer.sightings import Sightings

_RUN = "platerisk.run"
LARGE = 500_000
"""From so many sightings on, what the work will take is looked up before it starts."""

LONG_SECONDS = 30
"""Work that will take longer is announced."""


class Run:
    """One run of a verb: what was asked of it, and how far it is."""

    def __init__(self, verb: str, *, dry: bool, resume: str | None, shown: bool):
        self.verb = verb
        self.dry = dry
        self.resume = resume
        self._terminal = sys.stderr.isatty()
        self._shown = shown or self._terminal
        self._begun = time.monotonic()
        self._said = self._begun
        self._step = 0
        self._width = 0
        self.expected: float | None = None
        """Seconds by the clock that the whole will take."""

    def part_done(self, done: int, total: int) -> None:
        """Show how far the work is, on standard error, now and then."""
        self._step += done == 1
        now = time.monotonic()
        if not self._shown or now - self._said < (0.5 if self._terminal else 10):
            return
        self._said = now
        gone = now - self._begun
        text = f"{self.verb}: step {self._step}, part {done} of {total}, {_clock(gone)} gone"
        if self.expected is not None and self.expected > gone:
            text += f", about {_clock(self.expected - gone)} left"
        end = "\r" if self._terminal else "\n"
        sys.stderr.write(text.ljust(self._width) + end)
        sys.stderr.flush()
        self._width = len(text)

    def end(self) -> None:
        """Clear the line."""
        if self._terminal and self._width:
            sys.stderr.write(" " * self._width + "\r")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def engine_option(command: Callable) -> Callable:
    """Take where and how a verb runs; the verb gets an engine that is ready to work."""

    @click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        show_default=True,
        help="Where the work runs; no figure depends on it. spark needs platerisk[spark] and Java.",
    )
    @click.option(
        "--master",
        metavar="URL",
        help="Where Spark is: spark://host:7077, or local[2] for this machine. By default what "
        "SPARK_MASTER says, else this machine.",
    )
    @click.option(
        "--resume",
        metavar="DIR",
        help="Keep what is done in this folder, so that the same command goes on after it was "
        "interrupted. It is about single vehicles: delete it afterwards.",
    )
    @click.option(
        "--dry-run",
        is_flag=True,
        help="Say what the work would take (seconds, memory, how that is known), and stop.",
    )
    @click.option(
        "--progress",
        "show_progress",
        is_flag=True,
        help="Say how far the work is also where standard error is no terminal.",
    )
    @functools.wraps(command)
    def with_engine(
        engine: str,
        master: str | None,
        resume: str | None,
        dry_run: bool,
        show_progress: bool,
        **options: Any,
    ) -> Any:
        context = click.get_current_context()
        run = Run(context.info_name or "", dry=dry_run, resume=resume, shown=show_progress)
        context.meta[_RUN] = run
        context.call_on_close(run.end)
        if dry_run:
            _run_dry(options)
        runner = _engine(engine, master, options.get("memory"), run)
        return command(engine=runner, **options)

    return with_engine


def _engine(name: str, master: str | None, memory: str | None, run: Run) -> Engine:
    from analyzer.engine import get_engine
    from analyzer.engine.resuming import ResumingEngine

    if master is not None and name != "spark":
        raise click.UsageError("--master says where Spark is: write --engine spark too")
    # Before anything is read: what is missing shall not be found out after minutes.
    engine = get_engine(name, memory, master=master)
    engine.on_part = run.part_done
    return engine if run.resume is None else ResumingEngine(engine, run.resume)


def _run_dry(options: dict[str, Any]) -> None:
    """Open what the verb would read, which says what it would take, and ends."""
    from analyzer.cli.options import read

    named = {name: value for name, value in options.items() if name not in ("sources", "source")}
    read(options["sources"] if "sources" in options else (options["source"],), **named)


def before_reading(paths: tuple[str, ...]) -> None:
    """Say what work on files would take, without reading them, if that is what was asked for."""
    from analyzer.store import is_store

    context = click.get_current_context()
    run: Run | None = context.meta.get(_RUN)
    if run is None or (len(paths) == 1 and is_store(paths[0])):
        return
    if run.resume is not None:
        raise click.UsageError(
            "--resume keeps work on a store; read the files into one first: "
            "platerisk ingest FILES -o STORE"
        )
    if run.dry:
        from analyzer.cost import estimate_cost_of_rows
        from analyzer.ingest.size import estimate_rows

        cost = estimate_cost_of_rows(run.verb, estimate_rows(paths), context.params)
        _say(cost, context, "Rows are guessed from the size of the files; reading them is apart.")


def after_reading(sightings: Sightings) -> None:
    """Say what the work will take: and stop, if that was asked for; or if it will be long."""
    context = click.get_current_context()
    run: Run | None = context.meta.get(_RUN)
    if run is None or not (run.dry or len(sightings) >= LARGE):
        return
    from analyzer.cost import estimate_cost

    cost = estimate_cost(run.verb, sightings, context.params)
    if run.dry:
        _say(cost, context)
    if cost.seconds is not None and cost.seconds >= LONG_SECONDS:
        work, taken = cost.summary().splitlines()[:2]
        click.echo(f"platerisk: {work}: {taken}; --dry-run says how this is known", err=True)
        run.expected = cost.seconds / (os.cpu_count() or 1)
    if cost.memory_gb is not None and cost.memory_gb * 1e9 > _memory_of_machine():
        click.echo(
            f"platerisk: about {cost.memory_gb:.0f} GB will be needed, more than this machine has; "
            "ask for fewer days or vehicles, or spread the work with --engine spark",
            err=True,
        )


def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _say(cost: Cost, context: click.Context, note: str = "") -> None:
    if context.params.get("output_format") == "json":
        click.echo(json.dumps({**cost.to_dict(), **({"note": note} if note else {})}, indent=2))
    else:
        click.echo("\n".join(filter(None, [cost.summary(), note])))
    context.exit(0)
