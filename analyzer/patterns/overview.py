"""Overview of patterns: what can be inferred about how many vehicles, found in one run.

The figures are about the population and can be published; the tables behind them are about single
vehicles and cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import TooMuchWorkError
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.patterns.commutes import Commutes, find_commutes
from analyzer.patterns.companions import Companions, find_companions
from analyzer.patterns.places import HOME, WORK, Places, find_places
from analyzer.patterns.routines import Routines, find_routines
from analyzer.patterns.tables_in_turn import TablesInTurn
from analyzer.patterns.trips import DEFAULT_MAX_GAP, Trips, find_trips
from analyzer.result import Result
from analyzer.schema import Rows
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHOD = "share of {whole}; Wilson, 95 %; baseline: {baseline}"
ALL = "all vehicles"
COMMONEST = "a guess of the commonest answer"

REGULAR = 10
"""A vehicle seen this often or more is a regular one: fewer sightings hold no routine."""


@dataclass(frozen=True)
class _Inferred:
    """What is inferred: about which vehicles, and about how many chance would be right."""

    vehicles: np.ndarray
    by_chance: float
    chance: str


@dataclass(frozen=True)
class PatternsOverview(Result):
    """Trips, places, routines, commutes and companions of one set of sightings.

    Attributes
    ----------
    trips, places, routines, commutes
        The results themselves.
    companions : Companions or None
        None where they were not looked for, because there are too many encounters.
    not_looked_for : str
        Why companions were not looked for; empty where they were.
    """

    trips: Trips
    places: Places
    routines: Routines
    commutes: Commutes
    companions: Companions | None
    not_looked_for: str = ""

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Shares of all vehicles: homes, works, commutes, companions.

        Vehicles about which nothing is known count in the denominator.
        """
        n = self._n_vehicles
        return {
            name: wilson(
                len(inferred.vehicles),
                n,
                method=METHOD.format(whole=ALL, baseline=inferred.chance),
                baseline=inferred.by_chance / max(n, 1),
            )
            for name, inferred in self._inferred.items()
        }

    @cached_property
    def regular(self) -> dict[str, Estimate]:
        """The same shares of the vehicles that are seen `REGULAR` times or more.

        Misread plates make vehicles that do not exist; hardly any is seen so often.
        """
        n = len(self._regular_codes)
        whole = f"vehicles seen {REGULAR} times or more"
        return {
            name: wilson(
                len(np.intersect1d(inferred.vehicles, self._regular_codes)),
                n,
                method=METHOD.format(whole=whole, baseline=inferred.chance),
                baseline=min(1.0, inferred.by_chance / max(n, 1)),
            )
            for name, inferred in self._inferred.items()
        }

    @cached_property
    def _inferred(self) -> dict[str, _Inferred]:
        flows = self.commutes.od_matrix["vehicles"]
        inferred = {
            "homes": self._with_role(HOME),
            "works": self._with_role(WORK),
            # By chance alone one says that every vehicle makes the commonest commute.
            "commutes": _Inferred(
                self.commutes.rows["vehicle"], float(flows.max()) if len(flows) else 0.0, COMMONEST
            ),
        }
        if self.companions is not None:
            together, rate = self.companions.rows, self.companions.max_fdr
            accompanied = np.union1d(together["vehicle_a"], together["vehicle_b"])
            inferred["companions"] = _Inferred(
                accompanied,
                rate * len(accompanied),
                f"what false discoveries give, at most {rate:.0%} of the pairs",
            )
        return inferred

    def _with_role(self, role: int) -> _Inferred:
        rows = self.places.rows
        with_role = rows["role"] == role
        zones = self.trips.sightings.camera_table["zone"].to_numpy()
        counts = np.bincount(zones[rows["camera"][with_role]], minlength=1)
        return _Inferred(rows["vehicle"][with_role], float(counts.max()), COMMONEST)

    @cached_property
    def _regular_codes(self) -> np.ndarray:
        engine = self.trips.engine
        frames = engine.map(self.trips.sightings.parts("vehicle"), regular_of_part)
        return engine.reduce(frames, key=("vehicle",))["vehicle"]

    @property
    def max_fdr(self) -> float:
        """False discoveries among the companions, at most."""
        return 0.0 if self.companions is None else self.companions.max_fdr

    @property
    def often(self) -> int:
        """How often a regular vehicle is seen, at least."""
        return REGULAR

    @property
    def _n_vehicles(self) -> int:
        return self.trips.sightings.n_vehicles

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON-able fields."""
        return {
            "vehicles": self._n_vehicles,
            "trips": len(self.trips),
            **{name: estimate.to_dict() for name, estimate in self.estimates.items()},
            "regular": {name: estimate.to_dict() for name, estimate in self.regular.items()},
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures as a table: what is inferred, about how many, with its interval."""
        return pd.DataFrame(
            [
                {
                    "inferred": name,
                    "vehicles": round(estimate.value * estimate.n) if estimate.n else 0,
                    **estimate.to_dict(),
                }
                for estimates in (self.estimates, self.regular)
                for name, estimate in estimates.items()
            ]
        ).astype(dict.fromkeys(("value", "low", "high", "baseline"), float))

    def flows(self) -> pd.DataFrame:
        """Count commutes between zones; suppress small counts before you publish them."""
        return pd.DataFrame(self.commutes.od_matrix.drop(columns=["geometry", "trips"]))

    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Give the tables of single vehicles: internal output, never to be published.

        Each is made anew whenever it is taken out, and none is kept: they are large.
        """
        results = {
            "trips": self.trips,
            "places": self.places,
            "routines": self.routines,
            "commutes": self.commutes,
            "companions": self.companions,
        }
        made_by = {name: each.to_pandas for name, each in results.items() if each is not None}
        return TablesInTurn({**made_by, "changes": self.routines.changes})

    def summary(self) -> str:
        """Tell what is inferred about how many vehicles."""
        results = (self.trips, self.places, self.commutes, self.companions)
        said = [result.summary() for result in results if result is not None]
        return "\n".join([*said, self.not_looked_for] if self.not_looked_for else said)

    def plot(self) -> Axes:
        """Draw the share of vehicles for which each fact is inferred."""
        from analyzer.charts import new_axes

        table = self.to_pandas().head(len(self.estimates)).iloc[::-1]
        axes = new_axes()
        error = np.abs(table[["low", "high"]].to_numpy(float).T - table["value"].to_numpy(float))
        axes.barh(table["inferred"], 100 * table["value"], xerr=100 * error)
        axes.set(xlabel="share of vehicles (%)", xlim=(0, 100))
        return axes


def regular_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find the vehicles of one part that are seen `REGULAR` times or more."""
    vehicles, counts = np.unique(rows["vehicle"], return_counts=True)
    return {"vehicle": vehicles[counts >= REGULAR]}


def find_patterns(
    sightings: Sightings,
    *,
    max_gap: str = DEFAULT_MAX_GAP,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PatternsOverview:
    """Find trips, places, routines, commutes and companions in one run.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    max_gap : str
        Longest gap inside a trip.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.
    seed : int
        Seed of every random draw.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    PatternsOverview

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> found = find_patterns(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]))
    >>> found.estimates["homes"].value
    0.0
    """
    say = progress or (lambda done, total: None)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    where = {"engine": runner, "memory": memory}
    trips = find_trips(sightings, max_gap, **where)
    places = find_places(trips, **where)
    _ = places.rows
    say(1, 4)
    routines = find_routines(trips, places, **where)
    commutes = find_commutes(routines, places, **where)
    _ = commutes.rows
    say(2, 4)
    companions, why = None, ""
    try:
        companions = find_companions(sightings, max_gap=max_gap, seed=seed, **where)
    except TooMuchWorkError as error:
        why = f"Companions were not looked for: {error}."
    say(4, 4)
    return PatternsOverview(trips, places, routines, commutes, companions, why)
