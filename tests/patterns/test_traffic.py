from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.patterns.moves import cell_of, deal_moves, find_moves, sum_squares
from analyzer.patterns.slot_sums import Sums, sum_slots
from analyzer.patterns.traffic import (
    BORROWED,
    fit_mixture,
    traffic_of_pairs,
    traffic_with_all,
)

MINUTE, DAY = 60_000, 86_400_000
CAMERAS, SLOTS, GAP = 3, 144, 45 * MINUTE


def region(rng, vehicles=7, trips=6, days=9):
    """Trips of three or four cameras at two hours of the day, midnight among them."""
    rows = []
    for v in range(vehicles):
        for _ in range(trips):
            at = int(rng.integers(days)) * DAY + int(rng.choice([0, 8, 23.9]) * 60 * MINUTE)
            at += 4 * DAY + int(rng.integers(15 * MINUTE))
            for _ in range(rng.integers(1, 5)):
                rows.append((v, at, int(rng.integers(CAMERAS))))
                at += int(rng.integers(1, 9 * MINUTE))
    return sorted(rows)


def oracle_moves(rows):
    """Moves by vehicle: (camera, next, weekend, day, {slot: share})."""
    moves = defaultdict(list)
    for (v, t, c), (w, u, d) in pairwise(rows):
        if v != w or c == d or u - t > GAP:
            continue
        # Shares of sixteen: how near the time is to the middles of the two slots around it.
        sixteenths = (t % DAY) * SLOTS * 16 // DAY - 8
        slot, later = sixteenths // 16 % SLOTS, sixteenths % 16
        shares = {slot: (16 - later) / 16, (slot + 1) % SLOTS: later / 16}
        moves[v].append((c, d, (t // DAY + 3) % 7 >= 5, t // DAY, shares))
    return moves


def alike(one, other) -> float:
    if one[:3] != other[:3]:
        return 0.0
    return sum(share * other[4].get(slot, 0.0) for slot, share in one[4].items())


def oracle_traffic(a, b, moves, journeys, own, days):
    by_hour, by_way, by_camera = Counter(), Counter(), Counter()
    vehicles = sorted(moves)
    for i, v in enumerate(vehicles):
        for w in vehicles[i + 1 :]:
            for m in moves[v]:
                for n in moves[w]:
                    by_hour[m[0], m[2]] += alike(m, n)
                    by_way[m[0]] += m[:2] == n[:2]
                    by_camera[m[0]] += m[0] == n[0]
    begun, mine = Counter(journeys), Counter(own)
    parts = np.zeros(3)
    for camera in range(CAMERAS):
        for weekend in (False, True):
            both = other_days = 0.0
            for m in moves[a]:
                for n in moves[b]:
                    if (m[0], m[2]) == (camera, weekend):
                        both += alike(m, n)
                        other_days += alike(m, n) * (m[3] != n[3])
            of_kind = sum(k % 2 == weekend for k in journeys) - sum(k % 2 == weekend for k in own)
            every = sum(n for (_, kind), n in by_hour.items() if kind == weekend)
            overall = (of_kind + 1) / (every + 1)
            cell = 2 * camera + weekend
            rate = (begun[cell] - mine[cell] + BORROWED) / (
                by_hour[camera, weekend] - both + BORROWED / overall
            )
            d = days[int(weekend)]
            parts[0] += (other_days * d / (d - 1) if d > 1 else both) * rate
        here = sum(k // 2 == camera for k in journeys) - sum(k // 2 == camera for k in own)
        for k, there, length in ((1, by_way, 2), (2, by_camera, 1)):
            both = sum(
                m[:length] == n[:length] and m[0] == camera for m in moves[a] for n in moves[b]
            )
            overall = (len(journeys) - len(own) + 1) / (sum(there.values()) + 1)
            parts[k] += both * (here + BORROWED) / (there[camera] - both + BORROWED / overall)
    return parts


def arrays(rows):
    table = np.array(rows)
    starts = np.searchsorted(table[:, 0], np.arange(table[-1, 0] + 2))
    moves = find_moves(starts, table[:, 1], table[:, 1], table[:, 2], GAP, CAMERAS, SLOTS)
    dealt = deal_moves(*moves[:3], SLOTS)
    used, units = sum_slots(*dealt[1:])
    ways, way_units = sum_slots(used // (SLOTS * 2), units)
    whole = np.bincount(ways // CAMERAS, way_units, minlength=CAMERAS).astype(np.int64)
    cell = used // (SLOTS * 2) // CAMERAS * 2 + used // SLOTS % 2
    squares = (
        np.bincount(cell, units**2, minlength=2 * CAMERAS),
        np.bincount(ways // CAMERAS, way_units**2, minlength=CAMERAS),
        whole**2,
    )
    itself = sum_squares(*dealt, CAMERAS, SLOTS)
    there = tuple((every - own) / 512 for every, own in zip(squares, itself, strict=True))
    return moves, dealt, (used, units, ways, way_units, whole), there


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("days", [(5, 4), (1, 1)])
def test_traffic_is_that_of_the_oracle_and_symmetric(seed: int, days):
    rng = np.random.default_rng(seed)
    rows = region(rng)
    moves, dealt, _, there = arrays(rows)
    journeys = rng.integers(0, 2 * CAMERAS, 40).tolist()
    a, b = np.triu_indices(7, 1)
    own = [journeys[i : i + rng.integers(0, 3)] if i < 38 else [] for i in range(len(a))]
    own_starts = np.append(0, np.cumsum([len(o) for o in own]))
    own_cells = np.array([c for o in own for c in o], np.int64)
    begun = np.bincount(journeys, minlength=2 * CAMERAS)

    def traffic(first, second):
        return traffic_of_pairs(
            first, second, own_starts, own_cells, *moves, *dealt, *moves, *dealt, begun, *there,
            np.array(days), CAMERAS, SLOTS,
        )  # fmt: skip

    of = oracle_moves(rows)
    expected = [
        oracle_traffic(x, y, of, journeys, own[i], days)
        for i, (x, y) in enumerate(zip(a, b, strict=True))
    ]
    np.testing.assert_allclose(traffic(a, b), expected, rtol=1e-10)
    np.testing.assert_allclose(traffic(b, a), expected, rtol=1e-10)
    assert np.min(np.array(expected)[:, 2]) > 0


def test_traffic_of_all_pairs_is_about_the_journeys_there_were():
    rng = np.random.default_rng(3)
    rows = region(rng, vehicles=40, trips=12)
    moves, dealt, sums, there = arrays(rows)
    begun = rng.integers(0, 300, 2 * CAMERAS)
    with_all = traffic_with_all(*dealt, *sums, begun, *there, CAMERAS, SLOTS)
    # Each pair stands in the sums of both vehicles.
    np.testing.assert_allclose(with_all.sum(axis=0) / 2, begun.sum(), rtol=0.03)
    a, b = np.triu_indices(40, 1)
    none = np.zeros(len(a) + 1, np.int64)
    pairs = traffic_of_pairs(
        a, b, none, none[:0], *moves, *dealt, *moves, *dealt, begun, *there, np.array([1, 1]),
        CAMERAS, SLOTS,
    )  # fmt: skip
    np.testing.assert_allclose(pairs.sum(axis=0), with_all.sum(axis=0) / 2, rtol=0.03)


def test_the_mixture_is_found_again():
    rng = np.random.default_rng(1)
    parts = rng.gamma(0.2, 1, (30_000, 3))
    parts /= parts.sum(axis=0) / 10_000
    journeys = rng.poisson(parts @ [0.7, 0.25, 0.05])
    np.testing.assert_allclose(fit_mixture(journeys, parts), [0.7, 0.25, 0.05], atol=0.03)


def test_what_happened_on_one_day_is_left_out():
    # The same way at the same minute, on one Monday only: nothing on other days explains it.
    rows = [(v, 4 * DAY + 480 * MINUTE + t, c) for v in (0, 1) for t, c in ((0, 0), (MINUTE, 1))]
    rows += [(2, 5 * DAY + 480 * MINUTE, 0), (2, 5 * DAY + 481 * MINUTE, 1)]
    moves, dealt, _, there = arrays(rows)
    a, b = np.array([0, 0]), np.array([1, 2])
    none = np.zeros(3, np.int64)
    begun = np.array([5, 0, 0, 0, 0, 0])
    same, other = traffic_of_pairs(
        a, b, none, none[:0], *moves, *dealt, *moves, *dealt, begun, *there, np.array([5, 2]),
        CAMERAS, SLOTS,
    )  # fmt: skip
    assert same[0] == 0 < other[0]
    assert same[1] > 0 and same[2] > 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9 * 144 - 1), st.integers(0, 2)),
                min_size=1, max_size=30, unique_by=lambda row: row[:2]))  # fmt: skip
def test_every_move_is_dealt_out_whole(rows):
    rows = sorted((v, 10 * MINUTE * t + 777, c) for v, t, c in rows)
    moves, _, (used, units, *_, whole), _ = arrays(rows)
    of = oracle_moves(rows)
    assert np.diff(moves[0]).tolist() == [len(of[v]) for v in range(rows[-1][0] + 1)]
    assert units.sum() == whole.sum() == 16 * len(moves[1])
    shares = Counter()
    for m in (m for own in of.values() for m in own):
        for slot, share in m[4].items():
            if share:
                shares[((m[0] * CAMERAS + m[1]) * 2 + m[2]) * SLOTS + slot] += round(16 * share)
    assert dict(zip(used.tolist(), units.tolist(), strict=True)) == shares


def test_cells_part_weekends_from_working_days():
    friday, saturday = 8 * DAY, 9 * DAY
    found = cell_of(np.array([1, 1, 1]), np.array([friday, saturday, saturday + DAY - 1]))
    assert found.tolist() == [2, 3, 3]


@given(st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 9)), max_size=9), max_size=9))
def test_sums_of_many_are_those_of_all_at_once(parts):
    sums, expected = Sums(), Counter()
    for part in parts:
        table = np.array(part, np.int64).reshape(-1, 2)
        sums.add(*sum_slots(table[:, 0], table[:, 1]))
        for slot, units in part:
            expected[slot] += units
    slots, units = sums.total()
    assert list(zip(slots.tolist(), units.tolist(), strict=True)) == sorted(expected.items())
