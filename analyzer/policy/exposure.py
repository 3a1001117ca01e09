"""Exposure: what a leak shows of what is known of each vehicle, window by window.

Two passes over the parts: the first draws, for each vehicle and leak day, what the adversary
knows; the second counts the vehicles that hold what each window still shows of it. One index
serves all windows and leak days: a window only says how many of the known points, the latest
first, still count. Where what is known of all vehicles would not fit into memory, both passes are
made for the vehicles of some parts, then for those of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, Part
from analyzer.engine.turns import add_in_turns
from analyzer.policy.leaks import draw_before_leaks
from analyzer.policy.resampling import ABSENT, ALONE, DELETED, SHOWN
from analyzer.risk.knowledge import Known, columns, looks_known
from analyzer.risk.points import keys_of, local_times
from analyzer.risk.postings import post, post_days
from analyzer.risk.shared_points import count_shared_points
from analyzer.risk.slots import Slots, find_slots, make_slots
from analyzer.risk.window_matching import count_window_matches
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

SHARE_OF_TARGETS = 2
"""What share of the memory is for what is known of the vehicles that are looked for at once."""

BYTES_A_POINT, BYTES_A_TARGET = 48, 40
"""For each target, and each point known of it: key, day, slot, count, and copies in between."""


def states_before_leaks(
    sightings: Sightings, runner: Engine, shared: dict[str, Any]
) -> np.ndarray:
    """Find the state of each vehicle, on each leak day, in each window.

    Parameters
    ----------
    sightings : Sightings
        The population.
    runner : Engine
        Where the parts run.
    shared : dict
        What `analyzer.risk.knowledge.knowledge_of` gives, and ``history`` (days of knowledge),
        ``leak_days`` (int64) and ``reach`` (int64, days that each window shows, ascending).

    Returns
    -------
    numpy.ndarray of int8, shape (vehicles, leak days, windows)
        States as in `analyzer.policy.resampling`; vehicles with enough points on some leak day.
    """
    parts = sightings.parts(*CORE, *shared["attributes"])
    leaks = len(shared["leak_days"])
    held = sightings.n_vehicles * leaks * (shared["points"] * BYTES_A_POINT + BYTES_A_TARGET)
    turns = min(-(-held * SHARE_OF_TARGETS // runner.resources.memory), len(parts))
    found = [
        _states_of(runner, parts[turn::turns], parts, shared) for turn in range(max(turns, 1))
    ]
    codes, states = (np.concatenate(column) for column in zip(*found, strict=True))
    return states[np.argsort(codes)]


def _states_of(
    runner: Engine, own: Sequence[Part], parts: Sequence[Part], shared: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Find the vehicles of some parts with enough points, and their states among all."""
    points, reach = shared["points"], shared["reach"]
    n_leaks = len(shared["leak_days"])
    drawn = runner.reduce(runner.map(own, draw_in_part, shared), key=("vehicle", "leak"))
    n_targets = len(drawn["vehicle"])
    if not n_targets:
        return np.zeros(0, np.int32), np.zeros((0, n_leaks, len(reach)), np.int8)
    known, seen = (
        np.column_stack([drawn[column] for column in columns(name, points)])
        for name in ("key", "seen")
    )
    looks = None
    if shared["attributes"]:
        looks = np.column_stack([drawn[column] for column in columns("look", points)])
    leak_days = shared["leak_days"][drawn["leak"]]
    # A window shows a point if the vehicle made it within the window's reach.
    shown_from = np.searchsorted(reach, leak_days[:, None] - seen)
    del seen
    shown = np.zeros((n_targets, len(reach)), np.int8)
    for q in range(points):
        shown += shown_from[:, q, None] <= np.arange(len(reach))
    if shared["bin_ms"] > DAY_MS:
        slots = make_slots(known)
        matches = add_in_turns(
            runner,
            parts,
            count_in_part,
            {
                **shared,
                "slots": slots,
                "known": find_slots(known, slots),
                "shown_from": shown_from,
                "target_leak_days": leak_days,
            },
            columns=columns("matches", len(reach)),
            rows=n_targets,
            dtype=np.uint8,
        )
        alone = matches == 1
        del matches
    else:
        # A window shows such a bin or does not, of everybody alike, and the latest points first:
        # it singles out whose first 1, 2, … points are more than anybody shares.
        del shown_from, leak_days
        targets = Known(drawn["vehicle"], np.full(n_targets, points), known, looks)
        alone = count_shared_points(parts, runner, shared, targets)[:, None] < shown
    found = np.where(shown == 0, DELETED, np.where(alone, ALONE, SHOWN)).astype(np.int8)
    begins = np.r_[True, drawn["vehicle"][1:] != drawn["vehicle"][:-1]]
    codes = drawn["vehicle"][begins]
    states = np.full((len(codes), n_leaks, len(reach)), ABSENT, np.int8)
    states[np.cumsum(begins) - 1, drawn["leak"]] = found
    return codes, states


def draw_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Draw what is known of each vehicle of a part before each leak, the latest seen first."""
    local = local_times(rows, broadcast)
    keys = keys_of(rows, local, broadcast)
    local //= DAY_MS
    points = broadcast["points"]
    vehicles, leaks, known, seen = draw_before_leaks(
        rows["vehicle"],
        keys,
        local,
        broadcast["leak_days"],
        broadcast["history"],
        broadcast["n_places"],
        points,
        broadcast["seed"],
        broadcast["chooser"],
    )
    drawn = {"vehicle": vehicles.copy(), "leak": leaks.copy()}
    tables = {"key": known, "seen": seen}
    if broadcast["attributes"]:
        tables["look"] = looks_known(rows, keys, vehicles, known, broadcast)
    for name, table in tables.items():
        for q, column in enumerate(columns(name, points)):
            drawn[column] = np.ascontiguousarray(table[:, q])
    return drawn


def count_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count in a part, for bins that windows may cut, who holds what each window shows."""
    slots: Slots = broadcast["slots"]
    local = local_times(rows, broadcast)
    keys = keys_of(rows, local, broadcast)
    found = find_slots(keys, slots)
    del keys
    postings = post(rows["vehicle"], found, len(slots.keys))
    local //= DAY_MS
    counts = count_window_matches(
        broadcast["known"],
        broadcast["shown_from"],
        broadcast["target_leak_days"],
        broadcast["reach"],
        postings,
        post_days(rows["vehicle"], found, local, postings),
    )
    return {
        name: counts[:, at].astype(np.uint8)
        for at, name in enumerate(columns("matches", counts.shape[1]))
    }
