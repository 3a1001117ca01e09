"""Two operators' stores joined: equal to brute force, to finders on each, and refused apart."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.errors import UsageError
from analyzer.estimate import wilson
from analyzer.ingest.reader import read_sightings
from analyzer.patterns.places import find_places
from analyzer.patterns.trips import find_trips
from analyzer.policy.joining import join_stores
from analyzer.policy.policy import Policy
from analyzer.policy.shared_risk import SharedRisk, Sharing
from analyzer.policy.sharing import compare_sharing
from analyzer.report.differencing import Knowledge, attack
from analyzer.risk.adversary import Adversary
from analyzer.synthetic import make_region
from tests.policy.release_oracle import release, singled_out
from tests.policy.test_compare import BINS, NEW_YORK, latest_known
from tests.process_engine import ProcessEngine
from tests.risk.regions import CAMERAS, random_rows


def store_of(rows, cameras, names):
    """A store of these (vehicle, ms, camera) rows; vehicles and cameras under their own codes."""
    vehicles = sorted({vehicle for vehicle, _, _ in rows})
    table = pd.DataFrame([CAMERAS[code] for code in cameras], columns=["lat", "lon", "zone"])
    return from_arrays(
        [vehicles.index(vehicle) for vehicle, _, _ in rows],
        [ms for _, ms, _ in rows],
        [cameras.index(camera) for _, _, camera in rows],
        cameras=table[["lat", "lon"]].assign(name=[f"c{code}" for code in cameras]),
        vehicles=[names[vehicle] for vehicle in vehicles],
        timezone=NEW_YORK,
    )


@pytest.mark.parametrize("seed", range(4))
def test_unicity_equals_the_oracle(seed):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, days=8, vehicles=14, most=16)
    rows = sorted({(vehicle, ms): (vehicle, ms, camera) for vehicle, ms, camera in rows}.values())
    everywhere = range(len(CAMERAS))
    own = [[code for code in everywhere if code % 2 == side] for side in (0, 1)]
    of = [[row for row in rows if row[2] in cameras] for cameras in own]
    names = {vehicle: f"plate-{vehicle}" for vehicle, _, _ in rows}
    stores = [store_of(*pair, names) for pair in zip(of, own, strict=True)]
    shared = compare_sharing(*stores, Adversary(2), 7, risks=["unicity"])

    # Vehicles are numbered as they come: those of the first store, then what the second adds.
    order = sorted({vehicle for vehicle, _, _ in of[0]})
    order += sorted({vehicle for vehicle, _, _ in of[1]} - set(order))
    place = [*own[0], *own[1]]
    joined = sorted((order.index(v), ms, place.index(camera)) for v, ms, camera in rows)
    leak = date(2100, 1, 1)
    known = latest_known(joined, leak, 40_000, 2, 7, BINS["1h"], list(everywhere))
    seen_by = [{order.index(vehicle) for vehicle, _, _ in side} for side in of]
    both = seen_by[0] & seen_by[1]
    sides = [set(range(len(own[0]))), set(range(len(own[0]), len(place))), set(everywhere)]
    for among, group in (("all", set(known)), ("seen by both", set(known) & both)):
        alone = {
            who: {
                vehicle
                for vehicle in group
                if singled_out(
                    release(joined, timezone=NEW_YORK, leak_date=leak, kept=cameras),
                    known[vehicle], NEW_YORK, BINS["1h"],
                ) == "alone"
            }
            for who, cameras in zip(("first", "second", "both"), sides, strict=True)
        }  # fmt: skip
        found = shared.of("unicity", among)
        for who, vehicles in alone.items():
            assert found.shares[who].value == len(vehicles) / len(group)
            assert found.shares[who].n == len(group)
        only = alone["both"] - alone["first"] - alone["second"]
        assert found.only_together.value == len(only) / len(group)
        assert found.added["first"].value == pytest.approx(
            (len(alone["both"]) - len(alone["first"])) / len(group)
        )
    assert shared.vehicles == {
        "first": len(seen_by[0] - both), "second": len(seen_by[1] - both), "both": len(both),
    }  # fmt: skip


@pytest.fixture(scope="module")
def operators():
    """One region whose cameras two operators share: every second site."""
    region = make_region(vehicles=250, days=14, seed=9).sightings
    names = region.camera_table["name"].tolist()
    halves = [Policy(None, cameras=tuple(names[side::2]), attributes="keep") for side in (0, 1)]
    return region, [half.apply(region) for half in halves]


@pytest.fixture(scope="module")
def shared(operators):
    return compare_sharing(*operators[1], seed=2)


def test_joined_rows_are_those_of_the_region(operators):
    region, (one, other) = operators
    joined = join_stores(one, other).sightings.to_pandas()
    joined["camera"] = joined["camera"].str.replace(r"^(first|second): ", "", regex=True)
    columns = ["vehicle", "seen_at", "camera"]
    expected = region.to_pandas()[columns].sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(
        joined[columns].sort_values(columns, ignore_index=True), expected, check_dtype=False
    )


def test_each_alone_is_what_the_finders_name_in_it(operators, shared):
    region, stores = operators
    homes = {}
    for who, sightings in zip(("first", "second", "both"), (*stores, region), strict=True):
        # In all days, or in the last of them: shorter stretches up to the leak are looked at too.
        parts = [sightings.between("2025-09-01", "2025-09-15")]
        parts += [sightings.between(day, "2025-09-15") for day in ("2025-09-08", "2025-09-14")]
        homes[who] = set()
        for part in parts:
            table = find_places(find_trips(part)).to_pandas()
            homes[who] |= set(table["vehicle"][table["role"] == "home"])
    found = shared.of("homes")
    for who in homes:
        assert found.shares[who].value == len(homes[who]) / region.n_vehicles
    only = homes["both"] - homes["first"] - homes["second"]
    assert found.only_together.value == len(only) / region.n_vehicles
    assert found.shares["both"].value > max(
        found.shares["first"].value, found.shares["second"].value
    )
    assert shared.vehicles["both"] == len(set(stores[0].vehicles) & set(stores[1].vehicles))
    assert shared.of("homes", "seen by both").shares["both"].value > found.shares["both"].value


def test_what_a_report_of_one_store_tells_stands_before_what_stretches_tell(operators, shared):
    region, stores = operators
    near = []
    for who, sightings in zip(("first", "second", "both"), (*stores, region), strict=True):
        table = find_places(find_trips(sightings)).to_pandas()
        for risk, role in (("homes", "home"), ("works", "work")):
            named = len(set(table["vehicle"][table["role"] == role]))
            raw, told = (each.of(risk).shares[who] for each in (shared, shared.published(10)))
            apart = round(abs(raw.value * raw.n - named))
            near.append(0 < apart < 10)
            assert not told.is_exact or not near[-1]
    assert any(near)


def test_says_it_and_withholds_what_is_small(shared):
    said = shared.summary()
    assert "Of vehicles that both saw, home inferred: the first store alone" in said
    assert "The data are synthetic." in said
    json.dumps(shared.to_dict(), allow_nan=False)
    assert len(shared.to_pandas()) == 8
    assert shared.plot().get_xlabel() == "share of all vehicles (%)"
    hidden = shared.published(100_000)
    assert hidden.vehicles == {"first": None, "second": None, "both": None}
    for each in hidden.risks:
        for share in (*each.shares.values(), each.only_together):
            assert not share.is_measured or share.value == 0
    assert "seen by both: few" in hidden.summary()


def test_parts_and_processes_change_no_digit(operators, shared):
    apart = compare_sharing(
        *(sightings.with_parts(3) for sightings in operators[1]), seed=2,
        engine=ProcessEngine(seed=6),
    )  # fmt: skip
    assert apart.to_dict() == shared.to_dict()


def read(tmp_path, name, key, plates=("01A123BC", "01A124BC", "01A125BC")):
    path = tmp_path / f"{name}.csv"
    lines = [
        f"{plate},{name}-{hour % 3},2026-03-0{1 + hour // 8} {hour % 24:02d}:00:00"
        for plate in plates
        for hour in range(16)
    ]
    path.write_text("\n".join(["plate,camera,seen_at", *lines]) + "\n", encoding="utf-8")
    return read_sightings(path, timezone="Asia/Tashkent", key=key)


def test_one_key_joins_and_two_do_not(tmp_path):
    keys = [tmp_path / "keys" / name for name in ("a.key", "b.key")]
    keys[0].parent.mkdir()
    town, county = read(tmp_path, "town", keys[0]), read(tmp_path, "county", keys[0])
    assert compare_sharing(town, county, risks=["unicity"]).vehicles["both"] == 3
    for key in (keys[1], None):
        apart = read(tmp_path, "county", key)
        with pytest.raises(UsageError, match="one key") as refused:
            compare_sharing(town, apart, risks=["unicity"])
        assert "--key FILE" in str(refused.value)
        assert "01A" not in str(refused.value)
    with pytest.raises(UsageError, match="the other names of its own"):
        compare_sharing(town, from_arrays([0], [0], [0], timezone="Asia/Tashkent"))


def test_refuses_what_cannot_be_joined():
    here = from_arrays([0, 1], [0, 60_000], [0, 0])
    with pytest.raises(UsageError, match="two time zones"):
        compare_sharing(here, from_arrays([0], [0], [0], timezone="Asia/Tashkent"))
    with pytest.raises(UsageError, match="the second store holds no sightings"):
        compare_sharing(here, from_arrays([], [], []))
    with pytest.raises(UsageError, match="no risk of single vehicles"):
        compare_sharing(here, here, risks=["linkage"])


SIZES = st.one_of(st.integers(0, 14), st.integers(10, 60))


def learn(known, name, share):
    """Add what a published share says of its group."""
    if share.is_exact:
        known.add(name, round(share.value * share.n))
    elif share.is_bound:
        known.add(name, round(share.value * share.n), share.n)
    else:
        known.unknown(name)


@settings(max_examples=60, deadline=None)
@given(st.tuples(SIZES, SIZES, SIZES, SIZES, SIZES))
@example((4, 20, 16, 12, 30))
@example((20, 15, 20, 3, 30))
@example((12, 30, 0, 4, 30))
def test_shares_do_not_add_up_to_a_few(sizes):
    first_only, second_only, either, together, none = sizes
    n = sum(sizes)
    if not n:
        return
    by = {"first": first_only + either, "second": second_only + either, "both": n - none}
    shares = {who: wilson(count, n) for who, count in by.items()}
    added = {who: wilson(by["both"] - by[who], n) for who in ("first", "second")}
    shown = SharedRisk("unicity", "all", shares, added, wilson(together, n)).published(10)
    known = Knowledge()
    known.add("everybody", n)
    for who, share in shown.shares.items():
        learn(known, who, share)
    learn(known, "together", shown.only_together)
    for who, extra in shown.added.items():
        learn(known, f"added to {who}", extra)
        known.sum("both", [who, f"added to {who}"])
    known.sum("first", ["first only", "either"])
    known.sum("second", ["second only", "either"])
    known.sum("both", ["first only", "second only", "either", "together"])
    known.sum("everybody", ["both", "nobody"])
    if n >= 20:
        assert [str(group) for group in attack(known, 10)] == []


@given(st.tuples(SIZES, SIZES, SIZES))
@example((20, 4, 16))
@example((0, 4, 30))
def test_vehicles_do_not_add_up_to_a_few(sizes):
    true = dict(zip(("first", "second", "both"), sizes, strict=True))
    of_both = SharedRisk(
        "unicity", "seen by both", {who: wilson(0, true["both"]) for who in true}, {},
        wilson(0, true["both"]),
    )  # fmt: skip
    n = sum(sizes)
    of_all = SharedRisk(
        "unicity", "all", {who: wilson(0, n) for who in true}, {}, wilson(0, n)
    )
    shown = Sharing((of_all, of_both), true, {}, {}, Adversary(), 0).published(10)
    if any(0 < size < 10 for size in sizes):
        hidden = [who for who, count in shown.vehicles.items() if count is None]
        few = [who for who, size in true.items() if 0 < size < 10]
        assert set(few) <= set(hidden)
        # Whoever knows the total knows the sum of what is withheld: of one alone, itself.
        rest = sum(true[who] for who in hidden)
        assert len(hidden) > 1 or rest == n
        assert rest >= 20 or all(shown.vehicles[who] in (None, 0) for who in true)
    else:
        assert shown.vehicles == true
    if shown.vehicles["both"] is None:
        assert [each.among for each in shown.risks] == ["all"]


def test_cameras_are_those_that_saw_somebody():
    """Both operators may have been read with one list of all cameras."""
    sites = pd.DataFrame({"name": ["a", "b", "c"], "lat": [41.0, 41.1, 41.2], "lon": 69.0})
    town = from_arrays([0, 1], [0, 60_000], [0, 0], cameras=sites)
    county = from_arrays([0, 1], [120_000, 180_000], [1, 2], cameras=sites)
    shared = compare_sharing(town, county, Adversary(1), risks=["unicity"])
    assert shared.cameras == {"first": 1, "second": 2}
