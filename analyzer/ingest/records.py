"""Records of delimited text: where each begins, which line it stands on, and where its fields lie.

One exact pass over the bytes finds records and fields, so that line number and byte offset of every
row are known whatever the row holds. A quote opens only at the start of a field and must be closed
before a delimiter or a line end; a record that breaks this, has another number of fields than the
header, or whose quoted lines are rows themselves, becomes a fault, and reading goes on at the next
line: two stray quotes must not swallow the rows between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
import pyarrow as pa

MAX_RECORD = 1 << 20
"""Longest record in bytes; a quote that is never closed swallows no more than this."""

WRONG_FIELDS, UNBALANCED, TOO_LONG, NUL_BYTE = 1, 2, 3, 4
NOT_PARSED, CUT_OFF, OTHER_EVENT, NO_SIGHTING = 5, 6, 7, 8
FAULT_REASONS = {
    WRONG_FIELDS: "wrong_number_of_fields",
    UNBALANCED: "quote_unbalanced",
    TOO_LONG: "record_too_long",
    NUL_BYTE: "nul_byte",
    NOT_PARSED: "record_not_parsed",
    CUT_OFF: "record_cut_off",
    OTHER_EVENT: "other_kind_of_event",
    NO_SIGHTING: "event_without_sighting",
}

_ROW_FIELDS = 3
"""A sighting has a plate, a camera and a time: fewer fields are no row that could be swallowed."""

_NEWLINE, _RETURN, _QUOTE, _SPACE, _TAB = 10, 13, 34, 32, 9


@dataclass
class Faults:
    """Records that have no usable fields.

    Attributes
    ----------
    lines, offsets : numpy.ndarray of int64
        Line number (from 1) and byte offset of each.
    codes : numpy.ndarray of int64
        Which fault (`FAULT_REASONS`).
    fields : numpy.ndarray of int64
        How many fields were found.
    """

    lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    offsets: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    codes: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    fields: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.lines)


@dataclass
class Records:
    """Records found in a block: their places, and the places of the wanted fields."""

    starts: np.ndarray
    lines: np.ndarray
    first: np.ndarray
    last: np.ndarray
    faults: Faults
    consumed: int
    next_line: int
    skipping: bool

    def __len__(self) -> int:
        return len(self.starts)

    def give_up(self, rows: np.ndarray, code: int, fields: int) -> None:
        """Make the records of a mask faults."""
        faults, keep, count = self.faults, ~rows, int(np.count_nonzero(rows))
        faults.lines = np.append(faults.lines, self.lines[rows])
        faults.offsets = np.append(faults.offsets, self.starts[rows])
        faults.codes = np.append(faults.codes, np.full(count, code))
        faults.fields = np.append(faults.fields, np.full(count, fields))
        self.starts, self.lines = self.starts[keep], self.lines[keep]
        self.first, self.last = self.first[:, keep], self.last[:, keep]


def find_records(
    block: np.ndarray,
    *,
    delimiter: int,
    width: int,
    wanted: list[int],
    line: int = 1,
    final: bool = True,
    skipping: bool = False,
    max_record: int = MAX_RECORD,
) -> Records:
    r"""Find the records of a block of bytes that begins at a record.

    Parameters
    ----------
    block : numpy.ndarray of uint8
        The bytes.
    delimiter : int
        The byte between fields.
    width : int
        Number of fields that a record must have.
    wanted : list of int
        Which fields to locate (positions from 0).
    line : int
        Line number of the first byte.
    final : bool
        Whether the input ends with this block; if not, the last, unfinished record is left.
    skipping : bool
        Whether the block begins inside a record that was given up as too long.
    max_record : int
        Longest record in bytes.

    Returns
    -------
    Records

    Examples
    --------
    >>> block = np.frombuffer(b'a,"x\ny"\nb,c\n\nd\n', np.uint8)
    >>> found = find_records(block, delimiter=44, width=2, wanted=[1])
    >>> found.lines.tolist(), column_of(block, found, 0).to_pylist(), found.faults.lines.tolist()
    ([1, 3], ['x\ny', 'c'], [5])
    """
    slots = np.full(max(width, 1), -1, np.int64)
    for slot, position in enumerate(wanted):
        slots[position] = slot
    capacity = _count(block, _NEWLINE) + 2
    starts = np.empty(capacity, np.int64)
    lines = np.empty(capacity, np.int64)
    first = np.empty((max(len(wanted), 1), capacity), np.int32)
    last = np.empty((max(len(wanted), 1), capacity), np.int32)
    faults = np.empty((4, capacity), np.int64)
    n, n_faults, consumed, next_line, skips = _scan(
        block, delimiter, width, slots, line, final, skipping, max_record,
        starts, lines, first, last, faults,
    )  # fmt: skip
    found = faults[:, :n_faults].copy()
    return Records(
        starts[:n],
        lines[:n],
        first[:, :n],
        last[:, :n],
        Faults(found[0], found[1], found[2], found[3]),
        consumed,
        next_line,
        bool(skips),
    )


def column_of(block: np.ndarray, records: Records, slot: int) -> pa.Array:
    """Copy one wanted field of every record into an Arrow column of bytes as they stand.

    Blanks around the field are dropped and doubled quotes made single; the text is not checked
    against an encoding.
    """
    offsets, data = _gather(block, records.first[slot], records.last[slot])
    return pa.Array.from_buffers(
        pa.string(), len(records), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )


@numba.njit(cache=True, nogil=True)
def _count(block, byte):
    count = 0
    for i in range(len(block)):
        count += block[i] == byte
    return count


@numba.njit(cache=True, nogil=True)
def _line_end(block, start):
    """Find the first line end at or after a place; the length of the block if there is none."""
    position = start
    while position < len(block) and block[position] != _NEWLINE:
        position += 1
    return position


@numba.njit(cache=True, nogil=True)
def _scan(
    block, delimiter, width, slots, line, final, skipping, max_record,
    starts, lines, first, last, faults,
):  # fmt: skip
    size = len(block)
    n, n_faults, position = 0, 0, 0
    if skipping:
        end = _line_end(block, 0)
        if end == size:
            return n, n_faults, size, line, not final
        position, line = end + 1, line + 1
    while position < size:
        start, cursor, fields = position, position, 0
        fault, inner_lines, nul, blank, complete = 0, 0, False, False, False
        holds_row = False
        while True:
            begin = cursor
            peek = cursor
            while peek < size and block[peek] == _SPACE:
                peek += 1
            if peek < size and block[peek] == _QUOTE:
                peek += 1
                begin = peek
                closed = False
                within, whole = 0, False
                while peek < size and peek - start <= max_record:
                    byte = block[peek]
                    if byte == _QUOTE:
                        if peek + 1 < size and block[peek + 1] == _QUOTE:
                            peek += 2
                            continue
                        closed = peek + 1 < size or final
                        break
                    if byte == _NEWLINE:
                        holds_row |= whole and within == width - 1
                        within, whole = 0, True
                        inner_lines += 1
                    elif byte == delimiter:
                        within += 1
                    elif byte == 0:
                        nul = True
                    peek += 1
                if not closed:
                    if peek - start > max_record or final:
                        fault = UNBALANCED
                    break
                end = peek
                peek += 1
                while peek < size and (block[peek] == _SPACE or block[peek] == _RETURN):
                    peek += 1
                if peek < size and block[peek] != delimiter and block[peek] != _NEWLINE:
                    fault = UNBALANCED
                    break
            else:
                peek = cursor
                while peek < size:
                    byte = block[peek]
                    if byte in (delimiter, _NEWLINE):
                        break
                    if byte == 0:
                        nul = True
                    peek += 1
                end = peek
                blank = fields == 0 and _is_blank(block, begin, end)
            if peek == size and not final:
                break
            if fields < len(slots) and slots[fields] >= 0:
                first[slots[fields], n] = begin
                last[slots[fields], n] = end
            fields += 1
            if peek >= size or block[peek] == _NEWLINE:
                complete = True
                break
            blank = False
            cursor = peek + 1
        if not complete and fault == 0:
            if size - start <= max_record:
                return n, n_faults, start, line, False
            fault = TOO_LONG
        if complete and blank and fields == 1:
            position, line = peek + 1, line + 1
            continue
        if fault == 0 and complete:
            if peek - start > max_record:
                fault = TOO_LONG
            elif nul:
                fault = NUL_BYTE
            elif fields != width:
                # Lines swallowed by a quote that was opened by mistake must not be lost with it.
                fault = UNBALANCED if inner_lines else WRONG_FIELDS
            elif (
                inner_lines
                and width >= _ROW_FIELDS
                and (holds_row or _joins_rows(block, start, peek, delimiter, width))
            ):
                fault = UNBALANCED
        if fault == 0:
            starts[n], lines[n] = start, line
            n += 1
            position, line = peek + 1, line + 1 + inner_lines
            continue
        faults[0, n_faults], faults[1, n_faults] = line, start
        faults[2, n_faults], faults[3, n_faults] = fault, fields
        n_faults += 1
        end = _line_end(block, start)
        if end == size:
            return n, n_faults, size, line + (1 if final else 0), not final
        position, line = end + 1, line + 1
    return n, n_faults, size, line, False


@numba.njit(cache=True, nogil=True)
def _joins_rows(block, start, end, delimiter, width):
    """Say whether the first and the last line of a record have as many delimiters as a row each."""
    first, count = -1, 0
    for position in range(start, end):
        if block[position] == delimiter:
            count += 1
        elif block[position] == _NEWLINE:
            if first < 0:
                first = count
            count = 0
    return first == width - 1 and count == width - 1


@numba.njit(cache=True, nogil=True)
def _is_blank(block, begin, end):
    for i in range(begin, end):
        if block[i] != _SPACE and block[i] != _RETURN and block[i] != _TAB:
            return False
    return True


@numba.njit(cache=True, nogil=True)
def _gather(block, first, last):
    n = len(first)
    offsets = np.zeros(n + 1, np.int32)
    total = 0
    for i in range(n):
        total += last[i] - first[i]
    data = np.empty(total, np.uint8)
    at = 0
    for i in range(n):
        begin, end = first[i], last[i]
        quoted = begin > 0 and block[begin - 1] == _QUOTE
        while begin < end and block[begin] <= _SPACE:
            begin += 1
        while end > begin and block[end - 1] <= _SPACE:
            end -= 1
        if quoted:
            position = begin
            while position < end:
                data[at] = block[position]
                at += 1
                pair = block[position] == _QUOTE and position + 1 < end
                position += 2 if pair and block[position + 1] == _QUOTE else 1
        else:
            for position in range(begin, end):
                data[at] = block[position]
                at += 1
        offsets[i + 1] = at
    return offsets, data[:at]
