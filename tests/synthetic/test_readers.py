"""What readers make of the traffic: misses, misreads, repeats, one drifting clock."""

import math

import numpy as np
import pandas as pd
import pytest

from analyzer.synthetic import make_region
from analyzer.synthetic.passages import read_scene
from analyzer.synthetic.readers import first_rows_of_passages, order_by_time

PERFECT = {
    "coverage": 1.0,
    "miss_rate": 0.0,
    "misread_rate": 0.0,
    "double_rate": 0.0,
    "drift_ppm": 0,
}


def rows_of(region):
    return pd.concat([pd.DataFrame(rows) for rows in read_scene(region.scene)], ignore_index=True)


def small(**settings):
    return make_region(vehicles=200, days=7, seed=11, **{**PERFECT, **settings})


@pytest.fixture(scope="module")
def perfect():
    return rows_of(small())


def within(observed, expected, count, errors=4):
    return abs(observed - expected) <= errors * math.sqrt(expected * (1 - expected) / count)


def test_misses_are_at_the_stated_rate_and_take_rows_away_only(perfect):
    some = rows_of(small(miss_rate=0.2))
    assert within(1 - len(some) / len(perfect), 0.2, len(perfect))
    both = perfect.merge(some, on=["vehicle", "passed_at", "camera"])
    assert len(both) == len(some)


def test_coverage_is_the_share_of_passages_in_view(perfect):
    some = rows_of(small(coverage=0.3))
    assert within(len(some) / len(perfect), 0.3, len(perfect))


def test_misreads_are_at_the_stated_rate_and_change_one_character(perfect):
    region = small(misread_rate=0.1)
    rows = rows_of(region)
    wrong = rows["misread"] >= 0
    assert within(wrong.mean(), 0.1, len(rows))
    assert set(rows.loc[wrong, "misread"]) == set(range(6))
    assert rows.loc[wrong, "confidence"].mean() < rows.loc[~wrong, "confidence"].mean() - 0.1
    assert len(rows) == len(perfect)


def test_doubles_are_at_the_stated_rate_and_follow_within_seconds(perfect):
    rows = rows_of(small(double_rate=0.1))
    assert within(len(rows) / len(perfect) - 1, 0.1, len(perfect))
    extra = rows.merge(perfect[["vehicle", "passed_at", "camera"]], how="left", indicator=True)
    extra = extra[extra["_merge"] == "left_only"]
    first = pd.merge_asof(
        extra.sort_values("passed_at"),
        perfect[["vehicle", "camera", "passed_at"]].assign(first_at=perfect["passed_at"]),
        on="passed_at", by=["vehicle", "camera"],
    )  # fmt: skip
    apart = first["passed_at"] - first["first_at"]
    assert apart.between(400, 4_000).all()


def test_one_clock_loses_time(perfect):
    region = small(drift_ppm=1_000)
    rows = rows_of(region)
    start = region.scene.readers.start_ms
    late = rows["passed_at"] - rows["seen_at"]
    drifting = rows["camera"] == region.scene.camera_sites.drifting
    assert drifting.sum() > 20
    assert (late[~drifting] == 0).all()
    expected = (rows["passed_at"][drifting] - start) / 1_000
    assert (late[drifting] - expected).abs().max() <= 1


def test_counts_say_what_happened(dense):
    counted = dense.sightings.provenance["counted"]
    quality = dense.sightings.quality
    assert quality["rows_read"] == counted["read"] + counted["written_twice"]
    assert quality["rows_read"] == quality["rows_kept"] + quality["rows_merged"]
    assert len(dense.sightings) == quality["rows_kept"]
    settings = dense.settings
    assert within(counted["in_view"] / counted["passages"], settings.coverage, counted["passages"])
    assert within(counted["misread"] / quality["rows_read"], 0.01, quality["rows_read"])


def test_sightings_lie_within_their_trips(dense):
    """Every row that is no fault lies inside a trip of its vehicle."""
    region = make_region(
        vehicles=300, days=5, seed=2, misread_rate=0.0, double_rate=0.0, drift_ppm=0
    )
    rows = region.sightings.to_pandas().sort_values("seen_at")
    trips = region.truth.trips.sort_values("started_at")
    joined = pd.merge_asof(rows, trips, left_on="seen_at", right_on="started_at", by="vehicle")
    assert len(joined) > 3_000
    assert (joined["seen_at"] <= joined["ended_at"]).all()


def test_no_vehicle_outruns_the_roads():
    """From camera to camera on one trip nobody is faster than 100 km/h in a straight line."""
    region = make_region(
        vehicles=300, days=5, seed=2, misread_rate=0.0, double_rate=0.0, drift_ppm=0
    )
    rows = rows_of(region).sort_values(["vehicle", "passed_at"])
    cameras = region.scene.camera_sites.cameras
    lat, lon = (np.radians(cameras[name].to_numpy()[rows["camera"]]) for name in ("lat", "lon"))
    metres = 6_371_009 * np.hypot(np.diff(lat), np.diff(lon) * np.cos(lat[1:]))
    seconds = np.diff(rows["passed_at"]) / 1_000
    same = np.diff(rows["vehicle"]) == 0
    # Readers of one site stand 15 m apart; only real ways count.
    far = same & (metres > 500)
    assert far.sum() > 1_000
    assert (metres[far] / seconds[far]).max() * 3.6 < 100


def test_dense_regime_sees_a_vehicle_about_five_times_a_day(dense):
    per_day = len(dense.sightings) / dense.scene.vehicles / dense.scene.days
    assert 4.5 <= per_day <= 5.5


def test_sparse_regime_sees_a_vehicle_about_forty_times_in_180_days(sparse):
    per_180_days = len(sparse.sightings) / sparse.scene.vehicles / sparse.scene.days * 180
    assert 36 <= per_180_days <= 44


def test_attributes_have_gaps_and_errors(dense):
    rows = rows_of(dense)
    truth = dense.scene.looks.of
    color, seen = truth["color"][rows["vehicle"]], rows["color"].to_numpy()
    night = (((rows["passed_at"] + 18_000_000) // 3_600_000) % 24).isin(
        [20, 21, 22, 23, 0, 1, 2, 3, 4, 5]
    )
    missing = seen < 0
    assert within(missing[~night].mean(), 0.08, (~night).sum())
    assert within(missing[night].mean(), 0.24, night.sum())
    assert within((seen != color)[~missing].mean(), 0.05, (~missing).sum())
    for name in ("direction", "make", "model", "body_type", "seat_belt", "driver_appearance"):
        assert rows[name].max() > 0
    assert (rows["direction"] >= 0).all()


def test_repeat_frames_against_a_plain_loop():
    generator = np.random.default_rng(5)
    for _ in range(50):
        size = int(generator.integers(0, 60))
        rows = sorted(
            zip(
                generator.integers(0, 3, size).tolist(), generator.integers(0, 200_000,
                size).tolist(), generator.integers(0, 3, size).tolist(), strict=True,
            )
        )  # fmt: skip
        last, expected = {}, []
        for place, (vehicle, time, camera) in enumerate(rows):
            first = last.get((vehicle, camera))
            if first is None or time - rows[first][1] > 30_000:
                last[vehicle, camera] = place
            expected.append(last[vehicle, camera])
        columns = np.array(rows, np.int64).reshape(-1, 3).T
        assert (
            first_rows_of_passages(*(np.ascontiguousarray(c) for c in columns)).tolist() == expected
        )


def test_order_by_time_is_a_stable_sort():
    generator = np.random.default_rng(6)
    for size in (0, 1, 2, 1_000):
        for top in (3, 70_000, 10**12):
            times = generator.integers(-top, top, size)
            assert order_by_time(times).tolist() == np.argsort(times, kind="stable").tolist()
