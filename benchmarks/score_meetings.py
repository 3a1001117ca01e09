"""How often meetings are found rightly: such as were agreed on, and others.

Run from the root of the repository: ``python benchmarks/score_meetings.py``. Regions of squares
hold eighty vehicles, two of which meet as agreed on every third day of six weeks (or nobody does);
in regions of the generator nobody arranges to meet. Writes ``benchmarks/results/meetings.md``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from score_tables import RESULTS

from analyzer.estimate import wilson
from analyzer.patterns.meetings import find_meetings
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips
from analyzer.synthetic import make_region
from tests.patterns.test_meetings import lives


def found_in(trips) -> object:
    """Find the meetings at a false discovery rate of 5 %."""
    return find_meetings(trips, find_places(trips))


def squares(seeds: range, friends: bool) -> tuple[int, int]:
    """Count the planted pairs found, and the others listed, in regions of squares."""
    right, wrong = 0, 0
    for seed in seeds:
        pairs = found_in(lives(friends, seed)).pairs[["vehicle_a", "vehicle_b"]]
        listed = set(map(tuple, pairs.to_numpy().tolist()))
        right += friends and ("v0", "v1") in listed
        wrong += len(listed - {("v0", "v1")} if friends else listed)
    return right, wrong


def main() -> None:
    """Score all regions, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=20)
    parser.add_argument("--vehicles", type=int, default=1_000)
    options = parser.parse_args()
    seeds = range(100, 100 + options.regions)
    right, wrong = squares(seeds, True)
    _, false = squares(seeds, False)
    lines = [
        f"Made by `python benchmarks/score_meetings.py --regions {options.regions} "
        f"--vehicles {options.vehicles}`.",
        "",
        "# Meetings, held against the truth",
        "",
        "At a false discovery rate of 5 %. Agreed are meetings of one pair on every third day of "
        "six weeks, among eighty vehicles that stay at the same three squares. In regions of the "
        "generator nobody arranges to meet: who stays at one site at a time does so by chance, or "
        "came there in company.",
        "",
        "| regions | pairs listed | precision | pairs that meet | recall |",
        "|---|---|---|---|---|",
        f"| {len(seeds)} of squares, one pair meets as agreed | {right + wrong} | "
        f"{wilson(right, right + wrong).percent()} | {len(seeds)} | "
        f"{wilson(right, len(seeds)).percent()} |",
        f"| {len(seeds)} of squares, nobody meets as agreed | {false} | – | 0 | – |",
    ]
    for seed in (11, 12):
        region = make_region(vehicles=options.vehicles, days=28, seed=seed)
        meetings = found_in(find_trips(region.sightings))
        score = meetings.score(region.truth)
        lines.append(
            f"| generator, {options.vehicles:,} vehicles, 28 days, seed {seed} | {len(meetings)} | "
            f"{score['precision'].percent()} | {score['recall'].n:,} | "
            f"{score['recall'].percent()} |"
        )
    text = "\n".join(lines) + "\n"
    (RESULTS / "meetings.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
