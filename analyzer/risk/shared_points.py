"""Shared points: how many of what is known of each target fit some other vehicle too.

The vehicle is alone from the first point on that no other shares. Counts of the whole population
are not needed for that, and the greatest of what groups of parts find is the same whatever they
are: no number or order of parts changes a digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, Part
from analyzer.engine.together import together
from analyzer.engine.turns import map_in_turns
from analyzer.risk.company import find_company
from analyzer.risk.knowledge import Known, Targets, count_fits
from analyzer.risk.points import keys_of, local_times
from analyzer.risk.postings import MOST_BYTES, post
from analyzer.risk.slots import Slots, find_slots, make_slots
from analyzer.schema import Rows

BITS_A_POINT = 8
"""Bytes for bits in a group of parts, for each of its points; few points have room for a few."""

LEAST_BYTES = 1 << 24


def shared_points_of(targets: Targets, engine: Engine) -> np.ndarray:
    """Find how many points of each target some other vehicle fits; see `count_shared_points`."""
    return count_shared_points(targets.parts, engine, targets.shared, targets.known)


def count_shared_points(
    parts: list[Part], engine: Engine, shared: dict[str, Any], targets: Known
) -> np.ndarray:
    """Find how many of the first known points of each target some other vehicle fits too.

    Parameters
    ----------
    parts, engine, shared
        As for `analyzer.risk.knowledge.count_fitting`.
    targets : Known
        Of whom it is asked.

    Returns
    -------
    numpy.ndarray of int16, shape (targets,)
        The first q points single a target out if it has so many and fewer are shared.

    Notes
    -----
    Equal to the number of columns of `analyzer.risk.knowledge.count_fitting` that are above one:
    who fits the first q + 1 points fits the first q.
    """
    n_targets, points = targets.keys.shape
    there = np.arange(points) < targets.n_points[:, None]
    whole = bool(there.all())
    slots = make_slots(targets.keys if whole else targets.keys[there])
    known = find_slots(targets.keys, slots)
    if not whole:
        known[~there] = -1
    del there
    found = np.zeros(n_targets, np.int16)
    if shared["attributes"] or shared["missed"]:
        broadcast = {
            **shared,
            "slots": slots,
            "targets": targets.vehicle,
            "known": known,
            "known_looks": targets.looks,
            "cap": 2,
            "last_only": False,
        }
        for rows in map_in_turns(
            engine, parts, count_shared_in_part, broadcast, bytes_each=found.nbytes
        ):
            np.maximum(found, rows["shared"], out=found)
        return found
    # Those with the same first point stand beside each other: its holders are looked up once.
    order = np.argsort(known[:, 0], kind="stable") if points else np.arange(n_targets)
    known = known[order]
    vehicles = targets.vehicle[order]
    groups = together(engine, parts, points_in_part, {**shared, "slots": slots})
    # What some groups found need not be asked of the next.
    step = engine.resources.at_once or len(groups)
    for first in range(0, len(groups), max(step, 1)):
        broadcast = {
            "n_slots": len(slots.keys),
            "targets": vehicles,
            "known": known,
            "shared": found,
        }
        for rows in map_in_turns(
            engine,
            groups[first : first + step],
            count_shared_in_points,
            broadcast,
            bytes_each=found.nbytes,
        ):
            found = np.maximum(found, rows["shared"])
    unsorted = np.empty_like(found)
    unsorted[order] = found
    return unsorted


def points_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Give the points of a part that somebody is known by: vehicle and slot."""
    slots: Slots = broadcast["slots"]
    found = find_slots(keys_of(rows, local_times(rows, broadcast), broadcast), slots)
    asked = found >= 0
    if asked.all():
        return {"vehicle": rows["vehicle"], "slot": found}
    return {"vehicle": rows["vehicle"][asked], "slot": found[asked]}


def count_shared_in_points(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find how many points of each target some other vehicle of a group of parts holds."""
    room = min(MOST_BYTES, max(LEAST_BYTES, BITS_A_POINT * len(rows["slot"])))
    postings = post(rows["vehicle"], rows["slot"], broadcast["n_slots"], most_bytes=room)
    return {
        "shared": find_company(
            broadcast["targets"], broadcast["known"], broadcast["shared"], postings
        )
    }


def count_shared_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find it in a part where what is known has attributes, or may be wrong."""
    slots: Slots = broadcast["slots"]
    found = find_slots(keys_of(rows, local_times(rows, broadcast), broadcast), slots)
    postings = post(rows["vehicle"], found, len(slots.keys))
    counts = count_fits(rows, found, postings, broadcast)
    own = np.isin(broadcast["targets"], postings.vehicles)
    return {"shared": np.count_nonzero(counts > own[:, None], axis=1).astype(np.int16)}
