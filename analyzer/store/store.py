"""An opened store: its manifest, its small tables, and its parts as they are asked for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.sealing import Seal, decryption, read_sealed_bytes
from analyzer.errors import StoreError
from analyzer.schema import DTYPES, Rows, concatenate, take
from analyzer.store.part_files import (
    VERIFIED,
    VehicleGroups,
    footer_of,
    read_rows,
    vehicle_groups,
)
from analyzer.store.stored_part import StoredPart

FORMAT = "platerisk-store"
FORMAT_VERSION = 2
"""Newest version that is read; 1 is a plain store, 2 an encrypted one."""
MANIFEST = "manifest.json"
LOCK = ".lock"
"""Held by whoever writes in a store's folder."""
SEALED_MANIFEST = "manifest.parquet"
"""Where the manifest of an encrypted store stands; the plain one only says that it is encrypted."""
GENERATION = re.compile(r"data-\d{6,}")
"""Name of the folder of one generation of the data."""

_REQUIRED = {
    "generation": str,
    "timezone": str,
    "rows": int,
    "vehicles": int,
    "vehicles_seen": int,
    "cameras_seen": int,
    "columns": list,
    "parts": list,
    "key": dict,
    "quality": dict,
    "provenance": dict,
}


@dataclass(frozen=True)
class Store:
    """A handle on a store on disk.

    Attributes
    ----------
    path : Path
        The store's folder.
    manifest : dict
        What stands in ``manifest.json``.
    """

    path: Path
    manifest: dict[str, Any]
    owner: object = field(default=None, repr=False, compare=False)
    seal: Seal | None = field(default=None, repr=False, compare=False)

    @property
    def secret(self) -> bytes | None:
        """The secret of an encrypted store, for what is made from it."""
        return None if self.seal is None else self.seal.secret

    @property
    def folder(self) -> Path:
        """Folder of the current generation."""
        return self.path / self.manifest["generation"]

    @property
    def part_paths(self) -> tuple[Path, ...]:
        """Part files, in order."""
        return tuple(self.folder / part["file"] for part in self.manifest["parts"])

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the parts have."""
        return tuple(self.manifest["columns"])

    @cached_property
    def fingerprint(self) -> bytes:
        """Tells the data of this store from those of any other, without reading them.

        The footer of a part holds the size and place of every compressed column in it, and the
        range of its values: where data differ, so does a footer.
        """
        found = hashlib.sha256(repr(self.manifest["parts"]).encode())
        for path in self.part_paths:
            found.update(footer_of(path))
        return found.hexdigest().encode()

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What was once worked out from these data and is wanted again, by name."""
        return {}

    @cached_property
    def _vehicle_groups(self) -> dict[int, VehicleGroups]:
        return {}

    def parts(
        self,
        columns: Sequence[str],
        *,
        span: tuple[int, int] | None = None,
        vehicle: int | None = None,
        n: int | None = None,
    ) -> list[StoredPart]:
        """Divide the rows, as they are stored or anew; nothing is read yet.

        Parameters
        ----------
        columns : sequence of str
            Columns to load.
        span : (int, int), optional
            Only sightings with ``first <= seen_at < last`` (ms, UTC).
        vehicle : int, optional
            Only this vehicle, in one part.
        n : int, optional
            How many parts; those of the store by default.
        """
        paths = self.part_paths
        rows = [int(part.get("rows", 0)) for part in self.manifest["parts"]]

        def part_of(
            files: Sequence[int],
            split: tuple[int, int] | None = None,
            vehicle: int | None = None,
            share: int = 1,
        ) -> StoredPart:
            return StoredPart(
                tuple(paths[file] for file in files),
                tuple(columns),
                span,
                split,
                owner=self.owner,
                seal=self.seal,
                vehicle=vehicle,
                rows=sum(rows[file] for file in files) // share,
            )

        # A vehicle is in the part of its code modulo the number of parts.
        if vehicle is not None:
            return [part_of([vehicle % len(paths)], vehicle=vehicle)]
        if n is None:
            return [part_of([file]) for file in range(len(paths))]
        if n % len(paths) == 0:
            share = n // len(paths)
            return [part_of([part % len(paths)], (n, part), share=share) for part in range(n)]
        return [part_of(range(len(paths)), (n, part), share=n) for part in range(n)]

    def rows_of(self, vehicles: np.ndarray, columns: Sequence[str]) -> Rows:
        """Read the rows of some vehicles, and no more of the parts than the groups that hold them.

        Parameters
        ----------
        vehicles : numpy.ndarray of int
            Codes, in increasing order.
        columns : sequence of str
            Columns to read.

        Returns
        -------
        Rows
            Sorted by (vehicle, seen_at, camera).
        """
        wanted = list(dict.fromkeys(("vehicle", *columns)))
        found = []
        paths = self.part_paths
        for part in np.unique(vehicles % len(paths)).tolist():
            if part not in self._vehicle_groups:
                self._vehicle_groups[part] = vehicle_groups(paths[part], self.seal)
            here = vehicles[vehicles % len(paths) == part]
            groups = self._vehicle_groups[part].holding(here)
            rows = read_rows(paths[part], wanted, self.seal, groups)
            at = np.minimum(np.searchsorted(here, rows["vehicle"]), len(here) - 1)
            found.append(take(rows, np.flatnonzero(here[at] == rows["vehicle"])))
        rows = concatenate(found) if found else {name: np.empty(0, DTYPES[name]) for name in wanted}
        order = np.argsort(rows["vehicle"], kind="stable")
        return {name: rows[name][order] for name in columns}

    @cached_property
    def camera_table(self) -> pd.DataFrame:
        """Cameras by code: name, lat, lon, zone, zone_name."""
        return self._read_table("cameras.parquet").to_pandas()

    @cached_property
    def vehicle_names(self) -> pa.ChunkedArray:
        """Pseudonyms by vehicle code."""
        return self._read_table("vehicles.parquet").column("vehicle")

    @cached_property
    def labels(self) -> dict[str, list[str]]:
        """Labels by code, for each label column."""
        table = self._read_table("labels.parquet").to_pandas()
        return {
            column: table.loc[table["column"] == column, "label"].tolist()
            for column in self.columns
            if column in set(table["column"])
        }

    def _read_table(self, name: str) -> pa.Table:
        path = self.folder / name
        try:
            return pq.read_table(
                path, use_threads=False, **VERIFIED, **decryption(self.seal, path)
            )
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"{self.folder / name}: cannot be read ({type(error).__name__}); "
                "make the store again with `platerisk ingest`"
            ) from None


def is_store(path: str | Path) -> bool:
    """Tell whether a folder is a store.

    Examples
    --------
    >>> is_store("no/such/folder")
    False
    """
    return (Path(path) / MANIFEST).is_file()


def is_unfinished(path: str | Path) -> bool:
    """Tell whether a folder holds only what a run that writes a store has made so far, or left.

    Examples
    --------
    >>> is_unfinished("no/such/folder")
    False
    """
    folder = Path(path)
    # A generation beside no lock is somebody's own folder.
    if not (folder / LOCK).is_file() or is_store(folder):
        return False
    return all(
        entry.name in (LOCK, "." + MANIFEST) or GENERATION.fullmatch(entry.name)
        for entry in folder.iterdir()
    )


def newer_generations(path: Path, current: str) -> list[Path]:
    """List the generations in a folder that a run began after the current one.

    Examples
    --------
    >>> newer_generations(Path("no/such/folder"), "data-000001")
    []
    """
    number = int(current.removeprefix("data-"))
    return sorted(
        entry for entry in Path(path).glob("data-*")
        if GENERATION.fullmatch(entry.name) and int(entry.name.removeprefix("data-")) > number
    )  # fmt: skip


def refuse_unfinished(path: Path) -> None:
    """Refuse the folder of a store that was never finished.

    Raises
    ------
    StoreError
        If it is one.

    Examples
    --------
    >>> refuse_unfinished(Path("no/such/folder"))
    """
    if is_unfinished(path):
        raise StoreError(
            f"{path}: not a store yet: the run that was writing it was interrupted, or is still "
            "at work. If none is, type its command again: it removes what was left and starts over"
        )


def open_store(
    path: str | Path, owner: object = None, *, secret: bytes | None = None
) -> Store:
    """Open a store written earlier.

    Parameters
    ----------
    path : path
        The store's folder.
    owner : object, optional
        Kept alive as long as the store (a temporary folder, say).
    secret : bytes, optional
        The secret of an encrypted store; what a plain one does not need is not looked at.

    Raises
    ------
    StoreError
        If there is none, it is damaged, a newer version wrote it, or it is encrypted and the
        secret is not there or not its own.
    """
    path = Path(path)
    outer = read_outer_manifest(path)
    seal = None
    if "encrypted" in outer:
        seal = Seal.from_dict(outer["encrypted"], secret, path)
    return Store(path, _whole_manifest(path, outer, seal), owner, seal)


def read_manifest(path: Path, secret: bytes | None = None) -> dict[str, Any]:
    """Read and check the manifest of a store.

    Raises
    ------
    StoreError
        As `open_store`.
    """
    return open_store(path, secret=secret).manifest


def _whole_manifest(path: Path, outer: dict[str, Any], seal: Seal | None) -> dict[str, Any]:
    manifest, name = outer, MANIFEST
    if seal is not None:
        name = f"{outer['generation']}/{SEALED_MANIFEST}"
        try:
            manifest = json.loads(read_sealed_bytes(path / name, seal))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise StoreError(
                f"{path / name}: cannot be read ({type(error).__name__}); "
                "make the store again with `platerisk ingest`"
            ) from None
        if not isinstance(manifest, dict) or manifest.get("generation") != outer["generation"]:
            raise StoreError(f"{path / name}: damaged (generation)")
    wrong = [key for key, kind in _REQUIRED.items() if not isinstance(manifest.get(key), kind)]
    if wrong:
        raise StoreError(
            f"{path / name}: damaged ({', '.join(wrong)}); "
            "make the store again with `platerisk ingest`"
        )
    return manifest


def read_outer_manifest(path: Path) -> dict[str, Any]:
    """Read ``manifest.json``: the whole manifest, or of an encrypted store only that it is one.

    Raises
    ------
    StoreError
        If there is none, it is damaged, or a newer version wrote it.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        refuse_unfinished(path)
        raise StoreError(
            f"{path}: not a store; make one with `platerisk ingest FILES -o {path.name}`"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"{path / MANIFEST}: cannot be read ({type(error).__name__}); "
            "make the store again with `platerisk ingest`"
        ) from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise StoreError(f"{path / MANIFEST}: not the manifest of a store")
    version = manifest.get("version")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StoreError(
            f"{path}: written by a newer platerisk (store version {version}, this one "
            f"reads up to {FORMAT_VERSION}); upgrade with `pip install --upgrade platerisk`"
        )
    generation = manifest.get("generation")
    wrong = [] if isinstance(version, int) else ["version"]
    if not isinstance(generation, str) or not GENERATION.fullmatch(generation):
        wrong.append("generation")
    if wrong:
        raise StoreError(
            f"{path / MANIFEST}: damaged ({', '.join(wrong)}); "
            "make the store again with `platerisk ingest`"
        )
    return manifest
