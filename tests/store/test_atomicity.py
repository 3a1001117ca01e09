"""A killed run leaves the old store or the new one; two runs never write one store at once."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from analyzer.cameras import camera_table
from analyzer.errors import StoreError, UsageError
from analyzer.ingest.inputs import find_inputs
from analyzer.store import StoreBuilder, StoredPart, open_store
from analyzer.store.small_tables import write_tables
from analyzer.store.store import is_unfinished, newer_generations
from tests.store.writing import (
    COLUMNS,
    hold,
    random_rows,
    rows_of,
    tables,
    write,
    write_and_die,
    write_for_ever,
)

OLD, NEW = 1, 2


@pytest.fixture(scope="module")
def processes():
    # Forked from a fresh server that has made its imports: quick, and free of our threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["analyzer.store", "tests.store.writing"])
    return context


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """The rows of the old and the new store, as texts."""
    folder = tmp_path_factory.mktemp("texts")
    return {
        seed: rows_of(write(folder / str(seed), random_rows(seed), parts=2)) for seed in (OLD, NEW)
    }


def killed_at(processes, path: Path, moment: int) -> bool:
    """Write the new store, killed at a moment; tell whether it was killed at all."""
    process = processes.Process(target=write_and_die, args=(str(path), NEW, moment))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def check_after(path: Path, texts: dict[int, list[str]], *, had_old: bool) -> str:
    """The store is the old one or the new one, whole; and the next run writes and cleans up."""
    try:
        store = open_store(path)
    except StoreError as error:
        assert not had_old and "not a store" in str(error)
        state = "none"
    else:
        found = rows_of(store)
        assert found in (texts[OLD], texts[NEW])
        assert store.vehicle_names.to_pylist() == tables()["vehicles"]
        assert len(store.camera_table) == 6 and store.labels == tables()["labels"]
        state = "old" if found == texts[OLD] else "new"
    last = write(path, random_rows(NEW), parts=2)
    assert rows_of(last) == texts[NEW]
    left = {entry.name for entry in path.iterdir()}
    assert left == {".lock", "manifest.json", last.manifest["generation"]}
    return state


@pytest.mark.filterwarnings("ignore:.*an earlier run was interrupted")
@pytest.mark.parametrize("had_old", [True, False], ids=["over an old store", "in a new folder"])
def test_killed_at_every_file_operation(tmp_path: Path, processes, texts, had_old: bool):
    states = []
    old = tmp_path / "old"
    if had_old:
        write(old, random_rows(OLD), parts=2)
    for moment in range(200):
        path = tmp_path / f"{moment}"
        if had_old:
            shutil.copytree(old, path)
        killed = killed_at(processes, path, moment)
        # Before its first operation, a killed writer had not even made the folder.
        path.mkdir(exist_ok=True)
        states.append(check_after(path, texts, had_old=had_old))
        if not killed:
            break
    assert not killed, "there are more file operations than moments"
    # One moment divides the old from the new: the replacement of the manifest.
    before, after = ("old" if had_old else "none"), "new"
    assert states[0] == before and states[-1] == after
    assert states == sorted(states, key=[before, after].index)
    assert states.count(before) > 5 and states.count(after) > (1 if had_old else 0)


@pytest.mark.filterwarnings("ignore:.*an earlier run was interrupted")
def test_killed_at_random_times(tmp_path: Path, processes, texts):
    write(tmp_path / "s", random_rows(OLD), parts=2)
    delays = random.Random(3)
    for _ in range(8):
        path = tmp_path / "s"
        process = processes.Process(target=write_for_ever, args=(str(path), NEW))
        process.start()
        time.sleep(delays.uniform(0.02, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        assert rows_of(open_store(path)) in (texts[OLD], texts[NEW])
    check_after(path, texts, had_old=True)


# One writer at a time


def test_a_second_writer_is_told_to_wait(tmp_path: Path, processes):
    path = tmp_path / "s"
    old = write(path, random_rows(OLD))
    ready, go = processes.Event(), processes.Event()
    process = processes.Process(target=hold, args=(str(path), ready, go))
    process.start()
    assert ready.wait(60)
    with pytest.raises(StoreError, match="another run is writing this store; wait until it has"):
        StoreBuilder(path, timezone="UTC")
    # Readers are not kept out.
    assert rows_of(open_store(path)) == rows_of(old)
    go.set()
    process.join(60)
    assert process.exitcode == 0
    write(path, random_rows(NEW))


def test_a_second_writer_in_one_process_is_told_too(tmp_path: Path):
    first = StoreBuilder(tmp_path / "s", timezone="UTC", columns=COLUMNS)
    with pytest.raises(StoreError, match="another run"):
        StoreBuilder(tmp_path / "s", timezone="UTC")
    first.append(random_rows(OLD))
    first.finish(**tables())
    StoreBuilder(tmp_path / "s", timezone="UTC").abandon()


def test_a_writer_that_was_forgotten_gives_the_lock_back(tmp_path: Path):
    builder = StoreBuilder(tmp_path / "s", timezone="UTC")
    del builder
    with pytest.warns(UserWarning, match="an earlier run was interrupted"):
        write(tmp_path / "s", random_rows(OLD))


# Generations


def test_the_next_generation_takes_the_place_of_the_last(tmp_path: Path, texts):
    path = tmp_path / "s"
    first = write(path, random_rows(OLD), parts=2)
    held = StoredPart(first.part_paths, first.columns)
    second = write(path, random_rows(NEW), parts=2)
    assert (first.manifest["generation"], second.manifest["generation"]) == (
        "data-000001", "data-000002"
    )  # fmt: skip
    assert sorted(p.name for p in path.iterdir()) == [".lock", "data-000002", "manifest.json"]
    assert rows_of(open_store(path)) == texts[NEW]
    # Who still holds the old one is told, and never given a mixture.
    with pytest.raises(StoreError, match="open it again"):
        held.load()


def test_nothing_changes_before_finish(tmp_path: Path, texts):
    path = tmp_path / "s"
    write(path, random_rows(OLD), parts=2)
    manifest = (path / "manifest.json").read_bytes()
    builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS, parts=2)
    builder.append(random_rows(NEW))
    builder.write_parts()
    (builder.folder / "rejects.csv").write_text("file,line\n")
    assert (path / "manifest.json").read_bytes() == manifest
    assert rows_of(open_store(path)) == texts[OLD]
    store = builder.finish(**tables())
    assert rows_of(open_store(path)) == texts[NEW]
    assert (store.folder / "rejects.csv").exists()


@pytest.mark.parametrize("memory", ["2GB", "4KB"])
def test_an_abandoned_run_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch, texts, memory):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    path = tmp_path / "s"
    write(path, random_rows(OLD), parts=2)
    builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS, memory=memory)
    builder.append(random_rows(NEW))
    builder.abandon()
    assert rows_of(open_store(path)) == texts[OLD]
    assert sorted(p.name for p in path.iterdir()) == [".lock", "data-000001", "manifest.json"]
    assert list((tmp_path / "temporary").iterdir()) == []
    # After the commit there is nothing left to abandon.
    builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS, parts=2)
    builder.append(random_rows(NEW))
    builder.finish(**tables())
    builder.abandon()
    assert rows_of(open_store(path)) == texts[NEW]


def test_what_cannot_be_written_leaves_the_old_store(tmp_path: Path, texts):
    path = tmp_path / "s"
    write(path, random_rows(OLD), parts=2)
    builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS)
    builder.append(random_rows(NEW))
    with pytest.raises(TypeError):
        builder.finish(**{**tables(), "quality": {"rows": np.arange(3)}})
    builder.abandon()
    assert rows_of(open_store(path)) == texts[OLD]
    assert rows_of(write(path, random_rows(NEW), parts=2)) == texts[NEW]


# Other people's folders


@pytest.mark.parametrize(
    "names",
    [["notes.txt"], ["data-000001"], ["data-2024"], ["data-202401"], ["data-backup"],
     [".lockpick"], [".manifest.json"], [".lock", "data-mine"], [".lock", "thesis.doc"]],
    ids=" ".join,
)  # fmt: skip
def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, names: list[str]):
    for name in names:
        if name.startswith("data-"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "precious").write_text("years of work")
        else:
            (tmp_path / name).write_text("years of work")
    with pytest.raises(StoreError, match="not a store; give a new or empty folder"):
        StoreBuilder(tmp_path, timezone="UTC")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(names)
    assert all((tmp_path / n / "precious").exists() for n in names if n.startswith("data-"))


def test_what_else_lies_in_a_store_is_left_alone(tmp_path: Path):
    path = tmp_path / "s"
    write(path, random_rows(OLD))
    (path / "data-mine").mkdir()
    (path / "data-mine" / "precious").write_text("years of work")
    (path / "notes.txt").write_text("why we have this")
    write(path, random_rows(NEW))
    assert (path / "data-mine" / "precious").exists() and (path / "notes.txt").exists()


def test_paths_that_cannot_be_folders(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="cannot be written"):
            StoreBuilder(path, timezone="UTC")
    assert (tmp_path / "file").read_text() == "x"


# What an interrupted run leaves


def interrupted(path: Path) -> StoreBuilder:
    """Leave what a run that is killed near its end leaves: parts and tables, and no manifest."""
    builder = StoreBuilder(path, timezone="UTC", columns=COLUMNS, parts=2)
    builder.append(random_rows(NEW))
    builder.write_parts()
    write_tables(
        builder.folder, camera_table(tables()["cameras"]), tables()["vehicles"], {}, builder.seal
    )
    builder._generation._lock.release()
    return builder


def test_what_is_left_of_a_store_is_never_taken_for_one(tmp_path: Path):
    path = tmp_path / "s"
    interrupted(path)
    part = path / "data-000001" / "part-00000.parquet"
    assert is_unfinished(path) and part.is_file()
    with pytest.raises(StoreError, match=r"interrupted, or is still at work.*starts over"):
        open_store(path)
    # Its parts are Parquet: nothing that is read as files may lead to them.
    for source in (path, path.parent, path / "data-000001", part, f"{path}/data-*/part-*.parquet"):
        with pytest.raises(StoreError, match=f"{path}: not a store yet"):
            find_inputs(source if isinstance(source, str) else str(source))
    with pytest.warns(UserWarning, match=r"s: an earlier run was interrupted .* MB .*starts over"):
        write(path, random_rows(NEW), parts=2)
    assert not is_unfinished(path)


def test_parts_of_a_whole_store_are_not_read_as_files(tmp_path: Path):
    path = tmp_path / "s"
    write(path, random_rows(OLD), parts=2)
    for source in (path / "data-000001", path / "data-000001" / "part-00000.parquet"):
        with pytest.raises(UsageError, match="name the folder of the store"):
            find_inputs(str(source))


def test_a_store_is_whole_while_something_is_added_to_it(tmp_path: Path, texts, recwarn):
    path = tmp_path / "s"
    old = write(path, random_rows(OLD), parts=2)
    assert newer_generations(path, old.manifest["generation"]) == []
    interrupted(path)
    assert rows_of(open_store(path)) == texts[OLD] and not is_unfinished(path)
    left = newer_generations(path, old.manifest["generation"])
    assert [folder.name for folder in left] == ["data-000002"]
    # What a finished run had no time to remove is no interruption.
    shutil.rmtree(left[0])
    shutil.copytree(path / "data-000001", path / "data-000000")
    write(path, random_rows(NEW), parts=2)
    assert not [each for each in recwarn if "interrupted" in str(each.message)]
