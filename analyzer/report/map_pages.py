"""Maps of results: one call for a notebook or a page, which shows nothing of few and loads nothing.

`draw_map` takes a result and gives a page with its map. Tiles are drawn only where a server is
named, with the warning that it learns where one looks.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import singledispatch
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from analyzer.chart_style import ACCENT, PAPER
from analyzer.errors import UsageError
from analyzer.patterns.camera_load import measure_camera_load
from analyzer.patterns.commutes import Commutes
from analyzer.patterns.companions import Companions
from analyzer.patterns.cotravel_ways import count_cotravel
from analyzer.patterns.movement import count_hours, count_ways, count_zones
from analyzer.patterns.trips import Trips
from analyzer.report import maps
from analyzer.report.areas import join_zones
from analyzer.report.blank_map import new_map
from analyzer.report.disclosure import (
    DEFAULT_K,
    check_threshold,
    coarsen_positions,
    suppress,
    suppress_od,
)
from analyzer.report.leaflet import embed, leaflet_script, leaflet_style, script_safe
from analyzer.report.pages import content_policy, environment, template_text, tidy
from analyzer.report.sections import trusted
from analyzer.report.slider import slider_script, step_rules
from analyzer.report.texts import Texts
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    import folium

TILE_WARNING = (
    "tiles are loaded from {host} whenever somebody opens this map: that server learns who looks, "
    "when, and at which place; leave tiles out to tell nobody"
)


@dataclass(frozen=True)
class MapPage:
    """A page with one map; shows itself in a notebook.

    Attributes
    ----------
    html : str
        The whole page.
    drawn, total : int
        How many things are drawn, and how many there are that may be shown.
    folium : folium.Map
        The map itself, to be changed in a notebook.
    """

    html: str = field(repr=False)
    drawn: int
    total: int
    folium: Any = field(repr=False, compare=False)

    def save(self, path: str | Path) -> Path:
        """Write the page as one file."""
        path = Path(path)
        path.write_text(self.html, encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        # An inner page of its own keeps its policy, whatever the notebook allows.
        inner = escape(self.html, quote=True)
        return (
            f'<iframe srcdoc="{inner}" style="width:100%;height:36rem;border:0" '
            'title="Map"></iframe>'
        )


def draw_map(
    result: Any,
    *,
    hours: bool = False,
    k: int = DEFAULT_K,
    tiles: str | None = None,
    language: str = "en",
) -> MapPage:
    """Draw a result on a map of outlines.

    Parameters
    ----------
    result : Sightings, Trips, Commutes or Companions
        Sightings: how many vehicles each zone sees (camera load), or an animated day. Trips: the
        ways driven between zones. Commutes: flows from home to work, between areas. Companions:
        where those vehicles drive that have any, and between which zones together.
    hours : bool
        Of sightings, draw the zones hour by hour, with a slider and a button that plays the day.
    k : int
        Smallest count of vehicles that is drawn; 5 or more.
    tiles : str, optional
        Address of a tile server with ``{z}/{x}/{y}``. It learns where everybody looks who opens
        the map; none by default.
    language : str
        A key of `analyzer.report.texts.LANGUAGES`.

    Returns
    -------
    MapPage

    Raises
    ------
    UsageError
        If the result has no map, nothing that may be drawn has a position, or k is under 5.

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> sites = pd.DataFrame({"name": ["a", "b"], "lat": [41.0, 41.2], "lon": [69.0, 69.3]})
    >>> seen = from_arrays(np.arange(24), np.zeros(24), np.arange(24) % 2, cameras=sites)
    >>> draw_map(seen).drawn
    2
    """
    check_threshold(k)
    texts = Texts(language)
    if hours:
        if not isinstance(result, Sightings):
            raise UsageError("hours=True draws a day of sightings; give sightings")
        the_map, drawn, total, steps = _draw_hours(result, k, texts)
        kind = "hours"
    else:
        kind, the_map, drawn, total = _draw(result, k, texts)
        steps = 0
    sightings = result if isinstance(result, Sightings) else _sightings_of(result)
    host = ""
    if tiles is not None:
        host = _add_tiles(the_map, tiles)
        warnings.warn(TILE_WARNING.format(host=host), UserWarning, stacklevel=2)
    html = _page(the_map, kind, drawn, total, k, steps, host, sightings.synthetic, texts)
    return MapPage(html, drawn, total, the_map)


def _sightings_of(result: Any) -> Sightings:
    if isinstance(result, Commutes):
        return result.places.trips.sightings
    return result.sightings


@singledispatch
def _draw(result: Any, k: int, texts: Texts) -> tuple[str, Any, int, int]:
    raise UsageError(
        f"there is no map of a {type(result).__name__}; give sightings, trips, commutes or "
        "companions"
    )


@_draw.register
def _(result: Sightings, k: int, texts: Texts) -> tuple[str, Any, int, int]:
    zones = _zones(result, k)
    the_map = maps.draw_map(zones, _no_flows(), texts)
    return "load", _some(the_map), min(len(_placed(zones)), maps.MOST_ZONES), len(_placed(zones))


@_draw.register
def _(result: Trips, k: int, texts: Texts) -> tuple[str, Any, int, int]:
    zones = _zones(result.sightings, k)
    ways = suppress_od(count_ways(result), k)
    known = set(_placed(zones)["zone"])
    ways = ways[ways["origin"].isin(known) & ways["destination"].isin(known)]
    the_map = maps.draw_map(zones, ways, texts)
    return "ways", _some(the_map), min(len(ways), maps.MOST_FLOWS), len(ways)


@_draw.register
def _(result: Commutes, k: int, texts: Texts) -> tuple[str, Any, int, int]:
    load = measure_camera_load(result.places.trips.sightings)
    zones = _shown(load, k)
    code = dict(zip(load["name"], load["zone"], strict=True))
    od = result.od_matrix
    flows = pd.DataFrame(
        {
            "origin": od["origin"].map(code).astype(int),
            "destination": od["destination"].map(code).astype(int),
            "vehicles": od["vehicles"],
        }
    )
    areas = join_zones(load, zones, flows, k)
    between = areas.flows[areas.flows["origin"] != areas.flows["destination"]]
    the_map = maps.draw_map(zones, areas.flows, texts, ends=areas.ends)
    return "flows", _some(the_map), min(len(between), maps.MOST_FLOWS), len(between)


@_draw.register
def _(result: Companions, k: int, texts: Texts) -> tuple[str, Any, int, int]:
    if result.of is not None:
        raise UsageError("companions of one vehicle are internal: there is no map of them")
    vehicles = np.union1d(result.rows["vehicle_a"], result.rows["vehicle_b"])
    counts = count_zones(result.sightings, vehicles)
    zones = measure_camera_load(result.sightings)
    zones = _placed(_shown(zones.assign(vehicles=counts), k))
    zones = zones[zones["vehicles"] > 0]
    ways = suppress_od(count_cotravel(result), k)
    ways = ways[ways["origin"].isin(zones["zone"]) & ways["destination"].isin(zones["zone"])]
    the_map = maps.draw_map(zones, ways, texts, together=True)
    drawn = min(len(zones), maps.MOST_ZONES) + min(len(ways), maps.MOST_FLOWS)
    return "companions", _some(the_map), drawn, len(zones) + len(ways)


def _draw_hours(sightings: Sightings, k: int, texts: Texts) -> tuple[Any, int, int, int]:
    zones = _placed(_zones(sightings, k)).set_index("zone")
    cells = suppress(count_hours(sightings), "vehicles", k)
    cells = cells[cells["vehicles"].notna() & cells["zone"].isin(zones.index)]
    if cells.empty:
        raise UsageError("nothing that may be drawn has a position")
    the_map = new_map(zones["lat"].to_numpy(float), zones["lon"].to_numpy(float), texts)
    kept = cells["zone"].isin(
        cells.groupby("zone")["vehicles"].sum().sort_values().index[-maps.MOST_ZONES :]
    )
    largest = float(cells["vehicles"].max())
    # Many circles have to be small ones, or they hide each other.
    widest = min(12.0, max(6.0, 60.0 / float(np.sqrt(len(zones)))))
    for cell in cells[kept].itertuples(index=False):
        row = zones.loc[cell.zone]
        vehicles = texts.count("vehicles", cell.vehicles)
        said = texts("map.zone.hour", name=texts.zone(row["name"]), vehicles=vehicles)
        size = 1.5 + widest * float(np.sqrt(float(cell.vehicles) / largest))
        _circle(the_map, row, size, f"map-zone at-{int(cell.hour)}", said)
    return the_map, int(kept.sum()), len(cells), 24


def _circle(the_map: folium.Map, row: Any, radius: float, look: str, said: str) -> None:
    import folium

    folium.CircleMarker(
        [float(row.lat), float(row.lon)], radius=round(float(radius), 2), color=PAPER, weight=1.5,
        fill=True, fill_color=ACCENT, fill_opacity=1, class_name=look,
        tooltip=folium.Tooltip(script_safe(said, limit=200)),
    ).add_to(the_map)  # fmt: skip


def _zones(sightings: Sightings, k: int) -> pd.DataFrame:
    return _shown(measure_camera_load(sightings), k)


def _shown(load: pd.DataFrame, k: int) -> pd.DataFrame:
    shown = suppress(load, "vehicles", k)
    shown = shown[shown["vehicles"].notna()].reset_index(drop=True)
    lat, lon = coarsen_positions(shown["lat"], shown["lon"])
    return shown.assign(lat=lat, lon=lon)


def _placed(zones: pd.DataFrame) -> pd.DataFrame:
    return zones[zones["lat"].notna() & zones["lon"].notna()]


def _no_flows() -> pd.DataFrame:
    return pd.DataFrame({"origin": [], "destination": [], "vehicles": []}, dtype="int64")


def _some(the_map: folium.Map | None) -> folium.Map:
    if the_map is None:
        raise UsageError("nothing that may be drawn has a position")
    return the_map


def _add_tiles(the_map: folium.Map, address: str) -> str:
    import folium

    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or "{z}" not in address:
        raise UsageError(
            "tiles takes the address of a tile server, such as "
            "'https://tile.example.org/{z}/{x}/{y}.png'"
        )
    folium.TileLayer(address, attr=escape(parts.hostname), overlay=True).add_to(the_map)
    return parts.hostname


def _page(
    the_map: folium.Map,
    kind: str,
    drawn: int,
    total: int,
    k: int,
    steps: int,
    host: str,
    synthetic: bool,
    texts: Texts,
) -> str:
    html, script = embed(the_map, texts)
    scripts = [leaflet_script(texts), script, *([slider_script()] if steps else [])]
    styles = [leaflet_style(), *map(template_text, ("report.css", "case.css", "map.css"))]
    if steps:
        styles.append(step_rules(steps))
    policy = content_policy(scripts, styles)
    notes = [texts(f"draw.{kind}.text", k=k)]
    if drawn < total:
        notes.append(texts("draw.thinned", drawn=texts.number(drawn), all=texts.number(total)))
    if host:
        policy += f"; img-src https://{host}"
        notes.append(texts("draw.tiles", host=host))
    context = {
        "t": texts,
        "title": texts(f"draw.{kind}.title"),
        "internal": False,
        "banner_internal": "",
        "synthetic": synthetic,
        "notes": notes,
        "map": html,
        "labels": [f"{hour:02d}:00–{hour + 1:02d}:00" for hour in range(steps)],
        "styles": [trusted(style) for style in styles],
        "scripts": [trusted(script) for script in scripts],
        "policy": policy,
    }
    return tidy(environment().get_template("map.html.j2").render(context))
