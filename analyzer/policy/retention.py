"""Retention: what each further day of keeping sightings costs, measured by imagined leaks.

A leak on day t shows the days that the store kept. What the adversary knows is fixed beforehand
and equal for every window: points drawn once from the longest window's days. Points already
deleted help nobody, and a vehicle of which nothing known is left is not singled out. (To draw the
points inside each window instead measures something else: it presumes an adversary who knows only
what was kept, and gives a curve that is flat.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine, get_engine
from analyzer.engine.base import Broadcast
from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.policy.exposure import states_before_leaks
from analyzer.policy.leaks import (
    MEASURED,
    NOT_MEASURABLE,
    ONE_LEAK_DAY,
    LeakPlan,
    plan_leaks,
)
from analyzer.policy.resampling import IS_ALONE, IS_SHOWN, IS_TARGET, estimate_share
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw
from analyzer.risk.points import local_times, resolution_of
from analyzer.schema import Rows, concatenate
from analyzer.sightings import Sightings
from analyzer.units import DAY_MS, parse_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOWS = ("1D", "7D", "21D", "30D", "90D", "180D")


@dataclass(frozen=True)
class WindowRisk:
    """What one retention window gives away.

    Attributes
    ----------
    days, exposed_days : int
        Days kept, and days that a leak shows (the days for which the store stood open are added).
    status : str
        ``"measured"``, ``"one leak day"`` or ``"not measurable"``.
    leak_days : int
        Number of leak days behind the figures.
    share : Estimate
        Vehicles singled out, of all with enough points in the days of knowledge.
    share_in_window : Estimate
        Vehicles singled out, of those of which at least one known point is left.
    exposed_vehicles : Estimate
        Vehicles of which at least one known point is left.
    exposed_rows : float
        Share of the sightings recorded before the leak that it shows.
    risk : str
        Which risk the shares are.
    """

    days: int
    exposed_days: int
    status: str
    leak_days: int
    share: Estimate
    share_in_window: Estimate
    exposed_vehicles: Estimate
    exposed_rows: float
    risk: str = "unicity"

    @property
    def window(self) -> str:
        """The window as it is written, e.g. ``"30D"``."""
        return f"{self.days}D"


@dataclass(frozen=True)
class RetentionSweep(Result):
    """How risk grows with the days that sightings are kept.

    Attributes
    ----------
    windows : tuple of WindowRisk
        By days kept.
    adversary : Adversary
        Who knows what.
    knowledge_days : int
        Days before the leak from which the known points come; 0 if no window is measurable.
    open_days : int
        Days for which the store stood open before the leak ended.
    leak_dates : tuple of str
        Local dates on which the store leaks (at the midnight with which they begin).
    data_days : int
        Local calendar days from the first sighting to the last.
    vehicles : int
        Number of vehicles against which each was matched.
    seed : int
        Of the draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    windows: tuple[WindowRisk, ...]
    adversary: Adversary
    knowledge_days: int
    open_days: int
    leak_dates: tuple[str, ...]
    data_days: int
    vehicles: int
    seed: int
    synthetic: bool = False

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        shown = [step for step in self.windows if step.status != NOT_MEASURABLE]
        lines = []
        if shown:
            known = self.adversary.describe()
            stood_open = (
                f", from a store that stood open for {_days(self.open_days)}"
                if self.open_days
                else ""
            )
            figures = "; ".join(
                f"kept {_days(step.days)}: {step.share.percent()}" for step in shown
            )
            lines.append(
                f"An adversary knows {known}, of the {_days(self.knowledge_days)} before a leak"
                f"{stood_open}. Vehicles that the leak singles out, of "
                f"{shown[-1].share.n:,}: {figures}."
            )
            lines.append(
                f"Leaks on {', '.join(self.leak_dates)}; matched against {self.vehicles:,} "
                f"vehicles; a guess would be right for 1 in {self.vehicles:,}."
            )
        single = [step.window for step in shown if step.status == ONE_LEAK_DAY]
        if single:
            lines.append(
                f"One leak day: for {', '.join(single)} there are no three leak days at least a "
                "window apart, so the intervals say nothing about how leak days differ."
            )
        beyond = [step.window for step in self.windows if step.days > self.data_days]
        if beyond:
            lines.append(
                f"Not measurable: {', '.join(beyond)}; the data cover {_days(self.data_days)}."
            )
        if shown and beyond and 2 * self.knowledge_days < self.data_days:
            lines.append(
                f"Known sightings come from only {_days(self.knowledge_days)} before a leak, the "
                "longest window that the data can hold: the share at that window says little about "
                f"longer keeping. Add a window of up to {_days(self.data_days)}."
            )
        empty = [
            step.window
            for step in self.windows
            if step.status == NOT_MEASURABLE and step.days <= self.data_days
        ]
        if empty:
            lines.append(
                f"Not measurable: {', '.join(empty)}; no vehicle has {self.adversary.points} "
                f"different sightings in the {_days(self.knowledge_days)} before a leak."
            )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a window: days, status, the share with its interval, and what is exposed."""
        return pd.DataFrame(
            [
                {
                    "risk": step.risk,
                    "window": step.window,
                    "days": step.days,
                    "exposed_days": step.exposed_days,
                    "status": step.status,
                    "leak_days": step.leak_days,
                    "value": step.share.value,
                    "low": step.share.low,
                    "high": step.share.high,
                    "n": step.share.n,
                    "method": step.share.method,
                    "baseline": step.share.baseline,
                    "value_in_window": step.share_in_window.value,
                    "low_in_window": step.share_in_window.low,
                    "high_in_window": step.share_in_window.high,
                    "n_in_window": step.share_in_window.n,
                    "exposed_vehicles": step.exposed_vehicles.value,
                    "exposed_rows": step.exposed_rows,
                }
                for step in self.windows
            ]
        )

    def plot(self) -> Axes:
        """Draw the share singled out against the days kept."""
        from analyzer.charts import retention_curve

        return retention_curve(self.to_pandas()).axes[0]

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            "windows": [
                {
                    "risk": step.risk,
                    "window": step.window,
                    "days": step.days,
                    "exposed_days": step.exposed_days,
                    "status": step.status,
                    "leak_days": step.leak_days,
                    "share": step.share.to_dict(),
                    "share_in_window": step.share_in_window.to_dict(),
                    "exposed_vehicles": step.exposed_vehicles.to_dict(),
                    "exposed_rows": None if np.isnan(step.exposed_rows) else step.exposed_rows,
                }
                for step in self.windows
            ],
            "knowledge_days": self.knowledge_days,
            "open_days": self.open_days,
            "leak_dates": list(self.leak_dates),
            "data_days": self.data_days,
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def sweep_retention(
    sightings: Sightings,
    windows: Sequence[str] = WINDOWS,
    adversary: Adversary | None = None,
    open_for: str = "0D",
    seed: int = 0,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> RetentionSweep:
    """Measure how the share of vehicles that a leak singles out grows with the days kept.

    A leak on day t shows the R days before it (R + d, if the store stood open for d days). The
    adversary knows p points of each vehicle, drawn once from its points in the H days before the
    leak, H being the longest measurable window; the draw is the same for every window. A vehicle
    is singled out if at least one of its known points is left, and no other vehicle holds all
    that are left.

    Parameters
    ----------
    sightings : Sightings
        The population.
    windows : sequence of str
        Days kept, each a whole number of days; any order.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    open_for : str
        Days for which the store stood open: retention bounds what is kept, not what a watcher
        copied.
    seed : int
        Of the draw of points (see `analyzer.risk.draw`) and of the resampling.
    engine, memory
        Where the parts run, and how much may be held at once.

    Returns
    -------
    RetentionSweep

    Raises
    ------
    UsageError
        If a window is not a whole number of days, or there are no sightings.

    Notes
    -----
    *Denominator.* All vehicles with p points in the H days before the leak, the same for every
    window. The share among those of which something is left stands beside it.

    *Leak days and status.* See `analyzer.policy.leaks.plan_leaks`. The data cover the local
    calendar days from the first sighting to the last, both included, however late the first day
    begins or early the last one ends. A window longer than that is ``"not measurable"``, never
    extrapolated; so is every window if no vehicle has p points. H and the leak days do not depend
    on `open_for`, so that sweeps with 0, 30 and 180 days open rest on the same vehicles, points
    and leaks.

    *Intervals.* Bootstrap of whole vehicles, 95 % (see `analyzer.policy.resampling`). Where a
    window has three or more leak days at least its own length apart (``"measured"``), leak days
    are drawn again too; with so few of them the interval is still rather short. Otherwise (``"one
    leak day"``) the figure is the same mean over the leak days, and its interval holds for them
    alone.

    *Bins longer than a day* may be cut by a window's edge. A known point is left if a sighting that
    makes it lies in the window, and others hold it only by sightings in the window.

    *What must rise and what need not.* With bins of a day or shorter, a longer window shows more of
    the known points and nothing new about those already shown: whoever is singled out stays so, and
    the share never falls. With longer bins, a longer window may also show that somebody else was
    there in the same bin, so the share can fall. The share among those left in the window can fall
    in either case: it is a share of ever more vehicles.

    The baseline is 1/N, the chance of a guess among all N vehicles that were seen.

    Examples
    --------
    Two vehicles, each seen once a day by its own camera, for three days.

    >>> from analyzer.sightings import from_arrays
    >>> day = 86_400_000
    >>> two = from_arrays([0] * 3 + [1] * 3, [0, day, 2 * day] * 2, [0] * 3 + [1] * 3)
    >>> sweep = sweep_retention(two, ("1D", "3D", "9D"), Adversary(points=3))
    >>> sweep.to_pandas()[["window", "status", "value", "exposed_rows"]].round(2)
      window          status  value  exposed_rows
    0     1D    one leak day    1.0          0.33
    1     3D    one leak day    1.0          1.00
    2     9D  not measurable    NaN           NaN
    """
    adversary = Adversary() if adversary is None else adversary
    check_draw(None, seed)
    kept = check_windows(windows)
    open_days = _whole_days(open_for, "open_for", least=0)
    runner = get_engine(engine, memory)
    clock = sightings.clock
    first_day, last_day = clock.local(np.array(sightings.span_ms)) // DAY_MS
    plan = plan_leaks(int(first_day), int(last_day), kept)
    shared = {
        **resolution_of(sightings, adversary),
        "points": adversary.points,
        "seed": int(seed),
        "history": plan.history,
        "leak_days": np.array(plan.leak_days, np.int64),
        "reach": np.array(kept, np.int64) + open_days,
    }
    census = concatenate(
        runner.map(sightings.parts("vehicle", "seen_at"), count_days_in_part, shared)
    )
    vehicles = int(census["vehicles"].sum())
    states = np.zeros((0, 0, len(kept)), np.int8)
    if plan.history:
        states = states_before_leaks(sightings, runner, shared)
    return RetentionSweep(
        windows=tuple(
            _window_risk(
                days,
                days + open_days,
                status if len(states) else NOT_MEASURABLE,
                states[:, :, at],
                plan,
                census,
                baseline=1 / vehicles,
                seed=int(seed),
            )
            for at, (days, status) in enumerate(zip(kept, plan.statuses, strict=True))
        ),
        adversary=adversary,
        knowledge_days=plan.history,
        open_days=open_days,
        leak_dates=tuple(_date(day) for day in plan.leak_days),
        data_days=int(last_day - first_day) + 1,
        vehicles=vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )


def check_windows(windows: Sequence[str]) -> tuple[int, ...]:
    """Turn windows into days kept, ascending, each once.

    Raises
    ------
    UsageError
        If there is none, or one is not a whole number of days.

    Examples
    --------
    >>> check_windows(["7D", "1D", "1W"])
    (1, 7)
    """
    if isinstance(windows, str) or not len(windows):
        raise UsageError("windows: write one or more, for example windows=('1D', '7D', '30D')")
    return tuple(sorted({_whole_days(window, "window", least=1) for window in windows}))


def _whole_days(value: str, name: str, *, least: int) -> int:
    milliseconds = parse_duration(value, name=name)
    if milliseconds % DAY_MS or milliseconds < least * DAY_MS:
        example = "'0D' or '30D'" if least == 0 else "'1D' or '30D'"
        raise UsageError(f"{name} {value!r} must be a whole number of days, such as {example}")
    return milliseconds // DAY_MS


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count:,} days"


def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _window_risk(
    days: int,
    exposed_days: int,
    status: str,
    states: np.ndarray,
    plan: LeakPlan,
    census: Rows,
    *,
    baseline: float,
    seed: int,
) -> WindowRisk:
    measurable = status != NOT_MEASURABLE
    if not measurable:
        states = states[:0]
    resampled = "vehicles and leak days" if status == MEASURED else "vehicles"
    method = (
        f"exact match against all vehicles; mean over leak days; bootstrap of {resampled}, 95 %"
        if measurable
        else "not measurable"
    )
    rng = np.random.default_rng([seed, days, exposed_days])

    def estimate(has: np.ndarray, among: np.ndarray, chance: float | None) -> Estimate:
        return estimate_share(
            states,
            has,
            among,
            days_vary=status == MEASURED,
            rng=rng,
            method=method,
            baseline=chance,
        )

    return WindowRisk(
        days=days,
        exposed_days=exposed_days,
        status=status,
        leak_days=len(plan.leak_days) if measurable else 0,
        share=estimate(IS_ALONE, IS_TARGET, baseline),
        share_in_window=estimate(IS_ALONE, IS_SHOWN, baseline),
        exposed_vehicles=estimate(IS_SHOWN, IS_TARGET, None),
        exposed_rows=_exposed_rows(census, plan.leak_days, exposed_days) if measurable else np.nan,
    )


def _exposed_rows(census: Rows, leak_days: tuple[int, ...], exposed_days: int) -> float:
    day, rows = census["day"], census["rows"]
    before = shown = 0
    for leak in leak_days:
        before += int(rows[day < leak].sum())
        shown += int(rows[(day < leak) & (day >= leak - exposed_days)].sum())
    return shown / before


def count_days_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count a part's sightings by local day, and its vehicles by the day of the first of them."""
    days = local_times(rows, broadcast) // DAY_MS
    if not len(days):
        return {name: np.zeros(0, np.int64) for name in ("day", "rows", "vehicles")}
    first = int(days.min())
    begins = np.r_[True, rows["vehicle"][1:] != rows["vehicle"][:-1]]
    counts = np.bincount(days - first)
    return {
        "day": first + np.arange(len(counts)),
        "rows": counts,
        "vehicles": np.bincount(days[begins] - first, minlength=len(counts)),
    }
