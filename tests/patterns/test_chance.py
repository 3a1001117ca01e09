from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from analyzer.patterns.chance import Chance, adjust, common_life, fit_chance, fit_weight


def oracle_bh(p_values: list[float], tests: int) -> list[float]:
    full = sorted(p_values + [1.0] * (tests - len(p_values)))
    return [
        min(
            1.0,
            min(q * tests / (i + 1) for i, q in enumerate(full) if q >= p),
        )
        for p in p_values
    ]


@given(st.lists(st.floats(0, 1), max_size=12), st.integers(0, 30))
def test_q_values_are_those_of_benjamini_and_hochberg(p_values, more):
    tests = len(p_values) + more
    found = adjust(np.array(p_values), tests)
    np.testing.assert_allclose(found, oracle_bh(p_values, tests), rtol=1e-12)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 4)), max_size=9), st.integers(0, 30))
def test_q_values_of_equal_p_values_at_once_are_those_one_by_one(kinds, more):
    p_values = np.array([p for p, _ in kinds], float)
    times = np.array([n for _, n in kinds], np.int64)
    tests = int(times.sum()) + more
    every = adjust(np.repeat(p_values, times), tests)
    assert np.repeat(adjust(p_values, tests, times), times).tolist() == every.tolist()


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_tail_is_negative_binomial_with_the_expected_mean(spread: float):
    rng = np.random.default_rng(1)
    traffic, shifted = rng.gamma(0.3, 1, 200), rng.poisson(3, 200)
    share, journeys = rng.uniform(0, 1, 200), rng.poisson(4, 200)
    chance = Chance(0.7, 5.0, 6, spread)
    expected = chance.expected(traffic, shifted, share)
    np.testing.assert_allclose(expected, (0.7 * traffic + shifted) / (0.7 + 5.0 * share))
    size = 1 / (1 / (0.7 * traffic + shifted) + spread)
    tail = nbinom.sf(journeys - 1, size, size / (size + expected))
    np.testing.assert_allclose(
        chance.tail(journeys, traffic, shifted, share), tail, rtol=1e-8, atol=1e-300
    )
    np.testing.assert_allclose(nbinom.mean(size, size / (size + expected)), expected)


def test_a_far_tail_keeps_its_digits():
    one = np.ones(1)
    tail = Chance(0.01, 25.0, 25).tail(np.array([60]), one * 1e-4, one * 0, one)
    assert 0 < tail[0] < 1e-60


def simulated(rng, n=40_000, weight=0.4, worth=5.0, platoons=1.0, unequal=0.0):
    traffic = rng.gamma(0.5, 0.2, n)
    rates = rng.gamma(weight * traffic, 1 / weight)
    shifted = rng.poisson(rates * worth)
    factor = platoons * (rng.gamma(1 / unequal, unequal, n) if unequal else 1.0)
    journeys = rng.poisson(rates * factor)
    return traffic * platoons, journeys, shifted


def test_the_weight_of_traffic_is_found_again():
    rng = np.random.default_rng(0)
    traffic, _, shifted = simulated(rng)
    met = shifted > 0
    whole = fit_weight(shifted, traffic, np.full(len(traffic), 5.0), 0.0, 5.0)
    assert whole == pytest.approx(0.4, rel=0.1)
    # Pairs that never met may come as the sum of their traffic: nothing changes.
    rest = traffic[~met].sum()
    summed = fit_weight(shifted[met], traffic[met], np.full(met.sum(), 5.0), rest, 5.0)
    assert summed == pytest.approx(whole, rel=1e-6)


def test_nothing_to_fit_gives_one_shift():
    none = np.zeros(0)
    assert fit_weight(none, none, none, 5.0, 3.0) == 1.0
    assert fit_chance(none, none, none, none, 5.0, 0) == Chance(1.0, 0.0, 0)


def test_platoons_make_shifts_worth_less():
    rng = np.random.default_rng(2)
    traffic, journeys, shifted = simulated(rng, platoons=2.0)
    met = (journeys > 0) | (shifted > 0)
    chance = fit_chance(
        journeys[met], shifted[met], traffic[met], np.ones(met.sum()), traffic[~met].sum(), 5
    )
    assert chance.worth == pytest.approx(2.5, rel=0.1)
    assert chance.spread < 0.05
    p_values = chance.tail(journeys, traffic, shifted, np.ones(len(traffic)))
    assert adjust(p_values, len(p_values)).min() > 0.05


def test_platoons_that_favour_some_pairs_widen_the_tail():
    rng = np.random.default_rng(3)
    traffic, journeys, shifted = simulated(rng, weight=0.02, platoons=2.0, unequal=0.3)
    met = (journeys > 0) | (shifted > 0)
    chance = fit_chance(
        journeys[met], shifted[met], traffic[met], np.ones(met.sum()), traffic[~met].sum(), 5
    )
    assert 0.15 < chance.spread < 0.5


def test_too_few_pairs_do_not_tell_how_unequal_pairs_are():
    rng = np.random.default_rng(5)
    traffic, journeys, shifted = simulated(rng, n=60, weight=50.0, unequal=1.0)
    fitted = fit_chance(journeys, shifted, traffic, np.ones(60), 0.0, 5, spread=0.04)
    assert np.count_nonzero(shifted >= 10) < 30
    assert fitted.spread == 0.04


def test_companions_do_not_pass_for_platoons():
    rng = np.random.default_rng(4)
    traffic, journeys, shifted = simulated(rng)
    met = np.flatnonzero((journeys > 0) | (shifted > 0))
    journeys[met[:20]] += 500
    chance = fit_chance(
        journeys[met], shifted[met], traffic[met], np.ones(len(met)),
        traffic.sum() - traffic[met].sum(), 5,
    )  # fmt: skip
    assert chance.worth > 4.0


@pytest.mark.parametrize("seed", range(3))
def test_common_lives_keep_the_mean_of_all_shifts(seed: int):
    rng = np.random.default_rng(seed)
    weeks, days = 6, 42
    first = rng.integers(0, days, 400)
    last = np.minimum(first + rng.integers(0, days, 400), days - 1)
    lives = first[::2], last[::2], first[1::2], last[1::2]
    coincidence, share = common_life(*lives, days, weeks - 1)
    for i in range(200):
        a = np.zeros(days, bool)
        b = np.zeros(days, bool)
        a[first[2 * i] : last[2 * i] + 1] = True
        b[first[2 * i + 1] : last[2 * i + 1] + 1] = True
        overlap = (a & b).sum()
        over_days = np.mean([(np.roll(a, s) & b).sum() for s in range(days)])
        assert coincidence[i] == pytest.approx(overlap / over_days)
        if overlap and share[i] < 1:
            others = (weeks * over_days - overlap) / (weeks - 1)
            assert share[i] == pytest.approx(max(others / overlap, 0))
