"""Predictability of made lives whose answer is known, and of the same life told another way."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.risk.predictability import LEAST_DESTINATIONS, measure_predictability

HOUR = 3_600_000
MONDAY = 4 * 24 * HOUR


def lives(*sequences, start=MONDAY, per_day=4):
    """Sightings of vehicles that end a trip every few hours at the places given."""
    vehicle = np.repeat(np.arange(len(sequences)), [len(s) for s in sequences])
    when = np.concatenate([np.arange(len(s)) for s in sequences]) * (24 // per_day) * HOUR
    return from_arrays(vehicle, start + when, np.concatenate(sequences))


def test_a_life_by_the_clock_is_told_in_full():
    found = measure_predictability(lives(np.tile([0, 1, 2, 1], 56)))
    assert found.bound["real"].value > 0.95
    assert found.accuracy["hour"].value == found.accuracy["markov_2"].value == 1.0
    assert found.accuracy["chosen"].value == 1.0
    # After place 1 comes 0 or 2, equally often: one place is not enough.
    assert found.accuracy["markov_1"].value == pytest.approx(0.75)
    assert found.accuracy["most_frequent"].value == pytest.approx(0.5)
    assert found.accuracy["chosen"].baseline == pytest.approx(1 / 3)
    assert found.entropy["uncorrelated"].value == pytest.approx(1.5)
    assert found.entropy["random"].value == pytest.approx(np.log2(3))


def test_a_life_by_the_die_cannot_be_told():
    rng = np.random.default_rng(2)
    found = measure_predictability(lives(*rng.integers(0, 4, (6, 800))))
    assert found.entropy["real"].value == pytest.approx(2.0, abs=0.15)
    # No predictor is better than chance, and none is above what is called the bound, but for noise.
    for figure in found.accuracy.values():
        assert figure.value == pytest.approx(0.25, abs=0.04)
    assert found.bound["uncorrelated"].value == pytest.approx(0.25, abs=0.05)


def test_who_is_seen_too_seldom_is_counted():
    enough, short = np.tile([0, 1], LEAST_DESTINATIONS // 2), np.tile([0, 1], 49)
    found = measure_predictability(lives(enough, short, short))
    assert found.bound["real"].n == 1
    assert (found.excluded.value, found.excluded.n) == (pytest.approx(2 / 3), 3)
    nobody = measure_predictability(lives(short))
    assert not nobody.bound["real"].is_measured and "cannot be measured" in nobody.summary()
    assert json.loads(json.dumps(nobody.to_dict()))["bound"]["real"]["value"] is None


def test_hours_at_a_place_are_not_filled_in():
    # The same order of places at another pace is as predictable from its order.
    sequence = np.random.default_rng(3).integers(0, 3, 240)
    slow, fast = (measure_predictability(lives(sequence, per_day=n)) for n in (2, 8))
    assert slow.entropy == fast.entropy and slow.bound == fast.bound


def test_one_week_holds_nothing_out():
    week = measure_predictability(lives(np.tile([0, 1], 75), per_day=24))
    assert week.bound["real"].is_measured
    assert not week.accuracy["chosen"].is_measured


def test_choice_is_settled_before_the_test():
    # By the clock in the weeks before, by the last place in those tested: the clock is chosen.
    rng = np.random.default_rng(4)
    by_clock = np.tile([0, 1, 2, 3], 28)
    starts = rng.integers(0, 4, 28)
    by_place = (starts[:, None] + np.arange(4)).ravel() % 4
    found = measure_predictability(lives(np.r_[by_clock, by_place]))
    assert found.accuracy["chosen"].value < max(
        figure.value for name, figure in found.accuracy.items() if name != "chosen"
    )


def test_published_values_stand_beside():
    table = measure_predictability(lives(np.tile([0, 1], 80))).to_pandas().set_index("figure")
    assert table.loc["bound_real", "published"] == 0.93
    assert table.loc["markov_1", "published"] == 0.71
    assert table["method"].notna().all()


@pytest.mark.parametrize("wrong", [{"space": "street"}, {"max_gap": "soon"}])
def test_wrong_options_are_refused(wrong):
    with pytest.raises(UsageError):
        measure_predictability(lives([0, 1]), **wrong)


def test_nothing_is_refused():
    with pytest.raises(UsageError, match="no sightings"):
        measure_predictability(from_arrays([], [], []))


def test_plot_draws_bound_and_accuracy():
    axes = measure_predictability(lives(np.tile([0, 1], 80))).plot()
    assert len(axes.get_legend().get_texts()) == 7
