"""The grid: unicity for every number of points, resolution of time, and resolution of place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analyzer.engine import Engine
from analyzer.errors import UsageError
from analyzer.estimate import Estimate, wilson
from analyzer.fitting import fit_to_engine
from analyzer.result import Result
from analyzer.risk.adversary import Adversary
from analyzer.risk.draw import check_draw, draw_vehicles
from analyzer.risk.knowledge import draw_known, knowledge_of, parts_for
from analyzer.risk.law import UnicityLaw, fit_law
from analyzer.risk.published import Published, published
from analyzer.risk.shared_points import count_shared_points
from analyzer.risk.unicity import ALL_TARGETS, EXCLUDED, SAMPLED_TARGETS
from analyzer.sightings import Sightings, check_sightings
from analyzer.units import HOUR_MS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class GridCell:
    """Unicity at one resolution.

    Attributes
    ----------
    adversary : Adversary
        Points, time and space.
    share : Estimate
        Share singled out, as `measure_unicity` gives it.
    excluded : Estimate
        Share of all vehicles with fewer points.
    cameras_per_place : float
        Mean number of cameras in a place.
    """

    adversary: Adversary
    share: Estimate
    excluded: Estimate
    cameras_per_place: float

    @property
    def coarseness(self) -> float:
        """Hours in a time bin times cameras in a place."""
        return self.adversary.time_ms / HOUR_MS * self.cameras_per_place


@dataclass(frozen=True)
class UnicityGrid(Result):
    """Unicity over points × time × place.

    Attributes
    ----------
    cells : tuple of GridCell
        By space, time and points, in the order in which they were asked for.
    law : UnicityLaw
        How unicity decays with coarseness, and how well this describes the cells.
    vehicles : int
        Number of vehicles against which each target was matched.
    seed : int
        Of the draw.
    synthetic : bool
        Whether the data are synthetic.
    """

    cells: tuple[GridCell, ...]
    law: UnicityLaw
    vehicles: int
    seed: int
    synthetic: bool = False

    @property
    def published(self) -> tuple[Published, ...]:
        """Published figures to read these beside."""
        return (*published("unicity"), *published("law"))

    def summary(self) -> str:
        """Tell the result in plain sentences."""
        measured = [cell for cell in self.cells if cell.share.is_measured]
        if not measured:
            lines = ["No cell has a value: too few vehicles have so many sightings that differ."]
        else:
            most = max(measured, key=lambda cell: cell.share.value)
            least = min(measured, key=lambda cell: cell.share.value)
            lines = [
                f"{what} are singled out by {cell.adversary.describe()}: {cell.share.percent()} of "
                f"{cell.share.n:,} vehicles."
                for what, cell in (("Most", most), ("Fewest", least))
            ]
            lines.append(
                f"Each was matched against all {self.vehicles:,} vehicles; a guess would be right "
                f"for 1 in {self.vehicles:,}."
            )
            lines.append(
                "Each cell is measured on the vehicles that have so many points at its resolution; "
                "for one population over all numbers of points, see the curve of measure_unicity."
            )
            lines += self._law_sentences()
        lines.append(
            "Published, for other data: "
            + "; ".join(
                f"{100 * figure.value:.0f} % with {figure.points} points ({figure.cite()})"
                for figure in published("unicity")
            )
            + "."
        )
        if self.synthetic:
            lines.append("The data are synthetic.")
        return "\n".join(lines)

    def _law_sentences(self) -> list[str]:
        fitted = [curve for curve in self.law.curves if curve.r2 == curve.r2]
        lines = []
        if fitted:
            exponents = ", ".join(
                f"{curve.beta:.3f} for p = {curve.points} (R² {curve.r2:.2f})" for curve in fitted
            )
            (known,) = published("law")
            lines.append(
                "Fitted law, unicity = α − (hours × cameras in a place) to the power β: β is "
                f"{exponents}; published: about {known.value:.1f} ({known.cite()})."
            )
        return [*lines, caution] if (caution := self.law.caution()) else lines

    def to_pandas(self) -> pd.DataFrame:
        """Give one row a cell.

        Returns
        -------
        pandas.DataFrame
            ``points``, ``time``, ``space``; ``value``, ``low``, ``high``, ``n``, ``method``,
            ``baseline`` of the share singled out; ``excluded`` (share of all vehicles);
            ``cameras_per_place``; ``coarseness`` (hours × cameras); ``fitted`` (by the law).
        """
        curves = {curve.points: curve for curve in self.law.curves}
        return pd.DataFrame(
            [
                {
                    "points": cell.adversary.points,
                    "time": cell.adversary.time,
                    "space": cell.adversary.space,
                    "value": cell.share.value,
                    "low": cell.share.low,
                    "high": cell.share.high,
                    "n": cell.share.n,
                    "method": cell.share.method,
                    "baseline": cell.share.baseline,
                    "excluded": cell.excluded.value,
                    "cameras_per_place": cell.cameras_per_place,
                    "coarseness": cell.coarseness,
                    "fitted": curves[cell.adversary.points].at(cell.coarseness),
                }
                for cell in self.cells
            ]
        )

    def plot(self) -> Axes:
        """Draw unicity against the length of the time bins, a panel for each place.

        Lines grow darker with the number of points; dashes are published values, for other data.
        """
        from matplotlib.figure import Figure

        from analyzer.chart_style import ACCENT, MUTED
        from analyzer.chart_writing import png_file
        from analyzer.result import draw_in_notebooks

        draw_in_notebooks(png_file)
        table = self.to_pandas()
        spaces, points = table["space"].unique(), sorted(table["points"].unique())
        figure = Figure(figsize=(3.1 * len(spaces) + 1, 3.6), layout="constrained")
        panels = figure.subplots(1, len(spaces), sharey=True, squeeze=False)[0]
        times = sorted({(cell.adversary.time_ms, cell.adversary.time) for cell in self.cells})
        for axes, space in zip(panels, spaces, strict=True):
            for p in points:
                rows = table[(table["space"] == space) & (table["points"] == p)]
                value = rows.set_index("time")["value"].reindex([name for _, name in times])
                strength = (points.index(p) + 1) / len(points)
                axes.plot(
                    range(len(times)), value, "o-", color=ACCENT, alpha=strength, ms=4,
                    label=f"{p} points",
                )  # fmt: skip
            for figure_of_others in published("unicity"):
                axes.axhline(figure_of_others.value, ls="--", lw=0.7, color=MUTED)
            axes.set_xticks(range(len(times)), [name for _, name in times])
            axes.set_title(space)
            axes.set_xlabel("time known to")
            axes.set_ylim(0, 1.04)
        panels[0].set_ylabel("vehicles singled out")
        panels[0].legend()
        return panels[0]

    def to_dict(self) -> dict[str, Any]:
        """Give the result as JSON-able fields, every figure as `Estimate.to_dict` gives it."""
        return {
            "cells": [
                {
                    "points": cell.adversary.points,
                    "time": cell.adversary.time,
                    "space": cell.adversary.space,
                    **cell.share.to_dict(),
                    "excluded": cell.excluded.to_dict(),
                    "cameras_per_place": cell.cameras_per_place,
                    "coarseness": cell.coarseness,
                }
                for cell in self.cells
            ],
            "law": self.law.to_dict(),
            "published": [figure.to_dict() for figure in self.published],
            "vehicles": self.vehicles,
            "seed": self.seed,
            "synthetic": self.synthetic,
        }


def measure_unicity_grid(
    sightings: Sightings,
    points: Iterable[int] = (1, 2, 3, 4, 5),
    times: Iterable[str] = ("15min", "1h", "6h", "1D", "7D", "28D"),
    spaces: Iterable[str] = ("camera", "zone", "2km", "10km"),
    sample: int | None = None,
    seed: int = 0,
    *,
    engine: str | Engine = "local",
    memory: str | int | None = None,
) -> UnicityGrid:
    """Measure unicity for every combination of points, time and place.

    Each cell is exactly what `measure_unicity` gives for that adversary and seed: its targets are
    the vehicles that have so many points at that resolution.

    Parameters
    ----------
    sightings : Sightings
        The population.
    points : iterable of int
        Numbers of known points.
    times, spaces : iterable of str
        Resolutions, as `Adversary` takes them.
    sample : int, optional
        Number of vehicles drawn as targets in each cell; None takes all.
    seed : int
        Of the draws.
    engine, memory
        Where the parts are worked on, and what that may hold (``"500MB"``; ``"2GB"`` by default):
        parts that are too large for it are cut.

    Returns
    -------
    UnicityGrid

    Raises
    ------
    UsageError
        If there is nothing to measure, a resolution is impossible, or there are no sightings.

    Notes
    -----
    One resolution is measured after the other, all numbers of points at once: whoever has fewer
    points than the most that are asked for is a target of the smaller numbers.

    References
    ----------
    de Montjoye, Y.-A., Hidalgo, C. A., Verleysen, M., Blondel, V. D. (2013). Unique in the Crowd:
    The privacy bounds of human mobility. Scientific Reports 3, 1376. doi:10.1038/srep01376

    Examples
    --------
    >>> from analyzer.array_sightings import from_arrays
    >>> hour = 3_600_000
    >>> three = from_arrays([0, 0, 1, 1, 2, 2], [0, hour, 0, hour, 0, hour], [0, 1, 0, 1, 0, 2])
    >>> grid = measure_unicity_grid(three, [1, 2], ["1h", "1D"], ["camera"])
    >>> grid.to_pandas()[["points", "time", "value", "n"]].round(2).values.tolist()
    [[1, '1h', 0.33, 3], [2, '1h', 0.33, 3], [1, '1D', 0.33, 3], [2, '1D', 0.33, 3]]
    """
    check_sightings(sightings)
    numbers, times, spaces = (
        _listed(values, name)
        for values, name in ((points, "points"), (times, "times"), (spaces, "spaces"))
    )
    steps = [
        [Adversary(p, time, space) for p in numbers] for space in spaces for time in times
    ]
    check_draw(sample, seed)
    runner, sightings = fit_to_engine(sightings, engine, memory)
    cells: list[GridCell] = []
    for step in steps:
        cells += _measure_step(sightings, step, sample, int(seed), runner)
    law = fit_law(
        [cell.adversary.points for cell in cells],
        [cell.coarseness for cell in cells],
        [cell.share.value for cell in cells],
    )
    return UnicityGrid(
        cells=tuple(cells),
        law=law,
        vehicles=cells[0].excluded.n,
        seed=int(seed),
        synthetic=sightings.synthetic,
    )


def _listed(values: Iterable[Any], name: str) -> list[Any]:
    if isinstance(values, str | int):
        raise UsageError(f"{name} is a sequence; write {name}=[{values!r}]")
    listed = [value.item() if isinstance(value, np.generic) else value for value in values]
    listed = list(dict.fromkeys(listed))
    if not listed:
        raise UsageError(f"{name}: write one or more")
    return listed


def _measure_step(
    sightings: Sightings, step: list[Adversary], sample: int | None, seed: int, runner: Engine
) -> list[GridCell]:
    """Measure all numbers of points at one resolution."""
    deepest = max(step, key=lambda adversary: adversary.points)
    shared = knowledge_of(sightings, deepest, seed, runner)
    parts = parts_for(sightings, deepest)
    known = draw_known(parts, runner, shared)
    vehicles = len(known.vehicle)
    baseline = 1 / vehicles if vehicles else None
    cameras_per_place = len(shared["places"]) / shared["n_places"]
    targets, enough = {}, {}
    for adversary in step:
        candidates = np.flatnonzero(known.n_points >= adversary.points)
        enough[adversary] = len(candidates)
        targets[adversary] = candidates[draw_vehicles(known.vehicle[candidates], sample, seed)]
    asked = np.unique(np.concatenate(list(targets.values())))
    company = count_shared_points(parts, runner, shared, known.of(asked))
    cells = []
    for adversary in step:
        own = np.searchsorted(asked, targets[adversary])
        alone = np.count_nonzero(company[own] < adversary.points)
        everybody = len(own) == enough[adversary]
        cells.append(
            GridCell(
                adversary=adversary,
                share=wilson(
                    int(alone),
                    len(own),
                    method=ALL_TARGETS if everybody else SAMPLED_TARGETS,
                    baseline=baseline,
                ),
                excluded=wilson(vehicles - enough[adversary], vehicles, method=EXCLUDED),
                cameras_per_place=cameras_per_place,
            )
        )
    return cells
