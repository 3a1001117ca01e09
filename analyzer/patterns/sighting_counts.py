"""Sighting counts: how many vehicles are seen once, a few times, often.

A vehicle that is seen once has no routine to find; how many of them there are bounds everything
else that a collection can show.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.fitting import fit_to_engine
from analyzer.schema import Rows
from analyzer.sightings import Sightings

EDGES = np.array([1, 2, 5, 10, 20, 50, 100, 1_000])
"""Each class of counts begins here; the last has no end."""


def counts_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count, for one part, the vehicles of each class of sightings.

    Parameters
    ----------
    rows : Rows
        ``vehicle``, sorted.
    broadcast : mapping
        Not used.

    Returns
    -------
    Rows
        ``vehicles`` and ``sightings``: one row a class of `EDGES`.
    """
    _, counts = np.unique(rows["vehicle"], return_counts=True)
    group = np.searchsorted(EDGES, counts, side="right") - 1
    return {
        "vehicles": np.bincount(group, minlength=len(EDGES)),
        "sightings": np.bincount(group, counts, minlength=len(EDGES)).astype(np.int64),
    }


def measure_sighting_counts(
    sightings: Sightings, *, engine: str | Engine = "local", memory: str | int | None = None
) -> pd.DataFrame:
    """Count how many vehicles are seen how often.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.

    Returns
    -------
    pandas.DataFrame
        ``seen`` (the class, as text), ``vehicles`` and ``sightings`` (counts).

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> counts = measure_sighting_counts(from_arrays([0, 0, 1], [0, 1, 2], [0, 0, 0]))
    >>> counts.head(2).to_numpy().tolist()
    [['once', 1, 1], ['2–4 times', 1, 2]]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    frames = runner.map(sightings.parts("vehicle"), counts_of_part)
    names = ["once"]
    for first, after in pairwise(EDGES[1:]):
        names.append(f"{first}–{after - 1} times")
    names.append(f"{EDGES[-1]:,} times or more")
    return pd.DataFrame(
        {
            "seen": names,
            "vehicles": sum(frame["vehicles"] for frame in frames),
            "sightings": sum(frame["sightings"] for frame in frames),
        }
    )
