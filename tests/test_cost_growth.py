"""How seconds and memory grow from what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer import cost_growth
from analyzer.cost_growth import grow_memory, grow_seconds, growth, reading_again, split_growth

SPARSE = (
    {"rows": 102_023, "vehicles": 3_401},
    {"rows": 2_004_430, "vehicles": 67_983},
    {"rows": 20_105_988, "vehicles": 679_560},
)


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


def test_growth_is_what_was_measured_within_reason():
    assert growth([1e3, 1e4, 1e5], [1, 30, 900]) == pytest.approx(1.477, abs=0.001)
    assert growth([1e3, 1e4], [1, 1]) == 1.0
    assert growth([1e3, 1e4], [1, 1_000]) == cost_growth.MOST_EXPONENT


def test_points_of_another_kind_pull_the_fit_and_do_not_make_it():
    rows, met = [1e5, 1e6, 1e7, 1e6], [1e3, 1e5, 1e7, 4e6]
    took = [0.1, 1.1, 20.0, 41.0]
    of_rows, of_met = split_growth(rows, met, took)
    before = split_growth(rows[:3], met[:3], took[:3])
    assert of_met / of_rows > before[1] / before[0] > 0


def test_memory_is_what_was_measured_within_what_is_allowed():
    def peak(peaks, rows, vehicles, allowed, reads=1.0, places=False):
        points = [{**size, "peak_gb": gb} for size, gb in zip(SPARSE, peaks, strict=True)]
        work = {"sightings": rows, "vehicles": vehicles}
        return grow_memory(points, work, allowed, reads, places)

    patterns, risk = (0.49, 1.52, 2.19), (0.47, 1.09, 0.81)
    # Peaks of whole processes that were seen, with --memory 300MB and 2GB.
    for peaks, places, allowed, reads, seen in (
        (patterns, True, 0.3, 3, 0.84), (risk, False, 0.3, 3, 0.58), (risk, False, 2.0, 1, 0.64),
        ((0.5, 1.52, 2.25), True, 0.3, 3, 0.75), ((0.47, 1.2, 0.83), False, 0.3, 3, 0.52),
        ((0.48, 1.3, 1.81), False, 0.3, 3, 0.60),
    ):  # fmt: skip
        found, beyond = peak(peaks, 20_105_988, 679_560, allowed, reads, places)
        assert found == pytest.approx(seen, abs=0.12)
        assert (beyond > 0.05) == places
    # 200 million with 2GB: 2.03 of retention, 2.32 of places, 2.55 of commutes.
    for peaks, places, seen in (((0.48, 1.14, 1.17), False, 2.03), ((0.47, 1.5, 1.3), True, 2.32),
                                ((0.48, 1.5, 1.28), True, 2.55)):  # fmt: skip
        found, beyond = peak(peaks, 200_918_204, 6_467_995, 2.0, 1, places)
        assert found == pytest.approx(seen, abs=0.4) and beyond == 0
    assert peak(patterns, 102_023, 3_401, 2.0)[0] == pytest.approx(0.39)


def test_reading_again_takes_longer():
    assert reading_again(1) == reading_again(0.5) == 1
    # Risk, inference and patterns on 20 million sightings, each file in three parts.
    assert np.prod([1.9, 2.2, 2.4]) ** (1 / 3) == pytest.approx(reading_again(3), rel=0.05)


def test_encounters_are_not_met_again():
    points = [{"rows": 1_000, "encounters": 1_000, "processor": 2.0},
              {"rows": 10_000, "encounters": 100_000, "processor": 110.0}]  # fmt: skip
    work = {"sightings": 10_000, "encounters": 100_000}
    whole, how = grow_seconds(points, work)
    assert whole == pytest.approx(110) and "of which 9% grows with the sightings" in how
    assert grow_seconds(points, work, 3.0)[0] == pytest.approx(130)
    # Without encounters all of it is.
    assert grow_seconds(points[:1], {"sightings": 1_000}, 3.0)[0] == pytest.approx(6)
    alike, how = grow_seconds(points[:1], {"sightings": 1_000, "encounters": 9}, 3.0)
    assert alike == pytest.approx(6) and how.endswith("of which all grows with the sightings")
