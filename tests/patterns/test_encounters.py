from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.patterns.encounters import (
    count_meetings,
    count_repeats,
    index_by_camera,
    joint_journeys,
    run_starts,
    travels,
)


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


def kernel(rows: list[tuple], within, max_gap, min_cameras, *, directed=True, later_only=True):
    table = np.array(sorted(rows), np.int64).reshape(-1, 4)
    columns = {"vehicle": table[:, 0], "camera": table[:, 2]}
    if directed:
        columns["direction"] = table[:, 3]
    index = index_by_camera(columns, table[:, 1], 8)
    starts = run_starts(table[:, 0])
    return joint_journeys(
        starts, table[starts[:-1], 0], table[:, 1], table[:, 2],
        table[:, 3] if directed else np.empty(0, np.int64),
        *index.values(), within, max_gap, min_cameras, later_only,
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
    rows = random_rows(rng, span=int(rng.choice([100, 400, 3000])))
    within, max_gap = int(rng.integers(0, 12)), int(rng.integers(1, 60))
    if seed % 2:
        # Minutes instead of milliseconds: then the index has many bins.
        rows = [(v, 60_000 * t + 777, c, d) for v, t, c, d in rows]
        within, max_gap = 60_000 * within, 60_000 * max_gap
    expected = []
    for (a, b), met in sorted(oracle_encounters(rows, within).items()):
        expected += [
            (a, b, camera, time, len(met))
            for time, camera in oracle_journeys(met, max_gap, min_cameras)
        ]
    columns = (column.tolist() for column in kernel(rows, within, max_gap, min_cameras))
    found = list(zip(*columns, strict=True))
    assert found == expected


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
        expected += [(a, b, c, t, len(met)) for t, c in oracle_journeys(met, max_gap, 2)]
    found = zip(*(column.tolist() for column in kernel(rows, within, max_gap, 2)), strict=True)
    assert list(found) == expected


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
    index = index_by_camera({"vehicle": table[:, 0], "camera": table[:, 2]}, table[:, 1], 1)
    assert index["index_bins"][2] > 50


def test_every_pair_is_seen_from_both_sides():
    rows = random_rows(np.random.default_rng(5))
    once = kernel(rows, 8, 30, 2)
    both = kernel(rows, 8, 30, 2, later_only=False)
    assert len(both[0]) == 2 * len(once[0])
    pairs = sorted(zip(np.minimum(both[0], both[1]), np.maximum(both[0], both[1]), strict=True))
    assert pairs[::2] == sorted(zip(once[0], once[1], strict=True))


def test_buffers_grow():
    rows = [(v, t, t % 2, -1) for v in (0, 1) for t in range(1500)]
    a, *_, met = kernel(rows, 1, 1, 2, directed=False)
    assert len(a) == 1
    assert met[0] == sum(1 for t in range(1500) for u in (t - 1, t, t + 1)
                         if 0 <= u < 1500 and u % 2 == t % 2)
    many = [(v, 100 * t + s, s, -1) for v in (0, 1) for t in range(1500) for s in (0, 1)]
    assert len(kernel(many, 0, 10, 2, directed=False)[0]) == 1500


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
