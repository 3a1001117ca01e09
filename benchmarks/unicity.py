"""Seconds and memory of unicity and of the retention sweep, beside what a scan and a sort take.

    python benchmarks/unicity.py --vehicles 500000 --sightings 40 --days 180
    python benchmarks/unicity.py --times 1h 1D 7D --spaces camera 2km

The population is drawn at random: each vehicle prefers four of 100 cameras, cameras differ in how
busy they are, and hours follow two rush hours. Compilation is done beforehand on a small population
and reported apart; loading from the store is part of every figure.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from analyzer.array_sightings import from_arrays
from analyzer.policy.retention import sweep_retention
from analyzer.risk.adversary import Adversary
from analyzer.risk.unicity import measure_unicity
from analyzer.sightings import Sightings

HOUR, DAY = 3_600_000, 86_400_000
START = 1_767_207_600_000
TRAFFIC = [1, 1, 1, 1, 1, 1, 20, 40, 40, 20, 15, 15, 15, 15, 20, 20, 30, 40, 30, 20, 10, 10, 5, 3]
WINDOWS = ("1D", "3D", "7D", "14D", "21D", "30D", "60D", "90D")


def random_sightings(vehicles: int, each: int, days: int, cameras: int, seed: int) -> Sightings:
    rng = np.random.default_rng(seed)
    busy = 1 / np.arange(1, cameras + 1) ** 0.7
    busy /= busy.sum()
    hours = np.array(TRAFFIC) / sum(TRAFFIC)
    n = vehicles * each
    vehicle = np.repeat(np.arange(vehicles, dtype=np.int32), each)
    usual = rng.choice(cameras, size=(vehicles, 4), p=busy).astype(np.int32)
    camera = usual[vehicle, rng.integers(0, 4, n)]
    elsewhere = rng.random(n) < 0.4
    camera[elsewhere] = rng.choice(cameras, size=int(elsewhere.sum()), p=busy)
    seen_at = START + rng.integers(0, days, n) * DAY + rng.integers(0, HOUR, n)
    seen_at += rng.choice(24, size=n, p=hours) * HOUR
    side = int(np.ceil(np.sqrt(cameras)))
    places = pd.DataFrame(
        {
            "name": [f"c{code}" for code in range(cameras)],
            "lat": 41.0 + 0.02 * (np.arange(cameras) // side),
            "lon": 69.0 + 0.02 * (np.arange(cameras) % side),
        }
    )
    return from_arrays(vehicle, seen_at, camera, cameras=places, timezone="Asia/Tashkent")


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=500_000)
    parser.add_argument("--sightings", type=int, default=40, help="of each vehicle")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--points", type=int, default=5)
    parser.add_argument("--times", nargs="+", default=["1h"])
    parser.add_argument("--spaces", nargs="+", default=["camera"])
    parser.add_argument("--parts", type=int, help="parts to measure in; as stored by default")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    small = random_sightings(200, 40, 40, 20, 1)
    compiling, _ = timed(
        lambda: (measure_unicity(small), sweep_retention(small, adversary=Adversary(2, "7D")))
    )
    sightings = random_sightings(
        options.vehicles, options.sightings, options.days, options.cameras, options.seed
    )
    if options.parts:
        sightings = sightings.with_parts(options.parts)

    def scan() -> None:
        for part in sightings.parts():
            for column in part.load().values():
                column.sum()

    def sort() -> None:
        for part in sightings.parts():
            rows = part.load()
            np.sort(rows["seen_at"] * options.cameras + rows["camera"])

    floor, _ = timed(scan)
    print(f"{len(sightings):,} sightings, {sightings.n_vehicles:,} vehicles, {options.days} days, "
          f"{options.cameras} cameras, {len(sightings.parts())} parts; "
          f"compilation or its cache {compiling:.1f} s, apart")
    print(f"{'what':42}{'engine':>8}{'seconds':>9}{'cpu':>8}{'peak GB':>9}{'× scan':>8}  result")

    def report(what: str, run: Callable[[], object], say: Callable[[object], str]) -> None:
        kept: list[object] = []
        wall, processor = timed(lambda: kept.append(run()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{what:42}{'local':>8}{wall:9.2f}{processor:8.2f}{peak:9.2f}{wall / floor:8.1f}"
              f"  {say(kept[0])}", flush=True)

    report("floor: scan", scan, lambda _: "")
    report("floor: scan and sort", sort, lambda _: "")
    for time_bin in options.times:
        for space in options.spaces:
            adversary = Adversary(options.points, time_bin, space)
            report(
                f"unicity, p = 1…{options.points}, {time_bin}, {space}",
                lambda adversary=adversary: measure_unicity(sightings, adversary),
                lambda result: " ".join(f"{share.value:.3f}" for share in result.curve),
            )
    for time_bin in options.times:
        for windows in (WINDOWS[-1:], WINDOWS):
            adversary = Adversary(4, time_bin)
            report(
                f"retention, {len(windows)} windows, p = 4, {time_bin}",
                lambda windows=windows, adversary=adversary: sweep_retention(
                    sightings, windows, adversary
                ),
                lambda result: " ".join(f"{step.share.value:.3f}" for step in result.windows),
            )


if __name__ == "__main__":
    main()
