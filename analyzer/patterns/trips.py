"""Trips: runs of sightings of one vehicle without a long gap.

A gap longer than ``max_gap`` ends a trip; a gap equal to it does not. Rows that fall on the same
moment are ordered by camera, so that origin and destination are well defined. Trips are derived
part by part when they are asked for, and are never held for the whole population at once unless
`Trips.to_pandas` is called.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numba
import numpy as np
import pandas as pd

from analyzer.engine import DerivedPart, Engine, Part
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.local_time import Clock, clock
from analyzer.patterns.plane import CameraPlane, camera_plane
from analyzer.result import Result, as_table
from analyzer.schema import Rows
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import format_duration, parse_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes


DEFAULT_MAX_GAP = "45min"


@numba.njit(cache=True, nogil=True)
def trip_starts(vehicle: np.ndarray, seen_at: np.ndarray, max_gap: int) -> np.ndarray:
    """Find the rows at which a trip begins.

    Parameters
    ----------
    vehicle : numpy.ndarray of int, shape (n,)
        Vehicle codes, sorted.
    seen_at : numpy.ndarray of int64, shape (n,)
        Times in ms, sorted within a vehicle.
    max_gap : int
        Longest gap inside a trip, in ms.

    Returns
    -------
    numpy.ndarray of int64, shape (trips,)
        Row numbers, increasing.

    Examples
    --------
    >>> trip_starts(np.array([0, 0, 0, 1]), np.array([0, 10, 21, 22]), 10).tolist()
    [0, 2, 3]
    """
    starts = np.empty(len(vehicle), np.int64)
    found = 0
    for row in range(len(vehicle)):
        if (
            row == 0
            or vehicle[row] != vehicle[row - 1]
            or seen_at[row] - seen_at[row - 1] > max_gap
        ):
            starts[found] = row
            found += 1
    return starts[:found].copy()


@numba.njit(cache=True, nogil=True)
def road_trip_starts(
    vehicle: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    placed: np.ndarray,
    max_gap: int,
    ms_per_m: float,
) -> np.ndarray:
    """Find the rows at which a trip begins, where driving between two cameras is no gap.

    Parameters
    ----------
    vehicle, seen_at, max_gap
        As for `trip_starts`; a gap is what is left of the time between two sightings when that for
        the straight line between their cameras is taken off.
    camera : numpy.ndarray of int32, shape (n,)
        Camera of each sighting.
    x, y : numpy.ndarray of float64, shape (cameras,)
        Metres on a plane.
    placed : numpy.ndarray of bool, shape (cameras,)
        Whether the position is known; where it is not, nothing is taken off.
    ms_per_m : float
        Milliseconds that a metre takes.

    Returns
    -------
    numpy.ndarray of int64, shape (trips,)
        Row numbers, increasing.

    Examples
    --------
    >>> road_trip_starts(np.zeros(3, int), np.array([0, 90, 180]), np.array([0, 1, 1]),
    ...     np.array([0.0, 60.0]), np.zeros(2), np.ones(2, bool), 40, 1.0).tolist()
    [0, 2]
    """
    starts = np.empty(len(vehicle), np.int64)
    found = 0
    for row in range(len(vehicle)):
        begins = row == 0 or vehicle[row] != vehicle[row - 1]
        if not begins:
            a, b = camera[row - 1], camera[row]
            gap = float(seen_at[row] - seen_at[row - 1])
            if placed[a] and placed[b]:
                gap -= ms_per_m * math.sqrt((x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2)
            begins = gap > max_gap
        if begins:
            starts[found] = row
            found += 1
    return starts[:found].copy()


def starts_of_part(rows: Rows, broadcast: Rows) -> np.ndarray:
    """Find the rows of a part at which a trip begins; parameters as for `trips_of_part`."""
    max_gap = int(broadcast["max_gap"][0])
    if "ms_per_m" not in broadcast:
        return trip_starts(rows["vehicle"], rows["seen_at"], max_gap)
    where = (broadcast[name] for name in ("x", "y", "placed"))
    return road_trip_starts(
        rows["vehicle"], rows["seen_at"], rows["camera"], *where, max_gap,
        float(broadcast["ms_per_m"][0]),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def via_cameras(
    camera: np.ndarray, starts: np.ndarray, site: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the camera after the origin, and the one before the destination, at another site.

    Parameters
    ----------
    camera : numpy.ndarray of int32, shape (n,)
        Camera of each sighting.
    starts : numpy.ndarray of int64, shape (trips,)
        As `trip_starts` gives them.
    site : numpy.ndarray of int32, shape (cameras,)
        Cameras that stand together have one number.

    Returns
    -------
    after_origin, before_destination : numpy.ndarray of int32, shape (trips,)
        Camera codes; -1 where the whole trip was seen at one site.

    Examples
    --------
    >>> after, before = via_cameras(np.array([0, 1, 2, 3]), np.array([0]), np.array([0, 0, 1, 2]))
    >>> after.tolist(), before.tolist()
    ([2], [2])
    """
    after = np.full(len(starts), -1, np.int32)
    before = np.full(len(starts), -1, np.int32)
    for trip in range(len(starts)):
        first = starts[trip]
        last = (starts[trip + 1] if trip + 1 < len(starts) else len(camera)) - 1
        for row in range(first + 1, last + 1):
            if site[camera[row]] != site[camera[first]]:
                after[trip] = camera[row]
                break
        for row in range(last - 1, first - 1, -1):
            if site[camera[row]] != site[camera[last]]:
                before[trip] = camera[row]
                break
    return after, before


def trips_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Turn the sightings of one part into its trips.

    Parameters
    ----------
    rows : Rows
        ``vehicle, seen_at, camera``, sorted by all three.
    broadcast : dict
        ``max_gap``: ms, int64 of shape (1,); ``site``: int32, by camera; ``ms_per_m, x, y, placed``
        where driving is no gap (see `road_trip_starts`).

    Returns
    -------
    Rows
        ``vehicle`` int32, ``started_at`` and ``ended_at`` int64 (ms), ``origin`` and
        ``destination`` int32 (camera codes), ``after_origin`` and ``before_destination`` int32
        (see `via_cameras`), ``sightings`` int32; sorted by vehicle and start.
    """
    starts = starts_of_part(rows, broadcast)
    after = np.append(starts[1:], len(rows["vehicle"]))[: len(starts)]
    after_origin, before_destination = via_cameras(rows["camera"], starts, broadcast["site"])
    return {
        "vehicle": rows["vehicle"][starts],
        "started_at": rows["seen_at"][starts],
        "ended_at": rows["seen_at"][after - 1],
        "origin": rows["camera"][starts],
        "destination": rows["camera"][after - 1],
        "after_origin": after_origin,
        "before_destination": before_destination,
        "sightings": (after - starts).astype(np.int32),
    }


def rows_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give the rows of a part as they are."""
    return rows


def count_trips_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the trips, their vehicles and their sightings in one part."""
    vehicles = 0 if len(rows["vehicle"]) == 0 else 1 + np.count_nonzero(np.diff(rows["vehicle"]))
    return {
        "trips": np.array([len(rows["vehicle"])], np.int64),
        "vehicles": np.array([vehicles], np.int64),
        "sightings": np.array([rows["sightings"].sum()], np.int64),
        "single": np.array([np.count_nonzero(rows["sightings"] == 1)], np.int64),
    }


@dataclass(frozen=True)
class Trips(Result):
    """Trips of all vehicles of a set of sightings.

    Attributes
    ----------
    sightings : Sightings
        What the trips were found in.
    max_gap : int
        Longest gap inside a trip, in ms.
    engine : Engine
        Where the parts are worked on.
    road_speed_kmh : float or None
        Speed at which the road between two cameras counts as driven; None where it does not count.
    """

    sightings: Sightings
    max_gap: int
    engine: Engine = field(repr=False, compare=False)
    road_speed_kmh: float | None = None

    @cached_property
    def plane(self) -> CameraPlane:
        """The cameras on a plane."""
        return camera_plane(self.sightings.camera_table)

    @cached_property
    def parts(self) -> list[Part]:
        """The trips as parts that are derived when they are loaded."""
        return [DerivedPart(part, trips_of_part, self.rule) for part in self.sightings.parts()]

    @cached_property
    def rule(self) -> Rows:
        """What `trips_of_part` must know beside the sightings."""
        plane = self.plane
        rule = {"max_gap": np.array([self.max_gap], np.int64), "site": plane.site}
        if self.road_speed_kmh is not None:
            rule |= {"x": plane.x, "y": plane.y, "placed": plane.placed}
            rule["ms_per_m"] = np.array([3_600.0 / self.road_speed_kmh])
        return rule

    @cached_property
    def _counts(self) -> dict[str, int]:
        frames = self.engine.map(self.parts, count_trips_of_part)
        counts = self.engine.reduce(frames)
        return {name: int(column.sum()) for name, column in counts.items()}

    def __len__(self) -> int:
        return self._counts.get("trips", 0)

    def to_rows(self) -> Rows:
        """Give all trips as integer columns, sorted by vehicle and start."""
        return self.engine.reduce(
            self.engine.map(self.parts, rows_of_part), key=("vehicle", "started_at")
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give all trips as a table.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``, ``started_at``, ``ended_at`` (in the data's time zone), ``origin``,
            ``destination`` (camera names), ``sightings``.
        """
        rows = self.to_rows()
        source = self.sightings
        return as_table(
            {
                "vehicle": source.vehicle_names(rows["vehicle"]),
                "started_at": source.timestamps(rows["started_at"]),
                "ended_at": source.timestamps(rows["ended_at"]),
                "origin": source.camera_names(rows["origin"]),
                "destination": source.camera_names(rows["destination"]),
                "sightings": rows["sightings"],
            }
        )

    def score(self, truth: object):
        """Compare with a known truth; see `analyzer.scoring.trips.score_trips`."""
        from analyzer.scoring.trips import score_trips

        return score_trips(self.to_pandas(), truth, self.sightings.vehicles)

    def summary(self) -> str:
        """Tell how many trips there are and how long a gap ends one."""
        counts = self._counts
        trips, vehicles = counts.get("trips", 0), counts.get("vehicles", 0)
        gap = format_duration(self.max_gap)
        if not trips:
            return "No sightings, so no trips."
        return (
            f"{trips:,} trips of {vehicles:,} vehicles (a gap longer than {gap} ends a trip).\n"
            f"A trip has {counts['sightings'] / trips:.1f} sightings on average; "
            f"{100 * counts['single'] / trips:.0f} % of trips are a single sighting."
        )

    def plot(self) -> Axes:
        """Draw how many trips begin in each local hour of the day."""
        from analyzer.charts import new_axes

        frames = self.engine.map(self.parts, trips_by_hour_of_part, self._clock_broadcast)
        by_hour = sum((frame["trips"] for frame in frames), np.zeros(24, np.int64))
        axes = new_axes()
        axes.bar(np.arange(24) + 0.5, by_hour, width=0.9)
        axes.set(xlabel="local hour at which a trip begins", ylabel="trips", xlim=(0, 24))
        return axes

    @cached_property
    def clock(self) -> Clock:
        """Local time of the data; without sightings no time is asked for, and any will do."""
        return self.sightings.clock if len(self.sightings) else clock("UTC", 0, 0)

    @property
    def _clock_broadcast(self) -> Rows:
        return {"clock_starts": self.clock.starts, "clock_offsets": self.clock.offsets}


def trips_by_hour_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the trips of one part by the local hour in which they begin."""
    from analyzer.local_time import to_local
    from analyzer.units import DAY_MS, HOUR_MS

    local = to_local(rows["started_at"], broadcast["clock_starts"], broadcast["clock_offsets"])
    return {"trips": np.bincount(local % DAY_MS // HOUR_MS, minlength=24)}


def find_trips(
    sightings: Sightings,
    max_gap: str = DEFAULT_MAX_GAP,
    *,
    road_speed_kmh: float | None = None,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Trips:
    """Find trips: runs of sightings of one vehicle without a gap longer than `max_gap`.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    max_gap : str
        Longest gap between two sightings of one trip; a gap equal to it does not end the trip.
    road_speed_kmh : float, optional
        Take off every gap the time that the straight line between the two cameras takes at this
        speed, so that a long road without a camera ends no trip, and a shorter `max_gap` tells
        stops wherever cameras stand. Below the speed of traffic, since roads wind: 40, say.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.

    Returns
    -------
    Trips

    Raises
    ------
    UsageError
        If `max_gap` is not a duration longer than zero, or the speed is not above zero.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> minutes = np.array([0, 20, 90])
    >>> trips = find_trips(from_arrays(np.zeros(3, int), minutes * 60_000, np.array([0, 1, 0])))
    >>> trips.to_pandas()["sightings"].tolist()
    [2, 1]
    """
    check_sightings(sightings)
    gap = parse_duration(max_gap, name="max_gap")
    if gap <= 0:
        raise UsageError("max_gap must be longer than zero; write for example '45min'")
    if road_speed_kmh is not None and not 0 < road_speed_kmh < math.inf:
        raise UsageError("road_speed_kmh must be a speed above zero; write for example 40")
    runner, sightings = fit_to_engine(sightings, engine, memory)
    return Trips(sightings, gap, runner, road_speed_kmh)
