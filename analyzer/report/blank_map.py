"""A map of outlines alone, and the names and bent lines that are drawn on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.chart_style import MUTED, PAPER
from analyzer.report.basemap import Box, outlines
from analyzer.report.leaflet import script_safe
from analyzer.report.texts import ENGLISH, Texts

if TYPE_CHECKING:
    import folium

MOST_NAMES = 8

_ASPECT = 1.4
"""A map is so many times as wide as it is high; on a telephone it is less."""

_NAME_WIDTH, _NAME_HEIGHT = 0.26, 0.075
"""What a name takes of a map's width and height, on a telephone, where it takes most."""


def new_map(lat: np.ndarray, lon: np.ndarray, texts: Texts = ENGLISH) -> folium.Map:
    """Make a map of outlines alone that shows these positions; it loads nothing.

    Parameters
    ----------
    lat, lon : numpy.ndarray of float64, shape (n,)
        Degrees; at least one.
    texts : Texts
        In whose language countries are named.

    Returns
    -------
    folium.Map
    """
    import folium

    seen, drawn = _frame(lat, lon)
    the_map = folium.Map(
        location=[(seen[1] + seen[3]) / 2, (seen[0] + seen[2]) / 2],
        tiles=None,
        control_scale=True,
        max_bounds=True,
        min_lat=drawn[1], max_lat=drawn[3], min_lon=drawn[0], max_lon=drawn[2],
        zoom_start=8,
        zoom_snap=0.25,
        scroll_wheel_zoom=False,
        attribution_control=False,
    )
    the_map.default_js, the_map.default_css = [], []
    _add_basemap(the_map, list(zip(lat.tolist(), lon.tolist(), strict=True)), seen, drawn, texts)
    the_map.fit_bounds([[seen[1], seen[0]], [seen[3], seen[2]]])
    return the_map


def _frame(lat: np.ndarray, lon: np.ndarray) -> tuple[Box, Box]:
    west, east = float(lon.min()), float(lon.max())
    south, north = float(lat.min()), float(lat.max())
    wide, high = max(east - west, 0.04), max(north - south, 0.03)

    def grow(by: float) -> Box:
        box = (west - by * wide, max(south - by * high, -85.0),
               east + by * wide, min(north + by * high, 85.0))
        return tuple(round(edge, 3) for edge in box)  # type: ignore[return-value]

    return grow(0.07), grow(2.5)


def _add_basemap(
    the_map: folium.Map, spots: list[tuple[float, float]], seen: Box, drawn: Box, texts: Texts
) -> None:
    import folium

    # Names of places reach to both sides of them; where no room is left, names of countries may.
    reach = 0.5 * _NAME_WIDTH * (seen[2] - seen[0])
    beside = [(lat, lon + side * reach) for lat, lon in spots for side in (-1, 0, 1)]
    land = outlines(drawn, seen=seen, avoid=beside)
    if not any(outline.label_at for outline in land):
        land = outlines(drawn, seen=seen, avoid=spots)
    shapes = [
        {"type": "Feature", "properties": {}, "geometry": outline.geometry} for outline in land
    ]
    if shapes:
        look = {"color": MUTED, "weight": 1, "fillColor": PAPER, "fillOpacity": 1,
                "className": "map-land", "interactive": False}
        folium.GeoJson(
            {"type": "FeatureCollection", "features": shapes}, style_function=lambda _: look
        ).add_to(the_map)
    for outline in land:
        if outline.label_at:
            name = texts.country(outline.name)
            add_name(the_map, outline.label_at, name, "map-country", "center")


def clear_names(lat: np.ndarray, lon: np.ndarray, left: np.ndarray | None = None) -> list[int]:
    """Choose points whose names do not fall on each other, the first ones first.

    Parameters
    ----------
    lat, lon : numpy.ndarray of float
        Degrees.
    left : numpy.ndarray of bool, optional
        Whose names stand to the left of their point; the others' stand to the right.

    Examples
    --------
    >>> clear_names(np.array([41.0, 41.001, 42.0]), np.array([69.0, 69.001, 70.0]))
    [0, 2]
    """
    if not len(lat):
        return []
    squeeze = float(np.cos(np.radians(lat.mean())))
    high = max(float(np.ptp(lat)), 0.03)
    wide = max(float(np.ptp(lon)), 0.04, _ASPECT * high / squeeze)
    high = max(high, wide * squeeze / _ASPECT)
    begin = lon - (0 if left is None else _NAME_WIDTH * wide * left)
    chosen: list[int] = []
    for at in range(len(lat)):
        clear = all(
            abs(lat[at] - lat[other]) > _NAME_HEIGHT * high
            or abs(begin[at] - begin[other]) > _NAME_WIDTH * wide
            for other in chosen
        )
        if clear:
            chosen.append(at)
        if len(chosen) == MOST_NAMES:
            break
    return chosen


def add_name(
    the_map: folium.Map, at: tuple[float, float], name: object, look: str, direction: str
) -> None:
    """Write a name on a map, beside a point (lat, lon).

    Parameters
    ----------
    the_map : folium.Map
    at : tuple of float
        Latitude and longitude.
    name : object
        May come from the data: it is escaped.
    look : str
        Class of the text.
    direction : {"left", "right", "center"}
        Where it stands, seen from the point.
    """
    import folium

    # A marker with an icon of text would first ask for Leaflet's default picture; an invisible
    # circle with a tooltip that stays open does not.
    folium.CircleMarker(
        at, radius=0.1, stroke=False, fill=False, class_name="map-anchor",
        tooltip=folium.Tooltip(
            script_safe(name, limit=28), sticky=False, permanent=True, direction=direction,
            class_name=look, opacity=1.0, offset=[{"right": 8, "left": -8}.get(direction, 0), 0],
        ),
    ).add_to(the_map)


def bent(lat: float, lon: float, to_lat: float, to_lon: float) -> list[list[float]]:
    """Bend a line slightly to the right of the way, so that there and back are two lines."""
    part = np.linspace(0.0, 1.0, 13)
    squeeze = np.cos(np.radians((lat + to_lat) / 2))
    across_lat, across_lon = -(to_lon - lon) * squeeze, (to_lat - lat) / squeeze
    bend = 0.32 * part * (1 - part)
    return [
        [round(float(lat + (to_lat - lat) * p + across_lat * b), 4),
         round(float(lon + (to_lon - lon) * p + across_lon * b), 4)]
        for p, b in zip(part, bend, strict=True)
    ]
