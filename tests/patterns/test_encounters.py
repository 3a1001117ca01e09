from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.patterns.camera_index import index_by_camera
from analyzer.patterns.closeness import trip_cameras
from analyzer.patterns.encounter_counts import (
    count_meetings,
    count_repeats,
    encounters_of_pairs,
)
from analyzer.patterns.encounters import run_starts, travels
from analyzer.patterns.joint_journeys import joint_journeys


def oracle_encounters(rows: list[tuple], within: int) -> dict[tuple[int, int], list]:
    """All encounters by comparing all sightings: pair → (time, camera), sorted."""
    met: dict[tuple[int, int], list] = {}
    for (v, t, c, d), (w, u, e, f) in combinations(rows, 2):
        if v == w or c != e or abs(t - u) > within:
            continue
        if -1 not in (d, f) and d != f:
            continue
        met.setdefault((min(v, w), max(v, w)), []).append((max(t, u), c))
    return {pair: sorted(times) for pair, times in met.items()}


def oracle_journeys(encounters: list, max_gap: int, min_cameras: int) -> list[tuple]:
    """First encounters of the joint journeys among a pair's encounters."""
    runs: list[list] = []
    for time, camera in encounters:
        if runs and time - runs[-1][-1][0] <= max_gap:
            runs[-1].append((time, camera))
        else:
            runs.append([(time, camera)])
    return [run[0] for run in runs if len({camera for _, camera in run}) >= min_cameras]


def oracle_trips(rows: list[tuple], gap: int) -> dict[tuple[int, int], set]:
    """Cameras of the trip of each sighting: (vehicle, time) → cameras."""
    trips: dict = {}
    for vehicle in {row[0] for row in rows}:
        own = sorted((t, c) for v, t, c, _ in rows if v == vehicle)
        trip: list = []
        for i, (t, c) in enumerate(own):
            trip.append((t, c))
            if i + 1 == len(own) or own[i + 1][0] - t > gap:
                for u, _ in trip:
                    trips[vehicle, u] = {camera for _, camera in trip}
                trip = []
    return trips


def oracle_closeness(rows: list[tuple], pair, run: list[tuple], within: int, gap: int) -> set[int]:
    """Closeness of a joint journey, given its (time, camera); several where the first is a tie."""
    trips = oracle_trips(rows, gap + within)
    nearest: dict = {}
    firsts = []
    for (v, t, c, d), (w, u, e, f) in product(
        [row for row in rows if row[0] == pair[0]], [row for row in rows if row[0] == pair[1]]
    ):
        if c == e and abs(t - u) <= within and (-1 in (d, f) or d == f) and (max(t, u), c) in run:
            nearest[c] = min(nearest.get(c, within), abs(t - u))
            if (max(t, u), c) == min(run):
                firsts.append(len(trips[v, t]) + len(trips[w, u]))
    n = len(nearest)
    mean = sum(nearest.values()) // n
    return {
        (10**9 * n // (max(passed - n, n) + 1)) * 10_000 // (10_000 + mean) for passed in firsts
    }


def oracle_runs(encounters: list, max_gap: int, min_cameras: int) -> list[list]:
    runs: list[list] = []
    for time, camera in encounters:
        if runs and time - runs[-1][-1][0] <= max_gap:
            runs[-1].append((time, camera))
        else:
            runs.append([(time, camera)])
    return [run for run in runs if len({camera for _, camera in run}) >= min_cameras]


NONE = np.empty(0, np.int64)


def kernel(
    rows: list[tuple], within, max_gap, min_cameras, *, directed=True, later_only=True, least=1,
    thresholds=NONE, kept=(),
):  # fmt: skip
    """Run the kernel; a sighting's cell is its own row, so that journeys tell where they began."""
    table = np.array(sorted(rows), np.int64).reshape(-1, 4)
    starts = run_starts(table[:, 0])
    passed = trip_cameras(starts, table[:, 1], table[:, 2], max_gap + within)
    columns = {"vehicle": table[:, 0], "camera": table[:, 2], "trip_cameras": passed}
    if directed:
        columns["direction"] = table[:, 3]
    index = index_by_camera(columns, table[:, 1], 8)
    return joint_journeys(
        starts, table[starts[:-1], 0], table[:, 1], table[:, 2],
        table[:, 3] if directed else np.empty(0, np.int64), passed, np.arange(len(table)),
        *index.values(), within, max_gap, min_cameras, later_only,
        np.isin(np.arange(9), kept), least, thresholds, max(len(table), 1),
    )  # fmt: skip


def random_rows(rng, n=120, vehicles=6, cameras=4, span=400, directions=(-1, 0, 1)):
    return [
        (int(v), int(t), int(c), int(rng.choice(directions)))
        for v, t, c in zip(
            rng.integers(vehicles, size=n), rng.integers(span, size=n),
            rng.integers(cameras, size=n), strict=True,
        )
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("min_cameras", [2, 3])
def test_joint_journeys_are_those_of_the_oracle(seed: int, min_cameras: int):
    rng = np.random.default_rng(seed)
    rows = sorted(set(random_rows(rng, span=int(rng.choice([100, 400, 3000])))))
    within, max_gap = int(rng.integers(0, 12)), int(rng.integers(1, 60))
    if seed % 2:
        # Minutes instead of milliseconds: then the index has many bins.
        rows = [(v, 60_000 * t + 777, c, d) for v, t, c, d in rows]
        within, max_gap = 60_000 * within, 60_000 * max_gap
    expected = []
    for (a, b), met in sorted(oracle_encounters(rows, within).items()):
        for run in oracle_runs(met, max_gap, min_cameras):
            expected.append((a, b, run))
    journeys, unlisted = kernel(rows, within, max_gap, min_cameras)
    assert not unlisted.any()
    assert journeys[:, :2].tolist() == [[a, b] for a, b, _ in expected]
    for (a, b, run), (_, _, cell, closeness) in zip(expected, journeys.tolist(), strict=True):
        v, t, c, _ = rows[cell]
        assert (v, c) == (a, run[0][1]) and run[0][0] - within <= t <= run[0][0]
        assert closeness in oracle_closeness(rows, (a, b), run, within, max_gap)


@pytest.mark.parametrize("seed", range(6))
def test_pairs_with_one_journey_are_tallied_unless_they_are_kept(seed: int):
    rows = random_rows(np.random.default_rng(seed), n=300, vehicles=8, span=1200)
    rows = [(v, t, c, -1) for v, t, c, _ in rows]
    terms = (8, 30, 2)
    every, _ = kernel(rows, *terms)
    thresholds = np.unique(np.quantile(every[:, 3], [0.4, 0.8]).astype(np.int64))
    listed, unlisted = kernel(rows, *terms, least=2, kept=[3], thresholds=thresholds)
    of_pair = Counter(map(tuple, every[:, :2].tolist()))
    stays = [of_pair[a, b] > 1 or 3 in (a, b) for a, b in every[:, :2].tolist()]
    np.testing.assert_array_equal(listed, every[stays])
    gone = every[~np.array(stays)]
    tally = np.zeros_like(unlisted)
    for _, _, cell, closeness in gone.tolist():
        tally[sum(closeness >= t for t in thresholds), cell] += 1
    np.testing.assert_array_equal(unlisted, tally)
    assert len(gone) > 2 and len(listed) > 2


def test_the_random_rows_hold_journeys_and_none():
    rows = random_rows(np.random.default_rng(0))
    met = oracle_encounters(rows, 8)
    journeys = [len(oracle_journeys(times, 30, 2)) for times in met.values()]
    assert sum(journeys) > 5
    assert any(len(times) > 1 and not n for times, n in zip(met.values(), journeys, strict=True))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 60), st.integers(0, 2), st.integers(-1, 1)
        ),
        max_size=40,
    ),
    st.integers(0, 5),
    st.integers(1, 20),
)
def test_joint_journeys_of_any_rows(rows, within, max_gap):
    expected = []
    for (a, b), met in sorted(oracle_encounters(rows, within).items()):
        expected += [[a, b]] * len(oracle_journeys(met, max_gap, 2))
    journeys, _ = kernel(rows, within, max_gap, 2)
    assert journeys[:, :2].tolist() == expected
    # The order in which rows come means nothing.
    np.testing.assert_array_equal(kernel(rows[::-1], within, max_gap, 2)[0], journeys)


def test_both_borders_are_inclusive():
    rows = [(0, 0, 0, -1), (1, 10, 0, -1), (0, 110, 1, -1), (1, 110, 1, -1)]
    assert len(kernel(rows, 10, 100, 2)[0]) == 1
    assert len(kernel(rows, 9, 100, 2)[0]) == 0
    assert len(kernel(rows, 10, 99, 2)[0]) == 0


def test_one_camera_counts_once_in_a_journey():
    rows = [(v, t, 0, -1) for v in (0, 1) for t in (0, 20, 40)]
    assert len(kernel(rows, 5, 30, 2)[0]) == 0
    assert len(kernel([*rows, (0, 60, 1, -1), (1, 60, 1, -1)], 5, 30, 2)[0]) == 1


def test_opposite_directions_are_no_encounter_and_unknown_ones_are():
    def journeys(a: int, b: int) -> int:
        rows = [(v, t, t // 10, d) for v, d in ((0, a), (1, b)) for t in (0, 10)]
        return len(kernel(rows, 5, 30, 2)[0])

    assert (journeys(0, 1), journeys(0, 0), journeys(-1, 1), journeys(0, -1)) == (0, 1, 1, 1)


def test_long_times_are_looked_up_by_bins():
    rows = [(v, 60_000 * t, 0, -1) for v, t, *_ in random_rows(np.random.default_rng(0))]
    table = np.array(sorted(rows))
    columns = {"vehicle": table[:, 0], "camera": table[:, 2], "trip_cameras": table[:, 3]}
    index = index_by_camera(columns, table[:, 1], 1)
    assert index["index_bins"][2] > 50


@pytest.mark.parametrize("crowd", [False, True])
def test_the_index_is_sorted_by_camera_and_time(crowd: bool):
    rng = np.random.default_rng(2)
    # Hundreds within a minute fill one bin; hours spread over many.
    times = rng.integers(0, 50_000 if crowd else 5_000_000, 700)
    rows = {
        "vehicle": np.arange(700), "camera": rng.integers(0, 3, 700),
        "trip_cameras": rng.integers(1, 9, 700), "direction": rng.integers(-1, 2, 700),
    }
    index = index_by_camera(rows, times, 4)
    order = sorted(range(700), key=lambda row: (rows["camera"][row], times[row], row))
    assert index["index_vehicles"].tolist() == order
    assert index["index_times"].tolist() == times[order].tolist()
    assert index["index_directions"].tolist() == rows["direction"][order].tolist()
    assert index["index_trip_cameras"].tolist() == rows["trip_cameras"][order].tolist()
    first, length, bins = index["index_bins"]
    for camera in range(4):
        here = np.flatnonzero(rows["camera"] == camera)
        at = np.bincount((times[here] - first) // length, minlength=bins)
        starts = index["index_starts"][camera * bins : (camera + 1) * bins + 1]
        assert np.diff(starts).tolist() == at.tolist()


def test_every_pair_is_seen_from_both_sides():
    rows = random_rows(np.random.default_rng(5))
    once = kernel(rows, 8, 30, 2)[0][:, :2]
    both = np.sort(kernel(rows, 8, 30, 2, later_only=False)[0][:, :2], axis=1)
    assert len(both) == 2 * len(once)
    assert sorted(both.tolist())[::2] == sorted(once.tolist())


def test_buffers_grow():
    rows = [(v, t, t % 2, -1) for v in (0, 1) for t in range(1500)]
    assert len(kernel(rows, 1, 1, 2, directed=False)[0]) == 1
    many = [(v, 100 * t + s, s, -1) for v in (0, 1) for t in range(1500) for s in (0, 1)]
    assert len(kernel(many, 0, 10, 2, directed=False)[0]) == 1500


@pytest.mark.parametrize("directed", [True, False])
def test_encounters_of_pairs_are_those_of_the_oracle(directed: bool):
    rows = sorted(set(random_rows(np.random.default_rng(8), directions=(-1, 0, 1))))
    if not directed:
        rows = sorted({(v, t, c, -1) for v, t, c, _ in rows})
    table = np.array(rows)
    starts = run_starts(table[:, 0])
    side = (starts, table[:, 1], table[:, 2], table[: None if directed else 0, 3])
    a, b = np.triu_indices(6, 1)
    found, at_camera = encounters_of_pairs(a, b, *side, *side, 9, 5)
    expected = oracle_encounters(rows, 9)
    assert found.tolist() == [len(expected.get(pair, ())) for pair in zip(a, b, strict=True)]
    assert found.sum() > 20
    cameras = Counter(camera for met in expected.values() for _, camera in met)
    assert at_camera.tolist() == [cameras[camera] for camera in range(5)]


@pytest.mark.parametrize("seed", range(4))
def test_trip_cameras_are_counted_by_trip(seed: int):
    rows = sorted(
        {(v, t): (v, t, c, -1) for v, t, c, _ in random_rows(np.random.default_rng(seed))}.values()
    )
    table = np.array(rows)
    found = trip_cameras(run_starts(table[:, 0]), table[:, 1], table[:, 2], 25)
    trips = oracle_trips(rows, 25)
    assert found.tolist() == [len(trips[v, t]) for v, t, *_ in rows]
    assert len(set(found.tolist())) > 2


@pytest.mark.parametrize("seed", range(6))
def test_travels_is_a_trip_at_enough_cameras(seed: int):
    rng = np.random.default_rng(seed)
    rows = sorted({(v, t, c) for v, t, c, _ in random_rows(rng, n=60, vehicles=12, span=600)})
    table = np.array(rows)
    starts = run_starts(table[:, 0])
    found = travels(starts, table[:, 1], table[:, 2], 25, 3)
    expected = []
    for vehicle in np.unique(table[:, 0]):
        own = [(t, c) for v, t, c in rows if v == vehicle]
        expected.append(bool(oracle_journeys(own, 25, 3)))
    assert found.tolist() == expected


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("directed", [True, False])
def test_encounters_are_counted_without_being_looked_at(seed: int, directed: bool):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, directions=(-1, 0, 1) if directed else (-1,))
    within = int(rng.integers(0, 40))
    by_vehicle, by_camera = np.array(sorted(rows)), np.array(sorted(rows, key=lambda r: r[2::-1]))
    direction = slice(0, None if directed else 0)
    met = count_meetings(by_camera[:, 2], by_camera[:, 1], by_camera[direction, 3], within)
    v, t, c, d = by_vehicle.T
    itself = count_repeats(v, c, t, d[direction], within)
    assert met - itself == sum(map(len, oracle_encounters(rows, within).values()))
    assert itself > 0 or within < 5
