"""Radius and confidence of a place: how far off it may be, and whether it is what it seems.

The radius is a conditional 90 % quantile of the error (quantile regression of its logarithm,
Koenker and Bassett 1978) in what is known about the place: how densely cameras stand there, near
and wide, how far the guesses scatter, how much was seen. A correction by the density of all
cameras, from calibration regions of about that density (conformal by groups), keeps the coverage
where cameras are few or many. Where sites are very few, or stand in some towns only
(`CameraPlane.narrow`), people drive in from where nothing is watched: there another quantile is
used, which depends on how far it is to the next site on, too. A radius of more than `MOST_M` tells
no place, and neither is told. The confidence is the chance that the place is what it is said to be:
that most of the stays there were truly spent at home, or at work. Where that is, the radius tells.
No number here was set by hand: ``benchmarks/calibrate_places.py`` writes them.

References
----------
Koenker, R., Bassett, G. (1978). Regression quantiles. Econometrica 46(1), 33–50.
doi:10.2307/1913643
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analyzer.patterns import calibration, calibration_narrow
from analyzer.patterns.plane import CameraPlane
from analyzer.schema import Rows

FEATURES = (
    "one", "scale", "spacing", "near", "wide", "scale_scale", "spacing_spacing", "near_near",
    "scale_spacing", "spacing_near", "scale_near", "open", "scatter", "log_scatter",
    "concentration", "concentration_near", "direct", "seen", "share", "stays",
)  # fmt: skip
"""What the radius depends on; see `place_features`."""

NARROW_FEATURES = (
    "ahead", "ahead_ahead", "ahead_near", "edge", "edge_near", "edge_wide", "around",
    "around_near", "around_edge", "around_direct", "wide_wide", "near_wide",
)  # fmt: skip
"""What it depends on as well, where only some towns are watched."""

MOST_M = 50_000.0
"""A circle wider than this is no place: it holds a city and the country about it."""

FARTHEST_M = {"scale": 28_000.0, "spacing": 25_000.0, "near": 47_000.0, "wide": 57_000.0}
"""Distances as large as calibration knows them; what is farther is as little known as this."""

UNIT_M = 1_500.0
"""Distances are told as logarithms of multiples of this."""

ENOUGH_STAYS = 20.0
"""More stays than this tell nothing new about where a place lies."""

OPEN_M = 3_000.0
"""Where even the nearest other site is farther than this, one is at the edge of what is watched."""


class Spot(NamedTuple):
    """Where places lie, from the ends of their stays; arrays of one entry a place.

    Attributes
    ----------
    x, y : numpy.ndarray of float64
        Metres on the plane of the cameras.
    scale, spacing, near, wide : numpy.ndarray of float64
        Weighted geometric means of what is known at the cameras (`CameraPlane`).
    scatter : numpy.ndarray of float64
        How far the guesses scatter about their mean, in metres.
    concentration : numpy.ndarray of float64
        Chance that two ends were seen at one site.
    direct : numpy.ndarray of float64
        Share of the ends for which no direction is known.
    ahead : numpy.ndarray of float64
        Weighted geometric mean of how far it is to the next site on (`CameraPlane.way_on`).
    edge : numpy.ndarray of float64
        Share of the ends at the edge of what is watched, where it is far to the next site on.
    around : numpy.ndarray of float64
        Share of the directions from these cameras in which it is far to the next site.
    known : numpy.ndarray of bool
        Whether all of the cameras have positions.
    """

    x: np.ndarray
    y: np.ndarray
    scale: np.ndarray
    spacing: np.ndarray
    near: np.ndarray
    wide: np.ndarray
    scatter: np.ndarray
    concentration: np.ndarray
    direct: np.ndarray
    ahead: np.ndarray
    edge: np.ndarray
    around: np.ndarray
    known: np.ndarray


def place_features(
    spot: Spot, role: np.ndarray, evidence: Rows, narrow: bool = False
) -> np.ndarray:
    """Give what the radius depends on.

    Parameters
    ----------
    spot : Spot
    role : numpy.ndarray of int, shape (n,)
        0 other, 1 home, 2 work.
    evidence : Rows
        As `analyzer.patterns.roles.gather_evidence` gives it.
    narrow : bool
        Whether only some towns are watched.

    Returns
    -------
    numpy.ndarray of float64, shape (n, k)
        The columns of `FEATURES`, and those of `NARROW_FEATURES` after them if `narrow`.
    """
    by_night = role == 1
    days = np.where(by_night, evidence["nights"], evidence["workdays"])
    possible = np.where(by_night, evidence["days"], evidence["weekdays"])
    # Of all the days that speak for a home (a work place), how many speak for this one.
    of_vehicle = np.zeros(len(days))
    for kind in ("nights", "workdays"):
        total = np.bincount(evidence["vehicle"], evidence[kind])[evidence["vehicle"]]
        of_vehicle = np.where(by_night == (kind == "nights"), total, of_vehicle)
    relative = np.minimum(spot.scatter / spot.scale, 3.0)
    scale, spacing, near, wide = (
        np.log(np.minimum(getattr(spot, name), most) / UNIT_M) for name, most in FARTHEST_M.items()
    )
    features = np.c_[
        np.ones(len(days)),
        scale,
        spacing,
        near,
        wide,
        scale * scale,
        spacing * spacing,
        near * near,
        scale * spacing,
        spacing * near,
        scale * near,
        np.maximum(np.log(spot.spacing / OPEN_M), 0.0),
        relative,
        np.log(relative + 0.1),
        spot.concentration,
        spot.concentration * near,
        spot.direct,
        np.minimum(days / np.maximum(possible, 1), 1.0),
        days / np.maximum(of_vehicle, 1.0),
        np.log(np.minimum(evidence["stays"], ENOUGH_STAYS)),
    ]
    if not narrow:
        return features
    ahead, edge, around = np.log(spot.ahead / UNIT_M), spot.edge, spot.around
    more = (
        ahead, ahead * ahead, ahead * near, edge, edge * near, edge * wide, around, around * near,
        around * edge, around * spot.direct, wide * wide, near * wide,
    )  # fmt: skip
    return np.c_[features, np.stack(more, axis=1)]


def radius_of(features: np.ndarray, role: np.ndarray, plane: CameraPlane) -> np.ndarray:
    """Give the radius, in metres, that holds the truth for nine places in ten of such a kind.

    A place that is neither home nor work takes the radius of a work place. NaN where it would be
    more than `MOST_M`: then the place is unknown.
    """
    radius = np.empty(len(features))
    for number in (0, 1, 2):
        of = role == number
        kind = CALIBRATION["home" if number == 1 else "work"]
        if plane.narrow:
            radius[of] = np.exp(_weigh(features[of], kind.narrow))
            continue
        correction = np.interp(np.log(plane.typical_m), kind.density, kind.correction)
        radius[of] = np.exp(_weigh(features[of], kind.radius) + correction)
    return np.where(radius <= MOST_M, radius, np.nan)


def _weigh(features: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    # Row by row, not as a matrix product, whose last digit depends on how many rows there are.
    return (features * np.array(weights)).sum(axis=1)


def role_features(spot: Spot, role: np.ndarray, evidence: Rows) -> np.ndarray:
    """Give what the confidence depends on: how much was seen, and how much of it agrees.

    Returns
    -------
    numpy.ndarray of float64, shape (n, 9)
    """
    by_night = role == 1
    days = np.where(by_night, evidence["nights"], evidence["workdays"])
    possible = np.where(by_night, evidence["days"], evidence["weekdays"])
    return np.c_[
        np.ones(len(days)),
        np.log(np.minimum(evidence["stays"], ENOUGH_STAYS)),
        np.log(evidence["hours"] / evidence["stays"]),
        np.minimum(evidence["hours"] / (24.0 * np.maximum(evidence["days"], 1)), 1.0),
        np.minimum(days / np.maximum(possible, 1), 1.0),
        np.minimum(days / evidence["stays"], 1.0),
        np.minimum(spot.scatter / spot.scale, 3.0),
        spot.concentration,
        np.log(spot.near / UNIT_M),
    ]


def confidence_of(features: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Give the chance that a home (a work place) truly is one; NaN for a place without a role.

    Parameters
    ----------
    features : numpy.ndarray of float64, shape (n, 9)
        As `role_features` gives them.
    role : numpy.ndarray of int, shape (n,)
    """
    confidence = np.full(len(features), np.nan)
    for number, name in ((1, "home"), (2, "work")):
        of = role == number
        kind = CALIBRATION[name]
        confidence[of] = 1 / (1 + np.exp(-_weigh(features[of], kind.confidence)))
    return confidence


class Calibration(NamedTuple):
    """Fitted numbers of one role.

    Attributes
    ----------
    radius : tuple of float
        Coefficients of the logarithm of the radius, in the order of `FEATURES`.
    density, correction : tuple of float
        Logarithm of the typical distance between sites, increasing, and what is added there.
    confidence : tuple of float
        Coefficients of the log-odds that the role is right, in the order of `role_features`.
    narrow : tuple of float
        As `radius`, of `FEATURES` and `NARROW_FEATURES`, where only some towns are watched.
    """

    radius: tuple[float, ...]
    density: tuple[float, ...]
    correction: tuple[float, ...]
    confidence: tuple[float, ...]
    narrow: tuple[float, ...]


CALIBRATION = {
    "home": Calibration(
        calibration.HOME_RADIUS,
        calibration.HOME_DENSITY,
        calibration.HOME_CORRECTION,
        calibration.HOME_CONFIDENCE,
        calibration_narrow.HOME_NARROW,
    ),
    "work": Calibration(
        calibration.WORK_RADIUS,
        calibration.WORK_DENSITY,
        calibration.WORK_CORRECTION,
        calibration.WORK_CONFIDENCE,
        calibration_narrow.WORK_NARROW,
    ),
}
