"""The result of a linkage: how often a new pseudonym is known again, told, drawn, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.estimate import ALL_BUT_FEW, Estimate, wilson
from analyzer.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RANKS = (1, 5, 10)
"""A link succeeds at rank k if the right candidate is among the k best."""

HELD_BACK = "held back: stands for fewer than"
"""How the method of a figure begins that is not published."""

ONE_BY_ONE, ASSIGNMENT = "one by one", "assignment"

PUBLISHED = (
    "Published beside it: 79 % of half a million people were linked again across periods that do "
    "not overlap (Tournier & de Montjoye 2022, doi:10.1126/sciadv.abl6464). How long the periods "
    "are, how many people there are and how finely places are known decide most (Naini et al. "
    "2016, doi:10.1109/TIFS.2015.2498131); against real outside data links succeed far less often "
    "than between two periods of one collection (Wang et al. 2018, doi:10.14722/ndss.2018.23211)."
)

_EACH_ONCE = (
    "Wilson, 95 %, for as many independent cases as there are different vehicles; {n} cases"
)


@dataclass(frozen=True)
class Tried:
    """How one adversary did.

    Attributes
    ----------
    grain, matcher : str
        What the profile counts, and how two profiles are compared.
    success : mapping of int to Estimate
        Share of vehicles whose right pseudonym is among the k best, for k = 1, 5, 10.
    pairs_chosen : int
        Pairs of periods for which this adversary was chosen, on earlier ones.
    """

    grain: str
    matcher: str
    success: Mapping[int, Estimate]
    pairs_chosen: int


@dataclass(frozen=True)
class DaysLinked:
    """What profiles of so many days give.

    Attributes
    ----------
    days : float
        Days at the beginning of each period from which the profiles are made.
    success : mapping of int to Estimate
        Of the adversary chosen on earlier periods, one by one, for k = 1, 5, 10.
    absent : Estimate
        Vehicles of the earlier period that were not seen in the later one.
    tried : tuple of Tried
        All adversaries, the strongest first.
    """

    days: float
    success: Mapping[int, Estimate]
    absent: Estimate
    tried: tuple[Tried, ...]


class Linkage(Result):
    """A linkage: a `RotationLinkage`, a `ReleaseLinkage` or a `TraceLinkage`."""


@dataclass(frozen=True)
class RotationLinkage(Linkage):
    """How often vehicles are known again after their pseudonyms were changed.

    Attributes
    ----------
    rotation : str
        How long a pseudonym lasts.
    success : mapping of int to Estimate
        Share of vehicles whose new pseudonym is among the 1, 5, 10 best candidates of the adversary
        chosen on earlier periods; ties take the mean rank. The baseline is chance, k in the number
        of candidates. Over vehicles that are present in both periods, those with a cut trip apart.
    median_rank : Estimate
        Median rank of the right candidate; its baseline is the middle of the candidates.
    assignment : Estimate
        Share of the same vehicles linked rightly where each new pseudonym is given once.
    precision, recall : Estimate
        Of matches that are claimed only where on earlier periods such leads over the second best
        were more often right than wrong, among all vehicles of the earlier period, those absent
        later included.
    absent : Estimate
        Share of the vehicles of the earlier period that were not seen in the later one.
    cut : Estimate
        Share of the vehicles present in both whose trip the change cuts.
    continuity, cut_success : Estimate
        Share of those whose new pseudonym is the likeliest continuation of the trip, by where and
        when it is first seen; and share that the profiles alone put first.
    tried : tuple of Tried
        All adversaries, the strongest first: over the same vehicles.
    by_days : tuple of DaysLinked
        The same for profiles of fewer days.
    chosen, chosen_on : tuple of str
        For each pair of periods, the adversary that counted, and on what it was chosen.
    pairs, pairs_there : int
        Pairs of adjacent periods that were measured, and that there are.
    candidates : int
        Median number of candidates.
    vehicles : int
        Vehicles in the data.
    sample : int or None
        Vehicles drawn as targets in each pair.
    seed : int
        Of the pseudonyms and draws.
    data_days : int
        Local calendar days from the first sighting to the last.
    synthetic : bool
        Whether the data are synthetic.
    """

    rotation: str
    success: Mapping[int, Estimate]
    median_rank: Estimate
    assignment: Estimate
    precision: Estimate
    recall: Estimate
    absent: Estimate
    cut: Estimate
    continuity: Estimate
    cut_success: Estimate
    tried: tuple[Tried, ...]
    by_days: tuple[DaysLinked, ...]
    chosen: tuple[str, ...]
    chosen_on: tuple[str, ...]
    pairs: int
    pairs_there: int
    candidates: int
    vehicles: int
    sample: int | None
    seed: int
    data_days: int
    synthetic: bool = False

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        lines = []
        if not self.pairs:
            lines.append(
                f"Linkage cannot be measured: the data cover {self.data_days:,} days, too few for "
                f"two periods of {self.rotation}."
            )
        elif not self.success[1].is_measured:
            lines.append(
                "How many vehicles are linked again is " + self.success[1].method + "."
                if self.success[1].method.startswith(HELD_BACK)
                else "Linkage cannot be measured: no vehicle is present in two periods."
            )
        else:
            lines += self._sentences()
            lines.append(PUBLISHED)
        if self.synthetic:
            lines.append("The data are synthetic: who is who is known, so these are hit rates.")
        return "\n".join(lines)

    def _sentences(self) -> Iterator[str]:
        first = self.success[1]
        yield (
            f"Pseudonyms that change every {self.rotation} do not keep vehicles apart from what "
            f"they do: of vehicles seen before and after a change, {first.percent()} are linked "
            f"again at the first guess, {self.success[5].percent()} within five and "
            f"{self.success[10].percent()} within ten, among about {self.candidates:,} "
            f"candidates; chance alone gives {_share(first.baseline)}, "
            f"{_share(self.success[5].baseline)} and {_share(self.success[10].baseline)}."
            if first.low > (first.baseline or 0)
            else f"Pseudonyms that change every {self.rotation}: {first.percent()} of vehicles are "
            f"linked again at the first guess, no more than chance gives "
            f"({_share(first.baseline)})."
        )
        chosen = max(self.tried, key=lambda tried: tried.pairs_chosen)
        on = " and ".join(dict.fromkeys(self.chosen_on))
        yield (
            f"The adversary was chosen on {on}, never on the answers: mostly {chosen.grain} by "
            f"{chosen.matcher}, of {len(self.tried)} tried; "
            f"{_count(self.pairs, 'pair')} of adjacent periods"
            + (f" of {self.pairs_there:,}" if self.pairs < self.pairs_there else "")
            + "."
        )
        if self.assignment.is_measured:
            yield f"Giving each new pseudonym once, {self.assignment.percent()} are right."
        if self.precision.is_measured and self.recall.is_measured:
            yield (
                f"Claiming a match only where it pays, {self.precision.percent()} of claims are "
                f"right and {self.recall.percent()} of vehicles are found."
            )
        if self.absent.is_measured:
            yield (
                f"{self.absent.percent()} of vehicles were not seen in the next period; they "
                "cannot be linked and are not counted above."
            )
        if self.cut.is_measured and self.cut.value > 0 and self.continuity.is_measured:
            yield (
                f"{self.cut.percent()} were on the road at the change. They are counted apart: the "
                f"trip goes on under the new pseudonym, and that alone links "
                f"{self.continuity.percent()} of them."
            )

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a figure.

        Returns
        -------
        pandas.DataFrame
            ``rotation``, ``days``, ``grain``, ``matcher``, ``matching``, ``chosen``, ``rank``,
            ``value``, ``low``, ``high``, ``n``, ``method``, ``baseline``. Rows with ``chosen`` True
            are the result; ``grain`` and ``matcher`` of it are "chosen on earlier periods".
        """
        rows = []
        for step in self.by_days:
            shared = {"rotation": self.rotation, "days": step.days}
            told = {"grain": "chosen on earlier periods", "matcher": "chosen on earlier periods"}
            for rank, share in step.success.items():
                rows.append(shared | told | table_row(ONE_BY_ONE, True, rank, share))
            if step is self.by_days[-1]:
                rows.append(shared | told | table_row(ASSIGNMENT, True, 1, self.assignment))
            for tried in step.tried:
                named = {"grain": tried.grain, "matcher": tried.matcher}
                for rank, share in tried.success.items():
                    rows.append(shared | named | table_row(ONE_BY_ONE, False, rank, share))
        columns = [
            "rotation", "days", "grain", "matcher", "matching", "chosen", "rank",
            "value", "low", "high", "n", "method", "baseline",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def plot(self) -> Axes:
        """Draw success at 1, 5 and 10 against the days of data, beside chance."""
        return plot_success({f"{step.days:g}": step.success for step in self.by_days}, "Days known")

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "rotation": self.rotation,
            **success_fields(self.success),
            **{
                name: getattr(self, name).to_dict()
                for name in (
                    "median_rank", "assignment", "precision", "recall", "absent", "cut",
                    "continuity", "cut_success",
                )
            },
            "tried": [tried_fields(tried) for tried in self.tried],
            "by_days": [
                {
                    "days": step.days,
                    **success_fields(step.success),
                    "absent": step.absent.to_dict(),
                    "tried": [tried_fields(tried) for tried in step.tried],
                }
                for step in self.by_days
            ],
            "chosen": list(self.chosen),
            "chosen_on": list(self.chosen_on),
            "pairs": self.pairs,
            "pairs_there": self.pairs_there,
            "candidates": self.candidates,
            "vehicles": self.vehicles,
            "sample": self.sample,
            "seed": self.seed,
            "data_days": self.data_days,
            "synthetic": self.synthetic,
        }  # fmt: skip


def success_fields(success: Mapping[int, Estimate]) -> dict[str, Any]:
    """Name the figures at each rank.

    Examples
    --------
    >>> list(success_fields({1: wilson(1, 2), 5: wilson(2, 2)}))
    ['success_at_1', 'success_at_5']
    """
    return {f"success_at_{rank}": share.to_dict() for rank, share in success.items()}


@dataclass(frozen=True)
class ShareOfCases(Estimate):
    """A share of cases in which the same vehicle may occur several times.

    What may be told of it is decided by the different vehicles behind it: ten cases may be one
    vehicle in ten periods.

    Attributes
    ----------
    vehicles, having, lacking : int
        Different vehicles among all cases, among those that have the property, among the others.
    most : int
        Cases of the vehicle that has the most.
    """

    vehicles: int = 0
    having: int = 0
    lacking: int = 0
    most: int = 1

    def tells_of_few(self, k: int) -> bool:
        """Whether fewer than k vehicles are behind the cases, those that have it, or the others."""
        return self.is_measured and any(
            0 < count < k for count in (self.vehicles, self.having, self.lacking)
        )

    def withheld(self, k: int) -> Estimate:
        """Give the share as it may be published; a bound where those that lack it are few."""
        if not self.tells_of_few(k):
            return self
        if 0 < self.having < k or self.vehicles < 2 * k or self.n < 2 * k * self.most:
            return self.hidden(k)
        bound = 1 - k * self.most / self.n
        return Estimate(
            bound, bound, 1.0, self.n, f"{ALL_BUT_FEW} {k}: more than this; {self.method}",
            self.baseline,
        )  # fmt: skip

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Give what every estimate gives: the numbers of vehicles are not to be published."""
        every = super().to_dict()
        return {field.name: every[field.name] for field in fields(Estimate)}


def share_of_cases(
    vehicles: np.ndarray, found: np.ndarray, *, method: str, baseline: float | None = None
) -> Estimate:
    """Estimate a share over cases in which the same vehicle may occur several times.

    A vehicle that is easily linked once is so the next time: the interval is that of as many
    independent cases as there are different vehicles.

    Parameters
    ----------
    vehicles : numpy.ndarray of int, shape (cases,)
        Code of the vehicle of each case.
    found : numpy.ndarray of bool, shape (cases,)
        Which cases have the property.
    method : str
        What was counted.
    baseline : float, optional
        What chance alone gives.

    Returns
    -------
    ShareOfCases
        A plain estimate without value where there are no cases.

    Examples
    --------
    >>> share = share_of_cases(np.arange(60) % 20, np.arange(60) < 30, method="hits")
    >>> share.value, share.n, round(share.low, 3), share.having
    (0.5, 60, 0.299, 20)
    """
    cases = len(vehicles)
    told = f"{method}; {_EACH_ONCE.format(n=f'{cases:,}')}"
    if not cases:
        return wilson(0, 0, method=told, baseline=baseline)
    each, counts = np.unique(vehicles, return_counts=True)
    value = int(np.count_nonzero(found)) / cases
    independent = wilson(value * len(each), len(each))
    return ShareOfCases(
        value, min(independent.low, value), max(independent.high, value), cases, told, baseline,
        vehicles=len(each),
        having=len(np.unique(vehicles[found])),
        lacking=len(np.unique(vehicles[~found])),
        most=int(counts.max()),
    )  # fmt: skip


def median_of_ranks(rank: np.ndarray, candidates: float, *, method: str) -> Estimate:
    """Estimate the median rank, with the interval that order statistics give.

    Examples
    --------
    >>> median = median_of_ranks(np.array([1.0, 2.0, 9.0]), 20, method="")
    >>> median.value, median.low, median.high, median.baseline
    (2.0, 1.0, 9.0, 10.5)
    """
    n = len(rank)
    baseline = (candidates + 1) / 2 if candidates else None
    if not n:
        return Estimate(np.nan, np.nan, np.nan, 0, method, baseline)
    ordered = np.sort(rank)
    reach = 1.959963984540054 * np.sqrt(n) / 2
    low = ordered[max(0, int(np.floor(n / 2 - reach)))]
    high = ordered[min(n - 1, int(np.ceil(n / 2 + reach)))]
    return Estimate(float(np.median(ordered)), float(low), float(high), n, method, baseline)


def plot_success(steps: Mapping[str, Mapping[int, Estimate]], label: str) -> Axes:
    """Draw success at 1, 5 and 10 for each step, beside chance at the first guess."""
    from analyzer.charts import ACCENT, MUTED, new_axes

    axes = new_axes()
    x = np.arange(len(steps))
    for rank, marker, style in zip(RANKS, "os^", ("-", "--", ":"), strict=True):
        shares = [success[rank] for success in steps.values()]
        value = np.array([share.value for share in shares])
        ends = np.array([[share.low, share.high] for share in shares]).reshape(-1, 2).T
        axes.plot(x, value, marker + style, color=ACCENT, label=f"among the {rank} best")
        axes.vlines(x, *ends, color=ACCENT, lw=1.2)
    chance = [success[1].baseline for success in steps.values()]
    axes.plot(x, np.array(chance, float), "--", color=MUTED, lw=1.2, label="first guess by chance")
    axes.set_xticks(x, list(steps))
    axes.set(xlabel=label, ylabel="Share of vehicles linked again", ylim=(0, 1.04))
    axes.legend(frameon=False, fontsize=9)
    return axes


def tried_fields(tried: Tried) -> dict[str, Any]:
    """Give an adversary and its figures as JSON-able fields."""
    return {
        "grain": tried.grain,
        "matcher": tried.matcher,
        "pairs_chosen": tried.pairs_chosen,
        **success_fields(tried.success),
    }


def table_row(matching: str, chosen: bool, rank: int, share: Estimate) -> dict[str, Any]:
    """Give a figure as a row of the table."""
    return {"matching": matching, "chosen": chosen, "rank": rank, **share_columns(share)}


def share_columns(share: Estimate) -> dict[str, Any]:
    """Spread a figure over the columns of a table."""
    return {
        name: getattr(share, name) for name in ("value", "low", "high", "n", "method", "baseline")
    }


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.0f} %" if value >= 0.1 else f"{100 * value:.2g} %"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
