"""Co-travel: between which zones companions drive together, and how many vehicles do."""

from __future__ import annotations

import numba
import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.fitting import fit_to_engine
from analyzer.patterns.companions_result import Companions
from analyzer.patterns.encounters import directions_of, run_starts
from analyzer.schema import CORE, MISSING, Rows, concatenate, take

COLUMNS = ("origin", "destination", "vehicles")


def count_cotravel(
    companions: Companions, *, engine: str | Engine = "local", memory: str | int | None = None
) -> pd.DataFrame:
    """Count the vehicles that drive between two zones together with a companion.

    Parameters
    ----------
    companions : Companions
        From `find_companions`.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    pandas.DataFrame
        ``origin``, ``destination`` (zone codes, the smaller first: a way and its return are one),
        ``vehicles`` (different ones, both of each pair); sorted. Small counts are in it: suppress
        them before you publish.

    Notes
    -----
    A pair drives from one zone to another where the first vehicle's encounters with the second one
    follow each other there within the gap of a trip. The sightings of companions alone are
    gathered; of a population, companions are few.
    """
    runner, sightings = fit_to_engine(companions.sightings, engine, memory)
    terms, rows = companions.terms, companions.rows
    vehicles = np.union1d(rows["vehicle_a"], rows["vehicle_b"])
    if not len(vehicles):
        return pd.DataFrame({name: np.zeros(0, np.int64) for name in COLUMNS})
    columns = [*CORE, *(name for name in ("direction",) if name in sightings.columns)]
    frames = runner.map(sightings.parts(*columns), rows_of_vehicles, {"vehicles": vehicles})
    seen = concatenate(frames)
    seen = take(seen, np.lexsort((seen["camera"], seen["seen_at"], seen["vehicle"])))
    starts = run_starts(seen["vehicle"])
    zone = sightings.camera_table["zone"].to_numpy(np.int64)
    ways = ways_of_pairs(
        np.searchsorted(vehicles, rows["vehicle_a"]),
        np.searchsorted(vehicles, rows["vehicle_b"]),
        starts,
        seen["seen_at"].astype(np.int64),
        seen["camera"].astype(np.int64),
        directions_of(seen).astype(np.int64),
        zone,
        terms.within,
        terms.max_gap,
    )
    distinct = np.unique(ways, axis=0)
    found, counts = np.unique(distinct[:, :2], axis=0, return_counts=True)
    table = np.column_stack([found, counts]).astype(np.int64)
    return pd.DataFrame(table, columns=list(COLUMNS))


def rows_of_vehicles(rows: Rows, broadcast: Broadcast) -> Rows:
    """Give the rows of one part that are of wanted vehicles."""
    return take(rows, np.flatnonzero(np.isin(rows["vehicle"], broadcast["vehicles"])))


@numba.njit(cache=True, nogil=True)
def ways_of_pairs(
    first: np.ndarray,
    second: np.ndarray,
    starts: np.ndarray,
    times: np.ndarray,
    cameras: np.ndarray,
    directions: np.ndarray,
    zone: np.ndarray,
    within: int,
    max_gap: int,
) -> np.ndarray:
    """List the ways that pairs drive together: smaller zone, larger zone, vehicle; repeats too.

    Parameters
    ----------
    first, second : numpy.ndarray of int, shape (pairs,)
        The vehicles of each pair, by their place in `starts`.
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    times, cameras, directions : numpy.ndarray of int64
        Rows, by time within a vehicle; directions may be empty.
    zone : numpy.ndarray of int64
        Of each camera.
    within, max_gap : int
        Longest time between the two at a camera, and between two encounters of a way, in ms.

    Examples
    --------
    >>> minutes, cameras = np.array([0, 9, 1, 10]) * 60_000, np.array([0, 1, 0, 1])
    >>> ways_of_pairs(np.array([0]), np.array([1]), np.array([0, 2, 4]), minutes, cameras,
    ...               np.empty(0, np.int64), np.array([5, 3]), 120_000, 2_700_000).tolist()
    [[3, 5, 0], [3, 5, 1]]
    """
    ways = np.empty((64, 3), np.int64)
    found = 0
    for pair in range(len(first)):
        a, b = first[pair], second[pair]
        low = starts[b]
        last, last_zone = np.int64(-1), np.int64(-1)
        for row in range(starts[a], starts[a + 1]):
            while low < starts[b + 1] and times[low] < times[row] - within:
                low += 1
            other, met = low, False
            while other < starts[b + 1] and times[other] <= times[row] + within and not met:
                met = cameras[other] == cameras[row] and _agree(directions, row, other)
                other += 1
            if not met:
                continue
            here = zone[cameras[row]]
            if last >= 0 and here != last_zone and times[row] - times[last] <= max_gap:
                if found + 2 > len(ways):
                    more = np.empty((2 * len(ways), 3), np.int64)
                    more[:found] = ways[:found]
                    ways = more
                for vehicle in (a, b):
                    ways[found, 0], ways[found, 1] = min(here, last_zone), max(here, last_zone)
                    ways[found, 2] = vehicle
                    found += 1
            last, last_zone = row, here
    return ways[:found].copy()


@numba.njit(cache=True, nogil=True)
def _agree(directions: np.ndarray, one: int, other: int) -> bool:
    if len(directions) == 0:
        return True
    a, b = directions[one], directions[other]
    return a in (b, MISSING) or b == MISSING
