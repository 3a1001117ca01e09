"""How often homes, works, commutes and companions are found rightly, on synthetic regions.

Prints Markdown tables: one row a setting; and writes them to ``benchmarks/results/patterns.md``.
Run ``python benchmarks/score_patterns.py``; with ``--quick`` on small regions, to the screen only.
What is scored, and on which settings, stands in ``score_places.py`` and ``score_companions.py``.
"""

from __future__ import annotations

import argparse

import score_companions
import score_places
from score_tables import markdown, write_results


def main() -> None:
    """Score all settings, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=4_000)
    parser.add_argument("--quick", action="store_true", help="500 vehicles")
    parser.add_argument("--only", default="", help="only settings whose name holds this text")
    options = parser.parse_args()
    vehicles = 500 if options.quick else options.vehicles
    found = [
        section
        for scores in (score_places, score_companions)
        for section in scores.sections(vehicles, options.only)
    ]
    print("\n".join(markdown(section) for section in found))
    if not (options.quick or options.only):
        write_results(
            "patterns", "Patterns, held against the truth", "python benchmarks/score_patterns.py",
            found,
        )  # fmt: skip


if __name__ == "__main__":
    main()
