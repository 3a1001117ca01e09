"""After how many days of collecting half of the vehicles are singled out, or have a known home.

A store that keeps everything, from the first day of the data on: what is in it at the end of each
day is looked at as a leak then would show it, and each vehicle waits until something is known of
it. Those of which nothing is known by the end of the data are censored there, and nothing is
extrapolated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analyzer.engine import Engine
from analyzer.estimate import Estimate, wilson
from analyzer.policy.inferred import ShownPatterns
from analyzer.risk.adversary import Adversary
from analyzer.risk.days_until import days_until_singled_out
from analyzer.risk.knowledge import draw_targets
from analyzer.sightings import Sightings
from analyzer.survival import Survival, kaplan_meier
from analyzer.units import DAY_MS

OF_VEHICLES = ("homes", "works", "commutes")
"""Risks for which it is asked when they come true, beside being singled out."""

LOOKED_AT = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 45, 60, 90, 120, 180, 270, 365)
"""Days on which the store is looked at until half of the vehicles are reached, beside the last day
of the data; then those between that are needed to tell to the day when it was."""

HALF = 0.5


@dataclass(frozen=True)
class DaysUntilHalf:
    """After how many days of collecting a risk has come true for half of the vehicles.

    Attributes
    ----------
    risk : str
        ``"unicity"``, ``"homes"``, ``"works"`` or ``"commutes"``.
    days : Estimate
        Days, counted from the first of the data, which is day 1; NaN where half is not reached
        within the data (`low` is then the day before which it cannot be, if the data tell).
    by_end : Estimate
        Share of those vehicles for which it has come true by the end of the data.
    data_days, vehicles : int
        Days of the data, and all vehicles that were seen.
    curve : Survival
        Vehicles that still wait, by day.
    """

    risk: str
    days: Estimate
    by_end: Estimate
    data_days: int
    vehicles: int
    curve: Survival = field(repr=False, compare=False)

    def published(self, k: int) -> DaysUntilHalf:
        """Give the figures as they may be published: none that stands for 1 to k - 1 vehicles."""
        if 0 < self.vehicles - self.days.n < k:
            # The number of those counted would tell how few were not.
            days, by_end = self.days.hidden(k), self.by_end.hidden(k)
            return replace(self, days=replace(days, n=0), by_end=replace(by_end, n=0))
        if 0 < self.days.n < 2 * k:
            return replace(self, days=self.days.hidden(k), by_end=self.by_end.hidden(k))
        return replace(self, by_end=self.by_end.withheld(k))

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON-able fields; a bound that the data cannot give is None."""
        days = {
            name: None if isinstance(value, float) and math.isinf(value) else value
            for name, value in self.days.to_dict().items()
        }
        return {
            "risk": self.risk,
            "days": days,
            "by_end": self.by_end.to_dict(),
            "data_days": self.data_days,
            "vehicles": self.vehicles,
        }


def find_days_until_half(
    sightings: Sightings,
    risks: Sequence[str],
    adversary: Adversary,
    seed: int,
    runner: Engine,
    memory: str | int | None = None,
) -> tuple[DaysUntilHalf, ...]:
    """Find after how many days of collecting half of the vehicles are known, risk by risk.

    Parameters
    ----------
    sightings : Sightings
        The population.
    risks : sequence of str
        Those among them that come true for a vehicle once and for all: ``"unicity"`` and
        `OF_VEHICLES`; others are left out.
    adversary, seed
        Who singles out, knowing what; points are drawn from all of a vehicle's points.
    runner, memory
        Where the work is done.

    Returns
    -------
    tuple of DaysUntilHalf
        In the order of `risks`.

    Notes
    -----
    All risks over the same vehicles: those with p points in the data. (Many others are seen once or
    twice: nothing is ever inferred of them, and half of all may never be reached.) A home that is
    named on one day and no longer on a later one counts from the first day on: it was known.
    Kaplan–Meier (`analyzer.survival`) on the days on which the store was looked at; the day on
    which half is reached is found by halving between them.

    Examples
    --------
    >>> from analyzer.engine import get_engine
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> one = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> found = find_days_until_half(one, ["homes"], Adversary(), 0, get_engine())
    >>> found[0].days.value, found[0].data_days
    (3.0, 7)
    """
    asked = [risk for risk in risks if risk == "unicity" or risk in OF_VEHICLES]
    if not asked:
        return ()
    inferred = [risk for risk in asked if risk in OF_VEHICLES]
    known = _Known(sightings, inferred, adversary, seed, runner, memory)
    known.settle_half()
    found = []
    for risk in asked:
        if risk == "unicity":
            until = days_until_singled_out(sightings, adversary, seed, runner)
            curve, data_days = until.curve, until.days
        else:
            curve, data_days = kaplan_meier(*known.waits(risk)), known.data_days
        days = curve.until(HALF)
        method = "" if risk == "unicity" else f"; looked at on days {known.told()}"
        found.append(
            DaysUntilHalf(
                risk,
                replace(days, method=f"{days.method}{method}"),
                wilson(int(curve.events.sum()), curve.n),
                data_days,
                sightings.n_vehicles,
                curve,
            )
        )
    return tuple(found)


class _Known:
    """On which day something was first known of each vehicle, of the days that were looked at."""

    def __init__(
        self,
        sightings: Sightings,
        risks: Sequence[str],
        adversary: Adversary,
        seed: int,
        runner: Engine,
        memory: str | int | None,
    ):
        self._sightings = sightings
        self._risks = risks
        self._on = (runner, memory)
        ends = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
        self._first_day, self.data_days = int(ends[0]), int(ends[1] - ends[0]) + 1
        self._codes = np.zeros(0, np.int32)
        if risks:
            self._codes = draw_targets(sightings, adversary, None, seed, runner).known.vehicle
        # Day by code; beyond the data where nothing is known yet.
        never = self.data_days + 1
        self._since = {risk: np.full(len(self._codes), never, np.int64) for risk in risks}
        self._looked_at: list[int] = []
        if len(self._codes):
            for day in (each for each in LOOKED_AT if each < self.data_days):
                if self._looked_at and all(self._reaches_half(risk, day) for risk in risks):
                    break
                self._look(day)
            self._look(self.data_days)

    def _look(self, day: int) -> None:
        """Find what the store tells at the end of a day."""
        first = self._sightings.span_ms[0]
        end = self._sightings.clock.utc((self._first_day + day) * DAY_MS)
        patterns = ShownPatterns(self._sightings._between_ms(first, end), *self._on)
        for risk in self._risks:
            known = np.isin(self._codes, patterns.find(risk).vehicles)
            self._since[risk][known] = np.minimum(self._since[risk][known], day)
        self._looked_at.append(day)

    def _reaches_half(self, risk: str, day: int) -> bool:
        return bool(2 * np.count_nonzero(self._since[risk] <= day) >= len(self._codes))

    def settle_half(self) -> None:
        """Look at days between until it is settled on which day half of the vehicles are known."""
        while undecided := {day for risk in self._risks for day in self._between(risk)}:
            for day in sorted(undecided):
                self._look(day)

    def _between(self, risk: str) -> list[int]:
        """Give the day in the middle of those among which half may be reached, if there are any."""
        days = sorted(self._looked_at)
        reached = [day for day in days if self._reaches_half(risk, day)]
        if not reached:
            return []
        before = max((day for day in days if day < reached[0]), default=0)
        return [(before + reached[0]) // 2] if reached[0] - before > 1 else []

    def waits(self, risk: str) -> tuple[np.ndarray, np.ndarray]:
        """Give the day on which each vehicle is known, or that of the end, and whether it is."""
        since = self._since[risk]
        return np.minimum(since, self.data_days), since <= self.data_days

    def told(self) -> str:
        """List the days that were looked at."""
        return ", ".join(map(str, sorted(self._looked_at)))
