"""Times: text, numbers and time stamps read as milliseconds since 1970, UTC.

What the text leaves open is never guessed: a time without zone needs one given, day and month must
be told apart by the data or by the user, a time that the clocks skipped is refused and one that
they showed twice is read as the earlier and counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.errors import AmbiguousInputError
from analyzer.ingest.time_text import (
    EMPTY,
    FIRST_MS,
    FIRST_SERIAL,
    GAP,
    LAST_MS,
    LAST_SERIAL,
    NO_TIME,
    OPEN_ORDER,
    OPEN_YEAR,
    OTHER_ORDER,
    OUT_OF_RANGE,
    READ_LOCAL,
    READ_SERIAL,
    READ_UTC,
    SERIAL_DAY_0,
    UNREADABLE,
    count_orders,
    full_year,
    parse_texts,
)
from analyzer.local_time import Clock, clock
from analyzer.units import DAY_MS

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"

REASONS = {
    EMPTY: "time_missing",
    UNREADABLE: "time_unreadable",
    OUT_OF_RANGE: "time_out_of_range",
    NO_TIME: "time_without_hour",
    OTHER_ORDER: "time_unreadable",
    GAP: "time_not_existing",
}

_POWER_OF_TEN = re.compile(r"\d\.(\d+)[eE]\+?(\d{1,2})")
_ORDERS = {None: 0, DAY_FIRST: 1, MONTH_FIRST: 2}
_MISSING_WORDS = pa.array(["NA", "N/A", "NULL", "null", "None", "NaN", "nan", "NaT", "--", "-"])
_PER_MS = {"s": 1_000, "ms": 1, "us": -1_000, "ns": -1_000_000}


@dataclass
class TimesRead:
    """What was read from a column of times.

    Attributes
    ----------
    times : numpy.ndarray of int64
        Milliseconds since 1970, UTC; 0 where not read.
    status : numpy.ndarray of uint8
        `READ_UTC`, or one of the keys of `REASONS`.
    folds : int
        Times that the clocks showed twice (read as the earlier).
    zoned, local : int
        Times that came with an offset (or as an epoch), and without.
    serials : int
        Times that came as a spreadsheet's count of days (they are among the local ones).
    """

    times: np.ndarray
    status: np.ndarray
    folds: int = 0
    zoned: int = 0
    local: int = 0
    serials: int = 0


@dataclass
class TimeReader:
    """Reads the columns of times of one source.

    Attributes
    ----------
    where : str
        Which file and column, for messages.
    timezone : str or None
        IANA name of the zone of times without offset.
    order : str or None
        `DAY_FIRST` or `MONTH_FIRST`, where dates need it.
    settled : bool
        Whether the user or the profile fixed the order; dates that contradict it are then rejects.
        An order taken from the data is refused when other data contradict it.
    """

    where: str
    timezone: str | None = None
    order: str | None = None
    settled: bool = False
    _clock: Clock | None = field(default=None, repr=False)
    _span: tuple[int, int] = field(default=(0, -1), repr=False)

    def read(self, column: pa.Array) -> TimesRead:
        """Read a column.

        Raises
        ------
        AmbiguousInputError
            If the times have no zone and none was given, or days and months cannot be told apart.

        Examples
        --------
        >>> reader = TimeReader("column dt", "America/Los_Angeles", MONTH_FIRST)
        >>> reader.read(pa.array(["10/07/2021 - 16:30:51"])).times.tolist()
        [1633649451000]
        """
        if pa.types.is_string(column.type):
            values, status = self._texts(column)
        else:
            values, status = _typed(column)
        serial = status == READ_SERIAL
        status[serial] = READ_LOCAL
        local = status == READ_LOCAL
        zoned = int(np.count_nonzero(status == READ_UTC))
        n_local = int(np.count_nonzero(local))
        folds = 0
        if n_local:
            self._require_zone()
            there = self._clock_for(int(values[local].min()), int(values[local].max()))
            folds = _to_utc(values, status, there.starts, there.offsets)
        read = status == READ_UTC
        outside = read & ((values < FIRST_MS) | (values >= LAST_MS))
        status[outside] = OUT_OF_RANGE
        values[status != READ_UTC] = 0
        return TimesRead(values, status, folds, zoned, n_local, int(np.count_nonzero(serial)))

    def _texts(self, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        offsets, data = text_buffers(column)
        values, status = parse_texts(offsets, data, _ORDERS[self.order])
        if (status == OPEN_ORDER).any():
            # The reader settles the order before it reads, so this column never proved it.
            raise AmbiguousInputError(self._order_message(offsets, data, status))
        if (status == OPEN_YEAR).any():
            raise AmbiguousInputError(self._year_message(offsets, data, status))
        if not self.settled and (status == OTHER_ORDER).any():
            raise AmbiguousInputError(
                f"{self.where}: some dates can only be day first and others only month first, so "
                f"none can be trusted; write --profile {DAY_FIRST} or --profile {MONTH_FIRST} to "
                "reject the dates of the other kind"
            )
        unread = np.flatnonzero(status == UNREADABLE)
        if len(unread):
            missing = pc.is_in(column.take(pa.array(unread)), _MISSING_WORDS)
            status[unread[np.asarray(missing)]] = EMPTY
            _read_powers_of_ten(column, values, status)
        return values, status

    def _require_zone(self) -> None:
        if self.timezone is None:
            raise AmbiguousInputError(
                f"{self.where}: the times have no time zone; say where the clocks stood, "
                "for example --timezone Asia/Tashkent"
            )

    def _clock_for(self, first: int, last: int) -> Clock:
        if self._clock is None or first < self._span[0] or last > self._span[1]:
            # Years, not days: the next chunk is likely to fall into the same span.
            span = (first - 400 * DAY_MS, last + 400 * DAY_MS)
            if self._clock is not None:
                span = (min(span[0], self._span[0]), max(span[1], self._span[1]))
            self._span, self._clock = span, clock(self.timezone, *span)
        return self._clock

    def _order_message(self, offsets: np.ndarray, data: np.ndarray, status: np.ndarray) -> str:
        example = ""
        for row in np.flatnonzero(status == OPEN_ORDER)[:1000]:
            text = bytes(data[offsets[row] : offsets[row + 1]]).decode("ascii", "replace")
            a, b, year = re.match(r"\D*(\d+)\D+(\d+)\D+(\d+)", text).groups()
            # Twice the same number reads the same both ways, and shows nothing.
            if 1 <= int(a) <= 12 and 1 <= int(b) <= 12 and int(a) != int(b):
                example = (
                    f": {a}/{b}/{year} may be {_date(year, b, a)} (day first) "
                    f"or {_date(year, a, b)} (month first)"
                )
                break
        return (
            f"{self.where}: dates can be read in two ways and no date in the file settles "
            f"it{example}. Write --profile {DAY_FIRST} or --profile {MONTH_FIRST}"
        )


    def _year_message(self, offsets: np.ndarray, data: np.ndarray, status: np.ndarray) -> str:
        example = ""
        for row in np.flatnonzero(status == OPEN_YEAR)[:1000]:
            text = bytes(data[offsets[row] : offsets[row + 1]]).decode("utf-8", "replace")
            match = re.match(r"\D*(\d\d?)[-/. ]+(\d\d?)[-/. ]+(\d\d)\b(?!:)", text)
            if match is None:
                continue
            a, b, c = (int(number) for number in match.groups())
            readings = [
                f"{_date(int(full_year(year)), month, day)} ({name})"
                for year, month, day, name in (
                    (c, b, a, "day first"), (c, a, b, "month first"), (a, b, c, "year first"),
                )
                if 1 <= month <= 12 and 1 <= day <= 31
            ]  # fmt: skip
            if len(readings) > 1:
                example = f": {a:02}/{b:02}/{c:02} may be {' or '.join(readings)}"
                break
        return (
            f"{self.where}: the years have two digits, so dates can be read in several "
            f"ways{example}. If the year stands last, write --profile {DAY_FIRST} or --profile "
            f"{MONTH_FIRST}; if not, write the years in full"
        )


def _read_powers_of_ten(column: pa.Array, values: np.ndarray, status: np.ndarray) -> None:
    """Read epochs like ``1.772400000e+09`` in place, where all digits of the seconds are there."""
    for row in np.flatnonzero(status == UNREADABLE).tolist():
        match = _POWER_OF_TEN.fullmatch(column[row].as_py() or "")
        if match is not None and len(match.group(1)) >= int(match.group(2)):
            read, scale = _scale_epochs(np.array([float(match.group())]))
            values[row], status[row] = read[0], READ_UTC if scale[0] else OUT_OF_RANGE


_MONTHS = "January February March April May June July August September October November December"


def _date(year: str | int, month: str | int, day: str | int) -> str:
    return f"{int(day)} {_MONTHS.split()[int(month) - 1]} {year}"


def text_buffers(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Give the offsets and bytes of a column of text, nulls as empty."""
    if column.null_count:
        column = column.fill_null("")
    buffers = column.buffers()
    offsets = np.frombuffer(buffers[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(buffers[2], np.uint8) if buffers[2] else np.empty(0, np.uint8)
    return offsets, data


def looks_like_time(text: str) -> bool:
    """Say whether a cell holds a time, so that its row cannot be a header.

    Examples
    --------
    >>> looks_like_time("10/07/2021 - 16:30:51"), looks_like_time("dt")
    (True, False)
    """
    # A number of five digits may be a spreadsheet's time, but it may be anything else.
    if re.fullmatch(r"\d{5}([.,]\d*)?", text.strip()):
        return False
    offsets, data = text_buffers(pa.array([text.strip()], pa.string()))
    _, status = parse_texts(offsets, data, 0)
    return int(status[0]) not in (EMPTY, UNREADABLE)


def order_proofs(column: pa.Array) -> tuple[int, int, int]:
    """Count the dates that need an order, that prove day first, and that prove month first.

    Examples
    --------
    >>> order_proofs(pa.array(["10/07/2021 10:00", "10/13/2021 10:00", "2021-10-07 10:00"]))
    (2, 0, 1)
    """
    if not pa.types.is_string(column.type):
        return 0, 0, 0
    return count_orders(*text_buffers(column))


def _typed(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    kind = column.type
    missing = np.asarray(column.is_null())
    status = np.where(missing, EMPTY, READ_UTC).astype(np.uint8)
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            status[~missing] = READ_LOCAL
        raw = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        factor = _PER_MS[kind.unit]
        return (raw * factor if factor > 0 else raw // -factor), status
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        raw = column.cast(pa.float64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
        finite = np.isfinite(raw)
        status[~missing & ~finite] = EMPTY
        values, scaled = _scale_epochs(np.where(finite, raw, 0.0))
        if pa.types.is_integer(kind):
            whole = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
            values = np.where(scaled < 0, whole // np.where(scaled < 0, -scaled, 1), values)
        serial = (status == READ_UTC) & (raw >= FIRST_SERIAL) & (raw < LAST_SERIAL)
        whole_days = np.floor(raw[serial]).astype(np.int64) + SERIAL_DAY_0
        values[serial] = whole_days * DAY_MS + np.round(raw[serial] % 1 * DAY_MS).astype(np.int64)
        scaled[serial] = DAY_MS
        # Whole numbers are days without hours; a midnight among fractions is a time.
        status[serial] = NO_TIME if pa.types.is_integer(kind) else READ_SERIAL
        status[(status == READ_UTC) & (scaled == 0)] = OUT_OF_RANGE
        return values, status
    if pa.types.is_date(kind):
        status[~missing] = NO_TIME
    elif not pa.types.is_null(kind):
        status[~missing] = UNREADABLE
    return np.zeros(len(column), np.int64), status


def _scale_epochs(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Read epochs by their size; the scale is ms per unit, negative for units below a ms."""
    values = np.zeros(len(raw), np.int64)
    scales = np.zeros(len(raw), np.int64)
    for scale in _PER_MS.values():
        milliseconds = raw * scale if scale > 0 else raw / -scale
        fits = (milliseconds >= FIRST_MS) & (milliseconds < LAST_MS)
        # Rounded: the nearest double below a whole millisecond must not lose it.
        values[fits] = np.round(milliseconds[fits]).astype(np.int64)
        scales[fits] = scale
    return values, scales


@numba.njit(cache=True, nogil=True)
def _to_utc(values, status, starts, offsets):
    """Turn local times into instants in place; count the times shown twice, mark those skipped."""
    folds = 0
    current = 0
    for i in range(len(values)):
        if status[i] != READ_LOCAL:
            continue
        local = values[i]
        # Far from a change of the clocks the offset of the row before is the only candidate.
        low = local - offsets[current]
        margin = 2 * DAY_MS
        sure = current == 0 or low - starts[current] > margin
        if current + 1 < len(starts) and starts[current + 1] - low < margin:
            sure = False
        if sure:
            values[i], status[i] = low, READ_UTC
            continue
        found = 0
        for k in range(len(starts)):
            candidate = local - offsets[k]
            before_next = k + 1 == len(starts) or candidate < starts[k + 1]
            if candidate >= starts[k] and before_next:
                if found == 0:
                    values[i], current = candidate, k
                found += 1
        if found == 0:
            status[i] = GAP
        else:
            status[i] = READ_UTC
            if found > 1:
                folds += 1
    return folds
