"""Places: the anchor areas of each vehicle, and which of them are home and work."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.engine import DerivedPart, Engine, Part, get_engine
from analyzer.patterns.placing import placed_stays_of_part
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.roles import HOME, ROLES, WORK, gather_evidence
from analyzer.result import Result
from analyzer.schema import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.trips import Trips

RADIUS = ((1.34, 1.034), (31.7, 0.673), (1.34, 1.034))
"""Factor and power of the radius for other places, homes and works; see `radius_of`."""


def places_of_part(stays: Rows, broadcast: dict) -> Rows:
    """Describe the places of the vehicles of one part: where, how long, and in which role."""
    plane: CameraPlane = broadcast["plane"]
    used = np.flatnonzero(stays["settled"] & (stays["place"] >= 0))
    key = stays["vehicle"][used].astype(np.int64) << 16 | stays["place"][used]
    keys, place = np.unique(key, return_inverse=True)
    n = len(keys)
    vehicle = (keys >> 16).astype(np.int32)
    role = np.zeros(n, np.int64)
    role[place] = stays["role"][used]
    evidence = gather_evidence(stays, used, place, vehicle)
    x, y, scale, known = locate(plane, stays, used, place, n)
    lat, lon = plane.to_degrees(x, y)
    days = np.choose(role, [evidence[name] for name in ("stays", "nights", "workdays")])
    return {
        "vehicle": vehicle,
        "place": (keys & 0xFFFF).astype(np.int32),
        "role": role.astype(np.int8),
        "lat": np.where(known, lat, np.nan),
        "lon": np.where(known, lon, np.nan),
        "radius_m": np.where(known, radius_of(role, scale), np.nan),
        "days": days.astype(np.int32),
        "hours": evidence["hours"],
        "confidence": confidence_of(role, evidence),
        "camera": _commonest(place, n, stays["arrival"][used], stays["departure"][used]),
    }


def locate(
    plane: CameraPlane, stays: Rows, used: np.ndarray, place: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Estimate where places lie, from the cameras at both ends of the stays.

    Each end of a stay guesses a point beyond its camera (`CameraPlane.beyond`). Sites weigh by the
    square of their share of the ends, and by the square of how seldom they stand second: a camera
    that is mostly passed after another one of the same place is seen first only because the nearer
    one missed.

    Parameters
    ----------
    plane : CameraPlane
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    used, place : numpy.ndarray of int64, shape (k,)
        Rows of the stays to use, and the place, below `n`, of each.

    Returns
    -------
    x, y : numpy.ndarray of float64, shape (n,)
        Metres on the plane.
    scale : numpy.ndarray of float64, shape (n,)
        Mean scale of the guesses, in metres.
    known : numpy.ndarray of bool, shape (n,)
        Whether all of the cameras have positions.
    """
    of = np.r_[place, place]
    camera = np.r_[stays["arrival"][used], stays["departure"][used]]
    via = np.r_[stays["arrival_via"][used], stays["departure_via"][used]]
    guess_x, guess_y, guess_scale = plane.beyond(camera, via)

    sites = np.int64(plane.site.max(initial=0) + 1)
    at = of * sites + plane.site[camera]
    passed = via >= 0
    second = np.sort(of[passed] * sites + plane.site[via[passed]])
    keys, at, first = np.unique(at, return_inverse=True, return_counts=True)
    passes = np.searchsorted(second, keys, "right") - np.searchsorted(second, keys, "left")
    share = first / np.bincount(of, minlength=n)[keys // sites]
    # Per end, so that the ends of one site together weigh as the site.
    weight = ((share * first / (first + passes)) ** 2 / first)[at]

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(of, weight * values, minlength=n) / total

    total = np.bincount(of, weight, minlength=n)
    known = np.bincount(of, ~plane.placed[camera], minlength=n) == 0
    return mean(guess_x), mean(guess_y), mean(guess_scale), known


def radius_of(role: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Give the radius, in metres, that holds the truth for nine places in ten of a role and scale.

    A power of the scale, fitted as the 90 % quantile of the errors on synthetic regions (see
    `find_places`). A place that is neither home nor work takes the radius of a work place.
    """
    factor, power = (np.choose(role, values) for values in zip(*RADIUS, strict=True))
    return factor * scale**power


def confidence_of(role: np.ndarray, evidence: Rows) -> np.ndarray:
    """Give the chance that the radius holds the truth; NaN for a place without a role.

    A logistic function of the evidence, fitted on the same synthetic regions as the radius.
    """
    nights = np.maximum(np.bincount(evidence["vehicle"], evidence["nights"]), 1.0)
    share = evidence["nights"] / nights[evidence["vehicle"]]
    home = -1.11 + 0.395 * np.log(evidence["stays"]) + 2.59 * share
    work = 0.66 + 2.04 * np.minimum(evidence["workdays"] / np.maximum(evidence["weekdays"], 1), 1.0)
    return 1 / (1 + np.exp(-np.choose(role, [np.full(len(role), np.nan), home, work])))


def _commonest(place: np.ndarray, n: int, arrival: np.ndarray, departure: np.ndarray) -> np.ndarray:
    """Find the camera that most often begins or ends a stay at each place."""
    pairs = np.r_[place, place] << 32 | np.r_[arrival, departure].astype(np.int64)
    pairs, counts = np.unique(pairs, return_counts=True)
    order = np.lexsort((pairs, -counts, pairs >> 32))
    first = order[np.diff(pairs[order] >> 32, prepend=-1) != 0]
    return (pairs[first] & 0xFFFFFFFF).astype(np.int32)


@dataclass(frozen=True)
class Places(Result):
    """Places of all vehicles that have any.

    Attributes
    ----------
    trips : Trips
        Between which the stays lie.
    engine : Engine
        Where the parts are worked on.
    """

    trips: Trips
    engine: Engine = field(repr=False, compare=False)

    @cached_property
    def _broadcast(self) -> dict:
        sightings = self.trips.sightings
        return {"plane": self.trips.plane, "clock": sightings.clock}

    @cached_property
    def stay_parts(self) -> list[Part]:
        """The stays with their place numbers, as parts that are derived when they are loaded."""
        return [
            DerivedPart(part, placed_stays_of_part, self._broadcast) for part in self.trips.parts
        ]

    @cached_property
    def rows(self) -> Rows:
        """All places as columns of numbers, sorted by vehicle and place."""
        return self.engine.reduce(
            self.engine.map(self.stay_parts, places_of_part, self._broadcast),
            key=("vehicle", "place"),
        )

    def __len__(self) -> int:
        return len(self.rows["vehicle"])

    def to_pandas(self) -> pd.DataFrame:
        """Give all places as a table.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``place`` (number within the vehicle); ``role`` (home, work, other);
            ``lat``, ``lon``; ``radius_m``; ``days`` (stays over night for a home, working days for
            a work place, all stays otherwise); ``hours`` (of all stays there); ``confidence``
            (chance that the radius holds the truth; NaN for other places).
        """
        rows = dict(self.rows)
        del rows["camera"]
        rows["vehicle"] = self.trips.sightings.vehicle_names(rows["vehicle"])
        rows["role"] = np.array(ROLES, object)[rows["role"]]
        return pd.DataFrame(rows)

    def score(self, truth: object):
        """Compare homes and works with a known truth; see `analyzer.scoring.score_places`."""
        from analyzer.scoring import score_places

        return score_places(self.to_pandas(), truth, self.trips.sightings.vehicles)

    def summary(self) -> str:
        """Tell how many vehicles have a home and a work place, and how closely they are known."""
        rows, vehicles = self.rows, self.trips.sightings.n_vehicles
        lines = []
        for role, name in ((HOME, "home"), (WORK, "work place")):
            of = rows["role"] == role
            if not of.any():
                lines.append(f"No {name} was found among {vehicles:,} vehicles.")
                continue
            radius = rows["radius_m"][of]
            radius = radius[~np.isnan(radius)]
            within = (
                f"half of them within {np.median(radius) / 1000:.1f} km"
                if len(radius)
                else "where is not known, since cameras have no position"
            )
            lines.append(
                f"A {name} was found for {of.sum():,} of {vehicles:,} vehicles "
                f"({100 * of.sum() / vehicles:.0f} %); {within}. "
                f"For the others the evidence is too thin."
            )
        return "\n".join(lines)

    def plot(self) -> Axes:
        """Draw the radii of homes and works."""
        from matplotlib.figure import Figure

        axes = Figure(layout="constrained").subplots()
        for role, name in ((HOME, "home"), (WORK, "work")):
            radius = self.rows["radius_m"][self.rows["role"] == role] / 1000
            radius = np.sort(radius[~np.isnan(radius)])
            axes.step(radius, np.arange(1, len(radius) + 1), where="post", label=name)
        axes.set(xlabel="radius in km", ylabel="vehicles with a place known this closely")
        axes.legend()
        return axes


def find_places(
    trips: Trips, *, engine: str | Engine = "local", memory: str | None = None
) -> Places:
    """Find places: the anchor areas of each vehicle, among them its home and its work.

    Parameters
    ----------
    trips : Trips
        From `find_trips`.
    engine : str or Engine
        Where the parts are worked on.
    memory : str, optional
        Bound on memory, such as ``"4GB"``.

    Returns
    -------
    Places

    Notes
    -----
    A stay is a spot between two trips, guessed from the last camera before it and the first after
    it, each with the camera before or after that one: who passes B, then A, and no other, lives in
    that direction beyond A. Stays of two hours to five days are clustered for each vehicle, nights
    (three hours between midnight and five) and days apart.

    Home is the place with the most hours among those with two stays over night, and with at least
    15 for every 100 days between the vehicle's first and last stay; by hours and not by nights, so
    that who works by night is not turned round. Work is, among the others, the place with the most
    working days: three hours of working time (weekdays, nine to five) or a night of at most
    fourteen hours; three days at least, and a quarter of the weekdays between the vehicle's first
    and last stay; by the home, only if such days are six hours long on average. Where nothing
    passes these bounds there is no home or no work: unknown.

    ``radius_m`` holds the truth for about nine in ten homes (and works), and ``confidence`` is the
    chance that it does. Both are calibrated on synthetic data (standard settings, seeds 1 to 3,
    whole and cut to 7 and 14 days); ``benchmarks/score_patterns.py`` tests them on other settings.

    Examples
    --------
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> sightings = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> find_places(find_trips(sightings, "90min")).to_pandas()[["role", "days"]].values.tolist()
    [['home', 6], ['work', 5]]
    """
    return Places(trips, get_engine(engine, memory=memory))
