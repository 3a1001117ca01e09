"""What reading files, exporting and making data will take: predicted before anything is read.

The measurements stand with those of the measures (``cost_rates.json``, under "files"); they come
from ``benchmarks/files.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.cost import duration, machine_pace, read_rates
from analyzer.cost_growth import split_growth
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.scratch import bytes_in
from analyzer.engine.spill import parse_memory
from analyzer.ingest.inputs import find_inputs
from analyzer.ingest.size import FileSize, describe_unknown, look_at_file, size_text
from analyzer.schema import CORE, DTYPES, OPTIONAL
from analyzer.sightings import Sightings
from analyzer.store import Store
from analyzer.store.builder import PART_ROWS

WAITING_SHARE = 8
"""What share of the memory rows may take that wait to be sorted, before they are spilled."""

PILOT_VEHICLES, PILOT_DAYS = 2_000, 28
"""A region of at most this size is made to count how often a vehicle is seen."""

ON_SPARK = (1.7, 2.5)
"""Processor seconds of reading on Spark, as times those of reading here (ingest_spark.md)."""

Point = Mapping[str, Any]


@dataclass(frozen=True)
class FileCost:
    """What reading, exporting or making data will take.

    Attributes
    ----------
    verb : str
        The verb.
    work : dict
        What was counted: rows, files, bytes; without rows where nothing is known of them.
    seconds : float or None
        Processor seconds, of all threads together; None where they cannot be predicted.
    memory_bytes : int or None
        What the process will hold; None where next to nothing is done.
    disk_bytes : int or None
        What is written and stays.
    temporary_bytes : int
        What lies on disk meanwhile at the most.
    how : str
        How the prediction was made.
    unknown : tuple of str
        Files that are not in the figures.
    """

    verb: str
    work: dict[str, int]
    seconds: float | None
    memory_bytes: int | None
    disk_bytes: int | None
    temporary_bytes: int
    how: str = field(repr=False)
    unknown: tuple[str, ...] = ()
    exact: bool = False
    """Whether the rows were counted."""
    at_most: bool = False
    """Whether memory and disk are the most that there can be, and not about so much."""

    def summary(self) -> str:
        """Tell in plain sentences what will be taken.

        Examples
        --------
        >>> cost = FileCost("ingest", {"rows": 1_000_000, "files": 2, "bytes": 55_000_000}, 1.4,
        ...                 700_000_000, 12_000_000, 0, "Guessed.")
        >>> print(cost.summary())
        ingest: about 1,000,000 rows in 2 files (55 MB)
        about 1.4 processor seconds, about 700 MB of memory and 12 MB of disk
        Guessed.
        """
        lines = [f"{self.verb}: {self._work_text()}"]
        if self.seconds is None:
            lines.append("seconds, memory and disk cannot be predicted")
        else:
            taken = [f"about {duration(self.seconds)}"]
            if self.memory_bytes is not None:
                most = "at most" if self.at_most else "about"
                most += f" {size_text(self.memory_bytes)} of memory"
                if self.disk_bytes is not None:
                    most += f" and {size_text(self.disk_bytes)} of disk"
                taken.append(most)
            if self.temporary_bytes:
                taken.append(f"meanwhile up to {size_text(self.temporary_bytes)} more of disk")
            lines.append(", ".join(taken))
        if self.unknown:
            lines.append(
                f"Not in these figures: {', '.join(self.unknown)}. How many rows they hold shows "
                "only when they are read."
            )
        return "\n".join(filter(None, [*lines, self.how]))

    def _work_text(self) -> str:
        if "rows" not in self.work:
            rows = "rows unknown"
        else:
            rows = f"{'' if self.exact else 'about '}{self.work['rows']:,} rows"
        if "files" not in self.work:
            return rows
        files = self.work["files"]
        return f"{rows} in {files:,} file{'' if files == 1 else 's'} ({_bytes(self.work)})"

    def to_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        return {
            "verb": self.verb, "work": self.work, "processor_seconds": self.seconds,
            "memory_bytes": self.memory_bytes, "disk_bytes": self.disk_bytes,
            "temporary_bytes": self.temporary_bytes, "not_predicted": list(self.unknown),
            "how": self.how,
        }  # fmt: skip


def estimate_reading(
    verb: str,
    source: str | Path | Sequence[str | Path],
    options: Mapping[str, Any] | None = None,
    earlier: Store | None = None,
) -> FileCost:
    """Predict what reading files will take, from their sizes and beginnings.

    Parameters
    ----------
    verb : str
        ``"ingest"``; or ``"check"``, whose store is temporary.
    source : path, glob, folder, or list of them
        The files.
    options : mapping, optional
        The verb's options by name: memory, engine.
    earlier : Store, optional
        The store that is there already; its rows are sorted anew with those that come.

    Raises
    ------
    InputError
        If there is nothing to read.
    """
    options = options or {}
    files = [look_at_file(place) for place in find_inputs(source)[0]]
    known = [file for file in files if file.rows is not None]
    work = {"files": len(files), "bytes": sum(file.bytes for file in files)}
    unknown = tuple(describe_unknown(files))
    if not known:
        return FileCost(verb, work, None, None, None, 0, "", unknown)
    allowed = parse_memory(options.get("memory") or DEFAULT_MEMORY)
    rows = sum(file.rows or 0 for file in known)
    work = {"rows": rows, **work}
    there = 0 if earlier is None else earlier.manifest["rows"]
    seconds, told, peaks = 0.0, [], []
    for kind in sorted({file.kind for file in known}):
        some = [file for file in known if file.kind == kind]
        points = points_of(f"ingest {kind}")
        size = {
            "rows": sum(file.rows or 0 for file in some),
            "bytes": sum(file.unpacked for file in some),
        }
        seconds += grow(points, size, "processor")
        peaks.append(_peak(points, rows + there, allowed))
        told.append(f"{kind} on {_measured(points)}")
    disk = rows * most_bytes_a_row()
    if earlier is not None:
        seconds += grow(points_of("ingest into"), {"rows": there}, "processor")
        disk += bytes_in(earlier.folder)
    pace = _pace()
    waiting = (rows + there) * sum(DTYPES[name].itemsize for name in (*CORE, *OPTIONAL, "file"))
    temporary = waiting if waiting > allowed // WAITING_SHARE else 0
    how = (
        f"{_rows_told(known)} Seconds and memory from what reading took "
        f"(benchmarks/results/files.md: {'; '.join(told)}), grown with rows and bytes, times "
        f"{pace:.2f} for this processor; disk as if vehicles were as many as in what took most."
    )
    if earlier is not None:
        how += (
            f" The {there:,} sightings of the store are sorted anew with the "
            "new ones; the store stays as it is until all is written. Files that it has already "
            "are only hashed."
        )
        temporary += bytes_in(earlier.folder)
    if temporary and earlier is None:
        how += " Rows that wait to be sorted lie among the temporary files (TMPDIR)."
    if any(file.bytes != file.unpacked for file in known):
        how += " Unpacking is apart."
    if options.get("engine") == "spark":
        how += (
            f" This is for one process; on Spark reading took {ON_SPARK[0]:g} to {ON_SPARK[1]:g} "
            "times the processor seconds (benchmarks/results/ingest_spark.md)."
        )
    stays = verb == "ingest"
    return FileCost(
        verb, work, round(seconds * pace, 2), round(max(peaks)), round(disk) if stays else None,
        round(temporary + (0 if stays else disk)), how, unknown,
        not unknown and all(file.exact for file in known), at_most=True,
    )  # fmt: skip


def most_bytes_a_row() -> float:
    """Say what a row took in the store that took most for one: where most vehicles are seen once.

    Examples
    --------
    >>> 10 < most_bytes_a_row() < 50
    True
    """
    return max(
        point["disk_bytes"] / point["rows"]
        for kind in ("csv", "parquet", "jsonl") for point in points_of(f"ingest {kind}")
    )  # fmt: skip


def estimate_export(sightings: Sightings, path: str | Path) -> FileCost:
    """Predict what writing sightings as one file will take."""
    kind = Path(path).suffix.lower().lstrip(".")
    points = points_of(f"export {kind}")
    size = {"rows": len(sightings)}
    pace = _pace()
    return FileCost(
        "export", size, round(grow(points, size, "processor") * pace, 2),
        # A store is written part by part.
        round(_peak(points, min(len(sightings), PART_ROWS), None)),
        round(grow(points, size, "disk_bytes")), 0,
        f"Rows as the store counts them. The rest from what writing .{kind} took "
        f"(benchmarks/results/files.md: {_measured(points)}), grown with the rows, times "
        f"{pace:.2f} for this processor.", exact=True,
    )  # fmt: skip


def estimate_export_of_files(
    source: str | Path | Sequence[str | Path], path: str | Path, options: Mapping[str, Any]
) -> FileCost:
    """Predict what reading files and writing their sightings as one file will take."""
    reading = estimate_reading("export", source, options)
    if reading.seconds is None:
        return reading
    kind = Path(path).suffix.lower().lstrip(".")
    points = points_of(f"export {kind}")
    size = {"rows": reading.work["rows"]}
    seconds = grow(points, size, "processor") * _pace()
    return FileCost(
        "export", reading.work, round(reading.seconds + seconds, 2), reading.memory_bytes,
        round(grow(points, size, "disk_bytes")), reading.temporary_bytes,
        f"{reading.how} Writing .{kind} is in these figures ({_measured(points)}).",
        reading.unknown, reading.exact,
    )  # fmt: skip


def estimate_synthesis(
    vehicles: int,
    days: int,
    seed: int,
    regime: str,
    cameras: int,
    file_format: str,
    memory: str | None = None,
) -> FileCost:
    """Predict what making a synthetic region will take; a small one is made to count its rows."""
    from analyzer.synthetic import make_region
    from analyzer.synthetic.passages import read_scene
    from analyzer.synthetic.writing import vehicles_at_once

    allowed = None if memory is None else parse_memory(memory)
    at_once = min(vehicles, vehicles_at_once(days, allowed)) * days
    fewer, shorter = min(vehicles, PILOT_VEHICLES), min(days, PILOT_DAYS)
    pilot = make_region(fewer, shorter, seed, regime=regime, cameras=cameras)
    seen = sum(len(rows["seen_at"]) for rows in read_scene(pilot.scene))
    rows = round(seen / (fewer * shorter) * vehicles * days)
    points = points_of(f"synthesize {file_format}")
    size = {"rows": rows, "vehicle_days": vehicles * days}
    pace = _pace()
    counted = (
        "Rows were counted by making them"
        if (fewer, shorter) == (vehicles, days)
        else f"Rows as often as {fewer:,} vehicles were seen in {shorter} days, which were made "
        "for it"
    )
    return FileCost(
        "synthesize", {**size, "vehicles": vehicles, "days": days},
        round(grow(points, size, "processor") * pace, 2),
        round(_peak(points, at_once, None, "vehicle_days")),
        round(grow(points, size, "disk_bytes")), 0,
        f"{counted}. The rest from what making {file_format} took (benchmarks/results/files.md: "
        f"{_measured(points)}), grown with rows and days of vehicles (the truth about each is "
        f"written too), times {pace:.2f} for this processor.",
    )  # fmt: skip


def reading_share(kind: str, size: int) -> float:
    """Say what share of the time reading takes; sorting and writing the store take the rest.

    Parameters
    ----------
    kind : str
        Format of the files.
    size : int
        Their bytes; the measurement nearest to it is taken.

    Examples
    --------
    >>> 0.2 < reading_share("csv", 10**9) < 1
    True
    """
    near = min(
        points_of(f"ingest {kind}"), key=lambda point: abs(math.log(point["bytes"] / max(size, 1)))
    )
    return near["reading_share"]


def points_of(work: str) -> list[Point]:
    """Give what was measured of one kind of work on files.

    Examples
    --------
    >>> min(len(points_of(work)) for work in ("ingest csv", "export csv", "synthesize csv")) > 1
    True
    """
    return [point for point in read_rates()["files"] if point["measure"] == work]


def grow(points: Sequence[Point], size: Mapping[str, int], what: str) -> float:
    """Grow what was measured, from the nearest measurement, with both sizes that are known.

    Examples
    --------
    >>> points = [{"rows": 1_000, "bytes": 50_000, "processor": 1.0},
    ...           {"rows": 1_000, "bytes": 100_000, "processor": 1.5},
    ...           {"rows": 9_000, "bytes": 900_000, "processor": 13.5}]
    >>> round(grow(points, {"rows": 4_000, "bytes": 200_000}, "processor"), 2)
    4.0
    """
    names = [name for name in ("rows", "bytes", "vehicle_days") if name in size]
    sizes = [max(size[name], 1) for name in names]
    near = min(
        points,
        key=lambda point: sum(
            math.log(point[name] / own) ** 2 for name, own in zip(names, sizes, strict=True)
        ),
    )
    measured = [[point[name] for point in points] for name in names]
    of_one, of_other = split_growth(
        measured[0], measured[1] if len(names) > 1 else [0] * len(points),
        [point[what] for point in points],
    )  # fmt: skip
    shares = (of_one, of_other)[: len(names)]
    fitted = sum(share * near[name] for share, name in zip(shares, names, strict=True))
    return near[what] * sum(map(float.__mul__, shares, map(float, sizes))) / fitted


def _peak(
    points: Sequence[Point], size: int, allowed: int | None, name: str = "rows"
) -> float:
    """Give the peak in bytes: what the program held, and what grew with the size, as allowed."""
    sizes = sorted({point[name] for point in points})
    over = [
        max(point["peak_gb"] - point["program_gb"] for point in points if point[name] == each)
        for each in sizes
    ]
    # More rows never hold less; a smaller file was measured beside a fuller cache.
    over = list(np.maximum.accumulate(over))
    grown = float(np.interp(size, sizes, over)) * max(1.0, size / sizes[-1]) * 1e9
    program = points_of("program")[0]["program"] * 1e9
    return program + (grown if allowed is None else min(grown, float(allowed)))


def _pace() -> float:
    return machine_pace() / read_rates()["pace"]


def _measured(points: Sequence[Point]) -> str:
    sizes = [point["rows"] for point in points]
    return f"{min(sizes):,} to {max(sizes):,} rows"


def _rows_told(known: Sequence[FileSize]) -> str:
    if all(file.exact for file in known):
        return "Rows as the files count them."
    told = "Rows from the mean length of the lines in the first 4 MB of each file"
    if any(file.bytes != file.unpacked for file in known):
        told += ", and of packed files from how far these expand"
    return told + ("; Parquet counts its own." if any(file.exact for file in known) else ".")


def _bytes(work: Mapping[str, int]) -> str:
    return size_text(work["bytes"])
