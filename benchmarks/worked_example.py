"""A worked example: after how many days half of the vehicles are known, in a region of 100 cameras.

    python benchmarks/worked_example.py -o benchmarks/results/worked_example.md

For somebody who must write a number into a law. Two collections: a synthetic region of 100 camera
sites in which everybody is invented, and a real week of reads by patrol cars (Seattle 2021, a
public-records release; skipped where the file is not there, and never copied). The real week is too
short, and its vehicles are seen too seldom, for most of the answers, and the page says so.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import analyzer as az
from analyzer.policy.open_store import OpenStoreSweep, sweep_open_store
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.rules import place_rules, read_rules, rule_windows
from analyzer.policy.wording import days_text
from analyzer.sightings import Sightings

SEATTLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "seattle_alpr_2021.csv.gz"
RISKS = ("unicity", "homes", "works", "commutes")
WHAT = {
    "unicity": "singled out by {points} known sightings",
    "homes": "home inferred",
    "works": "work place inferred",
    "commutes": "commute inferred",
}
WINDOWS = ("1D", "2D", "3D", "5D", "7D", "14D", "21D", "30D", "60D")
K = 10


def until_half(sweeps: dict[int, RetentionSweep]) -> list[str]:
    """Days until half, for adversaries who know more and fewer sightings."""
    lines = [
        "| half of the vehicles have … | vehicles | days (95 %) | by the end of the data |",
        "|---|---|---|---|",
    ]
    for points, sweep in sweeps.items():
        for each in sweep.until_half:
            days = each.days
            if days.is_measured:
                high = f"{days.high:g}" if days.high < float("inf") else "beyond the data"
                said = f"{days.value:g} ({days.low:g}–{high})"
            else:
                said = f"not within {each.data_days}"
            what = WHAT[each.risk].format(points=points)
            of = f"{days.n:,} ({100 * days.n / each.vehicles:.0f} % of all)"
            lines.append(f"| {what} | {of} | {said} | {each.by_end.percent()} |")
    return lines


def curve(opened: OpenStoreSweep) -> list[str]:
    """What each length of keeping gives away, beside stores that stood open."""
    closed = opened.closed
    steps = {risk: {step.days: step for step in closed.of(risk)} for risk in closed.risks}
    others = [
        {step.days: step for step in sweep.of("unicity")} for sweep in opened.sweeps[1:]
    ]
    heads = [f"open {sweep.open_days} days" for sweep in opened.sweeps[1:]]
    lines = [
        "| kept for | singled out | " + " | ".join([*heads, "home", "work", "commute"]) + " |",
        "|---" * (5 + len(heads)) + "|",
    ]
    for days, step in steps["unicity"].items():
        if days > closed.data_days:
            continue
        cells = [each[days].share.percent() for each in others]
        cells += [steps[risk][days].share.percent() for risk in RISKS[1:]]
        lines.append(f"| {days_text(days)} | {step.share.percent()} | " + " | ".join(cells) + " |")
    return lines


def page_of(name: str, told: str, sightings: Sightings) -> list[str]:
    """Tell one collection."""
    first, last = sightings.span
    days = (last.normalize() - first.normalize()).days + 1
    windows = [window for window in WINDOWS if int(window[:-1]) <= days]
    windows = (*windows, *rule_windows(read_rules(), days))
    opened = sweep_open_store(
        sightings, windows, az.Adversary(points=4), risks=RISKS
    ).published(K)
    two = az.sweep_retention(sightings, ("1D",), az.Adversary(points=2)).published(K)
    sentences = [
        sentence for sentence in place_rules(opened.closed)["sentence"] if sentence
    ]
    return [
        f"## {name}",
        "",
        f"{told} {len(sightings):,} sightings of {sightings.n_vehicles:,} vehicles on {days} days.",
        "",
        "### After how many days half are known",
        "",
        "A store that keeps everything, from its first day on (Kaplan–Meier, censored at the end "
        "of the data). Over the vehicles seen at that many points or more; the others are seen too "
        "seldom for anything to be known of them. Known sightings are drawn from all days of the "
        "data, so the days until singled out are longer in longer data; when homes, works and "
        "commutes are known depends on no such draw.",
        "",
        *until_half({4: opened.closed, 2: two}),
        "",
        "### What each length of keeping gives away",
        "",
        f"An adversary knows {opened.closed.adversary.describe()}, of the "
        f"{opened.closed.knowledge_days} days before a leak; what is deleted helps nobody. Homes, "
        "works and commutes are of all vehicles that were seen. “Open” is a store that somebody "
        "watched unnoticed for so long. Leaks on "
        f"{', '.join(opened.closed.leak_dates)}.",
        "",
        *curve(opened),
        "",
        "### Rules of others, on this curve",
        "",
        *(f"- {sentence}" for sentence in sentences),
        "",
    ]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seattle", type=Path, default=SEATTLE, help="the real week")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    region = az.synthetic.make_region(options.vehicles, options.days, seed=1, cameras=100)
    lines = [
        "# Worked example: how long may a region of 100 cameras keep plate reads?",
        "",
        " ".join(__doc__.split("\n\n")[2].split()),
        "",
        *page_of(
            "A synthetic region", "Synthetic: no vehicle and no person in it exists.",
            region.sightings,
        ),
    ]  # fmt: skip
    if options.seattle.is_file():
        week = az.read_sightings(
            options.seattle, plates="pseudonymous", timezone="America/Los_Angeles",
            place_grid="250m",
        )  # fmt: skip
        lines += page_of(
            "A real week in Seattle",
            "Reads by nine patrol cars, snapped to a grid of 250 m; a week in which most plates "
            "are seen once.",
            week,
        )
    else:
        lines += ["## A real week in Seattle", "", "The file was not there.", ""]
    text = "\n".join(lines).rstrip() + "\n"
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
