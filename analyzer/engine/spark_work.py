"""What Spark's workers do with the parts that they are sent, and how they say what came of it.

A worker says everything as pairs: where something belongs, and a message with the rows that it
holds. Where there is a failure, or something to say beside rows, it stands in the place of them.
"""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeAlias

from analyzer.engine.base import (
    Broadcast,
    PartFunction,
    bucket_of,
    reduce_rows,
    root_of,
    sort_rows,
    split_rows,
)
from analyzer.engine.messages import pack_rows, unpack_part, unpack_rows
from analyzer.errors import InputError, StoreError
from analyzer.schema import Rows, n_rows

Reader: TypeAlias = Callable[[Any, Broadcast], Generator[Rows, None, Any]]
"""From an item to rows, piece by piece, and in the end what is to be said of them all."""

FAILED, SAID = -1, -2
"""Stand in the place of a number of rows: a function failed; what it says beside its rows."""

_loaded: set[PartFunction] = set()
"""Functions that this worker has run."""



def bucket_rows(pieces: Iterable[tuple[int, bytes]], *, sort: bool = True) -> Rows:
    """Join the rows of a bucket."""
    rows = reduce_rows([unpack_rows(message) for count, message in pieces if count >= 0])
    # Pieces come in any order: sorting by every column makes the bucket the same each time.
    return sort_rows(rows, list(rows)) if sort else rows


class Work:
    """What a worker does with the parts that it is sent."""

    def __init__(
        self,
        function: PartFunction | Reader,
        common: Any,
        key: str = "",
        buckets: int = 0,
        sort: bool = True,
    ):
        self._function = function
        self._common = common
        self._key = key
        self._buckets = buckets
        self._sort = sort

    def on_message(self, message: tuple[int, bytes]) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Run one part that came with its message."""
        position, text = message
        yield from self._outcomes(position, text, None)

    def on_reading(self, message: tuple[int, bytes]) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Read one item that came with its message; the rows are said piece by piece."""
        position, text = message
        common = self._common.value
        try:
            item = unpack_part(text, common["arrays"])
            rows, ended = self._function(item, common["broadcast"]), False
            while not ended:
                try:
                    made = next(rows)
                    messages = [(n_rows(made), piece) for piece in pack_rows(made)]
                except StopIteration as end:
                    messages, ended = [(SAID, pickle.dumps(end.value))], True
                for said in messages:
                    yield position, said
        except Exception as error:
            yield position, (FAILED, _packed(error))
            return
        _spare_the_collector(self._function)

    def on_bucket(
        self, bucket: int, pieces: Iterator[tuple[int, tuple[int, bytes]]]
    ) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Run the parts that were made from a bucket, where the bucket's rows are."""
        wanted = self._common.value["on_bucket"].get(bucket, ())
        rows = None
        if wanted:
            rows = bucket_rows((piece for _, piece in pieces), sort=self._sort)
        for position, text in wanted:
            yield from self._outcomes(position, text, rows)

    def _outcomes(
        self, position: int, text: bytes, received: Rows | None
    ) -> Iterator[tuple[int, tuple[int, bytes]]]:
        common = self._common.value
        try:
            part = unpack_part(text, common["arrays"])
            if received is not None:
                root_of(part).received = received
            rows = self._function(part.load(), common["broadcast"])
            made = [(position, rows)]
            if self._buckets:
                pieces = split_rows(rows, bucket_of(rows[self._key], self._buckets), self._buckets)
                made = [(bucket, piece) for bucket, piece in enumerate(pieces) if n_rows(piece)]
        except Exception as error:
            # As a value: Spark would try again what fails again, and show only its text.
            yield position % (self._buckets or position + 1), (FAILED, _packed(error))
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


class Whole:
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


def raise_sent(message: bytes) -> None:
    """Raise what a function raised on a worker."""
    error = pickle.loads(message)
    if isinstance(error, StoreError):
        raise StoreError(
            f"{error} (on Spark every worker must see the store under the same path)"
        ) from None
    if isinstance(error, InputError) and "no such file" in str(error):
        raise InputError(
            f"{error} (on Spark every worker must see the files under the same path)"
        ) from None
    raise error


def tally(pieces: Iterator[tuple[int, tuple[int, bytes]]]) -> list[tuple[bool, list[bytes]]]:
    """Say whether a bucket holds rows, and what failed on the way to it."""
    any_rows, failed = False, []
    for _, (count, message) in pieces:
        if count == FAILED:
            failed.append(message)
        any_rows |= count > 0
    return [(any_rows, failed)]


def said_beside(pieces: Iterator[tuple[int, tuple[int, bytes]]]) -> list[tuple[int, int, bytes]]:
    """Give what a part says beside its rows, or what failed, and how many rows there are."""
    rows, said = 0, []
    for _, (count, message) in pieces:
        rows += max(count, 0)
        if count < 0:
            said.append((count, message))
    return [(rows, count, message) for count, message in said]


def itself(bucket: int) -> int:
    """Give a bucket's partition."""
    return bucket
