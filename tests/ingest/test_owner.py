"""An owner finds their own vehicle; the plate stands nowhere."""

from __future__ import annotations

import getpass
import logging
import os
import pty
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import pytest

from analyzer.errors import AnalyzerError, KeyFileError, UsageError
from analyzer.ingest.owner import vehicle_of_owner
from analyzer.ingest.reader import read_sightings
from tests.ingest.test_reader import CANARIES, assert_no_canary, assert_no_canary_below

ROWS = """plate,camera,seen_at
99Z987YX,c1,2026-03-01 10:00:00
10B456CD,c2,2026-03-01 10:01:00
99 z 987 yx,c2,2026-03-01 10:07:00
99Z987YX,c1,2026-03-02 10:07:00
"""


@pytest.fixture
def made(tmp_path: Path):
    (tmp_path / "a.csv").write_text(ROWS)
    read_sightings(
        tmp_path / "a.csv", timezone="Asia/Tashkent", key=tmp_path / "k.key",
        store=tmp_path / "store",
    )  # fmt: skip
    (tmp_path / "a.csv").unlink()
    return tmp_path


def test_every_spelling_finds_the_vehicle(made, monkeypatch):
    sightings = read_sightings(made / "store")
    for spelling in CANARIES:
        monkeypatch.setattr(getpass, "getpass", lambda prompt, typed=spelling: typed)
        found = vehicle_of_owner(sightings, made / "k.key")
        assert (found.sightings, found.cameras) == (3, 2)
        assert found.vehicle in set(sightings.vehicles)
        assert_no_canary((repr(found) + found.summary()).encode(), "result")
    assert vehicle_of_owner(sightings, made / "k.key", "10B456CD").sightings == 1
    absent = vehicle_of_owner(sightings, made / "k.key", "77X777XX")
    assert absent.vehicle is None and "not in the store" in absent.summary()


def test_only_the_right_key_finds_anything(made):
    sightings = read_sightings(made / "store")
    with pytest.raises(KeyFileError, match="not the key"):
        vehicle_of_owner(sightings, b"x" * 32, "99Z987YX")
    with pytest.raises(KeyFileError, match="no such key file"):
        vehicle_of_owner(sightings, made / "other.key", "99Z987YX")
    assert not (made / "other.key").exists()
    with pytest.raises(UsageError, match="no plate"):
        vehicle_of_owner(sightings, made / "k.key", " -- ")
    (made / "b.csv").write_text(ROWS)
    thrown = read_sightings(made / "b.csv", timezone="Asia/Tashkent")
    with pytest.raises(KeyFileError, match="throw-away"):
        vehicle_of_owner(thrown, b"x" * 32, "99Z987YX")
    (made / "c.csv").write_text(re.sub(r"(?m)^\d[^,]*", "id", ROWS))
    held = read_sightings(made / "c.csv", timezone="Asia/Tashkent", plates="pseudonymous")
    with pytest.raises(KeyFileError, match="pseudonyms already"):
        vehicle_of_owner(held, b"x" * 32, "99Z987YX")


def test_without_a_terminal_nothing_is_asked(made, monkeypatch):
    def warns(prompt):
        import warnings

        warnings.warn("Can not control echo", getpass.GetPassWarning, stacklevel=2)
        return "99Z987YX"

    monkeypatch.setattr(getpass, "getpass", warns)
    with pytest.raises(UsageError, match="at a terminal"):
        vehicle_of_owner(read_sightings(made / "store"), made / "k.key")


def test_no_traceback_or_log_holds_the_plate(made, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "99Z987YX")
    sightings = read_sightings(made / "store")
    for key in (b"x" * 32, made / "k.key"):
        monkeypatch.setattr(type(sightings), "parts", property(lambda self: 1 / 0))
        with pytest.raises((AnalyzerError, ZeroDivisionError)) as caught:
            vehicle_of_owner(sightings, key)
        shown = "".join(
            traceback.TracebackException.from_exception(
                caught.value, capture_locals=True
            ).format()
        ).replace("monkeypatch.setattr(getpass", "")
        # The test's own source holds the canary; what the program's frames hold must not.
        ours = shown[shown.rindex("analyzer/ingest/owner.py") :]
        assert_no_canary(ours.encode(), "traceback")
    assert_no_canary(caplog.text.encode(), "log")


def test_the_command_asks_hidden_and_leaves_no_trace(made):
    temporary = made / "temporary"
    temporary.mkdir()
    before = {path: path.read_bytes() for path in (made / "store").rglob("*") if path.is_file()}
    parent, child = pty.openpty()
    command = [sys.executable, "-m", "analyzer", "info", str(made / "store"), "--plate-prompt",
               "--key", str(made / "k.key")]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        command, stdin=child, stdout=subprocess.PIPE, stderr=child, env=environment,
        start_new_session=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    shown = b""
    while b"hidden" not in shown:
        shown += os.read(parent, 1000)
    cmdline = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    os.write(parent, b"99 Z 987 YX\n")
    out, _ = process.communicate(timeout=60)
    shown += os.read(parent, 1000)
    os.close(parent), os.close(child)
    assert process.returncode == 0 and b"3 sightings by 2 cameras" in out
    assert_no_canary(out + shown + cmdline, "what is shown")
    assert_no_canary_below(temporary)
    assert tempfile.gettempdir()
    after = {path: path.read_bytes() for path in (made / "store").rglob("*") if path.is_file()}
    assert after == before
