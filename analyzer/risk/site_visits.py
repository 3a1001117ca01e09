"""Site visits: stays whose cameras and length make a site the plausible place.

A stay lies between two cameras. Where it was spent is guessed as for places (beyond its last and
before its first camera, with a scale of how far off that can be); a site is plausible if there was
time to drive there, stay as long as one does, and drive on; at an hour at which one goes there; and
if the sites of its category together outweigh every alternative: other sites, the vehicle's home or
work, and anywhere else.

What is published are numbers of vehicles, never a list of who was where. Where a share is resampled
by vehicle (retention, policies), codes of vehicles go that far and no farther.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.errors import InputError
from analyzer.patterns.numbering import number_through
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.roles import OTHER
from analyzer.risk.draw import vehicle_hashes
from analyzer.risk.sites import Sites
from analyzer.schema import Rows
from analyzer.units import DAY_MS

FAST_M_PER_MS = 70 / 3_600
SLOW_M_PER_MS = 12 / 3_600
"""Driving from camera to site as the crow flies: 70 km/h at most, 12 km/h at least."""

REACH = 2.5
"""Sites farther from where the stay is guessed, in units of scale, weigh nothing."""

ELSEWHERE = math.exp(-0.5)
"""Anywhere else weighs as one spot does that lies a scale away."""

VAGUEST_M = 4_000.0
"""A stay that is known less closely than this tells no site."""

TOLD = 2.0
"""If both ends of a stay point to spots farther apart, in units of scale, it tells no site."""

LEAST_DAYS = (1, 3)
"""A vehicle is exposed if it was plausibly there on so many days."""

FARTHEST_M = 100_000.0
"""Sites that all lie farther from the cameras than this belong to another region."""

PLACEBO = np.uint64(0x706C616365626F)


class SpreadSites(NamedTuple):
    """Sites on the plane of the cameras, from west to east, ready for a kernel."""

    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    category: np.ndarray
    weekdays: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    shortest: np.ndarray
    longest: np.ndarray


def spread_sites(sites: Sites, x: np.ndarray, y: np.ndarray) -> SpreadSites:
    """Put sites at positions on the plane."""
    order = np.lexsort((y, x))
    return SpreadSites(
        x[order],
        y[order],
        *(
            getattr(sites, name)[order]
            for name in (
                "radius_m", "category", "weekdays", "opens", "closes", "shortest", "longest",
            )
        ),
    )  # fmt: skip


def place_sites(sites: Sites, plane: CameraPlane) -> tuple[np.ndarray, np.ndarray]:
    """Find where sites lie on the plane of the cameras.

    Raises
    ------
    InputError
        If no camera has a position, or all sites lie far from all cameras.
    """
    if not plane.placed.any():
        raise InputError(
            "no camera has a position, so nothing is known to be near a site; give the positions "
            "with cameras=… (--cameras FILE)"
        )
    x, y = plane.to_metres(sites.lat, sites.lon)
    if _nearest_camera(plane, x, y)[0].min() > FARTHEST_M:
        swapped = plane.to_metres(sites.lon, sites.lat)
        why = (
            "lat and lon are swapped: lat is north, lon is east"
            if _nearest_camera(plane, *swapped)[0].min() <= FARTHEST_M
            else "give sites of the region that the cameras stand in, in degrees"
        )
        raise InputError(f"all sites lie more than 100 km from every camera; {why}")
    return x, y


def _nearest_camera(
    plane: CameraPlane, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.spatial import cKDTree

    placed = np.flatnonzero(plane.placed)
    distance, nearest = cKDTree(np.c_[plane.x[placed], plane.y[placed]]).query(np.c_[x, y])
    return distance, placed[nearest]


def move_sites(
    x: np.ndarray, y: np.ndarray, plane: CameraPlane, seed: int, draw: int
) -> tuple[np.ndarray, np.ndarray]:
    """Move each site to another camera, as far from it as the site is from its nearest.

    The camera (of those that stand together, one) and the direction are drawn by an explicit hash,
    so that moved sites are as easily seen by cameras as the true ones, and lie where roads and
    people are.

    Parameters
    ----------
    x, y : numpy.ndarray of float64, shape (n,)
        Metres on the plane.
    plane : CameraPlane
    seed, draw : int

    Returns
    -------
    x, y : numpy.ndarray of float64, shape (n,)
    """
    distance, _ = _nearest_camera(plane, x, y)
    placed = np.flatnonzero(plane.placed)
    _, first = np.unique(plane.site[placed], return_index=True)
    cameras = placed[np.sort(first)]
    number = np.arange(len(x), dtype=np.int64)
    hashes = vehicle_hashes(PLACEBO, int(seed), (int(draw) * len(x) + number) * 2)
    camera = cameras[(hashes % np.uint64(len(cameras))).astype(np.int64)]
    turns = vehicle_hashes(PLACEBO, int(seed), (int(draw) * len(x) + number) * 2 + 1)
    angle = turns.astype(float) / 2.0**64 * 2 * math.pi
    return plane.x[camera] + distance * np.cos(angle), plane.y[camera] + distance * np.sin(angle)


class Guesses(NamedTuple):
    """Stays that may tell a site, sorted by vehicle and time.

    Attributes
    ----------
    x, y, scale : numpy.ndarray of float64, shape (n,)
        Where the stay was spent, in metres on the plane, and how far off that can be.
    from_x, from_y, to_x, to_y : numpy.ndarray of float64, shape (n,)
        Cameras before and after it.
    start, end : numpy.ndarray of int64, shape (n,)
        Local ms.
    own : numpy.ndarray of float64, shape (n,)
        Weight of the vehicle's home or work as the place.
    """

    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    from_x: np.ndarray
    from_y: np.ndarray
    to_x: np.ndarray
    to_y: np.ndarray
    start: np.ndarray
    end: np.ndarray
    own: np.ndarray


def guess_stays(stays: Rows, plane: CameraPlane, longest: int) -> tuple[np.ndarray, Guesses]:
    """Guess where stays were spent, and leave out those that can tell no site.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    plane : CameraPlane
    longest : int
        Longest visit to any site, in ms.

    Returns
    -------
    rows : numpy.ndarray of int64, shape (n,)
        Rows of the stays that are left.
    guesses : Guesses
    """
    ends = [plane.beyond(stays[end], stays[f"{end}_via"]) for end in ("arrival", "departure")]
    x, y, scale = ((one + other) / 2 for one, other in zip(*ends, strict=True))
    apart = np.hypot(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1])
    # Nobody is slower than SLOW over twice the vaguest guess, so longer stays hold something else.
    limit = longest + int(2 * (REACH + TOLD) * VAGUEST_M / SLOW_M_PER_MS)
    rows = np.flatnonzero(
        plane.placed[stays["arrival"]]
        & plane.placed[stays["departure"]]
        & (scale <= VAGUEST_M)
        & (apart <= TOLD * scale)
        & (stays["local_end"] - stays["local_start"] <= limit)
    )
    own = _own_weight(stays, x, y, scale)
    arrival, departure = stays["arrival"][rows], stays["departure"][rows]
    return rows, Guesses(
        x[rows],
        y[rows],
        scale[rows],
        plane.x[arrival],
        plane.y[arrival],
        plane.x[departure],
        plane.y[departure],
        stays["local_start"][rows],
        stays["local_end"][rows],
        own[rows],
    )


def _own_weight(stays: Rows, x: np.ndarray, y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Weigh home or work as the place of each stay that is put there; 0 for other stays."""
    weight = np.zeros(len(x))
    at = np.flatnonzero((stays["place"] >= 0) & (stays["role"] != OTHER))
    _, _, place = number_through(stays["vehicle"][at], stays["place"][at])
    count = np.bincount(place)
    off_x = x[at] - (np.bincount(place, x[at]) / count)[place]
    off_y = y[at] - (np.bincount(place, y[at]) / count)[place]
    weight[at] = np.exp(-0.5 * (off_x**2 + off_y**2) / scale[at] ** 2)
    return weight


@numba.njit(cache=True, nogil=True)
def plausible_categories(guesses: Guesses, sites: SpreadSites, n_categories: int) -> np.ndarray:
    """Tell for each stay the categories of sites that are its plausible place.

    Parameters
    ----------
    guesses : Guesses
    sites : SpreadSites
    n_categories : int

    Returns
    -------
    numpy.ndarray of bool, shape (n, n_categories)
        At most one category of a stay, but for a tie.
    """
    n = len(guesses.x)
    plausible = np.zeros((n, n_categories), np.bool_)
    weight = np.zeros(n_categories)
    # Taken apart, since handing over so many arrays for each site costs more than the sums.
    site_x, site_y, radius, of = sites.x, sites.y, sites.radius, sites.category
    weekdays, opens, closes = sites.weekdays, sites.opens, sites.closes
    shortest, longest = sites.shortest, sites.longest
    widest = radius.max() if len(radius) else 0.0
    for i in range(n):
        x, y, scale = guesses.x[i], guesses.y[i], guesses.scale[i]
        from_x, from_y, to_x, to_y = (
            guesses.from_x[i], guesses.from_y[i], guesses.to_x[i], guesses.to_y[i],
        )  # fmt: skip
        length = guesses.end[i] - guesses.start[i]
        middle = guesses.start[i] + length // 2
        weekday, hour = (middle // DAY_MS + 3) % 7, middle % DAY_MS
        reach = REACH * scale
        weight[:] = 0.0
        total = 0.0
        s = np.searchsorted(site_x, x - reach - widest)
        while s < len(site_x) and site_x[s] <= x + reach + widest:
            if (
                abs(site_y[s] - y) <= reach + radius[s]
                and length >= shortest[s]
                and opens[s] <= hour < closes[s]
                and (weekdays[s] >> weekday) & 1
            ):
                away = _outside(site_x[s] - x, site_y[s] - y, radius[s])
                if away <= reach:
                    way = _outside(site_x[s] - from_x, site_y[s] - from_y, radius[s])
                    way += _outside(site_x[s] - to_x, site_y[s] - to_y, radius[s])
                    # Is there time to drive there, to stay, and to drive on?
                    if (
                        length - way / FAST_M_PER_MS >= shortest[s]
                        and length - way / SLOW_M_PER_MS <= longest[s]
                    ):
                        near = math.exp(-0.5 * (away / scale) ** 2)
                        weight[of[s]] += near
                        total += near
            s += 1
        for category in range(n_categories):
            others = total - weight[category] + guesses.own[i] + ELSEWHERE
            plausible[i, category] = weight[category] >= others
    return plausible


@numba.njit(cache=True, nogil=True)
def _outside(dx: float, dy: float, radius: float) -> float:
    return max(0.0, math.sqrt(dx * dx + dy * dy) - radius)


def count_exposed_of_part(stays: Rows, broadcast: Broadcast) -> Rows:
    """Count in one part the vehicles exposed by each draw of the sites.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    broadcast : dict
        ``plane`` (CameraPlane), ``draws`` (list of SpreadSites), ``categories`` (how many).

    Returns
    -------
    Rows
        ``vehicles``: int64, one for each draw, each of `LEAST_DAYS`, and each category, in this
        order. Nothing about any one vehicle.
    """
    draws, categories = broadcast["draws"], broadcast["categories"]
    rows, guesses = guess_stays(stays, broadcast["plane"], int(draws[0].longest.max()))
    vehicle, day = stays["vehicle"][rows].astype(np.int64), guesses.start // DAY_MS
    counts = np.zeros((len(draws), len(LEAST_DAYS), categories), np.int64)
    for draw, sites in enumerate(draws):
        plausible = plausible_categories(guesses, sites, categories)
        for category in range(categories):
            counts[draw, :, category] = _count_by_days(vehicle, day, plausible[:, category])
    return {"vehicles": counts.ravel()}


def find_visitors_of_part(stays: Rows, broadcast: Broadcast) -> Rows:
    """Find in one part the vehicles that were plausibly at the true sites, and count at moved ones.

    Parameters
    ----------
    stays, broadcast
        As for `count_exposed_of_part`; the first of the draws are the true sites.

    Returns
    -------
    Rows
        ``vehicle``, ``category`` of the true sites, each pair once; and on rows of their own, with
        vehicle -1, ``category`` and ``moved``: the vehicles of the part at all moved ones.
    """
    draws, categories = broadcast["draws"], broadcast["categories"]
    rows, guesses = guess_stays(stays, broadcast["plane"], int(draws[0].longest.max()))
    of = stays["vehicle"][rows].astype(np.int64)
    vehicles, category = [np.full(categories, -1, np.int64)], [np.arange(categories)]
    moved = np.zeros(categories, np.int64)
    for draw, sites in enumerate(draws):
        plausible = plausible_categories(guesses, sites, categories)
        for number in range(categories):
            found = np.unique(of[plausible[:, number]])
            if draw:
                moved[number] += len(found)
            else:
                vehicles.append(found)
                category.append(np.full(len(found), number))
    vehicle = np.concatenate(vehicles)
    return {
        "vehicle": vehicle,
        "category": np.concatenate(category),
        "moved": np.r_[moved, np.zeros(len(vehicle) - categories, np.int64)],
    }


def _count_by_days(vehicle: np.ndarray, day: np.ndarray, visits: np.ndarray) -> list[int]:
    """Count the vehicles with visits on at least so many days (rows sorted by vehicle and time)."""
    at = np.flatnonzero(visits)
    vehicle, day = vehicle[at], day[at]
    anew = np.ones(len(at), bool)
    anew[1:] = (vehicle[1:] != vehicle[:-1]) | (day[1:] != day[:-1])
    _, days = np.unique(vehicle[anew], return_counts=True)
    return [int(np.count_nonzero(days >= least)) for least in LEAST_DAYS]
