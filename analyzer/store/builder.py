"""Writing a store: rows in any order go in, sorted parts and one new manifest come out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.cameras import CAMERA_TABLE, camera_table
from analyzer.engine.scratch import ScratchFolder
from analyzer.engine.sealing import Seal, write_sealed_bytes
from analyzer.engine.spill import parse_memory, refuse_small_number
from analyzer.errors import StoreError
from analyzer.schema import CORE, DTYPES, FRAMES, MISSING, OPTIONAL, Rows, n_rows
from analyzer.store.generation import Generation
from analyzer.store.part_files import read_rows
from analyzer.store.part_writing import (
    WrittenPart,
    complete_rows,
    has_repeats,
    merge_rows,
    missing,
    write_part,
    write_part_file,
)
from analyzer.store.small_tables import write_tables
from analyzer.store.sorting import sort_sightings
from analyzer.store.store import FORMAT, SEALED_MANIFEST, Store, open_store
from analyzer.store.waiting import WaitingRows

PLAIN, ENCRYPTED = 1, 2
"""Versions of the format of a store."""

SLOTS = 256
"""Vehicles are spread over this many spill files; the number of parts divides it."""

PART_ROWS = 4_000_000
"""Rows that a part should hold at most, as far as the slots go."""

SMALLEST_PART_ROWS = 250_000
"""Rows up to which a part is not cut, however little memory may be used."""

LARGEST_VEHICLE_ROWS = 500_000
"""Sightings that one vehicle may have, however little memory may be used."""

Merge = Callable[[Rows], tuple[np.ndarray, np.ndarray]]
"""From sorted rows: the position of the row that each becomes part of (its own where it is kept),
and why it is not kept (a code)."""


class StoreBuilder:
    """Collect rows, sort them by vehicle and time, and write them as a store.

    Rows are held in memory up to a share of `memory`, then in spill files. Nothing that a reader
    of the store could see changes before `finish` replaces the manifest.

    Parameters
    ----------
    path : path or None
        Folder of the store; None makes a temporary one that goes with the object.
    timezone : str
        IANA name of the zone in which the people of the data live.
    columns : sequence of str
        Optional columns that the rows bring beside vehicle, seen_at and camera.
    parts : int, optional
        Number of parts; by default as many as the rows need.
    memory : str or int
        How much may be held before rows are spilled to disk: ``"2GB"``, or bytes.
    secret : bytes, optional
        Encrypts whatever is written, spill files included; needed again to open the store.

    Raises
    ------
    StoreError
        If the path cannot be written, or another run is writing there.
    UsageError
        If the memory is not an amount.
    """

    def __init__(
        self,
        path: str | Path | None,
        *,
        timezone: str,
        columns: Sequence[str] = (),
        parts: int | None = None,
        memory: str | int = "2GB",
        secret: bytes | None = None,
    ):
        refuse_small_number(memory)
        self._memory = parse_memory(memory)
        self._secret = secret
        self.seal = None if secret is None else Seal.new(secret)
        self._temporary = None
        if path is None:
            self._temporary = ScratchFolder("platerisk-store-")
            path = self._temporary.path
        self.path = Path(path)
        self.timezone = timezone
        self.columns = CORE + tuple(name for name in (*OPTIONAL, FRAMES) if name in columns)
        self._parts = parts
        self._waiting = WaitingRows(parts or SLOTS, self._memory // 8, sealed=secret is not None)
        self._recode: Mapping[str, np.ndarray] = {}
        self._rows = 0
        self._vehicle_rows = np.zeros(0, np.int32)
        self._written: list[dict[str, Any]] = []
        self._cameras_seen: set[int] = set()
        self._vehicles_seen = 0
        self._generation = Generation(self.path, secret)

    @property
    def folder(self) -> Path:
        """Folder of the generation being written, for files that belong beside the data."""
        return self._generation.folder

    def append(self, rows: Rows) -> None:
        """Add rows, in any order; ``file`` (int16), if there, says which input they came from."""
        names = (*self.columns, "file")
        count = n_rows(rows)
        if not count:
            return
        complete = complete_rows(rows, names)
        self.announce(count, np.bincount(complete["vehicle"]))
        self._waiting.add(complete)

    def announce(self, rows: int, counts: np.ndarray) -> None:
        """Count rows that come: how many, and how many of each vehicle.

        Raises
        ------
        StoreError
            If one vehicle alone is more than memory holds: a vehicle is never cut.
        """
        self._rows += rows
        if len(counts) > len(self._vehicle_rows):
            more = max(len(counts), 2 * len(self._vehicle_rows)) - len(self._vehicle_rows)
            self._vehicle_rows = np.pad(self._vehicle_rows, (0, more))
        self._vehicle_rows[: len(counts)] += counts.astype(np.int32)
        most = int(self._vehicle_rows.max())
        if most > max(LARGEST_VEHICLE_ROWS, self._memory // self._row_bytes()):
            raise StoreError(
                f"one vehicle has more than {most:,} sightings, and sorting them takes more than "
                f"the {self._memory / 1e6:,.0f} MB that may be used. No vehicle is seen so often: "
                "it stands for plates that were not read, most likely; leave these rows out, or "
                "give more with --memory"
            )

    def _row_bytes(self) -> int:
        """Give what a row takes while its part is sorted and the parts beside it are at work."""
        return 8 * sum(np.dtype(DTYPES[name]).itemsize for name in (*self.columns, "file"))

    def write_parts(
        self, merge: Merge | None = None, recode: Mapping[str, np.ndarray] | None = None
    ) -> Counter[tuple[int, int]]:
        """Sort the rows, merge repeats, and write the parts.

        Parameters
        ----------
        merge : callable, optional
            Which sorted rows become part of which, and why. How many became one is kept in the
            column ``frames`` if that happened to any.
        recode : mapping of str to numpy.ndarray, optional
            For a column of codes (camera or a label), the code that takes the place of each: codes
            given as names came in depend on the order of the rows, and the order of ties on codes.

        Returns
        -------
        Counter
            Rows merged away, by (file, reason code).
        """
        merged: Counter[tuple[int, int]] = Counter()
        self._recode = recode or {}
        self._waiting.close()
        parts = self.number_of_parts
        bare = []
        names = self._bare_columns
        # While one part is merged, the next is sorted and the one before written.
        with ThreadPoolExecutor(1) as sorting, ThreadPoolExecutor(1) as writing:
            coming = sorting.submit(self._rows_of_part, 0, parts)
            written: Future[None] | None = None
            for part in range(parts):
                rows = coming.result()
                if part + 1 < parts:
                    coming = sorting.submit(self._rows_of_part, part + 1, parts)
                if n_rows(rows) and merge is not None:
                    rows, gone = merge_rows(rows, *merge(rows))
                    merged.update(gone)
                repeats = has_repeats(rows)
                if not repeats:
                    bare.append(part)
                if written is not None:
                    written.result()
                columns = (*names, FRAMES) if repeats else names
                written = writing.submit(self._write_part, part, rows, columns)
            written.result()
        self._waiting.discard()
        self._settle_columns(bare)
        return merged

    def adopt_parts(self, parts: Sequence[WrittenPart], bare: list[int]) -> None:
        """Take parts that were written into the folder by others, in the order of their numbers.

        Parameters
        ----------
        parts : sequence of WrittenPart
            All parts, `number_of_parts` of them; the rows of a part were sorted, and repeats
            merged, as `write_parts` does it.
        bare : list of int
            The parts without a column of frames, since in them nothing was merged.
        """
        for part in parts:
            self._note_part(part)
        self._settle_columns(bare)

    def _settle_columns(self, bare: list[int]) -> None:
        self.columns = self._bare_columns
        if len(bare) < len(self._written):
            self.columns += (FRAMES,)
            self._count_single_frames(bare)

    @property
    def _bare_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name != FRAMES)

    @property
    def number_of_parts(self) -> int:
        """How many parts the rows that were announced so far need."""
        return self._parts or _number_of_parts(self._rows, self._part_rows())

    def _count_single_frames(self, parts: list[int]) -> None:
        """Give parts in which nothing merged the column that others have."""
        names = self.columns[:-1]
        for part in parts:
            rows = read_rows(self.folder / self._written[part]["file"], names, self.seal)
            rows[FRAMES] = missing(FRAMES, n_rows(rows))
            path = self.folder / self._written[part]["file"]
            write_part_file(path, rows, self.columns, self.seal)

    def _part_rows(self) -> int:
        """Give the rows that a part may hold: the spill, keys and copies weigh too."""
        width = sum(np.dtype(DTYPES[name]).itemsize for name in (*self.columns, "file"))
        # Small parts cost more in files than they save in memory.
        return max(min(PART_ROWS, SMALLEST_PART_ROWS), min(PART_ROWS, self._memory // (16 * width)))

    def _rows_of_part(self, part: int, parts: int) -> Rows:
        rows = self._waiting.of_part(part, parts)
        for name, codes in self._recode.items():
            if name in rows:
                # The last one is what -1, nothing known, becomes: itself.
                rows[name] = np.append(codes, MISSING).astype(DTYPES[name])[rows[name]]
        return sort_sightings(rows)

    def _write_part(self, number: int, rows: Rows, columns: Sequence[str]) -> None:
        self._note_part(write_part(self.folder, number, rows, columns, self.seal))

    def _note_part(self, part: WrittenPart) -> None:
        self._cameras_seen.update(part.cameras)
        # A vehicle is in one part, so the parts' counts add up.
        self._vehicles_seen += part.vehicles
        self._written.append(part.entry)

    def written(self, *columns: str) -> Iterator[Rows]:
        """Read the parts that were written, one after the other."""
        for entry in self._written:
            yield read_rows(self.folder / entry["file"], columns or CORE, self.seal)

    def rewrite(self, change: Callable[[Rows], Rows]) -> None:
        """Write the parts again, changed; rows may change their vehicle within a part only.

        Parameters
        ----------
        change : callable
            From the sorted rows of a part to the rows that take their place, in any order.
        """
        entries, self._written = self._written, []
        self._cameras_seen, self._vehicles_seen = set(), 0
        for number, entry in enumerate(entries):
            rows = read_rows(self.folder / entry["file"], self.columns, self.seal)
            rows = change(rows)
            self._write_part(number, sort_sightings(rows), self.columns)

    @property
    def rows_written(self) -> int:
        """Rows that stand in the parts."""
        return sum(part["rows"] for part in self._written)

    @property
    def span_ms(self) -> tuple[int, int] | None:
        """First and last instant in the parts (ms, UTC); None when there are no rows."""
        filled = [part for part in self._written if part["rows"]]
        if not filled:
            return None
        return (
            min(part["first_seen_ms"] for part in filled),
            max(part["last_seen_ms"] for part in filled),
        )

    @property
    def parts_written(self) -> int:
        """Number of the parts; a vehicle is in the part of its code modulo this."""
        return len(self._written)

    @property
    def rows_appended(self) -> int:
        """Rows that came in, before repeats were merged."""
        return self._rows

    @property
    def vehicles_seen(self) -> int:
        """Vehicles that have a row in the parts."""
        return self._vehicles_seen

    @property
    def cameras_seen(self) -> int:
        """Cameras that have a row in the parts."""
        return len(self._cameras_seen)

    def finish(
        self,
        *,
        cameras: pd.DataFrame,
        vehicles: Sequence[str] | pa.Array,
        labels: dict[str, Sequence[str]] | None = None,
        quality: dict[str, Any] | None = None,
        provenance: dict[str, Any] | None = None,
        key: dict[str, Any] | None = None,
        merge: Merge | None = None,
    ) -> Store:
        """Write what belongs beside the parts, and make the new store the store.

        Parameters
        ----------
        cameras : pandas.DataFrame
            One row a camera in the order of the codes: name, lat, lon, zone (see `camera_table`).
        vehicles : sequence of str
            Vehicle names in the order of the codes.
        labels : dict, optional
            Labels of each label column, in the order of the codes.
        quality, provenance, key : dict, optional
            What is known of the reading, the sources, and the kind of pseudonym; JSON-able.
        merge : callable, optional
            As in `write_parts`, which is called if it was not before.

        Returns
        -------
        Store
        """
        if not self._written:
            self.write_parts(merge)
        table = cameras if tuple(cameras.columns) == CAMERA_TABLE else camera_table(cameras)
        write_tables(self.folder, table, vehicles, labels or {}, self.seal)
        span = self.span_ms or (None, None)
        manifest = {
            "format": FORMAT,
            "version": PLAIN if self.seal is None else ENCRYPTED,
            "generation": self.folder.name,
            "timezone": self.timezone,
            "rows": self.rows_written,
            "vehicles": len(vehicles),
            "cameras": len(table),
            "vehicles_seen": self._vehicles_seen,
            "cameras_seen": self.cameras_seen,
            "first_seen_ms": span[0],
            "last_seen_ms": span[1],
            "columns": list(self.columns),
            "parts": self._written,
            "key": key or {"kind": "pseudonymous"},
            "quality": quality or {},
            "provenance": provenance or {},
        }
        if self.seal is not None:
            text = json.dumps(manifest, ensure_ascii=False).encode()
            write_sealed_bytes(self.folder / SEALED_MANIFEST, text, self.seal)
            shown = ("format", "version", "generation")
            manifest = {name: manifest[name] for name in shown}
            manifest["encrypted"] = self.seal.to_dict()
        self._generation.commit(manifest)
        return open_store(self.path, owner=self._temporary, secret=self._secret)

    def abandon(self) -> None:
        """Leave everything as it was: remove what was not committed and give the lock back."""
        self._waiting.discard()
        self._generation.abandon()


def _number_of_parts(rows: int, part_rows: int | None = None) -> int:
    part_rows = PART_ROWS if part_rows is None else part_rows
    parts = 1
    while parts < SLOTS and rows > parts * part_rows:
        parts *= 2
    return parts
