"""Open stores: what a leak gives away if the store stood open before anybody noticed.

Retention bounds what is kept, not what a watcher copied: a store that stood open for d days exposes
the days that it kept and those d. The curves for several lengths stand beside each other, on the
same leaks, vehicles and points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.policy.retention import WINDOWS, sweep_stores
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.setting import SAMPLE
from analyzer.policy.wording import days_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.sites import SitesSource
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OPEN_FOR = ("0D", "30D", "180D")
"""Nobody copied anything, a month, and half a year: exposed systems have stood open for months."""

UNBOUNDED = (
    "No retention limit bounds a breach that nobody notices: whoever watches a store copies what "
    "passes through it, and keeps that."
)


@dataclass(frozen=True)
class OpenStoreSweep(Result):
    """Retention curves of a store that stood open for several lengths of time.

    Attributes
    ----------
    sweeps : tuple of RetentionSweep
        By days open, on the same leaks, vehicles and points.
    """

    sweeps: tuple[RetentionSweep, ...]

    @property
    def closed(self) -> RetentionSweep:
        """The sweep of the store that stood open for the shortest time."""
        return self.sweeps[0]

    def published(self, k: int) -> OpenStoreSweep:
        """Give the curves as they may be published: no share that stands for 1 to k - 1.

        Nor two that differ by so few, on one curve or two: what fewer days show, more do too.
        """
        shown: dict[str, list[float]] = {}
        return replace(
            self, sweeps=tuple(sweep.published(k, shown=shown) for sweep in self.sweeps)
        )

    def summary(self) -> str:
        """Tell each curve, and that no limit bounds a breach that nobody notices."""
        lines = [self.closed.summary()]
        risks = self.closed.risks
        for sweep in self.sweeps[1:]:
            for risk in risks:
                told = "; ".join(
                    f"kept {days_text(step.days)}: {step.share.percent()}"
                    for step in sweep.of(risk)
                    if step.share.is_measured
                )
                if told:
                    what = "singled out" if risk == "unicity" else risk
                    lines.append(
                        f"Had the store stood open for {days_text(sweep.open_days)} ({what}): "
                        f"{told}."
                    )
        longest = max(step.exposed_days for step in self.sweeps[-1].windows)
        if longest > self.closed.data_days:
            lines.append(
                f"The data hold {days_text(self.closed.data_days)}: a store that exposes more "
                "gives away at least what is shown for all of them."
            )
        lines.append(UNBOUNDED)
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a risk, length of standing open, and window; see `RetentionSweep`."""
        frames = []
        for sweep in self.sweeps:
            frame = sweep.to_pandas()
            frame.insert(0, "open_days", sweep.open_days)
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields: the closed store's, and ``open`` with the others."""
        return {
            **self.closed.to_dict(),
            "open": [
                {"open_days": sweep.open_days, "windows": sweep.to_dict()["windows"]}
                for sweep in self.sweeps[1:]
            ],
            "open_note": UNBOUNDED,
        }

    def plot(self) -> Axes:
        """Draw the first risk against the days kept, a line a length of standing open."""
        from analyzer.charts import open_store_curves

        table = self.to_pandas()
        return open_store_curves(table[table["risk"] == self.closed.risks[0]]).axes[0]


def sweep_open_store(
    sightings: Sightings,
    windows: Sequence[str] = WINDOWS,
    adversary: Adversary | None = None,
    open_for: Sequence[str] = OPEN_FOR,
    seed: int = 0,
    *,
    also: Sequence[str] = (),
    risks: Sequence[str] = ("unicity",),
    sites: SitesSource | None = None,
    rotation: str = "7D",
    sample: int | None = SAMPLE,
    until_half: bool = True,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> OpenStoreSweep:
    """Measure what each length of keeping costs in a store that stood open unnoticed.

    A leak on day t of a store that keeps R days and stood open for d days shows the R + d days
    before it.

    Parameters
    ----------
    open_for : sequence of str
        Lengths of standing open, whole days; ``"0D"`` is the store that nobody watched.
    sightings, windows, adversary, seed, also, risks, sites, rotation, sample, until_half
    engine, memory
        As for `analyzer.policy.retention.sweep_retention`.

    Returns
    -------
    OpenStoreSweep

    Raises
    ------
    UsageError
        If a length is not a whole number of days, or as `sweep_retention` does.

    Notes
    -----
    What is exposed is looked at once for each number of days shown, so that three curves cost
    little more than one. The data bound what can be shown: a store that exposes more days than the
    data have gives away at least what all of them do.

    Examples
    --------
    Two vehicles, each seen once a day by its own camera, for three days.

    >>> from analyzer.array_sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 3 + [1] * 3, [0, day, 2 * day] * 2, [0] * 3 + [1] * 3)
    >>> swept = sweep_open_store(two, ("1D", "3D"), Adversary(points=3), ("0D", "1D"))
    >>> swept.to_pandas()[["open_days", "window", "exposed_days", "exposed_rows"]].round(2)
       open_days window  exposed_days  exposed_rows
    0          0     1D             1          0.33
    1          0     3D             3          1.00
    2          1     1D             2          0.67
    3          1     3D             4          1.00
    """
    if isinstance(open_for, str) or not len(open_for):
        raise UsageError("open_for: write one or more, for example open_for=('0D', '30D', '180D')")
    sweeps = sweep_stores(
        sightings,
        windows,
        adversary,
        tuple(open_for),
        seed,
        also=also,
        risks=risks,
        sites=sites,
        rotation=rotation,
        sample=sample,
        until_half=until_half,
        engine=engine,
        memory=memory,
    )
    first = sweeps[0]
    ordered = sorted({sweep.open_days: sweep for sweep in sweeps}.values(), key=_open_days)
    # What rests on no window belongs to the first that is told.
    ordered = [replace(sweep, until_half=()) for sweep in ordered]
    ordered[0] = replace(ordered[0], until_half=first.until_half)
    return OpenStoreSweep(tuple(ordered))


def _open_days(sweep: RetentionSweep) -> int:
    return sweep.open_days
