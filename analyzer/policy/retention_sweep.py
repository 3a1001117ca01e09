"""The result of a retention sweep: what each window gives away, told, drawn, and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.days_until import DaysUntilHalf
from analyzer.policy.inferred import WITHIN_TEXT, category_of
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.populations import told_numbers
from analyzer.policy.published_windows import publish_windows
from analyzer.policy.shown_rows import EVERYTHING, ShownRows
from analyzer.policy.window_risk import WindowRisk
from analyzer.policy.wording import INFERRED, UNTIL, days_text, risk_text, sample_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
    beside : tuple of WindowRisk
        Usual windows that other documents of the same store tell, of the same leaks and knowledge,
        and this one does not.
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
    beside: tuple[WindowRisk, ...] = field(default=(), repr=False)

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
        shown = {} if shown is None else shown
        if self.populations:
            shown.setdefault("seen", []).extend(each for each in told if each != self._counted)
        steps = publish_windows(
            self.windows, told, shown, k, of, beside=self.beside, reported=self._is_reported
        )
        if use and self.shown_rows is not None:
            every = self.shown_rows.every
            rows_told = self.shown_rows.told([each for each in every if each < EVERYTHING], k)
            steps = [
                step if step.exposed_days in rows_told else replace(step, exposed_rows=math.nan)
                for step in steps
            ]
        return replace(self, windows=tuple(steps), until_half=until)

    def _is_reported(self, step: WindowRisk) -> bool:
        """Whether a window as a whole is all of the data, of which reports tell what they infer.

        There is one leak alone where knowledge comes from all days that there are.
        """
        return len(self.leak_dates) == 1 and step.exposed_days >= self.data_days

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
        return risk_curves(table, {risk: risk_text(risk) for risk in self.risks}).axes[0]

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


def _end(estimate: Estimate | None, name: str) -> float:
    return math.nan if estimate is None else getattr(estimate, name)


