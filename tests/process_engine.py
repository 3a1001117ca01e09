"""An engine for tests: every part in another process, in random order, regrouped in another way.

It keeps the contract of `analyzer.engine.Engine` and nothing more: functions, parts and broadcasts
are pickled, parts are taken in a random (seeded) order, and an exchange spreads the keys by another
rule and hands its buckets back in another order than the local engine. A figure that comes out
differently depends on something that it must not depend on.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from analyzer.engine import Part, RowsPart, reduce_rows
from analyzer.engine.base import PartFunction, Resources
from analyzer.schema import Rows

WORKERS = 2


@cache
def _pool() -> ProcessPoolExecutor:
    # One pool for all engines: a spawned worker pays for its imports once.
    pool = ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn"))
    atexit.register(pool.shutdown, cancel_futures=True)
    return pool


def _run(message: bytes) -> tuple[int, bytes]:
    function, part, broadcast = pickle.loads(message)
    return os.getpid(), pickle.dumps(function(part.load(), broadcast))


class ProcessEngine:
    """Run each part in a spawned process, in random order.

    Parameters
    ----------
    seed : int
        Of the order in which parts are taken and buckets are handed back.

    Attributes
    ----------
    process_ids : set of int
        Processes in which parts ran.
    orders : list of list of int
        For each call of map, the positions of the parts in the order in which they were taken.
    """

    def __init__(self, seed: int = 0):
        self._random = np.random.default_rng(seed)
        self.process_ids: set[int] = set()
        self.orders: list[list[int]] = []
        self.on_part: Callable[[int, int], None] | None = None

    @property
    def resources(self) -> Resources:
        return Resources(memory=2_000_000_000, at_once=None)

    def map(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        broadcast: Mapping[str, Any] | None = None,
    ) -> list[Rows]:
        order = self._random.permutation(len(parts)).tolist()
        self.orders.append(order)
        waiting = {
            position: _pool().submit(
                _run, pickle.dumps((function, parts[position], broadcast or {}))
            )
            for position in order
        }
        frames = []
        for position in range(len(parts)):
            process, message = waiting[position].result(timeout=300)
            rows = pickle.loads(message)
            self.process_ids.add(process)
            _check(rows, function)
            frames.append(rows)
            if self.on_part is not None:
                self.on_part(len(frames), len(parts))
        return frames

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Mapping[str, Any] | None = None,
    ) -> list[Part]:
        frames = self.map(parts, function, broadcast)
        frames = [frames[position] for position in self._random.permutation(len(frames))]
        rows = reduce_rows(frames)
        if not rows or not len(rows[key]):
            return []
        assert rows[key].dtype.kind in "iu", f"{function}: the key {key!r} is not an integer"
        # Python's modulo of the bare key, unlike the mixed bits of the local engine.
        bucket = rows[key] % buckets
        made = []
        for number in self._random.permutation(np.unique(bucket)):
            held = {name: column[bucket == number] for name, column in rows.items()}
            order = np.lexsort([held[name] for name in reversed(held)])
            made.append(RowsPart({name: column[order] for name, column in held.items()}))
        return made

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        return reduce_rows(frames, key)


def _check(rows: Rows, function: PartFunction) -> None:
    assert isinstance(rows, dict), f"{function} did not give rows"
    assert all(isinstance(column, np.ndarray) for column in rows.values()), function
    assert len({len(column) for column in rows.values()}) <= 1, f"{function}: unequal columns"
