"""Small stores for the tests, and writers that can be killed; they pickle."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analyzer.schema import Rows
from analyzer.store import Store, StoreBuilder

COLUMNS = ("confidence", "make", "direction")
VEHICLES, CAMERAS, MAKES = 23, 6, 4


def random_rows(seed: int, count: int = 600) -> Rows:
    """Rows with many ties: the same vehicle, time and camera with and without other attributes."""
    random = np.random.default_rng(seed)
    return {
        "vehicle": random.integers(0, VEHICLES, count).astype(np.int32),
        "seen_at": 1_767_225_600_000 + random.integers(0, 40, count) * 60_000,
        "camera": random.integers(0, CAMERAS, count).astype(np.int32),
        "confidence": random.choice([0.5, 0.9, np.nan], count).astype(np.float32),
        "make": random.integers(-1, MAKES, count).astype(np.int32),
        "direction": random.integers(-1, 2, count).astype(np.int32),
        "file": random.integers(0, 2, count).astype(np.int16),
    }


def tables() -> dict:
    """What belongs beside the rows."""
    return {
        "cameras": pd.DataFrame(
            {
                "name": [f"camera {code}" for code in range(CAMERAS)],
                "lat": 41.3 + 0.1 * np.arange(CAMERAS),
                "lon": 69.2,
                "zone": ["north", "north", "south", "south", "south", "west"],
            }
        ),
        "vehicles": [f"pseudonym-{code:02d}" for code in range(VEHICLES)],
        "labels": {"make": ["Chevrolet", "Daewoo", "Кия", "Lada"], "direction": ["in", "out"]},
        "quality": {"rows_read": 600},
        "provenance": {"options": {"timezone": "Asia/Tashkent"}},
        "key": {"kind": "pseudonymous"},
    }


def write(path: Path | str | None, rows: Rows, *, chunks: int = 1, **options) -> Store:
    """Write rows as a store, in so many chunks."""
    options = {"timezone": "Asia/Tashkent", "columns": COLUMNS, **options}
    builder = StoreBuilder(path, **options)
    append_in_chunks(builder, rows, chunks)
    return builder.finish(**tables())


def append_in_chunks(builder: StoreBuilder, rows: Rows, chunks: int) -> None:
    for index in np.array_split(np.arange(len(rows["vehicle"])), chunks):
        builder.append({name: column[index] for name, column in rows.items()})


def rows_of(store: Store) -> list[tuple]:
    """All rows of a store, as sorted texts (NaN then equals NaN)."""
    from analyzer.store import StoredPart

    rows = [StoredPart((path,), store.columns).load() for path in store.part_paths]
    return sorted(
        str(row)
        for part in rows
        for row in zip(*(column.tolist() for column in part.values()), strict=True)
    )


def write_and_die(path: str, seed: int, moment: int) -> None:
    """Write a store, and kill this process at the given file operation in the store's folder."""
    seen = 0

    def count(event: str, arguments: tuple) -> None:
        nonlocal seen
        # Python tells of every file that it opens, makes, renames, lists or removes.
        names = [os.fspath(a) for a in arguments if isinstance(a, str | os.PathLike)]
        if any(name.startswith(path) for name in names):
            if seen == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(count)
    write(path, random_rows(seed), chunks=3, parts=2, memory="4KB")


def write_for_ever(path: str, seed: int) -> None:
    """Write the same store again and again."""
    while True:
        write(path, random_rows(seed), chunks=3, parts=2, memory="4KB")


def hold(path: str, ready, go) -> None:
    """Begin a store, and keep it until told to end."""
    builder = StoreBuilder(path, timezone="UTC")
    ready.set()
    go.wait(60)
    builder.abandon()
