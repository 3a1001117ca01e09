"""The story of one vehicle: what is known of it when sightings are kept for N days.

Of the vehicle itself it is told where and when it was seen, and what can be inferred; other persons
appear as numbers. All of it is internal; `analyzer.report.case` takes out of it what may be shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.fitting import fit_to_engine
from analyzer.patterns.commutes import find_commutes
from analyzer.patterns.companions import find_companions
from analyzer.patterns.places import find_places
from analyzer.patterns.roles import HOME, WORK
from analyzer.patterns.routines import find_routines
from analyzer.patterns.trips import DEFAULT_MAX_GAP, find_trips
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.vehicle_days import (
    MOST_ENCOUNTERS,
    ends_of_days,
    load_vehicle,
    load_vehicles,
    not_looked_for,
    singled_out_by_day,
    singled_out_of_each,
)
from analyzer.schema import Rows, take
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = (1, 3, 7, 14, 21, 30, 60, 90, 180, 365)
"""For how many days sightings are kept, as far as the data reach; their end is added."""

FIRST_COMPANIONS = 7
"""Companions are looked for from so many days on: fewer hold next to no joint journeys."""


class Place(NamedTuple):
    """Where a place is put: degrees, and the radius that holds it for nine in ten vehicles."""

    lat: float
    lon: float
    radius_m: float


class Commute(NamedTuple):
    """Minutes of the local day at which the way out and the way back begin."""

    outbound_minute: float
    return_minute: float


class StepKnowledge(NamedTuple):
    """What is known of a vehicle at a step: see `StoryStep`."""

    singled_out: float
    home: Place | None
    work: Place | None
    commute: Commute | None


@dataclass(frozen=True)
class StoryStep:
    """What is known of a vehicle when the first N days of the data are kept.

    Attributes
    ----------
    days : int
        N; day 1 is the first of the data.
    until_ms : int
        The instant at which they end (ms, UTC).
    sightings : int
        How often it was seen.
    singled_out : float
        Share of 200 draws of known points that fit no other vehicle; NaN with too few points.
    home, work : Place or None
        Where they are inferred to be; degrees are NaN where cameras have no position.
    commute : Commute or None
        The commute between them.
    companions : int or None
        Vehicles with which it travels more than chance explains; None where not looked for.
    """

    days: int
    until_ms: int
    sightings: int
    singled_out: float
    home: Place | None
    work: Place | None
    commute: Commute | None
    companions: int | None


@dataclass(frozen=True)
class VehicleStory(Result):
    """What is known of one vehicle after each of some lengths of keeping.

    Attributes
    ----------
    steps : tuple of StoryStep
        Rising.
    code : int
        Its code in the store.
    begin_ms : int
        When the first day begins (ms, UTC).
    rows : Rows
        Its sightings.
    adversary : Adversary
        Who knows what.
    vehicles : int
        Vehicles among which it is singled out.
    not_looked_for : str
        Why companions were not looked for; empty where they were.
    synthetic : bool
        Whether the data are.
    """

    steps: tuple[StoryStep, ...]
    code: int = field(repr=False)
    begin_ms: int = field(repr=False)
    rows: Rows = field(repr=False, compare=False)
    adversary: Adversary
    vehicles: int
    not_looked_for: str = ""
    synthetic: bool = False

    def summary(self) -> str:
        """Tell what is known in the end, without naming the vehicle or a place."""
        last = self.steps[-1]
        known = [
            name
            for name, found in (("home", last.home), ("work", last.work), ("commute", last.commute))
            if found is not None
        ]
        lines = [
            f"One vehicle (internal, not to be published): {last.sightings:,} sightings in "
            f"{last.days} days, among {self.vehicles:,} vehicles.",
            f"Inferred: {', '.join(known) or 'nothing'}.",
        ]
        if not np.isnan(last.singled_out):
            lines.append(
                f"{self.adversary.describe()}, single it out in {last.singled_out:.0%} of draws."
            )
        if last.companions is not None:
            lines.append(f"Companions: {last.companions}.")
        return "\n".join(lines + (["The data are synthetic."] if self.synthetic else []))

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a step.

        Returns
        -------
        pandas.DataFrame
            ``days, sightings, singled_out``; ``home, work, commute`` (whether inferred);
            ``home_radius_m, work_radius_m``; ``companions`` (number, NA where not looked for).
        """
        rows = [
            {
                "days": step.days,
                "sightings": step.sightings,
                "singled_out": step.singled_out,
                "home": step.home is not None,
                "work": step.work is not None,
                "commute": step.commute is not None,
                "home_radius_m": step.home.radius_m if step.home else np.nan,
                "work_radius_m": step.work.radius_m if step.work else np.nan,
                "companions": step.companions,
            }
            for step in self.steps
        ]
        return pd.DataFrame(rows).astype({"companions": "Int64"})

    def plot(self) -> Axes:
        """Draw how often the vehicle is singled out when sightings are kept for N days."""
        from analyzer.charts import new_axes

        table = self.to_pandas()
        axes = new_axes()
        axes.plot(table["days"], 100 * table["singled_out"], "o-")
        axes.set(xlabel="days kept", ylabel="draws that single it out (%)", ylim=(0, 102))
        return axes


def steps_of(days: int) -> list[int]:
    """Choose the lengths of keeping for data of so many days.

    Examples
    --------
    >>> steps_of(28), steps_of(1)
    ([1, 3, 7, 14, 21, 28], [1])
    """
    return [*(step for step in STEPS if step < days), days]


def tell_vehicle(
    sightings: Sightings,
    vehicle: str,
    *,
    adversary: Adversary | None = None,
    seed: int = 0,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VehicleStory:
    """Tell what is known of one vehicle when sightings are kept for 1, 3, 7, … days.

    Parameters
    ----------
    sightings : Sightings
        The population.
    vehicle : str
        Its name, one of ``sightings.vehicles``.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    seed : int
        Of every random draw.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    VehicleStory
        Internal: about one person.

    Raises
    ------
    UsageError
        If there is no such vehicle.

    Notes
    -----
    Every figure is what would be found had collecting ended with the step: later sightings help no
    earlier step. Day 1 is the first day of the data.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> one = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> [step.home is not None for step in tell_vehicle(one, "v0").steps]
    [False, True, True]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    adversary = adversary or Adversary()
    say = progress or (lambda done, total: None)
    code = sightings.vehicle_code(vehicle)
    rows = load_vehicle(sightings, code, runner)
    if not len(rows["seen_at"]):
        raise UsageError("the vehicle is not among these sightings")
    days, ends = ends_of_days(sightings)
    ends_ms = np.array([round(end.timestamp() * 1000) for end in ends])
    # Days of the data, not of the vehicle: when it was first and last seen is told by no step.
    lengths = steps_of(len(days))
    at = [length - 1 for length in lengths]
    shares = singled_out_by_day(sightings, rows, adversary, days[at], seed, runner)["singled_out"]
    say(1, 3)
    begin_ms = int(sightings.clock.utc(int(days[0]) * DAY_MS))
    begin = sightings.timestamps(np.array([begin_ms]))[0]
    alone = sightings.of(vehicle)
    found = [
        _inferred(alone.between(begin, ends[index]))
        if rows["seen_at"][0] < ends_ms[index]
        else dict.fromkeys(("home", "work", "commute"))
        for index in at
    ]
    say(2, 3)
    companions, why = _companions(sightings, vehicle, begin, lengths, [ends[i] for i in at], seed,
                                  runner)  # fmt: skip
    say(3, 3)
    return VehicleStory(
        steps=tuple(
            StoryStep(
                days=length,
                until_ms=int(ends_ms[index]),
                sightings=int(np.searchsorted(rows["seen_at"], ends_ms[index])),
                singled_out=float(share),
                companions=together,
                **places,
            )
            for length, index, share, places, together in zip(
                lengths, at, shares, found, companions, strict=True
            )
        ),
        code=code,
        begin_ms=begin_ms,
        rows=rows,
        adversary=adversary,
        vehicles=sightings.n_vehicles,
        not_looked_for=why,
        synthetic=sightings.synthetic,
    )


def know_vehicles(
    sightings: Sightings, codes: np.ndarray, story: VehicleStory, *, seed: int, engine: Engine
) -> list[list[StepKnowledge]]:
    """Tell what is known of other vehicles from the same days as those of a story.

    Parameters
    ----------
    sightings : Sightings
        The population.
    codes : numpy.ndarray of int, shape (v,)
        The vehicles, rising.
    story : VehicleStory
        Whose days and adversary.
    seed : int
        Of the draws.
    engine : Engine
        Where the parts run.

    Returns
    -------
    list of list of StepKnowledge
        For each vehicle that is seen in these days, and each step; internal.
    """
    rows = load_vehicles(sightings, codes, engine)
    rows = take(rows, np.flatnonzero(rows["seen_at"] >= story.begin_ms))
    there, first = np.unique(rows["vehicle"], return_index=True)
    ends = np.append(first, len(rows["vehicle"]))[1:]
    each = [take(rows, np.arange(*span)) for span in zip(first, ends, strict=True)]
    untils = np.array([step.until_ms for step in story.steps], np.int64)
    days = sightings.clock.local(untils - 1) // DAY_MS
    out = singled_out_of_each(sightings, each, story.adversary, days, seed, engine)
    begin, *stops = sightings.timestamps(np.array([story.begin_ms, *untils]))
    found = []
    for name, own, table in zip(sightings.vehicle_names(there), each, out, strict=True):
        alone = sightings.of(str(name))
        steps: dict[int, dict[str, Any]] = {}
        for until, stop in zip(untils.tolist(), stops, strict=True):
            if until not in steps:
                steps[until] = (
                    _inferred(alone.between(begin, stop))
                    if own["seen_at"][0] < until
                    else dict.fromkeys(("home", "work", "commute"))
                )
        each_step = zip(table["singled_out"], untils.tolist(), strict=True)
        found.append([StepKnowledge(float(share), **steps[until]) for share, until in each_step])
    return found


def _inferred(alone: Sightings) -> dict[str, Any]:
    trips = find_trips(alone)
    places = find_places(trips)
    rows = places.rows
    found: dict[str, Any] = {"home": None, "work": None, "commute": None}
    for name, role in (("home", HOME), ("work", WORK)):
        at = np.flatnonzero(rows["role"] == role)
        if len(at):
            values = (float(rows[column][at[0]]) for column in ("lat", "lon", "radius_m"))
            found[name] = Place(*values)
    if found["home"] and found["work"]:
        commutes = find_commutes(find_routines(trips, places), places).rows
        if len(commutes["vehicle"]):
            found["commute"] = Commute(
                float(commutes["outbound_minute"][0]), float(commutes["return_minute"][0])
            )
    return found


def _companions(
    sightings: Sightings,
    vehicle: str,
    begin: pd.Timestamp,
    lengths: list[int],
    ends: list[pd.Timestamp],
    seed: int,
    engine: Engine,
) -> tuple[list[int | None], str]:
    counts: list[int | None] = [None] * len(ends)
    for at, end in enumerate(ends):
        if lengths[at] < FIRST_COMPANIONS:
            continue
        view = sightings.between(begin, end)
        try:
            pairs = find_companions(
                view, of=vehicle, max_gap=DEFAULT_MAX_GAP, max_encounters=MOST_ENCOUNTERS,
                seed=seed, engine=engine,
            )  # fmt: skip
        except TooMuchWorkError as error:
            return [None] * len(ends), not_looked_for(error)
        counts[at] = len(pairs)
    return counts, ""
