"""How often companions are found rightly, on synthetic regions, beside what an oracle finds.

Prints Markdown tables and writes them to ``benchmarks/results/companions.md``. Run
``python benchmarks/score_companions.py``; with ``--quick`` on small regions, to the screen only.
The calibration, on regions where nobody travels together, is ``companions_calibration.py``; seconds
and memory are ``companions_speed.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from score_tables import Curve, Figures, Section, cell, run, score_settings

COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "oracle": "oracle's recall",
    "recall_met_1": "recall, 1 journey seen",
    "recall_met_2": "2 or more",
    "recall_met_3": "3 or more",
    "recall_convoy": "recall of convoys",
    "oracle_convoy": "oracle's",
    "recall_couple": "recall of couples",
    "oracle_couple": "oracle's",
}

BASE: dict[str, Any] = {"days": 28, "seed": 12}
"""Settings unless others are named."""

SEEDS: dict[str, dict[str, Any]] = {f"seed {seed}": {"seed": seed} for seed in (12, 13)}
CAMERAS: dict[str, dict[str, Any]] = {
    f"{n:,} camera sites": {"cameras": n} for n in (20, 100, 200, 500)
}
DAYS: dict[str, dict[str, Any]] = {f"{n} days": {"days": n} for n in (7, 28, 90)}
MISSES: dict[str, dict[str, Any]] = {
    f"{rate:.0%} of passages missed": {"miss_rate": rate} for rate in (0.0, 0.08, 0.3)
}


def score(settings: Mapping[str, Any], vehicles: int) -> Figures:
    """Make a region, find who travels together, and score it."""
    usual = {"cameras": 100, "miss_rate": 0.08}
    own = {name: value for name, value in settings.items() if usual.get(name) != value}
    return _figures(**{"vehicles": vehicles, **BASE, **own})


@cache
def _figures(**settings: Any) -> Figures:
    from analyzer.patterns.companions import find_companions
    from analyzer.synthetic import make_region

    region = make_region(**settings)
    every = find_companions(region.sightings, max_fdr=1)
    figures = every.score(region.truth, max_fdr=0.05).figures
    print(settings, {name: cell(name, figures[name]) for name in COLUMNS if name in figures},
          file=sys.stderr, flush=True)  # fmt: skip
    return figures


def sections(vehicles: int, only: str = "") -> list[Section]:
    """Score all settings."""
    found = []
    for title, settings, key in (
        ("Seeds", SEEDS, None), ("Cameras", CAMERAS, "cameras"),
        ("Misses", MISSES, "miss_rate"), ("Days", DAYS, "days"),
    ):  # fmt: skip
        rows = score_settings(settings, partial(score, vehicles=vehicles), only)
        curves = [_curve(key, settings, rows)] if key and rows else []
        found.append(Section(title, TEXT.format(vehicles=vehicles), COLUMNS, rows, curves))
    return found


TEXT = (
    "At a false discovery rate of 5 %; {vehicles:,} vehicles a region, 100 camera sites, 28 days, "
    "8 % of the passages in view missed, seed 12 unless said. Recall is over all true pairs of "
    "vehicles that were seen. The oracle is given the true trips: it finds every true pair with a "
    "joint journey in the data."
)


def _curve(key: str, settings: Mapping[str, Mapping[str, Any]], rows: Figures) -> Curve:
    lines = {"precision": "precision", "recall": "recall", "oracle": "oracle's recall",
             "recall_met_3": "recall, 3 journeys seen or more"}  # fmt: skip
    points = {
        label: [(settings[row][key], rows[row][name]) for row in rows if name in rows[row]]
        for name, label in lines.items()
    }
    names = {"cameras": "camera sites", "days": "days", "miss_rate": "share of passages missed"}
    return Curve(
        f"companions_{key}", names[key], "share of pairs", points, key != "miss_rate", (0.95,)
    )


def main() -> None:
    """Score all settings, print the tables and write them."""
    title = "Companions, held against the truth"
    run(__doc__, "companions", title, "python benchmarks/score_companions.py", sections)


if __name__ == "__main__":
    main()
