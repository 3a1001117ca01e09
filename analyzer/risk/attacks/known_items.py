"""The five attacks in which a candidate has to have what is known: from counts to matches."""

from __future__ import annotations

import numba
import numpy as np

from analyzer.engine.base import Broadcast
from analyzer.risk.attacks.containment import count_dominators, search
from analyzer.risk.attacks.items import Entries, Items, make_levels, make_values
from analyzer.risk.attacks.nodes import MOST_SHARED, binomial
from analyzer.risk.attacks.tolerance import Tolerance
from analyzer.risk.attacks.work import LOOK_FROM, Search, in_chunks, refuse_too_much
from analyzer.schema import Rows

LEVELS = ("location", "time")
VALUES = ("frequency", "probability")
PLACES = ("unique_location",)

_MOST_TOGETHER = MOST_SHARED
"""Items that may be searched in one node."""

_DOMINATOR_STEPS = 10
"""Steps for each candidate that may dominate a target."""

_SLOWER = 4
"""A node for each item has to look its vehicles up all over memory: such a step is slower."""


def plan_search(entries: Entries, attack: str, points: int, tolerance: Tolerance) -> Search:
    """Plan to find the fewest matches that `points` known items leave of each vehicle.

    Parameters
    ----------
    entries : Entries
        Of the whole population.
    attack : str
        One of `LEVELS`, `VALUES`, `PLACES`.
    points : int
        Size of the knowledge.
    tolerance : Tolerance
        How far known counts or shares may be off.

    Returns
    -------
    Search

    Raises
    ------
    TooMuchWorkError
        If it would take too long.
    """
    n_vehicles = len(entries.vehicles)
    nested = attack in LEVELS
    elements = np.diff(entries.starts)
    # Knowing all there is to know of every vehicle is enough.
    size = entries.total if nested else elements
    points = min(points, int(size.max(initial=1)))
    if attack in VALUES:
        ones = np.ones(n_vehicles, np.int64)
        of = entries.total if attack == "probability" else ones
        items = make_values(entries, of, tolerance)
    else:
        items = make_levels(entries, points if nested else 1)
    broadcast = {
        "entries": entries,
        "items": items,
        "options": {
            "nested": nested,
            "exact": attack not in VALUES or tolerance.numerator == 0,
            "points": points,
            "size": size,
        },
        "fewest": np.full(n_vehicles, n_vehicles, np.int32),
        "least": np.ones(n_vehicles, np.int32),
    }
    order = np.argsort(items.stop - items.first, kind="stable")

    def steps_of(fewer: int) -> float:
        # For all vehicles: for how many fewer points leave one match is found by trying only.
        known = make_levels(entries, fewer) if nested else items
        everybody = np.ones(n_vehicles, np.bool_)
        exact = broadcast["options"]["exact"]
        return _count_steps_of_nodes(everybody, entries, known, nested, exact, fewer)

    def combinations() -> float:
        is_open = broadcast["fewest"] > broadcast["least"]
        return float(
            _count_combinations(entries.starts, entries.visits, size, is_open, nested, points)
        )

    steps = dealt = _count_steps(broadcast)
    if steps > LOOK_FROM:
        _look(order, broadcast, steps)
        steps = dealt = _count_steps(broadcast)
        left = int((broadcast["fewest"] > broadcast["least"]).sum())
        refuse_too_much(attack, points, steps, combinations(), left, steps_of)
    if _is_together(broadcast, steps):
        broadcast["options"]["together"] = True
        order = np.arange(len(items.first))
        # Pairs are one table.
        dealt = steps if points > 2 else 0
    return Search(
        broadcast["fewest"], steps, combinations, in_chunks(order, dealt), search_in_part, broadcast
    )


def _is_together(broadcast: Broadcast, steps: float) -> bool:
    """Tell whether one node for all items is about as quick as a node for each."""
    options, items = broadcast["options"], broadcast["items"]
    n_items, n_vehicles = len(items.first), len(broadcast["fewest"])
    rows = len(items.rank_items) - 1 if options["nested"] else n_items
    k = options["points"]
    words = n_vehicles / 64 * (1 if options["exact"] else 2)
    work = binomial(rows + k - 1 if options["nested"] else rows, k) * words
    return n_items <= _MOST_TOGETHER and work <= _SLOWER * steps


def search_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Search the nodes of some items; gives the fewest matches of every vehicle."""
    fewest = broadcast["fewest"].copy()
    search(
        rows["root"], broadcast["entries"], broadcast["items"], fewest=fewest,
        least=broadcast["least"], **broadcast["options"],
    )  # fmt: skip
    return {"matches": fewest}


def _look(order: np.ndarray, broadcast: Broadcast, steps: float) -> None:
    """Close the cases for which one good combination is the best possible."""
    entries: Entries = broadcast["entries"]
    items: Items = broadcast["items"]
    fewest, least = broadcast["fewest"], broadcast["least"]
    search(order, entries, items, fewest=fewest, least=least, look=True, **broadcast["options"])
    targets = np.flatnonzero(fewest > least)
    top = items.high if broadcast["options"]["nested"] else items.own
    rarest = top[entries.starts[targets]]
    candidates = (items.stop[rarest] - items.first[rarest]).sum(dtype=float)
    if candidates * _DOMINATOR_STEPS <= steps:
        nested = broadcast["options"]["nested"]
        count_dominators(targets, entries, items, nested, least)


def _count_steps(broadcast: Broadcast) -> float:
    entries: Entries = broadcast["entries"]
    items: Items = broadcast["items"]
    options = broadcast["options"]
    is_open = broadcast["fewest"] > broadcast["least"]
    return _count_steps_of_nodes(
        is_open, entries, items, options["nested"], options["exact"], options["points"]
    )


@numba.njit(cache=True, nogil=True)
def _count_steps_of_nodes(
    is_open: np.ndarray,
    entries: Entries,
    items: Items,
    nested: bool,
    exact: bool,
    points: int,
) -> float:
    """Bound the steps of `containment.search` from above, short cuts apart."""
    starts, low, high, own = entries.starts, items.low, items.high, items.own
    n_items, n_ranks, n_vehicles = len(items.first), len(items.rank_items) - 1, len(starts) - 1
    # Of each item's open vehicles: their further entries, and the combinations of these.
    after_open, apart = np.zeros(n_items, np.int64), np.zeros(n_items)
    longest = np.int64(0)
    for v in range(n_vehicles):
        longest = max(longest, starts[v + 1] - starts[v])
    ways = np.empty((longest + 1, points + 1))
    for after in range(longest + 1):
        for rest in range(points + 1):
            ways[after, rest] = binomial(after + rest - 1 if nested else after, rest)
    for v in range(n_vehicles):
        if not is_open[v]:
            continue
        for e in range(starts[v], starts[v + 1]):
            after = starts[v + 1] - e - 1
            for item in range(low[e], high[e] + 1) if nested else range(own[e], own[e] + 1):
                after_open[item] += after
                apart[item] += ways[after, points - items.weight[item]]
    mean_after = len(own) / max(n_vehicles, 1)
    steps = float(len(own))
    for item in range(n_items):
        n = items.stop[item] - items.first[item]
        rest = points - items.weight[item]
        if apart[item] == 0 or n == 1 or rest <= 0:
            continue
        steps += 2 * n * mean_after
        if rest == 1 and exact:
            continue
        later_ranks = n_ranks - items.rank[item] - 1
        later_items = n_items - items.rank_items[items.rank[item] + 1]
        rows = min(after_open[item], later_ranks if nested else later_items)
        shared = binomial(rows + rest - 1 if nested else rows, rest)
        words = ((n + 63) >> 6) * (1 if exact else 2)
        together = shared * words + apart[item] if rows <= MOST_SHARED else np.inf
        steps += min(together, apart[item] * words)
    return steps


@numba.njit(cache=True, nogil=True)
def _count_combinations(
    starts: np.ndarray,
    visits: np.ndarray,
    size: np.ndarray,
    wanted: np.ndarray,
    nested: bool,
    points: int,
) -> float:
    """Count the different combinations of `points` items of the vehicles that are wanted."""
    count = 0.0
    ways = np.empty(points + 1)
    for v in range(len(starts) - 1):
        if not wanted[v]:
            continue
        if size[v] <= points:
            count += 1
            continue
        ways[:] = 0
        ways[0] = 1
        for e in range(starts[v], starts[v + 1]):
            most = min(visits[e], points) if nested else 1
            for k in range(points, 0, -1):
                for m in range(1, min(most, k) + 1):
                    ways[k] += ways[k - m]
        count += ways[points]
    return count
