"""Predictions of work: counted from the data, grown from what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer import cost
from analyzer.cost import count_encounters, estimate_cost, estimate_cost_of_rows, growth
from analyzer.sightings import from_arrays
from analyzer.synthetic import make_region


@pytest.fixture
def rates(monkeypatch):
    """Two measurements of two verbs: linear in the sightings, and in what meets."""
    points = [
        {"measure": verb, "rows": rows, "encounters": met, "processor": took, "peak_gb": peak}
        for verb, rows, met, took, peak in (
            ("risk", 1_000, 0, 1.0, 0.4), ("risk", 10_000, 0, 10.0, 1.3),
            ("patterns", 1_000, 1_000, 2.0, 0.4), ("patterns", 10_000, 100_000, 110.0, 0.4),
            ("grid", 1_000, 0, 24.0, 0.5),
        )
    ]  # fmt: skip
    monkeypatch.setattr(cost, "read_rates", lambda: {"pace": 0.5, "points": points})
    monkeypatch.setattr(cost, "machine_pace", lambda: 1.0)


def random_sightings(rows: int, seed: int = 0):
    random = np.random.default_rng(seed)
    return from_arrays(
        random.integers(0, rows // 20, rows),
        1_760_000_000_000 + random.integers(0, 86_400_000, rows),
        random.integers(0, 12, rows),
    )


def test_work_grows_with_the_sightings_and_the_pace(rates):
    found = estimate_cost("risk", random_sightings(5_000))
    # Twice as slow a machine, five times a thousand rows.
    assert found.seconds == pytest.approx(10)
    assert found.memory_gb == pytest.approx(0.8)
    assert found.work["sightings"] == 5_000
    assert "power 1.00" in found.how and "times 2.00" in found.how


def test_where_vehicles_meet_encounters_count(rates):
    data = random_sightings(5_000)
    found = estimate_cost("patterns", data)
    own = 5_000 + found.work["encounters"]
    assert found.seconds == pytest.approx(2 * own * 0.001, rel=0.01)


def test_more_steps_are_more_work(rates):
    all_cells = {"times": ["1h"] * 6, "spaces": ["zone"] * 4}
    whole = estimate_cost_of_rows("grid", 1_000, all_cells)
    half = estimate_cost_of_rows("grid", 1_000, {**all_cells, "times": ["1h"] * 3})
    assert whole.seconds == pytest.approx(48) and half.seconds == pytest.approx(24)
    assert half.work["steps"] == 12


def test_what_was_never_measured_is_not_guessed(rates):
    found = estimate_cost("linkage", random_sightings(1_000))
    assert found.seconds is None and "cannot be predicted" in found.summary()


@pytest.mark.parametrize("counters", [1 << 22, 3_000])
def test_encounters_are_counted_nearly(monkeypatch, counters):
    monkeypatch.setattr(cost, "COUNTERS", counters)
    random = np.random.default_rng(1)
    time = random.integers(0, 3 * 86_400_000, 20_000)
    camera = random.integers(0, 10, 20_000)
    data = from_arrays(random.integers(0, 5_000, 20_000), time, camera)
    true = sum(
        int((abs(time[camera == c][:, None] - time[camera == c][None]) <= 120_000).sum()
            - (camera == c).sum()) // 2
        for c in range(10)
    )  # fmt: skip
    assert count_encounters(data) == pytest.approx(true, rel=0.03 if counters > 10_000 else 0.2)
    assert count_encounters(data.with_parts(9)) == count_encounters(data)


def test_growth_is_what_was_measured_within_reason():
    assert growth([1e3, 1e4, 1e5], [1, 30, 900]) == pytest.approx(1.477, abs=0.001)
    assert growth([1e3, 1e4], [1, 1]) == 1.0
    assert growth([1e3, 1e4], [1, 1_000]) == cost.MOST_EXPONENT


def test_every_verb_that_analyses_was_measured():
    measured = {point["measure"] for point in cost.read_rates()["points"]}
    for verb in ("risk", "grid", "anonymity", "plateless", "linkage", "worst-case", "retention",
                 "compare", "recommend", "camera-count", "patterns", "inference", "profile",
                 "predictability", "report"):  # fmt: skip
        assert verb in measured
    assert cost.read_rates()["pace"] > 0


def test_an_empty_view_costs_nothing_and_does_not_fail():
    data = make_region(30, 3).sightings.between("2030-01-01", "2030-01-02")
    assert estimate_cost("patterns", data).work["sightings"] == 0
