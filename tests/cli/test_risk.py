"""What the verbs about re-identification print, and what they never print."""

import json

import numpy as np
import pytest

from tests.cli.conftest import SPELLINGS

ZONE = ("--timezone", "Asia/Tashkent")
FIGURE = {"value", "low", "high", "n", "method", "baseline"}


@pytest.fixture
def looked(tmp_path, reads_frame):
    """The same reads, with colours and makes, some missing."""
    rng = np.random.default_rng(1)
    plates = reads_frame["plate"].unique()
    own = dict(zip(plates, rng.choice(["red", "white", "black"], len(plates)), strict=True))
    frame = reads_frame.assign(
        color=reads_frame["plate"].map(own).where(rng.random(len(reads_frame)) < 0.8),
        make=rng.choice(["Kia", "BYD"], len(reads_frame)),
    )
    path = tmp_path / "looked.csv"
    frame.to_csv(path, index=False)
    return path


def printed(run, *arguments):
    return json.loads(run(*arguments, *ZONE, "--format", "json").stdout)


def test_risk_takes_the_whole_adversary(run, looked):
    base = printed(run, "risk", looked, "--points", 2, "--time", "1D", "--space", "5km")
    known = printed(
        run, "risk", looked, "--points", 2, "--time", "1D", "--space", "5km",
        "--attribute", "color", "--attribute", "make",
    )  # fmt: skip
    assert known["adversary"]["attributes"] == ["color", "make"]
    # Without attributes fewer than ten are singled out, which is not told; with them, more are.
    assert base["share"]["value"] is None
    assert base["share"]["method"].startswith("held back")
    assert known["share"]["value"] * known["share"]["n"] >= 10
    wrong = printed(run, "risk", looked, "--points", 3, "--time", "1D", "--missed", 1)
    right = printed(run, "risk", looked, "--points", 3, "--time", "1D")
    assert wrong["share"]["value"] <= right["share"]["value"]
    for choice in ("home_work", "busiest"):
        chosen = printed(run, "risk", looked, "--points", 2, "--choose", choice)
        assert chosen["adversary"]["choose"] == choice
        assert chosen["targets"] > 0


def test_risk_tells_what_attributes_add(run, looked):
    gain = printed(
        run, "risk", looked, "--points", 2, "--time", "1D", "--attribute", "color", "--gain"
    )
    assert set(gain["gain"]) == FIGURE
    assert [step["attributes"] for step in gain["steps"]] == [[], ["color"]]
    assert "--attribute color" in run("risk", looked, *ZONE, "--gain", expect=2).stderr


def test_wrong_adversaries_are_wrong_calls(run, looked):
    for options, told in (
        (("--attribute", "plate"), "attributes are make"),
        (("--attribute", "model"), "they have: make, color"),
        (("--points", 2, "--missed", 2), "from 0 to 1"),
        (("--choose", "best"), "home_work"),
    ):
        assert told in run("risk", looked, *ZONE, *options, expect=2).stderr


def test_retention_takes_the_adversary_and_refuses_what_it_cannot_tell(run, looked):
    arguments = ("retention", looked, "--window", "7D", "--points", 2)
    known = printed(run, *arguments, "--attribute", "color", "--choose", "busiest")
    assert set(known["windows"][0]["share"]) >= FIGURE
    refused = run(*arguments, *ZONE, "--time", "7D", "--missed", 1, expect=2)
    assert "--time 1D or shorter" in refused.stderr
    assert "no --attribute and --missed 0" in refused.stderr


def test_grid_prints_a_row_a_cell(run, reads):
    options = ("--points", 1, "--points", 2, "--time", "1h", "--time", "1D", "--space", "camera")
    grid = printed(run, "grid", reads, *options)
    assert len(grid["cells"]) == 4
    assert all(set(cell) >= FIGURE for cell in grid["cells"])
    assert grid["law"]["caution"]
    lines = run("grid", reads, *ZONE, *options, "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("points,time,space,value,low,high,n,method,baseline,excluded")
    assert len(lines) == 5
    assert "from memory, not checked" in run("grid", reads, *ZONE, *options).stdout


def test_anonymity_prints_figures_and_holds_back_small_classes(run, reads):
    found = printed(run, "anonymity", reads, "--points", 1, "--time", "1D", "--space", "10km")
    for name in ("k_below_2", "k_below_5", "k_below_10", "median_k", "entropy_bits"):
        assert found[name] is None or set(found[name]) == FIGURE
    assert found["median_k"]["n"] == 60
    counts = [row["vehicles"] for row in found["classes"]]
    assert not any(count is not None and 0 < count < 10 for count in counts)
    assert set(found["home_work"]) == {
        f"{what}, {level}"
        for what in ("home and work", "home", "work")
        for level in ("camera", "zone", "cell of 10 km")
    }
    # Sixty commuters between twelve cameras: few pairs are shared by ten.
    table = run("anonymity", reads, *ZONE, "--points", 1, "--format", "csv").stdout
    assert table.splitlines()[0] == "of,figure,value,low,high,n,method,baseline"
    assert not any(spelling in table for spelling in SPELLINGS)


def test_plateless_prints_figures(run, looked):
    found = printed(run, "plateless", looked, "--attribute", "color", "--time", "15min")
    assert set(found["unique"]) == FIGURE
    assert found["unique"] == found["k_below_2"]
    assert "--attribute color" in run("plateless", looked, *ZONE, expect=2).stderr
    told = run("plateless", looked, *ZONE, "--attribute", "color").stdout
    assert "Chen et al. 2020" in told or "held back" in told
