"""Options that say how a verb runs: where, how far it is, what it would take, how it goes on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.progress_line import ProgressLine, clock
from analyzer.cli.wording import in_options

if TYPE_CHECKING:
    from analyzer.cost import Cost
    from analyzer.sightings import Sightings

_RUN = "platerisk.run"
LARGE = 500_000
"""From so many sightings on, what the work will take is looked up before it starts."""

LONG_SECONDS = 30
"""Work that will take longer is announced."""

OF_COMBINATIONS = "worst-case"
"""The verb whose combinations are counted, which sightings alone allow."""

SLACK = 0.1
"""So much more than the memory allowed, as a share of it, is not worth a warning."""


class Run:
    """One run of a verb: what was asked of it, and how far it is."""

    def __init__(
        self, verb: str, *, dry: bool, resume: str | None, shown: bool, engine: str = "local"
    ):
        self.verb = verb
        self.engine = engine
        self.dry = dry
        self.resume = resume
        self._line = ProgressLine(shown)
        self.expected: float | None = None
        """Processor seconds that the whole will take, as predicted."""
        self._share = 0.0

    def register(self, context: click.Context) -> None:
        """Make this the run of a command, to be found by whatever reads for it."""
        context.meta[_RUN] = self
        context.call_on_close(self.end)

    def part_done(self, done: int, total: int) -> None:
        """Show how far the work is, on standard error, now and then."""
        gone = self._line.gone()
        if gone is None:
            return
        text = f"{self.verb}: {clock(gone)} gone{self._left(gone)}"
        if self._share:
            text += f", {self._share:.0%} of the stages done"
        self._line.write(f"{text}, part {done} of {total} of what runs now")

    def whole_done(self, done: int, total: int) -> None:
        """Take how many of its stages a verb has done, where it can tell; they are not alike."""
        self._share = done / max(total, 1)

    def _left(self, gone: float) -> str:
        """Say what is left as predicted: all processors may share the work, or one have it all.

        The pace so far says nothing: stages take from seconds to minutes.
        """
        if self.expected is None:
            return ""
        least, most = self.expected / (os.cpu_count() or 1), self.expected
        if gone >= most:
            return f", longer than the {clock(most)} predicted"
        if least - gone < 1 or clock(least) == clock(most):
            return f", up to {clock(most - gone)} left as predicted"
        return f", {clock(least - gone)} to {clock(most - gone)} left as predicted"

    def end(self) -> None:
        """Clear the line."""
        self._line.end()


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
        from analyzer.cost import duration, estimate_cost_of_rows
        from analyzer.cost_files import estimate_reading
        from analyzer.ingest.size import estimate_rows

        cost = estimate_cost_of_rows(run.verb, estimate_rows(paths), _asked(context))
        note = "Rows are guessed from the size of the files; reading them is apart"
        first = estimate_reading("ingest", list(paths), context.params).seconds
        note += "." if first is None else f", about {duration(first)} before."
        if run.verb == OF_COMBINATIONS:
            note += " Combinations are counted when it starts, and refused where it would not end."
        _say(cost, context, note)


def after_reading(sightings: Sightings) -> None:
    """Say what the work will take: and stop, if that was asked for; or if it will be long."""
    context = click.get_current_context()
    run: Run | None = context.meta.get(_RUN)
    if run is None or not (run.dry or len(sightings) >= LARGE):
        return
    from analyzer.cost import estimate_cost

    cost = estimate_cost(run.verb, sightings, _asked(context))
    allowed = context.params.get("memory")
    if allowed and run.engine == "local":
        from analyzer.engine.spill import parse_memory

        if cost.beyond_gb * 1e9 > SLACK * parse_memory(allowed):
            click.echo(
                f"platerisk: {run.verb} will take about {cost.memory_gb:.1f} GB: what it holds of "
                f"places of all vehicles is not bounded by --memory {allowed}",
                err=True,
            )
    if run.dry:
        cost, note = _counted(cost, sightings, context)
        _say(cost, context, note)
    if cost.seconds is not None and cost.seconds >= LONG_SECONDS:
        work, taken = cost.summary().splitlines()[:2]
        click.echo(f"platerisk: {work}: {taken}; --dry-run says how this is known", err=True)
    if cost.seconds is not None and cost.seconds >= 1:
        # Less is not announced, but may turn out to be long.
        run.expected = cost.seconds
    if cost.memory_gb is not None and cost.memory_gb * 1e9 > _memory_of_machine():
        click.echo(
            f"platerisk: about {cost.memory_gb:.0f} GB will be needed, more than this machine has; "
            "ask for fewer days or vehicles, or spread the work with --engine spark",
            err=True,
        )


def _counted(cost: Cost, sightings: Sightings, context: click.Context) -> tuple[Cost, str]:
    """Count what a worst case would try, or find that it would be refused; leave other verbs."""
    if cost.verb != OF_COMBINATIONS:
        return cost, ""
    from analyzer.cost import duration
    from analyzer.errors import TooMuchWorkError
    from analyzer.risk.attacks.work import STEPS_PER_SECOND
    from analyzer.risk.worst_case_plan import count_worst_case

    names = ("attack", "points", "time", "tolerance", "compatible_with", "memory")
    asked = {name: context.params[name] for name in names}
    try:
        found = count_worst_case(sightings, **asked)
    except TooMuchWorkError as error:
        text = in_options(str(error), context.command.params)
        return replace(cost, seconds=None, memory_gb=None, how="Counted.", refused=text), ""
    work = {**cost.work, "combinations": round(found.combinations)}
    tried = duration(found.steps / STEPS_PER_SECOND)
    return replace(cost, work=work), f"Trying all combinations takes up to {tried} more."


def _asked(context: click.Context) -> dict[str, Any]:
    """Give what was asked for, with the policies of a file."""
    asked = dict(context.params)
    if isinstance(asked.get("policies"), str):
        from analyzer.policy.policy import read_policies

        asked["policies"] = read_policies(asked["policies"])
    return asked


def current_run() -> Run | None:
    """Give the run of the verb that is at work, if it is one that tells how far it is."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_RUN)


def _memory_of_machine() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _say(cost: Cost, context: click.Context, note: str = "") -> None:
    if context.params.get("output_format") == "json":
        click.echo(json.dumps({**cost.to_dict(), **({"note": note} if note else {})}, indent=2))
    else:
        click.echo("\n".join(filter(None, [cost.summary(), note])))
    context.exit(0)
