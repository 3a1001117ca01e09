"""Searching for large faults of a clock: at which lag a camera's sightings complete trips.

A camera whose clock is five hours behind sees vehicles five hours before they set out. Moved by the
right lag, its sightings fall between those of other cameras again. The lag is looked for over a day
in both directions, and for cameras that then fit nowhere over all the time there is. Within an hour
of it, travel times there and back must mirror each other: the lag about which they do is its
centre, and no speed need be known for that.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from analyzer.units import DAY_MS, HOUR_MS, MINUTE_MS

BIN_MS = 2 * MINUTE_MS
REACH_MS = DAY_MS + HOUR_MS
"""Lags that are looked at for every camera."""

MOST_BINS = 8_000_000
"""Lags that are told apart at once when cameras fit badly within a day."""

TRIP_MS = 90 * MINUTE_MS
"""Most of a trip's other sightings are nearer than this, also those of a camera far out."""

NEAR_ROWS = 100
"""Sightings of a vehicle before and after one that are looked at; who is seen more often in a day
is no vehicle, but plates that were not read."""

FAR_ROWS = 500

FOLD_MS = 7 * HOUR_MS // 2
FOLD_BIN_MS = MINUTE_MS
MIRRORED = 0.5
"""Share of the partners, by weight, that must mirror about one lag; two peaks that one hump makes
with itself seldom fall together."""

MOST_INSIDE = 0.2
"""Share of the differences up to 20 minutes from a centre that may be below two."""

PARTNERS = 8
"""Other cameras about which a camera's travel times are folded: those it shares most with."""

CANDIDATES = 6
"""Lags that are tried for a camera that sees one direction only."""

MIN_SIGHTINGS = 40


class Sightings(NamedTuple):
    """Sightings of some vehicles, sorted by vehicle and time.

    Attributes
    ----------
    vehicle, seen_at, camera : numpy.ndarray
        As in a store.
    unit : numpy.ndarray of int32
        The clock that gave the time: a camera's, in one of its eras.
    span : numpy.ndarray of int32
        Stretch of time that the sighting lies in.
    """

    vehicle: np.ndarray
    seen_at: np.ndarray
    camera: np.ndarray
    unit: np.ndarray
    span: np.ndarray


@numba.njit(cache=True, nogil=True)
def count_lags(vehicle, seen_at, camera, row, span, shape, low, width, most):
    """Count by how much sightings are later than the other sightings of their vehicles.

    Parameters
    ----------
    vehicle, seen_at, camera : numpy.ndarray
        Sorted by vehicle and time.
    row, span : numpy.ndarray of int32
        Where each sighting is counted; one with a negative row is not.
    shape : tuple of int
        Rows, spans and bins.
    low, width : int
        Smallest lag, and width of a bin, ms.
    most : int
        Sightings of the vehicle before and after that are looked at.

    Returns
    -------
    numpy.ndarray of int32, shape (rows, spans, bins)
    """
    counts = np.zeros(shape, np.int32)
    high = low + shape[2] * width
    n = len(vehicle)
    for i in range(n):
        if row[i] < 0:
            continue
        for way in (-1, 1):
            for step in range(1, most + 1):
                j = i + way * step
                if j < 0 or j >= n or vehicle[j] != vehicle[i]:
                    break
                lag = seen_at[i] - seen_at[j]
                if (way < 0 and lag >= high) or (way > 0 and lag < low):
                    break
                if camera[j] != camera[i] and low <= lag < high:
                    counts[row[i], span[i], (lag - low) // width] += 1
    return counts


class _Peaks(NamedTuple):
    lag: np.ndarray
    clear: np.ndarray


def _peaks(counts: np.ndarray, low: int, width: int) -> _Peaks:
    """Find the lag at which most sightings fit, along the last axis, and whether it is clear.

    Trips last an hour or so: all lags within that belong to one peak. Habits make peaks of
    their own, a working day away, but lower ones.
    """
    half = max(1, round(TRIP_MS / width))
    summed = np.cumsum(np.pad(counts, [(0, 0)] * (counts.ndim - 1) + [(half + 1, half)]), axis=-1)
    near = (summed[..., 2 * half + 1 :] - summed[..., : -2 * half - 1]).astype(np.float64)
    lags = low + (np.arange(counts.shape[-1]) + 0.5) * width
    at = near.argmax(axis=-1)
    best = np.take_along_axis(near, at[..., None], -1)[..., 0]
    lag = lags[at]
    now = np.abs(lags) <= TRIP_MS
    here = near[..., now].max(axis=-1) if now.any() else np.zeros(lag.shape)
    apart = np.abs(lags - lag[..., None]) > 3 * TRIP_MS
    second = np.where(apart, near, 0).max(axis=-1)
    usual = np.median(near, axis=-1)
    clear = (
        (best >= MIN_SIGHTINGS)
        & (best > 1.5 * here)
        & (best > 1.3 * second)
        & (best - usual > 6 * np.sqrt(best))
    )
    return _Peaks(lag, clear)


def coarse_lags(sightings: Sightings, units: int, spans: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the lags, up to a day, at which cameras' sightings complete trips.

    Returns
    -------
    lags : numpy.ndarray, shape (units, spans)
        To some minutes, in ms; 0 where no other lag fits clearly better.
    fitting : numpy.ndarray, shape (units,)
        How many others are near a sighting that needs no lag, against other clocks; NaN where a lag
        was found, or too few sightings are there to find one.
    """
    bins = 2 * REACH_MS // BIN_MS
    counts = count_lags(
        sightings.vehicle, sightings.seen_at, sightings.camera, sightings.unit, sightings.span,
        (units, spans, bins), -REACH_MS, BIN_MS, NEAR_ROWS,
    )  # fmt: skip
    lags = np.zeros((units, spans))
    clear = np.zeros(units, bool)
    for unit in range(units):
        whole = _peaks(counts[unit].sum(axis=0), -REACH_MS, BIN_MS)
        clear[unit] = whole.clear
        if whole.clear:
            lags[unit] = whole.lag
        if spans == 1:
            continue
        by_span = _peaks(counts[unit], -REACH_MS, BIN_MS)
        # A span stands for itself only where the next agrees.
        near = np.abs(np.diff(by_span.lag)) <= HOUR_MS
        near &= by_span.clear[1:] & by_span.clear[:-1]
        sure = np.flatnonzero(np.r_[near, False] | np.r_[False, near])
        lags[unit, sure] = by_span.lag[sure]
        if whole.clear and len(sure):
            # A span that says nothing itself is taken for the one beside it.
            nearest = sure[np.abs(np.arange(spans)[:, None] - sure).argmin(axis=1)]
            lags[unit] = lags[unit, nearest]
    seen = np.bincount(sightings.unit, minlength=units)
    now = np.abs(-REACH_MS + (np.arange(bins) + 0.5) * BIN_MS) <= TRIP_MS
    fitting = counts[:, :, now].sum(axis=(1, 2)) / np.maximum(1, seen)
    busy = seen >= MIN_SIGHTINGS
    usual = np.median(fitting[busy]) if busy.any() else 0.0
    fitting = fitting / usual if usual else np.full(units, np.nan)
    fitting[clear | ~busy] = np.nan
    return lags, fitting


def distant_lags(sightings: Sightings, which: list[int]) -> np.ndarray:
    """Find the lags of some clocks over all the time there is; NaN where none is clear."""
    row_of = np.full(sightings.unit.max() + 1, -1, np.int32)
    row_of[which] = np.arange(len(which))
    row = row_of[sightings.unit]
    own = sightings.seen_at[row >= 0]
    low = int(own.min() - sightings.seen_at.max()) - HOUR_MS
    high = int(own.max() - sightings.seen_at.min()) + HOUR_MS
    width = max(BIN_MS, -(-(high - low) * len(which) // MOST_BINS))
    bins = -(-(high - low) // width)
    counts = count_lags(
        sightings.vehicle, sightings.seen_at, sightings.camera, row, np.zeros_like(row),
        (len(which), 1, bins), low, width, FAR_ROWS,
    )  # fmt: skip
    lags = np.full(len(which), np.nan)
    for number in range(len(which)):
        peak = _peaks(counts[number, 0], low, width)
        if peak.clear:
            lags[number] = peak.lag
    return lags


@numba.njit(cache=True, nogil=True)
def count_near(vehicle, seen_at, camera, unit, units, reach):
    """Count the sightings that each two clocks have of one vehicle within some time."""
    counts = np.zeros((units, units), np.int32)
    for i in range(len(vehicle)):
        for j in range(i + 1, min(i + 9, len(vehicle))):
            if vehicle[j] != vehicle[i] or seen_at[j] - seen_at[i] > reach:
                break
            if camera[j] != camera[i]:
                counts[unit[i], unit[j]] += 1
                counts[unit[j], unit[i]] += 1
    return counts


@numba.njit(cache=True, nogil=True)
def count_differences(vehicle, seen_at, camera, unit, span, slot, shape, width, most):
    """Count signed differences of time between each clock and its partners, as `count_lags`.

    Parameters
    ----------
    slot : numpy.ndarray of int8, shape (units, units)
        Number of a partner; negative where a clock is none.
    shape : tuple of int
        Units, spans, partners and bins; the bins lie about zero.
    """
    counts = np.zeros(shape, np.int32)
    reach = shape[3] * width // 2
    n = len(vehicle)
    for i in range(n):
        for way in (-1, 1):
            for step in range(1, most + 1):
                j = i + way * step
                if j < 0 or j >= n or vehicle[j] != vehicle[i]:
                    break
                lag = seen_at[i] - seen_at[j]
                if lag >= reach or lag < -reach:
                    break
                partner = slot[unit[i], unit[j]]
                if camera[j] != camera[i] and partner >= 0:
                    counts[unit[i], span[i], partner, (lag + reach) // width] += 1
    return counts


def centre_lags(
    sightings: Sightings, units: int, spans: int, which: np.ndarray | None = None
) -> np.ndarray:
    """Find the lags about which travel times there and back mirror each other.

    Parameters
    ----------
    sightings : Sightings
    units, spans : int
        How many there are.
    which : numpy.ndarray, optional
        The clocks that are looked at; all by default.

    Returns
    -------
    numpy.ndarray, shape (units, spans)
        In ms; 0 where none is clearly better than that.

    Notes
    -----
    The differences of time between two cameras have a hump for each direction, as far before the
    offset of the clocks as after it. Their autoconvolution peaks there, whatever the travel time
    is; the peaks that one hump makes with itself lie elsewhere for every partner.
    """
    near = count_near(
        sightings.vehicle, sightings.seen_at, sightings.camera, sightings.unit, units, FOLD_MS
    )
    slot = np.full((units, units), -1, np.int8)
    most = np.argsort(-near, axis=1, kind="stable")[:, :PARTNERS]
    for partner in range(most.shape[1]):
        slot[np.arange(units), most[:, partner]] = partner
    slot[near == 0] = -1
    which = np.arange(units) if which is None else which
    skipped = np.ones(units, bool)
    skipped[which] = False
    slot[skipped] = -1
    bins = 2 * FOLD_MS // FOLD_BIN_MS
    counts = count_differences(
        sightings.vehicle, sightings.seen_at, sightings.camera, sightings.unit, sightings.span,
        slot, (units, spans, PARTNERS, bins), FOLD_BIN_MS, 30,
    )  # fmt: skip
    centres = np.zeros((units, spans))
    for unit in which.tolist():
        whole = _mirrors(counts[unit].sum(axis=0)[None])
        centres[unit] = whole[0]
        if spans > 1:
            own = _mirrors(counts[unit])
            centres[unit, own != 0] = own[own != 0]
    return centres


def _mirrors(counts: np.ndarray) -> np.ndarray:
    """Give the lags (ms) about which differences mirror, for counts (spans, partners, bins)."""
    totals = counts.sum(axis=2)
    bins = counts.shape[2]
    # What is no passage lies about evenly; without it only humps weigh.
    humps = counts - counts.mean(axis=2, keepdims=True)
    spectrum = np.fft.rfft(humps, 2 * bins, axis=2)
    folded = np.fft.irfft(spectrum**2, 2 * bins, axis=2)[:, :, : 2 * bins - 1]
    # A partner whose differences mirror fully adds its weight, be there few or many of them.
    energy = np.maximum(1.0, np.sum(humps**2, axis=2))
    weight = np.sqrt(totals)
    score = np.einsum("spb,sp->sb", folded, weight / energy)
    # Half a minute of lag for each: three minutes together.
    score = np.apply_along_axis(np.convolve, 1, score, _SMOOTH, "same")
    middle = bins - 1
    at = score.argmax(axis=1)
    best = score.max(axis=1)
    here = score[:, middle - 2 : middle + 3].max(axis=1)
    lags = (at - middle) * (FOLD_BIN_MS / 2)
    clear = (
        (totals.sum(axis=1) >= 3 * MIN_SIGHTINGS)
        & (best > 1.3 * here)
        & (best > MIRRORED * weight.sum(axis=1) * _SMOOTH.max())
        & (np.abs(lags) >= 2 * MINUTE_MS)
    )
    for span in np.flatnonzero(clear).tolist():
        # Nobody drives in no time: what lies about the centre itself is one hump of one direction.
        at_bin = (int(at[span]) + 1) // 2
        inside = counts[span, :, max(0, at_bin - 2) : at_bin + 2].sum()
        around = counts[span, :, max(0, at_bin - 20) : at_bin + 20].sum()
        clear[span] = inside < MOST_INSIDE * around
    return np.where(clear, lags, 0.0)


_SMOOTH = np.hanning(8)[1:-1]


def voted_lags(sightings: Sightings, unit: int, usual: np.ndarray) -> list[float]:
    """Find the lags at which most of a clock's sightings lie a travel time from others.

    It tells the clock of a camera that sees one direction only, for which nothing mirrors.

    Parameters
    ----------
    sightings : Sightings
        Of the vehicles that the clock has seen.
    unit : int
        The clock.
    usual : numpy.ndarray of float64, shape (units,)
        Travel times between its camera and the others, ms; NaN where not known.

    Returns
    -------
    list of float
        In ms, the best first; a few, since a travel time fits both ways.
    """
    mine = sightings.unit == unit
    bins = 2 * FOLD_MS // FOLD_BIN_MS
    counts = count_lags(
        sightings.vehicle, sightings.seen_at, mine.astype(np.int32),
        np.where(mine, -1, sightings.unit).astype(np.int32), np.zeros_like(sightings.unit),
        (len(usual), 1, bins), -FOLD_MS, FOLD_BIN_MS, 30,
    )[:, 0]  # fmt: skip
    counts[np.isnan(usual)] = 0
    # Each difference is explained by a drive to the other camera, or by one from it.
    wide = np.zeros(3 * bins)
    for other in np.flatnonzero(counts.any(axis=1)).tolist():
        shift = round(usual[other] / FOLD_BIN_MS)
        for way in (-shift, shift):
            if abs(way) < bins:
                wide[bins + way : 2 * bins + way] += counts[other, ::-1]
    votes = np.convolve(wide[bins : 2 * bins], np.hanning(10)[1:-1], "same")
    lags, most = [], votes.max()
    while most and len(lags) < CANDIDATES and votes.max() > 0.5 * most:
        at = int(votes.argmax())
        lags.append(float((at + 0.5) * FOLD_BIN_MS - FOLD_MS))
        votes[max(0, at - 5) : at + 6] = 0
    return lags
