"""What a search for companions gives: pairs, groups, the graph, and what they rest on.

The tables are per vehicle and so internal; the summary speaks of the population.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.patterns.chance import Chance
from analyzer.patterns.judgement import CERTAIN_FDR
from analyzer.patterns.pairs import Terms
from analyzer.result import Result, as_table
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, format_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from networkx import Graph


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
        return as_table(
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
        digits = 1 if self.chance.weight < 10 else 0
        lines.append(
            f"Chance: {self.chance.shifts} shifts by {kind}, worth {self.chance.worth:.1f} "
            f"repetitions of the data; traffic weighs as much as "
            f"{self.chance.weight:,.{digits}f}."
            if self.chance.shifts
            else "A single day cannot tell habit from company: only traffic was accounted for."
        )
        return "\n".join(lines)

    @property
    def _weekly(self) -> bool:
        first, last = self.sightings.span_ms
        return last - first >= 27 * DAY_MS

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
