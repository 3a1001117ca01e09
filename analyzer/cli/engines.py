"""Options that say on which engine a verb works."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.progress_line import progress_option
from analyzer.cli.reading import read
from analyzer.cli.running import Run

if TYPE_CHECKING:
    from analyzer.engine import Engine

_engine_name = click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Where the work runs; no figure depends on it. spark needs platerisk[spark] and Java.",
)
_master = click.option(
    "--master",
    metavar="URL",
    help="Where Spark is: spark://host:7077, or local[2] for this machine. By default what "
    "SPARK_MASTER says, else this machine.",
)


def reading_engine_option(command: Callable) -> Callable:
    """Take where files are read; the verb gets an engine."""

    @_engine_name
    @_master
    @functools.wraps(command)
    def with_engine(engine: str, master: str | None, **options: Any) -> Any:
        return command(engine=_engine(engine, master, options.get("memory")), **options)

    return with_engine


def engine_option(command: Callable) -> Callable:
    """Take where and how a verb runs; the verb gets an engine that is ready to work."""

    @_engine_name
    @_master
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
    @progress_option
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
        verb = context.info_name or ""
        run = Run(verb, dry=dry_run, resume=resume, shown=show_progress, engine=engine)
        run.register(context)
        if dry_run:
            _run_dry(options)
        runner = _engine(engine, master, options.get("memory"))
        if resume is not None:
            from analyzer.engine.resuming import ResumingEngine

            runner = ResumingEngine(runner, resume)
        runner.on_part = run.part_done
        return command(engine=runner, **options)

    return with_engine


def _engine(name: str, master: str | None, memory: str | None) -> Engine:
    from analyzer.engine import get_engine

    if master is not None and name != "spark":
        raise click.UsageError("--master says where Spark is: write --engine spark too")
    if name == "spark" and not os.environ.get("PLATERISK_TRACEBACK"):
        # What joins us to Java logs tracebacks, of interrupts too; failures come as messages.
        logging.getLogger().addHandler(logging.NullHandler())
    # Before anything is read: what is missing shall not be found out after minutes.
    return get_engine(name, memory, master=master)


def _run_dry(options: dict[str, Any]) -> None:
    """Open what the verb would read, which says what it would take, and ends."""
    from analyzer.ingest.inputs import find_inputs
    from analyzer.ingest.streams import open_file
    from analyzer.store import is_store

    other = options.get("other")
    if other is not None and not is_store(other):
        # Only the first is counted, but both must be there.
        for place in find_inputs(other)[0]:
            if isinstance(place, Path):
                open_file(place).close()
    named = {name: value for name, value in options.items() if name not in ("sources", "source")}
    read(options["sources"] if "sources" in options else (options["source"],), **named)
