"""Travel times between cameras, there and back: what they say about the clocks.

Between two cameras, vehicles that drive there and vehicles that drive back take about as long. If
one clock is wrong by some minutes, one direction gains what the other loses: half the difference of
the two travel times is the difference of the clocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from scipy.special import stdtrit

from analyzer.cameras import haversine_m
from analyzer.units import HOUR_MS, MINUTE_MS

NEAR_MS = 2 * HOUR_MS
"""Two sightings of one vehicle further apart than this say nothing about clocks."""

MIN_PASSAGES = 12
"""Passages each way that a pair of cameras needs in a span."""

MIN_PAIRS = 3
"""Other cameras that must be heard before a clock is judged."""

ONE_WAY_ERROR_MS = 150_000
"""Least error (95 %) of a camera that sees one direction only, where distances must serve: roads
are not straight."""

SAME_SITE_M = 200
"""Between nearer cameras nobody drives."""


class Passages(NamedTuple):
    """Passages of vehicles between two clocks.

    Attributes
    ----------
    low, high : numpy.ndarray of int32
        The two, the smaller code first.
    difference : numpy.ndarray of int64
        Time at `high` less time at `low`, ms; its sign says which way the vehicle drove.
    at : numpy.ndarray of int64
        Time of the first of the two sightings.
    """

    low: np.ndarray
    high: np.ndarray
    difference: np.ndarray
    at: np.ndarray

    def sorted(self) -> Passages:
        """Order them by pair and difference."""
        order = np.lexsort((self.difference, self.high, self.low))
        return Passages(*(column[order] for column in self))

    def where(self, chosen: np.ndarray) -> Passages:
        """Give some of them."""
        return Passages(*(column[chosen] for column in self))


@numba.njit(cache=True, nogil=True)
def passages_between(vehicle, seen_at, camera, near_ms):
    """Pair each sighting with the next two of its vehicle at other cameras.

    Parameters
    ----------
    vehicle, seen_at, camera : numpy.ndarray
        Sorted by vehicle and time.
    near_ms : int
        Longest time between the two.

    Returns
    -------
    low, high, difference, at : numpy.ndarray
        See `Passages`.
    """
    n = len(vehicle)
    low, high = np.empty(2 * n, np.int32), np.empty(2 * n, np.int32)
    difference, at = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    found = 0
    for i in range(n):
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


@numba.njit(cache=True, nogil=True)
def distances_between(lat, lon):
    """Give the distances between all cameras, metres; NaN where a position is not known."""
    metres = np.full((len(lat), len(lat)), np.nan)
    for i in range(len(lat)):
        for j in range(i):
            metres[i, j] = metres[j, i] = haversine_m(lat[i], lon[i], lat[j], lon[j])
    return metres


@dataclass
class Pairs:
    """Directed pairs of clocks: travel times by these clocks, and what distances make expect."""

    origin: np.ndarray
    target: np.ndarray
    seen: np.ndarray
    extra: np.ndarray
    counts: np.ndarray

    @property
    def key(self) -> np.ndarray:
        """One number for each pair."""
        return (self.origin.astype(np.int64) << 32) | self.target


def pairs_of(passages: Passages, metres: np.ndarray, guess: np.ndarray) -> Pairs:
    """Summarise the passages (sorted) of each directed pair; clocks are taken to be off by `guess`.

    The travel time is the lower quartile, which stops hardly move.
    """
    low, high, difference = passages.low, passages.high, passages.difference
    changes = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    # Where nobody passed two cameras, there is no pair: one border and nothing between two.
    borders = np.flatnonzero(np.r_[len(low) > 0, changes, True])
    begin = borders[:-1]
    one, two = low[begin], high[begin]
    apart = metres[one, two]
    split = guess[two] - guess[one]
    counts, quick, usual = quantiles_of_pairs(difference, borders, split)
    origin, target = np.r_[one, two], np.r_[two, one]
    counts, quick, usual = counts.T.ravel(), quick.T.ravel(), usual.T.ravel()
    apart, shift = np.r_[apart, apart], np.r_[split, -split]
    tight = usual - quick < 0.6 * np.maximum(quick, 0) + 90_000
    good = (counts >= MIN_PASSAGES) & tight & ~(apart < SAME_SITE_M)
    expected = expected_times(apart, usual, good)
    with np.errstate(invalid="ignore"):
        # What takes far longer than the distance asks is no passage but a stop on the way.
        good &= ~(usual > 1.6 * expected + 2 * MINUTE_MS)
    seen = usual + shift
    return Pairs(origin[good], target[good], seen[good], (seen - expected)[good], counts[good])


def expected_times(metres: np.ndarray, usual: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Fit travel time to distance: a line through medians of pairs of like distance."""
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


@dataclass
class Offsets:
    """How far clocks are ahead of the others.

    Attributes
    ----------
    offset, error : numpy.ndarray, shape (clocks,)
        In ms, the error at 95 %; NaN where it cannot be said.
    both_ways : numpy.ndarray of bool
        Whether passages there and back say it, and not distances.
    passages : numpy.ndarray
        Passages that it rests on.
    pairs : Pairs
        The travel times.
    """

    offset: np.ndarray
    error: np.ndarray
    both_ways: np.ndarray
    passages: np.ndarray
    pairs: Pairs


def measure_offsets(passages: Passages, metres: np.ndarray) -> Offsets:
    """Measure the clocks against each other, by the median over those each is paired with.

    One wrong clock leaves the others' estimates alone; the error follows from how far the pairs
    agree. A camera that sees one direction only is judged by how much later vehicles arrive than
    distances say, less how much later they arrive at the next camera.
    """
    clocks = len(metres)
    guess = np.zeros(clocks)
    beside = [np.flatnonzero((row < SAME_SITE_M) | (np.arange(clocks) == one)).tolist()
              for one, row in enumerate(metres)]  # fmt: skip
    for _ in range(4):
        pairs = pairs_of(passages, metres, guess)
        found = _offsets(pairs, guess, clocks, beside)
        step = np.where(np.isnan(found.offset), 0.0, np.nan_to_num(found.offset) - guess)
        guess = guess + step
        if np.abs(step).max(initial=0.0) < 2_000:
            break
    return found


def _offsets(
    pairs: Pairs, guess: np.ndarray, clocks: int, beside: list[list[int]]
) -> Offsets:
    offsets, errors = np.full(clocks, np.nan), np.full(clocks, np.nan)
    both_ways = np.zeros(clocks, bool)
    counts = np.bincount(pairs.origin, pairs.counts, clocks)
    counts += np.bincount(pairs.target, pairs.counts, clocks)
    back = {key: row for row, key in enumerate(pairs.key.tolist())}
    into: list[list[int]] = [[] for _ in range(clocks)]
    out: list[list[int]] = [[] for _ in range(clocks)]
    for row, (origin, target) in enumerate(
        zip(pairs.origin.tolist(), pairs.target.tolist(), strict=True)
    ):
        into[target].append(row)
        out[origin].append(row)
    for clock in range(clocks):
        both = []
        for row in into[clock]:
            there = int(pairs.origin[row])
            # A road has a camera for each direction: who came by one goes back by the other.
            for other in beside[there]:
                again = back.get((clock << 32) | other)
                if again is not None:
                    weight = min(pairs.counts[row], pairs.counts[again])
                    here = (guess[there] + guess[other]) / 2
                    both.append((here + (pairs.seen[row] - pairs.seen[again]) / 2, weight))
        if len(both) >= MIN_PAIRS:
            offsets[clock], errors[clock] = _median(both)
            both_ways[clock] = True
            continue
        arriving = [
            (guess[pairs.origin[row]] + pairs.extra[row], pairs.counts[row])
            for row in into[clock] if not np.isnan(pairs.extra[row])
        ]  # fmt: skip
        leaving = [
            (guess[pairs.target[row]] - pairs.extra[row], pairs.counts[row])
            for row in out[clock] if not np.isnan(pairs.extra[row])
        ]  # fmt: skip
        if min(len(arriving), len(leaving)) >= MIN_PAIRS:
            (a, error_a), (b, error_b) = _median(arriving), _median(leaving)
            offsets[clock] = (a + b) / 2
            errors[clock] = max(np.hypot(error_a, error_b) / 2, ONE_WAY_ERROR_MS)
    return Offsets(offsets, errors, both_ways, counts.astype(np.int64), pairs)


def _median(says: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Give the median weighed by the root of the passages, and its error (95 %)."""
    values, weights = np.array(sorted(says)).T
    weights = np.sqrt(weights)
    middle = _weighted_median(values, weights)
    away = np.abs(values - middle)
    order = np.argsort(away)
    deviation = 1.4826 * _weighted_median(away[order], weights[order])
    number = float(weights.sum() ** 2 / np.sum(weights**2))
    if len(values) < 6:
        # Two of three that agree by chance say nothing about the spread.
        spread = np.sum(weights * away**2) / weights.sum() * number / max(1.0, number - 1)
        deviation = max(deviation, float(np.sqrt(spread)))
    wide = float(stdtrit(max(1.0, number - 1), 0.975))
    return middle, wide * 1.2533 * deviation / np.sqrt(number)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    heavy = np.cumsum(weights)
    return float(values[np.searchsorted(heavy, heavy[-1] / 2)])


def measure_changes(there: Pairs, whole: Pairs, clocks: int) -> np.ndarray:
    """Give how far each clock is ahead, in some span, of its own mean; NaN where it is not known.

    No distances are needed, and no way back.
    """
    row_of = {key: row for row, key in enumerate(whole.key.tolist())}
    says: list[list[tuple[float, float]]] = [[] for _ in range(clocks)]
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


def usual_times(pairs: Pairs, metres: np.ndarray) -> np.ndarray:
    """Give the travel time between each two clocks whichever way, ms; NaN where not known.

    Where there are no passages, what the distance makes expect.
    """
    clocks = len(metres)
    there = np.full((clocks, clocks), np.nan)
    there[pairs.origin, pairs.target] = pairs.seen
    one_way = np.where(np.isnan(there), there.T, there)
    usual = np.where(np.isnan(there) | np.isnan(there.T), one_way, (there + there.T) / 2)
    return np.where(np.isnan(usual), times_by_distance(pairs, metres), usual)


def times_by_distance(pairs: Pairs, metres: np.ndarray) -> np.ndarray:
    """Give the travel times that distances make expect, ms, in which no single clock has a part."""
    known = np.isfinite(pairs.extra)
    if not known.any():
        return np.full(metres.shape, np.nan)
    apart = metres[pairs.origin, pairs.target]
    expected = expected_times(
        np.r_[apart, metres.ravel()],
        np.r_[pairs.seen, np.zeros(metres.size)],
        np.r_[known, np.zeros(metres.size, bool)],
    )[len(apart) :].reshape(metres.shape)
    expected[metres < SAME_SITE_M] = np.nan
    return expected
