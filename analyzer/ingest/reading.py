"""A reading: opened inputs streamed into a store, and accounted for."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import (
    AnalyzerError,
    InputError,
    KeyFileError,
    StoreError,
)
from analyzer.ingest.accounts import Accounts
from analyzer.ingest.camera_sites import by_name, in_order, seen_cameras, with_given_sites
from analyzer.ingest.chunks import ChunkReader
from analyzer.ingest.cleaning import KEPT, MERGE_REASONS, RejectsFile, merge_repeats
from analyzer.ingest.coding import CellCoder, NameCoder, Positions
from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.inputs import covered_name
from analyzer.ingest.inspection import Checks, Inspection
from analyzer.ingest.keys import PSEUDONYMOUS, Key
from analyzer.ingest.opening import Opener
from analyzer.ingest.quality import FileQuality
from analyzer.ingest.read_ahead import read_ahead
from analyzer.ingest.sources import Source
from analyzer.ingest.stray_plates import check_ids
from analyzer.ingest.streams import Place
from analyzer.ingest.time_orders import time_reader
from analyzer.ingest.vehicle_names import ExistingIds, Pseudonyms
from analyzer.ingest.vehicles import VehicleCoder
from analyzer.schema import FRAMES, LABELS, OPTIONAL, SYNTHETIC, Rows
from analyzer.sightings import Sightings
from analyzer.store import Store, StoreBuilder, open_store

REJECTS = "rejects.csv"
MANY_CAMERAS = 20
_EARLIER = 0
"""Number of the file of rows that were in the store before."""

Progress = Callable[[int, int], None]


class Reading:
    """One run of the reader: what it was told, and what it has found so far."""

    def __init__(
        self,
        *,
        earlier: Store | None,
        target: Path | None,
        key: Key,
        timezone: str | None,
        columns: dict[str, str],
        profile: str,
        place_grid: float | None,
        memory: int,
        cameras: pd.DataFrame | None,
        secret: bytes | None = None,
        checks: Checks | None = None,
        table: str | None = None,
        encoding: str | None = None,
        times_in: str | None = None,
        notes: Sequence[str] = (),
    ):
        self.earlier = earlier
        self.target = target
        self.key = key
        self.timezone = timezone
        self.columns = columns
        self.profile = profile
        self.place_grid = place_grid
        self.memory = memory
        self.cameras = cameras
        self.table = table
        self.encoding = encoding
        self.times_in = times_in
        self._claims = ""
        manifest = earlier.manifest if earlier is not None else {}
        self._provenance = dict(manifest.get("provenance", {}))
        self.accounts = Accounts(manifest, notes)
        if earlier is not None:
            self._check_earlier(manifest)
        self.secret = secret
        self.checks = checks or Checks()
        self.inspection = Inspection(
            self.checks,
            memory,
            fixed_cameras=place_grid is None,
            raw_plates=key.kind != PSEUDONYMOUS,
        )
        names = None if earlier is None else earlier.vehicle_names
        self.vehicles = VehicleCoder(
            ExistingIds(names) if key.kind == PSEUDONYMOUS else Pseudonyms(key.secret, names),
            near=self.inspection.near,
            valid=self.inspection.valid,
        )
        placed = earlier.camera_table if earlier is not None else None
        self.cells = None if place_grid is None else CellCoder(place_grid, placed)
        self.names = NameCoder(() if placed is None else placed["name"])
        self.positions = Positions()
        if placed is not None and place_grid is None:
            # A camera of the store that stands elsewhere in a new file moves.
            held = np.arange(len(placed), dtype=np.int32)
            self.positions.add(held, placed["lat"].to_numpy(float), placed["lon"].to_numpy(float))
        self._seen_once = 0
        labels = earlier.labels if earlier is not None else {}
        self.labels = {name: NameCoder(labels.get(name, ())) for name in LABELS}

    def _check_earlier(self, manifest: dict[str, Any]) -> None:
        path = self.earlier.path
        if manifest["key"] != self.key.to_dict():
            raise KeyFileError(f"{path}: made with another key; give the key it was made with")
        if self.timezone not in (None, manifest["timezone"]):
            raise StoreError(
                f"{path}: its time zone is {manifest['timezone']}, not {self.timezone}; "
                "a store has one time zone"
            )
        grid = self._provenance.get("options", {}).get("place_grid_m")
        if grid != self.place_grid:
            want = "no place grid" if grid is None else f"--place-grid {grid:g}m"
            raise StoreError(f"{path}: was made with {want}; give the same for further files")

    # The flow

    def run(
        self,
        inputs: Sequence[Place | pd.DataFrame],
        rejects: Path | None,
        progress: Progress | None,
    ) -> Sightings:
        """Read the inputs and write the store."""
        covered = {item: name for item in inputs if isinstance(item, Path)
                   for name in [covered_name(item)] if name}  # fmt: skip
        try:
            return self._run(inputs, rejects, progress)
        except AnalyzerError as error:
            message = str(error)
            for path, name in covered.items():
                message = message.replace(str(path), name).replace(path.name, name)
            if message == str(error):
                raise
            raise type(error)(message) from None

    def _run(
        self,
        inputs: Sequence[Place | pd.DataFrame],
        rejects: Path | None,
        progress: Progress | None,
    ) -> Sightings:
        if len(inputs) + len(self.accounts.inputs) > np.iinfo(np.int16).max:
            raise InputError("more than 32,767 files in one store; join some of them first")
        # A share of the memory for the block, its fields and its columns; the rest for sorting.
        block = max(1 << 12, min(1 << 24, self.memory // 64))
        opener = Opener(
            columns=self.columns,
            profile=self.profile,
            table=self.table,
            encoding=self.encoding,
            target=self.target,
            place_grid=self.place_grid,
            cameras_given=self.cameras is not None,
            notes=self.accounts.quality.notes,
        )
        sources, maps = opener.open_all(inputs, block)
        if opener.synthetic:
            # Made data say so in a column of their own, wherever the file is carried to.
            self._provenance |= {"synthetic": True, "claims": SYNTHETIC}
        self._check_same_columns(sources[0], maps[0])
        optional = [name for name in OPTIONAL if name in maps[0].columns]
        kind = maps[0].profile
        self._claims = kind.title if kind.columns else "sightings of plate readers, of no one kind"
        builder = StoreBuilder(
            self.target,
            timezone=self._store_timezone,
            columns=[*optional, *self._earlier_frames],
            memory=f"{self.memory}B",
            secret=self.secret,
        )
        try:
            folder = None if self.earlier is None else self.earlier.folder / REJECTS
            listed = RejectsFile(
                builder.folder / REJECTS,
                folder,
                seal=builder.seal,
                earlier_seal=None if self.earlier is None else self.earlier.seal,
            )
            try:
                added = self._read_all(sources, maps, builder, listed, progress)
                if rejects is not None:
                    listed.copy_to(rejects)
            finally:
                listed.close()
            if not added and self.earlier is not None:
                builder.abandon()
                return Sightings(open_store(self.target, secret=self.secret))
            return Sightings(self._finish(builder, optional))
        except BaseException:
            builder.abandon()
            raise

    @property
    def _zone_of_times(self) -> str | None:
        return self.times_in or self.timezone

    @property
    def _earlier_frames(self) -> list[str]:
        return [FRAMES] if self.earlier is not None and FRAMES in self.earlier.columns else []

    @property
    def _store_timezone(self) -> str:
        if self.timezone is not None:
            return self.timezone
        return "UTC" if self.earlier is None else self.earlier.manifest["timezone"]

    def _check_same_columns(self, source: Source, mapped: ColumnMap) -> None:
        """Refuse a file that brings other optional columns than the store has."""
        if self.earlier is None:
            return
        held = set(self.earlier.columns) & set(OPTIONAL)
        new = {role for role in mapped.columns if role in OPTIONAL}
        if held != new:
            raise InputError(
                f"{source.name}: the store {_named(held)}, the file {_named(new)}; "
                "all files of a store bring the same optional columns"
            )

    def _read_all(
        self,
        sources: Sequence[Source],
        maps: Sequence[ColumnMap],
        builder: StoreBuilder,
        listed: RejectsFile,
        progress: Progress | None,
    ) -> int:
        """Read what is new; give the number of files added."""
        total = sum(source.size for source in sources)
        known = {entry["sha256"]: entry["number"] for entry in self.accounts.inputs}
        sizes = [source.size for source in sources]
        done, added = 0, 0
        for source, mapped in zip(sources, maps, strict=True):
            # A file can only be a second time here if something was read before it, or will be.
            if known and (self.earlier is not None or sizes.count(source.size) > 1):
                number = known.get(source.digest())
                if number is not None:
                    self.accounts.note_repeated(number)
                    done += source.size
                    continue
            entry = FileQuality(len(self.accounts.inputs) + 1)
            self._read_one(source, mapped, entry, builder, listed, progress, done, total)
            known[source.digest()] = entry.number
            self.accounts.note_input(source, entry.number)
            done += source.size
            added += 1
        self.accounts.refuse_unusable()
        return added

    def _read_one(
        self,
        source: Source,
        mapped: ColumnMap,
        entry: FileQuality,
        builder: StoreBuilder,
        listed: RejectsFile,
        progress: Progress | None,
        done: int,
        total: int,
    ) -> None:
        self.accounts.note_file(source, mapped, entry)
        reader = ChunkReader(
            mapped=mapped,
            times=time_reader(source, mapped, self._zone_of_times),
            vehicles=self.vehicles,
            cameras=self.names,
            cells=self.cells,
            positions=self.positions,
            labels=self.labels,
            where=source.name,
            timezone=self.timezone,
            entry=entry,
            listed=listed,
            raw_plates=self.key.kind != PSEUDONYMOUS,
        )
        kept = 0
        for chunk in read_ahead(mapped.chunks(source, reader.wanted)):
            rows = reader.read(chunk)
            if len(rows["vehicle"]):
                kept += len(rows["vehicle"])
                with said_of(source):
                    builder.append(rows)
            if progress is not None:
                progress(done + min(chunk.done, source.size), total)
        self.accounts.end_file(
            source, entry, kept, reader.findings, reader.times, alone=total == source.size
        )

    # What is written at the end

    def _finish(self, builder: StoreBuilder, optional: Sequence[str]) -> Store:
        if self.earlier is not None:
            self._append_earlier(builder)
        self.inspection.expect(builder.rows_appended, len(self.vehicles))
        # By name, so that no tie hangs on which camera, or which label, the rows named first.
        cameras, recoded = by_name(self._camera_table())
        labels = {name: self.labels[name].names for name in optional if name in LABELS}
        recode = {"camera": recoded}
        for name, words in labels.items():
            labels[name], recode[name] = in_order(words)
        merged = self._write_parts(builder, recode)
        first_new = next(entry for entry in self.accounts.quality.files if not entry.is_earlier)
        by_number = {entry.number: entry for entry in self.accounts.quality.files}
        for (number, code), rows in sorted(merged.items()):
            # An earlier row that now repeats a new one was merged because the new file came.
            by_number.get(number, first_new).merged[MERGE_REASONS[code]] += rows
        if self.key.kind == PSEUDONYMOUS:
            note = check_ids(self.vehicles.names.to_arrow().to_pylist())
            if note:
                self.accounts.quality.notes.append(note)
                warnings.warn(note, UserWarning, stacklevel=5)
        self.inspection.finish(builder, cameras, self.accounts.quality, self.vehicles.ill_formed)
        self._seen_once = self.inspection.seen_once
        self._describe(builder)
        return builder.finish(
            cameras=cameras,
            vehicles=self.vehicles.names.to_arrow(),
            labels=labels,
            quality=self.accounts.quality.to_dict(),
            provenance=self._describe_origin(),
            key=self.key.to_dict(),
        )

    def _write_parts(
        self, builder: StoreBuilder, recode: dict[str, np.ndarray]
    ) -> Counter[tuple[int, int]]:
        return builder.write_parts(self._merge, recode)

    def _merge(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        into, reason = merge_repeats(rows)
        self.inspection.add(rows, reason == KEPT)
        return into, reason

    def _append_earlier(self, builder: StoreBuilder) -> None:
        for part in Sightings(self.earlier).parts(*self.earlier.columns):
            rows = dict(part.load())
            rows["file"] = np.full(len(rows["vehicle"]), _EARLIER, np.int16)
            builder.append(rows)

    def _describe(self, builder: StoreBuilder) -> None:
        quality = self.accounts.quality
        quality.vehicles, quality.cameras = builder.vehicles_seen, builder.cameras_seen
        if quality.vehicles:
            quality.vehicles_seen_once = self._seen_once / quality.vehicles
        if builder.span_ms is not None:
            first, last = (
                pd.Timestamp(time, unit="ms", tz="UTC").tz_convert(builder.timezone).isoformat()
                for time in builder.span_ms
            )
            quality.first_seen, quality.last_seen = first, last
        if self.timezone is None and self.earlier is None:
            quality.notes.append(
                "times carry their offset and no time zone was given: days and hours are those of "
                "UTC; give --timezone for local ones"
            )
        if self.key.kind != PSEUDONYMOUS and quality.cameras > max(
            MANY_CAMERAS, 2 * quality.vehicles
        ):
            quality.notes.append(
                f"there are more cameras ({quality.cameras:,}) than vehicles "
                f"({quality.vehicles:,}): if the two columns are exchanged, plates stand where "
                "cameras should"
            )

    def _camera_table(self) -> pd.DataFrame:
        if self.cells is not None:
            return self.cells.table()
        frame = seen_cameras(
            self.names.names,
            self.positions,
            held=None if self.earlier is None else self.earlier.camera_table,
            held_zones=self._provenance.get("zones") == "given",
        )
        if self.cameras is not None:
            frame, absent = with_given_sites(frame, self.cameras)
            if absent:
                self.accounts.quality.notes.append(
                    f"{absent} cameras of the data do not stand in the list of cameras"
                )
        if "zone" in frame:
            self._provenance["zones"] = "given"
        return frame

    def _describe_origin(self) -> dict[str, Any]:
        return {
            "claims": self._claims,
            **self._provenance,
            **self.inspection.provenance,
            "version": _version(),
            "inputs": self.accounts.inputs,
            "options": {
                "timezone": self.timezone,
                "profile": self.profile,
                "columns": self.columns,
                "plates": "pseudonymous" if self.key.kind == PSEUDONYMOUS else "raw",
                "place_grid_m": self.place_grid,
                "encoding": self.encoding,
                "times_in": self.times_in,
                "cameras": self.cameras is not None,
                **self.checks.to_dict(),
            },
        }


@contextmanager
def said_of(source: Source) -> Iterator[None]:
    """Say of what the store refuses in which file it came."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"{source.name}: {error}") from None


def _named(columns: set[str]) -> str:
    listed = ", ".join(name for name in OPTIONAL if name in columns)
    return f"has the optional columns {listed}" if listed else "has no optional columns"


def _version() -> str:
    try:
        return version("platerisk")
    except PackageNotFoundError:
        return "unknown"
