"""An encrypted store gives nothing away without its key, and the same rows with it."""

from __future__ import annotations

import json
import pickle
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from analyzer.engine import LocalEngine
from analyzer.engine.spill import SpilledPart
from analyzer.errors import StoreError
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder, StoredPart, open_store
from tests.store.writing import COLUMNS, random_rows, rows_of, tables, write

SECRET = bytes(range(32))


def sealed(path: Path, seed: int = 1, **options):
    return write(path, random_rows(seed), chunks=5, parts=2, secret=SECRET, **options)


def texts(store) -> list[str]:
    parts = [StoredPart((p,), store.columns, seal=store.seal).load() for p in store.part_paths]
    return sorted(
        str(row)
        for part in parts
        for row in zip(*(column.tolist() for column in part.values()), strict=True)
    )


@pytest.mark.parametrize("memory", ["2GB", "4KB"])
def test_with_its_key_it_holds_what_a_plain_store_holds(tmp_path: Path, memory):
    store = sealed(tmp_path / "s", memory=memory)
    plain = write(tmp_path / "p", random_rows(1), chunks=5, parts=2)
    assert texts(store) == rows_of(plain)
    again = open_store(tmp_path / "s", secret=SECRET)
    assert again.manifest == store.manifest == {**plain.manifest, "version": 2}
    assert again.labels == plain.labels
    assert again.vehicle_names.to_pylist() == plain.vehicle_names.to_pylist()


def test_nothing_of_the_rows_stands_on_the_disk(tmp_path: Path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    copies = tmp_path / "copies"
    builder = StoreBuilder(tmp_path / "s", timezone="UTC", columns=COLUMNS, memory="4KB",
                           secret=SECRET)  # fmt: skip
    rows = {**random_rows(1), "vehicle": np.full(600, 0x5EC0DE5, np.int32)}
    for _ in range(4):
        builder.append(rows)
    assert list(temporary.rglob("*.arrows"))
    shutil.copytree(temporary, copies)
    builder.write_parts()
    builder.finish(**tables())
    shutil.copytree(tmp_path / "s", copies / "s")
    assert list(temporary.iterdir()) == []
    marks = [
        b"pseudonym", b"Chevrolet", b"camera 1", b"ARROW1", b"vehicle", b"seen_at",
        rows["vehicle"][:2].tobytes(), SECRET, SECRET.hex().encode(),
    ]  # fmt: skip
    files = [path for path in copies.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        data = path.read_bytes()
        assert [mark for mark in marks if mark in data] == [], path
        if path.suffix in (".parquet", ".arrows"):
            assert data[:4] == b"PARE"


def test_a_plain_spill_would_have_shown_the_marks(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    builder = StoreBuilder(None, timezone="UTC", columns=COLUMNS, memory="4KB")
    rows = {**random_rows(1), "vehicle": np.full(600, 0x5EC0DE5, np.int32)}
    for _ in range(4):
        builder.append(rows)
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*.arrows"))
    assert rows["vehicle"][:2].tobytes() in data
    builder.abandon()


@pytest.mark.parametrize("secret", [None, b"x" * 32, SECRET[:31]])
def test_without_the_key_nothing_opens(tmp_path: Path, secret):
    store = sealed(tmp_path / "s")
    with pytest.raises(StoreError, match="encrypted"):
        open_store(tmp_path / "s", secret=secret)
    with pytest.raises(StoreError, match="encrypted"):
        StoreBuilder(tmp_path / "s", timezone="UTC", secret=secret)
    part = StoredPart(store.part_paths[:1])
    with pytest.raises(StoreError, match="cannot be read"):
        part.load()
    assert texts(open_store(tmp_path / "s", secret=SECRET)) == texts(store)


def test_no_file_passes_for_another(tmp_path: Path):
    store = sealed(tmp_path / "s")
    one, two = store.part_paths
    shutil.copy(one, two)
    with pytest.raises(StoreError, match="cannot be read"):
        StoredPart((two,), seal=store.seal).load()
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    one.write_bytes(bytes(data))
    with pytest.raises(StoreError, match="cannot be read"):
        StoredPart((one,), store.columns, seal=store.seal).load()


def test_a_damaged_manifest_is_refused(tmp_path: Path):
    store = sealed(tmp_path / "s")
    outer = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert set(outer) == {"format", "version", "generation", "encrypted"}
    for wrong in (7, {}, {"salt": "xyz", "check": ""}):
        text = json.dumps({**outer, "encrypted": wrong})
        (tmp_path / "s" / "manifest.json").write_text(text)
        with pytest.raises(StoreError, match="damaged"):
            open_store(tmp_path / "s", secret=SECRET)
    (tmp_path / "s" / "manifest.json").write_text(json.dumps(outer))
    (store.folder / "manifest.parquet").write_bytes(b"PARE" * 5)
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(tmp_path / "s", secret=SECRET)


def test_a_plain_store_does_not_become_an_encrypted_one(tmp_path: Path):
    write(tmp_path / "s", random_rows(1))
    with pytest.raises(StoreError, match="not encrypted"):
        StoreBuilder(tmp_path / "s", timezone="UTC", secret=SECRET)


def test_views_and_copies_stay_encrypted(tmp_path: Path):
    sightings = Sightings(sealed(tmp_path / "s"))
    whole = sightings.save(tmp_path / "copy")
    first, last = sightings.span
    view = sightings.between(str(first), str(last)).save(tmp_path / "view")
    for name, saved in (("copy", whole), ("view", view)):
        assert len(saved) in (len(sightings), len(sightings) - 1) or len(saved) > 500
        with pytest.raises(StoreError, match="encrypted"):
            open_store(tmp_path / name)
        assert len(Sightings(open_store(tmp_path / name, secret=SECRET))) == len(saved)


def by_camera(rows, broadcast):
    return {"camera": rows["camera"], "vehicle": rows["vehicle"]}


def test_parts_do_not_travel_and_do_not_spill_plainly(tmp_path: Path, monkeypatch):
    sightings = Sightings(sealed(tmp_path / "s"))
    parts = sightings.parts()
    with pytest.raises(StoreError, match="use engine='local'"):
        pickle.dumps(parts[0])
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    spilled = LocalEngine(memory=64).exchange(parts, by_camera, "camera", 3)
    assert all(isinstance(part, SpilledPart) for part in spilled)
    files = list(temporary.rglob("*.arrows"))
    assert files and all(path.read_bytes()[:4] == b"PARE" for path in files)
    plain = write(tmp_path / "p", random_rows(1), chunks=5, parts=2)
    expected = LocalEngine().exchange(Sightings(plain).parts(), by_camera, "camera", 3)
    for one, two in zip(spilled, expected, strict=True):
        for name, column in one.load().items():
            np.testing.assert_array_equal(column, two.load()[name])
    with pytest.raises(StoreError, match="use engine='local'"):
        pickle.dumps(spilled[0])
    kept = LocalEngine().exchange(parts, by_camera, "camera", 3)
    assert all(part.sealed for part in kept)


def test_a_failed_exchange_leaves_no_spill_file(tmp_path: Path, monkeypatch):
    sightings = Sightings(write(tmp_path / "s", random_rows(1), chunks=5, parts=2))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    calls = []

    def fails_later(rows, broadcast):
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("on the way")
        return by_camera(rows, broadcast)

    with pytest.raises(ValueError, match="on the way"):
        LocalEngine(memory=64, threads=1).exchange(sightings.parts(), fails_later, "camera", 3)
    assert list(temporary.iterdir()) == []


def test_an_abandoned_first_run_leaves_nothing(tmp_path: Path):
    for path in (tmp_path / "new", tmp_path / "empty"):
        if path.name == "empty":
            path.mkdir()
        builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS)
        builder.append(random_rows(1))
        builder.abandon()
        builder.abandon()
    assert [entry.name for entry in tmp_path.iterdir()] == ["empty"]
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize("memory", ["2GB", "300B"])
def test_of_exact_repeats_the_fullest_row_comes_first(tmp_path: Path, memory):
    count = 8
    rows = {
        "vehicle": np.zeros(count, np.int32), "camera": np.zeros(count, np.int32),
        "seen_at": np.zeros(count, np.int64),
        "make": np.array([-1, 3, -1, 0, -1, 2, 1, -1], np.int32),
        "confidence": np.array([np.nan, np.nan, 0.5, 0.9, 0.1, np.nan, 0.8, np.nan], np.float32),
    }  # fmt: skip
    kept = []

    def first_only(sorted_rows):
        kept.append({name: column[0] for name, column in sorted_rows.items()})
        return np.zeros(count, np.int64), (np.arange(count) > 0).astype(np.uint8)

    random = np.random.default_rng(0)
    for run in range(5):
        order = random.permutation(count)
        builder = StoreBuilder(tmp_path / str(run), timezone="UTC", columns=COLUMNS, memory=memory)
        for index in np.array_split(order, 3):
            builder.append({name: column[index] for name, column in rows.items()})
        builder.finish(**tables(), merge=first_only)
    assert len(kept) == 5
    assert {(row["make"], round(float(row["confidence"]), 3)) for row in kept} == {(1, 0.8)}
