"""Verbs about what is inferred from sightings: inference, predictability, profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from analyzer.cli.adversary import adversary_options, take_adversary
from analyzer.cli.engines import engine_option
from analyzer.cli.options import examples, format_option, reading_options, seed_option, sources
from analyzer.cli.output import show
from analyzer.cli.reading import progress, read


@click.command(
    epilog=examples(
        "platerisk inference store",
        "platerisk inference store --sites sites.csv --format json",
    )
)
@sources
@click.option(
    "--sites",
    metavar="FILE",
    help="Sensitive sites: CSV with lat, lon, category (and radius_m, days, hours, min_minutes, "
    "max_minutes), GeoJSON or GeoPackage.",
)
@seed_option
@engine_option
@reading_options
@format_option
def inference(
    sources: tuple[str, ...],
    sites: str | None,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Measure about how many vehicles facts can be deduced, and how many chance would name.

    Homes, work places, commutes, social links, the next place; and, of sensitive sites that you
    list, how many vehicles were plausibly there, beside the same sites moved at random. Nothing is
    said about any one vehicle.
    """
    import pandas as pd

    from analyzer.report.figures import (
        figure_table,
        held_back_sentence,
        hold_back,
        hold_back_commuters,
    )
    from analyzer.risk.inference import measure_inference
    from analyzer.risk.sites import read_sites

    listed = None if sites is None else read_sites(sites)
    sightings = read(sources, **options)
    with progress("inferring") as done:
        found = measure_inference(
            sightings, listed, seed, engine=engine, memory=options["memory"], progress=done
        )
    shown = hold_back_commuters(hold_back(found.facts, means={"next_place"}))
    data = {
        **found.to_dict(),
        **{name: figure and figure.to_dict() for name, figure in shown.items()},
    }
    kept = {name: figure for name, figure in shown.items() if figure is not None}
    said = [replace(found, facts=kept).summary(), held_back_sentence(shown)]
    table = figure_table(shown).rename(columns={"figure": "inferred"})
    if found.sites:
        table = pd.concat([table, replace(found, facts={}).to_pandas()])
    show(output_format, text="\n".join(filter(None, said)), data=data, table=table)


@click.command(
    epilog=examples(
        "platerisk predictability store",
        "platerisk predictability store --space 2km --format json",
    )
)
@sources
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
    sources: tuple[str, ...], space: str, engine: Any, output_format: str, **options: Any
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


@click.command(
    epilog=examples(
        "platerisk profile store",
        "platerisk profile store --rotation 1D --format json",
        "platerisk profile store --vehicle ID --internal -o internal/",
    )
)
@sources
@click.option(
    "--rotation", default="7D", show_default=True, help="How often pseudonyms change, for linkage."
)
@click.option("--vehicle", metavar="ID", help="Pseudonym of one vehicle, for --internal.")
@click.option("-o", "--output", metavar="DIR", help="Folder for the tables of one vehicle.")
@click.option(
    "--internal",
    is_flag=True,
    help="Write what is known of one vehicle after each day (INTERNAL-…, readable by you alone). "
    "Never publish it without the consent of whoever drives it.",
)
@adversary_options
@seed_option
@engine_option
@reading_options
@format_option
def profile(
    sources: tuple[str, ...],
    rotation: str,
    vehicle: str | None,
    output: str | None,
    internal: bool,
    seed: int,
    engine: Any,
    output_format: str,
    **options: Any,
) -> None:
    """Profile the risk of the data in three criteria, or of one vehicle after N days.

    Of the data: how many vehicles are singled out, linked again, and how much is inferred, each
    with what chance gives, and after how many days of collecting half of the vehicles are singled
    out. Of one vehicle: on which day that was so, and since when its home and commute are known.
    """
    from analyzer.report.figures import figure_table, held_back_sentence
    from analyzer.report.folder import check_folder, write_internal
    from analyzer.report.origin import origin_of
    from analyzer.report.profile import published_profile
    from analyzer.risk.profile import profile_risk

    if (vehicle is not None) != internal:
        raise click.UsageError("--vehicle and --internal go together: it is about one person")
    if internal and output is None:
        raise click.UsageError("--internal writes what is known of one vehicle: add -o DIR")
    if output is not None and not internal:
        raise click.UsageError("-o is for --vehicle ID --internal; the profile of the data is "
                               "printed")  # fmt: skip
    if output is not None:
        check_folder(output, internal=True)
    adversary = take_adversary(options)
    sightings = read(sources, output=output, **options)
    with progress("profiling") as done:
        found = profile_risk(
            sightings,
            vehicle,
            adversary=adversary,
            rotation=rotation,
            seed=seed,
            engine=engine,
            memory=options["memory"],
            progress=done,
        )
    if internal:
        tables = {"profile": found.to_pandas(), "milestones": found.milestones()}
        used = {**adversary.to_dict(), "rotation": rotation, "seed": seed}
        made = {"origin": origin_of(sightings, used), "synthetic": sightings.synthetic}
        for path in write_internal(tables, Path(output), **made):
            click.echo(f"wrote {path}", err=True)
        return
    shown, said = published_profile(found)
    text = "\n".join(filter(None, [*said, held_back_sentence(shown)]))
    data = {name: figure and figure.to_dict() for name, figure in shown.items()}
    show(output_format, text=text, data=data, table=figure_table(shown))
