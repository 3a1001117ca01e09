"""Export: the sightings of a store as one file that other programs read.

Each row is about one vehicle, so the file is internal: its name begins with ``INTERNAL-``, only its
owner may read it, and whoever writes it must say so. It is written beside its place and moved there
at the end, part by part, so that memory holds one part and no half file is ever seen.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from analyzer.errors import InputError, UsageError
from analyzer.report.folder import INTERNAL_PREFIX
from analyzer.report.tables import safe_cell
from analyzer.schema import CORE, LABELS
from analyzer.sightings import Sightings
from analyzer.store import is_store

ENDINGS = (".parquet", ".csv", ".geojson", ".gpkg")
_ROWS = 200_000

Progress = Callable[[int, int], None]


def export_sightings(
    sightings: Sightings,
    path: str | Path,
    *,
    internal: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write sightings as one file, in the format that the file's ending says.

    Parameters
    ----------
    sightings : Sightings
        What to write.
    path : path
        Where; ``.parquet``, ``.csv``, ``.geojson`` or ``.gpkg``. The name gets the prefix
        ``INTERNAL-`` if it has it not.
    internal : bool
        Must be true: every row is about one vehicle.
    force : bool
        Whether a file that is there already is replaced.
    progress : callable, optional
        Called with rows written and rows in all.

    Returns
    -------
    pathlib.Path
        The file written; readable by its owner only.

    Raises
    ------
    UsageError
        If `internal` is not given, the ending is unknown, or the file is there already.
    InputError
        If it cannot be written, or a map is asked for and no camera has a position.

    Notes
    -----
    Columns: vehicle, camera, seen_at (with offset), lat, lon, and the optional ones (``frames``
    counts the rows that became one sighting); ``synthetic`` where the data are. Cells of CSV cannot
    become formulas. The same input gives the same bytes.
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"{path}: what is to be written is told by the ending; use {', '.join(ENDINGS)}"
        )
    if not internal:
        raise UsageError(
            "every row of an export is about one vehicle, so it is never published: write "
            "--internal to say that you know (the file is readable by you alone)"
        )
    if not path.name.startswith(INTERNAL_PREFIX):
        path = path.with_name(INTERNAL_PREFIX + path.name)
    if any(is_store(folder) for folder in path.resolve().parents):
        raise UsageError(f"{path} would lie in a store; write it to another folder")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; write --force to replace it")
    if not len(sightings):
        raise InputError("there are no sightings to write")
    placed = sightings.camera_table["lat"].notna().any()
    if path.suffix.lower() in (".geojson", ".gpkg") and not placed:
        raise InputError(
            "no camera has a position, so there is no map to write; read the sightings again with "
            "--cameras FILE, or write .csv or .parquet"
        )
    write = {".parquet": _parquet, ".csv": _csv, ".geojson": _geojson, ".gpkg": _geopackage}
    _write_whole(
        path, lambda place: write[path.suffix.lower()](sightings, place, progress), force
    )
    return path


def _write_whole(path: Path, write: Callable[[Path], None], force: bool) -> None:
    try:
        # Made with mode 0600, and never wider for a moment.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".export-", suffix=".part")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    os.close(handle)
    partial = Path(name)
    try:
        write(partial)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        if force:
            os.replace(partial, path)
            return
        try:
            # A link fails where a file came in the meantime; a move would replace it.
            os.link(partial, path)
        except FileExistsError:
            raise UsageError(f"{path} is there already; write --force to replace it") from None
        except OSError:
            os.replace(partial, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()


def tables_of(sightings: Sightings) -> Iterator[pa.Table]:
    """Give the sightings as Arrow tables of bounded size, in the order of the store."""
    cameras = sightings.camera_table
    lat, lon = cameras["lat"].to_numpy(float), cameras["lon"].to_numpy(float)
    for part in sightings.parts(*sightings.columns):
        rows = part.load()
        for start in range(0, len(rows["vehicle"]), _ROWS):
            some = {name: column[start : start + _ROWS] for name, column in rows.items()}
            columns = {
                "vehicle": pa.array(sightings.vehicle_names(some["vehicle"]), pa.string()),
                "camera": pa.array(sightings.camera_names(some["camera"]), pa.string()),
                "seen_at": pa.array(some["seen_at"], pa.timestamp("ms", "UTC")).cast(
                    pa.timestamp("ms", sightings.timezone)
                ),
                "lat": pa.array(lat[some["camera"]], from_pandas=True),
                "lon": pa.array(lon[some["camera"]], from_pandas=True),
            }
            for name in sightings.columns[len(CORE) :]:
                if name in LABELS:
                    labels = np.array([*sightings.labels.get(name, ()), None], object)
                    columns[name] = pa.array(labels[some[name]], pa.string())
                else:
                    columns[name] = pa.array(some[name], from_pandas=True)
            if sightings.synthetic:
                columns["synthetic"] = pa.array([True] * len(some["vehicle"]))
            yield pa.table(columns)


def _counted(
    sightings: Sightings, progress: Progress | None
) -> Iterator[pa.Table]:
    """Give the tables, and tell after each how many rows were written."""
    total = len(sightings) if progress is not None else 0
    done = 0
    for table in tables_of(sightings):
        yield table
        done += len(table)
        if progress is not None:
            progress(done, total)


def _parquet(sightings: Sightings, path: Path, progress: Progress | None) -> None:
    tables = _counted(sightings, progress)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        writer.write_table(first)
        for table in tables:
            writer.write_table(table)


def _csv(sightings: Sightings, path: Path, progress: Progress | None) -> None:
    writer = None
    try:
        for table in _counted(sightings, progress):
            table = pa.table({name: _safe(table[name]) for name in table.column_names})
            if writer is None:
                options = pyarrow.csv.WriteOptions(quoting_style="needed")
                writer = pyarrow.csv.CSVWriter(path, table.schema, write_options=options)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _safe(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Make cells that no spreadsheet runs; times as text with their offset."""
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%S%z")
    if not pa.types.is_string(column.type):
        return column
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    texts = [safe_cell(text) for text in coded.dictionary.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string()).take(coded.indices)])


def _geojson(sightings: Sightings, path: Path, progress: Progress | None) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        between = "\n"
        for table in _counted(sightings, progress):
            times = pc.strftime(table["seen_at"], "%Y-%m-%dT%H:%M:%S%z")
            names = [name for name in table.column_names if name not in ("lat", "lon")]
            table = table.set_column(table.column_names.index("seen_at"), "seen_at", times)
            for row in table.to_pylist():
                point = None
                if row["lat"] is not None:
                    point = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
                properties = {name: row[name] for name in names}
                feature = {"type": "Feature", "properties": properties, "geometry": point}
                file.write(between + json.dumps(feature, ensure_ascii=False))
                between = ",\n"
        file.write("\n]}\n")


_GEOPACKAGE = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian', -1, 'NONE', -1, 'undefined', NULL),
  ('Undefined geographic', 0, 'NONE', 0, 'undefined', NULL),
  ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,
298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]', NULL);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL, min_x DOUBLE, min_y DOUBLE,
  max_x DOUBLE, max_y DOUBLE, srs_id INTEGER REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name));
INSERT INTO gpkg_geometry_columns VALUES ('sightings', 'geom', 'POINT', 4326, 0, 0);
"""


def _geopackage(sightings: Sightings, path: Path, progress: Progress | None) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    try:
        # The whole file is moved into place at the end: no journal is needed beside it.
        database.execute("PRAGMA journal_mode=OFF")
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA application_id=1196444487")
        database.execute("PRAGMA user_version=10300")
        database.executescript(_GEOPACKAGE)
        names: list[str] = []
        for table in _counted(sightings, progress):
            if not names:
                names = [name for name in table.column_names if name not in ("lat", "lon")]
                kinds = [_sql_kind(table.schema.field(name).type) for name in names]
                listed = ", ".join(
                    f'"{name}" {kind}' for name, kind in zip(names, kinds, strict=True)
                )
                database.execute(
                    "CREATE TABLE sightings (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
                    f"geom POINT, {listed})"
                )
            times = table["seen_at"].cast(pa.timestamp("ms", "UTC"))
            times = pc.strftime(times, "%Y-%m-%dT%H:%M:%SZ")
            table = table.set_column(table.column_names.index("seen_at"), "seen_at", times)
            points = map(_point, table["lon"].to_pylist(), table["lat"].to_pylist())
            marks = ", ".join("?" * (len(names) + 1))
            quoted = ", ".join(f'"{name}"' for name in names)
            database.execute("BEGIN")
            database.executemany(
                f"INSERT INTO sightings (geom, {quoted}) VALUES ({marks})",
                zip(points, *(table[name].to_pylist() for name in names), strict=True),
            )
            database.execute("COMMIT")
        lat, lon = sightings.camera_table["lat"], sightings.camera_table["lon"]
        # No clock in the file: the same sightings give the same bytes.
        database.execute(
            "INSERT INTO gpkg_contents VALUES ('sightings', 'features', 'sightings', "
            "'internal: one row a sighting', '1970-01-01T00:00:00.000Z', ?, ?, ?, ?, 4326)",
            (lon.min(), lat.min(), lon.max(), lat.max()),
        )
    except sqlite3.Error as error:
        raise InputError(f"the GeoPackage cannot be written ({error})") from None
    finally:
        database.close()


def _sql_kind(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "DATETIME"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "INTEGER"
    return "DOUBLE" if pa.types.is_floating(kind) else "TEXT"


def _point(lon: float | None, lat: float | None) -> bytes | None:
    if lon is None or lat is None:
        return None
    return b"GP\x00\x01" + struct.pack("<i", 4326) + b"\x01" + struct.pack("<Idd", 1, lon, lat)
