"""What the verbs about inference print, and what they never print."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

ZONE = ("--timezone", "Asia/Tashkent")
FIGURE = {"value", "low", "high", "n", "method", "baseline"}


@pytest.fixture(scope="module")
def habits(tmp_path_factory):
    """Thirty vehicles for nine weeks, twice a day between two far cameras."""
    days = pd.date_range("2026-03-02", periods=63)
    rows = [
        (f"01 A {vehicle:03d} BC", f"cam {(vehicle + way * 3) % 5}", day + pd.Timedelta(hours=hour))
        for vehicle in range(30)
        for day in days
        for way, hour in ((0, 8 + vehicle % 3), (1, 18))
    ]
    frame = pd.DataFrame(rows, columns=["plate", "camera", "seen_at"])
    frame["lat"] = 41.2 + frame["camera"].str[-1].astype(int) * 0.05
    frame["lon"] = 69.2
    path = tmp_path_factory.mktemp("habits") / "reads.csv"
    frame.sort_values("seen_at", kind="stable").to_csv(path, index=False)
    return path


def test_predictability_prints_figures(run, habits):
    figures = json.loads(run("predictability", habits, *ZONE, "--format", "json").stdout)
    assert set(figures["bound_real"]) >= FIGURE
    assert figures["bound_real"]["n"] == 30
    assert figures["markov_1"]["value"] == 1.0
    lines = run("predictability", habits, *ZONE, "--format", "csv").stdout.splitlines()
    assert lines[0] == "figure,value,low,high,n,method,baseline"
    assert "weeks not seen before" in run("predictability", habits, *ZONE).stdout


def test_predictability_of_few_is_held_back(run, habits, tmp_path):
    frame = pd.read_csv(habits)
    few = tmp_path / "few.csv"
    frame[frame["plate"].isin(sorted(frame["plate"].unique())[:9])].to_csv(few, index=False)
    shown = run("predictability", few, *ZONE, "--format", "json").stdout
    assert json.loads(shown)["bound_real"] is None
    text = run("predictability", few, *ZONE).stdout
    assert "held back" in text and not np.any([digit in text for digit in ("0.9", "98 %")])


def test_a_wrong_place_is_a_wrong_call(run, habits):
    result = run("predictability", habits, *ZONE, "--space", "street", expect=2)
    assert "'camera', 'zone'" in result.stderr
