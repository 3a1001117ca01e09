"""The map of a case: dots, ways and places that appear as sightings are kept longer.

Everything carries the class of its step (``from-2``: from step 2 on; ``at-2``: at step 2 alone), by
which the page's slider shows and hides it. The frame of the public map is that of what is shown, so
that it tells nothing of what is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.chart_style import ACCENT, INK, PAPER
from analyzer.report.blank_map import add_name, bent, clear_names, new_map
from analyzer.report.disclosure import coarsen_positions
from analyzer.report.leaflet import embed, script_safe
from analyzer.report.shared import areas_of_cameras
from analyzer.report.texts import Texts

if TYPE_CHECKING:
    import folium

    from analyzer.report.case_content import CaseContent
    from analyzer.sightings import Sightings

MOST_LINES = 150


def public_map(case: CaseContent, texts: Texts) -> tuple[str, str] | None:
    """Draw the zones and routes of a case that others share.

    Returns
    -------
    html, script : str
        Parts of a page; None where nothing that may be shown has a position.
    """
    spots = _zone_spots(case.sightings, texts)
    zones = [each for each in case.elements if each.kind == "zone" and each.value in spots.index]
    areas = _area_spots(case.sightings, spots)
    routes = [
        each
        for each in case.elements
        if each.kind == "route" and each.value in areas.index and each.to in areas.index
    ]
    shown = pd.concat(
        [
            spots.loc[[zone.value for zone in zones]],
            areas.loc[[end for route in routes for end in (route.value, route.to)]],
        ]
    )
    if shown.empty:
        return None
    the_map = new_map(shown["lat"].to_numpy(float), shown["lon"].to_numpy(float), texts)
    for route in routes:
        start, end = areas.loc[route.value], areas.loc[route.to]
        said = texts("case.map.route", origin=start["name"], destination=end["name"])
        _line(the_map, start, end, 4.0, f"map-flow from-{route.step}", said)
    for zone in zones:
        row = spots.loc[zone.value]
        _dot(the_map, (row["lat"], row["lon"]), 6.5, f"map-zone from-{zone.step}", row["name"])
    ends = [(route.step, areas.loc[end]) for route in routes for end in (route.value, route.to)]
    _add_names(the_map, [*ends, *((zone.step, spots.loc[zone.value]) for zone in zones)])
    return embed(the_map, texts)


def _add_names(the_map: folium.Map, named: list[tuple[int, pd.Series]]) -> None:
    """Write the names of places that do not fall on each other, the first ones first."""
    lat, lon = (
        np.array([float(row[axis]) for _, row in named]) for axis in ("lat", "lon")
    )
    left = lon > lon.min() + 0.6 * float(np.ptp(lon))
    for at in clear_names(lat, lon, left):
        step, row = named[at]
        side = "left" if left[at] else "right"
        add_name(the_map, (lat[at], lon[at]), row["name"], f"map-name from-{step}", side)


def precise_map(case: CaseContent, texts: Texts) -> tuple[str, str] | None:
    """Draw every camera that saw the vehicle, its drives, and where home and work are put."""
    story, table = case.story, case.sightings.camera_table
    rows = story.rows
    placed = (table["lat"].notna() & table["lon"].notna()).to_numpy()
    untils = np.array([step.until_ms for step in story.steps])
    step = np.searchsorted(untils, rows["seen_at"], side="right")
    cameras, first, counts = np.unique(rows["camera"], return_index=True, return_counts=True)
    known = placed[cameras]
    cameras, first, counts = cameras[known], first[known], counts[known]
    if not len(cameras):
        return None
    lat, lon = (table[name].to_numpy(float) for name in ("lat", "lon"))
    spots = [(lat[cameras], lon[cameras])]
    for each in story.steps:
        for place in (each.home, each.work):
            if place is not None and not np.isnan(place.lat):
                spots.append((np.array([place.lat]), np.array([place.lon])))
    the_map = new_map(*(np.concatenate(ends) for ends in zip(*spots, strict=True)), texts)
    for at, each in enumerate(story.steps):
        for name, place in (("work", each.work), ("home", each.home)):
            if place is not None and not np.isnan(place.lat):
                _place(the_map, place, name, at, texts)
    for start, end, since, times in _drives(case, step, placed):
        _line(
            the_map, table.iloc[start], table.iloc[end], min(1 + times / 4, 6),
            f"map-flow from-{since}", "",
        )  # fmt: skip
    largest = float(counts.max())
    for camera, at, count in zip(cameras, first, counts, strict=True):
        said = texts("case.map.camera", name=table["name"].iloc[camera],
                     sightings=texts.count("sightings", int(count)))  # fmt: skip
        size = 3.5 + 6 * float(np.sqrt(count / largest))
        _dot(the_map, (lat[camera], lon[camera]), size, f"map-zone from-{step[at]}", said)
    return embed(the_map, texts)


def _drives(
    case: CaseContent, step: np.ndarray, placed: np.ndarray
) -> list[tuple[int, int, int, int]]:
    """Give pairs of cameras passed one after the other: from, to, first step, how often."""
    from analyzer.patterns.trips import find_trips, starts_of_part

    rows = case.story.rows
    begins = np.zeros(len(rows["camera"]), bool)
    begins[starts_of_part(rows, find_trips(case.sightings).rule)] = True
    after = np.flatnonzero(~begins)
    pairs = pd.DataFrame(
        {"start": rows["camera"][after - 1], "end": rows["camera"][after], "step": step[after]}
    )
    pairs = pairs[(pairs["start"] != pairs["end"]) & placed[pairs["start"]] & placed[pairs["end"]]]
    ways = pairs.groupby(["start", "end"])["step"].agg(["min", "size"]).reset_index()
    ways = ways.sort_values(["size", "start", "end"], ascending=[False, True, True])
    return [tuple(map(int, way)) for way in ways.head(MOST_LINES).to_numpy()]


def _zone_spots(sightings: Sightings, texts: Texts) -> pd.DataFrame:
    """Middle and name of each zone that has a position, rounded to about a kilometre."""
    groups = sightings.camera_table.groupby("zone")
    spots = groups.agg(name=("zone_name", "first"), lat=("lat", "mean"), lon=("lon", "mean"))
    spots = spots.dropna(subset=["lat", "lon"])
    lat, lon = coarsen_positions(spots["lat"], spots["lon"])
    names = pd.Series([texts.zone(name) for name in spots["name"]], spots.index, object)
    return spots.assign(lat=lat, lon=lon, name=names)


def _area_spots(sightings: Sightings, zones: pd.DataFrame) -> pd.DataFrame:
    table = sightings.camera_table.assign(area=areas_of_cameras(sightings))
    area = table.groupby("zone")["area"].first()
    joined = zones.assign(area=area.reindex(zones.index)).groupby("area")
    spots = joined.agg(name=("name", "first"), lat=("lat", "mean"), lon=("lon", "mean"))
    lat, lon = coarsen_positions(spots["lat"], spots["lon"])
    return spots.assign(lat=lat, lon=lon)


def area_names(sightings: Sightings) -> pd.Series:
    """Give the name of each area: that of its first zone."""
    table = sightings.camera_table.assign(area=areas_of_cameras(sightings))
    return table.sort_values("zone").groupby("area")["zone_name"].first()


def _dot(
    the_map: folium.Map, at: tuple[float, float], radius: float, look: str, said: object
) -> None:
    import folium

    folium.CircleMarker(
        [float(at[0]), float(at[1])], radius=round(radius, 2), color=PAPER, weight=1.5, fill=True,
        fill_color=ACCENT, fill_opacity=1, class_name=look,
        tooltip=folium.Tooltip(script_safe(said, limit=200)),
    ).add_to(the_map)  # fmt: skip


def _line(
    the_map: folium.Map, start: pd.Series, end: pd.Series, width: float, look: str, said: str
) -> None:
    import folium

    folium.PolyLine(
        bent(float(start["lat"]), float(start["lon"]), float(end["lat"]), float(end["lon"])),
        color=ACCENT, weight=round(width, 2), opacity=0.55, class_name=look,
        tooltip=folium.Tooltip(script_safe(said, limit=200)) if said else None,
    ).add_to(the_map)  # fmt: skip


def _place(the_map: folium.Map, place, name: str, at: int, texts: Texts) -> None:
    import folium

    radius = place.radius_m if not np.isnan(place.radius_m) else 1_000.0
    folium.Circle(
        [round(place.lat, 5), round(place.lon, 5)], radius=round(radius), color=INK, weight=1.5,
        dash_array="5 4" if name == "work" else None, fill=True, fill_color=INK, fill_opacity=0.08,
        class_name=f"map-place at-{at}",
    ).add_to(the_map)  # fmt: skip
    add_name(the_map, (place.lat, place.lon), texts(f"case.map.{name}"), f"map-name at-{at}",
             "center")  # fmt: skip
