"""Functions from rows to rows for the tests of engines: at module level, so that they pickle."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.schema import Rows

calls = 0


def scaled(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {"x": rows["x"] * broadcast["factor"]}


def late_if_first(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    # The first part ends last.
    time.sleep(0.05 if rows["x"][0] == 0 else 0)
    return rows


def where(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {"process": np.array([os.getpid()]), "thread": np.array([threading.get_ident()])}


def unchanged(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return rows


def nothing(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {name: column[:0] for name, column in rows.items()}


def odd_only(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {name: column[rows["x"] % 2 == 1] for name, column in rows.items()}


def first_half(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {name: column[: len(column) // 2] for name, column in rows.items()}


def counted(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    global calls
    calls += 1
    return {"x": rows["x"] + 1}


def broken(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    raise ValueError("broken on purpose")


def unequal(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    return {"x": np.zeros(2), "y": np.zeros(3)}


def where_slowly(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    time.sleep(0.3)
    return where(rows, broadcast)


def slowly(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    """Leave a mark, and take some time: something happens meanwhile."""
    Path(broadcast["marks"], f"{os.getpid()}-{int(rows['key'][0])}-{time.time_ns()}").touch()
    time.sleep(0.4)
    return rows


def broken_and_marked(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    """Leave a mark for each time that it is tried, and fail."""
    Path(broadcast["marks"], f"{os.getpid()}-{time.time_ns()}").touch()
    raise ValueError("broken on purpose")


def unpicklable(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    class OwnError(Exception):
        pass

    raise OwnError("text that stays where it is")


def thread_of_rows(rows: Rows, broadcast: Mapping[str, Any]) -> Rows:
    time.sleep(0.02)
    return {"thread": np.array([threading.get_ident()])}
