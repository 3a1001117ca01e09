"""Every verb on a small file: what it prints, where it prints it, and how it fails."""

import json
import stat

import pytest

from tests.cli.conftest import SPELLINGS

ZONE = ("--timezone", "Asia/Tashkent")
FIGURE = {"value", "low", "high", "n", "method", "baseline"}


def test_check_accounts_for_every_row(run, reads, reads_frame):
    quality = json.loads(run("check", reads, *ZONE, "--format", "json").stdout)
    assert quality["rows_read"] == len(reads_frame)
    assert (
        quality["rows_read"]
        == quality["rows_kept"] + quality["rows_rejected"] + quality["rows_merged"]
    )
    assert quality["vehicles"] == 60
    assert quality["cameras"] == 12
    assert quality["first_seen"] < quality["last_seen"]
    assert isinstance(quality["rejected_by_reason"], dict)


def test_ingest_then_every_question_to_the_store(run, reads, tmp_path):
    store, key = tmp_path / "store", tmp_path / "keys" / "plates.key"
    key.parent.mkdir()
    run("ingest", reads, *ZONE, "--key", key, "-o", store)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "60 vehicles" in run("info", store).stdout
    risk = json.loads(run("risk", store, "--points", 2, "--format", "json").stdout)
    assert set(risk["share"]) >= FIGURE
    assert len(risk["curve"]) == 2
    retention = json.loads(
        run("retention", store, "--window", "1D", "--window", "7D", "--format", "json").stdout
    )
    assert [window["window"] for window in retention["windows"]] == ["1D", "7D"]
    assert all(set(window["share"]) >= FIGURE for window in retention["windows"])
    patterns = json.loads(run("patterns", store, "--format", "json").stdout)
    assert set(patterns["homes"]) >= FIGURE


def test_the_same_file_again_adds_nothing(run, reads, tmp_path):
    store, key = tmp_path / "store", tmp_path / "plates.key"
    run("ingest", reads, *ZONE, "--key", key, "-o", store)
    before = json.loads(run("info", store, "--format", "json").stdout)
    run("ingest", reads, *ZONE, "--key", key, "-o", store)
    after = json.loads(run("info", store, "--format", "json").stdout)
    assert (after["rows"], after["vehicles"]) == (before["rows"], before["vehicles"])


def test_csv_output_is_a_table(run, reads):
    lines = run("risk", reads, *ZONE, "--points", 2, "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("points,value,low,high,n,method,baseline")
    assert len(lines) == 3


def test_report_folder(run, reads, tmp_path):
    out = tmp_path / "out"
    result = run("report", reads, *ZONE, "-o", out)
    assert {"report.html", "findings.json", "info.json", "tables"} <= {
        p.name for p in out.iterdir()
    }
    assert "single out" in result.stdout
    assert "report.html" in result.stderr
    assert "report.html" not in result.stdout
    info = json.loads((out / "info.json").read_text())
    assert "reads.csv" not in json.dumps(info)


def test_patterns_of_single_vehicles_need_internal(run, reads, tmp_path):
    out = tmp_path / "patterns"
    run("patterns", reads, *ZONE, "-o", out, expect=2)
    assert not out.exists()
    run("patterns", reads, *ZONE, "-o", out, "--internal")
    written = list(out.iterdir())
    assert written
    for path in written:
        assert path.name.startswith("INTERNAL-")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_plate_in_any_output(run, reads, tmp_path):
    said = []
    out, store = tmp_path / "out", tmp_path / "store"
    for call in (
        ("check", reads, *ZONE, "--rejects", tmp_path / "rejects.csv"),
        ("ingest", reads, *ZONE, "-o", store),
        ("report", store, "-o", out, "--internal"),
        ("patterns", store, "-o", tmp_path / "patterns", "--internal"),
        ("info", store),
    ):
        result = run(*call)
        said.append(result.stdout + result.stderr)
    written = [
        path.read_bytes()
        for folder in tmp_path.iterdir()
        for path in ([folder] if folder.is_file() else folder.rglob("*"))
        if path.is_file() and path != reads
    ]
    assert len(written) > 10
    for spelling in SPELLINGS:
        assert not any(spelling.encode() in content for content in written)
        assert not any(spelling in text for text in said)


@pytest.mark.parametrize(
    ("call", "status", "remedy"),
    [
        (("check", "no-such-file.csv", *ZONE), 1, "no-such-file.csv"),
        (("check", "{reads}"), 1, "--timezone"),
        (("check", "{reads}", "--timezone", "Tashkent"), 2, "Asia/Tashkent"),
        (("check", "{reads}", *ZONE, "--column", "plate"), 2, "HEADER=NAME"),
        (("risk", "{reads}", *ZONE, "--time", "soon"), 2, "1h"),
        (("risk", "{reads}", *ZONE, "--points", "0"), 2, "--points"),
        (("retention", "{reads}", *ZONE, "--window", "long"), 2, "7D"),
        (("info", "no-store"), 1, "platerisk ingest"),
        (("report", "{reads}", *ZONE), 2, "--output"),
    ],
)
def test_a_failure_names_the_remedy(run, reads, call, status, remedy):
    result = run(*(str(reads) if part == "{reads}" else part for part in call), expect=status)
    assert remedy in result.stderr
    assert result.stdout == ""


def test_throw_away_key_takes_no_further_file(run, reads, tmp_path):
    store = tmp_path / "store"
    run("ingest", reads, *ZONE, "-o", store)
    other = tmp_path / "other.csv"
    other.write_text(reads.read_text().replace("2026-03", "2026-04"))
    result = run("ingest", other, *ZONE, "-o", store, expect=1)
    assert "--key" in result.stderr


def test_synthesize_then_report(run, tmp_path):
    region = tmp_path / "region"
    run("synthesize", region, "--vehicles", 120, "--days", 3, "--seed", 4)
    names = {path.name for path in region.iterdir()}
    assert "sightings.csv" in names
    assert "cameras.csv" in names
    out = tmp_path / "out"
    run("report", region / "sightings.csv", "--cameras", region / "cameras.csv", *ZONE, "-o", out)
    assert (out / "report.html").stat().st_size > 10_000
