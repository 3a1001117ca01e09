"""The kernels that find who stayed where another did, at which spots `meeting_spots` tells.

Two stays are a meeting if the two vehicles may have been at one place, came from different sides
and within a short time of each other, and stayed together for a while; those who are both at home
or at work meet nobody by that.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.cotravel_parts import is_probed
from analyzer.patterns.meeting_spots import (
    LEAST_TOGETHER_MS,
    Approaches,
    approaches_of,
    can_meet,
    count_opportunities,
)
from analyzer.schema import Rows
from analyzer.units import DAY_MS


@numba.njit(cache=True, nogil=True)
def are_together(gap: int, within: int, stay_a: int, stay_b: int) -> bool:
    """Tell whether two stays are at one time.

    `gap` is the arrival of b less that of a, `stay_a` and `stay_b` how long they stayed (ms).

    Examples
    --------
    >>> are_together(0, 60_000, 3_600_000, 3_600_000), are_together(0, 60_000, 3_600_000, 60_000)
    (True, False)
    """
    if abs(gap) > within:
        return False
    return min(stay_a, gap + stay_b) - max(0, gap) >= LEAST_TOGETHER_MS


@numba.njit(cache=True, nogil=True)
def _end_of_spot(spot: np.ndarray, guest: np.ndarray, begin: int) -> tuple[int, int]:
    # Where the guests of a spot begin, and where the next spot does.
    middle = begin
    while middle < len(spot) and spot[middle] == spot[begin] and not guest[middle]:
        middle += 1
    stop = middle
    while stop < len(spot) and spot[stop] == spot[begin]:
        stop += 1
    return middle, stop


@numba.njit(cache=True, nogil=True)
def count_comparisons(
    spot: np.ndarray, guest: np.ndarray, arrived: np.ndarray, within: int
) -> int:
    """Count the pairs of stays that `find_meetings_of_spots` looks at.

    Parameters
    ----------
    spot, guest, arrived : numpy.ndarray, shape (n,)
        Stays, sorted by these; local ms.
    within : int
        Longest time between two arrivals (ms); inclusive.

    Examples
    --------
    >>> guest = np.array([False, False, True, True])
    >>> count_comparisons(np.zeros(4, np.int64), guest, np.array([0, 5, 5, 11]), 5)
    3
    """
    comparisons, begin = 0, 0
    while begin < len(spot):
        middle, stop = _end_of_spot(spot, guest, begin)
        first, near, past = begin, middle, middle
        for row in range(begin, middle):
            while arrived[first] < arrived[row] - within:
                first += 1
            while near < stop and arrived[near] < arrived[row] - within:
                near += 1
            while past < stop and arrived[past] <= arrived[row] + within:
                past += 1
            comparisons += row - first + past - near
        begin = stop
    return comparisons


@numba.njit(cache=True, nogil=True)
def find_meetings_of_spots(
    spot: np.ndarray,
    guest: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    approach: np.ndarray,
    approaches: Approaches,
    within: int,
) -> np.ndarray:
    """Find the meetings among stays.

    Parameters
    ----------
    spot, guest, arrived, left, vehicle, approach : numpy.ndarray, shape (n,)
        Stays, sorted by (spot, guest, arrived); local ms.
    approaches : Approaches
        What the numbers in `approach` mean.
    within : int
        Longest time between the two arrivals (ms); inclusive.

    Returns
    -------
    numpy.ndarray of int64, shape (meetings, 3)
        Vehicles, the lower code first, and the local day of the later arrival.
    """
    out = np.empty((1024, 3), np.int64)
    found, begin = 0, 0
    while begin < len(spot):
        middle, stop = _end_of_spot(spot, guest, begin)
        first, near = begin, middle
        for row in range(begin, middle):
            while arrived[first] < arrived[row] - within:
                first += 1
            while near < stop and arrived[near] < arrived[row] - within:
                near += 1
            other = first if first < row else near
            while other < row or (other < stop and arrived[other] <= arrived[row] + within):
                if vehicle[other] != vehicle[row] and are_together(
                    arrived[other] - arrived[row], within, left[row] - arrived[row],
                    left[other] - arrived[other],
                ) and can_meet(approach[row], approach[other], approaches):  # fmt: skip
                    if found == len(out):
                        grown = np.empty((2 * found, 3), np.int64)
                        grown[:found] = out
                        out = grown
                    out[found, 0] = min(vehicle[row], vehicle[other])
                    out[found, 1] = max(vehicle[row], vehicle[other])
                    out[found, 2] = max(arrived[row], arrived[other]) // DAY_MS
                    found += 1
                other += 1
                if other == row:
                    other = near
        begin = stop
    return out[:found].copy()


@numba.njit(cache=True, nogil=True)
def meet_on_other_days(
    spot: np.ndarray,
    guest: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    approach: np.ndarray,
    approaches: Approaches,
    probed: np.ndarray,
    within: int,
    kind: np.ndarray,
    first_day: int,
) -> np.ndarray:
    """Find whom probed vehicles would have met, had they come on another day of the same kind.

    Returns
    -------
    numpy.ndarray of int64, shape (pairs, 2)
        With repeats.
    """
    out = np.empty((1024, 2), np.int64)
    found, begin = 0, 0
    while begin < len(spot):
        middle, stop = _end_of_spot(spot, guest, begin)
        for row in range(begin, stop):
            if not probed[row]:
                continue
            today = arrived[row] // DAY_MS - first_day
            for day in range(len(kind)):
                if day == today or kind[day] != kind[today]:
                    continue
                at = arrived[row] + (day - today) * DAY_MS
                # Own stays meet own ones, then guests; guests meet own stays only.
                for start, end in ((begin, middle), (middle, middle if guest[row] else stop)):
                    other = start + np.searchsorted(arrived[start:end], at - within)
                    while other < end and arrived[other] <= at + within:
                        if vehicle[other] != vehicle[row] and are_together(
                            arrived[other] - at, within, left[row] - arrived[row],
                            left[other] - arrived[other],
                        ) and can_meet(approach[row], approach[other], approaches):  # fmt: skip
                            if found == len(out):
                                grown = np.empty((2 * found, 2), np.int64)
                                grown[:found] = out
                                out = grown
                            out[found, 0] = min(vehicle[row], vehicle[other])
                            out[found, 1] = max(vehicle[row], vehicle[other])
                            found += 1
                        other += 1
        begin = stop
    return out[:found].copy()


@numba.njit(cache=True, nogil=True)
def habit_and_traffic(
    pairs_a: np.ndarray,
    pairs_b: np.ndarray,
    spot: np.ndarray,
    guest: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    approach: np.ndarray,
    approaches: Approaches,
    within: int,
    kind: np.ndarray,
    first_day: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Count what pairs would have in common at these spots by habit, and anyhow.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Vehicle codes.
    spot, guest, arrived, left, vehicle, approach : numpy.ndarray, shape (n,)
        Stays, sorted by (vehicle, spot).

    Returns
    -------
    shifted : numpy.ndarray of int64, shape (pairs,)
        Σh: meetings if one of the two had come on another day of the same kind, over all such days.
    opportunities : numpy.ndarray of int64, shape (pairs,)
        Pairs of stays of the two that would be meetings but for the time.
    """
    shifted = np.zeros(len(pairs_a), np.int64)
    opportunities = np.zeros(len(pairs_a), np.int64)
    for pair in range(len(pairs_a)):
        i = np.searchsorted(vehicle, pairs_a[pair])
        j = np.searchsorted(vehicle, pairs_b[pair])
        while (
            i < len(spot) and j < len(spot)
            and vehicle[i] == pairs_a[pair] and vehicle[j] == pairs_b[pair]
        ):  # fmt: skip
            if spot[i] < spot[j]:
                i += 1
                continue
            if spot[j] < spot[i]:
                j += 1
                continue
            other = j - 1
            while (
                other + 1 < len(spot)
                and vehicle[other + 1] == pairs_b[pair] and spot[other + 1] == spot[i]
            ):  # fmt: skip
                other += 1
                if guest[i] and guest[other]:
                    continue
                if not can_meet(approach[i], approach[other], approaches):
                    continue
                opportunities[pair] += 1
                day, day_b = arrived[i] // DAY_MS - first_day, arrived[other] // DAY_MS - first_day
                # Moved to the day of b, or to one beside it where midnight lies between.
                for to in range(day_b - 1, day_b + 2):
                    if to == day or to < 0 or to >= len(kind) or kind[to] != kind[day]:
                        continue
                    shifted[pair] += are_together(
                        arrived[other] - arrived[i] - (to - day) * DAY_MS, within,
                        left[i] - arrived[i], left[other] - arrived[other],
                    )  # fmt: skip
            i += 1
    return shifted, opportunities


_COLUMNS = ("spot", "guest", "arrived", "left", "vehicle")


def load_of_spots(rows: Rows, broadcast: Rows) -> Rows:
    """Give the vehicles that stayed at some spots, and how many comparisons finding meetings takes.

    The number stands in the row of the first vehicle.
    """
    vehicles = np.unique(rows["vehicle"])
    comparisons = np.zeros(len(vehicles), np.int64)
    columns = [rows[name] for name in ("spot", "guest", "arrived")]
    comparisons[:1] = count_comparisons(*columns, int(broadcast["within"][0]))
    return {"vehicle": vehicles, "comparisons": comparisons}


def meetings_of_spots(rows: Rows, broadcast: Rows) -> Rows:
    """Find the meetings at some spots, and whom probed vehicles would meet on other days."""
    approach, approaches = approaches_of(rows, broadcast["plane"])
    columns = [*(rows[name] for name in _COLUMNS), approach, approaches]
    within = int(broadcast["within"][0])
    met = find_meetings_of_spots(*columns, within)
    other = meet_on_other_days(
        *columns, is_probed(rows["vehicle"], broadcast), within, broadcast["kind"],
        int(broadcast["first_day"][0]),
    )  # fmt: skip
    other = np.unique(other, axis=0)
    return {
        "vehicle_a": np.append(met[:, 0], other[:, 0]),
        "vehicle_b": np.append(met[:, 1], other[:, 1]),
        "day": np.append(met[:, 2], np.full(len(other), -1)),
    }


def chance_of_spots(rows: Rows, broadcast: Rows) -> Rows:
    """Count habit and opportunities of pairs at some spots, and all opportunities there.

    A row with pair -1 holds the opportunities of all pairs, one with -2 those of probed vehicles.
    """
    approach, approaches = approaches_of(rows, broadcast["plane"])
    order = np.lexsort((rows["arrived"], rows["spot"], rows["vehicle"]))
    columns = [rows[name][order] for name in _COLUMNS]
    shifted, opportunities = habit_and_traffic(
        broadcast["pairs_a"], broadcast["pairs_b"], *columns, approach[order], approaches,
        int(broadcast["within"][0]), broadcast["kind"], int(broadcast["first_day"][0]),
    )  # fmt: skip
    some = np.flatnonzero(shifted | opportunities)
    keys = np.stack([rows["spot"], rows["vehicle"], rows["guest"], approach])
    (spot, vehicle, guest, kind), stays = np.unique(keys, axis=1, return_counts=True)
    every, probed = count_opportunities(
        spot, vehicle, guest == 1, kind, stays, is_probed(vehicle, broadcast), approaches
    )
    return {
        "pair": np.append(some, [-1, -2]),
        "shifted": np.append(shifted[some], [0, 0]),
        "opportunities": np.append(opportunities[some], [every, probed]),
    }
