"""Reading spread over Spark's workers: the same store to the byte, and no plate on any disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.engine import get_engine, spark_session
from analyzer.errors import (
    AnalyzerError,
    EngineError,
    InputError,
    StoreError,
    UsageError,
)
from analyzer.ingest.formats import open_source
from analyzer.ingest.near_plates import NearPlates
from analyzer.ingest.reader import read_sightings
from analyzer.ingest.sources import Blocks
from tests.ingest.stores import same_store
from tests.ingest.test_reader import assert_no_canary, assert_no_canary_below, canary_file
from tests.spark_cluster import Cluster, need_spark

need_spark()

HERE = "local[1]"
ZONE = "Asia/Tashkent"
KEY = bytes(range(32))
SMALL = "300KB"
"""So little memory that a file of some kilobytes is read in many blocks, and in several splits."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as started:
        yield started


@pytest.fixture(scope="module")
def engine():
    return get_engine("spark", master=HERE)


def dirty_rows(count: int, seed: int) -> pd.DataFrame:
    """Rows with repeats, spellings, misreads, attributes, and cells that cannot be used."""
    random = np.random.default_rng(seed)
    plates = [f"{10 + i % 80:02d}{'ABCDE'[i % 5]}{i % 900:03d}BC" for i in range(150)]
    plates += ["10A000BD", "--", "", "1", "10 a 000 bc", "10-A-000-BC"]
    times = np.datetime64("2026-03-01T06:00:00") + np.sort(random.integers(0, 9 * 86_400, count))
    texts = np.array([str(time).replace("T", " ") for time in times], object)
    texts[random.random(count) < 0.01] = "yesterday"
    texts[random.random(count) < 0.005] = ""
    cameras = np.array([f"gate {i}" for i in random.integers(0, 12, count)], object)
    cameras[random.random(count) < 0.01] = "n/a"
    number = np.array([int(name.split()[1]) if " " in name else 0 for name in cameras])
    frame = pd.DataFrame(
        {
            "plate": random.choice(plates, count),
            "camera": cameras,
            "seen_at": texts,
            "lat": np.round(41.3 + number / 100, 4),
            "lon": np.round(69.2 + number / 100, 4),
            "make": random.choice(["Kia", "Lada", "", "01A123BC"], count, p=[0.5, 0.4, 0.08, 0.02]),
            "confidence": np.where(random.random(count) < 0.05, "high", random.random(count)),
        }
    )  # fmt: skip
    repeats = frame.sample(count // 20, random_state=seed)
    return pd.concat([frame, repeats], ignore_index=True)


def dirty_files(folder: Path) -> list[Path]:
    """Write CSV files with broken lines and quotes over lines; the second repeats the first."""
    folder.mkdir(exist_ok=True)
    first = dirty_rows(900, 1).to_csv(index=False).splitlines(keepends=True)
    first[100:100] = ["only,two\n", '"10A000BC,gate 1,2026-03-01 10:00:00\n', "\n"]
    first[500:500] = ['"20B001BC","gate\n5","2026-03-02 10:00:00",41.35,69.25,Kia,0.5\n']
    second = dirty_rows(400, 2).to_csv(index=False)
    paths = [folder / f"reads-{number}.csv" for number in range(3)]
    paths[0].write_text("".join(first))
    paths[1].write_text(second)
    paths[2].write_text("".join(first))
    return paths


def both(engine, source, folder: Path, **options):
    """Read on both engines, into stores beside each other."""
    options = {"timezone": ZONE, "key": KEY, **options}
    here = read_sightings(source, store=folder / "here", **options)
    there = read_sightings(source, store=folder / "there", engine=engine, **options)
    return here, there


def test_dirty_files_become_the_same_store(engine, tmp_path):
    paths = dirty_files(tmp_path / "in")
    source = open_source(paths[0], lambda rows: True, block_bytes=4096)
    assert len(source.spans([0], 4)) > 3
    rejects = {}
    for memory in (SMALL, "2GB"):
        folder = tmp_path / memory
        folder.mkdir()
        here, there = both(engine, paths, folder, memory=memory)
        same_store(here, there)
        assert here.quality["rows_merged"] and len(here.quality["rejected_by_reason"]) > 5
        rejects[memory] = (there.store.folder / "rejects.csv").read_text()
    assert rejects[SMALL] == rejects["2GB"]




def test_many_parts_cameras_by_name_and_further_files(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("analyzer.store.builder.SMALLEST_PART_ROWS", 100)
    paths = dirty_files(tmp_path / "in")
    sites = tmp_path / "sites.csv"
    sites.write_text("camera,lat,lon,zone\ngate 3,41.5,69.5,A\ngate 99,41.6,69.6,B\n")
    options = {"memory": "30KB", "cameras": sites, "merge_misreads": True, "fix_clocks": True}
    here, there = both(engine, paths[0], tmp_path, **options)
    assert len(here.parts()) > 3 and "frames" in here.columns
    same_store(here, there)
    del options["merge_misreads"], options["fix_clocks"]
    # A part in which nothing merged still has the column; a file that is there adds nothing.
    here, there = both(engine, paths[::-1], tmp_path, **options)
    same_store(here, there)
    assert len(here.quality["files"]) == 2


def test_parquet_of_many_groups_on_a_cluster(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("analyzer.store.builder.SMALLEST_PART_ROWS", 300)
    frame = dirty_rows(1_200, 3)
    frame["seen_at"] = pd.to_datetime(frame["seen_at"], errors="coerce")
    # Whole numbers with gaps are names only where all of a batch are whole.
    frame["camera"] = np.where(np.arange(len(frame)) == 700, 3.5, np.arange(len(frame)) % 7)
    frame = frame.drop(columns=["lat", "lon"])
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), paths[0], row_group_size=130)
    pq.write_table(pa.Table.from_pandas(frame[::-1], preserve_index=False), paths[1])
    source = open_source(paths[0], lambda rows: True, block_bytes=4096)
    assert len(source.spans([0], 4)) > 3
    engine = get_engine("spark", master=cluster.master)
    here, there = both(engine, paths, tmp_path, memory="20KB")
    assert len(here.parts()) > 3 and here.n_cameras_seen == 8
    same_store(here, there)


def test_pseudonyms_places_and_formats_of_plates(engine, tmp_path):
    frame = dirty_rows(600, 4)
    path = tmp_path / "reads.csv"
    frame.to_csv(path, index=False)
    here, there = both(engine, path, tmp_path, memory=SMALL, place_grid="2km", plate_format="uz")
    assert here.n_cameras_seen > 5
    same_store(here, there)
    frame["plate"] = [f"vehicle {number % 90}" for number in range(len(frame))]
    frame.drop(columns=["lat", "lon"]).to_csv(path, index=False)
    folder = tmp_path / "pseudonymous"
    folder.mkdir()
    same_store(*both(engine, path, folder, memory=SMALL, plates="pseudonymous", key=None))


@pytest.mark.parametrize(
    ("change", "options"),
    [
        # Dates that nothing settles; dates that contradict each other, the second far below.
        (lambda f: f.assign(seen_at="03/04/2026 10:00"), {}),
        (lambda f: f.assign(seen_at=["13/04/2026 10:00"] * 500 + ["04/13/2026 10:00"] * 130), {}),
        (lambda f: f, {"timezone": None}),
        # A camera that stands elsewhere later on, in a stretch of its own.
        (lambda f: f.assign(lat=np.where(f.index < 500, f["lat"], f["lat"] + 0.1)), {}),
        (lambda f: f.rename(columns={"lat": "lon", "lon": "lat"}), {}),
        (lambda f: f.rename(columns={"plate": "camera", "camera": "plate"}), {}),
        (lambda f: f.assign(plate="--"), {}),
        (lambda f: f[:0], {}),
        (lambda f: f.rename(columns={"camera": "something"}), {}),
        (lambda f: f, {"plates": "pseudonymous", "key": None}),
    ],
)
def test_what_is_refused_here_is_refused_there(engine, tmp_path, change, options):
    path = tmp_path / "reads.csv"
    change(dirty_rows(600, 5)).to_csv(path, index=False)
    options = {"timezone": ZONE, "key": KEY, "memory": SMALL, **options}
    said = []
    for on in ("local", engine):
        with pytest.raises(AnalyzerError) as caught:
            read_sightings(path, store=tmp_path / "store", engine=on, **options)
        said.append((type(caught.value), str(caught.value)))
        assert not (tmp_path / "store").exists()
    assert said[0] == said[1]


def test_no_plate_and_no_key_on_any_disk(cluster, engine, tmp_path, monkeypatch, capfd):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    source = canary_file(tmp_path / "reads.csv")
    more = "99Z987YX,c1,2026-03-03 10:00:00,41.3,69.2,,\n" * 500
    source.write_text(f"{source.read_text()}\n{more}")
    looked_at = 0

    def look(*folders: Path) -> None:
        nonlocal looked_at
        for folder in folders:
            assert_no_canary_below(folder)
            for path in folder.rglob("*"):
                if path.is_file():
                    data = path.read_bytes()
                    looked_at += len(data)
                    assert KEY not in data and KEY.hex().encode() not in data, path

    for master, folders in (
        (cluster.master, lambda: [cluster.folder]),
        (HERE, lambda: [spark_session._own["folder"].path]),
    ):
        on = get_engine("spark", master=master)
        store = tmp_path / master.partition(":")[0]
        looked_at = 0
        found = read_sightings(
            source, timezone=ZONE, store=store, key=KEY, memory=SMALL, engine=on,
            progress=lambda *_, folders=folders: look(*folders()),
        )  # fmt: skip
        assert found.n_vehicles == 2
        look(temporary, store, *folders())
        # Rows that wait were there to be looked at: encrypted.
        assert looked_at > 2_000
        assert_no_canary(repr(found.quality).encode(), "what is shown")
    out, err = capfd.readouterr()
    assert_no_canary((out + err).encode(), "what is shown")
    monkeypatch.setattr("analyzer.ingest.spread.read_split", _broken)
    with pytest.raises(ValueError) as caught:
        read_sightings(source, timezone=ZONE, key=KEY, engine=engine)
    assert caught.value.__cause__ is None


def test_no_plate_and_no_key_in_the_event_log(tmp_path):
    source = canary_file(tmp_path / "reads.csv")
    conf, log = tmp_path / "conf", tmp_path / "log"
    conf.mkdir()
    log.mkdir()
    (conf / "spark-defaults.conf").write_text(
        f"spark.eventLog.enabled true\nspark.eventLog.dir file:{log}\n"
        "spark.eventLog.logBlockUpdates.enabled true\nspark.eventLog.compress false\n"
    )
    program = (
        "from analyzer.ingest.reader import read_sightings; from analyzer.engine import get_engine;"
        f"print(len(read_sightings({str(source)!r}, timezone={ZONE!r}, key={KEY!r}, "
        f"engine=get_engine('spark', master={HERE!r}))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True,
        env={**os.environ, "SPARK_CONF_DIR": str(conf)},
    )  # fmt: skip
    assert int(done.stdout) > 3
    assert_no_canary((done.stdout + done.stderr).encode(), "what is shown")
    written = b"".join(path.read_bytes() for path in log.rglob("*") if path.is_file())
    assert b"SparkListenerTaskEnd" in written
    assert_no_canary_below(log)
    assert KEY not in written and KEY.hex().encode() not in written


def _broken(split, broadcast):
    yield {"vehicle": np.zeros(0, np.int32)}
    raise ValueError("on purpose")


def test_a_worker_killed_while_files_are_read_changes_nothing(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("analyzer.store.builder.SMALLEST_PART_ROWS", 300)
    path = tmp_path / "reads.csv"
    dirty_rows(2_000, 9).to_csv(path, index=False)
    options = {"timezone": ZONE, "key": KEY, "memory": "40KB"}
    here = read_sightings(path, store=tmp_path / "here", **options)
    seen: list[int] = []

    def kill(done: int, total: int) -> None:
        # What it has read lies on its own disk, and is lost with it.
        seen.append(done)
        if len(seen) == 3:
            cluster.kill_worker(0)

    engine = get_engine("spark", master=cluster.master)
    there = read_sightings(
        path, store=tmp_path / "there", engine=engine, progress=kill, **options
    )
    assert len(seen) > 8 and cluster.workers[0].poll() is not None
    same_store(here, there)


def test_what_spark_does_not_read_is_said(engine, tmp_path, monkeypatch):
    path = tmp_path / "reads.json"
    path.write_text('[{"plate": "10A000BC", "camera": "c", "seen_at": "2026-03-01 10:00:00"}]')
    options = {"timezone": ZONE, "engine": engine, "store": tmp_path / "store"}
    with pytest.raises(InputError, match=r"reads.json: on Spark only CSV and Parquet.*local"):
        read_sightings(path, **options)
    with pytest.raises(InputError, match="DataFrame: on Spark only CSV and Parquet"):
        read_sightings(dirty_rows(20, 1), **options)
    csv = tmp_path / "reads.csv"
    dirty_rows(20, 1).to_csv(csv, index=False)
    with pytest.raises(UsageError, match=r"--encrypt.*--engine local"):
        read_sightings(csv, encrypt=bytes(32), **options)
    with pytest.raises(UsageError, match="use engine='local'"):
        read_sightings(csv, **{**options, "engine": "flink"})
    # Where workers cannot write, or do not see, the folder of the store.
    monkeypatch.setattr("analyzer.ingest.spread.write_bucket", _elsewhere)
    with pytest.raises(StoreError, match="every worker sees and may write to"):
        read_sightings(csv, **options)
    assert not (tmp_path / "store").exists()
    monkeypatch.undo()
    monkeypatch.setattr("analyzer.ingest.spread.read_split", _without_its_file)
    with pytest.raises(InputError, match=r"no such file \(on Spark every worker must see"):
        read_sightings(csv, **options)


def _elsewhere(rows, broadcast):
    from analyzer.ingest.splits import write_bucket

    return write_bucket(rows, {**broadcast, "folder": broadcast["folder"] + "/not/there"})


def _without_its_file(split, broadcast):
    os.rename(split.source.path, f"{split.source.path}.gone")
    from analyzer.ingest.splits import read_split

    yield from read_split(split, broadcast)


def test_a_session_that_writes_plainly_is_refused(tmp_path, engine, monkeypatch):
    from pyspark import SparkConf, SparkContext

    path = tmp_path / "reads.csv"
    dirty_rows(20, 1).to_csv(path, index=False)
    plain = SimpleNamespace(master=HERE, getConf=lambda: SparkConf(loadDefaults=False))
    monkeypatch.setattr(SparkContext, "_active_spark_context", plain)
    with pytest.raises(EngineError, match=r"spark\.io\.encryption\.enabled"):
        read_sightings(path, timezone=ZONE, engine=engine)


def test_the_command_reads_on_spark(engine, tmp_path):
    path = tmp_path / "reads.csv"
    dirty_rows(300, 6).to_csv(path, index=False)
    command = ["ingest", str(path), "--timezone", ZONE, "--key", str(tmp_path / "a.key"), "-o"]
    here = CliRunner().invoke(main, [*command, str(tmp_path / "here")])
    on_spark = [*command, str(tmp_path / "there"), "--engine", "spark", "--master", HERE]
    there = CliRunner().invoke(main, on_spark)
    assert here.exit_code == there.exit_code == 0, there.stderr
    assert here.stdout == there.stdout
    same_store(read_sightings(tmp_path / "here"), read_sightings(tmp_path / "there"))
    wrong = CliRunner().invoke(main, [*command, str(tmp_path / "x"), "--master", HERE])
    assert wrong.exit_code == 2 and "--engine spark" in wrong.stderr


def test_one_vehicle_too_many_is_said_with_its_file(engine, tmp_path, monkeypatch):
    monkeypatch.setattr("analyzer.store.builder.LARGEST_VEHICLE_ROWS", 30)
    few, many = tmp_path / "few.csv", tmp_path / "many.csv"
    frame = dirty_rows(200, 8)
    frame.to_csv(few, index=False)
    frame.assign(plate="10A000BC").to_csv(many, index=False)
    said = []
    for on in ("local", engine):
        with pytest.raises(StoreError) as caught:
            read_sightings([few, many], timezone=ZONE, key=KEY, memory="4KB", engine=on)
        said.append(str(caught.value))
    assert all(text.startswith("many.csv: one vehicle has more than") for text in said)
    assert all("leave these rows out, or give more with --memory" in text for text in said)


# Stretches, without Spark


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("blocks", [1, 3])
def test_stretches_are_the_file(tmp_path, ending, blocks):
    """Chunk after chunk, what the stretches give is what the whole file gives."""
    path = tmp_path / f"reads{ending}"
    frame = dirty_rows(500, 7)
    if ending == ".parquet":
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=37)
    else:
        frame.loc[250, "camera"] = "gate\n5"
        frame.loc[260, "camera"] = 'gate "5" ' + "x" * 9_000
        frame.to_csv(path, index=False)
    source = open_source(path, lambda rows: True, block_bytes=4096)
    wanted = [0, 1, 2]
    spans = source.spans(wanted, blocks)
    assert (len(spans) > 2) == (ending != ".csv.gz")
    whole = list(open_source(path, lambda rows: True, block_bytes=4096).chunks(wanted))
    apart = [chunk for span in spans for chunk in source.chunks(wanted, *([span] if span else []))]
    assert len(whole) == len(apart)
    for one, two in zip(whole, apart, strict=True):
        assert one.lines.tolist() == two.lines.tolist()
        assert one.offsets.tolist() == two.offsets.tolist()
        assert one.faults.lines.tolist() == two.faults.lines.tolist()
        for position in wanted:
            assert one.columns[position].equals(two.columns[position])
    assert source.digest() == open_source(path, lambda rows: True).digest()
    assert all(isinstance(span, Blocks) for span in spans) == (ending == ".csv")


def test_near_plates_of_stretches_are_those_of_all():
    plates = ["10A000BC", "10A000BD", "20B001BC", "x" * 40, "1OA000BC", "30C111AA", "y" * 50]
    whole = NearPlates(limit=7)
    whole.add(plates, np.arange(7))
    joined = NearPlates(limit=7, key=whole.key)
    # Codes of all; the second stretch meets three plates of the first again.
    for codes, known in (([0, 1, 2, 3], 0), ([0, 2, 4, 5, 3, 6], 4)):
        stretch = NearPlates(limit=7, key=whole.key)
        stretch.add([plates[code] for code in codes], np.arange(len(codes)))
        joined.adopt(stretch, np.array(codes, np.int32), known)
    assert joined.too_long == whole.too_long == 2
    pairs = [array.tolist() for array in joined.pairs()]
    assert pairs == [array.tolist() for array in whole.pairs()] and len(pairs[0]) == 2
    few = NearPlates(limit=6, key=whole.key)
    few.adopt(stretch, np.arange(6), 0)
    assert not few.overflown
    few.adopt(stretch, np.arange(6, 12), 6)
    assert few.overflown and not few.pairs()[0].size
