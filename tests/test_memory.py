"""An amount of memory means the same wherever a user gives it."""

from __future__ import annotations

import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.errors import UsageError
from analyzer.ingest.reader import read_sightings
from analyzer.patterns.trips import find_trips
from analyzer.store import StoreBuilder


@pytest.mark.parametrize("memory", [5, True, 0, "2", "lots"])
def test_memory_means_the_same_wherever_a_user_gives_it(memory):
    frame = pd.DataFrame({"plate": ["01A123BC"], "camera": ["c"], "time": ["2026-03-01 10:00:00"]})
    sightings = from_arrays([0], [0], [0])
    said = set()
    for call in (
        lambda: read_sightings(frame, timezone="UTC", memory=memory),
        lambda: read_sightings(frame, timezone="UTC", memory=memory, engine=LocalEngine()),
        lambda: StoreBuilder(None, timezone="UTC", memory=memory),
        lambda: sightings.within(memory),
        lambda: find_trips(sightings, memory=memory),
    ):
        with pytest.raises(UsageError, match=r"write (for example '2GB'|2GB|5GB)") as refused:
            call()
        said.add(str(refused.value))
    assert len(said) == 1


def test_bytes_and_units_are_taken_wherever_a_user_gives_memory():
    sightings = from_arrays([0], [0], [0])
    for memory in (2_000_000_000, "300MB", "1KB"):
        StoreBuilder(None, timezone="UTC", memory=memory).abandon()
        assert len(sightings.within(memory)) == 1
