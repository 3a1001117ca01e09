"""Parts worked on together: each in one group, and as few groups as memory allows."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.engine import LocalEngine, RowsPart
from analyzer.engine.base import bytes_of, is_sealed
from analyzer.engine.together import SHARE_OF_GROUPS, together
from tests.process_engine import ProcessEngine


def first_row(rows, broadcast):
    return {"a": rows["a"][:1] + broadcast["more"]}


def parts_of(count, *, sealed=False):
    # 800 bytes each.
    return [RowsPart({"a": np.full(100, number)}, sealed=sealed) for number in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("a_group", [1, 2, 5, 100])
def test_every_part_is_in_one_group_and_groups_fit(threads, a_group):
    engine = LocalEngine(memory=800 * a_group * threads * SHARE_OF_GROUPS, threads=threads)
    groups = together(engine, parts_of(23), first_row, {"more": 1})
    sizes = [len(group.load()["a"]) for group in groups]
    assert max(sizes) <= a_group and max(sizes) - min(sizes) <= 1
    assert len(groups) == 23 or len(groups) % threads == 0
    assert len(groups) < -(-23 // a_group) + threads
    assert sorted(a for group in groups for a in group.load()["a"].tolist()) == [*range(1, 24)]
    assert {bytes_of(group) for group in groups} == {800}


def test_where_workers_have_their_own_memory_parts_stay_apart():
    groups = together(ProcessEngine(), parts_of(5), first_row, {"more": 0})
    assert [group.load()["a"].tolist() for group in groups] == [[0], [1], [2], [3], [4]]


def test_what_is_sealed_stays_sealed():
    engine = LocalEngine(memory=10**9, threads=1)
    assert [is_sealed(g) for g in together(engine, parts_of(3, sealed=True), first_row, {})] == [
        True
    ]
    assert not any(map(is_sealed, together(engine, parts_of(3), first_row, {})))


class Unknown(RowsPart):
    """Does not tell its size."""

    bytes_held = 0


def test_parts_of_unknown_size_are_not_heaped_up():
    engine = LocalEngine(memory=10**9, threads=1)
    parts = [Unknown({"a": np.array([number])}) for number in range(4)]
    assert len(together(engine, parts, first_row, {})) == 4
    assert together(engine, [], first_row, {}) == []
