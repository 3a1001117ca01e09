"""Rules: how long plate reads may be kept, by jurisdiction, and where each rule lies on a curve.

The table that comes along gives, for each rule, where it stands and whether the duration was
verified there; a rule that was not is never shown without that mark.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd

from analyzer.errors import InputError
from analyzer.policy.inferred import IN_STRETCHES, category_of
from analyzer.policy.leaks import NOT_MEASURABLE
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.setting import STRETCHES

COLUMNS = ("jurisdiction", "days", "citation", "url", "verified", "note")
MARKS = {"yes": "", "partly": "partly verified", "no": "not verified"}
"""What stands beside a rule, by how far its duration was verified."""

WOULD = {
    "unicity": "single out {} of the vehicles seen often enough",
    "homes": "let the home of {} of vehicles be inferred",
    "works": "let the work place of {} of vehicles be inferred",
    "commutes": "let the commute of {} of vehicles be inferred",
    "companions": "name companions of {} of vehicles",
    "linkage": "let {} of new pseudonyms be known again",
    "predictability": "let {} of next places be told rightly",
}
"""What a leak would do, by the name of the risk."""


@dataclass(frozen=True)
class Rule:
    """How long one jurisdiction lets plate reads be kept.

    Attributes
    ----------
    jurisdiction : str
        Where it holds.
    days : float
        How long reads may be kept; NaN where no rule was found.
    citation, url : str
        What says so, and where that was read.
    verified : str
        ``"yes"``, ``"partly"`` or ``"no"``.
    note : str
        What there is to know beside it.
    """

    jurisdiction: str
    days: float
    citation: str = ""
    url: str = ""
    verified: str = "no"
    note: str = ""

    @property
    def mark(self) -> str:
        """What must stand beside the rule wherever it is shown; empty where it is verified."""
        return MARKS[self.verified]


def read_rules(source: str | Path | None = None) -> tuple[Rule, ...]:
    """Read retention rules: those that come along, or a user's own.

    Parameters
    ----------
    source : path, optional
        A CSV with the columns ``jurisdiction`` and ``days`` and, if there are any, ``citation``,
        ``url``, ``verified`` (yes, partly, no) and ``note``; a rule without a mark counts as not
        verified. Without it, the rules that come with platerisk.

    Returns
    -------
    tuple of Rule
        By length, those without a duration last.

    Raises
    ------
    InputError
        If the file is missing, a column is, or a value cannot be read; the message names the line.

    Examples
    --------
    >>> next(rule.days for rule in read_rules() if rule.jurisdiction == "Maine")
    21.0
    """
    if source is None:
        packed = files("analyzer.policy").joinpath("data", "retention_rules.csv")
        text, where = packed.read_text("utf-8"), "retention_rules.csv"
    else:
        where = str(source)
        try:
            text = Path(source).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise InputError(f"{where}: no such file") from None
        except (OSError, ValueError) as error:
            raise InputError(f"{where}: cannot be read ({type(error).__name__})") from None
    reader = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS[:2] if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"{where}: no column {', '.join(missing)}; a table of rules has {', '.join(COLUMNS)}"
        )
    rules = [_rule(row, f"{where}, line {reader.line_num}") for row in reader]
    if not rules:
        raise InputError(f"{where}: holds no rule")
    return tuple(sorted(rules, key=lambda rule: (math.isnan(rule.days), rule.days)))


def _rule(row: dict[str, str | None], where: str) -> Rule:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not values["jurisdiction"]:
        raise InputError(f"{where}: no jurisdiction")
    try:
        days = float(values["days"]) if values["days"] else math.nan
    except ValueError:
        raise InputError(f"{where}: days is not a number; write days, for example 21") from None
    if days < 0 or math.isinf(days):
        raise InputError(f"{where}: days must be zero or more")
    verified = values["verified"].lower() or "no"
    if verified not in MARKS:
        raise InputError(f"{where}: verified is one of {', '.join(MARKS)}")
    return Rule(**{**values, "days": days, "verified": verified})


def rule_windows(rules: Iterable[Rule], longest: int) -> tuple[str, ...]:
    """Give the retention windows at which rules that fit into the data can be measured.

    Examples
    --------
    >>> rule_windows([Rule("a", 0.002), Rule("b", 21), Rule("c", 1825)], longest=180)
    ('21D',)
    """
    days = {int(rule.days) for rule in rules if rule.days >= 1 and rule.days == int(rule.days)}
    return tuple(f"{each}D" for each in sorted(days) if each <= longest)


PLACED = (
    "jurisdiction", "days", "citation", "mark", "value", "low", "high", "n", "method", "placed",
    "sentence",
)  # fmt: skip
"""Columns of rules that were placed."""


def place_rules(
    sweep: RetentionSweep, rules: Sequence[Rule] | None = None, *, risk: str = "unicity"
) -> pd.DataFrame:
    """Place each rule on a retention curve: what a leak would have given away under it.

    Parameters
    ----------
    sweep : RetentionSweep
        Measured at the rules' own windows where that is possible (see `rule_windows`).
    rules : sequence of Rule, optional
        Those that come along, by default.
    risk : str
        Of the risks in the sweep.

    Returns
    -------
    pandas.DataFrame
        One row a rule: ``jurisdiction``, ``days``, ``citation``, ``mark``; ``value``, ``low``,
        ``high``, ``n``, ``method`` where the sweep has a window of exactly this length; ``placed``:
        ``"measured"``, ``"between"`` two windows (``value`` is missing, ``low`` and ``high`` are
        the shares at those, or at the next ones that are told), ``"nothing kept"``, ``"no window
        measured"`` (the data would hold it), ``"longer than the data"`` or ``"no duration"``;
        ``sentence``, empty where there is nothing to say, or what there is may not be shown.

    Notes
    -----
    Nothing is interpolated and nothing extrapolated. Between windows the share lies between those
    of its neighbours where it cannot fall with longer keeping (see `sweep_retention`); of homes,
    works and commutes, where what is found at usual lengths alone is counted.
    """
    steps = {step.days: step for step in sweep.windows if step.risk == risk}
    measured = {days: step for days, step in steps.items() if step.status != NOT_MEASURABLE}
    rows = []
    for rule in read_rules() if rules is None else rules:
        row = {
            "jurisdiction": rule.jurisdiction,
            "days": rule.days,
            "citation": rule.citation,
            "mark": rule.mark,
            "value": math.nan,
            "low": math.nan,
            "high": math.nan,
            "n": 0,
            "method": "",
        }
        if math.isnan(rule.days):
            row |= {"placed": "no duration", "sentence": ""}
        elif rule.days in measured:
            share = measured[int(rule.days)].share
            row |= {"value": share.value, "low": share.low, "high": share.high, "n": share.n}
            row |= {"method": share.method}
            sentence = _sentence(rule, risk, share.percent()) if share.is_measured else ""
            row |= {"placed": "measured", "sentence": sentence}
        elif rule.days == 0:
            row |= {"value": 0.0, "low": 0.0, "high": 0.0, "placed": "nothing kept"}
            row |= {"sentence": _sentence(rule, risk, "0 %")}
        elif measured and rule.days < max(measured):
            told = {days: step.share for days, step in measured.items() if step.share.is_measured}
            # Of homes, works and commutes an odd length need not lie below a longer one.
            below = [days for days in told if days < rule.days and (
                risk not in IN_STRETCHES or measured[days].exposed_days in STRETCHES
            )]  # fmt: skip
            above = [days for days in told if days > rule.days]
            low = told[max(below)].value if below else 0.0
            # The end of a bound from below is 1: more than that is not known of it.
            nearest = told[min(above)] if above else None
            high = math.nan if nearest is None else (
                nearest.high if nearest.is_bound else nearest.value)  # fmt: skip
            said = f"between {100 * low:.0f} % and {100 * high:.0f} %"
            row |= {"low": low, "high": high, "n": 0 if nearest is None else nearest.n}
            sentence = "" if math.isnan(high) else _sentence(rule, risk, said)
            row |= {"placed": "between", "sentence": sentence}
        else:
            fits = rule.days <= sweep.data_days
            placed = "no window measured" if fits else "longer than the data"
            row |= {"placed": placed, "sentence": ""}
        rows.append(row)
    return pd.DataFrame(rows, columns=PLACED)


def _sentence(rule: Rule, risk: str, share: str) -> str:
    kept = {0: "nothing kept", 1: "1 day"}.get(rule.days, f"{rule.days:g} days")
    if 0 < rule.days < 1:
        kept = "less than a day"
    mark = f" ({rule.mark})" if rule.mark else ""
    category = category_of(risk)
    would = WOULD[risk] if category is None else f"place {{}} of vehicles at a site ({category})"
    return (
        f"Had this system followed the rule of {rule.jurisdiction}, {kept}{mark}, a leak would "
        f"{would.format(share)}."
    )
