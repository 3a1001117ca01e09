"""What two stores have in common: helpers for tests that compare whole stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analyzer.sightings import Sightings


def data_bytes(sightings: Sightings) -> dict[str, bytes]:
    """Read every file of a store's generation, by name."""
    folder: Path = sightings.store.folder
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def manifest(sightings: Sightings) -> dict[str, Any]:
    """Give all that the manifest says, but the number of the generation."""
    return {key: value for key, value in sightings.store.manifest.items() if key != "generation"}


def same_store(one: Sightings, two: Sightings) -> None:
    """Check that two stores are equal: every file of data to the byte, and all that is said."""
    assert manifest(one) == manifest(two)
    held, other = data_bytes(one), data_bytes(two)
    assert sorted(held) == sorted(other)
    for name, data in held.items():
        assert data == other[name], name
