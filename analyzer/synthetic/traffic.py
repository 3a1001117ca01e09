"""Travel times: how much slower streets are at each hour than when they are free."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.units import HOUR_MS, MINUTE_MS

WORKDAY_STREETS = np.array(
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.02, 1.15, 1.45, 1.65, 1.45, 1.3, 1.28,
     1.3, 1.32, 1.3, 1.35, 1.45, 1.6, 1.75, 1.5, 1.25, 1.12, 1.05, 1.0]
)  # fmt: skip
"""Travel time over free travel time in streets, at each full hour of a working day.

A morning and an evening peak, the evening one higher, as congestion indices of cities of two to
three million people show them. Assumption in its level.
"""

FREE_DAY_STREETS = np.array(
    [1.05, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.05, 1.08, 1.12, 1.2, 1.25,
     1.28, 1.28, 1.26, 1.26, 1.28, 1.32, 1.35, 1.28, 1.18, 1.12, 1.08, 1.05]
)  # fmt: skip
"""The same on weekends and public holidays."""

RURAL_SHARE = 0.25
"""How much of the streets' slowing reaches the roads between towns. Assumption."""

ACCESS_WINDING = 1.3
ACCESS_SPEED_MS = 25 / 3.6
"""From a door to the next junction: 25 km/h on ways 1.3 times the straight line. Assumption."""

HURRY = (0.94, 1.22)
"""Travel time of one trip over the usual one: lowest and highest. Assumption."""

SHORTEST_TRIP_MS = MINUTE_MS


def slowness_table() -> np.ndarray:
    """Give both profiles as one array, free days second, with midnight once more at the end.

    Examples
    --------
    >>> slowness_table().shape
    (2, 25)
    """
    table = np.empty((2, 25))
    table[0, :24], table[1, :24] = WORKDAY_STREETS, FREE_DAY_STREETS
    table[:, 24] = table[:, 0]
    return table


@numba.njit(cache=True, nogil=True)
def slowness(table: np.ndarray, free_day: int, local_ms: int) -> float:
    """Give travel time over free travel time in streets at a time of day (ms since midnight)."""
    time = local_ms % (24 * HOUR_MS)
    hour = time // HOUR_MS
    part = (time - hour * HOUR_MS) / HOUR_MS
    return table[free_day, hour] * (1.0 - part) + table[free_day, hour + 1] * part


@numba.njit(cache=True, nogil=True)
def rural_slowness(streets: float) -> float:
    """Give the factor between towns that goes with a factor in streets."""
    return 1.0 + RURAL_SHARE * (streets - 1.0)
