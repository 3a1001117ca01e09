"""Chunks: the rows of one chunk checked, replaced by integers, and the unusable ones written down.

A row has one reason for its rejection, the first that applies: fields, time, camera or position,
plate. A value that is not required and cannot be read leaves the row and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import AmbiguousInputError
from analyzer.ingest.cleaning import RejectsFile
from analyzer.ingest.coding import (
    CellCoder,
    NameCoder,
    Names,
    Positions,
    as_text,
    read_numbers,
)
from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.findings import Findings
from analyzer.ingest.kinds import kind_of
from analyzer.ingest.quality import FileQuality
from analyzer.ingest.records import FAULT_REASONS, WRONG_FIELDS
from analyzer.ingest.sources import Chunk
from analyzer.ingest.stray_plates import is_surely_plate, look_exchanged
from analyzer.ingest.times import READ_UTC, REASONS, UNREADABLE, TimeReader
from analyzer.ingest.vehicle_names import INCOMPLETE, NO_PLATE
from analyzer.ingest.vehicles import VehicleCoder
from analyzer.local_time import clock
from analyzer.schema import LABELS, Rows
from analyzer.units import HOUR_MS

_FEW_POSITIONS = 2_000
"""About so many positions of a chunk are looked at for latitudes that are longitudes."""

_MIDNIGHT = r"[ T]0?0:00(:00(\.0+)?)?$"
_NO_DAY = r"^(1899-12-3[01]|1900-01-0[01]|1970-01-01)[ T]"

TEXT_UNREADABLE = "text_unreadable"
REPEATED_HEADER = "repeated_header"
STRAY_PLATE = "plate_in_another_column"

_FIRST_ROWS = 50
"""Rows by which it is told how cameras are named, whatever the size of the blocks."""


class _Verdicts:
    """Why rows are rejected: the first reason counts."""

    def __init__(self, count: int):
        self._names: list[tuple[str, str]] = []
        self.codes = np.zeros(count, np.int32)

    def reject(self, mask: np.ndarray, reason: str, role: str) -> None:
        """Reject the rows of a mask that are not rejected yet."""
        fresh = mask & (self.codes == 0)
        if fresh.any():
            self._names.append((reason, role))
            self.codes[fresh] = len(self._names)

    @property
    def kept(self) -> np.ndarray:
        """Positions of the rows that are not rejected."""
        return np.flatnonzero(self.codes == 0)

    def listed(self) -> tuple[np.ndarray, list[tuple[str, str]]]:
        """Give the rejected rows' positions, and reason and role of each."""
        rows = np.flatnonzero(self.codes)
        return rows, [self._names[code - 1] for code in self.codes[rows].tolist()]


@dataclass
class ChunkReader:
    """Reads the chunks of one source into rows of integers.

    Attributes
    ----------
    mapped : ColumnMap
        Which columns play which roles.
    times, vehicles, cameras, cells, positions, labels
        What reads times and gives codes; shared by all sources but the times.
    where : str
        Name of the source, for messages.
    timezone : str or None
        Zone that was given, against which swapped coordinates show.
    entry : FileQuality
        Where rows are counted.
    listed : RejectsFile
        Where rejected rows are written down.
    raw_plates : bool
        Whether the vehicles' cells are plates, which must stand in no other column.
    cameras_like_plates : bool or None
        Whether cameras have names like plates; None until the first rows tell.
    findings : Findings
        What is found out about the file.
    """

    mapped: ColumnMap
    times: TimeReader
    vehicles: VehicleCoder
    cameras: NameCoder
    cells: CellCoder | None
    positions: Positions
    labels: dict[str, NameCoder]
    where: str
    timezone: str | None
    entry: FileQuality
    listed: RejectsFile
    raw_plates: bool = True
    cameras_like_plates: bool | None = None
    findings: Findings = field(default_factory=Findings)

    @property
    def wanted(self) -> list[int]:
        """Positions of the columns that are read."""
        return sorted({p for positions in self.mapped.columns.values() for p in positions})

    def read(self, chunk: Chunk) -> Rows:
        """Read a chunk: the rows that can be used; the others are counted and written down."""
        count = len(chunk)
        self.entry.rows_read += count + len(chunk.faults) + chunk.merged.total()
        self.entry.merged.update(chunk.merged)
        verdicts = _Verdicts(count)
        for role in ("seen_at", "camera", "plate"):
            if role == "camera" and self.cells is not None:
                continue
            for position in self.mapped.columns.get(role, ()):
                if position in chunk.undecodable:
                    verdicts.reject(chunk.undecodable[position], TEXT_UNREADABLE, role)
        seen_at = self._read_times(chunk, verdicts)
        lat, lon = self._read_positions(chunk, verdicts)
        names = None
        if self.cells is None:
            names = self.cameras.look(self._column(chunk, "camera"))
            verdicts.reject(names.too_long, "camera_unreadable", "camera")
            verdicts.reject(names.missing, "camera_missing", "camera")
        labels = {
            name: self.labels[name].look(self._column(chunk, name))
            for name in LABELS
            if name in self.mapped.columns
        }
        if self.raw_plates:
            self._reject_stray_plates(chunk, names, labels, verdicts)
        vehicle = self._read_plates(chunk, verdicts)
        keep = verdicts.kept
        camera = self.cells.code(lat[keep], lon[keep]) if names is None else names.code(keep)
        if names is not None and lat is not None:
            self.positions.add(camera, lat[keep], lon[keep])
        self._list_rejects(chunk, verdicts)
        rows: Rows = {
            "vehicle": vehicle[keep],
            "seen_at": seen_at[keep],
            "camera": camera,
            "file": np.full(len(keep), self.entry.number, np.int16),
        }
        self._read_optional(chunk, keep, labels, rows)
        if names is not None and lat is not None and self.positions.moving():
            raise moving_readers(self.where, self.positions.moving())
        return rows

    def _column(self, chunk: Chunk, role: str) -> pa.Array:
        return chunk.columns[self.mapped.columns[role][0]]

    # Required columns

    def _read_times(self, chunk: Chunk, verdicts: _Verdicts) -> np.ndarray:
        positions = self.mapped.columns["seen_at"]
        column = chunk.columns[positions[0]]
        if len(positions) > 1:
            parts = [as_text(chunk.columns[p]).fill_null("") for p in positions]
            # Databases write a day as its midnight, and an hour as one of the first day of all.
            parts[0] = pc.replace_substring_regex(parts[0], _MIDNIGHT, "")
            parts[1] = pc.replace_substring_regex(parts[1], _NO_DAY, "")
            column = pc.binary_join_element_wise(*parts, " ")
        read = self.times.read(column)
        self.findings.folds += read.folds
        self.findings.zoned += read.zoned
        self.findings.local += read.local
        self.findings.serials += read.serials
        unread = np.flatnonzero(read.status == UNREADABLE)
        if len(unread) and pa.types.is_string(column.type):
            header = self.mapped.words["seen_at"].replace(" + ", " ")
            mask = np.zeros(len(chunk), bool)
            if self.mapped.showable:
                mask[unread] = np.asarray(pc.equal(column.take(pa.array(unread)), header))
            verdicts.reject(mask, REPEATED_HEADER, "seen_at")
        for status, reason in REASONS.items():
            verdicts.reject(read.status == status, reason, "seen_at")
        verdicts.reject(read.status != READ_UTC, "time_unreadable", "seen_at")
        return read.times

    def _read_positions(
        self, chunk: Chunk, verdicts: _Verdicts
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        if "lat" not in self.mapped.columns or "lon" not in self.mapped.columns:
            return None, None
        lat, bad_lat = read_numbers(self._column(chunk, "lat"))
        lon, bad_lon = read_numbers(self._column(chunk, "lon"))
        usable = verdicts.codes == 0
        self._refuse_swapped(lat[usable], lon[usable])
        outside = (np.abs(lat) > 90) | (np.abs(lon) > 180)
        # A receiver without a fix writes zeros; nobody reads plates in the Gulf of Guinea.
        unset = (lat == 0) & (lon == 0)
        lat, lon = lat.copy(), lon.copy()
        nowhere = outside | unset | np.isnan(lat) | np.isnan(lon)
        lat[nowhere], lon[nowhere] = np.nan, np.nan
        if self.cells is not None:
            verdicts.reject(bad_lat, "position_unreadable", "lat")
            verdicts.reject(bad_lon, "position_unreadable", "lon")
            verdicts.reject(outside, "position_out_of_range", "lat")
            verdicts.reject(nowhere, "position_missing", "lat")
        else:
            faulty = int(np.count_nonzero((bad_lat | bad_lon | outside) & usable))
            if faulty:
                self.entry.values_missing["position"] += faulty
        return lat, lon

    def _refuse_swapped(self, lat: np.ndarray, lon: np.ndarray) -> None:
        if {"lat", "lon"} <= self.mapped.explicit:
            return
        known = ~(np.isnan(lat) | np.isnan(lon)) & ((lat != 0) | (lon != 0))
        if not known.any():
            return
        # Some rows tell: where cameras stand does not depend on which.
        few = max(1, np.count_nonzero(known) // _FEW_POSITIONS)
        lat, lon = lat[known][::few], lon[known][::few]
        swapped = np.median(np.abs(lat)) > 90 and np.median(np.abs(lon)) <= 90
        if not swapped and _is_place(self.timezone):
            # The Sun stands over the place at noon, give or take: a swapped longitude shows in the
            # clock of the zone.
            offset = clock(self.timezone, 1_700_000_000_000, 1_700_000_000_000).offsets[0]
            hours = offset / HOUR_MS
            as_given = abs(np.median(lon) / 15 - hours)
            as_swapped = abs(np.median(lat) / 15 - hours)
            swapped = as_given > 2 and as_swapped < as_given - 1.5 and np.abs(lon).max() <= 90
        if swapped:
            raise AmbiguousInputError(
                f"{self.where}: latitude and longitude look swapped: lat is about "
                f"{np.median(lat):.0f} and lon about {np.median(lon):.0f}. Say which is which: "
                "--column SOURCE=lat --column SOURCE=lon; or, if they are right, give the zone in "
                f"which the cameras stand as --timezone"
                + (
                    f" (they do not stand in {self.timezone}; if only the times are in it, "
                    "add --times-in)" if self.timezone else ""
                )
            )

    def _reject_stray_plates(
        self, chunk: Chunk, names: Names | None, labels: dict[str, Names], verdicts: _Verdicts
    ) -> None:
        if names is not None and self.cameras_like_plates is None:
            self.look_at_first_cameras(chunk)
        if names is not None and not self.cameras_like_plates:
            verdicts.reject(names.are(is_surely_plate), STRAY_PLATE, "camera")
        for name, looked_at in labels.items():
            verdicts.reject(looked_at.are(is_surely_plate), STRAY_PLATE, name)

    def look_at_first_cameras(self, chunk: Chunk) -> None:
        """Find out by the first rows of a file whether cameras are named like plates.

        Raises
        ------
        AmbiguousInputError
            If the two look exchanged.
        """
        if self.cells is not None or not self.raw_plates:
            return
        first = slice(0, _FIRST_ROWS)
        cameras, plates = (
            [text for text in as_text(self._column(chunk, role))[first].to_pylist() if text]
            for role in ("camera", "plate")
        )
        # Where cameras have such names anyway, a plate among them cannot be told.
        alike = sum(map(is_surely_plate, set(cameras)))
        self.cameras_like_plates = 2 * alike > len(set(cameras))
        if not {"camera", "plate"} <= self.mapped.explicit and look_exchanged(cameras, plates):
            camera, plate = (self.mapped.words[role] for role in ("camera", "plate"))
            raise AmbiguousInputError(
                f"{self.where}: what is read as cameras ({camera}) looks like plates, and what is "
                f"read as plates ({plate}) does not: are they exchanged? Say which is which: "
                "--column SOURCE=plate --column SOURCE=camera"
            )

    def _read_plates(self, chunk: Chunk, verdicts: _Verdicts) -> np.ndarray:
        # Vehicles get a code only from rows that are kept, so rejected rows come first.
        plates = as_text(self._column(chunk, "plate"))
        candidates = verdicts.kept
        if len(candidates) < len(chunk):
            plates = plates.take(pa.array(candidates))
        vehicle = np.full(len(chunk), NO_PLATE, np.int32)
        vehicle[candidates] = self.vehicles.encode(plates)
        verdicts.reject(vehicle == NO_PLATE, "plate_missing", "plate")
        verdicts.reject(vehicle == INCOMPLETE, "plate_incomplete", "plate")
        return vehicle

    # Optional columns

    def _read_optional(
        self, chunk: Chunk, keep: np.ndarray, labels: dict[str, Names], rows: Rows
    ) -> None:
        for name, looked_at in labels.items():
            rows[name] = looked_at.code(keep)
            if looked_at.too_long[keep].any():
                self.entry.values_missing[name] += int(looked_at.too_long[keep].sum())
        if "confidence" in self.mapped.columns:
            values, bad = read_numbers(self._column(chunk, "confidence"))
            rows["confidence"] = values[keep].astype(np.float32)
            if bad[keep].any():
                self.entry.values_missing["confidence"] += int(bad[keep].sum())
        for name in (*LABELS, "confidence"):
            position = self.mapped.columns.get(name, (None,))[0]
            if position in chunk.undecodable:
                lost = int(chunk.undecodable[position][keep].sum())
                if lost:
                    self.entry.values_missing[name] += lost

    # Rejects

    def _list_rejects(self, chunk: Chunk, verdicts: _Verdicts) -> None:
        faults = chunk.faults
        rows, why = verdicts.listed()
        if not len(rows) and not len(faults):
            return
        kinds = self._kinds_of(chunk, rows, why)
        for (_, role), kind in zip(why, kinds, strict=True):
            self.findings.kinds.setdefault(role, kind)
        reasons = [reason for reason, _ in why]
        reasons += [FAULT_REASONS[code] for code in faults.codes.tolist()]
        self.entry.rejected.update(reasons)
        columns = [role for _, role in why] + [""] * len(faults)
        kinds += [
            f"{fields} fields" if code == WRONG_FIELDS else ""
            for code, fields in zip(faults.codes.tolist(), faults.fields.tolist(), strict=True)
        ]
        self.findings.widths.update(faults.fields[faults.codes == WRONG_FIELDS].tolist())
        lines = np.concatenate([chunk.lines[rows], faults.lines])
        offsets = np.concatenate([chunk.offsets[rows], faults.offsets])
        # In the order of the file, whatever the chunks.
        order = np.argsort(lines, kind="stable")
        self.listed.write(
            self.entry.number,
            lines[order],
            offsets[order],
            [reasons[i] for i in order],
            [columns[i] for i in order],
            [kinds[i] for i in order],
        )

    def _kinds_of(self, chunk: Chunk, rows: np.ndarray, why: list[tuple[str, str]]) -> list[str]:
        kinds = [""] * len(rows)
        for role in {role for _, role in why}:
            places = [i for i, (_, other) in enumerate(why) if other == role]
            cells = [
                as_text(chunk.columns[p].take(pa.array(rows[places]))).to_pylist()
                for p in self.mapped.columns[role]
            ]
            for i, *texts in zip(places, *cells, strict=True):
                kinds[i] = " + ".join(kind_of(text) for text in texts)
        return kinds


def moving_readers(where: str, count: int) -> AmbiguousInputError:
    """Say that cameras move, so that a camera is no place."""
    return AmbiguousInputError(
        f"{where}: {count:,} cameras are seen at places more than 500 m apart: these readers move. "
        "Say how large a place is, for example --place-grid 250m, or give the cameras' positions "
        "with --cameras"
    )


def _is_place(timezone: str | None) -> bool:
    """Say whether a zone is that of a place: UTC and the like say where no camera stands."""
    return timezone is not None and "/" in timezone and not timezone.startswith("Etc/")
