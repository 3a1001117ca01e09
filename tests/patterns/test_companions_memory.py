"""--memory holds for companions, also where nearly every way at every hour is somebody's own."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analyzer.cameras import camera_table
from analyzer.engine import LocalEngine, RowsPart
from analyzer.engine.resuming import ResumingEngine
from analyzer.patterns import pair_passes
from analyzer.schema import Rows
from analyzer.store import StoreBuilder

VEHICLES, TRIPS, LENGTH, CAMERAS = 20_000, 16, 5, 1_500
ALLOWED_MB = 100

PROGRAM = """
import sys
from pathlib import Path
from analyzer.patterns.companions import find_companions
from analyzer.sightings import Sightings
from analyzer.store import open_store
found = find_companions(Sightings(open_store(Path(sys.argv[1]))), memory=sys.argv[2])
assert found.travellers
status = dict(line.split(":") for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1000)
"""


def write_store(path, vehicles: int) -> str:
    """Write trips along neighbouring cameras, at any time of 28 days."""
    random = np.random.default_rng(1)
    trips = vehicles * TRIPS
    started = random.integers(0, 28 * 24, trips) * 3_600_000 + random.integers(0, 3_600_000, trips)
    first = random.integers(0, CAMERAS, trips)
    step = np.arange(LENGTH)
    sites = pd.DataFrame({
        "name": [f"gate {number}" for number in range(CAMERAS)],
        "lat": 41.2 + np.arange(CAMERAS) % 40 / 50, "lon": 69.1 + np.arange(CAMERAS) // 40 / 50,
    })  # fmt: skip
    columns: Rows = {
        "vehicle": np.repeat(np.arange(vehicles), TRIPS * LENGTH).astype(np.int32),
        "seen_at": (1_767_225_600_000 + started[:, None] + 240_000 * step).ravel(),
        "camera": ((first[:, None] + step) % CAMERAS).ravel().astype(np.int32),
    }
    builder = StoreBuilder(path, timezone="Asia/Tashkent")
    builder.append(columns)
    builder.finish(
        cameras=camera_table(sites), vehicles=[f"vehicle {number}" for number in range(vehicles)]
    )
    return str(path)


def peak_mb(store: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, store, f"{ALLOWED_MB}MB"],
        capture_output=True, text=True, check=True, timeout=600, env=dict(os.environ),
    )  # fmt: skip
    return int(done.stdout)


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("memory")
    return write_store(folder / "large", VEHICLES), write_store(folder / "tiny", 50)


def test_companions_keep_to_the_memory_where_few_share_a_way_at_an_hour(stores):
    large, tiny = stores
    program = peak_mb(tiny)
    # As asked, give or take what the allocator holds back.
    assert peak_mb(large) - program < 1.2 * ALLOWED_MB


def test_memory_bounds_blocks_also_where_work_is_kept(tmp_path):
    frame = SimpleNamespace(n_codes=9, n_cameras=3, to_broadcast=dict)
    parts = [RowsPart({"vehicle": np.arange(3)})] * 12
    engine = LocalEngine(memory=4 * 1_000 * pair_passes.BYTES_A_ROW)
    for runner in (engine, ResumingEngine(engine, tmp_path / "work")):
        assert pair_passes.PairPasses(parts, 12_000, frame, runner)._parts_a_block == 4
