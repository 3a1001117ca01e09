"""How often homes, works, commutes and companions are found rightly, on synthetic regions.

Prints Markdown tables: one row a setting; and writes them to ``benchmarks/results/patterns.md``.
Run ``python benchmarks/score_patterns.py``; with ``--quick`` on small regions, to the screen only.
What is scored, and on which settings, stands in ``score_places.py`` and ``score_companions.py``.
"""

from __future__ import annotations

import score_companions
import score_places
from score_tables import Section, run


def sections(vehicles: int, only: str = "") -> list[Section]:
    """Score places first, then companions."""
    return [
        section
        for scores in (score_places, score_companions)
        for section in scores.sections(vehicles, only)
    ]


def main() -> None:
    """Score all settings, print the tables and write them."""
    title = "Patterns, held against the truth"
    run(__doc__, "patterns", title, "python benchmarks/score_patterns.py", sections)


if __name__ == "__main__":
    main()
