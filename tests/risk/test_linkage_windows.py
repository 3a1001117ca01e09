import math

import pytest

from analyzer.engine import LocalEngine, get_engine
from analyzer.errors import UsageError
from analyzer.risk import linkage_windows
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_windows import WindowLinkage
from tests.process_engine import ProcessEngine
from tests.risk.test_linkage import habitual, sightings

BEGINS = ("2025-09-26", "2025-09-22", "2025-09-17", "2025-09-08", "2025-09-01")
"""Ends of windows that reach back from 29 September 2025, a Monday: with no whole week, one, a
broken one, two more, and all."""


@pytest.fixture(scope="module")
def four_weeks():
    return sightings(habitual(vehicles=60, days=28, habit=0.5))


@pytest.mark.parametrize("sample", [None, 25])
@pytest.mark.parametrize("rotation", ["7D", "1D", "2D"])
@pytest.mark.parametrize("engine", [LocalEngine(), ProcessEngine(seed=2)])
def test_every_window_is_as_if_it_were_alone(four_weeks, rotation, sample, engine):
    together = WindowLinkage(rotation, 5, sample, engine)
    measured = 0
    for begins in BEGINS:
        window = four_weeks.with_parts(3).between(begins, "2025-09-29")
        alone = measure_linkage(window, rotation, seed=5, sample=sample).success[1]
        found = together.measure(window)
        if math.isnan(alone.value):
            assert math.isnan(found.value) and found.n == alone.n
        else:
            assert found == alone
            measured += found.n > 0
    assert measured >= 3


def test_a_pair_that_windows_share_is_linked_once(four_weeks, monkeypatch):
    linked = []
    whole = linkage_windows.link
    monkeypatch.setattr(
        linkage_windows, "link", lambda *a, **k: linked.append(k["period"]) or whole(*a, **k)
    )
    together = WindowLinkage("7D", 0, None, get_engine())
    for begins in BEGINS[2:]:
        together.measure(four_weeks.between(begins, "2025-09-29"))
    # The window that begins on a Wednesday has no two whole weeks, so its broken one is its own.
    assert len(linked) == 1 + 2 + 1
    assert len(set(linked[1:])) == 3


def test_a_rotation_that_is_none_is_refused(four_weeks):
    with pytest.raises(UsageError, match="rotation"):
        WindowLinkage("90s", 0, None, get_engine()).measure(four_weeks)
