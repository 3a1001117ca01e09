"""Of how many vehicles is what a policy keeps, and what it keeps less than another one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.policy.released import Released
from analyzer.schema import Rows


def kept_counts(released: Released, n_codes: int, runner: Engine) -> np.ndarray:
    """Count the sightings of each vehicle that a leak shows, int32 of shape (codes before it,)."""
    counts = np.zeros(n_codes, np.int32)
    shared = {"periods": released.recipe.periods}
    for rows in runner.map(released.parts("vehicle"), count_kept, shared):
        counts[rows["vehicle"]] += rows["count"].astype(np.int32)
    return counts


def count_kept(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings of each vehicle of a part."""
    vehicle, count = np.unique(
        rows["vehicle"].astype(np.int64) // broadcast["periods"], return_counts=True
    )
    return {"vehicle": vehicle, "count": count}


def vehicles_apart(
    counts: np.ndarray, others: Sequence[np.ndarray | None], among: np.ndarray | None = None
) -> tuple[int, ...]:
    """Count the vehicles of which another number of sightings is kept, for each other policy.

    Parameters
    ----------
    counts : numpy.ndarray, shape (codes,)
        Of this policy, as `kept_counts` gives them.
    others : sequence of numpy.ndarray or None
        Of others; None where there are none, which makes 0 vehicles.
    among : numpy.ndarray of bool, shape (codes,), optional
        Only these vehicles.

    Examples
    --------
    >>> vehicles_apart(np.array([3, 2, 0]), [np.zeros(3), np.array([3, 3, 0]), None])
    (2, 1, 0)
    """
    kept = slice(None) if among is None else among
    return tuple(
        0 if other is None else int((counts[kept] != other[kept]).sum()) for other in others
    )


def fewest_in_sums(
    counts: np.ndarray, others: Sequence[np.ndarray | None]
) -> dict[tuple[int, int], int]:
    """Count the vehicles to which sums of what three policies keep, or of these and all, come down.

    What three policies keep may be all that there is but for a few vehicles, or what two of them
    keep together the third one does but for a few.

    Parameters
    ----------
    counts : numpy.ndarray, shape (codes,)
        Of this policy, as `kept_counts` gives them.
    others : sequence of numpy.ndarray or None
        Of nothing, of all, and of the policies before.

    Returns
    -------
    dict of (int, int) to int
        For each two of the others, the smallest number of vehicles in any such sum that is of some.

    Examples
    --------
    >>> nothing, everything = np.zeros(3), np.array([5, 4, 1])
    >>> fewest_in_sums(np.array([2, 2, 0]), [nothing, everything, np.array([3, 2, 0])])[1, 2]
    1
    """
    everything = others[1]
    found = {}
    for one, two in combinations(range(1, len(others)), 2):
        first, second = others[one], others[two]
        if first is None or second is None:
            continue
        sums = [counts - first - second, first - counts - second, second - counts - first]
        if one > 1:
            sums.append(everything - counts - first - second)
        sizes = [int(np.count_nonzero(each)) for each in sums]
        found[one, two] = min((size for size in sizes if size), default=0)
    return found
