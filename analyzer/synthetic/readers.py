"""Readers and their faults: what they miss, misread, write twice, and the one whose clock drifts.

The kernel `read_block` drives vehicles along their days' trips and writes what readers make of it;
its twin `trips_of` writes the trips themselves, which are the truth.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.synthetic.attributes import NOTED, note_attributes
from analyzer.synthetic.driving import MAX_TRIPS, World, make_plan
from analyzer.synthetic.kernels import kernel
from analyzer.synthetic.plates import MISREAD_PLACES
from analyzer.synthetic.randomness import bits, mix, share, stream, uniform
from analyzer.synthetic.schedules import plan_day
from analyzer.units import DAY_MS, HOUR_MS

UTC_OFFSET_MS = 5 * HOUR_MS
"""Asia/Tashkent is UTC+5 all year."""

REPEAT_MS = 30_000
"""A vehicle again at the same camera within this time is the same passage (a repeat frame)."""

READ, BELT = 980, 981

N_COUNTS = 5
PASSED, IN_VIEW, SEEN, MISREAD, DOUBLED = range(N_COUNTS)
COUNTED = ("passages", "in_view", "read", "misread", "written_twice")
"""Names of the counters of `read_block`."""


class Readers(NamedTuple):
    """Rates of the readers' faults, as a kernel can take them.

    Attributes
    ----------
    coverage, miss_rate, misread_rate, double_rate : float
        See `settings.Difficulty`.
    drifting : int
        Code of the reader whose clock loses time.
    drift_ppm : int
        How fast, in millionths.
    start_ms : int
        Instant (ms, UTC) at which the clocks were set: the first midnight.
    end_ms : int
        Readers stop here.
    """

    coverage: float
    miss_rate: float
    misread_rate: float
    double_rate: float
    drifting: int
    drift_ppm: int
    start_ms: int
    end_ms: int


class Block(NamedTuple):
    """Room for rows that readers write.

    Attributes
    ----------
    vehicle : numpy.ndarray of int32
        Number of the vehicle that really passed.
    passed_at, seen_at : numpy.ndarray of int64
        When it passed, and when the reader says it did (ms, UTC).
    camera : numpy.ndarray of int32
    misread : numpy.ndarray of int8
        Which character of the plate was misread; -1 for none.
    confidence : numpy.ndarray of float32
    labels : numpy.ndarray of int8, shape (7, rows)
        Codes of the label columns in the order of `attributes.NOTED`; -1 is missing.
    """

    vehicle: np.ndarray
    passed_at: np.ndarray
    seen_at: np.ndarray
    camera: np.ndarray
    misread: np.ndarray
    confidence: np.ndarray
    labels: np.ndarray


def make_block(rows: int) -> Block:
    """Make room for rows."""
    return Block(
        np.empty(rows, np.int32), np.empty(rows, np.int64), np.empty(rows, np.int64),
        np.empty(rows, np.int32), np.empty(rows, np.int8), np.empty(rows, np.float32),
        np.empty((len(NOTED), rows), np.int8),
    )  # fmt: skip


@kernel
def read_block(world, looks, readers, calendar, plan, first, stop, block, counts, longest):
    """Drive vehicle-days and write down what readers see.

    Parameters
    ----------
    world : World
    looks : Looks
    readers : Readers
    calendar : numpy.ndarray of int64, shape (days + 1, 4)
    plan : numpy.ndarray of STOP
        Room for one day (see `driving.make_plan`).
    first, stop : int
        Vehicle-days to drive: ``(row - 1) * vehicles + vehicle``.
    block : Block
        Room for the rows.
    counts : numpy.ndarray of int64, shape (N_COUNTS,)
        Counters, added to (see `COUNTED`).
    longest : int
        Cameras on the longest way; a vehicle-day is only begun when its rows surely fit.

    Returns
    -------
    rows : int
        Rows written.
    next : int
        First vehicle-day that was not driven.
    """
    n_vehicles = len(world.people)
    ways = world.ways
    room = len(block.vehicle)
    threshold = readers.coverage * (1.0 - readers.miss_rate)
    n = 0
    for vehicle_day in range(first, stop):
        if n + 2 * longest * MAX_TRIPS > room:
            return n, vehicle_day
        row, v = vehicle_day // n_vehicles + 1, vehicle_day % n_vehicles
        trips = plan_day(world, plan, v, calendar, row)
        if trips == 0:
            continue
        midnight = calendar[row, 0] * DAY_MS - UTC_OFFSET_MS
        key = stream(world.seed, v, calendar[row, 0], READ)
        for trip in range(trips):
            way = plan[trip].way
            begin = ways.of[way].start
            passages = ways.of[way + 1].start - begin
            counts[PASSED] += passages
            trip_key = bits(key, trip)
            access = plan[trip].access
            for j in range(passages):
                word = bits(trip_key, j)
                draw = share(word)
                if draw >= readers.coverage:
                    continue
                counts[IN_VIEW] += 1
                if draw >= threshold:
                    continue
                passage = ways.passages[begin + j]
                time = (
                    midnight + plan[trip].depart
                    + np.int64(1_000.0 * (
                        access + plan[trip].streets * passage.streets_s
                        + plan[trip].rural * passage.rural_s
                    ))
                )  # fmt: skip
                if time < readers.start_ms or time >= readers.end_ms:
                    continue
                # The lane comes from bits that the first draw has not used.
                camera = passage.camera
                if passage.lanes == 2:
                    camera += np.int32(word & np.uint64(1))
                counts[SEEN] += 1
                again = mix(word + np.uint64(READ))
                double = uniform(again, 0) < readers.double_rate
                for repeat in range(2 if double else 1):
                    _write_row(
                        looks, readers, block, counts, n, v, time, camera, passage.direction,
                        bits(again, 1 + repeat), repeat, trip_key,
                    )  # fmt: skip
                    n += 1
    return n, stop


@kernel
def _write_row(
    looks, readers, block, counts, n, v, time, camera, direction, word, repeat, trip_key
):
    if repeat:
        # The second frame follows within four seconds.
        time += 400 + np.int64(3_600.0 * uniform(word, 5))
        counts[DOUBLED] += 1
    seen_at = time
    if camera == readers.drifting:
        seen_at = time - (time - readers.start_ms) * readers.drift_ppm // 1_000_000
    misread = uniform(word, 6) < readers.misread_rate
    block.misread[n] = int(uniform(word, 7) * MISREAD_PLACES) if misread else -1
    doubt = uniform(word, 8)
    if misread:
        counts[MISREAD] += 1
        confidence = 0.92 - 0.45 * doubt
    else:
        confidence = 0.995 - 0.30 * doubt * doubt * doubt
    block.vehicle[n], block.passed_at[n], block.seen_at[n] = v, time, seen_at
    block.camera[n], block.confidence[n] = camera, np.round(confidence, 2)
    block.labels[0, n] = direction
    hour = (time + UTC_OFFSET_MS) % DAY_MS // HOUR_MS
    night = hour >= 20 or hour < 6
    note_attributes(looks, v, trip_key, word, night, block.labels, n)


TRIP = np.dtype(
    [
        ("vehicle", np.int64),
        ("row", np.int64),
        ("started_at", np.int64),
        ("ended_at", np.int64),
        ("origin", np.int64),
        ("destination", np.int64),
        ("joint", np.int64),
        ("origin_lat", np.float64),
        ("origin_lon", np.float64),
        ("destination_lat", np.float64),
        ("destination_lon", np.float64),
    ],
    align=True,
)
"""One trip as it really was.

* vehicle: its number; row: row of the calendar; started_at, ended_at: instants in ms (UTC);
* origin, destination: kinds of place as numbers in `driving.PLACES`;
* joint: number of those who travel together, 0 when alone.
"""


def trips_of(world: World, calendar: np.ndarray, vehicles: np.ndarray) -> np.ndarray:
    """Give the trips of some vehicles, ordered by (vehicle, time).

    Parameters
    ----------
    world : World
    calendar : numpy.ndarray of int64, shape (days + 1, 4)
    vehicles : numpy.ndarray of int64
        Numbers of the vehicles.

    Returns
    -------
    numpy.ndarray of TRIP
    """
    plan = make_plan()
    trips = np.empty(len(vehicles) * len(calendar) * 4 + MAX_TRIPS, TRIP)
    pieces, first = [], 0
    while first < len(vehicles):
        n, first = _write_trips(world, calendar, plan, vehicles, first, trips)
        pieces.append(trips[:n].copy())
        if n == 0:
            # Not even one vehicle fits: make room for all that it may do.
            trips = np.empty(len(calendar) * MAX_TRIPS, TRIP)
    return np.concatenate(pieces) if pieces else trips[:0]


@kernel
def _write_trips(world, calendar, plan, vehicles, first, trips):
    """Write the trips of as many vehicles as fit; give how many, and the first one left over."""
    n = 0
    for position in range(first, len(vehicles)):
        v, before = vehicles[position], n
        for row in range(1, len(calendar)):
            if n + MAX_TRIPS > len(trips):
                return before, position
            midnight = calendar[row, 0] * DAY_MS - UTC_OFFSET_MS
            for i in range(plan_day(world, plan, v, calendar, row)):
                here, there, trip = plan[i], plan[i + 1], trips[n]
                trip.vehicle, trip.row, trip.joint = v, row, here.joint
                trip.started_at, trip.ended_at = midnight + here.depart, midnight + here.arrive
                trip.origin, trip.destination = here.kind, there.kind
                trip.origin_lat, trip.origin_lon = here.lat, here.lon
                trip.destination_lat, trip.destination_lon = there.lat, there.lon
                n += 1
    return n, len(vehicles)


@numba.njit(cache=True, nogil=True)
def order_by_time(times: np.ndarray) -> np.ndarray:
    """Order instants, the earliest first; those that agree keep their order (radix sort).

    Examples
    --------
    >>> order_by_time(np.array([5, 3, 5, 1])).tolist()
    [3, 1, 0, 2]
    """
    count = len(times)
    order = np.arange(count)
    if count == 0:
        return order
    lowest, highest = times.min(), times.max()
    other = np.empty(count, np.int64)
    shift = 0
    while (highest - lowest) >> shift > 0:
        start = np.zeros(65_537, np.int64)
        for i in range(count):
            start[(((times[i] - lowest) >> shift) & 0xFFFF) + 1] += 1
        for digit in range(65_536):
            start[digit + 1] += start[digit]
        for i in order:
            digit = ((times[i] - lowest) >> shift) & 0xFFFF
            other[start[digit]] = i
            start[digit] += 1
        order, other = other, order
        shift += 16
    return order


@numba.njit(cache=True, nogil=True)
def first_rows_of_passages(
    vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray
) -> np.ndarray:
    """Find the row that begins the passage of each, in rows sorted by (vehicle, seen_at, camera).

    A row is a repeat when the same vehicle stands at the same camera, within `REPEAT_MS`, in a row
    that begins a passage.

    Returns
    -------
    numpy.ndarray of int64
        Positions; its own for a row that begins a passage.

    Examples
    --------
    >>> first_rows_of_passages(
    ...     np.array([0, 0, 0]), np.array([0, 2_000, 90_000]), np.array([1, 1, 1])
    ... ).tolist()
    [0, 0, 2]
    """
    first = np.arange(len(vehicle))
    for i in range(len(vehicle)):
        before = i - 1
        while (
            before >= 0
            and vehicle[before] == vehicle[i]
            and seen_at[i] - seen_at[before] <= REPEAT_MS
        ):
            if first[before] == before and camera[before] == camera[i]:
                first[i] = before
                break
            before -= 1
    return first
