"""Splits: stretches of files that workers read, each coding what it meets by itself.

A worker replaces plates by pseudonyms chunk by chunk, as the reader here does, and leaves rows of
integers behind. Its codes count from zero; the order of first appearance within each stretch, taken
stretch by stretch in the order of the files, is the order of first appearance in all of them.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.engine.base import Broadcast, bucket_of
from analyzer.errors import StoreError
from analyzer.ingest.chunks import ChunkReader
from analyzer.ingest.cleaning import merge_repeats
from analyzer.ingest.coding import CellCoder, NameCoder, Positions
from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.findings import Findings
from analyzer.ingest.near_plates import NearPlates
from analyzer.ingest.plate_formats import plate_check
from analyzer.ingest.quality import FileQuality
from analyzer.ingest.read_ahead import read_ahead
from analyzer.ingest.sources import Blocks, RowRange, Source
from analyzer.ingest.time_orders import time_reader
from analyzer.ingest.times import TimeReader
from analyzer.ingest.vehicle_names import ExistingIds, Pseudonyms
from analyzer.ingest.vehicles import VehicleCoder
from analyzer.schema import LABELS, MISSING, Rows, n_rows
from analyzer.store.part_writing import (
    WrittenPart,
    complete_rows,
    has_repeats,
    merge_rows,
    write_part,
)
from analyzer.store.sorting import sort_sightings

PART = "part"
"""Column that brings the rows of one part together."""


@dataclass(frozen=True)
class Split:
    """A stretch of a file, and how it is read.

    Attributes
    ----------
    source, mapped
        The file, which is opened again where it is read, and the roles of its columns.
    number : int
        Number of the file.
    zone, timezone : str or None
        Zone of times without an offset, and of the places.
    secret : bytes or None
        Makes the pseudonyms; None where the ids are pseudonyms already. It travels with the split,
        in memory and over the connections between Spark's processes, and in nothing else.
    place_grid : float or None
        Side of the cells that play the camera.
    plate_format : str or None
        Country whose plates are expected.
    near : (int, numpy.ndarray) or None
        How many plates are compared with each other at most, and the key of their digests.
    span : Blocks, RowRange or None
        The stretch; None is the whole file.
    times : TimeReader or None
        What reads the times; found out by `survey`, and so is the next.
    cameras_like_plates : bool or None
        Whether cameras have names like plates.
    """

    source: Source
    mapped: ColumnMap
    number: int
    zone: str | None
    timezone: str | None
    secret: bytes | None = field(repr=False)
    place_grid: float | None
    plate_format: str | None
    near: tuple[int, np.ndarray] | None = field(repr=False)
    span: Blocks | RowRange | None = None
    times: TimeReader | None = None
    cameras_like_plates: bool | None = None

    def chunk_reader(self, times: TimeReader) -> ChunkReader:
        """Make what reads the chunks, with nothing coded yet."""
        near = None if self.near is None else NearPlates(self.near[0], key=self.near[1])
        raw = self.secret is not None
        return ChunkReader(
            mapped=self.mapped,
            times=times,
            vehicles=VehicleCoder(
                Pseudonyms(self.secret) if raw else ExistingIds(),
                near=near,
                valid=plate_check(self.plate_format),
            ),
            cameras=NameCoder(),
            cells=None if self.place_grid is None else CellCoder(self.place_grid),
            positions=Positions(),
            labels={name: NameCoder() for name in LABELS},
            where=self.source.name,
            timezone=self.timezone,
            entry=FileQuality(self.number),
            listed=WaitingRejects(),
            raw_plates=raw,
            cameras_like_plates=self.cameras_like_plates,
        )


@dataclass
class WaitingRejects:
    """Rejected rows of a stretch, until the list takes them in the order of the files."""

    written: list[tuple[Any, ...]] = field(default_factory=list)

    def write(self, *rows: Any) -> None:
        """Keep what `RejectsFile.write` is to be given."""
        self.written.append(rows)


@dataclass(frozen=True)
class Survey:
    """What must be known of a file before stretches of it are read apart.

    Attributes
    ----------
    digest : str
        SHA-256 of the file.
    spans : list
        Its stretches.
    times : TimeReader
        What reads its times.
    cameras_like_plates : bool or None
        Whether its cameras have names like plates; None where that does not matter.
    """

    digest: str
    spans: list[Blocks | RowRange | None]
    times: TimeReader
    cameras_like_plates: bool | None


@dataclass(frozen=True)
class SplitRead:
    """What is to be said of a stretch beside its rows.

    Attributes
    ----------
    vehicles : pyarrow.Array
        Pseudonyms in the order of the stretch's codes.
    vehicle_rows : numpy.ndarray
        How many rows each has.
    ill_formed : numpy.ndarray
        Codes of the plates that do not have the form that was asked for.
    near : NearPlates or None
        Digests of the plates.
    cameras, cells, labels
        Names in the order of the stretch's codes.
    positions : Positions
        Where its cameras stand.
    entry, findings, rejects
        What was counted, found out, and rejected.
    """

    vehicles: pa.Array
    vehicle_rows: np.ndarray
    ill_formed: np.ndarray
    near: NearPlates | None
    cameras: list[str]
    cells: list[int | complex] | None
    labels: dict[str, list[str]]
    positions: Positions
    entry: FileQuality
    findings: Findings
    rejects: list[tuple[Any, ...]]


def survey(split: Split, broadcast: Broadcast) -> Generator[Rows, None, Survey]:
    """Find out what must be known of a file before it is read in stretches; gives no rows."""
    yield from ()
    times = time_reader(split.source, split.mapped, split.zone)
    reader = split.chunk_reader(times)
    chunks = split.mapped.chunks(split.source, reader.wanted)
    for chunk in chunks:
        reader.look_at_first_cameras(chunk)
        break
    chunks.close()
    spans = split.source.spans(reader.wanted, broadcast["blocks"])
    return Survey(split.source.digest(), spans, times, reader.cameras_like_plates)


def read_split(split: Split, broadcast: Broadcast) -> Generator[Rows, None, SplitRead]:
    """Read a stretch: rows of integers, chunk by chunk."""
    reader = split.chunk_reader(split.times)
    counts = np.zeros(0, np.int64)
    for chunk in read_ahead(split.mapped.chunks(split.source, reader.wanted, split.span)):
        rows = reader.read(chunk)
        if not n_rows(rows):
            continue
        counted = np.bincount(rows["vehicle"], minlength=len(counts))
        counted[: len(counts)] += counts
        counts = counted
        yield rows
    vehicles = reader.vehicles
    return SplitRead(
        vehicles=vehicles.names.to_arrow(),
        vehicle_rows=counts,
        ill_formed=vehicles.ill_formed,
        near=vehicles.near,
        cameras=reader.cameras.names,
        cells=None if reader.cells is None else reader.cells.cells,
        labels={name: coder.names for name, coder in reader.labels.items()},
        positions=reader.positions,
        entry=reader.entry,
        findings=reader.findings,
        rejects=reader.listed.written,
    )


# Rows that were read become parts


def coded(rows: Rows, codes: Mapping[str, Any]) -> Rows:
    """Give rows of a stretch the codes of all files, and say in which part each belongs."""
    made = dict(rows)
    for name, of in codes["of"].items():
        if name in rows:
            # The last one is what -1, nothing known, becomes: itself.
            made[name] = np.append(of, MISSING)[rows[name]]
    made = complete_rows(made, codes["columns"])
    made[PART] = part_keys(codes["parts"])[made["vehicle"] % codes["parts"]]
    return made


def part_keys(parts: int) -> np.ndarray:
    """Give a key for each part, such that each falls into a bucket of its own.

    Examples
    --------
    >>> bucket_of(part_keys(8), 8).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    candidates = np.arange(64 * parts)
    buckets, first = np.unique(bucket_of(candidates, parts), return_index=True)
    assert len(buckets) == parts
    return candidates[first]


def unchanged(rows: Rows, broadcast: Broadcast) -> Rows:
    """Give rows as they are."""
    return rows


def write_bucket(rows: Rows, broadcast: Broadcast) -> Rows:
    """Sort the rows of a part, merge repeats, and write it; gives what `read_report` reads."""
    number = int(np.flatnonzero(part_keys(broadcast["parts"]) == rows[PART][0])[0])
    assert (rows[PART] == rows[PART][0]).all()
    rows = sort_sightings({name: column for name, column in rows.items() if name != PART})
    rows, merged = merge_rows(rows, *merge_repeats(rows))
    repeats = has_repeats(rows)
    columns = [*broadcast["columns"], *([broadcast["frames"]] if repeats else [])]
    folder = Path(broadcast["folder"])
    # In a folder of its own first: a worker that was given up may still be writing the same part.
    own = folder / f".work-{uuid.uuid4().hex}"
    try:
        own.mkdir(mode=0o700)
        try:
            written = write_part(own, number, rows, columns)
            name = written.entry["file"]
            os.replace(own / name, folder / name)
        finally:
            shutil.rmtree(own, ignore_errors=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: a worker cannot write there ({error.strerror}); put the store on a path "
            "that every worker sees and may write to, or read with --engine local"
        ) from None
    report = {
        "number": number,
        "entry": written.entry,
        "cameras": written.cameras,
        "vehicles": written.vehicles,
        "repeats": repeats,
        "merged": [[*key, count] for key, count in merged.items()],
    }
    return {"report": np.frombuffer(json.dumps(report).encode(), np.uint8)}


@dataclass(frozen=True)
class PartReport:
    """What a worker says of a part that it wrote."""

    number: int
    part: WrittenPart
    repeats: bool
    merged: Counter[tuple[int, int]]


def read_report(rows: Rows) -> PartReport:
    """Read what `write_bucket` says."""
    said = json.loads(rows["report"].tobytes())
    return PartReport(
        said["number"],
        WrittenPart(said["entry"], said["cameras"], said["vehicles"]),
        said["repeats"],
        Counter({(file, code): count for file, code, count in said["merged"]}),
    )
