"""How parts and rows travel to other processes: parts as recipes, rows as Arrow streams."""

from __future__ import annotations

import io
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.engine.base import Part
from analyzer.engine.spill import to_rows, to_table
from analyzer.schema import Rows, n_rows

SHARED_BYTES = 1 << 16
"""An array of this size that several parts refer to travels once, not with each of them."""

PIECE_BYTES = 1 << 25
"""Rows travel in pieces of about this size: a message must stay far below two gigabytes."""


def pack_rows(rows: Rows, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Write rows as Arrow streams of bounded size; at least one, which tells the columns.

    Examples
    --------
    >>> [len(unpack_rows(text)["a"]) for text in pack_rows({"a": np.arange(6)}, 32)]
    [4, 2]
    """
    table = to_table(rows)
    row_bytes = sum(column.itemsize for column in rows.values()) or 1
    step = max(piece_bytes // row_bytes, 1)
    for start in range(0, max(n_rows(rows), 1), step):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.slice(start, step))
        yield sink.getvalue().to_pybytes()


def unpack_rows(message: bytes) -> Rows:
    """Read rows back; the arrays can be written to, as those of a kernel can."""
    with pa.ipc.open_stream(message) as reader:
        rows = to_rows(reader.read_all())
    return {
        name: column if column.flags.writeable else column.copy() for name, column in rows.items()
    }


class _Counting(pickle.Pickler):
    """Count how many parts refer to a large array."""

    def __init__(self, counts: Counter[int], held: dict[int, np.ndarray]):
        super().__init__(io.BytesIO(), pickle.HIGHEST_PROTOCOL)
        self._counts, self._held = counts, held

    def persistent_id(self, value: Any) -> int | None:
        if type(value) is not np.ndarray or value.nbytes < SHARED_BYTES:
            return None
        self._counts[id(value)] += 1
        self._held[id(value)] = value
        return id(value)


class _Sharing(pickle.Pickler):
    """Write the number of a shared array in its place."""

    def __init__(self, file: io.BytesIO, number_of: dict[int, int]):
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._number_of = number_of

    def persistent_id(self, value: Any) -> int | None:
        return self._number_of.get(id(value)) if type(value) is np.ndarray else None


class _Receiving(pickle.Unpickler):
    """Put shared arrays back."""

    def __init__(self, file: io.BytesIO, arrays: Sequence[np.ndarray]):
        super().__init__(file)
        self._arrays = arrays

    def persistent_load(self, number: int) -> np.ndarray:
        return self._arrays[number]


def pack_parts(parts: Sequence[Part]) -> tuple[list[bytes], list[np.ndarray]]:
    """Pickle parts, with the large arrays that several of them refer to taken out.

    Returns
    -------
    messages : list of bytes
        One a part.
    arrays : list of numpy.ndarray
        What `unpack_part` needs beside a message.
    """
    counts: Counter[int] = Counter()
    held: dict[int, np.ndarray] = {}
    for part in parts:
        _Counting(counts, held).dump(part)
    shared = [key for key, count in counts.items() if count > 1]
    number_of = {key: number for number, key in enumerate(shared)}
    messages = []
    for part in parts:
        file = io.BytesIO()
        _Sharing(file, number_of).dump(part)
        messages.append(file.getvalue())
    return messages, [held[key] for key in shared]


def unpack_part(message: bytes, arrays: Sequence[np.ndarray]) -> Part:
    """Make a part again from its message and the arrays that all share."""
    return _Receiving(io.BytesIO(message), arrays).load()
