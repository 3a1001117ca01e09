"""Records: against Python's csv module, and whole under every size of block."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analyzer.ingest.records import FAULT_REASONS, UNBALANCED, column_of, find_records

CELLS = st.text(alphabet='ab"\n;, é', max_size=5)


def read_blocks(data, width, size, delimiter=",", max_record=1 << 20):
    """Drive the scanner as a reader does: in blocks, with what is left carried over."""
    rows, faults, carry, base, line, skipping = [], [], b"", 0, 1, False
    pieces = [data[i : i + size] for i in range(0, len(data), size)] or [b""]
    for i, piece in enumerate(pieces):
        block = carry + piece
        array = np.frombuffer(block, np.uint8)
        found = find_records(
            array, delimiter=ord(delimiter), width=width, wanted=list(range(width)), line=line,
            final=i == len(pieces) - 1, skipping=skipping, max_record=max_record,
        )  # fmt: skip
        columns = [column_of(array, found, slot).to_pylist() for slot in range(width)]
        for k in range(len(found)):
            cells = [column[k] for column in columns]
            rows.append((int(found.lines[k]), base + int(found.starts[k]), cells))
        for k in range(len(found.faults)):
            faults.append(
                (
                    int(found.faults.lines[k]),
                    base + int(found.faults.offsets[k]),
                    FAULT_REASONS[int(found.faults.codes[k])],
                )
            )
        carry, line, skipping = block[found.consumed :], found.next_line, found.skipping
        base += found.consumed
    return rows, faults


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12),
    st.integers(1, 40),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read(rows, size, end, quoting):
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(rows)
    data = out.getvalue().encode()
    # Cells whose lines have as many commas as a row are taken for rows (see below).
    texts = ["".join(row) for row in rows]
    assume(not any("," in text and "\n" in text for text in texts))
    expected = [[cell.strip(" \n\r") for cell in row] for row in
                csv.reader(io.StringIO(out.getvalue(), newline="")) if row]  # fmt: skip
    found, faults = read_blocks(data, 3, size)
    assert faults == []
    assert [cells for _, _, cells in found] == expected
    for line, offset, _ in found:
        assert data[:offset].count(b"\n") == line - 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab",\n\r\0 ', max_size=60), st.integers(1, 7))
def test_blocks_of_any_size_give_the_same_for_any_bytes(text, size):
    data = text.encode()
    whole = read_blocks(data, 2, len(data) + 1, max_record=12)
    assert read_blocks(data, 2, size, max_record=12) == whole
    rows, faults = whole
    for line, offset, *_ in [*rows, *faults]:
        assert data[:offset].count(b"\n") == line - 1
    # Without quotes and long lines every line that is not blank is a row or a fault.
    if '"' not in text and all(len(part) < 12 for part in text.split("\n")):
        lines = [part for part in text.split("\n") if part.strip(" \r")]
        assert len(rows) + len(faults) == len(lines)


@pytest.mark.parametrize(
    ("data", "lines", "faults"),
    [
        (b"a,b\nc\nd,e\n", [1, 3], [(2, "wrong_number_of_fields")]),
        (b'a,b\n"c,d\ne,f\ng,"h"\n', [1, 3, 4], [(2, "quote_unbalanced")]),
        (b'a,b\n"c,d\ne,f\ng,h', [1, 3, 4], [(2, "quote_unbalanced")]),
        (b'a,b\n"c"x,d\ne,f\n', [1, 3], [(2, "quote_unbalanced")]),
        (b'a,b\nc,5" wide\ne,f\n', [1, 2, 3], []),
        (b"a,b\nc\0,d\ne,f\n", [1, 3], [(2, "nul_byte")]),
        (b"a,b\n\n\r\n  \nc,d\n", [1, 5], []),
        (b"a,b\nlast,", [1, 2], []),
        (b"a,b\nlast", [1], [(2, "wrong_number_of_fields")]),
        (b'a, "b, c" \n"x\ny",z\nlast,row\n', [1, 2, 4], []),
    ],
)
def test_faults_cost_one_line(data, lines, faults):
    for size in (1, 3, 100):
        rows, found = read_blocks(data, 2, size)
        assert [row[0] for row in rows] == lines
        assert [(line, reason) for line, _, reason in found] == faults


def test_a_long_line_is_one_fault_and_does_not_grow_memory():
    data = b"a,b\n" + b"x" * 5000 + b",y\nc,d\n" + b'"' + b"z" * 5000 + b"\ne,f\n"
    for size in (64, 1000, 100_000):
        rows, faults = read_blocks(data, 2, size, max_record=1000)
        assert [row[0] for row in rows] == [1, 3, 5]
        assert [(line, reason) for line, _, reason in faults] == [
            (2, "record_too_long"), (4, "quote_unbalanced"),
        ]  # fmt: skip


@pytest.mark.parametrize("between", [0, 1, 2, 1000])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_two_stray_quotes_swallow_no_rows(between, column):
    def row(number: int, before: str = "", behind: str = "") -> str:
        cells = [f"p{number}", "Cam 0", "2026-03-01 10:00:00"]
        cells[column] = before + cells[column] + behind
        return ",".join(cells)

    rows = [row(0, before='"'), *(row(i + 1) for i in range(between)), row(-1, behind='"')]
    block = np.frombuffer("\n".join([*rows, "p,c,t\n"]).encode(), np.uint8)
    found = find_records(block, delimiter=44, width=3, wanted=[0, 1, 2])
    assert found.faults.codes.tolist() == [UNBALANCED]
    assert found.lines.tolist() == list(range(2, between + 4))
    # A quote that only closes is a character of its cell.
    assert column_of(block, found, 0).to_pylist()[:between] == [f"p{i + 1}" for i in range(between)]


@pytest.mark.parametrize("cell", ['"one\ntwo"', '"a, b\nc"', '"\n"', '"one\n\ntwo, three\n"'])
@pytest.mark.parametrize("column", [0, 1, 2])
def test_lines_inside_a_cell_are_read(cell, column):
    cells = ["p", "c", "t"]
    cells[column] = cell
    block = np.frombuffer(("x,y,z\n" + ",".join(cells) + "\nx,y,z\n").encode(), np.uint8)
    found = find_records(block, delimiter=44, width=3, wanted=[column])
    assert not len(found.faults) and len(found) == 3
    assert column_of(block, found, 0).to_pylist()[1] == cell.strip('"').strip()
