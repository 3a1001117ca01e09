"""Results that are brought together a few parts at a time: in order, and never many at once."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.engine import LocalEngine, RowsPart
from analyzer.engine.turns import FEWEST, SHARE_OF_RESULTS, map_in_turns


class Watched(LocalEngine):
    """Remembers how many parts each call of map was given."""

    def map(self, parts, function, broadcast=None):
        self.asked = [*getattr(self, "asked", []), len(parts)]
        return super().map(parts, function, broadcast)


def add(rows, broadcast):
    return {"a": rows["a"] + broadcast["more"]}


@pytest.mark.parametrize(("bytes_each", "at_once"), [(1, 23), (10**6, 10), (10**9, FEWEST)])
def test_results_come_in_order_and_few_at_once(bytes_each, at_once):
    parts = [RowsPart({"a": np.array([number])}) for number in range(23)]
    engine = Watched(memory=SHARE_OF_RESULTS * 10**7)
    found = list(map_in_turns(engine, parts, add, {"more": 5}, bytes_each=bytes_each))
    assert [int(rows["a"][0]) for rows in found] == list(range(5, 28))
    assert max(engine.asked) == at_once and sum(engine.asked) == 23


