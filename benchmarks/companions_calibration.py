"""How often companions are reported where nobody travels together, and how many are found else.

Run from the root of the repository: ``python benchmarks/companions_calibration.py --runs 240``.
Null regions hold neighbours with equal, punctual schedules, tight platoons and vehicles that are in
the data for the same few weeks; no two vehicles travel together. A run reports something when any
pair has q ≤ 0.05. Planted regions are the same with couples and a convoy added.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from scipy.stats import beta

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analyzer.estimate import wilson
from analyzer.patterns.companions import find_companions
from analyzer.synthetic import make_region
from tests.patterns.lonely_regions import Setting, lonely_region

SETTINGS = {
    "equal schedules, four weeks": Setting(),
    "no platoons": Setting(platoon=0.0),
    "platoons every 3 minutes": Setting(platoon=3.0),
    "platoons every 5 minutes": Setting(platoon=5.0),
    "very punctual (1 min)": Setting(punctual=1.0, platoon=3.0),
    "ten days": Setting(days=10, platoon=4.0),
    "three days": Setting(days=3, platoon=2.0),
    "thirteen weeks": Setting(days=91, platoon=3.0),
    "half a year": Setting(days=182, platoon=3.0),
    "lives of three weeks": Setting(days=91, weeks_present=3),
    "weather delays all": Setting(days=35, weather=10.0),
    "strangers only": Setting(streets=1, strangers=250, platoon=4.0),
}
STRESS = {"half a year, platoons of ten minutes": Setting(days=182, platoon=10.0)}


def clopper_pearson(successes: int, n: int) -> tuple[float, float]:
    low = beta.ppf(0.025, successes, n - successes + 1) if successes else 0.0
    high = beta.ppf(0.975, successes + 1, n - successes) if successes < n else 1.0
    return float(low), float(high)


def share(successes: int, n: int) -> str:
    low, high = clopper_pearson(successes, n)
    interval = f"{100 * low:.1f}–{100 * high:.1f} %"
    return f"{successes:4d} of {n:4d} = {100 * successes / n:5.1f} % ({interval})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=240, help="null regions, over all settings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stress", action="store_true", help="add settings known to be too hard")
    parser.add_argument("--regions", type=int, default=0, help="also so many synthetic regions")
    options = parser.parse_args()
    settings = {**SETTINGS, **(STRESS if options.stress else {})}
    each = max(1, -(-options.runs // len(settings)))
    reporting, listed = 0, 0
    planted = [0, 0, 0]
    for number, (name, setting) in enumerate(settings.items()):
        hits, right, true, found = 0, 0, 0, 0
        for run in range(each):
            seed = options.seed + 100_000 * number + run
            pairs = len(find_companions(lonely_region(seed, setting)[0]))
            hits, listed = hits + (pairs > 0), listed + pairs
            if run % 4 == 0:
                region, pairs_made = lonely_region(seed, replace(setting, couples=5, convoy=4))
                companions = find_companions(region).rows
                pairs_found = set(zip(companions["vehicle_a"].tolist(),
                                      companions["vehicle_b"].tolist(), strict=True))
                right += len(pairs_found & pairs_made)
                true, found = true + len(pairs_made), found + len(pairs_found)
        reporting += hits
        planted = [planted[0] + right, planted[1] + true, planted[2] + found]
        print(f"{name:40s} null: {share(hits, each)}   planted: recall {right}/{true}, "
              f"precision {right}/{found}", flush=True)
    print(f"\nNull runs that report anything at q ≤ 0.05: {share(reporting, each * len(settings))}"
          f" [Clopper–Pearson, 95 %]; {listed} pairs in all")
    print(f"Planted: recall {wilson(planted[0], planted[1]).percent()}, "
          f"precision {wilson(planted[0], planted[2]).percent()}")
    if options.regions:
        synthetic_regions(options.regions, options.seed)


def synthetic_regions(runs: int, seed: int) -> None:
    """Do the same on the synthetic region, where people have errands, and none in company."""
    hits = 0
    for run in range(runs):
        region = make_region(vehicles=400, days=28, seed=seed + run, difficulty="alone")
        hits += len(find_companions(region.sightings)) > 0
    print(f"Synthetic regions where nobody travels together: {share(hits, runs)}", flush=True)
    for days in (28, 91):
        region = make_region(vehicles=2_000, days=days, seed=seed + 1)
        print(f"Synthetic region of 2,000 residents, {days} days:")
        print(find_companions(region.sightings).score(region.truth).summary(), flush=True)


if __name__ == "__main__":
    main()
