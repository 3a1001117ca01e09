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

from analyzer.cost_asked import count_steps, measures_asked, share_asked, share_of_targets
from analyzer.cost_growth import grow_memory, grow_seconds, more_for_companions, reading_again
from analyzer.engine import get_engine
from analyzer.engine.base import Broadcast, bytes_of
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.spill import parse_memory
from analyzer.engine.turns import map_in_turns
from analyzer.errors import UsageError
from analyzer.schema import Rows
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS

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

PLACED = ("patterns", "inference", "profile", "report", "brief")
"""What knows places of all vehicles, besides those measurements that are named for it."""

SPARK_STARTS = (14, 22)
"""Processor seconds before Spark works, if the rates have none: it starts, its workers load the
kernels, and a first run (scale.md)."""

STARTS = 1.5
"""Processor seconds in which a verb starts, if the rates have none: the middle of what verbs took
on 60 vehicles from the shell (scale.md, cold start)."""

SMALL = 20
"""What takes so many times as long as the program starts need not be told of that."""

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
    start : float or None
        Processor seconds in which the program starts, before that work.
    """

    verb: str
    work: dict[str, int]
    seconds: float | None
    memory_gb: float | None
    how: str = field(repr=False)
    beyond_gb: float = field(default=0.0, repr=False)
    refused: str = ""
    start: float | None = None

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
            starts = ""
            if self.start is not None and self.seconds < SMALL * self.start:
                starts = f"; starting takes about {self.start:.0f} s more"
            lines.append(f"about {duration(self.seconds)} and {self.memory_gb:.1f} GB{starts}")
        return "\n".join([*lines, self.how])

    def to_dict(self) -> dict[str, Any]:
        """Give the fields for JSON."""
        given = {"verb": self.verb, "work": self.work, "processor_seconds": self.seconds,
                 "start_seconds": self.start, "memory_gb": self.memory_gb,
                 "how": self.how}  # fmt: skip
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
    first, last = sightings.span_ms if len(sightings) else (0, 0)
    days = (last - first) // DAY_MS + 1
    return _predict(verb, work, options or {}, _reads(sightings, options or {}), days)


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
    verb: str,
    work: dict[str, int],
    options: Mapping[str, Any],
    reads: float = 1.0,
    days: int | None = None,
) -> Cost:
    rates = read_rates()
    measure = MEASURED_AS.get(verb, verb)
    known: dict[str, list[Mapping[str, Any]]] = {}
    for point in rates["points"]:
        known.setdefault(point["measure"], []).append(point)
    asked = measures_asked(verb, measure, options)
    work = dict(work)
    if steps := count_steps(verb, options):
        work["steps"] = steps
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
        drawn, spared = share_of_targets(each, options, work.get("vehicles"))
        seconds += took * share_asked(verb, each, options, days) * drawn * pace
        peak, over = grow_memory(known[like[0]], work, allowed, reads, _holds_places(each))
        memory, beyond = max(memory, peak), max(beyond, over)
        grown.append(f"{each} {how}{spared}")
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
        measured = rates.get("spark_starts")
        least, most = [each * pace for each in measured] if measured else SPARK_STARTS
        seconds += (least + most) / 2
        how += (
            f" Starting Spark takes {least:.0f} to {most:.0f} processor seconds, half "
            "way between which is in these figures; the rest was measured in one process, and took "
            "1 to 9 times that on Spark at half a million and at two million sightings."
        )
    if absent:
        how += f" Not measured, and not in these figures: {', '.join(absent)}."
    starts = rates.get("starts", {}).get(verb)
    start = STARTS if starts is None else round(starts * pace, 1)
    return Cost(
        verb, work, round(seconds, 2), round(memory, 2), how, round(beyond, 3), start=start
    )


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
