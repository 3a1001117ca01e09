"""Places and commutes of a synthetic region, held against its truth; the commuter of the story."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.scoring.truth import distance_m
from analyzer.synthetic import make_region
from analyzer.synthetic.towns import read_towns


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=1_500, days=28, seed=21)


@pytest.fixture(scope="module")
def places(region):
    return find_places(find_trips(region.sightings))


@pytest.fixture(scope="module")
def commutes(places):
    return find_commutes(find_routines(places.trips, places), places)


def test_radii_hold_nine_homes_in_ten_on_a_seed_never_tuned_on(region, places):
    score = places.score(region.truth)
    for role in ("home", "work"):
        assert abs(score[f"{role}_in_radius"].value - 0.9) < 0.03
    assert score["home_found"].value > 0.8
    assert score["work_found"].value > 0.7
    assert score["home_error_km"].value < 2.5
    assert score["work_invented"].value < 0.02


def test_confidence_is_the_share_that_is_right(region, places):
    cases = places.score(region.truth).cases
    for role in ("home", "work"):
        named = cases[(cases["role"] == role) & cases["named"]]
        sure = named["confidence"] > named["confidence"].median()
        halves = named.groupby(sure)[["confidence", "role_right"]].mean()
        assert ((halves["confidence"] - halves["role_right"]).abs() < 0.03).all()
        assert halves["role_right"][True] > halves["role_right"][False]


def test_taxis_vans_and_through_traffic_have_no_work(region, places):
    kinds = region.truth.vehicles.set_index("vehicle")["kind"]
    table = places.to_pandas()
    kind = table.loc[table["role"] == "work", "vehicle"].map(kinds)
    assert kind.isin(["taxi", "van", "through"]).sum() == 0


def test_commutes_are_right_more_often_than_not_and_timely(region, commutes):
    score = commutes.score(region.truth)
    assert score["precision"].value > 0.75
    assert score["recall"].value > 0.55
    assert score["outbound_error_min"].value < 20


def test_the_commuter_from_chirchiq_to_eshonguzar_comes_out(region, commutes):
    truth = region.truth.vehicles
    story = truth[(truth["home_town"] == "Chirchiq") & (truth["work_town"] == "Eshonguzar")]
    table = commutes.to_pandas().set_index("vehicle")
    row = table.loc[story["vehicle"].iloc[0]]
    true = story.iloc[0]
    for role in ("home", "work"):
        off = distance_m(
            row[f"{role}_lat"], row[f"{role}_lon"], true[f"{role}_lat"], true[f"{role}_lon"]
        )
        assert off <= max(2_000.0, row[f"{role}_radius_m"])
    assert abs(row["outbound_minute"] - true["leave_home_minute"]) < 20
    assert abs(row["return_minute"] - true["leave_work_minute"]) < 20
    assert row["weekdays"] == "Mon Tue Wed Thu Fri"


def test_the_commuter_lives_and_works_in_the_right_towns_and_drives_through_tashkent(
    region, commutes
):
    towns = read_towns()
    story = region.truth.vehicles.loc[region.truth.vehicles["story"], "vehicle"].iloc[0]
    row = commutes.to_pandas().set_index("vehicle").loc[story]
    for role, town in (("home", "Chirchiq"), ("work", "Eshonguzar")):
        distances = distance_m(row[f"{role}_lat"], row[f"{role}_lon"], towns.lat, towns.lon)
        assert towns.name[int(np.argmin(distances))] == town
    # The zones of the commute are named by the towns at whose roads their cameras stand.
    table = region.sightings.camera_table
    code = commutes.rows["vehicle"].tolist().index(region.sightings.vehicle_code(story))
    zones = table["zone_name"].iloc[
        [int(commutes.rows[f"{role}_camera"][code]) for role in ("home", "work")]
    ]
    assert [name.rsplit(" ", 1)[0] for name in zones] == ["Chirchiq", "Eshonguzar"]
    flows = commutes.od_matrix.set_index(["origin", "destination"])
    assert flows.loc[tuple(zones), "vehicles"] >= 1
    trips = find_trips(region.sightings.of(story)).to_pandas()
    on_the_way = region.sightings.of(story).to_pandas()["camera"]
    assert len(trips) > 20
    assert on_the_way.str.startswith("Tashkent").mean() > 0.5


def test_too_few_sightings_leave_homes_unknown():
    region = make_region(vehicles=1_000, days=180, seed=21, regime="sparse")
    places = find_places(find_trips(region.sightings))
    score = places.score(region.truth)
    assert score["home_found"].value < 0.03
    assert score["work_found"].value < 0.03
