"""A synthetic region with a known truth: the surroundings of Tashkent, its roads, cars and cameras.

Nothing here imports code that analyses, so what the generator says happened is independent of what
the measures find. Importing this package is cheap; the generator itself is loaded when it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Difficulty": "analyzer.synthetic.settings",
    "PRESETS": "analyzer.synthetic.settings",
    "Region": "analyzer.synthetic.region",
    "Truth": "analyzer.synthetic.truth",
    "make_region": "analyzer.synthetic.region",
    "read_truth": "analyzer.synthetic.truth",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'analyzer.synthetic' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
