"""Where partitions run: one seam (map, exchange, reduce) between kernels and machines.

A measure is written once, as module-level functions from rows to rows, and never learns whether its
parts ran in threads of this process, in other processes, or on a cluster.
"""

from __future__ import annotations

from analyzer.engine.bare import BareEngine, is_bare
from analyzer.engine.base import DerivedPart, Engine, Part, RowsPart, reduce_rows
from analyzer.engine.local import LocalEngine
from analyzer.engine.spill import refuse_small_number
from analyzer.errors import UsageError

__all__ = ["DerivedPart", "Engine", "LocalEngine", "Part", "RowsPart", "get_engine", "reduce_rows"]


def get_engine(
    engine: str | Engine = "local", memory: str | int | None = None, *, master: str | None = None
) -> Engine:
    """Find the engine that a user named.

    Parameters
    ----------
    engine : str or Engine
        ``"local"``, ``"spark"``, or an engine object, which is returned as it is; of one with the
        three verbs of the seam alone, the usual memory is taken for granted.
    memory : str or int, optional
        How much may be held at once, e.g. ``"2GB"`` or bytes; a guide for spilling to disk.
    master : str, optional
        Spark's master, ``"spark://host:7077"`` or ``"local[2]"``; by default what the environment
        variable SPARK_MASTER says, else all processors of this machine.

    Raises
    ------
    UsageError
        If there is no such engine, a master is given to one that has none, or memory is a small
        number without a unit.
    EngineError
        If Spark is asked for, and pyspark or Java are not installed.

    Examples
    --------
    >>> type(get_engine("local")).__name__
    'LocalEngine'
    """
    if isinstance(engine, str):
        refuse_small_number(memory)
    if engine == "spark":
        from analyzer.engine.spark import SparkEngine

        return SparkEngine(master, memory)
    if master is not None:
        raise UsageError(f"master {master!r} says where Spark is; it needs engine='spark'")
    if engine == "local":
        return LocalEngine(memory=memory)
    if isinstance(engine, Engine) and not isinstance(engine, type):
        return engine
    if is_bare(engine):
        return BareEngine(engine)
    raise UsageError(f"engine {engine!r} is not known; use engine='local' or engine='spark'")
