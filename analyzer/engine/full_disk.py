"""A full disk: said with the folder that lies on it, and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.errors import EngineError

FULL = frozenset(getattr(errno, name) for name in ("ENOSPC", "EDQUOT") if hasattr(errno, name))
"""Numbers of errors that say that nothing more can be written."""


@contextmanager
def saying_where_disk_is_full(folder: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn the error of a full disk into a message; what Python says names no folder.

    Parameters
    ----------
    folder : Path
        Where is written.
    what : str
        What waits there.
    remedy : str
        What to do.

    Raises
    ------
    EngineError
        If the disk is full; other errors pass.

    Examples
    --------
    >>> with saying_where_disk_is_full(Path("work"), "results wait there", "free it"):
    ...     raise OSError(errno.ENOSPC, "No space left on device")
    Traceback (most recent call last):
    ...
    analyzer.errors.EngineError: work: no space is left on its disk, and results wait there; free it
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise EngineError(
            f"{folder}: no space is left on its disk, and {what}; {remedy}"
        ) from None
