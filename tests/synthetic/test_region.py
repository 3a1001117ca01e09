"""The region as a whole: same bytes from same numbers, readable files, honest labels."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import analyzer
from analyzer.errors import InputError, UsageError
from analyzer.synthetic import make_region, read_truth
from analyzer.synthetic.passages import read_scene
from analyzer.synthetic.plates import (
    PUBLIC_KEY,
    SERIALS,
    format_plates,
    make_plates,
    misread,
    pseudonyms,
)

ROOT = Path(analyzer.__file__).parents[1]


def digest(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_same_numbers_give_same_bytes(tmp_path):
    first = make_region(vehicles=60, days=4, seed=5).write(tmp_path / "a")
    second = make_region(vehicles=60, days=4, seed=5).write(tmp_path / "b")
    other = make_region(vehicles=60, days=4, seed=6).write(tmp_path / "c")
    assert digest(first) == digest(second)
    assert digest(first)["sightings.csv"] != digest(other)["sightings.csv"]
    assert digest(first)["truth/trips.csv"] != digest(other)["truth/trips.csv"]


def test_block_size_changes_nothing(tmp_path):
    region = make_region(vehicles=150, days=9, seed=5, misread_rate=0.05)
    assert digest(region.write(tmp_path / "a")) == digest(
        region.write(tmp_path / "b", block_rows=1)
    )
    region.build_store(tmp_path / "c")
    region.build_store(tmp_path / "d", block_rows=1)
    region.build_store(tmp_path / "e", block_rows=4_000)
    assert digest(tmp_path / "c") == digest(tmp_path / "d") == digest(tmp_path / "e")


def test_store_is_what_a_reader_makes_of_the_files(tmp_path):
    from analyzer.ingest.reader import read_sightings

    region = make_region(vehicles=80, days=5, seed=8, misread_rate=0.05)
    written = region.write(tmp_path / "region")
    read = read_sightings(
        str(written / "sightings.csv"),
        cameras=str(written / "cameras.csv"),
        timezone="Asia/Tashkent",
    )
    ours, theirs = region.sightings, read
    assert len(ours) == len(theirs)
    assert ours.n_vehicles == theirs.n_vehicles
    left, right = ours.to_pandas(), theirs.to_pandas()
    # The reader's key is another one, so vehicles are compared by their codes.
    for frame in (left, right):
        frame["vehicle"] = pd.factorize(frame["vehicle"])[0]
    columns = [name for name in left if name != "confidence"]
    pd.testing.assert_frame_equal(left[columns], right[columns], check_dtype=False)
    np.testing.assert_allclose(left["confidence"], right["confidence"], atol=1e-6)


def test_parquet_holds_what_csv_holds(tmp_path):
    region = make_region(vehicles=40, days=2, seed=8)
    sightings = region.write(tmp_path / "a") / "sightings.csv"
    text = pd.read_csv(sightings, dtype={"synthetic": str})
    binary = pd.read_parquet(region.write(tmp_path / "b", format="parquet") / "sightings.parquet")
    binary["confidence"] = binary["confidence"].astype(float)
    pd.testing.assert_frame_equal(
        text.astype(object).where(text.notna(), None),
        binary.astype(object).where(binary.notna(), None),
        check_dtype=False,
    )
    pd.testing.assert_frame_equal(
        read_truth(tmp_path / "a").vehicles, read_truth(tmp_path / "b").vehicles, check_dtype=False
    )


def test_written_truth_is_the_truth(tmp_path):
    region = make_region(vehicles=60, days=4, seed=5)
    read = read_truth(region.write(tmp_path / "a"))
    for table in ("vehicles", "trips", "companions", "visits"):
        ours, theirs = getattr(region.truth, table), getattr(read, table)
        pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_pseudonyms_agree_with_the_reader():
    from analyzer.ingest.plates import normalise_plate, pseudonym

    plates = make_region(vehicles=50, days=1, seed=1).truth.vehicles["plate"]
    expected = [pseudonym(PUBLIC_KEY, normalise_plate(plate)) for plate in plates]
    assert pseudonyms(plates) == expected


def test_vehicles_of_the_store_are_those_whose_plate_was_read_right(dense):
    names = dense.truth.vehicles["vehicle"].to_numpy(object)
    read_right = set()
    for rows in read_scene(dense.scene):
        read_right |= set(names[rows["vehicle"][rows["misread"] < 0]])
    in_store = set(dense.sightings.vehicles)
    assert in_store & set(names) == read_right
    assert 0.9 < len(read_right) / len(names) < 1
    # The others are ghosts that misread plates made.
    assert len(in_store - set(names)) <= dense.sightings.provenance["counted"]["misread"]


def test_plates_have_uzbek_formats_and_are_all_different():
    vehicles = make_region(vehicles=30_000, days=1, seed=1).truth.vehicles
    private = vehicles["plate"].str.fullmatch(r"\d\d [A-Z] \d{3} [A-Z]{2}")
    company = vehicles["plate"].str.fullmatch(r"\d\d \d{3} [A-Z]{3}")
    assert (private ^ company).all()
    assert vehicles["plate"].is_unique
    assert not vehicles["plate"].str.contains(" 000").any()
    region = vehicles["plate"].str[:2]
    assert (region[vehicles["home_town"] == "Chirchiq"] == "10").all()
    assert (region[vehicles["home_town"] == "Chilanzar"] == "01").all()
    assert (region[vehicles["home_town"] == "Sirdaryo"] == "20").all()
    assert company[vehicles["kind"].isin(["taxi", "van"])].mean() > 0.5
    assert company[vehicles["kind"] == "commuter"].mean() < 0.1


def test_serials_of_a_whole_region_never_collide():
    count = 200_000
    plates = make_plates(np.full(count, 1), np.zeros(count, bool), 3)
    assert len(np.unique(plates)) == count
    assert (plates // SERIALS == 2).all()


def test_misreading_changes_one_character_and_keeps_the_format():
    plates = make_plates(np.repeat([1, 10, 95], 2_000), np.arange(6_000) % 5 == 0, 3)
    for place in range(6):
        wrong = misread(plates, np.full(len(plates), place))
        for before, after in zip(format_plates(plates), format_plates(wrong), strict=True):
            assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
            assert re.fullmatch(r"\d\d ([A-Z] \d{3} [A-Z]{2}|\d{3} [A-Z]{3})", after)


@pytest.mark.parametrize("count", [20, 100, 700])
def test_number_of_camera_sites(count):
    cameras = make_region(vehicles=20, days=1, seed=1, cameras=count).cameras
    assert cameras["zone"].nunique() == count
    assert count < len(cameras) < 2.2 * count
    assert cameras["name"].is_unique
    metres = cameras.to_crs(32642).geometry
    for _, members in metres.groupby(cameras["zone"]):
        assert members.distance(members.iloc[0]).max() < 60


def test_region_says_that_it_is_synthetic(tmp_path, dense):
    assert dense.sightings.synthetic
    assert "synthetic" in dense.sightings.summary()
    assert "synthetic" in dense.summary()
    written = make_region(vehicles=5, days=1, seed=1).write(tmp_path / "a")
    assert "synthetic" in (written / "README.md").read_text("utf-8")
    assert json.loads((written / "region.json").read_text("utf-8"))["synthetic"] is True


def test_settings_change_the_region():
    vans = (
        make_region(vehicles=2_000, days=1, seed=1, van_share=0.3).truth.vehicles["kind"] == "van"
    )
    assert vans.mean() > 0.2
    first = make_region(vehicles=5, days=1, seed=1)
    other = make_region(vehicles=5, days=1, seed=1, difficulty="held_out")
    assert len(first.scene.roads) != len(other.scene.roads)


@pytest.mark.parametrize(
    "options",
    [
        {"vehicles": 0}, {"days": 0}, {"days": 2.5}, {"seed": -1}, {"regime": "medium"},
        {"cameras": 5}, {"difficulty": "unheard"}, {"start": "yesterday"}, {"mis_rate": 0.1},
        {"miss_rate": 1.5}, {"van_share": 0.9},
    ],
)  # fmt: skip
def test_impossible_wishes_are_refused(options):
    with pytest.raises(UsageError):
        make_region(**{"vehicles": 5, "days": 1} | options)


def test_writing_over_something_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    region = make_region(vehicles=5, days=1)
    with pytest.raises(InputError):
        region.write(tmp_path)
    with pytest.raises(UsageError):
        region.write(tmp_path / "new", format="xlsx")


def test_small_data_set_can_be_made_again(tmp_path):
    script = ROOT / "synthetic_data" / "make.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, cwd=ROOT)
    ours = digest(tmp_path)
    kept = digest(script.parent)
    for name in ("README.md", "make.py", "vendor_samples.py"):
        kept.pop(name)
    assert ours == {name: value for name, value in kept.items() if "__pycache__" not in name}
    size = sum(path.stat().st_size for path in script.parent.rglob("*") if path.is_file())
    assert size < 500_000


def test_generator_imports_nothing_that_analyses():
    allowed = {"errors", "schema", "units", "estimate", "result", "local_time", "store", "cameras",
               "sightings", "synthetic"}  # fmt: skip
    for path in (ROOT / "analyzer" / "synthetic").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module]
            for name in names:
                if name.split(".")[0] == "analyzer":
                    assert name.split(".")[1] in allowed, f"{path.name}: {name}"


def test_importing_the_package_is_cheap():
    code = (
        "import sys, analyzer.synthetic; "
        "heavy = {'numba', 'pandas', 'pyarrow', 'scipy'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
