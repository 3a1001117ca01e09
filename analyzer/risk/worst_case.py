"""The worst case: how far the most telling knowledge of a given size narrows each vehicle down.

Unicity draws what an adversary knows at random; here it is the best there is. Of all combinations
of so many elements of a vehicle's data, the one that fewest vehicles match gives its risk, one in
their number. The maximum is exact: an index, early ends and counts shared between vehicles take
the place of sampling (see `analyzer.risk.attacks`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.attacks import known_items
from analyzer.risk.worst_case_plan import ATTACKS, plan_worst_case
from analyzer.sightings import Sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AMONG = (2, 5, 10)
"""Sizes of the group of matching vehicles whose shares are reported, beside one."""

MEAN = (
    "exact maximum over all combinations, mean over all vehicles; Wilson, 95 %, with the mean in "
    "the place of a share, as a risk between 0 and 1 varies no more than a yes or no"
)
SHARE = "exact maximum over all combinations; Wilson, 95 %, over all vehicles"


@dataclass(frozen=True)
class WorstCase(Result):
    """How far the most telling knowledge narrows each vehicle down.

    Attributes
    ----------
    attack : str
        What kind of knowledge.
    points : int
        How much of it.
    time : str or None
        How exactly the times are known; None where times are not known.
    tolerance : float
        How far known counts may be off.
    compatible_with : str or None
        Whose semantics were reproduced.
    mean_risk : Estimate
        Mean over all vehicles of one in the number of vehicles that match. Its baseline is the
        chance of a guess among all vehicles, one in their number.
    singled_out : Estimate
        Share of the vehicles that nobody else matches: their risk is 1.
    among : tuple of Estimate
        Shares of the vehicles that match with at most 2, 5, 10 vehicles, themselves included.
    vehicles : int
        Number of vehicles, all of them targets and candidates.
    risk : pandas.DataFrame
        One row a vehicle (vehicle, risk, matches), in the order of their codes: internal, not for
        publication. `matches` is the smallest number of vehicles that match, itself included.
    synthetic : bool
        Whether the data are synthetic.
    """

    attack: str
    points: int
    time: str | None
    tolerance: float
    compatible_with: str | None
    mean_risk: Estimate
    singled_out: Estimate
    among: tuple[Estimate, ...]
    vehicles: int
    risk: pd.DataFrame = field(repr=False, compare=False)
    synthetic: bool = False

    @property
    def figures(self) -> dict[str, Estimate]:
        """All figures of the population by name."""
        among = {
            f"among_{most}": share for most, share in zip(AMONG, self.among, strict=True)
        }
        return {"mean_risk": self.mean_risk, "singled_out": self.singled_out, **among}

    def describe(self) -> str:
        """Say in words what is known of a vehicle."""
        sightings = "1 sighting" if self.points == 1 else f"{self.points} sightings"
        places = "place" if self.points == 1 else f"{self.points} places"
        known = ATTACKS[self.attack].format(points=sightings, places=places, time=self.time)
        off = f", give or take {100 * self.tolerance:g} %" if self.tolerance else ""
        return known + (off if self.attack in (*known_items.VALUES, "proportion") else "")

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        lines = [
            f"Whoever knows {self.describe()}, singles out {self.singled_out.percent()} of "
            f"{self.vehicles:,} vehicles. On average the right vehicle is named with a probability "
            f"of {self.mean_risk.percent()}; a guess would be right for 1 in {self.vehicles:,}.",
            f"{self.among[-1].percent()} of the vehicles match with at most {AMONG[-1]}, "
            "themselves included.",
        ]
        if self.compatible_with:
            lines.append(f"Reckoned as {self.compatible_with} does, with its faults.")
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the figures of the population: figure, value, low, high, n, method, baseline."""
        return pd.DataFrame(
            [{"figure": name, **figure.to_dict()} for name, figure in self.figures.items()]
        )

    def plot(self) -> Axes:
        """Draw the share of vehicles that match with at most 1, 2, 5, 10 vehicles."""
        from analyzer.charts import ENGLISH, unicity_curve

        shares = (self.singled_out, *self.among)
        frame = pd.DataFrame(
            [
                {"points": most, **share.to_dict()}
                for most, share in zip((1, *AMONG), shares, strict=True)
            ]
        )
        labels = {
            **ENGLISH,
            "points": "Vehicles that match, the right one included, at most",
            "singled_out": "Vehicles",
        }
        return unicity_curve(frame, labels=labels).axes[0]

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, without anything about single vehicles."""
        return {
            "attack": self.attack,
            "points": self.points,
            "time": self.time,
            "tolerance": self.tolerance,
            "compatible_with": self.compatible_with,
            **{name: figure.to_dict() for name, figure in self.figures.items()},
            "vehicles": self.vehicles,
            "synthetic": self.synthetic,
        }


def measure_worst_case(
    sightings: Sightings,
    attack: str = "location",
    points: int = 2,
    time: str = "1h",
    tolerance: float = 0.0,
    compatible_with: str | None = None,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> WorstCase:
    """Measure how far the most telling knowledge of a given size narrows each vehicle down.

    The risk of a vehicle is the maximum, over all combinations of `points` elements of its data, of
    one in the number of vehicles that match the combination, itself included. Of a vehicle with
    fewer elements everything is known. The maximum is exact; nothing is sampled.

    Parameters
    ----------
    sightings : Sightings
        The population: every vehicle is a target and a candidate.
    attack : str
        What an element is, and who matches:

        - ``"location"``: sightings, by their places; a candidate was at every place at least as
          often as known;
        - ``"sequence"``: sightings in the order of time, by their places; a candidate was at the
          places in this order, others between them or not;
        - ``"time"``: sightings, by place and time bin; as location;
        - ``"unique_location"``: different places; a candidate was at all of them;
        - ``"frequency"``: different places, each with the number of sightings there; a candidate
          was at each with a count c such that c(1 − tolerance) ≤ known ≤ c(1 + tolerance);
        - ``"probability"``: the same with shares of all the vehicle's sightings;
        - ``"proportion"``: the same after the counts on either side are divided by the side's
          largest among the known places;
        - ``"home_work"``: the two places where the vehicle is seen most; a candidate has them as
          its own two. `points` means nothing here. Of places with equal counts the one farther
          south counts as visited more, then the one farther west, then the first by name.
    points : int
        How many elements are known.
    time : str
        Length of the time bins (``"1h"``, ``"1D"``), in local time of the data; for ``"time"``
        alone.
    tolerance : float
        How far known counts, shares and proportions may be off, from 0 to 1; for ``"frequency"``,
        ``"probability"`` and ``"proportion"`` alone. It is taken as the fraction meant (0.1 is a
        tenth) and compared exactly, both ends included.
    compatible_with : str, optional
        ``"scikit-mobility"`` reproduces scikit-mobility 1.3.1. A place is an exact position
        (cameras at one position are one place) instead of a camera; repeat frames that the reader
        merged are visits again, at the time of the first; home and work are the two places visited
        **least**, of equal counts the southernmost and then the westernmost; tolerances are
        compared in floating point; and times lack their hour: ``"1h"`` stands for its precision
        ``"Hour"``, which means a day, ``"1min"`` and ``"1s"`` for ``"Minute"`` and ``"Second"``,
        which lack the hour, ``"1D"``, ``"30D"`` and ``"365D"`` for ``"Day"``, ``"Month"`` and
        ``"Year"``; by the day, 11 January and 1 November are the same. The names of its precisions
        can be written too.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    WorstCase

    Raises
    ------
    UsageError
        If an argument is wrong, or there are no sightings.
    TooMuchWorkError
        If it would take more than some minutes of a core, or more memory than allowed; the work is
        counted before it starts.

    Notes
    -----
    Sightings at the same time are ordered by camera. scikit-mobility leaves them in the order of
    the file, which matters to the sequence attack alone.

    References
    ----------
    Pellungrini, R., Pappalardo, L., Pratesi, F., Monreale, A. (2017). A data mining approach to
    assess privacy risk in human mobility data. ACM Transactions on Intelligent Systems and
    Technology 9(3), 31. doi:10.1145/3106774

    Examples
    --------
    Two vehicles pass cameras 0 and 1, a third camera 0 twice.

    >>> from analyzer.array_sightings import from_arrays
    >>> three = from_arrays([0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5], [0, 1, 1, 0, 0, 0])
    >>> measure_worst_case(three, "location", points=2).risk["risk"].tolist()
    [0.5, 0.5, 1.0]
    >>> measure_worst_case(three, "sequence", points=2).risk["matches"].tolist()
    [1, 1, 1]
    """
    runner, sightings = fit_to_engine(sightings, engine, memory)
    plan = plan_worst_case(sightings, runner, attack, points, time, tolerance, compatible_with)
    matches = plan.search.run(runner)
    order = np.argsort(plan.vehicles, kind="stable")
    return _result(sightings, plan.vehicles[order], matches[order], **plan.asked)


def _result(
    sightings: Sightings, vehicles: np.ndarray, matches: np.ndarray, **what: Any
) -> WorstCase:
    n = len(vehicles)
    counts = np.bincount(matches, minlength=AMONG[-1] + 1)
    # Added up by size, so that no order of vehicles changes a digit.
    total = float(sum(count / size for size, count in enumerate(counts.tolist()) if size))
    at_most = np.cumsum(counts)
    return WorstCase(
        **what,
        mean_risk=wilson(min(total, n), n, method=MEAN, baseline=1 / n),
        singled_out=wilson(int(at_most[1]), n, method=SHARE, baseline=1 / n),
        among=tuple(
            wilson(int(at_most[most]), n, method=SHARE, baseline=min(1.0, most / n))
            for most in AMONG
        ),
        vehicles=n,
        risk=pd.DataFrame(
            {
                "vehicle": sightings.vehicle_names(vehicles),
                "risk": 1 / matches,
                "matches": matches.astype(np.int64),
            }
        ),
        synthetic=sightings.synthetic,
    )
