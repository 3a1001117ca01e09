"""A reading spread over the workers of a cluster: the same store, to the byte, as read here.

Each worker reads stretches of files and replaces the plates in them, before a row goes anywhere;
here the codes of the stretches are joined in the order of the files; then workers bring the rows of
each part together and write it. What only shows when all is sorted is looked for here, part by
part.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analyzer.engine.base import DerivedPart, Part
from analyzer.engine.spark import SparkEngine
from analyzer.errors import InputError
from analyzer.ingest.chunks import moving_readers
from analyzer.ingest.cleaning import RejectsFile
from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.delimited import TextSource
from analyzer.ingest.findings import Findings
from analyzer.ingest.formats import ParquetSource
from analyzer.ingest.keys import PSEUDONYMOUS
from analyzer.ingest.quality import FileQuality
from analyzer.ingest.reading import Progress, Reading, said_of
from analyzer.ingest.sources import Source
from analyzer.ingest.splits import (
    PART,
    Split,
    SplitRead,
    coded,
    read_report,
    read_split,
    survey,
    unchanged,
    write_bucket,
)
from analyzer.schema import FRAMES, LABELS, n_rows
from analyzer.sightings import Sightings
from analyzer.store import StoreBuilder
from analyzer.store.part_writing import write_part

BLOCKS_OF_SPLIT = 4
"""So many blocks of a file are one stretch: 64 MB of text, unless memory is scarce."""


class SpreadReading(Reading):
    """One run of the reader, on an engine that holds what its workers read.

    Parameters
    ----------
    engine : SparkEngine
        Where files are read, and parts are written.
    **options
        As `Reading` takes them.
    """

    def __init__(self, engine: SparkEngine, **options: Any):
        super().__init__(**options)
        self._engine = engine
        self._parts: list[tuple[Part, dict[str, np.ndarray]]] = []

    def _read_all(
        self,
        sources: Sequence[Source],
        maps: Sequence[ColumnMap],
        builder: StoreBuilder,
        listed: RejectsFile,
        progress: Progress | None,
    ) -> int:
        for source in sources:
            _refuse_format(source)
        files = [self._split(*pair) for pair in zip(sources, maps, strict=True)]
        with_surveys = [
            (file, said) for file, (_, _, said) in
            zip(files, self._engine.hold(files, survey, {"blocks": BLOCKS_OF_SPLIT}), strict=True)
        ]  # fmt: skip
        known = {entry["sha256"]: entry["number"] for entry in self.accounts.inputs}
        splits: list[Split] = []
        for file, said in with_surveys:
            file.source.sha256 = said.digest
            if said.digest in known:
                self.accounts.note_repeated(known[said.digest])
                continue
            file = replace(
                file,
                number=len(self.accounts.inputs) + 1,
                times=said.times,
                cameras_like_plates=said.cameras_like_plates,
            )
            known[said.digest] = file.number
            self.accounts.note_input(file.source, file.number)
            # A file without rows is one stretch too, which says so.
            splits += [replace(file, span=span) for span in said.spans or [None]]
        total = sum(source.size for source in sources)
        alone = len(sources) == 1
        entry, findings, kept = FileQuality(0), Findings(), 0
        for done, (split, (part, rows, said)) in enumerate(
            zip(splits, self._engine.hold(splits, read_split), strict=True), 1
        ):
            if split.number != entry.number:
                entry, findings, kept = FileQuality(split.number), Findings(), 0
                self.accounts.note_file(split.source, split.mapped, entry)
            entry.add(said.entry)
            findings.add(said.findings)
            for rejected in said.rejects:
                listed.write(*rejected)
            codes = self._adopt(split, said)
            if rows:
                counts = np.zeros(len(self.vehicles), np.int64)
                counts[codes["vehicle"][: len(said.vehicle_rows)]] = said.vehicle_rows
                with said_of(split.source):
                    builder.announce(rows, counts)
                self._parts.append((part, codes))
            kept += rows
            if progress is not None:
                progress(total * done // len(splits), total)
            if done == len(splits) or splits[done].number != split.number:
                self.accounts.end_file(
                    split.source, entry, kept, findings, split.times, alone=alone
                )
        self.accounts.refuse_unusable()
        return len({split.number for split in splits})

    def _split(self, source: Source, mapped: ColumnMap) -> Split:
        near = self.inspection.near
        return Split(
            source,
            mapped,
            number=0,
            zone=self._zone_of_times,
            timezone=self.timezone,
            secret=None if self.key.kind == PSEUDONYMOUS else self.key.secret,
            place_grid=self.place_grid,
            plate_format=self.checks.plate_format,
            near=None if near is None else (near.limit, near.key),
        )

    def _adopt(self, split: Split, said: SplitRead) -> dict[str, np.ndarray]:
        """Give what a stretch met the codes that it has among all files."""
        known = len(self.vehicles)
        codes = {"vehicle": self.vehicles.adopt(said.vehicles, said.ill_formed)}
        if self.inspection.near is not None:
            self.inspection.near.adopt(said.near, codes["vehicle"], known)
        for name, words in said.labels.items():
            codes[name] = self.labels[name].adopt(words)
        if self.cells is not None:
            codes["camera"] = self.cells.adopt(said.cells)
            return codes
        codes["camera"] = self.names.adopt(said.cameras)
        if "lat" in split.mapped.columns:
            self.positions.adopt(said.positions, codes["camera"])
            if self.positions.moving():
                raise moving_readers(split.source.name, self.positions.moving())
        return codes

    def _append_earlier(self, builder: StoreBuilder) -> None:
        for part in Sightings(self.earlier).parts(*self.earlier.columns):
            rows = part.load()
            if n_rows(rows):
                builder.announce(n_rows(rows), np.bincount(rows["vehicle"]))
            # Codes of the store before are codes of all: each is its own.
            self._parts.append((part, {}))

    def _write_parts(
        self, builder: StoreBuilder, recode: dict[str, np.ndarray]
    ) -> Counter[tuple[int, int]]:
        parts = builder.number_of_parts
        columns = (*builder.columns, "file")
        made = []
        for part, codes in self._parts:
            of = {
                name: recode[name][codes[name]] if name in codes else recode[name]
                for name in ("camera", *LABELS) if name in recode
            }  # fmt: skip
            if "vehicle" in codes:
                of["vehicle"] = codes["vehicle"]
            recipe = {"of": of, "columns": columns, "parts": parts}
            made.append(DerivedPart(part, coded, recipe))
        self._parts.clear()
        buckets = self._engine.exchange(made, unchanged, PART, parts)
        names = [name for name in builder.columns if name != FRAMES]
        about = {
            "folder": str(builder.folder.absolute()), "parts": parts, "columns": names,
            "frames": FRAMES,
        }  # fmt: skip
        reports = [read_report(rows) for rows in self._engine.map(buckets, write_bucket, about)]
        # What a worker that died in the middle has left.
        for left in builder.folder.glob(".work-*"):
            shutil.rmtree(left, ignore_errors=True)
        written = {report.number: report for report in reports}
        bare = [part for part in range(parts) if part not in written or not written[part].repeats]
        builder.adopt_parts(
            [
                written[part].part if part in written
                else write_part(builder.folder, part, {}, names)
                for part in range(parts)
            ],
            bare,
        )  # fmt: skip
        for rows in builder.written():
            self.inspection.add(rows, np.ones(n_rows(rows), bool))
        return sum((report.merged for report in reports), Counter())


def _refuse_format(source: Source) -> None:
    """Refuse what is not a table in Parquet or delimited text.

    Raises
    ------
    InputError
        With what can be done about it.
    """
    if not isinstance(source, TextSource | ParquetSource):
        raise InputError(
            f"{source.name}: on Spark only CSV and Parquet files are read, and this is neither; "
            "read it with --engine local (the store is the same), or write it as Parquet first"
        )
