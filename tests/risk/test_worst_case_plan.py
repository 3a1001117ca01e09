"""Combinations are counted as the run would try them, and none is tried."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import TooMuchWorkError
from analyzer.risk.attacks import known_items, proportion, sequence, work
from analyzer.risk.worst_case import measure_worst_case
from analyzer.risk.worst_case_plan import count_worst_case

SEARCHES = (known_items.search_in_part, proportion.search_in_part, sequence.search_in_part)


@pytest.fixture
def few():
    random = np.random.default_rng(3)
    vehicle = np.repeat(np.arange(9), 7)
    return from_arrays(vehicle, np.arange(63) * 60_000, random.integers(0, 6, 63))


def test_places_are_counted_one_by_one(few):
    rows = few.parts("vehicle", "camera")[0].load()
    by_vehicle = [set(rows["camera"][rows["vehicle"] == v].tolist()) for v in range(9)]
    for points in (1, 2, 3):
        pairs = sum(len(list(combinations(places, min(points, len(places)))))
                    for places in by_vehicle)  # fmt: skip
        assert count_worst_case(few, "unique_location", points).combinations == pairs


@pytest.mark.parametrize("attack", ["location", "sequence", "time", "frequency", "proportion"])
def test_nothing_is_searched(few, attack, monkeypatch):
    started = []
    work_on = LocalEngine.map

    def noted(engine, parts, function, *rest):
        started.append(function)
        return work_on(engine, parts, function, *rest)

    monkeypatch.setattr(LocalEngine, "map", noted)
    measure_worst_case(few, attack, 2)
    assert set(started) & set(SEARCHES)
    started.clear()
    found = count_worst_case(few, attack, 2)
    assert found.combinations > 9 and found.steps > 0
    assert started and not set(started) & set(SEARCHES)


def test_home_and_work_are_looked_up(few):
    assert count_worst_case(few, "home_work").combinations == 0


def test_what_a_run_refuses_is_refused_in_the_same_words(few, monkeypatch):
    monkeypatch.setattr(work, "MOST_STEPS", 1)
    said = []
    for function in (measure_worst_case, count_worst_case):
        with pytest.raises(TooMuchWorkError) as refused:
            function(few, "sequence", 3)
        said.append(str(refused.value))
    assert said[0] == said[1]
