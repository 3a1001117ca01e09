"""Shapes of a clock's fault over time: a constant, a line, or one step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analyzer.units import MINUTE_MS

MIN_SPANS = 4
"""Spans that must say something before a clock is said to change."""

WORTH_MS = MINUTE_MS
"""A clock that is off by less than this is not called wrong: lights and lanes make as much."""


@dataclass(frozen=True)
class Piece:
    """A stretch of time in which a line describes a clock.

    Attributes
    ----------
    since, until : float
        Its ends, ms.
    offset : float
        How far the clock is ahead in its middle, ms.
    slope : float
        How fast it gains.
    """

    since: float
    until: float
    offset: float
    slope: float = 0.0

    def at(self, times: np.ndarray | float) -> np.ndarray | float:
        """Give how far the clock is ahead at some times."""
        return self.offset + self.slope * (times - (self.since + self.until) / 2)


@dataclass(frozen=True)
class Spans:
    """Stretches of equal length in which clocks are looked at one by one.

    Attributes
    ----------
    first, last : int
        Their ends, ms.
    number : int
        How many there are.
    """

    first: int
    last: int
    number: int

    @property
    def width(self) -> float:
        """Length of one, ms."""
        return max(1, self.last - self.first) / self.number

    @property
    def middles(self) -> np.ndarray:
        """Middles of all, ms."""
        return self.first + (np.arange(self.number) + 0.5) * self.width

    def of(self, times: np.ndarray) -> np.ndarray:
        """Give the span that each time lies in, or is nearest to."""
        spans = np.floor((times - self.first) / self.width)
        return np.clip(spans, 0, self.number - 1).astype(np.int32)


def likely_shapes(
    spans: Spans, lags: np.ndarray, offset: float, changes: np.ndarray
) -> list[list[Piece]]:
    """Lay a constant, a line or one step through what the spans say of one clock.

    Parameters
    ----------
    spans : Spans
    lags, changes : numpy.ndarray, shape (spans,)
        What the search found, and how far each span then differs from the whole, ms; NaN where it
        is not known.
    offset : float
        How far the clock is ahead in the whole, ms; NaN where it is not known.

    Returns
    -------
    list of list of Piece
        One shape, or two where both may be; a shape has one piece, or two with a step between.

    Notes
    -----
    The line is Theil's (1950): its slope is the median of those between any two spans.
    """
    path = lags + np.nan_to_num(offset) + np.nan_to_num(changes)
    known = ~np.isnan(changes)
    if known.sum() < MIN_SPANS and lags.any():
        known = np.ones(spans.number, bool)
    first, last = spans.first, spans.last
    if known.sum() < MIN_SPANS:
        # Nothing says that it changes.
        return [[Piece(first, last, float(np.median(path)) if lags.any() else 0.0)]]
    x, y = spans.middles[known], path[known]
    middle = float(np.median(y))
    slope = _slope(x, y)
    rest = y - slope * (x - x.mean())
    line = float(np.median(rest))
    begins = range(2, len(y) - 1)
    cost = [np.abs(y - middle).sum(), np.abs(rest - line).sum(), np.inf]
    if len(begins):
        steps = [_cost(y[:begin]) + _cost(y[begin:]) for begin in begins]
        cost[2] = min(steps)
        begin = begins[int(np.argmin(steps))]
        before, after = float(np.median(y[:begin])), float(np.median(y[begin:]))
    noise = max(5_000.0, 1.4826 * min(cost) / len(y))
    worth = max(1.5 * WORTH_MS, 4 * noise)
    shapes = []
    if cost[2] < min(0.6 * cost[0], 1.7 * cost[1]) and abs(after - before) > worth:
        change = (x[begin - 1] + x[begin]) / 2
        shapes.append([Piece(first, change, before), Piece(change, last, after)])
    if cost[1] < min(0.6 * cost[0], 1.7 * cost[2]) and abs(slope) * (last - first) > worth:
        at = line + slope * ((first + last) / 2 - x.mean())
        shapes.append([Piece(first, last, float(at), slope)])
    # What is constant and small is measured anew when all large faults are taken off.
    return shapes or [[Piece(first, last, middle if lags.any() else 0.0)]]


def settle_shape(
    spans: Spans, pieces: list[Piece], offset: float, changes: np.ndarray
) -> list[Piece]:
    """Add to a shape what was measured with it taken off."""
    offset = float(np.nan_to_num(offset))
    known = ~np.isnan(changes)
    settled = []
    for piece in pieces:
        there = known & (spans.middles >= piece.since) & (spans.middles <= piece.until)
        rest = changes[there]
        if len(pieces) > 1 and len(rest):
            piece = replace(piece, offset=piece.offset + offset + float(np.median(rest)))
        elif piece.slope and len(rest) >= MIN_SPANS:
            more = _slope(spans.middles[there], rest)
            middle = (piece.since + piece.until) / 2
            high = float(np.median(rest - more * (spans.middles[there] - middle)))
            piece = replace(
                piece, offset=piece.offset + offset + high, slope=piece.slope + more
            )
        else:
            piece = replace(piece, offset=piece.offset + offset)
        settled.append(piece)
    return settled


def place_step(
    spans: Spans, pieces: list[Piece], shown: np.ndarray, gain: np.ndarray
) -> list[Piece]:
    """Put a step where most sightings fit before it as before, and after it as after.

    `gain` says of each sighting how much better it fits as after the step.
    """
    order = np.argsort(shown, kind="stable")
    near = order[np.abs(shown[order] - pieces[0].until) <= 1.5 * spans.width]
    if not len(near):
        return pieces
    instant = float(shown[near[int(np.cumsum(gain[near]).argmin())]]) + 1
    return [replace(pieces[0], until=instant), replace(pieces[1], since=instant)]


def ahead_of(shapes: list[list[Piece]], based: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Give how far the clock of each row is ahead."""
    ahead = np.zeros(len(based))
    for one, pieces in enumerate(shapes):
        if len(pieces) == 1 and not pieces[0].offset and not pieces[0].slope:
            continue
        mine = np.flatnonzero(unit == one)
        for number, piece in enumerate(pieces):
            rows = mine if number == 0 else mine[based[mine] >= piece.since]
            ahead[rows] = piece.at(based[rows])
    return ahead


def _cost(values: np.ndarray) -> float:
    return float(np.abs(values - np.median(values)).sum())


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    i, j = np.triu_indices(len(x), 1)
    return float(np.median((y[j] - y[i]) / (x[j] - x[i])))
