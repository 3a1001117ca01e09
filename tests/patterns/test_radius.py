"""Radii where cameras are few or watch some towns only, and how far it is to the next site on."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.patterns.ahead import AHEAD_M, SECTORS, nearest_ahead
from analyzer.patterns.places import find_places
from analyzer.patterns.plane import camera_plane
from analyzer.patterns.radius import MOST_M
from analyzer.patterns.trips import find_trips
from analyzer.scoring.truth import distance_m
from analyzer.synthetic import make_region

POINT = st.tuples(st.integers(-90, 90), st.integers(-90, 90))


@given(st.lists(POINT, unique=True, min_size=1, max_size=8))
def test_the_next_site_is_the_nearest_within_45_degrees(points):
    x, y = (np.array(along, float) * 1_000 for along in zip(*points, strict=True))
    found = nearest_ahead(x, y, 500.0)
    for i in range(len(x)):
        for sector in range(SECTORS):
            towards = np.array([math.cos(math.tau * sector / SECTORS),
                                math.sin(math.tau * sector / SECTORS)])  # fmt: skip
            distances = [AHEAD_M]
            for j in range(len(x)):
                step = np.array([x[j] - x[i], y[j] - y[i]])
                length = float(np.hypot(*step))
                # The cosine of 45 degrees, with room for rounding on the very edge.
                if length and step @ towards / length >= math.sqrt(0.5) - 1e-9:
                    distances.append(length)
            assert found[i, sector] == pytest.approx(min(distances))


def grid(side: int, step_km: float) -> pd.DataFrame:
    north, east = np.divmod(np.arange(side * side), side)
    return pd.DataFrame(
        {"lat": 41 + north * step_km / 111.2, "lon": 69 + east * step_km / (111.2 * 0.7547)}
    )


@pytest.mark.parametrize(
    ("cameras", "narrow"),
    [
        (grid(1, 1), True),
        (grid(4, 10), True),  # sixteen sites are few, wherever they stand
        (grid(6, 1), True),  # one town
        (pd.concat([grid(5, 1), grid(5, 1) + 2.0]), True),  # two towns
        (grid(6, 12), False),
        (grid(12, 4), False),
    ],
)
def test_a_few_sites_and_single_towns_are_narrow(cameras, narrow):
    assert camera_plane(cameras.reset_index(drop=True)).narrow is narrow


@pytest.fixture(scope="module")
def region():
    return make_region(vehicles=1_200, days=28, seed=23)


def watched_by(region, kept):
    """Keep the sightings of some zones."""
    table = region.sightings.camera_table
    watched = table["zone"].isin(kept).to_numpy()
    rows = [part.load() for part in region.sightings.parts()]
    vehicle, seen_at, camera = (
        np.concatenate([part[name] for part in rows]) for name in ("vehicle", "seen_at", "camera")
    )
    of, code = watched[camera], np.cumsum(watched) - 1
    return from_arrays(
        vehicle[of], seen_at[of], code[camera[of]], timezone="Asia/Tashkent",
        cameras=table.loc[watched, ["name", "lat", "lon"]].reset_index(drop=True),
        vehicles=region.sightings.vehicle_names(np.arange(region.sightings.n_codes)),
    )  # fmt: skip


def tiny_layouts(region):
    """Zones of two, three and eight sites, of a town's middle, and of two towns far apart."""
    zones = region.sightings.camera_table.groupby("zone")[["lat", "lon"]].mean()
    random = np.random.default_rng(5)
    for count in (2, 3, 8, 14):
        yield random.choice(zones.index, count, replace=False)
    apart = distance_m(
        *(zones[axis].to_numpy()[:, None] for axis in ("lat", "lon")),
        *(zones[axis].to_numpy() for axis in ("lat", "lon")),
    )
    middle = int(np.argmin(np.median(apart, axis=1)))
    far = int(np.argmax(apart[middle]))
    for sizes in ((10, 0), (30, 0), (1, 1), (4, 4), (12, 6)):
        near = [np.argsort(apart[at])[:size] for at, size in zip((middle, far), sizes, strict=True)]
        yield zones.index[np.concatenate(near)]


def test_radii_hold_nine_in_ten_in_tiny_layouts_and_none_is_wider_than_a_place(region):
    truth = region.truth.vehicles.set_index("vehicle")
    held = {"home": [], "work": []}
    for zones in tiny_layouts(region):
        places = find_places(find_trips(watched_by(region, zones)))
        assert places.trips.plane.narrow
        table = places.to_pandas()
        unknown = table["radius_m"].isna()
        assert (table["radius_m"][~unknown] <= MOST_M).all()
        assert table.loc[unknown, ["lat", "lon"]].isna().all(axis=None)
        for role, within in held.items():
            of = table[(table["role"] == role) & ~unknown]
            true = truth.reindex(of["vehicle"])
            error = distance_m(of["lat"], of["lon"], true[f"{role}_lat"], true[f"{role}_lon"])
            exists = ~np.isnan(error)
            within.extend((error <= of["radius_m"].to_numpy())[exists])
    for role, within in held.items():
        assert len(within) > 1_000, role
        assert np.mean(within) == pytest.approx(0.9, abs=0.05), role
