"""Sorting against numpy's own sort of all columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.store.sorting import LONG, sort_sightings


def sorted_by_all(rows):
    names = list(rows)

    def key(i):
        values = [rows[name][i].item() for name in names]
        missing = (rows["make"][i] == -1) + np.isnan(rows["confidence"][i])
        return (*values[:3], missing, *values[3:])

    order = np.array(sorted(range(len(rows["vehicle"])), key=key))
    return {name: column[order] for name, column in rows.items()}


def random_rows(rng, n, vehicles, span):
    return {
        "vehicle": rng.integers(3, 3 + vehicles, n).astype(np.int32),
        "seen_at": rng.integers(0, span, n),
        "camera": rng.integers(0, 3, n).astype(np.int32),
        "confidence": rng.random(n).round(1).astype(np.float32),
        "make": rng.integers(-1, 3, n).astype(np.int32),
    }


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("n", "vehicles", "span"),
    [(400, 9, 20), (3 * LONG, 1, 10**9), (4 * LONG, 2, 3), (3 * LONG, 1, 1), (1, 1, 1)],
)
def test_order_is_that_of_a_sort_by_all_columns(seed, n, vehicles, span):
    rows = random_rows(np.random.default_rng(seed), n, vehicles, span)
    found, wanted = sort_sightings(rows), sorted_by_all(rows)
    for name in rows:
        np.testing.assert_array_equal(found[name], wanted[name])


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.integers(-1, 2)), max_size=40), st.data())
def test_order_does_not_depend_on_the_order_of_arrival(values, data):
    shuffled = data.draw(st.permutations(values))

    def rows_of(values):
        table = np.array(values, np.int64).reshape(-1, 4).T
        return dict(zip(("vehicle", "seen_at", "camera", "make"), table, strict=True))

    for one, other in zip(
        sort_sightings(rows_of(values)).values(),
        sort_sightings(rows_of(shuffled)).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_among_repeats_the_row_that_knows_more_comes_first():
    rows = {name: np.zeros(2, np.int64) for name in ("vehicle", "seen_at", "camera")}
    rows["make"] = np.array([-1, 4], np.int32)
    assert sort_sightings(rows)["make"].tolist() == [4, -1]


def test_rows_of_one_vehicle_at_one_instant_are_not_compared_all_with_all():
    # Inserting them takes the square of their number: minutes, not a fraction of a second.
    random = np.random.default_rng(3)
    rows = {
        "vehicle": np.zeros(1_000_000, np.int32),
        "seen_at": np.zeros(1_000_000, np.int64),
        "camera": random.integers(0, 50, 1_000_000).astype(np.int32),
    }
    np.testing.assert_array_equal(sort_sightings(rows)["camera"], np.sort(rows["camera"]))
