"""A policy: how long sightings are kept, and how much is taken out of them before they are."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.cameras import camera_table, cell_centres, grid_cells
from analyzer.engine import Engine, get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import InputError, UsageError
from analyzer.local_time import check_bin, time_bins, to_local
from analyzer.policy.released import Recipe, Released, bin_starts, cell_keys
from analyzer.risk.draw import check_draw, mix
from analyzer.schema import ATTRIBUTES, CORE, Rows, concatenate
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS, parse_distance, parse_duration

_CAMERAS = np.uint64(0x63616D65726173)
"""Purpose of the draw of cameras; see `analyzer.risk.draw`."""

LEAST_K = 2


@dataclass(frozen=True)
class Policy:
    """What is kept of sightings, and for how long.

    Parameters
    ----------
    retention : str or None
        How long sightings are kept, in whole days (``"30D"``, and ``"0D"`` for nothing); None keeps
        all.
    rotation : str or None
        How often pseudonyms change (``"1D"``, ``"7D"``); None never changes them.
    time : str or None
        Times are rounded down to local bins of this length (``"1h"``).
    space : str or None
        Places are rounded: ``"zone"``, or the cells of a grid (``"2km"``).
    cameras : float or sequence of str
        Share of the cameras that is kept (drawn by chance, a smaller share from a larger one), or
        the names of those that are.
    attributes : {"drop", "keep"} or sequence of str
        Whether make, colour, looks, seat belt and the like are kept, or which of them.
    hits : sequence of str or None
        Vehicles (names) that are searched for: sightings of all others are deleted at once.
    min_k : int or None
        A sighting is kept only if so many vehicles were seen by its camera in its bin of time (of
        the length of `time`, or an hour).

    Raises
    ------
    UsageError
        If a value is impossible.

    Examples
    --------
    >>> Policy(retention="21D").describe()
    'kept 21 days; attributes dropped'
    >>> Policy(retention=None, attributes="keep").describe()
    'all kept'
    """

    retention: str | None = "30D"
    rotation: str | None = None
    time: str | None = None
    space: str | None = None
    cameras: float | tuple[str, ...] = 1.0
    attributes: str | tuple[str, ...] = "drop"
    hits: tuple[str, ...] | None = None
    min_k: int | None = None

    def __post_init__(self) -> None:
        for name in ("retention", "rotation"):
            if getattr(self, name) is not None:
                whole_days(getattr(self, name), name, least=0 if name == "retention" else 1)
        if self.time is not None:
            check_bin(parse_duration(self.time, name="time"))
        if self.space is not None and self.space != "zone":
            try:
                parse_distance(self.space, name="space")
            except UsageError:
                raise UsageError(
                    f"space={self.space!r} is not known; write 'zone', a distance such as '2km', "
                    "or None to keep cameras as they are"
                ) from None
        self._check_cameras()
        self._check_attributes()
        if self.hits is not None:
            if isinstance(self.hits, str):
                raise UsageError("hits is a list of vehicle names; write hits=[...]")
            object.__setattr__(self, "hits", tuple(str(name) for name in self.hits))
        k = self.min_k
        if k is not None and (isinstance(k, bool) or not isinstance(k, int) or k < LEAST_K):
            raise UsageError(f"min_k={k!r}: write a number of vehicles, {LEAST_K} or more, or None")

    def _check_cameras(self) -> None:
        if isinstance(self.cameras, Real) and not isinstance(self.cameras, bool):
            if not (math.isfinite(self.cameras) and 0 < self.cameras <= 1):
                raise UsageError(
                    f"cameras={self.cameras!r}: a share lies above 0 and up to 1, for example 0.5"
                )
            return
        if isinstance(self.cameras, (str, bool)) or not isinstance(self.cameras, Iterable):
            raise UsageError("cameras: write a share such as 0.5, or a list of camera names")
        object.__setattr__(self, "cameras", tuple(str(name) for name in self.cameras))
        if not self.cameras:
            raise UsageError("cameras: name at least one camera that is kept")

    def _check_attributes(self) -> None:
        if self.attributes in ("drop", "keep"):
            return
        given = (self.attributes,) if isinstance(self.attributes, str) else tuple(self.attributes)
        unknown = [name for name in given if name not in ATTRIBUTES]
        if unknown:
            raise UsageError(
                f"attributes: {unknown[0]!r} is not known; write 'drop', 'keep', or some of "
                f"{', '.join(ATTRIBUTES)}"
            )
        object.__setattr__(self, "attributes", given)

    @property
    def days(self) -> int | None:
        """Whole days that are kept; None for all."""
        return None if self.retention is None else whole_days(self.retention, "retention", least=0)

    def describe(self) -> str:
        """Say the policy in words."""
        days = self.days
        said = ["all kept" if days is None else f"kept {days} day{'s' * (days != 1)}"]
        if self.rotation is not None:
            said.append(f"new pseudonyms every {self.rotation}")
        if self.time is not None:
            said.append(f"times rounded to {self.time}")
        if self.space is not None:
            said.append(
                "places rounded to zones" if self.space == "zone"
                else f"places rounded to cells of {self.space}"
            )  # fmt: skip
        if isinstance(self.cameras, tuple):
            said.append(f"{len(self.cameras)} named camera{'s' * (len(self.cameras) != 1)}")
        elif self.cameras < 1:
            said.append(f"{100 * self.cameras:g} % of the cameras")
        if self.attributes == "drop":
            said.append("attributes dropped")
        elif self.attributes != "keep":
            said.append("of the attributes only " + ", ".join(self.attributes))
        if self.hits is not None:
            said.append("sightings without a hit deleted")
        if self.min_k is not None:
            said.append(f"only where {self.min_k} vehicles share camera and time")
        return "; ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Give the policy as JSON-able fields; of the hits only how many they are."""
        fields_ = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        fields_["hits"] = None if self.hits is None else len(self.hits)
        return fields_

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Policy:
        """Make a policy from its fields by name.

        Raises
        ------
        UsageError
            If a field is not known, or its value is impossible.

        Examples
        --------
        >>> Policy.from_dict({"retention": "21D", "space": "zone"}).days
        21
        """
        known = [field.name for field in fields(cls)]
        unknown = [name for name in given if name not in known]
        if unknown:
            raise UsageError(
                f"a policy has no {unknown[0]!r}; it has {', '.join(known)}"
            )
        values = {
            name: None if value in ("none", "None") else value for name, value in given.items()
        }
        for name in ("retention", "rotation", "time", "space"):
            if values.get(name) is not None and not isinstance(values[name], str):
                raise UsageError(f"{name} = {values[name]!r}: write a text such as '30D'")
        return cls(**values)

    def apply(
        self,
        sightings: Sightings,
        at: str | None = None,
        seed: int = 0,
        *,
        engine: str | Engine = "local",
        memory: str | None = None,
    ) -> Sightings:
        """View sightings as this policy would have left them; nothing is copied or changed.

        Parameters
        ----------
        sightings : Sightings
            What was seen.
        at : str or datetime, optional
            The day of the leak (local, year first): sightings from its midnight on are not there,
            nor those older than the retention. By default the day after the last sighting.
        seed : int
            Of the draw of cameras and of the names under rotation.
        engine, memory
            Where the vehicles of a cell are counted, where `min_k` asks for it.

        Returns
        -------
        Sightings
            Which can be measured like any other, saved, and put under another policy.

        Raises
        ------
        UsageError
            If a named camera or vehicle, or an attribute, is not in the data, or nothing is left
            of the time asked for.

        Examples
        --------
        >>> from analyzer.sightings import from_arrays
        >>> day = 86_400_000
        >>> seen = from_arrays([0, 0, 0], [0, day, 2 * day], [0, 0, 0])
        >>> len(Policy(retention="1D").apply(seen)), len(Policy(retention=None).apply(seen))
        (1, 3)
        """
        check_draw(None, seed)
        day = leak_day(sightings, at)
        return apply_on_day(
            self, sightings, day, days=self.days, seed=seed, runner=get_engine(engine, memory)
        )


def leak_day(sightings: Sightings, at: str | None) -> int:
    """Number the local day with which a leak happens."""
    instant = sightings.span_ms[1] if at is None else sightings._instant(at)
    day = int(sightings.clock.local(np.array([instant]))[0]) // DAY_MS
    return day + 1 if at is None else day


def apply_on_day(
    policy: Policy,
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
        first -= int(local[0] - bin_starts(local[:1], round_ms)[0])
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
    policy: Policy, sightings: Sightings, seed: int
) -> tuple[np.ndarray, pd.DataFrame]:
    """Give each camera its new code (-1 where it is not kept), and the table of the new ones."""
    table = sightings.camera_table
    codes = np.arange(len(table))
    kept = np.isin(codes, kept_cameras(policy.cameras, table, seed))
    if policy.space is None:
        # Cameras keep their codes, also where some are gone: points then mean the same before.
        return np.where(kept, codes, -1).astype(np.int32), table
    lat, lon = table["lat"].to_numpy(float), table["lon"].to_numpy(float)
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
        groups = table.assign(place=place).groupby("place")
        rounded = groups.agg(name=("zone_name", "first"), lat=("lat", "mean"), lon=("lon", "mean"))
    else:
        ordered = found[np.argsort(rank)]
        at = np.full((2, len(found)), np.nan)
        at[:, ordered >= 0] = cell_centres(ordered[ordered >= 0], size)
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
                "in .cameras"
            )
        return np.array([code_of[name] for name in cameras])
    count = max(1, math.ceil(cameras * len(table) - 1e-9))
    state = mix(_CAMERAS ^ mix(np.uint64(seed)))
    hashes = np.array([mix(state ^ np.uint64(code)) for code in range(len(table))], np.uint64)
    return np.argsort(hashes, kind="stable")[:count]


def _kept_vehicles(policy: Policy, sightings: Sightings) -> np.ndarray | None:
    if policy.hits is None:
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    names = sightings.vehicle_names(np.arange(sightings.n_codes))
    kept = pc.is_in(pa.array(names, pa.string()), value_set=pa.array(policy.hits, pa.string()))
    return kept.to_numpy(zero_copy_only=False)


def _kept_columns(policy: Policy, sightings: Sightings) -> tuple[str, ...]:
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
    from dataclasses import replace

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


def whole_days(value: str, name: str, *, least: int) -> int:
    """Turn a duration into whole days.

    Raises
    ------
    UsageError
        If it is not a whole number of days, or fewer than `least`.
    """
    milliseconds = parse_duration(value, name=name)
    if milliseconds % DAY_MS or milliseconds < least * DAY_MS:
        example = "'0D' or '30D'" if least == 0 else "'1D' or '30D'"
        raise UsageError(f"{name} {value!r} must be a whole number of days, such as {example}")
    return milliseconds // DAY_MS


def read_policies(path: str | Path) -> dict[str, Policy]:
    """Read policies from a TOML file: one table a policy, named by its header.

    Raises
    ------
    InputError
        If the file is missing or no TOML.
    UsageError
        If it holds no policy, or one that is impossible; the message names it.
    """
    path = Path(path)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; policies stand in a TOML file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML ({error})") from None
    if not document or not all(isinstance(table, dict) for table in document.values()):
        raise UsageError(
            f"{path}: write one table a policy, for example\n\n[maine]\nretention = \"21D\"\n"
        )
    policies = {}
    for name, table in document.items():
        try:
            policies[name] = Policy.from_dict(table)
        except UsageError as error:
            raise UsageError(f"{path}, [{name}]: {error}") from None
    return policies
