"""Companions held against the truth: which pairs really travel together, and how many were found.

A pair is right when the truth knows it. Recall is over all true pairs of vehicles that were seen,
also those that no camera ever saw together: what cameras cannot show is a limit, not an excuse.
Beside it stands how far an oracle would come that is given the true trips: it finds every true pair
with a joint journey in the data, and no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import pandas as pd

from analyzer.errors import InputError
from analyzer.estimate import Estimate, wilson
from analyzer.scoring.score import Score, f1_estimate
from analyzer.scoring.truth import table_of


class CompanionTruth(Protocol):
    """What a known truth must offer (a synthetic region does).

    ``companions`` is a table with one row a pair: ``vehicle_a, vehicle_b`` (names as in the
    sightings, in any order), ``kind``, ``journeys`` (joint trips really made).
    """

    companions: pd.DataFrame


NEEDED = ("vehicle_a", "vehicle_b", "kind", "journeys")


def score_companions(
    pairs: pd.DataFrame,
    truth: CompanionTruth | pd.DataFrame,
    seen: pd.Index,
    met: pd.DataFrame | None = None,
) -> Score:
    """Score pairs of companions: precision, recall and recall by kind.

    Parameters
    ----------
    pairs : pandas.DataFrame
        What was found: ``vehicle_a``, ``vehicle_b``, ``journeys``, ``q_value``.
    truth : CompanionTruth or pandas.DataFrame
        A truth, or its table of companions.
    seen : pandas.Index
        Names of all vehicles that were seen.
    met : pandas.DataFrame, optional
        All pairs with a joint journey in the data, found or not: ``vehicle_a``, ``vehicle_b``,
        ``journeys``.

    Returns
    -------
    Score
        Figures ``precision`` (over pairs found), ``recall`` (over true pairs of vehicles that were
        seen), ``f1``, ``recall_<kind>``; where `met` is given also ``oracle`` (share of the true
        pairs that have a joint journey in the data), ``oracle_<kind>``, and ``recall_met_1``,
        ``recall_met_2``, ``recall_met_3``: recall over the true pairs with at least so many.
        ``cases``: one row a pair that is true or found.

    Raises
    ------
    InputError
        If the truth lacks a column.

    Examples
    --------
    >>> truth = pd.DataFrame([["b", "a", "couple", 9]], columns=NEEDED)
    >>> pairs = pd.DataFrame([["a", "b", 8, 0.0]], columns=[*NEEDED[:2], "journeys", "q_value"])
    >>> score_companions(pairs, truth, pd.Index(["a", "b"]))["recall"].value
    1.0
    """
    table = table_of(truth, "companions")
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise InputError(f"the truth has no column {', '.join(missing)}")
    table = table[table["vehicle_a"].isin(seen) & table["vehicle_b"].isin(seen)]
    true = table.rename(columns={"journeys": "true_journeys"}).set_index(_in_order(table))
    true = true[~true.index.duplicated()]
    found = pairs.set_index(_in_order(pairs))
    cases = true[["kind", "true_journeys"]].join(found[["journeys", "q_value"]], how="outer")
    cases["true"] = cases.index.isin(true.index)
    cases["found"] = cases.index.isin(found.index)
    right = cases["true"] & cases["found"]
    figures = {
        "precision": wilson(int(right.sum()), len(found)),
        "recall": wilson(int(right.sum()), len(true)),
        "f1": f1_estimate(int(right.sum()), len(found), len(true)),
    }
    for kind, of_kind in cases[cases["true"]].groupby("kind", sort=True):
        figures[f"recall_{kind}"] = wilson(int(of_kind["found"].sum()), len(of_kind))
    if met is not None:
        figures |= _beside_the_oracle(cases, met.set_index(_in_order(met))["journeys"])
    return Score("Companions", figures, cases.reset_index())


def _beside_the_oracle(cases: pd.DataFrame, journeys: pd.Series) -> dict[str, Estimate]:
    true = cases[cases["true"]]
    # Chance meetings of a true pair count as well: nobody can tell them from the others.
    seen = journeys.reindex(true.index).fillna(0)
    figures = {"oracle": wilson(int((seen > 0).sum()), len(true))}
    for kind, of_kind in true.groupby("kind", sort=True):
        figures[f"oracle_{kind}"] = wilson(int((seen[of_kind.index] > 0).sum()), len(of_kind))
    for least in (1, 2, 3):
        enough = true[seen >= least]
        figures[f"recall_met_{least}"] = wilson(int(enough["found"].sum()), len(enough))
    return figures


def _in_order(table: pd.DataFrame) -> pd.MultiIndex:
    # Which of two vehicles comes first means nothing here.
    pairs: Iterable[tuple[str, str]] = (
        (min(a, b), max(a, b)) for a, b in zip(table["vehicle_a"], table["vehicle_b"], strict=True)
    )
    return (
        pd.MultiIndex.from_tuples(list(pairs) or [], names=["first", "second"])
        if len(table)
        else pd.MultiIndex.from_arrays([[], []], names=["first", "second"])
    )
