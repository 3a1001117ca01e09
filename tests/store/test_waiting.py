"""Rows that wait are given by part as they came, spilled or not."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.schema import n_rows
from analyzer.store.waiting import WaitingRows

SLOTS = 8


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("limit", [0, 3_000, 10**9])
@pytest.mark.parametrize("parts", [1, 4, 8])
def test_a_part_gets_the_rows_of_its_vehicles(parts: int, limit: int, sealed: bool):
    random = np.random.default_rng(1)
    waiting = WaitingRows(SLOTS, limit, sealed=sealed)
    came = []
    for chunk in range(5):
        vehicle = random.integers(0, 30, 100).astype(np.int32)
        seen_at = np.arange(100) + 100 * chunk
        waiting.add({"vehicle": vehicle, "seen_at": seen_at})
        came += zip(vehicle.tolist(), seen_at.tolist(), strict=True)
    waiting.close()
    for part in range(parts):
        rows = waiting.of_part(part, parts)
        found = list(zip(rows["vehicle"].tolist(), rows["seen_at"].tolist(), strict=True))
        expected = [row for row in came if row[0] % parts == part]
        # One slot after the other where rows were spilled: a vehicle's rows keep their order.
        assert sorted(found, key=lambda row: row[0]) == sorted(expected, key=lambda row: row[0])
    waiting.discard()


def test_what_is_discarded_is_gone():
    waiting = WaitingRows(SLOTS, 0, sealed=False)
    waiting.add({"vehicle": np.arange(4, dtype=np.int32)})
    folder = waiting._spill._folder.path
    assert folder.exists()
    waiting.discard()
    assert not folder.exists()
    fresh = WaitingRows(SLOTS, 10**9, sealed=False)
    fresh.add({"vehicle": np.arange(4, dtype=np.int32)})
    fresh.discard()
    assert not n_rows(fresh.of_part(0, 1))
