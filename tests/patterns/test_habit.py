from __future__ import annotations

import numpy as np
import pytest

from analyzer.patterns.closeness import trip_cameras
from analyzer.patterns.encounters import run_starts
from analyzer.patterns.habit import daily_rows, shift_calendar, shifted_journeys, shifted_times
from tests.patterns.test_encounters import kernel, oracle_encounters, oracle_journeys

MINUTE, DAY = 60_000, 86_400_000


def oracle_shift(rows, first_day, last_day, s, max_shifts=26):
    """Move rows by one shift, by the words of the definition alone."""
    days = list(range(first_day, last_day + 1))
    weekdays = [[d for d in days if (d + 3) % 7 == w] for w in range(7)]
    kinds = weekdays
    if min(map(len, weekdays)) < 4:
        kinds = [
            [d for d in days if (d + 3) % 7 < 5], [d for d in days if (d + 3) % 7 >= 5]
        ]
        if min(map(len, kinds)) < 2:
            kinds = [days]
    moved = []
    for v, t, c, d in rows:
        day = t // DAY
        kind = next(k for k in kinds if day in k)
        steps = s if len(kinds) == 7 else (s - 1) % (len(kind) - 1) + 1
        new = kind[(kind.index(day) + steps) % len(kind)]
        moved.append((v, t + (new - day) * DAY, c, d))
    return moved


def random_days(rng, days, per_day=4, vehicles=4):
    rows = set()
    for day in range(days):
        for v in range(vehicles):
            for _ in range(rng.integers(per_day + 1)):
                # Around midnight and at eight in the morning, so that all of the borders are met.
                hour = rng.choice([0, 8, 23.95])
                t = (4 + day) * DAY + int(hour * 60 * MINUTE) + int(rng.integers(6 * MINUTE))
                t = min(t, (4 + days) * DAY - 1)
                rows.add((v, t, int(rng.integers(3)), int(rng.integers(-1, 2))))
    return sorted(rows)


@pytest.mark.parametrize("days", [1, 2, 3, 6, 7, 10, 14, 27, 28, 30, 35])
@pytest.mark.parametrize("directed", [False, True])
def test_shifted_journeys_are_those_of_the_shifted_rows(days: int, directed: bool):
    rng = np.random.default_rng(days)
    rows = random_days(rng, days, per_day=10 if days < 10 else 6)
    if not directed:
        rows = [(v, t, c, -1) for v, t, c, _ in rows]
    within, max_gap, min_cameras = 90_000, 5 * MINUTE, 2
    calendar = shift_calendar(4, 4 + days - 1)
    expected = {}
    for a in range(4):
        for b in range(a + 1, 4):
            expected[a, b] = sum(
                len(oracle_journeys(
                    oracle_encounters(
                        oracle_shift([r for r in rows if r[0] == a], 4, 4 + days - 1, s)
                        + [r for r in rows if r[0] == b], within,
                    ).get((a, b), []), max_gap, min_cameras))
                for s in range(1, calendar.shifts + 1)
            )  # fmt: skip
    table = np.array(rows)
    pairs = np.array(list(expected))
    found = count_shifted(table, pairs, calendar, directed, within, max_gap, min_cameras)
    assert found.sum(axis=1).tolist() == list(expected.values())
    if days >= 10:
        assert found.sum() > 5


def count_shifted(
    table, pairs, calendar, directed, within, max_gap, min_cameras, thresholds=(5 * 10**7,)
):  # fmt: skip
    starts = run_starts(table[:, 0])
    passed = trip_cameras(starts, table[:, 1], table[:, 2], max_gap + within)
    columns = {"vehicle": table[:, 0], "camera": table[:, 2], "trip_cameras": passed}
    if directed:
        columns["direction"] = table[:, 3]
    daily = daily_rows(columns, starts, table[:, 1], 4)
    names = ("cameras", "clock", "days", "directions", "trip_cameras")
    side = (starts, *(daily[name] for name in names))
    arrays = calendar.to_broadcast()
    return shifted_journeys(
        pairs[:, 0], pairs[:, 1], *side, *side,
        *(arrays[n] for n in (
            "kind", "position", "sizes", "days_of", "inverse_starts", "inverse")),
        3, within, max_gap, min_cameras, np.array(thresholds),
    )  # fmt: skip


@pytest.mark.parametrize("days", [10, 28])
def test_levels_of_shifted_journeys_are_those_of_the_same_rows_in_place(days: int):
    # Moving one vehicle's rows by a shift and asking the other kernel gives the same closeness.
    within, max_gap, thresholds = 90_000, 5 * MINUTE, np.array([7 * 10**7, 11 * 10**7])
    calendar = shift_calendar(4, 4 + days - 1)
    every = np.zeros(3, np.int64)
    for seed in range(8):
        rows = random_days(np.random.default_rng(seed), days, per_day=9, vehicles=2)
        # A shift may cut a trip at midnight, and then the trip in place is another.
        rows = [(v, t, c, -1) for v, t, c, _ in rows if 3_600_000 < t % DAY < DAY // 2]
        levels = np.zeros(3, np.int64)
        for s in range(1, calendar.shifts + 1):
            moved = oracle_shift([r for r in rows if r[0] == 0], 4, 4 + days - 1, s)
            journeys, _ = kernel(moved + [r for r in rows if r[0]], within, max_gap, 2)
            reached = np.searchsorted(thresholds, journeys[:, 3], "right")
            levels += np.bincount(reached, minlength=3)
        pair = np.array([[0, 1]])
        found = count_shifted(
            np.array(rows), pair, calendar, False, within, max_gap, 2, thresholds
        )
        assert found[0].tolist() == levels.tolist()
        every += levels
    assert (every > 0).all()


@pytest.mark.parametrize("days", [2, 7, 13, 28, 40])
def test_a_shift_moves_every_day_to_another_of_its_kind_and_covers_all(days: int):
    calendar = shift_calendar(4, 4 + days - 1)
    noon = (4 + np.arange(days)) * DAY + DAY // 2
    for s, rotation in enumerate(calendar.rotations, start=1):
        moved = shifted_times(
            noon, rotation, 4, calendar.kind, calendar.position, calendar.sizes, calendar.days_of
        )
        assert sorted(moved) == noon.tolist()
        assert (moved != noon).all()
        rows = [(0, int(t), 0, 0) for t in noon]
        assert moved.tolist() == [t for _, t, *_ in oracle_shift(rows, 4, 4 + days - 1, s)]


def test_shifts_are_by_weeks_from_four_weeks_on():
    assert not shift_calendar(4, 4 + 26).weekly
    calendar = shift_calendar(4, 4 + 27)
    assert calendar.weekly
    assert calendar.shifts == 3


def test_long_data_are_shifted_at_most_so_often_and_evenly():
    rotations = shift_calendar(4, 4 + 7 * 105 - 1, max_shifts=26).rotations[:, 0]
    assert rotations.tolist() == list(range(1, 105, 4))
    assert shift_calendar(4, 4).shifts == 0
