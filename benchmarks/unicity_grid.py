"""Seconds and memory of the whole grid of unicity, beside a scan of the same rows.

    python benchmarks/unicity_grid.py --vehicles 500000 --sightings 40 --days 180

The population is that of `unicity.py`. Compilation is done beforehand on a small population and
reported apart; loading from the store is part of the figure.
"""

from __future__ import annotations

import argparse
import resource
from pathlib import Path

from unicity import random_sightings, timed

from analyzer.engine import LocalEngine
from analyzer.risk.adversary import Adversary
from analyzer.risk.grid import measure_unicity_grid
from analyzer.risk.unicity import measure_unicity

POINTS = (1, 2, 3, 4, 5)
TIMES = ("15min", "1h", "6h", "1D", "7D", "28D")
SPACES = ("camera", "zone", "5km", "20km")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=500_000)
    parser.add_argument("--sightings", type=int, default=40, help="of each vehicle")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, help="also write the figures here (.md)")
    options = parser.parse_args()

    small = random_sightings(200, 40, 40, 20, 1)
    compiling, _ = timed(lambda: measure_unicity_grid(small, POINTS, TIMES[:3], SPACES[:2]))
    sightings = random_sightings(
        options.vehicles, options.sightings, options.days, options.cameras, options.seed
    )
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

    def scan() -> None:
        for part in sightings.parts():
            for column in part.load().values():
                column.sum()

    floor, _ = timed(scan)
    lines = [
        f"{len(sightings):,} sightings, {sightings.n_vehicles:,} vehicles, {options.days} days, "
        f"{options.cameras} cameras, {len(sightings.parts())} parts; engine local, "
        f"{LocalEngine().threads} threads; compilation or its cache {compiling:.1f} s, apart; "
        f"peak while making the data {made:.2f} GB.",
        "",
        "| what | seconds | processor seconds | × scan | peak GB |",
        "|---|---|---|---|---|",
        f"| floor: scan | {floor:.2f} | | 1 | |",
    ]

    def report(what: str, wall: float, processor: float) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        lines.append(
            f"| {what} | {wall:.2f} | {processor:.2f} | {wall / floor:.0f} | {peak:.2f} |"
        )

    single = timed(lambda: measure_unicity(sightings, Adversary(POINTS[-1])))
    report(f"unicity, p = 1…{POINTS[-1]}, 1h, camera", *single)
    kept = []
    whole = timed(lambda: kept.append(measure_unicity_grid(sightings, POINTS, TIMES, SPACES)))
    report(f"grid, {len(POINTS)} × {len(TIMES)} × {len(SPACES)}", *whole)
    grid = kept[0]
    table = grid.to_pandas()
    lines += ["", f"Shares singled out by {POINTS[-1]} points:", ""]
    lines += [f"| | {' | '.join(SPACES)} |", "|---" * (len(SPACES) + 1) + "|"]
    last = table[table["points"] == POINTS[-1]].set_index(["time", "space"])["value"]
    for name in TIMES:
        cells = " | ".join(f"{last[name, space]:.3f}" for space in SPACES)
        lines.append(f"| {name} | {cells} |")
    lines += ["", grid.law.caution() or "The law fits."]
    for curve in grid.law.curves:
        lines.append(
            f"p = {curve.points}: beta {curve.beta:.3f}, R² {curve.r2:.3f}, {curve.cells} cells"
        )
    text = "\n".join(lines)
    print(text)
    if options.output:
        command = (
            f"python benchmarks/unicity_grid.py --vehicles {options.vehicles} --sightings "
            f"{options.sightings} --days {options.days} -o {options.output}"
        )
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(f"    {command}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
