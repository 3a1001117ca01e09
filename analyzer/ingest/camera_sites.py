"""Camera sites of a reading: where cameras stand, by the rows, by the store before, by a list."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analyzer.ingest.coding import Positions


def seen_cameras(
    names: Sequence[str],
    positions: Positions,
    *,
    held: pd.DataFrame | None = None,
    held_zones: bool = False,
) -> pd.DataFrame:
    """Give the cameras of the rows: name, lat, lon, and zone where any is known.

    Parameters
    ----------
    names : sequence of str
        Names of the cameras in the order of the codes.
    positions : Positions
        Where the rows say that they stand.
    held : pandas.DataFrame, optional
        Cameras of the store that the rows are added to; its positions stay.
    held_zones : bool
        Whether their zones were given by somebody, and stay too.

    Examples
    --------
    >>> seen_cameras(["c1"], Positions()).columns.tolist()
    ['name', 'lat', 'lon']
    """
    frame = pd.DataFrame({"name": list(names)})
    frame["lat"], frame["lon"] = positions.table(len(frame))
    if held is not None:
        known = held["lat"].notna().to_numpy()
        frame.loc[np.flatnonzero(known), ["lat", "lon"]] = held.loc[known, ["lat", "lon"]]
        if held_zones:
            zones = np.full(len(frame), None, object)
            zones[: len(held)] = held["zone_name"]
            frame["zone"] = zones
    return frame


def with_given_sites(frame: pd.DataFrame, given: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Put cameras where a list says; also count those that do not stand in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        From `seen_cameras`.
    given : pandas.DataFrame
        camera, lat, lon, zone; cameras that no row names are added at the end.

    Examples
    --------
    >>> given = pd.DataFrame({"camera": ["c2"], "lat": [41.3], "lon": [69.2], "zone": [None]})
    >>> found, absent = with_given_sites(seen_cameras(["c1"], Positions()), given)
    >>> found["name"].tolist(), absent
    (['c1', 'c2'], 1)
    """
    given = given.set_index("camera")
    seen = set(frame["name"])
    unseen = [name for name in given.index if name not in seen]
    zones = frame["zone"].to_numpy(object) if "zone" in frame else np.full(len(frame), None, object)
    zones = np.concatenate([zones, np.full(len(unseen), None, object)])
    frame = pd.concat([frame[["name", "lat", "lon"]], pd.DataFrame({"name": unseen})],
                      ignore_index=True)  # fmt: skip
    there = frame["name"].isin(given.index)
    rows = given.loc[frame.loc[there, "name"]]
    frame.loc[there, ["lat", "lon"]] = rows[["lat", "lon"]].to_numpy()
    zones[np.flatnonzero(there)] = rows["zone"].to_numpy(object)
    if any(zone is not None and not pd.isna(zone) for zone in zones):
        frame["zone"] = zones
    return frame, int((~there).sum())


def by_name(cameras: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Order cameras by name; also give the new code of each.

    Examples
    --------
    >>> cameras, code = by_name(pd.DataFrame({"name": ["c2", "c1"]}))
    >>> cameras["name"].tolist(), code.tolist()
    (['c1', 'c2'], [1, 0])
    """
    names, code = in_order(cameras["name"].tolist())
    order = np.argsort(code)
    return cameras.iloc[order].reset_index(drop=True).assign(name=names), code


def in_order(names: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Sort names; also give the place of each.

    Examples
    --------
    >>> names, place = in_order(["red", "blue"])
    >>> names, place.tolist()
    (['blue', 'red'], [1, 0])
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    return [names[at] for at in order], place
