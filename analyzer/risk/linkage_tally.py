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


@dataclass
class Tally:
    """What the pairs of periods add up to, for profiles of so many days."""

    n_codes: int
    history: History = field(default_factory=History)
    choices: list[Choice] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    right: int = 0
    claimable: list[np.ndarray] = field(default_factory=list)
    claimed: list[np.ndarray] = field(default_factory=list)
    claimed_right: int = 0
    cut_pairs: list[tuple[CutTrips, Trial, np.ndarray]] = field(default_factory=list)

    def add(
        self,
        trial: Trial,
        choice: Choice,
        assigned: Assigned,
        cut: CutTrips | None,
    ) -> None:
        """Add a pair; the choice was made before it was looked at."""
        present = trial.answers >= 0
        on_the_road = np.zeros(len(present), bool)
        if cut is not None:
            on_the_road = present & np.isin(trial.vehicles, cut.vehicles)
            self.cut_pairs.append((cut, trial, on_the_road))
        counted = present & ~on_the_road
        self.history.add(trial, counted)
        self.choices.append(choice)
        self.candidates.append(trial.candidates)
        self.right += int(np.count_nonzero((assigned.everybody == trial.answers) & counted))
        if choice.margin is not None:
            self.claimable.append(trial.vehicles[counted])
            self.claimed.append(trial.vehicles[(assigned.claimed >= 0) & ~on_the_road])
            right = (assigned.claimed == trial.answers) & counted
            self.claimed_right += int(np.count_nonzero(right))

    @property
    def _trials(self) -> Sequence[tuple[Trial, np.ndarray]]:
        return self.history.trials

    def _vehicles(self, masks: Sequence[np.ndarray]) -> int:
        seen = np.zeros(self.n_codes, bool)
        for (trial, _), mask in zip(self._trials, masks, strict=True):
            seen[trial.vehicles[mask]] = True
        return int(np.count_nonzero(seen))

    def _share(self, names: Sequence[Name], rank: int, method: str) -> Estimate:
        counted = [mask for _, mask in self._trials]
        cases = [int(np.count_nonzero(mask)) for mask in counted]
        hits = sum(
            int(np.count_nonzero(trial.ranks[name][mask] <= rank))
            for (trial, mask), name in zip(self._trials, names, strict=True)
        )
        return share_of_cases(
            hits,
            sum(cases),
            self._vehicles(counted),
            method=method.format(k=rank),
            baseline=self._chance(rank, cases),
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
        missing = [trial.answers < 0 for trial, _ in self._trials]
        everybody = [np.ones(len(mask), bool) for mask in missing]
        return share_of_cases(
            sum(int(np.count_nonzero(mask)) for mask in missing),
            sum(len(mask) for mask in missing),
            self._vehicles(everybody),
            method="vehicles of the earlier period not seen in the later one",
        )

    def assignments(self) -> dict[str, Estimate]:
        """Figures of one-to-one assignments."""
        counted = [mask for _, mask in self._trials]
        cases = [int(np.count_nonzero(mask)) for mask in counted]
        n, vehicles = sum(cases), self._vehicles(counted)
        chance = self._chance(1, cases)
        claims = "claims where, on earlier periods, such leads were more often right than wrong"
        return {
            "assignment": share_of_cases(
                self.right, n, vehicles, baseline=chance,
                method="linked rightly by the best one-to-one assignment on each one's 20 best",
            ),
            "precision": share_of_cases(
                self.claimed_right, *_cases(self.claimed), baseline=chance,
                method=f"right {claims}, of all of them, absent vehicles included",
            ),
            "recall": share_of_cases(
                self.claimed_right, *_cases(self.claimable), baseline=chance,
                method=f"vehicles with right {claims}",
            ),
        }  # fmt: skip

    def cut_trips(self) -> dict[str, Estimate]:
        """Figures of vehicles whose trip a change cuts."""
        cut = [mask for _, _, mask in self.cut_pairs]
        present = [trial.answers >= 0 for trial, _ in self._trials]
        n, vehicles = sum(int(mask.sum()) for mask in cut), self._vehicles(cut)
        linked = known = 0
        chance = 0.0
        for (trips, trial, mask), choice in zip(self.cut_pairs, self.choices, strict=True):
            asked = np.isin(trips.vehicles, trial.vehicles[mask])
            linked += int(np.count_nonzero(trips.rank[asked] <= 1))
            known += int(np.count_nonzero(trial.ranks[choice.adversary][mask] <= 1))
            chance += np.count_nonzero(asked) / max(trips.candidates, 1)
        everybody = self._chance(1, [int(mask.sum()) for mask in cut]) if n else None
        return {
            "cut": share_of_cases(
                n, sum(int(mask.sum()) for mask in present), self._vehicles(present),
                method="vehicles present in both whose trip the change cuts",
            ),
            "continuity": share_of_cases(
                linked, n, vehicles, baseline=float(chance / n) if n else None,
                method="new pseudonym is the likeliest continuation of the trip",
            ),
            "cut_success": share_of_cases(
                known, n, vehicles, baseline=everybody,
                method="new pseudonym first by its profile, where the change cuts a trip",
            ),
        }  # fmt: skip


def _cases(vehicles: Sequence[np.ndarray]) -> tuple[int, int]:
    """Count cases, and the different vehicles among them."""
    every = np.concatenate([*vehicles, np.zeros(0, np.int32)])
    return len(every), len(np.unique(every))
