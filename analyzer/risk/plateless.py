"""Plateless: how many sightings are told apart by attributes alone, with no plate at all.

Deleting the plate, or making it a new pseudonym for each sighting, leaves camera, time and the
looks of a vehicle. A sighting that nobody else at the camera and within the time bin looks like is
still that vehicle's to anybody who knows it was there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.engine.base import Broadcast
from analyzer.errors import TooMuchWorkError, UsageError
from analyzer.estimate import Estimate, wilson_clustered
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.adversary import Adversary, check_attributes, listed
from analyzer.risk.crowd_sizes import BELOW, CLASSES, in_classes
from analyzer.risk.look_crowds import WORD, count_agreeing, count_words
from analyzer.risk.looks import fields_of, looks_of
from analyzer.risk.points import keys_of, local_times, resolution_of
from analyzer.risk.published import Published, published
from analyzer.schema import CORE, Rows
from analyzer.sightings import Sightings, check_sightings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

METHOD = (
    "vehicles at the camera within the time bin whose attributes agree, counted exactly for every "
    "sighting; Wilson, 95 %, with the sightings of a camera and time bin as one cluster"
)

MOST_WORDS = 200_000_000_000
"""Times that a look is asked of 64 vehicles; more would take longer than anybody waits."""

_BUCKET_ROWS = 2_000_000
_LARGEST = 1_000
"""Anonymity sets of this size or more are counted together."""

_K, _K_ALONE, _SUMS = range(3)


@dataclass(frozen=True)
class Plateless(Result):
    """How many sightings are told apart by attributes alone.

    Attributes
    ----------
    attributes : tuple of str
        Which are known.
    time : str
        Length of the time bins.
    below : tuple of Estimate
        Share of sightings whose attributes agree with fewer than 2, 5 and 10 vehicles there and
        then, their own included. Baseline: the same without attributes, by camera and time alone.
    sizes : tuple of (int, int, int)
        k; sightings with so many vehicles that agree; sightings with so many vehicles at the camera
        in the time bin, whatever they look like. The last k stands for all that are as large.
    noted : float
        Share of sightings with every attribute noted.
    sightings, vehicles : int
        How many there are.
    synthetic : bool
        Whether the data are synthetic.
    """

    attributes: tuple[str, ...]
    time: str
    below: tuple[Estimate, ...]
    sizes: tuple[tuple[int, int, int], ...]
    noted: float
    sightings: int
    vehicles: int
    synthetic: bool = False

    @property
    def unique(self) -> Estimate:
        """Share of sightings that no other vehicle there and then looks like."""
        return self.below[0]

    @property
    def published(self) -> Published:
        """The published figure to read this beside."""
        return published("plateless")[0]

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        alone = self.unique.baseline
        lines = [
            f"Without the plate, {listed(self.attributes)} at a camera within {self.time} fit "
            f"one vehicle only for {self.unique.percent()} of {self.sightings:,} sightings; by "
            f"camera and time alone it would be {100 * alone:.0f} %.",
            f"Fewer than {BELOW[1]} vehicles fit for {self.below[1].percent()}, fewer than "
            f"{BELOW[2]} for {self.below[2].percent()}. All of these attributes are noted in "
            f"{100 * self.noted:.0f} % of sightings; what is not noted fits any vehicle.",
            f"Published, for another measure on other data: over "
            f"{100 * self.published.value:.0f} % probability of tracking ({self.published.cite()}; "
            "there a vehicle is followed from camera to camera, here a sighting is told apart from "
            "the others at its own).",
        ]
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Give the distribution.

        Returns
        -------
        pandas.DataFrame
            ``k``; ``sightings`` whose attributes agree with k vehicles there and then, with
            ``share`` and ``share_up_to``; ``sightings_without`` (attributes), likewise by camera
            and time alone.
        """
        k, agreeing, alone = np.array(self.sizes, np.int64).reshape(-1, 3).T
        total = max(self.sightings, 1)
        return pd.DataFrame(
            {
                "k": k,
                "sightings": agreeing,
                "share": agreeing / total,
                "share_up_to": np.cumsum(agreeing) / total,
                "sightings_without": alone,
            }
        )

    def classes(self) -> pd.DataFrame:
        """Give the distribution in classes: k_from, k_to (the last is open), sightings."""
        k, agreeing, _ = np.array(self.sizes, np.int64).reshape(-1, 3).T
        starts = [start for start in CLASSES if start <= _LARGEST]
        return in_classes(k, agreeing, "sightings", starts)

    def figures(self) -> dict[str, Estimate]:
        """Give the figures by name."""
        return {f"k_below_{k}": share for k, share in zip(BELOW, self.below, strict=True)}

    def plot(self) -> Axes:
        """Draw the share of sightings that at most k vehicles fit, with attributes and without."""
        from analyzer.charts import ACCENT, MUTED, new_axes

        axes = new_axes()
        table = self.to_pandas()
        total = max(self.sightings, 1)
        axes.step(
            table["k"], table["share_up_to"], where="post", color=ACCENT,
            label=f"with {listed(self.attributes)}",
        )  # fmt: skip
        axes.step(
            table["k"], table["sightings_without"].cumsum() / total, where="post", ls="--",
            color=MUTED, label="camera and time alone",
        )  # fmt: skip
        axes.set_xscale("log")
        axes.set_ylim(0, 1.04)
        axes.set(xlabel="vehicles that fit, at most", ylabel="sightings")
        axes.legend()
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "attributes": list(self.attributes),
            "time": self.time,
            "unique": self.unique.to_dict(),
            **{name: figure.to_dict() for name, figure in self.figures().items()},
            "noted": self.noted,
            "sightings": self.sightings,
            "vehicles": self.vehicles,
            "published": self.published.to_dict(),
            "synthetic": self.synthetic,
        }


def measure_plateless(
    sightings: Sightings,
    attributes: Sequence[str],
    time: str = "1h",
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> Plateless:
    """Measure how many sightings are told apart by attributes alone, without the plate.

    For each sighting the vehicles are counted that were seen by the same camera within the same
    time bin with attributes that agree (its own vehicle included; a missing value, on either side,
    agrees with anything).

    Parameters
    ----------
    sightings : Sightings
        All of them are measured.
    attributes : sequence of str
        Which are known, of ``"make"``, ``"model"``, ``"color"``, ``"body_type"``,
        ``"seat_belt"``, ``"driver_appearance"``.
    time : str
        Length of the time bins, as `Adversary` takes it.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    Plateless

    Raises
    ------
    UsageError
        If no attribute is given, one is not known or not in the data, time is impossible, or there
        are no sightings.
    TooMuchWorkError
        If so many different looks meet in the time bins that comparing them would not end.

    Notes
    -----
    The interval takes the sightings of one camera and time bin for one cluster, since whether they
    are alone depends on each other (linearised variance of a ratio). All sightings are measured:
    it describes how camera-hours vary, not a sampling.

    References
    ----------
    Chen, X., et al. (2020). Journal of Advanced Transportation 6026140. doi:10.1155/2020/6026140
    (tracking by time, colour, type and make)

    Examples
    --------
    In one hour a camera sees two red vehicles and a black one; in the next hour one red.

    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> seen = from_arrays([0, 1, 2, 1], [0, 1, 2, hour], [0, 0, 0, 0],
    ...                    color=["red", "red", "black", "red"])
    >>> plateless = measure_plateless(seen, ["color"])
    >>> plateless.unique.value, plateless.unique.baseline
    (0.5, 0.25)
    """
    check_sightings(sightings)
    attributes = check_attributes(attributes)
    if not attributes:
        raise UsageError("attributes: write one or more, for example ['make', 'color']")
    runner, sightings = fit_to_engine(sightings, engine, memory)
    fields = fields_of(sightings, attributes)
    shared = {
        **resolution_of(sightings, Adversary(points=1, time=time)),
        "attributes": attributes,
        "fields": fields,
    }
    parts = sightings.parts(*CORE, *attributes)
    buckets = 1 + len(sightings) // _BUCKET_ROWS
    groups = runner.exchange(parts, looks_in_part, "key", buckets, shared)
    counted = runner.map(groups, count_work_in_bucket, shared)
    work = sum(int(rows["words"][0]) for rows in counted)
    if work > MOST_WORDS:
        raise TooMuchWorkError(
            f"{work * WORD:.1e} pairs of looks would have to be compared, since so many different "
            f"ones meet within {time}; write a shorter time, or fewer attributes"
        )
    found = runner.map(groups, measure_in_bucket, shared)
    return _gather(sightings, attributes, time, found)


def looks_in_part(rows: Rows, broadcast: Broadcast) -> Rows:
    """Give the key (camera and time bin), look and vehicle of each sighting of a part."""
    return {
        "key": keys_of(rows, local_times(rows, broadcast), broadcast),
        "look": looks_of(rows, broadcast["attributes"], broadcast["fields"]),
        "vehicle": rows["vehicle"],
    }


def count_work_in_bucket(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count the words that a bucket takes."""
    return {"words": np.array([count_words(rows["key"], rows["look"], broadcast["fields"])])}


def measure_in_bucket(rows: Rows, broadcast: Broadcast) -> Rows:
    """Count agreeing vehicles for the sightings of a bucket, and what the figures are made of.

    Returns
    -------
    Rows
        ``what``, ``at``, ``value``: the number of sightings (value) with k (at) agreeing vehicles,
        and with so many vehicles in all; and the sums over clusters that the intervals need.
    """
    key = rows["key"]
    fields = broadcast["fields"]
    agreeing, there = count_agreeing(key, rows["look"], rows["vehicle"], fields)
    what, at, value = [], [], []
    for kind, k in ((_K, agreeing), (_K_ALONE, there)):
        sizes, counts = np.unique(np.minimum(k, _LARGEST), return_counts=True)
        what.append(np.full(len(sizes), kind))
        at.append(sizes)
        value.append(counts)
    starts = np.flatnonzero(np.diff(key, prepend=key[0] - 1)) if len(key) else np.zeros(0, int)
    n = np.diff(starts, append=len(key))
    noted = np.all([rows["look"] & field != 0 for field in fields], axis=0)
    sums = [n.sum(), (n * n).sum(), noted.sum()]
    for size in BELOW:
        few = np.add.reduceat((agreeing < size).astype(np.int64), starts) if len(key) else n
        sums += [few.sum(), (few * few).sum(), (few * n).sum()]
    what.append(np.full(len(sums), _SUMS))
    at.append(np.arange(len(sums)))
    value.append(np.array(sums))
    return {
        name: np.concatenate(columns).astype(np.int64)
        for name, columns in (("what", what), ("at", at), ("value", value))
    }


def _gather(
    sightings: Sightings, attributes: tuple[str, ...], time: str, found: list[Rows]
) -> Plateless:
    def total(kind: int) -> np.ndarray:
        sums = np.zeros(_LARGEST + 1, np.int64)
        for rows in found:
            of = rows["what"] == kind
            np.add.at(sums, rows["at"][of], rows["value"][of])
        return sums

    agreeing, alone = total(_K), total(_K_ALONE)
    n, squares, noted, *rest = total(_SUMS)[: 3 + 3 * len(BELOW)].tolist()
    below = tuple(
        wilson_clustered(
            few,
            n,
            (few_squares, products, squares),
            method=METHOD,
            baseline=int(alone[:size].sum()) / n,
        )
        for size, few, few_squares, products in zip(
            BELOW, rest[::3], rest[1::3], rest[2::3], strict=True
        )
    )
    occurring = np.flatnonzero(agreeing + alone)
    return Plateless(
        attributes=attributes,
        time=time,
        below=below,
        sizes=tuple((int(k), int(agreeing[k]), int(alone[k])) for k in occurring),
        noted=noted / n,
        sightings=n,
        vehicles=sightings.n_vehicles,
        synthetic=sightings.synthetic,
    )
