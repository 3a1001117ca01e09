"""Clock faults: planted ones are found and set right, right clocks and sparse data left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.ingest.clock_check import MISFIT_MS, examine_sightings, is_improved, is_possible
from analyzer.ingest.clock_faults import ClockFault, correct_times
from analyzer.ingest.clock_search import count_differences, count_lags
from analyzer.ingest.clocks import ClockSample, find_clock_faults
from analyzer.ingest.reader import read_sightings
from analyzer.ingest.travel_times import passages_between, quantiles_of_pairs
from analyzer.synthetic import make_region

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LAT = 41 + 0.03 * (np.arange(30) % 6)
LON = 69 + 0.04 * (np.arange(30) // 6)


def walk(vehicles, days, steps, wait, seed=5):
    """Let vehicles walk over a grid of 30 cameras, from one to the next in `wait` seconds."""
    random = np.random.default_rng(seed)
    count = vehicles * days
    camera = random.integers(0, 30, count)
    at = np.tile(np.arange(days) * DAY, vehicles) + random.integers(0, 600, count) * MINUTE
    cameras, times = [], []
    for _ in range(steps):
        cameras.append(camera)
        times.append(at + 1_772_400_000_000)
        to = np.stack([camera - 1, camera + 1, camera - 6, camera + 6])
        allowed = (to >= 0) & (to < 30)
        allowed[0] &= camera % 6 > 0
        allowed[1] &= camera % 6 < 5
        camera = to[(random.random((4, count)) * allowed).argmax(axis=0), np.arange(count)]
        at = at + random.integers(wait[0], wait[1], count) * SECOND
    return {
        "vehicle": np.tile(np.repeat(np.arange(vehicles), days), steps).astype(np.int32),
        "seen_at": np.concatenate(times),
        "camera": np.concatenate(cameras).astype(np.int32),
    }


@pytest.fixture(scope="module")
def grid():
    return walk(150, 10, 10, (240, 480))


def report_of(rows, shown=None, lat=LAT, lon=LON):
    shown = rows["seen_at"] if shown is None else shown
    sample = ClockSample(len(shown))
    sample.add({**rows, "seen_at": shown})
    return find_clock_faults(sample, lat, lon)


def shown_by(rows, faults):
    first, last = int(rows["seen_at"].min()), int(rows["seen_at"].max())
    shown = rows["seen_at"].copy()
    for camera, ahead in faults.items():
        there = rows["camera"] == camera
        at = rows["seen_at"][there]
        shown[there] += np.asarray(ahead((at - first) / (last - first)), np.int64)
    return shown


def always(milliseconds):
    return lambda share: np.full(len(share), milliseconds)


FAULTS = {
    "80 seconds": (always(80 * SECOND), 0.0),
    "three minutes": (always(-3 * MINUTE), 0.0),
    "ten minutes, as long as a drive": (always(10 * MINUTE), 0.0),
    "37 minutes": (always(37 * MINUTE), 0.0),
    "left on UTC": (always(-5 * HOUR), 0.0),
    "two hours": (always(2 * HOUR), 0.0),
    "three days": (always(3 * DAY), 0.0),
    "last year": (always(-365 * DAY), 0.0),
    "drift of a minute a day": (lambda share: share * 10 * MINUTE, 0.0),
    "20 minutes from the middle on": (lambda share: (share > 0.5) * 20 * MINUTE, 0.03),
    "an hour from the middle on": (lambda share: (share > 0.5) * -HOUR, 0.03),
    "reset to 2010 in the middle": (lambda share: (share > 0.5) * -5_900 * DAY, 0.0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_set_right(grid, name):
    ahead, may_miss = FAULTS[name]
    shown = shown_by(grid, {9: ahead})
    report = report_of(grid, shown)
    assert {fault.camera for fault in report.faults} == {9}
    assert all(fault.confirmed and fault.n > 100 for fault in report.faults)
    fixed = correct_times({**grid, "seen_at": shown}, report.faults)["seen_at"]
    left = np.abs(fixed - grid["seen_at"])
    assert not left[grid["camera"] != 9].any()
    # Around the instant of a step a few sightings may be taken for the other side.
    assert (left[grid["camera"] == 9] > 30 * SECOND).mean() <= may_miss


def test_several_wrong_clocks_are_told_from_the_right_ones(grid):
    faults = {3: always(-5 * HOUR), 14: always(7 * MINUTE), 22: always(-20 * MINUTE)}
    shown = shown_by(grid, faults)
    report = report_of(grid, shown)
    assert [fault.camera for fault in report.faults] == [3, 14, 22]
    fixed = correct_times({**grid, "seen_at": shown}, report.faults)["seen_at"]
    assert np.abs(fixed - grid["seen_at"]).max() < 30 * SECOND


def test_no_positions_are_needed_where_vehicles_drive_both_ways(grid):
    nowhere = np.full(30, np.nan)
    report = report_of(grid, shown_by(grid, {9: always(10 * MINUTE)}), nowhere, nowhere)
    (fault,) = report.faults
    assert fault.confirmed and fault.offset_ms == pytest.approx(10 * MINUTE, abs=30 * SECOND)


def test_a_camera_that_sees_one_direction_is_told_by_distances():
    region = make_region(vehicles=800, days=10, seed=5, drift_ppm=0)
    cameras = region.sightings.camera_table
    (rows,) = [dict(part.load()) for part in region.sightings.parts()]
    lanes = cameras["name"].str[-1].str.isalpha().to_numpy()
    counts = np.bincount(rows["camera"], minlength=len(lanes))
    found = []
    for camera in np.argsort(-counts * lanes, kind="stable")[[4, 8, 16, 30]].tolist():
        shown = shown_by(rows, {camera: always(-5 * HOUR)})
        report = report_of(rows, shown, cameras["lat"].to_numpy(), cameras["lon"].to_numpy())
        found += [fault for fault in report.faults if fault.confirmed]
        assert {fault.camera for fault in report.faults} <= {camera}
    # Not all can be told; what is told is right.
    assert len(found) >= 2
    assert all(abs(fault.offset_ms + 5 * HOUR) <= fault.error_ms for fault in found)


def test_right_clocks_are_left_alone(grid):
    assert report_of(grid) == report_of(grid)
    assert report_of(grid).faults == [] and report_of(grid).judged == 30
    region = make_region(vehicles=800, days=10, seed=31, drift_ppm=0)
    cameras = region.sightings.camera_table
    (rows,) = [dict(part.load()) for part in region.sightings.parts()]
    report = report_of(rows, None, cameras["lat"].to_numpy(), cameras["lon"].to_numpy())
    assert report.faults == [] and report.judged > 40


@pytest.mark.parametrize("ahead", [0, 45 * SECOND, 37 * MINUTE, HOUR, 365 * DAY])
def test_sightings_hours_apart_say_nothing_about_clocks(ahead):
    rows = walk(120, 5, 5, (20 * 60, 1_500 * 60))
    report = report_of(rows, shown_by(rows, {9: always(ahead)}))
    assert report.judged <= 1 and not any(fault.confirmed for fault in report.faults)


def test_without_rows_there_is_nothing_to_say():
    report = find_clock_faults(ClockSample(0), np.empty(0), np.empty(0))
    assert report.faults == [] and report.judged == 0


def test_a_sample_does_not_depend_on_parts_or_order(grid):
    one, other = ClockSample(10**7), ClockSample(10**7)
    one.add(grid)
    for part in (1, 0):
        there = np.flatnonzero(grid["vehicle"] % 2 == part)[::-1]
        other.add({name: column[there] for name, column in grid.items()})
    for mine, yours in zip(one.rows(), other.rows(), strict=True):
        assert 0 < len(mine["vehicle"]) < len(grid["vehicle"]) / 4
        for name in mine:
            np.testing.assert_array_equal(mine[name], yours[name])


def test_the_reader_reports_and_sets_right(grid):
    shown = shown_by(grid, {9: always(-5 * HOUR)})
    frame = pd.DataFrame(
        {
            "plate": [f"01A{number:03d}BC" for number in grid["vehicle"]],
            "camera": [f"gate {number}" for number in grid["camera"]],
            "seen_at": shown / 1000,
            "lat": LAT[grid["camera"]],
            "lon": LON[grid["camera"]],
        }
    )
    options = {"timezone": "Asia/Tashkent", "key": b"k" * 32}
    reported = read_sightings(frame, **options)
    (entry,) = reported.quality["clocks"]
    assert entry["camera"] == "gate 9" and entry["confirmed"] and not entry["fixed"]
    assert entry["offset_start_min"] == pytest.approx(-300, abs=0.5)
    assert reported.quality["clocks_judged"] == 30
    assert "clocks_fixed" not in reported.provenance
    assert any("5.00 h behind" in note and "--fix-clocks" in note
               for note in reported.quality["notes"])  # fmt: skip
    fixed = read_sightings(frame, **options, fix_clocks=True)
    assert fixed.quality["clocks"] == [{**entry, "fixed": True}]
    assert fixed.provenance["clocks_fixed"] == fixed.quality["clocks"]
    found = np.sort(fixed.to_pandas()["seen_at"].astype("int64").to_numpy())
    assert abs(len(found) - len(shown)) < 20
    assert fixed.span_ms == pytest.approx((grid["seen_at"].min(), grid["seen_at"].max()), abs=HOUR)


def test_a_fault_says_what_is_wrong():
    drifting = ClockFault(3, 0, 10 * MINUTE, 50.0, 10**9, 6 * SECOND, 1_234)
    text = drifting.describe("gate 1")
    assert "drifts by +4.3 s a day: 10.0 min ahead at the start" in text and "1,234" in text
    step = ClockFault(3, 1_772_400_000_000, -HOUR, 0.0, 2 * 10**12, 0, 9, from_start=False)
    assert "60.0 min behind from 2026-03-01T21:20Z on" in step.describe("gate 1")
    year = ClockFault(3, 0, -365.0 * DAY, 0.0, 1_772_400_000_000, 0, 9, to_end=False)
    assert "365.000 days behind until 2026-03-01T21:20Z" in year.describe("gate 1")
    assert year.to_dict("x")["until"] == "2026-03-01T21:20Z" and year.to_dict("x")["from"] is None


def test_corrected_times_are_those_of_a_right_clock():
    fault = ClockFault(3, 0, 10 * MINUTE, 50.0, 10**9, 1.0, 100)
    rows = {"camera": np.array([3, 1, 3]), "seen_at": np.array([10 * MINUTE, 5, 10**9])}
    fixed = correct_times(rows, [fault])["seen_at"]
    assert fixed.tolist() == [-round(10 * MINUTE * 50e-6), 5, 10**9 - 10 * MINUTE - 50_000]
    assert rows["seen_at"][0] == 10 * MINUTE
    later = ClockFault(3, 10**8, HOUR, 0.0, 10**9, 1.0, 100, from_start=False)
    assert correct_times(rows, [later])["seen_at"].tolist() == [10 * MINUTE, 5, 10**9 - HOUR]


def test_a_correction_must_fit_better_and_ask_for_no_impossible_drive():
    random = np.random.default_rng(1)
    well = random.uniform(0, MINUTE, 200)
    badly, late = well + MINUTE, np.full(200, np.nan)
    possible, half = np.zeros(200, bool), np.arange(200) % 2 == 0
    ahead = np.full(200, 2.0 * MINUTE)
    assert is_improved((badly, late, possible), (well, late, possible), ahead) is True
    assert is_improved((well, late, possible), (badly, late, possible), ahead) is False
    assert is_improved((well, late, possible), (well, late, possible), ahead) is False
    few = tuple(column[:10] for column in (badly, late, possible))
    assert is_improved(few, few, ahead[:10]) is None
    # As late as is said, though others hide it in how well they fit.
    shifted = (well, 2.0 * MINUTE + random.normal(0, MINUTE, 200), possible)
    assert is_improved(shifted, (well, shifted[1] - ahead, possible), ahead) is True
    assert is_improved((well, -shifted[1], possible), shifted, ahead) is False
    assert is_possible((badly, late, possible), (well, late, possible))
    assert not is_possible((badly, late, possible), (well, late, half))
    assert is_possible((badly, late, half), (well, late, possible))
    # No more than before, and yet too many for a clock that is right now.
    assert not is_possible((badly, late, half), (well, late, half))


def random_sightings(seed, rows=300):
    random = np.random.default_rng(seed)
    vehicle = np.sort(random.integers(0, 20, rows)).astype(np.int32)
    seen_at = random.integers(0, 10**7, rows)
    seen_at = seen_at[np.lexsort((seen_at, vehicle))]
    return vehicle, seen_at, random.integers(0, 5, rows).astype(np.int32)


def test_passages_are_the_next_two_of_the_vehicle():
    vehicle, seen_at, camera = random_sightings(4)
    expected = []
    for i in range(300):
        for k in (i + 1, i + 2):
            if k >= 300 or vehicle[k] != vehicle[i] or seen_at[k] - seen_at[i] > 500_000:
                break
            if camera[k] != camera[i]:
                pair = sorted([(camera[i], seen_at[i]), (camera[k], seen_at[k])])
                expected.append((pair[0][0], pair[1][0], pair[1][1] - pair[0][1], seen_at[i]))
    found = list(zip(*passages_between(vehicle, seen_at, camera, 500_000), strict=True))
    assert sorted(found) == sorted(expected) and len(found) > 50


def test_lags_and_differences_are_counted_as_a_loop_counts_them():
    vehicle, seen_at, camera = random_sightings(8)
    row = np.where(camera < 2, camera, -1).astype(np.int32)
    span = (seen_at > 5_000_000).astype(np.int32)
    low, width, bins = -900_000, 100_000, 25
    wanted = np.zeros((2, 2, bins), int)
    slot = np.full((5, 5), -1, np.int8)
    slot[0, 1], slot[0, 2], slot[3, 0] = 0, 1, 0
    differences = np.zeros((5, 2, 2, 20), int)
    for i in range(300):
        for j in range(300):
            if vehicle[i] != vehicle[j] or camera[i] == camera[j]:
                continue
            lag = int(seen_at[i] - seen_at[j])
            if row[i] >= 0 and low <= lag < low + width * bins:
                wanted[row[i], span[i], (lag - low) // width] += 1
            partner = slot[camera[i], camera[j]]
            if partner >= 0 and -1_000_000 < lag < 1_000_000:
                differences[camera[i], span[i], partner, (lag + 1_000_000) // 100_000] += 1
    found = count_lags(vehicle, seen_at, camera, row, span, (2, 2, bins), low, width, 300)
    np.testing.assert_array_equal(found, wanted)
    found = count_differences(
        vehicle, seen_at, camera, camera, span, slot, (5, 2, 2, 20), 100_000, 300
    )
    np.testing.assert_array_equal(found, differences)
    assert wanted.sum() > 50 and differences.sum() > 50


def test_sightings_are_examined_against_travel_times():
    vehicle = np.array([0, 0, 0, 1, 1, 2], np.int32)
    unit = np.array([1, 0, 2, 0, 1, 0], np.int32)
    seen_at = np.array([0, 7, 12, 0, 1, 0]) * MINUTE
    usual = np.array([np.nan, 5.0, 5.0]) * MINUTE
    misfit, late, impossible = examine_sightings(
        vehicle, seen_at, unit, 0, usual, np.array([np.nan, 2.0, 2.0]) * MINUTE
    )
    assert misfit.tolist() == [0, 4 * MINUTE, MISFIT_MS]
    # Two minutes later than from camera 1, in time for camera 2: the clock is a minute ahead.
    assert late[:2].tolist() == [MINUTE, 4 * MINUTE] and np.isnan(late[2])
    assert impossible.tolist() == [False, True, False]


def test_quantiles_are_measured_from_the_split():
    difference = np.sort(np.r_[-np.arange(100, 200), np.arange(300, 420)])
    counts, quick, usual = quantiles_of_pairs(
        difference, np.array([0, len(difference)]), np.array([50.0])
    )
    assert counts.tolist() == [[120, 100]]
    assert quick.tolist() == [[300 + 5 - 50, 100 + 4 + 50]]
    assert usual.tolist() == [[300 + 29 - 50, 100 + 24 + 50]]
