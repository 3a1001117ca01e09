"""Companions of one vehicle: what a search among all pairs says of it, without such a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.errors import TooMuchWorkError
from analyzer.patterns import companions, one_vehicle
from analyzer.patterns.background import Background
from analyzer.patterns.companions import find_companions
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder, by_camera, derived, open_store
from tests.patterns.lonely_regions import Setting, lonely_region
from tests.patterns.test_chance import oracle_bh
from tests.process_engine import ProcessEngine

SMALL = Setting(streets=3, neighbours=6, strangers=15, couples=2, convoy=3)
COLUMNS = ("encounters", "journeys", "expected", "traffic", "shifted", "repeats", "p_value")


def region(seed: int = 1, setting: Setting = SMALL) -> Sightings:
    return lonely_region(seed, setting)[0]


def directed(seed: int = 3) -> Sightings:
    """A span in which clocks are put back, with directions of which some are not known."""
    rows = region(seed, Setting(streets=3, neighbours=8, strangers=25, couples=2)).parts()[0].load()
    rng = np.random.default_rng(seed)
    codes = rng.choice(3, len(rows["camera"]), p=[0.8, 0.1, 0.1])
    labels = np.array(["in", "out", None], object)[codes]
    at = rows["seen_at"] - rows["seen_at"].min() + 1_760_000_000_000
    return from_arrays(
        rows["vehicle"], at, rows["camera"], timezone="Europe/Berlin", direction=labels
    )


def own(everything, code: int) -> dict:
    """What the search among all says of one vehicle's pairs."""
    rows = everything.rows
    its = np.flatnonzero((rows["vehicle_a"] == code) | (rows["vehicle_b"] == code))
    return {
        (int(rows["vehicle_a"][i]), int(rows["vehicle_b"][i])): [rows[c][i] for c in COLUMNS]
        for i in its
    }


def agree(sightings: Sightings, everything, codes, **options) -> int:
    pairs = 0
    for code in codes:
        name = sightings.vehicle_names(np.array([code]))[0]
        one = find_companions(sightings, of=name, max_fdr=1, **options)
        assert own(one, code) == own(everything, code)
        assert len(one) == len(own(everything, code))
        assert one.chance == everything.chance
        assert one.travellers == everything.travellers
        expected = oracle_bh(one.rows["p_value"].tolist(), one.tests)
        np.testing.assert_allclose(one.rows["q_value"], expected)
        journeys = np.bincount([one.rows["journeys"][i] for i in range(len(one))], minlength=2)
        np.testing.assert_array_equal(one.by_journeys, journeys)
        pairs += len(one)
    return pairs


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        region,
        lambda: region(2, Setting(days=10, platoon=4.0, couples=3)),
        lambda: region(4, Setting(platoon=10.0)),
        directed,
    ],
    ids=["small", "ten days", "platoons", "directions"],
)
def test_it_is_what_a_search_among_all_pairs_says(make, kept: bool, monkeypatch):
    sightings = make()
    if not kept:
        monkeypatch.setattr(one_vehicle, "write_by_camera", lambda *_: False)
        monkeypatch.setattr(one_vehicle, "open_by_camera", lambda *_: None)
    everything = find_companions(sightings, max_fdr=1)
    assert agree(sightings, everything, range(0, sightings.n_codes, 3)) > 20
    assert (sightings.store.memory["by_camera"] is not None) == kept


def test_a_view_in_time_has_a_background_of_its_own():
    whole = region()
    view = whole.between(whole.span[0], whole.span[0] + (whole.span[1] - whole.span[0]) / 2)
    everything = find_companions(view, max_fdr=1)
    assert everything.chance != find_companions(whole, of=whole.vehicles[0]).chance
    assert agree(view, everything, range(0, whole.n_codes, 4)) > 5


def test_terms_and_seeds_are_kept_apart(monkeypatch):
    from analyzer.patterns import cotravel

    sightings = region()
    monkeypatch.setattr(cotravel, "PROBED_SIGHTINGS", len(sightings) * 3 // 2)
    found = {}
    for options in ({}, {"seed": 1}, {"within": "3min"}, {"min_cameras": 3}, {"max_gap": "10min"}):
        everything = find_companions(sightings, max_fdr=1, **options)
        agree(sightings, everything, (0, 5), **options)
        found[str(options)] = everything.chance
    assert len(set(found.values())) == len(found)


def test_single_journeys_that_nobody_lists_are_those_of_the_vehicle(monkeypatch):
    sightings = region()
    everything = find_companions(sightings, max_fdr=1)
    monkeypatch.setattr(companions, "FEW_ENCOUNTERS", 10)
    for code in (0, 7, 20):
        one = find_companions(sightings, of=sightings.vehicles[code], max_fdr=1)
        assert list(own(one, code)) and own(one, code).keys() == own(everything, code).keys()
        assert min(one.rows["journeys"]) == 1


def test_parts_and_processes_change_nothing():
    sightings = region()
    name = sightings.vehicles[4]
    expected = find_companions(sightings, of=name, max_fdr=1).rows
    again = region().with_parts(5)
    found = find_companions(again, of=name, max_fdr=1, engine=ProcessEngine(seed=2)).rows
    for column, values in expected.items():
        np.testing.assert_array_equal(found[column], values)


def no_search(monkeypatch):
    def refuse(*_):
        raise AssertionError("everybody was looked at")

    monkeypatch.setattr(companions, "CoTravel", refuse)


@pytest.mark.parametrize("secret", [None, b"s" * 32])
def test_the_next_question_looks_at_few_vehicles(tmp_path: Path, monkeypatch, secret):
    rows = region().parts()[0].load()
    writer = StoreBuilder(tmp_path / "s", timezone="Asia/Tashkent", parts=3, secret=secret)
    writer.append(rows)
    names = [f"v{code}" for code in range(rows["vehicle"].max() + 1)]
    cameras = pd.DataFrame({"name": [f"c{code}" for code in range(12)]})
    first = Sightings(writer.finish(cameras=cameras, vehicles=names))
    everything = find_companions(first, max_fdr=1)
    find_companions(first, of="v1")
    kept = {path.name for path in first.store.folder.iterdir()}
    assert by_camera.NAME in kept and any(name.startswith("companions-") for name in kept)
    no_search(monkeypatch)
    again = Sightings(open_store(tmp_path / "s", secret=secret))
    assert agree(again, everything, range(0, 30, 5)) > 10
    # Nor does a copy begin anew.
    agree(again.save(tmp_path / "copy"), everything, (2,))
    if secret:
        for path in first.store.folder.glob("*.parquet"):
            assert b"PARE" in path.read_bytes()[-4:]


def test_data_that_were_replaced_are_not_judged_by_what_was_kept(tmp_path: Path):
    one = region(1).save(tmp_path / "a")
    other = region(2).save(tmp_path / "b")
    find_companions(one, of=one.vehicles[0])
    for path in [*one.store.folder.glob("companions-*"), one.store.folder / by_camera.NAME]:
        (other.store.folder / path.name).write_bytes(path.read_bytes())
    everything = find_companions(other, max_fdr=1)
    assert agree(other, everything, (0, 3, 9)) > 3


def test_a_store_that_is_read_only_answers_all_the_same(monkeypatch):
    sightings = region()
    everything = find_companions(sightings, max_fdr=1)

    def locked(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(derived, "FileLock", locked)
    assert agree(sightings, everything, (0, 3, 9)) > 3
    assert {p.suffix for p in sightings.store.folder.iterdir()} == {".parquet"}
    assert not list(sightings.store.folder.glob("companions-*"))
    no_search(monkeypatch)  # the handle remembers
    agree(sightings, everything, (5,))


def test_too_much_is_refused_whether_or_not_it_is_known():
    sightings = region()
    name = sightings.vehicles[0]
    with pytest.raises(TooMuchWorkError, match="encounters within 2min"):
        find_companions(sightings, of=name, max_encounters=10)
    find_companions(sightings, of=name)
    with pytest.raises(TooMuchWorkError, match="encounters within 2min"):
        find_companions(sightings, of=name, max_encounters=10)


def test_who_is_not_there_or_makes_no_trip_has_no_companion():
    rows = region().parts()[0].load()
    extra = np.int32(rows["vehicle"].max() + 1)
    late = rows["seen_at"].max() + 86_400_000
    sightings = from_arrays(
        np.append(rows["vehicle"], [extra, extra]), np.append(rows["seen_at"], [late, late + 9]),
        np.append(rows["camera"], [0, 0]), timezone="Asia/Tashkent",
    )  # fmt: skip
    alone = sightings.vehicle_names(np.array([extra]))[0]
    found = find_companions(sightings, of=alone, max_fdr=1)
    assert (len(found), found.tests) == (0, 0)
    first, last = sightings.span
    before = sightings.between(first, first + (last - first) / 2)
    assert len(find_companions(before, of=alone, max_fdr=1)) == 0
    assert len(find_companions(sightings.of(alone), of=alone, max_fdr=1)) == 0


def test_a_background_comes_back_as_it_was_written():
    sightings = region(4, Setting(platoon=10.0, couples=3))
    find_companions(sightings, of=sightings.vehicles[0])
    (background,) = (x for x in sightings.store.memory.values() if isinstance(x, Background))
    assert background.model.by_traffic
    again = Background.from_rows(background.to_rows())
    for name, column in again.to_rows().items():
        np.testing.assert_array_equal(column, background.to_rows()[name])
    assert again.model.levels == background.model.levels
