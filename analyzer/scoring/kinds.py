"""Scores apart for each kind of driver: commuters, night workers, students, taxis and so on."""

from __future__ import annotations

import pandas as pd

from analyzer.estimate import wilson
from analyzer.scoring.score import Score


def score_by_kind(score: Score, kinds: pd.Series, right: str | None = None) -> pd.DataFrame:
    """Count, for each kind of driver, what was found and what was invented.

    Parameters
    ----------
    score : Score
        Of places or of commutes: its cases have ``exists``, ``named``, and ``role`` where there are
        several.
    kinds : pandas.Series
        Kind of each vehicle, indexed by vehicle.
    right : str, optional
        Column of the cases that says what is right; ``inside`` or ``right`` by default.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``role`` (if the cases have one), ``found`` (share of those that have one, for
        which one was named), ``right`` (and which is right), ``invented`` (share of those without
        one, for which one was named): estimates; a row a kind and role.

    Examples
    --------
    >>> cases = pd.DataFrame({"vehicle": ["a", "b"], "exists": [True, False],
    ...     "named": [True, True], "right": [True, False]})
    >>> table = score_by_kind(Score("x", {}, cases), pd.Series({"a": "commuter", "b": "taxi"}))
    >>> table.loc[1, "kind"], table.loc[1, "invented"].value
    ('taxi', 1.0)
    """
    cases = score.cases.assign(kind=score.cases["vehicle"].map(kinds))
    right = right or ("inside" if "inside" in cases else "right")
    cases = cases.assign(good=cases[right].astype(bool) & cases["named"] & cases["exists"])
    keys = ["kind", *(["role"] if "role" in cases else [])]
    rows = []
    for key, of in cases.groupby(keys):
        true = of[of["exists"]]
        rows.append(
            {
                **dict(zip(keys, key, strict=True)),
                "found": wilson(int(true["named"].sum()), len(true)),
                "right": wilson(int(true["good"].sum()), len(true)),
                "invented": wilson(int(of.loc[~of["exists"], "named"].sum()), len(of) - len(true)),
            }
        )
    return pd.DataFrame(rows)
