"""Benchmarks say how they are used, and do not begin to measure when they are only asked."""

from __future__ import annotations

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
