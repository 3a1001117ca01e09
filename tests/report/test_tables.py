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
from analyzer.report.findings import jsonable, to_json
from analyzer.report.tables import clean_text, is_missing, safe_cell, to_csv
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
