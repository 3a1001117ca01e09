"""Hand-made lives on a line of cameras, for tests that need to know what is true."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.array_sightings import from_arrays
from analyzer.sightings import Sightings

HOUR = 3_600_000
DAY = 24 * HOUR
MONDAY = 20_000 // 7 * 7 * DAY + 4 * DAY
"""A Monday, as local milliseconds."""

CAMERAS = pd.DataFrame(
    {
        "name": [f"K{number}" for number in range(8)],
        "lat": 41.2 + 0.05 * np.arange(8),
        "lon": 69.2,
    }
)
"""Eight cameras on a line from south to north, about 5.6 km apart."""


def drive(day: int, hour: float, cameras: list[int]) -> list[tuple[float, int]]:
    """Pass cameras, ten minutes apart; local hour of day of the first."""
    return [(MONDAY + day * DAY + hour * HOUR + 600_000 * i, c) for i, c in enumerate(cameras)]


def sightings_of(lives: list[list[tuple[float, int]]], utc_offset_h: float = 5) -> Sightings:
    """Make sightings of one vehicle a life, seen in Tashkent."""
    vehicle = np.concatenate([np.full(len(life), code) for code, life in enumerate(lives)])
    local = np.array([time for life in lives for time, _ in life])
    camera = np.array([camera for life in lives for _, camera in life])
    return from_arrays(
        vehicle,
        (local - utc_offset_h * HOUR).astype(np.int64),
        camera,
        cameras=CAMERAS,
        timezone="Asia/Tashkent",
    )


def weekdays(weeks: int) -> list[int]:
    """Days, Monday to Friday, counted from the Monday."""
    return [day for day in range(7 * weeks) if day % 7 < 5]


def day_worker(weeks: int = 4) -> list[tuple[float, int]]:
    """Lives at K0, works at K6 from eight to five; at the weekend drives out to K1 and back."""
    life = []
    for day in range(7 * weeks):
        if day % 7 < 5:
            life += drive(day, 7.5, [0, 2, 4, 6]) + drive(day, 17, [6, 4, 2, 0])
        else:
            life += drive(day, 11, [0]) + drive(day, 15, [0])
    return life


def night_worker(weeks: int = 4) -> list[tuple[float, int]]:
    """Lives at K0, works at K6 from ten in the evening, five nights a week, until six."""
    life = []
    for day in range(7 * weeks):
        if day % 7 < 5:
            life += drive(day, 21.5, [0, 2, 4, 6]) + drive(day + 1, 6, [6, 4, 2, 0])
        elif day % 7 == 6:
            life += drive(day, 12, [0]) + drive(day, 14, [0])
    return sorted(life)


def taxi_driver(weeks: int = 4, seed: int = 0) -> list[tuple[float, int]]:
    """Lives at K0, drives about all day."""
    random = np.random.default_rng(seed)
    life = []
    for day in range(7 * weeks):
        hours = np.sort(random.uniform(8.5, 19.5, 8))
        middle = [step for hour in hours for step in drive(day, hour, [int(random.integers(8))])]
        life += drive(day, 8, [0]) + middle + drive(day, 20, [0])
    return sorted(life)


def everybody(weeks: int = 2) -> list[list[tuple[float, int]]]:
    """One life of each kind."""
    return [day_worker(weeks), night_worker(weeks), taxi_driver(weeks), day_worker(1)]
