"""Clock faults: planted ones are found to the minute, and right clocks are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.ingest.clocks import (
    ClockFault,
    PassageSample,
    correct_times,
    find_clock_faults,
    passages_between,
    quantiles_of_pairs,
)
from analyzer.synthetic import make_region

MINUTE = 60_000


@pytest.fixture(scope="module")
def region():
    made = make_region(vehicles=1_500, days=21, seed=31, drift_ppm=0)
    sightings = made.sightings
    rows = [dict(part.load()) for part in sightings.parts()]
    return sightings.camera_table, rows


def faults_of(region, shifts=None, drift=None):
    cameras, parts = region
    sample = PassageSample(sum(len(rows["vehicle"]) for rows in parts))
    start = min(rows["seen_at"].min() for rows in parts)
    for rows in parts:
        seen_at = rows["seen_at"].copy()
        for camera, minutes in (shifts or {}).items():
            seen_at[rows["camera"] == camera] += round(minutes * MINUTE)
        for camera, seconds_a_day in (drift or {}).items():
            there = rows["camera"] == camera
            seen_at[there] += ((seen_at[there] - start) * seconds_a_day / 86_400).astype(np.int64)
        order = np.lexsort((rows["camera"], seen_at, rows["vehicle"]))
        sample.add({"vehicle": rows["vehicle"][order], "seen_at": seen_at[order],
                    "camera": rows["camera"][order]})  # fmt: skip
    return find_clock_faults(sample, cameras["lat"].to_numpy(), cameras["lon"].to_numpy())


def two_way(region, rank=0):
    """Find a camera that stands alone at its site: it sees both directions."""
    cameras, parts = region
    counts = np.bincount(np.concatenate([rows["camera"] for rows in parts]), minlength=len(cameras))
    alone = ~cameras["name"].str[-1].str.isalpha().to_numpy()
    return int(np.argsort(-counts * alone)[rank])


def test_right_clocks_are_left_alone(region):
    assert faults_of(region) == []


@pytest.mark.parametrize("minutes", [-60, -30, -4, 3, 12, 30, 60])
def test_an_offset_is_found_to_the_minute(region, minutes):
    camera = two_way(region)
    (fault,) = [f for f in faults_of(region, {camera: minutes}) if f.camera == camera]
    assert fault.offset_at(np.array([fault.until_ms]))[0] / MINUTE == pytest.approx(minutes, abs=1)
    assert fault.n > 100


def test_a_drift_is_found_and_corrected(region):
    camera = two_way(region, 1)
    (fault,) = faults_of(region, drift={camera: -12.0})
    assert fault.camera == camera
    assert fault.drift_ppm * 0.0864 == pytest.approx(-12, abs=2.5)
    assert fault.end_offset_ms / MINUTE == pytest.approx(-12 * 21 / 60, abs=1)
    text = fault.describe("gate 1")
    assert "drifts" in text and "behind at the end" in text and f"{fault.n:,}" in text


def test_corrected_times_are_those_of_a_right_clock():
    fault = ClockFault(3, 0, 10 * MINUTE, 50.0, 10**9, 1.0, 100)
    rows = {"camera": np.array([3, 1, 3]), "seen_at": np.array([10 * MINUTE, 5, 10**9])}
    fixed = correct_times(rows, [fault])["seen_at"]
    assert fixed.tolist() == [-round(10 * MINUTE * 50e-6), 5, 10**9 - 10 * MINUTE - 50_000]
    assert rows["seen_at"][0] == 10 * MINUTE


def test_passages_are_the_next_two_of_the_vehicle():
    random = np.random.default_rng(4)
    vehicle = np.sort(random.integers(0, 20, 300)).astype(np.int32)
    seen_at = random.integers(0, 10**7, 300)
    order = np.lexsort((seen_at, vehicle))
    seen_at, camera = seen_at[order], random.integers(0, 5, 300).astype(np.int32)
    expected = []
    for i in range(300):
        for k in (i + 1, i + 2):
            if k >= 300 or vehicle[k] != vehicle[i] or seen_at[k] - seen_at[i] > 500_000:
                break
            if camera[k] != camera[i]:
                pair = sorted([(camera[i], seen_at[i]), (camera[k], seen_at[k])])
                expected.append((pair[0][0], pair[1][0], pair[1][1] - pair[0][1], seen_at[i]))
    found = list(zip(*passages_between(vehicle, seen_at, camera, 500_000, 1), strict=True))
    assert sorted(found) == sorted(expected) and len(found) > 50
    some = len(passages_between(vehicle, seen_at, camera, 500_000, 3)[0])
    assert 0 < some < len(found)


def test_quantiles_are_measured_from_the_split():
    difference = np.sort(np.r_[-np.arange(100, 200), np.arange(300, 420)])
    counts, quick, usual = quantiles_of_pairs(
        difference, np.array([0, len(difference)]), np.array([50.0])
    )
    assert counts.tolist() == [[120, 100]]
    assert quick.tolist() == [[300 + 5 - 50, 100 + 4 + 50]]
    assert usual.tolist() == [[300 + 29 - 50, 100 + 24 + 50]]


def test_without_rows_there_is_nothing_to_say():
    assert find_clock_faults(PassageSample(0), np.empty(0), np.empty(0)) == []
