"""Recommendation: the policies that meet targets, and what was measured; told, and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import Estimate
from analyzer.policy.inferred import IN_STRETCHES, WITHIN_TEXT
from analyzer.policy.nested import too_near
from analyzer.policy.policy import Policy
from analyzer.policy.populations import among_told, told_numbers
from analyzer.policy.usual_windows import Beside
from analyzer.policy.wording import days_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Trial:
    """A policy that was measured, and whether it meets the targets.

    Attributes
    ----------
    policy : Policy
        What is kept.
    risks : dict of str to Estimate
        Its risks.
    meets : bool
        Whether the upper end of each interval is at most the target.
    """

    policy: Policy
    risks: dict[str, Estimate]
    meets: bool


@dataclass(frozen=True)
class Recommendation(Result):
    """The least restrictive policies that meet targets.

    Attributes
    ----------
    policies : tuple of Trial
        For each way of rounding the longest keeping that meets the targets, without those that
        another one beats (kept longer, and rounded no more); empty if none does.
    trials : tuple of Trial
        Everything that was measured.
    targets : dict of str to float
        The largest share allowed of each risk.
    adversary : Adversary
        Who knows what.
    knowledge_days : int
        Days before a leak from which the known points come.
    longest : int
        The longest keeping that the data can hold; a policy that keeps so long may not be the
        longest that would do.
    vehicles, seed, synthetic
        Of the data and the draws.
    populations : tuple of int
        Numbers of vehicles that other documents of the same store tell; see
        `analyzer.policy.populations`.
    beside : tuple of (Policy, dict of str to Estimate)
        What other documents of it tell, of the same leaks; see `analyzer.policy.usual_windows`.
    """

    policies: tuple[Trial, ...]
    trials: tuple[Trial, ...]
    targets: dict[str, float]
    adversary: Adversary
    knowledge_days: int
    longest: int
    vehicles: int
    seed: int
    synthetic: bool = False
    populations: tuple[int, ...] = ()
    beside: Beside = field(default=(), repr=False)

    def published(self, k: int) -> Recommendation:
        """Give the result as it may be published: no share that stands for 1 to k - 1 vehicles.

        Nor two that differ by so few, where one policy keeps a part of what the other one does.
        """
        trials = list(dict.fromkeys(each.policy for each in (*self.policies, *self.trials)))
        told = told_numbers((*self.populations, self.vehicles), k)
        risks = {
            each.policy: {
                risk: among_told(of, told, k).withheld(k) for risk, of in each.risks.items()
            }
            for each in (*self.policies, *self.trials)
        }
        near = too_near(trials, [risks[policy] for policy in trials], k, self.beside)
        for policy, own in zip(trials, near, strict=True):
            risks[policy] |= {risk: risks[policy][risk].hidden(k) for risk in own}

        def shown(trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
            return tuple(replace(each, risks=risks[each.policy]) for each in trials)

        return replace(self, policies=shown(self.policies), trials=shown(self.trials))

    def summary(self) -> str:
        """Tell which policies meet the targets, or that none of those tried does."""
        asked = ", ".join(f"{risk} at most {100 * at:g} %" for risk, at in self.targets.items())
        lines = [
            f"Asked: {asked} (upper end of the 95 % interval), against an adversary who knows "
            f"{self.adversary.describe()}, of the {days_text(self.knowledge_days)} before a leak."
        ]
        if not self.policies:
            nearest = min(self.trials, key=self._excess)
            lines.append(
                f"None of the {len(self.trials)} policies that were measured meets this. Nearest: "
                f"{nearest.policy.describe()} ({_told(nearest)})."
            )
        for trial in self.policies:
            lines.append(f"Meets it: {trial.policy.describe()} ({_told(trial)}).")
        if set(self.targets) & set(IN_STRETCHES):
            lines.append(WITHIN_TEXT)
        if any(trial.policy.days == self.longest for trial in self.policies):
            lines.append(
                f"The data cannot hold more than {days_text(self.longest)} with leaks to compare: "
                "longer keeping may do as well, which cannot be shown here."
            )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def _excess(self, trial: Trial) -> float:
        # A figure that is withheld may be a large one: what is told comes first.
        return max(
            np.nan_to_num(trial.risks[risk].high, nan=1.0) - target
            for risk, target in self.targets.items()
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a policy that was measured: its terms, its risks, and whether it will do."""
        rows = []
        for trial in self.trials:
            row: dict[str, Any] = {
                "means": trial.policy.describe(),
                "days": trial.policy.days,
                "rotation": trial.policy.rotation,
                "time": trial.policy.time,
                "space": trial.policy.space,
                "cameras": trial.policy.cameras,
                "min_k": trial.policy.min_k,
            }
            for risk, estimate in trial.risks.items():
                row |= {
                    risk: estimate.value,
                    f"{risk}_low": estimate.low,
                    f"{risk}_high": estimate.high,
                    f"{risk}_n": estimate.n,
                    f"{risk}_target": self.targets[risk],
                }
            chosen = any(trial.policy == each.policy for each in self.policies)
            rows.append({**row, "meets": trial.meets, "recommended": chosen})
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "targets": dict(self.targets),
            "policies": [_as_dict(trial) for trial in self.policies],
            "trials": [_as_dict(trial) for trial in self.trials],
            "adversary": self.adversary.to_dict(),
            "knowledge_days": self.knowledge_days,
            "longest": self.longest,
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw the first risk against the days kept, a line for each way of rounding."""
        from analyzer.charts import new_axes

        risk, target = next(iter(self.targets.items()))
        axes = new_axes()
        table = self.to_pandas()
        rest = [trial.policy.without_retention().describe() for trial in self.trials]
        table["rest"] = [each.removeprefix("all kept").lstrip("; ") for each in rest]
        for what, rows in table.sort_values("days").groupby("rest", sort=False):
            label = what or "nothing taken out"
            axes.plot(rows["days"], 100 * rows[risk], marker="o", label=label)
        axes.axhline(100 * target, linestyle="--", label="target")
        axes.set(xlabel="days kept", ylabel=f"{risk} (% of vehicles)", ylim=(0, 100))
        axes.legend()
        return axes


def _told(trial: Trial) -> str:
    return "; ".join(f"{risk} {estimate.percent()}" for risk, estimate in trial.risks.items())


def _as_dict(trial: Trial) -> dict[str, Any]:
    return {
        "policy": trial.policy.to_dict(),
        "means": trial.policy.describe(),
        "risks": {risk: estimate.to_dict() for risk, estimate in trial.risks.items()},
        "meets": trial.meets,
    }
