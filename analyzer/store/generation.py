"""A generation of a store's data: written beside the last one, and put in its place at once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from analyzer.engine.scratch import bytes_in
from analyzer.errors import StoreError
from analyzer.store.store import (
    GENERATION,
    LOCK,
    MANIFEST,
    is_unfinished,
    newer_generations,
    read_manifest,
    read_outer_manifest,
)


class Generation:
    """The folder of the next generation of a store, which nobody else may write meanwhile.

    Parameters
    ----------
    path : pathlib.Path
        Folder of the store; made if it is not there.
    secret : bytes, optional
        Opens the store that is there, and encrypts the next.

    Attributes
    ----------
    folder : pathlib.Path
        Where the new generation is written.

    Raises
    ------
    StoreError
        If the path cannot be written, holds something else, or another run is writing there.

    Warns
    -----
    UserWarning
        If a run that was interrupted left something here, which is removed.
    """

    def __init__(self, path: Path, secret: bytes | None = None):
        self.path = path
        self._secret = secret
        self._committed = False
        self._lock = self._open()
        self.folder = self._next()

    def _open(self) -> FileLock:
        self._made_folder = not self.path.exists()
        self._was_empty = self._made_folder
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Every row is about one vehicle: the folder is its owner's alone.
            self.path.mkdir(mode=0o700, exist_ok=True)
            self._was_empty = self._made_folder or not any(self.path.iterdir())
            if (self.path / MANIFEST).exists():
                self._check_replaceable()
            elif not (self._was_empty or is_unfinished(self.path)):
                raise StoreError(
                    f"{self.path}: the folder holds other files and is not a store; "
                    "give a new or empty folder"
                )
            lock = FileLock(self.path / LOCK, timeout=0)
            lock.acquire()
        except Timeout:
            raise StoreError(
                f"{self.path}: another run is writing this store; wait until it has ended"
            ) from None
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error.strerror})") from None
        return lock

    def _check_replaceable(self) -> None:
        # A store that this version cannot read is not one that it may replace.
        if "encrypted" not in read_outer_manifest(self.path) and self._secret is not None:
            raise StoreError(
                f"{self.path}: the store is not encrypted, and what was once written plain cannot "
                "be taken back; make an encrypted store in a new folder"
            )
        read_manifest(self.path, self._secret)

    def _next(self) -> Path:
        current = "data-000000"
        if (self.path / MANIFEST).exists():
            current = read_outer_manifest(self.path)["generation"]
        # What a killed run left; no manifest speaks of it.
        self._tell_of_interruption(current)
        self._remove(but=current)
        generation = self.path / f"data-{int(current.removeprefix('data-')) + 1:06d}"
        generation.mkdir(mode=0o700)
        return generation

    def _tell_of_interruption(self, current: str) -> None:
        # An older generation is what a finished run had no time to remove.
        left = newer_generations(self.path, current)
        if left:
            size = sum(map(bytes_in, left)) / 1e6
            warnings.warn(
                f"{self.path}: an earlier run was interrupted while it wrote here; the {size:.1f} "
                "MB that it left are removed, and this run starts over",
                UserWarning,
                stacklevel=5,
            )

    def _remove(self, but: str) -> None:
        for entry in self.path.iterdir():
            if GENERATION.fullmatch(entry.name) and entry.name != but:
                shutil.rmtree(entry, ignore_errors=True)

    def commit(self, manifest: dict[str, Any]) -> None:
        """Make this generation the store: nothing that a reader could see changed before."""
        for entry in self.folder.iterdir():
            _sync(entry)
        _sync(self.folder)
        waiting = self.path / ("." + MANIFEST)
        with open(waiting, "w", encoding="utf-8") as file:
            json.dump(manifest, file, ensure_ascii=False, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(waiting, self.path / MANIFEST)
        self._committed = True
        _sync(self.path)
        self._remove(but=self.folder.name)
        self._lock.release()

    def abandon(self) -> None:
        """Leave everything as it was: remove what was not committed and give the lock back."""
        if not self._committed and self._lock.is_locked:
            shutil.rmtree(self.folder, ignore_errors=True)
            if self._was_empty:
                # There was nothing here before this run: not even a lock stays.
                (self.path / LOCK).unlink(missing_ok=True)
                if self._made_folder:
                    with contextlib.suppress(OSError):
                        self.path.rmdir()
        self._lock.release()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        # Some file systems cannot sync a folder; the rename below is then as safe as they allow.
        pass
    finally:
        os.close(handle)
