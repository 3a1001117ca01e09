"""The command ``platerisk``: one verb a question; no computation happens here."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module

import click

from analyzer import __version__
from analyzer.cli.wording import in_options
from analyzer.errors import AnalyzerError

VERBS = {
    "demo": ("analyzer.cli.publish", "Make a synthetic region, assess it, write the report."),
    "report": ("analyzer.cli.publish", "Write the report: page, findings, tables."),
    "disclosure": ("analyzer.cli.publish", "Attack a report before it is published."),
    "ingest": ("analyzer.cli.data", "Read sightings once into a store."),
    "check": ("analyzer.cli.data", "Say what was read, kept, rejected and why."),
    "export": ("analyzer.cli.exchange", "Write cleaned sightings as one file for other programs."),
    "profiles": ("analyzer.cli.exchange", "List the formats of vendors that are known."),
    "info": ("analyzer.cli.data", "Say what a store holds and where it came from."),
    "synthesize": ("analyzer.cli.data", "Make a synthetic region with its truth."),
    "risk": ("analyzer.cli.risk", "Measure how many vehicles a few sightings single out."),
    "grid": ("analyzer.cli.risk", "Measure the same for every exactness of time and place."),
    "anonymity": ("analyzer.cli.risk", "Count the vehicles that fit what an adversary knows."),
    "plateless": ("analyzer.cli.risk", "Measure what attributes tell apart without any plate."),
    "linkage": ("analyzer.cli.linkage", "Measure whether new pseudonyms are known again."),
    "worst-case": ("analyzer.cli.worst_case", "Measure what the most telling sightings give away."),
    "retention": ("analyzer.cli.retention", "Measure the risk for each length of keeping."),
    "compare": ("analyzer.cli.policy", "Compare policies on the same leaks and vehicles."),
    "recommend": ("analyzer.cli.policy", "Find the least restrictive policies that meet targets."),
    "camera-count": ("analyzer.cli.growth", "Measure the risk for each number of cameras."),
    "sharing": ("analyzer.cli.growth", "Measure what two stores give away together."),
    "case": ("analyzer.cli.case", "Write the story of one vehicle as a page."),
    "brief": ("analyzer.cli.retention", "Write one or two pages for policymakers."),
    "verify": ("analyzer.cli.publish", "Compute a report's figures again from its store."),
    "patterns": ("analyzer.cli.measure", "Find trips, places, routines, commutes, companions."),
    "inference": ("analyzer.cli.inference", "Measure what can be deduced about how many."),
    "profile": ("analyzer.cli.inference", "Profile the risk of the data, or of one vehicle."),
    "predictability": ("analyzer.cli.inference", "Measure how well the next place can be told."),
}


class LazyGroup(click.Group):
    """A group whose verbs are imported when they are called: help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the verbs, in the order in which a new user meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import a verb."""
        if name not in VERBS:
            return None
        return getattr(import_module(VERBS[name][0]), name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])

    def _less(self, ctx: click.Context) -> str:
        """Say how the verb that ran can do with less memory."""
        verb = self.get_command(ctx, ctx.invoked_subcommand or "")
        if verb is not None and any(option.name == "memory" for option in verb.params):
            return "give less with --memory 1GB"
        return "ask for less at once, for example for fewer vehicles or days"

    def invoke(self, ctx: click.Context) -> object:
        """Run a verb; an expected failure is a message and an exit status, never a traceback."""
        try:
            return super().invoke(ctx)
        except AnalyzerError as error:
            verb = self.get_command(ctx, ctx.invoked_subcommand or "")
            said = in_options(str(error), verb.params if verb is not None else ())
            click.echo(f"platerisk: {said}", err=True)
            sys.exit(error.exit_status)
        except MemoryError:
            click.echo(f"platerisk: out of memory; {self._less(ctx)}", err=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            click.echo(f"platerisk: {_said_by_system(error)}", err=True)
        except (click.exceptions.ClickException, click.exceptions.Exit, click.exceptions.Abort):
            raise
        except Exception as error:
            if _was_interrupted(error):
                raise click.exceptions.Abort from error
            # The text of an unexpected error may hold a cell of the input, and a cell a plate.
            if os.environ.get("PLATERISK_TRACEBACK"):
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            click.echo(
                f"platerisk: a fault of the program: {type(error).__name__} in "
                f"{os.path.basename(last.filename)}, line {last.lineno}. Please report it; "
                "PLATERISK_TRACEBACK=1 shows more, which may hold text of your data.",
                err=True,
            )
        sys.exit(1)


def _was_interrupted(error: BaseException | None) -> bool:
    """Tell whether Ctrl-C lies behind an error: within a kernel it comes out as a SystemError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _said_by_system(error: OSError) -> str:
    """Say where the system failed and why; of a full disk, it rarely says which."""
    from analyzer.engine.full_disk import FULL

    if error.errno in FULL:
        where = error.filename or "the disk of what is written, or of temporary files"
        return f"{where}: no space is left; free some, or name a folder for those with TMPDIR"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or type(error).__name__}"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="platerisk")
def main() -> None:
    """Show what a database of licence-plate sightings gives away about the people in the cars.

    \b
    Try it:             platerisk demo
    Your own data:      platerisk report sightings.csv --timezone Asia/Tashkent -o out/
    Help for a command: platerisk report --help
    """  # noqa: D301 - click's mark for "do not rewrap" is a backspace, not the two letters
