"""The cache of compiled kernels, thrown away when any source of the package has changed.

numba keeps compiled kernels beside their sources, and compiles one again when its own file has
changed, not when a kernel that it calls from another file has. After an update in place (a checkout
that is pulled, say) old and new kernels would work together and give wrong figures, in silence.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

STAMP = "kernels.stamp"


def discard_stale(package: Path) -> bool:
    """Throw away the compiled kernels of a package if its sources are not those they were made of.

    Where the package cannot be written, numba keeps its cache elsewhere and nothing is done; such a
    package changes by being installed anew, which gives every file a new time.

    Parameters
    ----------
    package : Path
        Folder of the package.

    Returns
    -------
    bool
        Whether the sources had changed.
    """
    stamp, caches = _look(package)
    file = package / "__pycache__" / STAMP
    try:
        if file.is_file() and file.read_text(encoding="ascii") == stamp:
            return False
        for cache in caches:
            Path(cache).unlink(missing_ok=True)
        # Last, so that whoever is interrupted begins again; at once, for those who start together.
        file.parent.mkdir(exist_ok=True)
        begun = file.with_name(f"{STAMP}.{os.getpid()}")
        begun.write_text(stamp, encoding="ascii")
        begun.replace(file)
    except OSError:
        return False
    return True


def _look(package: Path) -> tuple[str, list[str]]:
    """Give a digest of the names, sizes and times of all sources, and the files of the cache."""
    sources, caches = [], []
    for folder, _, names in os.walk(package):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py"):
                found = os.stat(path)
                within = os.path.relpath(path, package)
                sources.append(f"{within} {found.st_size} {found.st_mtime_ns}")
            elif name.endswith((".nbi", ".nbc")):
                caches.append(path)
    return hashlib.sha256("\n".join(sorted(sources)).encode()).hexdigest(), caches
