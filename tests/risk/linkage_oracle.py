"""Linkage once more, with dictionaries, calendars and dense tables.

Nothing here comes from the package. Scores are floating-point numbers, so a rank is known up to the
candidates whose score is as good as equal.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

KEPT = 0.5


def wall(ms, timezone):
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(timezone)).replace(tzinfo=None)


def features(camera, moment, grain):
    if grain == "place":
        return [camera]
    if grain == "place × hour":
        return [(camera, moment.hour)]
    if grain == "place × hour of week":
        return [(camera, moment.weekday(), moment.hour)]
    return [camera, (camera, moment.hour)]


def profiles(rows, timezone, first, last, grain):
    """Counts of each vehicle seen with ``first <= wall time < last``."""
    found = {}
    for vehicle, ms, camera in rows:
        moment = wall(ms, timezone)
        if first <= moment < last:
            found.setdefault(vehicle, Counter()).update(features(camera, moment, grain))
    return found


def scores(matcher, old, new):
    """Table of scores: a row a query, a column a candidate, in the order of the dictionaries."""
    everything = sorted({f for side in (old, new) for own in side.values() for f in own}, key=repr)
    column = {f: i for i, f in enumerate(everything)}

    def dense(side):
        table = np.zeros((len(side), len(column)))
        for row, own in enumerate(side.values()):
            for f, count in own.items():
                table[row, column[f]] = count
        return table

    a, b = dense(old), dense(new)
    both = np.vstack([a, b])
    if matcher == "cosine":
        rarity = np.log(len(both) / (both > 0).sum(axis=0))

        def unit(table):
            with np.errstate(divide="ignore"):
                weighted = np.where(table > 0, 1 + np.log(table), 0) * rarity
            length = np.linalg.norm(weighted, axis=1, keepdims=True)
            return weighted / np.where(length == 0, 1, length)

        return unit(a) @ unit(b).T
    traffic = both.sum(axis=0) / both.sum()
    habit = b / b.sum(axis=1, keepdims=True)
    table = np.zeros((len(a), len(b)))
    for q in range(len(a)):
        for c in range(len(b)):
            mixed = KEPT * habit[c] + (1 - KEPT) * traffic
            table[q, c] = (a[q] * np.log(mixed / ((1 - KEPT) * traffic))).sum()
    return table


def rank_between(row, right, slack):
    """Smallest and largest rank that the right candidate may have, ties at their mean."""
    surely_above = np.count_nonzero(row > row[right] + slack)
    perhaps_above = np.count_nonzero(row >= row[right] - slack)
    return 1 + surely_above, perhaps_above


def days_after(moment, days):
    return moment + timedelta(days=days)
