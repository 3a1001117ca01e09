"""Misreads: found from digests, times and places; no plate is kept or shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analyzer.errors import UsageError
from analyzer.ingest.misreads import Misreads
from analyzer.ingest.plate_formats import PLATE_FORMATS
from analyzer.ingest.reader import read_sightings
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    folder = tmp_path_factory.mktemp("region") / "r"
    make_region(vehicles=1_000, days=14, seed=41).write(folder)
    return folder


def read(region, **options):
    return read_sightings(
        region / "sightings.csv", cameras=region / "cameras.csv", timezone="Asia/Tashkent",
        key=b"k" * 32, **options,
    )  # fmt: skip


def test_the_rate_of_misreads_is_estimated_and_merging_counts(region):
    plain = read(region)
    found = plain.quality["misreads"]
    # The region's readers misread one plate in a hundred.
    assert 0.005 < found["estimated_rate"] < 0.015
    assert found["by_chance"] < 0.1 * found["found"] and found["merged"] == 0
    merged = read(region, merge_misreads=True)
    counts = merged.quality["misreads"]
    assert 0 < counts["merged"] <= counts["found"]
    assert merged.provenance["misreads_merged"] == counts["merged"]
    assert len(merged) == len(plain) == merged.quality["rows_kept"]
    assert merged.n_vehicles == merged.quality["vehicles"] < plain.n_vehicles
    assert any("were given to that vehicle" in note for note in merged.quality["notes"])


def test_figures_do_not_depend_on_memory_or_key(region):
    one = read(region, merge_misreads=True, fix_clocks=True)
    two = read_sightings(
        region / "sightings.csv", cameras=region / "cameras.csv", timezone="Asia/Tashkent",
        key=b"x" * 32, memory="3MB", merge_misreads=True, fix_clocks=True,
    )  # fmt: skip
    assert one.quality == two.quality
    frames = []
    for found in (one, two):
        rows = [part.load() for part in found.parts()]
        frames.append({name: np.concatenate([r[name] for r in rows]) for name in rows[0]})
    for name, column in frames[0].items():
        order = [np.lexsort((f["camera"], f["seen_at"], f["vehicle"])) for f in frames]
        np.testing.assert_array_equal(column[order[0]], frames[1][name][order[1]])


def test_changes_are_refused_where_rows_are_already(region, tmp_path):
    frame = pd.DataFrame({"plate": ["01A123BC"], "camera": ["c"], "time": ["2026-03-01 10:00"]})
    key = tmp_path / "k.key"
    read_sightings(frame, timezone="UTC", key=key, store=tmp_path / "s")
    for option in ("fix_clocks", "merge_misreads"):
        with pytest.raises(UsageError, match="in one go"):
            read_sightings(frame, timezone="UTC", key=key, store=tmp_path / "s", **{option: True})


def test_plates_of_another_form_are_counted_and_kept():
    plates = ["01A123BC", "10123ABC", "A123BC77", "00A123BC", "01a 123 bc"]
    frame = pd.DataFrame({"plate": plates, "camera": "c",
                          "time": pd.date_range("2026-03-01", periods=5, freq="1h")})  # fmt: skip
    found = read_sightings(frame, timezone="UTC", plate_format="uz")
    assert len(found) == 5
    (note,) = [note for note in found.quality["notes"] if "form of uz" in note]
    assert note.startswith("2 of 4 plates, with 2 sightings")
    with pytest.raises(UsageError, match="known are uz"):
        read_sightings(frame, timezone="UTC", plate_format="xx")
    with pytest.raises(UsageError, match="pseudonyms already"):
        read_sightings(frame, timezone="UTC", plate_format="uz", plates="pseudonymous")
    assert PLATE_FORMATS["ru"].fits("A123BC77") and PLATE_FORMATS["gb"].fits("AB12CDE")


def drives(plates: list[str], trips: int = 12) -> pd.DataFrame:
    """Each vehicle drives past six cameras, 6 km and 4 minutes apart, once a day."""
    rows = []
    for number, plate in enumerate(plates):
        for day in range(trips):
            begin = pd.Timestamp("2026-03-02 06:00") + pd.Timedelta(days=day, minutes=11 * number)
            rows += [(plate, f"c{k}", begin + pd.Timedelta(minutes=4 * k)) for k in range(6)]
    frame = pd.DataFrame(rows, columns=["plate", "camera", "seen_at"])
    frame["lat"] = 41.0 + frame["camera"].str[1:].astype(int) * 0.054
    frame["lon"] = 69.0
    return frame


def test_a_misread_that_is_anothers_plate_is_found_by_impossible_speed():
    frame = drives(["10A100BC", "10A101BC", "77Z999XX"])
    # At 06:12 the first vehicle is at c3; the second drives past c0 at 06:11 and c1 at 06:15.
    at = frame.index[(frame["plate"] == "10A100BC") & (frame["camera"] == "c3")][:2]
    frame.loc[at, "plate"] = "10A101BC"
    found = read_sightings(frame, timezone="UTC")
    misreads = found.quality["misreads"]
    assert (misreads["impossible"], misreads["by_speed"], misreads["found"]) == (2, 2, 2)
    assert misreads["scattered_vehicles"] == 0
    merged = read_sightings(frame, timezone="UTC", merge_misreads=True, key=b"k" * 32)
    clean = read_sightings(drives(["10A100BC", "10A101BC", "77Z999XX"]), timezone="UTC",
                           key=b"k" * 32)  # fmt: skip
    columns = ["vehicle", "camera", "seen_at"]
    pd.testing.assert_frame_equal(
        merged.to_pandas()[columns].sort_values(columns, ignore_index=True),
        clean.to_pandas()[columns].sort_values(columns, ignore_index=True),
    )


def test_one_plate_for_many_cars_is_noted():
    frame = drives([f"{20 + i}A1{i}0BC" for i in range(8)])
    # At both ends of the road every two minutes.
    times = pd.Timestamp("2026-03-02 06:00") + pd.to_timedelta(2 * np.arange(40), "min")
    ends = pd.DataFrame({"plate": "NOTHINGTHERE1", "camera": ["c0", "c5"] * 20, "seen_at": times,
                         "lat": [41.0, 41.27] * 20, "lon": 69.0})  # fmt: skip
    frame = pd.concat([frame, ends], ignore_index=True)
    quality = read_sightings(frame, timezone="UTC").quality
    assert quality["misreads"]["scattered_vehicles"] == 1
    assert any("one plate stands for many cars" in note for note in quality["notes"])


def test_sightings_to_which_no_drive_leads_are_those_of_the_definition():
    from analyzer.ingest.misreads import FASTEST_M_PER_MS, find_impossible

    random = np.random.default_rng(4)
    count, cameras = 400, 5
    rows = sorted(zip(random.integers(0, 6, count).tolist(),
                      (random.integers(0, 200, count) * 60_000).tolist(),
                      random.integers(0, cameras, count).tolist(), strict=True))  # fmt: skip
    metres = np.abs(np.subtract.outer(np.arange(cameras), np.arange(cameras))) * 7_000.0
    metres[0, 4] = metres[4, 0] = np.nan

    def fast(one, two):
        return metres[one[2], two[2]] - 1_000 > (two[1] - one[1]) * FASTEST_M_PER_MS

    expected, moves = [], np.zeros((6, 2), np.int64)
    for i, row in enumerate(rows):
        before = rows[i - 1] if i and rows[i - 1][0] == row[0] else None
        after = rows[i + 1] if i + 1 < count and rows[i + 1][0] == row[0] else None
        moved = before is not None and before[2] != row[2]
        moves[row[0], 0] += moved
        moves[row[0], 1] += moved and fast(before, row)
        expected.append(bool(moved and after is not None and fast(before, row)
                             and fast(row, after) and not fast(before, after)))  # fmt: skip
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    counted = np.zeros((6, 2), np.int64)
    marked = find_impossible(columns[0].astype(np.int32), columns[1], columns[2].astype(np.int32),
                             metres, counted)  # fmt: skip
    assert marked.tolist() == expected and any(expected)
    np.testing.assert_array_equal(counted, moves)


def test_plates_that_are_too_long_are_noted():
    long = "A1" * 5_000
    frame = pd.DataFrame(
        {"plate": ["01A123BC", "01A128BC", long, long[:-1] + "2"], "camera": "c1",
         "time": pd.date_range("2026-03-01", periods=4, freq="h").astype(str)}
    )  # fmt: skip
    sightings = read_sightings(frame, timezone="UTC")
    said = [note for note in sightings.quality["notes"] if "more than 24 characters" in note]
    assert len(said) == 1 and said[0].startswith("2 plates")


def test_too_few_sightings_tell_no_rate():
    empty = np.empty(0)
    found = Misreads(1, 0.0, 0, 0, 0, 0, 40, 0.0, empty, empty, empty, empty, empty)
    assert "nan" not in found.describe() and "cannot be told" in found.describe()
    told = replace(found, findable=0.5).describe()
    assert told.endswith("about 5.0% of the sightings are misread")
