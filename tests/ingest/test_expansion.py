"""Columnar files that grow without end in reading are refused, and memory stays bounded."""

from __future__ import annotations

import sqlite3

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.errors import InputError, StoreError, UsageError
from analyzer.ingest.database import DatabaseSource
from analyzer.ingest.formats import ParquetSource
from analyzer.ingest.near_plates import NearPlates
from analyzer.ingest.reader import read_sightings
from analyzer.store import builder
from analyzer.store.builder import StoreBuilder

START = 1_772_401_470_000


def table(plates, rows):
    return pa.table(
        {
            "plate": plates,
            "camera": pa.array(["gate"] * rows).dictionary_encode(),
            "seen_at": START + 60_000 * np.arange(rows),
        }
    )


def repeated(word, rows):
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([word]))


def test_more_rows_than_bytes_are_no_sightings(tmp_path):
    rows = 1_100_000
    same = {"plate": repeated("ZQXJ", rows), "camera": repeated("gate", rows),
            "seen_at": np.full(rows, START)}  # fmt: skip
    pq.write_table(pa.table(same), tmp_path / "same.parquet", compression="zstd")
    with pytest.raises(InputError, match=r"1,100,000 rows in .* no sightings") as error:
        read_sightings(tmp_path / "same.parquet", timezone="UTC")
    assert "ZQXJ" not in str(error.value)


@pytest.mark.parametrize("way", ["dictionary", "dictionary type", "plain", "prefixes"])
def test_a_long_text_that_is_used_many_times_is_refused(tmp_path, way):
    path, rows, word = tmp_path / "words.parquet", 1_000, "Z" * 100_000
    if way.startswith("dictionary"):
        made = table(repeated(word, rows), rows)
        options = {"store_schema": way == "dictionary type"}
    else:
        made, options = table(pa.array([word] * rows), rows), {"use_dictionary": False}
        if way == "prefixes":
            options["column_encoding"] = {"plate": "DELTA_BYTE_ARRAY"}
    pq.write_table(made, path, compression="zstd", **options)
    if way != "plain":
        # A batch holds what memory is meant to hold, before anything is known to be too much.
        assert ParquetSource(path)._rows_at_once(["plate", "camera"]) <= 1_000
    with pytest.raises(InputError, match="grow more than 200-fold"):
        read_sightings(path, timezone="UTC")


def test_long_texts_of_a_database_are_read_few_at_a_time(tmp_path):
    database = sqlite3.connect(tmp_path / "long.db")
    database.execute("CREATE TABLE reads (plate TEXT, camera TEXT, seen_at INT)")
    rows = [("Z" * 4_000_000, "gate", START + 60_000 * row) for row in range(12)]
    database.executemany("INSERT INTO reads VALUES (?, ?, ?)", rows)
    database.commit()
    database.close()
    source = DatabaseSource(tmp_path / "long.db")
    assert [len(chunk) for chunk in source.chunks([0, 1, 2])] == [5, 5, 2]


def test_one_long_text_among_plates_does_no_harm(tmp_path):
    rows = 5_000
    codes = np.arange(rows) % 100
    codes[2_500] = 100
    words = pa.array([f"01A{number:03d}BC" for number in range(100)] + ["Z" * 20_000])
    plates = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), words)
    pq.write_table(table(plates, rows), tmp_path / "a.parquet")
    assert ParquetSource(tmp_path / "a.parquet")._rows_at_once(["plate"]) < rows
    pq.write_table(
        table(plates, rows), tmp_path / "b.parquet", row_group_size=700, store_schema=False,
        column_encoding={"plate": "DELTA_BYTE_ARRAY"}, use_dictionary=False,
    )  # fmt: skip
    for name in ("a.parquet", "b.parquet"):
        quality = read_sightings(tmp_path / name, timezone="UTC").quality
        assert quality["rows_read"] == rows and quality["rows_kept"] >= rows - 1


def test_a_vehicle_that_memory_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(builder, "LARGEST_VEHICLE_ROWS", 100)
    one = {"vehicle": np.full(80, 7), "seen_at": np.arange(80), "camera": np.zeros(80, int)}
    store = StoreBuilder(None, timezone="UTC", memory="1KB")
    store.append(one)
    store.append({**one, "vehicle": np.arange(80)})
    with pytest.raises(StoreError, match=r"one vehicle has more than 161 .*--memory"):
        store.append(one)
    store.abandon()
    enough = StoreBuilder(None, timezone="UTC", memory="100KB")
    for _ in range(5):
        enough.append(one)
    enough.abandon()


def test_a_text_too_long_for_a_plate_is_not_compared_with_others():
    near = NearPlates()
    near.add(["01A123BC", "Z" * 1_000_000, "01A128BC"], np.array([4, 5, 6], np.int32))
    one, two, _ = near.pairs()
    assert (one.tolist(), two.tolist()) == ([4], [6])


def test_a_report_is_not_read_as_sightings(tmp_path):
    for name in ("findings.json", "info.json", "retention.csv"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(UsageError, match="is a report, not sightings"):
        read_sightings(tmp_path)
