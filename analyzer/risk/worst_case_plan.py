"""What a worst case would try: gathered, counted, refused where it would not end, and not begun."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from analyzer.engine import Engine, Part
from analyzer.engine.base import Broadcast, PartFunction, bytes_of
from analyzer.engine.turns import map_in_turns
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.risk.adversary import MOST_POINTS
from analyzer.risk.attacks import home_work, known_items, proportion, sequence
from analyzer.risk.attacks.elements import (
    columns_of,
    count_elements_in_part,
    list_visits_in_part,
    what_is_known,
)
from analyzer.risk.attacks.items import make_entries
from analyzer.risk.attacks.precision import precision_of
from analyzer.risk.attacks.tolerance import Tolerance, make_tolerance
from analyzer.risk.attacks.work import Search, refuse_to_hold
from analyzer.schema import Rows, concatenate
from analyzer.sightings import Sightings

SCIKIT_MOBILITY = "scikit-mobility"

ATTACKS = {
    "location": "{points} at the places that tell most, in any order",
    "sequence": "{points} at the places that tell most, in their order",
    "time": "{points} that tell most, each to {time} and the place",
    "unique_location": "the {places} that tell most",
    "frequency": "the {places} that tell most, and how often it was seen there",
    "probability": "the {places} that tell most, and their shares of all its sightings",
    "proportion": "the {places} that tell most, and the proportions of how often it was seen there",
    "home_work": "the two places where it is seen most",
}
"""What the adversary of each attack knows of a vehicle."""

HELD_TIMES = 5
"""What a search holds, in times of the list of what was visited: measured at 3.4 to 4.2."""

LEAST_REFUSED = 50_000_000
"""Bytes that are held however little memory is given: the program itself takes several times as
much."""


class Counted(NamedTuple):
    """How much a search is.

    Attributes
    ----------
    combinations : float
        Combinations to try, of all vehicles for which that is needed.
    steps : float
        Elementary steps that this may take.
    """

    combinations: float
    steps: float


def count_worst_case(
    sightings: Sightings,
    attack: str = "location",
    points: int = 2,
    time: str = "1h",
    tolerance: float = 0.0,
    compatible_with: str | None = None,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Counted:
    """Count what `analyzer.risk.worst_case.measure_worst_case` would try, and try nothing.

    Parameters
    ----------
    sightings, attack, points, time, tolerance, compatible_with, engine, memory
        As there.

    Raises
    ------
    TooMuchWorkError
        If the run would refuse it, with the same text.

    Examples
    --------
    Two vehicles with two sightings each, at two cameras.

    >>> from analyzer.array_sightings import from_arrays
    >>> two = from_arrays([0, 0, 1, 1], [0, 1, 2, 3], [0, 1, 1, 0])
    >>> count_worst_case(two, "location", points=1).combinations
    4.0
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    plan = plan_worst_case(sightings, runner, attack, points, time, tolerance, compatible_with)
    return Counted(plan.search.count(), plan.search.steps)


class Plan(NamedTuple):
    """A worst case up to where its search would start.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes, in the order of the search.
    search : Search
        What is left to do.
    asked : dict
        What was asked, as results write it.
    """

    vehicles: np.ndarray
    search: Search
    asked: dict[str, Any]


def plan_worst_case(
    sightings: Sightings,
    runner: Engine,
    attack: str,
    points: int,
    time: str,
    tolerance: float,
    compatible_with: str | None,
) -> Plan:
    """Gather what all vehicles visited, and plan the search; see `measure_worst_case`."""
    if attack not in ATTACKS:
        raise UsageError(f"attack={attack!r} is not known; write one of {', '.join(ATTACKS)}")
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        raise UsageError(
            f"points={points!r}: how much is known must be a whole number from 1 to {MOST_POINTS}, "
            "for example points=2"
        )
    if compatible_with not in (None, SCIKIT_MOBILITY):
        raise UsageError(
            f"compatible_with={compatible_with!r} is not known; write {SCIKIT_MOBILITY!r}, or None"
        )
    compatible = compatible_with is not None
    within = make_tolerance(tolerance, exact=not compatible)
    precision = precision_of(time) if attack == "time" and compatible else None
    known = what_is_known(
        sightings,
        time=time if attack == "time" and not compatible else None,
        precision=precision,
        compatible=compatible,
    )
    parts = sightings.parts(
        *columns_of(sightings, timed=attack == "time", compatible=compatible)
    )
    function = list_visits_in_part if attack == "sequence" else count_elements_in_part
    rows = _gather(runner, parts, function, known, attack)
    vehicles, search = _plan_search(rows, sightings, known, attack, points, within)
    asked = {
        "attack": attack,
        "points": points,
        "time": (precision or time) if attack == "time" else None,
        "tolerance": within.written,
        "compatible_with": compatible_with,
    }
    return Plan(vehicles, search, asked)


def _gather(
    runner: Engine, parts: list[Part], function: PartFunction, known: Broadcast, attack: str
) -> Rows:
    """Lay together what all vehicles visited, and refuse once that is more than may be held."""
    frames, held = [], 0
    each = max(map(bytes_of, parts), default=0)
    for found in map_in_turns(runner, parts, function, known, bytes_each=each):
        frames.append(found)
        held += sum(column.nbytes for column in found.values())
        allowed = max(runner.resources.memory, LEAST_REFUSED)
        if HELD_TIMES * held > allowed:
            needed = HELD_TIMES * held * len(parts) / len(frames)
            refuse_to_hold(attack, needed, allowed)
    return concatenate(frames)


def _plan_search(
    rows: Rows,
    sightings: Sightings,
    known: dict[str, Any],
    attack: str,
    points: int,
    tolerance: Tolerance,
) -> tuple[np.ndarray, Search]:
    """Plan to find the fewest matches of each vehicle; gives the codes of these too."""
    if attack == "sequence":
        visits = sequence.make_visits(rows["vehicle"], rows["element"])
        return visits.vehicles, sequence.plan_search(visits, points)
    if attack == "home_work":
        vehicles, matches = home_work.fewest_matches(
            rows["vehicle"],
            rows["element"],
            rows["visits"],
            _order_of_places(sightings, known),
            least_visited=not tolerance.exact,
        )
        # These are looked up: nothing is left to try.
        return vehicles, Search(matches)
    entries = make_entries(rows["vehicle"], rows["element"], rows["visits"])
    if attack == "proportion":
        return entries.vehicles, proportion.plan_search(entries, points, tolerance)
    return entries.vehicles, known_items.plan_search(entries, attack, points, tolerance)


def _order_of_places(sightings: Sightings, known: dict[str, Any]) -> np.ndarray:
    """Order places by latitude, longitude and name; those without a position come last."""
    cameras = sightings.camera_table
    order = np.lexsort([cameras["name"].astype(str), cameras["lon"], cameras["lat"]])
    rank = np.empty(len(cameras), np.int64)
    rank[order] = np.arange(len(cameras))
    first = np.full(known["n_places"], len(cameras), np.int64)
    np.minimum.at(first, known["places"], rank)
    return first
