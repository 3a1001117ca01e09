"""The local engine: threads of this process, rows spilled to disk where they do not fit."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from analyzer.engine.base import (
    Broadcast,
    Part,
    PartFunction,
    Resources,
    RowsPart,
    bucket_of,
    bytes_of,
    is_sealed,
    keeping_within,
    reduce_rows,
    sort_rows,
    split_rows,
)
from analyzer.engine.freed import give_back_after
from analyzer.engine.spill import Spill, parse_memory
from analyzer.schema import Rows, n_rows

DEFAULT_MEMORY = "2GB"

WORKING = 20
"""A function that works on rows holds, with what it makes of them, about so many times as much.

As measured: 4 times for a scan, 8 for trips and unicity, 18 for places, 20 for anonymity.
"""


SHARE_HELD = 4
"""What share of the memory an exchange holds before it spills: sorted, it is there twice."""


class LocalEngine:
    """Run parts in threads of this process.

    Parameters
    ----------
    memory : str or int, optional
        How much an exchange may hold before it spills to disk, and parts that are worked on at
        once (``"2GB"``).
    threads : int, optional
        Parts at once; by default as many as there are processors.
    """

    def __init__(self, memory: str | int | None = None, threads: int | None = None):
        self.memory = parse_memory(memory if memory is not None else DEFAULT_MEMORY)
        self.threads = threads or os.cpu_count() or 1
        self.on_part: Callable[[int, int], None] | None = None
        """Is told how many parts are done, and of how many, after each."""

    @property
    def resources(self) -> Resources:
        """What the engine has to work with; its threads share the memory."""
        return Resources(self.memory, self.threads)

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        """Apply a function to each part; see `Engine.map`."""
        shared = broadcast or {}
        counted = self._counter(len(parts))

        def run(part: Part) -> Rows:
            with keeping_within(self.memory):
                rows = function(part.load(), shared)
            counted()
            return rows

        threads = self._threads_for(parts)
        if len(parts) == 1 or threads == 1:
            found = [run(part) for part in parts]
        else:
            with ThreadPoolExecutor(threads) as pool:
                found = list(pool.map(run, parts))
        give_back_after(parts)
        return found

    def _threads_for(self, parts: Sequence[Part]) -> int:
        """Say how many parts fit into memory at once, up to the threads; one has to."""
        largest = max(map(bytes_of, parts), default=0)
        return max(1, min(self.threads, self.memory // max(WORKING * largest, 1)))

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Broadcast | None = None,
    ) -> list[Part]:
        """Regroup the rows made from each part by a key; see `Engine.exchange`."""
        shared = broadcast or {}
        counted = self._counter(len(parts))
        held: list[list[Rows]] = [[] for _ in range(buckets)]
        held_bytes = 0
        spill: Spill | None = None
        lock = threading.Lock()
        sealed = any(is_sealed(part) for part in parts)

        def run(part: Part) -> None:
            nonlocal held_bytes, spill
            with keeping_within(self.memory):
                rows = function(part.load(), shared)
            pieces = split_rows(rows, bucket_of(rows[key], buckets), buckets)
            with lock:
                for bucket, piece in enumerate(pieces):
                    if n_rows(piece):
                        held[bucket].append(piece)
                held_bytes += sum(column.nbytes for column in rows.values())
                if held_bytes > self.memory // SHARE_HELD:
                    spill = spill or Spill(buckets, sealed=sealed)
                    for bucket, waiting in enumerate(held):
                        spill.append(bucket, waiting)
                        waiting.clear()
                    held_bytes = 0
            counted()

        try:
            with ThreadPoolExecutor(self._threads_for(parts)) as pool:
                list(pool.map(run, parts))
            if spill is not None:
                for bucket, waiting in enumerate(held):
                    spill.append(bucket, waiting)
                    waiting.clear()
                made = list(spill.parts())
        except BaseException:
            if spill is not None:
                spill.discard()
            raise
        if spill is None:
            made = [_sorted_part(pieces, sealed) for pieces in held if pieces]
        give_back_after(parts)
        return made

    def _counter(self, total: int) -> Callable[[], None]:
        lock, done = threading.Lock(), 0

        def count() -> None:
            nonlocal done
            with lock:
                done += 1
                if self.on_part is not None:
                    self.on_part(done, total)

        return count

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        """Bring rows together; see `Engine.reduce`."""
        return reduce_rows(frames, key)


def _sorted_part(pieces: list[Rows], sealed: bool) -> Part:
    # Threads finish in any order: sorting by every column makes the bucket the same each time.
    rows = reduce_rows(pieces)
    return RowsPart(sort_rows(rows, list(rows)), sealed=sealed)
