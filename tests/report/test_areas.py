"""Areas: joined only as far as needed, nothing small shown, nothing lost on the way."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.report.areas import join_zones
from tests.report.samples import plain


def a_city(seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(seed)
    zones = pd.DataFrame({
        "zone": range(40), "name": [f"Z{at}" for at in range(40)],
        "lat": 41.2 + 0.2 * random.random(40), "lon": 69.1 + 0.25 * random.random(40),
        "vehicles": random.integers(40, 900, 40), "sightings": 1_000, "cameras": 1,
    })
    flows = pd.DataFrame({"origin": random.integers(0, 40, 900),
                          "destination": random.integers(0, 40, 900), "vehicles": 1})
    return zones, flows.groupby(["origin", "destination"], as_index=False)["vehicles"].sum()


def test_zones_stay_as_they_are_where_their_flows_are_large():
    report = plain()
    shown = report.zones[report.zones["vehicles"] >= 10]
    areas = join_zones(report.zones, shown, report.flows, 10)
    assert areas.width_m == 0
    assert set(areas.ends["zone"]) == set(shown["zone"])


def test_small_flows_are_joined_until_they_can_be_shown():
    zones, flows = a_city()
    assert (flows["vehicles"] < 10).all()
    areas = join_zones(zones, zones, flows, 10)
    assert areas.width_m > 0
    assert len(areas.flows) > 0
    assert (areas.flows["vehicles"] >= 10).all()
    assert areas.flows["vehicles"].sum() <= flows["vehicles"].sum()
    ends = set(areas.flows["origin"]) | set(areas.flows["destination"])
    assert ends <= set(areas.ends["zone"]) <= set(zones["zone"])
    assert (areas.ends["lat"] == areas.ends["lat"].round(2)).all()


def test_flows_of_areas_are_the_sums_of_their_zones():
    zones = pd.DataFrame({"zone": [4, 7, 9], "name": ["A", "B", "C"], "lat": [41.0, 41.01, 41.5],
                          "lon": 69.0, "vehicles": [60, 50, 40]})
    flows = pd.DataFrame([(4, 9, 8), (7, 9, 7), (9, 4, 6), (9, 7, 14), (4, 7, 5), (7, 4, 9)],
                         columns=["origin", "destination", "vehicles"])
    areas = join_zones(zones, zones, flows, 10)
    assert areas.flows.values.tolist() == [[4, 4, 14], [4, 9, 15], [9, 4, 20]]
    assert areas.ends["name"].tolist() == ["A", "C"]


def test_the_order_of_rows_changes_nothing():
    zones, flows = a_city()
    one = join_zones(zones, zones, flows, 10)
    mixed = zones.sample(frac=1, random_state=4)
    two = join_zones(mixed, mixed, flows.sample(frac=1, random_state=5), 10)
    assert one.width_m == two.width_m
    pd.testing.assert_frame_equal(one.flows, two.flows)
    pd.testing.assert_frame_equal(one.ends, two.ends)


def test_a_hidden_zone_gives_no_name_to_an_area():
    zones, flows = a_city()
    shown = zones[zones["zone"] != 7]
    areas = join_zones(zones, shown, flows, 10)
    assert 7 not in set(areas.ends["zone"])
    assert 7 not in set(areas.flows["origin"]) | set(areas.flows["destination"])
