"""Choosing: which of a vehicle's points the adversary knows, where it is not any of them.

Somebody who watches a house, or asks a colleague, knows other points than a passer-by: those by
home and by work, or those of a habit. The points of a vehicle are put in an order, and the first
of them are known; chance decides only among points that are alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine import Engine
from analyzer.patterns.places import find_places
from analyzer.patterns.roles import HOME, WORK
from analyzer.patterns.trips import find_trips
from analyzer.risk.adversary import CHOICES, HOME_WORK, Adversary
from analyzer.risk.draw import POINTS, point_hash, vehicle_state
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

_RANDOM, _HOME_WORK, _BUSIEST = range(len(CHOICES))


class Anchors(NamedTuple):
    """The cameras at which homes and works are seen, by vehicle code; -1 where unknown.

    Attributes
    ----------
    home, work : numpy.ndarray of int32, shape (vehicle codes,)
    """

    home: np.ndarray
    work: np.ndarray


class Chooser(NamedTuple):
    """What decides the order of a vehicle's points.

    Attributes
    ----------
    choice : int
        Number of the choice in `analyzer.risk.adversary.CHOICES`.
    per_day : int
        Time bins in a day; 1 if they are longer.
    home, work : numpy.ndarray of int64
        The place of home and of work by vehicle code, -1 where unknown; empty if no matter.
    """

    choice: int
    per_day: int
    home: np.ndarray
    work: np.ndarray


ANY = Chooser(_RANDOM, 1, np.zeros(0, np.int64), np.zeros(0, np.int64))
"""Any points, drawn uniformly."""


def find_anchors(sightings: Sightings, engine: Engine) -> Anchors:
    """Find the camera at which each vehicle's stays at home, and those at work, begin or end most.

    Parameters
    ----------
    sightings : Sightings
        Of all vehicles; who has no home or no work that can be found gets none.
    engine : Engine
        Where the parts run.

    Returns
    -------
    Anchors
    """
    places = find_places(find_trips(sightings, engine=engine), engine=engine).rows
    found = []
    for role in (HOME, WORK):
        camera = np.full(sightings.n_codes, -1, np.int32)
        of = places["role"] == role
        camera[places["vehicle"][of]] = places["camera"][of]
        found.append(camera)
    return Anchors(*found)


def chooser_of(
    sightings: Sightings, adversary: Adversary, places: np.ndarray, engine: Engine
) -> Chooser:
    """Gather what decides which points an adversary knows.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary
        Who chooses.
    places : numpy.ndarray of int64
        Place of each camera, as `analyzer.risk.points.places_of_cameras` numbers them.
    engine : Engine
        Where the parts run.
    """
    choice = CHOICES.index(adversary.choose)
    per_day = -(-DAY_MS // adversary.time_ms)
    if adversary.choose != HOME_WORK:
        return Chooser(choice, per_day, ANY.home, ANY.work)
    anchors = find_anchors(sightings, engine)
    home, work = (np.where(camera >= 0, places[camera], -1) for camera in anchors)
    return Chooser(choice, per_day, home, work)


@numba.njit(cache=True, nogil=True)
def choose_points(
    distinct: np.ndarray,
    vehicle: int,
    n_places: int,
    choice: int,
    per_day: int,
    home: np.ndarray,
    work: np.ndarray,
    seed: int,
    known: np.ndarray,
) -> int:
    """Write the first of a vehicle's points into `known`, and count those that could be known.

    Parameters
    ----------
    distinct : numpy.ndarray of int64
        The vehicle's keys, ascending, each once.
    vehicle, n_places, seed : int
        Vehicle code; number of places, to take keys apart; seed of the draw.
    choice, per_day, home, work
        Of the `Chooser`; not of the random choice.
    known : numpy.ndarray of int64
        Where keys are written, as many as fit and as there are.

    Returns
    -------
    int
        Points that could be known: all of the vehicle's, or those by its home and its work.
    """
    state = vehicle_state(POINTS, seed, vehicle)
    n = len(distinct)
    hashes = np.empty(n, np.uint64)
    for i in range(n):
        hashes[i] = point_hash(state, distinct[i] % n_places, distinct[i] // n_places)
    drawn = np.argsort(hashes, kind="mergesort")
    # What comes first has the smallest number; among equal numbers the order of the draw stays.
    turn = np.full(n, np.int64(2) * n, np.int64)
    eligible = n
    if choice == _BUSIEST:
        habits = (distinct // n_places) % per_day * n_places + distinct % n_places
        ordered = np.sort(habits)
        for i in range(n):
            habit = habits[drawn[i]]
            first = np.searchsorted(ordered, habit)
            turn[i] = -(np.searchsorted(ordered, habit, side="right") - first)
    elif home[vehicle] < 0 or work[vehicle] < 0:
        return 0
    else:
        by_home = by_work = eligible = 0
        for i in range(n):
            place = distinct[drawn[i]] % n_places
            if place == home[vehicle]:
                turn[i] = 2 * by_home
                by_home += 1
            elif place == work[vehicle]:
                turn[i] = 2 * by_work + 1
                by_work += 1
            else:
                continue
            eligible += 1
    order = drawn[np.argsort(turn, kind="mergesort")]
    for q in range(min(eligible, len(known))):
        known[q] = distinct[order[q]]
    return eligible
