"""Exposure under a policy: whom a leak of the released sightings singles out.

The adversary's points were fixed before the policy (`analyzer.policy.knowledge`). The policy does
to each known sighting what it does to those in the store: one that is gone helps nobody, one that
is rounded is known only as finely as the store shows it, and one under another pseudonym cannot be
joined with the others (to join them is linkage, a risk of its own).
"""

from __future__ import annotations

import numpy as np

from analyzer.engine import Engine
from analyzer.policy.released import Released, release_points
from analyzer.policy.resampling import ALONE, DELETED, SHOWN
from analyzer.risk.adversary import Adversary
from analyzer.risk.knowledge import Known
from analyzer.risk.points import keys_of, local_times, resolution_of
from analyzer.risk.shared_points import count_shared_points
from analyzer.schema import Rows


def states_under_policy(
    released: Released,
    vehicles: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    adversary: Adversary,
    runner: Engine,
) -> np.ndarray:
    """Find whom the released sightings single out.

    Parameters
    ----------
    released : Released
        What a leak shows.
    vehicles : numpy.ndarray of int, shape (n,)
        Targets, by their code before the policy.
    seen_at, camera : numpy.ndarray of int, shape (n, p)
        The known sightings of each (ms, UTC; code before the policy).
    adversary : Adversary
        How finely they are known.
    runner : Engine
        Where the parts run.

    Returns
    -------
    numpy.ndarray of int8, shape (n,)
        ``DELETED`` (none of the points is left), ``ALONE`` (under some pseudonym at least one is
        left, and nobody else matches those), or ``SHOWN``.
    """
    states = np.full(len(vehicles), DELETED, np.int8)
    if not len(vehicles) or not len(released):
        return states
    n_points = seen_at.shape[1]
    resolution = resolution_of(released, adversary)
    known = _released_points(released, vehicles, seen_at, camera, resolution)
    if not len(known["target"]):
        return states
    # One row a target and pseudonym, with its points, distinct.
    group, start = np.unique(
        np.c_[known["target"], known["vehicle"]], axis=0, return_index=True
    )
    count = np.diff(np.r_[start, len(known["target"])])
    keys = np.zeros((len(group), n_points), np.int64)
    place = np.arange(len(known["target"])) - np.repeat(start, count)
    keys[np.repeat(np.arange(len(group)), count), place] = known["key"]
    targets = Known(group[:, 1].astype(np.int32), count, keys, None)
    shared = count_shared_points(
        released.parts(), runner, {**resolution, "attributes": (), "missed": 0}, targets
    )
    states[group[:, 0]] = SHOWN
    states[group[shared < count, 0]] = ALONE
    return states


def _released_points(
    released: Released,
    vehicles: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    resolution: dict[str, object],
) -> Rows:
    """Do to the known points what the policy does: target, pseudonym and key, sorted, distinct."""
    n_points = seen_at.shape[1]
    rows = {
        "vehicle": np.repeat(vehicles, n_points).astype(np.int32),
        "seen_at": seen_at.reshape(-1),
        "camera": camera.reshape(-1).astype(np.int32),
        "target": np.repeat(np.arange(len(vehicles)), n_points),
    }
    first, end = released.base._view
    stored = (rows["seen_at"] >= first) & (rows["seen_at"] < end)
    rows = {name: column[stored] for name, column in rows.items()}
    rows = release_points(rows, released.recipe, released._view)
    keys = keys_of(rows, local_times(rows, resolution), resolution)
    points = np.unique(np.c_[rows["target"], rows["vehicle"], keys], axis=0)
    return {"target": points[:, 0], "vehicle": points[:, 1], "key": points[:, 2]}
