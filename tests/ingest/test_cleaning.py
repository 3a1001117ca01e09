"""Repeats: against a brute-force reading of the definition."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.ingest.cleaning import EXACT_REPEAT, REPEAT_FRAME, merge_repeats
from analyzer.ingest.kinds import kind_of


def brute_force(rows):
    reasons, into, kept = [], [], {}
    seen = set()
    for place, (vehicle, time, camera) in enumerate(rows):
        last = kept.get((vehicle, camera))
        if (vehicle, time, camera) in seen:
            reasons.append(EXACT_REPEAT)
        elif last is not None and time - rows[last][1] <= 30_000:
            reasons.append(REPEAT_FRAME)
        else:
            kept[vehicle, camera] = place
            reasons.append(0)
        seen.add((vehicle, time, camera))
        into.append(kept[vehicle, camera])
    return into, reasons


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(range(0, 130_000, 10_000)), st.integers(0, 2))
    )
)
def test_repeats_are_those_of_the_definition(rows):
    rows = sorted(rows)
    columns = np.array(rows, np.int64).reshape(-1, 3)
    into, reason = merge_repeats(
        {
            "vehicle": columns[:, 0].astype(np.int32),
            "seen_at": columns[:, 1],
            "camera": columns[:, 2].astype(np.int32),
        }
    )
    assert (into.tolist(), reason.tolist()) == brute_force(rows)


def test_the_limit_counts_from_the_last_row_kept_and_is_inclusive():
    times = np.array([0, 20_000, 30_000, 30_001, 60_001, 60_002])
    rows = {"vehicle": np.zeros(6, np.int32), "seen_at": times, "camera": np.zeros(6, np.int32)}
    assert merge_repeats(rows)[1].tolist() == [0, 2, 2, 0, 2, 0]


@given(st.text(max_size=80))
def test_kinds_tell_nothing_but_class_and_length(text):
    kind = kind_of(text)
    same_class = {str.isdecimal: "7", str.isalpha: "q"}
    other = "".join(next((r for test, r in same_class.items() if test(c)), c) for c in text)
    assert kind_of(other) == kind
