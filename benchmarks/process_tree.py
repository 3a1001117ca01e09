"""Processor time of a process and of all that it started."""

from __future__ import annotations

import os
from pathlib import Path


def tree_seconds() -> float:
    """Processor seconds of this process and of all that it started (Spark's, say)."""
    parents, used = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            # With those of children that ended.
            used[int(entry.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    total = 0.0
    for process in used:
        above = process
        while above > 1 and above != os.getpid():
            above = parents.get(above, 0)
        total += used[process] if above == os.getpid() else 0.0
    return total
