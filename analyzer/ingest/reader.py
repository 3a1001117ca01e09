"""The reader: from files to a store of sightings, with every row accounted for.

Files are streamed in chunks. Of each chunk, times are read, cameras and positions looked at, plates
replaced by pseudonyms, and rows that cannot be used written down; what is left are integers. Only
then is anything sorted, spilled or stored.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.cameras import read_camera_frame
from analyzer.engine.spill import parse_memory
from analyzer.errors import InputError, KeyFileError, UsageError
from analyzer.ingest.columns import check_columns
from analyzer.ingest.keys import PSEUDONYMOUS, THROW_AWAY, make_key
from analyzer.ingest.reading import Progress, Reading
from analyzer.local_time import time_zone
from analyzer.sightings import Sightings
from analyzer.store import Store, is_store, open_store
from analyzer.units import parse_distance


def read_sightings(
    source: str | Path | pd.DataFrame | Sequence[str | Path | pd.DataFrame],
    *,
    cameras: str | Path | pd.DataFrame | None = None,
    timezone: str | None = None,
    columns: Mapping[str, str] | None = None,
    profile: str = "auto",
    plates: str = "raw",
    key: str | Path | bytes | None = None,
    place_grid: str | float | None = None,
    store: str | Path | None = None,
    rejects: str | Path | None = None,
    progress: Progress | None = None,
    memory: str | int | None = None,
) -> Sightings:
    """Read plate sightings, replace the plates by keyed pseudonyms, and store them.

    Parameters
    ----------
    source : path, glob, list of paths, DataFrame, or store
        CSV with any delimiter (plain or gzipped), Parquet, frames; or the folder of a store
        written earlier, which is opened.
    cameras : path or DataFrame, optional
        Where the cameras stand: ``camera, lat, lon`` and, if there are any, ``name`` and ``zone``.
    timezone : str, optional
        IANA name of the zone in which the cameras stand. Needed where the times carry no zone.
    columns : mapping, optional
        What columns are, ``{"source column": "role"}``, where the header does not tell; a source
        column may be named by its position from 1. Roles: plate, camera, seen_at, lat, lon and the
        optional columns of `analyzer.schema`.
    profile : str
        ``"auto"``, or the name of a profile; ``"day-first"`` and ``"month-first"`` settle dates
        that can be read in two ways.
    plates : {"raw", "pseudonymous"}
        Whether the input holds plates, or ids that are pseudonyms already and are kept.
    key : path or bytes, optional
        Key file, used or made; None makes a throw-away key that nobody ever sees: no plate can be
        looked up afterwards and no file can be added. Whoever holds a key can enumerate every
        plate.
    place_grid : str, optional
        For readers that move: side of the cells (``"250m"``) that play the camera.
    store : path, optional
        Where the store is written; a store that is there already takes the new files as well. By
        default a temporary store that goes with the object.
    rejects : path, optional
        Where to write the list of rejected rows too (file, line, byte offset, reason and kind of
        value, never the text); it always stands in the store.
    progress : callable, optional
        Called with bytes done and bytes in all.
    memory : str, optional
        How much memory may be used, ``"2GB"`` by default.

    Returns
    -------
    Sightings

    Raises
    ------
    InputError
        If the data cannot be used; `AmbiguousInputError` if they can be read in more ways than one.
    KeyFileError, StoreError
        If the key or the store cannot be used.
    UsageError
        If an option is wrong.

    Examples
    --------
    >>> frame = pd.DataFrame({"plate": ["01A123BC", "01 a 123 bc"], "camera": ["c1", "c2"],
    ...                       "time": ["2026-03-01 10:00:00", "2026-03-01 10:07:00"]})
    >>> sightings = read_sightings(frame, timezone="Asia/Tashkent")
    >>> len(sightings), sightings.n_vehicles, sightings.quality["rows_rejected"]
    (2, 1, 0)
    """
    if plates not in ("raw", "pseudonymous"):
        raise UsageError(f"plates must be 'raw' or 'pseudonymous', not {plates!r}")
    if timezone is not None:
        time_zone(timezone)
    if place_grid is not None and cameras is not None:
        raise UsageError("--place-grid makes its own places: leave --cameras out")
    inputs = _find_inputs(source)
    if len(inputs) == 1 and isinstance(inputs[0], Path) and is_store(inputs[0]):
        return _open_again(inputs[0], store)
    target = None if store is None else Path(store)
    earlier = open_store(target) if target is not None and is_store(target) else None
    apart_from = [folder for folder in (target,) if folder is not None]
    _check_key_kind(earlier, plates, key)
    reading = Reading(
        earlier=earlier,
        target=target,
        key=make_key(plates, key, apart_from=apart_from),
        timezone=timezone,
        columns=check_columns(columns),
        profile=profile,
        place_grid=None if place_grid is None else parse_distance(place_grid, name="place grid"),
        memory=parse_memory(memory if memory is not None else "2GB"),
        cameras=None if cameras is None else read_camera_frame(cameras),
    )
    return reading.run(inputs, None if rejects is None else Path(rejects), progress)


def _find_inputs(source: Any) -> list[Path | pd.DataFrame]:
    if isinstance(source, pd.DataFrame):
        return [source]
    if isinstance(source, str | Path):
        path = Path(source)
        if path.exists() or not glob.has_magic(str(source)):
            return [path]
        found = [Path(name) for name in sorted(glob.glob(str(source), recursive=True))]
        files = [path for path in found if path.is_file()]
        if not files:
            raise InputError(f"{source}: no file matches")
        return files
    if isinstance(source, Sequence):
        inputs = [found for item in source for found in _find_inputs(item)]
        if not inputs:
            raise UsageError("there is nothing to read: the list of files is empty")
        return inputs
    raise UsageError(
        "source must be a path, a glob, a list of paths, a DataFrame or the folder of a store, "
        f"not {type(source).__name__}"
    )


def _open_again(path: Path, store: str | Path | None) -> Sightings:
    sightings = Sightings(open_store(path))
    if store is None or Path(store).resolve() == path.resolve():
        return sightings
    return sightings.save(store)


def _check_key_kind(earlier: Store | None, plates: str, key: object) -> None:
    if earlier is None:
        return
    kind = earlier.manifest["key"].get("kind")
    if kind == THROW_AWAY:
        raise KeyFileError(
            f"{earlier.path}: made with a throw-away key, so it accepts no further file; read all "
            "files in one go, or make a new store with --key FILE"
        )
    if (kind == PSEUDONYMOUS) != (plates == "pseudonymous"):
        held = "ids that were pseudonyms already" if kind == PSEUDONYMOUS else "keyed pseudonyms"
        raise KeyFileError(f"{earlier.path}: holds {held}; the two cannot be mixed in one store")
    if plates == "raw" and key is None:
        raise KeyFileError(
            f"{earlier.path}: further files need the key that the store was made with; "
            "give it with --key FILE"
        )
