"""A few sightings years away from all others are told, and can be left out; nothing is guessed."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.ingest.reader import read_sightings
from analyzer.ingest.stray_times import APART_DAYS, find_stray_times, stray_times_of
from analyzer.report.origin import origin_of

DAY = 86_400_000
ZONE = "Asia/Tashkent"


def region(strays=(), days=28, rows=40):
    """Some vehicles in September 2025, and a few sightings on other dates."""
    times = [
        pd.Timestamp("2025-09-01 08:00") + pd.Timedelta(days=day, minutes=3 * row)
        for day in range(days) for row in range(rows)
    ]  # fmt: skip
    times += [pd.Timestamp(text) for text in strays]
    return pd.DataFrame({
        "plate": [f"01A{number % 50:03d}BC" for number in range(len(times))],
        "camera": [f"c{number % 7}" for number in range(len(times))],
        "seen_at": [f"{time:%Y-%m-%d %H:%M:%S}" for time in times],
    })  # fmt: skip


def brute(days, rows):
    """Say day by day what lies apart, without stretches: by walking over the gaps."""
    total, groups = sum(rows), []
    for day, count in zip(days, rows, strict=True):
        if groups and day - groups[-1][-1][0] <= APART_DAYS:
            groups[-1].append((day, count))
        else:
            groups.append([(day, count)])
    held = [sum(count for _, count in group) for group in groups]
    bulk = [day for group, n in zip(groups, held, strict=True)
            if n >= 1_000 or n > total / 100 for day, _ in group]  # fmt: skip
    if not bulk:
        return []
    far = max(35, min(bulk[-1] - bulk[0] + 1, 365))
    return [
        n for group, n in zip(groups, held, strict=True)
        if bulk[0] - group[-1][0] > far or group[0][0] - bulk[-1] > far
    ]  # fmt: skip


def test_one_row_of_2099_is_told_with_what_leaves_it_out():
    with pytest.warns(UserWarning, match="2099-09") as said:
        found = read_sightings(region(["2099-09-01 05:53:11"]), timezone=ZONE)
    (text,) = [str(one.message) for one in said if one.category is UserWarning]
    assert "1 sighting in 2099-09, 27,001 days after all others" in text
    assert "--until 2025-10-01" in text and "--from" not in text
    assert "05:53" not in text and "2099-09-01" not in text
    # It is kept, and the quality report says so too.
    assert found.quality["rows_kept"] == 1_121 and found.quality["rows_rejected"] == 0
    assert text in found.quality["notes"]
    assert found.quality["stray_times"]["stretches"][0]["sightings"] == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rest = read_sightings(
            region(["2099-09-01 05:53:11"]), timezone=ZONE, until="2025-10-01"
        )  # fmt: skip
    assert len(rest) == 1_120 and stray_times_of(rest) is None
    assert rest.span[1].year == 2025


def test_both_sides_and_what_to_type_for_them():
    strays = ["1999-01-05 10:00:00", "1999-01-06 10:00:00", "2026-07-01 10:00:00"]
    with pytest.warns(UserWarning, match="--from 2025-09-01 --until 2025-10-01"):
        found = read_sightings(region(strays), timezone=ZONE)
    stray = stray_times_of(found)
    assert [(each.sightings, each.side) for each in stray.stretches] == [(2, "before"),
                                                                         (1, "after")]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rest = read_sightings(
            region(strays), timezone=ZONE, since=stray.since, until=stray.until
        )
    assert len(rest) == 1_120
    # What is written of a document says which part was looked at, and no instant of a sighting.
    options = origin_of(rest, {})["options"]
    assert options["since"] == "2025-09-01 00:00:00+05:00"
    assert options["until"] == "2025-10-01 00:00:00+05:00"


@pytest.mark.parametrize("strays", [
    (), ["2025-10-20 10:00:00"], ["2025-10-31 10:00:00"] * 30, ["2026-07-01 10:00:00"] * 15,
])  # fmt: skip
def test_what_is_near_or_much_is_not_stray(strays):
    frame = region(strays)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_sightings(frame, timezone=ZONE)
    assert found.quality["stray_times"] is None and stray_times_of(found) is None


def test_a_store_that_no_reader_wrote_is_looked_at(tmp_path):
    times = [day * DAY + 60_000 * row for day in range(30) for row in range(40)] + [40_000 * DAY]
    made = from_arrays(np.arange(len(times)) % 40, times, np.zeros(len(times), int))
    path = made.save(tmp_path / "store").store.path
    with pytest.warns(UserWarning, match="39,971 days after all others"):
        read_sightings(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_sightings(path, until="1970-02-01")) == 1_200
    with pytest.raises(UsageError, match="from 1970-01-01 to 2079"):
        read_sightings(path, since="1980-01-01", until="1981-01-01")
    with pytest.raises(UsageError, match="a store keeps all"):
        read_sightings(region(), timezone=ZONE, store=tmp_path / "new", until="2025-09-05")


def test_equals_the_brute_walk_over_random_days():
    rng = np.random.default_rng(3)
    some = 0
    for _ in range(400):
        blocks = [
            (int(rng.integers(0, 3_000)), int(rng.integers(1, 60)),
             int(rng.choice([1, 3, 40, 900])))
            for _ in range(rng.integers(1, 5))
        ]  # fmt: skip
        counts: dict[int, int] = {}
        for start, length, rows in blocks:
            for day in range(start, start + length):
                counts[day] = counts.get(day, 0) + rows
        days = sorted(counts)
        rows = [counts[day] for day in days]
        found = find_stray_times(np.array(days), np.array(rows), "America/Los_Angeles")
        stretches = () if found is None else found.stretches
        assert [each.sightings for each in stretches] == brute(days, rows)
        some += bool(stretches)
        if found is not None:
            # The dates to type leave out exactly what lies apart.
            first = found.since and (pd.Timestamp(found.since) - pd.Timestamp(0)).days
            last = found.until and (pd.Timestamp(found.until) - pd.Timestamp(0)).days
            kept = sum(
                n for day, n in zip(days, rows, strict=True)
                if (first is None or day >= first) and (last is None or day < last)
            )  # fmt: skip
            assert kept == sum(rows) - sum(each.sightings for each in stretches)
    assert some > 40
