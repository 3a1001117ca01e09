"""The worst case against the published table, against brute force, and against its own rules."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.ingest.reader import read_sightings
from analyzer.risk import worst_case_plan
from analyzer.risk.attacks import known_items, proportion, work
from analyzer.risk.worst_case import measure_worst_case
from analyzer.risk.worst_case_plan import ATTACKS
from tests.process_engine import ProcessEngine
from tests.risk import worst_case_oracle as oracle

# The example of scikit-mobility's documentation; the figures are those that it prints.
VISITS = """\
lat,lng,datetime,uid
43.8430139,10.507994,2011-02-03 08:34:04,1
43.54427,10.32615,2011-02-03 09:34:04,1
43.70853,10.4036,2011-02-03 10:34:04,1
43.77925,11.24626,2011-02-04 10:34:04,1
43.8430139,10.507994,2011-02-03 08:34:04,2
43.70853,10.4036,2011-02-03 09:34:04,2
43.8430139,10.507994,2011-02-04 10:34:04,2
43.54427,10.32615,2011-02-04 11:34:04,2
43.54427,10.32615,2011-02-03 08:34:04,3
43.70853,10.4036,2011-02-03 09:34:04,3
43.8430139,10.507994,2011-02-04 10:34:04,3
43.77925,11.24626,2011-02-04 11:34:04,3
43.70853,10.4036,2011-02-04 10:34:04,4
43.54427,10.32615,2011-02-04 11:34:04,4
43.77925,11.24626,2011-02-04 12:34:04,4
43.70853,10.4036,2011-02-04 10:34:04,5
43.77925,11.24626,2011-02-04 11:34:04,5
43.8430139,10.507994,2011-02-05 12:34:04,5
43.8430139,10.507994,2011-02-04 10:34:04,6
43.54427,10.32615,2011-02-04 11:34:04,6
43.8430139,10.507994,2011-02-04 10:34:04,7
43.8430139,10.507994,2011-02-04 11:34:04,7
43.77925,11.24626,2011-02-05 12:34:04,7
"""
PUBLISHED = [
    ("location", 2, None, 0, "3 2 3 3 4 4 2"),
    ("location", 3, None, 0, "2 1 2 3 3 4 1"),
    ("time", 2, "Month", 0, "3 2 3 3 4 4 2"),
    ("time", 3, "Month", 0, "2 1 2 3 3 4 1"),
    ("frequency", 3, None, 0.5, "2 1 2 3 3 4 1"),
    ("sequence", 2, None, 0, "2 2 1 2 1 3 2"),
    ("sequence", 3, None, 0, "1 1 1 1 1 3 1"),
    ("time", 2, "Hour", 0, "1 1 1 1 1 2 1"),
    ("unique_location", 2, None, 0, "3 4 3 3 4 4 4"),
    ("unique_location", 3, None, 0, "2 3 2 3 3 4 4"),
    ("frequency", 2, None, 0, "3 1 3 3 3 3 1"),
    ("proportion", 2, None, 0, "3 1 3 3 3 3 1"),
    ("frequency", 2, None, 0.5, "3 1 3 3 4 4 1"),
    ("probability", 2, None, 0, "2 1 2 1 1 1 1"),
    ("probability", 2, None, 0.5, "3 2 3 3 4 1 1"),
    ("probability", 3, None, 0.5, "2 1 2 3 3 1 1"),
    ("proportion", 2, None, 0.5, "3 4 3 3 3 3 4"),
    ("proportion", 3, None, 0.5, "2 3 2 3 3 3 4"),
    ("home_work", 2, None, 0, "4 4 4 4 1 1 1"),
    ("time", 1, "Hour", 0, "2 2 2 2 1 3 1"),
]
BY_DEFAULT = [
    # What differs where scikit-mobility is wrong: true hours, and the two most visited places.
    ("time", 1, "1h", "1 2 1 1 1 3 1"),
    ("home_work", 2, None, "3 2 3 3 1 2 1"),
]


@pytest.fixture(scope="module")
def published():
    return read_sightings(
        pd.read_csv(io.StringIO(VISITS)),
        plates="pseudonymous",
        timezone="Europe/Rome",
        columns={"uid": "plate"},
        place_grid="exact",
    )


def counts_of(result):
    table = result.risk.sort_values("vehicle")
    assert (table["risk"] == 1 / table["matches"]).all()
    return " ".join(str(matches) for matches in table["matches"])


@pytest.mark.parametrize(("attack", "points", "time", "tolerance", "expected"), PUBLISHED)
def test_published_table(published, attack, points, time, tolerance, expected):
    result = measure_worst_case(
        published, attack, points, time or "1h", tolerance, compatible_with="scikit-mobility"
    )
    assert counts_of(result) == expected
    if attack == "home_work" or (attack, points) == ("time", 1):
        return
    # By default the same: a month of these visits is one week, and what its hours mean is a day.
    bins = {"Month": "7D", "Hour": "1D", None: "1h"}[time]
    assert counts_of(measure_worst_case(published, attack, points, bins, tolerance)) == expected


@pytest.mark.parametrize(("attack", "points", "time", "expected"), BY_DEFAULT)
def test_correct_by_default(published, attack, points, time, expected):
    assert counts_of(measure_worst_case(published, attack, points, time or "1h")) == expected


# Against brute force

CAMERAS = [(41.3, 69.2), (41.3, 69.2), (41.1, 69.5), (41.1, 69.4), (float("nan"),) * 2, (41.9, 69)]
PRECISIONS = {"Month": "30D", "Day": "1D", "Hour": "1h", "Minute": "1min", "Second": "1s"}
LENGTHS = {"1h": timedelta(hours=1), "1D": timedelta(days=1), "15min": timedelta(minutes=15)}
NEW_YORK = "America/New_York"
START = 1_741_410_000_000
"""8 March 2025, the day before clocks went forward in New York."""


def sightings_of(rows, timezone=NEW_YORK):
    vehicle, ms, camera, frames = (np.array(column) for column in zip(*rows, strict=True))
    lat, lon = zip(*CAMERAS, strict=True)
    names = [f"c{code}" for code in range(len(CAMERAS))]
    cameras = pd.DataFrame({"name": names, "lat": lat, "lon": lon})
    return from_arrays(vehicle, ms, camera, cameras=cameras, timezone=timezone, frames=frames)


def random_rows(rng, vehicles=9, most=7, cameras=6):
    rows = []
    for vehicle in range(vehicles):
        habits = rng.integers(0, cameras, 2)
        for _ in range(int(rng.integers(1, most + 1))):
            camera = rng.choice(habits) if rng.random() < 0.5 else rng.integers(0, cameras)
            tick = int(rng.integers(0, 12)) * 9 * 3_600_000 // 4 + int(rng.integers(0, 2)) * 61_000
            frames = 1 + int(rng.random() < 0.2)
            rows.append((vehicle, START + tick, int(camera), frames))
    return rows


@cache
def expected_matches(rows, attack, points, time, tolerance, compatible):
    precision = {length: name for name, length in PRECISIONS.items()}.get(time, time)
    return oracle.matches(
        rows, attack, points, cameras=CAMERAS, timezone=NEW_YORK, tolerance=tolerance,
        compatible=compatible, time=precision if compatible else LENGTHS.get(time),
    )  # fmt: skip


def check(rows, attack, points, time="1h", tolerance=0.0, compatible=False, **options):
    expected = expected_matches(tuple(rows), attack, points, time, tolerance, compatible)
    found = measure_worst_case(
        sightings_of(rows), attack, points, time, tolerance,
        "scikit-mobility" if compatible else None, **options,
    )  # fmt: skip
    assert found.risk["matches"].tolist() == [expected[vehicle] for vehicle in sorted(expected)]
    return found


@pytest.mark.parametrize("compatible", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
def test_equals_brute_force(attack, compatible):
    for seed in range(6):
        rows = random_rows(np.random.default_rng([seed, len(attack)]))
        for points in (1, 2, 3, 4, 9):
            check(rows, attack, points, compatible=compatible)


@pytest.mark.parametrize("compatible", [False, True])
@pytest.mark.parametrize("attack", ["frequency", "probability", "proportion"])
def test_equals_brute_force_with_tolerance(attack, compatible):
    for seed in range(3):
        rng = np.random.default_rng([seed, 7, len(attack)])
        rows = random_rows(rng, vehicles=10, most=12, cameras=4)
        for tolerance in (0.1, 0.2, 0.25, 0.5, 1.0):
            for points in (1, 2, 3, 4):
                check(rows, attack, points, tolerance=tolerance, compatible=compatible)


@pytest.mark.parametrize("time", LENGTHS)
def test_time_bins_equal_brute_force(time):
    for seed in range(4):
        check(random_rows(np.random.default_rng(seed)), "time", 2, time)


@pytest.mark.parametrize("time", [*PRECISIONS, *PRECISIONS.values()])
def test_published_precisions_equal_brute_force(time):
    for seed in range(3):
        rows = random_rows(np.random.default_rng(seed))
        # By the day, 11 January and 1 November are written alike.
        rows += [(20, 1_736_614_800_000, 0, 1), (21, 1_762_016_400_000, 0, 1)]
        found = check(rows, "time", 1, time, compatible=True)
        if time in ("Day", "1D"):
            assert found.risk["matches"].tolist()[-2:] == [2, 2]


@given(
    visits=st.lists(
        st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=1, max_size=8
    ),
    points=st.integers(1, 5),
    attack=st.sampled_from([attack for attack in ATTACKS if attack != "time"]),
    tolerance=st.sampled_from([0.0, 0.1, 1 / 3, 0.5]),
)
@settings(max_examples=60, deadline=None)
def test_any_small_population_equals_brute_force(visits, points, attack, tolerance):
    rows = [
        (vehicle, START + 60_000 * at, camera, 1)
        for vehicle, cameras in enumerate(visits)
        for at, camera in enumerate(cameras)
    ]
    if tolerance == 1 / 3:
        tolerance = 0.3
    check(rows, attack, points, tolerance=tolerance)


def many_rows(rng, vehicles=70, cameras=6):
    """More vehicles than bits in a word, with a few who share everything."""
    rows = []
    for vehicle in range(vehicles):
        for at in range(int(rng.integers(1, 7))):
            rows.append((vehicle, START + 3_600_000 * at, int(rng.integers(0, cameras)), 1))
    return rows + [(vehicles, ms, camera, 1) for vehicle, ms, camera, _ in rows if vehicle == 0]


WAYS = {
    "as it chooses": {},
    "a node for each item": {"_MOST_TOGETHER": 0},
    "all in one node": {"_SLOWER": 1e30},
    "after a first look": {"LOOK_FROM": 0, "_DOMINATOR_STEPS": 0},
    "after a look, a node each": {"LOOK_FROM": 0, "_MOST_TOGETHER": 0},
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("attack", ["location", "time", "unique_location", "frequency"])
def test_every_way_through_the_search_finds_the_same(monkeypatch, attack, way):
    for name, value in way.items():
        monkeypatch.setattr(known_items, name, value)
    monkeypatch.setattr(work, "FEW_STEPS", 0)
    rows = many_rows(np.random.default_rng(0))
    for points in (1, 2, 3, 4):
        tolerance = 0.25 if attack == "frequency" and points % 2 else 0
        check(rows, attack, points, tolerance=tolerance)


@pytest.mark.parametrize("look", [False, True])
@pytest.mark.parametrize("attack", ["probability", "proportion", "sequence", "home_work"])
def test_larger_populations_equal_brute_force(monkeypatch, attack, look):
    if look:
        monkeypatch.setattr(known_items, "LOOK_FROM", 0)
        monkeypatch.setattr(proportion, "LOOK_FROM", 0)
    rows = many_rows(np.random.default_rng(3))
    for points, tolerance in ((2, 0.0), (2, 0.25), (3, 0.5)):
        check(rows, attack, points, tolerance=tolerance)


# Rules


def place_counts(*counts):
    """One vehicle an argument, so often at camera 0, 1, …"""
    rows = []
    for vehicle, own in enumerate(counts):
        for camera, count in enumerate(own):
            rows += [(vehicle, START + 60_000 * at, camera, 1) for at in range(count)]
    return rows


@pytest.mark.parametrize(
    ("tolerance", "known", "count", "agree"),
    [
        (0.1, 9, 10, True),
        (0.1, 11, 10, True),
        (0.1, 8, 10, False),
        (0.1, 12, 10, False),
        (0.1, 27, 30, True),
        (0.1, 33, 30, True),
        (0.07, 93, 100, True),
        (0.07, 107, 100, True),
        (0.3, 7, 10, True),
        (0.3, 13, 10, True),
        (1.0, 1, 5, True),
        (0.9, 1, 10, True),
        (0.0, 3, 3, True),
    ],
)
def test_the_ends_of_a_tolerance_belong_to_it(tolerance, known, count, agree):
    # The third vehicle keeps the share and the proportion of the first two comparable.
    rows = place_counts((known, 100), (count, 100))
    found = measure_worst_case(sightings_of(rows), "frequency", 1, tolerance=tolerance)
    others = measure_worst_case(sightings_of(rows), "frequency", 2, tolerance=tolerance)
    assert found.risk["matches"][0] == others.risk["matches"][0] == (2 if agree else 1)


def test_the_tolerance_is_the_candidates():
    # 5 is within half of 10, but 10 is not within half of 5.
    found = measure_worst_case(sightings_of(place_counts((5,), (10,))), "frequency", 1,
                               tolerance=0.5)  # fmt: skip
    assert found.risk["matches"].tolist() == [2, 1]


def test_cameras_at_one_position_are_one_place_in_the_compatibility_mode_alone():
    rows = [(0, START, 0, 1), (1, START, 1, 1)]
    both = [
        measure_worst_case(sightings_of(rows), points=1, compatible_with=mode).risk["risk"].tolist()
        for mode in (None, "scikit-mobility")
    ]
    assert both == [[1, 1], [0.5, 0.5]]


def test_merged_frames_are_visits_in_the_compatibility_mode_alone():
    frame = pd.DataFrame(
        {
            "plate": ["a", "a", "b"],
            "camera": "c",
            "lat": 41.3,
            "lon": 69.2,
            "seen_at": ["2026-03-01 10:00:00", "2026-03-01 10:00:05", "2026-03-01 11:00:00"],
        }
    )
    sightings = read_sightings(frame, plates="pseudonymous", timezone="Asia/Tashkent")
    assert len(sightings) == 2
    both = [
        measure_worst_case(sightings, points=2, compatible_with=mode).risk["risk"].tolist()
        for mode in (None, "scikit-mobility")
    ]
    assert both == [[0.5, 0.5], [1, 0.5]]


def test_places_with_equal_counts_are_ordered_from_the_south_west():
    # Cameras 2 and 3 lie at one latitude, 3 farther west; camera 4 has no position.
    rows = place_counts((1, 0, 1, 1, 1), (0, 0, 1, 1), (0, 0, 0, 1, 1))
    found = measure_worst_case(sightings_of(rows), "home_work")
    assert found.risk["matches"].tolist() == [2, 2, 1]


def test_times_are_local():
    # 04:30 and 05:30 UTC on 1 March 2025 are two local days in New York.
    rows = [(0, 1_740_803_400_000, 0, 1), (1, 1_740_807_000_000, 0, 1)]
    days = [
        measure_worst_case(sightings_of(rows, zone), "time", 1, "1D").risk["risk"].tolist()
        for zone in (NEW_YORK, "UTC")
    ]
    assert days == [[1, 1], [0.5, 0.5]]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("compatible_with", [None, "scikit-mobility"])
def test_parts_and_processes_change_no_digit(monkeypatch, attack, compatible_with):
    monkeypatch.setattr(work, "FEW_STEPS", 0)
    sightings = sightings_of(random_rows(np.random.default_rng(5), vehicles=40, most=12))
    ask = {"attack": attack, "points": 3, "tolerance": 0.25, "compatible_with": compatible_with}
    one = measure_worst_case(sightings, **ask)
    seven = measure_worst_case(sightings.with_parts(7), engine=LocalEngine(threads=3), **ask)
    apart = measure_worst_case(sightings.with_parts(7), engine=ProcessEngine(seed=5), **ask)
    for other in (seven, apart):
        pd.testing.assert_frame_equal(one.risk, other.risk, check_exact=True)
        assert one == other


# The result


def test_figures_of_the_population():
    # Four alike, two alike, and one alone.
    rows = place_counts(*[(3,)] * 4, *[(0, 3)] * 2, (0, 0, 3))
    result = measure_worst_case(sightings_of(rows), "location", 2)
    assert result.risk["matches"].tolist() == [4, 4, 4, 4, 2, 2, 1]
    assert result.mean_risk.value == pytest.approx(3 / 7)
    assert result.mean_risk.low < result.mean_risk.value < result.mean_risk.high
    assert result.singled_out.value == pytest.approx(1 / 7)
    assert [share.value for share in result.among] == pytest.approx([3 / 7, 1, 1])
    assert {figure.n for figure in result.figures.values()} == {7}
    assert result.mean_risk.baseline == result.singled_out.baseline == pytest.approx(1 / 7)
    assert [share.baseline for share in result.among] == pytest.approx([2 / 7, 5 / 7, 1])
    assert "1 in 7" in result.summary()


def test_nothing_about_single_vehicles_leaves_by_itself(published):
    result = measure_worst_case(published, "home_work")
    names = list(published.vehicles)
    table = result.to_pandas()
    assert "vehicle" not in table and len(table) == 5
    said = json.loads(json.dumps(result.to_dict()))
    assert "risk" not in said and set(said["mean_risk"]) >= {"value", "low", "high", "n"}
    assert not any(f"'{name}'" in text for name in names for text in (repr(result), str(said)))


@pytest.mark.parametrize("attack", ATTACKS)
def test_says_and_draws_itself(published, attack):
    result = measure_worst_case(published, attack, 1, tolerance=0.1)
    assert "{" not in result.summary()
    assert ("10 %" in result.describe()) == (attack in ("frequency", "probability", "proportion"))
    line = result.plot().lines[0]
    shares = [result.singled_out.value, *(share.value for share in result.among)]
    assert line.get_ydata().tolist() == shares


# What is refused


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"attack": "home"}, "home_work"),
        ({"points": 0}, "points=2"),
        ({"points": True}, "points=2"),
        ({"points": 2.0}, "points=2"),
        ({"tolerance": 1.5}, "tolerance=0.1"),
        ({"tolerance": float("nan")}, "tolerance=0.1"),
        ({"tolerance": "0.1"}, "tolerance=0.1"),
        ({"compatible_with": "skmob"}, "scikit-mobility"),
        ({"attack": "time", "time": "Month"}, "1h"),
        ({"attack": "time", "time": "soon", "compatible_with": "scikit-mobility"}, "1h"),
        ({"attack": "time", "time": "15min", "compatible_with": "scikit-mobility"}, "Minute"),
        ({"attack": "time", "time": "36h"}, "1D"),
    ],
)
def test_a_wrong_call_is_told_what_to_write(published, options, remedy):
    with pytest.raises(UsageError, match=remedy):
        measure_worst_case(published, **options)


def test_no_sightings_is_an_error(published):
    with pytest.raises(UsageError, match="no sightings"):
        measure_worst_case(published.between("2020-01-01", "2020-01-02"))


@pytest.mark.parametrize("attack", ["location", "sequence", "proportion"])
def test_too_much_work_is_counted_and_refused(attack):
    rng = np.random.default_rng(0)
    vehicle = np.repeat(np.arange(60), 400)
    camera = rng.integers(0, 100, len(vehicle))
    sightings = from_arrays(vehicle, np.arange(len(vehicle)) * 60_000, camera)
    told = r"points=9 has about .* Ask with points=[1-8], or with"
    with pytest.raises(TooMuchWorkError, match=told) as refusal:
        measure_worst_case(sightings, attack, points=9, tolerance=1.0)
    assert "not started" in str(refusal.value)


# Times are counted as places are; what a first look leaves of them here is never in between.
@pytest.mark.parametrize("attack", sorted(set(work.REMEDIES) - {"time"}))
def test_the_points_that_a_refusal_names_are_the_most_that_are_not_refused(attack, monkeypatch):
    rng = np.random.default_rng(4)
    vehicle = np.repeat(np.arange(200), 30)
    camera = rng.integers(0, 12, len(vehicle))
    sightings = from_arrays(vehicle, rng.integers(0, 24 * 3_600_000, len(vehicle)), camera)
    for search in (known_items, proportion):
        monkeypatch.setattr(search, "LOOK_FROM", 0)

    def ask(points):
        measure_worst_case(sightings, attack, points, time="1h", tolerance=0.5)

    named = set()
    for most in (1e4, 1e5, 1e6, 3e6):
        monkeypatch.setattr(work, "MOST_STEPS", most)
        try:
            ask(6)
        except TooMuchWorkError as refusal:
            told = re.search(r"Ask with points=(\d), or with ", str(refusal))
            if told is None:
                continue
            named.add(int(told.group(1)))
            ask(max(named))
            with pytest.raises(TooMuchWorkError):
                ask(max(named) + 1)
    assert named and max(named) < 6
    monkeypatch.setattr(work, "MOST_STEPS", 1)
    with pytest.raises(TooMuchWorkError, match=r"Ask with (?!points)"):
        ask(6)


def test_an_early_end_saves_what_would_be_refused():
    # Every vehicle is alone somewhere: combinations without number, but one look is enough.
    vehicle = np.repeat(np.arange(40), 300)
    camera = np.tile(np.arange(300), 40)
    camera[::300] = 300 + np.arange(40)
    sightings = from_arrays(vehicle, np.arange(len(vehicle)) * 60_000, camera)
    assert measure_worst_case(sightings, "location", points=12).singled_out.value == 1


@pytest.mark.parametrize("attack", ["location", "sequence", "home_work"])
def test_what_memory_does_not_hold_is_refused_with_what_to_give(monkeypatch, attack):
    rng = np.random.default_rng(1)
    vehicle = np.repeat(np.arange(60), 10)
    some = from_arrays(vehicle, rng.integers(0, 10**9, 600), rng.integers(0, 40, 600))
    fine = measure_worst_case(some, attack, 2, memory="100MB")
    assert fine.risk["risk"].between(0, 1).all()
    # So little is held whatever memory is given.
    assert measure_worst_case(some, attack, 2, engine=LocalEngine(memory=10_000)).risk.equals(
        fine.risk
    )
    monkeypatch.setattr(worst_case_plan, "LEAST_REFUSED", 0)
    with pytest.raises(TooMuchWorkError, match=r"would hold about .* memory='1GB', or .*between"):
        measure_worst_case(some, attack, 2, engine=LocalEngine(memory=10_000))
