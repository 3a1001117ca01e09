"""Outcomes: what each leak under a policy tells about each vehicle, risk by risk.

A setting fixes what must be equal for policies to be compared: the leak days, the vehicles, and
what the adversary knows of each. Under it, a policy has outcomes: for each risk, vehicle and leak
day, whether it came true. Equal vehicles and days make differences between policies paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numba
import numpy as np

from analyzer.engine import Engine, get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.policy.knowledge import draw_knowledge
from analyzer.policy.policy import Policy, apply_on_day
from analyzer.policy.released import Released
from analyzer.policy.released_exposure import states_under_policy
from analyzer.policy.resampling import ABSENT, ALONE, SHOWN
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import draw_vehicles
from analyzer.risk.points import count_vehicles
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS


@dataclass(frozen=True)
class Setting:
    """What is equal for all policies that are compared.

    Attributes
    ----------
    sightings : Sightings
        Before any policy.
    adversary : Adversary
        Who knows what.
    leak_days : tuple of int
        Local days with which the leaks happen.
    history : int
        Days before a leak in which a vehicle must be seen to count, and from which knowledge comes.
    open_days : int
        Days for which the store stood open: so many more are shown.
    sample : int or None
        Vehicles among which companions are looked for.
    seed : int
        Of every draw.
    engine, memory
        Where the work is done.
    """

    sightings: Sightings
    adversary: Adversary
    leak_days: tuple[int, ...]
    history: int
    open_days: int
    sample: int | None
    seed: int
    engine: str | Engine = "local"
    memory: str | int | None = None

    @cached_property
    def runner(self) -> Engine:
        """Where parts run."""
        return get_engine(self.engine, self.memory)

    @cached_property
    def _population(self) -> Rows:
        shared = {
            "leak_days": np.array(self.leak_days, np.int64),
            "history": self.history,
            "clock_starts": self.sightings.clock.starts,
            "clock_offsets": self.sightings.clock.offsets,
        }
        parts = self.sightings.parts("vehicle", "seen_at")
        found = self.runner.map(parts, find_seen_before, shared)
        return self.runner.reduce(found, key=("vehicle",))

    @property
    def codes(self) -> np.ndarray:
        """Codes of the vehicles that count on some leak day, ascending."""
        return self._population["vehicle"]

    @cached_property
    def counts(self) -> np.ndarray:
        """Whether each vehicle counts on each leak day, shape (vehicles, leak days)."""
        return np.column_stack(
            [self._population[f"leak_{number}"] for number in range(len(self.leak_days))]
        )

    @cached_property
    def _knowledge(self) -> Rows:
        return draw_knowledge(
            self.sightings,
            self.runner,
            self.adversary,
            np.array(self.leak_days, np.int64),
            self.history,
            self.seed,
        )

    def known(self, leak: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give what is known before a leak: vehicles (n,), times (n, p) and cameras (n, p)."""
        knowledge = self._knowledge
        at = knowledge["leak"] == leak
        points = range(self.adversary.points)
        return (
            knowledge["vehicle"][at],
            np.column_stack([knowledge[f"seen_at_{q}"][at] for q in points]),
            np.column_stack([knowledge[f"camera_{q}"][at] for q in points]),
        )

    @cached_property
    def sampled(self) -> np.ndarray | None:
        """Mask over vehicle codes of those drawn for the risks of pairs; None for all."""
        if self.sample is None or self.sample >= len(self.codes):
            return None
        mask = np.zeros(self.sightings.n_codes, bool)
        mask[self.codes[draw_vehicles(self.codes, self.sample, self.seed)]] = True
        return mask

    def released(self, policy: Policy, leak: int) -> Released:
        """View what a leak of the store under a policy shows."""
        days = None if policy.days is None else policy.days + self.open_days
        return apply_on_day(
            policy,
            self.sightings,
            self.leak_days[leak],
            days=days,
            seed=self.seed,
            runner=self.runner,
        )

    def position_of(self, codes: np.ndarray) -> np.ndarray:
        """Find where vehicles stand among those that count; others are left out."""
        at = np.searchsorted(self.codes, codes)
        inside = at < len(self.codes)
        inside[inside] = self.codes[at[inside]] == codes[inside]
        return at[inside]


@numba.njit(cache=True, nogil=True)
def _days_seen_before(
    vehicle: np.ndarray, day: np.ndarray, leak_days: np.ndarray, history: int
) -> tuple[np.ndarray, np.ndarray]:
    n_vehicles = count_vehicles(vehicle)
    vehicles = np.empty(n_vehicles, np.int32)
    seen = np.zeros((n_vehicles, len(leak_days)), np.bool_)
    row = -1
    for i in range(len(vehicle)):
        if i == 0 or vehicle[i] != vehicle[i - 1]:
            row += 1
            vehicles[row] = vehicle[i]
        for leak in range(len(leak_days)):
            if leak_days[leak] - history <= day[i] < leak_days[leak]:
                seen[row, leak] = True
    return vehicles, seen


def find_seen_before(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find the vehicles of a part that were seen in the days before each leak."""
    from analyzer.risk.points import local_times

    days = local_times(rows, broadcast) // DAY_MS
    vehicles, seen = _days_seen_before(
        rows["vehicle"], days, broadcast["leak_days"], broadcast["history"]
    )
    some = seen.any(axis=1)
    found = {"vehicle": vehicles[some]}
    for leak in range(seen.shape[1]):
        found[f"leak_{leak}"] = np.ascontiguousarray(seen[some, leak])
    return found


def outcomes(
    setting: Setting, policy: Policy, risks: Sequence[str]
) -> dict[str, np.ndarray]:
    """Find what each leak under a policy tells about each vehicle.

    Parameters
    ----------
    setting : Setting
        What is equal for all policies.
    policy : Policy
        What is kept.
    risks : sequence of str
        Some of `VEHICLE_RISKS`.

    Returns
    -------
    dict of str to numpy.ndarray of int8, shape (vehicles, leak days)
        States as in `analyzer.policy.resampling`: ``ALONE`` where the risk came true, ``ABSENT``
        where the vehicle does not count.
    """
    shape = (len(setting.codes), len(setting.leak_days))
    states = {risk: np.full(shape, ABSENT, np.int8) for risk in risks}
    for leak in range(len(setting.leak_days)):
        released = setting.released(policy, leak)
        if "unicity" in risks:
            vehicles, seen_at, camera = setting.known(leak)
            states["unicity"][setting.position_of(vehicles), leak] = states_under_policy(
                released, vehicles, seen_at, camera, setting.adversary, setting.runner
            )
        inferred = [risk for risk in risks if risk != "unicity"]
        if inferred:
            for risk, codes in infer(setting, released, inferred).items():
                column = states[risk][:, leak]
                counted = setting.counts[:, leak]
                if risk in PAIR_RISKS and setting.sampled is not None:
                    counted = counted & setting.sampled[setting.codes]
                column[counted] = SHOWN
                at = setting.position_of(codes)
                column[at[counted[at]]] = ALONE
    return states


def infer(
    setting: Setting, released: Released, risks: Sequence[str]
) -> dict[str, np.ndarray]:
    """Find the vehicles (by their code before the policy) of which a leak lets facts be inferred."""
    periods = released.recipe.periods
    on = {"engine": setting.runner, "memory": setting.memory}
    if not len(released):
        return {risk: np.zeros(0, np.int64) for risk in risks}
    found: dict[str, np.ndarray] = {}
    patterns = _Patterns(released, on)
    for risk in risks:
        if risk in PAIR_RISKS:
            found[risk] = VEHICLE_RISKS[risk](_Patterns(_of_sample(setting, released), on))
        else:
            found[risk] = VEHICLE_RISKS[risk](patterns)
    # Under rotation, what is inferred of any of a vehicle's pseudonyms is inferred of it.
    return {risk: np.unique(codes.astype(np.int64) // periods) for risk, codes in found.items()}


def _of_sample(setting: Setting, released: Released) -> Released:
    from dataclasses import replace

    mask = setting.sampled
    if mask is None:
        return released
    recipe = released.recipe
    kept = mask if recipe.kept_vehicles is None else mask & recipe.kept_vehicles
    return replace(released, recipe=replace(recipe, kept_vehicles=kept))


class _Patterns:
    """The patterns of released sightings, each found when it is first asked for."""

    def __init__(self, sightings: Sightings, on: dict[str, Any]):
        self.sightings = sightings
        self.on = on

    @cached_property
    def trips(self) -> Any:
        from analyzer.patterns.trips import find_trips

        return find_trips(self.sightings, **self.on)

    @cached_property
    def places(self) -> Any:
        from analyzer.patterns.places import find_places

        return find_places(self.trips, **self.on)

    @cached_property
    def commutes(self) -> Any:
        from analyzer.patterns.commutes import find_commutes
        from analyzer.patterns.routines import find_routines

        routines = find_routines(self.trips, self.places, **self.on)
        return find_commutes(routines, self.places, **self.on)


def _homes(patterns: _Patterns) -> np.ndarray:
    from analyzer.patterns.roles import HOME

    return _with_role(patterns, HOME)


def _works(patterns: _Patterns) -> np.ndarray:
    from analyzer.patterns.roles import WORK

    return _with_role(patterns, WORK)


def _with_role(patterns: _Patterns, role: int) -> np.ndarray:
    rows = patterns.places.rows
    return rows["vehicle"][rows["role"] == role]


def _commutes(patterns: _Patterns) -> np.ndarray:
    return patterns.commutes.rows["vehicle"]


def _companions(patterns: _Patterns) -> np.ndarray:
    from analyzer.patterns.companions import find_companions

    rows = find_companions(patterns.sightings, **patterns.on).rows
    return np.union1d(rows["vehicle_a"], rows["vehicle_b"])


VEHICLE_RISKS: dict[str, Callable[[_Patterns], np.ndarray]] = {
    "unicity": lambda patterns: np.zeros(0, np.int64),
    "homes": _homes,
    "works": _works,
    "commutes": _commutes,
    "companions": _companions,
}
"""Risks that come true or do not for each vehicle."""

PAIR_RISKS = ("companions",)
"""Risks that are looked for among a sample of the vehicles, where there are many."""


def check_risks(risks: Sequence[str]) -> tuple[str, ...]:
    """Refuse a risk that is not known.

    Raises
    ------
    UsageError
        With those that are.
    """
    risks = (risks,) if isinstance(risks, str) else tuple(risks)
    unknown = [risk for risk in risks if risk not in VEHICLE_RISKS]
    if unknown or not risks:
        raise UsageError(
            f"risks: {unknown[0]!r} is not known; " if unknown else "risks: none is given; "
            f"write some of {', '.join(VEHICLE_RISKS)}"
        )
    return risks
