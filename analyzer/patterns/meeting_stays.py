"""The kernels that find who stayed where another did, at which spots `meeting_spots` tells.

Two stays are a meeting if the two vehicles may have been at one place, came from different sides
and within a short time of each other, and stayed together for a while; those who are both at home
or at work meet nobody by that.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.engine.base import Broadcast, sort_rows
from analyzer.patterns.cotravel_parts import distinct, is_probed
from analyzer.patterns.meeting_pairs import ON_ANOTHER_DAY, pack_meetings
from analyzer.patterns.meeting_spots import (
    Approaches,
    approaches_of,
    are_together,
    can_meet,
    count_opportunities,
)
from analyzer.schema import Rows
from analyzer.units import DAY_MS


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


_COLUMNS = ("spot", "guest", "arrived", "left", "vehicle")


def load_of_spots(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count what there is at some spots before any two stays are compared.

    Returns
    -------
    dict
        ``vehicle``: those that stayed here. And in the row of the first: ``stays``;
        ``comparisons`` that finding meetings takes; and pairs of stays that would be meetings but
        for the time, of ``every`` pair of vehicles and ``of_probed`` ones.
    """
    vehicles = np.unique(rows["vehicle"]).astype(np.int32)
    load: Rows = {"vehicle": vehicles}
    columns = [rows[name] for name in ("spot", "guest", "arrived")]
    every, of_probed = opportunities_of_spots(rows, broadcast)
    for name, count in (
        ("stays", np.count_nonzero(~rows["guest"])),
        ("comparisons", count_comparisons(*columns, int(broadcast["within"][0]))),
        ("every", every),
        ("of_probed", of_probed),
    ):
        load[name] = np.zeros(len(vehicles), np.int64)
        load[name][:1] = count
    return load


def meetings_of_spots(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find the meetings at some spots, and whom probed vehicles would meet on other days.

    As one number each; see `meeting_pairs.pack_meetings`.
    """
    approach, approaches = approaches_of(rows, broadcast["plane"])
    columns = [*(rows[name] for name in _COLUMNS), approach, approaches]
    within = int(broadcast["within"][0])
    met = find_meetings_of_spots(*columns, within)
    other = meet_on_other_days(
        *columns, is_probed(rows["vehicle"], broadcast), within, broadcast["kind"],
        int(broadcast["first_day"][0]),
    )  # fmt: skip
    first_day, n_days = int(broadcast["first_day"][0]), len(broadcast["kind"])
    n_codes = int(broadcast["n_codes"][0])
    never = np.full(len(other), ON_ANOTHER_DAY)
    packed = [
        pack_meetings(met[:, 0], met[:, 1], met[:, 2] - first_day, n_codes, n_days),
        pack_meetings(other[:, 0], other[:, 1], never, n_codes, n_days),
    ]
    return {"meeting": distinct(np.concatenate(packed))}


def opportunities_of_spots(rows: Rows, broadcast: Broadcast) -> tuple[int, int]:
    """Count all opportunities at some spots: of all pairs, and of those with probed vehicles."""
    approach, approaches = approaches_of(rows, broadcast["plane"])
    keys = {
        "spot": rows["spot"], "vehicle": rows["vehicle"],
        "guest": rows["guest"].astype(np.int8), "approach": approach,
    }  # fmt: skip
    keys = sort_rows(keys, list(keys))
    changes = np.ones(len(approach), bool)
    changes[1:] = False
    for column in keys.values():
        changes[1:] |= column[1:] != column[:-1]
    first = np.flatnonzero(changes)
    spot, vehicle, guest, kind = (column[first] for column in keys.values())
    return count_opportunities(
        spot, vehicle, guest == 1, kind, np.diff(first, append=len(approach)),
        is_probed(vehicle, broadcast), approaches,
    )  # fmt: skip
