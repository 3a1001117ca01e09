"""Seconds and memory of the search for companions, beside its floors and an SQL self-join.

    python benchmarks/companions_speed.py
    python benchmarks/companions_speed.py --vehicles 50000 --sql
    python benchmarks/companions_speed.py --only-one

The population is drawn at random: each vehicle has a way of its own past some of the cameras, which
it drives there and back at hours that follow two rush hours; cameras differ in how busy they are.
Compilation is done beforehand on a small population; loading from the store is part of every
figure. The SQL self-join (DuckDB, if it is installed) counts the encounters of pairs, and nothing
else; the floors scan the store and count the encounters. A question about one vehicle is asked
thrice: of a fresh store, where everybody is looked at and what is found out about chance is kept
beside the data with the (camera, time) arrangement; by a handle that finds both there; and again.
Beside it stand its trips, places, routines and commutes.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.pairs import Terms
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.sightings import Sightings
from analyzer.store import open_store

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_767_553_200_000
TRAFFIC = [1, 1, 1, 1, 1, 1, 20, 40, 40, 20, 15, 15, 15, 15, 20, 20, 30, 40, 30, 20, 10, 10, 5, 3]
TERMS = Terms(2 * MINUTE, 45 * MINUTE, 2)


def population(vehicles: int, each: int, days: int, cameras: int, seed: int) -> Sightings:
    """Draw trips past four cameras on the vehicle's own way, three to eight minutes apart."""
    rng = np.random.default_rng(seed)
    busy = 1 / np.arange(1, cameras + 1) ** 0.7
    way = rng.choice(cameras, size=(vehicles, 4), p=busy / busy.sum()).astype(np.int32)
    trips = each // 4
    hours = np.array(TRAFFIC) / sum(TRAFFIC)
    vehicle = np.repeat(np.arange(vehicles, dtype=np.int32), trips)
    n = len(vehicle)
    at = START + rng.integers(0, days, n) * DAY + rng.integers(0, HOUR, n)
    at += rng.choice(24, size=n, p=hours) * HOUR
    back = rng.random(n) < 0.5
    times, seen = [], []
    for step in range(4):
        at = at + rng.integers(3 * MINUTE, 8 * MINUTE, n)
        times.append(at)
        seen.append(np.where(back, way[vehicle, 3 - step], way[vehicle, step]))
    return from_arrays(
        np.tile(vehicle, 4), np.concatenate(times), np.concatenate(seen), timezone="Asia/Tashkent"
    )


def timed(run: Callable[[], object]) -> tuple[float, object]:
    """Processor seconds, and what was found."""
    begun = time.process_time()
    found = run()
    return time.process_time() - begun, found


def row(what: str, rows: int, seconds: float, floor: float) -> str:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return f"| {what} | {rows:,} | {seconds:.1f} | {peak:.1f} | {seconds / floor:.1f} |"


def ms(seconds: list[float]) -> str:
    """Median and the longest of some times, in ms."""
    return f"{1_000 * statistics.median(seconds):.0f} (longest {1_000 * max(seconds):.0f})"


def ask_about_one(path: str, memory: str, floor: float) -> None:
    """Print what questions about one vehicle take, the first and others."""
    engine = LocalEngine(memory=memory, threads=1)
    sightings = Sightings(open_store(path))
    n, names = len(sightings), sightings.vehicles[:: max(sightings.n_vehicles // 100, 1)]
    first, _ = timed(lambda: find_companions(sightings, of=names[0], engine=engine))
    print(row("companions of one vehicle, the first question", n, first, floor), flush=True)

    def opened() -> None:
        again = Sightings(open_store(path))
        find_companions(again, of=names[1], engine=engine)

    seconds, _ = timed(opened)
    print(row("the same, opening a store that has been asked", n, seconds, floor), flush=True)
    times = [
        timed(lambda name=name: find_companions(sightings, of=name, engine=engine))[0]
        for name in names[1:]
    ]
    patterns = [timed(lambda name=name: patterns_of(sightings.of(name)))[0] for name in names[1:]]
    print(f"\nOne vehicle of {sightings.n_vehicles:,}, processor ms, median of {len(times)}: "
          f"companions {ms(times)}; trips, places, routines and commutes {ms(patterns)}.",
          flush=True)  # fmt: skip


def patterns_of(sightings: Sightings) -> object:
    """Find trips, places, routines and commutes, and lay them out as tables."""
    trips = find_trips(sightings)
    places = find_places(trips)
    routines = find_routines(trips, places)
    commutes = find_commutes(routines, places)
    return [found.to_pandas() for found in (trips, places, routines, commutes)]


def scan(sightings: Sightings) -> int:
    return sum(len(part.load()["vehicle"]) for part in sightings.parts())


def measure(path: str, memory: str, only_one: bool) -> None:
    """Print the rows of the table for a store; runs in a process of its own."""
    engine = LocalEngine(memory=memory, threads=1)
    small = population(300, 40, 30, 12, 1)
    find_companions(small, engine=engine)
    find_companions(small, of=small.vehicles[0], engine=engine)
    patterns_of(small)
    sightings = Sightings(open_store(path))
    n = len(sightings)
    floor, _ = timed(lambda: scan(sightings))
    print(row("scan the store", n, floor, floor), flush=True)
    if only_one:
        ask_about_one(path, memory, floor)
        return
    passes = CoTravel(sightings, TERMS, engine, 0)
    seconds, met = timed(lambda: passes.encounters)
    print(row(f"count all {met:,} encounters", n, seconds, floor), flush=True)
    seconds, found = timed(lambda: find_companions(sightings, engine=engine))
    print(row("find companions: sessions, habit, traffic, q-values", n, seconds, floor), flush=True)
    print("\n" + found.summary(), file=sys.stderr)
    ask_about_one(path, memory, floor)


def self_join(path: str, threads: int) -> None:
    """Count the encounters of pairs by an SQL self-join, in buckets of time."""
    try:
        import duckdb
    except ImportError:
        print("DuckDB is not installed: no SQL self-join", file=sys.stderr)
        return
    files = str(Path(path) / "data-*" / "part-*.parquet")
    query = f"""
        WITH s AS (SELECT vehicle, camera, epoch_ms(seen_at) t, epoch_ms(seen_at) // 120000 b
                   FROM read_parquet('{files}')),
             m AS (SELECT a.vehicle v, o.vehicle w FROM s a
                   JOIN (SELECT vehicle, camera, t, unnest([b - 1, b, b + 1]) b FROM s) o
                   USING (camera, b)
                   WHERE a.vehicle < o.vehicle AND abs(a.t - o.t) <= 120000)
        SELECT count(*), sum(n) FROM (SELECT count(*) n FROM m GROUP BY v, w)
    """
    connection = duckdb.connect(config={"threads": threads})
    seconds, found = timed(lambda: connection.execute(query).fetchone())
    print(row(f"SQL self-join: {found[1]:,} encounters of {found[0]:,} pairs", 0, seconds, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=500_000)
    parser.add_argument("--sightings", type=int, default=40, help="of each vehicle")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--sql", action="store_true", help="also the SQL self-join")
    parser.add_argument("--only-one", action="store_true", help="only questions about one vehicle")
    parser.add_argument("--store", help=argparse.SUPPRESS)
    parser.add_argument("--join", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.store:
        measure(options.store, options.memory, options.only_one)
        return
    if options.join:
        self_join(options.join, 1)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "store")
        population(
            options.vehicles, options.sightings, options.days, options.cameras, 0
        ).save(path)
        print("| work | sightings | processor seconds | peak GB | times the scan |")
        print("|---|---|---|---|---|", flush=True)
        script = [sys.executable, __file__]
        only_one = ["--only-one"] * options.only_one
        subprocess.run(
            [*script, "--store", path, "--memory", options.memory, *only_one], check=True
        )
        if options.sql:
            subprocess.run([*script, "--join", path], check=True)


if __name__ == "__main__":
    main()
