"""What a comparison predicts is what attacks achieve on data that were truly released."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from analyzer.policy.compare import compare_policies
from analyzer.policy.policy import Policy
from analyzer.synthetic import make_region

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "policy_holds.py"
POLICIES = {
    "week": Policy("7D"),
    "days": Policy("3D"),
    "new names": Policy("7D", rotation="1D"),
    "zones": Policy("7D", time="6h", space="zone"),
}


@pytest.fixture(scope="module")
def holds():
    spec = importlib.util.spec_from_file_location("policy_holds", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture(scope="module")
def figures(holds, tmp_path_factory):
    elsewhere = compare_policies(
        make_region(vehicles=120, days=14, seed=61).sightings, POLICIES, risks=holds.RISKS, seed=1
    )
    region = make_region(vehicles=120, days=14, seed=62)
    _, table = holds.table_of(
        "region", region, elsewhere, tmp_path_factory.mktemp("released"), POLICIES
    )
    return table.set_index(["policy", "risk"])


def test_what_is_named_is_what_was_predicted(figures):
    for (_, risk), row in figures.iterrows():
        if risk in ("homes", "works", "commutes"):
            assert row["achieved"].value == pytest.approx(row["here"].value)


def test_who_is_singled_out_by_an_attack_of_another_make(figures):
    for policy in POLICIES:
        row = figures.loc[policy, "unicity"]
        assert row["here"].low - 0.08 <= row["achieved"].value <= row["here"].high + 0.08
    assert figures.loc["week", "unicity"]["achieved"].value > 0.8
    assert figures.loc["days", "unicity"]["achieved"].value < 0.8


def test_the_effect_carries_over_to_another_region(holds, figures):
    assert holds.overlapping(figures, "elsewhere") >= 0.8 * len(figures)


def test_new_names_each_day_are_known_again(figures):
    row = figures.loc["new names", "linkage"]
    chance = row["here"].baseline
    assert row["achieved"].low > 10 * chance
    assert row["here"].low > 10 * chance
    assert figures.loc["new names", "homes"]["achieved"].value == 0


def test_homes_that_are_named_are_mostly_true(figures):
    assert figures.loc["week", "homes"]["true"] > 0.75


def test_hashes_without_a_key_are_read_back(holds):
    said = "\n".join(holds.hashes_undone(make_region(vehicles=100, days=1, seed=5)))
    counts = said.split("Of ")[1].split(" plates")[0], said.split(", ")[1].split(" were")[0]
    assert counts[0] == counts[1] != "0"
