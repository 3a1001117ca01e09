"""An oracle: what could be found at best, by one who is given the true trips.

The oracle knows which trip each sighting belongs to, from which place to which it led, and which
place is home and which is work. It has to see a trip to know of it, and it has nothing but the
cameras to tell where a place lies: there it uses the same estimate as the finder. What it misses
nobody can find; where it is off, the cameras are to blame.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from analyzer.patterns.places import locate
from analyzer.patterns.plane import CameraPlane
from analyzer.patterns.radius import place_features, radius_of
from analyzer.patterns.trips import via_cameras
from analyzer.scoring.commutes import score_commutes
from analyzer.scoring.places import score_places
from analyzer.scoring.score import Score
from analyzer.scoring.stays import SLACK_MS, milliseconds
from analyzer.sightings import Sightings

LEAST_DAYS = 3
"""Days on which each way must be seen, as the finder asks for."""

LEAST_ENDS = 2
"""Ends of stays that place a home or a work."""


class TrueTrips(Protocol):
    """What a truth must offer: ``vehicles`` and ``trips`` (see `analyzer.synthetic.Truth`)."""

    vehicles: pd.DataFrame
    trips: pd.DataFrame


def score_oracle(sightings: Sightings, truth: TrueTrips) -> tuple[Score, Score]:
    """Score what an oracle makes of the sightings.

    Parameters
    ----------
    sightings : Sightings
    truth : TrueTrips

    Returns
    -------
    places, commutes : Score
        With the figures of `score_places` and `score_commutes`; commutes are all found as habits
        (the oracle is never wrong about those), and right on the map where both places are.
    """
    from analyzer.patterns.trips import find_trips

    plane = find_trips(sightings).plane
    trips = seen_trips(sightings, truth.trips, plane)
    vehicles = truth.vehicles.set_index("vehicle")
    places = oracle_places(trips, vehicles, plane)
    commutes = oracle_commutes(trips, vehicles, places)
    return (
        score_places(places, truth, sightings.vehicles),
        score_commutes(commutes, truth, sightings.vehicles),
    )


def seen_trips(sightings: Sightings, trips: pd.DataFrame, plane: CameraPlane) -> pd.DataFrame:
    """Give the true trips in order, each with what cameras saw of it.

    Returns
    -------
    pandas.DataFrame
        The columns of `trips`, and ``seen`` (bool), ``first, last`` (camera codes), ``after_first,
        before_last`` (the next cameras at other sites, -1 for none), ``first_at`` (ms).
    """
    start = milliseconds(trips["started_at"])
    names = pd.Index(trips["vehicle"].unique())
    vehicle = names.get_indexer(trips["vehicle"])
    order = np.lexsort((start, vehicle))
    trips, start, vehicle = trips.iloc[order].reset_index(drop=True), start[order], vehicle[order]
    end = milliseconds(trips["ended_at"])
    rows = [part.load() for part in sightings.parts()]
    of, seen_at, camera = (
        np.concatenate([each[name] for each in rows]) for name in ("vehicle", "seen_at", "camera")
    )
    of = names.get_indexer(sightings.vehicle_names(np.arange(sightings.n_codes)))[of]
    base = start.min(initial=seen_at.min(initial=0)) - 2 * SLACK_MS
    room = 2 * (max(end.max(initial=0), seen_at.max(initial=0)) - base) + 4 * SLACK_MS
    trip = np.searchsorted(
        vehicle * room + start - base - SLACK_MS, of * room + seen_at - base, "right"
    ) - 1
    held = (trip >= 0) & (of >= 0)
    held[held] = (vehicle[trip[held]] == of[held]) & (seen_at[held] <= end[trip[held]] + SLACK_MS)
    trip, seen_at, camera = trip[held], seen_at[held], camera[held]
    order = np.lexsort((camera, seen_at, trip))
    trip, seen_at, camera = trip[order], seen_at[order], camera[order]
    starts = np.flatnonzero(np.diff(trip, prepend=-1) != 0)
    after, before = via_cameras(camera, starts, plane.site)
    number = trip[starts]
    stops = np.r_[starts[1:], len(trip)] - 1
    columns = {
        "first": camera[starts],
        "last": camera[stops[: len(starts)]],
        "after_first": after,
        "before_last": before,
        "first_at": seen_at[starts],
    }
    found = {"seen": np.zeros(len(trips), bool)}
    found["seen"][number] = True
    for name, values in columns.items():
        column = np.full(len(trips), -1, np.int64)
        column[number] = values
        found[name] = column
    return trips.assign(**found)


def at_place(trips: pd.DataFrame, vehicles: pd.DataFrame, end: str, role: str) -> np.ndarray:
    """Tell which trips begin (end: "origin") or end ("destination") at home or at work."""
    true = vehicles.reindex(trips["vehicle"])
    near = 3e-5
    return (
        np.abs(trips[f"{end}_lat"].to_numpy() - true[f"{role}_lat"].to_numpy()) < near
    ) & (np.abs(trips[f"{end}_lon"].to_numpy() - true[f"{role}_lon"].to_numpy()) < near)


def oracle_places(
    trips: pd.DataFrame, vehicles: pd.DataFrame, plane: CameraPlane
) -> pd.DataFrame:
    """Place homes and works by the true trips that lead there or begin there, and were seen."""
    names = pd.Index(trips["vehicle"].unique())
    vehicle = names.get_indexer(trips["vehicle"])
    seen = trips["seen"].to_numpy()
    frames = []
    for role, number in (("home", 1), ("work", 2)):
        arrives = np.flatnonzero(seen & at_place(trips, vehicles, "destination", role))
        leaves = np.flatnonzero(seen & at_place(trips, vehicles, "origin", role))
        of = np.r_[vehicle[arrives], vehicle[leaves]]
        camera = np.r_[trips["last"].to_numpy()[arrives], trips["first"].to_numpy()[leaves]]
        via = np.r_[
            trips["before_last"].to_numpy()[arrives], trips["after_first"].to_numpy()[leaves]
        ]
        enough = np.bincount(of, minlength=len(names)) >= LEAST_ENDS
        of, camera, via = (values[enough[of]] for values in (of, camera, via))
        known, of = np.unique(of, return_inverse=True)
        n = len(known)
        spot = locate(plane, of, camera, via, n)
        ends = np.bincount(of, minlength=n) / 2
        span = np.full(n, max(1.0, ends.max(initial=1.0)))
        evidence = {
            "vehicle": np.arange(n), "stays": ends, "nights": ends, "workdays": ends, "days": span,
            "weekdays": span,
        }  # fmt: skip
        roles = np.full(n, number)
        features = place_features(spot, roles, evidence, plane.narrow)
        lat, lon = plane.to_degrees(spot.x, spot.y)
        frames.append(
            pd.DataFrame(
                {
                    "vehicle": names[known],
                    "role": role,
                    "lat": lat,
                    "lon": lon,
                    "radius_m": radius_of(features, roles, plane),
                    "confidence": 1.0,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def oracle_commutes(
    trips: pd.DataFrame, vehicles: pd.DataFrame, places: pd.DataFrame
) -> pd.DataFrame:
    """Name a commute where the way out and the way back were each seen on three days.

    A way may be broken by a stop elsewhere (a school, a shop): it is seen if any of its trips is.
    """
    vehicle = trips["vehicle"].to_numpy()
    stop = np.where(
        at_place(trips, vehicles, "destination", "home"), 1,
        np.where(at_place(trips, vehicles, "destination", "work"), 2, 0),
    )  # fmt: skip
    begin = np.where(
        at_place(trips, vehicles, "origin", "home"), 1,
        np.where(at_place(trips, vehicles, "origin", "work"), 2, 0),
    )  # fmt: skip
    # A journey runs from one of the two places to the next one of them.
    new = (begin > 0) | np.r_[True, vehicle[1:] != vehicle[:-1]]
    journey = np.cumsum(new) - 1
    last = np.r_[np.flatnonzero(new)[1:], len(new)] - 1
    local = pd.DatetimeIndex(trips["started_at"])
    minute = (local.hour * 60 + local.minute).to_numpy()[new]
    table = pd.DataFrame(
        {
            "vehicle": vehicle[new],
            "from": begin[new],
            "to": stop[last],
            "day": local.tz_localize(None).normalize()[new],
            "minute": minute,
            "seen": np.bincount(journey, trips["seen"].to_numpy()) > 0,
        }
    )
    table = table[table["seen"]]
    ways = {}
    for way, origin, destination in (("outbound", 1, 2), ("return", 2, 1)):
        of = table[(table["from"] == origin) & (table["to"] == destination)].groupby("vehicle")
        days = of["day"].nunique()
        ways[way] = of["minute"].median()[days >= LEAST_DAYS]
    named = ways["outbound"].index.intersection(ways["return"].index)
    named = named[vehicles["has_commute"].reindex(named).to_numpy(bool)]
    frame = pd.DataFrame({f"{way}_minute": minutes.reindex(named) for way, minutes in ways.items()})
    for role in ("home", "work"):
        place = places[places["role"] == role].set_index("vehicle")
        place = place[["lat", "lon", "radius_m"]].add_prefix(f"{role}_")
        frame = frame.join(place, how="inner")
    return frame.rename_axis("vehicle").reset_index()
