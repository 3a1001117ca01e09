"""What work has freed is given back to the system, and small work does not wait for that."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from analyzer.engine import DerivedPart, LocalEngine, RowsPart, freed
from tests.engine import functions


@pytest.fixture
def calls(monkeypatch) -> list[int]:
    made: list[int] = []
    monkeypatch.setattr(freed, "give_back", lambda: made.append(1))
    return made


def test_memory_is_given_back_after_much_work_alone(calls, monkeypatch):
    monkeypatch.setattr(freed, "WORTH_BYTES", 4 * 5 * 16)
    parts = [RowsPart({"key": np.arange(5), "x": np.arange(5)}) for _ in range(4)]
    engine = LocalEngine()
    engine.map(parts[:3], functions.unchanged)
    assert not calls
    engine.map(parts, functions.unchanged)
    assert len(calls) == 1
    # What is made from parts is as much work as they are; and what waits on disk is work too.
    engine.map([DerivedPart(part, functions.unchanged) for part in parts], functions.unchanged)
    engine.exchange(parts, functions.unchanged, "key", 2)
    LocalEngine(memory=10).exchange(parts, functions.unchanged, "key", 2)
    assert len(calls) == 4


SCATTERED = """
import numpy as np
from analyzer.engine.freed import _trim, give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4_096

arrays = [np.ones(2_000) for _ in range(20_000)]
full = resident()
# What lives on among what is freed keeps the C library from giving back the end of its heap.
arrays = arrays[::500]
before = resident()
give_back()
print(full - before, before - resident(), _trim() is not None)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc of Linux")
def test_what_lies_between_arrays_that_live_on_is_given_back():
    done = subprocess.run(
        [sys.executable, "-c", SCATTERED], capture_output=True, text=True, check=True
    )
    freed_before, given_back, can = done.stdout.split()
    if can == "False":
        pytest.skip("the C library is not glibc")
    # 320 MB are held, nearly all of them no more.
    assert int(given_back) > 250_000_000 > int(freed_before)


def test_another_c_library_is_left_alone(monkeypatch):
    class Other:
        def __init__(self, name: str | None):
            assert name is None

    monkeypatch.setattr(freed.ctypes, "CDLL", Other)
    freed._trim.cache_clear()
    try:
        assert freed._trim() is None
        freed.give_back()
    finally:
        freed._trim.cache_clear()
