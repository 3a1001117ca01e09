"""Seconds and memory of every measure as the data grow, beside their floors and peers.

    python benchmarks/scale.py --rows 500000 1000000 2000000
    python benchmarks/scale.py --rows 20000000 200000000 --memory 2GB --measures risk patterns
    python benchmarks/scale.py --regime dense --growth days --base 1400000 --cameras 2000
    python benchmarks/scale.py --tables

Four series can be made: sparse (about 40 sightings a vehicle in 180 days) or dense (about 70 a
vehicle in 28 days), growing by vehicles (the traffic at each camera grows too: by density) or by
days (it does not). Growing by days, data have as many vehicles as ``--base`` sightings in 180 or 28
days come from: of 1,400,000 dense ones, 20 million are of 20,000 who live there, with 1,000 each.
More than 2,000 camera sites are a country: several regions, each with its own vehicles.

Floors and, where DuckDB is installed, peers are measured in the same run; a store that is in
``--folder`` is not made again. Each measure runs in a process of its own, forked from one in which
a small region had its kernels compiled. Processor seconds are counted, since other work may run
beside it, and the peak is that of the whole process. What was measured is added to
``benchmarks/results/scale.json``; ``--tables`` writes the tables and curves from it anew, and alone
writes the rates from which ``--dry-run`` predicts (``analyzer/cost_rates.json``, which comes with
the program).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from process_tree import tree_seconds
from scale_measures import all_measures, describe
from scale_tables import RESULTS, keep, write_tables

from analyzer.cli import VERBS
from analyzer.cost import count_encounters
from analyzer.engine import get_engine
from analyzer.schema import FRAMES, OPTIONAL
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder, open_store
from analyzer.synthetic import make_region
from analyzer.synthetic.region import Region

SPARSE_DAYS, DENSE_DAYS = 180, 28
LARGEST_REGION = 2_000
"""Camera sites of a synthetic region; more of them are a country of several."""

APART_DEGREES = 8
"""Of longitude, between the regions of a country."""



def build(path: Path, rows: int, regime: str, growth: str, cameras: int, base: int) -> None:
    """Write a region of about so many sightings; `base` of them are of the usual number of days."""
    days = SPARSE_DAYS if regime == "sparse" else DENSE_DAYS
    regions = -(-cameras // LARGEST_REGION)
    cameras //= regions
    pilot = make_region(2_000, 28, cameras=cameras, regime=regime)
    a_day = len(pilot.sightings) / 2_000 / 28
    if growth == "days":
        vehicles = max(round(base / a_day / days), 10)
        days = max(round(rows / a_day / vehicles), 1)
    else:
        vehicles = max(round(rows / a_day / days), 10)
    if regions == 1:
        make_region(vehicles, days, cameras=cameras, regime=regime).build_store(path)
        return
    build_country(
        path,
        (
            make_region(-(-vehicles // regions), days, seed, cameras=cameras, regime=regime)
            for seed in range(1, regions + 1)
        ),
    )


def build_country(path: Path, regions: Iterable[Region]) -> None:
    """Write regions beside each other, each with its own vehicles and cameras, as one store."""
    builder, sites, vehicles, labels = None, [], [], {}
    for number, region in enumerate(regions):
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            one = region.build_store(Path(folder) / "region")
            optional = [name for name in one.columns if name in OPTIONAL]
            builder = builder or StoreBuilder(
                path, timezone=one.store.manifest["timezone"], columns=(*optional, FRAMES)
            )
            cameras = sum(map(len, sites))
            for part in one.parts(*one.columns):
                rows = dict(part.load())
                rows["vehicle"] = rows["vehicle"] + sum(map(len, vehicles))
                rows["camera"] = rows["camera"] + cameras
                builder.append(rows)
            table = one.camera_table
            sites.append(
                pd.DataFrame({
                    "name": [f"{number} {name}" for name in table["name"]],
                    "lat": table["lat"], "lon": table["lon"] + APART_DEGREES * number,
                    "zone": [f"{number} {name}" for name in table["zone_name"]],
                })
            )  # fmt: skip
            vehicles.append(one.store.vehicle_names.combine_chunks())
            # Every region has the same labels.
            labels = one.labels
    builder.finish(
        cameras=pd.concat(sites, ignore_index=True),
        vehicles=pa.concat_arrays(vehicles),
        labels=labels,
        provenance={"synthetic": True},
        key={"kind": "public"},
    )


def run_forked(
    name: str, sightings: Sightings, memory: str, limit: float, master: str | None = None
) -> dict[str, Any]:
    """Run one measure in a forked process; give what it took."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(round(limit))
        try:
            on = {"memory": memory}
            if master is not None:
                # The first time starts Spark and loads the kernels in its workers.
                on["engine"] = get_engine("spark", memory, master=master)
                all_measures()[name](sightings, **on)
            started = tree_seconds()
            wall = time.perf_counter()
            all_measures()[name](sightings, **on)
            took = {
                "processor": tree_seconds() - started,
                "started": started if master is not None else None,
                "wall": time.perf_counter() - wall,
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            }
        except Exception as error:
            took = {"failed": f"{type(error).__name__}: {error}"[:300]}
            if os.environ.get("SCALE_TRACEBACK"):
                traceback.print_exc()
        os.write(writer, json.dumps(took).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else {"failed": f"ended, or not done in {limit:.0f} s"}


def measure_store(path: Path, about: dict[str, Any], options: argparse.Namespace) -> None:
    """Measure everything on one store; runs in a process of its own."""
    if not any(name.startswith("peer") for name in all_measures()):
        print("the peers are left out: pip install duckdb", file=sys.stderr)
    names = options.measures or list(all_measures())
    small = make_region(300, 15, seed=2).sightings
    for name in names:
        all_measures()[name](small, memory=options.memory)
    sightings = Sightings(open_store(path))
    if options.master is None:
        # As every verb does it.
        sightings = sightings.within(options.memory)
    about |= describe(sightings, path)
    about |= {"encounters": count_encounters(sightings)}
    for name in names:
        took = run_forked(name, sightings, options.memory, options.limit, options.master)
        keep({**about, "measure": name, **took})
        print(json.dumps({"rows": about["rows"], "measure": name, **took}), flush=True)


def words_of(verb: str, folder: Path) -> list[str]:
    """Give what is typed after a verb to run it on a tiny store, or on the files it reads."""
    store, out = str(folder / "tiny"), str(folder / "out")
    reads = [str(folder / "region" / "sightings.csv"), "--timezone", "Asia/Tashkent"]
    policies = folder / "policies.toml"
    policies.write_text('[week]\nretention = "7D"\n[day]\nretention = "1D"\n')
    special = {
        "demo": ["-o", str(folder / "demo"), "--vehicles", "200"],
        "report": [store, "-o", out],
        "disclosure": [out],
        "verify": [out, store],
        "ingest": [*reads, "-o", str(folder / "ingested")],
        "check": reads,
        "profiles": [],
        "export": [store, "-o", str(folder / "INTERNAL-all.parquet"), "--internal"],
        "synthesize": [str(folder / "made"), "--vehicles", "60", "--days", "7"],
        "plateless": [store, "--attribute", "color"],
        "compare": [store, str(policies)],
        "recommend": [store, "--target", "unicity=0.05"],
        "sharing": [store, str(folder / "other")],
        "case": [store, "--typical", "-o", str(folder / "case.html")],
        "brief": [store, "-o", str(folder / "brief.html")],
        "patterns": [store, "-o", str(folder / "patterns")],
    }
    return special.get(verb, [store])


def measure_cold_starts(folder: Path) -> None:
    """Measure every verb from the shell: its help, and its run on a tiny store."""
    tiny = make_region(60, 7)
    tiny.build_store(folder / "tiny")
    tiny.write(folder / "region")
    make_region(60, 7, seed=2).build_store(folder / "other")
    for verb in VERBS:
        runs = {"help": [verb, "--help"], "tiny store": [verb, *words_of(verb, folder)]}
        for what, words in runs.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "analyzer", *words], capture_output=True, check=False
            )
            wall = time.perf_counter() - wall
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            took = {"processor": used, "wall": wall, "status": done.returncode}
            if done.returncode:
                print(done.stderr.decode(), file=sys.stderr)
            keep({"series": "cold start", "measure": verb, "what": what, **took})
            print(json.dumps({"verb": verb, "what": what, **took}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 2_000_000])
    parser.add_argument("--regime", choices=["sparse", "dense"], default="sparse")
    parser.add_argument("--growth", choices=["vehicles", "days"], default="vehicles")
    parser.add_argument("--base", type=int, help="see above; by default the least of the rows")
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--measures", nargs="+", choices=list(all_measures()), metavar="NAME")
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--limit", type=float, default=3_600, help="seconds for one measure")
    parser.add_argument("--folder", type=Path, help="where stores are kept and found again")
    parser.add_argument("--master", help="run on Spark: local[2], spark://host:7077")
    parser.add_argument("--cold", action="store_true", help="measure cold starts only")
    parser.add_argument("--tables", action="store_true", help="write tables from what is there")
    parser.add_argument("--store", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--about", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        measure_store(options.store, options.about, options)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if options.cold:
            measure_cold_starts(Path(temporary))
        elif not options.tables:
            base = options.base or min(options.rows)
            for rows in options.rows:
                series = f"{options.regime}, by {options.growth}"
                name = f"{options.regime}-{options.growth}-{options.cameras}-{rows}"
                if options.growth == "days":
                    name += f"-of-{base}"
                if options.master:
                    series += f", on Spark at {options.master}"
                path = folder / name
                if not path.exists():
                    build(path, rows, options.regime, options.growth, options.cameras, base)
                about = {"series": series, "sites": options.cameras, "memory": options.memory}
                command = [sys.executable, __file__, "--store", str(path), "--about",
                           json.dumps(about), "--memory", options.memory,
                           "--limit", str(options.limit)]  # fmt: skip
                if options.measures:
                    command += ["--measures", *options.measures]
                if options.master:
                    command += ["--master", options.master]
                subprocess.run(command, check=True)
    write_tables(rates=options.tables)
    print(f"wrote {RESULTS.with_suffix('.md')}", file=sys.stderr)


if __name__ == "__main__":
    main()
