"""The road graph: main corridors between towns, schematic streets in Tashkent, and ways through it.

Which towns are joined is general geographic knowledge (M39 to Sirdaryo and Samarqand, A373 to
Angren and the Kamchik pass, the Chirchiq road, and so on); the list is written here and is not
survey data. Streets of Tashkent are schematic: rings and radials about Amir Temur square. Larger
towns get four streets that meet in the centre. Roads are longer than the straight line by a fixed
factor for each class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from analyzer.cameras import haversine_m
from analyzer.synthetic.randomness import uniforms
from analyzer.synthetic.settings import Difficulty
from analyzer.synthetic.towns import DISTRICTS, TASHKENT, Towns

CENTRE = (41.3113, 69.2797)
"""Amir Temur square, the middle of the schematic streets (approximate)."""

GATES = {
    "Kamchik pass": (41.11, 70.52),
    "Guliston road": (40.52, 68.77),
    "Gisht-Koprik": (41.44, 69.22),
}
"""Where through-traffic enters and leaves (approximate positions)."""

CORRIDORS = (
    # The Chirchiq road, and on to G‘azalkent and the Chorvoq reservoir.
    ("streets", "Salor", "road"),
    ("Yunusobod", "Salor", "road"),
    ("Salor", "Qibray", "road"),
    ("Qibray", "Chirchiq", "highway"),
    ("Chirchiq", "Iskandar", "road"),
    ("Iskandar", "G‘azalkent", "road"),
    ("G‘azalkent", "Kyzyldzhar", "road"),
    ("Kyzyldzhar", "Burchmulla", "road"),
    # East: Parkent.
    ("streets", "Parkent", "road"),
    ("Qibray", "Parkent", "road"),
    ("Parkent", "Sŭqoq", "road"),
    # A373 to Angren and the pass.
    ("Bektemir", "Tŭytepa", "highway"),
    ("Tŭytepa", "Ohangaron", "highway"),
    ("Ohangaron", "Angren", "highway"),
    ("Angren", "Kamchik pass", "highway"),
    ("Angren", "Yangiobod", "road"),
    ("Ohangaron", "Olmaliq", "road"),
    ("Tŭytepa", "Piskent", "road"),
    ("Piskent", "Olmaliq", "road"),
    ("Piskent", "Bo‘ka", "road"),
    ("Bo‘ka", "Oqqo‘rg‘on", "road"),
    ("Oqqo‘rg‘on", "Tŭytepa", "road"),
    ("Oqqo‘rg‘on", "Chinoz", "road"),
    # M39 to Sirdaryo and Samarqand.
    ("Sergeli", "Ŭrtaowul", "highway"),
    ("Ŭrtaowul", "Yangiyŭl", "highway"),
    ("Yangiyŭl", "Amir Timur", "highway"),
    ("Amir Timur", "Chinoz", "highway"),
    ("Amir Timur", "Zafar", "road"),
    ("Zafar", "Chinoz", "road"),
    ("Chinoz", "Sirdaryo", "highway"),
    ("Sirdaryo", "Guliston road", "highway"),
    # West: Eshonguzar in the Zangiota district.
    ("Chilanzar", "Eshonguzar", "road"),
    ("Eshonguzar", "Ŭrtaowul", "road"),
    # North: the border to Kazakhstan.
    ("streets", "Gisht-Koprik", "road"),
)
"""Which places are joined, and by what class of road; "streets" is the nearest street junction."""

WINDING = {"highway": 1.15, "road": 1.25, "street": 1.2, "local": 1.25}
"""Road length over straight-line length. Country-wide means are 1.2 to 1.4. Assumption by class."""

FREE_SPEED_KMH = {"highway": 80.0, "road": 60.0, "street": 40.0, "local": 32.0}
"""Mean speed without congestion, stops included. Assumption, below the speed limits."""

URBAN = ("street", "local")
"""Classes whose travel time grows with the full congestion factor."""

VARIANTS = 2
"""Ways that are known between two junctions: the fastest, and one that somebody else prefers."""

LOCAL_STREETS_FROM = 20_000
"""Towns of this many people have streets of their own."""

METRES_PER_DEGREE = 111_195.0

TASTE = 901
"""Purpose of the draws that make the second way between two junctions."""


@dataclass(frozen=True)
class Roads:
    """Junctions and the edges between them.

    Attributes
    ----------
    lat, lon : numpy.ndarray of float64, shape (n,)
        Junctions; the first ones are the towns, in their order.
    town : numpy.ndarray of int64, shape (n,)
        Town that a junction belongs to; -1 for a gate.
    city : numpy.ndarray of bool, shape (n,)
        Whether it is a schematic street junction of Tashkent.
    gates : numpy.ndarray of int64
        Junctions that are gates.
    ends : numpy.ndarray of int64, shape (m, 2)
        Junctions that an edge joins.
    length_m, seconds : numpy.ndarray of float64, shape (m,)
        Length along the road; travel time without congestion.
    urban : numpy.ndarray of bool, shape (m,)
        Whether the edge is a street.
    """

    lat: np.ndarray
    lon: np.ndarray
    town: np.ndarray
    city: np.ndarray
    gates: np.ndarray
    ends: np.ndarray
    length_m: np.ndarray
    seconds: np.ndarray
    urban: np.ndarray

    def __len__(self) -> int:
        return len(self.lat)


def offset(lat: float, lon: float, north_m: float, east_m: float) -> tuple[float, float]:
    """Move a point by metres to the north and to the east."""
    return (
        lat + north_m / METRES_PER_DEGREE,
        lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))),
    )


class _Builder:
    def __init__(self, towns: Towns):
        self.towns = towns
        self.points = list(zip(towns.lat.tolist(), towns.lon.tolist(), strict=True))
        self.town = list(range(len(towns.name)))
        self.city: list[int] = []
        self.edges: dict[tuple[int, int], str] = {}

    def add(self, point: tuple[float, float], town: int) -> int:
        self.points.append(point)
        self.town.append(town)
        return len(self.points) - 1

    def join(self, a: int, b: int, kind: str) -> None:
        self.edges.setdefault((min(a, b), max(a, b)), kind)

    def distance(self, a: int, b: int) -> float:
        return haversine_m(*self.points[a], *self.points[b])

    def nearest_streets(self, node: int, count: int) -> list[int]:
        return sorted(self.city, key=lambda other: self.distance(node, other))[:count]


def make_roads(towns: Towns, settings: Difficulty) -> Roads:
    """Build the road graph.

    Parameters
    ----------
    towns : Towns
    settings : Difficulty
        Gives the layout of the schematic streets.

    Returns
    -------
    Roads
    """
    builder = _Builder(towns)
    _add_streets_of_tashkent(builder, settings)
    _add_streets_of_towns(builder)
    gates = {name: builder.add(point, -1) for name, point in GATES.items()}
    for start, end, kind in CORRIDORS:
        target = gates[end] if end in gates else towns.code(end)
        source = builder.nearest_streets(target, 1)[0] if start == "streets" else towns.code(start)
        builder.join(source, target, kind)
    return _finish(builder, list(gates.values()))


def _add_streets_of_tashkent(builder: _Builder, settings: Difficulty) -> None:
    towns, tashkent = builder.towns, builder.towns.code(TASHKENT)
    centre = builder.add(CENTRE, tashkent)
    rings = []
    for radius in settings.rings_km:
        ring = []
        for step in range(settings.radials):
            angle = 2 * math.pi * step / settings.radials
            point = offset(
                *CENTRE, 1_000 * radius * math.cos(angle), 1_000 * radius * math.sin(angle)
            )
            ring.append(builder.add(point, tashkent))
        rings.append(ring)
    builder.city = [centre, *(node for ring in rings for node in ring)]
    for step in range(settings.radials):
        for inner, outer in zip([[centre] * settings.radials, *rings], rings, strict=False):
            builder.join(inner[step], outer[step], "street")
    for ring in rings:
        # The outermost ring stands for the Tashkent ring road, the others for streets.
        kind = "road" if ring is rings[-1] else "street"
        for step, node in enumerate(ring):
            builder.join(node, ring[(step + 1) % settings.radials], kind)
    for name in (TASHKENT, *DISTRICTS):
        code = towns.code(name)
        for junction in builder.nearest_streets(code, 3):
            builder.join(code, junction, "street")


def _add_streets_of_towns(builder: _Builder) -> None:
    towns = builder.towns
    for code, name in enumerate(towns.name):
        if towns.population[code] < LOCAL_STREETS_FROM or name in (TASHKENT, *DISTRICTS):
            continue
        reach = 1.3 * towns.spread_m[code]
        around = []
        for quarter in range(4):
            angle = math.pi / 4 + quarter * math.pi / 2
            point = offset(
                towns.lat[code], towns.lon[code], reach * math.cos(angle), reach * math.sin(angle)
            )
            around.append(builder.add(point, code))
        for quarter, node in enumerate(around):
            builder.join(code, node, "local")
            builder.join(node, around[(quarter + 1) % 4], "local")


def _finish(builder: _Builder, gates: list[int]) -> Roads:
    ends = np.array(list(builder.edges), np.int64)
    kinds = list(builder.edges.values())
    straight = np.array([builder.distance(a, b) for a, b in builder.edges])
    length = straight * np.array([WINDING[kind] for kind in kinds])
    speed = np.array([FREE_SPEED_KMH[kind] for kind in kinds]) / 3.6
    lat, lon = (np.array(column) for column in zip(*builder.points, strict=True))
    city = np.zeros(len(lat), bool)
    city[builder.city] = True
    return Roads(
        lat=lat,
        lon=lon,
        town=np.array(builder.town, np.int64),
        city=city,
        gates=np.array(gates, np.int64),
        ends=ends,
        length_m=length,
        seconds=length / speed,
        urban=np.array([kind in URBAN for kind in kinds]),
    )


class Paths(NamedTuple):
    """Ways between all junctions, as lists of directed edges (edge number * 2 + direction).

    Attributes
    ----------
    start : numpy.ndarray of int64, shape (VARIANTS * n * n + 1,)
        Where the list of way ``(variant * n + origin) * n + destination`` begins in `steps`.
    steps : numpy.ndarray of int32
        Directed edges; direction 0 goes from the first end to the second.
    """

    start: np.ndarray
    steps: np.ndarray


def find_paths(roads: Roads, seed: int) -> Paths:
    """Find the ways between all junctions: the fastest, and the fastest by somebody's taste.

    Parameters
    ----------
    roads : Roads
    seed : int
        Seed of the tastes: in the second variant each edge seems up to 40 % slower than it is.

    Returns
    -------
    Paths
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    n = len(roads)
    edge_of = np.full((n, n), -1, np.int32)
    for edge, (a, b) in enumerate(roads.ends):
        edge_of[a, b], edge_of[b, a] = 2 * edge, 2 * edge + 1
    taste = uniforms(seed, len(roads.ends), TASTE)
    starts, steps = [np.zeros(1, np.int64)], []
    for variant in range(VARIANTS):
        weights = roads.seconds * (1.0 + 0.4 * variant * taste)
        graph = csr_array(
            (
                np.r_[weights, weights],
                (
                    np.r_[roads.ends[:, 0], roads.ends[:, 1]],
                    np.r_[roads.ends[:, 1], roads.ends[:, 0]],
                ),
            ),
            shape=(n, n),
        )
        distance, before = dijkstra(graph, return_predecessors=True)
        if not np.isfinite(distance).all():
            raise AssertionError("the road graph falls apart: a corridor is missing")
        start, step = _unroll(before.astype(np.int64), edge_of)
        starts.append(start[1:] + starts[-1][-1])
        steps.append(step)
    return Paths(np.concatenate(starts), np.concatenate(steps))


@numba.njit(cache=True)
def _unroll(before: np.ndarray, edge_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Write the predecessors of shortest paths out as lists of directed edges."""
    n = before.shape[0]
    start = np.zeros(n * n + 1, np.int64)
    for origin in range(n):
        for destination in range(n):
            length, node = 0, destination
            while node != origin:
                node = before[origin, node]
                length += 1
            start[origin * n + destination + 1] = start[origin * n + destination] + length
    steps = np.empty(start[-1], np.int32)
    for origin in range(n):
        for destination in range(n):
            at, node = start[origin * n + destination + 1], destination
            while node != origin:
                at -= 1
                steps[at] = edge_of[before[origin, node], node]
                node = before[origin, node]
    return start, steps


def free_seconds(roads: Roads, paths: Paths) -> np.ndarray:
    """Give the travel time without congestion between all junctions by the fastest way.

    Returns
    -------
    numpy.ndarray of float64, shape (n, n)
    """
    n = len(roads)
    return _sum_steps(paths.start[: n * n + 1], paths.steps, roads.seconds).reshape(n, n)


@numba.njit(cache=True)
def _sum_steps(start: np.ndarray, steps: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    total = np.zeros(len(start) - 1)
    for way in range(len(total)):
        for at in range(start[way], start[way + 1]):
            total[way] += seconds[steps[at] // 2]
    return total
