"""Figures as they may be published: what stands for few vehicles is held back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.apart import count_of, few_apart
from analyzer.report.disclosure import DEFAULT_K, check_threshold

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.estimate import Estimate

DECIDED = frozenset({"entropy_bits", "mean_risk"})
"""Means that counts of vehicles decide alone: their last digits tell these counts."""

COLUMNS = ("value", "low", "high", "n", "method", "baseline")


def hold_back(
    figures: Mapping[str, Estimate], *, means: frozenset[str] | set[str] = frozenset(),
    guesses: bool = False, k: int = DEFAULT_K,
) -> dict[str, Estimate | None]:  # fmt: skip
    """Give figures as they may be published.

    Parameters
    ----------
    figures : mapping of str to Estimate
        Shares of vehicles, and means over vehicles.
    means : set of str
        Which of them are means: of these only `n` counts vehicles.
    guesses : bool
        Whether the baselines are chances of a guess, which count no vehicles and tell of none.
    k : int
        Smallest count of vehicles that is shown; 5 or more.

    Returns
    -------
    dict of str to Estimate or None
        None where a figure rests on 1 to k − 1 vehicles, or a share stands for so few; a bound
        where it stands for all but so few; a baseline that stands for so few is left out. Means
        that are `DECIDED` by counts are rounded so far that k vehicles more or less do not show.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> held = hold_back({"homes": wilson(3, 100), "works": wilson(50, 100)})
    >>> held["homes"], held["works"].value
    (None, 0.5)
    """
    check_threshold(k)

    def shown(name: str, figure: Estimate) -> Estimate | None:
        if 0 < figure.n < k:
            return None
        if name in means or not figure.is_measured:
            return rounded(figure, k) if name in DECIDED else figure
        figure = figure.withheld(k)
        if not figure.is_measured:
            return None
        if guesses:
            return figure
        few = figure.baseline is not None and 0 < round(figure.baseline * figure.n) < k
        return replace(figure, baseline=None) if few else figure

    return {name: shown(name, figure) for name, figure in figures.items()}


def rounded(figure: Estimate, k: int) -> Estimate:
    """Round a mean so far that k units more or less do not show: to 1, 2 or 5 times a power of ten.

    A mean of 1/7, 1/5 and 1/3 over 281 vehicles, told to the last digit, tells how many there are
    of each.

    Examples
    --------
    >>> from analyzer.estimate import Estimate
    >>> mean = rounded(Estimate(0.0071, 0.0, 0.017, 281, "mean of log2 k"), 10)
    >>> mean.value, mean.high, mean.method
    (0.0, 0.05, 'mean of log2 k; rounded to 0.05')
    """
    if not figure.is_measured or not figure.n:
        return figure
    least = k / figure.n
    power = 10.0 ** math.floor(math.log10(least))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))
    digits = max(0, -math.floor(math.log10(step)))
    low = round(math.floor(figure.low / step + 1e-9) * step, digits)
    high = round(math.ceil(figure.high / step - 1e-9) * step, digits)
    value = round(round(figure.value / step) * step, digits)
    return replace(
        figure, value=value, low=low, high=high,
        method=f"{figure.method}; rounded to {round(step, digits):g}",
    )  # fmt: skip


def hold_back_nested(figures: Sequence[Estimate | None], k: int) -> list[Estimate | None]:
    """Hold back shares of groups, each of which lies in the next, that are few vehicles apart.

    The first is kept, and each one after it that is as large as the last one kept, or k larger.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> shares = [wilson(found, 300) for found in (150, 157, 171)]
    >>> [share and share.value for share in hold_back_nested(shares, 10)]
    [0.5, None, 0.57]
    """
    shown: list[Estimate | None] = []
    last: float | None = None
    for figure in figures:
        if figure is not None and figure.is_exact:
            count = figure.value * figure.n
            if last is not None and 0.5 <= abs(count - last) < k - 0.5:
                shown.append(None)
                continue
            last = count
        shown.append(figure)
    return shown


def hold_back_commuters(
    facts: Mapping[str, Estimate | None], k: int = DEFAULT_K
) -> dict[str, Estimate | None]:
    """Hold back what would tell how few have a home or a work place and no commute.

    A commute needs both: commutes give way to homes, and work places to commutes.

    Examples
    --------
    >>> from analyzer.estimate import wilson
    >>> facts = {name: wilson(count, 190) for name, count in
    ...          {"homes": 71, "works": 41, "commutes": 36}.items()}
    >>> [name for name, fact in hold_back_commuters(facts).items() if fact is None]
    ['works']
    """
    shown = dict(facts)

    def near(name: str) -> bool:
        counts = [fact and count_of(fact) for fact in (shown.get(name), shown.get("commutes"))]
        return None not in counts and few_apart(counts[0], counts[1:], k)

    if near("homes"):
        shown["commutes"] = None
    if near("works"):
        shown["works"] = None
    return shown


def figure_table(figures: Mapping[str, Estimate | None]) -> pd.DataFrame:
    """Give figures as a table: figure, value, low, high, n, method, baseline.

    Examples
    --------
    >>> figure_table({"homes": None})["figure"].tolist()
    ['homes']
    """
    import pandas as pd

    rows = [
        {"figure": name, **({} if figure is None else figure.to_dict())}
        for name, figure in figures.items()
    ]
    return pd.DataFrame(rows, columns=["figure", *COLUMNS])


def held_back_sentence(figures: Mapping[str, Estimate | None], k: int = DEFAULT_K) -> str:
    """Say which figures are held back; empty where none is.

    Examples
    --------
    >>> held_back_sentence({"homes": None})
    '1 figure rests on fewer than 10 vehicles and is held back: homes.'
    """
    names = [name.replace("_", " ") for name, figure in figures.items() if figure is None]
    if not names:
        return ""
    if len(names) == 1:
        return f"1 figure rests on fewer than {k} vehicles and is held back: {names[0]}."
    return (
        f"{len(names)} figures rest on fewer than {k} vehicles and are held back: "
        f"{', '.join(names)}."
    )
