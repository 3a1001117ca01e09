"""What reading files, exporting and making data takes: the rates of `--dry-run` for these verbs.

    python benchmarks/files.py
    python benchmarks/files.py --only "ingest csv" "export gpkg"
    python benchmarks/files.py --tables

Regions of some sizes are made as files (`synthesize`), read into stores (`ingest`; CSV with and
without attributes, since the length of rows matters; `ingest into` adds a small file to a store,
whose rows are sorted anew), and written in each format (`export`). Each runs in a process of its
own, forked from one in which a small region had the kernels compiled; processor seconds are
counted, since other work may run beside it. What was measured is added to
``benchmarks/results/files.json``; the page and the rates (``analyzer/cost_rates.json``, under
"files") are written from it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ingest
from kept import add_point
from scale_rates import FILES
from scale_tables import write_files

from analyzer.cost import machine_pace
from analyzer.export import export_sightings
from analyzer.ingest.reader import read_sightings
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region

KEY = b"k" * 32
REGIONS = (
    ("dense", 1_000, 28), ("dense", 8_000, 28), ("sparse", 2_500, 180), ("sparse", 8_000, 180),
)  # fmt: skip
BARE_ROWS = (200_000, 5_000_000)
SLOW = ("geojson", "gpkg")
SLOW_ROWS = 300_000
"""Formats that are read or written row by row are measured up to so many rows."""


def read(path: Path, store: Path, key: bytes | None = KEY) -> dict[str, Any]:
    """Read a file into a store; give its rows, and the share of the time until all was read."""
    begun, read_at = time.perf_counter(), []

    def progress(done: int, total: int) -> None:
        if done >= total and not read_at:
            read_at.append(time.perf_counter() - begun)

    cameras = path.with_name("cameras.csv")
    found = read_sightings(
        path, timezone="Asia/Tashkent", key=key, store=store, progress=progress, memory="2GB",
        cameras=cameras if cameras.exists() else None,
    )  # fmt: skip
    share = read_at[0] / (time.perf_counter() - begun)
    return {"rows": found.quality["rows_read"], "reading_share": share}


def bytes_of(path: Path) -> int:
    return sum(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())


def peak_gb() -> float:
    return ingest.peak_mb() / 1e3


def run_forked(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run work in a forked process; give what it says and what it took."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            program, begun, wall = peak_gb(), time.process_time(), time.perf_counter()
            said = work()
            took = {
                "processor": time.process_time() - begun, "wall": time.perf_counter() - wall,
                "program_gb": program, "peak_gb": peak_gb(),
            }  # fmt: skip
            os.write(writer, json.dumps({**said, **took}).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said)


def apart(work: Callable[[], Any]) -> None:
    """Do what is not measured in a process of its own, so that its memory is not counted."""

    def silently() -> dict[str, Any]:
        work()
        return {}

    run_forked(silently)


def as_json_lines(path: Path) -> Path:
    import csv

    out = path.with_suffix(".jsonl")
    with open(path, encoding="utf-8", newline="") as rows, open(out, "w", encoding="utf-8") as file:
        for row in csv.DictReader(rows):
            file.write(json.dumps({name: cell for name, cell in row.items() if cell}) + "\n")
    return out


def measure(measure: str, work: Callable[[], dict[str, Any]], **about: Any) -> None:
    """Measure once and keep it; the same measurement made again replaces the old one."""
    point = {"measure": measure, **about, **run_forked(work), "stable_pace": machine_pace()}
    print(json.dumps(point), flush=True)
    add_point(FILES, point, ("measure", "rows", "bytes", "vehicle_days"))


def measure_region(folder: Path, regime: str, vehicles: int, days: int, only: list[str]) -> None:
    def wanted(name: str) -> bool:
        return not only or name in only

    days_of = {"vehicle_days": vehicles * days}
    for kind in ("csv", "parquet"):
        made = folder / kind

        def synthesize(made=made, kind=kind) -> dict[str, Any]:
            region = make_region(vehicles, days, regime=regime)
            region.write(made, format=kind)
            counted = json.loads((made / "region.json").read_text())["counted"]
            return {"disk_bytes": bytes_of(made), "counted": counted}

        if wanted(f"synthesize {kind}"):
            measure(f"synthesize {kind}", lambda work=synthesize, made=made, kind=kind: {
                **{name: value for name, value in work().items() if name != "counted"},
                "rows": rows_in(made / f"sightings.{kind}"),
            }, **days_of)  # fmt: skip
        else:
            apart(synthesize)
    files = [folder / "csv" / "sightings.csv", folder / "parquet" / "sightings.parquet"]
    if rows_in(files[0]) < SLOW_ROWS:
        files.append(as_json_lines(files[0]))
    for file in files:
        measure_ingest(file, folder / f"store-{file.suffix[1:]}", wanted)
    store = folder / "store-csv"
    if not store.exists():
        apart(lambda: read(files[0], store))
    if wanted("ingest into"):
        few = folder / "csv" / "few.csv"
        with open(files[0], encoding="utf-8") as whole:
            # Not the rows that are there already: later ones of the same vehicles.
            lines = [next(whole) for _ in range(1_000)]
        few.write_text("".join(lines).replace("2025-09-01", "2026-06-01"), encoding="utf-8")
        rows = open_store(store).manifest["rows"]
        measure("ingest into", lambda: {**read(few, store), "rows": rows})
    sightings = Sightings(open_store(store))
    for kind in ("csv", "parquet", *SLOW):
        if not wanted(f"export {kind}") or (kind in SLOW and len(sightings) > SLOW_ROWS):
            continue
        out = folder / f"INTERNAL-all.{kind}"

        def export(out=out) -> dict[str, Any]:
            export_sightings(sightings, out, internal=True)
            return {"rows": len(sightings), "disk_bytes": out.stat().st_size}

        measure(f"export {kind}", export)


def rows_in(path: Path) -> int:
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return pq.read_metadata(path).num_rows
    with open(path, "rb") as file:
        return sum(1 for _ in file) - 1


def measure_ingest(file: Path, store: Path, wanted: Callable[[str], bool]) -> None:
    name = f"ingest {file.suffix[1:]}"
    if not wanted(name):
        return

    def work() -> dict[str, Any]:
        said = read(file, store)
        return {**said, "disk_bytes": bytes_of(store)}

    measure(name, work, bytes=file.stat().st_size)


def warm_up(folder: Path) -> None:
    """Have every kernel and library loaded before anything is measured."""
    make_region(400, 14).write(folder / "small")
    made = folder / "small" / "sightings.csv"
    make_region(400, 14).write(folder / "small-parquet", format="parquet")
    bare = folder / "bare.csv"
    apart(lambda: ingest.make(bare, 50_000))
    read(bare, folder / "bare-store")
    read(folder / "small-parquet" / "sightings.parquet", folder / "small-parquet-store")
    read(as_json_lines(made), folder / "small-json-store")
    read(made, folder / "small-store")
    for kind in ("csv", "parquet", *SLOW):
        export_sightings(
            Sightings(open_store(folder / "small-store")), folder / f"INTERNAL-small.{kind}",
            internal=True,
        )  # fmt: skip


def measure_program(folder: Path) -> None:
    """Measure what the program holds with next to nothing to do, in a process of its own."""
    command = [sys.executable, __file__, "--store", str(folder / "small" / "few.csv")]
    with open(folder / "small" / "sightings.csv", encoding="utf-8") as whole:
        few = "".join(next(whole) for _ in range(1_000))
    (folder / "small" / "few.csv").write_text(few, encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measure("program", lambda: {"rows": 999, **json.loads(done.stdout)})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="MEASURE")
    parser.add_argument("--tables", action="store_true", help="write page and rates only")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        warnings.simplefilter("ignore")
        read(options.store, options.store.with_suffix(""))
        print(json.dumps({"program": peak_gb()}))
        return
    if not options.tables:
        warnings.simplefilter("ignore")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            warm_up(folder)
            if not options.only or "program" in options.only:
                measure_program(folder)
            regions = () if options.only == ["program"] else REGIONS
            for number, (regime, vehicles, days) in enumerate(regions):
                (folder / str(number)).mkdir()
                measure_region(folder / str(number), regime, vehicles, days, options.only)
            for rows in BARE_ROWS:
                bare = folder / f"bare-{rows}.csv"
                if not options.only or "ingest csv" in options.only:
                    apart(lambda bare=bare, rows=rows: ingest.make(bare, rows))
                    measure_ingest(bare, folder / f"bare-store-{rows}", lambda name: True)
                    bare.unlink()
    write_files()
    print(f"wrote {FILES.with_suffix('.md')}", file=sys.stderr)


if __name__ == "__main__":
    main()
