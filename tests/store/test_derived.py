"""Derived files: used only with the data they were made from, and never in anybody's way."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from analyzer.array_sightings import from_arrays
from analyzer.engine import LocalEngine
from analyzer.sightings import Sightings
from analyzer.store import by_camera, derived, open_store
from analyzer.store.by_camera import NAME, open_by_camera, write_by_camera
from analyzer.store.derived import open_derived, write_derived
from analyzer.store.store import LOCK

SCHEMA = pa.schema([("number", pa.int64())])


def some(tmp_path: Path, seed: int = 0, n: int = 600) -> Sightings:
    rng = np.random.default_rng(seed)
    arrays = rng.integers(40, size=n), rng.integers(50_000, size=n), rng.integers(9, size=n)
    # The last cameras see nobody.
    return from_arrays(*arrays, cameras=None).save(tmp_path / f"store-{seed}")


def write(store, number: int = 7) -> bool:
    table = pa.table({"number": [number]})
    return write_derived(store, "x.parquet", SCHEMA, lambda writer: writer.write_table(table))


def names(store) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


def test_what_was_kept_is_found_by_another_handle(tmp_path: Path):
    store = some(tmp_path).store
    assert open_derived(store, "x.parquet") is None
    assert write(store)
    again = open_store(store.path)
    assert open_derived(again, "x.parquet").read()["number"].to_pylist() == [7]
    assert not any(name.startswith(".") for name in names(store))


def test_what_was_made_of_other_data_is_not_used(tmp_path: Path):
    one, other = some(tmp_path, 1).store, some(tmp_path, 2).store
    assert write(one) and one.fingerprint != other.fingerprint
    shutil.copy(one.folder / "x.parquet", other.folder)
    assert open_derived(other, "x.parquet") is None
    # And the copy of a store is of the same data.
    copied = Sightings(one).save(tmp_path / "copy").store
    assert open_derived(copied, "x.parquet") is not None


def test_one_changed_sighting_changes_the_fingerprint(tmp_path: Path):
    vehicle, time, camera = np.repeat([0, 1], 50), np.arange(100) * 1_000, np.arange(100) % 5
    moved = time.copy()
    moved[30] += 1
    other = camera.copy()
    other[30] = (other[30] + 1) % 5
    prints = {
        from_arrays(*columns).store.fingerprint
        for columns in ((vehicle, time, camera), (vehicle, moved, camera), (vehicle, time, other))
    }
    assert len(prints) == 3
    assert from_arrays(vehicle, time, camera).store.fingerprint in prints


@pytest.mark.parametrize("damage", [b"", b"PAR1 nothing PAR1"])
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: bytes):
    store = some(tmp_path).store
    assert write(store)
    (store.folder / "x.parquet").write_bytes(damage)
    assert open_derived(store, "x.parquet") is None
    assert write(store, 8)
    assert open_derived(store, "x.parquet").read()["number"].to_pylist() == [8]


def test_nothing_is_written_while_another_run_writes(tmp_path: Path):
    store = some(tmp_path).store
    with FileLock(store.path / LOCK):
        assert not write(store)
    assert "x.parquet" not in names(store)
    assert write(store)


def test_nothing_is_written_once_the_data_were_replaced(tmp_path: Path, monkeypatch):
    store = some(tmp_path).store
    monkeypatch.setattr(derived, "read_outer_manifest", lambda path: {"generation": "data-000009"})
    assert not write(store)
    assert "x.parquet" not in names(store)


def test_a_store_that_cannot_be_written_works_without(tmp_path: Path, monkeypatch):
    store = some(tmp_path).store

    def full(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(pq, "ParquetWriter", full)
    assert not write(store)
    assert open_derived(store, "x.parquet") is None


def test_a_run_that_fails_while_writing_leaves_nothing(tmp_path: Path):
    store = some(tmp_path).store

    def stop(writer):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_derived(store, "x.parquet", SCHEMA, stop)
    assert not any("x.parquet" in name for name in names(store))
    assert write(store)


def blocks(sightings: Sightings, buckets: int):
    def columns(rows, broadcast):
        return {name: rows[name] for name in ("camera", "seen_at", "vehicle")}

    parts = LocalEngine().exchange(sightings.parts(), columns, "camera", buckets)
    return (part.load() for part in parts)


@pytest.mark.parametrize("group", [1, 7, 64, 10_000])
@pytest.mark.parametrize("buckets", [1, 4])
def test_who_was_near_is_who_the_rows_say(tmp_path: Path, monkeypatch, group: int, buckets: int):
    monkeypatch.setattr(by_camera, "GROUP_ROWS", group)
    sightings = some(tmp_path, seed=group)
    assert write_by_camera(sightings.store, blocks(sightings, buckets))
    found = open_by_camera(open_store(sightings.store.path))
    rows = sightings.parts()[0].load()
    rng = np.random.default_rng(3)
    # Some instants are those of sightings, so that borders are met; some lie outside the span.
    at = np.concatenate([rows["seen_at"][:40], rng.integers(-900, 51_000, 40)])
    cameras = np.concatenate([rows["camera"][:40], rng.integers(9, size=40)])
    for within in (0, 50, 3_000, 200_000):
        near = found.near(cameras, at, within)
        expected = sorted(
            (i, int(v))
            for i, (c, t) in enumerate(zip(cameras, at, strict=True))
            for v, s, d in zip(rows["vehicle"], rows["seen_at"], rows["camera"], strict=True)
            if d == c and abs(int(s) - int(t)) <= within
        )
        got = sorted(zip(near["row"].tolist(), near["vehicle"].tolist(), strict=True))
        assert got == expected
    assert len(found.near(cameras[:0], at[:0], 10)["row"]) == 0


def test_the_arrangement_reads_few_groups(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(by_camera, "GROUP_ROWS", 8)
    sightings = some(tmp_path)
    assert write_by_camera(sightings.store, blocks(sightings, 2))
    found, read = open_by_camera(sightings.store), []
    whole = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_groups",
        lambda self, groups, **kwargs: read.extend(groups) or whole(self, groups, **kwargs),
    )  # fmt: skip
    found.near(np.array([3]), np.array([25_000]), 100)
    assert len(read) <= 2 < found.file.num_row_groups


def test_anybody_can_read_the_arrangement(tmp_path: Path):
    sightings = some(tmp_path)
    assert write_by_camera(sightings.store, blocks(sightings, 3))
    table = pq.read_table(sightings.store.folder / NAME).to_pandas()
    rows = sightings.parts()[0].load()
    table["seen_at"] = table["seen_at"].astype("datetime64[ms, UTC]").astype(np.int64)
    columns = (rows[name].tolist() for name in ("camera", "seen_at", "vehicle"))
    expected = sorted(zip(*columns, strict=True))
    assert sorted(map(tuple, table.to_numpy().tolist())) == expected
