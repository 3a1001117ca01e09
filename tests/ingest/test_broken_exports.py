"""Broken exports that real systems write: read where what is meant is plain, counted where not."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from analyzer.errors import AmbiguousInputError, InputError, KeyFileError
from analyzer.ingest.kinds import shown_names
from analyzer.ingest.reader import read_sightings

ZONE = "Asia/Tashkent"
HEADER = "plate,camera,seen_at"
ROWS = [f"p{i}A,Cam {i % 3},2026-03-02 10:{i:02d}:00" for i in range(40)]


def told(tmp_path: Path, lines: list[str] | bytes, **options):
    path = tmp_path / "reads.csv"
    data = lines if isinstance(lines, bytes) else "\n".join([*lines, ""]).encode()
    path.write_bytes(data)
    quality = read_sightings(path, timezone=ZONE, **options).quality
    assert quality["rows_read"] == (
        quality["rows_kept"] + quality["rows_rejected"] + quality["rows_merged"]
    )
    return quality["rows_kept"], quality["rejected_by_reason"]


def test_rows_may_end_with_one_delimiter_more(tmp_path):
    rows = [row + "," for row in ROWS]
    assert told(tmp_path, [HEADER, *rows]) == (40, {})
    # What stands in the field that should be empty, or lacks, makes a row a fault.
    rows[3], rows[4], rows[5] = rows[3] + "x", ROWS[4], rows[5] + ' " " '
    kept, rejected = told(tmp_path, [HEADER, *rows])
    assert (kept, rejected) == (38, {"wrong_number_of_fields": 2})


@pytest.mark.parametrize(
    "above", [["# export of 2026"], ["Report,,,,", ""], ["Vehicles of one day"], ["a,b", "", ""]]
)
def test_titles_above_the_header_are_passed_over(tmp_path, above):
    assert told(tmp_path, [*above, HEADER, *ROWS]) == (40, {})
    listed = tmp_path / "rejects"
    assert told(tmp_path, [*above, HEADER, "p,c,never", *ROWS], rejects=listed)[0] == 40
    line = int(listed.read_text().splitlines()[1].split(",")[1])
    assert line == len(above) + 2


def test_rows_above_a_header_are_no_titles(tmp_path):
    with pytest.raises(InputError):
        told(tmp_path, [ROWS[0], HEADER, *ROWS[1:]])


@pytest.mark.parametrize("tail", [False, True])
def test_runs_of_zero_bytes_are_one_fault(tmp_path, tail):
    lines = "\n".join([HEADER, *ROWS[:20]]).encode(), "\n".join(ROWS[20:]).encode()
    run = b"\n" + b"\0" * 5_000
    data = lines[0] + b"\n" + lines[1] + run if tail else lines[0] + run + b"\n" + lines[1]
    assert told(tmp_path, data) == (40, {"nul_byte": 1})


def test_a_day_may_be_its_midnight_and_an_hour_one_of_no_day(tmp_path):
    rows = [f"p{i},c,2026-03-02 00:00:00.000,1899-12-30 10:{i:02d}:00" for i in range(40)]
    assert told(tmp_path, ["plate,camera,date,time", *rows]) == (40, {})


def test_epochs_in_powers_of_ten_are_read_if_whole(tmp_path):
    rows = [f"p{i},c,1.7724{i:02d}000e+09" for i in range(40)]
    assert told(tmp_path, [HEADER, *rows]) == (40, {})
    rows[0], rows[1] = "p,c,1.77e+09", "p,c,1.772400000e+40"
    assert told(tmp_path, [HEADER, *rows]) == (38, {"time_unreadable": 2})


def test_what_is_no_time_proves_no_order(tmp_path):
    rows = [f"p{i},c,03/04/2026 10:{i:02d}:00" for i in range(40)]
    with pytest.raises(AmbiguousInputError, match="read in two ways"):
        told(tmp_path, [HEADER, *rows, "p,c,25/03/2026 99:99:99"])
    assert told(tmp_path, [HEADER, *rows, "p,c,25/03/2026 10:10:10"]) == (41, {})


def test_names_that_may_be_plates_are_counted_and_long_lists_cut(tmp_path):
    names = [f"ZQX{a}{b}" for a in "ABCDEFG" for b in "ABC"]
    with pytest.raises(InputError, match="21 names of letters") as error:
        header = ",".join(["seen_at", "camera", *names])
        told(tmp_path, [header, "2026-03-02 10:00:00,c" + ",1" * 21])
    assert "ZQX" not in str(error.value)
    (tmp_path / "keyed.json").write_text(
        "{" + ",".join(f'"{n}":{{"camera":"c","seen_at":"2026-03-02 10:00"}}' for n in names) + "}"
    )
    with pytest.raises(InputError) as error:
        read_sightings(tmp_path / "keyed.json", timezone=ZONE)
    assert "ZQX" not in str(error.value)
    assert shown_names([f"Column of {c * 3}" for c in "abcdefghijklmnop"]).endswith("and 4 more")


def test_an_example_is_no_wrong_answer(tmp_path):
    rows = [f"n,o,p{i}A,r,2026-03-02 10:{i:02d}:00" for i in range(40)]
    with pytest.raises(InputError) as error:
        told(tmp_path, ["Name,Org,Plate,Reason,Search Time of Day", *rows])
    assert "Name=" not in str(error.value) and "--column HEADER=camera" in str(error.value)


def test_one_key_serves_one_purpose_and_stores_are_their_owners_alone(tmp_path):
    path = tmp_path / "reads.csv"
    path.write_text("\n".join([HEADER, *ROWS]))
    options = {"timezone": ZONE, "store": tmp_path / "deep" / "store"}
    with pytest.raises(KeyFileError, match="use two"):
        read_sightings(path, key=tmp_path / "k", encrypt=tmp_path / "k", **options)
    found = read_sightings(path, key=tmp_path / "k", **options)
    for folder in (found.store.path, found.store.folder, found.save(tmp_path / "copy").store.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(KeyFileError, match="not a key file of platerisk"):
        read_sightings(path, timezone=ZONE, key=path)


def test_files_globs_and_folders_at_once_and_nothing_in_them_in_silence(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(7):
        place = folder if number < 3 else tmp_path
        lines = [HEADER, *ROWS[5 * number : 5 * number + 5]]
        (place / f"r{number}.csv").write_text("\n".join(lines))
    (folder / "gone.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.csv")
    found = read_sightings(
        [folder, str(tmp_path / "r[34].csv"), tmp_path / "r5.csv", str(tmp_path / "r6.csv")],
        timezone=ZONE,
    )
    assert len(found) == 35 and len(found.quality["files"]) == 7
    notes = found.quality["notes"]
    assert any("no files (broken links, pipes): 2" in note for note in notes)
    # What all say is said once.
    assert sum("text in utf-8" in note for note in notes) == 1
    assert any(note.startswith("7 files (1 to 7): ") for note in notes)
