"""Continuity: a trip that the change of pseudonyms cuts in two links its ends.

Who is seen on a road a minute before midnight under one pseudonym is seen on the next road a minute
after under another. Such vehicles are scored apart from those that must be known again by their
habits: the old pseudonym's last sighting is matched with the new pseudonyms' first ones, by how
often vehicles pass from camera to camera in such a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.schema import Rows, concatenate
from analyzer.units import MINUTE_MS

GAP_BIN_MS = 2 * MINUTE_MS
"""Times between two sightings are told apart by so much."""

_UNSEEN = 0.5
"""A move that was never seen counts as seen half a time, spread over all of its kind."""

_NAT = 1 << 20
_PAIRS_AT_ONCE = 1 << 22


class CutTrips(NamedTuple):
    """Vehicles whose trip a change of pseudonyms cuts, and how well continuity links them.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (n,)
        Vehicles with a cut trip, ascending.
    rank : numpy.ndarray of float64, shape (n,)
        Rank of the right one among those that appear after the change; ties take the mean rank.
    candidates : int
        Number of those that appear after the change, within the longest gap of a trip.
    """

    vehicles: np.ndarray
    rank: np.ndarray
    candidates: int


def moves_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find the ends at the change, and count the moves within trips before it.

    Parameters
    ----------
    rows : Rows
        ``vehicle, seen_at, camera``, sorted by all three.
    broadcast : dict
        ``begins``, ``change``, ``ends``: instants (ms, UTC) between which the two periods lie;
        ``max_gap``: longest gap inside a trip, in ms; ``n_cameras``.

    Returns
    -------
    Rows
        ``kind`` 0: the last sighting of a vehicle before the change (``code`` vehicle, ``camera``,
        ``time`` ms to the change); 1: the first one after it; 2: a move (``code`` the cameras and
        the gap in one number, ``time`` how often).
    """
    ends, moves = _ends_and_moves(
        rows["vehicle"],
        rows["seen_at"],
        rows["camera"],
        broadcast["begins"],
        broadcast["change"],
        broadcast["ends"],
        broadcast["max_gap"],
        broadcast["n_cameras"],
        GAP_BIN_MS,
    )
    move, often = np.unique(moves, return_counts=True)
    n = len(move)
    return {
        "kind": np.concatenate([ends[:, 0], np.full(n, 2, np.int64)]),
        "code": np.concatenate([ends[:, 1], move]),
        "camera": np.concatenate([ends[:, 2], np.zeros(n, np.int64)]),
        "time": np.concatenate([ends[:, 3], often.astype(np.int64)]),
    }


def link_cut_trips(frames: list[Rows], max_gap: int, n_cameras: int) -> CutTrips:
    """Link the ends of trips that a change of pseudonyms cuts.

    Parameters
    ----------
    frames : list of Rows
        From `moves_in_part`.
    max_gap, n_cameras : int
        As given to it.

    Returns
    -------
    CutTrips
    """
    rows = concatenate(frames)
    kind = rows["kind"]
    before, after = (_ends(rows, kind == side) for side in (0, 1))
    common, old, new = np.intersect1d(before[0], after[0], return_indices=True)
    cut = before[2][old] + after[2][new] <= max_gap
    vehicles, old, new = common[cut].astype(np.int32), old[cut], new[cut]
    rank = np.full(len(vehicles), np.nan)
    if not len(vehicles):
        return CutTrips(vehicles, rank, len(after[0]))
    moves = _Moves.of(rows["code"][kind == 2], rows["time"][kind == 2], max_gap, n_cameras)
    step = max(1, _PAIRS_AT_ONCE // len(after[0]))
    for first in range(0, len(vehicles), step):
        asked = slice(first, first + step)
        scores = moves.score(before[1][old[asked]], before[2][old[asked]], after[1], after[2])
        right = scores[np.arange(len(scores)), new[asked]][:, None]
        above = np.count_nonzero(scores > right, axis=1)
        equal = np.count_nonzero(scores == right, axis=1)
        rank[asked] = above + (equal + 1) / 2
    return CutTrips(vehicles, rank, len(after[0]))


def _ends(rows: Rows, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.flatnonzero(chosen)[np.argsort(rows["code"][chosen], kind="stable")]
    return rows["code"][order], rows["camera"][order], rows["time"][order]


class _Moves(NamedTuple):
    """How often vehicles move from camera to camera in a time."""

    codes: np.ndarray
    often: np.ndarray
    departures: np.ndarray
    arrivals: np.ndarray
    n_cameras: int
    n_gaps: int
    max_gap: int

    @classmethod
    def of(cls, codes: np.ndarray, often: np.ndarray, max_gap: int, n_cameras: int) -> _Moves:
        """Add up moves that were counted part by part."""
        codes, inverse = np.unique(codes, return_inverse=True)
        often = np.bincount(inverse, often, minlength=len(codes)).astype(np.int64)
        n_gaps = max_gap // GAP_BIN_MS + 1
        cameras = codes // n_gaps
        return cls(
            codes,
            often,
            np.bincount(cameras // n_cameras, often, minlength=n_cameras),
            np.bincount(cameras % n_cameras, often, minlength=n_cameras),
            n_cameras,
            n_gaps,
            max_gap,
        )

    def score(
        self, camera: np.ndarray, before: np.ndarray, to: np.ndarray, after: np.ndarray
    ) -> np.ndarray:
        """Score moves from each row to each column in whole numbers: how telling they are.

        The logarithm of how often such a move follows a sighting at the first camera, against how
        much traffic there is at the second.
        """
        gap = before[:, None] + after[None, :]
        possible = gap <= self.max_gap
        code = (camera[:, None] * self.n_cameras + to[None, :]) * self.n_gaps
        code = code + np.minimum(gap // GAP_BIN_MS, self.n_gaps - 1)
        seen = np.zeros(code.shape)
        if len(self.codes):
            at = np.minimum(np.searchsorted(self.codes, code), len(self.codes) - 1)
            seen = np.where(self.codes[at] == code, self.often[at], 0)
        everywhere = self.often.sum() + _UNSEEN
        traffic = (self.arrivals[to] + _UNSEEN) / everywhere
        usual = _UNSEEN * traffic / self.n_gaps
        follows = (seen + usual[None, :]) / (self.departures[camera] + _UNSEEN)[:, None]
        nats = np.log(follows / traffic[None, :])
        return np.where(possible, np.rint(_NAT * nats), np.iinfo(np.int64).min).astype(np.int64)


@numba.njit(cache=True, nogil=True)
def _write(row: np.ndarray, kind: int, vehicle: int, camera: int, time: int) -> None:
    row[0], row[1], row[2], row[3] = kind, vehicle, camera, time


@numba.njit(cache=True, nogil=True)
def _ends_and_moves(
    vehicle: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    begins: int,
    change: int,
    ends: int,
    max_gap: int,
    n_cameras: int,
    gap_bin: int,
) -> tuple[np.ndarray, np.ndarray]:
    n_ends = n_moves = 0
    for fill in range(2):
        if fill:
            found = np.empty((n_ends, 4), np.int64)
            moves = np.empty(n_moves, np.int64)
            n_ends = n_moves = 0
        for i in range(len(vehicle)):
            time = seen_at[i]
            if time < begins or time >= ends:
                continue
            follows = i + 1 < len(vehicle) and vehicle[i + 1] == vehicle[i]
            follower = seen_at[i + 1] if follows else ends
            if time < change <= follower and change - time <= max_gap:
                if fill:
                    _write(found[n_ends], 0, vehicle[i], camera[i], change - time)
                n_ends += 1
            preceded = i > 0 and vehicle[i - 1] == vehicle[i] and seen_at[i - 1] >= change
            if time >= change and not preceded and time - change <= max_gap:
                if fill:
                    _write(found[n_ends], 1, vehicle[i], camera[i], time - change)
                n_ends += 1
            if follows and follower < change and follower - time <= max_gap:
                if fill:
                    gap = (follower - time) // gap_bin
                    n_gaps = max_gap // gap_bin + 1
                    moves[n_moves] = (
                        np.int64(camera[i]) * n_cameras + camera[i + 1]
                    ) * n_gaps + gap
                n_moves += 1
    return found, moves
