"""The (camera, time) arrangement of a store: who was seen at a camera at a time, at once.

The parts of a store are sorted by vehicle. To find whom one vehicle met, the same sightings are
laid out once more by (camera, time), in small groups of rows; the places where cameras and groups
begin stand with them, so that a look-up reads a group or two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.errors import StoreError
from analyzer.schema import Rows, n_rows
from analyzer.store.derived import open_derived, write_derived
from analyzer.store.store import Store

NAME = "by-camera.parquet"
GROUP_ROWS = 1 << 13
"""Sightings that are read at least for one look-up."""

_SCHEMA = pa.schema(
    [("camera", pa.int32()), ("seen_at", pa.timestamp("ms", tz="UTC")), ("vehicle", pa.int32())]
)
_CAMERAS, _STARTS, _GROUPS, _TIMES = (
    f"platerisk {name}".encode() for name in ("cameras", "starts", "groups", "times")
)


@dataclass(frozen=True)
class ByCamera:
    """The arrangement, opened.

    Attributes
    ----------
    file : pyarrow.parquet.ParquetFile
        The sightings.
    first_row, last_row : numpy.ndarray of int64, shape (cameras,)
        Where each camera's sightings begin and end.
    groups : numpy.ndarray of int64, shape (groups + 1,)
        Where each group of rows begins, and the end.
    times : numpy.ndarray of int64, shape (groups,)
        Time (ms) of the first sighting of each group.
    """

    file: pq.ParquetFile
    first_row: np.ndarray
    last_row: np.ndarray
    groups: np.ndarray
    times: np.ndarray

    def near(self, cameras: np.ndarray, times: np.ndarray, within: int) -> Rows:
        """Find the sightings at some cameras within a time of some instants.

        Parameters
        ----------
        cameras, times : numpy.ndarray, shape (n,)
            Camera codes and instants (ms).
        within : int
            ms, inclusive.

        Returns
        -------
        Rows
            ``row`` (which camera and instant) and ``vehicle``.
        """
        spans = [
            self._groups_of(camera, time - within, time + within)
            for camera, time in zip(cameras.tolist(), times.tolist(), strict=True)
        ]
        wanted = np.unique(np.concatenate([np.arange(*span) for span in spans] + [[]])).astype(int)
        if not len(wanted):
            return {"row": np.empty(0, np.int64), "vehicle": np.empty(0, np.int32)}
        try:
            table = self.file.read_row_groups(
                wanted.tolist(), columns=["seen_at", "vehicle"], use_threads=False
            )
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"{NAME} beside the data cannot be read ({type(error).__name__}); delete it, and "
                "it is made again"
            ) from None
        seen_at = table.column("seen_at").cast(pa.int64()).to_numpy()
        vehicle = table.column("vehicle").to_numpy()
        # Rows that were read stand group by group; a span's groups stand together.
        sizes = self.groups[wanted + 1] - self.groups[wanted]
        begins = np.append(0, np.cumsum(sizes))
        at = dict(zip(wanted.tolist(), begins.tolist(), strict=False))
        found, of = [], []
        for row, (camera, time, (first, stop)) in enumerate(
            zip(cameras.tolist(), times.tolist(), spans, strict=True)
        ):
            if first == stop:
                continue
            shift = at[first] - int(self.groups[first])
            low = max(int(self.first_row[camera]) + shift, at[first])
            end = min(int(self.last_row[camera]), int(self.groups[stop])) + shift
            here = seen_at[low:end]
            low, end = low + np.searchsorted(here, [time - within, time + within + 1])
            found.append(vehicle[low:end])
            of.append(np.full(end - low, row))
        return {
            "row": np.concatenate([np.empty(0, np.int64), *of]),
            "vehicle": np.concatenate([np.empty(0, np.int32), *found]),
        }

    def _groups_of(self, camera: int, first: int, last: int) -> tuple[int, int]:
        """Find the groups that hold a camera's sightings of a time: the first, and after them."""
        low, end = int(self.first_row[camera]), int(self.last_row[camera])
        if low == end:
            return 0, 0
        begin = int(np.searchsorted(self.groups, low, "right")) - 1
        stop = int(np.searchsorted(self.groups, end - 1, "right"))
        times = self.times[begin + 1 : stop]
        return (
            begin + int(np.searchsorted(times, first)),
            begin + 1 + int(np.searchsorted(times, last, "right")),
        )


def open_by_camera(store: Store) -> ByCamera | None:
    """Open the arrangement of a store; None where there is none of these data."""
    file = open_derived(store, NAME)
    if file is None:
        return None
    known = file.metadata.metadata
    if any(name not in known for name in (_CAMERAS, _STARTS, _GROUPS, _TIMES)):
        return None
    cameras, starts, groups, times = (
        np.array(known[name].split(), np.int64) for name in (_CAMERAS, _STARTS, _GROUPS, _TIMES)
    )
    size = max(len(store.camera_table), int(cameras.max(initial=-1)) + 1)
    first_row, last_row = np.zeros((2, size), np.int64)
    first_row[cameras], last_row[cameras] = starts[:-1], starts[1:]
    return ByCamera(file, first_row, last_row, groups, times)


def write_by_camera(store: Store, blocks: Iterable[Rows]) -> bool:
    """Write the arrangement of a store.

    Parameters
    ----------
    store : Store
        The store.
    blocks : iterable of Rows
        ``camera``, ``seen_at``, ``vehicle`` of all its sightings, each block sorted by these, and
        every camera in one block only.

    Returns
    -------
    bool
        Whether it is there now; see `write_derived`.
    """

    def fill(writer: pq.ParquetWriter) -> None:
        cameras, starts, groups, times = [], [], [], []
        written = 0
        for rows in blocks:
            begins = np.flatnonzero(np.diff(rows["camera"], prepend=-1))
            cameras += rows["camera"][begins].tolist()
            starts += (written + begins).tolist()
            first = np.arange(0, n_rows(rows), GROUP_ROWS)
            groups += (written + first).tolist()
            times += rows["seen_at"][first].tolist()
            columns = [
                pa.array(rows["camera"], pa.int32()),
                pa.array(rows["seen_at"], pa.int64()).cast(_SCHEMA.field("seen_at").type),
                pa.array(rows["vehicle"], pa.int32()),
            ]
            writer.write_table(pa.table(columns, schema=_SCHEMA), row_group_size=GROUP_ROWS)
            written += n_rows(rows)
        for name, numbers in (
            (_CAMERAS, cameras), (_STARTS, [*starts, written]), (_GROUPS, [*groups, written]),
            (_TIMES, times),
        ):  # fmt: skip
            writer.add_key_value_metadata({name: " ".join(map(str, numbers)).encode()})

    return write_derived(store, NAME, _SCHEMA, fill)
