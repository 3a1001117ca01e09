"""Window matching: how many vehicles of a part hold what each retention window still shows.

For bins longer than a day, which a window may cut: a vehicle then holds a point in one window and
not in another. Shorter bins are shown or not, of everybody alike, and `analyzer.risk.matching`
counts them.
"""

from __future__ import annotations

import numba
import numpy as np

from analyzer.risk.matching import hold_both, longest_list, lower_bound, narrow
from analyzer.risk.postings import HolderDays, Postings


def count_window_matches(
    known: np.ndarray,
    shown_from: np.ndarray,
    leak_days: np.ndarray,
    reach: np.ndarray,
    postings: Postings,
    holder_days: HolderDays,
    cap: int = 2,
) -> np.ndarray:
    """Count the vehicles of a part that hold, in each window, what it still shows of each target.

    For bins longer than a day, which a window may cut: a point counts as held in a window only if
    a sighting that makes it lies in the window.

    Parameters
    ----------
    known : numpy.ndarray of int32, shape (n, p)
        Slots of the known points, the latest seen first; distinct in a row.
    shown_from : numpy.ndarray of int64, shape (n, p)
        First window that shows the point, the number of windows if none does; ascending in a row.
    leak_days : numpy.ndarray of int64, shape (n,)
        A window shows days before this.
    reach : numpy.ndarray of int64, shape (w,)
        Days that each window shows, ascending.
    postings, holder_days
        Of the part.
    cap : int
        Counts end here.

    Returns
    -------
    numpy.ndarray of int32, shape (n, w)
        Zero where a window shows none of the points.
    """
    return _count_window_matches(
        known, shown_from, leak_days, reach, *postings[1:], *holder_days, cap
    )


@numba.njit(cache=True, nogil=True)
def _first_window(
    days: np.ndarray, low: int, high: int, leak_day: int, reach: np.ndarray
) -> int:
    """First window (by reach) that shows one of ``days[low:high]``; their number if none does."""
    latest = np.int64(np.iinfo(np.int64).min)
    for i in range(low, high):
        if days[i] < leak_day and days[i] > latest:
            latest = days[i]
    window = len(reach)
    while window > 0 and latest >= leak_day - reach[window - 1]:
        window -= 1
    return window


@numba.njit(cache=True, nogil=True)
def _count_window_matches(
    known: np.ndarray,
    shown_from: np.ndarray,
    leak_days: np.ndarray,
    reach: np.ndarray,
    offsets: np.ndarray,
    holders: np.ndarray,
    row_of_bits: np.ndarray,
    bits: np.ndarray,
    day_offsets: np.ndarray,
    days: np.ndarray,
    cap: int,
) -> np.ndarray:
    n_targets, n_points = known.shape
    n_windows = len(reach)
    counts = np.zeros((n_targets, n_windows), np.int32)
    candidates = np.empty(longest_list(offsets) + 1, np.int32)
    for t in range(n_targets):
        slots = known[t]
        length = used = 0
        window = shown_from[t, 0]
        while window < n_windows:
            # All windows from here to `until` show the same known points.
            shown = 0
            until = n_windows
            for q in range(n_points):
                if shown_from[t, q] <= window:
                    shown = q + 1
                else:
                    until = min(until, shown_from[t, q])
            if used < 2 <= shown:
                length = hold_both(
                    slots[0], slots[1], offsets, holders, row_of_bits, bits, candidates
                )
                used = 2
            elif used == 0:
                length = offsets[slots[0] + 1] - offsets[slots[0]]
                candidates[:length] = holders[offsets[slots[0]] : offsets[slots[0] + 1]]
                used = 1
            for q in range(used, shown):
                length = narrow(
                    candidates, length, slots[q], offsets, holders, row_of_bits, bits, candidates
                )
            used = shown
            if length == 0:
                break
            for i in range(length):
                held_from = 0
                for q in range(shown):
                    start, stop = offsets[slots[q]], offsets[slots[q] + 1]
                    at = lower_bound(holders, start, stop, candidates[i])
                    first = _first_window(
                        days, day_offsets[at], day_offsets[at + 1], leak_days[t], reach
                    )
                    held_from = max(held_from, first)
                for w in range(max(window, held_from), until):
                    if counts[t, w] < cap:
                        counts[t, w] += 1
                # Longer windows are full first: when the shortest is, all of them are.
                if counts[t, window] == cap:
                    break
            window = until
    return counts
