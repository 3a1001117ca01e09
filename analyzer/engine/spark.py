"""The Spark engine: the same functions on the same parts, run by the workers of a cluster.

Spark moves messages and nothing else: a part travels as its recipe and is loaded by the worker,
rows travel as Arrow streams. So no function is written twice, no type of a column is mapped, and
what Spark's SQL does with ties, NaN or hashes cannot change a digit.
"""

from __future__ import annotations

import os
import pickle
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from analyzer.engine.base import (
    Broadcast,
    Part,
    PartFunction,
    Resources,
    is_sealed,
    reduce_rows,
    root_of,
)
from analyzer.engine.local import DEFAULT_MEMORY
from analyzer.engine.messages import pack_parts, unpack_rows
from analyzer.engine.spark_session import check_spark, spark_context
from analyzer.engine.spark_work import (
    FAILED,
    Reader,
    Whole,
    Work,
    bucket_rows,
    itself,
    raise_sent,
    said_beside,
    tally,
)
from analyzer.engine.spill import parse_memory
from analyzer.errors import AnalyzerError, EngineError, StoreError
from analyzer.schema import Rows

if TYPE_CHECKING:
    from pyspark import RDD, SparkContext


class ExchangedPart:
    """A bucket of rows that an exchange, or reading, left with Spark's workers."""

    def __init__(self, exchanged: _Exchanged, bucket: int):
        self.exchanged: _Exchanged | None = exchanged
        self.bucket = bucket
        self.received: Rows | None = None

    def load(self) -> Rows:
        """Give the rows, sorted if they were exchanged; away from the workers they are fetched."""
        if self.received is not None:
            return self.received
        assert self.exchanged is not None
        return self.exchanged.fetch(self.bucket)

    def __getstate__(self) -> dict[str, Any]:
        # The worker that holds the rows puts them in.
        return {"exchanged": None, "bucket": self.bucket, "received": None}


class _Exchanged:
    """Rows regrouped by key, one partition of Spark's a bucket; given up with its last part."""

    def __init__(
        self, rdd: RDD, held: list[Any], origins: Sequence[_Exchanged] = (), *, sort: bool = True
    ):
        self.rdd = rdd
        self.sort = sort
        # A lost partition is made again from what it was made from.
        self.origins = origins
        weakref.finalize(self, _give_up, rdd, held)

    def fetch(self, bucket: int) -> Rows:
        with _spark_errors():
            pieces = self.rdd.context.runJob(self.rdd, list, [bucket])
        return bucket_rows((piece for _, piece in pieces), sort=self.sort)


def _give_up(rdd: RDD, held: list[Any]) -> None:
    if rdd.context._jsc is None:
        # The session ended before, and with it all that it held.
        return
    rdd.unpersist()
    for broadcast in held:
        broadcast.unpersist()


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

    @property
    def resources(self) -> Resources:
        """What the process that asks may hold; workers have their own memory."""
        return Resources(self.memory, None)

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
                    if count == FAILED:
                        raise_sent(message)
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
            grouped = rows.partitionBy(buckets, itself).persist(StorageLevel.DISK_ONLY)
            roots = [root for root in map(root_of, parts) if isinstance(root, ExchangedPart)]
            exchanged = _Exchanged(
                grouped, [held for _, _, held in made], [root.exchanged for root in roots]
            )
            tallies = context.runJob(grouped, tally)
        for _, failed in tallies:
            for message in failed:
                raise_sent(message)
        return [
            ExchangedPart(exchanged, bucket)
            for bucket, (any_rows, _) in enumerate(tallies)
            if any_rows
        ]

    def hold(
        self, items: Sequence[Any], reader: Reader, broadcast: Broadcast | None = None
    ) -> Iterator[tuple[Part, int, Any]]:
        """Read items where the workers are, and leave the rows there, one part an item.

        Parameters
        ----------
        items : sequence
            What is read; an item travels in memory only, so it may hold what no disk may hold.
        reader : callable
            Module-level function from an item to its rows, piece by piece; what it returns at its
            end is said beside them.
        broadcast : mapping, optional
            What all need.

        Yields
        ------
        part : Part
            The rows, with the workers; each is given up with the last reference to any of them.
        rows : int
            How many there are.
        said : object
            What the reader returned.
        """
        if not items:
            return
        context = self._context(())
        from pyspark import StorageLevel

        messages, arrays = pack_parts(items)
        shared = context.broadcast(
            Whole({"arrays": arrays, "broadcast": broadcast or {}, "on_bucket": {}})
        )
        # What is parallelized goes through sockets and in the tasks themselves, not through files.
        rdd = context.parallelize(list(enumerate(messages)), len(messages))
        rdd = rdd.flatMap(Work(reader, shared).on_reading).persist(StorageLevel.DISK_ONLY)
        held = _Exchanged(rdd, [shared], sort=False)
        at_once = 2 * context.defaultParallelism
        for start in range(0, len(messages), at_once):
            numbers = list(range(start, min(start + at_once, len(messages))))
            with _spark_errors():
                found = context.runJob(rdd, said_beside, numbers)
            for number, (rows, kind, message) in zip(numbers, found, strict=True):
                if kind == FAILED:
                    raise_sent(message)
                yield ExchangedPart(held, number), rows, pickle.loads(message)

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
            root = root_of(part)
            if isinstance(root, ExchangedPart) and root.exchanged is not None:
                exchanges[id(root.exchanged)] = root.exchanged
                on_bucket[id(root.exchanged)][root.bucket].append((position, message))
            else:
                loose.append((position, message))

        def common(of: Mapping[int, list[tuple[int, bytes]]]) -> Any:
            return context.broadcast(
                Whole({"arrays": arrays, "broadcast": broadcast or {}, "on_bucket": dict(of)})
            )

        if loose:
            held = common({})
            work = Work(function, held, key, buckets)
            yield context.parallelize(loose, len(loose)).flatMap(work.on_message), None, held
        for number, exchanged in exchanges.items():
            held = common(on_bucket[number])
            work = Work(function, held, key, buckets, exchanged.sort)
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
