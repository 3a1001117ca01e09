"""Small random populations that are full of ties, clock changes and near misses."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from analyzer.array_sightings import from_arrays

HOUR = 3_600_000
DAY = 24 * HOUR

# In 2025 clocks went forward in New York on 9 March, and back on 2 November.
SPRING = int(datetime(2025, 3, 3, 5, tzinfo=UTC).timestamp() * 1000)
AUTUMN = int(datetime(2025, 10, 29, 4, tzinfo=UTC).timestamp() * 1000)

CAMERAS = [
    (41.300, 69.20, "a"),
    (41.301, 69.20, "a"),
    (41.320, 69.21, "b"),
    (41.350, 69.25, "b"),
    (41.351, 69.26, "c"),
    (float("nan"), float("nan"), "c"),
]


def random_rows(rng, *, start=SPRING, days=10, vehicles=14, most=14, step=15 * 60_000, busy=1.0):
    """Rows (vehicle, ms, camera) on a coarse raster of time, so that many points coincide."""
    rows = []
    for vehicle in range(vehicles):
        # A few habits each, shared between vehicles, so that some hold all points of another.
        habits = rng.integers(0, 6, size=3), rng.integers(0, days * DAY // step, size=5)
        for _ in range(int(rng.integers(1, most + 1))):
            camera = int(rng.choice(habits[0])) if rng.random() < 0.7 else int(rng.integers(0, 6))
            tick = int(rng.integers(0, max(1, int(days * DAY // step * busy))))
            if rng.random() < 0.5:
                tick = int(rng.choice(habits[1])) % max(1, int(days * DAY // step))
            rows.append((vehicle, start + tick * step, camera))
    # A shadow of vehicle 0, and a vehicle of which 0 is a part.
    rows += [(vehicles, ms, camera) for vehicle, ms, camera in rows if vehicle == 0]
    rows += [(vehicles + 1, ms, camera) for vehicle, ms, camera in rows if vehicle in (0, 1)]
    order = rng.permutation(len(rows))
    return [rows[i] for i in order]


def sightings_of(rows, *, timezone="America/New_York", cameras=CAMERAS, **labels):
    vehicle, ms, camera = (np.array(column) for column in zip(*rows, strict=True))
    table = pd.DataFrame(
        {
            "name": [f"c{code}" for code in range(len(cameras))],
            "lat": [lat for lat, _, _ in cameras],
            "lon": [lon for _, lon, _ in cameras],
            "zone": [zone for _, _, zone in cameras],
        }
    )
    return from_arrays(vehicle, ms, camera, cameras=table, timezone=timezone, **labels)
