"""Camera load: how many sightings and how many different vehicles each zone of cameras has."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.fitting import fit_to_engine
from analyzer.schema import Rows
from analyzer.sightings import Sightings


def load_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count, for one part, sightings and vehicles of each zone, and how often vehicles are seen.

    Parameters
    ----------
    rows : Rows
        ``vehicle, camera``, sorted by vehicle.
    broadcast : mapping
        ``zone``: zone code of each camera; ``n_zones``.

    Returns
    -------
    Rows
        ``zone``, ``sightings``, ``vehicles``: one row a zone.
    """
    n_zones = broadcast["n_zones"]
    zone = broadcast["zone"][rows["camera"]].astype(np.int64)
    # Each vehicle is in one part, so the counts of different vehicles add up over parts.
    distinct = np.unique(rows["vehicle"].astype(np.int64) * n_zones + zone)
    return {
        "zone": np.arange(n_zones),
        "sightings": np.bincount(zone, minlength=n_zones),
        "vehicles": np.bincount(distinct % n_zones, minlength=n_zones),
    }


def measure_camera_load(
    sightings: Sightings, *, engine: str | Engine = "local", memory: str | int | None = None
) -> pd.DataFrame:
    """Count sightings and vehicles of each zone.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.

    Returns
    -------
    pandas.DataFrame
        One row a zone: ``zone`` (code), ``name``, ``lat``, ``lon`` (degrees; NaN where unknown),
        ``vehicles``, ``sightings``, ``cameras``.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> load = measure_camera_load(from_arrays([0, 0, 1], [0, 1, 2], [0, 0, 0]))
    >>> load[["vehicles", "sightings", "cameras"]].to_numpy().tolist()
    [[2, 3, 1]]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    cameras = sightings.camera_table
    zones = cameras.groupby("zone").agg(
        name=("zone_name", "first"),
        lat=("lat", "mean"),
        lon=("lon", "mean"),
        cameras=("name", "size"),
    )
    frames = runner.map(
        sightings.parts("vehicle", "camera"),
        load_of_part,
        {"zone": cameras["zone"].to_numpy(), "n_zones": len(zones)},
    )
    zones["vehicles"] = sum(frame["vehicles"] for frame in frames)
    zones["sightings"] = sum(frame["sightings"] for frame in frames)
    columns = ["zone", "name", "lat", "lon", "vehicles", "sightings", "cameras"]
    return zones.reset_index()[columns]
