"""Traffic counts: how well the traffic of an ordinary week can still be counted under a policy.

Counting traffic is the use of a store that needs nobody's identity. The yardstick is the number of
sightings of each camera in each hour of the week; what was rounded away is spread evenly over
the cameras and hours that it may have come from.
"""

from __future__ import annotations

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.policy.released import Released
from analyzer.risk.points import local_times
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS

WEEK_HOURS = 168


def hourly_profile(sightings: Sightings, runner: Engine) -> np.ndarray:
    """Count the sightings of each camera in each hour of the week.

    Parameters
    ----------
    sightings : Sightings
        Any.
    runner : Engine
        Where the parts run.

    Returns
    -------
    numpy.ndarray of int64, shape (cameras, 168)
        The first hour is that after the midnight with which Monday begins.
    """
    n_cameras = len(sightings.camera_table)
    shared = {
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
        "n_cameras": n_cameras,
    }
    counted = runner.map(sightings.parts("seen_at", "camera"), count_hours, shared)
    total = sum(rows["count"] for rows in counted)
    return np.asarray(total).reshape(n_cameras, WEEK_HOURS)


def count_hours(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings of a part by camera and hour of the week."""
    local = local_times(rows, broadcast)
    hour = (local // HOUR_MS + 3 * 24) % WEEK_HOURS
    cell = rows["camera"].astype(np.int64) * WEEK_HOURS + hour
    return {"count": np.bincount(cell, minlength=broadcast["n_cameras"] * WEEK_HOURS)}


def count_accuracy(
    profile: np.ndarray, days: float, released: Released, released_days: float, runner: Engine
) -> float:
    """Say how near the traffic of a week comes to what it was, counted in what is released.

    Parameters
    ----------
    profile : numpy.ndarray, shape (cameras, 168)
        `hourly_profile` of the sightings before the policy.
    days : float
        Days that it was counted over.
    released : Released
        What a leak shows.
    released_days : float
        Days that it shows.
    runner : Engine
        Where the parts run.

    Returns
    -------
    float
        Σ min(counted, true) / max(Σ counted, Σ true): the share of the traffic that is counted at
        the right camera in the right hour of the week, from 0 to 1.
    """
    true = profile / days
    if not true.sum() or not released_days or not len(released):
        return 0.0
    found = hourly_profile(released, runner) / released_days
    found = spread_hours(found, released.recipe.round_ms)
    places = released.recipe.places
    kept = places >= 0
    sharing = np.bincount(places[kept], minlength=len(found))
    counted = np.zeros(true.shape)
    counted[kept] = (found / np.maximum(sharing, 1)[:, None])[places[kept]]
    return float(np.minimum(counted, true).sum() / max(counted.sum(), true.sum()))


def spread_hours(counts: np.ndarray, round_ms: int) -> np.ndarray:
    """Spread counts at the beginning of rounded bins evenly over the hours of the bin.

    Examples
    --------
    >>> day = np.zeros((1, 168)); day[0, 24] = 24.0
    >>> spread_hours(day, 24 * HOUR_MS)[0, 22:27].tolist()
    [0.0, 0.0, 1.0, 1.0, 1.0]
    """
    hours = max(1, round(round_ms / HOUR_MS)) if round_ms <= DAY_MS else round_ms // HOUR_MS
    if hours >= WEEK_HOURS:
        return np.repeat(counts.sum(axis=1, keepdims=True) / WEEK_HOURS, WEEK_HOURS, axis=1)
    spread = np.zeros(counts.shape)
    for step in range(hours):
        spread += np.roll(counts, step, axis=1)
    return spread / hours
