from collections import defaultdict

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from analyzer.risk.look_crowds import WORD, count_agreeing, count_words

WIDTHS = (2, 0, 3)
"""Bits of each attribute; one has no value at all."""

FIELDS = np.array([0b11, 0, 0b11100], np.int64)


def packed(values):
    first, _, third = values
    return first | third << 2


def agree(one, other):
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))


rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.tuples(st.integers(0, 3), st.just(0), st.integers(0, 7)),
        st.integers(0, 250),
    ),
    max_size=500,
)

CROWD = [(0, (m % 3, 0, m % 5), m // 2) for m in range(3 * WORD)]
"""Vehicles with two looks each, some of which stand in two words."""


@given(rows)
@example(CROWD)
@example(CROWD[1:])
@example([(0, (1, 0, 0), 7), (0, (0, 0, 2), 7), (0, (1, 0, 2), 7)])
def test_counts_as_one_by_one(rows):
    rows = sorted(rows, key=lambda row: (row[0], packed(row[1]), row[2]))
    groups = defaultdict(list)
    for key, look, vehicle in rows:
        groups[key].append((look, vehicle))
    expected = [
        (
            len({other for theirs, other in groups[key] if agree(look, theirs)}),
            len({other for _, other in groups[key]}),
        )
        for key, look, _ in rows
    ]
    key = np.array([row[0] for row in rows], np.int64)
    look = np.array([packed(row[1]) for row in rows], np.int64)
    vehicle = np.array([row[2] for row in rows], np.int32)
    agreeing, there = count_agreeing(key, look, vehicle, FIELDS)
    assert list(zip(agreeing.tolist(), there.tolist(), strict=True)) == expected


def test_costs_nothing_where_all_is_noted():
    key = np.zeros(100, np.int64)
    look = np.sort(np.arange(100) % 3 + 1)
    assert count_words(key, look, FIELDS[:1]) == 0
    # One without a value: each of four looks is asked of two words of sightings.
    look[0] = 0
    assert count_words(key, look, FIELDS[:1]) == 4 * 2
