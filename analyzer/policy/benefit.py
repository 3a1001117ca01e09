"""Benefit: how old records are when they are used, and how many uses a retention would serve.

Nothing here is invented: without a user's file there is no benefit, and a search window (how far
back somebody looked) is not the age of the record that helped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import Estimate, wilson

AGES, SEARCH_WINDOWS = "ages of records when used", "search windows"

CAVEATS = {
    AGES: "Ages are those that the user's file gives; uses that found nothing are not in it.",
    SEARCH_WINDOWS: (
        "An audit says how far back a search reached, not how old the record was that helped: "
        "a search of 30 days is also served, mostly, by less. The share served is a lower bound."
    ),
}

AGE_COLUMNS = ("age_days", "age")
PAIRS = (("used_at", "recorded_at"), ("used_at", "seen_at"))

FLOCK = ("time frame", "search time")
"""Header words of an audit export that says who searched, and over which time."""

_MOMENT = re.compile(
    r"\d{1,4}[-/]\d{1,2}[-/]\d{1,4}[,T ]+\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?"
)


@dataclass(frozen=True)
class Uses:
    """Uses of records, by the age in days that they needed.

    Attributes
    ----------
    days : numpy.ndarray of float
        Ages, or lengths of search windows, ascending.
    kind : str
        `AGES` or `SEARCH_WINDOWS`.
    unread : int
        Rows of the file that give no age.
    """

    days: np.ndarray = field(repr=False)
    kind: str
    unread: int

    @property
    def caveat(self) -> str:
        """What the figures cannot say."""
        return CAVEATS[self.kind]

    def served(self, days: int | None) -> Estimate:
        """Estimate the share of uses that records kept for so many days would serve.

        Examples
        --------
        >>> Uses(np.array([0.5, 3.0, 40.0]), AGES, 0).served(30).value.__round__(3)
        0.667
        """
        count = len(self.days) if days is None else int(np.searchsorted(self.days, days, "right"))
        return wilson(
            count, len(self.days), method=f"share of the user's {self.kind}; Wilson, 95 %"
        )


def read_uses(source: str | Path | pd.DataFrame) -> Uses:
    """Read how old records are when they are used.

    Parameters
    ----------
    source : path or pandas.DataFrame
        A CSV or frame with a column ``age_days``, or ``used_at`` and ``recorded_at`` (times), or an
        audit export that lists searches with their ``Time Frame`` and ``Search Time``.

    Returns
    -------
    Uses

    Raises
    ------
    InputError
        If the file is missing, has none of these columns, or no row can be read.

    Examples
    --------
    >>> read_uses(pd.DataFrame({"age_days": [1, 5]})).served(2).value
    0.5
    """
    if isinstance(source, pd.DataFrame):
        frame, where = source, "the table of uses"
    else:
        frame, where = _load(Path(source)), str(source)
    columns = {str(name).strip().lower(): name for name in frame.columns}
    age = next((columns[name] for name in AGE_COLUMNS if name in columns), None)
    pair = next((pair for pair in PAIRS if set(pair) <= set(columns)), None)
    if age is not None:
        days, kind = pd.to_numeric(frame[age], errors="coerce").to_numpy(float), AGES
    elif pair is not None:
        used, recorded = (
            pd.to_datetime(frame[columns[name]], errors="coerce", utc=True, format="ISO8601")
            for name in pair
        )
        days, kind = ((used - recorded) / pd.Timedelta(1, "D")).to_numpy(float), AGES
    elif set(FLOCK) <= set(columns):
        days, kind = _search_windows(frame, *(columns[name] for name in FLOCK)), SEARCH_WINDOWS
    else:
        raise InputError(
            f"{where}: no column says how old records are; give age_days, or used_at and "
            "recorded_at (ISO 8601), or an audit export with Time Frame and Search Time"
        )
    known = days[np.isfinite(days) & (days >= 0)]
    if not len(known):
        raise InputError(f"{where}: none of the {len(days):,} rows gives an age that can be read")
    return Uses(np.sort(known), kind, len(days) - len(known))


def _load(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read as CSV ({type(error).__name__}); a CSV in UTF-8 with a "
            "header is expected"
        ) from None


def _search_windows(frame: pd.DataFrame, time_frame: str, search_time: str) -> np.ndarray:
    """Find how many days before a search its time frame begins; NaN where it cannot be read."""
    days = np.full(len(frame), np.nan)
    searched = _moments(frame[search_time].fillna(""), last=True)
    begun = _moments(frame[time_frame].fillna(""), last=False)
    both = searched.notna() & begun.notna()
    days[both.to_numpy()] = ((searched - begun)[both] / pd.Timedelta(1, "D")).to_numpy(float)
    return days


def _moments(cells: pd.Series, *, last: bool) -> pd.Series:
    found = cells.map(lambda cell: _MOMENT.findall(str(cell)))
    texts = found.map(lambda moments: moments[-1 if last else 0] if moments else None)
    return pd.to_datetime(texts, errors="coerce", format="mixed", utc=True)
