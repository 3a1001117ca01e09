"""Clock faults: cameras whose clock is off or drifts, found by impossible travel times.

Between two cameras, vehicles that drive there and vehicles that drive back take about as long. If
one clock is wrong by some minutes, one direction gains what the other loses: half the difference of
the two travel times is the difference of the clocks. Each camera is compared with all others by the
passages of many vehicles, in several spans of time, so that a clock that drifts shows as a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from analyzer.cameras import haversine_m
from analyzer.schema import Rows
from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS

NEAR_MS = 2 * HOUR_MS
"""Two sightings of one vehicle further apart than this say nothing about clocks."""

MAX_SAMPLES = 3_000_000
"""Passages that are looked at, at most; of more, those of a share of the vehicles."""

MIN_PASSAGES = 12
"""Passages each way that a pair of cameras needs in a span."""

MIN_PAIRS = 3
"""Other cameras that must be heard before a clock is judged."""

MIN_BOTH_WAYS = 5
"""Other cameras with passages both ways that settle an offset by themselves."""

WORTH_MS = MINUTE_MS
"""A clock that is off by less than this is not called wrong."""

ONE_WAY_WORTH_MS = 20 * MINUTE_MS
"""The same for a camera that sees one direction only, where distances must serve."""

_SPANS = 8
_COARSE_MS = 10 * MINUTE_MS


@dataclass(frozen=True)
class ClockFault:
    """A clock that is wrong.

    Attributes
    ----------
    camera : int
        Code of the camera.
    since_ms : int
        Instant (ms, UTC) to which the offset belongs.
    offset_ms : float
        How far the clock was ahead then (negative: behind).
    drift_ppm : float
        How fast it gains (negative: loses), in millionths; 0 where no drift shows.
    until_ms : int
        Last instant of the data.
    error_ms : float
        How uncertain the offset in the middle of the data is (95 %, half the width).
    n : int
        Passages that the estimate rests on.
    """

    camera: int
    since_ms: int
    offset_ms: float
    drift_ppm: float
    until_ms: int
    error_ms: float
    n: int

    def offset_at(self, times: np.ndarray) -> np.ndarray:
        """Give how far the clock is ahead when it shows these times (ms)."""
        shift = self.offset_ms + (np.asarray(times) - self.since_ms) * self.drift_ppm / 1e6
        return np.round(shift).astype(np.int64)

    @property
    def end_offset_ms(self) -> float:
        """How far the clock is ahead at the end of the data."""
        return self.offset_ms + (self.until_ms - self.since_ms) * self.drift_ppm / 1e6

    def describe(self, name: str) -> str:
        """Say what is wrong, in one sentence."""
        n = f"two-way passages: {self.n:,}"
        ends = self.offset_ms, self.end_offset_ms
        if not self.drift_ppm:
            return (
                f"the clock of camera {name} is {_minutes(ends[0])} ± "
                f"{self.error_ms / MINUTE_MS:.1f} min ({n})"
            )
        daily = self.drift_ppm * DAY_MS / 1e9
        return (
            f"the clock of camera {name} drifts by {daily:+.1f} s a day: {_minutes(ends[0])} at "
            f"the start of the data, {_minutes(ends[1])} at the end, ± "
            f"{self.error_ms / MINUTE_MS:.1f} min ({n})"
        )

    def to_dict(self, name: str) -> dict[str, Any]:
        """Give the fault in types that JSON knows, in minutes."""
        return {
            "camera": name,
            "offset_start_min": round(self.offset_ms / MINUTE_MS, 2),
            "offset_end_min": round(self.end_offset_ms / MINUTE_MS, 2),
            "drift_s_per_day": round(self.drift_ppm * DAY_MS / 1e9, 2),
            "error_min": round(self.error_ms / MINUTE_MS, 2),
            "n": self.n,
        }


def _minutes(milliseconds: float) -> str:
    minutes = milliseconds / MINUTE_MS
    return f"{abs(minutes):.1f} min {'ahead' if minutes > 0 else 'behind'}"


class PassageSample:
    """Passages of vehicles between two cameras, gathered part by part.

    Parameters
    ----------
    rows : int
        Rows that are to come; of many, a share of the vehicles is looked at.
    """

    def __init__(self, rows: int):
        self._every = max(1, -(-2 * rows // MAX_SAMPLES))
        self._pieces: list[tuple[np.ndarray, ...]] = []

    def add(self, rows: Rows) -> None:
        """Add the passages of sorted rows."""
        self._pieces.append(
            passages_between(
                rows["vehicle"], rows["seen_at"], rows["camera"], NEAR_MS, self._every
            )
        )

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Give first camera, second camera, signed difference (ms) and time of the passages.

        The first camera of a pair is the one with the smaller code, whichever saw the vehicle
        first: the difference then has a sign.
        """
        if not self._pieces:
            return (np.empty(0, np.int32),) * 2 + (np.empty(0, np.int64),) * 2
        self._pieces = [tuple(np.concatenate(column) for column in zip(*self._pieces, strict=True))]
        return self._pieces[0]


@numba.njit(cache=True, nogil=True)
def passages_between(vehicle, seen_at, camera, near_ms, every):
    """Pair each sighting with the next two of its vehicle at other cameras.

    Parameters
    ----------
    vehicle, seen_at, camera : numpy.ndarray
        Sorted by vehicle and time.
    near_ms : int
        Longest time between the two.
    every : int
        Of so many vehicles, one is looked at (by a hash of its code).

    Returns
    -------
    low, high : numpy.ndarray of int32
        The two cameras, the smaller code first.
    difference : numpy.ndarray of int64
        Time at `high` less time at `low`, ms.
    at : numpy.ndarray of int64
        Time of the first of the two sightings.
    """
    n = len(vehicle)
    low, high = np.empty(2 * n, np.int32), np.empty(2 * n, np.int32)
    difference, at = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    found = 0
    for i in range(n):
        if every > 1:
            bits = np.uint64(vehicle[i]) * np.uint64(0x9E3779B97F4A7C15)
            if (bits >> np.uint64(40)) % np.uint64(every) != 0:
                continue
        for k in range(i + 1, min(i + 3, n)):
            if vehicle[k] != vehicle[i] or seen_at[k] - seen_at[i] > near_ms:
                break
            if camera[k] == camera[i]:
                continue
            gap = seen_at[k] - seen_at[i]
            if camera[i] < camera[k]:
                low[found], high[found], difference[found] = camera[i], camera[k], gap
            else:
                low[found], high[found], difference[found] = camera[k], camera[i], -gap
            at[found] = seen_at[i]
            found += 1
    return low[:found].copy(), high[:found].copy(), difference[:found].copy(), at[:found].copy()


def find_clock_faults(
    sample: PassageSample, lat: np.ndarray, lon: np.ndarray
) -> list[ClockFault]:
    """Find the cameras whose clocks are wrong.

    Parameters
    ----------
    sample : PassageSample
        Passages between cameras.
    lat, lon : numpy.ndarray, shape (cameras,)
        Where the cameras stand, in degrees; NaN where unknown.

    Returns
    -------
    list of ClockFault
        By camera; empty where all clocks agree or too few vehicles pass to say.

    Notes
    -----
    The travel time of a directed pair of cameras is the lower quartile of its passages, which stops
    hardly move. Where a pair is driven both ways, the middle between the two travel times is the
    offset. A camera that sees one direction only is judged by how much later vehicles arrive than
    distances say, less how much later they arrive at the next camera. A camera's offset is the
    median over the cameras it is paired with, so that one wrong clock leaves the others' estimates
    alone; its error follows from how far these agree. Drift is what a camera's passages change from
    span to span against its own mean, so that it needs no distances; the line through the spans is
    Theil's (1950), the median of the slopes.
    """
    low, high, difference, at = sample.arrays()
    cameras = len(lat)
    if not len(at):
        return []
    first, last = int(at.min()), int(at.max()) + 1
    order = np.lexsort((difference, high, low))
    low, high, difference, at = low[order], high[order], difference[order], at[order]
    metres = _distances(low, high, lat, lon)
    guess = _coarse_offsets(low, high, difference, metres, cameras)
    for _ in range(4):
        pairs = _pairs_of(low, high, difference, metres, guess)
        offsets, errors, counts = _offsets(pairs, guess, cameras)
        step = np.nan_to_num(offsets) - guess
        guess = guess + np.where(np.isnan(offsets), 0.0, step)
        if np.abs(step[~np.isnan(offsets)]).max(initial=0.0) < 2_000:
            break
    spans = int(max(1, min(_SPANS, (last - first) // DAY_MS)))
    span_of = np.minimum((at - first) * spans // (last - first), spans - 1)
    changes = np.full((spans, cameras), np.nan)
    for span in range(spans if spans >= 4 else 0):
        inside = span_of == span
        there = _pairs_of(
            low[inside], high[inside], difference[inside], metres[inside], guess
        )
        changes[span] = _changes(there, pairs, cameras)
    middles = first + (np.arange(spans) + 0.5) * (last - first) / spans
    faults = []
    for camera in np.flatnonzero(~np.isnan(offsets)):
        offset, error = float(offsets[camera]), float(errors[camera])
        slope = _slope(middles, changes[:, camera], last - first)
        half = slope * (last - first) / 2
        one_way = error >= ONE_WAY_WORTH_MS / 8
        worth = max(ONE_WAY_WORTH_MS, 4 * error) if one_way else max(WORTH_MS, 2 * error)
        if not slope and (abs(offset) < worth or _opposed(camera, offsets, lat, lon)):
            continue
        if max(abs(offset - half), abs(offset + half)) < WORTH_MS:
            continue
        faults.append(
            ClockFault(
                int(camera), first, offset - half, slope * 1e6, last, error, int(counts[camera])
            )
        )
    return faults


def _opposed(camera: int, offsets: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> bool:
    """Say whether a camera of the same site errs the other way.

    Two cameras of a road's two directions see the same slow street, one before and one after it;
    of two clocks, one would hardly be as much ahead as the other is behind.
    """
    for other in np.flatnonzero(~np.isnan(offsets)):
        if other != camera and haversine_m(lat[camera], lon[camera], lat[other], lon[other]) < 200:
            ratio = -offsets[other] / offsets[camera]
            if ratio > 0.4:
                return True
    return False


def _distances(low, high, lat, lon) -> np.ndarray:
    metres = np.full((len(lat), len(lat)), np.nan)
    for i in range(len(lat)):
        for j in range(i + 1, len(lat)):
            metres[i, j] = haversine_m(lat[i], lon[i], lat[j], lon[j])
    return metres[low, high]


def _usual(metres: np.ndarray) -> np.ndarray:
    """Give the travel time (ms) of a distance by ordinary driving, for a first look."""
    return 60_000 + metres * 1.35 / 11.0 * 1_000


def _coarse_offsets(low, high, difference, metres, cameras) -> np.ndarray:
    """Find clocks that are off by more than a drive takes, to a few minutes.

    Most often they missed a change of the hour.
    """
    best = np.zeros(cameras)
    usual = _usual(metres)
    known = ~np.isnan(metres) & (metres > 200)

    def plausible(shift: float) -> np.ndarray:
        hits = np.zeros(cameras)
        for camera, sign in ((low, -1), (high, 1)):
            travel = np.abs(difference - sign * shift)
            fits = known & (travel < 1.5 * usual) & (travel > 0.3 * usual)
            hits += np.bincount(camera, fits, cameras)
        return hits

    most = plausible(0.0)
    threshold = np.maximum(1.5 * most, 2 * MIN_PASSAGES)
    for step in range(1, NEAR_MS // _COARSE_MS + 1):
        for sign in (-1, 1):
            shift = sign * step * _COARSE_MS
            hits = plausible(shift)
            better = hits > threshold
            best[better], threshold[better] = shift, hits[better]
    return best


@dataclass
class _Pairs:
    """Directed pairs of cameras: travel times seen (clocks as they are) and expected."""

    origin: np.ndarray
    target: np.ndarray
    seen: np.ndarray
    extra: np.ndarray
    counts: np.ndarray

    @property
    def key(self) -> np.ndarray:
        return (self.origin.astype(np.int64) << 32) | self.target


def _pairs_of(low, high, difference, metres, guess) -> _Pairs:
    """Summarise the passages of each directed pair; clocks are taken to be off by `guess`."""
    borders = np.flatnonzero(np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]), True])
    begin = borders[:-1]
    one, two, metres = low[begin], high[begin], metres[begin]
    split = guess[two] - guess[one]
    counts, quick, usual = quantiles_of_pairs(difference, borders, split)
    origin, target = np.r_[one, two], np.r_[two, one]
    counts, quick, usual = counts.T.ravel(), quick.T.ravel(), usual.T.ravel()
    metres, shift = np.r_[metres, metres], np.r_[split, -split]
    tight = usual - quick < 0.6 * np.maximum(quick, 0) + 90_000
    good = (counts >= MIN_PASSAGES) & tight & ~(metres < 200)
    expected = _expected(metres, usual, good)
    with np.errstate(invalid="ignore"):
        # What takes far longer than the distance asks is no passage but a stop on the way.
        good &= ~(usual > 1.6 * expected + 2 * MINUTE_MS)
    seen = usual + shift
    return _Pairs(
        origin[good], target[good], seen[good], (seen - expected)[good], counts[good]
    )


def _expected(metres, usual, good) -> np.ndarray:
    """Fit travel time to distance: a line, found by the median of slopes of binned medians."""
    known = good & ~np.isnan(metres)
    if known.sum() < 10:
        return np.full(len(metres), np.nan)
    order = np.argsort(metres[known])
    bins = np.array_split(order, min(12, len(order) // 5))
    x = np.array([np.median(metres[known][b]) for b in bins])
    y = np.array([np.median(usual[known][b]) for b in bins])
    # Beyond the ends the last slope goes on.
    slope = max(0.0, (y[-1] - y[0]) / max(1.0, x[-1] - x[0]))
    return np.interp(metres, x, y) + slope * np.maximum(0.0, metres - x[-1])


@numba.njit(cache=True, nogil=True)
def quantiles_of_pairs(difference, borders, split):
    """Give passages, 5 % and 25 % quantiles of travel times of both directions of each pair.

    Parameters
    ----------
    difference : numpy.ndarray of int64
        Signed time differences, sorted within each pair.
    borders : numpy.ndarray of int64, shape (pairs + 1,)
        Where each pair begins.
    split : numpy.ndarray of float64, shape (pairs,)
        Offset between the clocks, which parts the directions, ms.

    Returns
    -------
    counts, quick, usual : numpy.ndarray, shape (pairs, 2)
        Travel times in ms, measured from the split; forth and back.
    """
    pairs = len(borders) - 1
    counts = np.zeros((pairs, 2), np.int64)
    quick = np.full((pairs, 2), np.nan)
    usual = np.full((pairs, 2), np.nan)
    for p in range(pairs):
        begin, end = borders[p], borders[p + 1]
        cut = begin + np.searchsorted(difference[begin:end], split[p])
        back, forth = cut - begin, end - cut
        counts[p, 0], counts[p, 1] = forth, back
        if forth:
            quick[p, 0] = difference[cut + np.int64(0.05 * (forth - 1))] - split[p]
            usual[p, 0] = difference[cut + np.int64(0.25 * (forth - 1))] - split[p]
        if back:
            quick[p, 1] = split[p] - difference[cut - 1 - np.int64(0.05 * (back - 1))]
            usual[p, 1] = split[p] - difference[cut - 1 - np.int64(0.25 * (back - 1))]
    return counts, quick, usual


def _offsets(pairs: _Pairs, guess: np.ndarray, cameras: int):
    """Estimate each camera's offset, its error (95 %) and the passages behind it; NaN unknown."""
    offsets, errors = np.full(cameras, np.nan), np.full(cameras, np.nan)
    counts = np.bincount(pairs.origin, pairs.counts, cameras)
    counts += np.bincount(pairs.target, pairs.counts, cameras)
    back = {key: row for row, key in enumerate(pairs.key.tolist())}
    into = [[] for _ in range(cameras)]
    out = [[] for _ in range(cameras)]
    for row, (origin, target) in enumerate(zip(pairs.origin, pairs.target, strict=True)):
        into[target].append(row)
        out[origin].append(row)
    for camera in range(cameras):
        both = []
        for row in into[camera]:
            other = int(pairs.origin[row])
            again = back.get((camera << 32) | other)
            if again is not None:
                weight = min(pairs.counts[row], pairs.counts[again])
                says = guess[other] + (pairs.seen[row] - pairs.seen[again]) / 2
                both.append((says, weight))
        if len(both) >= MIN_BOTH_WAYS:
            offsets[camera], errors[camera] = _median(both)
            continue
        arriving = [
            (guess[pairs.origin[row]] + pairs.extra[row], pairs.counts[row])
            for row in into[camera] if not np.isnan(pairs.extra[row])
        ]  # fmt: skip
        leaving = [
            (guess[pairs.target[row]] - pairs.extra[row], pairs.counts[row])
            for row in out[camera] if not np.isnan(pairs.extra[row])
        ]  # fmt: skip
        if min(len(arriving), len(leaving)) >= MIN_PAIRS:
            (a, error_a), (b, error_b) = _median(arriving), _median(leaving)
            offsets[camera] = (a + b) / 2
            # Roads are not straight: the error is of the distances more than of the passages.
            errors[camera] = max(np.hypot(error_a, error_b) / 2, ONE_WAY_WORTH_MS / 8)
    return offsets, errors, counts


def _median(says: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give the median weighed by the root of the passages, and its error (95 %)."""
    values, weights = np.array(sorted(says)).T
    heavy = np.cumsum(np.sqrt(weights))
    middle = float(values[np.searchsorted(heavy, heavy[-1] / 2)])
    deviation = 1.4826 * float(np.median(np.abs(values - middle)))
    return middle, 1.96 * 1.2533 * deviation / np.sqrt(len(values))


def _changes(there: _Pairs, whole: _Pairs, cameras: int) -> np.ndarray:
    """Give how far each clock is ahead in a span of its own mean; NaN unknown."""
    row_of = {key: row for row, key in enumerate(whole.key.tolist())}
    says = [[] for _ in range(cameras)]
    for row, key in enumerate(there.key.tolist()):
        again = row_of.get(key)
        if again is None:
            continue
        change = there.seen[row] - whole.seen[again]
        says[there.target[row]].append((change, there.counts[row]))
        says[there.origin[row]].append((-change, there.counts[row]))
    return np.array(
        [_median(heard)[0] if len(heard) >= 2 * MIN_PAIRS else np.nan for heard in says]
    )


def _slope(middles: np.ndarray, changes: np.ndarray, length: int) -> float:
    """Fit a line to the changes; 0 where they do not make one of worth."""
    known = ~np.isnan(changes)
    if known.sum() < max(4, len(changes) - 2):
        return 0.0
    x, y = middles[known], changes[known]
    i, j = np.triu_indices(len(x), 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    rest = y - slope * x
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    noise = max(noise, 5_000.0)
    spread = float(np.sqrt(np.sum((x - x.mean()) ** 2)))
    enough = abs(slope) * length >= 1.5 * WORTH_MS and abs(slope) > 8 * noise / spread
    return slope if enough else 0.0


def correct_times(rows: Rows, faults: Sequence[ClockFault]) -> Rows:
    """Set the times of rows right, as if the clocks had been."""
    seen_at = rows["seen_at"].copy()
    for fault in faults:
        there = rows["camera"] == fault.camera
        shown = seen_at[there]
        seen_at[there] = shown - fault.offset_at(shown)
    return {**rows, "seen_at": seen_at}
