"""Private folders for what waits on disk while it is used, and goes when nobody uses it.

A process that is killed cannot remove its folders. Each is locked as long as its process lives, so
that a later run finds those which nobody uses any more, and removes them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Where folders cannot be locked, nothing is taken for abandoned.
    fcntl = None

PREFIX = "platerisk-"
LOCKED = ".held"
"""Ends the names of folders whose processes lock them."""

NEW_SECONDS = 60
"""A folder as new as this may not have been locked yet."""


class ScratchFolder:
    """A folder that only its owner may enter; it goes with the object, at the latest at exit.

    `tempfile.TemporaryDirectory` takes going with the object for a slip of the program and warns.
    Here it is what is meant: parts and stores hold the folder as long as one of them is used, and
    a user who sees warnings should see those about the data.

    Parameters
    ----------
    prefix : str
        First letters of its name.
    within : Path, optional
        Where it is made; where temporary files go if not given.

    Examples
    --------
    >>> import warnings
    >>> from pathlib import Path
    >>> warnings.simplefilter("error")
    >>> folder = ScratchFolder("example-")
    >>> path = folder.path
    >>> path.is_dir()
    True
    >>> del folder
    >>> path.exists()
    False
    """

    def __init__(self, prefix: str, within: Path | None = None):
        # mkdtemp makes the folder with mode 0700: nobody else reads along.
        self.path = Path(tempfile.mkdtemp(prefix=prefix, suffix=LOCKED, dir=within))
        self._remove = weakref.finalize(self, _remove, self.path, _lock(self.path))

    def remove(self) -> None:
        """Remove the folder now, with all in it."""
        self._remove()


def remove_abandoned(within: Path | None = None) -> int:
    """Remove the folders that killed processes of this user left; give the bytes they took.

    Parameters
    ----------
    within : Path, optional
        Where they lie; where temporary files go if not given.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as empty:
    ...     remove_abandoned(Path(empty))
    0
    """
    folders = Path(within or tempfile.gettempdir()).glob(f"{PREFIX}*{LOCKED}")
    return sum(remove_if_unused(path) for path in folders if path.is_dir())


def remove_if_unused(path: Path, *, new: bool = False) -> int:
    """Remove a folder or file of this user that no process has locked; give the bytes it took.

    Parameters
    ----------
    path : Path
        What may have been left by a process that was killed.
    new : bool
        Whether one is removed that was made just now, and may not have been locked yet.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     left = Path(folder) / "left"
    ...     _ = left.write_text("12345")
    ...     remove_if_unused(left), remove_if_unused(left, new=True), left.exists()
    (0, 5, False)
    """
    freed = 0
    # Gone meanwhile, somebody else's, in use, or a link: nothing to do.
    with contextlib.suppress(OSError):
        about = path.lstat()
        is_new = time.time() - about.st_mtime <= NEW_SECONDS
        if fcntl is None or about.st_uid != os.getuid() or (is_new and not new):
            return 0
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(about.st_mode):
                freed = bytes_in(path)
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
                freed = about.st_size
        finally:
            os.close(handle)
    return freed


def in_scratch(path: Path) -> bool:
    """Say whether a file lies in a private folder, which no other run finds.

    Examples
    --------
    >>> in_scratch(ScratchFolder("example-").path / "rows"), in_scratch(Path("rows"))
    (True, False)
    """
    return any(folder.name.endswith(LOCKED) for folder in path.parents)


def bytes_in(folder: Path) -> int:
    """Count the bytes of the files in a folder.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "rows").write_text("12345")
    ...     bytes_in(Path(folder))
    5
    """
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def lock(handle: int, *, wait: bool = False) -> None:
    """Lock what a handle is open on, until it is closed or this process ends, however it ends."""
    if fcntl is not None:
        # A file system without locks: then nobody else gets one either.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _lock(path: Path) -> int | None:
    if fcntl is None:
        return None
    handle = os.open(path, os.O_RDONLY)
    lock(handle)
    return handle


def _remove(path: Path, handle: int | None) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if handle is not None:
        os.close(handle)
