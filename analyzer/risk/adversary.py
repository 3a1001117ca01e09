"""The adversary: which points about a person somebody knows, and how finely.

A risk is a risk against somebody. How many sightings this somebody knows, to which hour and which
place, is part of every figure, so it is said once, here, and travels with the result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from numbers import Integral
from typing import Any

from analyzer.errors import UsageError
from analyzer.local_time import check_bin
from analyzer.schema import ATTRIBUTES
from analyzer.units import parse_distance, parse_duration

RANDOM, HOME_WORK, BUSIEST = CHOICES = ("random", "home_work", "busiest")
MOST_POINTS = 100

_CHOSEN = {RANDOM: "", HOME_WORK: " by home and by work", BUSIEST: " of its firmest habit"}


@dataclass(frozen=True)
class Adversary:
    """What an adversary knows about one vehicle.

    Parameters
    ----------
    points : int
        Distinct (place, time bin) points that are known.
    time : str
        Length of the time bins (``"15min"``, ``"1h"``, ``"1D"``, ``"7D"``), in local time of the
        data. Longer than a day, it is a whole number of days.
    space : str
        What a place is: ``"camera"``, ``"zone"`` (a group of near cameras), or a distance such as
        ``"2km"`` (equal-area cells of that side). A camera without a known position is a place of
        its own.
    attributes : sequence of str
        Attributes known with each point: some of ``"make"``, ``"model"``, ``"color"``,
        ``"body_type"``, ``"seat_belt"``, ``"driver_appearance"``. A point then carries the values
        of one of the target's sightings that make it, drawn where there are several. Another
        vehicle holds the point if one of its sightings there and then agrees in every attribute;
        a value that is missing, on either side, is not known and agrees with anything.
    choose : str
        Which of a vehicle's points are known. ``"random"``: any, drawn uniformly.
        ``"home_work"``: those at its home's and at its work's camera, in turn, drawn uniformly
        among each (homes and works as `analyzer.find_places` finds them; who has not both is no
        target). ``"busiest"``: those at the place and the time of day at which it has the most
        points, then at the next, ties and points within one drawn.
    missed : int
        How many of the points may be wrong; fewer than there are. A vehicle matches if it holds
        all but so many.

    Raises
    ------
    UsageError
        If a value is impossible.

    Examples
    --------
    >>> Adversary().describe()
    '4 sightings, each to the hour and the camera'
    >>> Adversary(points=1, time="7D", space="2km").describe()
    '1 sighting, to 7D and a cell of 2 km'
    >>> Adversary(attributes=("make", "color"), missed=1).describe()
    '4 sightings, each to the hour and the camera, with make and color, of which 1 may be wrong'
    """

    points: int = 4
    time: str = "1h"
    space: str = "camera"
    attributes: tuple[str, ...] = ()
    choose: str = "random"
    missed: int = 0

    def __post_init__(self) -> None:
        for name in ("points", "missed"):
            # Whole numbers of numpy are whole numbers.
            number = getattr(self, name)
            if isinstance(number, Integral) and not isinstance(number, bool):
                object.__setattr__(self, name, int(number))
        if (
            isinstance(self.points, bool)
            or not isinstance(self.points, int)
            or not 1 <= self.points <= MOST_POINTS
        ):
            raise UsageError(
                f"points={self.points!r}: how many sightings are known must be a whole number "
                f"from 1 to {MOST_POINTS}, for example points=4"
            )
        check_bin(parse_duration(self.time, name="time"))
        if self.space not in ("camera", "zone"):
            try:
                parse_distance(self.space, name="space")
            except UsageError:
                raise UsageError(
                    f"space={self.space!r} is not known; write 'camera', 'zone', "
                    "or a distance such as '2km'"
                ) from None
        object.__setattr__(self, "attributes", check_attributes(self.attributes))
        if self.choose not in CHOICES:
            known = ", ".join(f"'{choice}'" for choice in CHOICES)
            raise UsageError(f"choose={self.choose!r} is not known; write one of {known}")
        if (
            isinstance(self.missed, bool)
            or not isinstance(self.missed, int)
            or not 0 <= self.missed < self.points
        ):
            raise UsageError(
                f"missed={self.missed!r}: how many of the {self.points} points may be wrong is a "
                f"whole number from 0 to {self.points - 1}; who may be wrong in all knows nothing"
            )

    @property
    def time_ms(self) -> int:
        """Length of the time bins in milliseconds."""
        return parse_duration(self.time, name="time")

    @property
    def cell_m(self) -> float | None:
        """Side of the cells in metres, where a place is a cell."""
        return None if self.space in ("camera", "zone") else parse_distance(self.space)

    def to_dict(self) -> dict[str, Any]:
        """Give the adversary as JSON-able fields."""
        return {**asdict(self), "attributes": list(self.attributes)}

    def describe(self) -> str:
        """Say in words what is known, e.g. for a sentence in a report."""
        sightings = "1 sighting" if self.points == 1 else f"{self.points} sightings"
        each = " each" if self.points > 1 else ""
        return f"{sightings}{_CHOSEN[self.choose]},{each} {self.resolution()}{self.extras()}"

    def extras(self) -> str:
        """Say in words what is known beside place and time, and what may be wrong."""
        known = f", with {listed(self.attributes)}" if self.attributes else ""
        return known + (f", of which {self.missed} may be wrong" if self.missed else "")

    def resolution(self) -> str:
        """Say in words how finely time and place are known."""
        time = {"1h": "the hour", "1D": "the day", "1min": "the minute"}.get(self.time, self.time)
        if self.cell_m is None:
            place = f"the {self.space}"
        elif self.cell_m >= 1_000:
            place = f"a cell of {self.cell_m / 1_000:g} km"
        else:
            place = f"a cell of {self.cell_m:g} m"
        return f"to {time} and {place}"


def check_attributes(attributes: tuple[str, ...]) -> tuple[str, ...]:
    """Give attributes as a tuple of known names, each once.

    Raises
    ------
    UsageError
        If it is a text, or holds a name that is not known or stands twice.

    Examples
    --------
    >>> check_attributes(["make", "color"])
    ('make', 'color')
    """
    if isinstance(attributes, str):
        raise UsageError(
            f"attributes is a sequence of column names; write attributes=({attributes!r},)"
        )
    try:
        attributes = tuple(attributes)
    except TypeError:
        raise UsageError(
            "attributes is a sequence of column names, such as ('make', 'color')"
        ) from None
    unknown = [name for name in attributes if name not in ATTRIBUTES]
    if unknown:
        raise UsageError(
            f"attribute {unknown[0]!r} is not known; attributes are {', '.join(ATTRIBUTES)}"
        )
    if len(set(attributes)) < len(attributes):
        raise UsageError("attributes: a name stands twice; write each once")
    return attributes


def listed(names: tuple[str, ...]) -> str:
    """Write names as a sentence lists them.

    Examples
    --------
    >>> listed(("make", "seat_belt", "color"))
    'make, seat belt and color'
    """
    words = [name.replace("_", " ") for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
