"""Verbs about what is inferred from sightings: predictability."""

from __future__ import annotations

from typing import Any

import click

from analyzer.cli.options import engine_option, examples, format_option, read, reading_options
from analyzer.cli.options import sources as sources_argument
from analyzer.cli.output import show


@click.command(
    epilog=examples(
        "platerisk predictability store",
        "platerisk predictability store --space 2km --format json",
    )
)
@sources_argument
@click.option(
    "--space",
    default="zone",
    show_default=True,
    help="What a place is: zone, camera, or a distance (2km).",
)
@engine_option
@reading_options
@format_option
def predictability(
    sources: tuple[str, ...], space: str, engine: str, output_format: str, **options: Any
) -> None:
    """Measure how well the place where the next trip ends can be told.

    A bound from the entropy of each vehicle's destinations, and beside it what simple predictors
    really tell in weeks that they have not seen.
    """
    from analyzer.report.figures import figure_table, held_back_sentence, hold_back
    from analyzer.risk.predictability import measure_predictability

    sightings = read(sources, **options)
    found = measure_predictability(
        sightings, space=space, engine=engine, memory=options["memory"]
    )
    means = set(found.figures) - {"excluded"}
    shown = hold_back(found.figures, means=means)
    data = {"space": space, **{name: each and each.to_dict() for name, each in shown.items()}}
    few = any(figure is None for figure in shown.values())
    text = held_back_sentence(shown) if few else found.summary()
    show(output_format, text=text, data=data, table=figure_table(shown))
