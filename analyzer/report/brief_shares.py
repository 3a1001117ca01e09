"""How the brief writes shares: with what bounds them, and of how many vehicles they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from analyzer.estimate import WITHHELD, Estimate
from analyzer.policy.published_windows import NESTED, tells_all_of
from analyzer.policy.retention_sweep import RetentionSweep
from analyzer.policy.window_risk import WindowRisk
from analyzer.report.texts import Texts
from analyzer.units import DAY_MS


def common_n(shares: Iterable[Estimate]) -> int | None:
    """Of how many vehicles the shares of a column are, if all are of as many."""
    numbers = {share.n for share in shares if share.is_measured}
    return numbers.pop() if len(numbers) == 1 else None


def headed(name: str, n: int | None, texts: Texts) -> str:
    """Head a column of shares with the number of vehicles that they are of."""
    return name if n is None else texts("brief.column.of", name=name, n=texts.number(n))


def is_nested(steps: Sequence[WindowRisk], sweep: RetentionSweep) -> bool:
    """Whether a longer window gives away all that a shorter one does."""
    risk = steps[0].risk if steps else ""
    return risk in NESTED and (risk != "unicity" or sweep.adversary.time_ms <= DAY_MS)


def figure_text(
    steps: Sequence[WindowRisk], at: int, texts: Texts, *, nested: bool, withheld: str = ""
) -> str:
    """Write a share; one that is withheld lies between those of the windows beside it.

    What a shorter window gives away, a longer one does too: to say so tells nothing new. In a
    sentence, one of which nothing can be said is called by the words of `withheld`.
    """
    share = steps[at].share
    is_withheld = not share.is_measured and share.method.startswith(WITHHELD)
    nothing = withheld if is_withheld and withheld else texts.figure(share)
    if not is_withheld or not nested:
        return nothing
    told = [step for step in steps if step.share.is_measured]
    longer = next((step.share for step in told
                   if step.days > steps[at].days and tells_all_of(step, steps[at])), None)
    shorter = next((step.share for step in reversed(told)
                    if step.days < steps[at].days and tells_all_of(steps[at], step)), None)
    least = 0.0 if shorter is None else 100 * shorter.value
    most = math.inf if longer is None or longer.is_bound else 100 * longer.value
    digits = 0 if min(most, 100.0) >= 10 else 1
    low = math.floor(round(least * 10**digits, 6)) / 10**digits
    high = math.ceil(round(most * 10**digits, 6)) / 10**digits if most <= 100 else most
    ends = {"low": texts.number(low, digits)}
    if high <= 100:
        ends["high"] = texts.number(high, digits)
        return texts("percent.range", **ends) if low else (
            texts("figure.at_most", share=ends["high"]))  # fmt: skip
    return texts("figure.at_least", share=ends["low"]) if low else nothing


def short_text(row: Any, texts: Texts) -> str:
    """Write a share of a table without its interval; a bound says that it is one."""
    share = Estimate(row.value, row.low, row.high, int(row.n), row.method)
    if share.is_exact:
        return texts("percent", n=texts.number(100 * share.value))
    return texts.figure(share)
