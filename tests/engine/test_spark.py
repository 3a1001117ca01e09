"""One conformance suite: what every engine says of the same data is the same to the last digit.

Spark runs in this process's own Java and on a standalone cluster of three processes; local runs
with one part and with many. Each way is one test: it is paid for once, however tests are spread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.engine import (
    DerivedPart,
    LocalEngine,
    RowsPart,
    get_engine,
    reduce_rows,
    spark_session,
)
from analyzer.engine.messages import pack_parts, pack_rows, unpack_part, unpack_rows
from analyzer.engine.resuming import ResumingEngine
from analyzer.engine.spark import SparkEngine
from analyzer.errors import EngineError, StoreError, UsageError
from analyzer.patterns.companions import find_companions
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.unicity import measure_unicity
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.store import StoredPart
from analyzer.synthetic import make_region
from tests.engine import functions
from tests.spark_cluster import Cluster, need_spark
from tests.test_parts import RESULTS, accompanied, figures_of, measure_all, same

need_spark()


HERE = "local[1]"
"""One worker: each pays for loading every kernel, and the cluster has two."""


@pytest.fixture(scope="module")
def sightings() -> Sightings:
    return make_region(vehicles=120, days=15, seed=3).sightings


@pytest.fixture(scope="module")
def whole(sightings: Sightings) -> dict[str, Any]:
    """What every measure says, on the local engine, of one part."""
    assert len(sightings.parts()) == 1
    found = measure_all(sightings, "local", of=accompanied(sightings))
    empty = [name for name in RESULTS if not len(found[name]["table"])]
    assert not empty
    return found


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def differing(one: dict[str, Any], two: dict[str, Any]) -> list[str]:
    found = []
    for name in RESULTS:
        try:
            same(one[name], two[name])
        except AssertionError:
            found.append(name)
    return found


def test_every_measure_on_local_with_many_parts(whole, sightings):
    many = measure_all(sightings.with_parts(9), "local", of=accompanied(sightings))
    assert differing(whole, many) == []


def test_every_measure_on_spark_here(whole, sightings):
    engine = get_engine("spark", master=HERE)
    found = measure_all(sightings.with_parts(3), engine, of=accompanied(sightings))
    assert differing(whole, found) == []


def test_every_measure_on_a_cluster(whole, sightings, cluster):
    engine = get_engine("spark", master=cluster.master)
    parts = [RowsPart({"x": np.array([number])}) for number in range(8)]
    frames = engine.map(parts, functions.where_slowly)
    processes = {int(rows["process"][0]) for rows in frames}
    assert len(processes) > 1 and os.getpid() not in processes
    found = measure_all(sightings.with_parts(2), engine, of=accompanied(sightings))
    assert differing(whole, found) == []


# A worker dies


@dataclass(frozen=True)
class SlowPart(StoredPart):
    """A part that leaves a mark where it is loaded, and takes its time."""

    marks: str = ""

    def load(self) -> Rows:
        Path(self.marks, f"{os.getpid()}-{time.time_ns()}").touch()
        time.sleep(0.5)
        return super().load()


@dataclass(frozen=True)
class SlowSightings(Sightings):
    marks: str = ""

    def parts(self, *columns: str) -> list[StoredPart]:
        return [SlowPart(**vars(part), marks=self.marks) for part in super().parts(*columns)]


def kill_when_marked(cluster: Cluster, number: int, marks: Path, count: int) -> threading.Thread:
    def wait_and_kill() -> None:
        end = time.monotonic() + 120
        while len(list(marks.iterdir())) < count and time.monotonic() < end:
            time.sleep(0.01)
        cluster.kill_worker(number)

    thread = threading.Thread(target=wait_and_kill)
    thread.start()
    return thread


def test_a_worker_killed_in_the_middle_changes_nothing(sightings, cluster, tmp_path):
    engine = get_engine("spark", master=cluster.master)
    expected = measure_unicity(sightings, seed=2)
    slow = replace(SlowSightings(sightings.store, marks=str(tmp_path)), _n_parts=6)
    # The second mark says that both workers are at work.
    killer = kill_when_marked(cluster, 0, tmp_path, 2)
    found = measure_unicity(slow, seed=2, engine=engine)
    killer.join()
    assert cluster.workers[0].poll() is not None
    # What the dead worker had in hand was done again.
    passes = measure_passes(sightings)
    assert len(list(tmp_path.iterdir())) > 6 * passes
    assert found.to_dict() == expected.to_dict()


def measure_passes(sightings: Sightings) -> int:
    """Count how often measuring unicity goes over the parts."""

    class Counting(LocalEngine):
        passes = 0

        def map(self, *arguments):
            self.passes += 1
            return super().map(*arguments)

    engine = Counting()
    measure_unicity(sightings, seed=2, engine=engine)
    return engine.passes


def test_rows_lost_with_a_worker_are_made_again(cluster, tmp_path):
    engine = get_engine("spark", master=cluster.master)
    cluster.add_worker(2)
    random = np.random.default_rng(1)
    parts = [
        RowsPart({"key": random.integers(-9, 9, 50), "x": random.random(50)}) for _ in range(4)
    ]
    shared = {"marks": str(tmp_path)}
    expected = LocalEngine().exchange(parts, functions.slowly, "key", 5, shared)
    before = len(list(tmp_path.iterdir()))
    made = engine.exchange(parts, functions.slowly, "key", 5, shared)
    assert len(list(tmp_path.iterdir())) == before + 4
    cluster.kill_worker(1)
    cluster.add_worker(3)
    frames = engine.map(made, functions.unchanged)
    assert len(frames) == len(expected)
    for one, two in zip(expected, frames, strict=True):
        exactly(one.load(), two)


def contents(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        # Spark tidies up while we look.
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            yield path.read_bytes()


def left_on_disks(runner: SparkEngine, folder: Callable[[], Path]) -> tuple[int, bool, bool]:
    """Exchange rows; say how much lies on disks then, and if rows, or what was broadcast, show.

    Random rows, of which nothing becomes smaller: what is packed would hide them by itself.
    """
    random = np.random.default_rng(5)
    wide = lambda count: random.integers(-(2**62), 2**62, count)  # noqa: E731
    # One key a part: its rows stay one behind the other.
    parts = [RowsPart({"key": np.full(4_000, n), "x": wide(4_000)}) for n in range(3)]
    # Shared arrays are large enough to be written in pieces.
    shared = {"factor": 1, "large": wide(1_000_000)}
    made = runner.exchange(parts, functions.unchanged, "key", 4, shared)
    assert sum(len(part.load()["x"]) for part in made) == 12_000
    assert len(runner.map(made, functions.unchanged, shared)) == len(made)
    held = list(contents(folder()))

    def shows(column: np.ndarray) -> bool:
        some = (column[at : at + 4].tobytes() for at in range(100, len(column), len(column) // 8))
        return any(piece in data for piece in some for data in held)

    return (
        sum(map(len, held)),
        any(shows(part.load()["x"]) for part in parts),
        shows(shared["large"]),
    )


def here() -> Path:
    return spark_session._own["folder"].path


def test_rows_that_wait_on_disks_are_encrypted(cluster, engine):
    # Cluster first: it must not find the folder of the session here.
    on_cluster = get_engine("spark", master=cluster.master)
    for runner, folder in ((on_cluster, lambda: cluster.folder / "scratch"), (engine, here)):
        size, *shown = left_on_disks(runner, folder)
        assert size > 12_000 * 16 and shown == [False, False]
    assert here().stat().st_mode & 0o777 == 0o700


def test_rows_that_are_not_encrypted_would_be_seen(engine, monkeypatch):
    settings = spark_session._settings
    plain = {spark_session.ENCRYPTION: "false"}
    monkeypatch.setattr(spark_session, "_settings", lambda *of: settings(*of) | plain)
    monkeypatch.setattr(spark_session, "_refuse_unencrypted", lambda context: None)
    spark_session.stop_spark()
    try:
        assert left_on_disks(engine, here)[1:] == (True, True)
    finally:
        spark_session.stop_spark()


def test_a_session_that_is_not_ours_must_encrypt(engine, monkeypatch):
    from pyspark import SparkConf, SparkContext

    part = RowsPart({"key": np.arange(3)})
    spark_session.stop_spark()
    for said in (None, "false"):
        conf = SparkConf(loadDefaults=False)
        if said:
            conf.set(spark_session.ENCRYPTION, said)
        theirs = SimpleNamespace(master=HERE, getConf=lambda conf=conf: conf)
        monkeypatch.setattr(SparkContext, "_active_spark_context", theirs)
        for work in (
            lambda: engine.map([part], functions.unchanged),
            lambda: engine.exchange([part], functions.unchanged, "key", 2),
        ):
            with pytest.raises(EngineError, match=r"\.config\('spark\.io\.encryption\.enabled'"):
                work()
    conf.set(spark_session.ENCRYPTION, "true")
    assert spark_session.spark_context(HERE, 10**9) is theirs


def test_work_that_is_kept_goes_on_from_buckets_on_workers(engine, tmp_path):
    random = np.random.default_rng(2)
    parts = [
        RowsPart({"key": random.integers(0, 9, 50), "x": random.random(50)}) for _ in range(4)
    ]
    found = []
    first, second = (ResumingEngine(engine, tmp_path) for _ in range(2))
    for runner in (LocalEngine(), first, second):
        made = runner.exchange(parts, functions.unchanged, "key", 4)
        derived = [DerivedPart(part, functions.first_half) for part in made]
        again = runner.exchange(derived, functions.unchanged, "key", 3)
        frames = [
            *runner.map(made, functions.unchanged),
            *runner.map(derived, functions.unchanged),
            *(part.load() for part in again),
        ]
        found.append(frames)
    assert runner.found == 4 + 3 * len(made)
    for frames in found[1:]:
        assert len(frames) == len(found[0])
        for one, two in zip(found[0], frames, strict=True):
            exactly(one, two)


def test_measures_that_are_kept_on_spark_are_the_same_and_found_again(
    engine, sightings, tmp_path
):
    cut = sightings.with_parts(3)
    # Exchanges, and what is derived from them.
    expected = find_companions(sightings, max_fdr=1), measure_linkage(sightings, "7D")
    for found in (0, 1):
        kept = ResumingEngine(engine, tmp_path / "work")
        companions = find_companions(cut, max_fdr=1, engine=kept)
        linkage = measure_linkage(cut, "7D", engine=kept)
        for one, two in zip(expected, (companions, linkage), strict=True):
            same(figures_of(one), figures_of(two))
        assert (kept.found > 20) == bool(found)


def exactly(one: Rows, two: Rows) -> None:
    assert list(one) == list(two)
    for name in one:
        assert one[name].dtype == two[name].dtype
        np.testing.assert_array_equal(one[name], two[name])


# What the seam promises


@pytest.fixture(scope="module")
def engine() -> SparkEngine:
    return get_engine("spark", master=HERE)


def test_exchanged_rows_serve_again_and_again(engine):
    random = np.random.default_rng(2)
    parts = [
        RowsPart({"key": random.integers(-9, 9, 50), "share": random.choice([0.5, np.nan], 50)})
        for _ in range(5)
    ]
    on_spark = engine.exchange(parts, functions.unchanged, "key", 6)
    here = LocalEngine().exchange(parts, functions.unchanged, "key", 6)
    for _ in range(2):
        frames = engine.map(on_spark[1:3], functions.unchanged)
        for one, two in zip(here[1:3], frames, strict=True):
            exactly(one.load(), two)
    # Brought here; made into others; mixed with parts that lie elsewhere; exchanged once more.
    exactly(on_spark[0].load(), here[0].load())
    derived = [DerivedPart(part, functions.first_half) for part in [*on_spark, parts[0]]]
    same_here = [DerivedPart(part, functions.first_half) for part in [*here, parts[0]]]
    for one, two in zip(
        LocalEngine().map(same_here, functions.unchanged),
        engine.map(derived, functions.unchanged),
        strict=True,
    ):
        exactly(one, two)
    again = engine.exchange(derived, functions.unchanged, "key", 3)
    for one, two in zip(
        LocalEngine().exchange(same_here, functions.unchanged, "key", 3), again, strict=True
    ):
        exactly(one.load(), two.load())


def test_errors_keep_their_kind_and_are_not_tried_again(engine, tmp_path):
    part = RowsPart({"x": np.arange(3)})
    for tries in (1, 2):
        with pytest.raises(ValueError, match="on purpose"):
            engine.map([part], functions.broken_and_marked, {"marks": str(tmp_path)})
        assert len(list(tmp_path.iterdir())) == tries
    with pytest.raises(ValueError, match="on purpose"):
        engine.exchange([part], functions.broken_and_marked, "x", 2, {"marks": str(tmp_path)})
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(RuntimeError, match="OwnError on a worker") as caught:
        engine.map([RowsPart({"x": np.arange(3)})], functions.unpicklable)
    assert "text" not in str(caught.value)


def test_a_store_that_workers_cannot_see_is_explained(engine, sightings, tmp_path):
    part = replace(sightings.parts()[0], paths=(tmp_path / "part-00000.parquet",))
    with pytest.raises(StoreError, match="every worker must see the store"):
        engine.map([part], functions.unchanged)


def test_rows_of_an_encrypted_store_are_refused(engine):
    part = RowsPart({"key": np.arange(3)}, sealed=True)
    with pytest.raises(StoreError, match="encrypted"):
        engine.map([part], functions.unchanged)
    with pytest.raises(StoreError, match="encrypted"):
        engine.exchange([DerivedPart(part, functions.unchanged)], functions.unchanged, "key", 2)


def test_a_master_that_is_not_there_is_said_at_once():
    with pytest.raises(EngineError, match="no Spark master"):
        get_engine("spark", master="spark://127.0.0.1:1").map(
            [RowsPart({"x": np.arange(3)})], functions.unchanged
        )


def test_wrong_masters_are_refused(monkeypatch):
    for wrong in (
        "here", "local[]", "local[0]", "http://127.0.0.1:7077", "spark://host", "spark://host:0",
        "spark://host:70000", "spark://a..b:7077", "spark://a b:7077",
        "spark://" + "a" * 64 + ":7077", "yarn",
        "k8s://https://host:6443", "local-cluster[2,1,1024]",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="spark://host:7077"):
            get_engine("spark", master=wrong)
    with pytest.raises(UsageError, match="engine='spark'"):
        get_engine("local", master="local[2]")
    with pytest.raises(UsageError, match="not tested on YARN"):
        get_engine("spark", master="yarn")
    for right in ("local", "local[*]", "spark://a-b.example:7077,[::1]:7077"):
        assert get_engine("spark", master=right).master == right
    monkeypatch.setenv("SPARK_MASTER", "local[3]")
    assert get_engine("spark").master == "local[3]"
    assert get_engine("spark", master="local[2]").master == "local[2]"
    monkeypatch.delenv("SPARK_MASTER")
    assert get_engine("spark", "1GB").memory == 10**9


def test_what_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(EngineError, match="Java 17"):
        get_engine("spark")
    for version, text in ((1, "does not run"), (0, "is Java 11"), (0, "is Java 8")):
        number = {"is Java 11": "11.0.2", "is Java 8": "1.8.0_402"}.get(text, "17.0.1")
        home = tmp_path / f"{number}-{version}"
        (home / "bin").mkdir(parents=True)
        java = home / "bin" / "java"
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{number}\"' >&2\nexit {version}\n")
        java.chmod(0o700)
        monkeypatch.setenv("JAVA_HOME", str(home))
        with pytest.raises(EngineError, match=rf"Java 17 .*{text} \(JAVA_HOME says so\)"):
            get_engine("spark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match=r"there is no .*nowhere.*JAVA_HOME"):
        get_engine("spark")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"platerisk\[spark\]"):
        get_engine("spark")


# Messages


def test_rows_come_back_as_they_were():
    rows = {
        "a": np.arange(10, dtype=np.int8),
        "b": np.array([np.nan, 0.1] * 5),
        "c": np.arange(10) % 2 == 0,
        "d": np.arange(10, dtype=np.uint32),
    }
    for size in (1, 40, 10**6):
        pieces = [unpack_rows(message) for message in pack_rows(rows, size)]
        assert len(pieces) == {1: 10, 40: 5, 10**6: 1}[size]
        exactly(reduce_rows(pieces), rows)
    assert all(column.flags.writeable for column in pieces[0].values())
    (nothing,) = pack_rows({name: column[:0] for name, column in rows.items()})
    exactly(unpack_rows(nothing), {name: column[:0] for name, column in rows.items()})
    assert [unpack_rows(message) for message in pack_rows({})] == [{}]


def test_what_parts_share_travels_once():
    large = np.arange(100_000)
    parts = [
        DerivedPart(RowsPart({"x": np.arange(n)}), functions.scaled, {"factor": 2, "of": large})
        for n in range(20)
    ]
    messages, arrays = pack_parts(parts)
    assert len(arrays) == 1 and sum(map(len, messages)) < 20 * 2_000
    for n, message in enumerate(messages):
        exactly(unpack_part(message, arrays).load(), {"x": 2 * np.arange(n)})
    assert pack_parts(parts[:1])[1] == []


def test_the_session_ends_with_the_process_and_says_nothing():
    program = (
        "import numpy as np; from analyzer.engine import RowsPart, get_engine; "
        "from tests.engine.functions import unchanged; "
        "print(get_engine('spark', master='local[1]').map([RowsPart({'x': np.arange(3)})], "
        "unchanged)[0]['x'].sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=400, check=True
    )
    assert done.stdout == "3\n" and done.stderr == ""


INTERRUPTED = """
import os, sys, threading, time
import numpy as np
from analyzer.engine import RowsPart
from analyzer.cli import engines, main
from tests.engine.functions import slowly
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)

def measure(*_, engine, **__):
    print("started", flush=True)
    engine.map([RowsPart({"key": np.arange(3)})] * 100, slowly, {"marks": sys.argv[1]})

import analyzer.risk.unicity
analyzer.risk.unicity.measure_unicity = measure
main(["risk", sys.argv[2], "--engine", "spark", "--master", "local[1]"])
"""


def test_an_interrupt_ends_the_work_without_a_traceback(sightings, tmp_path):
    store = str(sightings.save(tmp_path / "store").store.path)
    (tmp_path / "marks").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path / "marks"), store],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 120
    while not list((tmp_path / "marks").iterdir()) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and said.strip() == "Aborted!"


# The command


def test_the_command_prints_the_same_on_spark(sightings, tmp_path):
    store = str(sightings.save(tmp_path / "store").store.path)
    command = ["risk", store, "--points", "2", "--format", "json"]
    here = CliRunner().invoke(main, command)
    there = CliRunner().invoke(main, [*command, "--engine", "spark", "--master", HERE])
    assert here.exit_code == there.exit_code == 0, there.stderr
    assert there.stdout == here.stdout and there.stderr == here.stderr
    wrong = CliRunner().invoke(main, [*command, "--master", "local[2]"])
    assert wrong.exit_code == 2 and "--engine spark" in wrong.stderr
