"""Bare engines: those of others, which have the three verbs of the seam and say nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from analyzer.engine.base import Broadcast, Part, PartFunction, Resources
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.spill import parse_memory
from analyzer.schema import Rows

VERBS = ("map", "exchange", "reduce")


class BareEngine:
    """An engine that is asked through its three verbs alone.

    Its parts are taken to be worked on elsewhere, each worker with a memory of its own, and what
    they bring together to be held within the usual memory of this process.

    Parameters
    ----------
    engine : object
        Has ``map``, ``exchange`` and ``reduce``.
    """

    def __init__(self, engine: Any):
        self._engine = engine
        self.on_part: Callable[[int, int], None] | None = None

    @property
    def resources(self) -> Resources:
        """What is taken for granted."""
        return Resources(parse_memory(DEFAULT_MEMORY), None)

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        """See `Engine.map`."""
        return self._engine.map(parts, function, broadcast)

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Broadcast | None = None,
    ) -> list[Part]:
        """See `Engine.exchange`."""
        return self._engine.exchange(parts, function, key, buckets, broadcast)

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        """See `Engine.reduce`."""
        return self._engine.reduce(frames, key)


def is_bare(engine: object) -> bool:
    """Say whether an object has the three verbs of an engine.

    Examples
    --------
    >>> is_bare("local")
    False
    """
    has_verbs = all(callable(getattr(engine, verb, None)) for verb in VERBS)
    return has_verbs and not isinstance(engine, type)
