"""The verbs export and profiles, and a mapping, as a user types them."""

import json
import stat

import pandas as pd

from tests.cli.conftest import SPELLINGS

ZONE = ("--timezone", "Asia/Tashkent")


def test_export_needs_internal_and_names_the_file_so(run, reads, reads_frame, tmp_path):
    result = run("export", reads, *ZONE, "-o", tmp_path / "x.parquet", expect=2)
    assert "--internal" in result.stderr
    result = run("export", reads, *ZONE, "-o", tmp_path / "x.parquet", "--internal")
    path = tmp_path / "INTERNAL-x.parquet"
    assert str(path) in result.stdout
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(pd.read_parquet(path)) == len(reads_frame)
    for spelling in SPELLINGS:
        assert spelling.encode() not in path.read_bytes()
    assert "--force" in run(
        "export", reads, *ZONE, "-o", path, "--internal", expect=2
    ).stderr
    run("export", reads, *ZONE, "-o", path, "--internal", "--force")


def test_profiles_are_listed(run):
    assert "dahua" in run("profiles").stdout
    listed = json.loads(run("profiles", "--format", "json").stdout)["profiles"]
    names = {entry["name"] for entry in listed}
    assert {"generic", "plate-recognizer", "rekor", "frigate", "hikvision", "seattle"} <= names


def test_a_mapping_names_what_no_header_tells(run, tmp_path):
    reads = tmp_path / "odd.csv"
    reads.write_text(
        "k1;k2;k3;k4\n01A777QZ;2026/03/01;10:00:00;{'m': ['Kia']}\n"
        "01B123QZ;2026/03/01;11:00:00;x\n"
    )
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        'title = "our export"\n[columns]\nplate = "k1"\ncamera = {text = "Gate 1"}\n'
        'seen_at = {join = ["k2", "k3"]}\nmake = {from = "k4", inside = "m.0"}\n'
    )
    result = run("check", reads, *ZONE, "--profile", mapping, "--format", "json")
    quality = json.loads(result.stdout)
    assert quality["rows_kept"] == 2
    assert any("our export" in note for note in quality["notes"])
    mapping.write_text('[columns]\nplates = "k1"\n')
    assert "not a role" in run("check", reads, *ZONE, "--profile", mapping, expect=2).stderr
    mapping.write_text('[columns\n')
    assert "not TOML" in run("check", reads, *ZONE, "--profile", mapping, expect=2).stderr
    missing = run("check", reads, *ZONE, "--profile", tmp_path / "no.toml", expect=2)
    assert "No such file" in missing.stderr


def test_a_camera_that_no_row_names_is_said_in_quotes(run, tmp_path):
    reads = tmp_path / "log.csv"
    reads.write_text(
        "INDEX,TS,MOD_TS,CAR_ID,LPR,ACTION\n1,1772341200123456,1772341200123456,1,01A777QZ,pass\n"
    )
    missing = run("check", reads, expect=1)
    assert "camera" in missing.stderr and "01A777QZ" not in missing.stderr
    result = run("check", reads, "--column", '"Gate 1"=camera', "--format", "json")
    assert json.loads(result.stdout)["rows_kept"] == 1
