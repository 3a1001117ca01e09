"""Accounts of a reading: which files came, what was counted of each, and whether any is of use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.errors import InputError
from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.findings import Findings
from analyzer.ingest.quality import FileQuality, Quality
from analyzer.ingest.sources import Source
from analyzer.ingest.times import TimeReader

_FEW_ROWS = 20
"""A file of more rows than these, none of them usable, was misunderstood."""


class Accounts:
    """What a reading says of its files.

    Parameters
    ----------
    manifest : mapping
        Of the store that the files are added to; empty for a new one.
    notes : sequence of str
        What concerns all files.

    Attributes
    ----------
    quality : Quality
        What was read, kept, rejected and merged.
    inputs : list of dict
        Number, name and SHA-256 of each file.
    """

    def __init__(self, manifest: Mapping[str, Any], notes: Sequence[str] = ()):
        self.inputs = [dict(entry) for entry in manifest.get("provenance", {}).get("inputs", ())]
        self.quality = Quality.from_dict(manifest.get("quality", {}))
        self.quality.notes.extend(notes)
        for entry in self.quality.files:
            entry.is_earlier = True
        self._kept = 0
        self._unusable: InputError | None = None

    def note_repeated(self, number: int) -> None:
        """Note that a file was read before, as another one."""
        self.quality.notes.append(f"an input was skipped: it is the same as file {number}")

    def note_input(self, source: Source, number: int) -> None:
        """Take a file down among the inputs."""
        self.inputs.append({"number": number, "name": source.name, "sha256": source.digest()})

    def note_file(self, source: Source, mapped: ColumnMap, entry: FileQuality) -> None:
        """Note how a file is understood."""
        entry.notes.extend(source.notes)
        entry.notes.append(mapped.reason)
        if mapped.showable:
            roles = ", ".join(f"{role} from {word!r}" for role, word in mapped.words.items())
            entry.notes.append(f"columns: {roles}")

    def end_file(
        self,
        source: Source,
        entry: FileQuality,
        kept: int,
        findings: Findings,
        times: TimeReader,
        *,
        alone: bool,
    ) -> None:
        """Account for a file that was read.

        Parameters
        ----------
        source : Source
            The file.
        entry : FileQuality
            What was counted.
        kept : int
            Rows that can be used.
        findings, times
            What was found out about the file, and what read its times.
        alone : bool
            Whether no other file is read.

        Raises
        ------
        InputError
            If it holds nothing that can be used, and is not one small file among others.
        """
        self._kept += kept
        if not entry.rows_read:
            raise InputError(f"{source.name}: the file has a header and no rows")
        if not kept:
            reasons = ", ".join(
                f"{reason.replace('_', ' ')}: {rows:,}"
                for reason, rows in entry.rejected.most_common()
            )
            unusable = InputError(
                f"{source.name}: none of its {entry.rows_read:,} rows can be used ({reasons}); "
                f"{findings.hint()}"
            )
            # One event a file is a common export; one of many without a plate is no fault.
            if entry.rows_read > _FEW_ROWS or alone:
                raise unusable
            self._unusable = self._unusable or unusable
            entry.notes.append("none of its rows can be used")
        entry.notes.extend(findings.notes(times))
        self.quality.files.append(entry)

    def refuse_unusable(self) -> None:
        """Refuse files of which no row could be used."""
        if not self._kept and self._unusable is not None:
            raise self._unusable
