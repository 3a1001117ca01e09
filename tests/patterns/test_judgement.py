from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from analyzer.patterns.chance import Chance
from analyzer.patterns.companions import find_companions
from analyzer.patterns.judgement import Model
from analyzer.patterns.pairs import Pairs
from tests.patterns.lonely_regions import Setting, lonely_region

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


def test_a_pair_must_go_beyond_traffic_alone_where_few_journeys_survive_a_shift():
    pairs = journeys_of([[0, 0, 0], [0, 0], [0] * 9])
    traffic, shifted = np.array([0.06, 0.5, 0.06]), np.array([0, 0, 60])
    expected = [
        max(upper_tail(met, 0.6, 4.0, usual, habit), upper_tail(met, 0.2, 0.0, usual, 0))
        for met, usual, habit in zip(pairs.journeys, traffic, shifted, strict=True)
    ]
    chance, alone = Chance(0.6, 4.0, SHIFTS), Chance(0.2, 0.0, 0)
    model = Model((chance,), np.ones(1), np.ones(1), (alone,))
    found = model.tail(pairs, traffic, shifted[:, None], np.ones(3))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    # Where habit expects more than traffic does, it is habit that counts.
    assert found[2] == pytest.approx(upper_tail(9, 0.6, 4.0, 0.06, 60))


def test_platoons_that_glue_different_roads_together_make_no_companions():
    # Streets on roads that cross twice meet there on most days of four weeks, but in no shift.
    region, _ = lonely_region(1_407_004, Setting(platoon=10.0))
    found = find_companions(region, max_fdr=1)
    assert found.chance.worth < found.chance.shifts / 2
    assert ((found.rows["journeys"] > 9) & (found.rows["expected"] < 0.2)).any()
    assert found.rows["q_value"].min() > 0.05


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
