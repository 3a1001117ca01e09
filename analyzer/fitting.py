"""Sightings in parts that fit the engine on which a measure works."""

from __future__ import annotations

from analyzer.engine import Engine, get_engine
from analyzer.sightings import Sightings, check_sightings


def fit_to_engine(
    sightings: Sightings, engine: str | Engine = "local", memory: str | int | None = None
) -> tuple[Engine, Sightings]:
    """Find the engine that a user named, and cut sightings into parts that fit its memory.

    Every measure of sightings starts with this, so that ``memory="500MB"`` says the same of all of
    them. What calls another measure may hand on both: parts that fit are left as they are.

    Parameters
    ----------
    sightings : Sightings
        What is worked on.
    engine : str or Engine
        ``"local"``, ``"spark"``, or an engine object.
    memory : str or int, optional
        What the work on parts may hold beside the program itself: ``"500MB"``, or bytes; ``"2GB"``
        by default. An engine object has its own.

    Returns
    -------
    engine : Engine
        Where the parts are worked on.
    sightings : Sightings
        The same, in parts that fit. On Spark they are not cut: a worker takes a part a processor
        and has its own memory, and a file that is cut is read once more for each of its parts.

    Examples
    --------
    >>> from analyzer.synthetic import make_region
    >>> sightings = make_region(vehicles=100, days=3).sightings
    >>> engine, fitting = fit_to_engine(sightings, memory="300MB")
    >>> engine.memory, fitting is sightings
    (300000000, True)
    """
    check_sightings(sightings)
    runner = get_engine(engine, memory)
    allowed = runner.resources.shared_memory
    # With its unit: an engine may be made with so few bytes as nobody means.
    return runner, sightings if allowed is None else sightings.within(f"{allowed}B")
