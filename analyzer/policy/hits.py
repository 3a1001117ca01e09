"""Hits: how much of what is kept is about a vehicle that anybody ever searched for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import InputError, UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.policy.released import Released
from analyzer.schema import Rows
from analyzer.sightings import Sightings

NAMES = (
    "vehicles are named by their pseudonyms, as INTERNAL- files and `.vehicles` show them (or by "
    "the ids of the file, read with --plates pseudonymous), never by plates"
)
"""How to write vehicles that were searched for."""

KNOWN = "share of the names listed that are vehicles of the data; Wilson, 95 %"
METHOD = "share of the kept sightings that are of a vehicle searched for; Wilson, 95 %"


def read_hits(source: str | Path | Sequence[str]) -> tuple[str, ...]:
    """Read a list of vehicles that are searched for: a text file with one name a line, or names.

    Raises
    ------
    InputError
        If the file is missing, cannot be read, or holds no name. No name is ever shown.

    Examples
    --------
    >>> read_hits(["v1", "v2 "])
    ('v1', 'v2')
    """
    if not isinstance(source, (str, Path)):
        names, where = [str(name) for name in source], "hits"
    else:
        where = str(source)
        try:
            names = Path(source).read_text(encoding="utf-8-sig").splitlines()
        except FileNotFoundError:
            raise InputError(f"{where}: no such file") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{where}: cannot be read ({type(error).__name__})") from None
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not found:
        raise InputError(f"{where}: holds no name; write one vehicle a line: {NAMES}")
    return found


def find_hits(sightings: Sightings, names: Sequence[str]) -> np.ndarray:
    """Say of each vehicle code whether it is searched for, shape (codes,).

    Names that no vehicle has are counted in a warning, and never shown: they may be plates.

    Raises
    ------
    UsageError
        If no vehicle has any of the names.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    own = pa.array(sightings.vehicle_names(np.arange(sightings.n_codes)), pa.string())
    hit = pc.is_in(own, value_set=pa.array(names, pa.string()))
    found = hit.to_numpy(zero_copy_only=False)
    known, listed = int(found.sum()), len(names)
    if not known:
        raise UsageError(
            f"hits: none of the {listed:,} names listed is a vehicle of these sightings; {NAMES}"
        )
    if known < listed:
        warnings.warn(
            f"{known:,} of the {listed:,} names searched for are vehicles of these sightings; the "
            f"others count for nothing: {NAMES}",
            UserWarning,
            stacklevel=2,
        )
    return found


def share_known(hit: np.ndarray, names: Sequence[str]) -> Estimate:
    """Give the share of the names listed that are vehicles of the sightings.

    Examples
    --------
    >>> share_known(np.array([True, False, True]), ["v0", "v2", "v7", "v8"]).value
    0.5
    """
    return wilson(int(hit.sum()), len(names), method=KNOWN)


def share_of_hits(
    released: Released, hit: np.ndarray, runner: Engine
) -> tuple[Estimate, int]:
    """Estimate the share of the kept sightings that are of a vehicle searched for.

    Parameters
    ----------
    released : Released
        What a leak shows.
    hit : numpy.ndarray of bool, shape (codes before the policy,)
        As `find_hits` gives it.
    runner : Engine
        Where the parts run.

    Returns
    -------
    share : Estimate
    vehicles : int
        Vehicles searched for of which something is kept.
    """
    shared = {"hit": hit, "periods": released.recipe.periods}
    counted = runner.map(released.parts("vehicle"), count_hits, shared)
    hits, vehicles, rows = (
        sum(int(each[name][0]) for each in counted) for name in ("hits", "vehicles", "rows")
    )
    return wilson(hits, rows, method=METHOD), vehicles


def count_hits(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the sightings of a part, those of vehicles searched for, and these vehicles."""
    of = rows["vehicle"].astype(np.int64) // broadcast["periods"]
    found = of[broadcast["hit"][of]]
    # A vehicle is in one part, so that the counts of vehicles add up.
    counts = {"hits": len(found), "vehicles": len(np.unique(found)), "rows": len(of)}
    return {name: np.array([count]) for name, count in counts.items()}
