"""The plane of the cameras: where they stand in metres, and how densely.

Kernels that cluster need flat coordinates and a local yardstick. Cameras are projected about their
middle (equirectangular; over a few hundred kilometres the error is far below the distance between
cameras), and the *spacing* at a camera is its distance to the nearest other site.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analyzer.cameras import EARTH_RADIUS_M, make_zones
from analyzer.patterns.ahead import AHEAD_M, EDGE_M, SECTORS, nearest_ahead, sector_of

SITE_M = 250.0
"""Cameras of one site are at most this far apart: one crossing, one bridge."""

LEAST_SPACING_M = 500.0
"""Cameras nearer than this tell little more than one camera."""

LONE_SPACING_M = 10_000.0
"""Spacing where there is no other site to measure it by."""

NEIGHBOURS = (3, 8)
"""Which nearest sites tell how dense cameras are about a camera: one alone may be a chance pair."""

FEW_SITES = 20
"""Fewer sites than this say nothing of how an area is watched."""

DRIVE_M = 40_000.0
"""How far people drive each day, at most; a few drive farther."""

NARROW_SHARE = 0.1
"""Where fewer of the pairs of sites are apart, only some towns are watched."""

BEYOND = 0.7
"""How far beyond the last camera a place lies, in units of scale (tuned on synthetic regions)."""

_NOWHERE_M = 1e9


@dataclass(frozen=True)
class CameraPlane:
    """Cameras on a plane.

    Attributes
    ----------
    x, y : numpy.ndarray of float64, shape (cameras,)
        Metres east and north of the middle. A camera without a position stands far from everything,
        alone, so that it is near itself only.
    site : numpy.ndarray of int32, shape (cameras,)
        Cameras that stand together have one number.
    spacing : numpy.ndarray of float64, shape (cameras,)
        Metres to the nearest other site.
    near, wide : numpy.ndarray of float64, shape (cameras,)
        Metres to the third nearest and to the eighth nearest other site.
    ahead : numpy.ndarray of float64, shape (cameras, SECTORS)
        Metres to the nearest other site in each direction (`analyzer.patterns.ahead`).
    placed : numpy.ndarray of bool, shape (cameras,)
        Whether the position is known.
    lat0, lon0 : float
        The middle, in degrees.
    """

    x: np.ndarray
    y: np.ndarray
    site: np.ndarray
    spacing: np.ndarray
    near: np.ndarray
    wide: np.ndarray
    ahead: np.ndarray
    placed: np.ndarray
    lat0: float
    lon0: float

    @cached_property
    def narrow(self) -> bool:
        """Whether sites are few, or stand in towns that most people can drive in from outside.

        What bounds a place then is not how densely cameras stand but where none stand: sites
        farther apart than `EDGE_M` but within a day's drive, `DRIVE_M`, are hardly any pairs.
        """
        from scipy.spatial import cKDTree

        _, first = np.unique(self.site[self.placed], return_index=True)
        if len(first) < FEW_SITES:
            return True
        sites = cKDTree(np.c_[self.x[self.placed][first], self.y[self.placed][first]])
        near, drive = (
            sites.count_neighbors(sites, reach) - len(first) for reach in (EDGE_M, DRIVE_M)
        )
        return bool(drive - near < NARROW_SHARE * drive)

    @cached_property
    def typical_m(self) -> float:
        """Geometric mean, over the sites, of the distance to the third nearest other site."""
        _, first = np.unique(self.site[self.placed], return_index=True)
        near = self.near[self.placed][first]
        return float(np.exp(np.mean(np.log(near)))) if len(near) else LONE_SPACING_M

    def to_degrees(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn metres on the plane into latitude and longitude."""
        metres = math.radians(1) * EARTH_RADIUS_M
        lat = self.lat0 + np.asarray(y) / metres
        lon = self.lon0 + np.asarray(x) / (metres * math.cos(math.radians(self.lat0)))
        return lat, lon

    def to_metres(self, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn latitude and longitude into metres on the plane."""
        metres = math.radians(1) * EARTH_RADIUS_M
        x = (np.asarray(lon, float) - self.lon0) * metres * math.cos(math.radians(self.lat0))
        return x, (np.asarray(lat, float) - self.lat0) * metres

    def way_on(
        self, camera: np.ndarray, via: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tell how far it is to the next site on from `camera`, reached from camera `via`.

        Without a *via* the vehicle may have gone on in any direction.

        Parameters
        ----------
        camera, via : numpy.ndarray of int, shape (n,)
            As for `beyond`.

        Returns
        -------
        ahead : numpy.ndarray of float64, shape (n,)
            Metres; without a *via* the geometric mean over all directions.
        edge : numpy.ndarray of float64, shape (n,)
            1 where that is `EDGE_M` or more, else 0; without a *via* the share of directions.
        around : numpy.ndarray of float64, shape (n,)
            Share of all directions from the camera in which it is `EDGE_M` or more.

        Examples
        --------
        >>> table = pd.DataFrame({"lat": [41.0, 41.1, 41.3], "lon": [69.0, 69.0, 69.0]})
        >>> ahead, edge, around = camera_plane(table).way_on(np.array([1, 2]), np.array([0, 1]))
        >>> ahead.round().tolist(), edge.tolist()
        ([22239.0, 60000.0], [1.0, 1.0])
        """
        known = (via >= 0) & self.placed[camera] & self.placed[via]
        sector = sector_of(self.x[camera] - self.x[via], self.y[camera] - self.y[via])
        anywhere = np.exp(np.log(self.ahead).mean(axis=1))
        ahead = np.where(known, self.ahead[camera, sector], anywhere[camera])
        around = (self.ahead >= EDGE_M).mean(axis=1)[camera]
        return ahead, np.where(known, ahead >= EDGE_M, around), around

    def beyond(
        self, camera: np.ndarray, via: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Guess where a place lies whose last camera was `camera`, reached from camera `via`.

        Who passes *via*, then *camera*, and then no other, went on in about that direction. The
        place is put `BEYOND` times the scale beyond the camera, where the scale is the geometric
        mean of the distance between the two cameras and the spacing. Without a *via* it is put at
        the camera.

        Parameters
        ----------
        camera, via : numpy.ndarray of int, shape (n,)
            Camera codes; -1 in `via` where there was no other camera.

        Returns
        -------
        x, y, scale : numpy.ndarray of float64, shape (n,)
            Metres on the plane; the scale is about how far off the guess can be.

        Examples
        --------
        >>> table = pd.DataFrame({"lat": [41.0, 41.1], "lon": [69.0, 69.0]})
        >>> plane = camera_plane(table)
        >>> x, y, scale = plane.beyond(np.array([1, 1]), np.array([0, -1]))
        >>> (y - plane.y[1]).round().tolist(), scale.round().tolist()
        ([7784.0, 0.0], [11120.0, 11120.0])
        """
        cameras = len(self.x)
        if cameras * (cameras + 1) > len(camera):
            return self._beyond(camera, via)
        # The guess is one of the two cameras alone: with many rows, each pair is worked out once.
        pair = np.asarray(camera, np.int64) * (cameras + 1) + via + 1
        x, y, scale = self._beyond_pairs
        return x[pair], y[pair], scale[pair]

    @cached_property
    def _beyond_pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        pair = np.arange(len(self.x) * (len(self.x) + 1))
        return self._beyond(pair // (len(self.x) + 1), pair % (len(self.x) + 1) - 1)

    def _beyond(
        self, camera: np.ndarray, via: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y, spacing = self.x[camera], self.y[camera], self.spacing[camera]
        known = (via >= 0) & self.placed[camera] & self.placed[via]
        dx = np.where(known, x - self.x[via], 0.0)
        dy = np.where(known, y - self.y[via], 0.0)
        length = np.hypot(dx, dy)
        scale = np.where(length > 0, np.sqrt(length * spacing), spacing)
        step = np.where(length > 0, BEYOND * scale / np.maximum(length, 1.0), 0.0)
        return x + step * dx, y + step * dy, scale


def camera_plane(cameras: pd.DataFrame) -> CameraPlane:
    """Project a camera table and measure how densely its cameras stand.

    Parameters
    ----------
    cameras : pandas.DataFrame
        ``lat, lon``, one row a camera code.

    Returns
    -------
    CameraPlane

    Examples
    --------
    >>> plane = camera_plane(pd.DataFrame({"lat": [41.0, 41.1], "lon": [69.0, 69.0]}))
    >>> round(float(plane.y[1] - plane.y[0])), plane.spacing.round().tolist()
    (11120, [11120.0, 11120.0])
    """
    lat, lon = cameras["lat"].to_numpy(float), cameras["lon"].to_numpy(float)
    placed = ~(np.isnan(lat) | np.isnan(lon))
    lat0 = float(lat[placed].mean()) if placed.any() else 0.0
    lon0 = float(lon[placed].mean()) if placed.any() else 0.0
    # Not the zones: those may be given, and as wide as a district.
    site = make_zones(lat, lon, SITE_M)
    ones = np.ones(len(lat))
    plane = CameraPlane(lat, lon, site, ones, ones, ones, ones[:, None], placed, lat0, lon0)
    x, y = plane.to_metres(lat, lon)
    distances, ahead = np.ones((3, len(x))), np.full((len(x), SECTORS), AHEAD_M)
    if placed.any():
        _, member = np.unique(site[placed], return_inverse=True)
        size = np.bincount(member)
        centres = [np.bincount(member, along[placed]) / size for along in (x, y)]
        distances[:, placed] = _site_distances(*centres)[:, member]
        ahead[placed] = nearest_ahead(*centres, LEAST_SPACING_M)[member]
    nowhere = _NOWHERE_M * (1 + np.arange(len(x)))
    return CameraPlane(
        np.where(placed, x, nowhere),
        np.where(placed, y, nowhere),
        site,
        *distances,
        ahead,
        placed,
        lat0,
        lon0,
    )


def _site_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give, for each site, the distances to the nearest, third and eighth nearest other sites."""
    from scipy.spatial import cKDTree

    if len(x) < 2:
        return np.full((3, len(x)), LONE_SPACING_M)
    centres = np.c_[x, y]
    # Where there are fewer sites, the farthest stands for those that are not there.
    order = np.minimum([1, *NEIGHBOURS], len(x) - 1)
    distances, _ = cKDTree(centres).query(centres, order.max() + 1)
    return np.maximum(distances[:, order].T, LEAST_SPACING_M)
