"""The week as a clock: rings of days, hours around them, drawn as SVG without a plotting library.

Every cell carries the class of its step, so that a page's slider shows and hides it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

SIZE = 360.0
_OUTER, _INNER = 148.0, 46.0
_GAP = math.radians(17)
"""Left free on both sides of the top, for the names of the rings."""


@dataclass(frozen=True)
class Cell:
    """Some hours of a ring.

    Attributes
    ----------
    ring : int
        From the outside, 0.
    begin, end : float
        Hours of the day.
    opacity : float
        From 0 to 1.
    look : str
        Classes: ``from-2`` (from step 2 on), ``at-2`` (at step 2 alone).
    title : str
        What it says.
    """

    ring: int
    begin: float
    end: float
    opacity: float
    look: str
    title: str


@dataclass(frozen=True)
class Shape:
    """A path or a text of the drawing; attributes as SVG has them."""

    path: str = ""
    x: float = 0.0
    y: float = 0.0
    text: str = ""
    look: str = ""
    opacity: float = 1.0


def draw_clock(rings: Sequence[str], cells: Sequence[Cell]) -> list[Shape]:
    """Lay a clock out: empty rings, cells, the names of rings and hours.

    Parameters
    ----------
    rings : sequence of str
        Names of the rings, from the outside.
    cells : sequence of Cell
        What is filled.

    Returns
    -------
    list of Shape
        In the order in which they are drawn.

    Examples
    --------
    >>> shapes = draw_clock(["Mon"], [Cell(0, 6, 9, 1.0, "from-0", "seen")])
    >>> len([shape for shape in shapes if shape.path]), shapes[1].look
    (2, 'cell from-0')
    """
    shapes = [
        Shape(path=_wedge(ring, len(rings), 0, 24), look="track") for ring in range(len(rings))
    ]
    shapes += [
        Shape(
            path=_wedge(cell.ring, len(rings), cell.begin, cell.end),
            look=f"cell {cell.look}",
            opacity=round(cell.opacity, 2),
            text=cell.title,
        )
        for cell in cells
    ]
    for ring, name in enumerate(rings):
        low, high = _radii(ring, len(rings))
        shapes.append(
            Shape(x=SIZE / 2, y=SIZE / 2 - (low + high) / 2 + 3.5, text=name, look="ring-name")
        )
    for hour in range(0, 25, 3):
        x, y = _point(_OUTER + 15, hour)
        shapes.append(Shape(x=x, y=y + 4, text=f"{hour}", look="hour"))
    return shapes


def _radii(ring: int, rings: int) -> tuple[float, float]:
    width = (_OUTER - _INNER) / rings
    high = _OUTER - ring * width
    return high - width + 1.5, high


def _angle(hour: float) -> float:
    return _GAP + hour / 24 * (2 * math.pi - 2 * _GAP)


def _point(radius: float, hour: float) -> tuple[float, float]:
    angle = _angle(hour)
    return (
        round(SIZE / 2 + radius * math.sin(angle), 1),
        round(SIZE / 2 - radius * math.cos(angle), 1),
    )


def _wedge(ring: int, rings: int, begin: float, end: float) -> str:
    low, high = _radii(ring, rings)
    large = int(_angle(end) - _angle(begin) > math.pi)
    (ax, ay), (bx, by) = _point(high, begin), _point(high, end)
    (cx, cy), (dx, dy) = _point(low, end), _point(low, begin)
    return (
        f"M{ax} {ay}A{high:.1f} {high:.1f} 0 {large} 1 {bx} {by}"
        f"L{cx} {cy}A{low:.1f} {low:.1f} 0 {large} 0 {dx} {dy}Z"
    )
