"""The result of joining two releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyzer.errors import UsageError
from analyzer.estimate import Estimate
from analyzer.risk.linkage_result import (
    ASSIGNMENT,
    ONE_BY_ONE,
    RANKS,
    Linkage,
    Tried,
    plot_success,
    success_fields,
    table_row,
    tried_fields,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ReleaseLinkage(Linkage):
    """How far two releases under different pseudonyms can be joined again.

    Attributes
    ----------
    success : mapping of int to Estimate
        Share of the vehicles in both whose pseudonym in the second release is among the 1, 5, 10
        best candidates for that in the first; NaN where nothing says who is who. The baseline is
        chance.
    median_rank, assignment, precision, recall : Estimate
        As for `RotationLinkage`; NaN where nothing says who is who.
    claimed : Estimate
        Share of the pseudonyms of the first release for which a match is claimed.
    agreement : Estimate
        Share of the pseudonyms of which both halves (odd and even days) point to the same
        candidate; this, and no answer, chose the adversary. The baseline is chance.
    absent : Estimate
        Share of the vehicles of the first release that are not in the second; NaN where nothing
        says who is who.
    chosen : tuple of str
        Grain and matcher of the adversary.
    tried : tuple of Tried
        All adversaries, by their agreement.
    known : bool
        Whether names of vehicles agree between the releases, so that success can be counted.
    overlap_days : float
        Days that lie in the span of both.
    gained : tuple of str
        Columns that only the second release holds: a link adds them to the first.
    pseudonyms, candidates : int
        Vehicles of the first and of the second release.
    sample : int or None
        Vehicles drawn as targets.
    seed : int
        Of order and draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    success: Mapping[int, Estimate]
    median_rank: Estimate
    assignment: Estimate
    precision: Estimate
    recall: Estimate
    claimed: Estimate
    agreement: Estimate
    absent: Estimate
    chosen: tuple[str, str]
    tried: tuple[Tried, ...]
    known: bool
    overlap_days: float
    gained: tuple[str, ...]
    pseudonyms: int
    candidates: int
    sample: int | None
    seed: int
    synthetic: bool = False
    _matches: pd.DataFrame = field(default=None, repr=False, compare=False)

    @property
    def matches(self) -> pd.DataFrame:
        """Each pseudonym's best candidate: internal, about single vehicles.

        ``vehicle_a`` (first release), ``vehicle_b`` (second), ``score``, ``lead`` (over the second
        best; both in nats or in cosine), ``claimed``.
        """
        if self._matches is None:
            raise UsageError("matches of single vehicles are left out of what may be published")
        return self._matches.copy()

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        grain, matcher = self.chosen
        lines = [
            f"Two releases with {self.pseudonyms:,} and {self.candidates:,} pseudonyms, "
            f"{self.overlap_days:.1f} days of which lie in both. Joined by {grain} ({matcher}), a "
            f"match is claimed for {self.claimed.percent()} of the first."
        ]
        if self.agreement.is_measured:
            lines.append(
                f"Cut into two halves, {self.agreement.percent('pseudonyms')} point to the same "
                "candidate with both."
            )
        if self.success[1].is_measured:
            lines.append(
                f"Of the vehicles in both, {self.success[1].percent()} are joined at the first "
                f"guess, {self.success[5].percent()} within five, {self.success[10].percent()} "
                f"within ten; chance alone gives {100 * self.success[1].baseline:.2g} % at the "
                f"first. {self.precision.percent()} of claims are right."
            )
        elif not self.known:
            lines.append(
                "No name of a vehicle is in both releases, so nothing says which matches are right."
            )
        if self.gained:
            lines.append(f"What a link adds to the first release: {', '.join(self.gained)}.")
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a figure, as `RotationLinkage.to_pandas`; without vehicles."""
        told = {"grain": "chosen by agreement", "matcher": "chosen by agreement"}
        rows = [
            told | table_row(ONE_BY_ONE, True, rank, share) for rank, share in self.success.items()
        ]
        rows.append(told | table_row(ASSIGNMENT, True, 1, self.assignment))
        for tried in self.tried:
            named = {"grain": tried.grain, "matcher": tried.matcher}
            for rank, share in tried.success.items():
                rows.append(named | table_row(ONE_BY_ONE, False, rank, share))
        return pd.DataFrame(rows)

    def plot(self) -> Axes:
        """Draw success at 1, 5 and 10 for each adversary, beside chance."""
        steps = {f"{tried.grain}\n{tried.matcher}": tried.success for tried in self.tried}
        return plot_success(steps, "Adversaries, by agreement")

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, without vehicles."""
        return {
            **success_fields(self.success),
            **{
                name: getattr(self, name).to_dict()
                for name in (
                    "median_rank", "assignment", "precision", "recall", "claimed", "agreement",
                    "absent",
                )
            },
            "chosen": list(self.chosen),
            "tried": [tried_fields(tried) for tried in self.tried],
            "known": self.known,
            "overlap_days": self.overlap_days,
            "gained": list(self.gained),
            "pseudonyms": self.pseudonyms,
            "candidates": self.candidates,
            "ranks": list(RANKS),
            "sample": self.sample,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }  # fmt: skip
