"""Inputs: what a path, a glob, a folder or an archive stands for, one file after the other.

Archives are read where they lie: no path in them is ever written. Names of files that may hold a
plate are not shown.
"""

from __future__ import annotations

import glob
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from analyzer.errors import InputError, UsageError
from analyzer.ingest.stray_plates import may_name_plate
from analyzer.ingest.streams import Member, Place, open_file
from analyzer.store import is_store
from analyzer.store.store import GENERATION, LOCK, refuse_unfinished

ENDINGS = frozenset(
    (
        "csv", "tsv", "psv", "txt", "json", "jsonl", "ndjson", "geojson", "xml", "xlsx", "parquet",
        "gpkg", "sqlite", "sqlite3", "db", "log",
    )
)  # fmt: skip
"""Endings of files that may hold sightings, in folders and archives."""
PACKED_ENDINGS = frozenset(("gz", "xz", "zst", "bz2"))
MAX_MEMBERS = 10_000

Input = Place | pd.DataFrame


def find_inputs(source: Any) -> tuple[list[Input], list[str]]:
    """Find out what is to be read.

    Parameters
    ----------
    source : path, glob, folder, list of them, or DataFrame

    Returns
    -------
    inputs : list
        Files, members of archives, frames; a store stands for itself.
    notes : list of str
        What was passed over.

    Raises
    ------
    InputError
        If there is nothing to read, or an archive is hostile or damaged.
    """
    notes: list[str] = []
    return _expand(source, notes), notes


def _expand(source: Any, notes: list[str]) -> list[Input]:
    if isinstance(source, pd.DataFrame):
        return [source]
    if isinstance(source, str | Path):
        path = Path(source)
        if path.exists() or not glob.has_magic(str(source)):
            return _of_path(path, notes)
        found = [Path(name) for name in sorted(glob.glob(str(source), recursive=True))]
        inputs = [item for path in found if path.is_file() for item in _of_path(path, notes)]
        no_files = sum(not path.is_file() and not path.is_dir() for path in found)
        if no_files and inputs:
            notes.append(f"matches that are no files (broken links, pipes): {no_files}")
        if not inputs:
            raise InputError(f"{source}: no file matches")
        return inputs
    if isinstance(source, Sequence):
        inputs = [found for item in source for found in _expand(item, notes)]
        if not inputs:
            raise UsageError("there is nothing to read: the list of files is empty")
        return inputs
    raise UsageError(
        "source must be a path, a glob, a list of paths, a DataFrame or the folder of a store, "
        f"not {type(source).__name__}"
    )


def _of_path(path: Path, notes: list[str]) -> list[Input]:
    _refuse_inside_of_store(path)
    if path.is_dir():
        return [path] if is_store(path) else _of_folder(path, notes)
    if path.is_file() and _is_archive(path):
        return _of_archive(path, notes)
    return [path]


def _refuse_inside_of_store(path: Path) -> None:
    """Refuse what lies in a store, and may be half of one: it is opened whole, by its folder."""
    for folder in (path, path.parent):
        store = folder.parent
        if GENERATION.fullmatch(folder.name) and (store / LOCK).is_file():
            refuse_unfinished(store)
            raise UsageError(f"{path} lies in the store {store}: name the folder of the store")


def _of_folder(folder: Path, notes: list[str]) -> list[Input]:
    refuse_unfinished(folder)
    if (folder / "findings.json").is_file() and (folder / "info.json").is_file():
        raise UsageError(
            f"{folder} is a report, not sightings; give the store or the files that it is about"
        )
    inputs: list[Input] = []
    passed: Counter[str] = Counter()
    no_files = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.name == LOCK:
            refuse_unfinished(path.parent)
        if path.is_dir() or any(part.startswith(".") for part in inside.parts):
            continue
        if not path.is_file():
            no_files += 1
            continue
        if is_store(path.parent):
            raise UsageError(f"{path.parent} is a store; a store is opened alone")
        if _may_hold(path.name):
            inputs.extend(_of_path(path, notes))
        else:
            passed[path.suffix.lower() or "no ending"] += 1
    if not inputs:
        raise InputError(
            f"{folder} is a folder and not a store, and no file in it has an ending that is read"
            + (f"; {no_files} entries are no files (broken links, pipes)" if no_files else "")
        )
    if no_files:
        notes.append(f"entries of the folder that are no files (broken links, pipes): {no_files}")
    _note_passed(passed, "folder", notes)
    return inputs


def _note_passed(passed: Counter[str], where: str, notes: list[str]) -> None:
    if passed:
        listed = ", ".join(
            f"{count} of {ending if len(ending) < 8 else 'another ending'}"
            for ending, count in sorted(passed.items())
        )
        notes.append(f"files in the {where} that were passed over: {listed}")


def _may_hold(name: str) -> bool:
    parts = name.lower().rsplit(".", 2)
    if parts[-1] in PACKED_ENDINGS:
        return len(parts) < 3 or parts[-2] in ENDINGS
    return parts[-1] in ENDINGS or parts[-1] == "zip"


def _is_archive(path: Path) -> bool:
    with open_file(path) as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not any(name.startswith("xl/") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(f"{path}: the zip archive or Excel workbook is damaged") from None


def _of_archive(path: Path, notes: list[str]) -> list[Input]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise InputError(f"{path}: the zip archive is damaged") from None
    if len(entries) > MAX_MEMBERS:
        raise InputError(f"{path}: the archive has more than {MAX_MEMBERS:,} members")
    if sum(entry.compress_size for entry in entries) > path.stat().st_size:
        raise InputError(f"{path}: members of the archive overlap; it is not a sound archive")
    members: list[Input] = []
    passed: Counter[str] = Counter()
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir():
            continue
        if ".." in name.parts or name.is_absolute() or ":" in entry.filename[:2]:
            raise InputError(
                f"{path}: names in the archive climb out of its folder; nothing is ever written "
                "from an archive, but such a one is not to be trusted"
            )
        if any(part.startswith(".") or part == "__MACOSX" for part in name.parts):
            continue
        if entry.flag_bits & 1:
            raise InputError(f"{path}: the archive is encrypted; unpack it first")
        if not _may_hold(name.name):
            passed[name.suffix.lower() or "no ending"] += 1
            continue
        if name.suffix.lower() == ".zip":
            raise InputError(f"{path}: an archive in the archive is not read; unpack it first")
        members.append(
            Member(path, len(members) + 1, entry.filename, entry.compress_size, entry.file_size)
        )
    if not members:
        raise InputError(f"{path}: no file in the archive has an ending that is read")
    _note_passed(passed, "archive", notes)
    return members


def covered_name(place: Place) -> str | None:
    """Give a name to show instead of a file's own, if that may hold a plate; else None.

    Examples
    --------
    >>> covered_name(Path("in/01A123BC_1.xml")), covered_name(Path("reads-2026.csv"))
    ('(a file named like a plate).xml', None)
    """
    if isinstance(place, Path) and may_name_plate(place):
        return f"(a file named like a plate){place.suffix}"
    return None
