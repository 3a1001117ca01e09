"""How work grows from what was measured: seconds and memory of the nearest measurement.

A prediction starts from the measurement that is nearest in sightings, vehicles and encounters. Data
in which the same vehicles meet again and again are then predicted from such data, for which one
encounter takes many times the work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

AGAIN = 0.6
"""Work that each further reading of all files adds, as a share of what grows with the sightings:
with each file in three parts (20 million sightings, 300 MB) risks took 1.9, inferences 2.2 and
patterns 2.4 times as long as with 2 GB."""

BYTES_A_VEHICLE = 100
"""What is laid together of each vehicle, within the memory allowed; where places are known, as much
again beyond it (6.5 million vehicles in 200 million sightings, ``--memory 2GB``)."""

LOADED_GB = 0.1
"""What the program holds with every measure loaded, as it was measured, beyond one verb alone."""

MOST_EXPONENT = 1.6
"""No fit over few sizes is trusted beyond this."""

Point = Mapping[str, Any]


def nearest(points: Sequence[Point], work: Mapping[str, int]) -> Point:
    """Find the measurement nearest to some work, in the logarithms of all that both know.

    Examples
    --------
    >>> sparse = {"rows": 2_000_000, "vehicles": 68_000, "encounters": 650_000}
    >>> dense = {"rows": 2_750_000, "vehicles": 41_000, "encounters": 7_800_000}
    >>> work = {"sightings": 2_000_000, "vehicles": 29_000, "encounters": 4_000_000}
    >>> nearest([sparse, dense], work) is dense
    True
    >>> nearest([sparse, dense], {"sightings": 2_000_000}) is sparse
    True
    """
    names = (("rows", "sightings"), ("vehicles", "vehicles"), ("encounters", "encounters"))

    def distance(point: Point) -> float:
        return sum(
            math.log(max(point[own], 1) / max(work[other], 1)) ** 2
            for own, other in names
            if own in point and other in work
        )

    return min(points, key=distance)


def grow_seconds(
    points: Sequence[Point], work: Mapping[str, int], again: float = 1.0
) -> tuple[float, str]:
    """Grow what the nearest measurement took; say from what, and how.

    What grows with the sightings is taken `again` times, see `reading_again`; encounters are not
    met again where files are read more than once.

    Examples
    --------
    >>> points = [{"rows": 1_000, "processor": 1.0}, {"rows": 2_000, "processor": 2.0}]
    >>> grow_seconds(points, {"sightings": 4_000})
    (4.0, 'on 2,000 sightings, grown with these to the power 1.00')
    """
    rows, met = max(work["sightings"], 1), work.get("encounters", 0)
    near = nearest(points, work)
    sizes, took = ([point[name] for point in points] for name in ("rows", "processor"))
    if "encounters" not in work:
        power = growth(sizes, took)
        grown = near["processor"] * (rows / near["rows"]) ** power * again
        return grown, f"on {near['rows']:,} sightings, grown with these to the power {power:.2f}"
    of_rows, of_met = split_growth(sizes, [point["encounters"] for point in points], took)
    fitted = of_rows * near["rows"] + of_met * near["encounters"]
    share = of_rows * near["rows"] / fitted
    parts = "all" if of_met == 0 else f"{share:.0%}"
    rest = "" if of_met == 0 else " and the rest with the encounters"
    return near["processor"] * (of_rows * rows * again + of_met * met) / fitted, (
        f"on {near['rows']:,} sightings with {near['encounters']:,} encounters, of which {parts} "
        f"grows with the sightings{rest}"
    )


def more_for_companions(
    companions: Sequence[Point],
    points: Sequence[Point],
    work: Mapping[str, int],
    again: float,
) -> tuple[float, str]:
    """Say what companions take beyond what a measure that includes them seems to, and from what.

    Companions were measured on more kinds of data than what includes them.

    Examples
    --------
    >>> sparse = {"rows": 2_000, "encounters": 60, "processor": 1.0}
    >>> dense = {"rows": 2_000, "encounters": 4_000, "processor": 50.0}
    >>> both = {**sparse, "processor": 3.0}
    >>> more_for_companions([sparse, dense], [both], {"sightings": 2_000, "encounters": 60}, 1.0)
    (0.0, '')
    """
    sizes = {(point["rows"], point["encounters"]) for point in points}
    included = [each for each in companions if (each["rows"], each["encounters"]) in sizes]
    if not included or nearest(companions, work) in included:
        return 0.0, ""
    took, how = grow_seconds(companions, work, again)
    more = max(took - grow_seconds(included, work, again)[0], 0.0)
    return more, f", and companions in it {how}"


def split_growth(
    rows: Sequence[float], met: Sequence[float], seconds: Sequence[float]
) -> tuple[float, float]:
    """Fit seconds as a sum of so many for each sighting and so many for each encounter.

    Each size counts alike (errors of the logarithms), and neither part is below nought.

    Examples
    --------
    >>> [round(each, 4) for each in split_growth([1e3, 1e4], [1e3, 1e5], [2.0, 110.0])]
    [0.001, 0.001]
    >>> [round(each, 4) for each in split_growth([1e3], [5.0], [2.0])]
    [0.002, 0.0]
    """
    took = np.log(np.maximum(np.array(seconds, float), 1e-3))
    size, meeting = np.array(rows, float), np.array(met, float)

    def errors(share: np.ndarray) -> np.ndarray:
        return took - np.log(share @ np.array([size, meeting]))

    def spread(weight: float) -> float:
        return float(np.var(errors(np.array([1.0, math.exp(weight)]))))

    # All with the sightings, in doubt; all with the encounters; or so much for one of both.
    ways = [np.array([1.0, 0.0])]
    if len(set(rows)) > 1:
        if meeting.all():
            ways.append(np.array([0.0, 1.0]))
        if meeting.any():
            weights = np.linspace(-14, 14, 113)
            best = weights[np.argmin([spread(weight) for weight in weights])]
            found = minimize_scalar(
                spread, bounds=(best - 0.3, best + 0.3), method="bounded", options={"xatol": 1e-10}
            )
            ways.append(np.array([1.0, math.exp(found.x)]))
    way = min(ways, key=lambda share: round(float(np.var(errors(share))), 12))
    of_rows, of_met = way * math.exp(float(np.mean(errors(way))))
    return float(of_rows), float(of_met)


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Fit the power of the size with which seconds grow; between 1 and `MOST_EXPONENT`.

    Examples
    --------
    >>> round(growth([1e6, 2e6], [1.0, 2.5]), 2), growth([1e6], [1.0])
    (1.32, 1.0)
    """
    if len(set(sizes)) < 2:
        return 1.0
    slope = np.polyfit(np.log(sizes), np.log(np.maximum(seconds, 1e-3)), 1)[0]
    return float(min(max(slope, 1.0), MOST_EXPONENT))


def reading_again(reads: float) -> float:
    """Say how many times the work takes if each file is read so often."""
    return 1 + AGAIN * (max(reads, 1.0) - 1)


def grow_memory(
    points: Sequence[Point],
    work: Mapping[str, int],
    allowed_gb: float,
    reads: float = 1.0,
    places: bool = False,
) -> tuple[float, float]:
    """Give the peak in GB, and what of it is beside the program and beyond what is allowed.

    Between sizes that were measured the peak is taken between theirs; beyond the largest only what
    is laid together of each vehicle grows, since parts grow no more. Parts that are cut hold less.

    Parameters
    ----------
    points : sequence of mapping
        Measurements; the program with next to nothing to do is what the least of them held.
    work : mapping
        Counts of sightings, and of vehicles if they are known.
    allowed_gb : float
        What may be held beside the program.
    reads : float
        Into how many parts each file is cut.
    places : bool
        Whether places of all vehicles are held.

    Examples
    --------
    >>> points = [{"rows": 1_000, "peak_gb": 0.5}, {"rows": 1_000_000, "peak_gb": 1.5}]
    >>> work = {"sightings": 1_000_000, "vehicles": 1_000_000}
    >>> [round(gb, 2) for gb in grow_memory(points, work, 2.0)]
    [1.5, 0.0]
    >>> [round(gb, 2) for gb in grow_memory(points, work, 0.5, places=True)]
    [1.0, 0.1]
    """
    seen: dict[float, float] = {}
    for point in points:
        size = math.log(max(point["rows"], 1))
        seen[size] = max(seen.get(size, 0.0), point.get("peak_gb", 0.0))
    least = min(seen.values())
    sizes = sorted(seen)
    rows = math.log(max(work["sightings"], 1))
    worked = (float(np.interp(rows, sizes, [seen[size] for size in sizes])) - least) / reads
    vehicles = work.get("vehicles", 0)
    known = max((point.get("vehicles", 0) for point in points), default=0)
    laid = BYTES_A_VEHICLE * max(vehicles - known, 0) / 1e9
    inside = min(worked + laid, allowed_gb)
    # As long as there is room, what is held of places is in the peak that was measured.
    over = BYTES_A_VEHICLE * vehicles / 1e9 if places else 0.0
    measured = min(over, BYTES_A_VEHICLE * known / 1e9, allowed_gb - inside)
    held = inside + over - measured
    return max(least - LOADED_GB, 0.0) + held, max(held - allowed_gb, 0.0)
