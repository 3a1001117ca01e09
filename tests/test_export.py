"""Export: every row, in four formats, read back the same; internal, whole, safe."""

from __future__ import annotations

import csv
import json
import stat

import geopandas
import numpy as np
import pandas as pd
import pytest

import analyzer.export
from analyzer.errors import InputError, UsageError
from analyzer.export import ENDINGS, export_sightings
from analyzer.ingest.reader import read_sightings


@pytest.fixture
def sightings():
    frame = pd.DataFrame({
        "plate": ["=1+1", "v2", "v3", "v2"], "camera": ["@home", "=c2", "c3", "c3"],
        "seen_at": ["2026-03-01 10:00:00.250", "2026-03-01 11:00:00", "2026-03-02 10:00:00",
                    "2026-03-02 12:00:00"],
        "lat": [41.3, 41.31, np.nan, np.nan], "lon": [69.2, 69.21, np.nan, np.nan],
        "make": ["+Kia", None, 'a "b", c', "Kia"], "confidence": [0.5, np.nan, 1, 0.25],
    })  # fmt: skip
    return read_sightings(frame, timezone="Asia/Tashkent", plates="pseudonymous")


def same(left, right):
    columns = ["vehicle", "seen_at", "camera"]
    left, right = (f.sort_values(columns, ignore_index=True) for f in (left, right))
    assert (left["seen_at"] == right["seen_at"]).all()
    for name in ("vehicle", "camera", "make"):
        assert left[name].fillna("?").str.lstrip("'").tolist() == right[name].fillna("?").tolist()
    np.testing.assert_allclose(left["confidence"], right["confidence"])


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_is_read_back_the_same(sightings, tmp_path, ending):
    path = export_sightings(sightings, tmp_path / f"out{ending}", internal=True)
    assert path.name == f"INTERNAL-out{ending}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    again = read_sightings(path, timezone="Asia/Tashkent", plates="pseudonymous")
    same(again.to_pandas(), sightings.to_pandas())
    placed = again.camera_table.set_index(again.camera_table["name"].str.lstrip("'"))
    assert placed.loc["@home", "lat"] == 41.3 and np.isnan(placed.loc["c3", "lat"])
    first = path.read_bytes()
    assert export_sightings(sightings, path, internal=True, force=True).read_bytes() == first


@pytest.mark.parametrize("ending", ENDINGS)
def test_frames_are_written_where_there_are_any(tmp_path, ending):
    rows = [("v1", "c1", "2026-03-01 10:00:00")] * 2 + [("v2", "c1", "2026-03-01 10:00:00")]
    frame = pd.DataFrame(rows, columns=["plate", "camera", "seen_at"])
    frame["lat"], frame["lon"] = 41.3, 69.2
    found = read_sightings(frame, timezone="Asia/Tashkent", plates="pseudonymous")
    path = export_sightings(found, tmp_path / f"out{ending}", internal=True)
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet}.get(ending, geopandas.read_file)
    assert read(path)["frames"].tolist() == [2, 1]


def test_maps_are_what_other_programs_read(sightings, tmp_path):
    for ending in (".geojson", ".gpkg"):
        path = export_sightings(sightings, tmp_path / f"INTERNAL-x{ending}", internal=True)
        frame = geopandas.read_file(path)
        assert len(frame) == 4 and frame.crs == "EPSG:4326"
        assert sorted(frame.geometry.dropna().x) == [69.2, 69.21]
    assert json.loads((tmp_path / "INTERNAL-x.geojson").read_text())["features"]


def test_no_cell_is_a_formula(sightings, tmp_path):
    path = export_sightings(sightings, tmp_path / "x.csv", internal=True)
    with open(path, newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=1+1" in cells and "'@home" in cells and "'+Kia" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_no_export_lies_in_a_store(sightings, tmp_path):
    saved = sightings.save(tmp_path / "store")
    for place in (tmp_path / "store", saved.store.folder):
        with pytest.raises(UsageError, match="would lie in a store"):
            export_sightings(saved, place / "x.csv", internal=True)


def test_refusals(sightings, tmp_path):
    with pytest.raises(UsageError, match="--internal"):
        export_sightings(sightings, tmp_path / "x.csv")
    with pytest.raises(UsageError, match=r"\.gpkg"):
        export_sightings(sightings, tmp_path / "x.doc", internal=True)
    export_sightings(sightings, tmp_path / "x.csv", internal=True)
    with pytest.raises(UsageError, match="--force"):
        export_sightings(sightings, tmp_path / "x.csv", internal=True)
    with pytest.raises(InputError, match="cannot be written"):
        export_sightings(sightings, tmp_path / "none" / "x.csv", internal=True)
    bare = read_sightings(
        pd.DataFrame({"plate": ["a"], "camera": ["c"], "time": ["2026-03-01 10:00"]}),
        timezone="UTC",
    )
    with pytest.raises(InputError, match="--cameras"):
        export_sightings(bare, tmp_path / "y.gpkg", internal=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_leaves_nothing(sightings, tmp_path, ending, monkeypatch):
    real = analyzer.export.tables_of

    def broken(given):
        yield from real(given)
        raise OSError(28, "No space left on device")

    old = export_sightings(sightings, tmp_path / f"x{ending}", internal=True).read_bytes()
    monkeypatch.setattr(analyzer.export, "tables_of", broken)
    with pytest.raises(InputError, match="No space left"):
        export_sightings(sightings, tmp_path / f"x{ending}", internal=True, force=True)
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == old
