"""Rates from which ``--dry-run`` predicts, of what `scale.py` and `files.py` measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kept import Point, read_points

FILES = Path(__file__).parent / "results" / "files.json"
"""What `files.py` measured of reading, exporting and making."""

RATES = Path(__file__).resolve().parents[1] / "analyzer" / "cost_rates.json"
REFERENCE_PACE = 0.1
"""Seconds of `machine_pace` to which the rates of `--dry-run` are brought; points whose own is not
known make no rates."""


def write_rates(measured: list[Point], cold: list[Point]) -> None:
    """Write the rates of the measures, beside those of files."""
    names = ("measure", "rows", "vehicles", "cameras", "encounters", "processor", "peak_gb")
    # Points of different machines: each is brought to one pace, so that they can be compared.
    kept = [
        {
            **{name: point[name] for name in names if name in point},
            "processor": round(
                point["processor"] * REFERENCE_PACE / point["stable_pace"], 4
            ),
        }
        for point in measured
        if "processor" in point
        and "stable_pace" in point
        and "Spark" not in point["series"]
        and not point["measure"].startswith(("floor", "peer"))
    ]
    if kept:
        kept.sort(key=lambda point: (point["measure"], point["rows"], point["encounters"]))
        _write_rates_file(kept, _rates_of_files(), _rates_of_starts(measured, cold))


def _rates_of_starts(measured: list[Point], cold: list[Point]) -> dict[str, Any]:
    """Give what starting takes: each verb, and Spark."""
    found: dict[str, Any] = {}
    verbs = {
        point["measure"]: round(point["processor"] * REFERENCE_PACE / point["stable_pace"], 2)
        for point in cold
        if point["what"] == "tiny store" and "stable_pace" in point and not point.get("status")
    }
    spark = [
        round(point["started"] * REFERENCE_PACE / point["stable_pace"], 1)
        for point in measured
        if point.get("started") and "stable_pace" in point
    ]
    if verbs:
        found["starts"] = verbs
    if spark:
        found["spark_starts"] = [min(spark), max(spark)]
    return found


def write_rates_of_files() -> None:
    """Write the rates of files, beside those of the measures."""
    rates = json.loads(RATES.read_text(encoding="utf-8"))
    starts = {name: rates[name] for name in ("starts", "spark_starts") if name in rates}
    _write_rates_file(rates["points"], _rates_of_files(), starts)


def measured_of_files() -> list[Point]:
    """Give what `files.py` measured so far."""
    return read_points(FILES)


def _rates_of_files() -> list[Point]:
    names = ("measure", "rows", "bytes", "vehicle_days", "processor", "program", "program_gb",
             "peak_gb", "disk_bytes", "reading_share")  # fmt: skip
    return [
        {
            **{name: point[name] for name in names if name in point},
            "processor": round(point["processor"] * REFERENCE_PACE / point["stable_pace"], 4),
        }
        for point in sorted(measured_of_files(), key=lambda each: (each["measure"], each["rows"]))
    ]


def _write_rates_file(kept: list[Point], files: list[Point], starts: dict[str, Any]) -> None:
    measures, read = (
        ",\n".join("  " + json.dumps(point) for point in points) for points in (kept, files)
    )
    known = "".join(f"{json.dumps(name)}: {json.dumps(each)}, " for name, each in starts.items())
    RATES.write_text(
        f'{{"pace": {REFERENCE_PACE}, {known}"points": [\n{measures}\n], '
        f'"files": [\n{read}\n]}}\n',
        encoding="utf-8",
    )
