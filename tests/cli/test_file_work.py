"""Reading, exporting and making: what they would take, how far they are, what is left of them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.cli.file_work import FileRun
from analyzer.synthetic import make_region


def test_an_interrupted_ingest_is_named_and_starts_over(run, reads, reads_frame, tmp_path):
    """Killed while it reads: no verb takes what is left for a store, and all say what to type."""
    store, key, marker = tmp_path / "store", tmp_path / "key" / "plates.key", tmp_path / "reading"
    key.parent.mkdir()
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from analyzer.cli import main\n"
        "from analyzer.store import StoreBuilder\n"
        "write = StoreBuilder.write_parts\n"
        "def stop(self, *rest):\n"
        "    write(self, *rest)\n"
        "    Path(sys.argv.pop()).touch()\n"
        "    time.sleep(600)\n"
        "StoreBuilder.write_parts = stop\n"
        "main(sys.argv[1:-1])\n"
    )
    ingest = ["ingest", str(reads), "--timezone", "Asia/Tashkent", "--key", str(key), "-o",
              str(store)]  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code, *ingest, str(marker)])
    for _ in range(1_200):
        if marker.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (store / "data-000001" / "part-00000.parquet").is_file()
    for verb in (["info"], ["risk"], ["check"], ["export", "-o", "x.csv", "--internal"]):
        said = run(verb[0], store, *verb[1:], expect=1).stderr
        assert "not a store yet" in said and "type its command again" in said
    again = run(*ingest)
    assert "an earlier run was interrupted while it wrote here" in again.stderr
    assert f"{len(reads_frame):,} rows read" in again.stdout
    assert "interrupted" not in run("info", store).stdout
    # While something is added, the store is the one before.
    (store / "data-000002").mkdir()
    assert "was interrupted, or is still at work" in run("info", store).stdout
    assert run("risk", store).stdout


@pytest.mark.parametrize("files", [3])
def test_files_added_one_by_one_are_a_store_read_at_once(run, reads_frame, tmp_path, files):
    """What the help says of months: each stays, in whatever order the machine fails."""
    size = -(-len(reads_frame) // files)
    paths = []
    for number in range(files):
        paths.append(tmp_path / f"month-{number}.csv")
        reads_frame[number * size : (number + 1) * size].to_csv(paths[-1], index=False)
    options = ("--timezone", "Asia/Tashkent", "--key", tmp_path / "plates.key")
    run("ingest", *paths, *options, "-o", tmp_path / "once")
    for path in [*paths, paths[0]]:
        run("ingest", path, *options, "-o", tmp_path / "by-month")
    exported = []
    for name in ("once", "by-month"):
        file = tmp_path / f"INTERNAL-{name}.csv"
        run("export", tmp_path / name, "-o", file, "--internal")
        exported.append(Path(file).read_bytes())
    assert exported[0] == exported[1]


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "words",
    [
        ["ingest", "READS", "--timezone", "Asia/Tashkent", "--key", "KEY", "-o", "NEW"],
        ["ingest", "READS", "--timezone", "Asia/Tashkent", "-o", "STORE", "--engine", "spark"],
        ["check", "READS"], ["check", "STORE"],
        ["export", "STORE", "-o", "OUT.parquet", "--internal"],
        ["export", "READS", "-o", "OUT.gpkg"],
        ["synthesize", "NEW", "--vehicles", "100", "--days", "3"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_dry_run_says_what_it_would_take_and_writes_nothing(run, reads, tmp_path, words):
    store = tmp_path / "STORE"
    make_region(60, 3).build_store(store)
    before = files_in(tmp_path)
    names = {"READS": reads, "STORE": store, "KEY": tmp_path / "k.key", "NEW": tmp_path / "new"}
    words = [str(names.get(word, word)).replace("OUT", str(tmp_path / "out")) for word in words]
    found = run(*words, "--dry-run")
    assert found.stdout.startswith(f"{words[0]}: ") and " rows" in found.stdout
    assert "processor seconds" in found.stdout
    assert files_in(tmp_path) == before


def test_a_dry_run_of_check_is_json_where_results_would_be(run, reads, reads_frame):
    found = json.loads(run("check", reads, "--dry-run", "--format", "json").stdout)
    assert found["work"]["rows"] == len(reads_frame) and found["not_predicted"] == []
    assert {"processor_seconds", "memory_bytes", "disk_bytes", "temporary_bytes"} <= set(found)


def test_a_dry_run_refuses_what_the_run_refuses(run, reads, tmp_path):
    make_region(60, 3).build_store(tmp_path / "store")
    said = run("ingest", tmp_path / "store", "-o", tmp_path / "x", "--dry-run", expect=2).stderr
    assert "name files" in said
    run("export", reads, "-o", "x.doc", "--dry-run", expect=2)
    run("check", tmp_path / "none-*.csv", "--dry-run", expect=1)


def test_a_dry_run_of_an_export_counts_the_view(run, tmp_path):
    sightings = make_region(60, 4).sightings
    sightings.save(tmp_path / "store")
    export = ("export", tmp_path / "store", "-o", tmp_path / "INTERNAL-x.csv", "--dry-run")
    assert f"export: {len(sightings):,} rows" in run(*export).stdout
    some = len(sightings.between("2025-09-02", "2025-09-03"))
    found = run(*export, "--from", "2025-09-02", "--until", "2025-09-03").stdout
    assert f"export: {some:,} rows" in found


def test_progress_says_what_is_left_of_reading_and_writing(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("analyzer.cli.progress_line.time.monotonic", lambda: now[0])
    monkeypatch.setattr("analyzer.cost_files.reading_share", lambda kind, size: 0.5)
    monkeypatch.setattr("analyzer.cli.file_work.TICK_SECONDS", 0.01)
    run = FileRun("ingest", shown=True)
    said = []
    for at, done in ((20, 25), (40, 50)):
        now[0] = at
        run.read(done, 100)
        said.append(capsys.readouterr().err.strip())
    now[0] = 80
    run.read(100, 100)
    # Nothing more is told of what goes on: it says itself what is left.
    for at in (80, 120, 200):
        now[0] = at
        text = ""
        for _ in range(500):
            text += capsys.readouterr().err
            if text.endswith("\n"):
                break
            time.sleep(0.01)
        said.append(text.strip())
    assert said == [
        "ingest: 0:20 gone, 25% read, about 2:20 left with sorting and writing",
        "ingest: 0:40 gone, 50% read, about 2:00 left with sorting and writing",
        "ingest: 1:20 gone, all read, sorting and writing, about 1:20 left",
        "ingest: 2:00 gone, all read, sorting and writing, about 0:40 left",
        "ingest: 3:20 gone, all read, sorting and writing, longer than the 2:40 expected",
    ]
    run.begin_again()
    now[0] += 15
    time.sleep(0.1)
    assert capsys.readouterr().err == "", "the clock is stopped when other work begins"
    now[0] += 15
    run.wrote(250, 1_000)
    assert capsys.readouterr().err.strip() == (
        "ingest: 0:30 gone, 250 of 1,000 rows written, about 1:30 left"
    )
    now[0] += 1
    run.wrote(260, 1_000)
    silent = FileRun("ingest", shown=False)
    now[0] += 60
    silent.read(1, 2)
    assert capsys.readouterr().err == ""


def test_progress_is_told_by_the_verbs_and_changes_no_output(run, reads, tmp_path, monkeypatch):
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(FileRun, "read", lambda self, *rows: told.append(("read", *rows)))
    monkeypatch.setattr(FileRun, "wrote", lambda self, *rows: told.append(("wrote", *rows)))
    options = ("--timezone", "Asia/Tashkent")
    out = tmp_path / "INTERNAL-x.csv"
    plain = run("check", reads, *options).stdout
    assert run("check", reads, *options, "--progress").stdout == plain
    size = reads.stat().st_size
    assert told[-1] == ("read", size, size)
    run("export", reads, *options, "-o", out, "--internal", "--progress")
    rows = len(out.read_text().splitlines()) - 1
    assert told[-1] == ("wrote", rows, rows)


def test_the_truth_is_the_same_in_little_memory(run, tmp_path):
    for name, memory in (("whole", ()), ("bounded", ("--memory", "1MB"))):
        run("synthesize", tmp_path / name, "--vehicles", "400", "--days", "4", *memory)
    names = files_in(tmp_path / "whole")
    assert "truth/trips.csv" in names and names == files_in(tmp_path / "bounded")
    for name in names - {"truth"}:
        assert (tmp_path / "whole" / name).read_bytes() == (
            tmp_path / "bounded" / name
        ).read_bytes()
    said = run("synthesize", tmp_path / "x", "--memory", "5", expect=2).stderr
    assert "write 5GB or 5MB" in said
