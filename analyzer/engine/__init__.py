"""Where partitions run: one seam (map, exchange, reduce) between kernels and machines.

A measure is written once, as module-level functions from rows to rows, and never learns whether its
parts ran in threads of this process, in other processes, or on a cluster.
"""

from __future__ import annotations

from analyzer.engine.base import DerivedPart, Engine, Part, RowsPart, reduce_rows
from analyzer.engine.local import LocalEngine
from analyzer.errors import UsageError

__all__ = ["DerivedPart", "Engine", "LocalEngine", "Part", "RowsPart", "get_engine", "reduce_rows"]


def get_engine(engine: str | Engine = "local", memory: str | int | None = None) -> Engine:
    """Find the engine that a user named.

    Parameters
    ----------
    engine : str or Engine
        ``"local"``, or an engine object, which is returned as it is.
    memory : str or int, optional
        How much may be held at once, e.g. ``"2GB"`` or bytes; a guide for spilling to disk.

    Raises
    ------
    UsageError
        If there is no such engine.

    Examples
    --------
    >>> type(get_engine("local")).__name__
    'LocalEngine'
    """
    if engine == "local":
        return LocalEngine(memory=memory)
    if isinstance(engine, Engine) and not isinstance(engine, type):
        return engine
    raise UsageError(f"engine {engine!r} is not known; use engine='local'")
