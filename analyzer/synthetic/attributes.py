"""What a reader notes beside the plate: make, model, colour, belt, driver; with errors and gaps.

Shares of makes and colours are assumptions led by what is common knowledge about traffic in
Uzbekistan (most cars are Chevrolets from Asaka, more than half of them white). What is noted about
the driver is kept to traits without religious or ethnic meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.synthetic.camera_sites import DIRECTIONS
from analyzer.synthetic.kernels import kernel
from analyzer.synthetic.people import TAXI, VAN
from analyzer.synthetic.randomness import bits, pick, stream, uniform

MODELS = (
    # model, make, body type, share
    ("Cobalt", "Chevrolet", "sedan", 0.22),
    ("Gentra", "Chevrolet", "sedan", 0.15),
    ("Nexia", "Chevrolet", "sedan", 0.15),
    ("Spark", "Chevrolet", "hatchback", 0.10),
    ("Damas", "Chevrolet", "van", 0.05),
    ("Onix", "Chevrolet", "sedan", 0.05),
    ("Tracker", "Chevrolet", "SUV", 0.05),
    ("Malibu", "Chevrolet", "sedan", 0.03),
    ("Captiva", "Chevrolet", "SUV", 0.02),
    ("Matiz", "Daewoo", "hatchback", 0.04),
    ("Tico", "Daewoo", "hatchback", 0.01),
    ("2107", "Lada", "sedan", 0.015),
    ("Largus", "Lada", "estate", 0.01),
    ("Sonet", "Kia", "SUV", 0.015),
    ("K5", "Kia", "sedan", 0.015),
    ("Elantra", "Hyundai", "sedan", 0.015),
    ("Tucson", "Hyundai", "SUV", 0.01),
    ("Song Plus", "BYD", "SUV", 0.02),
    ("Han", "BYD", "sedan", 0.01),
    ("Camry", "Toyota", "sedan", 0.015),
    ("Sprinter", "Mercedes-Benz", "van", 0.005),
)
COLORS = ("white", "black", "silver", "grey", "blue", "red", "brown", "green")
COLOR_SHARES = (0.56, 0.14, 0.10, 0.08, 0.05, 0.04, 0.02, 0.01)
TAKEN_FOR = (2, 3, 0, 2, 1, 6, 5, 4)
"""The colour that each colour is taken for: white for silver, black for grey, …"""

BELT = ("off", "on")
DRIVER = ("light clothing", "dark clothing", "glasses", "headwear")
DRIVER_SHARES = (0.38, 0.37, 0.16, 0.09)

MAKES = tuple(dict.fromkeys(make for _, make, _, _ in MODELS))
BODIES = tuple(dict.fromkeys(body for _, _, body, _ in MODELS))
MAKE_OF = np.array([MAKES.index(make) for _, make, _, _ in MODELS], np.int64)
BODY_OF = np.array([BODIES.index(body) for _, _, body, _ in MODELS], np.int64)
VAN_MODELS = tuple(i for i, model in enumerate(MODELS) if model[2] == "van")

LABEL_TEXTS: dict[str, tuple[str, ...]] = {
    "direction": DIRECTIONS,
    "make": MAKES,
    "model": tuple(model for model, _, _, _ in MODELS),
    "color": COLORS,
    "body_type": BODIES,
    "seat_belt": BELT,
    "driver_appearance": DRIVER,
}
"""Labels of each attribute, in the order of their codes."""

NOTED = tuple(LABEL_TEXTS)
"""Label columns, in the order in which kernels write them."""

NIGHT_FACTOR = 3.0
"""How many times more attribute values are missing between 20:00 and 06:00."""

_LOOKS, _TRIP = 970, 971


LOOKS = np.dtype(
    [("model", np.int64), ("color", np.int64), ("driver", np.int64), ("belt", np.float64)]
)
"""What a vehicle and its driver look like: codes, and the share of trips with the belt on."""


class Looks(NamedTuple):
    """What all vehicles look like, and how badly that is noted.

    Attributes
    ----------
    of : numpy.ndarray of LOOKS, shape (vehicles,)
    make_of, body_of : numpy.ndarray of int64, shape (models,)
        Make and body type of a model.
    missing, wrong : float
        Rates of missing and wrong values by day.
    """

    of: np.ndarray
    make_of: np.ndarray
    body_of: np.ndarray
    missing: float
    wrong: float


def draw_looks(people: np.ndarray, missing: float, wrong: float, seed: int) -> Looks:
    """Draw what vehicles and drivers look like.

    Parameters
    ----------
    people : numpy.ndarray
        See `people.make_people`.
    missing, wrong : float
        Rates of missing and wrong values by day.
    seed : int

    Returns
    -------
    Looks
    """
    shares = np.cumsum([share for _, _, _, share in MODELS])
    looks = _draw_looks(
        seed, people["kind"], shares, np.array(VAN_MODELS), np.cumsum(COLOR_SHARES),
        np.cumsum(DRIVER_SHARES),
    )  # fmt: skip
    return Looks(looks, MAKE_OF, BODY_OF, float(missing), float(wrong))


@numba.njit(cache=True)
def _draw_looks(seed, kind, models, vans, colors, drivers):
    count = len(kind)
    looks = np.empty(count, LOOKS)
    for v in range(count):
        key = stream(seed, v, 0, _LOOKS)
        looks[v].model = pick(models, uniform(key, 0))
        if kind[v] == VAN:
            looks[v].model = vans[int(uniform(key, 1) * len(vans))]
        elif kind[v] == TAXI:
            # Taxis are the commonest sedans.
            looks[v].model = int(uniform(key, 1) * 3)
        looks[v].color = pick(colors, uniform(key, 2))
        looks[v].driver = pick(drivers, uniform(key, 3))
        looks[v].belt = 0.95 if uniform(key, 4) < 0.75 else 0.35
    return looks


@kernel
def _part(word, place):
    """Cut a number from 0 to below 1 out of 12 of 64 bits."""
    return float((word >> np.uint64(12 * place)) & np.uint64(0xFFF)) / 4096.0


@kernel
def note_attributes(looks, v, trip_key, word, night, labels, row):
    """Write what a reader notes about a vehicle into ``labels[1:, row]``; -1 is missing.

    `trip_key` is the same for all readers of one trip (a belt is on or off for the whole of it),
    `word` are the bits of this passage.
    """
    missing = looks.missing * (NIGHT_FACTOR if night else 1.0)
    wrong = looks.wrong
    more = bits(word, 1)
    model = looks.of[v].model
    draw = _part(word, 0)
    if draw < 0.6 * wrong:
        model = (model + 1 + int(_part(more, 0) * (len(looks.make_of) - 1))) % len(looks.make_of)
    labels[1, row] = -1 if _part(word, 1) < missing else looks.make_of[model]
    labels[2, row] = -1 if _part(word, 2) < 2.0 * missing else model
    labels[4, row] = -1 if _part(word, 3) < missing else looks.body_of[model]
    color = looks.of[v].color
    if _part(word, 4) < wrong:
        color = np.int64(TAKEN_FOR[color])
    labels[3, row] = -1 if _part(more, 1) < missing else color
    belt = 1 if uniform(trip_key, 0) < looks.of[v].belt else 0
    if _part(more, 2) < wrong:
        belt = 1 - belt
    labels[5, row] = -1 if _part(more, 3) < 2.5 * missing else belt
    driver = looks.of[v].driver
    # Clothes change from day to day, glasses and hats stay.
    if driver < 2 and uniform(trip_key, 1) < 0.35:
        driver = 1 - driver
    if _part(more, 4) < 2.0 * wrong:
        driver = int(uniform(word, 2) * 4)
    labels[6, row] = -1 if uniform(word, 3) < 3.0 * missing else driver
