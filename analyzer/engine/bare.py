"""Bare engines: those of others, which have the three verbs of the seam and say nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.engine.base import Resources
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.spill import parse_memory

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
        self.map, self.exchange, self.reduce = engine.map, engine.exchange, engine.reduce
        self.on_part: Callable[[int, int], None] | None = None

    @property
    def resources(self) -> Resources:
        """What is taken for granted."""
        return Resources(parse_memory(DEFAULT_MEMORY), None)


def is_bare(engine: object) -> bool:
    """Say whether an object has the three verbs of an engine.

    Examples
    --------
    >>> is_bare("local")
    False
    """
    has_verbs = all(callable(getattr(engine, verb, None)) for verb in VERBS)
    return has_verbs and not isinstance(engine, type)
