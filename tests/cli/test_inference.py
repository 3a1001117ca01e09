"""What the verbs about inference print, and what they never print."""

from __future__ import annotations

import json
import stat

import numpy as np
import pandas as pd
import pytest

from analyzer import read_sightings

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


def test_inference_prints_figures_and_exposures(run, habits, tmp_path):
    sites = tmp_path / "sites.csv"
    sites.write_text("lat,lon,category,max_minutes\n41.2,69.2,=1+1,900\n41.3,69.2,<b>x,900\n")
    call = ("inference", habits, *ZONE, "--sites", sites)
    data = json.loads(run(*call, "--format", "json").stdout)
    assert set(data["homes"]) >= FIGURE
    assert {row["category"] for row in data["sites"]} == {"=1+1", "<b>x"}
    assert all(set(row) >= FIGURE | {"p_value", "withheld"} for row in data["sites"])
    assert "'=1+1" in run(*call, "--format", "csv").stdout
    assert "Plausible is not proven" in run(*call).stdout


def test_inference_names_no_vehicle_and_no_small_count(run, habits, tmp_path):
    frame = pd.read_csv(habits)
    few = tmp_path / "few.csv"
    frame[frame["plate"].isin(sorted(frame["plate"].unique())[:7])].to_csv(few, index=False)
    sites = tmp_path / "sites.csv"
    sites.write_text("lat,lon,category,max_minutes\n41.2,69.2,medical,900\n")
    call = ("inference", few, *ZONE, "--sites", sites, "--format", "json")
    data = json.loads(run(*call).stdout)
    assert data["homes"] is None and data["next_place"] is None
    assert all(row["value"] is None or row["value"] == 0 for row in data["sites"])
    assert "01 A" not in json.dumps(data)


def test_bad_sites_are_told_before_the_data_are_read(run, tmp_path):
    sites = tmp_path / "sites.csv"
    sites.write_text("lat,lon,category\n69.2,241.3,medical\n")
    result = run("inference", tmp_path / "nothing.csv", *ZONE, "--sites", sites, expect=1)
    assert "swapped" in result.stderr


def test_profile_of_the_data_is_printed(run, habits):
    data = json.loads(run("profile", habits, *ZONE, "--format", "json").stdout)
    assert {"singling_out_share", "linkability_share", "inference_share"} <= set(data)
    assert all(figure is None or set(figure) >= FIGURE for figure in data.values())
    assert "days" in run("profile", habits, *ZONE).stdout


def test_profile_of_few_is_held_back(run, habits, tmp_path):
    frame = pd.read_csv(habits)
    few = tmp_path / "few.csv"
    frame[frame["plate"].isin(sorted(frame["plate"].unique())[:8])].to_csv(few, index=False)
    data = json.loads(run("profile", few, *ZONE, "--format", "json").stdout)
    assert not any(figure and figure["n"] for figure in data.values())
    text = run("profile", few, *ZONE).stdout
    assert "held back" in text and "8 vehicles" not in text


def test_profile_of_a_vehicle_is_internal(run, habits, tmp_path):
    store, key = tmp_path / "store", tmp_path / "plates.key"
    run("ingest", habits, *ZONE, "--key", key, "-o", store)
    name = read_sightings(store).vehicles[0]
    out = tmp_path / "out"
    result = run("profile", store, "--vehicle", name, "--internal", "-o", out)
    assert result.stdout == ""
    files = sorted(path.name for path in out.iterdir())
    assert files == ["INTERNAL-milestones.csv", "INTERNAL-profile.csv", "info.json"]
    for path in out.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(other in path.read_text() for other in read_sightings(store).vehicles)
    assert len(pd.read_csv(out / "INTERNAL-profile.csv")) == 63


@pytest.mark.parametrize(
    "options",
    [("--vehicle", "x"), ("--internal", "-o", "d"), ("--vehicle", "x", "--internal"), ("-o", "d")],
)
def test_a_vehicle_needs_internal_and_a_folder(run, habits, options):
    run("profile", habits, *ZONE, *options, expect=2)
