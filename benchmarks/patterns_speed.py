"""Seconds and memory of trips, places, routines and commutes, beside what a scan takes.

    python benchmarks/patterns_speed.py --vehicles 500000 --days 8

The population is a synthetic region of 100 camera sites, five sightings a vehicle and day. Every
stage runs in a process of its own, from the store on disk, after its kernels were compiled on a
small region; a later stage repeats the earlier ones, since nothing is kept between them. Writes
``benchmarks/results/patterns_speed.md``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.motifs import find_motifs
from analyzer.patterns.places import find_places
from analyzer.patterns.profiles import find_weekly_profile
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips, rows_of_part
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region

STAGES = (
    "scan", "trips", "places", "routines", "commutes", "motifs", "weekly profile", "one vehicle",
)  # fmt: skip
VEHICLES_ALONE = 20


def run(stage: str, sightings: Sightings) -> int:
    """Run one stage; give how many rows it made."""
    if stage == "scan":
        from analyzer.engine import get_engine

        engine = get_engine("local")
        return sum(count["n"][0] for count in engine.map(sightings.parts(), _count_rows))
    if stage == "one vehicle":
        step = max(1, sightings.n_vehicles // VEHICLES_ALONE)
        names = sightings.vehicle_names(range(0, sightings.n_vehicles, step))[:VEHICLES_ALONE]
        return sum(len(_commutes(sightings.of(name)).to_pandas()) for name in names)
    trips = find_trips(sightings)
    if stage == "trips":
        return len(trips)
    places = find_places(trips)
    if stage == "places":
        return len(places)
    if stage == "motifs":
        return find_motifs(places).days
    if stage == "weekly profile":
        return int(find_weekly_profile(places).spent.sum() > 0)
    routines = find_routines(trips, places)
    return len(routines) if stage == "routines" else len(find_commutes(routines, places))


def _commutes(sightings: Sightings) -> Any:
    places = find_places(find_trips(sightings))
    return find_commutes(find_routines(places.trips, places), places)


def _count_rows(rows: Any, broadcast: Any) -> dict[str, Any]:
    import numpy as np

    return {"n": np.array([len(rows_of_part(rows, broadcast)["vehicle"])])}


def measure(stage: str, store: Path) -> None:
    """Compile on a small region, then run one stage on the store and print what it took."""
    run(stage, make_region(200, 7, seed=2).sightings)
    sightings = Sightings(open_store(store))
    wall, processor = time.perf_counter(), time.process_time()
    made = run(stage, sightings)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"made": int(made), "wall": wall, "processor": processor, "peak": peak}))


def main() -> None:
    """Measure all stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=500_000)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    if options.stage:
        measure(options.stage, options.store)
        return
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or Path(folder) / "store"
        if not store.exists():
            made = "import sys; from analyzer.synthetic import make_region as make;"
            made += "make(int(sys.argv[1]), int(sys.argv[2])).build_store(sys.argv[3])"
            subprocess.run(
                [sys.executable, "-c", made, str(options.vehicles), str(options.days), str(store)],
                check=True,
            )
        sightings = Sightings(open_store(store))
        lines = [
            "# Speed of patterns", "",
            f"Made by `python benchmarks/patterns_speed.py --vehicles {options.vehicles} "
            f"--days {options.days}`.", "",
            f"{len(sightings):,} sightings of {sightings.n_vehicles:,} vehicles, "
            f"{len(sightings.parts())} parts, threads as processors. Where other work runs on the "
            "machine, processor seconds are to be compared; clock seconds are an upper bound.", "",
            "| stage, with all before it | rows made | seconds | processor seconds | peak GB "
            "| times a scan |",
            "|---" * 6 + "|",
        ]  # fmt: skip
        scan = None
        for stage in STAGES:
            command = [sys.executable, __file__, "--stage", stage, "--store", str(store)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            took = json.loads(done.stdout)
            if stage == "one vehicle":
                each = 1000 * took["wall"] / VEHICLES_ALONE
                lines += ["", f"One vehicle, from the store to its commute: {each:.0f} ms "
                          f"(mean of {VEHICLES_ALONE})."]  # fmt: skip
                continue
            scan = scan or took["processor"]
            lines.append(
                f"| {stage} | {took['made']:,} | {took['wall']:.1f} | {took['processor']:.1f} "
                f"| {took['peak']:.2f} | {took['processor'] / scan:.1f} |"
            )
            print(lines[-1], flush=True)
        results = Path(__file__).parent / "results"
        results.mkdir(exist_ok=True)
        (results / "patterns_speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print("\n".join(lines))


if __name__ == "__main__":
    main()
