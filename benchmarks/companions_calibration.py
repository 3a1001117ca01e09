"""How often companions are reported where nobody travels together, and how many are found else.

Run from the root of the repository: ``python benchmarks/companions_calibration.py``. Null regions
hold neighbours with equal, punctual schedules, tight platoons and vehicles that are in the data for
the same few weeks; no two vehicles travel together. A run reports something when any pair has
q ≤ 0.05. Planted regions are the same with couples and a convoy added. Every round takes all
settings once, the denser region of the generator three times, and those over many weeks in every
sixth round only; after each, what is known so far is written to
``benchmarks/results/companions_calibration.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from score_tables import RESULTS

from analyzer.estimate import wilson
from analyzer.patterns.companions import find_companions
from analyzer.sightings import Sightings
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
    "streets of forty, 400 vehicles": Setting(streets=6, neighbours=40, strangers=160, platoon=3.0),
    "streets of forty, very punctual": Setting(streets=4, neighbours=40, punctual=1.0, platoon=5.0),
    "platoons of seven minutes": Setting(platoon=7.0),
    "platoons of ten minutes": Setting(platoon=10.0),
    "half a year, platoons of ten minutes": Setting(days=182, platoon=10.0),
}

LONG_DAYS = 60
"""Settings longer than this take part in every sixth round only, unless lives in them are short."""

SYNTHETIC = {
    "synthetic region, 20 sites": {"vehicles": 300, "days": 28, "cameras": 20},
    "synthetic region, 100 sites": {"vehicles": 400, "days": 28, "cameras": 100},
}
"""Regions of the generator in which people have errands, and none in company."""

RUNS_A_ROUND = {"synthetic region, 100 sites": 3}
"""Settings that are run more than once a round, because the rate is to be known better there."""


@dataclass
class Tally:
    """What came out in one setting: runs, runs that reported, pairs; planted, found, right."""

    runs: int = 0
    reporting: int = 0
    false_pairs: int = 0
    true: int = 0
    found: int = 0
    right: int = 0
    seeds: list[int] = field(default_factory=list)

    def add_null(self, seed: int, pairs: int) -> None:
        """Count a run where nobody travels together."""
        self.runs += 1
        self.reporting += pairs > 0
        self.false_pairs += pairs
        if pairs:
            self.seeds.append(seed)

    def add_planted(self, found: set, true: set) -> None:
        """Count a run where the pairs are known."""
        self.true += len(true)
        self.found += len(found)
        self.right += len(found & true)


def share(successes: int, n: int) -> str:
    """Write a share with its exact binomial interval (Clopper and Pearson, 95 %)."""
    from scipy.stats import binomtest

    if not n:
        return "–"
    interval = binomtest(successes, n).proportion_ci(0.95, "exact")
    value = 100 * successes / n
    return f"{value:.1f} % ({100 * interval.low:.1f}–{100 * interval.high:.1f})"


def pairs_of(sightings: Sightings) -> set[tuple[int, int]]:
    """Find the companions of a region, by vehicle code."""
    rows = find_companions(sightings).rows
    return set(zip(rows["vehicle_a"].tolist(), rows["vehicle_b"].tolist(), strict=True))


def lonely(setting: Setting, seed: int) -> Sightings:
    """Make a lonely region."""
    return lonely_region(seed, setting)[0]


def synthetic(settings: Mapping[str, int], seed: int) -> Sightings:
    """Make a region of the generator where nobody travels together."""
    return make_region(**settings, seed=seed, difficulty="alone").sightings


def nulls() -> dict[str, Callable[[int], Sightings]]:
    """Give the makers of null regions by name."""
    made = {name: partial(lonely, setting) for name, setting in SETTINGS.items()}
    return {**made, **{name: partial(synthetic, its) for name, its in SYNTHETIC.items()}}


def takes_part(name: str, turn: int) -> bool:
    """Tell whether a setting is run in a round."""
    if name in SYNTHETIC or turn % 6 == 5:
        return True
    return SETTINGS[name].days <= LONG_DAYS or SETTINGS[name].weeks_present is not None


def markdown(command: str, tallies: Mapping[str, Tally]) -> str:
    """Write what came out as a table."""
    every = list(tallies.values())

    def row(name: str, of: Sequence[Tally]) -> str:
        runs, reporting, pairs, true, found, right = (
            sum(getattr(tally, what) for tally in of)
            for what in ("runs", "reporting", "false_pairs", "true", "found", "right")
        )
        recall = f"{wilson(right, true).percent()} of {true:,}" if true else "–"
        precision = f"{wilson(right, found).percent()} of {found:,}" if found else "–"
        return (f"| {name} | {runs:,} | {reporting:,} | {share(reporting, runs)} | {pairs:,} | "
                f"{recall} | {precision} |")  # fmt: skip

    lines = [
        f"Made by `{command}`.",
        "",
        "# Companions where nobody travels together",
        "",
        "A null run reports something when any pair has q ≤ 0.05; the interval is exact binomial "
        "(Clopper–Pearson, 95 %). Planted are five couples and a convoy of four (11 pairs) in "
        "regions of the same setting, among neighbours behind whose habit they may hide.",
        "",
        "| setting | null runs | that report | share | pairs reported | planted: recall | "
        "planted: precision |",
        "|---|---|---|---|---|---|---|",
        *(row(name, [tally]) for name, tally in tallies.items()),
        row("all", every),
        "",
    ]
    seeds = [f"{name}: {tally.seeds}" for name, tally in tallies.items() if tally.seeds]
    if seeds:
        lines += ["Seeds of the null runs that report: " + "; ".join(seeds) + ".", ""]
    return "\n".join(lines)


def main() -> None:
    """Run the rounds, write the table after each, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12, help="times each setting is run")
    parser.add_argument("--planted", type=int, default=2, help="rounds with companions as well")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only settings whose name holds this text")
    options = parser.parse_args()
    tallies = {name: Tally() for name in nulls() if options.only in name}
    for turn in range(options.rounds):
        for number, (name, make) in enumerate(nulls().items()):
            if name not in tallies or not takes_part(name, turn):
                continue
            runs = RUNS_A_ROUND.get(name, 1)
            seed = options.seed + 100_000 * number + turn * runs
            for run in range(runs):
                tallies[name].add_null(seed + run, len(pairs_of(make(seed + run))))
            if name in SETTINGS and turn < options.planted:
                planted = replace(SETTINGS[name], couples=5, convoy=4)
                region, true = lonely_region(seed, planted)
                tallies[name].add_planted(pairs_of(region), true)
            print(turn, name, tallies[name], file=sys.stderr, flush=True)
        command = f"python benchmarks/companions_calibration.py --rounds {turn + 1}"
        command += f" --planted {min(options.planted, turn + 1)} --seed {options.seed}"
        text = markdown(command, tallies)
        if not options.only:
            (RESULTS / "companions_calibration.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
