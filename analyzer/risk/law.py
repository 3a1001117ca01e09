"""The law by which unicity decays with resolution: a power of how coarse place and time are.

References
----------
de Montjoye, Y.-A., Hidalgo, C. A., Verleysen, M., Blondel, V. D. (2013). Unique in the Crowd: The
privacy bounds of human mobility. Scientific Reports 3, 1376. doi:10.1038/srep01376
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

GOOD_FIT = 0.9
"""From this share of the variation explained on, the law describes the grid."""

FEWEST_CELLS = 4
"""Two parameters go through any two cells; with fewer than this many a fit says nothing."""

_STEEPEST = 3.0


@dataclass(frozen=True)
class PowerLaw:
    """The law of one number of points, ``unicity = alpha − x ** beta``.

    Attributes
    ----------
    points : int
        Known points.
    alpha, beta : float
        Of the law; NaN where there is too little to fit. The larger beta, the faster does coarser
        knowledge lose its force.
    r2 : float
        Share of the variation between cells that the law explains; NaN if there is none.
    cells : int
        Cells of the grid it was fitted to.
    """

    points: int
    alpha: float
    beta: float
    r2: float
    cells: int

    def at(self, coarseness: float) -> float:
        """Give the unicity by the law at a coarseness; not held to 0 and 1."""
        return self.alpha - coarseness**self.beta


@dataclass(frozen=True)
class UnicityLaw:
    """The laws of a grid, and the line that their exponents follow with the number of points.

    Attributes
    ----------
    curves : tuple of PowerLaw
        By number of points.
    intercept, slope, line_r2 : float
        Of ``beta = intercept + slope × points``; NaN with fewer than three numbers of points.
    """

    curves: tuple[PowerLaw, ...]
    intercept: float
    slope: float
    line_r2: float

    @property
    def is_good(self) -> bool:
        """Whether every curve that could be fitted explains nine tenths of the variation."""
        fitted = [curve for curve in self.curves if not math.isnan(curve.r2)]
        return bool(fitted) and all(curve.r2 >= GOOD_FIT for curve in fitted)

    def caution(self) -> str:
        """Say how far the law can be trusted here; empty if it fits well."""
        fitted = [curve for curve in self.curves if not math.isnan(curve.r2)]
        if not fitted:
            return (
                "No law could be fitted: it takes four cells or more for a number of points, whose "
                "values and resolutions differ."
            )
        poor = [curve for curve in fitted if curve.r2 < GOOD_FIT]
        if not poor:
            return ""
        worst = min(poor, key=lambda curve: curve.r2)
        return (
            "Caution: the law describes these data poorly for "
            f"{', '.join(f'p = {curve.points}' for curve in poor)} (R² down to {worst.r2:.2f}); "
            "read the cells, not the law."
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the law as JSON-able fields; NaN becomes None."""
        return {
            "form": "unicity = alpha - coarseness ** beta; beta = intercept + slope * points",
            "curves": [_plain(asdict(curve)) for curve in self.curves],
            **_plain(
                {"intercept": self.intercept, "slope": self.slope, "line_r2": self.line_r2}
            ),
            "caution": self.caution(),
        }


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in fields.items()
    }


def fit_law(
    points: Sequence[int], coarseness: Sequence[float], unicity: Sequence[float]
) -> UnicityLaw:
    """Fit the law of de Montjoye et al. to the cells of a grid, by least squares.

    Parameters
    ----------
    points : sequence of int
        Known points of each cell.
    coarseness : sequence of float
        Hours in a time bin times cameras in a place.
    unicity : sequence of float
        Share singled out; NaN where it could not be measured.

    Returns
    -------
    UnicityLaw

    Notes
    -----
    For each number of points p, ``unicity = alpha − x ** beta`` with x the coarseness; beta is then
    fitted by a line in p. The law has no place for shares that end at 0 or 1, so a grid with many
    such cells is fitted poorly, and R² says so.

    Examples
    --------
    >>> x = [1, 2, 4, 8, 16]
    >>> law = fit_law([4] * 5, x, [1.95 - at**0.13 for at in x])
    >>> round(law.curves[0].alpha, 3), round(law.curves[0].beta, 3), round(law.curves[0].r2, 3)
    (1.95, 0.13, 1.0)
    """
    p, x, share = (np.asarray(values, float) for values in (points, coarseness, unicity))
    curves = []
    for asked in sorted(set(p.tolist())):
        of = (p == asked) & ~np.isnan(share)
        curves.append(_fit_curve(int(asked), x[of], share[of]))
    known = [curve for curve in curves if not math.isnan(curve.beta)]
    if len(known) < 3:
        return UnicityLaw(tuple(curves), math.nan, math.nan, math.nan)
    at = np.array([curve.points for curve in known], float)
    beta = np.array([curve.beta for curve in known])
    slope, intercept = (float(value) for value in np.polyfit(at, beta, 1))
    return UnicityLaw(
        tuple(curves), intercept, slope, _explained(beta, intercept + slope * at)
    )


def _fit_curve(points: int, x: np.ndarray, share: np.ndarray) -> PowerLaw:
    from scipy.optimize import minimize_scalar

    nothing = PowerLaw(points, math.nan, math.nan, math.nan, len(x))
    if len(x) < FEWEST_CELLS or len(np.unique(x)) < 3 or len(np.unique(share)) < 2:
        return nothing

    def alpha_of(beta: float) -> float:
        return float(np.mean(share + x**beta))

    def squares(beta: float) -> float:
        return float(np.sum((alpha_of(beta) - x**beta - share) ** 2))

    # For a given beta the best alpha is a mean, so one dimension is left to search; a coarse look
    # first, since the sum of squares may have more than one valley.
    grid = np.linspace(0.0, _STEEPEST, 301)
    near = float(grid[int(np.argmin([squares(beta) for beta in grid]))])
    step = grid[1]
    found = minimize_scalar(
        squares,
        bounds=(max(0.0, near - step), near + step),
        method="bounded",
        options={"xatol": 1e-9},
    )
    beta = float(found.x)
    alpha = alpha_of(beta)
    return PowerLaw(points, alpha, beta, _explained(share, alpha - x**beta), len(x))


def _explained(measured: np.ndarray, fitted: np.ndarray) -> float:
    around = float(np.sum((measured - measured.mean()) ** 2))
    return 1 - float(np.sum((measured - fitted) ** 2)) / around if around > 0 else math.nan
