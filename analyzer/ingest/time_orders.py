"""Orders of dates: which number is the day is proven by a file's dates before they are read."""

from __future__ import annotations

from analyzer.ingest.columns import ColumnMap
from analyzer.ingest.sources import Source
from analyzer.ingest.times import DAY_FIRST, MONTH_FIRST, TimeReader, order_proofs


def time_reader(source: Source, mapped: ColumnMap, timezone: str | None) -> TimeReader:
    """Make what reads the times of a source, and settle which number of its dates is the day.

    Parameters
    ----------
    source : Source
        What is read; further than its first chunk only where that leaves the order open.
    mapped : ColumnMap
        Which columns are times.
    timezone : str or None
        Zone of times without an offset, where the profile does not say.
    """
    name = mapped.words["seen_at"]
    where = f"{source.name}, column {name}" if mapped.showable else f"{source.name}, {name}"
    reader = TimeReader(where, mapped.profile.timezone or timezone)
    if mapped.profile.order is not None:
        reader.order, reader.settled = mapped.profile.order, True
        return reader
    # Only dates that end with the year leave the order open: one chunk shows whether there are
    # any, and reading goes on until a date proves which number is the day.
    positions = mapped.columns["seen_at"][:1]
    for chunk in mapped.chunks(source, positions):
        needed, day_first, month_first = order_proofs(chunk.columns[positions[0]])
        if day_first or month_first:
            reader.order = DAY_FIRST if day_first >= month_first else MONTH_FIRST
            break
        if not needed:
            break
    return reader
