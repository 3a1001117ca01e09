"""What a verb would take, how far it is, and how it goes on after an interruption."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from analyzer.cli import VERBS, main, running
from analyzer.cli.running import Run
from analyzer.cost import Cost
from analyzer.engine import LocalEngine
from analyzer.engine.base import bytes_of
from analyzer.synthetic import make_region

APART = ("demo", "disclosure", "ingest", "check", "export", "profiles", "info", "synthesize")
"""Verbs that analyse nothing, or need no data."""

NEEDED = {
    "plateless": ["--attribute", "color"],
    "report": ["-o", "OUT"],
    "brief": ["-o", "OUT.html"],
    "patterns": ["-o", "OUT"],
    "case": ["--typical", "-o", "OUT.html"],
    "compare": ["POLICIES"],
    "recommend": ["--target", "unicity=0.05"],
}


def words(verb: str, source: str, folder) -> list[str]:
    policies = folder / "policies.toml"
    policies.write_text('[week]\nretention = "7D"\n[month]\nretention = "30D"\n')
    out = str(folder / "out")
    extra = [
        word.replace("OUT", out).replace("POLICIES", str(policies))
        for word in NEEDED.get(verb, [])
    ]
    if verb == "verify":
        report = Path(source).parent / "report"
        report.mkdir(exist_ok=True)
        for name in ("info", "findings"):
            (report / f"{name}.json").write_text(f'{{"schema": "platerisk/{name}"}}')
        return [verb, str(report), source]
    if verb == "sharing":
        return [verb, source, source]
    return [verb, source, *extra]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("data") / "store"
    make_region(60, 8, seed=4).build_store(path)
    return str(path)


def analysing() -> list[str]:
    found = []
    for verb in VERBS:
        command = main.get_command(click.Context(main), verb)
        # Reading asks for an engine, and analyses nothing.
        if verb != "ingest" and any(option.name == "engine" for option in command.params):
            found.append(verb)
    return found


def test_every_analysing_verb_takes_the_options():
    assert set(analysing()) >= set(VERBS) - set(APART)
    for verb in analysing():
        command = main.get_command(click.Context(main), verb)
        names = {option.name for option in command.params}
        assert {"engine", "master", "dry_run", "resume", "show_progress"} <= names, verb


def test_a_verb_works_on_parts_that_fit_its_memory(store, monkeypatch):
    monkeypatch.setattr("analyzer.sightings.SMALLEST_PART_ROWS", 10)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    seen: list[int] = []
    work = LocalEngine.map

    def noted(engine, parts, *rest):
        seen.append(max(map(bytes_of, parts)))
        return work(engine, parts, *rest)

    monkeypatch.setattr(LocalEngine, "map", noted)
    said = []
    for memory in ([], ["--memory", "50KB"]):
        seen.clear()
        result = CliRunner().invoke(main, ["risk", store, "--points", "2", *memory])
        assert result.exit_code == 0, result.output
        said.append(result.stdout)
        if not memory:
            (whole,) = set(seen)
        else:
            # Parts are worked on one by one, or two groups at once, whose parts are read in turn.
            assert 0 < max(seen) * 5 < whole
    assert said[0] == said[1]


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in APART])
def test_a_dry_run_says_what_it_would_take_and_does_nothing(verb, store, tmp_path):
    result = CliRunner().invoke(main, [*words(verb, store, tmp_path), "--dry-run"])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{verb}: ")
    assert re.search(r"about .* processor (seconds|minutes|hours) and \d+\.\d GB", result.stdout)
    assert "benchmarks/results/scale.md" in result.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"policies.toml"}


def test_a_dry_run_is_json_where_results_would_be(store):
    result = CliRunner().invoke(main, ["risk", store, "--dry-run", "--format", "json"])
    cost = json.loads(result.stdout)
    assert cost["verb"] == "risk" and cost["work"]["vehicles"] > 50
    assert set(cost) == {
        "verb", "work", "processor_seconds", "start_seconds", "memory_gb", "how",
    }  # fmt: skip


def test_a_dry_run_does_not_read_files(reads, run, monkeypatch):
    monkeypatch.setattr("analyzer.ingest.reader.read_sightings", None)
    found = run("risk", reads, "--timezone", "Asia/Tashkent", "--dry-run")
    rows = int(re.search(r"risk: ([\d,]+) sightings", found.stdout).group(1).replace(",", ""))
    assert rows == pytest.approx(60 * 14 * 4, rel=0.01)
    assert "guessed" in found.stdout


def test_a_dry_run_says_what_is_not_there(run, store, tmp_path):
    for command in (
        ("grid", tmp_path / "nothere"), ("verify", tmp_path / "out", store),
        ("sharing", store, tmp_path / "nothere"),
        ("linkage", store, "--rotation", "7D", "--other", tmp_path / "nothere"),
    ):  # fmt: skip
        found = run(*command, "--dry-run", expect=1)
        assert "no such file" in found.stderr and not found.stdout


def test_camera_count_does_not_offer_what_it_refuses(run, store):
    for option in ("--missed", "--attribute"):
        assert option not in run("camera-count", "--help").output
        assert "No such option" in run("camera-count", store, option, "1", expect=2).stderr
    asked = ("--points", "2", "--choose", "busiest", "--share", "1")
    assert run("camera-count", store, *asked, "--dry-run").stdout


def test_long_work_is_announced_and_short_work_is_not(store, monkeypatch):
    command = ["risk", store, "--points", "2"]
    assert CliRunner().invoke(main, command).stderr == ""
    monkeypatch.setattr(running, "LARGE", 1)
    assert CliRunner().invoke(main, command).stderr == ""
    monkeypatch.setattr(running, "LONG_SECONDS", 0)
    said = CliRunner().invoke(main, command).stderr
    assert re.fullmatch(r"platerisk: risk: .*sightings.* processor seconds .*\n", said)


def test_work_that_does_not_fit_is_announced(store, monkeypatch):
    monkeypatch.setattr(running, "LARGE", 1)
    monkeypatch.setattr(running, "_memory_of_machine", lambda: 10**8)
    said = CliRunner().invoke(main, ["risk", store, "--points", "2"]).stderr
    assert "more than this machine has" in said


def test_what_memory_does_not_bound_is_announced(store, monkeypatch):
    monkeypatch.setattr(running, "LARGE", 1)
    # As if a million vehicles were known.
    monkeypatch.setattr("analyzer.cost_growth.BYTES_A_VEHICLE", 100 * 10**6 // 60)

    def said(*command):
        return CliRunner().invoke(main, [*command, "--dry-run"]).stderr

    patterns = ("patterns", store, "-o", "never")
    beside = said(*patterns, "--memory", "1MB")
    assert "places of all vehicles" in beside and "not bounded by --memory 1MB" in beside
    assert "not bounded" not in said(*patterns, "--memory", "2GB")
    # Risks hold no places, and keep to their memory.
    assert "not bounded" not in said("risk", store, "--memory", "1MB")


def test_resumed_work_prints_the_same(store, tmp_path, monkeypatch):
    command = ["risk", store, "--points", "2", "--format", "json"]
    plain = CliRunner().invoke(main, command)
    work = str(tmp_path / "work")
    first = CliRunner().invoke(main, [*command, "--resume", work])
    # Nothing is computed any more.
    monkeypatch.setattr("analyzer.engine.local.LocalEngine.map", None)
    second = CliRunner().invoke(main, [*command, "--resume", work])
    assert first.stdout == second.stdout == plain.stdout
    assert second.exit_code == 0


def test_work_on_files_is_not_kept(reads, run, tmp_path):
    result = run("risk", reads, "--timezone", "Asia/Tashkent", "--resume", tmp_path / "work",
                 expect=2)  # fmt: skip
    assert "platerisk ingest" in result.stderr


def test_progress_is_said_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("analyzer.cli.progress_line.time.monotonic", lambda: now[0])
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    run = Run("risk", dry=False, resume=None, shown=True)
    run.expected = 64.0
    for part in range(1, 81):
        now[0] += 1
        run.part_done(part, 80)
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == 8
    # Both processors may share the 64 seconds, or one may have them all.
    assert lines[1] == (
        "risk: 0:20 gone, 0:12 to 0:44 left as predicted, part 20 of 80 of what runs now"
    )
    assert "0:40 gone, up to 0:24 left as predicted, part 40" in lines[3]
    assert "1:10 gone, longer than the 1:04 predicted, part 70" in lines[6]
    silent = Run("risk", dry=False, resume=None, shown=False)
    now[0] += 60
    silent.part_done(1, 2)
    assert capsys.readouterr().err == ""


def test_what_was_predicted_to_be_short_is_told_too(store, monkeypatch):
    seen = []
    monkeypatch.setattr(running, "LARGE", 1)
    monkeypatch.setattr(Run, "end", lambda run: seen.append(run.expected))
    for seconds in (28.0, 0.2, None):
        cost = Cost("risk", {"sightings": 9}, seconds, 0.5, "Guessed.")
        monkeypatch.setattr("analyzer.cost.estimate_cost", lambda *_, cost=cost: cost)
        said = CliRunner().invoke(main, ["risk", store, "--points", "2"])
        assert said.exit_code == 0 and said.stderr == ""
    assert seen == [28.0, None, None]


def test_never_more_is_left_than_was_predicted(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("analyzer.cli.progress_line.time.monotonic", lambda: now[0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    run = Run("inference", dry=False, resume=None, shown=True)
    run.expected = 45.0
    run.whole_done(0, 20)
    said = []
    for done, at in ((1, 20), (2, 35), (10, 50)):
        now[0] = at
        run.whole_done(done, 20)
        run.part_done(1, 4)
        said.append(capsys.readouterr().err.strip())
    # A tenth of the stages in 35 seconds is no sign of 315 more: the next ones may be short.
    assert said == [
        f"inference: {text}, part 1 of 4 of what runs now"
        for text in (
            "0:20 gone, up to 0:25 left as predicted, 5% of the stages done",
            "0:35 gone, up to 0:10 left as predicted, 10% of the stages done",
            "0:50 gone, longer than the 0:45 predicted, 50% of the stages done",
        )
    ]


def test_a_verb_that_tells_how_far_it_is_tells_the_run(store, tmp_path, monkeypatch):
    shares = []
    monkeypatch.setattr(Run, "whole_done", lambda self, done, total: shares.append(done / total))
    out = str(tmp_path / "out")
    assert CliRunner().invoke(main, ["report", store, "-o", out]).exit_code == 0
    assert shares[0] == 0 and shares[-1] == 1 and shares == sorted(shares)


def test_a_dry_run_depends_on_what_is_asked(store, tmp_path):
    def seconds(*command):
        result = CliRunner().invoke(main, [*command, "--dry-run", "--format", "json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)["processor_seconds"]

    one = seconds("retention", store)
    assert seconds("retention", store, "--risk", "unicity", "--risk", "homes") > 2 * one
    files = []
    for number in (2, 6):
        files.append(tmp_path / f"{number}.toml")
        files[-1].write_text("".join(f'[p{n}]\nretention = "{n + 1}D"\n' for n in range(number)))
    few, many = (seconds("compare", store, str(file)) for file in files)
    assert many > 1.2 * few


def test_a_dry_run_counts_the_combinations_of_a_worst_case(store, reads, run, monkeypatch):
    command = ["worst-case", store, "--attack"]
    for attack in ("sequence", "location", "proportion", "home_work"):
        found = CliRunner().invoke(main, [*command, attack, "--dry-run", "--format", "json"])
        assert found.exit_code == 0, found.output
        cost = json.loads(found.stdout)
        assert (cost["work"]["combinations"] > 100) == (attack != "home_work")
        assert "Trying all combinations takes up to" in cost["note"]
    said = run("worst-case", reads, "--timezone", "Asia/Tashkent", "--dry-run").stdout
    assert "Combinations are counted when it starts" in said
    # What the run refuses, the dry run says in the same words.
    monkeypatch.setattr("analyzer.risk.attacks.work.MOST_STEPS", 1)
    refused = CliRunner().invoke(main, [*command, "sequence"])
    dry = CliRunner().invoke(main, [*command, "sequence", "--dry-run"])
    assert refused.exit_code != 0 and dry.exit_code == 0
    assert "combinations to try" in dry.stdout and "processor seconds and" not in dry.stdout
    said = refused.stderr.strip().removeprefix("platerisk: ")
    assert dry.stdout.splitlines()[1] == f"it would be refused: {said}"
    given = CliRunner().invoke(main, [*command, "sequence", "--dry-run", "--format", "json"])
    assert json.loads(given.stdout)["refused"] == said
    assert json.loads(given.stdout)["processor_seconds"] is None


def test_progress_changes_no_output(store, monkeypatch):
    command = ["risk", store, "--points", "2", "--format", "json"]
    plain = CliRunner().invoke(main, command)
    shown = CliRunner().invoke(main, [*command, "--progress"])
    assert shown.stdout == plain.stdout
