"""Anonymity sets and grids as they may be published: nothing of fewer than k vehicles.

The shares under 2, 5 and 10 add up the classes of the distribution of k, so one decision holds for
both: a share is shown only if every class that it adds up is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from analyzer.report.disclosure import DEFAULT_K, suppress
from analyzer.report.figures import hold_back

if TYPE_CHECKING:
    from analyzer.estimate import Estimate
    from analyzer.risk.anonymity import Anonymity
    from analyzer.risk.crowd_sizes import CrowdSizes
    from analyzer.risk.gain import AttributeGain, GainStep
    from analyzer.risk.grid import UnicityGrid
    from analyzer.risk.plateless import Plateless
    from analyzer.risk.unicity import Unicity

MEANS = frozenset({"median_k", "entropy_bits"})
"""Figures that are no shares: only the number of targets behind them matters."""


def hold_back_shares(
    figures: dict[str, Estimate], limits: Sequence[int], classes: pd.DataFrame, count: str
) -> dict[str, Estimate | None]:
    """Hold back the shares under a limit that add up a hidden class.

    Parameters
    ----------
    figures : dict of str to Estimate
        Of which those named ``k_below_…`` are shares.
    limits : sequence of int
        The limits of these.
    classes : DataFrame
        The distribution, counts ``<NA>`` where hidden.
    count : str
        Its column of counts.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> classes = suppress(pd.DataFrame({"k_from": [1, 2, 5], "n": [40, 3, 17]}), "n")
    >>> figures = {"k_below_2": wilson(40, 60), "k_below_5": wilson(43, 60)}
    >>> held = hold_back_shares(figures, (2, 5), classes, "n")
    >>> held["k_below_2"].n, held["k_below_5"]
    (60, None)
    """
    hidden = classes.loc[classes[count].isna(), "k_from"]
    first_hidden = int(hidden.min()) if len(hidden) else None
    shown = dict(figures)
    for limit in limits:
        if first_hidden is not None and first_hidden < limit:
            shown[f"k_below_{limit}"] = None
    return shown


def published_sizes(
    sizes: CrowdSizes, k: int = DEFAULT_K
) -> tuple[dict[str, Estimate | None], pd.DataFrame]:
    """Give the figures and the classes of anonymity sets as they may be published.

    Returns
    -------
    figures : dict of str to Estimate or None
    classes : DataFrame
        ``k_from``, ``k_to``, ``vehicles``; ``<NA>`` where a count is hidden.
    """
    from analyzer.risk.crowd_sizes import BELOW

    classes = suppress(sizes.classes(), "vehicles", k)
    figures = hold_back(sizes.figures(), means=MEANS, k=k)
    return hold_back_shares(figures, BELOW, classes, "vehicles"), classes


def published_anonymity(
    anonymity: Anonymity, k: int = DEFAULT_K
) -> tuple[dict[str, dict[str, Estimate | None]], pd.DataFrame]:
    """Give what is known of anonymity sets as it may be published.

    Returns
    -------
    figures : dict of str to dict of str to Estimate or None
        By what is known (``"points"``; ``"home and work, camera"``, …) and by name.
    classes : DataFrame
        Of the adversary's points; see `published_sizes`.
    """
    points, classes = published_sizes(anonymity.sizes, k)
    figures = {"points": points}
    for pairs in anonymity.home_work:
        for what, sizes in (("home and work", pairs.pair), ("home", pairs.home),
                            ("work", pairs.work)):  # fmt: skip
            figures[f"{what}, {pairs.level}"] = published_sizes(sizes, k)[0]
    return figures, classes


def published_plateless(
    plateless: Plateless, k: int = DEFAULT_K
) -> tuple[dict[str, Estimate | None], pd.DataFrame]:
    """Give the shares and classes of sightings without plates as they may be published.

    A class of fewer than k sightings may stand for fewer than k vehicles, so it is hidden.

    Returns
    -------
    figures : dict of str to Estimate or None
    classes : DataFrame
        ``k_from``, ``k_to``, ``sightings``.
    """
    from analyzer.risk.crowd_sizes import BELOW

    classes = suppress(plateless.classes(), "sightings", k)
    figures = hold_back(plateless.figures(), k=k)
    if plateless.vehicles < k:
        figures, classes = dict.fromkeys(figures), classes.iloc[:0]
    return hold_back_shares(figures, BELOW, classes, "sightings"), classes


def withheld(figure: Estimate, k: int = DEFAULT_K) -> Estimate:
    """Give a share as it may be published: without value where it stands for few.

    Where it stands for all but few, the value is a bound.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> withheld(wilson(3, 100)).value, withheld(wilson(30, 100)).value
    (nan, 0.3)
    """
    held = hold_back({"": figure}, guesses=True, k=k)[""]
    return _without(figure, k) if held is None else held


def published_unicity(unicity: Unicity, k: int = DEFAULT_K) -> Unicity:
    """Give unicity without the shares that stand for few vehicles, or are shares of few.

    Where all vehicles but a few have enough points, shares are those of all: else the number of
    targets would tell how few have not.
    """
    unicity = _of_all_but_few(unicity, k)
    curve = [withheld(share, k) for share in unicity.curve]
    above = math.inf
    # Whom fewer points single out, more do too: shares too near each other tell of few as well.
    for at in reversed(range(len(curve))):
        if curve[at].is_measured and not curve[at].is_bound:
            count = curve[at].value * curve[at].n
            if 0 < above - count < k - 0.5:
                curve[at] = _without(curve[at], k)
            else:
                above = count
    return replace(
        unicity,
        share=withheld(unicity.share, k),
        curve=tuple(curve),
        excluded=withheld(unicity.excluded, k),
    )


def _of_all_but_few(unicity: Unicity, k: int) -> Unicity:
    excluded = unicity.excluded
    left_out = round(excluded.value * excluded.n) if excluded.is_measured else 0
    if not (0 < left_out < k and unicity.targets == unicity.vehicles - left_out):
        return unicity
    whole = unicity.vehicles
    return replace(
        unicity,
        share=unicity.share.among(whole),
        curve=tuple(share.among(whole) for share in unicity.curve),
        targets=whole,
    )


def _without(figure: Estimate, k: int) -> Estimate:
    nothing = dict.fromkeys(("value", "low", "high"), math.nan)
    return replace(figure, **nothing, method=f"held back: stands for fewer than {k} vehicles")


def published_grid(grid: UnicityGrid, k: int = DEFAULT_K) -> UnicityGrid:
    """Give a grid whose cells that stand for few have no value; the law is that of all cells.

    Vehicles with five points have four: where a cell counts all but a few of the vehicles of the
    cell with fewer points, it is made a share of these.
    """
    cells = {at: cell for at, cell in enumerate(grid.cells)}
    counted: dict[tuple[str, str], tuple[int, Estimate]] = {}
    for at in sorted(cells, key=lambda at: cells[at].adversary.points):
        cell = cells[at]
        place = (cell.adversary.time, cell.adversary.space)
        whole, excluded = counted.get(place, (cell.excluded.n, None))
        enough = cell.excluded.n - round(cell.excluded.value * cell.excluded.n)
        if 0 < whole - cell.share.n < k and cell.share.n == enough:
            none = _without(cell.excluded, k)
            cell = replace(cell, share=cell.share.among(whole), excluded=excluded or none)
        counted[place] = (cell.share.n, cell.excluded)
        cells[at] = replace(
            cell, share=withheld(cell.share, k), excluded=withheld(cell.excluded, k)
        )
    return replace(grid, cells=tuple(cells[at] for at in range(len(grid.cells))))


def published_gain(gain: AttributeGain, k: int = DEFAULT_K) -> AttributeGain:
    """Give a gain from attributes without what stands for few, as it is or as a difference.

    A share with attributes less the share without them is the gain, so both go together; and a
    single attribute is held back where all of them add few to it.
    """

    def step_of(step: GainStep) -> GainStep:
        pairs = []
        for share, own, most in zip(step.shares, step.gains, gain.steps[-1].gains, strict=True):
            few = 0 < round((most.value - own.value) * own.n) < k if own.is_measured else False
            held = not withheld(own, k).is_measured or (few and step.attributes)
            pairs.append((_without(share, k), _without(own, k)) if held else
                         (withheld(share, k), own))  # fmt: skip
        shares, gains = zip(*pairs, strict=True)
        return replace(step, shares=shares, gains=gains)

    return replace(gain, steps=tuple(step_of(step) for step in gain.steps))
