"""What one part contributes in each pass over pairs: the functions that an engine maps over parts.

A broadcast holds arrays only, so that parts may run in other processes. Names that begin with
``block_`` or ``index_`` belong to the block of second vehicles with which the part is joined.
"""

from __future__ import annotations

import numpy as np

from analyzer.local_time import to_local
from analyzer.patterns import closeness, encounter_counts, encounters, habit, moves, traffic
from analyzer.patterns.joint_journeys import joint_journeys
from analyzer.patterns.slot_sums import sum_slots
from analyzer.schema import Rows, take
from analyzer.units import DAY_MS


def is_probed(vehicles: np.ndarray, broadcast: Rows) -> np.ndarray:
    """Tell which vehicles are probed: by splitmix64 of code and seed, as a fraction of one."""
    seed = np.uint64(int(broadcast["seed"][0]) % 2**32 + 1)
    with np.errstate(over="ignore"):
        bits = vehicles.astype(np.uint64) + seed * np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((bits ^ (bits >> np.uint64(31))) >> np.uint64(11)) / 2.0**53 < broadcast["probed_share"]


def distinct(codes: np.ndarray) -> np.ndarray:
    """Sort codes and drop repeats (many times faster here than ``numpy.unique``, which hashes)."""
    ordered = np.sort(codes)
    return ordered[np.diff(ordered, prepend=-1) != 0]


def rows_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give the rows of a part as they are."""
    return rows


def local_times(rows: Rows, broadcast: Rows) -> np.ndarray:
    """Give the local times (ms) of rows by the clock that was broadcast."""
    return to_local(rows["seen_at"], broadcast["clock_starts"], broadcast["clock_offsets"])


def of_vehicles(rows: Rows, vehicles: np.ndarray) -> Rows:
    """Take the rows of some vehicles (sorted codes); never the very same dictionary."""
    if not len(vehicles):
        return take(rows, np.empty(0, np.int64))
    starts = encounters.run_starts(rows["vehicle"])
    here = rows["vehicle"][starts[:-1]]
    at = np.minimum(np.searchsorted(vehicles, here), len(vehicles) - 1)
    wanted = vehicles[at] == here
    return dict(rows) if wanted.all() else take(rows, np.repeat(wanted, np.diff(starts)))


def seconds_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give the rows of the vehicles that are the second of a pair."""
    return of_vehicles(rows, broadcast["seconds"])


def with_trip_cameras(rows: Rows, broadcast: Rows) -> Rows:
    """Add how many cameras are passed on each sighting's trip (`closeness.trip_cameras`)."""
    # An encounter is as late as the later of its sightings: between those of one vehicle may lie
    # as much more than a gap of the journey.
    gap = int(broadcast["max_gap"][0]) + int(broadcast["within"][0])
    starts = encounters.run_starts(rows["vehicle"])
    cameras = closeness.trip_cameras(starts, rows["seen_at"], rows["camera"], gap)
    return {**rows, "trip_cameras": cameras}


def on_trips(rows: Rows, broadcast: Rows) -> Rows:
    """Keep the sightings on trips at enough cameras: no other can be part of a joint journey."""
    rows = with_trip_cameras(rows, broadcast)
    enough = rows["trip_cameras"] >= broadcast["min_cameras"][0]
    return rows if enough.all() else take(rows, enough)


def arrange_by_day(rows: Rows, broadcast: Rows) -> Rows:
    """Arrange vehicles' rows as `habit.shifted_journeys` takes them."""
    starts = encounters.run_starts(rows["vehicle"])
    local = local_times(rows, broadcast)
    daily = habit.daily_rows(rows, starts, local, int(broadcast["first_day"][0]))
    return {"vehicles": rows["vehicle"][starts[:-1]], "starts": starts, **daily}


def arrange_by_slot(rows: Rows, broadcast: Rows) -> Rows:
    """Find vehicles' moves and deal them out, as `traffic.traffic_of_pairs` takes them."""
    starts = encounters.run_starts(rows["vehicle"])
    n_cameras, slots = int(broadcast["n_cameras"][0]), int(broadcast["slots"][0])
    move_starts, move_slot, move_later, move_day = moves.find_moves(
        starts, rows["seen_at"], local_times(rows, broadcast), rows["camera"],
        int(broadcast["max_gap"][0]) + int(broadcast["within"][0]), n_cameras, slots,
    )
    slot_starts, slot, units = moves.deal_moves(move_starts, move_slot, move_later, slots)
    return {
        "vehicles": rows["vehicle"][starts[:-1]],
        "move_starts": move_starts,
        "move_slot": move_slot,
        "move_later": move_later,
        "move_day": move_day,
        "starts": slot_starts,
        "slot": slot,
        "units": units,
    }


def pairs_here(broadcast: Rows, here: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs whose first vehicle is in this part and whose second is in this block.

    Returns their positions among the pairs, and where the two stand in the part and the block.
    """
    # The block's vehicles are in order here, and stand in it as its parts came.
    there, place = broadcast["block_vehicles"], broadcast["block_places"]
    if not len(here) or not len(there):
        return (np.empty(0, np.int64),) * 3
    at_a = np.minimum(np.searchsorted(here, broadcast["pairs_a"]), len(here) - 1)
    at_b = np.minimum(np.searchsorted(there, broadcast["pairs_b"]), len(there) - 1)
    found = np.flatnonzero(
        (here[at_a] == broadcast["pairs_a"]) & (there[at_b] == broadcast["pairs_b"])
    )
    return found, at_a[found], place[at_b[found]]


def lives_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find when each vehicle of a part was first seen, its last day, and whether it travels."""
    starts = encounters.run_starts(rows["vehicle"])
    days = local_times(rows, broadcast) // DAY_MS
    return {
        "vehicle": rows["vehicle"][starts[:-1]],
        "first_day": days[starts[:-1]],
        "last_day": days[starts[1:] - 1],
        "first_seen": rows["seen_at"][starts[:-1]],
        "travels": encounters.travels(
            starts, rows["seen_at"], rows["camera"],
            int(broadcast["max_gap"][0]), int(broadcast["min_cameras"][0]),
        ),
    }


SLOT_UNITS, HOUR_ITSELF, WAY_ITSELF, CAMERA_ITSELF = range(4)
"""What a row of `units_of_part` is a sum of."""


def units_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the moves of a part by slot, and their squares by vehicle; see `moves.sum_squares`."""
    dealt = arrange_by_slot(rows, broadcast)
    sums = [
        sum_slots(dealt["slot"], dealt["units"]),
        *(
            (np.flatnonzero(values), values[np.flatnonzero(values)])
            for values in moves.sum_squares(
                dealt["starts"], dealt["slot"], dealt["units"],
                int(broadcast["n_cameras"][0]), int(broadcast["slots"][0]),
            )
        ),
    ]
    return {
        "what": np.repeat(np.arange(len(sums), dtype=np.int8), [len(key) for key, _ in sums]),
        "key": np.concatenate([key for key, _ in sums]),
        "value": np.concatenate([value for _, value in sums]),
    }


def passages_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give what it takes to count encounters, the columns by which they are sorted first."""
    columns = ("camera", "seen_at", *(name for name in ("direction",) if name in rows))
    return {name: rows[name] for name in columns}


def meetings_of_cameras(rows: Rows, broadcast: Rows) -> Rows:
    """Count the encounters at some cameras, those of a vehicle with itself among them."""
    directions = encounters.directions_of(rows)
    within = int(broadcast["within"][0])
    met = encounter_counts.count_meetings(rows["camera"], rows["seen_at"], directions, within)
    return {"encounters": np.array([met])}


def repeats_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the encounters of a part's vehicles with themselves."""
    met = encounter_counts.count_repeats(
        rows["vehicle"], rows["camera"], rows["seen_at"], encounters.directions_of(rows),
        int(broadcast["within"][0]),
    )
    return {"encounters": np.array([met])}


def _meet(
    rows: Rows, starts: np.ndarray, vehicles: np.ndarray, times: np.ndarray, broadcast: Rows,
    later_only: bool,
) -> tuple[np.ndarray, np.ndarray]:
    cells = moves.cell_of(rows["camera"], local_times(rows, broadcast))
    return joint_journeys(
        starts, vehicles, times, rows["camera"], encounters.directions_of(rows),
        rows["trip_cameras"], cells,
        broadcast["index_bins"], broadcast["index_starts"], broadcast["index_times"],
        broadcast["index_vehicles"], broadcast["index_directions"],
        broadcast["index_trip_cameras"],
        int(broadcast["within"][0]), int(broadcast["max_gap"][0]),
        int(broadcast["min_cameras"][0]), later_only,
        broadcast["kept"], int(broadcast["least"][0]), broadcast["thresholds"],
        int(broadcast["n_cameras"][0]) * moves.KINDS,
    )


UNLISTED = -1
"""Stands for the vehicle in rows that count the journeys of pairs that are not listed."""


def journeys_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find the joint journeys of a part's vehicles with those of a block that have higher codes.

    A row is a journey of a listed pair; or, with `UNLISTED` for vehicle_a, vehicle_b tells how many
    journeys of other pairs there are in that cell and level.
    """
    rows = on_trips(rows, broadcast)
    starts = encounters.run_starts(rows["vehicle"])
    found, unlisted = _meet(
        rows, starts, rows["vehicle"][starts[:-1]], rows["seen_at"], broadcast, True
    )
    level, cell = np.nonzero(unlisted)
    none = np.full(len(level), UNLISTED, np.int32)
    return {
        "vehicle_a": np.append(found[:, 0].astype(np.int32), none),
        "vehicle_b": np.append(found[:, 1], unlisted[level, cell]),
        "cell": np.append(found[:, 2], cell).astype(np.int32),
        "level": np.append(
            closeness.levels_of(found[:, 3], broadcast["thresholds"]), level
        ).astype(np.int8),
    }


def probe_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find the joint journeys of the probed vehicles of a part in all shifts."""
    starts = encounters.run_starts(rows["vehicle"])
    vehicles = rows["vehicle"][starts[:-1]]
    probed = vehicles[is_probed(vehicles, broadcast)]
    rows = on_trips(of_vehicles(rows, probed), broadcast)
    starts, local = encounters.run_starts(rows["vehicle"]), local_times(rows, broadcast)
    met = [np.empty((0, 4), np.int64)]
    for rotation in broadcast["rotations"]:
        times = habit.shifted_times(
            local, rotation, int(broadcast["first_day"][0]), broadcast["kind"],
            broadcast["position"], broadcast["sizes"], broadcast["days_of"],
        )
        order = encounters.order_by_time(starts, times)
        shifted = take(rows, order)
        met.append(
            _meet(shifted, starts, shifted["vehicle"][starts[:-1]], times[order], broadcast, False)[
                0
            ]
        )
    found = np.concatenate(met)
    return {
        "vehicle_a": np.minimum(found[:, 0], found[:, 1]),
        "vehicle_b": np.maximum(found[:, 0], found[:, 1]),
        "closeness": found[:, 3],
    }


def encounters_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count all encounters of the pairs of a part with a block, by pair and by camera.

    A negative ``pair`` is a camera: -1 for the first, -2 for the next.
    """
    rows = of_vehicles(rows, broadcast["firsts"])
    starts = encounters.run_starts(rows["vehicle"])
    found, at_a, at_b = pairs_here(broadcast, rows["vehicle"][starts[:-1]])
    met, at_camera = encounter_counts.encounters_of_pairs(
        at_a, at_b, starts, rows["seen_at"], rows["camera"], encounters.directions_of(rows),
        *(broadcast[f"block_{name}"] for name in ("starts", "times", "cameras", "directions")),
        int(broadcast["within"][0]), int(broadcast["n_cameras"][0]),
    )
    cameras = np.flatnonzero(at_camera)
    return {
        "pair": np.append(found, -1 - cameras),
        "encounters": np.append(met, at_camera[cameras]),
    }


def shifted_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the joint journeys, over all shifts, of the pairs of a part with a block."""
    rows = on_trips(of_vehicles(rows, broadcast["firsts"]), broadcast)
    daily = arrange_by_day(rows, broadcast)
    found, at_a, at_b = pairs_here(broadcast, daily["vehicles"])
    names = ("starts", "cameras", "clock", "days", "directions", "trip_cameras")
    shifted = habit.shifted_journeys(
        at_a, at_b, *(daily[name] for name in names),
        *(broadcast[f"block_{name}"] for name in names),
        *(broadcast[name] for name in (
            "kind", "position", "sizes", "days_of", "inverse_starts", "inverse")),
        *(int(broadcast[name][0]) for name in ("n_cameras", "within", "max_gap", "min_cameras")),
        broadcast["thresholds"],
    )
    return {"pair": found} | {f"level{k}": shifted[:, k] for k in range(shifted.shape[1])}


def traffic_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the traffic of the pairs of a part with a block."""
    dealt = arrange_by_slot(of_vehicles(rows, broadcast["firsts"]), broadcast)
    found, at_a, at_b = pairs_here(broadcast, dealt["vehicles"])
    own = broadcast["own_starts"]
    # The kernel wants each selected pair's own journeys behind each other.
    lengths = own[found + 1] - own[found]
    starts = np.append(0, np.cumsum(lengths))
    rows_of = np.repeat(own[found] - starts[:-1], lengths) + np.arange(starts[-1])
    names = ("move_starts", "move_slot", "move_later", "move_day", "starts", "slot", "units")
    values = traffic.traffic_of_pairs(
        at_a, at_b, starts, broadcast["own_cells"][rows_of],
        *(dealt[name] for name in names), *(broadcast[f"block_{name}"] for name in names),
        *(broadcast[name] for name in ("journeys", "by_hour", "by_way", "by_camera", "days")),
        int(broadcast["n_cameras"][0]), int(broadcast["slots"][0]),
    )
    return {"pair": found} | {f"traffic{k}": values[:, k] for k in range(traffic.COMPONENTS)}


def traffic_with_all_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the traffic of the probed vehicles of a part with all other vehicles."""
    starts = encounters.run_starts(rows["vehicle"])
    vehicles = rows["vehicle"][starts[:-1]]
    probed = vehicles[is_probed(vehicles, broadcast)]
    dealt = arrange_by_slot(of_vehicles(rows, probed), broadcast)
    values = traffic.traffic_with_all(
        *(dealt[name] for name in ("starts", "slot", "units")),
        *(broadcast[name] for name in (
            "used", "used_units", "ways", "way_units", "camera_units", "journeys", "by_hour",
            "by_way", "by_camera")),
        int(broadcast["n_cameras"][0]), int(broadcast["slots"][0]),
    )
    return {"vehicle": dealt["vehicles"]} | {
        f"traffic{k}": values[:, k] for k in range(traffic.COMPONENTS)
    }
