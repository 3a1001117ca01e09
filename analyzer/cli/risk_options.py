"""Options of verbs that measure several risks: which, of what sites, against whom, how."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from analyzer.cli.adversary import adversary_options, exact_adversary_options
from analyzer.cli.engines import engine_option
from analyzer.cli.options import format_option, reading_options, seed_option

RISKS = (
    "unicity", "homes", "works", "commutes", "companions", "linkage", "predictability", "visits",
)  # fmt: skip
USUAL = RISKS[:6]
"""Risks that are compared unless others are named."""


def risk_option(choices: Sequence[str] = RISKS) -> Callable:
    """Take risks, of those that a verb knows."""
    return click.option(
        "--risk",
        "risks",
        multiple=True,
        type=click.Choice(choices),
        help="Which risk; give it several times.",
    )


open_option = click.option(
    "--open-for",
    default="0D",
    show_default=True,
    help="How long the store stood open: a watcher copied what passed through.",
)
sites_option = click.option(
    "--sites",
    metavar="FILE",
    help="Sensitive sites (CSV with lat, lon, category, or GeoJSON): visits to each category are a "
    "risk of their own.",
)
sample_option = click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Look for companions among so many vehicles, drawn by chance, and for as many at each "
    "change of pseudonyms, among all.",
)


def measuring_options(command: Callable) -> Callable:
    """Take what all these verbs take: sample, adversary, and how they draw, run, read and show."""
    return _measuring(command, adversary_options)


def comparing_options(command: Callable) -> Callable:
    """Take the same where policies are compared, for an adversary who knows place and time."""
    return _measuring(command, exact_adversary_options)


def _measuring(command: Callable, of_adversary: Callable) -> Callable:
    options = (
        sample_option, of_adversary, seed_option, engine_option, reading_options, format_option,
    )  # fmt: skip
    return functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)


def take_sites(source: str | None, risks: tuple[str, ...]) -> Any:
    """Read the sensitive sites, if any are given.

    Raises
    ------
    click.UsageError
        If visits are asked for and no sites are given.
    """
    from analyzer.risk.sites import read_sites

    if source is None and "visits" in risks:
        raise click.UsageError("--risk visits needs the sensitive sites: --sites FILE")
    return None if source is None else read_sites(source)
