"""How a national system would be run: an estimate, from what was measured here.

    python benchmarks/national.py

Reads ``benchmarks/results/scale.json`` and writes ``benchmarks/results/national.md``. Nothing of
this size was run: every figure is a measured one grown with the rows, and the page says how.
"""

from __future__ import annotations

from typing import Any

from scale_tables import RESULTS, points

from analyzer.cost import duration, growth

ROWS = 1_000_000_000
VEHICLES = 10_000_000
CAMERAS = 10_000
PARTS = 256
CORES = 64
INGEST_ROWS_A_SECOND = 946_000
"""Of one process on two processors, over 20 million rows: results/ingest.md."""

RUSH = 2.0
"""How many times the mean traffic the traffic is that a sighting is in."""

SHOWN = {
    "risk": "all vehicles are targets; their points go to every worker, so draw "
    "`--sample 100000`: then the work is a scan of the store with a look-up",
    "anonymity": "as `risk`: a sample of targets, counted against everybody",
    "retention": "as `risk`, with a sample",
    "predictability": "vehicle by vehicle; nothing is exchanged",
    "inference": "vehicle by vehicle; nothing is exchanged",
    "places": "vehicle by vehicle; what is found is held by the process that asks, 100 bytes a "
    "place",
    "commutes": "as places",
}


def measured() -> dict[str, list[dict[str, Any]]]:
    """Give the points of the series with the largest run, by measure."""
    found: dict[str, list[dict[str, Any]]] = {}
    for point in points():
        if point["series"] == "sparse, by vehicles" and "processor" in point:
            found.setdefault(point["measure"], []).append(point)
    return found


def main() -> None:
    by_measure = measured()
    some = by_measure["risk"]
    largest = max(some, key=lambda point: point["rows"])
    bytes_each = largest["bytes"] / largest["rows"]
    a_minute = ROWS / CAMERAS / 30 / 1440
    encounters = ROWS * a_minute * RUSH * 2
    lines = [
        "# A national system", "",
        f"A thousand million sightings a month, of {VEHICLES:,} vehicles by {CAMERAS:,} cameras: "
        "what it would take, as `benchmarks/national.py` works it out. **Nothing of this size was "
        f"run.** The largest run behind the figures has {largest['rows']:,} sightings "
        "(`scale.md`); each figure is that run's, grown with the sightings to the fitted "
        "power (never less than 1). A fit over so short a range may be off by a factor of a few "
        "when it is carried so far; `--dry-run` on the store says it again with what is measured "
        "by then.", "",
        "## Reading", "",
        f"- One process reads {INGEST_ROWS_A_SECOND:,} rows a second on two processors "
        f"(`ingest.md`, 20 million rows), so a month takes about "
        f"{ROWS / INGEST_ROWS_A_SECOND / 60:.0f} minutes if it stays as fast, in the memory that "
        "`--memory` gives and the names of the vehicles (about 40 bytes each, "
        f"{VEHICLES * 40 / 1e9:.1f} GB). Plates are replaced in that process, before anything is "
        "sorted or lies on a disk. Reading does not run on Spark.",
        f"- The store takes {bytes_each:.1f} bytes a sighting here, about "
        f"{bytes_each * ROWS / 1e9:.0f} GB a month, in {PARTS} parts of {ROWS / PARTS / 1e6:.1f} "
        f"million sightings ({ROWS / PARTS * 16 / 1e6:.0f} MB each in memory, about eight times "
        "that while a measure works on it). Put it where every worker sees it under the same path "
        "(NFS, say). Other file systems (HDFS, S3) are untested.",
        "- Months can be added to the store with its key; each addition writes the store anew.", "",
        "## Measuring", "",
        f"Processor time for one month, and what it is on {CORES} processors if all are busy. A "
        f"part needs about {ROWS / PARTS * 16 * 8 / 1e9:.1f} GB of a worker; a worker of Spark "
        "takes one part a processor.", "",
        "| measure | measured: seconds, sightings | power | one month, one processor "
        f"| {CORES} processors | how |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, how in SHOWN.items():
        if name not in by_measure:
            continue
        own = sorted(by_measure[name], key=lambda point: point["rows"])
        power = growth([p["rows"] for p in own], [p["processor"] for p in own])
        last = own[-1]
        seconds = last["processor"] * (ROWS / last["rows"]) ** power
        together = duration(seconds / CORES).replace("processor ", "")
        lines.append(
            f"| {name} | {last['processor']:.2f}, {last['rows']:,} | {power:.2f} "
            f"| {duration(seconds)} | {together} | {how} |"
        )
    floor = max(by_measure["floor: count encounters"], key=lambda point: point["rows"])
    rate = (floor["rows"] + floor["encounters"]) / floor["processor"]
    lines += [
        "", "## What does not simply grow", "",
        f"- **Companions and meetings** grow with encounters. At {a_minute:.1f} vehicles a minute "
        f"at a camera, twice that where most are seen, a month has about {encounters:.0e} "
        "encounters within two minutes. Counting alone takes about "
        f"{duration((ROWS + encounters) / rate)} at the rate measured here; the search refuses "
        "more encounters than `max_encounters` and says what to ask instead: a region, fewer "
        "days, or `of` one vehicle.",
        "- **Linkage** holds two adjacent periods of the population in the process that asks: for "
        f"weeks about {2 * ROWS / 30 * 7 * 16 / 1e9:.0f} GB. Link a region, or a sample of "
        "vehicles made into a store of its own.",
        "- **The worst case** compares every vehicle with all that share a place; it counts its "
        "combinations first and refuses what would not end.",
        "- **What is brought together** (places, say) is held in the process that asks"
        f": {VEHICLES:,} vehicles with three places each are about "
        f"{VEHICLES * 3 * 100 / 1e9:.0f} GB.", "",
        "## How to run it", "",
        "```",
        "platerisk ingest 'month-*.csv' --timezone ZONE --key KEYFILE --memory 8GB \\",
        "    -o /shared/store",
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
    main()
