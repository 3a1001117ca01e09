"""Gain from attributes: whom make, colour and the like single out beyond place and time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.adversary import Adversary, listed
from analyzer.risk.knowledge import draw_targets
from analyzer.risk.published import Published, published
from analyzer.risk.shared_points import shared_points_of
from analyzer.risk.unicity import ALL_TARGETS, SAMPLED_TARGETS
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAIN = (
    "share of targets that only the attributes single out: the same targets and points with and "
    "without them; Wilson, 95 %, over targets"
)


@dataclass(frozen=True)
class GainStep:
    """What some attributes add.

    Attributes
    ----------
    attributes : tuple of str
        The attributes known; none in the first step.
    shares : tuple of Estimate
        Share singled out by the first 1, 2, … points.
    gains : tuple of Estimate
        Share that only the attributes single out, likewise; baseline 0, for attributes that tell
        nothing.
    """

    attributes: tuple[str, ...]
    shares: tuple[Estimate, ...]
    gains: tuple[Estimate, ...]

    @property
    def name(self) -> str:
        """The attributes in words."""
        return listed(self.attributes) if self.attributes else "none"


@dataclass(frozen=True)
class AttributeGain(Result):
    """What attributes add to place and time.

    Attributes
    ----------
    adversary : Adversary
        Who knows what, with all attributes.
    steps : tuple of GainStep
        No attribute; each alone; all together, where there is more than one.
    targets, vehicles : int
        Number of targets, and of vehicles against which they were matched.
    seed : int
        Of the draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    adversary: Adversary
    steps: tuple[GainStep, ...]
    targets: int
    vehicles: int
    seed: int
    synthetic: bool = False

    @property
    def gain(self) -> Estimate:
        """Share of targets that only all attributes together single out."""
        return self.steps[-1].gains[-1]

    @property
    def published(self) -> Published:
        """The published gain to read this beside."""
        return published("gain")[0]

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        without, together = self.steps[0], self.steps[-1]
        if not self.targets:
            return f"Nothing can be measured: no vehicle has {self.adversary.describe()}."
        if not self.gain.is_measured:
            return f"What {together.name} add cannot be told: {self.gain.method}."
        lines = [
            f"{replace(self.adversary, attributes=()).describe()}: "
            f"{without.shares[-1].percent()} of {self.targets:,} vehicles are singled out; with "
            f"{together.name} known as well, {together.shares[-1].percent()}. The attributes alone "
            f"make the difference for {together.gains[-1].percent()}."
        ]
        if len(self.steps) > 2:
            alone = "; ".join(
                f"{step.name} {step.gains[-1].percent()}" for step in self.steps[1:-1]
            )
            lines.append(f"Each attribute by itself: {alone}.")
        if without.shares[-1].value > 0:
            relative = together.gains[-1].value / without.shares[-1].value
            lines.append(
                f"That is {100 * relative:.0f} % more than without; published, for the price of "
                f"card purchases: {100 * self.published.value:.0f} % ({self.published.cite()})."
            )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a set of attributes and number of points.

        Returns
        -------
        pandas.DataFrame
            ``attributes`` (joined by ``+``; empty for none), ``points``; ``value``, ``low``,
            ``high``, ``n``, ``method``, ``baseline`` of the share singled out; ``gain``,
            ``gain_low``, ``gain_high``.
        """
        return pd.DataFrame(
            [
                {
                    "attributes": "+".join(step.attributes),
                    "points": q,
                    **vars(share),
                    "gain": gain.value,
                    "gain_low": gain.low,
                    "gain_high": gain.high,
                }
                for step in self.steps
                for q, (share, gain) in enumerate(zip(step.shares, step.gains, strict=True), 1)
            ]
        )

    def plot(self) -> Axes:
        """Draw the share singled out against the number of points, a line for each step."""
        from analyzer.charts import ACCENT, MUTED, new_axes

        axes = new_axes()
        for at, step in enumerate(self.steps):
            last = at == len(self.steps) - 1
            axes.plot(
                range(1, len(step.shares) + 1),
                [share.value for share in step.shares],
                "o-" if last else ("s--", "^-.", "v:")[at % 3],
                color=ACCENT if last else MUTED,
                label=f"with {step.name}" if step.attributes else "place and time alone",
            )
        axes.set_ylim(0, 1.04)
        axes.set(xlabel="sightings of a vehicle that are known", ylabel="vehicles singled out")
        axes.legend()
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "adversary": self.adversary.to_dict(),
            "gain": self.gain.to_dict(),
            "steps": [
                {
                    "attributes": list(step.attributes),
                    "share": step.shares[-1].to_dict(),
                    "gain": step.gains[-1].to_dict(),
                    "curve": [
                        {"points": q, **share.to_dict()} for q, share in enumerate(step.shares, 1)
                    ],
                }
                for step in self.steps
            ],
            "published": self.published.to_dict(),
            "targets": self.targets,
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def measure_attribute_gain(
    sightings: Sightings,
    adversary: Adversary,
    sample: int | None = None,
    seed: int = 0,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> AttributeGain:
    """Measure whom attributes single out beyond place and time, each alone and all together.

    Parameters
    ----------
    sightings : Sightings
        The population.
    adversary : Adversary
        Who knows what; with one attribute or more.
    sample : int, optional
        Number of vehicles drawn as targets, from those with enough points; None takes all.
    seed : int
        Of the draws, which are those of `measure_unicity`.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    AttributeGain

    Raises
    ------
    UsageError
        If no attribute is given, or as for `measure_unicity`.

    Notes
    -----
    Targets and points are the same in each step, and whoever fits with attributes fits without
    them: a target once singled out stays so. The difference of two shares is therefore itself the
    share of targets that only the attributes single out, and has Wilson's interval.

    References
    ----------
    de Montjoye, Y.-A., Radaelli, L., Singh, V. K., Pentland, A. (2015). Unique in the shopping
    mall: On the reidentifiability of credit card metadata. Science 347, 536–539.
    doi:10.1126/science.1256297

    Examples
    --------
    Two vehicles pass one camera in the same hour; one is red, the other black.

    >>> from analyzer.array_sightings import from_arrays
    >>> two = from_arrays([0, 1], [0, 60_000], [0, 0], color=["red", "black"])
    >>> measure_attribute_gain(two, Adversary(1, attributes=("color",))).gain.value
    1.0
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    if not adversary.attributes:
        raise UsageError(
            "the adversary knows no attribute that could add something; write for example "
            "Adversary(attributes=('make', 'color'))"
        )
    together = adversary.attributes
    sets = [(), *((name,) for name in together), *((together,) if len(together) > 1 else ())]
    steps = []
    without: np.ndarray | None = None
    for attributes in sets:
        targets = draw_targets(
            sightings, replace(adversary, attributes=attributes), sample, seed, runner
        )
        shared = shared_points_of(targets, runner)
        alone = shared[:, None] < np.arange(1, adversary.points + 1)
        without = alone if without is None else without
        steps.append(_step(attributes, alone, without, targets.vehicles, targets.everybody))
    return AttributeGain(
        adversary=adversary,
        steps=tuple(steps),
        targets=len(targets),
        vehicles=targets.vehicles,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )


def _step(
    attributes: tuple[str, ...],
    alone: np.ndarray,
    without: np.ndarray,
    vehicles: int,
    everybody: bool,
) -> GainStep:
    n = len(alone)
    method = ALL_TARGETS if everybody else SAMPLED_TARGETS
    shares = np.count_nonzero(alone, axis=0).tolist()
    gains = np.count_nonzero(alone & ~without, axis=0).tolist()
    return GainStep(
        attributes,
        tuple(wilson(count, n, method=method, baseline=1 / vehicles) for count in shares),
        tuple(wilson(count, n, method=GAIN, baseline=0.0) for count in gains),
    )
