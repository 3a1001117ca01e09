"""Values of typed formats as the texts that the rest of the reader knows."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any


def text_of(value: Any) -> str | None:
    """Write a cell as text; None where it holds nothing.

    Examples
    --------
    >>> text_of(7.0), text_of(dt.datetime(2026, 3, 1, 10)), text_of(True), text_of(None)
    ('7', '2026-03-01T10:00:00', 'true', None)
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value == int(value) and abs(value) < 1e18 else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)
