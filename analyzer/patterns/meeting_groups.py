"""Stays grouped by vehicle and approach: a vehicle arrives again and again in the same few ways."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.patterns.encounters import run_starts
from analyzer.patterns.habit import order_by_camera_and_clock
from analyzer.patterns.meeting_spots import approach_keys, number_approaches, possible_meetings
from analyzer.patterns.pair_blocks import join_rows
from analyzer.schema import Rows
from analyzer.units import DAY_MS

GROUPS = ("starts", "kinds", "stay_starts", "days", "clock", "lasted")
"""What is known of groups; see `grouped`."""


def stays_by_approach(stays: Rows, broadcast: Broadcast) -> Rows:
    """Give the stays of a part that may be meetings by (vehicle, approach, time of day)."""
    rows = possible_meetings(stays, broadcast["plane"])
    keys = approach_keys(rows, broadcast["plane"])
    clock = (rows["arrived"] % DAY_MS).astype(np.int32)
    order = order_by_camera_and_clock(run_starts(rows["vehicle"]), keys, clock)
    return {
        "vehicle": rows["vehicle"][order].astype(np.int32),
        "approach": keys[order],
        "day": (rows["arrived"] // DAY_MS - int(broadcast["first_day"][0])).astype(np.int32)[order],
        "clock": clock[order],
        # At most a day.
        "lasted": (rows["left"] - rows["arrived"]).astype(np.int32)[order],
    }


def grouped(rows: Rows) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Group stays by approach.

    Parameters
    ----------
    rows : Rows
        From `stays_by_approach`; vehicles and approaches are taken out.

    Returns
    -------
    groups : Rows
        ``starts`` (where the groups of each vehicle begin), ``kinds`` (approach of each group, by
        its number), ``stay_starts`` (where the stays of each group begin), ``days``, ``clock`` and
        ``lasted`` of the stays.
    vehicles : numpy.ndarray of int32
        Their codes.
    keys : numpy.ndarray of int
        What the numbers of approaches mean.
    """
    starts = run_starts(rows["vehicle"])
    vehicles = rows.pop("vehicle")[starts[:-1]]
    approach, keys = number_approaches(rows.pop("approach"))
    group_starts, kinds, stay_starts = _find_groups(starts, approach)
    groups = {
        "starts": group_starts, "kinds": kinds, "stay_starts": stay_starts,
        "days": rows["day"], "clock": rows["clock"], "lasted": rows["lasted"],
    }  # fmt: skip
    return groups, vehicles, keys


@numba.njit(cache=True, nogil=True)
def _find_groups(
    starts: np.ndarray, approach: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group_starts = np.zeros(len(starts), np.int64)
    kinds, stay_starts = np.empty(len(approach), np.int32), np.empty(len(approach) + 1, np.int32)
    n = 0
    for vehicle in range(len(starts) - 1):
        for row in range(starts[vehicle], starts[vehicle + 1]):
            if row == starts[vehicle] or approach[row] != approach[row - 1]:
                kinds[n], stay_starts[n] = approach[row], row
                n += 1
        group_starts[vehicle + 1] = n
    stay_starts[n] = len(approach)
    return group_starts, kinds[:n].copy(), stay_starts[: n + 1].copy()


def block_of_stays(frames: list[Rows], n_codes: int) -> Rows:
    """Lay the stays of several parts together; takes them out of the frames.

    Returns
    -------
    dict
        What `grouped` gives, ``block_places`` (by vehicle code: which vehicle it is of these, or
        -1), and ``block_keys``; all names begin with ``block_``.
    """
    groups, vehicles, keys = grouped(join_rows(frames))
    places = np.full(n_codes, -1, np.int32)
    places[vehicles] = np.arange(len(vehicles))
    named = {f"block_{name}": column for name, column in groups.items()}
    return {**named, "block_places": places, "block_keys": keys}
