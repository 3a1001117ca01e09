"""Plates: one form for all spellings, keyed pseudonyms, and codes that know nothing of the key."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.ingest import plates, vehicles
from analyzer.ingest.plates import existing_id, look_like_plates, normalise_plate, pseudonym
from analyzer.ingest.siphash import siphash
from analyzer.ingest.vehicle_names import ExistingIds, Pseudonyms
from analyzer.ingest.vehicles import VehicleCoder

SPELLINGS = [
    "01A123BC", "01a123bc", " 01 A 123 BC ", "01-A-123-BC", "01.A.123.BC", "01\u00a0A123BC",
    "01А123ВС", "01Α123ΒC", "０１Ａ１２３ＢＣ", "01\u2013A123BC", "01а123вс",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_one_plate_are_one(spelling):
    assert normalise_plate(spelling) == "01A123BC"


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "--", "-", "unlicensed", "NULL", "none", "N/A", "无车牌", "***", "?", "_",
        "NO_PLATE", "NOREAD", "No Read", "NA", "#N/A", "#REF!", "\\N", "N\\A", "nil", "(null)",
        "[null]", "<null>", "无", "нет", "без номера", "нет номера", "не распознан",
        "не определен", "nomersiz", "raqamsiz", "аниқланмади", "UNK", "Unidentified",
        "Not Available", "plate not detected", "NoPlateDetected", "NOTFOUND", "unrecognized",
        "Invalid", "ERROR", "blank", "empty", "false", "REDACTED", "[REDACTED]", "yo'q",
    ],
)  # fmt: skip
def test_sentinels_are_no_plate(text):
    assert normalise_plate(text) is None
    assert existing_id(text) is None


def test_numbers_that_mean_no_plate_may_be_ids():
    for text in ("0", "0000", "-1", "XXXXXX"):
        assert normalise_plate(text) is None and existing_id(text) == text
    assert normalise_plate("777") == "777" and normalise_plate("HET") == "HET"


def test_incomplete_plates_are_nobodys():
    codes, fresh = Pseudonyms(b"k" * 32).learn(["01***BC", "01A123B?", "--", "01A123BC"])
    assert codes.tolist() == [-2, -2, -1, 0] and fresh == {0: "01A123BC"}


def test_whole_numbers_written_as_fractions_are_whole():
    assert normalise_plate("1000.0") == normalise_plate(" 1000") == "1000"
    assert normalise_plate("10000") == "10000" != normalise_plate("1000.0")
    assert normalise_plate("1.000.0") == "10000"


def test_letters_change_script_only_where_all_look_latin():
    assert normalise_plate("А123ЖС") == "А123ЖС"
    assert normalise_plate("京A12345") == "京A12345"


@given(st.text(max_size=12))
def test_normalising_twice_changes_nothing(text):
    once = normalise_plate(text)
    if once is not None:
        assert normalise_plate(once) == once


def test_the_pseudonym_is_hmac_sha256():
    key = bytes(range(32))
    expected = hmac.new(key, b"01A123BC", hashlib.sha256).hexdigest()[:32]
    assert pseudonym(key, "01A123BC") == expected
    assert pseudonym(key, normalise_plate("01 a-123 bc")) == expected


def test_the_hash_of_spellings_is_siphash():
    # Vector 15 of the authors' reference implementation (vectors_siphash128).
    key = np.frombuffer(bytes(range(16)), np.uint64)
    first, second = siphash(np.arange(15, dtype=np.uint8), 0, 15, key[0], key[1])
    found = int(first).to_bytes(8, "little") + int(second).to_bytes(8, "little")
    assert found.hex() == "5493e99933b0a8117e08ec0f97cfc3d9"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "A", "b", "b ", "--", None, "ccccccccc", "", "é"]))))
def test_codes_are_the_order_of_first_appearance(chunks):
    coder = VehicleCoder(Pseudonyms(b"k" * 32))
    order: dict[str, int] = {}
    for chunk in chunks:
        expected = []
        for text in chunk:
            name = normalise_plate(text or "")
            expected.append(-1 if name is None else order.setdefault(name, len(order)))
        assert coder.encode(pa.array(chunk, pa.string())).tolist() == expected
    names = coder.names.to_arrow()
    assert names.to_pylist() == [pseudonym(b"k" * 32, name) for name in order]
    # What stands in a store is counted on.
    more = Pseudonyms(b"k" * 32, pa.chunked_array([names[:1], names[1:]]))
    codes, fresh = more.learn(["new", *order, None])
    assert codes.tolist() == [len(order), *range(len(order)), -1]
    assert fresh == {len(order): "NEW"} and len(more) == len(order) + 1


def test_the_table_grows(monkeypatch):
    names = [f"v{i}" for i in range(20_000)]
    monkeypatch.setattr(vehicles, "_STRIDE", 1000)
    for held in (ExistingIds(), Pseudonyms(b"k" * 32)):
        coder = VehicleCoder(held)
        assert coder.encode(pa.array(names)).tolist() == list(range(20_000))
        assert coder.encode(pa.array(names[::-1])).tolist() == list(range(20_000))[::-1]


def test_ids_that_look_like_plates_are_noticed():
    assert look_like_plates(["01A123BC", "10 345 ABC", "20B777DA"])
    assert not look_like_plates([hashlib.sha1(bytes([i])).hexdigest() for i in range(50)])
    assert not look_like_plates([f"v{i:04d}" for i in range(50)])
    assert not look_like_plates([])


@given(
    st.one_of(
        st.text(st.sampled_from("01AXaxBN -_/()[]<>'\"\\.*?#\t\u0410\u00b7"), max_size=9),
        st.sampled_from(["\\N", "-1", "-000", "0 0", "x-x-x", "n/a", "1000.0", "NO PLATE"]),
    )
)
def test_the_short_way_for_usual_plates_is_the_long_way(text):
    assert normalise_plate(text) == plates._normalise_unusual(text)
