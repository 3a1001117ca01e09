"""A view of one vehicle: its rows and nothing else, and the patterns it has among all others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from analyzer.errors import UsageError
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.store import StoreBuilder, part_writing
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def sightings(tmp_path_factory):
    """Three parts with groups of a thousand rows, so that a vehicle is in one or two of many."""
    patch = pytest.MonkeyPatch()
    patch.setattr(part_writing, "GROUP_ROWS", 1_000)
    region = make_region(vehicles=150, days=14, seed=3)
    try:
        yield region.build_store(tmp_path_factory.mktemp("one") / "store", parts=3)
    finally:
        patch.undo()


def tables(sightings):
    trips = find_trips(sightings)
    places = find_places(trips)
    routines = find_routines(trips, places)
    return [
        each.to_pandas() for each in (trips, places, routines, find_commutes(routines, places))
    ]


def test_one_vehicle_is_the_same_alone(sightings):
    everybody = tables(sightings)
    names = sightings.vehicles[::12]
    # Lengths of the zone's offsets differ with the span; times must not.
    for name in names:
        for alone, among in zip(tables(sightings.of(name)), everybody, strict=True):
            expected = among[among["vehicle"] == name].reset_index(drop=True)
            pd.testing.assert_frame_equal(
                alone, expected, check_exact=True, check_dtype=len(alone) > 0
            )
    assert sum(len(table) for table in everybody) > 500


@pytest.mark.parametrize("parts", [None, 4])
def test_the_view_knows_itself(sightings, parts):
    view = sightings if parts is None else sightings.with_parts(parts)
    name = sightings.vehicles[40]
    alone = view.of(name)
    rows = sightings.to_pandas()
    assert len(alone) == (rows["vehicle"] == name).sum()
    assert alone.vehicles.tolist() == [name]
    assert (alone.n_vehicles, alone.quality["vehicles"]) == (1, 1)
    assert alone.quality["notes"] == ["a view of a store, of one vehicle"]
    assert name not in str(alone.quality) + alone.summary()
    assert alone.to_pandas()["seen_at"].tolist() == (
        rows.loc[rows["vehicle"] == name, "seen_at"].tolist()
    )
    early = alone.between("2025-09-01", "2025-09-05")
    assert 0 < len(early) < len(alone)
    assert (early.to_pandas()["vehicle"] == name).all()


def test_only_the_groups_that_may_hold_it_are_read(sightings, monkeypatch):
    read = []
    whole = pq.ParquetFile.read_row_groups

    def note(self, groups, *args, **kwargs):
        read.append((len(groups), self.metadata.num_row_groups))
        return whole(self, groups, *args, **kwargs)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", note)
    sightings.of(sightings.vehicles[40]).parts()[0].load()
    (groups, of_groups), = read  # fmt: skip
    assert groups <= 2 < of_groups


def test_a_saved_view_of_one_vehicle(sightings, tmp_path: Path):
    name = sightings.vehicles[7]
    saved = sightings.of(name).save(tmp_path / "one")
    assert saved.vehicles.tolist() == [name]
    assert saved.provenance["view"] == {"vehicles": "one"}
    assert saved.to_pandas().equals(sightings.of(name).to_pandas())


def test_an_unknown_vehicle_is_told(sightings):
    with pytest.raises(UsageError, match="no vehicle of that name"):
        sightings.of("nobody")


def test_an_encrypted_store_shows_one_vehicle(tmp_path: Path):
    writer = StoreBuilder(tmp_path / "sealed", timezone="UTC", secret=b"x" * 32)
    vehicle = np.repeat(np.arange(4), 3)
    writer.append(
        {"vehicle": vehicle, "seen_at": np.arange(12) * 60_000, "camera": np.zeros(12, int)}
    )
    from analyzer.sightings import Sightings

    store = writer.finish(cameras=pd.DataFrame({"name": ["c0"]}), vehicles=list("abcd"))
    assert Sightings(store).of("c").to_pandas()["vehicle"].tolist() == ["c"] * 3
