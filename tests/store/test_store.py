"""The store: what goes in comes out, in the same bytes, whatever the order and the memory."""

from __future__ import annotations

import json
import pickle
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analyzer.engine import LocalEngine
from analyzer.errors import StoreError
from analyzer.schema import CORE, DTYPES, Rows, concatenate, take
from analyzer.store import StoreBuilder, StoredPart, is_store, open_store
from analyzer.store import builder as store_builder
from tests.process_engine import ProcessEngine
from tests.store.writing import (
    COLUMNS,
    VEHICLES,
    append_in_chunks,
    random_rows,
    rows_of,
    tables,
    write,
)

ALL = (*CORE, *COLUMNS)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def as_texts(rows: Rows, columns: tuple[str, ...]) -> list[str]:
    return sorted(map(str, zip(*(rows[name].tolist() for name in columns), strict=True)))


# Round trip


@pytest.mark.parametrize("parts", [None, 1, 2, 7])
@pytest.mark.parametrize("memory", ["2GB", "4KB"])
def test_what_goes_in_comes_out(tmp_path: Path, parts: int | None, memory: str | int):
    rows = random_rows(1)
    store = write(tmp_path / "s", rows, chunks=5, parts=parts, memory=memory)
    again = open_store(tmp_path / "s")
    assert again.manifest == store.manifest
    # Columns stand in the order of the schema, however they were named.
    assert again.columns == (*CORE, "confidence", "direction", "make")
    assert rows_of(again) == as_texts(rows, again.columns)
    assert len(again.part_paths) == (parts or 1)
    assert (again.manifest["rows"], again.manifest["vehicles"]) == (600, VEHICLES)
    assert again.manifest["vehicles_seen"] == len(np.unique(rows["vehicle"]))
    assert again.manifest["cameras_seen"] == len(np.unique(rows["camera"]))
    assert again.manifest["first_seen_ms"] == rows["seen_at"].min()
    assert again.manifest["last_seen_ms"] == rows["seen_at"].max()
    for number, path in enumerate(again.part_paths):
        part = StoredPart((path,), again.columns).load()
        assert {name: column.dtype for name, column in part.items()} == {
            name: DTYPES[name] for name in again.columns
        }
        assert (part["vehicle"] % (parts or 1) == number).all()
        order = np.lexsort((part["camera"], part["seen_at"], part["vehicle"]))
        assert (order == np.arange(len(order))).all()
        entry = again.manifest["parts"][number]
        assert entry["rows"] == len(order)
        assert entry["first_seen_ms"] == part["seen_at"].min()


def test_tables_come_out(tmp_path: Path):
    write(tmp_path / "s", random_rows(2))
    store = open_store(tmp_path / "s")
    given = tables()
    assert store.vehicle_names.to_pylist() == given["vehicles"]
    assert store.labels == given["labels"]
    assert list(store.camera_table.columns) == ["name", "lat", "lon", "zone", "zone_name"]
    pd.testing.assert_frame_equal(
        store.camera_table[["name", "lat", "lon"]],
        given["cameras"][["name", "lat", "lon"]],
        check_dtype=False,
    )
    assert store.camera_table["zone_name"].tolist() == given["cameras"]["zone"].tolist()
    assert store.camera_table["zone"].tolist() == [0, 0, 1, 1, 1, 2]
    assert store.manifest["quality"] == given["quality"]
    assert store.manifest["provenance"] == given["provenance"]
    assert store.manifest["key"] == given["key"]
    assert store.manifest["timezone"] == "Asia/Tashkent"


def test_columns_that_rows_do_not_bring_are_missing(tmp_path: Path):
    core = {name: random_rows(3)[name] for name in CORE}
    store = write(tmp_path / "s", core)
    part = StoredPart(store.part_paths, store.columns).load()
    assert (part["make"] == -1).all() and (part["direction"] == -1).all()
    assert np.isnan(part["confidence"]).all()


def test_columns_that_were_not_declared_stay_out(tmp_path: Path):
    store = write(tmp_path / "s", random_rows(3), columns=("make",))
    assert store.columns == (*CORE, "make")
    with pytest.raises(StoreError, match=r"part-00000\.parquet"):
        StoredPart(store.part_paths, (*CORE, "confidence")).load()


@pytest.mark.parametrize("parts", [None, 1, 3])
def test_an_empty_store(tmp_path: Path, parts: int | None):
    store = write(tmp_path / "s", random_rows(4, count=0), parts=parts)
    assert store.manifest["rows"] == 0 and store.manifest["first_seen_ms"] is None
    part = StoredPart(store.part_paths, store.columns).load()
    assert [len(column) for column in part.values()] == [0] * 6
    assert part["seen_at"].dtype == np.int64


def test_anybodys_tools_can_read_it(tmp_path: Path):
    rows = random_rows(5)
    store = write(tmp_path / "s", rows)
    frame = pq.read_table(store.part_paths[0]).to_pandas()
    assert str(frame["seen_at"].dt.tz) == "UTC"
    assert frame["seen_at"].min() == pd.Timestamp(int(rows["seen_at"].min()), unit="ms", tz="UTC")


def test_rows_that_are_appended_may_be_changed_or_bare_lists(tmp_path: Path):
    builder = StoreBuilder(tmp_path / "s", timezone="UTC")
    builder.append({"vehicle": [0, 0], "seen_at": [5, 3], "camera": [0, 0]})
    builder.append({})
    store = builder.finish(cameras=pd.DataFrame({"name": ["a"]}), vehicles=["v"])
    assert StoredPart(store.part_paths).load()["seen_at"].tolist() == [3, 5]


# The same bytes


def test_written_twice_it_is_the_same_bytes(tmp_path: Path):
    rows = random_rows(6)
    write(tmp_path / "one", rows)
    write(tmp_path / "two", rows)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


@pytest.mark.parametrize("parts", [None, 3])
@pytest.mark.parametrize("memory", ["2GB", "30KB", "4B"])
def test_order_chunks_and_memory_leave_no_trace(tmp_path: Path, parts: int | None, memory):
    rows = random_rows(7)
    write(tmp_path / "plain", rows, parts=parts)
    expected = bytes_of(tmp_path / "plain")
    random = np.random.default_rng(8)
    for chunks in (1, 2, 13):
        shuffled = take(rows, random.permutation(600))
        path = tmp_path / f"{chunks}"
        write(path, shuffled, chunks=chunks, parts=parts, memory=memory)
        assert bytes_of(path) == expected


def test_the_folder_of_the_store_leaves_no_trace(tmp_path: Path):
    # Names like these mean columns to some readers of Parquet.
    rows = random_rows(9)
    odd = tmp_path / "camera=7" / "vehicle=x" / "_hidden" / "a b%20'ü"
    store = write(odd, rows)
    write(tmp_path / "plain", rows)
    assert rows_of(open_store(odd)) == as_texts(rows, store.columns)
    assert open_store(odd).labels["make"][2] == "Кия"
    assert bytes_of(odd) == bytes_of(tmp_path / "plain")


def test_nothing_that_was_given_is_changed(tmp_path: Path):
    rows, beside = random_rows(10), tables()
    before = {name: column.copy() for name, column in rows.items()}
    cameras = beside["cameras"].copy(deep=True)
    builder = StoreBuilder(tmp_path / "s", timezone="UTC", columns=COLUMNS)
    append_in_chunks(builder, rows, 3)
    builder.finish(**beside)
    for name, column in before.items():
        np.testing.assert_array_equal(rows[name], column)
    pd.testing.assert_frame_equal(beside["cameras"], cameras)


# The number of parts


@pytest.mark.parametrize("memory", ["2GB", "4KB"])
def test_rows_make_parts(tmp_path: Path, monkeypatch, memory):
    monkeypatch.setattr(store_builder, "PART_ROWS", 100)
    rows = random_rows(11)
    store = write(tmp_path / "s", rows, chunks=4, memory=memory)
    assert len(store.part_paths) == 8  # 600 rows, at most 100 a part, and a power of two
    assert rows_of(store) == as_texts(rows, store.columns)


def test_parts_are_bounded(monkeypatch):
    monkeypatch.setattr(store_builder, "PART_ROWS", 1)
    assert store_builder._number_of_parts(10**9) == 256
    assert store_builder._number_of_parts(0) == store_builder._number_of_parts(1) == 1


# Merging


def merge_ties(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Keep the first of the rows with one vehicle, time and camera."""
    same = np.ones(len(rows["vehicle"]), bool)
    for name in CORE:
        same[1:] &= rows[name][1:] == rows[name][:-1]
    same[0] = False
    return np.maximum.accumulate(np.where(same, 0, np.arange(len(same)))), np.where(same, 2, 0)


@pytest.mark.parametrize("memory", ["2GB", "4KB"])
@pytest.mark.parametrize("parts", [1, 4])
def test_merged_rows_are_counted_by_file_and_reason(tmp_path: Path, memory, parts):
    rows = random_rows(12)
    builder = StoreBuilder(
        tmp_path / "s", timezone="UTC", columns=COLUMNS, parts=parts, memory=memory
    )
    append_in_chunks(builder, rows, 4)
    merged = builder.write_parts(merge_ties)
    kept = len(set(zip(*(rows[name].tolist() for name in CORE), strict=True)))
    assert builder.rows_written == kept < 600
    assert sum(merged.values()) == 600 - kept
    assert {reason for _, reason in merged} == {2} and {file for file, _ in merged} == {0, 1}
    assert builder.span_ms == (rows["seen_at"].min(), rows["seen_at"].max())
    assert builder.cameras_seen == 6
    store = builder.finish(**tables())
    assert store.manifest["rows"] == kept
    # Which of the ties is kept does not depend on the order in which they came.
    other = StoreBuilder(tmp_path / "other", timezone="UTC", columns=COLUMNS, parts=parts)
    append_in_chunks(other, take(rows, np.random.default_rng(1).permutation(600)), 2)
    assert other.write_parts(merge_ties) == merged
    other.finish(**tables())
    assert bytes_of(tmp_path / "s") == bytes_of(tmp_path / "other")


def test_finish_merges_too(tmp_path: Path):
    builder = StoreBuilder(tmp_path / "s", timezone="UTC", columns=COLUMNS)
    builder.append(random_rows(12))
    assert builder.finish(**tables(), merge=merge_ties).manifest["rows"] < 600


def frames_of(store) -> dict[tuple, int]:
    frames = {}
    for path in store.part_paths:
        rows = StoredPart((path,), (*CORE, "frames"), seal=store.seal).load()
        assert rows["frames"].dtype == np.int32
        keys = zip(*(rows[name].tolist() for name in CORE), strict=True)
        frames |= dict(zip(keys, rows["frames"].tolist(), strict=True))
    return frames


@pytest.mark.parametrize("secret", [None, b"s" * 32])
@pytest.mark.parametrize("repeating", [1, VEHICLES])
def test_frames_count_the_rows_that_became_one(tmp_path: Path, repeating, secret):
    rows = random_rows(12)
    counted = Counter(zip(*(rows[name].tolist() for name in CORE), strict=True))
    # Where few vehicles repeat, the parts of the others get the column all the same.
    _, first = np.unique(np.stack([rows[name] for name in CORE]), axis=1, return_index=True)
    unique = np.zeros(600, bool)
    unique[first] = True
    rows = take(rows, unique | (rows["vehicle"] < repeating))
    builder = StoreBuilder(
        tmp_path / "s", timezone="UTC", columns=COLUMNS, parts=4, secret=secret
    )
    builder.append(rows)
    store = builder.finish(**tables(), merge=merge_ties)
    assert store.columns == (*CORE, "confidence", "direction", "make", "frames")
    expected = {key: n if key[0] < repeating else 1 for key, n in counted.items()}
    assert max(expected.values()) > 1 and frames_of(store) == expected
    # More rows come into it: what was counted is counted on.
    more = StoreBuilder(None, timezone="UTC", columns=store.columns[len(CORE) :], parts=2)
    for path in store.part_paths:
        more.append(StoredPart((path,), store.columns, seal=store.seal).load())
    more.append(rows)
    again = Counter(zip(*(rows[name].tolist() for name in CORE), strict=True))
    assert frames_of(more.finish(**tables(), merge=merge_ties)) == {
        key: n + again[key] for key, n in expected.items()
    }


def test_without_repeats_no_frames_are_written(tmp_path: Path):
    rows = take(random_rows(12), np.arange(1))
    for columns in (COLUMNS, (*COLUMNS, "frames")):
        builder = StoreBuilder(None, timezone="UTC", columns=columns, parts=2)
        builder.append(rows)
        store = builder.finish(**tables(), merge=merge_ties)
        assert "frames" not in store.columns
        assert "frames" not in pq.read_schema(store.part_paths[0]).names


# Parts as views


def test_a_part_can_be_a_span_and_a_share_of_the_vehicles(tmp_path: Path):
    rows = random_rows(13)
    store = write(tmp_path / "s", rows, parts=3)
    first, last = np.quantile(rows["seen_at"], [0.25, 0.75]).astype(np.int64).tolist()
    expected = (rows["seen_at"] >= first) & (rows["seen_at"] < last) & (rows["vehicle"] % 5 == 2)
    for columns in (CORE, ("camera",), ("make", "vehicle")):
        part = StoredPart(store.part_paths, columns, (first, last), (5, 2))
        found = part.load()
        assert tuple(found) == columns
        assert as_texts(found, columns) == as_texts(take(rows, expected), columns)
    whole = StoredPart(store.part_paths, CORE, (first, last), (5, 2)).load()
    order = np.lexsort((whole["camera"], whole["seen_at"], whole["vehicle"]))
    assert (order == np.arange(len(order))).all()


def test_parts_travel_to_other_processes(tmp_path: Path):
    from tests.engine.functions import unchanged

    store = write(tmp_path / "s", random_rows(14), parts=3)
    parts = [StoredPart((path,), store.columns) for path in store.part_paths]
    here, there = LocalEngine().map(parts, unchanged), ProcessEngine(1).map(parts, unchanged)
    for one, two in zip(here, there, strict=True):
        assert as_texts(one, store.columns) == as_texts(two, store.columns)
    assert pickle.loads(pickle.dumps(parts[0])) == parts[0]


# Temporary stores


def test_a_temporary_store_lives_as_long_as_something_needs_it():
    store = write(None, random_rows(15))
    folder = store.path
    assert folder.stat().st_mode & 0o777 == 0o700
    part = StoredPart(store.part_paths, owner=store.owner)
    del store
    assert len(part.load()["vehicle"]) == 600
    del part
    assert not folder.exists()


# Opening


def test_opening_reads_the_manifest_only(tmp_path: Path):
    count = 1_000_000
    random = np.random.default_rng(16)
    builder = StoreBuilder(tmp_path / "s", timezone="UTC")
    builder.append(
        {
            "vehicle": random.integers(0, 100_000, count),
            "seen_at": random.integers(0, 10**10, count),
            "camera": random.integers(0, 100, count),
        }
    )
    builder.finish(
        cameras=pd.DataFrame({"name": [str(code) for code in range(100)]}),
        vehicles=[f"{code:032x}" for code in range(100_000)],
    )
    start = time.perf_counter()
    store = open_store(tmp_path / "s")
    seconds = time.perf_counter() - start
    print(f"opening a store of {count:,} rows took {1000 * seconds:.2f} ms")
    assert store.manifest["rows"] == count
    # What makes it quick: nothing but the manifest was read.
    assert set(vars(store)) == {"path", "manifest", "owner", "seal"}
    for path in store.folder.iterdir():
        path.unlink()
    assert open_store(tmp_path / "s").manifest["rows"] == count


def test_what_is_not_a_store(tmp_path: Path):
    assert not is_store(tmp_path) and not is_store(tmp_path / "gone")
    with pytest.raises(StoreError, match=r"not a store; make one with `platerisk ingest FILES -o"):
        open_store(tmp_path / "gone")
    with pytest.raises(StoreError, match="not a store"):
        open_store(tmp_path)
    (tmp_path / "file").write_text("x")
    assert not is_store(tmp_path / "file")
    with pytest.raises(StoreError, match="not a store"):
        open_store(tmp_path / "file")
    write(tmp_path / "s", random_rows(17))
    assert is_store(tmp_path / "s")


# Damage


def changed(path: Path, **fields: object) -> None:
    manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    for name, value in fields.items():
        if value is None:
            del manifest[name]
        else:
            manifest[name] = value
    (path / "manifest.json").write_text(json.dumps(manifest), "utf-8")


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    write(tmp_path / "s", random_rows(18), parts=2)
    return tmp_path / "s"


def refused(path: Path, says: str) -> None:
    """Neither opened nor written over."""
    before = bytes_of(path)
    with pytest.raises(StoreError, match=says):
        open_store(path)
    with pytest.raises(StoreError, match=says):
        StoreBuilder(path, timezone="UTC")
    assert bytes_of(path) == before


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{}", '{"format": 1}', "\xff"])
def test_a_damaged_manifest_is_told(stored: Path, text: str):
    (stored / "manifest.json").write_text(text, "latin-1")
    refused(stored, r"manifest\.json: (cannot be read|not the manifest of a store)")


@pytest.mark.parametrize(
    "field",
    ["version", "generation", "timezone", "rows", "vehicles", "vehicles_seen", "cameras_seen",
     "columns", "parts", "key", "quality", "provenance"],
)  # fmt: skip
@pytest.mark.parametrize("value", [None, [[]], 1.5])
def test_a_damaged_field_is_told(stored: Path, field: str, value: object):
    changed(stored, **{field: {"list": 1} if value == [[]] and field in ("columns", "parts")
                       else value})  # fmt: skip
    refused(stored, f"manifest\\.json: damaged.*{field}.*platerisk ingest")


@pytest.mark.parametrize("generation", ["../s", "data-1", "/etc", "", "data-000001/.."])
def test_a_generation_lies_in_the_store(stored: Path, generation: str):
    changed(stored, generation=generation)
    refused(stored, r"damaged \(generation\)")


def test_a_newer_version_is_told(stored: Path):
    changed(stored, version=3)
    refused(stored, "newer platerisk.*store version 3.*pip install --upgrade platerisk")


def test_damage_to_the_parts_is_told(stored: Path):
    store = open_store(stored)
    path = store.part_paths[0]
    whole = path.read_bytes()
    junk = [b"", b"PAR1", whole[: len(whole) // 2], whole[:-1], b"x" * len(whole)]
    for content in junk:
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"part-00000\.parquet: .*platerisk ingest") as caught:
            StoredPart((path,), store.columns).load()
        assert "pseudonym" not in str(caught.value)
    path.unlink()
    with pytest.raises(StoreError, match="open it again"):
        StoredPart((path,)).load()
    # The other part is none the worse.
    assert len(StoredPart((store.part_paths[1],)).load()["vehicle"])


def test_a_flipped_bit_never_becomes_another_number(stored: Path):
    store = open_store(stored)
    path = store.part_paths[0]
    whole, rows = path.read_bytes(), as_texts(StoredPart((path,), ALL).load(), ALL)
    told = 0
    for position in range(4, len(whole), 23):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        path.write_bytes(flipped)
        try:
            found = as_texts(StoredPart((path,), ALL).load(), ALL)
        except StoreError:
            told += 1
        else:
            # Some bytes say nothing about the rows (statistics, the name of the writer).
            assert found == rows
    assert told > 50


@pytest.mark.parametrize("name", ["cameras.parquet", "vehicles.parquet", "labels.parquet"])
def test_damage_to_the_tables_is_told(stored: Path, name: str):
    def ask(store):
        return (store.camera_table, store.vehicle_names, store.labels)

    path = open_store(stored).folder / name
    ask(open_store(stored))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(StoreError, match=name):
        ask(open_store(stored))
    path.unlink()
    with pytest.raises(StoreError, match=name):
        ask(open_store(stored))


def test_concatenating_nothing():
    assert concatenate([]) == {}
