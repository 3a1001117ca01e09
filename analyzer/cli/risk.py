"""Verbs that measure how re-identifiable vehicles are: risk, grid, anonymity, plateless."""

from __future__ import annotations

from typing import Any

import click

from analyzer.cli.adversary import adversary_options, attribute_option, take_adversary
from analyzer.cli.engines import engine_option
from analyzer.cli.options import examples, format_option, reading_options, seed_option, sources
from analyzer.cli.output import show
from analyzer.cli.reading import read

sample_option = click.option(
    "--sample",
    type=click.IntRange(min=1),
    help="Measure this many vehicles, drawn by chance, against all others.",
)


@click.command(
    epilog=examples(
        "platerisk risk store --points 4 --time 1h --space camera",
        "platerisk risk store --attribute make --attribute color --gain",
        "platerisk risk store --choose home_work --missed 1",
        "platerisk risk reads.csv --timezone Asia/Tashkent --format json",
    )
)
@sources
@adversary_options
@click.option(
    "--gain", is_flag=True, help="Say what the attributes add, each alone and all together."
)
@sample_option
@seed_option
@engine_option
@reading_options
@format_option
def risk(
    sources: tuple[str, ...],
    gain: bool,
    sample: int | None,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure how many vehicles a few sightings single out (unicity).

    For each vehicle a few of its sightings are drawn; it is singled out if no other vehicle was
    seen at all of those places and times, with attributes that agree.
    """
    from analyzer.report.crowds import published_gain, published_unicity
    from analyzer.risk.gain import measure_attribute_gain
    from analyzer.risk.unicity import measure_unicity

    adversary = take_adversary(options)
    if gain and not adversary.attributes:
        raise click.UsageError("--gain says what attributes add: write --attribute color")
    sightings = read(sources, **options)
    measure = measure_attribute_gain if gain else measure_unicity
    found = measure(
        sightings, adversary, sample=sample, seed=seed, engine=engine, memory=options["memory"]
    )
    found = published_gain(found) if gain else published_unicity(found)
    show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())


@click.command(
    epilog=examples(
        "platerisk grid store",
        "platerisk grid store --points 1 --points 4 --time 1h --time 1D --space camera",
        "platerisk grid store --sample 10000 --format csv",
    )
)
@sources
@click.option(
    "--points",
    multiple=True,
    type=click.IntRange(min=1),
    default=(1, 2, 3, 4, 5),
    show_default=True,
    help="Numbers of sightings known; give it several times.",
)
@click.option(
    "--time",
    "times",
    multiple=True,
    default=("15min", "1h", "6h", "1D", "7D", "28D"),
    show_default=True,
    help="How exactly the time is known; give it several times.",
)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    default=("camera", "zone", "2km", "10km"),
    show_default=True,
    help="How exactly the place is known; give it several times.",
)
@sample_option
@seed_option
@engine_option
@reading_options
@format_option
def grid(
    sources: tuple[str, ...],
    points: tuple[int, ...],
    times: tuple[str, ...],
    spaces: tuple[str, ...],
    sample: int | None,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure unicity for every number of sightings, exactness of time, and of place.

    With the law by which it decays, how well that law fits, and published values beside it. Cells
    that stand for fewer than ten vehicles are held back.
    """
    from analyzer.report.crowds import published_grid
    from analyzer.risk.grid import measure_unicity_grid

    sightings = read(sources, **options)
    found = measure_unicity_grid(
        sightings,
        points,
        times,
        spaces,
        sample=sample,
        seed=seed,
        engine=engine,
        memory=options["memory"],
    )
    found = published_grid(found)
    show(output_format, text=found.summary(), data=found.to_dict(), table=found.to_pandas())


@click.command(
    epilog=examples(
        "platerisk anonymity store",
        "platerisk anonymity store --points 2 --time 1D --space zone --format json",
        "platerisk anonymity store --attribute color --sample 10000",
    )
)
@sources
@adversary_options
@sample_option
@seed_option
@engine_option
@reading_options
@format_option
def anonymity(
    sources: tuple[str, ...],
    sample: int | None,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Count the vehicles that fit what an adversary knows: the size k of anonymity sets.

    And, beside it, how many vehicles share home and work. What stands for fewer than ten vehicles
    is held back.
    """
    import pandas as pd

    from analyzer.report.crowds import apart_from_wholes, published_anonymity
    from analyzer.report.figures import figure_table, held_back_sentence
    from analyzer.risk.anonymity import measure_anonymity

    adversary = take_adversary(options)
    sightings = read(sources, **options)
    found = measure_anonymity(
        sightings, adversary, sample=sample, seed=seed, engine=engine, memory=options["memory"]
    )
    figures, classes = published_anonymity(found)
    flat = {f"{name} ({of})": figure for of, own in figures.items() for name, figure in own.items()}
    held = held_back_sentence(flat)
    data = {
        "adversary": adversary.to_dict(),
        **_as_fields(figures["points"]),
        "classes": [
            {name: None if pd.isna(cell) else int(cell) for name, cell in row.items()}
            for row in classes.to_dict("records")
        ],
        "home_work": {of: _as_fields(own) for of, own in figures.items() if of != "points"},
        "seed": seed,
        "synthetic": found.synthetic,
    }
    tables = [figure_table(own).assign(of=of) for of, own in figures.items()]
    table = pd.concat(tables, ignore_index=True)
    table.insert(0, "of", table.pop("of"))
    # Only the points' own sentences stand where a home or a work place is held back.
    about_points = held_back_sentence(figures["points"]) or found.points_summary()
    text = "\n".join([about_points, held]) if held else apart_from_wholes(found).summary()
    show(output_format, text=text, data=data, table=table)


def _as_fields(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: figure and figure.to_dict() for name, figure in figures.items()}


@click.command(
    epilog=examples(
        "platerisk plateless store --attribute make --attribute color",
        "platerisk plateless store --attribute color --time 15min --format json",
    )
)
@sources
@attribute_option
@click.option("--time", default="1h", show_default=True, help="How exactly the time is known.")
@engine_option
@reading_options
@format_option
def plateless(
    sources: tuple[str, ...],
    attribute: tuple[str, ...],
    time: str,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure how many sightings attributes alone tell apart, without any plate.

    For each sighting, the vehicles at its camera and within its time bin whose attributes agree.
    What stands for fewer than ten sightings is held back.
    """
    from analyzer.report.crowds import published_plateless
    from analyzer.report.figures import figure_table, held_back_sentence
    from analyzer.risk.plateless import measure_plateless

    if not attribute:
        raise click.UsageError("--attribute says what is known: write --attribute color")
    sightings = read(sources, **options)
    found = measure_plateless(
        sightings, attribute, time, engine=engine, memory=options["memory"]
    )
    figures, _ = published_plateless(found)
    data = {
        "attributes": list(found.attributes),
        "time": found.time,
        **_as_fields({"unique": figures["k_below_2"], **figures}),
        "noted": found.noted,
        "sightings": found.sightings,
        "published": found.published.to_dict(),
        "synthetic": found.synthetic,
    }
    text = held_back_sentence(figures) or found.summary()
    show(output_format, text=text, data=data, table=figure_table(figures))
