import json

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import InputError, UsageError
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_result import Linkage
from analyzer.risk.trace import ELSEWHERE_M, MARGIN_MS, WITHIN_M, TraceLinkage
from analyzer.risk.trace_points import LONGEST_GAP_MS, Trace, find_passes, read_trace
from analyzer.synthetic import make_region
from tests.risk.regions import DAY, HOUR
from tests.risk.test_linkage import MONDAY

MINUTE = 60_000
STEP = 0.02
"""Cameras stand along a street, so many degrees of longitude (1.7 km) apart."""

CAMERAS = pd.DataFrame(
    {"name": [f"c{c}" for c in range(12)], "lat": 41.3, "lon": 69.2 + STEP * np.arange(12)}
)


def drive(begin, minutes_each=2, cameras=range(12)):
    """Moments at which a car that begins at a time passes each camera."""
    return [(begin + k * minutes_each * MINUTE, camera) for k, camera in enumerate(cameras)]


def population(days=14, vehicles=30, seed=3):
    """Vehicle 0 drives at 8:00 on the first day; the others do a part of it at about that time."""
    rng = np.random.default_rng(seed)
    rows = [(0, ms, camera) for ms, camera in drive(MONDAY + 8 * HOUR)]
    for vehicle in range(vehicles):
        for day in range(days):
            if vehicle == 0 and day == 0:
                continue
            begin = MONDAY + day * DAY + int(rng.integers(7 * 60, 9 * 60)) * MINUTE
            first, last = sorted(rng.integers(0, 13, 2))
            rows += [(vehicle, ms, camera) for ms, camera in drive(begin, 2, range(first, last))]
    return rows


def sightings(rows, cameras=CAMERAS):
    vehicle, ms, camera = (np.array(column) for column in zip(*rows, strict=True))
    return from_arrays(vehicle, ms, camera, cameras=cameras, timezone="Asia/Tashkent")


def phone(begin=MONDAY + 8 * HOUR, minutes=22, every=30_000):
    """The telephone's points of that drive."""
    times = np.arange(begin, begin + minutes * MINUTE + 1, every)
    return pd.DataFrame(
        {
            "seen_at": pd.to_datetime(times, unit="ms", utc=True),
            "lat": 41.3,
            "lon": 69.2 + STEP * (times - begin) / (2 * MINUTE),
        }
    )


@pytest.fixture(scope="module")
def found():
    return measure_linkage(sightings(population()), other=phone())


def test_the_vehicle_is_found(found):
    assert isinstance(found, TraceLinkage) and isinstance(found, Linkage)
    best = found.matches.iloc[0]
    assert best["vehicle"] == "v0" and best["rank"] == 1
    assert best["passes_seen"] == 12 and best["elsewhere"] == 0
    assert found.passes == 12
    assert found.score > 2 * max(found.second, 0)
    assert found.false_match.value == 0 and found.false_match.n == len(found.shifts) > 5


def test_nothing_published_names_a_vehicle(found):
    told = [found.summary(), json.dumps(found.to_dict()), found.to_pandas().to_csv(), repr(found)]
    assert not any("v0" in text or "v1" in text for text in told)
    assert "vehicle" not in found.to_pandas()
    assert "v0" not in found._repr_html_()
    assert len(found.plot().patches) == min(20, len(found.matches))


def test_evidence_is_that_of_plain_counting():
    rows = population(days=3, vehicles=12, seed=5)
    found = measure_linkage(sightings(rows), other=phone())
    begin, end = MONDAY + 8 * HOUR, MONDAY + 8 * HOUR + 22 * MINUTE
    metres = STEP * 111_195 * np.cos(np.radians(41.3))

    def place(ms):
        return (ms - begin) / (2 * MINUTE)

    seen, elsewhere = {}, {}
    for vehicle, ms, camera in rows:
        moments = np.arange(max(begin, ms - MARGIN_MS), min(end, ms + MARGIN_MS) + 1, 1_000)
        nearest = np.abs(place(moments) - camera).min() * metres if len(moments) else np.inf
        assert abs(nearest - WITHIN_M) > 20 and abs(nearest - ELSEWHERE_M) > 20
        if nearest < WITHIN_M:
            seen.setdefault(vehicle, set()).add(camera)
        elif begin <= ms <= end and nearest > ELSEWHERE_M:
            elsewhere[vehicle] = elsewhere.get(vehicle, 0) + 1
    matches = found.matches.set_index("vehicle")
    everywhere = set().union(*seen.values())
    holders = {c: sum(c in own for own in seen.values()) for c in everywhere}
    usual = {c: min((n + 1) / 14, 0.8) for c, n in holders.items()}
    assert set(matches.index) == {f"v{vehicle}" for vehicle in seen}
    for vehicle, passes in seen.items():
        assert matches.loc[f"v{vehicle}", "passes_seen"] == len(passes)
        assert matches.loc[f"v{vehicle}", "elsewhere"] == elsewhere.get(vehicle, 0)
        score = sum(np.log(0.8 / usual[c]) for c in passes)
        score += sum(np.log(0.2 / (1 - usual[c])) for c in everywhere - passes)
        score += elsewhere.get(vehicle, 0) * np.log(0.02)
        assert matches.loc[f"v{vehicle}", "score"] == pytest.approx(score, abs=0.01)
    assert found.fitting == sum(vehicle not in elsewhere for vehicle in seen)


def test_a_trace_that_nobody_followed_is_told_from_a_right_one():
    # Vehicle 0 is not in the data: the best is a wrong one, and shifted traces fit as well.
    rows = [row for row in population() if row[0] != 0]
    found = measure_linkage(sightings(rows), other=phone())
    assert found.false_match.value > 0.2


def test_who_was_elsewhere_meanwhile_is_no_longer_the_best():
    # A second vehicle passes the same cameras, and is seen far away in between.
    rows = population()
    rows += [(30, ms, camera) for ms, camera in drive(MONDAY + 8 * HOUR)]
    rows.append((30, MONDAY + 8 * HOUR + 2 * MINUTE, 11))
    matches = measure_linkage(sightings(rows), other=phone()).matches.set_index("vehicle")
    assert matches.loc["v30", "passes_seen"] == matches.loc["v0", "passes_seen"] == 12
    assert matches.loc["v30", "elsewhere"] == 1
    assert matches.loc["v0", "rank"] == 1 and matches.loc["v30", "rank"] == 2


def test_a_camera_round_the_corner_says_nothing():
    # 800 m off the street: too far to be passed, too near to be elsewhere.
    corner = pd.DataFrame({"name": ["c12"], "lat": 41.3 + 0.0072, "lon": 69.2 + 5 * STEP})
    cameras = pd.concat([CAMERAS, corner], ignore_index=True)
    rows = [*population(), (0, MONDAY + 8 * HOUR + 10 * MINUTE, 12)]
    best = measure_linkage(sightings(rows, cameras), other=phone()).matches.iloc[0]
    assert best[["vehicle", "passes_seen", "elsewhere"]].tolist() == ["v0", 12, 0]


def test_twins_share_their_rank():
    rows = population()
    rows += [(30, ms, camera) for ms, camera in drive(MONDAY + 8 * HOUR)]
    found = measure_linkage(sightings(rows), other=phone())
    assert found.matches["rank"].tolist()[:2] == [1.5, 1.5]
    assert found.score == found.second


def test_travellers_of_a_region_are_found():
    # Telephones that log passages with 50 m and 40 s of noise, and lose every third.
    region = make_region(vehicles=300, days=7, seed=6)
    data, seen = region.sightings, region.sightings.to_pandas()
    places = data.camera_table.set_index("name")
    rng = np.random.default_rng(1)
    for vehicle in seen["vehicle"].value_counts().index[:5]:
        own = seen[seen["vehicle"] == vehicle].head(30).sample(20, random_state=1)
        noise = pd.to_timedelta(rng.integers(-40, 41, len(own)), "s")
        trace = pd.DataFrame(
            {
                "time": own["seen_at"] + noise,
                "lat": places["lat"].loc[own["camera"]].to_numpy() + rng.normal(0, 5e-4, len(own)),
                "lon": places["lon"].loc[own["camera"]].to_numpy() + rng.normal(0, 5e-4, len(own)),
            }
        )
        found = measure_linkage(data, other=trace)
        assert found.matches["vehicle"].iloc[0] == vehicle
        assert found.score > np.nanmax([found.second, 0])
        assert found.false_match.value == 0


def test_parts_change_nothing(found):
    parted = measure_linkage(sightings(population()).with_parts(7), other=phone())
    pd.testing.assert_frame_equal(parted.matches, found.matches, check_exact=True)
    assert parted.to_dict() == found.to_dict()


def test_a_file_is_read_in_the_time_of_the_data(tmp_path, found):
    path = tmp_path / "phone.csv"
    frame = phone()
    wall = frame["seen_at"].dt.tz_convert("Asia/Tashkent").dt.strftime("%Y-%m-%d %H:%M:%S")
    frame.assign(time=wall)[["time", "lat", "lon"]].to_csv(path, index=False)
    from_file = measure_linkage(sightings(population()), other=path)
    assert from_file.to_dict() == found.to_dict()


def test_a_trace_of_another_time_has_no_pass():
    found = measure_linkage(sightings(population()), other=phone(MONDAY + 60 * DAY))
    assert found.passes == 0 and found.fitting == 0
    assert "outside the time of the data" in found.summary()
    json.dumps(found.to_dict())


def test_gaps_hide_where_the_traveller_was():
    minutes = np.array([0, 1, 2 + LONGEST_GAP_MS // MINUTE]) * MINUTE
    trace = Trace(minutes, np.zeros(3), np.array([0.0, 0.1, 0.2]))
    there = find_passes(trace, np.zeros(2), np.array([0.05, 0.15]), 500, 0)
    assert there.camera.tolist() == [0]
    assert 0 < there.begins[0] <= 30_000 <= there.ends[0] < MINUTE


def test_passes_that_touch_are_one():
    times = np.arange(0, 10 * MINUTE, 10_000)
    away = np.where(times == 5 * MINUTE, 1.0, 0.0)
    trace = Trace(times, away, np.zeros(len(times)))
    for margin, expected in ((0, 2), (MINUTE, 1)):
        found = find_passes(trace, np.zeros(1), np.zeros(1), 100, margin)
        assert len(found.camera) == expected


@pytest.mark.parametrize(
    ("frame", "remedy"),
    [
        ({"seen_at": ["2025-09-01 08:00"], "lat": [41.3]}, "no column lon"),
        ({"lat": [41.3], "lon": [69.2]}, "no column seen_at"),
        ({"time": ["soon"], "lat": [41.3], "lon": [69.2]}, "row 1 is no time"),
        ({"time": ["2025-09-01 08:00"], "lat": [141.3], "lon": [69.2]}, "row 1 is not a number"),
        ({"time": ["2025-09-01 08:00"], "lat": ["x"], "lon": [69.2]}, "row 1 is not a number"),
    ],
)
def test_what_is_no_trace_is_refused(frame, remedy):
    with pytest.raises(InputError, match=remedy):
        measure_linkage(sightings(population(days=1)), other=pd.DataFrame(frame))


def test_a_missing_file_and_an_empty_trace_are_refused(tmp_path):
    data = sightings(population(days=1))
    with pytest.raises(InputError, match="no such file"):
        measure_linkage(data, other=tmp_path / "none.csv")
    with pytest.raises(UsageError, match="no points"):
        measure_linkage(data, other=phone().head(0))


def test_cameras_without_positions_are_refused():
    data = sightings(population(days=1), cameras=CAMERAS[["name"]])
    with pytest.raises(UsageError, match="cameras=FILE"):
        measure_linkage(data, other=phone())


def test_of_points_at_one_moment_the_last_is_kept():
    frame = pd.DataFrame(
        {"time": ["2025-09-01T08:00:00Z"] * 2, "latitude": [1.0, 2.0], "lng": [3.0, 4.0]}
    )
    trace = read_trace(frame, "UTC")
    assert trace.lat.tolist() == [2.0] and trace.lon.tolist() == [4.0]
