"""Assess: every measure once, over one set of sightings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from analyzer.assessment import Assessment
from analyzer.engine import Engine
from analyzer.errors import unless_too_much
from analyzer.fitting import fit_to_engine
from analyzer.patterns.camera_load import measure_camera_load
from analyzer.patterns.overview import find_patterns
from analyzer.patterns.sighting_counts import measure_sighting_counts
from analyzer.patterns.trips import DEFAULT_MAX_GAP
from analyzer.policy.retention import DOCUMENTED, sweep_retention
from analyzer.report.further_risks import measure_further
from analyzer.risk.adversary import Adversary
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.sites import read_sites
from analyzer.risk.unicity import measure_unicity
from analyzer.sightings import Sightings, check_sightings

LINKED = 2_000
"""Vehicles that are looked for again at each change of pseudonyms; of more, so many are drawn.

Each is compared with all candidates, by every adversary, at up to twelve changes: of all the report
this would take by far the longest, and 24,000 searches fix a share to half a per cent.
"""


def assess(
    sightings: Sightings,
    *,
    adversary: Adversary | None = None,
    windows: Sequence[str] = DOCUMENTED,
    max_gap: str = DEFAULT_MAX_GAP,
    rotation: str = "7D",
    sample: int | None = None,
    sites: Any = None,
    seed: int = 0,
    engine: str | Engine = "local",
    memory: str | int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Assessment:
    """Assess sightings: singling out, retention, linkage, and what can be inferred, in one run.

    Parameters
    ----------
    sightings : Sightings
        What was seen.
    adversary : Adversary, optional
        What is known about a vehicle; four sightings, to the hour and the camera, by default.
    windows : sequence of str
        Lengths of keeping to compare.
    max_gap : str
        Longest gap inside a trip.
    rotation : str
        How often pseudonyms are imagined to change, for linkage.
    sample : int, optional
        Measure unicity on this many vehicles, drawn by chance, against all others.
    sites : path or frame or Sites, optional
        Sensitive sites with a category; see `analyzer.risk.sites.read_sites`.
    seed : int
        Seed of every random draw.
    engine : str or Engine
        Where the parts are worked on.
    memory : str or int, optional
        What the work on parts may hold, ``"500MB"`` for example; ``"2GB"`` by default. Parts that
        are too large for it are cut.
    progress : callable, optional
        Called with the steps done and the steps in all.

    Returns
    -------
    Assessment

    Raises
    ------
    UsageError
        If there are no sightings.
    InputError
        If the sites cannot be read, or no camera is near them.

    Examples
    --------
    >>> from analyzer.synthetic import make_region
    >>> assessment = assess(make_region(60, 4, seed=1).sightings, windows=["1D", "3D"])
    >>> print(assessment.summary().splitlines()[1])
    The data are synthetic.
    >>> assessment.unicity.adversary.points
    4
    """
    check_sightings(sightings)
    adversary = adversary or Adversary()
    listed = None if sites is None else read_sites(sites)
    say = progress or (lambda done, total: None)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    where = {"engine": runner, "memory": memory}
    _ = sightings.span_ms
    unicity = measure_unicity(sightings, adversary, sample=sample, seed=seed, **where)
    say(1, 8)
    retention = sweep_retention(sightings, windows, adversary, seed=seed, **where)
    say(3, 8)
    # A report tells of whole periods; their first days alone would be twice the work again.
    linkage = unless_too_much(
        measure_linkage, sightings, rotation, sample=LINKED, shorter=(), seed=seed, **where
    )
    counts = measure_sighting_counts(sightings, **where)
    load = measure_camera_load(sightings, **where)
    further = measure_further(
        sightings, adversary, sites=listed, sample=sample, seed=seed, max_gap=max_gap, **where
    )
    say(5, 8)
    # Last, since places and routines of all vehicles are held from here on.
    patterns = find_patterns(
        sightings,
        max_gap=max_gap,
        seed=seed,
        progress=lambda done, total: say(5 * total + 3 * done, 8 * total),
        **where,
    )
    options = {
        "points": adversary.points,
        "time": adversary.time,
        "space": adversary.space,
        "windows": list(windows),
        "max_gap": max_gap,
        "rotation": rotation,
        "sample": sample,
        "sites": listed is not None,
        "seed": seed,
    }
    return Assessment(
        sightings, unicity, retention, linkage, patterns, counts, load, options, further
    )
