"""Sightings made from arrays of integer codes, without a reader: for generators and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analyzer.cameras import camera_table
from analyzer.errors import UsageError
from analyzer.schema import DTYPES, FRAMES, LABELS, MEASURES, OPTIONAL, Rows, n_rows
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder


def from_arrays(
    vehicle: np.ndarray,
    seen_at_ms: np.ndarray,
    camera: np.ndarray,
    *,
    cameras: pd.DataFrame | None = None,
    timezone: str = "UTC",
    vehicles: Sequence[str] | None = None,
    provenance: Mapping[str, Any] | None = None,
    **labels: np.ndarray,
) -> Sightings:
    """Make sightings from integer codes.

    Parameters
    ----------
    vehicle, camera : array of int, shape (n,)
        Codes from 0.
    seen_at_ms : array of int64, shape (n,)
        Instants, ms since 1970, UTC.
    cameras : pandas.DataFrame, optional
        One row a camera: name, lat, lon, zone.
    timezone : str
        IANA name.
    vehicles : sequence of str, optional
        Vehicle names; ``v0``, ``v1``, … by default.
    provenance : mapping, optional
        Kept with the store.
    **labels : array of str
        Optional columns (``make=…``); None or NaN is missing. Of numbers: ``confidence``, and
        ``frames``, how many rows each sighting stands for.

    Returns
    -------
    Sightings
        In a temporary store that goes with the object.

    Examples
    --------
    >>> sightings = from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0])
    >>> len(sightings), sightings.n_vehicles
    (3, 2)
    """
    vehicle = np.asarray(vehicle, np.int32)
    camera = np.asarray(camera, np.int32)
    rows: Rows = {"vehicle": vehicle, "seen_at": np.asarray(seen_at_ms, np.int64), "camera": camera}
    named = {}
    for name, column in labels.items():
        if name in LABELS:
            codes, names = pd.factorize(np.asarray(column, object), sort=True)
            rows[name], named[name] = codes.astype(np.int32), [str(label) for label in names]
        elif name in (*MEASURES, FRAMES):
            rows[name] = np.asarray(column, DTYPES[name])
        else:
            raise UsageError(f"column {name!r} is not known; columns are {', '.join(OPTIONAL)}")
    if cameras is None:
        count = int(camera.max()) + 1 if len(camera) else 0
        cameras = pd.DataFrame({"name": [f"c{code}" for code in range(count)]})
    if vehicles is None:
        vehicles = [f"v{code}" for code in range(int(vehicle.max()) + 1 if len(vehicle) else 0)]
    builder = StoreBuilder(None, timezone=timezone, columns=tuple(labels))
    builder.append(rows)
    store = builder.finish(
        cameras=camera_table(cameras),
        vehicles=vehicles,
        labels=named,
        provenance=dict(provenance or {}),
        quality={"rows_read": n_rows(rows), "rows_kept": n_rows(rows)},
    )
    return Sightings(store)
