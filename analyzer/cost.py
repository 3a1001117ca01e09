"""What a verb will take: predicted from what was measured, before anything is computed.

The measurements (``cost_rates.json``) come from ``benchmarks/scale.py``: processor seconds and
peak memory of every verb on regions of several sizes, of verbs that take risks for each kind of
risk. A prediction starts from the one that is nearest in size, and grows it with the sightings;
where vehicles are compared that meet, a part grows with the encounters, if that was seen to.
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
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.spill import parse_memory
from analyzer.errors import UsageError
from analyzer.schema import Rows
from analyzer.sightings import Sightings

RATES = Path(__file__).parent / "cost_rates.json"
MEASURED_AS = {
    "verify": "report",
    "sharing": "compare",
    "case": "profile",
}
"""Verbs that run another verb's measure."""

MEETING = ("patterns", "companions", "report", "compare", "recommend")
"""Verbs whose work grows with encounters too."""

STEPS = {
    "grid": {"times": 6, "spaces": 4},
    "retention": {"windows": 8, "open_for": 1},
    "compare": {"policies": 3},
    "camera-count": {"shares": 4},
    "brief": {"windows": 8},
}
"""Options whose number multiplies the work, and how many were measured."""

FIXED = {"compare": 0.5, "brief": 0.7}
"""The share of the work as measured that is done however many steps are asked for: the lengths that
all documents of one store show, or those of the rules."""

MEAN_KEPT, LONGEST_KEPT = 17, 180
"""Days that the policies measured kept on average, and the most that any is counted for."""

KINDS = {
    "homes": "places",
    "works": "places",
    "commutes": "places",
    "visits": "places",
    "companions": "companions",
    "linkage": "linkage",
    "predictability": "predictability",
}
"""What is measured of a risk together, since it rests on the same; singling out is the verb's own
measurement."""

USUAL_RISKS = {
    "compare": ("unicity", "homes", "works", "commutes", "companions", "linkage"),
    "sharing": ("unicity", "homes", "works", "commutes", "companions", "linkage"),
}
"""Risks that a verb looks at where none are named; of others that is being singled out."""

BYTES_A_VEHICLE = 400
"""What is held of each vehicle where parts are bounded: a report on 198.6 million sightings of some
6.7 million vehicles took about 5 GB with ``--memory 2GB``."""

LEAST_HELD_GB = 0.55
"""Beside the program, reports and risks of homes hold so much of millions of sightings, however
little is allowed."""

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
    >>> from analyzer.array_sightings import from_arrays
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
    >>> from analyzer.array_sightings import from_arrays
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
    known = {point["measure"] for point in rates["points"]}
    asked = _measures(verb, measure, options)
    measures = [each for each in asked if each in known]
    work = dict(work)
    steps = _steps(verb, options)
    if steps != 1:
        work["steps"] = round(_count(verb, options))
    if not measures:
        return Cost(verb, work, None, None, "Nothing was measured of what is asked.")
    pace = machine_pace() / rates["pace"]
    seconds, memory, grown = 0.0, 0.0, []
    for each in measures:
        points = [point for point in rates["points"] if point["measure"] == each]
        took, how = _seconds(points, work)
        seconds += took * steps * pace
        memory = max(memory, _memory(points, work, options.get("memory")))
        grown.append(f"{each} {how}")
    absent = [each for each in asked if each not in known]
    how = (
        "From the processor seconds that this work took (benchmarks/results/scale.md): "
        f"{'; '.join(grown)}; times {pace:.2f} for this processor; the processors that work at "
        "once share them. What an attack has to try is counted when it starts, and refused where "
        "it would not end."
    )
    if absent:
        how += f" Not measured, and not in these figures: {', '.join(absent)}."
    return Cost(verb, work, round(seconds, 2), round(memory, 2), how)


def _measures(verb: str, measure: str, options: Mapping[str, Any]) -> list[str]:
    """Name the measurements that make up what is asked for."""
    risks = options.get("risks") or USUAL_RISKS.get(verb, ())
    targets = options.get("targets") or ()
    risks = [*risks, *(str(target).partition("=")[0] for target in targets)]
    if options.get("sites") and measure in ("retention", "compare"):
        risks = [*(risks or ["unicity"]), "visits"]
    kinds = dict.fromkeys(KINDS.get(risk) for risk in risks)
    return [measure if kind is None else f"{measure}: {kind}" for kind in kinds] or [measure]


def _seconds(points: list[Mapping[str, Any]], work: Mapping[str, int]) -> tuple[float, str]:
    """Grow what was measured nearest in size; say from what, and how."""
    rows, met = max(work["sightings"], 1), work.get("encounters", 0)
    nearest = min(points, key=lambda point: abs(math.log(point["rows"] / rows)))
    if "encounters" not in work:
        power = growth([point["rows"] for point in points],
                       [point["processor"] for point in points])  # fmt: skip
        took = nearest["processor"] * (rows / nearest["rows"]) ** power
        return took, f"on {nearest['rows']:,} sightings, grown with these to the power {power:.2f}"
    of_rows, of_met = split_growth(
        [point["rows"] for point in points],
        [point["encounters"] for point in points],
        [point["processor"] for point in points],
    )
    fitted = of_rows * nearest["rows"] + of_met * nearest["encounters"]
    took = nearest["processor"] * (of_rows * rows + of_met * met) / fitted
    return took, (
        f"on {nearest['rows']:,} sightings, of which {of_rows * nearest['rows'] / fitted:.0%} "
        "grows with the sightings and the rest with the encounters"
    )


def split_growth(
    rows: list[float], met: list[float], seconds: list[float]
) -> tuple[float, float]:
    """Fit seconds as a sum of so many for each sighting and so many for each encounter.

    Each size counts alike (errors in proportion), and neither part is below nought.

    Examples
    --------
    >>> [round(each, 4) for each in split_growth([1e3, 1e4], [1e3, 1e5], [2.0, 110.0])]
    [0.001, 0.001]
    >>> split_growth([1e3], [5.0], [2.0])
    (0.002, 0.0)
    """
    took = np.maximum(np.array(seconds, float), 1e-3)
    terms = np.column_stack([rows, met]) / took[:, None]
    one = np.ones(len(took))
    if len(set(rows)) > 1:
        found = np.linalg.lstsq(terms, one, rcond=None)[0]
        if (found >= -1e-15).all():
            return float(max(found[0], 0.0)), float(max(found[1], 0.0))
    # One part alone: the one that is nearer to what was measured, of the sightings in doubt.
    alone = [float(term @ one / (term @ term)) if term.any() else 0.0 for term in terms.T]
    errors = ((terms * alone - one[:, None]) ** 2).sum(axis=0)
    return (alone[0], 0.0) if errors[0] <= errors[1] else (0.0, alone[1])


def _count(verb: str, options: Mapping[str, Any]) -> float:
    return math.prod(
        _number(options.get(name) or ()) or measured for name, measured in STEPS[verb].items()
    )


def _number(steps: Any) -> float:
    """Count steps; policies by the days that they keep, since those are what is looked at."""
    if not isinstance(steps, Mapping):
        return len(steps)
    kept = [LONGEST_KEPT if policy.days is None else policy.days for policy in steps.values()]
    return max(sum(min(days, LONGEST_KEPT) / MEAN_KEPT for days in kept), len(steps) / 3)


def _steps(verb: str, options: Mapping[str, Any]) -> float:
    """Say how much of what was measured so many steps are."""
    if verb not in STEPS:
        return 1.0
    fixed = FIXED.get(verb, 0.0)
    return fixed + (1 - fixed) * _count(verb, options) / math.prod(STEPS[verb].values())


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


def _memory(
    points: list[Mapping[str, Any]], work: Mapping[str, int], allowed: str | int | None
) -> float:
    """Give the peak in GB: what grows with the sightings, until the memory allowed bounds it."""
    seen = [point for point in points if "peak_gb" in point]
    sizes, peaks = ([point[name] for point in seen] for name in ("rows", "peak_gb"))
    if len(set(sizes)) < 2:
        grown = base = max(peaks)
    else:
        slope, base = np.polyfit(sizes, peaks, 1)
        grown = max(base + slope * work["sightings"], min(peaks))
    bound = max(parse_memory(DEFAULT_MEMORY if allowed is None else allowed) / 1e9, LEAST_HELD_GB)
    held = BYTES_A_VEHICLE * work.get("vehicles", 0) / 1e9
    return float(min(grown, max(base, 0.0) + bound + held))


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
    """Processor seconds that this machine takes to sort a million numbers, one by one.

    The stable sort compares two numbers at a time, as kernels do; the other one runs several times
    as fast on processors with wide registers, which says nothing about them.
    """
    numbers = np.random.default_rng(0).integers(0, 1 << 40, 1_000_000)
    best = math.inf
    for _ in range(3):
        begun = time.process_time()
        np.sort(numbers, kind="stable")
        best = min(best, time.process_time() - begun)
    return best
