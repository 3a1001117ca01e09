"""How right homes, works and commutes are that only a stretch of what is kept gives away.

    python benchmarks/stretches.py -o benchmarks/results/stretches.md

Who holds ninety days can look at the last twenty-one alone. Retention sweeps and comparisons count
a home, work place or commute that is found in the days kept or in a shorter stretch of them up to
the leak (1, 3, 7, 14, 21, 30, 90 or 180 days). This looks at synthetic regions, whose truth is
known: how many are found so beside those of the window as a whole, and how many of either are
right. A home or work place is right if the truth lies within its radius; a commute, if the vehicle
has one. Where several stretches name a place, three choices are shown: that of the longest, of the
most confident, of the shortest. Regions are used nowhere else; two leak days each.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import analyzer as az
from analyzer.estimate import wilson
from analyzer.policy.setting import STRETCHES
from analyzer.scoring.places import place_cases
from analyzer.scoring.truth import true_vehicles
from analyzer.synthetic import make_region
from analyzer.synthetic.region import Region

START = pd.Timestamp("2025-09-01")
REGIONS = {
    "Sparse: 20,000 residents, 180 days, about 30 sightings each": {
        "vehicles": 20_000, "days": 180, "seed": 61, "regime": "sparse",
    },
    "Sparse, held-out layout: 20,000 residents, 180 days": {
        "vehicles": 20_000, "days": 180, "seed": 63, "regime": "sparse", "difficulty": "held_out",
    },
    "Dense: 1,000 residents, 120 days, about 5 sightings a day": {
        "vehicles": 1_000, "days": 120, "seed": 62,
    },
    "Dense, held-out layout: 1,000 residents, 120 days": {
        "vehicles": 1_000, "days": 120, "seed": 64, "difficulty": "held_out",
    },
}  # fmt: skip
CHOICES = {"longest": (["days"], [False]), "most confident": (["confidence"], [False]),
           "shortest": (["days"], [True])}  # fmt: skip


def looks(
    region: Region, leak: pd.Timestamp, covered: int
) -> Iterator[tuple[int, pd.DataFrame, set]]:
    """Give, by days before the leak, the places that are named and the vehicles that commute."""
    for days in (each for each in STRETCHES if each <= covered):
        first = leak - pd.Timedelta(days, "D")
        part = region.sightings.between(str(first.date()), str(leak.date()))
        trips = az.find_trips(part)
        places = az.find_places(trips)
        commutes = az.find_commutes(az.find_routines(trips, places), places)
        yield days, places.to_pandas().assign(days=days), set(commutes.to_pandas()["vehicle"])


def rows_of(region: Region, days: int) -> Iterator[list[str]]:
    """Give one row a length and kind: found in the whole, in any stretch, how many are right."""
    seen = pd.Index(region.sightings.vehicle_names(region.sightings.codes_seen))
    truth = true_vehicles(region.truth, seen)
    counts: dict[tuple[int, str], dict[str, list[int]]] = {}
    for back in (0, 30):
        leak = START + pd.Timedelta(days - back, "D")
        before, commuters = [], set()
        for length, places, commuting in looks(region, leak, days - back):
            before.append(places)
            commuters |= commuting
            table = pd.concat(before)
            for role in ("home", "work"):
                named = table[table["role"] == role]
                chosen = {"whole": named[named["days"] == length]}
                for choice, (by, up) in CHOICES.items():
                    # Of equal confidence, that of the longer stretch.
                    ordered = named.sort_values([*by, "days"], ascending=[*up, False])
                    chosen[choice] = ordered.drop_duplicates("vehicle")
                for name, each in chosen.items():
                    case = place_cases(each, truth, role)
                    right = case["inside"] & case["exists"] & case["named"]
                    add(counts, (length, role), name, int(right.sum()), int(case["named"].sum()))
            true = set(truth.index[truth["has_commute"].astype(bool)])
            for name, each in (("whole", commuting), ("longest", commuters)):
                add(counts, (length, "commute"), name, len(each & true), len(each))
    for (length, what), found in sorted(counts.items(), key=lambda item: (item[0][1], item[0][0])):
        texts = [
            f"{wilson(*found[name]).percent()}" if name in found and found[name][1] >= 10 else ""
            for name in ("whole", *CHOICES)
        ]
        yield [str(length), what, f"{found['whole'][1]:,}", f"{found['longest'][1]:,}", *texts]


def add(counts: dict, key: tuple[int, str], name: str, right: int, named: int) -> None:
    """Add up over leak days."""
    total = counts.setdefault(key, {}).setdefault(name, [0, 0])
    total[0] += right
    total[1] += named


def companions_lost(seed: int) -> list[str]:
    """Say of how many vehicles a shorter stretch alone tells companions."""
    region = make_region(1_500, 90, seed=seed)
    end = START + pd.Timedelta(90, "D")
    lines, shorter = [], set()
    for days in (7, 21, 30, 90):
        first = str((end - pd.Timedelta(days, "D")).date())
        pairs = az.find_companions(region.sightings.between(first, str(end.date()))).to_pandas()
        found = set(pairs["vehicle_a"]) | set(pairs["vehicle_b"])
        lines.append(f"| {days} | {len(found)} | {len(shorter - found)} |")
        shorter |= found
    return lines


def main() -> None:
    """Score all regions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path)
    output = parser.parse_args().output
    about = " ".join(__doc__.partition(".md\n\n")[2].split())
    lines = ["# Homes that a stretch of what is kept gives away", "", about, ""]
    for name, settings in REGIONS.items():
        region = make_region(**settings)
        lines += [
            f"## {name}",
            "",
            f"{len(region.sightings):,} sightings of {region.sightings.n_vehicles:,} vehicles. "
            "Counts are sums over two leak days; shares of fewer than ten are left out.",
            "",
            "| days kept | what | found in the whole | in it or a stretch | right: whole | "
            "of the longest stretch | of the most confident | of the shortest |",
            "|---|---|---|---|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in rows_of(region, settings["days"])),
            "",
        ]
    lines += [
        "## Companions",
        "",
        "Companions are a test: looking again in every stretch would spoil its rate of false "
        "discoveries, so they are not looked for there. What that leaves out, in a region of 1,500 "
        "vehicles and 90 days:",
        "",
        "| days kept | vehicles with companions | only in a shorter stretch |",
        "|---|---|---|",
        *companions_lost(65),
    ]
    page = "\n".join(lines) + "\n"
    print(page)
    if output:
        output.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
