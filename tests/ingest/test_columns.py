"""Columns: known words in four languages, the user's word, and errors that show no plate."""

from __future__ import annotations

import pytest

from analyzer.errors import AmbiguousInputError, InputError, UsageError
from analyzer.ingest.columns import check_columns, is_header, is_showable, map_columns
from analyzer.ingest.profiles import HEADER_WORDS, PROFILES, choose_profile, header_word
from analyzer.schema import OPTIONAL


def mapped(header, **options):
    return map_columns("x.csv", header, width=len(header), **options).columns


@pytest.mark.parametrize(
    "header",
    [
        ["plate", "camera", "seen_at"], ["Plate Number", "CAMERA_ID", "Timestamp"],
        ["license_plate", "device", "datetime"], ["vrm", "gantry", "read time"],
        ["registration", "site", "dt"], ["hphm", "kkbh", "jgsj"],
        ["Гос. номер", "Камера", "Дата и время"], ["гос_номер", "камера", "время"],
        ["Davlat raqami", "kamera", "vaqt"], ["Давлат рақами", "камера", "вақт"],
        ["vehicle", "camera", "seen_at"], ["Davlat raqami", "Kamera", "O\u02bbtgan vaqti"],
        ["Davlat raqami", "Kamera", "O'tgan vaqti"], ["车牌号码", "卡口编号", "过车时间"],
        ["Номер ТС", "ID камеры", "Время проезда"], ["data.plate", "data.camera_id", "data.time"],
    ],
)  # fmt: skip
def test_headers_of_the_world(header):
    assert mapped(header) == {"plate": (0,), "camera": (1,), "seen_at": (2,)}
    assert mapped(header[::-1]) == {"plate": (2,), "camera": (1,), "seen_at": (0,)}


def test_optional_columns_are_found():
    header = ["Latitude", "lng", "Direction", "score", "Make", "Model", "Colour", "body type",
              "seat belt", "driver appearance", "plate", "camera", "time"]  # fmt: skip
    assert set(mapped(header)) == {"plate", "camera", "seen_at", "lat", "lon", *OPTIONAL}


def test_every_word_is_written_as_headers_are_compared_and_stands_once():
    words = [w for tiers in HEADER_WORDS.values() for tier in tiers for w in tier]
    assert words == [header_word(word) for word in words]
    assert len(words) == len(set(words))


def test_date_and_time_of_day_are_one_time():
    assert mapped(["plate", "camera", "time", "date"])["seen_at"] == (3, 2)
    assert mapped(["plate", "camera", "time", "date", "timestamp"])["seen_at"] == (4,)


def test_the_users_word_counts_first():
    header = ["number", "plate", "camera", "seen", "time"]
    assert mapped(header, columns={"seen": "seen_at"})["seen_at"] == (3,)
    assert mapped(header, columns={"number": "plate"})["plate"] == (0,)
    assert mapped(header, columns={"1": "plate", "4": "seen_at"})["plate"] == (0,)


def test_missing_and_double_roles_name_the_header_and_the_option():
    with pytest.raises(InputError) as caught:
        mapped(["plate", "camera", "when"])
    assert "seen_at" in str(caught.value) and "plate, camera, when" in str(caught.value)
    assert "--column when=seen_at" in str(caught.value)
    with pytest.raises(AmbiguousInputError, match="--column plate=plate"):
        mapped(["plate", "vrm", "camera", "time"])
    with pytest.raises(AmbiguousInputError, match="--column 2=camera"):
        mapped(["plate", "camera", "camera", "time"])
    with pytest.raises(InputError, match="no column 'nope'"):
        mapped(["plate", "camera", "time"], columns={"nope": "plate"})


def test_a_mapping_the_wrong_way_round_is_explained():
    with pytest.raises(UsageError, match="SOURCE=ROLE, not ROLE=SOURCE"):
        check_columns({"seen_at": "seen"})
    with pytest.raises(UsageError, match="two columns"):
        check_columns({"a": "plate", "b": "vehicle"})


def test_a_source_without_header_is_described_by_kinds():
    rows = [["01A123BC", "c1", "2026-03-01 10:00"], ["HELLO", "c2", "2026-03-01 10:01"]]
    assert not is_header(rows)
    with pytest.raises(InputError) as caught:
        map_columns("x.csv", (), width=3, sample=rows)
    message = str(caught.value)
    assert "01A123BC" not in message and "letters and digits, 8 characters" in message
    assert "--column NUMBER=plate --column NUMBER=camera --column 3=seen_at" in message


@pytest.mark.parametrize(
    "first",
    [["01A123BC", "c1", "--"], ["HELLO", "c1", "--"], ["01A123BC", "camera", "broken"],
     ["01A123BC", "Main Street", "broken"], ["HELLO", "HELLO", "broken"]],
)  # fmt: skip
def test_a_broken_first_row_is_never_shown(first):
    rows = [first, ["10B456CD", "c2", "2026-03-01 10:00"]]
    assert not is_showable(first, rows[1:])
    if is_header(rows):
        with pytest.raises(InputError) as caught:
            map_columns("x.csv", first, width=3, sample=rows)
        assert first[0] not in str(caught.value)


def test_unknown_names_over_data_are_shown():
    rows = [["foo", "bar", "baz"], ["10B456CD", "c2", "2026-03-01 10:00"]]
    assert is_header(rows)
    with pytest.raises(InputError, match="foo, bar, baz"):
        map_columns("x.csv", rows[0], width=3, sample=rows)


SEATTLE = ["zipcode", "dt", "location", "address", "device", "plate_hash", "lon", "lat", "x"]


def test_the_seattle_export_is_recognised_by_its_header():
    profile, reason = choose_profile(SEATTLE)
    assert profile.name == "seattle" and profile.moving and profile.order == "month-first"
    assert "header" in reason
    columns = mapped(SEATTLE)
    assert columns["plate"] == (5,) and columns["camera"] == (4,) and columns["seen_at"] == (1,)


def test_profiles_by_name():
    assert choose_profile(["a"], "day-first")[0] is PROFILES["day-first"]
    with pytest.raises(UsageError, match="known are: auto, generic"):
        choose_profile(["a"], "nonsense")
    with pytest.raises(InputError, match="does not fit"):
        choose_profile(["plate", "dt"], "seattle")
