"""Estimates: Wilson's interval against scipy, and how figures are written."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analyzer.estimate import Estimate, wilson


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_scipy(counts: tuple[int, int]):
    successes, n = counts
    share = wilson(successes, n)
    oracle = binomtest(successes, n).proportion_ci(confidence_level=0.95, method="wilson")
    assert share.value == successes / n
    assert share.low == pytest.approx(oracle.low, rel=1e-9, abs=1e-12)
    assert share.high == pytest.approx(oracle.high, rel=1e-9, abs=1e-12)
    assert 0 <= share.low <= share.value <= share.high <= 1


@pytest.mark.parametrize("n", [1, 3, 7, 10, 49, 1_000, 500_000])
def test_the_borders_are_exact(n: int):
    assert wilson(0, n).low == 0.0
    assert wilson(n, n).high == 1.0
    assert wilson(0, n).high == pytest.approx(1 - wilson(n, n).low, rel=1e-12)


def test_the_interval_covers_the_true_share_as_often_as_it_says():
    # Exactly, from the binomial distribution: Wilson's coverage at n = 50 lies near 95 %.
    from scipy.stats import binom

    n, covered = 50, []
    for true in np.linspace(0.1, 0.9, 33):
        ends = [wilson(k, n) for k in range(n + 1)]
        hit = [k for k, share in enumerate(ends) if share.low <= true <= share.high]
        covered.append(binom.pmf(hit, n, true).sum())
    assert 0.94 < np.mean(covered) < 0.96
    assert min(covered) > 0.91


@pytest.mark.parametrize("kind", [int, np.int32, np.int64])
def test_numbers_of_numpy_neither_overflow_nor_stay(kind: type):
    share = wilson(kind(400_000), kind(500_000), baseline=0.5)
    assert share == wilson(400_000, 500_000, baseline=0.5)
    assert type(share.value) is float and type(share.n) is int
    assert json.loads(json.dumps(share.to_dict()))["n"] == 500_000


def test_nothing_to_measure_is_said():
    share = wilson(0, 0, method="Wilson over targets")
    assert math.isnan(share.value) and math.isnan(share.low) and math.isnan(share.high)
    assert not share.is_measured and share.percent() == "not measurable"
    assert share.to_dict() == {
        "value": None, "low": None, "high": None, "n": 0, "method": "Wilson over targets",
        "baseline": None,
    }  # fmt: skip


def test_more_successes_than_units_are_an_error():
    with pytest.raises(ValueError):
        wilson(11, 10)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ((0.934, 0.912, 0.951), "93 % (91–95 %)"),
        ((0.5, 0.0, 1.0), "50 % (0–100 %)"),
        ((0.0, 0.0, 0.004), "0.0 % (0.0–0.4 %)"),
        ((0.9312, 0.9308, 0.9316), "93.1 % (93.1–93.2 %)"),
        ((0.25, 0.25, 0.25), "25.000 % (25.000–25.000 %)"),
    ],
)
def test_percent_shows_digits_as_far_as_the_interval_needs(figure: tuple, text: str):
    assert Estimate(*figure, 100, "").percent() == text


def test_an_estimate_cannot_be_changed():
    with pytest.raises(AttributeError):
        wilson(1, 2).value = 0.9


def test_a_share_of_few_units_is_withheld():
    assert not wilson(0, 9).withheld(10).is_measured
    assert wilson(0, 10).withheld(10).value == 0
    assert not Estimate(0.0002, 0.0, 0.001, 1_000, "mean").withheld(10).is_measured
    assert Estimate(0.0099, 0.0, 0.02, 1_000, "mean").withheld(10).is_measured
    assert wilson(0, 0).withheld(10).method == "Wilson, 95 %"
