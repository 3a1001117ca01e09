"""Figures as they may be published: what stands for few vehicles is held back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.report.disclosure import DEFAULT_K, check_threshold

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.estimate import Estimate

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
        where it stands for all but so few; a baseline that stands for so few is left out.

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
            return figure
        figure = figure.withheld(k)
        if not figure.is_measured:
            return None
        if guesses:
            return figure
        few = figure.baseline is not None and 0 < round(figure.baseline * figure.n) < k
        return replace(figure, baseline=None) if few else figure

    return {name: shown(name, figure) for name, figure in figures.items()}


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
