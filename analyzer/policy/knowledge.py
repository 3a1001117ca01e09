"""Knowledge: what an adversary knows of each vehicle by a leak, fixed before any policy is.

The points are those of the retention sweep (`analyzer.policy.leaks`). Each is tied to the sighting
that made it, the latest before the leak, so that it can be followed through a policy: is it still
in the store, and as what?
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.policy.leaks import draw_before_leaks
from analyzer.risk.adversary import Adversary
from analyzer.risk.knowledge import knowledge_of
from analyzer.risk.points import keys_of, local_times
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS


def draw_knowledge(
    sightings: Sightings,
    runner: Engine,
    adversary: Adversary,
    leak_days: np.ndarray,
    history: int,
    seed: int,
) -> Rows:
    """Draw what is known of each vehicle before each leak.

    Parameters
    ----------
    sightings : Sightings
        Before any policy.
    runner : Engine
        Where the parts run.
    adversary : Adversary
        How many points, and how fine.
    leak_days : numpy.ndarray of int64
        Local days with which the leaks happen.
    history : int
        Days before a leak from which the points come.
    seed : int
        Of the draw.

    Returns
    -------
    Rows
        Sorted by (vehicle, leak): ``vehicle``, ``leak`` (number of the leak day), and for each
        point q ``seen_at_q`` (ms, UTC) and ``camera_q`` (code).
    """
    shared: dict[str, Any] = {
        **knowledge_of(sightings, adversary, seed, runner),
        "history": history,
        "leak_days": leak_days,
    }
    return runner.reduce(
        runner.map(sightings.parts(), draw_known_sightings, shared), key=("vehicle", "leak")
    )


def draw_known_sightings(rows: Rows, broadcast: Broadcast) -> Rows:
    """Draw what is known of each vehicle of a part before each leak, as sightings."""
    local = local_times(rows, broadcast)
    keys = keys_of(rows, local.copy(), broadcast)
    days = local // DAY_MS
    vehicles, leaks, known, seen = draw_before_leaks(
        rows["vehicle"],
        keys,
        days,
        broadcast["leak_days"],
        broadcast["history"],
        broadcast["n_places"],
        broadcast["points"],
        broadcast["seed"],
        broadcast["chooser"],
    )
    at = latest_rows(rows["vehicle"], keys, days, vehicles, known, seen)
    drawn = {"vehicle": vehicles.copy(), "leak": leaks.copy()}
    for q in range(broadcast["points"]):
        drawn[f"seen_at_{q}"] = rows["seen_at"][at[:, q]]
        drawn[f"camera_{q}"] = rows["camera"][at[:, q]]
    return drawn


@numba.njit(cache=True, nogil=True)
def latest_rows(
    vehicle: np.ndarray,
    keys: np.ndarray,
    days: np.ndarray,
    vehicles: np.ndarray,
    known: np.ndarray,
    seen: np.ndarray,
) -> np.ndarray:
    """Find the last row of each vehicle that makes a point on a day.

    Parameters
    ----------
    vehicle, keys, days : numpy.ndarray, shape (n,)
        Rows sorted by vehicle and time: vehicle, key of the point, local day.
    vehicles : numpy.ndarray, shape (m,)
        Vehicles that are asked about.
    known, seen : numpy.ndarray, shape (m, p)
        Keys of the points, and the day on which the vehicle made each.

    Returns
    -------
    numpy.ndarray of int64, shape (m, p)
    """
    at = np.empty(known.shape, np.int64)
    for i in range(len(vehicles)):
        first = np.searchsorted(vehicle, vehicles[i])
        last = np.searchsorted(vehicle, vehicles[i], side="right") - 1
        for q in range(known.shape[1]):
            row = last
            while row > first and not (keys[row] == known[i, q] and days[row] == seen[i, q]):
                row -= 1
            at[i, q] = row
    return at
