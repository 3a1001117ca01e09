"""What benchmarks keep of what they measured: points in JSON, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Point = dict[str, Any]


def read_points(path: Path) -> list[Point]:
    """Give what was measured so far."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def write_points(path: Path, points: Iterable[Point]) -> None:
    """Write what was measured, in the place of what is there."""
    text = ",\n".join(json.dumps(point, sort_keys=True) for point in points)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"[\n{text}\n]\n", encoding="utf-8")


def add_point(path: Path, point: Point, key: Iterable[str]) -> None:
    """Add a point, to four digits; one that is the same by a key is replaced."""
    names = tuple(key)
    rounded = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in point.items()
    }
    own = [rounded.get(name) for name in names]
    others = [old for old in read_points(path) if [old.get(name) for name in names] != own]
    write_points(path, [*others, rounded])
