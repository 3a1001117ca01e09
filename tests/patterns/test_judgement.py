from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from analyzer.patterns.chance import Chance
from analyzer.patterns.cotravel import Pairs
from analyzer.patterns.judgement import Model

SHIFTS = 20


def journeys_of(levels: list[list[int]]) -> Pairs:
    """Pairs of which each made journeys of these levels."""
    n = len(levels)
    starts = np.cumsum([0, *(len(of_pair) for of_pair in levels)])
    every = np.array([level for of_pair in levels for level in of_pair], np.int64)
    return Pairs(np.arange(n), np.arange(n) + n, starts, np.zeros(len(every), np.int64), every)


def upper_tail(journeys: int, weight: float, worth: float, traffic: float, shifted: int) -> float:
    """P(X ≥ journeys) for a rate of gamma shape κτ + Σh and rate κ + S."""
    return float(nbinom.sf(
        journeys - 1, weight * traffic + shifted, (weight + worth) / (weight + worth + 1)
    ))  # fmt: skip


@pytest.mark.parametrize("worth", [15.0, 10.0, 9.9, 4.0])
def test_no_shift_makes_chance_less_than_traffic_where_few_journeys_survive(worth: float):
    pairs = journeys_of([[0, 0, 0], [0, 0], [0] * 9])
    traffic, shifted = np.array([0.06, 0.5, 0.06]), np.array([0, 0, 60])
    model = Model((Chance(0.6, worth, SHIFTS),), np.ones(1), np.ones(1))
    expected = []
    for met, usual, habit in zip(pairs.journeys, traffic, shifted, strict=True):
        tail = upper_tail(met, 0.6, worth, usual, habit)
        if worth < SHIFTS / 2:
            tail = max(tail, upper_tail(met, 0.6, 0.0, usual, 0))
        expected.append(tail)
    found = model.tail(pairs, traffic, shifted[:, None], np.ones(3))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # Where habit expects more than traffic does, it is habit that counts.
    assert found[2] == pytest.approx(upper_tail(9, 0.6, worth, 0.06, 60))


def test_a_p_value_is_the_least_tail_of_the_levels_times_their_number():
    pairs = journeys_of([[0, 1, 1], [0, 0, 1], [0]])
    levels = Chance(2.0, 15.0, SHIFTS), Chance(1.0, 12.0, SHIFTS)
    shares, traffic = np.array([1.0, 0.25]), np.array([0.4, 3.0, 8.0])
    shifted = np.array([[3, 0], [30, 1], [9, 0]])
    expected = []
    for k, journeys in enumerate(([3, 2], [3, 1], [1, 0])):
        tails = [
            upper_tail(n, chance.weight, chance.worth, share * traffic[k], habit)
            for n, chance, share, habit in zip(journeys, levels, shares, shifted[k], strict=True)
        ]
        expected.append(min(1.0, 2 * min(tails)))
    found = Model(levels, shares, np.ones(1)).tail(pairs, traffic, shifted, np.ones(3))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
