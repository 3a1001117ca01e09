"""How often companions are found rightly, on synthetic regions.

Prints a Markdown table and writes it to ``benchmarks/results/companions.md``. Run
``python benchmarks/score_companions.py``; with ``--quick`` on small regions, to the screen only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from score_tables import Figures, Section, run, score_settings

COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "recall_convoy": "recall of convoys",
    "recall_couple": "recall of couples",
}

SETTINGS: dict[str, dict[str, Any]] = {
    "28 days, seed 11": {"seed": 11},
    "28 days, seed 12": {"seed": 12},
    "28 days, 200 camera sites": {"seed": 11, "cameras": 200},
    "28 days, nobody travels together": {"seed": 11, "difficulty": "alone"},
    "90 days, seed 11": {"seed": 11, "days": 90},
}


def score(settings: Mapping[str, Any], vehicles: int) -> Figures:
    """Make a region, find who travels together, and score it."""
    from analyzer.patterns.companions import find_companions
    from analyzer.synthetic import make_region

    region = make_region(**{"vehicles": vehicles, "days": 28, **settings})
    return find_companions(region.sightings).score(region.truth).figures


def sections(vehicles: int, only: str = "") -> list[Section]:
    """Score all settings."""
    rows = score_settings(SETTINGS, partial(score, vehicles=vehicles), only)
    return [
        Section(
            "Companions",
            f"At a false discovery rate of 5 %, {vehicles:,} vehicles a region.",
            COLUMNS,
            rows,
        )
    ]


def main() -> None:
    """Score all settings, print the tables and write them."""
    title = "Companions, held against the truth"
    run(__doc__, "companions", title, "python benchmarks/score_companions.py", sections)


if __name__ == "__main__":
    main()
