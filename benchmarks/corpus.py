"""Read the corpus of polluted files and print what became of each.

    python benchmarks/corpus.py [--all]

The table is written to ``benchmarks/results/corpus.md``.

A reader may be right, reject more than it must (and count it) or refuse with a message; it must
never be silently wrong, nor end with a traceback.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.ingest.polluted import CRASHED, OUTCOMES, RIGHT, WRONG, cases, judge

RESULTS = Path(__file__).parent / "results" / "corpus.md"


def main() -> int:
    table: dict[str, Counter[str]] = {}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in cases():
            start = time.perf_counter()
            outcome, why = judge(case, Path(folder))
            slowest = max(slowest, time.perf_counter() - start)
            table.setdefault(case.format, Counter())[outcome] += 1
            if ("--all" in sys.argv and outcome != RIGHT) or outcome in (WRONG, CRASHED):
                print(f"{case.format:10} {case.name:42} {outcome}: {why[:140]}")
    total = sum(table.values(), Counter())
    lines = [
        "`python benchmarks/corpus.py`",
        "",
        "What became of a corpus of polluted files, each with the true number of its rows (in the "
        "manner of Pollock, doi:10.14778/3594512.3594518). Nothing may be silently wrong.",
        "",
        "| format | files | " + " | ".join(OUTCOMES) + " |",
        "|---|" + "---:|" * (len(OUTCOMES) + 1),
    ]
    for kind, counts in [*table.items(), ("all", total)]:
        numbers = [counts.total(), *(counts[name] for name in OUTCOMES)]
        lines.append(f"| {kind} | " + " | ".join(f"{number:,}" for number in numbers) + " |")
    print("\n".join(lines))
    print(f"longest: {slowest:.1f} s")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 1 if total[WRONG] or total[CRASHED] else 0


if __name__ == "__main__":
    sys.exit(main())
