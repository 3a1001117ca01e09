"""Clock faults: what is wrong with a camera's clock, from when to when, and how to set it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS


@dataclass(frozen=True)
class ClockFault:
    """A clock that is wrong, for as long as one line describes how wrong.

    Attributes
    ----------
    camera : int
        Code of the camera.
    since_ms : int
        Instant (ms, as the clock showed it) to which the offset belongs.
    offset_ms : float
        How far the clock was ahead then (negative: behind).
    drift_ppm : float
        How fast it gains (negative: loses), in millionths; 0 where no drift shows.
    until_ms : int
        Last instant that is meant.
    error_ms : float
        How uncertain the offset in the middle of that time is (95 %, half the width).
    n : int
        Passages that the estimate rests on.
    from_start, to_end : bool
        Whether the fault was there from the first row of the camera, and until the last one.
    confirmed : bool
        Whether the times of vehicles that were set aside become more likely by the correction. A
        fault that is not confirmed is reported and never set right.
    """

    camera: int
    since_ms: int
    offset_ms: float
    drift_ppm: float
    until_ms: int
    error_ms: float
    n: int
    from_start: bool = True
    to_end: bool = True
    confirmed: bool = False

    def offset_at(self, times: np.ndarray) -> np.ndarray:
        """Give how far the clock is ahead when it shows these times (ms)."""
        shift = self.offset_ms + (np.asarray(times) - self.since_ms) * self.drift_ppm / 1e6
        return np.round(shift).astype(np.int64)

    def covers(self, times: np.ndarray) -> np.ndarray:
        """Say which of these times (ms, as the clock showed them) are meant."""
        inside = np.ones(len(times), bool)
        if not self.from_start:
            inside &= times >= self.since_ms
        if not self.to_end:
            inside &= times <= self.until_ms
        return inside

    @property
    def end_offset_ms(self) -> float:
        """How far the clock is ahead at the end."""
        return self.offset_ms + (self.until_ms - self.since_ms) * self.drift_ppm / 1e6

    def describe(self, name: str) -> str:
        """Say what is wrong, in one sentence."""
        n = f"passages: {self.n:,}"
        error = f"± {self.error_ms / MINUTE_MS:.1f} min"
        when = ""
        if not self.from_start:
            when += f" from {_instant(self.since_ms)} on"
        if not self.to_end:
            when += f" until {_instant(self.until_ms)}"
        if not self.drift_ppm:
            return f"the clock of camera {name} is {_span(self.offset_ms)}{when}, {error} ({n})"
        daily = self.drift_ppm * DAY_MS / 1e9
        return (
            f"the clock of camera {name} drifts by {daily:+.1f} s a day{when}: "
            f"{_span(self.offset_ms)} at the start, {_span(self.end_offset_ms)} at the end, "
            f"{error} ({n})"
        )

    def to_dict(self, name: str) -> dict[str, Any]:
        """Give the fault in types that JSON knows, in minutes."""
        return {
            "camera": name,
            "from": None if self.from_start else _instant(self.since_ms),
            "until": None if self.to_end else _instant(self.until_ms),
            "offset_start_min": round(self.offset_ms / MINUTE_MS, 2),
            "offset_end_min": round(self.end_offset_ms / MINUTE_MS, 2),
            "drift_s_per_day": round(self.drift_ppm * DAY_MS / 1e9, 2),
            "error_min": round(self.error_ms / MINUTE_MS, 2),
            "n": self.n,
            "confirmed": self.confirmed,
        }


def correct_times(rows: Rows, faults: Sequence[ClockFault]) -> Rows:
    """Set the times of rows right, as if the clocks had been."""
    shown = rows["seen_at"]
    seen_at = shown.copy()
    for fault in faults:
        there = np.flatnonzero(rows["camera"] == fault.camera)
        there = there[fault.covers(shown[there])]
        seen_at[there] = shown[there] - fault.offset_at(shown[there])
    return {**rows, "seen_at": seen_at}


def _span(milliseconds: float) -> str:
    size = abs(milliseconds)
    way = "ahead" if milliseconds > 0 else "behind"
    if size >= 2 * DAY_MS:
        return f"{size / DAY_MS:,.3f} days {way}"
    if size >= 2 * HOUR_MS:
        return f"{size / HOUR_MS:.2f} h {way}"
    return f"{size / MINUTE_MS:.1f} min {way}"


def _instant(milliseconds: int) -> str:
    return str(np.datetime64(int(milliseconds), "ms").astype("datetime64[m]")) + "Z"
