"""A policy once more, row by row, with calendar arithmetic in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.risk import oracle
from tests.risk.oracle import MONDAY, local_date, local_moment


def rounded(ms, timezone, length):
    """The first instant at which the wall showed the beginning of the bin."""
    moment = local_moment(ms, timezone)
    start = datetime.combine(moment.date(), datetime.min.time())
    if length >= timedelta(days=1):
        since = (moment.date() - MONDAY).days // length.days * length.days
        start = datetime.combine(MONDAY + timedelta(days=since), datetime.min.time())
    else:
        start += (moment - start) // length * length
    return round(start.replace(tzinfo=ZoneInfo(timezone), fold=0).timestamp() * 1000)


def release(
    rows, *, timezone, leak_date, days=None, place=None, kept=None, length=None, period=None,
    vehicles=None, min_k=None,
):  # fmt: skip
    """Give the released rows: (vehicle, period or None, ms, place), and which row each was."""
    found = []
    for at, (vehicle, ms, camera) in enumerate(rows):
        day = local_date(ms, timezone)
        if day >= leak_date or (days is not None and day < leak_date - timedelta(days=days)):
            continue
        if kept is not None and camera not in kept:
            continue
        if vehicles is not None and vehicle not in vehicles:
            continue
        number = None if period is None else oracle.time_bin(ms, timezone, period)
        found.append((at, vehicle, number, ms, camera if place is None else place[camera]))
    if min_k is not None:
        cell_length = length or timedelta(hours=1)
        cells = defaultdict(set)
        for _, vehicle, _, ms, where in found:
            cells[where, oracle.time_bin(ms, timezone, cell_length)].add(vehicle)
        found = [
            row
            for row in found
            if len(cells[row[4], oracle.time_bin(row[3], timezone, cell_length)]) >= min_k
        ]
    return {
        at: (vehicle, number, ms if length is None else rounded(ms, timezone, length), where)
        for at, vehicle, number, ms, where in found
    }


def singled_out(released, known, timezone, bin_length):
    """State of a target by what is left of its known rows: deleted, shown or alone.

    `known` are the numbers of the rows that are known.
    """
    left = defaultdict(set)
    for at in known:
        if at in released:
            vehicle, number, ms, where = released[at]
            left[vehicle, number].add((where, oracle.time_bin(ms, timezone, bin_length)))
    if not left:
        return "deleted"
    held = defaultdict(set)
    for vehicle, number, ms, where in released.values():
        held[vehicle, number].add((where, oracle.time_bin(ms, timezone, bin_length)))
    for own, points in left.items():
        if [name for name, all_held in held.items() if points <= all_held] == [own]:
            return "alone"
    return "shown"


