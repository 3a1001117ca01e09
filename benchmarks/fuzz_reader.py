"""Fuzz the reader with coverage: no bytes may end in a traceback or unbalanced books.

    python benchmarks/fuzz_reader.py [SECONDS]

Needs atheris (``pip install atheris``), which is no dependency; without it this says so and ends.
Files begin as those of the corpus of polluted files and are changed by the fuzzer; a crash leaves
its input in the current folder.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
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
    if "--here" not in sys.argv:
        return watch(seconds)
    from analyzer.errors import AnalyzerError
    from analyzer.ingest.reader import read_sightings

    print(f"{instrument()} functions are watched", flush=True)
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
    atheris.Setup(options, one_input)
    atheris.Fuzz()
    return 0


def watch(seconds: int) -> int:
    """Run the fuzzer, which ends its own process, in another one; write what it did."""
    with tempfile.TemporaryDirectory() as folder:
        # The other process works in a folder of its own, where a finding leaves its input.
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), str(seconds), "--here"],
            cwd=folder, capture_output=True, text=True, errors="replace",
        )  # fmt: skip
        took = time.monotonic() - started
        found = [p for p in Path(folder).iterdir() if p.name.startswith(("crash-", "timeout-"))]
        for path in found:
            shutil.copy(path, Path.cwd() / path.name)
    print(done.stdout + done.stderr[-2_000:])
    runs = re.search(r"number_of_executed_units:\s*(\d+)", done.stderr)
    watched = re.search(r"(\d+) functions are watched", done.stdout)
    if runs is None or watched is None:
        return 1
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        f"`python benchmarks/fuzz_reader.py {seconds}`\n\n"
        "Coverage-guided fuzzing (atheris) of the reader, from the corpus of polluted files: no "
        "bytes may end in a traceback, a hang, or books that do not balance.\n\n"
        "| functions watched | executions | seconds | findings |\n|---:|---:|---:|---:|\n"
        f"| {int(watched[1]):,} | {int(runs[1]):,} | {took:,.0f} | {len(found)} |\n",
        encoding="utf-8",
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
