"""One vehicle after N days: when it is singled out, when home and commute are known.

Only this vehicle's sightings are held; of all others it is counted how many fit what is known of
it. Other persons appear as numbers. Visits to sensitive sites are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analyzer.array_sightings import from_arrays
from analyzer.cameras import haversine_m
from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, reduce_rows
from analyzer.errors import TooMuchWorkError
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.places import find_places
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import find_trips
from analyzer.risk.adversary import Adversary
from analyzer.risk.days_until import last_days_of_bins
from analyzer.risk.draw import vehicle_hashes
from analyzer.risk.knowledge import Known, knowledge_of, parts_for
from analyzer.risk.points import keys_of, local_times
from analyzer.risk.shared_points import count_shared_points
from analyzer.schema import CORE, Rows, take
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

DRAWS = 200
"""How often the known points are drawn from those of the first N days."""

FIRST_CHECK = 7
"""Companions are looked for after so many days, twice as many, and so on, and at the end."""

MOST_ENCOUNTERS = 2_000_000
"""Encounters beyond which companions are not looked for: all vehicles would be, for each check."""

KNOWLEDGE = np.uint64(0x646179734E)


def rows_of_vehicle(rows: Rows, broadcast: Broadcast) -> Rows:
    """Take the rows of one vehicle from a part (sorted by vehicle)."""
    first, last = np.searchsorted(rows["vehicle"], broadcast["code"] + np.array([0, 1]))
    return take(rows, np.arange(first, last))


def rows_of_vehicles(rows: Rows, broadcast: Broadcast) -> Rows:
    """Take the rows of some vehicles from a part."""
    return take(rows, np.flatnonzero(np.isin(rows["vehicle"], broadcast["codes"])))


def load_vehicles(sightings: Sightings, codes: np.ndarray, engine: Engine) -> Rows:
    """Load the sightings of some vehicles, by vehicle and time."""
    found = engine.map(sightings.parts(*CORE), rows_of_vehicles, {"codes": codes})
    return reduce_rows(found, CORE)


def load_vehicle(sightings: Sightings, code: int, engine: Engine) -> Rows:
    """Load the sightings of one vehicle, in the order of time."""
    found = engine.map(sightings.parts(*CORE), rows_of_vehicle, {"code": code})
    return reduce_rows(found, CORE)


def singled_out_by_day(
    sightings: Sightings,
    rows: Rows,
    adversary: Adversary,
    day: np.ndarray,
    seed: int,
    engine: Engine,
) -> pd.DataFrame:
    """Measure how often points of the first N days single a vehicle out of all others.

    Parameters
    ----------
    sightings : Sightings
        The population.
    rows : Rows
        The vehicle's sightings.
    adversary : Adversary
        How many points are known, and how exactly; of attributes nothing is known.
    day : numpy.ndarray of int64, shape (d,)
        Local days (since 1970-01-01) with which the store ends, rising.
    seed : int
        Of the draws.
    engine : Engine
        Where the parts run.

    Returns
    -------
    pandas.DataFrame
        For each day ``points`` (distinct ones so far) and ``singled_out`` (share of the draws, NaN
        where there are too few points).
    """
    return singled_out_of_each(sightings, [rows], adversary, day, seed, engine)[0]


def singled_out_of_each(
    sightings: Sightings,
    vehicles: Sequence[Rows],
    adversary: Adversary,
    day: np.ndarray,
    seed: int,
    engine: Engine,
) -> list[pd.DataFrame]:
    """Measure the same of several vehicles, the population being read once.

    Parameters
    ----------
    vehicles : sequence of Rows
        The sightings of each, by rising code; none is empty.
    sightings, adversary, day, seed, engine
        As for `singled_out_by_day`.

    Returns
    -------
    list of pandas.DataFrame
        One for each vehicle.
    """
    shared = knowledge_of(sightings, adversary, seed, engine)
    n_places, p = shared["n_places"], adversary.points
    tables, draws, codes = [], [], []
    for rows in vehicles:
        keys = np.unique(keys_of(rows, local_times(rows, shared), shared))
        # Keys begin with the time bin, so they stand in the order in which the store learns them.
        points = np.searchsorted(
            last_days_of_bins(keys // n_places, adversary.time_ms), day, side="right"
        )
        tables.append(pd.DataFrame({"points": points, "singled_out": np.nan}))
        number = np.arange(DRAWS * len(keys), dtype=np.int64)
        hashes = vehicle_hashes(KNOWLEDGE, int(seed), number).reshape(DRAWS, len(keys))
        for size in np.unique(points[points >= p]):
            chosen = np.argsort(hashes[:, :size], axis=1, kind="stable")[:, :p]
            draws.append(keys[chosen])
            codes.append(rows["vehicle"][0])
    if not draws:
        return tables
    drawn = np.concatenate(draws)
    known = Known(
        np.repeat(np.array(codes, np.int32), DRAWS), np.full(len(drawn), p, np.int64), drawn, None
    )
    parts = parts_for(sightings, adversary)
    company = count_shared_points(parts, engine, shared, known)
    shares = iter((company < p).reshape(len(draws), DRAWS).mean(axis=1))
    for table in tables:
        points = table["points"].to_numpy()
        for size in np.unique(points[points >= p]):
            table.loc[points == size, "singled_out"] = next(shares)
    return tables


def places_by_day(sightings: Sightings, rows: Rows, ends: list[pd.Timestamp]) -> pd.DataFrame:
    """Find home and commute of a vehicle in the first N days, for each N.

    Parameters
    ----------
    sightings : Sightings
        The population: its cameras and time zone.
    rows : Rows
        The vehicle's sightings.
    ends : list of pandas.Timestamp
        Ends of the days.

    Returns
    -------
    pandas.DataFrame
        For each day ``home`` and ``commute`` (whether found), and where the home is put:
        ``home_lat, home_lon, home_radius_m``.
    """
    table = sightings.camera_table
    alone = from_arrays(
        np.zeros(len(rows["camera"]), np.int32),
        rows["seen_at"],
        rows["camera"],
        cameras=table[["name", "lat", "lon"]].assign(zone=table["zone_name"]),
        timezone=sightings.timezone,
    )
    begin = alone.span[0]
    found = []
    seen = -1
    for end in ends:
        until = int(np.searchsorted(rows["seen_at"], end.timestamp() * 1000))
        if until == seen:
            found.append(found[-1])
            continue
        seen = until
        found.append(_places_of(alone.between(begin, end)) if until else _NOWHERE)
    return pd.DataFrame(found)


_NOWHERE: dict[str, Any] = {
    "home": False,
    "commute": False,
    "home_lat": np.nan,
    "home_lon": np.nan,
    "home_radius_m": np.nan,
}


def _places_of(alone: Sightings) -> dict[str, Any]:
    trips = find_trips(alone)
    places = find_places(trips)
    homes = places.to_pandas().query("role == 'home'")
    if not len(homes):
        return _NOWHERE
    commutes = find_commutes(find_routines(trips, places), places)
    home = homes.iloc[0]
    return {
        "home": True,
        "commute": len(commutes) > 0,
        "home_lat": home["lat"],
        "home_lon": home["lon"],
        "home_radius_m": home["radius_m"],
    }


def stable_since(day: np.ndarray, found: pd.DataFrame) -> tuple[int | None, int | None]:
    """Find since which day home and commute are known, and stay so until the end.

    A home stays if, on every later day, it is found within the radius at which it is found last
    (cameras without position: if it is found).

    Parameters
    ----------
    day : numpy.ndarray of int64, shape (d,)
        Numbers of the days.
    found : pandas.DataFrame
        As `places_by_day` gives it.

    Returns
    -------
    home, commute : int or None
        Day; None where it is not known at the end.

    Examples
    --------
    >>> found = pd.DataFrame({"home": [False, True, True], "commute": [False, True, False],
    ...     "home_lat": [np.nan, 41.0, 41.0], "home_lon": [np.nan, 69.0, 69.0],
    ...     "home_radius_m": [np.nan, 900.0, 900.0]})
    >>> stable_since(np.array([1, 2, 3]), found)
    (2, None)
    """
    last = found.iloc[-1]
    near = found["home"].to_numpy(bool).copy()
    if not np.isnan(last["home_lat"]):
        for row in np.flatnonzero(near):
            at = found.iloc[row]
            off = haversine_m(at["home_lat"], at["home_lon"], last["home_lat"], last["home_lon"])
            near[row] = off <= last["home_radius_m"]
    return _since(day, near), _since(day, found["commute"].to_numpy(bool))


def _since(day: np.ndarray, holds: np.ndarray) -> int | None:
    """Give the first day from which something holds on every day."""
    if not holds[-1]:
        return None
    fails = np.flatnonzero(~holds)
    return int(day[fails[-1] + 1]) if len(fails) else int(day[0])


def companions_by_day(
    sightings: Sightings,
    name: str,
    ends: list[pd.Timestamp],
    seed: int,
    engine: Engine,
) -> tuple[list[int | None], str]:
    """Count the companions of a vehicle found in the first N days, for some N.

    Returns
    -------
    counts : list of int or None
        One a day; None where it was not asked.
    not_looked_for : str
        Why it was not asked at all; empty where it was.
    """
    counts: list[int | None] = [None] * len(ends)
    begin = sightings.span[0]
    for at in _checks(len(ends)):
        view = sightings.between(begin, ends[at])
        try:
            found = find_companions(
                view, of=name, max_encounters=MOST_ENCOUNTERS, seed=seed, engine=engine
            )
        except TooMuchWorkError as error:
            return counts, not_looked_for(error)
        counts[at] = len(found)
    return counts, ""


def not_looked_for(error: TooMuchWorkError) -> str:
    """Say why companions were not looked for, and how they are."""
    return (
        f"Companions were not looked for: {error.reason}; az.find_companions(sightings, of=...) "
        "looks for them, however many there are."
    )


def _checks(days: int) -> list[int]:
    """Choose the days after which companions are looked for (positions).

    Examples
    --------
    >>> _checks(30), _checks(3)
    ([6, 13, 27, 29], [2])
    """
    checks, check = [], FIRST_CHECK
    while check < days:
        checks.append(check - 1)
        check *= 2
    return [*checks, days - 1]


def ends_of_days(sightings: Sightings) -> tuple[np.ndarray, list[pd.Timestamp]]:
    """Give the local days of the data (since 1970-01-01), and the instant at which each ends."""
    first, last = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    days = np.arange(int(first), int(last) + 1)
    stamps = sightings.timestamps(
        np.array([sightings.clock.utc(int(day + 1) * DAY_MS) for day in days])
    )
    return days, list(stamps)
