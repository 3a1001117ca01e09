"""Origin: with which versions, options and seed something was made, and from what."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from analyzer import __version__

if TYPE_CHECKING:
    from analyzer.sightings import Sightings

LIBRARIES = ("numba", "numpy", "pandas", "pyarrow", "scipy")


def origin_of(sightings: Sightings, options: Mapping[str, Any]) -> dict[str, Any]:
    """Give what ``info.json`` says of a run.

    Parameters
    ----------
    sightings : Sightings
        What was measured.
    options : mapping
        With which options; ``seed`` among them.

    Returns
    -------
    dict
        ``versions``, ``options``, ``seed``, ``claims`` (what the data claim to be), ``inputs``.
    """
    provenance = sightings.provenance
    return {
        "versions": {
            "platerisk": __version__,
            "python": platform.python_version(),
            **{library: version_of(library) for library in LIBRARIES},
        },
        "options": {**provenance.get("options", {}), **options},
        "seed": options.get("seed"),
        "claims": provenance.get("claims", "synthetic" if sightings.synthetic else None),
        "inputs": provenance.get("inputs", []),
    }
