"""Camera load and sighting counts against counting by hand."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.array_sightings import from_arrays
from analyzer.patterns.camera_load import measure_camera_load
from analyzer.patterns.sighting_counts import measure_sighting_counts

CAMERAS = pd.DataFrame(
    {
        "name": [f"c{i}" for i in range(6)],
        "lat": [41.0, 41.001, 41.2, 41.2005, 41.5, np.nan],
        "lon": [69.0, 69.0, 69.1, 69.1, 69.2, np.nan],
    }
)

sighting_lists = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 10**8), st.integers(0, 5)), min_size=1, max_size=60
)


def sightings_of(rows):
    vehicle, seen_at, camera = map(np.array, zip(*rows, strict=True))
    return from_arrays(vehicle, seen_at, camera, cameras=CAMERAS)


@settings(max_examples=25, deadline=None)
@given(sighting_lists)
def test_load_is_what_counting_by_hand_gives(rows):
    sightings = sightings_of(rows)
    zone_of = sightings.camera_table["zone"].tolist()
    seen, vehicles = Counter(), defaultdict(set)
    for vehicle, _, camera in rows:
        seen[zone_of[camera]] += 1
        vehicles[zone_of[camera]].add(vehicle)
    load = measure_camera_load(sightings.with_parts(3)).set_index("zone")
    assert {z: n for z, n in load["sightings"].items() if n} == dict(seen)
    assert {z: n for z, n in load["vehicles"].items() if n} == {
        z: len(v) for z, v in vehicles.items()
    }
    assert load["cameras"].sum() == len(CAMERAS)


@settings(max_examples=25, deadline=None)
@given(sighting_lists)
def test_counts_are_what_counting_by_hand_gives(rows):
    per_vehicle = Counter(vehicle for vehicle, _, _ in rows)
    table = measure_sighting_counts(sightings_of(rows).with_parts(3)).set_index("seen")
    classes = {"once": (1, 1), "2–4 times": (2, 4), "5–9 times": (5, 9), "10–19 times": (10, 19)}
    for name, (low, high) in classes.items():
        inside = [n for n in per_vehicle.values() if low <= n <= high]
        assert table.loc[name, "vehicles"] == len(inside)
        assert table.loc[name, "sightings"] == sum(inside)
    assert table["sightings"].sum() == len(rows)
