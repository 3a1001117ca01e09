"""Options that say what the adversary knows, and the adversary that they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from analyzer.risk.adversary import Adversary

NAMES = ("points", "time", "space", "attribute", "choose", "missed")
EXACT = ("points", "time", "space", "choose")


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
    return _take(command, NAMES)


def exact_adversary_options(command: Callable) -> Callable:
    """Take what an adversary knows who knows place and time, rightly.

    Where policies are compared no other is measured, so none is offered.
    """
    return _take(command, EXACT)


def _take(command: Callable, names: tuple[str, ...]) -> Callable:
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
    for name, decorator in reversed(list(zip(NAMES, decorators, strict=True))):
        if name in names:
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

    points, time, space, choose = (options.pop(name) for name in EXACT)
    attributes, missed = options.pop("attribute", ()), options.pop("missed", 0)
    return Adversary(points, time, space, attributes, choose, missed)
