"""A report is written under a threshold, with what the data claim to be, and attacked on disk."""

import json


def test_a_report_under_another_threshold_is_attacked_with_it(run, reads, tmp_path):
    stated = tmp_path / "provenance.toml"
    stated.write_text('claims = "Made for a test"\nreply = "Nobody to ask"\n', encoding="utf-8")
    out = tmp_path / "out"
    options = ("--timezone", "Asia/Tashkent", "--threshold", 20, "--provenance", stated)
    printed = run("report", reads, *options, "-o", out).stdout.splitlines()
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert found["threshold"] == 20
    # What the page withholds is not printed beside it.
    assert printed[2:] == [finding["sentence"] for finding in found["findings"]]
    info = json.loads((out / "info.json").read_text(encoding="utf-8"))
    assert info["claims"] == "Made for a test" and info["disputed_by"] == []

    shown = json.loads(run("disclosure", out, "--threshold", 20, "--format", "json").stdout)
    assert shown["holds"] and shown["threshold"] == 20
    (out / "tables/mine.csv").write_text("hour,vehicles\n7,15\n", encoding="utf-8")
    result = run("disclosure", out, "--threshold", 20, expect=1)
    assert "mine: 7" in result.stdout and "15" not in result.stdout


def test_a_threshold_under_five_is_refused(run, reads, tmp_path):
    run("report", reads, "--threshold", 4, "-o", tmp_path / "out", expect=2)
    run("disclosure", tmp_path, "--threshold", 4, expect=2)


def test_a_report_is_attacked_once(run, reads, tmp_path, monkeypatch):
    """To be told on the console it is not withheld from again."""
    from analyzer.report import publishable

    calls = []
    make_safe = publishable.make_safe
    monkeypatch.setattr(
        publishable, "make_safe", lambda *given: calls.append(given) or make_safe(*given)
    )
    run("report", reads, "--timezone", "Asia/Tashkent", "-o", tmp_path / "out")
    assert len(calls) == 1
