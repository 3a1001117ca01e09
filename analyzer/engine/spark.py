"""The Spark engine: the same functions on the same parts, run by the workers of a cluster.

Spark moves messages and nothing else: a part travels as its recipe and is loaded by the worker,
rows travel as Arrow streams. So no function is written twice, no type of a column is mapped, and
what Spark's SQL does with ties, NaN or hashes cannot change a digit.
"""

from __future__ import annotations

import gc
import os
import pickle
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from analyzer.engine.base import (
    Broadcast,
    DerivedPart,
    Part,
    PartFunction,
    bucket_of,
    is_sealed,
    reduce_rows,
    sort_rows,
    split_rows,
)
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.messages import pack_parts, pack_rows, unpack_part, unpack_rows
from analyzer.engine.spark_session import check_spark, spark_context
from analyzer.engine.spill import parse_memory
from analyzer.errors import AnalyzerError, EngineError, StoreError
from analyzer.schema import Rows, n_rows

if TYPE_CHECKING:
    from pyspark import RDD, SparkContext

_FAILED = -1
"""Stands in the place of a number of rows where a function failed."""

_loaded: set[PartFunction] = set()
"""Functions that this worker has run."""


class ExchangedPart:
    """A bucket of rows that an exchange left with Spark's workers."""

    def __init__(self, exchanged: _Exchanged, bucket: int):
        self.exchanged: _Exchanged | None = exchanged
        self.bucket = bucket
        self.received: Rows | None = None

    def load(self) -> Rows:
        """Give the rows, sorted by every column; away from the workers they are fetched."""
        if self.received is not None:
            return self.received
        assert self.exchanged is not None
        return self.exchanged.fetch(self.bucket)

    def __getstate__(self) -> dict[str, Any]:
        # The worker that holds the rows puts them in.
        return {"exchanged": None, "bucket": self.bucket, "received": None}


class _Exchanged:
    """Rows regrouped by key, one partition of Spark's a bucket; given up with its last part."""

    def __init__(self, rdd: RDD, held: list[Any], origins: Sequence[_Exchanged]):
        self.rdd = rdd
        # A lost partition is made again from what it was made from.
        self.origins = origins
        weakref.finalize(self, _give_up, rdd, held)

    def fetch(self, bucket: int) -> Rows:
        with _spark_errors():
            pieces = self.rdd.context.runJob(self.rdd, list, [bucket])
        return _bucket_rows(piece for _, piece in pieces)


def _give_up(rdd: RDD, held: list[Any]) -> None:
    if rdd.context._jsc is None:
        # The session ended before, and with it all that it held.
        return
    rdd.unpersist()
    for broadcast in held:
        broadcast.unpersist()


def _bucket_rows(pieces: Iterable[tuple[int, bytes]]) -> Rows:
    # Pieces come in any order: sorting by every column makes the bucket the same each time.
    rows = reduce_rows([unpack_rows(message) for _, message in pieces])
    return sort_rows(rows, list(rows))


def _root_of(part: Part) -> Part:
    while isinstance(part, DerivedPart):
        part = part.base
    return part


class _Work:
    """What a worker does with the parts that it is sent."""

    def __init__(self, function: PartFunction, common: Any, key: str = "", buckets: int = 0):
        self._function = function
        self._common = common
        self._key = key
        self._buckets = buckets

    def on_message(self, message: tuple[int, bytes]) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Run one part that came with its message."""
        position, text = message
        yield from self._outcomes(position, text, None)

    def on_bucket(
        self, bucket: int, pieces: Iterator[tuple[int, tuple[int, bytes]]]
    ) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Run the parts that were made from a bucket, where the bucket's rows are."""
        wanted = self._common.value["on_bucket"].get(bucket, ())
        rows = _bucket_rows(piece for _, piece in pieces) if wanted else None
        for position, text in wanted:
            yield from self._outcomes(position, text, rows)

    def _outcomes(
        self, position: int, text: bytes, received: Rows | None
    ) -> Iterator[tuple[int, tuple[int, bytes]]]:
        common = self._common.value
        try:
            part = unpack_part(text, common["arrays"])
            if received is not None:
                _root_of(part).received = received
            rows = self._function(part.load(), common["broadcast"])
            made = [(position, rows)]
            if self._buckets:
                pieces = split_rows(rows, bucket_of(rows[self._key], self._buckets), self._buckets)
                made = [(bucket, piece) for bucket, piece in enumerate(pieces) if n_rows(piece)]
        except Exception as error:
            # As a value: Spark would try again what fails again, and show only its text.
            yield position % (self._buckets or position + 1), (_FAILED, _packed(error))
            return
        _spare_the_collector(self._function)
        for number, rows in made:
            for message in pack_rows(rows):
                yield number, (n_rows(rows), message)


def _spare_the_collector(function: PartFunction) -> None:
    """Keep what a function has loaded out of the search for garbage.

    A worker of Spark searches after every part, and a million objects of compilers and libraries,
    none of which is ever garbage, make that search a hundred times the work itself.
    """
    if function not in _loaded:
        _loaded.add(function)
        gc.freeze()


class _Whole:
    """A value that is pickled in one piece, and comes out as it was.

    Where Spark encrypts, what it writes pickles with cannot take arrays as they lie in memory.
    """

    def __init__(self, value: Any):
        self._value = value

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        return pickle.loads, (pickle.dumps(self._value, pickle.HIGHEST_PROTOCOL),)


def _packed(error: Exception) -> bytes:
    try:
        text = pickle.dumps(error)
        pickle.loads(text)
        return text
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__} on a worker of Spark"))


def _raise(message: bytes) -> None:
    error = pickle.loads(message)
    if isinstance(error, StoreError):
        raise StoreError(
            f"{error} (on Spark every worker must see the store under the same path)"
        ) from None
    raise error


def _tally(pieces: Iterator[tuple[int, tuple[int, bytes]]]) -> list[tuple[bool, list[bytes]]]:
    """Say whether a bucket holds rows, and what failed on the way to it."""
    any_rows, failed = False, []
    for _, (count, message) in pieces:
        if count == _FAILED:
            failed.append(message)
        any_rows |= count > 0
    return [(any_rows, failed)]


def _itself(bucket: int) -> int:
    return bucket


class SparkEngine:
    """Run parts on the workers of Spark.

    The package must be importable on every worker, and stores must lie on a path that all see.

    Parameters
    ----------
    master : str, optional
        ``"spark://host:7077"`` or ``"local[2]"``; by default what the environment variable
        SPARK_MASTER says, else all processors of this machine.
    memory : str or int, optional
        How much the process that asks may hold (``"2GB"``).

    Raises
    ------
    EngineError
        If pyspark or Java are missing.
    UsageError
        If the master is not one of Spark's.
    """

    def __init__(self, master: str | None = None, memory: str | int | None = None):
        self.memory = parse_memory(memory if memory is not None else DEFAULT_MEMORY)
        self.master = check_spark(master)
        self.on_part: Callable[[int, int], None] | None = None
        """Is told how many parts are done, and of how many, after each job."""

    def map(
        self, parts: Sequence[Part], function: PartFunction, broadcast: Broadcast | None = None
    ) -> list[Rows]:
        """Apply a function to each part; see `Engine.map`."""
        if not parts:
            return []
        found: list[list[bytes]] = [[] for _ in parts]
        context = self._context(parts)
        with _spark_errors():
            for rdd, partitions, held in self._made(context, parts, function, broadcast):
                for position, (count, message) in context.runJob(rdd, list, partitions):
                    if count == _FAILED:
                        _raise(message)
                    found[position].append(message)
                held.unpersist()
                if self.on_part is not None:
                    self.on_part(sum(map(bool, found)), len(parts))
        return [_joined([unpack_rows(piece) for piece in pieces]) for pieces in found]

    def exchange(
        self,
        parts: Sequence[Part],
        function: PartFunction,
        key: str,
        buckets: int,
        broadcast: Broadcast | None = None,
    ) -> list[Part]:
        """Regroup the rows made from each part by a key; see `Engine.exchange`."""
        if not parts:
            return []
        context = self._context(parts)
        from pyspark import StorageLevel

        with _spark_errors():
            made = list(self._made(context, parts, function, broadcast, key, buckets))
            sources = [rdd for rdd, _, _ in made]
            rows = context.union(sources) if len(sources) > 1 else sources[0]
            grouped = rows.partitionBy(buckets, _itself).persist(StorageLevel.DISK_ONLY)
            roots = [root for root in map(_root_of, parts) if isinstance(root, ExchangedPart)]
            exchanged = _Exchanged(
                grouped, [held for _, _, held in made], [root.exchanged for root in roots]
            )
            tallies = context.runJob(grouped, _tally)
        for _, failed in tallies:
            for message in failed:
                _raise(message)
        return [
            ExchangedPart(exchanged, bucket)
            for bucket, (any_rows, _) in enumerate(tallies)
            if any_rows
        ]

    def reduce(self, frames: Sequence[Rows], key: Sequence[str] = ()) -> Rows:
        """Bring rows together, in the process that asks; see `Engine.reduce`."""
        return reduce_rows(frames, key)

    def _context(self, parts: Sequence[Part]) -> SparkContext:
        if any(is_sealed(part) for part in parts):
            raise StoreError(
                "the store is encrypted, and its key stays in this process: Spark's workers "
                "cannot read it, and would leave its rows on their disks; use engine='local'"
            )
        return spark_context(self.master, self.memory)

    def _made(
        self,
        context: SparkContext,
        parts: Sequence[Part],
        function: PartFunction,
        broadcast: Broadcast | None,
        key: str = "",
        buckets: int = 0,
    ) -> Iterator[tuple[RDD, list[int] | None, Any]]:
        """Give what makes the rows: Spark's plan, the partitions wanted, what it refers to."""
        messages, arrays = pack_parts(parts)
        loose: list[tuple[int, bytes]] = []
        on_bucket: dict[int, dict[int, list[tuple[int, bytes]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        exchanges: dict[int, _Exchanged] = {}
        for position, (part, message) in enumerate(zip(parts, messages, strict=True)):
            root = _root_of(part)
            if isinstance(root, ExchangedPart) and root.exchanged is not None:
                exchanges[id(root.exchanged)] = root.exchanged
                on_bucket[id(root.exchanged)][root.bucket].append((position, message))
            else:
                loose.append((position, message))

        def common(of: Mapping[int, list[tuple[int, bytes]]]) -> Any:
            return context.broadcast(
                _Whole({"arrays": arrays, "broadcast": broadcast or {}, "on_bucket": dict(of)})
            )

        if loose:
            held = common({})
            work = _Work(function, held, key, buckets)
            yield context.parallelize(loose, len(loose)).flatMap(work.on_message), None, held
        for number, exchanged in exchanges.items():
            held = common(on_bucket[number])
            work = _Work(function, held, key, buckets)
            rdd = exchanged.rdd.mapPartitionsWithIndex(work.on_bucket)
            yield rdd, sorted(on_bucket[number]), held


def _joined(pieces: list[Rows]) -> Rows:
    return pieces[0] if len(pieces) == 1 else reduce_rows(pieces)


@contextmanager
def _spark_errors() -> Iterator[None]:
    """Say in one sentence what Spark says in a hundred lines, which may hold text of the data."""
    from py4j.protocol import Py4JError

    try:
        yield
    except AnalyzerError:
        raise
    except Py4JError as error:
        if os.environ.get("PLATERISK_TRACEBACK"):
            raise
        java = getattr(error, "java_exception", None)
        kind = java.getClass().getSimpleName() if java is not None else type(error).__name__
        raise EngineError(
            f"Spark failed ({kind}); PLATERISK_TRACEBACK=1 shows what it says, which may hold "
            "text of your data"
        ) from None
