"""Hit rates of what is inferred, the placebo of sensitive sites, and predictability.

    python benchmarks/inference.py
    python benchmarks/inference.py --vehicles 500 --only held_out

Regions of seeds that were never used for tuning. A visit is right if the stay holds a true visit to
the category; a vehicle, if it truly was at such a site at any time of the data.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

import pandas as pd
from score_tables import Section, score_settings, write_results

from analyzer.risk.inference import measure_inference
from analyzer.risk.predictability import PUBLISHED, measure_predictability
from analyzer.synthetic import make_region

SEEDS = (21, 22)
CATEGORIES = ("clinic", "worship")
FACTS = {
    "home_right": "homes right",
    "work_right": "works right",
    "commutes_precision": "commutes precision",
    "commutes_recall": "commutes recall",
    "companions_precision": "companions precision",
    "companions_recall": "companions recall",
}
EXPOSED = {
    "share": "vehicles exposed",
    "moved": "at moved sites",
    "p": "p",
    "visits_precision": "visits right",
    "visits_recall": "visits found",
    "vehicles_precision": "exposed vehicles right",
    "by_chance": "by chance",
    "vehicles_recall": "vehicles found",
}
ACCURACY = ("most_frequent", "markov_1", "markov_2", "hour", "markov_1_hour", "chosen")


def listed(region: Any, *, hours: bool) -> pd.DataFrame:
    """Clinics and mosques; with hours, as somebody lists them who knows when people go there."""
    sites = region.sites[region.sites["category"].isin(CATEGORIES)]
    if not hours:
        return sites
    worship = sites["category"] == "worship"
    return sites.assign(
        days=worship.map({True: "Fri", False: "Mon-Sat"}),
        hours=worship.map({True: "11:30-14:30", False: "07:00-20:00"}),
        min_minutes=30,
        max_minutes=100,
    )


def score(setting: Mapping[str, Any]) -> dict[str, Any]:
    """Make a region, infer, score."""
    options = dict(setting)
    hours = options.pop("hours")
    region = make_region(**options)
    found = measure_inference(region.sightings, listed(region, hours=hours), seed=1)
    return {**found.score(region.truth).figures, "found": found}


def exposure_rows(scored: Mapping[str, Any]) -> dict[str, Any]:
    """One row for each region, category and number of days."""
    rows = {}
    for label, figures in scored.items():
        for each in figures["found"].sites:
            days = "1 day" if each.days == 1 else f"{each.days} days"
            row = rows[f"{label}; {each.category}, {days} or more"] = {
                "share": each.share,
                "moved": f"{100 * each.placebo_low:.1f}–{100 * each.placebo_high:.1f} %",
                "p": "withheld" if each.withheld else f"{each.p_value:.3f}",
            }
            if each.days > 1:
                continue
            for name in ("visits_precision", "visits_recall", "vehicles_precision",
                         "vehicles_recall"):  # fmt: skip
                row[name] = figures[f"{each.category}_{name}"]
            row["by_chance"] = f"{100 * row['vehicles_precision'].baseline:.0f} %"
    return rows


def predictability(setting: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one region at one grain."""
    options = dict(setting)
    space = options.pop("space")
    found = measure_predictability(make_region(**options).sightings, space=space)
    return {**found.figures, "n": found.bound["real"].n}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=1_500)
    parser.add_argument("--days", type=int, default=42)
    parser.add_argument("--only", default="", help="settings whose label holds this")
    options = parser.parse_args()
    regions = {
        f"{difficulty}, {cameras} cameras, {'hours known' if hours else 'hours not known'}, "
        f"seed {seed}": {
            "vehicles": options.vehicles,
            "days": options.days,
            "seed": seed,
            "difficulty": difficulty,
            "cameras": cameras,
            "hours": hours,
        }
        for difficulty, cameras, hours in (
            ("standard", 100, False),
            ("standard", 100, True),
            ("standard", 400, False),
            ("standard", 400, True),
            ("held_out", 400, True),
        )
        for seed in (SEEDS if hours else SEEDS[:1])
    }
    scored = score_settings(regions, score, options.only)
    grains = {
        f"{difficulty}, {space}": {
            "vehicles": options.vehicles // 2,
            "days": 84,
            "seed": SEEDS[0],
            "difficulty": difficulty,
            "space": space,
        }
        for difficulty, space in (
            ("standard", "zone"), ("standard", "camera"), ("standard", "3km"), ("easy", "zone"),
            ("held_out", "zone"),
        )
    }  # fmt: skip
    predicted = score_settings(grains, predictability, options.only)
    published = "; ".join(
        f"{100 * value:.0f} % ({source}; {on})" for _, value, source, on in PUBLISHED
    )
    sections = [
        Section(
            "Facts",
            f"{options.vehicles:,} vehicles, {options.days} days. A home or work place is right if "
            "it was found and lies within its radius, of all seen vehicles that have one; "
            "companions and commutes as `Companions.score` and `Commutes.score` count.",
            FACTS,
            scored,
        ),
        Section(
            "Sensitive sites, beside the same sites moved at random",
            "Exposed vehicles are shares of all that were seen, misread plates among them. Moved "
            "sites: 95 % of 39 draws. *By chance* is the share of vehicles that truly went there: "
            "how often naming any vehicle is right.",
            EXPOSED,
            exposure_rows(scored),
        ),
        Section(
            "Predictability",
            f"{options.vehicles // 2:,} vehicles, 84 days; vehicles with 100 destinations or more. "
            "The bound is that of the real entropy; then what predictors told in the later half of "
            f"the weeks. Published: {published}. Theirs are hours at antennas, and next places of "
            "phones, which see every stop; ours are destinations of trips that cameras saw, and "
            "the people are synthetic, so neither is to be reached.",
            {
                "n": "vehicles",
                "bound_real": "bound",
                **{name: name.replace("_", " ") for name in ACCURACY},
                "excluded": "excluded",
            },
            predicted,
        ),
    ]
    command = " ".join(["python benchmarks/inference.py", *sys.argv[1:]])
    path = write_results("inference", "What is inferred, and how often it is right", command,
                         sections)  # fmt: skip
    print(path)


if __name__ == "__main__":
    main()
