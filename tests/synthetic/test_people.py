"""Who lives where, who goes with whom, and what the truth says of them."""

import math

import numpy as np
import pandas as pd
import pytest

from analyzer.synthetic import make_region
from analyzer.synthetic import truth as truth_module
from analyzer.synthetic.people import KINDS
from analyzer.synthetic.towns import read_towns


def test_homes_follow_the_populations_of_towns():
    """Each town's share lies within four standard errors of its share of the population."""
    vehicles = make_region(vehicles=20_000, days=1, seed=3).truth.vehicles
    towns = read_towns()
    share = towns.population / towns.population.sum()
    # Two cars of one household share a home, so counts vary more than those of independent draws.
    homes = vehicles[vehicles["home_town"].notna()].drop_duplicates("household")
    counts = homes["home_town"].value_counts()
    for name, expected in zip(towns.name, share, strict=True):
        error = math.sqrt(expected * (1 - expected) / len(homes))
        assert abs(counts.get(name, 0) / len(homes) - expected) <= 4 * error, name
    assert "Amir Timur" not in counts.index


def test_population_of_tashkent_is_counted_once():
    towns = read_towns()
    in_city = ("Tashkent", "Yunusobod", "Chilanzar", "Sergeli", "Bektemir")
    assert sum(towns.population[towns.code(name)] for name in in_city) == 1_978_028


def test_homes_lie_about_their_towns(dense):
    vehicles, towns = dense.truth.vehicles, read_towns()
    resident = vehicles[vehicles["home_town"].notna() & (vehicles["home_town"] != "Tashkent")]
    code = [towns.name.index(name) for name in resident["home_town"]]
    north = (resident["home_lat"].to_numpy() - towns.lat[code]) * 111_195
    # The bell of the draws ends at 3.5 standard deviations.
    assert (np.abs(north) <= 3.5 * towns.spread_m[code] + 2).all()
    assert np.std(north / towns.spread_m[code]) == pytest.approx(1.0, abs=0.12)


def test_story_commutes_from_chirchiq_to_eshonguzar(dense):
    story = dense.truth.vehicles[dense.truth.vehicles["story"]]
    assert story[["kind", "home_town", "work_town", "has_commute"]].to_numpy().tolist() == [
        ["commuter", "Chirchiq", "Eshonguzar", True]
    ]
    trips = dense.truth.trips
    mine = trips[trips["vehicle"] == story["vehicle"].iloc[0]]
    to_work = mine[(mine["origin"] == "home") & (mine["destination"] == "work")]
    assert len(to_work) >= 6
    assert (to_work["started_at"].dt.day_of_week < 5).all()


@pytest.mark.parametrize("options", [{}, {"regime": "sparse"}, {"cameras": 20}, {"vehicles": 1}])
def test_story_is_always_there(options):
    vehicles = make_region(**{"vehicles": 30, "days": 1, "seed": 9} | options).truth.vehicles
    assert vehicles["story"].sum() == 1
    assert vehicles.loc[vehicles["story"], "home_town"].tolist() == ["Chirchiq"]


def test_camera_readings_of_the_story_run_from_chirchiq_to_eshonguzar():
    perfect = {"coverage": 1.0, "miss_rate": 0.0, "misread_rate": 0.0, "car_use": 1.0}
    region = make_region(vehicles=2, days=5, seed=4, start="2025-09-15", **perfect)
    truth, rows = region.truth, region.sightings.to_pandas()
    story = truth.vehicles.loc[truth.vehicles["story"], "vehicle"].iloc[0]
    rows = rows[rows["vehicle"] == story]
    trips = truth.trips[truth.trips["vehicle"] == story]
    to_work = trips[(trips["origin"] == "home") & (trips["destination"] == "work")]
    assert len(to_work) == 5
    for trip in to_work.itertuples():
        seen = rows[rows["seen_at"].between(trip.started_at, trip.ended_at)]["camera"].tolist()
        assert seen[0].startswith("Chirchiq")
        assert seen[-1].startswith("Eshonguzar")
        assert any(name.startswith("Tashkent") for name in seen)


def test_kinds_and_households(dense):
    vehicles = dense.truth.vehicles
    assert set(vehicles["kind"]) == set(KINDS)
    sizes = vehicles["household"].value_counts()
    assert set(sizes) == {1, 2}
    pairs = vehicles[vehicles["household"].isin(sizes[sizes == 2].index)]
    assert (pairs.groupby("household")[["home_lat", "home_lon"]].nunique() == 1).all(axis=None)
    # 20 % of the vehicles were to be paired; four standard errors at 500 possible pairs.
    assert len(pairs) / len(vehicles) == pytest.approx(0.20, abs=4 * math.sqrt(0.2 * 0.8 / 500))


def test_commutes_lead_away_from_home_on_three_days_a_week(dense):
    vehicles, trips = dense.truth.vehicles, dense.truth.trips
    commutes = vehicles[vehicles["has_commute"]]
    assert commutes["kind"].isin(["commuter", "shift", "student"]).all()
    assert commutes["work_lat"].notna().all()
    work = trips[trips["destination"].isin(["work", "school"])].merge(commutes, on="vehicle")
    at_work = work[
        np.isclose(work["destination_lat"], work["work_lat"])
        & np.isclose(work["destination_lon"], work["work_lon"])
    ]
    days = at_work.assign(day=at_work["started_at"].dt.date).groupby("vehicle")["day"].nunique()
    # 1 September is a holiday and the car stays at home on one working day in ten; convoys take a
    # day.
    assert days.reindex(commutes["vehicle"]).fillna(0).median() >= 7
    assert (days.reindex(commutes["vehicle"]).fillna(0) >= 3).mean() > 0.97
    assert vehicles.loc[vehicles["kind"].isin(["taxi", "van", "through"]), "has_commute"].sum() == 0


def test_usual_minute_of_leaving_is_when_they_leave(dense):
    vehicles, trips = dense.truth.vehicles, dense.truth.trips
    workers = vehicles[(vehicles["kind"] == "commuter") & vehicles["has_commute"]]
    first = trips[(trips["origin"] == "home") & trips["destination"].isin(["work", "school"])]
    first = first.merge(workers, on="vehicle")
    minute = first["started_at"].dt.hour * 60 + first["started_at"].dt.minute
    late = (minute - first["leave_home_minute"]).groupby(first["vehicle"]).median()
    assert late.abs().median() < 8
    assert late.abs().quantile(0.95) < 25


def test_couples_share_a_household_and_convoys_do_not(dense):
    truth = dense.truth
    household = truth.vehicles.set_index("vehicle")["household"]
    pairs = truth.companions
    same = household[pairs["vehicle_a"]].to_numpy() == household[pairs["vehicle_b"]].to_numpy()
    assert (same == (pairs["kind"] == "couple")).all()
    assert set(pairs["kind"]) == {"couple", "convoy"}
    assert not pairs.duplicated(["vehicle_a", "vehicle_b"]).any()


def test_journeys_are_trips_that_both_made(dense):
    """Count joint trips again from the trips: same ends, same speed, one just behind the other."""
    truth = dense.truth
    trips = truth.trips.assign(lasts=truth.trips["ended_at"] - truth.trips["started_at"])
    same = ["origin_lat", "origin_lon", "destination_lat", "destination_lon", "lasts"]
    # A way that passes no junction lasts the same every day, so two of them can agree by chance.
    trips["fixed"] = trips.duplicated(["vehicle", *same], keep=False)
    by_vehicle = dict(list(trips.groupby("vehicle")))
    found = 0
    for pair in truth.companions.itertuples():
        both = by_vehicle[pair.vehicle_a].merge(by_vehicle[pair.vehicle_b], on=same)
        apart = (both["started_at_x"] - both["started_at_y"]).abs()
        together = both[apart <= pd.Timedelta("75s")]
        varied = ~(together["fixed_x"] | together["fixed_y"]) & (
            together["lasts"] > pd.Timedelta("61s")
        )
        assert varied.sum() <= pair.journeys <= len(together)
        found += len(together)
    # Chance adds hardly anything, so the counts are those of the journeys.
    assert found <= 1.01 * truth.companions["journeys"].sum()


def test_nobody_travels_together_in_the_region_for_the_null():
    assert len(make_region(vehicles=400, days=14, seed=2, difficulty="alone").truth.companions) == 0


def test_keys_rename_all_tables(dense):
    truth = dense.truth
    other = truth.with_key(b"another key")
    assert not set(other.vehicles["vehicle"]) & set(truth.vehicles["vehicle"])
    renamed = dict(zip(truth.vehicles["vehicle"], other.vehicles["vehicle"], strict=True))
    for table, name in (("trips", "vehicle"), ("visits", "vehicle"), ("companions", "vehicle_b")):
        before, after = getattr(truth, table)[name], getattr(other, table)[name]
        assert after.tolist() == [renamed[vehicle] for vehicle in before]
    plate = truth.vehicles["plate"].iloc[5]
    assert other.vehicle_of(plate.lower().replace(" ", "-")) == other.vehicles["vehicle"].iloc[5]


def test_companions_are_the_same_however_many_trips_are_held_at_once(dense, monkeypatch):
    monkeypatch.setattr(truth_module, "GROUPED", 7)
    by_few = truth_module.TruthWriter(dense.scene).companions
    pd.testing.assert_frame_equal(by_few, dense.truth.companions)
    assert len(by_few) > 20
