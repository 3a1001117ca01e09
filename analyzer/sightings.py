"""Sightings: a handle on a store, with cheap views in time, from which every measure starts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.cameras import geo_cameras, geo_zones
from analyzer.engine.base import reduce_rows
from analyzer.engine.local import WORKING
from analyzer.engine.spill import parse_memory, refuse_small_number
from analyzer.errors import StoreError, UsageError
from analyzer.local_time import Clock, clock, read_instant
from analyzer.result import Result
from analyzer.schema import CORE, DTYPES, LABELS, Rows, take
from analyzer.store import Store, StoreBuilder, StoredPart, copy_store
from analyzer.store.builder import SMALLEST_PART_ROWS
from analyzer.store.contents import codes_in, rows_and_ends

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True)
class Sightings:
    """A collection of sightings on disk; made by `read_sightings` or `make_region`.

    ``len(sightings)`` is the number of sightings.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> seen = from_arrays([0, 0, 1], [0, 60_000, 120_000], [0, 1, 0])
    >>> len(seen), len(seen.vehicles)
    (3, 2)
    >>> print(seen.summary())
    3 sightings of 2 vehicles by 2 cameras, 1970-01-01 00:00 to 1970-01-01 00:02 (UTC).
    """

    store: Store = field(repr=False)
    _view: tuple[int, int] | None = field(default=None, repr=False)
    _n_parts: int | None = field(default=None, repr=False)
    _vehicle: int | None = field(default=None, repr=False)

    # What users ask for

    @cached_property
    def cameras(self) -> GeoDataFrame:
        """Camera sites: camera, name, zone, geometry (points, EPSG:4326)."""
        return geo_cameras(self.camera_table)

    @cached_property
    def zones(self) -> GeoDataFrame:
        """Zones: zone, number of cameras, geometry (mean of the camera positions, EPSG:4326)."""
        return geo_zones(self.camera_table)

    @cached_property
    def vehicles(self) -> pd.Index:
        """Names (pseudonyms) of the vehicles that were seen."""
        return pd.Index(self.vehicle_names(self._vehicle_codes), name="vehicle")

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last sighting, in the time zone of the data."""
        first, last = self.span_ms
        return self._timestamp(first), self._timestamp(last)

    @property
    def quality(self) -> dict[str, Any]:
        """What was read, kept, rejected and merged when the sightings were read.

        Of a view: what it took from the store, since rejected rows belong to no view.
        """
        if not self.is_view:
            return self.store.manifest["quality"]
        return {
            "rows_read": len(self),
            "rows_kept": len(self),
            "rows_rejected": 0,
            "rows_merged": 0,
            "rejected_by_reason": {},
            "merged_by_reason": {},
            "vehicles": self.n_vehicles,
            "cameras": self.n_cameras_seen,
            "first_seen": self.span[0].isoformat() if len(self) else None,
            "last_seen": self.span[1].isoformat() if len(self) else None,
            "notes": [f"a view of a store{self._view_text()}"],
        }

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the data came from, and with which options and version they were read."""
        return self.store.manifest["provenance"]

    def __len__(self) -> int:
        if not self.is_view:
            return self.store.manifest["rows"]
        return self._rows_and_ends[0]

    def summary(self) -> str:
        """Tell in plain sentences what the collection holds."""
        if not len(self):
            return "No sightings."
        first, last = self.span
        lines = [
            f"{_count(len(self), 'sighting')} of {_count(self.n_vehicles, 'vehicle')} by "
            f"{_count(self.n_cameras_seen, 'camera')}, "
            f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} ({self.timezone})."
        ]
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    _repr_html_ = Result._repr_html_

    def __repr__(self) -> str:
        # What the store says of itself: a console must not wait for a view to be counted.
        rows, vehicles = (self.store.manifest[name] for name in ("rows", "vehicles_seen"))
        whole = f"{_count(rows, 'sighting')} of {_count(vehicles, 'vehicle')}"
        return f"<{type(self).__name__}: {'from ' if self.is_view else ''}{whole}>"

    def to_pandas(self) -> pd.DataFrame:
        """Give the sightings as a frame: vehicle, camera, seen_at and the optional columns."""
        # In one order, whatever the parts: a vehicle is in one part, so ties keep theirs.
        rows = reduce_rows([part.load() for part in self.parts(*self.columns)], CORE)
        frame = {
            "vehicle": self.vehicle_names(rows["vehicle"]),
            "camera": self.camera_names(rows["camera"]),
            "seen_at": self.timestamps(rows["seen_at"]),
        }
        for name in self.columns[len(CORE) :]:
            if name in LABELS:
                labels = np.array([*self.labels.get(name, ()), None], object)
                frame[name] = labels[rows[name]]
            else:
                frame[name] = rows[name]
        return pd.DataFrame(frame)

    def between(self, t0: str | datetime, t1: str | datetime) -> Sightings:
        """View the sightings with ``t0 <= seen_at < t1``; nothing is copied.

        Parameters
        ----------
        t0, t1 : str or datetime
            Ends of the span; without an offset they are local time of the data.

        Raises
        ------
        UsageError
            If an end is not a time, or they stand in the wrong order.
        """
        first, last = (read_instant(end, self.timezone) for end in (t0, t1))
        if first >= last:
            raise UsageError("between(t0, t1): t0 must lie before t1")
        return self._between_ms(first, last)

    def of(self, vehicle: str) -> Sightings:
        """View the sightings of one vehicle; only the rows about it are read.

        Its trips, places and routines are those it has among all others, in milliseconds. A view
        of one vehicle says nothing about the population: what is made from it is internal.

        Parameters
        ----------
        vehicle : str
            Its name, one of `vehicles`.

        Raises
        ------
        UsageError
            If there is no such vehicle.

        Examples
        --------
        >>> from analyzer.array_sightings import from_arrays
        >>> len(from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0]).of("v0"))
        2
        """
        return replace(self, _vehicle=self.vehicle_code(vehicle), _n_parts=None)

    def save(self, path: str | Path) -> Sightings:
        """Write the sightings as a store of their own, and give a handle on it.

        Raises
        ------
        StoreError
            If there is something at the path already.
        """
        path = Path(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise StoreError(f"{path}: is there already; give a new or empty folder")
        if not self.is_view:
            return Sightings(copy_store(self.store, path))
        builder = StoreBuilder(
            path,
            timezone=self.timezone,
            columns=self.columns[len(CORE) :],
            secret=self.store.secret,
        )
        codes = self._vehicle_codes
        for part in self.parts(*self.columns):
            rows = dict(part.load())
            rows["vehicle"] = np.searchsorted(codes, rows["vehicle"]).astype(np.int32)
            builder.append(rows)
        store = builder.finish(
            cameras=self.camera_table,
            vehicles=list(self.vehicles),
            labels=self.labels,
            quality=self.quality,
            provenance={
                **self.provenance,
                "view": self._view_fields(),
            },
            key=self.store.manifest["key"],
        )
        return Sightings(store)

    # What measures ask for

    def parts(self, *columns: str) -> list[StoredPart]:
        """Give the partitions, each sorted by (vehicle, seen_at, camera), with these columns."""
        columns = columns or CORE
        lacking = [name for name in columns if name not in self.columns]
        if lacking:
            raise UsageError(
                f"the sightings have no column {', '.join(lacking)}; they have "
                f"{', '.join(self.columns)}"
            )
        return self.store.parts(
            columns, span=self._view, vehicle=self._vehicle, n=self._n_parts
        )

    def rows_of(self, vehicles: np.ndarray, *columns: str) -> Rows:
        """Read the rows of some vehicles (codes, in increasing order), sorted as parts are.

        Of a store no more is read than the groups of rows that hold them.
        """
        columns = columns or CORE
        rows = self.store.rows_of(vehicles, tuple(dict.fromkeys((*columns, "vehicle", "seen_at"))))
        if self._vehicle is not None:
            rows = take(rows, rows["vehicle"] == self._vehicle)
        if self._view is not None:
            first, last = self._view
            rows = take(rows, (rows["seen_at"] >= first) & (rows["seen_at"] < last))
        return {name: rows[name] for name in columns}

    @property
    def view_ms(self) -> tuple[int, int] | None:
        """The span to which this is a view (ms, UTC; its end is outside), if it is one in time."""
        return self._view

    @property
    def is_one_vehicle(self) -> bool:
        """Whether only one vehicle is looked at."""
        return self._vehicle is not None

    @property
    def is_view(self) -> bool:
        """Whether only some of the store's sightings are looked at."""
        return self._view is not None or self._vehicle is not None

    def with_parts(self, n: int) -> Sightings:
        """View the same sightings in `n` parts; no figure may depend on it."""
        return replace(self, _n_parts=n)

    def within(self, memory: str | int) -> Sightings:
        """View the same sightings in parts so small that work on them keeps to some memory.

        Sightings whose parts are so small already are given back as they are.

        Parameters
        ----------
        memory : str or int
            What may be held beside the program itself: ``"500MB"``, or bytes. Parts of fewer than
            250,000 sightings are not made; a measure takes 80 MB for one.

        Raises
        ------
        UsageError
            If it is not an amount of memory, or a small number without a unit: 5 meant 5 GB.

        Examples
        --------
        >>> from analyzer.synthetic import make_region
        >>> sightings = make_region(vehicles=100, days=3).sightings
        >>> len(sightings.within("300MB").parts())
        1
        """
        refuse_small_number(memory)
        width = sum(DTYPES[name].itemsize for name in CORE)
        fitting = parse_memory(memory) // (WORKING * (os.cpu_count() or 1) * width)
        fitting = max(fitting, SMALLEST_PART_ROWS)
        if self.is_one_vehicle:
            return self
        stored, parts = (self.store.parts(CORE, n=n) for n in (None, len(self.parts())))
        if max(part.rows for part in parts) <= fitting:
            return self
        return self.with_parts(-(-max(part.rows for part in stored) // fitting) * len(stored))

    def _view_fields(self) -> dict[str, str]:
        fields = {}
        if self._view is not None:
            first, last = (str(self._timestamp(end)) for end in self._view)
            fields |= {"from": first, "to": last}
        return fields | ({"vehicles": "one"} if self._vehicle is not None else {})

    def _view_text(self) -> str:
        fields = self._view_fields()
        text = f", from {fields['from']} to before {fields['to']}" if self._view else ""
        return text + (", of one vehicle" if self._vehicle is not None else "")

    def _between_ms(self, first: int, last: int) -> Sightings:
        if self._view is not None:
            first, last = max(first, self._view[0]), min(last, self._view[1])
        return replace(self, _view=(first, max(first, last)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the sightings have; ``frames`` (see `analyzer.schema.FRAMES`) comes last."""
        return self.store.columns

    @property
    def camera_table(self) -> pd.DataFrame:
        """Cameras by code: name, lat, lon, zone, zone_name."""
        return self.store.camera_table

    @property
    def labels(self) -> dict[str, list[str]]:
        """Labels by code, for each label column."""
        return self.store.labels

    @property
    def timezone(self) -> str:
        """IANA name of the time zone in which the data's people live."""
        return self.store.manifest["timezone"]

    @property
    def synthetic(self) -> bool:
        """Whether the data are synthetic."""
        return bool(self.provenance.get("synthetic", False))

    @cached_property
    def span_ms(self) -> tuple[int, int]:
        """First and last instant (ms, UTC)."""
        if not self.is_view:
            ends = self.store.manifest["first_seen_ms"], self.store.manifest["last_seen_ms"]
        else:
            ends = self._rows_and_ends[1]
        if ends is None or ends[0] is None:
            raise UsageError("there are no sightings here, so there is no span of time")
        return ends

    @cached_property
    def clock(self) -> Clock:
        """Offsets of the data's time zone over the span."""
        return clock(self.timezone, *self.span_ms)

    @cached_property
    def n_codes(self) -> int:
        """Vehicle codes run from 0 to below this, in every view."""
        return self.store.manifest["vehicles"]

    @cached_property
    def n_vehicles(self) -> int:
        """Vehicles that were seen."""
        if not self.is_view:
            return self.store.manifest["vehicles_seen"]
        return len(self._vehicle_codes)

    @property
    def codes_seen(self) -> np.ndarray:
        """Codes of the vehicles that were seen, ascending."""
        return self._vehicle_codes

    @cached_property
    def n_cameras_seen(self) -> int:
        """Cameras that saw a vehicle."""
        if not self.is_view:
            return self.store.manifest["cameras_seen"]
        return len(codes_in(self.parts("camera"), "camera"))

    def vehicle_names(self, codes: np.ndarray) -> np.ndarray:
        """Give the names (pseudonyms) of vehicle codes."""
        import pyarrow as pa

        return (
            self.store.vehicle_names.take(pa.array(np.asarray(codes)))
            .to_numpy()
            .astype(object)
        )

    def vehicle_code(self, name: str) -> int:
        """Find the code of a vehicle by its name.

        Raises
        ------
        UsageError
            If there is no such vehicle.
        """
        import pyarrow.compute as pc

        if not isinstance(name, str):
            raise UsageError(
                f"a vehicle is named by a text, one of those in .vehicles, and a "
                f"{type(name).__name__} was given; write for example sightings.vehicles[0]"
            )
        code = pc.index(self.store.vehicle_names, name).as_py()
        if code < 0:
            raise UsageError(
                "there is no vehicle of that name here; vehicles are named by their pseudonyms, "
                "as the tables of `patterns` with --internal show them (.vehicles in Python)"
            )
        return code

    def camera_names(self, codes: np.ndarray) -> np.ndarray:
        """Give the names of camera codes."""
        return self.camera_table["name"].to_numpy(object)[codes]

    def timestamps(self, times: np.ndarray) -> pd.DatetimeIndex:
        """Turn instants (ms, UTC) into time stamps of the data's time zone."""
        return pd.DatetimeIndex(
            np.asarray(times, np.int64).view("datetime64[ms]"), tz="UTC"
        ).tz_convert(self.timezone)

    def _timestamp(self, milliseconds: int) -> pd.Timestamp:
        return self.timestamps(np.array([milliseconds]))[0]

    @cached_property
    def _rows_and_ends(self) -> tuple[int, tuple[int, int] | None]:
        return rows_and_ends(self.parts("vehicle", "seen_at"))

    @cached_property
    def _vehicle_codes(self) -> np.ndarray:
        if not self.is_view and self.n_vehicles == self.n_codes:
            return np.arange(self.n_codes, dtype=np.int32)
        return codes_in(self.parts("vehicle"), "vehicle")


def check_sightings(given: object) -> None:
    """Refuse what is not a collection of sightings, before it is looked at or shown.

    Raises
    ------
    UsageError
        With how to make one.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> check_sightings(from_arrays([0], [0], [0]))
    """
    if not isinstance(given, Sightings):
        raise UsageError(
            f"sightings are expected, and a {type(given).__name__} was given; read it first with "
            "az.read_sightings"
        )


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
