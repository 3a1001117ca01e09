"""The result of a comparison of policies: told, drawn, and as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.apart import count_of, few_apart
from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.benefit import Uses
from analyzer.policy.inferred import WITHIN_TEXT, category_of
from analyzer.policy.leaks import NOT_MEASURABLE, ONE_LEAK_DAY
from analyzer.policy.nested import too_near
from analyzer.policy.policy import Policy
from analyzer.policy.populations import among_told, told_numbers
from analyzer.policy.retention_sweep import days_text, sample_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RISK_NAMES = {
    "unicity": "singled out",
    "homes": "home inferred",
    "works": "work place inferred",
    "commutes": "commute inferred",
    "companions": "companions found",
    "linkage": "new pseudonyms known again",
    "predictability": "next places told rightly",
}

DEFINED = "by definition"
"""With which the method of a figure begins that needs no counting."""


def risk_text(risk: str) -> str:
    """Say a risk in words.

    Examples
    --------
    >>> risk_text("homes"), risk_text("visits: medical")
    ('home inferred', 'plausibly at a site (medical)')
    """
    category = category_of(risk)
    return RISK_NAMES[risk] if category is None else f"plausibly at a site ({category})"


@dataclass(frozen=True)
class PolicyOutcome:
    """What a leak under one policy gives away, and what use the policy leaves.

    Attributes
    ----------
    name : str
        Of the policy.
    policy : Policy
        What is kept.
    status : str
        ``"measured"``, ``"one leak day"`` or ``"not measurable"``.
    risks : dict of str to Estimate
        Share of the vehicles for which each risk comes true.
    differences : dict of str to Estimate
        The same minus that of the first policy, paired by vehicle and leak day.
    kept : float
        Share of the sightings before a leak that the store still holds; NaN where it is withheld.
    traffic : float
        How well the traffic of an ordinary week can be counted, from 0 to 1; NaN where it is
        withheld.
    served : Estimate or None
        Share of the user's uses that are served.
    hits : Estimate or None
        Share of the kept sightings that are of a vehicle that was searched for.
    hit_vehicles : int
        Vehicles that were searched for and of which something is kept.
    kept_of, hits_of : tuple of int
        Of how many vehicles is what the store holds, what it has deleted, and what it holds more or
        less than under each policy before; all vehicles, and those that were searched for.
    kept_sums : dict of (int, int) to int
        Of how few vehicles sums of what three policies hold come down to, for each two of all that
        there is (1) and the policies before (from 2 on).
    whole_window : dict of str to Estimate
        Of homes, works and commutes, the shares for which they are found in all that a leak shows;
        `risks` count those too that are found in a shorter stretch of it up to the leak.
    undominated : bool
        Whether no other policy is at least as good in everything and better in something.
    """

    name: str
    policy: Policy
    status: str
    risks: dict[str, Estimate]
    differences: dict[str, Estimate]
    kept: float
    traffic: float
    served: Estimate | None = None
    hits: Estimate | None = None
    hit_vehicles: int = 0
    kept_of: tuple[int, ...] = ()
    hits_of: tuple[int, ...] = ()
    kept_sums: dict[tuple[int, int], int] = field(default_factory=dict, repr=False)
    whole_window: dict[str, Estimate] = field(default_factory=dict)
    undominated: bool = False


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
        uses = _published_use(self.outcomes, k) if use else [{}] * len(self.outcomes)
        given = [
            replace(
                outcome,
                risks=self._among_told(outcome.risks, k, of),
                differences=self._among_told(outcome.differences, k, of),
                whole_window=self._among_told(outcome.whole_window, k, of),
            )
            for outcome in self.outcomes
        ]
        risks = [
            {risk: each.withheld(k) for risk, each in outcome.risks.items() if of(risk)}
            for outcome in given
        ]
        near = too_near([outcome.policy for outcome in self.outcomes], risks, k)
        for shares, own in zip(risks, near, strict=True):
            shares.update({risk: shares[risk].hidden(k) for risk in own})
        held = [
            {risk for risk, each in shares.items() if each != outcome.risks[risk]}
            for outcome, shares in zip(given, risks, strict=True)
        ]
        wholes = [
            self._published_whole(outcome.whole_window, own, risks, k, of)
            for outcome, own in zip(given, held, strict=True)
        ]
        return replace(
            self,
            outcomes=tuple(
                replace(
                    outcome,
                    risks=outcome.risks | shares,
                    differences={
                        risk: each.hidden(k) if risk in own | held[0] else each
                        for risk, each in outcome.differences.items()
                    },
                    whole_window=whole,
                    **left,
                )
                for outcome, shares, own, whole, left in zip(
                    given, risks, held, wholes, uses, strict=True
                )
            ),
        )

    @staticmethod
    def _published_whole(
        wholes: dict[str, Estimate],
        held: set[str],
        risks: Sequence[dict[str, Estimate]],
        k: int,
        of: Callable[[str], bool],
    ) -> dict[str, Estimate]:
        """Withhold shares of all that is shown that stand for few, or lie beside one that does not.

        Which of two policies' shares hold each other is not looked at: all are kept apart.
        """
        published = {}
        for risk, whole in wholes.items():
            count = count_of(whole)
            told = (count_of(shares[risk]) for shares in risks if risk in shares)
            beside = [each for each in told if each is not None]
            near = risk in held or (count is not None and few_apart(count, beside, k))
            hidden = whole.hidden(k) if near else whole.withheld(k)
            published[risk] = hidden if of(risk) else whole
        return published

    def _among_told(
        self, figures: dict[str, Estimate], k: int, of: Callable[[str], bool]
    ) -> dict[str, Estimate]:
        """Count shares among a number that documents tell, where all but a few were counted."""
        told = told_numbers((*self.populations, self.vehicles), k)
        return {
            risk: among_told(each, told, k) if of(risk) else each
            for risk, each in figures.items()
        }

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


def _published_use(outcomes: Sequence[PolicyOutcome], k: int) -> list[dict[str, Any]]:
    """Withhold shares of the sightings, and differences of two, that are of 1 to k - 1 vehicles."""
    shown: dict[str, list[int]] = {"kept": [], "hits": []}
    left: list[dict[str, Any]] = []
    for at, outcome in enumerate(outcomes):
        of, searched = outcome.kept_of, outcome.hits_of
        kept, deleted, *apart = of or (0, 0, *[0] * at)
        use: dict[str, Any] = {}
        told = {1, *(it + 2 for it in shown["kept"])}
        sums = (count for pair, count in outcome.kept_sums.items() if told.issuperset(pair))
        beside = (apart[it] for it in shown["kept"])
        if any(0 < count < k for count in (kept, deleted, *beside, *sums)):
            use |= {"kept": math.nan, "traffic": math.nan}
        else:
            shown["kept"].append(at)
        if outcome.hits is not None:
            pairs = [pair for it, pair in enumerate(zip(searched, of, strict=True))
                     if it == 0 or it - 2 in shown["hits"]]  # fmt: skip
            few = any(0 < count < k for hit, every in pairs for count in (hit, every - hit))
            if few or 0 < outcome.hit_vehicles < k:
                use["hits"] = outcome.hits.hidden(k)
            else:
                shown["hits"].append(at)
            if "kept" in use:
                # The number of the sightings that are kept is their share, times all.
                use["hits"] = replace(outcome.hits.hidden(k), n=0)
        left.append(use)
    return left


def _said(estimate: Estimate) -> str:
    if estimate.method.startswith(DEFINED):
        return f"{100 * estimate.value:.0f} % ({DEFINED})"
    return estimate.percent()


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def mark_undominated(outcomes: list[PolicyOutcome]) -> list[PolicyOutcome]:
    """Mark the policies that no other one beats: the Pareto front of risks against use."""
    measured = [outcome for outcome in outcomes if outcome.status != NOT_MEASURABLE]
    goods = {outcome.name: _goodness(outcome) for outcome in measured}

    def beaten(name: str) -> bool:
        own = goods[name]
        return any(
            (other >= own).all() and (other > own).any()
            for at, other in goods.items()
            if at != name
        )

    return [
        replace(outcome, undominated=outcome.name in goods and not beaten(outcome.name))
        for outcome in outcomes
    ]


def _goodness(outcome: PolicyOutcome) -> np.ndarray:
    """Everything that is better when larger; a risk that cannot be measured counts as none."""
    risks = [-np.nan_to_num(estimate.value) for estimate in outcome.risks.values()]
    served = [] if outcome.served is None else [outcome.served.value]
    return np.array([*risks, outcome.kept, outcome.traffic, *served])
