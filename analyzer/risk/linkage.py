"""Linkage: whether a vehicle is known again under another pseudonym."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.risk.continuity import CutTrips, link_cut_trips, moves_in_part
from analyzer.risk.draw import check_draw
from analyzer.risk.linkage_result import (
    RANKS,
    DaysLinked,
    Linkage,
    RotationLinkage,
    Tried,
    median_of_ranks,
    share_of_cases,
)
from analyzer.risk.profiles import PLACE, Counts, check_keys, count_in_part, gather_counts
from analyzer.risk.profiles import make_profiles as _make
from analyzer.risk.rotation import (
    ADVERSARIES,
    HALVES,
    Assigned,
    Choice,
    History,
    Name,
    Pair,
    Trial,
    first_days,
    halves,
    link,
    pairs_of,
    refuse_too_much,
    rotation_hours,
    spread,
)
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS, parse_duration

SHORTER = (1, 3, 7, 14, 28)
"""Days of data that are tried beside the whole period, as far as they are fewer."""

SUCCESS = "new pseudonym among the {k} best of the adversary chosen on earlier periods"
OF_ONE = "new pseudonym among the {k} best"


def measure_linkage(
    sightings: Sightings,
    rotation: str = "7D",
    other: Sightings | pd.DataFrame | str | Path | None = None,
    seed: int = 0,
    *,
    sample: int | None = None,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Linkage:
    """Measure how often vehicles are known again after their pseudonyms were changed.

    Every vehicle gets a new pseudonym in each rotation period. Profiles of the pseudonyms of
    adjacent periods are matched; the link succeeds at rank k if the right pseudonym is among the k
    best candidates.

    Parameters
    ----------
    sightings : Sightings
        The population.
    rotation : str
        How long a pseudonym lasts: ``"1D"``, ``"7D"``, ``"30D"``. Periods begin at local midnight,
        those of seven days on Mondays, other ones of several days count from Monday 5 January
        1970. Means nothing with `other`.
    other : Sightings, pandas.DataFrame or path, optional
        What the sightings are joined with instead: a second release (sightings or a store), or the
        trace of one traveller (a frame or a CSV file with ``seen_at``, ``lat``, ``lon``).
    seed : int
        Of the pseudonyms' order, which decides ties, and of the draw of targets.
    sample : int, optional
        Number of vehicles drawn as targets in each pair of periods; all by default. They are
        matched with all candidates either way.
    engine, memory
        Where the work runs, and how much may be held at once.

    Returns
    -------
    Linkage
        A `RotationLinkage`; with `other` a `ReleaseLinkage` or a `TraceLinkage`.

    Raises
    ------
    UsageError
        If an argument is not of its kind.
    TooMuchWorkError
        If the matching would take hours; the message says what to ask instead.

    Notes
    -----
    The adversaries are all pairs of a grain (`analyzer.risk.profiles.GRAINS`) and a matcher
    (`analyzer.risk.profile_weights.MATCHERS`). For each pair of periods the one that counts is
    chosen on earlier pairs; see `analyzer.risk.rotation`. Of more than twelve pairs, twelve are
    measured, spread over the data. Vehicles with a trip that the change cuts are counted apart.

    Two adjacent periods of the whole population, reduced to one count for each vehicle, place and
    hour, are held at once.

    References
    ----------
    Naini, F. M., Unnikrishnan, J., Thiran, P., Vetterli, M. (2016). Where you are is who you are:
    user identification by matching statistics. IEEE Transactions on Information Forensics and
    Security 11(2), 358–372. doi:10.1109/TIFS.2015.2498131

    Tournier, A., de Montjoye, Y.-A. (2022). Expanding the attack surface: robust profiling attacks
    threaten the privacy of sparse behavioral data. Science Advances 8(33), eabl6464.
    doi:10.1126/sciadv.abl6464

    Examples
    --------
    Three vehicles, each with a camera of its own, for two weeks.

    >>> from analyzer.sightings import from_arrays
    >>> days = np.arange(4, 18)
    >>> three = from_arrays(np.repeat(range(3), 14), np.tile(days * DAY_MS + 8 * HOUR_MS, 3),
    ...                     np.repeat(range(3), 14))
    >>> linkage = measure_linkage(three, rotation="7D")
    >>> linkage.success[1].value, round(linkage.success[1].baseline, 3)
    (1.0, 0.333)
    """
    check_draw(sample, seed)
    runner = get_engine(engine, memory)
    if other is not None:
        raise UsageError("other: joining two releases, or a trace, is not available yet")
    hours = rotation_hours(rotation)
    first, last = (int(sightings.clock.local(np.array([end]))[0]) for end in sightings.span_ms)
    every_pair = pairs_of(first, last, hours)
    pairs = spread(every_pair)
    days = [float(fewer) for fewer in SHORTER if fewer * 24 < hours] + [hours / 24]
    tallies = {length: Tally(sightings.n_codes) for length in days}
    for pair in pairs:
        counts = _count(sightings, runner, pair, len(sightings.camera_table))
        cut = _cut(sightings, runner, pair)
        if pair is pairs[0]:
            wanted = first_days(pair, days[-1])
            old, new = (_make(counts, side, PLACE, period=0, seed=0) for side in wanted)
            repeats = len(days) * len(pairs) + 1
            refuse_too_much(old, new, repeats, rotation=rotation, sampled=sample is not None)
        for length, tally in tallies.items():
            # Only the whole period borders on the change; the first days of two do not.
            apart = cut if length == days[-1] else None
            _measure_pair(runner, counts, pair, length, tally, apart, int(seed), sample)
    by_days = tuple(
        DaysLinked(length, tally.success(), tally.absent(), tally.tried())
        for length, tally in tallies.items()
    )
    whole = tallies[days[-1]]
    return RotationLinkage(
        rotation=rotation,
        success=by_days[-1].success,
        median_rank=whole.median_rank(),
        **whole.assignments(),
        absent=by_days[-1].absent,
        **whole.cut_trips(),
        tried=by_days[-1].tried,
        by_days=by_days,
        chosen=tuple(", ".join(choice.adversary) for choice in whole.choices),
        chosen_on=tuple(choice.chosen_on for choice in whole.choices),
        pairs=len(pairs),
        pairs_there=len(every_pair),
        candidates=int(np.median(whole.candidates)) if pairs else 0,
        vehicles=sightings.n_vehicles,
        sample=sample,
        seed=int(seed),
        data_days=last // DAY_MS - first // DAY_MS + 1,
        synthetic=sightings.synthetic,
    )


def _count(sightings: Sightings, engine: Engine, pair: Pair, n_cameras: int) -> Counts:
    hours = pair.ends - pair.begins
    check_keys(n_cameras, hours)
    shared = {
        "places": np.arange(n_cameras),
        "first_hour": pair.begins,
        "hours": hours,
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
    }
    frames = engine.map(sightings.parts(), count_in_part, shared)
    return gather_counts(frames, pair.begins, hours)


def _cut(sightings: Sightings, engine: Engine, pair: Pair) -> CutTrips:
    max_gap = parse_duration(DEFAULT_MAX_GAP)
    n_cameras = len(sightings.camera_table)
    begins, change, ends = (
        sightings.clock.utc(hour * HOUR_MS) for hour in (pair.begins, pair.change, pair.ends)
    )
    shared = {
        "begins": begins, "change": change, "ends": ends, "max_gap": max_gap,
        "n_cameras": n_cameras,
    }  # fmt: skip
    return link_cut_trips(
        engine.map(sightings.parts(), moves_in_part, shared), max_gap, n_cameras
    )


def _measure_pair(
    engine: Engine, counts: Counts, pair: Pair, days: float, tally: Tally,
    cut: CutTrips | None, seed: int, sample: int | None,
) -> None:  # fmt: skip
    sides = first_days(pair, days)
    choice = tally.history.choose()
    if not tally.history.trials:
        choice = _choose_within(engine, counts, pair, sides[0], seed, sample) or choice
    trial, assigned = link(
        engine, counts, counts, sides, period=pair.number, seed=seed, sample=sample, chosen=choice
    )
    tally.add(trial, choice, assigned, cut)


def _choose_within(
    engine: Engine, counts: Counts, pair: Pair, side: np.ndarray, seed: int, sample: int | None
) -> Choice | None:
    """Choose on the odd and even days of the earlier period, where pseudonyms do not change."""
    seen = np.flatnonzero(side)
    parts = halves(0, len(seen)) if len(seen) else None
    if parts is None:
        return None
    masks = []
    for part in parts:
        mask = np.zeros(len(side), bool)
        mask[seen[part]] = True
        masks.append(mask)
    trial, _ = link(
        engine, counts, counts, (masks[0], masks[1]), period=pair.number, seed=seed, sample=sample
    )
    history = History()
    history.add(trial, trial.answers >= 0)
    choice = history.choose(HALVES)
    return choice if choice.chosen_on == HALVES else None


@dataclass
class Tally:
    """What the pairs of periods add up to, for profiles of so many days."""

    n_codes: int
    history: History = field(default_factory=History)
    choices: list[Choice] = field(default_factory=list)
    candidates: list[int] = field(default_factory=list)
    right: int = 0
    claimable: int = 0
    claimed: int = 0
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
            self.claimable += int(np.count_nonzero(counted))
            self.claimed += int(np.count_nonzero((assigned.claimed >= 0) & ~on_the_road))
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
                self.claimed_right, self.claimed, min(self.claimed, self.n_codes), baseline=chance,
                method=f"right {claims}, of all of them, absent vehicles included",
            ),
            "recall": share_of_cases(
                self.claimed_right, self.claimable, min(self.claimable, vehicles), baseline=chance,
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
