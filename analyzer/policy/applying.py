"""Applying a policy: which recipe it is for these sightings, and what a leak of them then shows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd

from analyzer.cameras import camera_table, cell_centres, grid_cells
from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.local_time import time_bins, to_local
from analyzer.policy.released import Recipe, Released, bin_starts, cell_keys
from analyzer.risk.draw import mix
from analyzer.schema import ATTRIBUTES, CORE, Rows, concatenate
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS, parse_distance, parse_duration

_CAMERAS = np.uint64(0x63616D65726173)
"""Purpose of the draw of cameras; see `analyzer.risk.draw`."""


class Terms(Protocol):
    """What is done to sightings: the terms of a `Policy`, which is applied by what stands here."""

    rotation: str | None
    time: str | None
    space: str | None
    cameras: float | tuple[str, ...]
    attributes: str | tuple[str, ...]
    hits: tuple[str, ...] | None
    min_k: int | None

    def describe(self) -> str:
        """Say the terms in words."""


def apply_on_day(
    policy: Terms,
    sightings: Sightings,
    day: int,
    *,
    days: int | None,
    seed: int,
    runner: Engine,
) -> Released:
    """View sightings as a leak on a day shows them; see `Policy.apply`.

    Parameters
    ----------
    day : int
        Local day (since 1970-01-01) with which the leak happens.
    days : int or None
        Days before it that are shown.
    """
    clock = sightings.clock
    end = clock.utc(day * DAY_MS)
    start = sightings.span_ms[0] if days is None else clock.utc((day - days) * DAY_MS)
    base = sightings._between_ms(min(start, end), end)
    places, table = _places(policy, sightings, seed)
    round_ms = 0 if policy.time is None else parse_duration(policy.time)
    rotation_ms = 0 if policy.rotation is None else parse_duration(policy.rotation)
    local = clock.local(np.array([start, max(start, end - 1)]))
    first_period, last_period = time_bins(local, rotation_ms or DAY_MS)
    recipe = Recipe(
        places=places,
        clock_starts=clock.starts,
        clock_offsets=clock.offsets,
        round_ms=round_ms,
        kept_vehicles=_kept_vehicles(policy, sightings),
        rotation_ms=rotation_ms,
        first_period=int(first_period) if rotation_ms else 0,
        periods=int(last_period - first_period) + 1 if rotation_ms else 1,
    )
    if recipe.periods * sightings.n_codes >= 2**31:
        raise UsageError(
            f"rotation={policy.rotation!r} makes more pseudonyms than can be numbered here "
            f"({recipe.periods * sightings.n_codes:,}); rotate less often, or take a shorter span"
        )
    if policy.min_k is not None:
        cell_ms = round_ms or HOUR_MS
        recipe = _with_shared_cells(recipe, base, policy.min_k, cell_ms, runner)
    # Rounding down moves the first sightings to the beginning of their bin.
    first = start
    if round_ms:
        first = clock.utc(int(bin_starts(local[:1], round_ms)[0]))
    return Released(
        store=sightings.store,
        _view=(min(first, end), end),
        _n_parts=sightings._n_parts,
        base=base,
        recipe=recipe,
        told=policy.describe(),
        kept_columns=_kept_columns(policy, sightings),
        cameras_kept=table,
        seed=seed,
    )


def _places(
    policy: Terms, sightings: Sightings, seed: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """Give each camera its new code (-1 where it is not kept), and the table of the new ones."""
    table = sightings.camera_table
    codes = np.arange(len(table))
    kept = np.isin(codes, kept_cameras(policy.cameras, table, seed))
    lat, lon = table["lat"].to_numpy(float), table["lon"].to_numpy(float)
    # A camera that is gone stands nowhere: how far the next one is decides how near a place is
    # known.
    watching = table.assign(lat=np.where(kept, lat, np.nan), lon=np.where(kept, lon, np.nan))
    if policy.space is None:
        # Cameras keep their codes, also where some are gone: points then mean the same before.
        return np.where(kept, codes, -1).astype(np.int32), table if kept.all() else watching
    if policy.space == "zone":
        labels = table["zone"].to_numpy(np.int64)
    else:
        size = parse_distance(policy.space)
        labels = grid_cells(lat, lon, size)
        unknown = np.flatnonzero(labels < 0)
        labels[unknown] = -1 - unknown
    found, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(found), np.int64)
    rank[np.argsort(first)] = np.arange(len(found))
    place = rank[inverse]
    if policy.space == "zone":
        groups = watching.assign(place=place).groupby("place")
        rounded = groups.agg(name=("zone_name", "first"), lat=("lat", "mean"), lon=("lon", "mean"))
    else:
        ordered = found[np.argsort(rank)]
        at = np.full((2, len(found)), np.nan)
        at[:, ordered >= 0] = cell_centres(ordered[ordered >= 0], size)
        at[:, np.bincount(place[kept], minlength=len(found)) == 0] = np.nan
        names = [f"cell {number + 1}" for number in range(len(found))]
        rounded = pd.DataFrame({"name": names, "lat": at[0], "lon": at[1]})
    rounded = rounded.assign(zone=rounded["name"])
    return np.where(kept, place, -1).astype(np.int32), camera_table(rounded)


def kept_cameras(cameras: float | tuple[str, ...], table: pd.DataFrame, seed: int) -> np.ndarray:
    """Choose the cameras that are kept, by code.

    A share is drawn by hash: the cameras of a smaller share are among those of a larger one.

    Raises
    ------
    UsageError
        If a camera is named that is not in the data.
    """
    if isinstance(cameras, tuple):
        code_of = {name: code for code, name in enumerate(table["name"])}
        unknown = [name for name in cameras if name not in code_of]
        if unknown:
            raise UsageError(
                f"cameras: {len(unknown)} of the {len(cameras)} names are no cameras of the data "
                f"(the first of them is number {cameras.index(unknown[0]) + 1}); names are those "
                "of the file of cameras (.cameras in Python)"
            )
        return np.array([code_of[name] for name in cameras])
    count = max(1, math.ceil(cameras * len(table) - 1e-9))
    state = mix(_CAMERAS ^ mix(np.uint64(seed)))
    hashes = np.array([mix(state ^ np.uint64(code)) for code in range(len(table))], np.uint64)
    return np.argsort(hashes, kind="stable")[:count]


def _kept_vehicles(policy: Terms, sightings: Sightings) -> np.ndarray | None:
    if policy.hits is None:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    names = sightings.vehicle_names(np.arange(sightings.n_codes))
    kept = pc.is_in(pa.array(names, pa.string()), value_set=pa.array(policy.hits, pa.string()))
    kept = kept.to_numpy(zero_copy_only=False)
    if policy.hits and not kept.any():
        raise UsageError(
            f"a policy's hits: none of the {len(policy.hits):,} names is a vehicle of the data; "
            "give pseudonyms (as INTERNAL- files and `.vehicles` show them), never plates, or "
            "hits = [] to delete all"
        )
    return kept


def _kept_columns(policy: Terms, sightings: Sightings) -> tuple[str, ...]:
    extra = [name for name in sightings.columns if name not in CORE]
    if policy.attributes == "drop":
        # The direction is the camera's, and the confidence the reader's: nothing about a person.
        extra = [name for name in extra if name not in ATTRIBUTES]
    elif policy.attributes != "keep":
        lacking = [name for name in policy.attributes if name not in extra]
        if lacking:
            raise UsageError(
                f"attributes: the sightings have no column {', '.join(lacking)}; they have "
                f"{', '.join(extra) or 'none'}"
            )
        extra = [name for name in extra if name in policy.attributes or name not in ATTRIBUTES]
    return (*CORE, *extra)


def _with_shared_cells(
    recipe: Recipe, base: Sightings, min_k: int, cell_ms: int, runner: Engine
) -> Recipe:
    """Add to a recipe the cells of camera and time that enough vehicles share."""
    shared = {"recipe": recipe, "cell_ms": cell_ms}
    counted = concatenate(runner.map(base.parts(), count_cells_in_part, shared))
    if not counted:
        keys, vehicles = np.empty(0, np.int64), np.empty(0, np.int64)
    else:
        keys, place = np.unique(counted["cell"], return_inverse=True)
        vehicles = np.bincount(place, counted["vehicles"], minlength=len(keys))
    return replace(recipe, kept_cells=keys[vehicles >= min_k], cell_ms=cell_ms)


def count_cells_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the vehicles of a part in each cell of camera and local time bin."""
    recipe: Recipe = broadcast["recipe"]
    camera = recipe.places[rows["camera"]]
    keep = camera >= 0
    if recipe.kept_vehicles is not None:
        keep &= recipe.kept_vehicles[rows["vehicle"]]
    local = to_local(rows["seen_at"][keep], recipe.clock_starts, recipe.clock_offsets)
    keys = cell_keys(local, camera[keep], broadcast["cell_ms"], recipe.places)
    order = np.lexsort((rows["vehicle"][keep], keys))
    keys, vehicle = keys[order], rows["vehicle"][keep][order]
    # Rows that repeat a vehicle in a cell do not count again.
    first = np.r_[True, (keys[1:] != keys[:-1]) | (vehicle[1:] != vehicle[:-1])][: len(keys)]
    cells, counts = np.unique(keys[first], return_counts=True)
    return {"cell": cells, "vehicles": counts}
