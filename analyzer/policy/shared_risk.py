"""Shared risk: the result of a comparison of two operators' stores, told, drawn, and as a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.apart import count_of, few_apart, find_near
from analyzer.estimate import Estimate, some_but_few
from analyzer.policy.inferred import IN_STRETCHES, WITHIN_TEXT
from analyzer.policy.wording import risk_text
from analyzer.result import Result
from analyzer.risk.adversary import Adversary

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIRST, SECOND, BOTH = "first", "second", "both"
HOLDERS = (FIRST, SECOND, BOTH)
ALL, SEEN_BY_BOTH = "all", "seen by both"


@dataclass(frozen=True)
class SharedRisk:
    """What each store alone and both together give away, of one risk.

    Attributes
    ----------
    risk : str
        Which.
    among : str
        ``"all"`` vehicles, or those ``"seen by both"`` operators: whom the sharing concerns.
    shares : dict of str to Estimate
        Share of the vehicles for which the risk comes true, by who holds what: ``"first"``,
        ``"second"``, ``"both"``.
    added : dict of str to Estimate
        Share with both minus that with one alone, paired by vehicle: ``"first"``, ``"second"``.
    only_together : Estimate
        Share of the vehicles for which it comes true with both stores, and with neither alone.
    reported : dict of str to Estimate
        What a report tells of each store as a whole, of homes, works and commutes.
    """

    risk: str
    among: str
    shares: dict[str, Estimate]
    added: dict[str, Estimate]
    only_together: Estimate
    reported: dict[str, Estimate] = field(default_factory=dict, repr=False)

    def published(self, k: int) -> SharedRisk:
        """Give the figures as they may be published: none that stands for 1 to k - 1 vehicles.

        Nor figures from which such a one follows: what one store gives away, both do, so that they
        add up from those with the first alone, the second alone, either, and only both together.
        """
        count = {who: each.value * each.n for who, each in self.shares.items()}
        together = self.only_together.value * self.only_together.n
        by_either = count[BOTH] - together
        parts = (
            by_either - count[SECOND], by_either - count[FIRST],
            count[FIRST] + count[SECOND] - by_either, together,
        )  # fmt: skip
        shares = {who: each.withheld(k) for who, each in self.shares.items()}
        of = [count[who] if who == BOTH else count_of(shares[who]) for who in HOLDERS[::-1]]
        near = find_near(of, k, related=lambda one, other: 0 in (one, other))
        near = [
            each or self._beside_report(who, k)
            for who, each in zip(HOLDERS[::-1], near, strict=True)
        ]
        for who, too_near in zip(HOLDERS[::-1], near, strict=True):
            shares[who] = shares[who].hidden(k) if too_near else shares[who]
        only_together = self.only_together.withheld(k)
        if any(some_but_few(abs(part), k) for part in parts):
            only_together = only_together.hidden(k)
        return replace(
            self,
            shares=shares,
            added={
                who: each if shares[who].is_exact and shares[BOTH].is_exact else each.hidden(k)
                for who, each in self.added.items()
            },
            only_together=only_together,
        )

    def _beside_report(self, who: str, k: int) -> bool:
        """Whether a share lies few beside what a report tells of that store."""
        whole = self.reported.get(who)
        count = None if whole is None else count_of(whole.withheld(k))
        return count is not None and few_apart(
            self.shares[who].value * self.shares[who].n, [count], k
        )


@dataclass(frozen=True)
class Sharing(Result):
    """What two operators' stores give away, alone and together.

    Attributes
    ----------
    risks : tuple of SharedRisk
        By risk; of all vehicles, then of those that both saw.
    vehicles : dict of str to int
        Vehicles seen by the first operator only (``"first"``), the second only, and by both; None
        where so few may not be shown.
    cameras : dict of str to int
        Of each operator, those that saw somebody.
    sightings : dict of str to int
        In each store.
    adversary, seed, synthetic
        Who knows what, and the draws.
    """

    risks: tuple[SharedRisk, ...]
    vehicles: dict[str, int | None]
    cameras: dict[str, int]
    sightings: dict[str, int]
    adversary: Adversary
    seed: int
    synthetic: bool = False

    def of(self, risk: str, among: str = ALL) -> SharedRisk:
        """Give one risk.

        Raises
        ------
        KeyError
            If it was not measured.
        """
        for each in self.risks:
            if (each.risk, each.among) == (risk, among):
                return each
        raise KeyError(risk)

    def published(self, k: int) -> Sharing:
        """Give the result as it may be published: no figure that stands for 1 to k - 1 vehicles.

        Nor a number of vehicles that all of them less the others would be. Where the number that
        both saw is withheld, no figure is of those.
        """
        shown = _without_few(self.vehicles, k)
        risks = [
            each
            for each in self.risks
            if each.among == ALL or (shown[BOTH] is not None and not self._parts_few(each, k))
        ]
        return replace(
            self, risks=tuple(each.published(k) for each in risks), vehicles=shown
        )

    def _parts_few(self, of_both: SharedRisk, k: int) -> bool:
        """Whether all vehicles less those that both saw would tell of fewer than k."""
        of_all = self.of(of_both.risk)
        pairs = [*zip(of_all.shares.values(), of_both.shares.values(), strict=True)]
        pairs.append((of_all.only_together, of_both.only_together))
        counts = [round(one.value * one.n) - round(both.value * both.n)
                  for one, both in pairs if one.is_measured and both.is_measured]  # fmt: skip
        counts += [one.n - both.n for one, both in pairs]
        return any(0 < count < k for count in counts)

    def summary(self) -> str:
        """Tell what is learned from each alone, from both, and whom it concerns."""

        def told(count: int | None) -> str:
            return "few" if count is None else f"{count:,}"

        lines = [
            f"Two operators, {self.cameras[FIRST]:,} and {self.cameras[SECOND]:,} cameras. "
            f"Vehicles seen by both: {told(self.vehicles[BOTH])}; by the first only: "
            f"{told(self.vehicles[FIRST])}; by the second only: {told(self.vehicles[SECOND])}.",
            f"An adversary knows {self.adversary.describe()}, at the cameras of either operator.",
        ]
        for each in self.risks:
            of = "all vehicles" if each.among == ALL else "vehicles that both saw"
            shares = each.shares
            line = (
                f"Of {of}, {risk_text(each.risk)}: the first store alone "
                f"{shares[FIRST].percent()}, the second alone {shares[SECOND].percent()}, both "
                f"together {shares[BOTH].percent()}"
            )
            if each.only_together.is_measured:
                line += f"; only together {each.only_together.percent()}"
            lines.append(f"{line}.")
        if {each.risk for each in self.risks} & set(IN_STRETCHES):
            lines.append(WITHIN_TEXT)
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a risk and group of vehicles: share alone, together, and what was added."""
        rows = []
        for each in self.risks:
            row: dict[str, Any] = {"risk": each.risk, "among": each.among}
            figures = {
                **each.shares,
                **{f"added_to_{who}": added for who, added in each.added.items()},
                "only_together": each.only_together,
            }
            for name, estimate in figures.items():
                row |= {
                    name: estimate.value,
                    f"{name}_low": estimate.low,
                    f"{name}_high": estimate.high,
                }
            rows.append({**row, "n": each.shares[BOTH].n, "baseline": each.shares[BOTH].baseline})
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "vehicles": dict(self.vehicles),
            "cameras": dict(self.cameras),
            "sightings": dict(self.sightings),
            "risks": [
                {
                    "risk": each.risk,
                    "among": each.among,
                    "shares": {who: share.to_dict() for who, share in each.shares.items()},
                    "added": {who: added.to_dict() for who, added in each.added.items()},
                    "only_together": each.only_together.to_dict(),
                }
                for each in self.risks
            ],
            "adversary": self.adversary.to_dict(),
            "seed": self.seed,
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw each risk with each store alone and with both."""
        from analyzer.charts import new_axes

        axes = new_axes()
        of_all = [each for each in self.risks if each.among == ALL][::-1]
        at = np.arange(len(of_all))
        for number, who in enumerate(HOLDERS):
            values = np.array([each.shares[who].value for each in of_all], float)
            label = who if who == BOTH else f"{who} alone"
            axes.barh(at - (number - 1) * 0.27, 100 * values, height=0.25, label=label)
        axes.set_yticks(at, [risk_text(each.risk) for each in of_all])
        axes.set(xlabel="share of all vehicles (%)", xlim=(0, 100))
        axes.legend()
        return axes


def _without_few(vehicles: dict[str, int | None], k: int) -> dict[str, int | None]:
    """Withhold few vehicles and, as the total is published, others that hide them in a sum."""
    shown = {
        who: None if count is None or 0 < count < k else count for who, count in vehicles.items()
    }
    for who in sorted(vehicles, key=lambda who: (who == BOTH, vehicles[who] or 0)):
        hidden = [each for each in vehicles if shown[each] is None]
        known = [vehicles[each] for each in hidden]
        enough = None in known or (len(hidden) > 1 and sum(known) >= 2 * k)
        if not hidden or enough:
            break
        # Nobody is no group in which few could hide.
        if shown[who]:
            shown[who] = None
    return shown
