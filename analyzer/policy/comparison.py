"""The result of a comparison of policies: told, drawn, and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.benefit import Uses
from analyzer.policy.inferred import WITHIN_TEXT
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.policy import Policy
from analyzer.policy.policy_outcome import PolicyOutcome
from analyzer.policy.populations import told_numbers
from analyzer.policy.published_outcomes import publish_outcomes
from analyzer.policy.usual_windows import Beside
from analyzer.policy.wording import days_text, risk_text, sample_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


DEFINED = "by definition"
"""With which the method of a figure begins that needs no counting."""


@dataclass(frozen=True)
class PolicyComparison(Result):
    """What leaks give away under several policies.

    Attributes
    ----------
    outcomes : tuple of PolicyOutcome
        In the order in which the policies were given.
    adversary : Adversary
        Who knows what.
    knowledge_days : int
        Days before a leak from which the known points come.
    open_days : int
        Days for which the store stood open.
    leak_dates : tuple of str
        Local dates on which the store leaks.
    vehicles : int
        Vehicles that were seen.
    sample : int or None
        Vehicles among which companions were looked for; None for all.
    uses : Uses or None
        How old records are when they are used.
    seed : int
        Of the draws.
    synthetic : bool
        Whether the data are synthetic.
    populations : tuple of int
        Numbers of vehicles that other documents of the same store tell; see
        `analyzer.policy.populations`.
    beside : tuple of (Policy, dict of str to Estimate)
        What other documents of it tell, of the same leaks; see `analyzer.policy.usual_windows`.
    searched : Estimate or None
        Share of the names searched for that are vehicles of the data; None where none were given.
    """

    outcomes: tuple[PolicyOutcome, ...]
    adversary: Adversary
    knowledge_days: int
    open_days: int
    leak_dates: tuple[str, ...]
    vehicles: int
    sample: int | None
    uses: Uses | None = field(repr=False)
    seed: int
    synthetic: bool = False
    populations: tuple[int, ...] = ()
    beside: Beside = field(default=(), repr=False)
    searched: Estimate | None = None

    def __getitem__(self, name: str) -> PolicyOutcome:
        for outcome in self.outcomes:
            if outcome.name == name:
                return outcome
        raise KeyError(name)

    @property
    def risks(self) -> tuple[str, ...]:
        """The risks that were measured."""
        return tuple(self.outcomes[0].risks)

    def published(
        self, k: int, *, of: Callable[[str], bool] = lambda risk: True, use: bool = True
    ) -> PolicyComparison:
        """Give the comparison as it may be published: no share that stands for 1 to k - 1 vehicles.

        Nor a difference from which such a share could be worked out, nor two shares of policies of
        which one keeps a part of what the other does and that differ by so few, nor a share of the
        sightings (``kept``, ``traffic``, ``hits``) where what is kept, what is deleted, or what is
        kept more than under another policy, is of so few.

        Parameters
        ----------
        k : int
            Smallest count of vehicles that is shown.
        of : callable, optional
            Which risks are held to that; all by default.
        use : bool
            Whether shares of the sightings are.
        """
        told = told_numbers((*self.populations, self.vehicles), k)
        outcomes = publish_outcomes(
            self.outcomes, told, k, of, use=use, beside=self.beside if use else (),
            reported=[self._is_reported(each.policy) for each in self.outcomes],
        )  # fmt: skip
        hide = use and self.searched is not None
        return replace(
            self,
            outcomes=outcomes,
            searched=self.searched.withheld(k) if hide else self.searched,
        )

    def _is_reported(self, policy: Policy) -> bool:
        """Whether a leak under a policy shows all of the data, of which reports tell.

        There is one leak alone where knowledge comes from all days that there are.
        """
        shown = math.inf if policy.days is None else policy.days + self.open_days
        pure = replace(policy.without_retention(), attributes="keep") == Policy(
            None, attributes="keep"
        )
        return pure and len(self.leak_dates) == 1 and shown >= self.knowledge_days

    def summary(self) -> str:
        """Tell for each policy what a leak gives away."""
        stood_open = f", from a store that stood open for {days_text(self.open_days)}"
        lines = [
            f"An adversary knows {self.adversary.describe()}, of the "
            f"{days_text(self.knowledge_days)} before a leak"
            f"{stood_open if self.open_days else ''}. Leaks on {', '.join(self.leak_dates)}; "
            f"{self.vehicles:,} vehicles."
        ]
        for outcome in self.outcomes:
            if outcome.status == NOT_MEASURABLE:
                lines.append(f"{outcome.name} ({outcome.policy.describe()}): not measurable.")
                continue
            said = [
                f"{risk_text(risk)} {_said(estimate)}"
                for risk, estimate in outcome.risks.items()
                if estimate.is_measured or estimate.method.startswith(WITHHELD)
            ]
            if outcome.hits is not None:
                said.append(f"of the kept sightings, searched for {outcome.hits.percent()}")
            lines.append(f"{outcome.name} ({outcome.policy.describe()}): {'; '.join(said)}.")
        if self.searched is not None and self.searched.value != 1:
            lines.append(
                f"Of the {self.searched.n:,} names that were searched for, "
                f"{self.searched.percent()} are vehicles of the data; the others count for nothing."
            )
        if any(outcome.whole_window for outcome in self.outcomes):
            lines.append(WITHIN_TEXT)
        same = self._indistinct()
        if same:
            lines.append(f"No difference from {self.outcomes[0].name} is shown for {same}.")
        if any(outcome.status == ONE_LEAK_DAY for outcome in self.outcomes):
            lines.append(
                "Where the data hold fewer than three leak days a retention apart, intervals say "
                "nothing about how leak days differ."
            )
        if self.uses is not None:
            lines.append(self.uses.caveat)
        if self.sample is not None:
            lines.append(sample_text(self.sample))
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def _indistinct(self) -> str:
        names = [
            f"{outcome.name} ({risk_text(risk)})"
            for outcome in self.outcomes[1:]
            for risk, difference in outcome.differences.items()
            if difference.low <= 0 <= difference.high
        ]
        return ", ".join(names)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a policy: each risk with its interval, baseline and difference, and use."""
        rows = []
        for outcome in self.outcomes:
            row: dict[str, Any] = {
                "policy": outcome.name,
                "means": outcome.policy.describe(),
                "status": outcome.status,
            }
            for risk, estimate in outcome.risks.items():
                difference = outcome.differences[risk]
                row |= {
                    risk: estimate.value,
                    f"{risk}_low": estimate.low,
                    f"{risk}_high": estimate.high,
                    f"{risk}_n": estimate.n,
                    f"{risk}_baseline": estimate.baseline,
                    f"{risk}_difference": difference.value,
                    f"{risk}_difference_low": difference.low,
                    f"{risk}_difference_high": difference.high,
                }
                whole = outcome.whole_window.get(risk)
                if whole is not None:
                    row |= {
                        f"{risk}_whole_window": whole.value,
                        f"{risk}_whole_window_low": whole.low,
                        f"{risk}_whole_window_high": whole.high,
                    }
            row |= {"kept": outcome.kept, "traffic": outcome.traffic}
            if outcome.served is not None:
                row |= {
                    "served": outcome.served.value,
                    "served_low": outcome.served.low,
                    "served_high": outcome.served.high,
                    "served_n": outcome.served.n,
                }
            if outcome.hits is not None:
                row |= {
                    "hits": outcome.hits.value,
                    "hits_low": outcome.hits.low,
                    "hits_high": outcome.hits.high,
                }
            rows.append({**row, "undominated": outcome.undominated})
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            "policies": [
                {
                    "name": outcome.name,
                    "policy": outcome.policy.to_dict(),
                    "means": outcome.policy.describe(),
                    "status": outcome.status,
                    "risks": {risk: each.to_dict() for risk, each in outcome.risks.items()},
                    "differences": {
                        risk: each.to_dict() for risk, each in outcome.differences.items()
                    },
                    "whole_window": {
                        risk: each.to_dict() for risk, each in outcome.whole_window.items()
                    },
                    "kept": _number(outcome.kept),
                    "traffic": _number(outcome.traffic),
                    "served": None if outcome.served is None else outcome.served.to_dict(),
                    "hits": None if outcome.hits is None else outcome.hits.to_dict(),
                    "undominated": outcome.undominated,
                }
                for outcome in self.outcomes
            ],
            "against": self.outcomes[0].name,
            "knowledge_days": self.knowledge_days,
            "open_days": self.open_days,
            "leak_dates": list(self.leak_dates),
            "vehicles": self.vehicles,
            "sample": self.sample,
            "uses": None if self.uses is None else {
                "kind": self.uses.kind, "n": len(self.uses.days), "unread": self.uses.unread,
                "caveat": self.uses.caveat,
            },
            "searched": None if self.searched is None else self.searched.to_dict(),
            "seed": self.seed,
            "synthetic": self.synthetic,
        }  # fmt: skip

    def plot(self) -> Axes:
        """Draw the first risk of each policy with its interval."""
        from analyzer.charts import new_axes

        risk = next(iter(self.outcomes[0].risks))
        shown = [each for each in self.outcomes if each.risks[risk].is_measured][::-1]
        values = np.array([each.risks[risk].value for each in shown])
        ends = np.array([[each.risks[risk].low, each.risks[risk].high] for each in shown])
        axes = new_axes()
        error = 100 * np.abs(ends.reshape(-1, 2).T - values)
        axes.barh([each.name for each in shown], 100 * values, xerr=error)
        axes.set(xlabel=f"vehicles: {risk_text(risk)} (%)", xlim=(0, 100))
        return axes


def _said(estimate: Estimate) -> str:
    if estimate.method.startswith(DEFINED):
        return f"{100 * estimate.value:.0f} % ({DEFINED})"
    return estimate.percent()


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


