from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analyzer.array_sightings import from_arrays
from analyzer.engine import get_engine
from analyzer.errors import UsageError
from analyzer.patterns.companions import find_companions
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.pairs import Terms
from tests.patterns.lonely_regions import DAY, HOUR, MINUTE, Setting, lonely_region
from tests.patterns.test_chance import oracle_bh
from tests.patterns.test_encounters import oracle_encounters, oracle_journeys
from tests.process_engine import ProcessEngine

SMALL = Setting(streets=3, neighbours=6, strangers=15, couples=2, convoy=3)
NULLS = (
    Setting(),
    Setting(platoon=5.0),
    Setting(punctual=1.0, platoon=3.0),
    Setting(days=10, platoon=4.0),
    Setting(streets=2, neighbours=30, weather=10.0),
    Setting(days=63, weeks_present=3),
)


@pytest.fixture(scope="module")
def small():
    return lonely_region(1, SMALL)


@pytest.fixture(scope="module")
def everything(small):
    return find_companions(small[0], max_fdr=1)


def codes(companions) -> list[tuple[int, int]]:
    return list(
        zip(companions.rows["vehicle_a"].tolist(), companions.rows["vehicle_b"].tolist(),
            strict=True)
    )  # fmt: skip


def test_every_pair_with_a_joint_journey_is_listed_with_its_counts(small, everything):
    frame = small[0].to_pandas()
    camera = {name: code for code, name in enumerate(small[0].camera_table["name"])}
    name_of = {name: code for code, name in enumerate(small[0].vehicles)}
    # By the millisecond and by day, since the oracle compares all with all.
    times = frame["seen_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    at = times.astype("datetime64[ms]").astype(np.int64)
    rows = [
        (name_of[v], t, camera[c], -1)
        for v, t, c in zip(frame["vehicle"], at.tolist(), frame["camera"], strict=True)
    ]
    met: dict = {}
    for c in range(12):
        for day in range(4, 40):
            # Half a day's shift: no journey of these regions crosses noon UTC ± two hours.
            some = [r for r in rows if r[2] == c and (r[1] + 5 * HOUR) // DAY == day]
            for pair, encounters in oracle_encounters(some, 2 * MINUTE).items():
                met.setdefault(pair, []).extend(encounters)
    expected = {}
    for pair, encounters in met.items():
        journeys = oracle_journeys(sorted(encounters), 45 * MINUTE, 2)
        if journeys:
            expected[pair] = (len(encounters), len(journeys))
    found = dict(zip(
        codes(everything),
        zip(everything.rows["encounters"].tolist(), everything.rows["journeys"].tolist(),
            strict=True), strict=True))  # fmt: skip
    assert found == expected
    assert len(expected) > 100


def test_q_values_correct_for_all_possible_pairs(small, everything):
    vehicles = small[0].n_vehicles
    assert everything.tests == vehicles * (vehicles - 1) // 2
    p_values = everything.rows["p_value"]
    expected = oracle_bh(p_values.tolist(), everything.tests)
    np.testing.assert_allclose(everything.rows["q_value"], expected)
    assert (np.diff(p_values) >= 0).all()


def test_expected_is_what_the_columns_say(everything):
    rows, weight = everything.rows, everything.chance.weight
    expected = (weight * rows["traffic"] + rows["shifted"]) / (weight + rows["repeats"])
    np.testing.assert_allclose(rows["expected"], expected)
    assert (rows["vehicle_a"] < rows["vehicle_b"]).all()


def test_planted_companions_are_found_and_nobody_else(small):
    companions = find_companions(small[0])
    assert set(codes(companions)) == small[1]
    score = companions.score(truth_of(small))
    assert score["precision"].value == score["recall"].value == 1.0
    assert score["recall_couple"].n == 5


def truth_of(region) -> SimpleNamespace:
    names = region[0].vehicles
    return SimpleNamespace(
        companions=pd.DataFrame(
            [(names[b], names[a], "couple", 20) for a, b in region[1]],
            columns=["vehicle_a", "vehicle_b", "kind", "journeys"],
        )
    )


def test_a_score_counts_what_was_missed_and_what_was_wrong(small, everything):
    truth = truth_of(small)
    strangers = pd.DataFrame({"vehicle_a": ["x"], "vehicle_b": ["y"], "kind": "couple",
                              "journeys": 1})
    truth.companions = pd.concat([truth.companions, strangers])
    score = everything.score(truth)
    assert score["recall"].n == len(small[1])  # nobody saw x and y
    assert score["precision"].value == pytest.approx(len(small[1]) / len(everything))
    assert len(score.cases) == len(everything)


def test_an_oracle_stands_beside_the_score(small, everything):
    truth = truth_of(small)
    # A true pair that no camera saw together: nobody can find it.
    met = set(codes(everything))
    apart = next((a, b) for a in range(9) for b in range(a + 1, 9) if (a, b) not in met)
    truth.companions.loc[len(truth.companions)] = [*small[0].vehicles[list(apart)], "couple", 1]
    score = everything.score(truth, max_fdr=0.05)
    assert score["precision"].value == 1
    assert (score["recall"].n, score["oracle"].n) == (6, 6)
    assert score["recall"].value == score["oracle"].value == pytest.approx(5 / 6)
    assert score["recall_met_1"].value == score["recall_met_3"].value == 1
    assert score["recall_met_1"].n == 5
    assert "oracle" not in find_companions(small[0]).score(truth).figures


def test_a_larger_region_of_couples_and_convoys():
    setting = Setting(couples=6, convoy=5, platoon=3.0)
    true, right, found = 0, 0, 0
    for seed in range(4):
        region, pairs = lonely_region(seed, setting)
        listed = set(codes(find_companions(region)))
        true, right, found = true + len(pairs), right + len(listed & pairs), found + len(listed)
    assert true == 4 * 16
    # Couples among punctual neighbours may hide behind their habit, so not all need be found.
    assert right >= 0.9 * true
    assert right >= 0.95 * found


def test_no_companions_where_nobody_travels_together():
    runs = 48
    reporting = 0
    for seed in range(runs):
        setting = dataclasses.replace(NULLS[seed % len(NULLS)], strangers=40)
        reporting += len(find_companions(lonely_region(1000 + seed, setting)[0])) > 0
    # At most 5 % of runs: more than this many would have a chance below 1 %.
    assert reporting <= binom.isf(0.01, runs, 0.05)


def test_raw_counts_would_have_named_neighbours():
    region, _ = lonely_region(3, Setting())
    everything = find_companions(region, max_fdr=1)
    assert everything.rows["journeys"].max() >= 15
    assert everything.rows["q_value"].min() > 0.05


def same(one, other) -> None:
    assert one.rows.keys() == other.rows.keys()
    for name in one.rows:
        np.testing.assert_array_equal(one.rows[name], other.rows[name], err_msg=name)
    assert one.chance == other.chance
    assert one.summary() == other.summary()


def test_figures_do_not_depend_on_parts_processes_or_their_order(small, everything):
    same(find_companions(small[0].with_parts(7), max_fdr=1), everything)
    engine = ProcessEngine(seed=5)
    same(find_companions(small[0].with_parts(7), max_fdr=1, engine=engine), everything)
    assert any(order != sorted(order) for order in engine.orders)


def test_figures_do_not_depend_on_memory(small, everything):
    # So little that every part is a block of its own.
    same(find_companions(small[0].with_parts(5), max_fdr=1, memory="1KB"), everything)


def test_the_order_of_the_rows_read_does_not_order_ties(small, everything):
    rows = small[0].parts()[0].load()
    n = small[0].n_codes
    # The same vehicles under codes that turn every pair's round.
    turned = from_arrays(
        n - 1 - rows["vehicle"], rows["seen_at"], rows["camera"], timezone=small[0].timezone
    )
    found = find_companions(turned, max_fdr=1)
    pairs = [(n - 1 - b, n - 1 - a) for a, b in codes(found)]
    tied = everything.rows["p_value"] == 1
    assert 10 < tied.sum() < len(pairs)
    first = int(np.argmax(tied))
    assert pairs[first:] == codes(everything)[first:]


def test_figures_do_not_depend_on_names(small, everything):
    rows = small[0].parts()[0].load()
    other = from_arrays(
        rows["vehicle"], rows["seen_at"], rows["camera"], timezone=small[0].timezone,
        vehicles=[f"z{9999 - i}" for i in range(small[0].n_vehicles)],
    )  # fmt: skip
    same(find_companions(other, max_fdr=1), everything)


def test_a_probe_of_some_vehicles_gives_nearly_the_same(small, everything, monkeypatch):
    from analyzer.patterns import cotravel

    monkeypatch.setattr(cotravel, "PROBED_SIGHTINGS", len(small[0]) * 3 // 2)
    probed = find_companions(small[0], max_fdr=1)
    assert probed.chance != everything.chance
    assert probed.chance.worth == pytest.approx(everything.chance.worth, rel=0.2)
    # All pairs are listed, not only those of the probed and those that may be found.
    assert set(codes(probed)) == set(codes(everything))
    same(find_companions(small[0].with_parts(3), max_fdr=1), probed)
    assert find_companions(small[0], seed=1, max_fdr=1).chance != probed.chance


def test_one_vehicle_is_tested_against_its_own_pairs_only(small, everything):
    a, b = sorted(small[1])[0]
    name = small[0].vehicles[b]
    one = find_companions(small[0], of=name, max_fdr=1)
    own = (everything.rows["vehicle_a"] == b) | (everything.rows["vehicle_b"] == b)
    pairs = zip(codes(everything), own, strict=True)
    assert codes(one) == [pair for pair, is_own in pairs if is_own]
    assert one.tests == small[0].n_vehicles - 1
    np.testing.assert_array_equal(one.rows["p_value"], everything.rows["p_value"][own])
    expected = oracle_bh(one.rows["p_value"].tolist(), one.tests)
    np.testing.assert_allclose(one.rows["q_value"], expected)
    assert (a, b) in codes(find_companions(small[0], of=name))
    assert name not in one.summary()


def test_groups_and_graph_hold_the_pairs(small):
    companions = find_companions(small[0])
    groups, graph = companions.groups, companions.graph
    assert groups["size"].tolist() == [3, 2, 2]
    assert groups["pairs"].tolist() == [3, 1, 1]
    assert groups["journeys"].sum() == companions.rows["journeys"].sum()
    assert graph.number_of_edges() == len(companions) == 5
    import networkx

    components = {tuple(sorted(names)) for names in networkx.connected_components(graph)}
    assert {tuple(sorted(names)) for names in groups["vehicles"]} == components
    row = companions.pairs.iloc[0]
    edge = graph.edges[row["vehicle_a"], row["vehicle_b"]]
    assert edge["weight"] == edge["journeys"] == row["journeys"]
    assert edge["q_value"] == row["q_value"]


def test_communities_part_groups_that_hang_together_by_a_thread(small):
    # Two convoys of three that share one weak pair: one group, two communities.
    rows = [(0, 1, 30), (0, 2, 30), (1, 2, 30), (3, 4, 30), (3, 5, 30), (4, 5, 30), (2, 3, 4)]
    companions = find_companions(small[0])
    columns = {
        name: np.repeat(column[:1], len(rows)) for name, column in companions.rows.items()
    } | {name: np.array([row[k] for row in rows])
         for k, name in enumerate(("vehicle_a", "vehicle_b", "journeys"))}  # fmt: skip
    for order in (slice(None), slice(None, None, -1)):
        turned = {name: column[order] for name, column in columns.items()}
        joined = dataclasses.replace(companions, rows=turned)
        names = tuple(small[0].vehicles)
        assert joined.groups["size"].tolist() == [6]
        assert joined.communities["vehicles"].tolist() == [names[:3], names[3:6]]
        assert joined.communities["group"].tolist() == [0, 0]
        assert joined.graph.nodes[names[4]] == {"group": 0, "community": 1}


def test_cameras_carry_all_the_encounters(small):
    companions = find_companions(small[0])
    cameras = companions.cameras
    assert cameras["encounters"].sum() == companions.rows["encounters"].sum()
    assert cameras["share"].sum() == pytest.approx(1)
    assert (np.diff(cameras["encounters"]) <= 0).all()
    assert set(cameras["camera"]) <= set(small[0].camera_table["name"])


def test_pairs_with_one_journey_need_not_be_listed(small, monkeypatch):
    from analyzer.patterns import companions as module

    every = find_companions(small[0])
    monkeypatch.setattr(module, "FEW_ENCOUNTERS", 0)
    few = find_companions(small[0])
    assert codes(few) == codes(every)
    np.testing.assert_allclose(few.rows["p_value"], every.rows["p_value"], rtol=1e-9)
    assert few.by_journeys.tolist() == every.by_journeys.tolist()
    same(find_companions(small[0].with_parts(4), memory="1KB"), few)


def test_the_summary_speaks_of_the_population(small, everything):
    text = everything.summary()
    names = set(small[0].vehicles)
    assert not names & set(text.replace(",", " ").split())
    assert "rarely evidence" in text
    assert f"{everything.tests:,} possible pairs" in text
    assert everything.plot().get_xlabel()
    assert "<div>" in everything._repr_html_()
    pd.testing.assert_frame_equal(everything.to_pandas(), everything.pairs)


@pytest.mark.parametrize("parts", [1, 3])
def test_encounters_are_counted_before_they_are_looked_at(small, parts: int):
    everything = find_companions(small[0], max_fdr=1)
    terms = Terms(2 * MINUTE, 45 * MINUTE, 2)
    passes = CoTravel(small[0].with_parts(parts), terms, get_engine("local", "1KB"), 0)
    met = passes.encounters
    assert met >= everything.rows["encounters"].sum()
    assert met == CoTravel(small[0], terms, ProcessEngine(), 0).encounters
    assert len(find_companions(small[0], max_encounters=met)) == 5
    with pytest.raises(UsageError, match=rf"{met:,} encounters within 2min.*between.*within='1"):
        find_companions(small[0].with_parts(parts), max_encounters=met - 1)


def test_one_joint_journey_is_no_company(everything):
    once = everything.rows["journeys"] == 1
    assert once.sum() > 50
    assert everything.rows["q_value"][once].min() > 0.5


def test_nobody_meets():
    apart = from_arrays([0, 0, 1, 1], [0, MINUTE, HOUR, HOUR + MINUTE], [0, 1, 0, 1])
    companions = find_companions(apart)
    assert len(companions) == len(companions.pairs) == len(companions.groups) == 0
    assert len(companions.communities) == len(companions.cameras) == 0
    assert companions.tests == 1
    assert companions.summary()
    assert companions.graph.number_of_nodes() == 0
    assert len(companions.plot().patches) > 0


@pytest.mark.parametrize("sightings", [1, 2])
def test_hardly_any_sightings(sightings: int):
    few = from_arrays(np.arange(sightings), np.arange(sightings), np.zeros(sightings, int))
    companions = find_companions(few)
    assert (len(companions), companions.tests) == (0, 0)


def test_no_sightings():
    empty = from_arrays(np.empty(0, int), np.empty(0, int), np.empty(0, int))
    assert find_companions(empty).summary()
    assert len(find_companions(empty).groups) == 0


def test_directions_part_those_who_pass_each_other():
    vehicle = np.repeat([0, 1], 56)
    day = np.repeat(np.arange(28) * DAY, 2)
    times = np.concatenate([day + np.tile([0, 5 * MINUTE], 28)] * 2)
    camera = np.tile([0, 1], 56)
    towards = np.where(vehicle == 0, "in", "out").astype(object)
    assert len(find_companions(from_arrays(vehicle, times, camera), max_fdr=1)) == 1
    directed = from_arrays(vehicle, times, camera, direction=towards)
    assert len(find_companions(directed, max_fdr=1)) == 0
    towards[:] = None
    towards[0] = "in"
    half_known = from_arrays(vehicle, times, camera, direction=towards)
    assert find_companions(half_known, max_fdr=1).rows["journeys"].tolist() == [28]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_cameras": 1}, "min_cameras"),
        ({"max_fdr": 0}, "max_fdr"),
        ({"max_fdr": 1.5}, "max_fdr"),
        ({"within": "7h"}, "within"),
        ({"within": "soon"}, "within"),
        ({"max_gap": "0min"}, "max_gap"),
        ({"of": "01A123BC"}, "no vehicle"),
        ({"engine": "abacus"}, "engine"),
    ],
)
def test_senseless_calls_are_refused(small, options: dict, message: str):
    with pytest.raises(UsageError, match=message) as caught:
        find_companions(small[0], **options)
    assert "01A123BC" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"of": 5}, "named by a text"),
        ({"max_fdr": "a"}, "write for example 0.05"),
        ({"max_fdr": None}, "write for example 0.05"),
        ({"max_fdr": 0}, "above 0"),
        ({"min_cameras": "x"}, "2 or more"),
    ],
)
def test_wrong_options_say_what_to_type(small, options, told):
    with pytest.raises(UsageError, match=told):
        find_companions(small[0], **options)


@pytest.mark.parametrize("truth", [None, 5, "truth", object()])
def test_what_is_no_truth_is_refused_by_every_score(small, everything, truth):
    from analyzer.patterns.commutes import find_commutes
    from analyzer.patterns.meetings import find_meetings
    from analyzer.patterns.places import find_places
    from analyzer.patterns.routines import find_routines
    from analyzer.patterns.trips import find_trips

    trips = find_trips(small[0])
    places = find_places(trips)
    routines = find_routines(trips, places)
    results = (
        trips, places, routines, find_commutes(routines, places), find_meetings(trips, places),
        everything,
    )  # fmt: skip
    for result in results:
        with pytest.raises(UsageError, match=r"\.score\(region\.truth\)"):
            result.score(truth)
