"""Unicity: the share of vehicles that a few known sightings single out from all others.

Each target's known points are drawn from its own; the target is singled out if no other vehicle of
the whole population fits them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.adversary import HOME_WORK, Adversary
from analyzer.risk.knowledge import draw_targets
from analyzer.risk.shared_points import shared_points_of
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL_TARGETS = (
    "exact match against all vehicles; Wilson, 95 %, over targets; every vehicle with enough "
    "points is a target, so the interval describes the draw of points, not a sampling of vehicles"
)
SAMPLED_TARGETS = (
    "exact match against all vehicles; Wilson, 95 %, over targets drawn from the vehicles with "
    "enough points"
)
EXCLUDED = "count of vehicles with fewer points; Wilson, 95 %, over all vehicles"


@dataclass(frozen=True)
class Unicity(Result):
    """How many vehicles a few known sightings single out.

    Attributes
    ----------
    adversary : Adversary
        Who knows what.
    share : Estimate
        Share of targets singled out by all known points; its baseline is the chance of a guess
        among all vehicles, one in their number.
    curve : tuple of Estimate
        The same for the first 1, 2, … points, on the same targets.
    excluded : Estimate
        Share of all vehicles that have fewer points than the adversary knows, and so are no
        targets.
    targets : int
        Number of targets.
    vehicles : int
        Number of vehicles against which they were matched: all that were seen.
    seed : int
        Of the draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    adversary: Adversary
    share: Estimate
    curve: tuple[Estimate, ...]
    excluded: Estimate
    targets: int
    vehicles: int
    seed: int
    synthetic: bool = False

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        known = self.adversary.points
        lines = []
        if not self.targets:
            lines.append(
                f"Unicity cannot be measured: no vehicle has {known} "
                f"sighting{'' if known == 1 else 's'} of this kind: {self.adversary.describe()}."
            )
        else:
            lines.append(
                f"{self.adversary.describe()}, single{'s' if known == 1 else ''} out "
                f"{self.share.percent()} of {self.targets:,} vehicles among all {self.vehicles:,}; "
                f"a guess would be right for 1 in {self.vehicles:,}."
            )
        if self.excluded.value > 0:
            why = (
                "no home and work that can be found, or "
                if self.adversary.choose == HOME_WORK
                else ""
            )
            lines.append(
                f"{self.excluded.percent()} of all vehicles have {why}fewer than {known} different "
                f"sightings {'there ' if why else ''}at this resolution and are not counted."
            )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the curve: points, value, low, high, n, method, baseline."""
        rows = [
            {
                "points": q,
                "value": share.value,
                "low": share.low,
                "high": share.high,
                "n": share.n,
                "method": share.method,
                "baseline": share.baseline,
            }
            for q, share in enumerate(self.curve, start=1)
        ]
        return pd.DataFrame(rows)

    def plot(self) -> Axes:
        """Draw the share singled out against the number of known sightings."""
        from analyzer.charts import unicity_curve

        return unicity_curve(self.to_pandas()).axes[0]

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            "share": self.share.to_dict(),
            "curve": [
                {"points": q, **share.to_dict()} for q, share in enumerate(self.curve, start=1)
            ],
            "excluded": self.excluded.to_dict(),
            "targets": self.targets,
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def measure_unicity(
    sightings: Sightings,
    adversary: Adversary | None = None,
    sample: int | None = None,
    seed: int = 0,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Unicity:
    """Measure the share of vehicles that a few known sightings single out.

    Of each vehicle with at least ``adversary.points`` distinct points, that many are drawn
    uniformly without replacement; the vehicle is singled out if no other vehicle holds all of
    them. The match is exact and against the whole population, also when only some vehicles are
    targets. What else the adversary knows, which points it knows, and how many of them may be
    wrong is as `Adversary` says.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    sample : int, optional
        Number of vehicles drawn as targets, from those with enough points; None takes all.
    seed : int
        Of the draws. They are made by an explicit hash of vehicle code, point and seed (see
        `analyzer.risk.draw`), so the result is the same for any key and any number of parts.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Unicity

    Raises
    ------
    UsageError
        If sample or seed are not numbers of that kind, there are no sightings, or they lack an
        attribute that is known.

    Notes
    -----
    The curve over 1, 2, … points is measured on one population, the targets of the full number, by
    taking the first drawn points; the match can only narrow, so the curve never falls. As long as
    these are no more than may be wrong, every vehicle fits them.

    The baseline of every share is 1/N, the chance of a guess among all N vehicles that were seen.

    References
    ----------
    de Montjoye, Y.-A., Hidalgo, C. A., Verleysen, M., Blondel, V. D. (2013). Unique in the Crowd:
    The privacy bounds of human mobility. Scientific Reports 3, 1376. doi:10.1038/srep01376

    Examples
    --------
    Two vehicles pass cameras 0 and 1 in the same two hours; a third passes camera 0 and, an hour
    later, camera 2.

    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> three = from_arrays([0, 0, 1, 1, 2, 2], [0, hour, 0, hour, 0, hour], [0, 1, 0, 1, 0, 2])
    >>> unicity = measure_unicity(three, Adversary(points=2))
    >>> unicity.targets, round(unicity.share.value, 3)
    (3, 0.333)
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    adversary = Adversary() if adversary is None else adversary
    targets = draw_targets(sightings, adversary, sample, seed, runner)
    shared = shared_points_of(targets, runner)
    singled_out = [np.count_nonzero(shared < q + 1) for q in range(adversary.points)]
    vehicles = targets.vehicles
    curve = tuple(
        wilson(
            int(count),
            len(targets),
            method=ALL_TARGETS if targets.everybody else SAMPLED_TARGETS,
            baseline=1 / vehicles if vehicles else None,
        )
        for count in singled_out
    )
    return Unicity(
        adversary=adversary,
        share=curve[-1],
        curve=curve,
        excluded=wilson(vehicles - targets.enough, vehicles, method=EXCLUDED),
        targets=len(targets),
        vehicles=vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )
