"""Movement of the population: the ways driven between zones, and the zones hour by hour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.fitting import fit_to_engine
from analyzer.patterns.trips import Trips, starts_of_part
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS


def count_ways(
    trips: Trips, *, engine: str | Engine = "local", memory: str | int | None = None
) -> pd.DataFrame:
    """Count the vehicles that drive from one zone straight to another inside a trip.

    Parameters
    ----------
    trips : Trips
        From `find_trips`.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    pandas.DataFrame
        ``origin``, ``destination`` (zone codes, of two cameras passed one after the other),
        ``vehicles`` (different ones); sorted. Small counts are in it: suppress them before you
        publish.

    Examples
    --------
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> drives = from_arrays([0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 0, 1], [0, 1, 0, 1, 0, 1])
    >>> count_ways(find_trips(drives)).to_numpy().tolist()
    [[0, 1, 2], [1, 0, 1]]
    """
    runner, sightings = fit_to_engine(trips.sightings, engine, memory)
    zone = sightings.camera_table["zone"].to_numpy(np.int64)
    shared = {**trips.rule, "zone": zone, "n_zones": int(zone.max(initial=0)) + 1}
    frames = runner.map(sightings.parts(), ways_of_part, shared)
    found = pd.concat([pd.DataFrame(frame) for frame in frames])
    counts = found.groupby("way", as_index=False)["vehicles"].sum()
    ways, n_zones = counts["way"].to_numpy(np.int64), shared["n_zones"]
    return pd.DataFrame(
        {
            "origin": ways // n_zones,
            "destination": ways % n_zones,
            "vehicles": counts["vehicles"].astype(np.int64),
        }
    )


def ways_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the vehicles of one part on each way: ``way`` (origin · zones + destination)."""
    n_zones = broadcast["n_zones"]
    zone = broadcast["zone"][rows["camera"]]
    follows = np.ones(len(zone), bool)
    follows[starts_of_part(rows, broadcast)] = False
    at = np.flatnonzero(follows)
    at = at[zone[at] != zone[at - 1]]
    way = zone[at - 1] * n_zones + zone[at]
    distinct = np.unique(np.stack([rows["vehicle"][at].astype(np.int64), way]), axis=1)[1]
    ways, vehicles = np.unique(distinct, return_counts=True)
    return {"way": ways, "vehicles": vehicles}


def count_hours(
    sightings: Sightings, *, engine: str | Engine = "local", memory: str | int | None = None
) -> pd.DataFrame:
    """Count the vehicles that are seen in each zone at each hour of the day, over all days.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    pandas.DataFrame
        ``zone`` (code), ``hour`` (0 to 23, local), ``vehicles`` (different ones); only pairs that
        occur, sorted. Small counts are in it: suppress them before you publish.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> day = from_arrays([0, 0, 1], [0, 86_400_000, 3_600_000], [0, 0, 0])
    >>> count_hours(day).to_numpy().tolist()
    [[0, 0, 1], [0, 1, 1]]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    shared = {
        "zone": sightings.camera_table["zone"].to_numpy(np.int64),
        "clock": sightings.clock,
    }
    frames = runner.map(sightings.parts(), hours_of_part, shared)
    found = pd.concat([pd.DataFrame(frame) for frame in frames])
    return found.groupby(["zone", "hour"], as_index=False)["vehicles"].sum()


def hours_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the vehicles of one part in each zone and hour of the day."""
    zone = broadcast["zone"][rows["camera"]]
    hour = broadcast["clock"].local(rows["seen_at"]) % DAY_MS // HOUR_MS
    cell = zone * 24 + hour
    distinct = np.unique(np.stack([rows["vehicle"].astype(np.int64), cell]), axis=1)[1]
    cells, vehicles = np.unique(distinct, return_counts=True)
    return {"zone": cells // 24, "hour": cells % 24, "vehicles": vehicles}


def count_zones(
    sightings: Sightings,
    vehicles: np.ndarray,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> np.ndarray:
    """Count how many of some vehicles are seen in each zone.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    vehicles : numpy.ndarray of int
        Vehicle codes, sorted.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    numpy.ndarray of int64, shape (zones,)
        By zone code. Small counts are in it: suppress them before you publish.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> count_zones(from_arrays([0, 1, 2], [0, 1, 2], [0, 0, 0]), np.array([0, 2])).tolist()
    [2]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    zone = sightings.camera_table["zone"].to_numpy(np.int64)
    shared = {"zone": zone, "n_zones": int(zone.max(initial=-1)) + 1, "vehicles": vehicles}
    frames = runner.map(sightings.parts(), zones_of_part, shared)
    return sum((frame["vehicles"] for frame in frames), np.zeros(shared["n_zones"], np.int64))


def zones_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the wanted vehicles of one part in each zone."""
    kept = np.isin(rows["vehicle"], broadcast["vehicles"])
    seen = np.stack(
        [rows["vehicle"][kept].astype(np.int64), broadcast["zone"][rows["camera"][kept]]]
    )
    distinct = np.unique(seen, axis=1)[1]
    return {"vehicles": np.bincount(distinct, minlength=broadcast["n_zones"])}
