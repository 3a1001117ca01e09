"""A copy of a store, byte for byte, in a folder of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from analyzer.store.store import MANIFEST, Store, open_store


def copy_store(store: Store, path: Path) -> Store:
    """Copy the data that a store holds now, and open the copy.

    Parameters
    ----------
    store : Store
        What is copied.
    path : Path
        A new or empty folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    # What another run is writing there has a name with a dot.
    shutil.copytree(store.folder, path / store.folder.name, ignore=shutil.ignore_patterns(".*"))
    # The manifest comes last, and at once: until it is there, the folder is not a store.
    shutil.copy(store.path / MANIFEST, path / ("." + MANIFEST))
    os.replace(path / ("." + MANIFEST), path / MANIFEST)
    return open_store(path, secret=store.secret)
