"""Near plates are those that a comparison of all with all finds, and no plate is kept."""

from __future__ import annotations

import gc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.ingest.near_plates import NearPlates

ALIKE = str.maketrans("OQDBILZSG", "000811256")


def near_by_hand(plates):
    pairs = {}
    for i, one in enumerate(plates):
        for k in range(i + 1, len(plates)):
            two = plates[k]
            alike = one.translate(ALIKE) == two.translate(ALIKE)
            near = len(one) == len(two) and sum(a != b for a, b in zip(one, two, strict=True)) == 1
            if alike or near:
                pairs[i, k] = alike
    return pairs


@settings(max_examples=80, deadline=None)
@given(st.lists(st.text("0O1I8BA", min_size=2, max_size=4), max_size=25, unique=True),
       st.integers(1, 5))  # fmt: skip
def test_pairs_are_those_that_differ_in_one_character(plates, pieces):
    near = NearPlates()
    for index in np.array_split(np.arange(len(plates)), pieces):
        near.add([plates[i] for i in index], index)
    one, two, alike = near.pairs()
    found = dict(zip(zip(one.tolist(), two.tolist(), strict=True), alike.tolist(), strict=True))
    assert found == near_by_hand(plates)


def test_beyond_the_limit_nothing_is_kept():
    near = NearPlates(limit=2)
    near.add(["AAA", "AAB", "AAC"], np.arange(3))
    assert near.overflown and len(near.pairs()[0]) == 0


def test_no_plate_stays_in_memory():
    near = NearPlates()
    near.add(["99Z987YX"], np.arange(1))
    held = b"".join(array.tobytes() for piece in near._pieces for array in piece)
    assert b"99Z987YX" not in held and b"9Z987" not in held and "99Z987YX" not in repr(near)
    gc.collect()


def test_plates_that_are_too_long_are_counted_and_not_compared():
    long = "A1" * 5_000
    near = NearPlates()
    near.add(["01A123BC", "01A128BC", long, long[:-1] + "2"], np.arange(4))
    assert [found.tolist() for found in near.pairs()[:2]] == [[0], [1]]
    assert near.too_long == 2
