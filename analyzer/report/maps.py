"""Maps: camera zones and the commutes between them, drawn with folium and no network.

folium writes the script; Leaflet comes from the package, and folium's other libraries (jQuery,
Bootstrap, icon fonts) are left out, since circles and lines need none of them. Whatever comes
from the data is written as character references, because folium puts tooltips inside JavaScript
template strings.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.chart_style import ACCENT, MUTED, PAPER
from analyzer.report.basemap import Box, outlines
from analyzer.report.tables import clean_text
from analyzer.report.texts import ENGLISH, Texts

if TYPE_CHECKING:
    import folium

MOST_FLOWS = 150
"""Lines beyond these would cover each other; the table behind the map has all that may be shown."""

WORDS = """
L.Control.Zoom.mergeOptions({{zoomInTitle: {zoom_in}, zoomOutTitle: {zoom_out}}});
L.Control.Scale.include({{_updateMetric: function (most) {{
const meters = this._getRoundNum(most);
const said = meters < 1000 ? {m}.replace("#", meters) : {km}.replace("#", meters / 1000);
this._updateScale(this._mScale, said, meters / most);
}}}});
"""
"""Leaflet has English words for its buttons, and Latin letters for its units."""

NAMED = """
THE_MAP.eachLayer(function (layer) {
const tip = layer.getTooltip && layer.getTooltip();
const drawn = layer.getElement && layer.getElement();
if (!tip || !drawn || tip.options.permanent) { return; }
const said = new DOMParser().parseFromString(tip.getContent(), "text/html").body.textContent;
drawn.setAttribute("role", "img");
drawn.setAttribute("aria-label", said.trim());
});
"""
"""Dots and lines with a tooltip can be reached by keyboard: each says what its tooltip does."""

MOST_ZONES = 400
MOST_NAMES = 8


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


def embed(the_map: folium.Map, texts: Texts = ENGLISH) -> tuple[str, str]:
    """Write a map of `new_map` as an element and the script that fills it.

    Parameters
    ----------
    the_map : folium.Map
    texts : Texts
        In whose language its scale and buttons are.

    Returns
    -------
    html, script : str
        The same bytes for the same map.
    """
    root: Any = the_map.get_root()
    root.render()
    names = _stable_names(root)

    def renamed(text: str) -> str:
        return re.sub(r"[0-9a-f]{32}", lambda match: names.get(match.group(), match.group()), text)

    drawn = _own_words(texts) + root.script.render() + NAMED.replace("THE_MAP", the_map.get_name())
    script = "\n".join(line.strip() for line in renamed(drawn).splitlines() if line.strip())
    # folium offers no way to leave miles off the scale.
    script = _no_end_tag(script.replace("control.scale()", "control.scale({imperial:false})"))
    return renamed(root.html.render()).strip(), script


def _own_words(texts: Texts) -> str:
    """Give Leaflet the page's words for its buttons and units."""
    words = {name: json.dumps(texts(f"map.{name}", n="#") if name in ("km", "m") else
                              texts(f"map.{name}"), ensure_ascii=False)
             for name in ("zoom_in", "zoom_out", "km", "m")}  # fmt: skip
    return WORDS.format(**words)


LEAFLET_WORDS = {
    "map.layers": '"Layers"',
    "map.leaflet": '"A JavaScript library for interactive maps"',
}
"""English words that stand in Leaflet's program itself."""


@cache
def leaflet_script(texts: Texts = ENGLISH) -> str:
    """Leaflet's program in the words of a page, ready to stand between script tags."""
    text = _asset("leaflet.js")
    for key, english in LEAFLET_WORDS.items():
        text = text.replace(english, json.dumps(texts(key), ensure_ascii=False))
    return _no_end_tag(re.sub(r"//# sourceMappingURL=.*", "", text).strip())


@cache
def leaflet_style() -> str:
    """Leaflet's style sheet without the rules that load pictures."""
    text = re.sub(r"/\*.*?\*/", "", _asset("leaflet.css"), flags=re.DOTALL)
    text = re.sub(r"[^;{}]*url\([^)]*\)[^;}]*;?", "", text)
    return re.sub(r"\s+", " ", text).strip()


def script_safe(value: object, *, limit: int = 60) -> str:
    """Write text from the data so that neither HTML, JavaScript nor a template can act on it.

    Examples
    --------
    >>> script_safe("<b>${x}`")
    '&lt;b&gt;&#36;&#123;x&#125;&#96;'
    """
    text = escape(clean_text(value, limit=limit), quote=True)
    for character in "\\`${}":
        text = text.replace(character, f"&#{ord(character)};")
    return text


def _asset(name: str) -> str:
    return files("analyzer.report").joinpath(f"assets/{name}").read_text(encoding="utf-8")


def _no_end_tag(script: str) -> str:
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", script, flags=re.IGNORECASE)


def _stable_names(element: Any) -> dict[str, str]:
    # branca draws random ids; numbering them by their place in the tree makes equal maps equal
    # bytes.
    found: list[str] = []

    def visit(node: Any) -> None:
        found.append(node._id)
        for child in node._children.values():
            visit(child)
        for part in ("header", "html", "script"):
            if part in vars(node):
                visit(vars(node)[part])

    visit(element)
    return {name: f"z{at}" for at, name in enumerate(dict.fromkeys(found))}


def _named(zones: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    # Names may hold what no text column takes.
    names = pd.Series([texts.zone(name) for name in zones["name"]], zones.index, object)
    return zones.assign(name=names)


def _placed(zones: pd.DataFrame) -> pd.DataFrame:
    placed = zones[zones["lat"].notna() & zones["lon"].notna() & zones["vehicles"].notna()]
    largest = placed.sort_values(["vehicles", "zone"], ascending=[False, True]).head(MOST_ZONES)
    return largest.reset_index(drop=True)


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


_ASPECT = 1.4
"""A map is so many times as wide as it is high; on a telephone it is less."""

_NAME_WIDTH, _NAME_HEIGHT = 0.26, 0.075
"""What a name takes of a map's width and height, on a telephone, where it takes most."""


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


def _drawable(placed: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    known = set(placed["zone"])
    between = flows[
        flows["origin"].isin(known) & flows["destination"].isin(known)
        & (flows["origin"] != flows["destination"]) & flows["vehicles"].notna()
    ]
    order = ["vehicles", "origin", "destination"]
    return between.sort_values(order, ascending=[False, True, True]).head(MOST_FLOWS)


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
