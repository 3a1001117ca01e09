"""An opened store: its manifest, its small tables, and its parts as they are asked for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.engine.base import sort_rows
from analyzer.engine.sealing import Seal, decryption, read_sealed_bytes
from analyzer.errors import StoreError
from analyzer.schema import CORE, DTYPES, Rows, concatenate, n_rows, take
from analyzer.store.part_files import (
    VERIFIED,
    GroupsOfPart,
    VehicleGroups,
    footer_of,
    read_rows,
    read_rows_apart,
    vehicle_groups,
)

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
class StoredPart:
    """Rows of a store, as a view: which files, which columns, which time, which vehicles.

    Attributes
    ----------
    paths : tuple of Path
        Part files.
    columns : tuple of str
        Columns to load.
    span : (int, int) or None
        Only sightings with ``first <= seen_at < last`` (ms, UTC).
    split : (int, int) or None
        ``(n, k)``: only vehicles whose code leaves `k` when divided by `n`.
    vehicle : int or None
        Only this vehicle; no more is read of a file than the groups of rows that may hold it.
    rows : int
        About how many rows it has, before it is cut to the time: those of the files, as the
        manifest counts them, or the share of them that a split takes.
    """

    paths: tuple[Path, ...]
    columns: tuple[str, ...] = CORE
    span: tuple[int, int] | None = None
    split: tuple[int, int] | None = None
    owner: object = field(default=None, repr=False, compare=False)
    """Kept alive as long as the part (a temporary folder, say); stays behind when it travels."""
    seal: Seal | None = field(default=None, repr=False, compare=False)
    vehicle: int | None = None
    rows: int = field(default=0, compare=False)

    @property
    def bytes_held(self) -> int:
        """What the rows take in memory, with the columns that are read."""
        names = set(self.columns + self._needed())
        return 0 if self.vehicle is not None else self.rows * sum(
            DTYPES[name].itemsize for name in names
        )

    @property
    def sealed(self) -> bool:
        """Whether what is made from this part must not lie on a disk unencrypted."""
        return self.seal is not None

    def __getstate__(self) -> dict[str, Any]:
        if self.seal is not None:
            raise StoreError(
                "the store is encrypted, and its key stays in this process: an engine that sends "
                "parts to other processes cannot read it; use engine='local'"
            )
        return {**self.__dict__, "owner": None}

    def load(self) -> Rows:
        """Read the rows, sorted by (vehicle, seen_at, camera)."""
        wanted = list(dict.fromkeys(self.columns + self._needed()))
        frames = [self._kept(rows) for path in self.paths for rows in self._read(path, wanted)]
        rows = frames[0] if len(frames) == 1 else concatenate(frames)
        if len(self.paths) > 1:
            rows = sort_rows(rows, CORE)
        return {name: rows[name] for name in self.columns}

    def _read(self, path: Path, wanted: list[str]) -> Iterator[Rows]:
        if self.split is None:
            yield read_rows(path, wanted, self.seal, self._groups(path))
        else:
            # Where little is taken of much, what is left out is never held as a whole.
            yield from read_rows_apart(path, wanted, self.seal)

    def _kept(self, rows: Rows) -> Rows:
        keep = np.ones(n_rows(rows), bool)
        if self.vehicle is not None:
            keep &= rows["vehicle"] == self.vehicle
        if self.span is not None:
            keep &= (rows["seen_at"] >= self.span[0]) & (rows["seen_at"] < self.span[1])
        if self.split is not None:
            keep &= rows["vehicle"] % self.split[0] == self.split[1]
        return rows if keep.all() else take(rows, keep)

    def _groups(self, path: Path) -> GroupsOfPart | None:
        if self.vehicle is None:
            return None
        return vehicle_groups(path, self.seal).holding(np.array([self.vehicle]))

    def _needed(self) -> tuple[str, ...]:
        """Columns that the view itself must see."""
        if len(self.paths) > 1:
            return CORE
        by_vehicle = self.split is not None or self.vehicle is not None
        return (("seen_at",) if self.span else ()) + (("vehicle",) if by_vehicle else ())


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
            return pq.read_table(path, **VERIFIED, **decryption(self.seal, path))
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
