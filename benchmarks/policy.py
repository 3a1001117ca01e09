"""Seconds and memory of the retention sweep and of a comparison of policies, all risks.

    nice -n 19 python benchmarks/policy.py
    python benchmarks/policy.py --vehicles 50000 --only "sweep, eight windows"

The population is a sparse synthetic region of 100 camera sites: 500,000 residents and who passes
through, about 40 sightings each in 180 days. The sweep has eight windows, four leak days, and every
risk: singled out, homes, works, commutes, visits to the region's sensitive sites, days until half
of the vehicles are known, on all vehicles; companions among a sample of 20,000; linkage of as many
at each change of pseudonyms, against all; predictability of the last leak. Every piece of work runs
in a process of its own, from the store on disk, after its kernels were compiled on a small region.
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

from analyzer.policy.compare import compare_policies
from analyzer.policy.outcomes import OF_ALL, RISKS
from analyzer.policy.policy import Policy
from analyzer.policy.retention import sweep_retention
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region

WINDOWS = ("1D", "3D", "7D", "14D", "21D", "30D", "60D", "90D")
ALL = (*RISKS, *OF_ALL)
POLICIES = {
    "90 days": Policy("90D"),
    "30 days": Policy("30D"),
    "21 days": Policy("21D"),
    "7 days": Policy("7D"),
    "1 day": Policy("1D"),
    "30 days, new pseudonyms each week": Policy("30D", rotation="7D"),
    "30 days, new pseudonyms each day": Policy("30D", rotation="1D"),
    "30 days, hours and zones": Policy("30D", time="1h", space="zone"),
    "90 days, half of the cameras": Policy("90D", cameras=0.5),
    "90 days, five vehicles in camera and hour": Policy("90D", min_k=5),
}
SAMPLE = 20_000
WORK = (
    "scan",
    "sweep, longest window",
    "sweep, eight windows",
    "compare, ten policies",
)


def run(work: str, sightings: Sightings, sites: Any) -> str:
    """Do one piece of work; give what it found."""
    if work == "scan":
        return f"{sum(len(part.load()['vehicle']) for part in sightings.parts()):,} sightings"
    if work == "compare, ten policies":
        risks = tuple(risk for risk in ALL if risk != "predictability")
        return compare_policies(
            sightings, POLICIES, risks=risks, sites=sites, sample=SAMPLE, memory="2GB"
        ).summary()
    windows = WINDOWS if work == "sweep, eight windows" else WINDOWS[-1:]
    return sweep_retention(
        sightings, windows, risks=ALL, sites=sites, sample=SAMPLE, memory="2GB"
    ).summary()


def measure(work: str, store: Path, sites_file: Path) -> None:
    """Compile on a small region, then do one piece of work, and print what it took."""
    import pandas as pd

    sites = pd.read_csv(sites_file)
    if work != "scan":
        small = make_region(300, 100, seed=2, regime="sparse")
        run(work, small.sightings, sites)
    sightings = Sightings(open_store(store))
    wall, processor = time.perf_counter(), time.process_time()
    found = run(work, sightings, sites)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"found": found, "wall": wall, "processor": processor, "peak": peak}))


def main() -> None:
    """Measure all work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=500_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--only", choices=WORK, action="append", help="of the work, only this")
    parser.add_argument("--store", type=Path, help="keep the population here, or take it from here")
    parser.add_argument("-o", "--output", type=Path, help="also write the figures here (.md)")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.store, options.store.with_suffix(".sites.csv"))
        return
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or Path(folder) / "store"
        if not store.exists():
            region = make_region(options.vehicles, options.days, seed=1, regime="sparse")
            region.sites.to_csv(store.with_suffix(".sites.csv"), index=False)
            region.sightings.save(store)
        sightings = Sightings(open_store(store))
        lines = [
            f"{len(sightings):,} sightings of {sightings.n_vehicles:,} vehicles in "
            f"{options.days} days, {len(sightings.cameras)} cameras; synthetic. Companions "
            f"among {SAMPLE:,} vehicles, linkage of as many at each change; "
            "`memory=\"2GB\"`; two threads.",
            "",
            "| work | seconds | processor seconds | peak GB |",
            "|---|---|---|---|",
        ]
        told = []
        print("\n".join(lines), flush=True)
        for work in options.only or WORK:
            done = subprocess.run(
                [sys.executable, __file__, "--measure", work, "--store", str(store)],
                check=True, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            figures = json.loads(done.stdout.splitlines()[-1])
            row = "| {} | {wall:.1f} | {processor:.1f} | {peak:.2f} |".format(work, **figures)
            lines.append(row)
            told += ["", f"## What the work “{work}” found", "", *figures["found"].splitlines()]
            print(row, flush=True)
    if options.output:
        page = ["# Speed of the retention sweep and of comparing policies", "", *lines, *told]
        options.output.write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
