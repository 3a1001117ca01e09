"""A reading: inputs opened, mapped and compared, streamed into a store, and accounted for."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import (
    AmbiguousInputError,
    AnalyzerError,
    InputError,
    KeyFileError,
    StoreError,
    UsageError,
)
from analyzer.ingest.chunks import ChunkReader
from analyzer.ingest.cleaning import KEPT, MERGE_REASONS, RejectsFile, merge_repeats
from analyzer.ingest.coding import CellCoder, NameCoder, Positions
from analyzer.ingest.columns import ColumnMap, is_header, map_columns
from analyzer.ingest.documents import DocumentSource
from analyzer.ingest.formats import FrameSource, open_source
from analyzer.ingest.inputs import covered_name
from analyzer.ingest.inspection import Checks, Inspection
from analyzer.ingest.keys import PSEUDONYMOUS, Key
from analyzer.ingest.lookups import companions_of, file_name, load_table, table_place
from analyzer.ingest.profiles import GENERIC, Profile, choose_profile
from analyzer.ingest.quality import FileQuality, Quality
from analyzer.ingest.read_ahead import read_ahead
from analyzer.ingest.search_audit import refuse_search_audit
from analyzer.ingest.sources import Source
from analyzer.ingest.stray_plates import is_plate_in_name
from analyzer.ingest.streams import Place
from analyzer.ingest.times import DAY_FIRST, MONTH_FIRST, TimeReader, order_proofs
from analyzer.ingest.vehicle_names import ExistingIds, Pseudonyms
from analyzer.ingest.vehicles import VehicleCoder
from analyzer.schema import FRAMES, LABELS, OPTIONAL, SYNTHETIC, Rows
from analyzer.sightings import Sightings
from analyzer.store import Store, StoreBuilder, is_store, open_store

REJECTS = "rejects.csv"
_FEW_ROWS = 20
"""A file of more rows than these, none of them usable, was misunderstood."""
FEW_ALIKE = 0.02
"""Share of ids that may look like plates by chance: one in 200 of short hashes does."""

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
        self._tables: dict[Place, dict[str, Any]] = {}
        self._given: list[Place] = []
        self._kept = 0
        self._claims = ""
        self._unusable: InputError | None = None
        manifest = earlier.manifest if earlier is not None else {}
        self._provenance = dict(manifest.get("provenance", {}))
        self._inputs = [dict(entry) for entry in self._provenance.get("inputs", ())]
        self.quality = Quality.from_dict(manifest.get("quality", {}))
        self.quality.notes.extend(notes)
        for entry in self.quality.files:
            entry.is_earlier = True
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
        if len(inputs) + len(self._inputs) > np.iinfo(np.int16).max:
            raise InputError("more than 32,767 files in one store; join some of them first")
        # A share of the memory for the block, its fields and its columns; the rest for sorting.
        block = max(1 << 12, min(1 << 24, self.memory // 64))
        sources = self._without_companions([self._open(item, block) for item in inputs])
        nested = [source for source in sources if isinstance(source, DocumentSource)]
        for vendor in [source.profile for source in nested if source.profile.only][:1]:
            for source in nested:
                source.adopt(vendor)
        maps = [self._map(source) for source in sources]
        maps = self._check_same_schema(sources, maps)
        optional = [name for name in OPTIONAL if name in maps[0].columns]
        kind = maps[0].profile
        self._claims = kind.title if kind.columns else "sightings of plate readers, of no one kind"
        builder = StoreBuilder(
            self.target,
            timezone=self._store_timezone,
            columns=[*optional, *self._earlier_frames],
            memory=self.memory,
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
    def _earlier_frames(self) -> list[str]:
        return [FRAMES] if self.earlier is not None and FRAMES in self.earlier.columns else []

    @property
    def _store_timezone(self) -> str:
        if self.timezone is not None:
            return self.timezone
        return "UTC" if self.earlier is None else self.earlier.manifest["timezone"]

    def _without_companions(self, sources: list[Source]) -> list[Source]:
        """Set aside the files that are not sightings but are looked up in."""
        if len(sources) == 1:
            return sources
        profiles = []
        for source in sources:
            with contextlib.suppress(InputError):
                profiles.append(choose_profile(source.columns, self.profile)[0])
        names = companions_of(profiles)
        aside = [s for s in sources if file_name(getattr(s, "path", Path())) in names]
        self._given = [source.path for source in aside]
        return [source for source in sources if source not in aside]

    def _look_up(self, source: Source, profile: Profile) -> dict[str, dict[str, Any]]:
        tables = {}
        for name, table in profile.tables.items():
            place = table_place(profile, name, source, self._given)
            if place is None:
                self._note_once(f"{table['file']} does not lie beside the file: nothing is known "
                                f"of the {name}")  # fmt: skip
                continue
            if place not in self._tables:
                found = self._open(place, 1 << 20)
                self._tables[place] = load_table(found, table["key"])
                self._note_once(f"{table['file']} is looked up in")
            tables[name] = self._tables[place]
        return tables

    def _note_once(self, note: str) -> None:
        if note not in self.quality.notes:
            self.quality.notes.append(note)

    def _open(self, item: Place | pd.DataFrame, block: int) -> Source:
        if isinstance(item, pd.DataFrame):
            return FrameSource(item)
        if isinstance(item, Path) and is_store(item):
            raise UsageError(f"{item} is a store; a store is opened alone, not among files")
        if isinstance(item, Path) and item.is_file() and self.target is not None:
            inside = item.resolve().is_relative_to(self.target.resolve())
            if inside:
                raise UsageError(f"{item} lies in the store that is to be written")
        source = open_source(
            item,
            lambda rows: is_header(rows, self.columns),
            block_bytes=block,
            profile=self.profile,
            table=self.table,
            encoding=self.encoding,
        )
        source.name = covered_name(item) or source.name
        return source

    def _map(self, source: Source) -> ColumnMap:
        if any(str(column).strip().lower() == SYNTHETIC for column in source.columns or ()):
            # Made data say so in a column of their own, wherever the file is carried to.
            self._provenance |= {"synthetic": True, "claims": SYNTHETIC}
        if self.profile == "auto" and not self.columns:
            rows = source.head[1:] if source.has_header else source.head
            refuse_search_audit(source.name, source.columns or (), rows)
        required = ("plate", "seen_at")
        required += ("lat", "lon") if self.place_grid is not None else ("camera",)
        # Nested records were told apart by their profile already.
        profile = getattr(source, "profile", None) if self.profile == "auto" else None
        if profile is None or profile == GENERIC:
            profile = self.profile
        chosen = choose_profile(source.columns, profile)[0]
        mapped = map_columns(
            source.name,
            source.columns,
            width=source.width,
            sample=source.head,
            profile=profile,
            columns=self.columns,
            tables=self._look_up(source, chosen) if chosen.tables else None,
            required=() if getattr(source, "only_other_events", False) else required,
        )
        if getattr(source, "only_other_events", False):
            mapped = mapped.with_roles(required, source.width)
        if self.place_grid is not None:
            # The cell plays the camera: the reader's name is not needed.
            mapped.columns.pop("camera", None)
            mapped.words.pop("camera", None)
        if self.cameras is not None:
            # The list says where cameras stand; what the rows say is not needed.
            for role in ("lat", "lon"):
                mapped.columns.pop(role, None)
                mapped.words.pop(role, None)
        if mapped.profile.moving and self.place_grid is None:
            raise AmbiguousInputError(
                f"{source.name}: {mapped.profile.title}: these readers move, so a reader is no "
                "place; say how large a place is, for example --place-grid 250m"
            )
        return mapped

    def _check_same_schema(
        self, sources: Sequence[Source], maps: list[ColumnMap]
    ) -> list[ColumnMap]:
        """Refuse files of different kinds; give the maps, all with the same roles."""
        if maps[0].profile.columns and all(m.profile == maps[0].profile for m in maps):
            # A vendor's records leave out what they do not know: no file of one kind differs.
            roles = list({role: None for mapped in maps for role in mapped.columns})
            maps = [m.with_roles(roles, s.width) for m, s in zip(maps, sources, strict=True)]
        first, first_map = sources[0], maps[0]
        for source, mapped in zip(sources[1:], maps[1:], strict=True):
            if mapped.profile == first_map.profile and (
                mapped.words == first_map.words or mapped.profile.columns
            ):
                continue
            roles = [role for role in {**first_map.words, **mapped.words}
                     if first_map.words.get(role) != mapped.words.get(role)]  # fmt: skip
            differences = (
                "; ".join(
                    f"{role}: {_where(first_map, role)} there, {_where(mapped, role)} here"
                    for role in roles
                )
                or f"{first_map.profile.name} there, {mapped.profile.name} here"
            )
            raise InputError(
                f"{source.name}: its columns differ from those of {first.name} ({differences}); "
                "read files of different kinds into the store one after the other, with a key file"
            )
        if self.earlier is not None:
            held = set(self.earlier.columns) & set(OPTIONAL)
            new = {role for role in first_map.columns if role in OPTIONAL}
            if held != new:
                raise InputError(
                    f"{first.name}: the store {self._named(held)}, the file {self._named(new)}; "
                    "all files of a store bring the same optional columns"
                )
        return maps

    @staticmethod
    def _named(columns: set[str]) -> str:
        listed = ", ".join(name for name in OPTIONAL if name in columns)
        return f"has the optional columns {listed}" if listed else "has no optional columns"

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
        known = {entry["sha256"]: entry["number"] for entry in self._inputs}
        sizes = [source.size for source in sources]
        done, added = 0, 0
        for source, mapped in zip(sources, maps, strict=True):
            # A file can only be a second time here if something was read before it, or will be.
            if known and (self.earlier is not None or sizes.count(source.size) > 1):
                number = known.get(source.digest())
                if number is not None:
                    self.quality.notes.append(
                        f"an input was skipped: it is the same as file {number}"
                    )
                    done += source.size
                    continue
            entry = FileQuality(len(self._inputs) + 1)
            self._read_one(source, mapped, entry, builder, listed, progress, done, total)
            if not entry.rows_read:
                raise InputError(f"{source.name}: the file has a header and no rows")
            self.quality.files.append(entry)
            known[source.digest()] = entry.number
            self._inputs.append(
                {"number": entry.number, "name": source.name, "sha256": source.digest()}
            )
            done += source.size
            added += 1
        if added and not self._kept and self._unusable is not None:
            raise self._unusable
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
        entry.notes.extend(source.notes)
        entry.notes.append(mapped.reason)
        if mapped.showable:
            roles = ", ".join(f"{role} from {word!r}" for role, word in mapped.words.items())
            entry.notes.append(f"columns: {roles}")
        reader = ChunkReader(
            mapped=mapped,
            times=self._time_reader(source, mapped),
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
                builder.append(rows)
            if progress is not None:
                progress(done + min(chunk.done, source.size), total)
        self._kept += kept
        if entry.rows_read and not kept:
            reasons = ", ".join(
                f"{reason.replace('_', ' ')}: {rows:,}"
                for reason, rows in entry.rejected.most_common()
            )
            unusable = InputError(
                f"{source.name}: none of its {entry.rows_read:,} rows can be used ({reasons}); "
                f"{reader.hint()}"
            )
            # One event a file is a common export; one of many without a plate is no fault.
            if entry.rows_read > _FEW_ROWS or total == source.size:
                raise unusable
            self._unusable = self._unusable or unusable
            entry.notes.append("none of its rows can be used")
        reader.finish()

    def _time_reader(self, source: Source, mapped: ColumnMap) -> TimeReader:
        name = mapped.words["seen_at"]
        where = f"{source.name}, column {name}" if mapped.showable else f"{source.name}, {name}"
        reader = TimeReader(where, mapped.profile.timezone or self.times_in or self.timezone)
        if mapped.profile.order is not None:
            reader.order, reader.settled = mapped.profile.order, True
            return reader
        # Only dates that end with the year leave the order open: one chunk shows whether there are
        # any, and reading goes on until a date proves which number is the day.
        positions = mapped.columns["seen_at"][:1]
        for chunk in mapped.chunks(source, positions):
            needed, day_first, month_first = order_proofs(chunk.columns[positions[0]])
            if day_first or month_first:
                reader.order = DAY_FIRST if day_first >= month_first else MONTH_FIRST
                break
            if not needed:
                break
        return reader

    # What is written at the end

    def _finish(self, builder: StoreBuilder, optional: Sequence[str]) -> Store:
        if self.earlier is not None:
            self._append_earlier(builder)
        self.inspection.expect(builder.rows_appended, len(self.vehicles))
        merged = builder.write_parts(self._merge)
        first_new = next(entry for entry in self.quality.files if not entry.is_earlier)
        by_number = {entry.number: entry for entry in self.quality.files}
        for (number, code), rows in sorted(merged.items()):
            # An earlier row that now repeats a new one was merged because the new file came.
            by_number.get(number, first_new).merged[MERGE_REASONS[code]] += rows
        self._refuse_plates_as_ids()
        cameras = self._camera_table()
        self.inspection.finish(builder, cameras, self.quality, self.vehicles.ill_formed)
        self._seen_once = self.inspection.seen_once
        self._describe(builder)
        return builder.finish(
            cameras=cameras,
            vehicles=self.vehicles.names.to_arrow(),
            labels={name: self.labels[name].names for name in optional if name in LABELS},
            quality=self.quality.to_dict(),
            provenance=self._describe_origin(),
            key=self.key.to_dict(),
        )

    def _refuse_plates_as_ids(self) -> None:
        if self.key.kind != PSEUDONYMOUS:
            return
        ids = self.vehicles.names.to_arrow().to_pylist()
        alike = sum(map(is_plate_in_name, ids))
        if alike > FEW_ALIKE * len(ids):
            raise InputError(
                f"{alike:,} of {len(ids):,} ids are written like plates, and as pseudonyms they "
                "would be kept and shown as they are; read the files with --plates raw (what was "
                "a pseudonym already then gets another one)"
            )
        if alike:
            message = (
                f"{alike:,} of {len(ids):,} ids are written like plates and are kept as they are; "
                "if they are plates, read the files again with --plates raw"
            )
            self.quality.notes.append(message)
            warnings.warn(message, UserWarning, stacklevel=6)

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
        quality = self.quality
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
        frame = pd.DataFrame({"name": self.names.names})
        frame["lat"], frame["lon"] = self.positions.table(len(frame))
        zones = np.full(len(frame), None, object)
        if self.earlier is not None:
            held = self.earlier.camera_table
            known = held["lat"].notna().to_numpy()
            frame.loc[np.flatnonzero(known), ["lat", "lon"]] = held.loc[known, ["lat", "lon"]]
            if self._provenance.get("zones") == "given":
                zones[: len(held)] = held["zone_name"]
        if self.cameras is not None:
            given = self.cameras.set_index("camera")
            unseen = [name for name in given.index if name not in self.names.codes]
            frame = pd.concat([frame, pd.DataFrame({"name": unseen})], ignore_index=True)
            zones = np.concatenate([zones, np.full(len(unseen), None, object)])
            there = frame["name"].isin(given.index)
            rows = given.loc[frame.loc[there, "name"]]
            frame.loc[there, ["lat", "lon"]] = rows[["lat", "lon"]].to_numpy()
            zones[np.flatnonzero(there)] = rows["zone"].to_numpy(object)
            absent = int((~there).sum())
            if absent:
                self.quality.notes.append(
                    f"{absent} cameras of the data do not stand in the list of cameras"
                )
        if any(zone is not None and not pd.isna(zone) for zone in zones):
            frame["zone"] = zones
            self._provenance["zones"] = "given"
        return frame

    def _describe_origin(self) -> dict[str, Any]:
        return {
            "claims": self._claims,
            **self._provenance,
            **self.inspection.provenance,
            "version": _version(),
            "inputs": self._inputs,
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


def _where(mapped: ColumnMap, role: str) -> str:
    return repr(mapped.words[role]) if role in mapped.words else "none"


def _version() -> str:
    try:
        return version("platerisk")
    except PackageNotFoundError:
        return "unknown"
