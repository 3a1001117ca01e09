"""Anonymity sets: how many vehicles fit what an adversary knows, exactly, for each target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from analyzer.engine import Engine
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.crowd_sizes import BELOW, CrowdSizes, crowd_sizes
from analyzer.risk.home_work import HomeWorkPairs, measure_home_work
from analyzer.risk.knowledge import draw_targets
from analyzer.risk.matching import UNCAPPED
from analyzer.risk.unicity import EXCLUDED
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL_TARGETS = "exact count of all vehicles that fit; all vehicles with enough points are targets"
SAMPLED_TARGETS = (
    "exact count of all vehicles that fit; targets drawn from the vehicles with enough points"
)


@dataclass(frozen=True)
class Anonymity(Result):
    """How many vehicles fit what an adversary knows of each target.

    Attributes
    ----------
    adversary : Adversary
        Who knows what.
    sizes : CrowdSizes
        Distribution of k, with the shares under 2, 5 and 10, the median, and the entropy.
    home_work : tuple of HomeWorkPairs
        How many share home and work, at camera, at zone, and at town level. Not of the adversary:
        of one who knows home and work alone.
    excluded : Estimate
        Share of all vehicles that have fewer points than the adversary knows.
    targets, vehicles : int
        Number of targets, and of vehicles against which they were matched.
    seed : int
        Of the draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    adversary: Adversary
    sizes: CrowdSizes
    home_work: tuple[HomeWorkPairs, ...]
    excluded: Estimate
    targets: int
    vehicles: int
    seed: int
    synthetic: bool = False

    def points_summary(self) -> str:
        """Tell how many vehicles fit the adversary's points."""
        known = self.adversary.describe()
        if not self.targets:
            return f"Anonymity cannot be measured: no vehicle has {known}."
        shares = ", ".join(
            f"{share.percent()} {'alone' if k == 2 else f'fewer than {k}'}"
            for k, share in zip(BELOW, self.sizes.below, strict=True)
        )
        median, entropy = self.sizes.median, self.sizes.entropy
        return (
            f"An adversary knows {known}. How many vehicles fit, for each of {self.targets:,} "
            f"targets among {self.vehicles:,}: {median.value:,.0f} in the median; {shares}.\n"
            f"The adversary is left with {entropy.value:.1f} bits of uncertainty on average, "
            f"of {entropy.baseline:.1f} bits for who knows nothing."
        )

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        lines = [self.points_summary(), *(pairs.sentence() for pairs in self.home_work)]
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the distribution: k, vehicles (targets with that k), share, share_up_to."""
        return self.sizes.to_pandas()

    def figures(self) -> pd.DataFrame:
        """Give all figures as a table.

        Returns
        -------
        pandas.DataFrame
            ``of`` (what is known), ``figure``, and ``value``, ``low``, ``high``, ``n``,
            ``method``, ``baseline``.
        """
        known = [("points", self.sizes)]
        for pairs in self.home_work:
            known += [
                (f"home and work, {pairs.level}", pairs.pair),
                (f"home, {pairs.level}", pairs.home),
                (f"work, {pairs.level}", pairs.work),
            ]
        return pd.DataFrame(
            [
                {"of": of, "figure": name, **vars(figure)}
                for of, sizes in known
                for name, figure in sizes.figures().items()
            ]
        )

    def plot(self) -> Axes:
        """Draw the share of targets with an anonymity set of at most k."""
        from analyzer.charts import ACCENT, MUTED, new_axes

        axes = new_axes()
        table = self.to_pandas()
        axes.step(table["k"], table["share_up_to"], where="post", color=ACCENT, label="measured")
        axes.axvline(self.vehicles, ls="--", color=MUTED, label="all vehicles")
        axes.set_xscale("log")
        axes.set_ylim(0, 1.04)
        axes.set(xlabel="vehicles that fit, at most", ylabel="targets")
        axes.legend()
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            **self.sizes.to_dict(),
            "home_work": [pairs.to_dict() for pairs in self.home_work],
            "excluded": self.excluded.to_dict(),
            "targets": self.targets,
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def measure_anonymity(
    sightings: Sightings,
    adversary: Adversary | None = None,
    sample: int | None = None,
    seed: int = 0,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Anonymity:
    """Measure how many vehicles fit what an adversary knows of each target.

    The anonymity set of a target is all vehicles, itself included, that hold the known points; its
    size k is counted exactly, against the whole population.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary, optional
        Who knows what; by default four sightings to the hour and the camera.
    sample : int, optional
        Number of vehicles drawn as targets, from those with enough points; None takes all.
    seed : int
        Of the draws, which are those of `measure_unicity`.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Anonymity

    Raises
    ------
    UsageError
        As for `measure_unicity`.

    Notes
    -----
    The share of targets with k = 1 is their unicity. An adversary who holds all vehicles that fit
    for equally likely is left with log2 k bits of uncertainty.

    Beside the adversary's points stands another kind of knowledge: home and work, as
    `analyzer.find_places` infers them, at the level of the camera next to them, of its zone, and of
    a cell of 10 km, which stands for a town, since nobody has told where towns end.

    References
    ----------
    Golle, P., Partridge, K. (2009). On the anonymity of home/work location pairs. Pervasive
    Computing, LNCS 5538, 390–397. doi:10.1007/978-3-642-01516-8_26

    Examples
    --------
    Two vehicles pass cameras 0 and 1 in the same two hours; a third passes camera 0 and, an hour
    later, camera 2.

    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> three = from_arrays([0, 0, 1, 1, 2, 2], [0, hour, 0, hour, 0, hour], [0, 1, 0, 1, 0, 2])
    >>> measure_anonymity(three, Adversary(points=2)).to_pandas()[["k", "vehicles"]].values.tolist()
    [[1, 1], [2, 2]]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    adversary = Adversary() if adversary is None else adversary
    targets = draw_targets(sightings, adversary, sample, seed, runner)
    fitting = targets.count_fitting(runner, cap=UNCAPPED, last_only=True)[:, 0]
    vehicles = targets.vehicles
    return Anonymity(
        adversary=adversary,
        sizes=crowd_sizes(
            fitting, vehicles, ALL_TARGETS if targets.everybody else SAMPLED_TARGETS
        ),
        home_work=measure_home_work(sightings, runner),
        excluded=wilson(vehicles - targets.enough, vehicles, method=EXCLUDED),
        targets=len(targets),
        vehicles=vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )
