"""A trace and a vehicle: which vehicle was seen where and when a traveller passed a camera.

A sighting speaks for a vehicle if the traveller passed that camera then; it speaks against it if
the traveller is known to have been elsewhere, and so does a pass in which others were seen but not
it. How strongly a pass speaks depends on how many vehicles were seen in it. The same trace shifted
by whole days, which no vehicle can really have followed, says how well a wrong vehicle fits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.risk.linkage_result import Linkage, share_columns
from analyzer.risk.trace_points import Passes, Trace, find_passes, find_spans
from analyzer.schema import Rows, concatenate
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WITHIN_M = 300.0
"""So near a camera the traveller may have been seen by it."""

ELSEWHERE_M = 1_500.0
"""So far from a camera the traveller was not seen by it."""

MARGIN_MS = 2 * MINUTE_MS
"""Clocks of telephones and cameras may differ by so much."""

SEEN = 0.8
"""Belief that a camera sees the vehicle that passes it."""

MISREAD = 0.02
"""Belief that a sighting of a vehicle is of another one."""

SHIFTS = 20
"""The trace is shifted by up to so many different numbers of days."""

_NAT = 1 << 16


@dataclass(frozen=True)
class TraceLinkage(Linkage):
    """Which vehicle a traveller's trace fits; about single vehicles, so never to be published.

    Attributes
    ----------
    points, hours : int, float
        Points of the trace, and hours in which it is known where the traveller was.
    passes : int
        Times the traveller passed a camera while the data were recorded.
    vehicles : int
        Vehicles in the data.
    fitting : int
        Vehicles seen in at least one pass and never where the traveller was not.
    score, second : float
        Evidence for the best vehicle and for the second, in nats: above zero, what was seen is
        likelier of the traveller's vehicle than of one of the traffic. NaN without one.
    false_match : Estimate
        Share of shifted traces that some other vehicle fits as well as the best fits the true one.
    shifts : tuple of int
        Days by which the trace was shifted.
    synthetic : bool
        Whether the data are synthetic.
    """

    points: int
    hours: float
    passes: int
    vehicles: int
    fitting: int
    score: float
    second: float
    false_match: Estimate
    shifts: tuple[int, ...]
    synthetic: bool = False
    _matches: pd.DataFrame = field(default=None, repr=False, compare=False)

    @property
    def matches(self) -> pd.DataFrame:
        """Vehicles that were seen in a pass, the best first: internal, about single vehicles.

        ``vehicle``, ``rank`` (ties take the mean), ``score``, ``passes_seen``, ``elsewhere``
        (sightings where the traveller was not).
        """
        if self._matches is None:
            raise UsageError("matches of single vehicles are left out of what may be published")
        return self._matches.copy()

    def summary(self) -> str:
        """Tell the result in plain sentences, without naming a vehicle."""
        lines = [
            f"The trace holds {self.points:,} points; for {self.hours:,.1f} hours it is known "
            f"where the traveller was, who passed cameras {self.passes:,} times."
        ]
        if not self.passes:
            lines.append(
                "Without a pass nothing can be matched: the trace lies outside the time of the "
                f"data, or farther than {WITHIN_M:.0f} m from every camera whose position is known."
            )
        elif not np.isfinite(self.score):
            lines.append("No vehicle was seen in any of the passes.")
        else:
            lines.append(
                f"Of {self.vehicles:,} vehicles, {self.fitting:,} were seen in a pass and nowhere "
                f"else meanwhile. The best has evidence of {self.score:.1f} nats, the second "
                f"{self.second:.1f} (below zero a vehicle fits no better than the traffic)."
                if np.isfinite(self.second)
                else f"Of {self.vehicles:,} vehicles, {self.fitting:,} were seen in a pass and "
                f"nowhere else meanwhile. The best has evidence of {self.score:.1f} nats; no other "
                "was seen in a pass."
            )
            if self.false_match.is_measured:
                lines.append(
                    f"Shifted by whole days, {self.false_match.percent('traces')} fit some other "
                    "vehicle as well: so often the best is a wrong one."
                )
            else:
                lines.append(
                    "How often a wrong vehicle fits as well cannot be measured: the data are too "
                    "short to shift the trace by whole days."
                )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures as one row, without vehicles; see ``matches`` for those."""
        return pd.DataFrame(
            [
                {
                    "points": self.points,
                    "hours": self.hours,
                    "passes": self.passes,
                    "vehicles": self.vehicles,
                    "fitting": self.fitting,
                    "score": self.score,
                    "second": self.second,
                    **share_columns(self.false_match),
                }
            ]
        )

    def plot(self) -> Axes:
        """Draw the evidence for the best twenty vehicles, without their names."""
        from analyzer.charts import ACCENT, new_axes

        axes = new_axes()
        scores = self._matches["score"].to_numpy(float)[:20]
        axes.bar(np.arange(1, len(scores) + 1), scores, color=ACCENT)
        axes.set(xlabel="Vehicles, the best first", ylabel="Evidence in nats")
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON-able fields, without vehicles."""
        return {
            "points": self.points,
            "hours": self.hours,
            "passes": self.passes,
            "vehicles": self.vehicles,
            "fitting": self.fitting,
            "score": self.score if np.isfinite(self.score) else None,
            "second": self.second if np.isfinite(self.second) else None,
            "false_match": self.false_match.to_dict(),
            "shifts": list(self.shifts),
            "synthetic": self.synthetic,
        }


def match_trace(sightings: Sightings, trace: Trace, engine: Engine) -> TraceLinkage:
    """Find the vehicles that a trace fits, and how well a wrong one would.

    Parameters
    ----------
    sightings : Sightings
        The population.
    trace : Trace
        Of the traveller.
    engine : Engine
        Where the parts are worked on.

    Returns
    -------
    TraceLinkage

    Raises
    ------
    UsageError
        If the trace is empty, or no camera has a position.
    """
    table = sightings.camera_table
    lat, lon = table["lat"].to_numpy(float), table["lon"].to_numpy(float)
    if not len(trace.times):
        raise UsageError("the trace has no points")
    if np.isnan(lat).all():
        raise UsageError(
            "no camera has a position, so a trace cannot be matched; read the sightings with "
            "cameras=FILE (--cameras): camera, lat, lon"
        )
    shifts = (0, *_shifts(trace, *sightings.span_ms))
    passes = find_passes(trace, lat, lon, WITHIN_M, MARGIN_MS)
    shared = {
        "shifts": np.array(shifts, np.int64) * DAY_MS,
        "passes": passes,
        "near": find_passes(trace, lat, lon, ELSEWHERE_M, MARGIN_MS),
        "spans": find_spans(trace),
    }
    rows = concatenate(engine.map(sightings.parts(), fit_in_part, shared))
    scored = [
        _score(rows, number, len(passes.camera), sightings.n_vehicles)
        for number in range(len(shifts))
    ]
    own = scored[0]
    order = np.lexsort([own["vehicle"], -own["score"]])
    own = {name: column[order] for name, column in own.items()}
    found = len(order) > 0
    others = [_best_but(each, own["vehicle"][0]) for each in scored[1:]] if found else []
    false_match = wilson(
        sum(best >= own["score"][0] for best in others) if found else 0,
        len(others),
        method="share of traces, shifted by whole days, that some other vehicle fits as well",
    )
    first, last = sightings.span_ms
    within = (passes.ends >= first) & (passes.begins <= last)
    begins, ends = find_spans(trace)
    return TraceLinkage(
        points=len(trace.times),
        hours=float((ends - begins).sum() / HOUR_MS),
        passes=int(np.count_nonzero(within)),
        vehicles=sightings.n_vehicles,
        fitting=int(np.count_nonzero(own["elsewhere"] == 0)),
        score=float(own["score"][0] / _NAT) if found else np.nan,
        second=float(own["score"][1] / _NAT) if len(order) > 1 else np.nan,
        false_match=false_match,
        shifts=shifts[1:],
        synthetic=sightings.synthetic,
        _matches=_table(own, sightings),
    )


def fit_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Find the passes in which each vehicle of a part was seen, and its sightings elsewhere.

    Returns
    -------
    Rows
        ``vehicle``, ``shift`` (its number), ``pass`` (-1: elsewhere), ``count``; of vehicles seen
        in at least one pass of that shift.
    """
    vehicle, shift, number, count = _fit(
        rows["vehicle"],
        rows["seen_at"],
        rows["camera"],
        broadcast["shifts"],
        broadcast["passes"],
        broadcast["near"],
        broadcast["spans"],
    )
    return {"vehicle": vehicle, "shift": shift, "pass": number, "count": count}


def _shifts(trace: Trace, first: int, last: int) -> list[int]:
    """Days by which the trace can be shifted with at least half of it inside the data."""
    covered = np.count_nonzero((trace.times >= first) & (trace.times <= last))
    found = []
    for days in range(1, int((last - first) // DAY_MS) + 1):
        for signed in (days, -days):
            moved = trace.times + signed * DAY_MS
            inside = np.count_nonzero((moved >= first) & (moved <= last))
            if 2 * inside >= covered > 0 and len(found) < SHIFTS:
                found.append(signed)
    return found


def _score(rows: Rows, shift: int, n_passes: int, n_vehicles: int) -> dict[str, np.ndarray]:
    """Add up the evidence for each vehicle seen in a pass of one shift."""
    chosen = rows["shift"] == shift
    vehicle, number, count = (rows[name][chosen] for name in ("vehicle", "pass", "count"))
    seen = number >= 0
    holders = np.bincount(number[seen], minlength=n_passes)
    # One more of both: a pass in which a single vehicle was seen is rare, not impossible.
    usual = np.minimum((holders + 1) / (n_vehicles + 2), SEEN)
    unseen = np.rint(_NAT * np.log((1 - SEEN) / (1 - usual))).astype(np.int64)
    # Where nobody was seen, the camera may have been off: it speaks neither for nor against.
    missed_all = int(unseen[holders > 0].sum())
    weight = np.rint(_NAT * np.log(SEEN / usual)).astype(np.int64) - unseen
    against = round(_NAT * np.log(MISREAD))
    gain = np.full(len(vehicle), against, np.int64) * count
    gain[seen] = weight[number[seen]]
    vehicles, row = np.unique(vehicle, return_inverse=True)
    total = np.full(len(vehicles), missed_all)
    np.add.at(total, row, gain)
    return {
        "vehicle": vehicles,
        "score": total,
        "passes_seen": np.bincount(row[seen], minlength=len(vehicles)),
        "elsewhere": np.bincount(row, np.where(seen, 0, count), len(vehicles)).astype(np.int64),
    }


def _best_but(scored: dict[str, np.ndarray], vehicle: int) -> int:
    """Best score of another vehicle: the best one's habits would be near the shifted trace."""
    others = scored["score"][scored["vehicle"] != vehicle]
    return int(others.max()) if len(others) else int(np.iinfo(np.int64).min)


def _table(own: dict[str, np.ndarray], sightings: Sightings) -> pd.DataFrame:
    rank = pd.Series(-own["score"]).rank(method="average").to_numpy()
    return pd.DataFrame(
        {
            "vehicle": sightings.vehicle_names(own["vehicle"]),
            "rank": rank,
            "score": own["score"] / _NAT,
            "passes_seen": own["passes_seen"],
            "elsewhere": own["elsewhere"],
        }
    )


@numba.njit(cache=True, nogil=True)
def _interval(begins: np.ndarray, ends: np.ndarray, low: int, high: int, time: int) -> int:
    """Position of the interval in ``low..high`` that holds a time; -1 if none does."""
    while low < high:
        middle = (low + high) >> 1
        if ends[middle] < time:
            low = middle + 1
        else:
            high = middle
    return low if low < len(begins) and begins[low] <= time <= ends[low] else -1


@numba.njit(cache=True, nogil=True)
def _of_camera(passes: Passes, camera: int, time: int) -> int:
    low = np.searchsorted(passes.camera, camera)
    high = np.searchsorted(passes.camera, camera, side="right")
    if low == high:
        return -1
    found = _interval(passes.begins, passes.ends, low, high, time)
    return found if found < high else -1


@numba.njit(cache=True, nogil=True)
def _fit(
    vehicle: np.ndarray,
    seen_at: np.ndarray,
    camera: np.ndarray,
    shifts: np.ndarray,
    passes: Passes,
    near: Passes,
    spans: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    vehicles, shift_numbers = [np.int32(0) for _ in range(0)], [np.int32(0) for _ in range(0)]
    numbers, counts = [np.int32(0) for _ in range(0)], [np.int32(0) for _ in range(0)]
    in_pass = np.empty(len(passes.camera), np.int32)
    start = 0
    while start < len(vehicle):
        stop = start + 1
        while stop < len(vehicle) and vehicle[stop] == vehicle[start]:
            stop += 1
        for number in range(len(shifts)):
            n_in_pass = 0
            elsewhere = 0
            for i in range(start, stop):
                time = seen_at[i] - shifts[number]
                known = _interval(spans[0], spans[1], 0, len(spans[0]), time) >= 0
                found = _of_camera(passes, camera[i], time)
                if found >= 0:
                    fresh = True
                    for j in range(n_in_pass):
                        fresh = fresh and in_pass[j] != found
                    if fresh:
                        in_pass[n_in_pass] = found
                        n_in_pass += 1
                elif known and _of_camera(near, camera[i], time) < 0:
                    elsewhere += 1
            for j in range(n_in_pass):
                vehicles.append(vehicle[start])
                shift_numbers.append(np.int32(number))
                numbers.append(in_pass[j])
                counts.append(np.int32(1))
            if n_in_pass and elsewhere:
                vehicles.append(vehicle[start])
                shift_numbers.append(np.int32(number))
                numbers.append(np.int32(-1))
                counts.append(np.int32(elsewhere))
        start = stop
    return (
        np.array(vehicles, np.int32),
        np.array(shift_numbers, np.int32),
        np.array(numbers, np.int32),
        np.array(counts, np.int32),
    )
