"""Companions: pairs of vehicles that travel together more than chance explains, and their convoys.

Joint journeys are counted for all pairs (`encounters`), chance is worked out from habit (`habit`)
and traffic (`traffic`, `chance`), and Benjamini–Hochberg corrects for the number of pairs that
could have been found. The tables are per vehicle and so internal; the summary speaks of the
population.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.patterns.chance import Chance, adjust
from analyzer.patterns.cotravel import CoTravel
from analyzer.patterns.judgement import CERTAIN_FDR, judge_pairs
from analyzer.patterns.pairs import Terms
from analyzer.result import Result
from analyzer.schema import Rows
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import DAY_MS, HOUR_MS, format_duration, parse_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from networkx import Graph


MAX_WITHIN_MS = 6 * HOUR_MS

MAX_ENCOUNTERS = 2_000_000_000
"""Encounters that are looked at without asking: some minutes."""

FEW_ENCOUNTERS = 5_000_000
"""Up to here, pairs with one joint journey are judged as well."""


@dataclass(frozen=True)
class Companions(Result):
    """Pairs of vehicles that travel together, with what chance would give them.

    Attributes
    ----------
    sightings : Sightings
        What was seen.
    rows : Rows
        The pairs by vehicle code; see `pairs`.
    chance : Chance
        The model of chance: κ (``weight``) and S (``worth``, of so many ``shifts``).
    tests : int
        Number of pairs that could have been found.
    travellers : int
        Vehicles with a trip at enough cameras.
    by_journeys : numpy.ndarray of int64
        How many pairs have 0 (not counted), 1, 2, … joint journeys.
    terms : Terms
        What makes an encounter and a joint journey.
    max_fdr : float
        Largest q-value listed.
    at_camera : numpy.ndarray of int64, shape (cameras,)
        Encounters of the listed pairs by camera; see `cameras`.
    of : str or None
        The vehicle that was asked about.
    """

    sightings: Sightings
    rows: Rows = field(repr=False)
    chance: Chance
    tests: int
    travellers: int
    by_journeys: np.ndarray = field(repr=False)
    terms: Terms
    max_fdr: float
    at_camera: np.ndarray = field(repr=False)
    of: str | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.rows["vehicle_a"])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """One row a pair, by q-value.

        ``vehicle_a``, ``vehicle_b`` (the vehicle seen first in the data is a), ``encounters``,
        ``journeys``, ``expected`` (under chance), ``traffic`` (τ), ``shifted`` (Σh), ``repeats``
        (S), ``p_value``, ``q_value``; expected = (κ·traffic + shifted) / (κ + repeats).

        ``p_value`` is not the tail of ``journeys`` under ``expected`` alone: it is the
        negative-binomial tail at the level of closeness that tells most, times the number of
        levels, and at most 1. The other columns count journeys of any closeness.
        """
        return pd.DataFrame(
            {
                **self.rows,
                "vehicle_a": self.sightings.vehicle_names(self.rows["vehicle_a"]),
                "vehicle_b": self.sightings.vehicle_names(self.rows["vehicle_b"]),
            }
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give the pairs as a table; see `pairs`."""
        return self.pairs.copy()

    @cached_property
    def graph(self) -> Graph:
        """The companions as a graph: vehicles, and pairs with their weight and evidence.

        Returns
        -------
        networkx.Graph
            Edges carry ``weight`` (joint journeys), ``journeys``, ``encounters``, ``expected``,
            ``p_value``, ``q_value``; vehicles the number of their ``group`` and ``community``.
        """
        import networkx

        graph = networkx.Graph()
        for table, number in ((self.groups, "group"), (self.communities, "community")):
            for of, names in zip(table[number], table["vehicles"], strict=True):
                for name in names:
                    graph.add_node(name, **{number: of})
        for pair in self.pairs.to_dict("records"):
            a, b = pair.pop("vehicle_a"), pair.pop("vehicle_b")
            graph.add_edge(a, b, weight=pair["journeys"], **pair)
        return graph

    @cached_property
    def _group_of(self) -> dict[int, int]:
        # The smallest code of a group is its root, so groups do not depend on the order of pairs.
        root: dict[int, int] = {}

        def find(code: int) -> int:
            while root.setdefault(code, code) != code:
                root[code] = root[root[code]]
                code = root[code]
            return code

        for a, b in zip(
            self.rows["vehicle_a"].tolist(), self.rows["vehicle_b"].tolist(), strict=True
        ):
            low, high = sorted((find(a), find(b)))
            root[high] = low
        return {code: find(code) for code in root}

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Connected groups of companions, largest first; three or more vehicles are a convoy.

        ``group`` (number), ``size`` (vehicles), ``vehicles`` (names), ``pairs``, ``journeys`` (sum
        over its pairs).
        """
        members = pd.DataFrame(
            {"code": list(self._group_of), "root": list(self._group_of.values())}, dtype=np.int64
        ).sort_values(["root", "code"])
        edges = pd.DataFrame(
            {
                "root": [self._group_of[code] for code in self.rows["vehicle_a"].tolist()],
                "journeys": self.rows["journeys"],
            }
        ).astype({"root": np.int64})
        members["name"] = self.sightings.vehicle_names(members["code"].to_numpy())
        groups = pd.DataFrame(
            {
                "size": members.groupby("root")["code"].size(),
                "vehicles": members.groupby("root")["name"].agg(tuple),
                "pairs": edges.groupby("root").size(),
                "journeys": edges.groupby("root")["journeys"].sum(),
            }
        ).rename_axis("root")
        groups = groups.reset_index().sort_values(["size", "root"], ascending=[False, True])
        groups.insert(0, "group", np.arange(len(groups)))
        return groups.drop(columns="root").reset_index(drop=True)

    @cached_property
    def communities(self) -> pd.DataFrame:
        """Communities within the groups: who travels with each other more than with the rest.

        Louvain's method with joint journeys as weights; the order of pairs and the key do not
        matter. ``community`` (number), ``size``, ``vehicles`` (names), ``group`` (number).

        References
        ----------
        Blondel, V. D., Guillaume, J.-L., Lambiotte, R., Lefebvre, E. (2008). Fast unfolding of
        communities in large networks. Journal of Statistical Mechanics, P10008.
        doi:10.1088/1742-5468/2008/10/P10008
        """
        import networkx

        graph = networkx.Graph()
        a, b = self.rows["vehicle_a"], self.rows["vehicle_b"]
        graph.add_nodes_from(sorted(self._group_of))
        order = np.lexsort((b, a))
        graph.add_weighted_edges_from(
            zip(a[order].tolist(), b[order].tolist(), self.rows["journeys"][order].tolist(),
                strict=True)
        )  # fmt: skip
        found = networkx.community.louvain_communities(graph, seed=0) if len(a) else []
        members = sorted((sorted(codes) for codes in found), key=lambda codes: (-len(codes), codes))
        group = {
            name: number
            for number, names in zip(self.groups["group"], self.groups["vehicles"], strict=True)
            for name in names
        }
        vehicles = [tuple(self.sightings.vehicle_names(np.array(codes))) for codes in members]
        return pd.DataFrame(
            {
                "community": np.arange(len(members)),
                "size": np.array([len(codes) for codes in members], np.int64),
                "vehicles": pd.Series(vehicles, dtype=object),
                "group": np.array([group[names[0]] for names in vehicles], np.int64),
            }
        )

    @cached_property
    def cameras(self) -> pd.DataFrame:
        """Role of the cameras: how much of the evidence each of them carries, most first.

        ``camera``, ``encounters`` (of the listed pairs, there) and ``share`` of all those
        encounters.
        """
        order = np.lexsort((np.arange(len(self.at_camera)), -self.at_camera))
        order = order[self.at_camera[order] > 0]
        met = self.at_camera[order]
        return pd.DataFrame(
            {
                "camera": self.sightings.camera_names(order),
                "encounters": met,
                "share": met / max(int(met.sum()), 1),
            }
        )

    def summary(self) -> str:
        """Tell how many pairs travel together, out of how many, and what that can show."""
        met = int(self.by_journeys[1:].sum())
        possible = f"{self.tests:,} possible pair{'s' * (self.tests != 1)}"
        if self.of is not None:
            possible += " of the vehicle asked about"
        once = int(self.by_journeys[1]) if len(self.by_journeys) > 1 else 0
        lines = [
            f"{met:,} of {possible} made a joint journey (encounters within "
            f"{format_duration(self.terms.within)} at {self.terms.min_cameras} cameras or more); "
            f"{once:,} of them made just one."
        ]
        if self.max_fdr >= 1:
            significant = int((self.rows["q_value"] <= CERTAIN_FDR).sum())
            lines.append(
                f"All of them are listed; {significant:,} travel together more than chance "
                f"explains (false discovery rate {CERTAIN_FDR:.0%})."
            )
        else:
            sizes = self.groups["size"].to_numpy()
            lines.append(
                f"{len(self):,} pairs travel together more than habit and traffic explain "
                f"(at most {100 * self.max_fdr:.3g} % of them expected to be false); "
                f"{int((sizes > 2).sum()):,} connected groups have three vehicles or more."
            )
        lines.append(
            "One joint journey is rarely evidence: among so many possible pairs somebody is always "
            "just behind somebody."
            if self.tests > 20
            else "Few pairs were possible here, so little can be said."
        )
        kind = "weeks" if self.chance.shifts and self._weekly else "days of the same kind"
        lines.append(
            f"Chance: {self.chance.shifts} shifts by {kind}, worth {self.chance.worth:.1f} "
            f"repetitions of the data; traffic weighs as much as {self.chance.weight:.2g}."
            if self.chance.shifts
            else "A single day cannot tell habit from company: only traffic was accounted for."
        )
        return "\n".join(lines)

    @property
    def _weekly(self) -> bool:
        first, last = self.sightings.span_ms
        return last - first >= 27 * 24 * HOUR_MS

    def plot(self) -> Axes:
        """Draw how many pairs made so many joint journeys, all and those found."""
        from analyzer.charts import new_axes

        axes = new_axes()
        longest = max(len(self.by_journeys), 2)
        found = np.bincount(
            self.rows["journeys"][self.rows["q_value"] <= min(self.max_fdr, CERTAIN_FDR)],
            minlength=longest,
        )
        counts = np.zeros(longest, np.int64)
        counts[: len(self.by_journeys)] = self.by_journeys
        axes.bar(np.arange(1, longest), counts[1:], color="0.75", label="all pairs that met")
        axes.bar(np.arange(1, longest), found[1:longest], label="more than chance explains")
        axes.set(xlabel="joint journeys of a pair", ylabel="pairs", yscale="symlog", ylim=(0, None))
        axes.legend()
        return axes

    def score(self, truth: Any, max_fdr: float = 1.0) -> Any:
        """Compare with the known companions of a synthetic region.

        Parameters
        ----------
        truth : object
            With a table ``companions``; see `analyzer.scoring.companions.score_companions`.
        max_fdr : float
            Score the pairs listed with a q-value up to this. Where every pair is listed (a search
            with ``max_fdr=1``), what an oracle would find stands beside the score.

        Returns
        -------
        Score
        """
        from analyzer.scoring.companions import score_companions

        found = self.pairs[self.pairs["q_value"] <= max_fdr]
        met = self.pairs if self.max_fdr >= 1 and self.of is None else None
        return score_companions(found, truth, self.sightings.vehicles, met)


def find_companions(
    sightings: Sightings,
    within: str = "2min",
    min_cameras: int = 2,
    max_fdr: float = 0.05,
    of: str | None = None,
    *,
    max_gap: str = "45min",
    max_encounters: int = MAX_ENCOUNTERS,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    seed: int = 0,
) -> Companions:
    """Find companions: pairs of vehicles with more joint journeys than habit and traffic explain.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    within : str
        Longest time between the two sightings of an encounter (inclusive).
    min_cameras : int
        Distinct cameras at which a joint journey's encounters lie; two at least.
    max_fdr : float
        List pairs with a q-value up to this; 1 lists every pair with a joint journey.
    of : str, optional
        Name of one vehicle chosen beforehand: only its pairs are tested and listed.
    max_gap : str
        Longest gap between consecutive encounters of a joint journey (inclusive).
    max_encounters : int
        Refuse to begin where there are more encounters than this; they are counted first.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        Bound on memory, such as ``"4GB"``.
    seed : int
        Which vehicles are probed when chance is fitted on a sample of them.

    Returns
    -------
    Companions

    Raises
    ------
    UsageError
        If an option makes no sense, or there is no vehicle `of`.
    TooMuchWorkError
        If there are more encounters than `max_encounters`.

    Notes
    -----
    With J the joint journeys of a pair, Σh those of its shifted data (`habit`), τ its traffic
    (`traffic`), S what the shifts are worth and κ the weight of traffic (`chance`): expected =
    (κτ + Σh) / (κ + S), and chance gives P(X ≥ J), X negative binomial of size κτ + Σh (less
    where platoons favour pairs unequally) with that mean. The same is asked of the joint journeys
    that reach each of up to four levels of closeness (`closeness`), with a κ and S of its own; the
    p-value is the smallest of these tails times the number of levels (Bonferroni). Where fewer than
    half of the joint journeys survive a shift (S below half the number of shifts), as tight
    platoons have it, each tail is at least that of the traffic alone, scattered as joint journeys
    are in the data; little is found there. Tests are all unordered pairs of vehicles that have a
    trip at `min_cameras` cameras; pairs that never met have p = 1. Companions found are left out of
    the traffic, and chance is measured again. With more than five million encounters, a single
    joint journey counts as none unless `max_fdr` is 1 or the vehicle was asked about: among so many
    pairs it could not become significant.

    Examples
    --------
    >>> from analyzer.sightings import from_arrays
    >>> day = np.repeat(np.arange(28) * 86_400_000, 2)
    >>> minutes = np.tile([0, 5], 28) * 60_000
    >>> alone = day + minutes + 3_600_000 * (5 + np.repeat(np.arange(28) * 11 % 13, 2))
    >>> found = find_companions(from_arrays(
    ...     np.repeat([0, 1, 2], 56), np.concatenate([alone, alone + 30_000, day + minutes]),
    ...     np.tile([0, 1], 84)))
    >>> found.pairs[["vehicle_a", "vehicle_b", "encounters", "journeys"]].values.tolist()
    [['v0', 'v1', 56, 28]]
    """
    check_sightings(sightings)
    terms = Terms(
        parse_duration(within, name="within"),
        parse_duration(max_gap, name="max_gap"),
        _at_least_two(min_cameras),
    )
    if terms.within > MAX_WITHIN_MS:
        raise UsageError("within must be 6h or less; write for example '2min'")
    if terms.max_gap <= 0:
        raise UsageError("max_gap must be longer than zero; write for example '45min'")
    if not 0 < max_fdr <= 1:
        raise UsageError("max_fdr must lie above 0 and not above 1; write for example 0.05")
    code = None if of is None else sightings.vehicle_code(of)
    if not len(sightings):
        return _none(sightings, terms, max_fdr, of)
    passes = CoTravel(sightings, terms, get_engine(engine, memory=memory), seed)
    _refuse_too_many(passes.encounters, max_encounters, sightings, terms)
    travellers = passes.travellers
    # One joint journey among billions of pairs is no evidence, and would be most of the work.
    every = len(travellers) * (len(travellers) - 1) // 2
    least = 1 if max_fdr >= 1 or passes.encounters <= FEW_ENCOUNTERS else 2
    pairs, unlisted = passes.find_pairs(least, code)
    listed, tests = pairs.journeys > 0, every
    if code is not None:
        listed &= (pairs.a == code) | (pairs.b == code)
        tests = len(travellers) - 1 if code in travellers else 0
    asked = listed if code is not None else np.zeros(len(pairs), bool)
    judged = judge_pairs(passes, pairs, unlisted, every, max_fdr, asked)
    by_journeys = np.bincount(pairs.journeys[listed], minlength=2)
    if code is None:
        by_journeys[1] += unlisted.sum()
    q_values = np.ones(len(pairs))
    q_values[listed] = adjust(judged.p_values[listed], tests)
    listed &= (q_values <= max_fdr) & judged.judged
    chosen = np.flatnonzero(listed)
    order = np.lexsort((pairs.b[chosen], pairs.a[chosen], judged.p_values[chosen]))
    met, at_camera = passes.count_encounters(pairs.take(chosen))
    chosen = chosen[order]
    rows = {
        "vehicle_a": pairs.a[chosen],
        "vehicle_b": pairs.b[chosen],
        "encounters": met[order],
        "journeys": pairs.journeys[chosen],
        "expected": judged.expected[chosen],
        "traffic": judged.traffic[chosen],
        "shifted": judged.shifted[chosen],
        "repeats": judged.repeats[chosen],
        "p_value": judged.p_values[chosen],
        "q_value": q_values[chosen],
    }
    return Companions(
        sightings, rows, judged.model.levels[0], tests, len(travellers), by_journeys, terms,
        max_fdr, at_camera, of,
    )  # fmt: skip


def _at_least_two(min_cameras: int) -> int:
    if min_cameras != int(min_cameras) or min_cameras < 2:
        raise UsageError(
            "min_cameras must be 2 or more: vehicles that meet at a single camera are no pair"
        )
    return int(min_cameras)


def _refuse_too_many(
    encounters: int, max_encounters: int, sightings: Sightings, terms: Terms
) -> None:
    if encounters <= max_encounters:
        return
    first, last = sightings.span_ms
    share = max_encounters / encounters
    # Encounters grow with the span and with `within`, so the share says what to ask instead.
    days = max((last - first) / DAY_MS * share, 0.1)
    raise TooMuchWorkError(
        f"there are {encounters:,} encounters within {format_duration(terms.within)}, more than "
        f"max_encounters ({max_encounters:,}), and looking at them would take too long; ask for "
        f"about {days:.1f} days of the data with sightings.between(t0, t1), for "
        f"within='{max(int(terms.within * share / 1_000), 1)}s', or for max_encounters={encounters}"
        " if you can wait"
    )


def _none(
    sightings: Sightings, terms: Terms, max_fdr: float, of: str | None
) -> Companions:
    whole = ("vehicle_a", "vehicle_b", "encounters", "journeys")
    parts = ("expected", "traffic", "shifted", "repeats", "p_value", "q_value")
    rows: Rows = {name: np.empty(0, np.int64) for name in whole}
    rows.update({name: np.empty(0) for name in parts})
    return Companions(
        sightings, rows, Chance(1.0, 0.0, 0), 0, 0, np.zeros(2, np.int64), terms, max_fdr,
        np.zeros(0, np.int64), of,
    )  # fmt: skip
