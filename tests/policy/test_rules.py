"""Rules stand where they were read, marked as far as they were verified, and on the curve."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.errors import InputError
from analyzer.policy.retention import sweep_retention
from analyzer.policy.rules import Rule, place_rules, read_rules, rule_windows
from analyzer.risk.adversary import Adversary
from tests.risk.regions import random_rows, sightings_of


def test_the_rules_that_come_along():
    rules = {rule.jurisdiction: rule for rule in read_rules()}
    assert rules["Maine"].days == 21
    assert rules["Maine"].mark == ""
    # Thirty months, not thirty days.
    assert rules["Georgia (US)"].days == 913
    assert rules["Virginia"].mark == "partly verified"
    assert rules["Minnesota"].mark == "not verified"
    assert math.isnan(rules["Uzbekistan"].days)
    assert all(rule.citation or rule.mark for rule in rules.values())
    days = [rule.days for rule in read_rules() if not math.isnan(rule.days)]
    assert days == sorted(days)


@pytest.fixture(scope="module")
def sweep():
    rows = random_rows(np.random.default_rng(2), days=20, vehicles=30, most=30)
    return sweep_retention(sightings_of(rows), ("1D", "3D", "6D", "60D"), Adversary(2))


def test_a_rule_takes_the_figure_of_its_window(sweep):
    rules = [
        Rule("nothing", 0),
        Rule("minutes", 0.002),
        Rule("three", 3, verified="yes"),
        Rule("five", 5),
        Rule("ten", 10),
        Rule("sixty", 60),
        Rule("unknown", math.nan),
    ]
    placed = place_rules(sweep, rules).set_index("jurisdiction")
    assert placed["placed"].to_dict() == {
        "nothing": "nothing kept", "minutes": "between", "three": "measured", "five": "between",
        "ten": "no window measured", "sixty": "longer than the data", "unknown": "no duration",
    }  # fmt: skip
    shares = {step.days: step.share for step in sweep.windows}
    assert placed.loc["three", "value"] == shares[3].value
    assert (placed.loc["five", "low"], placed.loc["five", "high"]) == (
        shares[3].value, shares[6].value
    )  # fmt: skip
    assert placed.loc["minutes", "low"] == 0
    assert math.isnan(placed.loc["five", "value"])
    assert "3 days, a leak would single out" in placed.loc["three", "sentence"]
    said = placed.loc["five", "sentence"]
    assert "5 days (not verified), a leak would single out between" in said
    assert placed.loc["sixty", "sentence"] == ""


def test_rules_say_at_which_windows_they_can_be_measured():
    assert rule_windows(read_rules(), 30) == ("1D", "2D", "7D", "15D", "21D", "28D", "30D")


def test_rules_of_the_user(tmp_path):
    path = tmp_path / "rules.csv"
    path.write_text("jurisdiction,days\nHere,14\nThere,\n", encoding="utf-8")
    here, there = read_rules(path)
    assert (here.jurisdiction, here.days, here.mark) == ("Here", 14, "not verified")
    assert math.isnan(there.days)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("place,days\na,1\n", "no column jurisdiction"),
        ("jurisdiction,days\n", "holds no rule"),
        ("jurisdiction,days\na,1\nb,soon\n", "line 3: days is not a number"),
        ("jurisdiction,days\na,-1\n", "line 2: days must be zero or more"),
        ("jurisdiction,days\n,1\n", "line 2: no jurisdiction"),
        ("jurisdiction,days,verified\na,1,maybe\n", "line 2: verified is one of"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_line(tmp_path, text, message):
    path = tmp_path / "rules.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_rules(path)
    with pytest.raises(InputError, match="no such file"):
        read_rules(tmp_path / "nowhere.csv")


def test_what_is_withheld_is_not_told_by_a_rule():
    rows = random_rows(np.random.default_rng(3), days=10, vehicles=6, most=30)
    sweep = sweep_retention(sightings_of(rows), ("1D", "3D"), Adversary(2)).published(10)
    placed = place_rules(sweep, [Rule("two", 2), Rule("three", 3), Rule("nothing", 0)])
    assert placed["placed"].tolist() == ["between", "measured", "nothing kept"]
    assert placed["sentence"].tolist()[:2] == ["", ""]
    assert "nan" not in " ".join(placed["sentence"])


def test_each_risk_has_a_sentence_of_its_own(sweep):
    placed = place_rules(sweep, [Rule("nothing", 0)], risk="homes")
    assert placed["sentence"][0].endswith("let the home of 0 % of vehicles be inferred.")
