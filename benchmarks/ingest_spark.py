"""What reading on Spark takes beside reading here, and that the stores are equal.

    python benchmarks/ingest_spark.py [ROWS] [MASTER]

Each engine reads the same CSV and the same Parquet file in a process of its own, a small file
before, so that kernels and Spark's workers are there. Processor seconds are those of all processes,
Java and Python workers included. The table is written to ``benchmarks/results/ingest_spark.md``,
its figures to ``ingest_spark.json``.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

from ingest import RESULTS, ROOT, ROWS, make
from kept import write_points
from process_tree import tree_seconds

FORMATS = ("csv", "parquet")


def read(path: Path, store: Path, master: str) -> dict[str, float]:
    """Read a file on an engine; the second time is measured."""
    from analyzer.engine import get_engine
    from analyzer.ingest.reader import read_sightings

    warnings.simplefilter("ignore")
    engine = get_engine("spark", master=master) if master else "local"
    options = {"timezone": "Asia/Tashkent", "key": bytes(range(32)), "engine": engine}
    started = tree_seconds()
    with tempfile.TemporaryDirectory() as folder:
        read_sightings(path.with_name(f"small{path.suffix}"), store=Path(folder) / "s", **options)
    before, wall = tree_seconds(), time.perf_counter()
    found = read_sightings(path, store=store, **options)
    return {
        "rows": found.quality["rows_read"],
        "parts": len(found.parts()),
        "seconds": time.perf_counter() - wall,
        "processor": tree_seconds() - before,
        "started": before - started,
    }


def write_files(folder: Path, rows: int) -> None:
    """Write the same rows as CSV and Parquet, many and few."""
    import pyarrow.csv
    import pyarrow.parquet

    for name, count in (("small", 5_000), ("reads", rows)):
        path = folder / f"{name}.csv"
        make(path, count)
        table = pyarrow.csv.read_csv(path)
        pyarrow.parquet.write_table(table, path.with_suffix(".parquet"))


def equal(one: Path, two: Path) -> bool:
    """Say whether the data of two stores are equal to the byte."""
    stores = [next(path for path in store.iterdir() if path.is_dir()) for store in (one, two)]
    names = [sorted(path.name for path in store.iterdir()) for store in stores]
    return names[0] == names[1] and not any(filecmp.cmpfiles(*stores, names[0], False)[1:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    parser.add_argument("master", nargs="?", default="local[2]")
    given = parser.parse_args()
    rows, master = given.rows, given.master
    lines = [
        "# Reading on Spark", "",
        f"`python benchmarks/ingest_spark.py {rows} '{master}'`: the rows of `ingest.md`, "
        f"{rows:,} of them, on {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before "
        "the run. Processor seconds are those of all processes together. Beside reading here, a "
        "file is gone over once more to find where records begin, and rows are kept and regrouped "
        "on disk, encrypted.", "",
        "| file | engine | seconds | processor seconds | parts | store |",
        "|---|---|---:|---:|---:|---|",
    ]  # fmt: skip
    began, figures = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_files(folder, rows)
        for kind in FORMATS:
            for name, on in (("local", ""), (f"Spark at {master}", master)):
                store = folder / f"{kind}-{'spark' if on else 'local'}"
                words = ["--one", str(folder / f"reads.{kind}"), str(store), on]
                done = subprocess.run(
                    [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(
                        [str(ROOT), os.environ.get("PYTHONPATH", "")])},
                )  # fmt: skip
                got = json.loads(done.stdout)
                figures.append({"file": kind, "engine": name, **got})
                same = "equal to the byte" if equal(folder / f"{kind}-local", store) else "DIFFERS"
                if on:
                    began.append(got["started"])
                lines.append(
                    f"| {kind} | {name} | {got['seconds']:.1f} | {got['processor']:.1f} "
                    f"| {got['parts']} | {same if on else ''} |"
                )
                print(lines[-1], flush=True)
    lines += ["", f"Starting Spark, loading the kernels in its workers and reading 5,000 rows took "
              f"{min(began):.0f} to {max(began):.0f} processor seconds before."]  # fmt: skip
    RESULTS.with_name("ingest_spark.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_points(RESULTS.with_name("ingest_spark.json"), figures)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(read(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])))
    else:
        main()
