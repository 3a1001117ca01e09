"""The oracle: what it is given, and that no finder does better than it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.scoring import score_oracle
from analyzer.scoring.oracle import seen_trips
from analyzer.scoring.routines import true_routines
from analyzer.synthetic import make_region


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=400, days=21, seed=8)


@pytest.fixture(scope="module")
def places(region):
    return find_places(find_trips(region.sightings))


def test_sightings_belong_to_the_trip_in_whose_time_they_were_made(region):
    plane = find_trips(region.sightings).plane
    trips = seen_trips(region.sightings, region.truth.trips, plane)
    rows = region.sightings.to_pandas()
    for vehicle in region.truth.vehicles["vehicle"][:12]:
        of, seen = trips[trips["vehicle"] == vehicle], rows[rows["vehicle"] == vehicle]
        slack = pd.Timedelta("5min")
        for trip in of.itertuples():
            inside = seen["seen_at"].between(trip.started_at, trip.ended_at)
            near = seen["seen_at"].between(trip.started_at - slack, trip.ended_at + slack)
            assert inside.any() <= trip.seen <= near.any()
            if trip.seen:
                cameras = region.sightings.camera_names(np.array([trip.first, trip.last]))
                assert set(cameras) <= set(seen.loc[near, "camera"])


def test_no_finder_does_better(region, places):
    routines = find_routines(places.trips, places)
    commutes = find_commutes(routines, places).score(region.truth)
    of_places, of_commutes = score_oracle(region.sightings, region.truth)
    named, exists = (int(of_commutes.cases[name].sum()) for name in ("named", "exists"))
    assert commutes["habit_recall"].value <= named / exists
    assert commutes["habit_recall"].value > 0.8 * named / exists
    assert of_places["home_found"].value > places.score(region.truth)["home_found"].value
    assert (of_commutes.cases["named"] <= of_commutes.cases["exists"]).all()


def test_routines_of_the_truth_come_out(region, places):
    score = find_routines(places.trips, places).score(region.truth)
    assert score["precision"].value > 0.7
    assert score["recall_often"].value > score["recall"].value
    assert score["minute_error_min"].value < 20
    assert "Routines, held against the truth" in score.summary()


def test_true_routines_by_hand():
    start = pd.Timestamp("2026-03-02 23:50", tz="Asia/Tashkent")
    rows = []
    for day, minutes in enumerate((0, 20, -10, 400)):
        begin = start + pd.Timedelta(days=2 * day, minutes=minutes)
        # A stop of ten minutes is on the way.
        stop = begin + pd.Timedelta("30min")
        rows += [
            ("a", begin, begin + pd.Timedelta("20min"), 41.0, 69.0, 41.1, 69.0),
            ("a", stop, stop + pd.Timedelta("20min"), 41.1, 69.0, 41.2, 69.0),
        ]
    names = ["vehicle", "started_at", "ended_at", "origin_lat", "origin_lon"]
    trips = pd.DataFrame(rows, columns=[*names, "destination_lat", "destination_lon"])
    found = true_routines(trips)
    # Across midnight, and without the one that left in the morning.
    assert found[["destination_lat", "minute", "days"]].values.tolist() == [[41.2, 1430.0, 3.0]]
