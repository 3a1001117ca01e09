"""Released: sightings as a policy leaves them, made part by part when they are asked for.

Nothing is copied: a released collection is a recipe over the parts of another one, and every
measure takes it like any other collection of sightings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numba
import numpy as np
import pandas as pd

from analyzer.engine.base import Broadcast, DerivedPart, Part
from analyzer.errors import UsageError
from analyzer.local_time import time_bins, to_local, to_utc
from analyzer.risk.draw import mix
from analyzer.schema import CORE, Rows, take
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

_SMALL = 48
"""Up to this many rows of a vehicle, insertion beats a general sort (they come nearly sorted)."""


@dataclass(frozen=True)
class Recipe:
    """What is done to the rows of a part, in this order.

    Attributes
    ----------
    places : numpy.ndarray of int32
        New code of each camera; -1 for a camera that is not kept.
    round_ms : int
        Times are rounded down to local bins of this length; 0 leaves them.
    kept_vehicles : numpy.ndarray of bool or None
        Vehicles (by code) whose sightings are kept.
    rotation_ms : int
        Every vehicle gets a new code in each local bin of this length; 0 leaves the codes.
    first_period, periods : int
        Bins of rotation that the codes make room for.
    kept_cells : numpy.ndarray of int64 or None
        Keys of the (camera, time) cells that enough vehicles share, sorted; see `cell_keys`.
    cell_ms : int
        Length of those cells.
    clock_starts, clock_offsets : numpy.ndarray of int64
        Local time of the data.
    """

    places: np.ndarray
    clock_starts: np.ndarray
    clock_offsets: np.ndarray
    round_ms: int = 0
    kept_vehicles: np.ndarray | None = None
    rotation_ms: int = 0
    first_period: int = 0
    periods: int = 1
    kept_cells: np.ndarray | None = None
    cell_ms: int = 0


def release_rows(rows: Rows, broadcast: Broadcast) -> Rows:
    """Do to the rows of one part what a recipe says.

    Parameters
    ----------
    rows : Rows
        ``vehicle``, ``seen_at``, ``camera`` and any other columns, sorted by (vehicle, seen_at,
        camera).
    broadcast : dict
        ``recipe`` (Recipe), ``columns`` (to give), ``span`` (ms, UTC: first, and end).

    Returns
    -------
    Rows
        Sorted by (vehicle, seen_at, camera).
    """
    rows = release_points(rows, broadcast["recipe"], broadcast["span"])
    if not is_sorted(rows["vehicle"], rows["seen_at"], rows["camera"]):
        rows = take(rows, order_within(rows["vehicle"], rows["seen_at"], rows["camera"]))
    return {name: rows[name] for name in broadcast["columns"]}


def release_points(rows: Rows, recipe: Recipe, span: tuple[int, int]) -> Rows:
    """Do to sightings what a recipe says, in the order in which they come.

    Parameters
    ----------
    rows : Rows
        ``vehicle``, ``seen_at``, ``camera`` and any other columns.
    recipe : Recipe
        What is done.
    span : (int, int)
        Released sightings have ``first <= seen_at < end`` (ms, UTC).

    Returns
    -------
    Rows
        Those that are kept.
    """
    camera = recipe.places[rows["camera"]]
    keep = camera >= 0
    if recipe.kept_vehicles is not None:
        keep &= recipe.kept_vehicles[rows["vehicle"]]
    rows = take({**rows, "camera": camera}, keep)
    local = to_local(rows["seen_at"], recipe.clock_starts, recipe.clock_offsets)
    if recipe.kept_cells is not None:
        keys = cell_keys(local, rows["camera"], recipe.cell_ms, recipe.places)
        shared = np.isin(keys, recipe.kept_cells)
        rows, local = take(rows, shared), local[shared]
    if recipe.rotation_ms:
        period = time_bins(local, recipe.rotation_ms) - recipe.first_period
        codes = rows["vehicle"].astype(np.int64) * recipe.periods + period
        rows = {**rows, "vehicle": codes.astype(np.int32)}
    if recipe.round_ms:
        begun = bin_starts(local, recipe.round_ms)
        rows = {**rows, "seen_at": to_utc(begun, recipe.clock_starts, recipe.clock_offsets)}
    first, end = span
    inside = (rows["seen_at"] >= first) & (rows["seen_at"] < end)
    return rows if inside.all() else take(rows, inside)


def bin_starts(local: np.ndarray, bin_ms: int) -> np.ndarray:
    """Give the local time (ms) with which the bin of each local time begins.

    Examples
    --------
    >>> bin_starts(np.array([90 * 60_000]), 3_600_000).tolist()
    [3600000]
    """
    if bin_ms >= DAY_MS:
        days = bin_ms // DAY_MS
        return (time_bins(local, bin_ms) * days + 4) * DAY_MS
    day = local // DAY_MS * DAY_MS
    return day + (local - day) // bin_ms * bin_ms


def cell_keys(
    local: np.ndarray, camera: np.ndarray, cell_ms: int, places: np.ndarray
) -> np.ndarray:
    """Number the cells of camera and local time bin."""
    return time_bins(local, cell_ms) * np.int64(len(places)) + camera


@numba.njit(cache=True, nogil=True)
def is_sorted(vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray) -> bool:
    """Tell whether rows stand in the order of (vehicle, seen_at, camera)."""
    for i in range(1, len(vehicle)):
        if vehicle[i] != vehicle[i - 1]:
            if vehicle[i] < vehicle[i - 1]:
                return False
        elif seen_at[i] != seen_at[i - 1]:
            if seen_at[i] < seen_at[i - 1]:
                return False
        elif camera[i] < camera[i - 1]:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def order_within(vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Order rows that stand by vehicle by (vehicle, seen_at, camera); equal rows keep their order.

    Rounding moves few rows, and not far.
    """
    order = np.arange(len(vehicle))
    n_cameras = np.int64(camera.max()) + 1 if len(camera) else 1
    start = 0
    while start < len(vehicle):
        stop = start + 1
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            stop += 1
        keys = seen_at[start:stop] * n_cameras + camera[start:stop]
        if stop - start > _SMALL:
            order[start:stop] = start + np.argsort(keys, kind="mergesort")
        else:
            for i in range(1, stop - start):
                key = keys[i]
                row = order[start + i]
                j = i - 1
                while j >= 0 and keys[j] > key:
                    keys[j + 1] = keys[j]
                    order[start + j + 1] = order[start + j]
                    j -= 1
                keys[j + 1] = key
                order[start + j + 1] = row
        start = stop
    return order


@dataclass(frozen=True, repr=False)
class Released(Sightings):
    """Sightings as a policy leaves them; made by `Policy.apply`."""

    base: Sightings | None = field(default=None, repr=False)
    recipe: Recipe | None = field(default=None, repr=False)
    told: str = ""
    """What was done, in words."""
    kept_columns: tuple[str, ...] = CORE
    cameras_kept: pd.DataFrame | None = field(default=None, repr=False, compare=False)
    seed: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the sightings have."""
        return self.kept_columns

    @property
    def camera_table(self) -> pd.DataFrame:
        """Cameras by code: name, lat, lon, zone, zone_name."""
        return self.cameras_kept

    @property
    def labels(self) -> dict[str, list[str]]:
        """Labels by code, for each label column that is kept."""
        labels = self.base.labels
        return {name: labels[name] for name in self.kept_columns if name in labels}

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the data came from, and what the policy did to them."""
        return {**self.base.provenance, "policy": self.told}

    @property
    def quality(self) -> dict[str, Any]:
        """What is left of what was read."""
        quality = super().quality
        return {**quality, "notes": [*quality["notes"], f"as a policy leaves it: {self.told}"]}

    @cached_property
    def n_codes(self) -> int:
        """Vehicle codes run from 0 to below this."""
        return self.base.n_codes * self.recipe.periods

    def parts(self, *columns: str) -> list[Part]:
        """Give the partitions, each sorted by (vehicle, seen_at, camera), with these columns."""
        columns = columns or CORE
        lacking = [name for name in columns if name not in self.columns]
        if lacking:
            raise UsageError(
                f"the sightings have no column {', '.join(lacking)} under this policy; they have "
                f"{', '.join(self.columns)}"
            )
        base = self.base if self._n_parts is None else self.base.with_parts(self._n_parts)
        needed = tuple(dict.fromkeys((*CORE, *columns)))
        shared = {"recipe": self.recipe, "columns": columns, "span": self._view}
        return [DerivedPart(part, release_rows, shared) for part in base.parts(*needed)]

    def vehicle_names(self, codes: np.ndarray) -> np.ndarray:
        """Give the names of vehicle codes; under rotation, a new one for each period.

        The new names come from the seed, so that a run can be repeated: whoever knows the seed can
        undo them. An operator must draw them with a secret.
        """
        codes = np.asarray(codes)
        if not self.recipe.rotation_ms:
            return self.base.vehicle_names(codes)
        names = np.empty(len(codes), object)
        state = mix(np.uint64(self.seed) ^ np.uint64(0x726F74617465))
        for i, code in enumerate(codes.tolist()):
            # The mixing is one to one on 64 bits, so no two codes share a name.
            names[i] = f"{int(mix(state ^ np.uint64(code))):016x}"
        return names

    def vehicle_code(self, name: str) -> int:
        """Find the code of a vehicle by its name.

        Raises
        ------
        UsageError
            If pseudonyms change: a vehicle then has many names.
        """
        if self.recipe.rotation_ms:
            raise UsageError(
                "pseudonyms change under this policy, so a vehicle has no single name; ask about "
                "one in the sightings before the policy"
            )
        return self.base.vehicle_code(name)
