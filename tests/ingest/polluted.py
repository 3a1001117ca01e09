"""A corpus of polluted files, each with the truth about it, in the manner of Pollock.

Each case is one defect in one format. The truth is the number of records in the file and the rows
that are whole; a reader is right when it keeps just these and counts the rest, it may refuse with
a message, and it must never be silently wrong: keep a row that is not true, or lose one uncounted.

References
----------
Vitagliano et al. (2023), Pollock: a data loading benchmark. PVLDB 16(8).
doi:10.14778/3594512.3594518
"""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 120
KEY = b"a key for the polluted corpus only"
START = datetime(2026, 3, 13, 6, 0, 7)
HEADER = ["plate", "camera", "seen_at"]

Row = tuple[str, str, str]


@dataclass(frozen=True)
class Case:
    """One polluted file.

    Attributes
    ----------
    name, format : str
        The defect, and in which format.
    ending : str
        Of the file's name.
    content : bytes
        The file.
    records : int or None
        How many records it holds; None where nobody could say.
    rows : list of Row
        The rows that are whole (with repeats).
    also : list of Row
        Rows that are true, but that a reader may as well reject.
    """

    name: str
    format: str
    ending: str
    content: bytes
    records: int | None
    rows: list[Row]
    also: list[Row] = field(default_factory=list)


def base_rows(count: int = ROWS) -> list[Row]:
    """Make whole rows: no two of one vehicle and camera within half a minute."""
    rows = []
    for i in range(count):
        when = START + timedelta(seconds=71 * i)
        plate = f"{10 + i % 7:02d}{chr(65 + i % 5)}{100 + i % 31}{chr(66 + i % 3)}C"
        rows.append((plate, f"gate {i % 6}", when.strftime("%Y-%m-%d %H:%M:%S")))
    return rows


def cases(*, slow: bool = True) -> Iterator[Case]:
    """Make the corpus; `slow` adds the files of many megabytes."""
    for delimiter, kind in ((",", "csv"), (";", "semicolon"), ("\t", "tsv"), ("|", "pipe")):
        yield from _delimited(delimiter, kind, slow=slow and kind == "csv")
    for case in _delimited(",", "csv", slow=False):
        yield Case(case.name, "csv.gz", ".csv.gz", gzip.compress(case.content, mtime=0),
                   case.records, case.rows, case.also)  # fmt: skip
    yield from _gzip()
    yield from _json_lines(slow=slow)
    yield from _json()
    yield from _xml()
    yield from _binary()


def _text(rows: list[list[str]] | list[Row], delimiter: str, end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


def leaving_out(rows: list[Row], *left_out: int) -> list[Row]:
    """Leave out some rows."""
    return [row for i, row in enumerate(rows) if i not in left_out]


def _delimited(d: str, kind: str, *, slow: bool) -> Iterator[Case]:
    rows = base_rows()
    whole = [HEADER, *rows]
    lines = _text(whole, d).splitlines(keepends=True)

    def case(name: str, text: str | bytes, records: int | None = ROWS, kept=None, also=()) -> Case:
        data = text.encode() if isinstance(text, str) else text
        return Case(name, kind, ".csv", data, records, rows if kept is None else kept, list(also))

    def with_line(at: int, line: str | bytes) -> bytes:
        data = [part.encode() for part in lines]
        return b"".join([*data[:at], line.encode() if isinstance(line, str) else line, *data[at:]])

    clean = "".join(lines)
    yield case("clean", clean)
    yield case("byte-order mark", b"\xef\xbb\xbf" + clean.encode())
    yield case("UTF-16", clean.encode("utf-16"))
    yield case("UTF-16 without mark", clean.encode("utf-16-le"))
    yield case("CRLF", _text(whole, d, "\r\n"))
    yield case("CR only", _text(whole, d, "\r"))
    mixed = [line if i % 3 else line.replace("\n", "\r\n") for i, line in enumerate(lines)]
    yield case("mixed line ends", "".join(mixed))
    yield case("no end of last line", clean[:-1])
    cut = d.join(rows[-1][:2])
    yield case("last line cut in fields", "".join(lines[:-1]) + cut, kept=rows[:-1])
    for lost, name in ((2, "second"), (3, "minute"), (9, "hour")):
        yield case(f"last line cut in the {name}", clean[: -1 - lost], kept=rows[:-1])
    plate_last = _text([HEADER[::-1], *(row[::-1] for row in rows)], d)
    yield case("plate stands last", plate_last)
    yield case("last line cut in the plate", plate_last[:-3], kept=rows[:-1])
    yield case("NUL bytes", with_line(9, d.join(("x\0y", "gate 1", rows[0][2])) + "\n"), ROWS + 1)
    headers = "".join(line + (lines[0] if i % 40 == 39 else "") for i, line in enumerate(lines))
    yield case("repeated headers", headers, ROWS + headers.count("seen_at") - 1)
    # A quote that is never closed: nobody can say what it was to hold.
    quoted = [list(row) for row in rows]
    quoted[20][1] = '"' + quoted[20][1]
    yield case("unbalanced quote", _text([HEADER, *quoted], d), kept=rows[:20] + rows[21:])
    quoted[60][0] = '"' + quoted[60][0]
    yield case("two unbalanced quotes", _text([HEADER, *quoted], d), None,
               kept=[], also=rows)  # fmt: skip
    for between in (0, 1, 50):
        stray = [list(row) for row in rows]
        last = 21 + between
        stray[20][1], stray[last][1] = '"' + stray[20][1], stray[last][1] + '"'
        kept = [*rows[:20], *rows[21:last], *rows[last + 1 :]]
        closing = (rows[last][0], stray[last][1], rows[last][2])
        yield case(f"two stray quotes, {between} rows between", _text([HEADER, *stray], d),
                   kept=[*kept, closing])  # fmt: skip
    exchanged = [(c, p, t) if i in (3, 70) else (p, c, t) for i, (p, c, t) in enumerate(rows)]
    yield case("plate and camera exchanged in rows", _text([HEADER, *exchanged], d),
               kept=leaving_out(rows, 3, 70))  # fmt: skip
    swapped = ["camera", "plate", "seen_at"]
    yield case("header names exchanged", _text([swapped, *rows], d), None, kept=[], also=rows)
    latin = "".join(f"{a}{b}" for a, b in zip("ABEKMHOPCTYX", "АВЕКМНОРСТУХ", strict=True))
    cyrillic = str.maketrans(dict(zip(latin[::2], latin[1::2], strict=True)))
    russian = [(f"{'ABEKM'[i % 5]}{100 + i % 31}BC77", c, t) for i, (_, c, t) in enumerate(rows)]
    written = [(p.translate(cyrillic), c, t) for p, c, t in russian]
    yield case("Cyrillic plates in cp1251", _text([HEADER, *written], d).encode("cp1251"),
               kept=russian)  # fmt: skip
    torn = clean.encode("utf-16-le")
    yield case("UTF-16 with a byte missing", torn[:1001] + torn[1002:], None, kept=[], also=rows)
    odd = [(plate, camera + ('"' if i == 5 else ""), when)
           for i, (plate, camera, when) in enumerate(rows)]  # fmt: skip
    yield case("quote inside a cell", _text([HEADER, *odd], d), kept=odd)
    every = [[f'"{cell}"' for cell in row] for row in whole]
    yield case("all cells quoted", _text(every, d))
    inner = [(plate, f"gate{d} {i % 6}", when) for i, (plate, _, when) in enumerate(rows)]
    yield case(
        "delimiter inside quotes",
        _text([HEADER, *((p, f'"{c}"', t) for p, c, t in inner)], d),
        kept=inner,
    )
    broken = [(p, "gate\nA" if i % 9 == 4 else c, t) for i, (p, c, t) in enumerate(rows)]
    yield case(
        "line end inside quotes",
        _text([HEADER, *((p, f'"{c}"', t) for p, c, t in broken)], d),
        kept=broken,
    )
    said = [(p, 'the "old" gate' if i % 9 == 4 else c, t) for i, (p, c, t) in enumerate(rows)]
    doubled = [(p, '"' + c.replace('"', '""') + '"', t) for p, c, t in said]
    yield case("doubled quotes", _text([HEADER, *doubled], d), kept=said)
    shifted = [["", *row] if i in (3, 70) else row for i, row in enumerate(rows)]
    without = [row for i, row in enumerate(rows) if i not in (3, 70)]
    yield case("rows shifted right", _text([HEADER, *shifted], d), kept=without)
    left = [(*row[1:], "") if i in (3, 70) else row for i, row in enumerate(rows)]
    yield case("rows shifted left", _text([HEADER, *left], d), kept=without)
    yield case("delimiter ends every line", _text(whole, d, d + "\n"))
    ends = [line if i in (0, 5) or i % 4 else line[:-1] + d + "\n" for i, line in enumerate(lines)]
    yield case("delimiter ends some lines", "".join(ends),
               kept=[row for i, row in enumerate(rows, 1) if i == 5 or i % 4])  # fmt: skip
    yield case("delimiter ends all lines but the header",
               lines[0] + _text(rows, d, d + "\n"))  # fmt: skip
    yield case("blank lines", "\n\n".join(clean.split("\n")[:-1]) + "\n")
    yield case("blanks around cells", _text([[f"  {c} " for c in row] for row in whole], d))
    rubbish = np.random.default_rng(5).integers(0, 256, 300).astype(np.uint8).tobytes()
    rubbish = rubbish.translate(None, b'\n\r"' + d.encode())
    yield case("binary rubbish", with_line(30, rubbish + b"\n"), ROWS + 1)
    yield case("only binary rubbish", rubbish * 9, None, kept=[])
    yield case("footer", clean + f"Total: {ROWS}\n", ROWS + 1)
    yield case("title before the header", "Report of the gates, March\n" + clean, None, also=rows)
    yield case("no header", "".join(lines[1:]))
    yield case("header only", lines[0], 0, kept=[])
    yield case("nothing", "", 0, kept=[])
    yield case("header word twice", clean.replace("plate", "camera", 1))
    repeats = "".join([*lines, *lines[1:11]])
    yield case("exact repeats", repeats, ROWS + 10)
    empty = [tuple("" if i % 30 == k else cell for k, cell in enumerate(row))
             for i, row in enumerate(rows)]  # fmt: skip
    yield case("empty cells", _text([HEADER, *empty], d), kept=[r for r in empty if all(r)])
    nothing = ["unlicensed", "NO_PLATE", "0000", "-1", "#REF!", "(null)", "нет номера", "无牌",
               "01***BC"]  # fmt: skip
    words = [(p if i % 13 else nothing[i // 13 % 9], c, t) for i, (p, c, t) in enumerate(rows)]
    yield case("words for no plate", _text([HEADER, *words], d),
               kept=[r for r in words if r[0] not in nothing])  # fmt: skip
    numbers = [(f"{1000 + i}.0", c, t) for i, (_, c, t) in enumerate(rows)]
    yield case("plates as fractions", _text([HEADER, *numbers], d),
               kept=[(p[:-2], c, t) for p, c, t in numbers])  # fmt: skip
    yield case("run of zero bytes", with_line(30, b"\0" * 5_000 + b"\n"), ROWS + 1)
    cafe = [(p, "café" if i == 100 else c, t) for i, (p, c, t) in enumerate(rows)]
    yield case("cp1252", _text([HEADER, *cafe], d).encode("cp1252"), kept=cafe[:100] + cafe[101:],
               also=[cafe[100]])  # fmt: skip
    mixed_bytes = _text([HEADER, *cafe], d).encode("cp1252").replace(b"gate 3", "gaté".encode())
    yield case("two encodings", mixed_bytes, kept=[r for r in rows if r[1] != "gate 3"
                                                   and r != rows[100]], also=[
        (p, "gaté" if c == "gate 3" else c, t) for p, c, t in cafe])  # fmt: skip
    days = ((p, c, datetime.fromisoformat(t)) for p, c, t in rows)
    days = list(days)
    two_digits = [(p, c, t.strftime("%d.%m.%y %H:%M:%S")) for p, c, t in days]
    yield case("two-digit years", _text([HEADER, *two_digits], d))
    open_order = [(p, c, t.replace(day=3).strftime("%d/%m/%Y %H:%M:%S")) for p, c, t in days]
    true = [(p, c, str(t.replace(day=3))) for p, c, t in days]
    yield case("day and month open", _text([HEADER, *open_order], d), kept=true)
    proven = [(p, c, t.strftime("%d/%m/%Y %H:%M:%S")) for p, c, t in days]
    yield case("day and month proven", _text([HEADER, *proven], d))
    both = [(p, c, t.strftime("%m/%d/%Y %H:%M:%S" if i % 9 else "%d/%m/%Y %H:%M:%S"))
            for i, (p, c, t) in enumerate(days)]  # fmt: skip
    yield case("two orders of day and month", _text([HEADER, *both], d))
    forms = [(p, c, str(int(_instant(str(t)) // 1000)) if i % 2 else t.isoformat())
             for i, (p, c, t) in enumerate(days)]  # fmt: skip
    yield case("epochs among ISO times", _text([HEADER, *forms], d))
    never = [(p, c, "2026-02-30 10:00:00" if i == 8 else t) for i, (p, c, t) in enumerate(rows)]
    yield case("day that is none", _text([HEADER, *never], d), kept=rows[:8] + rows[9:])
    wide = [(*row, *(str(i) for i in range(400))) for row in rows]
    yield case("403 columns", _text([HEADER + [f"x{i}" for i in range(400)], *wide], d))
    if kind in ("csv", "semicolon"):
        yield case("sep= line", f"sep={d}\n" + clean)
    if slow:
        yield case("line of 10 MB", with_line(30, b"x" * 10_000_000 + b"\n"), ROWS + 1)
        many = with_line(30, (d * 10_000_000) + "\n")
        yield case("10 million delimiters", many, ROWS + 1)
        yield case("quote of 10 MB", with_line(30, '"' + "y" * 10_000_000 + "\n"), ROWS + 1)


def _gzip() -> Iterator[Case]:
    rows = base_rows()
    data = _text([HEADER, *rows], ",").encode()
    packed = gzip.compress(data, mtime=0)
    half = data.index(b"\n", len(data) // 2) + 1
    flipped = bytearray(packed)
    flipped[len(flipped) // 2] ^= 0x40

    def case(name: str, content: bytes, records: int = ROWS) -> Case:
        return Case(name, "csv.gz", ".csv.gz", content, records, rows)

    yield case("gzip cut off", packed[: len(packed) // 2])
    yield case("gzip without its end", packed[:-4])
    yield case("gzip with a flipped bit", bytes(flipped))
    yield case("gzip of two members", gzip.compress(data[:half]) + gzip.compress(data[half:]))
    yield case("gzip with zeros behind", packed + b"\0" * 512)
    yield case("gzip with rubbish behind", packed + b"rubbish")
    # One more record, of 60 MB, or no reading at all.
    yield case("gzip bomb", gzip.compress(data + b"0" * 60_000_000), ROWS + 1)


def _records(rows: list[Row]) -> list[dict[str, str]]:
    return [dict(zip(HEADER, row, strict=True)) for row in rows]


def _json_lines(*, slow: bool) -> Iterator[Case]:
    rows = base_rows()
    lines = [json.dumps(record) + "\n" for record in _records(rows)]
    clean = "".join(lines)

    def case(name: str, text: str | bytes, records=ROWS, kept=None, also=()) -> Case:
        data = text.encode() if isinstance(text, str) else text
        return Case(name, "jsonl", ".jsonl", data, records, rows if kept is None else kept,
                    list(also))  # fmt: skip

    def with_line(line: str) -> str:
        return "".join([*lines[:30], line, *lines[30:]])

    yield case("clean", clean)
    yield case("byte-order mark", b"\xef\xbb\xbf" + clean.encode())
    yield case("UTF-16", clean.encode("utf-16"))
    yield case("CRLF", clean.replace("\n", "\r\n"))
    yield case("no end of last line", clean[:-1])
    yield case("last line cut", clean[:-20], kept=rows[:-1])
    yield case("blank lines", clean.replace("\n", "\n\n"))
    yield case(
        "NUL bytes", with_line('{"plate": "x\0y", "camera": "c", "seen_at": "z"}\n'), ROWS + 1
    )
    yield case("binary rubbish", with_line("\x01\x02 rubbish \x03\n"), ROWS + 1)
    yield case("unclosed object", with_line('{"plate": "01A", "camera": \n'), ROWS + 1)
    yield case("a list among objects", with_line('["a", "b", "c"]\n'), ROWS + 1)
    yield case("a number among objects", with_line("17\n"), ROWS + 1)
    yield case("field missing", with_line('{"plate": "01A123BC", "camera": "gate 1"}\n'), ROWS + 1)
    yield case("null for a field",
               with_line('{"plate": null, "camera": "g", "seen_at": "2026-03-13 06:00:07"}\n'),
               ROWS + 1)  # fmt: skip
    extra = [json.dumps({**record, "note": {"deep": [1, 2]}}) for record in _records(rows)]
    yield case("fields more", "\n".join(extra) + "\n")
    yield case(
        "deep nesting", with_line('{"plate": ' + "[" * 5_000 + "]" * 5_000 + "}\n"), ROWS + 1
    )
    yield case("wrong escapes", with_line('{"plate": "\\x41", "camera": "c"}\n'), ROWS + 1)
    twice = [line.replace('"camera"', '"plate": "99Z999ZZ", "camera"', 1) if i == 7 else line
             for i, line in enumerate(lines)]  # fmt: skip
    yield case("a key twice", "".join(twice), kept=rows[:7] + rows[8:],
               also=[("99Z999ZZ", *rows[7][1:])])  # fmt: skip
    yield case("exact repeats", "".join([*lines, *lines[:10]]), ROWS + 10)
    if slow:
        yield case("line of 10 MB", with_line('{"plate": "' + "x" * 10_000_000 + '"}\n'), ROWS + 1)


def _json() -> Iterator[Case]:
    rows = base_rows()
    clean = json.dumps(_records(rows))

    def case(name: str, text: str | bytes, records=ROWS, kept=None) -> Case:
        data = text.encode() if isinstance(text, str) else text
        return Case(name, "json", ".json", data, records, rows if kept is None else kept)

    yield case("clean", clean)
    yield case("indented", json.dumps(_records(rows), indent=2))
    yield case("byte-order mark", b"\xef\xbb\xbf" + clean.encode())
    yield case("cut off", clean[:-30], kept=rows[:-1])
    yield case("without its end", clean[:-1])
    yield case("trailing comma", clean[:-1] + ",]")
    yield case("rubbish behind", clean + "rubbish", None)
    yield case("empty list", "[]", 0, kept=[])
    yield case("nesting bomb", "[" * 100_000 + "]" * 100_000, None, kept=[])
    yield case("object around the list", json.dumps({"count": 5, "reads": _records(rows)}))
    yield case("a string", '"reads"', None, kept=[])


def _xml() -> Iterator[Case]:
    rows = base_rows()
    body = "".join(
        "<read>" + "".join(f"<{k}>{v}</{k}>" for k, v in record.items()) + "</read>\n"
        for record in _records(rows)
    )
    clean = f'<?xml version="1.0"?>\n<reads>\n{body}</reads>\n'

    def case(name: str, text: str, records=ROWS, kept=None) -> Case:
        return Case(name, "xml", ".xml", text.encode(), records, rows if kept is None else kept)

    yield case("clean", clean)
    yield case("cut off", clean[: clean.rindex("<seen_at>") + 12], kept=rows[:-1])
    yield case("without its end", clean.replace("</reads>", ""))
    bomb = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    yield case("entity bomb", f"<!DOCTYPE r [{bomb}]>" + clean.replace("gate 1", "&l11;").split(
        "?>\n")[1])  # fmt: skip
    outside = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield case("entity of a file", outside + clean.replace("gate 1", "&x;").split("?>\n")[1])
    yield case("field missing", clean.replace(f"<plate>{rows[5][0]}</plate>", "", 1),
               kept=rows[:5] + rows[6:])  # fmt: skip
    yield case("marked sections", clean.replace("gate 1", "<![CDATA[gate 1]]>"))
    yield case("unclosed tag", clean.replace("</camera>", "", 1))
    yield case("NUL byte", clean.replace("gate 1", "gate\0", 1))


def _binary() -> Iterator[Case]:
    rows = base_rows()
    columns = dict(zip(HEADER, map(list, zip(*rows, strict=True)), strict=True))
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, write_page_checksum=True)
    parquet = buffer.getvalue()

    def case(name: str, kind: str, data: bytes, records=ROWS, kept=None) -> Case:
        return Case(name, kind, "." + kind, data, records, rows if kept is None else kept)

    yield case("clean", "parquet", parquet)
    yield case("cut off", "parquet", parquet[: len(parquet) // 2])
    yield case("without its end", "parquet", parquet[:-4])
    for at in (60, len(parquet) // 3, len(parquet) - 200):
        flipped = bytearray(parquet)
        flipped[at] ^= 0x10
        yield case(f"flipped bit at {at}", "parquet", bytes(flipped))
    nulls = {
        **columns,
        "plate": [None if i % 10 == 0 else p for i, p in enumerate(columns["plate"])],
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(nulls), buffer)
    yield case(
        "nulls", "parquet", buffer.getvalue(), kept=[r for i, r in enumerate(rows) if i % 10]
    )
    yield case("a pickle", "parquet", b"\x80\x04\x95" + b"\0" * 100, None, kept=[])

    database = _database(rows)
    yield case("clean", "sqlite", database)
    yield case("cut off", "sqlite", database[: len(database) // 2])
    yield case("a page of zeros", "sqlite",
               database[:4096] + b"\0" * 4096 + database[8192:], None)  # fmt: skip
    workbook = _workbook([HEADER, *rows])
    if workbook:
        yield case("clean", "xlsx", workbook)
        yield case("cut off", "xlsx", workbook[: len(workbook) // 2])
        yield case("blank rows", "xlsx", _workbook([HEADER, *rows[:50], [None], *rows[50:]]))
        short = [HEADER, *rows[:50], list(rows[50][:2]), *rows[51:]]
        yield case("row cut short", "xlsx", _workbook(short), kept=rows[:50] + rows[51:])
        days = [(p, c, datetime.fromisoformat(t)) for p, c, t in rows]
        yield case("real dates", "xlsx", _workbook([HEADER, *days]))
    climbing = io.BytesIO()
    with zipfile.ZipFile(climbing, "w") as archive:
        archive.writestr("../../climb.csv", _text([HEADER, *rows], ","))
    yield case("member that climbs out", "zip", climbing.getvalue())


def _database(rows: list[Row]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sqlite"
        with sqlite3.connect(path) as database:
            database.execute("pragma page_size = 4096")
            database.execute("create table reads (plate text, camera text, seen_at text)")
            database.executemany("insert into reads values (?, ?, ?)", rows)
        database.close()
        return path.read_bytes()


def _workbook(rows: list) -> bytes:
    try:
        import openpyxl
    except ImportError:
        return b""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# Judging a reader

RIGHT, FEWER, REFUSED, WRONG, CRASHED = (
    "right", "fewer rows, counted", "refused with a message", "silently wrong", "traceback"
)  # fmt: skip
OUTCOMES = (RIGHT, FEWER, REFUSED, WRONG, CRASHED)


def _instant(text: str) -> int:
    """Read a local time of Tashkent as ms."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC) - timedelta(hours=5)
    return int(moment.timestamp() * 1000)


def judge(case: Case, folder: Path, read: Callable | None = None) -> tuple[str, str]:
    """Read a case and say what became of it, and why."""
    from analyzer.errors import AnalyzerError
    from analyzer.ingest.plates import normalise_plate, pseudonym
    from analyzer.ingest.reader import read_sightings

    path = folder / ("case" + case.ending)
    path.write_bytes(case.content)
    try:
        found = (read or read_sightings)(path, timezone="Asia/Tashkent", key=KEY)
    except AnalyzerError as error:
        return REFUSED, str(error)
    except Exception as error:
        return CRASHED, f"{type(error).__name__}: {error}"

    def named(rows: list[Row]) -> Counter:
        return Counter(
            (pseudonym(KEY, normalise_plate(plate) or ""), camera, _instant(when))
            for plate, camera, when in rows
        )

    kept = Counter()
    for part in found.parts():
        rows = part.load()
        kept.update(
            zip(
                found.vehicle_names(rows["vehicle"]).tolist(),
                found.camera_names(rows["camera"]).tolist(),
                rows["seen_at"].tolist(),
                strict=True,
            )
        )
    quality = found.quality
    true = named(case.rows)
    false = kept - named(case.rows) - named(case.also)
    if false:
        return WRONG, f"{false.total()} rows that are not true"
    books = quality["rows_kept"] + quality["rows_rejected"] + quality["rows_merged"]
    if quality["rows_read"] != books or quality["rows_kept"] != kept.total():
        return WRONG, "the books do not balance"
    if case.records is not None and quality["rows_read"] != case.records:
        return WRONG, f"{quality['rows_read']} rows read of {case.records}"
    missing = (true - kept).total()
    if missing:
        return FEWER, f"{missing} whole rows rejected"
    return RIGHT, ""
