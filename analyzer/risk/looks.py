"""Looks: the attribute values of a sighting as one integer, and when two of them agree.

A look holds one field of bits for each attribute: the code of the value plus one, or zero where
the value is missing. A missing value is not known, so it agrees with anything, on both sides: the
adversary did not note it, or the reader did not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from analyzer.errors import UsageError
from analyzer.risk.draw import LOOKS, mix, vehicle_state
from analyzer.schema import ATTRIBUTES, Rows
from analyzer.sightings import Sightings

_BITS = 63


def fields_of(sightings: Sightings, attributes: Sequence[str]) -> np.ndarray:
    """Lay out the fields of looks: the bits of each attribute.

    Parameters
    ----------
    sightings : Sightings
        Whose attributes.
    attributes : sequence of str
        Which of them.

    Returns
    -------
    numpy.ndarray of int64, shape (number of attributes,)
        A mask of neighbouring bits each, the first attribute's the lowest.

    Raises
    ------
    UsageError
        If the sightings lack an attribute, or have too many different values.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> two = from_arrays([0, 1], [0, 0], [0, 0], make=["Kia", "BYD"], color=["red", None])
    >>> fields_of(two, ("make", "color")).tolist()
    [3, 4]
    """
    lacking = [name for name in attributes if name not in sightings.columns]
    if lacking:
        there = [name for name in ATTRIBUTES if name in sightings.columns]
        raise UsageError(
            f"the sightings have no column {lacking[0]}; the attributes that they have: "
            f"{', '.join(there) or 'none'}"
        )
    fields = []
    used = 0
    for name in attributes:
        bits = len(sightings.labels.get(name, ())).bit_length()
        fields.append(((1 << bits) - 1) << used)
        used += bits
    if used > _BITS:
        raise UsageError(
            "attributes: these have too many different values to be told apart together; "
            "leave one out"
        )
    return np.array(fields, np.int64)


def looks_of(rows: Rows, attributes: Sequence[str], fields: np.ndarray) -> np.ndarray:
    """Give the look of each sighting, int64.

    Examples
    --------
    >>> rows = {"make": np.array([1, -1]), "color": np.array([-1, 0])}
    >>> looks_of(rows, ("make", "color"), np.array([3, 4])).tolist()
    [2, 4]
    """
    looks = np.zeros(len(rows[attributes[0]]), np.int64)
    for name, field in zip(attributes, fields.tolist(), strict=True):
        # A field's lowest bit is where its codes begin; a label nobody uses has a field of none.
        looks += (rows[name].astype(np.int64) + 1) * (field & -field)
    return looks


@numba.njit(cache=True, nogil=True)
def agree(one: int, other: int, fields: np.ndarray) -> bool:
    """Tell whether two looks are equal in every field that both know."""
    differ = one ^ other
    if differ == 0:
        return True
    known_differently = False
    for field in fields:
        known_differently |= differ & field != 0 and one & field != 0 and other & field != 0
    return not known_differently


@numba.njit(cache=True, nogil=True)
def draw_looks(
    vehicle: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    keys: np.ndarray,
    looks: np.ndarray,
    targets: np.ndarray,
    known: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Draw the look that is known with each known point, from the sightings that make it.

    The sighting with the smallest hash of (seed, vehicle, time, camera) is drawn; should there be
    two at one time and camera, the one with the smaller look.

    Parameters
    ----------
    vehicle : numpy.ndarray of int32, shape (n,)
        Sorted.
    seen_at, camera, keys, looks : numpy.ndarray of int, shape (n,)
        Instant, camera, key of the point, and look of each sighting.
    targets : numpy.ndarray of int32, shape (m,)
        Sorted; a vehicle may stand several times, and has sightings.
    known : numpy.ndarray of int64, shape (m, p)
        Keys of the points known of each.
    seed : int
        Of the draw.

    Returns
    -------
    numpy.ndarray of int64, shape (m, p)
        Zero, a look that tells nothing, where no sighting makes the point.
    """
    drawn = np.zeros(known.shape, np.int64)
    smallest = np.empty(known.shape[1], np.uint64)
    start = 0
    for row in range(len(targets)):
        while start < len(vehicle) and vehicle[start] < targets[row]:
            start += 1
        state = vehicle_state(LOOKS, seed, targets[row])
        found = np.zeros(known.shape[1], np.bool_)
        i = start
        while i < len(vehicle) and vehicle[i] == targets[row]:
            for q in range(known.shape[1]):
                if known[row, q] != keys[i]:
                    continue
                hashed = mix(mix(state ^ np.uint64(seen_at[i])) ^ np.uint64(camera[i]))
                if (
                    not found[q]
                    or hashed < smallest[q]
                    or (hashed == smallest[q] and looks[i] < drawn[row, q])
                ):
                    smallest[q] = hashed
                    drawn[row, q] = looks[i]
                    found[q] = True
            i += 1
    return drawn
