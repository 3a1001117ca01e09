"""How much work a search is, counted before it starts, and refused where it would not end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, PartFunction, RowsPart
from analyzer.errors import TooMuchWorkError

MOST_STEPS = 3e11
"""More elementary steps than this (some minutes of one core) are refused."""

STEPS_PER_SECOND = 1e9
"""A cautious speed of one core, for the message."""

LOOK_FROM = 2e10
"""From so many steps on, a first look tells for whom all of them are needed."""

FEW_STEPS = 1e8
"""Up to so many steps, spreading the work costs more than it saves."""

CHUNKS = 16
"""Pieces of a larger search; a number of its own, so that no engine changes what is done."""

class Search(NamedTuple):
    """A search that is counted, allowed and not begun.

    Attributes
    ----------
    fewest : numpy.ndarray, shape (v,)
        The fewest matches of each vehicle that are known before it.
    steps : float
        Elementary steps that it may take.
    count : callable
        Gives the combinations that it tries.
    parts : sequence of RowsPart
        Into which it is dealt out; none where nothing is left to try.
    function : callable or None
        Searches a part; gives ``matches`` of every vehicle.
    broadcast : mapping or None
        What the function is given.
    """

    fewest: np.ndarray
    steps: float = 0.0
    count: Callable[[], float] = float
    parts: Sequence[RowsPart] = ()
    function: PartFunction | None = None
    broadcast: Broadcast | None = None

    def run(self, engine: Engine) -> np.ndarray:
        """Search all parts, and give the fewest matches of each vehicle."""
        if not self.parts:
            return self.fewest
        fewest = self.fewest.copy()
        for found in engine.map(self.parts, self.function, self.broadcast):
            np.minimum(fewest, found["matches"], out=fewest)
        return fewest


REMEDIES = {
    "location": "fewer cameras",
    "sequence": "a shorter span (sightings.between)",
    "time": "longer bins (time='1D')",
    "unique_location": "fewer cameras",
    "frequency": "a smaller tolerance",
    "probability": "a smaller tolerance",
    "proportion": "a smaller tolerance",
}
"""What makes a search smaller beside fewer points."""


def refuse_too_much(
    attack: str,
    points: int,
    steps: float,
    combinations: float,
    open_vehicles: int,
    steps_of: Callable[[int], float],
) -> None:
    """Refuse a search that would not end in some minutes.

    Parameters
    ----------
    attack : str
        Name of the attack.
    points : int
        Size of the knowledge.
    steps : float
        Elementary steps that the search may take.
    combinations : float
        Combinations that it would have to try.
    open_vehicles : int
        Vehicles for which they are to be tried.
    steps_of : callable
        Gives the most steps that fewer points may take, to name how many are not refused.

    Raises
    ------
    TooMuchWorkError
        With the estimate, and what to ask instead.
    """
    if steps <= MOST_STEPS:
        return
    allowed = 0
    # From below: few points are quickly counted.
    while allowed + 1 < points and steps_of(allowed + 1) <= MOST_STEPS:
        allowed += 1
    fewer = f"points={allowed}, or with " if allowed else ""
    raise TooMuchWorkError(
        f"the {attack} attack with points={points} has {_about(combinations)} combinations to try "
        f"for {open_vehicles:,} vehicles, {_about(steps)} steps or {_long(steps)} of one core; it "
        f"was not started. Ask with {fewer}{REMEDIES[attack]}"
    )


def refuse_to_hold(attack: str, needed: float, allowed: int) -> None:
    """Refuse to hold what all vehicles visited, where that is more than memory allows.

    Parameters
    ----------
    attack : str
        Name of the attack.
    needed, allowed : float
        Bytes.

    Raises
    ------
    TooMuchWorkError
        With what to ask instead.
    """
    raise TooMuchWorkError(
        f"the {attack} attack compares all vehicles with each other and would hold about "
        f"{needed / 1e9:.1f} GB of what they visited, more than the {allowed / 1e9:.1f} GB that "
        f"may be used; it was not started. Give memory='{math.ceil(needed / 1e9)}GB', or look at "
        "fewer days with sightings.between"
    )


def _about(count: float) -> str:
    if not math.isfinite(count):
        return "more than 1e300"
    return f"{count:,.0f}" if count < 1e6 else f"about {count:.1e}".replace("e+", "e")


def _long(steps: float) -> str:
    seconds = steps / STEPS_PER_SECOND
    for unit, size in (("years", 31_557_600), ("days", 86_400), ("hours", 3_600)):
        if seconds >= 2 * size:
            return f"up to {_about(seconds / size)} {unit}"
    return f"up to {seconds / 60:.0f} minutes"


def in_chunks(order: np.ndarray, steps: float) -> list[RowsPart]:
    """Deal the roots of a search out to parts, so that each has easy and hard ones."""
    chunks = CHUNKS if steps > FEW_STEPS else 1
    return [
        RowsPart({"root": np.ascontiguousarray(order[start::chunks])})
        for start in range(min(chunks, len(order)))
    ]
