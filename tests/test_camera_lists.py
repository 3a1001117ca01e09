"""Lists of cameras: what may be read, and what is told of the faults in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analyzer.camera_lists import read_camera_frame, read_cameras
from analyzer.errors import InputError


def listed(folder: Path, text: str, name: str = "cameras.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_is_read(tmp_path: Path):
    text = "Camera;LAT;Lon;zone;name\n A1 ;41.3;69.2;north;Gate\nA2;;;;\n"
    cameras = read_cameras(listed(tmp_path, text))
    assert list(cameras.columns) == ["camera", "name", "zone", "geometry"]
    assert cameras["camera"].tolist() == ["A1", "A2"]
    assert cameras["name"].tolist() == ["Gate", "A2"]
    assert cameras["zone"].tolist() == ["north", None]
    assert (cameras.geometry[0].y, cameras.geometry[0].x) == (41.3, 69.2)
    assert cameras.geometry[1] is None
    assert cameras.crs == "EPSG:4326"


def test_a_list_may_be_a_frame_parquet_or_points(tmp_path: Path):
    frame = pd.DataFrame({"camera": [7, 8], "lat": [41.3, np.nan], "lon": [69.2, np.nan]})
    frame.to_parquet(tmp_path / "cameras.parquet")
    from_frame = read_cameras(frame)
    assert from_frame["camera"].tolist() == ["7", "8"]
    pd.testing.assert_frame_equal(read_cameras(tmp_path / "cameras.parquet"), from_frame)
    again = read_cameras(from_frame)
    assert again["camera"].tolist() == ["7", "8"] and again.geometry[1] is None


def test_a_byte_order_mark_and_spaces_are_nothing(tmp_path: Path):
    cameras = read_cameras(listed(tmp_path, "\ufeffcamera, lat ,lon\nA,41.0, 69.0\n"))
    assert cameras["camera"].tolist() == ["A"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("camera,lat\nA,41\n", "no column lon"),
        ("id,lat,lon\nA,41,69\n", "no column camera"),
        ("camera,lat,lon\nA,41,69\nB,41,69\nA,42,69\n", "'A' stands in more than one row"),
        ("camera,lat,lon\nB,41,69\nA,69.2,410\n", "row 2 lies outside the globe.*swapped"),
        ("camera,lat,lon\nA,95,41\n", "row 1 lies outside"),
        ("camera,lat,lon\nA,inf,41\n", "row 1 lies outside"),
        ("camera;lat;lon\nA;41,3;69,2\n", "column lat, row 1 is not a number.*41.265"),
        ("camera,lat,lon\nA,41,69\nB,41,east\n", "column lon, row 2 is not a number"),
        ("camera,lat,lon\nA,41,69\n,41,69\n", "row 2 has no camera"),
        ("camera,lat,lon\nA,41,69\nB,,69\n", "row 2 has only one of lat and lon"),
        ("", "cannot be read as a list of cameras"),
    ],
)
def test_faults_in_a_list_are_told(tmp_path: Path, text: str, says: str):
    with pytest.raises(InputError, match=says) as caught:
        read_cameras(listed(tmp_path, text))
    assert "cameras.csv" in str(caught.value)


def test_files_that_are_no_lists_are_told(tmp_path: Path):
    with pytest.raises(InputError, match="no such file"):
        read_cameras(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="camera, lat, lon is expected"):
        read_cameras(tmp_path)
    (tmp_path / "bytes.csv").write_bytes(bytes(range(256)))
    (tmp_path / "bytes.parquet").write_bytes(bytes(range(256)))
    for name in ("bytes.csv", "bytes.parquet"):
        with pytest.raises(InputError, match=rf"{name}: cannot be read"):
            read_camera_frame(tmp_path / name)


def test_inputs_are_not_changed():
    frame = pd.DataFrame({"camera": [" a "], "lat": ["41"], "lon": ["69"], "name": [None]})
    before = frame.copy(deep=True)
    read_cameras(frame)
    pd.testing.assert_frame_equal(frame, before)
