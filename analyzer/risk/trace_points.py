"""A traveller's trace: points of a telephone, and when they pass which camera."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.cameras import haversine_m
from analyzer.errors import InputError
from analyzer.ingest.time_text import READ_UTC
from analyzer.ingest.times import TimeReader
from analyzer.units import MINUTE_MS, SECOND_MS

LONGEST_GAP_MS = 10 * MINUTE_MS
"""Between two points farther apart in time nobody knows where the traveller was."""

STEP_MS = 5 * SECOND_MS
"""Between two points the trace is looked at this often, on the straight line."""

TIMES, LATITUDES, LONGITUDES = (
    ("seen_at", "time", "timestamp", "datetime"),
    ("lat", "latitude"),
    ("lon", "lng", "long", "longitude"),
)


class Trace(NamedTuple):
    """Points of a traveller, by time.

    Attributes
    ----------
    times : numpy.ndarray of int64, shape (n,)
        Milliseconds since 1970, UTC, strictly ascending.
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees.
    """

    times: np.ndarray
    lat: np.ndarray
    lon: np.ndarray


class Passes(NamedTuple):
    """When the traveller was near a camera.

    Attributes
    ----------
    camera : numpy.ndarray of int32, shape (n,)
        Ascending.
    begins, ends : numpy.ndarray of int64, shape (n,)
        First and last moment (ms, UTC); ascending for a camera, and never overlapping.
    """

    camera: np.ndarray
    begins: np.ndarray
    ends: np.ndarray


def read_trace(source: pd.DataFrame | str | Path, timezone: str) -> Trace:
    """Read the points of a traveller.

    Parameters
    ----------
    source : pandas.DataFrame or path
        A frame, or a CSV file, with a time (``seen_at`` or ``time``), ``lat`` and ``lon``.
    timezone : str
        Zone of times without an offset.

    Returns
    -------
    Trace
        Of points at one moment the last is kept.

    Raises
    ------
    InputError
        If the file is missing, a column is missing, or a cell is no time or no position.

    Examples
    --------
    >>> frame = pd.DataFrame({"time": ["2026-03-01 07:30"], "lat": [41.3], "lon": [69.2]})
    >>> read_trace(frame, "Asia/Tashkent").times.tolist()
    [1772332200000]
    """
    frame, where = _load(source)
    by_name = {str(name).strip().lower(): name for name in frame.columns}
    found = []
    for names in (TIMES, LATITUDES, LONGITUDES):
        name = next((by_name[name] for name in names if name in by_name), None)
        if name is None:
            raise InputError(
                f"{where}: no column {names[0]}; a trace has the columns seen_at, lat, lon "
                f"(also known: {', '.join(names[1:])})"
            )
        found.append(name)
    times = TimeReader(f"{where}, column {found[0]}", timezone).read(_column(frame[found[0]]))
    unread = np.flatnonzero(times.status != READ_UTC)
    if len(unread):
        raise InputError(
            f"{where}, column {found[0]}: row {unread[0] + 1} is no time; write for example "
            "2026-03-01 07:30:00"
        )
    degrees = []
    for name, most in zip(found[1:], (90, 180), strict=True):
        numbers = pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
        wrong = np.flatnonzero(~(np.abs(numbers) <= most))
        if len(wrong):
            raise InputError(
                f"{where}, column {name}: row {wrong[0] + 1} is not a number from −{most} to "
                f"{most}; write degrees, lat is north and lon is east"
            )
        degrees.append(numbers)
    order = np.argsort(times.times, kind="stable")
    moments = times.times[order]
    last = np.append(np.diff(moments) > 0, True)[: len(moments)]
    return Trace(moments[last], degrees[0][order][last], degrees[1][order][last])


def find_passes(
    trace: Trace, lat: np.ndarray, lon: np.ndarray, within_m: float, margin_ms: int
) -> Passes:
    """Find when the traveller was within a distance of each camera.

    Parameters
    ----------
    trace : Trace
        Of the traveller.
    lat, lon : numpy.ndarray of float64, shape (cameras,)
        Degrees; NaN for a camera whose position is not known: nobody is ever near it.
    within_m : float
        Metres.
    margin_ms : int
        Added before and after: clocks are not exact.

    Returns
    -------
    Passes
    """
    return Passes(
        *_find_passes(
            trace.times, trace.lat, trace.lon, lat, lon, within_m, margin_ms, LONGEST_GAP_MS,
            STEP_MS,
        )
    )  # fmt: skip


def find_spans(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Find the spans in which it is known where the traveller was.

    Returns
    -------
    begins, ends : numpy.ndarray of int64

    Examples
    --------
    >>> minutes = np.array([0, 5, 60, 62]) * MINUTE_MS
    >>> begins, ends = find_spans(Trace(minutes, np.zeros(4), np.zeros(4)))
    >>> (begins // MINUTE_MS).tolist(), (ends // MINUTE_MS).tolist()
    ([0, 60], [5, 62])
    """
    if not len(trace.times):
        return trace.times, trace.times
    breaks = np.flatnonzero(np.diff(trace.times) > LONGEST_GAP_MS)
    return (
        trace.times[np.append(0, breaks + 1)],
        trace.times[np.append(breaks, len(trace.times) - 1)],
    )


def _load(source: pd.DataFrame | str | Path) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.DataFrame):
        return pd.DataFrame(source), "the trace"
    path = Path(source)
    try:
        frame = pd.read_csv(path, sep=None, engine="python", dtype=str, encoding="utf-8-sig")
        return frame, str(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; a trace is a CSV of seen_at, lat, lon") from None
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path}: cannot be read as a trace ({type(error).__name__}); a CSV with the columns "
            "seen_at, lat, lon is expected"
        ) from None


def _column(times: pd.Series) -> pa.Array:
    column = pa.Array.from_pandas(times)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column


@numba.njit(cache=True, nogil=True)
def _find_passes(
    times: np.ndarray,
    lat: np.ndarray,
    lon: np.ndarray,
    camera_lat: np.ndarray,
    camera_lon: np.ndarray,
    within_m: float,
    margin: int,
    longest_gap: int,
    step: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    cameras, begins = [np.int32(0) for _ in range(0)], [np.int64(0) for _ in range(0)]
    ends = [np.int64(0) for _ in range(0)]
    # A degree of latitude is more than 110 km everywhere: whoever is farther north is not near.
    degrees = within_m / 110_000.0
    for c in range(len(camera_lat)):
        open_pass = False
        for i in range(len(times)):
            joined = i + 1 < len(times) and times[i + 1] - times[i] <= longest_gap
            span = times[i + 1] - times[i] if joined else np.int64(1)
            for offset in range(0, span, step):
                along = offset / span
                here_lat, here_lon = lat[i], lon[i]
                if joined:
                    here_lat += along * (lat[i + 1] - lat[i])
                    here_lon += along * (lon[i + 1] - lon[i])
                if abs(here_lat - camera_lat[c]) > degrees:
                    continue
                if haversine_m(here_lat, here_lon, camera_lat[c], camera_lon[c]) <= within_m:
                    moment = times[i] + offset
                    if open_pass and moment - margin <= ends[-1] + step:
                        ends[-1] = moment + margin
                    else:
                        cameras.append(np.int32(c))
                        begins.append(moment - margin)
                        ends.append(moment + margin)
                        open_pass = True
    return np.array(cameras, np.int32), np.array(begins, np.int64), np.array(ends, np.int64)
