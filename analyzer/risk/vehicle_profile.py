"""Risk profile of one vehicle after N days: internal output, in which others are numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.risk.adversary import Adversary
from analyzer.risk.risk_profile import RiskProfile
from analyzer.risk.vehicle_days import (
    companions_by_day,
    ends_of_days,
    load_vehicle,
    places_by_day,
    singled_out_by_day,
    stable_since,
)
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOSTLY = 0.95
"""A vehicle counts as singled out from the day on which this share of draws does it."""


@dataclass(frozen=True)
class VehicleProfile(RiskProfile):
    """What is known of one vehicle after each day of its data.

    Attributes
    ----------
    table : pandas.DataFrame
        See `to_pandas`.
    singled_out, home, commute : int or None
        Day since which it is singled out (by 95 % of the draws), its home is known, its commute;
        counted from its first sighting, which is on day 1; None where it is not at the end.
    companions : int or None
        Companions found in all data; None where they were not looked for.
    adversary : Adversary
        Who knows what.
    vehicles : int
        Vehicles among which it is singled out.
    not_looked_for : str
        Why companions were not looked for; empty where they were.
    synthetic : bool
        Whether the data are synthetic.
    """

    table: pd.DataFrame = field(repr=False, compare=False)
    singled_out: int | None
    home: int | None
    commute: int | None
    companions: int | None
    adversary: Adversary
    vehicles: int
    not_looked_for: str = ""
    synthetic: bool = False

    @property
    def days(self) -> int:
        """Days from the first sighting of the vehicle to the last."""
        return len(self.table)

    def summary(self) -> str:
        """Tell the profile in plain sentences, without naming the vehicle."""
        last = self.table.iloc[-1]
        lines = [
            f"One vehicle (internal, not to be published): {int(last['sightings']):,} sightings in "
            f"{self.days} days, among {self.vehicles:,} vehicles."
        ]
        known = self.adversary.describe()
        if np.isnan(last["singled_out"]):
            lines.append(f"It has too few different sightings to be known by {known}.")
        elif self.singled_out is None:
            lines.append(
                f"After all its days, {known}, single it out in {100 * last['singled_out']:.0f} % "
                "of draws."
            )
        else:
            lines.append(
                f"From day {self.singled_out} on, {known}, single it out in "
                f"{100 * MOSTLY:.0f} % of draws or more."
            )
        for name, day, stays in (
            ("home", self.home, "within the radius in which it is put at last"),
            ("commute", self.commute, "on every later day"),
        ):
            lines.append(
                f"Its {name} is not known."
                if day is None
                else f"From day {day} on, its {name} is inferred, {stays}."
            )
        if self.companions:
            plural = " is" if self.companions == 1 else "s are"
            lines.append(f"{self.companions} companion{plural} found.")
        elif self.companions == 0:
            lines.append("No companion is found, which is no proof that it travels alone.")
        if self.not_looked_for:
            lines.append(self.not_looked_for)
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a day.

        Returns
        -------
        pandas.DataFrame
            ``day`` (from 1), ``date``, ``sightings`` and ``points`` so far, ``singled_out`` (share
            of 200 draws of known points from the first N days that fit nobody else; NaN with too
            few points), ``home`` and ``commute`` (whether found), ``companions`` (number; NaN on
            days after which they were not looked for).
        """
        return self.table.copy()

    def milestones(self) -> pd.DataFrame:
        """Give the days since which something is known: what, day (NA where it is not)."""
        days = {"singled_out": self.singled_out, "home": self.home, "commute": self.commute}
        return pd.DataFrame({"what": list(days), "day": pd.array(list(days.values()), "Int64")})

    def to_dict(self) -> dict[str, Any]:
        """Give the profile as JSON-able fields."""
        rows = self.table.astype(object).where(self.table.notna(), None)
        return {
            "internal": True,
            "adversary": self.adversary.to_dict(),
            "vehicles": self.vehicles,
            "singled_out_since_day": self.singled_out,
            "home_known_since_day": self.home,
            "commute_known_since_day": self.commute,
            "companions": self.companions,
            "not_looked_for": self.not_looked_for,
            "days": [
                {**row, "date": str(row["date"])} for row in rows.to_dict("records")
            ],
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw how often the vehicle is singled out after N days, and since when what is known."""
        from analyzer.charts import new_axes

        axes = new_axes()
        axes.plot(self.table["day"], 100 * self.table["singled_out"], label="singled out")
        for number, (name, day) in enumerate((("home", self.home), ("commute", self.commute)), 1):
            if day is not None:
                axes.axvline(day, color=f"C{number}", label=f"{name} known")
        axes.set(xlabel="days of collecting", ylabel="draws that single it out (%)", ylim=(0, 102))
        axes.legend()
        return axes


def profile_vehicle(
    sightings: Sightings,
    vehicle: str,
    adversary: Adversary,
    seed: int,
    engine: Engine,
    progress: Callable[[int, int], None],
) -> VehicleProfile:
    """Profile one vehicle after each day of its data.

    Parameters
    ----------
    sightings : Sightings
        The population.
    vehicle : str
        Name of the vehicle.
    adversary : Adversary
        How many sightings are known, and how exactly; at random, without attributes.
    seed : int
        Of the draws.
    engine : Engine
        Where the parts run.
    progress : callable
        Called with the steps done and the steps in all.

    Raises
    ------
    UsageError
        If there is no such vehicle, or the adversary knows more than places and times.
    """
    if adversary != Adversary(adversary.points, adversary.time, adversary.space):
        raise UsageError(
            "of one vehicle the profile takes points drawn at random, without attributes and "
            "without error: leave choose, attributes and missed as they are"
        )
    code = sightings.vehicle_code(vehicle)
    rows = load_vehicle(sightings, code, engine)
    days, ends = ends_of_days(sightings)
    until = np.searchsorted(rows["seen_at"], [int(end.timestamp() * 1000) for end in ends])
    # From the vehicle's first day to its last: what comes after adds nothing about it.
    begin = int(np.argmax(until > 0))
    stop = int(np.searchsorted(until, len(rows["seen_at"]))) + 1
    days, ends, until = days[begin:stop], ends[begin:stop], until[begin:stop]
    alone = singled_out_by_day(sightings, rows, adversary, days, seed, engine)
    progress(1, 3)
    places = places_by_day(sightings, rows, ends)
    progress(2, 3)
    companions, why = companions_by_day(sightings, vehicle, ends, seed, engine)
    progress(3, 3)
    day = np.arange(1, len(days) + 1)
    home, commute = stable_since(day, places)
    share = alone["singled_out"].to_numpy()
    table = pd.DataFrame(
        {
            "day": day,
            "date": days.astype("datetime64[D]").astype("datetime64[s]").astype(str),
            "sightings": until,
            "points": alone["points"],
            "singled_out": share,
            "home": places["home"],
            "commute": places["commute"],
            "companions": pd.array(companions, dtype="Int64"),
        }
    )
    table["date"] = table["date"].str[:10]
    return VehicleProfile(
        table=table,
        singled_out=_mostly_since(day, share),
        home=home,
        commute=commute,
        companions=companions[-1],
        adversary=adversary,
        vehicles=sightings.n_vehicles,
        not_looked_for=why,
        synthetic=sightings.synthetic,
    )


def _mostly_since(day: np.ndarray, share: np.ndarray) -> int | None:
    """Give the day since which nearly all draws single the vehicle out, until the end.

    Examples
    --------
    >>> _mostly_since(np.arange(1, 4), np.array([np.nan, 0.95, 1.0]))
    2
    """
    fails = np.flatnonzero(~(share >= MOSTLY))
    if not len(fails):
        return int(day[0])
    return int(day[fails[-1] + 1]) if fails[-1] + 1 < len(day) else None
