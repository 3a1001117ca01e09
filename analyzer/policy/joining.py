"""Joining: the sightings of two operators put together, as somebody who holds both stores would."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from analyzer.cameras import camera_table
from analyzer.errors import UsageError
from analyzer.schema import CORE
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder

PSEUDONYMOUS = "pseudonymous"
"""Kind of key of a store whose names of vehicles were the input's own."""


class Joined(NamedTuple):
    """Two operators' sightings in one collection.

    Attributes
    ----------
    sightings : Sightings
        Of both, in a temporary store that goes with the object.
    cameras : tuple of tuple of str
        Names, in it, of each operator's cameras.
    codes : tuple of numpy.ndarray of int64
        Codes, in it, of the vehicles that each operator saw, ascending.
    """

    sightings: Sightings
    cameras: tuple[tuple[str, ...], tuple[str, ...]]
    codes: tuple[np.ndarray, np.ndarray]


def join_stores(one: Sightings, other: Sightings) -> Joined:
    """Put the sightings of two operators together.

    Parameters
    ----------
    one, other : Sightings
        With pseudonyms made with one key, or with names of the input's own.

    Returns
    -------
    Joined
        Cameras are told apart by operator, whatever their names; zones are made anew, over both.

    Raises
    ------
    UsageError
        If the pseudonyms were not made with one key, the time zones differ, or one is empty.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> town = from_arrays([0, 1], [0, 60_000], [0, 0])
    >>> county = from_arrays([0], [120_000], [0], vehicles=["v1"])
    >>> joined = join_stores(town, county)
    >>> joined.sightings.n_vehicles, joined.cameras[1], joined.codes[1].tolist()
    (2, ('second: c0',), [1])
    """
    check_one_key(one, other)
    for name, sightings in (("first", one), ("second", other)):
        if not len(sightings):
            raise UsageError(f"the {name} store holds no sightings, so there is nothing to join")
    if one.timezone != other.timezone:
        raise UsageError(
            f"the stores are of two time zones, {one.timezone} and {other.timezone}; read both "
            "with the same --timezone"
        )
    names, known = [], {}
    codes = []
    for sightings in (one, other):
        own = sightings.codes_seen
        given = sightings.vehicle_names(own)
        for name in given:
            if name not in known:
                known[name] = len(names)
                names.append(name)
        codes.append(np.array([known[name] for name in given], np.int64))
    tables = [
        sightings.camera_table.assign(name=f"{which}: " + sightings.camera_table["name"])
        for which, sightings in (("first", one), ("second", other))
    ]
    builder = StoreBuilder(
        None, timezone=one.timezone, columns=(), secret=one.store.secret or other.store.secret
    )
    for number, sightings in enumerate((one, other)):
        own, offset = sightings.codes_seen, number * len(tables[0])
        for part in sightings.parts():
            rows = dict(part.load())
            at = np.searchsorted(own, rows["vehicle"])
            rows["vehicle"] = codes[number][at].astype(np.int32)
            rows["camera"] = (rows["camera"] + offset).astype(np.int32)
            builder.append({name: rows[name] for name in CORE})
    store = builder.finish(
        cameras=camera_table(pd.concat(tables)[["name", "lat", "lon"]]),
        vehicles=names,
        provenance={"synthetic": one.synthetic or other.synthetic, "joined": 2},
        key=one.store.manifest["key"],
    )
    return Joined(
        Sightings(store),
        tuple(tuple(table["name"]) for table in tables),
        tuple(np.unique(each) for each in codes),
    )


def check_one_key(one: Sightings, other: Sightings) -> None:
    """Refuse two stores whose pseudonyms do not mean the same vehicles.

    Raises
    ------
    UsageError
        With how to read them so that they do.
    """
    keys = [sightings.store.manifest["key"] for sightings in (one, other)]
    kinds = {key.get("kind") for key in keys}
    checks = {key.get("check", "") for key in keys}
    if kinds == {PSEUDONYMOUS} or (len(kinds) == 1 and len(checks) == 1):
        return
    if PSEUDONYMOUS in kinds:
        why = "one store has pseudonyms made with a key, the other names of its own"
    else:
        why = "the pseudonyms of the two stores were made with different keys"
    raise UsageError(
        f"{why}, so nobody can tell which vehicles are the same; read both operators' files with "
        "one key (--key FILE), or join them as releases: platerisk linkage --other"
    )
