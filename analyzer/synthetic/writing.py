"""Writing a region: as a store, or as the files that a reader gets, with the truth beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from analyzer.errors import InputError, UsageError
from analyzer.schema import SYNTHETIC, Rows
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder
from analyzer.synthetic.attributes import LABEL_TEXTS, NOTED
from analyzer.synthetic.land_use import site_table
from analyzer.synthetic.passages import BLOCK_ROWS, PlateBook, read_scene
from analyzer.synthetic.plates import format_plates, pseudonyms
from analyzer.synthetic.readers import (
    COUNTED,
    N_COUNTS,
    UTC_OFFSET_MS,
    first_rows_of_passages,
)
from analyzer.synthetic.scene import TIMEZONE, Scene
from analyzer.synthetic.truth import TruthWriter

FORMATS = ("csv", "parquet")

TRUTH_VEHICLES = 20_000
"""Vehicles whose trips are held at once while the truth is written."""

TRUTH_BYTES = 1_200
"""What the truth about one vehicle on one day takes while it is written, as measured: 1,050."""

_KEPT, _REPEAT = 0, 1


def build_store(
    scene: Scene,
    provenance: dict[str, Any],
    path: str | Path | None = None,
    *,
    parts: int | None = None,
    block_rows: int = BLOCK_ROWS,
) -> Sightings:
    """Write what the readers of a scene saw as a store, as if it had been read from files.

    Repeat frames are merged, and vehicles are coded by order of first appearance, as a reader of
    the files does it.

    Parameters
    ----------
    scene : Scene
    provenance : dict
        Kept with the store.
    path : path, optional
        Folder of the store; a temporary one by default.
    parts : int, optional
        Number of parts of the store.
    block_rows : int
        Rows held at once, roughly.

    Returns
    -------
    Sightings
    """
    builder = StoreBuilder(
        path,
        timezone=TIMEZONE,
        columns=("confidence", *NOTED),
        **({"parts": parts} if parts else {}),
    )
    book, counts = PlateBook(scene.plates), np.zeros(N_COUNTS, np.int64)
    rows_read = 0
    try:
        for rows in read_scene(scene, counts, block_rows):
            codes = book.codes(book.entities(rows["vehicle"], rows["misread"]))
            rows_read += len(codes)
            builder.append(_stored_columns(rows) | {"vehicle": codes})
        merged = builder.write_parts(_merge_repeats).total()
    except BaseException:
        builder.abandon()
        raise
    store = builder.finish(
        cameras=scene.camera_sites.cameras,
        vehicles=pseudonyms(format_plates(book.plates_of(book.seen))),
        labels={name: list(texts) for name, texts in LABEL_TEXTS.items()},
        quality={
            "rows_read": rows_read,
            "rows_kept": rows_read - merged,
            "rows_rejected": 0,
            "rows_merged": merged,
            "rejected_by_reason": {},
            "merged_by_reason": {"repeat_frame": merged} if merged else {},
        },
        provenance=provenance | {"counted": count_table(counts)},
        key={"kind": "public"},
    )
    return Sightings(store)


def _stored_columns(rows: Rows) -> Rows:
    left_out = ("vehicle", "passed_at", "misread")
    return {name: column for name, column in rows.items() if name not in left_out}


def _merge_repeats(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    first = first_rows_of_passages(rows["vehicle"], rows["seen_at"], rows["camera"])
    return first, np.where(first == np.arange(len(first)), _KEPT, _REPEAT).astype(np.int8)


def count_table(counts: np.ndarray) -> dict[str, int]:
    """Name the counters of `read_scene`."""
    return dict(zip(COUNTED, counts.tolist(), strict=True))


def write_region(
    scene: Scene, provenance: dict[str, Any], path: str | Path, format: str,
    block_rows: int = BLOCK_ROWS, truth_vehicles: int = TRUTH_VEHICLES,
) -> Path:  # fmt: skip
    """Write a region as files: sightings with (synthetic) plates, cameras, sites, truth.

    Parameters
    ----------
    scene : Scene
    provenance : dict
        Written as ``region.json``.
    path : path
        A new or empty folder.
    format : {"csv", "parquet"}
        Of the sightings and the truth.
    block_rows : int
        Rows held at once, roughly.
    truth_vehicles : int
        Vehicles whose trips are held at once while the truth is written.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    UsageError
        If the format is not known.
    InputError
        If the folder holds something.
    """
    if format not in FORMATS:
        raise UsageError(f"format {format!r} is not known; choose 'csv' or 'parquet'")
    folder = Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; give a new or empty folder")
    (folder / "truth").mkdir(parents=True)
    counts = np.zeros(N_COUNTS, np.int64)
    book = PlateBook(scene.plates)
    blocks = (_written_table(scene, rows, book) for rows in read_scene(scene, counts, block_rows))
    _write_stream(folder / f"sightings.{format}", blocks)
    cameras = scene.camera_sites.cameras
    _write_csv(
        folder / "cameras.csv",
        pd.DataFrame({"camera": cameras["name"], **cameras[["name", "lat", "lon", "zone"]]}),
    )
    _write_csv(folder / "sites.csv", site_table(scene.land_use.sites))
    _write_truth(folder / "truth", TruthWriter(scene), scene.vehicles, format, truth_vehicles)
    information = provenance | {"counted": count_table(counts)}
    (folder / "region.json").write_text(
        json.dumps(information, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    (folder / "README.md").write_text(_readme(information, format), "utf-8")
    return folder


def _written_table(scene: Scene, rows: Rows, book: PlateBook) -> pa.Table:
    entity = book.entities(rows["vehicle"], rows["misread"])
    plates = pd.unique(entity)
    position = np.empty(int(entity.max()) + 1 if len(entity) else 0, np.int32)
    position[plates] = np.arange(len(plates))
    columns = {
        "plate": _texts(position[entity], format_plates(book.plates_of(plates))),
        "camera": _texts(rows["camera"], scene.camera_sites.cameras["name"].tolist()),
        "seen_at": _iso_times(rows["seen_at"]),
        "confidence": _two_digits(rows["confidence"]),
    }
    for name in NOTED:
        columns[name] = _texts(rows[name], LABEL_TEXTS[name])
    columns[SYNTHETIC] = pa.repeat("true", len(entity))
    return pa.table(columns)


def _two_digits(confidence: np.ndarray) -> pa.Array:
    # As texts, because a float32 would be written with all its digits.
    hundredths = np.rint(confidence * 100).astype(np.int32)
    return _texts(hundredths, [f"{value / 100:.2f}" for value in range(101)])


def _texts(codes: np.ndarray, texts: list[str] | tuple[str, ...]) -> pa.Array:
    """Turn codes into texts; below 0 is missing."""
    codes = np.asarray(codes, np.int32)
    index = pa.array(codes, mask=codes < 0)
    return pa.array(texts, pa.string()).take(index)


def _iso_times(milliseconds: np.ndarray) -> pa.Array:
    local = pa.array(np.asarray(milliseconds, np.int64) + UTC_OFFSET_MS).cast(pa.timestamp("ms"))
    return pc.binary_join_element_wise(local.cast(pa.string()), "+05:00", "")


def _write_stream(path: Path, tables: Iterator[pa.Table]) -> None:
    """Write tables of one schema under each other."""
    if path.suffix == ".parquet":
        first = next(tables)
        with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
            for table in chain((first,), tables):
                writer.write_table(table)
        return
    # No text of a region holds a comma or a quotation mark; pyarrow refuses to write one that does.
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    with open(path, "wb") as file:
        for number, table in enumerate(tables):
            if number == 0:
                file.write((",".join(table.column_names) + "\n").encode())
            pyarrow.csv.write_csv(table, file, options)


def _write_csv(path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(path, index=False, lineterminator="\n")


def vehicles_at_once(days: int, memory: int | None = None) -> int:
    """Say of how many vehicles the trips of so many days fit into so many bytes.

    Examples
    --------
    >>> vehicles_at_once(28), vehicles_at_once(180, 10**9)
    (20000, 4629)
    """
    if memory is None:
        return TRUTH_VEHICLES
    return max(1, min(TRUTH_VEHICLES, memory // (days * TRUTH_BYTES)))


def _write_truth(
    folder: Path, writer: TruthWriter, vehicles: int, format: str, at_once: int
) -> None:
    def trips() -> Iterator[pd.DataFrame]:
        for first in range(0, vehicles, at_once):
            yield writer.trips(np.arange(first, min(vehicles, first + at_once)))

    for name, frame in (("vehicles", writer.vehicles), ("companions", writer.companions)):
        _write_stream(folder / f"{name}.{format}", iter([_truth_table(frame, format)]))
    _write_stream(folder / f"trips.{format}", (_truth_table(frame, format) for frame in trips()))
    _write_stream(
        folder / f"visits.{format}",
        (_truth_table(writer.visits(frame), format) for frame in trips()),
    )


def _truth_table(frame: pd.DataFrame, format: str) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    if format == "csv":
        for position, name in enumerate(table.column_names):
            if pa.types.is_timestamp(table.schema.field(name).type):
                times = table[name].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
                table = table.set_column(position, name, _iso_times(times))
    return table


def _readme(information: dict[str, Any], format: str) -> str:
    return f"""# A synthetic region

**These data are synthetic.** No row is about a real vehicle or person; plates are generated, and
the key of the pseudonyms in `truth/` is public. They were written by
`analyzer.synthetic.make_region` with the options in `region.json`:
{information["vehicles"]:,} vehicles, {information["days"]} days from {information["start"]},
seed {information["seed"]}, regime {information["regime"]}.

* `sightings.{format}`: what the readers wrote (plate, camera, seen_at, attributes), with misreads,
  repeats and one drifting clock; its column `synthetic` marks the file, and platerisk carries the
  mark into every report
* `cameras.csv`: where the cameras stand (camera, name, lat, lon, zone)
* `sites.csv`: schools, shops, mosques, clinics, universities; generated, not real ones
* `truth/`: what really happened (vehicles, trips, companions, visits)
* `region.json`: options, rates and counts

Towns: GeoNames (CC BY 4.0); the position of Eshonguzar is a proxy. Streets of the city are
schematic.
"""
