"""Predictions of work: counted from the data, grown from what was measured."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from analyzer import cost
from analyzer.array_sightings import from_arrays
from analyzer.cost import (
    count_encounters,
    estimate_cost,
    estimate_cost_of_rows,
    growth,
    split_growth,
)
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
            ("retention", 1_000, 0, 1.0, 0.4), ("retention: places", 1_000, 0, 30.0, 0.6),
            ("retention: companions", 1_000, 0, 5.0, 0.5),
            ("compare", 1_000, 1_000, 3.0, 0.4), ("compare: places", 1_000, 1_000, 20.0, 0.6),
            ("brief", 1_000, 0, 25.0, 0.4), ("report", 1_000, 9, 20.0, 0.4),
            ("report", 1_000_000, 9_000, 200.0, 0.8),
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


def test_each_kind_of_risk_is_counted_once(rates):
    def taken(verb, **options):
        return estimate_cost_of_rows(verb, 1_000, options).seconds

    # Twice as slow a machine; homes, works and commutes rest on the same places.
    assert taken("retention") == taken("retention", risks=("unicity",)) == pytest.approx(2)
    assert taken("retention", risks=("homes", "works", "commutes")) == pytest.approx(60)
    assert taken("retention", risks=("homes",), sites="sites.csv") == pytest.approx(60)
    assert taken("retention", risks=("unicity", "homes", "companions")) == pytest.approx(72)
    assert taken("retention", risks=("homes",), windows=["1D"]) == pytest.approx(60 / 8)
    assert taken("retention", risks=("homes",), open_for=["0D", "30D"]) == pytest.approx(120)


def test_policies_and_windows_add_to_what_is_done_anyhow(rates):
    def taken(days, kept=3):
        policies = {str(number): SimpleNamespace(days=days) for number in range(kept)}
        asked = {"policies": policies, "risks": ["homes"]}
        return estimate_cost_of_rows("compare", 1_000, asked).seconds

    assert taken(17) == pytest.approx(40) and 40 < taken(17, 6) < 80
    # Longer keeping is more to look at; all of it is counted as the longest.
    assert taken(17) < taken(90) < taken(180) == taken(None)
    assert estimate_cost_of_rows("brief", 1_000).seconds == pytest.approx(50)


def test_what_was_not_measured_of_a_verb_is_named(rates):
    found = estimate_cost_of_rows("compare", 1_000)
    assert found.seconds == pytest.approx(46)
    assert "not in these figures: compare: companions, compare: linkage" in found.how


def test_memory_is_bounded_by_what_is_allowed_and_grows_with_the_vehicles(rates, monkeypatch):
    def peak(rows, vehicles, memory=None):
        work = {"sightings": rows, "vehicles": vehicles, "cameras": 10, "encounters": 0}
        return cost._predict("report", work, {"memory": memory}).memory_gb

    assert peak(500_000, 10_000) == pytest.approx(0.6, abs=0.01)
    # 0.4 GB of its own, 2 GB allowed, 400 bytes a vehicle: not 80 GB.
    assert peak(200_000_000, 6_700_000) == pytest.approx(0.4 + 2 + 2.68, abs=0.02)
    assert peak(200_000_000, 6_700_000, "8GB") == pytest.approx(0.4 + 8 + 2.68, abs=0.02)
    assert peak(200_000_000, 0, "100MB") == pytest.approx(0.4 + cost.LEAST_HELD_GB, abs=0.02)


def test_seconds_are_split_between_sightings_and_encounters():
    rng = np.random.default_rng(0)
    for of_rows, of_met in ((3e-6, 2e-7), (1e-6, 0.0), (0.0, 1e-6)):
        rows = np.array([1e5, 5e5, 2e6])
        met = rows**2 / 4e6
        took = of_rows * rows + of_met * met
        found = split_growth(rows.tolist(), met.tolist(), took.tolist())
        assert found == pytest.approx((of_rows, of_met), abs=1e-9)
        noisy = split_growth(rows.tolist(), met.tolist(),
                             (took * rng.uniform(0.7, 1.3, 3)).tolist())  # fmt: skip
        assert min(noisy) >= 0


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
                 "predictability", "report", "brief", "retention: places", "retention: companions",
                 "retention: linkage", "compare: places", "compare: companions",
                 "compare: linkage"):  # fmt: skip
        assert verb in measured
    assert cost.read_rates()["pace"] > 0


def test_an_empty_view_costs_nothing_and_does_not_fail():
    data = make_region(30, 3).sightings.between("2030-01-01", "2030-01-02")
    assert estimate_cost("patterns", data).work["sightings"] == 0
