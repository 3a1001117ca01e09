"""The basemap: outlines of countries and coasts, from a file that comes with the package.

There are no tiles, so that a page tells no third party where its reader looks. The outlines are
Natural Earth's, 1:10 million, as TopoJSON; they are decoded for the part of the world that a map
shows, clipped and simplified to what can be seen at that scale.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""


@dataclass(frozen=True)
class Outline:
    """One country's land inside a box: its name and its GeoJSON geometry."""

    name: str
    geometry: dict[str, Any]
    label_at: tuple[float, float] | None
    """Latitude and longitude for its name; None where too little of it is seen."""


def outlines(
    box: Box, *, seen: Box | None = None, avoid: Sequence[tuple[float, float]] = ()
) -> list[Outline]:
    """Cut the outlines of countries to a box.

    Parameters
    ----------
    box : tuple
        West, south, east, north, in degrees: what is drawn.
    seen : tuple, optional
        The part that is seen at first: names are put there. The whole box otherwise.
    avoid : sequence of (lat, lon)
        Points that names keep away from.

    Returns
    -------
    list of Outline
        Sorted by name; empty at sea.

    Examples
    --------
    >>> [outline.name for outline in outlines((69.0, 41.0, 69.5, 41.4))]
    ['Kazakhstan', 'Uzbekistan']
    """
    from shapely import set_precision, union_all
    from shapely.geometry import Point, mapping
    from shapely.geometry import box as rectangle

    topology = _topology()
    frame, view = rectangle(*box), rectangle(*(seen or box))
    near = 0.1 * (view.area**0.5)
    # Disc by disc: GEOS holds every crossing of all discs at once, gigabytes for two thousand.
    taken = union_all([Point(lon, lat).buffer(near) for lat, lon in avoid])
    grain = max(box[2] - box[0], box[3] - box[1]) / 2_000
    found = []
    for country in topology["objects"]["countries"]["geometries"]:
        land = _land(country, topology, box)
        if land is None:
            continue
        clipped = land.intersection(frame)
        if clipped.is_empty or clipped.area == 0:
            continue
        free = clipped.intersection(view).difference(taken)
        point = _middle(free) if free.area > 0.06 * view.area else None
        shape = set_precision(clipped.simplify(grain), 1e-4)
        if not shape.is_empty:
            label = (round(point.y, 3), round(point.x, 3)) if point is not None else None
            found.append(Outline(country["properties"]["name"], mapping(shape), label))
    return sorted(found, key=lambda outline: outline.name)


def _middle(area: Any) -> Any:
    """The point of an area that is farthest from its border."""
    from shapely.ops import polylabel

    largest = max(getattr(area, "geoms", [area]), key=lambda part: part.area)
    return polylabel(largest, tolerance=0.02 * largest.area**0.5)


@cache
def _topology() -> dict[str, Any]:
    packed = files("analyzer.report").joinpath("assets/countries-10m.json.gz").read_bytes()
    topology = parse_topology(gzip.decompress(packed).decode("utf-8"))
    scale = np.array(topology["transform"]["scale"])
    origin = np.array(topology["transform"]["translate"])
    # Arcs are stored as steps between whole grid points.
    topology["arcs"] = [np.cumsum(arc, axis=0) * scale + origin for arc in topology["arcs"]]
    topology["boxes"] = np.array(
        [(*arc.min(axis=0), *arc.max(axis=0)) for arc in topology["arcs"]]
    )
    return topology


def parse_topology(text: str) -> dict[str, Any]:
    """Parse TopoJSON, of which nearly all are arcs: each becomes an array of steps, shape (n, 2).

    As lists of lists of numbers they would take fifty megabytes, for a file of four.

    Examples
    --------
    >>> parse_topology('{"objects":{},"arcs":[[[5,-1],[0,2]],[[7,7]]],"bbox":[]}')["arcs"][0]
    array([[ 5, -1],
           [ 0,  2]])
    """
    # The arcs of the whole stand last: those of countries before them are numbers of arcs.
    before, after = text.rindex('"arcs":[[['), text.rindex("]]]")
    arcs = text[before + len('"arcs":[[[') : after]
    topology = json.loads(text[:before] + '"arcs":[]' + text[after + len("]]]") :])
    topology["arcs"] = [
        np.fromstring(arc.replace("],[", ","), np.int64, sep=",").reshape(-1, 2)
        for arc in arcs.split("]],[[")
    ]
    return topology


def _land(country: dict[str, Any], topology: dict[str, Any], box: Box) -> Any:
    from shapely.geometry import Polygon
    from shapely.ops import unary_union

    if country["type"] is None:
        return None
    polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
    parts = []
    for rings in polygons:
        boxes = topology["boxes"][[arc if arc >= 0 else ~arc for arc in rings[0]]]
        west, south = boxes[:, :2].min(axis=0)
        east, north = boxes[:, 2:].max(axis=0)
        if west > box[2] or east < box[0] or south > box[3] or north < box[1]:
            continue
        drawn = [_ring(ring, topology["arcs"]) for ring in rings]
        # Quantised slivers can collapse to fewer corners than a ring needs.
        drawn = [ring for ring in drawn if len(ring) >= 4]
        if not drawn:
            continue
        part = Polygon(drawn[0], drawn[1:])
        parts.append(part if part.is_valid else part.buffer(0))
    return unary_union(parts) if parts else None


def _ring(ring: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    pieces = [arcs[arc] if arc >= 0 else arcs[~arc][::-1] for arc in ring]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
