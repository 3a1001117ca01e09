"""Options that say what the adversary knows, and the adversary that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analyzer.risk.adversary import Adversary

NAMES = ("points", "time", "space", "attribute", "choose", "missed")


def attribute_option(command: Callable) -> Callable:
    """Take the attributes that are known."""
    return click.option(
        "--attribute",
        multiple=True,
        metavar="NAME",
        help="An attribute that is known too; give it several times: make, model, color, "
        "body_type, seat_belt, driver_appearance.",
    )(command)


def adversary_options(command: Callable) -> Callable:
    """Take what the adversary knows."""
    decorators = [
        click.option(
            "--points",
            type=click.IntRange(min=1),
            default=4,
            show_default=True,
            help="How many sightings of a vehicle the adversary knows.",
        ),
        click.option(
            "--time", default="1h", show_default=True, help="How exactly the time is known."
        ),
        click.option(
            "--space",
            default="camera",
            show_default=True,
            help="How exactly the place is known: camera, zone, or a distance (2km).",
        ),
        attribute_option,
        click.option(
            "--choose",
            type=click.Choice(["random", "home_work", "busiest"]),
            default="random",
            show_default=True,
            help="Which sightings are known: any; those by home and work; those of the firmest "
            "habit.",
        ),
        click.option(
            "--missed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="How many of them may be wrong.",
        ),
    ]
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def take_adversary(options: dict[str, Any]) -> Adversary:
    """Take the adversary's options out of all of them, and make it.

    Raises
    ------
    UsageError
        As `Adversary` does.
    """
    from analyzer.risk.adversary import Adversary

    points, time, space, attributes, choose, missed = (options.pop(name) for name in NAMES)
    return Adversary(points, time, space, attributes, choose, missed)
