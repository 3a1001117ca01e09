"""Make the small data set again, byte by byte: ``python synthetic_data/make.py [FOLDER]``."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from analyzer.synthetic import make_region

OPTIONS = {"vehicles": 26, "days": 14, "seed": 1, "start": "2025-09-02"}


def make(folder: Path) -> None:
    """Write the data set into a folder (files of the same names are replaced)."""
    with tempfile.TemporaryDirectory() as temporary:
        written = make_region(**OPTIONS).write(Path(temporary) / "region")
        # The folder has a data card of its own.
        (written / "README.md").unlink()
        shutil.copytree(written, folder, dirs_exist_ok=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
