"""The combinations that a worst case would try, counted as its run counts them, and not tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast, Part, PartFunction, shared_memory_of
from analyzer.fitting import fit_to_engine
from analyzer.risk.attacks import known_items, proportion, sequence
from analyzer.risk.worst_case import measure_worst_case
from analyzer.schema import Rows
from analyzer.sightings import Sightings


class Counted(NamedTuple):
    """How much a search is.

    Attributes
    ----------
    combinations : float
        Combinations to try, of all vehicles for which that is needed.
    steps : float
        Elementary steps that this may take.
    """

    combinations: float
    steps: float


def count_worst_case(
    sightings: Sightings,
    attack: str = "location",
    points: int = 2,
    time: str = "1h",
    tolerance: float = 0.0,
    compatible_with: str | None = None,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Counted:
    """Count what `analyzer.risk.worst_case.measure_worst_case` would try, up to where it starts.

    Parameters
    ----------
    sightings, attack, points, time, tolerance, compatible_with, engine, memory
        As there.

    Raises
    ------
    TooMuchWorkError
        If the run would refuse it, with the same text.

    Examples
    --------
    Two vehicles with two sightings each, at two cameras.

    >>> from analyzer.array_sightings import from_arrays
    >>> two = from_arrays([0, 0, 1, 1], [0, 1, 2, 3], [0, 1, 1, 0])
    >>> count_worst_case(two, "location", points=1).combinations
    4.0
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    try:
        measure_worst_case(
            sightings, attack, points, time, tolerance, compatible_with, engine=_Counting(runner)
        )
    except _SearchWouldStart as found:
        return found.counted
    # Home and work are looked up: nothing is tried.
    return Counted(0.0, 0.0)


class _SearchWouldStart(Exception):  # noqa: N818 - it ends a count, and is no error
    def __init__(self, counted: Counted):
        super().__init__()
        self.counted = counted


class _Counting:
    """An engine that does all work but searches."""

    def __init__(self, engine: Engine):
        self._engine = engine

    @property
    def shared_memory(self) -> int | None:
        return shared_memory_of(self._engine)

    @property
    def memory(self) -> int | None:
        return getattr(self._engine, "memory", None)

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        if function in SEARCHES:
            raise _SearchWouldStart(SEARCHES[function](dict(broadcast or {})))
        return self._engine.map(parts, function, broadcast)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def _of_sequences(search: dict[str, Any]) -> Counted:
    tried = sequence._count_sequences(search["points"], search["n_places"], search["visits"])
    return Counted(float(tried), 3.0 * tried)


def _of_items(search: dict[str, Any]) -> Counted:
    entries, options = search["entries"], search["options"]
    tried = known_items._count_combinations(
        entries.starts, entries.visits, options["size"], search["fewest"] > search["least"],
        options["nested"], options["points"],
    )  # fmt: skip
    return Counted(float(tried), float(known_items._count_steps(search)))


def _of_proportions(search: dict[str, Any]) -> Counted:
    is_open, exact = search["fewest"] > 1, search["tolerance"].numerator == 0
    return Counted(
        *map(float, proportion._count_steps(is_open, search["entries"], search["points"], exact))
    )


SEARCHES: dict[Any, Callable[[dict[str, Any]], Counted]] = {
    sequence.search_in_part: _of_sequences,
    known_items.search_in_part: _of_items,
    proportion.search_in_part: _of_proportions,
}
"""What attacks run once the work is counted, and how to count it from what they are given."""
