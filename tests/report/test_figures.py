"""What stands for few vehicles is held back, whatever kind of figure it is."""

from __future__ import annotations

import pytest

from analyzer.errors import UsageError
from analyzer.estimate import mean_estimate, wilson
from analyzer.report.figures import figure_table, held_back_sentence, hold_back


def test_small_counts_are_held_back():
    figures = {
        "few have it": wilson(9, 1_000),
        "enough have it": wilson(10, 1_000),
        "nobody has it": wilson(0, 1_000),
        "of few": wilson(9, 9),
        "mean of few": mean_estimate([0.001] * 9),
        "small mean of many": mean_estimate([0.001] * 50),
        "not measured": wilson(0, 0),
    }
    shown = hold_back(figures, means={"mean of few", "small mean of many"})
    assert [name for name, figure in shown.items() if figure is None] == [
        "few have it", "of few", "mean of few",
    ]  # fmt: skip
    assert shown["enough have it"] == figures["enough have it"]
    table = figure_table(shown).set_index("figure")
    assert table.loc["few have it", ["value", "low", "high", "n", "baseline"]].isna().all()
    assert "3 figures" in held_back_sentence(shown)


def test_baselines_that_stand_for_few_are_left_out():
    shown = hold_back({"homes": wilson(50, 100, baseline=0.04), "all": wilson(9, 20, baseline=0.5)})
    assert shown["homes"].baseline is None
    assert shown["homes"].value == 0.5
    assert held_back_sentence({"a": wilson(20, 30)}) == ""


def test_threshold_cannot_be_lowered_at_will():
    with pytest.raises(UsageError):
        hold_back({}, k=2)
