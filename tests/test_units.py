"""Durations and distances: what is read, what is refused, and that writing and reading agree."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import AnalyzerError, UsageError
from analyzer.units import DAY_MS, format_duration, parse_distance, parse_duration

MS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "D": 86_400_000, "W": 604_800_000}


@given(st.integers(0, 5_000), st.sampled_from(sorted(MS)))
def test_whole_durations_are_exact(number: int, unit: str):
    assert parse_duration(f"{number}{unit}") == number * MS[unit]
    assert parse_duration(f" {number} {unit.lower()} ") == number * MS[unit]


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from(sorted(MS)))
def test_decimal_durations_are_nearest_milliseconds(digits: int, places: int, unit: str):
    exact = Fraction(digits, 10**places) * MS[unit]
    found = parse_duration(f"{digits / 10**places:.{places}f}{unit}")
    assert abs(found - exact) <= Fraction(1, 2) + Fraction(1, 10**6)


@pytest.mark.parametrize("text", ["45min", "15min", "1h", "90s", "1D", "7D", "2.5h", "250ms", "1W"])
def test_durations_are_those_of_pandas(text: str):
    assert parse_duration(text) == pd.Timedelta(text) / pd.Timedelta(1, "ms")
    assert parse_duration(pd.Timedelta(text)) == parse_duration(text)


def test_a_bare_unit_is_one_of_it():
    assert parse_duration("h") == 3_600_000
    assert parse_duration("1day") == parse_duration("D") == DAY_MS


@pytest.mark.parametrize(
    "value",
    ["", "45", "min45", "1y", "-1h", "1h30min", "1e3s", "nan", "1 000s", "١x", 45, 4.5, None, [],
     True, pd.NaT, "1M", "2 M", "9" * 30 + "D", "9" * 400 + "D", b"1h"],
)  # fmt: skip
def test_what_is_not_a_duration_is_refused(value: object):
    with pytest.raises(UsageError, match=r"rotation .*write"):
        parse_duration(value, name="rotation")


def test_months_are_not_taken_for_minutes():
    assert parse_duration("1m") == 60_000
    with pytest.raises(UsageError):
        parse_duration("1M")


def test_negative_durations_are_refused():
    with pytest.raises(UsageError, match="negative"):
        parse_duration(timedelta(hours=-1))


@given(st.integers(0, 10**12))
def test_what_is_written_is_read_again(milliseconds: int):
    assert parse_duration(format_duration(milliseconds)) == milliseconds


def test_the_largest_whole_unit_is_written():
    assert [format_duration(ms) for ms in (0, 1, 1_500, 61_000, 3_600_000, 90 * 60_000, 10**9)] == [
        "0D", "1ms", "1500ms", "61s", "1h", "90min", "1000000s"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "metres"),
    [("250m", 250.0), ("2km", 2_000.0), (" 1.5 KM ", 1_500.0), (3, 3.0), (0.5, 0.5),
     (np.int64(250), 250.0), (np.float32(0.5), 0.5)],
)  # fmt: skip
def test_distances(value: object, metres: float):
    assert parse_distance(value) == metres
    assert type(parse_distance(value)) is float


@pytest.mark.parametrize(
    "value",
    ["", "250", "m", "2miles", "-1m", "0m", "0", 0, -3.0, float("nan"), float("inf"), None, True,
     "9" * 400 + "m"],
)  # fmt: skip
def test_what_is_not_a_distance_is_refused(value: object):
    with pytest.raises(UsageError, match=r"place_grid .*'250m'"):
        parse_distance(value, name="place_grid")


def test_a_wrong_call_is_a_value_error_with_status_two():
    assert issubclass(UsageError, ValueError) and issubclass(UsageError, AnalyzerError)
    assert (AnalyzerError.exit_status, UsageError.exit_status) == (1, 2)
