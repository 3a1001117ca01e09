"""Benchmarks say how they are used, and do not begin to measure when they are only asked."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


def run(name: str, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, BENCHMARKS / name, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["ingest.py", "ingest_spark.py", "national.py", "files.py"])
def test_a_benchmark_says_how_it_is_used(name):
    results = BENCHMARKS / "results"
    before = {path: path.stat().st_mtime_ns for path in results.iterdir()}
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: {name}" in done.stdout and f"python benchmarks/{name}" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in results.iterdir()} == before


@pytest.mark.parametrize("name", ["ingest.py", "ingest_spark.py"])
def test_rows_that_are_no_number_are_told(name):
    done = run(name, "many")
    assert done.returncode == 2 and "invalid int value: 'many'" in done.stderr


@pytest.fixture
def national(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("national")


def test_a_national_system_is_grown_from_as_many_cameras(national, monkeypatch):
    def point(measure, sites, rows, took):
        return {"series": "sparse, by vehicles", "memory": "2GB", "measure": measure,
                "sites": sites, "cameras": 2 * sites, "rows": rows, "vehicles": rows // 40,
                "days": 180.0, "processor": took}  # fmt: skip

    known = [
        point("risk", 100, 20_000_000, 10.0), point("risk", 100, 2_000_000, 1.0),
        point("risk", 10_000, 20_000_000, 3.0), point("risk", 10_000, 2_000_000, 0.4),
        point("inference", 100, 20_000_000, 5.0), point("inference", 10_000, 2_000_000, 0.5),
    ]  # fmt: skip
    monkeypatch.setattr(national, "points", lambda: known)
    found = national.measured()
    assert [each["processor"] for each in found["risk"]] == [0.4, 3.0]
    # Where nothing large was run at as many cameras, the largest run is told.
    assert [each["processor"] for each in found["inference"]] == [5.0]
    assert national.data_of(found["inference"][-1]) == (
        "200 readers, 40 sightings a vehicle in 180 days"
    )
