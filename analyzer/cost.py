"""What a verb will take: predicted from what was measured, before anything is computed.

The measurements (``cost_rates.json``) come from ``benchmarks/scale.py``: processor seconds and
peak memory of every verb on regions of several sizes. A prediction starts from the one that is
nearest in size, and grows it with the sightings (and with the encounters, where vehicles are
compared that meet).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.engine import get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.schema import Rows
from analyzer.sightings import Sightings

RATES = Path(__file__).parent / "cost_rates.json"
MEASURED_AS = {
    "verify": "report",
    "brief": "retention",
    "sharing": "compare",
    "case": "profile",
}
"""Verbs that run another verb's measure."""

MEETING = ("patterns", "companions", "report", "compare", "recommend")
"""Verbs whose work grows with encounters too."""

STEPS = {
    "grid": {"times": 6, "spaces": 4},
    "retention": {"windows": 6},
    "camera-count": {"shares": 4},
    "brief": {"windows": 2},
}
"""Options whose number multiplies the work, and how many were measured."""

ENCOUNTER_MS = 120_000
"""Two vehicles at one camera within this meet."""

COUNTERS = 1 << 22
"""Time bins that are counted at most; of more, an even share is drawn."""

MOST_EXPONENT = 1.6
"""No fit over few sizes is trusted beyond this."""


@dataclass(frozen=True)
class Cost:
    """What a verb will take.

    Attributes
    ----------
    verb : str
        The verb.
    work : dict
        What was counted: sightings, vehicles, cameras, encounters, steps.
    seconds : float or None
        Processor seconds, of all threads together; None where nothing was measured.
    memory_gb : float or None
        Peak memory of the process.
    how : str
        How the prediction was made.
    """

    verb: str
    work: dict[str, int]
    seconds: float | None
    memory_gb: float | None
    how: str = field(repr=False)

    def summary(self) -> str:
        """Tell in plain sentences what will be taken.

        Examples
        --------
        >>> print(Cost("risk", {"sightings": 1000}, 0.2, 0.31, "Guessed.").summary())
        risk: 1,000 sightings
        about 0.2 processor seconds and 0.3 GB
        Guessed.
        """
        work = ", ".join(f"{count:,} {name}" for name, count in self.work.items())
        lines = [f"{self.verb}: {work}"]
        if self.seconds is None:
            lines.append("seconds and memory cannot be predicted")
        else:
            lines.append(f"about {duration(self.seconds)} and {self.memory_gb:.1f} GB")
        return "\n".join([*lines, self.how])

    def to_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        return {"verb": self.verb, "work": self.work, "processor_seconds": self.seconds,
                "memory_gb": self.memory_gb, "how": self.how}  # fmt: skip


def duration(seconds: float) -> str:
    """Say processor time in a unit that one can imagine.

    Examples
    --------
    >>> duration(0.21), duration(300), duration(50_000)
    ('0.2 processor seconds', '5 processor minutes', '14 processor hours')
    """
    for size, unit in ((3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} processor {unit}"
    return f"{seconds:.1f} processor seconds"


def estimate_cost(
    verb: str,
    sightings: Sightings,
    options: Mapping[str, Any] | None = None,
    *,
    engine: Any = "local",
) -> Cost:
    """Predict what a verb will take on these sightings.

    Parameters
    ----------
    verb : str
        A verb of the command (``"risk"``), or ``"companions"``, ``"trips"``, ….
    sightings : Sightings
        The data; they are counted, and gone through once where encounters matter.
    options : mapping, optional
        The verb's options by name; only numbers of steps (windows, times) are looked at.
    engine : str or Engine
        Where encounters are counted.

    Examples
    --------
    >>> from analyzer.sightings import from_arrays
    >>> pair = from_arrays([0, 0, 1], [0, 60_000, 0], [0, 1, 0])
    >>> estimate_cost("risk", pair).work
    {'sightings': 3, 'vehicles': 2, 'cameras': 2}
    """
    work = {
        "sightings": len(sightings),
        "vehicles": sightings.n_vehicles,
        "cameras": sightings.n_cameras_seen,
    }
    if MEASURED_AS.get(verb, verb) in MEETING and len(sightings):
        work["encounters"] = count_encounters(sightings, engine)
    return _predict(verb, work, options or {})


def estimate_cost_of_rows(
    verb: str, rows: int, options: Mapping[str, Any] | None = None
) -> Cost:
    """Predict what a verb will take on so many sightings of which nothing else is known."""
    return _predict(verb, {"sightings": rows}, options or {})


def count_encounters(sightings: Sightings, engine: Any = "local") -> int:
    """Count about how often two vehicles pass a camera within two minutes, from counts alone.

    Examples
    --------
    >>> from analyzer.sightings import from_arrays
    >>> count_encounters(from_arrays([0, 1, 2], [0, 0, 0], [0, 0, 1]))
    2
    """
    first, last = sightings.span_ms
    cameras = len(sightings.camera_table)
    bins = (last - first) // ENCOUNTER_MS + 1
    every = max(1, math.ceil(cameras * bins / COUNTERS))
    shared = {"first": first, "every": every, "bins": bins // every + 1, "cameras": cameras}
    parts = sightings.parts("camera", "seen_at")
    total = np.zeros(cameras * shared["bins"], np.int64)
    runner = get_engine(engine)
    for start in range(0, len(parts), 8):
        for rows in runner.map(parts[start : start + 8], count_bins_of_part, shared):
            total[rows["bin"]] += rows["count"]
    # Within two minutes lie, on both sides, two bins' worth: twice the pairs inside a bin.
    return int((total * (total - 1)).sum()) * every


def count_bins_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count sightings by camera and two minutes, of every so many bins of two minutes one."""
    number = (rows["seen_at"] - broadcast["first"]) // ENCOUNTER_MS
    kept = number % broadcast["every"] == 0
    number = number[kept] // broadcast["every"]
    cell = rows["camera"][kept].astype(np.int64) * broadcast["bins"] + number
    cell, count = np.unique(cell, return_counts=True)
    return {"bin": cell, "count": count.astype(np.int64)}


def _predict(verb: str, work: dict[str, int], options: Mapping[str, Any]) -> Cost:
    rates = read_rates()
    measure = MEASURED_AS.get(verb, verb)
    points = [point for point in rates["points"] if point["measure"] == measure]
    work = dict(work)
    steps = _steps(verb, options)
    if steps != 1:
        work["steps"] = round(steps * math.prod(STEPS[verb].values()))
    if not points:
        return Cost(verb, work, None, None, "Nothing was measured of this verb.")
    meets = "encounters" in work

    def size(point: Mapping[str, Any]) -> float:
        return point["rows"] + (point["encounters"] if meets else 0)

    own = work["sightings"] + work.get("encounters", 0)
    nearest = min(points, key=lambda point: abs(math.log(size(point) / max(own, 1))))
    power = growth([size(point) for point in points], [point["processor"] for point in points])
    pace = machine_pace() / rates["pace"]
    seconds = nearest["processor"] * (max(own, 1) / size(nearest)) ** power * steps * pace
    grown = "sightings and encounters" if meets else "sightings"
    how = (
        f"From the processor seconds that this verb took on {nearest['rows']:,} sightings "
        f"(benchmarks/results/scale.md), grown with the {grown} to the power {power:.2f}, times "
        f"{pace:.2f} for this processor; the processors that work at once share them. What an "
        "attack has to try is counted when it starts, and refused where it would not end."
    )
    return Cost(verb, work, round(seconds, 2), round(_memory(points, work["sightings"]), 2), how)


def _steps(verb: str, options: Mapping[str, Any]) -> float:
    share = 1.0
    for name, measured in STEPS.get(verb, {}).items():
        given = options.get(name)
        share *= len(given) / measured if given else 1
    return share


def growth(sizes: list[float], seconds: list[float]) -> float:
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


def _memory(points: list[Mapping[str, Any]], rows: int) -> float:
    sizes, peaks = ([point[name] for point in points] for name in ("rows", "peak_gb"))
    if len(set(sizes)) < 2:
        return max(peaks)
    slope, base = np.polyfit(sizes, peaks, 1)
    return float(max(base + slope * rows, min(peaks)))


@cache
def read_rates() -> dict[str, Any]:
    """Read what was measured.

    Raises
    ------
    UsageError
        If the file that comes with the program is not there.
    """
    try:
        return json.loads(RATES.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"{RATES.name} is not there: install platerisk again") from None


@cache
def machine_pace() -> float:
    """Processor seconds that this machine takes to sort a million numbers."""
    numbers = np.random.default_rng(0).integers(0, 1 << 40, 1_000_000)
    best = math.inf
    for _ in range(3):
        begun = time.process_time()
        np.sort(numbers)
        best = min(best, time.process_time() - begun)
    return best
