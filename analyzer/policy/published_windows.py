"""Published windows: what may be told of retention windows, each by itself and side by side.

Of whom a shorter window singles out, or gives the home away, a longer one does too, so that the
difference of their shares is a group of vehicles as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from analyzer.apart import count_of, few_apart, find_near
from analyzer.estimate import WITHHELD
from analyzer.policy.inferred import IN_STRETCHES
from analyzer.policy.populations import told_number
from analyzer.policy.setting import STRETCHES
from analyzer.policy.window_risk import WindowRisk

NESTED = ("unicity", *IN_STRETCHES)
"""Risks of which a longer window gives away all that a shorter one does."""


def publish_windows(
    windows: Sequence[WindowRisk],
    told: Sequence[int],
    shown: dict[str, list[float]],
    k: int,
    of: Callable[[str], bool],
    *,
    beside: Sequence[WindowRisk] = (),
    reported: Callable[[WindowRisk], bool] = lambda step: False,
) -> list[WindowRisk]:
    """Withhold what stands for few vehicles, for all but few, or lies few beside what is shown.

    Parameters
    ----------
    windows : sequence of WindowRisk
        By risk, then by days kept.
    told : sequence of int
        Numbers of vehicles that documents of the same store tell.
    shown : dict of str to list of float
        Counts that are published beside them, by risk; what is published here is added.
    k : int
        Smallest count of vehicles that is shown.
    of : callable
        Which risks are held to that.
    beside : sequence of WindowRisk
        Windows that other documents of the same store tell, of the same leaks and knowledge.
    reported : callable
        Whether a window as a whole is all of the data, so that reports tell what is found in it.
    """
    steps = [
        _basic(_among(step, k, told, step.days - _days_before(windows[:at], step.risk)), k)
        if of(step.risk) else step
        for at, step in enumerate(windows)
    ]  # fmt: skip
    for risk in dict.fromkeys(step.risk for step in steps if of(step.risk)):
        if risk in NESTED:
            at = [at for at, step in enumerate(steps) if step.risk == risk]
            own = [steps[it] for it in at]
            own += [_basic(_among(step, k, told), k) for step in beside if step.risk == risk]
            _hide_near(own, shown, k, reported)
            steps[at[0] : at[-1] + 1] = own[: len(at)]
    for at, step in enumerate(steps):
        before = next(
            (each for each in reversed(steps[:at]) if each.risk == step.risk
             and (each.share.is_measured or each.share.method.startswith(WITHHELD))), None,
        )  # fmt: skip
        known = step.share.is_exact and (before is None or before.share.is_exact)
        if of(step.risk) and step.added_per_day and not known:
            steps[at] = replace(step, added_per_day=step.added_per_day.hidden(k))
    return steps


def tells_all_of(longer: WindowRisk, shorter: WindowRisk) -> bool:
    """Whether one window gives away all that another one does, of one nested risk.

    Homes, works and commutes of any window are looked for in its stretches of the usual lengths:
    what another length alone tells, a longer one need not.
    """
    if shorter.risk in IN_STRETCHES and shorter.exposed_days not in STRETCHES:
        return shorter.exposed_days == longer.exposed_days
    return shorter.exposed_days <= longer.exposed_days


def _days_before(windows: Sequence[WindowRisk], risk: str) -> int:
    """Give the days of the window against which the next one's added share is measured."""
    return max((each.days for each in windows
                if each.risk == risk and each.share.is_measured), default=0)  # fmt: skip


def _among(step: WindowRisk, k: int, told: Sequence[int], added_days: int = 1) -> WindowRisk:
    """Count shares among a larger group where all but a few of it were counted."""
    n = told_number(step.share.n, told, k)
    if not n or n == step.share.n:
        return step
    # All figures of one window are of the same vehicles: two numbers of them would tell the rest.
    return replace(
        step,
        share=step.share.among(n),
        exposed_vehicles=step.exposed_vehicles.among(n),
        whole_window=step.whole_window and step.whole_window.among(n),
        added_per_day=step.added_per_day and step.added_per_day.among(n, per=added_days),
    )


_FEWEST = 1e-6
"""Products of shares end a little beside whole numbers."""


def _basic(step: WindowRisk, k: int) -> WindowRisk:
    """Withhold what stands for few vehicles, or all but few, in one window by itself."""
    share, in_window = step.share.withheld(k), step.share_in_window
    exposed = step.exposed_vehicles.value * step.share.n
    if not step.exposed_vehicles.is_measured:
        in_window = share  # a figure of the whole window is of nobody else
    elif in_window.is_measured:
        rest = round((1 - in_window.value) * exposed)
        if share != step.share or 0 < rest < k or 0 < round(in_window.value * exposed) < k:
            in_window = in_window.hidden(k)
    # Who is exposed less who is singled out are those with company.
    with_company = exposed - share.value * share.n
    few = step.exposed_vehicles.tells_of_few(k) or (
        share.is_exact and _FEWEST < with_company < k
    )
    # Of one leak, the number of the vehicles in the window is that of those exposed.
    told_by_n = few and step.leak_days == 1
    if told_by_n or 0 < in_window.n < k or 0 < step.share.n - in_window.n < k:
        in_window = replace(in_window.hidden(k), n=0)
    return replace(
        step,
        share=share,
        share_in_window=in_window,
        whole_window=step.whole_window and step.whole_window.withheld(k),
        # Tables give its value alone, and a bound among values would be taken for one.
        exposed_vehicles=(
            step.exposed_vehicles.hidden(k) if few else step.exposed_vehicles
        ),
    )


def _hide_near(
    steps: list[WindowRisk],
    shown: dict[str, list[float]],
    k: int,
    reported: Callable[[WindowRisk], bool],
) -> None:
    """Withhold counts that are fewer than k beside those that are shown; longer windows come first.

    Of one risk, what a shorter window gives away, a longer one does too; and what a window shows of
    anybody, a longer one shows too. The usual windows come before all others, so that documents
    tell the same of them whatever else they compare. What is found in all of the data as a whole
    stands in reports before any of them: a count few beside that gives way to it.
    """
    risk = steps[0].risk
    order = sorted(
        range(len(steps)), key=lambda at: (steps[at].days not in STRETCHES, -steps[at].days)
    )
    among = "" if risk == "unicity" else " of all"

    def near(what: str, counts: Sequence[float | None]) -> list[bool]:
        return find_near(counts, k, order=order, shown=shown.setdefault(what, []))

    exposed = near(f"exposed{among}", [
        step.exposed_vehicles.value * step.share.n if step.exposed_vehicles.is_exact else None
        for step in steps
    ])  # fmt: skip
    counts = [count_of(step.share) for step in steps]
    wholes = [
        count_of(step.whole_window) if step.whole_window is not None and reported(step) else None
        for step in steps
    ]
    by_reports = [
        None not in (count, whole) and few_apart(count, [whole], k)
        for count, whole in zip(counts, wholes, strict=True)
    ]
    told = near(risk, [
        None if told else count for count, told in zip(counts, by_reports, strict=True)
    ])  # fmt: skip
    told = [one or other for one, other in zip(told, by_reports, strict=True)]
    seen = near(f"seen{among}", [step.share_in_window.n or None for step in steps])
    for at, step in enumerate(steps):
        share, in_window, whole = step.share, step.share_in_window, step.whole_window
        if told[at] or exposed[at]:
            in_window = in_window.hidden(k)
        if seen[at]:
            in_window = replace(in_window.hidden(k), n=0)
        if whole is not None and wholes[at] is None:
            # Who is found in the whole window is among those found in it or in a longer one.
            count = count_of(whole)
            if told[at] or (count is not None and few_apart(count, shown[risk], k)):
                whole = whole.hidden(k)
        steps[at] = replace(
            step,
            share=share.hidden(k) if told[at] else share,
            exposed_vehicles=(
                step.exposed_vehicles.hidden(k) if exposed[at] else step.exposed_vehicles
            ),
            share_in_window=in_window,
            whole_window=whole,
        )
