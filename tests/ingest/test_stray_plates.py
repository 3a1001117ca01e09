"""Stray plates: no plate is kept as the name of a camera, a label, an id or a file."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

from analyzer.errors import AmbiguousInputError, InputError
from analyzer.ingest.inputs import covered_name
from analyzer.ingest.reader import read_sightings

ZONE = "Asia/Tashkent"
PLATES = [f"{10 + i}H{100 + i}BC" for i in range(60)]


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({
        "plate": PLATES, "camera": [f"Cam {'ABC'[i % 3]}" for i in range(60)],
        "seen_at": [f"2026-03-02 10:{i:02d}:00" for i in range(60)], **columns,
    })  # fmt: skip


def told(found) -> dict[str, int]:
    return found.quality["rejected_by_reason"]


def test_a_shifted_row_is_rejected_and_its_plate_is_nowhere(tmp_path):
    data = frame(make="Chevrolet")
    data.loc[30, ["plate", "camera"]] = ["Cam A", "01 h 107 bc"]
    data.loc[40, "make"] = "01Н108ВС"
    path = tmp_path / "a.csv"
    data.to_csv(path, index=False)
    for source in (path, data):
        found = read_sightings(source, timezone=ZONE)
        assert told(found) == {"plate_in_another_column": 2}
        assert found.n_vehicles == 58
        assert sorted(found.camera_table["name"]) == ["Cam A", "Cam B", "Cam C"]
        assert found.labels["make"] == ["Chevrolet"]


def test_exchanged_columns_are_refused_unless_the_user_says_so():
    data = frame().rename(columns={"plate": "camera", "camera": "plate"})
    with pytest.raises(AmbiguousInputError, match="are they exchanged") as error:
        read_sightings(data, timezone=ZONE)
    assert "H100" not in str(error.value)
    said = {"camera": "plate", "plate": "camera"}
    assert read_sightings(data, timezone=ZONE, columns=said).n_vehicles == 60


@pytest.mark.parametrize(
    "names", ["CAM00{}", "A{}", "KPP{}45", "S500AMG {}", "N{}", "M39 km {}", "KM12{}A"]
)
def test_names_of_cameras_are_no_plates(names):
    data = frame(camera=[names.format(i % 4) for i in range(60)], model="E220D")
    found = read_sightings(data, timezone=ZONE)
    assert told(found) == {} and len(found) == 60


def test_cells_that_swallowed_others_are_no_names():
    data = frame(make="Kia")
    data.loc[1, "camera"] = "x" * 201
    data.loc[2, "make"] = "x" * 201
    found = read_sightings(data, timezone=ZONE)
    assert told(found) == {"camera_unreadable": 1}
    assert found.quality["unreadable_values"]["make"] == 1 and found.labels["make"] == ["Kia"]


def test_more_cameras_than_vehicles_are_noted():
    data = frame(camera=[f"gate {i}" for i in range(60)], plate=["a", "b"] * 30)
    assert any("more cameras" in n for n in read_sightings(data, timezone=ZONE).quality["notes"])


def test_plates_as_pseudonyms_are_refused(tmp_path):
    ids = [f"veh{i:03d}" for i in range(60)]
    for alike in (60, 27, 2):
        data = frame(plate=PLATES[:alike] + ids[alike:])
        with pytest.raises(InputError, match="written like plates") as error:
            read_sightings(data, timezone=ZONE, plates="pseudonymous", store=tmp_path / "s")
        assert "H1" not in str(error.value) and not (tmp_path / "s").exists()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = frame(plate=PLATES[:1] + ids[1:])
        read_sightings(data, timezone=ZONE, plates="pseudonymous")
        read_sightings(frame(plate=ids), timezone=ZONE, plates="pseudonymous")
    told_of = [str(w.message) for w in caught if "written like" in str(w.message)]
    assert len(told_of) == 1 and told_of[0].startswith("1 of 60 ids")


@pytest.mark.parametrize(
    "name",
    [
        "01A123BC.csv", "01 A 123 BC.csv", "01-A-123-BC.csv", "01_A_123_BC.csv", "01A.123.BC.csv",
        "plate01A123BC.csv", "01A123BCx.csv", "01а123вс.csv", "cam1_01A123BC_2026.csv",
        "01A123BC/x.csv", "out/01 A 123 BC/2026/x.csv",
    ],
)  # fmt: skip
def test_names_of_files_and_folders_that_may_be_plates_are_covered(name, tmp_path):
    assert covered_name(Path(name)) == "(a file named like a plate).csv"
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    with pytest.raises(InputError) as error:
        read_sightings(path, timezone=ZONE)
    assert "123" not in str(error.value) and "empty" in str(error.value)
    frame().to_csv(path, index=False)
    found = read_sightings(path, timezone=ZONE)
    assert "123" not in str(found.provenance["inputs"])


@pytest.mark.parametrize("name", ["reads_2026-03-01.csv", "march 2026 gate.csv", "a/b-12/x 1.csv"])
def test_ordinary_names_of_files_are_shown(name):
    assert covered_name(Path(name)) is None


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "EST"])
def test_right_positions_are_not_swapped_because_of_the_zone(zone):
    data = frame(lat=41.3, lon=69.2)
    assert len(read_sightings(data, timezone=zone)) == 60


def test_a_wrong_zone_is_named_as_what_may_be_wrong():
    data = frame(lat=52.5, lon=13.4)
    with pytest.raises(AmbiguousInputError, match=r"do not stand in Asia/Tashkent.*--times-in"):
        read_sightings(data, timezone=ZONE)


def test_times_may_be_written_in_another_zone_than_that_of_the_cameras():
    data = frame(lat=41.3, lon=69.2)
    found = read_sightings(data, timezone=ZONE, times_in="UTC")
    assert found.timezone == ZONE and found.span[0] == pd.Timestamp("2026-03-02 15:00", tz=ZONE)


def test_short_hashes_are_pseudonyms_though_some_look_like_plates(recwarn):
    names = [f"{number * 7919:08x}" for number in range(200)]
    frame = pd.DataFrame(
        {
            "plate": names,
            "camera": "c1",
            "seen_at": pd.date_range("2026-03-01", periods=200, freq="h"),
        }
    )
    sightings = read_sightings(frame, timezone="UTC", plates="pseudonymous")
    assert set(sightings.vehicles) == set(names)
    assert any("13 of 200 ids are written like plates" in str(each.message) for each in recwarn)
