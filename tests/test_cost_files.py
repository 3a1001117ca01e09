"""What work on files takes: rows from the files, the rest grown from what was measured."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from analyzer import cost_files
from analyzer.cost_files import (
    estimate_export,
    estimate_export_of_files,
    estimate_reading,
    estimate_synthesis,
    grow,
)
from analyzer.errors import InputError
from analyzer.ingest.reader import read_sightings
from analyzer.store import open_store
from analyzer.synthetic import make_region


def frame(rows: int) -> pd.DataFrame:
    return pd.DataFrame({
        "plate": [f"01A{n % 4_000:05d}BC" for n in range(rows)], "camera": "c1",
        "seen_at": pd.date_range("2026-03-01", periods=rows, freq="min").astype(str),
    })  # fmt: skip


@pytest.fixture
def rates(monkeypatch):
    """Ten microseconds a row from CSV, 20 from Parquet, twice as slow a machine."""
    points = [
        {"measure": measure, "rows": rows, "bytes": rows * width, "vehicle_days": rows,
         "processor": rows * each, "program_gb": 0.6, "peak_gb": 0.6 + rows / 1e6, "disk_bytes":
         rows * 10, "reading_share": 0.5}
        for measure, width, each in (
            ("ingest csv", 40, 1e-5), ("ingest parquet", 5, 2e-5), ("ingest jsonl", 90, 5e-5),
            ("ingest into", 0, 1e-6), ("export csv", 0, 1e-4), ("synthesize csv", 0, 1e-4),
        )
        for rows in (10_000, 1_000_000)
    ]  # fmt: skip
    points.append({"measure": "program", "rows": 9, "program": 0.3})
    monkeypatch.setattr(cost_files, "read_rates", lambda: {"pace": 0.5, "files": points})
    monkeypatch.setattr(cost_files, "machine_pace", lambda: 1.0)


def test_a_reading_grows_with_rows_of_each_kind(rates, tmp_path):
    frame(200_000).to_csv(tmp_path / "a.csv", index=False)
    frame(50_000).to_parquet(tmp_path / "b.parquet")
    found = estimate_reading("ingest", str(tmp_path))
    assert found.work["files"] == 2
    assert found.work["rows"] == pytest.approx(250_000, rel=0.001) and not found.exact
    # A file of shorter rows takes no less: seconds grow with rows here, on a machine half as fast.
    assert found.seconds == pytest.approx(2 * (200_000 * 1e-5 + 50_000 * 2e-5), rel=0.02)
    assert found.disk_bytes == pytest.approx(2_500_000, rel=0.001)
    assert found.memory_bytes == pytest.approx(0.3e9 + 0.25e9, rel=0.01)
    assert "first 4 MB" in found.how and "Parquet counts its own" in found.how
    alone = estimate_reading("ingest", str(tmp_path / "b.parquet"))
    assert alone.exact and alone.summary().startswith("ingest: 50,000 rows in 1 file")


def test_memory_bounds_what_is_predicted_and_rows_that_wait_are_on_disk(rates, tmp_path):
    frame(100_000).to_csv(tmp_path / "a.csv", index=False)
    small = estimate_reading("ingest", str(tmp_path), {"memory": "1MB"})
    assert small.memory_bytes == 301_000_000 and small.temporary_bytes > 100_000 * 18
    assert "TMPDIR" in small.how and "at most 301 MB of memory and" in small.summary()
    large = estimate_reading("ingest", str(tmp_path))
    assert large.temporary_bytes == 0 and "TMPDIR" not in large.how
    # The store of a check is temporary.
    check = estimate_reading("check", str(tmp_path))
    assert check.disk_bytes is None and check.temporary_bytes == large.disk_bytes


def test_what_cannot_be_predicted_is_named(rates, tmp_path):
    (tmp_path / "a.xml").write_text("<reads><read/></reads>")
    found = estimate_reading("ingest", str(tmp_path))
    assert found.seconds is None and found.unknown == ("1 file of .xml (1 KB)",)
    assert found.summary().splitlines() == [
        "ingest: rows unknown in 1 file (1 KB)",
        "seconds, memory and disk cannot be predicted",
        "Not in these figures: 1 file of .xml (1 KB). How many rows they hold shows only when they "
        "are read.",
    ]
    frame(1_000).to_parquet(tmp_path / "b.parquet")
    found = estimate_reading("ingest", str(tmp_path))
    assert found.work["rows"] == 1_000 and found.unknown and not found.exact
    assert estimate_export_of_files(str(tmp_path / "a.xml"), "x.csv", {}).seconds is None
    with pytest.raises(InputError, match="no file matches"):
        estimate_reading("ingest", str(tmp_path / "*.csv"))


def test_what_is_added_to_a_store_counts_what_it_holds(rates, tmp_path):
    frame(5_000).to_csv(tmp_path / "a.csv", index=False)
    read_sightings(tmp_path / "a.csv", timezone="UTC", key=b"k" * 32, store=tmp_path / "store")
    store = open_store(tmp_path / "store")
    new = estimate_reading("ingest", str(tmp_path / "a.csv"))
    added = estimate_reading("ingest", str(tmp_path / "a.csv"), earlier=store)
    assert added.seconds == pytest.approx(new.seconds + 2 * 5_000 * 1e-6, abs=0.011)
    held = sum(path.stat().st_size for path in store.folder.iterdir())
    assert added.disk_bytes == new.disk_bytes + held
    # Until all is written both are there.
    assert added.temporary_bytes == held
    assert "5,000 sightings of the store are sorted anew" in added.how


def test_an_export_grows_with_the_rows_of_the_store(rates):
    region = make_region(100, 3)
    found = estimate_export(region.sightings, "INTERNAL-x.csv")
    assert found.work == {"rows": len(region.sightings)} and found.exact
    assert "about 310 MB of memory" in found.summary()
    assert found.seconds == pytest.approx(2 * len(region.sightings) * 1e-4, abs=0.005)


def test_rows_of_a_region_are_those_it_has():
    """Predicted from fewer vehicles and days; counted where the region is as small."""
    seen = make_region(3_000, 35, seed=2).sightings.quality["rows_read"]
    found = estimate_synthesis(3_000, 35, 2, "dense", 100, "csv")
    assert found.work["rows"] == pytest.approx(seen, rel=0.03)
    assert "2,000 vehicles were seen in 28 days" in found.how
    small = estimate_synthesis(200, 5, 2, "dense", 100, "parquet")
    assert small.work["rows"] == make_region(200, 5, seed=2).sightings.quality["rows_read"]
    assert "counted by making them" in small.how


def test_memory_bounds_the_truth_that_is_held(rates):
    def most(memory):
        return estimate_synthesis(10_000, 180, 1, "sparse", 100, "csv", memory).memory_bytes

    assert most("100MB") < most("1GB") < most(None)


def test_what_was_measured_is_predicted_as_measured():
    for work in ("ingest csv", "ingest parquet", "ingest jsonl"):
        for point in cost_files.points_of(work):
            size = {"rows": point["rows"], "bytes": point["bytes"]}
            assert grow(cost_files.points_of(work), size, "processor") == pytest.approx(
                point["processor"]
            )


def test_twenty_million_rows_are_predicted_within_twice():
    """As ``ingest.md`` has them: 27.5 seconds and 1.1 GB; on the reference machine a bit more."""
    points = cost_files.points_of("ingest csv")
    taken = grow(points, {"rows": 20_000_000, "bytes": 1_110_000_000}, "processor")
    assert 27.5 / 2 < taken * 0.06 / 0.1 < 27.5 * 2
    assert 1.055e9 < cost_files._peak(points, 20_000_000, 2 * 10**9) < 2.4e9


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip"])
def test_packed_files_are_predicted_from_how_far_they_expand(rates, tmp_path, name):
    plain = frame(300_000).to_csv(index=False).encode()
    assert len(plain) > 2 << 22
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(plain, 1))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.csv", plain)
    found = estimate_reading("ingest", str(path))
    assert found.work["rows"] == pytest.approx(300_000, rel=0.02)
    assert ("how far these expand" in found.how) == name.endswith(".gz")


def test_what_spark_takes_for_reading_is_what_was_measured_last():
    kept = Path(__file__).parents[1] / "benchmarks" / "results" / "ingest_spark.json"
    took: dict[str, list[float]] = {}
    for point in json.loads(kept.read_text(encoding="utf-8")):
        took.setdefault(point["file"], []).append(point["processor"])
    times = sorted(round(spark / here, 1) for here, spark in took.values())
    assert (times[0], times[-1]) == cost_files.ON_SPARK
