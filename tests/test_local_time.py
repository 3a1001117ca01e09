"""Local time against zoneinfo and pandas; time bins against their definition in plain Python."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.local_time import check_bin, clock, local_day, time_bins, time_zone
from analyzer.units import DAY_MS, parse_duration

ZONES = [
    "Asia/Tashkent",
    "America/Los_Angeles",
    "Europe/Berlin",
    "Europe/Dublin",  # winter time is the exception there
    "Asia/Kolkata",  # +05:30
    "Asia/Kathmandu",  # +05:45
    "Australia/Lord_Howe",  # clocks move by half an hour
    "America/St_Johns",  # −03:30 with summer time
    "Pacific/Apia",  # skipped 30 December 2011
    "Africa/Casablanca",  # clocks move around Ramadan
    "UTC",
]
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (2005, 2027))


def wall_ms(instant: int, zone: ZoneInfo) -> int:
    """Local milliseconds by the standard library."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)
    wall = moment.astimezone(zone).replace(tzinfo=None)
    return (wall - datetime(1970, 1, 1)) // timedelta(milliseconds=1)


@pytest.mark.parametrize("name", ZONES)
def test_local_time_is_that_of_zoneinfo(name: str):
    random = np.random.default_rng(7)
    times = random.integers(FIRST, LAST, 3_000)
    # And close to every change of the clocks, to the millisecond.
    changes = clock(name, FIRST, LAST).starts[1:]
    times = np.concatenate([times, *(changes + d for d in (-3_600_001, -1, 0, 1, 3_600_000))])
    local = clock(name, int(times.min()), int(times.max())).local(times)
    zone = ZoneInfo(name)
    assert local.tolist() == [wall_ms(int(time), zone) for time in times]


@pytest.mark.parametrize("name", ZONES)
def test_local_time_is_that_of_pandas(name: str):
    times = np.sort(np.random.default_rng(8).integers(FIRST, LAST, 20_000))
    stamps = pd.DatetimeIndex(times.view("datetime64[ms]"), tz="UTC").tz_convert(name)
    expected = stamps.tz_localize(None).as_unit("ms").asi8
    np.testing.assert_array_equal(clock(name, FIRST, LAST).local(times), expected)


@given(st.sampled_from(ZONES), st.integers(FIRST, LAST), st.integers(0, 90 * DAY_MS))
@settings(max_examples=60)
def test_a_short_span_knows_its_own_changes(name: str, first: int, length: int):
    times = np.linspace(first, first + length, 50).astype(np.int64)
    local = clock(name, first, first + length).local(times)
    assert local.tolist() == [wall_ms(int(time), ZoneInfo(name)) for time in times]


@pytest.mark.parametrize("name", ZONES)
def test_a_change_is_found_at_either_end_of_a_span(name: str):
    zone = ZoneInfo(name)
    for change in clock(name, FIRST, LAST).starts[1:].tolist():
        for first, last in ((change - 1, change), (change, change), (change - 5, change - 1)):
            times = np.array([first, last, (first + last) // 2])
            expected = [wall_ms(int(time), zone) for time in times]
            assert clock(name, first, last).local(times).tolist() == expected


def test_order_of_the_instants_does_not_matter():
    times = np.random.default_rng(9).integers(FIRST, LAST, 5_000)
    berlin = clock("Europe/Berlin", FIRST, LAST)
    order = np.argsort(times)
    np.testing.assert_array_equal(berlin.local(times)[order], berlin.local(times[order]))


def test_instants_before_1970_and_no_instants():
    tashkent = clock("Asia/Tashkent", -10 * DAY_MS, 0)
    assert tashkent.local(np.array([-1])).tolist() == [wall_ms(-1, ZoneInfo("Asia/Tashkent"))]
    assert len(tashkent.local(np.array([], np.int64))) == 0


@pytest.mark.parametrize("name", ZONES)
def test_a_wall_time_gives_its_earlier_instant(name: str):
    ours, zone = clock(name, FIRST, LAST), ZoneInfo(name)
    times = np.random.default_rng(10).integers(FIRST, LAST, 100)
    changes = ours.starts[1:]
    times = np.concatenate([times, *(changes + d for d in (-1_800_000, -1, 0, 1_800_000))])
    for time in times:
        local = wall_ms(int(time), zone)
        wall = datetime(1970, 1, 1) + timedelta(milliseconds=local)
        # fold=0 is the first of two instants that show the same time on the wall.
        instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        assert ours.utc(local) == (instant - epoch) // timedelta(milliseconds=1)


def test_a_wall_time_that_never_was_is_the_change():
    berlin = clock("Europe/Berlin", FIRST, LAST)
    half_past_two = wall_ms(0, ZoneInfo("UTC")) + (
        datetime(2021, 3, 28, 2, 30) - datetime(1970, 1, 1)
    ) // timedelta(milliseconds=1)
    change = int(datetime(2021, 3, 28, 1, tzinfo=UTC).timestamp()) * 1000
    assert berlin.utc(half_past_two) == change


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "+05:00", None, 5])
def test_unknown_zones_are_refused(name: object):
    with pytest.raises(UsageError, match="Asia/Tashkent"):
        time_zone(name)


def calendar_bin(wall: datetime, duration: str) -> tuple:
    """Which bin a wall time falls into, by the words of the design."""
    size = pd.Timedelta(duration).to_pytimedelta()
    midnight = datetime(wall.year, wall.month, wall.day)
    if size < timedelta(days=1):
        # Counted from local midnight, the last one of the day cut short.
        number = 0
        while midnight + (number + 1) * size <= wall:
            number += 1
        return (midnight.date(), number)
    if size == timedelta(days=7):
        return tuple(wall.isocalendar()[:2])
    # Counted from Monday 5 January 1970.
    return ((wall.date() - date(1970, 1, 5)) // size,)


@pytest.mark.parametrize(
    "duration", ["1min", "15min", "1h", "5h", "7h", "12h", "1D", "2D", "3D", "7D", "14D", "30D"]
)
def test_bins_are_those_of_the_definition(duration: str):
    random = np.random.default_rng(11)
    span = 40 * DAY_MS
    starts = [datetime(1969, 12, 20), datetime(2020, 12, 25), datetime(2026, 3, 1)]
    for start in starts:
        first = (start - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
        local = np.sort(random.integers(first, first + span, 1_500))
        midnights = first + DAY_MS * np.arange(40)
        local = np.concatenate([local, midnights, midnights - 1])
        bins = time_bins(local, parse_duration(duration)).tolist()
        walls = [datetime(1970, 1, 1) + timedelta(milliseconds=int(t)) for t in local]
        expected = [calendar_bin(wall, duration) for wall in walls]
        # Same bin number exactly where the definition says same bin.
        assert len(set(zip(bins, expected, strict=True))) == len(set(bins)) == len(set(expected))
        # And later bins have higher numbers.
        order = np.argsort(local, kind="stable")
        assert (np.diff(np.array(bins)[order]) >= 0).all()


def test_weeks_begin_on_monday_by_the_wall():
    # Monday 2 March 2026, 00:30 in Tashkent, is still Sunday in UTC.
    tashkent = clock("Asia/Tashkent", FIRST, LAST)
    stamps = ["2026-03-01 23:59:59.999", "2026-03-02 00:00", "2026-03-08 23:59", "2026-03-09 00:00"]
    times = pd.DatetimeIndex(stamps).tz_localize("Asia/Tashkent").tz_convert("UTC")
    bins = time_bins(tashkent.local(times.as_unit("ms").asi8), 7 * DAY_MS)
    assert (bins - bins[0]).tolist() == [0, 1, 1, 2]


def test_seven_hours_restart_at_midnight():
    hours = np.array([0, 6, 7, 13, 14, 20, 21, 23, 24, 30, 31]) * 3_600_000
    bins = time_bins(hours, 7 * 3_600_000)
    assert bins.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]


@given(st.integers(-(10**13), 10**13))
def test_days_and_weekdays(local: int):
    (day,) = local_day(np.array([local]))
    wall = datetime(1970, 1, 1) + timedelta(milliseconds=local)
    assert day == (wall.date() - date(1970, 1, 1)).days
    assert (day + 3) % 7 == wall.weekday()


def test_bins_that_fit_no_calendar_are_refused():
    for wrong in (0, -1, DAY_MS + 1, 36 * 3_600_000):
        with pytest.raises(UsageError, match="time"):
            check_bin(wrong)
    for right in (1, 3_600_000, DAY_MS, 2 * DAY_MS, 7 * DAY_MS):
        assert check_bin(right) == right
