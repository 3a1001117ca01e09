"""The sequence attack: the candidate visited the known places in the known order, gaps allowed.

Sequences of places grow one place at a time. Of each vehicle that has the sequence so far, the
earliest position at which it is complete is kept, so a vehicle has a longer one if the next place
comes after that. All next places of all vehicles are counted together in one pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.risk.attacks.elements import starts_of
from analyzer.risk.attacks.work import Search, in_chunks, refuse_too_much
from analyzer.schema import Rows


class Visits(NamedTuple):
    """The visits of each vehicle, by place, the place visited last first.

    Attributes
    ----------
    vehicles : numpy.ndarray of int32, shape (v,)
        Codes; all other arrays use the vehicle's position here.
    size : numpy.ndarray of int64, shape (v,)
        Visits of each vehicle.
    starts : numpy.ndarray of int64, shape (v + 1,)
        Where the places of each vehicle begin.
    place : numpy.ndarray of int32, shape (e,)
        Places, each once a vehicle.
    last : numpy.ndarray of int32, shape (e,)
        Position of the last visit there; descending in a vehicle.
    occurrences : numpy.ndarray of int64, shape (e + 1,)
        Where the visits to each place begin.
    position : numpy.ndarray of int32, shape (visits,)
        Positions in the vehicle's sequence, ascending at a place.
    """

    vehicles: np.ndarray
    size: np.ndarray
    starts: np.ndarray
    place: np.ndarray
    last: np.ndarray
    occurrences: np.ndarray
    position: np.ndarray


def make_visits(vehicle: np.ndarray, place: np.ndarray) -> Visits:
    """Arrange visits, the rows of a vehicle standing together in the order of time.

    Examples
    --------
    >>> visits = make_visits(np.array([0, 0, 0], np.int32), np.array([5, 2, 5], np.int32))
    >>> visits.place.tolist(), visits.last.tolist(), visits.position.tolist()
    ([5, 2], [2, 1], [0, 2, 1])
    """
    vehicles, first = starts_of(vehicle)
    arrays = _arrange(first, place, int(place.max(initial=-1)) + 1)
    return Visits(vehicles, np.diff(first), *arrays)


@numba.njit(cache=True, nogil=True)
def _arrange(
    first: np.ndarray, place: np.ndarray, n_places: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n, n_visits = len(first) - 1, len(place)
    starts = np.zeros(n + 1, np.int64)
    places, last = np.empty(n_visits, np.int32), np.empty(n_visits, np.int32)
    occurrences = np.zeros(n_visits + 1, np.int64)
    position = np.empty(n_visits, np.int32)
    visits_to = np.zeros(n_places, np.int64)
    count = 0
    for v in range(n):
        for i in range(first[v], first[v + 1]):
            visits_to[place[i]] += 1
        at = first[v]
        for i in range(first[v + 1] - 1, first[v] - 1, -1):
            p = place[i]
            if visits_to[p] > 0:
                places[count], last[count] = p, i - first[v]
                at += visits_to[p]
                occurrences[count + 1] = at
                # From here on, the negative of where the next earlier visit is written.
                visits_to[p] = -at
                count += 1
            visits_to[p] += 1
            position[-visits_to[p]] = i - first[v]
        for e in range(starts[v], count):
            visits_to[places[e]] = 0
        starts[v + 1] = count
    return starts, places[:count], last[:count], occurrences[: count + 1], position


def plan_search(visits: Visits, points: int) -> Search:
    """Plan to find the fewest matches that `points` visits in their order leave of each vehicle.

    Parameters
    ----------
    visits : Visits
        Of the whole population.
    points : int
        Size of the knowledge.

    Returns
    -------
    Search

    Raises
    ------
    TooMuchWorkError
        If it would take too long.
    """
    points = min(points, int(visits.size.max(initial=1)))
    n_places = int(visits.place.max(initial=-1)) + 1
    combinations = _count_sequences(points, n_places, visits)
    steps = 3 * combinations
    refuse_too_much(
        "sequence", points, steps, combinations, len(visits.vehicles),
        lambda fewer: 3 * _count_sequences(fewer, n_places, visits),
    )  # fmt: skip
    holders = np.bincount(visits.place, minlength=n_places)
    order = np.argsort(holders, kind="stable")
    broadcast = {"visits": visits, "points": points, "n_places": n_places}
    fewest = np.full(len(visits.vehicles), len(visits.vehicles), np.int32)
    return Search(
        fewest, steps, lambda: combinations, in_chunks(order, steps), search_in_part, broadcast
    )


def search_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Search the sequences that begin with some places; gives the fewest matches of everybody."""
    visits: Visits = broadcast["visits"]
    fewest = np.full(len(visits.vehicles), len(visits.vehicles), np.int32)
    roots = np.zeros(broadcast["n_places"], np.bool_)
    roots[rows["root"]] = True
    _search(roots, broadcast["points"], visits, fewest)
    return {"matches": fewest}


@numba.njit(cache=True, nogil=True)
def _search(roots: np.ndarray, points: int, visits: Visits, fewest: np.ndarray) -> None:
    n, n_places = len(visits.vehicles), len(roots)
    tally = np.zeros(n_places, np.int64)
    # Of each length: who has the sequence, from where; and its extensions, one after the other.
    members = [np.empty(0, np.int32) for _ in range(points + 1)]
    positions = [np.empty(0, np.int32) for _ in range(points + 1)]
    borders = [np.zeros(1, np.int64) for _ in range(points + 1)]
    following = np.zeros(points + 1, np.int64)
    everybody, start = np.arange(n).astype(np.int32), np.full(n, -1, np.int32)
    if points == 1:
        _add_last(everybody, start, visits, tally, roots, True, fewest)
        return
    members[0], positions[0], borders[0] = _extend(everybody, start, visits, tally, roots, True,
                                                   fewest)  # fmt: skip
    depth = 0
    while depth >= 0:
        at = following[depth]
        if at + 1 >= len(borders[depth]):
            depth -= 1
            continue
        following[depth] = at + 1
        low, high = borders[depth][at], borders[depth][at + 1]
        member, position = members[depth][low:high], positions[depth][low:high]
        length = depth + 1
        is_open = False
        for i in range(len(member)):
            v = member[i]
            if fewest[v] > 1:
                is_open = True
                # Of those who have no more visits, this is all that there is to know.
                if visits.size[v] == length:
                    fewest[v] = min(fewest[v], len(member))
        if not is_open:
            continue
        if len(member) == 1:
            # Whoever is alone with a sequence stays alone whatever else is known.
            fewest[member[0]] = 1
        elif length == points - 1:
            _add_last(member, position, visits, tally, roots, False, fewest)
        else:
            depth += 1
            following[depth] = 0
            members[depth], positions[depth], borders[depth] = _extend(
                member, position, visits, tally, roots, False, fewest
            )


@numba.njit(cache=True, nogil=True)
def _add_last(
    member: np.ndarray,
    position: np.ndarray,
    visits: Visits,
    tally: np.ndarray,
    roots: np.ndarray,
    at_root: bool,
    fewest: np.ndarray,
) -> None:
    """Try every last place, by counting how many have it still before them."""
    for i in range(len(member)):
        v = member[i]
        for e in range(visits.starts[v], visits.starts[v + 1]):
            if visits.last[e] <= position[i]:
                break
            tally[visits.place[e]] += 1
    for i in range(len(member)):
        v = member[i]
        found = fewest[v]
        if found > 1:
            for e in range(visits.starts[v], visits.starts[v + 1]):
                if visits.last[e] <= position[i]:
                    break
                if not at_root or roots[visits.place[e]]:
                    found = min(found, tally[visits.place[e]])
            fewest[v] = found
    for i in range(len(member)):
        v = member[i]
        for e in range(visits.starts[v], visits.starts[v + 1]):
            if visits.last[e] <= position[i]:
                break
            tally[visits.place[e]] = 0


@numba.njit(cache=True, nogil=True)
def _extend(
    member: np.ndarray,
    position: np.ndarray,
    visits: Visits,
    tally: np.ndarray,
    roots: np.ndarray,
    at_root: bool,
    fewest: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List, for every next place, who has it and where first, the rarest place first."""
    n_places = len(tally)
    wanted = np.zeros(n_places, np.bool_)
    for i in range(len(member)):
        v = member[i]
        for e in range(visits.starts[v], visits.starts[v + 1]):
            if visits.last[e] <= position[i]:
                break
            tally[visits.place[e]] += 1
            if fewest[v] > 1:
                wanted[visits.place[e]] = True
    places = np.flatnonzero(wanted)
    if at_root:
        places = places[roots[places]]
    places = places[np.argsort(tally[places], kind="mergesort")]
    borders = np.zeros(len(places) + 1, np.int64)
    slot = np.full(n_places, -1, np.int64)
    for i in range(len(places)):
        borders[i + 1] = borders[i] + tally[places[i]]
        slot[places[i]] = borders[i]
    tally[:] = 0
    members = np.empty(borders[-1], np.int32)
    positions = np.empty(borders[-1], np.int32)
    for i in range(len(member)):
        v = member[i]
        for e in range(visits.starts[v], visits.starts[v + 1]):
            if visits.last[e] <= position[i]:
                break
            p = visits.place[e]
            if slot[p] < 0:
                continue
            low, high = visits.occurrences[e], visits.occurrences[e + 1]
            while low < high:
                middle = (low + high) >> 1
                if visits.position[middle] <= position[i]:
                    low = middle + 1
                else:
                    high = middle
            members[slot[p]], positions[slot[p]] = v, visits.position[low]
            slot[p] += 1
    return members, positions, borders


@numba.njit(cache=True, nogil=True)
def _count_sequences(points: int, n_places: int, visits: Visits) -> float:
    """Count the different sequences of `points` places of each vehicle, and add them up."""
    count = 0.0
    ways = np.zeros(points + 1)
    before = np.zeros((n_places, points + 1))
    place_at = np.empty(int(visits.size.max()) if len(visits.size) else 0, np.int32)
    for v in range(len(visits.vehicles)):
        if visits.size[v] <= points:
            count += 1
            continue
        for e in range(visits.starts[v], visits.starts[v + 1]):
            before[visits.place[e]] = 0
            for i in range(visits.occurrences[e], visits.occurrences[e + 1]):
                place_at[visits.position[i]] = visits.place[e]
        ways[:] = 0
        ways[0] = 1
        for i in range(visits.size[v]):
            p = place_at[i]
            for k in range(points, 0, -1):
                # Sequences that end here, less those that ended at the place before.
                ending = ways[k - 1]
                ways[k] += ending - before[p, k]
                before[p, k] = ending
        count += ways[points]
    return count
