"""What one part contributes in each pass over pairs: the functions that an engine maps over parts.

A broadcast holds arrays only, so that parts may run in other processes. Names that begin with
``block_`` or ``index_`` belong to the block of second vehicles with which the part is joined.
"""

from __future__ import annotations

import numpy as np

from analyzer.local_time import to_local
from analyzer.patterns import encounters, habit, traffic
from analyzer.schema import Rows, n_rows, take
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
    """Take the rows of some vehicles (sorted codes), sorted by vehicle."""
    # A block of several parts is sorted within each only.
    if n_rows(rows) and np.any(np.diff(rows["vehicle"]) < 0):
        rows = take(rows, np.argsort(rows["vehicle"], kind="stable"))
    if not len(vehicles):
        return take(rows, np.empty(0, np.int64))
    at = np.minimum(np.searchsorted(vehicles, rows["vehicle"]), len(vehicles) - 1)
    return take(rows, np.flatnonzero(vehicles[at] == rows["vehicle"]))


def arrange_by_day(rows: Rows, broadcast: Rows) -> Rows:
    """Arrange vehicles' rows as `habit.shifted_journeys` takes them."""
    starts = encounters.run_starts(rows["vehicle"])
    local = local_times(rows, broadcast)
    daily = habit.daily_rows(rows, starts, local, int(broadcast["first_day"][0]))
    return {"vehicles": rows["vehicle"][starts[:-1]], "starts": starts, **daily}


def arrange_by_cell(rows: Rows, broadcast: Rows) -> Rows:
    """Count vehicles' rows by cell, as `traffic.traffic_of_pairs` takes them."""
    starts = encounters.run_starts(rows["vehicle"])
    cells = traffic.cell_of(rows["camera"], local_times(rows, broadcast))
    cell_starts, cell, seen = traffic.count_cells(starts, cells)
    return {"vehicles": rows["vehicle"][starts[:-1]], "starts": cell_starts, "cell": cell,
            "seen": seen}


def pairs_here(broadcast: Rows, here: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs whose first vehicle is in this part and whose second is in this block.

    Returns their positions among the pairs, and where the two stand in the part and the block.
    """
    there = broadcast["block_vehicles"]
    if not len(here) or not len(there):
        return (np.empty(0, np.int64),) * 3
    at_a = np.minimum(np.searchsorted(here, broadcast["pairs_a"]), len(here) - 1)
    at_b = np.minimum(np.searchsorted(there, broadcast["pairs_b"]), len(there) - 1)
    found = np.flatnonzero(
        (here[at_a] == broadcast["pairs_a"]) & (there[at_b] == broadcast["pairs_b"])
    )
    return found, at_a[found], at_b[found]


def lives_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find the first and last day of each vehicle of a part, and whether it travels."""
    starts = encounters.run_starts(rows["vehicle"])
    days = local_times(rows, broadcast) // DAY_MS
    return {
        "vehicle": rows["vehicle"][starts[:-1]],
        "first_day": days[starts[:-1]],
        "last_day": days[starts[1:] - 1],
        "travels": encounters.travels(
            starts, rows["seen_at"], rows["camera"],
            int(broadcast["max_gap"][0]), int(broadcast["min_cameras"][0]),
        ),
    }


def cells_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the sightings of a part, and their squares by vehicle, by cell and by camera."""
    counts = arrange_by_cell(rows, broadcast)
    sightings, squares = traffic.sum_cells(
        counts["starts"], counts["cell"], counts["seen"], int(broadcast["n_cameras"][0])
    )
    used = np.flatnonzero(sightings)
    return {"cell": used, "sightings": sightings[used], "squares": squares[used]}


def passages_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give what it takes to count encounters, the columns by which they are sorted first."""
    columns = ("camera", "seen_at", *(name for name in ("direction",) if name in rows))
    return {name: rows[name] for name in columns}


def meetings_of_cameras(rows: Rows, broadcast: Rows) -> Rows:
    """Count the encounters at some cameras, those of a vehicle with itself among them."""
    directions = encounters.directions_of(rows)
    within = int(broadcast["within"][0])
    met = encounters.count_meetings(rows["camera"], rows["seen_at"], directions, within)
    return {"encounters": np.array([met])}


def repeats_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the encounters of a part's vehicles with themselves."""
    met = encounters.count_repeats(
        rows["vehicle"], rows["camera"], rows["seen_at"], encounters.directions_of(rows),
        int(broadcast["within"][0]),
    )
    return {"encounters": np.array([met])}


def _meet(
    rows: Rows, starts: np.ndarray, vehicles: np.ndarray, times: np.ndarray, broadcast: Rows,
    later_only: bool,
) -> tuple[np.ndarray, ...]:
    return encounters.joint_journeys(
        starts, vehicles, times, rows["camera"], encounters.directions_of(rows),
        broadcast["index_bins"], broadcast["index_starts"], broadcast["index_times"],
        broadcast["index_vehicles"], broadcast["index_directions"],
        int(broadcast["within"][0]), int(broadcast["max_gap"][0]),
        int(broadcast["min_cameras"][0]), later_only,
    )


def journeys_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find the joint journeys of a part's vehicles with those of a block that have higher codes."""
    starts = encounters.run_starts(rows["vehicle"])
    a, b, camera, time, met = _meet(
        rows, starts, rows["vehicle"][starts[:-1]], rows["seen_at"], broadcast, True
    )
    local = local_times({"seen_at": time}, broadcast)
    return {
        "vehicle_a": a.astype(np.int32),
        "vehicle_b": b.astype(np.int32),
        "cell": traffic.cell_of(camera, local).astype(np.int32),
        "encounters": met.astype(np.int32),
    }


def probe_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find whom the probed vehicles of a part meet on joint journeys in any shift."""
    starts = encounters.run_starts(rows["vehicle"])
    vehicles = rows["vehicle"][starts[:-1]]
    probed = vehicles[is_probed(vehicles, broadcast)]
    rows = of_vehicles(rows, probed)
    starts, local = encounters.run_starts(rows["vehicle"]), local_times(rows, broadcast)
    met: list[np.ndarray] = [np.empty(0, np.int64)]
    for rotation in broadcast["rotations"]:
        times = habit.shifted_times(
            local, rotation, int(broadcast["first_day"][0]), broadcast["kind"],
            broadcast["position"], broadcast["sizes"], broadcast["days_of"],
        )
        a, b, *_ = _meet(rows, starts, probed, times, broadcast, False)
        met.append(np.minimum(a, b) << 32 | np.maximum(a, b))
    pairs = distinct(np.concatenate(met))
    return {"vehicle_a": pairs >> 32, "vehicle_b": pairs & 0xFFFFFFFF}


def shifted_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Count the joint journeys, over all shifts, of the pairs of a part with a block."""
    rows = of_vehicles(rows, distinct(broadcast["pairs_a"]))
    daily = arrange_by_day(rows, broadcast)
    found, at_a, at_b = pairs_here(broadcast, daily["vehicles"])
    names = ("starts", "cameras", "clock", "days", "directions")
    shifted = habit.shifted_journeys(
        at_a, at_b, *(daily[name] for name in names),
        *(broadcast[f"block_{name}"] for name in names),
        *(broadcast[name] for name in (
            "kind", "position", "sizes", "days_of", "inverse_starts", "inverse")),
        *(int(broadcast[name][0]) for name in ("n_cameras", "within", "max_gap", "min_cameras")),
    )
    return {"pair": found, "shifted": shifted}


def traffic_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the traffic of the pairs of a part with a block."""
    counts = arrange_by_cell(of_vehicles(rows, distinct(broadcast["pairs_a"])), broadcast)
    found, at_a, at_b = pairs_here(broadcast, counts["vehicles"])
    own = broadcast["own_starts"]
    # The kernel wants each selected pair's own journeys behind each other.
    lengths = own[found + 1] - own[found]
    starts = np.append(0, np.cumsum(lengths))
    rows_of = np.repeat(own[found] - starts[:-1], lengths) + np.arange(starts[-1])
    values = traffic.traffic_of_pairs(
        at_a, at_b, broadcast["counted"][found], starts, broadcast["own_cells"][rows_of],
        counts["starts"], counts["cell"], counts["seen"],
        broadcast["block_starts"], broadcast["block_cell"], broadcast["block_seen"],
        broadcast["journeys"], broadcast["opportunities"],
        int(broadcast["n_cameras"][0]),
    )
    return {"pair": found, "traffic": values}


def traffic_with_all_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Sum the traffic of the probed vehicles of a part with all other vehicles."""
    starts = encounters.run_starts(rows["vehicle"])
    vehicles = rows["vehicle"][starts[:-1]]
    probed = vehicles[is_probed(vehicles, broadcast)]
    counts = arrange_by_cell(of_vehicles(rows, probed), broadcast)
    values = traffic.traffic_with_all(
        counts["starts"], counts["cell"], counts["seen"], broadcast["sightings"],
        broadcast["journeys"], broadcast["opportunities"],
        int(broadcast["n_cameras"][0]),
    )
    return {"vehicle": counts["vehicles"], "traffic": values}
