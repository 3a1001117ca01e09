"""The result of a retention sweep: what each window gives away, told, drawn, and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.apart import count_of, few_apart, find_near
from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.days_until import DaysUntilHalf
from analyzer.policy.inferred import IN_STRETCHES, WITHIN_TEXT, category_of
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.populations import told_number, told_numbers
from analyzer.policy.setting import STRETCHES
from analyzer.policy.shown_rows import EVERYTHING, ShownRows
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

NESTED = ("unicity", *IN_STRETCHES)
"""Risks of which a longer window gives away all that a shorter one does."""

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
    whole_window : Estimate or None
        Of homes, works and commutes, the share for which they are found in the window as a whole;
        `share` counts those too that are found in a shorter stretch of it up to the leak.
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
    whole_window: Estimate | None = None

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
        Vehicles among which companions were looked for, and for how many linkage looked at each
        change of pseudonyms; None for all.
    populations : tuple of int
        Numbers of vehicles that other documents of the same store tell; see
        `analyzer.policy.populations`.
    shown_rows : ShownRows or None
        Of how many vehicles the sightings are that one window shows and a shorter one does not.
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
    populations: tuple[int, ...] = ()
    shown_rows: ShownRows | None = field(default=None, repr=False)

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
        use: bool = True,
    ) -> RetentionSweep:
        """Give the sweep as it may be published.

        No share in it stands for 1 to k - 1 vehicles, or for all but so few, and no two shares of
        one risk differ by so few: of whom a shorter window singles out, or gives the home away, a
        longer one does too, so that their difference is a group of vehicles as well.

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
            Counts of vehicles by risk, and of those exposed and seen, that are published beside it,
            of which those counted here are a part or the whole; what is published here is added.
        use : bool
            Whether shares of the sightings are held to that too.
        """
        until = tuple(each.published(k) if of(each.risk) else each for each in self.until_half)
        # Who has the known sightings before a leak is among those who have them at all.
        known = (each.days.n for each in until if each.days.n)
        told = told_numbers((*self.populations, *wholes, self.vehicles, *known), k)
        steps = [
            _basic(_among(step, k, told), k) if of(step.risk) else step for step in self.windows
        ]
        # Longer windows say more: where two are too near, the shorter one gives way.
        shown = {} if shown is None else shown
        if self.populations:
            shown.setdefault("seen", []).extend(each for each in told if each != self._counted)
        for risk in filter(of, self.risks):
            if risk in NESTED:
                at = [at for at, step in enumerate(steps) if step.risk == risk]
                own = [steps[it] for it in at]
                _hide_near(own, shown, k)
                steps[at[0] : at[-1] + 1] = own
        for at, step in enumerate(steps):
            before = next(
                (each for each in reversed(steps[:at]) if each.risk == step.risk
                 and (each.share.is_measured or each.share.method.startswith(WITHHELD))), None,
            )  # fmt: skip
            known = step.share.is_exact and (before is None or before.share.is_exact)
            if of(step.risk) and step.added_per_day and not known:
                steps[at] = replace(step, added_per_day=step.added_per_day.hidden(k))
        if use and self.shown_rows is not None:
            every = self.shown_rows.every
            rows_told = self.shown_rows.told([each for each in every if each < EVERYTHING], k)
            steps = [
                step if step.exposed_days in rows_told else replace(step, exposed_rows=math.nan)
                for step in steps
            ]
        return replace(self, windows=tuple(steps), until_half=until)

    @property
    def _counted(self) -> int:
        """Number of the vehicles that may be singled out."""
        return max((step.share.n for step in self.of("unicity")), default=0)

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
            lines += self._whole_windows()
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

    def _whole_windows(self) -> list[str]:
        """Say how homes, works and commutes count, and what the longest window alone tells."""
        told = {
            risk: [step for step in self.of(risk) if step.whole_window is not None][-1:]
            for risk in self.risks
        }
        longest = {risk: steps[0] for risk, steps in told.items() if steps}
        if not longest:
            return []
        days = max(step.days for step in longest.values())
        alone = "; ".join(f"{risk} {each.whole_window.percent()}" for risk, each in longest.items())
        return [f"{WITHIN_TEXT} In {days_text(days)} as a whole alone: {alone}."]

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
        """Give one row a window: days, status, the share with its interval, and what is exposed.

        Where homes, works or commutes are among the risks, ``value_whole_window`` and its ends say
        for what share they are found in the window as a whole alone.
        """
        table = pd.DataFrame(
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
                    "value_whole_window": _end(step.whole_window, "value"),
                    "low_whole_window": _end(step.whole_window, "low"),
                    "high_whole_window": _end(step.whole_window, "high"),
                    "exposed_vehicles": step.exposed_vehicles.value,
                    "exposed_rows": step.exposed_rows,
                    "added_per_day": _end(step.added_per_day, "value"),
                    "added_per_day_low": _end(step.added_per_day, "low"),
                    "added_per_day_high": _end(step.added_per_day, "high"),
                }
                for step in self.windows
            ]
        )
        whole = [name for name in table if name.endswith("_whole_window")]
        return table if table[whole].notna().any(axis=None) else table.drop(columns=whole)

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
                    "whole_window": step.whole_window and step.whole_window.to_dict(),
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


def _with_n(estimate: Estimate) -> Estimate | None:
    """Give a share unless the number of vehicles behind it is withheld too."""
    return None if estimate.method.startswith(WITHHELD) and not estimate.n else estimate


def _among(step: WindowRisk, k: int, told: Sequence[int]) -> WindowRisk:
    """Count shares among a larger group where all but a few of it were counted."""
    n = told_number(step.share.n, told, k)
    if not n or n == step.share.n:
        return step
    # All figures of one window are of the same vehicles: two numbers of them would tell the rest.
    return replace(
        step,
        share=step.share.among(n),
        exposed_vehicles=step.exposed_vehicles.among(n),
        whole_window=step.whole_window and step.whole_window.among(n),
        added_per_day=step.added_per_day and step.added_per_day.among(n),
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
    # Who is exposed less who is singled out are those with company.
    with_company = exposed - share.value * share.n
    few = step.exposed_vehicles.tells_of_few(k) or (
        share.is_exact and _FEWEST < with_company < k
    )
    return replace(
        step,
        share=share,
        share_in_window=in_window,
        whole_window=step.whole_window and step.whole_window.withheld(k),
        # Tables give its value alone, and a bound among values would be taken for one.
        exposed_vehicles=(
            step.exposed_vehicles.hidden(k) if few else step.exposed_vehicles
        ),
    )


_FEWEST = 1e-6
"""Products of shares end a little beside whole numbers."""


def _hide_near(steps: list[WindowRisk], shown: dict[str, list[float]], k: int) -> None:
    """Withhold counts that are fewer than k beside those that are shown; longer windows come first.

    Of one risk, what a shorter window gives away, a longer one does too; and what a window shows of
    anybody, a longer one shows too. The usual windows come before all others, so that documents
    tell the same of them whatever else they compare.
    """
    risk = steps[0].risk
    order = sorted(
        range(len(steps)), key=lambda at: (steps[at].days not in STRETCHES, -steps[at].days)
    )
    among = "" if risk == "unicity" else " of all"

    def near(what: str, counts: Sequence[float | None]) -> list[bool]:
        return find_near(counts, k, order=order, shown=shown.setdefault(what, []))

    exposed = near(f"exposed{among}", [
        step.exposed_vehicles.value * step.share.n if step.exposed_vehicles.is_exact else None
        for step in steps
    ])  # fmt: skip
    told = near(risk, [count_of(step.share) for step in steps])
    seen = near(f"seen{among}", [step.share_in_window.n or None for step in steps])
    for at, step in enumerate(steps):
        share, in_window, whole = step.share, step.share_in_window, step.whole_window
        if told[at] or exposed[at]:
            in_window = in_window.hidden(k)
        if seen[at]:
            in_window = replace(in_window.hidden(k), n=0)
        if whole is not None:
            # Who is found in the whole window is among those found in it or in a longer one.
            count = count_of(whole)
            if told[at] or (count is not None and few_apart(count, shown[risk], k)):
                whole = whole.hidden(k)
        steps[at] = replace(
            step,
            share=share.hidden(k) if told[at] else share,
            exposed_vehicles=(
                step.exposed_vehicles.hidden(k) if exposed[at] else step.exposed_vehicles
            ),
            share_in_window=in_window,
            whole_window=whole,
        )


def _end(estimate: Estimate | None, name: str) -> float:
    return math.nan if estimate is None else getattr(estimate, name)


def sample_text(sample: int) -> str:
    """Say among how many vehicles risks of pairs were looked for."""
    return (
        f"Companions were looked for among {sample:,} vehicles, drawn by chance, and linkage for "
        "as many at each change of pseudonyms, among all new ones."
    )


def days_text(count: int) -> str:
    """Write a number of days, e.g. ``"3 days"``."""
    return "1 day" if count == 1 else f"{count:,} days"
