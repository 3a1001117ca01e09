"""How often vehicles are linked again: by rotation, by days of data and by vehicles.

    python benchmarks/linkage_curves.py -o benchmarks/results/linkage.md

Synthetic regions of 60 days that begin with a period of 30 days, so that every rotation has whole
periods. Seeds 1 and 2 served to compare grains and weights; the figures are of another one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from analyzer import chart_writing
from analyzer.chart_style import ACCENT, MUTED
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_result import RotationLinkage
from analyzer.synthetic import make_region

START = "2025-09-13"
"""Thirty-day periods are counted from Monday 5 January 1970; one begins on this day."""

DAYS = 60
ROTATIONS = ("1D", "7D", "30D")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, nargs="+", default=[1_000, 5_000, 20_000])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    found: dict[tuple[int, str], RotationLinkage] = {}
    for vehicles in options.vehicles:
        region = make_region(vehicles=vehicles, days=DAYS, seed=options.seed, start=START)
        for rotation in ROTATIONS:
            begun = time.perf_counter()
            found[vehicles, rotation] = measure_linkage(region.sightings, rotation)
            print(f"{vehicles} {rotation} {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    sizes = " ".join(map(str, options.vehicles))
    text = "\n".join(
        [
            f"`python benchmarks/linkage_curves.py --vehicles {sizes} --seed {options.seed}`",
            "",
            f"Synthetic regions, dense, {DAYS} days from {START}, seed {options.seed}; who is who "
            "is known. The adversary is chosen on earlier periods.",
            "",
            *rotation_table(found),
            "",
            "By days of data of the profiles on both sides of the change:",
            "",
            *days_table(found),
            "",
            "The adversaries, over whole periods (success at the first guess; the grain `place` is "
            "what remains to one who is given no times of day):",
            "",
            *tried_table(found),
            "",
        ]
    )
    print(text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")
        draw(found, options.output.with_suffix(".svg"))


def rotation_table(found: dict[tuple[int, str], RotationLinkage]) -> list[str]:
    lines = [
        "| vehicles | rotation | candidates | pairs | first guess | among 5 | among 10 | chance | "
        "one-to-one | claims right | found | absent |",
        "|" + "---|" * 12,
    ]
    for (vehicles, rotation), linkage in found.items():
        cells = [
            f"{vehicles:,}", rotation, f"{linkage.candidates:,}",
            f"{linkage.pairs} of {linkage.pairs_there}",
            *(linkage.success[rank].percent() for rank in (1, 5, 10)),
            f"{100 * linkage.success[1].baseline:.2g} %",
            linkage.assignment.percent(), linkage.precision.percent(), linkage.recall.percent(),
            linkage.absent.percent(),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def days_table(found: dict[tuple[int, str], RotationLinkage]) -> list[str]:
    lines = ["| vehicles | rotation | days | first guess | among 10 | n |", "|" + "---|" * 6]
    for (vehicles, rotation), linkage in found.items():
        for step in linkage.by_days:
            lines.append(
                f"| {vehicles:,} | {rotation} | {step.days:g} | {step.success[1].percent()} | "
                f"{step.success[10].percent()} | {step.success[1].n:,} |"
            )
    return lines


def tried_table(found: dict[tuple[int, str], RotationLinkage]) -> list[str]:
    names = sorted({(t.grain, t.matcher) for each in found.values() for t in each.tried})
    heads = [f"{vehicles:,}, {rotation}" for vehicles, rotation in found]
    lines = ["| grain | matcher | " + " | ".join(heads) + " |", "|" + "---|" * (2 + len(heads))]
    for name in names:
        cells = [
            next(t for t in each.tried if (t.grain, t.matcher) == name).success[1]
            for each in found.values()
        ]
        lines.append(f"| {' | '.join(name)} | " + " | ".join(c.percent() for c in cells) + " |")
    return lines


def draw(found: dict[tuple[int, str], RotationLinkage], path: Path) -> None:
    """Draw success at the first guess against days of data, one line a number of vehicles."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(7, 3.7), layout="constrained").subplots()
    for vehicles, marker in zip(sorted({v for v, _ in found}), "os^Dv", strict=False):
        steps = found[vehicles, "30D"].by_days
        days = [step.days for step in steps]
        value = [step.success[1].value for step in steps]
        low = [step.success[1].low for step in steps]
        high = [step.success[1].high for step in steps]
        axes.plot(days, value, f"{marker}-", color=ACCENT, label=f"{vehicles:,} vehicles")
        axes.vlines(days, low, high, color=ACCENT)
        chance = [step.success[1].baseline for step in steps]
        axes.plot(days, chance, f"{marker}--", color=MUTED, lw=1, ms=3)
    axes.set(
        xlabel="Days of data on both sides of the change", xscale="log", ylim=(0, 1),
        ylabel="Linked again at the first guess",
    )  # fmt: skip
    # 28 and 30 would stand on each other.
    days = [each for each in days if each != 28]
    axes.set_xticks(days, [f"{each:g}" for each in days])
    axes.minorticks_off()
    axes.legend(frameon=False, title="grey: by chance")
    text = chart_writing.svg(
        axes.figure, name="linkage", title="Linked again after a change of pseudonyms",
        description="Share of vehicles linked again at the first guess, by days of data.",
    )  # fmt: skip
    path.write_text(text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1) + "\n",
                    encoding="utf-8")


if __name__ == "__main__":
    main()
