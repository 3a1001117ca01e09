"""Private folders for what waits on disk while it is used, and goes when nobody uses it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


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
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now, with all in it."""
        self._remove()
