"""Rows that wait for the part they belong to: in memory up to a bound, then in spill files."""

from __future__ import annotations

from analyzer.engine.base import split_rows
from analyzer.engine.spill import Spill
from analyzer.schema import Rows, concatenate, n_rows, take


class WaitingRows:
    """Rows in the order in which they came, to be taken by the part of their vehicle.

    Parameters
    ----------
    slots : int
        Vehicles are spread over so many spill files; the number of parts divides it.
    limit : int
        Bytes that are held before rows are spilled.
    sealed : bool
        Whether spill files are encrypted.
    """

    def __init__(self, slots: int, limit: int, *, sealed: bool):
        self._slots = slots
        self._limit = limit
        self._sealed = sealed
        self._held: list[Rows] = []
        self._held_bytes = 0
        self._spill: Spill | None = None

    def add(self, rows: Rows) -> None:
        """Take rows, and spill all that wait in memory if they are too many."""
        self._held.append(rows)
        self._held_bytes += sum(column.nbytes for column in rows.values())
        if self._held_bytes > self._limit:
            self._flush()

    def close(self) -> None:
        """End the coming of rows: what was not spilled joins what was."""
        if self._spill is not None:
            self._flush()
            self._spill.close()

    def of_part(self, part: int, parts: int) -> Rows:
        """Give the rows of a part; spilled ones are given once."""
        if self._spill is None:
            frames = [take(rows, rows["vehicle"] % parts == part) for rows in self._held]
        else:
            slots = range(part, self._slots, parts)
            frames = [rows for rows in map(self._spill.rows, slots) if n_rows(rows)]
            for slot in slots:
                self._spill.drop(slot)
        return concatenate(frames)

    def discard(self) -> None:
        """Forget all rows, and remove the spill files."""
        if self._spill is not None:
            self._spill.discard()
        self._held = []

    def _flush(self) -> None:
        self._spill = self._spill or Spill(self._slots, sealed=self._sealed)
        pieces: list[list[Rows]] = [[] for _ in range(self._slots)]
        # Chunk by chunk, each given up when it is split: nothing large is held twice.
        self._held.reverse()
        while self._held:
            rows = self._held.pop()
            split = split_rows(rows, rows["vehicle"] % self._slots, self._slots)
            for slot, piece in enumerate(split):
                if n_rows(piece):
                    pieces[slot].append(piece)
        for slot, waiting in enumerate(pieces):
            self._spill.append(slot, waiting)
            waiting.clear()
        self._held_bytes = 0
