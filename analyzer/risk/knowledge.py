"""Knowledge: what an adversary knows of each target, and how many vehicles it fits.

Two passes over the parts. The first draws what is known of each vehicle; the second counts in each
part the vehicles that fit what is known of each target. The counts add up, so no index of the whole
data is ever built, and no number or order of parts changes a digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, Part
from analyzer.engine.turns import add_in_turns
from analyzer.risk.adversary import Adversary
from analyzer.risk.choosing import chooser_of
from analyzer.risk.draw import check_draw, draw_vehicles
from analyzer.risk.looks import draw_looks, fields_of, looks_of
from analyzer.risk.matching import count_all_matches
from analyzer.risk.points import draw_known_points, keys_of, local_times, resolution_of
from analyzer.risk.postings import Postings, post, post_looks
from analyzer.risk.slots import Slots, find_slots, make_slots
from analyzer.risk.tolerant import NO_LOOKS, count_tolerant_matches
from analyzer.schema import CORE, Rows, concatenate
from analyzer.sightings import Sightings


@dataclass(frozen=True)
class Known:
    """What an adversary could know of each vehicle, as the first pass draws it.

    Attributes
    ----------
    vehicle : numpy.ndarray of int32, shape (v,)
        Codes of all vehicles, ascending.
    n_points : numpy.ndarray of int64, shape (v,)
        Points of each among which the adversary's are.
    keys : numpy.ndarray of int64, shape (v, p)
        The known points, in the order in which they become known; of no meaning behind `n_points`.
    looks : numpy.ndarray of int64, shape (v, p), or None
        The look known with each; None where no attributes are known.
    """

    vehicle: np.ndarray
    n_points: np.ndarray
    keys: np.ndarray
    looks: np.ndarray | None

    def of(self, rows: np.ndarray) -> Known:
        """Give what is known of some vehicles, by their positions."""
        looks = None if self.looks is None else self.looks[rows]
        return Known(self.vehicle[rows], self.n_points[rows], self.keys[rows], looks)


@dataclass(frozen=True)
class Targets:
    """The vehicles of whom it is asked how many fit what is known of them.

    Attributes
    ----------
    parts : list of Part
        All vehicles' sightings.
    shared : dict
        As `knowledge_of` gives it.
    known : Known
        What is known of each target.
    vehicles : int
        Number of all vehicles.
    enough : int
        Number of those that have as many points as the adversary knows.
    """

    parts: list[Part]
    shared: dict[str, Any]
    known: Known
    vehicles: int
    enough: int

    def __len__(self) -> int:
        return len(self.known.vehicle)

    @property
    def everybody(self) -> bool:
        """Whether all vehicles with enough points are targets."""
        return len(self) == self.enough

    def count_fitting(
        self, engine: Engine, *, cap: int = 2, last_only: bool = False
    ) -> np.ndarray:
        """Count the vehicles that fit; see the function of this name."""
        return count_fitting(
            self.parts, engine, self.shared, self.known, cap=cap, last_only=last_only
        )


def draw_targets(
    sightings: Sightings, adversary: Adversary, sample: int | None, seed: int, engine: Engine
) -> Targets:
    """Draw the targets of a measure, and what is known of each.

    Parameters
    ----------
    sightings, adversary
        The population, and who knows what.
    sample : int or None
        Number of targets drawn from the vehicles with enough points; None takes all.
    seed : int
        Of the draws.
    engine : Engine
        Where the parts run.

    Raises
    ------
    UsageError
        As `check_draw` and `knowledge_of` say.
    """
    check_draw(sample, seed)
    shared = knowledge_of(sightings, adversary, seed, engine)
    parts = parts_for(sightings, adversary)
    known = draw_known(parts, engine, shared)
    enough = np.flatnonzero(known.n_points >= adversary.points)
    targets = enough[draw_vehicles(known.vehicle[enough], sample, int(seed))]
    return Targets(parts, shared, known.of(targets), len(known.vehicle), len(enough))


def knowledge_of(
    sightings: Sightings, adversary: Adversary, seed: int, engine: Engine
) -> dict[str, Any]:
    """Gather what a part needs to draw what the adversary knows, ready to be broadcast.

    Raises
    ------
    UsageError
        If the sightings lack an attribute that is known, or time is known too exactly for them.
    """
    fields = fields_of(sightings, adversary.attributes)
    resolution = resolution_of(sightings, adversary)
    return {
        **resolution,
        "points": adversary.points,
        "seed": int(seed),
        "chooser": chooser_of(sightings, adversary, resolution["places"], engine),
        "attributes": adversary.attributes,
        "fields": fields,
        "missed": adversary.missed,
    }


def parts_for(sightings: Sightings, adversary: Adversary) -> list[Part]:
    """Give the parts with the columns that the adversary's points are made of."""
    return sightings.parts(*CORE, *adversary.attributes)


def columns(name: str, points: int) -> list[str]:
    """Name the columns that hold one thing of each known point.

    Examples
    --------
    >>> columns("key", 2)
    ['key_0', 'key_1']
    """
    return [f"{name}_{q}" for q in range(points)]


def draw_known(parts: list[Part], engine: Engine, shared: dict[str, Any]) -> Known:
    """Draw what an adversary could know of each vehicle.

    Parameters
    ----------
    parts, engine
        As `parts_for` gives them, and where they run.
    shared : dict
        As `knowledge_of` gives it.
    """
    rows = concatenate(engine.map(parts, draw_in_part, shared))
    order = np.argsort(rows["vehicle"], kind="stable")

    def table(name: str) -> np.ndarray:
        found = [rows[column] for column in columns(name, shared["points"])]
        return np.column_stack(found).astype(np.int64, copy=False)[order]

    return Known(
        rows["vehicle"][order],
        rows["n_points"][order],
        table("key"),
        table("look") if shared["attributes"] else None,
    )


def count_fitting(
    parts: list[Part],
    engine: Engine,
    shared: dict[str, Any],
    targets: Known,
    *,
    cap: int = 2,
    last_only: bool = False,
) -> np.ndarray:
    """Count the vehicles of the whole population that fit what is known of each target.

    Parameters
    ----------
    parts, engine, shared
        As for `draw_known`.
    targets : Known
        Of whom it is asked.
    cap : int
        Counts of one part end here; 2 is enough to tell who is alone.
    last_only : bool
        Whether only the count for all the known points is asked.

    Returns
    -------
    numpy.ndarray of int64, shape (targets, p), or (targets, 1) with `last_only`
        Column q counts those who fit the first q + 1 points, the target included; zero where it
        has fewer points.
    """
    points = shared["points"]
    there = np.arange(points) < targets.n_points[:, None]
    slots = make_slots(targets.keys[there])
    known = find_slots(targets.keys, slots)
    known[~there] = -1
    asked = columns("fits", points)[-1:] if last_only else columns("fits", points)
    return add_in_turns(
        engine,
        parts,
        count_in_part,
        {
            **shared,
            "slots": slots,
            "targets": targets.vehicle,
            "known": known,
            "known_looks": targets.looks,
            "cap": cap,
            "last_only": last_only,
        },
        columns=asked,
        rows=len(targets.vehicle),
        dtype=smallest_type(cap),
    )


def draw_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Draw what is known of each vehicle of a part (vehicle, n_points, key_0, …, look_0, …)."""
    points = broadcast["points"]
    keys = keys_of(rows, local_times(rows, broadcast), broadcast)
    vehicles, n_points, known = draw_known_points(
        rows["vehicle"],
        keys,
        broadcast["n_places"],
        points,
        broadcast["seed"],
        broadcast["chooser"],
    )
    drawn = {"vehicle": vehicles, "n_points": n_points, **_split("key", known)}
    if broadcast["attributes"]:
        drawn.update(_split("look", looks_known(rows, keys, vehicles, known, broadcast)))
    return drawn


def looks_known(
    rows: Rows, keys: np.ndarray, vehicles: np.ndarray, known: np.ndarray, broadcast: Broadcast
) -> np.ndarray:
    """Draw the look that is known with each known point of some vehicles of a part."""
    return draw_looks(
        rows["vehicle"],
        rows["seen_at"],
        rows["camera"],
        keys,
        looks_of(rows, broadcast["attributes"], broadcast["fields"]),
        vehicles,
        known,
        broadcast["seed"],
    )


def _split(name: str, table: np.ndarray) -> Rows:
    return {
        column: np.ascontiguousarray(table[:, q])
        for q, column in enumerate(columns(name, table.shape[1]))
    }


def count_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count in a part the vehicles that fit the first 1, 2, … known points of each target."""
    slots: Slots = broadcast["slots"]
    keys = keys_of(rows, local_times(rows, broadcast), broadcast)
    found = find_slots(keys, slots)
    del keys
    postings = post(rows["vehicle"], found, len(slots.keys))
    counts = count_fits(rows, found, postings, broadcast)
    names = columns("fits", broadcast["points"])
    if broadcast["last_only"]:
        counts, names = counts[:, -1:], names[-1:]
    smallest = smallest_type(broadcast["cap"])
    return {name: counts[:, at].astype(smallest) for at, name in enumerate(names)}


def smallest_type(cap: int) -> np.dtype:
    """Name the type of counts up to a cap: capped at two, they fit into a byte."""
    return np.min_scalar_type(min(cap, np.iinfo(np.int32).max))


def count_fits(
    rows: Rows, slot: np.ndarray, postings: Postings, broadcast: Broadcast
) -> np.ndarray:
    """Count the vehicles of a part that fit what is known, with attributes and errors or without.

    Parameters
    ----------
    rows : Rows
        Of the part.
    slot : numpy.ndarray of int32
        Slot of each row's point.
    postings : Postings
        Of the slots.
    broadcast
        ``targets``, ``known``, ``known_looks``, ``attributes``, ``fields``, ``missed``, ``cap``,
        and ``last_only``: whether only the last column counts, for all the points.
    """
    known = broadcast["known"]
    missed, cap, last_only = (broadcast[name] for name in ("missed", "cap", "last_only"))
    if last_only and not broadcast["attributes"] and not missed:
        return np.minimum(cap, count_all_matches(known, postings))[:, None]
    holder_looks, known_looks = NO_LOOKS, broadcast["known_looks"]
    if broadcast["attributes"]:
        looks = looks_of(rows, broadcast["attributes"], broadcast["fields"])
        holder_looks = post_looks(rows["vehicle"], slot, looks, postings)
    else:
        known_looks = np.zeros(known.shape, np.int64)
    return count_tolerant_matches(
        known,
        known_looks,
        postings,
        holder_looks,
        broadcast["fields"],
        missed=missed,
        cap=cap,
        last_only=last_only,
    )
