"""Every verb on a small file: what it prints, where it prints it, and how it fails."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from analyzer.cli import main
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
    assert result.stdout.splitlines()[0] == f"Report: {out / 'report.html'}"
    assert "report.html" not in result.stderr
    info = json.loads((out / "info.json").read_text())
    assert "reads.csv" not in json.dumps(info)


def test_patterns_of_single_vehicles_need_internal(run, reads, tmp_path):
    out = tmp_path / "patterns"
    run("patterns", reads, *ZONE, "--internal", expect=2)
    public = tmp_path / "public"
    run("patterns", reads, *ZONE, "-o", public)
    assert {path.name for path in public.iterdir()} == {"inferred.csv", "flows.csv", "info.json"}
    assert not any("vehicle," in path.read_text() for path in public.iterdir())
    run("patterns", reads, *ZONE, "-o", out, "--internal")
    written = list(out.iterdir())
    assert written
    for path in written:
        assert path.name.startswith("INTERNAL-") or path.name == "info.json"
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
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<title>What a synthetic plate database gives away" in page
    assert json.loads((out / "info.json").read_text())["synthetic"] is True
    store = tmp_path / "store"
    run("ingest", region / "sightings.csv", "-o", store)
    assert "synthetic" in run("info", store).stdout


def test_a_key_in_the_output_folder_is_refused(run, reads, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    result = run("report", reads, *ZONE, "--key", out / "plates.key", "-o", out, expect=1)
    assert "output folder" in result.stderr
    assert not (out / "plates.key").exists()


def test_options_for_reading_mean_nothing_for_a_store_and_are_refused(run, reads, tmp_path):
    store = tmp_path / "store"
    run("ingest", reads, *ZONE, "-o", store)
    for options in (ZONE, ("--plates", "pseudonymous"), ("--column", "foo=plate")):
        result = run("check", store, *options, expect=2)
        assert options[0] in result.stderr


def test_an_output_that_cannot_be_written_is_refused_before_the_work(run, reads, tmp_path):
    for out in (reads, reads / "x"):
        result = run("report", reads, *ZONE, "-o", out, expect=2)
        assert "cannot be written" in result.stderr


def test_a_folder_with_other_files_is_left_alone(run, reads, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    run("report", reads, *ZONE, "-o", out, expect=2)
    assert (out / "report.html").read_text() == "mine"


def test_an_unexpected_error_shows_no_text_of_the_data(run, reads, monkeypatch):
    import analyzer.ingest.reader

    def fail(*_, **__):
        raise ValueError("01 A 777 QZ")

    monkeypatch.setattr(analyzer.ingest.reader, "read_sightings", fail)
    result = run("check", reads, *ZONE, expect=1)
    assert "a fault of the program: ValueError" in result.stderr
    assert "777" not in result.stderr


def test_the_small_set_of_the_project_makes_a_report(run, tmp_path):
    # So few vehicles that every zone is withheld: there is no map, and the page says so.
    data = Path(__file__).parents[2] / "synthetic_data"
    out = tmp_path / "out"
    run("report", data / "sightings.csv", "--cameras", data / "cameras.csv", *ZONE, "-o", out)
    assert (out / "report.html").exists()


def test_folders_of_tables_say_where_they_come_from(run, tmp_path):
    from analyzer.synthetic import make_region

    store = tmp_path / "store"
    make_region(vehicles=120, days=8, seed=2).sightings.save(store)
    out = tmp_path / "out"
    assert "The data are synthetic." in run("patterns", store, "-o", out).stdout
    info = json.loads((out / "info.json").read_text(encoding="utf-8"))
    assert (info["schema"], info["synthetic"], info["internal"]) == ("platerisk/info", True, False)
    assert set(info["files"]) == {"inferred.csv", "flows.csv"}
    assert "synthetic" in (out / "inferred.csv").read_text(encoding="utf-8").splitlines()[0]
    # The same folder takes it again; a store, or a folder of something else, does not.
    run("patterns", store, "-o", out)
    assert "no report of platerisk" in run("patterns", store, "-o", store, expect=2).stderr


def test_nothing_is_said_of_fewer_than_ten_vehicles(run, tmp_path, reads_frame):
    few = tmp_path / "few.csv"
    plates = sorted(reads_frame["plate"].unique())[:4]
    reads_frame[reads_frame["plate"].isin(plates)].to_csv(few, index=False)
    said = json.loads(run("patterns", few, *ZONE, "--format", "json").stdout)
    assert all(figure is None for figure in said["regular"].values())
    assert said["homes"] is None
    text = run("patterns", few, *ZONE).stdout
    assert "under 100 %" not in text


@pytest.mark.parametrize("verb", [["risk"], ["plateless", "--attribute", "make"], ["linkage"]])
def test_no_verb_gives_figures_of_eight_vehicles(run, tmp_path, reads_frame, verb):
    few = tmp_path / "few.csv"
    plates = sorted(reads_frame["plate"].unique())[:8]
    frame = reads_frame[reads_frame["plate"].isin(plates)].assign(make="Chevrolet")
    frame.to_csv(few, index=False)
    said = json.loads(run(verb[0], few, *verb[1:], *ZONE, "--format", "json").stdout)

    def figures(value):
        if isinstance(value, dict):
            if set(value) >= FIGURE:
                yield value
            for each in value.values():
                yield from figures(each)
        elif isinstance(value, list):
            for each in value:
                yield from figures(each)

    shown = [
        each for each in figures(said)
        if each["n"] and each["value"] is not None and "published" not in each["method"]
    ]  # fmt: skip
    assert shown == []


def test_an_interruption_in_a_kernel_is_no_fault_of_the_program(monkeypatch):
    def stopped(*_, **__):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise SystemError("returned a result with an exception set") from None

    monkeypatch.setattr("click.Command.invoke", stopped)
    result = CliRunner().invoke(main, ["risk", "nowhere"])
    assert result.exit_code == 1 and result.stderr.strip() == "Aborted!"


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        (("risk", "nowhere"), "give less with --memory 1GB"),
        (("disclosure", "report"), "ask for less at once"),
    ],
)
def test_out_of_memory_names_an_option_that_the_verb_has(run, monkeypatch, tmp_path, verb, told):
    def none_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr("click.Command.invoke", none_left)
    result = run(verb[0], tmp_path / verb[1], expect=1)
    assert told in result.stderr


def test_a_report_says_on_how_many_vehicles_it_rests(run, reads, tmp_path):
    run("report", reads, *ZONE, "--sample", 40, "-o", tmp_path / "out")
    findings = json.loads((tmp_path / "out" / "findings.json").read_text())
    shares = {finding["id"]: finding["estimate"] for finding in findings["findings"]}
    assert shares["unicity-4-points"]["n"] == 40
    assert "come out of the store the same" in run("verify", tmp_path / "out", reads, *ZONE).stdout
