"""Reading ahead: the next chunk is read and split while the one before it is worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def read_ahead(items: Generator[T, None, None]) -> Iterator[T]:
    """Give the items of a generator, which runs one item ahead in a thread of its own.

    The generator is begun, run and closed in that one thread, so it may hold what belongs to the
    thread that opened it. What it raises is raised here, in its place.

    Examples
    --------
    >>> list(read_ahead(number for number in range(3)))
    [0, 1, 2]
    """
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, end)
        try:
            while (item := coming.result()) is not end:
                coming = thread.submit(next, items, end)
                yield item
        finally:
            thread.submit(items.close).result()
