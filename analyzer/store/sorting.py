"""Sorting sightings: by vehicle, time and camera; of those that agree in these, the fullest first.

Vehicle codes are small integers and files come nearly in the order of time, so rows are dealt out
to their vehicles by counting, and each vehicle's rows are then almost sorted.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.schema import CORE, LABELS, MISSING, Rows, n_rows, take

LONG = 64
"""A vehicle with more rows than this is sorted by merging, if its rows are not in order yet."""


def sort_sightings(rows: Rows) -> Rows:
    """Sort rows by (vehicle, seen_at, camera); of those that agree, the fullest comes first.

    Parameters
    ----------
    rows : Rows
        At least vehicle, seen_at and camera.

    Returns
    -------
    Rows
        Rows that are equally full are told apart by all they bring, so that the order never
        depends on the order in which they came.

    Examples
    --------
    >>> rows = {name: np.array([1, 0]) for name in ("vehicle", "seen_at", "camera")}
    >>> sort_sightings(rows)["vehicle"].tolist()
    [0, 1]
    """
    if not n_rows(rows):
        return rows
    order = _order(*(rows[name] for name in CORE))
    tied = np.flatnonzero(_is_tied(order, *(rows[name] for name in CORE)))
    if len(tied):
        # The ties alone: they are few, and what stands between them stays where it is.
        among = take(rows, order[tied])
        keys = [among[name] for name in CORE] + [_missing_values(among)]
        keys += [among[name] for name in rows if name not in CORE]
        order[tied] = order[tied][np.lexsort(keys[::-1])]
    return take(rows, order)


def _missing_values(rows: Rows) -> np.ndarray:
    missing = np.zeros(n_rows(rows), np.int8)
    for name, column in rows.items():
        if name in LABELS:
            missing += column == MISSING
        elif column.dtype.kind == "f":
            missing += np.isnan(column)
    return missing


@numba.njit(cache=True, nogil=True)
def _order(vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray) -> np.ndarray:
    low = vehicle.min()
    starts = np.zeros(vehicle.max() - low + 2, np.int64)
    for row in range(len(vehicle)):
        starts[vehicle[row] - low + 1] += 1
    starts = np.cumsum(starts)
    order = np.empty(len(vehicle), np.int64)
    place = starts[:-1].copy()
    for row in range(len(vehicle)):
        group = vehicle[row] - low
        order[place[group]] = row
        place[group] += 1
    for group in range(len(place)):
        _sort_group(order[starts[group] : starts[group + 1]], seen_at, camera)
    return order


@numba.njit(cache=True, nogil=True)
def _sort_group(order: np.ndarray, seen_at: np.ndarray, camera: np.ndarray) -> None:
    """Sort the rows of one vehicle by time and camera, in place."""
    if len(order) > LONG:
        in_order = True
        for i in range(1, len(order)):
            in_order &= seen_at[order[i - 1]] <= seen_at[order[i]]
        if not in_order:
            order[:] = order[np.argsort(seen_at[order], kind="mergesort")]
        _sort_long_ties(order, seen_at, camera)
    for i in range(1, len(order)):
        row = order[i]
        j = i
        while j > 0:
            before = order[j - 1]
            if seen_at[before] < seen_at[row] or (
                seen_at[before] == seen_at[row] and camera[before] <= camera[row]
            ):
                break
            order[j] = before
            j -= 1
        order[j] = row


@numba.njit(cache=True, nogil=True)
def _sort_long_ties(order: np.ndarray, seen_at: np.ndarray, camera: np.ndarray) -> None:
    """Sort long runs of one instant by camera, in place; inserting would take their square."""
    begin = 0
    for i in range(1, len(order) + 1):
        if i < len(order) and seen_at[order[i]] == seen_at[order[begin]]:
            continue
        if i - begin > LONG:
            run = order[begin:i].copy()
            order[begin:i] = run[np.argsort(camera[run], kind="mergesort")]
        begin = i


@numba.njit(cache=True, nogil=True)
def _is_tied(
    order: np.ndarray, vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray
) -> np.ndarray:
    tied = np.zeros(len(order), np.bool_)
    for i in range(1, len(order)):
        before, row = order[i - 1], order[i]
        if (
            vehicle[before] == vehicle[row]
            and seen_at[before] == seen_at[row]
            and camera[before] == camera[row]
        ):
            tied[i - 1] = tied[i] = True
    return tied
