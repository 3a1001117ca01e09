import numpy as np
import pytest

from analyzer.estimate import wilson
from analyzer.policy.resampling import IS_ALONE, IS_SHOWN, IS_TARGET, estimate_share


def estimate(states, has=IS_ALONE, among=IS_TARGET, days_vary=False, seed=0):
    return estimate_share(
        np.asarray(states, np.int8),
        has,
        among,
        days_vary=days_vary,
        rng=np.random.default_rng(seed),
        method="m",
        baseline=0.1,
    )


def naive_interval(states, has, among, days_vary, replicates=3_000):
    """Draw vehicle by vehicle, as the definition says."""
    rng = np.random.default_rng(99)
    shares = []
    for _ in range(replicates):
        again = states[rng.integers(0, len(states), len(states))]
        if days_vary:
            again = again[:, rng.integers(0, states.shape[1], states.shape[1])]
        shares.append(has[again].sum() / among[again].sum())
    return np.quantile(shares, [0.025, 0.975])


@pytest.mark.parametrize("days_vary", [False, True])
@pytest.mark.parametrize(("has", "among"), [(IS_ALONE, IS_TARGET), (IS_ALONE, IS_SHOWN)])
def test_equals_drawing_vehicles_one_by_one(days_vary, has, among):
    rng = np.random.default_rng(1)
    kinds = rng.dirichlet([1, 1, 1, 1], size=400)
    states = np.array([rng.choice(4, size=3, p=kind) for kind in kinds])
    states[:, 1] = np.maximum(states[:, 1], 2)
    found = estimate(states, has, among, days_vary)
    assert found.value == has[states].sum() / among[states].sum()
    low, high = naive_interval(states, has, among, days_vary)
    # Two bootstraps of a thousand replicates differ by about a tenth of the interval's half width.
    tolerance = 0.15 * (high - low) / 2
    assert abs(found.low - low) < tolerance
    assert abs(found.high - high) < tolerance


def test_intervals_cover_the_truth():
    covered = 0
    for seed in range(300):
        states = np.random.default_rng(seed).choice([2, 3], size=(150, 1), p=[0.7, 0.3])
        found = estimate(states, seed=seed)
        covered += found.low <= 0.3 <= found.high
    # Binomial around 95 % of 300, three standard deviations.
    assert abs(covered - 285) <= 3 * np.sqrt(300 * 0.95 * 0.05)


def test_leak_days_of_one_vehicle_are_not_independent():
    once = np.random.default_rng(0).choice([2, 3], size=(500, 1))
    copied = np.repeat(once, 4, axis=1)
    one, four = estimate(once), estimate(copied)
    assert one.value == four.value
    assert one.n == four.n == 500
    assert (four.low, four.high) == pytest.approx((one.low, one.high), abs=0.012)


def test_days_that_differ_widen_the_interval():
    states = np.full((2_000, 3), 2)
    states[: 200, 0], states[: 1_000, 1], states[: 1_800, 2] = 3, 3, 3
    held, varied = estimate(states), estimate(states, days_vary=True)
    assert held.value == varied.value == 0.5
    assert varied.high - varied.low > 5 * (held.high - held.low)


@pytest.mark.parametrize(("state", "alone"), [(3, 40), (2, 0), (1, 0)])
def test_all_or_none_take_wilson(state, alone):
    found, expected = estimate(np.full((40, 2), state)), wilson(alone, 40)
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)


def test_nobody_gives_no_figure():
    assert not estimate(np.zeros((5, 2))).is_measured
    assert not estimate(np.ones((5, 2)), among=IS_SHOWN).is_measured
    assert estimate(np.zeros((0, 2))).n == 0


def test_n_counts_vehicles_once():
    assert estimate([[3, 0], [0, 0], [2, 3]]).n == 2
