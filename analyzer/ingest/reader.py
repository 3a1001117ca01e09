"""The reader: from files to a store of sightings, with every row accounted for.

Files are streamed in chunks. Of each chunk, times are read, cameras and positions looked at, plates
replaced by pseudonyms, and rows that cannot be used written down; what is left are integers. Only
then is anything sorted, spilled or stored.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.camera_lists import read_camera_frame
from analyzer.engine import Engine, LocalEngine, get_engine
from analyzer.engine.scratch import remove_abandoned
from analyzer.engine.spill import parse_memory, refuse_small_number
from analyzer.errors import KeyFileError, UsageError
from analyzer.ingest.columns import check_columns
from analyzer.ingest.encodings import check_encoding
from analyzer.ingest.inputs import find_inputs
from analyzer.ingest.inspection import Checks
from analyzer.ingest.keys import (
    PSEUDONYMOUS,
    THROW_AWAY,
    make_key,
    make_secret,
    open_secret,
)
from analyzer.ingest.reading import Progress, Reading
from analyzer.ingest.stray_times import stray_times_of
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
    encrypt: str | Path | bytes | None = None,
    fix_clocks: bool = False,
    merge_misreads: bool = False,
    plate_format: str | None = None,
    table: str | None = None,
    encoding: str | None = None,
    times_in: str | None = None,
    engine: str | Engine = "local",
    since: str | datetime | None = None,
    until: str | datetime | None = None,
) -> Sightings:
    """Read plate sightings, replace the plates by keyed pseudonyms, and store them.

    Parameters
    ----------
    source : path, glob, folder, list of paths, DataFrame, or store
        CSV with any delimiter, Parquet, JSON, JSON Lines, XML, Excel, GeoJSON, GeoPackage, SQLite,
        text formats also packed with gzip, xz, zstd or bzip2, or in a zip archive; frames; or the
        folder of a store written earlier, which is opened.
    cameras : path or DataFrame, optional
        Where the cameras stand: ``camera, lat, lon`` and, if there are any, ``name`` and ``zone``.
    timezone : str, optional
        IANA name of the zone in which the cameras stand. Needed where the times carry no zone.
    columns : mapping, optional
        What columns are, ``{"source column": "role"}``, where the header does not tell; a source
        column may be named by its position from 1; a source in double quotes is a text that holds
        for every row (``{'"Gate 1"': "camera"}``). Roles: plate, camera, seen_at, lat, lon and the
        optional columns of `analyzer.schema`.
    profile : str
        ``"auto"``, the name of a profile, or the path of a mapping (``.toml``); ``"day-first"``
        and ``"month-first"`` settle dates that can be read in two ways.
    plates : {"raw", "pseudonymous"}
        Whether the input holds plates, or ids that are pseudonyms already and are kept.
    key : path or bytes, optional
        Key file, used or made; None makes a throw-away key that nobody ever sees: no plate can be
        looked up afterwards and no file can be added. Whoever holds a key can enumerate every
        plate.
    place_grid : str, optional
        For readers that move: side of the cells (``"250m"``) that play the camera. For rows that
        tell positions and no camera: ``"exact"``, every position is a place as it stands.
    store : path, optional
        Where the store is written; a store that is there already takes the new files as well. By
        default a temporary store that goes with the object.
    rejects : path, optional
        Where to write the list of rejected rows too (file, line, byte offset, reason and kind of
        value, never the text); it always stands in the store.
    progress : callable, optional
        Called with bytes done and bytes in all.
    memory : str, optional
        How much memory may be used, ``"2GB"`` by default; what the program itself, the names of
        the vehicles and the libraries need comes on top.
    encrypt : path or bytes, optional
        Key file (made if it is not there), or the key itself, with which the store is encrypted;
        needed again to open it or to add to it.
    fix_clocks : bool
        Set right the times of cameras whose clocks are off, drift or jump, where vehicles that took
        no part in finding it confirm it; by default they are only reported. How many clocks could
        be judged stands in the quality report beside them.
    merge_misreads : bool
        Give sightings of misread plates to the vehicle whose trip they complete; by default they
        are only counted.
    plate_format : str, optional
        Country whose plates are expected (``"uz"``); others are counted and kept.
    table : str, optional
        Which table of a database, sheet of a workbook, list of JSON or element of XML holds the
        sightings, where there are more.
    times_in : str, optional
        IANA name of the zone of times without an offset, where it is not that of the cameras: a
        database that writes UTC (``"UTC"``).
    encoding : str, optional
        Encoding of text files, where it is found out wrongly or not at all (``"koi8-r"``).
    engine : str or Engine
        Where files are read: ``"local"``, or ``"spark"`` for CSV and Parquet files and a store on
        paths that every worker sees. The store is the same, to the byte.
    since, until : str or datetime, optional
        Give a view of what was seen from the one to before the other (``"2026-03-01"``, local time
        of the data). What is written to `store` is never cut.

    Returns
    -------
    Sightings

    Warns
    -----
    UserWarning
        If a few sightings lie far from all others in time, as one row dated 2099 does.

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
    if store is not None and (since is not None or until is not None):
        raise UsageError(
            "--from and --until look at a part of what was read, and a store keeps all: leave them "
            "out here, and give them to the verbs that look at the store"
        )
    found = _read(
        source, cameras=cameras, timezone=timezone, columns=columns, profile=profile, plates=plates,
        key=key, place_grid=place_grid, store=store, rejects=rejects, progress=progress,
        memory=memory, encrypt=encrypt, fix_clocks=fix_clocks, merge_misreads=merge_misreads,
        plate_format=plate_format, table=table, encoding=encoding, times_in=times_in, engine=engine,
    )  # fmt: skip
    found = _view(found, since, until)
    stray = stray_times_of(found)
    if stray is not None:
        warnings.warn(stray.describe(), UserWarning, stacklevel=2)
    return found


def _view(sightings: Sightings, since: Any, until: Any) -> Sightings:
    """View what was seen from one time to before another, if any is given."""
    if since is None and until is None:
        return sightings
    first, last = sightings.span
    # Whole days where no end is given: the instant of a sighting is nobody's to read in a document.
    found = sightings.between(
        first.normalize() if since is None else since,
        (last + pd.DateOffset(days=1)).normalize() if until is None else until,
    )
    if not len(found):
        raise UsageError(
            f"nothing was seen between --from and --until: sightings run from {first:%Y-%m-%d} to "
            f"{last:%Y-%m-%d}"
        )
    return found


def _read(
    source: str | Path | pd.DataFrame | Sequence[str | Path | pd.DataFrame],
    *,
    cameras: str | Path | pd.DataFrame | None,
    timezone: str | None,
    columns: Mapping[str, str] | None,
    profile: str,
    plates: str,
    key: str | Path | bytes | None,
    place_grid: str | float | None,
    store: str | Path | None,
    rejects: str | Path | None,
    progress: Progress | None,
    memory: str | int | None,
    encrypt: str | Path | bytes | None,
    fix_clocks: bool,
    merge_misreads: bool,
    plate_format: str | None,
    table: str | None,
    encoding: str | None,
    times_in: str | None,
    engine: str | Engine,
) -> Sightings:
    """Read all there is, or open a store."""
    refuse_small_number(memory)
    if plates not in ("raw", "pseudonymous"):
        raise UsageError(f"plates must be 'raw' or 'pseudonymous', not {plates!r}")
    if timezone is not None:
        time_zone(timezone)
    if times_in is not None:
        time_zone(times_in)
        if timezone is None:
            raise UsageError("--times-in needs --timezone, the zone in which the cameras stand")
    if place_grid is not None and cameras is not None:
        raise UsageError("--place-grid makes its own places: leave --cameras out")
    start = _reading_on(engine, memory, sealed=encrypt is not None)
    inputs, passed_over = find_inputs(source)
    if len(inputs) == 1 and isinstance(inputs[0], Path) and is_store(inputs[0]):
        return _open_again(inputs[0], store, open_secret(encrypt))
    freed = remove_abandoned()
    if freed:
        # Rows of vehicles, if without plates: nothing to be left lying.
        warnings.warn(
            f"{freed / 1e6:,.1f} MB of temporary files that interrupted runs left were removed",
            UserWarning,
            stacklevel=3,
        )
    target = None if store is None else Path(store)
    apart_from = [] if target is None else [target]
    is_there = target is not None and is_store(target)
    made: list[Path] = []
    try:
        secret = make_secret(encrypt, apart_from=apart_from, made=made)
        earlier = open_store(target, secret=secret) if is_there else None
        checks = Checks(fix_clocks, merge_misreads, plate_format)
        if earlier is not None:
            checks.refuse_changes(earlier.path)
        _check_key_kind(earlier, plates, key)
        found_key = make_key(plates, key, apart_from=apart_from, made=made)
        if secret is not None and secret == found_key.secret:
            raise KeyFileError(
                "--key and --encrypt are one key: whoever is given it to open the store could then "
                "try all plates and find out who is who; use two"
            )
        reading = start(
            earlier=earlier,
            target=target,
            key=found_key,
            timezone=timezone,
            columns=check_columns(columns),
            profile=profile,
            place_grid=_cell_size(place_grid),
            memory=parse_memory(memory if memory is not None else "2GB"),
            cameras=None if cameras is None else read_camera_frame(cameras),
            secret=secret,
            checks=checks,
            table=table,
            encoding=check_encoding(encoding),
            times_in=times_in,
            notes=passed_over,
        )
        return reading.run(inputs, None if rejects is None else Path(rejects), progress)
    except BaseException:
        # A key that nothing was read with would be taken for one that opens something; where the
        # new store stands, it is needed.
        if target is None or is_there or not is_store(target):
            for path in made:
                path.unlink(missing_ok=True)
        raise


def _reading_on(
    engine: str | Engine, memory: str | int | None, *, sealed: bool
) -> Callable[..., Reading]:
    """Find what reads on an engine."""
    runner = get_engine(engine, memory)
    if isinstance(runner, LocalEngine):
        return Reading
    if not hasattr(runner, "hold"):
        raise UsageError(
            f"files cannot be read with the engine {type(runner).__name__}; use engine='local' or "
            "engine='spark'"
        )
    if sealed:
        raise UsageError(
            "--encrypt: the key of an encrypted store stays in this process, and Spark's workers "
            "would leave rows on their disks; read with --engine local"
        )
    from analyzer.ingest.spread import SpreadReading

    return functools.partial(SpreadReading, runner)


def _cell_size(place_grid: str | float | None) -> float | None:
    """Give the side of the cells in metres; zero for exact positions, None for no grid."""
    if place_grid is None:
        return None
    return 0.0 if place_grid == "exact" else parse_distance(place_grid, name="place grid")


def _open_again(path: Path, store: str | Path | None, secret: bytes | None) -> Sightings:
    sightings = Sightings(open_store(path, secret=secret))
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
