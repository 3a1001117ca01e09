"""Interrupted work goes on where it was, gives the same figures, and takes nothing for another."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analyzer.engine import DerivedPart, LocalEngine, RowsPart
from analyzer.engine import resuming as resuming_module
from analyzer.engine.base import bytes_of
from analyzer.engine.resuming import ResumingEngine
from analyzer.errors import EngineError, StoreError, UsageError
from analyzer.synthetic import make_region
from tests.engine import functions
from tests.test_parts import RESULTS, accompanied, measure_all, same


def parts(count: int = 20) -> list[RowsPart]:
    return [RowsPart({"key": np.arange(5) % 3, "x": np.full(5, n)}) for n in range(count)]


def test_what_was_done_is_not_done_again(tmp_path):
    functions.calls = 0
    first = ResumingEngine(LocalEngine(threads=1), tmp_path / "work")
    frames = first.map(parts(), functions.counted)
    assert functions.calls == 20 and first.found == 0
    again = ResumingEngine(LocalEngine(threads=1), tmp_path / "work")
    for one, two in zip(frames, again.map(parts(), functions.counted), strict=True):
        assert list(one) == list(two) and one["x"].dtype == two["x"].dtype
        np.testing.assert_array_equal(one["x"], two["x"])
    assert functions.calls == 20 and again.found == 20


def test_what_differs_is_computed(tmp_path):
    engine = ResumingEngine(LocalEngine(threads=1), tmp_path)
    (one,) = engine.map(parts(1), functions.scaled, {"factor": 2})
    (two,) = engine.map(parts(1), functions.scaled, {"factor": 3})
    (three,) = engine.map([RowsPart({"x": np.arange(3)})], functions.scaled, {"factor": 2})
    (four,) = engine.map(parts(1), functions.unchanged, {"factor": 2})
    derived = DerivedPart(parts(1)[0], functions.scaled, {"factor": 5})
    (five,) = engine.map([derived], functions.scaled, {"factor": 2})
    assert engine.found == 0
    found = [rows["x"].tolist() for rows in (one, two, three, four, five)]
    assert found == [[0] * 5, [0] * 5, [0, 2, 4], [0] * 5, [0] * 5]


def test_a_file_that_changed_is_read_again(tmp_path):
    data = make_region(40, 7).build_store(tmp_path / "store")
    engine = ResumingEngine(LocalEngine(), tmp_path / "work")
    engine.map(data.parts(), functions.unchanged)
    path = data.store.part_paths[0]
    os.utime(path, ns=(1, 1))
    engine.map(data.parts(), functions.unchanged)
    assert engine.found == 0
    engine.map(data.parts(), functions.unchanged)
    assert engine.found == 1


def test_what_is_made_in_a_temporary_folder_is_known_by_its_content(tmp_path):
    # Each lies in another folder, as does what another run makes.
    stores = [make_region(40, 7, seed=seed).sightings for seed in (1, 1, 2)]
    found = []
    for data in stores:
        engine = ResumingEngine(LocalEngine(), tmp_path / "work")
        (rows,) = engine.map(data.parts(), functions.unchanged)
        found.append(engine.found)
        np.testing.assert_array_equal(rows["seen_at"], data.parts()[0].load()["seen_at"])
    assert found == [0, 1, 0]
    path = stores[0].store.part_paths[0]
    path.write_bytes(stores[2].store.part_paths[0].read_bytes())
    (rows,) = engine.map(stores[0].parts(), functions.unchanged)
    assert engine.found == 0
    np.testing.assert_array_equal(rows["seen_at"], stores[2].parts()[0].load()["seen_at"])


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


DAMAGES = {
    "empty": lambda data: b"",
    "short": lambda data: data[:100],
    "last gone": lambda data: data[:-1],
    "length": lambda data: flip(data, 7),
    "header": lambda data: flip(data, 20),
    "values": lambda data: flip(data, len(data) - 60),
    "checksum": lambda data: flip(data, len(data) - 1),
    "longer": lambda data: data + b"0",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_made_again(tmp_path, damage):
    def run():
        engine = ResumingEngine(LocalEngine(threads=1), tmp_path / "work")
        rows = engine.map(parts(3), functions.counted)
        buckets = engine.exchange(parts(3), functions.counted, "x", 2)
        return engine, [*rows, *(bucket.load() for bucket in buckets)]

    _, plain = run()
    paths = [path for path in (tmp_path / "work").iterdir() if path.name != resuming_module.MARK]
    whole = {path: path.read_bytes() for path in paths}
    paths[0].write_bytes(damage(whole[paths[0]]))
    functions.calls = 0
    engine, again = run()
    assert functions.calls == 1 and engine.found == 5
    for one, two in zip(plain, again, strict=True):
        for name, column in one.items():
            np.testing.assert_array_equal(column, two[name])
    assert {path: path.read_bytes() for path in paths} == whole


def test_results_of_more_than_one_block_are_whole(tmp_path):
    large = [RowsPart({"x": np.arange(300_000)})]
    for found in (0, 1):
        engine = ResumingEngine(LocalEngine(), tmp_path)
        (rows,) = engine.map(large, functions.unchanged)
        assert engine.found == found
        np.testing.assert_array_equal(rows["x"], np.arange(300_000))


@pytest.mark.parametrize("name", ["letter.txt", "letter.txt/work"])
def test_a_file_in_the_place_of_the_folder_is_told_what_to_give(tmp_path, name):
    (tmp_path / "letter.txt").touch()
    with pytest.raises(UsageError, match=r"is a file.*give a new or empty folder"):
        ResumingEngine(LocalEngine(), tmp_path / name)


def test_another_program_computes_again(tmp_path, monkeypatch):
    ResumingEngine(LocalEngine(), tmp_path).map(parts(), functions.unchanged)
    monkeypatch.setattr(resuming_module, "_program", lambda: ("another",))
    engine = ResumingEngine(LocalEngine(), tmp_path)
    engine.map(parts(), functions.unchanged)
    assert engine.found == 0


@pytest.mark.parametrize("memory", ["1GB", 1])
def test_exchanged_parts_are_known_again(tmp_path, memory):
    for run in range(2):
        engine = ResumingEngine(LocalEngine(memory=memory), tmp_path)
        buckets = engine.exchange(parts(), functions.unchanged, "key", 4)
        rows = engine.map(buckets, functions.scaled, {"factor": 2})
        assert engine.found == run * (20 + len(buckets))
    plain = LocalEngine().exchange(parts(), functions.unchanged, "key", 4)
    for one, two in zip(plain, rows, strict=True):
        np.testing.assert_array_equal(2 * one.load()["x"], two["x"])


def test_every_measure_is_the_same_and_wholly_found(tmp_path):
    data = make_region(60, 15, seed=5).sightings.with_parts(3)
    of = accompanied(data)
    plain = measure_all(data, LocalEngine(), of=of)
    kept = []
    for _ in range(2):
        engine = ResumingEngine(LocalEngine(threads=1), tmp_path / "work")
        found = measure_all(data, engine, of=of)
        for result in RESULTS:
            same(plain[result], found[result])
        kept.append(len(list((tmp_path / "work").iterdir())))
    assert kept[1] == kept[0] and engine.found > 200


PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from analyzer.engine import LocalEngine
from analyzer.engine.base import bytes_of
from analyzer.engine.resuming import ResumingEngine
from analyzer.risk.unicity import measure_unicity
from analyzer.sightings import Sightings
from analyzer.store import StoredPart, open_store

marks, work, store, deadly = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
load = StoredPart.load

def marking(part):
    (marks / f"{os.getpid()}-{len(list(marks.iterdir()))}").touch()
    if len(list(marks.iterdir())) == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return load(part)

StoredPart.load = marking
engine = ResumingEngine(LocalEngine(threads=1), work)
data = Sightings(open_store(store)).with_parts(20)
print(json.dumps(measure_unicity(data, seed=3, engine=engine).to_dict()))
"""


def test_a_killed_run_goes_on_and_gives_the_same(tmp_path):
    store = make_region(60, 7, seed=5).build_store(tmp_path / "store")

    def run(name: str, work: str, deadly: int) -> tuple[int, str, int]:
        marks = tmp_path / name
        marks.mkdir()
        words = [sys.executable, "-c", PROGRAM, marks, tmp_path / work, store.store.path, deadly]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        return done.returncode, done.stdout, len(list(marks.iterdir()))

    status, whole, loads = run("whole", "a", 0)
    assert status == 0 and loads >= 40
    status, out, before = run("killed", "b", 19)
    assert status == -9 and out == "" and before == 19
    status, resumed, after = run("resumed", "b", 0)
    assert status == 0 and resumed == whole
    # Two waves of eight parts were kept.
    assert after == loads - 16
    assert json.loads(resumed)


def test_the_folder_is_private_and_holds_nothing_else(tmp_path):
    ResumingEngine(LocalEngine(), tmp_path / "work").map(parts(2), functions.unchanged)
    assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700
    kept = [path for path in (tmp_path / "work").iterdir() if path.name != resuming_module.MARK]
    assert len(kept) == 2 and all(path.stat().st_mode & 0o777 == 0o600 for path in kept)
    (tmp_path / "other").mkdir()
    Path(tmp_path / "other" / "letter.txt").touch()
    with pytest.raises(UsageError, match="something else"):
        ResumingEngine(LocalEngine(), tmp_path / "other")


def test_work_on_an_encrypted_store_is_not_kept(tmp_path):
    part = RowsPart({"x": np.arange(3)}, sealed=True)
    with pytest.raises(StoreError, match="encrypted"):
        ResumingEngine(LocalEngine(), tmp_path / "work").map([part], functions.unchanged)
    assert not (tmp_path / "work").exists()


def test_no_name_is_no_folder(tmp_path, monkeypatch):
    # To pathlib it is the folder where one stands.
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="names no folder"):
        ResumingEngine(LocalEngine(), "")


def test_what_is_derived_from_a_bucket_tells_its_size(tmp_path):
    engine = ResumingEngine(LocalEngine(), tmp_path)
    plain = LocalEngine().exchange(parts(), functions.unchanged, "key", 2)
    kept = engine.exchange(parts(), functions.unchanged, "key", 2)
    assert [bytes_of(part) for part in kept] == [bytes_of(part) for part in plain] != [0, 0]


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_named_and_nothing_incomplete_is_left(tmp_path, monkeypatch):
    engine = ResumingEngine(LocalEngine(), tmp_path / "work")
    with monkeypatch.context() as with_full_disk:
        with_full_disk.setattr(resuming_module, "pack_rows", full)
        with pytest.raises(EngineError, match=r"work: no space .*--resume.* free some"):
            engine.map(parts(2), functions.unchanged)
    assert hidden(tmp_path / "work") == []
    # Another fault of the system is not taken for it.
    monkeypatch.setattr(resuming_module, "pack_rows", lambda rows: (_ for _ in [os.stat("/no")]))
    with pytest.raises(FileNotFoundError):
        engine.map(parts(2), functions.unchanged)


WRITING = """
import sys, time
import numpy as np
from pathlib import Path
from analyzer.engine import resuming

def slow(rows):
    yield b"12345"
    print("writing", flush=True)
    time.sleep(60)

resuming.pack_rows = slow
resuming._write(Path(sys.argv[1]) / "rows", {"x": np.arange(3)})
"""


def test_what_a_killed_run_left_incomplete_is_removed_and_nothing_else(tmp_path):
    work = tmp_path / "work"
    ResumingEngine(LocalEngine(), work).map(parts(2), functions.unchanged)
    whole = sorted(path.name for path in work.iterdir())
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITING, str(work)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "writing\n"
    (work / ".letter").touch()
    assert len(hidden(work)) == 3
    try:
        writers[0].kill()
        writers[0].wait()
        engine = ResumingEngine(LocalEngine(), work)
        engine.map(parts(2), functions.unchanged)
        # One is still written, by a process that lives.
        assert engine.found == 2 and len(hidden(work)) == 2
    finally:
        writers[1].kill()
        for writer in writers:
            writer.wait()
            writer.stdout.close()
    ResumingEngine(LocalEngine(), work).map(parts(3), functions.unchanged)
    assert [path.name for path in hidden(work)] == [".letter"]
    assert set(whole) < {path.name for path in work.iterdir()}
