"""Populations: the numbers of vehicles that any document of one store may tell.

Each sweep and comparison counts those seen in the days before its own leaks. Two documents whose
numbers differ by a few vehicles would give these away, so all of them hold their numbers against
the same ones: all vehicles, those seen often enough in all of the data, and those that the usual
retention sweep counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from analyzer.apart import few_apart
from analyzer.engine import Engine, Part
from analyzer.engine.base import Broadcast, PartFunction
from analyzer.estimate import Estimate
from analyzer.policy.exposure import draw_in_part as draw_before_leaks_in_part
from analyzer.policy.leaks import plan_leaks
from analyzer.policy.setting import STRETCHES, find_seen_before
from analyzer.risk.adversary import Adversary
from analyzer.risk.knowledge import draw_in_part as draw_known_in_part
from analyzer.risk.knowledge import knowledge_of, parts_for
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS


def count_populations(
    sightings: Sightings, adversary: Adversary, runner: Engine
) -> tuple[int, ...]:
    """Count all vehicles, and those that the usual documents count.

    Parameters
    ----------
    sightings : Sightings
        The store.
    adversary : Adversary
        Who knows how many points.
    runner : Engine
        Where the parts run.

    Returns
    -------
    tuple of int
        All vehicles; those with enough points in all of the data; those seen, and those with
        enough points, in the days before the leaks of the usual sweep.

    Examples
    --------
    >>> from analyzer.engine import get_engine
    >>> from analyzer.array_sightings import from_arrays
    >>> hours = [hour * 3_600_000 for hour in (0, 1, 30)]
    >>> two = from_arrays([0, 0, 1], hours, [0, 1, 0])
    >>> count_populations(two, Adversary(points=2), get_engine())
    (2, 1, 2, 1)
    """
    local = sightings.clock.local(np.array(sightings.span_ms)) // DAY_MS
    plan = plan_leaks(int(local[0]), int(local[1]), STRETCHES)
    drawing = knowledge_of(sightings, adversary, 0, runner)
    parts = parts_for(sightings, adversary)
    regular = _count(runner, parts, count_regular_in_part, drawing)
    before = {
        "leak_days": np.array(plan.leak_days, np.int64),
        "history": plan.history,
        "clock_starts": sightings.clock.starts,
        "clock_offsets": sightings.clock.offsets,
    }
    found = runner.map(sightings.parts("vehicle", "seen_at"), find_seen_before, before)
    seen = sum(len(rows["vehicle"]) for rows in found)
    targets = _count(runner, parts, count_targets_in_part, {**drawing, **before})
    return sightings.n_vehicles, regular, seen, targets


def _count(engine: Engine, parts: list[Part], function: PartFunction, shared: Broadcast) -> int:
    # Counted where they are drawn: what is known of everybody need not be held to be counted.
    return sum(int(rows["vehicles"][0]) for rows in engine.map(parts, function, shared))


def count_regular_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the vehicles of a part that have as many points as the adversary knows."""
    n_points = draw_known_in_part(rows, broadcast)["n_points"]
    return {"vehicles": np.array([np.count_nonzero(n_points >= broadcast["points"])])}


def count_targets_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the vehicles of a part that have so many points before some leak."""
    drawn = draw_before_leaks_in_part(rows, broadcast)
    return {"vehicles": np.array([len(np.unique(drawn["vehicle"]))])}


def told_numbers(populations: Iterable[int], k: int) -> tuple[int, ...]:
    """Give the numbers that documents tell: of two that differ by few vehicles, the larger.

    Examples
    --------
    >>> told_numbers((400, 396, 250, 0), 10)
    (400, 250)
    """
    told: list[int] = []
    for number in sorted({each for each in populations if each}, reverse=True):
        if not few_apart(number, told, k):
            told.append(number)
    return tuple(told)


def among_told(share: Estimate, told: Sequence[int], k: int) -> Estimate:
    """Give a share of a number of vehicles that is told; see `told_number`."""
    n = told_number(share.n, told, k) if share.is_measured and share.n else share.n
    return share if n == share.n else share.among(n)


def told_number(n: int, told: Sequence[int], k: int) -> int:
    """Give the number of vehicles that a share is told to be of.

    One that differs by few from a number that other documents tell gives way to that, or to the
    next larger one.

    Examples
    --------
    >>> [told_number(n, (400, 250), 10) for n in (100, 246, 253, 395, 400)]
    [100, 250, 400, 400, 400]
    """
    if not few_apart(n, told, k):
        return n
    return min(each for each in told if each > n)
