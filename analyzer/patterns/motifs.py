"""Motifs: the graph of the places that a vehicle visits in one day.

The places of a day are the nodes, the ways between them the edges; two days have the same motif if
their graphs are the same but for the names of the places (Schneider et al. 2013). A day runs from
three at night to three at night, so that an evening out belongs to its day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.patterns.placing import SETTLED_HOURS
from analyzer.result import Result, as_table
from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analyzer.patterns.places import Places

DAY_BEGINS_MS = 3 * HOUR_MS
"""Local hour at which a day of a motif begins."""

MAX_NODES = 6
"""Days with more places than this are counted together: few share a motif."""

MORE = -1
"""Code of a day with more than `MAX_NODES` places."""

UNSEEN = -2
"""Code of a day of which too much went unseen."""

OFTEN = 0.005
"""Share of the days from which on a graph is a motif, as in Schneider et al. (2013)."""


@numba.njit(cache=True, nogil=True)
def day_graphs(
    vehicle: np.ndarray, start: np.ndarray, end: np.ndarray, place: np.ndarray, longest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code the graph of the places of each vehicle and whole day.

    Parameters
    ----------
    vehicle : numpy.ndarray of int, shape (stays,)
        Vehicle of each stay; stays sorted by vehicle and start.
    start, end : numpy.ndarray of int64, shape (stays,)
        Local milliseconds.
    place : numpy.ndarray of int, shape (stays,)
        Place number within the vehicle; -1 is a place of its own, visited this once.
    longest : int
        In a stay longer than this (ms) too much can have gone unseen.

    Returns
    -------
    vehicle, day : numpy.ndarray of int64, shape (days,)
        Only days that lie wholly between the first and the last stay of the vehicle.
    code : numpy.ndarray of int64, shape (days,)
        Places numbered in the order in which they were first visited that day; bit ``6 i + j`` is
        set if the vehicle went from *i* to *j*, bits 36 and up hold the number of places. `MORE`
        for more than six places, `UNSEEN` for a day within a stay that is too long.

    Examples
    --------
    >>> hours = HOUR_MS * np.array([0, 8, 18, 48])
    >>> _, _, code = day_graphs(
    ...     np.zeros(3, int), hours[:3], hours[1:], np.array([0, 1, 0]), 120 * HOUR_MS)
    >>> [(int(c) >> 36, bin(int(c) & (1 << 36) - 1)) for c in code]
    [(2, '0b1000010')]
    """
    rows = 0
    for i in range(len(vehicle)):
        rows += 1 + (end[i] - start[i]) // DAY_MS
    of, number, code = np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.int64)
    found, first = 0, 0
    node = np.empty(MAX_NODES, np.int64)
    while first < len(vehicle):
        last = first
        while last + 1 < len(vehicle) and vehicle[last + 1] == vehicle[first]:
            last += 1
        day = -((DAY_BEGINS_MS - start[first]) // DAY_MS)
        row = first
        while (day + 1) * DAY_MS + DAY_BEGINS_MS <= end[last]:
            begins, ends = day * DAY_MS + DAY_BEGINS_MS, (day + 1) * DAY_MS + DAY_BEGINS_MS
            while end[row] <= begins and row < last:
                row += 1
            nodes, edges, at, i = 0, 0, -1, row
            while i <= last and start[i] < ends and nodes >= 0:
                if end[i] - start[i] > longest:
                    nodes = UNSEEN
                    break
                this = -1
                for k in range(nodes):
                    if place[i] >= 0 and node[k] == place[i]:
                        this = k
                if this < 0:
                    if nodes == MAX_NODES:
                        nodes = MORE
                        break
                    node[nodes] = place[i]
                    this = nodes
                    nodes += 1
                if at >= 0 and at != this:
                    edges |= 1 << (MAX_NODES * at + this)
                at = this
                i += 1
            of[found], number[found] = vehicle[first], day
            code[found] = nodes if nodes < 0 else nodes << (MAX_NODES * MAX_NODES) | edges
            if nodes != 0:
                found += 1
            day += 1
        first = last + 1
    return of[:found].copy(), number[:found].copy(), code[:found].copy()


@lru_cache(maxsize=100_000)
def canonical(code: int) -> int:
    """Give the smallest code of any graph that is the same but for the order of its nodes.

    Examples
    --------
    >>> there_and_back, other = 1 << 1 | 1 << 6, 1 << 1 | 1 << 12
    >>> canonical(2 << 36 | there_and_back) == 2 << 36 | there_and_back
    True
    """
    if code < 0:
        return code
    nodes, edges = code >> MAX_NODES**2, graph_edges(code)
    smallest = min(
        sum(1 << MAX_NODES * order[a] + order[b] for a, b in edges)
        for order in permutations(range(nodes))
    )
    return nodes << MAX_NODES**2 | smallest


def graph_edges(code: int) -> list[tuple[int, int]]:
    """List the edges of a coded graph."""
    return [
        divmod(bit, MAX_NODES) for bit in range(MAX_NODES**2) if code >= 0 and code >> bit & 1
    ]


def motif_name(code: int) -> str:
    """Write a motif as places and ways: ``"A>B B>A"``; ``"A"`` is a day at one place.

    Examples
    --------
    >>> motif_name(2 << 36 | 1 << 1 | 1 << 6)
    'A>B B>A'
    """
    if code < 0:
        return f"more than {MAX_NODES} places"
    edges = [f"{'ABCDEF'[a]}>{'ABCDEF'[b]}" for a, b in graph_edges(code)]
    return " ".join(edges) or "A"


def motifs_of_part(stays: Rows, broadcast: dict[str, Any]) -> Rows:
    """Count the days of each vehicle of one part by motif.

    Parameters
    ----------
    stays : Rows
        As `analyzer.patterns.placing.placed_stays_of_part` makes them.
    broadcast : dict
        Unused.

    Returns
    -------
    Rows
        ``vehicle, motif`` (canonical code), ``days``; sorted by vehicle and motif.
    """
    vehicle, _, code = day_graphs(
        stays["vehicle"], stays["local_start"], stays["local_end"], stays["place"],
        int(SETTLED_HOURS[1] * HOUR_MS),
    )  # fmt: skip
    codes, of = np.unique(code, return_inverse=True)
    motif = np.array([canonical(int(each)) for each in codes], np.int64)
    motif = motif[of] if len(codes) else code
    order = np.lexsort((motif, vehicle))
    vehicle, motif = vehicle[order], motif[order]
    new = np.flatnonzero(
        (np.diff(vehicle, prepend=-1) != 0) | (np.diff(motif, prepend=np.int64(-9)) != 0)
    )
    return {
        "vehicle": vehicle[new].astype(np.int32),
        "motif": motif[new],
        "days": np.diff(np.r_[new, len(vehicle)]),
    }


def population_of_part(stays: Rows, broadcast: dict[str, Any]) -> Rows:
    """Count days and vehicles of one part by motif."""
    rows = motifs_of_part(stays, broadcast)
    motif, of = np.unique(rows["motif"], return_inverse=True)
    return {
        "motif": motif,
        "days": np.bincount(of, rows["days"], minlength=len(motif)).astype(np.int64),
        "vehicles": np.bincount(of, minlength=len(motif)),
    }


@dataclass(frozen=True)
class Motifs(Result):
    """Daily motifs of a population, or of one vehicle where the places are those of one.

    Attributes
    ----------
    places : Places
        Whose days are told.
    engine : Engine
        Where the parts are worked on.
    """

    places: Places
    engine: Engine = field(repr=False, compare=False)

    @cached_property
    def rows(self) -> Rows:
        """Days and vehicles by motif, the commonest first."""
        all_rows = self.engine.reduce(
            self.engine.map(self.places.stay_parts, population_of_part), key=("motif",)
        )
        motif, of = np.unique(all_rows["motif"], return_inverse=True)
        days = np.bincount(of, all_rows["days"], minlength=len(motif)).astype(np.int64)
        vehicles = np.bincount(of, all_rows["vehicles"], minlength=len(motif)).astype(np.int64)
        order = np.lexsort((motif, -days))
        return {"motif": motif[order], "days": days[order], "vehicles": vehicles[order]}

    @property
    def days(self) -> int:
        """Vehicle-days that were told."""
        return int(self.rows["days"][self.rows["motif"] != UNSEEN].sum())

    @property
    def unseen(self) -> int:
        """Vehicle-days of which too much went unseen."""
        return int(self.rows["days"][self.rows["motif"] == UNSEEN].sum())

    def __len__(self) -> int:
        return len(self.to_pandas())

    def to_pandas(self) -> pd.DataFrame:
        """Give the motifs as a table, the commonest first.

        Returns
        -------
        pandas.DataFrame
            ``motif`` (places as letters, ways as arrows), ``places``, ``ways``, ``days``, ``share``
            (of the days told), ``vehicles`` (that had such a day; suppress the rows of few before
            you publish them), ``is_motif`` (at least one day in two hundred).
        """
        rows = self.rows
        told = rows["motif"] != UNSEEN
        codes = rows["motif"][told].tolist()
        days = rows["days"][told]
        share = days / max(self.days, 1)
        return as_table(
            {
                "motif": np.array([motif_name(code) for code in codes], object),
                "places": np.array([max(code, -1) >> MAX_NODES**2 for code in codes], np.int64),
                "ways": np.array([len(graph_edges(code)) for code in codes], np.int64),
                "days": days,
                "share": share,
                "vehicles": rows["vehicles"][told],
                "is_motif": share >= OFTEN,
            }
        )

    def summary(self) -> str:
        """Tell how few motifs describe how many days."""
        if not self.days:
            return "No whole day of any vehicle was seen, so no motif."
        table = self.to_pandas()
        common = table[table["is_motif"] & (table["places"] > 0)]
        return (
            f"{len(common)} motifs, each on at least one day in 200, describe "
            f"{100 * common['share'].sum():.0f} % of {self.days:,} vehicle-days; the commonest "
            f"({common['motif'].iloc[0] if len(common) else 'none'}) "
            f"{100 * (common['share'].iloc[0] if len(common) else 0):.0f} %.\n"
            f"{self.unseen:,} vehicle-days lie in stays so long that too much went unseen."
        )

    def plot(self) -> Axes:
        """Draw the shares of the motifs."""
        from analyzer.charts import new_axes

        table = self.to_pandas()
        table = table[table["is_motif"]].iloc[::-1]
        axes = new_axes()
        axes.barh(table["motif"], 100 * table["share"])
        axes.set(xlabel="share of vehicle-days (%)")
        return axes


def find_motifs(
    places: Places, *, engine: str | Engine = "local", memory: str | int | None = None
) -> Motifs:
    """Find daily motifs: the graphs of places that vehicles visit in one day, and how common.

    Parameters
    ----------
    places : Places
        From `find_places`; of one vehicle, if its trips are those of one (`Sightings.of`).
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default.
        The parts are those that `find_trips` made; so many are worked on at once as fit.

    Returns
    -------
    Motifs

    References
    ----------
    Schneider, C. M., Belik, V., Couronné, T., Smoreda, Z., González, M. C. (2013). Unravelling
    daily human mobility motifs. Journal of the Royal Society Interface 10, 20130246.
    doi:10.1098/rsif.2013.0246

    Notes
    -----
    A stay outside the places of a vehicle counts as a place of its own. Cameras miss trips, so days
    look simpler here than they were: shares are of what was seen.

    Examples
    --------
    >>> from analyzer.patterns.places import find_places
    >>> from analyzer.patterns.trips import find_trips
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = np.add.outer(24 * np.arange(7), [8, 9, 18, 19]).ravel()
    >>> sightings = from_arrays(np.zeros(28), hours * 3_600_000, np.tile([0, 1, 1, 0], 7))
    >>> find_motifs(find_places(find_trips(sightings, "90min"))).to_pandas()["motif"].tolist()
    ['A>B B>A']
    """
    return Motifs(places, get_engine(engine, memory=memory))
