"""A small file of sightings with canary plates, and a way to run the command as a user does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analyzer.cli import main

CANARY = "01 A 777 QZ"
SPELLINGS = ("01 A 777 QZ", "01A777QZ", "01-A-777-QZ", "01a777qz", "A777QZ", "777 QZ")


@pytest.fixture
def run():
    def call(*arguments, expect=0):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == expect, (result.exit_code, result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    return call


@pytest.fixture(scope="session")
def reads_frame():
    """Two weeks of 60 vehicles at 12 cameras; one of the vehicles is the canary."""
    rng = np.random.default_rng(5)
    rows = []
    for vehicle in range(60):
        plate = CANARY if vehicle == 7 else f"01 B {vehicle:03d} CD"
        home, work = rng.choice(12, 2, replace=False)
        for day in range(14):
            leave = pd.Timestamp("2026-03-02 07:30") + pd.Timedelta(days=day)
            leave += pd.Timedelta(minutes=int(rng.integers(0, 40)))
            for camera, minutes in ((home, 0), (work, 25), (work, 560), (home, 585)):
                rows.append((plate, f"cam-{camera:02d}", leave + pd.Timedelta(minutes=minutes)))
    frame = pd.DataFrame(rows, columns=["plate", "camera", "seen_at"])
    frame["lat"] = 41.2 + frame["camera"].str[-2:].astype(int) * 0.02
    frame["lon"] = 69.2 + frame["camera"].str[-2:].astype(int) * 0.01
    return frame.sort_values("seen_at", kind="stable", ignore_index=True)


@pytest.fixture
def reads(tmp_path, reads_frame):
    path = tmp_path / "reads.csv"
    reads_frame.to_csv(path, index=False)
    return path
