"""Classes of counts, joined until none stands for few vehicles: coarser, and nothing missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from analyzer.report.disclosure import DEFAULT_K, check_threshold
from analyzer.report.statements import REGULAR


def join_classes(
    frame: pd.DataFrame, edges: Sequence[int], k: int = DEFAULT_K, *, keep: int = REGULAR
) -> pd.DataFrame:
    """Join classes of sighting counts until each stands for k vehicles or none.

    Parameters
    ----------
    frame : DataFrame
        ``seen``, ``vehicles``, ``sightings``; one row a class, in order.
    edges : sequence of int
        Where each class begins; the last has no end.
    k : int
        Smallest count of vehicles that may be shown; 5 or more.
    keep : int
        An edge that stays where both sides of it can be shown: other figures are about them.

    Returns
    -------
    DataFrame
        Fewer rows with the same sums; none where all vehicles are fewer than k.

    Raises
    ------
    UsageError
        If k is under 5.

    Examples
    --------
    >>> counts = pd.DataFrame({"seen": ["once", "2–4 times", "5 times or more"],
    ...                        "vehicles": [40, 3, 17], "sightings": [40, 8, 200]})
    >>> join_classes(counts, [1, 2, 5], keep=5).values.tolist()
    [['1–4 times', 43, 48], ['5 times or more', 17, 200]]
    """
    check_threshold(k)
    starts = [int(edge) for edge in edges]
    ends = [after - 1 for _, after in pairwise(starts)] + [None]
    classes = [
        [start, end, int(vehicles), int(sightings)]
        for start, end, vehicles, sightings in zip(
            starts, ends, frame["vehicles"], frame["sightings"], strict=True
        )
    ]
    sides = [[each for each in classes if (each[0] < keep) == below] for below in (True, False)]
    sums = [sum(each[2] for each in side) for side in sides]
    if any(0 < total < k for total in sums):
        sides = [classes]
    joined = [each for side in sides for each in _join(side, k)]
    if any(0 < each[2] < k for each in joined):
        joined = []
    table = pd.DataFrame(
        [(_name(start, end), vehicles, sightings) for start, end, vehicles, sightings in joined],
        columns=["seen", "vehicles", "sightings"],
    )
    return table.astype({"vehicles": np.int64, "sightings": np.int64})


def _join(classes: list[list], k: int) -> list[list]:
    """Join each small class with the one after it; the last ones with the one before."""
    joined: list[list] = []
    for each in classes:
        if joined and 0 < joined[-1][2] < k:
            joined[-1] = _together(joined[-1], each)
        else:
            joined.append(each)
    while len(joined) > 1 and 0 < joined[-1][2] < k:
        joined[-2:] = [_together(*joined[-2:])]
    return joined


def _together(one: list, other: list) -> list:
    return [one[0], other[1], one[2] + other[2], one[3] + other[3]]


def _name(start: int, end: int | None) -> str:
    if end is None:
        return f"{start:,} times or more"
    return "once" if end == 1 else f"{start}–{end} times"
