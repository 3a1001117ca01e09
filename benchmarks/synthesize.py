"""How fast the synthetic region is made: rows, what was done, seconds, peak memory, rows a second.

``python benchmarks/synthesize.py [VEHICLES DAYS REGIME]`` makes one region (5,000 vehicles, 28
days, dense), after a tiny one that has the kernels compiled. Seconds are processor seconds of the
one process, beside those on the clock.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from analyzer.synthetic import make_region
from analyzer.synthetic.passages import read_scene
from analyzer.synthetic.region import Region


def generate(region: Region) -> int:
    return sum(len(rows["seen_at"]) for rows in read_scene(region.scene))


def store(region: Region) -> int:
    return region.build_store().quality["rows_read"]


def write_csv(region: Region) -> int:
    with tempfile.TemporaryDirectory() as folder:
        region.write(Path(folder) / "region")
        with open(Path(folder) / "region" / "sightings.csv", "rb") as file:
            return sum(1 for _ in file) - 1


def measure(name: str, work: Callable[[Region], int], region: Region) -> None:
    processor, wall = time.process_time(), time.perf_counter()
    rows = work(region)
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{rows:>12,} rows  {name:<24} {processor:8.2f} s cpu {wall:8.2f} s clock  "
        f"{peak:6.2f} GB peak  {rows / processor:>12,.0f} rows/s"
    )


def main(vehicles: int = 5_000, days: int = 28, regime: str = "dense") -> None:
    small = make_region(60, 3, regime=regime)
    generate(small)
    store(small)
    region = make_region(vehicles, days, regime=regime)
    print(region.summary())
    measure("in memory, by blocks", generate, region)
    measure("to a store", store, region)
    if vehicles * days <= 1_000_000:
        measure("to CSV, with the truth", write_csv, region)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*(int(text) for text in arguments[:2]), *arguments[2:3])
