"""Populations whose vehicles have looks: mostly their own, at times noted wrongly or not at all."""

from __future__ import annotations

import numpy as np

from tests.risk.regions import sightings_of

VALUES = {
    "make": ["Kia", "BYD", "Lada"],
    "color": ["white", "black", "red", "grey"],
    "driver_appearance": ["glasses", "headwear"],
}


def with_looks(rng, rows, attributes, *, missing=0.2, wrong=0.15):
    """Give rows (vehicle, ms, camera) a look each: (vehicle, ms, camera, look)."""
    own = {}
    looked = []
    for vehicle, ms, camera in rows:
        look = own.setdefault(vehicle, [str(rng.choice(VALUES[name])) for name in attributes])
        seen = [
            None if rng.random() < missing
            else str(rng.choice(VALUES[name])) if rng.random() < wrong
            else value
            for name, value in zip(attributes, look, strict=True)
        ]  # fmt: skip
        looked.append((vehicle, ms, camera, tuple(seen)))
    return looked


def sightings_with_looks(looked, attributes, **options):
    columns = {
        name: np.array([look[at] for _, _, _, look in looked], object)
        for at, name in enumerate(attributes)
    }
    return sightings_of([row[:3] for row in looked], **options, **columns)


def codes_of(looked, attributes):
    """Number the values that occur, from 1, in alphabetical order."""
    return [
        {
            value: number
            for number, value in enumerate(
                sorted({look[at] for _, _, _, look in looked} - {None}), start=1
            )
        }
        for at in range(len(attributes))
    ]
