"""The result of a retention sweep: what each window gives away, told, drawn, and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import WITHHELD, Estimate, few_apart
from analyzer.policy.days_until import DaysUntilHalf
from analyzer.policy.inferred import category_of
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.setting import CHANGES
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INFERRED = {
    "homes": "a home that is inferred",
    "works": "a work place that is inferred",
    "commutes": "a commute that is inferred",
    "companions": "companions",
    "linkage": "a new pseudonym that is known again",
    "predictability": "a next place that is told rightly (mean share)",
}
"""What is inferred of vehicles, by the name of the risk."""

UNTIL = {
    "unicity": "are singled out",
    "homes": "have a home that is inferred",
    "works": "have a work place that is inferred",
    "commutes": "have a commute that is inferred",
}
"""What has come true for half of the vehicles, by the name of the risk."""


_LEGEND = {
    "unicity": "singled out",
    "homes": "home inferred",
    "works": "work place inferred",
    "commutes": "commute inferred",
    "companions": "companions found",
    "linkage": "new pseudonym known again",
    "predictability": "next place told (mean share)",
}


def _legend(risk: str) -> str:
    category = category_of(risk)
    return _LEGEND[risk] if category is None else f"at a site ({category})"


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
    added_per_day : Estimate or None
        By how much the share grows with each day kept beyond the window before (or beyond none),
        paired by vehicle and leak day.
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
    added_per_day: Estimate | None = None

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
        By risk, then by days kept.
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
    until_half : tuple of DaysUntilHalf
        After how many days of collecting half of the vehicles are known, risk by risk; empty where
        that was not asked.
    sample : int or None
        Vehicles among which companions were looked for, and ten times those that linkage looked
        for at each change of pseudonyms; None for all.
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
    until_half: tuple[DaysUntilHalf, ...] = ()
    sample: int | None = None

    @property
    def risks(self) -> tuple[str, ...]:
        """The risks that were measured."""
        return tuple(dict.fromkeys(step.risk for step in self.windows))

    def of(self, risk: str) -> tuple[WindowRisk, ...]:
        """Give the windows of one risk, by days kept."""
        return tuple(step for step in self.windows if step.risk == risk)

    def published(
        self,
        k: int,
        *,
        of: Callable[[str], bool] = lambda risk: True,
        wholes: Sequence[int] = (),
        shown: dict[str, list[float]] | None = None,
    ) -> RetentionSweep:
        """Give the sweep as it may be published.

        No share in it stands for 1 to k - 1 vehicles, or for all but so few, and no two shares of
        vehicles singled out differ by so few: what a shorter window singles out, a longer one does
        too, so that their difference is a group of vehicles as well.

        Parameters
        ----------
        k : int
            Smallest count of vehicles that is shown.
        of : callable, optional
            Which risks are held to that; all by default.
        wholes : sequence of int
            Numbers of vehicles that are published beside it, of which those counted here are a
            part; the number of all vehicles is always one.
        shown : dict of str to list of float, optional
            Counts of vehicles singled out, exposed and seen that are published beside it, of which
            those counted here are a part or the whole; what is published here is added.
        """
        until = tuple(each.published(k) if of(each.risk) else each for each in self.until_half)
        # Who has the known sightings before a leak is among those who have them at all.
        wholes = sorted({*wholes, self.vehicles, *(each.days.n for each in until if each.days.n)})
        steps = [
            _basic(_among(step, k, wholes), k) if of(step.risk) else step for step in self.windows
        ]
        # Longer windows say more: where two are too near, the shorter one gives way.
        shown = {} if shown is None else shown
        for at in reversed(range(len(steps))):
            if steps[at].risk == "unicity" and of("unicity"):
                steps[at] = _apart(steps[at], shown, k)
        for at, step in enumerate(steps):
            before = steps[at - 1] if at and steps[at - 1].risk == step.risk else None
            known = all(_is_exact(each.share) for each in (step, before) if each is not None)
            if of(step.risk) and step.added_per_day and not known:
                steps[at] = replace(step, added_per_day=step.added_per_day.hidden(k))
        return replace(self, windows=tuple(steps), until_half=until)

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        windows = self.of(self.risks[0])
        shown = [step for step in windows if step.status != NOT_MEASURABLE]
        lines = []
        if shown:
            known = self.adversary.describe()
            stood_open = (
                f", from a store that stood open for {days_text(self.open_days)}"
                if self.open_days
                else ""
            )
            figures = "; ".join(
                f"kept {days_text(step.days)}: {step.share.percent()}" for step in shown
            )
            if self.risks[0] == "unicity":
                lines.append(
                    f"An adversary knows {known}, of the {days_text(self.knowledge_days)} before a "
                    f"leak{stood_open}. Vehicles that the leak singles out, of "
                    f"{shown[-1].share.n:,}: {figures}."
                )
            lines += [
                sentence
                for risk in self.risks
                if risk != "unicity" and (sentence := self._inferred_sentence(risk))
            ]
            lines += [sentence for risk in self.risks if (sentence := self._marginal(risk))]
            lines.append(
                f"Leaks on {', '.join(self.leak_dates)}; matched against {self.vehicles:,} "
                f"vehicles; a guess would be right for 1 in {self.vehicles:,}."
            )
        lines += self._until_half()
        single = [step.window for step in shown if step.status == ONE_LEAK_DAY]
        if single:
            lines.append(
                f"One leak day: for {', '.join(single)} there are no three leak days at least a "
                "window apart, so the intervals say nothing about how leak days differ."
            )
        beyond = [step.window for step in windows if step.days > self.data_days]
        if beyond:
            lines.append(
                f"Not measurable: {', '.join(beyond)}; the data cover {days_text(self.data_days)}."
            )
        if shown and beyond and 2 * self.knowledge_days < self.data_days:
            lines.append(
                f"Known sightings come from only {days_text(self.knowledge_days)} before a leak, "
                "the longest window that the data can hold: the share at that window says little "
                f"about longer keeping. Add a window of up to {days_text(self.data_days)}."
            )
        empty = [
            step.window
            for step in windows
            if step.status == NOT_MEASURABLE and step.days <= self.data_days
        ]
        if empty:
            lines.append(f"Not measurable: {', '.join(empty)}; {self._why_empty()}.")
        if self.sample is not None:
            lines.append(sample_text(self.sample))
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def _why_empty(self) -> str:
        if self.risks[0] == "predictability":
            return "no vehicle has as many destinations as predicting takes"
        if self.risks[0] == "linkage":
            return "no vehicle is seen before and after a change of pseudonyms"
        return (
            f"no vehicle has {self.adversary.points} different sightings in the "
            f"{days_text(self.knowledge_days)} before a leak"
        )

    def _inferred_sentence(self, risk: str) -> str:
        figures = [
            f"kept {days_text(step.days)}: {step.share.percent()}"
            for step in self.of(risk)
            if step.share.is_measured or step.share.method.startswith(WITHHELD)
        ]
        if not figures:
            return ""
        of = max(step.share.n for step in self.of(risk))
        category = category_of(risk)
        if category is None:
            return f"Vehicles with {INFERRED[risk]}, of {of:,}: {'; '.join(figures)}."
        chance = max(step.share.baseline or 0.0 for step in self.of(risk) if step.share.is_measured)
        return (
            f"Vehicles plausibly at a site of the category “{category}”, of {of:,}: "
            f"{'; '.join(figures)}; at sites moved at random, up to {100 * chance:.1f} %."
        )

    def _marginal(self, risk: str) -> str:
        """Say what the last further days of keeping added, each."""
        steps = [step for step in self.of(risk) if step.added_per_day is not None]
        if len(steps) < 2 or not all(step.added_per_day.is_measured for step in steps[-2:]):
            return ""
        before, last = steps[-2:]
        added = last.added_per_day
        what = "singled out" if risk == "unicity" else risk
        return (
            f"From {days_text(before.days)} to {last.days:,}, each further day adds "
            f"{100 * added.value:.2g} percentage points ({100 * added.low:.2g} to "
            f"{100 * added.high:.2g}; {what})."
        )

    def _until_half(self) -> list[str]:
        """Say after how many days of collecting half of the vehicles are known."""
        lines = []
        for each in self.until_half:
            what = UNTIL[each.risk]
            days, end = each.days, each.by_end
            of = f"{days.n:,} vehicles seen at {self.adversary.points} points or more"
            if days.is_measured:
                high = f"{days.high:g}" if math.isfinite(days.high) else "beyond the data"
                lines.append(
                    f"In a store that keeps all, half of {of} {what} after "
                    f"{days_text(int(days.value))} ({days.low:g} to {high}; 95 %)."
                )
            elif end.is_measured:
                lines.append(
                    f"In a store that keeps all, fewer than half of {of} {what} "
                    f"within the {days_text(each.data_days)} of the data: {end.percent()}."
                )
        return lines

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
                    # A withheld number is missing, not zero.
                    "n_in_window": _end(_with_n(step.share_in_window), "n"),
                    "exposed_vehicles": step.exposed_vehicles.value,
                    "exposed_rows": step.exposed_rows,
                    "added_per_day": _end(step.added_per_day, "value"),
                    "added_per_day_low": _end(step.added_per_day, "low"),
                    "added_per_day_high": _end(step.added_per_day, "high"),
                }
                for step in self.windows
            ]
        )

    def plot(self) -> Axes:
        """Draw each risk against the days kept."""
        from analyzer.charts import retention_curve, risk_curves

        table = self.to_pandas()
        if len(self.risks) == 1 and self.risks[0] == "unicity":
            return retention_curve(table).axes[0]
        return risk_curves(table, {risk: _legend(risk) for risk in self.risks}).axes[0]

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
                    "share_in_window": {
                        **step.share_in_window.to_dict(),
                        "n": step.share_in_window.n if _with_n(step.share_in_window) else None,
                    },
                    "exposed_vehicles": step.exposed_vehicles.to_dict(),
                    "exposed_rows": None if np.isnan(step.exposed_rows) else step.exposed_rows,
                    "added_per_day": step.added_per_day and step.added_per_day.to_dict(),
                }
                for step in self.windows
            ],
            "days_until_half": [each.to_dict() for each in self.until_half],
            "knowledge_days": self.knowledge_days,
            "open_days": self.open_days,
            "leak_dates": list(self.leak_dates),
            "data_days": self.data_days,
            "vehicles": self.vehicles,
            "sample": self.sample,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def _is_exact(estimate: Estimate) -> bool:
    return not estimate.method.startswith(WITHHELD) and not estimate.is_bound


def _with_n(estimate: Estimate) -> Estimate | None:
    """Give a share unless the number of vehicles behind it is withheld too."""
    return None if estimate.method.startswith(WITHHELD) and not estimate.n else estimate


def _among(step: WindowRisk, k: int, wholes: Sequence[int]) -> WindowRisk:
    """Count shares among a larger group where all but a few of it were counted."""
    n = step.share.n
    for whole in wholes:
        n = whole if 0 < whole - n < k else n
    if not n or n == step.share.n:
        return step
    return replace(
        step, share=step.share.among(n), exposed_vehicles=step.exposed_vehicles.among(n)
    )


def _basic(step: WindowRisk, k: int) -> WindowRisk:
    """Withhold what stands for few vehicles, or all but few, in one window by itself."""
    share, in_window = step.share.withheld(k), step.share_in_window
    exposed = step.exposed_vehicles.value * step.share.n
    if not step.exposed_vehicles.is_measured:
        in_window = share  # a figure of the whole window is of nobody else
    elif in_window.is_measured:
        rest = round((1 - in_window.value) * exposed)
        if share != step.share or 0 < rest < k or 0 < round(in_window.value * exposed) < k:
            in_window = in_window.hidden(k)
    if 0 < in_window.n < k or 0 < step.share.n - in_window.n < k:
        in_window = replace(in_window.hidden(k), n=0)
    return replace(
        step,
        share=share,
        share_in_window=in_window,
        # Tables give its value alone, and a bound among values would be taken for one.
        exposed_vehicles=(
            step.exposed_vehicles.hidden(k)
            if step.exposed_vehicles.tells_of_few(k)
            else step.exposed_vehicles
        ),
    )


def _apart(step: WindowRisk, shown: dict[str, list[float]], k: int) -> WindowRisk:
    """Withhold counts that are fewer than k beside those that are shown."""

    def near(what: str, count: float) -> bool:
        if few_apart(count, shown.setdefault(what, []), k):
            return True
        shown[what].append(count)
        return False

    share, exposed, in_window = step.share, step.exposed_vehicles, step.share_in_window
    if share.is_measured and not share.is_bound and near("share", share.value * share.n):
        share = share.hidden(k)
        in_window = in_window.hidden(k)
    if exposed.is_measured and not exposed.is_bound and near("exposed", exposed.value * share.n):
        exposed = exposed.hidden(k)
        in_window = in_window.hidden(k)
    if in_window.n and near("seen", in_window.n):
        in_window = replace(in_window.hidden(k), n=0)
    return replace(step, share=share, exposed_vehicles=exposed, share_in_window=in_window)


def _end(estimate: Estimate | None, name: str) -> float:
    return math.nan if estimate is None else getattr(estimate, name)


def sample_text(sample: int) -> str:
    """Say among how many vehicles risks of pairs were looked for."""
    return (
        f"Companions were looked for among {sample:,} vehicles, drawn by chance, and linkage for "
        f"{max(1, sample // CHANGES):,} at each change of pseudonyms, among all new ones."
    )


def days_text(count: int) -> str:
    """Write a number of days, e.g. ``"3 days"``."""
    return "1 day" if count == 1 else f"{count:,} days"
