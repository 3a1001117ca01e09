"""Encodings: found where the text shows them, asked for where it does not, damage told."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.encodings import check_encoding, detect_encoding
from analyzer.ingest.reader import read_sightings

ZONE = "Asia/Tashkent"
LETTERS = "АВЕКМНОРСТУХ"


def rows(day: int = 2) -> str:
    lines = [
        f"{LETTERS[i % 12]}{100 + i}ВС77,C{i % 4},2026-03-{day:02d} 10:{i:02d}:00"
        for i in range(50)
    ]
    return "\n".join(["plate,camera,seen_at", *lines, ""])


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_cyrillic_plates_are_the_same_in_every_encoding(tmp_path):
    files = [write(tmp_path / "b.csv", rows(3).encode())]
    files.append(write(tmp_path / "a.csv", rows(2).encode("cp1251")))
    found = read_sightings(files, timezone=ZONE)
    assert (len(found), found.n_vehicles) == (100, 50)
    for encoding in ("koi8-r", "iso-8859-5", "cp866", "gb18030", "utf-16"):
        other = write(tmp_path / f"{encoding}.csv", rows(4).encode(encoding))
        options = {"timezone": ZONE, "key": b"k" * 32, "encoding": encoding}
        one = read_sightings(other, **options)
        two = read_sightings(files[0], timezone=ZONE, key=b"k" * 32)
        assert set(one.vehicles) == set(two.vehicles), encoding


@pytest.mark.parametrize("encoding", ["koi8-r", "gb18030", "utf-16-le", "cp1251"])
def test_places_of_rejects_are_bytes_of_the_file(tmp_path, encoding):
    text = rows().replace("2026-03-02 10:20:00", "вчера").replace("C1", "Камера 1")
    path = write(tmp_path / "a.csv", text.encode(encoding))
    listed = tmp_path / "rejects.csv"
    read_sightings(path, timezone=ZONE, encoding=encoding, rejects=listed)
    offset = int(listed.read_text().splitlines()[1].split(",")[2])
    assert "вчера" in path.read_bytes()[offset:].decode(encoding).splitlines()[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plate,camera\n01A123BC,Königstraße\n", "cp1252"),
        ("plate,camera\n01A123BC,ÉCOLE MILITAIRE\n01A123BC,à l'hôtel\n", "cp1252"),
        ("plate,camera\nА123ВС77,c1\n", "cp1251"),
        ("plate,camera\n01A123ВС,c1\n", "cp1251"),
        ("plate,camera\n01A123BC,Мирзо Улугбек\n", "cp1251"),
    ],
)
def test_words_tell_cyrillic_from_western(text, encoding):
    assert detect_encoding(text.encode(encoding)) == (encoding, 0)


def test_what_may_be_both_is_asked_for(tmp_path):
    data = b"plate,camera,seen_at\n" + "ÉÈÀ,Königstraße,2026-03-01 10:00:00\n".encode(
        "cp1252"
    )
    path = write(tmp_path / "a.csv", data)
    with pytest.raises(AmbiguousInputError, match="--encoding cp1251 or --encoding cp1252"):
        read_sightings(path, timezone=ZONE)
    found = read_sightings(path, timezone=ZONE, encoding="Windows-1252")
    assert found.camera_table["name"].tolist() == ["Königstraße"]
    with pytest.raises(UsageError, match="not read; known are"):
        check_encoding("ebcdic")


@pytest.mark.parametrize("row", [1, 30])
def test_broken_bytes_are_rejects_and_not_another_encoding(tmp_path, row):
    head, *lines = rows().splitlines()
    head = head.replace("plate", "Гос. номер").replace("camera", "Камера")
    data = [line.encode() for line in [head, *lines]]
    data.insert(row, b"ZQXJ\xd0\xff,C1,2026-03-02 11:00:00")
    found = read_sightings(write(tmp_path / "a.csv", b"\n".join(data)), timezone=ZONE)
    assert found.quality["rejected_by_reason"] == {"text_unreadable": 1}
    assert found.n_vehicles == 50


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_byte_missing_in_utf_16_is_told(tmp_path, encoding):
    data = ("\ufeff" + rows()).encode(encoding)
    for torn in (data[:1001] + data[1002:], data[:1001] + b"x" + data[1001:]):
        with pytest.raises(InputError, match="UTF-16 text is damaged"):
            read_sightings(write(tmp_path / "a.csv", torn), timezone=ZONE)
