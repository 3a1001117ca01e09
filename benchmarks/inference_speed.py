"""Seconds and memory of inference, predictability and profiles, beside a scan of the same rows.

    python benchmarks/inference_speed.py --vehicles 52000 --days 80

The population is a synthetic region of the dense regime. Compilation is done beforehand on a small
region and reported apart; loading from the store is part of every figure.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.engine import LocalEngine, get_engine
from analyzer.errors import TooMuchWorkError
from analyzer.patterns.companions import find_companions
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips
from analyzer.risk.adversary import Adversary
from analyzer.risk.days_until import days_until_singled_out
from analyzer.risk.predictability import measure_predictability
from analyzer.risk.profile import profile_risk
from analyzer.risk.site_exposure import measure_site_exposure
from analyzer.risk.sites import read_sites
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region


def scan(sightings: Sightings) -> None:
    for part in sightings.parts():
        for column in part.load().values():
            column.sum()


def measures(sightings: Sightings, sites: pd.DataFrame) -> dict[str, Callable[[], Any]]:
    """Everything that is timed, the floor first."""
    busiest = sightings.vehicles[0]

    def refused() -> str:
        try:
            find_companions(sightings, of=busiest)
        except TooMuchWorkError:
            return "refused"
        return "done"

    return {
        "floor: scan": lambda: scan(sightings),
        "peer: find_places": lambda: find_places(find_trips(sightings)).rows,
        "predictability": lambda: measure_predictability(sightings),
        f"{len(sites)} sites and 39 moves": lambda: measure_site_exposure(
            find_places(find_trips(sightings)), read_sites(sites), 39, 0
        ),
        "days until singled out": lambda: days_until_singled_out(
            sightings, Adversary(), 0, get_engine()
        ),
        "companions of one vehicle": refused,
        "profile of one vehicle": lambda: profile_risk(sightings, busiest),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=52_000)
    parser.add_argument("--days", type=int, default=80)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--store", help="where the region's store is kept for another run")
    options = parser.parse_args()

    small = make_region(vehicles=100, days=14, seed=1)
    begun = time.perf_counter()
    for run in measures(small.sightings, sensitive(small)).values():
        run()
    compiling = time.perf_counter() - begun
    region = make_region(vehicles=options.vehicles, days=options.days, seed=options.seed)
    if options.store and Path(options.store).exists():
        sightings = Sightings(open_store(options.store))
    else:
        sightings = region.build_store(options.store)
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    lines = [
        "# Seconds of inference",
        "",
        f"Made by `{' '.join(['python benchmarks/inference_speed.py', *sys.argv[1:]])}`.",
        "",
        f"{len(sightings):,} sightings, {sightings.n_vehicles:,} vehicles, {options.days} days, "
        f"{len(sightings.cameras)} cameras, {len(sightings.parts())} parts; engine local, "
        f"{LocalEngine().threads} threads; compilation or its cache {compiling:.1f} s, apart; "
        f"peak before measuring {made:.2f} GB.",
        "",
        "| what | seconds | processor seconds | × scan | peak GB |",
        "|---|---|---|---|---|",
    ]
    floor = None
    for name, run in measures(sightings, sensitive(region)).items():
        wall, processor = time.perf_counter(), time.process_time()
        said = run()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        floor = wall if floor is None else floor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        note = f" ({said})" if isinstance(said, str) else ""
        lines.append(
            f"| {name}{note} | {wall:.2f} | {processor:.2f} | {wall / floor:.1f} | {peak:.2f} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    path = Path(__file__).parent / "results" / "inference_speed.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(path)


def sensitive(region: Any) -> pd.DataFrame:
    """Clinics and mosques."""
    return region.sites[region.sites["category"].isin(["clinic", "worship"])]


if __name__ == "__main__":
    main()
