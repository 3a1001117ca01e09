"""How a national system would be run: an estimate, from what was measured here.

    python benchmarks/national.py

Reads what `scale.py`, `assess.py`, `ingest.py` and `ingest_spark.py` measured and writes
``benchmarks/results/national.md``. Nothing of this size was run: every figure is a measured one
grown with the rows, and the page says how.
"""

from __future__ import annotations

import argparse
from typing import Any

from kept import read_points
from scale_tables import RESULTS, points

from analyzer.cost import duration
from analyzer.cost_growth import growth
from analyzer.engine.local import WORKING

ROWS = 1_000_000_000
VEHICLES = 10_000_000
CAMERAS = 10_000
PARTS = 256
CORES = 64
RUSH = 2.0
"""How many times the mean traffic the traffic is that a sighting is in."""

LARGE = 15_000_000
"""Sightings that a run must have to be carried so far, where another has more."""

SHOWN = {
    "risk": "all vehicles are targets; their points go to every worker, so draw "
    "`--sample 100000`: then the work is a scan of the store with a look-up",
    "anonymity": "as `risk`: a sample of targets, counted against everybody",
    "predictability": "vehicle by vehicle; nothing is exchanged",
    "inference": "vehicle by vehicle; nothing is exchanged",
    "places": "vehicle by vehicle; what is found is held by the process that asks, 100 bytes a "
    "place",
    "commutes": "as places",
}


def results(name: str) -> list[dict[str, Any]]:
    """Give what another benchmark measured."""
    return read_points(RESULTS.with_name(f"{name}.json"))


def read_here() -> dict[str, Any]:
    """Give the largest reading that was measured beside its peers, with 2 GB."""
    own = [each for each in results("ingest") if each["reader"] == "ingest"]
    return max((each for each in own if each["memory"] == "2GB"), key=lambda each: each["rows"])


def spark_times() -> tuple[float, int]:
    """Give how many times the processor seconds a CSV takes on Spark, and how many rows it has."""
    here, there = (each for each in results("ingest_spark") if each["file"] == "csv")
    return there["processor"] / here["processor"], here["rows"]


def retention_measured() -> str:
    """Tell what a sweep of all vehicles took, by size."""
    took = {
        one["rows"]: step["processor"]
        for one in results("assess") for step in one["steps"]
        if step["step"].startswith("retention")
    }  # fmt: skip
    return ", ".join(
        f"{seconds:.0f} processor seconds on {rows / 1e6:.0f} million sightings"
        for rows, seconds in sorted(took.items())
    )


def measured() -> dict[str, list[dict[str, Any]]]:
    """Give the points behind each measure, of one series: that with as many camera sites as here.

    Where a measure was not run on 20 million sightings there, it rests on the series with the
    largest run.
    """
    found: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for point in points():
        if point["series"] == "sparse, by vehicles" and "processor" in point:
            key = point["measure"], point["sites"], point["memory"]
            found.setdefault(key, []).append(point)

    def nearness(key: tuple[str, int, str]) -> tuple[bool, int]:
        most = max(point["rows"] for point in found[key])
        return key[1] == CAMERAS and most >= LARGE, most

    return {
        measure: sorted(
            found[max((key for key in found if key[0] == measure), key=nearness)],
            key=lambda point: point["rows"],
        )
        for measure, _, _ in found
    }


def data_of(point: dict[str, Any]) -> str:
    """Tell which data a figure rests on."""
    return (
        f"{point['cameras']:,} readers, {point['rows'] / point['vehicles']:.0f} sightings a "
        f"vehicle in {point['days']:.0f} days"
    )


def main() -> None:
    by_measure = measured()
    largest = by_measure["risk"][-1]
    ran = {data_of(by_measure[name][-1]): None for name in SHOWN if name in by_measure}
    bytes_each = largest["bytes"] / largest["rows"]
    a_minute = ROWS / CAMERAS / 30 / 1440
    here, (times, times_of) = read_here(), spark_times()
    rows_a_second = here["rows"] / here["seconds"]
    processor_a_row = here["cpu"] / here["rows"]
    encounters = ROWS * a_minute * RUSH * 2
    lines = [
        "# A national system", "",
        f"A thousand million sightings a month, of {VEHICLES:,} vehicles by {CAMERAS:,} cameras: "
        "what it would take, as `benchmarks/national.py` works it out. **Nothing of this size was "
        "run.** Each figure of a measure is that of the largest run of its series in `scale.md`, "
        "grown with the sightings to the fitted power (never less than 1), and the table says on "
        f"which data it rests: {'; or '.join(ran)}. They differ from such a month, which has "
        f"{ROWS / VEHICLES:.0f} sightings a vehicle in 30 days at {CAMERAS:,} cameras: where more "
        "vehicles pass a camera in an hour than in the run, what looks them up takes longer than "
        "is said here. A fit over so short a range may be off by a factor of a few "
        "when it is carried so far; `--dry-run` on the store says it again with what is measured "
        "by then.", "",
        "## Reading", "",
        f"- One process reads {rows_a_second:,.0f} rows a second on two processors "
        f"(`ingest.md`, {here['rows'] / 1e6:.0f} million rows), so a month takes about "
        f"{ROWS / rows_a_second / 60:.0f} minutes if it stays as fast, in the memory that "
        "`--memory` gives and the names of the vehicles (about 40 bytes each, "
        f"{VEHICLES * 40 / 1e9:.1f} GB). Plates are replaced in that process, before anything is "
        "sorted or lies on a disk.",
        f"- On Spark (`--engine spark`, CSV and Parquet) it takes {times:.1f} times "
        f"the processor seconds (`ingest_spark.md`, {times_of / 1e6:.0f} million rows), spread "
        f"over the workers: {duration(ROWS * processor_a_row * times)} for a month, and the store "
        "is the same to the byte. Each worker replaces plates chunk by chunk before a row leaves "
        "it. What stays with one worker or process: finding where records begin (a worker a file, "
        "so bring a month as many files), joining the codes (four bytes for each vehicle of each "
        "stretch of 64 MB), and looking for wrong clocks and misreads, part by part.",
        "- The key of the pseudonyms goes to the workers in the tasks themselves: over the "
        "connections of Spark's processes and in their memory, never to a file, a log or the "
        "event log (a test looks for it, and for plates, in all that is written here and on a "
        "standalone cluster). What remains: these connections are plain unless the cluster sets "
        "`spark.authenticate` and `spark.network.crypto.enabled` (not tried here); a dump of a "
        "worker's memory, or swap, holds key and plates; whoever runs the workers can read both. "
        "With a throw-away key this ends with the session.",
        f"- The store takes {bytes_each:.1f} bytes a sighting here, about "
        f"{bytes_each * ROWS / 1e9:.0f} GB a month, in {PARTS} parts of {ROWS / PARTS / 1e6:.1f} "
        f"million sightings ({ROWS / PARTS * 16 / 1e6:.0f} MB each in memory, up to {WORKING} "
        "times that while a measure works on it). Put it where every worker sees it under the same "
        "path (NFS, say). Other file systems (HDFS, S3) are untested.",
        "- Months can be added to the store with its key; each addition writes the store anew.", "",
        "## Measuring", "",
        f"Processor time for one month, and what it is on {CORES} processors if all are busy. A "
        f"part needs up to {ROWS / PARTS * 16 * WORKING / 1e9:.1f} GB of a worker (unicity and "
        "trips less than half of it); a worker of Spark takes one part a processor. Without Spark, "
        "`--memory` cuts the parts until what is worked on fits; the least is 80 MB a processor "
        "beside the program's 300 MB.", "",
        "| measure | measured: seconds, sightings | of | power | one month, one processor "
        f"| {CORES} processors | how |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, how in SHOWN.items():
        if name not in by_measure:
            continue
        own = by_measure[name]
        power = growth([p["rows"] for p in own], [p["processor"] for p in own])
        last = own[-1]
        seconds = last["processor"] * (ROWS / last["rows"]) ** power
        together = duration(seconds / CORES).replace("processor ", "")
        lines.append(
            f"| {name} | {last['processor']:.2f}, {last['rows']:,} | {data_of(last)} | {power:.2f} "
            f"| {duration(seconds)} | {together} | {how} |"
        )
    # Where encounters are many, as in such a month: most of them a sighting.
    floor = max(
        (p for p in points()
         if p["measure"] == "floor: count encounters" and p["series"] == "sparse, by vehicles"
         and p["rows"] >= LARGE and "processor" in p),
        key=lambda point: point["encounters"] / point["rows"],
    )  # fmt: skip
    rate = (floor["rows"] + floor["encounters"]) / floor["processor"]
    lines += [
        "", "## What does not simply grow", "",
        f"- **Companions and meetings** grow with encounters. At {a_minute:.1f} vehicles a minute "
        f"at a camera, twice that where most are seen, a month has about {encounters:.0e} "
        "encounters within two minutes. Counting alone takes about "
        f"{duration((ROWS + encounters) / rate)} at the rate measured where most meet "
        f"({data_of(floor)}); the search refuses "
        "more encounters than `max_encounters` and says what to ask instead: a region, fewer "
        "days, or `of` one vehicle.",
        "- **Linkage** holds what was seen of two adjacent periods, as counts by vehicle, place "
        f"and hour, in the process that asks: for weeks up to {2 * ROWS / 30 * 7 * 24 / 1e9:.0f} "
        "GB while they are laid together, beside what `--memory` allows, within which the profiles "
        "are matched group by group. Link a region, or a sample of vehicles made into a store of "
        "its own.",
        "- **The worst case** compares every vehicle with all that share a place; it counts its "
        "combinations first, and what it would hold, and refuses what would not end or not fit.",
        "- **Retention** asks for every vehicle and leak day, so its work grows with the vehicles "
        "times those who pass a camera in an hour where these are many: "
        f"{retention_measured()} at as many cameras (`assess.md`). Sweep a region, or a "
        "sample of vehicles made into a store of its own, and say so.",
        "- **What is brought together** (places, say) is held in the process that asks"
        f": {VEHICLES:,} vehicles with three places each are about "
        f"{VEHICLES * 3 * 100 / 1e9:.0f} GB.", "",
        "## How to run it", "",
        "```",
        "platerisk ingest '/shared/month-*.csv' --timezone ZONE --key KEYFILE --memory 8GB \\",
        "    -o /shared/store --engine spark --master spark://HOST:7077",
        "platerisk risk /shared/store --sample 100000 --dry-run",
        "platerisk risk /shared/store --sample 100000 --engine spark \\",
        "    --master spark://HOST:7077 --memory 16GB --resume /shared/work",
        "```", "",
        "The package, and the same Python, must be on every worker (`PYSPARK_PYTHON` names it). "
        "Rows that are regrouped wait on the workers' disks, encrypted with a key of the session; "
        "they hold codes and no plates, but they are about single vehicles, and cross the network "
        "as they are, so it and the workers must be as well kept as the store. "
        "`--resume` needs a folder that every worker sees.",
    ]  # fmt: skip
    RESULTS.with_name("national.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    main()
