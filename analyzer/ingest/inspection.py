"""Inspection: what only shows when all rows are seen: wrong clocks, misread plates, stray times.

All are reported; only when the user asks for it are times set right or sightings given to another
vehicle, and then the quality report and the provenance say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analyzer.errors import UsageError
from analyzer.ingest.clock_faults import correct_times
from analyzer.ingest.clocks import ClockReport, ClockSample, find_clock_faults
from analyzer.ingest.misreads import IN_TRIP, Misreads, find_misreads
from analyzer.ingest.near_plates import LONGEST_PLATE, PLATE_BYTES, NearPlates
from analyzer.ingest.plate_formats import plate_check
from analyzer.ingest.quality import Quality
from analyzer.ingest.stray_times import DayCounts
from analyzer.schema import DTYPES, Rows, take
from analyzer.store import StoreBuilder

MAX_CAMERAS = 2_000
"""Of more cameras than this, distances between all are not held."""


@dataclass(frozen=True)
class Checks:
    """What the user wants done about what is found.

    Attributes
    ----------
    fix_clocks, merge_misreads : bool
        Whether to change the rows, or only to report.
    plate_format : str or None
        Country whose plates are expected.
    """

    fix_clocks: bool = False
    merge_misreads: bool = False
    plate_format: str | None = None

    def refuse_changes(self, path: Path) -> None:
        """Refuse changes where a store holds rows already, some perhaps changed before.

        Raises
        ------
        UsageError
            If a change was asked for.
        """
        for asked, option in (
            (self.fix_clocks, "--fix-clocks"), (self.merge_misreads, "--merge-misreads")
        ):  # fmt: skip
            if asked:
                raise UsageError(
                    f"{option} looks at all rows at once, and {path} holds rows already: read all "
                    "files in one go into a new store"
                )

    def to_dict(self) -> dict[str, Any]:
        """Give the options for the provenance."""
        return {
            "fix_clocks": self.fix_clocks,
            "merge_misreads": self.merge_misreads,
            "plate_format": self.plate_format,
        }


class Inspection:
    """Looks at the sorted rows of a reading.

    Parameters
    ----------
    checks : Checks
        What is wanted.
    memory : int
        Bytes that the reading may use; an eighth may hold digests of plates.
    fixed_cameras : bool
        Whether a camera is a device that stands somewhere (and not a cell of a grid).
    raw_plates : bool
        Whether the input holds plates; pseudonyms cannot be nearly equal.
    """

    def __init__(self, checks: Checks, memory: int, *, fixed_cameras: bool, raw_plates: bool):
        self._checks = checks
        self._fixed_cameras = fixed_cameras
        self.near = NearPlates(max(1_000, memory // 8 // PLATE_BYTES)) if raw_plates else None
        self.valid: Callable[[str], bool] | None = plate_check(checks.plate_format)
        if self.valid is not None and not raw_plates:
            raise UsageError("--plate-format looks at plates; these ids are pseudonyms already")
        self.provenance: dict[str, Any] = {}
        self._sample = ClockSample(0)
        self._counts = np.zeros(0, np.int64)
        self._days = DayCounts()

    def expect(self, rows: int, vehicles: int) -> None:
        """Say how much is to come, before the first `add`."""
        self._sample = ClockSample(rows)
        self._counts = np.zeros(vehicles, np.int64)

    def add(self, rows: Rows, keep: np.ndarray) -> None:
        """Look at a sorted part, of which the rows of a mask are kept."""
        core = {name: rows[name] for name in ("vehicle", "seen_at", "camera")}
        core = core if keep.all() else take(core, keep)
        if len(core["vehicle"]):
            counts = np.bincount(core["vehicle"])
            self._counts[: len(counts)] += counts
            self._days.add(core["seen_at"])
        if self._fixed_cameras:
            self._sample.add(core)

    @property
    def seen_once(self) -> int:
        """Vehicles with one sighting."""
        return int(np.count_nonzero(self._counts == 1))

    def finish(
        self,
        builder: StoreBuilder,
        cameras: pd.DataFrame,
        quality: Quality,
        ill_formed: np.ndarray,
    ) -> None:
        """Find what there is to be found, note it, and change the parts where that is wanted."""
        if self.valid is not None:
            self._note_formats(quality, ill_formed)
        stray = self._days.find(builder.timezone)
        if stray is not None:
            quality.stray_times = stray.to_dict()
            quality.notes.append(stray.describe())
        lat, lon = cameras["lat"].to_numpy(float), cameras["lon"].to_numpy(float)
        if len(cameras) > MAX_CAMERAS:
            quality.notes.append(
                f"clocks and misreads were not looked for: more than {MAX_CAMERAS:,} cameras"
            )
            return
        if self._fixed_cameras:
            report = find_clock_faults(self._sample, lat, lon)
            self._note_clocks(report, cameras["name"], builder.cameras_seen, quality)
            confirmed = [fault for fault in report.faults if fault.confirmed]
            if confirmed and self._checks.fix_clocks:
                builder.rewrite(lambda rows: correct_times(rows, confirmed))
        self._sample = ClockSample(0)
        if self.near is not None:
            self._look_for_misreads(builder, lat, lon, quality)

    def _note_formats(self, quality: Quality, ill_formed: np.ndarray) -> None:
        seen = int(np.count_nonzero(self._counts))
        other = ill_formed[self._counts[ill_formed] > 0]
        quality.notes.append(
            f"{len(other):,} of {seen:,} plates, with {self._counts[other].sum():,} sightings, do "
            f"not have the form of {self._checks.plate_format} plates; they are kept"
        )

    def _note_clocks(
        self, report: ClockReport, names: pd.Series, cameras: int, quality: Quality
    ) -> None:
        fixing = self._checks.fix_clocks
        entries = [
            {**fault.to_dict(str(names[fault.camera])), "fixed": fixing and fault.confirmed}
            for fault in report.faults
        ]
        quality.clocks, quality.clocks_judged = entries, report.judged
        if report.judged < cameras:
            quality.notes.append(
                f"the clocks of {report.judged:,} of {cameras:,} cameras could be judged; too few "
                "vehicles pass between the others and three more"
            )
        for fault in report.faults:
            done = "; --fix-clocks sets its times right"
            if not fault.confirmed:
                done = "; too few other vehicles confirm it, so its times are left as they are"
            elif fixing:
                done = "; its times were set right"
            quality.notes.append(fault.describe(str(names[fault.camera])) + done)
        if fixing:
            self.provenance["clocks_fixed"] = [entry for entry in entries if entry["fixed"]]

    def _look_for_misreads(
        self, builder: StoreBuilder, lat: np.ndarray, lon: np.ndarray, quality: Quality
    ) -> None:
        if self.near.overflown:
            quality.notes.append(
                f"misreads were not looked for: more than {self.near.limit:,} plates; give more "
                "--memory"
            )
            return
        if self.near.too_long:
            quality.notes.append(
                f"{self.near.too_long:,} plates have more than {LONGEST_PLATE} characters and were "
                "not looked at for misreads; look whether another column holds the plates"
            )
        found = find_misreads(
            self.near.pairs(), self._counts, builder.written(), builder.written(), lat, lon
        )
        merged = 0
        if self._checks.merge_misreads and found.rows:
            merged = self._merge(builder, found)
            self.provenance["misreads_merged"] = merged
        quality.misreads = found.to_dict(merged)
        if found.scattered:
            quality.notes.append(
                f"{found.scattered:,} vehicles are seen at places that no drive joins in most of "
                "their moves: one plate stands for many cars (a word for no plate, or a copied "
                "plate)"
            )
        if found.rows:
            done = f"; {merged:,} were given to that vehicle" if merged else ""
            quality.notes.append(found.describe() + done)

    def _merge(self, builder: StoreBuilder, found: Misreads) -> int:
        """Give sightings in another vehicle's trip to it.

        A misread frame beside a right one of the same passage stays: it would be a repeat.
        """
        chosen = found.kind == IN_TRIP
        moving = {
            (int(v), int(t), int(c)): int(true)
            for v, t, c, true in zip(
                found.vehicle[chosen], found.seen_at[chosen], found.camera[chosen],
                found.true_vehicle[chosen], strict=True,
            )
        }  # fmt: skip
        wanted = np.unique(found.vehicle[chosen])
        taken: list[Rows] = []
        parts = builder.parts_written

        def cut(rows: Rows) -> Rows:
            stay = np.ones(len(rows["vehicle"]), bool)
            for row in np.flatnonzero(np.isin(rows["vehicle"], wanted)).tolist():
                key = tuple(int(rows[name][row]) for name in ("vehicle", "seen_at", "camera"))
                true = moving.get(key)
                if true is not None:
                    stay[row] = False
                    one = {name: column[row : row + 1].copy() for name, column in rows.items()}
                    one["vehicle"] = np.array([true], DTYPES["vehicle"])
                    taken.append(one)
                    self._counts[key[0]] -= 1
                    self._counts[true] += 1
            return take(rows, stay)

        def paste(rows: Rows) -> Rows:
            part = next(numbers)
            mine = [one for one in taken if one["vehicle"][0] % parts == part]
            if not mine:
                return rows
            return {
                name: np.concatenate([rows[name], *(one[name] for one in mine)]) for name in rows
            }

        builder.rewrite(cut)
        numbers = iter(range(parts))
        builder.rewrite(paste)
        return len(taken)
