"""Formats: the same rows in every format, and hostile, broken and cut files in each."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import struct
import time
import traceback
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest import json_text
from analyzer.ingest.formats import open_source
from analyzer.ingest.inputs import find_inputs
from analyzer.ingest.json_text import JsonReader, parse_json
from analyzer.ingest.reader import read_sightings
from analyzer.ingest.recipes import read_literal
from tests.ingest.test_reader import assert_no_canary, check_books, content, rejects_of

ZONE = "Asia/Tashkent"
CANARY = "99Z987YX"
ROWS = [
    {"plate": "01A123BC", "camera": "Мост №1", "seen_at": "2026-03-01 10:00:00"},
    {"plate": "10B456CD", "camera": "Парк", "seen_at": "2026-03-01 10:01:00"},
    {"plate": "--", "camera": "Парк", "seen_at": "2026-03-01 10:02:00"},
    {"plate": "01 a 123 bc", "camera": "Парк", "seen_at": "2026-03-01 10:07:00"},
    {"plate": "01A123BC", "camera": "Парк", "seen_at": "2026-03-01 10:07:00"},
    {"plate": "01A123BC", "camera": "Парк", "seen_at": "never"},
]
FRAME = pd.DataFrame(ROWS)


def xml_of(rows, head='<?xml version="1.0" encoding="UTF-8"?>\n'):
    body = "".join(
        f"<read><plate>{r['plate']}</plate><camera>{r['camera']}</camera>"
        f"<time>{r['seen_at']}</time></read>\n" for r in rows
    )  # fmt: skip
    return f"{head}<export><made>today</made><reads>\n{body}</reads></export>"


def geojson_of(rows):
    return {"type": "FeatureCollection", "name": "x", "features": [
        {"type": "Feature", "properties": r,
         "geometry": {"type": "Point", "coordinates": [69.2, 41.3]}} for r in rows]}  # fmt: skip


def xlsx_of(rows, *, titles=0, sheets=1):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for _ in range(titles):
        sheet.append(["Report of passages"])
    sheet.append(["Plate", "Camera", "Time"])
    for r in rows:
        sheet.append([r["plate"], r["camera"], r["seen_at"]])
    for number in range(1, sheets):
        book.create_sheet(f"s{number}").append(["a"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def sqlite_of(path, tables):
    database = sqlite3.connect(path)
    for name, frame in tables.items():
        frame.to_sql(name, database, index=False)
    database.commit()
    database.close()
    return path


def gpkg_of(path, system=4326):
    import geopandas

    points = geopandas.points_from_xy([69.2] * len(FRAME), [41.3] * len(FRAME))
    geopandas.GeoDataFrame(FRAME, geometry=points, crs=4326).to_crs(system).to_file(path)
    return path


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


CSV = FRAME.to_csv(index=False)
LINES = "\n".join(json.dumps(r, ensure_ascii=False) for r in ROWS)
MAKERS = {
    "a.csv": CSV.encode(),
    "a.tsv": FRAME.to_csv(index=False, sep="\t").encode("utf-16"),
    "array.json": json.dumps(ROWS).encode(),
    "pretty.json": json.dumps(ROWS, ensure_ascii=False, indent=2).encode("utf-16"),
    "list.json": json.dumps({"made": {"by": "x"}, "count": 6, "reads": ROWS}, indent=1).encode(),
    "a.jsonl": LINES.encode(),
    "mark.jsonl": b"\xef\xbb\xbf" + LINES.encode(),
    "cp1251.jsonl": LINES.encode("cp1251"),
    "a.xml": xml_of(ROWS).encode(),
    "utf16.xml": xml_of(ROWS, "").encode("utf-16"),
    "cp1251.xml": xml_of(ROWS, '<?xml version="1.0" encoding="windows-1251"?>').encode("cp1251"),
    "attributes.xml": "<reads>{}</reads>".format("".join(
        f'<r plate="{r["plate"]}" camera="{r["camera"]}" time="{r["seen_at"]}"/>' for r in ROWS
    )).encode(),
    "a.geojson": json.dumps(geojson_of(ROWS)).encode(),
    "a.xlsx": xlsx_of(ROWS, titles=2),
    "a.csv.gz": gzip.compress(CSV.encode()[:90]) + gzip.compress(CSV.encode()[90:]),
    "a.csv.xz": lzma.compress(CSV.encode()[:90]) + lzma.compress(CSV.encode()[90:]),
    "a.csv.zst": pa.compress(CSV.encode(), codec="zstd", asbytes=True),
    "a.json.bz2": bz2.compress(json.dumps(ROWS).encode()),
    "a.zip": zip_of({"in/reads.csv": CSV}),
    "gz.zip": zip_of({"reads.jsonl.gz": gzip.compress(LINES.encode())}, zipfile.ZIP_STORED),
}  # fmt: skip


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = write(tmp_path_factory.mktemp("x"), "a.csv", CSV)
    return content(read_sightings(path, timezone=ZONE))


@pytest.mark.parametrize("name", [*MAKERS, "a.sqlite", "a.gpkg", "a.parquet"])
def test_every_format_gives_the_same(tmp_path, name, expected):
    if name == "a.sqlite":
        path = sqlite_of(tmp_path / name, {"reads": FRAME, "notes": pd.DataFrame({"a": [1]})})
    elif name == "a.gpkg":
        path = gpkg_of(tmp_path / name)
    elif name == "a.parquet":
        path = tmp_path / name
        FRAME.to_parquet(path)
    else:
        path = write(tmp_path, name, MAKERS[name])
    found = read_sightings(path, timezone=ZONE, memory="100KB")
    rows, cameras, labels, quality = content(found)
    assert rows == expected[0] and quality == expected[3] and labels == expected[2]
    assert cameras["name"] == expected[1]["name"]
    placed = name.endswith(("geojson", "gpkg"))
    assert (cameras["lat"] == [41.3, 41.3]) is placed
    check_books(found, 6)
    assert {r["reason"] for r in rejects_of(found)} == {"plate_missing", "time_unreadable"}


@pytest.mark.parametrize("name", ["array.json", "pretty.json", "a.jsonl", "cp1251.jsonl", "a.xml"])
def test_lines_and_offsets_point_at_the_record(tmp_path, name):
    path = write(tmp_path, name, MAKERS[name])
    encoding = {"pretty.json": "utf-16-le", "cp1251.jsonl": "cp1251"}.get(name, "utf-8")
    for reject in rejects_of(read_sightings(path, timezone=ZONE)):
        data = MAKERS[name][int(reject["byte_offset"]) :].decode(encoding)
        assert data.startswith(("{", "<read>"))
        wanted = "--" if reject["reason"] == "plate_missing" else "never"
        assert wanted in data[:120]
        before = MAKERS[name][: int(reject["byte_offset"])].decode(encoding)
        assert before.count("\n") == int(reject["line"]) - 1


def test_a_folder_and_a_zip_of_several_are_one_reading(tmp_path, expected):
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    head, *rows = CSV.splitlines()
    write(folder, "a.csv", "\n".join([head, *rows[:2]]))
    write(folder / "deep", "b.csv.gz", gzip.compress("\n".join([head, *rows[2:]]).encode()))
    write(folder, "README.md", "x")
    write(folder, ".hidden.csv", "x")
    found = read_sightings(folder, timezone=ZONE)
    assert content(found)[:3] == expected[:3]
    assert any("passed over: 1 of .md" in note for note in found.quality["notes"])
    archive = write(tmp_path, "a.zip", zip_of({p.name: p.read_bytes() for p in
                    (folder / "a.csv", folder / "deep" / "b.csv.gz")}))  # fmt: skip
    again = read_sightings(archive, timezone=ZONE)
    assert content(again)[:3] == expected[:3]
    assert [e["name"] for e in again.provenance["inputs"]] == ["a.zip, member 1", "a.zip, member 2"]


# One record at a time is broken: counted, and the others read


def good(number):
    return {"plate": f"01A{number:03d}BC", "camera": "c", "seen_at": f"2026-03-01 1{number}:00:00"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"plate": "99Z987YX", "camera": ', "record_not_parsed"),
        ('{"plate": "99Z987YX" "camera": 1}', "record_not_parsed"),
        ('["99Z987YX"]', "record_not_parsed"),
        ('"99Z987YX"', "record_not_parsed"),
        ('{"plate": "99Z987YX", "x": "\0"}', "nul_byte"),
        ('{"plate": "99Z987YX", "x": "' + "y" * (1 << 21) + '"}', "record_too_long"),
        ('{"plate": "\\ud800", "camera": "c", "seen_at": "2026-03-01 10:00"}', "text_unreadable"),
        ("[" * 100_000, "record_not_parsed"),
        ('{"plate": ' * 2000 + "1" + "}" * 2000, "record_not_parsed"),
    ],
)
def test_a_broken_line_is_one_reject(tmp_path, bad, reason):
    lines = [json.dumps(good(i)) for i in range(4)]
    path = write(tmp_path, "a.jsonl", "\n".join([*lines[:2], bad, *lines[2:]]))
    for memory in ("2GB", "1KB"):
        found = read_sightings(path, timezone=ZONE, memory=memory)
        assert found.quality["rejected_by_reason"] == {reason: 1}
        check_books(found, 5)
        assert rejects_of(found)[0]["line"] == "3"
        assert_no_canary(json.dumps(found.quality).encode(), "quality")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"plate": "99Z987YX" "camera": 1}', "record_not_parsed"),
        ("17", "record_not_parsed"), ("null", "record_not_parsed"), ("[1, 2]", "record_not_parsed"),
        ('{"plate": "' + "y" * (1 << 21) + '"}', "record_too_long"),
    ],
)  # fmt: skip
def test_a_broken_item_is_one_reject(tmp_path, bad, reason):
    items = [json.dumps(good(i)) for i in range(4)]
    path = write(tmp_path, "a.json", "[" + ",\n".join([*items[:2], bad, *items[2:]]) + "]")
    for memory in ("2GB", "1KB"):
        found = read_sightings(path, timezone=ZONE, memory=memory)
        assert found.quality["rejected_by_reason"] == {reason: 1}
        check_books(found, 5)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.xml", "a.csv"])
def test_a_cut_file_loses_one_record(tmp_path, name):
    rows = [good(i) for i in range(5)]
    whole = {"a.jsonl": "\n".join(map(json.dumps, rows)), "a.json": json.dumps(rows),
             "a.xml": xml_of(rows),
             "a.csv": pd.DataFrame(rows).to_csv(index=False)}[name]  # fmt: skip
    cut = whole[: whole.index("004BC") + 5]
    found = read_sightings(write(tmp_path, name, cut), timezone=ZONE)
    check_books(found, 5)
    assert found.quality["rows_kept"] == 4
    (reason,) = found.quality["rejected_by_reason"]
    assert reason in ("record_cut_off", "wrong_number_of_fields")


ITEM = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=5), ITEM, max_size=3), min_size=1, max_size=8),
    st.integers(16, 80), st.sampled_from([None, 1]), st.booleans(), st.sampled_from(["", "list"]),
)  # fmt: skip
def test_json_is_cut_into_the_same_records_as_by_the_standard_parser(
    tmp_path_factory, records, block, indent, escaped, key
):
    value = {"before": [1, [2], {"x": "]"}][:2], key: records} if key else records
    text = json.dumps(value, indent=indent, ensure_ascii=escaped)
    try:
        path = write(tmp_path_factory.mktemp("j"), "a.json", text)
    except UnicodeEncodeError:
        return
    reader = JsonReader(
        path, text, "utf-8", 0, whole=True, block_bytes=block, table=key or None
    ) if not key or records else None
    found = [d for documents, _ in reader.documents() for d in documents]
    assert [d.value for d in found] == [parse_json(json.dumps(r)) for r in records]
    data = text.encode()
    for document in found:
        assert data[document.offset : document.offset + 1] == b"{"
        assert data.count(b"\n", 0, document.offset) == document.line - 1


# What cannot be read at all


def entity_bomb():
    names = "".join(f'<!ENTITY l{i} "{10 * ("&l" + str(i - 1) + ";")}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY l0 "lol">{names}]><r><read><plate>&l9;'


def bomb(size):
    return gzip.compress(b"plate,camera,time\n" + b"a,b,2026-03-01 10:00:00\n" * (size // 24), 9)


HOSTILE = {
    "empty.json": (b"", "is empty"),
    "none.json": (b"[]", "no record"),
    "scalars.json": (b"[1, 2, 3]", "not name its columns|no record|no rows|no column"),
    "lists.json": (b'[["plate"], ["99Z987YX"]]', "list of lists"),
    "quote.json": (b'[{"plate": "99Z987YX\n"}, {"plate": "x"}]', "broken from line"),
    "deep.json": (b'[{"a":' + b"[" * 5000, "broken from line|no record"),
    "bomb.xml": (entity_bomb(), "document type or entities"),
    "dtd.xml": (b'<!DOCTYPE r SYSTEM "file:///etc/passwd"><r><plate>a</plate><time>1</time></r>',
                "document type or entities"),
    "entity.xml": (b"<r><read><plate>&who;</plate><time>1</time></read></r>", "broken at line 1"),
    "tags.xml": (b"<r><read><plate>99Z987YX</time></read></r>", "broken at line 1"),
    "none.xml": (b"<r><a>1</a></r>", "no element"),
    "deep.xml": (b"<a>" * 5000, "nested too deep"),
    "page.html": (b"<!DOCTYPE html><html><p>99Z987YX", "web page"),
    "a.pickle": (pickle.dumps({"plate": CANARY}), "a pickle"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "old Excel"),
    "bad.xlsx": (zip_of({"xl/workbook.xml": "x", "[Content_Types].xml": "y"}), "damaged"),
    "bad.db": (b"SQLite format 3\x00" + bytes(4000), "damaged"),
    "cut.xz": (lzma.compress(CSV.encode() * 50)[:-40], "ends too early"),
    "cut.zst": (pa.compress(np.random.default_rng(1).bytes(9999), codec="zstd",
                            asbytes=True)[:-40], "ends too early|not text"),
    "bad.xz": (lzma.compress(CSV.encode())[:30] + b"x" * 90, "damaged"),
    "bad.bz2": (bz2.compress(CSV.encode())[:30] + b"x" * 90, "damaged"),
    "parquet.gz": (gzip.compress(b"PAR1" + b"x" * 99), "unpack it first"),
    "climb.zip": (zip_of({"../../a.csv": CSV}), "climb out"),
    "root.zip": (zip_of({"/etc/a.csv": CSV}), "climb out"),
    "nothing.zip": (zip_of({"a.txt.doc": CSV}), "no file in the archive"),
    "nested.zip": (zip_of({"b.zip": zip_of({"a.csv": CSV})}), "archive in the archive"),
    "cut.zip": (zip_of({"a.csv": CSV})[:-30], "damaged"),
    "sum.zip": (zip_of({"a.csv": CSV}, zipfile.ZIP_STORED).replace(b"never", b"nevir"), "damaged"),
    "random.csv": (np.random.default_rng(2).bytes(5000), "not text"),
    "geo.geojson": (json.dumps({**geojson_of(ROWS), "crs": {"type": "name", "properties":
                    {"name": "urn:ogc:def:crs:EPSG::3857"}}}), "EPSG:4326"),
    "two.json": (json.dumps({"a": ROWS, "b": ROWS}), "more than one list"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_a_clear_error_in_no_time(tmp_path, name):
    data, message = HOSTILE[name]
    path = write(tmp_path, name, data)
    start = time.perf_counter()
    with pytest.raises(InputError, match=message) as caught:
        read_sightings(path, timezone=ZONE)
    assert time.perf_counter() - start < 5
    assert_no_canary("".join(traceback.format_exception(caught.value)).encode(), "traceback")
    assert caught.value.__cause__ is None
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize("packing", ["gz", "xz", "zip"])
def test_an_archive_that_expands_without_end_is_refused_in_bounded_memory(tmp_path, packing):
    text = b"plate,camera,time\n" + b"a,b,2026-03-01 10:00:00\n" * (200 << 20 >> 4)
    data = {
        "gz": lambda: gzip.compress(text, 6), "xz": lambda: lzma.compress(text, preset=0),
        "zip": lambda: zip_of({"a.csv": text}),
    }[packing]()  # fmt: skip
    path = write(tmp_path, f"a.csv.{packing}", data)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="200 times its size"):
            (place,), _ = find_inputs(path)
            for _ in open_source(place, lambda rows: True).chunks([0]):
                pass
        assert tracemalloc.get_traced_memory()[1] < 600 << 20
    finally:
        tracemalloc.stop()


def test_a_ten_megabyte_line_is_one_reject_in_every_text_format(tmp_path):
    long = "x" * (10 << 20)
    rows = [good(0), {**good(1), "plate": long}, good(2)]
    for name, text in {
        "a.csv": pd.DataFrame(rows).to_csv(index=False),
        "a.jsonl": "\n".join(map(json.dumps, rows)),
        "a.json": json.dumps(rows), "a.xml": xml_of(rows),
    }.items():  # fmt: skip
        found = read_sightings(write(tmp_path, name, text), timezone=ZONE)
        assert found.quality["rejected_by_reason"] == {"record_too_long": 1}, name
        check_books(found, 3)


# Which table


def test_tables_are_chosen_or_named(tmp_path, expected):
    two = sqlite_of(tmp_path / "two.db", {"first": FRAME, "second": FRAME})
    with pytest.raises(AmbiguousInputError, match=r"first, second.*--table first"):
        read_sightings(two, timezone=ZONE)
    assert content(read_sightings(two, timezone=ZONE, table="second"))[0] == expected[0]
    with pytest.raises(InputError, match="no table 'third'; it has first, second"):
        read_sightings(two, timezone=ZONE, table="third")
    sheets = write(tmp_path, "a.xlsx", xlsx_of(ROWS, sheets=2))
    with pytest.raises(AmbiguousInputError, match=r"more than one sheet.*--table 'Sheet'"):
        read_sightings(sheets, timezone=ZONE)
    assert content(read_sightings(sheets, timezone=ZONE, table="Sheet"))[0] == expected[0]
    lists = write(tmp_path, "a.json", json.dumps({"old": ROWS[:1], "new": ROWS}))
    assert content(read_sightings(lists, timezone=ZONE, table="new"))[0] == expected[0]
    with pytest.raises(InputError, match="EPSG:3857"):
        read_sightings(gpkg_of(tmp_path / "m.gpkg", 3857), timezone=ZONE)


def test_a_workbook_with_typed_cells(tmp_path):
    frame = FRAME.iloc[[0, 1, 3]].assign(
        seen_at=pd.to_datetime(FRAME["seen_at"].iloc[[0, 1, 3]]), camera=[7, 7, 8]
    )
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    found = read_sightings(tmp_path / "a.xlsx", timezone=ZONE)
    assert found.camera_table["name"].tolist() == ["7", "8"]
    assert str(found.span[0]) == "2026-03-01 10:00:00+05:00"


def test_a_database_that_lies_of_its_text(tmp_path):
    database = sqlite3.connect(tmp_path / "a.db")
    database.execute("CREATE TABLE r (plate, camera, time)")
    database.executemany("INSERT INTO r VALUES (?, ?, ?)", [
        ("A1", "c", 1772341200), ("A2", "c", 1772341200.5), (b"\xff\xfe", "c", "2026-03-01 10:00"),
        (None, "c", "2026-03-01 10:00")])  # fmt: skip
    database.commit()
    database.close()
    found = read_sightings(tmp_path / "a.db", timezone=ZONE)
    assert found.quality["rejected_by_reason"] == {"plate_missing": 1, "text_unreadable": 1}
    check_books(found, 4)


def test_a_large_list_behind_other_fields_is_streamed(tmp_path, monkeypatch):
    rows = [good(i % 10) | {"camera": f"c{i}"} for i in range(20_000)]
    path = write(tmp_path, "a.json", json.dumps({"site": "x", "reads": rows}))
    assert path.stat().st_size > 1 << 20
    found = read_sightings(path, timezone=ZONE)
    check_books(found, 20_000)
    two = write(tmp_path, "b.json", json.dumps({"site": "x", "reads": rows, "more": rows[:1]}))
    with pytest.raises(AmbiguousInputError, match="--table reads"):
        read_sightings(two, timezone=ZONE)
    assert len(read_sightings(two, timezone=ZONE, table="reads")) == 20_000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="[]{}(),:'\"1a\\_. ", max_size=60))
def test_literals_never_raise(text):
    read_literal(text)


def test_literals_are_bounded():
    start = time.perf_counter()
    for text in ("[" * 100_000, "{'a':" * 5000, "(" * 9000 + ")" * 9000, "9" * 10_000,
                 "[" + "9" * 9000 + "]", "{'a': 9**9**9}", "-" * 9999 + "1"):  # fmt: skip
        read_literal(text)
    assert time.perf_counter() - start < 2


def test_points_of_packages():
    from analyzer.ingest.database import read_point

    header = b"GP\x00\x01" + struct.pack("<i", 4326)
    little = header + b"\x01" + struct.pack("<Idd", 1, 69.2, 41.3)
    assert read_point(little) == ("69.2", "41.3")
    assert read_point(header + b"\x00" + struct.pack(">Idd", 1, 69.2, 41.3)) == ("69.2", "41.3")
    empty = header + b"\x01" + struct.pack("<Idd", 1, np.nan, np.nan)
    for cell in (None, b"", b"GP", little[:20], empty, header + b"\x01\x02" + bytes(40), "x"):
        assert read_point(cell) == (None, None)
    assert json_text.LINES


TEXT = st.text(
    alphabet=st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=6), st.integers(1, 200),
    st.booleans(), st.sampled_from(["utf-8", "utf-16"]),
)  # fmt: skip
def test_xml_is_cut_into_the_same_records_as_by_the_standard_parser(
    tmp_path_factory, rows, block, apart, encoding
):
    from xml.etree import ElementTree
    from xml.sax.saxutils import escape, quoteattr

    from analyzer.ingest.encodings import detect_encoding
    from analyzer.ingest.xml_text import XmlReader

    declaration = f'<?xml version="1.0" encoding="{encoding}"?>\n'
    records = [
        f"<v:read xmlns:v='urn:x' n={quoteattr(a)}><!-- x --><v:plate>{escape(b)}</v:plate>"
        f"<time>{escape(c)}<![CDATA[<b>]]></time></v:read>\n" for a, b, c in rows
    ]  # fmt: skip
    text = "".join(declaration + r for r in records) if apart else (
        declaration + "<all>" + "".join(records) + "</all>"
    )
    data = text.encode(encoding)
    path = write(tmp_path_factory.mktemp("x"), "a.xml", data)
    found_encoding, bom = detect_encoding(data)
    reader = XmlReader(path, data, found_encoding, bom, whole=True, block_bytes=block)
    found = [d for documents, _ in reader.documents() for d in documents]
    expected = []
    for record in records:
        tree = ElementTree.fromstring(record)
        plate = (tree[0].text or "").strip()
        expected.append(
            {"n": tree.get("n"), "plate": plate or None, "time": tree[1].text.strip()}
        )
    assert [d.value for d in found] == expected
    if encoding == "utf-8":
        for document in found:
            assert data[document.offset :].startswith(b"<v:read")
            assert data.count(b"\n", 0, document.offset) == document.line - 1


def test_updates_wait_in_bounded_memory(tmp_path, monkeypatch):
    from analyzer.ingest import documents

    monkeypatch.setattr(documents, "MAX_OPEN", 5)
    lines = []
    for i in range(40):
        after = {"id": str(i), "camera": "c", "start_time": 1772341200 + 60 * i,
                 "recognized_license_plate": f"A{i}", "pad": "x" * 500_000}  # fmt: skip
        lines.append(json.dumps({"type": "new", "before": after, "after": after}))
    path = write(tmp_path, "a.jsonl", "\n".join(lines))
    tracemalloc.start()
    try:
        found = read_sightings(path, memory="1MB")
        assert tracemalloc.get_traced_memory()[1] < 150 << 20
    finally:
        tracemalloc.stop()
    check_books(found, 40)
    assert len(found) == 40


@pytest.mark.parametrize("name", ["a.db", "a.gpkg", "a.parquet"])
def test_damaged_tables_are_errors_or_rejects(tmp_path, name):
    path = tmp_path / name
    if name == "a.db":
        sqlite_of(path, {"reads": FRAME})
    elif name == "a.gpkg":
        gpkg_of(path)
    else:
        FRAME.to_parquet(path)
    data, rng = path.read_bytes(), np.random.default_rng(7)
    for _ in range(150):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), rng.choice([1, 2, 8])):
            broken[place] = rng.integers(0, 256)
        if rng.random() < 0.2:
            broken = broken[: rng.integers(1, len(broken))]
        path.write_bytes(broken)
        try:
            check_books(read_sightings(path, timezone=ZONE))
        except InputError as error:
            assert "01A123BC" not in str(error)
