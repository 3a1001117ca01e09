"""Disclosure control: which counts may be published, so that none gives another away.

A count of fewer than k vehicles is hidden. Hiding it is not enough where totals are published
too: total minus shown cells gives a lone hidden cell away. So further cells are hidden, smallest
first, until an attacker who knows every shown cell, which cells are hidden, that hidden cells are
not zero, and every published total can bound no hidden cell to a range narrower than k values;
where no cell is left to hide, the total itself is withheld. The attack is computed, not assumed
(`differencing_ranges`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analyzer.errors import UsageError

DEFAULT_K = 10
MINIMUM_K = 5

_MOST_AUDITED_CELLS = 100
"""Crossing totals over more hidden cells than this are withheld instead of audited one by one."""


@dataclass(frozen=True)
class ProtectedTable:
    """A table of counts that can be published together with its totals.

    Attributes
    ----------
    cells : DataFrame
        The rows of the input; the count is ``<NA>`` where it is hidden.
    totals : dict of str to DataFrame
        For each column of `by`, its values with their totals; ``<NA>`` where a total is withheld.
    total : int or None
        The sum of all counts; None where it is withheld.
    hidden : int
        How many cells are hidden.
    """

    cells: pd.DataFrame
    totals: dict[str, pd.DataFrame]
    total: int | None
    hidden: int


_LARGE_CELL = 3
"""Cells of this many times k are not hidden for a total's sake: the total is withheld instead."""


def check_threshold(k: int) -> int:
    """Return k if it may be used as a publication threshold.

    Raises
    ------
    UsageError
        If k is less than 5 or not a whole number.

    Examples
    --------
    >>> check_threshold(10)
    10
    """
    if isinstance(k, bool) or int(k) != k or k < MINIMUM_K:
        raise UsageError(
            f"a publication threshold of {k} vehicles is too low; use {MINIMUM_K} or more "
            f"(the default is {DEFAULT_K})"
        )
    return int(k)


def suppress(
    frame: pd.DataFrame,
    count_column: str,
    k: int = DEFAULT_K,
    by: Sequence[str] = (),
    *,
    also: Sequence[str] = (),
) -> pd.DataFrame:
    """Hide the counts under k, and those that totals would give away.

    The grand total, and the totals by each column of `by`, are taken to be known unless they are
    under k themselves or cannot be known safely; `protect` says which of them may be published.

    Parameters
    ----------
    frame : DataFrame
        One row a cell.
    count_column : str
        Column of counts (whole numbers, not negative).
    k : int
        Smallest count that may be shown; 5 or more.
    by : sequence of str
        Columns whose totals are published.
    also : sequence of str
        Further columns that are blanked with a hidden count.

    Returns
    -------
    DataFrame
        The same rows; `count_column` is Int64 and ``<NA>`` where hidden.

    Raises
    ------
    UsageError
        If k is under 5, a column is missing, or a count is negative or not whole.

    Examples
    --------
    >>> zones = pd.DataFrame({"zone": ["a", "b", "c"], "vehicles": [40, 3, 17]})
    >>> suppress(zones, "vehicles")["vehicles"].tolist()
    [40, <NA>, <NA>]
    """
    cells = protect(frame, count_column, k, by).cells
    hidden = cells[count_column].isna()
    for column in also:
        cells[column] = cells[column].mask(hidden)
    return cells


def suppress_od(od: pd.DataFrame, k: int = DEFAULT_K, *, margins: bool = False) -> pd.DataFrame:
    """Keep the flows that can be published beside the total of all flows.

    Parameters
    ----------
    od : DataFrame
        ``origin``, ``destination``, ``vehicles``; one row a pair of zones.
    k : int
        Smallest flow that may be shown; 5 or more.
    margins : bool
        Whether the totals by origin and by destination are published too; more flows are hidden
        then, in a sparse table most of them.

    Returns
    -------
    DataFrame
        The rows that may be shown; hidden rows are left out, so that a reader cannot even tell a
        hidden flow from none.

    Raises
    ------
    UsageError
        As for `suppress`.

    Examples
    --------
    >>> od = pd.DataFrame({"origin": [1, 1, 2], "destination": [2, 3, 3], "vehicles": [250, 4, 31]})
    >>> suppress_od(od).values.tolist()
    [[1, 2, 250]]
    """
    by = ("origin", "destination") if margins else ()
    shown = protect(od, "vehicles", k, by).cells
    shown = shown[shown["vehicles"].notna() & (shown["vehicles"] > 0)].reset_index(drop=True)
    return shown.assign(vehicles=shown["vehicles"].astype("int64"))


def protect(
    frame: pd.DataFrame, count_column: str, k: int = DEFAULT_K, by: Sequence[str] = ()
) -> ProtectedTable:
    """Find the cells and totals of a table that can be published together.

    Parameters
    ----------
    frame, count_column, k, by
        As for `suppress`; at most two columns in `by`.

    Returns
    -------
    ProtectedTable

    Raises
    ------
    UsageError
        As for `suppress`.

    Notes
    -----
    This is cell suppression with complementary cells chosen greedily (smallest first); ranges are
    exact, since the constraint matrices of tables with at most two margins are totally
    unimodular.

    References
    ----------
    Willenborg, L., de Waal, T. (2001). Elements of Statistical Disclosure Control. Springer.
    doi:10.1007/978-1-4613-0121-9

    Examples
    --------
    >>> table = pd.DataFrame({"zone": ["a", "a", "b"], "hour": [7, 8, 7], "vehicles": [90, 20, 3]})
    >>> safe = protect(table, "vehicles", 10, ["zone"])
    >>> safe.hidden, safe.total, safe.totals["zone"]["vehicles"].tolist()
    (1, None, [110, <NA>])
    """
    k = check_threshold(k)
    if len(by) > 2:
        raise UsageError("totals can be protected along two columns at most; publish fewer totals")
    missing = [column for column in (count_column, *by) if column not in frame]
    if missing:
        raise UsageError(f"the table to protect lacks the column {missing[0]!r}")
    counts = _whole_counts(frame[count_column])
    cells = frame.copy()
    groups = [pd.factorize(frame[column], sort=True, use_na_sentinel=False) for column in by]
    lines = [np.flatnonzero(codes == code) for codes, names in groups for code in range(len(names))]
    lines.append(np.arange(len(counts)))
    hidden, known = _complete(counts, lines, k, [codes for codes, _ in groups])

    shown = pd.Series(counts, index=frame.index, dtype="Int64")
    cells[count_column] = shown.mask(hidden)
    totals: dict[str, pd.DataFrame] = {}
    at = 0
    for column, (_, names) in zip(by, groups, strict=True):
        sums = [
            int(counts[lines[at + code]].sum()) if known[at + code] else pd.NA
            for code in range(len(names))
        ]
        totals[column] = pd.DataFrame(
            {column: names, count_column: pd.array(sums, dtype="Int64")}
        )
        at += len(names)
    total = int(counts.sum()) if known[-1] else None
    return ProtectedTable(cells, totals, total, int(hidden.sum()))


def differencing_ranges(
    counts: np.ndarray, hidden: np.ndarray, lines: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Bound each hidden count by what an attacker can subtract from published totals.

    Parameters
    ----------
    counts : array of int, shape (cells,)
        The true counts.
    hidden : array of bool, shape (cells,)
        Cells whose count is not shown; the attacker knows that they are at least one.
    lines : sequence of arrays of int
        Indices of the cells that each *published* total sums.

    Returns
    -------
    low, high : arrays of float, shape (hidden cells,)
        The smallest and largest value each hidden cell can have; `inf` where nothing bounds it.

    Examples
    --------
    >>> low, high = differencing_ranges(np.array([40, 3, 17]), np.array([False, True, True]),
    ...                                 [np.array([0, 1, 2])])
    >>> low.tolist(), high.tolist()
    ([1.0, 1.0], [19.0, 19.0])
    """
    cells = np.flatnonzero(hidden)
    known = _restrict(counts, hidden, lines)
    disjoint = _as_disjoint(known)
    low, high = np.ones(len(cells)), np.full(len(cells), np.inf)
    if disjoint is not None:
        for members, rest in disjoint:
            room = rest - len(members)
            for cell in members:
                place = np.searchsorted(cells, cell)
                high[place] = 1 + room
                low[place] = rest if len(members) == 1 else 1
        return low, high
    for place, cell in enumerate(cells):
        low[place], high[place] = _solve_range(int(cell), cells, known)
    return low, high


def coarsen_positions(lat: pd.Series, lon: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Round positions to a hundredth of a degree: about 1.1 km north–south, less east–west.

    Examples
    --------
    >>> lat, lon = coarsen_positions(pd.Series([41.46889]), pd.Series([69.58222]))
    >>> float(lat.iloc[0]), float(lon.iloc[0])
    (41.47, 69.58)
    """
    return lat.astype(float).round(2), lon.astype(float).round(2)


def _whole_counts(column: pd.Series) -> np.ndarray:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
    if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers % 1 != 0).any():
        raise UsageError(f"the column {column.name!r} must hold whole counts, none negative")
    return numbers.astype(np.int64)


def _complete(
    counts: np.ndarray, lines: list[np.ndarray], k: int, axes: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    totals = np.array([counts[line].sum() for line in lines])
    hidden = (counts > 0) & (counts < k)
    known = (totals >= k) | (totals == 0)
    while True:
        if hidden.sum() > _MOST_AUDITED_CELLS and len(axes) == 2:
            known[len(np.unique(axes[0])) : -1] = False
        weak = _weak_cells(counts, hidden, [x for x, ok in zip(lines, known, strict=True) if ok],
                           k, axes if known.all() else [])
        if not len(weak):
            return hidden, known
        touched: set[int] = set()
        for cell in weak:
            around = [at for at, line in enumerate(lines) if known[at] and cell in line]
            if not around or touched.intersection(around):
                continue
            if axes and around == [len(lines) - 1]:
                # Only the grand total less the other totals bounds it: one number to give up.
                known[-1] = False
                break
            touched.update(_hide_beside(around, counts, lines, hidden, known, k))


def _hide_beside(
    around: list[int],
    counts: np.ndarray,
    lines: list[np.ndarray],
    hidden: np.ndarray,
    known: np.ndarray,
    k: int,
) -> list[int]:
    def room(at: int) -> int:
        inside = lines[at][hidden[lines[at]]]
        return int((counts[inside] - 1).sum())

    # The line that leaves the least room betrays the cell; among equals the shorter one.
    for at in sorted(around, key=lambda at: (min(room(at), k), len(lines[at]), at)):
        free = lines[at][~hidden[lines[at]] & (counts[lines[at]] > 0)]
        if len(free):
            smallest = free[np.lexsort((free, counts[free]))[0]]
            # Where the next cell is large, giving up a crossing total costs readers less.
            if len(lines) == 1 or counts[smallest] < _LARGE_CELL * k:
                hidden[smallest] = True
                return around
    smallest = min(around, key=lambda at: (counts[lines[at]].sum(), at))
    known[smallest] = False
    return around


def _weak_cells(
    counts: np.ndarray, hidden: np.ndarray, lines: list[np.ndarray], k: int, axes: list[np.ndarray]
) -> list[int]:
    cells = np.flatnonzero(hidden)
    if not len(cells):
        return []
    if _as_disjoint(_restrict(counts, hidden, lines)) is None and len(axes) == 2:
        # A rectangle of hidden cells whose counts can be shifted proves a cell safe without
        # solving.
        doubtful = cells[~_safe_by_rectangle(counts, cells, axes, k)]
        known = _restrict(counts, hidden, lines)
        spans = [_solve_range(int(cell), cells, known) for cell in doubtful]
        return [int(cell) for cell, (low, high) in zip(doubtful, spans, strict=True)
                if high - low < k - 1]
    low, high = differencing_ranges(counts, hidden, lines)
    return [int(cell) for cell in cells[high - low < k - 1]]


def _safe_by_rectangle(
    counts: np.ndarray, cells: np.ndarray, axes: list[np.ndarray], k: int
) -> np.ndarray:
    rows, columns = axes[0], axes[1]
    slack = np.full((rows.max() + 1, columns.max() + 1), -1, dtype=np.int64)
    taken: set[tuple[int, int]] = set()
    for cell in cells:
        place = (int(rows[cell]), int(columns[cell]))
        if place in taken:
            return np.zeros(len(cells), dtype=bool)
        taken.add(place)
        slack[place] = counts[cell] - 1
    safe = np.zeros(len(cells), dtype=bool)
    for at, cell in enumerate(cells):
        row, column = int(rows[cell]), int(columns[cell])
        across, along = slack[row][None, :], slack[:, column][:, None]
        corner = slack
        possible = (across >= 0) & (along >= 0) & (corner >= 0)
        possible[row, :] = False
        possible[:, column] = False
        width = np.minimum(across, along) + np.minimum(slack[row, column], corner)
        safe[at] = bool((width[possible] >= k - 1).any())
    return safe


def _restrict(
    counts: np.ndarray, hidden: np.ndarray, lines: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, int]]:
    """What each published total says about hidden cells: (its hidden cells, their sum)."""
    seen: dict[bytes, tuple[np.ndarray, int]] = {}
    for line in lines:
        inside = np.sort(line[hidden[line]])
        if len(inside):
            seen[inside.tobytes()] = (inside, int(counts[inside].sum()))
    return sorted(seen.values(), key=lambda item: (len(item[0]), item[0].tolist()))


def _as_disjoint(known: list[tuple[np.ndarray, int]]) -> list[tuple[np.ndarray, int]] | None:
    """Subtract smaller sums from larger ones; None if sums still overlap (crossing totals)."""
    result: list[tuple[np.ndarray, int]] = []
    for members, rest in known:
        for other, inner in result:
            if np.isin(other, members).all():
                members, rest = np.setdiff1d(members, other), rest - inner
            elif np.isin(other, members).any():
                return None
        if len(members):
            result.append((members, rest))
    return result


def _solve_range(
    cell: int, cells: np.ndarray, known: list[tuple[np.ndarray, int]]
) -> tuple[float, float]:
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    place = {int(name): at for at, name in enumerate(cells)}
    rows = np.concatenate([np.full(len(members), at) for at, (members, _) in enumerate(known)])
    columns = np.concatenate([[place[int(name)] for name in members] for members, _ in known])
    matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(known), len(cells)))
    sums = np.array([rest for _, rest in known], dtype=float)
    goal = np.zeros(len(cells))
    goal[place[cell]] = 1.0
    ends = []
    for sign in (1.0, -1.0):
        answer = linprog(sign * goal, A_eq=matrix, b_eq=sums, bounds=(1, None), method="highs")
        if answer.status not in (0, 3):
            # No answer is no proof of safety.
            return (1.0, 1.0)
        ends.append(float(np.round(sign * answer.fun)) if answer.status == 0 else sign * -np.inf)
    return (max(ends[0], 1.0), ends[1])
