"""Traffic: the joint journeys that two vehicles would have as anybody who drives here at this hour.

On a busy road somebody is always just behind. A cell is a camera, a kind of day (working day or
weekend) and a local hour. Its rate is the number of joint journeys that begin there, platoons
included, per opportunity, an opportunity being a sighting of one vehicle and a sighting of another
in that cell, whichever day. The traffic τ of a pair sums, over the cells that both use, the product
of their sightings and the rate that everybody else has there: symmetric, and over all pairs it sums
to the joint journeys there were.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.units import DAY_MS, HOUR_MS

HOURS = 48
"""Hours of the two kinds of day."""

ANY_HOUR = 0.1
"""Share of the traffic that is taken to keep no hours: so no pair that met has none at all."""


def cell_of(camera: np.ndarray, local: np.ndarray) -> np.ndarray:
    """Number the cell of sightings: camera, kind of day, local hour.

    Examples
    --------
    >>> monday, saturday = 4 * DAY_MS, 9 * DAY_MS
    >>> cell_of(np.array([0, 2]), np.array([monday, saturday + HOUR_MS])).tolist()
    [0, 121]
    """
    weekend = (local // DAY_MS + 3) % 7 >= 5
    return camera.astype(np.int64) * HOURS + 24 * weekend + local % DAY_MS // HOUR_MS


@numba.njit(cache=True, nogil=True)
def count_cells(
    starts: np.ndarray, cells: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count how often each vehicle was seen in each cell.

    Parameters
    ----------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's rows begin.
    cells : numpy.ndarray of int64, shape (n,)
        Cells of the rows.

    Returns
    -------
    starts : numpy.ndarray of int64, shape (vehicles + 1,)
        Where each vehicle's cells begin.
    cell, seen : numpy.ndarray of int64, shape (found,)
        Cells in increasing order within a vehicle, and sightings there.
    """
    found_starts = np.zeros(len(starts), np.int64)
    cell, seen = np.empty(len(cells), np.int64), np.empty(len(cells), np.int64)
    found = 0
    for vehicle in range(len(starts) - 1):
        ordered = np.sort(cells[starts[vehicle] : starts[vehicle + 1]])
        for i in range(len(ordered)):
            if i and ordered[i] == ordered[i - 1]:
                seen[found - 1] += 1
            else:
                cell[found], seen[found] = ordered[i], 1
                found += 1
        found_starts[vehicle + 1] = found
    return found_starts, cell[:found].copy(), seen[:found].copy()


@numba.njit(cache=True, nogil=True)
def sum_cells(
    starts: np.ndarray, cell: np.ndarray, seen: np.ndarray, n_cameras: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the sightings, and their squares by vehicle, of each cell and then of each camera.

    Returns
    -------
    sightings, squares : numpy.ndarray of int64, shape (n_cameras × 48 + n_cameras,)
        Cells first, cameras (at any hour) behind them.
    """
    size = n_cameras * HOURS
    sightings, squares = np.zeros(size + n_cameras, np.int64), np.zeros(size + n_cameras, np.int64)
    for vehicle in range(len(starts) - 1):
        whole = 0
        for i in range(starts[vehicle], starts[vehicle + 1]):
            sightings[cell[i]] += seen[i]
            squares[cell[i]] += seen[i] * seen[i]
            whole += seen[i]
            if i + 1 == starts[vehicle + 1] or cell[i + 1] // HOURS != cell[i] // HOURS:
                sightings[size + cell[i] // HOURS] += whole
                squares[size + cell[i] // HOURS] += whole * whole
                whole = 0
    return sightings, squares


@numba.njit(cache=True, nogil=True)
def _rate(journeys: int, opportunities: int, overall: float) -> float:
    # One journey's worth of the overall rate stands in where a cell itself says little.
    return (journeys + 1.0) / (opportunities + 1.0 / overall)


@numba.njit(cache=True, nogil=True)
def _overall(journeys: int, opportunities: int) -> float:
    return (journeys + 1.0) / (opportunities + 1.0)


@numba.njit(cache=True, nogil=True)
def _own(cells: np.ndarray, first: int, stop: int, cell: int, width: int) -> int:
    count = 0
    for i in range(first, stop):
        if cells[i] // width == cell:
            count += 1
    return count


@numba.njit(cache=True, nogil=True)
def traffic_of_pairs(
    pairs_a: np.ndarray,
    pairs_b: np.ndarray,
    counted: np.ndarray,
    own_starts: np.ndarray,
    own_cells: np.ndarray,
    starts_a: np.ndarray,
    cell_a: np.ndarray,
    seen_a: np.ndarray,
    starts_b: np.ndarray,
    cell_b: np.ndarray,
    seen_b: np.ndarray,
    journeys: np.ndarray,
    opportunities: np.ndarray,
    n_cameras: int,
) -> np.ndarray:
    """Sum the traffic τ of pairs, each pair's own journeys left out of the rates.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Where the pair's vehicles stand in `starts_a` and `starts_b`.
    counted : numpy.ndarray of bool, shape (pairs,)
        Whether the pair's journeys are among `journeys` (and must be left out).
    own_starts, own_cells : numpy.ndarray of int64
        Where each pair's joint journeys begin, and the cells in which they began.
    starts_a, cell_a, seen_a, starts_b, cell_b, seen_b : numpy.ndarray of int64
        See `count_cells`.
    journeys, opportunities : numpy.ndarray of int64, shape (n_cameras × 48 + n_cameras,)
        Joint journeys that began, and opportunities, by cell and then by camera.
    n_cameras : int
        Camera codes run from 0 to below this.

    Returns
    -------
    numpy.ndarray of float64, shape (pairs,)
    """
    size = n_cameras * HOURS
    all_journeys, all_opportunities = journeys[:size].sum(), opportunities[:size].sum()
    traffic = np.zeros(len(pairs_a))
    for pair in range(len(pairs_a)):
        i, stop_i = starts_a[pairs_a[pair]], starts_a[pairs_a[pair] + 1]
        j, stop_j = starts_b[pairs_b[pair]], starts_b[pairs_b[pair] + 1]
        own, own_stop = own_starts[pair], own_starts[pair + 1]
        if not counted[pair]:
            own_stop = own
        overall = _overall(all_journeys - (own_stop - own), all_opportunities)
        by_hour, any_hour = 0.0, 0.0
        while i < stop_i and j < stop_j:
            camera = cell_a[i] // HOURS
            if cell_b[j] // HOURS < camera:
                j += 1
                continue
            if cell_b[j] // HOURS > camera:
                i += 1
                continue
            end_i, end_j = i, j
            whole_a, whole_b = 0, 0
            while end_i < stop_i and cell_a[end_i] // HOURS == camera:
                whole_a += seen_a[end_i]
                end_i += 1
            while end_j < stop_j and cell_b[end_j] // HOURS == camera:
                whole_b += seen_b[end_j]
                end_j += 1
            both = whole_a * whole_b
            any_hour += both * _rate(
                journeys[size + camera] - _own(own_cells, own, own_stop, camera, HOURS),
                opportunities[size + camera] - both,
                overall,
            )
            while i < end_i and j < end_j:
                if cell_a[i] < cell_b[j]:
                    i += 1
                elif cell_a[i] > cell_b[j]:
                    j += 1
                else:
                    cell = cell_a[i]
                    both = seen_a[i] * seen_b[j]
                    by_hour += both * _rate(
                        journeys[cell] - _own(own_cells, own, own_stop, cell, 1),
                        opportunities[cell] - both,
                        overall,
                    )
                    i += 1
                    j += 1
            i, j = end_i, end_j
        traffic[pair] = (1.0 - ANY_HOUR) * by_hour + ANY_HOUR * any_hour
    return traffic


@numba.njit(cache=True, nogil=True)
def traffic_with_all(
    starts: np.ndarray,
    cell: np.ndarray,
    seen: np.ndarray,
    sightings: np.ndarray,
    journeys: np.ndarray,
    opportunities: np.ndarray,
    n_cameras: int,
) -> np.ndarray:
    """Sum the traffic of each vehicle with all other vehicles, met or never met.

    Returns
    -------
    numpy.ndarray of float64, shape (vehicles,)
    """
    size = n_cameras * HOURS
    overall = _overall(journeys[:size].sum(), opportunities[:size].sum())
    totals = np.zeros(len(starts) - 1)
    for vehicle in range(len(starts) - 1):
        whole = 0
        for i in range(starts[vehicle], starts[vehicle + 1]):
            c, n = cell[i], seen[i]
            totals[vehicle] += (1.0 - ANY_HOUR) * n * (sightings[c] - n) * _rate(
                journeys[c], opportunities[c], overall
            )
            whole += n
            if i + 1 == starts[vehicle + 1] or cell[i + 1] // HOURS != c // HOURS:
                c = size + c // HOURS
                totals[vehicle] += ANY_HOUR * whole * (sightings[c] - whole) * _rate(
                    journeys[c], opportunities[c], overall
                )
                whole = 0
    return totals
