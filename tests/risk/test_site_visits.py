"""Plausible sites: against the definition written out for one stay and one site at a time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import InputError
from analyzer.patterns.plane import camera_plane
from analyzer.risk.site_visits import (
    LEAST_DAYS,
    Guesses,
    count_exposed_of_part,
    guess_stays,
    move_sites,
    place_sites,
    plausible_categories,
    spread_sites,
)
from analyzer.risk.sites import read_sites

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def random_sites(rng, n, plane):
    lat, lon = plane.to_degrees(rng.uniform(-6_000, 6_000, n), rng.uniform(-6_000, 6_000, n))
    return read_sites(
        pd.DataFrame(
            {
                "lat": lat,
                "lon": lon,
                "category": rng.choice(["a", "b", "c"], n),
                "radius_m": rng.choice([0, 200, 900], n),
                "days": rng.choice(["", "Fri", "Sat Sun", "Mon-Thu"], n),
                "hours": rng.choice(["", "08:00-12:00", "11:00-15:30"], n),
                "min_minutes": rng.choice([10, 45], n),
                "max_minutes": rng.choice([60, 180], n),
            }
        )
    )


def random_guesses(rng, n):
    start = rng.integers(0, 14 * DAY, n)
    return Guesses(
        *rng.uniform(-6_000, 6_000, (2, n)),
        rng.uniform(300, 4_000, n),
        *rng.uniform(-7_000, 7_000, (4, n)),
        start,
        start + rng.integers(5 * MINUTE, 6 * HOUR, n),
        rng.choice([0.0, 0.3, 1.0], n),
    )


def plausible_by_definition(guess, sites, x, y):
    """One stay: weigh every site, add the alternatives, compare."""
    gx, gy, scale, fx, fy, tx, ty, start, end, own = guess
    middle = start + (end - start) // 2
    weekday, hour = (middle // DAY + 3) % 7, middle % DAY
    weights = dict.fromkeys(range(len(sites.categories)), 0.0)
    for s in range(len(sites)):

        def to(px, py, s=s):
            return max(0.0, math.hypot(x[s] - px, y[s] - py) - sites.radius_m[s])

        way = to(fx, fy) + to(tx, ty)
        metres_per_minute = {"fast": 70_000 / 60, "slow": 12_000 / 60}
        most = (end - start) / MINUTE - way / metres_per_minute["fast"]
        least = (end - start) / MINUTE - way / metres_per_minute["slow"]
        if most < sites.shortest[s] / MINUTE or least > sites.longest[s] / MINUTE:
            continue
        if not (sites.weekdays[s] >> weekday & 1 and sites.opens[s] <= hour < sites.closes[s]):
            continue
        d = to(gx, gy) / scale
        if d <= 2.5:
            weights[sites.category[s]] += math.exp(-d * d / 2)
    everything = sum(weights.values()) + own + math.exp(-1 / 2)
    return [2 * weight >= everything for weight in weights.values()]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_plausible_is_what_the_definition_says(seed):
    rng = np.random.default_rng(seed)
    plane = camera_plane(pd.DataFrame({"lat": [41.3, 41.35], "lon": [69.2, 69.25]}))
    sites = random_sites(rng, 12, plane)
    x, y = place_sites(sites, plane)
    guesses = random_guesses(rng, 40)
    found = plausible_categories(guesses, spread_sites(sites, x, y), len(sites.categories))
    expected = [
        plausible_by_definition([column[i] for column in guesses], sites, x, y) for i in range(40)
    ]
    assert found.tolist() == expected


def test_there_are_plausible_and_implausible_ones():
    # Else the comparison above would compare nothing.
    rng = np.random.default_rng(1)
    plane = camera_plane(pd.DataFrame({"lat": [41.3, 41.35], "lon": [69.2, 69.25]}))
    sites = random_sites(rng, 12, plane)
    spread = spread_sites(sites, *place_sites(sites, plane))
    found = plausible_categories(random_guesses(rng, 2_000), spread, 3)
    assert 20 < found.sum() < 1_000


def line_of_cameras(n=6):
    return pd.DataFrame({"lat": 41.3 + 0.02 * np.arange(n), "lon": np.full(n, 69.2)})


def stays_of(rows):
    """Rows (vehicle, day, hour, minutes, arrival, departure); none at home or work."""
    vehicle, day, hour, minutes, arrival, departure = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    start = day * DAY + hour * HOUR
    none = np.full(len(vehicle), -1, np.int32)
    return {
        "vehicle": vehicle.astype(np.int32),
        "local_start": start,
        "local_end": start + minutes * MINUTE,
        "arrival": arrival.astype(np.int32),
        "departure": departure.astype(np.int32),
        "arrival_via": none,
        "departure_via": none,
        "place": none,
        "role": np.zeros(len(vehicle), np.int8),
    }


def count(rows, sites, cameras=None):
    plane = camera_plane(line_of_cameras() if cameras is None else cameras)
    spread = spread_sites(sites, *place_sites(sites, plane))
    shared = {"plane": plane, "draws": [spread], "categories": len(sites.categories)}
    found = count_exposed_of_part(stays_of(rows), shared)
    assert set(found) == {"vehicles"}
    return found["vehicles"].reshape(len(LEAST_DAYS), len(sites.categories)).tolist()


BY_CAMERA_2 = read_sites(pd.DataFrame({"lat": [41.34], "lon": [69.2], "category": ["medical"]}))


def test_vehicles_are_counted_once_and_by_days():
    visits = [(0, 0, 10, 60, 2, 2), (0, 0, 14, 60, 2, 2), (1, 0, 10, 60, 2, 2)]
    assert count(visits, BY_CAMERA_2) == [[2], [0]]
    visits += [(1, 3, 10, 60, 2, 2), (1, 9, 10, 60, 2, 2)]
    assert count(visits, BY_CAMERA_2) == [[2], [1]]


@pytest.mark.parametrize(
    ("stay", "exposed"),
    [
        ((0, 0, 10, 60, 2, 2), 1),
        ((0, 0, 10, 15, 2, 2), 0),  # too short to stay
        ((0, 0, 10, 60 * 9, 2, 2), 0),  # too long for a visit
        ((0, 0, 10, 60, 5, 5), 0),  # at another camera
        ((0, 0, 10, 60, 0, 5), 0),  # the ends tell different spots
    ],
)
def test_what_makes_a_stay_a_visit(stay, exposed):
    assert count([stay], BY_CAMERA_2)[0] == [exposed]


def test_other_sites_are_alternatives():
    beside = pd.DataFrame(
        {"lat": [41.34] * 4, "lon": [69.2] * 4, "category": ["medical", "x", "y", "z"]}
    )
    assert count([(0, 0, 10, 60, 2, 2)], read_sites(beside))[0] == [0, 0, 0, 0]


def test_home_is_an_alternative():
    stays = stays_of([(0, day, 10, 60, 2, 2) for day in range(5)])
    plane = camera_plane(line_of_cameras())
    spread = spread_sites(BY_CAMERA_2, *place_sites(BY_CAMERA_2, plane))
    _, guesses = guess_stays(stays, plane, int(spread.longest.max()))
    assert plausible_categories(guesses, spread, 1).all()
    stays["place"][:], stays["role"][:] = 0, 1
    _, guesses = guess_stays(stays, plane, int(spread.longest.max()))
    assert (guesses.own == 1).all()
    assert not plausible_categories(guesses, spread, 1).any()


def test_cameras_without_position_tell_nothing():
    cameras = line_of_cameras()
    cameras.loc[2, ["lat", "lon"]] = np.nan
    assert count([(0, 0, 10, 60, 2, 2)], BY_CAMERA_2, cameras) == [[0], [0]]
    with pytest.raises(InputError, match="no camera has a position"):
        count([(0, 0, 10, 60, 2, 2)], BY_CAMERA_2, cameras * np.nan)


def test_swapped_and_distant_sites_are_refused():
    swapped = pd.DataFrame({"lat": [69.2], "lon": [41.34], "category": ["medical"]})
    with pytest.raises(InputError, match="lat and lon are swapped"):
        count([(0, 0, 10, 60, 2, 2)], read_sites(swapped))
    with pytest.raises(InputError, match="of the region"):
        count([(0, 0, 10, 60, 2, 2)], read_sites(swapped.assign(lat=5.0)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000), st.integers(0, 50))
def test_moved_sites_keep_their_distance_from_a_camera(seed, draw):
    rng = np.random.default_rng(7)
    plane = camera_plane(line_of_cameras())
    sites = random_sites(rng, 9, plane)
    x, y = place_sites(sites, plane)
    moved = move_sites(x, y, plane, seed, draw)
    to_cameras = np.hypot(moved[0][:, None] - plane.x, moved[1][:, None] - plane.y)
    kept = np.hypot(x[:, None] - plane.x, y[:, None] - plane.y).min(axis=1)
    assert np.abs(to_cameras - kept[:, None]).min(axis=1).max() < 1e-6
    again = move_sites(x, y, plane, seed, draw)
    assert np.array_equal(moved, again)
    assert not np.allclose(moved[0], move_sites(x, y, plane, seed, draw + 1)[0])


def test_moves_are_uniform_over_cameras_and_directions():
    plane = camera_plane(line_of_cameras())
    x, y = np.zeros(600), np.full(600, 300.0)
    moved = np.array([move_sites(x, y, plane, 0, draw) for draw in range(10)])
    gaps = np.hypot(moved[:, 0, :, None] - plane.x, moved[:, 1, :, None] - plane.y)
    counts = np.bincount(gaps.argmin(axis=2).ravel(), minlength=6)
    # 6,000 moves over six cameras: 1,000 each, standard deviation 29.
    assert np.abs(counts - 1_000).max() < 120
