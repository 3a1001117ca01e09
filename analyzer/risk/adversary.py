"""The adversary: which points about a person somebody knows, and how finely.

A risk is a risk against somebody. How many sightings this somebody knows, to which hour and which
place, is part of every figure, so it is said once, here, and travels with the result.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analyzer.errors import UsageError
from analyzer.local_time import check_bin
from analyzer.units import parse_distance, parse_duration

CHOICES = ("random", "home_work", "busiest")
MOST_POINTS = 100


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
        Attributes known with each point. Not available yet: leave it empty.
    choose : str
        Which points are known; ``"random"`` is available.
    missed : int
        How many of the points may be wrong; 0 is available.

    Raises
    ------
    UsageError
        If a value is impossible or not available.

    Examples
    --------
    >>> Adversary().describe()
    '4 sightings, each to the hour and the camera'
    >>> Adversary(points=1, time="7D", space="2km").describe()
    '1 sighting, to 7D and a cell of 2 km'
    """

    points: int = 4
    time: str = "1h"
    space: str = "camera"
    attributes: tuple[str, ...] = ()
    choose: str = "random"
    missed: int = 0

    def __post_init__(self) -> None:
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
        if isinstance(self.attributes, str):
            raise UsageError("attributes is a sequence of column names; write attributes=()")
        object.__setattr__(self, "attributes", tuple(self.attributes))
        if self.attributes:
            raise UsageError(
                "attributes: knowledge of make, model, colour and the like is not available yet; "
                "leave attributes=(), the adversary then knows place and time alone"
            )
        if self.choose != "random":
            known = f"choose={self.choose!r}"
            problem = "is not available yet" if self.choose in CHOICES else "is not known"
            raise UsageError(f"{known} {problem}; choose='random' is available")
        if isinstance(self.missed, bool) or self.missed != 0:
            raise UsageError(
                f"missed={self.missed!r}: knowledge that may be wrong is not available yet; "
                "missed=0 is, every known point is then right"
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
        return f"{sightings},{' each' if self.points > 1 else ''} {self.resolution()}"

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
