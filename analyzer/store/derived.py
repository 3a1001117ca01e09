"""What is derived from a store's data and kept beside them, to be asked again at once.

A derived file lies in the folder of the generation from which it was made, and goes with it. It is
written under the store's lock and in one step, is sealed where the store is, and carries a
fingerprint of the data: one that does not fit is never used. Where nothing can be written (a store
that is read only, or being written by another run), nothing is kept and all works without.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from analyzer.engine.sealing import decryption, encryption
from analyzer.errors import StoreError
from analyzer.store.part_files import VERIFIED
from analyzer.store.store import LOCK, Store, read_outer_manifest

FINGERPRINT = b"platerisk fingerprint"


def open_derived(store: Store, name: str) -> pq.ParquetFile | None:
    """Open a derived file; None where there is none, or it is not of these data or damaged."""
    path = store.folder / name
    try:
        file = pq.ParquetFile(path, **VERIFIED, **decryption(store.seal, path))
        if (file.metadata.metadata or {}).get(FINGERPRINT) == store.fingerprint:
            return file
        file.close()
    except (OSError, pa.ArrowException):
        pass
    return None


def write_derived(
    store: Store, name: str, schema: pa.Schema, fill: Callable[[pq.ParquetWriter], None]
) -> bool:
    """Write a derived file.

    Parameters
    ----------
    store : Store
        Whose data it was made from.
    name : str
        Name of the file; what belongs to it is sealed for this name.
    schema : pyarrow.Schema
        Its columns.
    fill : callable
        Writes its rows, and may add metadata of its own.

    Returns
    -------
    bool
        Whether it is there now.
    """
    path = store.folder / name
    waiting = store.folder / f".{name}.waiting"
    try:
        with FileLock(store.path / LOCK, timeout=0):
            # Another run may have replaced the data since they were opened.
            if read_outer_manifest(store.path)["generation"] != store.folder.name:
                return False
            try:
                with pq.ParquetWriter(
                    waiting, schema, compression="zstd", use_dictionary=False,
                    write_statistics=False, write_page_checksum=True,
                    **encryption(store.seal, path),
                ) as writer:  # fmt: skip
                    fill(writer)
                    writer.add_key_value_metadata({FINGERPRINT: store.fingerprint})
                _sync(waiting)
                os.replace(waiting, path)
            finally:
                waiting.unlink(missing_ok=True)
    except (OSError, Timeout, StoreError):
        return False
    return True


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
