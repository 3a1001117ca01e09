"""Places: homes and works of hand-made lives, and the kernels that gather stays into places."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analyzer.array_sightings import from_arrays
from analyzer.cameras import haversine_m
from analyzer.patterns.anchors import merge_clusters, nearest_place
from analyzer.patterns.places import find_places
from analyzer.patterns.plane import camera_plane
from analyzer.patterns.roles import choose_homes, choose_works
from analyzer.patterns.trips import find_trips

from . import lives


def places_of(life):
    return find_places(find_trips(lives.sightings_of([life]))).to_pandas()


def one(table, role):
    rows = table[table["role"] == role]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_day_worker_lives_where_nights_lie_and_works_where_days_recur():
    table = places_of(lives.day_worker())
    home, work = one(table, "home"), one(table, "work")
    assert haversine_m(home["lat"], home["lon"], 41.2, 69.2) < home["radius_m"]
    assert haversine_m(work["lat"], work["lon"], 41.5, 69.2) < work["radius_m"]
    assert home["days"] == 27
    assert work["days"] == 20
    assert home["hours"] > 2 * work["hours"]


def test_a_night_worker_is_not_turned_round():
    table = places_of(lives.night_worker())
    home = one(table, "home")
    assert haversine_m(home["lat"], home["lon"], 41.2, 69.2) < home["radius_m"]


def test_a_taxi_driver_has_a_home_and_no_work():
    table = places_of(lives.taxi_driver())
    assert haversine_m(*one(table, "home")[["lat", "lon"]], 41.2, 69.2) < 6_000
    assert not (table["role"] == "work").any()


def test_hours_are_those_of_the_wall():
    # The same instants read in another zone: nights become days there, so home and work change.
    sightings = lives.sightings_of([lives.day_worker()], utc_offset_h=5 - 12)
    table = find_places(find_trips(sightings)).to_pandas()
    work_then = 41.5
    assert (
        haversine_m(*one(table, "home")[["lat", "lon"]], work_then, 69.2) > 10_000
        or not (table["role"] == "work").any()
    )


def test_two_days_are_too_little():
    table = places_of(lives.drive(0, 8, [0, 6]) + lives.drive(0, 17, [6, 0]))
    assert not table["role"].isin(["home", "work"]).any()


def test_cameras_without_positions_give_places_without_positions():
    life = lives.day_worker()
    sightings = from_arrays(
        np.zeros(len(life), int),
        np.array([int(time) for time, _ in life]),
        np.array([camera for _, camera in life]),
        timezone="UTC",
    )
    table = find_places(find_trips(sightings)).to_pandas()
    assert sorted(table["role"]) == ["home", "work"]
    assert table[["lat", "lon", "radius_m"]].isna().all().all()


def test_columns_and_bounds():
    table = places_of(lives.day_worker())
    assert table.columns.tolist() == [
        "vehicle",
        "place",
        "role",
        "lat",
        "lon",
        "radius_m",
        "days",
        "hours",
        "confidence",
    ]
    assert table["confidence"][table["role"] != "other"].between(0, 1).all()
    assert table["confidence"][table["role"] == "other"].isna().all()
    assert (table["radius_m"] > 0).all()


def test_parts_do_not_change_places():
    sightings = lives.sightings_of(lives.everybody() * 4)
    whole = find_places(find_trips(sightings)).to_pandas()
    assert whole.equals(find_places(find_trips(sightings.with_parts(7))).to_pandas())
    assert set(whole["vehicle"]) == {f"v{code}" for code in range(16)}


def test_summary_counts_the_unknown():
    sightings = lives.sightings_of([lives.day_worker(), lives.drive(0, 8, [0])])
    summary = find_places(find_trips(sightings)).summary()
    assert "A home was found for 1 of 2 vehicles (50 %)" in summary


def merge_by_hand(vehicles, points, scale, reach):
    founders, numbers = {}, []
    for vehicle, point, size, far in zip(vehicles, points, scale, reach, strict=True):
        known = founders.setdefault(vehicle, [])
        options = [
            (np.linalg.norm(point - other) / ((size + other_size) / 2), k)
            for k, (other, other_size, other_far) in enumerate(known)
        ]
        near = [option for option in options if option[0] <= min(far, known[option[1]][2])]
        if near:
            numbers.append(min(near)[1])
        else:
            numbers.append(len(known))
            known.append((point, size, far))
    return numbers, founders


@pytest.mark.parametrize("seed", range(15))
def test_merging_and_the_nearest_place_by_hand(seed):
    random = np.random.default_rng(seed)
    vehicle = np.sort(random.integers(0, 6, 40))
    points = random.uniform(0, 5_000, (40, 2))
    scale = random.uniform(500, 2_000, 40)
    reach = random.uniform(0.2, 1.2, 40)
    numbers, founders = merge_by_hand(vehicle.tolist(), points, scale, reach)
    x, y = np.ascontiguousarray(points.T)
    assert merge_clusters(vehicle, x, y, scale, reach).tolist() == numbers

    stays = np.sort(random.integers(0, 8, 60))
    at, size = random.uniform(0, 5_000, (60, 2)), random.uniform(500, 2_000, 60)
    expected = []
    for who, point, own in zip(stays.tolist(), at, size, strict=True):
        options = [
            (np.linalg.norm(point - other) / ((own + other_size) / 2), k)
            for k, (other, other_size, _) in enumerate(founders.get(who, []))
        ]
        expected.append(min([o for o in options if o[0] <= 0.8], default=(0, -1))[1])
    flat = [(v, *p, s) for v in sorted(founders) for p, s, _ in founders[v]]
    place_vehicle, place_x, place_y, place_scale = (np.array(c) for c in zip(*flat, strict=True))
    spots = (place_vehicle, place_x, place_y, place_scale)
    found = nearest_place(stays, at[:, 0].copy(), at[:, 1].copy(), size, *spots, 0.8)
    assert found.tolist() == expected


def test_the_plane_keeps_distances_and_comes_back():
    table = pd.DataFrame({"lat": [41.2, 41.5, np.nan], "lon": [69.0, 69.6, np.nan]})
    plane = camera_plane(table)
    metres = np.hypot(plane.x[0] - plane.x[1], plane.y[0] - plane.y[1])
    assert metres == pytest.approx(haversine_m(41.2, 69.0, 41.5, 69.6), rel=2e-3)
    lat, lon = plane.to_degrees(plane.x[:2], plane.y[:2])
    assert lat == pytest.approx([41.2, 41.5])
    assert lon == pytest.approx([69.0, 69.6])
    assert plane.placed.tolist() == [True, True, False]
    assert np.hypot(plane.x[2] - plane.x[0], plane.y[2] - plane.y[0]) > 1e8


def test_cameras_of_one_site_do_not_make_it_dense():
    plane = camera_plane(pd.DataFrame({"lat": [41.0, 41.001, 41.1, 41.3], "lon": 69.0}))
    assert plane.site[0] == plane.site[1]
    assert plane.spacing[:2] == pytest.approx([11_064, 11_064], abs=5)
    assert plane.spacing[2:] == pytest.approx([11_064, 22_239], abs=5)


def test_a_guess_lies_beyond_the_last_camera_in_the_direction_of_travel():
    plane = camera_plane(pd.DataFrame({"lat": [41.0, 41.1, np.nan], "lon": [69.0, 69.0, np.nan]}))
    x, y, scale = plane.beyond(np.array([1, 0, 1, 0]), np.array([0, 1, 2, -1]))
    assert x == pytest.approx([0, 0, 0, 0], abs=1e-6)
    spacing = plane.spacing[0]
    assert y - plane.y[[1, 0, 1, 0]] == pytest.approx([0.7 * spacing, -0.7 * spacing, 0, 0])
    assert scale == pytest.approx([spacing] * 4)


def roles_of(hours, nights, workdays, spot=(True, True), by_home=(False, False)):
    evidence = {
        "vehicle": np.zeros(2, int),
        "weekdays": np.full(2, 20),
        "days": np.full(2, 28),
        "stays": np.full(2, 20.0),
        "hours": np.array(hours),
        "nights": np.array(nights),
        "workdays": np.array(workdays),
    }
    spot, roles = np.array(spot), np.array(["other", "other"])
    homes = choose_homes(evidence, spot)
    roles[homes] = "home"
    roles[choose_works(evidence, spot & (roles != "home"), np.array(by_home))] = "work"
    return roles.tolist()


def test_roles_go_by_hours_and_need_evidence():
    assert roles_of([300.0, 160], [20, 0], [2, 20]) == ["home", "work"]
    # Five nights a week at work, but more hours at home.
    assert roles_of([200.0, 300], [20, 8], [20, 15]) == ["work", "home"]
    # Scattered stays are no place.
    assert roles_of([300.0, 160], [20, 0], [2, 20], spot=(True, False)) == ["home", "other"]
    assert roles_of([300.0, 160], [20, 0], [2, 4]) == ["home", "other"]
    assert roles_of([300.0, 160], [1, 0], [2, 20]) == ["other", "work"]
    # Four nights in twenty-eight days are too few.
    assert roles_of([300.0, 160], [4, 0], [2, 20]) == ["other", "work"]
    assert roles_of([300.0, 160], [5, 0], [2, 20]) == ["home", "work"]
    # Long days next to home are work, short ones are days at home.
    assert roles_of([300.0, 160], [20, 0], [2, 20], by_home=(True, True)) == ["home", "work"]
    assert roles_of([300.0, 90], [20, 0], [2, 20], by_home=(True, True)) == ["home", "other"]


def test_a_night_worker_works_by_night():
    table = places_of(lives.night_worker())
    work = one(table, "work")
    assert haversine_m(work["lat"], work["lon"], 41.5, 69.2) < work["radius_m"]
