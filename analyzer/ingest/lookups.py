"""Lookups: small tables that lie beside a file of sightings, such as the sites of the cameras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import InputError
from analyzer.ingest.coding import as_text
from analyzer.ingest.profiles import Profile
from analyzer.ingest.sources import Source
from analyzer.ingest.streams import Member, Place

MAX_BYTES = 1 << 28
MAX_ROWS = 5_000_000

Tables = dict[str, dict[str, Any]]


def file_name(place: Place) -> str:
    """Give the name by which a file is known to a profile, without case."""
    name = PurePosixPath(place.entry).name if isinstance(place, Member) else place.name
    return name.lower()


def companions_of(profiles: Iterable[Profile]) -> frozenset[str]:
    """List the names of the files that belong to some profiles without being sightings."""
    return frozenset(
        table["file"].lower() for profile in profiles for table in profile.tables.values()
    )


def table_place(profile: Profile, table: str, source: Source, given: Iterable[Place]) -> Any:
    """Find the file of a table: among those given, or beside the sightings; None if neither."""
    wanted = profile.tables[table]["file"].lower()
    for place in given:
        if file_name(place) == wanted:
            return place
    own = getattr(source, "path", None)
    if isinstance(own, Path):
        beside = own.parent / profile.tables[table]["file"]
        if beside.is_file():
            return beside
    return None


def load_table(source: Source, key: str) -> dict[str, Any]:
    """Read a table whole, by the names of its columns; ``"key"`` is the column that is looked up.

    Raises
    ------
    InputError
        If it is too large, lacks its key, or holds a key twice.
    """
    if source.size > MAX_BYTES:
        raise InputError(f"{source.name}: too large to be looked up in (more than 256 MB)")
    names = [name.strip() for name in source.columns]
    if key not in names:
        raise InputError(f"{source.name}: has no column {key!r}, by which it is looked up")
    parts: dict[int, list[pa.Array]] = {position: [] for position in range(len(names))}
    rows = 0
    for chunk in source.chunks(list(parts)):
        rows += len(chunk)
        if rows > MAX_ROWS:
            raise InputError(f"{source.name}: too large to be looked up in")
        for position, arrays in parts.items():
            arrays.append(as_text(chunk.columns[position]))
    columns: Mapping[int, pa.Array] = {
        position: pa.concat_arrays(arrays) if arrays else pa.array([], pa.string())
        for position, arrays in parts.items()
    }
    table = {name: columns[position] for position, name in enumerate(names)}
    keys = table[key]
    if len(pc.unique(keys)) < len(keys):
        raise InputError(f"{source.name}: a value of {key!r} stands in more than one row")
    return {**table, "key": keys}
