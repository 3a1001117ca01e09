"""The verb worst-case: figures of the population by default, single vehicles only on request."""

import json
import stat

import pytest

from tests.cli.conftest import SPELLINGS

ZONE = ("--timezone", "Asia/Tashkent")
FIGURE = {"value", "low", "high", "n", "method", "baseline"}


def test_figures_of_the_population(run, reads):
    said = json.loads(run("worst-case", reads, *ZONE, "--points", 2, "--format", "json").stdout)
    assert (said["attack"], said["points"], said["vehicles"]) == ("location", 2, 60)
    assert set(said["mean_risk"]) == FIGURE
    assert said["mean_risk"]["n"] == 60
    assert 1 / 60 <= said["mean_risk"]["value"] <= 1
    lines = run("worst-case", reads, *ZONE, "--format", "csv").stdout.splitlines()
    assert lines[0] == "figure,value,low,high,n,method,baseline"
    assert [line.split(",")[0] for line in lines[1:]] == [
        "mean_risk", "singled_out", "among_2", "among_5", "among_10",
    ]  # fmt: skip


@pytest.mark.parametrize("attack", ["time", "sequence", "proportion"])
def test_other_attacks_and_the_compatibility_mode(run, reads, attack):
    call = ("worst-case", reads, *ZONE, "--attack", attack, "--tolerance", 0.1)
    said = json.loads(
        run(*call, "--compatible-with", "scikit-mobility", "--format", "json").stdout
    )
    assert said["compatible_with"] == "scikit-mobility"
    assert said["time"] == ("Hour" if attack == "time" else None)
    assert run(*call).stdout


def test_shares_of_few_vehicles_are_held_back(run, tmp_path):
    # Two of forty vehicles are alone; the others share one place.
    path = tmp_path / "reads.csv"
    rows = [f"v{v},c{v if v < 2 else 9},2026-03-02 10:{v:02d}:00" for v in range(40)]
    path.write_text("\n".join(["plate,camera,seen_at", *rows]))
    call = ("worst-case", path, *ZONE, "--plates", "pseudonymous", "--format", "json")
    said = json.loads(run(*call).stdout)
    assert said["singled_out"] is None
    # To the last digit the mean would be 3 of 40: the two, and the others as one.
    assert said["mean_risk"]["method"].endswith("rounded to 0.5")
    assert said["mean_risk"]["value"] == 0.0 and said["mean_risk"]["high"] == 0.5
    assert "held back" in run(*call[:-2]).stdout
    inside = json.loads(run(*call, "--internal", "-o", tmp_path / "internal").stdout)
    assert inside["singled_out"]["value"] == 0.05


def test_risk_of_single_vehicles_needs_internal(run, reads, tmp_path):
    run("worst-case", reads, *ZONE, "--internal", expect=2)
    public, internal = tmp_path / "public", tmp_path / "internal"
    run("worst-case", reads, *ZONE, "-o", public)
    assert {path.name for path in public.iterdir()} == {"worst_case.csv", "info.json"}
    run("worst-case", reads, *ZONE, "--internal", "-o", internal)
    assert {path.name for path in internal.iterdir()} == {
        "INTERNAL-worst_case.csv", "INTERNAL-risk.csv", "info.json",
    }  # fmt: skip
    for path in internal.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    table = (internal / "INTERNAL-risk.csv").read_text().splitlines()
    assert table[0] == "vehicle,risk,matches"
    assert len(table) == 61
    assert not any(spelling in "".join(table) for spelling in SPELLINGS)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        (("--attack", "time", "--time", "soon"), "1h"),
        (("--points", "500"), "--points 2"),
        (("--attack", "all"), "home_work"),
        (("--tolerance", "2"), "0<=x<=1"),
    ],
)
def test_a_wrong_call_says_what_to_type(run, reads, options, remedy):
    assert remedy in run("worst-case", reads, *ZONE, *options, expect=2).stderr
