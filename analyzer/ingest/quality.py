"""The quality report: what was read, kept, rejected and merged, file by file and in all.

Files go by number here: their names and hashes can identify a source and stand in the provenance.
Every row that was read is kept, rejected or merged into another; the counts say so exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

FEW_FILES = 3
"""A note that more files share is said once for all."""


@dataclass
class FileQuality:
    """Counts of one input file.

    Attributes
    ----------
    number : int
        Number of the file, as in the rejects file (from 1).
    rejected, merged, values_missing : Counter
        Rows by reason; optional values that could not be read, by column.
    notes : list of str
        What was found out or decided on the way.
    is_earlier : bool
        Whether the file was in the store before this run.
    """

    number: int
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    merged: Counter[str] = field(default_factory=Counter)
    values_missing: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    is_earlier: bool = False

    @property
    def rows_rejected(self) -> int:
        """Rows that could not be used."""
        return self.rejected.total()

    @property
    def rows_merged(self) -> int:
        """Rows that repeat another."""
        return self.merged.total()

    @property
    def rows_kept(self) -> int:
        """Rows that stand in the store."""
        return self.rows_read - self.rows_rejected - self.rows_merged

    def add(self, other: FileQuality) -> None:
        """Add the counts of another stretch of the file."""
        self.rows_read += other.rows_read
        self.rejected.update(other.rejected)
        self.merged.update(other.merged)
        self.values_missing.update(other.values_missing)
        self.notes.extend(other.notes)

    def to_dict(self) -> dict[str, Any]:
        """Give the counts in types that JSON knows."""
        return {
            "number": self.number,
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "rows_merged": self.rows_merged,
            "rejected_by_reason": dict(sorted(self.rejected.items())),
            "merged_by_reason": dict(sorted(self.merged.items())),
            "unreadable_values": dict(sorted(self.values_missing.items())),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> FileQuality:
        """Make the counts again from `to_dict`."""
        return cls(
            entry["number"],
            entry["rows_read"],
            Counter(entry["rejected_by_reason"]),
            Counter(entry["merged_by_reason"]),
            Counter(entry["unreadable_values"]),
            list(entry["notes"]),
        )


@dataclass
class Quality:
    """Counts over all files of a store.

    Attributes
    ----------
    files : list of FileQuality
        One entry a file, in the order of reading.
    vehicles, cameras : int
        How many have a sighting.
    first_seen, last_seen : str or None
        ISO times in the time zone of the data.
    vehicles_seen_once : float or None
        Share of the vehicles that have one sighting only.
    notes : list of str
        What concerns all files.
    clocks : list of dict
        Clocks of cameras that are wrong, in minutes, and whether they were set right.
    clocks_judged : int or None
        Cameras about whose clock something can be said; None where it was not looked for.
    misreads : dict or None
        What was found about misread plates; None where it was not looked for.
    stray_times : dict or None
        Few sightings far from all others in time, if there are any.
    """

    files: list[FileQuality] = field(default_factory=list)
    vehicles: int = 0
    cameras: int = 0
    first_seen: str | None = None
    last_seen: str | None = None
    vehicles_seen_once: float | None = None
    notes: list[str] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    clocks_judged: int | None = None
    misreads: dict[str, Any] | None = None
    stray_times: dict[str, Any] | None = None

    def _sum(self, name: str) -> Counter[str]:
        return sum((getattr(file, name) for file in self.files), Counter())

    @property
    def rows_read(self) -> int:
        """Rows that were read."""
        return sum(file.rows_read for file in self.files)

    @property
    def rows_kept(self) -> int:
        """Rows that stand in the store."""
        return sum(file.rows_kept for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """Rows that could not be used."""
        return sum(file.rows_rejected for file in self.files)

    @property
    def rows_merged(self) -> int:
        """Rows that repeat another."""
        return sum(file.rows_merged for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Give the report in types that JSON knows; the keys are part of the interface."""
        return {
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "rows_rejected": self.rows_rejected,
            "rows_merged": self.rows_merged,
            "rejected_by_reason": dict(sorted(self._sum("rejected").items())),
            "merged_by_reason": dict(sorted(self._sum("merged").items())),
            "unreadable_values": dict(sorted(self._sum("values_missing").items())),
            "vehicles": self.vehicles,
            "cameras": self.cameras,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "vehicles_seen_once": self.vehicles_seen_once,
            "clocks": list(self.clocks),
            "clocks_judged": self.clocks_judged,
            "misreads": self.misreads,
            "stray_times": self.stray_times,
            "files": [file.to_dict() for file in self.files],
            "notes": [
                *self._notes_of_files(),
                *self.notes,
            ],
        }

    def _notes_of_files(self) -> list[str]:
        """Give the notes of files, one that many files share only once."""
        of: dict[str, list[int]] = {}
        for file in self.files:
            for note in file.notes:
                of.setdefault(note, []).append(file.number)
        shared = {note for note, numbers in of.items() if len(numbers) > FEW_FILES}
        notes = [
            f"{len(of[note]):,} files ({of[note][0]} to {of[note][-1]}): {note}"
            for note in of
            if note in shared
        ]
        return notes + [
            f"file {file.number}: {note}"
            for file in self.files
            for note in file.notes
            if note not in shared
        ]

    @classmethod
    def from_dict(cls, entry: dict[str, Any]) -> Quality:
        """Make the report again from `to_dict` (of a store that other code made, what is there)."""
        return cls(
            [FileQuality.from_dict(file) for file in entry.get("files", ())],
            entry.get("vehicles", 0),
            entry.get("cameras", 0),
            entry.get("first_seen"),
            entry.get("last_seen"),
            entry.get("vehicles_seen_once"),
        )

    def summary(self) -> str:
        """Tell the report in plain sentences."""
        lines = [
            f"{self.rows_read:,} rows read: {self.rows_kept:,} kept, "
            f"{self.rows_rejected:,} rejected, {self.rows_merged:,} merged into another."
        ]
        for reason, rows in self._sum("rejected").most_common():
            lines.append(f"Rejected, {reason.replace('_', ' ')}: {rows:,}.")
        for reason, rows in self._sum("merged").most_common():
            lines.append(f"Merged, {reason.replace('_', ' ')}: {rows:,}.")
        for column, values in self._sum("values_missing").most_common():
            lines.append(f"Values of {column} that could not be read: {values:,}.")
        if self.first_seen is not None:
            lines.append(
                f"{self.vehicles:,} vehicles at {self.cameras:,} cameras, "
                f"{self.first_seen} to {self.last_seen}."
            )
        if self.vehicles_seen_once is not None:
            lines.append(f"{self.vehicles_seen_once:.1%} of the vehicles were seen once only.")
        for file in self.files:
            lines.extend(f"File {file.number}: {note}." for note in file.notes)
        lines.extend(f"{note}." for note in self.notes)
        return "\n".join(lines)
