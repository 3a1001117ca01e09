"""Overview of patterns: what can be inferred about how many vehicles, found in one run.

The figures are about the population and can be published; the tables behind them are about single
vehicles and cannot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.estimate import Estimate, wilson
from analyzer.patterns.commutes import Commutes, find_commutes
from analyzer.patterns.companions import Companions, find_companions
from analyzer.patterns.places import HOME, WORK, Places, find_places
from analyzer.patterns.routines import Routines, find_routines
from analyzer.patterns.trips import DEFAULT_MAX_GAP, Trips, find_trips
from analyzer.result import Result
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHOD = "share of all vehicles; Wilson, 95 %; baseline: a guess of the commonest answer"


@dataclass(frozen=True)
class PatternsOverview(Result):
    """Trips, places, routines, commutes and companions of one set of sightings.

    Attributes
    ----------
    trips, places, routines, commutes, companions
        The results themselves.
    """

    trips: Trips
    places: Places
    routines: Routines
    commutes: Commutes
    companions: Companions

    @cached_property
    def homes(self) -> Estimate:
        """Share of vehicles for which a home is inferred."""
        return self._share_with_role(HOME)

    @cached_property
    def works(self) -> Estimate:
        """Share of vehicles for which a work place is inferred."""
        return self._share_with_role(WORK)

    @cached_property
    def commuters(self) -> Estimate:
        """Share of vehicles for which a commute is inferred."""
        flows = self.commutes.od_matrix["vehicles"]
        # By chance alone one says that the vehicle makes the commonest commute.
        guess = int(flows.max()) / self._n_vehicles if len(flows) else 0.0
        return wilson(len(self.commutes), self._n_vehicles, method=METHOD, baseline=guess)

    @cached_property
    def accompanied(self) -> Estimate:
        """Share of vehicles with at least one companion."""
        pairs = self.companions.pairs
        vehicles = len(set(pairs["vehicle_a"]) | set(pairs["vehicle_b"]))
        return wilson(
            vehicles,
            self._n_vehicles,
            method=(
                "share of all vehicles; Wilson, 95 %; baseline: what false discoveries give, "
                f"at most {self.companions.max_fdr:.0%} of the pairs"
            ),
            baseline=self.companions.max_fdr * vehicles / max(self._n_vehicles, 1),
        )

    def _share_with_role(self, role: int) -> Estimate:
        rows = self.places.rows
        with_role = rows["role"] == role
        zones = self.trips.sightings.camera_table["zone"].to_numpy()
        counts = np.bincount(zones[rows["camera"][with_role]]) if with_role.any() else np.zeros(1)
        return wilson(
            int(with_role.sum()),
            self._n_vehicles,
            method=METHOD,
            baseline=float(counts.max()) / max(self._n_vehicles, 1),
        )

    @property
    def _n_vehicles(self) -> int:
        return self.trips.sightings.n_vehicles

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The figures by name."""
        return {
            "homes": self.homes,
            "works": self.works,
            "commutes": self.commuters,
            "companions": self.accompanied,
        }

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON-able fields."""
        return {
            "vehicles": self._n_vehicles,
            "trips": len(self.trips),
            **{name: estimate.to_dict() for name, estimate in self.estimates.items()},
        }

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures as a table: inferred, value, low, high, n, method, baseline."""
        return pd.DataFrame(
            [
                {"inferred": name, **estimate.to_dict()}
                for name, estimate in self.estimates.items()
            ]
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the tables of single vehicles: internal output, never to be published."""
        return {
            "trips": self.trips.to_pandas(),
            "places": self.places.to_pandas(),
            "routines": self.routines.to_pandas(),
            "commutes": self.commutes.to_pandas(),
            "companions": self.companions.to_pandas(),
        }

    def summary(self) -> str:
        """Tell what is inferred about how many vehicles."""
        results = (self.trips, self.places, self.commutes, self.companions)
        return "\n".join(result.summary() for result in results)

    def plot(self) -> Axes:
        """Draw the share of vehicles for which each fact is inferred."""
        from matplotlib.figure import Figure

        table = self.to_pandas().iloc[::-1]
        axes = Figure(layout="constrained").subplots()
        error = np.abs(table[["low", "high"]].to_numpy(float).T - table["value"].to_numpy(float))
        axes.barh(table["inferred"], 100 * table["value"], xerr=100 * error)
        axes.set(xlabel="share of vehicles (%)", xlim=(0, 100))
        return axes


def find_patterns(
    sightings: Sightings,
    *,
    max_gap: str = DEFAULT_MAX_GAP,
    engine: str | Engine = "local",
    memory: str | None = None,
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
    memory : str, optional
        Bound on memory, such as ``"4GB"``.
    seed : int
        Seed of every random draw.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    PatternsOverview

    Examples
    --------
    >>> from analyzer.sightings import from_arrays
    >>> found = find_patterns(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]))
    >>> found.homes.value
    0.0
    """
    say = progress or (lambda done, total: None)
    where = {"engine": engine, "memory": memory}
    trips = find_trips(sightings, max_gap, **where)
    places = find_places(trips, **where)
    _ = places.rows
    say(1, 4)
    routines = find_routines(trips, places, **where)
    commutes = find_commutes(routines, places, **where)
    _ = commutes.rows
    say(2, 4)
    companions = find_companions(sightings, max_gap=max_gap, seed=seed, **where)
    say(4, 4)
    return PatternsOverview(trips, places, routines, commutes, companions)
