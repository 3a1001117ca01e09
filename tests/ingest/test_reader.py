"""The reader from end to end: every row accounted for, nothing leaked, nothing guessed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import AmbiguousInputError, InputError, KeyFileError, StoreError, UsageError
from analyzer.ingest import opening
from analyzer.ingest.formats import open_source
from analyzer.ingest.reader import read_sightings

ZONE = "Asia/Tashkent"
SEATTLE = Path(__file__).parents[3] / "shared" / "data" / "seattle_alpr_2021.csv.gz"

PLAIN = """plate,camera,seen_at
01A123BC,c1,2026-03-01 10:00:00
10B456CD,c2,2026-03-01 10:01:00
01 a 123 bc,c2,2026-03-01 10:07:00
10-B-456-CD,c1,2026-03-02 10:00:00
"""


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def content(sightings):
    """All that a store says, with codes and without names of vehicles."""
    rows = [part.load() for part in sightings.parts(*sightings.columns)]
    joined = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
    order = np.lexsort([joined["camera"], joined["seen_at"], joined["vehicle"]])
    return (
        {name: column[order].tolist() for name, column in joined.items()},
        sightings.camera_table.fillna(-999.0).to_dict("list"),
        sightings.labels,
        {k: v for k, v in sightings.quality.items() if k not in ("files", "notes")},
    )


def check_books(sightings, rows=None):
    quality = sightings.quality
    for entry in [quality, *quality["files"]]:
        assert entry["rows_read"] == (
            entry["rows_kept"] + entry["rows_rejected"] + entry["rows_merged"]
        )
        assert entry["rows_rejected"] == sum(entry["rejected_by_reason"].values())
        assert entry["rows_merged"] == sum(entry["merged_by_reason"].values())
    assert quality["rows_kept"] == len(sightings)
    assert quality["rows_rejected"] == len(rejects_of(sightings))
    assert frames_of(sightings) == quality["rows_read"] - quality["rows_rejected"]
    if rows is not None:
        assert quality["rows_read"] == rows
    json.dumps(quality)


def frames_of(sightings):
    """Input rows behind the sightings, as their frames add up."""
    if "frames" not in sightings.columns:
        return len(sightings)
    rows = [part.load()["frames"] for part in sightings.parts("frames")]
    assert max(map(max, filter(len, rows))) > 1 and min(map(min, filter(len, rows))) >= 1
    return sum(int(frames.sum()) for frames in rows)


def rejects_of(sightings):
    with open(sightings.store.folder / "rejects.csv", newline="") as file:
        return list(csv.DictReader(file))


# Formats


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("packed", [False, True])
def test_delimiters_and_encodings_give_the_same(tmp_path, delimiter, encoding, packed):
    rows = [["номер", "камера", "время"],
            ["А123ВС", "Мост №1", "2026-03-01 10:00:00"],
            ["A123BC", "Парк", "2026-03-01 10:05:00"],
            ["А777АА", "Парк", "not a time"]]  # fmt: skip
    text = "\n".join(delimiter.join(row) for row in rows) + "\n"
    data = text.encode(encoding)
    path = tmp_path / "reads.csv"
    path.write_bytes(gzip.compress(data) if packed else data)
    found = read_sightings(path, timezone=ZONE)
    assert found.n_vehicles == 1
    assert found.camera_table["name"].tolist() == ["Мост №1", "Парк"]
    check_books(found, 3)
    (reject,) = rejects_of(found)
    assert (reject["line"], reject["reason"]) == ("4", "time_unreadable")
    there = data[int(reject["byte_offset"]) :].decode(encoding.removesuffix("-sig").replace(
        "utf-16", "utf-16-le"))  # fmt: skip
    assert there.startswith("А777АА")


def test_parquet_frames_and_csv_give_the_same(tmp_path):
    path = write(tmp_path / "a.csv", PLAIN)
    frame = pd.read_csv(path)
    before = frame.copy(deep=True)
    expected = content(read_sightings(path, timezone=ZONE, key=b"k" * 32))
    assert content(read_sightings(frame, timezone=ZONE, key=b"k" * 32)) == expected
    pd.testing.assert_frame_equal(frame, before)
    typed = frame.assign(
        seen_at=pd.to_datetime(frame["seen_at"]).dt.tz_localize(ZONE),
        camera=frame["camera"].astype("category"),
    )
    typed.to_parquet(tmp_path / "a.parquet")
    for source in (typed, tmp_path / "a.parquet"):
        assert content(read_sightings(source, timezone=ZONE, key=b"k" * 32)) == expected
    assert read_sightings(typed).timezone == "UTC"


def test_globs_lists_and_stores(tmp_path):
    head, *rows = PLAIN.splitlines()
    write(tmp_path / "a.csv", "\n".join([head, *rows[:2]]))
    write(tmp_path / "b.csv", "\n".join([head, *rows[2:]]))
    whole = read_sightings(str(tmp_path / "*.csv"), timezone=ZONE, store=tmp_path / "store")
    listed = read_sightings([tmp_path / "a.csv", tmp_path / "b.csv"], timezone=ZONE)
    assert content(whole) == content(listed)
    assert [entry["rows_read"] for entry in whole.quality["files"]] == [2, 2]
    again = read_sightings(tmp_path / "store")
    assert content(again) == content(whole) and list(again.vehicles) == list(whole.vehicles)
    with pytest.raises(InputError, match="no file matches"):
        read_sightings(str(tmp_path / "*.txt"))


def test_optional_columns(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "plate,camera,time,make,colour,confidence,direction\n"
        "A1,c1,2026-03-01 10:00:00,Chevrolet,white,0.9,north\n"
        "A2,c1,2026-03-01 10:01:00,NULL, black ,high,\n"
        'A3,c1,2026-03-01 10:02:00,"Kia",white,"0,5",north\n',
    )
    frame = read_sightings(path, timezone=ZONE).to_pandas().sort_values("seen_at")
    assert frame["make"].fillna("?").tolist() == ["Chevrolet", "?", "Kia"]
    assert frame["color"].tolist() == ["white", "black", "white"]
    assert frame["direction"].fillna("?").tolist() == ["north", "?", "north"]
    np.testing.assert_allclose(frame["confidence"], [0.9, np.nan, 0.5])
    found = read_sightings(path, timezone=ZONE)
    assert found.quality["unreadable_values"] == {"confidence": 1}
    check_books(found, 3)


# Accounting

DIRTY_CELL = st.sampled_from(
    ["01A123BC", "10B456CD", "--", "", "c1", "c2", "2026-03-01 10:00:00", "2026-03-01 10:00:20",
     "2026-03-01 11:00:00", "1772334000", "not a time", "2026-13-01 10:00", 'say "so"', "a,b",
     "line\nbreak", "Ж777", "a cell that holds a \0 among much text"]
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(DIRTY_CELL, min_size=2, max_size=4), max_size=25),
    st.integers(16, 200),
    st.sampled_from(["", '"', 'x,"y\n', "\n\n"]),
)
def test_read_is_kept_and_rejected_and_merged(rows, block, tail):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["plate", "camera", "time"])
    writer.writerow(["20Q111QQ", "c9", "2026-03-01 09:00:00"])
    writer.writerows(rows)
    out.write(tail)
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "dirty.csv", out.getvalue())
        whole = read_sightings(path, timezone=ZONE)
        check_books(whole)
        if not tail and all(len(row) == 3 and "\0" not in "".join(row) for row in rows):
            assert whole.quality["rows_read"] == 1 + len(rows)
        data = path.read_bytes()
        for reject in rejects_of(whole):
            before = data[: int(reject["byte_offset"])]
            assert before.count(b"\n") == int(reject["line"]) - 1
        small = read_with_blocks(path, block)
        assert content(small) == content(whole)
        assert rejects_of(small) == rejects_of(whole)


def read_with_blocks(path, size, **options):
    patch = pytest.MonkeyPatch()
    patch.setattr(
        opening, "open_source",
        lambda item, test, block_bytes, **rest: open_source(item, test, block_bytes=size, **rest),
    )  # fmt: skip
    try:
        return read_sightings(path, timezone=ZONE, **options)
    finally:
        patch.undo()


def test_reasons_lines_and_kinds(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "plate,camera,time\n"
        "01A123BC,c1,2026-03-01 10:00:00\n"
        "unlicensed,c1,2026-03-01 10:00:00\n"
        "01A123BC,,2026-03-01 10:00:00\n"
        "01A123BC,c1,\n"
        "plate,camera,time\n"
        "01A123BC,c1,01A123BC\n"
        "01A123BC,c1\n"
        "01A123BC,c1,1970-01-01 00:00:00\n"
        "01A123BC,c1,2026-03-01\n"
        '"01A123BC,c1,2026-03-01 10:00:00\n'
        "01a 123 bc,c1,2026-03-01 10:00:30\n"
        "01A123BC,c1,2026-03-01 10:00:00\n",
    )
    wanted = tmp_path / "elsewhere.csv"
    found = read_sightings(path, timezone=ZONE, rejects=wanted)
    check_books(found, 12)
    assert found.quality["merged_by_reason"] == {"exact_repeat": 1, "repeat_frame": 1}
    listed = {row["line"]: (row["reason"], row["kind_of_value"]) for row in rejects_of(found)}
    assert listed == {
        "3": ("plate_missing", "letters, 10 characters"),
        "4": ("camera_missing", "empty"),
        "5": ("time_missing", "empty"),
        "6": ("repeated_header", "letters, 4 characters"),
        "7": ("time_unreadable", "letters and digits, 8 characters"),
        "8": ("wrong_number_of_fields", "2 fields"),
        "9": ("time_out_of_range", "a date, 19 characters"),
        "10": ("time_without_hour", "a date, 10 characters"),
        "11": ("quote_unbalanced", ""),
    }
    assert wanted.read_bytes() == (found.store.folder / "rejects.csv").read_bytes()
    assert found.quality["vehicles_seen_once"] == 1.0


def test_codes_come_only_from_kept_rows_and_not_from_the_key(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "plate,camera,time\nB2,c9,nonsense\nA1,c2,2026-03-01 10:00:00\nB2,c1,2026-03-01 09:00:00\n",
    )
    one = read_sightings(path, timezone=ZONE, key=b"1" * 32)
    two = read_sightings(path, timezone=ZONE, key=b"2" * 32)
    assert content(one) == content(two)
    assert not set(one.vehicles) & set(two.vehicles)
    assert one.camera_table["name"].tolist() == ["c1", "c2"]
    assert content(one)[0]["vehicle"] == [0, 1]


# Nothing leaks

CANARIES = ["99Z987YX", "99z987yx", "99 Z 987 YX", "99-Z-987-YX", "９９Ｚ９８７ＹＸ", "99.Z.987.YX"]


def assert_no_canary(data: bytes, where: str):
    text = data.decode("utf-8", "ignore") + data.decode("utf-16-le", "ignore")
    for canary in (*CANARIES, "99Z987", "Z987YX"):
        assert canary not in text, where


def assert_no_canary_below(folder: Path):
    for path in folder.rglob("*"):
        assert_no_canary(str(path).encode(), "file name")
        if path.is_file():
            assert_no_canary(path.read_bytes(), str(path))


def canary_file(path: Path) -> Path:
    rows = ["plate,camera,time,lat,lon,make,confidence"]
    for i, canary in enumerate(CANARIES):
        rows.append(f"{canary},c1,2026-03-01 1{i}:00:00,41.3,69.2,Kia,0.5")
        rows.append(f"{canary},c1,{canary},41.3,69.2,Kia,0.5")
        rows.append(f"{canary},c1")
        rows.append(f'"{canary},c1,2026-03-01 10:00:00,1,2,Kia,0.5')
        rows.append(f"x,c1,2026-03-01 1{i}:30:00,{canary},{canary},Kia,{canary}")
    return write(path, "\n".join(rows))


def test_no_canary_in_stores_spills_rejects_or_messages(tmp_path, monkeypatch, capfd):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    source = canary_file(tmp_path / "reads.csv")
    seen: list[str] = []

    def look(done, total):
        assert_no_canary_below(temporary)
        assert_no_canary_below(tmp_path / "store")
        seen.append("looked")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = read_sightings(
            source, timezone=ZONE, store=tmp_path / "store", rejects=tmp_path / "rejects.csv",
            progress=look, memory="1KB", key=tmp_path / "my.key",
        )  # fmt: skip
    assert seen and not [w for w in caught if w.category is UserWarning]
    assert found.n_vehicles == 2
    assert_no_canary_below(temporary)
    assert_no_canary_below(tmp_path / "store")
    assert_no_canary((tmp_path / "rejects.csv").read_bytes(), "rejects")
    out, err = capfd.readouterr()
    shown = [out, err, repr(found), found.summary(), str(found.quality), str(found.provenance)]
    assert_no_canary("".join(shown).encode(), "what is shown")
    key = (tmp_path / "my.key").read_text().split()[-1]
    everything = b"".join(
        path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()
    )
    assert key.encode() not in everything and bytes.fromhex(key) not in everything


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("99Z987YX,c1,2026-03-01 10:00\n99Z987YX,c1,2026-03-01 10:01\n", {}),
        ("99Z987YX,c1,broken\n99Z987YX,c1,2026-03-01 10:01\n", {}),
        ("99Z987YX\n99Z987YX\n", {}),
        ("a,camera,b\n99Z987YX,c1,99Z987YX\n", {"columns": {"a": "plate", "b": "seen_at"}}),
        ("plate,camera,time\n99Z987YX,c1,99Z987YX\n", {}),
        ("plate,camera,time\n1,c1,99/Z987/YX 10:00\n", {}),
        ("plate,camera,time\n99Z987YX,c1,2026-03-01 10:00\n", {"timezone": None}),
        ("plate,camera,time\n99Z987YX,c1,03/04/2026 10:00\n", {}),
        ("plate,camera,time,lat,lon\n99Z987YX,c1,2026-03-01 10:00,99Z987YX,5\n",
         {"place_grid": "250m"}),
        ("plate,camera,time\n99Z987YX,c1,2026-03-01 10:00\n", {"columns": {"2": "seen_at"}}),
        ("{\"plate\": \"99Z987YX\"}", {}),
        ("<plate>99Z987YX</plate>", {}),
    ],
)  # fmt: skip
def test_no_canary_in_errors_or_tracebacks(tmp_path, text, options):
    import traceback

    path = write(tmp_path / "reads.csv", text)
    with pytest.raises((InputError, UsageError)) as caught:
        read_sightings(path, **{"timezone": ZONE, **options})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert_no_canary(shown.encode(), "traceback")
    assert caught.value.__cause__ is None


# Keys and further files


def test_the_same_file_adds_nothing_and_another_adds_its_rows(tmp_path):
    head, *rows = PLAIN.splitlines()
    a = write(tmp_path / "a.csv", "\n".join([head, *rows[:2]]))
    b = write(tmp_path / "b.csv", "\n".join([head, *rows[2:], "--,c1,2026-03-01 10:00:00"]))
    options = {"timezone": ZONE, "store": tmp_path / "store", "key": tmp_path / "my.key"}
    first = read_sightings(a, **options)
    manifest = (tmp_path / "store" / "manifest.json").read_bytes()
    same = read_sightings(a, **options)
    assert len(same) == len(first) == 2
    assert (tmp_path / "store" / "manifest.json").read_bytes() == manifest
    both = read_sightings([a, b], **options)
    check_books(both, 5)
    assert content(both)[:3] == content(read_sightings([a, b], timezone=ZONE))[:3]
    assert any("same as file 1" in note for note in both.quality["notes"])
    assert [entry["name"] for entry in both.provenance["inputs"]] == ["a.csv", "b.csv"]
    assert rejects_of(both)[0]["file"] == "2"


def test_frames_count_what_became_one_over_all_files(tmp_path):
    head, *rows = PLAIN.splitlines()
    a = write(tmp_path / "a.csv", "\n".join([head, *rows]))
    b = write(tmp_path / "b.csv", "\n".join([head, *rows[:2], rows[0], rows[0]]))
    c = write(tmp_path / "c.csv", "\n".join([head, rows[0], "", rows[3]]))
    options = {"timezone": ZONE, "store": tmp_path / "store", "key": tmp_path / "my.key"}
    assert "frames" not in read_sightings(a, **options).columns
    read_sightings(b, **options)
    found = read_sightings(c, **options)
    check_books(found, 10)
    assert sorted(found.to_pandas()["frames"]) == [1, 2, 2, 5]


def test_a_copy_in_one_call_adds_nothing(tmp_path):
    a = write(tmp_path / "a.csv", PLAIN)
    b = write(tmp_path / "b.csv", PLAIN)
    found = read_sightings([a, b], timezone=ZONE)
    check_books(found, 4)


def test_stores_take_no_file_of_another_kind(tmp_path):
    a = write(tmp_path / "a.csv", PLAIN)
    read_sightings(a, timezone=ZONE, store=tmp_path / "away")
    with pytest.raises(KeyFileError, match="accepts no further file"):
        read_sightings(a, timezone=ZONE, store=tmp_path / "away")
    read_sightings(a, timezone=ZONE, store=tmp_path / "kept", key=tmp_path / "one.key")
    for options, error, message in (
        ({"key": tmp_path / "two.key"}, KeyFileError, "another key"),
        ({}, KeyFileError, "--key FILE"),
        ({"plates": "pseudonymous"}, KeyFileError, "cannot be mixed"),
        ({"key": tmp_path / "one.key", "timezone": "UTC"}, StoreError, "one time zone"),
        ({"key": tmp_path / "kept" / "k"}, KeyFileError, "must not lie"),
    ):
        with pytest.raises(error, match=message):
            read_sightings(a, **{"timezone": ZONE, "store": tmp_path / "kept", **options})
    assert not (tmp_path / "kept" / "k").exists()
    assert len(read_sightings(tmp_path / "kept")) == 4


def test_an_error_leaves_the_old_store(tmp_path):
    a = write(tmp_path / "a.csv", PLAIN)
    bad = write(tmp_path / "bad.csv", "plate,camera,seen_at\nA1,c1,never\n")
    options = {"timezone": ZONE, "store": tmp_path / "store", "key": tmp_path / "k"}
    before = content(read_sightings(a, **options))
    with pytest.raises(InputError, match="none of its 1 rows can be used"):
        read_sightings(bad, **options)
    assert content(read_sightings(tmp_path / "store")) == before


# Refusals


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"plate,camera,time\n", "no rows"),
        ("blank.csv", b"\n\n\n", "no rows"),
        ("binary.csv", bytes(range(256)) * 20, "not text"),
        ("zeros.csv", b"\0" * 5000, "not text"),
        ("book.xlsx", b"PK\x03\x04" + b"x" * 50, "zip archive or Excel workbook is damaged"),
        ("bad.parquet", b"PAR1" + b"x" * 50, "damaged"),
        ("cut.csv.gz", gzip.compress(PLAIN.encode() * 100, mtime=0)[:-20], "ends too early"),
        ("bad.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)[:12] + b"x" * 50, "damaged"),
        ("json.csv", b'{"plate": 1}', "no column found for seen_at, camera"),
    ],
)
def test_what_cannot_be_read_is_a_clear_error(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_sightings(path, timezone=ZONE)
    with pytest.raises(InputError, match=message):
        read_sightings(path, timezone=ZONE, store=tmp_path / "store")
    assert not (tmp_path / "store" / "manifest.json").exists()


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sightings(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder and not a store"):
        read_sightings(tmp_path)
    path = write(tmp_path / "shut.csv", PLAIN)
    path.chmod(0)
    if not os.access(path, os.R_OK):
        with pytest.raises(InputError, match="may not read"):
            read_sightings(path)


def test_files_of_different_kinds_are_refused_with_the_difference(tmp_path):
    a = write(tmp_path / "a.csv", PLAIN)
    b = write(tmp_path / "b.csv", PLAIN.replace("camera", "reader"))
    with pytest.raises(InputError, match="camera: 'camera' there, 'reader' here"):
        read_sightings([a, b], timezone=ZONE)


def test_day_and_month_are_proven_by_the_whole_file_or_refused(tmp_path):
    rows = [f"A{i},c1,0{i % 9 + 1}/02/2026 10:00:00" for i in range(2000)]
    head = "plate,camera,time"
    open_ = write(tmp_path / "open.csv", "\n".join([head, *rows]))
    with pytest.raises(AmbiguousInputError, match=r"2 January 2026.*1 February 2026|1 February"):
        read_sightings(open_, timezone=ZONE)
    late = write(tmp_path / "late.csv", "\n".join([head, *rows, "Z,c1,13/02/2026 10:00:00"]))
    found = read_with_blocks(late, 256)
    assert str(found.span[1].date()) == "2026-02-13"
    month = read_sightings(open_, timezone=ZONE, profile="month-first")
    assert str(month.span[1].date()) == "2026-09-02"


def test_moving_swapped_and_given_cameras(tmp_path):
    head = "plate,camera,time,lat,lon\n"
    moving = write(tmp_path / "m.csv", head + "A,c1,2026-03-01 10:00:00,41.30,69.20\n"
                   "B,c1,2026-03-01 10:00:00,41.32,69.20\n")  # fmt: skip
    with pytest.raises(AmbiguousInputError, match="--place-grid 250m"):
        read_sightings(moving, timezone=ZONE)
    grid = read_sightings(moving, timezone=ZONE, place_grid="250m")
    assert len(grid.camera_table) == 2
    assert (abs(grid.camera_table["lat"] - [41.30, 41.32]) < 0.003).all()
    swapped = write(tmp_path / "s.csv", head + "A,c1,2026-03-01 10:00:00,69.20,41.30\n")
    with pytest.raises(AmbiguousInputError, match="swapped"):
        read_sightings(swapped, timezone=ZONE)
    settled = read_sightings(swapped, timezone=ZONE, columns={"lat": "lon", "lon": "lat"})
    assert settled.camera_table["lat"].tolist() == [41.30]
    mean = write(tmp_path / "mean.csv", head + "A,c1,2026-03-01 10:00:00,41.30,69.20\n"
                 "B,c1,2026-03-01 10:00:00,41.3002,69.20\nC,c1,2026-03-01 10:00:00,,\n"
                 "D,c1,2026-03-01 10:00:00,0,0\nE,c1,2026-03-01 10:00:00,99,69.2\n")  # fmt: skip
    found = read_sightings(mean, timezone=ZONE)
    assert found.camera_table["lat"].tolist() == [41.3001]
    assert len(found) == 5 and found.quality["unreadable_values"] == {"position": 1}
    cameras = pd.DataFrame({"camera": ["c1", "c9"], "lat": [41.0, 42.0], "lon": [69.0, 70.0],
                            "zone": ["north", "south"]})  # fmt: skip
    given_ = read_sightings(write(tmp_path / "p.csv", PLAIN), timezone=ZONE, cameras=cameras)
    assert given_.camera_table["name"].tolist() == ["c1", "c2", "c9"]
    assert given_.camera_table["lat"].tolist()[::2] == [41.0, 42.0]


def test_further_files_keep_places_and_find_cameras_that_moved(tmp_path):
    head = "plate,camera,time,lat,lon\n"
    a = write(tmp_path / "a.csv", head + "A,c1,2026-03-01 10:00:00,41.30,69.20\n"
              "A,c2,2026-03-01 11:00:00,41.31,69.20\n")  # fmt: skip
    b = write(tmp_path / "b.csv", head + "B,c2,2026-03-02 10:00:00,41.31,69.20\n"
              "A,c1,2026-03-02 11:00:00,41.40,69.20\n")  # fmt: skip
    options = {"timezone": ZONE, "key": tmp_path / "my.key"}
    read_sightings(a, store=tmp_path / "fixed", **options)
    with pytest.raises(AmbiguousInputError, match="move"):
        read_sightings(b, store=tmp_path / "fixed", **options)
    grid = {"place_grid": "250m", **options}
    read_sightings(a, store=tmp_path / "grid", **grid)
    with pytest.raises(StoreError, match="--place-grid 250m"):
        read_sightings(b, store=tmp_path / "grid", **options)
    added = read_sightings(b, store=tmp_path / "grid", **grid)
    assert content(added)[:2] == content(read_sightings([a, b], **grid))[:2]
    cameras = pd.DataFrame({"camera": ["c1", "c2"], "lat": [41.3, 41.31], "lon": [69.2, 69.2]})
    assert len(read_sightings([a, b], timezone=ZONE, cameras=cameras)) == 4


def test_small_memory_progress_and_provenance(tmp_path):
    rows = "".join(f"P{i % 50},c{i % 7},2026-03-{1 + i // 400:02d} {i % 24:02d}:{i % 60:02d}:00\n"
                   for i in range(8000))  # fmt: skip
    path = write(tmp_path / "a.csv", "plate,camera,time\n" + rows)
    steps = []
    small = read_sightings(path, timezone=ZONE, memory="100KB", key=b"k" * 32,
                           progress=lambda done, total: steps.append((done, total)))  # fmt: skip
    assert len(steps) > 10 and steps == sorted(steps) and steps[-1] == (path.stat().st_size,) * 2
    assert content(small) == content(read_sightings(path, timezone=ZONE))
    (entry,) = small.provenance["inputs"]
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert small.provenance["options"]["timezone"] == ZONE
    again = read_sightings(path, timezone=ZONE, memory="100KB", key=b"k" * 32)
    for file in small.store.folder.iterdir():
        assert file.read_bytes() == (again.store.folder / file.name).read_bytes()


def test_place_grid_rejects_rows_without_a_place(tmp_path):
    path = write(
        tmp_path / "a.csv",
        "plate,time,lat,lon\nA,2026-03-01 10:00:00,41.3,69.2\nB,2026-03-01 10:00:00,NA,NA\n"
        "C,2026-03-01 10:00:00,0,0\nD,2026-03-01 10:00:00,x,69.2\nE,2026-03-01 10:00:00,95,69.2\n",
    )
    found = read_sightings(path, timezone=ZONE, place_grid="250m")
    check_books(found, 5)
    assert found.quality["rejected_by_reason"] == {
        "position_missing": 2, "position_out_of_range": 1, "position_unreadable": 1,
    }  # fmt: skip


def test_wrong_calls(tmp_path):
    path = write(tmp_path / "a.csv", PLAIN)
    for options in (
        {"plates": "both"}, {"timezone": "Mars/Olympus"}, {"profile": "nope"},
        {"columns": {"plate": "nope"}}, {"place_grid": "wide"}, {"memory": "much"},
    ):  # fmt: skip
        with pytest.raises(UsageError):
            read_sightings(path, **{"timezone": ZONE, **options})
    with pytest.raises(UsageError):
        read_sightings(42)
    with pytest.raises(UsageError, match="empty"):
        read_sightings([])


@pytest.mark.skipif(not SEATTLE.exists(), reason="the Seattle export is not there")
def test_the_seattle_export():
    options = {"plates": "pseudonymous", "timezone": "America/Los_Angeles"}
    with pytest.raises(AmbiguousInputError, match=r"move.*--place-grid 250m"):
        read_sightings(SEATTLE, **options)
    with pytest.raises(AmbiguousInputError, match="--timezone"):
        read_sightings(SEATTLE, plates="pseudonymous", place_grid="250m")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = read_sightings(SEATTLE, place_grid="250m", **options)
    check_books(found, 93_490)
    assert found.quality["rejected_by_reason"] == {"position_missing": 24_705}
    first, last = found.span
    assert str(first.date()) == "2021-10-01" and str(last.date()) == "2021-10-08"
    assert any("recognised by its header" in note for note in found.quality["notes"])


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("01A123BC;c1;2026-03-01 10:00:00\n10B456CD;c2;2026-03-01 10:01:00\n",
         {"columns": {"1": "plate", "2": "camera", "3": "seen_at"}}),
        ("sep=;\nplate;camera;time\n01A123BC;c1;2026-03-01 10:00:00\n"
         "10B456CD;c2;2026-03-01 10:01:00\n", {}),
        ("plate,camera,time\r01A123BC,c1,2026-03-01 10:00:00\r10B456CD,c2,2026-03-01 10:01:00\r",
         {}),
        ("plate,camera,date,time\n01A123BC,c1,01.03.2026,10:00:00\n10B456CD,c2,13.03.2026,10:01\n",
         {}),
        ("\n\nplate^camera^time\n01A123BC^c1^20260301100000\n10B456CD^c2^1772341260\n", {}),
        ('"plate","camera\n(name)","time"\n"01A123BC","c1","2026-03-01T05:00:00Z"\n'
         '"10B456CD","c2","2026-03-01T10:01:00+05:00"\n', {"columns": {"2": "camera"}}),
        ("\ufeffplate , camera , time\n01A123BC , c1 , 2026-03-01 10:00:00\n"
         "10B456CD , c2 , 01:00\n10B456CD , c2 , 2026-03-01 10:01", {}),
    ],
)  # fmt: skip
def test_odd_shapes_of_files(tmp_path, text, options):
    found = read_sightings(write(tmp_path / "a.csv", text), timezone=ZONE, **options)
    assert found.camera_table["name"].tolist() == ["c1", "c2"] and found.n_vehicles == 2
    assert str(found.span[0]) == "2026-03-01 10:00:00+05:00"
    check_books(found)
