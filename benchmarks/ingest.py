"""Rows per second of ingest, against pyarrow.csv and DuckDB reading the same CSV in one run.

    python benchmarks/ingest.py [ROWS] [MEMORY ...]

The peers only parse; ingest normalises, pseudonymises, cleans, looks for wrong clocks and misread
plates, sorts and stores. Each runs in a process of its own, so that peak memory is its own; DuckDB
is left out where it is not installed. The table is written to ``benchmarks/results/ingest.md``, in
the place of an earlier one of as many rows, and its figures to ``ingest.json``; above 50 million,
readers that hold all are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from kept import read_points, write_points

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "ingest.md"
ROWS = 20_000_000
VEHICLES, CAMERAS = 500_000, 100
HOLDING = ("pyarrow.csv (table)", "duckdb (table)")
HELD_ROWS = 50_000_000
"""Of more rows, peers that hold them all in memory are not tried."""


def make(path: Path, rows: int) -> None:
    """Write a CSV of sightings in order of time; vehicles are seen unevenly often."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv

    random = np.random.default_rng(1)
    codes = np.arange(VEHICLES)
    plates = pa.array(
        [f"{10 + c % 90:02d}{chr(65 + c // 90 % 26)}{c // 2340 % 1000:03d}"
         f"{chr(65 + c % 23)}{chr(65 + c // 23 % 25)}" for c in codes.tolist()]
    )  # fmt: skip
    cameras = pa.array([f"gate {i:03d}" for i in range(CAMERAS)])
    step = 180 * 86_400_000 / rows
    with open(path, "wb") as file:
        header = True
        for start in range(0, rows, 1_000_000):
            count = min(1_000_000, rows - start)
            vehicle = (random.random(count) ** 1.3 * VEHICLES).astype(np.int64)
            camera = random.integers(0, CAMERAS, count)
            at = 1_767_225_600_000 + ((start + np.arange(count)) * step).astype(np.int64)
            table = pa.table({
                "plate": plates.take(pa.array(vehicle)),
                "camera": cameras.take(pa.array(camera)),
                "seen_at": pa.array(at // 1000).cast(pa.timestamp("s")),
                "lat": np.round(41.2 + camera * 0.002, 5),
                "lon": np.round(69.1 + camera % 17 * 0.01, 5),
                "confidence": np.round(0.8 + 0.2 * random.random(count), 2),
            })  # fmt: skip
            options = pa.csv.WriteOptions(include_header=header, quoting_style="none")
            pa.csv.write_csv(table, file, options)
            header = False


def pyarrow_reads(path: str, memory: str) -> int:
    import pyarrow.csv

    return sum(len(batch) for batch in pyarrow.csv.open_csv(path))


def pyarrow_reads_whole(path: str, memory: str) -> int:
    import pyarrow.csv

    return len(pyarrow.csv.read_csv(path))


def duckdb_reads(path: str, memory: str) -> int:
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        database = duckdb.connect()
        database.execute(f"set temp_directory = '{folder}'")
        database.execute(f"create table reads as select * from read_csv('{path}')")
        return database.execute("select count(*) from reads").fetchone()[0]


def ingest_reads(path: str, memory: str) -> int:
    from analyzer.ingest.reader import read_sightings

    with tempfile.TemporaryDirectory() as folder:
        found = read_sightings(
            path, timezone="Asia/Tashkent", key=b"k" * 32, store=Path(folder) / "store",
            memory=memory,
        )  # fmt: skip
        return found.quality["rows_read"]


READERS = {
    "pyarrow.csv (stream)": pyarrow_reads,
    "pyarrow.csv (table)": pyarrow_reads_whole,
    "duckdb (table)": duckdb_reads,
    "ingest": ingest_reads,
}


def keep_section(rows: int, lines: list[str]) -> None:
    """Write a table in the place of an earlier one of as many rows, or below the others."""
    RESULTS.parent.mkdir(exist_ok=True)
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    # A section begins with the command that made it.
    sections = [part for part in re.split(r"(?m)^(?=`python benchmarks/ingest\.py )", text) if part]
    kept = {int(section.split()[2].strip("`")): section.strip() for section in sections}
    kept[rows] = "\n".join(lines)
    text = "\n\n".join(section for _, section in sorted(kept.items()))
    RESULTS.write_text(text + "\n", encoding="utf-8")


def keep_figures(rows: int, figures: list[dict[str, Any]]) -> None:
    """Keep what was measured, in the place of what was of as many rows, for other benchmarks."""
    path = RESULTS.with_suffix(".json")
    others = [each for each in read_points(path) if each["rows"] != rows]
    write_points(path, sorted([*others, *figures], key=lambda each: each["rows"]))


def peak_mb() -> float:
    """Give the peak of this process; what it was before `exec` does not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3
    return float("nan")


def run_one(name: str, path: str, memory: str) -> None:
    """Measure one reader in this process and print JSON."""
    import warnings

    warnings.simplefilter("ignore")
    if name == "ingest":
        # The kernels are compiled, or loaded, by a small file first.
        small = Path(tempfile.mkdtemp()) / "small.csv"
        with open(path, "rb") as file:
            small.write_bytes(b"".join(file.readline() for _ in range(2_000)))
        ingest_reads(str(small), memory)
        shutil.rmtree(small.parent)
    baseline = peak_mb()
    wall, cpu = time.perf_counter(), time.process_time()
    rows = READERS[name](path, memory)
    print(
        json.dumps({
            "rows": rows, "seconds": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu, "before_mb": baseline,
            "peak_mb": peak_mb(),
        })
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("memories", nargs="*", metavar="memory", default=["2GB", "1GB", "500MB"])
    given = parser.parse_args()
    rows, memories = given.rows, given.memories
    with tempfile.TemporaryDirectory() as folder:
        path = Path(os.environ.get("INGEST_CSV", Path(folder) / "reads.csv"))
        if not path.exists():
            make(path, rows)
        busy = os.getloadavg()[0]
        print(f"{rows:,} rows, {path.stat().st_size / 1e9:.2f} GB; load {busy:.1f}")
        lines = [
            f"`python benchmarks/ingest.py {' '.join([str(rows), *memories])}`",
            "",
            f"One CSV of {rows:,} sightings of {VEHICLES:,} vehicles "
            f"({path.stat().st_size / 1e9:.2f} GB), {os.cpu_count()} cores, load {busy:.1f} before "
            "the run. The peers only parse; ingest normalises, pseudonymises, cleans, looks for "
            "wrong clocks and misreads, sorts and stores. Peak memory is that of the process; the "
            "program itself, with its libraries and compiled kernels, is in it.",
            "",
            "| reader | seconds | CPU seconds | rows per second | peak MB | of it the program | "
            "times the fastest peer (seconds) | (CPU) |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        peers = [name for name in READERS if name != "ingest"]
        runs = [(name, "") for name in peers if rows <= HELD_ROWS or name not in HOLDING]
        runs += [("ingest", memory) for memory in memories]
        fastest = fastest_cpu = float("inf")
        figures = []
        for name, memory in runs:
            command = [sys.executable, __file__, "--one", name, str(path), memory]
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT,
                                  env={**os.environ, "PYTHONPATH": os.pathsep.join(
                                      [str(ROOT), os.environ.get("PYTHONPATH", "")])})  # fmt: skip
            if done.returncode:
                print(f"{name:22} left out: {done.stderr.strip().splitlines()[-1][:100]}")
                continue
            got = json.loads(done.stdout)
            figures.append({"reader": name, "memory": memory, **got})
            if name != "ingest":
                fastest = min(fastest, got["seconds"])
                fastest_cpu = min(fastest_cpu, got["cpu"])
            times = f"{got['seconds'] / fastest:5.1f} x the fastest peer"
            ratio = times if name == "ingest" else ""
            print(
                f"{name + ' ' + memory:28} {got['seconds']:7.1f} s {got['cpu']:7.1f} s cpu "
                f"{got['rows'] / got['seconds']:>12,.0f} rows/s  peak {got['peak_mb']:7,.0f} MB "
                f"(program {got['before_mb']:,.0f} MB)  {ratio}",
                flush=True,
            )
            lines.append(
                f"| {name} {memory} | {got['seconds']:.1f} | {got['cpu']:.1f} | "
                f"{got['rows'] / got['seconds']:,.0f} | {got['peak_mb']:,.0f} | "
                f"{got['before_mb']:,.0f} | "
                + (
                    f"{got['seconds'] / fastest:.1f} | {got['cpu'] / fastest_cpu:.1f} |"
                    if name == "ingest"
                    else "| |"
                )
            )
        keep_section(rows, lines)
        keep_figures(rows, figures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(*sys.argv[2:5])
    else:
        main()
