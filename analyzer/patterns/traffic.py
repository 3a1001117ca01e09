"""Traffic: the joint journeys that two vehicles would have as anybody who drives here at this hour.

On a busy road somebody is always just behind. A joint journey needs two vehicles on one way, so the
opportunities for it are counted by *moves*: a vehicle's passing from one camera to the next within
a trip. Two moves of two vehicles between the same cameras, on the same kind of day (working day or
weekend), are an opportunity as far as their times of day agree: moves are dealt out to the two
nearest of the slots of a day, and the products of the shares in each slot are added. Whether it was
the same date does not matter; a pair's own moves of the same date are even left out, because what
happened then is to be explained by what happens on other days.

Who drives at another hour than usual, or goes on from a camera by another way, still meets others.
So there are wider kinds of opportunity beside this one: two moves between the same cameras at any
hour, and two moves from the same camera to anywhere. The rate of each is the number of joint
journeys, platoons included, per opportunity, by the camera at which they begin (and, for the
narrowest, the kind of day). A component of a pair's traffic is everybody else's rate times the
pair's opportunities: symmetric, and over all pairs it sums to the joint journeys there were. How
much each component tells is fitted to the data (`fit_mixture`).
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.moves import KINDS, UNITS, next_slot

HOUR, WAY, CAMERA = range(3)
"""Components of traffic: same way at the same hour, same way at any hour, same camera."""

COMPONENTS = 3

ROUNDS = 50
"""Of the fit of the components' weights."""

BORROWED = 10.0
"""Joint journeys' worth of the overall rate that stands in where a camera says little."""


@numba.njit(cache=True, nogil=True)
def _overall(
    journeys: np.ndarray, by_hour: np.ndarray, by_way: np.ndarray, by_camera: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    # Joint journeys of each kind of day, and opportunities of each kind, on ways, from cameras.
    begun, there = np.zeros(KINDS), np.zeros(KINDS + 2)
    for cell in range(len(journeys)):
        begun[cell % KINDS] += journeys[cell]
        there[cell % KINDS] += by_hour[cell]
    there[KINDS], there[KINDS + 1] = by_way.sum(), by_camera.sum()
    return begun, there


@numba.njit(cache=True, nogil=True)
def _rate(journeys: float, opportunities: float, overall: float) -> float:
    return (journeys + BORROWED) / (opportunities + BORROWED / overall)


@numba.njit(cache=True, nogil=True)
def traffic_of_pairs(
    pairs_a: np.ndarray,
    pairs_b: np.ndarray,
    own_starts: np.ndarray,
    own_cells: np.ndarray,
    move_starts_a: np.ndarray,
    move_slot_a: np.ndarray,
    move_later_a: np.ndarray,
    move_day_a: np.ndarray,
    starts_a: np.ndarray,
    slot_a: np.ndarray,
    units_a: np.ndarray,
    move_starts_b: np.ndarray,
    move_slot_b: np.ndarray,
    move_later_b: np.ndarray,
    move_day_b: np.ndarray,
    starts_b: np.ndarray,
    slot_b: np.ndarray,
    units_b: np.ndarray,
    journeys: np.ndarray,
    by_hour: np.ndarray,
    by_way: np.ndarray,
    by_camera: np.ndarray,
    days: np.ndarray,
    n_cameras: int,
    slots: int,
) -> np.ndarray:
    """Sum the components of the traffic of pairs, each pair's own journeys left out of the rates.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Where the pair's vehicles stand in the arrays of starts.
    own_starts, own_cells : numpy.ndarray of int64
        Where each pair's joint journeys among `journeys` begin, and the cells in which they began.
    move_starts_a, move_slot_a, move_later_a, move_day_a : numpy.ndarray of int64
        See `find_moves`.
    starts_a, slot_a, units_a : numpy.ndarray of int64
        See `deal_moves`; the arguments that end in b are those of the second vehicles.
    journeys : numpy.ndarray of int64, shape (n_cameras × 2,)
        Joint journeys that began, by cell.
    by_hour : numpy.ndarray of float64, shape (n_cameras × 2,)
        Opportunities at the same hour, by cell.
    by_way, by_camera : numpy.ndarray of float64, shape (n_cameras,)
        Those on the same way at any hour, and from the same camera, by camera.
    days : numpy.ndarray of int64, shape (2,)
        Days of each kind.
    n_cameras, slots : int
        See `find_moves`.

    Returns
    -------
    numpy.ndarray of float64, shape (pairs, components)
    """
    of_way, square = KINDS * slots, float(UNITS * UNITS)
    of_camera = n_cameras * of_way
    begun, there = _overall(journeys, by_hour, by_way, by_camera)
    same = np.zeros(len(journeys), np.int64)
    traffic = np.zeros((len(pairs_a), COMPONENTS))
    own_by_kind = np.zeros(KINDS)
    both = np.zeros(KINDS, np.int64)
    for pair in range(len(pairs_a)):
        a, b = pairs_a[pair], pairs_b[pair]
        _add_same_day(
            same, move_starts_a[a], move_starts_a[a + 1], move_slot_a, move_later_a, move_day_a,
            move_starts_b[b], move_starts_b[b + 1], move_slot_b, move_later_b, move_day_b,
            n_cameras * of_way, slots, 1,
        )  # fmt: skip
        own, own_stop = own_starts[pair], own_starts[pair + 1]
        own_by_kind[:] = 0.0
        for i in range(own, own_stop):
            own_by_kind[own_cells[i] % KINDS] += 1.0
        i, stop_i = starts_a[a], starts_a[a + 1]
        j, stop_j = starts_b[b], starts_b[b + 1]
        while i < stop_i and j < stop_j:
            # Slots are compared with where a camera begins and ends: divisions are slow.
            camera = max(slot_a[i], slot_b[j]) // of_camera
            begin, end = camera * of_camera, (camera + 1) * of_camera
            while i < stop_i and slot_a[i] < begin:
                i += 1
            while j < stop_j and slot_b[j] < begin:
                j += 1
            if i == stop_i or j == stop_j:
                break
            if slot_a[i] >= end or slot_b[j] >= end:
                continue
            both[:] = 0
            from_a, from_b, on_way = np.int64(0), np.int64(0), 0.0
            while (i < stop_i and slot_a[i] < end) or (j < stop_j and slot_b[j] < end):
                at_a = slot_a[i] if i < stop_i else end
                at_b = slot_b[j] if j < stop_j else end
                way_end = (min(at_a, at_b) // of_way + 1) * of_way
                on_a, on_b = np.int64(0), np.int64(0)
                while at_a < way_end or at_b < way_end:
                    if at_a == at_b:
                        both[at_a // slots % KINDS] += units_a[i] * units_b[j]
                    step_a, step_b = at_a <= at_b, at_b <= at_a
                    if step_a:
                        on_a += units_a[i]
                        i += 1
                        at_a = slot_a[i] if i < stop_i else end
                    if step_b:
                        on_b += units_b[j]
                        j += 1
                        at_b = slot_b[j] if j < stop_j else end
                on_way += float(on_a * on_b)
                from_a += on_a
                from_b += on_b
            mine, here = 0.0, 0.0
            for kind in range(KINDS):
                cell = camera * KINDS + kind
                here += journeys[cell]
                own_here = 0.0
                for k in range(own, own_stop):
                    own_here += own_cells[k] == cell
                mine += own_here
                if both[kind] == 0:
                    continue
                on_other_days = float(both[kind])
                if days[kind] > 1:
                    on_other_days = (both[kind] - same[cell]) * (days[kind] / (days[kind] - 1.0))
                traffic[pair, HOUR] += on_other_days / square * _rate(
                    journeys[cell] - own_here,
                    by_hour[cell] - both[kind] / square,
                    (begun[kind] - own_by_kind[kind] + 1.0) / (there[kind] + 1.0),
                )
            others = begun.sum() - own_by_kind.sum() + 1.0
            alike = on_way / square
            traffic[pair, WAY] += alike * _rate(
                here - mine, by_way[camera] - alike, others / (there[KINDS] + 1.0)
            )
            alike = float(from_a) * float(from_b) / square
            traffic[pair, CAMERA] += alike * _rate(
                here - mine, by_camera[camera] - alike, others / (there[KINDS + 1] + 1.0)
            )
        _add_same_day(
            same, move_starts_a[a], move_starts_a[a + 1], move_slot_a, move_later_a, move_day_a,
            move_starts_b[b], move_starts_b[b + 1], move_slot_b, move_later_b, move_day_b,
            n_cameras * of_way, slots, -1,
        )  # fmt: skip
    return traffic


@numba.njit(cache=True, nogil=True)
def _add_same_day(
    same, i, stop_i, slot_a, later_a, day_a, j, stop_j, slot_b, later_b, day_b, of_camera, slots,
    sign,
):  # fmt: skip
    # Moves stand in order of time, so those of one day stand together.
    while i < stop_i and j < stop_j:
        if day_a[i] < day_b[j]:
            i += 1
            continue
        if day_b[j] < day_a[i]:
            j += 1
            continue
        other = j
        while other < stop_j and day_b[other] == day_a[i]:
            apart = slot_a[i] - slot_b[other]
            if apart >= slots or apart <= -slots:
                # Not on one way, on one kind of day.
                other += 1
                continue
            amount = np.int64(0)
            early_a, early_b = UNITS - later_a[i], UNITS - later_b[other]
            if slot_a[i] == slot_b[other]:
                amount = early_a * early_b + later_a[i] * later_b[other]
            if slot_a[i] == next_slot(slot_b[other], slots):
                amount += early_a * later_b[other]
            if slot_b[other] == next_slot(slot_a[i], slots):
                amount += later_a[i] * early_b
            if amount:
                cell = slot_a[i] // of_camera * KINDS + slot_a[i] // slots % KINDS
                same[cell] += sign * amount
            other += 1
        i += 1


@numba.njit(cache=True, nogil=True)
def traffic_with_all(
    starts: np.ndarray,
    slot: np.ndarray,
    units: np.ndarray,
    used: np.ndarray,
    used_units: np.ndarray,
    ways: np.ndarray,
    way_units: np.ndarray,
    camera_units: np.ndarray,
    journeys: np.ndarray,
    by_hour: np.ndarray,
    by_way: np.ndarray,
    by_camera: np.ndarray,
    n_cameras: int,
    slots: int,
) -> np.ndarray:
    """Sum the traffic of each vehicle with all other vehicles, met or never met.

    Parameters
    ----------
    starts, slot, units : numpy.ndarray of int64
        See `deal_moves`.
    used, used_units, ways, way_units : numpy.ndarray of int64
        All slots (ways) that any vehicle uses, sorted, and the units of all vehicles there.
    camera_units : numpy.ndarray of int64, shape (n_cameras,)
        Units of all vehicles by camera.
    journeys, by_hour, by_way, by_camera, n_cameras, slots
        See `traffic_of_pairs`.

    Returns
    -------
    numpy.ndarray of float64, shape (vehicles, components)
    """
    of_way, square = KINDS * slots, float(UNITS * UNITS)
    begun, there = _overall(journeys, by_hour, by_way, by_camera)
    every = begun.sum() + 1.0
    totals = np.zeros((len(starts) - 1, COMPONENTS))
    for vehicle in range(len(starts) - 1):
        on_way, from_camera = np.int64(0), np.int64(0)
        stop = starts[vehicle + 1]
        for i in range(starts[vehicle], stop):
            way, kind = slot[i] // of_way, slot[i] // slots % KINDS
            camera = way // n_cameras
            cell = camera * KINDS + kind
            others = used_units[np.searchsorted(used, slot[i])] - units[i]
            totals[vehicle, HOUR] += float(units[i] * others) / square * _rate(
                journeys[cell], by_hour[cell], (begun[kind] + 1.0) / (there[kind] + 1.0)
            )
            on_way += units[i]
            next_way = slot[i + 1] // of_way if i + 1 < stop else np.int64(-1)
            if next_way == way:
                continue
            here = 0.0
            for k in range(KINDS):
                here += journeys[camera * KINDS + k]
            others = way_units[np.searchsorted(ways, way)] - on_way
            totals[vehicle, WAY] += float(on_way) * float(others) / square * _rate(
                here, by_way[camera], every / (there[KINDS] + 1.0)
            )
            from_camera += on_way
            on_way = np.int64(0)
            if next_way < 0 or next_way // n_cameras != camera:
                others = camera_units[camera] - from_camera
                totals[vehicle, CAMERA] += float(from_camera) * float(others) / square * _rate(
                    here, by_camera[camera], every / (there[KINDS + 1] + 1.0)
                )
                from_camera = np.int64(0)
    return totals


def fit_mixture(journeys: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Fit how much each component of traffic tells, by expectation and maximisation.

    Parameters
    ----------
    journeys : numpy.ndarray of int, shape (pairs,)
        Joint journeys of pairs that were not chosen by how often they met.
    components : numpy.ndarray of float64, shape (pairs, components)
        Of those pairs; each component sums, over all pairs there are, to all joint journeys.

    Returns
    -------
    numpy.ndarray of float64, shape (components,)
        Weights that sum to one. Pairs that never met need not be there: since every component has
        the same sum, they tell nothing of the weights.

    Examples
    --------
    >>> fit_mixture(np.array([3, 1]), np.array([[4.0, 0.0], [0.0, 4.0]])).round(2).tolist()
    [0.67, 0.33]
    """
    n = components.shape[1]
    weights = np.full(n, 1.0 / n)
    met = journeys > 0
    journeys, components = journeys[met].astype(float), components[met]
    for _ in range(ROUNDS):
        parts = weights * components
        share = parts / np.maximum(parts.sum(axis=1), 1e-300)[:, None]
        # A journey for each is added, so that none is ruled out by little data.
        weights = (journeys @ share + 1.0) / (journeys.sum() + n)
    return weights
