"""Cleaning: rows that cannot be used are written down, repeats of one passage become one sighting.

An exact repeat has the vehicle, camera and time of another row. A repeat frame is a row of the same
vehicle and camera at most 30 seconds after the last one that was kept there.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import numba
import numpy as np

from analyzer.engine.sealing import Seal, read_sealed_bytes, write_sealed_bytes
from analyzer.errors import InputError
from analyzer.schema import Rows

REPEAT_FRAME_MS = 30_000
KEPT, EXACT_REPEAT, REPEAT_FRAME = 0, 1, 2
MERGE_REASONS = {EXACT_REPEAT: "exact_repeat", REPEAT_FRAME: "repeat_frame"}

REJECT_COLUMNS = ("file", "line", "byte_offset", "reason", "column", "kind_of_value")


def merge_repeats(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Decide which of some sorted rows are kept, and what becomes of the others.

    Parameters
    ----------
    rows : dict of numpy.ndarray
        Columns vehicle, seen_at and camera, sorted by them.

    Returns
    -------
    into : numpy.ndarray of int64
        Position of the kept row that each row becomes part of; its own where it is kept.
    reason : numpy.ndarray of uint8
        `EXACT_REPEAT` or `REPEAT_FRAME` where not kept.

    Examples
    --------
    >>> rows = {"vehicle": np.zeros(4, np.int32), "camera": np.zeros(4, np.int32),
    ...         "seen_at": np.array([0, 0, 30_000, 30_001])}
    >>> into, reason = merge_repeats(rows)
    >>> into.tolist(), reason.tolist()
    ([0, 0, 0, 3], [0, 1, 2, 0])
    """
    return find_repeats(rows["vehicle"], rows["seen_at"], rows["camera"], REPEAT_FRAME_MS)


@numba.njit(cache=True, nogil=True)
def find_repeats(
    vehicle: np.ndarray, seen_at: np.ndarray, camera: np.ndarray, within_ms: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find repeats among rows sorted by (vehicle, seen_at, camera); see `merge_repeats`."""
    n = len(vehicle)
    into, reason = np.arange(n), np.zeros(n, np.uint8)
    # Kept rows of one camera are more than the limit apart: only the last of them can be near.
    last_kept = np.full(camera.max() + 1 if n else 0, -1)
    for i in range(n):
        if (
            i
            and vehicle[i] == vehicle[i - 1]
            and seen_at[i] == seen_at[i - 1]
            and camera[i] == camera[i - 1]
        ):
            into[i], reason[i] = into[i - 1], EXACT_REPEAT
            continue
        kept = last_kept[camera[i]]
        if kept >= 0 and vehicle[kept] == vehicle[i] and seen_at[i] - seen_at[kept] <= within_ms:
            into[i], reason[i] = kept, REPEAT_FRAME
        else:
            last_kept[camera[i]] = i
    return into, reason


def read_sealed_rejects(path: Path, seal: Seal) -> str:
    """Read the list of rejects of an encrypted store, as CSV."""
    return gzip.decompress(read_sealed_bytes(path, seal)).decode()


class RejectsFile:
    """The list of rows that could not be used: where each stands and why, never what it says.

    Parameters
    ----------
    path : pathlib.Path
        Where the list is written.
    earlier : pathlib.Path, optional
        A list that this one continues.
    seal, earlier_seal : Seal, optional
        What encrypts this list, and the one that it continues. An encrypted list waits in memory
        until it is closed; its file is ``rejects.parquet``.
    """

    def __init__(
        self,
        path: Path,
        earlier: Path | None = None,
        *,
        seal: Seal | None = None,
        earlier_seal: Seal | None = None,
    ):
        self.path = path
        self._seal = seal
        if seal is not None:
            self.path = path.with_suffix(".parquet")
            # Packed: a list of millions of rejects must not fill the memory.
            self._packed = io.BytesIO()
            self._file = io.TextIOWrapper(
                gzip.GzipFile(fileobj=self._packed, mode="wb", mtime=0), "utf-8", newline=""
            )
            self._writer = csv.writer(self._file, lineterminator="\n")
            before = None if earlier is None else earlier.with_suffix(".parquet")
            if earlier_seal is not None and before.is_file():
                self._file.write(read_sealed_rejects(before, earlier_seal))
            else:
                self._writer.writerow(REJECT_COLUMNS)
            return
        continued = earlier is not None and earlier.is_file()
        if continued:
            shutil.copyfile(earlier, path)
        # Open as long as the reading: rows are written chunk by chunk.
        self._file = open(  # noqa: SIM115
            path, "a" if continued else "w", encoding="utf-8", newline=""
        )
        self._writer = csv.writer(self._file, lineterminator="\n")
        if not continued:
            self._writer.writerow(REJECT_COLUMNS)

    def write(
        self,
        file: int,
        lines: np.ndarray,
        offsets: np.ndarray,
        reasons: Sequence[str],
        columns: Sequence[str],
        kinds: Sequence[str],
    ) -> None:
        """Add rows; an offset below zero means that the format has none."""
        self._writer.writerows(
            (file, line, offset if offset >= 0 else "", reason, column, kind)
            for line, offset, reason, column, kind in zip(
                lines.tolist(), offsets.tolist(), reasons, columns, kinds, strict=True
            )
        )

    def close(self) -> None:
        """Close the file."""
        if self._seal is not None and not self._file.closed:
            self._file.close()
            if self.path.parent.is_dir():
                write_sealed_bytes(self.path, self._packed.getvalue(), self._seal)
        self._file.close()

    def copy_to(self, path: Path) -> None:
        """Copy the list to where the user wants it.

        Raises
        ------
        InputError
            If it cannot be written there.
        """
        self._file.flush()
        try:
            if self._seal is None:
                shutil.copyfile(self.path, path)
            else:
                self.close()
                text = gzip.decompress(self._packed.getvalue())
                path.write_bytes(text)
        except OSError as error:
            raise InputError(
                f"{path}: the rejects file cannot be written ({error.strerror})"
            ) from None
