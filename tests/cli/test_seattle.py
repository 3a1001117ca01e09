"""A week of real reads (Seattle, 2021, public records): read whole, and honest about its limits."""

import json
from pathlib import Path

import pytest

SEATTLE = Path(__file__).parents[3] / "shared" / "data" / "seattle_alpr_2021.csv.gz"

pytestmark = pytest.mark.skipif(
    not SEATTLE.exists(), reason="the public Seattle file may not be copied and is not here"
)
OPTIONS = (
    "--plates", "pseudonymous", "--timezone", "America/Los_Angeles", "--place-grid", "250m",
)  # fmt: skip


def test_every_row_is_accounted_for(run):
    quality = json.loads(run("check", SEATTLE, *OPTIONS, "--format", "json").stdout)
    assert quality["rows_read"] == 93_490
    assert quality["rejected_by_reason"]["position_missing"] == 24_705
    assert quality["rows_kept"] + quality["rows_rejected"] + quality["rows_merged"] == 93_490
    assert quality["first_seen"].startswith("2021-10-01")
    assert quality["last_seen"].startswith("2021-10-08") or quality["last_seen"].startswith(
        "2021-10-07"
    )


def test_moving_readers_without_a_grid_are_refused_with_the_remedy(run):
    result = run("check", SEATTLE, *OPTIONS[:4], expect=1)
    assert "--place-grid" in result.stderr


def test_report_says_what_the_week_cannot_show(run, tmp_path):
    out = tmp_path / "out"
    result = run("report", SEATTLE, *OPTIONS, "-o", out)
    assert "seen only once" in result.stdout
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "The readers move" in page
    assert "not measurable" in page
    assert "93,490" in page
    findings = json.loads((out / "findings.json").read_text())
    once = next(f for f in findings["findings"] if f["id"] == "seen-once")
    assert once["estimate"]["value"] > 0.8
