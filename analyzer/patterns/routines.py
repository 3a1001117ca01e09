"""Routines: trips that recur, between the same two places, on the same weekdays, at the same hour.

Departures between two places of one vehicle are clustered on the circle of the day (density
clustering in one dimension, so that midnight is no border). Minutes are those of the clock on the
wall where the data come from, and are the minutes at which cameras saw the vehicle: it left its
place a little earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.engine import DerivedPart, Engine, Part, get_engine
from analyzer.errors import UsageError
from analyzer.patterns.changes import find_changes, pair_changes
from analyzer.patterns.minutes import (
    LEAST_DAYS,
    REACH_MINUTES,
    circular_median,
    cluster_departures,
)
from analyzer.patterns.returns import find_returns
from analyzer.result import Result, as_table
from analyzer.schema import Rows
from analyzer.units import DAY_MS, MINUTE_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.places import Places
    from analyzer.patterns.trips import Trips

WEEKDAY_SHARE = 1 / 3
"""A weekday belongs to a routine if it is kept at least this often, beside its best weekday."""

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def recurring_trips(stays: Rows) -> Rows:
    """Give the trips that lead from one place of a vehicle to another.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.

    Returns
    -------
    Rows
        ``vehicle, origin, destination`` (place numbers), ``day`` (local day of departure),
        ``minute`` and ``arrival`` (minutes after local midnight).
    """
    vehicle, place = stays["vehicle"], stays["place"]
    before = np.flatnonzero(
        (vehicle[1:] == vehicle[:-1])
        & (place[1:] >= 0)
        & (place[:-1] >= 0)
        & (place[1:] != place[:-1])
    )
    departed, arrived = stays["local_end"][before], stays["local_start"][before + 1]
    return {
        "vehicle": vehicle[before],
        "origin": place[before],
        "destination": place[before + 1],
        "day": departed // DAY_MS,
        "minute": departed % DAY_MS / MINUTE_MS,
        "arrival": arrived % DAY_MS / MINUTE_MS,
    }


def routines_of_part(stays: Rows, broadcast: dict) -> Rows:
    """Find the routines of the vehicles of one part.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    broadcast : dict
        Unused.

    Returns
    -------
    Rows
        ``vehicle, origin, destination, weekdays`` (bit 0 is Monday), ``minute, arrival_minute,
        spread_min, support, eligible_days, regularity, first_seen, last_seen`` (local days),
        ``changed_at`` (local day, -1 for none), ``regularity_before, regularity_after``,
        ``return_minute`` (usual minute of the routine back, NaN for none), ``round_trips,
        together`` (see `analyzer.patterns.returns.find_returns`); sorted by vehicle, origin,
        destination and minute.
    """
    trips = recurring_trips(stays)
    pair = (
        trips["vehicle"].astype(np.int64) << 32
        | trips["origin"].astype(np.int64) << 16
        | trips["destination"]
    )
    order = np.lexsort((trips["minute"], pair))
    label = cluster_departures(pair[order], trips["minute"][order], REACH_MINUTES, LEAST_DAYS)
    order, label = order[label >= 0], label[label >= 0]
    trips = {name: column[order] for name, column in trips.items()}
    new_pair = np.cumsum(np.diff(pair[order], prepend=-1) != 0)
    _, first, routine = np.unique(new_pair << 16 | label, return_index=True, return_inverse=True)
    n = len(first)
    vehicle = trips["vehicle"][first]

    days_kept, eligible = _weekday_counts(trips, routine, n, vehicle, stays)
    share = days_kept / np.maximum(eligible, 1)
    member = (days_kept > 0) & (share >= WEEKDAY_SHARE * share.max(axis=1, initial=0)[:, None])
    on_member = member[routine, (trips["day"] + 3) % 7]
    support = (days_kept * member).sum(axis=1)
    possible = (eligible * member).sum(axis=1)
    routine_of, minute = routine[on_member], trips["minute"][on_member]
    median, spread = circular_median(routine_of, minute, n)
    arrival, _ = circular_median(routine_of, trips["arrival"][on_member], n)
    days, begin = _days_of(routine_of, trips["day"][on_member], n)
    first_day, last_day = _days_observed(vehicle, stays)
    weekdays = (member << np.arange(7)).sum(axis=1)
    changed, before, after = find_changes(days, begin, first_day, last_day, weekdays)
    found = {
        "vehicle": vehicle,
        "origin": trips["origin"][first],
        "destination": trips["destination"][first],
        "weekdays": weekdays.astype(np.int16),
        "minute": median,
        "arrival_minute": arrival,
        "spread_min": spread,
        "support": support,
        "eligible_days": possible,
        "regularity": support / np.maximum(possible, 1),
        "first_seen": days[begin[:-1]],
        "last_seen": days[begin[1:] - 1],
        "changed_at": changed,
        "regularity_before": before,
        "regularity_after": after,
    }
    often = np.flatnonzero(support >= LEAST_DAYS)
    often = often[
        np.lexsort([found[name][often] for name in ("minute", "destination", "origin", "vehicle")])
    ]
    found = {name: column[often] for name, column in found.items()}
    back, round_trips, together = find_returns(
        *(found[name] for name in ("vehicle", "origin", "destination", "minute")),
        days, begin[:-1][often], begin[1:][often],
    )  # fmt: skip
    return_minute = np.full(len(back), np.nan)
    return_minute[back >= 0] = found["minute"][back[back >= 0]]
    return found | {
        "return_minute": return_minute, "round_trips": round_trips, "together": together,
    }  # fmt: skip


def _weekday_counts(
    trips: Rows, routine: np.ndarray, n: int, vehicle: np.ndarray, stays: Rows
) -> tuple[np.ndarray, np.ndarray]:
    """Count, by weekday, the days on which a routine was kept and those on which it could be."""
    kept = np.zeros((n, 7), np.int64)
    days = np.sort(routine << 24 | trips["day"])
    days = days[np.diff(days, prepend=-1) != 0]
    np.add.at(kept, (days >> 24, ((days & 0xFFFFFF) + 3) % 7), 1)
    first_day, last_day = _days_observed(vehicle, stays)
    # Days of weekday w up to and with day d, counted from a far Monday: (d - w + k) // 7.
    weekday = np.arange(7)
    until = (last_day[:, None] + 3 - weekday) // 7
    before = (first_day[:, None] + 2 - weekday) // 7
    return kept, until - before


def _days_observed(vehicle: np.ndarray, stays: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Give the days of the first and of the last stay of each vehicle."""
    begin = np.searchsorted(stays["vehicle"], vehicle, side="left")
    end = np.searchsorted(stays["vehicle"], vehicle, side="right") - 1
    return stays["local_start"][begin] // DAY_MS, stays["local_end"][end] // DAY_MS


def _days_of(routine: np.ndarray, day: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sort the days of each routine, each once; give where those of each routine begin."""
    keys = np.unique(routine.astype(np.int64) << 24 | day)
    return keys & 0xFFFFFF, np.searchsorted(keys >> 24, np.arange(n + 1))


@dataclass(frozen=True)
class Routines(Result):
    """Routines of all vehicles.

    Attributes
    ----------
    places : Places
        Between which the routines lead.
    engine : Engine
        Where the parts are worked on.
    """

    places: Places
    engine: Engine = field(repr=False, compare=False)

    @cached_property
    def parts(self) -> list[Part]:
        """The routines as parts that are derived when they are loaded."""
        return [DerivedPart(part, routines_of_part) for part in self.places.stay_parts]

    @cached_property
    def rows(self) -> Rows:
        """All routines as columns of numbers, sorted by vehicle, origin, destination, minute."""
        return self.engine.reduce(
            self.engine.map(self.places.stay_parts, routines_of_part),
            key=("vehicle", "origin", "destination", "minute"),
        )

    def __len__(self) -> int:
        return len(self.rows["vehicle"])

    def to_pandas(self) -> pd.DataFrame:
        """Give all routines as a table.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``origin``, ``destination`` (place numbers as in `Places`); ``weekdays``
            (such as ``"Mon Tue Fri"``); ``minute`` and ``arrival_minute`` (of the local day, at the
            first and last camera of the trip); ``spread_min``; ``support`` (days kept);
            ``eligible_days``; ``regularity`` (their ratio); ``first_seen``, ``last_seen`` (dates);
            ``changed_at`` (first day on which the routine is kept at another rate; NaT where it
            does not change), ``regularity_before``, ``regularity_after``; ``return_minute`` (of the
            routine back that belongs to it, kept on the same days; NaN where there is none),
            ``round_trips`` (days on which both were kept).
        """
        rows = dict(self.rows)
        del rows["together"]
        names = np.array(
            [
                " ".join(day for bit, day in enumerate(WEEKDAYS) if days >> bit & 1)
                for days in range(128)
            ],
            object,
        )
        rows["vehicle"] = self.places.trips.sightings.vehicle_names(rows["vehicle"])
        rows["weekdays"] = names[rows["weekdays"]]
        unchanged = rows["changed_at"] < 0
        for name in ("first_seen", "last_seen", "changed_at"):
            rows[name] = rows[name].astype("datetime64[D]").astype("datetime64[s]")
        rows["changed_at"][unchanged] = np.datetime64("NaT")
        return as_table(rows)

    def changes(self) -> pd.DataFrame:
        """Give the changes of routine: what began, what ended, and what took its place.

        Returns
        -------
        pandas.DataFrame
            ``vehicle``; ``changed_at`` (date); ``kind``: "hour" (the same way at another hour),
            "place" (from the same origin, or to the same destination, another way), "began",
            "ended"; ``origin_before, destination_before, minute_before`` and the same ``_after``
            (missing where nothing was before, or comes after). See
            `analyzer.patterns.changes.pair_changes`.
        """
        table = self.to_pandas()
        return pair_changes(table[table["changed_at"].notna()])

    def score(self, truth: object):
        """Compare with a known truth; see `analyzer.scoring.routines.score_routines`."""
        from analyzer.scoring.routines import score_routines

        return score_routines(
            self.to_pandas(), self.places.to_pandas(), truth, self.places.trips.sightings.vehicles
        )

    def summary(self) -> str:
        """Tell how many routines there are and how regular they are."""
        rows = self.rows
        if not len(self):
            return "No routines: no trip between two known places recurs on three days."
        vehicles = len(np.unique(rows["vehicle"]))
        return (
            f"{len(self):,} routines of {vehicles:,} vehicles (trips between the same places at "
            f"the same hour on at least {LEAST_DAYS} days).\n"
            f"Half of them are kept on at least {100 * np.median(rows['regularity']):.0f} % of "
            f"their days and leave within {np.median(rows['spread_min']):.0f} minutes of their "
            "usual time (one standard deviation)."
        )

    def plot(self) -> Axes:
        """Draw at which local hours routines begin."""
        from analyzer.charts import new_axes

        axes = new_axes()
        bins = np.arange(0, 24.5, 0.5)
        axes.hist(self.rows["minute"] / 60, bins=bins, weights=self.rows["support"])
        axes.set(xlabel="local hour of departure", ylabel="trips that keep a routine", xlim=(0, 24))
        return axes


def find_routines(
    trips: Trips, places: Places, *, engine: str | Engine = "local", memory: str | int | None = None
) -> Routines:
    """Find routines: recurring trips between two places of a vehicle.

    Parameters
    ----------
    trips : Trips
        From `find_trips`.
    places : Places
        From `find_places` on the same trips.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.

    Returns
    -------
    Routines

    Raises
    ------
    UsageError
        If the places were found in other trips.

    Notes
    -----
    A routine is a cluster of departures on the circle of the day (half an hour of reach, at least
    three days). A weekday belongs to it if it is kept at least a third as often as on its best
    weekday; ``eligible_days`` are the days on these weekdays between the first and the last stay of
    the vehicle. A change of a routine is the day that splits these best into two rates
    (`analyzer.patterns.changes`).

    Examples
    --------
    >>> from analyzer.patterns.places import find_places
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(14), [8, 9, 18, 19]).ravel()
    >>> seen = from_arrays(np.zeros(56), hours * 3_600_000, np.tile([0, 1, 1, 0], 14))
    >>> trips = find_trips(seen, "90min")
    >>> routines = find_routines(trips, find_places(trips)).to_pandas()
    >>> routines[["minute", "support", "eligible_days"]].values.tolist()
    [[480.0, 13.0, 14.0], [1080.0, 13.0, 14.0]]
    """
    if places.trips is not trips and places.trips != trips:
        raise UsageError("places come from other trips; call find_places on the trips given here")
    return Routines(places, get_engine(engine, memory=memory))
