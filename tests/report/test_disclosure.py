"""Hidden counts stay hidden: an attacker who enumerates every table that fits learns nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.report.disclosure import (
    check_threshold,
    coarsen_positions,
    differencing_ranges,
    protect,
    suppress,
    suppress_od,
)

K = 5


def enumerate_ranges(cells: list[int | None], sums: list[tuple[list[int], int]]):
    """Oracle: try every whole number from one up in every hidden cell; keep what fits all sums."""
    hidden = [at for at, value in enumerate(cells) if value is None]
    bound = {at: [(set(line), total) for line, total in sums if at in line] for at in hidden}
    free = [at for at in hidden if not bound[at]]
    tried = [at for at in hidden if bound[at]]
    ranges = {at: (1, np.inf) for at in free}
    left = [total - sum(cells[at] or 0 for at in line) for line, total in sums]
    members = [[at for at in tried if at in set(line)] for line, _ in sums]
    low, high = dict.fromkeys(tried, np.inf), dict.fromkeys(tried, -np.inf)
    solution: dict[int, int] = {}

    def descend(place: int) -> None:
        if place == len(tried):
            if all(rest == 0 for rest in left):
                for at, value in solution.items():
                    low[at], high[at] = min(low[at], value), max(high[at], value)
            return
        at = tried[place]
        over = [i for i, line in enumerate(members) if at in line]
        later = [sum(other in line for other in tried[place + 1 :]) for line in members]
        most = min(left[i] - later[i] for i in over)
        forced = [left[i] for i in over if later[i] == 0]
        values = range(forced[0], forced[0] + 1) if forced else range(1, most + 1)
        for value in values:
            if value < 1 or value > most:
                continue
            for i in over:
                left[i] -= value
            solution[at] = value
            descend(place + 1)
            for i in over:
                left[i] += value
        solution.pop(at, None)

    descend(0)
    return ranges | {at: (low[at], high[at]) for at in tried}


def attack(safe, frame: pd.DataFrame, by: list[str]):
    """What somebody who only reads the published tables can bound."""
    cells = [None if pd.isna(value) else int(value) for value in safe.cells["vehicles"]]
    sums = []
    for column in by:
        for name, total in safe.totals[column].itertuples(index=False):
            if not pd.isna(total):
                line = [at for at, value in enumerate(frame[column]) if value == name]
                sums.append((line, int(total)))
    if safe.total is not None:
        sums.append((list(range(len(cells))), safe.total))
    return cells, enumerate_ranges(cells, sums)


def assert_safe(frame: pd.DataFrame, by: list[str], k: int = K) -> None:
    safe = protect(frame, "vehicles", k, by)
    cells, ranges = attack(safe, frame, by)
    truth = frame["vehicles"].tolist()
    for shown, true in zip(cells, truth, strict=True):
        assert shown is None or shown == true
        assert shown is None or shown == 0 or shown >= k
    for at, (low, high) in ranges.items():
        assert low <= truth[at] <= high
        assert high - low >= k - 1, (truth, cells, safe.totals, safe.total)
    for column in by:
        for total in safe.totals[column]["vehicles"].dropna():
            assert total == 0 or total >= k
    assert safe.total is None or safe.total == 0 or safe.total >= k


counts = st.integers(0, 13)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_a_list_with_its_total_gives_no_cell_away(values):
    assert_safe(pd.DataFrame({"vehicles": values}), [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), counts), min_size=1, max_size=7))
def test_groups_with_subtotals_give_no_cell_away(rows):
    assert_safe(pd.DataFrame(rows, columns=["group", "vehicles"]), ["group"])


@settings(max_examples=40, deadline=None)
@given(st.lists(counts, min_size=6, max_size=6), st.sampled_from([2, 3]))
def test_crossing_margins_give_no_cell_away(values, wide):
    frame = pd.DataFrame({
        "origin": [at // wide for at in range(6)], "destination": [at % wide for at in range(6)],
        "vehicles": values,
    })
    assert_safe(frame, ["origin", "destination"])


def test_crossing_margins_on_a_larger_table():
    random = np.random.default_rng(5)
    for _ in range(4):
        values = random.choice([0, 1, 2, 3, 6, 9, 30], 9)
        frame = pd.DataFrame({"origin": np.arange(9) // 3, "destination": np.arange(9) % 3,
                              "vehicles": values})
        assert_safe(frame, ["origin", "destination"])


def test_ranges_agree_with_enumeration():
    random = np.random.default_rng(11)
    for _ in range(40):
        values = random.integers(1, 12, 6)
        hidden = random.random(6) < 0.7
        lines = [np.array(line) for line in ([0, 1, 2], [3, 4, 5], [0, 3], [1, 4], [2, 5])]
        lines = [line for line in lines if random.random() < 0.8]
        if not hidden.any():
            continue
        low, high = differencing_ranges(values, hidden, lines)
        pairs = zip(values, hidden, strict=True)
        cells = [None if secret else int(value) for value, secret in pairs]
        sums = [(line.tolist(), int(values[line].sum())) for line in lines]
        wanted = enumerate_ranges(cells, sums)
        assert [(a, b) for a, b in zip(low, high, strict=True)] == [
            wanted[at] for at in np.flatnonzero(hidden)
        ]


def test_the_oracle_catches_primary_suppression_alone():
    cells, sums = [40, None, 17], [([0, 1, 2], 60)]
    assert enumerate_ranges(cells, sums) == {1: (3, 3)}


def test_the_smallest_other_cell_goes_with_a_lone_hidden_one():
    frame = pd.DataFrame({"zone": list("abcd"), "vehicles": [400, 3, 90, 55]})
    assert suppress(frame, "vehicles")["vehicles"].isna().tolist() == [False, True, False, True]


def test_nothing_is_hidden_where_nothing_is_small():
    frame = pd.DataFrame({"zone": list("abc"), "vehicles": [10, 0, 55]})
    safe = protect(frame, "vehicles", 10, ["zone"])
    assert safe.hidden == 0
    assert safe.total == 65
    assert safe.cells["vehicles"].tolist() == [10, 0, 55]


def test_columns_that_belong_to_a_count_are_blanked_with_it():
    frame = pd.DataFrame({"vehicles": [50, 8, 5], "sightings": [900, 17, 6]})
    hidden = suppress(frame, "vehicles", also=["sightings"])
    assert hidden["sightings"].isna().tolist() == [False, True, True]
    assert frame["sightings"].tolist() == [900, 17, 6]


def test_flows_leave_out_what_is_small_and_protect_the_total():
    od = pd.DataFrame({"origin": [1, 1, 2, 3], "destination": [2, 3, 3, 1],
                       "vehicles": [250, 4, 31, 44]})
    shown = suppress_od(od)
    assert shown["vehicles"].tolist() == [250, 44]
    assert (suppress_od(od, margins=True)["vehicles"] >= 10).all()


def test_a_threshold_under_five_is_refused():
    for k in (4, 0, -1, 7.5, True):
        with pytest.raises(UsageError, match="threshold"):
            check_threshold(k)
    with pytest.raises(UsageError):
        suppress(pd.DataFrame({"vehicles": [1]}), "vehicles", k=4)


@pytest.mark.parametrize("bad", [[-1, 3], [0.5, 2.0], [None, 4]])
def test_counts_must_be_whole(bad):
    with pytest.raises(UsageError, match="whole"):
        suppress(pd.DataFrame({"vehicles": bad}), "vehicles")


def test_positions_lose_what_lies_under_a_kilometre():
    random = np.random.default_rng(2)
    lat, lon = random.uniform(-80, 80, 500), random.uniform(-180, 180, 500)
    coarse_lat, coarse_lon = coarsen_positions(pd.Series(lat), pd.Series(lon))
    assert np.allclose(coarse_lat * 100, np.round(coarse_lat * 100))
    assert np.allclose(coarse_lon * 100, np.round(coarse_lon * 100))
    assert (np.abs(coarse_lat - lat) <= 0.005 + 1e-9).all()
