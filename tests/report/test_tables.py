"""CSV that no spreadsheet runs, text that shows what it is, JSON that is JSON."""

from __future__ import annotations

import csv
import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.report import tables as tables_module
from analyzer.report.findings import jsonable, to_json
from analyzer.report.tables import clean_text, csv_pieces, is_missing, safe_cell, to_csv
from analyzer.report.texts import Texts

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"]


@given(st.text(max_size=20), st.sampled_from(STARTS))
def test_text_that_could_start_a_formula_begins_with_an_apostrophe(rest, start):
    assert safe_cell(start + rest).startswith("'")


@given(st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_are_untouched(number):
    assert safe_cell(number) == number
    written = list(csv.reader(io.StringIO(to_csv(pd.DataFrame({"x": [number]})))))[1][0]
    assert float(written) == number


def test_csv_reads_back_and_headers_are_safe_too():
    frame = pd.DataFrame({
        "=cmd": ['say "hi", you', "two\nlines", "@x", None], "n": [1, 2, -3, 4],
        "share": [0.5, np.nan, -0.25, 1.0], "ok": [True, False, True, False],
    })
    rows = list(csv.reader(io.StringIO(to_csv(frame))))
    assert rows[0] == ["'=cmd", "n", "share", "ok"]
    assert rows[1:] == [
        ['say "hi", you', "1", "0.5", "true"], ["two lines", "2", "", "false"],
        ["'@x", "-3", "-0.25", "true"], ["", "4", "1.0", "false"],
    ]


def cell_by_cell(frame: pd.DataFrame) -> str:
    """What `to_csv` must give, written as plainly as can be."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([safe_cell(str(column)) for column in frame.columns])
    columns = [frame[column].tolist() for column in frame.columns]
    for row in zip(*columns, strict=True):
        writer.writerow([safe_cell(value) for value in row])
    return buffer.getvalue()


AWKWARD = ["=1+1", "a,b", 'say "hi"', "two\nlines", "\x00\x1b[0m", "\u202eevil", " =2", "Чирчиқ",
           "\ud800", "", "nan", "+998", "\uff1d1", "'", "\r", None, float("nan"),
           pd.NA, pd.NaT]  # fmt: skip
MIXED = [1, 1.0, True, np.True_, np.int8(3), np.float32(0.1), -0.0, 2 + 1j, 2**70, b"x", [1],
         pd.Timestamp("2026-03-01T05:00Z"), pd.Timedelta("-1h"), np.str_("=x"), None]  # fmt: skip
INSTANTS = ["2026-03-01", "2026-10-25T00:30:00.5", None, "1969-12-31T23:59:59.999", "1890-01-01",
            "2026-10-25T01:30:00.123", "2200-02-28T12:00:01"]  # fmt: skip


def awkward_columns() -> dict[str, pd.Series]:
    times = pd.Series(pd.to_datetime(INSTANTS, format="ISO8601"))
    columns = {
        "objects": pd.Series(AWKWARD, dtype=object), "mixed": pd.Series(MIXED, dtype=object),
        "texts": pd.Series([*AWKWARD[:8], None, "=1+1"], dtype="str"),
        "names": pd.Series(["=1", "b", None, "=1"], dtype="category"),
        "numbers of a kind": pd.Series([3, 1, None, 3], dtype="category"),
        "floats": pd.Series([1.5, np.nan, -np.inf, 1e300, -0.0, 3.0, 1e16]),
        "small": pd.Series([0.1, np.nan], dtype="float32"),
        "whole": pd.Series([1, -2, 2**62]), "unsigned": pd.Series([2**64 - 1], dtype="uint64"),
        "truth": pd.Series([True, False]), "maybe": pd.Series([True, None], dtype="boolean"),
        "some": pd.Series([1, None], dtype="Int64"),
        "nothing": pd.Series([], dtype=object),
        "finest": times.astype("datetime64[ns]") + pd.Timedelta(7),
        "spans": pd.to_timedelta(pd.Series(["1s", None, "-2D"])),
        "kinds of time": pd.Series(pd.Categorical(times)),
    }  # fmt: skip
    for unit in ("s", "ms", "us", "ns"):
        columns[unit] = times.astype(f"datetime64[{unit}]")
        for zone in ("UTC", "Asia/Tashkent", "Europe/Berlin", "America/St_Johns"):
            columns[unit + zone] = columns[unit].dt.tz_localize("UTC").dt.tz_convert(zone)
    return columns


@pytest.mark.parametrize("rows", [1, 3, 1_000])
@pytest.mark.parametrize("name", awkward_columns())
def test_columns_are_written_as_cell_by_cell(name, rows):
    column = awkward_columns()[name]
    for others in ({}, {"=n": 1, "seen": True}):
        frame = pd.DataFrame({**others, name: column})
        assert "".join(csv_pieces(frame, rows)) == cell_by_cell(frame)


def test_tables_without_rows_or_columns_are_written_as_cell_by_cell():
    for frame in (pd.DataFrame(), pd.DataFrame(index=range(3)), pd.DataFrame({"a": [], "b": []})):
        assert to_csv(frame) == cell_by_cell(frame)


@given(st.lists(st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2250-01-01")), max_size=9),
       st.sampled_from(["UTC", "Asia/Tashkent", "America/New_York"]))  # fmt: skip
def test_times_are_written_as_each_alone(times, zone):
    column = pd.Series(times, dtype="datetime64[us]").dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"at": column})
    assert to_csv(frame) == cell_by_cell(frame)


def test_a_text_is_cleaned_once_however_many_rows_hold_it(monkeypatch):
    cleaned = []
    monkeypatch.setattr(
        tables_module, "clean_text", lambda text, **limit: cleaned.append(text) or text
    )
    frame = pd.DataFrame({
        "camera": ["north", "south"] * 500, "kind": pd.Categorical(["b", "a"] * 500),
        "n": range(1_000), "share": 0.5, "at": pd.Timestamp("2026-03-01", tz="Asia/Tashkent"),
    })  # fmt: skip
    to_csv(frame)
    assert sorted(cleaned) == sorted([*frame.columns, "a", "b", "north", "south"])


def test_texts_that_can_be_printed_are_left_as_they_are():
    for code in range(0x110000):
        if chr(code).isprintable():
            assert tables_module._shown(chr(code)) == chr(code)


@given(st.text(alphabet=st.characters(), max_size=40))
def test_clean_text_can_always_be_written_and_has_no_controls(text):
    shown = clean_text(text)
    shown.encode("utf-8")
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
    assert not set(shown) & set("\u202e\u202d\u2066\u2067\u200f")


def test_missing_values_are_known_in_all_their_forms():
    assert all(map(is_missing, [None, math.nan, np.float32("nan"), pd.NA, pd.NaT]))
    assert not any(map(is_missing, [0, "", "nan", False]))


def test_json_holds_no_nan_and_sorted_keys():
    document = {"b": np.float64("nan"), "a": [np.int32(3), pd.Timestamp("2024-03-04")],
                "c": {2, 1}, "d": math.inf, "e": np.bool_(True)}
    text = to_json(jsonable(document))
    assert json.loads(text) == {"a": [3, "2024-03-04T00:00:00"], "b": None, "c": [1, 2],
                                "d": None, "e": True}
    assert text.index('"a"') < text.index('"b"')


def test_values_are_never_templates():
    said = Texts()("map.zone", name="{vehicles}{0}", vehicles="1", cameras="2")
    assert said == "{vehicles}{0}: 1, 2"


def test_an_unknown_language_and_an_unknown_key_are_errors():
    with pytest.raises(UsageError, match="xx"):
        Texts("xx")
    with pytest.raises(KeyError):
        Texts()("no such key")



@pytest.mark.parametrize(("share", "written"), [
    (0.934, "93 %"), (0.0512, "5.1 %"), (0.0002, "0.02 %"), (0.00001, "< 0.01 %"), (0, "0 %"),
    (1.0, "100 %"), (None, "–"), (math.nan, "–"),
])
def test_shares_are_written_with_the_digits_they_need(share, written):
    assert Texts().percent(share) == written
