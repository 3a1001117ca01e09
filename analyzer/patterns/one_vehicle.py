"""Companions of one vehicle: only the rows of it and of those it met on one way are looked at.

Whom it met is looked up in the (camera, time) arrangement of the store (`store.by_camera`), which
is written when it is first needed; where it cannot be, the parts are gone through instead.
Then the passes over pairs run on those few vehicles, against the `background` of everybody, so that
every figure of a pair is the one that a search among all pairs gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from analyzer.engine import Engine, LocalEngine
from analyzer.engine.base import RowsPart
from analyzer.patterns.background import Background
from analyzer.patterns.camera_index import order_by_camera
from analyzer.patterns.cotravel import MAX_BUCKETS, ROWS_A_BUCKET, columns_of, frame_of
from analyzer.patterns.cotravel_parts import distinct, on_trips
from analyzer.patterns.encounters import longer
from analyzer.patterns.joint_journeys import first_near
from analyzer.patterns.judgement import weigh
from analyzer.patterns.pair_passes import PairPasses
from analyzer.patterns.pairs import Pairs, Terms
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings
from analyzer.store.by_camera import ByCamera, open_by_camera, write_by_camera


@dataclass(frozen=True)
class OwnPairs:
    """The pairs of one vehicle, and what chance gives them.

    Attributes
    ----------
    pairs : Pairs
        Those with a joint journey.
    traffic, repeats, expected, p_values : numpy.ndarray of float64, shape (pairs,)
        τ, S, expected joint journeys, and the p-value.
    shifted : numpy.ndarray of int64, shape (pairs,)
        Σh.
    travels : bool
        Whether the vehicle has a trip at enough cameras, so that it could have a companion.
    passes : PairPasses
        The passes over the vehicle and those it met.
    """

    pairs: Pairs
    traffic: np.ndarray
    repeats: np.ndarray
    expected: np.ndarray
    p_values: np.ndarray
    shifted: np.ndarray
    travels: bool
    passes: PairPasses


def find_own_pairs(
    sightings: Sightings, code: int, terms: Terms, background: Background, engine: Engine
) -> OwnPairs:
    """Find the pairs of one vehicle with a joint journey, and hold them against chance.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    code : int
        The vehicle's.
    terms : Terms
        What makes an encounter and a joint journey.
    background : Background
        What is known of everybody, for these terms.
    engine : Engine
        Where the parts run, should they have to be gone through.
    """
    frame = frame_of(sightings, terms)
    shared = frame.to_broadcast()
    own = on_trips(sightings.rows_of(np.array([code]), *CORE), shared)
    others = _met_on_one_way(sightings, own, terms, engine)
    among = distinct(np.append(others, code).astype(np.int64))
    rows = sightings.rows_of(among, *columns_of(sightings))
    here = LocalEngine(threads=1)
    passes = PairPasses([RowsPart(rows)], len(rows["vehicle"]), frame, here)
    kept = np.zeros(frame.n_codes, bool)
    kept[code] = True
    every, _ = passes.find_journeys(kept, 2, background.thresholds)
    pairs = every.take(np.flatnonzero((every.a == code) | (every.b == code)))
    coincidence, share = passes.common_life(pairs)
    shifted = passes.count_shifted(pairs, background.thresholds)
    components = background.usual.traffic(passes, pairs, background.opportunities, coincidence)
    traffic = weigh(components, background.model.mixture)
    lowest = background.model.levels[0]
    return OwnPairs(
        pairs,
        traffic,
        lowest.worth * share,
        lowest.expected(traffic, shifted[:, 0], share),
        background.model.tail(pairs, traffic, shifted, share),
        shifted[:, 0],
        code in passes.travellers,
        passes,
    )


def _met_on_one_way(
    sightings: Sightings, own: Rows, terms: Terms, engine: Engine
) -> np.ndarray:
    """Find the vehicles met at enough cameras of one trip, whatever their direction."""
    arrangement = _by_camera(sightings, engine)
    if arrangement is None:
        near = _near_in_parts(sightings, own, terms, engine)
    else:
        near = arrangement.near(own["camera"], own["seen_at"], terms.within)
    gap = terms.max_gap + terms.within
    # A joint journey lies on one trip of the vehicle: see `joint_journeys`.
    trip = np.cumsum(np.diff(own["seen_at"], prepend=own["seen_at"][:1]) > gap)
    met = np.stack([trip[near["row"]], near["vehicle"], own["camera"][near["row"]]], axis=1)
    met = np.unique(met, axis=0)
    starts = np.flatnonzero((np.diff(met[:, :2], axis=0, prepend=-1) != 0).any(axis=1))
    enough = np.diff(starts, append=len(met)) >= terms.min_cameras
    return distinct(met[starts[enough], 1])


def _by_camera(sightings: Sightings, engine: Engine) -> ByCamera | None:
    if sightings.is_one_vehicle:
        return None
    store = sightings.store
    if "by_camera" not in store.memory:
        found = open_by_camera(store)
        if found is None:
            whole = Sightings(store)
            buckets = max(min(-(-len(whole) // ROWS_A_BUCKET), MAX_BUCKETS), 1)
            parts = engine.exchange(whole.parts(*CORE), passages_of_part, "camera", buckets)
            if write_by_camera(store, (part.load() for part in parts)):
                found = open_by_camera(store)
        store.memory["by_camera"] = found
    return store.memory["by_camera"]


def passages_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Give the rows of a part, the columns by which they are sorted first."""
    return {name: rows[name] for name in ("camera", "seen_at", "vehicle")}


def _near_in_parts(sightings: Sightings, own: Rows, terms: Terms, engine: Engine) -> Rows:
    n_cameras = len(sightings.camera_table)
    order, times, starts, bins = order_by_camera(own["camera"], own["seen_at"], n_cameras)
    broadcast = {
        "bins": bins, "starts": starts, "times": times, "rows": order,
        "within": np.array([terms.within]),
    }  # fmt: skip
    return engine.reduce(engine.map(sightings.parts(*CORE), near_of_part, broadcast))


def near_of_part(rows: Rows, broadcast: Rows) -> Rows:
    """Find the sightings of a part that are near some others: which of those, and the vehicle."""
    names = "bins", "starts", "times", "rows"
    row, vehicle = _near_some(
        rows["camera"], rows["seen_at"], rows["vehicle"], *(broadcast[name] for name in names),
        int(broadcast["within"][0]),
    )
    return {"row": row, "vehicle": vehicle}


@numba.njit(cache=True, nogil=True)
def _near_some(
    cameras: np.ndarray, times: np.ndarray, vehicles: np.ndarray, index_bins: np.ndarray,
    index_starts: np.ndarray, index_times: np.ndarray, index_rows: np.ndarray, within: int,
) -> tuple[np.ndarray, np.ndarray]:
    rows, met = np.empty(1024, np.int64), np.empty(1024, np.int64)
    n = 0
    for i in range(len(times)):
        low, end = first_near(
            cameras[i], times[i] - within, index_bins, index_starts, index_times
        )
        while low < end and index_times[low] <= times[i] + within:
            if n == len(rows):
                rows, met = longer(rows), longer(met)
            rows[n], met[n] = index_rows[low], vehicles[i]
            n += 1
            low += 1
    return rows[:n].copy(), met[:n].copy()
