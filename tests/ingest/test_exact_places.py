"""Rows that tell positions and no camera: every position is a place, exactly as it stands."""

import pandas as pd
import pytest

from analyzer.errors import InputError
from analyzer.ingest.reader import read_sightings

ROWS = pd.DataFrame(
    {
        "plate": ["01A111AA", "01A111AA", "01B222BB", "01B222BB"],
        "lat": [41.3000001, 41.3000002, 41.3000001, 41.25],
        "lng": [69.2, 69.2, 69.2, 69.2],
        "datetime": [f"2026-03-01 1{hour}:00:00" for hour in range(4)],
    }
)


def test_positions_keep_their_last_digit():
    sightings = read_sightings(ROWS, timezone="Asia/Tashkent", place_grid="exact")
    cameras = sightings.camera_table
    assert cameras["lat"].tolist() == [41.25, 41.3000001, 41.3000002]
    assert cameras["name"].tolist() == ["41.25,69.2", "41.3000001,69.2", "41.3000002,69.2"]
    assert sightings.to_pandas()["camera"].tolist() == [
        "41.3000001,69.2", "41.3000002,69.2", "41.3000001,69.2", "41.25,69.2",
    ]  # fmt: skip


def test_a_second_file_knows_the_places_of_the_first(tmp_path):
    options = {"timezone": "Asia/Tashkent", "place_grid": "exact", "store": tmp_path / "store",
               "key": tmp_path / "plates.key"}  # fmt: skip
    ROWS[:2].to_csv(tmp_path / "one.csv", index=False)
    ROWS[2:].to_csv(tmp_path / "two.csv", index=False)
    read_sightings(tmp_path / "one.csv", **options)
    both = read_sightings(tmp_path / "two.csv", **options)
    assert both.camera_table["lat"].tolist() == [41.25, 41.3000001, 41.3000002]
    assert len(both) == 4


def test_whoever_has_positions_and_no_camera_is_told_of_it():
    with pytest.raises(InputError, match="--place-grid exact"):
        read_sightings(ROWS, timezone="Asia/Tashkent")
