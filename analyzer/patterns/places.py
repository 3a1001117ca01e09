"""Places: the anchor areas of each vehicle, and which of them are home and work."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from analyzer.engine import DerivedPart, Engine, Part, get_engine
from analyzer.engine.base import KEPT_ROWS
from analyzer.patterns.numbering import number_through
from analyzer.patterns.placing import placed_stays_of_part
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.radius import (
    Spot,
    confidence_of,
    place_features,
    radius_of,
    role_features,
)
from analyzer.patterns.roles import HOME, ROLES, WORK, gather_evidence
from analyzer.result import Result, as_table
from analyzer.schema import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.trips import Trips

class Described(NamedTuple):
    """The places of one part, and what is known about them.

    Attributes
    ----------
    vehicle, place, role : numpy.ndarray, shape (n,)
    evidence : Rows
        As `analyzer.patterns.roles.gather_evidence` gives it.
    spot : Spot
    features : numpy.ndarray of float64, shape (n, len(FEATURES))
        What the radius depends on.
    camera : numpy.ndarray of int32, shape (n,)
        The camera that most often begins or ends a stay there.
    """

    vehicle: np.ndarray
    place: np.ndarray
    role: np.ndarray
    evidence: Rows
    spot: Spot
    features: np.ndarray
    camera: np.ndarray


def describe_places(stays: Rows, plane: CameraPlane) -> Described:
    """Gather what is known about the places of the vehicles of one part."""
    used = np.flatnonzero(stays["settled"] & (stays["place"] >= 0))
    vehicle, number, place = number_through(stays["vehicle"][used], stays["place"][used])
    n, vehicle = len(vehicle), vehicle.astype(np.int32)
    role = np.zeros(n, np.int64)
    role[place] = stays["role"][used]
    evidence = gather_evidence(stays, used, place, vehicle)
    arrival, departure = stays["arrival"][used], stays["departure"][used]
    via = np.r_[stays["arrival_via"][used], stays["departure_via"][used]]
    spot = locate(plane, np.r_[place, place], np.r_[arrival, departure], via, n)
    return Described(
        vehicle=vehicle,
        place=number.astype(np.int32),
        role=role,
        evidence=evidence,
        spot=spot,
        features=place_features(spot, role, evidence, plane.narrow),
        camera=_commonest(place, n, arrival, departure),
    )


def places_of_part(stays: Rows, broadcast: dict) -> Rows:
    """Describe the places of the vehicles of one part: where, how long, and in which role."""
    plane: CameraPlane = broadcast["plane"]
    found = describe_places(stays, plane)
    lat, lon = plane.to_degrees(found.spot.x, found.spot.y)
    role, evidence = found.role, found.evidence
    radius = radius_of(found.features, role, plane)
    known = found.spot.known & ~np.isnan(radius)
    days = np.choose(role, [evidence[name] for name in ("stays", "nights", "workdays")])
    return {
        "vehicle": found.vehicle,
        "place": found.place,
        "role": role.astype(np.int8),
        "lat": np.where(known, lat, np.nan),
        "lon": np.where(known, lon, np.nan),
        "radius_m": np.where(known, radius, np.nan),
        "days": days.astype(np.int32),
        "hours": evidence["hours"].astype(float),
        "confidence": confidence_of(role_features(found.spot, role, evidence), role),
        "camera": found.camera,
    }


def locate(
    plane: CameraPlane, of: np.ndarray, camera: np.ndarray, via: np.ndarray, n: int
) -> Spot:
    """Estimate where places lie, from the cameras at the ends of the stays there.

    Each end of a stay guesses a point beyond its camera (`CameraPlane.beyond`). Sites weigh by the
    square of their share of the ends, and by the square of how seldom they stand second: a camera
    that is mostly passed after another one of the same place is seen first only because the nearer
    one missed.

    Parameters
    ----------
    plane : CameraPlane
    of : numpy.ndarray of int64, shape (k,)
        Place, below `n`, of each end of a stay; no place is without one.
    camera, via : numpy.ndarray of int32, shape (k,)
        Camera at the end, and the one before or after it (-1 where there is none).

    Returns
    -------
    Spot
    """
    guess_x, guess_y, scale = plane.beyond(camera, via)
    ahead, edge, around = plane.way_on(camera, via)
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
    x, y = mean(guess_x), mean(guess_y)
    of_site = np.bincount(at, weight)
    return Spot(
        x=x,
        y=y,
        scale=np.exp(mean(np.log(scale))),
        spacing=np.exp(mean(np.log(plane.spacing[camera]))),
        near=np.exp(mean(np.log(plane.near[camera]))),
        wide=np.exp(mean(np.log(plane.wide[camera]))),
        scatter=np.sqrt(mean((guess_x - x[of]) ** 2 + (guess_y - y[of]) ** 2)),
        concentration=np.bincount(keys // sites, of_site**2, minlength=n) / total**2,
        direct=mean(~passed),
        ahead=np.exp(mean(np.log(ahead))),
        edge=mean(edge),
        around=mean(around),
        known=np.bincount(of, ~plane.placed[camera], minlength=n) == 0,
    )


def columns_of_part(rows: Rows, broadcast: dict) -> Rows:
    """Give some columns of a part."""
    return {name: rows[name] for name in broadcast["columns"]}


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
    kept_rows : int
        Stays of a part are kept in memory if there are so many or fewer.
    """

    trips: Trips
    engine: Engine = field(repr=False, compare=False)
    kept_rows: int = field(default=KEPT_ROWS, repr=False, compare=False)

    @cached_property
    def _broadcast(self) -> dict:
        return {"plane": self.trips.plane, "clock": self.trips.clock}

    @cached_property
    def stay_parts(self) -> list[Part]:
        """The stays with their place numbers, as parts that are derived when they are loaded."""
        return [
            DerivedPart(part, placed_stays_of_part, self._broadcast, keep=self.kept_rows)
            for part in self.trips.parts
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
            ``lat``, ``lon``, ``radius_m`` (NaN where the place is not known); ``days`` (stays over
            night for a home, working days for a work place, all stays otherwise); ``hours`` (of all
            stays there); ``confidence`` (chance that it truly is the home, or the work place; NaN
            for other places).
        """
        rows = dict(self.rows)
        del rows["camera"]
        rows["vehicle"] = self.trips.sightings.vehicle_names(rows["vehicle"])
        rows["role"] = np.array(ROLES, object)[rows["role"]]
        return as_table(rows)

    def stays(self) -> pd.DataFrame:
        """Give all stays between two trips, each with the place at which it was spent.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``place`` (number within the vehicle; -1 for none) and ``role`` (None for
            none); ``started_at``, ``ended_at`` (when the last camera before the stay and the first
            one after it saw the vehicle); ``arrival``, ``departure`` (these cameras).
        """
        names = ("vehicle", "started_at", "ended_at", "arrival", "departure", "place", "role")
        frames = self.engine.map(self.stay_parts, columns_of_part, {"columns": names})
        rows = self.engine.reduce(frames, key=("vehicle", "started_at"))
        source = self.trips.sightings
        role = np.array([*ROLES, None], object)
        return as_table(
            {
                "vehicle": source.vehicle_names(rows["vehicle"]),
                "place": rows["place"],
                "role": role[np.where(rows["place"] >= 0, rows["role"], len(ROLES))],
                "started_at": source.timestamps(rows["started_at"]),
                "ended_at": source.timestamps(rows["ended_at"]),
                "arrival": source.camera_names(rows["arrival"]),
                "departure": source.camera_names(rows["departure"]),
            }
        )

    def score(self, truth: object):
        """Compare homes and works with a truth; see `analyzer.scoring.places.score_places`."""
        from analyzer.scoring.places import score_places

        return score_places(
            self.to_pandas(), truth, self.trips.sightings.vehicles, self.stays()
        )

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
            unknown = of.sum() - len(radius)
            within = (
                f"half of them within {np.median(radius) / 1000:.1f} km"
                if len(radius)
                else "where is not known, since cameras are too few or have no position"
            )
            if len(radius) and unknown:
                within += f" (for {unknown:,} it is not known where)"
            lines.append(
                f"A {name} was found for {of.sum():,} of {vehicles:,} vehicles "
                f"({100 * of.sum() / vehicles:.0f} %); {within}. "
                f"For the others the evidence is too thin."
            )
        return "\n".join(lines)

    def plot(self) -> Axes:
        """Draw the radii of homes and works."""
        from analyzer.charts import new_axes

        axes = new_axes()
        for role, name in ((HOME, "home"), (WORK, "work")):
            radius = self.rows["radius_m"][self.rows["role"] == role] / 1000
            radius = np.sort(radius[~np.isnan(radius)])
            axes.step(radius, np.arange(1, len(radius) + 1), where="post", label=name)
        axes.set(xlabel="radius in km", ylabel="vehicles with a place known this closely")
        axes.legend()
        return axes


def find_places(
    trips: Trips, *, engine: str | Engine = "local", memory: str | int | None = None
) -> Places:
    """Find places: the anchor areas of each vehicle, among them its home and its work.

    Parameters
    ----------
    trips : Trips
        From `find_trips`.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.

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

    ``radius_m`` holds the truth for about nine in ten homes (and works); where it would be more
    than 50 km, it is NaN and so are ``lat`` and ``lon``: the role is known, the place is not.
    ``confidence`` is the chance that a home (a work place) is one: that most stays there were truly
    spent at home. Both are calibrated on synthetic data (``benchmarks/calibrate_places.py``: seeds
    1 to 3, 20 to 2,000 camera sites, 5 to 60 days; ``calibrate_narrow.py``: fewer sites, and sites
    in some towns only); ``score_places.py`` and ``score_narrow.py`` test them on other settings.

    Home and work that have one camera between them are seen behind the same one. They are told
    apart by how often it sees the trips between them: once on the way from one to the other, twice
    on the way out and home again.

    Examples
    --------
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> sightings = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> find_places(find_trips(sightings, "90min")).to_pandas()[["role", "days"]].values.tolist()
    [['home', 6], ['work', 5]]
    """
    return Places(trips, get_engine(engine, memory=memory))
