"""Entropies and the bound, against their definitions written out, and against known sources."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from analyzer.risk.entropy import (
    lempel_ziv_entropy,
    match_lengths,
    predictability_bound,
    shannon_entropy,
)


def longest_match(text: list[int], i: int) -> int:
    """The definition: try every length and every earlier place."""
    best = 0
    for length in range(1, len(text) - i + 1):
        wanted = text[i : i + length]
        if any(text[j : j + length] == wanted for j in range(i - length + 1)):
            best = length
    return best


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=40))
def test_match_lengths_are_those_of_the_definition(text):
    found = match_lengths(np.array(text, np.int64))
    assert found.tolist() == [longest_match(text, i) for i in range(len(text))]


@pytest.mark.parametrize("alphabet", [1, 2, 5, 200])
def test_match_lengths_of_long_sequences(alphabet):
    rng = np.random.default_rng(alphabet)
    text = rng.integers(0, alphabet, 160)
    # Weeks that repeat with faults are what people's days look like.
    week = rng.integers(0, alphabet, 20)
    habit = np.tile(week, 8)
    habit[rng.random(160) < 0.1] = alphabet
    for symbols in (text, habit):
        expected = [longest_match(symbols.tolist(), i) for i in range(len(symbols))]
        assert match_lengths(symbols).tolist() == expected


def test_work_grows_as_the_length():
    # Quadratic work would take minutes here.
    assert match_lengths(np.zeros(400_000, np.int64))[200_000] == 200_000
    assert match_lengths(np.arange(400_000)).sum() == 0


def test_estimate_is_the_formula():
    text = [0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 2]
    shortest_new = [longest_match(text, i) + 1 for i in range(len(text))]
    expected = len(text) * math.log2(len(text)) / sum(shortest_new)
    assert lempel_ziv_entropy(np.array(text)) == pytest.approx(expected, rel=1e-12)
    assert math.isnan(lempel_ziv_entropy(np.empty(0, np.int64)))


def test_estimate_converges_to_known_entropy_rates():
    rng = np.random.default_rng(1)
    fair = rng.integers(0, 4, 60_000)
    assert lempel_ziv_entropy(fair) == pytest.approx(2.0, abs=0.1)
    # A chain that stays with 0.9 and else goes to the other of two: H(0.1) = 0.469 bits.
    chain = (np.cumsum(rng.random(60_000) < 0.1) % 2).astype(np.int64)
    assert lempel_ziv_entropy(chain) == pytest.approx(0.469, abs=0.05)
    assert shannon_entropy(np.bincount(chain)) == pytest.approx(1.0, abs=0.01)
    assert lempel_ziv_entropy(np.arange(5_000) % 7) < 0.02


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_shannon_entropy_is_the_formula(counts):
    counts = np.array([*counts, 1])
    shares = counts[counts > 0] / counts.sum()
    assert shannon_entropy(counts) == pytest.approx(-np.sum(shares * np.log2(shares)), abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.integers(2, 500), st.floats(0.001, 0.999))
def test_bound_is_the_root(places, part):
    entropy = part * math.log2(places)

    def excess(share):
        rest = 1 - share
        noise = -share * math.log2(share) - rest * math.log2(rest)
        return noise + rest * math.log2(places - 1) - entropy

    expected = brentq(excess, 1 / places, 1 - 1e-15, xtol=1e-13)
    assert predictability_bound(entropy, places) == pytest.approx(expected, abs=1e-7)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 100), st.floats(0, 6), st.floats(0, 6))
def test_more_entropy_is_never_more_predictable(places, one, two):
    low, high = sorted((one, two))
    bounds = predictability_bound(low, places), predictability_bound(high, places)
    assert 1 / places <= bounds[1] <= bounds[0] <= 1


def test_bound_at_the_ends():
    assert predictability_bound(0.0, 9) == 1.0
    assert predictability_bound(3.0, 1) == 1.0
    assert predictability_bound(9.0, 4) == 0.25
    assert math.isnan(predictability_bound(math.nan, 4))
