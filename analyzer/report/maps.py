"""Maps: camera zones as circles, and the commutes between them as lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analyzer.chart_style import ACCENT, PAPER
from analyzer.report.blank_map import add_name, bent, clear_names, new_map
from analyzer.report.leaflet import embed, script_safe
from analyzer.report.texts import Texts

if TYPE_CHECKING:
    import folium

MOST_FLOWS = 150
"""Lines beyond these would cover each other; the table behind the map has all that may be shown."""

MOST_ZONES = 400


@dataclass(frozen=True)
class EmbeddedMap:
    """A map as parts of a page: the element that holds it, and the script that fills it."""

    html: str
    script: str
    zones_drawn: int
    flows_drawn: int


def draw_map(
    zones: pd.DataFrame,
    flows: pd.DataFrame,
    texts: Texts,
    *,
    ends: pd.DataFrame | None = None,
    together: bool = False,
) -> folium.Map | None:
    """Draw zones as circles and flows between them as lines.

    Parameters
    ----------
    zones : DataFrame
        ``zone``, ``name``, ``lat``, ``lon`` (degrees), ``vehicles``, ``cameras``; as they may be
        shown.
    flows : DataFrame
        ``origin``, ``destination``, ``vehicles``; as they may be shown.
    texts : Texts
        The page's words.
    ends : DataFrame, optional
        Where flows begin and end, if not at zones: ``zone``, ``name``, ``lat``, ``lon``,
        ``vehicles``.
    together : bool
        Whether flows are ways of companions, which have no direction.

    Returns
    -------
    folium.Map or None
        None where no zone has a position.
    """
    placed = _placed(_named(zones, texts))
    if placed.empty:
        return None
    ends = None if ends is None else _named(ends, texts)
    the_map = new_map(placed["lat"].to_numpy(float), placed["lon"].to_numpy(float), texts)
    _add_flows(the_map, placed if ends is None else _placed(ends), flows, texts, together)
    _add_zones(the_map, placed, texts)
    return the_map


def embed_map(
    zones: pd.DataFrame, flows: pd.DataFrame, texts: Texts, *, ends: pd.DataFrame | None = None
) -> EmbeddedMap | None:
    """Write the map of `draw_map` as parts of a page, the same bytes for the same input.

    Returns
    -------
    EmbeddedMap or None
        None where no zone has a position.
    """
    the_map = draw_map(zones, flows, texts, ends=ends)
    if the_map is None:
        return None
    html, script = embed(the_map, texts)
    placed = _placed(zones)
    return EmbeddedMap(
        html=html,
        script=script,
        zones_drawn=len(placed),
        flows_drawn=len(_drawable(placed if ends is None else _placed(ends), flows)),
    )


def _named(zones: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    # Names may hold what no text column takes.
    names = pd.Series([texts.zone(name) for name in zones["name"]], zones.index, object)
    return zones.assign(name=names)


def _placed(zones: pd.DataFrame) -> pd.DataFrame:
    placed = zones[zones["lat"].notna() & zones["lon"].notna() & zones["vehicles"].notna()]
    largest = placed.sort_values(["vehicles", "zone"], ascending=[False, True]).head(MOST_ZONES)
    return largest.reset_index(drop=True)


def _add_flows(
    the_map: folium.Map, placed: pd.DataFrame, flows: pd.DataFrame, texts: Texts, together: bool
) -> None:
    import folium

    shown = _drawable(placed, flows)
    spot = {int(row.zone): row for row in placed.itertuples(index=False)}
    largest = float(shown["vehicles"].max()) if len(shown) else 1.0
    # Thin lines last would hide under thick ones; thick ones first.
    for row in shown.itertuples(index=False):
        start, end = spot[int(row.origin)], spot[int(row.destination)]
        straight = [[float(each.lat), float(each.lon)] for each in (start, end)]
        line = straight if together else bent(*straight[0], *straight[1])
        key = "map.together" if together else "map.flow"
        said = texts(key, origin=start.name, destination=end.name,
                     vehicles=texts.count("vehicles", row.vehicles))
        width = 1.2 + 8.8 * float(row.vehicles) / largest
        folium.PolyLine(
            line, color=ACCENT, weight=round(width, 2), opacity=0.55, class_name="map-flow",
            tooltip=folium.Tooltip(script_safe(said, limit=200)),
        ).add_to(the_map)


def _add_zones(the_map: folium.Map, placed: pd.DataFrame, texts: Texts) -> None:
    import folium

    largest = max(float(placed["vehicles"].max()), 1.0)
    # Many circles have to be small ones, or they hide each other and the lines.
    widest = min(10.0, max(4.5, 40.0 / float(np.sqrt(len(placed)))))
    for row in placed.itertuples(index=False):
        said = texts("map.zone", name=row.name, vehicles=texts.count("vehicles", row.vehicles),
                     cameras=texts.count("cameras", row.cameras))
        radius = widest * (0.35 + 0.65 * float(np.sqrt(float(row.vehicles) / largest)))
        folium.CircleMarker(
            [float(row.lat), float(row.lon)], radius=round(radius, 2), color=PAPER, weight=1.5,
            fill=True, fill_color=ACCENT, fill_opacity=1, class_name="map-zone",
            tooltip=folium.Tooltip(script_safe(said, limit=200)),
        ).add_to(the_map)
    lat, lon = (placed[axis].to_numpy(float) for axis in ("lat", "lon"))
    # A name to the right of the easternmost circles would leave the map.
    left = lon > lon.min() + 0.75 * np.ptp(lon)
    for at in clear_names(lat, lon, left):
        row = placed.iloc[at]
        side = "left" if left[at] else "right"
        add_name(the_map, (float(row["lat"]), float(row["lon"])), row["name"], "map-name", side)


def _drawable(placed: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    known = set(placed["zone"])
    between = flows[
        flows["origin"].isin(known) & flows["destination"].isin(known)
        & (flows["origin"] != flows["destination"]) & flows["vehicles"].notna()
    ]
    order = ["vehicles", "origin", "destination"]
    return between.sort_values(order, ascending=[False, True, True]).head(MOST_FLOWS)
