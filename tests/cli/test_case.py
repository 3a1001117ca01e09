"""The verb ``case``: which vehicle, for whom, in which language, and no plate anywhere."""

from __future__ import annotations

import getpass
import stat

import pytest

from tests.cli.conftest import CANARY, SPELLINGS


@pytest.fixture
def store(run, reads, tmp_path):
    run("ingest", reads, "--timezone", "Asia/Tashkent", "--key", tmp_path / "plates.key",
        "-o", tmp_path / "store")  # fmt: skip
    return tmp_path / "store"


def test_an_owner_types_the_plate_and_it_stands_nowhere(run, store, tmp_path, monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda prompt: CANARY)
    folder = tmp_path / "out"
    folder.mkdir()
    key = tmp_path / "plates.key"
    for more in ((), ("--internal",)):
        told = run("case", store, "--plate-prompt", "--key", key, "-o", folder / "case.html", *more)
        for spelling in SPELLINGS:
            assert spelling not in told.output
    assert {path.name for path in folder.iterdir()} == {"case.html", "INTERNAL-case.html"}
    internal = folder / "INTERNAL-case.html"
    assert stat.S_IMODE(internal.stat().st_mode) == 0o600
    assert "Publish it only if the owner agrees" in internal.read_text(encoding="utf-8")
    for path in folder.iterdir():
        page = path.read_text(encoding="utf-8")
        assert "chosen by its owner" in page
        for spelling in SPELLINGS:
            assert spelling not in page
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "77 X 777 XX")
    absent = run("case", store, "--plate-prompt", "--key", key, "-o", folder / "no.html", expect=2)
    assert "not in the store" in absent.output
    assert not (folder / "no.html").exists()


def test_a_typical_vehicle_in_every_language_with_what_is_stated(run, store, tmp_path):
    page = tmp_path / "case.html"
    stated = tmp_path / "provenance.toml"
    stated.write_text('claims = "A <b>leak</b>"\n')
    for language, word in (("en", "chosen as typical"), ("ru", "типич"), ("uz", "tipik")):
        run("case", store, "--typical", "--language", language, "--provenance", stated,
            "-o", page)  # fmt: skip
        text = page.read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in text
        assert word in text
        assert "A &lt;b&gt;leak&lt;/b&gt;" in text


def test_wrong_calls_say_what_to_type(run, store, tmp_path):
    page = tmp_path / "case.html"
    for arguments, said in (
        ((), "one of --typical, --vehicle ID, --plate-prompt"),
        (("--typical", "--vehicle", "x"), "one of --typical"),
        (("--plate-prompt",), "--key FILE"),
        (("--vehicle", "x"), "no vehicle of that name"),
        (("--typical", "--language", "xx"), "en (English), ru (русский), uz (o‘zbekcha)"),
    ):
        assert said in run("case", store, *arguments, "-o", page, expect=2).output
    assert not page.exists()
    for verb, more in (("case", ["--typical"]), ("brief", [])):
        for nowhere in (tmp_path / "no" / "page.html", tmp_path):
            # Told before anything is read: the store is not there either.
            said = run(verb, tmp_path / "nothing", *more, "-o", nowhere, expect=2).output
            assert "in a folder that is there" in said
