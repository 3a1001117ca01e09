"""The typical vehicle: one of median exposure, about which a story can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, reduce_rows
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.patterns.overview import REGULAR
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import vehicle_hashes
from analyzer.risk.knowledge import knowledge_of
from analyzer.risk.points import draw_known_points, keys_of, local_times
from analyzer.schema import CORE, Rows, take
from analyzer.sightings import Sightings

ENOUGH_REGULAR = 20
"""Of fewer vehicles that are seen regularly, a median means nothing."""

TYPICAL = np.uint64(0x7479706963)


def count_points_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings and the distinct points of each vehicle of a part."""
    keys = keys_of(rows, local_times(rows, broadcast), broadcast)
    vehicles, points, _ = draw_known_points(rows["vehicle"], keys, broadcast["n_places"], 1, 0)
    sightings = np.unique(rows["vehicle"], return_counts=True)[1]
    return {"vehicle": vehicles, "points": points, "sightings": sightings}


@dataclass(frozen=True)
class Typical:
    """A vehicle of median exposure, and among which it was chosen.

    Attributes
    ----------
    vehicle : str
        Its name (internal).
    least : int
        It is the median of the vehicles seen so often or more.
    among, vehicles : int
        How many these are, and all vehicles.
    """

    vehicle: str = field(repr=False)
    least: int
    among: int
    vehicles: int


def find_typical(
    sightings: Sightings,
    *,
    adversary: Adversary | None = None,
    seed: int = 0,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Typical:
    """Find a vehicle of median exposure: as many distinct points as the median vehicle has.

    Most vehicles of a large collection pass once or twice, and misread plates are among them. So
    the median is that of the vehicles that are seen regularly (20 times or more); where fewer than
    twenty are, that of all.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary, optional
        How finely a point is known; camera and hour by default.
    seed : int
        Which of several vehicles with the same number of points is taken.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Typical
        With an even number of vehicles the lower median counts.

    Raises
    ------
    UsageError
        If there are no sightings.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> few = from_arrays([0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2], [0, 0, 1, 0, 1, 2])
    >>> find_typical(few).vehicle
    'v1'
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if not len(sightings):
        raise UsageError("there are no sightings here, so no vehicle is typical")
    adversary = adversary or Adversary()
    shared = knowledge_of(sightings, adversary, seed, runner)
    rows = reduce_rows(
        runner.map(sightings.parts(*CORE), count_points_of_part, shared), ("vehicle",)
    )
    vehicles = len(rows["vehicle"])
    regular = np.flatnonzero(rows["sightings"] >= REGULAR)
    if len(regular) >= ENOUGH_REGULAR:
        rows = take(rows, regular)
    median = np.sort(rows["points"])[(len(rows["points"]) - 1) // 2]
    candidates = rows["vehicle"][rows["points"] == median]
    hashes = vehicle_hashes(TYPICAL, int(seed), candidates)
    chosen = candidates[[int(np.argmin(hashes))]]
    return Typical(
        vehicle=str(sightings.vehicle_names(chosen)[0]),
        least=REGULAR if len(regular) >= ENOUGH_REGULAR else 1,
        among=len(rows["vehicle"]),
        vehicles=vehicles,
    )
