"""Reading into an encrypted store: rejects and spills too, and nothing without the key."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.errors import KeyFileError, StoreError
from analyzer.ingest.cleaning import read_sealed_rejects
from analyzer.ingest.reader import read_sightings

ROWS = "plate,camera,seen_at\n01A123BC,c1,2026-03-01 10:00:00\n10B456CD,c2,never\n"
MORE = "plate,camera,seen_at\n01A123BC,c1,2026-03-02 10:00:00\n,c2,2026-03-01 10:00:00\n"


def read(path: Path, folder: Path, **options):
    return read_sightings(path, timezone="UTC", key=folder / "p.key", store=folder / "s",
                          encrypt=folder / "e.key", **options)  # fmt: skip


def test_files_are_added_and_rejects_stay_encrypted(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    (tmp_path / "b.csv").write_text(MORE)
    read(tmp_path / "a.csv", tmp_path)
    found = read(tmp_path / "b.csv", tmp_path, rejects=tmp_path / "out.csv")
    assert (len(found), found.quality["rows_rejected"]) == (2, 2)
    assert not list((tmp_path / "s").rglob("*.csv"))
    text = read_sealed_rejects(found.store.folder / "rejects.parquet", found.store.seal)
    reasons = [row["reason"] for row in csv.DictReader(io.StringIO(text))]
    assert reasons == ["time_unreadable", "plate_missing"]
    assert (tmp_path / "out.csv").read_text() == text
    again = read(tmp_path / "b.csv", tmp_path)
    assert len(again) == 2 and again.store.manifest["generation"] == "data-000002"
    for path in (tmp_path / "s").rglob("*.parquet"):
        assert path.read_bytes()[:4] == b"PARE"
    assert os.stat(tmp_path / "e.key").st_mode & 0o077 == 0


def test_without_the_key_nothing_is_read_or_added(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    read(tmp_path / "a.csv", tmp_path)
    with pytest.raises(StoreError, match="encrypted"):
        read_sightings(tmp_path / "s")
    with pytest.raises(KeyFileError, match="no such key file"):
        read_sightings(tmp_path / "s", encrypt=tmp_path / "none.key")
    with pytest.raises(StoreError, match="another key"):
        read_sightings(tmp_path / "s", encrypt=tmp_path / "p.key")
    with pytest.raises(KeyFileError, match="must not lie in"):
        read_sightings(tmp_path / "a.csv", timezone="UTC", store=tmp_path / "t",
                       encrypt=tmp_path / "t" / "e.key")  # fmt: skip
    assert len(read_sightings(tmp_path / "s", encrypt=tmp_path / "e.key")) == 1


def test_a_killed_reading_leaves_the_old_store_or_the_new(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    rows = "".join(f"01A{i % 900:03d}BC,c{i % 9},2026-03-{1 + i % 28:02d} 10:{i % 60:02d}:00\n"
                   for i in range(20_000))  # fmt: skip
    (tmp_path / "big.csv").write_text("plate,camera,seen_at\n" + rows)
    old = len(read(tmp_path / "a.csv", tmp_path))
    program = (
        "import sys; from pathlib import Path; from analyzer.ingest.reader import read_sightings\n"
        "f = Path(sys.argv[1]); print('go', flush=True)\n"
        "read_sightings(f / 'big.csv', timezone='UTC', key=f / 'p.key', store=f / 's',"
        " encrypt=f / 'e.key', memory='1MB')\n"
    )
    seen = set()
    for moment in (0.0, 0.1, 0.25, 0.5, 0.8, 1.2, 30.0):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        process.stdout.readline()
        end = time.monotonic() + moment
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        count = len(read_sightings(tmp_path / "s", encrypt=tmp_path / "e.key"))
        seen.add(count)
        assert count == old or count > 5_000
    assert len(seen) == 2
    # The same file once more adds nothing.
    whole = max(seen)
    assert len(read(tmp_path / "big.csv", tmp_path)) == whole
