import numpy as np
import pytest
from scipy.stats import chi2

from analyzer.errors import UsageError
from analyzer.risk.draw import POINTS, TARGETS, check_draw, draw_vehicles, mix, vehicle_hashes
from analyzer.risk.points import draw_known_points
from tests.risk import oracle

# A draw that is uniform fails a chi-square test at this level once in a thousand seeds; seeds are
# fixed, so a failure means that something changed.
LEVEL = 0.999


def test_mix_is_splitmix64():
    # First outputs of the reference generator seeded with 0 and with 1234567.
    assert int(mix(np.uint64(0))) == 0xE220A8397B1DCDAF
    assert int(mix(np.uint64(1234567))) == 6457827717110365317


@pytest.mark.parametrize(("purpose", "name"), [(POINTS, "point"), (TARGETS, "target")])
def test_vehicle_hashes_equal_the_oracle(purpose, name):
    vehicles = np.array([0, 1, 2, 1_000_000, 2**31 - 1])
    for seed in (0, 7, 2**62):
        expected = [oracle.vehicle_state(name, seed, int(vehicle)) for vehicle in vehicles]
        assert vehicle_hashes(purpose, seed, vehicles).tolist() == expected


def test_vehicles_are_drawn_uniformly():
    vehicles = np.arange(40)
    drawn = np.concatenate([draw_vehicles(vehicles, 10, seed) for seed in range(2_000)])
    counts = np.bincount(drawn, minlength=40)
    # Draws without replacement vary less than independent ones, by (40 − 10) / (40 − 1).
    statistic = ((counts - 500) ** 2 / 500).sum() / (30 / 39)
    assert statistic < chi2.ppf(LEVEL, 39)
    assert statistic > chi2.ppf(1 - LEVEL, 39)


def test_a_sample_does_not_depend_on_who_else_is_a_candidate():
    some = draw_vehicles(np.arange(0, 100, 2), 5, 3) * 2
    every = draw_vehicles(np.arange(100), 100, 3)
    assert len(every) == 100
    order = np.argsort(vehicle_hashes(TARGETS, 3, np.arange(0, 100, 2)))[:5] * 2
    assert sorted(order.tolist()) == some.tolist()


def test_points_are_drawn_uniformly_and_in_uniform_order():
    # 20,000 vehicles with the same seven points: each ordered pair is equally likely.
    n, keys = 20_000, np.array([3, 10, 11, 24, 50, 51, 90])
    vehicle = np.repeat(np.arange(n, dtype=np.int32), len(keys))
    _, _, known = draw_known_points(vehicle, np.tile(keys, n), 4, 2, 11)
    at = np.searchsorted(keys, known)
    pairs = np.bincount(at[:, 0] * 7 + at[:, 1], minlength=49)
    assert (pairs[:: 7 + 1] == 0).all()
    counts = pairs[pairs > 0]
    assert len(counts) == 42
    expected = n / 42
    assert ((counts - expected) ** 2 / expected).sum() < chi2.ppf(LEVEL, 41)


def test_seeds_draw_independently():
    vehicle, keys = np.repeat(np.arange(5_000, dtype=np.int32), 10), np.tile(np.arange(10), 5_000)
    first = draw_known_points(vehicle, keys, 1, 1, 1)[2][:, 0]
    second = draw_known_points(vehicle, keys, 1, 1, 2)[2][:, 0]
    table = np.bincount(first * 10 + second, minlength=100)
    assert ((table - 50) ** 2 / 50).sum() < chi2.ppf(LEVEL, 99)


@pytest.mark.parametrize(
    ("sample", "seed"),
    [(0, 0), (-1, 0), (1.5, 0), (True, 0), (None, -1), (None, 0.5), (None, 2**63)],
)
def test_refuses_what_is_no_draw(sample, seed):
    with pytest.raises(UsageError, match="write"):
        check_draw(sample, seed)
