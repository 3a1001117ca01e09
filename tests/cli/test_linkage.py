"""The verb linkage: what it prints about the population, and what it keeps for --internal."""

import json
import stat

import pandas as pd
import pytest

ZONE = ("--timezone", "Asia/Tashkent")
FIGURE = {"value", "low", "high", "n", "method", "baseline"}


@pytest.fixture
def store(run, reads, tmp_path):
    path = tmp_path / "store"
    run("ingest", reads, *ZONE, "-o", path)
    return path


def test_rotations_are_printed_one_after_the_other(run, store):
    printed = run("linkage", store, "--rotation", "7D", "--rotation", "1D", "--format", "json")
    both = json.loads(printed.stdout)["rotations"]
    assert [each["rotation"] for each in both] == ["7D", "1D"]
    assert all(set(each["success_at_1"]) == FIGURE for each in both)
    # Sixty vehicles that commute between two of twelve cameras: far better than chance.
    assert both[0]["success_at_10"]["value"] > 3 * both[0]["success_at_10"]["baseline"]
    text = run("linkage", store).stdout
    assert "linked again" in text and "79 %" in text


def test_csv_holds_every_adversary(run, store):
    lines = run("linkage", store, "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("rotation,days,grain,matcher,matching,chosen,rank,value,low,high,n")
    assert sum("place × hour of week,cosine" in line for line in lines) == 9


def test_few_vehicles_are_held_back(run, reads_frame, tmp_path):
    few = tmp_path / "few.csv"
    plates = reads_frame["plate"].unique()[:8]
    reads_frame[reads_frame["plate"].isin(plates)].to_csv(few, index=False)
    printed = run("linkage", few, *ZONE, "--format", "json").stdout
    (found,) = json.loads(printed)["rotations"]
    for name in ("success_at_1", "success_at_5", "success_at_10", "assignment"):
        assert found[name]["value"] is None
        assert found[name]["method"].startswith("held back")
    assert "held back" in run("linkage", few, *ZONE).stdout


def test_a_second_release_is_joined(run, store, reads, tmp_path):
    # Two stores under two throw-away keys: no name agrees.
    other = tmp_path / "other"
    run("ingest", reads, *ZONE, "-o", other)
    found = json.loads(run("linkage", store, "--other", other, "--format", "json").stdout)
    assert found["known"] is False
    assert found["claimed"]["value"] > 0.9
    out = tmp_path / "internal"
    printed = run("linkage", store, "--other", other, "--internal", "-o", out)
    (path,) = out.glob("*.csv")
    assert {each.name for each in out.iterdir()} == {path.name, "info.json"}
    assert path.name == "INTERNAL-release_matches.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    names = pd.read_csv(path)["vehicle_a"]
    assert len(names) == 60
    assert not any(name in printed.stdout for name in names)


def test_a_trace_needs_internal(run, store, reads_frame, tmp_path):
    own = reads_frame[reads_frame["plate"] == "01 A 777 QZ"].head(20)
    points = own.assign(time=own["seen_at"].astype(str))[["time", "lat", "lon"]]
    trace, out = tmp_path / "phone.csv", tmp_path / "internal"
    points.to_csv(trace, index=False)
    for wrong in ((), ("--internal",), ("-o", out)):
        result = run("linkage", store, "--trace", trace, *wrong, expect=2)
        assert "--internal" in result.stderr
    printed = run("linkage", store, "--trace", trace, "--internal", "-o", out)
    (path,) = out.glob("*.csv")
    assert {each.name for each in out.iterdir()} == {path.name, "info.json"}
    assert path.name == "INTERNAL-trace_matches.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    matches = pd.read_csv(path)
    assert matches["vehicle"].iloc[0] not in printed.stdout
    assert matches["passes_seen"].iloc[0] == matches["passes_seen"].max() > 10


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (("--rotation", "month"), "7D"),
        (("--internal", "-o", "x"), "--other and --trace"),
        (("--other", "a", "--trace", "b"), "one at a time"),
    ],
)
def test_wrong_calls_name_the_remedy(run, store, call, remedy):
    result = run("linkage", store, *call, expect=2)
    assert remedy in result.stderr and result.stdout == ""


def test_other_files_that_are_not_there(run, store):
    assert "no-such" in run("linkage", store, "--other", "no-such", expect=1).stderr
