"""What a verb will take: predicted from what was measured, before anything is computed.

The measurements (``cost_rates.json``) come from ``benchmarks/scale.py``: processor seconds and
peak memory of every verb on regions of several sizes, of verbs that take risks for each kind of
risk. `analyzer.cost_growth` grows them to the sightings, vehicles and encounters that are counted
here.
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

from analyzer.cost_growth import grow_memory, grow_seconds, more_for_companions, reading_again
from analyzer.engine import get_engine
from analyzer.engine.base import Broadcast, bytes_of
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.spill import parse_memory
from analyzer.engine.turns import map_in_turns
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

MEETING = (
    "patterns", "companions", "report", "compare", "recommend", "profile", "grid", "camera-count",
)  # fmt: skip
"""Verbs whose work grows with encounters too: of each size of a region up to 20 million sightings,
predicted from the others, grids are off by 1.6 times with encounters and 2.2 times without, camera
counts by 1.5 and 1.7. Retention is not nearer with them."""

COMPANIONS_IN = ("patterns", "profile", "report")
"""What looks for companions of all vehicles among other things: where vehicles meet again and again
(two million dense sightings), that takes most of the time."""

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

PLACED = ("patterns", "inference", "profile", "report", "brief")
"""What knows places of all vehicles, besides those measurements that are named for it."""

SPARK_STARTS = (14, 22)
"""Processor seconds before Spark works: it starts, its workers load the kernels."""

ENCOUNTER_MS = 120_000
"""Two vehicles at one camera within this meet."""

COUNTERS = 1 << 22
"""Time bins that are counted at most; of more, an even share is drawn."""


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
    beyond_gb : float
        What of the peak is beside the program and beyond the memory that was allowed.
    refused : str
        Why the work would be refused, if that is known; nothing is then taken.
    """

    verb: str
    work: dict[str, int]
    seconds: float | None
    memory_gb: float | None
    how: str = field(repr=False)
    beyond_gb: float = field(default=0.0, repr=False)
    refused: str = ""

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
        if self.refused:
            return "\n".join([*lines, f"it would be refused: {self.refused}"])
        if self.seconds is None:
            lines.append("seconds and memory cannot be predicted")
        else:
            lines.append(f"about {duration(self.seconds)} and {self.memory_gb:.1f} GB")
        return "\n".join([*lines, self.how])

    def to_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        given = {"verb": self.verb, "work": self.work, "processor_seconds": self.seconds,
                 "memory_gb": self.memory_gb, "how": self.how}  # fmt: skip
        return {**given, "refused": self.refused} if self.refused else given


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
        The verb's options by name: numbers of steps (windows, times), risks and targets, the
        memory allowed, and the engine where it is not this process.
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
    return _predict(verb, work, options or {}, _reads(sightings, options or {}))


def _reads(sightings: Sightings, options: Mapping[str, Any]) -> float:
    """Say how often each file is read: once for each of the parts that memory cuts it into."""
    if options.get("engine") == "spark" or not len(sightings):
        return 1.0
    cut = sightings.within(options.get("memory") or DEFAULT_MEMORY)
    stored = sightings.store.parts(("vehicle",))
    return max(1.0, len(cut.parts()) / max(len(stored), 1))


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
    every = min(max(1, math.ceil(cameras * bins / COUNTERS)), bins)
    blocks = -(-bins // every)
    # The last block may be cut short, and what is drawn of it lie beyond.
    last_of = (np.arange(cameras) + 1) * blocks - 1
    in_last = _drawn(last_of, every) < bins - (blocks - 1) * every
    drawn = cameras * (blocks - 1) + int(in_last.sum())
    shared = {"first": first, "every": every, "blocks": blocks}
    parts = sightings.parts("camera", "seen_at")
    total = np.zeros(cameras * blocks, np.int64)
    # At the worst, each sighting of a part has a bin of its own.
    each = 2 * max(map(bytes_of, parts), default=0)
    for rows in map_in_turns(
        get_engine(engine), parts, count_bins_of_part, shared, bytes_each=each
    ):
        total[rows["bin"]] += rows["count"]
    # Within two minutes lie, on both sides, two bins' worth: twice the pairs inside a bin.
    return round(int((total * (total - 1)).sum()) * cameras * bins / drawn)


def count_bins_of_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count sightings by camera and two minutes, one drawn of so many adjacent bins."""
    number = (rows["seen_at"] - broadcast["first"]) // ENCOUNTER_MS
    block, place = np.divmod(number, broadcast["every"])
    cell = rows["camera"].astype(np.int64) * broadcast["blocks"] + block
    cell = cell[place == _drawn(cell, broadcast["every"])]
    cell, count = np.unique(cell, return_counts=True)
    return {"bin": cell, "count": count.astype(np.int64)}


def _drawn(cell: np.ndarray, every: int) -> np.ndarray:
    """Draw by hash which one of so many adjacent bins counts of a camera.

    The same place in all of them would be the same hours of the day, where so many make days. The
    hash is that of `analyzer.risk.draw` (splitmix64), which lies on a higher floor.
    """
    bits = cell.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((bits ^ (bits >> np.uint64(31))) % np.uint64(every)).astype(np.int64)


def _predict(
    verb: str, work: dict[str, int], options: Mapping[str, Any], reads: float = 1.0
) -> Cost:
    rates = read_rates()
    measure = MEASURED_AS.get(verb, verb)
    known: dict[str, list[Mapping[str, Any]]] = {}
    for point in rates["points"]:
        known.setdefault(point["measure"], []).append(point)
    asked = _measures(verb, measure, options)
    work = dict(work)
    steps = _steps(verb, options)
    if steps != 1:
        work["steps"] = round(_count(verb, options))
    pace = machine_pace() / rates["pace"]
    again = reading_again(reads)
    allowed = parse_memory(options.get("memory") or DEFAULT_MEMORY) / 1e9
    seconds, memory, beyond, grown, absent = 0.0, 0.0, 0.0, [], []
    for each in asked:
        like = _like(each, known)
        if not like:
            absent.append(each)
            continue
        took, how = grow_seconds(known[like[0]], work, again)
        if len(like) > 1:
            times = grow_seconds(known[like[1]], work)[0] / grow_seconds(known[like[2]], work)[0]
            took *= times
            how = f"not measured; taken as {times:.1f} times {verb}, as {like[1]} is of {like[2]}"
        elif each in COMPANIONS_IN and "encounters" in work and "companions" in known:
            more, said = more_for_companions(known["companions"], known[each], work, again)
            took, how = took + more, how + said
        seconds += took * steps * pace
        peak, over = grow_memory(known[like[0]], work, allowed, reads, _holds_places(each))
        memory, beyond = max(memory, peak), max(beyond, over)
        grown.append(f"{each} {how}")
    if not grown:
        return Cost(verb, work, None, None, "Nothing was measured of what is asked.")
    how = (
        "From the processor seconds that this work took (benchmarks/results/scale.md): "
        f"{'; '.join(grown)}; times {pace:.2f} for this processor; the processors that work at "
        "once share them."
    )
    if any(each.endswith("linkage") for each in asked):
        how += (
            " What linkage has to compare is counted when it starts, and refused where it would "
            "not end."
        )
    if reads > 1:
        how += (
            f" So little memory cuts every file into {reads:.0f} parts, and each file is read once "
            f"for each of them: what grows with the sightings is taken {again:.1f} times for that."
        )
    if options.get("engine") == "spark":
        seconds += sum(SPARK_STARTS) / 2
        how += (
            f" Starting Spark takes {SPARK_STARTS[0]} to {SPARK_STARTS[1]} processor seconds, half "
            "way between which is in these figures; the rest was measured in one process, and took "
            "2 to 20 times that on Spark at half a million sightings."
        )
    if absent:
        how += f" Not measured, and not in these figures: {', '.join(absent)}."
    return Cost(verb, work, round(seconds, 2), round(memory, 2), how, round(beyond, 3))


def _like(measure: str, known: Mapping[str, Any]) -> list[str]:
    """Name what a measure is predicted from: itself; or what a verb took, and two for a ratio."""
    if measure in known:
        return [measure]
    verb, _, kind = measure.partition(": ")
    like = [verb, f"compare: {kind}", "compare"]
    return like if verb == "recommend" and all(each in known for each in like) else []


def _holds_places(measure: str) -> bool:
    verb, _, kind = measure.partition(": ")
    return kind == "places" or verb in (*PLACED, "places", "commutes", "meetings")


def _measures(verb: str, measure: str, options: Mapping[str, Any]) -> list[str]:
    """Name the measurements that make up what is asked for."""
    risks = options.get("risks") or USUAL_RISKS.get(verb, ())
    targets = options.get("targets") or ()
    risks = [*risks, *(str(target).partition("=")[0] for target in targets)]
    if options.get("sites") and measure in ("retention", "compare"):
        risks = [*(risks or ["unicity"]), "visits"]
    kinds = dict.fromkeys(KINDS.get(risk) for risk in risks)
    return [measure if kind is None else f"{measure}: {kind}" for kind in kinds] or [measure]


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
