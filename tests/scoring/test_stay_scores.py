"""Habits held against true trips: where vehicles truly were during the stays that were found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.errors import InputError
from analyzer.scoring import reliability, score_by_kind, score_commutes, score_places
from analyzer.scoring.stays import true_positions

HOME, WORK = (41.0, 69.0), (41.2, 69.0)
DAY = pd.Timedelta("1D")


def at(text):
    return pd.Timestamp(text, tz="Asia/Tashkent")


class Life:
    """One week of a worker, and of one who stays at home."""

    vehicles = pd.DataFrame(
        {
            "vehicle": ["a", "b"],
            "kind": ["commuter", "pensioner"],
            "home_lat": 41.0,
            "home_lon": 69.0,
            "work_lat": [41.2, np.nan],
            "work_lon": [69.0, np.nan],
            "has_commute": [True, False],
            "leave_home_minute": [480.0, np.nan],
            "leave_work_minute": [1080.0, np.nan],
        }
    )

    @property
    def trips(self):
        rows = []
        for day in range(5):
            for hour, there in ((8, WORK), (18, HOME)):
                start = at("2026-03-02") + day * DAY + pd.Timedelta(hours=hour)
                rows.append(("a", start, start + pd.Timedelta("30min"), *there))
        names = ["vehicle", "started_at", "ended_at", "destination_lat", "destination_lon"]
        return pd.DataFrame(rows, columns=names)


def found_stays(shift="0min"):
    rows = []
    for day in range(4):
        morning = at("2026-03-02 08:10") + day * DAY
        rows.append(("a", 1, "work", morning + pd.Timedelta("15min"), morning.replace(hour=18)))
        rows.append(("a", 0, "home", morning.replace(hour=18, minute=25), morning + DAY))
    stays = pd.DataFrame(rows, columns=["vehicle", "place", "role", "started_at", "ended_at"])
    for name in ("started_at", "ended_at"):
        stays[name] += pd.Timedelta(shift)
    return stays


def test_positions_are_those_of_the_longest_true_stay():
    lat, lon = true_positions(found_stays(), Life().trips)
    assert lat.tolist() == [41.2, 41.0] * 4
    assert lon.tolist() == [69.0] * 8
    moved, _ = true_positions(found_stays("9h"), Life().trips)
    assert moved[0] == 41.0
    unknown, _ = true_positions(found_stays().assign(vehicle="x"), Life().trips)
    assert np.isnan(unknown).all()


def test_positions_by_hand_on_random_trips():
    random = np.random.default_rng(4)
    trips, stays = [], []
    start = at("2026-03-02")
    for vehicle in "abc":
        minutes = np.sort(random.choice(20_000, 60, replace=False))
        for first, last in minutes.reshape(-1, 2):
            end = start + pd.Timedelta(minutes=int(last))
            trips.append((vehicle, start + pd.Timedelta(minutes=int(first)), end, len(trips), 0.0))
        for first, last in np.sort(random.choice(20_000, (15, 2), replace=False), axis=1):
            stays.append((vehicle, *(start + pd.Timedelta(minutes=int(m)) for m in (first, last))))
    names = ["vehicle", "started_at", "ended_at", "destination_lat", "destination_lon"]
    trips = pd.DataFrame(trips, columns=names)
    stays = pd.DataFrame(stays, columns=names[:3])
    found, _ = true_positions(stays, trips)
    slack = pd.Timedelta("5min")
    for stay, lat in zip(stays.itertuples(), found.tolist(), strict=True):
        of = trips[trips["vehicle"] == stay.vehicle]
        arrived, left = of["ended_at"], of["started_at"].shift(-1)
        left = left.fillna(trips["ended_at"].max() + 99 * DAY)
        inside = (arrived < stay.ended_at + slack) & (left > stay.started_at - slack)
        spent = (left.clip(upper=stay.ended_at) - arrived.clip(lower=stay.started_at))[inside]
        spent = spent[spent > pd.Timedelta(0)]
        if len(spent):
            assert lat == of.loc[spent.idxmax(), "destination_lat"]
        else:
            assert np.isnan(lat)


def test_a_truth_without_positions_is_refused():
    with pytest.raises(InputError, match="destination_lat"):
        true_positions(found_stays(), Life().trips.drop(columns="destination_lat"))


def found_commute(work_lat):
    return pd.DataFrame(
        {
            "vehicle": ["a"], "home_lat": 41.0, "home_lon": 69.0, "home_radius_m": 500.0,
            "work_lat": work_lat, "work_lon": 69.0, "work_radius_m": 500.0,
            "outbound_minute": 490.0, "return_minute": 1090.0,
        }
    )  # fmt: skip


def test_a_habit_is_right_though_the_place_on_the_map_is_not():
    seen = pd.Index(["a", "b"])
    off = score_commutes(found_commute(41.5), Life(), seen, found_stays())
    assert (off["f1"].value, off["habit_f1"].value) == (0.0, 1.0)
    # Home and work turned round: the map is wrong, and so is the habit.
    turned = found_stays().assign(role=["home", "work"] * 4)
    score = score_commutes(found_commute(41.2), Life(), seen, turned)
    assert (score["f1"].value, score["habit_f1"].value) == (1.0, 0.0)
    assert "habit_f1" not in score_commutes(found_commute(41.2), Life(), seen).figures


def test_roles_are_held_against_the_truth_and_so_is_confidence():
    places = pd.DataFrame(
        {
            "vehicle": ["a", "a", "b"], "role": ["home", "work", "home"], "lat": 41.9, "lon": 69.0,
            "radius_m": 500.0, "confidence": [0.95, 0.95, 0.15],
        }
    )  # fmt: skip
    score = score_places(places, Life(), pd.Index(["a", "b"]), found_stays())
    assert score["home_role_right"].value == 0.5
    assert score["work_role_right"].value == 1.0
    assert score["home_in_radius"].value == 0.0
    assert reliability(score.cases)["right"].tolist() == [0.0, 1.0]


def test_kinds_are_scored_apart():
    score = score_commutes(found_commute(41.2), Life(), pd.Index(["a", "b"]), found_stays())
    kinds = Life().vehicles.set_index("vehicle")["kind"]
    table = score_by_kind(score, kinds, right="habit").set_index("kind")
    assert table.loc["commuter", "right"].value == 1.0
    assert (table.loc["pensioner", "invented"].value, table.loc["pensioner", "found"].n) == (0.0, 0)
