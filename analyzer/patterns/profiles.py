"""Weekly profiles: where vehicles are in each hour of the week, at home, at work or elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.patterns.placing import SETTLED_HOURS
from analyzer.patterns.roles import HOME, OTHER, WORK
from analyzer.patterns.routines import WEEKDAYS
from analyzer.result import Result
from analyzer.schema import Rows
from analyzer.units import HOUR_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.places import Places

WEEK_HOURS = 168

STATES = ("home", "work", "other place", "elsewhere", "on the road", "unseen")
"""Where a vehicle is: at a place by its role; at no place of its own; in a trip; in a stay so long
that too much can have gone unseen."""

AT_HOME, AT_WORK, AT_OTHER, ELSEWHERE, ON_THE_ROAD, UNSEEN = range(6)

_MONDAY_MS = 4 * 24 * HOUR_MS
"""The first Monday after 1 January 1970, which was a Thursday."""


@numba.njit(cache=True, nogil=True)
def week_hours(start: np.ndarray, end: np.ndarray, state: np.ndarray, states: int) -> np.ndarray:
    """Add up the time that intervals spend in each hour of the week, by state.

    Parameters
    ----------
    start, end : numpy.ndarray of int64, shape (n,)
        Local milliseconds.
    state : numpy.ndarray of int, shape (n,)
        State of each interval, below `states`.
    states : int
        Number of states.

    Returns
    -------
    numpy.ndarray of int64, shape (states, 168)
        Milliseconds; hour 0 begins on Monday at midnight.

    Examples
    --------
    >>> monday = 4 * 24 * HOUR_MS
    >>> spent = week_hours(np.array([monday]), np.array([monday + 90 * 60_000]), np.array([0]), 1)
    >>> (spent[0, :3] / 60_000).tolist()
    [60.0, 30.0, 0.0]
    """
    spent = np.zeros((states, WEEK_HOURS), np.int64)
    for i in range(len(start)):
        at = start[i]
        while at < end[i]:
            hour = (at - _MONDAY_MS) // HOUR_MS
            until = min(end[i], _MONDAY_MS + (hour + 1) * HOUR_MS)
            spent[state[i], hour % WEEK_HOURS] += until - at
            at = until
    return spent


def profile_of_part(stays: Rows, broadcast: dict[str, Any]) -> Rows:
    """Add up where the vehicles of one part were, by hour of the week.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    broadcast : dict
        Unused.

    Returns
    -------
    Rows
        ``state, hour, ms``; every pair of state and hour.
    """
    start, end = stays["local_start"], stays["local_end"]
    state = np.full(len(start), ELSEWHERE)
    for role, at in ((OTHER, AT_OTHER), (HOME, AT_HOME), (WORK, AT_WORK)):
        state[(stays["place"] >= 0) & (stays["role"] == role)] = at
    state[end - start > int(SETTLED_HOURS[1] * HOUR_MS)] = UNSEEN
    same = np.flatnonzero(stays["vehicle"][1:] == stays["vehicle"][:-1])
    # Between two stays lies a trip; where clocks were put back, one of no length.
    trip_end = np.maximum(start[same + 1], end[same])
    spent = week_hours(
        np.r_[start, end[same]], np.r_[end, trip_end],
        np.r_[state, np.full(len(same), ON_THE_ROAD)], len(STATES),
    )  # fmt: skip
    return {
        "state": np.repeat(np.arange(len(STATES)), WEEK_HOURS),
        "hour": np.tile(np.arange(WEEK_HOURS), len(STATES)),
        "ms": spent.ravel(),
    }


@dataclass(frozen=True)
class WeeklyProfile(Result):
    """Where vehicles are in each hour of the week; of one, where the places are those of one.

    Attributes
    ----------
    places : Places
        Whose weeks are told.
    engine : Engine
        Where the parts are worked on.
    """

    places: Places
    engine: Engine = field(repr=False, compare=False)

    @cached_property
    def spent(self) -> np.ndarray:
        """Milliseconds by state and hour of the week, shape (6, 168)."""
        frames = self.engine.map(self.places.stay_parts, profile_of_part)
        total = sum((rows["ms"] for rows in frames), np.zeros(len(STATES) * WEEK_HOURS, np.int64))
        return total.reshape(len(STATES), WEEK_HOURS)

    def to_pandas(self) -> pd.DataFrame:
        """Give the profile as a table.

        Returns
        -------
        pandas.DataFrame
            ``weekday``, ``hour`` (local); a column for each state, the share of the time observed
            in that hour of the week (NaN where none was); ``observed_h``, the hours observed.
        """
        observed = self.spent.sum(axis=0)
        with np.errstate(invalid="ignore"):
            shares = self.spent / np.where(observed > 0, observed, np.nan)
        table = {
            "weekday": np.repeat(np.array(WEEKDAYS, object), 24),
            "hour": np.tile(np.arange(24), 7),
        }
        table |= {
            name.replace(" ", "_"): share for name, share in zip(STATES, shares, strict=True)
        }
        return pd.DataFrame(table | {"observed_h": observed / HOUR_MS})

    def summary(self) -> str:
        """Tell where vehicles are at the hours that matter."""
        table = self.to_pandas()
        if not table["observed_h"].any():
            return "No stay was seen, so there is no weekly profile."
        night = table[table["hour"] < 5]
        day = table[table["hour"].between(10, 15) & ~table["weekday"].isin(["Sat", "Sun"])]

        def share(of: pd.DataFrame, state: str) -> float:
            return 100 * float(np.average(of[state].fillna(0), weights=of["observed_h"] + 1e-12))

        return (
            f"From midnight to five, {share(night, 'home'):.0f} % of the time observed is spent at "
            f"a known home; on weekdays from ten to four, {share(day, 'work'):.0f} % at a known "
            f"work place and {share(day, 'home'):.0f} % at home."
        )

    def plot(self) -> Axes:
        """Draw the shares over the week."""
        from analyzer.charts import new_axes

        table = self.to_pandas()
        axes = new_axes()
        shares = [100 * table[name.replace(" ", "_")].fillna(0) for name in STATES]
        axes.stackplot(np.arange(WEEK_HOURS), shares, labels=STATES, step="post")
        axes.set(xlabel="hour of the week", ylabel="share of the time observed (%)", ylim=(0, 100))
        axes.set_xticks(24 * np.arange(7), WEEKDAYS)
        axes.legend(fontsize="small", loc="lower left")
        return axes


def find_weekly_profile(
    places: Places, *, engine: str | Engine = "local", memory: str | int | None = None
) -> WeeklyProfile:
    """Find the weekly profile: where vehicles are in each hour of the week, as far as is known.

    Parameters
    ----------
    places : Places
        From `find_places`; of one vehicle, if its trips are those of one (`Sightings.of`).
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.

    Returns
    -------
    WeeklyProfile

    Examples
    --------
    >>> from analyzer.patterns.places import find_places
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> sightings = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> profile = find_weekly_profile(find_places(find_trips(sightings, "90min"))).to_pandas()
    >>> profile.loc[profile["hour"] == 3, "home"].dropna().unique().tolist()
    [1.0]
    """
    return WeeklyProfile(places, get_engine(engine, memory=memory))
