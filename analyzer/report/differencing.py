"""The differencing attack: what sums and differences of published counts tell about small groups.

An attacker writes down every group whose size is published, every group whose size is withheld, and
how they add up: a table to its total, a part and the rest to the whole. Whole numbers that fit all
of that bound the size of each group; the attack finds the smallest and the largest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.report.disclosure import check_threshold


@dataclass(frozen=True)
class Group:
    """A group of vehicles, and what is known of its size.

    Attributes
    ----------
    low, high : float
        Its size lies between these, both included; the same where it is published.
    hidden : bool
        It is known to be there, and its size was withheld: it must stay unknown by k values.
    """

    low: float = 0
    high: float = math.inf
    hidden: bool = False


@dataclass(frozen=True)
class Revealed:
    """A group that published figures give away: its name and the bounds on its size."""

    name: str
    low: float
    high: float

    def __str__(self) -> str:
        """Name the group; never its size."""
        return self.name


@dataclass
class Knowledge:
    """What a publication says: groups by name, and sums (a whole and the parts it is made of).

    Examples
    --------
    "99.5 % of 400": the other two are given away.

    >>> known = Knowledge()
    >>> known.add("all", 400)
    >>> known.add("singled out", 398)
    >>> known.within("singled out", "all")
    >>> [str(group) for group in attack(known, 10)]
    ['all, not singled out']
    """

    groups: dict[str, Group] = field(default_factory=dict)
    sums: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def add(
        self, name: str, low: float = 0, high: float | None = None, *, hidden: bool = False
    ) -> None:
        """Add a group; with one number its size is published, with none it is unknown."""
        if high is None:
            high = low if low or not hidden else math.inf
        known = self.groups.get(name)
        if known is not None:
            low, high = max(low, known.low), min(high, known.high)
            hidden = hidden or known.hidden
        self.groups[name] = Group(low, high, hidden)

    def unknown(self, name: str) -> None:
        """Add a group of which nothing is known, unless it is there."""
        self.groups.setdefault(name, Group())

    def sum(self, whole: str, parts: Iterable[str]) -> None:
        """Say that groups without common members make up another one."""
        parts = tuple(parts)
        for name in (whole, *parts):
            self.unknown(name)
        self.sums.append((whole, parts))

    def within(self, part: str, whole: str) -> None:
        """Say that a group lies within another one; the rest becomes a group of its own."""
        self.sum(whole, (part, f"{whole}, not {part}"))


def attack(known: Knowledge, k: int) -> list[Revealed]:
    """Find the groups of fewer than k vehicles that published figures give away.

    Parameters
    ----------
    known : Knowledge
        What is published.
    k : int
        Smallest count of vehicles that may be shown; 5 or more.

    Returns
    -------
    list of Revealed
        Groups that are proven to hold 1 to k - 1 vehicles, and withheld ones that are bounded to
        fewer than k values; in the order in which they were added. Figures that contradict each
        other give no bound: an error.

    Raises
    ------
    UsageError
        If k is under 5.
    ValueError
        If no whole numbers fit what is published.

    Notes
    -----
    For each group the smallest and the largest whole number that fit are two integer programs
    (scipy's HiGHS), on the groups that hang together; groups that bounds alone settle are left
    out.

    References
    ----------
    Willenborg, L., de Waal, T. (2001). Elements of Statistical Disclosure Control. Springer.
    doi:10.1007/978-1-4613-0121-9

    Examples
    --------
    >>> known = Knowledge()
    >>> known.add("all", 60)
    >>> known.add("here", 57, hidden=False)
    >>> known.add("there", hidden=True)
    >>> known.sum("all", ["here", "there"])
    >>> attack(known, 10)
    [Revealed(name='there', low=3, high=3)]
    """
    check_threshold(k)
    names = list(known.groups)
    place = {name: at for at, name in enumerate(names)}
    low = np.array([max(0, math.ceil(known.groups[name].low - 1e-6)) for name in names], float)
    high = np.array([known.groups[name].high + 1e-6 for name in names])
    high = np.where(np.isfinite(high), np.floor(high), np.inf)
    hidden = np.array([known.groups[name].hidden for name in names], bool)
    low = np.where(hidden, np.maximum(low, 1), low)
    rows = [(place[whole], [place[part] for part in parts]) for whole, parts in known.sums]
    _propagate(rows, low, high)
    if (low > high).any():
        name = names[int(np.argmax(low > high))]
        raise ValueError(f"published figures contradict each other: {name}")
    for members, own in _components(rows, low, high):
        _solve(members, own, low, high, hidden, k)
    small = (low >= 1) & (high < k)
    narrow = hidden & (high - low < k - 1)
    return [
        Revealed(names[at], _number(low[at]), _number(high[at]))
        for at in np.flatnonzero(small | narrow)
    ]


def _number(value: float) -> float:
    return int(value) if math.isfinite(value) else value


def _propagate(rows: Sequence[tuple[int, list[int]]], low: np.ndarray, high: np.ndarray) -> None:
    """Narrow bounds by each sum alone, until nothing changes."""
    changed, rounds = True, 0
    while changed and rounds < 100:
        changed, rounds = False, rounds + 1
        for whole, parts in rows:
            ends = high[parts]
            least, open_ = low[parts].sum(), ~np.isfinite(ends)
            bounded, unbounded = ends[~open_].sum(), int(open_.sum())
            new = [(whole, least, math.inf if unbounded else bounded)]
            for part, end in zip(parts, ends, strict=True):
                inside = math.isfinite(end)
                others = math.inf if unbounded > (not inside) else bounded - (end if inside else 0)
                new.append((part, low[whole] - others, high[whole] - (least - low[part])))
            for at, first, last in new:
                if first > low[at]:
                    low[at], changed = first, True
                if last < high[at]:
                    high[at], changed = last, True


def _components(
    rows: Sequence[tuple[int, list[int]]], low: np.ndarray, high: np.ndarray
) -> list[tuple[list[int], list[tuple[int, list[int]]]]]:
    """Give the open groups that hang together by sums, with these sums."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    open_ = low < high
    # Sums that hold one open group at most were settled by bounds.
    kept = [(whole, parts) for whole, parts in rows if open_[[whole, *parts]].sum() > 1]
    edges = [
        (inside[0], other)
        for whole, parts in kept
        for inside in [[at for at in (whole, *parts) if open_[at]]]
        for other in inside[1:]
    ]
    if not edges:
        return []
    first, second = np.array(edges).T
    graph = coo_array((np.ones(len(edges)), (first, second)), shape=(len(low), len(low)))
    _, labels = connected_components(graph, directed=False)
    found = []
    for label in dict.fromkeys(labels[first]):
        members = [int(at) for at in np.flatnonzero((labels == label) & open_)]
        inside = set(members)
        found.append((members, [row for row in kept if inside & {row[0], *row[1]}]))
    return found


def _solve(
    members: list[int],
    rows: list[tuple[int, list[int]]],
    low: np.ndarray,
    high: np.ndarray,
    hidden: np.ndarray,
    k: int,
) -> None:
    """Bound each open group by whole numbers, unless solutions at hand show that it is safe."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    column = {at: number for number, at in enumerate(members)}
    matrix, sums = np.zeros((len(rows), len(members))), np.zeros(len(rows))
    for row, (whole, parts) in enumerate(rows):
        for at, sign in [(whole, -1.0), *((part, 1.0) for part in parts)]:
            if at in column:
                matrix[row, column[at]] += sign
            else:
                sums[row] -= sign * low[at]
    finite = high[np.isfinite(high)]
    # Nothing that matters lies above all that is known by more than k for each group.
    cap = 2 * (finite.max(initial=0) + low.max(initial=0)) + 4.0 * k * (len(members) + 1)
    bounds = Bounds(low[members], np.minimum(high[members], cap))
    rule = LinearConstraint(matrix, sums, sums)
    seen_low, seen_high = np.full(len(members), np.inf), np.full(len(members), -np.inf)
    before = [(low[at], high[at]) for at in members]
    for number, at in enumerate(members):
        ends = list(before[number])
        for sign in (1.0, -1.0):
            if hidden[at]:
                safe = seen_high[number] - seen_low[number] >= k - 1
            else:
                safe = seen_low[number] < 1 or seen_high[number] >= k
            if safe:
                break
            goal = np.zeros(len(members))
            goal[number] = sign
            answer = milp(goal, constraints=rule, bounds=bounds, integrality=np.ones(len(members)))
            if answer.x is None:
                raise ValueError("published figures contradict each other")
            found = np.round(answer.x)
            seen_low, seen_high = np.minimum(seen_low, found), np.maximum(seen_high, found)
            ends[0 if sign > 0 else 1] = found[number]
        if ends[1] < cap:
            high[at] = min(high[at], ends[1])
        low[at] = max(low[at], ends[0])
