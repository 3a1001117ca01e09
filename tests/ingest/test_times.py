"""Times: against datetime and zoneinfo, and refused where they are open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import AmbiguousInputError
from analyzer.ingest.times import (
    DAY_FIRST,
    MONTH_FIRST,
    REASONS,
    TimeReader,
    looks_like_time,
    order_proofs,
)

MOMENTS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def read(texts, timezone="UTC", order=None, **options):
    return TimeReader("x.csv", timezone, order, **options).read(pa.array(texts))


def reasons(found):
    return [REASONS.get(int(status), "") for status in found.status]


@settings(max_examples=200, deadline=None)
@given(MOMENTS)
def test_forms_are_read_as_datetime_writes_them(moment):
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    second = moment.replace(microsecond=0)
    aware = moment.replace(tzinfo=UTC)
    epoch = milliseconds(second.replace(tzinfo=UTC)) // 1000
    forms = {
        moment.isoformat(): moment,
        moment.isoformat(" "): moment,
        aware.isoformat(): moment,
        aware.isoformat().replace("+00:00", "Z"): moment,
        f"{second:%Y/%m/%d %H:%M:%S}": second,
        f"{second:%Y:%m:%d %H:%M:%S}": second,
        f"{second:%Y.%m.%d, %H:%M:%S}": second,
        f"{second:%Y%m%d%H%M%S}": second,
        f"{second:%Y%m%dT%H%M%S}Z": second,
        f"{second:%Y-%m-%d %I:%M:%S %p}": second,
        f"{second:%Y-%m-%d %H:%M}": second.replace(second=0),
        f"{second:%Y-%m-%dT%H:%M:%S}+0530": second - timedelta(hours=5, minutes=30),
        f"{second:%Y-%m-%dT%H:%M:%S}-08": second + timedelta(hours=8),
        f"{epoch}": second,
        f"{epoch}.25": second + timedelta(milliseconds=250),
        f"{epoch}123": second + timedelta(milliseconds=123),
        f"{epoch}123456": second + timedelta(milliseconds=123),
        f"{epoch}123456789": second + timedelta(milliseconds=123),
    }
    found = read(list(forms))
    expected = [milliseconds(value.replace(tzinfo=UTC)) for value in forms.values()]
    assert dict(zip(forms, found.times.tolist(), strict=True)) == dict(
        zip(forms, expected, strict=True)
    )
    assert read([f"{second:%m/%d/%Y - %H:%M:%S}"], order=MONTH_FIRST).times[0] == expected[4]
    assert read([f"{second:%d.%m.%Y %H:%M:%S}"], order=DAY_FIRST).times[0] == expected[4]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(MOMENTS, min_size=1, max_size=30),
    st.sampled_from(["America/Los_Angeles", "Europe/London", "Asia/Tashkent", "Pacific/Apia"]),
)
def test_local_times_are_those_of_zoneinfo(moments, zone):
    found = read([moment.isoformat() for moment in moments], zone)
    folds = 0
    for moment, time, reason in zip(moments, found.times.tolist(), reasons(found), strict=True):
        earlier = moment.replace(tzinfo=ZoneInfo(zone), fold=0)
        later = earlier.replace(fold=1)
        # The wall showed the time if the way to UTC and back leads to it.
        exists = earlier.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == moment
        if not exists:
            assert reason == "time_not_existing"
            continue
        assert time == milliseconds(earlier)
        folds += later.utcoffset() != earlier.utcoffset()
    assert found.folds == folds


def test_gap_and_fold_of_a_known_night():
    found = read(
        ["2021-03-14 01:59:59", "2021-03-14 02:30", "2021-03-14 03:00", "2021-11-07 01:30"],
        "America/Los_Angeles",
    )
    assert reasons(found) == ["", "time_not_existing", "", ""]
    assert found.times[2] - found.times[0] == 1000
    assert found.times[3] == milliseconds(datetime(2021, 11, 7, 8, 30, tzinfo=UTC))
    assert found.folds == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "time_missing"), ("NULL", "time_missing"), ("--", "time_missing"),
        ("yesterday", "time_unreadable"), ("2021-02-30 10:00", "time_unreadable"),
        ("2021-13-01 10:00", "time_unreadable"), ("2021-01-01 25:00", "time_unreadable"),
        ("2021-01-01 10:61", "time_unreadable"), ("2021-01-01 10:00 Mars", "time_unreadable"),
        ("2021-01-01", "time_without_hour"), ("20210101", "time_without_hour"),
        ("1970-01-01 00:00:00", "time_out_of_range"), ("0000000001", "time_out_of_range"),
        ("2100-01-01 00:00:00", "time_out_of_range"), ("01A123BC", "time_unreadable"),
        ("10:30:00", "time_unreadable"), ("12345678901234567890", "time_unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_time_has_a_reason(text, reason):
    assert reasons(read([text, "2021-01-01 10:00"])) == [reason, ""]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789-/.: TZ+APM", max_size=24))
def test_any_text_is_read_or_has_a_reason(text):
    found = read([text], order=DAY_FIRST, settled=True)
    assert (reasons(found) == [""]) == (int(found.status[0]) == 0)


def test_no_zone_is_refused():
    with pytest.raises(AmbiguousInputError, match="--timezone Asia/Tashkent"):
        read(["2021-01-01 10:00"], None)
    assert read(["2021-01-01 10:00Z"], None).zoned == 1


def test_open_dates_are_refused_with_both_readings():
    with pytest.raises(AmbiguousInputError) as caught:
        read(["07/07/2021 10:00", "10/07/2021 10:00"])
    message = str(caught.value)
    assert "10 July 2021" in message and "7 October 2021" in message
    assert "--profile day-first" in message and "--profile month-first" in message


def test_dates_of_both_orders_are_refused_unless_one_is_settled():
    texts = ["13/10/2021 10:00", "10/13/2021 10:00"]
    with pytest.raises(AmbiguousInputError, match="none can be trusted"):
        read(texts, order=DAY_FIRST)
    assert reasons(read(texts, order=DAY_FIRST, settled=True)) == ["", "time_unreadable"]


def test_proofs_of_order():
    assert order_proofs(pa.array(["10/07/2021 1:00", "13/10/2021 1:00", "45/10/2021 1:00"])) == (
        3, 1, 0,
    )  # fmt: skip


def test_typed_columns():
    moment = datetime(2024, 5, 6, 7, 8, 9, 123000)
    utc = milliseconds(moment.replace(tzinfo=UTC))
    for unit in ("ms", "us", "ns"):
        assert read(pa.array([moment], pa.timestamp(unit))).times.tolist() == [utc]
    aware = pa.array([moment], pa.timestamp("us", "Asia/Tashkent"))
    found = TimeReader("x", None).read(aware)
    assert found.times.tolist() == [utc] and found.zoned == 1
    local = TimeReader("x", "Asia/Tashkent").read(pa.array([moment, None], pa.timestamp("ns")))
    assert local.times.tolist() == [utc - 5 * 3_600_000, 0]
    assert reasons(local) == ["", "time_missing"]
    for scale in (1, 1000, 1_000_000):
        assert TimeReader("x", None).read(pa.array([utc * scale])).times.tolist() == [utc]
    assert TimeReader("x", None).read(pa.array([utc / 1000, None])).times.tolist() == [utc, 0]
    assert reasons(TimeReader("x", None).read(pa.array([7]))) == ["time_out_of_range"]


def test_headers_are_no_times():
    for word in ("seen_at", "time", "plate", "01A123BC", "2021", "", "x-y-z"):
        assert not looks_like_time(word)
    for text in ("2021-10-07", "10/07/2021 - 16:30:51", "1633649451", "1633649451.5"):
        assert looks_like_time(text)


# Names of months, two digits for a year, spreadsheets' serials

RUSSIAN = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]
UZBEK = [
    "yanvar",
    "fevral",
    "mart",
    "aprel",
    "may",
    "iyun",
    "iyul",
    "avgust",
    "sentabr",
    "oktabr",
    "noyabr",
    "dekabr",
]
ENGLISH = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
]
ENGLISH.append("December")


@settings(max_examples=200, deadline=None)
@given(MOMENTS, st.booleans())
def test_names_of_months_are_read_in_three_languages(moment, capitals):
    moment = moment.replace(microsecond=0)
    day, year, clock_time = moment.day, moment.year, f"{moment:%H:%M:%S}"
    english, russian, uzbek = (
        words[moment.month - 1] for words in (ENGLISH, RUSSIAN, UZBEK)
    )  # fmt: skip
    forms = [
        f"{day} {english} {year} {clock_time}", f"{day:02}-{english[:3]}-{year} {clock_time}",
        f"{english} {day}, {year} {clock_time}", f"{english[:3]} {day} {year} {clock_time}",
        f"{year}-{english[:3]}-{day:02}T{clock_time}", f"{day} {russian} {year} {clock_time}",
        f"{day} {russian} {year} г., {clock_time}", f"{day} {russian[:3]} {year} {clock_time}",
        f"{day}-{uzbek}-{year} {clock_time}", f"{moment:%A}, {day} {english} {year} {clock_time}",
    ]  # fmt: skip
    forms = [form.upper() if capitals else form for form in forms]
    zoned = [f"{form} +0500" for form in forms]
    expected = milliseconds(moment.replace(tzinfo=UTC))
    assert read(forms).times.tolist() == [expected] * len(forms)
    assert read(zoned, timezone=None).times.tolist() == [expected - 5 * 3_600_000] * len(forms)


@pytest.mark.parametrize(
    "text",
    ["marble 1 2026 10:00", "march march 1 2026 10:00", "31 feb 2026 10:00", "mar 2026 10:00",
     "1 2 mar 10:00", "99 mar 2026 10:00", "may", "1 mar 20266 10:00", "1 mar 2026 25:00"],
)  # fmt: skip
def test_words_that_make_no_date_are_unreadable(text):
    assert reasons(read([text])) == ["time_unreadable"]


@settings(max_examples=100, deadline=None)
@given(MOMENTS)
def test_two_digit_years_are_read_only_when_the_order_is_settled(moment):
    moment = moment.replace(microsecond=0, year=1990 + (moment.year - 1990) % 100, day=12)
    expected = milliseconds(moment.replace(tzinfo=UTC))
    for order, form in ((DAY_FIRST, "%d.%m.%y %H:%M:%S"), (MONTH_FIRST, "%m/%d/%y %H:%M:%S")):
        if moment.year < 2090:
            text = moment.strftime(form)
            assert read([text], order=order, settled=True).times.tolist() == [expected]
            with pytest.raises(AmbiguousInputError, match="two digits"):
                read([text])
    text = moment.strftime("%d-%b-%y %H:%M:%S")
    if moment.year < 2090:
        assert read([text], order=DAY_FIRST).times.tolist() == [expected]


def test_the_readings_of_a_two_digit_year_are_shown():
    with pytest.raises(AmbiguousInputError) as caught:
        read(["01.03.26 10:00"])
    for reading in ("1 March 2026 (day first)", "3 January 2026 (month first)",
                    "26 March 2001 (year first)", "--profile day-first"):  # fmt: skip
        assert reading in str(caught.value)
    with pytest.raises(AmbiguousInputError, match=r"several ways[.]"):
        read(["26-MAR-01 10:00"])


@settings(max_examples=100, deadline=None)
@given(MOMENTS)
def test_serials_are_days_since_30_december_1899(moment):
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)) / timedelta(days=1)
    expected = milliseconds(moment.replace(tzinfo=UTC))
    found = read([f"{days:.9f}", f"{days:.9f}".replace(".", ",")])
    typed = TimeReader("x", "UTC").read(pa.array([days]))
    for times in (found.times, typed.times):
        assert all(abs(int(time) - expected) <= 1 for time in times)
    assert found.serials == 2 and typed.serials == 1
    with pytest.raises(AmbiguousInputError, match="no time zone"):
        read([f"{days:.9f}"], timezone=None)


def test_whole_days_have_no_hour():
    assert reasons(read(["46082", "46082.", "12345.5"])) == [
        "time_without_hour", "time_unreadable", "time_out_of_range"
    ]  # fmt: skip
    typed = TimeReader("x", "UTC").read(pa.array([46082, None]))
    assert reasons(typed) == ["time_without_hour", "time_missing"]
    assert not looks_like_time("46082") and not looks_like_time("46082.5")
