"""What pairs of periods add up to: successes, claims, absences and cut trips, as figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.estimate import Estimate
from analyzer.risk.continuity import CutTrips
from analyzer.risk.linkage_result import RANKS, Tried, median_of_ranks, share_of_cases
from analyzer.risk.rotation import ADVERSARIES, Assigned, Choice, History, Name, Trial

SUCCESS = "new pseudonym among the {k} best of the adversary chosen on earlier periods"
OF_ONE = "new pseudonym among the {k} best"


Cases = tuple[np.ndarray, np.ndarray]
"""Vehicles of a pair of periods, and which of them have what is asked for."""


@dataclass
class Tally:
    """What the pairs of periods add up to, for profiles of so many days."""

    n_codes: int
    history: History = field(default_factory=History)
    choices: list[Choice] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    assigned: list[Cases] = field(default_factory=list)
    claimable: list[Cases] = field(default_factory=list)
    claimed: list[Cases] = field(default_factory=list)
    cut_pairs: list[tuple[CutTrips, Trial, np.ndarray]] = field(default_factory=list)

    def add(
        self,
        trial: Trial,
        choice: Choice,
        assigned: Assigned | None,
        cut: CutTrips | None,
    ) -> None:
        """Add a pair; the choice was made before it was looked at.

        Where nothing was assigned one to one, there are no `assignments`.
        """
        present = trial.answers >= 0
        on_the_road = np.zeros(len(present), bool)
        if cut is not None:
            on_the_road = present & np.isin(trial.vehicles, cut.vehicles)
            self.cut_pairs.append((cut, trial, on_the_road))
        counted = present & ~on_the_road
        self.history.add(trial, counted)
        self.choices.append(choice)
        self.candidates.append(trial.candidates)
        if assigned is None:
            return
        right = assigned.everybody == trial.answers
        self.assigned.append((trial.vehicles[counted], right[counted]))
        if choice.margin is not None:
            claims = (assigned.claimed >= 0) & ~on_the_road
            right = assigned.claimed == trial.answers
            self.claimable.append((trial.vehicles[counted], right[counted]))
            self.claimed.append((trial.vehicles[claims], right[claims]))

    @property
    def _trials(self) -> Sequence[tuple[Trial, np.ndarray]]:
        return self.history.trials

    def _share(self, names: Sequence[Name], rank: int, method: str) -> Estimate:
        hits = [
            (trial.vehicles[mask], trial.ranks[name][mask] <= rank)
            for (trial, mask), name in zip(self._trials, names, strict=True)
        ]
        return share_of_cases(
            *_together(hits),
            method=method.format(k=rank),
            baseline=self._chance(rank, [len(vehicles) for vehicles, _ in hits]),
        )

    def _chance(self, rank: int, cases: Sequence[int]) -> float | None:
        if not sum(cases):
            return None
        by_chance = zip(cases, self.candidates, strict=True)
        return sum(n * min(1.0, rank / among) for n, among in by_chance if n) / sum(cases)

    def success(self) -> dict[int, Estimate]:
        """Success of the adversary that was chosen for each pair."""
        names = [choice.adversary for choice in self.choices]
        return {rank: self._share(names, rank, SUCCESS) for rank in RANKS}

    def tried(self) -> tuple[Tried, ...]:
        """Success of every adversary on all pairs, the strongest first."""
        every = [
            Tried(
                *name,
                {rank: self._share([name] * len(self._trials), rank, OF_ONE) for rank in RANKS},
                sum(choice.adversary == name for choice in self.choices),
            )
            for name in ADVERSARIES
        ]
        return tuple(sorted(every, key=lambda tried: -np.nan_to_num(tried.success[1].value)))

    def median_rank(self) -> Estimate:
        """Median rank that the chosen adversaries give the right candidate."""
        ranks = [
            trial.ranks[choice.adversary][mask]
            for (trial, mask), choice in zip(self._trials, self.choices, strict=True)
        ]
        method = "median over vehicles present in both; ties take the mean rank; order statistics"
        among = float(np.median(self.candidates)) if self.candidates else 0.0
        return median_of_ranks(np.concatenate([*ranks, np.zeros(0)]), among, method=method)

    def absent(self) -> Estimate:
        """Share of the vehicles of the earlier period that are not seen in the later one."""
        missing = [(trial.vehicles, trial.answers < 0) for trial, _ in self._trials]
        return share_of_cases(
            *_together(missing), method="vehicles of the earlier period not seen in the later one"
        )

    def assignments(self) -> dict[str, Estimate]:
        """Figures of one-to-one assignments."""
        chance = self._chance(1, [len(vehicles) for vehicles, _ in self.assigned])
        claims = "claims where, on earlier periods, such leads were more often right than wrong"
        return {
            "assignment": share_of_cases(
                *_together(self.assigned), baseline=chance,
                method="linked rightly by the best one-to-one assignment on each one's 20 best",
            ),
            "precision": share_of_cases(
                *_together(self.claimed), baseline=chance,
                method=f"right {claims}, of all of them, absent vehicles included",
            ),
            "recall": share_of_cases(
                *_together(self.claimable), baseline=chance,
                method=f"vehicles with right {claims}",
            ),
        }  # fmt: skip

    def cut_trips(self) -> dict[str, Estimate]:
        """Figures of vehicles whose trip a change cuts."""
        cut, linked, known = [], [], []
        chance = 0.0
        for (trips, trial, mask), choice in zip(self.cut_pairs, self.choices, strict=True):
            present = trial.answers >= 0
            cut.append((trial.vehicles[present], mask[present]))
            asked = np.isin(trips.vehicles, trial.vehicles[mask])
            linked.append((trips.vehicles[asked], trips.rank[asked] <= 1))
            known.append((trial.vehicles[mask], trial.ranks[choice.adversary][mask] <= 1))
            chance += np.count_nonzero(asked) / max(trips.candidates, 1)
        n = [len(vehicles) for vehicles, _ in known]
        return {
            "cut": share_of_cases(
                *_together(cut), method="vehicles present in both whose trip the change cuts"
            ),
            "continuity": share_of_cases(
                *_together(linked), baseline=float(chance / sum(n)) if sum(n) else None,
                method="new pseudonym is the likeliest continuation of the trip",
            ),
            "cut_success": share_of_cases(
                *_together(known), baseline=self._chance(1, n) if sum(n) else None,
                method="new pseudonym first by its profile, where the change cuts a trip",
            ),
        }  # fmt: skip


def _together(pairs: Sequence[Cases]) -> Cases:
    vehicles = [each for each, _ in pairs]
    found = [each for _, each in pairs]
    return (
        np.concatenate([*vehicles, np.zeros(0, np.int32)]),
        np.concatenate([*found, np.zeros(0, bool)]),
    )
