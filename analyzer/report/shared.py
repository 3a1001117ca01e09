"""What of one vehicle's story others share: zones, hours and routes that fit k vehicles together.

An element alone that k vehicles share is not enough: four of them together single most vehicles
out. So elements are taken one by one as long as everything taken so far, together, is true of at
least k vehicles, the one itself among them. Whoever knows all that is shown is left with k.

An element has a step: a length of keeping after which it is true of the vehicle. Others share it
only if it is true of them in the same days, so a late step is shared by more. All elements are
first taken at the last step, and then moved to the earliest one at which k vehicles are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analyzer.cameras import make_zones
from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, reduce_rows
from analyzer.patterns.trips import find_trips, starts_of_part
from analyzer.report.disclosure import check_threshold
from analyzer.schema import CORE, Rows, take
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from analyzer.risk.vehicle_story import VehicleStory

PERIOD_HOURS = 3
"""Hours are shown in periods of so many, working days and weekends apart."""

PERIODS = 2 * 24 // PERIOD_HOURS
ROUTE_TRIPS = 2
"""A route is one that was driven so often."""

AREA_M = 12_000
"""Routes lead between areas so wide: between single zones too few vehicles share one."""

MOST_AREA_ZONES = 2_000
"""Joining takes the square of the zones: where there are more, zones serve as areas."""

MOST_ROUTES, MOST_ZONES = 6, 24
_MONDAY = 4
"""Day 0, 1 January 1970, was a Thursday: day 4 was the first Monday."""


@dataclass(frozen=True)
class Element:
    """Something that is true of a vehicle from a step on.

    Attributes
    ----------
    kind : str
        ``"seen"``: seen at least `value` times; ``"zone"``: seen in the zone `value`;
        ``"period"``: seen in the period `value` of the week (`period_of`); ``"route"``: at least
        two trips began in the area `value` and ended in the area `to`.
    step : int
        Position of the step from which it is true.
    value, to : int
        See `kind`; -1 where it does not apply.
    """

    kind: str
    step: int
    value: int
    to: int = -1


def period_of(local_ms: np.ndarray) -> np.ndarray:
    """Number the periods of the week: 0 to 7 on working days, 8 to 15 at weekends.

    Examples
    --------
    >>> period_of(np.array([4 * DAY_MS + 7 * HOUR_MS, 9 * DAY_MS])).tolist()
    [2, 8]
    """
    weekend = (local_ms // DAY_MS - _MONDAY) % 7 >= 5
    return weekend * (PERIODS // 2) + local_ms % DAY_MS // (PERIOD_HOURS * HOUR_MS)


def shared_elements(
    sightings: Sightings, story: VehicleStory, k: int, engine: Engine
) -> tuple[tuple[Element, ...], np.ndarray]:
    """Choose what of a story may be shown: elements that k vehicles share, all of them together.

    Parameters
    ----------
    sightings : Sightings
        The population.
    story : VehicleStory
        Of one vehicle of it.
    k : int
        Smallest number of vehicles of which everything shown must be true; 5 or more.
    engine : Engine
        Where the parts run.

    Returns
    -------
    elements : tuple of Element
        Empty where nothing is shared.
    vehicles : numpy.ndarray of int
        Codes of the vehicles of which all of them are true, the one itself among them: every one
        where nothing is shared.
    """
    k = check_threshold(k)
    shared = {
        **find_trips(sightings).rule,
        "clock": sightings.clock,
        "zone": sightings.camera_table["zone"].to_numpy(np.int64),
        "area": areas_of_cameras(sightings),
        "begin_ms": story.begin_ms,
        "until_ms": np.array([step.until_ms for step in story.steps], np.int64),
    }
    own = elements_of(story.rows, shared)
    last = len(story.steps) - 1
    elements = [
        replace(element, step=step)
        for group in own.values()
        for element in group
        for step in range(element.step, last + 1)
    ]
    shared["elements"] = elements
    parts = sightings.parts(*CORE)
    frames = engine.map(parts, held_of_part, shared)
    names = [f"held_{word}" for word in range(_words(elements))]
    held = reduce_rows(frames, ("vehicle",))
    truth = np.stack([held[name] for name in names], axis=1)
    number = {element: at for at, element in enumerate(elements)}
    late = [number[replace(element, step=last)] for element in _order(own, truth, number, last)]
    taken = choose_together(truth, late, k)
    # What is taken stays true while its step moves forward, so k vehicles are always left.
    for at, chosen in enumerate(taken):
        element = elements[chosen]
        for step in range(last):
            sooner = number.get(replace(element, step=step))
            rest = [*taken[:at], *taken[at + 1 :]]
            if sooner is not None and has_all(truth, [*rest, sooner]).sum() >= k:
                taken[at] = sooner
                break
    # Not in the order in which they were found: that tells where it was most often.
    shown = sorted(
        (elements[at] for at in taken), key=lambda each: (each.kind, each.value, each.to)
    )
    return tuple(shown), held["vehicle"][has_all(truth, taken)]


def areas_of_cameras(sightings: Sightings) -> np.ndarray:
    """Give the area of each camera: the least of its zones; a zone without position is one alone.

    Returns
    -------
    numpy.ndarray of int64, shape (cameras,)
    """
    table = sightings.camera_table
    zone = table["zone"].to_numpy(np.int64)
    middles = table.groupby("zone")[["lat", "lon"]].mean().dropna()
    if len(middles) < 2 or len(middles) > MOST_AREA_ZONES:
        return zone
    group = make_zones(middles["lat"].to_numpy(), middles["lon"].to_numpy(), AREA_M)
    zones = middles.index.to_numpy()
    first = {int(of): int(zones[group == of].min()) for of in np.unique(group)}
    area = {int(each): first[int(of)] for each, of in zip(zones, group, strict=True)}
    return np.array([area.get(int(each), int(each)) for each in zone], np.int64)


def _words(elements: Sequence[Element]) -> int:
    return max(-(-len(elements) // 64), 1)


def elements_of(rows: Rows, shared: Broadcast) -> dict[str, list[Element]]:
    """List what is true of one vehicle, by kind, the most telling first.

    Parameters
    ----------
    rows : Rows
        Its sightings.
    shared : mapping
        As `held_of_part` takes it.
    """
    zone = shared["zone"][rows["camera"]]
    step = np.searchsorted(shared["until_ms"], rows["seen_at"], side="right")
    found: dict[str, list[Element]] = {"seen": [], "route": [], "period": [], "zone": []}
    last = len(shared["until_ms"]) - 1
    found["seen"].append(Element("seen", last, rounded_down(len(step))))
    period = period_of(shared["clock"].local(rows["seen_at"]))
    for kind, values in (("period", period), ("zone", zone)):
        names, first, counts = np.unique(values, return_index=True, return_counts=True)
        for place in np.argsort(-counts, kind="stable")[:MOST_ZONES]:
            found[kind].append(Element(kind, int(step[first[place]]), int(names[place])))
    _, origin, destination, _, ended = trips_of(rows, shared)
    away = origin != destination
    ways, counts = np.unique(
        np.stack([origin[away], destination[away]], axis=1), axis=0, return_counts=True
    )
    for place in np.argsort(-counts, kind="stable")[:MOST_ROUTES]:
        if counts[place] < ROUTE_TRIPS:
            continue
        ends = ended[(origin == ways[place, 0]) & (destination == ways[place, 1])]
        since = int(np.searchsorted(shared["until_ms"], np.sort(ends)[ROUTE_TRIPS - 1], "right"))
        found["route"].append(Element("route", since, *map(int, ways[place])))
    return found


def rounded_down(count: int) -> int:
    """Round a count down to 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> [rounded_down(count) for count in (0, 1, 9, 14, 187)]
    [0, 1, 5, 10, 100]
    """
    if count <= 0:
        return 0
    power = 10 ** (len(str(count)) - 1)
    return max(step * power for step in (1, 2, 5) if step * power <= count)


def trips_of(
    rows: Rows, shared: Broadcast
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give vehicle, areas of origin and destination, beginning and end of each trip of a part."""
    starts = starts_of_part(rows, shared)
    ends = np.r_[starts[1:], len(rows["seen_at"])] - 1 if len(starts) else starts
    area = shared["area"]
    return (
        rows["vehicle"][starts],
        area[rows["camera"][starts]],
        area[rows["camera"][ends]],
        rows["seen_at"][starts],
        rows["seen_at"][ends],
    )


def held_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find of which elements each vehicle of a part can say that they are true of it.

    Parameters
    ----------
    rows : Rows
        Sorted by vehicle and time.
    broadcast : mapping
        ``elements``; ``zone`` and ``area`` (of each camera); ``begin_ms`` and ``until_ms`` (of
        the steps); ``clock``; and the rule by which trips begin.

    Returns
    -------
    Rows
        ``vehicle``; ``held_0``, …: bit b of word w is element 64 w + b.
    """
    elements: list[Element] = broadcast["elements"]
    begin, until = broadcast["begin_ms"], broadcast["until_ms"]
    vehicles = np.unique(rows["vehicle"])
    held = np.zeros((len(vehicles), _words(elements)), np.uint64)
    # Trips that began before the days of the story are no trips of the story.
    rows = take(rows, np.flatnonzero((rows["seen_at"] >= begin) & (rows["seen_at"] < until[-1])))
    at = np.searchsorted(vehicles, rows["vehicle"])
    zone = broadcast["zone"][rows["camera"]]
    period = period_of(broadcast["clock"].local(rows["seen_at"]))
    trip_vehicle, origin, destination, _, ended = trips_of(rows, broadcast)
    trip_at = np.searchsorted(vehicles, trip_vehicle)
    for number, element in enumerate(elements):
        end = until[element.step]
        least = 1
        if element.kind == "route":
            chosen = trip_at[
                (origin == element.value) & (destination == element.to) & (ended < end)
            ]
            least = ROUTE_TRIPS
        elif element.kind == "seen":
            chosen, least = at[rows["seen_at"] < end], element.value
        else:
            values = zone if element.kind == "zone" else period
            chosen = at[(values == element.value) & (rows["seen_at"] < end)]
        true = np.bincount(chosen, minlength=len(vehicles)) >= least
        held[true, number // 64] |= np.uint64(1) << np.uint64(number % 64)
    return {
        "vehicle": vehicles,
        **{f"held_{word}": held[:, word] for word in range(held.shape[1])},
    }


def _order(
    own: dict[str, list[Element]], truth: np.ndarray, number: dict[Element, int], last: int
) -> list[Element]:
    """Say what is tried first: the count, the ways driven most, then what most others share."""
    order = [*own["seen"], *own["route"][:2]]
    rest = [element for kind in ("route", "period", "zone") for element in own[kind]]

    def sharing(element: Element) -> int:
        return int(has_all(truth, [number[replace(element, step=last)]]).sum())

    order += sorted(rest, key=sharing, reverse=True)
    return list(dict.fromkeys(order))


def has_all(truth: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    """Find the vehicles of which all these elements are true."""
    wanted = np.zeros(truth.shape[1], np.uint64)
    for number in numbers:
        wanted[number // 64] |= np.uint64(1) << np.uint64(number % 64)
    return ((truth & wanted) == wanted).all(axis=1)


def choose_together(truth: np.ndarray, order: Sequence[int], k: int) -> list[int]:
    """Take elements in an order, each that leaves k vehicles of which all taken so far are true.

    Examples
    --------
    >>> truth = np.array([[0b11], [0b11], [0b01], [0b10]], np.uint64)
    >>> choose_together(truth, [0, 1], 3), choose_together(truth, [0, 1], 2)
    ([0], [0, 1])
    """
    left = np.ones(len(truth), bool)
    taken: list[int] = []
    for number in order:
        fewer = left & has_all(truth, [number])
        if fewer.sum() >= k:
            left = fewer
            taken.append(number)
    return taken
