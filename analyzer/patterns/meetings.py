"""Meetings: pairs of vehicles that stay at one place at one time more often than chance explains.

A second kind of link beside companions: who comes together from different sides. A stay is inferred
and its place known to within the distance of cameras only, so that on a busy square somebody always
arrives at the same time: habit and traffic are accounted for as for companions. The table is per
vehicle and so internal; the summary speaks of the population.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine, Part, get_engine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.patterns import habit
from analyzer.patterns.chance import Chance, adjust, fit_chance
from analyzer.patterns.cotravel_parts import is_probed
from analyzer.patterns.meeting_chance import count_chance
from analyzer.patterns.meeting_pairs import MetPairs, check_packing, kinds_of, pairs_of
from analyzer.patterns.meeting_spots import neighbouring_sites, visits_of_part
from analyzer.patterns.meeting_stays import load_of_spots, meetings_of_spots
from analyzer.result import Result, as_table
from analyzer.schema import Rows
from analyzer.units import DAY_MS, check_max_fdr, format_duration, parse_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.places import Places
    from analyzer.patterns.trips import Trips

MAX_WITHIN_MS = 12 * 3_600_000
PROBED_STAYS = 200_000
"""Stays, moved to other days, that are probed to find out what chance does."""

MAX_COMPARISONS = 5_000_000_000
"""More pairs of stays at one spot and time are not looked at: some ten seconds' work a billion."""

ROWS_A_BUCKET = 100_000
MAX_BUCKETS = 256


@dataclass(frozen=True)
class Meetings(Result):
    """Pairs of vehicles that meet, with what chance would give them.

    Attributes
    ----------
    trips : Trips
        Between which the stays lie.
    rows : Rows
        The pairs by vehicle code; see `pairs`.
    chance : Chance
        The model of chance; see `analyzer.patterns.companions.Companions`.
    tests : int
        Number of pairs that could have been found.
    by_meetings : numpy.ndarray of int64
        How many pairs met on 0 (not counted), 1, 2, … days.
    within : int
        Longest time between two arrivals (ms).
    max_fdr : float
        Largest q-value listed.
    """

    trips: Trips
    rows: Rows = field(repr=False)
    chance: Chance
    tests: int
    by_meetings: np.ndarray = field(repr=False)
    within: int
    max_fdr: float

    def __len__(self) -> int:
        return len(self.rows["vehicle_a"])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row a pair, by q-value.

        ``vehicle_a``, ``vehicle_b`` (the vehicle seen first in the data is a), ``meetings`` (days
        with one), ``expected`` (under chance), ``traffic`` (τ), ``shifted`` (Σh), ``p_value``,
        ``q_value``.
        """
        names = self.trips.sightings.vehicle_names
        return as_table(
            {
                **self.rows,
                "vehicle_a": names(self.rows["vehicle_a"]),
                "vehicle_b": names(self.rows["vehicle_b"]),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give the pairs as a table; see `pairs`."""
        return self.pairs.copy()

    def summary(self) -> str:
        """Tell how many pairs meet, out of how many, and what that can show."""
        met = int(self.by_meetings[1:].sum())
        return (
            f"{met:,} of {self.tests:,} possible pairs stayed at one spot after arriving within "
            f"{format_duration(self.within)} of each other from different sides; "
            f"{len(self):,} pairs are listed (at most {100 * self.max_fdr:.3g} % of them expected "
            "to be false).\nA spot is as wide as cameras stand apart, so most who stay at one "
            "never see each other: only meeting again and again is evidence."
        )

    def plot(self) -> Axes:
        """Draw how many pairs met on so many days."""
        from analyzer.charts import new_axes

        axes = new_axes()
        axes.bar(np.arange(1, len(self.by_meetings)), self.by_meetings[1:], color="0.75")
        axes.set(xlabel="days on which a pair met", ylabel="pairs", yscale="symlog", ylim=(0, None))
        return axes

    def score(self, truth: Any) -> Any:
        """Compare with visits of a known truth; see `analyzer.scoring.meetings.score_meetings`."""
        from analyzer.scoring.meetings import score_meetings

        return score_meetings(self.pairs, truth, self.trips.sightings.vehicles, self.within)


def find_meetings(
    trips: Trips,
    places: Places,
    within: str = "30min",
    max_fdr: float = 0.05,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    seed: int = 0,
) -> Meetings:
    """Find meetings: stays of two vehicles at one place and time, arriving from different sides.

    Parameters
    ----------
    trips : Trips
        From `find_trips`.
    places : Places
        From `find_places`, of the same trips: where each vehicle's home and work are.
    within : str
        Longest time between the two arrivals (inclusive).
    max_fdr : float
        List pairs with a q-value up to this; 1 lists every pair that met.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.
    seed : int
        Which vehicles are probed when chance is fitted.

    Returns
    -------
    Meetings

    Raises
    ------
    UsageError
        If an option makes no sense, or the places are of other trips.
    TooMuchWorkError
        If more than `MAX_COMPARISONS` pairs of stays would have to be compared.

    Notes
    -----
    Both are last seen at one camera site, coming from different ones, or at neighbouring sites (one
    among the eight nearest of the other) with guesses of the place no farther apart than their
    scale (`analyzer.patterns.meeting_spots`). Meetings of one day count once. Σh counts the
    meetings that there would be had one of the two come on another day of the same kind; τ is the
    pair's opportunities (stays of both at one spot from different sides, whenever) times the rate
    of meetings per opportunity in the data, the pair's own left out.
    expected = (κτ + Σh) / (κ + S), with a negative-binomial tail (`analyzer.patterns.chance`);
    tests are all pairs of vehicles with a stay that may be a meeting.

    References
    ----------
    Benjamini, Y., Hochberg, Y. (1995). Controlling the false discovery rate: a practical and
    powerful approach to multiple testing. Journal of the Royal Statistical Society B 57, 289–300.
    doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> from analyzer.patterns.places import find_places
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> trips = find_trips(from_arrays([0, 0, 1, 1], [0, 7_200_000] * 2, [0, 0, 1, 1]))
    >>> len(find_meetings(trips, find_places(trips)))
    0
    """
    arrival = parse_duration(within, name="within")
    if not 0 < arrival <= MAX_WITHIN_MS:
        raise UsageError("within must be above zero and not above 12h; write for example '30min'")
    check_max_fdr(max_fdr)
    if places.trips is not trips and places.trips != trips:
        raise UsageError("the places are of other trips; find them with find_places(trips)")
    if not len(trips):
        return _none(trips, arrival, max_fdr)
    runner = get_engine(engine, memory=memory)
    sightings = trips.sightings
    ends = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    calendar = habit.shift_calendar(int(ends[0]), int(ends[1]))
    neighbour_starts, neighbours = neighbouring_sites(trips.plane)
    shifts = int(calendar.sizes.min() if calendar.weekly else calendar.sizes.max()) - 1
    share = PROBED_STAYS / max(shifts, 1) / max(len(trips), 1)
    broadcast: dict[str, Any] = {
        "plane": trips.plane, "within": np.array([arrival]),
        "neighbour_starts": neighbour_starts, "neighbours": neighbours,
        "kind": calendar.kind, "first_day": np.array([calendar.first_day]),
        "seed": np.array([seed]), "probed_share": np.array([share]),
        "n_codes": np.array([sightings.n_codes]),
    }  # fmt: skip
    check_packing(sightings.n_codes, len(calendar.kind))
    buckets = max(1, min(-(-len(trips) // ROWS_A_BUCKET), MAX_BUCKETS))
    spots = runner.exchange(places.stay_parts, visits_of_part, "spot", buckets, broadcast)
    if not spots:
        return _none(trips, arrival, max_fdr)
    vehicles, there = _load(spots, broadcast, runner)
    _check_comparisons(there["comparisons"], arrival)
    every, with_all = float(there["every"]), float(there["of_probed"])
    pairs = _find_pairs(spots, broadcast, runner)
    # They may stand on disk, and are not asked for again.
    del spots
    counts = count_chance(pairs, places.stay_parts, there["stays"], broadcast, runner)
    kinds = kinds_of(pairs.met, *counts)
    # Beside what others had, one meeting in as many opportunities as it takes where arrivals are
    # spread over half of each day: without others, the rate is neither zero nor one.
    usual_of_one = max(len(calendar.kind) * DAY_MS / 2 / (2 * arrival), 1.0)
    rate = (kinds.meetings - kinds.met + 1.0) / (every - kinds.opportunities + usual_of_one)
    traffic, whole = kinds.opportunities * rate, np.ones(len(kinds))
    times = pairs.times_chosen(is_probed(np.arange(sightings.n_codes), broadcast))
    of_probed = traffic[kinds.of]
    of_probed *= times
    rest = with_all * (kinds.meetings + 1.0) / (every + usual_of_one) - float(of_probed.sum())
    del of_probed
    usual = kinds.of[np.repeat(np.flatnonzero(times), times[times > 0])]
    chance = fit_chance(
        kinds.met[usual], kinds.shifted[usual], traffic[usual], whole[usual], max(rest, 0.0),
        shifts,
    )  # fmt: skip
    p_values = chance.tail(kinds.met, traffic, kinds.shifted, whole)
    tests = vehicles * (vehicles - 1) // 2
    real = kinds.met > 0
    q_values = np.ones(len(kinds))
    q_values[real] = adjust(p_values[real], tests, kinds.pairs[real])
    chosen = np.flatnonzero((real & (q_values <= max_fdr))[kinds.of])
    kind = kinds.of[chosen]
    pairs_a, pairs_b = pairs.first_of(chosen), pairs.second[chosen].astype(np.int64)
    # Pairs stand by their vehicles, and keep that order.
    order = np.argsort(p_values[kind], kind="stable")
    of_kind = {
        "meetings": kinds.met,
        "expected": chance.expected(traffic, kinds.shifted, whole),
        "traffic": traffic,
        "shifted": kinds.shifted,
        "p_value": p_values,
        "q_value": q_values,
    }
    rows = {"vehicle_a": pairs_a[order], "vehicle_b": pairs_b[order]}
    rows |= {name: column[kind[order]] for name, column in of_kind.items()}
    return Meetings(trips, rows, chance, tests, kinds.by_meetings, arrival, max_fdr)


def _load(
    spots: list[Part], broadcast: dict[str, Any], engine: Engine
) -> tuple[int, dict[str, int]]:
    """Count the vehicles that may meet, and what there is at all spots (`load_of_spots`)."""
    present = np.zeros(int(broadcast["n_codes"][0]), bool)
    there = dict.fromkeys(("stays", "comparisons", "every", "of_probed"), 0)
    for load in engine.map(spots, load_of_spots, broadcast):
        present[load["vehicle"]] = True
        for name in there:
            there[name] += int(load[name].sum())
    return int(present.sum()), there


def _find_pairs(spots: list[Part], broadcast: dict[str, Any], engine: Engine) -> MetPairs:
    n_codes, n_days = int(broadcast["n_codes"][0]), len(broadcast["kind"])
    found = engine.map(spots, meetings_of_spots, broadcast)
    return pairs_of([rows.pop("meeting") for rows in found], n_codes, n_days)


def _check_comparisons(comparisons: int, within: int) -> None:
    if comparisons <= MAX_COMPARISONS:
        return
    share = MAX_COMPARISONS / comparisons
    raise TooMuchWorkError(
        f"{comparisons:,} pairs of stays at one spot lie within {format_duration(within)}, more "
        f"than can be looked at ({MAX_COMPARISONS:,}); ask for a shorter time, about "
        f"within='{max(int(within * share / 1_000), 1)}s', or for about {share:.0%} of the days "
        "with sightings.between(t0, t1)"
    )


def _none(trips: Trips, within: int, max_fdr: float) -> Meetings:
    rows: Rows = {name: np.empty(0, np.int64) for name in ("vehicle_a", "vehicle_b", "meetings")}
    rows |= {name: np.empty(0) for name in ("expected", "traffic")}
    rows |= {"shifted": np.empty(0, np.int64), "p_value": np.empty(0), "q_value": np.empty(0)}
    return Meetings(trips, rows, Chance(1.0, 0.0, 0), 0, np.zeros(2, np.int64), within, max_fdr)
