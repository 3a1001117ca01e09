"""Verbs for who writes rules: what they print, refuse, and withhold."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from analyzer.cli import main
from analyzer.policy.policy import Policy
from analyzer.sightings import Sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("region") / "store"
    make_region(vehicles=150, days=14, seed=2).sightings.save(path)
    return path


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


FIGURE = {"value", "low", "high", "n", "method", "baseline"}


def test_compare_prints_figures_that_can_be_published(store, tmp_path):
    policies = tmp_path / "policies.toml"
    policies.write_text(
        '[week]\nretention = "7D"\n[day]\nretention = "1D"\n[rounded]\nretention = "7D"\n'
        'time = "1D"\nspace = "5km"\n',
        encoding="utf-8",
    )
    result = run("compare", store, policies, "--format", "json", "--risk", "unicity",
                 "--risk", "companions")  # fmt: skip
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert [each["name"] for each in data["policies"]] == ["week", "day", "rounded"]
    for each in data["policies"]:
        for figure in each["risks"].values():
            assert set(figure) == FIGURE
            count = round((figure["value"] or 0) * figure["n"])
            assert count == 0 or count >= 10
    hidden = [
        figure["method"]
        for each in data["policies"]
        for figure in [*each["risks"].values(), *each["differences"].values()]
        if figure["value"] is None
    ]
    assert any(method.startswith("withheld") for method in hidden)
    table = run("compare", store, policies, "--risk", "unicity")
    assert "week (kept 7 days; attributes dropped): singled out" in table.stdout


def test_retention_says_what_each_rule_would_have_meant(store):
    result = run("retention", store, "--window", "1D", "--rules")
    assert result.exit_code == 0, result.output
    assert "Had this system followed the rule of Charlottesville PD, 7 days" in result.stdout
    data = json.loads(run("retention", store, "--rules", "--format", "json").stdout)
    placed = {rule["jurisdiction"]: rule for rule in data["rules"]}
    assert placed["Maine"]["placed"] == "longer than the data"
    assert placed["Minnesota"]["mark"] == "not verified"
    assert placed["Maine"]["value"] is None


def test_retention_measures_other_risks(store):
    data = json.loads(
        run("retention", store, "--window", "7D", "--risk", "homes", "--format", "json").stdout
    )
    (step,) = data["windows"]
    assert step["risk"] == "homes"
    assert step["share"]["n"] > 100


def test_recommend_and_camera_count(store):
    data = json.loads(run("recommend", store, "--target", "unicity=0.3", "--format", "json").stdout)
    assert data["targets"] == {"unicity": 0.3}
    assert all(trial["risks"]["unicity"]["high"] <= 0.3 for trial in data["policies"])
    shares = json.loads(
        run("camera-count", store, "--share", "0.2", "--share", "1", "--format", "json").stdout
    )
    assert shares["steps"][0]["cameras"] < shares["steps"][1]["cameras"]
    assert shares["steps"][0]["risks"]["unicity"]["value"] < shares["steps"][1]["risks"][
        "unicity"
    ]["value"]  # fmt: skip


def test_compare_says_how_many_of_the_names_searched_for_are_known(store, tmp_path):
    policies, searched = tmp_path / "policies.toml", tmp_path / "searched.txt"
    policies.write_text('[week]\nretention = "7D"\n', encoding="utf-8")
    call = ("compare", store, policies, "--risk", "unicity", "--hits", searched)
    searched.write_text("01A123BC\n01B456CD\n", encoding="utf-8")
    result = run(*call)
    assert result.exit_code == 2, result.output
    assert "--hits: none of the 2 names listed" in result.stderr and "01A" not in result.output
    names = Sightings(open_store(store)).vehicles[:20]
    searched.write_text("\n".join([*names, *(f"no{n}" for n in range(10))]), encoding="utf-8")
    result = run(*call, "--format", "json")
    assert "20 of the 30 names searched for" in result.stderr and "no1" not in result.output
    assert json.loads(result.stdout)["searched"]["n"] == 30


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["compare", "STORE", "nowhere.toml"], 1, "nowhere.toml: no such file"),
        (["recommend", "STORE", "--target", "unicity"], 2, "--target unicity=0.05"),
        (["recommend", "STORE", "--target", "gossip=0.1"], 2, "'gossip' is not known"),
        (["camera-count", "STORE", "--share", "2"], 2, "--share 0.1 --share 0.5 --share 1.0"),
        (["retention", "STORE", "--open-for", "x"], 2, "--open-for 'x' is not a duration"),
        (["compare", "STORE", "nowhere.toml", "--points", "0"], 2, "--points"),
        (["risk", "STORE", "--seed", "-1"], 2, "--seed -1: write a whole number"),
        (["camera-count", "STORE", "--risk", "visits"], 2, "'visits' is not one of"),
        (["retention", "STORE", "--rules-file", "nowhere.csv"], 1, "no such file"),
        (["verify", "nowhere", "STORE"], 1, "info.json: no such file"),
    ],
)
def test_wrong_calls_say_what_to_type(store, arguments, status, message):
    result = run(*(store if each == "STORE" else each for each in arguments))
    assert result.exit_code == status
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.fixture(scope="module")
def report(store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "report"
    result = run("report", store, "-o", folder, "--seed", "3")
    assert result.exit_code == 0, result.output
    return folder


def test_a_report_in_another_language_comes_out_of_its_store_again(store, tmp_path):
    assert run("report", store, "-o", tmp_path / "out", "--language", "uz").exit_code == 0
    result = run("verify", tmp_path / "out", store)
    assert result.exit_code == 0, result.output


def test_a_report_comes_out_of_its_store_again(report, store):
    result = run("verify", report, store, "--format", "json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["holds"] is True
    assert data["figures"] > 100
    assert data["differences"] == data["damaged"] == []


def test_a_changed_figure_is_found(report, store, tmp_path):
    text = (report / "findings.json").read_text(encoding="utf-8")
    document = json.loads(text)
    document["findings"][0]["estimate"]["value"] += 0.01
    (report / "findings.json").write_text(json.dumps(document), encoding="utf-8")
    try:
        result = run("verify", report, store)
    finally:
        (report / "findings.json").write_text(text, encoding="utf-8")
    assert result.exit_code == 1
    assert "1 of" in result.stdout
    assert "findings.json: findings." in result.stdout
    assert "Not what was written: findings.json" in result.stdout


@pytest.fixture(scope="module")
def sites(store, tmp_path_factory):
    from analyzer.sightings import Sightings
    from analyzer.store import open_store

    path = tmp_path_factory.mktemp("sites") / "sites.csv"
    cameras = Sightings(open_store(store)).cameras.geometry
    rows = [f"{y + 0.003},{x + 0.003},medical" for x, y in zip(cameras.x, cameras.y, strict=True)]
    path.write_text("lat,lon,category\n" + "\n".join(rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("known", [True, False])
def test_a_report_made_with_sites_is_verified_with_them_alone(store, sites, tmp_path, known):
    out = tmp_path / "out"
    assert run("report", store, "-o", out, "--sites", sites, "--language", "ru").exit_code == 0
    if not known:
        # As earlier versions wrote it.
        info = json.loads((out / "info.json").read_text(encoding="utf-8"))
        assert info["options"].pop("sites") is True
        (out / "info.json").write_text(json.dumps(info), encoding="utf-8")
    result = run("verify", out, store)
    assert result.exit_code == 2, result.output
    assert "with --sites FILE" in result.stderr and "published values" not in result.output
    assert run("verify", out, store, "--sites", sites).exit_code == 0


def test_a_report_made_without_sites_is_verified_without(report, store, sites):
    result = run("verify", report, store, "--sites", sites)
    assert result.exit_code == 2 and "leave --sites out" in result.stderr


def test_another_store_is_found(report, store, tmp_path):
    from analyzer.ingest.reader import read_sightings

    half = Policy(None, cameras=0.5, attributes="keep").apply(read_sightings(store))
    half.save(tmp_path / "half")
    result = run("verify", report, tmp_path / "half")
    assert result.exit_code == 1
    assert "published values differ" in result.stdout


def test_retention_shows_open_stores_and_visits(store, tmp_path):
    from analyzer.sightings import Sightings
    from analyzer.store import open_store

    sites = tmp_path / "sites.csv"
    cameras = Sightings(open_store(store)).cameras.geometry
    rows = [f"{y + 0.003},{x + 0.003},medical" for x, y in zip(cameras.x, cameras.y, strict=True)]
    sites.write_text("\n".join(["lat,lon,category", *rows]) + "\n", encoding="utf-8")
    result = run(
        "retention", store, "--window", "1D", "--window", "7D", "--open-for", "0D",
        "--open-for", "3D", "--sites", sites, "--format", "json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert {step["risk"] for step in data["windows"]} == {"unicity", "visits: medical"}
    assert [each["open_days"] for each in data["open"]] == [3]
    assert data["days_until_half"][0]["risk"] == "unicity"
    text = run("retention", store, "--open-for", "0D", "--open-for", "3D").stdout
    assert "No retention limit bounds a breach that nobody notices" in text
    asked = run("retention", store, "--risk", "visits")
    assert asked.exit_code == 2
    assert "--sites FILE" in asked.output


def test_sharing_tells_both_alone_and_together(store):
    result = run("sharing", store, store, "--risk", "unicity", "--format", "json")
    assert result.exit_code == 0, result.output
    (of_all, of_both) = json.loads(result.stdout)["risks"]
    assert of_all["shares"]["first"]["n"] == of_both["shares"]["first"]["n"] > 50
    assert of_all["only_together"]["value"] <= of_all["shares"]["both"]["value"]
    assert "Vehicles seen by both:" in run("sharing", store, store, "--risk", "unicity").stdout


@pytest.mark.parametrize("risk", ["linkage", "predictability", "companions"])
def test_every_risk_can_be_swept_as_it_may_be_published(store, risk):
    result = run("retention", store, "--risk", risk, "--window", "7D", "--window", "14D",
                 "--format", "json")  # fmt: skip
    assert result.exit_code == 0, result.output
    windows = json.loads(result.stdout)["windows"]
    assert [step["risk"] for step in windows] == [risk, risk]
    assert all(set(step["share"]) == FIGURE for step in windows)


def test_a_target_of_linkage_tries_changes_of_pseudonyms(store):
    result = run("recommend", store, "--target", "linkage=0.5", "--format", "json")
    assert result.exit_code == 0, result.output
    trials = json.loads(result.stdout)["trials"]
    assert {trial["policy"]["rotation"] for trial in trials} == {"7D", "1D"}


def test_documents_of_one_store_measure_at_the_same_lengths(store, tmp_path):
    from analyzer.assessing import assess
    from analyzer.cli.retention import WINDOWS
    from analyzer.policy.retention import DOCUMENTED

    assert WINDOWS == DOCUMENTED
    alone = json.loads(run("retention", store, "--format", "json").stdout)
    ruled = json.loads(run("retention", store, "--rules", "--format", "json").stdout)
    of = {(step["risk"], step["days"]): step for step in ruled["windows"]}
    assert len(of) > len(alone["windows"])
    assert ruled["leak_dates"] == alone["leak_dates"]
    for step in alone["windows"]:
        assert of[step["risk"], step["days"]]["exposed_rows"] == step["exposed_rows"]
        if step["share"]["value"] and of[step["risk"], step["days"]]["share"]["value"]:
            assert of[step["risk"], step["days"]]["share"]["value"] == step["share"]["value"]
    report = assess(Sightings(open_store(store))).retention
    assert {step.window for step in report.windows} == set(WINDOWS)
    assert list(report.leak_dates) == alone["leak_dates"]
    assert report.knowledge_days == alone["knowledge_days"]


@pytest.mark.parametrize("verb", [("brief",), ("case", "--typical")])
def test_where_the_page_goes_is_checked_before_the_work(store, tmp_path, monkeypatch, verb):
    def work(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.setattr("analyzer.ingest.reader.read_sightings", work)
    for output in (tmp_path / "none" / "page.html", tmp_path):
        result = run(*verb, store, "-o", output)
        assert result.exit_code == 2
        assert "give a file in a folder that is there" in " ".join(result.output.split())


def test_a_row_of_another_century_is_told_by_every_verb(run, tmp_path, reads_frame):
    frame = pd.concat([reads_frame, reads_frame[-1:].assign(seen_at=pd.Timestamp("2099-09-15"))])
    frame.to_csv(tmp_path / "reads.csv", index=False)
    read = (tmp_path / "reads.csv", "--timezone", "Asia/Tashkent")
    checked = run("check", *read)
    assert "1 sighting in 2099-09" in checked.stdout and "--until 2026-04-01" in checked.stderr
    store = tmp_path / "store"
    assert "--until 2026-04-01" in run("ingest", *read, "-o", store).stderr
    policies = tmp_path / "policies.toml"
    policies.write_text('[week]\nretention = "7D"\n')
    brief = ("-o", tmp_path / "brief.html")
    for command in (
        ("retention", store, "--window", "7D"), ("compare", store, policies, "--risk", "unicity"),
        ("brief", store, *brief), ("recommend", store),
    ):  # fmt: skip
        assert "1 sighting in 2099-09" in run(*command).stderr, command
    without = run("retention", store, "--window", "1D", "--until", "2026-04-01")
    assert "2099" not in without.stderr + without.stdout
    # As if the row had not been there.
    reads_frame.to_csv(tmp_path / "reads.csv", index=False)
    assert run("retention", *read, "--window", "1D").stdout == without.stdout
    refused = run("ingest", *read, "-o", tmp_path / "new", "--until", "2026-04-01", expect=2)
    assert "a store keeps all" in refused.stderr
    assert len(Sightings(open_store(store))) == len(frame)
