"""Fuzz the reader with coverage: no bytes may end in a traceback or unbalanced books.

    python benchmarks/fuzz_reader.py [SECONDS]

Needs atheris (``pip install atheris``), which is no dependency; without it this says so and ends.
Files begin as those of the corpus of polluted files and are changed by the fuzzer; a crash leaves
its input in the current folder.
"""

from __future__ import annotations

import atexit
import importlib
import pkgutil
import sys
import tempfile
import time
import types
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

try:
    import atheris
except ImportError:
    atheris = None


RESULTS = Path(__file__).parent / "results" / "fuzz_reader.md"


def instrument() -> int:
    """Watch the Python functions of the reader; compiled kernels are left as they are."""
    import analyzer.ingest

    watched = 0
    for found in pkgutil.iter_modules(analyzer.ingest.__path__, "analyzer.ingest."):
        module = importlib.import_module(found.name)
        for thing in vars(module).values():
            if getattr(thing, "__module__", None) != found.name:
                continue
            members = vars(thing).values() if isinstance(thing, type) else [thing]
            for function in members:
                if isinstance(function, types.FunctionType):
                    atheris.instrument_func(function)
                    watched += 1
    return watched


def main() -> int:
    if atheris is None:
        print("atheris is not installed (pip install atheris): the fuzz run is skipped")
        return 0
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    from analyzer.errors import AnalyzerError
    from analyzer.ingest.reader import read_sightings

    print(f"{instrument()} functions are watched")
    from tests.ingest.polluted import KEY, cases

    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp(prefix="platerisk-fuzz-"))
    seeds = folder / "seeds"
    seeds.mkdir()
    for number, case in enumerate(cases(slow=False)):
        if len(case.content) < 1 << 14:
            (seeds / f"{number:04d}{case.ending}").write_bytes(case.content)
    path = folder / "input"
    outcomes = {"read": 0, "refused": 0}

    def one_input(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = read_sightings(path, timezone="Asia/Tashkent", key=KEY)
        except AnalyzerError:
            outcomes["refused"] += 1
            return
        quality = found.quality
        rows = quality["rows_kept"] + quality["rows_rejected"] + quality["rows_merged"]
        if rows != quality["rows_read"] or quality["rows_kept"] != len(found):
            raise RuntimeError("the books do not balance")
        outcomes["read"] += 1
        if sum(outcomes.values()) % 500 == 0:
            print(outcomes, flush=True)

    options = [sys.argv[0], str(seeds), f"-max_total_time={seconds}", "-max_len=16384",
               "-timeout=120", "-rss_limit_mb=3000", "-print_final_stats=1"]  # fmt: skip
    # Kernels compile, or load, before the clock runs: that is no hang of an input.
    for seed in sorted(seeds.iterdir())[::10]:
        one_input(seed.read_bytes())
    outcomes |= {"read": 0, "refused": 0}
    # The fuzzer ends the process itself, so what was done is written when that happens.
    started = time.monotonic()
    atexit.register(lambda: write(outcomes, time.monotonic() - started))
    atheris.Setup(options, one_input)
    atheris.Fuzz()
    return 0


def write(outcomes: dict[str, int], seconds: float) -> None:
    """Write what the run did; a finding would have ended it before its time."""
    crashes = len(list(Path.cwd().glob("crash-*"))) + len(list(Path.cwd().glob("timeout-*")))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        f"`python benchmarks/fuzz_reader.py {' '.join(sys.argv[1:])}`\n\n"
        "Coverage-guided fuzzing (atheris) of the reader, from the corpus of polluted files: no "
        "bytes may end in a traceback, a hang, or books that do not balance.\n\n"
        "| executions | seconds | read | refused with a message | findings |\n"
        "|---:|---:|---:|---:|---:|\n"
        f"| {sum(outcomes.values()):,} | {seconds:,.0f} | {outcomes['read']:,} | "
        f"{outcomes['refused']:,} | {crashes} |\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
