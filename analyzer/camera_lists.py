"""Lists of cameras, as files and frames have them: read, checked, and their faults told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.cameras import camera_points
from analyzer.errors import InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def read_cameras(source: str | Path | pd.DataFrame) -> GeoDataFrame:
    """Read where cameras stand.

    Parameters
    ----------
    source : path or pandas.DataFrame
        CSV or Parquet file, or a frame, with columns ``camera``, ``lat``, ``lon`` and, if there are
        any, ``name`` and ``zone``.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``camera``, ``name``, ``zone``, ``geometry`` (points, EPSG:4326).

    Raises
    ------
    InputError
        If the file is missing, a column is missing, a camera stands twice, or a position is
        outside the globe.

    Examples
    --------
    >>> read_cameras(pd.DataFrame({"camera": ["A1"], "lat": [41.3], "lon": [69.2]})).camera.tolist()
    ['A1']
    """
    import geopandas

    frame = read_camera_frame(source)
    return geopandas.GeoDataFrame(frame[["camera", "name", "zone"]], geometry=camera_points(frame))


def read_camera_frame(source: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Read and check a list of cameras: ``camera, lat, lon, name, zone`` (None where not given).

    Raises
    ------
    InputError
        As `read_cameras`.
    """
    frame, where = _load_camera_list(source)
    columns = {str(column).strip().lower(): column for column in frame.columns}
    missing = [column for column in ("camera", "lat", "lon") if column not in columns]
    if missing:
        raise InputError(
            f"{where}: no column {', '.join(missing)}; a list of cameras has the columns "
            f"camera, lat, lon (and name, zone if there are any)"
        )
    ids = frame[columns["camera"]]
    ids = ids.astype(str).str.strip().where(ids.notna(), "").to_numpy(object)
    if (ids == "").any():
        row = int(np.flatnonzero(ids == "")[0]) + 1
        raise InputError(f"{where}: row {row} has no camera; every row names its camera")
    cameras = pd.DataFrame(
        {
            "camera": ids,
            "lat": read_degrees(frame[columns["lat"]], f"{where}: column lat"),
            "lon": read_degrees(frame[columns["lon"]], f"{where}: column lon"),
        }
    )
    half = cameras["lat"].isna() != cameras["lon"].isna()
    if half.any():
        row = int(np.flatnonzero(half)[0]) + 1
        raise InputError(f"{where}: row {row} has only one of lat and lon; give both or neither")
    for column in ("name", "zone"):
        given = frame[columns[column]] if column in columns else pd.Series(None, frame.index)
        instead = ids if column == "name" else np.full(len(ids), None)
        values = np.where(given.notna(), given.to_numpy(object), instead)
        cameras[column] = pd.Series(values, dtype=object)
    doubled = cameras["camera"][cameras["camera"].duplicated()]
    if len(doubled):
        raise InputError(
            f"{where}: camera {doubled.iloc[0]!r} stands in more than one row; "
            "keep one position each"
        )
    outside = (cameras["lat"].abs() > 90) | (cameras["lon"].abs() > 180)
    if outside.any():
        row = int(np.flatnonzero(outside)[0]) + 1
        raise InputError(
            f"{where}: row {row} lies outside the globe; are lat and lon swapped? "
            "lat is north (−90 to 90), lon is east (−180 to 180), in degrees"
        )
    return cameras


def read_degrees(cells: pd.Series, where: str) -> np.ndarray:
    """Turn cells into numbers, NaN where they are empty; any other text is refused."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.to_numpy(float, na_value=np.nan)
    text = cells.astype(str).str.strip()
    empty = cells.isna() | (text == "")
    numbers = pd.to_numeric(text.where(~empty), errors="coerce").to_numpy(float, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(numbers) & ~empty.to_numpy())
    if len(wrong):
        raise InputError(
            f"{where}, row {wrong[0] + 1} is not a number; write degrees with a point, "
            "for example 41.265"
        )
    return numbers


def _load_camera_list(source: str | Path | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    if isinstance(source, pd.DataFrame):
        frame = pd.DataFrame(source)
        if "geometry" in frame and "lat" not in frame:
            frame = frame.assign(
                lat=[None if p is None else p.y for p in frame["geometry"]],
                lon=[None if p is None else p.x for p in frame["geometry"]],
            )
        return frame, "the table of cameras"
    path = Path(source)
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path), str(path)
        frame = pd.read_csv(path, sep=None, engine="python", dtype=str, encoding="utf-8-sig")
        return frame, str(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; --cameras takes a CSV or Parquet file") from None
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(
            f"{path}: cannot be read as a list of cameras ({type(error).__name__}); "
            "a CSV with the columns camera, lat, lon is expected"
        ) from None
