"""Stays that may be meetings, and the kernels that find who stayed where another did.

A spot is a cell of a grid whose side is the median distance between neighbouring camera sites:
nearer than that, cameras do not tell where a vehicle was. Two stays at one spot are a meeting if
the two arrived within a short time of each other, from different sides, and stayed together for a
while; those who are both at home or at work meet nobody by that.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.patterns.cotravel_parts import is_probed
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.roles import HOME, WORK
from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS

LEAST_TOGETHER_MS = 20 * MINUTE_MS
"""Two vehicles that were at one spot together for less did not meet."""

LONGEST_MS = 24 * HOUR_MS
"""In a longer stay too much can have gone unseen."""

_GRID = 1 << 20


def spot_of(plane: CameraPlane, x: np.ndarray, y: np.ndarray, side: float) -> np.ndarray:
    """Number the cells of a grid; a spot without a position is alone in its cell.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> spots = spot_of(None, np.array([10.0, 90.0, 110.0]), np.zeros(3), 100.0)
    >>> int(spots[0] == spots[1]), int(spots[1] == spots[2])
    (1, 0)
    """
    column = np.floor(x / side).astype(np.int64) % _GRID
    return column * _GRID + np.floor(y / side).astype(np.int64) % _GRID


def visits_of_part(stays: Rows, broadcast: Rows) -> Rows:
    """Give the stays of a part that may be meetings, the columns by which they are sorted first."""
    plane: CameraPlane = broadcast["plane"]
    length = stays["local_end"] - stays["local_start"]
    used = np.flatnonzero((length >= LEAST_TOGETHER_MS) & (length <= LONGEST_MS))
    used = used[plane.placed[stays["arrival"][used]] & plane.placed[stays["departure"][used]]]
    ends = [
        plane.beyond(stays[end][used], stays[f"{end}_via"][used])[:2]
        for end in ("arrival", "departure")
    ]
    x, y = ((one + other) / 2 for one, other in zip(*ends, strict=True))
    via = stays["arrival_via"][used]
    role = stays["role"][used]
    return {
        "spot": spot_of(plane, x, y, float(broadcast["side"][0])),
        "arrived": stays["local_start"][used],
        "left": stays["local_end"][used],
        "vehicle": stays["vehicle"][used].astype(np.int64),
        "site": plane.site[stays["arrival"][used]].astype(np.int64),
        "via": np.where(via >= 0, plane.site[via], -1).astype(np.int64),
        "anchored": (role == HOME) | (role == WORK),
    }


@numba.njit(cache=True, nogil=True)
def meets(
    gap: int, within: int, stay_a: int, stay_b: int, site_a: int, site_b: int, via_a: int,
    via_b: int, anchored_a: bool, anchored_b: bool,
) -> bool:  # fmt: skip
    """Tell whether two stays at one spot are a meeting.

    `gap` is the arrival of b less that of a, `stay_a` and `stay_b` how long they stayed (ms).

    Examples
    --------
    >>> meets(0, 60_000, 3_600_000, 3_600_000, 1, 2, -1, -1, False, True)
    True
    """
    if abs(gap) > within or (anchored_a and anchored_b):
        return False
    if min(stay_a, gap + stay_b) - max(0, gap) < LEAST_TOGETHER_MS:
        return False
    return site_a != site_b or (via_a >= 0 and via_b >= 0 and via_a != via_b)


@numba.njit(cache=True, nogil=True)
def find_meetings_of_spots(
    spot: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    site: np.ndarray,
    via: np.ndarray,
    anchored: np.ndarray,
    within: int,
) -> np.ndarray:
    """Find the meetings among stays.

    Parameters
    ----------
    spot, arrived, left, vehicle, site, via, anchored : numpy.ndarray, shape (n,)
        Stays, sorted by (spot, arrived); local ms.
    within : int
        Longest time between the two arrivals (ms); inclusive.

    Returns
    -------
    numpy.ndarray of int64, shape (meetings, 3)
        Vehicles, the lower code first, and the local day of the later arrival.
    """
    out = np.empty((1024, 3), np.int64)
    found, first = 0, 0
    for row in range(len(spot)):
        while spot[first] != spot[row] or arrived[first] < arrived[row] - within:
            first += 1
        for other in range(first, row):
            if vehicle[other] != vehicle[row] and meets(
                arrived[row] - arrived[other], within, left[other] - arrived[other],
                left[row] - arrived[row], site[other], site[row], via[other], via[row],
                anchored[other], anchored[row],
            ):  # fmt: skip
                if found == len(out):
                    grown = np.empty((2 * found, 3), np.int64)
                    grown[:found] = out
                    out = grown
                out[found, 0] = min(vehicle[row], vehicle[other])
                out[found, 1] = max(vehicle[row], vehicle[other])
                out[found, 2] = arrived[row] // DAY_MS
                found += 1
    return out[:found].copy()


@numba.njit(cache=True, nogil=True)
def meet_on_other_days(
    spot: np.ndarray,
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    site: np.ndarray,
    via: np.ndarray,
    anchored: np.ndarray,
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
        stop = begin
        while stop < len(spot) and spot[stop] == spot[begin]:
            stop += 1
        for row in range(begin, stop):
            if not probed[row]:
                continue
            today = arrived[row] // DAY_MS - first_day
            for day in range(len(kind)):
                if day == today or kind[day] != kind[today]:
                    continue
                at = arrived[row] + (day - today) * DAY_MS
                other = begin + np.searchsorted(arrived[begin:stop], at - within)
                while other < stop and arrived[other] <= at + within:
                    if vehicle[other] != vehicle[row] and meets(
                        arrived[other] - at, within, left[row] - arrived[row],
                        left[other] - arrived[other], site[row], site[other], via[row], via[other],
                        anchored[row], anchored[other],
                    ):  # fmt: skip
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
    arrived: np.ndarray,
    left: np.ndarray,
    vehicle: np.ndarray,
    site: np.ndarray,
    via: np.ndarray,
    anchored: np.ndarray,
    within: int,
    kind: np.ndarray,
    first_day: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Count what pairs would have in common at these spots by habit, and anyhow.

    Parameters
    ----------
    pairs_a, pairs_b : numpy.ndarray of int64, shape (pairs,)
        Vehicle codes.
    spot, arrived, left, vehicle, site, via, anchored : numpy.ndarray, shape (n,)
        Stays, sorted by (vehicle, spot).

    Returns
    -------
    shifted : numpy.ndarray of int64, shape (pairs,)
        Σh: meetings if one of the two had come on another day of the same kind, over all such days.
    opportunities : numpy.ndarray of int64, shape (pairs,)
        Pairs of stays of the two at one spot, not both at home or at work, whenever they were.
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
            other = j
            while (
                other < len(spot) and vehicle[other] == pairs_b[pair] and spot[other] == spot[i]
            ):
                opportunities[pair] += not (anchored[i] and anchored[other])
                day, day_b = arrived[i] // DAY_MS - first_day, arrived[other] // DAY_MS - first_day
                # Moved to the day of b, or to one beside it where midnight lies between.
                for to in range(day_b - 1, day_b + 2):
                    if to == day or to < 0 or to >= len(kind) or kind[to] != kind[day]:
                        continue
                    shifted[pair] += meets(
                        arrived[other] - arrived[i] - (to - day) * DAY_MS, within,
                        left[i] - arrived[i], left[other] - arrived[other], site[i], site[other],
                        via[i], via[other], anchored[i], anchored[other],
                    )  # fmt: skip
                other += 1
            i += 1
    return shifted, opportunities


_COLUMNS = ("spot", "arrived", "left", "vehicle", "site", "via", "anchored")


def meetings_of_spots(rows: Rows, broadcast: Rows) -> Rows:
    """Find the meetings at some spots, and whom probed vehicles would meet on other days."""
    columns = [rows[name] for name in _COLUMNS]
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
    order = np.lexsort((rows["arrived"], rows["spot"], rows["vehicle"]))
    columns = [rows[name][order] for name in _COLUMNS]
    shifted, opportunities = habit_and_traffic(
        broadcast["pairs_a"], broadcast["pairs_b"], *columns, int(broadcast["within"][0]),
        broadcast["kind"], int(broadcast["first_day"][0]),
    )  # fmt: skip
    some = np.flatnonzero(shifted | opportunities)
    every, probed = _all_opportunities(rows, broadcast)
    return {
        "pair": np.append(some, [-1, -2]),
        "shifted": np.append(shifted[some], [0, 0]),
        "opportunities": np.append(opportunities[some], [every, probed]),
    }


def _all_opportunities(rows: Rows, broadcast: Rows) -> tuple[int, int]:
    # Pairs of stays of two vehicles at one spot, less those of which both are anchored.
    totals = np.zeros(2, np.int64)
    for sign, chosen in ((1, slice(None)), (-1, rows["anchored"])):
        spot, vehicle = rows["spot"][chosen], rows["vehicle"][chosen]
        if not len(spot):
            continue
        _, at = np.unique(spot, return_inverse=True)
        here = np.bincount(at)
        keys, own = np.unique(np.stack([at, vehicle]), axis=1, return_counts=True)
        with_others = own * (here[keys[0]] - own)
        totals[0] += sign * int(with_others.sum()) // 2
        totals[1] += sign * int(with_others[is_probed(keys[1], broadcast)].sum())
    return int(totals[0]), int(totals[1])
