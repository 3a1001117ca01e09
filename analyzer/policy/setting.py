"""The setting: what must be equal for policies to be compared.

Leak days, vehicles, and what the adversary knows of each are fixed here, before any policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from analyzer.engine import Engine, get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.fitting import fit_to_engine
from analyzer.policy.applying import apply_on_day
from analyzer.policy.held import hold
from analyzer.policy.knowledge import draw_knowledge
from analyzer.policy.leaks import FEWEST_LEAK_DAYS, MEASURED, ONE_LEAK_DAY, plan_leaks
from analyzer.policy.policy import Policy
from analyzer.policy.released import Released
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import draw_vehicles
from analyzer.risk.points import count_vehicles, local_times
from analyzer.risk.sites import Sites
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

SAMPLE = 20_000
"""Vehicles among which companions are looked for, where there are more; and for how many linkage
looks at each change of pseudonyms, among all new ones."""

STRETCHES = (1, 3, 7, 14, 21, 30, 90, 180)
"""Days kept that all documents of one store show, with the same leaks, knowledge and vehicles; and
lengths of the stretches of what a leak shows that are always looked at."""


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
    statuses : mapping of int to str
        How well each number of days kept can be measured with these leak days.
    sample : int or None
        Vehicles among which companions are looked for.
    seed : int
        Of every draw.
    engine, memory
        Where the work is done.
    sites : Sites or None
        Sensitive sites, where visits are a risk.
    stretches : tuple of int
        Lengths of the stretches of what a leak shows that are looked at besides; see
        `analyzer.policy.stretches`.
    """

    sightings: Sightings
    adversary: Adversary
    leak_days: tuple[int, ...]
    history: int
    open_days: int
    statuses: Mapping[int, str]
    sample: int | None
    seed: int
    engine: str | Engine = "local"
    memory: str | int | None = None
    sites: Sites | None = None
    stretches: tuple[int, ...] = ()

    def status_of(self, policy: Policy) -> str:
        """Say how well a policy can be measured with these leak days."""
        if policy.days:
            return self.statuses[policy.days]
        # Nothing kept is the same on any day; all kept overlaps itself on all.
        enough = policy.days == 0 and len(self.leak_days) >= FEWEST_LEAK_DAYS
        return MEASURED if enough else ONE_LEAK_DAY

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

    def shown_days(self, policy: Policy) -> int | None:
        """Days that a leak of the store under a policy shows; None for all."""
        return None if policy.days is None else policy.days + self.open_days

    @cached_property
    def looked_at(self) -> dict[Policy, dict]:
        """What was found in stretches so far, by policy; see `analyzer.policy.stretches`."""
        return {}

    def released(self, policy: Policy, leak: int, shown_days: int | None = None) -> Released:
        """View what a leak of the store under a policy shows, or the last days of that."""
        days = self.shown_days(policy) if shown_days is None else shown_days
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


def standard_stretches(data_days: int) -> tuple[int, ...]:
    """Give the lengths at which what a leak shows is looked at besides: the usual ones alone.

    What a document compares must not decide: the figure of one length would change with the others
    that are asked for, and two documents would differ by a few vehicles.

    Examples
    --------
    >>> standard_stretches(60)
    (1, 3, 7, 14, 21, 30)
    """
    return tuple(days for days in STRETCHES if days < data_days)


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
    days = local_times(rows, broadcast) // DAY_MS
    vehicles, seen = _days_seen_before(
        rows["vehicle"], days, broadcast["leak_days"], broadcast["history"]
    )
    some = seen.any(axis=1)
    found = {"vehicle": vehicles[some]}
    for leak in range(seen.shape[1]):
        found[f"leak_{leak}"] = np.ascontiguousarray(seen[some, leak])
    return found


def make_setting(
    sightings: Sightings,
    policies: Sequence[Policy],
    adversary: Adversary,
    *,
    open_days: int = 0,
    sample: int | None,
    seed: int,
    engine: str | Engine,
    memory: str | int | None,
    sites: Sites | None = None,
) -> Setting:
    """Fix leak days, vehicles and knowledge for policies that are compared.

    Raises
    ------
    UsageError
        If the data are too short for every policy, or the adversary knows attributes or may be
        wrong.
    """
    if adversary.attributes or adversary.missed:
        raise UsageError(
            "policies are compared for an adversary who knows place and time, rightly; write "
            "attributes=() and missed=0"
        )
    runner, sightings = fit_to_engine(sightings, engine, memory)
    local = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    covered = int(local[1] - local[0]) + 1
    # Where all is kept, or nothing, the data themselves say how far knowledge reaches back.
    windows = tuple(sorted({policy.days for policy in policies if policy.days})) or (covered,)
    plan = plan_leaks(int(local[0]), int(local[1]), windows)
    if not plan.history:
        raise UsageError(
            f"the data cover {covered} days, and every policy keeps longer; compare policies that "
            f"keep up to {covered} days"
        )
    return Setting(
        sightings=hold(sightings, runner),
        adversary=adversary,
        leak_days=plan.leak_days,
        history=plan.history,
        open_days=open_days,
        statuses=dict(zip(windows, plan.statuses, strict=True)),
        sample=sample,
        seed=int(seed),
        engine=runner,
        memory=memory,
        sites=sites,
        stretches=standard_stretches(covered),
    )
