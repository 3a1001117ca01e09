"""Risk profile of a data set, in the three criteria that policymakers know.

The Article 29 Working Party's Opinion 05/2014 on anonymisation (WP216) asks whether a person can be
singled out, whether records can be linked, and what can be inferred.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import TooMuchWorkError
from analyzer.estimate import Estimate
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.days_until import DaysUntilSingledOut, days_until_singled_out
from analyzer.risk.inference import Inference, measure_inference
from analyzer.risk.linkage import measure_linkage
from analyzer.risk.linkage_result import RotationLinkage
from analyzer.risk.risk_profile import RiskProfile
from analyzer.risk.unicity import Unicity, measure_unicity
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SINGLING_OUT, LINKABILITY, INFERENCE = "singling out", "linkability", "inference"

MOST_LINKED = 2_000
"""Vehicles that are linked in each period, at most: drawn by chance, where there are more."""


@dataclass(frozen=True)
class Criterion:
    """One of the three criteria, with its headline figure.

    Attributes
    ----------
    name : str
        "singling out", "linkability" or "inference".
    figure : Estimate
        Share of vehicles, with interval and baseline.
    sentence : str
        The same, plainly.
    others : dict of str to Estimate
        Further figures.
    source : Result or None
        The measurement that it sums up; None where there is none.
    """

    name: str
    figure: Estimate
    sentence: str
    others: dict[str, Estimate] = field(default_factory=dict)
    source: Result | None = field(default=None, repr=False, compare=False)

    def summary(self) -> str:
        """Say the headline figure under the name of the criterion."""
        return f"{self.name.capitalize()}: {self.sentence}"

    def to_dict(self) -> dict[str, Any]:
        """Give the criterion as JSON-able fields."""
        return {
            **self.figure.to_dict(),
            "sentence": self.sentence,
            "others": {name: other.to_dict() for name, other in self.others.items()},
        }


@dataclass(frozen=True)
class DatasetProfile(RiskProfile):
    """Risk profile of a data set.

    Attributes
    ----------
    criteria : tuple of Criterion
        Singling out, linkability, inference.
    until_singled_out : DaysUntilSingledOut
        After how many days of collecting vehicles are singled out.
    adversary : Adversary
        Who knows what.
    vehicles : int
        All vehicles.
    synthetic : bool
        Whether the data are synthetic.
    """

    criteria: tuple[Criterion, ...]
    until_singled_out: DaysUntilSingledOut
    adversary: Adversary
    vehicles: int
    synthetic: bool = False

    def __getitem__(self, name: str) -> Criterion:
        for criterion in self.criteria:
            if criterion.name == name:
                return criterion
        raise KeyError(name)

    @property
    def half_singled_out(self) -> Estimate:
        """Days of collecting until half of the vehicles are singled out."""
        return self.until_singled_out.curve.until(0.5)

    @property
    def singled_out_at_end(self) -> Estimate:
        """Share of the vehicles with enough points that are singled out after all days."""
        return self.until_singled_out.curve.met_by(self.until_singled_out.days)

    def summary(self) -> str:
        """Tell the profile in plain sentences."""
        lines = [criterion.summary() for criterion in self.criteria] + [self.days_sentence()]
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def days_sentence(self) -> str:
        """Say after how many days of collecting vehicles are singled out."""
        until, half = self.until_singled_out, self.half_singled_out
        if not until.targets:
            return "After how many days vehicles are singled out cannot be measured."
        if not half.is_measured:
            return (
                f"In a store that keeps everything, {self.singled_out_at_end.percent('vehicles')} "
                f"are singled out after all {until.days} days; half of them never are within the "
                "data."
            )
        upper = f"{half.high:.0f}" if np.isfinite(half.high) else f"more than {until.days}"
        return (
            f"In a store that keeps everything, half of the {until.targets:,} vehicles with enough "
            f"sightings are singled out after {half.value:.0f} of {until.days} days "
            f"({half.low:.0f}–{upper})."
        )

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures: criterion, figure, value, low, high, n, method, baseline."""
        rows = []
        for criterion in self.criteria:
            figures = {"headline": criterion.figure, **criterion.others}
            rows += [
                {"criterion": criterion.name, "figure": name, **figure.to_dict()}
                for name, figure in figures.items()
            ]
        rows.append(
            {
                "criterion": SINGLING_OUT,
                "figure": "days_until_half",
                **self.half_singled_out.to_dict(),
            }
        )
        return pd.DataFrame(rows)

    def days(self) -> pd.DataFrame:
        """Give, for each day N, the share singled out after N days: day, value, low, high, n."""
        curve = self.until_singled_out.curve
        rows = [
            {"day": day, **curve.met_by(day).to_dict()}
            for day in range(1, self.until_singled_out.days + 1)
        ]
        return pd.DataFrame(rows).drop(columns="baseline")

    def to_dict(self) -> dict[str, Any]:
        """Give the profile as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            "vehicles": self.vehicles,
            **{
                criterion.name.replace(" ", "_"): criterion.to_dict()
                for criterion in self.criteria
            },
            "days_until_half_singled_out": _finite(self.half_singled_out.to_dict()),
            "synthetic": self.synthetic,
        }

    def plot(self) -> Axes:
        """Draw the share of vehicles singled out after N days."""
        from analyzer.charts import new_axes

        table = self.days()
        axes = new_axes()
        axes.step(table["day"], 100 * table["value"].astype(float), where="post")
        axes.fill_between(
            table["day"],
            100 * table["low"].astype(float),
            100 * table["high"].astype(float),
            step="post",
            alpha=0.2,
        )
        axes.axhline(50, color="0.7", linewidth=0.8)
        axes.set(xlabel="days of collecting", ylabel="vehicles singled out (%)", ylim=(0, 100))
        return axes


def _finite(figure: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and np.isinf(value) else value
        for name, value in figure.items()
    }


def profile_dataset(
    sightings: Sightings,
    adversary: Adversary,
    rotation: str,
    seed: int,
    engine: Engine,
    progress: Callable[[int, int], None],
) -> DatasetProfile:
    """Profile the risk of a data set; see `analyzer.risk.profile.profile_risk`."""
    singling_out = _singling_out(sightings, adversary, seed, engine)
    progress(1, 4)
    until = days_until_singled_out(sightings, adversary, seed, engine)
    progress(2, 4)
    linkability = _linkability(sightings, rotation, seed, engine)
    progress(3, 4)
    inference = _inference(sightings, seed, engine)
    progress(4, 4)
    return DatasetProfile(
        criteria=(singling_out, linkability, inference),
        until_singled_out=until,
        adversary=adversary,
        vehicles=sightings.n_vehicles,
        synthetic=sightings.synthetic,
    )


def _singling_out(
    sightings: Sightings, adversary: Adversary, seed: int, engine: Engine
) -> Criterion:
    return singled_out(measure_unicity(sightings, adversary, seed=seed, engine=engine))


def singled_out(unicity: Unicity) -> Criterion:
    """Give unicity as the criterion of singling out."""
    sentence = unicity.summary().splitlines()[0]
    others = {"excluded": unicity.excluded}
    return Criterion(SINGLING_OUT, unicity.share, sentence, others, unicity)


def _linkability(sightings: Sightings, rotation: str, seed: int, engine: Engine) -> Criterion:
    sample = MOST_LINKED if sightings.n_vehicles > MOST_LINKED else None
    try:
        linkage = measure_linkage(sightings, rotation, seed=seed, sample=sample, engine=engine)
    except TooMuchWorkError as error:
        figure = Estimate(np.nan, np.nan, np.nan, 0, "not measured: too much work")
        return Criterion(LINKABILITY, figure, f"Not measured: {error}.")
    assert isinstance(linkage, RotationLinkage)
    return linkable(linkage)


def linkable(linkage: RotationLinkage) -> Criterion:
    """Give the linkage of new pseudonyms as the criterion of linkability."""
    others = {f"success_{rank}": figure for rank, figure in linkage.success.items() if rank > 1}
    return Criterion(
        LINKABILITY,
        linkage.success[1],
        linkage.summary().splitlines()[0],
        {**others, "absent": linkage.absent},
        linkage,
    )


def _inference(sightings: Sightings, seed: int, engine: Engine) -> Criterion:
    return inferred(measure_inference(sightings, seed=seed, engine=engine))


def inferred(found: Inference) -> Criterion:
    """Give what is inferred as the criterion of inference; homes lead."""
    facts = dict(found.facts)
    homes = facts.pop("homes")
    sentence = "".join(found.summary().splitlines()[:1])
    return Criterion(INFERENCE, homes, sentence, facts, found)
