"""Kaplan and Meier's estimate, against published tables and against counting one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.survival import kaplan_meier

FREIREICH = (
    [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
    [True] * 9 + [False] * 12,
)
"""Weeks of remission under 6-mercaptopurine, Freireich et al. 1963, Blood 21, 699–716."""


def test_published_example():
    curve = kaplan_meier(*FREIREICH)
    assert curve.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    expected = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    np.testing.assert_allclose(curve.waiting, expected, atol=5e-5)
    # Standard errors by Greenwood, as in the textbooks: 0.0764 at 6 weeks, 0.1346 at 23.
    for at, error in ((0, 0.0764), (6, 0.1346)):
        on_loglog = error / (curve.waiting[at] * abs(math.log(curve.waiting[at])))
        low = curve.waiting[at] ** math.exp(1.96 * on_loglog)
        assert curve.low[at] == pytest.approx(low, abs=5e-4)
    median = curve.until(0.5)
    assert (median.value, median.low, median.n) == (23, 13, 21)
    assert math.isinf(median.high)


def by_hand(times, met):
    """Walk through time and multiply the shares of those who waited on."""
    left, curve = 1.0, {}
    for now in sorted({t for t, m in zip(times, met, strict=True) if m}):
        waiting = sum(t >= now for t in times)
        events = sum(t == now and m for t, m in zip(times, met, strict=True))
        left *= (waiting - events) / waiting
        curve[now] = left
    return curve


units = st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=25)


@settings(max_examples=150, deadline=None)
@given(units)
def test_curve_is_that_of_walking_through_time(rows):
    times, met = [t for t, _ in rows], [m for _, m in rows]
    curve = kaplan_meier(times, met)
    expected = by_hand(times, met)
    assert curve.time.tolist() == list(expected)
    np.testing.assert_allclose(curve.waiting, list(expected.values()), atol=1e-12)
    assert ((curve.low <= curve.waiting + 1e-12) & (curve.waiting <= curve.high + 1e-12)).all()
    assert ((curve.low >= 0) & (curve.high <= 1)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_without_waiting_units_it_is_the_share_of_them(times):
    curve = kaplan_meier(times, [True] * len(times))
    for now, left in zip(curve.time, curve.waiting, strict=True):
        assert left == pytest.approx(np.mean(np.array(times) > now))
        assert curve.met_by(now).value == pytest.approx(np.mean(np.array(times) <= now))
    expected = min(t for t in times if np.mean(np.array(times) <= t) >= 0.5)
    assert curve.until(0.5).value == expected


def test_interval_covers():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        time, end = rng.exponential(10, 80), rng.uniform(5, 40, 80)
        found = kaplan_meier(np.minimum(time, end), time <= end).until(0.5)
        hits += found.low <= 10 * math.log(2) <= found.high
    assert 0.91 <= hits / 300 <= 0.99


def test_what_never_happened_has_no_median():
    curve = kaplan_meier([5, 5, 5, 3], [False, False, False, True])
    assert math.isnan(curve.until(0.5).value) and math.isinf(curve.until(0.5).high)
    nobody = kaplan_meier([], [])
    assert nobody.n == 0 and not nobody.until(0.5).is_measured and not nobody.met_by(3).is_measured
    assert kaplan_meier([4.0], [False]).met_by(9).value == 0.0
    with pytest.raises(ValueError, match="one event"):
        kaplan_meier([1, 2], [True])


def test_table_holds_the_curve():
    table = kaplan_meier(*FREIREICH).to_pandas()
    assert list(table) == ["time", "at_risk", "events", "waiting", "low", "high"]
    assert len(table) == 7
