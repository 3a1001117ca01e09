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

from analyzer.apart import count_of, few_apart
from analyzer.estimate import ROUNDED_UP, wilson
from analyzer.report.disclosure import DEFAULT_K, suppress
from analyzer.report.figures import hold_back, hold_back_nested

if TYPE_CHECKING:
    from analyzer.estimate import Estimate
    from analyzer.risk.anonymity import Anonymity
    from analyzer.risk.crowd_sizes import CrowdSizes
    from analyzer.risk.gain import AttributeGain, GainStep
    from analyzer.risk.grid import GridCell, UnicityGrid
    from analyzer.risk.plateless import Plateless
    from analyzer.risk.unicity import Unicity
    from analyzer.risk.worst_case import WorstCase

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
    for pairs in apart_from_wholes(anonymity, k).home_work:
        wholes = (pairs.homes, pairs.works, anonymity.vehicles)
        for what, sizes in (("home and work", pairs.pair), ("home", pairs.home),
                            ("work", pairs.work)):  # fmt: skip
            shown = published_sizes(sizes, k)[0]
            figures[f"{what}, {pairs.level}"] = {
                name: None if name not in MEANS and _is_beside(figure, wholes, k) else figure
                for name, figure in shown.items()
            }
    return figures, classes


def _is_beside(share: Estimate | None, wholes: Sequence[int], k: int) -> bool:
    """Whether a share stands for few vehicles fewer than a whole that is published elsewhere."""
    count = None if share is None else count_of(share)
    return count is not None and few_apart(count, wholes, k)


def apart_from_wholes(anonymity: Anonymity, k: int = DEFAULT_K) -> Anonymity:
    """Round how many vehicles have a home and a work place, where few have but one of them.

    How many have a home, and how many a work place, is published by other verbs: the number of
    those that have both, beside it, would tell how few have the one without the other.
    """

    def of(sizes: CrowdSizes, wholes: Sequence[int]) -> CrowdSizes:
        n = sizes.median.n
        if n < k or not few_apart(n, wholes, k):
            return sizes
        whole, how = -(-n // k) * k, f"; {ROUNDED_UP} {k}"
        return replace(
            sizes,
            below=tuple(
                replace(share.among(whole), method=f"{share.method}{how}, the share is of that")
                for share in sizes.below
            ),
            median=replace(sizes.median, n=whole, method=sizes.median.method + how),
            entropy=replace(sizes.entropy, n=whole, method=sizes.entropy.method + how),
        )

    home_work = [
        replace(
            pairs,
            **{
                name: of(getattr(pairs, name), (pairs.homes, pairs.works, anonymity.vehicles))
                for name in ("pair", "home", "work")
            },
        )
        for pairs in anonymity.home_work
    ]
    return replace(anonymity, home_work=tuple(home_work))


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


def published_worst_case(found: WorstCase, k: int = DEFAULT_K) -> tuple[WorstCase, bool]:
    """Give the worst case without what stands for few vehicles, and whether anything is held back.

    Who is among two vehicles is among five: shares that are few vehicles apart do not stand beside
    each other. Risks of single vehicles are not for the public and stay as they are.

    Returns
    -------
    found : WorstCase
        A share that is held back has no value and says so in its method.
    few : bool
    """
    shown = hold_back(found.figures, means={"mean_risk"}, guesses=True, k=k)
    mean = shown.pop("mean_risk")
    shares = hold_back_nested(list(shown.values()), k)
    own = [
        _without(figure, k) if share is None else share
        for figure, share in zip((found.singled_out, *found.among), shares, strict=True)
    ]
    few = mean is None or None in shares
    mean = _without(found.mean_risk, k) if mean is None else mean
    return replace(found, mean_risk=mean, singled_out=own[0], among=tuple(own[1:])), few


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

    Vehicles with five points have four, and those with four points by the day have four by the
    hour. Where cells count numbers of vehicles that are few apart, the smaller is made a share of
    the larger; where the same place and time single out few more by more points, the fewer points
    are held back.
    """
    vehicles = grid.cells[0].excluded.n if grid.cells else 0
    counts = sorted({_enough(cell) for cell in grid.cells} | {vehicles}, reverse=True)
    among: dict[int, int] = {}
    last = vehicles
    for count in counts:
        last = last if last - count < k else count
        among[count] = last
    cells = []
    for cell in grid.cells:
        enough = _enough(cell)
        whole = among[enough]
        if whole != enough and cell.share.n == enough:
            # Of the larger group it is known how many are left out, as other cells say it.
            left_out = wilson(vehicles - whole, vehicles, method=cell.excluded.method)
            cell = replace(cell, share=cell.share.among(whole), excluded=left_out)
        elif whole != enough:
            cell = replace(cell, excluded=_without(cell.excluded, k))
        share, excluded = withheld(cell.share, k), withheld(cell.excluded, k)
        cells.append(replace(cell, share=share, excluded=excluded))
    deepest = sorted(range(len(cells)), key=lambda at: -cells[at].adversary.points)
    shown: dict[tuple[str, str], list[float]] = {}
    for at in deepest:
        share, adversary = cells[at].share, cells[at].adversary
        if share.is_exact:
            others = shown.setdefault((adversary.time, adversary.space), [])
            if few_apart(share.value * share.n, others, k):
                cells[at] = replace(cells[at], share=_without(share, k))
            else:
                others.append(share.value * share.n)
    return replace(grid, cells=tuple(cells))


def _enough(cell: GridCell) -> int:
    """How many vehicles have enough points for a cell."""
    return cell.excluded.n - round(cell.excluded.value * cell.excluded.n)


def published_gain(gain: AttributeGain, k: int = DEFAULT_K) -> AttributeGain:
    """Give a gain from attributes without what stands for few, as it is or as a difference.

    A share with attributes less the share without them is the gain, so both go together; and a
    single attribute is held back where all of them add few to it. Where one of the two shares is a
    bound, the gain would tell how many it leaves out: both are held back.
    """

    def step_of(step: GainStep) -> GainStep:
        pairs = []
        for share, own, most, without in zip(
            step.shares, step.gains, gain.steps[-1].gains, gain.steps[0].shares, strict=True
        ):
            few = 0 < round((most.value - own.value) * own.n) < k if own.is_measured else False
            # Beside an exact share, a gain would tell what the other one is a bound of.
            told = withheld(share, k).is_exact != withheld(without, k).is_exact
            held = not withheld(own, k).is_measured or ((few or told) and step.attributes)
            pairs.append((_without(share, k), _without(own, k)) if held else
                         (withheld(share, k), own))  # fmt: skip
        shares, gains = zip(*pairs, strict=True)
        return replace(step, shares=shares, gains=gains)

    return replace(gain, steps=tuple(step_of(step) for step in gain.steps))
